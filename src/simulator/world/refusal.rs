//! Why a command or a read is refused, in the vendor's words where they are on record. PURE.
//!
//! Refusals are as hard to tell apart as the vendor's: a missing principal, a missing place and a missing right are all
//! [`Refusal::Forbidden`], as is a key or a cluster that is absent or hidden; a binding that is absent or hidden is
//! [`Refusal::BindingHidden`].

use super::publisher::PublisherRefusal;

/// A refusal. Nothing was changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// No right, or no such principal or place.
    #[error("Forbidden Access")]
    Forbidden,
    /// No such thing, of a kind whose absence the vendor admits.
    #[error("{} Not Found", .0.title())]
    NotFound(Kind),
    /// The binding is not there, or may not be seen.
    #[error("Either unauthorized to access role binding or role binding does not exist")]
    BindingHidden,
    /// No role has that name.
    #[error("Invalid role name : {0}")]
    UnknownRole(String),
    /// The role cannot be bound to that kind of place.
    #[error("Role {role} must be bound at scope {legal}, but was bound at {actual}")]
    RoleNotAtScope {
        /// The role.
        role: String,
        /// Where it can be bound.
        legal: String,
        /// Where it was to be bound.
        actual: &'static str,
    },
    /// Roles on the resources of a Basic cluster.
    #[error("Role {role} cannot be bound to a {resource} of {cluster}, which is a Basic cluster")]
    BasicCluster {
        /// The role.
        role: String,
        /// The kind of resource.
        resource: &'static str,
        /// The cluster's id.
        cluster: String,
    },
    /// Something in the request is not as it must be.
    #[error("{0}")]
    Invalid(String),
    /// An equal binding is there.
    #[error("The role binding `{0}` already exists")]
    DuplicateBinding(String),
    /// The actor's own `OrganizationAdmin`.
    #[error("The OrganizationAdmin role of the caller can only be removed by somebody else")]
    OwnOrganizationAdmin,
    /// Nobody would be left with `OrganizationAdmin`.
    #[error("The organization would be left without a user who has the OrganizationAdmin role")]
    LastOrganizationAdmin,
    /// The person is a member.
    #[error("This user already exists within the Organization")]
    AlreadyMember,
    /// The person has an invitation that waits.
    #[error("This user already has an invitation to the Organization")]
    AlreadyInvited,
    /// The invitation cannot be withdrawn any more.
    #[error("Bad Request. The invitation was already accepted")]
    InvitationAccepted,
    /// The invitation cannot be accepted any more.
    #[error("The invitation is no longer open")]
    InvitationClosed,
    /// A service account has that name.
    #[error("Service name is already in use")]
    NameTaken,
    /// An id that was asked for is in use.
    #[error("The id `{0}` is already in use")]
    IdTaken(String),
    /// The organization holds as much as it may.
    #[error("The request would exceed the quota: {0}")]
    QuotaExceeded(&'static str),
    /// It is about a publisher.
    #[error(transparent)]
    Publisher(#[from] PublisherRefusal),
}

/// The kinds of thing whose absence is admitted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A user.
    User,
    /// An invitation.
    Invitation,
    /// A service account.
    ServiceAccount,
    /// An identity pool or a group mapping, where the portal names one.
    Principal,
    /// An organization.
    Organization,
    /// An environment.
    Environment,
    /// A Kafka cluster, where the portal names one.
    Cluster,
}

impl Kind {
    /// As it stands in a sentence of the vendor's.
    pub fn title(self) -> &'static str {
        match self {
            Self::User => "User",
            Self::Invitation => "Invitation",
            Self::ServiceAccount => "Service Account",
            Self::Organization | Self::Environment | Self::Cluster | Self::Principal => "Resource",
        }
    }
}
