//! An operator's two ways out, on which each of its writes can be met: before it arrives, when it was carried out and is not
//! answered yet, and when it is answered. Whoever is met there can be ended at exactly that moment.

use std::{
    collections::BTreeMap,
    fmt,
    sync::{Arc, Mutex, MutexGuard},
};

use axum::body::to_bytes;
use bytes::Bytes;
use futures::future::BoxFuture;
use http::{Method, Request, Response};
use kube::{Client, client::Body};
use roster::{
    backend::{Endpoint, Transport, TransportError},
    controller::{self, Outside},
    simulator::router,
    telemetry::Metrics,
};
use serde_json::Value;
use tokio::{sync::Notify, task::JoinHandle, time::sleep};
use tower::ServiceExt;

use crate::{
    chance::Chance,
    stage::{OPERATOR, Stage, WAY},
};

/// A write, as the n-th of its name: in which order an operator makes what it can make abreast is its own affair.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Point {
    pub(crate) what: String,
    pub(crate) nth: usize,
}

impl Point {
    /// Whether it says something of an object, and changes nothing else.
    pub(crate) fn is_report(&self) -> bool {
        self.what.contains("/status ") || self.what.contains(" event ")
    }
}

impl fmt::Display for Point {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} no. {}", self.what, self.nth)
    }
}

/// Where on its way a write is met.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Moment {
    /// It has not arrived, and never will.
    Before,
    /// It was carried out, and the answer never comes.
    During,
    /// It was answered, and nothing follows.
    After,
}

/// The ways of all lives of one operator. Clones share it.
#[derive(Clone, Default)]
pub(crate) struct Wire(Arc<Inner>);

#[derive(Default)]
struct Inner {
    state: Mutex<State>,
    ended: Notify,
}

#[derive(Default)]
struct State {
    /// Whether writes are counted yet.
    counting: bool,
    seen: BTreeMap<String, usize>,
    log: Vec<Point>,
    end: Option<(Point, Moment)>,
    /// Lives up to this one reach nobody any more.
    dead: u32,
}

impl Wire {
    /// From now on writes are counted, and at that moment of that one this life ends.
    pub(crate) fn count(&self, end: Option<(Point, Moment)>) {
        let mut state = self.lock();
        (state.counting, state.end) = (true, end);
    }

    /// What was written since, in order of arrival.
    pub(crate) fn log(&self) -> Vec<Point> {
        self.lock().log.clone()
    }

    /// Waits until a life ended.
    pub(crate) async fn ended(&self) {
        self.0.ended.notified().await;
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap()
    }

    /// The write that begins its way, if it is one and is counted.
    fn begin(&self, life: u32, what: Option<String>) -> Option<Point> {
        let mut state = self.lock();
        let what = what.filter(|_| state.counting && state.dead < life)?;
        let nth = state.seen.entry(what.clone()).or_default();
        *nth += 1;
        let point = Point { what, nth: *nth };
        state.log.push(point.clone());
        Some(point)
    }

    /// Lets what is alive pass.
    async fn meet(&self, life: u32, write: Option<&Point>, at: Moment) {
        let passes = {
            let mut state = self.lock();
            let alive = state.dead < life;
            let ends = write.is_some()
                && state.end.as_ref().is_some_and(|(point, moment)| Some(point) == write && *moment == at);
            if alive && ends {
                state.dead = life;
                self.0.ended.notify_one();
            }
            alive && (!ends || at == Moment::After)
        };
        if !passes {
            std::future::pending::<()>().await;
        }
    }

