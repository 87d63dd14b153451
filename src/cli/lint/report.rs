//! Findings in words and for programs. No IO.

use std::{collections::BTreeMap, fmt::Write as _};

use serde_json::{Value, json};

use super::{
    Judged,
    finding::{Finding, Id, Severity},
};

/// How findings are printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Output {
    /// For people: `file:line: severity[rule] object: sentence`.
    Text,
    /// For programs.
    Json,
    /// SARIF 2.1.0, which code review tools read.
    Sarif,
    /// Annotations of GitHub Actions.
    Github,
    /// A code quality report of GitLab.
    Gitlab,
}

pub(super) fn print(judged: &Judged, output: Output) -> Result<String, serde_json::Error> {
    match output {
        Output::Text => Ok(text(judged)),
        Output::Github => Ok(github(judged)),
        Output::Json => printed(&as_json(judged)),
        Output::Sarif => printed(&sarif(judged)),
        Output::Gitlab => printed(&judged.findings.iter().map(gitlab).collect()),
    }
}

fn printed(value: &Value) -> Result<String, serde_json::Error> {
    serde_json::to_string_pretty(value).map(|text| text + "\n")
}

fn text(judged: &Judged) -> String {
    let mut text = String::new();
    for it in &judged.findings {
        let _ = writeln!(text, "{}: {}[{}] {}", it.place, it.severity, it.id.as_str(), sentence(it));
    }
    let _ = writeln!(text, "{}", summary(judged));
    text
}

fn sentence(finding: &Finding) -> String {
    match &finding.object {
        Some(object) => format!("{object}: {}", finding.message),
        None => finding.message.clone(),
    }
}

fn summary(judged: &Judged) -> String {
    let count = |severity| judged.findings.iter().filter(|it| it.severity == severity).count();
    let some = |count: usize, noun: &str| format!("{count} {noun}{}", if count == 1 { "" } else { "s" });
    let passed_over = match judged.passed_over {
        0 => String::new(),
        others => format!(", {} of other kinds passed over", some(others, "document")),
    };
    format!(
        "{} in {}{passed_over}: {}, {}, {}",
        some(judged.objects, "object"),
        some(judged.files, "file"),
        some(count(Severity::Error), "error"),
        some(count(Severity::Warning), "warning"),
        some(count(Severity::Note), "note")
    )
}

fn as_json(judged: &Judged) -> Value {
    let one = |it: &Finding| {
        json!({
            "rule": it.id.as_str(),
            "severity": it.severity.to_string(),
            "file": it.place.file.display().to_string(),
            "line": it.place.line,
            "object": it.object,
            "message": it.message,
        })
    };
    json!({
        "findings": judged.findings.iter().map(one).collect::<Vec<_>>(),
        "objects": judged.objects,
        "passedOver": judged.passed_over,
        "files": judged.files,
    })
}

/// <https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html>
fn sarif(judged: &Judged) -> Value {
    let used: BTreeMap<&str, Id> = judged.findings.iter().map(|it| (it.id.as_str(), it.id)).collect();
    let rule = |(name, id): (&&str, &Id)| {
        let mut rule = json!({"id": name, "shortDescription": {"text": id.says()}});
        if !id.help().is_empty() {
            rule["help"] = json!({"text": id.help()});
        }
        rule
    };
    let result = |it: &Finding| {
        json!({
            "ruleId": it.id.as_str(),
            "level": it.severity.to_string(),
            "message": {"text": sentence(it)},
            "locations": [{"physicalLocation": {
                "artifactLocation": {"uri": uri(&it.place.file.display().to_string())},
                "region": {"startLine": it.place.line},
            }}],
        })
    };
    json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": {
                "name": "roster",
                "version": env!("CARGO_PKG_VERSION"),
                "rules": used.iter().map(rule).collect::<Vec<_>>(),
            }},
            "columnKind": "unicodeCodePoints",
            "results": judged.findings.iter().map(result).collect::<Vec<_>>(),
        }],
    })
}

/// A path as a relative URI: what is no unreserved character or `/` is percent-encoded.
fn uri(path: &str) -> String {
    path.trim_start_matches("./").bytes().fold(String::new(), |mut uri, byte| {
        if byte.is_ascii_alphanumeric() || b"/-._~".contains(&byte) {
            uri.push(char::from(byte));
        } else {
            let _ = write!(uri, "%{byte:02X}");
        }
        uri
    })
}

/// <https://docs.github.com/actions/reference/workflows-and-actions/workflow-commands>
fn github(judged: &Judged) -> String {
    let data = |text: &str| text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A");
    let property = |text: &str| data(text).replace(':', "%3A").replace(',', "%2C");
    let mut text = String::new();
    for it in &judged.findings {
        let command = match it.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
            Severity::Note => "notice",
        };
        let file = property(&it.place.file.display().to_string());
        let (line, rule) = (it.place.line, it.id.as_str());
        let _ = writeln!(text, "::{command} file={file},line={line},title={rule}::{}", data(&sentence(it)));
    }
    let _ = writeln!(text, "{}", summary(judged));
    text
}

/// <https://docs.gitlab.com/ci/testing/code_quality/>: the fingerprint stays the same where lines move.
fn gitlab(finding: &Finding) -> Value {
    use sha2::{Digest, Sha256};
    let file = finding.place.file.display().to_string();
    let named = format!("{}\n{file}\n{}", finding.id.as_str(), sentence(finding));
    let fingerprint = Sha256::digest(named.as_bytes()).iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    });
    json!({
        "description": sentence(finding),
        "check_name": finding.id.as_str(),
        "fingerprint": fingerprint,
        "severity": match finding.severity {
            Severity::Error => "major",
            Severity::Warning => "minor",
            Severity::Note => "info",
        },
        "location": {"path": file, "lines": {"begin": finding.place.line}},
    })
}
