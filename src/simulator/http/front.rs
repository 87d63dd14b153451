//! What every request of a dialect goes through: its number and id, its delay, the key or token it bears, the rate limit,
//! the faults, and the log. IO.

use std::time::Duration;

use axum::{
    body::{Body, to_bytes},
    extract::{Request, State},
    middleware::Next,
    response::{Html, IntoResponse, Response},
};
use http::{HeaderMap, HeaderValue, header};
use serde_json::{Value, json};
use tokio::sync::watch;

use super::{HEADER, call::Caller, dialect::Dialect, problem::Problem};
use crate::simulator::{
    knob::{Effect, Fault},
    server::{Budget, Simulator},
    world::Actor,
};

/// Marks every answer as a simulator's.
pub(super) async fn name_ourselves(mut response: Response) -> Response {
    response.headers_mut().insert(HEADER, HeaderValue::from_static(env!("CARGO_PKG_VERSION")));
    response
}

/// Breaks the answer off when the server stops: a request that hangs on purpose would never end else.
pub(super) async fn until(mut stopped: watch::Receiver<bool>, request: Request, next: Next) -> Response {
    tokio::select! {
        response = next.run(request) => response,
        _ = stopped.wait_for(|stopped| *stopped) => {
            let broken = std::io::Error::other("the simulator was stopped");
            Response::new(Body::from_stream(futures::stream::iter([Err::<bytes::Bytes, _>(broken)])))
        }
    }
}

/// Answers one request of a dialect.
pub(super) async fn answer(
    State((simulator, dialect)): State<(Simulator, Dialect)>,
    request: Request,
    next: Next,
) -> Response {
    let admitted = dialect.admit(&simulator, request.headers());
    let actor = admitted.as_ref().ok().and_then(Option::as_ref);
    let (method, uri) = (request.method().as_str().to_owned(), request.uri().clone());
    let (path, query) = (uri.path(), uri.query().unwrap_or_default());
    let seq = simulator.received(&method, path, query, actor);
    let latency = simulator.knobs().latency_ms;
    if latency > 0 {
        tokio::time::sleep(Duration::from_millis(latency.into())).await;
    }
    let budget = simulator.spend();
    let finish = Finish { dialect, id: format!("{seq:032x}") };
    let response = match (budget, admitted) {
        (Some(budget), _) if budget.refused => {
            dialect.throttled(budget.retry_after.then_some(budget.reset)).into_response()
        }
        (_, Err(problem)) => problem.into_response(),
        (_, Ok(actor)) => {
            let fault = simulator.strike(&method, path, query);
            execute(&simulator, fault, actor, request, next, &finish).await
        }
    };
    let mut response = finish.apply(response);
    if let Some(budget) = budget.filter(|budget| budget.headers) {
        tell_budget(response.headers_mut(), budget);
    }
    simulator.answered(seq, response.status().as_u16());
    response
}

/// Carries the request out, as far as the fault lets it.
async fn execute(
    simulator: &Simulator,
    fault: Option<Fault>,
    actor: Option<Actor>,
    mut request: Request,
    next: Next,
    finish: &Finish,
) -> Response {
    if simulator.broken().is_some() {
        return Problem::injected(500, crate::simulator::knob::Envelope::Failure, None).into_response();
    }
    if let Some(actor) = actor {
        request.extensions_mut().insert(Caller(actor));
    }
    let Some(fault) = fault else {
        return next.run(request).await;
    };
    // To empty a list or to cut an answer short, there has to be one.
    let needs_answer = !matches!(fault.effect, Effect::Status { .. } | Effect::Hang | Effect::Html);
    let response = if fault.after_execution || needs_answer { Some(next.run(request).await) } else { None };
    match fault.effect {
        Effect::Status { status, envelope, retry_after } => {
            Problem::injected(status, envelope, retry_after).into_response()
        }
        Effect::Hang => std::future::pending().await,
        Effect::Html => Html("<html><body><h1>Please stand by</h1></body></html>").into_response(),
        Effect::EmptyList => relist(finish.apply(response.unwrap_or_default()), empty).await,
        Effect::Gap => relist(finish.apply(response.unwrap_or_default()), gap).await,
        Effect::Twice => relist(finish.apply(response.unwrap_or_default()), twice).await,
        Effect::Truncated => truncate(finish.apply(response.unwrap_or_default())).await,
    }
}

/// What a response becomes on its way out.
struct Finish {
    dialect: Dialect,
    id: String,
}

impl Finish {
    /// Renders a problem, which could not know the request's id, and adds the id's header.
    fn apply(&self, mut response: Response) -> Response {
        if let Some(problem) = response.extensions_mut().remove::<Problem>() {
            response = problem.spoken(self.dialect).render(&self.id);
        }
        if let Ok(value) = HeaderValue::from_str(&self.id) {
            response.headers_mut().insert("x-request-id", value);
        }
        response
    }
}

/// Answers a list otherwise.
async fn relist(response: Response, change: fn(&mut Value)) -> Response {
    let (mut parts, body) = response.into_parts();
    let bytes = to_bytes(body, usize::MAX).await.unwrap_or_default();
    let Ok(mut list) = serde_json::from_slice::<Value>(&bytes) else {
        return Response::from_parts(parts, Body::from(bytes));
    };
    change(&mut list);
    parts.headers.remove(header::CONTENT_LENGTH);
    Response::from_parts(parts, Body::from(list.to_string()))
}

fn empty(list: &mut Value) {
    if list.is_array() {
        *list = json!([]);
    } else if list["data"].is_array() {
        list["data"] = json!([]);
        list["metadata"] = json!({});
    } else if list["value"].is_array() {
        *list = json!({"value": []});
    }
}

fn gap(list: &mut Value) {
    if let Some(items) = items(list) {
        items.clear();
    }
}

fn twice(list: &mut Value) {
    if let Some(items) = items(list) {
        items.extend(items.clone());
    }
}

fn items(list: &mut Value) -> Option<&mut Vec<Value>> {
    let key = ["data", "value"].into_iter().find(|key| list[*key].is_array());
    match key {
        Some(key) => list[key].as_array_mut(),
        None => list.as_array_mut(),
    }
}

async fn truncate(response: Response) -> Response {
    let (mut parts, body) = response.into_parts();
    let bytes = to_bytes(body, usize::MAX).await.unwrap_or_default();
    parts.headers.remove(header::CONTENT_LENGTH);
    Response::from_parts(parts, Body::from(bytes.slice(..bytes.len() / 2)))
}

fn tell_budget(headers: &mut HeaderMap, budget: Budget) {
    headers.insert("x-ratelimit-limit", HeaderValue::from(budget.limit));
    headers.insert("x-ratelimit-remaining", HeaderValue::from(budget.remaining));
    headers.insert("x-ratelimit-reset", HeaderValue::from(budget.reset));
}
