//! People: invited, accepted, renamed, deleted. PURE.

use jiff::{SignedDuration, Timestamp};

use super::{
    Actor, Answer, AuthType, Invitation, InvitationStatus, Kind, Membership, Refusal, User, World, standing::allow,
};
use crate::access::{Email, PrincipalId, catalogue::AccountOperation};

/// How long an invitation waits.
const INVITATION: SignedDuration = SignedDuration::from_hours(7 * 24);

impl World {
    pub(super) fn join(
        &mut self,
        email: &str,
        full_name: &str,
        id: Option<&str>,
        at: Timestamp,
    ) -> Result<Answer, Refusal> {
        let address = parse(email)?;
        self.refuse_known(&address, at)?;
        self.refuse_taken_id(id)?;
        let auth_type = if self.signs_in_at_once(&address) { AuthType::Sso } else { AuthType::Local };
        let user = self.add_user(email, full_name, id, auth_type, Membership::Member, at);
        self.record(&Actor::Portal, "CreateUser", user.id.clone(), at);
        Ok(Answer::User(user))
    }

    pub(super) fn invite(
        &mut self,
        actor: &Actor,
        email: &str,
        auth_type: Option<AuthType>,
        at: Timestamp,
    ) -> Result<Answer, Refusal> {
        let standing = self.standing(actor);
        allow(standing.may_operate(AccountOperation::InviteUser))?;
        let address = parse(email)?;
        let has_sso = !self.rules.sso_domains.is_empty();
        let auth_type = auth_type.unwrap_or(if has_sso { AuthType::Sso } else { AuthType::Local });
        match (auth_type, has_sso) {
            (AuthType::Local, true) => allow(standing.administers())?,
            (AuthType::Sso, false) => {
                return Err(Refusal::Invalid("Single sign-on is not enabled for the organization".to_owned()));
            }
            (AuthType::Sso, true) | (AuthType::Local, false) => {}
        }
        self.refuse_known(&address, at)?;
        let open = self.invitations.values().filter(|it| it.status(at) == InvitationStatus::Sent).count();
        if open >= self.rules.quotas.pending_invitations {
            return Err(Refusal::QuotaExceeded("invitations_per_org"));
        }
        let earlier = self.user_by_email.get(&address).filter(|_| self.rules.reinvite_reuses_user).cloned();
        if earlier.is_none() && self.users.len() >= self.rules.quotas.users {
            return Err(Refusal::QuotaExceeded("users_per_org"));
        }
        let user = match earlier {
            Some(id) => id,
            None => self.add_user(email, "", None, auth_type, Membership::Invited, at).id,
        };
        let invitation = self.add_invitation(actor, email, auth_type, user, at);
        self.record(actor, "CreateInvitation", invitation.id.clone(), at);
        self.send(email, format!("You are invited to {}", self.organization.display_name), at);
        if auth_type == AuthType::Sso && self.signs_in_at_once(&address) {
            return self.come_in(&invitation.id, "", at);
        }
        Ok(Answer::Invitation(invitation))
    }

    pub(super) fn accept(&mut self, email: &str, full_name: &str, at: Timestamp) -> Result<Answer, Refusal> {
        let address = Email::from_remote(email);
        let theirs = self.invitations.values().filter(|it| Email::from_remote(&it.email) == address);
        let known: Vec<(&String, InvitationStatus)> = theirs.map(|it| (&it.id, it.status(at))).collect();
        let open = known.iter().find(|(_, status)| *status == InvitationStatus::Sent).map(|(id, _)| (*id).clone());
        match open {
            Some(id) => self.come_in(&id, full_name, at),
            None if known.is_empty() => Err(Refusal::NotFound(Kind::Invitation)),
            None => Err(Refusal::InvitationClosed),
        }
    }

