//! Objects that are suspended: nothing remote is changed for them, and they say what would be.

use roster::simulator::world::Command;
use serde_json::{Value, json};

use crate::{
    publishers::Fair,
    refusals::{binding_id, email, environment, event, everything, remote},
    stage::{Stage, condition, message},
};

const MARY: &str = "mary@example.com Operator environment env-prod01";

fn operator(stage: &Stage, suspend: bool, role: &str) -> Value {
    let more = json!({"suspend": suspend});
    stage.binding("it", email("mary@example.com"), role, environment("env-prod01"), more)
}

#[test]
fn a_suspended_grant_is_neither_made_nor_mended_nor_revoked() {
    let stage = Stage::new("suspend");
    let before = everything(&stage);
    stage.apply(&[operator(&stage, true, "Operator")]);
    let it = stage.settled("arb", "it", "True", "Suspended");
    assert!(message(&it).contains("would grant Operator"), "{}", message(&it));
    assert_eq!((&condition(&it, "Granted")["status"], &it["metadata"]["finalizers"]), (&json!("False"), &Value::Null));
    assert!(event(&stage, "arb", "it", "Suspended").contains("would grant"));
    assert_eq!(everything(&stage), before);

    stage.apply(&[operator(&stage, false, "Operator")]);
    stage.settled("arb", "it", "True", "InSync");
    remote(&stage, MARY, true);
    // An edit and a drift while it is suspended.
    stage.apply(&[operator(&stage, true, "FlinkAdmin")]);
    let it = stage.settled("arb", "it", "True", "Suspended");
    let words = ["would grant FlinkAdmin on", ", then revoke Operator on"];
    assert!(words.iter().all(|part| message(&it).contains(part)), "{}", message(&it));
    stage.apply(&[operator(&stage, true, "Operator")]);
    let it = stage.settled("arb", "it", "True", "Suspended");
    assert_eq!(condition(&it, "Granted")["status"], "True");
    stage.portal(&Command::Revoke { binding: binding_id(&stage, "u-mary01", "Operator") });
    stage.relist();
    let gone = || condition(&stage.get("arb", "it").unwrap(), "Granted")["status"] == "False";
    crate::stage::eventually("the drift is told", &mut || gone(), &mut String::new);
    assert_eq!(stage.remote_writes().len(), 1);

    // Deletion goes by the policy.
    stage.apply(&[operator(&stage, false, "Operator")]);
    stage.settled("arb", "it", "True", "InSync");
    stage.apply(&[operator(&stage, true, "Operator")]);
    stage.settled("arb", "it", "True", "Suspended");
    stage.delete("arb", "it");
    stage.gone("arb", "it");
    remote(&stage, MARY, false);
}

#[test]
fn suspended_people_are_not_invited() {
    let fair = Fair::beside(Stage::new("suspend-people"));
    let stage = &fair.stage;
    let suspend = |it: bool| json!({"suspend": it});
    stage.apply(&[fair.publisher(|_| {})]);
    let both = |it: bool| {
        [
            stage.user("ada", "ada@example.com", suspend(it)),
            fair.user("hedy", "hedy@example.com", "Contributor", suspend(it)),
        ]
    };
    stage.apply(&both(true));
    let ada = stage.settled("cuser", "ada", "True", "Suspended");
    assert!(message(&ada).ends_with("would invite `ada@example.com`"), "{}", message(&ada));
    let hedy = stage.settled("pubuser", "hedy", "True", "Suspended");
    assert!(message(&hedy).ends_with("would add `hedy@example.com` as Contributor"), "{}", message(&hedy));
    assert!(!stage.is_member("ada@example.com"));
    assert_eq!(fair.writes(), [""; 0]);
    stage.apply(&both(false));
    stage.settled("cuser", "ada", "True", "NoRoles");
    stage.settled("pubuser", "hedy", "True", "InSync");
}
