//! What keeps an account, and what outlives a grant.

use roster::{
    access::PrincipalId,
    simulator::world::{Command, KeyResource},
};
use serde_json::json;

use super::{Told, binding_id, email, environment, event, everything};
use crate::stage::Stage;

/// A key of Mary's for the cluster of the orders.
fn key_of_mary(stage: &Stage) -> String {
    let resource = KeyResource::Cluster { environment: "env-prod01".to_owned(), id: "lkc-orders".to_owned() };
    let (display_name, description) = ("laptop".to_owned(), String::new());
    let command = Command::CreateApiKey { owner: PrincipalId::new("u-mary01"), resource, display_name, description };
    stage.simulator.portal(&command).unwrap();
    stage.simulator.inspect(|world, at| {
        let keys = world.contents(at).api_keys;
        keys.iter().find(|key| key.owner.as_str() == "u-mary01").map(|key| key.id.clone()).unwrap()
    })
}

#[test]
fn an_account_stays_while_anything_hangs_on_it() {
    let stage = Stage::unconnected(crate::stage::Theatre::shared(), "remains");
    let key = key_of_mary(&stage);
    stage.apply(&[
        stage.organization(|_| {}),
        stage.user("mary", "mary@example.com", json!({})),
        stage.binding("mary-operates", email("mary@example.com"), "Operator", environment("env-dev001"), json!({})),
    ]);
    stage.settled("cuser", "mary", "True", "InSync");
    stage.settled("arb", "mary-operates", "True", "InSync");
    let before = everything(&stage);
    stage.delete("cuser", "mary");
    let api_key = format!("API key `{key}` for lkc-orders");
    let edit = "set `deletionPolicy: Delete` to delete the account with all of it, or `Retain` to keep it";
    let words = ["the account of `mary@example.com` is kept", "RoleBinding `remains/mary-operates`", &api_key, edit];
    Told::held("cuser", "mary", "AccessRemains", &words).by(&stage);
    assert_eq!(everything(&stage), before);

    stage.delete("arb", "mary-operates");
    stage.gone("arb", "mary-operates");
    let undeclared = "MetricsViewer on environment env-prod01";
    crate::stage::eventually(
        "what no object declares is listed next",
        &mut || crate::stage::message(&stage.get("cuser", "mary").unwrap()).contains(undeclared),
        &mut || format!("{:?}", stage.get("cuser", "mary")),
    );
    stage.portal(&Command::Revoke { binding: binding_id(&stage, "u-mary01", "MetricsViewer") });
    stage.portal(&Command::DeleteApiKey { key });
    stage.relist();
    stage.gone("cuser", "mary");
    assert!(!stage.is_member("mary@example.com"));
    event(&stage, "cuser", "mary", "AccountDeleted");
}

#[test]
fn an_edit_lets_an_account_go_with_all_of_it_or_keeps_it() {
    let stage = Stage::unconnected(crate::stage::Theatre::shared(), "let-go");
    let key = key_of_mary(&stage);
    stage.apply(&[stage.organization(|_| {})]);
    let mary = |more| stage.user("mary", "mary@example.com", more);
    for (policy, member) in [("Retain", true), ("Delete", false)] {
        stage.apply(&[mary(json!({}))]);
        stage.settled("cuser", "mary", "True", "InSync");
        stage.delete("cuser", "mary");
        Told::held("cuser", "mary", "AccessRemains", &["MetricsViewer", key.as_str()]).by(&stage);
        stage.apply(&[mary(json!({"deletionPolicy": policy}))]);
        stage.gone("cuser", "mary");
        assert_eq!(stage.is_member("mary@example.com"), member, "{policy}");
    }
}

#[test]
fn keys_that_outlive_a_grant_are_told() {
    let stage = Stage::unconnected(crate::stage::Theatre::shared(), "survivors");
    let key = key_of_mary(&stage);
    let grant = stage.binding("it", email("mary@example.com"), "MetricsViewer", environment("env-prod01"), json!({}));
    stage.apply(&[stage.organization(|_| {}), grant]);
    stage.settled("arb", "it", "True", "InSync");
    stage.delete("arb", "it");
    stage.gone("arb", "it");
    let note = event(&stage, "arb", "it", "Revoked");
    for part in ["1 API key of `u-mary01` keeps working", &format!("{key} for lkc-orders")] {
        assert!(note.contains(part), "`{part}` is not in: {note}");
    }
}
