//! The catalogue as it is written: the shape of the file and of a patch, and why one cannot be read. PURE.

use std::collections::BTreeMap;

use jiff::civil::Date;
use serde::{Deserialize, de::DeserializeOwned};

use super::word::{Category, ClusterType, Operation, Reach, Resource, Sure};
use crate::access::{Key, PrincipalKind};

/// Why a catalogue, or a patch of one, cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CatalogueError {
    /// It is not YAML, or not of the shape.
    #[error("it has another shape than a role catalogue: {0}")]
    Shape(String),
    /// It is of the shape and says something that cannot be.
    #[error("{message}{}", at_line(*.line))]
    Meaning {
        /// What, and what to write instead.
        message: String,
        /// Where, where it can be told.
        line: Option<usize>,
    },
}

fn at_line(line: Option<usize>) -> String {
    line.map(|line| format!(" at line {line}")).unwrap_or_default()
}

/// The embedded file. No key of these shapes may be a word that YAML 1.1 takes for a truth value, such as `on`: Helm would
/// write it as one.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct File {
    pub(super) version: u32,
    pub(super) date: Date,
    pub(super) sources: BTreeMap<String, String>,
    pub(super) granular: Vec<Granular>,
    pub(super) defaults: Vec<DefaultText>,
    pub(super) rules: Vec<RuleText>,
    pub(super) roles: Vec<RolePatch>,
    pub(super) corrections: Vec<CorrectionText>,
}

/// What changes a catalogue.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct Patch {
    /// Of a file of its own; within a correction the version is that of the file.
    pub(super) version: Option<u32>,
    #[serde(default)]
    pub(super) granular: Vec<Granular>,
    pub(super) defaults: Option<Vec<DefaultText>>,
    #[serde(default)]
    pub(super) rules: Vec<RuleText>,
    #[serde(default)]
    pub(super) roles: Vec<RolePatch>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct CorrectionText {
    pub(super) id: String,
    pub(super) date: Date,
    pub(super) source: String,
    pub(super) says: String,
    pub(super) patch: Patch,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct Granular {
    pub(super) resources: Vec<Place>,
    pub(super) clusters: Vec<ClusterType>,
    pub(super) source: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct DefaultText {
    pub(super) id: String,
    pub(super) mapping: String,
    pub(super) roles: Vec<String>,
    pub(super) says: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct RuleText {
    pub(super) id: String,
    pub(super) says: String,
    pub(super) source: Option<String>,
    pub(super) prefix: Option<String>,
    pub(super) method: Option<String>,
}

/// A role, or what is to be otherwise about one.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct RolePatch {
    pub(super) name: String,
    pub(super) category: Option<Category>,
    pub(super) summary: Option<String>,
    pub(super) at: Option<Vec<Place>>,
    pub(super) elsewhere: Option<Vec<String>>,
    pub(super) source: Option<String>,
    pub(super) sure: Option<Sure>,
    pub(super) administrative: Option<bool>,
    pub(super) granted_by: Option<Vec<String>>,
    pub(super) granted_sure: Option<Sure>,
    pub(super) principals: Option<Vec<PrincipalKind>>,
    #[serde(default)]
    pub(super) may: Vec<PermissionText>,
    #[serde(default)]
    pub(super) cannot: Vec<DenialText>,
    #[serde(default)]
    pub(super) unknown: Vec<GapText>,
    #[serde(default)]
    pub(super) caveats: Vec<CaveatText>,
    /// Entries that go.
    #[serde(default)]
    pub(super) without: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct PermissionText {
    pub(super) id: String,
    pub(super) resources: Vec<Resource>,
    #[serde(rename = "do")]
    pub(super) verbs: Vec<Verb>,
    #[serde(default)]
    pub(super) bound_to: Vec<Place>,
    #[serde(default)]
    pub(super) reach: Reach,
    pub(super) source: Option<String>,
    #[serde(default)]
    pub(super) sure: Sure,
    pub(super) says: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct DenialText {
    pub(super) id: String,
    pub(super) resources: Vec<Resource>,
    #[serde(rename = "do")]
    pub(super) verbs: Vec<Verb>,
    pub(super) says: String,
    pub(super) source: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct GapText {
    pub(super) id: String,
    pub(super) resources: Vec<Resource>,
    pub(super) says: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct CaveatText {
    pub(super) id: String,
    pub(super) says: String,
    pub(super) source: Option<String>,
}

/// A kind of place by its name in a CRN.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub(super) struct Place(pub(super) Key);

impl TryFrom<String> for Place {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let unknown = || format!("`{text}` is no kind of place: write it as a CRN does, for example `cloud-cluster`");
        Key::parse(&text).map(Self).ok_or_else(unknown)
    }
}

/// One operation, or all that are not about access.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub(super) enum Verb {
    All,
    One(Operation),
}

impl TryFrom<String> for Verb {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        if text == "All" {
            return Ok(Self::All);
        }
        let known = Operation::ALL.into_iter().find(|operation| operation.to_string() == text);
        known.map(Self::One).ok_or_else(|| {
            let names: Vec<String> = Operation::ALL.iter().map(ToString::to_string).collect();
            format!("`{text}` is no operation: write `All` or one of {}", names.join(", "))
        })
    }
}

/// Reads YAML; the error says the line.
pub(super) fn read<T: DeserializeOwned>(text: &str) -> Result<T, CatalogueError> {
    serde_yaml::from_str(text).map_err(|error| CatalogueError::Shape(error.to_string()))
}
