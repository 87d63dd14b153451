//! What a Lease says, as a value of ours. Pure: conversions from and to the Kubernetes type, and nothing that asks for the time.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use k8s_openapi::{
    api::coordination::v1::{Lease, LeaseSpec},
    apimachinery::pkg::apis::meta::v1::MicroTime,
};

/// The spec of a Lease. Two looks that give equal records have seen no renewal between them: [`after`] makes each one differ.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Record {
    /// Who holds it; `None` when it was released.
    pub(super) holder: Option<String>,
    /// When the holder took it, by the holder's wall clock. Shown to people, compared for equality, never for age.
    pub(super) acquired: Option<Timestamp>,
    /// When the holder last wrote, by the holder's wall clock. As above.
    pub(super) renewed: Option<Timestamp>,
    /// How often it changed hands.
    pub(super) transitions: i32,
    /// How long the holder asks others to wait after its last sign of life.
    pub(super) promised: Duration,
}

impl Record {
    /// What this Lease says. Anything absent or negative counts as zero.
    pub(super) fn of(lease: &Lease) -> Self {
        let spec = lease.spec.clone().unwrap_or_default();
        let seconds = spec.lease_duration_seconds.and_then(|seconds| u64::try_from(seconds).ok());
        Self {
            holder: spec.holder_identity.filter(|holder| !holder.is_empty()),
            acquired: spec.acquire_time.map(|time| time.0),
            renewed: spec.renew_time.map(|time| time.0),
            transitions: spec.lease_transitions.unwrap_or_default(),
            promised: Duration::from_secs(seconds.unwrap_or_default()),
        }
    }

    /// The Lease with this record in it. Its metadata stays as it is: the resource version in it is the precondition.
    pub(super) fn into_lease(self, mut lease: Lease) -> Lease {
        let whole = self.promised.as_secs() + u64::from(self.promised.subsec_nanos() > 0);
        lease.spec = Some(LeaseSpec {
            holder_identity: Some(self.holder.unwrap_or_default()),
            acquire_time: self.acquired.map(MicroTime),
            renew_time: self.renewed.map(MicroTime),
            lease_transitions: Some(self.transitions),
            // The API server refuses a duration of zero.
            lease_duration_seconds: Some(i32::try_from(whole).unwrap_or(i32::MAX).max(1)),
            ..lease.spec.unwrap_or_default()
        });
        lease
    }
}

/// A stamp that differs from the one before, and is later wherever it can be.
///
/// The API server drops an update that changes nothing, and a record that does not change reads as a dead holder: under a wall clock that
/// stands still or jumps back a renewal must still be one.
pub(super) fn after(before: Option<Timestamp>, wall: Timestamp) -> Timestamp {
    // A Lease keeps microseconds; finer ones would be equal again after a round trip.
    let wall = Timestamp::from_microsecond(wall.as_microsecond()).unwrap_or(wall);
    let Some(before) = before else { return wall };
    before.checked_add(SignedDuration::from_micros(1)).map_or(wall, |next| wall.max(next))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_survives_the_way_to_the_server_and_back() {
        let wall: Timestamp = "2026-03-01T10:00:00.123456789Z".parse().unwrap();
        let record = Record {
            holder: Some("a".to_owned()),
            acquired: Some(after(None, wall)),
            renewed: Some(after(None, wall)),
            transitions: 3,
            promised: Duration::from_secs(15),
        };
        let sent = serde_json::to_string(&record.clone().into_lease(Lease::default())).unwrap();
        assert_eq!(Record::of(&serde_json::from_str(&sent).unwrap()), record);

        let released = Record { holder: None, promised: Duration::from_millis(1), ..record };
        let lease = released.into_lease(Lease::default());
        let spec = lease.spec.as_ref().unwrap();
        assert_eq!((spec.holder_identity.as_deref(), spec.lease_duration_seconds), (Some(""), Some(1)));
        assert_eq!(Record::of(&lease).holder, None);
    }

    #[test]
    fn what_is_not_ours_to_judge_stays_in_the_lease() {
        let mut lease = Lease::default();
        lease.metadata.resource_version = Some("7".to_owned());
        lease.spec = Some(LeaseSpec { strategy: Some("OldestEmulationVersion".to_owned()), ..LeaseSpec::default() });
        let lease = Record::default().into_lease(lease);
        assert_eq!(lease.metadata.resource_version.as_deref(), Some("7"));
        assert_eq!(lease.spec.unwrap().strategy.as_deref(), Some("OldestEmulationVersion"));
    }

    #[test]
    fn each_stamp_differs_from_the_one_before() {
        let wall: Timestamp = "2026-03-01T10:00:00Z".parse().unwrap();
        let hour = SignedDuration::from_hours(1);
        for before in [wall, wall + hour, wall - hour, Timestamp::MAX, Timestamp::MIN] {
            assert_ne!(after(Some(before), wall), before, "{before}");
        }
        assert_eq!(after(Some(wall - hour), wall), wall);
        assert!(after(Some(wall + hour), wall) > wall + hour);
    }
}
