//! What has to come before what, whatever is late.

use std::time::Duration;

use roster::{
    api::FINALIZER,
    simulator::{Fault, world::Command},
};
use serde_json::json;
use tokio::time::sleep;

use crate::{
    memory::Trouble,
    stage::{Stage, address},
};

const BINDINGS: &str = "/iam/v2/role-bindings";

#[tokio::test(start_paused = true)]
async fn nothing_is_granted_before_the_finalizer_is_on_that_will_end_it() {
    let stage = Stage::with_user(3, "ada").await;
    // It is carried out, and the operator does not learn so for long.
    stage.simulator.inject(Fault::hang("POST", BINDINGS));
    stage.binding("ada-reads", "ada", "MetricsViewer").await;
    let granted = format!("{} MetricsViewer environment env-prod01", address("ada"));
    stage.until("it is granted", |stage| stage.held().contains(&granted)).await;
    let object = stage.get("accessrolebindings", "ada-reads").unwrap();
    assert_eq!(object["metadata"]["finalizers"], json!([FINALIZER]), "{object}");
}

#[tokio::test(start_paused = true)]
async fn what_an_object_declared_that_was_replaced_unseen_is_not_granted_again() {
    let stage = Stage::new(4).await;
    stage.ready("confluentorganizations", "o").await;
    stage.user("ada").await;
    stage.binding("ada-works", "ada", "MetricsViewer").await;
    stage.ready("accessrolebindings", "ada-works").await;
    // The operator sees none of what comes: the object is another one now, with the same name and generation.
    stage.memory.trouble(Trouble::Still);
    stage.edit("accessrolebindings", "ada-works", json!({"metadata": {"finalizers": null}})).await;
    stage.delete("accessrolebindings", "ada-works").await;
    stage.binding("ada-works", "ada", "Operator").await;
    let old = stage.a_binding_of(&address("ada")).unwrap();
    stage.portal(&Command::Revoke { binding: old });
    // Listings show that what the cache still declares is gone.
    sleep(Duration::from_mins(30)).await;
    let roles = |stage: &Stage| stage.held().into_iter().filter(|it| it.contains(&address("ada"))).collect::<Vec<_>>();
    assert_eq!(roles(&stage), Vec::<String>::new(), "nobody declares it any more");
    stage.memory.tell();
    stage.ready("accessrolebindings", "ada-works").await;
    assert_eq!(roles(&stage), [format!("{} Operator environment env-prod01", address("ada"))]);
}

#[tokio::test(start_paused = true)]
async fn a_grant_that_was_made_just_before_an_edit_is_not_forgotten() {
    for late in 0..30 {
        let stage = Stage::with_user(100 + late, "ada").await;
        stage.binding("ada-works", "ada", "MetricsViewer").await;
        let old = format!("{} MetricsViewer environment env-prod01", address("ada"));
        while !stage.held().contains(&old) {
            sleep(Duration::from_millis(1)).await;
        }
        sleep(Duration::from_millis(late * 4)).await;
        stage.edit("accessrolebindings", "ada-works", json!({"spec": {"role": "Operator"}})).await;
        stage.ready("accessrolebindings", "ada-works").await;
        sleep(Duration::from_mins(1)).await;
        assert!(!stage.held().contains(&old), "{} ms after it was made: {}", late * 4, stage.tell());
    }
}

#[tokio::test(start_paused = true)]
async fn a_grant_whose_answer_was_lost_is_ended_by_an_edit_and_by_the_deletion_of_its_object() {
    // Also where nothing like it may be declared any more.
    for (deleted, withdrawn) in [(false, false), (true, false), (false, true), (true, true)] {
        let stage = Stage::with_user(7, "ada").await;
        let old = format!("{} MetricsViewer environment env-prod01", address("ada"));
        stage.simulator.inject(Fault::hang("POST", BINDINGS));
        stage.binding("ada-works", "ada", "MetricsViewer").await;
        stage.until("it is granted", |stage| stage.held().contains(&old)).await;
        if withdrawn {
            stage.delegate(&["Operator"]).await;
        }
        if deleted {
            stage.delete("accessrolebindings", "ada-works").await;
            stage.gone("accessrolebindings", "ada-works").await;
        } else {
            stage.edit("accessrolebindings", "ada-works", json!({"spec": {"role": "Operator"}})).await;
            stage.ready("accessrolebindings", "ada-works").await;
            sleep(Duration::from_mins(1)).await;
        }
        assert!(!stage.held().contains(&old), "deleted: {deleted}; withdrawn: {withdrawn}: {}", stage.tell());
    }
}

#[tokio::test(start_paused = true)]
async fn what_another_object_has_come_to_declare_is_not_revoked_by_steps_that_waited() {
    let stage = Stage::with_user(8, "ada").await;
    stage.binding("ada-works", "ada", "MetricsViewer").await;
    stage.ready("accessrolebindings", "ada-works").await;
    let grant = format!("{} MetricsViewer environment env-prod01", address("ada"));
    // The look before the revocation takes long.
    stage.simulator.inject(Fault::hang("GET", BINDINGS));
    stage.delete("accessrolebindings", "ada-works").await;
    sleep(Duration::from_secs(1)).await;
    stage.binding("ada-reads", "ada", "MetricsViewer").await;
    stage.ready("accessrolebindings", "ada-reads").await;
    stage.gone("accessrolebindings", "ada-works").await;
    let removals = stage.remote_writes().into_iter().filter(|(request, _)| request.starts_with("DELETE")).count();
    assert!(removals == 0 && stage.held().contains(&grant), "{}", stage.tell());
}
