//! What somebody does outside of git to what objects declare: seen at the next listing, told with who and when where an audit
//! log tells, and mended.

use roster::simulator::world::{Actor, Command};
use serde_json::{Value, json};

use crate::{
    refusals::{binding_id, connected, crn, email, environment, event, often, remote},
    stage::{Stage, condition, eventually},
};

const MARY: &str = "mary@example.com Operator environment env-prod01";

fn audited(object: &mut Value) {
    often(object);
    object["spec"]["backend"]["confluentCloud"]["auditLog"] = json!("Served");
    object["spec"]["unmanaged"] = json!({"policy": "Report", "within": [{"environment": "env-prod01"}]});
}

fn operator(stage: &Stage, more: Value) -> Value {
    stage.binding("it", email("mary@example.com"), "Operator", environment("env-prod01"), more)
}

/// Somebody with rights of their own does it, through the same API as everybody.
fn linus(stage: &Stage, command: &Command) {
    let actor = Actor::Principal(roster::access::PrincipalId::new("u-linus1"));
    stage.simulator.act(&actor, command).unwrap();
}

/// A listing shows what was written: until one does, it lags for all that anybody knows, and what it lacks is no drift.
fn known(stage: &Stage) {
    let lists = || stage.requests().iter().filter(|it| it.method == "GET" && it.path == "/iam/v2/users").count();
    let next = lists() + 2;
    eventually("two listings", &mut || lists() >= next, &mut String::new);
}

fn history(stage: &Stage, kind: &str, name: &str) -> Vec<Value> {
    stage.get(kind, name).unwrap()["status"]["drift"].as_array().cloned().unwrap_or_default()
}

fn told(stage: &Stage, kind: &str, name: &str, times: usize) -> Value {
    let entries = || history(stage, kind, name);
    eventually(&format!("{times} times drift"), &mut || entries().len() == times, &mut || format!("{:?}", entries()));
    entries()[0].clone()
}

fn posts(stage: &Stage) -> usize {
    stage.remote_writes().iter().filter(|it| it.starts_with("POST /iam/v2/role-bindings")).count()
}

#[test]
fn a_grant_that_somebody_takes_away_is_told_with_who_and_when_and_made_again() {
    let stage = connected("drift", audited);
    stage.apply(&[operator(&stage, json!({}))]);
    stage.settled("arb", "it", "True", "InSync");
    assert_eq!(history(&stage, "arb", "it"), [json!(null); 0]);
    known(&stage);
    linus(&stage, &Command::Revoke { binding: binding_id(&stage, "u-mary01", "Operator") });
    let entry = told(&stage, "arb", "it", 1);
    assert_eq!((&entry["change"], &entry["by"]), (&json!("Removed"), &json!("linus@example.com")));
    assert!(entry["at"].is_string() && entry["seen"].is_string(), "{entry}");
    let words = "Operator for `mary@example.com` was taken away outside of its object, by `linus@example.com` at 20";
    assert!(event(&stage, "arb", "it", "DriftDetected").starts_with(words));
    stage.settled("arb", "it", "True", "InSync");
    remote(&stage, MARY, true);
    assert_eq!(posts(&stage), 2);
    known(&stage);

    // Taken away and made again by hand: nothing is to be mended.
    linus(&stage, &Command::Revoke { binding: binding_id(&stage, "u-mary01", "Operator") });
    let (principal, role) = ("User:u-mary01".to_owned(), "Operator".to_owned());
    linus(&stage, &Command::Grant { principal, role, crn: crn(&stage, "/environment=env-prod01") });
    let entry = told(&stage, "arb", "it", 2);
    assert_eq!((&entry["change"], &entry["by"]), (&json!("Recreated"), &json!("linus@example.com")));
    assert_eq!(posts(&stage), 2);

    // More than was declared: told on the organization, with who gave it.
    let (principal, role) = ("User:u-mary01".to_owned(), "FlinkAdmin".to_owned());
    linus(&stage, &Command::Grant { principal, role, crn: crn(&stage, "/environment=env-prod01") });
    let words = "FlinkAdmin on environment env-prod01 for `mary@example.com`, by `linus@example.com` at ";
    assert!(event(&stage, "corg", "drift", "UndeclaredAccess").contains(words));
    let entries = stage.get("corg", "drift").unwrap()["status"]["unmanaged"]["entries"].to_string();
    assert!(entries.contains(words), "{entries}");

    // And then nothing is written any more.
    let before = stage.theatre.writes_to_our_kinds("drift").len();
    stage.relist();
    stage.relist();
    assert_eq!(stage.theatre.writes_to_our_kinds("drift").len(), before);
    assert_eq!(history(&stage, "arb", "it").len(), 2);
}

