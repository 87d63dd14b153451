//! The laws, as far as a run can break them.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use serde_json::Value;
use tokio::time::{Instant, sleep};

use crate::{
    stage::{Stage, address, condition},
    way::Change,
};

use super::step::Step;

/// How long a write that was right when it was decided may take to arrive.
const ON_ITS_WAY: Duration = Duration::from_secs(1);
/// The fewest administrators that the organization's object wants.
const MINIMUM: usize = 2;

/// What was declared, since when, and until when.
#[derive(Clone, Copy, Debug)]
struct Declared {
    since: Instant,
    until: Option<Instant>,
}

/// What a run has seen.
pub(super) struct Laws {
    /// Grants, as `who role place`, and people by address.
    declared: BTreeMap<String, Declared>,
    steps: Vec<String>,
    changes: Vec<Change>,
}

/// What the objects declare now: grants, and people.
fn declared_now(stage: &Stage) -> BTreeSet<String> {
    let alive = stage.memory.all().into_iter().filter(|it| it["metadata"]["deletionTimestamp"].is_null());
    alive.filter_map(|object| grant(&object).or_else(|| person(&object))).collect()
}

fn person(object: &Value) -> Option<String> {
    (object["kind"] == "ConfluentUser").then(|| object["spec"]["email"].as_str().unwrap().to_owned())
}

/// What a binding answers for by its status: after an edit, the old grant until it is revoked, and what it set out on.
fn recorded(object: &Value) -> Vec<String> {
    let granting = object["status"]["granting"].as_array();
    granting.into_iter().flatten().chain([&object["status"]["grant"]]).filter_map(told).collect()
}

fn told(grant: &Value) -> Option<String> {
    let (who, role, crn) = (grant["principal"].as_str()?, grant["role"].as_str()?, grant["crn"].as_str()?);
    let place = if crn.contains("/environment=") { "environment env-prod01" } else { "the organization" };
    Some(format!("{who} {role} {place}"))
}

/// A binding as the organization would tell it.
fn grant(object: &Value) -> Option<String> {
    let who = object["spec"]["principal"]["userRef"]["name"].as_str()?;
    let role = object["spec"]["role"].as_str()?;
    let place = if role == "OrganizationAdmin" { "the organization" } else { "environment env-prod01" };
    Some(format!("{} {role} {place}", address(who)))
}

impl Laws {
    pub(super) fn new(stage: &Stage) -> Self {
        stage.changes.take();
        Self { declared: BTreeMap::new(), steps: Vec::new(), changes: Vec::new() }
    }

    /// Notes what a step changed of what is declared.
    pub(super) fn played(&mut self, step: &Step, stage: &Stage) {
        let now = Instant::now();
        self.steps.push(format!("{:?} {step:?}", stage.simulator.now()));
        let present = declared_now(stage);
        for (_, gone) in self.declared.iter_mut().filter(|(what, it)| it.until.is_none() && !present.contains(*what)) {
            gone.until = Some(now);
        }
        for what in present {
            let known = self.declared.entry(what).or_insert(Declared { since: now, until: None });
            if known.until.take().is_some() {
                known.since = now;
            }
        }
    }

    /// What holds after each step.
    pub(super) fn safe(&mut self, stage: &Stage) {
        for change in stage.changes.take() {
            let broken = self.broken(&change);
            self.changes.push(change);
            if let Some(law) = broken {
                self.fail(stage, &law);
            }
        }
    }

    fn broken(&self, change: &Change) -> Option<String> {
        let (before, after) = (&change.before, &change.after);
        if after.administrators < before.administrators && after.administrators < MINIMUM {
            return Some(format!("law 1: {} administrators are left", after.administrators));
        }
        let set = |held: &[String]| held.iter().cloned().collect::<BTreeSet<String>>();
        let (had, has) = (set(&before.held), set(&after.held));
        let came = has.difference(&had).chain(after.people.difference(&before.people));
        for what in came.clone() {
            let known = self.declared.get(what);
            let rightly = known.is_some_and(|it| it.until.is_none_or(|until| change.at - until <= ON_ITS_WAY));
            if !rightly {
                return Some(format!("law 2: nobody declares what was granted: {what}"));
            }
        }
        for what in had.difference(&has).chain(before.people.difference(&after.people)) {
            let Some(known) = self.declared.get(what) else {
                return Some(format!("law 2: what was removed was never declared: {what}"));
            };
            if known.until.is_none() && change.at - known.since > ON_ITS_WAY {
                return Some(format!("law 2: what was removed is declared: {what}"));
            }
        }
        let carried_out = matches!(change.status, 200..300 | 409);
        if change.request.starts_with("POST") && carried_out && came.count() == 0 {
            return Some("law 3: what was to be created was there".to_owned());
        }
        None
    }

    /// What holds once nothing is declared, broken or done by hand any more.
    pub(super) async fn quiet(&mut self, stage: &mut Stage) {
        stage.simulator.update(|knobs| knobs.faults.clear()).unwrap();
        sleep(Duration::from_hours(1)).await;
        self.safe(stage);
        let written = (stage.remote_writes(), stage.local_writes());
        sleep(Duration::from_mins(30)).await;
        stage.crash().await;
        stage.start();
        sleep(Duration::from_mins(30)).await;
        if (stage.remote_writes(), stage.local_writes()) != written {
            let now = (stage.remote_writes(), stage.local_writes());
            self.fail(stage, &format!("law 5: something is still written: {written:#?}\n{now:#?}"));
        }
        let held = stage.held();
        let mut known = BTreeSet::new();
        for object in stage.memory.all() {
            let Some(what) = grant(&object).or_else(|| person(&object)) else { continue };
            let ready = condition(&object, "Ready");
            // Who is not declared may be any day.
            let waits = ready["reason"] == "PrincipalNotFound";
            let reconciling = condition(&object, "Reconciling")["status"] == "True" && !waits;
            let going = !object["metadata"]["deletionTimestamp"].is_null();
            if reconciling || (going && ready["status"] == "True") {
                self.fail(stage, &format!("law 5: {what} never comes to an end: {ready}"));
            }
            let current = object["status"]["observedGeneration"] == object["metadata"]["generation"];
            let is_grant = object["kind"] == "RoleBinding";
            if !going && is_grant && ready["status"] == "True" && !(current && held.contains(&what)) {
                self.fail(stage, &format!("law 5: {what} is told to be as declared: {ready}"));
            }
            known.insert(what);
            known.extend(recorded(&object));
        }
        if let Some(left) = held.iter().find(|it| it.contains("@partner.example") && !known.contains(*it)) {
            self.fail(stage, &format!("law 6: nothing stands for what is left: {left}"));
        }
    }

    fn fail(&self, stage: &Stage, law: &str) -> ! {
        let changes: Vec<String> = self.changes.iter().map(|it| format!("{} {}", it.status, it.request)).collect();
        panic!("{law}\nsteps: {:#?}\nchanges: {changes:#?}\n{}", self.steps, stage.tell());
    }
}
