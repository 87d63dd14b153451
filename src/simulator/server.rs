//! A running simulator: one world behind a lock, with its journal, knobs, clock and request log. IO.
//!
//! [`Simulator`] is a handle that is cheap to clone. The lock is held for one command, never across an await and never
//! while somebody looks: who looks has the world as it was then, and a command that comes in meanwhile makes a copy. A
//! command is in the journal before it is answered; when the journal fails, nothing is answered any more, since the world
//! in memory would then be ahead of the one in the file.

mod credential;

use std::{
    collections::VecDeque,
    path::Path,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

pub use credential::{ApplicationCredential, Credential};
use jiff::Timestamp;
use serde::Serialize;

use super::{
    journal::{Entry, Journal, JournalError},
    knob::{Fault, Knobs, Lag},
    world::{Actor, Answer, Command, Founding, Refusal, Rules, World, example, publisher::example_publishers},
};

/// Tells the time.
pub type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// How old the example's organization is when it is first served, so that what is in it was there before any manifest.
const AGE: jiff::SignedDuration = jiff::SignedDuration::from_hours(30 * 24);

/// How many requests the log keeps; the oldest go first.
const KEPT: usize = 100_000;

/// A handle on a running simulator.
#[derive(Clone)]
pub struct Simulator {
    state: Arc<Mutex<State>>,
    clock: Clock,
}

/// Why a command was not carried out.
#[derive(Debug, thiserror::Error)]
pub enum ActError {
    /// The world refuses it.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The journal could not keep it, now or earlier; the simulator has to be started again.
    #[error("the journal failed, so nothing is answered until the simulator is started again: {0}")]
    Journal(String),
}

/// One request that reached the simulator.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RequestRecord {
    /// Its number, from 1.
    pub seq: u64,
    /// When it came.
    pub at: Timestamp,
    /// The method.
    pub method: String,
    /// The path, without the query.
    pub path: String,
    /// The query, still encoded.
    pub query: String,
    /// Whose key or token it bore, where that was a valid one.
    pub actor: Option<String>,
    /// What it was answered with; `None` while it is not.
    pub status: Option<u16>,
}

struct State {
    world: Arc<World>,
    journal: Option<Journal>,
    broken: Option<String>,
    knobs: Knobs,
    past: VecDeque<(Timestamp, Arc<World>)>,
    frozen: Option<Arc<World>>,
    requests: VecDeque<RequestRecord>,
    seq: u64,
    window: Window,
}

/// The running window of the rate limit.
#[derive(Clone, Copy, Debug, Default)]
struct Window {
    began: Option<Timestamp>,
    used: u32,
}

/// How a request stands to the rate limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Budget {
    pub(super) limit: u32,
    pub(super) remaining: u32,
    pub(super) reset: u32,
    pub(super) refused: bool,
    pub(super) retry_after: bool,
    pub(super) headers: bool,
}

impl Simulator {
    /// Serves a world that is nowhere kept.
    pub fn new(world: World, clock: Clock) -> Self {
        Self::with(world, None, clock)
    }

    /// Serves the example, kept nowhere.
    pub fn example(seed: u64, clock: Clock) -> Self {
        let (world, _) = populate(seed, clock() - AGE);
        Self::new(world.0, clock)
    }

    /// Serves the world of a journal; where there is none yet, begins one with the example. Without a file, nothing is
    /// kept. The seed is for a new world alone.
    pub fn open(data: Option<&Path>, seed: u64, clock: Clock) -> Result<Self, JournalError> {
        let Some(path) = data else {
            return Ok(Self::example(seed, clock));
        };
        if let Some(kept) = Journal::open(path)? {
            let mut world = World::founded(&kept.founding);
            for (number, entry) in kept.entries.iter().enumerate() {
                let replayed = world.apply(&entry.actor, &entry.command, entry.at);
                replayed.map_err(|refusal| kept.journal.damaged(format!("command {}: {refusal}", number + 1)))?;
            }
            return Ok(Self::with(world, Some(kept.journal), clock));
        }
        let ((world, founding), entries) = populate(seed, clock() - AGE);
        let journal = Journal::create(path, &founding, &entries)?;
        Ok(Self::with(world, Some(journal), clock))
    }

