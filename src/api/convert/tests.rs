//! What a spec is read as.

use serde_json::{from_value, json};

use super::*;

#[test]
fn every_typed_place_is_a_crn() {
    let cases = [
        (json!({"organization": {}}), ""),
        (json!({"environment": "env-1"}), "environment=env-1"),
        (json!({"environment": "env-1", "cluster": "lkc-1"}), "environment=env-1/cloud-cluster=lkc-1"),
        (
            json!({"environment": "env-1", "cluster": "lkc-1", "resource": {"type": "Topic", "name": "a/b"}}),
            "environment=env-1/cloud-cluster=lkc-1/kafka=lkc-1/topic=a%2Fb",
        ),
        (
            json!({"environment": "env-1", "cluster": "lkc-1", "resource": {"type": "KsqlCluster", "name": "sales"}}),
            "environment=env-1/cloud-cluster=lkc-1/ksql=sales",
        ),
        (
            json!({"environment": "env-1", "schemaRegistry": "lsrc-1", "resource": {"type": "Subject", "name": ":.a:", "patternType": "Prefixed"}}),
            "environment=env-1/schema-registry=lsrc-1/subject=:.a:*",
        ),
        (
            json!({"environment": "env-1", "resource": {"type": "ProviderIntegration", "name": "cspi-1"}}),
            "environment=env-1/provider-integration=cspi-1",
        ),
        (
            json!({"organization": {}, "identityProvider": "op-1", "resource": {"type": "IdentityPool", "name": "pool-1"}}),
            "identity-provider=op-1/identity-pool=pool-1",
        ),
        (
            json!({"organization": {}, "resource": {"type": "ServiceAccount", "patternType": "All"}}),
            "service-account=*",
        ),
        (json!({"crn": "crn://confluent.cloud/organization=o/user=u-1"}), "user=u-1"),
    ];
    for (spec, expected) in cases {
        let spec: ScopeSpec = from_value(spec).unwrap();
        assert_eq!(scope(&spec, "o").map(|scope| scope.to_string()), Ok(expected.to_owned()));
    }
    let other: ScopeSpec = from_value(json!({"crn": "crn://confluent.cloud/organization=p"})).unwrap();
    assert!(scope(&other, "o").unwrap_err().contains("is of the organization `p`"));
}

#[test]
fn what_cannot_be_read_in_delegations_permits_nothing_and_is_told() {
    let grant = |longest: &str| json!({"roles": ["*"], "within": [{"organization": {}}], "maxDuration": longest});
    let delegation = |name: &str, longest: &str| json!({"name": name, "grant": [grant(longest)]});
    let spec = json!({"organizationId": "o",
        "backend": {"confluentCloud": {"auth": {"apiKey": {"secretRef": {"name": "a"}}}}},
        "delegations": [delegation("fine", "24h"), delegation("broken", "a day"), delegation("none", "0h")]});
    let spec: ConfluentOrganizationSpec = from_value(spec).unwrap();
    let told = |name: &str, text: &str| {
        format!("delegation `{name}`: `maxDuration`: `{text}` is no number with 'm', 'h' or 'd', so it permits nothing")
    };
    assert_eq!(broken_delegations(&spec), [told("broken", "a day"), told("none", "0h")]);
    let longest = delegations(&spec).into_iter().map(|it| it.grants[0].max_duration).collect::<Vec<_>>();
    let nothing = Some(SignedDuration::ZERO);
    assert_eq!(longest, [Some(SignedDuration::from_hours(24)), nothing, nothing]);
}

#[test]
fn what_a_binding_leaves_open_its_organization_says() {
    let cases = [
        (json!({}), json!({}), false),
        (json!({}), json!({"deletionPolicy": "Delete"}), false),
        (json!({}), json!({"deletionPolicy": "Retain"}), true),
        (json!({"deletionPolicy": "Delete"}), json!({"deletionPolicy": "Retain"}), false),
        (json!({"deletionPolicy": "Retain"}), json!({"deletionPolicy": "Delete"}), true),
        (json!({"deletionPolicy": "Retain"}), json!({}), true),
    ];
    let with = |mut spec: serde_json::Value, more: &serde_json::Value| {
        spec.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        spec
    };
    for (binding, organization, retain) in cases {
        let declared = json!({"organizationRef": {"name": "o"}, "principal": {"id": "u-1"}, "role": "Operator",
            "scope": {"organization": {}}});
        let connected = json!({"organizationId": "o",
            "backend": {"confluentCloud": {"auth": {"apiKey": {"secretRef": {"name": "a"}}}}}});
        let declared: RoleBindingSpec = from_value(with(declared, &binding)).unwrap();
        let connected: ConfluentOrganizationSpec = from_value(with(connected, &organization)).unwrap();
        let desired = desired_binding(&declared, &connected, |_| None).unwrap();
        assert_eq!(desired.retain, retain, "{binding} under {organization}");
    }
}
