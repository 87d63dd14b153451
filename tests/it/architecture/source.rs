//! Rust text as the architecture test reads it: words without comments, strings and test code, and the paths in them.

use std::{collections::BTreeSet, ops::Range};

/// A path that leads somewhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Reference {
    /// A layer of our own, and what in it: `plan::Permit`.
    Layer(String),
    /// Another crate, and what in it: `tokio::time`.
    Crate(String),
    /// The root of our crate, and so every layer.
    Everything,
    /// Something that was brought into scope elsewhere: `Timestamp::now`.
    Other(String),
}

/// A function that has a body, as places among the words.
pub(crate) struct Function {
    pub(crate) name: String,
    /// Between the signs around them.
    pub(crate) parameters: Range<usize>,
    /// All of it.
    pub(crate) range: Range<usize>,
}

/// One file.
pub(crate) struct Source {
    words: Vec<String>,
    references: Vec<Reference>,
}

impl Source {
    /// Reads a file of that path below `src/`.
    pub(crate) fn read(path: &str, text: &str, crates: &BTreeSet<String>) -> Self {
        let words = without_tests(words(text));
        let module = module(path);
        let references = paths(&words).into_iter().filter_map(|path| resolved(&module, &path, crates)).collect();
        Self { words, references }
    }

    pub(crate) fn references(&self) -> impl Iterator<Item = &Reference> {
        self.references.iter()
    }

    pub(crate) fn words(&self) -> &[String] {
        &self.words
    }

    /// Those within others included.
    pub(crate) fn functions(&self) -> Vec<Function> {
        let starts = self.words.iter().enumerate().filter(|(_, word)| *word == "fn").map(|(at, _)| at);
        starts.filter_map(|at| function(&self.words, at)).collect()
    }

    pub(crate) fn has_word(&self, wanted: &str) -> bool {
        self.words.iter().any(|word| word == wanted)
    }
}

/// The files, without `.rs`, of modules that a file declares under `#[cfg(test)]`.
pub(crate) fn test_modules(path: &str, text: &str) -> Vec<String> {
    let folder = module(path).join("/");
    let words = words(text);
    let mut found = Vec::new();
    for start in cfg_tests(&words) {
        let item = &words[start..item_end(&words, start)];
        let declared = item.iter().position(|word| word == "mod").and_then(|at| item.get(at + 1..at + 3));
        if let Some([name, semicolon]) = declared
            && semicolon == ";"
        {
            found.push(if folder.is_empty() { name.clone() } else { format!("{folder}/{name}") });
        }
    }
    found
}

/// The module that a file is: `a/b.rs` and `a/b/mod.rs` are both `[a, b]`.
fn module(path: &str) -> Vec<String> {
    let path = path.trim_end_matches(".rs");
    let path = path.strip_suffix("/mod").unwrap_or(path);
    path.split('/').filter(|part| !["lib", "main"].contains(part)).map(str::to_owned).collect()
}

/// Words and signs of the code; comments, strings, characters and lifetimes are left out.
fn words(text: &str) -> Vec<String> {
    let chars: Vec<char> = text.chars().collect();
    let at = |index: usize| chars.get(index).copied().unwrap_or_default();
    let mut words = Vec::new();
    let mut i = 0;
    while i < chars.len() {
        let c = chars[i];
        let start = i;
        if c == '/' && at(i + 1) == '/' {
            while i < chars.len() && chars[i] != '\n' {
                i += 1;
            }
        } else if c == '/' && at(i + 1) == '*' {
            i = after_comment(&chars, i);
        } else if c == '"' {
            i = after_string(&chars, i);
        } else if c.is_alphanumeric() || c == '_' {
            while at(i).is_alphanumeric() || at(i) == '_' {
                i += 1;
            }
            let word: String = chars[start..i].iter().collect();
            if matches!(word.as_str(), "r" | "br" | "cr") && matches!(at(i), '"' | '#') && raw(&chars, i).is_some() {
                i = raw(&chars, i).unwrap_or(i);
            } else {
                words.push(word);
            }
        } else if c == '\'' {
            // A character ends in a quote, a lifetime does not.
            let escaped = at(i + 1) == '\\';
            let close = (i + 2..i + 14).find(|&j| at(j) == '\'' && (escaped || j == i + 2) && !(escaped && j == i + 2));
            i = close.map_or(i + 1, |close| close + 1);
        } else if c == ':' && at(i + 1) == ':' {
            words.push("::".to_owned());
            i += 2;
        } else {
            if !c.is_whitespace() {
                words.push(c.to_string());
            }
            i += 1;
        }
    }
    words
}

fn after_comment(chars: &[char], start: usize) -> usize {
    let mut depth = 0;
    let mut i = start;
    while i < chars.len() {
        match (chars[i], chars.get(i + 1)) {
            ('/', Some('*')) => (depth, i) = (depth + 1, i + 2),
            ('*', Some('/')) => (depth, i) = (depth - 1, i + 2),
            _ => i += 1,
        }
        if depth == 0 {
            break;
        }
    }
    i
}

fn after_string(chars: &[char], start: usize) -> usize {
    let mut i = start + 1;
    while i < chars.len() && chars[i] != '"' {
        i += if chars[i] == '\\' { 2 } else { 1 };
    }
    i + 1
}

/// The end of a raw string whose signs begin at `start`.
fn raw(chars: &[char], start: usize) -> Option<usize> {
    let hashes = chars[start..].iter().take_while(|c| **c == '#').count();
    let mut i = start + hashes;
    if chars.get(i) != Some(&'"') {
        return None;
    }
    loop {
        i += 1 + chars.get(i + 1..)?.iter().position(|c| *c == '"')?;
        if chars[i + 1..].iter().take(hashes).filter(|c| **c == '#').count() == hashes {
            return Some(i + 1 + hashes);
        }
    }
}

