//! The inventory: the last complete listing of an organization, plus our own writes that it does not show yet. PURE.
//!
//! It is changed in place, one fact at a time, so that ten thousand writes cost ten thousand look-ups and no copies.

use std::collections::{BTreeSet, HashMap};

use jiff::Timestamp;

use crate::access::{
    Email, Grant, Listing, PrincipalId, Scope, catalogue,
    judge::Place,
    listing::{
        ApiKey, AuditRecord, Binding, Cluster, ClusterKind, Environment, Invitation, InvitationStatus, ServiceAccount,
        User,
    },
};

use super::{Removal, person::Person};

/// Facts about one organization, indexed by what is asked.
#[derive(Clone, Debug, Default)]
pub struct Inventory {
    users: HashMap<PrincipalId, User>,
    users_by_email: HashMap<Email, PrincipalId>,
    invitations: HashMap<String, Invitation>,
    invitations_by_email: HashMap<Email, BTreeSet<String>>,
    service_accounts: HashMap<PrincipalId, ServiceAccount>,
    bindings: HashMap<String, Binding>,
    bindings_by_grant: HashMap<Grant, BTreeSet<String>>,
    bindings_by_principal: HashMap<PrincipalId, BTreeSet<String>>,
    environments: HashMap<String, Environment>,
    clusters: HashMap<(String, String), Cluster>,
    api_keys: Option<Vec<ApiKey>>,
    /// What an audit log tells last of each thing, by its id.
    audit: HashMap<String, AuditRecord>,
}

/// One write of ours, as the inventory sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Written {
    /// A binding was made.
    Granted(Binding),
    /// A person was invited.
    Invited(Invitation),
    /// A member was renamed.
    Renamed {
        /// The member.
        user: PrincipalId,
        /// The name now.
        full_name: String,
    },
    /// Something was removed.
    Removed(Removal),
}

impl Inventory {
    /// Indexes a complete listing.
    pub fn new(listing: Listing) -> Self {
        let mut inventory = Self { api_keys: listing.api_keys, ..Self::default() };
        for record in listing.audit {
            inventory.audit.insert(record.subject.clone(), record);
        }
        for user in listing.users {
            inventory.users_by_email.insert(user.email.clone(), user.id.clone());
            inventory.users.insert(user.id.clone(), user);
        }
        for invitation in listing.invitations {
            inventory.add_invitation(invitation);
        }
        for account in listing.service_accounts {
            inventory.service_accounts.insert(account.id.clone(), account);
        }
        for binding in listing.bindings {
            inventory.add_binding(binding);
        }
        for environment in listing.environments {
            inventory.environments.insert(environment.id.clone(), environment);
        }
        for cluster in listing.clusters {
            inventory.clusters.insert((cluster.environment.clone(), cluster.id.clone()), cluster);
        }
        inventory
    }

    /// Takes one of our own writes in.
    pub fn apply(&mut self, written: &Written) {
        match written {
            Written::Granted(binding) => self.add_binding(binding.clone()),
            Written::Invited(invitation) => self.invited(invitation),
            Written::Renamed { user, full_name } => {
                if let Some(user) = self.users.get_mut(user) {
                    user.full_name.clone_from(full_name);
                }
            }
            Written::Removed(Removal::Binding(binding)) => self.drop_binding(&binding.id),
            Written::Removed(Removal::Account { user, .. }) => self.drop_user(user),
            Written::Removed(Removal::Invitation { id, user, .. }) => {
                if let Some(invitation) = self.invitations.remove(id)
                    && let Some(ids) = self.invitations_by_email.get_mut(&invitation.email)
                {
                    ids.remove(id);
                }
                if let Some(user) = user {
                    self.drop_user(user);
                }
            }
        }
    }

    /// Whether a listing already shows the write, so that the overlay need not repeat it.
    pub fn shows(&self, written: &Written) -> bool {
        match written {
            Written::Granted(binding) => self.bindings.contains_key(&binding.id),
            Written::Invited(invitation) => {
                let accepted = invitation.status == InvitationStatus::Accepted;
                let listed = invitation.user.as_ref().is_none_or(|id| self.users.contains_key(id));
                self.invitations.contains_key(&invitation.id) && (!accepted || listed)
            }
            Written::Renamed { user, full_name } => self.users.get(user).is_none_or(|u| u.full_name == *full_name),
            Written::Removed(Removal::Binding(binding)) => !self.bindings.contains_key(&binding.id),
            Written::Removed(Removal::Account { user, .. }) => {
                !self.users.contains_key(user) && self.bindings_of(user).next().is_none()
            }
            Written::Removed(Removal::Invitation { id, .. }) => !self.invitations.contains_key(id),
        }
    }

