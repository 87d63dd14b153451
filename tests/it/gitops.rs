//! How the tools of `examples/gitops` read our objects: Argo CD by scripts, which run here as they run there, and Flux by kstatus.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use kube::CustomResourceExt;
use mlua::{Lua, LuaOptions, LuaSerdeExt, StdLib};
use roster::api::{self, ConfluentUser};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{cluster::done, stage::Stage};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/gitops")
}

fn documents(path: &Path) -> Vec<Value> {
    let text = fs::read_to_string(path).unwrap();
    serde_yaml::Deserializer::from_str(&text).map(|it| Value::deserialize(it).unwrap()).collect()
}

/// Every script by the name of its file.
fn scripts() -> BTreeMap<String, String> {
    let entries = fs::read_dir(folder().join("argocd/health")).unwrap().map(|entry| entry.unwrap().path());
    let read = |path: PathBuf| {
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        (name, fs::read_to_string(path).unwrap())
    };
    entries.map(read).collect()
}

/// What Argo CD shows of an object, by a script. As there, the script has the object as `obj`, and of Lua's libraries the base and
/// `table`, without `string` and `math`.
fn health(script: &str, object: &Value) -> (String, String) {
    let lua = Lua::new_with(StdLib::TABLE, LuaOptions::default()).unwrap();
    // Argo CD's numbers are Lua's, and what is absent is nil.
    let options = mlua::serde::SerializeOptions::new().serialize_none_to_null(false).serialize_unit_to_null(false);
    lua.globals().set("obj", lua.to_value_with(object, options).unwrap()).unwrap();
    let answer: mlua::Table = lua.load(script).eval().unwrap();
    (answer.get("status").unwrap(), answer.get("message").unwrap())
}

fn condition(kind: &str, status: &str, reason: &str) -> Value {
    json!({"type": kind, "status": status, "reason": reason, "message": "why", "observedGeneration": 2})
}

fn object(spec: &Value, deleted: bool, observed: i64, conditions: &[(&str, &str, &str)]) -> Value {
    let conditions: Vec<Value> =
        conditions.iter().map(|(kind, status, reason)| condition(kind, status, reason)).collect();
    let mut object = json!({"metadata": {"name": "a", "generation": 2}, "spec": spec,
        "status": {"observedGeneration": observed, "conditions": conditions}});
    if deleted {
        object["metadata"]["deletionTimestamp"] = json!("2026-01-01T00:00:00Z");
    }
    object
}

#[test]
fn argo_cd_shows_each_situation_as_it_is() {
    let fresh = json!({"metadata": {"name": "a", "generation": 1}, "spec": {}, "status": {"observedGeneration": -1}});
    let bare = json!({"metadata": {"name": "a", "generation": 1}});
    let of = |conditions: &[(&str, &str, &str)]| object(&json!({}), false, 2, conditions);
    let suspended = object(&json!({"suspend": true}), false, 2, &[("Ready", "True", "InSync")]);
    let deleted = |conditions: &[(&str, &str, &str)]| object(&json!({}), true, 2, conditions);
    let cases = [
        ("created, not seen", fresh, "Progressing"),
        ("without any status", bare, "Progressing"),
        ("working", of(&[("Ready", "Unknown", "Progressing"), ("Reconciling", "True", "Progressing")]), "Progressing"),
        ("edited since", object(&json!({}), false, 1, &[("Ready", "True", "InSync")]), "Progressing"),
        ("in sync", of(&[("Ready", "True", "InSync")]), "Healthy"),
        (
            "invited, not accepted yet",
            of(&[("Ready", "True", "InvitationPending"), ("InvitationAccepted", "False", "InvitationPending")]),
            "Healthy",
        ),
        (
            "transient failure before the first success",
            of(&[("Ready", "False", "BackendUnavailable"), ("Reconciling", "True", "BackendUnavailable")]),
            "Progressing",
        ),
        (
            "referent missing",
            of(&[("Ready", "False", "PrincipalNotFound"), ("Reconciling", "True", "PrincipalNotFound")]),
            "Progressing",
        ),
        ("wrong spec", of(&[("Ready", "False", "InvalidSpec"), ("Stalled", "True", "InvalidSpec")]), "Degraded"),
        (
            "a guard holds an edit",
            of(&[("Ready", "False", "LastOrganizationAdmin"), ("Stalled", "True", "LastOrganizationAdmin")]),
            "Degraded",
        ),
        (
            "a guard holds a removal",
            deleted(&[("Ready", "False", "LastOrganizationAdmin"), ("Stalled", "True", "LastOrganizationAdmin")]),
            "Progressing",
        ),
        ("suspended", suspended, "Suspended"),
        ("deleting", deleted(&[("Ready", "False", "Revoking"), ("Reconciling", "True", "Revoking")]), "Progressing"),
    ];
    for (kind, script) in scripts() {
        for (situation, object, expected) in &cases {
            let (status, message) = health(&script, object);
            assert_eq!(status, *expected, "{kind}: {situation}");
            let ready = object["status"]["conditions"][0]["reason"].as_str();
            let current = object["status"]["observedGeneration"] == object["metadata"]["generation"];
            let said = ready.filter(|_| current).map(|reason| format!("{reason}: why"));
            assert!(said.is_none_or(|said| said == message), "{kind}: {situation}: {message}");
        }
    }
}

