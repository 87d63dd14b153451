//! The answer to "may I write now?", for everybody who writes. It reads the monotonic clock at each question; no task has to be awake to
//! take the right away.

use std::time::Duration;

use tokio::{sync::watch, time::Instant};

/// Whether this replica may write. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Leadership {
    origin: Instant,
    until: watch::Receiver<Duration>,
}

impl Leadership {
    /// The reading end, and the end at which a candidate says until when it may write.
    pub(super) fn new(origin: Instant) -> (watch::Sender<Duration>, Self) {
        let (sender, until) = watch::channel(Duration::ZERO);
        (sender, Self { origin, until })
    }

    /// The leadership of a replica that is alone, without a Lease.
    pub fn always() -> Self {
        let (_, until) = watch::channel(Duration::MAX);
        Self { origin: Instant::now(), until }
    }

    /// Whether a write may start now. Ask right before each one.
    pub fn may_write(&self) -> bool {
        !self.remaining().is_zero()
    }

    /// For how long writes may still start or be under way; zero when none may. A request whose own deadline is no later than this has
    /// ended, one way or the other, before a successor writes.
    pub fn remaining(&self) -> Duration {
        self.until.borrow().saturating_sub(self.origin.elapsed())
    }

    /// Waits until this replica may write no longer.
    pub async fn ended(&self) {
        let mut until = self.until.clone();
        loop {
            let remaining = self.remaining();
            if remaining.is_zero() {
                return;
            }
            // Renewed meanwhile, or run out, or never to change again: each is another look at the clock.
            if let Ok(Err(_)) = tokio::time::timeout(remaining, until.changed()).await {
                tokio::time::sleep(self.remaining()).await;
            }
        }
    }

    /// Waits until this replica may write.
    pub async fn acquired(&self) {
        let origin = self.origin;
        let mut until = self.until.clone();
        let held = until.wait_for(|until| origin.elapsed() < *until).await.is_ok();
        if !held {
            // The candidate is gone, so nobody will ever hold it for us.
            std::future::pending::<()>().await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn it_ends_by_the_clock_alone() {
        let (sender, leadership) = Leadership::new(Instant::now());
        assert!(!leadership.may_write());
        let waiting = tokio::spawn({
            let leadership = leadership.clone();
            async move { leadership.acquired().await }
        });
        sender.send_replace(Duration::from_millis(400));
        waiting.await.unwrap();
        assert!(leadership.may_write());
        std::thread::sleep(Duration::from_millis(500));
        assert!(!leadership.may_write());
        drop(sender);
        let never = tokio::time::timeout(Duration::from_millis(20), leadership.acquired()).await;
        assert!(never.is_err());
    }

    #[tokio::test(start_paused = true)]
    async fn its_end_moves_with_each_renewal() {
        let origin = Instant::now();
        let (sender, leadership) = Leadership::new(origin);
        leadership.ended().await;
        sender.send_replace(Duration::from_secs(4));
        let ended = tokio::spawn(async move {
            leadership.ended().await;
            origin.elapsed()
        });
        tokio::time::sleep(Duration::from_secs(3)).await;
        sender.send_replace(Duration::from_secs(7));
        tokio::time::sleep(Duration::from_secs(1)).await;
        // A candidate that is gone renews no more.
        drop(sender);
        assert!(ended.await.unwrap() >= Duration::from_secs(7));
    }

    #[tokio::test]
    async fn alone_it_always_holds() {
        let leadership = Leadership::always();
        leadership.acquired().await;
        assert!(leadership.may_write());
    }
}
