//! `RoleBinding` in the loop: what is observed, and how the decision becomes a status.

use std::time::Duration;

use jiff::Timestamp;
use kube::{Api, Client, ResourceExt};

use crate::{
    access::{
        Advice, Grant, PrincipalId,
        advice::{self, Granted, Rest},
        effective::{At, Held, Through, held},
    },
    api::{
        ConfluentOrganizationSpec, ConfluentUser, RoleBinding, RoleBindingStatus, binding::MeaningStatus,
        common::Conditions, convert,
    },
    plan::{
        Class, Finding, Reason,
        binding::{BindingDecision, BindingObject, DeclaredPrincipal, DesiredBinding, Meaning, Sharers, decide},
    },
    status::ConditionType,
};

use super::{
    context::Context,
    drift,
    ground::{Ground, lane_or_wait},
    intent,
    key::Kind,
    lane::{Organization, View},
    managed::{Managed, Plan, is_due, key_of, new_advice},
    missed, neighbour,
    unmanaged::left_behind,
    wake::is_going,
};

/// What was observed of one binding's object.
pub(crate) struct BindingFacts {
    ground: Ground,
    recheck: Duration,
}

impl Managed for RoleBinding {
    type Status = RoleBindingStatus;
    type Facts = BindingFacts;
    type Realm = Organization;

    const KIND: Kind = Kind::Binding;
    const SPECIAL: Option<ConditionType> = Some(ConditionType::Granted);

    fn api(client: &Client, namespace: Option<&str>) -> Api<Self> {
        Api::namespaced(client.clone(), namespace.unwrap_or("default"))
    }

    async fn observe(&self, context: &Context) -> BindingFacts {
        context.declared.fill(&context.wake.bindings);
        let recheck = context.wake.resync(self.connection());
        BindingFacts { ground: Ground::observe(self, self.connection(), context), recheck }
    }

    fn plan(&self, facts: &BindingFacts, context: &Context, now: Timestamp) -> Plan<Self> {
        let ground = &facts.ground;
        let mut status = self.status.clone().unwrap_or_default();
        status.principal = Some(called(self, context));
        let lane = match lane_or_wait(self, &ground.link, ground.observing, &status) {
            Ok(lane) => lane,
            Err(mut plan) => {
                plan.declares = intent::told(self);
                // Something is due and cannot be done: that is no time to be quiet.
                plan.quiet &= !is_due(status.next_transition.as_deref(), now);
                return *plan;
            }
        };
        let desired = desired(self, ground.spec(), context);
        status.scope = desired.as_ref().ok().map(|desired| desired.scope.describe());
        let view = lane.view();
        let uid = self.uid().unwrap_or_default();
        let standing = |grant: &Grant| context.standing(self.connection(), grant);
        // Nothing goes with the last where all is only observed; and what is not recorded, a restart would have to learn anew.
        let others = |grant: &Grant| standing(grant).others(self.connection(), grant, &uid);
        let known = |grant: &Grant| if ground.observing { Vec::new() } else { others(grant) };
        let all = |grant: &Grant| neighbour::others(self, grant, ground, &view, context, now);
        let answered = |grant: &Grant| standing(grant).is_answered(self.connection(), grant, &uid);
        let (mut made, mut doubted, mut missing) = (Vec::new(), Vec::new(), String::new());
        let decided = match view.picture() {
            Some(inventory) => {
                let facts = ground.facts(&view, inventory, now);
                let mut object = object(self, desired.as_ref().ok(), ground, context, now);
                (object.made, doubted) = intent::made(self, &object, &facts, &view);
                object.doubted = !doubted.is_empty();
                made.clone_from(&object.made);
                object.unproved = intent::unproved(&uid, &object, &view);
                missing = intent::in_words(&object.unproved);
                decide(&object, &desired, &facts, Sharers { known: &known, all: &all, answered: &answered })
            }
            None => crate::plan::Decision::say(Reason::OrganizationNotReady, "there is no listing yet").into(),
        };
        if let (Some(record), Some(spec)) = (&decided.record, ground.spec()) {
            status.grant = Some(intent::status_of(record.clone(), &spec.organization_id));
        }
        let unseen = intent::unseen(self, &view, now);
        if decided.lets_go && unseen.is_none() {
            status.grant = None;
        }
        let organization_id = ground.spec().map_or("", |spec| &spec.organization_id);
        let (mut intent, mut granting) = intent::of(self, &decided, &doubted, organization_id, &view);
        intent.keep(unseen, &decided, &mut granting);
        status.granting = granting;
        status.binding_id.clone_from(&decided.binding_id);
        status.next_transition = decided.next.map(|at| at.to_string());
        status.meaning = decided.meaning.as_ref().map(meaning_status).or(status.meaning);
        status.warnings = convert::warnings(&self.metadata, advice(self, &decided, lane.realm(), &view, now));
        let ended = view.ended(&uid);
        let recorded = convert::recorded(self);
        // What a deleted object has to end is its own until it has, unless another object comes to declare it.
        let declares = if is_going(self) {
            recorded.iter().map(|recorded| recorded.grant.clone()).chain(view.made(&uid)).collect()
        } else {
            // Nor is anybody else's what it made before an edit, and has to end.
            let beyond = made.into_iter().filter(|it| !decided.declares.contains(it));
            decided.declares.iter().cloned().chain(beyond).collect()
        };
        let drift = view.picture().and_then(|inventory| drift::of_binding(self, &decided, inventory, &view));
        if let Some(drift) = &drift {
            status.drift = drift::with(&status.drift, drift, now);
        }
        let drift = drift.map(|it| it.sentence(&format!("{} for `{}`", self.spec.role, called(self, context))));
        let leaves = Some(&decided).filter(|it| it.decision.released);
        let leaves = leaves.map(|_| left_behind(self, ground.spec())).unwrap_or_default();
        let listed = recorded.as_ref().filter(|it| view.picture().is_some_and(|all| all.find(&it.grant).is_some()));
        let listed = listed.map(|it| it.grant.to_string());
        drop(view);
        if let Some(grant) = listed {
            lane.shows(&uid, &grant);
        }
        lane.unnote(&uid, &intent.over);
        if let Some(key) = key_of(self).filter(|_| decided.decision.looks_again) {
            lane.look_twice(&key, &missing);
        }
        missed::look(self, &decided, desired.as_ref().ok(), &lane);
        if let Some(recorded) = recorded {
            lane.recorded(&uid, &recorded.grant);
        }
        let lane = Some(lane);
        let advice = new_advice(self.status.as_ref().map(|status| status.warnings.as_slice()), &status.warnings);
        let recheck = young(self, now).map_or(facts.recheck, |left| left.min(facts.recheck));
        Plan {
            lane,
            ended,
            until: decided.next,
            advice,
            declares,
            drift,
            intent,
            leaves,
            ..Plan::say(decided.decision, status, recheck)
        }
    }

