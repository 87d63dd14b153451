//! Grants that no object declares: what becomes of them, and what a status tells of them.

use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::binding::ScopeSpec;

/// What becomes of grants that no object declares.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = ("self.policy == 'Ignore' || (has(self.within) && size(self.within) > 0)", "`unmanaged` needs `within` for this `policy`: name places, or `organization: {}` for the whole organization"))]
pub struct UnmanagedSpec {
    /// `Ignore` says nothing of them; `Report` tells in the status how many there are, and the first of them; `Remove` takes
    /// them away as well, one by one, past the guards and within the removal budget. Never removed are the operator's own,
    /// roles that the catalogue does not know, places that cannot be read, what any object names, whether it is valid or not,
    /// and what a deleted object's `deletionPolicy: Retain` kept.
    #[serde(default)]
    pub policy: UnmanagedPolicy,
    /// Places within which to look.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 32), extend("x-kubernetes-list-type" = "atomic"))]
    pub within: Vec<ScopeSpec>,
    /// With `Remove`: how long a grant has to be there undeclared before it is removed, as this operator has seen it since it
    /// started; a number with `s`, `m` or `h`, from 10s to 168h.
    #[serde(default = "one_hour")]
    #[schemars(length(min = 2, max = 8))]
    #[x_kube(validation = ("self.matches('^[0-9]{1,6}(s|m|h)$') && duration(self) >= duration('10s') && duration(self) <= duration('168h')", "`after` must be a number with 's', 'm' or 'h' from 10s to 168h, for example '1h'"))]
    pub after: String,
}

fn one_hour() -> String {
    "1h".to_owned()
}

impl Default for UnmanagedSpec {
    fn default() -> Self {
        Self { policy: UnmanagedPolicy::default(), within: Vec::new(), after: one_hour() }
    }
}

/// What becomes of grants that no object declares.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum UnmanagedPolicy {
    /// Nothing is said of them.
    #[default]
    Ignore,
    /// The status tells of them.
    Report,
    /// The status tells of them, and they are removed.
    Remove,
}

/// Grants that no object declares, at most 20 of them, with the total. The operator's own are not among them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct UnmanagedStatus {
    /// How many.
    pub total: u32,
    /// With `policy: Remove`: how many of them are kept all the same; the entries say why.
    #[serde(default, skip_serializing_if = "is_none")]
    pub kept: u32,
    /// "role on scope for whom", in the order of the alphabet; at most 20.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 20), extend("x-kubernetes-list-type" = "atomic"), inner(length(max = 4_096)))]
    pub entries: Vec<String>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
fn is_none(count: &u32) -> bool {
    *count == 0
}
