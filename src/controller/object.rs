//! The one loop for all kinds: observe, plan, act, report. IO.
//!
//! `observe` is the only reader, `plan` the only chooser, `act` hands the steps to the lane, and `report` is on every path,
//! failures included.

use std::{fmt::Debug, sync::Arc, time::Duration};

use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::{
    ResourceExt,
    runtime::{controller::Action, events::EventType},
};
use tokio::time::Instant;

use crate::{
    api::{CONFIRM_REMOVAL, common::Conditions},
    backend::Purpose,
    plan::{Class, Decision, Fact, Finding, Reason},
    status::{self, Condition, ConditionType, Report},
    telemetry::{Pass, metrics::Reconciled},
};

use super::{
    context::Context,
    event,
    key::ObjectKey,
    lane::{self, Author, Done, Job, Progress, Wake},
    managed::{Managed, Plan, key_of, purpose_of},
    shelf::Guarded,
    write,
};

/// A wait that ends sooner is not worth a write.
const GRACE: Duration = Duration::from_secs(5);
/// The next look after drift was told; the status that tells it comes sooner.
const SOON: Duration = Duration::from_secs(1);
/// Each reconcile ends by then, whatever the API server does.
const DEADLINE: Duration = Duration::from_mins(1);

/// What a failed reconcile could not do.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// The API server did not take a write.
    #[error("{operation} {object}")]
    Kubernetes {
        operation: &'static str,
        object: String,
        #[source]
        source: Box<kube::Error>,
    },
    /// Another replica may lead.
    #[error("this replica no longer leads, so it leaves {0} to its successor")]
    Deposed(String),
    /// Others write it all the time.
    #[error("{0} is changed by others all the time, so its status waits")]
    Contended(String),
    /// It took too long.
    #[error("reconciling {0} took longer than {DEADLINE:?}")]
    Deadline(String),
}

/// One pass over one object.
pub(crate) async fn reconcile<K: Managed>(guarded: Arc<Guarded<K>>, context: Arc<Context>) -> Result<Action, Error> {
    let object = match &guarded.0 {
        Ok(object) => object,
        Err(invalid) => {
            let told = write::undecodable::<K>(invalid, &context).await;
            if let Err(error) = &told {
                tracing::warn!(kind = K::KIND.as_str(), error = %crate::telemetry::chain(error), "reconcile failed");
            }
            context.metrics.reconciled(K::KIND.label(), Reconciled::Invalid);
            return told.map(|()| Action::await_change());
        }
    };
    context.caught_up().await;
    let name = object.name_any();
    let (kind, namespace, generation) =
        (K::KIND.as_str(), object.namespace().unwrap_or_default(), object.meta().generation);
    let id = context.passes.next();
    let span = tracing::info_span!("reconcile", kind, namespace, name, generation, pass = %id);
    let pass = async {
        let pass = tokio::time::timeout(DEADLINE, pass(object, &context)).await;
        pass.unwrap_or_else(|_| Err(Error::Deadline(object.name_any()))).inspect_err(|error| {
            tracing::warn!(error = %crate::telemetry::chain(error), "reconcile failed");
        })
    };
    let result = id.run(span, pass).await;
    let (action, counted) = match result {
        Ok((action, counted)) => (Ok(action), counted),
        Err(error) => (Err(error), Reconciled::Failed),
    };
    context.metrics.reconciled(K::KIND.label(), counted);
    action
}

/// What kube does with an error that reached it, and was told: the API server is tried again soon.
pub(crate) fn after_error<K: Managed>(_: Arc<Guarded<K>>, _: &Error, _: Arc<Context>) -> Action {
    Action::requeue(Duration::from_secs(5))
}