    /// The way to the API server.
    fn client(&self, stage: &Stage, life: u32, chance: &Chance) -> Client {
        let inner = stage.memory.client(OPERATOR, Chance::new(0), 0);
        let (wire, chance) = (self.clone(), chance.clone());
        let service = tower::service_fn(move |request: Request<Body>| {
            let (wire, chance, inner) = (wire.clone(), chance.clone(), inner.clone());
            let answer: BoxFuture<'static, Result<_, kube::Error>> = Box::pin(async move {
                let (head, body) = request.into_parts();
                let body = body.collect_bytes().await?;
                let what = local(&head.method, head.uri.path(), &body);
                sleep(chance.pause(WAY)).await;
                let write = wire.begin(life, what);
                wire.meet(life, write.as_ref(), Moment::Before).await;
                let answer = inner.send(Request::from_parts(head, Body::from(body.to_vec()))).await?;
                wire.meet(life, write.as_ref(), Moment::During).await;
                sleep(chance.pause(WAY)).await;
                wire.meet(life, write.as_ref(), Moment::After).await;
                Ok(answer)
            });
            answer
        });
        Client::new(service, "default")
    }

    /// The way to the vendor.
    fn outside(&self, stage: &Stage, life: u32, chance: &Chance) -> Outside {
        let (wire, chance, router) = (self.clone(), chance.clone(), router(stage.simulator.clone()));
        let ways = move |_: &Endpoint| {
            let (wire, chance, router) = (wire.clone(), chance.clone(), router.clone());
            let send = move |request: Request<Bytes>| {
                let (wire, chance, router) = (wire.clone(), chance.clone(), router.clone());
                let answer: BoxFuture<'static, _> = Box::pin(async move {
                    let what = remote(request.method().as_str(), request.uri().path());
                    sleep(chance.pause(WAY)).await;
                    let write = wire.begin(life, what);
                    wire.meet(life, write.as_ref(), Moment::Before).await;
                    let answer = router.oneshot(request.map(axum::body::Body::from)).await.unwrap();
                    let (head, body) = answer.into_parts();
                    let body = to_bytes(body, usize::MAX).await.map_err(TransportError::broken)?;
                    wire.meet(life, write.as_ref(), Moment::During).await;
                    sleep(chance.pause(WAY)).await;
                    wire.meet(life, write.as_ref(), Moment::After).await;
                    Ok(Response::from_parts(head, body))
                });
                answer
            };
            Ok(Box::new(send) as Box<dyn Transport>)
        };
        let clock = Arc::clone(&stage.clock);
        Outside::new(move || clock(), ways, life.into())
    }
}

/// One life of an operator.
pub(crate) struct Process(JoinHandle<()>);

impl Process {
    pub(crate) fn start(stage: &Stage, wire: &Wire, life: u32) -> Self {
        let chance = Chance::new(life.into());
        let (client, outside) = (wire.client(stage, life, &chance), wire.outside(stage, life, &chance));
        let settings = Stage::settings(&format!("roster-{life}"), outside);
        Self(tokio::spawn(async move {
            let run = controller::run(client, settings, Metrics::new("test"), std::future::pending());
            Box::pin(run).await.unwrap();
        }))
    }

    /// Ends it as a power cut does.
    pub(crate) async fn end(self) {
        self.0.abort();
        assert!(self.0.await.is_err_and(|error| error.is_cancelled()), "the operator ended by itself");
    }
}

/// What a request to the API server writes. The lease is none of it: its renewals come with time.
pub(crate) fn local(method: &Method, path: &str, body: &[u8]) -> Option<String> {
    let verb = match method.as_str() {
        "POST" => "create",
        "PUT" => "update",
        "PATCH" => "patch",
        "DELETE" => "delete",
        _ => return None,
    };
    let parts: Vec<&str> = path.trim_start_matches('/').split('/').collect();
    let (["api", _, rest @ ..] | ["apis", _, _, rest @ ..]) = parts.as_slice() else { return None };
    let rest = if let ["namespaces", _, rest @ ..] = rest { rest } else { rest };
    match rest {
        ["leases", ..] => None,
        ["events", ..] => {
            let event: Value = serde_json::from_slice(body).unwrap_or_default();
            let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
            Some(format!("{verb} event {} of {}", text(&event["reason"]), text(&event["regarding"]["name"])))
        }
        [plural, name, subresource] => Some(format!("{verb} {plural}/{subresource} {name}")),
        [plural, name] => Some(format!("{verb} {plural} {name}")),
        [plural] => Some(format!("{verb} {plural}")),
        _ => None,
    }
}

/// What a request to a vendor writes, without ids. A token is none of it.
pub(crate) fn remote(method: &str, path: &str) -> Option<String> {
    if method == "GET" || path.ends_with("/token") {
        return None;
    }
    let collection: Vec<&str> = path.split('/').take(4).collect();
    Some(format!("{method} {}", collection.join("/")))
}
