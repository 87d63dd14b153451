//! `Publisher` in the loop: connects, and tells what the lane knows.

use std::sync::Arc;

use jiff::Timestamp;
use kube::{Api, Client, ResourceExt};

use crate::{
    access::publisher::PublisherRole,
    api::{
        Publisher as Object, PublisherStatus, PublisherUser,
        common::{Conditions, Management},
        convert,
        publisher::{PublisherIdentityStatus, VisiblePublishers},
    },
    plan::{
        Decision, Fact, Finding, Reason,
        publisher::{MemberStep, publisher_advice},
    },
    status::ConditionType,
};

use super::{
    connection::to_publisher,
    context::Context,
    key::Kind,
    lane::{Lane, Publisher, View},
    link::{Connection, Link},
    managed::{Managed, Plan, has_finalizer, new_advice},
    standing::{
        Dependents, OBSERVING, RECHECK, RETRY, Standing, credentials, freshness, held, kept, ready, released,
        removals_held,
    },
    wake::is_going,
};

/// Most entries of a list in a status.
const SHOWN: usize = 20;

/// What was observed of one publisher.
pub(crate) type PublisherFacts = Standing<Publisher>;

impl Managed for Object {
    type Status = PublisherStatus;
    type Facts = PublisherFacts;
    type Realm = Publisher;

    const KIND: Kind = Kind::Publisher;
    const SPECIAL: Option<ConditionType> = None;
    const APART: Option<&'static str> = Some("removals");

    fn api(client: &Client, _: Option<&str>) -> Api<Self> {
        Api::all(client.clone())
    }

    async fn observe(&self, context: &Context) -> PublisherFacts {
        let name = self.name_any();
        if self.status.as_ref().is_none_or(|status| status.observed_generation < 0) {
            context.wake.publisher_twins(self);
        }
        let connected = to_publisher(self, context).await;
        let generation = self.metadata.generation.unwrap_or_default();
        let (link, fingerprint) = match &connected {
            Ok((lane, fingerprint)) => (Link::Lane(Arc::clone(lane)), *fingerprint),
            Err(finding) => (Link::Broken(finding.clone()), 0),
        };
        context.publishers.connect(&name, Connection { link, fingerprint, generation });
        let reached = connected.map(|(lane, _)| lane).inspect(|lane| lane.look_at_held());
        Standing { reached, dependents: self.metadata.deletion_timestamp.is_some().then(|| dependents(self, context)) }
    }

    fn plan(&self, facts: &PublisherFacts, _: &Context, _: Timestamp) -> Plan<Self> {
        let status = self.status.clone().unwrap_or_default();
        if facts.dependents.is_some_and(|dependents| dependents.all == 0) {
            return released(status);
        }
        let plan = match &facts.reached {
            Ok(lane) => connected(self, lane, status),
            Err(finding) => {
                let (decision, more) = broken(finding);
                Plan { more, ..Plan::say(decision, status, RETRY) }
            }
        };
        match facts.dependents {
            Some(dependents) => kept(plan, dependents),
            None => plan,
        }
    }

    fn connection(&self) -> &str {
        self.metadata.name.as_deref().unwrap_or_default()
    }

    fn status(&self) -> Option<&PublisherStatus> {
        self.status.as_ref()
    }

    fn observed_generation(status: &PublisherStatus) -> i64 {
        status.observed_generation
    }

    fn conditions(status: &PublisherStatus) -> &Conditions {
        &status.conditions
    }

    fn with(mut status: PublisherStatus, generation: i64, conditions: Conditions) -> PublisherStatus {
        status.observed_generation = generation;
        status.conditions = conditions;
        status
    }
}

/// The objects that keep it; where everything is only observed, those that still have to be let go.
fn dependents(publisher: &Object, context: &Context) -> Dependents {
    let (name, observing) = (publisher.connection(), publisher.spec.management == Management::Observe);
    let keeps = |user: &PublisherUser| user.connection() == name && (has_finalizer(user) || !observing);
    let users = &context.wake.publisher_users;
    let mut dependents = Dependents::default();
    dependents.count(users.select(|user| keeps(user).then(|| is_going(user))));
    dependents.count(users.broken(|it| it.says("/spec/publisherRef/name", name)).iter().map(|_| false));
    dependents
}

