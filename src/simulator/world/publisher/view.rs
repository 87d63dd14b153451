//! What an actor sees of publishers. PURE.

use super::{
    noun::{Publisher, PublisherRole, PublisherUser},
    refusal::PublisherRefusal as No,
};
use crate::simulator::world::{Actor, Page, Refusal, Slice, World, view::page};

/// An actor's view of the publishers of a world.
#[derive(Clone, Copy, Debug)]
pub struct PublisherView<'a> {
    world: &'a World,
    actor: &'a Actor,
}

impl World {
    /// The publishers as the actor sees them.
    pub fn publishers<'a>(&'a self, actor: &'a Actor) -> PublisherView<'a> {
        PublisherView { world: self, actor }
    }
}

impl Publisher {
    /// What the actor may do here.
    pub fn role_of(&self, actor: &Actor) -> Option<PublisherRole> {
        match actor {
            Actor::Portal => Some(PublisherRole::Owner),
            Actor::Application(id) => self.users.get(id).map(|user| user.role),
            Actor::Principal(_) => None,
        }
    }
}

impl<'a> PublisherView<'a> {
    /// Those on which the actor has a role, with the role.
    pub fn all(&self) -> Vec<(&'a Publisher, PublisherRole)> {
        let all = self.world.marketplace.publishers.values();
        all.filter_map(|it| Some((it, it.role_of(self.actor)?))).collect()
    }

    /// One publisher; that it is there is admitted to everybody.
    pub fn publisher(&self, id: &str) -> Result<&'a Publisher, Refusal> {
        let publisher = self.world.marketplace.publishers.get(id).ok_or_else(|| No::NotFound(id.to_owned()))?;
        match publisher.role_of(self.actor) {
            Some(_) => Ok(publisher),
            None => Err(No::NoRole(id.to_owned()).into()),
        }
    }

    /// The users of a publisher, of one address where it is given.
    pub fn users(
        &self,
        publisher: &str,
        email: Option<&str>,
        slice: Slice<'_>,
    ) -> Result<Page<'a, PublisherUser>, Refusal> {
        let publisher = self.publisher(publisher)?;
        let wanted = email.map(str::to_lowercase);
        let is_wanted = |user: &PublisherUser| {
            wanted.as_ref().is_none_or(|wanted| user.who.email().is_some_and(|email| email.to_lowercase() == *wanted))
        };
        Ok(page(&publisher.users, slice, is_wanted))
    }

    /// One user, by address or by application id.
    pub fn user(&self, publisher: &str, key: &str) -> Result<&'a PublisherUser, Refusal> {
        let user = self.publisher(publisher)?.users.get(&key.to_lowercase());
        user.ok_or_else(|| No::UserNotFound(key.to_owned()).into())
    }
}
