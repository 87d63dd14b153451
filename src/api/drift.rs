//! Drift as a status keeps it: what others did to what an object declares.

use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Most entries of a history.
pub const KEPT: usize = 10;

/// One time that somebody changed what the object declares, outside of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct DriftStatus {
    /// When the operator saw it.
    #[schemars(length(max = 64))]
    pub seen: String,
    /// What was done.
    pub change: DriftChange,
    /// Who did it, where an audit log tells: an e-mail, or an id.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 4_096))]
    pub by: Option<String>,
    /// When it was done, where an audit log tells.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 64))]
    pub at: Option<String>,
}

/// What somebody did.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum DriftChange {
    /// It was taken away.
    Removed,
    /// It was taken away and made again, under another id.
    Recreated,
    /// A publisher's contributor was made an owner.
    Promoted,
    /// A publisher's owner was made a contributor.
    Demoted,
}
