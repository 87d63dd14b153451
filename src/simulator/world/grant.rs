//! Role bindings: made, removed, and the guards on the last and the own `OrganizationAdmin`. PURE.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::{Actor, Answer, Binding, ClusterType, DuplicateGrant, Membership, Refusal, User, World, standing::allow};
use crate::access::{
    Crn, Key, PrincipalId, Role, Scope,
    catalogue::{Catalogue, ORGANIZATION_ADMIN},
};

/// What one principal holds, in the order in which an equal binding is looked for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Held {
    crn: String,
    role: String,
    pub(super) id: String,
}

impl Held {
    fn of(binding: &Binding) -> Self {
        Self { crn: binding.crn.clone(), role: binding.role.clone(), id: binding.id.clone() }
    }
}

impl World {
    pub(super) fn grant(
        &mut self,
        actor: &Actor,
        principal: &str,
        role: &str,
        crn: &str,
        at: Timestamp,
    ) -> Result<Answer, Refusal> {
        let principal = parse_principal(principal)?;
        let role = Catalogue::embedded().role(role).ok_or_else(|| Refusal::UnknownRole(role.to_owned()))?;
        let crn: Crn = crn.parse().map_err(|error| Refusal::Invalid(format!("crn_pattern is not valid: {error}")))?;
        let scope = crn.scope;
        allow(crn.organization == self.organization.id)?;
        check_scope(role, &scope)?;
        allow(self.standing(actor).may_grant(role, &scope))?;
        allow(self.is_principal(&principal))?;
        self.check_place(role, &scope)?;
        if let Some(earlier) = self.equal_binding(&principal, &role.name, &scope) {
            match self.rules.duplicate_grant {
                DuplicateGrant::Conflict409 => return Err(Refusal::DuplicateBinding(earlier.id.clone())),
                DuplicateGrant::SameId201 => return Ok(Answer::Binding(earlier.clone())),
                DuplicateGrant::NewId201 => {}
            }
        }
        if self.bindings.len() >= self.rules.quotas.role_bindings {
            return Err(Refusal::QuotaExceeded("role_bindings_per_org"));
        }
        let text = self.crn_of(&scope);
        let binding = self.add_binding(principal, &role.name, text, at);
        self.record(actor, "CreateRoleBinding", binding.id.clone(), at);
        if is_administrator(&binding) {
            self.announce_administrator(actor, &binding, at);
        }
        Ok(Answer::Binding(binding))
    }

    pub(super) fn revoke(&mut self, actor: &Actor, id: &str, at: Timestamp) -> Result<Answer, Refusal> {
        let binding = self.bindings.get(id).ok_or(Refusal::BindingHidden)?.clone();
        let standing = self.standing(actor);
        let may = match (Catalogue::embedded().role(&binding.role), &binding.scope) {
            (Some(role), Some(scope)) => standing.may_grant(role, scope),
            // What the catalogue or the grammar does not know is the administrator's alone.
            _ => standing.administers(),
        };
        if !may {
            return Err(Refusal::BindingHidden);
        }
        self.guard_administrators(actor, |other| other.id == id)?;
        self.remove_binding(id);
        self.record(actor, "DeleteRoleBindingById", id, at);
        Ok(Answer::Binding(binding))
    }

    pub(super) fn plant(&mut self, principal: &PrincipalId, role: &str, crn: &str, at: Timestamp) -> Answer {
        let binding = self.add_binding(principal.clone(), role, crn.to_owned(), at);
        self.record(&Actor::Portal, "CreateRoleBinding", binding.id.clone(), at);
        Answer::Binding(binding)
    }

    /// The users who administer the organization: members with `OrganizationAdmin`. Invited people and service accounts
    /// do not count.
    pub fn administrators(&self) -> Vec<&User> {
        let holders: BTreeSet<&PrincipalId> =
            self.bindings.values().filter(|b| is_administrator(b)).map(|b| &b.principal).collect();
        holders.into_iter().filter_map(|id| self.member(id)).collect()
    }

    /// Refuses a removal that takes the actor's own `OrganizationAdmin`, or the last one of a user.
    pub(super) fn guard_administrators(&self, actor: &Actor, goes: impl Fn(&Binding) -> bool) -> Result<(), Refusal> {
        let (going, staying): (Vec<&Binding>, Vec<&Binding>) =
            self.bindings.values().filter(|b| is_administrator(b)).partition(|b| goes(b));
        let own = |binding: &&Binding| matches!(actor, Actor::Principal(id) if *id == binding.principal);
        if self.rules.guard_own_admin && going.iter().any(own) {
            return Err(Refusal::OwnOrganizationAdmin);
        }
        let of_a_user = |binding: &&Binding| self.member(&binding.principal).is_some();
        if self.rules.guard_last_admin && going.iter().any(of_a_user) && !staying.iter().any(of_a_user) {
            return Err(Refusal::LastOrganizationAdmin);
        }
        Ok(())
    }

