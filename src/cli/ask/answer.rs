//! Answers in words and for programs. No IO.

use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::access::{
    Key, Pattern,
    catalogue::{Operation, Resource, Sure},
    effective::{Given, Need, Remedy, Through, Unsaid, Whose},
};

use super::{Able, Answer, Error, Judged, lint::is_made_up, question::Asked};

/// Most grants that are proposed for one right.
const PROPOSED: usize = 3;

/// What is printed of a kind of thing and would read badly as the catalogue has it.
const NOUNS: [(Resource, &str); 17] = [
    (Resource::Acl, "ACLs"),
    (Resource::AuditLog, "audit logs"),
    (Resource::Billing, "billing"),
    (Resource::BusinessMetadata, "business metadata"),
    (Resource::Catalog, "the stream catalogue"),
    (Resource::Compatibility, "compatibility"),
    (Resource::Ksql, "ksqlDB clusters"),
    (Resource::KsqlObject, "streams, tables and queries of ksqlDB"),
    (Resource::Lineage, "lineage"),
    (Resource::Metrics, "metrics"),
    (Resource::Kek, "key encryption keys"),
    (Resource::SchemaRegistry, "Schema Registries"),
    (Resource::ByokKey, "encryption keys of one's own"),
    (Resource::ResourceKey, "API keys"),
    (Resource::CloudKey, "Cloud API keys"),
    (Resource::User, "people"),
    (Resource::ResultSet, "results of statements"),
];

pub(super) fn text(who: &str, asked: &Asked, judged: &[Judged<'_>], notes: &[String]) -> String {
    let answer = Answer::of(judged);
    let can = match answer {
        Answer::Yes => "can",
        Answer::No => "cannot",
        Answer::Unknown => "may be able to",
    };
    let mut text = format!("{}: `{who}` {can} {}\n", word(answer), asked.words);
    for group in alike(judged) {
        let right = rights(group);
        let Some(it) = group.first() else { continue };
        if it.is_given() {
            let _ = writeln!(text, "  {right}: by");
            it.given.iter().for_each(|given| chain(&mut text, given));
            continue;
        }
        if !it.unsaid.is_empty() {
            let _ = writeln!(text, "  {right}: not known");
            for unsaid in &it.unsaid {
                let _ = writeln!(text, "    {}", may(unsaid));
            }
        } else if it.partly.is_empty() {
            let _ = writeln!(text, "  {right}: nothing gives it");
        } else {
            let _ = writeln!(text, "  {right}: given in a part of it only, by");
            it.partly.iter().for_each(|given| chain(&mut text, given));
        }
        propose(&mut text, &it.remedies);
    }
    if let Some(all) = together(judged) {
        let _ = writeln!(text, "  the smallest grants for all that is missing: {}", all.join(" and "));
    }
    for note in notes {
        let _ = writeln!(text, "  note: {note}");
    }
    text
}

fn word(answer: Answer) -> &'static str {
    match answer {
        Answer::Yes => "yes",
        Answer::No => "no",
        Answer::Unknown => "not known",
    }
}

/// What gives it, and what its entry adds to that.
fn chain(text: &mut String, given: &Given<'_>) {
    let _ = writeln!(text, "    {}", by(given));
    if let Some(says) = &given.permission.says {
        let _ = writeln!(text, "      {says}");
    }
}

/// What may give it.
pub(super) fn may(unsaid: &Unsaid<'_>) -> String {
    format!("{} may give it ({}): {}", unsaid.held, unsaid.gap.id, unsaid.gap.says)
}

