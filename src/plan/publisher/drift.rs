//! Drift of a publisher's user: not in the role any more in which it was and is to be, by somebody else's doing. The portal keeps no
//! record of who did what. PURE.

use std::cmp::Ordering;

use crate::{
    access::publisher::{Member, PublisherRole},
    plan::drift::{Change, Drift},
};

use super::{DesiredMember, MemberDecision};

/// What somebody did to a user who was told to be in the role that is recorded. Where the object, its time or its delegation asks
/// for something else, it is not drift.
pub fn drift(
    recorded: PublisherRole,
    decided: &MemberDecision,
    desired: &DesiredMember,
    member: Option<&Member>,
) -> Option<Drift> {
    if desired.role != recorded || decided.record != Some(recorded) || decided.decision.overdue.is_some() {
        return None;
    }
    let change = match member {
        None => Change::Removed,
        Some(member) => match member.role.known()?.cmp(&recorded) {
            Ordering::Greater => Change::Promoted,
            Ordering::Less => Change::Demoted,
            Ordering::Equal => return None,
        },
    };
    Some(Drift { change, by: None })
}
