//! Who wakes whom. It reads caches and fills queues, and waits for nothing.

use std::{collections::HashMap, sync::Arc, time::Duration};

use jiff::Timestamp;
use k8s_openapi::api::core::v1::Namespace;
use kube::{Resource, ResourceExt, core::PartialObjectMeta, runtime::reflector::Store};

use crate::{
    access::PrincipalId,
    api::{
        ACKNOWLEDGE, ConfluentOrganization, ConfluentUser, Publisher, PublisherUser, RoleBinding, common::Management,
        convert,
    },
    plan::{Protection, publisher::MemberProtection},
};

use super::{
    key::{Kind, ObjectKey},
    lane::{Author, Claim, Limits, Wake},
    managed::Managed,
    memory::Memory,
    publisher_user::key_in,
    shelf::{Guarded, Shelf},
    speaker::Speakers,
};

/// The caches and queues of our kinds.
pub(crate) struct Waker {
    pub(crate) organizations: Shelf<ConfluentOrganization>,
    pub(crate) users: Shelf<ConfluentUser>,
    pub(crate) bindings: Shelf<RoleBinding>,
    pub(crate) publishers: Shelf<Publisher>,
    pub(crate) publisher_users: Shelf<PublisherUser>,
    pub(crate) namespaces: Store<PartialObjectMeta<Namespace>>,
}

impl Waker {
    /// Waits until every cache is complete; for one waiter alone.
    pub(crate) async fn complete(&self) {
        self.organizations.complete().await;
        self.users.complete().await;
        self.bindings.complete().await;
        self.publishers.complete().await;
        self.publisher_users.complete().await;
        let _ = self.namespaces.wait_until_ready().await;
    }

    pub(crate) fn organization(&self, name: &str) -> Option<Arc<Guarded<ConfluentOrganization>>> {
        self.organizations.get(name, "")
    }

    /// How many objects of a kind have each word as the reason of `Ready`.
    pub(crate) fn reasons(&self, kind: Kind, undecodable: &'static str) -> HashMap<String, u64> {
        match kind {
            Kind::Organization => self.organizations.reasons(undecodable),
            Kind::User => self.users.reasons(undecodable),
            Kind::Binding => self.bindings.reasons(undecodable),
            Kind::Publisher => self.publishers.reasons(undecodable),
            Kind::PublisherUser => self.publisher_users.reasons(undecodable),
        }
    }

    /// Whether an object is still there.
    pub(crate) fn exists(&self, key: &ObjectKey) -> bool {
        match key.kind {
            Kind::Organization => self.organizations.exists(key),
            Kind::User => self.users.exists(key),
            Kind::Binding => self.bindings.exists(key),
            Kind::Publisher => self.publishers.exists(key),
            Kind::PublisherUser => self.publisher_users.exists(key),
        }
    }

    /// What may have waited for an object to be gone: users that are being deleted, and the realm that is.
    pub(crate) fn survivors(&self, kind: Kind, realm: &str, silently: bool) {
        match kind {
            Kind::Organization | Kind::User | Kind::Binding => {
                if silently {
                    self.users.wake_where(|user| user.connection() == realm && is_going(user));
                }
                self.organizations.wake_where(|it| it.name_any() == realm && is_going(it));
            }
            Kind::Publisher | Kind::PublisherUser => {
                self.publishers.wake_where(|it| it.name_any() == realm && is_going(it));
            }
        }
    }

    /// Objects for the same person as one that is going: they share no longer. It is asked before the object goes, as the
    /// cache may forget it first.
    pub(crate) fn namesakes(&self, key: &ObjectKey) {
        match key.kind {
            Kind::User => {
                let going = self.users.get(&key.name, &key.namespace);
                let Some(email) = going.and_then(|object| Some(object.0.as_ref().ok()?.spec.email.clone())) else {
                    return;
                };
                self.users.wake_where(|user| user.spec.email == email && user.uid().as_ref() != Some(&key.uid));
            }
            Kind::PublisherUser => {
                if let Some(Ok(going)) = self.publisher_users.get(&key.name, &key.namespace).as_deref().map(|it| &it.0)
                {
                    self.members_like(going);
                }
            }
            Kind::Organization | Kind::Binding | Kind::Publisher => {}
        }
    }

    /// Other objects for the same person.
    pub(crate) fn users_like(&self, user: &ConfluentUser) {
        self.users.wake_where(|other| other.spec.email == user.spec.email && other.uid() != user.uid());
    }

    /// Other objects for the same user of the same publisher: they share it, or contradict.
    pub(crate) fn members_like(&self, user: &PublisherUser) {
        let key = key_in(&user.spec);
        self.publisher_users.wake_where(|other| {
            other.connection() == user.connection() && key_in(&other.spec) == key && other.uid() != user.uid()
        });
    }

