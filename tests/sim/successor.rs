//! Writes that arrive late, when another object has the name.

use std::time::Duration;

use serde_json::json;
use tokio::time::sleep;

use crate::stage::{OPERATOR, Stage, condition};

/// What the operator's writes of one object's status were answered with.
fn answers(stage: &Stage, name: &str) -> Vec<u16> {
    let asked = stage.memory.asked().into_iter();
    let ours = asked.filter(|it| it.user == OPERATOR && it.verb == "patch" && it.name == name);
    ours.filter(|it| it.resource == "accessrolebindings/status").map(|it| it.code).collect()
}

#[tokio::test(start_paused = true)]
async fn a_status_that_comes_late_does_not_land_on_a_successor() {
    let stage = Stage::with_user(4, "ada").await;
    stage.memory.delay("/accessrolebindings/reads/status", Duration::from_secs(10));
    stage.binding("reads", "ada", "MetricsViewer").await;
    sleep(Duration::from_secs(5)).await;
    // The grant is made, and what is to be said of it is on its way.
    assert_eq!(stage.remote_writes()["POST /iam/v2/role-bindings"], 1);
    let first = stage.get("accessrolebindings", "reads").unwrap();
    assert_eq!(first["status"]["observedGeneration"], -1);
    stage.edit("accessrolebindings", "reads", json!({"metadata": {"finalizers": null}})).await;
    stage.delete("accessrolebindings", "reads").await;
    let spec = json!({"suspend": true, "role": "Operator", "organizationRef": {"name": "o"},
        "principal": {"userRef": {"name": "ada"}}, "scope": {"environment": "env-prod01"}});
    stage.create("accessrolebindings", "team", json!({"metadata": {"name": "reads"}, "spec": spec})).await;
    sleep(Duration::from_mins(1)).await;
    let second = stage.get("accessrolebindings", "reads").unwrap();
    assert_ne!(second["metadata"]["uid"], first["metadata"]["uid"]);
    assert_eq!(condition(&second, "Ready")["reason"], "Suspended", "{second}");
    assert_eq!(answers(&stage, "reads"), [409, 200]);
}

#[tokio::test(start_paused = true)]
async fn a_status_that_meets_somebodys_label_is_written_over_it_and_one_that_meets_an_edit_waits_for_the_next_look() {
    let stage = Stage::with_user(5, "ada").await;
    for (name, edit) in [
        ("labelled", json!({"metadata": {"labels": {"team": "a"}}})),
        ("edited", json!({"spec": {"justification": "for the audit"}})),
    ] {
        stage.memory.delay(&format!("/accessrolebindings/{name}/status"), Duration::from_secs(5));
        stage.binding(name, "ada", if name == "edited" { "Operator" } else { "MetricsViewer" }).await;
        sleep(Duration::from_secs(3)).await;
        stage.edit("accessrolebindings", name, edit).await;
        stage.ready("accessrolebindings", name).await;
        // Nothing goes on for longer than that.
        sleep(Duration::from_mins(1)).await;
        assert_eq!(answers(&stage, name), [409, 200], "{name}");
    }
    assert_eq!(stage.remote_writes()["POST /iam/v2/role-bindings"], 2);
}
