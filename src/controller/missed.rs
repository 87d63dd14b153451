//! What a binding names and no listing shows yet.

use crate::{
    api::RoleBinding,
    plan::{
        Reason,
        binding::{BindingDecision, DeclaredPrincipal, DesiredBinding},
    },
};

use super::lane::{Lane, Organization};

/// Has the lane look again where an edit names for the first time what the listing does not show: the cluster or the account may
/// have been made just before it. What stays missing is looked for at every listing.
pub(super) fn look(
    binding: &RoleBinding,
    decided: &BindingDecision,
    desired: Option<&DesiredBinding>,
    lane: &Lane<Organization>,
) {
    let observed = binding.status.as_ref().map(|status| status.observed_generation);
    // That is an object of ours, and no listing shows it.
    let ours = desired.is_some_and(|it| matches!(it.principal, DeclaredPrincipal::MissingUser(_)));
    let missing = matches!(decided.decision.ready.reason, Reason::PrincipalNotFound | Reason::ScopeNotFound);
    if missing && !ours && observed != binding.metadata.generation {
        lane.look_for_news();
    }
}
