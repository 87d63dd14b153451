//! Advice that an object suppresses, with a reason. No IO.
//!
//! `access.roster.dev/suppress` holds one line for each rule: its name, a colon, and why it does not hold here. Only advice can be
//! suppressed: what the API server or the operator refuses stays refused.

use crate::{
    access::advice::Rule,
    api::SUPPRESS,
    cli::manifest::{Check, Object},
};

use super::finding::{Finding, Id, Severity};

/// Takes out of the findings about an object what it suppresses, and adds what is wrong with that.
pub(super) fn apply(object: &Object, findings: Vec<Finding>) -> Vec<Finding> {
    let Some(text) = object.value["metadata"]["annotations"][SUPPRESS].as_str() else { return findings };
    let mut left = findings;
    let place = object.place(&format!("metadata.annotations.{SUPPRESS}"));
    let said = |check, message: String| Finding::check(check, place.clone(), object.title(), message);
    let mut more = Vec::new();
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let (name, reason) = line.split_once(':').unwrap_or((line, ""));
        let (name, reason) = (name.trim(), reason.trim());
        let Some(rule) = Rule::parse(name) else {
            more.push(said(Check::Suppression, unknown(name)));
            continue;
        };
        if reason.is_empty() {
            let message =
                format!("`{SUPPRESS}` gives no reason for `{rule}`: write `{rule}: why it does not hold here`");
            more.push(said(Check::Suppression, message));
            continue;
        }
        let before = left.len();
        left.retain(|finding| finding.id != Id::Rule(rule));
        // What is refused was not looked at any further.
        if left.len() == before && left.iter().all(|finding| finding.severity < Severity::Error) {
            let message = format!("`{SUPPRESS}` names `{rule}`, which has nothing to say here: take the line out");
            more.push(said(Check::UnusedSuppression, message));
        }
    }
    left.extend(more);
    left
}

fn unknown(name: &str) -> String {
    let near = Rule::nearest(name);
    let near = near.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    let near = if near.is_empty() { String::new() } else { format!("; the nearest are {near}") };
    format!("`{SUPPRESS}` names `{name}`, which is no rule of advice{near}")
}
