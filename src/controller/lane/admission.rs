//! Which steps a lane takes over, and in which order they wait. No IO.

use super::{Job, State, realm::Realm};

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
        if !self.under_way.insert(uid.clone()) {
            return Admission::UnderWay;
        }
        if job.overdue {
            self.queue.push_front(job);
        } else {
            self.queue.push_back(job);
        }
        Admission::Queued
    }

    /// Notes that an object's job ended.
    pub(super) fn end(&mut self, uid: &str) {
        *self.ended.entry(uid.to_owned()).or_default() += 1;
        self.held.remove(uid);
        self.under_way.remove(uid);
    }
}

#[cfg(test)]
mod tests {
    use super::{
        super::{super::key::ObjectKey, Author, Organization},
        *,
    };
    use crate::{backend::Purpose, controller::key::Kind, plan::Step, telemetry::Pass};

    fn job() -> Job<Step> {
        let (namespace, name, uid) = ("team".to_owned(), "ada".to_owned(), "uid-1".to_owned());
        let object = ObjectKey { kind: Kind::User, namespace, name, uid };
        let (confirmed, purpose, pass) = (String::new(), Purpose::Change, Pass::here());
        let author = Author { object, generation: 1, deleting: false, confirmed, purpose, pass };
        Job { author, steps: Vec::new(), overdue: false, along: 0 }
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
        assert_eq!(state.queue.len(), 2);
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
        let order: Vec<&str> = state.queue.iter().map(|job| job.author.object.uid.as_str()).collect();
        assert_eq!(order, ["uid-3", "uid-1", "uid-2"]);
    }
}
