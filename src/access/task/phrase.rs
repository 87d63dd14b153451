//! The task that words mean, and the tasks that are near to words which mean none. PURE.

use super::{TASKS, Task, With};
use crate::access::catalogue::{Resource, nearest as near};

/// What stands for the name in a phrase.
const NAME: &str = "NAME";

/// Words that change nothing.
const FILLERS: [&str; 14] =
    ["a", "an", "the", "to", "from", "of", "on", "in", "for", "their", "his", "her", "with", "at"];

/// Words that mean a task: the ways of doing it, and what it is done to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked<'a> {
    /// The phrase.
    pub phrase: &'static str,
    /// What stands in its place of a name.
    pub name: Option<&'a str>,
    ways: Vec<&'static Task>,
}

impl Asked<'_> {
    /// The way that is done with just that; none where it cannot be.
    pub fn with(&self, with: Option<With>) -> Option<&'static Task> {
        self.ways.iter().copied().find(|task| task.with == with)
    }
}

/// Reads words as a task.
pub fn read<'a>(words: &[&'a str]) -> Option<Asked<'a>> {
    let phrases = TASKS.iter().flat_map(|task| task.phrases);
    // The fewer words a name could swallow, the better: a phrase without one goes first.
    let (named, plain): (Vec<&'static str>, Vec<&'static str>) = phrases.partition(|it| it.contains(NAME));
    let Match { phrase, name } = plain.into_iter().chain(named).find_map(|phrase| matched(words, phrase))?;
    let ways = TASKS.iter().filter(|task| task.phrases.contains(&phrase)).collect();
    Some(Asked { phrase, name, ways })
}

/// A phrase that words are, and the name in it.
struct Match<'a> {
    phrase: &'static str,
    name: Option<&'a str>,
}

/// Whether the words are that phrase, and the name in it.
fn matched<'a>(words: &[&'a str], phrase: &'static str) -> Option<Match<'a>> {
    let mut words = words.iter().copied();
    let mut name = None;
    for (index, expected) in phrase.split(' ').enumerate() {
        let mut word = words.next()?;
        // Nothing is skipped before a name: a topic may be called `a`.
        while expected != NAME && is_filler(word) && !same(word, expected) {
            word = words.next()?;
        }
        if expected == NAME {
            // Where a name stands right after the verb, `invite topic` names nobody.
            if index == 1 && is_noun(word) {
                return None;
            }
            name = Some(word);
        } else if !same(word, expected) {
            return None;
        }
    }
    words.next().is_none().then_some(Match { phrase, name })
}

fn is_filler(word: &str) -> bool {
    FILLERS.contains(&word.to_lowercase().as_str())
}

/// A kind of thing, or a word of a phrase.
fn is_noun(word: &str) -> bool {
    let kind = Resource::ALL.iter().any(|it| same(word, it.as_str()));
    kind || TASKS
        .iter()
        .flat_map(|task| task.phrases)
        .flat_map(|phrase| phrase.split(' ').skip(1))
        .any(|it| same(word, it))
}

/// The same word, in the singular or plural.
fn same(one: &str, other: &str) -> bool {
    plain(one) == plain(other)
}

fn plain(word: &str) -> String {
    word.to_lowercase().trim_end_matches(['\'', '’']).trim_end_matches('s').trim_end_matches(['\'', '’']).to_owned()
}

/// What the help shows of the tasks that are nearest to words which mean none, at most three.
pub fn nearest(words: &[&str]) -> Vec<&'static str> {
    let asked = words.iter().take(3).copied().filter(|word| !is_filler(word)).take(2).collect::<Vec<_>>().join(" ");
    let mut shown: Vec<(&'static str, &'static str)> = Vec::new();
    for task in &TASKS {
        let Some(first) = task.phrases.first() else { continue };
        let short = first.find(" NAME").map_or(*first, |end| &first[..end]);
        if !shown.iter().any(|(_, known)| known == first) {
            shown.push((short, first));
        }
    }
    let found = near(&asked, shown.iter().map(|(short, _)| *short));
    found.into_iter().filter_map(|short| shown.iter().find(|it| it.0 == short)).map(|(_, first)| *first).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<&str> {
        text.split_whitespace().collect()
    }

    #[test]
    fn words_mean_the_task_that_people_mean_by_them() {
        let cases = [
            ("consume topic orders", None, Some(("consume-by-hand", Some("orders")))),
            ("consume from the topic orders", Some(With::Group), Some(("consume", Some("orders")))),
            ("consume topics", Some(With::Cli), Some(("consume-with-cli", None))),
            ("consume topic orders by hand", None, Some(("consume-by-hand", Some("orders")))),
            ("consume topic orders by hand", Some(With::Group), None),
            ("produce to topic orders", None, Some(("produce", Some("orders")))),
            ("produce topic orders", Some(With::TransactionalId), Some(("produce-with-transactions", Some("orders")))),
            ("create a connector", None, Some(("create-connector", None))),
            ("create connector sink-1", None, Some(("create-connector", Some("sink-1")))),
            ("run a Flink statement", None, Some(("run-statement", None))),
            ("run flink statements", Some(With::ServiceAccount), Some(("run-statement-as", None))),
            ("read results of a statement", None, Some(("read-results", None))),
            ("read messages of topic orders in the console", None, Some(("read-messages", Some("orders")))),
            ("manage keys", None, Some(("manage-own-keys", None))),
            ("manage their own API keys", None, Some(("manage-own-keys", None))),
            ("manage others' keys", None, Some(("manage-others-keys", None))),
            ("manage cloud keys", None, Some(("manage-cloud-keys", None))),
            ("invite a person", None, Some(("invite-person", None))),
            ("invite ada@example.com", None, Some(("invite-person", Some("ada@example.com")))),
            ("provision people", None, Some(("provision-person", None))),
            ("read topic orders", None, None),
            ("consume topic orders eu", None, None),
            ("consume", None, None),
            ("manage access on environment env-1", None, None),
            ("invite topic", None, None),
            ("invite cluster", None, None),
            ("consume topic statement", None, Some(("consume-by-hand", Some("statement")))),
            ("read messages of topic a in the console", None, Some(("read-messages", Some("a")))),
            ("read messages of topic in", None, Some(("read-messages", Some("in")))),
            ("consume topic the", None, Some(("consume-by-hand", Some("the")))),
        ];
        for (text, with, expected) in cases {
            let words = words(text);
            let asked = read(&words);
            let found = asked.and_then(|it| it.with(with).map(|task| (task.id, it.name)));
            assert_eq!(found, expected, "{text}");
        }
    }

    #[test]
    fn every_phrase_of_a_task_asks_for_it_and_the_help_shows_one_that_does() {
        for task in &TASKS {
            for phrase in task.phrases {
                let text = phrase.replace(NAME, "thing-1");
                let found = read(&words(&text)).and_then(|it| it.with(task.with)).map(|it| it.id);
                assert_eq!(found, Some(task.id), "{phrase}");
            }
        }
    }

    #[test]
    fn a_task_that_nobody_knows_names_the_nearest() {
        let cases = [
            ("consum topic orders", "consume topic NAME"),
            ("prodce to topic orders", "produce topic NAME"),
            ("invit people", "invite person"),
            ("manage own kys", "manage own keys"),
        ];
        for (text, expected) in cases {
            assert_eq!(nearest(&words(text)).first(), Some(&expected), "{text}");
        }
        assert_eq!(nearest(&words("xyzzy quux")), [""; 0]);
    }
}
