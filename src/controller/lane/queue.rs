//! The steps that wait for a lane's task, in the order in which they are made. No IO.
//!
//! Namespaces take turns, each with what it asked for first: thousands of objects that are applied at once in one of them hold a
//! single change in another one up by no more than its turn.

use std::collections::{HashMap, VecDeque};

use super::Job;

/// Jobs that wait.
pub(super) struct Queue<S> {
    /// What they remove should be gone already: these go first.
    overdue: VecDeque<Job<S>>,
    /// The namespaces that have something here, in the order of their turns.
    turns: VecDeque<String>,
    waiting: HashMap<String, VecDeque<Job<S>>>,
}

impl<S> Default for Queue<S> {
    fn default() -> Self {
        Self { overdue: VecDeque::new(), turns: VecDeque::new(), waiting: HashMap::new() }
    }
}

impl<S> Queue<S> {
    pub(super) fn push(&mut self, job: Job<S>) {
        if job.overdue {
            self.overdue.push_back(job);
            return;
        }
        let namespace = &job.author.object.namespace;
        if let Some(waiting) = self.waiting.get_mut(namespace) {
            waiting.push_back(job);
        } else {
            self.turns.push_back(namespace.clone());
            self.waiting.insert(namespace.clone(), VecDeque::from([job]));
        }
    }

    /// Takes out so many that fit, in order; what does not fit keeps its place.
    pub(super) fn take(&mut self, most: usize, fits: impl Fn(&Job<S>) -> bool) -> Vec<Job<S>> {
        let mut taken = Vec::new();
        while taken.len() < most
            && let Some(at) = self.overdue.iter().position(&fits)
        {
            taken.extend(self.overdue.remove(at));
        }
        // How often each was passed over is how many of its first do not fit.
        let mut idle = 0;
        let mut passed: HashMap<String, usize> = HashMap::new();
        while taken.len() < most
            && idle < self.turns.len()
            && let Some(namespace) = self.turns.pop_front()
        {
            let Some(waiting) = self.waiting.get_mut(&namespace) else { continue };
            let from = passed.entry(namespace.clone()).or_default();
            let found = waiting.iter().skip(*from).position(&fits);
            *from += found.unwrap_or(waiting.len());
            idle = if found.is_some() { 0 } else { idle + 1 };
            taken.extend(found.and_then(|_| waiting.remove(*from)));
            if waiting.is_empty() {
                self.waiting.remove(&namespace);
            } else {
                self.turns.push_back(namespace);
            }
        }
        taken
    }
}
