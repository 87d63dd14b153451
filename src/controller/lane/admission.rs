//! Which steps a lane takes over.

use super::*;
use crate::plan::Step;

fn job() -> Job<Step> {
    let (namespace, name, uid) = ("team".to_owned(), "ada".to_owned(), "uid-1".to_owned());
    let object = ObjectKey { kind: Kind::User, namespace, name, uid };
    Job {
        author: Author { object, generation: 1, deleting: false, confirmed: String::new(), pass: Pass::here() },
        steps: Vec::new(),
    }
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
