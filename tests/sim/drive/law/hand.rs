//! What people granted by hand, and what the organization's word for that lets become of it.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use tokio::time::{Duration, Instant};

use crate::{
    drive::{
        history::wide::Unmanaged,
        step::{Step, wide::Wide},
    },
    stage::Stage,
    way::{Change, PUBLISHER},
};

use super::declared::Declared;

/// What is there by hand, since when.
#[derive(Debug)]
pub(super) struct Hands {
    word: Option<Unmanaged>,
    since: BTreeMap<String, Instant>,
    /// What was held before a step.
    before: BTreeSet<String>,
}

impl Hands {
    /// What is there in the beginning is so.
    pub(super) fn new(word: Option<Unmanaged>, stage: &Stage) -> Self {
        let now = Instant::now();
        let since = stage.held().into_iter().filter(|it| !it.ends_with(PUBLISHER)).map(|it| (it, now)).collect();
        Self { word, since, before: BTreeSet::new() }
    }

    pub(super) fn before(&mut self, stage: &Stage) {
        self.before = stage.held().into_iter().collect();
    }

    pub(super) fn played(&mut self, step: &Step, stage: &Stage) {
        if let Step::Wide(Wide::Grant(..)) = step {
            let came = stage.held().into_iter().filter(|it| !self.before.contains(it));
            self.since.extend(came.map(|it| (it, Instant::now())));
        }
    }

    /// Whether anything that nobody declares is taken away.
    pub(super) fn removes(&self) -> bool {
        self.word.is_some_and(|word| word.removes)
    }

    /// Whether what nobody declares may be taken away.
    pub(super) fn may_go(&self, what: &str) -> bool {
        self.word.is_some_and(|word| word.removes && word.covers(what)) && !what.starts_with("sa-roster ")
    }

    /// What went and was nobody's but of who granted it. What was declared since then is the object's, and what came so
    /// lately may not be seen yet, where listings do not show it.
    pub(super) fn taken<'a>(
        &self,
        went: &[&'a String],
        at: Instant,
        unseen: Duration,
        declared: &Declared,
    ) -> Option<&'a String> {
        let theirs = |what: &str| {
            let since = self.since.get(what).filter(|since| at.saturating_duration_since(**since) > unseen);
            since.is_some_and(|since| !declared.took_over(what, *since, at)) && !self.may_go(what)
        };
        went.iter().find(|it| theirs(it)).copied()
    }

    /// Whether somebody granted it so lately.
    pub(super) fn is_new(&self, what: &str, at: Instant, unseen: Duration) -> bool {
        self.since.get(what).is_some_and(|since| at.saturating_duration_since(*since) < unseen)
    }

    /// Takes in what a request changed.
    pub(super) fn changed(&mut self, change: &Change) {
        self.since.retain(|what, _| change.before.held.contains(what) && change.after.held.contains(what));
    }

    /// Whether people have just made something that the operator may be about to make.
    pub(super) fn any(&self) -> bool {
        self.word.is_some()
    }

    /// What the organization's object tells of, in the words of who holds what where; and what it is to take away and neither
    /// does nor says why not.
    pub(super) fn told(&self, held: &[String], stage: &Stage) -> (BTreeSet<String>, Option<String>) {
        let organization = stage.get("confluentorganizations", "o").unwrap_or_default();
        let entries: Vec<&str> = organization["status"]["unmanaged"]["entries"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .collect();
        let told = |what: &String| {
            let mut words = what.splitn(3, ' ');
            let (who, role, place) = (words.next()?, words.next()?, words.next()?);
            let entry = format!("{role} on {place} for `{who}`");
            entries.iter().find(|it| it.starts_with(&entry)).copied()
        };
        let all = held.iter().filter_map(|what| Some((what.clone(), told(what)?)));
        let observed = organization["spec"]["management"] == "Observe";
        let removes = self.removes() && !observed;
        let idle = all.clone().find(|(_, entry)| removes && !entry.contains("(kept: "));
        (all.map(|(what, _)| what).collect(), idle.map(|(what, _)| what))
    }

    /// What somebody granted, that nobody declares, and that the organization's object has to tell of.
    pub(super) fn is_to_be_told(&self, what: &str) -> bool {
        self.word.is_some_and(|word| word.covers(what))
    }

    /// Whether it is there by somebody's hand.
    pub(super) fn is_by_hand(&self, what: &str) -> bool {
        self.since.contains_key(what)
    }
}
