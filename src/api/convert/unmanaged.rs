//! Grants that no object declares: where they are looked for, and whether an object may declare one after all. No IO.

use std::time::Duration;

use jiff::Timestamp;

use crate::{
    access::{Email, Grant, PrincipalId, PrincipalKind, Scope, validity::Outside},
    api::{ConfluentOrganizationSpec, RoleBinding, binding::Principal, unmanaged::UnmanagedPolicy},
};

/// The places within which undeclared grants are told; `None` where they are not. A place that cannot be read holds nothing.
pub fn reported_within(spec: &ConfluentOrganizationSpec) -> Option<Vec<Scope>> {
    let unmanaged = spec.unmanaged.as_ref().filter(|it| it.policy != UnmanagedPolicy::Ignore)?;
    Some(unmanaged.within.iter().filter_map(|within| super::scope(within, &spec.organization_id).ok()).collect())
}

/// After how long undeclared grants are removed; `None` where they are not. A time that cannot be read never comes.
pub fn removed_after(spec: &ConfluentOrganizationSpec) -> Option<Duration> {
    let unmanaged = spec.unmanaged.as_ref().filter(|it| it.policy == UnmanagedPolicy::Remove)?;
    super::span(&unmanaged.after)
}

/// Whether an object may declare a grant of that organization, now or later: what is not known for certain counts as a yes.
/// Nothing is asked of what makes a declaration good, such as delegations, its principal or its place: an object that waits, is
/// refused, suspended or on its way out speaks for its grant as well. `names` are the names of the grant's holder, `None` where
/// they are not known; `user_email` looks up a `ConfluentUser` of the object's namespace.
pub fn may_declare(
    object: &RoleBinding,
    grant: &Grant,
    organization_id: &str,
    names: Option<&[String]>,
    user_email: impl Fn(&str) -> Option<String>,
    now: Timestamp,
) -> bool {
    if let Some(recorded) = object.status.as_ref().and_then(|status| status.grant.as_ref()) {
        let same = PrincipalId::new(&recorded.principal_id) == grant.principal && recorded.role == grant.role;
        // A record whose place cannot be read may be of any.
        if same && super::recorded(object).is_none_or(|read| read.grant.scope == grant.scope) {
            return true;
        }
    }
    let spec = &object.spec;
    let validity = super::validity(spec.validity.as_ref()).unwrap_or_default();
    if matches!(validity.outside(now), Some(Outside::Over(_))) {
        return false;
    }
    let there = super::scope(&spec.scope, organization_id).map_or(true, |scope| scope == grant.scope);
    spec.role == grant.role && there && may_mean(&spec.principal, grant, names, user_email)
}