    /// Others that connect to the same organization as one that is new: only one of them may.
    pub(crate) fn organization_twins(&self, new: &ConfluentOrganization) {
        self.organizations
            .wake_where(|it| it.spec.organization_id == new.spec.organization_id && it.uid() != new.uid());
    }

    /// Others that connect to the same publisher as one that is new: only one of them may.
    pub(crate) fn publisher_twins(&self, new: &Publisher) {
        self.publishers.wake_where(|it| it.spec.publisher_id == new.spec.publisher_id && it.uid() != new.uid());
    }

    /// Bindings that name a user object that is new: it may mean somebody else than the one before, or be what a
    /// delegation asks for.
    pub(crate) fn bindings_of_a_new(&self, user: &ConfluentUser) {
        let namespace = user.namespace();
        self.bindings.wake_where(|binding| {
            let principal = &binding.spec.principal;
            let by_name = principal.user_ref.as_ref().is_some_and(|named| named.name == user.name_any());
            binding.namespace() == namespace && (by_name || principal.email.as_ref() == Some(&user.spec.email))
        });
    }

    /// Bindings that wait and name a user who has just appeared or changed.
    pub(crate) fn bindings_of(&self, user: &ConfluentUser, memory: &Memory) {
        for key in memory.waiting(Kind::Binding) {
            let Some(object) = self.bindings.get(&key.name, &key.namespace) else { continue };
            let Ok(binding) = &object.0 else { continue };
            let principal = &binding.spec.principal;
            let by_name = principal.user_ref.as_ref().is_some_and(|named| named.name == user.name_any())
                && binding.namespace() == user.namespace();
            if by_name || principal.email.as_ref() == Some(&user.spec.email) {
                self.bindings.wake(&key);
            }
        }
    }

    /// Every object of a namespace, whose labels decide what it may declare.
    pub(crate) fn namespace(&self, name: &str) {
        self.users.wake_namespace(name);
        self.bindings.wake_namespace(name);
        self.publisher_users.wake_namespace(name);
    }

    /// Realms whose credential a Secret holds.
    pub(crate) fn secret(&self, name: &str) {
        self.organizations.wake_where(|organization| {
            let auth = organization.spec.backend.confluent_cloud.as_ref().and_then(|cloud| cloud.auth.api_key.as_ref());
            auth.is_some_and(|auth| auth.secret_ref.name == name)
        });
        self.publishers.wake_where(|publisher| {
            let auth = publisher.spec.backend.portal.as_ref().and_then(|portal| portal.auth.client_secret.as_ref());
            auth.is_some_and(|auth| auth.secret_ref.name == name)
        });
    }

    /// What an organization protects, as of now; the default where its object cannot be read.
    pub(crate) fn protection(&self, organization: &str) -> Protection {
        self.organization(organization)
            .and_then(|object| Some(convert::protection(&object.0.as_ref().ok()?.spec.protection)))
            .unwrap_or_default()
    }

    /// Whether nothing remote is changed for an object, as of now: its realm is only observed.
    fn is_observed(&self, key: &ObjectKey) -> bool {
        self.connection_of(key).is_some_and(|(_, management)| management == Management::Observe)
    }

    /// The generation of the object that connects an object's realm, and what it lets the operator do.
    fn connection_of(&self, key: &ObjectKey) -> Option<(i64, Management)> {
        match key.kind {
            Kind::Organization | Kind::Publisher => None,
            Kind::User | Kind::Binding => {
                let users = || self.users.connection(key);
                let name = if key.kind == Kind::Binding { self.bindings.connection(key) } else { users() };
                let found = self.organization(&name?)?;
                let object = found.0.as_ref().ok()?;
                Some((object.metadata.generation?, object.spec.management))
            }
            Kind::PublisherUser => {
                let found = self.publishers.get(&self.publisher_users.connection(key)?, "")?;
                let object = found.0.as_ref().ok()?;
                Some((object.metadata.generation?, object.spec.management))
            }
        }
    }

    /// Whether an organization wants removed what nobody declares, as of now.
    fn removes_undeclared(&self, organization: &str) -> bool {
        let object = self.organization(organization);
        object.as_ref().and_then(|object| object.0.as_ref().ok()).is_some_and(|object| {
            object.spec.management == Management::Full && convert::removed_after(&object.spec).is_some()
        })
    }

    /// How much may be removed from an organization, as of now; the default where its object cannot be read. Bindings that
    /// are being deleted are declared until they are gone, and those that stand for nothing make no room: a tenant may write any
    /// number of them.
    pub(crate) fn limits(&self, organization: &str) -> Limits {
        let object = self.organization(organization);
        let object = object.as_ref().and_then(|object| object.0.as_ref().ok());
        let budget = object.map(|object| convert::removal_budget(&object.spec.protection.removal_budget));
        Limits {
            budget: budget.unwrap_or_default(),
            declared: self.bindings.count(|binding| {
                let stands = binding.status.as_ref().is_some_and(|status| status.grant.is_some());
                stands && binding.connection() == organization
            }),
            acknowledged: object.and_then(acknowledged),
        }
    }

