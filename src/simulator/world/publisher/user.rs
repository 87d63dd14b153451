//! Users of a publisher: added, changed, removed, come in. PURE.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::{
    noun::{AccountType, Publisher, PublisherPrincipal, PublisherRole, PublisherUser, UserState},
    refusal::PublisherRefusal as No,
};
use crate::{
    access::Email,
    simulator::world::{Actor, Answer, Refusal, World},
};

impl World {
    pub(super) fn create_publisher(
        &mut self,
        id: &str,
        display_name: &str,
        owner: &str,
        at: Timestamp,
    ) -> Result<Answer, Refusal> {
        if id.is_empty() || !id.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-') {
            let sentence = format!("The publisher id '{id}' may hold lower-case letters, digits and dashes");
            return Err(Refusal::Invalid(sentence));
        }
        if self.marketplace.publishers.contains_key(id) {
            return Err(No::Exists(id.to_owned()).into());
        }
        let owner = self.checked(&PublisherPrincipal::User { email: owner.to_owned() })?;
        let user = self.new_user(owner, PublisherRole::Owner, None, UserState::Active, at);
        let publisher = Publisher {
            id: id.to_owned(),
            display_name: display_name.to_owned(),
            created_at: at,
            users: BTreeMap::from([(user.who.key(), user)]),
        };
        self.marketplace.publishers.insert(id.to_owned(), publisher);
        self.record(&Actor::Portal, "CreatePublisher", id, at);
        Ok(Answer::Done)
    }

    pub(super) fn delete_publisher(&mut self, id: &str, at: Timestamp) -> Result<Answer, Refusal> {
        self.marketplace.publishers.remove(id).ok_or_else(|| No::NotFound(id.to_owned()))?;
        self.record(&Actor::Portal, "DeletePublisher", id, at);
        Ok(Answer::Done)
    }

    pub(super) fn add_publisher_user(
        &mut self,
        actor: &Actor,
        publisher: &str,
        who: &PublisherPrincipal,
        role: PublisherRole,
        friendly_name: Option<&str>,
        at: Timestamp,
    ) -> Result<Answer, Refusal> {
        let there = self.publisher_to_manage(actor, publisher)?;
        let (name, exists) = (there.display_name.clone(), there.users.contains_key(&who.key()));
        let who = self.checked(who)?;
        if exists {
            return Err(No::UserExists(who.key()).into());
        }
        let invited = self.account_type(&who) == Some(AccountType::MicrosoftAccount);
        let state = if invited { UserState::Invited } else { UserState::Active };
        let user = self.new_user(who, role, friendly_name, state, at);
        self.keep_user(actor, "AddPublisherUser", publisher, &user, at);
        if let Some(address) = user.who.email().filter(|_| invited) {
            self.send(address, format!("You are invited to {name}"), at);
        }
        Ok(Answer::PublisherUser(user))
    }

    pub(super) fn change_publisher_user(
        &mut self,
        actor: &Actor,
        publisher: &str,
        who: &PublisherPrincipal,
        (role, friendly_name): (PublisherRole, Option<&str>),
        version: Option<&str>,
        at: Timestamp,
    ) -> Result<Answer, Refusal> {
        let there = self.publisher_to_manage(actor, publisher)?;
        let earlier = there.users.get(&who.key()).cloned();
        let who = self.checked(who)?;
        let unchanged = |user: &PublisherUser| version.is_none_or(|version| user.version == version);
        let Some(mut user) = earlier.filter(unchanged) else {
            return Err(No::VersionChanged(who.key()).into());
        };
        if !user.who.is(&who) {
            let sentence =
                "What kind of user it is, and which application, cannot be changed: remove it and add the other";
            return Err(No::InvalidUser(sentence.to_owned()).into());
        }
        if role != PublisherRole::Owner {
            self.guard_last_owner(publisher, &user)?;
        }
        user.role = role;
        user.friendly_name = friendly_name.map(str::to_owned);
        user.version = self.marketplace.identifiers.version();
        user.changed_at = at;
        self.keep_user(actor, "UpdatePublisherUser", publisher, &user, at);
        Ok(Answer::PublisherUser(user))
    }

    pub(super) fn remove_publisher_user(
        &mut self,
        actor: &Actor,
        publisher: &str,
        key: &str,
        version: Option<&str>,
        at: Timestamp,
    ) -> Result<Answer, Refusal> {
        let key = key.to_lowercase();
        let there = self.publisher_to_manage(actor, publisher)?;
        let user = there.users.get(&key).ok_or_else(|| No::UserNotFound(key.clone()))?.clone();
        if version.is_some_and(|version| user.version != version) {
            return Err(No::VersionChanged(key).into());
        }
        self.guard_last_owner(publisher, &user)?;
        if let Some(there) = self.marketplace.publishers.get_mut(publisher) {
            there.users.remove(&key);
        }
        self.record(actor, "RemovePublisherUser", format!("{publisher}/{key}"), at);
        Ok(Answer::PublisherUser(user))
    }

    pub(super) fn accept_publisher_invitation(
        &mut self,
        publisher: &str,
        email: &str,
        at: Timestamp,
    ) -> Result<Answer, Refusal> {
        let there = self.publisher_to_manage(&Actor::Portal, publisher)?;
        let user = there.users.get(&email.to_lowercase()).filter(|user| user.state == UserState::Invited);
        let mut user = user.ok_or_else(|| No::NotInvited(email.to_owned()))?.clone();
        user.state = UserState::Active;
        user.version = self.marketplace.identifiers.version();
        user.changed_at = at;
        self.keep_user(&Actor::Portal, "AcceptPublisherInvitation", publisher, &user, at);
        Ok(Answer::PublisherUser(user))
    }

    /// The publisher, where the actor may change who its users are.
    fn publisher_to_manage<'a>(&'a self, actor: &'a Actor, id: &str) -> Result<&'a Publisher, Refusal> {
        let publisher = self.publishers(actor).publisher(id)?;
        let of_contributors = self.rules.publishers.contributors_may_manage_users;
        match publisher.role_of(actor) {
            Some(PublisherRole::Owner) => Ok(publisher),
            Some(PublisherRole::Contributor) if of_contributors => Ok(publisher),
            Some(PublisherRole::Contributor) => Err(No::ReadOnly(id.to_owned()).into()),
            None => Err(No::NoRole(id.to_owned()).into()),
        }
    }

    /// Refuses what takes the last owner who is there from a publisher.
    fn guard_last_owner(&self, publisher: &str, goes: &PublisherUser) -> Result<(), Refusal> {
        let Some(there) = self.marketplace.publishers.get(publisher) else {
            return Ok(());
        };
        let other = |user: &PublisherUser| user.is_effective_owner() && user.who != goes.who;
        if self.rules.publishers.guard_last_owner && goes.is_effective_owner() && !there.users.values().any(other) {
            return Err(No::LastOwner(publisher.to_owned()).into());
        }
        Ok(())
    }

    /// The same, with ids in lower case, where it is well-formed and of a kind that is supported.
    fn checked(&self, who: &PublisherPrincipal) -> Result<PublisherPrincipal, Refusal> {
        let PublisherPrincipal::ServicePrincipal { application_id, tenant_id, object_id } = who else {
            self.check_address(who.email().unwrap_or_default())?;
            return Ok(who.clone());
        };
        Ok(PublisherPrincipal::ServicePrincipal {
            application_id: uuid("applicationId", application_id)?,
            tenant_id: uuid("tenantId", tenant_id)?,
            object_id: uuid("objectId", object_id)?,
        })
    }

    fn check_address(&self, email: &str) -> Result<(), No> {
        let address = Email::parse(&email.to_lowercase())
            .map_err(|_| No::InvalidEmail(format!("'{email}' is not a valid e-mail address")))?;
        if self.rules.publishers.unsupported_domains.iter().any(|domain| domain == address.domain()) {
            let sentence = format!("'{email}': only Microsoft accounts and organization IDs are supported");
            return Err(No::InvalidEmail(sentence));
        }
        Ok(())
    }

    fn account_type(&self, who: &PublisherPrincipal) -> Option<AccountType> {
        let PublisherPrincipal::User { email } = who else {
            return None;
        };
        let address = Email::from_remote(email);
        let microsoft = self.rules.publishers.microsoft_domains.iter().any(|domain| domain == address.domain());
        Some(if microsoft { AccountType::MicrosoftAccount } else { AccountType::Organization })
    }

    fn new_user(
        &mut self,
        who: PublisherPrincipal,
        role: PublisherRole,
        friendly_name: Option<&str>,
        state: UserState,
        at: Timestamp,
    ) -> PublisherUser {
        PublisherUser {
            role,
            account_type: self.account_type(&who),
            who,
            friendly_name: friendly_name.map(str::to_owned),
            state,
            version: self.marketplace.identifiers.version(),
            added_at: at,
            changed_at: at,
        }
    }

    /// Puts the user there, and writes down how that came about.
    fn keep_user(&mut self, actor: &Actor, method: &str, publisher: &str, user: &PublisherUser, at: Timestamp) {
        let key = user.who.key();
        self.record(actor, method, format!("{publisher}/{key}"), at);
        if let Some(there) = self.marketplace.publishers.get_mut(publisher) {
            there.users.insert(key, user.clone());
        }
    }
}

/// A UUID in lower case.
pub(super) fn uuid(name: &str, text: &str) -> Result<String, No> {
    let dashes = |at: usize| matches!(at, 8 | 13 | 18 | 23);
    let fits = |(at, c): (usize, char)| if dashes(at) { c == '-' } else { c.is_ascii_hexdigit() };
    if text.len() == 36 && text.char_indices().all(fits) {
        Ok(text.to_lowercase())
    } else {
        Err(No::InvalidUser(format!("{name} must be a UUID")))
    }
}
