//! The removal budget: how much may be taken away within a time before a person has to look. PURE.
//!
//! A removal is counted before it is made. Once more is wanted than may go, what is beyond is held, and so is whatever
//! comes after it, until a person says yes to exactly what is held, or what is held has become little enough. Going by
//! alone, time lets nothing go that does not fit as a whole.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use sha2::{Digest, Sha256};

/// Into how many parts a window falls: removals within one part are kept as one entry, and count until the last of them
/// has left the window.
const PARTS: i32 = 20;
/// Most entries that are kept, and most yeses.
const MOST_ENTRIES: usize = 32;
/// How long a yes is good for.
const GOOD_FOR: SignedDuration = SignedDuration::from_hours(24);

/// How much may go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RemovalBudget {
    /// So many removals, however few grants are declared.
    pub count: u32,
    /// Or so many of a hundred declared grants, where that is more; a hundred is no limit.
    pub percent: u32,
    /// Within this time.
    pub window: SignedDuration,
}

impl Default for RemovalBudget {
    fn default() -> Self {
        Self { count: 5, percent: 20, window: SignedDuration::from_hours(1) }
    }
}

impl RemovalBudget {
    /// Nothing is counted, and nothing is held.
    pub fn is_off(&self) -> bool {
        self.percent >= 100
    }

    /// How many removals the window has room for.
    pub fn allowance(&self, declared: u32) -> u32 {
        let share = u64::from(declared) * u64::from(self.percent) / 100;
        self.count.max(u32::try_from(share).unwrap_or(u32::MAX))
    }
}

/// Removals that were counted shortly after each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Counted {
    /// When the first of them was counted.
    pub since: Timestamp,
    /// When the last of them was.
    pub until: Timestamp,
    /// How many.
    pub count: u32,
    /// How many grants were declared then: what goes makes the hundred no smaller.
    pub declared: u32,
}

/// A person's yes to what was held.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Acknowledged {
    /// What the person said yes to.
    pub digest: String,
    /// When it was heard.
    pub at: Timestamp,
    /// The marks of what has not gone yet.
    pub left: BTreeSet<String>,
}

/// A removal that was counted and is not known to be made. Whoever counts it may end before it is made, and whoever follows
/// makes it without counting it again: an operator that dies over and over would use up the budget, and remove nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenRemoval {
    /// Its mark.
    pub mark: String,
    /// For how much it was counted.
    pub weight: u32,
    /// When.
    pub at: Timestamp,
}

/// What is kept about removals, so that a restart forgets none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Removals {
    /// What was counted, the oldest first.
    pub counted: Vec<Counted>,
    /// What of it may not have been made yet.
    pub open: Vec<OpenRemoval>,
    /// What people said yes to, the oldest first, while something of it has not gone.
    pub acknowledged: Vec<Acknowledged>,
    /// The marks of grants whose object was deleted and said that they stay: what nobody declares is removed without them.
    pub retained: BTreeSet<String>,
}

impl Removals {
    /// How many removals are in the window.
    pub fn within(&self, window: SignedDuration, now: Timestamp) -> u32 {
        self.current(window, now).map(|entry| entry.count).fold(0, u32::saturating_add)
    }

    /// How many more may go now.
    pub fn room(&self, budget: &RemovalBudget, declared: u32, now: Timestamp) -> u32 {
        let most = self.current(budget.window, now).map(|entry| entry.declared).fold(declared, u32::max);
        budget.allowance(most).saturating_sub(self.within(budget.window, now))
    }

    /// The same with a removal that is about to be made, and without what no longer counts.
    #[must_use]
    pub fn counting(&self, weight: u32, budget: &RemovalBudget, declared: u32, now: Timestamp) -> Self {
        let mut counted: Vec<Counted> = self.current(budget.window, now).copied().collect();
        match counted.last_mut() {
            Some(last) if now.duration_since(last.since) < budget.window / PARTS => {
                last.until = last.until.max(now);
                last.count = last.count.saturating_add(weight);
                last.declared = last.declared.max(declared);
            }
            _ => counted.push(Counted { since: now, until: now, count: weight, declared }),
        }
        while counted.len() > MOST_ENTRIES {
            let oldest = counted.remove(0);
            counted[0].since = oldest.since;
            counted[0].count = counted[0].count.saturating_add(oldest.count);
            counted[0].declared = counted[0].declared.max(oldest.declared);
        }
        let acknowledged = self.acknowledged.iter().filter(|yes| is_good(yes, now)).cloned().collect();
        Self { counted, acknowledged, open: self.open.clone(), retained: self.retained.clone() }
    }

