//! What is otherwise in one catalogue than in another, as sentences. PURE.

use std::{collections::BTreeSet, fmt};

use crate::access::Key;

use super::{Catalogue, ClusterType, Permission, Role};

/// One thing that is otherwise.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Difference {
    /// The role, or the part of the catalogue.
    pub subject: String,
    /// What is otherwise about it.
    pub says: String,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` {}", self.subject, self.says)
    }
}

/// Every difference: of the roles by name, then of the rest.
pub(super) fn between(from: &Catalogue, to: &Catalogue) -> Vec<Difference> {
    let mut found = Found::default();
    for role in &to.roles {
        match from.role(&role.name) {
            None => found.say(&role.name, added(role)),
            Some(before) if before != role => changed(before, role, &mut found),
            Some(_) => {}
        }
    }
    for role in from.roles.iter().filter(|role| to.role(&role.name).is_none()) {
        found.say(&role.name, "is no role any more".to_owned());
    }
    let kinds: BTreeSet<Key> = from.granular.keys().chain(to.granular.keys()).copied().collect();
    for kind in kinds {
        let (before, after) = (from.granular.get(&kind), to.granular.get(&kind));
        if before != after {
            found.say(kind.as_str(), format!("carries roles on {} instead of {}", clusters(after), clusters(before)));
        }
    }
    rest(from, to, &mut found);
    found.0
}

#[derive(Default)]
struct Found(Vec<Difference>);

impl Found {
    fn say(&mut self, subject: &str, says: String) {
        self.0.push(Difference { subject: subject.to_owned(), says });
    }

    fn instead(&mut self, subject: &str, verb: &str, before: &str, after: &str) {
        if before != after {
            self.say(subject, format!("{verb} {after} instead of {before}"));
        }
    }

    /// Entries with an id: one sentence for each that came, went or changed.
    fn entries<T: PartialEq>(&mut self, role: &str, (before, after): (&[T], &[T]), words: fn(&T) -> (&str, String)) {
        let find = |entries: &'_ [T], id: &str| entries.iter().position(|it| words(it).0 == id);
        for entry in after {
            let (id, said) = words(entry);
            match find(before, id) {
                None => self.say(role, format!("has `{id}` as well: {said}")),
                Some(index) if before[index] != *entry => {
                    let old = words(&before[index]).1;
                    // What is not in the words, such as the source, changes no right.
                    if old != said {
                        self.say(role, format!("has `{id}` as {said} instead of {old}"));
                    }
                }
                Some(_) => {}
            }
        }
        for entry in before {
            let (id, said) = words(entry);
            if find(after, id).is_none() {
                self.say(role, format!("has no `{id}` any more: {said}"));
            }
        }
    }
}

fn added(role: &Role) -> String {
    let administrative = if role.administrative { ", administrative" } else { "" };
    format!("is a new role{administrative}: bound to {}, granted by {}", places(role), names(&role.granted_by))
}

fn changed(before: &Role, after: &Role, found: &mut Found) {
    let name = &after.name;
    found.instead(name, "is bound to", &places(before), &places(after));
    found.instead(name, "is granted by", &names(&before.granted_by), &names(&after.granted_by));
    let kinds = |role: &Role| names(&role.principals.iter().map(ToString::to_string).collect::<Vec<_>>());
    found.instead(name, "is held by", &kinds(before), &kinds(after));
    if before.administrative != after.administrative {
        let word = if after.administrative { "is administrative" } else { "is not administrative any more" };
        found.say(name, word.to_owned());
    }
    found.instead(name, "is summed up as", &before.summary, &after.summary);
    found.entries(name, (&before.may, &after.may), |it| (&it.id, gives(it)));
    found.entries(name, (&before.cannot, &after.cannot), |it| (&it.id, it.says.clone()));
    found.entries(name, (&before.unknown, &after.unknown), |it| (&it.id, it.says.clone()));
    found.entries(name, (&before.caveats, &after.caveats), |it| (&it.id, it.says.clone()));
}

fn rest(from: &Catalogue, to: &Catalogue, found: &mut Found) {
    found.entries("rules", (&from.rules, &to.rules), |it| (&it.id, it.says.clone()));
    let words = |it: &super::DefaultMapping| format!("`{}` binds {}", it.mapping, names(&it.roles));
    for mapping in &to.defaults {
        let before = from.defaults.iter().find(|it| it.id == mapping.id);
        if before.map(words) != Some(words(mapping)) {
            let old = before.map_or_else(|| "nothing".to_owned(), words);
            found.say(&mapping.id, format!("says {} instead of {old}", words(mapping)));
        }
    }
    for mapping in from.defaults.iter().filter(|it| to.defaults.iter().all(|other| other.id != it.id)) {
        found.say(&mapping.id, format!("is gone: {}", words(mapping)));
    }
}

fn gives(permission: &Permission) -> String {
    let one = |(resource, operations): (&super::Resource, &BTreeSet<super::Operation>)| {
        format!("{} on {resource}", names(&operations.iter().map(ToString::to_string).collect::<Vec<_>>()))
    };
    let things: Vec<String> = permission.gives.iter().map(one).collect();
    let bound: Vec<&str> = permission.bound_to.iter().map(|key| key.noun()).collect();
    let bound = if bound.is_empty() { String::new() } else { format!(" where bound to {}", names(&bound)) };
    format!("{} ({:?}{bound})", things.join("; "), permission.reach)
}

fn places(role: &Role) -> String {
    let known = role.at.iter().map(|key| key.noun());
    names(&known.chain(role.elsewhere.iter().map(String::as_str)).collect::<Vec<_>>())
}

fn clusters(types: Option<&Vec<ClusterType>>) -> String {
    match types {
        None => "every cluster".to_owned(),
        Some(types) => format!("{} clusters", names(&types.iter().map(ToString::to_string).collect::<Vec<_>>())),
    }
}

fn names<T: AsRef<str>>(names: &[T]) -> String {
    if names.is_empty() {
        return "nothing".to_owned();
    }
    names.iter().map(AsRef::as_ref).collect::<Vec<_>>().join(", ")
}
