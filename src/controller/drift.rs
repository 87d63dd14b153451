//! What others did to what an object declares: found by its status and the listing, and kept in the status. No IO.

use jiff::Timestamp;

use crate::{
    access::PrincipalId,
    api::{
        ConfluentUser, RoleBinding, convert,
        drift::{DriftChange, DriftStatus, KEPT},
    },
    plan::{
        Inventory, Removal, Written,
        binding::BindingDecision,
        drift::{Change, Drift},
    },
};

use super::lane::{Organization, View};

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

/// The history with one more entry, the newest first.
pub(crate) fn with(history: &[DriftStatus], drift: &Drift, now: Timestamp) -> Vec<DriftStatus> {
    let entry = DriftStatus {
        seen: format!("{now:.0}"),
        change: match drift.change {
            Change::Removed => DriftChange::Removed,
            Change::Recreated => DriftChange::Recreated,
        },
        by: drift.by.as_ref().map(|(who, _)| who.clone()),
        at: drift.by.as_ref().map(|(_, at)| format!("{at:.0}")),
    };
    std::iter::once(entry).chain(history.iter().cloned()).take(KEPT).collect()
}
