//! What the operator's own roles do not permit, judged by operation.

use roster::simulator::world::Command;
use serde_json::{Value, json};

use super::{Told, binding_id, crn, email, environment, event, everything, organization};
use crate::stage::{Stage, Theatre, condition, message};

/// Gives the operator's identity a role.
fn give(stage: &Stage, role: &str, place: &str) {
    let (role, principal) = (role.to_owned(), "User:sa-roster".to_owned());
    stage.portal(&Command::Grant { principal, role, crn: crn(stage, place) });
}

/// A stage on which the operator holds these roles and nothing else.
fn acting_with(name: &str, roles: &[(&str, &str)]) -> Stage {
    let stage = Stage::unconnected(Theatre::shared(), name);
    for (role, place) in roles {
        give(&stage, role, place);
    }
    stage.portal(&Command::Revoke { binding: binding_id(&stage, "sa-roster", "OrganizationAdmin") });
    stage.apply(&[stage.organization(|_| {})]);
    stage
}

fn permissions(stage: &Stage) -> Value {
    condition(&stage.get("corg", &stage.name).unwrap(), "PermissionsSufficient")
}

#[test]
fn an_environment_admin_invites_and_neither_deletes_nor_renames() {
    let stage = acting_with("env-admin", &[("EnvironmentAdmin", "/environment=env-prod01")]);
    stage.settled("corg", "env-admin", "True", "InSync");
    let may = permissions(&stage);
    assert_eq!((&may["status"], &may["reason"]), (&json!("False"), &json!("MissingAccountAdmin")));
    let sentence = may["message"].as_str().unwrap();
    assert!(sentence.contains("`sa-roster` may not remove people: grant it AccountAdmin"), "{sentence}");

    stage.apply(&[
        stage.user("ada", "ada@example.com", json!({"deletionPolicy": "Delete"})),
        stage.user("mary", "mary@example.com", json!({"fullName": "Mary E.", "deletionPolicy": "Retain"})),
        stage.binding("billing", email("mary@example.com"), "BillingAdmin", organization(), json!({})),
    ]);
    stage.settled("cuser", "ada", "True", "NoRoles");
    assert!(stage.is_member("ada@example.com"), "inviting is permitted");
    let before = everything(&stage);
    stage.delete("cuser", "ada");
    let next = "grant it AccountAdmin";
    let words = ["the operator's identity may not delete the account of `ada@example.com`", next];
    Told::invalid("cuser", "ada", "MissingAccountAdmin", &words).by(&stage);
    let words = ["the operator's identity may not change the full name of `mary@example.com`", next];
    Told::invalid("cuser", "mary", "MissingAccountAdmin", &words).by(&stage);
    let words = ["the operator's identity may not grant `BillingAdmin` on the organization", "OrganizationAdmin"];
    Told::invalid("arb", "billing", "GranterNotAllowed", &words).by(&stage);
    assert_eq!(everything(&stage), before);

    give(&stage, "OrganizationAdmin", "");
    stage.relist();
    stage.gone("cuser", "ada");
    assert!(!stage.is_member("ada@example.com"));
    stage.settled("cuser", "mary", "True", "InSync");
    stage.settled("arb", "billing", "True", "InSync");
    assert_eq!(permissions(&stage)["status"], "True");
}

#[test]
fn what_an_identity_cannot_see_keeps_an_account() {
    let stage = acting_with("half-blind", &[("EnvironmentAdmin", "/environment=env-prod01"), ("AccountAdmin", "")]);
    stage.apply(&[stage.user("ada", "ada@example.com", json!({}))]);
    stage.settled("cuser", "ada", "True", "NoRoles");
    stage.delete("cuser", "ada");
    let words = ["whatever the operator's identity cannot see", "OrganizationAdmin", "set `deletionPolicy: Delete`"];
    Told::held("cuser", "ada", "AccessRemains", &words).by(&stage);
    assert!(stage.is_member("ada@example.com"));
    give(&stage, "OrganizationAdmin", "");
    stage.relist();
    stage.gone("cuser", "ada");
}

