//! `roster lint` as a person and a build use it, and its reading of YAML beside `kubectl`'s.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

use std::{
    fs,
    io::Write as _,
    process::{Command, Output, Stdio},
};

use serde_json::Value;

use crate::cluster::kubectl;

fn lint(arguments: &[&str], input: &str) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_roster"));
    command.arg("lint").args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    child.wait_with_output().unwrap()
}

fn said(output: &Output) -> (Option<i32>, String) {
    let text = [&output.stdout[..], &output.stderr[..]].concat();
    (output.status.code(), String::from_utf8(text).unwrap())
}

fn binding(name: &str, rest: &str) -> String {
    format!(
        "apiVersion: access.roster.dev/v1alpha1\nkind: RoleBinding\nmetadata:\n  name: {name}\nspec:\n  \
         organizationRef: {{name: example}}\n  principal: {{email: ada@example.com}}\n  {rest}\n"
    )
}

const GOOD: &str = "role: DataDiscovery\n  scope: {environment: env-1}";

#[test]
fn the_exit_code_says_whether_a_build_may_go_on() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().to_str().unwrap();
    let metrics = "role: MetricsViewer\n  scope: {environment: env-1}";
    let unknown = "role: DeveloperReed\n  scope: {environment: env-1}";
    let cases: [(&str, &[&str], i32, &str); 8] = [
        (GOOD, &[], 0, "1 object in 1 file: 0 errors, 0 warnings, 0 notes"),
        (
            metrics,
            &[],
            0,
            "access.yaml:7: warning[MetricsViewerForPerson] RoleBinding x: `ada@example.com` is a person",
        ),
        (metrics, &["--fail-on", "warning"], 1, "1 warning"),
        (unknown, &[], 1, "access.yaml:8: error[RoleUnknown] RoleBinding x: the role `DeveloperReed` does not exist"),
        (unknown, &["--output", "github"], 1, "::error file="),
        (unknown, &["--snapshot", "nowhere"], 2, "read `nowhere`"),
        (unknown, &["--granter", "u-1"], 2, "--snapshot"),
        (unknown, &["--role-catalogue", "nowhere"], 2, "nowhere"),
    ];
    for (rest, flags, code, part) in cases {
        fs::write(folder.path().join("access.yaml"), binding("x", rest)).unwrap();
        let (found, text) = said(&lint(&[&[path][..], flags].concat(), ""));
        assert!(found == Some(code) && text.contains(part), "{flags:?}: {found:?}\n{text}");
    }
    let (code, text) = said(&lint(&["-", "--output", "json"], &binding("x", unknown)));
    let answer: Value = serde_json::from_str(&text).unwrap();
    assert_eq!((code, &answer["findings"][0]["rule"]), (Some(1), &Value::from("RoleUnknown")));
    assert_eq!(
        (&answer["findings"][0]["line"], &answer["findings"][0]["file"]),
        (&Value::from(8), &Value::from("stdin"))
    );
    for (paths, part) in [(["nowhere"], "look at `nowhere`"), ([path], "1 object")] {
        let (code, text) = said(&lint(&paths, ""));
        assert!(text.contains(part) && (code == Some(2)) == (paths == ["nowhere"]), "{code:?} {text}");
    }
    let empty = tempfile::tempdir().unwrap();
    let (code, text) = said(&lint(&[empty.path().to_str().unwrap()], ""));
    assert!(code == Some(2) && text.contains("error[Empty]"), "{code:?} {text}");
    fs::write(empty.path().join("values.yaml"), "replicas: 1\n").unwrap();
    let (code, text) = said(&lint(&[empty.path().to_str().unwrap()], ""));
    assert!(code == Some(2) && text.contains("none of these files holds an object"), "{code:?} {text}");
}

/// Whether an object is taken hangs on what a plain word is read as: `kubectl` and the server say one thing, and so do we.
#[test]
fn yaml_is_read_as_kubectl_reads_it() {
    let annotated =
        |value: &str| binding("x", GOOD).replace("  name: x\n", &format!("  name: x\n  annotations: {{a: {value}}}\n"));
    let texts = [
        "on",
        "y",
        "010",
        "0o17",
        "1_000",
        "1.5",
        "1e3",
        "~",
        "2026-11-25",
        "12:30",
        "0x1f",
        "oN",
        "'on'",
        "089",
        "!!str 5",
        ".5",
        "1.",
        "+1",
        "0b11",
        "1e",
        "null",
        "-0",
    ];
    let mut differences = Vec::new();
    for value in texts {
        let manifest = annotated(value);
        let taken = kubectl(&["create", "--dry-run=server", "-f", "-"], &manifest);
        let ours = lint(&["-"], &manifest);
        if taken.status.success() != ours.status.success() {
            differences.push(format!("{value}: {} {}", said(&taken).1.trim(), said(&ours).1.trim()));
        }
    }
    // Anchors, merges and several documents are read alike.
    let merged = "x: &spec\n  organizationRef: {name: example}\n  principal: {email: ada@example.com}\n";
    let merged = format!(
        "{merged}{}",
        binding("x", GOOD)
            .replace("spec:\n", "spec:\n  <<: *spec\n")
            .replace("  organizationRef: {name: example}\n  principal: {email: ada@example.com}\n  role", "  role")
    );
    let taken = kubectl(&["create", "--dry-run=server", "--validate=ignore", "-f", "-"], &merged);
    let ours = said(&lint(&["-"], &merged)).1;
    assert!(
        taken.status.success() && ours.contains("unknown field \"x\"") && ours.contains("1 error"),
        "{taken:?}\n{ours}"
    );
    assert!(differences.is_empty(), "{differences:#?}");
}
