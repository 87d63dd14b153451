//! What connections share about removals: the budget, what is kept of those that were made, and what is held.

use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Which removals a person has to confirm one by one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum ConfirmRemoval {
    /// None.
    #[default]
    None,
    /// Those of administrative grants: the object names the role in the annotation `access.roster.dev/confirm-removal`.
    Administrative,
}

/// How much may be taken away within a time before a person has to look: `count` removals, or `percent` of the declared
/// grants, where that is more. `percent: 100` switches it off.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct RemovalBudgetSpec {
    /// So many removals, however few grants are declared; 0 where only the share counts.
    #[serde(default = "five")]
    #[x_kube(validation = ("self <= 100000", "`count` must be at most 100000: `percent: 100` switches the budget off"))]
    pub count: u32,
    /// So many of a hundred declared grants: the most that were declared within the window. 100 switches the budget off.
    #[serde(default = "twenty")]
    #[x_kube(validation = ("self <= 100", "`percent` must be from 0 to 100; 100 switches the budget off"))]
    pub percent: u32,
    /// Within this time: a number with `s`, `m` or `h`, from 1m to 168h.
    #[serde(default = "one_hour")]
    #[schemars(length(min = 2, max = 8))]
    #[x_kube(validation = ("self.matches('^[0-9]{1,6}(s|m|h)$') && duration(self) >= duration('1m') && duration(self) <= duration('168h')", "`window` must be a number with 's', 'm' or 'h' from 1m to 168h, for example '1h'"))]
    pub window: String,
}

impl Default for RemovalBudgetSpec {
    fn default() -> Self {
        Self { count: five(), percent: twenty(), window: one_hour() }
    }
}

fn five() -> u32 {
    5
}

fn twenty() -> u32 {
    20
}

fn one_hour() -> String {
    "1h".to_owned()
}

/// What is kept of removals, so that a restart forgets none. It is written before each removal.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct RemovalsStatus {
    /// What was counted, the oldest first; what has left the window goes with the next write.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 32), extend("x-kubernetes-list-type" = "atomic"))]
    pub counted: Vec<CountedStatus>,
    /// What of it may not have been made yet: after a restart it is not counted again.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 32), extend("x-kubernetes-list-type" = "atomic"))]
    pub open: Vec<OpenRemovalStatus>,
    /// The last `access.roster.dev/acknowledge` that was heard.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub acknowledged: Option<AcknowledgedStatus>,
    /// Those before it of which something has not gone yet, the oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 32), extend("x-kubernetes-list-type" = "atomic"))]
    pub earlier: Vec<AcknowledgedStatus>,
    /// Marks of grants whose object was deleted with `deletionPolicy: Retain` where what nobody declares is removed, at most
    /// 1,000: they stay.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 1_000), extend("x-kubernetes-list-type" = "atomic"), inner(length(max = 64)))]
    pub retained: Vec<String>,
}

/// Removals shortly after each other.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct CountedStatus {
    /// When the first of them was counted.
    #[schemars(length(max = 64))]
    pub since: String,
    /// When the last of them was.
    #[schemars(length(max = 64))]
    pub until: String,
    /// How many.
    pub count: u32,
    /// How many grants were declared then.
    pub declared: u32,
}

/// A removal that was counted and may not have been made.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct OpenRemovalStatus {
    /// What stands for it.
    #[schemars(length(max = 64))]
    pub mark: String,
    /// For how many it was counted.
    pub weight: u32,
    /// When.
    #[schemars(length(max = 64))]
    pub at: String,
}

/// A person's yes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct AcknowledgedStatus {
    /// The digest of what was held.
    #[schemars(length(max = 64))]
    pub digest: String,
    /// When it was heard; it is good for a day.
    #[schemars(length(max = 64))]
    pub at: String,
    /// Marks of what has not gone yet, at most 1,000 of all that were heard.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 1_000), extend("x-kubernetes-list-type" = "atomic"), inner(length(max = 64)))]
    pub left: Vec<String>,
}

/// Removals that wait for a person, because the budget has no room for them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct HeldRemovalsStatus {
    /// How many.
    pub total: u32,
    /// Stands for exactly these: the value of the annotation `access.roster.dev/acknowledge` that lets them go.
    #[schemars(length(max = 64))]
    pub digest: String,
    /// The first 20, "namespace/name: what is to be removed".
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 20), extend("x-kubernetes-list-type" = "atomic"), inner(length(max = 4_096)))]
    pub entries: Vec<String>,
}
