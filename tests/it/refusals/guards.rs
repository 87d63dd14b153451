//! What a guard holds back at the moment of removal, in one lane from beginning to end.

use roster::simulator::world::Command;
use serde_json::{Value, json};

use super::{Told, binding_id, connected, crn, email, everything, often, organization, remote};
use crate::stage::{Stage, condition};

const LINUS: &str = "linus@example.com OrganizationAdmin the organization";

fn adopted(stage: &Stage, name: &str, principal: Value) -> Value {
    stage.binding(name, principal, "OrganizationAdmin", organization(), json!({"adoption": "Adopt"}))
}

fn protecting(name: &str, protection: &Value) -> Stage {
    connected(name, |object| {
        often(object);
        object["spec"]["protection"] = protection.clone();
    })
}

fn grant_admin(stage: &Stage, id: &str) {
    let (role, principal) = ("OrganizationAdmin".to_owned(), format!("User:{id}"));
    stage.portal(&Command::Grant { principal, role, crn: crn(stage, "") });
}

#[test]
fn the_last_administrators_keep_their_role_until_there_is_another() {
    let stage = protecting("last-admin", &json!({"minimumOrganizationAdmins": 2}));
    // Three ways to lose the role: the object goes, the person goes, the role is edited.
    stage.apply(&[
        adopted(&stage, "deleted", email("linus@example.com")),
        adopted(&stage, "edited", email("grace@example.com")),
        stage.user("linus", "linus@example.com", json!({"deletionPolicy": "Delete"})),
    ]);
    for name in ["deleted", "edited"] {
        stage.settled("arb", name, "True", "InSync");
    }
    stage.settled("cuser", "linus", "True", "InSync");
    let before = everything(&stage);
    let words = |who| {
        format!(
            "without OrganizationAdmin for `{who}@example.com` the organization would have 1 effective administrators, \
             and its minimum is 2: make another active person OrganizationAdmin first"
        )
    };
    stage.delete("arb", "deleted");
    stage.delete("cuser", "linus");
    Told::held("arb", "deleted", "LastOrganizationAdmin", &[&words("linus")]).by(&stage);
    Told::held("cuser", "linus", "LastOrganizationAdmin", &[&words("linus")]).by(&stage);
    assert_eq!(everything(&stage), before);
    let viewer = stage.binding("edited", email("grace@example.com"), "MetricsViewer", organization(), json!({}));
    stage.apply(&[viewer]);
    let edited = Told::held("arb", "edited", "LastOrganizationAdmin", &[&words("grace")]).by(&stage);
    assert_eq!(condition(&edited, "Granted")["status"], "True", "the new grant is made before the old one ends");
    let mut after = before.clone();
    after.push("grace@example.com MetricsViewer the organization".to_owned());
    after.sort();
    let mut now = everything(&stage);
    now.sort();
    assert_eq!(now, after);

    let (email, full_name, id) = ("nora@example.com".to_owned(), String::new(), Some("u-nora01".to_owned()));
    stage.portal(&Command::JoinUser { email, full_name, id });
    grant_admin(&stage, "u-nora01");
    grant_admin(&stage, "u-mary01");
    stage.gone("arb", "deleted");
    stage.gone("cuser", "linus");
    stage.settled("arb", "edited", "True", "InSync");
    let admins: Vec<String> = stage.remote().into_iter().filter(|it| it.contains(" OrganizationAdmin ")).collect();
    let expected = ["mary@example.com", "nora@example.com", "sa-roster"];
    assert_eq!(admins, expected.map(|who| format!("{who} OrganizationAdmin the organization")));
}