#[test]
fn what_the_operator_does_itself_is_no_drift() {
    let stage = connected("drift-own", audited);
    let twin = || stage.binding("twin", email("mary@example.com"), "Operator", environment("env-prod01"), json!({}));
    stage.apply(&[operator(&stage, json!({})), twin()]);
    stage.settled("arb", "it", "True", "Shared");
    let edited = stage.binding("twin", email("mary@example.com"), "FlinkAdmin", environment("env-prod01"), json!({}));
    stage.apply(&[edited]);
    stage.settled("arb", "twin", "True", "InSync");
    stage.apply(&[twin()]);
    stage.settled("arb", "twin", "True", "Shared");
    stage.apply(&[operator(&stage, json!({"validity": {"notAfter": super::validity::after(2)}}))]);
    stage.settled("arb", "it", "True", "Expired");
    stage.apply(&[operator(&stage, json!({}))]);
    stage.settled("arb", "it", "True", "Shared");
    // One of two objects puts it back; the other sees another id.
    known(&stage);
    linus(&stage, &Command::Revoke { binding: binding_id(&stage, "u-mary01", "Operator") });
    stage.relist();
    remote(&stage, MARY, true);
    stage.settled("arb", "it", "True", "Shared");
    stage.settled("arb", "twin", "True", "Shared");
    stage.relist();
    for name in ["it", "twin"] {
        let entries = history(&stage, "arb", name);
        assert!(entries.len() <= 1 && entries.iter().all(|it| it["change"] == "Removed"), "{name}: {entries:?}");
    }
}

#[test]
fn an_account_that_somebody_deletes_is_told_invited_again_and_holds_what_is_declared() {
    let stage = connected("drift-account", audited);
    let ada = json!({"userRef": {"name": "ada"}});
    stage.apply(&[
        stage.user("ada", "ada@example.com", json!({})),
        stage.binding("it", ada, "Operator", environment("env-prod01"), json!({})),
    ]);
    stage.settled("arb", "it", "True", "InSync");
    let user = stage.settled("cuser", "ada", "True", "InSync")["status"]["userId"].as_str().unwrap().to_owned();
    known(&stage);
    linus(&stage, &Command::DeleteUser { user: user.clone() });
    let entry = told(&stage, "cuser", "ada", 1);
    assert_eq!((&entry["change"], &entry["by"]), (&json!("Removed"), &json!("linus@example.com")));
    assert!(event(&stage, "cuser", "ada", "DriftDetected").contains("`ada@example.com` was taken away"));
    // The same person under another id: the binding follows without being touched.
    remote(&stage, "ada@example.com Operator environment env-prod01", true);
    stage.settled("cuser", "ada", "True", "InSync");
    let binding = stage.settled("arb", "it", "True", "InSync");
    assert_ne!(binding["status"]["grant"]["principalId"], *user);
    let writes = stage.remote_writes();
    // Whoever is gone is refused to a grant that was under way for them.
    let made = |begin: &str| writes.iter().filter(|it| it.starts_with(begin) && it.ends_with("Some(201)")).count();
    assert_eq!((made("POST /iam/v2/invitations"), made("POST /iam/v2/role-bindings")), (2, 2), "{writes:?}");
    assert!(!writes.iter().any(|it| it.starts_with("DELETE")), "{writes:?}");
}

#[test]
fn a_suspended_object_tells_drift_and_mends_nothing() {
    let stage = connected("drift-suspended", often);
    stage.apply(&[operator(&stage, json!({}))]);
    stage.settled("arb", "it", "True", "InSync");
    stage.apply(&[operator(&stage, json!({"suspend": true}))]);
    stage.settled("arb", "it", "True", "Suspended");
    known(&stage);
    stage.portal(&Command::Revoke { binding: binding_id(&stage, "u-mary01", "Operator") });
    let entry = told(&stage, "arb", "it", 1);
    assert_eq!((&entry["change"], &entry["by"]), (&json!("Removed"), &json!(null)), "no log is read");
    stage.relist();
    let it = stage.settled("arb", "it", "True", "Suspended");
    assert_eq!((condition(&it, "Granted")["status"].as_str(), history(&stage, "arb", "it").len()), (Some("False"), 1));
    remote(&stage, MARY, false);
}

#[test]
fn a_history_keeps_the_last_ten() {
    let stage = connected("drift-often", often);
    stage.apply(&[operator(&stage, json!({}))]);
    stage.settled("arb", "it", "True", "InSync");
    let mut before = String::new();
    for turn in 1..=12_usize {
        let id = || binding_id(&stage, "u-mary01", "Operator");
        let held = || stage.remote().contains(&MARY.to_owned());
        eventually("it is there again", &mut || held() && id() != before, &mut String::new);
        stage.settled("arb", "it", "True", "InSync");
        before = id();
        // Until a listing shows it, a grant that is gone is one that lags.
        stage.relist();
        stage.settled("arb", "it", "True", "InSync");
        stage.portal(&Command::Revoke { binding: before.clone() });
        stage.relist();
        told(&stage, "arb", "it", turn.min(10));
    }
    assert_eq!(history(&stage, "arb", "it").len(), 10);
}
