//! What the loop needs to know of a kind, and what a kind's plan comes to. No IO but what a kind observes.

use std::{fmt::Debug, sync::Arc, time::Duration};

use jiff::Timestamp;
use kube::{Api, Client, Resource, ResourceExt};
use serde::{Serialize, de::DeserializeOwned};

use crate::{
    access::{
        Grant,
        advice::{Rule, Severity},
    },
    api::{
        FINALIZER,
        common::{Conditions, Warning},
    },
    backend::Purpose,
    plan::{Decision, Fact, Finding, Reason},
    status::ConditionType,
};

use super::{
    context::Context,
    intent::Intent,
    key::{Kind, ObjectKey},
    lane::{Lane, Realm, Sweep},
};

/// What the loop needs to know of a kind.
pub(crate) trait Managed:
    Resource<DynamicType = ()> + Clone + Debug + Serialize + DeserializeOwned + Send + Sync + 'static
{
    /// The kind's status, without its conditions.
    type Status: Serialize + PartialEq + Clone + Debug + Default + Send + Sync;
    /// What was observed.
    type Facts: Send;
    /// Where what it declares is kept.
    type Realm: Realm;

    const KIND: Kind;
    /// The kind's own condition that [`Decision::special`] fills.
    const SPECIAL: Option<ConditionType>;
    /// The field of the status that the loop leaves alone, because its lane writes it.
    const APART: Option<&'static str> = None;

    /// The kind's API, in a namespace where it has one.
    fn api(client: &Client, namespace: Option<&str>) -> Api<Self>;

    /// Reads whatever the plan needs, and changes nothing.
    fn observe(&self, context: &Context) -> impl Future<Output = Self::Facts> + Send;

    /// Decides, by the pure functions of `plan`; of the context it only looks things up.
    fn plan(&self, facts: &Self::Facts, context: &Context, now: Timestamp) -> Plan<Self>;

    /// The name of the object that connects its realm.
    fn connection(&self) -> &str;
    fn status(&self) -> Option<&Self::Status>;
    fn observed_generation(status: &Self::Status) -> i64;
    fn conditions(status: &Self::Status) -> &Conditions;
    fn with(status: Self::Status, generation: i64, conditions: Conditions) -> Self::Status;
}

/// What a kind's plan comes to.
pub(crate) struct Plan<K: Managed> {
    pub(crate) decision: Decision<<K::Realm as Realm>::Step>,
    /// Conditions beside the ones that a decision carries.
    pub(crate) more: Vec<(ConditionType, Fact)>,
    /// The status without generation and conditions.
    pub(crate) status: K::Status,
    /// Where the steps go.
    pub(crate) lane: Option<Arc<Lane<K::Realm>>>,
    /// The object is fine as it was last told, and what is wrong is told elsewhere: say nothing.
    pub(crate) quiet: bool,
    /// How many of the object's jobs the plan knew the end of.
    pub(crate) ended: u64,
    /// What falls with what the steps remove.
    pub(crate) along: u64,
    /// By when what the steps grant is over.
    pub(crate) until: Option<Timestamp>,
    /// The generation of its connection that it was decided by.
    pub(crate) grounds: Option<i64>,
    /// Advice that the object did not have before, by rule: each is an event too.
    pub(crate) advice: Vec<Warning>,
    /// The grants that the object stands for, so that others know of it.
    pub(crate) declares: Vec<Grant>,
    /// What the object itself wants removed because nobody declares it; `None` where it has no say.
    pub(crate) sweeps: Option<Vec<Sweep<<K::Realm as Realm>::Step>>>,
    /// What others did, as a sentence: it is told before anything is done about it.
    pub(crate) drift: Option<String>,
    /// What the steps set out to grant, as far as it has to be noted on the object first.
    pub(crate) intent: Intent<<K::Realm as Realm>::Granted>,
    /// The marks of grants that stay behind when it goes.
    pub(crate) leaves: Vec<String>,
    /// When to look again without being woken.
    pub(crate) recheck: Duration,
}

