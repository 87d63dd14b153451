//! Objects that are renamed in git, as those who apply and prune do it: the new one comes, and right after it the old one goes.

use std::time::Duration;

use roster::simulator::Fault;
use serde_json::{Value, json};
use tokio::time::sleep;

use crate::stage::{Stage, TEAM, address, binding_spec, condition, member_spec, user_spec};

const USERS: &str = "confluentusers";
const MEMBERS: &str = "publisherusers";
const BINDINGS: &str = "accessrolebindings";

/// How many milliseconds after the new object the old one goes, and what the new one says of adoption.
type Way = (u64, Option<&'static str>);

fn removals(stage: &Stage) -> usize {
    stage.remote_writes().into_iter().filter(|(request, _)| request.starts_with("DELETE")).map(|(_, count)| count).sum()
}

async fn declare(stage: &Stage, name: &str, role: &str, adoption: Option<&str>) {
    let mut spec = binding_spec("ada", role);
    if let Some(adoption) = adoption {
        spec["adoption"] = json!(adoption);
    }
    stage.create(BINDINGS, TEAM, json!({"metadata": {"name": name}, "spec": spec})).await;
}

fn reason(stage: &Stage, name: &str) -> Value {
    stage.get(BINDINGS, name).map(|object| condition(&object, "Ready")["reason"].clone()).unwrap_or_default()
}

#[tokio::test(start_paused = true)]
async fn what_an_object_of_another_name_goes_on_with_is_never_interrupted_and_needs_no_adoption() {
    let roles: [(&str, &str, &[Way]); 3] = [
        ("Operator", "environment env-prod01", &[(0, None), (20, Some("Refuse"))]),
        ("EnvironmentAdmin", "environment env-prod01", &[(2, None)]),
        ("OrganizationAdmin", "the organization", &[(0, None), (20, Some("Refuse")), (200, None), (10_000, None)]),
    ];
    for (number, (role, place, ways)) in (0_u64..).zip(roles) {
        for (pause, adoption) in ways.iter().copied() {
            let mut stage = Stage::with_user(200 + number, "ada").await;
            let grant = format!("{} {role} {place}", address("ada"));
            declare(&stage, "old", role, None).await;
            stage.ready(BINDINGS, "old").await;
            // Longer ago than clocks may differ.
            sleep(Duration::from_mins(20)).await;
            declare(&stage, "new", role, adoption).await;
            sleep(Duration::from_millis(pause)).await;
            stage.delete(BINDINGS, "old").await;
            stage.gone(BINDINGS, "old").await;
            stage.ready(BINDINGS, "new").await;
            let kept = |stage: &Stage| removals(stage) == 0 && stage.held().contains(&grant);
            assert!(kept(&stage), "{role} after {pause} ms: {}", stage.tell());
            // It is its own from then on, whoever looks at it.
            stage.crash().await;
            stage.free().await;
            stage.start();
            sleep(Duration::from_mins(15)).await;
            assert!(kept(&stage) && reason(&stage, "new") != "AdoptionRequired", "{}", stage.tell());
            stage.delete(BINDINGS, "new").await;
            stage.gone(BINDINGS, "new").await;
            assert!(removals(&stage) == 1 && !stage.held().contains(&grant), "{}", stage.tell());
        }
    }
}

/// Objects that are refused vouch for nothing: neither for each other, nor where one of them has something else.
#[tokio::test(start_paused = true)]
async fn an_administrator_whom_somebody_made_by_hand_is_taken_over_by_no_number_of_objects() {
    let stage = Stage::with_user(210, "ada").await;
    let by_hand = json!({"organizationRef": {"name": "o"}, "principal": {"email": "grace@example.com"}, "role": "OrganizationAdmin",
        "scope": {"organization": {}}});
    declare(&stage, "edited", "Operator", None).await;
    stage.ready(BINDINGS, "edited").await;
    let mut edit = by_hand.clone();
    (edit["principal"]["userRef"], edit["scope"]["environment"]) = (Value::Null, Value::Null);
    stage.edit(BINDINGS, "edited", json!({"spec": edit})).await;
    for name in ["one", "two"] {
        stage.create(BINDINGS, TEAM, json!({"metadata": {"name": name}, "spec": by_hand.clone()})).await;
    }
    sleep(Duration::from_mins(30)).await;
    for name in ["edited", "one", "two"] {
        assert_eq!(reason(&stage, name), "AdoptionRequired", "{name}: {}", stage.tell());
        stage.delete(BINDINGS, name).await;
        stage.gone(BINDINGS, name).await;
    }
    assert!(stage.held().contains(&"grace@example.com OrganizationAdmin the organization".to_owned()));
}

#[tokio::test(start_paused = true)]
async fn whom_another_object_has_come_to_declare_is_not_removed_by_steps_that_waited() {
    let stage = Stage::with_user(211, "ada").await;
    // The look before the removal takes long.
    stage.simulator.inject(Fault::hang("GET", "/iam/v2/role-bindings"));
    stage.delete(USERS, "ada").await;
    sleep(Duration::from_secs(1)).await;
    stage.create(USERS, TEAM, json!({"metadata": {"name": "renamed"}, "spec": user_spec("ada")})).await;
    stage.ready(USERS, "renamed").await;
    stage.gone(USERS, "ada").await;
    assert!(removals(&stage) == 0 && stage.id_of(&address("ada")).is_some(), "{}", stage.tell());
}

/// Else whoever may write into any namespace could keep an account that its owner is done with.
#[tokio::test(start_paused = true)]
async fn an_object_that_may_not_invite_keeps_nobody() {
    let stage = Stage::with_user(212, "ada").await;
    stage.create("namespaces", "", json!({"metadata": {"name": "elsewhere"}})).await;
    stage.create(USERS, "elsewhere", json!({"metadata": {"name": "copy"}, "spec": user_spec("ada")})).await;
    sleep(Duration::from_mins(1)).await;
    stage.delete(USERS, "ada").await;
    stage.gone(USERS, "ada").await;
    assert!(removals(&stage) == 1 && stage.id_of(&address("ada")).is_none(), "{}", stage.tell());
}

#[tokio::test(start_paused = true)]
async fn an_owner_whose_object_is_renamed_stays_an_owner() {
    let stage = Stage::new(213).await;
    stage.publisher().await;
    stage.ready("publishers", "p").await;
    let member = |name: &str| json!({"metadata": {"name": name}, "spec": member_spec("ada", "Owner")});
    stage.create(MEMBERS, TEAM, member("old")).await;
    stage.ready(MEMBERS, "old").await;
    sleep(Duration::from_mins(20)).await;
    stage.create(MEMBERS, TEAM, member("new")).await;
    sleep(Duration::from_millis(100)).await;
    stage.delete(MEMBERS, "old").await;
    stage.gone(MEMBERS, "old").await;
    sleep(Duration::from_mins(15)).await;
    let object = stage.ready(MEMBERS, "new").await;
    assert_eq!((&object["status"]["grantedRole"], removals(&stage)), (&json!("Owner"), 0), "{}", stage.tell());
    stage.delete(MEMBERS, "new").await;
    stage.gone(MEMBERS, "new").await;
    assert_eq!(removals(&stage), 1, "{}", stage.tell());
}
