//! The lane's task: the only remote reader and writer of a realm once it is connected. IO.
//!
//! What should be gone already is removed first. Then creates go out a few at a time, and removals one by one, each after a
//! fresh look and with a permit. What somebody waits for and only adds also goes out while a listing is read and while
//! something is repaired, which the vendor's rate may draw out.

use std::{collections::HashSet, fmt::Display, pin::pin, sync::Arc, time::Duration};

use futures::{StreamExt, stream};
use tokio::time::Instant;
use tracing::{Instrument, Span};

use crate::{
    backend::{BackendError, ErrorKind, Purpose},
    plan::{Finding, Reason},
};

use super::{
    Author, Done, Job, Lane, State, booking,
    failure::{Failure, Pace},
    listing::Read,
    realm::Realm,
    removal::remove_each,
};

/// Creates under way at once.
const ABREAST: usize = 8;
/// How soon it is looked again whether the vendor takes more.
const LOOK: Duration = Duration::from_millis(250);
/// How long a first listing takes before it is told that it is slow, and any other one: what is slow by a window or two each time
/// would be told and taken back at each resync.
const FIRST_PATIENCE: Duration = Duration::from_secs(10);
const PATIENCE: Duration = Duration::from_mins(5);
/// Longest silence that we keep without looking up.
const LONGEST_NAP: Duration = Duration::from_hours(1);
/// The same while what was removed before is not known.
const SHORT_NAP: Duration = Duration::from_secs(10);

/// Lists and writes until it is aborted.
pub(super) async fn run<R: Realm>(lane: Arc<Lane<R>>) {
    loop {
        // Where that fails, each removal tries once more.
        let loaded = booking::load(&lane).await.is_ok();
        if due(&lane).is_none_or(|at| at <= Instant::now()) {
            beside(&lane, list(&lane), &HashSet::new()).await;
        }
        review(&lane);
        booking::keep_heard(&lane).await;
        booking::tidy(&lane).await;
        let batch = lane.write().next_jobs();
        if batch.is_empty() {
            let news = lane.read().budget.news_due();
            let until = |at: Instant| at.saturating_duration_since(Instant::now());
            let longest = if loaded { LONGEST_NAP } else { SHORT_NAP };
            let nap = [due(&lane), news].into_iter().flatten().map(until).fold(longest, Duration::min);
            let _ = tokio::time::timeout(nap, lane.bell.notified()).await;
            continue;
        }
        work(&lane, batch).await;
    }
}

fn due<R: Realm>(lane: &Lane<R>) -> Option<Instant> {
    let resync = (lane.parts.resync)();
    lane.read().listing.due(resync)
}

pub(super) async fn list<R: Realm>(lane: &Lane<R>) {
    let began = Instant::now();
    let doubters = {
        let mut state = lane.write();
        state.listing.begin();
        std::mem::take(&mut state.doubters)
    };
    let span = tracing::info_span!("list", kind = R::NOUN, realm = lane.parts.name);
    let result = told_where_slow(lane, Purpose::Upkeep.run(lane.parts.realm.list()).instrument(span)).await;
    let now = Instant::now();
    let name = &lane.parts.name;
    let (read, told) = {
        let mut state = lane.write();
        let before = state.listing.trouble().cloned();
        let read = match result {
            Ok(listing) => state.listed(listing, began, now),
            Err(error) => {
                let kind = R::NOUN;
                tracing::warn!(kind, realm = %name, error = %crate::telemetry::chain(&error), "the listing failed");
                state.listing_failed(&error, now);
                Read::Refused
            }
        };
        (read, state.listing.trouble() == before.as_ref())
    };
    if read == Read::Changed || !told {
        lane.parts.wake.connection(R::KIND, name);
    }
    if read == Read::Changed {
        lane.parts.wake.dependents(R::KIND, name);
    }
    lane.forget_gone();
    if read == Read::Refused {
        lane.write().doubters.extend(doubters);
        return;
    }
    // Objects whose next try waited for a listing that began since.
    for key in doubters {
        lane.parts.wake.object(&key);
    }
}

