//! The users of a marketplace publisher, over a contract of our own. IO, through the client.
//!
//! `openapi.yaml` beside this file is that contract, and says why it is ours: no public API ever managed these users.
//! The simulator is written from it too, and not from here.

mod memory;
mod page;
mod read;
#[cfg(test)]
mod tests;
mod wire;
mod write;

use std::sync::Arc;

use ::http::{HeaderName, HeaderValue, header};

use self::memory::Memory;
use super::{
    Answer, BackendError, HttpClient, PublisherBackend, Purpose,
    http::{Call, Reply},
};
use crate::{
    access::publisher::{Member, MemberKey, Members, NewMember, PortalIdentity, VisiblePublisher},
    plan::{Permit, permit::MemberRemoval},
};

/// What a simulator puts into every answer, so that nobody takes it for the real thing.
const SIMULATOR: HeaderName = HeaderName::from_static("x-roster-simulator");
/// The last version of the Cloud Partner Portal's API, in whose manner the contract is.
pub const API_VERSION: &str = "2017-10-31";

const PUBLISHERS: &str = "/api/publishers";
const USERS: &str = "/api/publishers/{publisherId}/users";
const USER: &str = "/api/publishers/{publisherId}/users/{key}";

/// One publisher at one portal. Clones share what was read last.
#[derive(Clone, Debug)]
pub struct Portal {
    http: HttpClient,
    publisher: String,
    api_version: String,
    memory: Arc<Memory>,
}

impl Portal {
    /// The adapter for that publisher, over a client that authenticates with a [`super::TokenSource`]. The id is taken as
    /// told: `identify` says on which publishers we have a role.
    pub fn new(http: HttpClient, publisher_id: &str) -> Self {
        let (publisher, api_version) = (publisher_id.trim().to_owned(), API_VERSION.to_owned());
        Self { http, publisher, api_version, memory: Arc::default() }
    }

    /// The same, speaking another version than [`API_VERSION`].
    #[must_use]
    pub fn with_api_version(mut self, version: &str) -> Self {
        version.trim().clone_into(&mut self.api_version);
        self
    }

    /// The publisher's id.
    pub fn publisher_id(&self) -> &str {
        &self.publisher
    }

    fn versioned(&self, call: Call) -> Call {
        call.query("api-version", &self.api_version)
    }

    /// The call at one user.
    fn at(&self, call: Call, key: &MemberKey) -> Call {
        self.versioned(call.argument(&self.publisher).argument(key.as_str()))
    }

    async fn identity(&self) -> Result<PortalIdentity, BackendError> {
        let reply = self.http.send(self.versioned(Call::get("list publishers", PUBLISHERS))).await?;
        let publishers: Vec<wire::Publisher> = reply.json()?;
        let publishers: Result<Vec<VisiblePublisher>, _> = publishers.into_iter().map(read::publisher).collect();
        let publishers = publishers.map_err(|missing| without(&reply, missing))?;
        Ok(PortalIdentity { publishers, simulated: reply.headers().contains_key(SIMULATOR) })
    }

    /// The user as it is now. What is known with its version already costs an answer without a body.
    async fn user(&self, key: MemberKey) -> Result<Option<Member>, BackendError> {
        let known = self.memory.get(&key);
        let mut call = self.at(Call::get("read a publisher user", USER), &key);
        if let Some(version) = known.as_ref().and_then(|member| member.version.as_deref()) {
            call = call.header(header::IF_NONE_MATCH, version)?;
        }
        let reply = match self.http.send(call).await {
            Ok(reply) => reply,
            Err(error) if is_gone(&error) => {
                self.memory.forget(&key);
                return Ok(None);
            }
            Err(error) => return Err(error),
        };
        if let (true, Some(known)) = (reply.is_unchanged(), known) {
            return Ok(Some(known));
        }
        let member = self.told(&reply, &key)?;
        if member.version.is_none() {
            return Err(reply.unreadable("the answer has no `ETag`"));
        }
        Ok(Some(member))
    }

    /// The user that an answer holds, with its version; remembered.
    fn told(&self, reply: &Reply, key: &MemberKey) -> Result<Member, BackendError> {
        let mut member = read::member(reply.json()?).map_err(|missing| without(reply, missing))?;
        if member.key != *key {
            return Err(reply.unreadable("the answer is about another user"));
        }
        member.version = version(reply.headers().get(header::ETAG));
        self.memory.keep(&member);
        Ok(member)
    }
}

/// An `ETag` as text. `*` would make `If-Match` one for every version, and is none.
fn version(header: Option<&HeaderValue>) -> Option<String> {
    let text = header?.to_str().ok()?.trim();
    (!text.is_empty() && text != "*").then(|| text.to_owned())
}

/// Whether the portal says without doubt that the publisher has no such user; that there is no such publisher, or no such
/// path, is another 404.
fn is_gone(error: &BackendError) -> bool {
    error.is(404, "usernotfound")
}

fn without(reply: &Reply, missing: read::Missing) -> BackendError {
    reply.unreadable(&format!("the answer holds something without `{}`", missing.0))
}

impl PublisherBackend for Portal {
    fn is_used_up(&self, purpose: Purpose) -> bool {
        self.http.is_used_up(purpose)
    }

    fn identify(&self) -> Answer<'_, PortalIdentity> {
        Box::pin(self.identity())
    }

    fn list(&self) -> Answer<'_, Members> {
        Box::pin(self.members())
    }

    fn find(&self, key: MemberKey) -> Answer<'_, Option<Member>> {
        Box::pin(self.user(key))
    }

    fn add(&self, member: NewMember) -> Answer<'_, Member> {
        Box::pin(self.make_user(member))
    }

    fn promote(&self, member: Member) -> Answer<'_, Member> {
        Box::pin(self.make_owner(member))
    }

    fn remove(&self, permit: Permit<MemberRemoval>) -> Answer<'_, Option<Member>> {
        Box::pin(self.remove_permitted(permit))
    }
}
