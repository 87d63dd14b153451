//! A vendor that limits the rate, on the real API server: who waits with whom, counted by the vendor.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

use roster::simulator::RateLimit;
use serde_json::{Value, json};

use crate::{
    publishers::Fair,
    stage::{Stage, eventually},
};

fn limit(stage: &Stage, limit: u32) {
    let limit = RateLimit { limit, window: 1, retry_after: true, headers: true };
    stage.simulator.update(|knobs| knobs.rate_limit = Some(limit)).unwrap();
}

fn refused(stage: &Stage) -> usize {
    stage.requests().iter().filter(|it| it.status == Some(429)).count()
}

/// Waits until the operator has been told of the limit; gives how often it was refused before.
fn told(stage: &Stage) -> usize {
    let lists = || stage.requests().iter().filter(|it| it.method == "GET").count();
    let before = lists();
    eventually("it is listed again", &mut || lists() >= before + 10, &mut || format!("{} {before}", lists()));
    refused(stage)
}

fn topics(stage: &Stage, count: usize) -> Vec<Value> {
    let object = |number: usize| {
        let topic = json!({"type": "Topic", "name": format!("t-{number}")});
        let scope = json!({"environment": "env-prod01", "cluster": "lkc-orders", "resource": topic});
        stage.binding(&format!("t-{number}"), json!({"email": "mary@example.com"}), "DeveloperRead", scope, json!({}))
    };
    (0..count).map(object).collect()
}

#[test]
fn a_throttled_organization_is_never_overdrawn_and_a_healthy_one_beside_it_never_refused() {
    let often = |object: &mut Value| object["spec"]["resyncInterval"] = json!("10s");
    let throttled = Stage::new("rate-throttled");
    throttled.apply(&[throttled.organization(often)]);
    throttled.settled("corg", "rate-throttled", "True", "InSync");
    let healthy = Stage::new("rate-healthy");
    healthy.settled("corg", "rate-healthy", "True", "InSync");
    limit(&throttled, 4);
    let before = told(&throttled);
    throttled.apply(&topics(&throttled, 24));
    healthy.apply(&topics(&healthy, 3));
    for name in ["t-0", "t-1", "t-2"] {
        healthy.settled("arb", name, "True", "InSync");
    }
    let made = |stage: &Stage| stage.remote_writes().iter().filter(|it| it.starts_with("POST")).count();
    for number in 0..24 {
        throttled.settled("arb", &format!("t-{number}"), "True", "InSync");
    }
    assert_eq!((made(&throttled), made(&healthy)), (24, 3));
    assert_eq!((refused(&throttled), refused(&healthy)), (before, 0));
}

#[test]
fn two_publishers_with_one_credential_share_its_rate() {
    let often = |object: &mut Value| object["spec"]["resyncInterval"] = json!("10s");
    let fair = Fair::open_with("rate-shared", often);
    let stage = &fair.stage;
    let other = "rate-shared-too";
    stage.simulator.add_publisher(other, "The other", "grace@example.com").unwrap();
    let second = fair.publisher(|object| {
        object["metadata"]["name"] = json!(other);
        object["spec"]["publisherId"] = json!(other);
        often(object);
    });
    stage.apply(&[second]);
    stage.settled("publ", other, "True", "InSync");
    limit(stage, 5);
    let before = told_portal(stage);
    let user = |number: usize| {
        let mut object = fair.user(&format!("p-{number}"), &format!("p{number}@example.com"), "Contributor", json!({}));
        if number % 2 == 1 {
            object["spec"]["publisherRef"] = json!({"name": other});
        }
        object
    };
    stage.apply(&(0..12).map(user).collect::<Vec<_>>());
    for number in 0..12 {
        stage.settled("pubuser", &format!("p-{number}"), "True", "InSync");
    }
    assert_eq!((fair.writes().len(), refused(stage)), (12, before));
}

/// The same of a portal, of which one page is all.
fn told_portal(stage: &Stage) -> usize {
    let lists = || stage.requests().iter().filter(|it| it.path.ends_with("/users")).count();
    let before = lists();
    eventually("both are listed again", &mut || lists() >= before + 2, &mut || format!("{} {before}", lists()));
    refused(stage)
}
