//! The end of a grant: on deletion, and while its time is not now. PURE.

use crate::{
    access::{Grant, listing::Binding, validity::Outside},
    plan::{Decision, Fact, Facts, Finding, Reason, Removal, Step, life, user::known_of},
};

use super::{
    BindingDecision, BindingObject, DesiredBinding, Sharers, in_force, missing, not_ours,
    resolve::{Resolved, resolve},
    withdrawn::lost,
};

/// Decides about an object that is being deleted.
pub(super) fn end(
    object: &BindingObject,
    desired: &Result<DesiredBinding, Finding>,
    facts: &Facts<'_>,
    sharers: Sharers<'_>,
) -> Decision {
    let answered = if desired.as_ref().is_ok_and(|desired| desired.retain) {
        // What the organization's owner withdrew is not for the object to keep.
        let Some(lost) = lost(object, facts) else {
            return Decision::release("the grant is kept, as `deletionPolicy: Retain` says");
        };
        lost.answered(facts, sharers)
    } else {
        let resolved = desired.as_ref().ok().and_then(|desired| resolve(object, desired, facts).ok());
        answered(object, resolved.as_ref(), facts, sharers)
    };
    if answered.ours.is_empty() {
        let message =
            if answered.kept.is_empty() { "nothing is left to revoke".to_owned() } else { answered.kept.join("; ") };
        let gone = Decision::release(message);
        return match missing(object, sharers) {
            Some(missing) => gone.looking_again(Reason::Revoking, &missing),
            None => gone,
        };
    }
    let message = format!("revoking {}", answered.words());
    Decision::ending(message, answered.steps())
}

/// Decides about an object whose time has not come, or is over. `deletionPolicy` does not matter here: that a grant ends is
/// what the object says of it.
pub(super) fn lapsed(
    object: &BindingObject,
    desired: &Result<DesiredBinding, Finding>,
    outside: Outside,
    facts: &Facts<'_>,
    sharers: Sharers<'_>,
) -> BindingDecision {
    let resolved = desired.as_ref().map_err(Clone::clone).and_then(|desired| resolve(object, desired, facts));
    let answered = answered(object, resolved.as_ref().ok(), facts, sharers);
    if let Some(first) = answered.ours.first().cloned() {
        let message = format!("{outside}; being revoked: {}", answered.words());
        let mut decision = Decision::late(life::overdue(outside), message, answered.steps());
        decision.special = first.grant().map(|grant| in_force(&grant, facts));
        let declares = object.recorded.iter().map(|recorded| recorded.grant.clone()).collect();
        return BindingDecision { declares, ..decision.with_binding(Some(&first)) };
    }
    let grant = resolved.as_ref().map(|resolved| &resolved.grant).ok();
    let found = grant.and_then(|grant| facts.inventory.find(grant));
    let (reason, what) = (life::lapse(outside), what(object, &resolved));
    let words = [vec![format!("{outside}{what}")], answered.kept].concat().join("; ");
    let lapsed = Decision::say(reason, words);
    let decision = match (&resolved, found, outside) {
        (Ok(resolved), Some(binding), _) => match not_ours(object, resolved, binding, sharers.answered) {
            Some(finding) => Decision::invalid(finding.reason, finding.message),
            None => lapsed,
        },
        // It is told while there is time to mend it.
        (Err(finding), _, Outside::NotYet(_)) => Decision::invalid(finding.reason, finding.message.clone()),
        // Nothing will be granted any more, so whether it could be troubles nobody.
        (Err(finding), _, Outside::Over(_)) => {
            Decision { validated: Fact { holds: Some(false), finding: finding.clone() }, ..lapsed }
        }
        (Ok(_), None, _) => lapsed,
    };
    let held = found.and(grant).map(|grant| in_force(grant, facts));
    let special = held.unwrap_or_else(|| Fact::new(false, reason, format!("{outside}{what}")));
    let lets_go = object.recorded.is_some();
    BindingDecision { lets_go, ..decision.with_special(special).with_binding(found) }
}

/// What it is about, in words.
fn what(object: &BindingObject, resolved: &Result<Resolved<'_>, Finding>) -> String {
    match (resolved, &object.recorded) {
        (Ok(resolved), _) => format!(": {}", resolved.words()),
        (Err(_), Some(recorded)) => format!(": {}", recorded.grant),
        (Err(_), None) => String::new(),
    }
}

/// What an object has to end.
#[derive(Default)]
pub(super) struct Answered {
    /// There, and kept by nobody else.
    pub(super) ours: Vec<Binding>,
    /// What others keep, in sentences.
    kept: Vec<String>,
}

impl Answered {
    pub(super) fn words(&self) -> String {
        self.ours.iter().map(words).collect::<Vec<_>>().join(", ")
    }

    pub(super) fn steps(self) -> Vec<Step> {
        self.ours.into_iter().map(|binding| Step::Remove(Removal::Binding(binding))).collect()
    }
}

/// The grant that is recorded, and the one that is declared where it is the object's own.
fn answered(
    object: &BindingObject,
    resolved: Option<&Resolved<'_>>,
    facts: &Facts<'_>,
    sharers: Sharers<'_>,
) -> Answered {
    let recorded = object.recorded.as_ref().map(|recorded| &recorded.grant);
    let declared = resolved.filter(|resolved| {
        facts.inventory.find(&resolved.grant).is_some_and(|it| is_ours(object, resolved, it, facts))
    });
    let mut answered = Answered::default();
    for grant in recorded.into_iter().chain(&object.made).chain(declared.map(|resolved| &resolved.grant)) {
        answered.consider(grant, facts, sharers);
    }
    answered
}

impl Answered {
    pub(super) fn consider(&mut self, grant: &Grant, facts: &Facts<'_>, sharers: Sharers<'_>) {
        let Some(binding) = facts.inventory.find(grant).filter(|binding| !self.ours.contains(binding)) else {
            return;
        };
        let others = (sharers.all)(grant);
        if others.is_empty() {
            self.ours.push(binding.clone());
            return;
        }
        let stays = format!("{grant} stays: declared by {} too", known_of(&others, facts.namespace));
        if !self.kept.contains(&stays) {
            self.kept.push(stays);
        }
    }
}

/// Whether what is there is this object's to end. What it never recorded and cannot have made is not.
fn is_ours(object: &BindingObject, resolved: &Resolved<'_>, binding: &Binding, facts: &Facts<'_>) -> bool {
    let recorded = object.recorded.as_ref().is_some_and(|recorded| recorded.grant == resolved.grant);
    let outside = object.validity.outside(facts.now);
    let possible = recorded || life::can_have_made(outside, binding.created_at, false);
    // What others answer for is theirs to end.
    possible && not_ours(object, resolved, binding, &|_| false).is_none()
}

fn words(binding: &Binding) -> String {
    binding.grant().map_or_else(|| format!("{} on `{}`", binding.role, binding.crn), |grant| grant.to_string())
}
