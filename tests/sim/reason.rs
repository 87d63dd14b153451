//! Every reason that a condition can give is given: each by a short story of its own, since chance comes to some of them rarely.
//!
//! What cannot come about here stands in a list of its own, with why; one that does come about fails.

mod connection;
mod declared;
mod guarded;
mod member;
mod vendor;

use std::{
    collections::BTreeSet,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

use futures::future::LocalBoxFuture;
use roster::{
    plan::Reason::{self, *},
    simulator::world::Command,
};
use serde_json::{Value, json};

use crate::stage::{Stage, TEAM};

/// A story, and the reasons that it is for.
struct Story {
    name: &'static str,
    reasons: &'static [Reason],
    play: fn() -> LocalBoxFuture<'static, Stage>,
}

/// Reasons that this stage has no way to, with why.
const OUT_OF_REACH: &[(Reason, &str)] = &[];

fn all() -> Vec<Story> {
    let parts = [declared::stories(), connection::stories(), vendor::stories(), guarded::stories(), member::stories()];
    parts.into_iter().flatten().collect()
}

#[test]
fn every_reason_is_given_by_a_story() {
    let stories = all();
    let (next, told) = (AtomicUsize::new(0), Mutex::new((BTreeSet::new(), Vec::new())));
    let work = || {
        while let Some(story) = stories.get(next.fetch_add(1, Ordering::Relaxed)) {
            let runtime =
                tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
            let play = || runtime.block_on(async { (story.play)().await.memory.reasons() });
            match catch_unwind(AssertUnwindSafe(play)) {
                Ok(given) => {
                    let missing: Vec<_> = story.reasons.iter().filter(|it| !given.contains(it.as_str())).collect();
                    let mut told = told.lock().unwrap();
                    if !missing.is_empty() {
                        told.1.push(format!("{}: {missing:?} not among {given:?}", story.name));
                    }
                    told.0.extend(given);
                }
                Err(cause) => {
                    let cause = cause.downcast_ref::<String>().cloned().unwrap_or_default();
                    told.lock().unwrap().1.push(format!("{}: {cause}", story.name));
                }
            }
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(work);
        }
    });
    let (given, failures) = told.into_inner().unwrap();
    assert!(failures.is_empty(), "{}", failures.join("\n"));
    let promised: BTreeSet<&str> = stories.iter().flat_map(|it| it.reasons).map(|it| it.as_str()).collect();
    let out_of_reach: BTreeSet<&str> = OUT_OF_REACH.iter().map(|(it, _)| it.as_str()).collect();
    let all: BTreeSet<&str> = Reason::ALL.iter().map(|it| it.as_str()).collect();
    let missing: BTreeSet<&str> = all.difference(&promised).copied().collect();
    assert_eq!(missing, out_of_reach, "no story is for the first of these");
    let reached: Vec<&&str> = out_of_reach.iter().filter(|it| given.contains(**it)).collect();
    assert!(reached.is_empty(), "in reach after all: {reached:?}");
    eprintln!("{} of {} reasons, by {} stories", promised.len(), Reason::ALL.len(), stories.len());
}

const ORGANIZATIONS: &str = "confluentorganizations";
const USERS: &str = "confluentusers";
const BINDINGS: &str = "accessrolebindings";
const MEMBERS: &str = "publisherusers";

/// A connected organization.
async fn connected() -> Stage {
    let stage = Stage::new(1).await;
    stage.ready(ORGANIZATIONS, "o").await;
    stage
}

/// Declares a binding of the team.
async fn declare(stage: &Stage, name: &str, principal: Value, role: &str, scope: Value, more: Value) {
    let mut spec = json!({"organizationRef": {"name": "o"}, "principal": principal, "role": role, "scope": scope});
    for (field, value) in more.as_object().into_iter().flatten() {
        spec[field] = value.clone();
    }
    stage.create(BINDINGS, TEAM, json!({"metadata": {"name": name}, "spec": spec})).await;
}

/// The same for Mary, who is there.
async fn mary(stage: &Stage, name: &str, role: &str, more: Value) {
    declare(stage, name, email("mary"), role, environment(), more).await;
}

/// The same as an administrator, who is taken over where there.
async fn administrator(stage: &Stage, name: &str) {
    let adopts = json!({"adoption": "Adopt"});
    declare(stage, name, email(name), "OrganizationAdmin", json!({"organization": {}}), adopts).await;
    stage.ready(BINDINGS, name).await;
}

fn email(name: &str) -> Value {
    json!({"email": format!("{name}@example.com")})
}

fn environment() -> Value {
    json!({"environment": "env-prod01"})
}

/// Waits until some object gave that reason.
async fn given(stage: &Stage, reason: Reason) {
    stage.until(&format!("{reason} is given"), |stage| stage.memory.reasons().contains(reason.as_str())).await;
}

/// Edits what protects the organization.
async fn protect(stage: &Stage, protection: Value) {
    stage.edit(ORGANIZATIONS, "o", json!({"spec": {"protection": protection}})).await;
}

/// Takes the operator's role away in the portal, and gives it others.
fn demote(stage: &Stage, roles: &[(&str, &str)]) {
    let organization = "crn://confluent.cloud/organization=9bb441c4-edef-46ac-8a41-c49e44a3fd9a";
    for (role, place) in roles {
        let (principal, role) = ("User:sa-roster".to_owned(), (*role).to_owned());
        stage.portal(&Command::Grant { principal, role, crn: format!("{organization}{place}") });
    }
    let binding = stage.simulator.inspect(|world, at| {
        let bindings = world.contents(at).bindings;
        let own = bindings.iter().find(|it| it.principal.as_str() == "sa-roster" && it.role == "OrganizationAdmin");
        own.unwrap().id.clone()
    });
    stage.portal(&Command::Revoke { binding });
}
