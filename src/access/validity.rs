//! When a grant is in force: from an instant on, until an instant, both, or always. PURE.

use std::fmt;

use jiff::{SignedDuration, Timestamp};

/// From when until when; an absent end is open.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Validity {
    /// Not in force before this.
    pub not_before: Option<Timestamp>,
    /// Not in force from this on.
    pub not_after: Option<Timestamp>,
}

/// On which side a moment lies that is outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outside {
    /// It begins then.
    NotYet(Timestamp),
    /// It ended then.
    Over(Timestamp),
}

/// A stretch of time that delegations bound: the longest for which a grant can be in force as it is declared, or how long one
/// has been in force already.
///
/// What is declared begins with the object's `creationTimestamp`, or with `notBefore` where that is later: before either
/// nothing can have been granted. It ends with `notAfter`. So an edit of `notAfter` alone never makes it longer than was
/// delegated, however often it is made. One that moves `notBefore` too is another term, before which the grant is revoked;
/// where `suspend`, or an edit that makes the object invalid, keeps it all the same, it is withdrawn once it has lasted that long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Term {
    /// Its beginning.
    pub begins: Timestamp,
    /// Its end; `None` where there is none.
    pub ends: Option<Timestamp>,
}

impl fmt::Display for Outside {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotYet(at) => write!(f, "not in force before {at:.0}"),
            Self::Over(at) => write!(f, "not in force since {at:.0}"),
        }
    }
}

impl Validity {
    /// Where a moment lies; `None` where the grant is in force at it.
    pub fn outside(self, now: Timestamp) -> Option<Outside> {
        match (self.not_before, self.not_after) {
            (_, Some(end)) if end <= now => Some(Outside::Over(end)),
            (Some(begin), _) if now < begin => Some(Outside::NotYet(begin)),
            (_, _) => None,
        }
    }

    /// When that changes next, if it ever does.
    pub fn next(self, now: Timestamp) -> Option<Timestamp> {
        [self.not_before, self.not_after].into_iter().flatten().filter(|instant| *instant > now).min()
    }

    /// The whole of it, for an object of that age.
    pub fn term(self, created: Timestamp) -> Term {
        Term { begins: self.not_before.map_or(created, |begin| begin.max(created)), ends: self.not_after }
    }
}

impl Term {
    /// Whether it lasts no longer than that; what has no end lasts longer than anything.
    pub fn is_within(self, longest: SignedDuration) -> bool {
        self.ends.is_some_and(|end| end <= self.latest(longest))
    }

    /// The latest end of one that lasts no longer than that.
    pub fn latest(self, longest: SignedDuration) -> Timestamp {
        self.begins.checked_add(longest).unwrap_or(Timestamp::MAX)
    }
}

/// "24h", "7d": in the unit in which it would be written.
pub fn in_words(duration: SignedDuration) -> String {
    const UNITS: [(i64, i64, char); 3] = [(172_800, 86_400, 'd'), (3_600, 3_600, 'h'), (60, 60, 'm')];
    let seconds = duration.as_secs();
    let fits = |(least, size, _): &(i64, i64, char)| seconds >= *least && seconds % size == 0;
    let (_, size, unit) = UNITS.into_iter().find(fits).unwrap_or((1, 1, 's'));
    format!("{}{unit}", seconds / size)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(hour: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + hour * 3_600).unwrap()
    }

    #[test]
    fn a_moment_is_before_in_or_after() {
        let cases = [
            (None, None, None, None),
            (Some(1), None, Some(Outside::NotYet(at(1))), Some(1)),
            (Some(0), None, None, None),
            (None, Some(1), None, Some(1)),
            (None, Some(0), Some(Outside::Over(at(0))), None),
            (Some(1), Some(2), Some(Outside::NotYet(at(1))), Some(1)),
            (Some(-1), Some(2), None, Some(2)),
            (Some(-2), Some(-1), Some(Outside::Over(at(-1))), None),
        ];
        for (begin, end, outside, next) in cases {
            let validity = Validity { not_before: begin.map(at), not_after: end.map(at) };
            assert_eq!((validity.outside(at(0)), validity.next(at(0))), (outside, next.map(at)), "{validity:?}");
        }
    }

    #[test]
    fn a_term_begins_when_the_grant_first_can() {
        let day = SignedDuration::from_hours(24);
        let cases = [
            (None, Some(24), true),
            (None, Some(25), false),
            (None, None, false),
            (Some(100), None, false),
            // What lies before the object was made does not count, and neither does the time until `notBefore`.
            (Some(-100), Some(24), true),
            (Some(-100), Some(25), false),
            (Some(100), Some(124), true),
            (Some(100), Some(125), false),
        ];
        for (begin, end, within) in cases {
            let validity = Validity { not_before: begin.map(at), not_after: end.map(at) };
            assert_eq!(validity.term(at(0)).is_within(day), within, "{validity:?}");
        }
        let last = Term { begins: Timestamp::MAX, ends: Some(Timestamp::MAX) };
        assert!(last.is_within(day));
    }
}
