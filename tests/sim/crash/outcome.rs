//! What a run comes to, without what no two runs have in common: ids and times.

use std::{collections::BTreeMap, sync::LazyLock};

use jiff::Timestamp;
use regex::Regex;
use serde_json::{Value, json};

use crate::{
    stage::{OPERATOR, Stage},
    wire::remote,
};

/// How often each thing was written.
pub(super) type Counts = BTreeMap<String, usize>;

/// A crash lets advice come once more and go once more, as what is advised on is there a while later or earlier than it was.
const ADVISED: usize = 2;
/// How many more reports there are of a removal that waits for what was removed before a crash.
const AWAITED: usize = 3;

/// The end of a run.
#[derive(Debug)]
pub(super) struct Outcome {
    /// Our objects, by kind and name.
    objects: BTreeMap<String, Value>,
    /// What the vendors hold.
    world: Value,
    /// Requests to vendors that change something.
    remote: Counts,
    /// Writes to our kinds.
    local: Counts,
    /// What each object said, one status after the other.
    said: BTreeMap<String, Vec<Value>>,
}

impl Outcome {
    pub(super) fn of(stage: &Stage) -> Self {
        let (world, names) = world(stage);
        let (remote, local) = writes(stage);
        let all = stage.memory.all().into_iter().filter(|it| it["apiVersion"] == "access.roster.dev/v1alpha1");
        let objects = all.map(|it| (name(&it), plain(&object(it), &names)));
        let mut said: BTreeMap<String, Vec<Value>> = BTreeMap::new();
        for change in stage.memory.changes() {
            let sayings = said.entry(name(&change)).or_default();
            let status = object(change)["status"].take();
            if sayings.last() != Some(&status) {
                sayings.push(status);
            }
        }
        for status in said.values_mut().flatten() {
            *status = plain(status, &names);
        }
        Self { objects: objects.collect(), world, remote, local, said }
    }

    /// What is otherwise than in that run, in words.
    pub(super) fn differences(&self, other: &Self) -> Vec<String> {
        let mut differences = Vec::new();
        for (name, mine, theirs) in together(&self.objects, &other.objects) {
            compare(&name, mine.unwrap_or(&Value::Null), theirs.unwrap_or(&Value::Null), &mut differences);
        }
        compare("world", &self.world, &other.world, &mut differences);
        let mut told = |what: &str, mine: usize, bound: &str, theirs: usize| {
            differences.push(format!("  {what}: {mine} times, not {bound}{theirs}"));
            differences.extend(self.sayings(what).into_iter().map(|it| format!("    {it}")));
            differences.push("    instead of".to_owned());
            differences.extend(other.sayings(what).into_iter().map(|it| format!("    {it}")));
        };
        let counts = together(&self.remote, &other.remote).into_iter().chain(together(&self.local, &other.local));
        for (what, mine, theirs) in counts {
            let count = |it: Option<&usize>| it.copied().unwrap_or_default();
            let (mine, theirs) = (count(mine), count(theirs));
            // A report says something else than the one before. Who reports on a whole place tells what was made at once in one,
            // and what a crash parts in several: at the most one for each.
            let onlooks = ["confluentusers/status", "confluentorganizations/status", "publishers/status"];
            let parted = if onlooks.iter().any(|it| what.contains(it)) { other.remote.values().sum() } else { 0 };
            let reports = what.contains("/status ");
            let most = theirs + parted + self.advised(&what).min(ADVISED) + self.awaited(&what).min(AWAITED);
            if reports && mine > most {
                told(&what, mine, "at most ", most);
            } else if !reports && mine != theirs {
                told(&what, mine, "", theirs);
            }
        }
        differences.extend(self.repetitions());
        differences
    }