    pub(super) fn delete_invitation(&mut self, actor: &Actor, id: &str, at: Timestamp) -> Result<Answer, Refusal> {
        allow(self.standing(actor).may_operate(AccountOperation::DeleteUser))?;
        let invitation = self.invitations.get(id).ok_or(Refusal::NotFound(Kind::Invitation))?;
        if invitation.status(at) == InvitationStatus::Accepted {
            return Err(Refusal::InvitationAccepted);
        }
        let user = invitation.user.clone();
        self.invitations.remove(id);
        self.record(actor, "DeleteInvitation", id, at);
        let invited = self.users.get(&user).is_some_and(|user| user.membership == Membership::Invited);
        let other = self.invitations.values().any(|it| it.user == user && it.status(at) == InvitationStatus::Sent);
        if invited && !other {
            self.remove_user(actor, &user, at);
        }
        Ok(Answer::Done)
    }

    pub(super) fn rename_user(
        &mut self,
        actor: &Actor,
        id: &str,
        full_name: &str,
        at: Timestamp,
    ) -> Result<Answer, Refusal> {
        let standing = self.standing(actor);
        let own = standing.is(&PrincipalId::new(id));
        allow(own || standing.may_operate(AccountOperation::AlterUser))?;
        if full_name.chars().count() > 255 {
            return Err(Refusal::Invalid("full_name has at most 255 characters".to_owned()));
        }
        let user = self.users.get_mut(id).filter(|user| user.membership == Membership::Member);
        let user = user.ok_or(Refusal::NotFound(Kind::User))?;
        full_name.clone_into(&mut user.full_name);
        user.updated_at = at;
        let user = user.clone();
        self.record(actor, "UpdateUser", id, at);
        Ok(Answer::User(user))
    }

    pub(super) fn change_user(
        &mut self,
        id: &str,
        email: Option<&str>,
        auth_type: Option<AuthType>,
        at: Timestamp,
    ) -> Result<Answer, Refusal> {
        let address = email.map(parse).transpose()?;
        if let Some(address) = &address {
            self.refuse_known(address, at)?;
        }
        // Who has not come in yet is known by the invitation alone.
        let user = self.users.get_mut(id).filter(|user| user.membership == Membership::Member);
        let user = user.ok_or(Refusal::NotFound(Kind::User))?;
        user.auth_type = auth_type.unwrap_or(user.auth_type);
        user.updated_at = at;
        if let (Some(address), Some(email)) = (address, email) {
            let former = Email::from_remote(&std::mem::replace(&mut user.email, email.to_owned()));
            if self.user_by_email.get(&former).is_some_and(|known| known == id) {
                self.user_by_email.remove(&former);
            }
            self.user_by_email.insert(address, id.to_owned());
        }
        let user = self.users[id].clone();
        self.record(&Actor::Portal, "UpdateUser", id, at);
        Ok(Answer::User(user))
    }

    pub(super) fn activate_user(
        &mut self,
        actor: &Actor,
        id: &str,
        active: bool,
        at: Timestamp,
    ) -> Result<Answer, Refusal> {
        let (from, to) = (Membership::Deactivated, Membership::Member);
        let (from, to) = if active { (from, to) } else { (to, from) };
        let user = self.users.get(id).filter(|user| user.membership == from);
        let (principal, address) = match user {
            Some(user) => (PrincipalId::new(&user.id), Email::from_remote(&user.email)),
            None => return Err(Refusal::NotFound(Kind::User)),
        };
        if active {
            self.refuse_known(&address, at)?;
            self.user_by_email.insert(address, id.to_owned());
        } else {
            self.guard_administrators(actor, |binding| binding.principal == principal)?;
        }
        let user = self.users.get_mut(id).ok_or(Refusal::NotFound(Kind::User))?;
        (user.membership, user.updated_at) = (to, at);
        let user = user.clone();
        self.record(actor, if active { "ActivateUser" } else { "DeactivateUser" }, id, at);
        Ok(Answer::User(user))
    }

    pub(super) fn delete_user(&mut self, actor: &Actor, id: &str, at: Timestamp) -> Result<Answer, Refusal> {
        allow(self.standing(actor).may_operate(AccountOperation::DeleteUser))?;
        let user = self.users.get(id).filter(|user| user.membership == Membership::Member);
        let principal = PrincipalId::new(&user.ok_or(Refusal::NotFound(Kind::User))?.id);
        self.guard_administrators(actor, |binding| binding.principal == principal)?;
        self.remove_user(actor, id, at);
        self.record(actor, "DeleteUser", id, at);
        Ok(Answer::Done)
    }

