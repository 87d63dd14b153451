//! The end of a grant whose delegation is withdrawn: it goes by what the organization's owner says now, whatever the object
//! says of itself. PURE.

use crate::{
    access::{
        Denial,
        delegation::{self, GrantRequest},
        validity::Term,
    },
    plan::{Decision, Facts},
};

use super::{BindingDecision, BindingObject, Sharers, end::Answered, in_force, resolve::denied};

/// Why no delegation admits the recorded grant any more. What is judged is what was granted, and never the declaration: an
/// edit that is not admitted ends nothing.
pub(super) fn withdrawn(object: &BindingObject, facts: &Facts<'_>) -> Option<Denial> {
    let recorded = object.recorded.as_ref().filter(|_| object.delegations_known && !facts.observing)?;
    let grant = &recorded.grant;
    // A principal of a kind that is unknown to us is no reason to take something away.
    let kind = Some(grant.principal.kind()?);
    // As long as it has lasted: an edit that makes an object invalid, and `suspend`, leave a grant in force until then.
    let begins = object.validity.not_before.filter(|begin| *begin <= facts.now && *begin > object.created);
    let term = Term { begins: begins.unwrap_or(object.created), ends: Some(facts.now) };
    // Where the principal is declared is not the delegation's: objects of people come and go by themselves.
    let request = GrantRequest { role: &grant.role, scope: &grant.scope, kind, declared_here: true, term };
    delegation::may_grant(facts.delegations, facts.namespace, request).err()
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
