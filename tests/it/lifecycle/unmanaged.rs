//! Grants that no object declares: told on the organization, and left alone.

use roster::simulator::world::Command;
use serde_json::{Value, json};

use crate::{
    refusals::{binding_id, connected, crn, email, environment, everything, often},
    stage::{Stage, eventually},
};

fn unmanaged(stage: &Stage) -> (Value, Vec<String>) {
    let told = stage.get("corg", &stage.name).unwrap()["status"]["unmanaged"].clone();
    let entries = told["entries"].as_array().cloned().unwrap_or_default();
    (told["total"].clone(), entries.iter().map(|it| it.as_str().unwrap_or_default().to_owned()).collect())
}

fn until(stage: &Stage, what: &str, holds: impl Fn(&[String]) -> bool) {
    let told = || unmanaged(stage).1;
    eventually(what, &mut || holds(&told()), &mut || format!("{:?}", told()));
}

#[test]
fn what_nobody_declares_is_told_and_left_alone() {
    const MARY: &str = "Operator on environment env-prod01 for `mary@example.com`";
    let report = |object: &mut Value| {
        often(object);
        object["spec"]["unmanaged"] = json!({"policy": "Report", "within": [{"environment": "env-prod01"}]});
    };
    let stage = connected("unmanaged", report);
    let known = unmanaged(&stage).1;
    assert!(known.iter().all(|it| !it.contains("the organization") && !it.contains("sa-roster")), "{known:?}");
    let (principal, role) = ("User:u-mary01".to_owned(), "Operator".to_owned());
    stage.portal(&Command::Grant { principal, role, crn: crn(&stage, "/environment=env-prod01") });
    until(&stage, "what was granted by hand is told", |told| told.iter().any(|it| it == MARY));
    let (total, told) = unmanaged(&stage);
    assert_eq!(total, told.len());
    assert!(told.is_sorted());

    // An object answers for it, and no longer.
    let keep = json!({"deletionPolicy": "Retain"});
    stage.apply(&[stage.binding("it", email("mary@example.com"), "Operator", environment("env-prod01"), keep)]);
    stage.settled("arb", "it", "True", "InSync");
    until(&stage, "what is declared is not told", |told| told.iter().all(|it| it != MARY));
    let held = everything(&stage);
    stage.delete("arb", "it");
    stage.gone("arb", "it");
    until(&stage, "what nobody declares any more is told", |told| told.iter().any(|it| it == MARY));
    assert_eq!(everything(&stage), held);
    assert_eq!(stage.remote_writes(), [""; 0]);

    stage.portal(&Command::Revoke { binding: binding_id(&stage, "u-mary01", "Operator") });
    until(&stage, "what is gone is not told", |told| told.iter().all(|it| it != MARY));
    stage.apply(&[stage.organization(|_| {})]);
    let silent = || stage.get("corg", "unmanaged").unwrap()["status"]["unmanaged"].is_null();
    eventually("nothing is told", &mut || silent(), &mut String::new);
}
