//! What an object set out to grant, and an operator that died in between.

mod member;

use std::{collections::BTreeMap, time::Duration};

use roster::{
    api::{FINALIZER, GRANTING},
    simulator::{Effect, Envelope, Fault, world::Command},
};
use serde_json::{Value, json};
use tokio::time::sleep;

use crate::stage::{ORGANIZATION, Stage, TEAM, address, condition};

const BINDINGS: &str = "/iam/v2/role-bindings";

fn held(role: &str) -> String {
    format!("{} {role} environment env-prod01", address("ada"))
}

/// The operator dies; its successor finds the object deleted, or edited to another role. What she holds then.
async fn left_after_a_crash(stage: &mut Stage, deleted: bool) -> Vec<String> {
    stage.crash().await;
    if deleted {
        stage.delete("accessrolebindings", "ada-works").await;
        stage.start();
        stage.gone("accessrolebindings", "ada-works").await;
    } else {
        stage.edit("accessrolebindings", "ada-works", json!({"spec": {"role": "DataSteward"}})).await;
        stage.start();
        stage.ready("accessrolebindings", "ada-works").await;
    }
    stage.held().into_iter().filter(|it| it.contains(&address("ada"))).collect()
}

#[tokio::test(start_paused = true)]
async fn what_was_granted_just_before_a_crash_ends_by_what_becomes_of_its_object_meanwhile() {
    for (seed, (edited_before, deleted_after)) in
        [(false, false), (false, true), (true, false), (true, true)].into_iter().enumerate()
    {
        let mut stage = Stage::with_user(seed as u64, "ada").await;
        stage.binding("ada-works", "ada", "MetricsViewer").await;
        let unseen = if edited_before {
            stage.ready("accessrolebindings", "ada-works").await;
            stage.edit("accessrolebindings", "ada-works", json!({"spec": {"role": "Operator"}})).await;
            held("Operator")
        } else {
            held("MetricsViewer")
        };
        // It is carried out, and who asked for it dies before there is an answer.
        stage.simulator.inject(Fault::hang("POST", BINDINGS));
        stage.until("it is granted", |stage| stage.held().contains(&unseen)).await;
        let left = left_after_a_crash(&mut stage, deleted_after).await;
        let expected = if deleted_after { vec![] } else { vec![held("DataSteward")] };
        assert_eq!(left, expected, "edited before: {edited_before}; deleted after: {deleted_after}: {}", stage.tell());
        let made = 1 + usize::from(edited_before) + usize::from(!deleted_after);
        assert_eq!(stage.remote_writes()["POST /iam/v2/role-bindings"], made);
    }
}

/// An edit whose grant is noted and waits for a vendor that asks for silence, until its object is as before: nothing is left to
/// say. The same edit then, for which a vendor that never answers makes the grant.
async fn set_out_twice(seed: u64) -> Stage {
    let stage = Stage::with_user(seed, "ada").await;
    stage.binding("ada-works", "ada", "MetricsViewer").await;
    stage.ready("accessrolebindings", "ada-works").await;
    let silence = Effect::Status { status: 429, envelope: Envelope::Failure, retry_after: Some(30) };
    stage.simulator.inject(Fault::new("POST", BINDINGS, silence));
    stage.binding("ada-waits", "ada", "DataDiscovery").await;
    sleep(Duration::from_secs(2)).await;
    let noted = |stage: &Stage| stage.get("accessrolebindings", "ada-works").unwrap()["status"]["granting"].clone();
    stage.edit("accessrolebindings", "ada-works", json!({"spec": {"role": "Operator"}})).await;
    stage.until("it is noted", |stage| noted(stage)[0]["role"] == "Operator").await;
    stage.edit("accessrolebindings", "ada-works", json!({"spec": {"role": "MetricsViewer"}})).await;
    stage.ready("accessrolebindings", "ada-waits").await;
    stage.ready("accessrolebindings", "ada-works").await;
    assert!(!stage.held().contains(&held("Operator")), "it was edited away before its turn: {}", stage.tell());
    assert_eq!(noted(&stage), Value::Null, "nothing is left to say");
    stage.simulator.inject(Fault::hang("POST", BINDINGS));
    stage.edit("accessrolebindings", "ada-works", json!({"spec": {"role": "Operator"}})).await;
    stage.until("it is granted", |stage| stage.held().contains(&held("Operator"))).await;
    stage
}

#[tokio::test(start_paused = true)]
async fn what_an_object_sets_out_on_again_is_noted_again() {
    for (seed, deleted) in [(70, false), (71, true)] {
        let mut stage = set_out_twice(seed).await;
        let left = left_after_a_crash(&mut stage, deleted).await;
        let kept = if deleted { vec![] } else { vec![held("DataSteward")] };
        assert_eq!(left, [vec![held("DataDiscovery")], kept].concat(), "deleted: {deleted}: {}", stage.tell());
    }
}

