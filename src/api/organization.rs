//! `ConfluentOrganization`: the connection, protection and delegation of one organization.

use std::collections::BTreeMap;

use kube::{CustomResource, KubeSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    binding::ScopeSpec,
    common::{BindingDeletion, Conditions, Management, Warning, unseen},
    removal::{ConfirmRemoval, HeldRemovalsStatus, RemovalBudgetSpec, RemovalsStatus},
    unmanaged::{UnmanagedSpec, UnmanagedStatus},
};

/// The connection to one Confluent Cloud organization, what protects it, and which namespaces may declare what.
#[derive(CustomResource, Clone, Debug, Serialize, Deserialize, KubeSchema)]
#[kube(
    group = "access.roster.dev",
    version = "v1alpha1",
    kind = "ConfluentOrganization",
    plural = "confluentorganizations",
    shortname = "corg",
    category = "access",
    status = "ConfluentOrganizationStatus",
    doc = "The connection to one Confluent Cloud organization, what protects it, and which namespaces may declare what.",
    printcolumn(name = "Organization", type_ = "string", json_path = ".status.displayName"),
    printcolumn(name = "Ready", type_ = "string", json_path = ".status.conditions[?(@.type==\"Ready\")].status"),
    printcolumn(name = "Status", type_ = "string", json_path = ".status.conditions[?(@.type==\"Ready\")].reason"),
    printcolumn(name = "Users", type_ = "integer", json_path = ".status.counts.users"),
    printcolumn(name = "Bindings", type_ = "integer", json_path = ".status.counts.bindings"),
    printcolumn(
        name = "Simulated",
        type_ = "string",
        json_path = ".status.conditions[?(@.type==\"Simulated\")].status"
    ),
    printcolumn(name = "Age", type_ = "date", json_path = ".metadata.creationTimestamp"),
    printcolumn(name = "Id", type_ = "string", json_path = ".spec.organizationId", priority = 1),
    printcolumn(name = "Identity", type_ = "string", json_path = ".status.identity.principal", priority = 1),
    printcolumn(
        name = "Message",
        type_ = "string",
        json_path = ".status.conditions[?(@.type==\"Ready\")].message",
        priority = 1
    )
)]
#[serde(rename_all = "camelCase")]
pub struct ConfluentOrganizationSpec {
    /// The organization's id (a UUID), checked against what the credential sees. It cannot be changed.
    #[schemars(length(min = 1, max = 64))]
    #[x_kube(
        validation = ("self == oldSelf", "`organizationId` may not be changed: delete this object and create another for the other organization"),
        validation = ("self.matches('^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$')", "`organizationId` must be a UUID in lower case, for example '9bb441c4-edef-46ac-8a41-c49e44a3fd9a'"),
    )]
    pub organization_id: String,
    /// How the organization is reached; exactly one.
    pub backend: Backend,
    /// What namespaces may declare, by name. Empty: nobody may declare anything; an absent list inside matches nothing.
    /// Withdrawing one revokes the grants made under it, as the removal budget admits, also of suspended objects.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 64), extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["name"]))]
    pub delegations: Vec<DelegationSpec>,
    /// Let roles be declared that Roster's catalogue does not know, and leave it to the vendor to judge them. Such a role
    /// counts as administrative: what was there before is taken over only where the object says `adoption: Adopt`.
    #[serde(default)]
    pub allow_unknown_roles: bool,
    /// What is never taken away.
    #[serde(default)]
    pub protection: ProtectionSpec,
    /// What becomes of grants when their objects are deleted, where these do not say: `Delete` revokes them, `Retain`
    /// keeps them.
    #[serde(default = "delete")]
    pub deletion_policy: BindingDeletion,
    /// How often the organization is listed: a number with `s`, `m` or `h`, from 10s to 24h.
    #[serde(default = "ten_minutes")]
    #[schemars(length(min = 2, max = 8))]
    #[x_kube(validation = ("self.matches('^[0-9]{1,5}(s|m|h)$') && duration(self) >= duration('10s') && duration(self) <= duration('24h')", "`resyncInterval` must be a number with 's', 'm' or 'h' from 10s to 24h, for example '10m'"))]
    pub resync_interval: String,
    /// What the operator does here: `Full` makes it as declared; `Observe` changes nothing, puts no finalizer on the objects
    /// that name this organization, and has each say what would be done. Those that are deleted meanwhile go unrevoked.
    #[serde(default)]
    pub management: Management,
    /// What becomes of grants that no object declares; they are left alone and not told when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unmanaged: Option<UnmanagedSpec>,
}

fn delete() -> BindingDeletion {
    BindingDeletion::Delete
}

fn ten_minutes() -> String {
    "10m".to_owned()
}

