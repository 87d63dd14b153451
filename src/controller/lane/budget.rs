//! What a lane keeps of the removal budget: what went, what is held, and when that may go on. No IO.

use std::{collections::HashMap, time::Duration};

use futures::future::BoxFuture;
use jiff::Timestamp;
use tokio::time::Instant;

use crate::plan::budget::{Acknowledged, BudgetFacts, HeldRemoval, HeldSet, RemovalBudget, Removals};

use super::super::key::ObjectKey;

/// What is held is told when it has been the same for that long,
const QUIET: Duration = Duration::from_secs(2);
/// and at the latest then.
const LONGEST_SILENCE: Duration = Duration::from_secs(10);

/// What the owner says about removals, as of now.
#[derive(Clone, Debug)]
pub(crate) struct Limits {
    pub(crate) budget: RemovalBudget,
    /// How many grants are declared.
    pub(crate) declared: u32,
    /// The digest that a person said yes to.
    pub(crate) acknowledged: Option<String>,
}

/// What is kept of removals, as it was read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Kept {
    pub(crate) removals: Removals,
    /// How many were held when that was last told.
    pub(crate) held: u32,
    /// How much the last listing held, by the names that the status has for its parts.
    pub(crate) counts: HashMap<String, u32>,
    /// The version of the object that keeps it.
    pub(crate) version: String,
}

/// Why what is kept of removals could not be read or written.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LedgerError {
    /// The API server did not answer as it should.
    #[error("{0} the status of the object that keeps what was removed")]
    Kubernetes(&'static str, #[source] Box<kube::Error>),
    /// It is not the object that the lane belongs to.
    #[error("the object that keeps what was removed is gone")]
    Gone,
    /// Others write it all the time.
    #[error("the object that keeps what was removed is changed by others all the time")]
    Contended,
    /// Its status holds something else than we write.
    #[error("what `status.removals` holds cannot be read; take it out of the status")]
    Unreadable,
}

/// Where what was removed is kept, so that neither a restart nor another leader forgets it.
pub(crate) trait Ledger: Send + Sync + 'static {
    fn read(&self) -> BoxFuture<'_, Result<Kept, LedgerError>>;
    /// Writes over that version and gives the next; `None` where the object has another version by now.
    fn write<'a>(
        &'a self,
        removals: &'a Removals,
        version: &'a str,
    ) -> BoxFuture<'a, Result<Option<String>, LedgerError>>;
}

/// What the object that connects the realm says of held removals.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum HeldNews {
    /// It is not known yet: what was said stays.
    #[default]
    Unknown,
    /// This is held; nothing where it is empty.
    Known(HeldSet),
}

/// The budget of one lane.
#[derive(Default)]
pub(super) struct BudgetState {
    /// What was removed; `None` before it was read.
    pub(super) record: Option<Removals>,
    /// What it was when the lane began.
    pub(super) former: Option<Removals>,
    /// The same as it is kept, and the version over which to write the next.
    pub(super) kept: Option<Kept>,
    held: HeldSet,
    keys: HashMap<String, ObjectKey>,
    /// How many were held before a restart. Until every object has had its say, no fewer are.
    expected: u32,
    /// Counts every time that what was held was let go.
    pub(super) epoch: u64,
    pub(super) news: HeldNews,
    /// When what is held began to change, and when it last did.
    changed: Option<(Instant, Instant)>,
    /// A yes was heard, and nobody tried to keep it yet.
    pub(super) heard: bool,
    /// Since when nothing that was said yes to has been tried, or waits for another try.
    quiet: Option<Instant>,
}

impl BudgetState {
    /// Takes over what an earlier lane left behind.
    pub(super) fn loaded(&mut self, kept: Kept) {
        self.expected = kept.held;
        if kept.held == 0 {
            self.news = HeldNews::Known(self.held.clone());
        }
        self.record = Some(kept.removals.clone());
        self.former = Some(kept.removals.clone());
        self.kept = Some(kept);
    }

    /// Takes over what is kept now. Where that is what was written last, what has been given back since still counts. A yes
    /// that was heard and not written yet is nobody else's to forget.
    pub(super) fn refreshed(&mut self, now: Kept) {
        if self.kept.as_ref().is_none_or(|kept| kept.removals != now.removals) {
            let (ours, kept) = (self.record.take().unwrap_or_default(), self.kept.take().unwrap_or_default());
            let unwritten =
                ours.heard_since(&kept.removals).filter(|yes| ours.heard_since(&now.removals).any(|it| it == *yes));
            self.record = Some(unwritten.cloned().fold(now.removals.clone(), Removals::hearing));
        }
        self.kept = Some(now);
    }

