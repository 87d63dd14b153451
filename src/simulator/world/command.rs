//! What can be done to a world, by whom, and what comes back. PURE.
//!
//! Commands are what the journal keeps, so they hold everything that the change follows from besides the moment and the
//! seed. As JSON they are what a person sends to the control endpoint.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{
    noun::{
        ApiKey, AuthType, Binding, Cluster, ClusterType, Environment, Invitation, KeyResource, KeySecret,
        ServiceAccount, User,
    },
    publisher::{Application, PublisherCommand, PublisherUser, Token},
    rule::Rules,
};
use crate::access::PrincipalId;

/// Who acts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Actor {
    /// Somebody outside the API, such as the person in front of the vendor's console: held back by no role, and so the
    /// way to populate a world and to play drift. What the organization itself demands still holds.
    Portal,
    /// The owner of an API key, with the roles that the owner has.
    Principal(PrincipalId),
    /// An application with a token, by its id in lower case. It is nobody in the organization, as a principal is nobody
    /// to a publisher.
    Application(String),
}

impl Actor {
    /// The name in the audit log.
    pub fn name(&self) -> &str {
        match self {
            Self::Portal => "portal",
            Self::Principal(id) => id.as_str(),
            Self::Application(id) => id,
        }
    }
}

/// How a world begins.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Founding {
    /// The organization's UUID; drawn from the seed where it is not given.
    pub organization: Option<String>,
    /// The organization's name.
    pub display_name: String,
    /// The first user, who has `OrganizationAdmin`.
    pub founder: String,
    /// What ids and key secrets follow from.
    pub seed: u64,
    /// When.
    pub at: Timestamp,
    /// The rules to begin with.
    #[serde(default)]
    pub rules: Rules,
}

/// One change. Where a command has an `id`, only the portal may choose it; else it is drawn.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase", deny_unknown_fields)]
pub enum Command {
    /// Sets the rules. For the portal alone.
    SetRules {
        /// All of them.
        rules: Rules,
    },
    /// Sets the clock forward. For the portal alone.
    AdvanceClock {
        /// By how much.
        seconds: u32,
    },
    /// A person comes in without an invitation, as single sign-on allows. For the portal alone.
    JoinUser {
        /// The address.
        email: String,
        /// The name.
        #[serde(default)]
        full_name: String,
        /// A fixed id.
        #[serde(default)]
        id: Option<String>,
    },
    /// Invites a person.
    InviteUser {
        /// The address.
        email: String,
        /// How to sign in; by default through single sign-on where there is one.
        #[serde(default)]
        auth_type: Option<AuthType>,
    },
    /// The person with that address accepts the open invitation. For the portal alone.
    AcceptInvitation {
        /// The address.
        email: String,
        /// The name that the person gives.
        #[serde(default)]
        full_name: String,
    },
    /// Withdraws an invitation that was not accepted, and deactivates its user.
    DeleteInvitation {
        /// `i-…`
        invitation: String,
    },
    /// Changes a member's name.
    RenameUser {
        /// `u-…`
        user: String,
        /// The new name.
        full_name: String,
    },
    /// Changes a member's address, or how they sign in, as an identity provider or the vendor's support may; through the API
    /// neither can be changed. For the portal alone.
    ChangeUser {
        /// `u-…`
        user: String,
        /// The new address.
        #[serde(default)]
        email: Option<String>,
        /// The new way to sign in.
        #[serde(default)]
        auth_type: Option<AuthType>,
    },
    /// Deactivates a member, or lets them in again. For the portal alone.
    ActivateUser {
        /// `u-…`
        user: String,
        /// Whether they are let in.
        active: bool,
    },
    /// Deletes a member, with keys and bindings.
    DeleteUser {
        /// `u-…`
        user: String,
    },
    /// Makes a service account.
    CreateServiceAccount {
        /// Unique in the organization.
        display_name: String,
        /// For people.
        #[serde(default)]
        description: String,
        /// A fixed id.
        #[serde(default)]
        id: Option<String>,
    },
    /// Changes a service account.
    UpdateServiceAccount {
        /// `sa-…`
        service_account: String,
        /// The new name.
        #[serde(default)]
        display_name: Option<String>,
        /// The new description.
        #[serde(default)]
        description: Option<String>,
    },
    /// Deletes a service account, with keys and bindings.
    DeleteServiceAccount {
        /// `sa-…`
        service_account: String,
    },
    /// Makes an API key.
    CreateApiKey {
        /// Whose it will be.
        owner: PrincipalId,
        /// What it opens.
        resource: KeyResource,
        /// For people.
        #[serde(default)]
        display_name: String,
        /// For people.
        #[serde(default)]
        description: String,
    },
    /// Deletes an API key.
    DeleteApiKey {
        /// The key.
        key: String,
    },
    /// Makes an environment.
    CreateEnvironment {
        /// For people.
        display_name: String,
        /// A fixed id.
        #[serde(default)]
        id: Option<String>,
    },
    /// Deletes an environment, with clusters, keys and bindings.
    DeleteEnvironment {
        /// `env-…`
        environment: String,
    },
    /// Makes a Kafka cluster.
    CreateCluster {
        /// `env-…`
        environment: String,
        /// For people.
        display_name: String,
        /// Of which kind.
        kind: ClusterType,
        /// A fixed id.
        #[serde(default)]
        id: Option<String>,
    },
    /// Makes a cluster one of another kind. For the portal alone.
    ChangeCluster {
        /// `lkc-…`
        cluster: String,
        /// The new kind.
        kind: ClusterType,
    },
    /// Deletes a Kafka cluster, with keys and bindings.
    DeleteCluster {
        /// `lkc-…`
        cluster: String,
    },
    /// A ksqlDB cluster was deleted: the `KsqlAdmin` bindings on it go. For the portal alone.
    DeleteKsqlCluster {
        /// The Kafka cluster it belonged to.
        cluster: String,
        /// Its display name.
        name: String,
    },
    /// An identity pool or a group mapping is there from now on; of these, only the id matters here. For the portal
    /// alone.
    AddPrincipal {
        /// `pool-…` or `group-…`
        principal: PrincipalId,
    },
    /// An identity pool or a group mapping is gone, with its bindings. For the portal alone.
    DeletePrincipal {
        /// `pool-…` or `group-…`
        principal: PrincipalId,
    },
    /// Makes a role binding.
    Grant {
        /// `User:<id>`
        principal: String,
        /// The role's name.
        role: String,
        /// The place.
        crn: String,
    },
    /// Removes a role binding.
    Revoke {
        /// `rb-…`
        binding: String,
    },
    /// Puts a binding there without looking at it: a role or a place that nobody knows, or a holder who is gone. For the
    /// portal alone.
    PlantBinding {
        /// The holder.
        principal: PrincipalId,
        /// Any name.
        role: String,
        /// Any text.
        crn: String,
    },
    /// A change of publishers, their users, or the applications that ask for them.
    Publisher(PublisherCommand),
    /// Makes this the one Cloud key of a service account: where the credential was there before the organization. For the
    /// portal alone.
    PlantApiKey {
        /// `sa-…`
        service_account: String,
        /// The key's id.
        id: String,
        /// Its secret.
        secret: KeySecret,
    },
}

