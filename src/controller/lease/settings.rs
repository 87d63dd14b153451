//! What a candidate is told, and what of it makes sense. Pure.

use std::time::Duration;

/// Which Lease, who we are in it, and how patient everybody is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeaseSettings {
    /// The namespace of the Lease.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// Who we are; no other process that may run at the same time has this name (the pod's name with its uid, for one).
    pub identity: String,
    /// How long others wait after our last sign of life. In whole seconds in the Lease, rounded up.
    pub lease_duration: Duration,
    /// How long after our last answered renewal we may write; shorter than `lease_duration`, and the difference is what clocks may drift.
    pub renew_deadline: Duration,
    /// How often we renew, and look; shorter than `renew_deadline`. A request gets twice as long.
    pub retry_period: Duration,
}

impl LeaseSettings {
    /// With the periods of Kubernetes' own components: 15 s, 10 s, 2 s.
    pub fn new(namespace: impl Into<String>, name: impl Into<String>, identity: impl Into<String>) -> Self {
        Self {
            namespace: namespace.into(),
            name: name.into(),
            identity: identity.into(),
            lease_duration: Duration::from_secs(15),
            renew_deadline: Duration::from_secs(10),
            retry_period: Duration::from_secs(2),
        }
    }

    /// The first rule that these settings break.
    pub fn check(&self) -> Result<(), SettingsError> {
        if self.identity.is_empty() {
            return Err(SettingsError::NoIdentity);
        }
        if self.retry_period.is_zero() || self.retry_period >= self.renew_deadline {
            return Err(SettingsError::RetryPeriod { retry: self.retry_period, deadline: self.renew_deadline });
        }
        if self.renew_deadline >= self.lease_duration {
            return Err(SettingsError::RenewDeadline { deadline: self.renew_deadline, duration: self.lease_duration });
        }
        Ok(())
    }
}

/// Settings that would not keep two replicas apart.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SettingsError {
    /// An empty holder is a released Lease.
    #[error("the identity in the lease is empty")]
    NoIdentity,
    /// No renewal would come in time.
    #[error("the retry period ({retry:?}) must be above zero and shorter than the renew deadline ({deadline:?})")]
    RetryPeriod {
        /// As set.
        retry: Duration,
        /// As set.
        deadline: Duration,
    },
    /// A successor would write before we stop.
    #[error("the renew deadline ({deadline:?}) must be shorter than the lease duration ({duration:?})")]
    RenewDeadline {
        /// As set.
        deadline: Duration,
        /// As set.
        duration: Duration,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_that_keep_nobody_apart_are_refused() {
        let good = LeaseSettings::new("roster", "roster", "a");
        assert_eq!(good.check(), Ok(()));
        let bad = [
            (LeaseSettings { identity: String::new(), ..good.clone() }, "the identity"),
            (LeaseSettings { retry_period: Duration::ZERO, ..good.clone() }, "the retry period (0ns)"),
            (LeaseSettings { retry_period: Duration::from_secs(10), ..good.clone() }, "the retry period (10s)"),
            (LeaseSettings { renew_deadline: Duration::from_secs(15), ..good }, "the renew deadline (15s)"),
        ];
        for (settings, said) in bad {
            let error = settings.check().unwrap_err().to_string();
            assert!(error.starts_with(said), "{error}");
        }
    }
}
