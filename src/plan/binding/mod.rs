//! One grant: made once, adopted by its identity, replaced by making the new one first, revoked on deletion, when its time is
//! over and when its delegation is withdrawn. PURE.

use jiff::Timestamp;

mod end;
mod resolve;
mod shared;
mod withdrawn;

use crate::access::{Email, Grant, PrincipalId, Scope, judge, listing::Binding, validity::Validity};

use self::{
    end::{end, lapsed},
    resolve::{Resolved, meaning, resolve},
    shared::not_ours,
    withdrawn::{lost, revoke, withdrawn},
};
pub use self::{
    resolve::{declared_kind, denied, nonsense},
    shared::{Sharers, claims, stands_for},
    withdrawn::{could_be_granted, may_have_made},
};
use super::{
    Decision, Fact, Finding, Inventory, Reason, Removal, Step,
    facts::{Adoption, Facts},
    life::Life,
    user::{counted, known_of, list},
};

/// Who is meant, as declared. A `userRef` has become its object's e-mail before it gets here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DeclaredPrincipal {
    /// A person.
    Email(Email),
    /// A service account by its unique display name.
    ServiceAccountNamed(String),
    /// Any principal by the vendor's id.
    Id(PrincipalId),
    /// A `ConfluentUser` that is not there (yet), by its name.
    MissingUser(String),
}

/// What a `RoleBinding` declares.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DesiredBinding {
    /// To whom.
    pub principal: DeclaredPrincipal,
    /// Which role, as written.
    pub role: String,
    /// Where.
    pub scope: Scope,
    /// Whether a grant that was there before is taken over; by role when not spelled.
    pub adoption: Option<Adoption>,
    /// Deletion leaves the grant in place.
    pub retain: bool,
}

/// The grant that the object's status says it answers for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recorded {
    /// The grant.
    pub grant: Grant,
    /// What the principal was called when it was resolved: an e-mail, a display name, or an id.
    pub label: String,
}

/// Whom the spec means, as settled when it was last edited.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Meaning {
    /// Nobody yet: the principal has not been found since the edit.
    Open,
    /// That principal.
    Settled {
        /// The vendor's id.
        principal: PrincipalId,
        /// What the principal was called then.
        label: String,
    },
}

/// The object around the declaration.
#[expect(clippy::struct_excessive_bools, reason = "each is a fact about the object, and none excludes another")]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BindingObject {
    /// Its `creationTimestamp`.
    pub created: Timestamp,
    /// It is being deleted.
    pub deleting: bool,
    /// Its spec is not the one that the status was written for.
    pub touched: bool,
    /// What it answers for already.
    pub recorded: Option<Recorded>,
    /// What it made besides, and what no status records yet: an edit was faster.
    pub made: Vec<Grant>,
    /// What of both is missing from one listing, and from no other yet.
    pub unproved: Vec<Grant>,
    /// An annotation notes something that the object could not be granted, and so proves nothing.
    pub doubted: bool,
    /// Whom the spec means, where the status says it; else whoever is recorded.
    pub meaning: Option<Meaning>,
    /// The principal is declared by a `ConfluentUser` of the same namespace.
    pub declared_here: bool,
    /// When the grant is in force; beside the declaration, since it ends what an object had that became invalid.
    pub validity: Validity,
    /// Its spec says that nothing remote is to be changed.
    pub suspended: bool,
    /// The organization's delegations and the namespace can be read, so that what they do not admit is withdrawn.
    pub delegations_known: bool,
}

/// A decision about a binding, with the grant that it concerns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BindingDecision {
    /// What to do and say.
    pub decision: Decision,
    /// What the object answers for from now on; `None` keeps what is recorded.
    pub record: Option<Recorded>,
    /// The object answers for nothing any more.
    pub lets_go: bool,
    /// Whom the spec means from now on.
    pub meaning: Option<Meaning>,
    /// The vendor's id of the binding, where it is there.
    pub binding_id: Option<String>,
    /// The grants that the object stands for now.
    pub declares: Vec<Grant>,
    /// When the grant is made or revoked next, by its validity.
    pub next: Option<Timestamp>,
    /// The grant is to be in force now and is not there.
    pub missing: Option<Grant>,
    /// The grant is in force, and is not answered for before the end of another one, which may be held for long.
    pub beside: Option<Grant>,
}

