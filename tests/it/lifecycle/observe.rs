//! An organization, and a publisher, that are only observed: everything is said, and nothing is done.

use serde_json::{Value, json};

use crate::{
    publishers::Fair,
    refusals::{connected, email, environment, event, everything, remote},
    stage::{Stage, condition, message},
};

const MARY: &str = "mary@example.com Operator environment env-prod01";

fn observing(object: &mut Value) {
    object["spec"]["management"] = json!("Observe");
}

fn objects(stage: &Stage) -> [Value; 2] {
    [
        stage.user("ada", "ada@example.com", json!({})),
        stage.binding("it", email("mary@example.com"), "Operator", environment("env-prod01"), json!({})),
    ]
}

#[test]
fn an_observed_organization_is_told_about_and_left_alone() {
    let stage = connected("observe", observing);
    assert!(message(&stage.get("corg", "observe").unwrap()).contains("`management: Observe`, so nothing is changed"));
    let before = everything(&stage);
    stage.apply(&objects(&stage));
    let (ada, it) = (stage.settled("cuser", "ada", "True", "Observed"), stage.settled("arb", "it", "True", "Observed"));
    assert!(message(&ada).ends_with("would invite `ada@example.com`"), "{}", message(&ada));
    assert!(message(&it).contains("`management: Observe` says: would grant Operator"), "{}", message(&it));
    assert!(event(&stage, "arb", "it", "Observed").contains("would grant Operator"));
    assert_eq!(condition(&it, "Granted")["status"], "False");
    for object in [&ada, &it, &stage.get("corg", "observe").unwrap()] {
        assert_eq!(object["metadata"]["finalizers"], Value::Null);
    }
    assert_eq!((everything(&stage), stage.remote_writes()), (before.clone(), Vec::new()));

    // It is managed, and then observed again: what carries a finalizer goes, unrevoked.
    stage.apply(&[stage.organization(|_| {})]);
    stage.settled("arb", "it", "True", "InSync");
    stage.settled("cuser", "ada", "True", "NoRoles");
    stage.apply(&[stage.organization(observing)]);
    let it = stage.settled("arb", "it", "True", "Observed");
    assert_eq!(condition(&it, "Granted")["status"], "True");
    let held = everything(&stage);
    for (kind, name) in [("arb", "it"), ("cuser", "ada")] {
        stage.delete(kind, name);
        stage.gone(kind, name);
        assert!(event(&stage, kind, name, "Released").contains("let go without revoking anything"));
    }
    assert_eq!(everything(&stage), held);
    remote(&stage, MARY, true);
    stage.theatre.done(&["delete", "corg", "observe", "--wait=false"], "");
    stage.gone("corg", "observe");
}

/// The connection may be gone for good.
#[test]
fn what_is_only_observed_goes_without_a_connection() {
    let stage = connected("observe-cut-off", |_| {});
    stage.apply(&objects(&stage)[1..]);
    stage.settled("arb", "it", "True", "InSync");
    stage.theatre.done(&["delete", "secret", "observe-cut-off", "-n", "roster-system"], "");
    stage.settled("corg", "observe-cut-off", "False", "CredentialsMissing");
    stage.delete("arb", "it");
    stage.settled("arb", "it", "False", "CredentialsMissing");
    stage.apply(&[stage.organization(observing)]);
    stage.gone("arb", "it");
    remote(&stage, MARY, true);
}

#[test]
fn an_observed_publisher_is_left_alone() {
    let fair = Fair::open_with("observe-publisher", observing);
    let stage = &fair.stage;
    stage.apply(&[fair.user("ada", "ada@example.com", "Contributor", json!({}))]);
    let ada = stage.settled("pubuser", "ada", "True", "Observed");
    assert!(message(&ada).ends_with("would add `ada@example.com` as Contributor"), "{}", message(&ada));
    assert_eq!((fair.writes(), &ada["metadata"]["finalizers"]), (Vec::new(), &Value::Null));
    stage.apply(&[fair.publisher(|_| {})]);
    stage.settled("pubuser", "ada", "True", "InSync");
    stage.apply(&[fair.publisher(observing)]);
    stage.settled("pubuser", "ada", "True", "Observed");
    stage.delete("pubuser", "ada");
    stage.gone("pubuser", "ada");
    assert_eq!(fair.role_of("ada@example.com").unwrap(), "contributor active");
}
