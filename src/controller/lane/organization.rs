//! An organization as a lane sees it.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use jiff::Timestamp;

use crate::{
    access::{
        Catalogue, Grant, Listing, PrincipalId,
        listing::{Binding, Identity, User},
    },
    backend::{AccessBackend, BackendError, ErrorKind, Purpose},
    plan::{
        GuardFacts, Guarded, Held, Inventory, Permit, Protection, Reason, Removal, Step, Written,
        binding::survivors,
        guard::{self, effective_admins, enough},
        person::Person,
        unmanaged::{mark_of, names_of},
    },
};

use super::{
    super::key::Kind,
    listing::{hash, sum},
    realm::{Again, Concerned, GuardBy, Realm},
    sweep::Claim,
};

/// One organization of Confluent Cloud, and who we are there.
pub(crate) struct Organization {
    pub(crate) identity: Identity,
    pub(crate) backend: Arc<dyn AccessBackend>,
    pub(crate) catalogue: Arc<Catalogue>,
}

impl Realm for Organization {
    type Listing = Listing;
    type Picture = Inventory;
    type Step = Step;
    type Removal = Removal;
    type Written = Written;
    type Granted = Grant;
    type Protection = Protection;
    /// The bindings of `OrganizationAdmin` at the organization.
    type Around = Vec<Binding>;