impl<K: Managed> Plan<K> {
    /// A plan that only says something, and looks again after that time.
    pub(crate) fn say(decision: Decision<<K::Realm as Realm>::Step>, status: K::Status, recheck: Duration) -> Self {
        Self {
            decision,
            more: Vec::new(),
            status,
            lane: None,
            quiet: false,
            ended: 0,
            along: 0,
            until: None,
            grounds: None,
            advice: Vec::new(),
            declares: Vec::new(),
            sweeps: None,
            intent: Intent::default(),
            leaves: Vec::new(),
            drift: None,
            recheck,
        }
    }
}

/// The warnings whose rule was not given before: a sentence that changes with a count is no news, and a note is nothing to wake
/// anybody for.
pub(crate) fn new_advice(before: Option<&[Warning]>, now: &[Warning]) -> Vec<Warning> {
    let before = before.unwrap_or_default();
    let matters = |it: &&Warning| Rule::parse(&it.rule).is_some_and(|rule| rule.text().severity == Severity::Warning);
    now.iter().filter(matters).filter(|it| before.iter().all(|known| known.rule != it.rule)).cloned().collect()
}

/// The key of an object as the API server gave it.
pub(crate) fn key_of<K: Managed>(object: &K) -> Option<ObjectKey> {
    Some(ObjectKey {
        kind: K::KIND,
        namespace: object.namespace().unwrap_or_default(),
        name: object.name_any(),
        uid: object.uid()?,
    })
}

/// What an object's steps are for. To make again what was so before, at the same generation of it, is upkeep: it waits behind
/// what somebody has just asked for. A removal is nothing to wait with.
pub(crate) fn purpose_of<K: Managed>(object: &K, plan: &Plan<K>, context: &Context) -> Purpose {
    let (uid, generation) = (object.uid().unwrap_or_default(), object.meta().generation.unwrap_or_default());
    let was_so = object.status().is_some_and(|status| {
        let special = K::SPECIAL.and_then(|kind| K::conditions(status).get(kind));
        K::observed_generation(status) == generation && special.is_some_and(|it| it.status == "True")
    });
    if was_so {
        // The status that tells what is missing comes before the repair.
        context.memory.begin_repair(&uid, generation);
    }
    let removes = plan.decision.steps.iter().any(|step| K::Realm::removal(step).is_some());
    if removes || !context.memory.is_repair(&uid, generation) { Purpose::Change } else { Purpose::Upkeep }
}

/// Whether our finalizer is on the object as it was last seen.
pub(crate) fn has_finalizer<K: Resource>(object: &K) -> bool {
    object.meta().finalizers.as_ref().is_some_and(|all| all.iter().any(|one| one == FINALIZER))
}

/// Whether the time has come that a status names as the next one, so that its object is not as it was told.
pub(crate) fn is_due(next: Option<&str>, now: Timestamp) -> bool {
    next.and_then(|at| at.parse::<Timestamp>().ok()).is_some_and(|at| at <= now)
}

/// What objects of a realm say when it cannot be reached: the ones that were fine stay as they are.
pub(crate) fn unreachable<K: Managed>(object: &K, problem: &Finding, status: K::Status) -> Plan<K> {
    let generation = object.meta().generation.unwrap_or_default();
    let fine = object.meta().deletion_timestamp.is_none()
        && object.status().is_some_and(|status| {
            let ready = K::conditions(status).get(ConditionType::Ready);
            K::observed_generation(status) == generation && ready.is_some_and(|ready| ready.status == "True")
        });
    let mut decision = Decision::say(problem.reason, problem.message.clone());
    decision.validated =
        Fact::new(None, problem.reason, format!("it cannot be judged before the {} is connected", K::Realm::NOUN));
    Plan { quiet: fine, ..Plan::say(decision, status, Duration::from_mins(1)) }
}

/// A reason that lets a deleted object go unrevoked.
pub(crate) fn may_be_let_go(problem: &Finding) -> bool {
    matches!(
        problem.reason,
        Reason::CredentialsMissing
            | Reason::CredentialsRejected
            | Reason::OrganizationNotFound
            | Reason::OrganizationMismatch
            | Reason::DuplicateOrganization
            | Reason::PublisherNotFound
            | Reason::PublisherNotVisible
            | Reason::DuplicatePublisher
    )
}
