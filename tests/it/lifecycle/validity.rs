//! Grants with a time of their own, by the clock on the wall.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::{
    publishers::Fair,
    refusals::{Told, connected, email, environment, event, organization, remote},
    stage::{Stage, condition, message},
};

const MARY: &str = "mary@example.com Operator environment env-prod01";

pub(super) fn after(seconds: u64) -> String {
    format!("{:.0}", Timestamp::now() + Duration::from_secs(seconds))
}

fn operator(stage: &Stage, name: &str, more: Value) -> Value {
    stage.binding(name, email("mary@example.com"), "Operator", environment("env-prod01"), more)
}

fn granted(object: &Value) -> (Value, Value) {
    let granted = condition(object, "Granted");
    (granted["status"].clone(), granted["reason"].clone())
}

#[test]
fn a_grant_comes_and_goes_at_its_time() {
    let stage = Stage::new("validity");
    let (begin, end) = (after(8), after(16));
    stage.apply(&[operator(&stage, "shift", json!({"validity": {"notBefore": begin, "notAfter": end}}))]);
    let early = stage.settled("arb", "shift", "True", "NotYetValid");
    assert_eq!(granted(&early), (json!("False"), json!("NotYetValid")));
    assert_eq!(early["status"]["nextTransition"], begin.as_str());
    assert_eq!(early["metadata"]["finalizers"], Value::Null, "there is nothing to clean up");
    assert!(message(&early).contains(&format!("not in force before {begin}")), "{}", message(&early));
    remote(&stage, MARY, false);

    let current = stage.settled("arb", "shift", "True", "InSync");
    assert!(Timestamp::now() >= begin.parse().unwrap());
    assert_eq!(granted(&current), (json!("True"), json!("InSync")));
    assert_eq!(current["status"]["nextTransition"], end.as_str());
    remote(&stage, MARY, true);

    let over = stage.settled("arb", "shift", "True", "Expired");
    assert!(Timestamp::now() >= end.parse().unwrap());
    assert_eq!(granted(&over), (json!("False"), json!("Expired")));
    assert_eq!((&over["status"]["nextTransition"], &over["status"]["grant"]), (&Value::Null, &Value::Null));
    assert!(event(&stage, "arb", "shift", "Revoked").contains("revoked Operator"));
    remote(&stage, MARY, false);
    assert_eq!(stage.remote_writes().len(), 2);

    // An edit prolongs it, and deletion ends it as ever.
    stage.apply(&[operator(&stage, "shift", json!({"validity": {"notAfter": after(600)}}))]);
    stage.settled("arb", "shift", "True", "InSync");
    stage.delete("arb", "shift");
    stage.gone("arb", "shift");
    remote(&stage, MARY, false);
}

#[test]
fn a_grant_stays_while_one_of_its_objects_is_in_force() {
    let stage = Stage::new("validity-shared");
    let end = after(6);
    let until = json!({"validity": {"notAfter": end}});
    stage.apply(&[operator(&stage, "brief", until), operator(&stage, "lasting", json!({}))]);
    let brief = stage.settled("arb", "brief", "True", "Expired");
    assert!(message(&brief).contains("stays: declared by `validity-shared/lasting` too"), "{}", message(&brief));
    assert_eq!(granted(&brief).0, "True");
    stage.settled("arb", "lasting", "True", "InSync");
    remote(&stage, MARY, true);
    stage.delete("arb", "lasting");
    stage.gone("arb", "lasting");
    remote(&stage, MARY, false);
}

#[test]
fn an_expiry_that_a_guard_holds_is_told_and_goes_on_by_itself() {
    let stage = connected("validity-held", |object| {
        object["spec"]["protection"] = json!({"minimumOrganizationAdmins": 2});
    });
    let linus = "linus@example.com OrganizationAdmin the organization";
    let until = json!({"adoption": "Adopt", "validity": {"notAfter": after(6)}});
    stage.apply(&[stage.binding("linus", email("linus@example.com"), "OrganizationAdmin", organization(), until)]);
    stage.settled("arb", "linus", "True", "InSync");
    let words = ["would have 1 effective administrators", "its minimum is 2"];
    let held = Told::held("arb", "linus", "LastOrganizationAdmin", &words).by(&stage);
    assert_eq!(condition(&held, "Stalled")["status"], "True");
    assert_eq!(granted(&held).0, "True");
    remote(&stage, linus, true);
    stage.apply(&[stage.organization(|_| {})]);
    stage.settled("arb", "linus", "True", "Expired");
    remote(&stage, linus, false);
}

#[test]
fn a_delegation_that_bounds_the_time_names_the_longest() {
    let stage = connected("validity-bounded", |object| {
        object["spec"]["delegations"][0]["grant"][0]["maxDuration"] = json!("24h");
    });
    let object = |more| operator(&stage, "it", more);
    stage.apply(&[object(json!({}))]);
    let words = ["for at most 24h", "set `spec.validity.notAfter` to 2"];
    Told::invalid("arb", "it", "DelegationDenied", &words).by(&stage);
    stage.apply(&[object(json!({"validity": {"notAfter": after(25 * 3_600)}}))]);
    Told::invalid("arb", "it", "DelegationDenied", &words).by(&stage);
    remote(&stage, MARY, false);
    stage.apply(&[object(json!({"validity": {"notAfter": after(23 * 3_600)}}))]);
    stage.settled("arb", "it", "True", "InSync");
}

#[test]
fn a_publishers_user_comes_and_goes_at_its_time() {
    let fair = Fair::open("validity-publisher");
    let (stage, begin, end) = (&fair.stage, after(6), after(14));
    let more = json!({"justification": "CHG-1042", "validity": {"notBefore": begin, "notAfter": end}});
    stage.apply(&[fair.user("ada", "ada@example.com", "Contributor", more)]);
    let early = stage.settled("pubuser", "ada", "True", "NotYetValid");
    assert_eq!(early["status"]["nextTransition"], begin.as_str());
    assert_eq!(fair.role_of("ada@example.com"), None);
    let current = stage.settled("pubuser", "ada", "True", "InSync");
    assert_eq!(granted(&current).0, "True");
    let over = stage.settled("pubuser", "ada", "True", "Expired");
    assert_eq!(granted(&over), (json!("False"), json!("Expired")));
    assert_eq!(fair.role_of("ada@example.com"), None);
    assert_eq!(fair.writes().len(), 2);
    let described = stage.theatre.done(&["describe", "pubuser", "ada", "-n", &stage.name], "");
    assert!(described.contains("CHG-1042"), "{described}");
}
