//! Which connection leads to which lane. It starts and ends lanes, and wakes whoever depends on them.

use std::{
    collections::HashMap,
    sync::{Arc, PoisonError, RwLock},
};

use futures::future;

use crate::plan::Finding;

use super::{
    lane::{Lane, Realm, Wake},
    wake::Waker,
};

/// How a realm's objects reach it.
pub(crate) enum Link<R: Realm> {
    /// Through its lane.
    Lane(Arc<Lane<R>>),
    /// Not at all, and why.
    Broken(Finding),
}

impl<R: Realm> Clone for Link<R> {
    fn clone(&self) -> Self {
        match self {
            Self::Lane(lane) => Self::Lane(Arc::clone(lane)),
            Self::Broken(finding) => Self::Broken(finding.clone()),
        }
    }
}

impl<R: Realm> Link<R> {
    fn lane(&self) -> Option<Arc<Lane<R>>> {
        match self {
            Self::Lane(lane) => Some(Arc::clone(lane)),
            Self::Broken(_) => None,
        }
    }

    fn is(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Lane(one), Self::Lane(other)) => Arc::ptr_eq(one, other),
            (Self::Broken(one), Self::Broken(other)) => one == other,
            (Self::Lane(_), Self::Broken(_)) | (Self::Broken(_), Self::Lane(_)) => false,
        }
    }
}

/// One realm's connection, or what stands against it.
pub(crate) struct Connection<R: Realm> {
    pub(crate) link: Link<R>,
    /// Tells whether endpoint or credential changed since.
    pub(crate) fingerprint: u64,
    /// The generation of the connecting object that its dependents were last woken for.
    pub(crate) generation: i64,
}

/// The connections of one kind, by the name of the object that makes each.
pub(crate) struct Links<R: Realm> {
    connections: RwLock<HashMap<String, Connection<R>>>,
    wake: Arc<Waker>,
}

impl<R: Realm> Links<R> {
    pub(crate) fn new(wake: Arc<Waker>) -> Self {
        Self { connections: RwLock::default(), wake }
    }

    /// How the objects of a realm reach it; `None` before its own object was looked at.
    pub(crate) fn get(&self, name: &str) -> Option<Link<R>> {
        let connections = self.connections.read().unwrap_or_else(PoisonError::into_inner);
        connections.get(name).map(|connection| connection.link.clone())
    }

    /// A lane with the fingerprint of what it was made from.
    pub(crate) fn lane(&self, name: &str) -> Option<(Arc<Lane<R>>, u64)> {
        let connections = self.connections.read().unwrap_or_else(PoisonError::into_inner);
        let connection = connections.get(name)?;
        Some((connection.link.lane()?, connection.fingerprint))
    }

    /// Every lane.
    pub(crate) fn lanes(&self) -> Vec<Arc<Lane<R>>> {
        let connections = self.connections.read().unwrap_or_else(PoisonError::into_inner);
        connections.values().filter_map(|connection| connection.link.lane()).collect()
    }

    /// Puts a connection in place of the one before, whose lane ends, and wakes the dependents where it matters to them.
    pub(crate) fn connect(&self, name: &str, connection: Connection<R>) {
        let mut connections = self.connections.write().unwrap_or_else(PoisonError::into_inner);
        let news = connections
            .get(name)
            .is_none_or(|before| !before.link.is(&connection.link) || before.generation != connection.generation);
        let new_lane = connection.link.lane();
        if let Some(lane) = new_lane.as_ref().filter(|_| news) {
            lane.settings_changed();
        }
        let before = connections.insert(name.to_owned(), connection).and_then(|before| before.link.lane());
        if let Some(old) = before.filter(|old| new_lane.is_none_or(|new| !Arc::ptr_eq(old, &new))) {
            old.stop();
        }
        drop(connections);
        if news {
            self.wake.dependents(R::KIND, name);
        }
    }

    /// Ends a realm's lane for good.
    pub(crate) fn disconnect(&self, name: &str) {
        let gone = self.connections.write().unwrap_or_else(PoisonError::into_inner).remove(name);
        if let Some(lane) = gone.and_then(|connection| connection.link.lane()) {
            lane.stop();
        }
    }

    /// Ends all lanes.
    pub(crate) fn disconnect_all(&self) {
        let all = std::mem::take(&mut *self.connections.write().unwrap_or_else(PoisonError::into_inner));
        for lane in all.values().filter_map(|connection| connection.link.lane()) {
            lane.stop();
        }
    }

    /// Lets the remote writes under way end, for a few seconds, and begins none.
    pub(crate) async fn finish(&self) {
        let lanes = self.lanes();
        future::join_all(lanes.iter().map(|lane| lane.finish())).await;
    }
}
