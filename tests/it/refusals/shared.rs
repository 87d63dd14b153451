//! One grant, or one person, that several objects declare.

use serde_json::json;

use super::{Told, connected, email, environment, event, everything, neighbour, of, remote};
use crate::stage::{Stage, message};

#[test]
fn a_shared_grant_goes_with_the_last_of_its_objects() {
    let stage = Stage::new("shared");
    let object =
        |name| stage.binding(name, email("mary@example.com"), "Operator", environment("env-prod01"), json!({}));
    stage.apply(&[object("one")]);
    stage.settled("arb", "one", "True", "InSync");
    let held = everything(&stage);
    stage.apply(&[object("two")]);
    let two = stage.settled("arb", "two", "True", "Shared");
    let words = "declared by `shared/one` too, it goes with the last";
    assert!(message(&two).contains(words), "{}", message(&two));
    assert!(event(&stage, "arb", "two", "Shared").contains(words));

    stage.settled("arb", "one", "True", "Shared");

    stage.delete("arb", "one");
    stage.gone("arb", "one");
    assert!(event(&stage, "arb", "one", "Released").contains("stays: declared by `shared/two` too"));
    stage.settled("arb", "two", "True", "InSync");
    assert_eq!(everything(&stage), held);
    stage.delete("arb", "two");
    stage.gone("arb", "two");
    remote(&stage, "mary@example.com Operator environment env-prod01", false);
    event(&stage, "arb", "two", "Revoked");
}

#[test]
fn a_denied_object_keeps_no_grant_alive() {
    let stage = connected("shared-denied", |_| {});
    let other = neighbour(&stage, "shared-denied-too");
    let grant =
        |from: &Stage, more| from.binding("it", email("mary@example.com"), "Operator", environment("env-prod01"), more);
    stage.apply(&[grant(&stage, json!({}))]);
    stage.settled("arb", "it", "True", "InSync");
    other.apply(&[grant(&other, of(&stage))]);
    Told::invalid("arb", "it", "DelegationDenied", &["no delegation", "`shared-denied-too`"]).by(&other);
    stage.delete("arb", "it");
    stage.gone("arb", "it");
    remote(&stage, "mary@example.com Operator environment env-prod01", false);
    // It denied itself nothing that the denied one could bring back.
    stage.relist();
    other.settled("arb", "it", "False", "DelegationDenied");
    remote(&stage, "mary@example.com Operator environment env-prod01", false);
}

#[test]
fn a_shared_person_stays_until_the_last_object_goes() {
    let stage = Stage::new("shared-person");
    let ada = |name| stage.user(name, "ada@example.com", json!({}));
    stage.apply(&[ada("one")]);
    stage.settled("cuser", "one", "True", "NoRoles");
    stage.apply(&[ada("two")]);
    let two = stage.settled("cuser", "two", "True", "Shared");
    assert!(message(&two).contains("declared by `shared-person/one` too"), "{}", message(&two));
    stage.delete("cuser", "one");
    stage.gone("cuser", "one");
    stage.settled("cuser", "two", "True", "NoRoles");
    assert!(stage.is_member("ada@example.com"));
    stage.delete("cuser", "two");
    stage.gone("cuser", "two");
    assert!(!stage.is_member("ada@example.com"));
}