/// Exactly one way to reach an organization.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = ("has(self.confluentCloud)", "`backend` must name one backend: `confluentCloud`"))]
pub struct Backend {
    /// The vendor's own API, or a simulator that speaks it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub confluent_cloud: Option<ConfluentCloudBackend>,
}

/// Confluent Cloud's API.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct ConfluentCloudBackend {
    /// The base URL. Plain http is for loopback and for hosts that the operator's `--allow-http-host` names.
    #[serde(default = "vendor")]
    #[schemars(length(min = 8, max = 512))]
    #[x_kube(validation = ("self.matches('^https?://[^/?#@\\\\s]+/?$')", "`endpoint` must be a URL of scheme and host alone, for example 'https://api.confluent.cloud'"))]
    pub endpoint: String,
    /// How the operator proves who it is.
    pub auth: Auth,
    /// Whether the endpoint serves its audit log as well, at `/audit-log/v1/events?after=TIME`, so that drift is told with who
    /// did it and when. The vendor's own endpoint serves `None`: it has a Kafka topic, whose events a gateway of yours can serve
    /// as `{"data": [...]}` beside the API, as the simulator does.
    #[serde(default)]
    pub audit_log: AuditLogSource,
}

/// Where an audit log is read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum AuditLogSource {
    /// Nowhere.
    #[default]
    None,
    /// At the endpoint.
    Served,
}

fn vendor() -> String {
    "https://api.confluent.cloud".to_owned()
}

/// Exactly one way to authenticate.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = ("has(self.apiKey)", "`auth` must name one way: `apiKey`"))]
pub struct Auth {
    /// A Cloud API key (not a cluster's) in a Secret.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub api_key: Option<ApiKeyAuth>,
}

/// A Cloud API key in a Secret.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct ApiKeyAuth {
    /// A Secret with the keys `key` and `secret`, in the operator's credentials namespace and nowhere else.
    pub secret_ref: SecretRef,
}

/// Names a Secret in the operator's credentials namespace.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("x-kubernetes-map-type" = "atomic"))]
pub struct SecretRef {
    /// The name of the Secret.
    #[schemars(length(min = 1, max = 253))]
    #[x_kube(validation = ("self.matches('^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$')", "`name` must be the name of a Secret: lower-case letters, digits, '-' and '.'"))]
    pub name: String,
}

/// What a set of namespaces may declare.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct DelegationSpec {
    /// A name for messages.
    #[schemars(length(min = 1, max = 63))]
    pub name: String,
    /// For which namespaces; none when absent.
    #[serde(default, skip_serializing_if = "NamespaceMatch::is_nothing")]
    pub namespaces: NamespaceMatch,
    /// Whom they may invite; nobody when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub invite: Option<InviteRule>,
    /// What they may grant; nothing when empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 64), extend("x-kubernetes-list-type" = "atomic"))]
    pub grant: Vec<GrantRuleSpec>,
}

/// At most one way to match namespaces; none matches nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = ("(has(self.names) ? 1 : 0) + (has(self.matchLabels) ? 1 : 0) + (has(self.all) ? 1 : 0) <= 1", "`namespaces` must use only one of `names`, `matchLabels` or `all: {}`"))]
pub struct NamespaceMatch {
    /// By name.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 256), extend("x-kubernetes-list-type" = "set"), inner(length(min = 1, max = 63)))]
    pub names: Option<Vec<String>>,
    /// By labels, all of which must be there; no label at all matches nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("maxProperties" = 16, "additionalProperties" = {"description": "The value of the label.", "type": "string", "maxLength": 63}))]
    pub match_labels: Option<BTreeMap<String, String>>,
    /// Every namespace, written `all: {}`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub all: Option<EveryNamespace>,
}

impl NamespaceMatch {
    pub(super) fn is_nothing(&self) -> bool {
        *self == Self::default()
    }
}

/// Every namespace.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
pub struct EveryNamespace {}

/// Whom a namespace may invite.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct InviteRule {
    /// Domains of e-mail addresses, in lower case; `*` is any.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 64), extend("x-kubernetes-list-type" = "set"), inner(length(min = 1, max = 253)))]
    #[x_kube(validation = ("self.all(domain, domain.matches('^([*]|[a-z0-9.-]+)$'))", "`emailDomains` must hold domains in lower case, for example 'example.com', or '*' for any"))]
    pub email_domains: Vec<String>,
}

/// Roles, places and principals that may be granted together.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct GrantRuleSpec {
    /// Role names; `*` is any.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 64), extend("x-kubernetes-list-type" = "set"), inner(length(min = 1, max = 64)))]
    pub roles: Vec<String>,
    /// Places that must contain what is granted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 32), extend("x-kubernetes-list-type" = "atomic"))]
    pub within: Vec<ScopeSpec>,
    /// To whom.
    #[serde(default)]
    pub principals: PrincipalRule,
    /// For how long at most: a number with `m`, `h` or `d`, counted from the binding's creation, or from its
    /// `validity.notBefore` where that is later, to its `validity.notAfter`. For ever when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 2, max = 6))]
    #[x_kube(validation = ("self.matches('^[1-9][0-9]{0,4}(m|h|d)$')", "`maxDuration` must be a number with 'm', 'h' or 'd', for example '24h'"))]
    pub max_duration: Option<String>,
}

