//! Listings that lag behind writes, as the vendor's do.

use std::time::Duration;

use roster::simulator::{Lag, world::Command};
use serde_json::json;
use tokio::time::sleep;

use crate::{
    stage::{Stage, address},
    way::Picture,
};

/// What a leader removed is still listed when its successor looks at who administers.
#[tokio::test(start_paused = true)]
async fn a_successor_does_not_count_whom_its_predecessor_removed() {
    let mut stage = Stage::new(1).await;
    let minimum = json!({"spec": {"protection": {"minimumOrganizationAdmins": 3}}});
    stage.edit("confluentorganizations", "o", minimum).await;
    for name in ["ada", "bob"] {
        stage.user(name).await;
        stage.ready("confluentusers", name).await;
        stage.portal(&Command::AcceptInvitation { email: address(name), full_name: String::new() });
        stage.binding(&format!("{name}-administers"), name, "OrganizationAdmin").await;
        stage.ready("accessrolebindings", &format!("{name}-administers")).await;
    }
    let administrators = |stage: &Stage| Picture::of(&stage.simulator).administrators;
    assert_eq!(administrators(&stage), 4);
    sleep(Duration::from_mins(15)).await;

    stage.simulator.update(|knobs| knobs.lag = Lag::Seconds(110)).unwrap();
    stage.delete("accessrolebindings", "ada-administers").await;
    stage.until("ada is removed", |stage| administrators(stage) == 3).await;
    stage.crash().await;
    stage.start();
    stage.delete("accessrolebindings", "bob-administers").await;
    sleep(Duration::from_mins(20)).await;
    assert_eq!(administrators(&stage), 3, "{}", stage.tell());
    let bob = stage.get("accessrolebindings", "bob-administers").unwrap();
    let ready = crate::stage::condition(&bob, "Ready");
    assert_eq!(ready["reason"], "LastOrganizationAdmin", "{ready}");
}
