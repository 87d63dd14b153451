//! Grants that no object declares: told on the organization, and left alone or removed.

use roster::simulator::world::Command;
use serde_json::{Value, json};

use crate::{
    refusals::{binding_id, connected, crn, email, environment, event, everything, often, remote},
    stage::{Stage, eventually},
};

const MARY: &str = "mary@example.com Operator environment env-prod01";
const ENTRY: &str = "Operator on environment env-prod01 for `mary@example.com`";

/// What nobody declares within one environment goes after ten seconds.
fn removing(object: &mut Value) {
    often(object);
    object["spec"]["unmanaged"] =
        json!({"policy": "Remove", "within": [{"environment": "env-prod01"}], "after": "10s"});
}

fn by_hand(stage: &Stage, principal: &str, role: &str, place: &str) {
    let (principal, role) = (format!("User:{principal}"), role.to_owned());
    stage.portal(&Command::Grant { principal, role, crn: crn(stage, place) });
}

fn removals(stage: &Stage) -> usize {
    stage.remote_writes().iter().filter(|it| it.starts_with("DELETE /iam/v2/role-bindings/")).count()
}

/// Long enough for everything undeclared to have gone.
fn time_goes_by(stage: &Stage) {
    let lists = || stage.requests().iter().filter(|it| it.method == "GET" && it.path == "/iam/v2/users").count();
    let next = lists() + 3;
    eventually("three listings", &mut || lists() >= next, &mut String::new);
}

fn unmanaged(stage: &Stage) -> (Value, Vec<String>) {
    let told = stage.get("corg", &stage.name).unwrap()["status"]["unmanaged"].clone();
    let entries = told["entries"].as_array().cloned().unwrap_or_default();
    (told["total"].clone(), entries.iter().map(|it| it.as_str().unwrap_or_default().to_owned()).collect())
}

fn until(stage: &Stage, what: &str, holds: impl Fn(&[String]) -> bool) {
    let told = || unmanaged(stage).1;
    eventually(what, &mut || holds(&told()), &mut || format!("{:?}", told()));
}

#[test]
fn what_nobody_declares_is_told_and_left_alone() {
    let report = |object: &mut Value| {
        often(object);
        object["spec"]["unmanaged"] = json!({"policy": "Report", "within": [{"environment": "env-prod01"}]});
    };
    let stage = connected("unmanaged", report);
    let known = unmanaged(&stage).1;
    assert!(known.iter().all(|it| !it.contains("the organization") && !it.contains("sa-roster")), "{known:?}");
    let (principal, role) = ("User:u-mary01".to_owned(), "Operator".to_owned());
    stage.portal(&Command::Grant { principal, role, crn: crn(&stage, "/environment=env-prod01") });
    until(&stage, "what was granted by hand is told", |told| told.iter().any(|it| it == ENTRY));
    let (total, told) = unmanaged(&stage);
    assert_eq!(total, told.len());
    assert!(told.is_sorted());

    // An object answers for it, and no longer.
    let keep = json!({"deletionPolicy": "Retain"});
    stage.apply(&[stage.binding("it", email("mary@example.com"), "Operator", environment("env-prod01"), keep)]);
    stage.settled("arb", "it", "True", "InSync");
    until(&stage, "what is declared is not told", |told| told.iter().all(|it| it != ENTRY));
    let held = everything(&stage);
    stage.delete("arb", "it");
    stage.gone("arb", "it");
    until(&stage, "what nobody declares any more is told", |told| told.iter().any(|it| it == ENTRY));
    assert_eq!(everything(&stage), held);
    assert_eq!(stage.remote_writes(), [""; 0]);

    stage.portal(&Command::Revoke { binding: binding_id(&stage, "u-mary01", "Operator") });
    until(&stage, "what is gone is not told", |told| told.iter().all(|it| it != ENTRY));
    stage.apply(&[stage.organization(|_| {})]);
    let silent = || stage.get("corg", "unmanaged").unwrap()["status"]["unmanaged"].is_null();
    eventually("nothing is told", &mut || silent(), &mut String::new);
}

