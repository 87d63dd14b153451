//! The end of a grant whose delegation is withdrawn: it goes by what the organization's owner says now, whatever the object
//! says of itself. PURE.

use crate::{
    access::{
        Denial, Grant,
        delegation::{self, GrantRequest},
        validity::Term,
    },
    plan::{Decision, Facts, facts::pre_exists},
};

use super::{BindingDecision, BindingObject, Sharers, end::Answered, in_force, resolve::denied};

/// Why no delegation admits the recorded grant any more. What is judged is what was granted, and never the declaration: an
/// edit that is not admitted ends nothing.
pub(super) fn withdrawn(object: &BindingObject, facts: &Facts<'_>) -> Option<Denial> {
    let recorded = object.recorded.as_ref().filter(|_| object.delegations_known && !facts.observing)?;
    // A principal of a kind that is unknown to us is no reason to take something away.
    judged(&recorded.grant, object, facts)?.err()
}

/// What an object answers for, or made, and may not have any more.
pub(super) struct Lost {
    denial: Denial,
    grants: Vec<Grant>,
}

/// What no delegation admits any more of what is recorded, and of what was made and no status records yet: a delegation may be
/// withdrawn between a grant and the status that tells it.
pub(super) fn lost(object: &BindingObject, facts: &Facts<'_>) -> Option<Lost> {
    let known = object.delegations_known && !facts.observing;
    let recorded = object.recorded.as_ref().map(|recorded| &recorded.grant);
    let denied = |grant: &Grant| Some((judged(grant, object, facts)?.err()?, grant.clone()));
    let held = recorded.into_iter().chain(&object.made).filter(|_| known);
    let (denials, grants): (Vec<Denial>, Vec<Grant>) = held.filter_map(denied).unzip();
    Some(Lost { denial: denials.into_iter().next()?, grants })
}

/// Whether the object may have made what is noted on it that it set out to grant. What its status says is ours, unless somebody
/// else is known to have made it; an annotation can be written by anybody who may edit the object, so it is worth as much as a
/// declaration. Neither reaches what was made before the object.
pub fn may_have_made(grant: &Grant, by_annotation: bool, object: &BindingObject, facts: &Facts<'_>) -> bool {
    let Some(binding) = facts.inventory.find(grant).filter(|_| object.delegations_known) else { return false };
    let by_others = || facts.inventory.audited(&[&binding.id]).is_some_and(|record| Some(&record.actor) != facts.own);
    let believed = |judged: Result<(), Denial>| judged.is_ok() || (!by_annotation && !by_others());
    !pre_exists(binding.created_at, object.created) && judged(grant, object, facts).is_some_and(believed)
}

/// Whether the object could be granted what an annotation notes; else the note proves nothing.
pub fn could_be_granted(grant: &Grant, object: &BindingObject, facts: &Facts<'_>) -> bool {
    object.delegations_known && judged(grant, object, facts).is_some_and(|judged| judged.is_ok())
}

/// What the delegations say of a grant that is there; `None` where the kind of its principal is unknown.
fn judged(grant: &Grant, object: &BindingObject, facts: &Facts<'_>) -> Option<Result<(), Denial>> {
    let kind = Some(grant.principal.kind()?);
    // As long as it has lasted: an edit that makes an object invalid, and `suspend`, leave a grant in force until then.
    let begins = object.validity.not_before.filter(|begin| *begin <= facts.now && *begin > object.created);
    let term = Term { begins: begins.unwrap_or(object.created), ends: Some(facts.now) };
    // Where the principal is declared is not the delegation's: objects of people come and go by themselves.
    let request = GrantRequest { role: &grant.role, scope: &grant.scope, kind, declared_here: true, term };
    Some(delegation::may_grant(facts.delegations, facts.namespace, request))
}

/// Revokes what is lost; `None` where nothing is left of it, or others keep it.
pub(super) fn revoke(
    object: &BindingObject,
    lost: &Lost,
    facts: &Facts<'_>,
    sharers: Sharers<'_>,
) -> Option<BindingDecision> {
    let answered = lost.answered(facts, sharers);
    let first = answered.ours.first().cloned()?;
    let what = format!("being revoked: {}", answered.words());
    let mut decision = Decision::withdrawing(denied(&lost.denial), &what, answered.steps());
    let held = object.recorded.as_ref().map(|recorded| &recorded.grant).or_else(|| lost.grants.first());
    decision.special = held.map(|grant| in_force(grant, facts));
    Some(BindingDecision { declares: lost.grants.clone(), ..decision.with_binding(Some(&first)) })
}

impl Lost {
    /// What of it is there, and kept by nobody else.
    pub(super) fn answered(&self, facts: &Facts<'_>, sharers: Sharers<'_>) -> Answered {
        let mut answered = Answered::default();
        for grant in &self.grants {
            answered.consider(grant, facts, sharers);
        }
        answered
    }
}