    /// What a removal is judged by; `None` before what was removed is known.
    pub(super) fn facts<'a>(&'a self, limits: &'a Limits, now: Timestamp) -> Option<BudgetFacts<'a>> {
        let Limits { budget, declared, .. } = limits;
        let tripped = !self.held.is_empty() || self.expected > 0;
        Some(BudgetFacts { budget, declared: *declared, removals: self.record.as_ref()?, tripped, now })
    }

    /// Holds an object's removals.
    pub(super) fn hold(&mut self, key: &ObjectKey, removals: Vec<HeldRemoval>, now: Instant) {
        self.keys.insert(key.uid.clone(), key.clone());
        if self.held.put(&key.uid, removals) {
            self.note_change(now);
        }
    }

    /// An object is about to try a removal.
    pub(super) fn begin(&mut self, uid: &str, now: Instant) {
        self.quiet = None;
        self.forget(uid, now);
    }

    /// An object wants nothing removed any more, or is about to try.
    pub(super) fn forget(&mut self, uid: &str, now: Instant) -> bool {
        self.keys.remove(uid);
        let was_held = self.held.drop(uid);
        if was_held {
            self.note_change(now);
        }
        was_held
    }

    pub(super) fn holds_anything(&self) -> bool {
        !self.held.is_empty() || self.expected > 0
    }

    /// Whether an object's removals are held.
    pub(super) fn holds(&self, uid: &str) -> bool {
        self.keys.contains_key(uid)
    }

    /// Whether anything that a person said yes to is held, or may be.
    pub(super) fn holds_acknowledged(&self) -> bool {
        let marks = self.held.marks();
        let held = |record: &Removals| record.acknowledged.iter().any(|yes| !yes.left.is_disjoint(&marks));
        self.expected > 0 || self.record.as_ref().is_some_and(held)
    }

    /// For how long nothing that was said yes to has been wanted, where it is not wanted now.
    pub(super) fn quiet_for(&mut self, wanted: bool, now: Instant) -> Duration {
        self.quiet = self.quiet.filter(|_| !wanted).or((!wanted).then_some(now));
        self.quiet.map(|since| now.duration_since(since)).unwrap_or_default()
    }

    fn note_change(&mut self, now: Instant) {
        let first = self.changed.map_or(now, |(first, _)| first);
        self.changed = Some((first, now));
    }

    /// When what is held is to be told.
    pub(super) fn news_due(&self) -> Option<Instant> {
        self.changed.map(|(first, last)| (last + QUIET).min(first + LONGEST_SILENCE))
    }

    /// Publishes what is held where it is time; `true` where it is something else than before.
    pub(super) fn publish(&mut self, now: Instant) -> bool {
        if self.news_due().is_none_or(|due| now < due) {
            return false;
        }
        self.changed = None;
        // Nothing yet, of what was held before a restart, is no news.
        if self.held.is_empty() && self.expected > 0 {
            return false;
        }
        let news = HeldNews::Known(self.held.clone());
        let is_news = news != self.news;
        self.news = news;
        is_news
    }

    /// Looks whether what is held may go on: a person said yes to exactly that, or it fits now. Gives the objects that
    /// wait for it. `settled` says that every object has had its say since the lane began.
    pub(super) fn review(
        &mut self,
        limits: &Limits,
        settled: bool,
        exists: impl Fn(&ObjectKey) -> bool,
        (now, instant): (Timestamp, Instant),
    ) -> Vec<ObjectKey> {
        let Some(record) = &mut self.record else { return Vec::new() };
        self.keys.retain(|_, key| exists(key));
        let keys = &self.keys;
        if self.held.retain(|uid| keys.contains_key(uid)) {
            self.changed = Some((self.changed.map_or(instant, |(first, _)| first), instant));
        }
        if settled && self.expected > 0 {
            self.expected = 0;
            self.changed = Some((instant, instant));
        }
        if self.held.is_empty() {
            return Vec::new();
        }
        let digest = self.held.digest();
        if limits.acknowledged.as_deref() == Some(digest.as_str()) {
            let yes = Acknowledged { digest, at: now, left: self.held.marks() };
            *record = std::mem::take(record).hearing(yes);
            (self.heard, self.quiet) = (true, None);
        } else {
            let weight = self.held.weight().max(self.expected);
            let fits = weight <= record.room(&limits.budget, limits.declared, now);
            if !limits.budget.is_off() && !fits {
                return Vec::new();
            }
        }
        self.release(instant)
    }

    fn release(&mut self, now: Instant) -> Vec<ObjectKey> {
        self.epoch += 1;
        self.expected = 0;
        self.held = HeldSet::default();
        self.note_change(now);
        std::mem::take(&mut self.keys).into_values().collect()
    }
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;

    use super::{super::Kind, *};
    use crate::plan::budget::{admit, mark};

    fn at(minutes: i64) -> Timestamp {
        Timestamp::UNIX_EPOCH + SignedDuration::from_mins(minutes)
    }

