//! The life of what an object declares, alike for a grant and for a publisher's user: taken over or left alone, in its time or
//! outside of it, suspended, withdrawn, ended with its object. What is different is beside each kind. PURE.

use jiff::Timestamp;

use crate::access::validity::Outside;

use super::{
    Adoption, Decision, Fact, Finding, Reason,
    facts::{ALLOWED_SKEW, pre_exists},
    restraint::Work,
};

/// What restrains an object, or ends it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Life {
    /// It is being deleted.
    pub(super) deleting: bool,
    /// Its spec says that nothing remote is to be changed.
    pub(super) suspended: bool,
    /// The same for everything in its realm.
    pub(super) observing: bool,
    /// What its realm is called.
    pub(super) realm: &'static str,
}

impl Life {
    /// An object that is deleted where everything is only observed goes as it is; any other that is deleted ends.
    pub(super) fn unrevoked<S>(self) -> Option<Decision<S>> {
        (self.deleting && self.observing).then(|| Decision::unrevoked(self.realm))
    }

    /// What is left of a decision about a live object. Neither `suspend` nor an edit keeps what was withdrawn.
    pub(super) fn restrained<S: Work>(self, decision: Decision<S>, withdrawing: bool) -> Decision<S> {
        match (self.observing, self.suspended && !withdrawing) {
            (true, _) => decision.observed(self.realm),
            (false, true) => decision.suspended(),
            (false, false) => decision,
        }
    }
}

/// Why something that is outside of its time should not be there.
pub(super) fn overdue(outside: Outside) -> String {
    match outside {
        Outside::NotYet(at) => format!("it is to begin at {at:.0}"),
        Outside::Over(at) => format!("it was to end at {at:.0}"),
    }
}

/// Why something is not in force now.
pub(super) fn lapse(outside: Outside) -> Reason {
    match outside {
        Outside::NotYet(_) => Reason::NotYetValid,
        Outside::Over(_) => Reason::Expired,
    }
}

/// Whether something that was made then can be an object's doing. Before its time it has made nothing, unless it was in
/// its time before that; and what was made after its time was over was made by somebody else.
pub(super) fn can_have_made(outside: Option<Outside>, made_at: Option<Timestamp>, was_in_time: bool) -> bool {
    match outside {
        None => true,
        Some(Outside::NotYet(_)) => was_in_time,
        Some(Outside::Over(at)) => {
            let latest = at.saturating_add(ALLOWED_SKEW).unwrap_or(at);
            made_at.is_none_or(|made| made <= latest)
        }
    }
}

/// Whether something that was made then is left alone by an object that declares it: it was there before, and is not taken
/// over. What is administrative is taken over only where that is spelled.
pub(super) fn is_left_alone(
    adoption: Option<Adoption>,
    administrative: bool,
    made_at: Option<Timestamp>,
    created: Timestamp,
) -> bool {
    let takes_over = match adoption {
        Some(Adoption::Adopt) => true,
        Some(Adoption::Refuse) => false,
        None => !administrative,
    };
    !takes_over && pre_exists(made_at, created)
}

impl<S> Decision<S> {
    /// What a deleted object stands for is taken away.
    pub(super) fn ending(message: String, steps: Vec<S>) -> Self {
        Self::say(Reason::Revoking, message).with_steps(steps).owning()
    }

    /// What should be gone already is taken away.
    pub(super) fn late(why: String, message: String, steps: Vec<S>) -> Self {
        Self { overdue: Some(why), ..Self::say(Reason::Progressing, message).with_steps(steps).owning() }
    }

    /// Says that a note proves nothing, and never whether what it names is there: who wrote it may have no business with that.
    pub(super) fn doubting(mut self, realm: &str) -> Self {
        let words = format!(
            "; its annotation `access.roster.dev/granting` notes what is not delegated, and a note alone proves nothing: had it \
             been granted it stays, until whoever keeps the {realm} revokes it or delegates it again"
        );
        self.ready.message.push_str(&words);
        if self.validated.holds == Some(false) {
            self.validated.finding.message.push_str(&words);
        }
        self
    }

    /// What is no longer delegated is taken away.
    pub(super) fn withdrawing(denied: Finding, what: &str, steps: Vec<S>) -> Self {
        let message = format!("{}; {what}", denied.message);
        let late = Self::late(denied.message.clone(), message, steps);
        Self { validated: Fact { holds: Some(false), finding: denied }, ..late }
    }
}
