//! A question in words: a task that takes several rights, or an operation, and a thing. No IO.

use crate::access::{
    Catalogue, Key, Listing, Pattern, Scope,
    catalogue::{Operation, Resource},
    effective::{Need, Whose},
    task::{self, Places, Task, With},
};

use super::{Error, lint::is_made_up};

/// What a question is about besides its words.
#[derive(Clone, Debug, Default, clap::Args)]
pub(super) struct About {
    /// The cluster that holds the thing; its environment is looked up.
    #[arg(long, value_name = "ID")]
    cluster: Option<String>,
    /// The environment that holds the thing.
    #[arg(long, value_name = "ID")]
    environment: Option<String>,
    /// The Schema Registry that holds the subject or the key encryption key.
    #[arg(long, value_name = "ID", requires = "environment")]
    schema_registry: Option<String>,
    /// For `consume`: the consumer group; a name that ends in `*` is a prefix.
    #[arg(long, value_name = "NAME")]
    consumer_group: Option<String>,
    /// For `consume`: with the vendor's CLI, which chooses a group itself.
    #[arg(long)]
    with_cli: bool,
    /// For `produce`: in transactions of this id; a name that ends in `*` is a prefix.
    #[arg(long, value_name = "NAME")]
    transactional_id: Option<String>,
    /// For Flink statements: the service account that they run as, by display name or id.
    #[arg(long, value_name = "NAME")]
    as_service_account: Option<String>,
}

/// What is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Asked {
    /// In words, as it is answered.
    pub(super) words: String,
    /// The task, where it is one.
    pub(super) task: Option<&'static str>,
    /// The rights that it takes, all of them.
    pub(super) needs: Vec<Need>,
    /// What has to be known besides.
    pub(super) notes: Vec<String>,
}

/// What people call otherwise than the catalogue does.
const VERBS: [(&str, Operation); 10] = [
    ("see", Operation::Describe),
    ("list", Operation::Describe),
    ("view", Operation::Describe),
    ("make", Operation::Create),
    ("configure", Operation::Alter),
    ("update", Operation::Alter),
    ("remove", Operation::Delete),
    ("manage access", Operation::AlterAccess),
    ("grant access", Operation::AlterAccess),
    ("see access", Operation::DescribeAccess),
];

/// The vendor's page's own words, in the singular, for what the catalogue calls otherwise.
const KINDS: [(&str, Resource); 9] = [
    ("key", Resource::ResourceKey),
    ("schema", Resource::Subject),
    ("consumer", Resource::Client),
    ("producer", Resource::Client),
    ("statement-result", Resource::ResultSet),
    ("tag", Resource::CatalogTag),
    ("catalogue", Resource::Catalog),
    ("person", Resource::User),
    ("people", Resource::User),
];

/// Words between the operation and the kind of thing that change nothing.
const FILLERS: [&str; 6] = ["on", "to", "in", "a", "an", "the"];

/// What a name and a cluster, or a name alone, are enough for.
const NAMED: [(Resource, Key); 6] = [
    (Resource::Topic, Key::Topic),
    (Resource::Group, Key::Group),
    (Resource::TransactionalId, Key::TransactionalId),
    (Resource::Connector, Key::Connector),
    (Resource::Ksql, Key::Ksql),
    (Resource::ServiceAccount, Key::ServiceAccount),
];

/// What a name and a Schema Registry are enough for.
const REGISTERED: [(Resource, Key); 2] = [(Resource::Subject, Key::Subject), (Resource::Kek, Key::Kek)];

/// What lives in an environment and in no cluster.
const IN_ENVIRONMENT: [Resource; 9] = [
    Resource::Subject,
    Resource::Kek,
    Resource::ComputePool,
    Resource::Statement,
    Resource::ResultSet,
    Resource::Workspace,
    Resource::Artifact,
    Resource::Function,
    Resource::FlinkConnection,
];