    fn limits(acknowledged: Option<&str>) -> Limits {
        Limits { budget: RemovalBudget::default(), declared: 10, acknowledged: acknowledged.map(str::to_owned) }
    }

    fn key(number: usize) -> ObjectKey {
        let (namespace, name, uid) = ("team".to_owned(), format!("b-{number}"), format!("uid-{number}"));
        ObjectKey { kind: Kind::Binding, namespace, name, uid }
    }

    fn line(number: usize) -> String {
        format!("uid-{number} 2 rb-{number}")
    }

    fn hold(state: &mut BudgetState, numbers: impl IntoIterator<Item = usize>, now: Instant) {
        for number in numbers {
            let held = HeldRemoval { line: line(number), words: format!("team/b-{number}"), weight: 1 };
            state.hold(&key(number), vec![held], now);
        }
    }

    fn loaded(held: u32) -> BudgetState {
        let mut state = BudgetState::default();
        state.loaded(Kept { held, ..Kept::default() });
        state
    }

    fn admits(state: &BudgetState, number: usize, now: Timestamp) -> bool {
        let limits = limits(None);
        state.facts(&limits, now).is_some_and(|facts| admit(&mark(&line(number)), 1, facts).is_some())
    }

    fn review(state: &mut BudgetState, acknowledged: Option<&str>, settled: bool, now: Timestamp) -> usize {
        let instant = Instant::now();
        state.review(&limits(acknowledged), settled, |_| true, (now, instant)).len()
    }

    #[test]
    fn nothing_is_judged_before_what_was_removed_is_known() {
        assert!(!admits(&BudgetState::default(), 1, at(0)));
        assert!(admits(&loaded(0), 1, at(0)));
    }

    #[test]
    fn what_is_held_waits_for_exactly_its_digest() {
        let (mut state, now) = (loaded(0), Instant::now());
        hold(&mut state, 0..8, now);
        let digest = state.held.digest();
        assert_eq!(review(&mut state, Some("0123456789abcdef"), true, at(0)), 0);
        hold(&mut state, 8..9, now);
        assert_eq!(review(&mut state, Some(&digest), true, at(0)), 0, "an old yes lets no new plan go");
        assert_eq!(review(&mut state, None, true, at(10_000)), 0, "nor does time");
        let digest = state.held.digest();
        assert_eq!(review(&mut state, Some(&digest), true, at(0)), 9);
        assert!(admits(&state, 8, at(1)) && !state.holds_anything());
        // A person said yes to these nine, and to no others that come along.
        state.record = state.record.map(|record| record.counting(5, &RemovalBudget::default(), 10, at(1)));
        assert!(admits(&state, 8, at(1)) && !admits(&state, 9, at(1)));
        hold(&mut state, 20..30, now);
        assert!(admits(&state, 8, at(1)), "what was acknowledged goes on while others are held");
        assert!(!admits(&state, 8, at(60 * 24)), "for a day");
    }

    #[test]
    fn what_has_become_little_enough_goes_by_itself() {
        let (mut state, now) = (loaded(0), Instant::now());
        hold(&mut state, 0..8, now);
        assert_eq!(review(&mut state, None, true, at(0)), 0);
        for number in 0..3 {
            assert!(state.forget(&key(number).uid, now));
        }
        assert_eq!(review(&mut state, None, true, at(0)), 5);
        hold(&mut state, 0..8, now);
        let gone = |key: &ObjectKey| !["b-0", "b-1", "b-2"].contains(&key.name.as_str());
        assert_eq!(state.review(&limits(None), true, gone, (at(0), now)).len(), 5);
    }

    #[test]
    fn a_restart_lets_nothing_go_before_every_object_has_had_its_say() {
        let (mut state, now) = (loaded(95), Instant::now());
        assert!(!admits(&state, 1, at(0)));
        hold(&mut state, 0..3, now);
        assert_eq!(review(&mut state, None, false, at(0)), 0);
        // Nobody forgets what the status says meanwhile.
        assert_eq!(state.news, HeldNews::Unknown);
        assert_eq!(review(&mut state, None, true, at(10)), 3);
        assert!(admits(&state, 1, at(10)));
    }

    #[test]
    fn what_is_held_is_told_once_it_is_quiet() {
        let (mut state, start) = (loaded(0), Instant::now());
        assert_eq!(state.news, HeldNews::Known(HeldSet::default()));
        for tick in 0..20_u64 {
            let now = start + Duration::from_secs(tick);
            hold(&mut state, [usize::try_from(tick).unwrap()], now);
            assert_eq!(state.publish(now), tick == 10, "{tick}");
        }
        assert!(state.publish(start + Duration::from_secs(21)) && !state.publish(start + Duration::from_mins(1)));
    }
}
