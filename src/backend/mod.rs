//! Adapters that speak a vendor's API, behind one trait. The only layer but the simulator that has seen a vendor's JSON.
//!
//! A backend reports facts and makes single writes; it decides nothing and has never heard of Kubernetes.

pub mod confluent;
pub mod error;
pub mod http;
pub mod portal;
#[cfg(test)]
mod script;
pub mod transport;

use futures::future::BoxFuture;

pub use confluent::ConfluentCloud;
pub use error::{BackendError, ErrorKind};
pub use http::{
    Attempt, Audience, ClientCredentials, Credential, Endpoint, HttpClient, Observer, Paces, Purpose, Settings,
    TokenSource,
};
pub use portal::Portal;
pub use transport::{SocketTransport, Transport, TransportError};

use crate::{
    access::{
        Email, Grant, Listing, PrincipalId,
        listing::{AuthType, Binding, Identity, Invitation},
        publisher::{Member, MemberKey, Members, NewMember, PortalIdentity},
    },
    plan::{Permit, permit::MemberRemoval},
};

/// The future of one call.
pub type Answer<'a, T> = BoxFuture<'a, Result<T, BackendError>>;

/// What an access backend can do. Every call has a deadline of the adapter's own and is one place in its rate budget.
pub trait AccessBackend: Send + Sync + 'static {
    /// Whether requests for that purpose have to wait for the vendor's rate now.
    fn is_used_up(&self, _: Purpose) -> bool {
        false
    }

    /// Whom we act as, and in which organization.
    fn identify(&self) -> Answer<'_, Identity>;

    /// A complete listing, or an error; never a part of one.
    fn list(&self) -> Answer<'_, Listing>;

    /// The bindings of `OrganizationAdmin` at the organization itself, read now.
    fn organization_admins(&self) -> Answer<'_, Vec<Binding>>;

    /// Whether a person is an active member, read now by the id.
    fn is_member(&self, user: PrincipalId) -> Answer<'_, bool>;

    /// The binding that stands for a grant, read now; `None` when a complete answer does not hold it.
    fn find(&self, grant: Grant) -> Answer<'_, Option<Binding>>;

    /// What hangs on a person's account, read now: a listing of its bindings, and of its API keys where they can be seen, and
    /// of nothing else.
    fn holdings(&self, user: PrincipalId) -> Answer<'_, Listing>;

    /// Invites a person. An invitation or member that is already there is [`ErrorKind::Conflict`].
    fn invite(&self, email: Email, auth_type: Option<AuthType>) -> Answer<'_, Invitation>;

    /// Sets a member's full name.
    fn rename(&self, user: PrincipalId, full_name: String) -> Answer<'_, ()>;

    /// Makes a grant. One that is already there is [`ErrorKind::Conflict`]; after [`ErrorKind::Ambiguous`], read.
    fn grant(&self, grant: Grant) -> Answer<'_, Binding>;

    /// Makes the one removal that the permit is for. What is said not to be there (404) is [`ErrorKind::Conflict`]: it was read right
    /// before, so read again; a 403 is [`ErrorKind::Forbidden`] and means nothing about presence.
    fn remove(&self, permit: Permit) -> Answer<'_, ()>;
}

/// What a backend of marketplace publishers can do, for the one publisher that it was made for.
pub trait PublisherBackend: Send + Sync + 'static {
    /// Whether requests for that purpose have to wait for the vendor's rate now.
    fn is_used_up(&self, _: Purpose) -> bool {
        false
    }

    /// On which publishers we have a role. Ours may be missing among them.
    fn identify(&self) -> Answer<'_, PortalIdentity>;

    /// All users of the publisher, or an error; never a part of them.
    fn list(&self) -> Answer<'_, Members>;

    /// One user, read now, with its version; `None` when the publisher has no such user.
    fn find(&self, key: MemberKey) -> Answer<'_, Option<Member>>;

    /// Adds a user. One that is already there is [`ErrorKind::Conflict`]; after [`ErrorKind::Ambiguous`], read.
    fn add(&self, member: NewMember) -> Answer<'_, Member>;

    /// Makes a contributor an owner, in one write. A user that changed since it was read is read again, and is
    /// [`ErrorKind::Conflict`] where it is no contributor any more; one that is an owner already is the answer.
    fn promote(&self, member: Member) -> Answer<'_, Member>;

    /// Makes the one removal that the permit is for, of what has the version that the guards judged: one that changed since
    /// is [`ErrorKind::Conflict`]. What is already gone (404) counts as removed. Answers with what is left, `None` after
    /// the removal of a user, the contributor after that of its ownership.
    fn remove(&self, permit: Permit<MemberRemoval>) -> Answer<'_, Option<Member>>;
}
