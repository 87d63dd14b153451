//! The guards: rules that may hold a destructive step back, judged at the moment it is made. PURE.
//!
//! Passing them, and only that, gives a [`Guarded`] removal, which the budget's leave makes a permit.

use std::collections::BTreeSet;

use crate::access::{Catalogue, Email, PrincipalId, PrincipalKind, catalogue::ORGANIZATION_ADMIN, listing::Binding};

use super::{Guarded, Inventory, Reason, Removal};

/// What the organization's owner protects.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Protection {
    /// Fewest effective administrators that may remain; at least 1.
    pub minimum_organization_admins: usize,
    /// People whose `OrganizationAdmin` is never removed by us.
    pub required_organization_admins: Vec<Email>,
    /// Administrative grants are removed only where a person confirmed it.
    pub confirm_administrative: bool,
}

impl Default for Protection {
    fn default() -> Self {
        Self { minimum_organization_admins: 1, required_organization_admins: Vec::new(), confirm_administrative: false }
    }
}

/// What a guard looks at.
#[derive(Clone, Copy, Debug)]
pub struct GuardFacts<'a> {
    /// People and invitations.
    pub inventory: &'a Inventory,
    /// The roles.
    pub catalogue: &'a Catalogue,
    /// The bindings of `OrganizationAdmin` at the organization, read for this batch of removals.
    pub admins: &'a [Binding],
    /// Whom the operator acts as; `None` where it cannot tell.
    pub own: Option<&'a PrincipalId>,
    /// The owner's rules.
    pub protection: &'a Protection,
    /// The roles whose removal the object confirms, with commas between them.
    pub confirmed: &'a str,
}

/// A step that a guard holds back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held {
    /// Which guard.
    pub reason: Reason,
    /// The object, the rule and the next step, in words.
    pub message: String,
}

/// Lets one removal pass, or says which guard holds it.
pub fn pass(removal: Removal, facts: GuardFacts<'_>) -> Result<Guarded, Held> {
    if let Some(principal) = loses_administration(&removal, facts) {
        own_identity(&removal, principal, facts)?;
        required_person(principal, facts)?;
        enough_remain(&removal, principal, facts)?;
    }
    confirmed(&removal, facts)?;
    Ok(Guarded::new(removal))
}

/// Whose administrative access the removal would end, if any.
fn loses_administration<'a>(removal: &'a Removal, facts: GuardFacts<'_>) -> Option<&'a PrincipalId> {
    match removal {
        Removal::Binding(binding) => {
            let own = facts.own == Some(&binding.principal) && facts.catalogue.is_administrative(&binding.role);
            (own || Inventory::is_organization_admin(binding)).then_some(&binding.principal)
        }
        Removal::Account { user, .. } => Some(user),
        Removal::Invitation { user, .. } => user.as_ref(),
    }
}

fn own_identity(removal: &Removal, principal: &PrincipalId, facts: GuardFacts<'_>) -> Result<(), Held> {
    if facts.own != Some(principal) {
        return Ok(());
    }
    let what = match removal {
        Removal::Binding(binding) => format!("`{}` of `{principal}`", binding.role),
        Removal::Account { .. } | Removal::Invitation { .. } => format!("the account `{principal}`"),
    };
    Err(Held {
        reason: Reason::OwnOrganizationAdmin,
        message: format!(
            "{what} is what the operator itself acts with, and nobody can remove their own: another OrganizationAdmin \
             must remove it"
        ),
    })
}

fn required_person(principal: &PrincipalId, facts: GuardFacts<'_>) -> Result<(), Held> {
    let Some(user) = facts.inventory.user(principal) else {
        return Ok(());
    };
    if !facts.protection.required_organization_admins.contains(&user.email) {
        return Ok(());
    }
    Err(Held {
        reason: Reason::RequiredOrganizationAdmin,
        message: format!(
            "`{}` is in the organization's `protection.requiredOrganizationAdmins`: take the address out there first",
            user.email
        ),
    })
}

