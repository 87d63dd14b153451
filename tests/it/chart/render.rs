//! What the chart renders: to the API server, and compared with what it is made from.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

use std::path::Path;

use clap::Parser;
use roster::{
    access::Catalogue,
    cli::{
        Command,
        generate::{self, Args},
    },
};
use serde::Deserialize;
use serde_json::{Value, json};

use super::helm::{CHART, Helm, values};
use crate::cluster::{done, kubectl};

/// A rendering as objects.
pub(super) fn objects(text: &str) -> Vec<Value> {
    let documents = serde_yaml::Deserializer::from_str(text).map(|it| Value::deserialize(it).unwrap());
    documents.filter(|object| !object.is_null()).collect()
}

/// The objects of one kind.
pub(super) fn of_kind<'a>(objects: &'a [Value], kind: &str) -> Vec<&'a Value> {
    objects.iter().filter(|object| object["kind"] == kind).collect()
}

/// The arguments of the first container of each workload.
pub(super) fn arguments(workload: &Value) -> Vec<String> {
    let arguments = &workload["spec"]["template"]["spec"]["containers"][0]["args"];
    arguments.as_array().unwrap().iter().map(|it| it.as_str().unwrap().to_owned()).collect()
}

#[test]
fn both_helms_lint_it_strictly() {
    for helm in Helm::ALL {
        for file in values() {
            let said = helm.done(&["lint", "--strict", CHART, "--values", &file]);
            assert!(said.contains("0 chart(s) failed"), "{said}");
        }
    }
}

/// With a namespace that warns of what the restricted standard refuses, any such pod would show on standard error.
#[test]
fn the_api_server_takes_each_rendering_without_a_warning() {
    let namespace = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "chart-render",
        "labels": {"pod-security.kubernetes.io/warn": "restricted"}}});
    // What the Prometheus operator would bring; of the kinds, only that they exist is needed.
    let definition = |kind: &str| {
        let singular = kind.to_lowercase();
        json!({"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
            "metadata": {"name": format!("{singular}s.monitoring.coreos.com")},
            "spec": {"group": "monitoring.coreos.com", "scope": "Namespaced",
                "names": {"kind": kind, "plural": format!("{singular}s"), "singular": singular},
                "versions": [{"name": "v1", "served": true, "storage": true, "schema": {"openAPIV3Schema":
                    {"type": "object", "x-kubernetes-preserve-unknown-fields": true}}}]}})
    };
    let (monitors, rules) = (definition("ServiceMonitor"), definition("PrometheusRule"));
    done(&["apply", "--server-side", "-f", "-"], &format!("{namespace}\n---\n{monitors}\n---\n{rules}"));
    let names = ["crd/servicemonitors.monitoring.coreos.com", "crd/prometheusrules.monitoring.coreos.com"];
    crate::controlplane::eventually("the kinds of the Prometheus operator are known", 30, || {
        kubectl(&["wait", "--for=condition=Established", names[0], names[1], "--timeout=20s"], "").status.success()
    });
    for helm in Helm::ALL {
        for file in values() {
            let arguments = ["template", "try", CHART, "--namespace", "chart-render", "--values", &file];
            let rendered = helm.done(&arguments);
            let apply = ["apply", "--server-side", "--force-conflicts", "--dry-run=server", "-f", "-"];
            let applied = kubectl(&apply, &rendered);
            let said = String::from_utf8_lossy(&applied.stderr);
            assert!(applied.status.success() && said.is_empty(), "{file}: {said}");
            let count = String::from_utf8_lossy(&applied.stdout).lines().count();
            assert_eq!(count, objects(&rendered).len(), "{file}");
        }
    }
    // The namespace does warn.
    let loose =
        ["template", "try", CHART, "--namespace", "chart-render", "--set", "podSecurityContext.runAsNonRoot=false"];
    let applied = kubectl(
        &["apply", "--server-side", "--force-conflicts", "--dry-run=server", "-f", "-"],
        &Helm::Four.done(&loose),
    );
    assert!(String::from_utf8_lossy(&applied.stderr).contains("would violate PodSecurity"), "{applied:?}");
    done(&["delete", names[0], names[1], "namespace/chart-render", "--wait=false"], "");
}

