//! How long to wait, how often, and how numbers for it are drawn. PURE: clock and seed are arguments.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use ::http::{HeaderMap, HeaderName, header};
use jiff::{Timestamp, fmt::rfc2822};

use super::pace::Pace;

/// The deadlines, retries and pace of one client.
#[derive(Clone, Debug)]
pub struct Settings {
    /// For one attempt, connection included.
    pub attempt: Duration,
    /// For one call with all its attempts and the pauses between them.
    pub overall: Duration,
    /// How often a read is tried at most. Writes are tried once.
    pub attempts: u32,
    /// The pause after the first attempt; it doubles with each, to at most [`LONGEST_PAUSE`].
    pub pause: Duration,
    /// What request ids and jitter are drawn from. A process takes a random one, a test a fixed one.
    pub seed: u64,
    /// What all clients with the same credential share; one of its own where nobody else has it.
    pub pace: Pace,
}

/// The longest pause of our own choice.
pub const LONGEST_PAUSE: Duration = Duration::from_secs(8);
/// The longest wait that a server can impose: a mistyped `Retry-After` must not park an organization for years.
const LONGEST_RETRY_AFTER: Duration = Duration::from_hours(1);

impl Settings {
    /// The settings that ship: 30 s an attempt, 90 s a call, three attempts.
    pub fn new(seed: u64) -> Self {
        Self {
            attempt: Duration::from_secs(30),
            overall: Duration::from_secs(90),
            attempts: 3,
            pause: Duration::from_millis(500),
            seed,
            pace: Pace::default(),
        }
    }

    /// The pause after the n-th attempt (from 1): half of it fixed, half drawn.
    pub(super) fn pause_after(&self, attempt: u32, drawn: u64) -> Duration {
        let doubled = self.pause.saturating_mul(1 << attempt.saturating_sub(1).min(16)).min(LONGEST_PAUSE);
        let half = doubled / 2;
        let steps = u32::try_from(drawn % 1024).unwrap_or_default();
        half + half * steps / 1024
    }
}

/// Numbers that differ from call to call and are the same for the same seed (`SplitMix64`).
#[derive(Debug)]
pub(super) struct Draw {
    state: AtomicU64,
}

impl Draw {
    const STEP: u64 = 0x9E37_79B9_7F4A_7C15;

    pub(super) fn new(seed: u64) -> Self {
        Self { state: AtomicU64::new(seed) }
    }

    pub(super) fn next(&self) -> u64 {
        let mut z = self.state.fetch_add(Self::STEP, Ordering::Relaxed).wrapping_add(Self::STEP);
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }
}

/// What the server said about its rate. Seconds are relative; every member may be absent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rate {
    /// `X-RateLimit-Limit`
    pub limit: Option<u64>,
    /// `X-RateLimit-Remaining`
    pub remaining: Option<u64>,
    /// `X-RateLimit-Reset`: how long until the window ends, not an epoch.
    pub reset: Option<Duration>,
    /// `Retry-After`, in either of its forms.
    pub retry_after: Option<Duration>,
}

impl Rate {
    /// Reads the headers of an answer.
    pub(super) fn read(headers: &HeaderMap) -> Self {
        // Confluent's names, and those of the IETF's draft that other vendors follow; both count seconds.
        const LIMIT: [HeaderName; 2] = names("x-ratelimit-limit", "ratelimit-limit");
        const REMAINING: [HeaderName; 2] = names("x-ratelimit-remaining", "ratelimit-remaining");
        const RESET: [HeaderName; 2] = names("x-ratelimit-reset", "ratelimit-reset");
        let number = |name: &HeaderName| text(headers, name).and_then(|value| value.parse::<u64>().ok());
        let either = |names: &[HeaderName; 2]| names.iter().find_map(number);
        Self {
            limit: either(&LIMIT),
            remaining: either(&REMAINING),
            reset: either(&RESET).map(seconds),
            retry_after: number(&header::RETRY_AFTER).map(seconds).or_else(|| until(headers)),
        }
    }
}

const fn names(first: &'static str, second: &'static str) -> [HeaderName; 2] {
    [HeaderName::from_static(first), HeaderName::from_static(second)]
}

fn text<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok()).map(str::trim)
}

fn seconds(count: u64) -> Duration {
    Duration::from_secs(count).min(LONGEST_RETRY_AFTER)
}

/// A `Retry-After` that is a date, measured on the server's own `Date`, so that no clock of ours is asked.
fn until(headers: &HeaderMap) -> Option<Duration> {
    let date = |name: &HeaderName| -> Option<Timestamp> {
        rfc2822::DateTimeParser::new().parse_timestamp(text(headers, name)?).ok()
    };
    let left = date(&header::RETRY_AFTER)?.as_second().saturating_sub(date(&header::DATE)?.as_second());
    Some(seconds(u64::try_from(left).unwrap_or_default()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_and_stay_within_their_bounds() {
        let settings = Settings::new(0);
        for (attempt, least, most) in [(1, 250, 500), (2, 500, 1000), (5, 4000, 8000), (60, 4000, 8000)] {
            for drawn in [0, 511, 1023, u64::MAX] {
                let pause = settings.pause_after(attempt, drawn).as_millis();
                assert!((least..=most).contains(&pause), "{attempt} {drawn}: {pause}");
            }
        }
    }

    #[test]
    fn the_same_seed_draws_the_same_numbers() {
        let (a, b, c) = (Draw::new(7), Draw::new(7), Draw::new(8));
        let first = a.next();
        assert_eq!(first, b.next());
        assert_ne!(first, a.next());
        assert_ne!(first, c.next());
    }

    #[test]
    fn rate_headers_are_read_in_every_form() {
        type Headers = [(&'static str, &'static str)];

        let read = |pairs: &Headers| {
            let mut headers = HeaderMap::new();
            for (name, value) in pairs {
                headers.insert(HeaderName::from_static(name), value.parse().unwrap());
            }
            Rate::read(&headers)
        };
        let all = read(&[("x-ratelimit-limit", "60"), ("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "9")]);
        assert_eq!((all.limit, all.remaining, all.reset), (Some(60), Some(0), Some(Duration::from_secs(9))));
        let draft = read(&[("ratelimit-limit", "60"), ("ratelimit-remaining", "3"), ("ratelimit-reset", "9")]);
        assert_eq!((draft.limit, draft.remaining, draft.reset), (Some(60), Some(3), Some(Duration::from_secs(9))));
        let cases: [(&Headers, Option<u64>); 6] = [
            (&[("retry-after", "30")], Some(30)),
            (&[("retry-after", "99999999999")], Some(3600)),
            (&[("retry-after", "soon")], None),
            (&[("retry-after", "-1")], None),
            (&[("retry-after", "Wed, 21 Oct 2015 07:28:30 GMT"), ("date", "Wed, 21 Oct 2015 07:28:00 GMT")], Some(30)),
            (&[("retry-after", "Wed, 21 Oct 2015 07:28:30 GMT")], None),
        ];
        for (pairs, expected) in cases {
            assert_eq!(read(pairs).retry_after, expected.map(Duration::from_secs), "{pairs:?}");
        }
    }
}
