//! What happens in a run, drawn from its seed before it begins: plain data, so that any part of it can be played again.
//!
//! A seed has a theme: what is drawn besides people, bindings and a vendor that fails. A few themes at a time meet more than
//! all of them at once, where each is rare.

pub(crate) mod wide;

use std::collections::{BTreeMap, BTreeSet};

use roster::simulator::{
    Paging,
    world::{AuthType, publisher::PublisherRole},
};
use tokio::time::Duration;

use crate::{chance::Chance, memory::Trouble};

use super::step::{BINDINGS, Step, Window, faults};

/// The people that there can be.
const PEOPLE: [&str; 3] = ["ada", "bob", "eve"];
/// The roles that there can be.
const ROLES: [&str; 3] = ["MetricsViewer", "Operator", "OrganizationAdmin"];
/// What a publisher's user can be.
const PARTS: [&str; 2] = ["Owner", "Contributor"];
/// By how much a clock may be wrong, in seconds.
const JUMPS: [i64; 5] = [-3_600, -60, 0, 60, 3_600];
/// How many things happen.
const STEPS: usize = 24;

/// What is drawn besides, each as whether.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is drawn on its own")]
pub(crate) struct Theme {
    /// A publisher and its users.
    pub(crate) publisher: bool,
    /// The API server fails.
    pub(crate) server: bool,
    /// Listings lag, and requests are limited.
    pub(crate) slow: bool,
    /// The removal budget is small.
    pub(crate) budget: bool,
    /// Bindings begin and run out.
    pub(crate) validity: bool,
    /// Bindings are suspended, and the organization is only observed.
    pub(crate) pause: bool,
    /// The delegation is withdrawn and restored.
    pub(crate) delegation: bool,
    /// The namespace is deleted.
    pub(crate) namespace: bool,
    /// People are changed at the vendor: their address, how they sign in, whether they are let in.
    pub(crate) people: bool,
    /// Listings have several pages, and not always such that none is missed.
    pub(crate) pages: bool,
    /// The operator's clock jumps. Not where anything ends by the clock, also the window of a budget after a restart: who would say when?
    pub(crate) clock: bool,
    /// What is in themes of their own.
    pub(crate) wide: wide::Themes,
}

/// One thing that happens, and how long nothing does after it.
#[derive(Clone, Debug)]
pub(crate) struct Act {
    pub(crate) step: Step,
    pub(crate) pause: Duration,
}

/// A run.
#[derive(Clone, Debug)]
pub(crate) struct History {
    pub(crate) theme: Theme,
    pub(crate) acts: Vec<Act>,
}

/// What is declared so far, as far as a draw cares.
#[derive(Default)]
struct Declared {
    users: BTreeSet<&'static str>,
    bindings: BTreeMap<String, (&'static str, &'static str)>,
    members: BTreeSet<&'static str>,
    namespace_gone: bool,
    still: bool,
}

impl History {
    pub(crate) fn of(seed: u64) -> Self {
        let chance = Chance::new(!seed);
        let one_in = |limit| chance.below(limit) == 0;
        let mut theme = Theme {
            publisher: one_in(4),
            server: one_in(3),
            slow: one_in(4),
            budget: one_in(4),
            validity: one_in(4),
            pause: one_in(5),
            delegation: one_in(5),
            namespace: one_in(6),
            people: one_in(4),
            pages: one_in(4),
            clock: one_in(4),
            wide: wide::Themes::default(),
        };
        theme.clock &= !(theme.validity || theme.budget);
        theme.wide = wide::Themes::of(seed, theme);
        let mut declared = Declared::default();
        let draw = |_| {
            let step = loop {
                let step = declared.everyday(&chance, theme).or_else(|| declared.special(&chance, theme));
                let step = step.or_else(|| theme.wide.draw(&declared.bindings, &chance, theme.validity));
                if let Some(step) = step {
                    break step;
                }
            };
            declared.note(&step);
            // Some steps meet the work of the one before, and some find it done.
            let pause = chance.pause(if chance.below(4) == 0 { 20_000 } else { 400 });
            Act { step, pause }
        };
        Self { theme, acts: (0..STEPS).map(draw).collect() }
    }

    /// Only those of its acts; all where none are named.
    pub(crate) fn keeping(mut self, kept: Option<&[usize]>) -> Self {
        if let Some(kept) = kept {
            let numbered = self.acts.into_iter().enumerate();
            self.acts = numbered.filter(|(number, _)| kept.contains(number)).map(|(_, act)| act).collect();
        }
        self
    }
}

/// When a binding is in force, where they begin and run out.
fn window(chance: &Chance, validity: bool) -> Window {
    let seconds = i64::try_from(chance.below(90)).unwrap_or_default();
    match chance.below(3) {
        0 if validity => Window::From(seconds),
        1 if validity => Window::Until(seconds),
        _ => Window::Always,
    }
}

