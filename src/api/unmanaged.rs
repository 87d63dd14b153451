//! Grants that no object declares: what becomes of them, and what a status tells of them.

use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::binding::ScopeSpec;

/// What becomes of grants that no object declares.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = ("self.policy == 'Ignore' || (has(self.within) && size(self.within) > 0)", "`unmanaged` needs `within` for this `policy`: name places, or `organization: {}` for the whole organization"))]
pub struct UnmanagedSpec {
    /// `Ignore` says nothing of them; `Report` tells in the status how many there are, and the first of them.
    #[serde(default)]
    pub policy: UnmanagedPolicy,
    /// Places within which to look.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 32), extend("x-kubernetes-list-type" = "atomic"))]
    pub within: Vec<ScopeSpec>,
}

/// What becomes of grants that no object declares.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum UnmanagedPolicy {
    /// Nothing is said of them.
    #[default]
    Ignore,
    /// The status tells of them.
    Report,
}

/// Grants that no object declares, at most 20 of them, with the total. The operator's own are not among them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct UnmanagedStatus {
    /// How many.
    pub total: u32,
    /// "role on scope for whom", in the order of the alphabet; at most 20.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 20), extend("x-kubernetes-list-type" = "atomic"), inner(length(max = 4_096)))]
    pub entries: Vec<String>,
}
