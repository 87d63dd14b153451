//! `roster roles`: the catalogue, for people and for programs. It asks nobody.

use std::{
    fmt::Write as _,
    io::{self, Write},
    path::{Path, PathBuf},
};

use comfy_table::{ContentArrangement, Table, presets};
use serde::Serialize;

use crate::access::{
    Catalogue, Crn, Key, Scope,
    catalogue::{CatalogueError, Operation, Permission, Resource, Role, Sure},
};

/// The roles that Roster knows: where each is bound, what it gives and does not, and who may grant it.
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    question: Option<Question>,
    /// A patch of the catalogue, as `roster run` takes it.
    #[arg(long, value_name = "FILE", global = true)]
    role_catalogue: Option<PathBuf>,
    /// `text` for people, `json` for programs.
    #[arg(long, value_name = "FORMAT", default_value = "text", global = true)]
    output: Output,
}

#[derive(Clone, Debug, clap::Subcommand)]
enum Question {
    /// One role: everything that is known of it.
    Show {
        /// Its name.
        role: String,
    },
    /// The roles that can be bound at a place, and who may grant each there.
    Offered {
        /// The place as a CRN, whole or relative: `/environment=env-1/cloud-cluster=lkc-1`; `/` is the organization.
        #[arg(long, value_name = "CRN")]
        scope: String,
    },
    /// What the patch of `--role-catalogue` makes different.
    Differences,
}

/// How an answer is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Output {
    /// For people.
    Text,
    /// For programs.
    Json,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The roles that the program holds, which a test rules out.
    #[error("read the roles that this program holds")]
    Embedded(#[source] CatalogueError),
    /// The patch.
    #[error("`--role-catalogue` `{}`", .0.display())]
    File(PathBuf, #[source] io::Error),
    /// What is in it.
    #[error("`--role-catalogue` `{}`", .0.display())]
    Patch(PathBuf, #[source] CatalogueError),
    /// A name that nobody knows.
    #[error("no role is called `{name}`{}", nearest(.near))]
    Unknown {
        /// As it was written.
        name: String,
        /// What may be meant.
        near: Vec<String>,
    },
    /// The place.
    #[error("`--scope`: {0}")]
    Scope(String),
    /// There is nothing to compare.
    #[error("`roster roles differences` needs `--role-catalogue FILE`")]
    NoPatch,
    /// It could not be written as text.
    #[error("write JSON")]
    Json(#[source] serde_json::Error),
    /// Standard output is closed.
    #[error("write to standard output")]
    Print(#[source] io::Error),
}

fn nearest(names: &[String]) -> String {
    let quoted: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    if quoted.is_empty() { String::new() } else { format!(": did you mean {}?", quoted.join(" or ")) }
}

/// The roles as the program holds them, or with the patch in a file.
pub(super) fn catalogue(given: Option<&Path>) -> Result<Catalogue, Error> {
    let embedded = Catalogue::try_embedded().map_err(|error| Error::Embedded(error.clone()))?;
    let Some(path) = given else { return Ok(embedded.clone()) };
    let text = std::fs::read_to_string(path).map_err(|source| Error::File(path.to_owned(), source))?;
    embedded.patched(&text).map_err(|source| Error::Patch(path.to_owned(), source))
}

/// Answers.
pub fn run(args: &Args) -> Result<(), Error> {
    let catalogue = catalogue(args.role_catalogue.as_deref())?;
    let text = match (&args.question, args.output) {
        (None, Output::Text) => list(&catalogue),
        (None, Output::Json) => {
            json(&catalogue.roles().iter().map(|role| Told::of(&catalogue, role)).collect::<Vec<_>>())?
        }
        (Some(Question::Show { role }), output) => {
            let role = known(&catalogue, role)?;
            if output == Output::Json { json(&Told::of(&catalogue, role))? } else { show(&catalogue, role) }
        }
        (Some(Question::Offered { scope }), output) => offered(&catalogue, &place(scope)?, output)?,
        (Some(Question::Differences), output) => {
            if args.role_catalogue.is_none() {
                return Err(Error::NoPatch);
            }
            let all: Vec<String> =
                catalogue.differences(Catalogue::embedded()).iter().map(ToString::to_string).collect();
            if output == Output::Json {
                json(&all)?
            } else {
                all.iter().fold(String::new(), |text, it| text + it + "\n")
            }
        }
    };
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes()).and_then(|()| out.flush()).map_err(Error::Print)
}

fn known<'a>(catalogue: &'a Catalogue, name: &str) -> Result<&'a Role, Error> {
    catalogue.role(name).ok_or_else(|| Error::Unknown {
        name: name.to_owned(),
        near: catalogue.nearest(name).into_iter().map(str::to_owned).collect(),
    })
}

/// A place as a CRN; which organization it is in does not matter here.
fn place(text: &str) -> Result<Scope, Error> {
    const ANY: &str = "00000000-0000-0000-0000-000000000000";
    if text == "/" {
        return Ok(Scope::organization());
    }
    let read = match text.parse::<Crn>() {
        Ok(crn) => Ok(crn),
        Err(_) if !text.starts_with("crn:") => Crn::within(ANY, text.trim_start_matches('/')),
        Err(error) => Err(error),
    };
    read.map(|crn| crn.scope).map_err(|error| Error::Scope(crate::telemetry::chain(&error)))
}

fn json(value: &impl Serialize) -> Result<String, Error> {
    serde_json::to_string_pretty(value).map(|text| text + "\n").map_err(Error::Json)
}

fn table(header: &[&str]) -> Table {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Disabled);
    table.set_header(header.iter().copied());
    table
}

