//! A stateful stand-in for the vendors: a server that our clients reach over the same wire as the real ones.
//!
//! [`world`] is the PURE machine; the other modules, which need the `operator` feature, serve it and keep its journal.
//! Nothing here shares a type with the adapters in `backend`, so that one mistake cannot hide in both.
//!
//! To play drift by hand, look and act outside the vendor's dialect:
//!
//! ```text
//! curl $URL/simulator/state
//! curl $URL/simulator/portal -d '{"revoke": {"binding": "rb-ABCDEF"}}'
//! curl $URL/simulator/portal -d '{"acceptInvitation": {"email": "ada@partner.example"}}'
//! curl $URL/simulator/portal -d '{"publisher": {"removeUser": {"publisher": "contoso-data", "user": "mary@example.com"}}}'
//! curl $URL/simulator/portal -d '{"advanceClock": {"seconds": 604800}}'
//! curl $URL/simulator/knobs -X PUT -d '{"rateLimit": {"limit": 5, "window": 10}}'
//! ```

#[cfg(feature = "operator")]
pub mod http;
#[cfg(feature = "operator")]
pub mod journal;
#[cfg(feature = "operator")]
pub mod knob;
#[cfg(feature = "operator")]
pub mod server;
pub mod world;

#[cfg(feature = "operator")]
pub use {
    http::{HEADER, Serving, router},
    journal::JournalError,
    knob::{Effect, Envelope, Fault, Knobs, Lag, Paging, RateLimit},
    server::{ActError, ApplicationCredential, Clock, Credential, RequestRecord, Simulator},
};
