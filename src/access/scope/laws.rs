//! The laws of scopes, over many generated ones: round trip, one text for each place, containment as an order with a
//! model to compare with, and that no text panics.

use std::fmt::Write as _;

use proptest::{collection::vec, prelude::*, sample};

use super::{Crn, Key, Pattern, Scope};

/// Names as the vendor's ids and people's topics are, and names that need encoding.
fn name() -> impl Strategy<Value = String> {
    prop_oneof![
        3 => "[a-z]{1,3}-[a-z0-9]{1,6}",
        2 => "[^\\p{Cc}]{1,20}",
        1 => "[%*/?#=:& +.]{1,5}",
    ]
    .prop_filter("a literal name does not end in a star", |name| !name.ends_with('*'))
}

/// The path from the organization to a kind of place; each key has one parent.
fn lineage(key: Key) -> Vec<Key> {
    let mut line = vec![key];
    while let Some(parent) = line.last().and_then(|key| key.parents().first()) {
        line.push(*parent);
    }
    line.reverse();
    line.split_off(1)
}

/// A scope of any kind, with any pattern that the kind takes.
fn scope() -> impl Strategy<Value = Scope> {
    let keys: Vec<Key> = Key::all().collect();
    let pattern = sample::select(vec![Pattern::Literal, Pattern::Prefixed, Pattern::All]);
    (sample::select(keys), vec(name(), 6), pattern).prop_map(|(key, names, pattern)| {
        let line = lineage(key);
        let last = line.len().saturating_sub(1);
        line.iter().zip(names).enumerate().fold(Scope::organization(), |scope, (index, (key, name))| {
            let here = if index == last && key.is_resource() { pattern } else { Pattern::Literal };
            let name = match (*key, here) {
                (Key::Kafka, _) => scope.value(Key::CloudCluster).unwrap().to_owned(),
                (_, Pattern::All) => String::new(),
                (_, Pattern::Literal | Pattern::Prefixed) => name,
            };
            scope.child_matching(*key, &name, here).unwrap()
        })
    })
}

/// Scopes that are near each other: few names, so that containment is not always false.
fn near() -> impl Strategy<Value = Scope> {
    let topic = |cluster: &str| Scope::cluster("env-1", cluster).unwrap();
    let places = prop_oneof![
        Just((Scope::organization(), None)),
        Just((Scope::environment("env-1").unwrap(), None)),
        Just((Scope::environment("env-2").unwrap(), None)),
        Just((topic("lkc-1"), None)),
        Just((topic("lkc-1").child(Key::Kafka, "lkc-1").unwrap(), None)),
        Just((topic("lkc-1"), Some(Key::Topic))),
        Just((topic("lkc-1"), Some(Key::Group))),
        Just((topic("lkc-1"), Some(Key::Connector))),
        Just((topic("lkc-2"), Some(Key::Topic))),
        Just((Scope::organization(), Some(Key::ServiceAccount))),
    ];
    let pattern = sample::select(vec![Pattern::Literal, Pattern::Prefixed, Pattern::All]);
    (places, "[ab]{1,3}", pattern).prop_map(|((place, key), name, pattern)| match key {
        None => place,
        Some(key) => {
            let name = if pattern == Pattern::All { "" } else { name.as_str() };
            place.child_matching(key, name, pattern).unwrap()
        }
    })
}

/// What a text says once nothing in it is encoded any more; the organization has no case.
fn decoded(text: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        let next = if byte == b'%' {
            let pair = [rest.next().unwrap(), rest.next().unwrap()];
            u8::from_str_radix(std::str::from_utf8(&pair).unwrap(), 16).unwrap()
        } else {
            byte
        };
        bytes.push(next);
    }
    bytes
}

/// The same text with some of the bytes of its values encoded, as `choices` say.
fn encoded(text: &str, choices: &[bool]) -> String {
    let mut out = String::new();
    let mut choices = choices.iter().cycle();
    for (index, segment) in text.split('/').enumerate() {
        if index > 0 {
            out.push('/');
        }
        let Some((key, value)) = segment.split_once('=') else { continue };
        let (value, star) = value.strip_suffix('*').map_or((value, ""), |value| (value, "*"));
        let _ = write!(out, "{key}=");
        for c in value.chars() {
            // A `%` begins what is encoded already.
            if c != '%' && choices.next() == Some(&true) && !out.ends_with('%') && !half_encoded(&out) {
                c.to_string().bytes().for_each(|byte| _ = write!(out, "%{byte:02x}"));
            } else {
                out.push(c);
            }
        }
        out.push_str(star);
    }
    out
}

fn half_encoded(out: &str) -> bool {
    let mut tail = out.chars().rev();
    tail.next().is_some_and(|c| c.is_ascii_hexdigit()) && tail.next() == Some('%')
}

