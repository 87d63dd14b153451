//! What others did to what an object declares: found by its status and the listing, and kept in the status. No IO.

use jiff::Timestamp;
use kube::ResourceExt;

use crate::{
    access::{PrincipalId, publisher::Member},
    api::{
        ConfluentUser, PublisherUser, RoleBinding, convert,
        drift::{DriftChange, DriftStatus, KEPT},
    },
    plan::{
        Inventory, Removal, Written,
        binding::BindingDecision,
        drift::{Change, Drift},
        publisher::{self, DesiredMember, MemberDecision},
    },
};

use super::{
    intent::lately,
    lane::{Organization, Publisher, View},
};

/// Drift of a grant that was in force by this object's own status, and is to be.
pub(crate) fn of_binding(
    object: &RoleBinding,
    decided: &BindingDecision,
    inventory: &Inventory,
    view: &View<'_, Organization>,
) -> Option<Drift> {
    let before = object.status.as_ref()?.binding_id.as_deref()?;
    let recorded = convert::recorded(object)?.grant;
    let now = match (&decided.missing, &decided.record) {
        (Some(missing), _) if *missing == recorded => None,
        (None, Some(record)) if record.grant == recorded => Some(inventory.find(&recorded)?.id.as_str()),
        _ => return None,
    };
    let ours = view.own_writes().any(|written| match written {
        Written::Removed(Removal::Binding(binding)) => binding.id == before,
        Written::Removed(Removal::Account { user, .. }) => *user == recorded.principal,
        Written::Granted(binding) => now == Some(&binding.id),
        Written::Removed(Removal::Invitation { .. }) | Written::Invited(_) | Written::Renamed { .. } => false,
    });
    if ours {
        return None;
    }
    let own = view.realm().identity.principal.as_ref();
    Drift::found(before, now, &[before, recorded.principal.as_str()], inventory, own)
}

/// Drift of an account, or an invitation, that is not there any more.
pub(crate) fn of_user(
    object: &ConfluentUser,
    id: Option<&PrincipalId>,
    inventory: &Inventory,
    view: &View<'_, Organization>,
) -> Option<Drift> {
    let status = object.status.as_ref()?;
    let before = PrincipalId::new(status.user_id.as_deref()?);
    if id.is_some() || object.metadata.deletion_timestamp.is_some() {
        return None;
    }
    let ours = view.own_writes().any(|written| match written {
        Written::Removed(Removal::Account { user, .. }) => *user == before,
        Written::Removed(Removal::Invitation { user, .. }) => user.as_ref() == Some(&before),
        Written::Removed(Removal::Binding(_)) | Written::Granted(_) | Written::Invited(_) | Written::Renamed { .. } => {
            false
        }
    });
    if ours {
        return None;
    }
    let invitation = status.invitation.as_ref().map_or("", |invitation| invitation.id.as_str());
    let own = view.realm().identity.principal.as_ref();
    Drift::found(before.as_str(), None, &[before.as_str(), invitation], inventory, own)
}

/// Drift of a publisher's user who was in the role that the object's own status tells, and is to be. Where that was told lately by a
/// former process, a listing that does not show it may be older.
pub(crate) fn of_member(
    object: &PublisherUser,
    decided: &MemberDecision,
    desired: &DesiredMember,
    member: Option<&Member>,
    view: &View<'_, Publisher>,
    now: Timestamp,
) -> Option<Drift> {
    let recorded = convert::recorded_role(object)?;
    let told = object.status.as_ref()?.role.as_deref() == Some(recorded.as_str());
    let drift = publisher::drift(recorded, decided, desired, member)
        .filter(|_| told && object.metadata.deletion_timestamp.is_none())?;
    let uid = object.uid().unwrap_or_default();
    // An edit that is carried out at once leaves no trace in the conditions.
    let mut edits = object.metadata.managed_fields.iter().flatten().filter_map(|edit| edit.time.as_ref());
    let mut news = || lately(object, view, now) || edits.any(|at| view.may_lag_behind(at.0, now));
    let old = view.may_lag() && view.shown(&uid) != Some(recorded.as_str()) && news();
    let ours = view.own_writes().any(|written| *written.key() == desired.key);
    (!ours && !old).then_some(drift)
}

/// The history with one more entry, the newest first.
pub(crate) fn with(history: &[DriftStatus], drift: &Drift, now: Timestamp) -> Vec<DriftStatus> {
    let entry = DriftStatus {
        seen: format!("{now:.0}"),
        change: match drift.change {
            Change::Removed => DriftChange::Removed,
            Change::Recreated => DriftChange::Recreated,
            Change::Promoted => DriftChange::Promoted,
            Change::Demoted => DriftChange::Demoted,
        },
        by: drift.by.as_ref().map(|(who, _)| who.clone()),
        at: drift.by.as_ref().map(|(_, at)| format!("{at:.0}")),
    };
    std::iter::once(entry).chain(history.iter().cloned()).take(KEPT).collect()
}
