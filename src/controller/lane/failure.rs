//! What a failed step means for its object: the words, and when it is worth another try. No IO.

use std::time::Duration;

use tokio::time::Instant;

use crate::{
    backend::{BackendError, ErrorKind},
    plan::{Finding, Held, Reason},
};

use super::{Author, ObjectKey, State, realm::Realm};

/// When another try makes sense.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Retry {
    /// At that time.
    At(Instant),
    /// When the picture is another one than this version of it, and now and then: the guards also look at what no listing shows.
    OnChange { version: u64, at: Instant },
    /// When what the removal budget holds is let go, after so many times that it was.
    OnBudget(u64),
    /// At that time, and after a complete listing that began after the doubt arose.
    AfterListing {
        /// Not before this.
        at: Instant,
        /// When the doubt arose.
        doubt: Instant,
    },
}

impl Retry {
    /// How long until the object should ask again; `None` when it will be woken.
    pub(crate) fn wait(self, now: Instant) -> Option<Duration> {
        match self {
            Self::At(at) | Self::AfterListing { at, .. } => Some(at.saturating_duration_since(now)),
            Self::OnChange { .. } | Self::OnBudget(_) => None,
        }
    }
}

/// The last failure of an object's steps.
#[derive(Clone, Debug)]
pub(super) struct Failed {
    /// Whose.
    pub(super) object: ObjectKey,
    pub(super) finding: Finding,
    pub(super) retry: Retry,
    pub(super) attempts: u32,
    generation: i64,
    confirmed: String,
    told: u64,
}

impl Failed {
    /// Whether it still stands against another try: an object that was edited, or confirms something else, is always tried
    /// again.
    pub(super) fn stands<R: Realm>(&self, author: &Author, now: Instant, state: &State<R>) -> bool {
        if author.generation != self.generation || author.confirmed != self.confirmed {
            return false;
        }
        match self.retry {
            Retry::At(at) => now < at,
            // Others are held otherwise, or not at all: something was revoked or removed by somebody else's doing.
            Retry::OnChange { version, at } => state.version == version && author.told == self.told && now < at,
            Retry::OnBudget(epoch) => state.budget.epoch == epoch && author.told == self.told,
            Retry::AfterListing { at, doubt } => now < at || state.listing.began.is_none_or(|began| began <= doubt),
        }
    }
}

/// A failure of one step.
#[derive(Debug)]
pub(super) struct Failure {
    pub(super) finding: Finding,
    pub(super) pace: Pace,
}

/// How soon, before the attempts are counted in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pace {
    /// Seconds, doubling to a minute.
    Soon,
    /// A minute, doubling to ten.
    Slow,
    /// When the vendor said.
    After(Duration),
    /// When the picture, or the owner's rules, are others than at this version.
    OnChange(u64),
    /// When the removal budget lets go of it.
    OnBudget(u64),
    /// After a fresh listing.
    Doubt,
}

/// Without the seconds: a status that counts down would be written anew at every look.
pub(super) fn throttled() -> Finding {
    Finding::new(Reason::Throttled, "the vendor limits our rate; it goes on by itself when the time is up")
}

/// How long a guard's word holds while nothing is listed otherwise.
const LONGEST_HOLD: Duration = Duration::from_hours(1);
const SOON: Duration = Duration::from_secs(1);
const SLOW: Duration = Duration::from_mins(1);

impl Failure {
    /// What a guard held, judging by that version of the picture.
    pub(super) fn held(held: Held, version: u64) -> Self {
        Self { finding: Finding::new(held.reason, held.message), pace: Pace::OnChange(version) }
    }

    /// The removal budget has no room. Without numbers: a sentence that counts would be written anew at every look.
    pub(super) fn exceeded<R: Realm>(step: &R::Step, name: &str, epoch: u64) -> Self {
        let (noun, short) = (R::NOUN, R::SHORT);
        let message = format!(
            "{step}: held, because with it more would be removed than the {noun}'s `protection.removalBudget` allows \
            within its window. `kubectl describe {short} {name}` shows all that is held, and the command that lets it go"
        );
        Self { finding: Finding::new(Reason::RemovalBudgetExceeded, message), pace: Pace::OnBudget(epoch) }
    }

    /// A removal that cannot be recorded is not made.
    pub(super) fn unkept(cause: &str) -> Self {
        let message = format!("nothing is removed before it is recorded: {cause}; it is tried again");
        Self { finding: Finding::new(Reason::Progressing, message), pace: Pace::Soon }
    }

    /// A look at an account shows something else under it than the picture does.
    pub(super) fn looking_again<R: Realm>() -> Self {
        let message = format!("looking at the whole {} once more: what hangs on the account has changed", R::NOUN);
        Self { finding: Finding::new(Reason::Progressing, message), pace: Pace::Doubt }
    }

    /// Something was put under an account since its removal was decided.
    pub(super) fn outdated() -> Self {
        let message = "what hangs on the account has changed since its removal was decided; deciding again";
        Self { finding: Finding::new(Reason::Progressing, message), pace: Pace::Soon }
    }

    /// Its object, or another one, was changed since a removal was decided.
    pub(super) fn overtaken() -> Self {
        let message = "what this object wants has changed since a removal was decided; deciding again";
        Self { finding: Finding::new(Reason::Progressing, message), pace: Pace::Soon }
    }

    /// What an earlier lane removed may still be shown.
    pub(super) fn former(wait: Duration) -> Self {
        let message = "waiting until what was removed shortly before a restart is no longer listed: until then nobody can tell who \
                       remains";
        Self { finding: Finding::new(Reason::Progressing, message), pace: Pace::After(wait) }
    }