/// But for what Helm draws at random.
#[test]
fn both_helms_render_the_same() {
    for file in values() {
        let arguments = ["--values", &file];
        let [three, four] = Helm::ALL.map(|helm| {
            let mut objects = objects(&helm.render(CHART, &arguments));
            for object in &mut objects {
                object["data"] = Value::Null;
            }
            objects.sort_by_key(|object| {
                format!("{} {} {}", object["kind"], object["metadata"]["namespace"], object["metadata"]["name"])
            });
            objects
        });
        assert_eq!(three, four, "{file}");
    }
}

#[test]
fn the_definitions_are_the_generated_ones_and_stay() {
    let args = Args {
        dir: Some(Path::new(CHART).join("../../crds")),
        check: true,
        chart: Some(CHART.into()),
        ..Args::default()
    };
    generate::run(&args).unwrap();
    let rendered = objects(&Helm::Four.render(CHART, &["--set-string", "crds.annotations.a=b"]));
    let rendered = of_kind(&rendered, "CustomResourceDefinition");
    let generated = generate::crd_files().unwrap();
    assert_eq!(rendered.len(), generated.len());
    let there = std::fs::read_dir(Path::new(CHART).join("files/crds")).unwrap().count();
    assert_eq!(there, generated.len(), "`files/crds/` holds nothing else");
    for (file, text) in generated {
        let expected: Value = serde_yaml::from_str(&text).unwrap();
        let found = rendered.iter().find(|it| it["metadata"]["name"] == expected["metadata"]["name"]);
        let found = found.unwrap_or_else(|| panic!("{file}"));
        assert_eq!(found["spec"], expected["spec"], "{file}");
        assert_eq!(found["metadata"]["annotations"], json!({"helm.sh/resource-policy": "keep", "a": "b"}));
    }
}

/// The rules of the operator's roles, whatever their names.
#[test]
fn the_rights_are_those_of_the_files() {
    let rules = |objects: &[Value]| -> Vec<Value> {
        let roles = objects.iter().filter(|it| it["kind"] == "ClusterRole" || it["kind"] == "Role");
        roles.map(|role| role["rules"].clone()).collect()
    };
    let arguments = ["--set", "tenantRoles.create=false,credentialsNamespace=elsewhere,fullnameOverride=other"];
    let rendered = objects(&Helm::Four.render(CHART, &arguments));
    let mut expected = Vec::new();
    for file in ["clusterrole.yaml", "credentials-role.yaml", "lease-role.yaml"] {
        let text = std::fs::read_to_string(Path::new(CHART).join("files").join(file)).unwrap();
        expected.extend(rules(&objects(&text)));
    }
    let mut found = rules(&rendered);
    for all in [&mut found, &mut expected] {
        all.sort_by_key(Value::to_string);
    }
    assert_eq!(found, expected);
    // Each is bound to the one account, where it is.
    let place = |it: &Value| (it["metadata"]["name"].clone(), it["metadata"]["namespace"].clone());
    let bindings: Vec<&Value> =
        rendered.iter().filter(|it| it["kind"].as_str().unwrap().ends_with("Binding")).collect();
    let bindings: Vec<&&Value> = bindings.iter().filter(|it| !it["roleRef"].is_null()).collect();
    assert_eq!(bindings.len(), 3);
    for binding in bindings {
        let role = rendered.iter().find(|it| it["kind"] == binding["roleRef"]["kind"] && place(it) == place(binding));
        assert_eq!(role.unwrap()["metadata"]["name"], binding["roleRef"]["name"]);
        assert_eq!(
            binding["subjects"],
            json!([{"kind": "ServiceAccount", "name": "other", "namespace": "roster-system"}])
        );
    }
    let credentials = of_kind(&rendered, "Role").into_iter().find(|it| it["metadata"]["namespace"] == "elsewhere");
    assert_eq!(credentials.unwrap()["metadata"]["name"], "other-credentials");
}

#[test]
fn every_argument_is_one_that_the_command_takes() {
    for file in values() {
        let objects = objects(&Helm::Four.render(CHART, &["--values", &file]));
        for workload in objects.iter().filter(|it| it["kind"] == "Deployment" || it["kind"] == "StatefulSet") {
            let arguments = arguments(workload);
            let line = ["roster".to_owned()].into_iter().chain(arguments.clone());
            let parsed = Command::try_parse_from(line).unwrap_or_else(|error| panic!("{file}: {error}"));
            if let Command::Simulator(args) = &parsed {
                assert!(args.credential.is_some() && args.data.is_some());
                continue;
            }
            let Command::Run(args) = parsed else { panic!("{parsed:?}") };
            assert_eq!(args.namespace, "roster-system");
            let simulator = file.contains("full") || file.contains("trial");
            let host = "roster-simulator.roster-system.svc".to_owned();
            assert_eq!(args.http_hosts.contains(&host), simulator, "{file}");
        }
    }
}

