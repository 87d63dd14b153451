//! What is drawn in themes of their own, of which most seeds have one: what several objects declare, and what people do by hand.
//! Seeds without any draw what they would draw if there were none.

use std::collections::BTreeMap;

use crate::chance::Chance;

use super::{
    super::step::{
        BINDINGS, Step,
        wide::{Secrecy, Wide, other_name},
    },
    PEOPLE, ROLES, Theme, window,
};

/// What becomes of what nobody declares, and whether everywhere or in the environment alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Unmanaged {
    pub(crate) removes: bool,
    pub(crate) everywhere: bool,
}

impl Unmanaged {
    /// Whether it is about that, in the words of who holds what where.
    pub(crate) fn covers(self, what: &str) -> bool {
        self.everywhere || what.ends_with("environment env-prod01")
    }
}

/// What is drawn besides, each as whether.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is drawn on its own")]
pub(crate) struct Themes {
    /// Several objects declare one grant, and objects are renamed.
    pub(crate) shared: bool,
    /// People grant by hand, and the organization has a word for that.
    pub(crate) hand: Option<Unmanaged>,
    /// What is administrative goes only where that is confirmed.
    pub(crate) confirm: bool,
    /// Bindings come to mean somebody else.
    pub(crate) people: bool,
    /// The publisher's delegation is withdrawn and restored.
    pub(crate) publisher: bool,
    /// The organization's Secret says something else for a while.
    pub(crate) secret: bool,
}

impl Themes {
    /// Of a seed; drawn beside all else, so that this is drawn as ever. What is by hand is known by the address of who has it, and so
    /// is not where people are renamed.
    pub(super) fn of(seed: u64, theme: Theme) -> Self {
        let chance = Chance::new(seed.rotate_left(32) ^ seed);
        let one_in = |limit| chance.below(limit) == 0;
        let (shared, hand) = (one_in(4), one_in(5));
        let unmanaged = Unmanaged { removes: one_in(2), everywhere: one_in(2) };
        Self {
            shared,
            hand: (hand && !theme.people).then_some(unmanaged),
            confirm: one_in(6),
            people: one_in(5),
            publisher: one_in(2) && theme.publisher,
            secret: one_in(6),
        }
    }

    /// One thing that happens by these, if any does now.
    pub(super) fn draw(
        self,
        bindings: &BTreeMap<String, (&'static str, &'static str)>,
        chance: &Chance,
        validity: bool,
    ) -> Option<Step> {
        if self == Self::default() || chance.below(3) != 0 {
            return None;
        }
        let (person, role) = (*chance.pick(&PEOPLE), *chance.pick(&ROLES));
        let names: Vec<&String> = bindings.keys().collect();
        let one = (!names.is_empty()).then(|| (*chance.pick(&names)).clone());
        let (kind, either) = (chance.below(12), chance.below(2) == 0);
        if let (8, true, true) = (kind, self.confirm, either) {
            return Some(Step::Wide(Wide::Confirm("confluentusers", person.to_owned())));
        }
        let wide = match (kind, one) {
            (0, _) if self.hand.is_some() && either => Wide::Wait(chance.pause(660_000)),
            (0..=1, _) if self.hand.is_some() => Wide::Grant(person, role),
            (2, _) if self.publisher => Wide::DelegatePublisher(either),
            (3, _) if self.secret => Wide::Secret(*chance.pick(&Secrecy::ALL)),
            (4, Some(name)) if self.shared => {
                let (person, role) = bindings[&name];
                let window = window(chance, validity);
                Wide::DeclareToo(other_name(&name), person, role, window)
            }
            (5, Some(name)) if self.shared => Wide::Rename(name, chance.pause(3_000)),
            (6, Some(name)) if self.shared && either => Wide::EditAnyhow(name, role),
            (6..=7, Some(name)) if self.shared => return Some(Step::Withdraw(BINDINGS, name)),
            (8..=9, Some(name)) if self.confirm => Wide::Confirm(BINDINGS, name),
            (10..=11, Some(name)) if self.people => Wide::Repoint(name, person),
            _ => return None,
        };
        Some(Step::Wide(wide))
    }
}

/// What is declared after it.
pub(super) fn note(step: &Wide, bindings: &mut BTreeMap<String, (&'static str, &'static str)>) {
    match step {
        Wide::DeclareToo(name, person, role, _) => {
            bindings.insert(name.clone(), (person, role));
        }
        Wide::EditAnyhow(name, role) => {
            if let Some(declared) = bindings.get_mut(name) {
                declared.1 = role;
            }
        }
        Wide::Repoint(name, person) => {
            if let Some(declared) = bindings.get_mut(name) {
                declared.0 = person;
            }
        }
        Wide::Rename(name, _) => {
            if let Some(declared) = bindings.remove(name) {
                bindings.entry(other_name(name)).or_insert(declared);
            }
        }
        Wide::Grant(..) | Wide::Wait(_) | Wide::Confirm(..) | Wide::DelegatePublisher(_) | Wide::Secret(_) => {}
    }
}
