//! What one complete listing of an organization holds: plain facts, as every backend reports them. PURE.
//!
//! A backend either returns all of this or an error; there is no partial listing.

use jiff::Timestamp;

use super::{Email, Grant, PrincipalId, Scope};

/// A complete listing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Listing {
    /// The people who are members.
    pub users: Vec<User>,
    /// Invitations of any state that the vendor still lists.
    pub invitations: Vec<Invitation>,
    /// Service accounts.
    pub service_accounts: Vec<ServiceAccount>,
    /// Role bindings at and below the organization.
    pub bindings: Vec<Binding>,
    /// Environments.
    pub environments: Vec<Environment>,
    /// Kafka clusters.
    pub clusters: Vec<Cluster>,
    /// API keys; `None` where the operator's identity may not see them.
    pub api_keys: Option<Vec<ApiKey>>,
    /// What an audit log tells of late, the oldest first; nothing where none is served.
    pub audit: Vec<AuditRecord>,
}

/// One entry of an audit log, as far as it tells who changed what.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct AuditRecord {
    /// When.
    pub at: Timestamp,
    /// Who: the id of a principal, or another word that the log has.
    pub actor: PrincipalId,
    /// The id of what was changed.
    pub subject: String,
}

/// How a person signs in (`AUTH_TYPE_SSO`, `AUTH_TYPE_LOCAL`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AuthType {
    /// Through the organization's identity provider.
    Sso,
    /// With a password of the vendor's.
    Local,
}

/// A member. The vendor gives no state: a user counts as active when no unaccepted invitation names them.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct User {
    /// `u-...`
    pub id: PrincipalId,
    /// Immutable at the vendor.
    pub email: Email,
    /// May be empty until the person signs in.
    pub full_name: String,
    /// Absent in some of the vendor's lists.
    pub auth_type: Option<AuthType>,
    /// When the account was made; the vendor may leave it out.
    pub created_at: Option<Timestamp>,
}

/// The state of an invitation, as far as it decides anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum InvitationStatus {
    /// `SENT` or `STAGED`: waiting for the person.
    Pending,
    /// `ACCEPTED`.
    Accepted,
    /// `EXPIRED`: seven days after it was sent.
    Expired,
    /// `DEACTIVATED`, or a word we do not know.
    Inactive,
}

/// An invitation. The user id is allocated with it, so bindings can be made before it is accepted.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Invitation {
    /// `i-...`
    pub id: String,
    /// Whom it was sent to.
    pub email: Email,
    /// Where it stands.
    pub status: InvitationStatus,
    /// The invited user's id.
    pub user: Option<PrincipalId>,
    /// When it was made.
    pub created_at: Option<Timestamp>,
    /// When it lapses.
    pub expires_at: Option<Timestamp>,
}

/// A service account; its display name is unique in the organization.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ServiceAccount {
    /// `sa-...`
    pub id: PrincipalId,
    /// Unique in the organization.
    pub display_name: String,
}

/// A role binding as the vendor lists it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Binding {
    /// The vendor's handle; opaque.
    pub id: String,
    /// The holder.
    pub principal: PrincipalId,
    /// The role's name; the vendor's enumeration is open.
    pub role: String,
    /// The CRN as the vendor wrote it.
    pub crn: String,
    /// The CRN as we read it; `None` where it has a form unknown to us, and then the binding is only reported.
    pub scope: Option<Scope>,
    /// When it was made; the vendor may leave it out.
    pub created_at: Option<Timestamp>,
}

impl Binding {
    /// The grant that this binding stands for, where its CRN is one that we can read.
    pub fn grant(&self) -> Option<Grant> {
        let scope = self.scope.clone()?;
        Some(Grant { principal: self.principal.clone(), role: self.role.clone(), scope })
    }

    /// Whether this binding stands for that grant.
    pub fn is(&self, grant: &Grant) -> bool {
        self.principal == grant.principal && self.role == grant.role && self.scope.as_ref() == Some(&grant.scope)
    }
}

/// An environment.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Environment {
    /// `env-...`
    pub id: String,
    /// For people.
    pub display_name: String,
}

/// What kind a Kafka cluster is: it decides which roles can be bound inside it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ClusterKind {
    /// No roles for resources inside the cluster.
    Basic,
    /// Standard, Enterprise, Dedicated, Freight: every role.
    Granular,
    /// A word we do not know: not judged.
    Unknown,
}

/// A Kafka cluster.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Cluster {
    /// `lkc-...`
    pub id: String,
    /// The environment it is in.
    pub environment: String,
    /// For people.
    pub display_name: String,
    /// Which roles it admits.
    pub kind: ClusterKind,
}

/// An API key; only what tells that it exists.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ApiKey {
    /// The key itself, which is its id and no secret.
    pub id: String,
    /// Whose it is.
    pub owner: PrincipalId,
    /// What it opens, for example `lkc-1`, or `cloud` for a Cloud key.
    pub resource: String,
}

/// Whom the operator acts as.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Identity {
    /// The organization that the credential belongs to (a UUID).
    pub organization: String,
    /// Its display name.
    pub display_name: String,
    /// The principal that owns the credential; `None` where the vendor does not let a key read itself.
    pub principal: Option<PrincipalId>,
    /// The server named itself a simulator.
    pub simulated: bool,
}
