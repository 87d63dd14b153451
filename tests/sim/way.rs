//! The way from the operator to the vendor, which is the simulator's router and nothing else; what a request changes there is
//! written down at the moment it does.

use std::{
    collections::BTreeSet,
    future::poll_fn,
    sync::{Arc, Mutex},
    task::Poll,
};

use axum::{
    Router,
    body::{Body, to_bytes},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use bytes::Bytes;
use futures::future::{BoxFuture, join};
use http::{Request, Response};
use jiff::Timestamp;
use roster::{
    access::Crn,
    backend::{Endpoint, Transport, TransportError},
    controller::Outside,
    simulator::{Simulator, router, world::Membership},
};
use tokio::time::{Instant, sleep};
use tower::ServiceExt;

use crate::{chance::Chance, shadow::Shadows, stage::WAY};

/// The publisher that there may be.
pub(crate) const PUBLISHER: &str = "contoso";

/// Stands before the address of somebody who is deactivated.
pub(crate) const DEACTIVATED: &str = "deactivated:";

/// An organization, and the publisher, as the laws look at it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Picture {
    /// `who role place`, sorted; the publisher is a place.
    pub(crate) held: Vec<String>,
    /// The addresses of people, invited ones included, deactivated ones not.
    pub(crate) people: BTreeSet<String>,
    /// How many active people administer the organization.
    pub(crate) administrators: usize,
    /// How many owners the publisher has besides the operator.
    pub(crate) owners: usize,
}

impl Picture {
    pub(crate) fn of(simulator: &Simulator) -> Self {
        simulator.inspect(|world, at| {
            let contents = world.contents(at);
            let user = |id: &str| contents.users.iter().find(|user| user.id == id);
            let name = |id: &str| match user(id) {
                Some(user) if user.membership == Membership::Deactivated => format!("{DEACTIVATED}{}", user.email),
                Some(user) => user.email.clone(),
                None => id.to_owned(),
            };
            let place = |crn: &str| crn.parse::<Crn>().map_or_else(|_| crn.to_owned(), |crn| crn.scope.describe());
            let bindings = contents.bindings.iter();
            let told = bindings.map(|it| format!("{} {} {}", name(it.principal.as_str()), it.role, place(&it.crn)));
            let mut held: Vec<String> = told.collect();
            let publisher = contents.publishers.iter().find(|it| it.publisher.id == PUBLISHER);
            let members: Vec<_> = publisher.into_iter().flat_map(|it| it.users.iter()).collect();
            held.extend(members.iter().map(|it| format!("{} {} {PUBLISHER}", it.who.key(), it.role.as_str())));
            held.sort();
            let others = members.iter().filter(|it| it.who.email().is_some());
            let owners = others.filter(|it| it.is_effective_owner()).count();
            let active = |id: &str| user(id).is_some_and(|user| user.membership == Membership::Member);
            let administers = contents.bindings.iter().filter(|it| it.role == "OrganizationAdmin");
            let administrators = administers.filter(|it| active(it.principal.as_str())).count();
            let there = contents.users.iter().filter(|user| user.membership != Membership::Deactivated);
            let people = there.map(|user| user.email.clone()).collect();
            Self { held, people, administrators, owners }
        })
    }
}

/// One request that changes something, with what it changed.
#[derive(Clone, Debug)]
pub(crate) struct Change {
    pub(crate) at: Instant,
    pub(crate) request: String,
    pub(crate) status: u16,
    pub(crate) before: Picture,
    pub(crate) after: Picture,
}

/// All of them. Clones share it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Changes(Arc<Mutex<Vec<Change>>>);

impl Changes {
    /// What came since the last call.
    pub(crate) fn take(&self) -> Vec<Change> {
        std::mem::take(&mut self.0.lock().unwrap())
    }

    /// Lets a request be answered, and writes down what it changes when it does: at the first look, also where nothing is ever
    /// answered, or later, where answers take their time.
    async fn follow(&self, simulator: &Simulator, router: Router, request: Request<Bytes>) -> Response<Body> {
        let writes = request.method() != "GET";
        let told = format!("{} {}", request.method(), request.uri().path());
        let mut answer = std::pin::pin!(router.oneshot(request.map(Body::from)));
        let mut looked = false;
        let answered = poll_fn(|context| {
            let before = writes.then(|| Picture::of(simulator));
            let answer = answer.as_mut().poll(context);
            if let Some(before) = before {
                let status = match &answer {
                    Poll::Ready(Ok(answer)) => answer.status().as_u16(),
                    Poll::Ready(Err(_)) | Poll::Pending => 0,
                };
                let (at, request, after) = (Instant::now(), told.clone(), Picture::of(simulator));
                if !std::mem::replace(&mut looked, true) || before != after {
                    self.0.lock().unwrap().push(Change { at, request, status, before, after });
                }
            }
            answer
        });
        answered.await.unwrap()
    }
}

/// Organizations that the vendor has besides: a request with a key of one of them is about that one. Clones share it.
#[derive(Clone, Default)]
pub(crate) struct Strangers(Arc<Mutex<Vec<(String, Simulator)>>>);

impl Strangers {
    /// One more, with the key that tells it.
    pub(crate) fn add(&self, key: &str, secret: &str, simulator: Simulator) {
        let header = format!("Basic {}", STANDARD.encode(format!("{key}:{secret}")));
        self.0.lock().unwrap().push((header, simulator));
    }

    fn of(&self, request: &Request<Bytes>) -> Option<Simulator> {
        let header = request.headers().get(http::header::AUTHORIZATION)?;
        self.0.lock().unwrap().iter().find(|(own, _)| header == own).map(|(_, simulator)| simulator.clone())
    }
}

/// The operator's way out. Each request takes its time there, and its answer the same.
pub(crate) fn outside(
    simulator: &Simulator,
    clock: impl Fn() -> Timestamp + Send + Sync + 'static,
    chance: &Chance,
    changes: &Changes,
    (strangers, shadows): (&Strangers, &Shadows),
    seed: u64,
) -> Outside {
    let (simulator, chance, changes) = (simulator.clone(), chance.clone(), changes.clone());
    let (strangers, shadows) = (strangers.clone(), shadows.clone());
    let ways = move |_: &Endpoint| {
        let (ours, simulator, strangers) = (router(simulator.clone()), simulator.clone(), strangers.clone());
        let (chance, changes, shadows) = (chance.clone(), changes.clone(), shadows.clone());
        let send = move |request: Request<Bytes>| {
            let (router, simulator) = match strangers.of(&request) {
                Some(stranger) => (router(stranger.clone()), stranger),
                None => (ours.clone(), simulator.clone()),
            };
            let (chance, changes, shadows) = (chance.clone(), changes.clone(), shadows.clone());
            let answer: BoxFuture<'static, _> = Box::pin(async move {
                let what = format!("{} {}", request.method(), request.uri());
                sleep(chance.pause_of(&what, WAY)).await;
                let (began, beside) = (Instant::now(), shadows.ask(&request));
                let answer = join(changes.follow(&simulator, router, request), beside);
                let (answer, beside) = answer.await;
                let (head, body) = answer.into_parts();
                let body = to_bytes(body, usize::MAX).await.map_err(TransportError::broken)?;
                let answer = Response::from_parts(head, body);
                shadows.compare(began, &answer, &beside);
                sleep(chance.pause_of(&what, WAY)).await;
                Ok(answer)
            });
            answer
        };
        Ok(Box::new(send) as Box<dyn Transport>)
    };
    Outside::new(clock, ways, seed)
}