#[test]
fn a_ksql_admin_is_granted_by_whoever_administers_the_cluster() {
    let stage = acting_with(
        "granter",
        &[("EnvironmentAdmin", "/environment=env-dev001"), ("Operator", "/environment=env-prod01")],
    );
    let ksql = json!({"environment": "env-prod01", "cluster": "lkc-orders",
        "resource": {"type": "KsqlCluster", "name": "ksqldb_0"}});
    stage.apply(&[stage.binding("ksql", email("mary@example.com"), "KsqlAdmin", ksql, json!({}))]);
    let words = [
        "the operator's identity may not grant `KsqlAdmin`",
        "it needs one of OrganizationAdmin, EnvironmentAdmin, CloudClusterAdmin there",
    ];
    let before = everything(&stage);
    Told::invalid("arb", "ksql", "GranterNotAllowed", &words).by(&stage);
    assert_eq!(everything(&stage), before);
    assert_eq!(stage.remote_writes(), [""; 0]);
    give(&stage, "CloudClusterAdmin", "/environment=env-prod01/cloud-cluster=lkc-orders");
    stage.relist();
    stage.settled("arb", "ksql", "True", "InSync");
}

#[test]
fn an_operator_role_can_do_nothing_and_says_so() {
    let stage = acting_with("mere-operator", &[("Operator", "/environment=env-prod01")]);
    stage.apply(&[
        stage.user("ada", "ada@example.com", json!({})),
        stage.binding("it", email("mary@example.com"), "Operator", environment("env-prod01"), json!({})),
    ]);
    let words = ["the organization cannot be listed", "(403)", "grant it OrganizationAdmin"];
    for (kind, name) in [("corg", "mere-operator"), ("cuser", "ada"), ("arb", "it")] {
        Told::held(kind, name, "RolesUnreadable", &words).by(&stage);
    }
    assert_eq!(stage.remote_writes(), [""; 0]);
    give(&stage, "OrganizationAdmin", "");
    stage.settled("corg", "mere-operator", "True", "InSync");
    stage.settled("cuser", "ada", "True", "NoRoles");
    stage.settled("arb", "it", "True", "InSync");
}

#[test]
fn an_identity_that_loses_its_roles_is_told_at_the_next_step_and_the_next_listing() {
    let stage = Stage::new("demoted");
    stage.settled("corg", "demoted", "True", "InSync");
    stage.apply(&[stage.user("mary", "mary@example.com", json!({}))]);
    stage.settled("cuser", "mary", "True", "InSync");
    give(&stage, "Operator", "/environment=env-prod01");
    stage.portal(&Command::Revoke { binding: binding_id(&stage, "sa-roster", "OrganizationAdmin") });
    let before = everything(&stage);
    // The last listing still shows the role, so the vendor's answer tells.
    stage.apply(&[stage.user("ada", "ada@example.com", json!({}))]);
    let words = ["could not invite `ada@example.com`", "403", "grant it AccountAdmin or OrganizationAdmin"];
    Told::held("cuser", "ada", "MissingAccountAdmin", &words).by(&stage);
    assert_eq!(everything(&stage), before);
    // The refusal has the organization listed again, which is refused as well.
    let organization = stage.settled("corg", "demoted", "False", "RolesUnreadable");
    assert!(message(&organization).contains("grant it OrganizationAdmin"), "{}", message(&organization));
    assert_eq!(permissions(&stage)["reason"], "RolesUnreadable");
    event(&stage, "corg", "demoted", "RolesUnreadable");
    let mary = stage.get("cuser", "mary").unwrap();
    assert_eq!(condition(&mary, "Ready")["reason"], "InSync", "what was fine stays as it is");

    give(&stage, "OrganizationAdmin", "");
    stage.settled("corg", "demoted", "True", "InSync");
    // By itself it is tried again after a minute; an edit is tried at once.
    stage.apply(&[stage.user("ada", "ada@example.com", json!({"deletionPolicy": "Delete"}))]);
    stage.settled("cuser", "ada", "True", "NoRoles");
}
