//! A namespace of a hundred bindings is deleted, under the budget that nobody set: what goes unasked, what waits, and how long it
//! takes after a yes.

use std::{collections::BTreeSet, time::Duration};

use roster::simulator::RateLimit;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use crate::stage::{Stage, TEAM, condition};

const BINDINGS: &str = "accessrolebindings";
const ORGANIZATIONS: &str = "confluentorganizations";
const COUNT: usize = 100;
/// A fifth of a hundred.
const WORTH: usize = 20;
/// How many are told by name.
const SHOWN: usize = 20;
/// Within how many resyncs of the yes the namespace is gone, as the README says.
const RESYNCS: usize = 1;
/// The time between two of them, which nobody set either.
const RESYNC: Duration = Duration::from_mins(10);

fn topic(number: usize) -> String {
    format!("topic-{number:02}")
}

/// All of them in force.
async fn bound(seed: u64) -> Stage {
    let stage = Stage::new(seed).await;
    stage.ready(ORGANIZATIONS, "o").await;
    for name in (0..COUNT).map(topic) {
        let resource = json!({"type": "Topic", "name": name});
        let scope = json!({"environment": "env-prod01", "cluster": "lkc-orders", "resource": resource});
        let spec = json!({"organizationRef": {"name": "o"}, "principal": {"email": "mary@example.com"},
            "role": "DeveloperRead", "scope": scope});
        stage.create(BINDINGS, TEAM, json!({"metadata": {"name": name}, "spec": spec})).await;
    }
    for name in (0..COUNT).map(topic) {
        stage.ready(BINDINGS, &name).await;
    }
    stage
}

/// How many of the hundred are held by the vendor.
fn in_force(stage: &Stage) -> usize {
    stage.held().iter().filter(|it| it.starts_with("mary@example.com DeveloperRead ")).count()
}

fn left(stage: &Stage) -> BTreeSet<String> {
    (0..COUNT).map(topic).filter(|name| stage.get(BINDINGS, name).is_some()).collect()
}

fn listings(stage: &Stage) -> usize {
    stage.simulator.requests().iter().filter(|it| it.method == "GET" && it.path == "/iam/v2/users").count()
}

fn held(stage: &Stage) -> Value {
    stage.get(ORGANIZATIONS, "o").unwrap()["status"]["heldRemovals"].take()
}

/// What is told of those that are left: on each, and on the organization. Answers with the digest.
fn told(stage: &Stage, names: &BTreeSet<String>) -> String {
    let held = held(stage);
    assert_eq!(held["total"], names.len());
    let line = |name: &String| {
        json!(format!("{TEAM}/{name}: revoke DeveloperRead on topic {name} in lkc-orders for u-mary01"))
    };
    let first: Vec<Value> = names.iter().take(SHOWN).map(line).collect();
    assert_eq!(held["entries"], json!(first));
    for name in names {
        let ready = condition(&stage.get(BINDINGS, name).unwrap(), "Ready");
        assert_eq!(ready["reason"], "RemovalBudgetExceeded", "{name}: {ready}");
    }
    let digest = held["digest"].as_str().unwrap().to_owned();
    let message = condition(&stage.get(ORGANIZATIONS, "o").unwrap(), "RemovalsHeld")["message"].take();
    assert!(message.as_str().unwrap().contains(&format!("access.roster.dev/acknowledge={digest}")), "{message}");
    digest
}

/// What else there is when the yes comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Moment {
    Quiet,
    AfterARestart,
    BesideAListing,
    /// At so few requests a minute that the removals take several.
    AtASlowVendor,
}

#[tokio::test(start_paused = true)]
async fn of_a_deleted_namespace_a_budgets_worth_goes_and_all_the_rest_within_a_resync_of_a_yes() {
    for moment in [Moment::Quiet, Moment::AfterARestart, Moment::BesideAListing, Moment::AtASlowVendor] {
        let mut stage = bound(90).await;
        let others: Vec<String> =
            stage.held().into_iter().filter(|it| !it.starts_with("mary@example.com DeveloperRead ")).collect();
        stage.delete("namespaces", TEAM).await;
        let rest = COUNT - WORTH;
        stage.until("the rest is held", |stage| held(stage)["total"] == rest).await;
        let names = left(&stage);
        assert_eq!((in_force(&stage), names.len()), (rest, rest));
        if moment == Moment::AfterARestart {
            stage.crash().await;
            stage.start();
        }
        // Longer than the window, and than several listings: time lets nothing go, and says nothing anew.
        sleep(Duration::from_mins(30)).await;
        let writes = stage.local_writes();
        sleep(Duration::from_mins(40)).await;
        assert_eq!((in_force(&stage), left(&stage)), (rest, names.clone()));
        assert_eq!(stage.local_writes(), writes);
        let digest = told(&stage, &names);

        if moment == Moment::AtASlowVendor {
            let slow = RateLimit { limit: 60, window: 60, retry_after: true, headers: true };
            stage.simulator.update(|knobs| knobs.rate_limit = Some(slow)).unwrap();
        }
        let before = listings(&stage);
        if moment == Moment::BesideAListing {
            stage.until("it is listed", |stage| listings(stage) > before).await;
        }
        let yes = json!({"metadata": {"annotations": {"access.roster.dev/acknowledge": digest}}});
        stage.edit(ORGANIZATIONS, "o", yes).await;
        let since = Instant::now();
        stage.until("the namespace is gone", |stage| stage.get("namespaces", TEAM).is_none()).await;
        let (listed, took) = (listings(&stage) - before, since.elapsed());
        let most = if moment == Moment::BesideAListing { RESYNCS } else { 0 };
        assert!(listed <= most, "{moment:?}: {listed} listings, {took:?}");
        assert!(took < RESYNC, "{moment:?}: {took:?}");
        assert_eq!((left(&stage), stage.held()), (BTreeSet::new(), others));
        sleep(Duration::from_mins(15)).await;
        let asked = stage.simulator.requests();
        let removed = || asked.iter().filter(|it| it.method == "DELETE" && it.status != Some(429));
        let different: BTreeSet<&str> = removed().map(|it| it.path.as_str()).collect();
        assert_eq!((removed().count(), different.len()), (COUNT, COUNT), "{moment:?}: none twice");
        assert_eq!(held(&stage), Value::Null);
    }
}
