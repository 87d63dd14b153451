//! The client against scripted transports, under virtual time.

use std::{
    io,
    sync::{Arc, Mutex},
    time::Duration,
};

use ::http::Method;
use serde_json::json;
use tokio::time::Instant;

use super::*;
use crate::backend::script::{self, CANARY, KEY, Outcome, Record, answer, client, with};

fn serving(outcomes: Vec<Outcome>) -> (HttpClient, Record) {
    client(move |number, _| outcomes[number.min(outcomes.len() - 1)].clone())
}

/// Makes one call and says what came of it, after how many attempts and how many (virtual) seconds.
async fn outcome(method: &Method, outcomes: Vec<Outcome>) -> (Result<Reply, BackendError>, usize, f64) {
    let (http, record) = serving(outcomes);
    let started = Instant::now();
    let result = http.send(Call::new("try", method.clone(), "/x")).await;
    let attempts = record.lock().unwrap().len();
    (result, attempts, started.elapsed().as_secs_f64())
}

async fn check(method: Method, outcomes: Vec<Outcome>, kind: Option<ErrorKind>, attempts: usize) {
    let statuses: Vec<_> = outcomes.iter().map(label).collect();
    let (result, counted, _) = outcome(&method, outcomes).await;
    assert_eq!(result.err().map(|error| error.kind), kind, "{method} {statuses:?}");
    assert_eq!(counted, attempts, "{method} {statuses:?}");
}

fn label(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Answer(status, ..) => status.to_string(),
        Outcome::Unsent => "unsent".to_owned(),
        Outcome::Broken => "broken".to_owned(),
        Outcome::Silence => "silence".to_owned(),
    }
}

