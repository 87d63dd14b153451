//! `PublisherUser` in the loop: what is observed, and how the decision becomes a status.

use std::{sync::Arc, time::Duration};

use jiff::Timestamp;
use kube::{Api, Client, ResourceExt};

use crate::{
    access::{
        delegation::Namespace,
        publisher::{PublisherRole, delegation::PublisherDelegation},
    },
    api::{
        Publisher as PublisherObject, PublisherUser, PublisherUserSpec, PublisherUserStatus,
        common::{Conditions, Management},
        convert,
    },
    plan::{
        Decision, Finding, Reason,
        publisher::{
            DesiredMember, MemberFacts, MemberObject, MemberStep, MemberWritten, Noted, NotedOn, Other, Roll, advice,
            decide,
        },
    },
    status::ConditionType,
};

use super::{
    context::Context,
    drift,
    ground::{lane_or_wait, link},
    intent::{Intent, lately, member::Seen},
    key::Kind,
    lane::{Publisher, View},
    link::Link,
    managed::{Managed, Plan, has_finalizer, is_due, key_of, new_advice},
    shelf::Guarded,
};

/// What was observed of one user's object.
pub(crate) struct PublisherUserFacts {
    link: Link<Publisher>,
    publisher: Option<Arc<Guarded<PublisherObject>>>,
    namespace: Namespace,
    delegations: Vec<PublisherDelegation>,
    /// Other live objects of the publisher for the same user, with their namespaces.
    others: Vec<(PublisherUser, Namespace)>,
    recheck: Duration,
}

impl PublisherUserFacts {
    fn spec(&self) -> Option<&crate::api::PublisherSpec> {
        self.publisher.as_ref()?.0.as_ref().ok().map(|publisher| &publisher.spec)
    }

    fn observing(&self) -> bool {
        self.spec().is_some_and(|spec| spec.management == Management::Observe)
    }

    /// Whether it can be told what a namespace may declare.
    fn knows_delegations(&self, namespace: &Namespace, context: &Context) -> bool {
        let broken = self.spec().map(convert::broken_publisher_delegations);
        broken.is_some_and(|broken| broken.is_empty()) && context.knows_namespace(&namespace.name)
    }

    fn desired(&self, user: &PublisherUser) -> Result<DesiredMember, Finding> {
        let spec = self
            .spec()
            .ok_or_else(|| Finding::new(Reason::PublisherNotReady, "the publisher's object cannot be read"))?;
        convert::desired_member(&user.spec, spec.deletion_policy)
    }
}

impl Managed for PublisherUser {
    type Status = PublisherUserStatus;
    type Facts = PublisherUserFacts;
    type Realm = Publisher;

    const KIND: Kind = Kind::PublisherUser;
    const SPECIAL: Option<ConditionType> = Some(ConditionType::Granted);

    fn api(client: &Client, namespace: Option<&str>) -> Api<Self> {
        Api::namespaced(client.clone(), namespace.unwrap_or("default"))
    }

    async fn observe(&self, context: &Context) -> PublisherUserFacts {
        let name = self.connection();
        let publisher = context.wake.publishers.get(name, "");
        let spec = publisher.as_ref().and_then(|object| object.0.as_ref().ok()).map(|object| &object.spec);
        let news = |status: &PublisherUserStatus| {
            Some(status.observed_generation) != self.metadata.generation
                || is_due(status.next_transition.as_deref(), context.settings.outside.now())
        };
        if self.status.as_ref().is_none_or(news) {
            // What it says now may contradict what others say, or no longer.
            context.wake.members_like(self);
        }
        PublisherUserFacts {
            link: link(&context.publishers, publisher.is_some(), context.wake.publishers.has(name), name),
            namespace: context.namespace(&self.namespace().unwrap_or_default()),
            delegations: spec.map(convert::publisher_delegations).unwrap_or_default(),
            others: others(self, context),
            recheck: context.wake.publisher_resync(name),
            publisher,
        }
    }

