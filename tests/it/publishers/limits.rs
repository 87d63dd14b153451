//! A portal that is busy, silent, or ahead of us.

use roster::simulator::{Effect, Envelope, Fault};

use super::*;

const USERS: &str = "/api/publishers";

#[test]
fn a_busy_portal_is_waited_for_and_a_lost_answer_adds_nobody_twice() {
    let fair = Fair::open("publisher-busy");
    let stage = &fair.stage;
    let effect = Effect::Status { status: 429, envelope: Envelope::Empty, retry_after: Some(6) };
    stage.simulator.inject(Fault::new("PUT", USERS, effect));
    stage.apply(&[fair.user("ada", "ada@example.com", "Contributor", json!({}))]);
    Told::held("pubuser", "ada", "Throttled", &["the vendor limits our rate"]).by(stage);
    stage.settled("pubuser", "ada", "True", "InSync");
    stage.simulator.inject(Fault::new("PUT", USERS, Effect::Truncated).after_execution());
    stage.apply(&[fair.user("hedy", "hedy@example.com", "Contributor", json!({}))]);
    stage.settled("pubuser", "hedy", "True", "InSync");
    let puts = fair.writes().iter().filter(|it| it.contains("hedy")).count();
    assert_eq!((puts, fair.role_of("hedy@example.com").unwrap().as_str()), (1, "contributor active"));
}

#[test]
fn a_version_that_changed_meanwhile_is_read_again() {
    let fair = Fair::open("publisher-version");
    let stage = &fair.stage;
    stage.apply(&[fair.user("ada", "ada@example.com", "Contributor", json!({}))]);
    stage.settled("pubuser", "ada", "True", "InSync");
    stage.simulator.inject(Fault::status("PUT", USERS, 412));
    stage.apply(&[fair.user("ada", "ada@example.com", "Owner", json!({}))]);
    stage.settled("pubuser", "ada", "True", "InSync");
    assert_eq!(fair.role_of("ada@example.com").unwrap(), "owner active");
    stage.simulator.inject(Fault::status("DELETE", USERS, 412));
    stage.delete("pubuser", "ada");
    stage.gone("pubuser", "ada");
    assert_eq!(fair.role_of("ada@example.com"), None);
}

#[test]
fn a_listing_that_fails_or_shrinks_takes_nothing_away() {
    let fair = Fair::open_with("publisher-listing", |it| it["spec"]["resyncInterval"] = json!("10s"));
    let stage = &fair.stage;
    stage.apply(&[fair.user("ada", "ada@example.com", "Contributor", json!({}))]);
    stage.settled("pubuser", "ada", "True", "InSync");
    stage.simulator.inject(Fault::status("GET", USERS, 503).always());
    stage.delete("pubuser", "ada");
    eventually("a listing failed", &mut || stage.requests().iter().any(|it| it.status == Some(503)), &mut String::new);
    assert!(fair.role_of("ada@example.com").is_some());
    stage.simulator.update(|knobs| knobs.faults.clear()).unwrap();
    stage.gone("pubuser", "ada");
    assert_eq!(fair.role_of("ada@example.com"), None);
}
