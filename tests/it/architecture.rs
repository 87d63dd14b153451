//! The map, enforced: which layer may name which, what the pure ones may not know, how long a file may be.
//!
//! [`LAYERS`] is the one place of the table; `src/ARCHITECTURE.md` shows it, and a test compares. What is judged is the
//! text of the code without comments, strings and test code.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

mod source;
mod writes;

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

use source::{Reference, Source};

/// A row of the table.
struct Layer {
    name: &'static str,
    holds: &'static str,
    /// Other layers, or paths into them.
    names: &'static [&'static str],
    crates: Crates,
}

enum Crates {
    /// These alone: a PURE layer, which has no clock and no files either.
    Only(&'static [&'static str]),
    /// All but these.
    AllBut(&'static [&'static str]),
}

const KUBERNETES: &[&str] = &["kube", "kube_runtime", "k8s_openapi"];

const LAYERS: &[Layer] = &[
    Layer {
        name: "access",
        holds: "PURE nouns and rules: e-mail, principal, role catalogue, scope and CRN, grant, validity, publisher, delegation, listing; what somebody can do, tasks, and advice",
        names: &[],
        crates: Crates::Only(&["std", "serde", "serde_yaml", "thiserror", "jiff"]),
    },
    Layer {
        name: "plan",
        holds: "PURE decisions: desired state and inventory to steps, and steps held with their reason; guards and permits",
        names: &["access"],
        crates: Crates::Only(&["std", "serde", "thiserror", "jiff", "sha2"]),
    },
    Layer {
        name: "status",
        holds: "PURE report: what a plan found to conditions that every tool reads the same way",
        names: &["access", "plan"],
        crates: Crates::Only(&["std", "serde", "thiserror", "jiff"]),
    },
    Layer {
        name: "api",
        holds: "the custom resources and their schema rules; spec to what is desired, or to why it is invalid",
        names: &["access", "plan", "status"],
        crates: Crates::Only(&["std", "serde", "serde_json", "thiserror", "jiff", "kube", "k8s_openapi", "schemars"]),
    },
    Layer {
        name: "backend",
        holds: "the trait and the adapters that speak a vendor's API, over one HTTP client",
        names: &["access", "plan::permit", "plan::Permit", "telemetry"],
        crates: Crates::AllBut(KUBERNETES),
    },
    Layer {
        name: "simulator",
        holds: "a stateful stand-in for the vendor: a server, reached over the same wire dialect",
        names: &["access", "telemetry"],
        crates: Crates::AllBut(KUBERNETES),
    },
    Layer {
        name: "controller",
        holds: "Kubernetes glue: one loop observe, plan, act, report; the lane of a realm; watches, lease",
        names: &["access", "plan", "status", "api", "backend", "telemetry"],
        crates: Crates::AllBut(&[]),
    },
    Layer {
        name: "cli",
        holds: "the commands, manifests in files with their lines, and the local control plane that `sandbox` and the tests start",
        names: &["access", "plan", "status", "api", "backend", "simulator", "controller", "telemetry"],
        crates: Crates::AllBut(&[]),
    },
    Layer {
        name: "telemetry",
        holds: "set-up of logs, metrics and traces; the id of a pass; the printer of error chains",
        names: &[],
        crates: Crates::AllBut(KUBERNETES),
    },
];

/// What would give a pure layer a clock, a file or a socket.
const IMPURE: [&str; 9] = [
    "std::env",
    "std::fs",
    "std::io",
    "std::net",
    "std::process",
    "std::thread",
    "Instant::now",
    "SystemTime::now",
    "Timestamp::now",
];
const LONGEST_FILE: usize = 600;

/// The rules that a source file breaks, as sentences. `path` is relative to `src/`.
fn broken(path: &str, text: &str, crates: &BTreeSet<String>) -> Vec<String> {
    let Some((name, _)) = path.split_once('/') else { return Vec::new() };
    let Some(layer) = LAYERS.iter().find(|layer| layer.name == name) else {
        return vec![format!("{path}: `{name}` is not in the table of layers")];
    };
    let source = Source::read(path, text, crates);
    let mut found: Vec<String> = source
        .references()
        .filter_map(|reference| judged(layer, reference))
        .map(|said| format!("{path}: {said}"))
        .collect();
    if matches!(layer.crates, Crates::Only(_)) {
        let words = ["async", "await", "unsafe"].into_iter().filter(|word| source.has_word(word));
        found.extend(words.map(|word| format!("{path}: a pure layer has no `{word}`")));
    }
    found.sort();
    found.dedup();
    found
}