/// What a publisher says that cannot be connected.
fn broken(finding: &Finding) -> (Decision<MemberStep>, Vec<(ConditionType, Fact)>) {
    let refused = matches!(finding.reason, Reason::CredentialsMissing | Reason::CredentialsRejected);
    let seen = finding.reason == Reason::PublisherNotVisible;
    let invalid = matches!(
        finding.reason,
        Reason::InvalidSpec | Reason::DuplicatePublisher | Reason::EndpointNotAllowed | Reason::PublisherNotVisible
    );
    let decision = if invalid {
        Decision::invalid(finding.reason, finding.message.clone())
    } else {
        Decision::say(finding.reason, finding.message.clone())
    };
    // A portal that shows other publishers has accepted the credential; where it was not even tried, it is not known.
    let credentials = if seen {
        Fact::new(true, Reason::CredentialsAccepted, "the portal accepts the credential")
    } else {
        Fact { holds: refused.then_some(false), finding: finding.clone() }
    };
    let permissions = if seen {
        Fact { holds: Some(false), finding: finding.clone() }
    } else {
        Fact::new(None, finding.reason, "it is not connected")
    };
    let more = vec![
        (ConditionType::CredentialsValid, credentials),
        (ConditionType::PermissionsSufficient, permissions),
        (ConditionType::InventoryFresh, Fact::new(None, finding.reason, "it is not connected")),
    ];
    (decision, more)
}

fn connected(publisher: &Object, lane: &Lane<Publisher>, mut status: PublisherStatus) -> Plan<Object> {
    let realm = lane.realm();
    let view = lane.view();
    status.display_name = Some(realm.seen.display_name.clone());
    status.identity = Some(PublisherIdentityStatus {
        application_id: realm.own.as_str().to_owned(),
        role: realm.own_role(view.picture()).map(|role| role.as_str().to_owned()),
    });
    status.visible_publishers = Some(VisiblePublishers {
        total: u32::try_from(realm.visible.len()).unwrap_or(u32::MAX),
        entries: realm.visible.iter().take(SHOWN).map(|seen| seen.id.clone()).collect(),
    });
    if let Some(roll) = view.picture() {
        status.counts = Some(convert::member_counts(roll));
        status.warnings = convert::warnings(&publisher.metadata, publisher_advice(roll));
    }
    let ready = ready(&view, &realm.seen.display_name, &format!("`{}`", realm.own));
    let observing = publisher.spec.management == Management::Observe;
    let mut decision = Decision::say(ready.reason, ready.message + if observing { OBSERVING } else { "" });
    let broken = convert::broken_publisher_delegations(&publisher.spec);
    if !broken.is_empty() {
        decision = Decision::invalid(Reason::InvalidSpec, broken.join("; "));
    }
    // The credential is kept while anything refers to the publisher and may have to be removed with it.
    decision.owns = !observing;
    let accepted = format!("the portal knows the operator as `{}`", realm.own);
    let credentials = credentials(&view, accepted);
    let mut more = vec![
        (ConditionType::CredentialsValid, credentials),
        (ConditionType::PermissionsSufficient, permissions(&view)),
        (ConditionType::InventoryFresh, freshness(&view)),
    ];
    if realm.simulated {
        let message = "the backend names itself a simulator: nothing here is real";
        more.push((ConditionType::Simulated, Fact::new(true, Reason::Simulator, message)));
    }
    let held_before = status.held_removals.take();
    status.held_removals = held(&view, held_before.clone());
    drop(view);
    let before = publisher.status.as_ref().map(|status| status.warnings.as_slice());
    let mut advice = new_advice(before, &status.warnings);
    let budget = &publisher.spec.protection.removal_budget;
    let now = status.held_removals.as_ref();
    if let Some((fact, event)) = removals_held::<Publisher>(&publisher.name_any(), budget, held_before.as_ref(), now) {
        more.push((ConditionType::RemovalsHeld, fact));
        advice.extend(event);
    }
    Plan { more, advice, ..Plan::say(decision, status, RECHECK) }
}

/// Whether a contributor may change users is documented nowhere, so it is not known before it is tried.
fn permissions(view: &View<'_, Publisher>) -> Fact {
    if let Some(failure) = view.listing_failure().filter(|failure| failure.reason == Reason::RolesUnreadable) {
        return Fact { holds: Some(false), finding: failure.clone() };
    }
    let own = &view.realm().own;
    match view.realm().own_role(view.picture()) {
        Some(PublisherRole::Owner) => Fact::new(
            true,
            Reason::PermissionsHeld,
            format!("`{own}` is an owner, and may change the publisher's users"),
        ),
        Some(PublisherRole::Contributor) => Fact::new(
            None,
            Reason::MissingOwner,
            format!("`{own}` is a contributor, and whether one may change users is not documented: make it an owner"),
        ),
        None => Fact::new(
            None,
            Reason::RolesUnreadable,
            format!("the portal does not say in a word that we know what role `{own}` has"),
        ),
    }
}
