//! What the dialect answers when something is made to go wrong.

use std::time::Duration;

use super::*;
use crate::simulator::{Effect, Envelope, Fault, Lag, RateLimit, world::DuplicateGrant};

const BINDINGS: &str = "/iam/v2/role-bindings";

#[tokio::test]
async fn a_failure_comes_before_or_after_the_deed() {
    for (after, left) in [(false, 0), (true, 1)] {
        let bench = Bench::new();
        let fault = Fault::status("POST", BINDINGS, 503);
        bench.simulator.inject(if after { fault.after_execution() } else { fault });
        assert_eq!(bench.grant("User:sa-ordetl", "Operator", "/environment=env-prod01").await.status, 503);
        let listed = bench.get(&format!("{BINDINGS}?crn_pattern={}/*&role_name=Operator", crn(""))).await;
        assert_eq!(listed.ids().len(), left);
        let expected = if after { 409 } else { 201 };
        assert_eq!(bench.grant("User:sa-ordetl", "Operator", "/environment=env-prod01").await.status, expected);
    }
}

#[tokio::test]
async fn a_request_can_be_executed_and_never_answered() {
    let bench = Bench::new();
    bench.simulator.inject(Fault::hang("POST", BINDINGS));
    let call = bench.grant("User:sa-ordetl", "Operator", "/environment=env-prod01");
    assert!(tokio::time::timeout(Duration::from_millis(50), call).await.is_err());
    let record = bench.simulator.requests().pop().unwrap();
    assert_eq!((record.method.as_str(), record.status), ("POST", None));
    assert_eq!(bench.grant("User:sa-ordetl", "Operator", "/environment=env-prod01").await.status, 409);
}

#[tokio::test]
async fn answers_can_be_spoiled_on_the_way() {
    let bench = Bench::new();
    bench.simulator.inject(Fault::empty_list("/iam/v2/users"));
    assert_eq!(bench.get("/iam/v2/users").await.body["data"], json!([]));
    bench.simulator.inject(Fault::new("GET", "/iam/v2/users", Effect::Html));
    let html = bench.get("/iam/v2/users").await;
    assert_eq!((html.status, html.header("content-type")), (200, "text/html; charset=utf-8"));
    bench.simulator.inject(Fault::new("GET", "/iam/v2/users", Effect::Truncated));
    let cut = bench.get("/iam/v2/users").await;
    assert_eq!((cut.status, cut.body), (200, Value::Null));
    assert_eq!(bench.get("/iam/v2/users").await.ids().len(), 3);
    for (envelope, member) in [
        (Envelope::Failure, "errors"),
        (Envelope::ErrorCode, "error_code"),
        (Envelope::Documented, "requestId"),
        (Envelope::Bare, "message"),
    ] {
        let effect = Effect::Status { status: 500, envelope, retry_after: Some(3) };
        bench.simulator.inject(Fault::new("GET", "/iam/v2/users", effect));
        let reply = bench.get("/iam/v2/users").await;
        assert_eq!((reply.status, reply.header("retry-after")), (500, "3"));
        assert!(reply.body.get(member).is_some(), "{}", reply.body);
    }
}

#[tokio::test]
async fn a_page_can_fail_alone() {
    let bench = Bench::new();
    let fault = Fault { query: Some("page_token".to_owned()), ..Fault::status("GET", "/iam/v2/users", 502) };
    bench.simulator.inject(fault);
    let first = bench.get("/iam/v2/users?page_size=2").await;
    let next = first.body["metadata"]["next"].as_str().unwrap().trim_start_matches("http://simulator.test");
    assert_eq!(bench.get(next).await.status, 502);
    assert_eq!(bench.get(next).await.status, 200);
}

#[tokio::test]
async fn the_rate_is_limited_and_told() {
    let bench = Bench::new();
    let limit = RateLimit { limit: 2, window: 10, retry_after: true, headers: true };
    bench.simulator.update(|knobs| knobs.rate_limit = Some(limit)).unwrap();
    let first = bench.get("/iam/v2/users").await;
    assert_eq!((first.status, first.header("x-ratelimit-remaining")), (200, "1"));
    bench.simulator.portal(&Command::AdvanceClock { seconds: 4 }).unwrap();
    bench.get("/iam/v2/users").await;
    let refused = bench.get("/iam/v2/users").await;
    assert_eq!((refused.status, refused.header("retry-after")), (429, "6"));
    assert_eq!((refused.header("x-ratelimit-limit"), refused.header("x-ratelimit-reset")), ("2", "6"));
    assert_eq!(refused.body, Value::Null);
    bench.simulator.portal(&Command::AdvanceClock { seconds: 6 }).unwrap();
    assert_eq!(bench.get("/iam/v2/users").await.status, 200);
}

#[tokio::test]
async fn lists_can_lag_behind_while_reads_by_id_do_not() {
    let bench = Bench::new();
    let inside = format!("{BINDINGS}?crn_pattern={}/*", crn(""));
    let listed = async || bench.get(&inside).await.ids().len();
    bench.simulator.update(|knobs| knobs.lag = Lag::Seconds(90)).unwrap();
    let made = bench.grant("User:sa-ordetl", "Operator", "/environment=env-prod01").await;
    let path = format!("{BINDINGS}/{}", made.body["id"].as_str().unwrap());
    assert_eq!((listed().await, bench.get(&path).await.status), (1, 200));
    bench.simulator.portal(&Command::AdvanceClock { seconds: 89 }).unwrap();
    bench.grant("User:sa-ordetl", "Operator", "/environment=env-dev001").await;
    assert_eq!(listed().await, 1);
    bench.simulator.portal(&Command::AdvanceClock { seconds: 1 }).unwrap();
    assert_eq!(listed().await, 2);
    bench.simulator.update(|knobs| knobs.lag = Lag::Frozen).unwrap();
    bench.delete(&path).await;
    assert_eq!((listed().await, bench.get(&path).await.status), (3, 403));
    bench.simulator.update(|knobs| knobs.lag = Lag::None).unwrap();
    assert_eq!(listed().await, 2);
}

#[tokio::test]
async fn the_log_counts_requests() {
    let bench = Bench::new();
    bench.grant("User:sa-ordetl", "Operator", "/environment=env-prod01").await;
    bench.get("/iam/v2/users?page_size=2").await;
    let log = bench.simulator.requests();
    let lines: Vec<String> = log.iter().map(|r| format!("{} {} {:?}", r.method, r.path, r.status)).collect();
    assert_eq!(lines, ["POST /iam/v2/role-bindings Some(201)", "GET /iam/v2/users Some(200)"]);
    assert_eq!((log[1].query.as_str(), log[1].seq), ("page_size=2", 2));
    bench.simulator.clear_requests();
    assert!(bench.simulator.requests().is_empty());
}

#[tokio::test]
async fn knobs_are_turned_over_http_and_leave_the_rules_alone() {
    let bench = Bench::new();
    bench.simulator.rules(|rules| rules.duplicate_grant = DuplicateGrant::SameId201).unwrap();
    let knobs = json!({"faults": [{"path": "/iam", "effect": {"status": {"status": 418}}}]});
    let reply = bench.send(Method::PUT, "/simulator/knobs", Some(knobs)).await;
    assert_eq!((reply.status, &reply.body["rules"]["duplicateGrant"]), (200, &json!("SameId201")));
    assert_eq!(bench.get("/iam/v2/users").await.status, 418);
    let reply = bench.send(Method::PUT, "/simulator/knobs", Some(json!({"nonsense": 1}))).await;
    assert_eq!(reply.status, 400);
    assert_eq!(bench.get("/iam/v2/users").await.status, 418);
}
