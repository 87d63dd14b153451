//! Rules that are nothing but a pattern, `self.matches('…')`, judged with patterns that are compiled once. No IO.
//!
//! CEL compiles the pattern of `matches` anew at each call, which was two thirds of all the time that a folder took. What these
//! rules say is the same either way; `tests/it/schema.rs` compares it with a real server's.

use std::collections::BTreeMap;

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::JSONSchemaProps;
use regex::Regex;
use serde_json::Value;

use super::{Problem, structure};

/// The patterns, by the rule that each is.
pub(super) struct Patterned(BTreeMap<String, Regex>);

impl Patterned {
    /// Takes them out of a schema: what is left of it is for CEL.
    pub(super) fn taken_out_of(schema: &mut Value) -> Self {
        let mut found = BTreeMap::new();
        take(schema, &mut found);
        Self(found)
    }

    /// What is broken of them in a value.
    pub(super) fn broken(&self, schema: &JSONSchemaProps, value: &Value, path: &str, problems: &mut Vec<Problem>) {
        match value {
            Value::String(text) => {
                let rules = schema.x_kubernetes_validations.iter().flatten();
                let broken = rules.filter(|rule| self.0.get(&rule.rule).is_some_and(|regex| !regex.is_match(text)));
                problems.extend(broken.map(|rule| Problem::new(path, rule.message.clone().unwrap_or_default())));
            }
            Value::Object(fields) => {
                for (name, value) in fields {
                    if let Some(field) = structure::field(schema, name) {
                        self.broken(field, value, &structure::child(path, name), problems);
                    }
                }
            }
            Value::Array(items) => {
                if let Some(item) = structure::item(schema) {
                    for (index, value) in items.iter().enumerate() {
                        self.broken(item, value, &format!("{path}[{index}]"), problems);
                    }
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }
}

fn take(schema: &mut Value, found: &mut BTreeMap<String, Regex>) {
    match schema {
        Value::Object(fields) => {
            if let Some(Value::Array(rules)) = fields.get_mut("x-kubernetes-validations") {
                rules.retain(|rule| {
                    let text = rule["rule"].as_str().unwrap_or_default();
                    let pattern = pattern(text).filter(|_| rule["message"].is_string());
                    let Some(regex) = pattern.and_then(|pattern| Regex::new(&pattern).ok()) else { return true };
                    found.insert(text.to_owned(), regex);
                    false
                });
            }
            fields.values_mut().for_each(|value| take(value, found));
        }
        Value::Array(items) => items.iter_mut().for_each(|value| take(value, found)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// The pattern that a rule is, where it is nothing else.
fn pattern(rule: &str) -> Option<String> {
    let literal = rule.strip_prefix("self.matches('")?.strip_suffix("')")?;
    let mut pattern = String::new();
    let mut letters = literal.chars();
    while let Some(letter) = letters.next() {
        match letter {
            // The literal ends before the rule does.
            '\'' => return None,
            '\\' => pattern.push(letters.next().filter(|it| matches!(it, '\\' | '\'' | '"'))?),
            _ => pattern.push(letter),
        }
    }
    Some(pattern)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_rule_that_is_a_pattern_is_taken() {
        let cases = [
            ("self.matches('^a$')", Some("^a$")),
            (r"self.matches('^[^@\\s]+$')", Some(r"^[^@\s]+$")),
            (r"self.matches('it\'s')", Some("it's")),
            ("self.matches('a') || self.matches('b')", None),
            ("!self.matches('a')", None),
            ("self.a.matches('a')", None),
            (r"self.matches('\d')", None),
        ];
        for (rule, expected) in cases {
            assert_eq!(pattern(rule).as_deref(), expected, "{rule}");
        }
    }
}
