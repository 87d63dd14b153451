//! What an actor sees at a moment, page by page. PURE.

use std::{
    collections::BTreeMap,
    ops::Bound::{Excluded, Unbounded},
};

use jiff::Timestamp;

use super::{
    Actor, ApiKey, AuditEntry, Binding, Cluster, Environment, Invitation, KeyResource, Kind, Membership, Organization,
    Refusal, ServiceAccount, User, World,
    machine::{KEY_ADMIN, account_scope},
    standing::{Standing, allow},
};
use crate::access::{Crn, PrincipalId, PrincipalKind, catalogue::AccountOperation};

/// Which part of a list is wanted.
#[derive(Clone, Copy, Debug)]
pub struct Slice<'a> {
    /// The last id that was seen.
    pub after: Option<&'a str>,
    /// How many are passed over after it.
    pub skip: usize,
    /// How many at most.
    pub size: usize,
}

impl Slice<'_> {
    /// Everything.
    pub fn all() -> Self {
        Self { after: None, skip: 0, size: usize::MAX }
    }
}

/// One page, in the order of the ids.
#[derive(Clone, Debug)]
pub struct Page<'a, T> {
    /// What is on it.
    pub items: Vec<&'a T>,
    /// The id after which the next page begins, where there is one.
    pub next: Option<String>,
}

/// Exact filters on invitations.
#[derive(Clone, Copy, Debug, Default)]
pub struct InvitationFilter<'a> {
    /// As it was written.
    pub email: Option<&'a str>,
    /// `u-…`
    pub user: Option<&'a str>,
    /// `u-…` or `sa-…`
    pub creator: Option<&'a str>,
    /// Where it stands.
    pub status: Option<super::InvitationStatus>,
}

/// Filters on role bindings.
#[derive(Clone, Copy, Debug)]
pub struct BindingFilter<'a> {
    /// `<scope>`, or `<scope>/*` for what is inside it.
    pub crn_pattern: &'a str,
    /// Exact.
    pub principal: Option<&'a str>,
    /// Exact.
    pub role: Option<&'a str>,
}

/// Exact filters on API keys.
#[derive(Clone, Copy, Debug, Default)]
pub struct KeyFilter<'a> {
    /// `u-…` or `sa-…`
    pub owner: Option<&'a str>,
    /// `lkc-…`, or `cloud`.
    pub resource: Option<&'a str>,
}

/// An actor's view of a world.
pub struct View<'a> {
    world: &'a World,
    standing: Standing<'a>,
    at: Timestamp,
}

impl<'a> View<'a> {
    pub(super) fn new(world: &'a World, actor: &'a Actor, at: Timestamp) -> Self {
        Self { world, standing: world.standing(actor), at }
    }

    /// The moment of this view.
    pub fn at(&self) -> Timestamp {
        self.at
    }

