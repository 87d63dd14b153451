//! What waits for its turn, and is not to be made any more when that comes.

use std::time::Duration;

use roster::simulator::{Effect, Envelope, Fault};
use serde_json::json;
use tokio::time::sleep;

use crate::stage::{Stage, TEAM, address};

const BINDINGS: &str = "/iam/v2/role-bindings";

/// A vendor that asks for half a minute of silence at the next grant, which somebody declares.
async fn silent() -> Stage {
    let stage = Stage::with_user(8, "ada").await;
    let refused = Effect::Status { status: 429, envelope: Envelope::Failure, retry_after: Some(30) };
    stage.simulator.inject(Fault::new("POST", BINDINGS, refused));
    stage.binding("ada-operates", "ada", "Operator").await;
    sleep(Duration::from_secs(2)).await;
    stage
}

/// What the vendor was asked for after the silence, which the second object is not to have.
async fn ends(stage: &Stage, second: &str) {
    stage.ready("accessrolebindings", "ada-operates").await;
    sleep(Duration::from_mins(5)).await;
    let held: Vec<String> = stage.held().into_iter().filter(|it| it.contains(&address("ada"))).collect();
    assert_eq!(held, [format!("{} Operator environment env-prod01", address("ada"))]);
    // The one that was refused, and the same once more.
    assert_eq!(stage.remote_writes()["POST /iam/v2/role-bindings"], 2, "{second}: {}", stage.tell());
}

#[tokio::test(start_paused = true)]
async fn a_grant_that_had_to_wait_until_its_time_was_over_is_not_made() {
    let stage = silent().await;
    let until = ((stage.clock)() + Duration::from_secs(12)).to_string();
    let spec = json!({"organizationRef": {"name": "o"}, "principal": {"userRef": {"name": "ada"}},
        "role": "MetricsViewer", "scope": {"environment": "env-prod01"}, "validity": {"notAfter": until}});
    stage.create("accessrolebindings", TEAM, json!({"metadata": {"name": "ada-reads"}, "spec": spec})).await;
    ends(&stage, "ada-reads").await;
}

#[tokio::test(start_paused = true)]
async fn a_grant_that_had_to_wait_until_its_delegation_was_withdrawn_is_not_made() {
    let stage = silent().await;
    stage.binding("ada-reads", "ada", "MetricsViewer").await;
    sleep(Duration::from_secs(2)).await;
    stage.delegate(&["Operator"]).await;
    ends(&stage, "ada-reads").await;
}
