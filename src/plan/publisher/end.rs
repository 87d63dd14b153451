//! The end of a publisher's user: on deletion, and while its time is not now. PURE.

use crate::{
    access::{
        publisher::{Member, delegation::Denial},
        validity::Outside,
    },
    plan::{Decision, Fact, Finding, Reason, life, permit::MemberRemoval, user::known_of},
};

use super::{
    DesiredMember, MemberDecision, MemberDeletion, MemberFacts, MemberObject, MemberStep, caveat, covers, denied,
    granted, held, ours, permitted, withdrawn::withdrawn,
};

/// Decides about an object that is being deleted.
pub(super) fn end(object: &MemberObject, desired: &DesiredMember, facts: &MemberFacts<'_>) -> Decision<MemberStep> {
    let key = &desired.key;
    // What the publisher's keeper withdrew is not for the object to keep.
    let kept = withdrawn(object, desired, facts).is_none();
    if desired.deletion == MemberDeletion::Retain && kept {
        return Decision::release(format!("`{key}` stays on the publisher, as `deletionPolicy: Retain` says"));
    }
    if !object.sharers.is_empty() {
        return Decision::release(stays(object, desired, facts));
    }
    let stood_for = match stood_for(object, desired, facts) {
        Ok(stood_for) => stood_for,
        Err(denial) => return Decision::release(format!("this object never stood for `{key}`: {denial}")),
    };
    let Some(member) = facts.roll.member(key) else {
        let gone = Decision::release(format!("`{key}` is no user of the publisher"));
        return if object.unproved { gone.looking_again(Reason::Revoking, &format!("`{key}`")) } else { gone };
    };
    let withdrawn = !kept && object.recorded.is_some_and(|role| covers(role, desired, member));
    if let Err(finding) = ours(object.created, object.recorded, &stood_for, member)
        && !withdrawn
    {
        return Decision::release(format!("this object never stood for `{key}`: {}", finding.message));
    }
    if let Some(outside) = object.outside.filter(|_| !possible(object, member)) {
        return Decision::release(format!("this object does not stand for `{key}`, {outside}"));
    }
    let message = format!("`{key}` is being removed from the publisher{}", caveat(facts));
    remove(desired, MemberRemoval::Member(member.clone()), facts, |steps| Decision::ending(message, steps))
}

/// Decides about an object whose time has not come, or is over. `deletionPolicy` does not matter here: that the access ends
/// is what the object says of it.
pub(super) fn lapsed(
    object: &MemberObject,
    desired: &DesiredMember,
    outside: Outside,
    facts: &MemberFacts<'_>,
) -> MemberDecision {
    let (key, reason) = (&desired.key, life::lapse(outside));
    let keeps = |decision| MemberDecision { decision, record: object.recorded };
    let lets_go = |decision| MemberDecision { decision, record: None };
    let stood_for = match stood_for(object, desired, facts) {
        Ok(stood_for) => stood_for,
        Err(denial) => return keeps(denied(key, &denial)),
    };
    let Some(member) = facts.roll.member(key) else {
        let absent = Fact::new(false, reason, format!("`{key}` is no user of the publisher, {outside}"));
        return lets_go(Decision::say(reason, format!("{outside}: `{key}` as {}", desired.role)).with_special(absent));
    };
    let special = granted(&stood_for, Some(member));
    let said = |message: String| Decision::say(reason, message).with_special(special.clone());
    if let Err(Finding { reason, message }) = ours(object.created, object.recorded, &stood_for, member) {
        return keeps(Decision::invalid(reason, message).with_special(special));
    }
    if !object.sharers.is_empty() {
        return lets_go(said(format!("{outside}; {}", stays(object, desired, facts))));
    }
    if !possible(object, member) {
        let message = format!("{outside}; `{key}` is on the publisher by somebody else's doing, and is left alone");
        return lets_go(said(message));
    }
    let message = format!("{outside}; `{key}` is being removed from the publisher{}", caveat(facts));
    let removal = MemberRemoval::Member(member.clone());
    let why = life::overdue(outside);
    let late = |steps| Decision::late(why.clone(), message, steps);
    let decision = remove(desired, removal, facts, late).with_special(special);
    keeps(Decision { overdue: Some(why), ..decision })
}

/// What an object has to end: an edit that was not admitted ended nothing of what it had.
fn stood_for(object: &MemberObject, desired: &DesiredMember, facts: &MemberFacts<'_>) -> Result<DesiredMember, Denial> {
    match (permitted(desired, desired.role, facts.delegations, facts.namespace), object.recorded) {
        (Ok(()), _) => Ok(desired.clone()),
        (Err(_), Some(role)) => Ok(DesiredMember { role, ..desired.clone() }),
        (Err(denial), None) => Err(denial),
    }
}

/// The removal, but for the operator's own entry.
pub(super) fn remove(
    desired: &DesiredMember,
    removal: MemberRemoval,
    facts: &MemberFacts<'_>,
    decided: impl FnOnce(Vec<MemberStep>) -> Decision<MemberStep>,
) -> Decision<MemberStep> {
    if facts.own == Some(&desired.key) { held(&removal) } else { decided(vec![MemberStep::Remove(removal)]) }
}

fn stays(object: &MemberObject, desired: &DesiredMember, facts: &MemberFacts<'_>) -> String {
    let others = known_of(&object.sharers, facts.namespace);
    format!("`{}` stays on the publisher: declared by {others} too", desired.key)
}

/// Whether what is there can be this object's doing.
fn possible(object: &MemberObject, member: &Member) -> bool {
    life::can_have_made(object.outside, member.added_at, object.finalized)
}
