//! Objects for one grant: who keeps it in force, and whether it was there before any of them. PURE.

use crate::{
    access::{Grant, listing::Binding, validity::Outside},
    plan::{Facts, Finding, Reason, life::is_left_alone},
};

use super::{
    BindingObject, DesiredBinding,
    resolve::{Resolved, resolve},
    withdrawn::withdrawn,
};

/// Who else declares a grant, as `namespace/name` of live objects.
#[derive(Clone, Copy)]
pub struct Sharers<'a> {
    /// As far as is known without looking, for sentences.
    pub known: &'a dyn Fn(&Grant) -> Vec<String>,
    /// All of them, before something is removed.
    pub all: &'a dyn Fn(&Grant) -> Vec<String>,
    /// Whether any other object answers for it, also one that is about to be gone: what is ours already is not there before us,
    /// and an object that is renamed, or a second one, goes on with it.
    pub answered: &'a dyn Fn(&Grant) -> bool,
}

/// The grant that another object keeps in force, if its declaration holds up: what it records, or what it says. `answered` tells
/// what others than it answer for.
pub fn stands_for(
    object: &BindingObject,
    desired: &Result<DesiredBinding, Finding>,
    facts: &Facts<'_>,
    answered: &dyn Fn(&Grant) -> bool,
) -> Vec<Grant> {
    match object.validity.outside(facts.now) {
        None => claims(object, desired, facts, answered),
        // A suspended object takes nothing away, also not by its time.
        Some(_) if object.suspended => kept(object, facts),
        Some(_) => Vec::new(),
    }
}

/// What is recorded, unless it is withdrawn: two objects that lost it do not keep it for each other.
fn kept(object: &BindingObject, facts: &Facts<'_>) -> Vec<Grant> {
    let recorded = object.recorded.iter().filter(|_| withdrawn(object, facts).is_none());
    recorded.map(|recorded| recorded.grant.clone()).collect()
}

/// The same, with what it will keep in force later: the person is needed until then.
pub fn claims(
    object: &BindingObject,
    desired: &Result<DesiredBinding, Finding>,
    facts: &Facts<'_>,
    answered: &dyn Fn(&Grant) -> bool,
) -> Vec<Grant> {
    if matches!(object.validity.outside(facts.now), Some(Outside::Over(_))) {
        return stands_for(object, desired, facts, answered);
    }
    let mut grants = kept(object, facts);
    if let Ok(desired) = desired
        && let Ok(resolved) = resolve(object, desired, facts)
        && facts.inventory.find(&resolved.grant).is_none_or(|it| not_ours(object, &resolved, it, answered).is_none())
    {
        grants.push(resolved.grant);
    }
    grants
}

/// A grant that was there before the object and any other one of ours, and that the object does not say it takes over.
pub(super) fn not_ours(
    object: &BindingObject,
    resolved: &Resolved<'_>,
    binding: &Binding,
    answered: &dyn Fn(&Grant) -> bool,
) -> Option<Finding> {
    if object.recorded.as_ref().is_some_and(|recorded| recorded.grant == resolved.grant) {
        return None;
    }
    // A role that nobody knows counts as administrative.
    let administrative = resolved.role.is_none_or(|role| role.administrative);
    let adoption = resolved.desired.adoption;
    let left_alone = is_left_alone(adoption, administrative, binding.created_at, object.created);
    if !left_alone || answered(&resolved.grant) {
        return None;
    }
    let why = if adoption.is_none() { "is administrative and " } else { "" };
    Some(Finding::new(
        Reason::AdoptionRequired,
        format!(
            "{} {why}was there before this object: set `adoption: Adopt` to take it over; until then the access is \
             untouched",
            resolved.words()
        ),
    ))
}
