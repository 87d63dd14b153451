//! How things stand, for the metrics: read from the caches and the lanes at each scrape. It waits for nothing.

use std::collections::BTreeMap;

use crate::{
    plan::{Class, Reason},
    telemetry::metrics::{Objects, Snapshot, Source, Standing},
};

use super::{
    context::Context,
    key::{Kind, ObjectKey},
};

impl Source for Context {
    fn look(&self) -> Snapshot {
        let objects = [Kind::Organization, Kind::User, Kind::Binding, Kind::Publisher, Kind::PublisherUser]
            .into_iter()
            .flat_map(|kind| count(kind, self.wake.reasons(kind, Reason::InvalidSpec.as_str())))
            .collect();
        let exists = |key: &ObjectKey| self.wake.exists(key);
        let (organizations, publishers) = (self.organizations.lanes(), self.publishers.lanes());
        let organizations = organizations.iter().map(|lane| lane.look(exists));
        Snapshot { objects, realms: organizations.chain(publishers.iter().map(|lane| lane.look(exists))).collect() }
    }
}

/// A word that is no reason of ours was written by another version, and will be written anew; so is no word at all.
fn count(kind: Kind, words: impl IntoIterator<Item = (String, u64)>) -> Vec<Objects> {
    let mut counts: BTreeMap<Reason, u64> = BTreeMap::new();
    for (word, count) in words {
        let reason = Reason::ALL.iter().find(|reason| reason.as_str() == word).copied();
        *counts.entry(reason.unwrap_or(Reason::Progressing)).or_default() += count;
    }
    let objects = |(reason, count): (Reason, u64)| Objects {
        kind: kind.label(),
        reason: reason.as_str(),
        state: standing(reason.class()),
        count,
    };
    counts.into_iter().map(objects).collect()
}

fn standing(class: Class) -> Standing {
    match class {
        Class::Settled => Standing::Settled,
        Class::Working => Standing::Working,
        Class::Waiting => Standing::Waiting,
        Class::Refused => Standing::Stalled,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reason_is_a_series_and_no_other_word_is() {
        let words = [("InSync", 3), ("LastOrganizationAdmin", 1), ("", 2), ("OfAnotherVersion", 1), ("Progressing", 4)];
        let counted = count(Kind::User, words.map(|(word, count)| (word.to_owned(), count)));
        let told: Vec<_> = counted.iter().map(|it| (it.reason, it.state, it.count)).collect();
        let expected = [
            ("InSync", Standing::Settled, 3),
            ("Progressing", Standing::Working, 7),
            ("LastOrganizationAdmin", Standing::Stalled, 1),
        ];
        assert_eq!(told, expected);
    }
}
