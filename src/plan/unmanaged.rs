//! What is held and no object answers for. It is told, and nothing more. PURE.

use crate::access::{Grant, PrincipalId, Scope};

use super::Inventory;

/// Most grants that are named.
const SHOWN: usize = 20;

/// Grants that no object answers for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Unmanaged {
    /// How many.
    pub total: usize,
    /// The first of them in words, in the order of the alphabet, at most 20.
    pub first: Vec<String>,
}

/// What is held within those places by anybody but the operator itself, where no object answers for it. A binding of a form
/// that cannot be read is somewhere in the organization, and so counts where the whole of it is looked through.
pub fn unmanaged(
    inventory: &Inventory,
    within: &[Scope],
    own: Option<&PrincipalId>,
    is_declared: impl Fn(&Grant) -> bool,
) -> Unmanaged {
    let everywhere = Scope::organization();
    let is_within = |scope: Option<&Scope>| within.iter().any(|outer| outer.covers(scope.unwrap_or(&everywhere)));
    let mut first: Vec<String> = inventory
        .bindings()
        .filter(|binding| own != Some(&binding.principal) && is_within(binding.scope.as_ref()))
        .filter(|binding| binding.grant().is_none_or(|grant| !is_declared(&grant)))
        .map(|binding| {
            let place = binding.scope.as_ref().map_or_else(|| format!("`{}`", binding.crn), Scope::describe);
            let id = &binding.principal;
            let who = inventory.user(id).map_or_else(|| id.to_string(), |user| user.email.to_string());
            format!("{} on {place} for `{who}`", binding.role)
        })
        .collect();
    first.sort_unstable();
    let total = first.len();
    first.truncate(SHOWN);
    Unmanaged { total, first }
}

#[cfg(test)]
mod tests {
    use super::{
        super::tests::{binding, grant, listing},
        *,
    };

    fn told(within: &[Scope], declared: &[Grant]) -> Vec<String> {
        let mut listing = listing();
        let mut strange = binding("u-mary", "Strange", Scope::organization());
        (strange.scope, strange.crn) = (None, "crn://else/where".to_owned());
        listing.bindings.push(strange);
        let (inventory, own) = (Inventory::new(listing), PrincipalId::new("sa-op"));
        unmanaged(&inventory, within, Some(&own), |grant| declared.contains(grant)).first
    }

    #[test]
    fn what_nobody_declares_is_told_by_place() {
        let environment = || Scope::environment("env-1").unwrap();
        let linus = "OrganizationAdmin on the organization for `linus@example.com`";
        let mary = "MetricsViewer on environment env-1 for `mary@example.com`";
        let strange = "Strange on `crn://else/where` for `mary@example.com`";
        let grace = grant("u-grace", "OrganizationAdmin", Scope::organization());
        let metrics = grant("u-mary", "MetricsViewer", environment());
        let everything = [Scope::organization()];
        assert_eq!(told(&everything, std::slice::from_ref(&grace)), [mary, linus, strange]);
        assert_eq!(told(&[environment()], &[]), [mary]);
        assert_eq!(told(&[environment()], &[metrics]), [""; 0]);
        assert_eq!(told(&[], &[]), [""; 0]);
    }

    #[test]
    fn a_long_list_is_cut_and_counted() {
        let mut listing = listing();
        listing.bindings = (10..60).map(|it| binding(&format!("u-{it}"), "Operator", Scope::organization())).collect();
        let told = unmanaged(&Inventory::new(listing), &[Scope::organization()], None, |_| false);
        assert_eq!((told.total, told.first.len()), (50, 20));
        assert_eq!(told.first[19], "Operator on the organization for `u-29`");
    }
}
