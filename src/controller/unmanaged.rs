//! Grants of an organization that no object declares: what its status tells of them, and which are to be removed. It only reads
//! caches and remembers since when each was seen.

use std::{
    collections::{HashMap, HashSet},
    sync::{Mutex, PoisonError},
    time::Duration,
};

use jiff::Timestamp;
use kube::ResourceExt;
use tokio::time::Instant;

use crate::{
    access::{Grant, listing::Binding},
    api::{
        ConfluentOrganization, ConfluentOrganizationSpec, RoleBinding,
        common::{Management, Warning},
        convert,
        unmanaged::UnmanagedStatus,
    },
    backend::Purpose,
    plan::{
        GuardFacts, Inventory, Protection, Removal, Step,
        unmanaged::{Undeclared, Unmanaged, mark_of, names_of, undeclared, untouchable},
    },
    telemetry::Pass,
};

use super::{
    context::Context,
    lane::{Author, Claim, MOST_RETAINED, Organization, Sweep, View},
    managed::{Managed, key_of},
    speaker::Speakers,
};

/// Since when this process has seen what nobody declares, by the uid of the organization's object. All of it may be forgotten:
/// then what is to be removed waits anew.
#[derive(Default)]
pub(crate) struct Sightings {
    inner: Mutex<HashMap<String, HashMap<String, Instant>>>,
}

impl Sightings {
    /// Takes in what is seen now; what is not seen any more begins anew when it is back.
    fn see(&self, uid: &str, marks: HashSet<String>, now: Instant) -> HashMap<String, Instant> {
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        let before = inner.remove(uid).unwrap_or_default();
        let since = |mark: String| {
            let since = before.get(&mark).copied().unwrap_or(now);
            (mark, since)
        };
        let seen: HashMap<String, Instant> = marks.into_iter().map(since).collect();
        if !seen.is_empty() {
            inner.insert(uid.to_owned(), seen.clone());
        }
        seen
    }
}

/// What becomes of undeclared grants.
#[derive(Default)]
pub(crate) struct Look {
    /// What the status tells.
    pub(crate) told: Option<UnmanagedStatus>,
    /// What is to be removed now.
    pub(crate) sweeps: Vec<Sweep<Step>>,
    /// The last listing failed, or is in doubt, and is no look: what is under way or held stays so.
    pub(crate) untold: bool,
    /// When the next is.
    pub(crate) next: Option<Duration>,
}

/// Looks at the undeclared grants of an organization, where that is asked for.
pub(crate) fn look(
    object: &ConfluentOrganization,
    view: &View<'_, Organization>,
    context: &Context,
    now: Timestamp,
) -> Look {
    let (Some(within), Some(inventory)) = (convert::reported_within(&object.spec), view.picture()) else {
        return Look::default();
    };
    let own = view.realm().identity.principal.as_ref();
    let is_declared = |grant: &Grant| {
        let standing = context.standing(object.connection(), grant);
        standing.is_declared(object.connection(), grant, |key| context.wake.exists(key))
    };
    let all = undeclared(inventory, &within, own, is_declared);
    let full = object.spec.management == Management::Full && convert::broken_delegations(&object.spec).is_empty();
    let Some(after) = convert::removed_after(&object.spec).filter(|_| full) else {
        return Look { told: Some(status(all.into_iter().map(|it| (it, None)).collect())), ..Look::default() };
    };
    let protection = convert::protection(&object.spec.protection);
    let judge = Judge::new(object, view, inventory, &protection, context, now);
    let judged = all.into_iter().map(|it| {
        let why = judge.kept(&it.binding);
        (it, why)
    });
    let judged: Vec<(Undeclared, Option<String>)> = judged.collect();
    let removable = judged.iter().filter(|(_, why)| why.is_none());
    let marks = removable.filter_map(|(it, _)| it.binding.grant()).map(|grant| mark_of(&grant)).collect();
    let instant = Instant::now();
    let since = context.sightings.see(&object.uid().unwrap_or_default(), marks, instant);
    let mut look = Look { untold: view.listing_failure().is_some(), ..Look::default() };
    let mut told = Vec::with_capacity(judged.len());
    for (it, mut why) in judged {
        let mark = it.binding.grant().filter(|_| why.is_none()).map(|grant| mark_of(&grant));
        if let Some((mark, since)) = mark.and_then(|mark| since.get(&mark).map(|at| (mark, *at))) {
            let left = after.saturating_sub(instant.duration_since(since));
            if left.is_zero() {
                let sweep = judge.sweep(mark, it.binding.clone());
                why = judge.failure(&sweep);
                look.sweeps.push(sweep);
            } else {
                look.next = Some(look.next.map_or(left, |next| next.min(left)));
            }
        }
        told.push((it, why));
    }
    look.told = Some(status(told));
    look
}

fn status(told: Vec<(Undeclared, Option<String>)>) -> UnmanagedStatus {
    let told = Unmanaged::told(told);
    let count = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
    UnmanagedStatus { total: count(told.total), kept: count(told.kept), entries: told.first }
}

/// An event for grants that are told for the first time.
pub(crate) fn news(before: Option<&UnmanagedStatus>, now: Option<&UnmanagedStatus>) -> Option<Warning> {
    let bare = |entry: &String| entry.split(" (kept: ").next().unwrap_or_default().to_owned();
    let known: HashSet<String> = before?.entries.iter().map(bare).collect();
    let new: Vec<String> = now?.entries.iter().map(bare).filter(|it| !known.contains(it)).collect();
    // A list that is full has others move up when something goes.
    let grew = now?.total > before?.total;
    let message = format!("granted, and no object declares it: {}", new.join("; "));
    (grew && !new.is_empty()).then(|| Warning { rule: "UndeclaredAccess".to_owned(), message })
}

