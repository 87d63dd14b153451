//! `PublisherUser`: one person, group or service principal as owner or contributor of a publisher.

use kube::{CustomResource, KubeSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    common::{Adoption, BindingDeletion, Conditions, PublisherRef, ValiditySpec, Warning, unseen},
    drift::DriftStatus,
};

/// One user of a publisher: added when absent, adopted when present, moved between the two roles, removed with the object.
#[derive(CustomResource, Clone, Debug, Serialize, Deserialize, KubeSchema)]
#[kube(
    group = "access.roster.dev",
    version = "v1alpha1",
    kind = "PublisherUser",
    plural = "publisherusers",
    shortname = "pubuser",
    category = "access",
    namespaced,
    status = "PublisherUserStatus",
    doc = "One person, group or service principal as owner or contributor of a marketplace publisher.",
    selectable = ".spec.email",
    selectable = ".spec.role",
    selectable = ".spec.publisherRef.name",
    printcolumn(name = "User", type_ = "string", json_path = ".status.user"),
    printcolumn(name = "Role", type_ = "string", json_path = ".spec.role"),
    printcolumn(name = "Publisher", type_ = "string", json_path = ".spec.publisherRef.name"),
    printcolumn(name = "Ready", type_ = "string", json_path = ".status.conditions[?(@.type==\"Ready\")].status"),
    printcolumn(name = "Status", type_ = "string", json_path = ".status.conditions[?(@.type==\"Ready\")].reason"),
    printcolumn(name = "Granted", type_ = "string", json_path = ".status.conditions[?(@.type==\"Granted\")].status"),
    printcolumn(name = "Age", type_ = "date", json_path = ".metadata.creationTimestamp"),
    printcolumn(name = "Type", type_ = "string", json_path = ".spec.type", priority = 1),
    printcolumn(name = "Until", type_ = "string", json_path = ".spec.validity.notAfter", priority = 1),
    printcolumn(name = "Account", type_ = "string", json_path = ".status.accountType", priority = 1),
    printcolumn(
        name = "Message",
        type_ = "string",
        json_path = ".status.conditions[?(@.type==\"Ready\")].message",
        priority = 1
    )
)]
#[serde(rename_all = "camelCase")]
#[x_kube(
    validation = ("has(self.email) != has(self.servicePrincipal)", "`spec` must name exactly one of `email` or `servicePrincipal`"),
    validation = ("has(self.email) == has(oldSelf.email)", "`email` and `servicePrincipal` may not take each other's place: delete this object and create another for the other user"),
    validation = ("has(self.email) || self.type == 'User'", "`type: Group` needs an `email`: a service principal is no group"),
    validation = ("has(self.email) || !has(self.mailbox)", "`mailbox` needs an `email`: a service principal reads no mail"),
)]
pub struct PublisherUserSpec {
    /// The publisher. It cannot be changed: delete the object and create another.
    #[x_kube(validation = ("self == oldSelf", "`publisherRef` may not be changed: delete this object and create another for the other publisher"))]
    pub publisher_ref: PublisherRef,
    /// The address of a person or group, in lower case. It cannot be changed: delete the object and create another.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 3, max = 254))]
    #[x_kube(
        validation = ("self == oldSelf", "`email` may not be changed: delete this object and create another for the other person"),
        validation = Rule::new("self == self.lowerAscii()").message(Message::Expression("\"`email` must be lower case: use '\" + self.lowerAscii() + \"'\"".into())),
        validation = ("self.matches('^[^@\\\\s]+@[^@\\\\s.]+([.][^@\\\\s.]+)+$')", "`email` must be an e-mail address: write it as 'name@example.com'"),
    )]
    pub email: Option<String>,
    /// A service principal. It cannot be changed: delete the object and create another.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[x_kube(validation = ("self == oldSelf", "`servicePrincipal` may not be changed: delete this object and create another for the other application"))]
    pub service_principal: Option<ServicePrincipalSpec>,
    /// What answers to `email`: `User` one person, `Group` a security group or a shared alias, which outlives any one
    /// person. It cannot be changed.
    #[serde(rename = "type", default)]
    #[x_kube(validation = ("self == oldSelf", "`type` may not be changed, as no portal makes a group of a person: delete this object and create another"))]
    pub kind: MemberType,
    /// What the user may do: `Contributor` works on offers, `Owner` sees payouts and customers as well.
    pub role: MemberRole,
    /// Whether somebody reads the mail of the address, to which Microsoft writes; `Monitored` is your word for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Mailbox")]
    pub mailbox: Option<Mailbox>,
    /// Whether somebody who was there before the object is taken over (`Adopt`) or left alone (`Refuse`). When absent,
    /// contributors are taken over, and neither is anybody who was an owner nor does anybody become one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Adoption")]
    pub adoption: Option<Adoption>,
    /// What becomes of the user when the object is deleted: `Delete` removes them from the publisher, `Retain` keeps them;
    /// the publisher's `deletionPolicy` when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "BindingDeletion")]
    pub deletion_policy: Option<BindingDeletion>,
    /// When the access is in force; always when absent. Where several objects declare the same user, they stay while one of
    /// the objects is in force.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub validity: Option<ValiditySpec>,
    /// Why, in your words, for whoever reads the object. Nothing is made of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 1_024))]
    pub justification: Option<String>,
    /// Change nothing remote for this object: grant nothing, take nothing away, mend nothing. The status says what would be
    /// done; deletion goes by the deletion policy as ever.
    #[serde(default)]
    pub suspend: bool,
}

