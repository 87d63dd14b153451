//! What an object sets out to grant: noted on it before it is made, so that a restart finds it, whatever becomes of the object in
//! between. No IO.
//!
//! A new object has its note in an annotation that comes with the finalizer, which costs no write; an edit has it in the status.

pub(crate) mod member;

use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{FieldsV1, ObjectMeta};
use kube::ResourceExt;

use crate::{
    access::{Crn, Grant, PrincipalId},
    api::{GRANTING, RoleBinding, binding::GrantStatus, convert},
    plan::{
        Facts, Removal, Step, Written,
        binding::{BindingDecision, BindingObject, Recorded, could_be_granted, may_have_made},
    },
};

use super::{
    context::Context,
    ground::Ground,
    lane::{Organization, Realm, View},
    managed::{Managed, has_finalizer},
    write::MANAGER,
};

/// Most grants that an object notes.
const MOST: usize = 8;

/// What the steps of a plan set out to grant, as far as it has to be noted first.
#[derive(Debug)]
pub(crate) struct Intent<G> {
    /// The annotation that says it, where the finalizer is put on and the status never spoke of grants.
    pub(crate) note: Option<String>,
    /// The annotation is overtaken, and goes before the status stops saying so.
    pub(crate) clears: bool,
    /// What stands nowhere yet.
    pub(crate) unwritten: Vec<G>,
    /// What this process noted and is over: it is there and answered for, or not wanted and known not to be there.
    pub(crate) over: Vec<G>,
    /// A former process set out on something that a listing may not show yet.
    pub(crate) inherited: bool,
}

impl<G> Default for Intent<G> {
    fn default() -> Self {
        Self { note: None, clears: false, unwritten: Vec::new(), over: Vec::new(), inherited: false }
    }
}

/// What an object made, or may have made, besides what its status answers for; and of what an annotation notes, the part that
/// proves nothing.
pub(crate) fn made(
    binding: &RoleBinding,
    object: &BindingObject,
    facts: &Facts<'_>,
    view: &View<'_, Organization>,
) -> (Vec<Grant>, Vec<Grant>) {
    let (mut made, mut doubted) = (view.made(&binding.uid().unwrap_or_default()), Vec::new());
    let opened = convert::granting(binding);
    for grant in opened.grants.into_iter().map(|it| it.grant) {
        if made.contains(&grant) {
            continue;
        }
        if opened.by_annotation && !could_be_granted(&grant, object, facts) {
            doubted.push(grant);
        } else if may_have_made(&grant, opened.by_annotation, object, facts) {
            made.push(grant);
        }
    }
    (made, doubted)
}

/// What a status says that its object answers for, and what it set out on, which may be there and be held. What an annotation says
/// anybody may have written.
pub(crate) fn told(binding: &RoleBinding) -> Vec<Grant> {
    let open = convert::granting(binding);
    let open = open.grants.into_iter().filter(|_| !open.by_annotation);
    convert::recorded(binding).into_iter().chain(open).map(|it| it.grant).collect()
}

/// What the status answers for, where that is not listed and nobody can know yet whether it is there: a former process recorded
/// it, and the listing may lag behind what that one made. An object that let go on such an absence would leave the grant to nobody.
pub(crate) fn unseen(binding: &RoleBinding, view: &View<'_, Organization>, now: Timestamp) -> Option<GrantStatus> {
    let recorded = convert::recorded(binding)?.grant;
    let listed = view.picture()?.find(&recorded).is_some();
    let shown = listed || view.has_shown(&binding.uid().unwrap_or_default(), &recorded.to_string());
    let unseen = view.may_lag() && !shown && lately(binding, view, now) && !is_ended(&recorded, view);
    binding.status.as_ref()?.grant.clone().filter(|_| unseen)
}

/// Whether a write of ours ended a grant, and listings do not show that yet.
fn is_ended(grant: &Grant, view: &View<'_, Organization>) -> bool {
    view.own_writes().any(|written| match written {
        Written::Removed(Removal::Account { user, .. }) => *user == grant.principal,
        Written::Removed(Removal::Invitation { user, .. }) => user.as_ref() == Some(&grant.principal),
        Written::Removed(Removal::Binding(_)) => Organization::is_ended(grant, written),
        Written::Granted(_) | Written::Invited(_) | Written::Renamed { .. } => false,
    })
}

