//! Answers in words and for programs. No IO.

use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::access::{
    catalogue::Sure,
    effective::{Given, Remedy, Through},
};

use super::{Error, Judged, question::Asked};

/// Most grants that are proposed for one right.
const PROPOSED: usize = 3;

pub(super) fn text(who: &str, asked: &Asked, judged: &[Judged<'_>], yes: bool) -> String {
    let mut text =
        format!("{}: `{who}` can{} {}\n", if yes { "yes" } else { "no" }, if yes { "" } else { "not" }, asked.words);
    for it in judged {
        let right = format!("{} {} on {}", it.need.operation, it.need.resource, it.need.place.describe());
        if it.given.is_empty() {
            let _ = writeln!(text, "  {right}: nothing gives it. The smallest grants that would:");
            for remedy in it.remedies.iter().take(PROPOSED) {
                let _ = writeln!(text, "    {}", proposed(remedy));
            }
            if it.remedies.is_empty() {
                let _ = writeln!(text, "    none that is known");
            }
        } else {
            let _ = writeln!(text, "  {right}, by");
            for given in &it.given {
                let _ = writeln!(text, "    {}", by(given));
            }
        }
    }
    for note in asked.notes.iter().chain(&hinging(judged)) {
        let _ = writeln!(text, "  note: {note}");
    }
    text
}

/// What an answer hinges on that cannot be read.
fn hinging(judged: &[Judged<'_>]) -> Option<String> {
    let mapped = judged.iter().flat_map(|it| &it.given).any(|it| matches!(it.held.through, Through::Mapping(_)));
    mapped.then(|| {
        "membership in a group cannot be read from the vendor, and acts in sessions by single sign-on, not for API keys"
            .to_owned()
    })
}

pub(super) fn people(asked: &Asked, able: &[(String, Vec<Judged<'_>>)]) -> String {
    if able.is_empty() {
        return format!("nobody can {}, by bindings of their own\n", asked.words);
    }
    let mut text = format!("{} can {}:\n", able.len(), asked.words);
    for (name, judged) in able {
        let _ = writeln!(text, "  {name}");
        for given in judged.iter().flat_map(|it| &it.given) {
            let _ = writeln!(text, "    {}", by(given));
        }
    }
    for note in &asked.notes {
        let _ = writeln!(text, "  note: {note}");
    }
    text
}

fn by(given: &Given<'_>) -> String {
    let through = match &given.held.through {
        Through::Binding => String::new(),
        Through::Mapping(name) => format!(", by the group mapping `{name}`"),
    };
    format!("{}{through} ({}){}", given.held, given.permission.id, doubt(given.permission.sure))
}

fn proposed(remedy: &Remedy<'_>) -> String {
    let warning = if remedy.role.administrative { ", which is administrative" } else { "" };
    format!("{} on {}{warning}{}", remedy.role.name, remedy.scope.describe(), doubt(remedy.sure))
}

fn doubt(sure: Sure) -> &'static str {
    match sure {
        Sure::Stated => "",
        Sure::Inferred => ", inferred",
        Sure::Unverified => ", unverified",
    }
}

fn judged_json(judged: &[Judged<'_>]) -> Vec<Value> {
    let given = |it: &Given<'_>| {
        let through = match &it.held.through {
            Through::Binding => Value::Null,
            Through::Mapping(name) => json!(name),
        };
        json!({"role": it.held.role, "scope": it.held.scope().map(ToString::to_string), "mapping": through, "entry": it.permission.id})
    };
    let remedy = |it: &Remedy<'_>| json!({"role": it.role.name, "scope": it.scope.to_string()});
    let one = |it: &Judged<'_>| {
        json!({
            "operation": it.need.operation.to_string(),
            "resource": it.need.resource.as_str(),
            "place": it.need.place.to_string(),
            "given": it.given.iter().map(given).collect::<Vec<_>>(),
            "remedies": it.remedies.iter().take(PROPOSED).map(remedy).collect::<Vec<_>>(),
        })
    };
    judged.iter().map(one).collect()
}

fn printed(value: &Value) -> Result<String, Error> {
    serde_json::to_string_pretty(value).map(|text| text + "\n").map_err(Error::Json)
}

pub(super) fn json(who: &str, asked: &Asked, judged: &[Judged<'_>], yes: bool) -> Result<String, Error> {
    let notes: Vec<String> = asked.notes.iter().cloned().chain(hinging(judged)).collect();
    let answer = if yes { "yes" } else { "no" };
    printed(&json!({"who": who, "asked": asked.words, "answer": answer, "rights": judged_json(judged), "notes": notes}))
}

pub(super) fn people_json(asked: &Asked, able: &[(String, Vec<Judged<'_>>)]) -> Result<String, Error> {
    let who: Vec<Value> =
        able.iter().map(|(name, judged)| json!({"who": name, "rights": judged_json(judged)})).collect();
    printed(&json!({"asked": asked.words, "able": who, "notes": asked.notes}))
}
