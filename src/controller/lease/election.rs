//! Who may write, and when a candidate may take over. Pure: a state machine over records, judged on the candidate's own monotonic clock.
//!
//! Every moment is the time since a start of the candidate's own; two candidates never compare clocks. The argument: a holder may write
//! until `renew_deadline` after it *sent* the last renewal that was answered. Whoever takes over *received* a record no older than that
//! renewal at least `lease_duration` before, and its write says which version it replaces, so nothing was renewed since. Sent comes before
//! received, and `renew_deadline` is shorter than `lease_duration`. What the argument needs is that both clocks run at about one rate: a
//! machine whose monotonic clock stands still (a suspended one) is outside of it, and a lease never fences a request already on its way.

use std::time::Duration;

use jiff::Timestamp;

use super::record::{Record, after};

/// One candidate's view.
#[derive(Debug)]
pub(super) struct Election {
    identity: String,
    lease_duration: Duration,
    renew_deadline: Duration,
    seen: Option<Seen>,
    until: Duration,
}

/// The last look.
#[derive(Debug)]
struct Seen {
    /// `None`: there is no Lease.
    record: Option<Record>,
    /// From when on it may be claimed.
    due: Duration,
}

/// What a candidate does next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Write a claim over what was seen.
    Claim,
    /// Somebody may still write for that long.
    Wait(Duration),
}

/// Whose the lease is by the last look.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// Ours.
    Mine,
    /// Somebody else's.
    Taken(String),
    /// Nobody's: released, deleted, or never looked at.
    Vacant,
}

impl Election {
    /// A candidate that has not looked yet.
    pub(super) fn new(identity: String, lease_duration: Duration, renew_deadline: Duration) -> Self {
        Self { identity, lease_duration, renew_deadline, seen: None, until: Duration::ZERO }
    }

    /// Until when this candidate may write; zero when it may not.
    pub(super) fn until(&self) -> Duration {
        self.until
    }

    /// Whether this candidate may write at that moment.
    pub(super) fn may_write(&self, now: Duration) -> bool {
        now < self.until
    }

    /// Whose the lease is.
    pub(super) fn standing(&self) -> Standing {
        match self.record().map(|record| record.holder.as_deref()) {
            Some(Some(holder)) if holder == self.identity => Standing::Mine,
            Some(Some(holder)) => Standing::Taken(holder.to_owned()),
            Some(None) | None => Standing::Vacant,
        }
    }

    /// Takes in an answer of the API server, with the moment at which it was *received*. `None` is the definite answer "no such Lease".
    pub(super) fn observe(&mut self, record: Option<Record>, received: Duration) {
        if self.seen.as_ref().is_some_and(|seen| seen.record == record) {
            return;
        }
        let wait = match (&record, &self.seen) {
            // The first replica of all. (Where somebody deletes a Lease just before a replica starts, the holder steps down with its next
            // renewal; until then there are two. A candidate that saw the Lease before waits, as below.)
            (None, None) => Duration::ZERO,
            // Deleted under its holder, who learns of it later than we do.
            (None, Some(seen)) => self.patience(seen.record.as_ref()),
            (Some(record), _) => match record.holder.as_deref() {
                // Released, which its holder writes after its last write.
                None => Duration::ZERO,
                Some(holder) if holder == self.identity => Duration::ZERO,
                Some(_) => self.patience(Some(record)),
            },
        };
        self.seen = Some(Seen { record, due: received + wait });
        if self.standing() != Standing::Mine {
            self.until = Duration::ZERO;
        }
    }

    /// What to do by the last look.
    pub(super) fn step(&self, now: Duration) -> Step {
        match &self.seen {
            None => Step::Wait(Duration::ZERO),
            Some(seen) => match seen.due.saturating_sub(now) {
                Duration::ZERO => Step::Claim,
                wait => Step::Wait(wait),
            },
        }
    }

    /// The record that claims or renews the lease. The wall clock goes into stamps that people read, and into nothing else.
    pub(super) fn claim(&self, wall: Timestamp) -> Record {
        let before = self.record();
        let renewed = after(before.and_then(|record| record.renewed), wall);
        let mine = self.standing() == Standing::Mine;
        let acquired = before.filter(|_| mine).and_then(|record| record.acquired).unwrap_or(renewed);
        let transitions = before.map_or(0, |record| record.transitions.saturating_add(i32::from(!mine)));
        Record {
            holder: Some(self.identity.clone()),
            acquired: Some(acquired),
            renewed: Some(renewed),
            transitions,
            promised: self.lease_duration,
        }
    }

    /// The record that gives the lease away; `None` when it is not ours to give.
    pub(super) fn vacancy(&self, wall: Timestamp) -> Option<Record> {
        let before = self.record().filter(|_| self.standing() == Standing::Mine)?;
        let renewed = Some(after(before.renewed, wall));
        Some(Record { holder: None, renewed, promised: Duration::from_secs(1), ..before.clone() })
    }

    /// Takes in the answer to a claim: the record as stored, and the moment *before* the claim was sent.
    pub(super) fn wrote(&mut self, stored: Record, sent: Duration, received: Duration) {
        self.observe(Some(stored), received);
        if self.standing() == Standing::Mine {
            self.until = sent + self.renew_deadline;
        }
    }

    /// Writes no more.
    pub(super) fn step_down(&mut self) {
        self.until = Duration::ZERO;
    }

    fn record(&self) -> Option<&Record> {
        self.seen.as_ref()?.record.as_ref()
    }

    /// How long to leave a holder in peace: as long as it asked for, and no shorter than we would ask.
    fn patience(&self, record: Option<&Record>) -> Duration {
        record.map_or(self.lease_duration, |record| record.promised.max(self.lease_duration))
    }
}

#[cfg(test)]
mod tests;
