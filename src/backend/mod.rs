//! Adapters that speak a vendor's API, behind one trait. The only layer but the simulator that has seen a vendor's JSON.
//!
//! A backend reports facts and makes single writes; it decides nothing and has never heard of Kubernetes.

pub mod confluent;
pub mod error;
pub mod http;
#[cfg(test)]
mod script;
pub mod transport;

use futures::future::BoxFuture;

pub use confluent::ConfluentCloud;
pub use error::{BackendError, ErrorKind};
pub use http::{Attempt, Credential, Endpoint, HttpClient, Observer, Settings};
pub use transport::{SocketTransport, Transport, TransportError};

use crate::{
    access::{
        Email, Grant, Listing, PrincipalId,
        listing::{AuthType, Binding, Identity, Invitation},
    },
    plan::Permit,
};

/// The future of one call.
pub type Answer<'a, T> = BoxFuture<'a, Result<T, BackendError>>;

/// What an access backend can do. Every call has a deadline of the adapter's own and is one place in its rate budget.
pub trait AccessBackend: Send + Sync + 'static {
    /// Whom we act as, and in which organization.
    fn identify(&self) -> Answer<'_, Identity>;

    /// A complete listing, or an error; never a part of one.
    fn list(&self) -> Answer<'_, Listing>;

    /// The bindings of `OrganizationAdmin` at the organization itself, read now.
    fn organization_admins(&self) -> Answer<'_, Vec<Binding>>;

    /// The binding that stands for a grant, read now; `None` when a complete answer does not hold it.
    fn find(&self, grant: Grant) -> Answer<'_, Option<Binding>>;

    /// Invites a person. An invitation or member that is already there is [`ErrorKind::Conflict`].
    fn invite(&self, email: Email, auth_type: Option<AuthType>) -> Answer<'_, Invitation>;

    /// Sets a member's full name.
    fn rename(&self, user: PrincipalId, full_name: String) -> Answer<'_, ()>;

    /// Makes a grant. One that is already there is [`ErrorKind::Conflict`]; after [`ErrorKind::Ambiguous`], read.
    fn grant(&self, grant: Grant) -> Answer<'_, Binding>;

    /// Makes the one removal that the permit is for. What is already gone counts as removed only when the vendor says
    /// so without doubt (404); a 403 is [`ErrorKind::Forbidden`] and means nothing about presence.
    fn remove(&self, permit: Permit) -> Answer<'_, ()>;
}
