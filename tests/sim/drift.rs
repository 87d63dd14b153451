//! What somebody did to a publisher's user in the portal, and what nobody did.

use std::time::Duration;

use roster::simulator::{
    Fault, Lag,
    world::{
        Command,
        publisher::{PublisherCommand, PublisherPrincipal, PublisherRole},
    },
};
use serde_json::{Value, json};
use tokio::time::sleep;

use crate::{
    stage::{Stage, TEAM, address, member_spec},
    way::PUBLISHER,
};

const MEMBERS: &str = "publisherusers";

async fn declared(seed: u64, role: &str) -> Stage {
    let stage = Stage::new(seed).await;
    stage.publisher().await;
    stage.ready("publishers", "p").await;
    stage.create(MEMBERS, TEAM, json!({"metadata": {"name": "ada"}, "spec": member_spec("ada", role)})).await;
    stage.ready(MEMBERS, "ada").await;
    stage
}

fn remove() -> Command {
    let (publisher, user) = (PUBLISHER.to_owned(), address("ada"));
    Command::Publisher(PublisherCommand::RemoveUser { publisher, user, version: None })
}

fn make(role: PublisherRole) -> Command {
    let (publisher, who) = (PUBLISHER.to_owned(), PublisherPrincipal::User { email: address("ada") });
    Command::Publisher(PublisherCommand::ChangeUser { publisher, who, role, friendly_name: None, version: None })
}

/// What the object tells that somebody did, the newest first.
fn told(stage: &Stage) -> Vec<String> {
    let object = stage.get(MEMBERS, "ada").unwrap();
    let entries = object["status"]["drift"].as_array().cloned().unwrap_or_default();
    entries.iter().map(|it| it["change"].as_str().unwrap().to_owned()).collect()
}

fn events(stage: &Stage) -> usize {
    let is = |it: &Value| it["kind"] == "Event" && it["reason"] == "DriftDetected";
    stage.memory.all().iter().filter(|it| is(it)).count()
}

#[tokio::test(start_paused = true)]
async fn what_somebody_did_to_a_user_is_told_once_and_mended_also_where_the_operator_dies_in_between() {
    let cases = [
        ("Contributor", remove(), "Removed"),
        ("Contributor", make(PublisherRole::Owner), "Promoted"),
        ("Owner", make(PublisherRole::Contributor), "Demoted"),
    ];
    for (seed, (role, by_hand, change)) in cases.into_iter().enumerate() {
        for dies in [false, true] {
            let mut stage = declared(seed as u64, role).await;
            sleep(Duration::from_mins(5)).await;
            let before = stage.held();
            stage.portal(&by_hand);
            if dies {
                // It is carried out, and who asked for it dies before there is an answer.
                stage.simulator.inject(Fault::hang("PUT", "/api/publishers"));
                stage.until("it is told", |stage| !told(stage).is_empty()).await;
                stage.until("it is mended", |stage| stage.held() == before).await;
                stage.crash().await;
                stage.start();
            }
            stage.until("it is told", |stage| !told(stage).is_empty()).await;
            stage.until("it is mended", |stage| stage.held() == before).await;
            stage.ready(MEMBERS, "ada").await;
            sleep(Duration::from_mins(15)).await;
            let seen = (told(&stage), stage.held() == before);
            assert_eq!(seen, (vec![change.to_owned()], true), "dies: {dies}: {}", stage.tell());
            assert!(dies || events(&stage) == 1, "one event");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn what_the_operator_does_to_a_user_is_no_drift_nor_what_a_listing_does_not_show_yet() {
    let mut stage = declared(9, "Contributor").await;
    for role in ["Owner", "Contributor", "Owner"] {
        stage.edit(MEMBERS, "ada", json!({"spec": {"role": role}})).await;
        stage.ready(MEMBERS, "ada").await;
    }
    sleep(Duration::from_mins(5)).await;
    stage.simulator.update(|knobs| knobs.lag = Lag::Seconds(60)).unwrap();
    stage.edit(MEMBERS, "ada", json!({"spec": {"role": "Contributor"}})).await;
    stage.ready(MEMBERS, "ada").await;
    stage.crash().await;
    stage.free().await;
    stage.start();
    sleep(Duration::from_mins(15)).await;
    stage.ready(MEMBERS, "ada").await;
    assert!(told(&stage).is_empty(), "{:?}: {}", told(&stage), stage.tell());
}