    fn plan(&self, facts: &PublisherUserFacts, context: &Context, now: Timestamp) -> Plan<Self> {
        let mut status = self.status.clone().unwrap_or_default();
        status.user = Some(convert::member_label(&self.spec));
        let lane = match lane_or_wait(self, &facts.link, facts.observing(), &status) {
            Ok(lane) => lane,
            Err(mut plan) => {
                // Something is due and cannot be done: that is no time to be quiet.
                plan.quiet &= !is_due(status.next_transition.as_deref(), now);
                return *plan;
            }
        };
        let validity = convert::validity(self.spec.validity.as_ref());
        let next = validity.as_ref().ok().and_then(|validity| validity.next(now));
        status.next_transition = next.map(|at| at.to_string());
        let view = lane.view();
        let (mut intent, mut listed, mut drift) = (Intent::default(), None, None);
        let known = facts.knows_delegations(&facts.namespace, context);
        let uid = self.uid().unwrap_or_default();
        let mut decision = match (facts.desired(self), view.picture()) {
            (Ok(desired), Some(roll)) => {
                let looked_at = MemberFacts {
                    roll,
                    own: Some(&view.realm().own),
                    own_role: view.realm().own_role(Some(roll)),
                    delegations: &facts.delegations,
                    namespace: &facts.namespace,
                    observing: facts.observing(),
                };
                let others =
                    facts.others.iter().filter_map(|other| another(other, facts, &looked_at, &view, context, now));
                let deleting = self.metadata.deletion_timestamp.is_some();
                let (recorded, noted, doubted) = answered(self, &desired, known, &looked_at, &view, now);
                let among = MemberObject::among(created(self, now), deleting, recorded, &desired, others, &looked_at);
                let mut object = MemberObject {
                    elsewhere: elsewhere(self, context),
                    unproved: recorded.is_some() && is_unproved(&uid, &desired, roll, &view),
                    doubted,
                    outside: validity.as_ref().ok().and_then(|validity| validity.outside(now)),
                    unreadable: validity.err(),
                    finalized: has_finalizer(self),
                    suspended: self.spec.suspend,
                    delegations_known: known,
                    ..among
                };
                object.sharers.extend(broken(self, context));
                let decided = decide(&object, &desired, &looked_at);
                let (key, member, observing) = (&desired.key, roll.member(&desired.key), looked_at.observing);
                let seen = Seen { object: self, key, member, noted, observing, view: &view };
                let granting;
                (intent, granting) = seen.intent(&decided);
                intent.inherited |= deleting && lately(self, &view, now) && seen.may_be_there();
                listed = member.map(|member| member.role.known().map_or("", PublisherRole::as_str));
                drift = drift::of_member(self, &decided, &desired, member, &view, now);
                // What the portal holds of somebody with whom the namespace has no business is not told.
                let denied = decided.decision.ready.reason == Reason::DelegationDenied && decided.record.is_none();
                let member = member.filter(|_| !denied);
                convert::show_member(&mut status, member);
                status.granted_role = decided.record.map(convert::granted_role);
                status.granting = granting.map(convert::granted_role);
                status.warnings = convert::warnings(&self.metadata, advice(&desired, member, roll));
                decided.decision
            }
            (Err(finding), _) => invalid(self, finding),
            (Ok(_), None) => invalid(self, Finding::new(Reason::PublisherNotReady, "there is no listing yet")),
        };
        decision.recheck_seconds = next.map(|at| at.duration_since(now).as_secs() + 1);
        let ended = view.ended(&uid);
        drop(view);
        if let Some(role) = listed {
            lane.found(&uid, "");
            lane.shows(&uid, role);
        }
        if let Some(key) = key_of(self).filter(|_| decision.looks_again) {
            lane.look_twice(&key, "");
        }
        if let Some(drift) = &drift {
            status.drift = drift::with(&status.drift, drift, now);
        }
        let drift = drift.map(|it| it.sentence(&format!("`{}`", convert::member_label(&self.spec))));
        if let (Some(role), Ok(desired)) = (convert::recorded_role(self), facts.desired(self)) {
            lane.recorded(&uid, &(desired.key, role));
        }
        let before = self.status.as_ref().map(|status| status.warnings.as_slice());
        let advice = new_advice(before, &status.warnings);
        let until = next;
        Plan { lane: Some(lane), ended, until, advice, drift, intent, ..Plan::say(decision, status, facts.recheck) }
    }

    fn connection(&self) -> &str {
        &self.spec.publisher_ref.name
    }

    fn status(&self) -> Option<&PublisherUserStatus> {
        self.status.as_ref()
    }

    fn observed_generation(status: &PublisherUserStatus) -> i64 {
        status.observed_generation
    }

    fn conditions(status: &PublisherUserStatus) -> &Conditions {
        &status.conditions
    }

    fn with(mut status: PublisherUserStatus, generation: i64, conditions: Conditions) -> PublisherUserStatus {
        status.observed_generation = generation;
        status.conditions = conditions;
        status
    }
}

/// Whether the last listing lacks a user whom no write of ours ended, and no second one does.
fn is_unproved(uid: &str, desired: &DesiredMember, roll: &Roll, view: &View<'_, Publisher>) -> bool {
    let ended =
        |it: &MemberWritten| matches!(it, MemberWritten::Removed { left: None, .. }) && *it.key() == desired.key;
    roll.member(&desired.key).is_none() && !view.own_writes().any(ended) && !view.lacks_twice(uid, "")
}

