//! What every reconcile has at hand: client, caches, lanes, memory. It wakes objects, and changes nothing itself.

use std::{
    collections::HashMap,
    sync::{Arc, PoisonError, RwLock},
};

use futures::future;
use kube::{
    Client, ResourceExt,
    runtime::{events::Recorder, reflector::ObjectRef},
};
use tokio::sync::watch;

use crate::{
    access::delegation,
    api::ConfluentOrganization,
    plan::{Finding, Reason},
    telemetry::Metrics,
};

use super::{
    declared::Declared,
    key::{Kind, ObjectKey},
    lane::{Lane, Wake},
    lease::Leadership,
    memory::Memory,
    settings::Settings,
    wake::{Guarded, Stores, Waker},
};

/// How an organization's objects reach it.
#[derive(Clone)]
pub(crate) enum Link {
    /// Through its lane.
    Lane(Arc<Lane>),
    /// Not at all, and why.
    Broken(Finding),
}

/// Everything a reconcile has at hand.
pub(crate) struct Context {
    pub(crate) client: Client,
    pub(crate) settings: Settings,
    pub(crate) recorder: Recorder,
    pub(crate) metrics: Metrics,
    pub(crate) memory: Memory,
    pub(crate) declared: Declared,
    pub(crate) leadership: Leadership,
    pub(crate) wake: Arc<Waker>,
    caught_up: watch::Receiver<bool>,
    links: RwLock<HashMap<String, Connection>>,
}

/// One organization's connection, or what stands against it.
pub(crate) struct Connection {
    pub(crate) link: Link,
    /// Tells whether endpoint or credential changed since.
    pub(crate) fingerprint: u64,
    /// The generation of the organization that its objects were last woken for.
    pub(crate) generation: i64,
}

impl Context {
    pub(crate) fn new(
        client: Client,
        settings: Settings,
        recorder: Recorder,
        metrics: Metrics,
        leadership: Leadership,
        wake: Arc<Waker>,
        caught_up: watch::Receiver<bool>,
    ) -> Self {
        Self {
            client,
            settings,
            recorder,
            metrics,
            memory: Memory::default(),
            declared: Declared::default(),
            leadership,
            wake,
            caught_up,
            links: RwLock::default(),
        }
    }

    /// Waits until every cache is complete: what is missing from half a picture is not missing.
    pub(crate) async fn caught_up(&self) {
        // An error says that nobody leads any more, and then this is dropped.
        let _ = self.caught_up.clone().wait_for(|complete| *complete).await;
    }

    pub(crate) fn stores(&self) -> &Stores {
        &self.wake.stores
    }

    /// How the objects of an organization reach it.
    pub(crate) fn link(&self, organization: &str) -> Link {
        if self.organization(organization).is_none() {
            return Link::Broken(Finding::new(
                Reason::OrganizationNotFound,
                format!(
                    "the ConfluentOrganization `{organization}` does not exist: create it, or correct `spec.organizationRef`"
                ),
            ));
        }
        let links = self.links.read().unwrap_or_else(PoisonError::into_inner);
        links.get(organization).map_or_else(
            || {
                let message = format!("the ConfluentOrganization `{organization}` is not connected yet");
                Link::Broken(Finding::new(Reason::OrganizationNotReady, message))
            },
            |connection| connection.link.clone(),
        )
    }

    /// The lane of an organization with the fingerprint of what it was made from.
    pub(crate) fn lane(&self, organization: &str) -> Option<(Arc<Lane>, u64)> {
        let links = self.links.read().unwrap_or_else(PoisonError::into_inner);
        match links.get(organization) {
            Some(Connection { link: Link::Lane(lane), fingerprint, .. }) => Some((Arc::clone(lane), *fingerprint)),
            _ => None,
        }
    }

    /// Puts a connection in place of the one before, whose lane ends, and wakes the dependents where it matters to them.
    pub(crate) fn connect(&self, organization: &str, connection: Connection) {
        let mut links = self.links.write().unwrap_or_else(PoisonError::into_inner);
        let news = links.get(organization).is_none_or(|before| {
            let same = match (&before.link, &connection.link) {
                (Link::Lane(old), Link::Lane(new)) => Arc::ptr_eq(old, new),
                (Link::Broken(old), Link::Broken(new)) => old == new,
                _ => false,
            };
            !same || before.generation != connection.generation
        });
        let new_lane = match &connection.link {
            Link::Lane(lane) => Some(Arc::clone(lane)),
            Link::Broken(_) => None,
        };
        if let Some(lane) = new_lane.as_ref().filter(|_| news) {
            lane.settings_changed();
        }
        if let Some(Connection { link: Link::Lane(old), .. }) = links.insert(organization.to_owned(), connection)
            && new_lane.is_none_or(|new| !Arc::ptr_eq(&old, &new))
        {
            old.stop();
        }
        drop(links);
        if news {
            self.wake.dependents(organization);
        }
    }

    /// Ends an organization's lane for good.
    pub(crate) fn disconnect(&self, organization: &str) {
        let gone = self.links.write().unwrap_or_else(PoisonError::into_inner).remove(organization);
        if let Some(Connection { link: Link::Lane(lane), .. }) = gone {
            lane.stop();
        }
    }

    /// Ends all lanes: this replica no longer leads.
    pub(crate) fn disconnect_all(&self) {
        let names: Vec<String> = self.links.read().unwrap_or_else(PoisonError::into_inner).keys().cloned().collect();
        for name in names {
            self.disconnect(&name);
        }
    }

    /// Lets the remote writes under way end, for a few seconds, and begins none.
    pub(crate) async fn finish(&self) {
        let lanes: Vec<Arc<Lane>> = {
            let links = self.links.read().unwrap_or_else(PoisonError::into_inner);
            let lane = |connection: &Connection| match &connection.link {
                Link::Lane(lane) => Some(Arc::clone(lane)),
                Link::Broken(_) => None,
            };
            links.values().filter_map(lane).collect()
        };
        future::join_all(lanes.iter().map(|lane| lane.finish())).await;
    }

    /// An organization's object, where it can be decoded.
    pub(crate) fn organization(&self, name: &str) -> Option<Arc<Guarded<ConfluentOrganization>>> {
        self.wake.organization_object(name)
    }

    /// A namespace as delegations judge it.
    pub(crate) fn namespace(&self, name: &str) -> delegation::Namespace {
        let found = self.stores().namespaces.get(&ObjectRef::new(name));
        let labels = found.map(|namespace| namespace.labels().clone()).unwrap_or_default();
        delegation::Namespace { name: name.to_owned(), labels }
    }

    /// Forgets what this process remembers of an object.
    pub(crate) fn forget(&self, key: &ObjectKey) {
        self.memory.forget(&key.uid);
        self.declared.remove(&key.uid);
    }

    /// An object of an organization was let go: whoever waited for that is woken. The organization is told by name, since
    /// the cache may have forgotten the object already.
    /// Where something was revoked, the lane has woken the person concerned already.
    pub(crate) fn released(&self, key: &ObjectKey, organization: &str, silently: bool) {
        match key.kind {
            Kind::Organization => self.disconnect(organization),
            Kind::User | Kind::Binding => self.wake.survivors(organization, silently),
        }
    }
}
