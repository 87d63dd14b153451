//! Answers without what differs between any two servers: uids, versions, moments, tokens. Two that were equal stay equal.

use std::{collections::BTreeMap, sync::LazyLock};

use regex::Regex;
use serde_json::{Value, json};

/// The refused value, which `lint` leaves out of what it says.
static VALUE: LazyLock<Regex> = LazyLock::new(|| Regex::new(r#"Invalid value: ("[^"]*"|\{.*?\}|[^ :]*): "#).unwrap());

/// What uids and versions are called, by the order in which they were first seen.
#[derive(Default)]
pub(super) struct Names(BTreeMap<String, String>);

impl Names {
    fn name(&mut self, kind: &str, value: &str) -> String {
        let number = self.0.len();
        self.0.entry(format!("{kind} {value}")).or_insert_with(|| format!("{kind} {number}")).clone()
    }

    /// An answer in which only names are left.
    pub(super) fn normal(&mut self, mut answer: Value) -> Value {
        self.walk(&mut answer, "");
        answer
    }

    fn walk(&mut self, value: &mut Value, field: &str) {
        match value {
            Value::Object(fields) => {
                // A list's version is that of everything.
                let list = fields.get("kind").and_then(Value::as_str).is_some_and(|kind| kind.ends_with("List"));
                if list {
                    fields["metadata"]["resourceVersion"] = json!("of the list");
                }
                // What is null is not there.
                fields.retain(|_, field| !field.is_null());
                // In the order of their names, so that both servers' first is the same.
                for (name, field) in fields.iter_mut() {
                    self.walk(field, name);
                }
                // That somebody owns a map, beside what is in it, is nothing that we go by.
                fields.retain(|name, field| name != "." || *field != json!({}));
                // The causes say again what the message says.
                let invalid = fields.get("reason").is_some_and(|reason| reason == "Invalid");
                if let Some(details) = fields.get_mut("details").filter(|_| invalid).and_then(Value::as_object_mut) {
                    details.remove("causes");
                }
                if let Some(managers) = fields.get_mut("managedFields").and_then(Value::as_array_mut) {
                    managers.sort_by_key(Value::to_string);
                }
            }
            Value::Array(items) => items.iter_mut().for_each(|item| self.walk(item, field)),
            Value::String(text) => match field {
                "uid" => *text = self.name("uid", text),
                "resourceVersion" if text != "of the list" => *text = self.name("version", text),
                "creationTimestamp" | "deletionTimestamp" | "time" => "a moment".clone_into(text),
                "continue" => "a token".clone_into(text),
                "message" => *text = self.message(text),
                _ => {}
            },
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }

    /// A sentence with the names of uids, and without the versions of a watch that comes too late.
    fn message(&mut self, text: &str) -> String {
        if text.starts_with("too old resource version") {
            return "too old resource version".to_owned();
        }
        let text = VALUE.replace_all(text, "");
        let uids = self.0.iter().filter_map(|(key, name)| Some((key.strip_prefix("uid ")?, name)));
        uids.fold(text.into_owned(), |text, (uid, name)| text.replace(uid, name))
    }
}

/// Where two answers differ: path, one, other.
pub(super) fn differences(one: &Value, other: &Value) -> Vec<String> {
    let mut found = Vec::new();
    compare(one, other, "", &mut found);
    found
}

fn compare(one: &Value, other: &Value, path: &str, found: &mut Vec<String>) {
    match (one, other) {
        (Value::Object(fields), Value::Object(others)) => {
            let names: std::collections::BTreeSet<&String> = fields.keys().chain(others.keys()).collect();
            for name in names {
                compare(&one[name.as_str()], &other[name.as_str()], &format!("{path}/{name}"), found);
            }
        }
        (Value::Array(items), Value::Array(others)) if items.len() == others.len() => {
            for (index, pair) in items.iter().zip(others).enumerate() {
                compare(pair.0, pair.1, &format!("{path}/{index}"), found);
            }
        }
        _ if one == other => {}
        _ => found.push(format!("    {path}: in memory {one}, real {other}")),
    }
}
