//! How the program speaks of itself: logs, metrics, traces and error chains. It names no other layer; the impure layers name it.

mod chain;
pub mod log;
pub mod metrics;
mod pass;
pub mod trace;

pub use self::{
    chain::chain,
    log::LogFormat,
    metrics::Metrics,
    pass::{Pass, PassId},
    trace::Exporter,
};