/// The tasks with a line each, for the help.
pub(super) fn help() -> String {
    let row = |task: &'static Task| {
        let with = task.with.map(|with| format!(" {}{}", flag(with), if with == With::Cli { "" } else { " NAME" }));
        Some((format!("{}{}", task.phrases.first()?, with.unwrap_or_default()), task.does))
    };
    let rows: Vec<(String, &str)> = task::TASKS.iter().filter_map(row).collect();
    let width = rows.iter().map(|(phrase, _)| phrase.len()).max().unwrap_or_default();
    let mut text =
        rows.iter().fold("Tasks:\n".to_owned(), |text, (phrase, does)| format!("{text}  {phrase:width$}  {does}\n"));
    text.push_str(
        "\nWhatever is no task is an operation and a kind of thing: `delete cluster lkc-1`, `read subjects`, `see access on \
         environment env-1`. Exit codes: 0 is yes, 1 is no, 2 is no answer.",
    );
    text
}

/// Reads a question.
pub(super) fn read(words: &[String], about: &About, listing: &Listing, catalogue: &Catalogue) -> Result<Asked, Error> {
    let words: Vec<&str> = words.iter().flat_map(|word| word.split_whitespace()).collect();
    let words = words.strip_prefix(&["can"]).unwrap_or(&words);
    let with = about.with()?;
    if let Some(asked) = task::read(words) {
        let task = asked.with(with).ok_or_else(|| unfit(asked.phrase, with))?;
        return of_task(task, words, asked.name, about, listing, catalogue);
    }
    let asked = of_operation(words, about, listing)?;
    if with.is_some() { Err(unfit(&asked.words, with)) } else { Ok(asked) }
}

fn of_task(
    task: &'static Task,
    words: &[&str],
    name: Option<&str>,
    about: &About,
    listing: &Listing,
    catalogue: &Catalogue,
) -> Result<Asked, Error> {
    let within = within(task.thing, None, about, listing)?;
    let thing = place(task.thing, name, about, listing)?;
    let with = task.with.map(|with| about.place_of(with, &within, listing, catalogue)).transpose()?;
    let mut said = quoted(words, name);
    if task.rights.iter().any(|it| it.at == task::At::Place) {
        said = format!("{said} in {}", within.describe());
    }
    if !task.how.is_empty() && !words.contains(&"hand") {
        let done_with = about.name_of(task.with);
        said = format!("{said} {}", task.how.replace("NAME", done_with.unwrap_or_default()));
    }
    let needs = task.needs(&Places { thing, place: within, with });
    Ok(Asked { words: said, task: Some(task.id), needs, notes: task.notes(catalogue) })
}

/// The words as they were asked, with the name in backticks.
fn quoted(words: &[&str], name: Option<&str>) -> String {
    let (last, before) = match (words.split_last(), name) {
        (Some((last, before)), Some(name)) if *last == name => (format!("`{last}`"), before),
        _ => (String::new(), words),
    };
    let mark =
        |word: &&str| if Some(*word) == name && last.is_empty() { format!("`{word}`") } else { (*word).to_owned() };
    before.iter().map(mark).chain((!last.is_empty()).then(|| last.clone())).collect::<Vec<_>>().join(" ")
}

fn of_operation(words: &[&str], about: &About, listing: &Listing) -> Result<Asked, Error> {
    let at = words.iter().position(|word| resource(word).is_some()).ok_or_else(|| unknown_kind(words))?;
    let kind = resource(words[at]).unwrap_or(Resource::Organization);
    let (owners, verb): (Vec<&str>, Vec<&str>) =
        words[..at].iter().filter(|word| !FILLERS.contains(word)).partition(|word| whose(word).is_some());
    let verb = verb.join(" ");
    let operation =
        operation(&verb).filter(|it| kind.knows(*it)).ok_or_else(|| unknown_operation(words, &verb, kind))?;
    let name = match &words[at + 1..] {
        [] => None,
        [name] => Some(*name),
        more => return Err(Error::Question(format!("`{}` is more than one name", more.join(" ")))),
    };
    let owner = owners.first().and_then(|word| whose(word));
    // What people own is asked of their own where nobody says whose.
    let of_their_own = matches!(kind, Resource::ResourceKey | Resource::ResultSet);
    let mut asked = Asked {
        words: quoted(words, name),
        task: None,
        needs: vec![Need {
            operation,
            resource: kind,
            place: place(kind, name, about, listing)?,
            whose: owner.unwrap_or(if of_their_own { Whose::Own } else { Whose::Anybodys }),
        }],
        notes: Vec::new(),
    };
    if of_their_own && owner.is_none() {
        asked.notes.push(format!("this is about {kind}s of their own; `others' {kind}s` are another right"));
    }
    if let (Resource::Subject | Resource::Kek, Some(name), None) = (kind, name, &about.schema_registry) {
        asked.notes.push(format!(
            "this is about every {kind} there, since a {kind} is named within its Schema Registry: ask about `{name}` alone \
             with `--schema-registry ID`"
        ));
    }
    Ok(asked)
}

