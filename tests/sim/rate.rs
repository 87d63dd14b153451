//! A vendor that limits the rate: what goes first, counted by the vendor.

use std::{collections::BTreeMap, time::Duration};

use roster::{
    access::PrincipalId,
    simulator::{RateLimit, world::Command},
};
use serde_json::json;
use tokio::time::{Instant, sleep};

use crate::stage::{ORGANIZATION, Stage, TEAM, address};

fn limit(stage: &Stage, limit: u32) {
    let limit = RateLimit { limit, window: 60, retry_after: true, headers: true };
    stage.simulator.update(|knobs| knobs.rate_limit = Some(limit)).unwrap();
}

fn reads(stage: &Stage) -> usize {
    stage.simulator.requests().iter().filter(|it| it.method == "GET").count()
}

fn grants(stage: &Stage) -> usize {
    stage.remote_writes().get("POST /iam/v2/role-bindings").copied().unwrap_or_default()
}

fn refused(stage: &Stage) -> usize {
    stage.simulator.requests().iter().filter(|it| it.status == Some(429)).count()
}

fn held(stage: &Stage, role: &str) -> usize {
    let wanted = format!("{} {role} ", address("ada"));
    stage.held().iter().filter(|held| held.starts_with(&wanted)).count()
}

#[tokio::test(start_paused = true)]
async fn a_new_grant_is_made_while_a_resync_waits_for_the_vendors_rate() {
    let stage = Stage::with_user(5, "ada").await;
    let crn = format!("crn://confluent.cloud/organization={ORGANIZATION}/environment=env-prod01");
    for number in 0..3000 {
        let (principal, role) = (PrincipalId::new(format!("u-other{number}")), "Operator".to_owned());
        stage.portal(&Command::PlantBinding { principal, role, crn: crn.clone() });
    }
    // Two resyncs: how much one of them reads, and how the vendor counts.
    sleep(Duration::from_mins(12)).await;
    let before = reads(&stage);
    sleep(Duration::from_mins(10)).await;
    let listing = reads(&stage) - before;
    assert!(listing > 30, "{listing}");
    limit(&stage, 10);
    let begun = reads(&stage);
    stage.until("the next resync waits", |stage| reads(stage) >= begun + 16).await;
    sleep(Duration::from_secs(1)).await;
    let read = reads(&stage);
    stage.binding("ada-reads", "ada", "MetricsViewer").await;
    stage.until("it is granted", |stage| held(stage, "MetricsViewer") == 1).await;
    assert!(reads(&stage) < begun + listing, "the listing ended first");
    assert!(reads(&stage) <= read + 8, "more than a window went by");
    stage.ready("accessrolebindings", "ada-reads").await;
    stage.until("the resync ends", |stage| reads(stage) >= begun + listing).await;
    sleep(Duration::from_mins(15)).await;
    assert_eq!((grants(&stage), held(&stage, "MetricsViewer")), (1, 1));
    // Before the first answer that told it nobody knew of the limit.
    assert!(refused(&stage) <= 4, "{}", refused(&stage));
}

/// So few requests in ten seconds that a listing takes longer than what a removal is judged by may be old.
#[tokio::test(start_paused = true)]
async fn people_and_grants_are_removed_at_any_rate_and_without_a_listing_for_each() {
    for most in [1, 2, 3, 4, 5, 6, 9] {
        let stage = Stage::with_user(11, "ada").await;
        stage.binding("ada-reads", "ada", "MetricsViewer").await;
        stage.portal(&Command::AcceptInvitation { email: address("ada"), full_name: String::new() });
        stage.user("bob").await;
        stage.ready("accessrolebindings", "ada-reads").await;
        stage.ready("confluentusers", "bob").await;
        // The next listing shows that she accepted.
        sleep(Duration::from_mins(12)).await;
        let (before, slow) =
            (stage.remote_writes(), RateLimit { limit: most, window: 10, retry_after: true, headers: true });
        stage.simulator.update(|knobs| knobs.rate_limit = Some(slow)).unwrap();
        let listings = || stage.simulator.requests().iter().filter(|it| it.path == "/iam/v2/users").count();
        let listed = listings();
        let began = Instant::now();
        for (plural, name) in
            [("accessrolebindings", "ada-reads"), ("confluentusers", "ada"), ("confluentusers", "bob")]
        {
            stage.delete(plural, name).await;
        }
        for (plural, name) in
            [("accessrolebindings", "ada-reads"), ("confluentusers", "ada"), ("confluentusers", "bob")]
        {
            stage.gone(plural, name).await;
        }
        // But for those of the resync.
        let resyncs = usize::try_from(began.elapsed().as_secs() / 600).unwrap() + 1;
        assert!(listings() - listed <= resyncs, "{most}: {} listings, {resyncs} resyncs", listings() - listed);
        let removals = |writes: &BTreeMap<String, usize>| -> usize {
            writes.iter().filter(|(what, _)| what.starts_with("DELETE")).map(|(_, times)| times).sum()
        };
        assert_eq!(removals(&stage.remote_writes()) - removals(&before), 3, "{most}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_new_grant_goes_before_repairs_and_all_are_made_once() {
    const MANY: usize = 40;
    let stage = Stage::with_user(6, "ada").await;
    for number in 0..MANY {
        let scope = json!({"environment": "env-prod01", "cluster": "lkc-orders",
            "resource": {"type": "Topic", "name": format!("t-{number}")}});
        let spec = json!({"organizationRef": {"name": "o"}, "principal": {"userRef": {"name": "ada"}},
            "role": "DeveloperRead", "scope": scope});
        let object = json!({"metadata": {"name": format!("t-{number}")}, "spec": spec});
        stage.create("accessrolebindings", TEAM, object).await;
    }
    stage.portal(&Command::AcceptInvitation { email: address("ada"), full_name: String::new() });
    stage.until("all are granted", |stage| held(stage, "DeveloperRead") == MANY).await;
    sleep(Duration::from_mins(25)).await;
    limit(&stage, 20);
    sleep(Duration::from_mins(15)).await;
    let (before, known) = (grants(&stage), refused(&stage));
    assert_eq!(before, MANY);
    while let Some(binding) = stage.a_binding_of(&address("ada")) {
        stage.portal(&Command::Revoke { binding });
    }
    stage.until("some are made again", |stage| grants(stage) >= before + 5).await;
    stage.binding("ada-reads", "ada", "MetricsViewer").await;
    stage.until("the new one is granted", |stage| held(stage, "MetricsViewer") == 1).await;
    let repaired = held(&stage, "DeveloperRead");
    assert!(repaired < MANY, "the repairs went first");
    stage.until("all are granted again", |stage| held(stage, "DeveloperRead") == MANY).await;
    sleep(Duration::from_mins(25)).await;
    assert_eq!((grants(&stage), refused(&stage)), (2 * MANY + 1, known));
    for number in 0..MANY {
        stage.ready("accessrolebindings", &format!("t-{number}")).await;
    }
}