/// A service principal, as the portal's form asks for it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct ServicePrincipalSpec {
    /// The application id, a UUID.
    #[schemars(length(min = 1, max = 36))]
    #[x_kube(validation = ("self.matches('^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$')", "`applicationId` must be a UUID in lower case, for example '9bb441c4-edef-46ac-8a41-c49e44a3fd9a'"))]
    pub application_id: String,
    /// The tenant, a UUID.
    #[schemars(length(min = 1, max = 36))]
    #[x_kube(validation = ("self.matches('^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$')", "`tenantId` must be a UUID in lower case, for example '9bb441c4-edef-46ac-8a41-c49e44a3fd9a'"))]
    pub tenant_id: String,
    /// The object id of the enterprise application (not of the app registration), a UUID.
    #[schemars(length(min = 1, max = 36))]
    #[x_kube(validation = ("self.matches('^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$')", "`objectId` must be a UUID in lower case, the object id of the enterprise application"))]
    pub object_id: String,
    /// The name that the portal shows.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 128))]
    pub friendly_name: Option<String>,
}

/// What answers to an address.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum MemberType {
    /// One person.
    #[default]
    User,
    /// A security group or a shared alias.
    Group,
}

/// What a user of a publisher may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum MemberRole {
    /// All that a contributor may, and payouts and customers.
    Owner,
    /// Offers, orders, usage and downloads.
    Contributor,
}

/// Whether somebody reads the mail of an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum Mailbox {
    /// Somebody does.
    Monitored,
    /// Nobody does.
    Unmonitored,
}

/// What is known about the user.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("default" = {"observedGeneration": -1}))]
pub struct PublisherUserStatus {
    /// The generation that the conditions speak of; -1 before the operator has looked.
    #[serde(default = "unseen")]
    pub observed_generation: i64,
    /// What is known; see the README for every type and reason.
    #[serde(default, skip_serializing_if = "Conditions::is_empty")]
    pub conditions: Conditions,
    /// Who is declared, in a word: an address, a friendly name, or an application id.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 4_096))]
    pub user: Option<String>,
    /// The role that the portal holds.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 64))]
    pub role: Option<String>,
    /// The role that this object answers for: what it gave or took over, until it is taken away again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "MemberRole")]
    pub granted_role: Option<MemberRole>,
    /// The role that this object sets out to give beyond that, from before it does until it is known to be there or not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "MemberRole")]
    pub granting: Option<MemberRole>,
    /// What the user signs in with: `Organization`, `Microsoft`, or a word of the portal's.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 255))]
    pub account_type: Option<String>,
    /// Whether the user is there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "MemberState")]
    pub state: Option<MemberState>,
    /// What of Seller Insights the role shows.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 20), extend("x-kubernetes-list-type" = "atomic"), inner(length(max = 64)))]
    pub sees: Vec<String>,
    /// What of Seller Insights is hidden from the role.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 20), extend("x-kubernetes-list-type" = "atomic"), inner(length(max = 64)))]
    pub hidden: Vec<String>,
    /// Advice that holds nothing up, at most 20.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 20), extend("x-kubernetes-list-type" = "atomic"))]
    pub warnings: Vec<Warning>,
    /// When somebody changed it outside of this object, the newest first, at most 10.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 10), extend("x-kubernetes-list-type" = "atomic"))]
    pub drift: Vec<DriftStatus>,
    /// When the user is added or removed next, as `spec.validity` says.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 64))]
    pub next_transition: Option<String>,
}

/// Whether a user is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum MemberState {
    /// There.
    Active,
    /// Invited, and not there yet.
    Invited,
}
