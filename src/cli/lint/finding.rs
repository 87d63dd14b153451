//! One thing that is told about manifests. No IO.

use std::fmt;

use crate::{
    access::{Advice, advice},
    cli::manifest::{Check, Place, Problem},
    plan::{Finding as Refusal, Reason},
};

/// How much it matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, clap::ValueEnum)]
pub(crate) enum Severity {
    /// It is right, and worth knowing before it is merged.
    Note,
    /// It is likely not what is wanted, or will have to wait.
    Warning,
    /// The API server or the operator refuses it.
    Error,
}

/// By what it is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Id {
    /// A check of files.
    Check(Check),
    /// The reason that the object's status would give.
    Reason(Reason),
    /// A rule of advice.
    Rule(advice::Rule),
}

/// Something that is told, with the place where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Finding {
    pub(crate) id: Id,
    pub(crate) severity: Severity,
    pub(crate) place: Place,
    /// The object, where it is about one.
    pub(crate) object: Option<String>,
    pub(crate) message: String,
}

impl Finding {
    pub(super) fn problem(problem: &Problem) -> Self {
        let (place, message) = (problem.place.clone(), problem.message.clone());
        Self { id: Id::Check(problem.check), severity: severity(problem.check), place, object: None, message }
    }

    pub(super) fn check(check: Check, place: Place, object: String, message: impl Into<String>) -> Self {
        Self { id: Id::Check(check), severity: severity(check), place, object: Some(object), message: message.into() }
    }

    pub(super) fn refusal(refusal: Refusal, severity: Severity, place: Place, object: String) -> Self {
        Self { id: Id::Reason(refusal.reason), severity, place, object: Some(object), message: refusal.message }
    }

    pub(super) fn advice(advice: Advice, place: Place, object: String) -> Self {
        let severity = match advice.rule.text().severity {
            advice::Severity::Note => Severity::Note,
            advice::Severity::Warning => Severity::Warning,
        };
        Self { id: Id::Rule(advice.rule), severity, place, object: Some(object), message: advice.message }
    }
}

fn severity(check: Check) -> Severity {
    match check.severity() {
        "note" => Severity::Note,
        "warning" => Severity::Warning,
        _ => Severity::Error,
    }
}

impl Id {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Check(check) => check.as_str(),
            Self::Reason(reason) => reason.as_str(),
            Self::Rule(rule) => rule.as_str(),
        }
    }

    /// One sentence about it, whatever the object.
    pub(super) fn says(self) -> &'static str {
        match self {
            Self::Check(check) => check.meaning().trim(),
            Self::Reason(reason) => reason.meaning().trim(),
            Self::Rule(rule) => &rule.text().says,
        }
    }

    /// What more there is to know of it.
    pub(super) fn help(self) -> &'static str {
        match self {
            Self::Check(_) => "",
            Self::Reason(reason) => reason.next_step(),
            Self::Rule(rule) => &rule.text().why,
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Note => "note",
            Self::Warning => "warning",
            Self::Error => "error",
        })
    }
}