#[tokio::test(start_paused = true)]
async fn reads_are_tried_three_times_and_only_where_it_may_help() {
    use ErrorKind::{CredentialsRejected, Forbidden, Invalid, NotFound, Throttled, Unavailable};
    let ok = || answer(200, "{}");
    let cases = [
        (vec![ok()], None, 1),
        (vec![answer(503, ""), ok()], None, 2),
        (vec![answer(429, ""), answer(500, ""), ok()], None, 3),
        (vec![Outcome::Unsent, Outcome::Broken, ok()], None, 3),
        (vec![Outcome::Silence, ok()], None, 2),
        (vec![answer(502, "")], Some(Unavailable), 3),
        (vec![answer(429, "")], Some(Throttled), 3),
        (vec![Outcome::Unsent], Some(Unavailable), 3),
        (vec![Outcome::Broken], Some(Unavailable), 3),
        (vec![answer(501, "")], Some(Unavailable), 1),
        (vec![answer(301, "")], Some(Unavailable), 1),
        (vec![answer(400, "")], Some(Invalid), 1),
        (vec![answer(401, "")], Some(CredentialsRejected), 1),
        (vec![answer(403, "")], Some(Forbidden), 1),
        (vec![answer(404, r#"{"message":"no"}"#)], Some(NotFound), 1),
    ];
    for (outcomes, kind, attempts) in cases {
        check(Method::GET, outcomes, kind, attempts).await;
    }
}

#[tokio::test(start_paused = true)]
async fn writes_are_tried_once_and_doubt_is_told_from_certainty() {
    use ErrorKind::{Ambiguous, Conflict, NotFound, Throttled, Unavailable};
    for method in [Method::POST, Method::PATCH, Method::DELETE] {
        let cases = [
            (Outcome::Unsent, Unavailable),
            (Outcome::Broken, Ambiguous),
            (Outcome::Silence, Ambiguous),
            (answer(500, ""), Ambiguous),
            (answer(503, ""), Ambiguous),
            (answer(504, "<html>"), Ambiguous),
            (answer(429, ""), Throttled),
            (answer(409, ""), Conflict),
            (answer(404, r#"{"errors":[]}"#), NotFound),
            (answer(404, "<html>"), Ambiguous),
            (answer(307, ""), Unavailable),
            (answer(303, ""), Ambiguous),
        ];
        for (outcome, kind) in cases {
            check(method.clone(), vec![outcome], Some(kind), 1).await;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn the_servers_wait_is_kept_where_the_deadline_allows_and_told_where_not() {
    let throttled = |name, value| with(429, name, value, "");
    let (result, attempts, seconds) =
        outcome(&Method::GET, vec![throttled("retry-after", "20"), answer(200, "{}")]).await;
    assert!(result.is_ok() && attempts == 2 && (20.0..21.0).contains(&seconds), "{attempts} {seconds}");

    let cases = [
        (Method::GET, throttled("retry-after", "600"), Some(600), 1.0),
        (Method::GET, throttled("x-ratelimit-reset", "300"), Some(300), 1.0),
        (Method::POST, throttled("retry-after", "5"), Some(5), 1.0),
        (Method::POST, throttled("x-ratelimit-reset", "7"), Some(7), 1.0),
        (Method::POST, throttled("x-other", "7"), None, 1.0),
        (Method::GET, with(503, "retry-after", "600", ""), Some(600), 1.0),
    ];
    for (method, outcome_of_all, wait, most) in cases {
        let (result, attempts, seconds) = outcome(&method, vec![outcome_of_all]).await;
        assert_eq!(result.unwrap_err().retry_after, wait.map(Duration::from_secs), "{method} {wait:?}");
        assert!(attempts == 1 && seconds < most, "{method} {wait:?}: {attempts} {seconds}");
    }
}

#[tokio::test(start_paused = true)]
async fn every_call_ends_within_its_deadline() {
    let (result, attempts, seconds) = outcome(&Method::GET, vec![Outcome::Silence]).await;
    let error = result.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Unavailable);
    assert_eq!(attempts, 3);
    assert!(seconds <= 90.1, "{seconds}");
    let (result, _, seconds) = outcome(&Method::DELETE, vec![Outcome::Silence]).await;
    let error = result.unwrap_err();
    assert!((29.9..30.1).contains(&seconds), "{seconds}");
    let public = "`api.confluent.test` gave no answer within 30 s, so it is not known whether this was done";
    assert_eq!(error.public, public);
}

#[tokio::test(start_paused = true)]
async fn each_call_carries_its_credential_agent_and_id() {
    let (http, record) = serving(vec![answer(503, ""), answer(200, "{}"), with(400, "x-request-id", "theirs", "")]);
    http.send(Call::get("try", "/x")).await.unwrap();
    let body = Call::new("try", Method::POST, "/x").json(&json!({"a": 1})).unwrap();
    assert_eq!(http.send(body).await.unwrap_err().request_id.as_deref(), Some("theirs"));
    let seen = record.lock().unwrap().clone();
    let header =
        |index: usize, name: &str| seen[index].headers.get(name).map(|value| value.to_str().unwrap().to_owned());
    assert_eq!(header(0, "authorization").unwrap(), script::credential().authorization().unwrap().to_str().unwrap());
    assert!(header(0, "user-agent").unwrap().starts_with("roster/"));
    assert_eq!(header(0, "x-request-id"), header(1, "x-request-id"));
    assert_ne!(header(1, "x-request-id"), header(2, "x-request-id"));
    assert_eq!((header(0, "content-type"), header(2, "content-type").as_deref()), (None, Some("application/json")));
    assert_eq!(seen[2].body, r#"{"a":1}"#);
}

#[tokio::test(start_paused = true)]
async fn a_success_that_cannot_be_read_is_none() {
    for (body, read) in [("<html>", "GET"), (r#"{"data":["#, "GET"), ("<html>", "POST"), ("[]", "POST")] {
        let (result, ..) = outcome(&read.parse().unwrap(), vec![answer(200, body)]).await;
        let reply = result.unwrap();
        let kind = if read == "GET" { ErrorKind::Malformed } else { ErrorKind::Ambiguous };
        assert_eq!(reply.json::<serde_json::Map<_, _>>().unwrap_err().kind, kind, "{read} {body}");
        assert_eq!(reply.acknowledged().unwrap_err().kind, kind, "{read} {body}");
    }
    for body in ["", " \n", "{}"] {
        let (result, ..) = outcome(&Method::DELETE, vec![answer(200, body)]).await;
        result.unwrap().acknowledged().unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn an_id_that_is_a_path_is_never_sent() {
    let (http, record) = serving(vec![answer(204, "")]);
    for id in ["", ".", ".."] {
        let error = http.send(Call::new("try", Method::DELETE, "/x/{id}").argument(id)).await.unwrap_err();
        assert_eq!(error.kind, ErrorKind::Invalid);
    }
    assert!(record.lock().unwrap().is_empty());
}

#[derive(Default)]
struct Kept(Mutex<Vec<Attempt>>);

impl Observer for Kept {
    fn attempted(&self, attempt: &Attempt) {
        self.0.lock().unwrap().push(attempt.clone());
    }
}

#[tokio::test(start_paused = true)]
async fn the_observer_is_told_of_every_attempt() {
    let outcomes = [Outcome::Broken, with(503, "x-ratelimit-remaining", "3", ""), answer(200, "{}")];
    let (transport, _) = script::transport(move |number, _| outcomes[number].clone());
    let kept = Arc::new(Kept::default());
    let observer: Arc<dyn Observer> = Arc::<Kept>::clone(&kept);
    let http =
        HttpClient::observed(transport, script::endpoint(), script::credential(), Settings::new(1), Some(observer));
    http.send(Call::get("read a user", "/iam/v2/users/{id}").argument("u-1")).await.unwrap();
    let told = kept.0.lock().unwrap().clone();
    let statuses: Vec<_> = told.iter().map(|attempt| (attempt.status, attempt.rate.remaining)).collect();
    assert_eq!(statuses, [(None, None), (Some(503), Some(3)), (Some(200), None)]);
    assert_eq!((told[0].operation, told[0].template), ("read a user", "/iam/v2/users/{id}"));
    assert!(told.iter().all(|attempt| attempt.elapsed >= Duration::from_millis(1)));
}

#[derive(Clone, Default)]
struct Written(Arc<Mutex<Vec<u8>>>);

impl io::Write for Written {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[tokio::test(start_paused = true)]
async fn no_text_of_ours_holds_the_credential() {
    // With one subscriber alive, a callsite that another test's thread meets first is cached as silent (tracing-core
    // 0.1, `Rebuilder::JustOne`); with two it is not.
    let _second = tracing::Dispatch::new(tracing::subscriber::NoSubscriber::new());
    let log = Written::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_ansi(false)
        .with_writer(move || writer.clone())
        .finish();
    let _guard = tracing::subscriber::set_default(subscriber);

    let authorization = script::credential().authorization().unwrap().to_str().unwrap().to_owned();
    let reflected = json!({"message": format!("bad key {KEY} with {CANARY} as {authorization}")}).to_string();
    let mut told = String::new();
    let outcomes = [
        answer(401, reflected.clone()),
        answer(400, reflected.clone()),
        answer(200, reflected.clone()),
        answer(200, format!("{{\"data\": \"{CANARY}\"}}")),
        with(500, "x-request-id", CANARY, &reflected),
        with(302, "location", &format!("https://{KEY}.test/{CANARY}"), ""),
        Outcome::Unsent,
        Outcome::Broken,
        Outcome::Silence,
    ];
    for outcome in outcomes {
        for method in [Method::GET, Method::POST] {
            let (http, _) = serving(vec![outcome.clone()]);
            let result = http.send(Call::new("try", method, "/x")).await;
            let error = match result {
                Ok(reply) => reply.json::<Vec<u8>>().unwrap_err(),
                Err(error) => error,
            };
            tracing::warn!(%error, ?error, ?http, "told");
            let source = error.source().map(ToString::to_string).unwrap_or_default();
            told = format!("{told}{error} {error:?} {} {source} {http:?}\n", error.public);
        }
    }
    told.push_str(std::str::from_utf8(&log.0.lock().unwrap()).unwrap());
    assert!(told.contains("backend attempt") && told.contains("[redacted]"), "{told}");
    for canary in [CANARY, KEY, authorization.strip_prefix("Basic ").unwrap()] {
        assert!(!told.to_lowercase().contains(&canary.to_lowercase()), "{canary} in {told}");
    }
}

#[tokio::test]
async fn a_calls_id_begins_with_that_of_the_pass_it_is_part_of() {
    let (http, record) = serving(vec![answer(200, "{}")]);
    let call = || http.send(Call::get("try", "/x"));
    let (_, _, _) = (
        PassId::new(0xabc).run(tracing::Span::none(), call()).await.unwrap(),
        PassId::new(0xabc).run(tracing::Span::none(), call()).await.unwrap(),
        call().await.unwrap(),
    );
    let ids: Vec<String> = {
        let record = record.lock().unwrap();
        record.iter().map(|request| request.headers["x-request-id"].to_str().unwrap().to_owned()).collect()
    };
    assert!(
        ids[0].starts_with("roster-0000000000000abc-") && ids[1].starts_with("roster-0000000000000abc-"),
        "{ids:?}"
    );
    assert!(ids[0] != ids[1] && ids[2].len() == "roster-".len() + 16, "{ids:?}");
}
