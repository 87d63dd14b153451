//! A question in words: an operation, or a task that needs several rights, and a thing. No IO.

use crate::access::{
    Key, Listing, Pattern, Scope,
    catalogue::{Operation, Resource},
    effective::{Need, Whose},
};

use super::{Error, Source};

/// What is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Asked {
    /// In words, as it is answered.
    pub(super) words: String,
    /// The rights that it takes, all of them.
    pub(super) needs: Vec<Need>,
    /// What has to be known besides.
    pub(super) notes: Vec<String>,
}

/// Tasks that take more than one right, or that people call otherwise than the catalogue does.
const VERBS: [(&str, Operation); 11] = [
    ("see", Operation::Describe),
    ("list", Operation::Describe),
    ("view", Operation::Describe),
    ("produce", Operation::Write),
    ("consume", Operation::Read),
    ("configure", Operation::Alter),
    ("update", Operation::Alter),
    ("remove", Operation::Delete),
    ("manage access", Operation::AlterAccess),
    ("grant access", Operation::AlterAccess),
    ("see access", Operation::DescribeAccess),
];

/// What a name and a cluster, or a name alone, are enough for.
const NAMED: [(Resource, Key); 6] = [
    (Resource::Topic, Key::Topic),
    (Resource::Group, Key::Group),
    (Resource::TransactionalId, Key::TransactionalId),
    (Resource::Connector, Key::Connector),
    (Resource::Ksql, Key::Ksql),
    (Resource::ServiceAccount, Key::ServiceAccount),
];

/// Reads a question.
pub(super) fn read(words: &[String], source: &Source, listing: &Listing) -> Result<Asked, Error> {
    let words: Vec<&str> = words.iter().flat_map(|word| word.split_whitespace()).collect();
    let words = words.strip_prefix(&["can"]).unwrap_or(&words);
    let at = words.iter().position(|word| resource(word).is_some()).ok_or_else(|| {
        let kinds: Vec<&str> = Resource::ALL.iter().map(|it| it.as_str()).collect();
        Error::Question(format!("no kind of thing is named in `{}`: use one of {}", words.join(" "), kinds.join(", ")))
    })?;
    let kind = resource(words[at]).unwrap_or(Resource::Organization);
    let verb = words[..at].iter().filter(|word| **word != "on").copied().collect::<Vec<_>>().join(" ");
    let operation = operation(&verb).ok_or_else(|| unknown_operation(&verb, kind))?;
    if !kind.knows(operation) {
        return Err(unknown_operation(&verb, kind));
    }
    let name = match &words[at + 1..] {
        [] => None,
        [name] => Some(*name),
        more => return Err(Error::Question(format!("`{}` is more than one name", more.join(" ")))),
    };
    let place = place(kind, name, source, listing)?;
    let whose = if kind == Resource::ResourceKey { Whose::Own } else { Whose::Anybodys };
    let mut asked = Asked {
        words: format!("{} {kind}{}", words[..at].join(" "), name.map(|name| format!(" `{name}`")).unwrap_or_default()),
        needs: vec![Need { operation, resource: kind, place: place.clone(), whose }],
        notes: Vec::new(),
    };
    if verb == "consume" && kind == Resource::Topic {
        consume(&mut asked, source, &place)?;
    }
    if [Resource::Topic, Resource::Group, Resource::TransactionalId].contains(&kind) {
        asked.notes.push("an ACL that denies wins over any role, and is not seen here".to_owned());
    }
    if kind == Resource::ResourceKey {
        asked.notes.push("this is about keys of their own; other principals' keys are another right".to_owned());
    }
    Ok(asked)
}

/// To consume is to read the topic, and a group unless partitions are assigned by hand.
fn consume(asked: &mut Asked, source: &Source, topic: &Scope) -> Result<(), Error> {
    let Some(group) = &source.consumer_group else {
        let note = "without `--consumer-group` this is for partitions that are assigned by hand; the vendor's CLI uses a group \
                    that begins with `confluent_cli_consumer_`";
        asked.notes.push(note.to_owned());
        return Ok(());
    };
    let cluster = topic.parent().unwrap_or_else(Scope::organization);
    let place = child(cluster, Key::Group, group)?;
    let (operation, resource, whose) = (Operation::Read, Resource::Group, Whose::Anybodys);
    asked.needs.push(Need { operation, resource, place, whose });
    Ok(())
}

fn resource(word: &str) -> Option<Resource> {
    let word = word.trim_end_matches('s').to_lowercase();
    let same = |it: &&Resource| it.as_str().trim_end_matches('s') == word;
    Resource::ALL.iter().find(same).copied()
}

