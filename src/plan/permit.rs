//! What a guard gives for one removal. PURE.
//!
//! A permit can be made only inside `plan`, is neither `Clone` nor `Default`, and every removal of every adapter takes
//! one by value: no code path can remove access without having passed the guards for exactly that removal.
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

use crate::access::{Email, PrincipalId, listing::Binding};

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

/// Leave to make one removal, once.
#[derive(Debug, PartialEq, Eq)]
pub struct Permit {
    removal: Removal,
}

impl Permit {
    /// For the guards alone.
    pub(in crate::plan) fn new(removal: Removal) -> Self {
        Self { removal }
    }

    /// What may be removed.
    pub fn removal(&self) -> &Removal {
        &self.removal
    }
}