    /// The same of a publisher.
    pub(crate) fn member_limits(&self, publisher: &str) -> Limits {
        let object = self.publishers.get(publisher, "");
        let object = object.as_ref().and_then(|object| object.0.as_ref().ok());
        let budget = object.map(|object| convert::removal_budget(&object.spec.protection.removal_budget));
        Limits {
            budget: budget.unwrap_or_default(),
            declared: self.publisher_users.count(|user| {
                let stands = user.status.as_ref().is_some_and(|status| status.granted_role.is_some());
                stands && user.connection() == publisher
            }),
            acknowledged: object.and_then(acknowledged),
        }
    }

    /// How often an organization is listed.
    pub(crate) fn resync(&self, organization: &str) -> Duration {
        self.organization(organization)
            .and_then(|object| Some(convert::resync_interval(&object.0.as_ref().ok()?.spec.resync_interval)))
            .unwrap_or(Duration::from_mins(10))
    }

    /// What a publisher protects, as of now; the default where its object cannot be read.
    pub(crate) fn member_protection(&self, publisher: &str) -> MemberProtection {
        self.publishers
            .get(publisher, "")
            .and_then(|object| Some(convert::member_protection(&object.0.as_ref().ok()?.spec.protection)))
            .unwrap_or_default()
    }

    /// How often a publisher is listed.
    pub(crate) fn publisher_resync(&self, publisher: &str) -> Duration {
        self.publishers
            .get(publisher, "")
            .and_then(|object| Some(convert::resync_interval(&object.0.as_ref().ok()?.spec.resync_interval)))
            .unwrap_or(Duration::from_mins(10))
    }
}

/// The digest that a person said yes to.
fn acknowledged(object: &impl ResourceExt) -> Option<String> {
    object.annotations().get(ACKNOWLEDGE).cloned()
}

/// It is being deleted.
pub(crate) fn is_going(object: &impl Resource) -> bool {
    object.meta().deletion_timestamp.is_some()
}

impl Wake for Waker {
    fn wants(&self, author: &Author) -> bool {
        match author.object.kind {
            Kind::User => self.users.holds(author) && !self.is_observed(&author.object),
            Kind::Binding => self.bindings.holds(author) && !self.is_observed(&author.object),
            Kind::PublisherUser => self.publisher_users.holds(author) && !self.is_observed(&author.object),
            // Removals of what nobody declares are its own.
            Kind::Organization => self.organizations.holds(author) && self.removes_undeclared(&author.object.name),
            Kind::Publisher => false,
        }
    }

    fn exists(&self, key: &ObjectKey) -> bool {
        Self::exists(self, key)
    }

    fn grounds(&self, key: &ObjectKey) -> Option<i64> {
        self.connection_of(key).map(|(generation, _)| generation)
    }

    fn object(&self, key: &ObjectKey) {
        match key.kind {
            Kind::Organization => self.organizations.wake(key),
            Kind::User => self.users.wake(key),
            Kind::Binding => self.bindings.wake(key),
            Kind::Publisher => self.publishers.wake(key),
            Kind::PublisherUser => self.publisher_users.wake(key),
        }
    }

    fn connection(&self, kind: Kind, name: &str) {
        match kind {
            Kind::Organization | Kind::User | Kind::Binding => self.organizations.wake_named(name, ""),
            Kind::Publisher | Kind::PublisherUser => self.publishers.wake_named(name, ""),
        }
    }

    fn dependents(&self, kind: Kind, name: &str) {
        match kind {
            Kind::Organization | Kind::User | Kind::Binding => {
                self.users.wake_where(|user| user.connection() == name);
                self.bindings.wake_where(|binding| binding.connection() == name);
            }
            Kind::Publisher | Kind::PublisherUser => {
                self.publisher_users.wake_where(|user| user.connection() == name);
            }
        }
    }

    fn person(&self, organization: &str, principal: &PrincipalId) {
        self.users.wake_where(|user| {
            let known = user.status.as_ref().and_then(|status| status.user_id.as_deref());
            user.connection() == organization && known == Some(principal.as_str())
        });
    }

    fn speaker(&self, realm: &str, claim: &Claim, now: Timestamp) -> Option<String> {
        Speakers::of(self, realm, now).first(claim)
    }

    fn speakers(&self, _: &str, claim: &Claim) {
        self.bindings.wake_where(|binding| binding.spec.role == claim.grant.role);
    }
}