#[tokio::test(start_paused = true)]
async fn an_edit_costs_one_write_more_than_its_last_word_and_a_new_object_none() {
    let stage = Stage::with_user(5, "ada").await;
    stage.binding("ada-works", "ada", "MetricsViewer").await;
    stage.ready("accessrolebindings", "ada-works").await;
    let writes = |stage: &Stage| {
        let ours = stage.local_writes().into_iter().filter(|(what, _)| what.ends_with(" ada-works"));
        ours.map(|(what, count)| (what.replace(" ada-works", ""), count)).collect::<Vec<_>>()
    };
    let (finalizer, status) = ("patch accessrolebindings".to_owned(), "patch accessrolebindings/status".to_owned());
    assert_eq!(writes(&stage), [(finalizer.clone(), 1), (status.clone(), 1)]);
    stage.edit("accessrolebindings", "ada-works", json!({"spec": {"role": "Operator"}})).await;
    let object = stage.ready("accessrolebindings", "ada-works").await;
    assert_eq!(writes(&stage), [(finalizer, 1), (status, 3)]);
    assert_eq!(object["status"]["granting"], Value::Null, "what its status answers for is not open: {object}");
}

#[tokio::test(start_paused = true)]
async fn an_object_whose_grant_has_ended_says_nothing_of_what_was_set_out_on() {
    // Whether somebody else declares the annotation too, as who wrote the object down as it was: it is left where it is then.
    for theirs in [false, true] {
        let mut stage = Stage::with_user(7, "ada").await;
        stage.binding("ada-works", "ada", "Operator").await;
        let object = stage.ready("accessrolebindings", "ada-works").await;
        let note = object["metadata"]["annotations"][GRANTING].clone();
        assert!(note.as_str().is_some_and(|it| it.contains("Operator")), "{object:#}");
        if theirs {
            stage.edit("accessrolebindings", "ada-works", json!({"metadata": {"annotations": {GRANTING: null}}})).await;
            stage.edit("accessrolebindings", "ada-works", json!({"metadata": {"annotations": {GRANTING: note}}})).await;
        }
        stage.delegate(&["MetricsViewer"]).await;
        stage.until("it is revoked", |stage| !stage.held().contains(&held("Operator"))).await;
        sleep(Duration::from_mins(15)).await;
        let object = stage.get("accessrolebindings", "ada-works").unwrap();
        assert_eq!(object["status"]["grant"], Value::Null);
        assert_eq!(object["metadata"]["annotations"][GRANTING].is_null(), !theirs, "{object:#}");
        assert_eq!(object["status"]["granting"], if theirs { json!([]) } else { Value::Null }, "{object:#}");
        // What somebody grants by hand afterwards is not the object's, whatever it set out on once.
        let writes = stage.local_writes();
        let (principal, role) = (format!("User:{}", stage.id_of(&address("ada")).unwrap()), "Operator".to_owned());
        let crn = format!("crn://confluent.cloud/organization={ORGANIZATION}/environment=env-prod01");
        stage.portal(&Command::Grant { principal, role, crn });
        stage.crash().await;
        stage.start();
        sleep(Duration::from_mins(15)).await;
        let ours = |writes: BTreeMap<String, usize>| {
            writes.into_iter().filter(|(what, _)| what.ends_with(" ada-works")).collect::<Vec<_>>()
        };
        assert_eq!(ours(stage.local_writes()), ours(writes), "nothing is left to say");
        assert!(stage.held().contains(&held("Operator")), "it is not the object's");
        stage.delete("accessrolebindings", "ada-works").await;
        stage.gone("accessrolebindings", "ada-works").await;
        assert!(stage.held().contains(&held("Operator")), "and does not go with it");
    }
}