/// To whom a namespace may grant.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct PrincipalRule {
    /// Kinds of principal; none when empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 8), extend("x-kubernetes-list-type" = "set"))]
    pub kinds: Vec<PrincipalKind>,
    /// Where the principal must be declared: `SameNamespace` by a `ConfluentUser` of the same namespace, `Anywhere` there,
    /// elsewhere, or by nothing at all.
    #[serde(default)]
    pub declared_in: DeclaredIn,
}

/// A kind of principal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum PrincipalKind {
    /// A person.
    User,
    /// A service account.
    ServiceAccount,
    /// An identity pool.
    IdentityPool,
    /// A group mapping.
    GroupMapping,
}

/// Where a principal must be declared.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum DeclaredIn {
    /// By a `ConfluentUser` of the same namespace.
    #[default]
    SameNamespace,
    /// Anywhere, or by nothing at all.
    Anywhere,
}

/// What is never taken away.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct ProtectionSpec {
    /// Fewest effective administrators that may remain: active people with a direct `OrganizationAdmin`, not counting the
    /// operator itself. Use 2 where two replicas run.
    #[serde(default = "one")]
    #[schemars(range(max = 100))]
    #[x_kube(validation = ("self >= 1", "`minimumOrganizationAdmins` must be at least 1: an organization without an administrator cannot be recovered"))]
    pub minimum_organization_admins: u32,
    /// People whose `OrganizationAdmin` is never removed by the operator.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 32), extend("x-kubernetes-list-type" = "set"), inner(length(min = 3, max = 254)))]
    #[x_kube(validation = ("self.all(email, email.matches('^[^@A-Z\\\\s]+@[^@A-Z\\\\s]+$'))", "`requiredOrganizationAdmins` must hold e-mail addresses in lower case, for example 'name@example.com'"))]
    pub required_organization_admins: Vec<String>,
    /// How much may be taken away before a person has to look; on by default.
    #[serde(default)]
    pub removal_budget: RemovalBudgetSpec,
    /// `Administrative`: a grant of an administrative role, and an account that holds one, is removed only where the object
    /// names the role in the annotation `access.roster.dev/confirm-removal`. `None` asks for no confirmation.
    #[serde(default)]
    pub confirm_removal: ConfirmRemoval,
}

impl Default for ProtectionSpec {
    fn default() -> Self {
        Self {
            minimum_organization_admins: one(),
            required_organization_admins: Vec::new(),
            removal_budget: RemovalBudgetSpec::default(),
            confirm_removal: ConfirmRemoval::None,
        }
    }
}

fn one() -> u32 {
    1
}

/// What is known about the organization.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("default" = {"observedGeneration": -1}))]
pub struct ConfluentOrganizationStatus {
    /// The generation that the conditions speak of; -1 before the operator has looked.
    #[serde(default = "unseen")]
    pub observed_generation: i64,
    /// What is known; see the README for every type and reason.
    #[serde(default, skip_serializing_if = "Conditions::is_empty")]
    pub conditions: Conditions,
    /// The organization's display name.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 4_096))]
    pub display_name: Option<String>,
    /// Whom the operator acts as.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub identity: Option<IdentityStatus>,
    /// How much the last listing held.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub counts: Option<CountsStatus>,
    /// Grants that no object declares, where `spec.unmanaged` asks for them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unmanaged: Option<UnmanagedStatus>,
    /// What is kept of removals, so that a restart forgets none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub removals: Option<RemovalsStatus>,
    /// Removals that wait for a person, because the budget has no room for them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub held_removals: Option<HeldRemovalsStatus>,
    /// Advice that holds nothing up, at most 20.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 20), extend("x-kubernetes-list-type" = "atomic"))]
    pub warnings: Vec<Warning>,
}

/// Whom the operator acts as.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct IdentityStatus {
    /// The principal that owns the key; absent where the vendor does not let the key read itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 4_096))]
    pub principal: Option<String>,
    /// Its roles, "role on scope", at most 20; absent where it cannot read them.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 20), extend("x-kubernetes-list-type" = "atomic"), inner(length(max = 4_096)))]
    pub roles: Option<Vec<String>>,
}

/// How much the last listing held.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct CountsStatus {
    /// Members.
    pub users: u32,
    /// Invitations that wait.
    pub invitations: u32,
    /// Service accounts.
    pub service_accounts: u32,
    /// Role bindings.
    pub bindings: u32,
}
