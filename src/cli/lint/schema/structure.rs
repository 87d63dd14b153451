//! The structural half of a schema: defaults, types, required fields, enumerations, bounds, patterns, lists that are
//! sets or maps. No IO.
//!
//! The sentences are those of `k8s.io/kube-openapi/pkg/validation/errors`, in the form in which
//! `k8s.io/apimachinery/pkg/util/validation/field` prints them.

use std::collections::BTreeMap;

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::{
    JSONSchemaProps, JSONSchemaPropsOrArray, JSONSchemaPropsOrBool,
};
use regex::Regex;
use serde_json::{Map, Value};

use super::Problem;

/// The path of a field of what `path` names.
pub(super) fn child(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
}

/// The schema of a list's items.
pub(super) fn item(schema: &JSONSchemaProps) -> Option<&JSONSchemaProps> {
    match &schema.items {
        Some(JSONSchemaPropsOrArray::Schema(item)) => Some(item),
        Some(JSONSchemaPropsOrArray::Schemas(_)) | None => None,
    }
}

/// The schema of a field: a property of its own, or that of all values of a map.
pub(super) fn field<'a>(schema: &'a JSONSchemaProps, name: &str) -> Option<&'a JSONSchemaProps> {
    let own = schema.properties.as_ref().and_then(|properties| properties.get(name));
    own.or(match &schema.additional_properties {
        Some(JSONSchemaPropsOrBool::Schema(value)) => Some(value),
        Some(JSONSchemaPropsOrBool::Bool(_)) | None => None,
    })
}

/// Every pattern below, compiled; the CRDs' own tests have them compile.
pub(super) fn patterns(schema: &JSONSchemaProps, found: &mut BTreeMap<String, Regex>) {
    if let Some(pattern) = &schema.pattern
        && let Ok(regex) = Regex::new(pattern)
    {
        found.insert(pattern.clone(), regex);
    }
    let properties = schema.properties.iter().flat_map(BTreeMap::values);
    let value = schema.additional_properties.as_ref().and_then(|value| match value {
        JSONSchemaPropsOrBool::Schema(value) => Some(&**value),
        JSONSchemaPropsOrBool::Bool(_) => None,
    });
    properties.chain(item(schema)).chain(value).for_each(|schema| patterns(schema, found));
}

