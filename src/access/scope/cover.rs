//! Containment: whether one scope covers another. PURE.
//!
//! It is an order on places: every scope covers itself, what covers a cover covers, and two that cover each other are
//! the same. It says where a role holds, and not what the role allows there: a role on a cluster holds for its topics,
//! and whether it lets anyone read them is the catalogue's to say.

use super::{Pattern, Scope};

impl Scope {
    /// Whether everything at or below `other` is also at or below `self`.
    pub fn covers(&self, other: &Self) -> bool {
        if self.steps.len() > other.steps.len() {
            return false;
        }
        let last = self.steps.len().saturating_sub(1);
        self.steps.iter().zip(&other.steps).enumerate().all(|(index, (mine, theirs))| {
            let both_last = index + 1 == other.steps.len();
            let matched = if index == last { self.pattern } else { Pattern::Literal };
            let theirs_pattern = if both_last { other.pattern } else { Pattern::Literal };
            mine.key == theirs.key && pattern_covers(matched, &mine.value, theirs_pattern, &theirs.value)
        })
    }
}

/// Whether the names that `mine` matches include all that `theirs` matches.
fn pattern_covers(mine: Pattern, my_name: &str, theirs: Pattern, their_name: &str) -> bool {
    match mine {
        Pattern::All => true,
        Pattern::Prefixed => theirs != Pattern::All && their_name.starts_with(my_name),
        Pattern::Literal => theirs == Pattern::Literal && my_name == their_name,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access::Key;

    fn topic(name: &str, pattern: Pattern) -> Scope {
        Scope::cluster("env-1", "lkc-1").unwrap().child_matching(Key::Topic, name, pattern).unwrap()
    }

    #[test]
    fn containment_is_by_steps_and_pattern() {
        let organization = Scope::organization();
        let environment = Scope::environment("env-1").unwrap();
        let cluster = Scope::cluster("env-1", "lkc-1").unwrap();
        let cases = [
            (&organization, &cluster, true),
            (&environment, &cluster, true),
            (&cluster, &environment, false),
            (&Scope::environment("env-2").unwrap(), &cluster, false),
            (&cluster, &topic("a", Pattern::Literal), true),
            (&topic("team1", Pattern::Prefixed), &topic("team1-a", Pattern::Literal), true),
            (&topic("team1-", Pattern::Prefixed), &topic("team1", Pattern::Prefixed), false),
            (&topic("team1", Pattern::Prefixed), &topic("", Pattern::All), false),
            (&topic("", Pattern::All), &topic("x", Pattern::Prefixed), true),
            (&topic("a", Pattern::Literal), &topic("a", Pattern::Prefixed), false),
        ];
        for (outer, inner, expected) in cases {
            assert_eq!(outer.covers(inner), expected, "{outer} covers {inner}");
        }
    }
}
