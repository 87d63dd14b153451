//! The product's guard, as the model asks it.

use roster::{
    access::{
        Catalogue, Email, Listing, PrincipalId, Scope,
        listing::{Binding, User},
    },
    plan::{GuardFacts, Inventory, Protection, Removal, guard},
};

use super::{ALL, People, bits};

/// The guard of an organization with that minimum, in which all are active people.
pub(super) struct Guard {
    inventory: Inventory,
    protection: Protection,
    own: PrincipalId,
}

impl Guard {
    pub(super) fn new(minimum_organization_admins: usize) -> Self {
        let user = |person| User {
            id: id(person),
            email: Email::from_remote(&format!("{person}@example.com")),
            full_name: String::new(),
            auth_type: None,
            created_at: None,
        };
        let users = bits(ALL).map(user).collect();
        let inventory = Inventory::new(Listing { users, ..Listing::default() });
        let protection = Protection { minimum_organization_admins, ..Protection::default() };
        Self { inventory, protection, own: PrincipalId::new("sa-roster") }
    }

    /// Whether it lets go what makes somebody an administrator, where these are.
    pub(super) fn lets_go(&self, person: People, known: People) -> bool {
        let admins: Vec<Binding> = bits(known).map(administers).collect();
        let facts = GuardFacts {
            inventory: &self.inventory,
            catalogue: Catalogue::embedded(),
            admins: &admins,
            own: Some(&self.own),
            protection: &self.protection,
            confirmed: "",
        };
        guard::pass(Removal::Binding(administers(person)), facts).is_ok()
    }
}

fn id(person: People) -> PrincipalId {
    PrincipalId::new(format!("u-{person}"))
}

fn administers(person: People) -> Binding {
    Binding {
        id: format!("rb-{person}"),
        principal: id(person),
        role: "OrganizationAdmin".to_owned(),
        crn: String::new(),
        scope: Some(Scope::organization()),
        created_at: None,
    }
}
