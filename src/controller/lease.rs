//! A Lease of our own: one replica writes, the others wait and take over. IO: this file asks the API server and sleeps; what an answer
//! means is decided in `lease/election.rs`.
//!
//! The verbs are get, create and update. Each write names the version that it replaces, and each request has a deadline of its own: the
//! client would retry for minutes by itself.

mod election;
mod leadership;
mod record;
mod settings;

use std::{fmt, time::Duration};

use k8s_openapi::api::coordination::v1::Lease;
use kube::api::{Api, ObjectMeta, PostParams};
use tokio::{
    sync::watch,
    time::{Instant, sleep, timeout},
};
use tracing::{debug, info, warn};

use super::outside::Outside;

use self::{
    election::{Election, Standing, Step},
    record::Record,
};
pub use self::{
    leadership::Leadership,
    settings::{LeaseSettings, SettingsError},
};

/// One replica that wants the Lease. Drive it from one task: [`acquire`](Self::acquire), then [`hold`](Self::hold), and again when lost;
/// at the end [`release`](Self::release).
#[derive(Debug)]
pub struct Candidate {
    api: Api<Lease>,
    settings: LeaseSettings,
    /// The time of stamps, which decides nothing: that is for the clock of `origin`, which nobody sets.
    outside: Outside,
    election: Election,
    /// The object as last seen, whose version the next write names.
    current: Option<Lease>,
    /// When the last claim was sent.
    claimed: Duration,
    /// A write failed or its answer was lost, so look before the next one.
    doubtful: bool,
    origin: Instant,
    until: watch::Sender<Duration>,
    leadership: Leadership,
}

/// Why a replica may write no longer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Lost {
    /// No renewal was answered in time.
    Expired,
    /// The Lease names another holder.
    Taken {
        /// Whom.
        holder: String,
    },
    /// The Lease was deleted, or its holder struck out, by somebody else.
    Withdrawn,
}

impl fmt::Display for Lost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Expired => f.write_str("no renewal was answered in time"),
            Self::Taken { holder } => write!(f, "`{holder}` holds the lease"),
            Self::Withdrawn => f.write_str("the lease was deleted or its holder struck out"),
        }
    }
}

/// A request that brought no usable answer.
#[derive(Debug, thiserror::Error)]
enum RequestError {
    #[error("{operation} the lease")]
    Failed {
        operation: Operation,
        #[source]
        source: Box<kube::Error>,
    },
    #[error("{operation} the lease: no answer within {within:?}")]
    Unanswered { operation: Operation, within: Duration },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Operation {
    Get,
    Create,
    Update,
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Get => "get",
            Self::Create => "create",
            Self::Update => "update",
        })
    }
}

impl RequestError {
    /// Somebody wrote or deleted it before us; which is no fault, only a reason to look again.
    fn is_conflict(&self) -> bool {
        let Self::Failed { operation, source } = self else { return false };
        let kube::Error::Api(status) = &**source else { return false };
        // A create that finds no place to create in is a fault.
        status.is_conflict() || status.is_already_exists() || (status.is_not_found() && *operation == Operation::Update)
    }
}

impl Candidate {
    /// A candidate that holds nothing yet.
    pub fn new(client: kube::Client, settings: LeaseSettings, outside: Outside) -> Result<Self, SettingsError> {
        settings.check()?;
        let origin = Instant::now();
        let (until, leadership) = Leadership::new(origin);
        Ok(Self {
            api: Api::namespaced(client, &settings.namespace),
            election: Election::new(settings.identity.clone(), settings.lease_duration, settings.renew_deadline),
            settings,
            outside,
            current: None,
            claimed: Duration::ZERO,
            doubtful: true,
            origin,
            until,
            leadership,
        })
    }

    /// What the writers ask.
    pub fn leadership(&self) -> Leadership {
        self.leadership.clone()
    }

    /// Waits until the Lease is ours, however long that takes. What goes wrong on the way is logged and tried again.
    pub async fn acquire(&mut self) {
        let mut failing = false;
        loop {
            let pause = match self.compete().await {
                Ok(_) if self.election.may_write(self.now()) => break,
                Ok(step) => {
                    failing = false;
                    match step {
                        Step::Claim => self.settings.retry_period,
                        Step::Wait(wait) => wait.min(self.settings.retry_period),
                    }
                }
                Err(error) => {
                    self.complain(&error, failing);
                    failing = true;
                    self.settings.retry_period
                }
            };
            sleep(pause).await;
        }
        info!(lease = self.settings.name, identity = self.settings.identity, "lease acquired");
    }

    /// Renews the Lease until it is lost. When this returns, [`Leadership::may_write`] says no.
    pub async fn hold(&mut self) -> Lost {
        let mut failing = false;
        let lost = loop {
            if self.election.standing() != Standing::Mine || !self.election.may_write(self.now()) {
                break self.lost();
            }
            let next = self.claimed + self.settings.retry_period;
            let due = next.min(self.election.until());
            if self.now() < due {
                sleep(due.saturating_sub(self.now())).await;
                continue;
            }
            let remaining = self.election.until().saturating_sub(self.now());
            // The renewal may end with the right to write, and not outlast it.
            match timeout(remaining, self.renew()).await {
                Ok(Ok(())) => failing = false,
                Ok(Err(error)) => {
                    self.complain(&error, failing);
                    failing = true;
                }
                Err(_) => {}
            }
        };
        self.step_down();
        warn!(lease = self.settings.name, identity = self.settings.identity, %lost, "lease lost");
        lost
    }

