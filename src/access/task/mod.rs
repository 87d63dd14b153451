//! Tasks that people name in one word and that take several rights: to consume, to provision a person. PURE.
//!
//! `table` holds them as data: the words that ask for each, the rights that it takes, and what is to be known besides, with
//! the line of the vendor's page that says so. `phrase` finds the task that words mean.

mod phrase;
mod table;

use super::{
    Catalogue, Key, Pattern, Scope,
    catalogue::{Operation, Resource},
    effective::{Need, Whose},
    scope::ScopeError,
};

pub use phrase::{Asked, nearest, read};
pub use table::TASKS;

/// A task, or one way of doing it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Task {
    /// Its name.
    pub id: &'static str,
    /// One line for people.
    pub does: &'static str,
    /// The words that ask for it, the first as the help has it. `NAME` is what it is done to.
    pub phrases: &'static [&'static str],
    /// What it is done with besides, by which it differs from others that the same words ask for.
    pub with: Option<With>,
    /// How it is done, for an answer; `NAME` is what it is done with.
    pub how: &'static str,
    /// What kind of thing `NAME` is.
    pub thing: Resource,
    /// The rights that it takes, all of them.
    pub rights: &'static [Right],
    /// What is to be known besides.
    pub notes: &'static [Note],
}

/// What a task is done with, besides the thing that it is done to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum With {
    /// A consumer group.
    Group,
    /// The consumer groups of the vendor's CLI.
    Cli,
    /// A transactional id.
    TransactionalId,
    /// A service account that it runs as.
    ServiceAccount,
}

impl With {
    /// Every one of them.
    pub const ALL: [Self; 4] = [Self::Group, Self::Cli, Self::TransactionalId, Self::ServiceAccount];
}

/// A right that a task takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Right {
    /// What is done.
    pub operation: Operation,
    /// To what kind of thing; `None` is the place itself, whatever it is.
    pub resource: Option<Resource>,
    /// Where that is.
    pub at: At,
    /// Whose it is.
    pub whose: Whose,
}

/// Where a right is needed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum At {
    /// On the thing that the task is done to.
    Thing,
    /// In the place that was named.
    Place,
    /// In the organization, which holds all accounts.
    Organization,
    /// On what it is done with.
    With,
}

/// What is to be known besides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Note {
    /// An entry of the catalogue says it, after that line of the vendor's page.
    Rule(&'static str, u16),
    /// We say it: how to ask on, or what no source tells.
    Ours(&'static str),
}

/// What a task is about, as places.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Places {
    /// The thing that it is done to, or what holds it.
    pub thing: Scope,
    /// The place that was named.
    pub place: Scope,
    /// What it is done with.
    pub with: Option<Scope>,
}

impl Task {
    /// The rights that it takes there. What it is done with has to be given where it is done with something.
    pub fn needs(&self, places: &Places) -> Vec<Need> {
        let need = |right: &Right| {
            let place = match right.at {
                At::Thing => places.thing.clone(),
                At::Place => places.place.clone(),
                At::Organization => Scope::organization(),
                At::With => places.with.clone()?,
            };
            let resource = right.resource.or_else(|| Resource::of(place.kind()))?;
            Some(Need { operation: right.operation, resource, place, whose: right.whose })
        };
        self.rights.iter().filter_map(need).collect()
    }

    /// The notes in words, each with where it is from.
    pub fn notes(&self, catalogue: &Catalogue) -> Vec<String> {
        let words = |note: &Note| match note {
            Note::Rule(id, _) => {
                catalogue.rules().iter().find(|it| it.id == *id).map(|it| format!("{} ({id})", it.says))
            }
            Note::Ours(says) => Some((*says).to_owned()),
        };
        self.notes.iter().filter_map(words).collect()
    }
}

/// The groups in which the vendor's CLI consumes unless it is told another, as the catalogue has their prefix; `None` where
/// a patch took that away.
pub fn cli_groups(catalogue: &Catalogue, cluster: Scope) -> Option<Result<Scope, ScopeError>> {
    let prefix = catalogue.rules().iter().find(|it| it.id == table::CLI_GROUP_PREFIX)?.prefix.as_deref()?;
    Some(cluster.child_matching(Key::Group, prefix, Pattern::Prefixed))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::access::Crn;

    /// The lines of the vendor's page that the project's citations know, each with the entries that stand for it.
    const CITED: &str = include_str!("../../../tests/data/roles/page.yaml");

    fn place(path: &str) -> Scope {
        Crn::within("9bb441c4-edef-46ac-8a41-c49e44a3fd9a", path).unwrap().scope
    }

    #[test]
    fn every_note_is_an_entry_of_the_catalogue_at_a_line_that_it_stands_for() {
        let catalogue = Catalogue::embedded();
        for task in &TASKS {
            assert_eq!(task.notes(catalogue).len(), task.notes.len(), "{}", task.id);
            for note in task.notes {
                let Note::Rule(id, line) = note else { continue };
                let cited = CITED.lines().find(|text| text.starts_with(&format!("- {{line: {line}, "))).unwrap();
                let by = cited.split_once("by: [").unwrap().1.trim_end_matches("]}");
                assert!(by.split(", ").any(|it| it == *id), "{}: {id} is not said by line {line}", task.id);
            }
        }
    }

    #[test]
    fn every_task_has_a_name_and_takes_rights_that_somebody_can_be_given() {
        let catalogue = Catalogue::embedded();
        let ids: BTreeSet<&str> = TASKS.iter().map(|it| it.id).collect();
        assert_eq!(ids.len(), TASKS.len());
        let cluster = "environment=env-1/cloud-cluster=lkc-1";
        let thing = |task: &Task| match Key::parse(task.thing.as_str()) {
            Some(key @ (Key::Topic | Key::Connector)) => place(cluster).child(key, "orders").unwrap(),
            _ => place("environment=env-1"),
        };
        let with = |with: With| match with {
            With::Group => place(cluster).child(Key::Group, "app").unwrap(),
            With::Cli => cli_groups(catalogue, place(cluster)).unwrap().unwrap(),
            With::TransactionalId => place(cluster).child(Key::TransactionalId, "app").unwrap(),
            With::ServiceAccount => place("service-account=sa-1"),
        };
        for task in &TASKS {
            let places = Places { thing: thing(task), place: place(cluster), with: task.with.map(with) };
            let needs = task.needs(&places);
            assert_eq!(needs.len(), task.rights.len(), "{}", task.id);
            for need in needs {
                let remedies = crate::access::effective::remedies(catalogue, &need);
                assert!(!remedies.is_empty(), "{}: nothing gives {} {}", task.id, need.operation, need.resource);
            }
        }
    }

    #[test]
    fn a_task_that_is_done_with_something_needs_a_right_on_it() {
        for task in &TASKS {
            let on_it = task.rights.iter().any(|it| it.at == At::With);
            assert_eq!(on_it, task.with.is_some(), "{}", task.id);
            assert_eq!(task.how.contains("NAME"), matches!(task.with, Some(it) if it != With::Cli), "{}", task.id);
        }
    }
}