#[test]
fn a_patch_of_the_roles_reaches_the_operator() {
    let full = values().into_iter().find(|file| file.contains("full")).unwrap();
    let own = ["--values", &full, "--set", "roleCatalogue.existingConfigMap=own-roles"];
    for (flags, name) in [(&["--values", full.as_str()][..], "roster-roles"), (&own[..], "own-roles")] {
        let objects = objects(&Helm::Four.render(CHART, flags));
        let operator = of_kind(&objects, "Deployment")[0];
        assert!(arguments(operator).contains(&"--role-catalogue=/etc/roster/roles.yaml".to_owned()));
        let pod = &operator["spec"]["template"]["spec"];
        let volumes = pod["volumes"].as_array().unwrap();
        assert!(volumes.contains(&json!({"name": "role-catalogue", "configMap": {"name": name}})), "{volumes:?}");
        let mounts = pod["containers"][0]["volumeMounts"].as_array().unwrap();
        assert!(mounts.contains(&json!({"name": "role-catalogue", "mountPath": "/etc/roster", "readOnly": true})));
        let made = of_kind(&objects, "ConfigMap").into_iter().find(|it| it["metadata"]["name"] == "roster-roles");
        assert_eq!(made.is_some(), name == "roster-roles");
        if let Some(made) = made {
            let patched = Catalogue::embedded().patched(made["data"]["roles.yaml"].as_str().unwrap()).unwrap();
            assert!(patched.role("TopicGardener").is_some() && !patched.differences(Catalogue::embedded()).is_empty());
        }
    }
    let plain = objects(&Helm::Four.render(CHART, &[]));
    assert!(arguments(of_kind(&plain, "Deployment")[0]).iter().all(|it| !it.starts_with("--role-catalogue")));
}

#[test]
fn the_policies_name_what_the_operator_names() {
    let rendered = Helm::Four.render(CHART, &[]);
    let policies = objects(&rendered);
    let policies: Vec<String> =
        of_kind(&policies, "ValidatingAdmissionPolicy").into_iter().map(Value::to_string).collect();
    assert_eq!(policies.len(), 3);
    for name in [roster::api::FINALIZER, roster::api::RELEASE] {
        assert!(policies.iter().any(|policy| policy.contains(&format!("'{name}'"))), "{name}");
    }
    // Two more are asked for by name; the one is a rule for each of two kinds.
    let count = |values: &str| {
        let rendered = objects(&Helm::Four.render(CHART, &["--set", values]));
        let of = |kind: &str| of_kind(&rendered, kind).len();
        assert_eq!(of("ValidatingAdmissionPolicy"), of("ValidatingAdmissionPolicyBinding"));
        of("ValidatingAdmissionPolicy")
    };
    assert_eq!(count("admissionPolicies.invite=true"), 4);
    assert_eq!(count("admissionPolicies.bind=true"), 5);
    assert_eq!(count("admissionPolicies.bind=true,admissionPolicies.invite=true"), 6);
}

#[test]
fn rules_and_dashboard_are_those_of_the_files() {
    let rendered = objects(&Helm::ALL[0].render(CHART, &["--set", "alerts.enabled=true,dashboard.enabled=true"]));
    let file = |name: &str| std::fs::read_to_string(Path::new(CHART).join("files").join(name)).unwrap();
    let alerts: Value = serde_yaml::from_str(&file("alerts.yaml")).unwrap();
    assert_eq!(of_kind(&rendered, "PrometheusRule")[0]["spec"], alerts);
    let dashboard = of_kind(&rendered, "ConfigMap")[0]["data"]["roster.json"].as_str().unwrap();
    assert_eq!(dashboard.trim(), file("dashboard.json").trim());
    let plain = objects(&Helm::ALL[0].render(CHART, &[]));
    assert!(of_kind(&plain, "PrometheusRule").is_empty() && of_kind(&plain, "ConfigMap").is_empty());
}
