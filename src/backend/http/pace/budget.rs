//! How many requests a credential may still send, by what the vendor said so far. PURE: the clock is an argument.
//!
//! A vendor counts in windows: so many requests, until the window ends. What is left is taken to be the least that an answer
//! told, less every request that it may not count yet, so that what goes out together never exceeds it, however late and out of
//! order answers come.

use std::time::Duration;

use tokio::time::Instant;

use super::{super::retry::Rate, Purpose, guess::Guess};

/// How long a window is taken to last where the vendor does not say.
const UNTOLD: Duration = Duration::from_secs(10);
/// The silence after the first refusal that does not say how long it is to be; it doubles with each.
const FIRST_SILENCE: Duration = Duration::from_secs(1);
/// How often it doubles at most.
const DOUBLINGS: u32 = 5;
/// How soon to look again where an answer, and no time, is waited for.
const LOOK: Duration = Duration::from_secs(1);
/// One part in so many is kept for changes.
const KEPT: u64 = 5;

/// What is known of one credential's rate. Without a word of the vendor everything may go.
#[derive(Clone, Debug, Default)]
pub(super) struct Budget {
    /// The number of the next request.
    next: u64,
    /// Requests that were sent and not answered.
    under_way: u64,
    window: Option<Window>,
    /// Nothing is sent before that.
    silent_until: Option<Instant>,
    /// The number of the first request after the last refusal that began a silence.
    since_refusal: u64,
    /// Refusals since the last answer that was none.
    refusals: u32,
    /// What is made of refusals where the vendor tells no rate.
    guess: Guess,
}

/// The vendor's present window.
#[derive(Clone, Debug)]
struct Window {
    /// The whole of it.
    limit: u64,
    /// It is taken to be like the one before, and no answer spoke of it.
    untold: bool,
    /// The least that an answer told to be left.
    lowest: u64,
    /// Requests that are over, and that `lowest` may not count.
    uncounted: u64,
    /// Requests from this number on were sent after the last of those was over, and what one of them finds counts them all.
    counted_from: u64,
    /// When it ends, at the latest.
    until: Instant,
    /// How long it lasts, as far as is known.
    span: Duration,
    /// The first request that surely belongs to it.
    since: u64,
    /// Requests from this number on were sent after `lowest` was told: one of them that finds more left met a new window.
    heard: u64,
}

/// Why a request has to wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Wait {
    /// When to ask again.
    pub(super) until: Instant,
    /// The vendor refused, and nothing at all is sent.
    pub(super) silence: bool,
}

/// What became of a request.
#[derive(Clone, Copy, Debug)]
pub(super) enum Came {
    /// It was answered so; whether it was refused for its rate, and what it said of it.
    Answered { refused: bool, rate: Rate },
    /// It never left.
    Unsent,
    /// Nobody knows, and it may have been counted.
    Lost,
}

impl Budget {
    /// The number of a request that may go now, or until when it waits.
    pub(super) fn take(&mut self, purpose: Purpose, now: Instant) -> Result<u64, Wait> {
        if let Some(until) = self.silent_until.filter(|until| now < *until) {
            return Err(Wait { until, silence: true });
        }
        // After a refusal one goes ahead alone: all that wait would be refused together.
        if self.refusals > 0 && self.under_way > 0 {
            return Err(Wait { until: now + LOOK, silence: true });
        }
        if let Some(window) = &mut self.window {
            if now >= window.until {
                window.renew(self.next, now);
            }
            if window.left(self.under_way) <= window.kept_from(purpose) {
                return Err(Wait { until: window.until, silence: false });
            }
        }
        if let Some(until) = self.guess.wait(purpose, now) {
            return Err(Wait { until, silence: false });
        }
        self.guess.sent(now);
        let number = self.next;
        self.next += 1;
        self.under_way += 1;
        Ok(number)
    }

    /// Takes in what became of a request.
    pub(super) fn returned(&mut self, number: u64, came: Came, now: Instant) {
        self.under_way = self.under_way.saturating_sub(1);
        match came {
            Came::Unsent => {}
            Came::Lost => self.over(None),
            Came::Answered { refused, rate } => {
                if refused {
                    self.refused(number, &rate, now);
                } else if number >= self.since_refusal {
                    self.refusals = 0;
                    self.guess.taken();
                }
                match rate.remaining {
                    Some(left) => self.told(number, left, &rate, now),
                    // Nothing was told of the present window yet, nor is now: the vendor counts no more, or not here.
                    None if self.window.as_ref().is_some_and(|window| window.untold && number >= window.since) => {
                        self.window = None;
                    }
                    None => self.over(None),
                }
            }
        }
    }