    fn connection(&self) -> &str {
        &self.spec.organization_ref.name
    }

    fn status(&self) -> Option<&RoleBindingStatus> {
        self.status.as_ref()
    }

    fn observed_generation(status: &RoleBindingStatus) -> i64 {
        status.observed_generation
    }

    fn conditions(status: &RoleBindingStatus) -> &Conditions {
        &status.conditions
    }

    fn with(mut status: RoleBindingStatus, generation: i64, conditions: Conditions) -> RoleBindingStatus {
        status.observed_generation = generation;
        status.conditions = conditions;
        status
    }
}

/// What is worth knowing about the grant, once all is as declared: before, what else the principal is to hold may be on its way.
/// It is compared with what is held, of which listings tell news: what is declared and never made, as of a suspended object, would
/// be told after one restart and not after another.
fn advice(
    binding: &RoleBinding,
    decided: &BindingDecision,
    realm: &Organization,
    view: &View<'_, Organization>,
    now: Timestamp,
) -> Vec<Advice> {
    let record = decided.record.clone().or_else(|| convert::recorded(binding));
    let (Some(record), Some(inventory)) = (record, view.picture()) else { return Vec::new() };
    if decided.decision.ready.reason.class() != Class::Settled || binding.metadata.deletion_timestamp.is_some() {
        return Vec::new();
    }
    let grant = &record.grant;
    let own = Held { role: grant.role.clone(), at: At::Place(grant.scope.clone()), through: Through::Binding };
    let mut rest = held(&grant.principal, &[], inventory.bindings_of(&grant.principal), None);
    rest.sort();
    rest.dedup();
    rest.retain(|it| *it != own);
    let granted = Granted { who: &record.label, kind: grant.principal.kind(), held: &own };
    let rest = young(binding, now).is_none().then_some(Rest { held: &rest });
    advice::grant(&realm.catalogue, granted, rest)
}

/// How long an object stays so young that what belongs to it may still be on its way, such as the group to a topic: comparing it
/// with what else its principal holds would make a false alarm, and a status that changes with each neighbour.
const YOUNG: Duration = Duration::from_secs(30);

