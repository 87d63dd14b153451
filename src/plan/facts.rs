//! What every plan looks at besides its own object. PURE.

use jiff::{SignedDuration, Timestamp};

use crate::access::{
    Catalogue, Delegation, PrincipalId, Scope,
    catalogue::{AccountOperation, ORGANIZATION_ADMIN},
    delegation::Namespace,
};

use super::{Inventory, Protection};

/// How far the vendor's clock and the cluster's may differ: what is older than an object by more than this was there first.
pub const ALLOWED_SKEW: SignedDuration = SignedDuration::from_mins(5);

/// How a person or grant that was there before the object is treated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Adoption {
    /// Taken over.
    Adopt,
    /// Left alone, and said so.
    Refuse,
}

/// Facts about the organization and the moment.
#[derive(Clone, Copy, Debug)]
pub struct Facts<'a> {
    /// The picture of the organization.
    pub inventory: &'a Inventory,
    /// The roles.
    pub catalogue: &'a Catalogue,
    /// Roles that the catalogue does not know may be declared.
    pub allow_unknown_roles: bool,
    /// Whom the operator acts as; `None` where it cannot tell.
    pub own: Option<&'a PrincipalId>,
    /// What namespaces may declare.
    pub delegations: &'a [Delegation],
    /// What the owner protects.
    pub protection: &'a Protection,
    /// The object's namespace.
    pub namespace: &'a Namespace,
    /// The moment.
    pub now: Timestamp,
    /// Nothing remote is changed: the organization is only observed.
    pub observing: bool,
}

impl<'a> Facts<'a> {
    /// The operator's own roles; `None` where it cannot read them.
    pub fn own_roles(&self) -> Option<Vec<(&'a str, &'a Scope)>> {
        let held: Vec<_> = self
            .inventory
            .bindings_of(self.own?)
            .filter_map(|binding| Some((binding.role.as_str(), binding.scope.as_ref()?)))
            .collect();
        // An identity that acts has at least one role, so none at all means that they are not shown to it.
        (!held.is_empty()).then_some(held)
    }

    /// Whether the operator may do that to accounts; unknown roles are given the try.
    pub fn may_operate(&self, operation: AccountOperation) -> bool {
        let may = |held: Vec<(&str, &Scope)>| self.catalogue.may_operate(held.into_iter().map(|it| it.0), operation);
        self.own_roles().is_none_or(may)
    }

    /// Whether every role binding is visible to the operator.
    pub fn sees_everything(&self) -> bool {
        self.own_roles().is_some_and(|held| held.iter().any(|(name, _)| *name == ORGANIZATION_ADMIN))
    }
}

/// Whether something remote was made before the object that declares it. What carries no date counts as older.
pub fn pre_exists(created_remotely: Option<Timestamp>, object_created: Timestamp) -> bool {
    created_remotely.is_none_or(|at| at < object_created - ALLOWED_SKEW)
}
