//! The values: what is misspelt is refused, and what is declared is known.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

use std::{collections::BTreeSet, fs, path::Path};

use serde_json::Value;

use super::helm::{CHART, Helm};

fn schema() -> Value {
    serde_json::from_str(&fs::read_to_string(Path::new(CHART).join("values.schema.json")).unwrap()).unwrap()
}

#[test]
fn what_is_misspelt_or_out_of_bounds_is_refused_with_a_sentence() {
    let cases = [
        ("replica=2", "at '': additional properties 'replica' not allowed"),
        ("operator.logFromat=text", "at '/operator': additional properties 'logFromat' not allowed"),
        (
            "metrics.serviceMonitor.enable=true",
            "at '/metrics/serviceMonitor': additional properties 'enable' not allowed",
        ),
        ("simulator.persistence.class=fast", "at '/simulator/persistence': additional properties 'class' not allowed"),
        ("resources.limit.cpu=1", "at '/resources': additional properties 'limit' not allowed"),
        ("operator.logFormat=xml", "at '/operator/logFormat': value must be one of 'json', 'text'"),
        ("operator.concurrency=0", "at '/operator/concurrency': minimum: got 0, want 1"),
        ("operator.leaseSeconds=2", "at '/operator/leaseSeconds': minimum: got 2, want 3"),
        ("operator.allowHttpHosts={http://a}", "at '/operator/allowHttpHosts/0': 'http://a' does not match pattern"),
        ("image.digest=latest", "at '/image/digest': 'latest' does not match pattern"),
        ("metrics.serviceMonitor.enabled=true,metrics.service.enabled=false", "`metrics.serviceMonitor.enabled` needs"),
    ];
    for helm in Helm::ALL {
        for (set, sentence) in cases {
            let refused = helm.run(&["template", "roster", CHART, "--set", set]);
            let said = String::from_utf8_lossy(&refused.stderr);
            assert!(!refused.status.success() && said.contains(sentence), "{helm:?} {set}: {said}");
        }
    }
}

/// Every object is closed, but for the maps of one kind of value and what is Kubernetes' own.
#[test]
fn no_object_of_the_schema_is_open_by_oversight() {
    fn walk(schema: &Value, path: &str, open: &mut Vec<String>) {
        let kinds = &schema["type"];
        let is_object = kinds == "object" || kinds.as_array().is_some_and(|all| all.contains(&Value::from("object")));
        if is_object {
            let more = &schema["additionalProperties"];
            if *more != false && !more.is_object() && !schema["$comment"].is_string() {
                open.push(path.to_owned());
            }
        }
        for key in ["properties", "$defs"] {
            for (name, inner) in schema[key].as_object().into_iter().flatten() {
                walk(inner, &format!("{path}/{name}"), open);
            }
        }
        if schema["items"].is_object() {
            walk(&schema["items"], &format!("{path}[]"), open);
        }
    }
    let mut open = Vec::new();
    walk(&schema(), "", &mut open);
    assert_eq!(open, [""; 0]);
}

#[test]
fn the_schema_knows_the_values_and_no_others() {
    fn declared(schema: &Value, path: &str, found: &mut BTreeSet<String>) {
        match schema["properties"].as_object() {
            Some(properties) => properties.iter().for_each(|(key, it)| declared(it, &format!("{path}.{key}"), found)),
            None => {
                found.insert(path.to_owned());
            }
        }
    }
    fn given(values: &Value, schema: &Value, path: &str, found: &mut BTreeSet<String>) {
        match (values.as_object(), schema["properties"].is_object()) {
            (Some(values), true) => {
                for (key, it) in values {
                    given(it, &schema["properties"][key], &format!("{path}.{key}"), found);
                }
            }
            _ => {
                found.insert(path.to_owned());
            }
        }
    }
    let values = fs::read_to_string(Path::new(CHART).join("values.yaml")).unwrap();
    let values: Value = serde_yaml::from_str(&values).unwrap();
    let mut schema = schema();
    let properties = schema["properties"].as_object_mut().unwrap();
    properties.remove("global");
    let (mut expected, mut found) = (BTreeSet::new(), BTreeSet::new());
    declared(&schema, "", &mut expected);
    given(&values, &schema, "", &mut found);
    // The one thing of Kubernetes' own that is declared without a default.
    expected.retain(|path| !path.ends_with("resources.claims"));
    assert_eq!(found, expected);
}
