//! `Publisher`: the connection, protection and delegation of one marketplace publisher.

use kube::{CustomResource, KubeSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    common::{BindingDeletion, Conditions, Management, Warning, unseen},
    organization::{NamespaceMatch, SecretRef},
    removal::{ConfirmRemoval, HeldRemovalsStatus, RemovalBudgetSpec, RemovalsStatus},
};

/// The connection to one marketplace publisher, what protects it, and which namespaces may declare whom.
#[derive(CustomResource, Clone, Debug, Serialize, Deserialize, KubeSchema)]
#[kube(
    group = "access.roster.dev",
    version = "v1alpha1",
    kind = "Publisher",
    plural = "publishers",
    shortname = "publ",
    category = "access",
    status = "PublisherStatus",
    doc = "The connection to one marketplace publisher, what protects it, and which namespaces may declare whom.",
    printcolumn(name = "Publisher", type_ = "string", json_path = ".status.displayName"),
    printcolumn(name = "Ready", type_ = "string", json_path = ".status.conditions[?(@.type==\"Ready\")].status"),
    printcolumn(name = "Status", type_ = "string", json_path = ".status.conditions[?(@.type==\"Ready\")].reason"),
    printcolumn(name = "Owners", type_ = "integer", json_path = ".status.counts.owners"),
    printcolumn(name = "Contributors", type_ = "integer", json_path = ".status.counts.contributors"),
    printcolumn(
        name = "Simulated",
        type_ = "string",
        json_path = ".status.conditions[?(@.type==\"Simulated\")].status"
    ),
    printcolumn(name = "Age", type_ = "date", json_path = ".metadata.creationTimestamp"),
    printcolumn(name = "Id", type_ = "string", json_path = ".spec.publisherId", priority = 1),
    printcolumn(name = "Role", type_ = "string", json_path = ".status.identity.role", priority = 1),
    printcolumn(
        name = "Message",
        type_ = "string",
        json_path = ".status.conditions[?(@.type==\"Ready\")].message",
        priority = 1
    )
)]
#[serde(rename_all = "camelCase")]
pub struct PublisherSpec {
    /// The publisher's id, which is part of every offer's address; checked against what the credential sees. It cannot be
    /// changed.
    #[schemars(length(min = 1, max = 50))]
    #[x_kube(
        validation = ("self == oldSelf", "`publisherId` may not be changed: delete this object and create another for the other publisher"),
        validation = ("self.matches('^[a-z0-9][a-z0-9_-]*$')", "`publisherId` must be the id of a publisher, not its name: lower-case letters, digits, '-' and '_', for example 'contoso'"),
    )]
    pub publisher_id: String,
    /// How the publisher is reached; exactly one.
    pub backend: Backend,
    /// What namespaces may declare, by name. Empty: nobody may declare anybody; an absent list inside matches nothing.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 64), extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["name"]))]
    pub delegations: Vec<PublisherDelegationSpec>,
    /// What is never taken away.
    #[serde(default)]
    pub protection: PublisherProtectionSpec,
    /// What becomes of users when their objects are deleted, where these do not say: `Delete` removes them from the
    /// publisher, `Retain` keeps them.
    #[serde(default = "delete")]
    pub deletion_policy: BindingDeletion,
    /// How often the publisher is listed: a number with `s`, `m` or `h`, from 10s to 24h.
    #[serde(default = "ten_minutes")]
    #[schemars(length(min = 2, max = 8))]
    #[x_kube(validation = ("self.matches('^[0-9]{1,5}(s|m|h)$') && duration(self) >= duration('10s') && duration(self) <= duration('24h')", "`resyncInterval` must be a number with 's', 'm' or 'h' from 10s to 24h, for example '10m'"))]
    pub resync_interval: String,
    /// What the operator does here: `Full` makes it as declared; `Observe` changes nothing, puts no finalizer on the objects
    /// that name this publisher, and has each say what would be done. Those that are deleted meanwhile go unrevoked.
    #[serde(default)]
    pub management: Management,
}

fn delete() -> BindingDeletion {
    BindingDeletion::Delete
}