    pub(super) fn add_user(
        &mut self,
        email: &str,
        full_name: &str,
        id: Option<&str>,
        auth_type: AuthType,
        membership: Membership,
        at: Timestamp,
    ) -> User {
        let users = &self.users;
        let drawn = || self.identifiers.lower("u-", |id| users.contains_key(id));
        let user = User {
            id: id.map_or_else(drawn, str::to_owned),
            email: email.to_owned(),
            full_name: full_name.to_owned(),
            auth_type,
            membership,
            created_at: at,
            updated_at: at,
        };
        self.user_by_email.insert(Email::from_remote(email), user.id.clone());
        self.users.insert(user.id.clone(), user.clone());
        user
    }

    fn add_invitation(
        &mut self,
        actor: &Actor,
        email: &str,
        auth_type: AuthType,
        user: String,
        at: Timestamp,
    ) -> Invitation {
        let invitations = &self.invitations;
        let invitation = Invitation {
            id: self.identifiers.lower("i-", |id| invitations.contains_key(id)),
            email: email.to_owned(),
            auth_type,
            user,
            creator: match actor {
                Actor::Portal | Actor::Application(_) => None,
                Actor::Principal(id) => Some(id.clone()),
            },
            created_at: at,
            expires_at: at.checked_add(INVITATION).unwrap_or(Timestamp::MAX),
            accepted_at: None,
            deactivated: false,
        };
        self.invitations.insert(invitation.id.clone(), invitation.clone());
        invitation
    }

    /// The person of an open invitation becomes a member.
    fn come_in(&mut self, invitation: &str, full_name: &str, at: Timestamp) -> Result<Answer, Refusal> {
        let invitation = self.invitations.get_mut(invitation).ok_or(Refusal::NotFound(Kind::Invitation))?;
        let user = self.users.get_mut(&invitation.user).ok_or(Refusal::NotFound(Kind::User))?;
        invitation.accepted_at = Some(at);
        user.membership = Membership::Member;
        user.auth_type = invitation.auth_type;
        user.updated_at = at;
        if !full_name.is_empty() {
            full_name.clone_into(&mut user.full_name);
        }
        let (invitation, id) = (invitation.clone(), user.id.clone());
        self.record(&Actor::Principal(PrincipalId::new(id)), "AcceptInvitation", invitation.id.clone(), at);
        Ok(Answer::Invitation(invitation))
    }

    fn remove_user(&mut self, actor: &Actor, id: &str, at: Timestamp) {
        if let Some(user) = self.users.remove(id) {
            let address = Email::from_remote(&user.email);
            if self.user_by_email.get(&address).is_some_and(|known| known == id) {
                self.user_by_email.remove(&address);
            }
        }
        for invitation in self.invitations.values_mut().filter(|it| it.user == id) {
            invitation.deactivated = true;
        }
        self.remove_principal(actor, &PrincipalId::new(id), at);
    }

    /// Refuses an address that a member has, or an invitation that waits.
    fn refuse_known(&self, address: &Email, at: Timestamp) -> Result<(), Refusal> {
        let Some(user) = self.user_by_email.get(address).and_then(|id| self.users.get(id)) else {
            return Ok(());
        };
        if user.membership == Membership::Member {
            return Err(Refusal::AlreadyMember);
        }
        let waits = self.invitations.values().any(|it| it.user == user.id && it.status(at) == InvitationStatus::Sent);
        if waits { Err(Refusal::AlreadyInvited) } else { Ok(()) }
    }

    fn signs_in_at_once(&self, address: &Email) -> bool {
        self.rules.sso_domains.iter().any(|domain| domain == address.domain())
    }
}

fn parse(email: &str) -> Result<Email, Refusal> {
    let folded = Email::from_remote(email);
    Email::parse(folded.as_str()).map_err(|_| Refusal::Invalid("email must be a valid e-mail address".to_owned()))
}
