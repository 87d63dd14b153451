//! What an object asks of a lane, and what it is told of it. No IO.

use std::{fmt::Display, time::Duration};

use jiff::Timestamp;

use crate::{backend::Purpose, plan::Finding, telemetry::Pass};

use super::{ObjectKey, Wake, listing::hash};

/// Who submitted steps, as it was when they were decided.
#[derive(Clone, Debug)]
pub(crate) struct Author {
    pub(crate) object: ObjectKey,
    pub(crate) generation: i64,
    pub(crate) deleting: bool,
    /// The roles whose removal it confirms.
    pub(crate) confirmed: String,
    /// The steps, as no others read (`told`).
    pub(crate) told: u64,
    /// What they are for.
    pub(crate) purpose: Purpose,
    /// The look at it in which they were.
    pub(crate) pass: Pass,
}

/// Steps that one object submitted.
#[derive(Clone, Debug)]
pub(crate) struct Job<S> {
    pub(crate) author: Author,
    pub(crate) steps: Vec<S>,
    /// What they remove should be gone already: they go before everything else that waits.
    pub(crate) overdue: bool,
    /// What falls with what they remove, as it was when they were decided.
    pub(crate) along: u64,
    /// By when what they grant is over: nothing is granted from then on.
    pub(crate) until: Option<Timestamp>,
    /// What they were judged by: nothing is granted on another.
    pub(crate) grounds: Option<i64>,
}

/// Steps as no others read.
pub(crate) fn told<S: Display>(steps: &[S]) -> u64 {
    hash(steps.iter().map(ToString::to_string).collect::<Vec<_>>())
}

/// Where an object's steps stand.
#[derive(Clone, Debug)]
pub(crate) enum Progress {
    /// Nothing is under way, and nothing stands against submitting.
    Idle,
    /// Queued or being written.
    UnderWay { throttled: Option<Finding> },
    /// The last try failed, and it is not time for another.
    Failed { finding: Finding, retry_in: Option<Duration> },
}

/// A step that was made, for an event.
#[derive(Clone, Debug)]
pub(crate) struct Done {
    /// The event's reason.
    pub(crate) event: &'static str,
    /// What was done.
    pub(crate) text: String,
    /// What else should be known, such as API keys that survive.
    pub(crate) note: Option<String>,
}

impl<S> Job<S> {
    /// Whether it is as it was when the steps were decided: the object, what may be declared, and the time until which a grant is
    /// to last. What waits for its turn may wait for long.
    pub(super) fn is_wanted(&self, wake: &dyn Wake, now: Timestamp) -> bool {
        wake.wants(&self.author)
            && wake.grounds(&self.author.object) == self.grounds
            && self.until.is_none_or(|until| now < until)
    }
}