fn words(items: impl IntoIterator<Item = impl ToString>) -> String {
    items.into_iter().map(|it| it.to_string()).collect::<Vec<_>>().join(", ")
}

fn places(role: &Role) -> Vec<String> {
    role.at.iter().map(|key| key.noun().to_owned()).chain(role.elsewhere.iter().cloned()).collect()
}

/// At most four, so that a row stays a line.
fn short(mut places: Vec<String>) -> String {
    let more = places.len().saturating_sub(4);
    places.truncate(4);
    let text = words(places);
    if more == 0 { text } else { format!("{text} and {more} more") }
}

fn list(catalogue: &Catalogue) -> String {
    let mut table = table(&["ROLE", "FOR", "BOUND TO", "WHAT IT IS"]);
    for role in catalogue.roles() {
        table.add_row([role.name.clone(), format!("{:?}", role.category), short(places(role)), role.summary.clone()]);
    }
    format!("{table}\n")
}

fn given(permission: &Permission) -> Vec<[String; 2]> {
    let row = |(resource, operations): (&Resource, &std::collections::BTreeSet<Operation>)| {
        [resource.to_string(), words(operations)]
    };
    permission.gives.iter().map(row).collect()
}

fn show(catalogue: &Catalogue, role: &Role) -> String {
    let mut text = format!("{}: {}\n\n", role.name, role.summary);
    let _ = writeln!(text, "Bound to          {}", words(places(role)));
    let _ = writeln!(text, "Granted by        {}{}", words(&role.granted_by), doubt(role.granted_sure));
    let _ = writeln!(text, "Administrative    {}", if role.administrative { "yes" } else { "no" });
    let source = catalogue.source(&role.source).unwrap_or(&role.source);
    let _ = writeln!(text, "Known from        {source}{}", doubt(role.sure));
    let mut gives = table(&["ON", "MAY", "WHERE", "ENTRY"]);
    for permission in &role.may {
        for [resource, operations] in given(permission) {
            let mut place = format!("{:?}", permission.reach);
            if !permission.bound_to.is_empty() {
                let _ = write!(place, ", bound to {}", words(permission.bound_to.iter().map(|key| key.noun())));
            }
            gives.add_row([resource, operations, place + doubt(permission.sure), permission.id.clone()]);
        }
    }
    let _ = write!(text, "\n{gives}\n");
    let told = role.may.iter().filter_map(|it| Some((&it.id, it.says.as_ref()?)));
    let caveats = role.caveats.iter().map(|it| (&it.id, &it.says));
    let named = catalogue.rules().iter().filter(|rule| names(&rule.says, &role.name)).map(|it| (&it.id, &it.says));
    let lists: [(&str, Vec<(&String, &String)>); 4] = [
        ("To be added", told.collect()),
        ("It does not", role.cannot.iter().map(|it| (&it.id, &it.says)).collect()),
        ("Nobody says", role.unknown.iter().map(|it| (&it.id, &it.says)).collect()),
        ("Know before you grant it", caveats.chain(named).collect()),
    ];
    for (title, entries) in lists.into_iter().filter(|(_, entries)| !entries.is_empty()) {
        let _ = writeln!(text, "\n{title}:");
        for (id, says) in entries {
            let _ = writeln!(text, "  {says} ({id})");
        }
    }
    text
}

/// Whether a sentence names the role.
fn names(says: &str, role: &str) -> bool {
    says.split(|letter: char| !letter.is_alphanumeric()).any(|word| word == role)
}

fn doubt(sure: Sure) -> &'static str {
    match sure {
        Sure::Stated => "",
        Sure::Inferred => " (inferred)",
        Sure::Unverified => " (unverified)",
    }
}

fn offered(catalogue: &Catalogue, scope: &Scope, output: Output) -> Result<String, Error> {
    let kind: Key = scope.kind();
    let roles: Vec<&Role> = catalogue.roles().iter().filter(|role| role.at.contains(&kind)).collect();
    if output == Output::Json {
        let told = roles.into_iter();
        let told = told.map(|role| Told { granted_by: granters(catalogue, role, scope), ..Told::of(catalogue, role) });
        return json(&told.collect::<Vec<_>>());
    }
    let mut table = table(&["ROLE", "GRANTED BY", "WHAT IT IS"]);
    for role in roles {
        let granters = words(granters(catalogue, role, scope));
        table.add_row([role.name.clone(), granters + doubt(role.granted_sure), role.summary.clone()]);
    }
    let mut text = format!("On {}:\n\n{table}\n", scope.describe());
    if let Some(types) = catalogue.clusters_for(kind) {
        let _ = writeln!(text, "\nRoles on these exist in clusters of the types {}.", words(types));
    }
    Ok(text)
}

