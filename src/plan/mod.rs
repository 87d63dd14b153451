//! PURE decisions: desired state and inventory in, steps and sentences out. There is no `async` here and no clock.
//!
//! Whoever carries out a [`Decision`] has no choices left, and whoever removes anything needs a [`Permit`].

pub mod binding;
pub mod budget;
pub mod decision;
pub mod drift;
pub mod facts;
pub mod guard;
pub mod inventory;
mod life;
pub mod permit;
pub mod person;
pub mod publisher;
pub mod reason;
pub mod restraint;
pub mod unmanaged;
pub mod user;

#[cfg(test)]
mod tests;

pub use budget::{Leave, RemovalBudget, Removals};
pub use decision::{Decision, Fact, Finding, Step};
pub use facts::{Adoption, Facts};
pub use guard::{GuardFacts, Held, Protection};
pub use inventory::{Inventory, Written};
pub use permit::{Guarded, Permit, Removal};
pub use reason::{Class, Reason};
