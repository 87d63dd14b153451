//! Alert rules, dashboard and runbooks against what the operator serves, and the rules against promtool's own tests.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use roster::{
    plan::Reason,
    telemetry::{
        Metrics,
        metrics::{CallOutcome, Kind, Reconciled, RemoteCall, Status, Verb},
    },
};
use serde_json::Value;

use crate::promtool::promtool;

fn root(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

fn read(path: &str) -> String {
    fs::read_to_string(root(path)).unwrap()
}

/// The alerts of all groups.
fn alerts() -> Vec<Value> {
    let rules: Value = serde_yaml::from_str(&read("charts/roster/files/alerts.yaml")).unwrap();
    let groups = rules["groups"].as_array().unwrap();
    groups.iter().flat_map(|group| group["rules"].as_array().unwrap().clone()).collect()
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().unwrap_or_default()
}

/// Every query of the dashboard.
fn queries() -> Vec<String> {
    let dashboard: Value = serde_json::from_str(&read("charts/roster/files/dashboard.json")).unwrap();
    let panels = dashboard["panels"].as_array().unwrap().clone();
    let targets = panels.iter().flat_map(|panel| panel["targets"].as_array().unwrap().clone());
    let variables = dashboard["templating"]["list"].as_array().unwrap().clone();
    let queries = variables.iter().map(|variable| text(variable, "query").to_owned());
    targets.map(|target| text(&target, "expr").to_owned()).chain(queries).collect()
}

/// Words of ours in a query.
fn series(query: &str) -> BTreeSet<String> {
    let words = query.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_'));
    words.filter(|word| word.starts_with("roster_")).map(str::to_owned).collect()
}

/// Every series that the operator's page can have.
fn served() -> BTreeSet<String> {
    let metrics = Metrics::new("1");
    // What has not been counted yet is not on the page.
    metrics.reconciled(Kind::RoleBinding, Reconciled::Failed);
    metrics.lagged(Kind::RoleBinding, Duration::from_secs(1));
    let (verb, status, outcome, took) = (Verb::Get, Status::Success, CallOutcome::Ok, Duration::from_secs(1));
    metrics.called(&RemoteCall { operation: "list users", verb, status, outcome, took });
    let page = metrics.encode();
    let types = page.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.split_once(' '));
    types
        .flat_map(|(name, kind)| {
            let suffixes: &[&str] = match kind {
                "counter" => &["_total"],
                "histogram" => &["_bucket", "_sum", "_count"],
                "info" => &["_info"],
                _ => &[""],
            };
            suffixes.iter().map(|suffix| format!("{name}{suffix}")).collect::<Vec<String>>()
        })
        .collect()
}

/// The values that a query compares a label with.
fn compared(query: &str, label: &str) -> Vec<String> {
    let part = |rest: &str| rest.trim_start_matches(['=', '~', '!', '"']).split('"').next().unwrap().to_owned();
    let found = query.match_indices(label).filter_map(|(at, _)| {
        let rest = &query[at + label.len()..];
        let before = query[..at].chars().next_back();
        (rest.starts_with(['=', '!']) && matches!(before, Some('{' | ',' | ' '))).then(|| part(rest))
    });
    found.flat_map(|values| values.split('|').map(str::to_owned).collect::<Vec<String>>()).collect()
}

#[test]
fn alerts_and_dashboard_ask_for_what_there_is() {
    let served = served();
    let rules = alerts();
    let all = rules.iter().map(|alert| text(alert, "expr").to_owned()).chain(queries());
    let mut asked = BTreeSet::new();
    for query in all {
        let names = series(&query);
        let unknown: Vec<_> = names.difference(&served).collect();
        assert!(unknown.is_empty(), "{unknown:?} in `{query}` is none of {served:?}");
        for reason in compared(&query, "reason") {
            assert!(Reason::ALL.iter().any(|known| known.as_str() == reason), "`{reason}` in `{query}` is no reason");
        }
        for state in compared(&query, "state") {
            assert!(["settled", "working", "waiting", "stalled"].contains(&state.as_str()), "{state} in `{query}`");
        }
        asked.extend(names);
    }
    let table = read("charts/roster/README.md");
    let shown = |name: &&String| {
        let base = ["_bucket", "_sum", "_count"].iter().find_map(|suffix| name.strip_suffix(suffix)).unwrap_or(name);
        table.contains(&format!("\n| `{base}` |"))
    };
    assert_eq!(served.iter().find(|name| !shown(name)), None, "it is not in the chart's table of metrics");
    // What nobody looks at need not be measured; a histogram's parts count as one.
    let unasked =
        served.iter().filter(|name| !asked.contains(*name) && !name.ends_with("_sum") && !name.ends_with("_count"));
    assert_eq!(unasked.collect::<Vec<_>>(), Vec::<&String>::new());
}

#[test]
fn each_alert_says_what_it_is_about_and_has_a_runbook_and_a_test() {
    let cases = read("tests/promtool/alerts_test.yaml");
    let mut names = BTreeSet::new();
    for alert in alerts() {
        let name = text(&alert, "alert");
        assert!(name.starts_with("Roster") && names.insert(name.to_owned()), "{name}");
        assert!(["critical", "warning"].contains(&text(&alert["labels"], "severity")), "{name}");
        assert!(text(&alert, "for").ends_with('m'), "{name} has no `for`");
        let annotations = &alert["annotations"];
        let (summary, description) = (text(annotations, "summary"), text(annotations, "description"));
        assert!(!summary.is_empty() && !summary.ends_with('.') && description.ends_with('.'), "{name}");
        assert_eq!(text(annotations, "runbook"), format!("charts/roster/runbooks/{name}.md"));
        assert!(cases.contains(&format!("alertname=\"{name}\"")), "{name} fires in no case");
    }
    let files = fs::read_dir(root("charts/roster/runbooks")).unwrap().map(|entry| entry.unwrap().file_name());
    let runbooks: BTreeSet<String> =
        files.map(|name| name.to_str().unwrap().trim_end_matches(".md").to_owned()).collect();
    assert_eq!(runbooks, names);
    for name in &names {
        let runbook = read(&format!("charts/roster/runbooks/{name}.md"));
        for part in [format!("# {name}\n"), "## What it means\n".into(), "## Look\n\n```sh\n".into(), "## Do\n".into()]
        {
            assert!(runbook.contains(&part), "{name}: {part}");
        }
        let links = runbook.split("](").skip(1).map(|rest| rest.split(')').next().unwrap());
        for link in links {
            assert!(names.contains(link.trim_end_matches(".md")), "{name} links to {link}");
        }
    }
}

#[test]
fn each_alert_fires_when_it_should_and_not_before() {
    let folder = root("tests/promtool");
    for arguments in
        [["check", "rules", "../../charts/roster/files/alerts.yaml"], ["test", "rules", "alerts_test.yaml"]]
    {
        let output = promtool(&folder, &arguments);
        let said = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert!(output.status.success() && said.contains("SUCCESS"), "{said}");
    }
}