impl Command {
    /// Whether only the portal may do it: nothing of the API leads there.
    pub fn is_for_the_portal(&self) -> bool {
        if let Self::Publisher(command) = self {
            return command.is_for_the_portal();
        }
        matches!(
            self,
            Self::SetRules { .. }
                | Self::AdvanceClock { .. }
                | Self::JoinUser { .. }
                | Self::AcceptInvitation { .. }
                | Self::ChangeUser { .. }
                | Self::ActivateUser { .. }
                | Self::ChangeCluster { .. }
                | Self::DeleteKsqlCluster { .. }
                | Self::AddPrincipal { .. }
                | Self::DeletePrincipal { .. }
                | Self::PlantBinding { .. }
                | Self::PlantApiKey { .. }
        )
    }
}

/// What a command brought about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Answer {
    /// It was done.
    Done,
    /// The user, as it now is.
    User(User),
    /// The invitation, as it now is.
    Invitation(Invitation),
    /// The service account, as it now is.
    ServiceAccount(ServiceAccount),
    /// The key; this answer is the only one to hold its secret.
    ApiKey(ApiKey),
    /// The environment.
    Environment(Environment),
    /// The cluster, as it now is.
    Cluster(Cluster),
    /// The binding that was made, found or removed.
    Binding(Binding),
    /// A publisher's user, as it now is or as it was when it was removed.
    PublisherUser(PublisherUser),
    /// The application; this answer is the only one to hold its secret.
    Application(Application),
    /// The token.
    Token(Token),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_survives_the_journal_and_strangers_are_refused() {
        let text = r#"{"acceptInvitation":{"email":"ada@partner.example"}}"#;
        let command: Command = serde_json::from_str(text).unwrap();
        assert_eq!(
            command,
            Command::AcceptInvitation { email: "ada@partner.example".to_owned(), full_name: String::new() }
        );
        let again: Command = serde_json::from_str(&serde_json::to_string(&command).unwrap()).unwrap();
        assert_eq!(again, command);
        assert!(serde_json::from_str::<Command>(r#"{"deleteUser":{"usr":"u-1"}}"#).is_err());
        assert!(serde_json::from_str::<Command>(r#"{"sudo":{}}"#).is_err());
    }
}