/// Where each item begins that stands under `#[cfg(test)]`: after that attribute.
fn cfg_tests(words: &[String]) -> Vec<usize> {
    let attribute = ["#", "[", "cfg", "(", "test", ")", "]"];
    let starts = 0..words.len().saturating_sub(attribute.len() - 1);
    starts.filter(|&i| words[i..i + attribute.len()].iter().eq(&attribute)).map(|i| i + attribute.len()).collect()
}

/// Where an item ends: after its `;`, or after the brace that closes its body.
fn item_end(words: &[String], start: usize) -> usize {
    let mut depth = 0;
    for (i, word) in words.iter().enumerate().skip(start) {
        match word.as_str() {
            "{" | "(" | "[" => depth += 1,
            "}" | ")" | "]" => depth -= 1,
            _ => {}
        }
        if depth == 0 && matches!(word.as_str(), ";" | "}") {
            return i + 1;
        }
    }
    words.len()
}

/// The function whose `fn` is there; `None` where it is a type, or has no body.
fn function(words: &[String], start: usize) -> Option<Function> {
    let name = words.get(start + 1).filter(|word| is_name(word))?.clone();
    let open = start + words[start..].iter().position(|word| word == "(")?;
    let mut depth = 0;
    let close = (open..words.len()).find(|&at| {
        depth += i32::from(words[at] == "(") - i32::from(words[at] == ")");
        depth == 0
    })?;
    let body = close + words[close..].iter().position(|word| matches!(word.as_str(), "{" | ";"))?;
    (words[body] == "{").then(|| Function { name, parameters: open + 1..close, range: start..item_end(words, body) })
}

fn without_tests(mut words: Vec<String>) -> Vec<String> {
    while let Some(start) = cfg_tests(&words).first().copied() {
        let end = item_end(&words, start);
        words.drain(start - 7..end);
    }
    words
}

/// A path as it is written, and how many inline modules of the file it stands in.
struct Written {
    segments: Vec<String>,
    inline: usize,
}

fn paths(words: &[String]) -> Vec<Written> {
    let mut found = Vec::new();
    let mut depth = 0;
    let mut inline: Vec<usize> = Vec::new();
    let mut i = 0;
    while i < words.len() {
        let word = words[i].as_str();
        let previous = i.checked_sub(1).map_or("", |before| words[before].as_str());
        match word {
            "{" => {
                depth += 1;
                if i >= 2 && words[i - 2] == "mod" {
                    inline.push(depth);
                }
            }
            "}" => {
                inline.retain(|at| *at != depth);
                depth = depth.saturating_sub(1);
            }
            _ => {}
        }
        let global = word == "::" && !is_name(previous) && previous != ">";
        let begins = global || (is_name(word) && !matches!(previous, "::" | "."));
        if !begins {
            i += 1;
            continue;
        }
        let alone = matches!(previous, "use" | "crate");
        let mut trees = Vec::new();
        i = tree(words, i + usize::from(global), &[], &mut trees);
        trees.retain(|segments| alone || segments.len() > 1);
        found.extend(trees.into_iter().map(|segments| Written { segments, inline: inline.len() }));
    }
    found
}

/// Reads one path, or all paths of a `use` tree, and returns where it ends.
fn tree(words: &[String], start: usize, prefix: &[String], found: &mut Vec<Vec<String>>) -> usize {
    let at = |index: usize| words.get(index).map_or("", String::as_str);
    let mut path = prefix.to_vec();
    let mut i = start;
    loop {
        if at(i) == "{" {
            i += 1;
            while i < words.len() && at(i) != "}" {
                let end = tree(words, i, &path, found);
                i = end.max(i + 1);
                while at(i) == "as" {
                    i += 2;
                }
                while at(i) == "," {
                    i += 1;
                }
            }
            return i + 1;
        }
        if !is_name(at(i)) && at(i) != "*" {
            break;
        }
        path.push(at(i).to_owned());
        i += 1;
        if at(i) != "::" || !(is_name(at(i + 1)) || matches!(at(i + 1), "{" | "*")) {
            break;
        }
        i += 1;
    }
    if path.last().is_some_and(|last| last == "self") && path.len() > 1 && path[0] != "crate" {
        path.pop();
    }
    found.push(path);
    i
}

fn is_name(word: &str) -> bool {
    word.starts_with(|c: char| c.is_alphabetic() || c == '_')
}

fn resolved(module: &[String], written: &Written, crates: &BTreeSet<String>) -> Option<Reference> {
    let segments: Vec<&str> = written.segments.iter().map(String::as_str).collect();
    match segments.split_first()? {
        (&"crate", []) | (&("self" | "Self"), _) => None,
        (&"crate", rest) => Some(inside(rest)),
        (&"super", _) => {
            let supers = segments.iter().filter(|segment| **segment == "super").count();
            let rest: Vec<&str> = segments.into_iter().filter(|segment| *segment != "super").collect();
            // Beyond the file's own module and its inline ones stands the root.
            let above = supers.saturating_sub(written.inline);
            (above >= module.len()).then(|| inside(&rest))
        }
        (first, _) if crates.contains(*first) => Some(Reference::Crate(segments.join("::"))),
        _ => Some(Reference::Other(segments.join("::"))),
    }
}

/// A path from the root of our crate.
fn inside(path: &[&str]) -> Reference {
    match path {
        [] | ["self" | "*", ..] => Reference::Everything,
        [layer, "self"] => Reference::Layer((*layer).to_owned()),
        _ => Reference::Layer(path.join("::")),
    }
}
