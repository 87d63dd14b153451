//! `ConfluentUser`: one person's whole life in an organization, keyed by e-mail.

use kube::{CustomResource, KubeSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    common::{Adoption, Conditions, OrganizationRef, Warning, unseen},
    drift::DriftStatus,
};

/// One person of an organization: invited when absent, invited again when the invitation lapsed, adopted when present,
/// removed with the object.
#[derive(CustomResource, Clone, Debug, Serialize, Deserialize, KubeSchema)]
#[kube(
    group = "access.roster.dev",
    version = "v1alpha1",
    kind = "ConfluentUser",
    plural = "confluentusers",
    shortname = "cuser",
    category = "access",
    namespaced,
    status = "ConfluentUserStatus",
    doc = "One person of a Confluent organization, keyed by e-mail: invited when absent, adopted when present, removed with the object.",
    selectable = ".spec.email",
    selectable = ".spec.organizationRef.name",
    printcolumn(name = "Email", type_ = "string", json_path = ".spec.email"),
    printcolumn(name = "Ready", type_ = "string", json_path = ".status.conditions[?(@.type==\"Ready\")].status"),
    printcolumn(name = "Status", type_ = "string", json_path = ".status.conditions[?(@.type==\"Ready\")].reason"),
    printcolumn(name = "Roles", type_ = "integer", json_path = ".status.access.total"),
    printcolumn(name = "Age", type_ = "date", json_path = ".metadata.creationTimestamp"),
    printcolumn(name = "Organization", type_ = "string", json_path = ".spec.organizationRef.name", priority = 1),
    printcolumn(name = "Id", type_ = "string", json_path = ".status.userId", priority = 1),
    printcolumn(
        name = "Message",
        type_ = "string",
        json_path = ".status.conditions[?(@.type==\"Ready\")].message",
        priority = 1
    )
)]
#[serde(rename_all = "camelCase")]
pub struct ConfluentUserSpec {
    /// The organization. It cannot be changed: delete the object and create another.
    #[x_kube(validation = ("self == oldSelf", "`organizationRef` may not be changed: delete this object and create another for the other organization"))]
    pub organization_ref: OrganizationRef,
    /// The person's e-mail, in lower case. It cannot be changed: delete the object and create another.
    #[schemars(length(min = 3, max = 254))]
    #[x_kube(
        validation = ("self == oldSelf", "`email` may not be changed: delete this object and create another for the other person"),
        validation = Rule::new("self == self.lowerAscii()").message(Message::Expression("\"`email` must be lower case: use '\" + self.lowerAscii() + \"'\"".into())),
        validation = ("self.matches('^[^@\\\\s]+@[^@\\\\s.]+([.][^@\\\\s.]+)+$')", "`email` must be an e-mail address: write it as 'name@example.com'"),
    )]
    pub email: String,
    /// The full name to set on the account once the person is a member; left alone when absent.
    #[schemars(length(min = 1, max = 128))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub full_name: Option<String>,
    /// How the person signs in: `SSO` through the organization's identity provider, `Local` with a password of the
    /// vendor's; the organization's default when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "AuthType")]
    pub auth_type: Option<AuthType>,
    /// How invitations are sent.
    #[serde(default)]
    pub invitation: InvitationPolicy,
    /// Whether a member who was there before the object is taken over (`Adopt`) or left alone (`Refuse`).
    #[serde(default = "adopt")]
    pub adoption: Adoption,
    /// What becomes of the account when the object is deleted: `DeleteIfUnused` deletes it once no role and no visible
    /// API key is left, `Delete` deletes it with its roles and API keys, `Retain` keeps it.
    #[serde(default)]
    pub deletion_policy: UserDeletionPolicy,
    /// Change nothing remote for this object: grant nothing, take nothing away, mend nothing. The status says what would be
    /// done; deletion goes by the deletion policy as ever.
    #[serde(default)]
    pub suspend: bool,
}

fn adopt() -> Adoption {
    Adoption::Adopt
}

/// How a person signs in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum AuthType {
    /// Through the organization's identity provider.
    #[serde(rename = "SSO")]
    Sso,
    /// With a password of the vendor's.
    Local,
}

/// How invitations are sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct InvitationPolicy {
    /// How many invitations are sent in all while the person lets them lapse (seven days each).
    #[serde(default = "three")]
    #[schemars(range(min = 1, max = 20))]
    pub max_attempts: u32,
}

impl Default for InvitationPolicy {
    fn default() -> Self {
        Self { max_attempts: three() }
    }
}

fn three() -> u32 {
    3
}

/// What becomes of the account when the object is deleted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum UserDeletionPolicy {
    /// Delete it once no role and no visible API key is left.
    #[default]
    DeleteIfUnused,
    /// Delete it with its roles and API keys.
    Delete,
    /// Keep it.
    Retain,
}

/// What is known about the person.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("default" = {"observedGeneration": -1}))]
pub struct ConfluentUserStatus {
    /// The generation that the conditions speak of; -1 before the operator has looked.
    #[serde(default = "unseen")]
    pub observed_generation: i64,
    /// What is known; see the README for every type and reason.
    #[serde(default, skip_serializing_if = "Conditions::is_empty")]
    pub conditions: Conditions,
    /// The vendor's id of the user, given with the invitation.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 255))]
    pub user_id: Option<String>,
    /// The invitation that waits, if one does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub invitation: Option<InvitationStatus>,
    /// What the person holds directly.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub access: Option<AccessList>,
    /// When somebody changed it outside of this object, the newest first, at most 10.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 10), extend("x-kubernetes-list-type" = "atomic"))]
    pub drift: Vec<DriftStatus>,
    /// Advice that holds nothing up, at most 20.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 20), extend("x-kubernetes-list-type" = "atomic"))]
    pub warnings: Vec<Warning>,
}

/// The invitation that waits.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct InvitationStatus {
    /// The vendor's id.
    #[schemars(length(max = 255))]
    pub id: String,
    /// How many were sent so far.
    pub attempts: u32,
    /// When it lapses.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 64))]
    pub expires_at: Option<String>,
}

/// Roles of a person, at most 20 of them, with the total.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct AccessList {
    /// How many roles in all.
    pub total: u32,
    /// How many of them no object declares.
    pub undeclared: u32,
    /// "role on scope", the undeclared ones marked; at most 20.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 20), extend("x-kubernetes-list-type" = "atomic"), inner(length(max = 4_096)))]
    pub entries: Vec<String>,
}
