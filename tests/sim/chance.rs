//! Chance from a seed: the same seed, the same choices.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
    time::Duration,
};

/// A generator. Clones draw from the same sequence.
#[derive(Clone, Debug)]
pub(crate) struct Chance {
    seed: u64,
    state: Arc<Mutex<u64>>,
    /// How many have been drawn under which name.
    named: Arc<Mutex<BTreeMap<String, u64>>>,
}

/// Where `SplitMix64` goes on.
const STEP: u64 = 0x9e37_79b9_7f4a_7c15;

/// What `SplitMix64` makes of a state.
fn mixed(state: u64) -> u64 {
    let mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

impl Chance {
    pub(crate) fn new(seed: u64) -> Self {
        Self { seed, state: Arc::new(Mutex::new(seed)), named: Arc::default() }
    }

    /// The next number.
    fn next(&self) -> u64 {
        let mut state = self.state.lock().unwrap();
        *state = state.wrapping_add(STEP);
        mixed(*state)
    }

    /// A number below the limit.
    pub(crate) fn below(&self, limit: u64) -> u64 {
        self.next() % limit
    }

    /// One of these.
    pub(crate) fn pick<'a, T>(&self, from: &'a [T]) -> &'a T {
        let count = u64::try_from(from.len()).unwrap();
        &from[usize::try_from(self.below(count)).unwrap()]
    }

    /// A time of up to that many milliseconds.
    pub(crate) fn pause(&self, longest: u64) -> Duration {
        Duration::from_millis(self.below(longest + 1))
    }

    /// The next time of up to that many milliseconds under a name, whoever draws before under another: in which order those
    /// draw who do at one moment is nobody's to say, since the library that runs them keeps them by hashes.
    pub(crate) fn pause_of(&self, name: &str, longest: u64) -> Duration {
        if longest == 0 {
            return Duration::ZERO;
        }
        let nth = {
            let mut named = self.named.lock().unwrap();
            let nth = named.entry(name.to_owned()).or_default();
            *nth += 1;
            *nth
        };
        let of_name = name.bytes().fold(self.seed, |hash, byte| mixed(hash.wrapping_add(STEP) ^ u64::from(byte)));
        Duration::from_millis(mixed(of_name.wrapping_add(nth.wrapping_mul(STEP))) % (longest + 1))
    }
}