fn enough_remain(removal: &Removal, principal: &PrincipalId, facts: GuardFacts<'_>) -> Result<(), Held> {
    let effective = effective_admins(facts);
    // A list that was read just now may not show yet what was read for itself, or listed before.
    let holds = matches!(removal, Removal::Binding(_))
        || facts.admins.iter().any(|binding| binding.principal == *principal)
        || facts.inventory.bindings_of(principal).any(Inventory::is_organization_admin);
    if !holds && !facts.admins.is_empty() {
        return Ok(());
    }
    if facts.admins.is_empty() {
        // Every organization has an administrator, so an empty answer means that we may not see them.
        return Err(Held {
            reason: Reason::LastOrganizationAdmin,
            message:
                "the operator's identity cannot see who is OrganizationAdmin, so it cannot tell whether this is the \
                      last one: grant it OrganizationAdmin, or remove it by hand"
                    .to_owned(),
        });
    }
    // Who is not known to be active may have accepted since the listing; an invitation that was accepted is not withdrawn, as
    // the vendor refuses that.
    let may_count = match removal {
        // An id that is of no known kind may be a person's all the same.
        Removal::Binding(_) | Removal::Account { .. } => {
            principal.kind().is_none_or(|kind| kind == PrincipalKind::User)
        }
        Removal::Invitation { .. } => effective.contains(principal),
    };
    if !may_count {
        return Ok(());
    }
    let others = effective.iter().filter(|id| *id != principal).count();
    if others >= enough(facts) {
        return Ok(());
    }
    let (minimum, remaining) = (minimum(facts), others.saturating_sub(doubt(facts)));
    let name = facts.inventory.user(principal).map_or_else(|| principal.to_string(), |user| user.email.to_string());
    Err(Held {
        reason: Reason::LastOrganizationAdmin,
        message: format!(
            "without {ORGANIZATION_ADMIN} for `{name}` the organization would have {remaining} effective \
             administrators, and its minimum is {minimum}: make another active person {ORGANIZATION_ADMIN} first"
        ),
    })
}

fn minimum(facts: GuardFacts<'_>) -> usize {
    facts.protection.minimum_organization_admins.max(1)
}

/// Where we do not know whom we act as, one of those who count may be us, and our own identity does not.
fn doubt(facts: GuardFacts<'_>) -> usize {
    usize::from(facts.own.is_none())
}

/// How many effective administrators besides it have to be there for one to go.
pub fn enough(facts: GuardFacts<'_>) -> usize {
    minimum(facts) + doubt(facts)
}

/// Whether a person confirmed that each administrative role that would end is to end.
fn confirmed(removal: &Removal, facts: GuardFacts<'_>) -> Result<(), Held> {
    if !facts.protection.confirm_administrative {
        return Ok(());
    }
    let (held, who): (Vec<&Binding>, String) = match removal {
        Removal::Binding(binding) => (vec![binding], binding.principal.to_string()),
        Removal::Account { user, email } => (all_of(user, facts), email.to_string()),
        Removal::Invitation { user, email, .. } => {
            (user.iter().flat_map(|user| all_of(user, facts)).collect(), email.to_string())
        }
    };
    let ending = held.into_iter().map(|binding| binding.role.as_str());
    let ending: BTreeSet<&str> = ending.filter(|role| facts.catalogue.is_administrative(role)).collect();
    let confirmed: BTreeSet<&str> = facts.confirmed.split(',').map(str::trim).collect();
    if ending.is_subset(&confirmed) {
        return Ok(());
    }
    let roles = ending.into_iter().collect::<Vec<_>>().join(",");
    Err(Held {
        reason: Reason::ConfirmationRequired,
        message: format!(
            "`{roles}` of `{who}` is administrative, and the organization's `protection.confirmRemoval` wants its removal \
             confirmed: annotate this object with `access.roster.dev/confirm-removal={roles}`, and it goes on by itself"
        ),
    })
}

/// What a principal holds: by the listing, and by the administrators as they were read for this removal.
fn all_of<'a>(principal: &PrincipalId, facts: GuardFacts<'a>) -> Vec<&'a Binding> {
    let admins = facts.admins.iter().filter(|admin| admin.principal == *principal);
    facts.inventory.bindings_of(principal).chain(admins).collect()
}

/// Active people with a direct binding; not invited ones, not service accounts, not the operator itself.
pub fn effective_admins(facts: GuardFacts<'_>) -> BTreeSet<PrincipalId> {
    facts
        .admins
        .iter()
        .filter(|binding| Inventory::is_organization_admin(binding))
        .map(|binding| &binding.principal)
        .filter(|id| facts.own != Some(*id))
        .filter(|id| facts.inventory.user(id).is_some() && !facts.inventory.is_invited(id))
        .cloned()
        .collect()
}
