//! The main job as a person starts it: the `roster sandbox` process, its tables, its failures, and what it leaves behind.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

use std::{
    io::{BufRead, BufReader, Read, Write},
    path::Path,
    process::{Child, Command, Output, Stdio},
    thread,
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal};
use serde_json::json;

use crate::{cluster, stage::Theatre};

fn sandbox(arguments: &[&str]) -> Command {
    crate::tools::prepare();
    let mut command = Command::new(env!("CARGO_BIN_EXE_roster"));
    command.arg("sandbox").args(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// The sandbox's folder, as its lines name it.
fn folder_in(lines: &str) -> String {
    let at = lines.find("/operator.log").unwrap();
    let start = lines[..at].rfind(' ').unwrap() + 1;
    lines[start..at].to_owned()
}

fn nothing_is_left_of(folder: &str) {
    let since = Instant::now();
    let named = |entry: std::io::Result<std::fs::DirEntry>| {
        let line = std::fs::read(entry.ok()?.path().join("cmdline")).ok()?;
        text(&line).contains(folder).then_some(())
    };
    while Path::new(folder).exists() || std::fs::read_dir("/proc").unwrap().any(|entry| named(entry).is_some()) {
        assert!(since.elapsed() < Duration::from_secs(20), "something of {folder} is left");
        thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn once_shows_both_sides_and_leaves_nothing() {
    let Output { status, stdout, stderr } = sandbox(&["--once"]).output().unwrap();
    let (tables, lines) = (text(&stdout), text(&stderr));
    assert!(status.success(), "{lines}\n{tables}");
    for needle in [
        "$ kubectl get confluentorganizations",
        "Example Trading",
        "rolebinding.access.roster.dev/ada-operates-prod",
        "topic orders-* in lkc-orders",
        "The remote side",
    ] {
        assert!(tables.contains(needle), "`{needle}` is not in\n{tables}");
    }
    // Each grant of the Kubernetes side is in the remote table, with the same words.
    let (kubernetes, remote) = tables.split_once("The remote side").unwrap();
    let grants: Vec<&str> = kubernetes.lines().filter(|line| line.contains("rolebinding.access")).collect();
    assert!(grants.len() >= 9, "{kubernetes}");
    for grant in grants {
        assert!(grant.contains("True"), "{grant}");
        let columns: Vec<&str> = grant.split("  ").map(str::trim).filter(|column| !column.is_empty()).collect();
        let [principal, role, scope] = [columns[2], columns[3], columns[4]];
        let there = |line: &str| line.contains(principal) && line.contains(role) && line.contains(scope);
        assert!(remote.lines().any(there), "{principal} {role} {scope} is not in\n{remote}");
    }
    nothing_is_left_of(&folder_in(&lines));
}

#[test]
fn objects_that_do_not_get_there_are_named_the_exit_says_so_and_the_cluster_is_given_back() {
    let theatre = Theatre::empty();
    let stray = json!({
        "apiVersion": "access.roster.dev/v1alpha1", "kind": "RoleBinding",
        "metadata": {"name": "stray", "namespace": "default"},
        "spec": {"organizationRef": {"name": "nowhere"}, "principal": {"email": "ada@example.com"},
            "role": "MetricsViewer", "scope": {"organization": {}}},
    });
    theatre.done(&["apply", "-f", "-"], &stray.to_string());
    let mut path = theatre.plane.kubectl().parent().unwrap().as_os_str().to_owned();
    path.push(":");
    path.push(std::env::var_os("PATH").unwrap());
    let kubeconfig = theatre.plane.admin_kubeconfig().to_str().unwrap();
    let mut command = sandbox(&["--once", "--yes", "--patience", "20", "--kubeconfig", kubeconfig]);
    let Output { status, stderr, .. } = command.env("PATH", path).output().unwrap();
    let lines = text(&stderr);
    assert_eq!(status.code(), Some(1), "{lines}");
    let last = lines.split("roster: ").last().unwrap();
    assert!(last.contains("not ready within 20 s:\n  "), "{last}");
    assert!(last.contains("RoleBinding default/stray: OrganizationNotFound: "), "{last}");
    nothing_is_left_of(&folder_in(&lines));
    // What the sandbox put there is gone, and what was there is not.
    let left = theatre.done(&["get", "access", "-A", "-o", "name"], "");
    assert_eq!(left, "rolebinding.access.roster.dev/stray", "{lines}");
}

/// Reads lines until one holds the needle; gives all that was read.
fn read_until(reader: &mut impl BufRead, needle: &str) -> String {
    let mut all = String::new();
    while !all.contains(needle) {
        assert_ne!(reader.read_line(&mut all).unwrap(), 0, "`{needle}` did not come:\n{all}");
    }
    all
}

fn interrupt(child: &Child) {
    let pid = Pid::from_raw(i32::try_from(child.id()).unwrap()).unwrap();
    rustix::process::kill_process(pid, Signal::INT).unwrap();
}

#[test]
fn it_stays_up_until_ctrl_c_and_then_nothing_is_left() {
    let mut child = sandbox(&[]).spawn().unwrap();
    let mut tables = BufReader::new(child.stdout.take().unwrap());
    let shown = read_until(&mut tables, "Ctrl-C ends it");
    assert!(shown.contains("export KUBECONFIG="), "{shown}");
    // The refused edit that it proposes is refused with the sentence.
    let kubeconfig = shown.split("export KUBECONFIG=").nth(1).unwrap().lines().next().unwrap().trim();
    let patch = r#"{"spec":{"protection":{"minimumOrganizationAdmins":0}}}"#;
    let kubectl = cluster::shared().kubectl();
    let refused = Command::new(kubectl)
        .args(["--kubeconfig", kubeconfig, "patch", "corg", "example", "--type=merge", "-p", patch])
        .output()
        .unwrap();
    assert!(text(&refused.stderr).contains("must be at least 1"), "{refused:?}");
    interrupt(&child);
    assert!(child.wait().unwrap().success());
    let mut lines = String::new();
    child.stderr.take().unwrap().read_to_string(&mut lines).unwrap();
    nothing_is_left_of(&folder_in(&lines));
}

#[test]
fn interrupted_on_the_way_it_says_so_and_leaves_nothing() {
    let mut child = sandbox(&[]).spawn().unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap());
    let read = read_until(&mut lines, "/operator.log");
    interrupt(&child);
    let status = child.wait().unwrap();
    let mut rest = String::new();
    lines.read_to_string(&mut rest).unwrap();
    // Where everything was up already, Ctrl-C is the ordinary end.
    assert!(status.success() || rest.contains("interrupted"), "{status}: {rest}");
    nothing_is_left_of(&folder_in(&read));
}

#[test]
fn somebodys_cluster_is_asked_for_and_given_back() {
    let kubeconfig = cluster::shared().admin_kubeconfig().to_str().unwrap();
    let mut asked = sandbox(&["--once", "--kubeconfig", kubeconfig]);
    let mut child = asked.stdin(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(b"no\n").unwrap();
    let declined = child.wait_with_output().unwrap();
    assert_eq!(declined.status.code(), Some(1));
    assert!(text(&declined.stderr).contains("was not touched"), "{declined:?}");

    let missing = sandbox(&["--once", "--yes", "--kubeconfig", "/nowhere/kubeconfig"]).output().unwrap();
    let lines = text(&missing.stderr);
    assert!(!missing.status.success() && lines.lines().count() == 1 && lines.contains("kubeconfig"), "{lines}");
}