/// Who grants the role there: a granter whose own role is bound to nothing that contains the place reaches it from nowhere.
fn granters<'a>(catalogue: &Catalogue, role: &'a Role, scope: &Scope) -> Vec<&'a str> {
    let around: Vec<Key> = std::iter::successors(Some(scope.clone()), Scope::parent).map(|it| it.kind()).collect();
    let reaches = |name: &str| catalogue.role(name).is_some_and(|it| it.at.iter().any(|key| around.contains(key)));
    role.granted_by.iter().map(String::as_str).filter(|name| reaches(name)).collect()
}

/// One role for programs.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Told<'a> {
    name: &'a str,
    category: String,
    summary: &'a str,
    bound_to: Vec<&'static str>,
    administrative: bool,
    granted_by: Vec<&'a str>,
    source: &'a str,
    may: Vec<Gives<'a>>,
    cannot: Vec<&'a str>,
    unknown: Vec<&'a str>,
    caveats: Vec<&'a str>,
}

/// One entry for programs.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Gives<'a> {
    id: &'a str,
    on: &'a std::collections::BTreeMap<Resource, std::collections::BTreeSet<Operation>>,
    reach: crate::access::catalogue::Reach,
    sure: String,
    source: &'a str,
}

impl<'a> Told<'a> {
    fn of(catalogue: &'a Catalogue, role: &'a Role) -> Self {
        let source = |key: &'a str| catalogue.source(key).unwrap_or(key);
        let gives = |it: &'a Permission| Gives {
            id: &it.id,
            on: &it.gives,
            reach: it.reach,
            sure: format!("{:?}", it.sure),
            source: source(&it.source),
        };
        Self {
            name: &role.name,
            category: format!("{:?}", role.category),
            summary: &role.summary,
            bound_to: role.at.iter().map(|key| key.as_str()).collect(),
            administrative: role.administrative,
            granted_by: role.granted_by.iter().map(String::as_str).collect(),
            source: source(&role.source),
            may: role.may.iter().map(gives).collect(),
            cannot: role.cannot.iter().map(|it| it.says.as_str()).collect(),
            unknown: role.unknown.iter().map(|it| it.says.as_str()).collect(),
            caveats: role.caveats.iter().map(|it| it.says.as_str()).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_whole_or_relative_and_says_what_is_wrong_with_it() {
        let cluster = Scope::cluster("env-1", "lkc-1").unwrap();
        let whole = "crn://confluent.cloud/organization=9bb441c4-edef-46ac-8a41-c49e44a3fd9a";
        for text in ["/environment=env-1/cloud-cluster=lkc-1", "environment=env-1/cloud-cluster=lkc-1"] {
            assert_eq!(place(text).unwrap(), cluster);
        }
        assert_eq!(place(&format!("{whole}/environment=env-1/cloud-cluster=lkc-1")).unwrap(), cluster);
        assert_eq!(place("/").unwrap(), Scope::organization());
        assert!(place("/environmnt=env-1").unwrap_err().to_string().contains("environmnt"));
    }

    #[test]
    fn every_role_is_told_with_all_that_is_known_of_it() {
        let catalogue = Catalogue::embedded();
        let listed = list(catalogue);
        for role in catalogue.roles() {
            assert!(listed.contains(&role.name));
            let shown = show(catalogue, role);
            let entries = role.may.iter().map(|it| &it.id).chain(role.cannot.iter().map(|it| &it.id));
            let entries =
                entries.chain(role.unknown.iter().map(|it| &it.id)).chain(role.caveats.iter().map(|it| &it.id));
            for id in entries {
                assert!(shown.contains(id.as_str()), "{id} is not in\n{shown}");
            }
        }
        let operator = show(catalogue, catalogue.role("Operator").unwrap());
        assert!(operator.contains("(clients-are-visible)") && !operator.contains("(admin-notice)"), "{operator}");
        let offered = offered(catalogue, &place("/environment=env-1").unwrap(), Output::Text).unwrap();
        assert!(offered.contains("EnvironmentAdmin") && !offered.contains("KsqlAdmin"), "{offered}");
        for (at, role, expected) in [
            ("/service-account=sa-1", "ResourceOwner", "OrganizationAdmin, ResourceOwner"),
            ("/service-account=sa-1", "Assigner", "OrganizationAdmin, ResourceOwner"),
            ("/group-mapping=group-1", "ResourceOwner", "OrganizationAdmin, ResourceOwner"),
            (
                "/environment=env-1/schema-registry=lsrc-1/subject=x",
                "ResourceOwner",
                "OrganizationAdmin, EnvironmentAdmin, ResourceOwner",
            ),
            ("/environment=env-1", "EnvironmentAdmin", "OrganizationAdmin, EnvironmentAdmin"),
        ] {
            let role = catalogue.role(role).unwrap();
            assert_eq!(words(granters(catalogue, role, &place(at).unwrap())), expected, "{} on {at}", role.name);
        }
        let near = known(catalogue, "DeveloperReed").unwrap_err().to_string();
        assert!(near.contains("did you mean `DeveloperRead`"), "{near}");
    }
}
