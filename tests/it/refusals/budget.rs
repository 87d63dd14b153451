//! The removal budget, from the deletion of many objects to the yes of a person.

use std::{thread, time::Duration};

use serde_json::{Value, json};

use super::{Told, connected, email, event, often};
use crate::{
    replica::House,
    stage::{Stage, condition, eventually, message},
};

const DELETED: &str = "DELETE /iam/v2/role-bindings/";

/// The default budget: five, or a fifth of what is declared.
fn guarded(name: &str) -> Stage {
    connected(name, |object| {
        often(object);
        object["spec"]["protection"] = json!({});
    })
}

/// That many bindings, all of them in force.
fn bind(stage: &Stage, count: usize) -> Vec<String> {
    let names: Vec<String> = (0..count).map(|number| format!("topic-{number:02}")).collect();
    let object = |name: &String| {
        let scope = super::topic("env-prod01", "lkc-orders", name);
        stage.binding(name, email("mary@example.com"), "DeveloperRead", scope, json!({}))
    };
    stage.apply(&names.iter().map(object).collect::<Vec<_>>());
    for name in &names {
        stage.settled("arb", name, "True", "InSync");
    }
    names
}

fn delete_all(stage: &Stage) {
    stage.theatre.done(&["delete", "arb", "--all", "-n", &stage.name, "--wait=false"], "");
}

fn removed(stage: &Stage) -> usize {
    stage.remote_writes().iter().filter(|it| it.starts_with(DELETED)).count()
}

fn left(stage: &Stage, names: &[String]) -> Vec<String> {
    names.iter().filter(|name| stage.get("arb", name).is_some()).cloned().collect()
}

/// Waits until the organization tells that so many are held; gives its object.
fn holding(stage: &Stage, total: u64) -> Value {
    let read = || stage.get("corg", &stage.name).unwrap();
    let holds = || read()["status"]["heldRemovals"]["total"].as_u64().unwrap_or_default() == total;
    eventually(&format!("{total} are held"), &mut || holds(), &mut || format!("{:#}", read()["status"]));
    read()
}

fn acknowledge(stage: &Stage, digest: &str) {
    let annotation = format!("access.roster.dev/acknowledge={digest}");
    stage.theatre.done(&["annotate", "--overwrite", "corg", &stage.name, &annotation], "");
}

#[test]
fn a_budgets_worth_goes_and_the_rest_waits_for_a_yes_to_exactly_that() {
    let stage = guarded("removal-budget");
    let names = bind(&stage, 12);
    delete_all(&stage);
    let organization = holding(&stage, 7);
    assert_eq!(removed(&stage), 5);
    let remaining = left(&stage, &names);
    assert_eq!(remaining.len(), 7);
    for name in &remaining {
        let words = ["revoke DeveloperRead", "`protection.removalBudget`", "`kubectl describe corg removal-budget`"];
        let object = Told::held("arb", name, "RemovalBudgetExceeded", &words).by(&stage);
        assert_eq!(condition(&object, "Stalled")["status"], "True");
    }
    let status = &organization["status"];
    let counted = status["removals"]["counted"].as_array().unwrap();
    assert_eq!(counted.iter().map(|it| it["count"].as_u64().unwrap()).sum::<u64>(), 5);
    let entries = status["heldRemovals"]["entries"].as_array().unwrap();
    let told = |name: &String| entries.iter().any(|it| it.as_str().unwrap().contains(&format!("/{name}: revoke")));
    assert!(entries.len() == 7 && remaining.iter().all(told), "{entries:?}");
    let digest = status["heldRemovals"]["digest"].as_str().unwrap().to_owned();
    let command = format!("`kubectl annotate --overwrite corg removal-budget access.roster.dev/acknowledge={digest}`");
    let held = condition(&organization, "RemovalsHeld");
    assert!(held["status"] == "True" && held["message"].as_str().unwrap().contains(&command), "{held}");
    assert_eq!(condition(&organization, "Ready")["status"], "True");
    assert!(event(&stage, "corg", "removal-budget", "RemovalBudgetExceeded").contains("7 removals are held"));

    // Neither a wrong yes, nor a listing, nor another wish lets anything go.
    acknowledge(&stage, "0123456789abcdef");
    stage.apply(&[stage.binding(
        "one-more",
        email("mary@example.com"),
        "Operator",
        super::environment("env-prod01"),
        json!({}),
    )]);
    stage.settled("arb", "one-more", "True", "InSync");
    stage.delete("arb", "one-more");
    holding(&stage, 8);
    stage.relist();
    assert_eq!(removed(&stage), 5);
    // The yes is late: something else is held by now.
    acknowledge(&stage, &digest);
    thread::sleep(Duration::from_secs(2));
    assert_eq!(removed(&stage), 5);

    let digest = holding(&stage, 8)["status"]["heldRemovals"]["digest"].as_str().unwrap().to_owned();
    acknowledge(&stage, &digest);
    for name in names.iter().map(String::as_str).chain(["one-more"]) {
        stage.gone("arb", name);
    }
    assert_eq!(removed(&stage), 13);
    let gone = || stage.get("corg", "removal-budget").unwrap()["status"]["heldRemovals"].is_null();
    eventually("nothing is held any more", &mut || gone(), &mut String::new);
    let organization = stage.get("corg", "removal-budget").unwrap();
    assert_eq!(condition(&organization, "RemovalsHeld"), Value::Null);
    assert_eq!(organization["status"]["removals"]["acknowledged"], Value::Null, "all that was acknowledged is gone");
}

