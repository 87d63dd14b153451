//! What an object says of its own life: from when until when, and whether anything is done at all.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

mod drift;
mod observe;
mod outage;
mod rename;
mod suspend;
mod unmanaged;
mod validity;
mod vanished;
