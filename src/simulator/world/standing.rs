//! What an actor may do, from the roles that the actor itself holds. PURE.
//!
//! Who may grant and who may manage accounts is read from the catalogue; what is here besides are the rights to see.

use super::{World, command::Actor, refusal::Refusal};
use crate::access::{
    PrincipalId, Scope,
    catalogue::{ACCOUNT_ADMIN, AccountOperation, Catalogue, ORGANIZATION_ADMIN, Role},
};

/// Roles that see the people of the organization.
const SEE_PEOPLE: [&str; 5] =
    [ORGANIZATION_ADMIN, ACCOUNT_ADMIN, "EnvironmentAdmin", "CloudClusterAdmin", "FlinkAdmin"];
/// Roles that see role bindings, each within its own scope. `AccountAdmin` is not one of them.
const SEE_BINDINGS: [&str; 4] = [ORGANIZATION_ADMIN, "EnvironmentAdmin", "CloudClusterAdmin", "ResourceOwner"];

/// An actor's roles at one moment.
pub(super) struct Standing<'a> {
    portal: bool,
    principal: Option<&'a PrincipalId>,
    held: Vec<(&'a str, &'a Scope)>,
}

impl World {
    /// The roles that the actor holds now.
    pub(super) fn standing<'a>(&'a self, actor: &'a Actor) -> Standing<'a> {
        match actor {
            Actor::Portal => Standing { portal: true, principal: None, held: Vec::new() },
            Actor::Application(_) => Standing { portal: false, principal: None, held: Vec::new() },
            Actor::Principal(id) => {
                let bindings = self.held.get(id).into_iter().flatten().filter_map(|held| self.bindings.get(&held.id));
                let held = bindings.filter_map(|b| Some((b.role.as_str(), b.scope.as_ref()?))).collect();
                Standing { portal: false, principal: Some(id), held }
            }
        }
    }
}

/// `Ok` where it is so, else the refusal that tells nothing.
pub(super) fn allow(allowed: bool) -> Result<(), Refusal> {
    if allowed { Ok(()) } else { Err(Refusal::Forbidden) }
}

impl Standing<'_> {
    /// Whether nothing is held back.
    pub(super) fn is_portal(&self) -> bool {
        self.portal
    }

    /// Whether the actor is that principal.
    pub(super) fn is(&self, principal: &PrincipalId) -> bool {
        self.principal == Some(principal)
    }

    /// Whether the actor administers the organization.
    pub(super) fn administers(&self) -> bool {
        self.portal || self.holds(&[ORGANIZATION_ADMIN])
    }

    /// Whether the actor holds one of these roles anywhere.
    pub(super) fn holds(&self, roles: &[&str]) -> bool {
        self.held.iter().any(|(role, _)| roles.contains(role))
    }

    /// Whether the actor holds one of these roles over that place.
    pub(super) fn holds_over(&self, roles: &[&str], place: &Scope) -> bool {
        self.held.iter().any(|(role, within)| roles.contains(role) && within.covers(place))
    }

    /// Whether the actor may do that to accounts.
    pub(super) fn may_operate(&self, operation: AccountOperation) -> bool {
        self.portal || Catalogue::embedded().may_operate(self.held.iter().map(|(role, _)| *role), operation)
    }

    /// Whether the actor may grant or revoke that role there.
    pub(super) fn may_grant(&self, role: &Role, scope: &Scope) -> bool {
        self.portal || role.may_be_granted_by(self.held.iter().copied(), scope)
    }

    /// Whether the actor sees who is in the organization.
    pub(super) fn sees_people(&self) -> bool {
        self.portal || self.holds(&SEE_PEOPLE)
    }

    /// Whether the actor sees any role bindings at all.
    pub(super) fn sees_some_bindings(&self) -> bool {
        self.portal || self.holds(&SEE_BINDINGS)
    }

    /// Whether the actor sees the bindings at that place; `None` stands for a place that nobody can read.
    pub(super) fn sees_bindings_at(&self, place: Option<&Scope>) -> bool {
        self.administers() || place.is_some_and(|place| self.holds_over(&SEE_BINDINGS, place))
    }

    /// Whether the actor has any role on the way to that place, at it or inside it: then the place itself is seen.
    pub(super) fn sees_place(&self, place: &Scope) -> bool {
        self.administers() || self.held.iter().any(|(_, within)| within.covers(place) || place.covers(within))
    }

    /// Whether the actor holds a role on that one service account.
    pub(super) fn sees_service_account(&self, account: &Scope) -> bool {
        self.holds_over(&["ResourceOwner", "Assigner"], account)
    }
}
