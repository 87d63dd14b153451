//! Confluent Cloud's JSON, as far as it is used: written from the vendor's API files and from recorded answers. PURE.
//!
//! What the files call required is absent in some recordings, so nearly every member is optional here; which of them an
//! item cannot do without is decided in `read`.

use serde::{Deserialize, Deserializer, Serialize};

/// One page of a list. `data` is the one member that every list has; written as `null` it is an empty one.
#[derive(Debug, Deserialize)]
pub(super) struct Page<T> {
    #[serde(default)]
    pub(super) metadata: Option<ListMeta>,
    #[serde(deserialize_with = "null_is_empty", bound(deserialize = "T: Deserialize<'de>"))]
    pub(super) data: Vec<T>,
}

#[derive(Debug, Default, Deserialize)]
pub(super) struct ListMeta {
    pub(super) next: Option<String>,
}

fn null_is_empty<'de, D: Deserializer<'de>, T: Deserialize<'de>>(from: D) -> Result<Vec<T>, D::Error> {
    Option::<Vec<T>>::deserialize(from).map(Option::unwrap_or_default)
}

#[derive(Debug, Deserialize)]
pub(super) struct ObjectMeta {
    pub(super) created_at: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Reference {
    pub(super) id: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Organization {
    pub(super) id: Option<String>,
    pub(super) display_name: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(super) struct User {
    pub(super) id: Option<String>,
    pub(super) metadata: Option<ObjectMeta>,
    pub(super) email: Option<String>,
    pub(super) full_name: Option<String>,
    pub(super) auth_type: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Invitation {
    pub(super) id: Option<String>,
    pub(super) metadata: Option<ObjectMeta>,
    pub(super) email: Option<String>,
    pub(super) status: Option<String>,
    pub(super) expires_at: Option<String>,
    pub(super) user: Option<Reference>,
}

#[derive(Debug, Deserialize)]
pub(super) struct ServiceAccount {
    pub(super) id: Option<String>,
    pub(super) display_name: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(super) struct RoleBinding {
    pub(super) id: Option<String>,
    pub(super) metadata: Option<ObjectMeta>,
    pub(super) principal: Option<String>,
    pub(super) role_name: Option<String>,
    pub(super) crn_pattern: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Environment {
    pub(super) id: Option<String>,
    pub(super) display_name: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Cluster {
    pub(super) id: Option<String>,
    pub(super) spec: Option<ClusterSpec>,
}

#[derive(Debug, Deserialize)]
pub(super) struct ClusterSpec {
    pub(super) display_name: Option<String>,
    pub(super) config: Option<ClusterConfig>,
    pub(super) environment: Option<Reference>,
}

#[derive(Debug, Deserialize)]
pub(super) struct ClusterConfig {
    pub(super) kind: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(super) struct ApiKey {
    pub(super) id: Option<String>,
    pub(super) spec: Option<ApiKeySpec>,
}

/// The secret is not among the members: it is never read.
#[derive(Debug, Deserialize)]
pub(super) struct ApiKeySpec {
    pub(super) owner: Option<Reference>,
    pub(super) resource: Option<Reference>,
    pub(super) resources: Option<Vec<Reference>>,
}

/// One event of the audit log, in the form of the vendor's topic.
#[derive(Debug, Deserialize)]
pub(super) struct AuditEvent {
    pub(super) time: Option<String>,
    pub(super) data: Option<AuditData>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct AuditData {
    pub(super) authentication_info: Option<AuditAuthentication>,
    pub(super) cloud_resources: Option<Vec<AuditResource>>,
    pub(super) result: Option<AuditResult>,
}

#[derive(Debug, Deserialize)]
pub(super) struct AuditAuthentication {
    pub(super) principal: Option<AuditPrincipal>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct AuditPrincipal {
    pub(super) confluent_user: Option<AuditReference>,
    pub(super) confluent_service_account: Option<AuditReference>,
}

#[derive(Debug, Deserialize)]
pub(super) struct AuditResource {
    pub(super) resource: Option<AuditReference>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct AuditReference {
    pub(super) resource_id: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(super) struct AuditResult {
    pub(super) status: Option<String>,
}

/// The body of an invitation.
#[derive(Debug, Serialize)]
pub(super) struct Invite<'a> {
    pub(super) email: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) auth_type: Option<&'static str>,
}

/// The body of a new role binding.
#[derive(Debug, Serialize)]
pub(super) struct Bind<'a> {
    pub(super) principal: String,
    pub(super) role_name: &'a str,
    pub(super) crn_pattern: String,
}

/// The body of a change of name.
#[derive(Debug, Serialize)]
pub(super) struct Rename<'a> {
    pub(super) full_name: &'a str,
}
