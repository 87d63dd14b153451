//! Whom an address means, and whom a namespace may declare by it.

use std::time::Duration;

use roster::simulator::world::Command;
use serde_json::json;
use tokio::time::sleep;

use crate::stage::{Stage, TEAM, address, binding_spec, condition, delegations, user_spec};

const BINDINGS: &str = "accessrolebindings";
const USERS: &str = "confluentusers";

async fn says(stage: &Stage, plural: &str, name: &str, reason: &str) {
    let ready = |stage: &Stage| condition(&stage.get(plural, name).unwrap(), "Ready");
    stage.until(&format!("{plural} {name} says {reason}"), |stage| ready(stage)["reason"] == reason).await;
}

fn join(stage: &Stage, email: String) {
    stage.portal(&Command::JoinUser { email, full_name: String::new(), id: None });
}

/// The team may grant to people whom it declares, and declare people of that domain.
async fn admit(stage: &Stage, domain: &str) {
    let mut delegations = delegations();
    delegations[0]["invite"] = json!({"emailDomains": [domain]});
    delegations[0]["grant"][0]["principals"] = json!({"kinds": ["User"], "declaredIn": "SameNamespace"});
    stage.edit("confluentorganizations", "o", json!({"spec": {"delegations": delegations}})).await;
}

#[tokio::test(start_paused = true)]
async fn an_address_that_goes_over_to_somebody_else_takes_no_access_along() {
    for successor in [false, true] {
        let stage = Stage::with_user(1, "ada").await;
        stage.portal(&Command::AcceptInvitation { email: address("ada"), full_name: String::new() });
        stage.binding("ada-works", "ada", "Operator").await;
        stage.ready(BINDINGS, "ada-works").await;
        sleep(Duration::from_mins(15)).await;
        let (writes, user) = (stage.remote_writes(), stage.id_of(&address("ada")).unwrap());
        let readdress = |email: String| {
            stage.portal(&Command::ChangeUser { user: user.clone(), email: Some(email), auth_type: None });
        };
        readdress(address("ada.new"));
        if successor {
            join(&stage, address("ada"));
        }
        says(&stage, USERS, "ada", "PrincipalChanged").await;
        says(&stage, BINDINGS, "ada-works", if successor { "PrincipalChanged" } else { "PrincipalNotFound" }).await;
        let told = stage.local_writes();
        sleep(Duration::from_mins(40)).await;
        let kept = format!("{} Operator environment env-prod01", address("ada.new"));
        let held: Vec<String> = stage.held().into_iter().filter(|it| it.contains("@partner.example Op")).collect();
        assert_eq!((held, stage.remote_writes()), (vec![kept], writes.clone()), "{}", stage.tell());
        assert_eq!(stage.local_writes(), told, "it is told once");
        if let Some(other) = stage.id_of(&address("ada")) {
            stage.portal(&Command::DeleteUser { user: other });
        }
        readdress(address("ada"));
        for (plural, name) in [(USERS, "ada"), (BINDINGS, "ada-works")] {
            stage.ready(plural, name).await;
        }
        assert_eq!(stage.remote_writes(), writes);
    }
}

#[tokio::test(start_paused = true)]
async fn who_may_not_be_declared_is_told_nothing_of_and_can_be_granted_nothing() {
    let stage = Stage::new(2).await;
    stage.ready("confluentorganizations", "o").await;
    admit(&stage, "example.com").await;
    join(&stage, address("ada"));
    sleep(Duration::from_mins(15)).await;
    let writes = stage.remote_writes();
    stage.user("ada").await;
    says(&stage, USERS, "ada", "DelegationDenied").await;
    let status = stage.get(USERS, "ada").unwrap()["status"].clone();
    assert!(["userId", "access", "invitation"].iter().all(|it| status[*it].is_null()), "{status}");
    let id = stage.id_of(&address("ada")).unwrap();
    let principals = [json!({"userRef": {"name": "ada"}}), json!({"email": address("ada")}), json!({"id": id})];
    for (number, principal) in principals.into_iter().enumerate() {
        let (mut spec, name) = (binding_spec("ada", "Operator"), format!("ada-{number}"));
        spec["principal"] = principal;
        stage.create(BINDINGS, TEAM, json!({"metadata": {"name": name}, "spec": spec})).await;
        says(&stage, BINDINGS, &name, "DelegationDenied").await;
    }
    assert_eq!(stage.remote_writes(), writes);
}

#[tokio::test(start_paused = true)]
async fn who_came_with_an_object_goes_with_it_though_they_may_not_be_declared_any_more() {
    for came_before in [false, true] {
        let stage = Stage::new(3).await;
        stage.ready("confluentorganizations", "o").await;
        admit(&stage, "*").await;
        if came_before {
            join(&stage, address("ada"));
            sleep(Duration::from_mins(15)).await;
        }
        stage.create(USERS, TEAM, json!({"metadata": {"name": "ada"}, "spec": user_spec("ada")})).await;
        stage.ready(USERS, "ada").await;
        admit(&stage, "example.com").await;
        says(&stage, USERS, "ada", "DelegationDenied").await;
        stage.delete(USERS, "ada").await;
        stage.gone(USERS, "ada").await;
        assert_eq!(stage.id_of(&address("ada")).is_some(), came_before, "{}", stage.tell());
    }
}