    /// Reports that say what the one before said, and such as take for undeclared what is declared to the end.
    fn repetitions(&self) -> Vec<String> {
        let mut told = Vec::new();
        let declared: Vec<&str> = self.objects.values().filter_map(|it| it["spec"]["role"].as_str()).collect();
        for (name, sayings) in &self.said {
            let (kind, name) = name.split_once(' ').unwrap();
            let plural = match kind {
                "RoleBinding" => "accessrolebindings".to_owned(),
                other => format!("{}s", other.to_lowercase()),
            };
            let writes = self.local.get(&format!("patch {plural}/status {name}")).copied().unwrap_or_default();
            // The first is what the object was made with.
            if writes + 1 > sayings.len() {
                told.push(format!("  {kind} {name}: {writes} reports, {} different ones", sayings.len() - 1));
            }
            let entries = sayings.iter().flat_map(|it| it["access"]["entries"].as_array().into_iter().flatten());
            let wrong = entries.filter_map(Value::as_str).find(|it| {
                let role = it.split(' ').next().unwrap_or_default();
                it.ends_with("(declared by no object)") && declared.contains(&role)
            });
            told.extend(wrong.map(|entry| format!("  {kind} {name}: {entry}")));
        }
        told
    }

    /// How often the object that a write is about had nothing to say but other advice than before: it is looked for beside all else,
    /// and told with it or by itself.
    fn advised(&self, what: &str) -> usize {
        let bare = |status: &Value| {
            let mut status = status.clone();
            status.as_object_mut().map(|it| it.remove("warnings"));
            status
        };
        self.histories(what).flat_map(|all| all.windows(2)).filter(|two| bare(&two[0]) == bare(&two[1])).count()
    }

    /// How often it had to say that it waits for what a process removed before it died, and once what it goes on with.
    fn awaited(&self, what: &str) -> usize {
        let waits = |status: &&Value| status.to_string().contains("removed shortly before a restart");
        let all = self.histories(what).flatten().filter(waits).count();
        all + usize::from(all > 0)
    }

    /// What objects of the name that a write is about said.
    fn histories<'a>(&'a self, what: &'a str) -> impl Iterator<Item = &'a Vec<Value>> {
        let own = what.split(' ').next_back().unwrap_or_default();
        let reports = what.contains("/status ");
        let all = self.said.iter().filter(move |(name, _)| reports && name.split(' ').next_back() == Some(own));
        all.map(|(_, sayings)| sayings)
    }

    /// The statuses of the object that a write is about: each as what it says otherwise than the one before.
    fn sayings(&self, what: &str) -> Vec<String> {
        let mut told = Vec::new();
        for sayings in self.histories(what) {
            let mut before = &Value::Null;
            for status in sayings {
                let mut news = Vec::new();
                compare("", status, before, &mut news);
                told.push(news.join(" "));
                before = status;
            }
        }
        told
    }
}

fn name(object: &Value) -> String {
    format!("{} {}", object["kind"].as_str().unwrap(), object["metadata"]["name"].as_str().unwrap())
}

/// What was written so far: to vendors, and to our kinds.
pub(super) fn writes(stage: &Stage) -> (Counts, Counts) {
    let counted = |all: &mut dyn Iterator<Item = String>| {
        let mut counts = Counts::new();
        all.for_each(|one| *counts.entry(one).or_default() += 1);
        counts
    };
    let requests = stage.simulator.requests();
    let remote = counted(&mut requests.iter().filter_map(|it| remote(&it.method, &it.path)));
    let asked = stage.memory.asked().into_iter().filter(|it| it.user == OPERATOR && (200..300).contains(&it.code));
    let writes = asked.filter(|it| !matches!(it.verb, "get" | "list" | "watch"));
    let ours = writes.filter(|it| !matches!(&*it.resource, "leases" | "events"));
    (remote, counted(&mut ours.map(|it| format!("{} {} {}", it.verb, it.resource, it.name))))
}

fn together<'a, T>(
    mine: &'a BTreeMap<String, T>,
    theirs: &'a BTreeMap<String, T>,
) -> Vec<(String, Option<&'a T>, Option<&'a T>)> {
    let names: std::collections::BTreeSet<&String> = mine.keys().chain(theirs.keys()).collect();
    names.into_iter().map(|name| (name.clone(), mine.get(name), theirs.get(name))).collect()
}