/// A script for each kind, under the name that Argo CD looks for, and the `ConfigMap` says the same.
#[test]
fn each_kind_has_its_script() {
    let scripts = scripts();
    for (file, crd) in api::crds() {
        let name = format!("{}_{}", crd.spec.group, crd.spec.names.kind);
        assert!(scripts.contains_key(&name), "{file}: `{name}.lua` is missing");
    }
    let [map] = documents(&folder().join("argocd/argocd-cm.yaml")).try_into().unwrap();
    let prefix = "resource.customizations.health.";
    let expected: BTreeMap<String, String> =
        scripts.into_iter().map(|(name, script)| (format!("{prefix}{name}"), script)).collect();
    assert_eq!(serde_json::from_value::<BTreeMap<String, String>>(map["data"].clone()).unwrap(), expected);
}

/// Objects as the API server has them, not as a test thinks of them.
#[test]
fn what_the_operator_wrote_is_read_as_it_is_meant() {
    let stage = Stage::new("gitops");
    let wrong = json!({"email": "linus@example.com"});
    stage.apply(&[
        stage.user("ada", "ada@example.com", json!({})),
        stage.binding("wrong", wrong, "Operatr", json!({"environment": "env-prod01"}), json!({})),
    ]);
    let ada = stage.settled("cuser", "ada", "True", "NoRoles");
    let wrong = stage.settled("arb", "wrong", "False", "RoleUnknown");
    let script = &scripts()[&format!("{}_{}", api::GROUP, ConfluentUser::crd().spec.names.kind)];
    assert_eq!(health(script, &ada).0, "Healthy");
    let (status, message) = health(script, &wrong);
    assert_eq!(status, "Degraded");
    assert!(message.starts_with("RoleUnknown: ") && message.contains("Operatr"), "{message}");
}

/// The kinds of Flux and Argo CD are not here to judge the rest of these files; what they name of ours is.
#[test]
fn what_the_tools_are_given_exists() {
    let examples = folder().join("..");
    let mut kustomizations = Vec::new();
    for file in ["flux/roster.yaml", "flux/access.yaml", "argocd/application.yaml"] {
        for object in documents(&folder().join(file)) {
            assert!(object["apiVersion"].is_string() && object["metadata"]["name"].is_string(), "{file}");
            match object["kind"].as_str().unwrap() {
                "Kustomization" => kustomizations.push(object),
                "HelmRelease" => renders(&object["spec"]["values"]),
                "Application" if object["metadata"]["name"] == "roster" => {
                    renders(&object["spec"]["source"]["helm"]["valuesObject"]);
                }
                _ => {}
            }
        }
    }
    assert_eq!(kustomizations.len(), 2);
    for kustomization in kustomizations {
        let spec = &kustomization["spec"];
        let path = examples.join(spec["path"].as_str().unwrap());
        let objects = done(&["kustomize", path.to_str().unwrap()], "");
        for check in spec["healthChecks"].as_array().into_iter().flatten() {
            let found = serde_yaml::Deserializer::from_str(&objects).map(|it| Value::deserialize(it).unwrap());
            let mut found = found.filter(|it| it["kind"] == check["kind"] && it["apiVersion"] == check["apiVersion"]);
            assert!(found.any(|it| it["metadata"]["name"] == check["name"]), "{check}");
        }
        assert!(spec["wait"] == true || spec["healthChecks"].is_array(), "{spec}");
    }
}

/// The chart takes these values.
fn renders(values: &Value) {
    let file = tempfile::NamedTempFile::new().unwrap();
    fs::write(file.path(), values.to_string()).unwrap();
    crate::chart::renders_with(file.path().to_str().unwrap());
}
