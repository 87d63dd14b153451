//! What the objects that connect a realm say alike of their lanes. No IO.

use std::{sync::Arc, time::Duration};

use crate::{
    api::{
        ACKNOWLEDGE,
        common::Warning,
        convert,
        removal::{HeldRemovalsStatus, RemovalBudgetSpec},
    },
    plan::{Decision, Fact, Finding, Reason},
};

use super::{
    lane::{HeldNews, Lane, Realm, View},
    managed::{Managed, Plan},
};

/// How often a connection that cannot be made is tried again.
pub(crate) const RETRY: Duration = Duration::from_secs(30);
/// How often an object that connects is looked at without being woken.
pub(crate) const RECHECK: Duration = Duration::from_mins(10);

/// What `Ready` says of a lane, where `who` is whom the operator acts as.
pub(crate) fn ready<R: Realm>(view: &View<'_, R>, display_name: &str, who: &str) -> Finding {
    match (view.picture(), view.listing_failure()) {
        // What was fine stays so through a transient failure; a refused key or a lost role is not transient.
        (_, Some(failure)) if is_lasting(failure.reason) => failure.clone(),
        (Some(_), _) => Finding::new(Reason::InSync, format!("connected to `{display_name}` as {who}")),
        (None, Some(failure)) => failure.clone(),
        (None, None) => Finding::new(Reason::Progressing, format!("connected to `{display_name}`; listing it")),
    }
}

fn is_lasting(reason: Reason) -> bool {
    matches!(reason, Reason::CredentialsRejected | Reason::RolesUnreadable)
}

/// What `InventoryFresh` says.
pub(crate) fn freshness<R: Realm>(view: &View<'_, R>) -> Fact {
    match (view.picture(), view.listing_failure()) {
        (_, Some(failure)) => Fact { holds: Some(false), finding: failure.clone() },
        (Some(_), None) => Fact::new(true, Reason::InventoryRead, "the last listing was complete"),
        (None, None) => Fact::new(None, Reason::Progressing, "the first listing is under way"),
    }
}

/// What the status says of removals that the budget holds: what it said, until more is known.
pub(crate) fn held<R: Realm>(view: &View<'_, R>, said: Option<HeldRemovalsStatus>) -> Option<HeldRemovalsStatus> {
    match view.held_removals() {
        HeldNews::Unknown => said,
        HeldNews::Known(held) => convert::held_removals(held),
    }
}

/// What `RemovalsHeld` says, and the event where something else is held than before.
pub(crate) fn removals_held<R: Realm>(
    name: &str,
    budget: &RemovalBudgetSpec,
    before: Option<&HeldRemovalsStatus>,
    now: Option<&HeldRemovalsStatus>,
) -> Option<(Fact, Option<Warning>)> {
    let held = now?;
    let (reason, short) = (Reason::RemovalBudgetExceeded, R::SHORT);
    let RemovalBudgetSpec { count, percent, window } = budget;
    let (which, they) = if held.total == 1 {
        ("1 removal is".to_owned(), "it")
    } else {
        (format!("{} removals are", held.total), "they")
    };
    let message = format!(
        "{which} held, because more would go than the removal budget allows ({count}, or {percent} % of what is declared, \
        within {window}): read `status.heldRemovals`; if {they} shall go, `kubectl annotate --overwrite {short} {name} \
        {ACKNOWLEDGE}={}`",
        held.digest
    );
    let news = before.is_none_or(|before| before.digest != held.digest);
    let event = news.then(|| Warning { rule: reason.as_str().to_owned(), message: message.clone() });
    Some((Fact::new(true, reason, message), event))
}

/// What `CredentialsValid` says of a credential that was accepted once.
pub(crate) fn credentials<R: Realm>(view: &View<'_, R>, accepted: String) -> Fact {
    match view.listing_failure().filter(|finding| finding.reason == Reason::CredentialsRejected) {
        Some(finding) => Fact { holds: Some(false), finding: finding.clone() },
        None => Fact::new(true, Reason::CredentialsAccepted, accepted),
    }
}

/// How a connection says that it is only looked through.
pub(crate) const OBSERVING: &str = "; `management: Observe`, so nothing is changed";

/// What was observed of a connection.
pub(crate) struct Standing<R: Realm> {
    /// Its lane, or why it cannot be connected.
    pub(crate) reached: Result<Arc<Lane<R>>, Finding>,
    /// What keeps it, where it is being deleted.
    pub(crate) dependents: Option<Dependents>,
}

/// The objects that refer to a connection.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Dependents {
    pub(crate) all: usize,
    /// Those that nobody has deleted yet.
    pub(crate) live: usize,
}

impl Dependents {
    /// One more for each, by whether it is being deleted.
    pub(crate) fn count(&mut self, deleted: impl IntoIterator<Item = bool>) {
        for deleted in deleted {
            self.all += 1;
            self.live += usize::from(!deleted);
        }
    }
}

/// The plan of a connection to which nothing refers any more.
pub(crate) fn released<K: Managed>(status: K::Status) -> Plan<K> {
    Plan::say(Decision::release("nothing refers to it any more"), status, RETRY)
}

/// A connection that is being deleted is kept while objects refer to it, since they need its credential. It says all else that it
/// says otherwise: what the budget holds, and the command that lets go of it, is read here.
pub(crate) fn kept<K: Managed>(plan: Plan<K>, dependents: Dependents) -> Plan<K> {
    let (Dependents { all, live }, noun) = (dependents, K::Realm::NOUN);
    let message = if live == 0 {
        format!(
            "{all} objects refer to this {noun} and are being deleted, and its credential is kept until they have revoked what they \
             declared: this object goes by itself then"
        )
    } else {
        let which = if live == all { "them".to_owned() } else { format!("the {live} that are not being deleted yet") };
        format!(
            "{all} objects refer to this {noun}, and its credential is kept so that they can revoke what they declared: delete \
             {which}, and this object goes by itself"
        )
    };
    let decision = Decision::say(Reason::DependentsExist, message).owning();
    Plan { decision, sweeps: None, recheck: Duration::from_secs(2), ..plan }
}