fn ten_minutes() -> String {
    "10m".to_owned()
}

/// Exactly one way to reach a publisher.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = ("has(self.portal)", "`backend` must name one backend: `portal`"))]
pub struct Backend {
    /// A portal that speaks Roster's contract for publishers' users, or a simulator of one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub portal: Option<PortalBackend>,
}

/// A portal's API.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct PortalBackend {
    /// The base URL. Plain http is for loopback and for hosts that the operator's `--allow-http-host` names.
    #[schemars(length(min = 8, max = 512))]
    #[x_kube(validation = ("self.matches('^https?://[^/?#@\\\\s]+/?$')", "`endpoint` must be a URL of scheme and host alone, for example 'https://portal.example.com'"))]
    pub endpoint: String,
    /// The `api-version` of each request.
    #[serde(default = "api_version")]
    #[schemars(length(min = 1, max = 32))]
    #[x_kube(validation = ("self.matches('^[0-9]{4}-[0-9]{2}-[0-9]{2}(-preview)?$')", "`apiVersion` must be a date, for example '2017-10-31'"))]
    pub api_version: String,
    /// How the operator proves who it is.
    pub auth: PortalAuth,
}

fn api_version() -> String {
    "2017-10-31".to_owned()
}

/// Exactly one way to authenticate.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = ("has(self.clientSecret)", "`auth` must name one way: `clientSecret`"))]
pub struct PortalAuth {
    /// A service principal with a client secret.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_secret: Option<ClientSecretAuth>,
}

/// A service principal with a client secret, for which a token is fetched.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = ("!has(self.scope) || !has(self.resource)", "`clientSecret` must name at most one of `scope` (a v2 endpoint) or `resource` (a v1 endpoint)"))]
pub struct ClientSecretAuth {
    /// A Secret with the keys `key` (the application id) and `secret`, in the operator's credentials namespace and nowhere
    /// else.
    pub secret_ref: SecretRef,
    /// Where tokens are fetched. Plain http is for loopback and for hosts that the operator's `--allow-http-host` names.
    #[schemars(length(min = 8, max = 512))]
    #[x_kube(validation = ("self.matches('^https?://[^/?#@\\\\s]+/[^?#\\\\s]+$')", "`tokenEndpoint` must be a URL with a path and without a query, for example 'https://login.microsoftonline.com/<tenant>/oauth2/v2.0/token'"))]
    pub token_endpoint: String,
    /// What the token is for; `https://cloudpartner.azure.com/.default` when neither this nor `resource` is there.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 512))]
    #[x_kube(validation = ("self.matches('^[^\\\\s]+$')", "`scope` must be one scope without blanks, for example 'https://cloudpartner.azure.com/.default'"))]
    pub scope: Option<String>,
    /// What the token is for, as endpoints of version 1 are told.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 512))]
    #[x_kube(validation = ("self.matches('^[^\\\\s]+$')", "`resource` must be one resource without blanks, for example 'https://cloudpartner.azure.com'"))]
    pub resource: Option<String>,
}

/// Whom a set of namespaces may declare.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct PublisherDelegationSpec {
    /// A name for messages.
    #[schemars(length(min = 1, max = 63))]
    pub name: String,
    /// For which namespaces; none when absent.
    #[serde(default, skip_serializing_if = "NamespaceMatch::is_nothing")]
    pub namespaces: NamespaceMatch,
    /// Whom they may add; nobody when empty.
    // With more, the rules of the lists inside would cost more than the API server admits.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 8), extend("x-kubernetes-list-type" = "atomic"))]
    pub add: Vec<AddRule>,
}

