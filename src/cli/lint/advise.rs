//! Advice about objects that make sense, by the rules that the operator uses as well. No IO.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    access::{
        Advice, Catalogue, PrincipalKind,
        advice::{Counted, Granted, MOST_COMPARED, Person, Rest, Rule, grant, organization, person},
        catalogue::ORGANIZATION_ADMIN,
        effective::Held,
        listing::AuthType,
    },
    api::user,
    cli::manifest::Object,
    plan::publisher::{advice, publisher_advice},
};

use super::{
    finding::Finding,
    set::{Holder, Set, called, kind},
};

/// All advice, each with its object.
pub(super) fn advise<'m>(set: &Set<'m>, catalogue: &Catalogue) -> Vec<(&'m Object, Finding)> {
    let holdings = set.holdings();
    let mut found: Vec<(&Object, Advice)> = Vec::new();
    grants(set, catalogue, &holdings, &mut found);
    people(set, catalogue, &holdings, &mut found);
    for it in set.organizations.values() {
        let advice = organization(admins(set, &it.object.name), Counted::Declared);
        found.extend(advice.map(|advice| (it.object, advice)));
    }
    for it in set.publishers.values() {
        let roll = set.roll(&it.object.name);
        // Nobody is declared, so the users are kept elsewhere.
        if roll.members().next().is_some() {
            found.extend(publisher_advice(&roll).into_iter().map(|advice| (it.object, advice)));
        }
    }
    for it in &set.members {
        let Ok(desired) = &it.desired else { continue };
        let roll = set.roll(&it.of.spec.publisher_ref.name);
        found.extend(advice(desired, None, &roll).into_iter().map(|advice| (it.object, advice)));
    }
    let told = |(object, advice): (&'m Object, Advice)| {
        let place = object.place(path(advice.rule));
        (object, Finding::advice(advice, place, object.title()))
    };
    found.into_iter().map(told).collect()
}

fn grants<'m>(
    set: &Set<'m>,
    catalogue: &Catalogue,
    holdings: &BTreeMap<Holder, Vec<(usize, Held)>>,
    found: &mut Vec<(&'m Object, Advice)>,
) {
    for all in holdings.values() {
        let mut known: BTreeMap<&Held, usize> = BTreeMap::new();
        for (number, (index, held)) in all.iter().enumerate() {
            let binding = &set.bindings[*index];
            let Ok(desired) = &binding.desired else { continue };
            let who = called(&desired.principal);
            let granted = Granted { who: &who, kind: kind(&desired.principal, None), held };
            let rest = without(all, number);
            found.extend(
                grant(catalogue, granted, Some(Rest { held: &rest })).into_iter().map(|it| (binding.object, it)),
            );
            // The first of those that declare the same is the one that the others add nothing to.
            if let Some(first) = known.get(held) {
                let first = set.bindings[*first].object.title();
                let said = format!("{first} declares the same grant: it goes with the last of its objects");
                found.push((binding.object, Advice::new(Rule::SharedGrant, said)));
            }
            known.entry(held).or_insert(*index);
        }
    }
}

/// Everything else that is held; all of it where it is too much to be compared anyway.
fn without(all: &[(usize, Held)], number: usize) -> Vec<Held> {
    let rest = all.iter().enumerate().filter(|(other, _)| *other != number).map(|(_, (_, held))| held.clone());
    rest.take(MOST_COMPARED + 1).collect()
}

fn people<'m>(
    set: &Set<'m>,
    catalogue: &Catalogue,
    holdings: &BTreeMap<Holder, Vec<(usize, Held)>>,
    found: &mut Vec<(&'m Object, Advice)>,
) {
    let sso = set.with_sso();
    let mut known: BTreeMap<Holder, &Object> = BTreeMap::new();
    for it in &set.users {
        let spec = &it.of.spec;
        let holder = (spec.organization_ref.name.clone(), spec.email.clone());
        let facts = Person {
            email: &spec.email,
            auth_type: spec.auth_type.map(|it| match it {
                user::AuthType::Sso => AuthType::Sso,
                user::AuthType::Local => AuthType::Local,
            }),
            deleted_with_everything: spec.deletion_policy == user::UserDeletionPolicy::Delete,
            others_by_sso: sso.contains(spec.organization_ref.name.as_str()),
        };
        found.extend(person(facts).into_iter().map(|advice| (it.object, advice)));
        if let Some(first) = known.get(&holder) {
            let said =
                format!("{} declares `{}` too: the account goes with the last of them", first.title(), spec.email);
            found.push((it.object, Advice::new(Rule::SharedPerson, said)));
        } else if !holdings.contains_key(&holder) {
            let mapping = catalogue.defaults().first().filter(|_| facts.auth_type == Some(AuthType::Sso));
            let unless = mapping.map(|it| format!(", unless the default mapping `{}` gives one", it.mapping));
            let said = format!(
                "`{}` holds no role by these manifests, and without one can use neither the console nor the command line{}",
                spec.email,
                unless.unwrap_or_default()
            );
            found.push((it.object, Advice::new(Rule::PersonWithoutRole, said)));
        }
        known.entry(holder).or_insert(it.object);
    }
}

/// How many people are declared as administrators of an organization.
fn admins(set: &Set<'_>, organization: &str) -> usize {
    let admins = set.bindings.iter().filter(|it| it.of.spec.organization_ref.name == organization);
    let people = admins.filter_map(|it| {
        let desired = it.desired.as_ref().ok().filter(|it| it.role == ORGANIZATION_ADMIN)?;
        (kind(&desired.principal, None) == Some(PrincipalKind::User)).then(|| called(&desired.principal))
    });
    people.collect::<BTreeSet<_>>().len()
}

/// The field that a rule is about.
fn path(rule: Rule) -> &'static str {
    match rule {
        Rule::MetricsViewerForPerson => "spec.principal",
        Rule::ConsumeWithoutGroup
        | Rule::ClientsByChance
        | Rule::AssignerOnAll
        | Rule::WideOwner
        | Rule::BindingGoesWithKsql => "spec.scope",
        Rule::LocalUserInSsoOrganization => "spec.authType",
        Rule::DeletionTakesKeys => "spec.deletionPolicy",
        Rule::PersonWithoutRole | Rule::SharedPerson | Rule::PersonalMailDomain => "spec.email",
        Rule::MailboxNotAttested => "spec.mailbox",
        Rule::SingleOrganizationAdmin
        | Rule::ManyOrganizationAdmins
        | Rule::NoGroup
        | Rule::FewOwners
        | Rule::SharedGrant => "metadata.name",
        Rule::KeysForOthersOnly
        | Rule::ContainedBinding
        | Rule::UnverifiedRole
        | Rule::KsqlKeysSurvive
        | Rule::KeysOutliveBinding
        | Rule::KsqlAdminWithoutKafka
        | Rule::StatementsAreVisible
        | Rule::StewardDeletesSubjects
        | Rule::NewOrganizationAdmin
        | Rule::UnknownAccountType => "spec.role",
    }
}
