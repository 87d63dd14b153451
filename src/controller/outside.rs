//! What the operator has from outside: the time of stamps, ways to an endpoint, and what tells this process from others. Given
//! as an argument, so that the whole operator can run in one thread under virtual time.
//!
//! Deadlines and waits are tokio's, which has a clock of its own that a test can hold.

use std::{fmt, hash::Hash, sync::Arc};

use jiff::Timestamp;

use crate::backend::{Endpoint, SocketTransport, Transport, TransportError};

/// Tells the time.
type Clock = dyn Fn() -> Timestamp + Send + Sync;
/// Makes a way to an endpoint.
type Ways = dyn Fn(&Endpoint) -> Result<Box<dyn Transport>, TransportError> + Send + Sync;

/// The operator's way to the world. Clones share it.
#[derive(Clone)]
pub struct Outside {
    clock: Arc<Clock>,
    ways: Arc<Ways>,
    seed: u64,
}

impl Outside {
    /// The machine's clock, and sockets.
    pub fn real() -> Self {
        let seed = super::connection::hash((std::process::id(), Timestamp::now()));
        Self::new(Timestamp::now, |endpoint| Ok(Box::new(SocketTransport::new(endpoint)?) as Box<dyn Transport>), seed)
    }

    /// Another clock and other ways; request ids and jitter are drawn from the seed.
    pub fn new(
        clock: impl Fn() -> Timestamp + Send + Sync + 'static,
        ways: impl Fn(&Endpoint) -> Result<Box<dyn Transport>, TransportError> + Send + Sync + 'static,
        seed: u64,
    ) -> Self {
        Self { clock: Arc::new(clock), ways: Arc::new(ways), seed }
    }

    pub(crate) fn now(&self) -> Timestamp {
        (self.clock)()
    }

    pub(crate) fn transport(&self, endpoint: &Endpoint) -> Result<Box<dyn Transport>, TransportError> {
        (self.ways)(endpoint)
    }

    /// A seed for one client, which no other has, of this process or of another.
    pub(crate) fn seed(&self, instance: impl Hash) -> u64 {
        super::connection::hash((self.seed, self.now(), instance))
    }
}

impl fmt::Debug for Outside {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Outside").finish_non_exhaustive()
    }
}