    /// Gives the Lease away, so that a successor need not wait. Call it after the last write has ended: a successor writes at once.
    /// Does nothing where the Lease is not ours, and gives up after the time in which it would have run out by itself.
    pub async fn release(&mut self) {
        self.step_down();
        let within = self.settings.renew_deadline;
        let released = timeout(within, self.vacate()).await;
        let lease = &self.settings.name;
        match released {
            Ok(true) => info!(lease, "lease released"),
            Ok(false) => debug!(lease, "the lease is not ours to release"),
            Err(_) => warn!(lease, "the lease could not be released and will run out by itself"),
        }
    }

    /// Writes that nobody holds the Lease, until that is so. `false` when somebody else does.
    async fn vacate(&mut self) -> bool {
        let mut failing = false;
        loop {
            match self.try_to_vacate().await {
                Ok(vacated) => return vacated,
                Err(error) if error.is_conflict() => {}
                Err(error) => {
                    self.complain(&error, failing);
                    failing = true;
                    sleep(self.settings.retry_period).await;
                }
            }
        }
    }

    async fn try_to_vacate(&mut self) -> Result<bool, RequestError> {
        if self.doubtful {
            self.look().await?;
        }
        let Some(record) = self.election.vacancy(self.outside.now()) else { return Ok(false) };
        let (stored, _) = self.store(record).await?;
        self.see(Some(stored));
        Ok(true)
    }

    /// Looks, and claims if that is due.
    async fn compete(&mut self) -> Result<Step, RequestError> {
        self.look().await?;
        let step = self.election.step(self.now());
        match step {
            Step::Claim => match self.claim().await {
                Err(error) if error.is_conflict() => debug!(lease = self.settings.name, "another replica was first"),
                answer => answer?,
            },
            Step::Wait(_) => {}
        }
        Ok(step)
    }

    /// One renewal, or the news that there is nothing to renew.
    async fn renew(&mut self) -> Result<(), RequestError> {
        // Whatever becomes of it, the next attempt is a period away.
        self.claimed = self.now();
        if self.doubtful {
            self.look().await?;
            if self.election.standing() != Standing::Mine {
                return Ok(());
            }
        }
        match self.claim().await {
            // It may be our own earlier renewal that arrived late; a look tells.
            Err(error) if error.is_conflict() => self.look().await,
            answer => answer,
        }
    }

    /// Reads the Lease. Without a resource version, so that the answer is the newest there is.
    async fn look(&mut self) -> Result<(), RequestError> {
        let lease = self.bounded(Operation::Get, self.api.get_opt(&self.settings.name)).await?;
        self.see(lease);
        Ok(())
    }

    /// Claims or renews.
    async fn claim(&mut self) -> Result<(), RequestError> {
        let record = self.election.claim(self.outside.now());
        let (stored, sent) = self.store(record).await?;
        self.claimed = sent;
        self.election.wrote(Record::of(&stored), sent, self.now());
        self.see(Some(stored));
        Ok(())
    }

    /// Takes in what the API server holds.
    fn see(&mut self, lease: Option<Lease>) {
        self.election.observe(lease.as_ref().map(Record::of), self.now());
        self.current = lease;
        self.doubtful = false;
        self.publish();
    }

    /// Writes a record over the version last seen. Answers what is stored, and the moment before it was sent.
    async fn store(&mut self, record: Record) -> Result<(Lease, Duration), RequestError> {
        // A write whose answer is never taken in, because its future was dropped, leaves the doubt here.
        self.doubtful = true;
        let parameters = PostParams::default();
        let name = self.settings.name.clone();
        let sent = self.now();
        let stored = if let Some(current) = self.current.clone() {
            let lease = record.into_lease(current);
            self.bounded(Operation::Update, self.api.replace(&name, &parameters, &lease)).await?
        } else {
            let metadata = ObjectMeta { name: Some(name), ..ObjectMeta::default() };
            let lease = record.into_lease(Lease { metadata, ..Lease::default() });
            self.bounded(Operation::Create, self.api.create(&parameters, &lease)).await?
        };
        Ok((stored, sent))
    }

    async fn bounded<T>(
        &self,
        operation: Operation,
        request: impl Future<Output = kube::Result<T>>,
    ) -> Result<T, RequestError> {
        let within = self.settings.retry_period * 2;
        match timeout(within, request).await {
            Ok(answer) => answer.map_err(|source| RequestError::Failed { operation, source: Box::new(source) }),
            Err(_) => Err(RequestError::Unanswered { operation, within }),
        }
    }

    fn now(&self) -> Duration {
        self.origin.elapsed()
    }

    fn lost(&self) -> Lost {
        match self.election.standing() {
            Standing::Mine => Lost::Expired,
            Standing::Taken(holder) => Lost::Taken { holder },
            Standing::Vacant => Lost::Withdrawn,
        }
    }

    fn step_down(&mut self) {
        self.election.step_down();
        self.publish();
    }

    fn publish(&self) {
        let until = self.election.until();
        self.until.send_if_modified(|published| std::mem::replace(published, until) != until);
    }

    /// Says what went wrong: aloud when it begins, quietly while it lasts.
    fn complain(&self, error: &RequestError, again: bool) {
        let (lease, error) = (&self.settings.name, crate::telemetry::chain(error));
        if again {
            debug!(lease, error, "the lease request failed again");
        } else {
            warn!(lease, error, "the lease request failed");
        }
    }
}
