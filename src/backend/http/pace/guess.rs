//! How fast to go where a vendor refuses and tells nothing of its rate. PURE: the clock is an argument.
//!
//! Requests are kept apart: twice as far from the first refusal on and from each one that follows on answers that were none, and
//! a little less with each of those, until it is refused again or the distance is forgotten. What is refused while a silence is
//! tried out says nothing new: the same window is still used up.

use std::time::Duration;

use tokio::time::Instant;

use super::Purpose;

/// The first distance.
const FIRST: Duration = Duration::from_millis(500);
/// The longest.
const LONGEST: Duration = Duration::from_secs(10);
/// A shorter one is none.
const FORGOTTEN: Duration = Duration::from_millis(100);
/// One part in so many goes with each answer that is no refusal.
const EASE: u32 = 32;
/// Upkeep keeps one part in so many more away, so that a change finds its turn first.
const KEPT: u32 = 4;
/// How long it is worth remembering where nobody asks.
const MEMORY: Duration = Duration::from_mins(10);

/// What is guessed of one credential's rate.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Guess {
    /// How far requests are kept apart; none where it is zero.
    apart: Duration,
    /// When the last one went.
    last: Option<Instant>,
}

impl Guess {
    /// The vendor refused, after it had taken what came before.
    pub(super) fn refused(&mut self) {
        self.apart = (self.apart * 2).clamp(FIRST, LONGEST);
    }

    /// The vendor took one.
    pub(super) fn taken(&mut self) {
        self.apart -= self.apart / EASE;
        if self.apart < FORGOTTEN {
            self.apart = Duration::ZERO;
        }
    }

    /// One goes.
    pub(super) fn sent(&mut self, now: Instant) {
        self.last = Some(now);
    }

    /// Until when a request of that purpose waits, if it does.
    pub(super) fn wait(&self, purpose: Purpose, now: Instant) -> Option<Instant> {
        let apart = match purpose {
            Purpose::Change => self.apart,
            Purpose::Upkeep => self.apart + self.apart / KEPT,
        };
        self.last.map(|last| last + apart).filter(|until| now < *until)
    }

    /// Whether there is nothing to remember.
    pub(super) fn is_idle(&self, now: Instant) -> bool {
        self.apart.is_zero() || self.last.is_none_or(|last| now.duration_since(last) > MEMORY)
    }
}