/// How much longer an object is young.
fn young(binding: &RoleBinding, now: Timestamp) -> Option<Duration> {
    let created = binding.metadata.creation_timestamp.as_ref()?.0;
    // Where the clock was set back, an object from a time to come is as old as any.
    let age = now.duration_since(created).unsigned_abs();
    YOUNG.checked_sub(age).filter(|left| !left.is_zero())
}

fn meaning_status(meaning: &Meaning) -> MeaningStatus {
    match meaning {
        Meaning::Open => MeaningStatus::default(),
        Meaning::Settled { principal, label } => {
            MeaningStatus { principal_id: principal.as_str().to_owned(), principal: label.clone() }
        }
    }
}

/// Whom the status says that the spec means.
fn meaning(binding: &RoleBinding) -> Option<Meaning> {
    let meaning = binding.status.as_ref()?.meaning.as_ref()?;
    if meaning.principal_id.is_empty() {
        return Some(Meaning::Open);
    }
    let principal = PrincipalId::new(&meaning.principal_id);
    Some(Meaning::Settled { principal, label: meaning.principal.clone() })
}

pub(super) fn desired(
    binding: &RoleBinding,
    organization: Option<&ConfluentOrganizationSpec>,
    context: &Context,
) -> Result<DesiredBinding, Finding> {
    let organization = organization
        .ok_or_else(|| Finding::new(Reason::OrganizationNotReady, "the organization's object cannot be read"))?;
    convert::desired_binding(&binding.spec, organization, |name| {
        let user = user_named(binding, name, context)?;
        Some(user.spec.email)
    })
}

/// The `ConfluentUser` of the same namespace and organization by that name. One that is being deleted still counts: it
/// waits for its bindings, and they stand until they are deleted themselves.
fn user_named(binding: &RoleBinding, name: &str, context: &Context) -> Option<ConfluentUser> {
    let found = context.wake.users.get(name, &binding.namespace().unwrap_or_default())?;
    let user = found.0.as_ref().ok()?;
    (user.spec.organization_ref == binding.spec.organization_ref).then(|| user.clone())
}

/// How the principal is called in a table: people by their e-mail.
fn called(binding: &RoleBinding, context: &Context) -> String {
    let reference = binding.spec.principal.user_ref.as_ref();
    reference
        .and_then(|reference| user_named(binding, &reference.name, context))
        .map_or_else(|| convert::principal_label(&binding.spec.principal), |user| user.spec.email)
}

pub(super) fn object(
    binding: &RoleBinding,
    desired: Option<&DesiredBinding>,
    ground: &Ground,
    context: &Context,
    now: Timestamp,
) -> BindingObject {
    let observed = binding.status.as_ref().map_or(-1, |status| status.observed_generation);
    BindingObject {
        created: binding.metadata.creation_timestamp.as_ref().map_or(now, |time| time.0),
        deleting: binding.metadata.deletion_timestamp.is_some(),
        touched: binding.metadata.generation.unwrap_or_default() != observed,
        recorded: convert::recorded(binding),
        made: Vec::new(),
        unproved: Vec::new(),
        doubted: false,
        meaning: meaning(binding),
        declared_here: desired.is_some_and(|desired| declared_here(binding, &desired.principal, ground, context)),
        // One that cannot be read is told as invalid, and ends nothing.
        validity: convert::validity(binding.spec.validity.as_ref()).unwrap_or_default(),
        suspended: binding.spec.suspend,
        delegations_known: context.knows_namespace(&binding.namespace().unwrap_or_default())
            && ground.spec().is_some_and(|spec| convert::broken_delegations(spec).is_empty()),
    }
}

/// Whether a `ConfluentUser` of the binding's own namespace declares the principal, and may: one that is refused stands for nobody.
fn declared_here(binding: &RoleBinding, principal: &DeclaredPrincipal, ground: &Ground, context: &Context) -> bool {
    let declares = |user: &ConfluentUser| match principal {
        DeclaredPrincipal::Email(email) => user.spec.email == email.as_str(),
        DeclaredPrincipal::Id(id) => {
            user.status.as_ref().and_then(|status| status.user_id.as_deref()) == Some(id.as_str())
        }
        DeclaredPrincipal::MissingUser(_) | DeclaredPrincipal::ServiceAccountNamed(_) => false,
    };
    if matches!(principal, DeclaredPrincipal::MissingUser(_)) {
        // A `userRef` can only ever mean a user of this namespace.
        return true;
    }
    let namespace = binding.namespace().unwrap_or_default();
    context.wake.users.any(|user| {
        user.namespace().as_ref() == Some(&namespace)
            && user.spec.organization_ref == binding.spec.organization_ref
            && user.metadata.deletion_timestamp.is_none()
            && declares(user)
            && ground.admits(&namespace, &user.spec.email, context)
    })
}
