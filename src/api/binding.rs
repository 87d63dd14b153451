//! `RoleBinding`: one grant. Its plural differs from its kind so that `kubectl get rolebindings` keeps its meaning.

use kube::{CustomResource, KubeSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    common::{Adoption, BindingDeletion, Conditions, OrganizationRef, ValiditySpec, Warning, unseen},
    drift::DriftStatus,
};

/// One grant: a principal holds a role on a scope. Principal, role and scope can be edited: the new grant is made before
/// the old one is removed.
#[derive(CustomResource, Clone, Debug, Serialize, Deserialize, KubeSchema)]
#[kube(
    group = "access.roster.dev",
    version = "v1alpha1",
    kind = "RoleBinding",
    plural = "accessrolebindings",
    singular = "accessrolebinding",
    shortname = "arb",
    category = "access",
    namespaced,
    status = "RoleBindingStatus",
    doc = "One grant in a Confluent organization: a principal holds a role on a scope. Edits make the new grant before the old one is removed.",
    selectable = ".spec.role",
    selectable = ".spec.organizationRef.name",
    printcolumn(name = "Principal", type_ = "string", json_path = ".status.principal"),
    printcolumn(name = "Role", type_ = "string", json_path = ".spec.role"),
    printcolumn(name = "Scope", type_ = "string", json_path = ".status.scope"),
    printcolumn(name = "Ready", type_ = "string", json_path = ".status.conditions[?(@.type==\"Ready\")].status"),
    printcolumn(name = "Status", type_ = "string", json_path = ".status.conditions[?(@.type==\"Ready\")].reason"),
    printcolumn(name = "Age", type_ = "date", json_path = ".metadata.creationTimestamp"),
    printcolumn(name = "Organization", type_ = "string", json_path = ".spec.organizationRef.name", priority = 1),
    printcolumn(name = "Id", type_ = "string", json_path = ".status.bindingId", priority = 1),
    printcolumn(name = "Until", type_ = "string", json_path = ".spec.validity.notAfter", priority = 1),
    printcolumn(
        name = "Message",
        type_ = "string",
        json_path = ".status.conditions[?(@.type==\"Ready\")].message",
        priority = 1
    )
)]
#[serde(rename_all = "camelCase")]
pub struct RoleBindingSpec {
    /// The organization. It cannot be changed: delete the object and create another.
    #[x_kube(validation = ("self == oldSelf", "`organizationRef` may not be changed: delete this object and create another for the other organization"))]
    pub organization_ref: OrganizationRef,
    /// Who holds the role.
    pub principal: Principal,
    /// The role's name, for example `DeveloperRead`.
    #[schemars(length(min = 1, max = 64))]
    #[x_kube(validation = ("self.matches('^[A-Za-z][A-Za-z0-9]*$')", "`role` must be the name of a role, for example 'DeveloperRead'"))]
    pub role: String,
    /// Where the role holds.
    // Not a rule of `crn` itself: inside an organization's delegations its cost would exceed what the API server admits.
    #[x_kube(validation = ("!has(self.crn) || self.crn.matches('^[^=]+=[^/=]+(/[a-z-]+=[^/]+)*$')", "`crn` must read 'crn://confluent.cloud/organization=<id>' followed by '/key=value' segments, for example '/environment=env-1'"))]
    pub scope: ScopeSpec,
    /// Whether a grant that was there before the object is taken over (`Adopt`) or left alone (`Refuse`). When absent,
    /// ordinary roles are taken over and administrative ones (`OrganizationAdmin`, `AccountAdmin`, `EnvironmentAdmin`,
    /// `CloudClusterAdmin`) are not. A grant that another object stands for is shared, and needs no adoption.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Adoption")]
    pub adoption: Option<Adoption>,
    /// What becomes of the grant when the object is deleted: `Delete` revokes it, `Retain` keeps it; the organization's
    /// `deletionPolicy` when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "BindingDeletion")]
    pub deletion_policy: Option<BindingDeletion>,
    /// When the grant is in force; always when absent. Where several objects declare the same grant, it stays while one of
    /// them is in force.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub validity: Option<ValiditySpec>,
    /// Why, in your words, for whoever reads the object. Nothing is made of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 1_024))]
    pub justification: Option<String>,
    /// Change nothing remote for this object: grant nothing, take nothing away, mend nothing. The status says what would be
    /// done; deletion goes by the deletion policy as ever. What the organization's delegations no longer admit is revoked all
    /// the same.
    #[serde(default)]
    pub suspend: bool,
}