impl About {
    /// What it is done with besides; two things at once are no way of doing anything.
    fn with(&self) -> Result<Option<With>, Error> {
        let given: Vec<With> = With::ALL.into_iter().filter(|it| self.name_of(Some(*it)).is_some()).collect();
        match given.as_slice() {
            [] => Ok(None),
            [one] => Ok(Some(*one)),
            [one, other, ..] => {
                let (one, other) = (flag(*one), flag(*other));
                Err(Error::Question(format!("`{one}` and `{other}` are two questions: ask one after the other")))
            }
        }
    }

    fn name_of(&self, with: Option<With>) -> Option<&str> {
        match with? {
            With::Group => self.consumer_group.as_deref(),
            With::Cli => self.with_cli.then_some(""),
            With::TransactionalId => self.transactional_id.as_deref(),
            With::ServiceAccount => self.as_service_account.as_deref(),
        }
    }

    /// Where that is.
    fn place_of(&self, with: With, within: &Scope, listing: &Listing, catalogue: &Catalogue) -> Result<Scope, Error> {
        let name = self.name_of(Some(with)).unwrap_or_default();
        let cluster = || {
            let lacking = || Error::Question(format!("in which cluster is that? `{}` needs `--cluster`", flag(with)));
            (within.kind() == Key::CloudCluster).then(|| within.clone()).ok_or_else(lacking)
        };
        match with {
            With::Group => child(cluster()?, Key::Group, name),
            With::TransactionalId => child(cluster()?, Key::TransactionalId, name),
            With::Cli => {
                let lost = || Error::Question("the catalogue has no prefix of the CLI's groups any more".to_owned());
                let groups = task::cli_groups(catalogue, cluster()?).ok_or_else(lost)?;
                groups.map_err(|error| Error::Question(error.to_string()))
            }
            With::ServiceAccount => {
                let known = listing.service_accounts.iter();
                let account = known.clone().find(|it| it.id.as_str() == name).or_else(|| {
                    let mut named = known.filter(|it| it.display_name == name);
                    named.next()
                });
                let account = account.ok_or_else(|| {
                    Error::Question(format!("no service account is called `{name}`: give its display name or id"))
                })?;
                if is_made_up(&account.id) {
                    return Err(Error::Question(format!(
                        "the manifests do not say which id `{name}` has: give `{} sa-…`",
                        flag(with)
                    )));
                }
                child(Scope::organization(), Key::ServiceAccount, account.id.as_str())
            }
        }
    }
}

fn flag(with: With) -> &'static str {
    match with {
        With::Group => "--consumer-group",
        With::Cli => "--with-cli",
        With::TransactionalId => "--transactional-id",
        With::ServiceAccount => "--as-service-account",
    }
}

/// What was given and says nothing about the question.
fn unfit(asked: &str, with: Option<With>) -> Error {
    let Some(with) = with else {
        return Error::Question(format!("`{asked}` needs to be told with what: see `roster can --help`"));
    };
    let for_whom = match with {
        With::Group | With::Cli => "consume topic NAME",
        With::TransactionalId => "produce topic NAME",
        With::ServiceAccount => "run statement` and `read results",
    };
    Error::Question(format!("`{}` says nothing about `{asked}`: it is for `{for_whom}`", flag(with)))
}

/// Whose a thing is, as a word.
fn whose(word: &str) -> Option<Whose> {
    match word.trim_end_matches(['\'', '’']) {
        "own" => Some(Whose::Own),
        "others" | "other" => Some(Whose::Others),
        _ => None,
    }
}

fn unknown_kind(words: &[&str]) -> Error {
    let kinds: Vec<&str> = Resource::ALL.iter().map(|it| it.as_str()).collect();
    let meant = meant(words);
    Error::Question(format!(
        "no kind of thing is named in `{}`{meant}: use one of {}; `roster can --help` lists the tasks",
        words.join(" "),
        kinds.join(", ")
    ))
}

