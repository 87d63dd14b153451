//! Everything that can happen between two replicas, a lease, the last look at who administers and removals on their way, state by
//! state. What is judged is judged by the product's own guard; the lease is as it promises to be: nobody begins a write after its
//! own has run out, and what was begun cannot be called back.
//!
//! A breadth-first search of its own, since a model checker says whether something can be, and not whether from everywhere it
//! still can.

mod guard;

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use guard::Guard;

/// People, each a bit.
type People = u8;
/// All of them administer at first, and all are to stop.
const ALL: People = 0b1111;

/// What is taken away from how the product works, and how unkind the world is.
#[derive(Clone, Copy, Debug)]
struct Rules {
    minimum: usize,
    /// Who administers is read again by whoever begins to lead.
    fresh_look: bool,
    /// A removal without an answer counts as made until that is known.
    doubt_counts: bool,
    /// How many writes may outlive the lease of who sent them at once.
    stale_writes: u32,
}

const RULES: Rules = Rules { minimum: 2, fresh_look: true, doubt_counts: true, stale_writes: 1 };

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
struct Replica {
    leads: bool,
    /// Who administers, as far as it knows.
    known: Option<People>,
    /// The removal that it sent and waits for.
    sent: People,
    /// Removals that it sent and gave up waiting for; they may be on their way.
    doubtful: People,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct State {
    administer: People,
    replicas: [Replica; 2],
    /// Removals on their way from who leads no more.
    stale: People,
}

impl State {
    fn new(rules: Rules) -> Self {
        // Without a fresh look each believes what it saw at its start.
        let known = (!rules.fresh_look).then_some(ALL);
        let replica = Replica { known, ..Replica::default() };
        Self { administer: ALL, replicas: [replica; 2], stale: 0 }
    }

    fn count(self) -> usize {
        self.administer.count_ones() as usize
    }

    /// The same with one replica changed.
    fn with(mut self, number: usize, change: impl FnOnce(&mut Replica)) -> Self {
        change(&mut self.replicas[number]);
        self
    }

    fn without(mut self, people: People) -> Self {
        self.administer &= !people;
        self
    }

    /// All that can come next.
    fn next(self, rules: Rules, guard: &Guard) -> Vec<Self> {
        let mut next = Vec::new();
        for (number, replica) in self.replicas.into_iter().enumerate() {
            if replica.leads {
                self.led(number, replica, rules, guard, &mut next);
            } else if !self.replicas.iter().any(|it| it.leads) {
                let known = replica.known.filter(|_| !rules.fresh_look);
                next.push(self.with(number, |it| *it = Replica { leads: true, known, ..Replica::default() }));
            }
        }
        for person in bits(self.stale) {
            let mut arrived = self;
            arrived.stale &= !person;
            next.extend([arrived.without(person), arrived]);
        }
        next
    }

    /// What comes of a leader.
    fn led(self, number: usize, replica: Replica, rules: Rules, guard: &Guard, next: &mut Vec<Self>) {
        let under_way = replica.sent | replica.doubtful;
        if (under_way | self.stale).count_ones() <= rules.stale_writes || under_way == 0 {
            let mut ended = self.with(number, |it| *it = Replica { known: it.known, ..Replica::default() });
            ended.stale |= under_way;
            next.push(ended);
        }
        // Given up, it still arrives, or it does not; doubt lasts for longer than what was read before it.
        for person in bits(replica.doubtful) {
            let settled = self.with(number, |it| {
                it.doubtful &= !person;
                it.known = it.known.filter(|_| !rules.fresh_look);
            });
            next.extend([settled.without(person), settled]);
        }
        if replica.sent != 0 {
            let answered = self.with(number, |it| {
                it.sent = 0;
                it.known = it.known.map(|known| known & !replica.sent);
            });
            next.push(answered.without(replica.sent));
            next.push(self.with(number, |it| {
                it.sent = 0;
                it.doubtful |= replica.sent;
            }));
            return;
        }
        if rules.fresh_look {
            next.push(self.with(number, |it| it.known = Some(self.administer)));
        }
        let Some(known) = replica.known else { return };
        let judged = if rules.doubt_counts { known & !replica.doubtful } else { known };
        // What is to be removed is read once more for itself.
        for person in bits(self.administer & judged) {
            if guard.lets_go(person, judged) {
                next.push(self.with(number, |it| it.sent = person));
            }
        }
    }

    /// Nothing that the guard would let go is left to remove.
    fn is_done(self, guard: &Guard) -> bool {
        !bits(self.administer).any(|person| guard.lets_go(person, self.administer))
    }
}

fn bits(people: People) -> impl Iterator<Item = People> {
    (0..4).map(|bit| 1 << bit).filter(move |bit| people & bit != 0)
}

/// What a search found.
struct Found {
    states: usize,
    /// How many administer at the fewest.
    fewest: usize,
    /// States from which the removals can never be done any more.
    stuck: usize,
}

fn search(rules: Rules) -> Found {
    let guard = Guard::new(rules.minimum);
    let start = State::new(rules);
    let (mut before, mut queue): (BTreeMap<State, BTreeSet<State>>, _) = (BTreeMap::new(), VecDeque::from([start]));
    before.insert(start, BTreeSet::new());
    while let Some(state) = queue.pop_front() {
        for next in state.next(rules, &guard) {
            if !before.contains_key(&next) {
                queue.push_back(next);
            }
            before.entry(next).or_default().insert(state);
        }
    }
    let mut able: BTreeSet<State> = before.keys().copied().filter(|state| state.is_done(&guard)).collect();
    let mut queue: VecDeque<State> = able.iter().copied().collect();
    while let Some(state) = queue.pop_front() {
        queue.extend(before[&state].iter().filter(|it| able.insert(**it)));
    }
    let fewest = before.keys().map(|state| state.count()).min().unwrap();
    Found { states: before.len(), fewest, stuck: before.len() - able.len() }
}

#[test]
fn whatever_happens_the_minimum_holds_less_one_for_each_write_that_outlives_its_lease() {
    for minimum in 1..=3 {
        for stale_writes in 0..=2 {
            let found = search(Rules { minimum, stale_writes, ..RULES });
            let least = minimum.saturating_sub(stale_writes as usize);
            eprintln!("minimum {minimum}, {stale_writes} stale: {} states, {} left", found.states, found.fewest);
            // No fewer, and it does come to that: the bound is one.
            assert_eq!(found.fewest, least, "minimum {minimum}, {stale_writes} stale");
            assert_eq!(
                found.stuck, 0,
                "minimum {minimum}, {stale_writes} stale: what may be removed cannot be any more"
            );
        }
    }
}

#[test]
fn the_model_bites() {
    for (what, rules) in [
        ("no fresh look", Rules { fresh_look: false, stale_writes: 0, ..RULES }),
        ("doubt is forgotten", Rules { doubt_counts: false, stale_writes: 0, ..RULES }),
    ] {
        let found = search(rules);
        assert!(found.fewest < rules.minimum, "{what}: {} left", found.fewest);
    }
}
