//! What no delegation permits: each side of a delegation, and the same by label.

use serde_json::json;

use super::{Told, connected, email, environment, everything};

#[test]
fn what_is_not_delegated_is_denied_and_made_once_it_is() {
    let stage = connected("denied", |object| {
        object["spec"]["delegations"] = json!([{
            "name": "narrow",
            "namespaces": {"names": ["denied"]},
            "invite": {"emailDomains": ["example.com"]},
            "grant": [{"roles": ["Operator"], "within": [{"environment": "env-prod01"}],
                "principals": {"kinds": ["User"], "declaredIn": "SameNamespace"}}],
        }]);
    });
    let before = everything(&stage);
    let (mary, production) = (email("mary@example.com"), environment("env-prod01"));
    let account = json!({"serviceAccount": {"id": "sa-ordetl"}});
    stage.apply(&[
        stage.user("eve", "eve@partner.example", json!({})),
        stage.binding("role", mary.clone(), "DataSteward", production.clone(), json!({})),
        stage.binding("scope", mary.clone(), "Operator", environment("env-dev001"), json!({})),
        stage.binding("kind", account, "Operator", production.clone(), json!({})),
        stage.binding("elsewhere", mary, "Operator", production, json!({})),
    ]);
    let cases = [
        ("cuser", "eve", "`eve@partner.example`: the delegation `narrow` may not invite people of `partner.example`"),
        ("arb", "role", "the delegation `narrow` may not grant `DataSteward`"),
        ("arb", "scope", "the delegation `narrow` may not grant `Operator` on environment env-dev001"),
        ("arb", "kind", "the delegation `narrow` may not grant `Operator` to a service account"),
        ("arb", "elsewhere", "only to principals that a `ConfluentUser` of the same namespace declares"),
    ];
    let next = "the organization's owner can add it to `spec.delegations`";
    for (kind, name, words) in cases {
        Told::invalid(kind, name, "DelegationDenied", &[words, next]).by(&stage);
    }
    assert_eq!(everything(&stage), before);

    stage.apply(&[stage.user("mary", "mary@example.com", json!({}))]);
    stage.settled("arb", "elsewhere", "True", "InSync");
    stage.apply(&[stage.organization(|_| {})]);
    stage.settled("cuser", "eve", "True", "InvitationPending");
    for name in ["role", "scope", "kind", "elsewhere"] {
        stage.settled("arb", name, "True", "InSync");
    }
}

#[test]
fn a_label_on_the_namespace_admits_what_is_in_it() {
    let stage = connected("unlabelled", |object| {
        let delegation = &mut object["spec"]["delegations"][0];
        delegation["namespaces"] = json!({"matchLabels": {"access.example.com/organization": "trading"}});
    });
    let before = everything(&stage);
    stage.apply(&[
        stage.user("ada", "ada@example.com", json!({})),
        stage.binding("it", email("mary@example.com"), "Operator", environment("env-prod01"), json!({})),
    ]);
    let words = &["no delegation of the organization is for namespace `unlabelled`", "`spec.delegations`"];
    Told::invalid("cuser", "ada", "DelegationDenied", words).by(&stage);
    Told::invalid("arb", "it", "DelegationDenied", words).by(&stage);
    assert_eq!(everything(&stage), before);

    stage.theatre.done(&["label", "namespace", "unlabelled", "access.example.com/organization=trading"], "");
    stage.settled("cuser", "ada", "True", "NoRoles");
    stage.settled("arb", "it", "True", "InSync");
}

#[test]
fn a_denied_person_is_left_alone_when_the_object_goes() {
    let stage = connected("denied-person", |object| object["spec"]["delegations"] = json!([]));
    let before = everything(&stage);
    stage.apply(&[stage.user("mary", "mary@example.com", json!({"deletionPolicy": "Delete"}))]);
    Told::invalid("cuser", "mary", "DelegationDenied", &["no delegation"]).by(&stage);
    stage.delete("cuser", "mary");
    stage.gone("cuser", "mary");
    assert_eq!(everything(&stage), before);
}