    fn with(world: World, journal: Option<Journal>, clock: Clock) -> Self {
        let knobs = Knobs { rules: world.rules().clone(), ..Knobs::default() };
        let state = State {
            world: Arc::new(world),
            journal,
            broken: None,
            knobs,
            past: VecDeque::new(),
            frozen: None,
            requests: VecDeque::new(),
            seq: 0,
            window: Window::default(),
        };
        Self { state: Arc::new(Mutex::new(state)), clock }
    }

    /// Another one, the same as this one at this moment and kept nowhere, which goes its own way from here on.
    #[must_use]
    pub fn fork(&self) -> Self {
        let state = self.lock();
        let fork = Self::with(World::clone(&state.world), None, Arc::clone(&self.clock));
        {
            let mut forked = fork.lock();
            (forked.knobs, forked.past) = (state.knobs.clone(), state.past.clone());
            (forked.frozen, forked.seq, forked.window) = (state.frozen.clone(), state.seq, state.window);
        }
        fork
    }

    /// The moment, as the world has it.
    pub fn now(&self) -> Timestamp {
        let ahead = self.lock().world.ahead();
        self.moment(ahead)
    }

    /// Carries out a command, journaled before this returns.
    pub fn act(&self, actor: &Actor, command: &Command) -> Result<Answer, ActError> {
        let mut state = self.lock();
        let at = self.moment(state.world.ahead());
        state.act(actor, command, at)
    }

    /// Carries out a command as the portal, which no role holds back.
    pub fn portal(&self, command: &Command) -> Result<Answer, ActError> {
        self.act(&Actor::Portal, command)
    }

    /// Looks at the world as it is.
    pub fn inspect<T>(&self, look: impl FnOnce(&World, Timestamp) -> T) -> T {
        let world = Arc::clone(&self.lock().world);
        look(&world, self.moment(world.ahead()))
    }

    /// Looks at the world as lists show it, which may lag.
    pub(super) fn inspect_listed<T>(&self, look: impl FnOnce(&World, Timestamp) -> T) -> T {
        let (world, at) = {
            let mut state = self.lock();
            let at = self.moment(state.world.ahead());
            (state.listed(at), at)
        };
        look(&world, at)
    }

    /// The knobs as they stand.
    pub fn knobs(&self) -> Knobs {
        self.lock().knobs.clone()
    }

    /// Sets all knobs.
    pub fn set(&self, knobs: Knobs) -> Result<(), ActError> {
        self.update(|current| *current = knobs)
    }

    /// Turns some knobs. A change of the rules is journaled.
    pub fn update(&self, turn: impl FnOnce(&mut Knobs)) -> Result<(), ActError> {
        let mut state = self.lock();
        let at = self.moment(state.world.ahead());
        let mut knobs = state.knobs.clone();
        turn(&mut knobs);
        if knobs.rules != *state.world.rules() {
            state.act(&Actor::Portal, &Command::SetRules { rules: knobs.rules.clone() }, at)?;
        }
        if knobs.lag != state.knobs.lag {
            state.past.clear();
            state.frozen = (knobs.lag == Lag::Frozen).then(|| Arc::clone(&state.world));
        }
        if knobs.rate_limit != state.knobs.rate_limit {
            state.window = Window::default();
        }
        state.knobs = knobs;
        Ok(())
    }

    /// Adds a fault behind those that are there.
    pub fn inject(&self, fault: Fault) {
        self.lock().knobs.faults.push(fault);
    }

    /// Changes the rules alone.
    pub fn rules(&self, change: impl FnOnce(&mut Rules)) -> Result<(), ActError> {
        self.update(|knobs| change(&mut knobs.rules))
    }

    /// The requests of the vendors' dialects that came, oldest first.
    pub fn requests(&self) -> Vec<RequestRecord> {
        self.lock().requests.iter().cloned().collect()
    }

    /// Forgets the requests that came.
    pub fn clear_requests(&self) {
        self.lock().requests.clear();
    }

    /// Writes down a request that just came; gives its number.
    pub(super) fn received(&self, method: &str, path: &str, query: &str, actor: Option<&Actor>) -> u64 {
        let mut state = self.lock();
        let at = self.moment(state.world.ahead());
        state.seq += 1;
        if state.requests.len() == KEPT {
            state.requests.pop_front();
        }
        let record = RequestRecord {
            seq: state.seq,
            at,
            method: method.to_owned(),
            path: path.to_owned(),
            query: query.to_owned(),
            actor: actor.map(|actor| actor.name().to_owned()),
            status: None,
        };
        state.requests.push_back(record);
        state.seq
    }

