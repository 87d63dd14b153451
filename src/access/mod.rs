//! PURE nouns and rules of access: who (email, principal), what (role, catalogue), where (scope, CRN), when (validity), and
//! what a complete listing of an organization holds. Nothing here knows Kubernetes, a vendor's JSON, a clock or a socket.

pub mod advice;
pub mod catalogue;
pub mod delegation;
pub mod effective;
pub mod email;
pub mod grant;
pub mod judge;
pub mod listing;
pub mod principal;
pub mod publisher;
pub mod scope;
pub mod task;
pub mod validity;

pub use advice::Advice;
pub use catalogue::{Catalogue, Role};
pub use delegation::{Delegation, Denial};
pub use email::Email;
pub use grant::Grant;
pub use listing::Listing;
pub use principal::{PrincipalId, PrincipalKind};
pub use scope::{Crn, Key, Pattern, Scope};
pub use validity::Validity;
