//! What a plan consists of: steps to take, and what to say. PURE.

use std::fmt;

use crate::access::{Email, Grant, PrincipalId, listing::AuthType};

use super::{Reason, Removal};

/// One remote write, fully decided: whoever makes it has no choices left.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Send an invitation.
    Invite {
        /// To whom.
        email: Email,
        /// How they sign in; the organization's default when absent.
        auth_type: Option<AuthType>,
    },
    /// Set a member's full name.
    Rename {
        /// The member.
        user: PrincipalId,
        /// The name.
        full_name: String,
    },
    /// Make a grant.
    Grant(Grant),
    /// Remove something, if the guards let it.
    Remove(Removal),
}

impl Step {
    /// The event that tells of this step when it is done.
    pub fn event(&self) -> &'static str {
        match self {
            Self::Invite { .. } => "Invited",
            Self::Rename { .. } => "Renamed",
            Self::Grant(_) => "Granted",
            Self::Remove(Removal::Binding(_)) => "Revoked",
            Self::Remove(Removal::Account { .. }) => "AccountDeleted",
            Self::Remove(Removal::Invitation { .. }) => "InvitationWithdrawn",
        }
    }
}

impl Step {
    /// What was done, for its event.
    pub fn done(&self) -> String {
        let text = self.to_string();
        let (verb, rest) = text.split_once(' ').unwrap_or((text.as_str(), ""));
        let past = match verb {
            "invite" => "invited",
            "grant" => "granted",
            "revoke" => "revoked",
            "delete" => "deleted",
            "withdraw" => "withdrew",
            other => other,
        };
        format!("{past} {rest}")
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Invite { email, .. } => write!(f, "invite `{email}`"),
            Self::Rename { user, full_name } => write!(f, "set the full name of `{user}` to `{full_name}`"),
            Self::Grant(grant) => write!(f, "grant {grant}"),
            Self::Remove(Removal::Binding(binding)) => match binding.grant() {
                Some(grant) => write!(f, "revoke {grant}"),
                None => write!(f, "revoke {} on `{}` for {}", binding.role, binding.crn, binding.principal),
            },
            Self::Remove(Removal::Account { email, .. }) => write!(f, "delete the account of `{email}`"),
            Self::Remove(Removal::Invitation { email, .. }) => write!(f, "withdraw the invitation of `{email}`"),
        }
    }
}

/// A reason with its sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Why.
    pub reason: Reason,
    /// The object, the rule and the next step, in words.
    pub message: String,
}

impl Finding {
    /// A finding.
    pub fn new(reason: Reason, message: impl Into<String>) -> Self {
        Self { reason, message: message.into() }
    }
}

/// A yes or no beside `Ready`, with its reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fact {
    /// `Some(true)` is True, `Some(false)` is False, `None` is Unknown.
    pub holds: Option<bool>,
    /// Why.
    pub finding: Finding,
}

impl Fact {
    /// A fact.
    pub fn new(holds: impl Into<Option<bool>>, reason: Reason, message: impl Into<String>) -> Self {
        Self { holds: holds.into(), finding: Finding::new(reason, message) }
    }
}

/// What to do about one object, and what to say about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision<S = Step> {
    /// Remote writes, in order; a later one is made only when the earlier ones succeeded.
    pub steps: Vec<S>,
    /// What `Ready` says.
    pub ready: Finding,
    /// What `Validated` says.
    pub validated: Fact,
    /// What the kind's own condition says (`InvitationAccepted`, `Granted`), where it can be told.
    pub special: Option<Fact>,
    /// The object is answerable for something remote, and so needs the finalizer.
    pub owns: bool,
    /// On deletion: nothing is left to do, and the finalizer may go.
    pub released: bool,
    /// When to look again, in seconds, because something lapses by itself.
    pub recheck_seconds: Option<i64>,
    /// What is to be removed should be gone already, and why: it goes before everything else that waits.
    pub overdue: Option<String>,
    /// What it is about is missing from one listing: nothing is let go of on that, and another listing is wanted.
    pub looks_again: bool,
}

impl<S> Decision<S> {
    /// A decision that only says something.
    pub fn say(reason: Reason, message: impl Into<String>) -> Self {
        Self {
            steps: Vec::new(),
            ready: Finding::new(reason, message),
            validated: Fact::new(true, Reason::Valid, "the declared state makes sense and may be made"),
            special: None,
            owns: false,
            released: false,
            recheck_seconds: None,
            overdue: None,
            looks_again: false,
        }
    }

    /// A decision that the declared state does not hold up: `Validated` is False with the same finding.
    pub fn invalid(reason: Reason, message: impl Into<String>) -> Self {
        let message = message.into();
        Self { validated: Fact::new(false, reason, message.clone()), ..Self::say(reason, message) }
    }

    /// A decision that lets a deleted object go.
    pub fn release(message: impl Into<String>) -> Self {
        Self { released: true, ..Self::say(Reason::InSync, message) }
    }

    /// The same, with steps.
    #[must_use]
    pub fn with_steps(mut self, steps: Vec<S>) -> Self {
        self.steps = steps;
        self
    }

    /// The same, with the kind's own condition.
    #[must_use]
    pub fn with_special(mut self, fact: Fact) -> Self {
        self.special = Some(fact);
        self
    }

    /// The same, but that nothing is let go of: one listing that lacks something may have lost a page, so that a second one has to
    /// agree.
    #[must_use]
    pub fn looking_again(mut self, reason: Reason, what: &str) -> Self {
        let message =
            format!("{what} is missing from the last listing: a second one has to agree before that is believed");
        (self.ready, self.released, self.owns, self.looks_again) = (Finding::new(reason, message), false, true, true);
        self
    }

    /// The same, answerable for something remote.
    #[must_use]
    pub fn owning(mut self) -> Self {
        self.owns = true;
        self
    }
}