/// Exactly one way to name who holds the role.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("x-kubernetes-map-type" = "atomic"))]
#[x_kube(validation = ("(has(self.userRef) ? 1 : 0) + (has(self.email) ? 1 : 0) + (has(self.serviceAccount) ? 1 : 0) + (has(self.id) ? 1 : 0) == 1", "`principal` must name exactly one of `userRef`, `email`, `serviceAccount` or `id`"))]
pub struct Principal {
    /// A `ConfluentUser` in the same namespace.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_ref: Option<UserRef>,
    /// A person by e-mail, in lower case.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 3, max = 254))]
    #[x_kube(
        validation = Rule::new("self == self.lowerAscii()").message(Message::Expression("\"`email` must be lower case: use '\" + self.lowerAscii() + \"'\"".into())),
        validation = ("self.matches('^[^@\\\\s]+@[^@\\\\s.]+([.][^@\\\\s.]+)+$')", "`email` must be an e-mail address: write it as 'name@example.com'"),
    )]
    pub email: Option<String>,
    /// A service account.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service_account: Option<ServiceAccountRef>,
    /// Any principal by the vendor's id, for example `u-abc123` or `pool-abc1`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 3, max = 255))]
    #[x_kube(validation = ("self.matches('^[A-Za-z0-9][A-Za-z0-9_-]*$')", "`id` must be an id of the vendor's, for example 'u-abc123': name a person by `email`"))]
    pub id: Option<String>,
}

/// Names a `ConfluentUser` in the same namespace.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("x-kubernetes-map-type" = "atomic"))]
pub struct UserRef {
    /// The name of the `ConfluentUser`.
    #[schemars(length(min = 1, max = 253))]
    #[x_kube(validation = ("self.matches('^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$')", "`name` must be the name of a `ConfluentUser`: lower-case letters, digits, '-' and '.'"))]
    pub name: String,
}

/// Exactly one way to name a service account.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = ("has(self.id) != has(self.displayName)", "`serviceAccount` must name exactly one of `id` or `displayName`"))]
pub struct ServiceAccountRef {
    /// The vendor's id, for example `sa-abc123`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 3, max = 255))]
    #[x_kube(validation = ("self.matches('^sa-[A-Za-z0-9_-]+$')", "`id` must be a service account's id, for example 'sa-abc123': use `displayName` for its name"))]
    pub id: Option<String>,
    /// The display name, unique in the organization.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 64))]
    pub display_name: Option<String>,
}

