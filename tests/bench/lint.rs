//! How much CPU time `roster lint` takes for ten thousand manifests: `cargo bench --bench lint`. The budget is two seconds, by the
//! median of five.
#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a bench fails and speaks as tests do")]

use std::{
    fmt::Write as _,
    fs,
    process::{Command, ExitCode, Stdio},
};

const ROSTER: &str = env!("CARGO_BIN_EXE_roster");
const RUNS: usize = 5;
const FILES: usize = 100;
const BUDGET: f64 = 2.0;

fn main() -> ExitCode {
    let folder = tempfile::tempdir().unwrap();
    for file in 0..FILES {
        fs::write(folder.path().join(format!("team-{file}.yaml")), team(file)).unwrap();
    }
    let mut times: Vec<f64> = (0..RUNS).map(|_| lint(folder.path().to_str().unwrap())).collect();
    times.sort_by(f64::total_cmp);
    let median = times[RUNS / 2];
    println!(
        "10,000 manifests   {median:.2} s of CPU time (budget {BUDGET}); least {:.2}, most {:.2}",
        times[0],
        times[RUNS - 1]
    );
    if median <= BUDGET { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// A team: 20 people, each with four bindings, as 100 documents.
fn team(number: usize) -> String {
    let mut text = String::new();
    let head = "apiVersion: access.roster.dev/v1alpha1";
    for person in 0..20 {
        let name = format!("person-{number}-{person}");
        let _ = write!(
            text,
            "---\n{head}\nkind: ConfluentUser\nmetadata:\n  name: {name}\n  namespace: team-{number}\nspec:\n  \
             organizationRef:\n    name: example\n  email: {name}@example.com\n  authType: SSO\n"
        );
        for (role, kind, topic) in [
            ("DeveloperRead", "Topic", "orders-"),
            ("DeveloperRead", "Group", "app-"),
            ("DeveloperWrite", "Topic", "orders-"),
            ("ResourceOwner", "Topic", "private-"),
        ] {
            let _ = write!(
                text,
                "---\n{head}\nkind: RoleBinding\nmetadata:\n  name: {name}-{}-{topic}{}\n  namespace: team-{number}\nspec:\n  \
                 organizationRef:\n    name: example\n  principal:\n    userRef:\n      name: {name}\n  role: {role}\n  scope:\n    \
                 environment: env-{number}\n    cluster: lkc-{number}\n    resource:\n      type: {kind}\n      name: {topic}{name}\n      \
                 patternType: Prefixed\n",
                role.to_lowercase(),
                kind.to_lowercase()
            );
        }
    }
    text
}

/// Seconds of CPU time of one run.
fn lint(folder: &str) -> f64 {
    let before = of_children();
    let status = Command::new(ROSTER).args(["lint", folder]).stdout(Stdio::null()).status().unwrap();
    assert_eq!(status.code(), Some(0));
    of_children() - before
}

/// CPU time of children that have ended, from fields 16 and 17 of `/proc/self/stat`, in ticks of which Linux has 100 a second.
fn of_children() -> f64 {
    let stat = fs::read_to_string("/proc/self/stat").unwrap();
    let fields: Vec<&str> = stat.rsplit(") ").next().unwrap().split(' ').collect();
    let ticks = |index: usize| fields[index].parse::<f64>().unwrap();
    (ticks(13) + ticks(14)) / 100.0
}
