//! The removal budget at the moment of a removal: what is beyond it is held, the rest is counted first. IO: the ledger.

use std::time::Duration;

use jiff::Timestamp;
use tokio::time::Instant;

use crate::plan::{
    Leave, Removals,
    budget::{HeldRemoval, admit, mark},
};

use super::{
    Author, Job, LONGEST_LAG, Lane, State,
    budget::{Kept, LedgerError},
    failure::Failure,
    realm::Realm,
    task::write,
};

/// How often a record is written over another version before it is left for later.
const TRIES: usize = 5;
/// What was removed so long ago, by any clock, no list still shows.
const LATELY: Duration = Duration::from_hours(24);

/// How many grants are remembered that stay undeclared; with that many, there may be more.
pub(crate) const MOST_RETAINED: usize = 1_000;

/// Leave for one removal, and how much it was counted for.
pub(super) struct Booked {
    pub(super) leave: Leave,
    pub(super) counted: Charge,
}

/// What a removal is called where it is counted, and for how much it was.
pub(super) struct Charge {
    mark: String,
    weight: u32,
}

/// Reads what an earlier lane, or another leader, left behind.
pub(super) async fn load<R: Realm>(lane: &Lane<R>) -> Result<(), Failure> {
    if lane.read().budget.record.is_some() {
        return Ok(());
    }
    let kept = lane.parts.ledger.read().await.map_err(|error| unkept(lane, &error))?;
    lane.write().budget.loaded(kept);
    Ok(())
}

/// What a removal is called where it is held.
fn described<R: Realm>(author: &Author, removal: &R::Removal) -> String {
    format!("{} {} {}", author.object.uid, author.generation, R::canonical(removal))
}

/// For how long a removal of one of those of whom a number has to remain waits: what an earlier lane removed may still be shown,
/// and a look at who remains would count it. How long ago that was is not asked closely, since two clocks would tell it.
pub(super) fn await_former<R: Realm>(lane: &Lane<R>, state: &State<R>) -> Option<Duration> {
    let left = LONGEST_LAG.checked_sub(lane.started.elapsed()).filter(|left| !left.is_zero())?;
    was_lately(state.budget.former.as_ref()?, lane.now(), LATELY).then_some(left)
}

/// Whether it is written down that something was removed so lately.
fn was_lately(removals: &Removals, now: Timestamp, lately: Duration) -> bool {
    removals.counted.iter().any(|entry| now.duration_since(entry.until).unsigned_abs() < lately)
}

/// How much a removal counts, at least one.
fn weight<R: Realm>(state: &State<R>, removal: &R::Removal) -> u32 {
    state.picture.as_ref().map_or(1, |picture| R::weight(removal, picture)).max(1)
}

/// Holds an object's removals from one step on, where the budget has no room for that step.
pub(super) fn hold_back<R: Realm>(lane: &Lane<R>, job: &Job<R::Step>, from: usize) -> Result<(), Failure> {
    let steps = job.steps.get(from..).unwrap_or_default();
    let Some((step, removal)) = steps.iter().find_map(|step| Some((step, R::removal(step)?))) else { return Ok(()) };
    let limits = (lane.parts.limits)();
    let mut state = lane.write();
    let state = &mut *state;
    let first = described::<R>(&job.author, removal);
    let facts = state.budget.facts(&limits, lane.now());
    if facts.is_none_or(|facts| admit(&mark(&first), weight(state, removal), facts).is_some()) {
        return Ok(());
    }
    let one = |step: &R::Step| {
        let removal = R::removal(step)?;
        let words = format!("{}: {step}", job.author.object);
        Some(HeldRemoval { line: described::<R>(&job.author, removal), words, weight: weight(state, removal) })
    };
    let removals = steps.iter().filter_map(one).collect();
    state.budget.hold(&job.author.object, removals, Instant::now());
    Err(Failure::exceeded::<R>(step, &lane.parts.name, state.budget.epoch))
}

/// Leave for one removal, which is counted where a restart finds it before it is made. One that ends administration leaves its time
/// there also where it counts for nothing, since whoever comes next has to wait for it.
pub(super) async fn book<R: Realm>(
    lane: &Lane<R>,
    job: &Job<R::Step>,
    at: usize,
    ends_administration: bool,
) -> Result<Booked, Failure> {
    let Some(removal) = job.steps.get(at).and_then(R::removal) else {
        return Err(Failure::doubt("there is nothing to remove"));
    };
    let mark = mark(&described::<R>(&job.author, removal));
    for _ in 0..TRIES {
        load(lane).await?;
        let limits = (lane.parts.limits)();
        let (admitted, weight, kept) = {
            let state = lane.read();
            let weight = weight(&state, removal);
            let facts = state.budget.facts(&limits, lane.now());
            let admitted = facts.and_then(|facts| admit(&mark, weight, facts));
            (admitted, weight, state.budget.kept.clone().unwrap_or_default())
        };
        let Some(mut admitted) = admitted else {
            hold_back(lane, job, at)?;
            return Err(Failure::doubt("what was removed lately is not known; looking again"));
        };
        let counted = Charge { mark: mark.clone(), weight: if admitted.counted { weight } else { 0 } };
        if ends_administration && !admitted.counted && !was_lately(&kept.removals, lane.now(), LATELY / 2) {
            admitted.record = admitted.record.counting(0, &limits.budget, limits.declared, lane.now());
        } else if !admitted.counted && admitted.record.heard_since(&kept.removals).next().is_none() {
            return Ok(Booked { leave: admitted.leave, counted });
        }
        let written = write(lane, lane.parts.ledger.write(&admitted.record, &kept.version)).await?;
        if let Some(version) = written.map_err(|error| unkept(lane, &error))? {
            let mut state = lane.write();
            state.budget.kept = Some(Kept { removals: admitted.record.clone(), version, ..kept });
            state.budget.record = Some(admitted.record);
            return Ok(Booked { leave: admitted.leave, counted });
        }
        // Somebody wrote something of the object meanwhile.
        let now = lane.parts.ledger.read().await.map_err(|error| unkept(lane, &error))?;
        lane.write().budget.refreshed(now);
    }
    Err(Failure::unkept(&LedgerError::Contended.to_string()))
}

