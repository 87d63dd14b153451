//! What a guard gives for one removal. PURE.
//!
//! A permit can be made only inside `plan`, is neither `Clone` nor `Default`, and every removal of every adapter takes
//! one by value: no code path can remove access without having passed the guards for exactly that removal, and without
//! leave of the removal budget.
//!
//! Nobody else can make one, neither by its function nor by its field, and nobody can use one twice:
//!
//! ```compile_fail,E0624
//! # use roster::{access::Email, plan::{Permit, Removal}};
//! # let removal = Removal::Invitation { id: String::new(), user: None, email: Email::from_remote("") };
//! let permit = Permit::new(removal);
//! ```
//!
//! ```compile_fail,E0451
//! # use roster::{access::Email, plan::{Permit, Removal}};
//! # let removal = Removal::Invitation { id: String::new(), user: None, email: Email::from_remote("") };
//! let permit = Permit { removal };
//! ```
//!
//! ```compile_fail,E0382
//! # use roster::{backend::AccessBackend, plan::Permit};
//! fn twice(backend: &dyn AccessBackend, permit: Permit) {
//!     let _ = backend.remove(permit);
//!     let _ = backend.remove(permit);
//! }
//! ```
//!
//! ```compile_fail,E0382
//! # use roster::{backend::PublisherBackend, plan::{Permit, permit::MemberRemoval}};
//! fn twice(backend: &dyn PublisherBackend, permit: Permit<MemberRemoval>) {
//!     let _ = backend.remove(permit);
//!     let _ = backend.remove(permit);
//! }
//! ```
//!
//! What passed the guards is no permit before the budget gave its leave, which nobody else can make or use twice:
//!
//! ```compile_fail,E0308
//! # use roster::{backend::AccessBackend, plan::Guarded};
//! fn uncounted(backend: &dyn AccessBackend, guarded: Guarded) {
//!     let _ = backend.remove(guarded);
//! }
//! ```
//!
//! ```compile_fail,E0308
//! # use roster::{backend::PublisherBackend, plan::{Guarded, permit::MemberRemoval}};
//! fn uncounted(backend: &dyn PublisherBackend, guarded: Guarded<MemberRemoval>) {
//!     let _ = backend.remove(guarded);
//! }
//! ```
//!
//! ```compile_fail,E0423
//! # use roster::plan::Leave;
//! let leave = Leave(());
//! ```
//!
//! ```compile_fail,E0382
//! # use roster::plan::{Guarded, Leave};
//! fn twice(first: Guarded, second: Guarded, leave: Leave) {
//!     let _ = (first.with(leave), second.with(leave));
//! }
//! ```
//!
//! A permit for the one kind of backend is none for the other:
//!
//! ```compile_fail,E0308
//! # use roster::{backend::PublisherBackend, plan::Permit};
//! fn mistaken(backend: &dyn PublisherBackend, permit: Permit) {
//!     let _ = backend.remove(permit);
//! }
//! ```
//!
//! ```compile_fail,E0308
//! # use roster::{backend::AccessBackend, plan::{Permit, permit::MemberRemoval}};
//! fn mistaken(backend: &dyn AccessBackend, permit: Permit<MemberRemoval>) {
//!     let _ = backend.remove(permit);
//! }
//! ```
//!
//! Inside `backend` a request that takes something away is made only by a function that uses a permit up, which
//! `tests/it/architecture` looks after.

use crate::access::{Email, PrincipalId, listing::Binding, publisher::Member};

use super::Leave;

/// One destructive step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Removal {
    /// Revoke one role binding.
    Binding(Binding),
    /// Delete a member's account, with its API keys and bindings.
    Account {
        /// The member.
        user: PrincipalId,
        /// For messages.
        email: Email,
    },
    /// Withdraw an invitation that was not accepted, which deactivates its user.
    Invitation {
        /// The vendor's `i-...`.
        id: String,
        /// The user allocated with it.
        user: Option<PrincipalId>,
        /// For messages.
        email: Email,
    },
}

/// One destructive step at a publisher.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MemberRemoval {
    /// Remove somebody from the publisher.
    Member(Member),
    /// Make an owner a contributor.
    Ownership(Member),
}

impl MemberRemoval {
    /// Whom it is about.
    pub fn member(&self) -> &Member {
        match self {
            Self::Member(member) | Self::Ownership(member) => member,
        }
    }
}

/// Leave to make one removal, once.
#[derive(Debug, PartialEq, Eq)]
pub struct Permit<R = Removal> {
    removal: R,
}

/// A removal that the guards let pass, and that the budget has not been asked about yet.
#[derive(Debug, PartialEq, Eq)]
pub struct Guarded<R = Removal> {
    removal: R,
}

impl<R> Guarded<R> {
    /// For the guards alone.
    pub(in crate::plan) fn new(removal: R) -> Self {
        Self { removal }
    }

    /// What passed.
    pub fn removal(&self) -> &R {
        &self.removal
    }

    /// The permit.
    pub fn with(self, _: Leave) -> Permit<R> {
        Permit::new(self.removal)
    }
}

impl<R> Permit<R> {
    /// From what passed the guards and has leave.
    fn new(removal: R) -> Self {
        Self { removal }
    }

    /// What may be removed.
    pub fn removal(&self) -> &R {
        &self.removal
    }
}

#[cfg(test)]
impl<R: Clone> Permit<R> {
    /// For tests of what is done with one, which have no guards.
    pub(crate) fn of(removal: &R) -> Self {
        Self::new(removal.clone())
    }
}
