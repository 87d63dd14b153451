//! Which steps a lane takes over, and in which order they wait. No IO.

use std::{collections::HashSet, fmt::Display};

use crate::backend::Purpose;

use super::{Job, State, listing::hash, realm::Realm};

/// Jobs taken at once, so that a new one does not wait behind thousands.
const BATCH: usize = 64;
/// Of these, upkeep where somebody waits for others: it comes second, and yet never stands still.
const SHARE: usize = 16;

/// What becomes of steps that an object submits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Admission {
    /// They wait for the task.
    Queued,
    /// Earlier ones of the object are under way.
    UnderWay,
    /// Earlier ones ended after these were decided.
    Outdated,
}

impl<R: Realm> State<R> {
    pub(super) fn admit(&mut self, job: Job<R::Step>, ended: u64) -> Admission {
        let uid = &job.author.object.uid;
        if self.ended.get(uid).copied().unwrap_or_default() != ended {
            return Admission::Outdated;
        }
        if self.under_way.contains_key(uid) {
            return Admission::UnderWay;
        }
        self.under_way.insert(uid.clone(), hashes(&job.steps));
        match (job.overdue, job.author.purpose) {
            (true, _) | (false, Purpose::Change) => self.queue.push(job),
            (false, Purpose::Upkeep) => self.upkeep.push(job),
        }
        Admission::Queued
    }

    /// Notes what an object wants by its last look, where its steps are under way: one that waits for long may be overtaken by
    /// another object, which declares what it removes, or by the labels of a namespace.
    pub(super) fn want(&mut self, uid: &str, steps: &[R::Step]) {
        if let Some(wanted) = self.under_way.get_mut(uid) {
            *wanted = hashes(steps);
        }
    }

    /// Whether the object's last look still wants one of its steps.
    pub(super) fn still_wants(&self, uid: &str, step: &R::Step) -> bool {
        self.under_way.get(uid).is_none_or(|wanted| wanted.contains(&hash(step.to_string())))
    }

    /// Takes out what is to be made next: what somebody waits for, and some of the rest.
    pub(super) fn next_jobs(&mut self) -> Vec<Job<R::Step>> {
        let mut jobs = self.queue.take(BATCH, |_| true);
        let rest = if jobs.is_empty() { BATCH } else { SHARE };
        jobs.extend(self.upkeep.take(rest, |_| true));
        jobs
    }

    /// Takes out what somebody waits for and can be made beside something slow: it removes nothing, and has no step in common
    /// with what is being made, which would be made twice.
    pub(super) fn next_additions(&mut self, being_made: &HashSet<String>) -> Vec<Job<R::Step>> {
        let fits = |job: &Job<R::Step>| {
            job.steps.iter().all(|step| R::removal(step).is_none() && !being_made.contains(&step.to_string()))
        };
        self.queue.take(BATCH, fits)
    }

    /// Notes that an object's job ended.
    pub(super) fn end(&mut self, uid: &str) {
        *self.ended.entry(uid.to_owned()).or_default() += 1;
        self.held.remove(uid);
        self.under_way.remove(uid);
    }
}

fn hashes<S: Display>(steps: &[S]) -> Vec<u64> {
    steps.iter().map(|step| hash(step.to_string())).collect()
}

#[cfg(test)]
mod tests {
    use super::{
        super::{super::key::ObjectKey, Author, Organization},
        *,
    };
    use crate::{
        access::{Email, PrincipalId},
        controller::key::Kind,
        plan::{Removal, Step},
        telemetry::Pass,
    };

    fn job() -> Job<Step> {
        let (namespace, name, uid) = ("team".to_owned(), "ada".to_owned(), "uid-1".to_owned());
        let object = ObjectKey { kind: Kind::User, namespace, name, uid };
        let (confirmed, purpose, pass) = (String::new(), Purpose::Change, Pass::here());
        let author = Author { object, generation: 1, deleting: false, confirmed, told: 0, purpose, pass };
        Job { author, steps: Vec::new(), overdue: false, along: 0, until: None, grounds: None }
    }

    /// A reconcile that looked before a job ended and submits after it would make the same grant twice.
    #[test]
    fn steps_that_were_decided_before_the_last_ones_ended_are_not_taken() {
        let mut state = State::<Organization>::default();
        assert_eq!(state.admit(job(), 0), Admission::Queued);
        assert_eq!(state.admit(job(), 0), Admission::UnderWay);
        state.end("uid-1");
        assert_eq!(state.admit(job(), 0), Admission::Outdated);
        assert_eq!(state.admit(job(), 1), Admission::Queued);
        assert_eq!(state.next_jobs().len(), 2);
    }

    #[test]
    fn what_should_be_gone_already_goes_first() {
        let mut state = State::<Organization>::default();
        let named = |uid: &str, overdue| {
            let mut job = Job { overdue, ..job() };
            job.author.object.uid = uid.to_owned();
            job
        };
        for (uid, overdue) in [("uid-1", false), ("uid-2", false), ("uid-3", true)] {
            assert_eq!(state.admit(named(uid, overdue), 0), Admission::Queued);
        }
        let order: Vec<String> = state.next_jobs().into_iter().map(|job| job.author.object.uid).collect();
        assert_eq!(order, ["uid-3", "uid-1", "uid-2"]);
    }