/// An object that cannot be understood never stood for anybody, so deleting it lets it go; one whose publisher cannot be read
/// waits for that.
fn invalid(object: &PublisherUser, finding: Finding) -> Decision<MemberStep> {
    if finding.reason == Reason::PublisherNotReady {
        return Decision::say(finding.reason, finding.message);
    }
    if object.metadata.deletion_timestamp.is_some() {
        return Decision::release(format!("it never stood for anybody: {}", finding.message));
    }
    Decision::invalid(finding.reason, finding.message)
}

/// Another object for the same user, while its time is now. One whose time cannot be read keeps what it has.
fn another<'a>(
    (other, namespace): &'a (PublisherUser, Namespace),
    facts: &PublisherUserFacts,
    looked_at: &MemberFacts<'_>,
    view: &View<'_, Publisher>,
    context: &Context,
    now: Timestamp,
) -> Option<Other<'a>> {
    let (name, desired) = (name_of(other), facts.desired(other).ok()?);
    let delegations_known = facts.knows_delegations(namespace, context);
    let there = MemberFacts { namespace, ..*looked_at };
    let (recorded, ..) = answered(other, &desired, delegations_known, &there, view, now);
    let now_in_time = match convert::validity(other.spec.validity.as_ref()) {
        Ok(validity) => validity.outside(now).is_none() || other.spec.suspend,
        Err(_) => recorded.is_some(),
    };
    now_in_time.then_some(())?;
    Some(Other { name, created: created(other, now), namespace, desired, recorded, delegations_known })
}

/// The role that an object answers for: as its status says, as the lane made it since, and by what is noted on it; with that
/// note, unless it proves nothing, which is said last.
fn answered(
    user: &PublisherUser,
    desired: &DesiredMember,
    delegations_known: bool,
    facts: &MemberFacts<'_>,
    view: &View<'_, Publisher>,
    now: Timestamp,
) -> (Option<PublisherRole>, Option<Noted>, bool) {
    let made = view.made(&user.uid().unwrap_or_default());
    let made = made.into_iter().filter(|(key, _)| *key == desired.key).map(|(_, role)| role);
    let recorded = made.chain(convert::recorded_role(user)).max();
    let on = NotedOn { created: created(user, now), recorded, delegations_known };
    match convert::noted_member(user) {
        None => (recorded, None, false),
        Some(noted) if noted.is_doubted(on, desired, facts) => (recorded, None, true),
        Some(noted) => (noted.answered(on, desired, facts), Some(noted), false),
    }
}

fn others(user: &PublisherUser, context: &Context) -> Vec<(PublisherUser, Namespace)> {
    let same = |other: &PublisherUser| {
        let same = other.connection() == user.connection()
            && other.uid() != user.uid()
            && other.metadata.deletion_timestamp.is_none()
            && key_in(&other.spec) == key_in(&user.spec);
        same.then(|| other.clone())
    };
    let mut found = context.wake.publisher_users.select(same);
    found.sort_by_cached_key(name_of);
    found
        .into_iter()
        .map(|other| (other.namespace().unwrap_or_default(), other))
        .map(|(it, other)| (other, context.namespace(&it)))
        .collect()
}

/// The highest role that others for the same user answer for, also ones that are being deleted.
fn elsewhere(user: &PublisherUser, context: &Context) -> Option<PublisherRole> {
    let roles = context.wake.publisher_users.select(|other| {
        let same = other.connection() == user.connection() && other.uid() != user.uid();
        let same = same && key_in(&other.spec) == key_in(&user.spec);
        convert::recorded_role(other).filter(|_| same)
    });
    roles.into_iter().max()
}

/// Objects for the same user that cannot be decoded and have somebody on the publisher: nobody can say that they give that up.
fn broken(user: &PublisherUser, context: &Context) -> Vec<String> {
    let key = key_in(&user.spec).unwrap_or_default();
    context.wake.publisher_users.broken(|other| {
        let has = |field: &str| other.read::<String>(field).is_some();
        other.is_live()
            && (has("/status/grantedRole") || has("/status/granting"))
            && other.says("/spec/publisherRef/name", user.connection())
            && (other.says("/spec/email", key) || other.says("/spec/servicePrincipal/applicationId", key))
    })
}

/// By what the portal would know the declared user.
pub(crate) fn key_in(spec: &PublisherUserSpec) -> Option<&str> {
    let application = spec.service_principal.as_ref().map(|it| it.application_id.as_str());
    spec.email.as_deref().or(application)
}

fn created(user: &PublisherUser, now: Timestamp) -> Timestamp {
    user.metadata.creation_timestamp.as_ref().map_or(now, |time| time.0)
}

fn name_of(user: &PublisherUser) -> String {
    format!("{}/{}", user.namespace().unwrap_or_default(), user.name_any())
}