/// Decides about one grant.
pub fn decide(
    object: &BindingObject,
    desired: &Result<DesiredBinding, Finding>,
    facts: &Facts<'_>,
    sharers: Sharers<'_>,
) -> BindingDecision {
    let (deleting, suspended, observing) = (object.deleting, object.suspended, facts.observing);
    let life = Life { deleting, suspended, observing, realm: "organization" };
    if object.deleting {
        let ended = life.unrevoked().unwrap_or_else(|| end(object, desired, facts, sharers));
        return doubting(object, ended).into();
    }
    let revoking = lost(object, facts).and_then(|lost| revoke(object, &lost, facts, sharers));
    let withdrawing = revoking.is_some();
    let mut decided = revoking.unwrap_or_else(|| {
        let bare = withdrawn(object, facts).map(|_| BindingObject { recorded: None, ..object.clone() });
        let mut decided = in_time(bare.as_ref().unwrap_or(object), desired, facts, sharers);
        decided.lets_go |= bare.is_some() && decided.record.is_none();
        if facts.observing { decided } else { remembered(object, decided, sharers) }
    });
    decided.meaning = meaning(object, desired, facts);
    decided.next = object.validity.next(facts.now);
    decided.decision.recheck_seconds = decided.next.map(|at| at.duration_since(facts.now).as_secs() + 1);
    decided.decision = doubting(object, life.restrained(decided.decision, withdrawing));
    if facts.observing {
        // An observer answers for nothing that it did not answer for before.
        decided.record = None;
        decided.lets_go = false;
    }
    decided
}

/// The same, but that what is recorded is not forgotten while it is missing from one listing alone.
fn remembered(object: &BindingObject, decided: BindingDecision, sharers: Sharers<'_>) -> BindingDecision {
    let Some(Recorded { grant, .. }) = &object.recorded else { return decided };
    let forgets = decided.lets_go || decided.record.as_ref().is_some_and(|now| now.grant != *grant);
    if !forgets || !object.unproved.contains(grant) || !(sharers.all)(grant).is_empty() {
        return decided;
    }
    let decision = decided.decision.looking_again(Reason::Progressing, &grant.to_string());
    BindingDecision { decision, record: None, lets_go: false, ..decided }
}

/// What is missing from one listing of what nobody else keeps, in words.
fn missing(object: &BindingObject, sharers: Sharers<'_>) -> Option<String> {
    let alone = object.unproved.iter().filter(|grant| (sharers.all)(grant).is_empty());
    let words: Vec<String> = alone.map(ToString::to_string).collect();
    (!words.is_empty()).then(|| words.join(", "))
}

/// The same, with what is to be said of a note that proves nothing.
fn doubting(object: &BindingObject, decision: Decision) -> Decision {
    if object.doubted && object.delegations_known { decision.doubting("organization") } else { decision }
}

/// What is decided by the grant's own time.
fn in_time(
    object: &BindingObject,
    desired: &Result<DesiredBinding, Finding>,
    facts: &Facts<'_>,
    sharers: Sharers<'_>,
) -> BindingDecision {
    match object.validity.outside(facts.now) {
        None => current(object, desired, facts, sharers),
        Some(outside) => lapsed(object, desired, outside, facts, sharers),
    }
}

/// What is decided while the grant is to be in force.
fn current(
    object: &BindingObject,
    desired: &Result<DesiredBinding, Finding>,
    facts: &Facts<'_>,
    sharers: Sharers<'_>,
) -> BindingDecision {
    let mut declares: Vec<Grant> = object.recorded.iter().map(|recorded| recorded.grant.clone()).collect();
    let mut decided = match desired.as_ref().map_err(Clone::clone).and_then(|desired| resolve(object, desired, facts)) {
        Ok(resolved) => {
            let decided = live(object, &resolved, facts, sharers);
            // What is refused is not stood for, whatever else the object answers for.
            let stands = decided.decision.owns && decided.decision.validated.holds != Some(false);
            if stands && !declares.contains(&resolved.grant) {
                declares.push(resolved.grant);
            }
            decided
        }
        Err(finding) => {
            let mut decision = Decision::invalid(finding.reason, finding.message);
            decision.special = object.recorded.as_ref().map(|recorded| in_force(&recorded.grant, facts));
            decision.owns = object.recorded.is_some();
            decision.into()
        }
    };
    decided.declares = declares;
    decided
}

