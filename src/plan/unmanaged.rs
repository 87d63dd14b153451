//! What is held and no object answers for: told, and where the organization's owner wants it, removed. PURE.

use crate::access::{Grant, PrincipalId, Scope, listing::Binding};

use super::{GuardFacts, Inventory, Reason, Removal, budget, drift::who_and_when, guard};

/// Most grants that are named.
const SHOWN: usize = 20;

/// Something that is held and that no object answers for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Undeclared {
    /// As the vendor lists it.
    pub binding: Binding,
    /// In words, such as "Operator on environment env-1 for `mary@example.com`".
    pub words: String,
}

/// Grants that no object answers for, as a status tells them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Unmanaged {
    /// How many.
    pub total: usize,
    /// How many of them are not removed, and why is said beside each; where they are only told, none.
    pub kept: usize,
    /// The first of them in words, in the order of the alphabet, at most 20.
    pub first: Vec<String>,
}

impl Unmanaged {
    /// Tells grants, each with why it is kept where it is.
    pub fn told(all: Vec<(Undeclared, Option<String>)>) -> Self {
        let (total, kept) = (all.len(), all.iter().filter(|(_, why)| why.is_some()).count());
        let one = |(it, why): (Undeclared, Option<String>)| match why {
            Some(why) => format!("{} (kept: {why})", it.words),
            None => it.words,
        };
        Self { total, kept, first: all.into_iter().take(SHOWN).map(one).collect() }
    }
}

/// What is held within those places by anybody but the operator itself, where no object answers for it, in the order of the
/// alphabet. A binding of a form that cannot be read is somewhere in the organization, and so counts where the whole of it is
/// looked through.
pub fn undeclared(
    inventory: &Inventory,
    within: &[Scope],
    own: Option<&PrincipalId>,
    is_declared: impl Fn(&Grant) -> bool,
) -> Vec<Undeclared> {
    let everywhere = Scope::organization();
    let is_within = |scope: Option<&Scope>| within.iter().any(|outer| outer.covers(scope.unwrap_or(&everywhere)));
    let mut all: Vec<Undeclared> = inventory
        .bindings()
        .filter(|binding| own != Some(&binding.principal) && is_within(binding.scope.as_ref()))
        .filter(|binding| binding.grant().is_none_or(|grant| !is_declared(&grant)))
        .map(|binding| {
            let place = binding.scope.as_ref().map_or_else(|| format!("`{}`", binding.crn), Scope::describe);
            let id = &binding.principal;
            let who = inventory.emails_of(id).next().map_or_else(|| id.to_string(), ToString::to_string);
            let told = inventory.audited(&[&binding.id]).map(|record| who_and_when(record, inventory));
            let by = told.map(|(who, at)| format!(", by `{who}` at {at:.0}")).unwrap_or_default();
            Undeclared { binding: binding.clone(), words: format!("{} on {place} for `{who}`{by}", binding.role) }
        })
        .collect();
    all.sort_unstable_by(|one, other| (&one.words, &one.binding.id).cmp(&(&other.words, &other.binding.id)));
    all
}

/// Why a grant is never removed because nobody declares it, as the picture shows it; `None` where nothing is against it. What
/// is not known for certain is kept.
pub fn untouchable(binding: &Binding, facts: GuardFacts<'_>) -> Option<String> {
    let role = &binding.role;
    if facts.own.is_none() {
        return Some("it is not known whom the operator itself acts as".to_owned());
    }
    if binding.scope.is_none() {
        return Some("its place has a form that Roster cannot read".to_owned());
    }
    if facts.catalogue.role(role).is_none() {
        return Some("the catalogue does not know the role".to_owned());
    }
    if binding.principal.kind().is_none() {
        return Some("its holder is of a kind that Roster does not know".to_owned());
    }
    if facts.protection.confirm_administrative && facts.catalogue.is_administrative(role) {
        return Some(format!("{}: remove it by hand, or declare it", Reason::ConfirmationRequired));
    }
    let removal = Removal::Binding(binding.clone());
    guard::pass(removal, facts).err().map(|held| held.reason.to_string())
}

/// Names a grant for good, in a word.
pub fn mark_of(grant: &Grant) -> String {
    budget::mark(&format!("{} {} {}", grant.principal, grant.role, grant.scope))
}