#[test]
fn what_nobody_declares_is_removed_and_what_anybody_names_or_nobody_knows_is_kept() {
    let stage = connected("unmanaged-removed", removing);
    by_hand(&stage, "u-mary01", "Operator", "");
    let outside = "mary@example.com Operator the organization";
    for role in ["Operator", "FlinkDeveloper", "DataSteward"] {
        by_hand(&stage, "u-mary01", role, "/environment=env-prod01");
    }
    by_hand(&stage, "sa-roster", "EnvironmentAdmin", "/environment=env-prod01");
    let principal = roster::access::PrincipalId::new("u-mary01");
    let strange = crn(&stage, "/environment=env-prod01");
    stage.portal(&Command::PlantBinding { principal, role: "TopicGardener".to_owned(), crn: strange });
    // Objects that grant nothing: one waits for a user object that is not there, one is suspended, one may not declare it.
    let later = json!({"userRef": {"name": "not-there-yet"}});
    let mary = email("mary@example.com");
    let mut denied = stage.binding("denied", mary.clone(), "DataSteward", environment("env-prod01"), json!({}));
    stage.theatre.done(&["create", "namespace", "unmanaged-removed-too"], "");
    denied["metadata"]["namespace"] = json!("unmanaged-removed-too");
    stage.apply(&[
        stage.binding("later", later, "FlinkDeveloper", environment("env-prod01"), json!({})),
        stage.binding("suspended", mary, "MetricsViewer", environment("env-prod01"), json!({"suspend": true})),
        denied,
    ]);
    remote(&stage, MARY, false);
    assert!(event(&stage, "corg", "unmanaged-removed", "Revoked").contains("revoked Operator"));
    time_goes_by(&stage);
    let held = stage.remote();
    for role in ["FlinkDeveloper", "MetricsViewer", "DataSteward", "TopicGardener"] {
        assert!(held.contains(&format!("mary@example.com {role} environment env-prod01")), "{role}: {held:?}");
    }
    assert!(
        held.contains(&outside.to_owned())
            && held.contains(&"sa-roster EnvironmentAdmin environment env-prod01".to_owned())
    );
    let status = stage.get("corg", "unmanaged-removed").unwrap()["status"]["unmanaged"].clone();
    let entries = unmanaged(&stage).1;
    let said = |part: &str| entries.iter().any(|it| it.contains(part));
    assert!(
        said(
            "TopicGardener on environment env-prod01 for `mary@example.com` (kept: the catalogue does not know the role)"
        ),
        "{entries:?}"
    );
    assert!(said("(kept: `unmanaged-removed/later` names it)"), "{entries:?}");
    assert!(said("(kept: `unmanaged-removed-too/denied` names it)"), "{entries:?}");
    assert_eq!(status["kept"], status["total"], "{entries:?}");

    // Whoever speaks for a grant may stop.
    let before = removals(&stage);
    stage.delete("arb", "later");
    remote(&stage, "mary@example.com FlinkDeveloper environment env-prod01", false);
    time_goes_by(&stage);
    assert_eq!(removals(&stage), before + 1);
}

/// Whoever declares it in the very second in which it is to go has it in the end, and nobody else loses anything.
#[test]
fn a_grant_that_is_declared_in_the_second_of_its_removal_is_held_in_the_end() {
    let stage = connected("unmanaged-race", removing);
    for turn in 0..3_u64 {
        by_hand(&stage, "u-mary01", "Operator", "/environment=env-prod01");
        until(&stage, "it is seen", |told| told.iter().any(|it| it == ENTRY));
        // The look that finds it ripe comes ten seconds after the one that saw it first.
        std::thread::sleep(std::time::Duration::from_millis(9_500 + 250 * turn));
        let name = format!("it-{turn}");
        stage.apply(&[stage.binding(
            &name,
            email("mary@example.com"),
            "Operator",
            environment("env-prod01"),
            json!({}),
        )]);
        let settled = || {
            let object = stage.get("arb", &name).unwrap();
            crate::stage::condition(&object, "Ready")["reason"] == "InSync" && stage.remote().contains(&MARY.to_owned())
        };
        eventually("it is in force", &mut || settled(), &mut || format!("{:?}", stage.remote_writes()));
        if turn == 2 {
            time_goes_by(&stage);
        }
        remote(&stage, MARY, true);
        assert!(removals(&stage) <= 2 * usize::try_from(turn).unwrap() + 2, "{:?}", stage.remote_writes());
        stage.delete("arb", &name);
        stage.gone("arb", &name);
        remote(&stage, MARY, false);
    }
}

