//! Everything is deleted in one go, the connection included, as when git loses a folder: what is read meanwhile is true and enough to
//! go on by, and a power cut in the middle changes nothing of it.

use std::time::Duration;

use roster::simulator::{Fault, world::Command};
use serde_json::{Value, json};
use tokio::time::sleep;

use crate::stage::{Stage, TEAM, address, condition};

const PEOPLE: [&str; 3] = ["ada", "bob", "eve"];
const ROLES: [&str; 2] = ["MetricsViewer", "Operator"];
const BINDINGS: &str = "accessrolebindings";
const ORGANIZATIONS: &str = "confluentorganizations";
const USERS: &str = "confluentusers";

/// Three people with two roles each.
async fn peopled(seed: u64) -> Stage {
    let stage = Stage::new(seed).await;
    stage.ready(ORGANIZATIONS, "o").await;
    for name in PEOPLE {
        stage.user(name).await;
        stage.ready(USERS, name).await;
        for role in ROLES {
            stage.binding(&format!("{name}-{}", role.to_lowercase()), name, role).await;
        }
    }
    for name in PEOPLE {
        for role in ROLES {
            stage.ready(BINDINGS, &format!("{name}-{}", role.to_lowercase())).await;
        }
    }
    stage
}

async fn prune(stage: &Stage, whole_namespace: bool) {
    stage.delete(ORGANIZATIONS, "o").await;
    if whole_namespace {
        stage.delete("namespaces", TEAM).await;
        return;
    }
    for name in PEOPLE {
        stage.delete(USERS, name).await;
        for role in ROLES {
            stage.delete(BINDINGS, &format!("{name}-{}", role.to_lowercase())).await;
        }
    }
}

fn said(stage: &Stage, kind: &str) -> String {
    let organization = stage.get(ORGANIZATIONS, "o").unwrap_or_default();
    condition(&organization, kind)["message"].as_str().unwrap_or_default().to_owned()
}

fn of_people(stage: &Stage) -> Vec<String> {
    stage.held().into_iter().filter(|it| PEOPLE.iter().any(|name| it.starts_with(&address(name)))).collect()
}