fn propose(text: &mut String, remedies: &[Remedy<'_>]) {
    if remedies.is_empty() {
        text.push_str("  no grant that is known would give it\n");
        return;
    }
    text.push_str("  any one of these grants would give it, the smallest first:\n");
    for remedy in remedies.iter().take(PROPOSED) {
        let _ = writeln!(text, "    {}", proposed(remedy));
    }
}

/// Neighbours that differ in the operation alone, for one line.
fn alike<'a, 'b>(judged: &'a [Judged<'b>]) -> impl Iterator<Item = &'a [Judged<'b>]> {
    judged.chunk_by(|one, other| {
        let thing = |it: &Judged<'_>| (it.need.resource, it.need.place.clone(), it.need.whose);
        let roles = |all: &[Given<'_>]| all.iter().map(|it| it.held.clone()).collect::<Vec<_>>();
        thing(one) == thing(other)
            && roles(&one.given) == roles(&other.given)
            && roles(&one.partly) == roles(&other.partly)
            && one.unsaid == other.unsaid
            && one.remedies == other.remedies
    })
}

/// Rights that differ in the operation alone, for example `create, alter and delete own API keys in cluster lkc-1`.
fn rights(group: &[Judged<'_>]) -> String {
    let Some(Need { resource, place, whose, .. }) = group.first().map(|it| it.need) else { return String::new() };
    let words: Vec<&str> = group.iter().map(|it| verb(it.need.operation)).collect();
    let verbs = match words.as_slice() {
        [all @ .., last] if !all.is_empty() => format!("{} and {last}", all.join(", ")),
        _ => words.concat(),
    };
    let owner = match whose {
        Whose::Anybodys => "",
        Whose::Own => "own ",
        Whose::Others => "others' ",
    };
    if place.pattern() == Pattern::All {
        let within = place.value(Key::CloudCluster).unwrap_or("the organization");
        return format!("{verbs} all {} in {within}", plural(*resource));
    }
    if place.kind() != Key::Organization && Resource::of(place.kind()) == Some(*resource) {
        return format!("{verbs} {owner}{}", place.describe());
    }
    if *resource == Resource::Organization {
        return format!("{verbs} {}", place.describe());
    }
    let noun = plural(*resource);
    format!("{verbs} {owner}{noun} in {}", place.describe())
}

/// A kind of thing, more than one.
fn plural(resource: Resource) -> String {
    let noun = NOUNS.iter().find(|(it, _)| *it == resource).map(|(_, noun)| (*noun).to_owned());
    noun.unwrap_or_else(|| format!("{}s", resource.as_str().replace('-', " ")))
}

fn verb(operation: Operation) -> &'static str {
    match operation {
        Operation::Describe => "describe",
        Operation::Read => "read",
        Operation::Write => "write",
        Operation::Create => "create",
        Operation::Alter => "alter",
        Operation::Delete => "delete",
        Operation::Invite => "invite",
        Operation::Assign => "assign",
        Operation::Run => "run",
        Operation::Stop => "stop",
        Operation::Invoke => "invoke",
        Operation::Pause => "pause",
        Operation::Resume => "resume",
        Operation::Restart => "restart",
        Operation::DescribeAccess => "see access to",
        Operation::AlterAccess => "manage access to",
    }
}

/// The smallest grants that give all that is missing, where it takes more than one.
fn together(judged: &[Judged<'_>]) -> Option<Vec<String>> {
    let missing: Vec<&Judged<'_>> = judged.iter().filter(|it| !it.is_given()).collect();
    let mut chosen: Vec<&Remedy<'_>> = Vec::new();
    for it in &missing {
        let does =
            |one: &&Remedy<'_>| it.remedies.iter().any(|it| it.role.name == one.role.name && it.scope == one.scope);
        if !chosen.iter().any(does) {
            chosen.push(it.remedies.first()?);
        }
    }
    (chosen.len() > 1).then(|| chosen.into_iter().map(proposed).collect())
}

pub(super) fn people(asked: &Asked, able: &[Able<'_>], notes: &[String]) -> String {
    let mut text = match able.len() {
        0 => format!("nobody can {}, by the bindings that are there\n", asked.words),
        1 => format!("1 can {}:\n", asked.words),
        many => format!("{many} can {}:\n", asked.words),
    };
    for Able { name, judged, .. } in able {
        let _ = writeln!(text, "  {name}");
        for group in alike(judged) {
            let Some(first) = group.first() else { continue };
            if judged.len() == 1 {
                first.given.iter().for_each(|given| chain(&mut text, given));
            } else {
                let ways: Vec<String> = first.given.iter().map(by).collect();
                let _ = writeln!(text, "    {}: by {}", rights(group), ways.join("; "));
            }
        }
    }
    for note in notes {
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
    let warning = if remedy.role.administrative { " (administrative)" } else { "" };
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
        let scope = it.held.scope().map(ToString::to_string);
        json!({
            "role": it.held.role,
            "scope": scope,
            "mapping": through,
            "entry": it.permission.id,
            "says": it.permission.says,
            "sure": it.permission.sure,
        })
    };
    let remedy = |it: &Remedy<'_>| {
        json!({
            "role": it.role.name,
            "scope": it.scope.to_string(),
            "administrative": it.role.administrative,
            "sure": it.sure,
        })
    };
    let unsaid = |it: &Unsaid<'_>| json!({"role": it.held.role, "entry": it.gap.id, "says": it.gap.says});
    let one = |it: &Judged<'_>| {
        json!({
            "operation": it.need.operation.to_string(),
            "resource": it.need.resource.as_str(),
            "place": it.need.place.to_string(),
            "whose": format!("{:?}", it.need.whose),
            "given": it.given.iter().map(given).collect::<Vec<_>>(),
            "partly": it.partly.iter().map(given).collect::<Vec<_>>(),
            "notKnown": it.unsaid.iter().map(unsaid).collect::<Vec<_>>(),
            "remedies": it.remedies.iter().take(PROPOSED).map(remedy).collect::<Vec<_>>(),
        })
    };
    judged.iter().map(one).collect()
}

fn printed(value: &Value) -> Result<String, Error> {
    serde_json::to_string_pretty(value).map(|text| text + "\n").map_err(Error::Json)
}

pub(super) fn json(who: &str, asked: &Asked, judged: &[Judged<'_>], notes: &[String]) -> Result<String, Error> {
    printed(&json!({
        "who": who,
        "asked": asked.words,
        "task": asked.task,
        "answer": word(Answer::of(judged)),
        "rights": judged_json(judged),
        "notes": notes,
    }))
}

pub(super) fn people_json(asked: &Asked, able: &[Able<'_>], notes: &[String]) -> Result<String, Error> {
    // An id that we made up is nobody's.
    let id = |it: &Able<'_>| (!is_made_up(&it.id)).then(|| it.id.to_string());
    let one = |it: &Able<'_>| json!({"who": it.name, "id": id(it), "rights": judged_json(&it.judged)});
    let who: Vec<Value> = able.iter().map(one).collect();
    printed(&json!({"asked": asked.words, "task": asked.task, "able": who, "notes": notes}))
}
