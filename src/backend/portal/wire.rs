//! The portal's JSON, written from `openapi.yaml`. PURE.
//!
//! Every member may be missing here; which of them something cannot do without is decided in `read`.

use serde::{Deserialize, Serialize};

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Publisher {
    #[serde(rename = "publisherId")]
    pub(super) id: Option<String>,
    pub(super) display_name: Option<String>,
    pub(super) caller_role: Option<String>,
}

/// One page. `value` is required: an object without it is no page, and no empty one.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Page {
    pub(super) value: Vec<User>,
    pub(super) next_link: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct User {
    pub(super) email: Option<String>,
    #[serde(rename = "type")]
    pub(super) kind: Option<String>,
    pub(super) account_type: Option<String>,
    pub(super) role: Option<String>,
    pub(super) friendly_name: Option<String>,
    pub(super) application_id: Option<String>,
    pub(super) tenant_id: Option<String>,
    pub(super) object_id: Option<String>,
    pub(super) state: Option<String>,
    pub(super) added_time: Option<String>,
}

/// The body of a write.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct UserWrite<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) email: Option<&'a str>,
    #[serde(rename = "type")]
    pub(super) kind: &'static str,
    pub(super) role: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) friendly_name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) application_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) tenant_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) object_id: Option<&'a str>,
}