/// A removal that was counted was not made after all.
pub(super) fn give_back<R: Realm>(lane: &Lane<R>, counted: &Charge) {
    let mut state = lane.write();
    let Charge { mark, weight } = counted;
    state.budget.record = state.budget.record.take().map(|record| record.giving_back(mark, *weight));
}

/// A removal was made; the last one that a person said yes to closes that.
pub(super) async fn made<R: Realm>(lane: &Lane<R>, job: &Job<R::Step>, at: usize) {
    let Some(removal) = job.steps.get(at).and_then(R::removal) else { return };
    let mark = mark(&described::<R>(&job.author, removal));
    let closed = {
        let mut state = lane.write();
        let Some(before) = state.budget.record.take() else { return };
        let waited = !before.acknowledged.is_empty();
        let record = state.budget.record.insert(before.without(&mark));
        waited && record.acknowledged.is_empty()
    };
    if closed {
        keep(lane).await;
    }
}

/// Keeps a yes that was just heard, where a restart finds it. Where that fails, the first removal that goes by it does so.
pub(super) async fn keep_heard<R: Realm>(lane: &Lane<R>) {
    if std::mem::take(&mut lane.write().budget.heard) {
        keep(lane).await;
    }
}

/// Takes an acknowledgement off of which an earlier lane made all, and died: once every object has had its say, and none has
/// wanted anything removed since. One that looks at itself again, because its connection was edited, wants nothing for a moment.
pub(super) async fn tidy<R: Realm>(lane: &Lane<R>) {
    let acknowledged = |state: &State<R>| state.budget.record.as_ref().is_some_and(|it| !it.acknowledged.is_empty());
    if !acknowledged(&lane.read()) {
        return;
    }
    {
        let mut state = lane.write();
        let waits = state.failed.keys().any(|uid| !state.budget.holds(uid));
        let wanted = waits || !state.under_way.is_empty() || state.budget.holds_acknowledged();
        if state.budget.quiet_for(wanted, Instant::now()) <= (lane.parts.resync)() {
            return;
        }
        state.budget.record = state.budget.record.take().map(crate::plan::Removals::closed);
    }
    keep(lane).await;
}

/// Writes down what is known of acknowledgements, where that can be done now: what goes by one is recorded again first, and what
/// is done with is taken off for the looks of it alone, since no other removal ever has one of its marks.
async fn keep<R: Realm>(lane: &Lane<R>) {
    for _ in 0..TRIES {
        let (record, kept) = {
            let state = lane.read();
            (state.budget.record.clone().unwrap_or_default(), state.budget.kept.clone().unwrap_or_default())
        };
        match write(lane, lane.parts.ledger.write(&record, &kept.version)).await {
            Ok(Ok(Some(version))) => {
                lane.write().budget.kept = Some(Kept { removals: record, version, ..kept });
                return;
            }
            Ok(Ok(None)) => {}
            Ok(Err(_)) | Err(_) => return,
        }
        let Ok(now) = lane.parts.ledger.read().await else { return };
        lane.write().budget.refreshed(now);
    }
}

/// Remembers grants that stay although nobody declares them any more, so that no removal of what is undeclared takes them. Where
/// too many are remembered none is added, and then nothing undeclared is removed at all.
pub(super) async fn retain<R: Realm>(lane: &Lane<R>, marks: &[String]) -> Result<(), Failure> {
    for _ in 0..TRIES {
        load(lane).await?;
        let (mut record, kept) = {
            let state = lane.read();
            let mut record = state.budget.record.clone().unwrap_or_default();
            if marks.iter().all(|mark| record.retained.contains(mark)) {
                return Ok(());
            }
            // What is gone needs no memory.
            record.retained.retain(|mark| !state.lacking.is_gone(mark));
            (record, state.budget.kept.clone().unwrap_or_default())
        };
        record.retained.extend(marks.iter().cloned());
        if record.retained.len() > MOST_RETAINED {
            tracing::warn!(realm = %lane.parts.name, "more grants stay undeclared than can be remembered");
            record.retained = record.retained.into_iter().take(MOST_RETAINED).collect();
        }
        let written = write(lane, lane.parts.ledger.write(&record, &kept.version)).await?;
        if let Some(version) = written.map_err(|error| unkept(lane, &error))? {
            let mut state = lane.write();
            // The task may have heard a yes meanwhile.
            if let Some(known) = &mut state.budget.record {
                known.retained.clone_from(&record.retained);
            }
            state.budget.kept = Some(Kept { removals: record, version, ..kept });
            return Ok(());
        }
        let now = lane.parts.ledger.read().await.map_err(|error| unkept(lane, &error))?;
        lane.write().budget.refreshed(now);
    }
    Err(Failure::unkept(&LedgerError::Contended.to_string()))
}

fn unkept<R: Realm>(lane: &Lane<R>, error: &LedgerError) -> Failure {
    let (kind, realm) = (R::NOUN, &lane.parts.name);
    tracing::warn!(kind, %realm, error = %crate::telemetry::chain(error), "what was removed could not be kept");
    Failure::unkept(&error.to_string())
}