#[test]
fn what_a_deleted_object_retains_stays_also_after_another_start_of_the_lane() {
    let stage = connected("unmanaged-retained", removing);
    let keep = json!({"deletionPolicy": "Retain"});
    stage.apply(&[stage.binding("it", email("mary@example.com"), "Operator", environment("env-prod01"), keep)]);
    stage.settled("arb", "it", "True", "InSync");
    stage.delete("arb", "it");
    stage.gone("arb", "it");
    // Another secret makes another lane, which has to read what is remembered.
    stage.relist();
    time_goes_by(&stage);
    remote(&stage, MARY, true);
    let kept = format!("{ENTRY} (kept: a deleted object's `deletionPolicy: Retain`)");
    until(&stage, "it is told", |told| told.contains(&kept));
    assert_eq!(removals(&stage), 1, "the example's own undeclared grant: {:?}", stage.remote());
}

#[test]
fn what_is_undeclared_goes_within_the_budget_and_past_the_guards() {
    let stage = connected("unmanaged-budget", |object| {
        removing(object);
        object["spec"]["unmanaged"]["within"] = json!([{"organization": {}}]);
        object["spec"]["unmanaged"]["policy"] = json!("Report");
        object["spec"]["protection"] = json!({"requiredOrganizationAdmins": ["grace@example.com"]});
    });
    for role in ["Operator", "FlinkDeveloper", "FlinkAdmin", "DataSteward", "EnvironmentAdmin"] {
        by_hand(&stage, "u-mary01", role, "/environment=env-prod01");
        by_hand(&stage, "u-linus1", role, "/environment=env-prod01");
    }
    let undeclared = stage.remote().iter().filter(|it| !it.starts_with("sa-roster ")).count();
    until(&stage, "all are told", |told| told.len() == undeclared.min(20));
    let remove = |object: &mut Value| {
        removing(object);
        object["spec"]["unmanaged"]["within"] = json!([{"organization": {}}]);
        object["spec"]["protection"] = json!({"requiredOrganizationAdmins": ["grace@example.com"]});
    };
    stage.apply(&[stage.organization(remove)]);
    let read = || stage.get("corg", "unmanaged-budget").unwrap()["status"].clone();
    let held = || read()["heldRemovals"]["total"].as_u64().unwrap_or_default();
    eventually("the rest is held", &mut || removals(&stage) == 5 && held() > 0, &mut || format!("{:#}", read()));
    time_goes_by(&stage);
    assert_eq!(removals(&stage), 5, "a budget's worth goes unasked");
    let organization = stage.get("corg", "unmanaged-budget").unwrap();
    assert_eq!(crate::stage::condition(&organization, "RemovalsHeld")["status"], "True");
    let entries = read()["heldRemovals"]["entries"].to_string();
    assert!(entries.contains("unmanaged-budget: revoke "), "{entries}");
    let digest = read()["heldRemovals"]["digest"].as_str().unwrap().to_owned();
    let annotation = format!("access.roster.dev/acknowledge={digest}");
    stage.theatre.done(&["annotate", "--overwrite", "corg", "unmanaged-budget", &annotation], "");
    let admins = || stage.remote().into_iter().filter(|it| it.contains("@example.com ")).collect::<Vec<_>>();
    let left = ["grace@example.com OrganizationAdmin the organization"];
    eventually("only the required administrator is left", &mut || admins() == left, &mut || {
        format!("{:?} {:#}", admins(), read())
    });
    let kept = "(kept: RequiredOrganizationAdmin)";
    until(&stage, "why is told", |told| told.iter().any(|it| it.ends_with(kept)));
    assert!(stage.remote().iter().any(|it| it.starts_with("sa-roster ")), "the operator's own stay");
}
