//! The removal budget: from a spec and a status to what is judged, and back. No IO.

use jiff::{SignedDuration, Timestamp};

use crate::{
    api::removal::{
        AcknowledgedStatus, CountedStatus, HeldRemovalsStatus, OpenRemovalStatus, RemovalBudgetSpec, RemovalsStatus,
    },
    plan::budget::{Acknowledged, Counted, HeldSet, OpenRemoval, RemovalBudget, Removals},
};

/// Most marks of acknowledged removals in a status, whichever yes they are of.
const MOST_MARKS: usize = 1_000;
/// Most names of held removals in a status, and the longest of them in characters.
const SHOWN: usize = 20;
const LONGEST: usize = 1_000;

/// How much may be taken away.
pub fn removal_budget(spec: &RemovalBudgetSpec) -> RemovalBudget {
    let window = SignedDuration::try_from(super::span(&spec.window).unwrap_or_default()).unwrap_or_default();
    let window = if window.is_zero() { RemovalBudget::default().window } else { window };
    RemovalBudget { count: spec.count, percent: spec.percent, window }
}

/// What a status keeps of removals; `None` where it cannot be read, and then nothing may be removed on it.
pub fn removals(status: &RemovalsStatus) -> Option<Removals> {
    let one = |entry: &CountedStatus| {
        let (since, until) = (instant(&entry.since)?, instant(&entry.until)?);
        Some(Counted { since, until, count: entry.count, declared: entry.declared })
    };
    let yes = |yes: &AcknowledgedStatus| {
        let left = yes.left.iter().cloned().collect();
        Some(Acknowledged { digest: yes.digest.clone(), at: instant(&yes.at)?, left })
    };
    let open = |open: &OpenRemovalStatus| {
        Some(OpenRemoval { mark: open.mark.clone(), weight: open.weight, at: instant(&open.at)? })
    };
    Some(Removals {
        open: status.open.iter().map(open).collect::<Option<_>>()?,
        counted: status.counted.iter().map(one).collect::<Option<_>>()?,
        acknowledged: status.earlier.iter().chain(&status.acknowledged).map(yes).collect::<Option<_>>()?,
        retained: status.retained.iter().cloned().collect(),
    })
}

fn instant(text: &str) -> Option<Timestamp> {
    text.parse().ok()
}

/// The same for a status.
pub fn removals_status(removals: &Removals) -> RemovalsStatus {
    let one = |entry: &Counted| CountedStatus {
        since: entry.since.to_string(),
        until: entry.until.to_string(),
        count: entry.count,
        declared: entry.declared,
    };
    let mut room = MOST_MARKS;
    let yes = |yes: &Acknowledged| {
        let left: Vec<String> = yes.left.iter().take(room).cloned().collect();
        room -= left.len();
        AcknowledgedStatus { digest: yes.digest.clone(), at: yes.at.to_string(), left }
    };
    let mut earlier: Vec<AcknowledgedStatus> = removals.acknowledged.iter().map(yes).collect();
    let acknowledged = earlier.pop();
    let open = |open: &OpenRemoval| OpenRemovalStatus {
        mark: open.mark.clone(),
        weight: open.weight,
        at: open.at.to_string(),
    };
    RemovalsStatus {
        open: removals.open.iter().map(open).collect(),
        counted: removals.counted.iter().map(one).collect(),
        acknowledged,
        earlier,
        retained: removals.retained.iter().cloned().collect(),
    }
}

/// What is held, for a status; `None` where nothing is.
pub fn held_removals(held: &HeldSet) -> Option<HeldRemovalsStatus> {
    let short = |name: String| name.chars().take(LONGEST).collect();
    (!held.is_empty()).then(|| HeldRemovalsStatus {
        total: held.total(),
        digest: held.digest(),
        entries: held.names(SHOWN).into_iter().map(short).collect(),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_kept_of_removals_is_read_as_it_was_written() {
        let at: Timestamp = "2026-01-01T12:00:00.123456789Z".parse().unwrap();
        let yes = |marks: &[&str]| Acknowledged {
            digest: "d".to_owned(),
            at,
            left: marks.iter().map(|mark| (*mark).to_owned()).collect(),
        };
        let removals_now = Removals {
            counted: vec![Counted { since: at, until: at + SignedDuration::from_secs(9), count: 3, declared: 40 }],
            acknowledged: vec![yes(&["a", "b"]), yes(&["c"])],
            open: vec![OpenRemoval { mark: "m".to_owned(), weight: 2, at }],
            retained: ["c".to_owned()].into(),
        };
        assert_eq!(removals(&removals_status(&removals_now)), Some(removals_now));
        assert_eq!(removals(&RemovalsStatus::default()), Some(Removals::default()));
    }

    #[test]
    fn what_cannot_be_read_is_not_taken_for_nothing() {
        let cases = [
            json!({"counted": [{"since": "yesterday", "until": "2026-01-01T12:00:00Z", "count": 1, "declared": 1}]}),
            json!({"acknowledged": {"digest": "d", "at": "", "left": ["a"]}}),
            json!({"open": [{"mark": "m", "weight": 1, "at": "soon"}]}),
        ];
        for status in cases {
            assert_eq!(removals(&serde_json::from_value(status).unwrap()), None);
        }
    }

    #[test]
    fn a_budget_is_read_with_its_defaults() {
        let budget = |spec| removal_budget(&serde_json::from_value(spec).unwrap());
        assert_eq!(budget(json!({})), RemovalBudget::default());
        let day = SignedDuration::from_hours(24);
        assert_eq!(budget(json!({"window": "24h"})), RemovalBudget { window: day, ..RemovalBudget::default() });
        assert_eq!(budget(json!({"count": 0, "percent": 100})).percent, 100);
    }
}
