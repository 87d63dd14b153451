//! The same where the policies that are off by default are on: what a tenant asks for in excess is refused at once, and nobody
//! is in the way of the operator, of an edit that gives nothing, or of a deletion.

use super::*;

/// Puts the chart's policies in force in one namespace alone, under its name, so that other stories have none of them.
fn enforce(stage: &Stage) {
    let name = &stage.name;
    let values = format!("admissionPolicies.bind=true,admissionPolicies.invite=true,fullnameOverride={name}");
    let policies: Vec<Value> = crate::chart::rendered(&["--set", &values])
        .into_iter()
        .filter(|it| it["kind"].as_str().unwrap_or_default().starts_with(POLICY))
        .filter(|it| ["-bind-", "-invite"].iter().any(|part| it["metadata"]["name"].as_str().unwrap().contains(part)))
        .map(|mut it| {
            if it["kind"] != POLICY {
                let here = json!({"matchLabels": {"kubernetes.io/metadata.name": name}});
                it["spec"]["matchResources"] = json!({"namespaceSelector": here});
            }
            it
        })
        .collect();
    assert_eq!(policies.len(), 6);
    stage.apply(&policies);
}

/// Lets the tenant give one role.
fn lets_give(stage: &Stage, role: &str) {
    let (name, namespace) = (&stage.name, &stage.name);
    let gives =
        json!({"apiGroups": ["access.roster.dev"], "resources": ["roles"], "resourceNames": [role], "verbs": ["bind"]});
    let reference = json!({"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "gives"});
    let metadata = json!({"name": "gives", "namespace": namespace});
    let api = "rbac.authorization.k8s.io/v1";
    stage.apply(&[
        json!({"apiVersion": api, "kind": "Role", "metadata": metadata, "rules": [gives]}),
        json!({"apiVersion": api, "kind": "RoleBinding", "metadata": metadata, "roleRef": reference,
            "subjects": [{"kind": "ServiceAccount", "name": "tenant", "namespace": name}]}),
    ]);
}

/// What is delegated, and domains that are for others.
fn domains(stage: &Stage, other: &str) {
    delegate(stage, other);
    let mut delegations = stage.get("corg", &stage.name).unwrap()["spec"]["delegations"].clone();
    delegations[1]["invite"] = json!({"emailDomains": ["example.com", "beside.example"]});
    delegations[2]["invite"] = json!({"emailDomains": ["trusted.example"]});
    stage.apply(&[stage.organization(|object| object["spec"]["delegations"] = delegations)]);
}

/// Whether the tenant could create it.
fn could(stage: &Stage, tenant: &Path, object: &Value) -> Result<String, String> {
    kubectl(stage, tenant, &["create", "--dry-run=server", "-f", "-"], &object.to_string())
}

fn waits_until_refused(stage: &Stage, tenant: &Path) {
    let tries = [
        stage.user("eve", "eve@partner.example", json!({})),
        reads(stage, "more", json!({"role": "DeveloperWrite"})),
        contributor(stage, "joan", &json!({})),
    ];
    for object in tries {
        let mut refused = || could(stage, tenant, &object).is_err_and(|said| said.contains(POLICY));
        eventually("the policies are in force", &mut refused, &mut String::new);
    }
}

#[test]
fn where_policies_judge_too_what_a_tenant_has_no_right_to_is_refused_at_once() {
    let (stage, other) = (crate::chart::installed("abuse-policies"), "abuse-policies-other");
    let before = stage.remote();
    domains(&stage, other);
    let tenant = tenant(&stage);
    lets_give(&stage, "DeveloperRead");
    enforce(&stage);
    waits_until_refused(&stage, &tenant);
    let does = |arguments: &[&str], input: &Value| {
        let named = [arguments, &["-n", &stage.name]].concat();
        kubectl(&stage, &tenant, &named, &input.to_string()).unwrap_or_else(|said| panic!("{arguments:?}: {said}"))
    };
    // What it may, it does, and the operator does its part. What an administrator gives stands beside it.
    for object in [stage.user("mary", "mary@example.com", json!({})), reads(&stage, "good", json!({}))] {
        does(&["create", "-f", "-"], &object);
    }
    let until = json!({"notAfter": "2098-01-01T00:00:00Z"});
    stage.apply(&[reads(&stage, "given", json!({"role": "DeveloperWrite", "validity": until}))]);
    for name in ["good", "given"] {
        stage.settled("arb", name, "True", "InSync");
    }
    let (writes, remote) = (stage.remote_writes(), stage.remote());
    let wrong = refusals(&stage, &tenant, include_str!("policies.yaml"), other);
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    // An organization that is not there refuses nobody: that it is missing is told by the operator.
    let mut early = stage.user("early", "eve@partner.example", json!({}));
    early["spec"]["organizationRef"]["name"] = json!("not-yet");
    does(&["create", "-f", "-"], &early);
    stage.settled("cuser", "early", "False", "OrganizationNotFound");
    does(&["delete", "cuser", "early"], &Value::Null);
    assert_eq!((stage.remote_writes(), stage.remote()), (writes, remote), "nothing that was tried wrote anything");

    // Edits that give nothing need no verb, not even of what is not theirs to give; and neither does a deletion.
    let edits = [json!({"justification": "on call"}), json!({"suspend": true}), json!({"deletionPolicy": "Delete"})];
    for spec in edits {
        let patch = format!("--patch={}", json!({"spec": spec, "metadata": {"labels": {"team": "orders"}}}));
        does(&["patch", "arb", "given", "--type=merge", &patch], &Value::Null);
    }
    stage.settled("arb", "given", "True", "Suspended");
    stage.theatre.done(&["delete", "rolebinding.rbac.authorization.k8s.io", "gives", "-n", &stage.name], "");
    // A delegation that is withdrawn stands in the way of no finalizer.
    stage.apply(&[stage.organization(|object| object["spec"]["delegations"] = json!([]))]);
    let more = || could(&stage, &tenant, &stage.user("x", "x@example.com", json!({}))).is_err();
    eventually("the delegation is withdrawn", &mut || more(), &mut String::new);
    does(
        &["patch", "cuser", "mary", "--type=merge", r#"--patch={"spec":{"fullName":"Mary Somerville"}}"#],
        &Value::Null,
    );
    for (kind, name) in [("arb", "good"), ("arb", "given"), ("cuser", "mary")] {
        does(&["delete", kind, name, "--wait=false"], &Value::Null);
        stage.gone(kind, name);
    }
    assert_eq!(stage.remote(), before);
}

#[test]
fn where_policies_judge_too_a_namespace_is_known_by_its_labels() {
    let stage = crate::chart::installed("abuse-labels");
    domains(&stage, "abuse-labels-other");
    let tenant = tenant(&stage);
    enforce(&stage);
    waits_until_refused(&stage, &tenant);
    let could = |email: &str| could(&stage, &tenant, &stage.user("zoe", email, json!({})));
    assert!(could("zoe@trusted.example").is_err() && could("zoe@example.com").is_ok());
    stage.theatre.done(&["label", "namespace", &stage.name, "team=trusted"], "");
    let mut admitted = || could("zoe@trusted.example").is_ok();
    eventually("the namespace is trusted", &mut admitted, &mut String::new);
    assert!(could("zoe@beside.example").is_err());
    // `*` is any domain, and `all` any namespace.
    stage.apply(&[stage.organization(|object| {
        let any = json!({"name": "any", "namespaces": {"all": {}}, "invite": {"emailDomains": ["*"]}});
        object["spec"]["delegations"] = json!([any]);
    })]);
    let mut admitted = || could("zoe@beside.example").is_ok();
    eventually("everybody may be invited", &mut admitted, &mut String::new);
}