    /// Writes down what a request was answered with.
    pub(super) fn answered(&self, seq: u64, status: u16) {
        let mut state = self.lock();
        if let Some(record) = state.requests.iter_mut().rev().find(|record| record.seq == seq) {
            record.status = Some(status);
        }
    }

    /// Takes one request out of the rate limit, where there is one.
    pub(super) fn spend(&self) -> Option<Budget> {
        let mut state = self.lock();
        let at = self.moment(state.world.ahead());
        let rate = state.knobs.rate_limit?;
        let since = |began: Timestamp| at.duration_since(began).as_secs();
        let passed = match state.window.began.map(since) {
            Some(passed) if passed < i64::from(rate.window) => passed,
            Some(_) | None => {
                state.window = Window { began: Some(at), used: 0 };
                0
            }
        };
        let refused = state.window.used >= rate.limit;
        if !refused {
            state.window.used += 1;
        }
        let passed = u32::try_from(passed).unwrap_or_default();
        Some(Budget {
            limit: rate.limit,
            remaining: rate.limit - state.window.used,
            reset: rate.window.saturating_sub(passed),
            refused,
            retry_after: rate.retry_after,
            headers: rate.headers,
        })
    }

    /// The fault that this request meets, used up by it.
    pub(super) fn strike(&self, method: &str, path: &str, query: &str) -> Option<Fault> {
        self.lock().knobs.strike(method, path, query)
    }

    /// The sentence that says why nothing is answered any more.
    pub(super) fn broken(&self) -> Option<String> {
        self.lock().broken.clone()
    }

    fn moment(&self, ahead: jiff::SignedDuration) -> Timestamp {
        (self.clock)().checked_add(ahead).unwrap_or(Timestamp::MAX)
    }

    /// A panic elsewhere cannot leave the state half changed: a command checks before it changes.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn act(&mut self, actor: &Actor, command: &Command, at: Timestamp) -> Result<Answer, ActError> {
        if let Some(reason) = &self.broken {
            return Err(ActError::Journal(reason.clone()));
        }
        let before = matches!(self.knobs.lag, Lag::Seconds(_)).then(|| Arc::clone(&self.world));
        let answer = Arc::make_mut(&mut self.world).apply(actor, command, at)?;
        if let Some(journal) = &mut self.journal {
            let entry = Entry { actor: actor.clone(), command: command.clone(), at };
            if let Err(error) = journal.append(&entry) {
                let reason = error.to_string();
                self.broken = Some(reason.clone());
                return Err(ActError::Journal(reason));
            }
        }
        if let Some(before) = before {
            self.past.push_back((at, before));
        }
        self.knobs.rules = self.world.rules().clone();
        Ok(answer)
    }

    /// The world that lists show at that moment: the present one, or an earlier one.
    fn listed(&mut self, at: Timestamp) -> Arc<World> {
        let earlier = match self.knobs.lag {
            Lag::None => None,
            Lag::Frozen => self.frozen.as_ref(),
            Lag::Seconds(seconds) => {
                let lag = jiff::SignedDuration::from_secs(i64::from(seconds));
                let shown = at.checked_sub(lag).unwrap_or(Timestamp::MIN);
                while self.past.front().is_some_and(|(written, _)| *written <= shown) {
                    self.past.pop_front();
                }
                self.past.front().map(|(_, before)| before)
            }
        };
        Arc::clone(earlier.unwrap_or(&self.world))
    }
}

/// The example as a world, with the founding and the entries that lead to it.
fn populate(seed: u64, at: Timestamp) -> ((World, Founding), Vec<Entry>) {
    let (founding, mut commands) = example(seed, at);
    commands.extend(example_publishers());
    let mut world = World::founded(&founding);
    let mut entries = Vec::with_capacity(commands.len());
    for command in commands {
        // The example is data of our own; a test holds that all of it is accepted.
        if world.apply(&Actor::Portal, &command, at).is_ok() {
            entries.push(Entry { actor: Actor::Portal, command, at });
        }
    }
    ((world, founding), entries)
}

impl std::fmt::Debug for Simulator {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Simulator").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