/// Roles and users that may be added together.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct AddRule {
    /// `Owner` and `Contributor`; `*` is both.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 3), extend("x-kubernetes-list-type" = "set"))]
    pub roles: Vec<RoleMatch>,
    /// Domains of the addresses of people and groups, in lower case; `*` is any.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 32), extend("x-kubernetes-list-type" = "set"), inner(length(min = 1, max = 253)))]
    #[x_kube(validation = ("self.all(domain, domain.matches('^([*]|[a-z0-9.-]+)$'))", "`emailDomains` must hold domains in lower case, for example 'example.com', or '*' for any"))]
    pub email_domains: Vec<String>,
    /// Tenants of service principals; `*` is any.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 16), extend("x-kubernetes-list-type" = "set"), inner(length(min = 1, max = 36)))]
    #[x_kube(validation = ("self.all(tenant, tenant.matches('^([*]|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12})$'))", "`tenants` must hold UUIDs in lower case, for example '9bb441c4-edef-46ac-8a41-c49e44a3fd9a', or '*' for any"))]
    pub tenants: Vec<String>,
}

/// A role, or both.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum RoleMatch {
    /// Owners.
    Owner,
    /// Contributors.
    Contributor,
    /// Both.
    #[serde(rename = "*")]
    Any,
}

/// What is never taken away.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct PublisherProtectionSpec {
    /// Fewest effective owners that the operator leaves: those who are there, besides the operator itself.
    #[serde(default = "one")]
    #[schemars(range(min = 0, max = 1_000))]
    #[x_kube(validation = ("self >= 1", "`minimumOwners` must be at least 1: a publisher without an owner cannot be recovered"))]
    pub minimum_owners: u32,
    /// How many users may be removed before a person has to look; on by default.
    #[serde(default)]
    pub removal_budget: RemovalBudgetSpec,
    /// Which removals a person has to confirm one by one: with `Administrative` an owner is removed, or made a contributor,
    /// only where the object says `Owner` in the annotation `access.roster.dev/confirm-removal`. `None` asks for no
    /// confirmation.
    #[serde(default)]
    pub confirm_removal: ConfirmRemoval,
}

impl Default for PublisherProtectionSpec {
    fn default() -> Self {
        Self {
            minimum_owners: one(),
            removal_budget: RemovalBudgetSpec::default(),
            confirm_removal: ConfirmRemoval::default(),
        }
    }
}

fn one() -> u32 {
    1
}

/// What is known about the publisher.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("default" = {"observedGeneration": -1}))]
pub struct PublisherStatus {
    /// The generation that the conditions speak of; -1 before the operator has looked.
    #[serde(default = "unseen")]
    pub observed_generation: i64,
    /// What is known; see the README for every type and reason.
    #[serde(default, skip_serializing_if = "Conditions::is_empty")]
    pub conditions: Conditions,
    /// The publisher's display name.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 4_096))]
    pub display_name: Option<String>,
    /// Whom the operator acts as.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub identity: Option<PublisherIdentityStatus>,
    /// How much the last listing held.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub counts: Option<MemberCountsStatus>,
    /// The publishers on which the operator's identity had a role when it connected.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub visible_publishers: Option<VisiblePublishers>,
    /// Advice that holds nothing up, at most 20.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 20), extend("x-kubernetes-list-type" = "atomic"))]
    pub warnings: Vec<Warning>,
    /// What is kept of removals, so that a restart forgets none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub removals: Option<RemovalsStatus>,
    /// Removals that wait for a person, because the budget has no room for them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub held_removals: Option<HeldRemovalsStatus>,
}

/// Whom the operator acts as.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct PublisherIdentityStatus {
    /// The application id of the credential.
    #[schemars(length(max = 255))]
    pub application_id: String,
    /// Its own role on the publisher; absent where it is not known.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 64))]
    pub role: Option<String>,
}

/// How much the last listing held.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct MemberCountsStatus {
    /// Owners who are there.
    pub owners: u32,
    /// Contributors who are there.
    pub contributors: u32,
    /// Groups and aliases, of either role.
    pub groups: u32,
    /// Service principals, of either role.
    pub applications: u32,
    /// Those of either role who are invited and not there yet.
    pub invited: u32,
}

/// Publishers, at most 20 of them, with the total.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct VisiblePublishers {
    /// How many in all.
    pub total: u32,
    /// Their ids; at most 20.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 20), extend("x-kubernetes-list-type" = "atomic"), inner(length(max = 255)))]
    pub entries: Vec<String>,
}