    /// Adds a binding. A CRN that we can read is kept in its plain form, whichever it came in.
    pub(super) fn add_binding(&mut self, principal: PrincipalId, role: &str, crn: String, at: Timestamp) -> Binding {
        let bindings = &self.bindings;
        let id = self.identifiers.upper("rb-", 6, |id| bindings.contains_key(id));
        let here = crn.parse::<Crn>().ok().filter(|crn| crn.organization == self.organization.id);
        let scope = here.map(|crn| crn.scope);
        let crn = scope.as_ref().map_or(crn, |scope| self.crn_of(scope));
        let binding = Binding { id: id.clone(), principal, role: role.to_owned(), crn, scope, created_at: at };
        self.held.entry(binding.principal.clone()).or_default().insert(Held::of(&binding));
        self.bindings.insert(id, binding.clone());
        binding
    }

    pub(super) fn remove_binding(&mut self, id: &str) {
        let Some(binding) = self.bindings.remove(id) else {
            return;
        };
        if let Some(theirs) = self.held.get_mut(&binding.principal) {
            theirs.remove(&Held::of(&binding));
            if theirs.is_empty() {
                self.held.remove(&binding.principal);
            }
        }
    }

    /// The whole CRN of a place in this organization.
    pub fn crn_of(&self, scope: &Scope) -> String {
        Crn { organization: self.organization.id.clone(), scope: scope.clone() }.to_string()
    }

    fn member(&self, id: &PrincipalId) -> Option<&User> {
        self.users.get(id.as_str()).filter(|user| user.membership == Membership::Member)
    }

    /// Whether that id can hold a role: a user, invited ones included, a service account, a pool or a mapping.
    fn is_principal(&self, id: &PrincipalId) -> bool {
        let named = id.as_str();
        self.users.contains_key(named) || self.service_accounts.contains_key(named) || self.others.contains(id)
    }

    fn equal_binding(&self, principal: &PrincipalId, role: &str, scope: &Scope) -> Option<&Binding> {
        let first = Held { crn: self.crn_of(scope), role: role.to_owned(), id: String::new() };
        let next = self.held.get(principal)?.range(&first..).next()?;
        if next.crn == first.crn && next.role == first.role { self.bindings.get(&next.id) } else { None }
    }

    /// The environment and the cluster are there, and the cluster carries the role.
    fn check_place(&self, role: &Role, scope: &Scope) -> Result<(), Refusal> {
        if let Some(environment) = scope.value(Key::Environment) {
            allow(self.environments.contains_key(environment))?;
        }
        let Some(id) = scope.value(Key::CloudCluster) else {
            return Ok(());
        };
        let cluster = self.clusters.get(id).filter(|it| Some(it.environment.as_str()) == scope.value(Key::Environment));
        let cluster = cluster.ok_or(Refusal::Forbidden)?;
        let kind = scope.kind();
        if cluster.kind == ClusterType::Basic && kind.needs_granular_cluster() {
            let (role, cluster) = (role.name.clone(), id.to_owned());
            return Err(Refusal::BasicCluster { role, resource: kind.noun(), cluster });
        }
        Ok(())
    }
}

fn is_administrator(binding: &Binding) -> bool {
    binding.role == ORGANIZATION_ADMIN && binding.scope.as_ref().is_some_and(|scope| scope.steps().is_empty())
}

fn parse_principal(text: &str) -> Result<PrincipalId, Refusal> {
    match text.strip_prefix("User:") {
        Some(id) if !id.is_empty() => Ok(PrincipalId::new(id)),
        _ => Err(Refusal::Invalid("principal must have the form User:<id>".to_owned())),
    }
}

fn check_scope(role: &Role, scope: &Scope) -> Result<(), Refusal> {
    if role.at.contains(&scope.kind()) {
        return Ok(());
    }
    let legal = role.at.iter().map(|key| key.as_str()).collect::<Vec<_>>().join(", ");
    Err(Refusal::RoleNotAtScope { role: role.name.clone(), legal, actual: scope.kind().as_str() })
}
