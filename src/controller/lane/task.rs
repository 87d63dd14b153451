//! The lane's task: the only remote reader and writer of an organization once it is connected. IO.
//!
//! Creates go out a few at a time; removals one by one, each after a fresh look and with a permit.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use futures::{StreamExt, stream};

use crate::{
    access::listing::Binding,
    backend::{BackendError, ErrorKind},
    plan::{Finding, GuardFacts, Inventory, Reason, Removal, Step, Written, binding::survivors, guard},
};

use super::{
    Done, Job, Lane, State,
    failure::{Failure, Pace},
    listing::Read,
};

/// Creates under way at once.
const ABREAST: usize = 8;
/// Jobs taken from the queue at once, so that a new one does not wait behind thousands.
const BATCH: usize = 64;
/// Longest silence that we keep without looking up.
const LONGEST_NAP: Duration = Duration::from_hours(1);

/// Lists and writes until it is aborted.
pub(super) async fn run(lane: Arc<Lane>) {
    loop {
        if due(&lane).is_none_or(|at| at <= Instant::now()) {
            list(&lane).await;
        }
        let batch = take(&lane);
        if batch.is_empty() {
            let nap = due(&lane).map_or(LONGEST_NAP, |at| at.saturating_duration_since(Instant::now()));
            let _ = tokio::time::timeout(nap, lane.bell.notified()).await;
            continue;
        }
        work(&lane, batch).await;
    }
}

fn due(lane: &Lane) -> Option<Instant> {
    let resync = (lane.parts.resync)();
    lane.read().listing.due(resync)
}

async fn list(lane: &Lane) {
    let began = Instant::now();
    let result = lane.parts.backend.list().await;
    let now = Instant::now();
    let name = &lane.parts.name;
    let read = {
        let mut state = lane.write();
        let before = state.listing.failure.clone();
        let read = match result {
            Ok(listing) => state.listed(listing, began, now),
            Err(error) => {
                tracing::warn!(organization = %name, error = %crate::telemetry::chain(&error), "the listing failed");
                state.listing_failed(&error, now);
                Read::Refused
            }
        };
        let told = state.listing.failure == before;
        (read, told)
    };
    match read {
        (Read::Changed, _) => {
            lane.parts.wake.organization(name);
            lane.parts.wake.dependents(name);
        }
        (Read::Same | Read::Refused, false) => lane.parts.wake.organization(name),
        (Read::Same | Read::Refused, true) => {}
    }
    if read.0 != Read::Refused {
        wake_doubters(lane);
    }
}

/// Objects whose next try waits for a listing are looked at again.
fn wake_doubters(lane: &Lane) {
    let waiting: Vec<_> = lane.write().doubters.drain(..).collect();
    for key in waiting {
        lane.parts.wake.object(&key);
    }
}

fn take(lane: &Lane) -> Vec<Job> {
    let mut state = lane.write();
    let count = state.queue.len().min(BATCH);
    state.queue.drain(..count).collect()
}

async fn work(lane: &Lane, batch: Vec<Job>) {
    let (removing, adding): (Vec<Job>, Vec<Job>) = batch.into_iter().partition(|job| job.steps.iter().any(is_removal));
    stream::iter(adding)
        .for_each_concurrent(ABREAST, |job| async move { finish(lane, &job, add(lane, &job).await) })
        .await;
    let mut admins: Option<Result<Vec<Binding>, Failure>> = None;
    for job in removing {
        let result = match add(lane, &job).await {
            Ok(()) => remove_all(lane, &job, &mut admins).await,
            Err(failure) => Err(failure),
        };
        finish(lane, &job, result);
    }
}

fn is_removal(step: &Step) -> bool {
    matches!(step, Step::Remove(_))
}

/// Makes the steps that add, in order.
async fn add(lane: &Lane, job: &Job) -> Result<(), Failure> {
    for step in job.steps.iter().filter(|step| !is_removal(step)) {
        sit_out_pause(lane).await;
        if !lane.parts.wake.wants(job) {
            return Ok(());
        }
        let written = match make(lane, step).await {
            Ok(written) => written,
            Err(failure) => return Err(failure),
        };
        note(lane, job, step, &written, None);
    }
    Ok(())
}

async fn make(lane: &Lane, step: &Step) -> Result<Written, Failure> {
    let written = write(lane, ask(lane, step)).await?;
    written.map_err(|error| failed(lane, step, &error))
}

