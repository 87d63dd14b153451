//! The end of a publisher's user: on deletion, and while its time is not now. PURE.

use crate::{
    access::{publisher::Member, validity::Outside},
    plan::{Decision, Fact, Reason, facts::ALLOWED_SKEW, permit::MemberRemoval, user::list},
};

use super::{
    DesiredMember, MemberDeletion, MemberFacts, MemberObject, MemberStep, caveat, denied, granted, held, ours,
    permitted,
};

/// Decides about an object that is being deleted.
pub(super) fn end(object: &MemberObject, desired: &DesiredMember, facts: &MemberFacts<'_>) -> Decision<MemberStep> {
    let key = &desired.key;
    if desired.deletion == MemberDeletion::Retain {
        return Decision::release(format!("`{key}` stays on the publisher, as `deletionPolicy: Retain` says"));
    }
    if !object.sharers.is_empty() {
        let others = list(&object.sharers);
        return Decision::release(format!("`{key}` stays on the publisher: {others} declare the same user"));
    }
    if let Err(denial) = permitted(desired, facts.delegations, facts.namespace) {
        return Decision::release(format!("this object never stood for `{key}`: {denial}"));
    }
    let Some(member) = facts.roll.member(key) else {
        return Decision::release(format!("`{key}` is no user of the publisher"));
    };
    if let Err(finding) = ours(object.created, desired, member) {
        return Decision::release(format!("this object never stood for `{key}`: {}", finding.message));
    }
    if let Some(outside) = object.outside.filter(|outside| !possible(object, *outside, member)) {
        return Decision::release(format!("this object does not stand for `{key}`, {outside}"));
    }
    removing(desired, member, Reason::Revoking, format!("`{key}` is being removed from the publisher"), facts)
}

/// Decides about an object whose time has not come, or is over. `deletionPolicy` does not matter here: that the access ends
/// is what the object says of it.
pub(super) fn lapsed(
    object: &MemberObject,
    desired: &DesiredMember,
    outside: Outside,
    facts: &MemberFacts<'_>,
) -> Decision<MemberStep> {
    let key = &desired.key;
    if let Err(denial) = permitted(desired, facts.delegations, facts.namespace) {
        return denied(key, &denial);
    }
    let reason = match outside {
        Outside::NotYet(_) => Reason::NotYetValid,
        Outside::Over(_) => Reason::Expired,
    };
    let Some(member) = facts.roll.member(key) else {
        let absent = Fact::new(false, reason, format!("`{key}` is no user of the publisher, {outside}"));
        return Decision::say(reason, format!("{outside}: `{key}` as {}", desired.role)).with_special(absent);
    };
    let special = granted(desired, Some(member));
    if let Err(finding) = ours(object.created, desired, member) {
        return Decision::invalid(finding.reason, finding.message).with_special(special);
    }
    if !object.sharers.is_empty() {
        let others = list(&object.sharers);
        let message = format!("{outside}; `{key}` stays on the publisher: {others} declare the same user");
        return Decision::say(reason, message).with_special(special);
    }
    if !possible(object, outside, member) {
        let message = format!("{outside}; `{key}` is on the publisher by somebody else's doing, and is left alone");
        return Decision::say(reason, message).with_special(special);
    }
    let message = format!("{outside}; `{key}` is being removed from the publisher");
    let mut decision = removing(desired, member, Reason::Progressing, message, facts).with_special(special);
    decision.overdue = true;
    decision
}

/// Whether what is there can be this object's doing: before its time it has done nothing, unless it was in its time before;
/// and whoever was added after its time was over was added by somebody else.
fn possible(object: &MemberObject, outside: Outside, member: &Member) -> bool {
    match outside {
        Outside::NotYet(_) => object.finalized,
        Outside::Over(at) => {
            let latest = at.saturating_add(ALLOWED_SKEW).unwrap_or(at);
            member.added_at.is_none_or(|added| added <= latest)
        }
    }
}

fn removing(
    desired: &DesiredMember,
    member: &Member,
    reason: Reason,
    message: String,
    facts: &MemberFacts<'_>,
) -> Decision<MemberStep> {
    let removal = MemberRemoval::Member(member.clone());
    if facts.own == Some(&desired.key) {
        return held(&removal);
    }
    Decision::say(reason, message + caveat(facts)).with_steps(vec![MemberStep::Remove(removal)]).owning()
}