async fn pass<K: Managed>(object: &K, context: &Context) -> Result<(Action, Reconciled), Error> {
    let now = context.settings.outside.now();
    let Some(key) = key_of(object) else {
        return Ok((Action::await_change(), Reconciled::Unchanged));
    };
    let deleting = object.meta().deletion_timestamp.is_some();
    if deleting && !context.memory.is_finalized(object) {
        context.forget(&key);
        return Ok((Action::await_change(), Reconciled::Unchanged));
    }
    // Read before what is decided by it, so that it is never the newer of the two.
    let grounds = context.wake.grounds(&key);
    let facts = object.observe(context).await;
    let mut plan = object.plan(&facts, context, now);
    plan.grounds = grounds;
    drop(facts);
    for other in context.declared.put(&key, object.connection(), &plan.declares, deleting) {
        context.wake.object(&other);
    }
    if plan.lane.is_some() && plan.decision.ready.reason != Reason::OrganizationNotReady {
        context.declared.seen(&key.uid);
    }
    if deleting && plan.decision.released {
        match ready_to_go(&key, &plan).await {
            Ok(()) => return release(object, &key, &plan, context).await.map(|action| (action, Reconciled::Changed)),
            Err(finding) => {
                plan.decision.ready = finding;
                plan.recheck = plan.recheck.min(GRACE);
            }
        }
    }
    if plan.intent.clears && !write::clear_note(object, context).await? {
        return Ok((Action::requeue(GRACE), Reconciled::Unchanged));
    }
    let purpose = if plan.decision.steps.is_empty() { Purpose::Change } else { purpose_of(object, &plan, context) };
    if let Some(drift) = plan.drift.as_deref().filter(|_| !deleting) {
        // Recorded before it is mended: after a crash in between, our own repair would read as somebody's doing.
        if report(object, &key, &plan, &[], context).await? {
            event::publish(object, EventType::Warning, "DriftDetected", drift, context).await;
        }
        return Ok((Action::requeue(SOON), Reconciled::Changed));
    }
    let Some(wait) = act(object, &key, &mut plan, purpose, context).await? else {
        return Ok((Action::await_change(), Reconciled::Unchanged));
    };
    let done = plan.lane.as_ref().map(|lane| lane.take_done(&key.uid)).unwrap_or_default();
    event::done(object, &done, context).await;
    let hold_back = held_back(object, &key, &plan, context);
    let told = hold_back.is_none() && !plan.quiet && report(object, &key, &plan, &done, context).await?;
    let recheck =
        plan.decision.recheck_seconds.and_then(|seconds| u64::try_from(seconds).ok()).map(Duration::from_secs);
    let soonest = [wait, hold_back, recheck].into_iter().flatten().fold(plan.recheck, Duration::min);
    Ok((Action::requeue(soonest.max(Duration::from_millis(100))), counted(&plan.decision, told)))
}

/// How a pass is counted.
fn counted<S>(decision: &Decision<S>, told: bool) -> Reconciled {
    match decision.ready.reason.class() {
        Class::Waiting => Reconciled::Waiting,
        Class::Refused if decision.validated.holds == Some(false) => Reconciled::Invalid,
        Class::Refused => Reconciled::Held,
        Class::Working => Reconciled::Changed,
        Class::Settled if told => Reconciled::Changed,
        Class::Settled => Reconciled::Unchanged,
    }
}

/// Whether a deleted object that has nothing left to do may go, or why not yet.
async fn ready_to_go<K: Managed>(key: &ObjectKey, plan: &Plan<K>) -> Result<(), Finding> {
    let Some(lane) = &plan.lane else { return Ok(()) };
    if let Some(finding) = lane.unsettled(key, plan.intent.inherited) {
        return Err(finding);
    }
    if plan.leaves.is_empty() { Ok(()) } else { lane.retain(&plan.leaves).await }
}