    /// Whether that removal was counted for no less within the window.
    fn has_counted(&self, mark: &str, weight: u32, window: SignedDuration, now: Timestamp) -> bool {
        let same = |open: &OpenRemoval| open.mark == mark && open.weight >= weight;
        self.open.iter().any(|open| same(open) && now.duration_since(open.at) < window)
    }

    /// The same with a removal that was counted.
    fn opening(mut self, mark: &str, weight: u32, at: Timestamp) -> Self {
        self.open.retain(|open| open.mark != mark);
        self.open.push(OpenRemoval { mark: mark.to_owned(), weight, at });
        // What is forgotten is counted once more.
        let most = self.open.len().saturating_sub(MOST_ENTRIES);
        self.open.drain(..most);
        self
    }

    /// The same after one that was counted turned out not to be made.
    #[must_use]
    pub fn giving_back(mut self, mark: &str, weight: u32) -> Self {
        self.open.retain(|open| open.mark != mark);
        if let Some(last) = self.counted.last_mut() {
            last.count = last.count.saturating_sub(weight);
        }
        self
    }

    /// The same after one was made, which a person may have said yes to.
    #[must_use]
    pub fn without(mut self, mark: &str) -> Self {
        self.open.retain(|open| open.mark != mark);
        self.acknowledged.retain_mut(|yes| {
            yes.left.remove(mark);
            !yes.left.is_empty()
        });
        self
    }

    /// The same after another yes. What was said yes to before stays so for the rest of its day, since its removal may wait for
    /// long: were it held again then, and so let go by a third yes that holds the second one's, two would take turns for ever.
    #[must_use]
    pub fn hearing(mut self, yes: Acknowledged) -> Self {
        self.acknowledged.retain_mut(|before| {
            before.left.retain(|mark| !yes.left.contains(mark));
            !before.left.is_empty() && is_good(before, yes.at)
        });
        self.acknowledged.push(yes);
        if self.acknowledged.len() > MOST_ENTRIES {
            // Good for no longer than the older one of both.
            let next = self.acknowledged.remove(1);
            self.acknowledged[0].left.extend(next.left);
        }
        self
    }

    /// The same when everything that a person said yes to was made.
    #[must_use]
    pub fn closed(self) -> Self {
        Self { acknowledged: Vec::new(), ..self }
    }

    /// Whether a person said yes to it, and not long ago.
    pub fn acknowledges(&self, mark: &str, now: Timestamp) -> bool {
        self.acknowledged.iter().any(|yes| yes.left.contains(mark) && is_good(yes, now))
    }

    /// What people said yes to of which those others do not know.
    pub fn heard_since<'a>(&'a self, others: &'a Self) -> impl Iterator<Item = &'a Acknowledged> {
        let same = |one: &Acknowledged, other: &Acknowledged| one.at == other.at && one.digest == other.digest;
        self.acknowledged.iter().filter(move |yes| others.acknowledged.iter().all(|known| !same(known, yes)))
    }

    fn current(&self, window: SignedDuration, now: Timestamp) -> impl Iterator<Item = &Counted> {
        self.counted.iter().filter(move |entry| now.duration_since(entry.until) < window)
    }
}

fn is_good(yes: &Acknowledged, now: Timestamp) -> bool {
    now.duration_since(yes.at) < GOOD_FOR
}

/// Leave to make one removal as far as the budget is concerned.
#[derive(Debug, PartialEq, Eq)]
pub struct Leave(());