    /// The last listing was suddenly short.
    pub(super) fn in_doubt() -> Self {
        let message = "nothing is removed while a listing that is suddenly short waits for a second one that agrees";
        Self { finding: Finding::new(Reason::InventoryInDoubt, message), pace: Pace::Doubt }
    }

    /// Something may be declared after all.
    pub(super) fn behind(cause: &str) -> Self {
        let message = format!("nothing is removed that may be declared: {cause}; looking again");
        Self { finding: Finding::new(Reason::Progressing, message), pace: Pace::Soon }
    }

    /// The vendor's rate drew a removal out for so long that what it is judged by is old.
    pub(super) fn stale() -> Self {
        Self { pace: Pace::Soon, finding: throttled() }
    }

    /// Something that only a fresh look can settle.
    pub(super) fn doubt(message: impl Into<String>) -> Self {
        Self { finding: Finding::new(Reason::BackendUnavailable, message), pace: Pace::Doubt }
    }

    /// What the backend answered to a step.
    pub(super) fn backend<R: Realm>(step: &R::Step, error: &BackendError) -> Self {
        let (reason, pace, words) = match error.kind {
            ErrorKind::CredentialsRejected => (
                Reason::CredentialsRejected,
                Pace::Slow,
                format!("the vendor refuses the operator's credential: {}", R::MEND_CREDENTIAL),
            ),
            ErrorKind::Forbidden => {
                let (reason, words) = R::forbidden(step);
                (reason, Pace::Slow, words.to_owned())
            }
            ErrorKind::NotFound | ErrorKind::Invalid => {
                (Reason::BackendRefused, Pace::Slow, "the vendor refuses it".to_owned())
            }
            ErrorKind::QuotaExceeded => (
                Reason::QuotaExceeded,
                Pace::Slow,
                format!(
                    "the {} has reached a limit: remove what is not needed, or ask the vendor for more; it is tried \
                     again by itself",
                    R::NOUN
                ),
            ),
            ErrorKind::Throttled => (
                Reason::Throttled,
                error.retry_after.map_or(Pace::Soon, Pace::After),
                "the vendor limits our rate; it goes on by itself".to_owned(),
            ),
            ErrorKind::Conflict => (
                Reason::Progressing,
                Pace::Doubt,
                "the vendor says that it is there already, or changed meanwhile; reading again".to_owned(),
            ),
            ErrorKind::Unavailable => {
                (Reason::BackendUnavailable, Pace::Soon, "the vendor cannot be reached; it is tried again".to_owned())
            }
            ErrorKind::Ambiguous => (
                Reason::BackendUnavailable,
                Pace::Doubt,
                "the vendor gave no definite answer; reading before trying again".to_owned(),
            ),
            ErrorKind::Malformed => (
                Reason::BackendUnavailable,
                Pace::Doubt,
                "the vendor's answer cannot be read; reading before trying again".to_owned(),
            ),
        };
        // The request id is in the log: here it would be another sentence, and another write, at every try.
        let message = format!("could not {step}: {words}. It said: {}", error.public.trim_end_matches('.'));
        Self { finding: Finding::new(reason, message), pace }
    }

    /// As it is kept for the object.
    pub(super) fn kept(self, author: &Author, before: Option<&Failed>, now: Instant) -> Failed {
        let (generation, confirmed) = (author.generation, author.confirmed.clone());
        let attempts = before.filter(|failed| failed.generation == generation).map_or(0, |failed| failed.attempts) + 1;
        let backoff =
            |base: Duration, longest: Duration| (base * 2_u32.saturating_pow(attempts.min(10) - 1)).min(longest);
        let retry = match self.pace {
            Pace::Soon => Retry::At(now + backoff(SOON, SLOW)),
            Pace::Slow => Retry::At(now + backoff(SLOW, SLOW * 10)),
            Pace::After(wait) => Retry::At(now + wait),
            Pace::OnChange(version) => Retry::OnChange { version, at: now + LONGEST_HOLD },
            Pace::OnBudget(epoch) => Retry::OnBudget(epoch),
            Pace::Doubt => Retry::AfterListing { at: now + backoff(SOON, SLOW), doubt: now },
        };
        let (object, finding, told) = (author.object.clone(), self.finding, author.told);
        Failed { object, finding, retry, attempts, generation, confirmed, told }
    }
}

#[cfg(test)]
mod tests {
    use super::{
        super::{Organization, job::told},
        *,
    };
    use crate::{backend::Purpose, controller::key::Kind, telemetry::Pass};

    fn author(steps: &[&str]) -> Author {
        let [namespace, name, uid] = ["team", "lead", "uid-lead"].map(str::to_owned);
        let object = ObjectKey { kind: Kind::Binding, namespace, name, uid };
        let (told, pass) = (told(steps), Pass::here());
        Author {
            object,
            generation: 2,
            deleting: false,
            confirmed: String::new(),
            told,
            purpose: Purpose::Change,
            pass,
        }
    }

    #[tokio::test]
    async fn what_a_guard_holds_stands_against_the_same_steps_by_the_same_picture_and_against_no_others() {
        let (now, mut state) = (Instant::now(), State::<Organization>::default());
        let finding = Finding::new(Reason::LastOrganizationAdmin, "held");
        let held = Failure { finding, pace: Pace::OnChange(state.version) }.kept(&author(&["revoke"]), None, now);
        assert!(held.stands(&author(&["revoke"]), now, &state));
        assert!(!held.stands(&author(&["grant", "revoke"]), now, &state), "the new grant was revoked in the portal");
        assert!(!held.stands(&author(&["revoke"]), now + LONGEST_HOLD, &state));
        state.version += 1;
        assert!(!held.stands(&author(&["revoke"]), now, &state));
    }
}