/// A valid CRN with a few of its characters changed.
fn mutated() -> impl Strategy<Value = String> {
    let change =
        (any::<sample::Index>(), 0..4_u8, prop_oneof![Just('%'), Just('*'), Just('/'), Just('='), any::<char>()]);
    (scope(), vec(change, 0..6)).prop_map(|(scope, changes)| {
        let mut text: Vec<char> = Crn { organization: "o-1".to_owned(), scope }.to_string().chars().collect();
        for (at, what, c) in changes {
            let at = at.index(text.len().max(1)).min(text.len().saturating_sub(1));
            match what {
                0 => text.insert(at, c),
                1 if !text.is_empty() => _ = text.remove(at),
                2 if !text.is_empty() => text[at] = c,
                _ => text.truncate(at),
            }
        }
        text.into_iter().collect()
    })
}

proptest! {
    #[test]
    fn what_is_printed_is_read_back(scope in scope()) {
        prop_assert_eq!(scope.to_string().parse::<Scope>().unwrap(), scope.clone());
        let crn = Crn { organization: "9bb441c4-edef".to_owned(), scope };
        prop_assert_eq!(crn.to_string().parse::<Crn>().unwrap(), crn);
    }

    #[test]
    fn however_a_value_is_encoded_it_is_the_same_place(scope in scope(), choices in vec(any::<bool>(), 8)) {
        prop_assert_eq!(encoded(&scope.to_string(), &choices).parse::<Scope>().unwrap(), scope);
    }

    /// What is read says nothing that the text does not: only the encoding may differ, and then it is always the same.
    #[test]
    fn what_is_read_is_what_was_written(text in prop_oneof![mutated(), ".{0,80}"]) {
        if let Ok(crn) = text.parse::<Crn>() {
            let canonical = crn.to_string();
            prop_assert_eq!(canonical.parse::<Crn>().unwrap(), crn);
            prop_assert_eq!(decoded(&canonical).to_ascii_lowercase(), decoded(&text).to_ascii_lowercase());
        }
        if let Ok(scope) = text.parse::<Scope>() {
            prop_assert_eq!(decoded(&scope.to_string()), decoded(&text));
        }
    }

    #[test]
    fn no_text_makes_the_parser_panic(text in prop_oneof![mutated(), any::<String>(), "(/?[a-z-]{1,16}=[%*0-9a-f]{0,6}){0,6}"]) {
        for whole in [text.clone(), format!("crn://confluent.cloud/organization=o/{text}")] {
            let _ = Crn::within("o", &whole).map(|crn| crn.scope.describe());
            let refusal = whole.parse::<Scope>().err().map(|error| error.to_string());
            prop_assert!(refusal.is_none_or(|said| !said.is_empty()));
        }
    }

    #[test]
    fn in_a_file_a_scope_is_its_text(scope in scope()) {
        let text = serde_json::to_string(&scope).unwrap();
        prop_assert_eq!(serde_json::from_str::<String>(&text).unwrap(), scope.to_string());
        prop_assert_eq!(serde_json::from_str::<Scope>(&text).unwrap(), scope);
    }

    #[test]
    fn a_scope_covers_itself_and_what_is_below(scope in scope(), name in name()) {
        prop_assert!(scope.covers(&scope));
        prop_assert!(Scope::organization().covers(&scope));
        for key in Key::all() {
            if let Ok(child) = scope.clone().child(key, &name) {
                prop_assert!(scope.covers(&child) && !child.covers(&scope));
            }
        }
    }

    #[test]
    fn containment_is_an_order(a in near(), b in near(), c in near()) {
        prop_assert!(!(a.covers(&b) && b.covers(&c)) || a.covers(&c), "{a} covers {b} covers {c}");
        prop_assert_eq!(a.covers(&b) && b.covers(&a), a == b, "{} and {}", a, b);
    }

    /// The model: the names of up to four letters that each matches.
    #[test]
    fn patterns_cover_as_sets_of_names_do(a in near(), b in near()) {
        let names = |scope: &Scope| {
            let all = (1..=4).flat_map(|length| (0..1_u32 << length).map(move |bits| letters(bits, length)));
            let value = scope.steps().last().map(|step| step.value.clone()).unwrap_or_default();
            all.filter(|name| match scope.pattern() {
                Pattern::Literal => *name == value,
                Pattern::Prefixed => name.starts_with(&value),
                Pattern::All => true,
            }).collect::<Vec<_>>()
        };
        let container = |scope: &Scope| scope.steps()[..scope.steps().len() - 1].to_vec();
        if a.kind().is_resource() && a.kind() == b.kind() && container(&a) == container(&b) {
            let mine = names(&a);
            prop_assert_eq!(a.covers(&b), names(&b).iter().all(|name| mine.contains(name)), "{} covers {}", a, b);
        }
    }
}

fn letters(bits: u32, length: u32) -> String {
    (0..length).map(|at| if bits >> at & 1 == 0 { 'a' } else { 'b' }).collect()
}

#[test]
fn every_key_has_one_place() {
    for key in Key::all() {
        assert!(key.parents().len() <= 1, "{key}: `lineage` and the one path of a place count on it");
        assert!(!key.is_resource() || Key::all().all(|child| !child.parents().contains(&key)), "{key} is a leaf");
    }
}
