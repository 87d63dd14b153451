//! The last owner stays, and so does the operator's own entry.

use super::*;

const GRACE: &str = "grace@example.com";

#[test]
fn the_last_owner_stays_until_there_is_another() {
    let fair = Fair::open("publisher-last-owner");
    let stage = &fair.stage;
    stage.apply(&[fair.user("grace", GRACE, "Owner", json!({"adoption": "Adopt"}))]);
    stage.settled("pubuser", "grace", "True", "InSync");
    stage.apply(&[fair.user("grace", GRACE, "Contributor", json!({"adoption": "Adopt"}))]);
    Told::invalid("pubuser", "grace", "LastOwner", &[GRACE, "0 effective owners besides the operator", "first"])
        .by(stage);
    stage.delete("pubuser", "grace");
    Told::invalid("pubuser", "grace", "LastOwner", &[GRACE]).by(stage);
    assert_eq!(fair.role_of(GRACE).unwrap(), "owner active");
    assert_eq!(fair.writes(), Vec::<String>::new());
    // Another owner is declared, and the held removal goes on by itself.
    stage.apply(&[fair.user("hedy", "hedy@example.com", "Owner", json!({}))]);
    stage.gone("pubuser", "grace");
    assert_eq!(fair.role_of(GRACE), None);
    assert_eq!(fair.role_of("hedy@example.com").unwrap(), "owner active");
}

#[test]
fn a_minimum_of_two_holds_the_second_and_everything_pruned_at_once_ends() {
    let fair = Fair::open_with("publisher-minimum", |it| it["spec"]["protection"] = json!({"minimumOwners": 2}));
    let stage = &fair.stage;
    let owners = ["ada", "hedy"].map(|name| fair.user(name, &format!("{name}@example.com"), "Owner", json!({})));
    stage.apply(&owners);
    for name in ["ada", "hedy"] {
        stage.settled("pubuser", name, "True", "InSync");
    }
    // Grace and one of them have to stay: which of the two goes is the order of deletion.
    stage.delete("pubuser", "ada");
    stage.gone("pubuser", "ada");
    stage.delete("pubuser", "hedy");
    Told::invalid("pubuser", "hedy", "LastOwner", &["its minimum is 2"]).by(stage);
    stage.apply(&[fair.publisher(|it| it["spec"]["protection"] = json!({"minimumOwners": 1}))]);
    stage.gone("pubuser", "hedy");
    let owners: Vec<_> = fair.remote().into_iter().filter(|(_, it)| it == "owner active").map(|(key, _)| key).collect();
    assert_eq!(owners.len(), 2, "{owners:?}");
}

#[test]
fn the_operators_own_entry_is_never_touched() {
    let fair = Fair::open("publisher-own");
    let stage = &fair.stage;
    let own = stage.simulator.operator_application().unwrap();
    let object = |role: &str| {
        let spec = json!({"applicationId": own.client_id, "tenantId": own.tenant,
            "objectId": "e0b5a9d4-7c16-4f2e-b3a8-91d6c2f4a075"});
        fair.object("own", json!({"servicePrincipal": spec, "role": role, "adoption": "Adopt"}))
    };
    stage.apply(&[object("Contributor")]);
    Told::held("pubuser", "own", "OwnPublisherRole", &["another owner must do it in the portal"]).by(stage);
    stage.delete("pubuser", "own");
    Told::held("pubuser", "own", "OwnPublisherRole", &["deletionPolicy: Retain"]).by(stage);
    let retain = json!({"spec": {"deletionPolicy": "Retain"}}).to_string();
    stage.theatre.done(&["patch", "pubuser", "own", "-n", &stage.name, "--type=merge", "-p", &retain], "");
    stage.gone("pubuser", "own");
    assert_eq!(fair.writes(), Vec::<String>::new());
}

#[test]
fn what_is_not_delegated_is_denied_and_tells_nothing_of_the_portal() {
    let fair = Fair::open_with("publisher-delegation", |it| {
        it["spec"]["delegations"][0]["add"] = json!([{"roles": ["Contributor"], "emailDomains": ["example.com"]}]);
    });
    let stage = &fair.stage;
    stage.apply(&[
        fair.user("fine", "ada@example.com", "Contributor", json!({})),
        fair.user("owner", GRACE, "Owner", json!({"adoption": "Adopt"})),
        fair.user("stranger", "eve@elsewhere.example", "Contributor", json!({})),
    ]);
    stage.settled("pubuser", "fine", "True", "InSync");
    let words = ["the delegation `story` may not add anybody as Owner", "spec.delegations"];
    let denied = Told::invalid("pubuser", "owner", "DelegationDenied", &words).by(stage);
    assert_eq!(denied["status"].get("role"), None, "{denied}");
    Told::invalid("pubuser", "stranger", "DelegationDenied", &["elsewhere.example"]).by(stage);
    stage.delete("pubuser", "owner");
    stage.gone("pubuser", "owner");
    assert_eq!(fair.role_of(GRACE).unwrap(), "owner active");
    stage.apply(&[fair.publisher(|_| {})]);
    stage.settled("pubuser", "stranger", "True", "InSync");
}

#[test]
fn more_removals_than_the_budget_has_wait_for_a_yes() {
    let budget = json!({"removalBudget": {"count": 1, "percent": 0}});
    let fair = Fair::open_with("publisher-budget", |it| it["spec"]["protection"] = budget);
    let stage = &fair.stage;
    let names = ["ada", "hedy", "mary"];
    stage.apply(&names.map(|name| fair.user(name, &format!("{name}@example.com"), "Contributor", json!({}))));
    for name in names {
        stage.settled("pubuser", name, "True", "InSync");
    }
    stage.delete("pubuser", "ada");
    stage.gone("pubuser", "ada");
    stage.delete("pubuser", "hedy");
    let words = ["remove `hedy@example.com`", "`kubectl describe publ publisher-budget`"];
    Told::held("pubuser", "hedy", "RemovalBudgetExceeded", &words).by(stage);
    stage.delete("pubuser", "mary");
    let held = || stage.get("publ", "publisher-budget").unwrap()["status"]["heldRemovals"].clone();
    crate::stage::eventually("two are held", &mut || held()["total"] == 2, &mut || held().to_string());
    assert!(fair.role_of("hedy@example.com").is_some());
    let annotation = format!("access.roster.dev/acknowledge={}", held()["digest"].as_str().unwrap());
    stage.theatre.done(&["annotate", "publ", "publisher-budget", &annotation], "");
    stage.gone("pubuser", "hedy");
    stage.gone("pubuser", "mary");
    assert_eq!(fair.role_of("mary@example.com"), None);
}
