//! Restraint: what a decision comes to where nothing remote is to be changed, because the object is suspended or its realm is
//! only observed. It says what would be done. PURE.

use std::fmt;

use super::{Class, Decision, Finding, Reason, Step, publisher::MemberStep};

/// A step, as far as restraint asks.
pub trait Work: fmt::Display {
    /// It brings something into being that was not there.
    fn makes(&self) -> bool;
}

impl Work for Step {
    fn makes(&self) -> bool {
        match self {
            Self::Invite { .. } | Self::Grant(_) => true,
            Self::Rename { .. } | Self::Remove(_) => false,
        }
    }
}

impl Work for MemberStep {
    fn makes(&self) -> bool {
        match self {
            Self::Add(_) => true,
            Self::Promote(_) | Self::Remove(_) => false,
        }
    }
}

impl<S> Decision<S> {
    /// An object that is deleted where everything is only observed goes, and its access stays.
    pub fn unrevoked(noun: &str) -> Self {
        Self::release(format!("let go without revoking anything, as the {noun}'s `management: Observe` says"))
    }
}

impl<S: Work> Decision<S> {
    /// What it comes to for an object with `spec.suspend`. What is there stays this object's to end with it, and what is not
    /// there needs no finalizer.
    #[must_use]
    pub fn suspended(self) -> Self {
        let owns = self.owns && !self.steps.iter().any(Work::makes);
        let message = format!("nothing is changed, as `spec.suspend` is true: {}", self.would());
        Self { owns, ..self.without_steps(Reason::Suspended, message) }
    }

    /// What it comes to where the object of that kind which connects its realm says `management: Observe`.
    #[must_use]
    pub fn observed(self, noun: &str) -> Self {
        let message = format!("nothing is changed, as the {noun}'s `management: Observe` says: {}", self.would());
        Self { owns: false, ..self.without_steps(Reason::Observed, message) }
    }

    fn would(&self) -> String {
        let steps: Vec<String> = self.steps.iter().map(ToString::to_string).collect();
        match self.ready.reason.class() {
            _ if !steps.is_empty() => format!("would {}", steps.join(", then ")),
            Class::Settled => self.ready.message.clone(),
            Class::Working | Class::Waiting | Class::Refused => format!("would not go on, as {}", self.ready.message),
        }
    }

    fn without_steps(self, reason: Reason, message: String) -> Self {
        Self { steps: Vec::new(), ready: Finding::new(reason, message), overdue: None, ..self }
    }
}