/// The tasks that may be meant.
fn meant(words: &[&str]) -> String {
    let near: Vec<String> = task::nearest(words).iter().map(|it| format!("`{it}`")).collect();
    if near.is_empty() { String::new() } else { format!(" (did you mean {}?)", near.join(" or ")) }
}

fn resource(word: &str) -> Option<Resource> {
    let word = word.trim_end_matches('s').to_lowercase();
    let same = |it: &&Resource| it.as_str().trim_end_matches('s') == word;
    let called = || KINDS.iter().find(|(it, _)| *it == word).map(|(_, kind)| *kind);
    Resource::ALL.iter().find(same).copied().or_else(called)
}

fn operation(verb: &str) -> Option<Operation> {
    let known = VERBS.iter().find(|(word, _)| *word == verb).map(|(_, operation)| *operation);
    let word = verb.replace([' ', '-'], "").to_lowercase();
    known.or_else(|| Operation::ALL.into_iter().find(|it| it.to_string().to_lowercase() == word))
}

fn unknown_operation(words: &[&str], verb: &str, kind: Resource) -> Error {
    if verb.to_lowercase().starts_with("grant ") {
        return Error::Question(format!(
            "`{verb}` is asked otherwise: `manage access on {kind} …` says who grants there, and `roster roles offered --scope CRN` \
             by which role each role is granted"
        ));
    }
    let known: Vec<String> = kind.operations().iter().map(|it| it.to_string().to_lowercase()).collect();
    Error::Question(format!(
        "`{verb}` is nothing that is done to {kind}{}: use one of {}, `manage access`, `see access`",
        meant(words),
        known.join(", ")
    ))
}

/// The narrowest place that was given.
fn within(kind: Resource, name: Option<&str>, about: &About, listing: &Listing) -> Result<Scope, Error> {
    let named = |itself: Resource, given: &Option<String>| match name {
        Some(name) if kind == itself => Some(name.to_owned()),
        _ => given.clone(),
    };
    let cluster = named(Resource::Cluster, &about.cluster);
    let environment = named(Resource::Environment, &about.environment);
    let question = |error: crate::access::scope::ScopeError| Error::Question(error.to_string());
    let Some(cluster) = cluster else {
        return environment.map_or(Ok(Scope::organization()), |it| Scope::environment(&it).map_err(question));
    };
    let known = listing.clusters.iter().find(|it| it.id == cluster).map(|it| it.environment.clone());
    let environment = environment.or(known).ok_or_else(|| {
        Error::Question(format!("the cluster `{cluster}` is not in the listing: give `--environment` too"))
    })?;
    if IN_ENVIRONMENT.contains(&kind) {
        return Scope::environment(&environment).map_err(question);
    }
    Scope::cluster(&environment, &cluster).map_err(question)
}

/// Where the thing is: itself where a CRN can name it, else the narrowest place that was given.
fn place(kind: Resource, name: Option<&str>, about: &About, listing: &Listing) -> Result<Scope, Error> {
    let within = within(kind, name, about, listing)?;
    if let (Some(registry), Some((_, key))) = (&about.schema_registry, REGISTERED.into_iter().find(|it| it.0 == kind)) {
        let within = child(within, Key::SchemaRegistry, registry)?;
        return child(within, key, name.unwrap_or("*"));
    }
    // What no CRN names, or what one names by more than was given, is judged by the place that holds it.
    let Some((_, key)) = NAMED.into_iter().find(|(named, _)| *named == kind) else { return Ok(within) };
    // No name is all of them, which is a place of its own where roles can be bound to all of a type.
    let name = name.unwrap_or("*");
    if key == Key::ServiceAccount {
        return child(Scope::organization(), key, name);
    }
    if name == "*" && within.kind() != Key::CloudCluster {
        return Ok(within);
    }
    if about.cluster.is_none() {
        return Err(Error::Question(format!("which cluster is the {kind} `{name}` in? Give `--cluster`")));
    }
    child(within, key, name)
}

fn child(within: Scope, key: Key, name: &str) -> Result<Scope, Error> {
    let (name, pattern) = match name.strip_suffix('*') {
        Some("") => ("", Pattern::All),
        Some(prefix) => (prefix, Pattern::Prefixed),
        None => (name, Pattern::Literal),
    };
    within.child_matching(key, name, pattern).map_err(|error| Error::Question(error.to_string()))
}

#[cfg(test)]
mod tests;