    /// The organization, which every actor sees.
    pub fn organization(&self) -> &'a Organization {
        &self.world.organization
    }

    /// The audit log, oldest first, for whoever administers.
    pub fn audit(&self) -> Result<impl Iterator<Item = &'a AuditEntry> + use<'a>, Refusal> {
        allow(self.standing.administers())?;
        Ok(self.world.audit())
    }

    /// The people.
    pub fn users(&self, slice: Slice<'_>) -> Result<Page<'a, User>, Refusal> {
        allow(self.standing.sees_people())?;
        Ok(page(&self.world.users, slice, |user| self.is_listed(user)))
    }

    /// One person.
    pub fn user(&self, id: &str) -> Result<&'a User, Refusal> {
        allow(self.standing.sees_people() || self.standing.is(&PrincipalId::new(id)))?;
        let user = self.world.users.get(id).filter(|user| self.is_listed(user));
        user.ok_or(Refusal::NotFound(Kind::User))
    }

    /// The invitations.
    pub fn invitations(&self, filter: InvitationFilter<'_>, slice: Slice<'_>) -> Result<Page<'a, Invitation>, Refusal> {
        allow(self.standing.may_operate(AccountOperation::InviteUser))?;
        Ok(page(&self.world.invitations, slice, |it| {
            filter.email.is_none_or(|email| it.email == email)
                && filter.user.is_none_or(|user| it.user == user)
                && filter.creator.is_none_or(|id| it.creator.as_ref().is_some_and(|creator| creator.as_str() == id))
                && filter.status.is_none_or(|status| it.status(self.at) == status)
        }))
    }

    /// One invitation.
    pub fn invitation(&self, id: &str) -> Result<&'a Invitation, Refusal> {
        allow(self.standing.may_operate(AccountOperation::InviteUser))?;
        self.world.invitations.get(id).ok_or(Refusal::NotFound(Kind::Invitation))
    }

    /// The service accounts, by exact display names where some are given.
    pub fn service_accounts(&self, names: &[&str], slice: Slice<'_>) -> Result<Page<'a, ServiceAccount>, Refusal> {
        let sees = |account: &ServiceAccount| self.sees_service_account(&account.id);
        allow(self.standing.sees_people() || self.world.service_accounts.values().any(sees))?;
        Ok(page(&self.world.service_accounts, slice, |account| {
            sees(account) && (names.is_empty() || names.contains(&account.display_name.as_str()))
        }))
    }

    /// One service account.
    pub fn service_account(&self, id: &str) -> Result<&'a ServiceAccount, Refusal> {
        allow(self.sees_service_account(id))?;
        self.world.service_accounts.get(id).ok_or(Refusal::NotFound(Kind::ServiceAccount))
    }

    /// The API keys that the actor sees, which may be none.
    pub fn api_keys(&self, filter: KeyFilter<'_>, slice: Slice<'_>) -> Page<'a, ApiKey> {
        page(&self.world.api_keys, slice, |key| {
            self.sees_key(key)
                && filter.owner.is_none_or(|owner| key.owner.as_str() == owner)
                && filter.resource.is_none_or(|resource| match &key.resource {
                    KeyResource::Cloud => resource == "cloud",
                    KeyResource::Cluster { id, .. } => resource == id,
                })
        })
    }

    /// One API key. One that is absent and one that is hidden are the same.
    pub fn api_key(&self, id: &str) -> Result<&'a ApiKey, Refusal> {
        self.world.api_keys.get(id).filter(|key| self.sees_key(key)).ok_or(Refusal::Forbidden)
    }

    /// The environments in which the actor has a role.
    pub fn environments(&self, slice: Slice<'_>) -> Page<'a, Environment> {
        page(&self.world.environments, slice, |environment| self.sees_environment(&environment.id))
    }

    /// One environment. One that is absent and one that is hidden are the same.
    pub fn environment(&self, id: &str) -> Result<&'a Environment, Refusal> {
        let environment = self.world.environments.get(id).filter(|_| self.sees_environment(id));
        environment.ok_or(Refusal::NotFound(Kind::Environment))
    }

    /// The clusters of an environment in which the actor has a role.
    pub fn clusters(&self, environment: &str, slice: Slice<'_>) -> Result<Page<'a, Cluster>, Refusal> {
        self.environment(environment)?;
        Ok(page(&self.world.clusters, slice, |cluster| {
            cluster.environment == environment && self.sees_cluster(&cluster.id)
        }))
    }

    /// One cluster. One that is absent and one that is hidden are the same.
    pub fn cluster(&self, environment: &str, id: &str) -> Result<&'a Cluster, Refusal> {
        let cluster = self.world.clusters.get(id).filter(|it| it.environment == environment && self.sees_cluster(id));
        cluster.ok_or(Refusal::Forbidden)
    }

    /// The role bindings that match and that the actor sees.
    pub fn bindings(&self, filter: BindingFilter<'_>, slice: Slice<'_>) -> Result<Page<'a, Binding>, Refusal> {
        allow(self.standing.sees_some_bindings())?;
        let place = self.place_filter(filter.crn_pattern)?;
        Ok(page(&self.world.bindings, slice, |binding| {
            place.matches(&binding.crn)
                && filter.principal.is_none_or(|id| id.strip_prefix("User:") == Some(binding.principal.as_str()))
                && filter.role.is_none_or(|role| binding.role == role)
                && self.standing.sees_bindings_at(binding.scope.as_ref())
        }))
    }

    /// One role binding. One that is absent and one that is hidden are the same.
    pub fn binding(&self, id: &str) -> Result<&'a Binding, Refusal> {
        let binding = self.world.bindings.get(id);
        let seen = binding.filter(|binding| self.standing.sees_bindings_at(binding.scope.as_ref()));
        seen.ok_or(Refusal::BindingHidden)
    }

    fn is_listed(&self, user: &User) -> bool {
        match user.membership {
            Membership::Member => true,
            Membership::Invited => self.world.rules.list_pending_users,
            Membership::Deactivated => false,
        }
    }

    fn sees_service_account(&self, id: &str) -> bool {
        let on_it = || account_scope(id).is_some_and(|scope| self.standing.sees_service_account(&scope));
        self.standing.sees_people() || self.standing.is(&PrincipalId::new(id)) || on_it()
    }

    fn sees_key(&self, key: &ApiKey) -> bool {
        if self.standing.is(&key.owner) {
            return self.world.rules.key_reads_itself;
        }
        let of_a_machine = key.owner.kind() == Some(PrincipalKind::ServiceAccount);
        let manages = self.standing.holds(&[KEY_ADMIN]) && of_a_machine && key.resource != KeyResource::Cloud;
        self.standing.administers() || manages
    }

    fn sees_environment(&self, id: &str) -> bool {
        self.world.environment_scope(id).is_some_and(|scope| self.standing.sees_place(&scope))
    }

    fn sees_cluster(&self, id: &str) -> bool {
        self.world.cluster_scope(id).is_some_and(|scope| self.standing.sees_place(&scope))
    }

    fn place_filter(&self, pattern: &str) -> Result<PlaceFilter, Refusal> {
        let (base, nested) = match pattern.strip_suffix("/*") {
            Some(base) => (base, true),
            None => (pattern, false),
        };
        let prefix = base.strip_suffix('*').filter(|_| !nested && self.world.rules.trailing_star_is_prefix);
        if let Some(prefix) = prefix {
            return Ok(PlaceFilter::Beginning(prefix.to_owned()));
        }
        let crn: Crn = base.parse().map_err(|error| Refusal::Invalid(format!("crn_pattern is not valid: {error}")))?;
        allow(crn.organization == self.world.organization.id)?;
        let text = crn.to_string();
        Ok(match (nested, self.world.rules.nested_includes_scope) {
            (false, _) => PlaceFilter::Exactly(text),
            (true, including) => PlaceFilter::Inside { inside: format!("{text}/"), text: including.then_some(text) },
        })
    }
}

/// A `crn_pattern` of a listing, read.
enum PlaceFilter {
    Exactly(String),
    Inside { inside: String, text: Option<String> },
    Beginning(String),
}

impl PlaceFilter {
    fn matches(&self, crn: &str) -> bool {
        match self {
            Self::Exactly(text) => crn == text,
            Self::Inside { inside, text } => crn.starts_with(inside) || text.as_deref() == Some(crn),
            Self::Beginning(prefix) => crn.starts_with(prefix),
        }
    }
}

/// The items that are kept, after the last one seen.
pub(super) fn page<'a, T>(map: &'a BTreeMap<String, T>, slice: Slice<'_>, keep: impl Fn(&T) -> bool) -> Page<'a, T> {
    let begin = slice.after.map_or(Unbounded, Excluded);
    let mut rest = map.range::<str, _>((begin, Unbounded)).filter(|(_, item)| keep(item)).skip(slice.skip);
    let mut items = Vec::new();
    let mut last = None;
    while items.len() < slice.size
        && let Some((id, item)) = rest.next()
    {
        items.push(item);
        last = Some(id);
    }
    let next = rest.next().and(last).cloned();
    Page { items, next }
}
