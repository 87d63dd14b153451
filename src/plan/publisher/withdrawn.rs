//! The end of a publisher's user whose delegation is withdrawn: it goes by what the publisher's keeper says now, whatever the
//! object says of itself. PURE.

use crate::{
    access::publisher::{PublisherRole, delegation::Denial},
    plan::{Decision, permit::MemberRemoval},
};

use super::{
    DesiredMember, MemberDecision, MemberFacts, MemberObject, caveat, covers, denied_finding, end::remove, granted,
    permitted,
};

/// Why no delegation admits any more what the object answers for. What is judged is what was granted, and never the
/// declaration: an edit that is not admitted ends nothing.
pub(super) fn withdrawn(object: &MemberObject, desired: &DesiredMember, facts: &MemberFacts<'_>) -> Option<Denial> {
    let recorded = object.recorded.filter(|_| object.delegations_known && !facts.observing)?;
    permitted(desired, recorded, facts.delegations, facts.namespace).err()
}

/// Takes away what is recorded; `None` where nothing is left of it, where others keep it, or where somebody gave more than
/// that by hand. Where the object declares less, and may, the user becomes that in one write.
pub(super) fn revoke(
    object: &MemberObject,
    desired: &DesiredMember,
    denial: &Denial,
    facts: &MemberFacts<'_>,
) -> Option<MemberDecision> {
    let (key, recorded) = (&desired.key, object.recorded?);
    let member = facts.roll.member(key).filter(|member| covers(recorded, desired, member))?.clone();
    if !object.sharers.is_empty() {
        return None;
    }
    let held = member.role.known()?;
    let special = granted(&DesiredMember { role: recorded, ..desired.clone() }, Some(&member));
    let (removal, what) = match (is_replaced(object, desired, facts), held, desired.role) {
        (true, PublisherRole::Owner, PublisherRole::Contributor) => {
            (MemberRemoval::Ownership(member), "is being made Contributor")
        }
        (true, _, _) => return None,
        (false, _, _) => (MemberRemoval::Member(member), "is being removed from the publisher"),
    };
    let what = format!("`{key}` {what}{}", caveat(facts));
    let finding = denied_finding(key, denial);
    let mut decision = remove(desired, removal, facts, |steps| Decision::withdrawing(finding, &what, steps));
    decision.special = Some(special);
    Some(MemberDecision { decision, record: Some(recorded) })
}

/// The object declares something else that it may have now: it becomes that, and is not taken away first.
pub(super) fn is_replaced(object: &MemberObject, desired: &DesiredMember, facts: &MemberFacts<'_>) -> bool {
    object.outside.is_none() && permitted(desired, desired.role, facts.delegations, facts.namespace).is_ok()
}