/// What an object answers for that the last listing lacks, no write of ours ended, and no second listing lacks.
pub(crate) fn unproved(uid: &str, object: &BindingObject, view: &View<'_, Organization>) -> Vec<Grant> {
    let Some(picture) = view.picture() else { return Vec::new() };
    let answers = object.recorded.iter().map(|it| &it.grant).chain(&object.made);
    let lacks = |grant: &&Grant| picture.find(grant).is_none() && !is_ended(grant, view);
    let missing: Vec<Grant> = answers.filter(lacks).cloned().collect();
    if missing.is_empty() || view.lacks_twice(uid, &in_words(&missing)) { Vec::new() } else { missing }
}

/// Grants as they are remembered while they are looked for.
pub(crate) fn in_words(grants: &[Grant]) -> String {
    grants.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

/// Whether an object is new, or came to say something else so lately that a listing may lag behind what was made for that. What
/// has been told for longer and is not listed is gone.
pub(crate) fn lately<K: Managed, R: Realm>(object: &K, view: &View<'_, R>, now: Timestamp) -> bool {
    let told = object.status().map(|status| K::conditions(status).read()).unwrap_or_default();
    let told = told.iter().map(|condition| condition.last_transition);
    let newest = told.chain(object.meta().creation_timestamp.iter().map(|created| created.0)).max();
    newest.is_some_and(|at| view.may_lag_behind(at, now))
}

/// Whether somebody may hold what an object tells of and the listing does not show yet. Who is removed then may be one of those
/// of whom a number has to remain, and no look at the vendor would tell.
pub(crate) fn may_hold_more(
    organization: &str,
    who: &PrincipalId,
    view: &View<'_, Organization>,
    context: &Context,
    now: Timestamp,
) -> bool {
    let Some(picture) = view.picture().filter(|_| view.may_lag()) else { return false };
    let tells = |binding: &RoleBinding| {
        let open = convert::granting(binding).grants;
        let uid = binding.uid().unwrap_or_default();
        let hidden = |grant: &Grant| picture.find(grant).is_none() && !view.has_shown(&uid, &grant.to_string());
        let open = open.iter().any(|it| it.grant.principal == *who && hidden(&it.grant));
        let recorded = unseen(binding, view, now).is_some_and(|it| it.principal_id == who.as_str());
        (binding.connection() == organization && (open || recorded)).then_some(())
    };
    !context.wake.bindings.select(tells).is_empty()
}

/// What a plan sets out to grant, and what the status is to say of that.
pub(crate) fn of(
    binding: &RoleBinding,
    decided: &BindingDecision,
    doubted: &[Grant],
    organization_id: &str,
    view: &View<'_, Organization>,
) -> (Intent<Grant>, Option<Vec<GrantStatus>>) {
    let (uid, opened) = (binding.uid().unwrap_or_default(), convert::granting(binding));
    let noted = view.noted(&uid);
    let recorded = convert::recorded(binding);
    let spoken = recorded.is_some() || binding.status.as_ref().is_some_and(|status| status.granting.is_some());
    let answers = decided.record.clone().or(recorded.filter(|_| !decided.lets_go)).map(|it| it.grant);
    // Also what is there already, for which another object may have stood that goes.
    let stands_for = granted(&decided.decision.steps).chain(decided.beside.clone());
    let wanted: Vec<Grant> = stands_for.filter(|it| answers.as_ref() != Some(it)).collect();
    // What proves nothing stays where it is: in the status it would pass for ours.
    let mut known = opened.grants;
    known.retain(|it| !doubted.contains(&it.grant));
    // What was noted with the finalizer is not seen before the finalizer is. Later, what is not seen was taken off since.
    let unseen = |grant: &Grant| !has_finalizer(binding) && noted.contains(grant);
    let stands = |grant: &Grant| known.iter().any(|one| one.grant == *grant) || unseen(grant);
    let unwritten: Vec<Grant> = wanted.iter().filter(|it| !stands(it)).cloned().collect();
    for grant in noted {
        put(&mut known, grant, view);
    }
    let there = |grant: &Grant| view.picture().is_some_and(|picture| picture.find(grant).is_some());
    let inherited = |grant: &Grant| view.may_lag() && !noted.contains(grant);
    let is_open = |grant: &Grant| {
        let doubtful = view.is_unsettled(&uid) || inherited(grant);
        // What is there once all is as declared is kept by others.
        if there(grant) { decided.record.is_none() } else { doubtful }
    };
    known.retain(|it| answers.as_ref() != Some(&it.grant) && (wanted.contains(&it.grant) || is_open(&it.grant)));
    let awaits = known.iter().any(|it| !there(&it.grant) && inherited(&it.grant));
    for grant in &wanted {
        put(&mut known, grant, view);
    }
    known.drain(..known.len().saturating_sub(MOST));
    let over = noted.iter().filter(|it| known.iter().all(|one| one.grant != **it)).cloned().collect();
    let told: Vec<GrantStatus> = known.into_iter().map(|record| status_of(record, organization_id)).collect();
    let note = (convert::speaks_first(binding) && !told.is_empty()).then(|| convert::granting_note(&told));
    let closed = answers.is_none() && (opened.by_annotation || spoken) && doubted.is_empty() && told.is_empty();
    let overtaken = closed && binding.annotations().contains_key(GRANTING);
    let clears = overtaken && may_be_cleared(&binding.metadata);
    // Where neither a grant nor its absence says that the annotation is overtaken, an empty list does.
    let told = (!told.is_empty() || (overtaken && !clears)).then_some(told);
    (Intent { note, clears, unwritten, over, inherited: awaits }, told)
}

/// Whether an annotation that is overtaken can be taken off. Not where somebody else declares it, as with an object that was
/// written down as it was: taken off, it would be put on again without an end.
fn may_be_cleared(meta: &ObjectMeta) -> bool {
    let has = |fields: &FieldsV1| !fields.0["f:metadata"]["f:annotations"][format!("f:{GRANTING}")].is_null();
    let mut managers = meta.managed_fields.iter().flatten();
    let kept = managers.any(|it| it.manager.as_deref() != Some(MANAGER) && it.fields_v1.as_ref().is_some_and(has));
    meta.deletion_timestamp.is_none() && !kept
}

impl Intent<Grant> {
    /// Keeps what is not seen yet (`unseen`) as something that the object may have made: it waits for that before it goes, and
    /// does not forget it for another grant. Where that one is there already, whoever made it has removed the old one after it;
    /// and where the person has another id, it fell with the former one.
    pub(crate) fn keep(
        &mut self,
        unseen: Option<GrantStatus>,
        decided: &BindingDecision,
        told: &mut Option<Vec<GrantStatus>>,
    ) {
        let Some(unseen) = unseen else { return };
        self.inherited = true;
        let another = granted(&decided.decision.steps)
            .any(|it| it.principal.as_str() == unseen.principal_id && it.role != unseen.role);
        let is = |it: &GrantStatus| {
            (&it.principal_id, &it.role, &it.crn) == (&unseen.principal_id, &unseen.role, &unseen.crn)
        };
        if another && !told.as_deref().unwrap_or_default().iter().any(is) {
            told.get_or_insert_default().push(unseen);
        }
    }
}

/// Adds a grant that is not among them, by the name that its principal has now.
fn put(known: &mut Vec<Recorded>, grant: &Grant, view: &View<'_, Organization>) {
    if known.iter().all(|it| it.grant != *grant) {
        let email = view.picture().and_then(|picture| picture.emails_of(&grant.principal).next());
        let label = email.map_or_else(|| grant.principal.to_string(), ToString::to_string);
        known.push(Recorded { grant: grant.clone(), label });
    }
}

fn granted(steps: &[Step]) -> impl Iterator<Item = Grant> {
    steps.iter().filter_map(|step| match step {
        Step::Grant(grant) => Some(grant.clone()),
        Step::Invite { .. } | Step::Rename { .. } | Step::Remove(_) => None,
    })
}

/// Objects that cannot be decoded and answer for a grant by what their status holds: nobody can say that they give it up.
pub(crate) fn broken(grant: &Grant, ground: &Ground, context: &Context) -> Vec<String> {
    let organization_id = ground.spec().map_or("", |spec| &spec.organization_id);
    let told = status_of(Recorded { grant: grant.clone(), label: String::new() }, organization_id);
    let is = |it: &GrantStatus| (&it.principal_id, &it.role, &it.crn) == (&told.principal_id, &told.role, &told.crn);
    context.wake.bindings.broken(|other| {
        let granting: Vec<GrantStatus> = other.read("/status/granting").unwrap_or_default();
        other.is_live() && other.read("/status/grant").iter().chain(&granting).any(is)
    })
}

/// A grant as a status holds it.
pub(crate) fn status_of(record: Recorded, organization_id: &str) -> GrantStatus {
    let crn = Crn { organization: organization_id.to_owned(), scope: record.grant.scope };
    GrantStatus {
        principal_id: record.grant.principal.as_str().to_owned(),
        principal: record.label,
        role: record.grant.role,
        crn: crn.to_string(),
    }
}
