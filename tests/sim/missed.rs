//! What was made by somebody else just before it is named.

use std::time::Duration;

use roster::simulator::world::Command;
use serde_json::json;
use tokio::time::sleep;

use crate::stage::{Stage, TEAM, condition};

const USERS: &str = "/iam/v2/users";

fn join(stage: &Stage, name: &str) {
    let email = format!("{name}@example.com");
    stage.portal(&Command::JoinUser { email, full_name: String::new(), id: None });
}

async fn declare(stage: &Stage, name: &str) {
    let spec = json!({"organizationRef": {"name": "o"}, "principal": {"email": format!("{name}@example.com")},
        "role": "MetricsViewer", "scope": {"environment": "env-prod01"}});
    stage.create("accessrolebindings", TEAM, json!({"metadata": {"name": name}, "spec": spec})).await;
}

fn listings(stage: &Stage) -> usize {
    stage.simulator.requests().iter().filter(|it| it.method == "GET" && it.path == USERS).count()
}

#[tokio::test(start_paused = true)]
async fn who_came_just_before_is_looked_for_at_once_and_who_never_comes_not_more_often_than_others() {
    let stage = Stage::new(3).await;
    stage.edit("confluentorganizations", "o", json!({"spec": {"resyncInterval": "1h"}})).await;
    stage.ready("confluentorganizations", "o").await;
    sleep(Duration::from_mins(1)).await;
    join(&stage, "alan");
    let before = listings(&stage);
    declare(&stage, "alan").await;
    stage.ready("accessrolebindings", "alan").await;
    assert_eq!(listings(&stage), before + 1);
    // Many who are nobody, a few minutes long: a look for what is new, at the most twice a minute, and none for what is known.
    for number in 0..60 {
        declare(&stage, &format!("nobody-{number}")).await;
        sleep(Duration::from_secs(2)).await;
    }
    let after = listings(&stage) - before - 1;
    assert!((2..=5).contains(&after), "{after} listings in two minutes");
    sleep(Duration::from_mins(1)).await;
    let before = listings(&stage);
    sleep(Duration::from_mins(20)).await;
    assert_eq!(listings(&stage), before);
    let nobody = stage.get("accessrolebindings", "nobody-7").unwrap();
    assert_eq!(condition(&nobody, "Ready")["reason"], "PrincipalNotFound");
}