fn operation(verb: &str) -> Option<Operation> {
    let known = VERBS.iter().find(|(word, _)| *word == verb).map(|(_, operation)| *operation);
    let word = verb.replace([' ', '-'], "").to_lowercase();
    known.or_else(|| Operation::ALL.into_iter().find(|it| it.to_string().to_lowercase() == word))
}

fn unknown_operation(verb: &str, kind: Resource) -> Error {
    let known: Vec<String> = kind.operations().iter().map(|it| it.to_string().to_lowercase()).collect();
    Error::Question(format!(
        "`{verb}` is nothing that is done to {kind}: use one of {}, `manage access`, `see access`",
        known.join(", ")
    ))
}

/// Where the thing is: itself where a CRN can name it, else the narrowest place that was given.
fn place(kind: Resource, name: Option<&str>, source: &Source, listing: &Listing) -> Result<Scope, Error> {
    let cluster = match (kind, name) {
        (Resource::Cluster, Some(name)) => Some(name),
        _ => source.cluster.as_deref(),
    };
    let environment = match (kind, name) {
        (Resource::Environment, Some(name)) => Some(name),
        _ => source.environment.as_deref(),
    };
    let within = match (cluster, environment) {
        (Some(cluster), environment) => {
            let known = listing.clusters.iter().find(|it| it.id == cluster).map(|it| it.environment.as_str());
            let environment = environment.or(known).ok_or_else(|| {
                Error::Question(format!("the cluster `{cluster}` is not in the listing: give `--environment` too"))
            })?;
            Scope::cluster(environment, cluster).map_err(|error| Error::Question(error.to_string()))?
        }
        (None, Some(environment)) => {
            Scope::environment(environment).map_err(|error| Error::Question(error.to_string()))?
        }
        (None, None) => Scope::organization(),
    };
    // What no CRN names, or what one names by more than was given, is judged by the place that holds it.
    let Some((_, key)) = NAMED.into_iter().find(|(named, _)| *named == kind) else { return Ok(within) };
    let Some(name) = name else { return Ok(within) };
    if key != Key::ServiceAccount && cluster.is_none() {
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
mod tests {
    use clap::Parser;

    use super::*;
    use crate::access::listing::{Cluster, ClusterKind};

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        source: Source,
    }

    fn asked(words: &str, flags: &str) -> Result<Asked, String> {
        let line = Line::try_parse_from(["roster"].into_iter().chain(flags.split_whitespace())).unwrap();
        let cluster = Cluster {
            id: "lkc-1".to_owned(),
            environment: "env-1".to_owned(),
            display_name: String::new(),
            kind: ClusterKind::Granular,
        };
        let listing = Listing { clusters: vec![cluster], ..Listing::default() };
        let words: Vec<String> = words.split_whitespace().map(str::to_owned).collect();
        read(&words, &line.source, &listing).map_err(|error| error.to_string())
    }

    fn needs(words: &str, flags: &str) -> Vec<String> {
        let asked = asked(words, flags).unwrap();
        asked.needs.iter().map(|it| format!("{} {} {}", it.operation, it.resource, it.place.describe())).collect()
    }

    #[test]
    fn words_become_the_rights_that_they_take() {
        let cases: [(&str, &str, &[&str]); 7] = [
            ("consume topic orders", "--cluster lkc-1", &["Read topic topic orders in lkc-1"]),
            (
                "consume topic orders-*",
                "--cluster lkc-1 --consumer-group app",
                &["Read topic topic orders-* in lkc-1", "Read group group app in lkc-1"],
            ),
            ("produce topic orders", "--cluster lkc-1", &["Write topic topic orders in lkc-1"]),
            ("can manage access on environment env-1", "", &["AlterAccess environment environment env-1"]),
            ("delete cluster lkc-1", "", &["Delete cluster cluster lkc-1 in env-1"]),
            ("invite users", "", &["Invite user the organization"]),
            ("read metrics", "--environment env-1", &["Read metrics environment env-1"]),
        ];
        for (words, flags, expected) in cases {
            assert_eq!(needs(words, flags), expected, "{words}");
        }
    }

    #[test]
    fn what_cannot_be_answered_says_what_to_give() {
        let cases = [
            ("read dream x", "", "no kind of thing is named in `read dream x`"),
            ("fly topic x", "--cluster lkc-1", "`fly` is nothing that is done to topic"),
            ("invite topic x", "--cluster lkc-1", "`invite` is nothing that is done to topic"),
            ("read topic x", "", "Give `--cluster`"),
            ("read topic x", "--cluster lkc-9", "give `--environment` too"),
            ("read topic x y", "--cluster lkc-1", "`x y` is more than one name"),
        ];
        for (words, flags, part) in cases {
            let said = asked(words, flags).unwrap_err();
            assert!(said.contains(part), "{words}: {said}");
        }
    }
}
