//! Who speaks for a grant that no object stands for: objects that wait, that are refused, or that nobody has looked at yet. It
//! only reads caches.

use std::sync::Arc;

use jiff::Timestamp;
use kube::{Resource, ResourceExt};

use crate::api::{RoleBinding, convert};

use super::{lane::Claim, managed::Managed, shelf::Guarded, wake::Waker};

/// The objects that may speak, as they were at one moment.
pub(crate) struct Speakers<'a> {
    wake: &'a Waker,
    organization_id: Option<String>,
    objects: Vec<Arc<Guarded<RoleBinding>>>,
    now: Timestamp,
}

impl<'a> Speakers<'a> {
    /// Those for one organization.
    pub(crate) fn of(wake: &'a Waker, organization: &str, now: Timestamp) -> Self {
        let organization_id = id_of(wake, organization);
        Self { wake, organization_id, objects: wake.bindings.all(), now }
    }

    /// The first by name that may declare the grant. One that cannot be decoded may declare anything, and where the
    /// organization itself cannot be read everything may be declared.
    pub(crate) fn first(&self, claim: &Claim) -> Option<String> {
        let Some(id) = &self.organization_id else { return Some("an object that cannot be read".to_owned()) };
        let speaks = |object: &&Arc<Guarded<RoleBinding>>| match &object.0 {
            Ok(binding) => self.may_declare(binding, claim, id),
            Err(_) => true,
        };
        let name = |object: &Arc<Guarded<RoleBinding>>| {
            format!("{}/{}", object.namespace().unwrap_or_default(), object.meta().name.clone().unwrap_or_default())
        };
        self.objects.iter().filter(speaks).map(name).min()
    }

    fn may_declare(&self, binding: &RoleBinding, claim: &Claim, id: &str) -> bool {
        let namespace = binding.namespace().unwrap_or_default();
        let user_email = |name: &str| {
            let found = self.wake.users.get(name, &namespace)?;
            let user = found.0.as_ref().ok()?;
            (user.spec.organization_ref == binding.spec.organization_ref).then(|| user.spec.email.clone())
        };
        // Another object for the same organization does nothing, and what names it is declared all the same.
        let elsewhere = || id_of(self.wake, binding.connection()).is_some_and(|other| other != *id);
        convert::may_declare(binding, &claim.grant, id, claim.names.as_deref(), user_email, self.now) && !elsewhere()
    }
}

fn id_of(wake: &Waker, organization: &str) -> Option<String> {
    let object = wake.organization(organization)?;
    Some(object.0.as_ref().ok()?.spec.organization_id.clone())
}