    const KIND: Kind = Kind::Organization;
    const NOUN: &'static str = "organization";
    const SHORT: &'static str = "corg";
    const NOT_FOUND: Reason = Reason::OrganizationNotFound;
    const NOT_READY: Reason = Reason::OrganizationNotReady;
    const MEND_CREDENTIAL: &'static str = "put a valid Cloud API key (not a cluster's) into the organization's Secret";
    const MEND_LISTING: &'static str =
        "the operator's identity may not read it all; grant it OrganizationAdmin, and it goes on by itself";
    const CONTENTS: &'static str = "people and bindings";

    fn fingerprint(listing: &Listing) -> u64 {
        let Listing { users, invitations, service_accounts, bindings, environments, clusters, api_keys, audit: _ } =
            listing;
        let keys = api_keys.as_deref().unwrap_or_default();
        let users = users.iter().map(|user| User { created_at: None, ..user.clone() });
        hash([
            sum(users),
            sum(invitations),
            sum(service_accounts),
            sum(bindings),
            sum(environments),
            sum(clusters),
            sum(keys),
            u64::from(api_keys.is_some()),
        ])
    }

    /// Somebody administers every organization, so that without people there is nothing in it that can be believed.
    fn size(listing: &Listing) -> usize {
        if listing.users.is_empty() {
            return 0;
        }
        listing.users.len() + listing.bindings.len()
    }

    fn picture(listing: Listing) -> Inventory {
        Inventory::new(listing)
    }

    fn parts(picture: &Inventory) -> Vec<(&'static str, usize)> {
        let counts = picture.counts();
        vec![("people", counts.users), ("bindings", counts.bindings), ("service accounts", counts.service_accounts)]
    }

    fn is_headless(picture: &Inventory) -> bool {
        !picture.bindings().any(Inventory::is_organization_admin)
    }

    fn parts_told(counts: &HashMap<String, u32>) -> Vec<(&'static str, usize)> {
        let told = |name: &str| counts.get(name).map_or(0, |count| *count as usize);
        let parts = [("people", "users"), ("bindings", "bindings"), ("service accounts", "serviceAccounts")];
        parts.map(|(part, name)| (part, told(name))).into()
    }

    fn apply(picture: &mut Inventory, written: &Written) {
        picture.apply(written);
    }

    fn shows(picture: &Inventory, written: &Written) -> bool {
        picture.shows(written)
    }

    /// An invitation that lapsed is there too, and made is only one that waits or was accepted.
    fn is_made(picture: &Inventory, step: &Step, now: Timestamp) -> bool {
        match step {
            Step::Grant(grant) => picture.find(grant).is_some(),
            Step::Invite { email, .. } => match picture.person(email, now) {
                Person::Invited(_) | Person::Active(_) => true,
                Person::Absent | Person::Expired(_) => false,
            },
            Step::Rename { .. } | Step::Remove(_) => false,
        }
    }

    fn removal(step: &Step) -> Option<&Removal> {
        match step {
            Step::Remove(removal) => Some(removal),
            Step::Invite { .. } | Step::Rename { .. } | Step::Grant(_) => None,
        }
    }

    fn claim(removal: &Removal, picture: &Inventory) -> Option<Claim> {
        match removal {
            Removal::Binding(binding) => {
                let grant = binding.grant()?;
                Some(Claim { names: names_of(&grant.principal, picture), grant })
            }
            Removal::Account { .. } | Removal::Invitation { .. } => None,
        }
    }

    fn marks(picture: &Inventory) -> HashSet<String> {
        picture.bindings().filter_map(Binding::grant).map(|grant| mark_of(&grant)).collect()
    }

    /// An account goes with its bindings and keys, whatever they are.
    fn takes_more_along(removal: &Removal) -> bool {
        match removal {
            Removal::Account { .. } | Removal::Invitation { .. } => true,
            Removal::Binding(_) => false,
        }
    }

    fn along(removal: &Removal, picture: &Inventory) -> u64 {
        let Some(user) = account(removal) else { return 0 };
        let keys = picture.api_keys_of(user).unwrap_or_default();
        hash([sum(picture.bindings_of(user).map(|it| &it.id)), sum(keys.into_iter().map(|it| &it.id))])
    }

    fn canonical(removal: &Removal) -> String {
        match removal {
            Removal::Binding(it) => format!("{} {} {} {}", it.id, it.principal, it.role, it.crn),
            Removal::Account { user, email } => format!("account {user} {email}"),
            Removal::Invitation { id, email, .. } => format!("invitation {id} {email}"),
        }
    }

    /// An account counts for every binding that falls with it.
    fn weight(removal: &Removal, picture: &Inventory) -> u32 {
        let bindings = match removal {
            Removal::Binding(_) => 1,
            Removal::Account { user, .. } => picture.bindings_of(user).count(),
            Removal::Invitation { user, .. } => user.as_ref().map_or(0, |user| picture.bindings_of(user).count()),
        };
        u32::try_from(bindings.max(1)).unwrap_or(u32::MAX)
    }

    fn told(step: &Step) -> (&'static str, String) {
        (step.event(), step.done())
    }

    fn forbidden(step: &Step) -> (Reason, &'static str) {
        // An account is named by its address or its id alone, so nothing but the right can be missing.
        let about_an_account = match step {
            Step::Invite { .. } | Step::Rename { .. } => true,
            Step::Remove(removal) => Self::takes_more_along(removal),
            Step::Grant(_) => false,
        };
        if about_an_account {
            let words = "the operator's identity may not: grant it AccountAdmin or OrganizationAdmin, or do it by hand \
                         in the portal";
            return (Reason::MissingAccountAdmin, words);
        }
        let words = "the vendor answers 403, which it gives alike for a missing right of the operator's identity and for \
                     a principal or place that does not exist";
        (Reason::BackendRefused, words)
    }

    fn granted(step: &Step) -> Option<Grant> {
        let Step::Grant(grant) = step else { return None };
        Some(grant.clone())
    }

    fn is_ended(granted: &Grant, written: &Written) -> bool {
        let Written::Removed(Removal::Binding(binding)) = written else { return false };
        binding.grant().as_ref() == Some(granted)
    }

    fn concerns(written: &Written) -> Concerned {
        match written {
            Written::Granted(binding) | Written::Removed(Removal::Binding(binding)) => Concerned {
                principal: Some(binding.principal.clone()),
                administrators: Inventory::is_organization_admin(binding),
            },
            Written::Removed(Removal::Account { .. }) => Concerned { principal: None, administrators: true },
            Written::Invited(_) | Written::Renamed { .. } | Written::Removed(Removal::Invitation { .. }) => {
                Concerned::default()
            }
        }
    }

    fn is_used_up(&self, purpose: Purpose) -> bool {
        self.backend.is_used_up(purpose)
    }

    async fn list(&self) -> Result<Listing, BackendError> {
        self.backend.list().await
    }

    async fn make(&self, step: &Step) -> Result<Written, BackendError> {
        let backend = &self.backend;
        match step {
            Step::Invite { email, auth_type } => backend.invite(email.clone(), *auth_type).await.map(Written::Invited),
            Step::Rename { user, full_name } => backend
                .rename(user.clone(), full_name.clone())
                .await
                .map(|()| Written::Renamed { user: user.clone(), full_name: full_name.clone() }),
            Step::Grant(grant) => match backend.grant(grant.clone()).await {
                // After doubt, read: an answer that never came may have been a yes.
                Err(error) if error.kind == ErrorKind::Ambiguous => match backend.find(grant.clone()).await {
                    Ok(Some(binding)) => Ok(Written::Granted(binding)),
                    Ok(None) | Err(_) => Err(error),
                },
                other => other.map(Written::Granted),
            },
            Step::Remove(_) => Err(not_an_addition()),
        }
    }

    async fn look_around(&self) -> Result<Vec<Binding>, BackendError> {
        self.backend.organization_admins().await
    }

    async fn look_again(&self, removal: &Removal) -> Result<Again<Removal>, BackendError> {
        let Removal::Binding(binding) = removal else {
            return Ok(Again::There(removal.clone()));
        };
        let Some(grant) = binding.grant() else {
            return Ok(Again::Unreadable(binding.crn.clone()));
        };
        let found = self.backend.find(grant).await?;
        Ok(found.map_or(Again::Gone, |binding| Again::There(Removal::Binding(binding))))
    }

    async fn look_under(&self, removal: &Removal) -> Result<Option<Inventory>, BackendError> {
        let Some(user) = account(removal) else { return Ok(None) };
        self.backend.holdings(user.clone()).await.map(|held| Some(Inventory::new(held)))
    }

    /// The vendor's lists lag, filtered ones too: a grant that was just made and is not shown may be there.
    fn outdates(_: &Removal, _: &Written) -> bool {
        false
    }

    fn pass(
        &self,
        removal: Removal,
        picture: &Inventory,
        around: &Vec<Binding>,
        protection: &Protection,
        confirmed: &str,
    ) -> Result<Guarded, Held> {
        let own = self.identity.principal.as_ref();
        guard::pass(
            removal,
            GuardFacts { inventory: picture, catalogue: &self.catalogue, admins: around, own, protection, confirmed },
        )
    }

    fn ends_administration(removal: &Removal, around: &Vec<Binding>) -> bool {
        whose(removal).is_some_and(|who| around.iter().any(|admin| admin.principal == *who))
    }

    fn would_end_administration(removal: &Removal, picture: &Inventory) -> bool {
        match (whose(removal), removal) {
            (Some(_), Removal::Binding(_)) => true,
            (Some(who), _) => picture.bindings_of(who).any(Inventory::is_organization_admin),
            (None, _) => false,
        }
    }

    /// The list of administrators tells of bindings, also of those whose holder is deactivated or gone since the picture was taken.
    fn remaining(&self, removal: &Removal, by: GuardBy<'_, Self>) -> (Vec<PrincipalId>, usize) {
        let GuardBy { picture, around, protection } = by;
        let own = self.identity.principal.as_ref();
        let (catalogue, confirmed) = (&self.catalogue, "");
        let facts = GuardFacts { inventory: picture, catalogue, admins: around, own, protection, confirmed };
        let mut others = effective_admins(facts);
        if let Some(who) = whose(removal) {
            others.remove(who);
        }
        (others.into_iter().collect(), enough(facts))
    }

    async fn is_there(&self, who: &PrincipalId) -> Result<bool, BackendError> {
        self.backend.is_member(who.clone()).await
    }

    fn leave_out(around: &mut Vec<Binding>, who: &PrincipalId) {
        around.retain(|admin| admin.principal != *who);
    }

    async fn remove(&self, permit: Permit) -> Result<Written, BackendError> {
        let removal = permit.removal().clone();
        self.backend.remove(permit).await.map(|()| Written::Removed(removal))
    }

    fn supposed(removal: &Removal) -> Written {
        Written::Removed(removal.clone())
    }

    fn passed(around: &mut Vec<Binding>, written: &Written) {
        let Written::Removed(removal) = written else { return };
        match removal {
            Removal::Binding(binding) => around.retain(|admin| admin.id != binding.id),
            Removal::Account { user, .. } => around.retain(|admin| admin.principal != *user),
            Removal::Invitation { user, .. } => around.retain(|admin| Some(&admin.principal) != user.as_ref()),
        }
    }

    fn survivors(picture: &Inventory, written: &Written) -> Option<String> {
        match written {
            Written::Removed(Removal::Binding(binding)) => survivors(&binding.principal, picture),
            Written::Removed(Removal::Account { .. } | Removal::Invitation { .. })
            | Written::Granted(_)
            | Written::Invited(_)
            | Written::Renamed { .. } => None,
        }
    }
}

/// Whose administration a removal would end, if they have any.
fn whose(removal: &Removal) -> Option<&PrincipalId> {
    match removal {
        Removal::Binding(binding) => Inventory::is_organization_admin(binding).then_some(&binding.principal),
        Removal::Account { .. } | Removal::Invitation { .. } => account(removal),
    }
}

/// The account that a removal ends, where it has an id.
fn account(removal: &Removal) -> Option<&PrincipalId> {
    match removal {
        Removal::Binding(_) => None,
        Removal::Account { user, .. } => Some(user),
        Removal::Invitation { user, .. } => user.as_ref(),
    }
}

/// Removals take another way; see the lane's task.
pub(super) fn not_an_addition() -> BackendError {
    BackendError::new(ErrorKind::Invalid, "remove", "a removal was put among additions")
}