    #[test]
    fn what_an_object_no_longer_wants_by_its_last_look_is_not_made_though_it_waits() {
        let step = |name: &str| Step::Invite { email: Email::from_remote(name), auth_type: None };
        let mut state = State::<Organization>::default();
        let (kept, dropped) = (step("ada@example.com"), step("bob@example.com"));
        state.admit(Job { steps: vec![kept.clone(), dropped.clone()], ..job() }, 0);
        assert!(state.still_wants("uid-1", &kept) && state.still_wants("uid-1", &dropped));
        state.want("uid-1", std::slice::from_ref(&kept));
        assert!(state.still_wants("uid-1", &kept) && !state.still_wants("uid-1", &dropped));
        // Nothing is noted of an object that has nothing under way.
        state.end("uid-1");
        state.want("uid-1", &[kept]);
        assert!(state.under_way.is_empty());
    }

    fn many(state: &mut State<Organization>, purpose: Purpose, uids: impl Iterator<Item = usize>) {
        for uid in uids {
            let mut job = job();
            (job.author.object.uid, job.author.purpose) = (format!("{purpose:?}-{uid}"), purpose);
            assert_eq!(state.admit(job, 0), Admission::Queued);
        }
    }

    #[test]
    fn what_somebody_waits_for_goes_before_upkeep_which_never_stands_still() {
        let mut state = State::<Organization>::default();
        many(&mut state, Purpose::Upkeep, 0..200);
        many(&mut state, Purpose::Change, 0..100);
        for (changes, upkeep) in [(BATCH, SHARE), (100 - BATCH, SHARE), (0, BATCH), (0, BATCH), (0, 40), (0, 0)] {
            let jobs = state.next_jobs();
            let (first, rest): (Vec<_>, Vec<_>) = jobs.iter().partition(|job| job.author.purpose == Purpose::Change);
            assert_eq!((first.len(), rest.len()), (changes, upkeep));
            assert!(jobs.iter().take(changes).all(|job| job.author.purpose == Purpose::Change));
        }
    }

    /// However much one namespace asks for, another one's change is in the next batch, and one that removes keeps nobody from
    /// being made beside a listing.
    #[test]
    fn a_burst_of_one_namespace_holds_no_change_of_another_one_up() {
        const MANY: usize = 10_000;
        let mut state = State::<Organization>::default();
        let in_namespace = |state: &mut State<Organization>, namespace: &str, number: usize| {
            let mut job = job();
            (job.author.object.namespace, job.author.object.uid) =
                (namespace.to_owned(), format!("{namespace}-{number}"));
            assert_eq!(state.admit(job, 0), Admission::Queued);
        };
        for number in 0..MANY {
            in_namespace(&mut state, "burst", number);
        }
        let first = state.next_jobs();
        assert_eq!(first.len(), BATCH);
        in_namespace(&mut state, "late", 0);
        for number in 0..3 {
            in_namespace(&mut state, "later", number);
        }
        let batch: Vec<String> = state.next_jobs().into_iter().map(|job| job.author.object.uid).collect();
        let place = |uid: &str| batch.iter().position(|it| it == uid).unwrap();
        assert!(place("late-0") <= 2 && place("later-2") <= 8, "{batch:?}");
        // Each namespace keeps its own order, and nothing is lost or made twice.
        let mut seen = batch.len() - 4 + first.len();
        loop {
            let jobs = state.next_additions(&HashSet::new());
            if jobs.is_empty() {
                break;
            }
            for job in jobs {
                assert_eq!(job.author.object.uid, format!("burst-{seen}"));
                seen += 1;
            }
        }
        assert!(seen == MANY && state.next_jobs().is_empty(), "{seen}");
    }

    #[test]
    fn beside_something_slow_goes_only_what_adds_and_is_not_being_made() {
        let invite = |name: &str| Step::Invite { email: Email::from_remote(name), auth_type: None };
        let email = Email::from_remote("gone@example.com");
        let remove = Step::Remove(Removal::Account { user: PrincipalId::new("u-1"), email });
        let mut state = State::<Organization>::default();
        let steps =
            [vec![invite("ada@example.com")], vec![invite("bob@example.com"), remove], vec![invite("eve@example.com")]];
        for (number, steps) in steps.into_iter().enumerate() {
            let mut job = Job { steps, ..job() };
            job.author.object.uid = format!("uid-{number}");
            assert_eq!(state.admit(job, 0), Admission::Queued);
        }
        many(&mut state, Purpose::Upkeep, 0..3);
        let being_made = HashSet::from([invite("eve@example.com").to_string()]);
        let uids = |jobs: &[Job<Step>]| -> Vec<String> { jobs.iter().map(|it| it.author.object.uid.clone()).collect() };
        assert_eq!(uids(&state.next_additions(&being_made)), ["uid-0"]);
        assert_eq!(uids(&state.next_additions(&HashSet::new())), ["uid-2"]);
        assert_eq!(uids(&state.next_jobs()), ["uid-1", "Upkeep-0", "Upkeep-1", "Upkeep-2"]);
    }
}
