//! PURE report: what a plan found becomes conditions that every tool reads the same way. `now` is an argument.
//!
//! The contract is kstatus': `Ready` always; `Reconciling` or `Stalled`, never both, only while true.

mod condition;
mod report;

pub use condition::{Condition, ConditionType, Truth};
pub use report::{Report, conditions};
