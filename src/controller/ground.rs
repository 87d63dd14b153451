//! What the namespaced kinds observe alike: the realm that they belong to, its lane, and the namespace that asks. It only
//! reads.

use std::{sync::Arc, time::Duration};

use jiff::Timestamp;
use kube::ResourceExt;

use crate::{
    access::{
        Catalogue, Delegation, Email,
        delegation::{self, Namespace},
    },
    api::{ConfluentOrganization, ConfluentOrganizationSpec, RELEASE, common::Management, convert},
    plan::{Decision, Facts, Finding, Inventory, Protection},
};

use super::{
    context::Context,
    lane::{Lane, Organization, Realm, View},
    link::{Link, Links},
    managed::{Managed, Plan, may_be_let_go, unreachable},
    shelf::Guarded,
};

/// The ground that an object stands on.
pub(crate) struct Ground {
    pub(crate) link: Link<Organization>,
    organization: Option<Arc<Guarded<ConfluentOrganization>>>,
    pub(crate) namespace: Namespace,
    delegations: Vec<Delegation>,
    protection: Protection,
    catalogue: Arc<Catalogue>,
    allow_unknown_roles: bool,
    /// Nothing remote is changed.
    pub(crate) observing: bool,
}

impl Ground {
    /// Reads it from the caches.
    pub(crate) fn observe(object: &impl ResourceExt, organization: &str, context: &Context) -> Self {
        let found = context.organization(organization);
        let spec = found.as_ref().and_then(|object| object.0.as_ref().ok()).map(|object| &object.spec);
        Self {
            link: link(
                &context.organizations,
                found.is_some(),
                context.wake.organizations.has(organization),
                organization,
            ),
            namespace: context.namespace(&object.namespace().unwrap_or_default()),
            delegations: spec.map(convert::delegations).unwrap_or_default(),
            protection: spec.map(|spec| convert::protection(&spec.protection)).unwrap_or_default(),
            allow_unknown_roles: spec.is_some_and(|spec| spec.allow_unknown_roles),
            observing: spec.is_some_and(|spec| spec.management == Management::Observe),
            catalogue: Arc::clone(&context.settings.catalogue),
            organization: found,
        }
    }

    /// The organization's spec; there whenever there is a lane.
    pub(crate) fn spec(&self) -> Option<&ConfluentOrganizationSpec> {
        self.organization.as_ref()?.0.as_ref().ok().map(|organization| &organization.spec)
    }

    /// Whether objects of a namespace may declare that person, as far as can be told: where it cannot, they may.
    pub(crate) fn may_invite(&self, namespace: &str, email: &str, context: &Context) -> bool {
        let known = context.knows_namespace(namespace)
            && self.spec().is_some_and(|spec| convert::broken_delegations(spec).is_empty());
        let Some(email) = Email::parse(email).ok().filter(|_| known) else { return true };
        delegation::may_invite(&self.delegations, &context.namespace(namespace), &email).is_ok()
    }

    /// Whether they certainly may: what cannot be read admits nobody.
    pub(crate) fn admits(&self, namespace: &str, email: &str, context: &Context) -> bool {
        let may = |it: Email| delegation::may_invite(&self.delegations, &context.namespace(namespace), &it).is_ok();
        Email::parse(email).is_ok_and(may)
    }

    /// The facts of a plan, over a look at the lane.
    pub(crate) fn facts<'a>(
        &'a self,
        view: &'a View<'_, Organization>,
        inventory: &'a Inventory,
        now: Timestamp,
    ) -> Facts<'a> {
        self.facts_in(&self.namespace, view, inventory, now)
    }

    /// The same as seen from another namespace.
    pub(crate) fn facts_in<'a>(
        &'a self,
        namespace: &'a Namespace,
        view: &'a View<'_, Organization>,
        inventory: &'a Inventory,
        now: Timestamp,
    ) -> Facts<'a> {
        Facts {
            inventory,
            catalogue: &self.catalogue,
            allow_unknown_roles: self.allow_unknown_roles,
            own: view.realm().identity.principal.as_ref(),
            delegations: &self.delegations,
            protection: &self.protection,
            namespace,
            now,
            observing: self.observing,
        }
    }
}

/// How a realm is reached; a connection that nobody made, or not yet, is told. Where the connecting object cannot be read nobody
/// knows what it protects and delegates, so nothing is done however well its lane is.
pub(crate) fn link<R: Realm>(links: &Links<R>, readable: bool, exists: bool, name: &str) -> Link<R> {
    let (kind, noun) = (R::KIND.as_str(), R::NOUN);
    if exists && !readable {
        let message = format!("the {kind} `{name}` cannot be read: its own status names the field to correct");
        return Link::Broken(Finding::new(R::NOT_READY, message));
    }
    if !exists {
        let message = format!("the {kind} `{name}` does not exist: create it, or correct `spec.{noun}Ref`");
        return Link::Broken(Finding::new(R::NOT_FOUND, message));
    }
    links.get(name).unwrap_or_else(|| {
        Link::Broken(Finding::new(R::NOT_READY, format!("the {kind} `{name}` is not connected yet")))
    })
}

/// Either a lane with a picture, or the plan of an object that cannot be judged without one. One that is deleted where
/// everything is only observed needs none.
pub(crate) fn lane_or_wait<K: Managed>(
    object: &K,
    link: &Link<K::Realm>,
    observing: bool,
    status: &K::Status,
) -> Result<Arc<Lane<K::Realm>>, Box<Plan<K>>> {
    if observing && object.meta().deletion_timestamp.is_some() {
        let decision = Decision::unrevoked(K::Realm::NOUN);
        return Err(Box::new(Plan::say(decision, status.clone(), Duration::from_mins(1))));
    }
    let problem = match link {
        Link::Lane(lane) => {
            let view = lane.view();
            if view.picture().is_some() {
                return Ok(Arc::clone(lane));
            }
            let message = format!("the {} is being listed for the first time", K::Realm::NOUN);
            let waiting = || Finding::new(K::Realm::NOT_READY, message);
            view.listing_failure().cloned().unwrap_or_else(waiting)
        }
        Link::Broken(problem) => of_realm::<K::Realm>(problem, object.connection()),
    };
    Err(Box::new(cut_off(object, problem, status)))
}

/// The realm's problem as its objects tell it: with the realm's name, where the sentence lacks it.
fn of_realm<R: Realm>(problem: &Finding, name: &str) -> Finding {
    if [R::NOT_FOUND, R::NOT_READY].contains(&problem.reason) {
        return problem.clone();
    }
    Finding::new(problem.reason, format!("the {} `{name}` is not connected: {}", R::NOUN, problem.message))
}

/// An object whose realm cannot be reached. A deleted one can be let go, unrevoked, by an annotation with its uid.
fn cut_off<K: Managed>(object: &K, mut problem: Finding, status: &K::Status) -> Plan<K> {
    let deleting = object.meta().deletion_timestamp.is_some();
    let uid = object.uid().unwrap_or_default();
    if deleting && may_be_let_go(&problem) {
        if object.annotations().get(RELEASE) == Some(&uid) {
            let message = format!("let go without revoking anything, as `{RELEASE}` asks: {}", problem.message);
            let mut plan = unreachable(object, &problem, status.clone());
            plan.decision = Decision::release(message);
            return plan;
        }
        problem.message = format!(
            "{}. Nothing can be revoked until that is mended; to let this object go without revoking anything, annotate it \
             with `{RELEASE}={uid}`",
            problem.message
        );
    }
    unreachable(object, &problem, status.clone())
}
