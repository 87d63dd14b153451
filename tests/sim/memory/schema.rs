//! What the schema of one of our kinds does to an object: unknown fields go, defaults come.

use serde_json::Value;

/// Leaves out what the schema does not know. `metadata` is not its business.
pub(super) fn prune(schema: &Value, value: &mut Value, root: bool) {
    match value {
        Value::Object(fields) => {
            if schema["x-kubernetes-preserve-unknown-fields"] == true {
                return;
            }
            if let Some(known) = schema["properties"].as_object() {
                fields.retain(|name, _| {
                    known.contains_key(name) || (root && matches!(name.as_str(), "apiVersion" | "kind" | "metadata"))
                });
            }
            for (name, field) in fields.iter_mut().filter(|(name, _)| !(root && *name == "metadata")) {
                let known = &schema["properties"][name.as_str()];
                prune(if known.is_null() { &schema["additionalProperties"] } else { known }, field, false);
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| prune(&schema["items"], item, false)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// Fills defaults in, and drops a null where the schema does not admit one and has a default.
pub(super) fn complete(schema: &Value, value: &mut Value) {
    match value {
        Value::Object(fields) => {
            if let Some(known) = schema["properties"].as_object() {
                for (name, property) in known {
                    let absent = fields.get(name).is_none_or(|it| it.is_null() && property["nullable"] != true);
                    if absent && let Some(default) = property.get("default") {
                        fields.insert(name.clone(), default.clone());
                    }
                }
            }
            for (name, field) in fields.iter_mut() {
                let known = &schema["properties"][name.as_str()];
                complete(if known.is_null() { &schema["additionalProperties"] } else { known }, field);
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| complete(&schema["items"], item)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// Drops every null: an object is kept without them.
pub(super) fn without_nulls(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            fields.retain(|_, field| !field.is_null());
            fields.values_mut().for_each(without_nulls);
        }
        Value::Array(items) => items.iter_mut().for_each(without_nulls),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}