    /// A request was used that no answer surely counts; it may have met a window that ends at that time.
    fn over(&mut self, until: Option<Instant>) {
        if let Some(window) = &mut self.window {
            window.uncounted += 1;
            window.counted_from = self.next;
            window.until = until.map_or(window.until, |until| window.until.max(until));
        }
    }

    /// The vendor refuses: it names the time, or it is taken from how often it refused. What was under way together is
    /// refused together, and counts once.
    fn refused(&mut self, number: u64, rate: &Rate, now: Instant) {
        let again = number >= self.since_refusal;
        if again {
            self.refusals += 1;
            if self.refusals == 1 && *rate == Rate::default() {
                self.guess.refused();
            }
        }
        let own = || FIRST_SILENCE * 2_u32.pow((self.refusals.saturating_sub(1)).min(DOUBLINGS));
        let wait = rate.retry_after.or(rate.reset).or_else(|| again.then(own));
        if let Some(until) = wait.map(|wait| now + wait) {
            self.silent_until = Some(self.silent_until.map_or(until, |known| known.max(until)));
            self.since_refusal = self.next;
        }
    }

    fn told(&mut self, number: u64, left: u64, rate: &Rate, now: Instant) {
        self.guess = Guess::default();
        let (next, span) = (self.next, rate.reset.unwrap_or(UNTOLD));
        let until = now + span;
        let Some(window) = &mut self.window else {
            let limit = rate.limit.unwrap_or(left).max(1);
            self.window = Some(Window { lowest: left, since: number, heard: next, ..Window::new(limit, until, span) });
            return;
        };
        if number < window.since {
            // It may speak of the window before, and have been counted in either.
            self.over(Some(until));
            return;
        }
        window.untold = false;
        window.limit = rate.limit.unwrap_or(window.limit).max(left).max(1);
        if number >= window.counted_from {
            window.uncounted = 0;
        }
        if left <= window.lowest {
            (window.lowest, window.heard) = (left, next);
            // The latest that was told: it is in whole seconds, and of the window before an answer may come late.
            window.until = window.until.max(until);
            window.span = window.span.max(span);
        } else if number >= window.heard {
            // It was sent after less was left, so that a new window began meanwhile.
            (window.lowest, window.heard, window.since) = (left, next, number);
            (window.until, window.span) = (until, span);
        } else {
            self.over(Some(until));
        }
    }

    /// Whether requests of that purpose have to wait now.
    pub(super) fn is_used_up(&self, purpose: Purpose, now: Instant) -> bool {
        let spent = |window: &Window| now < window.until && window.left(self.under_way) <= window.kept_from(purpose);
        self.silent_until.is_some_and(|until| now < until)
            || self.window.as_ref().is_some_and(spent)
            || self.guess.wait(purpose, now).is_some()
    }

    /// Whether there is nothing to remember.
    pub(super) fn is_idle(&self, now: Instant) -> bool {
        let over = |until: Option<Instant>| until.is_none_or(|until| until <= now);
        let windows = over(self.silent_until) && over(self.window.as_ref().map(|window| window.until));
        windows && self.under_way == 0 && self.guess.is_idle(now)
    }
}

impl Window {
    fn new(limit: u64, until: Instant, span: Duration) -> Self {
        Self { limit, untold: false, lowest: limit, uncounted: 0, counted_from: 0, until, span, since: 0, heard: 0 }
    }

    /// The next one, of which nothing is told yet.
    fn renew(&mut self, next: u64, now: Instant) {
        let span = self.span.max(FIRST_SILENCE);
        *self = Self { untold: true, since: next, heard: next, ..Self::new(self.limit, now + span, span) };
    }

    /// What is surely left, with so many requests under way.
    fn left(&self, under_way: u64) -> u64 {
        self.lowest.saturating_sub(self.uncounted).saturating_sub(under_way)
    }

    /// How much has to be left when a request of that purpose goes; where one request is all there is, any may have it.
    fn kept_from(&self, purpose: Purpose) -> u64 {
        match purpose {
            Purpose::Change => 0,
            Purpose::Upkeep => self.limit.div_ceil(KEPT).min(self.limit.saturating_sub(1)),
        }
    }
}
