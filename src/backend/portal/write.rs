//! The writes, each one request with a condition. IO, through the client, which never repeats one.

use ::http::{Method, header};

use super::{Portal, USER, is_gone, wire};
use crate::{
    access::publisher::{Member, MemberKey, MemberKind, NewMember, PublisherRole},
    backend::{
        BackendError, ErrorKind,
        http::{Call, Reply},
    },
    plan::permit::{MemberRemoval, Permit},
};

const ADD: &str = "add a publisher user";
const PROMOTE: &str = "make a publisher user an owner";
const DEMOTE: &str = "make a publisher owner a contributor";
const REMOVE: &str = "remove a publisher user";
/// How often a user that changes under our hands is read again before somebody else is left to it.
const MOST_READS: u32 = 3;

impl Portal {
    pub(super) async fn make_user(&self, new: NewMember) -> Result<Member, BackendError> {
        let body = body(ADD, &new.key, &new.kind, new.role, new.friendly_name.as_deref())?;
        let call = Call::new(ADD, Method::PUT, USER).header(header::IF_NONE_MATCH, "*")?;
        let reply = self.http.send(self.at(call, &new.key).json(&body)?).await?;
        self.written(&reply, &new.key, new.role)
    }

    /// A contributor as an owner, whatever else changes about it meanwhile.
    pub(super) async fn make_owner(&self, member: Member) -> Result<Member, BackendError> {
        let key = member.key.clone();
        let mut current = if member.version.is_some() { member } else { self.again(&key).await? };
        for _ in 0..MOST_READS {
            match self.own(&current).await {
                Err(error) if error.status() == Some(412) => current = self.again(&key).await?,
                Err(error) if is_gone(&error) => return Err(gone(&key)),
                settled => return settled,
            }
        }
        self.own(&current).await
    }

    /// One write; none for an owner.
    async fn own(&self, member: &Member) -> Result<Member, BackendError> {
        if member.role == PublisherRole::Owner {
            return Ok(member.clone());
        }
        if !member.is_understood() {
            let public = format!("`{}` has the role `{}` now", member.key, member.role);
            return Err(BackendError::new(ErrorKind::Conflict, PROMOTE, public));
        }
        let call = self.upon(Method::PUT, PROMOTE, member)?;
        self.change(call, PROMOTE, member, PublisherRole::Owner).await
    }

    async fn again(&self, key: &MemberKey) -> Result<Member, BackendError> {
        self.user(key.clone()).await?.ok_or_else(|| gone(key))
    }

    /// The one place that takes something away, and each time a permit is used up.
    pub(super) async fn remove_permitted(&self, permit: Permit<MemberRemoval>) -> Result<Option<Member>, BackendError> {
        let removal = permit.removal();
        let member = removal.member();
        let result = match removal {
            MemberRemoval::Member(_) => {
                let call = self.upon(Method::DELETE, REMOVE, member)?;
                self.http.send(call).await.and_then(|reply| reply.acknowledged()).map(|()| None)
            }
            MemberRemoval::Ownership(_) => {
                let call = self.upon(Method::PUT, DEMOTE, member)?;
                self.change(call, DEMOTE, member, PublisherRole::Contributor).await.map(Some)
            }
        };
        let left = match result {
            Err(error) if is_gone(&error) => None,
            other => other?,
        };
        if left.is_none() {
            self.memory.forget(&member.key);
        }
        Ok(left)
    }

    /// A write to what has the version that was judged.
    fn upon(&self, method: Method, operation: &'static str, member: &Member) -> Result<Call, BackendError> {
        understood(operation, member)?;
        let call = Call::new(operation, method, USER).header(header::IF_MATCH, judged(operation, member)?)?;
        Ok(self.at(call, &member.key))
    }

    async fn change(
        &self,
        call: Call,
        operation: &'static str,
        member: &Member,
        role: PublisherRole,
    ) -> Result<Member, BackendError> {
        let body = body(operation, &member.key, &member.kind, role, member.friendly_name.as_deref())?;
        let reply = self.http.send(call.json(&body)?).await?;
        self.written(&reply, &member.key, role)
    }

    fn written(&self, reply: &Reply, key: &MemberKey, role: PublisherRole) -> Result<Member, BackendError> {
        let member = self.told(reply, key)?;
        if member.role == role { Ok(member) } else { Err(reply.unreadable("the answer names another role")) }
    }
}

/// The word of a role in the contract.
pub(super) fn word(role: PublisherRole) -> &'static str {
    match role {
        PublisherRole::Contributor => "contributor",
        PublisherRole::Owner => "owner",
    }
}

fn body<'a>(
    operation: &'static str,
    key: &'a MemberKey,
    kind: &'a MemberKind,
    role: PublisherRole,
    friendly_name: Option<&'a str>,
) -> Result<wire::UserWrite<'a>, BackendError> {
    let (email, kind, principal) = match (key, kind) {
        (MemberKey::Email(email), MemberKind::User) => (Some(email.as_str()), "user", None),
        (MemberKey::Email(email), MemberKind::Group) => (Some(email.as_str()), "group", None),
        (MemberKey::Application(_), MemberKind::ServicePrincipal(principal)) => {
            (None, "servicePrincipal", Some(principal))
        }
        (MemberKey::Email(_) | MemberKey::Application(_), _) => {
            let public = format!("`{key}` is nothing that the portal's contract has");
            return Err(BackendError::new(ErrorKind::Invalid, operation, public));
        }
    };
    Ok(wire::UserWrite {
        email,
        kind,
        role: word(role),
        friendly_name,
        application_id: principal.map(|principal| principal.application.as_str()),
        tenant_id: principal.map(|principal| principal.tenant.as_str()),
        object_id: principal.map(|principal| principal.object.as_str()),
    })
}

/// The version that the guards judged. Reading one now would remove what nobody judged.
fn judged<'a>(operation: &'static str, member: &'a Member) -> Result<&'a str, BackendError> {
    member.version.as_deref().filter(|version| *version != "*").ok_or_else(|| {
        let public = format!("`{}` was not read on its own before, so it has no version to write upon", member.key);
        BackendError::new(ErrorKind::Invalid, operation, public)
    })
}

/// No guard lets such a one through; this is the last place that could.
fn understood(operation: &'static str, member: &Member) -> Result<(), BackendError> {
    if member.is_understood() {
        return Ok(());
    }
    let public =
        format!("what `{}` is or may do (`{}`) is not known, so nothing is taken from it", member.key, member.role);
    Err(BackendError::new(ErrorKind::Invalid, operation, public))
}

fn gone(key: &MemberKey) -> BackendError {
    BackendError::new(ErrorKind::Conflict, PROMOTE, format!("the publisher has no user `{key}` any more"))
}
