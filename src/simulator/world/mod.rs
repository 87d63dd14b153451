//! An organization of Confluent Cloud, and publishers of a marketplace beside it, as a deterministic machine: a command,
//! an actor and a moment in, the new state and an answer out. PURE.
//!
//! A command that is refused changes nothing. Ids and key secrets follow from the founding's seed, so the same commands
//! give the same world, which is how the journal brings it back.

mod chronicle;
mod command;
mod contents;
mod example;
mod grant;
mod identifier;
mod machine;
mod noun;
mod people;
mod place;
pub mod publisher;
mod refusal;
mod rule;
mod standing;
mod view;

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use jiff::{SignedDuration, Timestamp};

pub use command::{Actor, Answer, Command, Founding};
pub use contents::{Contents, PublisherContents, Standing as InvitationStanding};
pub use example::{OPERATOR, ORGANIZATION, example};
pub use noun::{
    ApiKey, AuditEntry, AuthType, Binding, Cluster, ClusterType, Environment, Invitation, InvitationStatus,
    KeyResource, KeySecret, Membership, Notification, Organization, ServiceAccount, User,
};
pub use publisher::{PublisherCommand, PublisherRefusal, PublisherRules, PublisherView};
pub use refusal::{Kind, Refusal};
pub use rule::{DuplicateGrant, Quotas, Rules};
pub use view::{BindingFilter, InvitationFilter, KeyFilter, Page, Slice, View};

use identifier::Identifiers;

use crate::access::{Email, PrincipalId, catalogue::ORGANIZATION_ADMIN};

/// One organization, and the publishers beside it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct World {
    organization: Organization,
    rules: Rules,
    identifiers: Identifiers,
    ahead: SignedDuration,
    users: BTreeMap<String, User>,
    user_by_email: BTreeMap<Email, String>,
    invitations: BTreeMap<String, Invitation>,
    service_accounts: BTreeMap<String, ServiceAccount>,
    /// Identity pools and group mappings.
    others: BTreeSet<PrincipalId>,
    api_keys: BTreeMap<String, ApiKey>,
    environments: BTreeMap<String, Environment>,
    clusters: BTreeMap<String, Cluster>,
    bindings: BTreeMap<String, Binding>,
    held: BTreeMap<PrincipalId, BTreeSet<grant::Held>>,
    marketplace: publisher::Marketplace,
    audit: VecDeque<AuditEntry>,
    outbox: VecDeque<Notification>,
}

impl World {
    /// A new organization, whose first user is its `OrganizationAdmin`. There is no publisher yet.
    pub fn founded(founding: &Founding) -> Self {
        let mut identifiers = Identifiers::new(founding.seed);
        let id = founding.organization.clone().unwrap_or_else(|| identifiers.uuid());
        let mut world = Self {
            organization: Organization {
                id: id.to_lowercase(),
                display_name: founding.display_name.clone(),
                created_at: founding.at,
            },
            rules: founding.rules.clone(),
            identifiers,
            ahead: SignedDuration::ZERO,
            users: BTreeMap::new(),
            user_by_email: BTreeMap::new(),
            invitations: BTreeMap::new(),
            service_accounts: BTreeMap::new(),
            others: BTreeSet::new(),
            api_keys: BTreeMap::new(),
            environments: BTreeMap::new(),
            clusters: BTreeMap::new(),
            bindings: BTreeMap::new(),
            held: BTreeMap::new(),
            marketplace: publisher::Marketplace::empty(founding.seed),
            audit: VecDeque::new(),
            outbox: VecDeque::new(),
        };
        let founder = world.add_user(&founding.founder, "", None, AuthType::Local, Membership::Member, founding.at);
        let crn = world.crn_of(&crate::access::Scope::organization());
        world.add_binding(PrincipalId::new(&founder.id), ORGANIZATION_ADMIN, crn, founding.at);
        world
    }