fn judged(layer: &Layer, reference: &Reference) -> Option<String> {
    match reference {
        Reference::Everything => Some("names the whole crate".to_owned()),
        Reference::Layer(path) => {
            let own = path.split("::").next() == Some(layer.name);
            let within = |allowed: &&str| path == *allowed || path.starts_with(&format!("{allowed}::"));
            let allowed = own || layer.names.iter().any(within);
            (!allowed).then(|| format!("`{}` may not name `{path}`", layer.name))
        }
        Reference::Crate(path) => {
            let name = path.split("::").next().unwrap_or(path);
            let (pure, allowed) = match layer.crates {
                Crates::Only(names) => (true, names.contains(&name)),
                Crates::AllBut(names) => (false, !names.contains(&name)),
            };
            let impure = pure && IMPURE.iter().any(|impure| format!("{path}::").contains(&format!("{impure}::")));
            (!allowed || impure).then(|| format!("`{}` may not name `{path}`", layer.name))
        }
        Reference::Other(path) => {
            let pure = matches!(layer.crates, Crates::Only(_));
            let impure = pure && IMPURE.iter().any(|impure| path == impure || path.ends_with(&format!("::{impure}")));
            impure.then(|| format!("`{}` may not name `{path}`", layer.name))
        }
    }
}

/// Every file below `src/` that is not test code, by its path relative to it.
fn files() -> BTreeMap<String, String> {
    let mut files = BTreeMap::new();
    read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), "", &mut files);
    let tests: Vec<String> = files.iter().flat_map(|(path, text)| source::test_modules(path, text)).collect();
    let of_a_test =
        |path: &str| tests.iter().any(|test| path == format!("{test}.rs") || path.starts_with(&format!("{test}/")));
    files.retain(|path, _| !of_a_test(path));
    files
}

fn read(folder: &Path, prefix: &str, files: &mut BTreeMap<String, String>) {
    for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
        let name = format!("{prefix}{}", entry.file_name().to_str().unwrap());
        if entry.path().is_dir() {
            read(&entry.path(), &format!("{name}/"), files);
        } else if entry.path().extension().is_some_and(|extension| extension == "rs") {
            files.insert(name, fs::read_to_string(entry.path()).unwrap());
        }
    }
}

/// Every crate that the manifest names, as code spells it.
fn crates() -> BTreeSet<String> {
    let manifest = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml")).unwrap();
    let mut section = "";
    let mut names: BTreeSet<String> = ["std", "core", "alloc"].map(str::to_owned).into();
    for line in manifest.lines() {
        if line.starts_with('[') {
            section = line;
        } else if section.ends_with("dependencies]") {
            names.extend(line.split_once(" = ").map(|(name, _)| name.replace('-', "_")));
        }
    }
    names
}

fn table() -> String {
    let quoted = |names: &[&str]| names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    let row = |layer: &Layer| {
        let names = if layer.names.is_empty() { "-".to_owned() } else { quoted(layer.names) };
        let crates = match layer.crates {
            Crates::Only(names) => quoted(names),
            Crates::AllBut([]) => "all".to_owned(),
            Crates::AllBut(names) => format!("all but {}", quoted(names)),
        };
        format!("| `{}/` | {} | {names} | {crates} |\n", layer.name, layer.holds)
    };
    let rows: Vec<String> = LAYERS.iter().map(row).collect();
    format!("| Layer | Holds | May name | Crates |\n|---|---|---|---|\n{}", rows.concat())
}

#[test]
fn every_layer_names_what_it_may_and_nothing_else() {
    let crates = crates();
    let found: Vec<String> = files().iter().flat_map(|(path, text)| broken(path, text, &crates)).collect();
    assert!(found.is_empty(), "{}", found.join("\n"));
}

