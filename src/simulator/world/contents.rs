//! A whole world to look at: everything in it, whoever may see it, and no secret. PURE.

use jiff::Timestamp;
use serde::Serialize;

use super::{
    ApiKey, AuditEntry, Binding, Cluster, Environment, Invitation, InvitationStatus, Notification, Organization, Rules,
    ServiceAccount, User, World,
    publisher::{Application, Publisher, PublisherUser},
};
use crate::access::PrincipalId;

/// Everything in a world at one moment.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Contents<'a> {
    /// The moment.
    pub now: Timestamp,
    /// The organization.
    pub organization: &'a Organization,
    /// People, invited ones included.
    pub users: Vec<&'a User>,
    /// Invitations, with where they stand.
    pub invitations: Vec<Standing<'a>>,
    /// Service accounts.
    pub service_accounts: Vec<&'a ServiceAccount>,
    /// Identity pools and group mappings.
    pub other_principals: Vec<&'a PrincipalId>,
    /// API keys, without their secrets.
    pub api_keys: Vec<&'a ApiKey>,
    /// Environments.
    pub environments: Vec<&'a Environment>,
    /// Clusters.
    pub clusters: Vec<&'a Cluster>,
    /// Role bindings.
    pub bindings: Vec<&'a Binding>,
    /// Publishers with their users.
    pub publishers: Vec<PublisherContents<'a>>,
    /// The applications that may ask for publishers, without their secrets.
    pub applications: Vec<&'a Application>,
    /// The audit log, oldest first.
    pub audit: Vec<&'a AuditEntry>,
    /// The e-mails sent, oldest first.
    pub outbox: Vec<&'a Notification>,
    /// The rules in force.
    pub rules: &'a Rules,
}

/// An invitation and where it stands.
#[derive(Debug, Serialize)]
pub struct Standing<'a> {
    /// The invitation.
    #[serde(flatten)]
    pub invitation: &'a Invitation,
    /// Where it stands.
    pub status: InvitationStatus,
}

/// A publisher and its users.
#[derive(Debug, Serialize)]
pub struct PublisherContents<'a> {
    /// The publisher.
    #[serde(flatten)]
    pub publisher: &'a Publisher,
    /// Its users, in the order of their keys.
    pub users: Vec<&'a PublisherUser>,
}

impl<'a> PublisherContents<'a> {
    fn of(publisher: &'a Publisher) -> Self {
        Self { publisher, users: publisher.users.values().collect() }
    }
}

impl World {
    /// Everything at that moment.
    pub fn contents(&self, at: Timestamp) -> Contents<'_> {
        let invitations = self.invitations.values();
        Contents {
            now: at,
            organization: &self.organization,
            users: self.users.values().collect(),
            invitations: invitations.map(|it| Standing { invitation: it, status: it.status(at) }).collect(),
            service_accounts: self.service_accounts.values().collect(),
            other_principals: self.others.iter().collect(),
            api_keys: self.api_keys.values().collect(),
            environments: self.environments.values().collect(),
            clusters: self.clusters.values().collect(),
            bindings: self.bindings.values().collect(),
            publishers: self.marketplace.publishers.values().map(PublisherContents::of).collect(),
            applications: self.marketplace.applications.values().collect(),
            audit: self.audit().collect(),
            outbox: self.outbox().collect(),
            rules: &self.rules,
        }
    }
}