/// Carries a listing out, and tells of it where the vendor's rate draws it out: soon where there is no picture yet.
async fn told_where_slow<R: Realm, T>(lane: &Lane<R>, listing: impl Future<Output = T>) -> T {
    let patience = if lane.read().picture.is_none() { FIRST_PATIENCE } else { PATIENCE };
    let mut listing = pin!(listing);
    loop {
        if let Ok(result) = tokio::time::timeout(patience, &mut listing).await {
            return result;
        }
        if lane.parts.realm.is_used_up(Purpose::Upkeep) && lane.read().listing.trouble().is_none() {
            lane.write().listing.draw_out(R::NOUN);
            lane.parts.wake.connection(R::KIND, &lane.parts.name);
        }
    }
}

/// Carries out something slow, and makes meanwhile what somebody waits for, as far as that only adds: nothing is ever removed
/// beside anything else. A listing may show such a write or not, and the picture has it either way.
async fn beside<R: Realm>(lane: &Lane<R>, slow: impl Future<Output = ()>, being_made: &HashSet<String>) {
    let mut slow = pin!(slow);
    loop {
        let jobs = lane.write().next_additions(being_made);
        if jobs.is_empty() {
            tokio::select! {
                biased;
                () = &mut slow => return,
                () = lane.bell.notified() => continue,
            }
        }
        let mut additions = pin!(add_each(lane, jobs));
        let ended = tokio::select! {
            biased;
            () = &mut slow => true,
            () = &mut additions => false,
        };
        if ended {
            return additions.await;
        }
    }
}

/// Lets go of what the budget held, where that may go on, and tells what it holds.
pub(super) fn review<R: Realm>(lane: &Lane<R>) {
    let idle = {
        let state = lane.read();
        !state.budget.holds_anything() && state.budget.news_due().is_none()
    };
    if idle {
        return;
    }
    let limits = (lane.parts.limits)();
    let settled = lane.started.elapsed() > (lane.parts.resync)();
    let now = Instant::now();
    let (released, news) = {
        let mut state = lane.write();
        let exists = |key: &super::ObjectKey| lane.parts.wake.exists(key);
        let released = state.budget.review(&limits, settled, exists, (lane.now(), now));
        (released, state.budget.publish(now))
    };
    if news {
        lane.parts.wake.connection(R::KIND, &lane.parts.name);
    }
    for key in released {
        lane.parts.wake.object(&key);
    }
}

pub(super) async fn work<R: Realm>(lane: &Lane<R>, batch: Vec<Job<R::Step>>) {
    let (overdue, batch): (Vec<_>, Vec<_>) = batch.into_iter().partition(|job| job.overdue);
    remove_each(lane, overdue).await;
    let (removing, adding): (Vec<_>, Vec<_>) =
        batch.into_iter().partition(|job| job.steps.iter().any(|step| R::removal(step).is_some()));
    let (asked, repairs): (Vec<_>, Vec<_>) = adding.into_iter().partition(|job| job.author.purpose == Purpose::Change);
    add_each(lane, asked).await;
    let being_made = repairs.iter().flat_map(|job| &job.steps).map(ToString::to_string).collect();
    // Where repairs have to wait for the vendor, removals do not wait with them.
    let put_off = !repairs.is_empty() && lane.parts.realm.is_used_up(Purpose::Upkeep);
    let repair = async {
        if !repairs.is_empty() {
            beside(lane, add_each(lane, repairs), &being_made).await;
        }
    };
    if put_off {
        remove_each(lane, removing).await;
        repair.await;
    } else {
        repair.await;
        remove_each(lane, removing).await;
    }
}

