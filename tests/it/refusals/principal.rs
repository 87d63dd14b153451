//! A reference that starts to mean somebody else.

use roster::simulator::{Effect, Envelope, Fault, world::Command};
use serde_json::json;

use super::{Told, email, environment, everything, remote};
use crate::stage::{Stage, condition};

const PRODUCTION: &str = "Operator environment env-prod01";

#[test]
fn a_user_object_for_somebody_else_moves_no_grant_until_the_binding_is_touched() {
    let stage = Stage::new("changed-user");
    let user = |address| stage.user("pat", address, json!({"deletionPolicy": "Retain"}));
    let binding =
        |more| stage.binding("it", json!({"userRef": {"name": "pat"}}), "Operator", environment("env-prod01"), more);
    stage.apply(&[user("pat@example.com"), binding(json!({}))]);
    stage.settled("arb", "it", "True", "InSync");
    stage.delete("cuser", "pat");
    stage.gone("cuser", "pat");
    stage.apply(&[user("pia@example.com")]);
    stage.settled("cuser", "pat", "True", "NoRoles");
    let words = ["(`pia@example.com`)", "(`pat@example.com`), which keeps it", "touch this object's spec to confirm"];
    let before = everything(&stage);
    let held = Told::invalid("arb", "it", "PrincipalChanged", &words).by(&stage);
    assert_eq!(condition(&held, "Granted")["status"], "True");
    assert_eq!(everything(&stage), before);
    remote(&stage, &format!("pat@example.com {PRODUCTION}"), true);

    stage.apply(&[binding(json!({"adoption": "Adopt"}))]);
    stage.settled("arb", "it", "True", "InSync");
    remote(&stage, &format!("pia@example.com {PRODUCTION}"), true);
    remote(&stage, &format!("pat@example.com {PRODUCTION}"), false);
}

#[test]
fn a_name_that_moved_to_another_account_moves_no_grant_either() {
    let stage = Stage::new("changed-name");
    let account = json!({"serviceAccount": {"displayName": "orders-etl"}});
    let binding = |more| stage.binding("it", account.clone(), "Operator", environment("env-prod01"), more);
    stage.apply(&[binding(json!({}))]);
    stage.settled("arb", "it", "True", "InSync");
    let (service_account, display_name) = ("sa-ordetl".to_owned(), Some("retired".to_owned()));
    stage.portal(&Command::UpdateServiceAccount { service_account, display_name, description: None });
    let (display_name, description) = ("orders-etl".to_owned(), String::new());
    stage.portal(&Command::CreateServiceAccount { display_name, description, id: Some("sa-newetl".to_owned()) });
    stage.relist();
    let words = ["the principal now means `sa-newetl` (`orders-etl`)", "made for `sa-ordetl`"];
    Told::invalid("arb", "it", "PrincipalChanged", &words).by(&stage);
    remote(&stage, &format!("sa-ordetl {PRODUCTION}"), true);
    remote(&stage, &format!("sa-newetl {PRODUCTION}"), false);

    stage.apply(&[binding(json!({"adoption": "Adopt"}))]);
    stage.settled("arb", "it", "True", "InSync");
    remote(&stage, &format!("sa-newetl {PRODUCTION}"), true);
    remote(&stage, &format!("sa-ordetl {PRODUCTION}"), false);
}

#[test]
fn a_confirmed_principal_stays_confirmed_through_a_failure() {
    let stage = Stage::new("changed-slowly");
    let binding = |address| stage.binding("it", email(address), "Operator", environment("env-prod01"), json!({}));
    stage.apply(&[binding("mary@example.com")]);
    stage.settled("arb", "it", "True", "InSync");
    let effect = Effect::Status { status: 429, envelope: Envelope::Bare, retry_after: Some(8) };
    stage.simulator.inject(Fault::new("POST", "/iam/v2/role-bindings", effect));
    stage.apply(&[binding("linus@example.com")]);
    Told::held("arb", "it", "Throttled", &["the vendor limits our rate", "it goes on by itself"]).by(&stage);
    remote(&stage, &format!("mary@example.com {PRODUCTION}"), true);
    stage.settled("arb", "it", "True", "InSync");
    remote(&stage, &format!("linus@example.com {PRODUCTION}"), true);
    remote(&stage, &format!("mary@example.com {PRODUCTION}"), false);
}

#[test]
fn somebody_who_is_not_there_yet_is_followed_after_an_edit() {
    let stage = Stage::new("changed-early");
    let binding = |address| stage.binding("it", email(address), "Operator", environment("env-prod01"), json!({}));
    stage.apply(&[binding("mary@example.com")]);
    stage.settled("arb", "it", "True", "InSync");
    stage.apply(&[binding("nina@example.com")]);
    Told::invalid("arb", "it", "PrincipalNotFound", &["`nina@example.com`"]).by(&stage);
    remote(&stage, &format!("mary@example.com {PRODUCTION}"), true);
    stage.apply(&[stage.user("nina", "nina@example.com", json!({}))]);
    stage.settled("arb", "it", "True", "InSync");
    remote(&stage, &format!("nina@example.com {PRODUCTION}"), true);
    remote(&stage, &format!("mary@example.com {PRODUCTION}"), false);
}
