//! Who may do what to our objects, with the roles and the admission policies of the chart.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

use std::path::Path;

use roster::simulator::{Effect, Fault};
use serde_json::{Value, json};

use super::installed::Installed;
use crate::stage::{Stage, eventually};

/// Kubectl as somebody: what it printed, or what it complained about.
fn as_user(stage: &Stage, user: &Path, arguments: &[&str], input: &str) -> Result<String, String> {
    let output = stage.theatre.kubectl(&[&["--kubeconfig", user.to_str().unwrap()], arguments].concat(), input);
    if output.status.success() {
        Ok(String::from_utf8(output.stdout).unwrap())
    } else {
        Err(String::from_utf8(output.stderr).unwrap())
    }
}

fn bound(stage: &Stage, role: &str, user: &str) {
    let name = format!("{role}-{user}");
    let (role, user) = (format!("--clusterrole={role}"), format!("--user={user}"));
    stage.theatre.done(&["create", "rolebinding", &name, &role, &user, "-n", &stage.name], "");
}

fn patch(value: &Value) -> String {
    format!("--patch={value}")
}

fn refused(answer: Result<String, String>, sentence: &str) {
    let said = answer.unwrap_err();
    assert!(said.contains(sentence), "`{sentence}` is not in\n{said}");
}

#[test]
fn a_tenant_declares_and_nobody_but_the_operator_answers() {
    let installed = Installed::shared();
    let stage = installed.stage("chart-tenant");
    let (plane, namespace) = (&installed.theatre.plane, stage.name.as_str());
    let (tenant, helper) = (plane.tenant_a_kubeconfig(), plane.tenant_b_kubeconfig());
    bound(&stage, "edit", "tenant-a");
    let tenant_does =
        |arguments: &[&str], input: &str| as_user(&stage, &tenant, &[arguments, &["-n", namespace]].concat(), input);
    // The roles of the cluster are filled from ours by a controller, which takes a moment.
    let may = || tenant_does(&["auth", "can-i", "create", "confluentusers.access.roster.dev"], "").is_ok();
    eventually("the role `edit` is filled", &mut || may(), &mut String::new);

    // Declares, changes, sees, takes back.
    let ada = stage.user("ada", "ada@example.com", json!({})).to_string();
    tenant_does(&["create", "-f", "-"], &ada).unwrap();
    let rename =
        json!({"spec": {"fullName": "Ada Lovelace"}, "metadata": {"annotations": {"access.roster.dev/note": "hers"}}});
    tenant_does(&["patch", "cuser", "ada", "--type=merge", &patch(&rename)], "").unwrap();
    stage.settled("cuser", "ada", "True", "NoRoles");
    assert!(tenant_does(&["get", "access"], "").unwrap_err().contains("confluentorganizations"));
    tenant_does(&["get", "confluentusers,accessrolebindings"], "").unwrap();
    let organization = ["patch", "corg", namespace, "--type=merge", &patch(&json!({"spec": {"delegations": []}}))];
    refused(tenant_does(&organization, ""), "cannot get resource \"confluentorganizations\"");

    // Status: the role leaves it out, and whoever got it otherwise is refused by the policy.
    let status = patch(&json!({"status": {"userId": "u-forged"}}));
    let forge = ["patch", "cuser", "ada", "--subresource=status", "--type=merge", &status];
    refused(tenant_does(&forge, ""), "cannot get resource \"confluentusers/status\"");
    let create = ["create", "role", "status", "-n", namespace, "--verb=get,patch,update"];
    let resource = "--resource=confluentusers.access.roster.dev,confluentusers.access.roster.dev/status";
    installed.theatre.done(&[&create[..], &[resource]].concat(), "");
    installed
        .theatre
        .done(&["create", "rolebinding", "status", "-n", namespace, "--role=status", "--user=tenant-b"], "");
    let helper_does = |arguments: &[&str]| as_user(&stage, &helper, &[arguments, &["-n", namespace]].concat(), "");
    refused(helper_does(&forge), "only `system:serviceaccount:roster-system:roster` writes it");

    // The finalizer.
    let bare = patch(&json!({"metadata": {"finalizers": null}}));
    let strip = ["patch", "cuser", "ada", "--type=merge", &bare];
    refused(tenant_does(&strip, ""), "the finalizer `access.roster.dev/cleanup` goes when the access is revoked");
    // The glass that an administrator of the cluster may break.
    for mend in [&forge[..], &strip] {
        installed.theatre.done(&[mend, &["-n", namespace, "--dry-run=server"]].concat(), "");
    }
    let another = patch(&json!({"metadata": {"finalizers": ["access.roster.dev/cleanup", "example.com/theirs"]}}));
    tenant_does(&["patch", "cuser", "ada", "--type=merge", &another], "").unwrap();
    let without = patch(&json!({"metadata": {"finalizers": ["access.roster.dev/cleanup"]}}));
    tenant_does(&["patch", "cuser", "ada", "--type=merge", &without], "").unwrap();

    // Annotations: set with the object or later.
    for name in ["acknowledge", "confirm-removal", "release", "suppress"] {
        let key = format!("access.roster.dev/{name}");
        let sentence = format!("`{key}` is set by somebody with the verb `{name}` on the object");
        let mark = patch(&json!({"metadata": {"annotations": {&key: "x"}}}));
        let mark = ["patch", "cuser", "ada", "--type=merge", &mark];
        refused(tenant_does(&mark, ""), &sentence);
        let mut marked: Value = serde_json::from_str(&ada).unwrap();
        marked["metadata"]["name"] = json!("marked");
        marked["metadata"]["annotations"] = json!({&key: "x"});
        refused(tenant_does(&["create", "-f", "-"], &marked.to_string()), &sentence);
        // Somebody else set it: it stays through edits, and may be taken off.
        installed.theatre.done(&[&mark[..], &["-n", namespace]].concat(), "");
        let edit = patch(&json!({"spec": {"fullName": name}}));
        tenant_does(&["patch", "cuser", "ada", "--type=merge", &edit], "").unwrap();
        let change = patch(&json!({"metadata": {"annotations": {&key: "y"}}}));
        refused(tenant_does(&["patch", "cuser", "ada", "--type=merge", &change], ""), &sentence);
        let off = patch(&json!({"metadata": {"annotations": {&key: null}}}));
        tenant_does(&["patch", "cuser", "ada", "--type=merge", &off], "").unwrap();
    }
    // Who approves may.
    bound(&stage, "roster-approve", "tenant-b");
    let approve = patch(&json!({"metadata": {"annotations": {"access.roster.dev/release": "uid"}}}));
    helper_does(&["patch", "cuser", "ada", "--type=merge", &approve]).unwrap();
    refused(helper_does(&forge), "only `system:serviceaccount:roster-system:roster` writes it");

    // The operator does its work under all of this.
    tenant_does(&["delete", "cuser", "ada", "--wait=false"], "").unwrap();
    stage.gone("cuser", "ada");
    assert!(!stage.is_member("ada@example.com"));

    // With the verb `release`, an object goes unrevoked.
    let joan = stage.user("joan", "joan@example.com", json!({})).to_string();
    tenant_does(&["create", "-f", "-"], &joan).unwrap();
    stage.settled("cuser", "joan", "True", "NoRoles");
    stage.simulator.inject(Fault::new("GET", "/", Effect::Hang).always());
    tenant_does(&["delete", "cuser", "joan", "--wait=false"], "").unwrap();
    helper_does(&["patch", "cuser", "joan", "--type=merge", &bare]).unwrap();
    stage.gone("cuser", "joan");
    stage.simulator.update(|knobs| knobs.faults.clear()).unwrap();
    assert!(stage.is_member("joan@example.com"));
}

#[test]
fn a_namespace_goes_with_what_is_declared_in_it() {
    let installed = Installed::shared();
    let stage = installed.stage("chart-namespace");
    let scope = json!({"environment": "env-prod01"});
    stage.apply(&[
        stage.user("ada", "ada@example.com", json!({})),
        stage.binding("ada-operates", json!({"userRef": {"name": "ada"}}), "Operator", scope, json!({})),
    ]);
    stage.settled("arb", "ada-operates", "True", "InSync");
    installed.theatre.done(&["delete", "namespace", &stage.name, "--timeout=60s"], "");
    assert!(!stage.is_member("ada@example.com"));
    assert!(!stage.remote().iter().any(|held| held.starts_with("ada@")), "{:?}", stage.remote());
}