    /// Where a person stands, by e-mail, across members and invitations.
    pub fn person(&self, email: &Email, now: Timestamp) -> Person<'_> {
        let invitations =
            || self.invitations_by_email.get(email).into_iter().flatten().filter_map(|id| self.invitations.get(id));
        let is_open = |invitation: &Invitation| {
            invitation.status == InvitationStatus::Pending && invitation.expires_at.is_none_or(|at| at > now)
        };
        if let Some(open) = invitations().filter(|i| is_open(i)).max_by_key(|i| i.created_at) {
            return Person::Invited(open);
        }
        let lapsed =
            invitations().filter(|i| matches!(i.status, InvitationStatus::Expired | InvitationStatus::Pending));
        let lapsed = lapsed.max_by_key(|i| i.created_at);
        // One that was accepted after it is the later word.
        let mut accepted = invitations().filter(|i| i.status == InvitationStatus::Accepted);
        let lapsed = lapsed.filter(|lapsed| !accepted.any(|it| it.created_at >= lapsed.created_at));
        let member = self.users_by_email.get(email).and_then(|id| self.users.get(id));
        match (member, lapsed) {
            // A listed user whom an unaccepted invitation names is not active: the vendor has no state field to say so.
            (Some(user), Some(expired)) if expired.user.as_ref() == Some(&user.id) && self.is_invited(&user.id) => {
                Person::Expired(expired)
            }
            (Some(user), _) => Person::Active(user),
            (None, Some(expired)) => Person::Expired(expired),
            (None, None) => Person::Absent,
        }
    }

    /// How many invitations of any state name that address.
    pub fn invitation_count(&self, email: &Email) -> usize {
        self.invitations_by_email.get(email).map_or(0, BTreeSet::len)
    }

    /// The members, invited or not.
    pub fn users(&self) -> impl Iterator<Item = &User> {
        self.users.values()
    }

    /// A member by id, invited or not.
    pub fn user(&self, id: &PrincipalId) -> Option<&User> {
        self.users.get(id)
    }

    /// Every address that a user is known by, as a member or by an invitation.
    pub fn emails_of<'a>(&'a self, id: &'a PrincipalId) -> impl Iterator<Item = &'a Email> {
        let invited = self.invitations.values().filter(move |it| it.user.as_ref() == Some(id)).map(|it| &it.email);
        self.users.get(id).map(|user| &user.email).into_iter().chain(invited)
    }

    /// Whether an invitation names this user and none that names them was accepted: a lapsed one before the accepted one
    /// says nothing where the vendor takes the user up again.
    pub fn is_invited(&self, id: &PrincipalId) -> bool {
        let mut theirs = self.invitations.values().filter(|i| i.user.as_ref() == Some(id)).peekable();
        theirs.peek().is_some() && theirs.all(|i| i.status != InvitationStatus::Accepted)
    }

    /// A service account by id.
    pub fn service_account(&self, id: &PrincipalId) -> Option<&ServiceAccount> {
        self.service_accounts.get(id)
    }

    /// Service accounts of that name; the vendor promises at most one.
    pub fn service_accounts_named(&self, name: &str) -> Vec<&ServiceAccount> {
        self.service_accounts.values().filter(|account| account.display_name == name).collect()
    }

    /// The binding that stands for a grant; the oldest where the vendor holds several.
    pub fn find(&self, grant: &Grant) -> Option<&Binding> {
        let ids = self.bindings_by_grant.get(grant)?;
        ids.iter().filter_map(|id| self.bindings.get(id)).min_by_key(|binding| binding.created_at)
    }

    /// Everything that a principal holds directly.
    pub fn bindings_of<'a>(&'a self, principal: &PrincipalId) -> impl Iterator<Item = &'a Binding> + use<'a> {
        self.bindings_by_principal.get(principal).into_iter().flatten().filter_map(|id| self.bindings.get(id))
    }

    /// What an audit log tells last of the first of these things that it knows.
    pub fn audited(&self, ids: &[&str]) -> Option<&AuditRecord> {
        ids.iter().find_map(|id| self.audit.get(*id))
    }

    /// Every binding.
    pub fn bindings(&self) -> impl Iterator<Item = &Binding> {
        self.bindings.values()
    }

    /// API keys of a principal; `None` where keys are not visible to us.
    pub fn api_keys_of(&self, principal: &PrincipalId) -> Option<Vec<&ApiKey>> {
        Some(self.api_keys.as_ref()?.iter().filter(|key| key.owner == *principal).collect())
    }

    /// Whether an environment is there.
    pub fn environment(&self, id: &str) -> Place {
        if self.environments.contains_key(id) { Place::Present(ClusterKind::Unknown) } else { Place::Absent }
    }

    /// Whether a cluster is there, and of which kind.
    pub fn cluster(&self, environment: &str, id: &str) -> Place {
        let key = (environment.to_owned(), id.to_owned());
        self.clusters.get(&key).map_or(Place::Absent, |cluster| Place::Present(cluster.kind))
    }

    /// Members, open invitations, service accounts, bindings.
    pub fn counts(&self) -> Counts {
        Counts {
            users: self.users.len(),
            invitations: self.invitations.values().filter(|i| i.status == InvitationStatus::Pending).count(),
            service_accounts: self.service_accounts.len(),
            bindings: self.bindings.len(),
        }
    }

    /// Whether a binding is `OrganizationAdmin` at the organization.
    pub fn is_organization_admin(binding: &Binding) -> bool {
        binding.role == catalogue::ORGANIZATION_ADMIN && binding.scope.as_ref() == Some(&Scope::organization())
    }

    /// An invitation that is accepted as it is made (single sign-on) makes a member at once.
    fn invited(&mut self, invitation: &Invitation) {
        if let Some(id) = invitation.user.as_ref().filter(|_| invitation.status == InvitationStatus::Accepted)
            && !self.users.contains_key(id)
        {
            let user = User {
                id: id.clone(),
                email: invitation.email.clone(),
                full_name: String::new(),
                auth_type: None,
                created_at: invitation.created_at,
            };
            self.users_by_email.insert(user.email.clone(), user.id.clone());
            self.users.insert(id.clone(), user);
        }
        self.add_invitation(invitation.clone());
    }

    fn add_invitation(&mut self, invitation: Invitation) {
        self.invitations_by_email.entry(invitation.email.clone()).or_default().insert(invitation.id.clone());
        self.invitations.insert(invitation.id.clone(), invitation);
    }

    fn add_binding(&mut self, binding: Binding) {
        self.bindings_by_principal.entry(binding.principal.clone()).or_default().insert(binding.id.clone());
        if let Some(grant) = binding.grant() {
            self.bindings_by_grant.entry(grant).or_default().insert(binding.id.clone());
        }
        self.bindings.insert(binding.id.clone(), binding);
    }

    fn drop_binding(&mut self, id: &str) {
        let Some(binding) = self.bindings.remove(id) else {
            return;
        };
        if let Some(ids) = self.bindings_by_principal.get_mut(&binding.principal) {
            ids.remove(id);
        }
        if let Some(grant) = binding.grant()
            && let Some(ids) = self.bindings_by_grant.get_mut(&grant)
        {
            ids.remove(id);
            if ids.is_empty() {
                self.bindings_by_grant.remove(&grant);
            }
        }
    }

    /// A deleted account takes its bindings and API keys along, as the vendor does.
    fn drop_user(&mut self, id: &PrincipalId) {
        if let Some(user) = self.users.remove(id) {
            self.users_by_email.remove(&user.email);
        }
        let held: Vec<String> = self.bindings_by_principal.get(id).into_iter().flatten().cloned().collect();
        for binding in held {
            self.drop_binding(&binding);
        }
        if let Some(keys) = &mut self.api_keys {
            keys.retain(|key| key.owner != *id);
        }
        // An invitation that this account accepted is spent; it must not read as a person who is still there.
        let spent: Vec<String> =
            self.invitations.values().filter(|i| i.user.as_ref() == Some(id)).map(|i| i.id.clone()).collect();
        for invitation in spent {
            if let Some(gone) = self.invitations.remove(&invitation)
                && let Some(ids) = self.invitations_by_email.get_mut(&gone.email)
            {
                ids.remove(&invitation);
            }
        }
    }
}

/// How much there is of each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Members.
    pub users: usize,
    /// Invitations that wait.
    pub invitations: usize,
    /// Service accounts.
    pub service_accounts: usize,
    /// Role bindings.
    pub bindings: usize,
}
