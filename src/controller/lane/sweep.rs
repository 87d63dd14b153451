//! Removals that the object which connects a realm wants itself, because nobody declares what they take away. Each is a job of
//! its own, so that one which is held holds no other. No IO.

use std::{collections::HashSet, fmt::Display, slice};

use tokio::time::Instant;

use crate::{access::Grant, plan::Finding};

use super::{Author, Job, Lane, Progress, View, booking, job::told, realm::Realm};

/// What an object would have to declare to speak for something.
#[derive(Clone, Debug)]
pub(crate) struct Claim {
    pub(crate) grant: Grant,
    /// What the holder is called; `None` where it is not known.
    pub(crate) names: Option<Vec<String>>,
}

/// One such removal.
#[derive(Clone, Debug)]
pub(crate) struct Sweep<S> {
    /// Names it for good.
    pub(crate) mark: String,
    pub(crate) step: S,
    /// How many of its jobs the look knew the end of.
    pub(crate) ended: u64,
}

impl<S: Display> Sweep<S> {
    /// Who submits it, for that object.
    pub(crate) fn author(&self, author: &Author) -> Author {
        let told = told(slice::from_ref(&self.step));
        Author { object: author.object.for_one(&self.mark), told, ..author.clone() }
    }
}

impl<R: Realm> View<'_, R> {
    /// The marks of grants that stay although nobody declares them; `None` before that is known.
    pub(crate) fn retained(&self) -> Option<&std::collections::BTreeSet<String>> {
        self.state.budget.record.as_ref().map(|record| &record.retained)
    }

    /// Why an object's last try failed, where that still stands.
    pub(crate) fn failure(&self, author: &Author) -> Option<&Finding> {
        let failed = self.state.failed.get(&author.object.uid)?;
        failed.stands(author, Instant::now(), &self.state).then_some(&failed.finding)
    }
}

impl<R: Realm> Lane<R> {
    /// Remembers grants that stay although nobody declares them any more; the error says why it could not.
    pub(crate) async fn retain(&self, marks: &[String]) -> Result<(), Finding> {
        booking::retain(self, marks).await.map_err(|failure| failure.finding)
    }

    /// Takes over the removals that are new, and forgets those that are no longer wanted.
    pub(crate) fn sweep(&self, author: &Author, sweeps: Vec<Sweep<R::Step>>) {
        let prefix = author.object.for_one("").uid;
        let wanted: HashSet<String> = sweeps.iter().map(|it| author.object.for_one(&it.mark).uid).collect();
        let known: Vec<String> = {
            let state = self.read();
            let all = state.failed.keys().chain(state.ended.keys()).chain(state.under_way.keys());
            all.filter(|uid| uid.starts_with(&prefix) && !wanted.contains(*uid)).cloned().collect()
        };
        for uid in known {
            self.settle(&uid);
        }
        for sweep in sweeps {
            let author = sweep.author(author);
            if matches!(self.progress(&author), Progress::Idle) {
                let (steps, until, grounds) = (vec![sweep.step], None, None);
                self.submit(Job { author, steps, overdue: false, along: 0, until, grounds }, sweep.ended);
            }
        }
    }
}
