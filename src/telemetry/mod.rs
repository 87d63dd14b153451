//! How the program speaks of itself: logs, metrics and error chains. It names no other layer; the impure layers name it.

mod chain;
pub mod log;
pub mod metrics;

pub use self::{chain::chain, log::LogFormat, metrics::Metrics};