#[tokio::test(start_paused = true)]
async fn a_note_that_somebody_else_wrote_ends_nothing_that_the_object_could_not_have_been_granted() {
    // Who has it, since before the object or not, and whether it is taken for the object's own.
    for (role, earlier, admitted, stays) in
        [("DataSteward", false, false, true), ("DataSteward", true, true, true), ("DataSteward", false, true, false)]
    {
        let mut stage = Stage::with_user(6, "ada").await;
        stage.crash().await;
        let id = stage.id_of(&address("ada")).unwrap();
        let crn = format!("crn://confluent.cloud/organization={ORGANIZATION}/environment=env-prod01");
        let grant = Command::Grant { principal: format!("User:{id}"), role: role.to_owned(), crn: crn.clone() };
        if earlier {
            stage.portal(&grant);
            sleep(Duration::from_hours(1)).await;
        }
        stage.delegate(if admitted { &["*"] } else { &["MetricsViewer"] }).await;
        let note = json!([{"principalId": id, "principal": "ada", "role": role, "crn": crn}]).to_string();
        let spec = json!({"organizationRef": {"name": "o"}, "principal": {"userRef": {"name": "ada"}},
            "role": "MetricsViewer", "scope": {"environment": "env-prod01"}});
        let metadata = json!({"name": "ada-works", "annotations": {GRANTING: note}, "finalizers": [FINALIZER]});
        stage.create("accessrolebindings", TEAM, json!({"metadata": metadata, "spec": spec})).await;
        if !earlier {
            stage.portal(&grant);
        }
        stage.start();
        stage.ready("accessrolebindings", "ada-works").await;
        stage.delete("accessrolebindings", "ada-works").await;
        stage.gone("accessrolebindings", "ada-works").await;
        let left = stage.held().contains(&held(role));
        assert_eq!(left, stays, "earlier: {earlier}; admitted: {admitted}: {}", stage.tell());
    }
}

/// A grant of `role` that is made and whose object does not say so yet, since nobody answers.
async fn unanswered(seed: u64, edited: bool) -> Stage {
    let stage = Stage::with_user(seed, "ada").await;
    stage.binding("ada-works", "ada", if edited { "MetricsViewer" } else { "Operator" }).await;
    if edited {
        stage.ready("accessrolebindings", "ada-works").await;
        stage.edit("accessrolebindings", "ada-works", json!({"spec": {"role": "Operator"}})).await;
    }
    stage.simulator.inject(Fault::hang("POST", BINDINGS));
    stage.until("it is granted", |stage| stage.held().contains(&held("Operator"))).await;
    stage
}

fn denied(stage: &Stage, says: &str) -> bool {
    let object = stage.get("accessrolebindings", "ada-works").unwrap();
    let (ready, validated) = (condition(&object, "Ready"), condition(&object, "Validated"));
    let told = |it: &Value| it["reason"] == "DelegationDenied" && it["message"].as_str().unwrap().contains(says);
    told(&ready) && told(&validated)
}

#[tokio::test(start_paused = true)]
async fn what_was_granted_and_not_recorded_goes_with_its_delegation() {
    // Whether an edit asked for it, which is noted in the status; whether the operator dies; whether the object is deleted too.
    for (seed, (edited, dies, deleted)) in
        [(true, true, false), (true, true, true), (true, false, false), (false, false, false)].into_iter().enumerate()
    {
        let mut stage = unanswered(40 + seed as u64, edited).await;
        if dies {
            stage.crash().await;
        }
        stage.delegate(&["MetricsViewer"]).await;
        if deleted {
            stage.delete("accessrolebindings", "ada-works").await;
        }
        if dies {
            stage.start();
        }
        if deleted {
            stage.gone("accessrolebindings", "ada-works").await;
        } else {
            stage.until("it is denied", |stage| denied(stage, "may not grant")).await;
            stage.until("it is revoked", |stage| !stage.held().contains(&held("Operator"))).await;
        }
        assert!(!stage.held().contains(&held("Operator")), "case {seed}: {}", stage.tell());
        assert_eq!(stage.remote_writes()["POST /iam/v2/role-bindings"], 1 + usize::from(edited), "case {seed}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_note_that_proves_nothing_is_told_and_answered_for_once_it_may_be_granted_again() {
    for deleted in [false, true] {
        let mut stage = unanswered(50, false).await;
        stage.crash().await;
        stage.delegate(&["MetricsViewer"]).await;
        stage.start();
        stage.until("it says so", |stage| denied(stage, "a note alone proves nothing")).await;
        sleep(Duration::from_mins(30)).await;
        assert!(stage.held().contains(&held("Operator")), "nothing is removed on doubt");
        assert_eq!(stage.remote_writes().get("DELETE /iam/v2/role-bindings"), None);
        let object = stage.get("accessrolebindings", "ada-works").unwrap();
        assert_eq!(object["status"]["granting"], Value::Null, "in the status it would pass for ours: {object}");
        stage.delegate(&["*"]).await;
        if deleted {
            // As the object of a grant that may be its own, before anybody looked at it again.
            stage.delete("accessrolebindings", "ada-works").await;
            stage.gone("accessrolebindings", "ada-works").await;
        } else {
            stage.ready("accessrolebindings", "ada-works").await;
            stage.delegate(&["MetricsViewer"]).await;
        }
        stage.until("it is revoked", |stage| !stage.held().contains(&held("Operator"))).await;
        assert_eq!(stage.remote_writes()["POST /iam/v2/role-bindings"], 1);
    }
}