/// Exactly one way to name a place: `organization: {}`, an `environment` with what is inside it, or a `crn`. Places that
/// have no field here (the Kafka cluster as a resource, networks, identity providers, registered clusters) are named by
/// `crn`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
#[x_kube(
    validation = ("(has(self.organization) ? 1 : 0) + (has(self.environment) ? 1 : 0) + (has(self.crn) ? 1 : 0) == 1", "`scope` must name exactly one of `organization: {}`, `environment` or `crn`"),
    validation = ("has(self.environment) || !(has(self.cluster) || has(self.schemaRegistry) || has(self.flinkRegion))", "`cluster`, `schemaRegistry` and `flinkRegion` need the `environment` that they are in"),
    validation = ("(has(self.cluster) ? 1 : 0) + (has(self.schemaRegistry) ? 1 : 0) + (has(self.flinkRegion) ? 1 : 0) <= 1", "`scope` must name at most one of `cluster`, `schemaRegistry` or `flinkRegion`"),
    validation = ("!has(self.crn) || !has(self.resource)", "`resource` must not stand beside `crn`: the CRN names the resource itself"),
    validation = ("!has(self.resource) || has(self.crn) || !(self.resource.type in ['Topic', 'Group', 'TransactionalId', 'Connector', 'KsqlCluster']) || has(self.cluster)", "a `resource` of type 'Topic', 'Group', 'TransactionalId', 'Connector' or 'KsqlCluster' needs the `cluster` that it is in"),
    validation = ("!has(self.resource) || has(self.crn) || !(self.resource.type in ['Subject', 'Kek']) || has(self.schemaRegistry)", "a `resource` of type 'Subject' or 'Kek' needs the `schemaRegistry` that it is in"),
    validation = ("!has(self.resource) || has(self.crn) || self.resource.type != 'ComputePool' || has(self.flinkRegion)", "a `resource` of type 'ComputePool' needs the `flinkRegion` that it is in"),
    validation = ("!has(self.resource) || has(self.crn) || !(self.resource.type in ['ServiceAccount', 'GroupMapping', 'IdentityPool']) || has(self.organization)", "a `resource` of type 'ServiceAccount', 'GroupMapping' or 'IdentityPool' is the organization's: write `organization: {}` beside it"),
    validation = ("has(self.identityProvider) == (has(self.resource) && !has(self.crn) && self.resource.type == 'IdentityPool')", "a `resource` of type 'IdentityPool', and no other, needs the `identityProvider` that it is in"),
    validation = ("!has(self.resource) || has(self.crn) || self.resource.type != 'ProviderIntegration' || (has(self.environment) && !has(self.cluster) && !has(self.schemaRegistry) && !has(self.flinkRegion))", "a `resource` of type 'ProviderIntegration' is the environment's: name the `environment` alone beside it"),
)]
pub struct ScopeSpec {
    /// The organization itself, written `organization: {}`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub organization: Option<WholeOrganization>,
    /// An environment, for example `env-abc123`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 255), regex(pattern = r"^[A-Za-z0-9][A-Za-z0-9_.-]*$"))]
    pub environment: Option<String>,
    /// A Kafka cluster in the environment, for example `lkc-abc123`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 255), regex(pattern = r"^[A-Za-z0-9][A-Za-z0-9_.-]*$"))]
    pub cluster: Option<String>,
    /// A Schema Registry in the environment, for example `lsrc-abc123`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 255), regex(pattern = r"^[A-Za-z0-9][A-Za-z0-9_.-]*$"))]
    pub schema_registry: Option<String>,
    /// A Flink region in the environment, for example `aws.us-east-1`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 255), regex(pattern = r"^[A-Za-z0-9][A-Za-z0-9_.-]*$"))]
    pub flink_region: Option<String>,
    /// An identity provider of the organization, for example `op-abc123`; only beside an identity pool in `resource`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 255), regex(pattern = r"^[A-Za-z0-9][A-Za-z0-9_.-]*$"))]
    pub identity_provider: Option<String>,
    /// One resource, or several by pattern, directly inside what is named above.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resource: Option<Resource>,
    /// The whole place as a CRN.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 1024))]
    #[x_kube(validation = ("self.startsWith('crn://confluent.cloud/organization=')", "`crn` must begin with 'crn://confluent.cloud/organization=<id>'"))]
    pub crn: Option<String>,
}

/// The organization itself.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
pub struct WholeOrganization {}

/// One resource, or several by pattern.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
#[x_kube(
    validation = ("self.patternType == 'All' || has(self.name)", "`resource` needs a `name`, or `patternType: All` for every resource of the type"),
    validation = ("self.patternType != 'All' || !has(self.name)", "`name` must not stand beside `patternType: All`: use `patternType: Prefixed` for the names that begin with it"),
    validation = ("!has(self.name) || !self.name.endsWith('*')", "`name` must not end in '*': say `patternType: Prefixed` or `patternType: All` instead"),
)]
pub struct Resource {
    /// What it is. `Topic`, `Group`, `TransactionalId`, `Connector` and `KsqlCluster` are in a cluster; `Subject` and `Kek` in a Schema
    /// Registry; `ComputePool` in a Flink region; `ProviderIntegration` in an environment; `ServiceAccount` and `GroupMapping`
    /// in the organization; `IdentityPool` in an identity provider of the organization.
    #[serde(rename = "type")]
    pub kind: ResourceType,
    /// Its name, or the beginning of its name with `patternType: Prefixed`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 255))]
    pub name: Option<String>,
    /// How the name is matched: `Literal` exactly, `Prefixed` every name that begins with it, `All` every resource of the
    /// type.
    #[serde(default)]
    pub pattern_type: PatternType,
}