/// Makes the steps of jobs that only add, a few jobs at a time.
async fn add_each<R: Realm>(lane: &Lane<R>, jobs: Vec<Job<R::Step>>) {
    let (alone, alike) = told_apart(jobs);
    let one = async |job: Job<R::Step>| {
        let steps = async { finish(lane, &job.author, add(lane, &job).await.map(drop)) };
        job.author.purpose.run(job.author.pass.follow(span(lane, &job.author), steps)).await;
    };
    stream::iter(alone).for_each_concurrent(ABREAST, one).await;
    for job in alike {
        one(job).await;
    }
}

/// Jobs with a step that another one before them has too, such as two objects for one grant, come after it: abreast, both
/// would make it.
fn told_apart<S: Display>(jobs: Vec<Job<S>>) -> (Vec<Job<S>>, Vec<Job<S>>) {
    let mut known = HashSet::new();
    jobs.into_iter().partition(|job| {
        let new: Vec<bool> = job.steps.iter().map(|step| known.insert(step.to_string())).collect();
        new.into_iter().all(|new| new)
    })
}

/// The span of an object's steps, which goes on with that of the reconcile that decided them.
pub(super) fn span<R: Realm>(lane: &Lane<R>, author: &Author) -> Span {
    let (object, realm, pass) = (&author.object, &lane.parts.name, author.pass.id);
    tracing::info_span!("steps", kind = object.kind.as_str(), %object, realm, %pass)
}

/// Makes the steps that add, in order. `false` where one is not wanted any more: what was to come after it, such as the end of
/// what it replaces, waits for another look.
pub(super) async fn add<R: Realm>(lane: &Lane<R>, job: &Job<R::Step>) -> Result<bool, Failure> {
    for step in job.steps.iter().filter(|step| R::removal(step).is_none()) {
        sit_out_pause(lane, Purpose::current()).await;
        // Another object's step, or a listing, was first; this object is woken, and sees it.
        let now = lane.parts.outside.now();
        if lane.read().picture.as_ref().is_some_and(|picture| R::is_made(picture, step, now)) {
            continue;
        }
        if !is_wanted(lane, job, step) {
            return Ok(false);
        }
        let written = write(lane, lane.parts.realm.make(step)).await?;
        let written = written.map_err(|error| {
            if error.kind == ErrorKind::Ambiguous {
                unanswered(lane, &job.author, step);
            }
            failed(lane, step, &error)
        })?;
        note(lane, &job.author, step, &written, None);
    }
    Ok(true)
}

/// Whether a step is still to be made: its object is as it was when it was decided, and its last look wants it.
pub(super) fn is_wanted<R: Realm>(lane: &Lane<R>, job: &Job<R::Step>, step: &R::Step) -> bool {
    let still = lane.read().still_wants(&job.author.object.uid, step);
    still && job.is_wanted(&*lane.parts.wake, lane.parts.outside.now())
}

/// A step may have been made: until a listing tells, its object does not go, and what it asked for is its own.
fn unanswered<R: Realm>(lane: &Lane<R>, author: &Author, step: &R::Step) {
    let (mut state, uid) = (lane.write(), &author.object.uid);
    state.made.doubt(uid, R::granted(step), Instant::now());
    if let Some(grant) = R::granted(step) {
        state.made.add(uid, grant);
    }
}

/// Waits until the vendor takes what steps of that purpose need. Before it is looked at whether they are still wanted: in the
/// client they would wait with what was decided then.
pub(super) async fn sit_out_pause<R: Realm>(lane: &Lane<R>, purpose: Purpose) {
    loop {
        let paused = lane.read().paused_until.filter(|until| Instant::now() < *until);
        if let Some(until) = paused {
            tokio::time::sleep_until(until).await;
        } else if lane.parts.realm.is_used_up(purpose) {
            tokio::time::sleep(LOOK).await;
        } else {
            return;
        }
    }
}

