//! Paths of fields, as the API server writes them into `managedFields`: `f:name`, `k:{"type":"Ready"}`, `v:"text"`.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

/// One step of a path, in the server's spelling.
pub(super) type Path = Vec<String>;
/// Fields, by path.
pub(super) type Fields = BTreeSet<Path>;

/// How a list is owned.
pub(super) enum List<'a> {
    /// As a whole.
    Atomic,
    /// By its items, each the only one with its value.
    Set,
    /// By its items, each the only one with its keys.
    Map(Vec<&'a str>),
}

/// The schema of what every object has. Kubernetes' own kinds have no other here.
fn metadata() -> Value {
    json!({"properties": {
        "finalizers": {"x-kubernetes-list-type": "set"},
        "ownerReferences": {"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["uid"]},
    }})
}

/// A resource's schema, with that of `metadata` in it.
pub(super) fn whole(schema: Option<&Value>) -> Value {
    let own = || json!({"properties": {"regarding": {"x-kubernetes-map-type": "atomic"}}});
    let mut schema = schema.cloned().unwrap_or_else(own);
    schema["properties"]["metadata"] = metadata();
    schema
}

pub(super) fn below<'a>(schema: &'a Value, field: &str) -> &'a Value {
    let known = &schema["properties"][field];
    if known.is_null() { &schema["additionalProperties"] } else { known }
}

pub(super) fn list_of(schema: &Value) -> List<'_> {
    match schema["x-kubernetes-list-type"].as_str() {
        Some("set") => List::Set,
        Some("map") => {
            let keys = schema["x-kubernetes-list-map-keys"].as_array();
            List::Map(keys.into_iter().flatten().filter_map(Value::as_str).collect())
        }
        _ => List::Atomic,
    }
}

/// The step that leads to an item of a list.
pub(super) fn item(list: &List<'_>, item: &Value) -> String {
    match list {
        List::Map(keys) => {
            let named: Map<String, Value> = keys.iter().map(|key| ((*key).to_owned(), item[*key].clone())).collect();
            format!("k:{}", Value::Object(named))
        }
        List::Set | List::Atomic => format!("v:{item}"),
    }
}

/// What nobody owns.
fn unowned(path: &[String]) -> bool {
    let path: Vec<&str> = path.iter().map(String::as_str).collect();
    match path.as_slice() {
        ["f:apiVersion" | "f:kind" | "f:deprecatedSource"] => true,
        ["f:metadata", field, ..] => {
            !matches!(*field, "f:labels" | "f:annotations" | "f:finalizers" | "f:ownerReferences")
        }
        _ => false,
    }
}

/// Every field of a value that somebody can own.
pub(super) fn fields(schema: &Value, value: &Value) -> Fields {
    let mut all = Fields::new();
    collect(schema, value, &mut Vec::new(), &mut all);
    all
}

fn collect(schema: &Value, value: &Value, path: &mut Path, all: &mut Fields) {
    if unowned(path) {
        return;
    }
    let list = list_of(schema);
    match (value, &list) {
        (Value::Object(fields), _) if !fields.is_empty() && schema["x-kubernetes-map-type"] != "atomic" => {
            for (name, field) in fields {
                path.push(format!("f:{name}"));
                collect(below(schema, name), field, path, all);
                path.pop();
            }
        }
        (Value::Array(items), List::Set | List::Map(_)) if !items.is_empty() => {
            for one in items {
                path.push(item(&list, one));
                all.insert(path.clone());
                if matches!(list, List::Map(_)) {
                    collect(&schema["items"], one, path, all);
                }
                path.pop();
            }
        }
        _ => {
            all.insert(path.clone());
        }
    }
}

/// What is at a path.
pub(super) fn at<'a>(schema: &'a Value, value: &'a Value, path: &[String]) -> Option<(&'a Value, &'a Value)> {
    let Some((first, rest)) = path.split_first() else { return Some((schema, value)) };
    if let Some(name) = first.strip_prefix("f:") {
        return at(below(schema, name), value.as_object()?.get(name)?, rest);
    }
    let list = list_of(schema);
    let found = value.as_array()?.iter().find(|one| item(&list, one) == *first)?;
    at(&schema["items"], found, rest)
}

/// Takes out what is at a path, and what is empty after that. `keep` says of a path that it stays.
pub(super) fn remove(schema: &Value, value: &mut Value, path: &[String], keep: &dyn Fn(&[String]) -> bool) {
    remove_below(schema, value, path, 0, keep);
}

fn remove_below(schema: &Value, value: &mut Value, path: &[String], depth: usize, keep: &dyn Fn(&[String]) -> bool) {
    let (Some(step), ends) = (path.get(depth), depth + 1 == path.len()) else { return };
    if let Some(name) = step.strip_prefix("f:") {
        let Some(fields) = value.as_object_mut() else { return };
        if !ends && let Some(field) = fields.get_mut(name) {
            remove_below(below(schema, name), field, path, depth + 1, keep);
        }
        let empty = |field: &Value| match field {
            Value::Object(fields) => fields.is_empty(),
            Value::Array(items) => items.is_empty(),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
        };
        if fields.get(name).is_some_and(|field| ends || (empty(field) && !keep(&path[..=depth]))) {
            fields.remove(name);
        }
        return;
    }
    let list = list_of(schema);
    let Some(items) = value.as_array_mut() else { return };
    let Some(index) = items.iter().position(|one| item(&list, one) == *step) else { return };
    if ends {
        items.remove(index);
    } else {
        remove_below(&schema["items"], &mut items[index], path, depth + 1, keep);
    }
}

/// Fields as `fieldsV1` shows them.
pub(super) fn shown(fields: &Fields) -> Value {
    let mut root = json!({});
    for path in fields {
        let mut node = &mut root;
        for step in path {
            node = &mut node[step.as_str()];
            if node.is_null() {
                *node = json!({});
            }
        }
        if path.last().is_some_and(|step| step.starts_with("k:")) {
            node["."] = json!({});
        }
    }
    root
}