fn may_mean(
    principal: &Principal,
    grant: &Grant,
    names: Option<&[String]>,
    user_email: impl Fn(&str) -> Option<String>,
) -> bool {
    let kind = grant.principal.kind();
    let called = |name: &str| names.is_none_or(|names| names.iter().any(|it| it == name));
    let person = |email: &str| kind == Some(PrincipalKind::User) && called(Email::from_remote(email).as_str());
    if let Some(reference) = &principal.user_ref {
        // One that is not there yet may become anybody.
        return user_email(&reference.name).map_or(kind == Some(PrincipalKind::User), |email| person(&email));
    }
    if let Some(email) = &principal.email {
        return person(email);
    }
    let account = principal.service_account.as_ref();
    if let Some(name) = account.and_then(|account| account.display_name.as_ref()) {
        return kind == Some(PrincipalKind::ServiceAccount) && called(name);
    }
    let id = account.and_then(|account| account.id.as_ref()).or(principal.id.as_ref());
    id.is_none_or(|id| PrincipalId::new(id) == grant.principal)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, from_value, json};

    use super::*;

    fn grant(principal: &str) -> Grant {
        let scope = Scope::environment("env-1").unwrap();
        Grant { principal: PrincipalId::new(principal), role: "Operator".to_owned(), scope }
    }

    fn object(edit: impl FnOnce(&mut Value)) -> RoleBinding {
        let mut object = json!({
            "apiVersion": "access.roster.dev/v1alpha1", "kind": "RoleBinding",
            "metadata": {"name": "it", "namespace": "team"},
            "spec": {"organizationRef": {"name": "example"}, "principal": {"email": "mary@example.com"},
                "role": "Operator", "scope": {"environment": "env-1"}},
        });
        edit(&mut object);
        from_value(object).unwrap()
    }

    fn speaks(principal: &str, names: Option<&[&str]>, edit: impl FnOnce(&mut Value)) -> bool {
        let names: Option<Vec<String>> = names.map(|names| names.iter().map(|it| (*it).to_owned()).collect());
        let email = |name: &str| (name == "mary").then(|| "mary@example.com".to_owned());
        let now = "2026-06-01T00:00:00Z".parse().unwrap();
        may_declare(&object(edit), &grant(principal), "o", names.as_deref(), email, now)
    }

    #[test]
    fn an_object_speaks_for_a_grant_by_every_name_that_it_can_use() {
        let mary = Some(&["mary@example.com"][..]);
        assert!(speaks("u-1", mary, |_| {}));
        assert!(!speaks("u-1", Some(&["linus@example.com"]), |_| {}));
        assert!(speaks("u-1", None, |_| {}), "whoever is not known may be meant");
        assert!(!speaks("sa-1", None, |_| {}), "no address means a service account");
        let principal = |principal: Value| move |it: &mut Value| it["spec"]["principal"] = principal;
        assert!(speaks("u-1", mary, principal(json!({"userRef": {"name": "mary"}}))));
        assert!(!speaks("u-1", Some(&["linus@example.com"]), principal(json!({"userRef": {"name": "mary"}}))));
        assert!(speaks("u-1", mary, principal(json!({"userRef": {"name": "later"}}))), "it may become anybody");
        assert!(!speaks("sa-1", None, principal(json!({"userRef": {"name": "later"}}))));
        assert!(speaks("u-1", mary, principal(json!({"id": "u-1"}))));
        assert!(!speaks("u-1", mary, principal(json!({"id": "u-2"}))));
        let named = json!({"serviceAccount": {"displayName": "etl"}});
        assert!(speaks("sa-1", Some(&["etl"]), principal(named.clone())));
        assert!(!speaks("sa-1", Some(&["other"]), principal(named)));
        assert!(speaks("sa-1", Some(&["etl"]), principal(json!({"serviceAccount": {"id": "sa-1"}}))));
    }

    #[test]
    fn an_object_that_waits_or_is_refused_speaks_as_well_and_one_whose_time_is_over_does_not() {
        let mary = Some(&["mary@example.com"][..]);
        assert!(speaks("u-1", mary, |it| it["spec"]["suspend"] = json!(true)));
        assert!(speaks("u-1", mary, |it| it["spec"]["validity"] = json!({"notBefore": "2026-07-01T00:00:00Z"})));
        assert!(speaks("u-1", mary, |it| it["spec"]["validity"] = json!({"notAfter": "no time"})));
        assert!(!speaks("u-1", mary, |it| it["spec"]["validity"] = json!({"notAfter": "2026-05-01T00:00:00Z"})));
        assert!(speaks("u-1", mary, |it| it["spec"]["scope"] = json!({"crn": "no crn"})), "it may be there");
        assert!(!speaks("u-1", mary, |it| it["spec"]["scope"] = json!({"environment": "env-2"})));
        assert!(!speaks("u-1", mary, |it| it["spec"]["role"] = json!("FlinkAdmin")));
    }

    #[test]
    fn what_is_recorded_is_spoken_for_whatever_the_spec_says_now() {
        let recorded = |crn: &'static str| {
            move |it: &mut Value| {
                it["spec"]["role"] = json!("FlinkAdmin");
                it["spec"]["validity"] = json!({"notAfter": "2026-05-01T00:00:00Z"});
                it["status"] = json!({"observedGeneration": 1, "grant": {"principalId": "u-1",
                    "principal": "mary@example.com", "role": "Operator", "crn": crn}});
            }
        };
        let none = Some(&["nobody"][..]);
        assert!(speaks("u-1", none, recorded("crn://confluent.cloud/organization=o/environment=env-1")));
        assert!(!speaks("u-1", none, recorded("crn://confluent.cloud/organization=o/environment=env-2")));
        assert!(speaks("u-1", none, recorded("unreadable")));
        assert!(!speaks("u-2", none, recorded("unreadable")));
    }
}
