//! What the server says is in `tests/it/schema/cases.yaml` and compared there; here is what it needs no server for.

use serde_json::json;

use super::*;

fn said(object: &Value) -> Vec<String> {
    judge(object).iter().map(ToString::to_string).collect()
}

fn user(change: &Value) -> Value {
    let mut object = json!({
        "apiVersion": "access.roster.dev/v1alpha1",
        "kind": "ConfluentUser",
        "metadata": {"name": "ada"},
        "spec": {"organizationRef": {"name": "example"}, "email": "ada@example.com"},
    });
    for (name, value) in change.as_object().unwrap() {
        object[name] = value.clone();
    }
    object
}

#[test]
fn every_pattern_and_every_rule_of_ours_is_understood() {
    fn counted(schema: &CompiledSchema) -> usize {
        assert!(!schema.has_errors(), "{:?}", schema.compilation_errors());
        let children = schema.properties.values().chain(schema.items.as_deref());
        schema.validations.len() + children.chain(schema.additional_properties.as_deref()).map(counted).sum::<usize>()
    }
    fn patterned(schema: &Value) -> Vec<&str> {
        let children = schema.as_object().map(|map| map.values()).into_iter().flatten();
        let list = schema.as_array().into_iter().flatten();
        schema["pattern"].as_str().into_iter().chain(children.chain(list).flat_map(patterned)).collect()
    }
    assert_eq!(JUDGES.len(), 5);
    for judge in JUDGES.values() {
        assert!(counted(&judge.rules) > 0, "{}", judge.kind);
        let schema = serde_json::to_value(&judge.schema).unwrap();
        assert!(patterned(&schema).into_iter().all(|pattern| judge.patterns.contains_key(pattern)));
    }
}

#[test]
fn what_is_no_object_of_ours_is_said() {
    let other = json!({"apiVersion": "v1", "kind": "Secret"});
    assert_eq!(said(&other), ["no matches for kind \"Secret\" in version \"v1\""]);
    for nothing in [json!(null), json!([1]), json!("text"), json!({"kind": 5})] {
        assert_eq!(judge(&nothing).len(), 1, "{nothing}");
    }
}

#[test]
fn metadata_is_judged_by_its_names() {
    let name = |metadata: Value| said(&user(&json!({"metadata": metadata})));
    assert_eq!(name(json!({"generateName": "ada-"})), [""; 0]);
    assert_eq!(name(json!({"name": "ada", "label": {}})), ["metadata.label: unknown field \"metadata.label\""]);
    assert_eq!(name(json!({})), ["metadata.name: Required value: name or generateName is required"]);
    let on = name(json!({"name": "ada", "labels": {"a": "x", "b": null, "c": true}, "annotations": {}}));
    assert_eq!(on, ["metadata.labels.c: Invalid value: true: it must be text: put it in quotes"]);
    assert_eq!(
        name(json!({"name": "ada", "labels": 5})),
        ["metadata.labels: Invalid value: it must be a map of texts"]
    );
    let bad = name(json!({"name": "Ada_"}));
    assert!(bad[0].starts_with("metadata.name: Invalid value: \"Ada_\": a lowercase RFC 1123 subdomain"), "{bad:?}");
}

#[test]
fn status_is_not_judged_but_its_names_are() {
    assert_eq!(said(&user(&json!({"status": {"observedGeneration": "x"}}))), [""; 0]);
    assert_eq!(said(&user(&json!({"status": {"seen": 1}}))), ["status.seen: unknown field \"status.seen\""]);
}

#[test]
fn anything_at_all_in_a_spec_gets_an_answer() {
    for spec in [json!(null), json!(5), json!([]), json!({}), json!({"email": {}}), json!({"email": [null]})] {
        assert!(!judge(&user(&json!({"spec": spec.clone()}))).is_empty(), "{spec}");
    }
}