/// What a removal is judged by before it is submitted; the lane judges it again when it is made.
struct Judge<'a> {
    view: &'a View<'a, Organization>,
    facts: GuardFacts<'a>,
    admins: Vec<Binding>,
    speakers: Speakers<'a>,
    author: Option<Author>,
}

impl<'a> Judge<'a> {
    fn new(
        object: &ConfluentOrganization,
        view: &'a View<'a, Organization>,
        inventory: &'a Inventory,
        protection: &'a Protection,
        context: &'a Context,
        now: Timestamp,
    ) -> Self {
        let admins = inventory.bindings().filter(|it| Inventory::is_organization_admin(it)).cloned().collect();
        let realm = view.realm();
        let own = realm.identity.principal.as_ref();
        let facts = GuardFacts { inventory, catalogue: &realm.catalogue, admins: &[], own, protection, confirmed: "" };
        let speakers = Speakers::of(&context.wake, object.connection(), now);
        Self { view, facts, admins, speakers, author: author(object) }
    }

    /// Why a grant is not removed, if it is not.
    fn kept(&self, binding: &Binding) -> Option<String> {
        let facts = GuardFacts { admins: &self.admins, ..self.facts };
        if let Some(why) = untouchable(binding, facts) {
            return Some(why);
        }
        let grant = binding.grant()?;
        match self.view.retained() {
            None => return Some("what deleted objects left behind is not known yet".to_owned()),
            Some(marks) if marks.len() >= MOST_RETAINED => {
                return Some("more deleted objects left grants behind than can be remembered".to_owned());
            }
            Some(marks) if marks.contains(&mark_of(&grant)) => {
                return Some("a deleted object's `deletionPolicy: Retain`".to_owned());
            }
            Some(_) => {}
        }
        let names = names_of(&grant.principal, self.facts.inventory);
        self.speakers.first(&Claim { grant, names }).map(|name| format!("`{name}` names it"))
    }

    fn failure(&self, sweep: &Sweep<Step>) -> Option<String> {
        let author = sweep.author(self.author.as_ref()?);
        self.view.failure(&author).map(|finding| finding.reason.to_string())
    }

    fn sweep(&self, mark: String, binding: Binding) -> Sweep<Step> {
        let uid = self.author.as_ref().map(|author| author.object.for_one(&mark).uid);
        let ended = uid.map_or(0, |uid| self.view.ended(&uid));
        Sweep { mark, step: Step::Remove(Removal::Binding(binding)), ended }
    }
}

fn author(object: &ConfluentOrganization) -> Option<Author> {
    let confirmed = object.annotations().get(crate::api::CONFIRM_REMOVAL).cloned().unwrap_or_default();
    let generation = object.metadata.generation.unwrap_or_default();
    let (object, purpose, pass) = (key_of(object)?, Purpose::Upkeep, Pass::here());
    Some(Author { object, generation, deleting: false, confirmed, told: 0, purpose, pass })
}

/// The marks of grants that a deleted object leaves behind and that would be removed as undeclared; also of one that the last
/// listing does not show, since the next may.
pub(crate) fn left_behind(object: &RoleBinding, spec: Option<&ConfluentOrganizationSpec>) -> Vec<String> {
    let (Some(spec), Some(recorded)) = (spec, convert::recorded(object)) else { return Vec::new() };
    let within = convert::removed_after(spec).and_then(|_| convert::reported_within(spec)).unwrap_or_default();
    let covered = within.iter().any(|outer| outer.covers(&recorded.grant.scope));
    let stays = convert::retains(&object.spec, spec) && covered;
    stays.then(|| mark_of(&recorded.grant)).into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_told_for_the_first_time_is_an_event() {
        let told = |entries: &[&str]| UnmanagedStatus {
            total: u32::try_from(entries.len()).unwrap(),
            kept: 0,
            entries: entries.iter().map(|it| (*it).to_owned()).collect(),
        };
        let news =
            |before: Option<&UnmanagedStatus>, now: &UnmanagedStatus| news(before, Some(now)).map(|it| it.message);
        assert_eq!(news(None, &told(&["a"])), None, "what was there at the first look is in the status");
        assert_eq!(news(Some(&told(&["a"])), &told(&["a (kept: so)"])), None);
        assert_eq!(news(Some(&told(&["a", "b"])), &told(&["b"])), None);
        let message = news(Some(&told(&["a (kept: so)"])), &told(&["a", "b, by `mary`"])).unwrap();
        assert_eq!(message, "granted, and no object declares it: b, by `mary`");
    }

    #[test]
    fn what_comes_back_after_it_was_declared_waits_anew() {
        let (sightings, start) = (Sightings::default(), Instant::now());
        let marks = |all: &[&str]| all.iter().map(|it| (*it).to_owned()).collect::<HashSet<String>>();
        let later = |seconds| start + Duration::from_secs(seconds);
        sightings.see("uid", marks(&["a", "b"]), start);
        let seen = sightings.see("uid", marks(&["a"]), later(10));
        assert_eq!((seen["a"], seen.len()), (start, 1));
        let seen = sightings.see("uid", marks(&["a", "b"]), later(20));
        assert_eq!((seen["a"], seen["b"]), (start, later(20)));
        assert_eq!(sightings.see("other", marks(&["a"]), later(30))["a"], later(30));
    }
}