#[test]
fn a_withdrawn_delegation_takes_a_budgets_worth_and_the_rest_after_a_yes() {
    let stage = guarded("budget-withdrawn");
    let names = bind(&stage, 8);
    stage.apply(&[stage.organization(|object| {
        often(object);
        object["spec"]["protection"] = json!({});
        object["spec"]["delegations"] = json!([]);
    })]);
    let digest = holding(&stage, 3)["status"]["heldRemovals"]["digest"].as_str().unwrap().to_owned();
    assert_eq!(removed(&stage), 5);
    acknowledge(&stage, &digest);
    let denied = |name: &String| {
        let words = ["no delegation of the organization is for namespace `budget-withdrawn`", "`spec.delegations`"];
        Told::invalid("arb", name, "DelegationDenied", &words).by(&stage);
    };
    names.iter().for_each(denied);
    assert_eq!((removed(&stage), left(&stage, &names)), (8, names));
}

#[test]
fn what_shrinks_to_the_budget_goes_and_so_does_all_where_the_budget_is_switched_off() {
    let stage = guarded("budget-shrinks");
    let names = bind(&stage, 8);
    // An edit removes as well, after the new grant is made.
    let edited = &names[0];
    let scope = super::topic("env-prod01", "lkc-orders", edited);
    stage.apply(&[stage.binding(edited, email("mary@example.com"), "DeveloperWrite", scope, json!({}))]);
    stage.settled("arb", edited, "True", "InSync");
    assert_eq!(removed(&stage), 1);
    delete_all(&stage);
    holding(&stage, 4);
    assert_eq!(removed(&stage), 5);
    // Room for one more: what is held still does not fit as a whole.
    let budget = |count: u32| {
        stage.organization(|it| {
            often(it);
            it["spec"]["protection"] = json!({"removalBudget": {"count": count}});
        })
    };
    stage.apply(&[budget(6)]);
    stage.relist();
    assert_eq!(removed(&stage), 5);
    // Three of the four are to stay after all.
    for name in left(&stage, &names).iter().skip(1) {
        let patch = r#"{"spec": {"deletionPolicy": "Retain"}}"#;
        stage.theatre.done(&["patch", "arb", name, "-n", &stage.name, "--type=merge", "-p", patch], "");
        stage.gone("arb", name);
    }
    eventually("the last one fits", &mut || removed(&stage) == 6, &mut || format!("{:?}", stage.remote_writes()));
    // Its object goes a moment after its grant.
    for name in &names {
        stage.gone("arb", name);
    }

    let names = bind(&stage, 4);
    delete_all(&stage);
    holding(&stage, 4);
    stage.apply(&[stage.organization(often)]);
    for name in &names {
        stage.gone("arb", name);
    }
    assert_eq!(stage.get("corg", "budget-shrinks").unwrap()["spec"]["protection"]["removalBudget"]["percent"], 100);
}

#[test]
fn an_account_counts_for_what_falls_with_it() {
    let stage = guarded("budget-account");
    let more = json!({"deletionPolicy": "Delete"});
    stage.apply(&[stage.user("mary", "mary@example.com", more)]);
    stage.settled("cuser", "mary", "True", "InSync");
    bind(&stage, 6);
    stage.delete("cuser", "mary");
    let words = ["delete the account of `mary@example.com`", "`protection.removalBudget`"];
    Told::held("cuser", "mary", "RemovalBudgetExceeded", &words).by(&stage);
    let digest = holding(&stage, 1)["status"]["heldRemovals"]["digest"].as_str().unwrap().to_owned();
    assert!(stage.is_member("mary@example.com"));
    acknowledge(&stage, &digest);
    stage.gone("cuser", "mary");
    assert!(!stage.is_member("mary@example.com"));
}

#[test]
fn neither_a_restart_nor_a_kill_forgets_what_went_or_lets_more_go() {
    let house = House::enter();
    let stage = Stage::unconnected(house.theatre, "budget-restart");
    let first = house.leader("budget-first");
    let organization = stage.organization(|object| {
        often(object);
        object["spec"]["protection"] = json!({"removalBudget": {"window": "1m"}});
    });
    stage.apply(&[organization]);
    stage.settled("corg", "budget-restart", "True", "InSync");
    let names = bind(&stage, 8);
    delete_all(&stage);
    let digest = holding(&stage, 3)["status"]["heldRemovals"]["digest"].as_str().unwrap().to_owned();
    assert_eq!(removed(&stage), 5);
    first.kill();

    let second = house.leader("budget-second");
    let lists = || stage.requests().iter().filter(|it| it.method == "GET" && it.path == "/iam/v2/users").count();
    let before = lists();
    eventually("it is listed again", &mut || lists() > before, &mut || second.said());
    thread::sleep(Duration::from_secs(3));
    assert_eq!(removed(&stage), 5);
    let status = stage.get("corg", "budget-restart").unwrap()["status"].clone();
    assert_eq!(status["heldRemovals"]["digest"], *digest, "the same is held, and stands for the same yes");

    // Killed right after the yes was heard, the next one goes on by it.
    stage.simulator.inject(roster::simulator::Fault::hang("DELETE", "/iam/v2/role-bindings"));
    acknowledge(&stage, &digest);
    eventually("a removal is under way", &mut || removed(&stage) == 6, &mut || second.said());
    second.kill();
    let third = house.leader("budget-third");
    // The object of the removal without an answer stays for as long as a listing may lag: longer than this test.
    let waits_out = |it: &Value| message(it).starts_with("a step was left without an answer");
    let goes = |name: &String| stage.get("arb", name).is_none_or(|it| waits_out(&it));
    eventually("each is gone, or waits", &mut || names.iter().all(goes), &mut || third.said());
    assert_eq!(removed(&stage), 8, "{}", third.said());
}