/// Drops the empty values that stand for absent fields, and fills in defaults, as the server does before it looks.
pub(super) fn complete(schema: &JSONSchemaProps, value: &mut Value) {
    match value {
        Value::Object(fields) => {
            fields.retain(|name, value| {
                !value.is_null() || field(schema, name).is_none_or(|field| field.nullable == Some(true))
            });
            for (name, property) in schema.properties.iter().flatten() {
                if let Some(default) = &property.default
                    && !fields.contains_key(name)
                {
                    fields.insert(name.clone(), default.0.clone());
                }
            }
            for (name, value) in fields {
                if let Some(field) = field(schema, name) {
                    complete(field, value);
                }
            }
        }
        Value::Array(items) => {
            if let Some(item) = item(schema) {
                for value in items {
                    complete(item, value);
                }
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// One walk over an object.
pub(super) struct Check<'a> {
    pub(super) patterns: &'a BTreeMap<String, Regex>,
    pub(super) problems: Vec<Problem>,
    /// Whether something is so wrong that rules would stumble over it: the server then leaves them unchecked.
    pub(super) blocking: bool,
}

impl Check<'_> {
    /// Checks a value, and what is inside it.
    pub(super) fn node(&mut self, schema: &JSONSchemaProps, value: &Value, path: &str) {
        self.type_of(schema, value, path);
        self.enumerated(schema, value, path);
        match value {
            Value::Object(fields) => self.object(schema, fields, path),
            Value::Array(items) => self.array(schema, items, path),
            Value::String(text) => self.string(schema, text, path),
            Value::Number(number) => self.number(schema, number.as_f64().unwrap_or_default(), value, path),
            Value::Null | Value::Bool(_) => {}
        }
    }

    fn block(&mut self, path: &str, message: impl Into<String>) {
        self.blocking = true;
        self.problems.push(Problem::new(path, message));
    }

    /// A refusal that leaves the rules to be checked.
    fn invalid(&mut self, path: &str, value: &Value, what: &str) {
        let shown = if value.is_object() || value.is_array() { String::new() } else { format!("{value}") };
        self.problems.push(Problem::new(path, format!("Invalid value: {shown}: {path} in body {what}")));
    }

    fn type_of(&mut self, schema: &JSONSchemaProps, value: &Value, path: &str) {
        let Some(wanted) = schema.type_.as_deref() else { return };
        let found = match value {
            Value::Null => "null",
            Value::Bool(_) => "boolean",
            Value::Number(number) if number.as_f64().is_some_and(|number| number.fract() == 0.0) => "integer",
            Value::Number(_) => "number",
            Value::String(_) => "string",
            Value::Array(_) => "array",
            Value::Object(_) => "object",
        };
        let said = |wanted: &str, found: &str| {
            format!("Invalid value: \"{found}\": {path} in body must be of type {wanted}: \"{found}\"")
        };
        match (wanted, found, &schema.format) {
            ("number", "integer", _) => {}
            (_, "null", _) if schema.nullable == Some(true) => {}
            // A number with a fraction is told twice, and by its format.
            ("integer", "number", Some(format)) => {
                self.block(path, said(format, "float64"));
                self.block("", format!("Checked value must be of type integer with format {format} in {path}"));
            }
            _ if found != wanted => self.block(path, said(wanted, found)),
            _ => {}
        }
    }

    fn enumerated(&mut self, schema: &JSONSchemaProps, value: &Value, path: &str) {
        let Some(allowed) = &schema.enum_ else { return };
        if !allowed.iter().any(|one| one.0 == *value) {
            let allowed: Vec<String> = allowed.iter().map(|one| one.0.to_string()).collect();
            self.block(path, format!("Unsupported value: {value}: supported values: {}", allowed.join(", ")));
        }
    }

    fn object(&mut self, schema: &JSONSchemaProps, fields: &Map<String, Value>, path: &str) {
        let count = i64::try_from(fields.len()).unwrap_or(i64::MAX);
        if let Some(most) = schema.max_properties.filter(|most| count > *most) {
            // The server looks no further into what has too many fields, or too few.
            return self.block(path, format!("Too many: {count}: must have at most {most} items"));
        }
        if let Some(least) = schema.min_properties.filter(|least| count < *least) {
            let value = Value::Object(fields.clone());
            return self.invalid(path, &value, &format!("should have at least {least} properties"));
        }
        for name in schema.required.iter().flatten().filter(|name| !fields.contains_key(*name)) {
            self.block(&child(path, name), "Required value");
        }
        for (name, value) in fields {
            if let Some(field) = field(schema, name) {
                self.node(field, value, &child(path, name));
            }
        }
    }

    fn array(&mut self, schema: &JSONSchemaProps, items: &[Value], path: &str) {
        let count = i64::try_from(items.len()).unwrap_or(i64::MAX);
        if let Some(most) = schema.max_items.filter(|most| count > *most) {
            self.block(path, format!("Too many: {count}: must have at most {most} items"));
        }
        if let Some(least) = schema.min_items.filter(|least| count < *least) {
            let value = Value::Array(items.to_vec());
            self.invalid(path, &value, &format!("should have at least {least} items"));
        }
        if let Some(item) = item(schema) {
            let each = items.iter().enumerate();
            each.for_each(|(index, value)| self.node(item, value, &format!("{path}[{index}]")));
        }
        self.repeated(schema, items, path);
    }

    /// Items that a set or a map by keys holds twice.
    fn repeated(&mut self, schema: &JSONSchemaProps, items: &[Value], path: &str) {
        let identity = |value: &Value| match schema.x_kubernetes_list_type.as_deref() {
            Some("set") => Some(value.clone()),
            Some("map") => {
                let keys = schema.x_kubernetes_list_map_keys.iter().flatten();
                Some(keys.map(|key| (key.clone(), value[key].clone())).collect::<Map<_, _>>().into())
            }
            _ => None,
        };
        let identities: Vec<Option<Value>> = items.iter().map(identity).collect();
        for (index, one) in identities.iter().enumerate() {
            // A third of the same is no second refusal: the server names each value once.
            let before = identities[..index].iter().filter(|other| *other == one).count();
            if let Some(one) = one.as_ref().filter(|_| before == 1) {
                self.problems.push(Problem::new(format!("{path}[{index}]"), format!("Duplicate value: {one}")));
            }
        }
    }

    /// Of length and pattern, the first that is wrong is the one that is told.
    fn string(&mut self, schema: &JSONSchemaProps, text: &str, path: &str) {
        let length = i64::try_from(text.chars().count()).unwrap_or(i64::MAX);
        let value = Value::String(text.to_owned());
        let differs = |pattern: &&String| self.patterns.get(*pattern).is_some_and(|regex| !regex.is_match(text));
        if let Some(most) = schema.max_length.filter(|most| length > *most) {
            self.block(path, format!("Too long: may not be more than {most} bytes"));
        } else if let Some(least) = schema.min_length.filter(|least| length < *least) {
            self.invalid(path, &value, &format!("should be at least {least} chars long"));
        } else if let Some(pattern) = schema.pattern.as_ref().filter(differs) {
            self.invalid(path, &value, &format!("should match '{pattern}'"));
        }
    }

    fn number(&mut self, schema: &JSONSchemaProps, number: f64, value: &Value, path: &str) {
        if let Some(least) = schema.minimum.filter(|least| number < *least) {
            self.invalid(path, value, &format!("should be greater than or equal to {least}"));
        }
        if let Some(most) = schema.maximum.filter(|most| number > *most) {
            self.invalid(path, value, &format!("should be less than or equal to {most}"));
        }
    }
}
