//! Objects that are renamed in git, and several objects for one person: nobody's access is interrupted.

use serde_json::{Value, json};

use crate::{
    refusals::{connected, email, environment, remote},
    stage::{Stage, eventually, message},
};

const MARY: &str = "mary@example.com Operator environment env-prod01";

fn operator(stage: &Stage, name: &str) -> Value {
    stage.binding(name, email("mary@example.com"), "Operator", environment("env-prod01"), json!({}))
}

fn writes(stage: &Stage, begin: &str) -> usize {
    stage.remote_writes().iter().filter(|it| it.starts_with(begin)).count()
}

#[test]
fn a_renamed_object_takes_over_what_the_old_one_gave() {
    let stage = connected("renamed", |_| {});
    stage.apply(&[operator(&stage, "old"), stage.user("old", "ada@example.com", json!({}))]);
    stage.settled("arb", "old", "True", "InSync");
    stage.settled("cuser", "old", "True", "NoRoles");
    // As a GitOps tool does it: what is new is applied, and right after that what is gone is pruned.
    stage.apply(&[operator(&stage, "new"), stage.user("new", "ada@example.com", json!({}))]);
    stage.delete("arb", "old");
    stage.delete("cuser", "old");
    stage.gone("arb", "old");
    stage.gone("cuser", "old");
    stage.settled("arb", "new", "True", "InSync");
    stage.settled("cuser", "new", "True", "NoRoles");
    remote(&stage, MARY, true);
    assert!(stage.is_member("ada@example.com"));
    assert_eq!((writes(&stage, "DELETE"), writes(&stage, "POST")), (0, 2), "{:?}", stage.remote_writes());
}

#[test]
fn two_objects_for_one_new_person_send_one_invitation() {
    let stage = connected("two-for-one", |_| {});
    let ada = |name: &str| stage.user(name, "ada@partner.example", json!({}));
    stage.apply(&[ada("one"), ada("two")]);
    for name in ["one", "two"] {
        stage.settled("cuser", name, "True", "InvitationPending");
    }
    assert_eq!(writes(&stage, "POST /iam/v2/invitations"), 1, "{:?}", stage.remote_writes());
    stage.delete("cuser", "one");
    stage.gone("cuser", "one");
    assert!(stage.is_member("ada@partner.example"));
    assert_eq!(writes(&stage, "DELETE"), 0);
    stage.delete("cuser", "two");
    stage.gone("cuser", "two");
    eventually("nobody is left", &mut || !stage.is_member("ada@partner.example"), &mut String::new);
}

#[test]
fn who_shares_a_grant_is_named_in_the_own_namespace_and_counted_elsewhere() {
    let stage = connected("sharers", |object| {
        object["spec"]["delegations"][0]["namespaces"] = json!({"all": {}});
    });
    stage.theatre.done(&["create", "namespace", "sharers-too"], "");
    let mut other = operator(&stage, "theirs");
    other["metadata"]["namespace"] = json!("sharers-too");
    stage.apply(&[operator(&stage, "one"), operator(&stage, "two"), other]);
    let words = "declared by `sharers/two` and 1 object of another namespace too, it goes with the last";
    let told = || message(&stage.get("arb", "one").unwrap());
    eventually("the sharers are told", &mut || told().contains(words), &mut || told());
}
