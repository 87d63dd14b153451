//! What events tell: what is so now, once for each cause.

use serde_json::{Value, json};

use crate::stage::{Stage, condition};

/// The notes of the events of that reason about an object.
fn notes(stage: &Stage, name: &str, reason: &str) -> Vec<String> {
    let is = |it: &Value| it["kind"] == "Event" && it["reason"] == reason && it["regarding"]["name"] == name;
    let events = stage.memory.all().into_iter().filter(is);
    events.map(|it| it["note"].as_str().unwrap_or_default().to_owned()).collect()
}

#[tokio::test(start_paused = true)]
async fn an_event_names_the_digest_of_what_is_held_now() {
    let stage = Stage::with_user(1, "ada").await;
    let roles = ["MetricsViewer", "Operator", "DataSteward"];
    for role in roles {
        stage.binding(&role.to_lowercase(), "ada", role).await;
        stage.ready("accessrolebindings", &role.to_lowercase()).await;
    }
    let budget = json!({"spec": {"protection": {"removalBudget": {"count": 0, "percent": 0}}}});
    stage.edit("confluentorganizations", "o", budget).await;
    let mut digests = Vec::new();
    for (number, role) in roles.into_iter().enumerate() {
        stage.delete("accessrolebindings", &role.to_lowercase()).await;
        let held = |stage: &Stage| stage.get("confluentorganizations", "o").unwrap()["status"]["heldRemovals"].clone();
        stage.until("it is held", |stage| held(stage)["total"] == number + 1).await;
        let digest = held(&stage)["digest"].as_str().unwrap().to_owned();
        stage
            .until("an event names its digest", |stage| {
                notes(stage, "o", "RemovalBudgetExceeded")
                    .iter()
                    .any(|it| it.ends_with(&format!("acknowledge={digest}`")))
            })
            .await;
        let organization = stage.get("confluentorganizations", "o").unwrap();
        assert!(condition(&organization, "RemovalsHeld")["message"].as_str().unwrap().contains(&digest));
        digests.push(digest);
    }
    let told = notes(&stage, "o", "RemovalBudgetExceeded");
    assert_eq!(told.len(), digests.len(), "one event for each: {told:?}");
    let yes = json!({"metadata": {"annotations": {"access.roster.dev/acknowledge": digests[2]}}});
    stage.edit("confluentorganizations", "o", yes).await;
    for role in roles {
        stage.gone("accessrolebindings", &role.to_lowercase()).await;
    }
}
