//! The one reason for the keeper to end: its parent is gone, or a signal asked it to.

use std::{
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread,
    time::Duration,
};

use tokio::signal::unix::{SignalKind, signal};

use super::error::Error;

/// A flag that is raised once, and that every wait of the keeper looks at.
#[derive(Clone, Debug, Default)]
pub(crate) struct Stop(Arc<(Mutex<bool>, Condvar)>);

impl Stop {
    /// Raises the flag and wakes whoever sleeps.
    pub(crate) fn raise(&self) {
        *self.lock() = true;
        self.0.1.notify_all();
    }

    /// Sleeps, or says that it is time to stop.
    pub(crate) fn sleep(&self, time: Duration) -> Result<(), Error> {
        let waited = self.0.1.wait_timeout_while(self.lock(), time, |raised| !*raised);
        let (raised, _) = waited.unwrap_or_else(PoisonError::into_inner);
        if *raised { Err(Error::Stopped) } else { Ok(()) }
    }

    /// Whether the flag is up.
    pub(crate) fn is_raised(&self) -> bool {
        *self.lock()
    }

    fn lock(&self) -> MutexGuard<'_, bool> {
        self.0.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Raises the flag on SIGTERM, SIGINT and SIGHUP, from a thread with a runtime of its own: the keeper itself is blocking code.
    pub(crate) fn raise_on_signals(&self) -> std::io::Result<()> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let mut signals = {
            let _inside = runtime.enter();
            [signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?, signal(SignalKind::hangup())?]
        };
        let stop = self.clone();
        thread::spawn(move || {
            runtime.block_on(async {
                let [terminate, interrupt, hangup] = &mut signals;
                tokio::select! { _ = terminate.recv() => {} _ = interrupt.recv() => {} _ = hangup.recv() => {} }
            });
            stop.raise();
        });
        Ok(())
    }
}
