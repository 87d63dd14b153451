//! What the vendor cannot or will not do right now.

use roster::simulator::{
    Effect, Envelope, Fault, RateLimit,
    world::{DuplicateGrant, Quotas},
};
use serde_json::{Value, json};

use super::{Told, email, environment, everything, remote};
use crate::stage::Stage;

const BINDINGS: &str = "/iam/v2/role-bindings";
const GRANT: &str = "mary@example.com Operator environment env-prod01";

fn grant(stage: &Stage, more: Value) -> Value {
    stage.binding("it", email("mary@example.com"), "Operator", environment("env-prod01"), more)
}

fn made(stage: &Stage) -> usize {
    stage.remote().iter().filter(|it| *it == GRANT).count()
}

#[test]
fn a_throttled_step_waits_as_long_as_the_vendor_asks() {
    let stage = Stage::new("throttled");
    let effect = Effect::Status { status: 429, envelope: Envelope::Empty, retry_after: Some(7) };
    stage.simulator.inject(Fault::new("POST", BINDINGS, effect));
    stage.apply(&[grant(&stage, json!({}))]);
    Told::held("arb", "it", "Throttled", &["the vendor limits our rate", "it goes on by itself"]).by(&stage);
    assert_eq!(made(&stage), 0);
    stage.settled("arb", "it", "True", "InSync");
    assert_eq!(made(&stage), 1);
    let posts = stage.remote_writes().iter().filter(|it| it.starts_with("POST")).count();
    assert_eq!(posts, 2, "{:?}", stage.remote_writes());
}

#[test]
fn a_narrow_rate_slows_down_and_loses_nothing() {
    let stage = Stage::new("narrow-rate");
    stage.settled("corg", "narrow-rate", "True", "InSync");
    let limit = RateLimit { limit: 3, window: 1, retry_after: true, headers: true };
    stage.simulator.update(|knobs| knobs.rate_limit = Some(limit)).unwrap();
    let topics = ["a", "b", "c", "d", "e", "f"];
    let object = |name: &&str| {
        let scope = super::topic("env-prod01", "lkc-orders", name);
        stage.binding(name, email("mary@example.com"), "DeveloperRead", scope, json!({}))
    };
    stage.apply(&topics.iter().map(object).collect::<Vec<_>>());
    for name in topics {
        stage.settled("arb", name, "True", "InSync");
    }
    let held = stage.remote().iter().filter(|it| it.starts_with("mary@example.com DeveloperRead topic")).count();
    assert_eq!(held, topics.len());
}

#[test]
fn a_full_organization_is_told_and_an_edit_tries_again_at_once() {
    let stage = Stage::new("full");
    let count = stage.remote().len();
    stage.simulator.rules(|rules| rules.quotas.role_bindings = count).unwrap();
    stage.simulator.rules(|rules| rules.quotas.users = 0).unwrap();
    let before = everything(&stage);
    let ada = |more| stage.user("ada", "ada@example.com", more);
    stage.apply(&[grant(&stage, json!({})), ada(json!({}))]);
    let next = "remove what is not needed, or ask the vendor for more";
    let words = ["could not grant Operator", "the organization has reached a limit", next];
    Told::held("arb", "it", "QuotaExceeded", &words).by(&stage);
    Told::held("cuser", "ada", "QuotaExceeded", &["could not invite `ada@example.com`", next]).by(&stage);
    assert_eq!(everything(&stage), before);
    stage.simulator.rules(|rules| rules.quotas = Quotas::default()).unwrap();
    stage.apply(&[grant(&stage, json!({"adoption": "Adopt"})), ada(json!({"deletionPolicy": "Delete"}))]);
    stage.settled("arb", "it", "True", "InSync");
    stage.settled("cuser", "ada", "True", "NoRoles");
}

#[test]
fn a_vendor_that_fails_is_asked_again() {
    let stage = Stage::new("failing");
    stage.simulator.inject(Fault::status("POST", BINDINGS, 503).always());
    stage.apply(&[grant(&stage, json!({}))]);
    let words = ["could not grant Operator", "no definite answer; reading before trying again", "(503)"];
    Told::held("arb", "it", "BackendUnavailable", &words).by(&stage);
    assert_eq!(made(&stage), 0);
    stage.simulator.update(|knobs| knobs.faults.clear()).unwrap();
    stage.settled("arb", "it", "True", "InSync");
    assert_eq!(made(&stage), 1);
}

#[test]
fn an_answer_that_is_lost_makes_no_second_grant() {
    let lost = [
        ("lost-503", Fault::status("POST", BINDINGS, 503)),
        ("lost-html", Fault::new("POST", BINDINGS, Effect::Html)),
        ("lost-half", Fault::new("POST", BINDINGS, Effect::Truncated)),
    ];
    for (name, fault) in lost {
        let stage = Stage::new(name);
        stage.simulator.rules(|rules| rules.duplicate_grant = DuplicateGrant::NewId201).unwrap();
        stage.simulator.inject(fault.after_execution());
        stage.apply(&[grant(&stage, json!({}))]);
        stage.settled("arb", "it", "True", "InSync");
        assert_eq!(made(&stage), 1, "{name}");
        assert_eq!(stage.remote_writes().len(), 1, "{name}: {:?}", stage.remote_writes());
    }
}

#[test]
fn a_vendor_that_never_answers_holds_nobody_else_up() {
    let stage = Stage::new("hanging");
    stage.settled("corg", "hanging", "True", "InSync");
    let neighbour = Stage::new("not-hanging");
    stage.simulator.inject(Fault::hang("POST", BINDINGS));
    stage.apply(&[grant(&stage, json!({}))]);
    neighbour.apply(&[grant(&neighbour, json!({}))]);
    neighbour.settled("arb", "it", "True", "InSync");
    assert!(stage.remote_writes()[0].ends_with("None"), "the other one hangs still: {:?}", stage.remote_writes());
    stage.settled("arb", "it", "True", "InSync");
    remote(&stage, GRANT, true);
    assert_eq!(made(&stage), 1);
}

#[test]
fn a_vendor_that_cannot_be_reached_leaves_what_was_fine() {
    let stage = Stage::new("away");
    stage.apply(&[grant(&stage, json!({}))]);
    stage.settled("arb", "it", "True", "InSync");
    stage.simulator.inject(Fault { method: None, ..Fault::status("", "/", 503).always() });
    stage.apply(&[stage.user("ada", "ada@example.com", json!({}))]);
    Told::held("cuser", "ada", "BackendUnavailable", &["could not invite `ada@example.com`", "(503)"]).by(&stage);
    stage.settled("arb", "it", "True", "InSync");
    stage.settled("corg", "away", "True", "InSync");
    stage.simulator.update(|knobs| knobs.faults.clear()).unwrap();
    stage.settled("cuser", "ada", "True", "NoRoles");
}