async fn ask(lane: &Lane, step: &Step) -> Result<Written, BackendError> {
    let backend = &lane.parts.backend;
    match step {
        Step::Invite { email, auth_type } => backend.invite(email.clone(), *auth_type).await.map(Written::Invited),
        Step::Rename { user, full_name } => backend
            .rename(user.clone(), full_name.clone())
            .await
            .map(|()| Written::Renamed { user: user.clone(), full_name: full_name.clone() }),
        Step::Grant(grant) => match backend.grant(grant.clone()).await {
            // After doubt, read: an answer that never came may have been a yes.
            Err(error) if error.kind == ErrorKind::Ambiguous => match backend.find(grant.clone()).await {
                Ok(Some(binding)) => Ok(Written::Granted(binding)),
                Ok(None) | Err(_) => Err(error),
            },
            other => other.map(Written::Granted),
        },
        // Removals take another way; see `remove_all`.
        Step::Remove(_) => Err(BackendError::new(ErrorKind::Invalid, "remove", "a removal was put among additions")),
    }
}

async fn sit_out_pause(lane: &Lane) {
    let pause = lane.read().paused_until;
    if let Some(until) = pause {
        tokio::time::sleep_until(until.into()).await;
    }
}

/// Makes a write while this replica leads. One that is under way when the Lease is lost is broken off: it may have
/// happened, as after a crash, but nothing is begun or repeated beside a successor's writes.
async fn write<T>(lane: &Lane, call: impl Future<Output = T>) -> Result<T, Failure> {
    let _under_way = lane.writes.read().await;
    let leadership = &lane.parts.leadership;
    if !leadership.may_write() {
        return Err(deposed());
    }
    tokio::select! {
        result = call => Ok(result),
        () = leadership.ended() => Err(deposed()),
    }
}

fn deposed() -> Failure {
    Failure {
        finding: Finding::new(Reason::Progressing, "this replica no longer leads; its successor goes on"),
        pace: Pace::Soon,
    }
}

fn failed(lane: &Lane, step: &Step, error: &crate::backend::BackendError) -> Failure {
    tracing::warn!(organization = %lane.parts.name, step = %step, error = %crate::telemetry::chain(error), "a step failed");
    let mut state = lane.write();
    match error.kind {
        ErrorKind::Throttled => {
            let wait = error.retry_after.unwrap_or(Duration::from_secs(1));
            state.paused_until = Some(Instant::now() + wait);
        }
        ErrorKind::Conflict | ErrorKind::Ambiguous | ErrorKind::Malformed | ErrorKind::NotFound => state.listing.want(),
        // A right that was taken away shows at the next listing; the next one may be far.
        ErrorKind::Forbidden => state.listing.want_before_long(),
        ErrorKind::CredentialsRejected | ErrorKind::Invalid | ErrorKind::QuotaExceeded | ErrorKind::Unavailable => {}
    }
    Failure::backend(step, error)
}

/// Makes an object's removals. The administrators are read once for the whole batch; each grant is read for itself.
async fn remove_all(lane: &Lane, job: &Job, admins: &mut Option<Result<Vec<Binding>, Failure>>) -> Result<(), Failure> {
    for step in job.steps.iter().filter(|step| is_removal(step)) {
        let Step::Remove(removal) = step else { continue };
        if lane.read().listing.in_doubt() {
            return Err(Failure::doubt(
                "nothing is removed while a listing that shrank waits for a second one that agrees",
            ));
        }
        sit_out_pause(lane).await;
        if !lane.parts.wake.wants(job) {
            return Ok(());
        }
        if takes_more_along(removal) && !lane.read().listing.is_recent(Instant::now()) {
            lane.write().listing.want();
            return Err(Failure::looking_again());
        }
        if admins.is_none() {
            let read = lane.parts.backend.organization_admins().await;
            *admins = Some(read.map_err(|error| failed(lane, step, &error)));
        }
        let Some(Ok(known)) = admins else {
            let Some(Err(failure)) = admins.take() else { continue };
            return Err(failure);
        };
        let Some(fresh) = look_again(lane, step, removal).await? else {
            lane.write().listing.want();
            return Err(Failure::doubt(format!(
                "a fresh look no longer shows what was to be removed ({step}); listing again"
            )));
        };
        let permit = {
            let state = lane.read();
            let Some(inventory) = &state.inventory else {
                return Err(Failure::doubt("there is no listing to judge a removal by"));
            };
            let protection = (lane.parts.protection)();
            let own = lane.parts.identity.principal.as_ref();
            let facts = GuardFacts { inventory, admins: known, own, protection: &protection };
            guard::pass(fresh.clone(), facts).map_err(|held| Failure::held(held, state.version))?
        };
        let removed_remotely = write(lane, lane.parts.backend.remove(permit)).await?;
        removed_remotely.map_err(|error| failed(lane, step, &error))?;
        forget(known, &fresh);
        removed(lane, job, fresh);
    }
    Ok(())
}

