//! What the API server would say to a manifest of ours, judged without one. Values in, values out: no IO.
//!
//! The steps are the server's: fields that the schema does not know are refused (strict decoding, as `kubectl apply`
//! asks for); empty values are dropped and defaults filled in; types, required fields, enumerations, bounds and
//! patterns are checked; and where these leave an object that makes sense, the rules in CEL. A rule that compares with
//! the object before (`oldSelf`) is left out, as it is for an object that is not there yet. `status` is not judged
//! beyond its names: the server drops it from what is created. Of `metadata`, the names of fields and the object's name
//! are judged.
//!
//! Source: `customresource/strategy.go` and `pkg/apiserver/validation` of `k8s.io/apiextensions-apiserver`, `schema/` of
//! `k8s.io/kube-openapi` for the sentences; `tests/it/schema.rs` compares with a real server, case by case.

mod patterned;
mod strict;
mod structure;

use std::{collections::BTreeMap, fmt, sync::LazyLock};

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::JSONSchemaProps;
use kube_cel::{CompiledSchema, ErrorKind};
use regex::Regex;
use serde_json::Value;

use crate::api;
use patterned::Patterned;

/// Something that the API server would refuse.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The field, for example `spec.scope.cluster`; empty for the whole object.
    pub path: String,
    /// What is wrong with it, in the server's words.
    pub message: String,
}

impl Problem {
    fn new(path: impl Into<String>, message: impl Into<String>) -> Self {
        Self { path: path.into(), message: message.into() }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.path.is_empty() {
            return f.write_str(&self.message);
        }
        write!(f, "{}: {}", self.path, self.message)
    }
}

/// A version of a kind of ours, ready to judge by.
struct Judge {
    kind: String,
    schema: JSONSchemaProps,
    /// The patterns of the schema, compiled.
    patterns: BTreeMap<String, Regex>,
    /// The rules in CEL.
    rules: CompiledSchema,
    /// The rules that are nothing but a pattern.
    patterned: Patterned,
}

/// By `apiVersion` and kind.
static JUDGES: LazyLock<BTreeMap<(String, String), Judge>> = LazyLock::new(|| {
    let mut judges = BTreeMap::new();
    for (_, crd) in api::crds() {
        for version in crd.spec.versions {
            let Some(schema) = version.schema.and_then(|schema| schema.open_api_v3_schema) else { continue };
            let api_version = format!("{}/{}", crd.spec.group, version.name);
            let kind = crd.spec.names.kind.clone();
            judges.insert((api_version, kind.clone()), Judge::new(kind, schema));
        }
    }
    judges
});

/// Sent after a refusal that leaves rules unchecked, as the server sends it.
const UNCHECKED: &str = "some validation rules were not checked because the object was invalid; correct the existing \
                         errors to complete validation";

/// Everything that the API server would refuse in a new object of one of our kinds; nothing where it would take it.
pub fn judge(object: &Value) -> Vec<Problem> {
    let text = |field: &str| object[field].as_str().unwrap_or_default().to_owned();
    let (api_version, kind) = (text("apiVersion"), text("kind"));
    let unknown = || Problem::new("", format!("no matches for kind \"{kind}\" in version \"{api_version}\""));
    match JUDGES.get(&(api_version.clone(), kind.clone())) {
        Some(judge) => judge.all(object),
        None => vec![unknown()],
    }
}

impl Judge {
    fn new(kind: String, schema: JSONSchemaProps) -> Self {
        let mut patterns = BTreeMap::new();
        structure::patterns(&schema, &mut patterns);
        // Rules are compiled from the schema as the CRD carries it.
        let mut carried = serde_json::to_value(&schema).unwrap_or_default();
        let patterned = Patterned::taken_out_of(&mut carried);
        let rules = kube_cel::compile_schema(&carried);
        Self { kind, schema, patterns, rules, patterned }
    }

    fn all(&self, object: &Value) -> Vec<Problem> {
        let unknown = strict::unknown_fields(&self.schema, object);
        if !unknown.is_empty() {
            return unknown;
        }
        let texts = strict::texts(object);
        if !texts.is_empty() {
            return texts;
        }
        let mut object = object.clone();
        if let Some(fields) = object.as_object_mut() {
            fields.remove("status");
        }
        structure::complete(&self.schema, &mut object);
        let mut problems = strict::name(&object);
        let mut check = structure::Check { patterns: &self.patterns, problems: Vec::new(), blocking: false };
        check.node(&self.schema, &object, "");
        let blocking = check.blocking;
        problems.append(&mut check.problems);
        if blocking {
            problems.push(Problem::new("", UNCHECKED));
        } else {
            self.patterned.broken(&self.schema, &object, "", &mut problems);
            problems.extend(self.broken_rules(&object));
        }
        problems
    }

    fn broken_rules(&self, object: &Value) -> Vec<Problem> {
        let Err(errors) = kube_cel::validate_compiled(&self.rules, object, None) else { return Vec::new() };
        let problem = |error: kube_cel::ValidationError| {
            if error.kind == ErrorKind::ValidationFailure {
                return Problem::new(error.field_path, error.message);
            }
            // A rule that cannot be evaluated here is never taken for one that holds.
            let said = format!("a rule of `{}` could not be judged: {}", self.kind, error.message);
            Problem::new(error.field_path, said)
        };
        errors.into_iter().map(problem).collect()
    }
}

#[cfg(test)]
mod tests;
