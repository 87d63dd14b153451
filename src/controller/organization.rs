//! `ConfluentOrganization` in the loop: connects, verifies, and tells what the lane knows.

use std::sync::Arc;

use jiff::Timestamp;
use kube::{Api, Client, ResourceExt};

use crate::{
    access::{
        Advice,
        advice::{self, Counted},
        catalogue::{AccountOperation, Catalogue},
        listing::Binding,
    },
    api::{
        ConfluentOrganization, ConfluentOrganizationStatus,
        common::{Conditions, Management},
        convert,
        organization::{CountsStatus, IdentityStatus},
    },
    plan::{
        Decision, Fact, Finding, Inventory, Reason,
        guard::{GuardFacts, effective_admins},
    },
    status::ConditionType,
};

use super::{
    connection::to_organization,
    context::Context,
    key::Kind,
    lane::{Lane, Organization, View},
    link::{Connection, Link},
    managed::{Managed, Plan, has_finalizer, new_advice},
    standing::{
        Dependents, OBSERVING, RECHECK, RETRY, Standing, credentials, freshness, held as held_removals, kept, ready,
        released, removals_held,
    },
    unmanaged::{look, news},
    wake::is_going,
};

/// Most entries of a list in a status.
const SHOWN: usize = 20;

/// What was observed of one organization.
pub(crate) type OrganizationFacts = Standing<Organization>;

impl Managed for ConfluentOrganization {
    type Status = ConfluentOrganizationStatus;
    type Facts = OrganizationFacts;
    type Realm = Organization;

    const KIND: Kind = Kind::Organization;
    const SPECIAL: Option<ConditionType> = None;
    const APART: Option<&'static str> = Some("removals");

    fn api(client: &Client, _: Option<&str>) -> Api<Self> {
        Api::all(client.clone())
    }

    async fn observe(&self, context: &Context) -> OrganizationFacts {
        let name = self.name_any();
        context.declared.fill(&context.wake.bindings);
        if self.status.as_ref().is_none_or(|status| status.observed_generation < 0) {
            context.wake.organization_twins(self);
        }
        let connected = to_organization(self, context).await;
        let generation = self.metadata.generation.unwrap_or_default();
        let (link, fingerprint) = match &connected {
            Ok((lane, fingerprint)) => (Link::Lane(Arc::clone(lane)), *fingerprint),
            Err(finding) => (Link::Broken(finding.clone()), 0),
        };
        context.organizations.connect(&name, Connection { link, fingerprint, generation });
        let reached = connected.map(|(lane, _)| lane).inspect(|lane| lane.look_at_held());
        Standing { reached, dependents: self.metadata.deletion_timestamp.is_some().then(|| dependents(self, context)) }
    }

