//! What other bindings stand for: asked where something is to be removed that they may want to keep.

use jiff::Timestamp;
use kube::ResourceExt;

use crate::{
    access::{Grant, PrincipalId},
    api::{ConfluentUser, RoleBinding, binding::GrantStatus, convert},
    plan::{
        Facts, Finding,
        binding::{BindingObject, DesiredBinding, claims, stands_for},
    },
    status::ConditionType,
};

use super::{
    binding::{desired, object},
    context::Context,
    ground::Ground,
    intent,
    lane::{Organization, View},
    managed::Managed,
};

/// Live bindings that stand for anything a person holds, as `namespace/name`.
pub(crate) fn standing_for(
    user: &ConfluentUser,
    principal: &PrincipalId,
    ground: &Ground,
    view: &View<'_, Organization>,
    context: &Context,
    now: Timestamp,
) -> Vec<String> {
    live_bindings(&user.spec.organization_ref.name, "", context, |other| may_mean(other, user, principal))
        .filter(|other| {
            let but = other.uid().unwrap_or_default();
            let standing = |grant: &Grant| context.standing(other.connection(), grant);
            let answered = |grant: &Grant| standing(grant).is_answered(other.connection(), grant, &but);
            let claims: Of<'_> = &|object, desired, facts| claims(object, desired, facts, &answered);
            grants_of(other, ground, view, context, now, claims).iter().any(|grant| grant.principal == *principal)
        })
        .map(|other| name_of(&other))
        .collect()
}

/// What bindings that are being deleted answer for of what a person holds, each as `namespace/name`: it goes with them.
pub(crate) fn going_of(user: &ConfluentUser, principal: &PrincipalId, context: &Context) -> Vec<(String, Grant)> {
    let mut going = context.wake.bindings.select(|other| {
        let leaves = other.connection() == user.connection() && other.metadata.deletion_timestamp.is_some();
        let grant = convert::recorded(other).filter(|_| leaves)?.grant;
        (grant.principal == *principal).then(|| (name_of(other), grant))
    });
    going.sort_by(|(one, _), (other, _)| one.cmp(other));
    going
}

/// Other live objects that stand for a grant, looked for one by one because something is to be removed.
pub(super) fn others(
    binding: &RoleBinding,
    grant: &Grant,
    ground: &Ground,
    view: &View<'_, Organization>,
    context: &Context,
    now: Timestamp,
) -> Vec<String> {
    let but = binding.uid().unwrap_or_default();
    // What is asked about is what the binding itself answers for.
    let stands_for: Of<'_> = &|object, desired, facts| stands_for(object, desired, facts, &|it| it == grant);
    live_bindings(binding.connection(), &but, context, |other| may_stand_for(other, grant))
        .filter(|other| grants_of(other, ground, view, context, now, stands_for).contains(grant))
        .map(|other| name_of(&other))
        .chain(intent::broken(grant, ground, context))
        .collect()
}

/// Live objects of an organization but one, as far as a cheap look does not rule them out. In the order of their names: a
/// sentence that lists them is the same after each look and after a restart.
fn live_bindings(
    organization: &str,
    but: &str,
    context: &Context,
    may_matter: impl Fn(&RoleBinding) -> bool,
) -> impl Iterator<Item = RoleBinding> {
    let pick = |other: &RoleBinding| {
        let matters = other.connection() == organization
            && other.metadata.deletion_timestamp.is_none()
            && other.metadata.uid.as_deref() != Some(but)
            && may_matter(other);
        matters.then(|| other.clone())
    };
    let mut found = context.wake.bindings.select(pick);
    found.sort_by_cached_key(name_of);
    found.into_iter()
}

/// Whether an object may stand for a grant: not where it is as declared and answers for another one.
fn may_stand_for(other: &RoleBinding, grant: &Grant) -> bool {
    let recorded = other.status.as_ref().and_then(|status| status.grant.as_ref());
    let same = |it: &GrantStatus| it.role == grant.role && it.principal_id == grant.principal.as_str();
    match recorded {
        Some(recorded) if is_settled(other) => same(recorded),
        Some(recorded) => same(recorded) || other.spec.role == grant.role,
        None => other.spec.role == grant.role,
    }
}

fn is_settled(binding: &RoleBinding) -> bool {
    binding.status.as_ref().is_some_and(|status| {
        let ready = status.conditions.get(ConditionType::Ready);
        Some(status.observed_generation) == binding.metadata.generation && ready.is_some_and(|it| it.status == "True")
    })
}

/// Whether an object may mean that person, by any of the names that it can use.
fn may_mean(other: &RoleBinding, user: &ConfluentUser, id: &PrincipalId) -> bool {
    let principal = &other.spec.principal;
    let recorded = other.status.as_ref().and_then(|status| status.grant.as_ref());
    recorded.is_some_and(|recorded| recorded.principal_id == id.as_str())
        || principal.email.as_ref() == Some(&user.spec.email)
        || principal.id.as_deref().is_some_and(|named| PrincipalId::new(named) == *id)
        || principal.user_ref.is_some()
}

/// What an object stands for, as far as is asked.
type Of<'a> = &'a dyn Fn(&BindingObject, &Result<DesiredBinding, Finding>, &Facts<'_>) -> Vec<Grant>;

fn grants_of(
    binding: &RoleBinding,
    ground: &Ground,
    view: &View<'_, Organization>,
    context: &Context,
    now: Timestamp,
    of: Of<'_>,
) -> Vec<Grant> {
    let Some(inventory) = view.picture() else {
        return Vec::new();
    };
    let namespace = context.namespace(&binding.namespace().unwrap_or_default());
    let desired = desired(binding, ground.spec(), context);
    let facts = ground.facts_in(&namespace, view, inventory, now);
    of(&object(binding, desired.as_ref().ok(), ground, context, now), &desired, &facts)
}

fn name_of(binding: &RoleBinding) -> String {
    format!("{}/{}", binding.namespace().unwrap_or_default(), binding.name_any())
}