    /// Makes one change, or refuses it and changes nothing.
    pub fn apply(&mut self, actor: &Actor, command: &Command, at: Timestamp) -> Result<Answer, Refusal> {
        use Command as C;
        if command.is_for_the_portal() {
            standing::allow(*actor == Actor::Portal)?;
        }
        match command {
            C::SetRules { rules } => {
                self.rules = rules.clone();
                Ok(Answer::Done)
            }
            C::AdvanceClock { seconds } => self.advance(*seconds),
            C::JoinUser { email, full_name, id } => self.join(email, full_name, id.as_deref(), at),
            C::InviteUser { email, auth_type } => self.invite(actor, email, *auth_type, at),
            C::AcceptInvitation { email, full_name } => self.accept(email, full_name, at),
            C::DeleteInvitation { invitation } => self.delete_invitation(actor, invitation, at),
            C::RenameUser { user, full_name } => self.rename_user(actor, user, full_name, at),
            C::ChangeUser { user, email, auth_type } => self.change_user(user, email.as_deref(), *auth_type, at),
            C::ActivateUser { user, active } => self.activate_user(actor, user, *active, at),
            C::DeleteUser { user } => self.delete_user(actor, user, at),
            C::CreateServiceAccount { display_name, description, id } => {
                self.create_service_account(actor, display_name, description, id.as_deref(), at)
            }
            C::UpdateServiceAccount { service_account, display_name, description } => {
                self.update_service_account(actor, service_account, display_name.as_deref(), description.as_deref(), at)
            }
            C::DeleteServiceAccount { service_account } => self.delete_service_account(actor, service_account, at),
            C::CreateApiKey { owner, resource, display_name, description } => {
                self.create_api_key(actor, owner, resource, (display_name, description), at)
            }
            C::DeleteApiKey { key } => self.delete_api_key(actor, key, at),
            C::CreateEnvironment { display_name, id } => {
                self.create_environment(actor, display_name, id.as_deref(), at)
            }
            C::DeleteEnvironment { environment } => self.delete_environment(actor, environment, at),
            C::CreateCluster { environment, display_name, kind, id } => {
                self.create_cluster(actor, environment, display_name, *kind, id.as_deref(), at)
            }
            C::ChangeCluster { cluster, kind } => self.change_cluster(cluster, *kind, at),
            C::DeleteCluster { cluster } => self.delete_cluster(actor, cluster, at),
            C::DeleteKsqlCluster { cluster, name } => self.delete_ksql_cluster(cluster, name, at),
            C::AddPrincipal { principal } => self.add_other(principal, at),
            C::DeletePrincipal { principal } => self.delete_other(principal, at),
            C::Grant { principal, role, crn } => self.grant(actor, principal, role, crn, at),
            C::Revoke { binding } => self.revoke(actor, binding, at),
            C::PlantBinding { principal, role, crn } => Ok(self.plant(principal, role, crn, at)),
            C::Publisher(command) => self.apply_to_publisher(actor, command, at),
            C::PlantApiKey { service_account, id, secret } => self.plant_api_key(service_account, id, secret, at),
        }
    }

    /// How far the world's clock is ahead of the one that the server was given.
    pub fn ahead(&self) -> SignedDuration {
        self.ahead
    }

    /// The rules in force.
    pub fn rules(&self) -> &Rules {
        &self.rules
    }

    /// The organization.
    pub fn organization(&self) -> &Organization {
        &self.organization
    }

    /// What the actor sees at that moment.
    pub fn view<'a>(&'a self, actor: &'a Actor, at: Timestamp) -> View<'a> {
        View::new(self, actor, at)
    }

    fn advance(&mut self, seconds: u32) -> Result<Answer, Refusal> {
        let by = SignedDuration::from_secs(i64::from(seconds));
        let too_far = || Refusal::Invalid("the clock cannot be set that far ahead".to_owned());
        self.ahead = self.ahead.checked_add(by).filter(|ahead| *ahead <= FURTHEST).ok_or_else(too_far)?;
        Ok(Answer::Done)
    }
}

/// How far ahead the clock may be: far enough for every expiry, and never beyond what a timestamp can say.
const FURTHEST: SignedDuration = SignedDuration::from_hours(100 * 366 * 24);
