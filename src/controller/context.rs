//! What every reconcile has at hand: client, caches, lanes, memory. It wakes objects, and changes nothing itself.

use std::{
    hash::{DefaultHasher, Hash, Hasher},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use futures::future;
use kube::{Client, ResourceExt, runtime::reflector::ObjectRef};
use tokio::sync::watch;

use crate::{
    access::{Grant, delegation},
    api::ConfluentOrganization,
    backend::Paces,
    telemetry::{Metrics, PassId},
};

use super::{
    declared::Declared,
    event::Recorder,
    key::{Kind, ObjectKey},
    lane::{Organization, Publisher, Wake},
    lease::Leadership,
    link::Links,
    memory::Memory,
    settings::Settings,
    shelf::Guarded,
    unmanaged::Sightings,
    wake::Waker,
};

/// Everything a reconcile has at hand.
pub(crate) struct Context {
    pub(crate) client: Client,
    pub(crate) settings: Settings,
    pub(crate) recorder: Recorder,
    pub(crate) metrics: Metrics,
    pub(crate) passes: Passes,
    /// What connections with the same credential share.
    pub(crate) paces: Paces,
    pub(crate) memory: Memory,
    pub(crate) declared: Declared,
    pub(crate) leadership: Leadership,
    pub(crate) wake: Arc<Waker>,
    /// Since when what nobody declares was seen.
    pub(crate) sightings: Sightings,
    pub(crate) organizations: Links<Organization>,
    pub(crate) publishers: Links<Publisher>,
    caught_up: watch::Receiver<bool>,
}

/// Numbers the passes of one process, so that no two of any process are alike.
pub(crate) struct Passes {
    instance: String,
    count: AtomicU64,
}

impl Passes {
    fn new(instance: &str) -> Self {
        Self { instance: instance.to_owned(), count: AtomicU64::default() }
    }

    pub(crate) fn next(&self) -> PassId {
        let mut hasher = DefaultHasher::new();
        (&self.instance, self.count.fetch_add(1, Ordering::Relaxed)).hash(&mut hasher);
        PassId::new(hasher.finish())
    }
}

impl Context {
    pub(crate) fn new(
        client: Client,
        settings: Settings,
        metrics: Metrics,
        leadership: Leadership,
        wake: Arc<Waker>,
        caught_up: watch::Receiver<bool>,
    ) -> Self {
        let passes = Passes::new(&settings.instance);
        Self {
            client,
            settings,
            recorder: Recorder::default(),
            metrics,
            passes,
            paces: Paces::default(),
            memory: Memory::default(),
            declared: Declared::default(),
            sightings: Sightings::default(),
            leadership,
            organizations: Links::new(Arc::clone(&wake)),
            publishers: Links::new(Arc::clone(&wake)),
            wake,
            caught_up,
        }
    }

    /// Waits until every cache is complete: what is missing from half a picture is not missing.
    pub(crate) async fn caught_up(&self) {
        // An error says that nobody leads any more, and then this is dropped.
        let _ = self.caught_up.clone().wait_for(|complete| *complete).await;
    }

    /// Ends all lanes: this replica no longer leads.
    pub(crate) fn disconnect_all(&self) {
        self.organizations.disconnect_all();
        self.publishers.disconnect_all();
    }

    /// Lets the remote writes under way end, for a few seconds, and begins none.
    pub(crate) async fn finish(&self) {
        future::join(self.organizations.finish(), self.publishers.finish()).await;
    }

    /// An organization's object, where it can be decoded.
    pub(crate) fn organization(&self, name: &str) -> Option<Arc<Guarded<ConfluentOrganization>>> {
        self.wake.organization(name)
    }

    /// A namespace as delegations judge it.
    pub(crate) fn namespace(&self, name: &str) -> delegation::Namespace {
        let found = self.wake.namespaces.get(&ObjectRef::new(name));
        let labels = found.map(|namespace| namespace.labels().clone()).unwrap_or_default();
        delegation::Namespace { name: name.to_owned(), labels }
    }

    /// Whether a namespace is in the cache; of one that is not, no labels are known.
    pub(crate) fn knows_namespace(&self, name: &str) -> bool {
        self.wake.namespaces.get(&ObjectRef::new(name)).is_some()
    }

    /// Which objects stand for grants, without those that are gone and stood for this one.
    pub(crate) fn standing(&self, organization: &str, grant: &Grant) -> &Declared {
        self.declared.tidy(organization, grant, &|key| self.wake.bindings.is_there(key));
        &self.declared
    }

    /// Forgets what this process remembers of an object, and wakes whoever shared something with it.
    pub(crate) fn forget(&self, key: &ObjectKey) {
        self.memory.forget(&key.uid);
        for other in self.declared.remove(&key.uid) {
            Wake::object(&*self.wake, &other);
        }
    }

    /// An object of a realm was let go: whoever waited for that is woken. The realm is told by name, since
    /// the cache may have forgotten the object already.
    /// Where something was revoked, the lane has woken the person concerned already.
    pub(crate) fn released(&self, key: &ObjectKey, connection: &str, silently: bool) {
        match key.kind {
            Kind::Organization => self.organizations.disconnect(connection),
            Kind::Publisher => self.publishers.disconnect(connection),
            Kind::User | Kind::Binding | Kind::PublisherUser => self.wake.survivors(key.kind, connection, silently),
        }
    }
}