#[test]
fn an_administrative_grant_goes_when_its_removal_is_confirmed() {
    let stage = protecting("confirmed", &json!({"confirmRemoval": "Administrative"}));
    let viewer = stage.binding("viewer", email("mary@example.com"), "MetricsViewer", organization(), json!({}));
    stage.apply(&[adopted(&stage, "linus", email("linus@example.com")), viewer]);
    stage.settled("arb", "linus", "True", "InSync");
    stage.settled("arb", "viewer", "True", "InSync");
    stage.delete("arb", "linus");
    let command = "annotate this object with `access.roster.dev/confirm-removal=OrganizationAdmin`";
    let held = Told::held("arb", "linus", "ConfirmationRequired", &["`OrganizationAdmin` of `u-", command]).by(&stage);
    assert_eq!(condition(&held, "Stalled")["status"], "True");
    let annotate = |value: &str| {
        let annotation = format!("access.roster.dev/confirm-removal={value}");
        stage.theatre.done(&["annotate", "--overwrite", "arb", "linus", "-n", &stage.name, &annotation], "");
    };
    annotate("Operator");
    stage.relist();
    remote(&stage, LINUS, true);
    annotate("OrganizationAdmin");
    stage.gone("arb", "linus");
    remote(&stage, LINUS, false);
    // What is not administrative needs no such yes.
    stage.delete("arb", "viewer");
    stage.gone("arb", "viewer");
}

#[test]
fn the_last_one_of_all_is_held_and_a_smaller_minimum_lets_go() {
    let stage = protecting("smaller-minimum", &json!({"minimumOrganizationAdmins": 2}));
    stage.apply(&[adopted(&stage, "linus", email("linus@example.com"))]);
    stage.settled("arb", "linus", "True", "InSync");
    stage.delete("arb", "linus");
    Told::held("arb", "linus", "LastOrganizationAdmin", &["its minimum is 2"]).by(&stage);
    remote(&stage, LINUS, true);
    // Nothing in the organization changes: the owner's rule does.
    stage.apply(&[stage.organization(|_| {})]);
    stage.gone("arb", "linus");
    remote(&stage, LINUS, false);

    stage.apply(&[adopted(&stage, "grace", email("grace@example.com"))]);
    stage.settled("arb", "grace", "True", "InSync");
    stage.delete("arb", "grace");
    Told::held("arb", "grace", "LastOrganizationAdmin", &["would have 0 effective administrators"]).by(&stage);
    assert!(stage.remote_writes().iter().filter(|it| it.starts_with("DELETE")).count() == 1);
}

#[test]
fn a_required_administrator_keeps_the_role_until_the_address_is_taken_out() {
    let required = json!({"requiredOrganizationAdmins": ["linus@example.com"]});
    let stage = protecting("required-admin", &required);
    stage.apply(&[adopted(&stage, "linus", email("linus@example.com"))]);
    stage.settled("arb", "linus", "True", "InSync");
    stage.delete("arb", "linus");
    let words = "`linus@example.com` is in the organization's `protection.requiredOrganizationAdmins`";
    Told::held("arb", "linus", "RequiredOrganizationAdmin", &[words, "take the address out there first"]).by(&stage);
    remote(&stage, LINUS, true);
    stage.apply(&[stage.organization(|_| {})]);
    stage.gone("arb", "linus");
    remote(&stage, LINUS, false);
}

#[test]
fn the_operators_own_role_is_removed_by_another_administrator() {
    let stage = protecting("own-admin", &json!({}));
    stage.apply(&[adopted(&stage, "own", json!({"id": "sa-roster"}))]);
    stage.settled("arb", "own", "True", "InSync");
    stage.delete("arb", "own");
    let words = ["`OrganizationAdmin` of `sa-roster`", "another OrganizationAdmin must remove it"];
    Told::held("arb", "own", "OwnOrganizationAdmin", &words).by(&stage);
    remote(&stage, "sa-roster OrganizationAdmin the organization", true);

    let (role, principal) = ("EnvironmentAdmin".to_owned(), "User:sa-roster".to_owned());
    stage.portal(&Command::Grant { principal, role, crn: crn(&stage, "/environment=env-prod01") });
    let binding = binding_id(&stage, "sa-roster", "OrganizationAdmin");
    stage.portal(&Command::Revoke { binding });
    stage.gone("arb", "own");
}