/// No adapter has a second way to take something away.
#[test]
fn what_takes_something_away_at_a_vendor_uses_a_permit_up() {
    let (crates, mut used) = (crates(), BTreeSet::new());
    let mut found = Vec::new();
    for (path, text) in files().iter().filter(|(path, _)| path.starts_with("backend/")) {
        let (broken, rows) = writes::broken(path, &Source::read(path, text, &crates));
        found.extend(broken);
        used.extend(rows);
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
    assert!(writes::is_complete(&used), "some row of the table is of no function any more: {used:?}");
}

#[test]
fn the_map_shows_the_table() {
    let map = include_str!("../../src/ARCHITECTURE.md");
    assert!(map.contains(&table()), "`src/ARCHITECTURE.md` should hold this table:\n{}", table());
    assert!(map.lines().count() <= 60, "one screen");
}

#[test]
fn no_file_is_too_long() {
    let mut lengths: Vec<(usize, String)> =
        files().into_iter().map(|(path, text)| (text.lines().count(), path)).collect();
    lengths.sort_unstable_by(|one, other| other.cmp(one));
    for (length, path) in lengths.iter().take(5) {
        eprintln!("{length:5} src/{path}");
    }
    let long: Vec<_> = lengths.iter().filter(|(length, _)| *length > LONGEST_FILE).collect();
    assert!(long.is_empty(), "split by noun what has more than {LONGEST_FILE} lines: {long:?}");
}

/// The checker itself, on text that breaks each rule, and on text that only looks as if it did.
#[test]
fn each_rule_is_noticed_when_broken() {
    let cases = [
        // Layers, however they are spelt.
        ("access/email.rs", "use crate::plan::Reason;", "`access` may not name `plan::Reason`"),
        ("access/scope/crn.rs", "use crate::{access::Scope, api::{convert}};", "`access` may not name `api::convert`"),
        ("plan/user.rs", "fn f() -> crate::status::Condition { todo!() }", "`plan` may not name `status::Condition`"),
        ("plan/user.rs", "use super::super::api::GROUP;", "`plan` may not name `api::GROUP`"),
        ("plan/mod.rs", "use super::api;", "`plan` may not name `api`"),
        ("plan/deep/a.rs", "mod b { use super::super::super::super::api; }", "`plan` may not name `api`"),
        ("plan/user.rs", "use crate::*;", "names the whole crate"),
        ("plan/user.rs", "use crate::{self as all};", "names the whole crate"),
        ("plan/user.rs", "use crate::api::{self};", "`plan` may not name `api`"),
        ("status/report.rs", "use crate::controller;", "`status` may not name `controller`"),
        ("backend/http.rs", "use crate::plan::binding;", "`backend` may not name `plan::binding`"),
        ("backend/http.rs", "use crate::plan::{Permit, Reason};", "`backend` may not name `plan::Reason`"),
        ("backend/http.rs", "use crate::simulator::wire;", "`backend` may not name `simulator::wire`"),
        ("simulator/wire.rs", "use crate::backend::confluent;", "`simulator` may not name `backend::confluent`"),
        ("simulator/world.rs", "use crate::plan::Permit;", "`simulator` may not name `plan::Permit`"),
        ("controller/lane.rs", "use crate::cli;", "`controller` may not name `cli`"),
        ("telemetry/log.rs", "use crate::access::Email;", "`telemetry` may not name `access::Email`"),
        ("novelty/mod.rs", "", "`novelty` is not in the table of layers"),
        // Crates.
        ("access/email.rs", "use serde_json::Value;", "`access` may not name `serde_json::Value`"),
        ("plan/user.rs", "#[derive(schemars::JsonSchema)] struct S;", "`plan` may not name `schemars::JsonSchema`"),
        ("plan/user.rs", "use tokio;", "`plan` may not name `tokio`"),
        ("plan/user.rs", "fn f(x: &::tokio::time::Instant) {}", "`plan` may not name `tokio::time::Instant`"),
        (
            "status/report.rs",
            "type F = futures::future::BoxFuture<'static, ()>;",
            "`status` may not name `futures::future::BoxFuture`",
        ),
        ("api/user.rs", "use kube_runtime::watcher;", "`api` may not name `kube_runtime::watcher`"),
        ("backend/http.rs", "use kube::Client;", "`backend` may not name `kube::Client`"),
        (
            "backend/http.rs",
            "use k8s_openapi::api::core::v1::Secret;",
            "`backend` may not name `k8s_openapi::api::core::v1::Secret`",
        ),
        // Clocks, files and sockets in a pure layer.
        ("plan/user.rs", "async fn f() {}", "a pure layer has no `async`"),
        ("plan/user.rs", "fn f() { let now = jiff::Timestamp::now(); }", "`plan` may not name `jiff::Timestamp::now`"),
        ("plan/user.rs", "fn f() { let now = Timestamp::now(); }", "`plan` may not name `Timestamp::now`"),
        ("access/email.rs", "use std::{fmt, fs};", "`access` may not name `std::fs`"),
        ("status/report.rs", "use std::net::TcpStream;", "`status` may not name `std::net::TcpStream`"),
        // What is allowed, and what is no code.
        ("access/scope/crn.rs", "use super::{Key, super::Email}; use std::fmt; mod async_name {}", ""),
        (
            "plan/user.rs",
            "// use crate::api;\n/* use tokio; /* */ async */ const S: &str = \"crate::api\"; const R: &str = r#\"\"tokio::\"#;",
            "",
        ),
        (
            "plan/user.rs",
            "#[cfg(test)] mod tests { use crate::api; use proptest::prelude::*; } fn f<'a>(c: &'a str) -> char { '\"' }",
            "",
        ),
        ("plan/user.rs", "#[cfg(test)]\n#[allow(x)]\nuse tokio::time;\nfn f() {}", ""),
        ("backend/http.rs", "use crate::plan::Permit; use crate::telemetry::chain; async fn f() {}", ""),
        ("cli/run.rs", "use crate::{controller, simulator}; use tokio::fs; fn f() { std::fs::read(); }", ""),
        ("main.rs", "use roster::cli;", ""),
    ];
    let crates = crates();
    for (path, text, expected) in cases {
        let found = broken(path, text, &crates);
        let expected: Vec<String> =
            Some(expected).filter(|said| !said.is_empty()).map(|said| format!("{path}: {said}")).into_iter().collect();
        assert_eq!(found, expected, "{path}: {text}");
    }
}

/// The same for what may be sent.
#[test]
fn each_way_around_a_permit_is_noticed() {
    let path = "backend/portal/write.rs";
    let cases = [
        ("fn go(&self, permit: Permit<MemberRemoval>) -> Call { Call::new(REMOVE, Method::DELETE, USER) }", ""),
        ("fn go(&self, permit: Permit) -> Call { let f = |it| Call::new(it, Method::PUT, USER); f(DEMOTE) }", ""),
        ("fn make_user(&self) { Call::new(ADD, Method::PUT, USER).header(header::IF_NONE_MATCH, \"*\"); }", ""),
        (
            "fn own(&self, member: &Member) { let call = self.upon(Method::PUT); self.change(call, PROMOTE, member, PublisherRole::Owner) }",
            "",
        ),
        ("fn list(&self) { Call::new(LIST, Method::GET, USERS); } // DELETE", ""),
        ("trait T { fn remove(&self, permit: &Permit); } const S: &str = \"DELETE\";", ""),
        ("fn go(&self, member: &Member) { Method::DELETE }", "`go` sends `DELETE` and uses no permit up"),
        ("fn go(&self, permit: &Permit) { Method::DELETE }", "`go` sends `DELETE` and uses no permit up"),
        ("fn go(&self) -> Permit { Method::DELETE }", "`go` sends `DELETE` and uses no permit up"),
        (
            "fn go(&self, permit: Permit) { fn inner() { Method::DELETE } }",
            "`inner` sends `DELETE` and uses no permit up",
        ),
        (
            "fn go(&self, permit: Permit) {} fn own(&self) { Method::DELETE }",
            "`own` sends `DELETE` and uses no permit up",
        ),
        ("fn make_user(&self) { Method::PUT }", "`make_user` sends `PUT` and uses no permit up"),
        (
            "fn own(&self, role: Role) { self.change(Method::PUT, PROMOTE, member, role) }",
            "`own` sends `PUT` and uses no permit up",
        ),
        ("fn go(&self) { http::Method::PATCH }", "`go` sends `PATCH` and uses no permit up"),
        ("use ::http::Method::{self, DELETE as GONE};", "`DELETE` outside of any function may be sent by everyone"),
        ("const GONE: Method = Method::DELETE;", "`DELETE` outside of any function may be sent by everyone"),
        ("fn go() { Method::from_bytes(b\"DELETE\") }", "`Method::from_bytes` may be any method"),
        ("use ::http::Method::*;", "`Method::*` may be any method"),
    ];
    for (text, expected) in cases {
        let (found, _) = writes::broken(path, &Source::read(path, text, &crates()));
        let expected: Vec<String> =
            Some(expected).filter(|said| !said.is_empty()).map(|said| format!("{path}: {said}")).into_iter().collect();
        assert_eq!(found, expected, "{text}");
    }
}

#[test]
fn test_code_in_a_file_of_its_own_is_found() {
    let cases = [
        ("backend/mod.rs", "#[cfg(test)]\nmod script;", vec!["backend/script"]),
        ("controller/lease/election.rs", "#[cfg(test)] pub(crate) mod tests;", vec!["controller/lease/election/tests"]),
        ("lib.rs", "#[cfg(test)] mod fake; mod real;", vec!["fake"]),
        ("plan/user.rs", "mod real; #[cfg(test)] mod tests { mod inner; }", vec![]),
    ];
    for (path, text, expected) in cases {
        assert_eq!(source::test_modules(path, text), expected, "{path}: {text}");
    }
}
