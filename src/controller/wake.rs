//! Who wakes whom: the caches of our kinds, and the queues through which an object is looked at again. It reads caches and
//! fills queues, and waits for nothing.

use std::{sync::Arc, time::Duration};

use futures::channel::mpsc::UnboundedSender;
use k8s_openapi::api::core::v1::Namespace;
use kube::{
    Resource, ResourceExt,
    core::{DeserializeGuard, PartialObjectMeta},
    runtime::reflector::{ObjectRef, Store},
};

use crate::{
    access::PrincipalId,
    api::{ConfluentOrganization, ConfluentUser, RoleBinding, convert},
    plan::Protection,
};

use super::{
    key::{Kind, ObjectKey},
    lane::{Job, Wake},
    memory::Memory,
};

/// A kind whose undecodable objects do not stop its watch.
pub(crate) type Guarded<K> = DeserializeGuard<K>;

/// The caches of our kinds.
#[derive(Clone)]
pub(crate) struct Stores {
    pub(crate) organizations: Store<Guarded<ConfluentOrganization>>,
    pub(crate) users: Store<Guarded<ConfluentUser>>,
    pub(crate) bindings: Store<Guarded<RoleBinding>>,
    pub(crate) namespaces: Store<PartialObjectMeta<Namespace>>,
}

/// The queues that wake objects.
pub(crate) struct Queues {
    pub(crate) organizations: UnboundedSender<ObjectRef<Guarded<ConfluentOrganization>>>,
    pub(crate) users: UnboundedSender<ObjectRef<Guarded<ConfluentUser>>>,
    pub(crate) bindings: UnboundedSender<ObjectRef<Guarded<RoleBinding>>>,
}

/// Wakes objects through the controllers' queues.
pub(crate) struct Waker {
    pub(crate) stores: Stores,
    pub(crate) queues: Queues,
}

impl Waker {
    pub(crate) fn organization_object(&self, name: &str) -> Option<Arc<Guarded<ConfluentOrganization>>> {
        self.stores.organizations.get(&ObjectRef::new(name)).filter(|object| object.0.is_ok())
    }

    /// What may have waited for an object to be gone: users that are being deleted, and an organization that is.
    pub(crate) fn survivors(&self, organization: &str, silently: bool) {
        if silently {
            self.waiting_users(organization);
        }
        if self.organization_object(organization).is_some_and(|object| object.meta().deletion_timestamp.is_some()) {
            self.organization(organization);
        }
    }

    /// Objects for the same person as one that is going: they share no longer. It is asked before the object goes, as the
    /// cache may forget it first.
    pub(crate) fn namesakes(&self, key: &ObjectKey) {
        if key.kind != Kind::User {
            return;
        }
        let going = self.stores.users.get(&ObjectRef::new(&key.name).within(&key.namespace));
        let Some(email) = going.and_then(|object| Some(object.0.as_ref().ok()?.spec.email.clone())) else {
            return;
        };
        for object in self.stores.users.state() {
            if object.0.as_ref().is_ok_and(|user| user.spec.email == email && user.uid().as_ref() != Some(&key.uid)) {
                let _ = self.queues.users.unbounded_send(ObjectRef::from_obj(object.as_ref()));
            }
        }
    }

    /// Users that are being deleted wait for what hangs on them.
    fn waiting_users(&self, organization: &str) {
        for object in self.stores.users.state() {
            let Ok(user) = &object.0 else { continue };
            if user.spec.organization_ref.name == organization && user.metadata.deletion_timestamp.is_some() {
                let _ = self.queues.users.unbounded_send(ObjectRef::from_obj(object.as_ref()));
            }
        }
    }

    /// Bindings that name a user object that is new: it may mean somebody else than the one before, or be what a
    /// delegation asks for.
    pub(crate) fn bindings_of_a_new(&self, user: &ConfluentUser) {
        let namespace = user.namespace();
        for object in self.stores.bindings.state() {
            let Ok(binding) = &object.0 else { continue };
            let principal = &binding.spec.principal;
            let by_name = principal.user_ref.as_ref().is_some_and(|named| named.name == user.name_any());
            if binding.namespace() == namespace && (by_name || principal.email.as_ref() == Some(&user.spec.email)) {
                let _ = self.queues.bindings.unbounded_send(ObjectRef::from_obj(object.as_ref()));
            }
        }
    }

