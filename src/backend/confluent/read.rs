//! From Confluent Cloud's JSON to the facts of `access::listing`. PURE.
//!
//! An item without its id, or a binding without one of its three members, cannot be stood for and voids its listing.
//! Everything else may be missing, and every enumeration is open.

use jiff::Timestamp;

use super::wire;
use crate::access::{
    Crn, Email, PrincipalId, Scope,
    listing::{
        ApiKey, AuthType, Binding, Cluster, ClusterKind, Environment, Invitation, InvitationStatus, ServiceAccount,
        User,
    },
};

/// The member that an item cannot do without, and did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Missing(pub(super) &'static str);

/// A fact that is read from one item, and by which items of several pages are told apart.
pub(super) trait Item: Sized {
    /// What the vendor sends.
    type Wire: for<'de> serde::Deserialize<'de>;

    /// Reads one item of that organization.
    fn read(wire: Self::Wire, organization: &str) -> Result<Self, Missing>;

    /// Its id.
    fn id(&self) -> &str;
}

fn need(value: Option<String>, member: &'static str) -> Result<String, Missing> {
    value.filter(|text| !text.is_empty()).ok_or(Missing(member))
}

/// A date that cannot be read is no date: it then counts as unknown, which every rule takes as the careful case.
fn date(text: Option<&String>) -> Option<Timestamp> {
    text?.parse().ok()
}

fn made(metadata: Option<&wire::ObjectMeta>) -> Option<Timestamp> {
    date(metadata?.created_at.as_ref())
}

/// An organization with its display name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Organization {
    pub(super) id: String,
    pub(super) display_name: String,
}

impl Item for Organization {
    type Wire = wire::Organization;

    fn read(wire: Self::Wire, _: &str) -> Result<Self, Missing> {
        Ok(Self { id: need(wire.id, "id")?, display_name: wire.display_name.unwrap_or_default() })
    }

    fn id(&self) -> &str {
        &self.id
    }
}

impl Item for User {
    type Wire = wire::User;

    fn read(wire: Self::Wire, _: &str) -> Result<Self, Missing> {
        let auth_type = match wire.auth_type.as_deref() {
            Some("AUTH_TYPE_SSO") => Some(AuthType::Sso),
            Some("AUTH_TYPE_LOCAL") => Some(AuthType::Local),
            _ => None,
        };
        Ok(Self {
            id: PrincipalId::new(need(wire.id, "id")?),
            email: Email::from_remote(wire.email.as_deref().unwrap_or_default()),
            full_name: wire.full_name.unwrap_or_default(),
            auth_type,
            created_at: made(wire.metadata.as_ref()),
        })
    }

    fn id(&self) -> &str {
        self.id.as_str()
    }
}

impl Item for Invitation {
    type Wire = wire::Invitation;

    fn read(wire: Self::Wire, _: &str) -> Result<Self, Missing> {
        let status = match wire.status.as_deref() {
            Some("INVITE_STATUS_SENT" | "INVITE_STATUS_STAGED") => InvitationStatus::Pending,
            Some("INVITE_STATUS_ACCEPTED") => InvitationStatus::Accepted,
            Some("INVITE_STATUS_EXPIRED") => InvitationStatus::Expired,
            _ => InvitationStatus::Inactive,
        };
        let user = wire.user.and_then(|user| user.id).filter(|id| !id.is_empty());
        Ok(Self {
            id: need(wire.id, "id")?,
            email: Email::from_remote(wire.email.as_deref().unwrap_or_default()),
            status,
            user: user.map(PrincipalId::new),
            created_at: made(wire.metadata.as_ref()),
            expires_at: date(wire.expires_at.as_ref()),
        })
    }

    fn id(&self) -> &str {
        &self.id
    }
}

impl Item for ServiceAccount {
    type Wire = wire::ServiceAccount;

    fn read(wire: Self::Wire, _: &str) -> Result<Self, Missing> {
        Ok(Self { id: PrincipalId::new(need(wire.id, "id")?), display_name: wire.display_name.unwrap_or_default() })
    }

    fn id(&self) -> &str {
        self.id.as_str()
    }
}

impl Item for Binding {
    type Wire = wire::RoleBinding;

    fn read(wire: Self::Wire, organization: &str) -> Result<Self, Missing> {
        let crn = need(wire.crn_pattern, "crn_pattern")?;
        Ok(Self {
            id: need(wire.id, "id")?,
            principal: PrincipalId::new(need(wire.principal, "principal")?),
            role: need(wire.role_name, "role_name")?,
            scope: scope(&crn, organization),
            crn,
            created_at: made(wire.metadata.as_ref()),
        })
    }

    fn id(&self) -> &str {
        &self.id
    }
}

/// The place that a CRN of that organization names; a CRN of another one is as good as unread.
pub(super) fn scope(crn: &str, organization: &str) -> Option<Scope> {
    let crn: Crn = crn.parse().ok()?;
    (crn.organization == organization).then_some(crn.scope)
}

impl Item for Environment {
    type Wire = wire::Environment;

    fn read(wire: Self::Wire, _: &str) -> Result<Self, Missing> {
        Ok(Self { id: need(wire.id, "id")?, display_name: wire.display_name.unwrap_or_default() })
    }

    fn id(&self) -> &str {
        &self.id
    }
}

impl Item for Cluster {
    type Wire = wire::Cluster;

    /// The environment may be left out; the caller then puts in the one that it asked for.
    fn read(wire: Self::Wire, _: &str) -> Result<Self, Missing> {
        let id = need(wire.id, "id")?;
        let Some(spec) = wire.spec else {
            return Ok(Self {
                id,
                environment: String::new(),
                display_name: String::new(),
                kind: ClusterKind::Unknown,
            });
        };
        let kind = match spec.config.and_then(|config| config.kind).as_deref() {
            Some("Basic") => ClusterKind::Basic,
            Some("Standard" | "Enterprise" | "Dedicated" | "Freight") => ClusterKind::Granular,
            _ => ClusterKind::Unknown,
        };
        let environment = spec.environment.and_then(|environment| environment.id).unwrap_or_default();
        Ok(Self { id, environment, display_name: spec.display_name.unwrap_or_default(), kind })
    }

    fn id(&self) -> &str {
        &self.id
    }
}

impl Item for ApiKey {
    type Wire = wire::ApiKey;

    /// A key that names no resource is a Cloud key: the files say `null` for one that belongs to no resource.
    fn read(wire: Self::Wire, _: &str) -> Result<Self, Missing> {
        let id = need(wire.id, "id")?;
        let (owner, resource, resources) = match wire.spec {
            Some(spec) => (spec.owner, spec.resource, spec.resources),
            None => (None, None, None),
        };
        let resource = resource.and_then(|resource| resource.id);
        let first = resources.unwrap_or_default().into_iter().find_map(|resource| resource.id);
        Ok(Self {
            id,
            owner: PrincipalId::new(owner.and_then(|owner| owner.id).unwrap_or_default()),
            resource: resource.or(first).unwrap_or_else(|| "cloud".to_owned()),
        })
    }

    fn id(&self) -> &str {
        &self.id
    }
}