/// What a principal is called, by any of the names that an object may use; `None` where it is not known, and then any name may
/// mean it.
pub fn names_of(principal: &PrincipalId, inventory: &Inventory) -> Option<Vec<String>> {
    let mut names: Vec<String> = inventory.emails_of(principal).map(ToString::to_string).collect();
    names.extend(inventory.service_account(principal).map(|account| account.display_name.clone()));
    (!names.is_empty()).then_some(names)
}

#[cfg(test)]
mod tests {
    use super::{
        super::tests::{binding, grant, invitation, listing},
        *,
    };
    use crate::access::listing::InvitationStatus;

    fn told(within: &[Scope], declared: &[Grant]) -> Vec<String> {
        let mut listing = listing();
        let mut strange = binding("u-mary", "Strange", Scope::organization());
        (strange.scope, strange.crn) = (None, "crn://else/where".to_owned());
        listing.bindings.push(strange);
        listing.invitations.push(invitation("u-new", "new@example.com", InvitationStatus::Pending));
        listing.bindings.push(binding("u-new", "Operator", Scope::cluster("env-2", "lkc-2").unwrap()));
        let (inventory, own) = (Inventory::new(listing), PrincipalId::new("sa-op"));
        let all = undeclared(&inventory, within, Some(&own), |grant| declared.contains(grant));
        Unmanaged::told(all.into_iter().map(|it| (it, None)).collect()).first
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
        let new = "Operator on cluster lkc-2 in env-2 for `new@example.com`";
        assert_eq!(told(&everything, std::slice::from_ref(&grace)), [mary, new, linus, strange]);
        assert_eq!(told(&[environment()], &[]), [mary]);
        assert_eq!(told(&[environment()], &[metrics]), [""; 0]);
        assert_eq!(told(&[], &[]), [""; 0]);
    }

    #[test]
    fn a_long_list_is_cut_and_counted() {
        let mut listing = listing();
        listing.bindings = (10..60).map(|it| binding(&format!("u-{it}"), "Operator", Scope::organization())).collect();
        let all = undeclared(&Inventory::new(listing), &[Scope::organization()], None, |_| false);
        let kept = |it: Undeclared| (it, Some("so".to_owned()));
        assert!(Unmanaged::told(all.iter().cloned().map(kept).collect()).first[0].ends_with(" (kept: so)"));
        let told = Unmanaged::told(all.into_iter().map(|it| (it, None)).collect());
        assert_eq!((told.total, told.kept, told.first.len()), (50, 0, 20));
        assert_eq!(told.first[19], "Operator on the organization for `u-29`");
    }

    #[test]
    fn what_is_not_known_for_certain_is_never_removed() {
        let (inventory, own) = (Inventory::new(listing()), PrincipalId::new("sa-op"));
        let admins: Vec<Binding> =
            inventory.bindings().filter(|it| Inventory::is_organization_admin(it)).cloned().collect();
        let catalogue = crate::access::Catalogue::embedded();
        let strict = crate::plan::Protection { confirm_administrative: true, ..crate::plan::Protection::default() };
        let lenient = crate::plan::Protection::default();
        let why = |binding: &Binding, own: Option<&PrincipalId>, protection| {
            let facts =
                GuardFacts { inventory: &inventory, catalogue, admins: &admins, own, protection, confirmed: "" };
            untouchable(binding, facts).unwrap_or_default()
        };
        let operator = binding("u-mary", "Operator", Scope::organization());
        let admin = binding("u-mary", "EnvironmentAdmin", Scope::environment("env-1").unwrap());
        let own = Some(&own);
        assert_eq!(why(&operator, own, &lenient), "");
        assert_eq!(why(&admin, own, &lenient), "");
        assert!(why(&admin, own, &strict).starts_with("ConfirmationRequired"));
        assert!(why(&operator, None, &lenient).contains("whom the operator itself acts as"));
        let unread = Binding { scope: None, ..operator.clone() };
        assert!(why(&unread, own, &lenient).contains("cannot read"));
        assert!(why(&binding("u-mary", "Strange", Scope::organization()), own, &lenient).contains("catalogue"));
        assert!(why(&binding("x-1", "Operator", Scope::organization()), own, &lenient).contains("kind"));
        let own_role = binding("sa-op", "OrganizationAdmin", Scope::organization());
        assert_eq!(why(&own_role, own, &lenient), "OwnOrganizationAdmin");
    }
}