    fn plan(&self, facts: &OrganizationFacts, context: &Context, now: Timestamp) -> Plan<Self> {
        let status = self.status.clone().unwrap_or_default();
        if facts.dependents.is_some_and(|dependents| dependents.all == 0) {
            return released(status);
        }
        let plan = match &facts.reached {
            Ok(lane) => connected(self, lane, status, context, now),
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

    fn status(&self) -> Option<&ConfluentOrganizationStatus> {
        self.status.as_ref()
    }

    fn observed_generation(status: &ConfluentOrganizationStatus) -> i64 {
        status.observed_generation
    }

    fn conditions(status: &ConfluentOrganizationStatus) -> &Conditions {
        &status.conditions
    }

    fn with(
        mut status: ConfluentOrganizationStatus,
        generation: i64,
        conditions: Conditions,
    ) -> ConfluentOrganizationStatus {
        status.observed_generation = generation;
        status.conditions = conditions;
        status
    }
}

/// The objects that keep it; where everything is only observed, those that still have to be let go.
fn dependents(organization: &ConfluentOrganization, context: &Context) -> Dependents {
    let (name, observing) = (organization.connection(), organization.spec.management == Management::Observe);
    let keeps = |connection: &str, finalized: bool| connection == name && (finalized || !observing);
    let mut dependents = Dependents::default();
    let (users, bindings) = (&context.wake.users, &context.wake.bindings);
    dependents.count(users.select(|it| keeps(it.connection(), has_finalizer(it)).then(|| is_going(it))));
    dependents.count(bindings.select(|it| keeps(it.connection(), has_finalizer(it)).then(|| is_going(it))));
    for names in [users.broken(|it| it.says(REFERENCE, name)), bindings.broken(|it| it.says(REFERENCE, name))] {
        dependents.count(names.iter().map(|_| false));
    }
    dependents
}

/// Where an object that cannot be decoded says to which organization it belongs.
const REFERENCE: &str = "/spec/organizationRef/name";

/// What is worth knowing about who administers it; nothing where the operator may not see that.
fn advice(object: &ConfluentOrganization, lane: &Lane<Organization>, inventory: &Inventory) -> Vec<Advice> {
    let admins: Vec<Binding> =
        inventory.bindings().filter(|it| Inventory::is_organization_admin(it)).cloned().collect();
    if admins.is_empty() {
        return Vec::new();
    }
    let (realm, protection) = (lane.realm(), convert::protection(&object.spec.protection));
    let own = realm.identity.principal.as_ref();
    let facts = GuardFacts {
        inventory,
        catalogue: &realm.catalogue,
        admins: &admins,
        own,
        protection: &protection,
        confirmed: "",
    };
    advice::organization(effective_admins(facts).len(), Counted::Effective).into_iter().collect()
}

/// What an organization says that cannot be connected.
fn broken(finding: &Finding) -> (Decision, Vec<(ConditionType, Fact)>) {
    let refused = matches!(
        finding.reason,
        Reason::CredentialsMissing | Reason::CredentialsRejected | Reason::OrganizationMismatch
    );
    // Where the credential was not even tried, it is not known.
    let credentials = refused.then_some(false);
    let invalid = matches!(
        finding.reason,
        Reason::InvalidSpec | Reason::DuplicateOrganization | Reason::EndpointNotAllowed | Reason::OrganizationMismatch
    );
    let decision = if invalid {
        Decision::invalid(finding.reason, finding.message.clone())
    } else {
        Decision::say(finding.reason, finding.message.clone())
    };
    let unknown = |kind| (kind, Fact::new(None, finding.reason, "it is not connected"));
    let more = vec![
        (ConditionType::CredentialsValid, Fact { holds: credentials, finding: finding.clone() }),
        unknown(ConditionType::PermissionsSufficient),
        unknown(ConditionType::InventoryFresh),
    ];
    (decision, more)
}

fn connected(
    organization: &ConfluentOrganization,
    lane: &Arc<Lane<Organization>>,
    mut status: ConfluentOrganizationStatus,
    context: &Context,
    now: Timestamp,
) -> Plan<ConfluentOrganization> {
    let identity = &lane.realm().identity;
    let view = lane.view();
    let own = identity.principal.as_ref();
    let who = own.map_or_else(|| "a principal that the key may not read".to_owned(), |id| format!("`{id}`"));
    status.display_name = Some(identity.display_name.clone());
    let mut held: Option<Vec<(String, String)>> = None;
    if let Some(inventory) = view.picture() {
        status.counts = Some(counts(inventory));
        let roles = own.into_iter().flat_map(|id| inventory.bindings_of(id));
        let roles: Vec<(String, String)> = roles
            .map(|binding| {
                let place = binding.scope.as_ref().map_or_else(|| binding.crn.clone(), crate::access::Scope::describe);
                (binding.role.clone(), format!("{} on {place}", binding.role))
            })
            .collect();
        held = (!roles.is_empty()).then_some(roles);
        status.warnings = convert::warnings(&organization.metadata, advice(organization, lane, inventory));
    }
    let mut roles: Option<Vec<String>> =
        held.as_ref().map(|held| held.iter().map(|(_, words)| words.clone()).collect());
    if let Some(roles) = &mut roles {
        roles.sort();
        roles.truncate(SHOWN);
    }
    status.identity = Some(IdentityStatus { principal: own.map(|id| id.as_str().to_owned()), roles });
    let ready = ready(&view, &identity.display_name, &who);
    let observing = organization.spec.management == Management::Observe;
    let mut decision = Decision::say(ready.reason, ready.message + if observing { OBSERVING } else { "" });
    let broken = convert::broken_delegations(&organization.spec);
    if !broken.is_empty() {
        decision = Decision::invalid(Reason::InvalidSpec, broken.join("; "));
    }
    // The credential is kept while anything refers to the organization and may have to be revoked with it.
    decision.owns = !observing;
    let credentials = credentials(&view, format!("the vendor knows the key as {who}"));
    let mut more = vec![
        (ConditionType::CredentialsValid, credentials),
        (ConditionType::PermissionsSufficient, permissions(&view, &lane.realm().catalogue, held.as_deref(), &who)),
        (ConditionType::InventoryFresh, freshness(&view)),
    ];
    if identity.simulated {
        let message = "the backend names itself a simulator: nothing here is real";
        more.push((ConditionType::Simulated, Fact::new(true, Reason::Simulator, message)));
    }
    let undeclared = look(organization, &view, context, now);
    // What has been declared since is seen at the next look.
    let recheck = if undeclared.told.is_some() { RETRY } else { RECHECK };
    let recheck = undeclared.next.map_or(recheck, |next| next.min(recheck));
    let new = news(status.unmanaged.as_ref(), undeclared.told.as_ref());
    status.unmanaged = undeclared.told;
    let before = status.held_removals.take();
    status.held_removals = held_removals(&view, before.clone());
    drop(view);
    let budget = &organization.spec.protection.removal_budget;
    let told =
        removals_held::<Organization>(&organization.name_any(), budget, before.as_ref(), status.held_removals.as_ref());
    let known = organization.status.as_ref().map(|status| status.warnings.as_slice());
    let mut advice = new_advice(known, &status.warnings);
    if let Some((fact, event)) = told {
        more.push((ConditionType::RemovalsHeld, fact));
        advice.extend(event);
    }
    advice.extend(new);
    let sweeps = Some(undeclared.sweeps).filter(|_| !undeclared.untold);
    Plan { more, advice, lane: Some(Arc::clone(lane)), sweeps, ..Plan::say(decision, status, recheck) }
}

fn counts(inventory: &Inventory) -> CountsStatus {
    let counts = inventory.counts();
    let count = |size: usize| u32::try_from(size).unwrap_or(u32::MAX);
    CountsStatus {
        users: count(counts.users),
        invitations: count(counts.invitations),
        service_accounts: count(counts.service_accounts),
        bindings: count(counts.bindings),
    }
}

/// Inviting and deleting are judged apart, since other administrators may invite.
fn permissions(
    view: &View<'_, Organization>,
    catalogue: &Catalogue,
    held: Option<&[(String, String)]>,
    who: &str,
) -> Fact {
    // The picture may be from before a role was taken away.
    if let Some(failure) = view.listing_failure().filter(|failure| failure.reason == Reason::RolesUnreadable) {
        return Fact { holds: Some(false), finding: failure.clone() };
    }
    let Some(held) = held else {
        let message = format!("the vendor does not show {who} its own roles, so it is not known what it may do");
        return Fact::new(None, Reason::RolesUnreadable, message);
    };
    let may = |operation| catalogue.may_operate(held.iter().map(|(role, _)| role.as_str()), operation);
    let lacking: Vec<&str> = [(AccountOperation::InviteUser, "invite"), (AccountOperation::DeleteUser, "remove")]
        .into_iter()
        .filter(|(operation, _)| !may(*operation))
        .map(|(_, verb)| verb)
        .collect();
    if lacking.is_empty() {
        return Fact::new(true, Reason::PermissionsHeld, format!("{who} may invite and remove people"));
    }
    let message = format!("{who} may not {} people: grant it AccountAdmin or OrganizationAdmin", lacking.join(" or "));
    Fact::new(false, Reason::MissingAccountAdmin, message)
}
