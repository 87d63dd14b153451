//! The portal's procedures as stories: add a person, give a role, look, take it away, remove the person.

use serde_json::json;

use crate::stage::{Stage, condition, message};

#[test]
fn a_person_is_added_given_a_role_seen_and_taken_away() {
    let stage = Stage::new("onboarding");
    stage.apply(&[stage.user("ada", "ada@example.com", json!({"fullName": "Ada Lovelace"}))]);
    let ada = stage.settled("cuser", "ada", "True", "NoRoles");
    assert!(message(&ada).contains("holds no role"), "{}", message(&ada));
    assert_eq!(condition(&ada, "InvitationAccepted")["status"], "True");

    let scope = json!({"environment": "env-prod01"});
    stage.apply(&[stage.binding("ada-operates", json!({"userRef": {"name": "ada"}}), "Operator", scope, json!({}))]);
    let binding = stage.settled("arb", "ada-operates", "True", "InSync");
    assert_eq!(condition(&binding, "Granted")["status"], "True");
    assert!(stage.remote().contains(&"ada@example.com Operator environment env-prod01".to_owned()));
    let ada = stage.settled("cuser", "ada", "True", "InSync");
    assert_eq!(ada["status"]["access"]["entries"], json!(["Operator on environment env-prod01"]));

    stage.delete("arb", "ada-operates");
    stage.gone("arb", "ada-operates");
    assert!(!stage.remote().iter().any(|held| held.starts_with("ada@")), "{:?}", stage.remote());
    stage.settled("cuser", "ada", "True", "NoRoles");

    stage.delete("cuser", "ada");
    stage.gone("cuser", "ada");
    assert!(!stage.is_member("ada@example.com"));
}
