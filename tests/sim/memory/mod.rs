//! An API server in memory: the verbs that the operator and its tests use, over plain state, as a service that a
//! `kube::Client` is built on. No socket, no thread, no clock but the one it is given.
//!
//! What it does not know it refuses with 501, so that nobody takes a gap for an answer. `tests/sim/twin.rs` runs one script on it
//! and on the real one.

mod answer;
mod apply;
mod delete;
mod field;
mod http;
mod list;
mod path;
mod resource;
mod rule;
mod schema;
mod store;
mod trouble;
mod write;

use std::{
    collections::BTreeSet,
    io,
    sync::{Arc, Mutex, MutexGuard},
    time::Duration,
};

use ::http::{Request, Response};
use axum::body::Body;
use futures::future::BoxFuture;
use http_body_util::BodyExt;
use jiff::Timestamp;
use kube::Client;
use serde_json::Value;
use tokio::sync::watch;

use crate::chance::Chance;
pub(crate) use http::Asked;
use store::State;
pub(crate) use trouble::Trouble;

/// Tells the time of stamps.
pub(crate) type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// The server. Clones share the state.
#[derive(Clone)]
pub(crate) struct Memory {
    state: Arc<Mutex<State>>,
    /// Says when there is news, so that watches need not ask.
    bell: watch::Sender<u64>,
    /// The next patch whose path ends like that takes so long to arrive.
    late: Arc<Mutex<Option<(String, Duration)>>>,
    troubles: trouble::Shared,
}

impl Memory {
    /// An empty server with the namespace `default`.
    pub(crate) fn new(clock: Clock) -> Self {
        let (state, bell) = (Arc::new(Mutex::new(State::new(clock))), watch::Sender::new(0));
        Self { state, bell, late: Arc::default(), troubles: Arc::default() }
    }

    /// Lets the next patch whose path ends like that arrive late.
    pub(crate) fn delay(&self, end: &str, by: Duration) {
        *self.late.lock().unwrap() = Some((end.to_owned(), by));
    }

    /// How much later than others a request arrives.
    fn lateness(&self, head: &::http::request::Parts) -> Duration {
        let patch = head.method == ::http::Method::PATCH;
        let late = self.late.lock().unwrap().take_if(|(end, _)| patch && head.uri.path().ends_with(&**end));
        late.map_or(Duration::ZERO, |(_, by)| by)
    }

    /// A client that speaks to it; what it asks is written down under that name. Each way, there and back, takes up to so many
    /// milliseconds.
    pub(crate) fn client(&self, user: &str, chance: Chance, way: u64) -> Client {
        let (memory, user) = (self.clone(), user.to_owned());
        let service = tower::service_fn(move |request: Request<kube::client::Body>| {
            let (memory, user, chance) = (memory.clone(), user.clone(), chance.clone());
            let answer: BoxFuture<'static, io::Result<Response<Body>>> = Box::pin(async move {
                let (head, body) = request.into_parts();
                let body = body.collect().await.unwrap().to_bytes();
                // Whoever asks waits, and meanwhile others may be first; who is gone meanwhile does not learn the answer.
                let what = format!("{} {}", head.method, head.uri);
                tokio::time::sleep(chance.pause_of(&what, way) + memory.lateness(&head)).await;
                memory.reach(&user).await?;
                let answer = memory.answer_if_well(&user, &Request::from_parts(head, body.to_vec()));
                tokio::time::sleep(chance.pause_of(&what, way)).await;
                memory.reach(&user).await.and(answer)
            });
            answer
        });
        Client::new(service, "default")
    }

    /// What was asked so far.
    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.lock().asked.clone()
    }

    /// An object by its path, without asking.
    pub(crate) fn peek(&self, path: &str) -> Option<Value> {
        let target = resource::Target::parse(path)?;
        self.lock().read(&target.place()).cloned()
    }

    /// Replaces a part of an object, whatever its schema says: as one that is older than the schema, or that was written past it.
    pub(crate) fn damage(&self, path: &str, pointer: &str, value: Value) {
        let place = resource::Target::parse(path).unwrap().place();
        let mut state = self.lock();
        let mut kept = store::Kept::clone(&state.objects[&place]);
        *kept.object.pointer_mut(pointer).unwrap() = value;
        let generation = kept.object["metadata"]["generation"].as_i64().unwrap_or_default();
        kept.object["metadata"]["generation"] = (generation + 1).into();
        state.put(&place, kept);
        drop(state);
        self.ring();
    }

    /// Every object.
    pub(crate) fn all(&self) -> Vec<Value> {
        self.lock().objects.values().map(|stored| stored.shown().clone()).collect()
    }

    /// What each change since the last compaction left, in order; nothing of what was removed.
    pub(crate) fn changes(&self) -> Vec<Value> {
        let state = self.lock();
        let left = state.log.iter().filter_map(|change| Some(change.after.as_ref()?.shown().clone()));
        left.collect()
    }

    /// Every reason that a condition of one of our kinds has given so far.
    pub(crate) fn reasons(&self) -> BTreeSet<String> {
        self.lock().reasons.clone()
    }

    /// Forgets all changes so far: an older version is gone, as after a compaction.
    pub(crate) fn compact(&self) {
        let mut state = self.lock();
        state.compacted = state.version;
        state.log.clear();
        state.told += 1;
        drop(state);
        self.ring();
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    fn ring(&self) {
        let told = self.lock().told;
        // Whoever watches wakes for what is watched: most requests are renewals of a lease.
        self.bell.send_if_modified(|known| std::mem::replace(known, told) != told);
    }
}
