//! The rights that the chart gives are those that the operator uses, by the audit log of the API server.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::installed::Installed;
use crate::replica::requests;

/// Given, and not used by a story: what for.
const UNUSED: &[(&str, &str)] = &[];

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

#[test]
fn the_verbs_that_are_given_are_the_verbs_that_are_used() {
    let installed = Installed::shared();
    let stage = installed.stage("chart-rights");
    let scope = json!({"environment": "env-prod01"});
    stage.apply(&[
        stage.user("ada", "ada@example.com", json!({})),
        stage.binding("ada-operates", json!({"userRef": {"name": "ada"}}), "Operator", scope, json!({})),
    ]);
    stage.settled("arb", "ada-operates", "True", "InSync");
    assert!(stage.remote().contains(&"ada@example.com Operator environment env-prod01".to_owned()));
    for (kind, name) in [("arb", "ada-operates"), ("cuser", "ada"), ("corg", "chart-rights")] {
        stage.delete(kind, name);
        stage.gone(kind, name);
    }

    let mut all = given(&installed.get(&["clusterrole", "roster"]));
    for role in ["roster-credentials", "roster-lease"] {
        all.extend(given(&installed.get(&["role", role, "-n", "roster-system"])));
    }
    let mut used = BTreeSet::new();
    for event in requests(installed.theatre) {
        // Told apart from a 403 of a namespace that is going.
        assert_eq!(event["annotations"]["authorization.k8s.io/decision"], "allow", "{event}");
        let part = |key: &str| event["objectRef"][key].as_str().unwrap_or_default().to_owned();
        let resource = match (part("resource"), part("subresource")) {
            (resource, _) if resource.is_empty() => continue,
            (resource, subresource) if subresource.is_empty() => resource,
            (resource, subresource) => format!("{resource}/{subresource}"),
        };
        used.insert(format!("{} {}/{resource}", event["verb"].as_str().unwrap(), part("apiGroup")));
    }
    let unused: Vec<&String> = all.difference(&used).collect();
    let expected: Vec<&str> = UNUSED.iter().map(|(right, _)| *right).collect();
    assert_eq!(unused, expected);
    assert_eq!(used.difference(&all).collect::<Vec<_>>(), [""; 0]);
}