/// Lets a deleted object go.
async fn release<K: Managed>(object: &K, key: &ObjectKey, plan: &Plan<K>, context: &Context) -> Result<Action, Error> {
    let done = plan.lane.as_ref().map(|lane| lane.take_done(&key.uid)).unwrap_or_default();
    event::done(object, &done, context).await;
    if done.is_empty() {
        event::publish(object, EventType::Normal, "Released", &plan.decision.ready.message, context).await;
    }
    context.wake.namesakes(key);
    write::remove_finalizer(object, context).await?;
    if let Some(lane) = &plan.lane {
        lane.settle(&key.uid);
        lane.forget_made(&key.uid);
    }
    context.forget(key);
    tracing::info!(kind = K::KIND.as_str(), object = %key, because = %plan.decision.ready.message, "released");
    context.released(key, object.connection(), done.is_empty());
    Ok(Action::await_change())
}

/// Puts the finalizer on before anything remote is this object's to answer for, and hands the steps over. Returns when
/// to look again, or `None` where the object is not the one that was decided about any more.
async fn act<K: Managed>(
    object: &K,
    key: &ObjectKey,
    plan: &mut Plan<K>,
    purpose: Purpose,
    context: &Context,
) -> Result<Option<Option<Duration>>, Error> {
    let generation = object.meta().generation.unwrap_or_default();
    let deleting = object.meta().deletion_timestamp.is_some();
    let mut fresh = false;
    if plan.decision.owns && !deleting && !context.memory.is_finalized(object) {
        if !write::add_finalizer(object, generation, plan.intent.note.as_deref(), context).await? {
            return Ok(None);
        }
        fresh = true;
    }
    let Some(lane) = plan.lane.clone() else {
        return Ok(Some(None));
    };
    if fresh && plan.intent.note.is_some() {
        lane.note(&key.uid, &std::mem::take(&mut plan.intent.unwritten));
    }
    let confirmed = object.annotations().get(CONFIRM_REMOVAL).cloned().unwrap_or_default();
    let (told, pass) = (lane::told(&plan.decision.steps), Pass::here());
    let author = Author { object: key.clone(), generation, deleting, confirmed, told, purpose, pass };
    if let Some(sweeps) = plan.sweeps.take() {
        lane.sweep(&author, sweeps);
    }
    if plan.decision.steps.is_empty() {
        lane.settle(&key.uid);
        return Ok(Some(None));
    }
    lane.looked(&key.uid, &plan.decision.steps);
    match lane.progress(&author) {
        Progress::UnderWay { throttled } => {
            if let Some(finding) = throttled {
                plan.decision.ready = finding;
            }
            Ok(Some(Some(GRACE)))
        }
        Progress::Failed { finding, retry_in } => {
            say_failure(&mut plan.decision, finding);
            Ok(Some(retry_in))
        }
        Progress::Idle => {
            if !plan.intent.unwritten.is_empty() {
                say(object, key, plan, context).await?;
                // Where it was edited meanwhile, nothing was written.
                fresh = false;
            }
            if !fresh && !write::is_current(object, context).await? {
                return Ok(None);
            }
            lane.note(&key.uid, &plan.intent.unwritten);
            let (steps, overdue) = (plan.decision.steps.clone(), plan.decision.overdue.is_some());
            let job = Job { author, steps, overdue, along: plan.along, until: plan.until, grounds: plan.grounds };
            // Where an earlier job ended meanwhile, the object was woken and decides again.
            if lane.submit(job, plan.ended) { Ok(Some(Some(GRACE))) } else { Ok(None) }
        }
    }
}

fn say_failure<S>(decision: &mut Decision<S>, mut finding: Finding) {
    if finding.reason.class() == Class::Refused {
        if let Some(why) = &decision.overdue {
            finding.message = format!("{why}; its removal is held: {}", finding.message);
        }
        decision.validated = Fact::new(false, finding.reason, finding.message.clone());
    }
    decision.ready = finding;
}

