//! The vendor's page on predefined roles, line by line, against the role catalogue. The page itself is not part of this
//! project: `tests/data/roles/page.yaml` knows its lines by number and hash, and where the page is at hand the two are
//! compared.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

use roster::access::{
    Catalogue,
    catalogue::{Role, Sure},
};
use serde::Deserialize;
use sha2::{Digest, Sha256};

const PAGE: &str = "../shared/reference/seed/002_93d7c73d736453a0.txt";

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Citations {
    lines: usize,
    cited: Vec<Cited>,
    not_about_access: Vec<Other>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Cited {
    line: usize,
    hash: String,
    by: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Other {
    line: usize,
    hash: String,
    is: String,
}

fn citations() -> Citations {
    serde_yaml::from_str(include_str!("../data/roles/page.yaml")).unwrap()
}

/// The page, where it is at hand.
fn page() -> Option<String> {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(PAGE)).ok()
}

fn hash(line: &str) -> String {
    let digest = Sha256::digest(line.trim().as_bytes());
    digest.iter().take(8).fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
}

/// What is amiss between the page's lines and what cites them, as sentences.
fn amiss(citations: &Citations, page: &str) -> Vec<String> {
    let cited = citations.cited.iter().map(|it| (it.line, &it.hash));
    let known: BTreeMap<usize, &String> =
        cited.chain(citations.not_about_access.iter().map(|it| (it.line, &it.hash))).collect();
    let lines = page.lines().enumerate().map(|(index, line)| (index + 1, line));
    let lines: Vec<(usize, &str)> = lines.filter(|(_, line)| !line.trim().is_empty()).collect();
    let mut found = Vec::new();
    if lines.len() != citations.lines {
        found.push(format!("the page has {} lines, and {} are known", lines.len(), citations.lines));
    }
    for (number, line) in &lines {
        match known.get(number) {
            None => found.push(format!("nobody cites line {number}")),
            Some(expected) if **expected != hash(line) => found.push(format!("line {number} is another one now")),
            Some(_) => {}
        }
    }
    let there: BTreeSet<usize> = lines.iter().map(|(number, _)| *number).collect();
    found.extend(known.keys().filter(|it| !there.contains(it)).map(|it| format!("line {it} is cited and not there")));
    found
}

#[test]
fn every_line_of_the_page_is_cited_by_what_there_is() {
    let citations = citations();
    assert_eq!(citations.cited.len() + citations.not_about_access.len(), citations.lines);
    let numbers: BTreeSet<usize> =
        citations.cited.iter().map(|it| it.line).chain(citations.not_about_access.iter().map(|it| it.line)).collect();
    assert_eq!(numbers.len(), citations.lines, "a line is cited in two places");
    assert!(citations.not_about_access.iter().all(|it| !it.is.is_empty()));

    let corrected = Catalogue::embedded();
    let page_alone = Catalogue::of_the_page().unwrap();
    let ids: BTreeSet<&str> = corrected.ids().union(&page_alone.ids()).copied().collect();
    for cited in &citations.cited {
        assert!(!cited.by.is_empty(), "line {}", cited.line);
        for id in &cited.by {
            assert!(ids.contains(id.as_str()), "line {} is cited by `{id}`, which does not exist", cited.line);
        }
    }
    if let Some(page) = page() {
        assert_eq!(amiss(&citations, &page), Vec::<String>::new());
    }
}

#[test]
fn what_the_catalogue_says_the_page_states_is_cited_by_a_line() {
    let citations = citations();
    let cited: BTreeSet<&str> = citations.cited.iter().flat_map(|it| it.by.iter().map(String::as_str)).collect();
    let page = Catalogue::of_the_page().unwrap();
    let stated = |role: &Role| -> Vec<String> {
        let may = role.may.iter().filter(|it| it.source == "page" && it.sure == Sure::Stated).map(|it| it.id.clone());
        let cannot = role.cannot.iter().filter(|it| it.source == "page").map(|it| it.id.clone());
        let caveats = role.caveats.iter().filter(|it| it.source == "page").map(|it| it.id.clone());
        may.chain(cannot).chain(caveats).chain([role.name.clone()]).collect()
    };
    let rules = page.rules().iter().filter(|it| it.source == "page").map(|it| it.id.clone());
    let all: Vec<String> = page.roles().iter().flat_map(stated).chain(rules).collect();
    let uncited: Vec<_> = all.iter().filter(|id| !cited.contains(id.as_str())).collect();
    assert!(uncited.is_empty(), "{uncited:?}");
}

/// What is cited, how many lines are known, and what is amiss then.
type Case<'a> = (&'a [(usize, &'a str)], usize, &'a [&'a str]);

#[test]
fn the_comparison_itself_notices() {
    let citations = |by: &[(usize, &str)], lines| Citations {
        lines,
        cited: by.iter().map(|(line, text)| Cited { line: *line, hash: hash(text), by: Vec::new() }).collect(),
        not_about_access: Vec::new(),
    };
    let page = "one\n\n  two\n";
    let cases: [Case; 5] = [
        (&[(1, "one"), (3, "two")], 2, &[]),
        (&[(1, "one")], 2, &["nobody cites line 3"]),
        (&[(1, "one"), (3, "three")], 2, &["line 3 is another one now"]),
        (&[(1, "one"), (3, "two"), (4, "four")], 2, &["line 4 is cited and not there"]),
        (&[(1, "one"), (3, "two")], 3, &["the page has 2 lines, and 3 are known"]),
    ];
    for (by, lines, expected) in cases {
        assert_eq!(amiss(&citations(by, lines), page), expected);
    }
}

/// The page is the vendor's: what we say about it is said in our own words.
#[test]
fn the_catalogue_speaks_in_its_own_words() {
    let Some(page) = page() else { return };
    let words = |text: &str| -> Vec<String> {
        let word = |it: &str| it.trim_matches(|c: char| !c.is_alphanumeric()).to_lowercase();
        text.split_whitespace().map(word).filter(|it| !it.is_empty()).collect()
    };
    let run = |words: &[String]| words.windows(8).map(|it| it.join(" ")).collect::<BTreeSet<_>>();
    let theirs: BTreeSet<String> = page.lines().flat_map(|line| run(&words(line))).collect();
    let catalogue = Catalogue::embedded();
    let of_role = |role: &Role| -> Vec<String> {
        let may = role.may.iter().filter_map(|it| it.says.clone());
        let cannot = role.cannot.iter().map(|it| it.says.clone());
        let unknown = role.unknown.iter().map(|it| it.says.clone());
        let caveats = role.caveats.iter().map(|it| it.says.clone());
        may.chain(cannot).chain(unknown).chain(caveats).chain([role.summary.clone()]).collect()
    };
    let rules = catalogue.rules().iter().map(|it| it.says.clone());
    let ours: Vec<String> = catalogue.roles().iter().flat_map(of_role).chain(rules).collect();
    let copied: Vec<&String> = ours.iter().filter(|text| !run(&words(text)).is_disjoint(&theirs)).collect();
    assert!(copied.is_empty(), "{copied:#?}");
}
