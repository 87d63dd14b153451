//! The plans under test: small organizations, and what is decided about them.

mod binding;
mod budget;
mod guard;
mod publisher;
mod restraint;
mod user;
mod validity;
mod withdrawn;

use jiff::{SignedDuration, Timestamp};

use crate::access::{
    Catalogue, Delegation, Email, Grant, Key, Listing, PrincipalId, Scope,
    delegation::{DeclaredIn, GrantRule, Namespace, Namespaces},
    listing::{ApiKey, Binding, Cluster, ClusterKind, Environment, Invitation, InvitationStatus, ServiceAccount, User},
    principal::PrincipalKind,
};

use super::{Facts, Inventory, Protection};

/// When objects are made and judged.
pub(super) fn now() -> Timestamp {
    "2026-01-01T12:00:00Z".parse().unwrap()
}

/// A day earlier: before any object.
pub(super) fn before() -> Timestamp {
    now() - SignedDuration::from_hours(24)
}

pub(super) fn email(text: &str) -> Email {
    Email::parse(text).unwrap()
}

pub(super) fn organization_admin(id: &str) -> Binding {
    binding(id, "OrganizationAdmin", Scope::organization())
}

pub(super) fn binding(principal: &str, role: &str, scope: Scope) -> Binding {
    Binding {
        id: format!("rb-{principal}-{role}-{scope}"),
        principal: PrincipalId::new(principal),
        role: role.to_owned(),
        crn: scope.to_string(),
        scope: Some(scope),
        created_at: Some(before()),
    }
}

pub(super) fn user(id: &str, address: &str) -> User {
    User {
        id: PrincipalId::new(id),
        email: email(address),
        full_name: String::new(),
        auth_type: None,
        created_at: Some(before()),
    }
}

pub(super) fn invitation(id: &str, address: &str, status: InvitationStatus) -> Invitation {
    Invitation {
        id: format!("i-{id}"),
        email: email(address),
        status,
        user: Some(PrincipalId::new(id)),
        created_at: Some(before()),
        expires_at: Some(now() + SignedDuration::from_hours(24)),
    }
}

pub(super) fn topic() -> Scope {
    Scope::cluster("env-1", "lkc-1").unwrap().child(Key::Topic, "orders").unwrap()
}

/// Two administrators, the operator's service account, a member with a role, a cluster of each kind.
pub(super) fn listing() -> Listing {
    let cluster = |id: &str, kind| Cluster {
        id: id.to_owned(),
        environment: "env-1".to_owned(),
        display_name: id.to_owned(),
        kind,
    };
    Listing {
        users: vec![
            user("u-grace", "grace@example.com"),
            user("u-linus", "linus@example.com"),
            user("u-mary", "mary@example.com"),
        ],
        service_accounts: vec![
            ServiceAccount { id: PrincipalId::new("sa-op"), display_name: "operator".to_owned() },
            ServiceAccount { id: PrincipalId::new("sa-etl"), display_name: "etl".to_owned() },
        ],
        bindings: vec![
            organization_admin("u-grace"),
            organization_admin("u-linus"),
            organization_admin("sa-op"),
            binding("u-mary", "MetricsViewer", Scope::environment("env-1").unwrap()),
        ],
        environments: vec![Environment { id: "env-1".to_owned(), display_name: "production".to_owned() }],
        clusters: vec![cluster("lkc-1", ClusterKind::Granular), cluster("lkc-basic", ClusterKind::Basic)],
        api_keys: Some(Vec::new()),
        ..Listing::default()
    }
}

pub(super) fn key_of(owner: &str) -> ApiKey {
    ApiKey { id: "KEY1".to_owned(), owner: PrincipalId::new(owner), resource: "lkc-1".to_owned() }
}

pub(super) fn grant(principal: &str, role: &str, scope: Scope) -> Grant {
    Grant { principal: PrincipalId::new(principal), role: role.to_owned(), scope }
}

/// An organization, and the operator's place in it.
pub(super) struct Setting {
    pub(super) inventory: Inventory,
    pub(super) own: Option<PrincipalId>,
    pub(super) delegations: Vec<Delegation>,
    pub(super) protection: Protection,
    pub(super) namespace: Namespace,
    pub(super) allow_unknown_roles: bool,
    pub(super) observing: bool,
}

impl Setting {
    /// Everything may be declared from the namespace `team`.
    pub(super) fn of(listing: Listing) -> Self {
        let everything = Delegation {
            name: "all".to_owned(),
            namespaces: Namespaces::All,
            invite_domains: vec!["*".to_owned()],
            grants: vec![GrantRule {
                roles: vec!["*".to_owned()],
                within: vec![Scope::organization()],
                kinds: vec![PrincipalKind::User, PrincipalKind::ServiceAccount, PrincipalKind::IdentityPool],
                declared_in: DeclaredIn::Anywhere,
                max_duration: None,
            }],
        };
        Self {
            inventory: Inventory::new(listing),
            own: Some(PrincipalId::new("sa-op")),
            delegations: vec![everything],
            protection: Protection::default(),
            namespace: Namespace { name: "team".to_owned(), ..Namespace::default() },
            allow_unknown_roles: false,
            observing: false,
        }
    }

    pub(super) fn facts(&self) -> Facts<'_> {
        Facts {
            inventory: &self.inventory,
            catalogue: Catalogue::embedded(),
            allow_unknown_roles: self.allow_unknown_roles,
            own: self.own.as_ref(),
            delegations: &self.delegations,
            protection: &self.protection,
            namespace: &self.namespace,
            now: now(),
            observing: self.observing,
        }
    }
}
