//! What can be done to publishers. PURE.

use serde::{Deserialize, Serialize};

use super::noun::{PublisherPrincipal, PublisherRole};

/// One change. Where a command has a `version`, it is for what has that version alone, and `None` stands for any.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase", deny_unknown_fields)]
pub enum PublisherCommand {
    /// Makes a publisher. For the portal alone.
    Create {
        /// Its id: lower-case letters, digits and dashes.
        publisher: String,
        /// For people.
        display_name: String,
        /// The address of its first owner, who is there at once.
        owner: String,
    },
    /// Deletes a publisher with its users. For the portal alone.
    Delete {
        /// Its id.
        publisher: String,
    },
    /// Adds a user.
    AddUser {
        /// To which.
        publisher: String,
        /// Whom.
        who: PublisherPrincipal,
        /// To do what.
        role: PublisherRole,
        /// For people.
        #[serde(default)]
        friendly_name: Option<String>,
    },
    /// Gives a user another role, or another name.
    ChangeUser {
        /// Of which.
        publisher: String,
        /// Whom; only the spelling of an address may differ.
        who: PublisherPrincipal,
        /// The role from now on.
        role: PublisherRole,
        /// The name from now on.
        #[serde(default)]
        friendly_name: Option<String>,
        /// The version that it must have.
        #[serde(default)]
        version: Option<String>,
    },
    /// Removes a user.
    RemoveUser {
        /// From which.
        publisher: String,
        /// The key.
        user: String,
        /// The version that it must have.
        #[serde(default)]
        version: Option<String>,
    },
    /// An invited person comes in. For the portal alone.
    AcceptInvitation {
        /// Of which.
        publisher: String,
        /// The address.
        email: String,
    },
    /// A directory knows an application from now on, which gets a secret. For the portal alone.
    RegisterApplication {
        /// For people.
        display_name: String,
        /// A UUID.
        application_id: String,
        /// A UUID.
        tenant_id: String,
        /// A UUID.
        object_id: String,
    },
    /// An application is known no more, and its tokens open nothing; publishers keep it among their users. For the
    /// portal alone.
    RemoveApplication {
        /// A UUID.
        application_id: String,
    },
    /// Gives an application a token. The secret was looked at before: it is not for the journal.
    IssueToken {
        /// A UUID.
        application_id: String,
    },
}

impl PublisherCommand {
    /// Whether only the portal may do it.
    pub fn is_for_the_portal(&self) -> bool {
        match self {
            Self::Create { .. }
            | Self::Delete { .. }
            | Self::AcceptInvitation { .. }
            | Self::RegisterApplication { .. }
            | Self::RemoveApplication { .. } => true,
            Self::AddUser { .. } | Self::ChangeUser { .. } | Self::RemoveUser { .. } | Self::IssueToken { .. } => false,
        }
    }
}
