//! What an operator is told by: metrics, the ids that bind a reconcile to its remote calls, traces, and an orderly end.

#![expect(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail as tests do")]

use std::{
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use axum::{Router, body::Bytes, routing::post};
use opentelemetry_proto::tonic::{
    collector::trace::v1::ExportTraceServiceRequest,
    common::v1::any_value::Value as Any,
    trace::v1::{Span, span::SpanKind, status::StatusCode},
};
use prost::Message;
use serde_json::json;

use crate::{
    replica::{House, Replica},
    stage::{Stage, eventually},
};

/// A collector that keeps what it is sent.
struct Collector {
    url: String,
    spans: Arc<Mutex<Vec<Span>>>,
}

impl Collector {
    fn start(house: &House) -> Self {
        let spans: Arc<Mutex<Vec<Span>>> = Arc::default();
        let kept = Arc::clone(&spans);
        let take = async move |body: Bytes| {
            let request = ExportTraceServiceRequest::decode(body).unwrap();
            let scopes = request.resource_spans.into_iter().flat_map(|resource| {
                let service = resource.resource.unwrap_or_default().attributes;
                assert!(service.iter().any(|it| it.key == "service.name"), "{service:?}");
                resource.scope_spans
            });
            kept.lock().unwrap().extend(scopes.flat_map(|scope| scope.spans));
        };
        let router = Router::new().route("/v1/traces", post(take));
        let runtime = &house.theatre.runtime;
        let listener = runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0")).unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        runtime.spawn(async move { axum::serve(listener, router).await });
        Self { url, spans }
    }
}

fn attribute(span: &Span, name: &str) -> String {
    let found = span.attributes.iter().find(|it| it.key == name).and_then(|it| it.value.clone()?.value);
    match found {
        Some(Any::StringValue(text)) => text,
        Some(Any::IntValue(number)) => number.to_string(),
        other => panic!("{name}: {other:?} in {span:?}"),
    }
}

fn linus_operates(stage: &Stage) -> serde_json::Value {
    let scope = json!({"environment": "env-prod01"});
    stage.binding("linus", json!({"email": "linus@example.com"}), "Operator", scope, json!({}))
}

/// The value of the one series whose line begins like that.
fn value(page: &str, series: &str) -> Option<f64> {
    page.lines().find_map(|line| line.strip_prefix(series)).map(|rest| rest.trim().parse().unwrap())
}

#[test]
fn a_grant_can_be_followed_from_the_reconcile_to_the_remote_call_in_log_and_trace() {
    let house = House::enter();
    let stage = Stage::of(house.theatre, "followed");
    let collector = Collector::start(&house);
    let more = ["--otlp-endpoint", &collector.url];
    let operator = Replica::start_with(house.theatre, "followed", "roster=debug,info", &more);
    operator.leads(&house);
    stage.apply(&[linus_operates(&stage)]);
    stage.settled("arb", "linus", "True", "InSync");
    operator.terminate();
    let log = operator.log.clone();
    assert!(operator.ended().success());
    let log = std::fs::read_to_string(log).unwrap();

    let spans = collector.spans.lock().unwrap().clone();
    let told = || spans.iter().map(|span| span.name.clone()).collect::<Vec<String>>();
    let find = |holds: &dyn Fn(&Span) -> bool| spans.iter().find(|span| holds(span)).cloned();
    let create = |span: &Span| span.name == "call" && attribute(span, "method") == "POST";
    let call = find(&create).unwrap_or_else(|| panic!("{:?}", told()));
    let parent = |of: &Span| find(&|span| span.span_id == of.parent_span_id).unwrap_or_else(|| panic!("{of:?}"));
    let steps = parent(&call);
    let reconcile = parent(&steps);
    assert_eq!((steps.name.as_str(), reconcile.name.as_str()), ("steps", "reconcile"));
    assert!(call.trace_id == steps.trace_id && steps.trace_id == reconcile.trace_id);
    assert_eq!((call.kind, call.status.clone().unwrap().code), (SpanKind::Client as i32, StatusCode::Ok as i32));
    assert_eq!((attribute(&call, "status").as_str(), attribute(&reconcile, "name").as_str()), ("201", "linus"));
    // The reconcile ended when it did, and not with the steps that came of it.
    assert!(reconcile.end_time_unix_nano < call.end_time_unix_nano);

    let pass = attribute(&reconcile, "pass");
    assert_eq!(attribute(&steps, "pass"), pass);
    let id = attribute(&call, "request_id");
    assert!(id.starts_with(&format!("roster-{pass}-")), "{id} {pass}");
    for said in ["backend attempt", "done"] {
        let line = log.lines().find(|line| line.contains(said) && line.contains(&format!("pass={pass}")));
        assert!(line.is_some(), "{said} {pass}\n{log}");
    }
    let attempt = log.lines().find(|line| line.contains("backend attempt") && line.contains(&id));
    assert!(attempt.is_some_and(|line| line.contains("reconcile{") || line.contains("steps{")), "{attempt:?}\n{log}");
}

#[test]
fn a_collector_that_never_answers_delays_nothing_but_the_end_and_that_by_seconds() {
    let house = House::enter();
    let stage = Stage::of(house.theatre, "collectorless");
    // It is connected to, and says nothing.
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", silent.local_addr().unwrap());
    let operator = Replica::start_with(house.theatre, "untraced", "roster=debug,info", &["--otlp-endpoint", &url]);
    operator.leads(&house);
    stage.apply(&[linus_operates(&stage)]);
    stage.settled("arb", "linus", "True", "InSync");
    let complained = || operator.said().matches("spans cannot be exported").count() == 1;
    eventually("it says so", &mut || complained(), &mut || operator.said());
    let since = Instant::now();
    operator.terminate();
    assert!(operator.ended().success());
    assert!(since.elapsed() < Duration::from_secs(20), "{:?}", since.elapsed());
    assert_eq!(house.holder(), "");
}

#[test]
fn the_page_says_how_things_stand_and_forgets_what_is_gone() {
    let house = House::enter();
    let stage = Stage::of(house.theatre, "measured");
    let limit = roster::simulator::RateLimit { limit: 900, window: 60, retry_after: true, headers: true };
    stage.simulator.update(|knobs| knobs.rate_limit = Some(limit)).unwrap();
    let operator = house.leader("measured");
    let mary = json!({"email": "mary@example.com"});
    let admin =
        stage.binding("mary", mary, "OrganizationAdmin", json!({"organization": {}}), json!({"adoption": "Adopt"}));
    stage.apply(&[linus_operates(&stage), admin]);
    stage.settled("arb", "linus", "True", "InSync");
    stage.settled("arb", "mary", "True", "InSync");
    let page = operator.page("/metrics");
    let settled = "roster_objects{kind=\"RoleBinding\",reason=\"InSync\",state=\"settled\"}";
    let before = value(&page, settled).unwrap_or_else(|| panic!("{page}"));
    assert!(before >= 2.0, "{page}");
    let realm = "{kind=\"ConfluentOrganization\",realm=\"measured\"}";
    let age = value(&page, &format!("roster_inventory_age_seconds{realm}")).unwrap_or_else(|| panic!("{page}"));
    assert!((0.0..60.0).contains(&age), "{age}");
    assert_eq!(value(&page, &format!("roster_inventory_resync_seconds{realm}")), Some(600.0), "{page}");
    assert_eq!(value(&page, &format!("roster_lane_queue_objects{realm}")), Some(0.0), "{page}");
    assert_eq!(value(&page, &format!("roster_rate_budget_limit_requests{realm}")), Some(900.0), "{page}");
    let left = value(&page, &format!("roster_rate_budget_remaining_requests{realm}")).unwrap();
    assert!(left < 900.0, "{page}");
    let told = value(&page, "roster_event_lag_seconds_count{kind=\"RoleBinding\"}").unwrap_or_default();
    assert!(told >= 2.0, "{page}");
    let made = "operation=\"grant a role\",verb=\"POST\",status=\"2xx\",outcome=\"ok\"}";
    assert!(page.contains(made), "{page}");

    // A removal that a guard holds is seen, and forgotten when the guard lets it go.
    stage.apply(&[
        stage.organization(|it| it["spec"]["protection"] = json!({"requiredOrganizationAdmins": ["mary@example.com"]}))
    ]);
    stage.delete("arb", "mary");
    stage.settled("arb", "mary", "False", "RequiredOrganizationAdmin");
    let held =
        "roster_held_removals{kind=\"ConfluentOrganization\",realm=\"measured\",reason=\"RequiredOrganizationAdmin\"}";
    let page = operator.page("/metrics");
    assert_eq!(value(&page, held), Some(1.0), "{page}");
    stage.apply(&[stage.organization(|_| {})]);
    stage.gone("arb", "mary");
    stage.delete("arb", "linus");
    stage.gone("arb", "linus");
    stage.delete("corg", "measured");
    stage.gone("corg", "measured");
    let forgotten = || !operator.page("/metrics").contains("measured");
    eventually("its series are gone", &mut || forgotten(), &mut || operator.page("/metrics"));
    let after = value(&operator.page("/metrics"), settled).unwrap_or_default();
    assert!(after < before, "{before} {after}");
}
