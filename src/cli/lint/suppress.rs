//! Advice that an object suppresses, with a reason. No IO.
//!
//! Only advice can be suppressed: what the API server or the operator refuses stays refused.

use crate::{
    access::{
        advice::{Rule, suppressed},
        catalogue::ORGANIZATION_ADMIN,
    },
    api::SUPPRESS,
    cli::manifest::{Check, Object},
};

use super::finding::{Finding, Id, Severity};

/// Takes out of the findings about an object what it suppresses, and adds what is wrong with that.
pub(super) fn apply(object: &Object, findings: Vec<Finding>, all: &[Object]) -> Vec<Finding> {
    let Some(text) = object.value["metadata"]["annotations"][SUPPRESS].as_str() else { return findings };
    let place = object.place(&format!("metadata.annotations.{SUPPRESS}"));
    let said = |check, message: String| {
        Finding::check(check, place.clone(), object.title(), format!("`{SUPPRESS}` {message}"))
    };
    // What is refused was not looked at any further.
    let refused = findings.iter().any(|finding| finding.severity == Severity::Error);
    let (mut left, mut more) = (findings, Vec::new());
    for line in suppressed(text) {
        let rule = match line {
            Ok(rule) => rule,
            Err(wrong) => {
                more.push(said(Check::Suppression, wrong.to_string()));
                continue;
            }
        };
        let before = left.len();
        left.retain(|finding| finding.id != Id::Rule(rule));
        if left.len() == before && !refused && counts_something(rule, object, all) {
            let message = format!("names `{rule}`, which has nothing to say here: take the line out");
            more.push(said(Check::UnusedSuppression, message));
        }
    }
    left.extend(more);
    left
}

/// Whether anything that the rule counts for the object is among these manifests: what is kept elsewhere, or not declared at
/// all, may make it speak up where the operator sees it.
fn counts_something(rule: Rule, object: &Object, all: &[Object]) -> bool {
    let (kind, reference) = match (rule, object.kind.as_str()) {
        (Rule::NoGroup | Rule::FewOwners, "Publisher") => ("PublisherUser", "publisherRef"),
        (Rule::SingleOrganizationAdmin | Rule::ManyOrganizationAdmins, "ConfluentOrganization") => {
            ("RoleBinding", "organizationRef")
        }
        _ => return true,
    };
    all.iter().filter(|it| it.kind == kind).map(|it| &it.value["spec"]).any(|spec| {
        let counted = kind != "RoleBinding" || spec["role"] == ORGANIZATION_ADMIN;
        counted && spec[reference]["name"] == object.name.as_str()
    })
}