#[tokio::test(start_paused = true)]
async fn a_kill_in_the_middle_of_pruning_everything_ends_with_the_access_gone_once_and_the_connection_last() {
    for (seed, whole_namespace) in [false, true].into_iter().enumerate() {
        let mut stage = peopled(60 + seed as u64).await;
        let generous = json!({"spec": {"protection": {"removalBudget": {"count": 100}}}});
        stage.edit(ORGANIZATIONS, "o", generous).await;
        // The third removal is made, and nobody hears of it.
        stage.simulator.inject(Fault::hang("DELETE", "/iam/v2/role-bindings").after(2));
        prune(&stage, whole_namespace).await;
        stage.until("it is in the middle", |stage| of_people(stage).len() == 3).await;
        sleep(Duration::from_secs(10)).await;
        stage.crash().await;
        let ready = said(&stage, "Ready");
        let words = "objects refer to this organization and are being deleted, and its credential is kept";
        assert!(ready.contains(words), "{ready}");
        stage.start();
        stage.gone(ORGANIZATIONS, "o").await;
        if whole_namespace {
            stage.until("the namespace is gone", |stage| stage.get("namespaces", TEAM).is_none()).await;
        }
        let ours = |it: &Value| !it["spec"]["organizationRef"].is_null();
        assert!(!stage.memory.all().iter().any(ours), "the connection went last");
        assert_eq!(of_people(&stage), Vec::<String>::new());
        let writes = stage.remote_writes();
        let gone = |what: &str| writes.get(&format!("DELETE /iam/v2/{what}")).copied().unwrap_or_default();
        assert_eq!((gone("role-bindings"), gone("users") + gone("invitations")), (6, 3), "{writes:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_the_budget_holds_of_a_pruned_organization_is_read_on_it_and_let_go_there() {
    for restarts in [false, true] {
        let mut stage = peopled(70).await;
        prune(&stage, false).await;
        stage.until("the rest is held", |stage| !said(stage, "RemovalsHeld").is_empty()).await;
        sleep(Duration::from_mins(1)).await;
        if restarts {
            stage.crash().await;
            stage.start();
            sleep(Duration::from_mins(2)).await;
        }
        let (left, writes) = (of_people(&stage), stage.local_writes());
        assert!(!left.is_empty());
        sleep(Duration::from_mins(4)).await;
        assert_eq!(of_people(&stage), left, "beyond the budget nothing goes unasked");
        assert_eq!(stage.local_writes(), writes, "and nothing is said twice");
        let organization = stage.get(ORGANIZATIONS, "o").unwrap();
        assert_eq!(condition(&organization, "Ready")["reason"], "DependentsExist");
        let digest = organization["status"]["heldRemovals"]["digest"].as_str().unwrap().to_owned();
        let message = said(&stage, "RemovalsHeld");
        assert!(message.ends_with(&format!("corg o access.roster.dev/acknowledge={digest}`")), "{message}");
        let held = |it: &&Value| condition(it, "Ready")["reason"] == "RemovalBudgetExceeded";
        let objects = stage.memory.all();
        let names: Vec<&Value> = objects.iter().filter(held).collect();
        let tells =
            |it: &&Value| condition(it, "Ready")["message"].as_str().unwrap().contains("`kubectl describe corg o`");
        assert!(!names.is_empty() && names.iter().all(tells), "{names:#?}");
        let yes = json!({"metadata": {"annotations": {"access.roster.dev/acknowledge": digest}}});
        stage.edit(ORGANIZATIONS, "o", yes).await;
        stage.until("what was held of their access goes", |stage| of_people(stage).is_empty()).await;
    }
}

/// Two people are withdrawn, one after the other, from a vendor that fails; each withdrawal is held, and acknowledged.
#[tokio::test(start_paused = true)]
async fn acknowledging_one_removal_after_the_other_ends_with_each_of_them_made_once() {
    for restarts in [false, true] {
        let mut stage = Stage::new(80).await;
        stage.ready(ORGANIZATIONS, "o").await;
        for name in PEOPLE {
            stage.user(name).await;
            stage.ready(USERS, name).await;
        }
        let none = json!({"spec": {"protection": {"removalBudget": {"count": 0}}}});
        stage.edit(ORGANIZATIONS, "o", none).await;
        stage.simulator.inject(Fault::status("DELETE", "/iam/v2/invitations", 503).always());
        for (before, name) in ["ada", "bob"].into_iter().enumerate() {
            stage.delete(USERS, name).await;
            stage.until("it is held", |stage| held_removals(stage)["total"] == 1).await;
            let held = held_removals(&stage);
            let entry = format!("{TEAM}/{name}: withdraw the invitation of `{}`", address(name));
            assert_eq!(held["entries"], json!([entry]), "what was let go {before} times is not held again");
            let yes = json!({"metadata": {"annotations": {"access.roster.dev/acknowledge": held["digest"]}}});
            stage.edit(ORGANIZATIONS, "o", yes).await;
            stage.until("it is tried", |stage| reason(stage, name) == "BackendUnavailable").await;
            sleep(Duration::from_mins(2)).await;
        }
        if restarts {
            stage.crash().await;
            stage.start();
        }
        for minute in 0..25 {
            sleep(Duration::from_mins(1)).await;
            assert_eq!(held_removals(&stage), Value::Null, "after {minute} min: {}", stage.tell());
        }
        let well = |knobs: &mut roster::simulator::Knobs| knobs.faults.clear();
        stage.simulator.update(well).unwrap();
        stage.simulator.clear_requests();
        stage.gone(USERS, "ada").await;
        stage.gone(USERS, "bob").await;
        assert_eq!(stage.remote_writes().get("DELETE /iam/v2/invitations"), Some(&2));
        let kept = stage.get(ORGANIZATIONS, "o").unwrap()["status"]["removals"].take();
        assert_eq!((&kept["acknowledged"], &kept["earlier"]), (&Value::Null, &Value::Null));
        // Neither yes stood for anybody else.
        stage.delete(USERS, "eve").await;
        stage.until("it is held", |stage| held_removals(stage)["total"] == 1).await;
        sleep(Duration::from_mins(25)).await;
        assert!(stage.id_of(&address("eve")).is_some());
    }
}

/// A part of what is held goes by somebody else's doing: it is held no longer, and the rest goes when it fits.
#[tokio::test(start_paused = true)]
async fn what_somebody_else_took_away_is_held_no_longer() {
    let stage = Stage::with_user(81, "ada").await;
    let budget =
        |count: u32| json!({"spec": {"resyncInterval": "1m", "protection": {"removalBudget": {"count": count}}}});
    stage.edit(ORGANIZATIONS, "o", budget(0)).await;
    stage.binding("ada-works", "ada", "Operator").await;
    stage.ready(BINDINGS, "ada-works").await;
    stage.edit(BINDINGS, "ada-works", json!({"spec": {"role": "MetricsViewer"}})).await;
    stage.until("the former grant is held", |stage| held_removals(stage)["total"] == 1).await;
    stage.delete(BINDINGS, "ada-works").await;
    stage.until("both are held", |stage| held_removals(stage)["total"] == 2).await;
    sleep(Duration::from_mins(5)).await;
    let id = stage.id_of(&address("ada")).unwrap();
    let binding = stage.simulator.inspect(|world, at| {
        let mut bindings = world.contents(at).bindings.into_iter();
        bindings.find(|it| it.principal.as_str() == id && it.role == "MetricsViewer").unwrap().id.clone()
    });
    stage.portal(&Command::Revoke { binding });
    stage.until("one is held", |stage| held_removals(stage)["total"] == 1).await;
    assert!(held_removals(&stage)["entries"][0].as_str().unwrap().contains("revoke Operator"));
    stage.edit(ORGANIZATIONS, "o", budget(1)).await;
    stage.gone(BINDINGS, "ada-works").await;
    assert_eq!(stage.remote_writes().get("DELETE /iam/v2/role-bindings"), Some(&1));
}

fn held_removals(stage: &Stage) -> Value {
    stage.get(ORGANIZATIONS, "o").unwrap()["status"]["heldRemovals"].take()
}

fn reason(stage: &Stage, name: &str) -> Value {
    condition(&stage.get(USERS, name).unwrap_or_default(), "Ready")["reason"].take()
}

#[tokio::test(start_paused = true)]
async fn objects_that_stand_for_nothing_make_no_room_in_the_budget() {
    let stage = peopled(22).await;
    let spec = json!({"protection": {"removalBudget": {"count": 1, "percent": 20}}});
    stage.edit(ORGANIZATIONS, "o", json!({"spec": spec})).await;
    stage.delegate(&ROLES).await;
    for number in 0..30 {
        stage.binding(&format!("refused-{number}"), "ada", "EnvironmentAdmin").await;
    }
    let refused = |stage: &Stage, number: usize| {
        let object = stage.get(BINDINGS, &format!("refused-{number}")).unwrap();
        condition(&object, "Ready")["reason"] == "DelegationDenied"
    };
    stage.until("all are refused", |stage| (0..30).all(|number| refused(stage, number))).await;
    for name in PEOPLE {
        for role in ROLES {
            stage.delete(BINDINGS, &format!("{name}-{}", role.to_lowercase())).await;
        }
    }
    let held = |stage: &Stage| stage.get(ORGANIZATIONS, "o").unwrap()["status"]["heldRemovals"]["total"].take();
    stage.until("the rest is held", |stage| held(stage) == 5).await;
    sleep(Duration::from_mins(10)).await;
    assert_eq!((held(&stage), of_people(&stage).len()), (json!(5), 5));
}
