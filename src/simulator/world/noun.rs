//! What an organization holds: people, invitations, service accounts, keys, places and bindings, as the simulator
//! remembers them. PURE.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::access::{PrincipalId, Scope};

/// The organization itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Organization {
    /// A UUID.
    pub id: String,
    /// For people.
    pub display_name: String,
    /// When it was founded.
    pub created_at: Timestamp,
}

/// How a person signs in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum AuthType {
    /// Through the organization's identity provider.
    Sso,
    /// With a password.
    Local,
}

/// Whether a person has come in yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Membership {
    /// The id is allocated and may hold roles; the person has not accepted.
    Invited,
    /// The person is a member.
    Member,
    /// Was let in and is no more. No source tells what is listed of them: here nothing is, while keys and bindings stay.
    Deactivated,
}

/// A person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct User {
    /// `u-…`
    pub id: String,
    /// As it was written; looked up without regard to case.
    pub email: String,
    /// Empty until somebody sets it.
    pub full_name: String,
    /// How the person signs in.
    pub auth_type: AuthType,
    /// Whether the person has come in.
    pub membership: Membership,
    /// When the id was allocated.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

/// Where an invitation stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum InvitationStatus {
    /// Waiting for the person.
    Sent,
    /// The person came in.
    Accepted,
    /// Seven days went by.
    Expired,
    /// The user that it brought was deleted.
    Deactivated,
}

/// An invitation; its user id is allocated with it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Invitation {
    /// `i-…`
    pub id: String,
    /// Whom it was sent to, as it was written.
    pub email: String,
    /// How the person will sign in.
    pub auth_type: AuthType,
    /// The user id that came with it.
    pub user: String,
    /// Who invited; `None` for an out-of-band action.
    pub creator: Option<PrincipalId>,
    /// When it was sent.
    pub created_at: Timestamp,
    /// When it lapses.
    pub expires_at: Timestamp,
    /// When the person accepted.
    pub accepted_at: Option<Timestamp>,
    /// Whether its user was deleted afterwards.
    pub deactivated: bool,
}

impl Invitation {
    /// Where it stands at that moment.
    pub fn status(&self, at: Timestamp) -> InvitationStatus {
        if self.deactivated {
            InvitationStatus::Deactivated
        } else if self.accepted_at.is_some() {
            InvitationStatus::Accepted
        } else if at >= self.expires_at {
            InvitationStatus::Expired
        } else {
            InvitationStatus::Sent
        }
    }
}

/// A service account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ServiceAccount {
    /// `sa-…`
    pub id: String,
    /// Unique in the organization.
    pub display_name: String,
    /// For people.
    pub description: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

/// The secret half of an API key. `Debug` does not show it.
///
/// It is a secret of the simulator alone: it follows from the seed, or the journal holds it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct KeySecret(String);

impl KeySecret {
    /// Wraps the text.
    pub fn new(text: String) -> Self {
        Self(text)
    }

    /// The text, for the one answer that tells it and for comparing.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for KeySecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KeySecret(…)")
    }
}

/// What a key opens.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum KeyResource {
    /// The management API: a Cloud key.
    Cloud,
    /// One cluster, and nothing of the management API.
    #[serde(rename_all = "camelCase")]
    Cluster {
        /// The environment it is in.
        environment: String,
        /// The cluster's id.
        id: String,
    },
}

/// An API key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ApiKey {
    /// The key itself.
    pub id: String,
    /// Told once over the wire, when it is made.
    #[serde(skip)]
    pub secret: KeySecret,
    /// Whose it is: it acts with the owner's roles and goes with the owner.
    pub owner: PrincipalId,
    /// What it opens.
    pub resource: KeyResource,
    /// For people.
    pub display_name: String,
    /// For people.
    pub description: String,
    /// When it was made.
    pub created_at: Timestamp,
}

/// An environment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Environment {
    /// `env-…`
    pub id: String,
    /// For people.
    pub display_name: String,
    /// When it was made.
    pub created_at: Timestamp,
}

/// The kinds of Kafka cluster.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum ClusterType {
    /// Carries no roles on the resources inside it.
    Basic,
    /// Carries every role.
    Standard,
    /// Carries every role.
    Enterprise,
    /// Carries every role.
    Dedicated,
    /// Carries every role.
    Freight,
}

impl ClusterType {
    /// The word on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Basic => "Basic",
            Self::Standard => "Standard",
            Self::Enterprise => "Enterprise",
            Self::Dedicated => "Dedicated",
            Self::Freight => "Freight",
        }
    }
}

/// A Kafka cluster.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Cluster {
    /// `lkc-…`
    pub id: String,
    /// The environment it is in.
    pub environment: String,
    /// For people.
    pub display_name: String,
    /// Which roles it carries follows from this.
    pub kind: ClusterType,
    /// When it was made.
    pub created_at: Timestamp,
}

/// A role binding.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Binding {
    /// `rb-…`
    pub id: String,
    /// The holder.
    pub principal: PrincipalId,
    /// The role's name.
    pub role: String,
    /// The whole CRN in its plain form; a planted binding may have one that we cannot read.
    pub crn: String,
    /// The place, where the CRN is one that we can read.
    #[serde(skip)]
    pub scope: Option<Scope>,
    /// When it was made.
    pub created_at: Timestamp,
}

/// One entry of the audit log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct AuditEntry {
    /// When it happened.
    pub at: Timestamp,
    /// Who did it: a principal's id, or `portal`.
    pub actor: String,
    /// What was done, for example `CreateRoleBinding`.
    pub method: String,
    /// What it was done to.
    pub resource: String,
}

/// One e-mail that the organization sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Notification {
    /// When it was sent.
    pub at: Timestamp,
    /// To whom.
    pub to: String,
    /// What it says.
    pub subject: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_not_shown() {
        let secret = KeySecret::new("cf-hidden".to_owned());
        assert!(!format!("{secret:?}").contains("hidden"));
        assert_eq!(secret.reveal(), "cf-hidden");
    }
}
