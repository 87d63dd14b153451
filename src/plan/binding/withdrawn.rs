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

/// Whether the object could have what an annotation says that it set out to grant: anybody who may edit the object can write that,
/// so it is worth as much as a declaration, and never more than what was made since the object is there.
pub fn may_have_made(grant: &Grant, object: &BindingObject, facts: &Facts<'_>) -> bool {
    let found = facts.inventory.find(grant);
    object.delegations_known
        && found.is_some_and(|binding| !pre_exists(binding.created_at, object.created))
        && judged(grant, object, facts).is_some_and(|judged| judged.is_ok())
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

/// Revokes the recorded grant; `None` where nothing is left of it, or others keep it.
pub(super) fn revoke(
    object: &BindingObject,
    denial: &Denial,
    facts: &Facts<'_>,
    sharers: Sharers<'_>,
) -> Option<BindingDecision> {
    let recorded = object.recorded.as_ref()?;
    let mut answered = Answered::default();
    answered.consider(&recorded.grant, facts, sharers);
    let first = answered.ours.first().cloned()?;
    let what = format!("being revoked: {}", answered.words());
    let mut decision = Decision::withdrawing(denied(denial), &what, answered.steps());
    decision.special = Some(in_force(&recorded.grant, facts));
    Some(BindingDecision { declares: vec![recorded.grant.clone()], ..decision.with_binding(Some(&first)) })
}
