//! What the operator's service account may do: what it needs, and nothing besides. The files are those of the chart.

use std::path::Path;

use crate::cluster::{done, kubectl};

#[test]
fn the_operator_may_do_what_it_needs_and_nothing_besides() {
    let files = Path::new(env!("CARGO_MANIFEST_DIR")).join("charts/roster/files");
    let files = files.to_str().unwrap();
    // Not the folder, which holds more than manifests; the namespace first.
    for file in ["identity", "clusterrole", "credentials-role", "lease-role"] {
        done(&["apply", "--server-side", "-f", &format!("{files}/{file}.yaml")], "");
    }
    let cases = [
        // Our kinds: seen and marked, never made, rewritten or removed.
        ("list", "confluentusers.access.roster.dev", "--all-namespaces", true),
        ("watch", "accessrolebindings.access.roster.dev", "--all-namespaces", true),
        ("patch", "confluentorganizations.access.roster.dev", "--all-namespaces", true),
        ("patch", "accessrolebindings.access.roster.dev/status", "--all-namespaces", true),
        ("create", "confluentusers.access.roster.dev", "--all-namespaces", false),
        ("update", "confluentusers.access.roster.dev", "--all-namespaces", false),
        ("delete", "accessrolebindings.access.roster.dev", "--all-namespaces", false),
        ("deletecollection", "confluentusers.access.roster.dev", "--all-namespaces", false),
        // Secrets: those of the credentials namespace alone, and only to read.
        ("get", "secrets", "--namespace=roster-system", true),
        ("watch", "secrets", "--namespace=roster-system", true),
        ("get", "secrets", "--namespace=default", false),
        ("list", "secrets", "--all-namespaces", false),
        ("create", "secrets", "--namespace=roster-system", false),
        ("patch", "secrets", "--namespace=roster-system", false),
        // What it says and holds.
        ("create", "events.events.k8s.io", "--namespace=default", true),
        ("patch", "events.events.k8s.io", "--namespace=default", true),
        ("update", "leases.coordination.k8s.io", "--namespace=roster-system", true),
        ("update", "leases.coordination.k8s.io", "--namespace=kube-system", false),
        // Nothing that would let it give itself more.
        ("watch", "namespaces", "--all-namespaces", true),
        ("create", "rolebindings.rbac.authorization.k8s.io", "--namespace=roster-system", false),
        ("escalate", "clusterroles.rbac.authorization.k8s.io", "--all-namespaces", false),
        ("impersonate", "users", "--all-namespaces", false),
        ("create", "pods", "--namespace=roster-system", false),
        ("patch", "customresourcedefinitions.apiextensions.k8s.io", "--all-namespaces", false),
    ];
    for (verb, resource, wherever, may) in cases {
        let (resource, subresource) = resource.split_once('/').unwrap_or((resource, ""));
        let subresource = format!("--subresource={subresource}");
        let operator = "--as=system:serviceaccount:roster-system:roster";
        let answer = kubectl(&["auth", "can-i", verb, resource, &subresource, wherever, operator], "");
        assert_eq!(answer.status.success(), may, "{verb} {resource} {wherever}: {answer:?}");
    }
}
