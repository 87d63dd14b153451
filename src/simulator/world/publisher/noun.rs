//! What a publisher holds, as the simulator remembers it. PURE.

use std::{collections::BTreeMap, fmt};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::simulator::world::KeySecret;

/// A publisher.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Publisher {
    /// Part of every offer's address, in lower case.
    pub id: String,
    /// For people.
    pub display_name: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// Its users, by key.
    #[serde(skip)]
    pub users: BTreeMap<String, PublisherUser>,
}

/// What a publisher's user may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum PublisherRole {
    /// Offers, without payouts and customers.
    Contributor,
    /// Everything.
    Owner,
}

impl PublisherRole {
    /// The word on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Contributor => "contributor",
            Self::Owner => "owner",
        }
    }
}

/// Who a publisher's user is.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase", deny_unknown_fields)]
pub enum PublisherPrincipal {
    /// A person.
    User {
        /// As it was written; looked up without regard to case.
        email: String,
    },
    /// A security group or a shared alias.
    Group {
        /// As it was written; looked up without regard to case.
        email: String,
    },
    /// An application.
    ServicePrincipal {
        /// A UUID.
        application_id: String,
        /// A UUID.
        tenant_id: String,
        /// The enterprise application's, a UUID.
        object_id: String,
    },
}

impl PublisherPrincipal {
    /// The key: the address or the application's id, in lower case.
    pub fn key(&self) -> String {
        match self {
            Self::User { email } | Self::Group { email } => email.to_lowercase(),
            Self::ServicePrincipal { application_id, .. } => application_id.to_lowercase(),
        }
    }

    /// The address, of what has one.
    pub fn email(&self) -> Option<&str> {
        match self {
            Self::User { email } | Self::Group { email } => Some(email),
            Self::ServicePrincipal { .. } => None,
        }
    }

    /// Whether both are the same one of the same kind, however their keys are written.
    pub(super) fn is(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::User { .. }, Self::User { .. }) | (Self::Group { .. }, Self::Group { .. }) => {
                self.key() == other.key()
            }
            _ => self == other,
        }
    }
}

/// What kind of account a person signs in with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum AccountType {
    /// A work or school account.
    Organization,
    /// An account of Outlook, Hotmail or Live.
    MicrosoftAccount,
}

/// Whether a user has come in yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum UserState {
    /// Asked to come, and not there yet.
    Invited,
    /// There.
    Active,
}

/// A user of a publisher.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PublisherUser {
    /// Who.
    pub who: PublisherPrincipal,
    /// What it may do.
    pub role: PublisherRole,
    /// What a person signs in with.
    pub account_type: Option<AccountType>,
    /// For people.
    pub friendly_name: Option<String>,
    /// Whether it is there.
    pub state: UserState,
    /// Another one after each change: what the entity tag is made from.
    pub version: String,
    /// When it was added.
    pub added_at: Timestamp,
    /// When it last changed.
    pub changed_at: Timestamp,
}

impl PublisherUser {
    /// Whether it is an owner that is there; an invited one cannot do anything yet.
    pub fn is_effective_owner(&self) -> bool {
        self.role == PublisherRole::Owner && self.state == UserState::Active
    }
}

/// An application that a directory knows and that may ask for tokens.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Application {
    /// Its id, a UUID in lower case: what clients call `client_id`.
    pub application_id: String,
    /// The directory that knows it, a UUID in lower case.
    pub tenant_id: String,
    /// Its object there, a UUID in lower case.
    pub object_id: String,
    /// For people.
    pub display_name: String,
    /// Its secret, which is not shown.
    #[serde(skip)]
    pub secret: KeySecret,
}

/// A token that an application got.
#[derive(Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Token {
    /// What goes behind `Bearer`.
    #[serde(skip)]
    pub text: String,
    /// Whose it is.
    pub application_id: String,
    /// For how many seconds it was issued.
    pub lifetime: u32,
    /// From when on it opens nothing.
    pub expires_at: Timestamp,
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Token")
            .field("application_id", &self.application_id)
            .field("expires_at", &self.expires_at)
            .finish_non_exhaustive()
    }
}
