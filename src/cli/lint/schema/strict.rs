//! Strict decoding: the fields that nobody knows, and what `metadata` must be for an object to be stored. No IO.

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::{JSONSchemaProps, JSONSchemaPropsOrBool};
use serde_json::{Map, Value};

use super::{Problem, structure};

/// The fields of `ObjectMeta` as JSON names them (`k8s.io/apimachinery/pkg/apis/meta/v1`).
const METADATA: [&str; 15] = [
    "annotations",
    "creationTimestamp",
    "deletionGracePeriodSeconds",
    "deletionTimestamp",
    "finalizers",
    "generateName",
    "generation",
    "labels",
    "managedFields",
    "name",
    "namespace",
    "ownerReferences",
    "resourceVersion",
    "selfLink",
    "uid",
];

/// Every field that neither Kubernetes nor the schema knows.
pub(super) fn unknown_fields(schema: &JSONSchemaProps, object: &Value) -> Vec<Problem> {
    let mut found = Vec::new();
    let Some(fields) = object.as_object() else { return found };
    for (name, value) in fields {
        match (name.as_str(), value) {
            ("apiVersion" | "kind", _) => {}
            ("metadata", Value::Object(metadata)) => metadata_fields(metadata, &mut found),
            _ => one(schema, name, value, "", &mut found),
        }
    }
    found
}

fn metadata_fields(metadata: &Map<String, Value>, found: &mut Vec<Problem>) {
    let unknown = metadata.keys().filter(|name| !METADATA.contains(&name.as_str()));
    found.extend(unknown.map(|name| problem(&format!("metadata.{name}"))));
}

fn problem(path: &str) -> Problem {
    Problem::new(path, format!("unknown field \"{path}\""))
}

/// A field of an object, and what is inside it.
fn one(schema: &JSONSchemaProps, name: &str, value: &Value, path: &str, found: &mut Vec<Problem>) {
    let path = structure::child(path, name);
    let open = schema.additional_properties == Some(JSONSchemaPropsOrBool::Bool(true))
        || schema.x_kubernetes_preserve_unknown_fields == Some(true);
    match structure::field(schema, name) {
        Some(field) => inside(field, value, &path, found),
        None if open => {}
        None => found.push(problem(&path)),
    }
}

fn inside(schema: &JSONSchemaProps, value: &Value, path: &str, found: &mut Vec<Problem>) {
    match value {
        Value::Object(fields) => fields.iter().for_each(|(name, value)| one(schema, name, value, path, found)),
        Value::Array(items) => {
            if let Some(item) = structure::item(schema) {
                let each = items.iter().enumerate();
                each.for_each(|(index, value)| inside(item, value, &format!("{path}[{index}]"), found));
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

const SUBDOMAIN: &str = "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', \
                         and must start and end with an alphanumeric character (e.g. 'example.com', regex used for \
                         validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";

/// Labels and annotations that are no text: `kubectl` does not even send them. Words such as `on` are truth values in YAML 1.1.
pub(super) fn texts(object: &Value) -> Vec<Problem> {
    let mut problems = Vec::new();
    for field in ["annotations", "labels"] {
        let values = object["metadata"][field].as_object().into_iter().flatten();
        let wrong = values.filter(|(_, value)| !value.is_string() && !value.is_null());
        problems.extend(wrong.map(|(key, value)| {
            Problem::new(
                format!("metadata.{field}.{key}"),
                format!("Invalid value: {value}: it must be text: put it in quotes"),
            )
        }));
        let object = &object["metadata"][field];
        if !object.is_null() && !object.is_object() {
            problems.push(Problem::new(format!("metadata.{field}"), "Invalid value: it must be a map of texts"));
        }
    }
    problems
}

/// What is wrong with the object's name.
pub(super) fn name(object: &Value) -> Vec<Problem> {
    let metadata = &object["metadata"];
    let field = "metadata.name";
    let Some(name) = metadata["name"].as_str().filter(|name| !name.is_empty()) else {
        let generated = metadata["generateName"].as_str().is_some_and(|prefix| !prefix.is_empty());
        return if generated {
            Vec::new()
        } else {
            vec![Problem::new(field, "Required value: name or generateName is required")]
        };
    };
    let label = |label: &str| {
        let inner = label.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
        inner && !label.is_empty() && !label.starts_with('-') && !label.ends_with('-')
    };
    let mut problems = Vec::new();
    if name.len() > 253 {
        problems.push(Problem::new(field, format!("Invalid value: {name:?}: must be no more than 253 characters")));
    }
    if !name.split('.').all(label) {
        problems.push(Problem::new(field, format!("Invalid value: {name:?}: {SUBDOMAIN}")));
    }
    problems
}
