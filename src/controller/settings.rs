//! What the operator is started with. No IO.

use std::{net::SocketAddr, sync::Arc};

use crate::access::Catalogue;

use super::{lease::LeaseSettings, outside::Outside};

/// The operator's settings.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The one namespace whose Secrets hold credentials.
    pub credentials_namespace: String,
    /// Hosts that may be reached over plain http, beside loopback.
    pub http_hosts: Vec<String>,
    /// The roles, with what an administrator patched.
    pub catalogue: Arc<Catalogue>,
    /// The Lease that decides which replica writes.
    pub lease: LeaseSettings,
    /// Where `/livez`, `/readyz` and `/metrics` are served; nowhere when absent.
    pub listen: Option<SocketAddr>,
    /// Reconciles of one kind at once.
    pub concurrency: u16,
    /// The name of this replica in events.
    pub instance: String,
    /// The time, and the ways to endpoints.
    pub outside: Outside,
}