    /// Bindings that wait and name a user who has just appeared or changed.
    pub(crate) fn bindings_of(&self, user: &ConfluentUser, memory: &Memory) {
        for key in memory.waiting(Kind::Binding) {
            let reference = ObjectRef::new(&key.name).within(&key.namespace);
            let Some(object) = self.stores.bindings.get(&reference) else { continue };
            let Ok(binding) = &object.0 else { continue };
            let principal = &binding.spec.principal;
            let by_name = principal.user_ref.as_ref().is_some_and(|named| named.name == user.name_any())
                && binding.namespace() == user.namespace();
            if by_name || principal.email.as_ref() == Some(&user.spec.email) {
                let _ = self.queues.bindings.unbounded_send(reference);
            }
        }
    }

    /// Every object of a namespace, whose labels decide what it may declare.
    pub(crate) fn namespace(&self, name: &str) {
        for object in self.stores.users.state() {
            if object.meta().namespace.as_deref() == Some(name) {
                let _ = self.queues.users.unbounded_send(ObjectRef::from_obj(object.as_ref()));
            }
        }
        for object in self.stores.bindings.state() {
            if object.meta().namespace.as_deref() == Some(name) {
                let _ = self.queues.bindings.unbounded_send(ObjectRef::from_obj(object.as_ref()));
            }
        }
    }

    /// Organizations whose credential a Secret holds.
    pub(crate) fn secret(&self, name: &str) {
        for object in self.stores.organizations.state() {
            let Ok(organization) = &object.0 else { continue };
            let auth = organization.spec.backend.confluent_cloud.as_ref().and_then(|cloud| cloud.auth.api_key.as_ref());
            if auth.is_some_and(|auth| auth.secret_ref.name == name) {
                let _ = self.queues.organizations.unbounded_send(ObjectRef::from_obj(object.as_ref()));
            }
        }
    }

    /// What an organization protects, as of now; the default where its object cannot be read.
    pub(crate) fn protection(&self, organization: &str) -> Protection {
        self.organization_object(organization)
            .and_then(|object| Some(convert::protection(&object.0.as_ref().ok()?.spec.protection)))
            .unwrap_or_default()
    }

    /// How often an organization is listed.
    pub(crate) fn resync(&self, organization: &str) -> Duration {
        self.organization_object(organization)
            .and_then(|object| Some(convert::resync_interval(&object.0.as_ref().ok()?.spec.resync_interval)))
            .unwrap_or(Duration::from_mins(10))
    }
}

/// Whether a cached object is the one that a job was decided for.
fn is_of<K: Resource>(object: &K, job: &Job) -> bool {
    let meta = object.meta();
    meta.uid.as_ref() == Some(&job.object.uid)
        && meta.generation == Some(job.generation)
        && meta.deletion_timestamp.is_some() == job.deleting
}

impl Wake for Waker {
    fn wants(&self, job: &Job) -> bool {
        let (name, namespace) = (&job.object.name, &job.object.namespace);
        match job.object.kind {
            Kind::Organization => false,
            Kind::User => {
                self.stores.users.get(&ObjectRef::new(name).within(namespace)).is_some_and(|it| is_of(it.as_ref(), job))
            }
            Kind::Binding => self
                .stores
                .bindings
                .get(&ObjectRef::new(name).within(namespace))
                .is_some_and(|it| is_of(it.as_ref(), job)),
        }
    }

    fn object(&self, key: &ObjectKey) {
        match key.kind {
            Kind::Organization => self.organization(&key.name),
            Kind::User => {
                let _ = self.queues.users.unbounded_send(ObjectRef::new(&key.name).within(&key.namespace));
            }
            Kind::Binding => {
                let _ = self.queues.bindings.unbounded_send(ObjectRef::new(&key.name).within(&key.namespace));
            }
        }
    }

    fn organization(&self, name: &str) {
        let _ = self.queues.organizations.unbounded_send(ObjectRef::new(name));
    }

    fn dependents(&self, organization: &str) {
        for object in self.stores.users.state() {
            if object.0.as_ref().is_ok_and(|user| user.spec.organization_ref.name == organization) {
                let _ = self.queues.users.unbounded_send(ObjectRef::from_obj(object.as_ref()));
            }
        }
        for object in self.stores.bindings.state() {
            if object.0.as_ref().is_ok_and(|binding| binding.spec.organization_ref.name == organization) {
                let _ = self.queues.bindings.unbounded_send(ObjectRef::from_obj(object.as_ref()));
            }
        }
    }

    fn person(&self, organization: &str, principal: &PrincipalId) {
        for object in self.stores.users.state() {
            let Ok(user) = &object.0 else { continue };
            let known = user.status.as_ref().and_then(|status| status.user_id.as_deref());
            if user.spec.organization_ref.name == organization && known == Some(principal.as_str()) {
                let _ = self.queues.users.unbounded_send(ObjectRef::from_obj(object.as_ref()));
            }
        }
    }
}