/// What the budget says to a removal that may go.
#[derive(Debug, PartialEq, Eq)]
pub struct Admitted {
    /// The leave to make it, once `record` is kept where a restart finds it.
    pub leave: Leave,
    /// What is to be kept first.
    pub record: Removals,
    /// Whether it was counted.
    pub counted: bool,
}

/// What the budget is judged by.
#[derive(Clone, Copy, Debug)]
pub struct BudgetFacts<'a> {
    /// The owner's rule.
    pub budget: &'a RemovalBudget,
    /// How many grants are declared.
    pub declared: u32,
    /// What went lately.
    pub removals: &'a Removals,
    /// Something is held.
    pub tripped: bool,
    /// The moment.
    pub now: Timestamp,
}

/// Admits one removal, or `None` where it is to be held.
pub fn admit(mark: &str, weight: u32, facts: BudgetFacts<'_>) -> Option<Admitted> {
    let BudgetFacts { budget, declared, removals, tripped, now } = facts;
    let free = || Some(Admitted { leave: Leave(()), record: removals.clone(), counted: false });
    if budget.is_off() || removals.acknowledges(mark, now) || removals.has_counted(mark, weight, budget.window, now) {
        return free();
    }
    if tripped || weight > removals.room(budget, declared, now) {
        return None;
    }
    let record = removals.counting(weight, budget, declared, now).opening(mark, weight, now);
    Some(Admitted { leave: Leave(()), record, counted: true })
}

/// One removal that is held.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeldRemoval {
    /// Which object's, of which generation, and what exactly, as no other removal ever reads.
    pub line: String,
    /// The same for people.
    pub words: String,
    /// How much it counts.
    pub weight: u32,
}

/// Everything that is held, by the uid of the object that wants it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HeldSet(BTreeMap<String, Vec<HeldRemoval>>);

impl HeldSet {
    /// Nothing is held.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// What is held of one object; `true` where that is news.
    pub fn put(&mut self, object: &str, removals: Vec<HeldRemoval>) -> bool {
        if self.0.get(object) == Some(&removals) {
            return false;
        }
        self.0.insert(object.to_owned(), removals);
        true
    }

    /// Nothing is held of that object any more; `true` where something was.
    pub fn drop(&mut self, object: &str) -> bool {
        self.0.remove(object).is_some()
    }

    /// Only what is held of such objects stays; `true` where something went.
    pub fn retain(&mut self, mut stays: impl FnMut(&str) -> bool) -> bool {
        let before = self.0.len();
        self.0.retain(|object, _| stays(object));
        self.0.len() != before
    }

    /// How many removals.
    pub fn total(&self) -> u32 {
        u32::try_from(self.0.values().map(Vec::len).sum::<usize>()).unwrap_or(u32::MAX)
    }

    /// How much they count together.
    pub fn weight(&self) -> u32 {
        self.all().map(|held| held.weight).fold(0, u32::saturating_add)
    }

    /// Says what is held in a word: a yes that names it can let nothing else go.
    pub fn digest(&self) -> String {
        let mut lines: Vec<&str> = self.all().map(|held| held.line.as_str()).collect();
        lines.sort_unstable();
        short(&lines.join("\n"))
    }

    /// The mark of each.
    pub fn marks(&self) -> BTreeSet<String> {
        self.all().map(|held| mark(&held.line)).collect()
    }

    /// The first names in order.
    pub fn names(&self, most: usize) -> Vec<String> {
        let mut names: Vec<&str> = self.all().map(|held| held.words.as_str()).collect();
        names.sort_unstable();
        names.into_iter().take(most).map(str::to_owned).collect()
    }

    fn all(&self) -> impl Iterator<Item = &HeldRemoval> {
        self.0.values().flatten()
    }
}

/// A short name of one removal's line.
pub fn mark(line: &str) -> String {
    short(line)
}

/// The first quarter of SHA-256, in hexadecimal digits.
fn short(text: &str) -> String {
    let digest = Sha256::digest(text.as_bytes());
    let first = digest.iter().take(8).fold(0_u64, |number, byte| number << 8 | u64::from(*byte));
    format!("{first:016x}")
}
