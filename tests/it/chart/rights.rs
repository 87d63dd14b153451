//! The rights that the chart gives are those that the operator uses, by the audit log of the API server.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::installed::Installed;
use crate::{publishers::Fair, replica::requests, stage::eventually};

/// `verb group/resource`, of everything that a role gives.
fn given(role: &Value) -> BTreeSet<String> {
    let texts = |it: &Value| -> Vec<String> {
        it.as_array().unwrap().iter().map(|it| it.as_str().unwrap().to_owned()).collect()
    };
    let mut all = BTreeSet::new();
    for rule in role["rules"].as_array().unwrap() {
        for group in texts(&rule["apiGroups"]) {
            for resource in texts(&rule["resources"]) {
                all.extend(texts(&rule["verbs"]).into_iter().map(|verb| format!("{verb} {group}/{resource}")));
            }
        }
    }
    all
}

/// The same, of everything that the operator did; nothing of it was refused.
fn used(installed: &Installed) -> BTreeSet<String> {
    let mut used = BTreeSet::new();
    for event in requests(installed.theatre) {
        // Told apart from a 403 of a namespace that is going.
        assert_eq!(event["annotations"]["authorization.k8s.io/decision"], "allow", "{event}");
        let part = |key: &str| event["objectRef"][key].as_str().unwrap_or_default().to_owned();
        let resource = match (part("resource"), part("subresource")) {
            // `/version` and the like.
            (resource, _) if resource.is_empty() => continue,
            (resource, subresource) if subresource.is_empty() => resource,
            (resource, subresource) => format!("{resource}/{subresource}"),
        };
        used.insert(format!("{} {}/{resource}", event["verb"].as_str().unwrap(), part("apiGroup")));
    }
    used
}

/// A right that is added has to have its part in this story; a kind that is added, too.
#[test]
fn the_verbs_that_are_given_are_the_verbs_that_are_used() {
    let installed = Installed::shared();
    let fair = Fair::beside(installed.stage("chart-rights"));
    let stage = &fair.stage;
    stage.apply(&[fair.publisher(|_| {}), fair.user("hedy", "hedy@example.com", "Contributor", json!({}))]);
    stage.settled("pubuser", "hedy", "True", "InSync");
    let ada = json!({"userRef": {"name": "ada"}});
    let binding =
        |role| stage.binding("ada-operates", ada.clone(), role, json!({"environment": "env-prod01"}), json!({}));
    stage.apply(&[stage.user("ada", "ada@example.com", json!({})), binding("Operator")]);
    stage.settled("arb", "ada-operates", "True", "InSync");
    assert!(stage.remote().contains(&"ada@example.com Operator environment env-prod01".to_owned()));
    // The same thing said twice is one event with a count, which takes another verb.
    for _ in 0..2 {
        stage.apply(&[binding("Operatr")]);
        stage.settled("arb", "ada-operates", "False", "RoleUnknown");
        stage.apply(&[binding("Operator")]);
        stage.settled("arb", "ada-operates", "True", "InSync");
    }
    for (kind, name) in [
        ("arb", "ada-operates"),
        ("cuser", "ada"),
        ("pubuser", "hedy"),
        ("corg", "chart-rights"),
        ("publ", "chart-rights"),
    ] {
        stage.delete(kind, name);
        stage.gone(kind, name);
    }

    let mut all = given(&installed.get(&["clusterrole", "roster"]));
    for role in ["roster-credentials", "roster-lease"] {
        all.extend(given(&installed.get(&["role", role, "-n", "roster-system"])));
    }
    // An event is written after the status that it tells of.
    eventually("all is used", &mut || used(installed).is_superset(&all), &mut || {
        format!("{:?}", all.difference(&used(installed)))
    });
    assert_eq!(used(installed), all);
}
