//! What a publisher's user sets out to make: a role, of the one user that the object can ever mean. No IO.

use kube::ResourceExt;

use crate::{
    access::publisher::{Member, MemberKey, PublisherRole},
    api::{GRANTING, PublisherUser, convert},
    plan::publisher::{MemberDecision, MemberWritten, Noted},
};

use super::{
    super::{
        lane::{Publisher, Realm, View},
        managed::has_finalizer,
    },
    Intent, may_be_cleared,
};

/// A publisher's user as it is looked at.
pub(crate) struct Seen<'a> {
    pub(crate) object: &'a PublisherUser,
    pub(crate) key: &'a MemberKey,
    /// What the portal holds under that key.
    pub(crate) member: Option<&'a Member>,
    /// What is noted on the object, unless it proves nothing.
    pub(crate) noted: Option<Noted>,
    /// Nothing remote is changed, so what is noted stays open.
    pub(crate) observing: bool,
    pub(crate) view: &'a View<'a, Publisher>,
}

impl Seen<'_> {
    /// What a plan sets out to make of the user, and what the status is to say of that.
    pub(crate) fn intent(
        &self,
        decided: &MemberDecision,
    ) -> (Intent<(MemberKey, PublisherRole)>, Option<PublisherRole>) {
        let Self { object, key, noted, .. } = *self;
        // What is answered for needs no note: it goes with the object as it is.
        let beyond = |role: &PublisherRole| Some(*role) > decided.record;
        let wanted = decided.decision.steps.iter().filter_map(Publisher::granted).map(|(_, role)| role).find(beyond);
        let open = noted.map(|it| it.role).filter(beyond);
        let awaits = open.is_some_and(|role| self.may_be_unseen(role));
        let doubtful = |role: &PublisherRole| {
            !self.shows(*role) && (awaits || self.view.is_unsettled(&object.uid().unwrap_or_default()))
        };
        let told = open.filter(|role| wanted.is_some() || self.observing || doubtful(role)).max(wanted);
        let first = convert::member_speaks_first(object);
        let overtaken = decided.record.is_none() && told.is_none() && object.annotations().contains_key(GRANTING);
        let intent = Intent {
            note: wanted.filter(|_| first).map(|role| role.as_str().to_owned()),
            clears: overtaken && (!first || noted.is_some()) && may_be_cleared(&object.metadata),
            unwritten: wanted.filter(|role| !self.stands(*role)).map(|role| (key.clone(), role)).into_iter().collect(),
            over: Vec::new(),
            inherited: awaits,
        };
        (intent, told)
    }

    /// Whether it stands on the object that it sets out to make that. What was noted with the finalizer is not seen before the
    /// finalizer is.
    fn stands(&self, role: PublisherRole) -> bool {
        let told = self.noted.is_some_and(|it| it.role == role || (!it.by_annotation && it.role > role));
        let uid = self.object.uid().unwrap_or_default();
        told || (!has_finalizer(self.object) && self.view.noted(&uid).contains(&(self.key.clone(), role)))
    }

    /// Whether the portal holds the user in that role, or in more.
    fn shows(&self, role: PublisherRole) -> bool {
        self.member.is_some_and(|member| member.role.known() >= Some(role))
    }

    /// Whether the user may have that role though the listing does not show it yet, by what a former process set out on.
    fn may_be_unseen(&self, role: PublisherRole) -> bool {
        let uid = self.object.uid().unwrap_or_default();
        let inherited = !self.view.noted(&uid).contains(&(self.key.clone(), role));
        inherited && !self.shows(role) && if self.member.is_none() { self.may_be_there() } else { self.view.may_lag() }
    }

    /// Whether somebody who is not listed may be on the publisher all the same: a former process may have added them, and the
    /// listing lags. Not where this one removed them.
    pub(crate) fn may_be_there(&self) -> bool {
        let uid = self.object.uid().unwrap_or_default();
        let ended =
            |it: &MemberWritten| matches!(it, MemberWritten::Removed { left: None, .. }) && it.key() == self.key;
        let (view, absent) = (self.view, self.member.is_none());
        absent && view.may_lag() && view.shown(&uid).is_none() && !view.own_writes().any(ended)
    }
}