impl Declared {
    /// What happens in every run.
    fn everyday(&self, chance: &Chance, theme: Theme) -> Option<Step> {
        let (person, role, named) = (*chance.pick(&PEOPLE), *chance.pick(&ROLES), *chance.pick(&ROLES));
        let binding = format!("{person}-{}", named.to_lowercase());
        let taken = |role| self.bindings.values().any(|it| *it == (person, role));
        let (declares_user, declares) = (self.users.contains(person), self.bindings.contains_key(&binding));
        Some(match chance.below(20) {
            0..=2 if !declares_user => Step::DeclareUser(person),
            3..=5 if !declares && !taken(named) => Step::DeclareBinding(person, named, window(chance, theme.validity)),
            6 if declares && !taken(role) => Step::EditBinding(binding, role),
            7 if declares => Step::Withdraw(BINDINGS, binding),
            8 if declares_user => Step::Withdraw("confluentusers", person.to_owned()),
            9 if declares_user => Step::Replace(person),
            10 => Step::Accept(person),
            11 => Step::Revoke(person),
            12 if chance.below(3) == 0 => Step::DeleteUser(person),
            12 => Step::Fail(usize::try_from(chance.below(faults().len() as u64)).unwrap_or_default()),
            13 => Step::Crash(chance.below(3_000)),
            14 if chance.below(2) == 0 => Step::Trouble(Trouble::Gone),
            _ => return None,
        })
    }

    /// What happens where the theme has it.
    fn special(&self, chance: &Chance, theme: Theme) -> Option<Step> {
        let (person, part) = (*chance.pick(&PEOPLE), *chance.pick(&PARTS));
        let bindings: Vec<&String> = self.bindings.keys().collect();
        let member = self.members.contains(person);
        let either = chance.below(2) == 0;
        Some(match chance.below(16) {
            0..=2 if theme.publisher => match chance.below(6) {
                0..=1 if !member => Step::DeclareMember(person, part),
                2 if member => Step::EditMember(person, part),
                3 if member => Step::Withdraw("publisherusers", person.to_owned()),
                4 => Step::RemoveMember(person),
                5 => Step::ChangeMember(person, if either { PublisherRole::Owner } else { PublisherRole::Contributor }),
                _ => return None,
            },
            3..=4 if theme.server && self.still => Step::Tell,
            3..=4 if theme.server => Step::Trouble(*chance.pick(&Trouble::ALL)),
            5 if theme.slow && either => Step::Lag(u32::try_from(chance.below(90)).unwrap_or_default()),
            5 if theme.slow => Step::Limit(u32::try_from(chance.below(12)).unwrap_or_default()),
            6 if theme.budget => Step::Acknowledge,
            7 if theme.pause && !bindings.is_empty() => Step::Suspend((*chance.pick(&bindings)).clone(), either),
            8 if theme.pause => Step::Observe(either),
            9 if theme.delegation => Step::Delegate(either),
            10 if theme.namespace && self.namespace_gone => Step::MakeNamespace,
            10 if theme.namespace && chance.below(3) == 0 => Step::DeleteNamespace,
            11 if theme.people => match chance.below(4) {
                0 => Step::ChangeAddress(person),
                1 => Step::SignIn(person, if either { AuthType::Sso } else { AuthType::Local }),
                _ => Step::Activate(person, either),
            },
            12 if theme.pages => {
                let size = u32::try_from(chance.below(3)).unwrap_or_default() + 1;
                Step::Pages(size, if either { Paging::ById } else { Paging::ByCount })
            }
            13 if theme.clock => Step::Jump(*chance.pick(&JUMPS)),
            _ => return None,
        })
    }

    fn note(&mut self, step: &Step) {
        match step {
            Step::DeclareUser(name) => {
                self.users.insert(name);
            }
            Step::DeclareBinding(user, role, _) => {
                self.bindings.insert(format!("{user}-{}", role.to_lowercase()), (user, role));
            }
            Step::EditBinding(name, role) => {
                if let Some(declared) = self.bindings.get_mut(name) {
                    declared.1 = role;
                }
            }
            Step::Withdraw("confluentusers", name) => {
                self.users.remove(name.as_str());
            }
            Step::Withdraw("publisherusers", name) => {
                self.members.remove(name.as_str());
            }
            Step::Withdraw(_, name) => {
                self.bindings.remove(name);
            }
            Step::DeclareMember(name, _) => {
                self.members.insert(name);
            }
            Step::DeleteNamespace => *self = Self { namespace_gone: true, still: self.still, ..Self::default() },
            Step::MakeNamespace => self.namespace_gone = false,
            Step::Trouble(trouble) if trouble.lasts() => self.still = true,
            Step::Tell => self.still = false,
            Step::Wide(step) => wide::note(step, &mut self.bindings),
            _ => {}
        }
    }
}
