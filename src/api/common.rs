//! What the kinds share: references, adoption, conditions in their Kubernetes form.

use std::borrow::Cow;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};
use kube::KubeSchema;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Serialize};

use crate::{plan, status};

/// Names the `ConfluentOrganization` that the object belongs to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("x-kubernetes-map-type" = "atomic"))]
pub struct OrganizationRef {
    /// The name of the `ConfluentOrganization`.
    #[schemars(length(min = 1, max = 253))]
    #[x_kube(validation = ("self.matches('^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$')", "`name` must be the name of a `ConfluentOrganization`: lower-case letters, digits, '-' and '.'"))]
    pub name: String,
}

/// Names the `Publisher` that the object belongs to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("x-kubernetes-map-type" = "atomic"))]
pub struct PublisherRef {
    /// The name of the `Publisher`.
    #[schemars(length(min = 1, max = 253))]
    #[x_kube(validation = ("self.matches('^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$')", "`name` must be the name of a `Publisher`: lower-case letters, digits, '-' and '.'"))]
    pub name: String,
}

/// From when until when access is in force, in RFC 3339; an absent end is open.
// The form is asked for again before the times are compared: a time that cannot be read would break the comparison. A day that
// is in no calendar has the form and breaks its own rule, which refuses it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
#[x_kube(
    validation = ("has(self.notBefore) || has(self.notAfter)", "`validity` needs `notBefore`, `notAfter` or both"),
    validation = ("!has(self.notBefore) || !has(self.notAfter) || !self.notBefore.matches('^2[0-9]{3}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]([.][0-9]{1,9})?(Z|[+-]([01][0-9]|2[0-3]):[0-5][0-9])$') || !self.notAfter.matches('^2[0-9]{3}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]([.][0-9]{1,9})?(Z|[+-]([01][0-9]|2[0-3]):[0-5][0-9])$') || timestamp(self.notBefore) < timestamp(self.notAfter)", "`notAfter` must be later than `notBefore`"),
)]
pub struct ValiditySpec {
    /// Nothing is granted before this time, for example `2026-03-01T08:00:00Z`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 40))]
    #[x_kube(validation = ("self.matches('^2[0-9]{3}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]([.][0-9]{1,9})?(Z|[+-]([01][0-9]|2[0-3]):[0-5][0-9])$') && timestamp(self) >= timestamp('2000-01-01T00:00:00Z')", "`notBefore` must be a time with its zone, for example '2026-03-01T08:00:00Z' or '2026-03-01T09:00:00+01:00'"))]
    pub not_before: Option<String>,
    /// From this time on the access is revoked, whatever `deletionPolicy` says; the guards of the organization or publisher
    /// hold it as they hold any removal.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 40))]
    #[x_kube(validation = ("self.matches('^2[0-9]{3}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]([.][0-9]{1,9})?(Z|[+-]([01][0-9]|2[0-3]):[0-5][0-9])$') && timestamp(self) >= timestamp('2000-01-01T00:00:00Z')", "`notAfter` must be a time with its zone, for example '2026-03-01T18:00:00Z' or '2026-03-01T19:00:00+01:00'"))]
    pub not_after: Option<String>,
}

/// A piece of advice that holds nothing up.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct Warning {
    /// The rule that it comes from, for example `NoGroup`.
    #[schemars(length(max = 64))]
    pub rule: String,
    /// What was seen, and what to do.
    #[schemars(length(max = 4_096))]
    pub message: String,
}

/// Whether something that was there before the object is taken over (`Adopt`) or left alone (`Refuse`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum Adoption {
    /// Take it over.
    Adopt,
    /// Leave it alone, and say so.
    Refuse,
}

impl From<Adoption> for plan::Adoption {
    fn from(adoption: Adoption) -> Self {
        match adoption {
            Adoption::Adopt => Self::Adopt,
            Adoption::Refuse => Self::Refuse,
        }
    }
}

/// What the operator does to an organization or a publisher.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum Management {
    /// Make it as declared.
    #[default]
    Full,
    /// Say what would be done, and do nothing.
    Observe,
}

/// What becomes of a grant, or of a publisher's user, when its object is deleted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum BindingDeletion {
    /// Revoke it.
    Delete,
    /// Keep it.
    Retain,
}

/// The conditions as Kubernetes writes them, as a list that is a map by type.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Conditions(pub Vec<Condition>);

impl JsonSchema for Conditions {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Conditions".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        schemars::json_schema!({
            "type": "array",
            "maxItems": 16,
            "x-kubernetes-list-type": "map",
            "x-kubernetes-list-map-keys": ["type"],
            "items": {
                "description": "One thing that is known about the object.",
                "type": "object",
                "required": ["lastTransitionTime", "message", "reason", "status", "type"],
                "properties": {
                    "type": {
                        "description": "What it is about, for example `Ready`.",
                        "type": "string",
                        "maxLength": 316,
                        "pattern": "^[A-Z][A-Za-z0-9]*$",
                    },
                    "status": {
                        "description": "Whether it is so.",
                        "type": "string",
                        "enum": ["True", "False", "Unknown"],
                    },
                    "reason": {
                        "description": "Why, in one word; the README lists every reason with what to do.",
                        "type": "string",
                        "maxLength": 1_024,
                        "pattern": "^[A-Z][A-Za-z0-9]*$",
                    },
                    "message": {
                        "description": "Why, in a sentence that names the object, the rule and the next step.",
                        "type": "string",
                        "maxLength": 32_768,
                    },
                    "observedGeneration": {
                        "description": "The generation of the object that it speaks of.",
                        "type": "integer",
                        "format": "int64",
                    },
                    "lastTransitionTime": {
                        "description": "When `status` last changed.",
                        "type": "string",
                        "format": "date-time",
                    },
                },
            },
        })
    }
}

impl Conditions {
    /// As the status layer reads them.
    pub fn read(&self) -> Vec<status::Condition> {
        let one = |condition: &Condition| status::Condition {
            kind: condition.type_.clone(),
            status: condition.status.clone(),
            reason: condition.reason.clone(),
            message: condition.message.clone(),
            observed_generation: condition.observed_generation.unwrap_or(-1),
            last_transition: condition.last_transition_time.0,
        };
        self.0.iter().map(one).collect()
    }

    /// From what the status layer writes.
    pub fn written(conditions: Vec<status::Condition>) -> Self {
        let one = |condition: status::Condition| Condition {
            type_: condition.kind,
            status: condition.status,
            reason: condition.reason,
            message: condition.message,
            observed_generation: Some(condition.observed_generation),
            last_transition_time: Time(condition.last_transition),
        };
        Self(conditions.into_iter().map(one).collect())
    }

    /// Nothing has been said yet.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// One condition by type.
    pub fn get(&self, kind: status::ConditionType) -> Option<&Condition> {
        self.0.iter().find(|condition| condition.type_ == kind.as_str())
    }
}

/// The value of `status.observedGeneration` before the operator has looked: a fresh object reads as in progress.
pub(super) fn unseen() -> i64 {
    -1
}