/// What a role can be bound to inside an organization, cluster, Schema Registry or Flink region.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum ResourceType {
    /// A topic of the cluster.
    Topic,
    /// A consumer group of the cluster.
    Group,
    /// A transactional id of the cluster.
    TransactionalId,
    /// A managed connector of the cluster.
    Connector,
    /// A ksqlDB cluster of the Kafka cluster, by display name.
    KsqlCluster,
    /// A subject of the Schema Registry.
    Subject,
    /// A key encryption key of the Schema Registry.
    Kek,
    /// A compute pool of the Flink region.
    ComputePool,
    /// A service account of the organization.
    ServiceAccount,
    /// A group mapping of the organization.
    GroupMapping,
    /// An identity pool of an identity provider.
    IdentityPool,
    /// A provider integration of the environment.
    ProviderIntegration,
}

/// How a resource's name is matched.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum PatternType {
    /// Exactly the name.
    #[default]
    Literal,
    /// Every name that begins with it.
    Prefixed,
    /// Every resource of the type.
    All,
}

/// What is known about the grant.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("default" = {"observedGeneration": -1}))]
pub struct RoleBindingStatus {
    /// The generation that the conditions speak of; -1 before the operator has looked.
    #[serde(default = "unseen")]
    pub observed_generation: i64,
    /// What is known; see the README for every type and reason.
    #[serde(default, skip_serializing_if = "Conditions::is_empty")]
    pub conditions: Conditions,
    /// Who is declared, in a word: an e-mail, a name, or an id.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 4_096))]
    pub principal: Option<String>,
    /// The declared scope in a few words.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 4_096))]
    pub scope: Option<String>,
    /// The vendor's id of the binding.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 255))]
    pub binding_id: Option<String>,
    /// Whom the spec has meant since its last edit; a name that starts to mean somebody else moves no grant.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub meaning: Option<MeaningStatus>,
    /// The grant that this object answers for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub grant: Option<GrantStatus>,
    /// What the operator set out to grant for this object and what is not its `grant` yet, at most 8: it is revoked with the
    /// object too, should it turn out to have been made.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 8), extend("x-kubernetes-list-type" = "atomic"))]
    pub granting: Option<Vec<GrantStatus>>,
    /// Advice that holds nothing up, at most 20.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 20), extend("x-kubernetes-list-type" = "atomic"))]
    pub warnings: Vec<Warning>,
    /// When somebody changed it outside of this object, the newest first, at most 10.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 10), extend("x-kubernetes-list-type" = "atomic"))]
    pub drift: Vec<DriftStatus>,
    /// When the grant is made or revoked next, as `spec.validity` says.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 64))]
    pub next_transition: Option<String>,
}

/// Whom a spec has meant since its last edit.
// Both fields are always there: server-side apply makes `null` of an object that loses all of its fields.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct MeaningStatus {
    /// The vendor's id of the principal; empty while nobody was found.
    #[schemars(length(max = 255))]
    pub principal_id: String,
    /// What the principal was called; empty while nobody was found.
    #[schemars(length(max = 4_096))]
    pub principal: String,
}

/// The grant that an object answers for; it is revoked with the object.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct GrantStatus {
    /// The vendor's id of the principal.
    #[schemars(length(max = 255))]
    pub principal_id: String,
    /// What the principal was called when the grant was made.
    #[schemars(length(max = 4_096))]
    pub principal: String,
    /// The role.
    #[schemars(length(max = 255))]
    pub role: String,
    /// The CRN of the scope.
    #[schemars(length(max = 4_096))]
    pub crn: String,
}
