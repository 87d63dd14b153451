//! Listings that lag behind writes, as the vendor's do.

use std::time::Duration;

use roster::simulator::{Lag, world::Command};
use serde_json::json;
use tokio::time::sleep;

use crate::{
    stage::{Stage, TEAM, address, member_spec},
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

/// An operator dies just after it told of a grant, and what its successor lists does not show that yet.
async fn succeeded(seed: u64, role: &str) -> Stage {
    let mut stage = Stage::with_user(seed, "ada").await;
    stage.portal(&Command::AcceptInvitation { email: address("ada"), full_name: String::new() });
    sleep(Duration::from_mins(15)).await;
    stage.simulator.update(|knobs| knobs.lag = Lag::Seconds(60)).unwrap();
    stage.binding("ada-works", "ada", role).await;
    stage.ready("accessrolebindings", "ada-works").await;
    stage.crash().await;
    stage.free().await;
    stage.start();
    stage
}

#[tokio::test(start_paused = true)]
async fn what_a_predecessor_granted_is_not_let_go_on_a_listing_that_does_not_show_it_yet() {
    for edited in [false, true] {
        let stage = succeeded(2, "MetricsViewer").await;
        if edited {
            stage.edit("accessrolebindings", "ada-works", json!({"spec": {"role": "Operator"}})).await;
            stage.ready("accessrolebindings", "ada-works").await;
        } else {
            stage.delete("accessrolebindings", "ada-works").await;
            stage.gone("accessrolebindings", "ada-works").await;
        }
        sleep(Duration::from_mins(25)).await;
        let left: Vec<String> = stage.held().into_iter().filter(|it| it.contains(&address("ada"))).collect();
        let wanted = format!("{} Operator environment env-prod01", address("ada"));
        assert_eq!(left, if edited { vec![wanted] } else { vec![] }, "edited: {edited}: {}", stage.tell());
    }
}

#[tokio::test(start_paused = true)]
async fn nobody_is_removed_whom_a_listing_does_not_show_as_an_administrator_yet() {
    let stage = succeeded(3, "OrganizationAdmin").await;
    let binding = stage.a_binding_of("linus@example.com").unwrap();
    stage.portal(&Command::Revoke { binding });
    stage.delete("accessrolebindings", "ada-works").await;
    stage.delete("confluentusers", "ada").await;
    for _ in 0..100 {
        assert_eq!(Picture::of(&stage.simulator).administrators, 2, "{}", stage.tell());
        sleep(Duration::from_secs(10)).await;
    }
}

#[tokio::test(start_paused = true)]
async fn who_was_invited_and_is_not_listed_yet_is_not_left_when_their_object_goes() {
    let mut stage = Stage::new(4).await;
    stage.ready("confluentorganizations", "o").await;
    stage.simulator.update(|knobs| knobs.lag = Lag::Seconds(60)).unwrap();
    stage.user("ada").await;
    stage.ready("confluentusers", "ada").await;
    stage.crash().await;
    stage.free().await;
    stage.start();
    stage.delete("confluentusers", "ada").await;
    stage.gone("confluentusers", "ada").await;
    assert_eq!(stage.id_of(&address("ada")), None, "{}", stage.tell());
}

#[tokio::test(start_paused = true)]
async fn whom_a_predecessor_added_to_a_publisher_goes_with_their_object_though_no_listing_shows_them_yet() {
    let mut stage = Stage::new(5).await;
    stage.publisher().await;
    stage.ready("publishers", "p").await;
    stage.simulator.update(|knobs| knobs.lag = Lag::Seconds(60)).unwrap();
    let spec = member_spec("ada", "Contributor");
    stage.create("publisherusers", TEAM, json!({"metadata": {"name": "ada"}, "spec": spec})).await;
    stage.ready("publisherusers", "ada").await;
    let held = |stage: &Stage| stage.held().into_iter().filter(|it| it.contains(&address("ada"))).count();
    assert_eq!(held(&stage), 1);
    stage.crash().await;
    stage.free().await;
    stage.start();
    stage.delete("publisherusers", "ada").await;
    stage.gone("publisherusers", "ada").await;
    assert_eq!(held(&stage), 0, "{}", stage.tell());
}
