//! The contract itself: that it can be read, that the client asks for what is in it and nothing else, and that what the
//! tests take for the portal's words has its form.

use std::{
    collections::BTreeSet,
    fs,
    path::Path,
    sync::{Arc, Mutex},
};

use serde_json::Value;

use super::*;
use crate::{backend::Attempt, plan::permit::MemberRemoval};

const TEXT: &str = include_str!("../openapi.yaml");

fn contract() -> Value {
    serde_yaml::from_str(TEXT).unwrap()
}

/// Why a value is not of a schema. A keyword that this does not know is one of the reasons.
fn faults(schema: &Value, value: &Value) -> Vec<String> {
    let contract = contract();
    let mut found = Vec::new();
    for (keyword, rule) in schema.as_object().unwrap() {
        let any = |schemas: &Value| -> usize {
            schemas.as_array().unwrap().iter().filter(|schema| faults(schema, value).is_empty()).count()
        };
        let fits = match keyword.as_str() {
            "description" | "examples" | "format" => true,
            "$ref" => {
                let target = contract.pointer(rule.as_str().unwrap().trim_start_matches('#')).unwrap();
                found.extend(faults(target, value));
                true
            }
            "type" => {
                let names = rule.as_array().cloned().unwrap_or_else(|| vec![rule.clone()]);
                names.iter().any(|name| name == kind(value))
            }
            "enum" => rule.as_array().unwrap().contains(value),
            "const" => rule == value,
            "minLength" => value.as_str().is_none_or(|text| text.len() as u64 >= rule.as_u64().unwrap()),
            "required" => rule.as_array().unwrap().iter().all(|name| value.get(name.as_str().unwrap()).is_some()),
            "additionalProperties" => {
                let known = schema["properties"].as_object().unwrap();
                assert_eq!(rule, &Value::Bool(false));
                value.as_object().unwrap().keys().all(|name| known.contains_key(name))
            }
            "properties" => {
                for (name, schema) in rule.as_object().unwrap() {
                    let inner = value.get(name).map(|inner| faults(schema, inner)).unwrap_or_default();
                    found.extend(inner.into_iter().map(|fault| format!("{name}: {fault}")));
                }
                true
            }
            "items" => {
                found.extend(value.as_array().into_iter().flatten().flat_map(|item| faults(rule, item)));
                true
            }
            "anyOf" => any(rule) > 0,
            "oneOf" => any(rule) == 1,
            _ => false,
        };
        if !fits {
            found.push(format!("`{keyword}` {rule}"));
        }
    }
    found
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

fn schema(name: &str) -> Value {
    contract()["components"]["schemas"][name].clone()
}

#[test]
fn the_contract_can_be_read_says_whose_it_is_and_refers_to_what_it_has() {
    let contract = contract();
    assert_eq!(contract["openapi"], "3.1.0");
    assert_eq!(contract["info"]["version"], API_VERSION);
    assert!(contract["info"]["title"].as_str().unwrap().contains("Roster's own contract"));
    assert!(contract["info"]["summary"].as_str().unwrap().contains("no public API ever managed these users"));
    for text in TEXT.split("$ref: \"#").skip(1) {
        let pointer = text.split('"').next().unwrap();
        assert!(contract.pointer(pointer).is_some(), "{pointer}");
    }
    let issuer = &contract["components"]["securitySchemes"]["clientCredentials"]["flows"]["clientCredentials"];
    let Audience::Scope(scope) = Audience::default() else { panic!() };
    assert!(issuer["scopes"].get(&scope).is_some());
}

#[test]
fn the_answers_in_the_tests_have_the_form_of_the_contract() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/portal");
    let publishers = contract()["paths"]["/api/publishers"]["get"]["responses"]["200"].clone();
    let mut count = 0;
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "json") {
            continue;
        }
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        let schema = match name.split('_').next().unwrap() {
            "publishers" => publishers["content"]["application/json"]["schema"].clone(),
            "users" => schema("UserPage"),
            "user" => schema("User"),
            "error" => schema("Error"),
            // What an issuer of tokens says is no part of it.
            "token" => continue,
            _ => panic!("{name} is of no schema"),
        };
        let value: Value = serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
        assert_eq!(faults(&schema, &value), Vec::<String>::new(), "{name}");
        count += 1;
    }
    assert!(count > 10, "{count}");

    let broken = [
        ("User", r#"{"type":"user","role":"owner"}"#),
        ("User", r#"{"email":7,"type":"user","role":"owner"}"#),
        ("UserPage", r#"{"value":[{"email":"a@b.c"}]}"#),
        ("UserWrite", r#"{"email":"a@b.c","type":"user","role":"auditor"}"#),
        ("UserWrite", r#"{"email":"a@b.c","type":"user","role":"owner","state":"active"}"#),
        ("UserWrite", r#"{"email":"a@b.c","type":"servicePrincipal","role":"owner"}"#),
        ("Error", r#"{"error":{"code":""}}"#),
    ];
    for (name, text) in broken {
        assert_ne!(faults(&schema(name), &serde_json::from_str(text).unwrap()), Vec::<String>::new(), "{text}");
    }
}

#[derive(Default)]
struct Asked(Mutex<BTreeSet<(String, String)>>);

impl Observer for Asked {
    fn attempted(&self, attempt: &Attempt) {
        let method = attempt.method.as_str().to_lowercase();
        self.0.lock().unwrap().insert((attempt.template.to_owned(), method));
    }
}

#[tokio::test(start_paused = true)]
async fn the_client_asks_for_what_is_in_the_contract_and_nothing_else() {
    let asked = Arc::new(Asked::default());
    let observer: Arc<dyn Observer> = Arc::<Asked>::clone(&asked);
    let serve = |_: usize, seen: &Seen| match (seen.method.as_str(), seen.url.path()) {
        ("GET", "/api/publishers") => answer(200, data!("publishers")),
        ("GET", USERS_PATH) => pages(seen),
        ("GET", _) => tagged(200, "\"1\"", data!("user_contributor")),
        ("DELETE", _) => answer(204, ""),
        _ if seen.body.contains(APPLICATION) => tagged(201, "\"1\"", data!("user_application")),
        _ if seen.body.contains(r#""role":"owner""#) => tagged(200, "\"2\"", data!("user_owner")),
        _ => tagged(200, "\"3\"", data!("user_contributor")),
    };
    let (portal, record) = observed(serve, Some(observer));
    portal.identify().await.unwrap();
    portal.list().await.unwrap();
    let bob = portal.find(bob()).await.unwrap().unwrap();
    let owner = portal.promote(bob.clone()).await.unwrap();
    portal.remove(Permit::of(&MemberRemoval::Ownership(owner))).await.unwrap();
    portal.remove(Permit::of(&MemberRemoval::Member(bob))).await.unwrap();
    let application = read::member(serde_json::from_str(data!("user_application")).unwrap()).unwrap();
    let Member { key, kind, friendly_name, .. } = application;
    portal.add(NewMember { key, kind, role: PublisherRole::Contributor, friendly_name }).await.unwrap();

    let contract = contract();
    let paths = contract["paths"].as_object().unwrap();
    let known = |path: &String, item: &Value| -> Vec<(String, String)> {
        let verbs = item.as_object().unwrap().keys().filter(|name| *name != "parameters");
        verbs.map(|verb| (path.clone(), verb.clone())).collect()
    };
    let known: BTreeSet<_> = paths.iter().flat_map(|(path, item)| known(path, item)).collect();
    assert_eq!(*asked.0.lock().unwrap(), known);

    for seen in record.lock().unwrap().iter() {
        assert_eq!(seen.query("api-version").as_deref(), Some(API_VERSION), "{}", seen.line());
        let has = |name: &str| seen.headers.contains_key(name);
        match seen.method.as_str() {
            "PUT" => {
                assert!(has("if-match") != has("if-none-match"), "{}", seen.line());
                let body: Value = serde_json::from_str(&seen.body).unwrap();
                assert_eq!(faults(&schema("UserWrite"), &body), Vec::<String>::new());
            }
            "DELETE" => assert!(has("if-match")),
            _ => assert!(seen.body.is_empty()),
        }
    }
}
