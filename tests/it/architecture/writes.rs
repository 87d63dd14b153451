//! Who in `backend` may send what changes something at a vendor: what takes something away is sent only by a function that uses a
//! permit up, and what else writes stands in a table.

use std::collections::BTreeSet;

use super::source::{Function, Source};

/// A function that writes and needs no permit.
struct Write {
    path: &'static str,
    function: &'static str,
    method: &'static str,
    /// Words that it holds in this order, by which it takes nothing away.
    by: &'static [&'static str],
}

const WRITES: &[Write] = &[
    Write {
        path: "backend/confluent/write.rs",
        function: "make_invitation",
        method: "POST",
        by: &["wire", "::", "Invite"],
    },
    Write { path: "backend/confluent/write.rs", function: "make_binding", method: "POST", by: &["wire", "::", "Bind"] },
    Write {
        path: "backend/confluent/write.rs",
        function: "change_name",
        method: "PATCH",
        by: &["wire", "::", "Rename"],
    },
    Write { path: "backend/http/token.rs", function: "call", method: "POST", by: &["harmless", "("] },
    Write { path: "backend/portal/write.rs", function: "make_user", method: "PUT", by: &["IF_NONE_MATCH"] },
    Write {
        path: "backend/portal/write.rs",
        function: "own",
        method: "PUT",
        by: &["PROMOTE", ",", "member", ",", "PublisherRole", "::", "Owner", ")"],
    },
];

/// What changes something.
const METHODS: [&str; 4] = ["DELETE", "PATCH", "POST", "PUT"];

/// What is wrong with the writes of a file of `backend`, as sentences, and the rows of the table that it uses.
pub(super) fn broken(path: &str, source: &Source) -> (Vec<String>, BTreeSet<&'static str>) {
    let (mut found, mut used) = (Vec::new(), BTreeSet::new());
    let functions = source.functions();
    for (at, word) in source.words().iter().enumerate() {
        let spelt = source.words()[..at].ends_with(&["Method".to_owned(), "::".to_owned()]);
        if spelt && !["GET", "{"].contains(&word.as_str()) && !METHODS.contains(&word.as_str()) {
            found.push(format!("{path}: `Method::{word}` may be any method"));
        }
        if !METHODS.contains(&word.as_str()) {
            continue;
        }
        // The innermost one.
        let Some(function) = functions.iter().filter(|it| it.range.contains(&at)).min_by_key(|it| it.range.len())
        else {
            found.push(format!("{path}: `{word}` outside of any function may be sent by everyone"));
            continue;
        };
        if uses_a_permit_up(function, source) {
            continue;
        }
        let row = WRITES.iter().find(|it| (it.path, it.function, it.method) == (path, &*function.name, word));
        let body = &source.words()[function.range.clone()];
        if row.is_some_and(|row| body.windows(row.by.len()).any(|words| words == row.by)) {
            used.insert(function.name.clone());
            continue;
        }
        found.push(format!("{path}: `{}` sends `{word}` and uses no permit up", function.name));
    }
    (found, WRITES.iter().filter(|it| it.path == path && used.contains(it.function)).map(|it| it.function).collect())
}

/// Whether a permit is given to the function for good: one that was only lent could serve twice.
fn uses_a_permit_up(function: &Function, source: &Source) -> bool {
    let parameters = &source.words()[function.parameters.clone()];
    parameters.windows(2).any(|it| it[0] == ":" && it[1] == "Permit")
}

/// A row that no code uses would let somebody write unseen.
pub(super) fn is_complete(used: &BTreeSet<&'static str>) -> bool {
    WRITES.iter().all(|it| used.contains(it.function))
}