/// Whether a removal takes along what it does not name: an account goes with its bindings and keys, whatever they are.
fn takes_more_along(removal: &Removal) -> bool {
    match removal {
        Removal::Account { .. } | Removal::Invitation { .. } => true,
        Removal::Binding(_) => false,
    }
}

/// Reads what is to be removed once more, by its identity and not by its id.
async fn look_again(lane: &Lane, step: &Step, removal: &Removal) -> Result<Option<Removal>, Failure> {
    let Removal::Binding(binding) = removal else {
        return Ok(Some(removal.clone()));
    };
    let Some(grant) = binding.grant() else {
        return Err(Failure::doubt(format!(
            "`{}` has a form that Roster cannot read, so it is never removed",
            binding.crn
        )));
    };
    let found = lane.parts.backend.find(grant).await.map_err(|error| failed(lane, step, &error))?;
    Ok(found.map(Removal::Binding))
}

fn forget(admins: &mut Vec<Binding>, removal: &Removal) {
    match removal {
        Removal::Binding(binding) => admins.retain(|admin| admin.id != binding.id),
        Removal::Account { user, .. } => admins.retain(|admin| admin.principal != *user),
        Removal::Invitation { user, .. } => admins.retain(|admin| Some(&admin.principal) != user.as_ref()),
    }
}

fn removed(lane: &Lane, job: &Job, removal: Removal) {
    let note_text = match &removal {
        Removal::Binding(binding) => {
            lane.read().inventory.as_ref().and_then(|inventory| survivors(&binding.principal, inventory))
        }
        Removal::Account { .. } | Removal::Invitation { .. } => None,
    };
    note(lane, job, &Step::Remove(removal.clone()), &Written::Removed(removal), note_text);
}

/// Takes a write that happened into the picture, and keeps it for the object's event.
fn note(lane: &Lane, job: &Job, step: &Step, written: &Written, note: Option<String>) {
    tracing::info!(organization = %lane.parts.name, object = %job.object, step = %step, "done");
    let mut state = lane.write();
    if let Some(inventory) = &mut state.inventory {
        inventory.apply(written);
    }
    state.version += 1;
    let principal = match written {
        Written::Granted(binding) | Written::Removed(Removal::Binding(binding)) => Some(binding.principal.clone()),
        Written::Invited(_)
        | Written::Renamed { .. }
        | Written::Removed(Removal::Account { .. } | Removal::Invitation { .. }) => None,
    };
    state.touched.extend(principal);
    state.admins_changed |= match written {
        Written::Granted(binding) | Written::Removed(Removal::Binding(binding)) => {
            Inventory::is_organization_admin(binding)
        }
        Written::Removed(Removal::Account { .. }) => true,
        Written::Invited(_) | Written::Renamed { .. } | Written::Removed(Removal::Invitation { .. }) => false,
    };
    state.unconfirmed.push((written.clone(), Instant::now()));
    state.done.entry(job.object.uid.clone()).or_default().push(Done { step: step.clone(), note });
}

/// Ends a job: the object and whoever is concerned are woken.
fn finish(lane: &Lane, job: &Job, result: Result<(), Failure>) {
    let (touched, held) = {
        let mut state = lane.write();
        let uid = &job.object.uid;
        if state.end(uid) {
            lane.parts.metrics.lane_queue_changed(-1);
        }
        match result {
            Ok(()) => {
                state.failed.remove(uid);
            }
            Err(failure) => fail(&mut state, job, failure),
        }
        let held =
            if std::mem::take(&mut state.admins_changed) { state.held.values().cloned().collect() } else { Vec::new() };
        (std::mem::take(&mut state.touched), held)
    };
    lane.parts.wake.object(&job.object);
    for key in held {
        lane.parts.wake.object(&key);
    }
    for principal in touched {
        lane.parts.wake.person(&lane.parts.name, &principal);
    }
}

fn fail(state: &mut State, job: &Job, failure: Failure) {
    let uid = &job.object.uid;
    match failure.pace {
        Pace::Doubt => {
            state.listing.want();
            state.doubters.push(job.object.clone());
        }
        Pace::OnChange(_) => {
            state.held.insert(uid.clone(), job.object.clone());
        }
        Pace::Soon | Pace::Slow | Pace::After(_) => {}
    }
    let kept = failure.kept(job.generation, state.failed.get(uid), Instant::now());
    state.failed.insert(uid.clone(), kept);
}