fn live(object: &BindingObject, resolved: &Resolved<'_>, facts: &Facts<'_>, sharers: Sharers<'_>) -> BindingDecision {
    let (grant, words) = (&resolved.grant, resolved.words());
    let found = facts.inventory.find(grant);
    if let Some(finding) = found.and_then(|binding| not_ours(object, resolved, binding, sharers.answered)) {
        return Decision::invalid(finding.reason, finding.message)
            .with_special(in_force(grant, facts))
            .with_binding(found)
            .keeping(object);
    }
    let old = replaced(object, grant, facts, sharers);
    if found.is_none() {
        return BindingDecision { missing: Some(grant.clone()), ..make(object, resolved, old, facts) };
    }
    let record = Recorded { grant: grant.clone(), label: resolved.label.clone() };
    if let Some(old) = old {
        let message = format!("{words} is in force; what it replaces is being revoked");
        let steps = vec![Step::Remove(Removal::Binding(old))];
        let decision = Decision::say(Reason::Progressing, message).with_steps(steps).owning();
        let decided = decision.with_special(in_force(grant, facts)).with_binding(found).keeping(object);
        return BindingDecision { beside: Some(grant.clone()), ..decided };
    }
    let mut settled = Decision::say(Reason::InSync, format!("{words} is in force")).owning();
    settled.special = Some(in_force(grant, facts));
    let others = (sharers.known)(grant);
    if !others.is_empty() {
        settled.ready = Finding::new(
            Reason::Shared,
            format!(
                "{words} is in force; declared by {} too, it goes with the last",
                known_of(&others, facts.namespace)
            ),
        );
    }
    if resolved.pending {
        let message = format!("{words} is made and takes effect once the person accepts the invitation");
        settled.ready = Finding::new(Reason::InvitationPending, message.clone());
        settled.special = Some(Fact::new(false, Reason::InvitationPending, message));
    }
    BindingDecision { record: Some(record), ..settled.with_binding(found) }
}

/// The new grant first, then the end of the one it replaces.
fn make(object: &BindingObject, resolved: &Resolved<'_>, old: Option<Binding>, facts: &Facts<'_>) -> BindingDecision {
    let (grant, words) = (&resolved.grant, resolved.words());
    let absent = Fact::new(false, Reason::Progressing, format!("{words} is not in force yet"));
    // Where our roles or the role itself are not known, the vendor judges.
    if let (Some(role), Some(held)) = (resolved.role, facts.own_roles())
        && let Err(refused) = judge::may_grant(role, &grant.scope, &held)
    {
        let finding = nonsense(&refused);
        return Decision::invalid(finding.reason, finding.message).with_special(absent).keeping(object);
    }
    let mut steps = vec![Step::Grant(grant.clone())];
    steps.extend(old.map(|binding| Step::Remove(Removal::Binding(binding))));
    let decision = Decision::say(Reason::Progressing, format!("{words} is being made")).with_steps(steps).owning();
    decision.with_special(absent).keeping(object)
}

/// The grant of an earlier declaration that still has to end: recorded or made, there, and declared by nobody else.
fn replaced(object: &BindingObject, grant: &Grant, facts: &Facts<'_>, sharers: Sharers<'_>) -> Option<Binding> {
    let earlier = object.recorded.iter().map(|recorded| &recorded.grant).chain(&object.made);
    let mut left = earlier.filter(|earlier| *earlier != grant && (sharers.all)(earlier).is_empty());
    left.find_map(|earlier| facts.inventory.find(earlier)).cloned()
}

/// What survives a revocation: the principal's API keys, where they are visible.
pub fn survivors(principal: &PrincipalId, inventory: &Inventory) -> Option<String> {
    let keys = inventory.api_keys_of(principal)?;
    if keys.is_empty() {
        return None;
    }
    let names: Vec<String> = keys.iter().map(|key| format!("{} for {}", key.id, key.resource)).collect();
    let verb = if keys.len() == 1 { "keeps" } else { "keep" };
    Some(format!("{} of `{principal}` {verb} working: {}", counted(keys.len(), "API key"), list(&names)))
}

fn in_force(grant: &Grant, facts: &Facts<'_>) -> Fact {
    match facts.inventory.find(grant) {
        // An account that nobody has taken up yet, whether the invitation waits or lapsed.
        Some(_) if facts.inventory.is_invited(&grant.principal) => {
            Fact::new(false, Reason::InvitationPending, format!("{grant} is made, and the invitation is not accepted"))
        }
        Some(_) => Fact::new(true, Reason::InSync, format!("{grant} is in force")),
        None => Fact::new(false, Reason::Progressing, format!("{grant} is not in force")),
    }
}

impl From<Decision> for BindingDecision {
    fn from(decision: Decision) -> Self {
        Self {
            decision,
            record: None,
            lets_go: false,
            meaning: None,
            binding_id: None,
            declares: Vec::new(),
            next: None,
            missing: None,
            beside: None,
        }
    }
}

impl Decision {
    fn with_binding(self, binding: Option<&Binding>) -> BindingDecision {
        BindingDecision { binding_id: binding.map(|binding| binding.id.clone()), ..self.into() }
    }

    fn keeping(self, object: &BindingObject) -> BindingDecision {
        BindingDecision::from(self).keeping(object)
    }
}

impl BindingDecision {
    /// What is recorded stays recorded, and with it the duty to end it.
    fn keeping(mut self, object: &BindingObject) -> Self {
        self.decision.owns |= object.recorded.is_some();
        self
    }
}