/// Makes a write while this replica leads. One that is under way when the Lease is lost is broken off: it may have
/// happened, as after a crash, but nothing is begun or repeated beside a successor's writes.
pub(super) async fn write<R: Realm, T>(lane: &Lane<R>, call: impl Future<Output = T>) -> Result<T, Failure> {
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

pub(super) fn failed<R: Realm>(lane: &Lane<R>, step: &R::Step, error: &BackendError) -> Failure {
    let (kind, name) = (R::NOUN, &lane.parts.name);
    tracing::warn!(kind, realm = %name, step = %step, error = %crate::telemetry::chain(error), "a step failed");
    let repairs_alone = Purpose::current() == Purpose::Upkeep && !lane.parts.realm.is_used_up(Purpose::Change);
    let mut state = lane.write();
    match error.kind {
        // Where only repairs have to wait, nobody else waits with them.
        ErrorKind::Throttled if repairs_alone => {}
        ErrorKind::Throttled => {
            let wait = error.retry_after.unwrap_or(Duration::from_secs(1));
            state.paused_until = Some(Instant::now() + wait);
        }
        ErrorKind::Conflict | ErrorKind::Ambiguous | ErrorKind::Malformed | ErrorKind::NotFound => state.listing.want(),
        // A right that was taken away shows at the next listing; the next one may be far.
        ErrorKind::Forbidden => state.listing.want_before_long(),
        ErrorKind::CredentialsRejected | ErrorKind::Invalid | ErrorKind::QuotaExceeded | ErrorKind::Unavailable => {}
    }
    Failure::backend::<R>(step, error)
}

/// Takes a write that happened into the picture, and keeps it for the object's event.
pub(super) fn note<R: Realm>(
    lane: &Lane<R>,
    author: &Author,
    step: &R::Step,
    written: &R::Written,
    note: Option<String>,
) {
    let (kind, name) = (R::NOUN, &lane.parts.name);
    tracing::info!(kind, realm = %name, object = %author.object, step = %step, "done");
    let mut state = lane.write();
    if let Some(picture) = &mut state.picture {
        R::apply(picture, written);
    }
    state.version += 1;
    let concerned = R::concerns(written);
    state.touched.extend(concerned.principal);
    state.admins_changed |= concerned.administrators;
    state.unconfirmed.push((written.clone(), Instant::now()));
    if let Some(grant) = R::granted(step) {
        state.made.settle(&author.object.uid, &grant);
        state.made.add(&author.object.uid, grant);
    }
    state.made.end(|granted| R::is_ended(granted, written));
    let (event, text) = R::told(step);
    state.done.entry(author.object.object_uid().to_owned()).or_default().push(Done { event, text, note });
}

/// Ends a job: the object and whoever is concerned are woken.
pub(super) fn finish<R: Realm>(lane: &Lane<R>, author: &Author, result: Result<(), Failure>) {
    let (touched, held) = {
        let mut state = lane.write();
        let uid = &author.object.uid;
        state.end(uid);
        match result {
            Ok(()) => {
                state.failed.remove(uid);
            }
            Err(failure) => fail(&mut state, author, failure),
        }
        let held =
            if std::mem::take(&mut state.admins_changed) { state.held.values().cloned().collect() } else { Vec::new() };
        (std::mem::take(&mut state.touched), held)
    };
    lane.parts.wake.object(&author.object);
    for key in held {
        lane.parts.wake.object(&key);
    }
    for principal in touched {
        lane.parts.wake.person(&lane.parts.name, &principal);
    }
}

fn fail<R: Realm>(state: &mut State<R>, author: &Author, failure: Failure) {
    let uid = &author.object.uid;
    match failure.pace {
        Pace::Doubt => {
            state.listing.want();
            state.doubters.insert(author.object.clone());
        }
        Pace::OnChange(_) | Pace::OnBudget(_) => {
            state.held.insert(uid.clone(), author.object.clone());
        }
        Pace::Soon | Pace::Slow | Pace::After(_) => {}
    }
    let kept = failure.kept(author, state.failed.get(uid), Instant::now());
    state.failed.insert(uid.clone(), kept);
}