/// What is otherwise, each with its path.
pub(crate) fn compare(at: &str, mine: &Value, theirs: &Value, differences: &mut Vec<String>) {
    match (mine, theirs) {
        (Value::Object(a), Value::Object(b)) => {
            let names: std::collections::BTreeSet<&String> = a.keys().chain(b.keys()).collect();
            for name in names {
                compare(&format!("{at}.{name}"), &mine[name.as_str()], &theirs[name.as_str()], differences);
            }
        }
        (Value::Array(a), Value::Array(b)) if a.len() == b.len() => {
            for (index, (one, other)) in a.iter().zip(b).enumerate() {
                compare(&format!("{at}[{index}]"), one, other, differences);
            }
        }
        _ if mine != theirs => differences.push(format!("  {at}: {mine}, not {theirs}")),
        _ => {}
    }
}

/// An object as somebody declared it, and what we made of it.
fn object(mut object: Value) -> Value {
    let about = object["metadata"].take();
    let going = !about["deletionTimestamp"].is_null();
    let mut kept = json!({"going": going, "spec": object["spec"], "status": object["status"]});
    for field in ["generation", "finalizers", "labels"] {
        kept[field] = about[field].clone();
    }
    // How the removals were counted depends on how they fell into minutes.
    let counted = kept["status"]["removals"]["counted"].as_array().cloned().unwrap_or_default();
    if !counted.is_empty() {
        let sum: u64 = counted.iter().filter_map(|it| it["count"].as_u64()).sum();
        kept["status"]["removals"]["counted"] = json!(sum);
        kept["status"]["removals"].as_object_mut().unwrap().remove("open");
    }
    for condition in kept["status"]["conditions"].as_array_mut().into_iter().flatten() {
        condition.as_object_mut().unwrap().remove("lastTransitionTime");
    }
    kept
}

/// What the vendors hold, and what their ids stand for.
fn world(stage: &Stage) -> (Value, BTreeMap<String, String>) {
    let mut names = BTreeMap::new();
    let world = stage.simulator.inspect(|world, at| {
        let contents = world.contents(at);
        for user in &contents.users {
            names.insert(user.id.clone(), format!("<{}>", user.email));
        }
        let users: Vec<Value> = contents
            .users
            .iter()
            .map(|it| json!([it.email, it.full_name, json!(it.auth_type), json!(it.membership)]))
            .collect();
        let mut invitations: Vec<Value> = contents
            .invitations
            .iter()
            .map(|it| json!([it.invitation.email, json!(it.invitation.auth_type), json!(it.status)]))
            .collect();
        invitations.sort_by_key(ToString::to_string);
        let publishers: Vec<Value> = contents
            .publishers
            .iter()
            .map(|it| {
                let users = it.users.iter().map(|user| json!([user.who.key(), user.role.as_str(), json!(user.state)]));
                json!([it.publisher.id, users.collect::<Vec<_>>()])
            })
            .collect();
        for it in &contents.bindings {
            let who = it.principal.as_str();
            let who = names.get(who).cloned().unwrap_or_else(|| who.to_owned());
            names.insert(it.id.clone(), format!("<{who} {} {}>", it.role, it.crn));
        }
        for it in &contents.invitations {
            names.insert(it.invitation.id.clone(), format!("<invitation of {}>", it.invitation.email));
        }
        let mut users = users;
        users.sort_by_key(ToString::to_string);
        json!({"users": users, "invitations": invitations, "publishers": publishers})
    });
    let mut world = world;
    world["held"] = json!(stage.held());
    (world, names)
}

/// A value with names in place of ids, and without times.
fn plain(value: &Value, names: &BTreeMap<String, String>) -> Value {
    static ID: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"\b(u|rb|i)-[A-Za-z0-9]{5,}\b").unwrap());
    match value {
        Value::String(text) if text.parse::<Timestamp>().is_ok() => json!("<a time>"),
        Value::String(text) => {
            let named = |found: &regex::Captures<'_>| {
                names.get(&found[0]).cloned().unwrap_or_else(|| format!("<a former {}>", &found[1]))
            };
            json!(ID.replace_all(text, named))
        }
        Value::Array(all) => all.iter().map(|it| plain(it, names)).collect(),
        Value::Object(fields) => fields.iter().map(|(name, it)| (name.clone(), plain(it, names))).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) => value.clone(),
    }
}