/// How much longer to keep silent: work and waits are told when they last longer than a few seconds. Work that was told before
/// it began, as an intent, is told again no sooner.
fn held_back<K: Managed>(object: &K, key: &ObjectKey, plan: &Plan<K>, context: &Context) -> Option<Duration> {
    let class = plan.decision.ready.reason.class();
    let deleting = object.meta().deletion_timestamp.is_some();
    let waits = matches!(class, Class::Working | Class::Waiting);
    let told = object.status().is_some_and(|status| {
        let ready = K::conditions(status).get(ConditionType::Ready);
        K::observed_generation(status) == object.meta().generation.unwrap_or_default()
            && ready.is_some_and(|ready| ready.reason == plan.decision.ready.reason.as_str())
    });
    if !waits {
        context.memory.stop_waiting(&key.uid);
        return None;
    }
    if told && !deleting && class == Class::Waiting {
        // Another wait begins anew: that a realm is connected again is over before it is worth a write.
        context.memory.stop_waiting(&key.uid);
        return None;
    }
    let since = context.memory.waiting_since(key, Instant::now());
    GRACE.checked_sub(since.elapsed()).filter(|left| !left.is_zero())
}

/// When somebody else than we last changed the object, as the API server has it.
fn changed_at(meta: &ObjectMeta) -> Option<Timestamp> {
    let edits = meta.managed_fields.iter().flatten();
    let theirs = edits.filter(|edit| edit.subresource.is_none() && edit.manager.as_deref() != Some(write::MANAGER));
    let times = theirs.filter_map(|edit| edit.time.as_ref());
    times.chain(&meta.creation_timestamp).chain(&meta.deletion_timestamp).map(|time| time.0).max()
}

/// What the conditions were.
fn said<K: Managed>(object: &K) -> Vec<Condition> {
    object.status().map(|status| K::conditions(status).read()).unwrap_or_default()
}

/// Writes the status where it says something else than before.
async fn say<K: Managed>(object: &K, key: &ObjectKey, plan: &Plan<K>, context: &Context) -> Result<bool, Error> {
    let generation = object.meta().generation.unwrap_or_default();
    let mut facts = vec![(ConditionType::Validated, plan.decision.validated.clone())];
    facts.extend(K::SPECIAL.zip(plan.decision.special.clone()));
    facts.extend(plan.more.iter().cloned());
    let report = Report { ready: &plan.decision.ready, facts: &facts, generation };
    let conditions = status::conditions(&said(object), &report, context.settings.outside.now());
    let status = K::with(plan.status.clone(), generation, Conditions::written(conditions));
    write::status(object, key, &status, context).await
}

/// Writes the status where it says something else than before, and an event where the reason changed.
async fn report<K: Managed>(
    object: &K,
    key: &ObjectKey,
    plan: &Plan<K>,
    done: &[Done],
    context: &Context,
) -> Result<bool, Error> {
    let generation = object.meta().generation.unwrap_or_default();
    let previous = said(object);
    let written = say(object, key, plan, context).await?;
    let first = object.status().is_none_or(|status| K::observed_generation(status) != generation);
    if let Some(changed) = changed_at(object.meta()).filter(|_| written && first) {
        // Clocks differ; nothing is told before it happens.
        let lag = Duration::try_from(context.settings.outside.now().duration_since(changed)).unwrap_or_default();
        context.metrics.lagged(K::KIND.label(), lag);
    }
    let reason = plan.decision.ready.reason;
    let before = previous.iter().find(|condition| condition.kind == ConditionType::Ready.as_str());
    let news = before.is_none_or(|condition| condition.reason != reason.as_str());
    // A step that was made has its own event; a second one that says "in sync" would be noise.
    let has_its_own = reason.class() == Class::Settled && !done.is_empty();
    // What should be gone and cannot go is told by each process once: who watches events may have come since the last.
    let shout = plan.decision.overdue.is_some()
        && reason.class() == Class::Refused
        && context.memory.news(&key.uid, reason.as_str())
        && !written;
    if (written && news && !has_its_own) || shout {
        let kind = if reason.class() == Class::Refused { EventType::Warning } else { EventType::Normal };
        event::publish(object, kind, reason.as_str(), &plan.decision.ready.message, context).await;
    }
    if written {
        for advice in &plan.advice {
            event::publish(object, EventType::Warning, &advice.rule, &advice.message, context).await;
        }
    }
    Ok(written)
}
