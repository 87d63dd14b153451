//! One YAML or JSON document as a tree that knows its lines, read as `kubectl` reads it. Values in, values out: no IO.
//!
//! `kubectl` reads YAML 1.1 (`sigs.k8s.io/yaml` over go-yaml v2), where `on`, `y` and `0o` mean something else than in YAML
//! 1.2; [`super::scalar`] has the difference. A key that stands twice is an error here, where `kubectl` keeps the last.

use std::collections::HashMap;

use granit_parser::{Event, Parser, ScalarStyle, ScanError, Span};
use serde_json::{Map, Value};

use super::scalar;

/// Most nodes that a document may have once its aliases are followed.
const MOST_NODES: usize = 200_000;

/// A part of a document.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Node {
    /// The line of the file, from 1.
    pub(crate) line: usize,
    pub(crate) content: Content,
}

/// What a part holds.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Content {
    Scalar(Value),
    List(Vec<Node>),
    /// Keys in their order, each with its line.
    Map(Vec<(String, usize, Node)>),
}

/// Why a document cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub(crate) struct Unreadable {
    /// The line of the file, from 1.
    pub(crate) line: usize,
    pub(crate) message: String,
}

impl Node {
    /// Reads a document whose first line is that line of its file; `None` where it holds nothing.
    pub(crate) fn read(text: &str, first_line: usize) -> Result<Option<Self>, Unreadable> {
        let mut reader = Reader { events: Parser::new_from_str(text), first_line, anchors: HashMap::new(), nodes: 0 };
        loop {
            match reader.next()? {
                None | Some((Event::StreamEnd, _)) => return Ok(None),
                Some((event, span)) if event.is_node() => {
                    let node = reader.node(event, span)?;
                    reader.end()?;
                    return Ok(Some(node).filter(|it| it.content != Content::Scalar(Value::Null)));
                }
                Some(_) => {}
            }
        }
    }

    /// The same as JSON.
    pub(crate) fn value(&self) -> Value {
        match &self.content {
            Content::Scalar(value) => value.clone(),
            Content::List(items) => items.iter().map(Self::value).collect(),
            Content::Map(fields) => {
                Value::Object(fields.iter().map(|(name, _, node)| (name.clone(), node.value())).collect::<Map<_, _>>())
            }
        }
    }

    /// A field, where this is a map that has it.
    pub(crate) fn field(&self, name: &str) -> Option<&Self> {
        self.entry(name).map(|(_, node)| node)
    }

    /// The items, where this is a list.
    pub(crate) fn items(&self) -> &[Self] {
        match &self.content {
            Content::List(items) => items,
            Content::Scalar(_) | Content::Map(_) => &[],
        }
    }

    /// The text, where this is one.
    pub(crate) fn text(&self) -> Option<&str> {
        match &self.content {
            Content::Scalar(Value::String(text)) => Some(text),
            Content::Scalar(_) | Content::List(_) | Content::Map(_) => None,
        }
    }

    fn entry(&self, name: &str) -> Option<(usize, &Self)> {
        match &self.content {
            Content::Map(fields) => fields.iter().find(|(key, ..)| key == name).map(|(_, line, node)| (*line, node)),
            Content::Scalar(_) | Content::List(_) => None,
        }
    }

    /// The line of what a path names, for example `spec.delegations[0].name`: of the deepest part of it that is there.
    pub(crate) fn line_of(&self, path: &str) -> usize {
        let (mut node, mut line, mut rest) = (self, self.line, path);
        while !rest.is_empty() {
            // The last key may have dots of its own, as that of an annotation.
            if let Some((at, _)) = node.entry(rest) {
                return at;
            }
            let end = rest.find(['.', '[']).unwrap_or(rest.len());
            let step = &rest[..end];
            rest = rest[end..].trim_start_matches(['.', '[']);
            let found = match step.strip_suffix(']').and_then(|index| index.parse::<usize>().ok()) {
                Some(index) => node.items().get(index).map(|item| (item.line, item)),
                None => node.entry(step),
            };
            let Some((at, next)) = found else { break };
            (node, line) = (next, at);
        }
        line
    }
}

struct Reader<'t> {
    events: Parser<'t, granit_parser::StrInput<'t>>,
    first_line: usize,
    anchors: HashMap<usize, Node>,
    nodes: usize,
}

impl<'t> Reader<'t> {
    fn next(&mut self) -> Result<Option<(Event<'t>, Span)>, Unreadable> {
        let first_line = self.first_line;
        let unreadable = |error: &ScanError| Unreadable {
            line: error.marker().line() + first_line - 1,
            message: format!("it is no YAML: {}", error.info()),
        };
        loop {
            match self.events.next().transpose().map_err(|error| unreadable(&error))? {
                Some((Event::Comment(..), _)) => {}
                other => return Ok(other),
            }
        }
    }

    /// Sees to it that the rest of the document can be read too.
    fn end(&mut self) -> Result<(), Unreadable> {
        while self.next()?.is_some() {}
        Ok(())
    }

    fn wrong(line: usize, message: impl Into<String>) -> Unreadable {
        Unreadable { line, message: message.into() }
    }

    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "the parser's events are an open set, and the others begin no node"
    )]
    fn node(&mut self, event: Event<'t>, span: Span) -> Result<Node, Unreadable> {
        let line = span.start.line() + self.first_line - 1;
        self.count(line, 1)?;
        let (content, anchor) = match event {
            Event::Scalar(text, style, anchor, tag) => {
                let tag = tag.as_ref().map(|tag| tag.suffix());
                (Content::Scalar(scalar::value(&text, style == ScalarStyle::Plain, tag)), anchor)
            }
            Event::SequenceStart(_, anchor, _) => (Content::List(self.list(line)?), anchor),
            Event::MappingStart(_, anchor, _) => (Content::Map(self.map(line)?), anchor),
            Event::Alias(id) => return self.alias(id, line),
            _ => return Err(Self::wrong(line, "it is no YAML: a value is missing")),
        };
        let node = Node { line, content };
        if anchor != 0 {
            self.anchors.insert(anchor, node.clone());
        }
        Ok(node)
    }

    fn alias(&mut self, id: usize, line: usize) -> Result<Node, Unreadable> {
        let Some(node) = self.anchors.get(&id).cloned() else {
            return Err(Self::wrong(line, "it is no YAML: an alias names what contains it"));
        };
        self.count(line, size(&node))?;
        Ok(node)
    }

    fn count(&mut self, line: usize, more: usize) -> Result<(), Unreadable> {
        self.nodes = self.nodes.saturating_add(more);
        if self.nodes > MOST_NODES {
            return Err(Self::wrong(line, format!("with its aliases it has more than {MOST_NODES} parts")));
        }
        Ok(())
    }

    fn list(&mut self, line: usize) -> Result<Vec<Node>, Unreadable> {
        let mut items = Vec::new();
        loop {
            match self.next()? {
                None => return Err(Self::wrong(line, "it is no YAML: a list does not end")),
                Some((Event::SequenceEnd, _)) => return Ok(items),
                Some((event, span)) => items.push(self.node(event, span)?),
            }
        }
    }

    fn map(&mut self, line: usize) -> Result<Vec<(String, usize, Node)>, Unreadable> {
        let mut fields: Vec<(String, usize, Node)> = Vec::new();
        let mut merged: Vec<Node> = Vec::new();
        loop {
            let (event, span) = match self.next()? {
                None => return Err(Self::wrong(line, "it is no YAML: a map does not end")),
                Some((Event::MappingEnd, _)) => break,
                Some(next) => next,
            };
            let is_merge = matches!(&event, Event::Scalar(text, ScalarStyle::Plain, ..) if text == "<<");
            let key = self.node(event, span)?;
            let Some((event, span)) = self.next()? else {
                return Err(Self::wrong(key.line, "it is no YAML: a key has no value"));
            };
            let value = self.node(event, span)?;
            if is_merge {
                merged.push(value);
                continue;
            }
            let name =
                name(&key).ok_or_else(|| Self::wrong(key.line, "a key is a list or a map, which JSON has not"))?;
            if let Some((_, before, _)) = fields.iter().find(|(known, ..)| *known == name) {
                let said = format!("the key `{name}` stands on line {before} already: take one of them out");
                return Err(Self::wrong(key.line, said));
            }
            fields.push((name, key.line, value));
        }
        for node in merged {
            merge(&mut fields, node)?;
        }
        Ok(fields)
    }
}

/// What `<<` brings in: everything that the map does not say itself.
fn merge(fields: &mut Vec<(String, usize, Node)>, node: Node) -> Result<(), Unreadable> {
    match node.content {
        Content::Map(more) => {
            for (name, line, value) in more {
                if fields.iter().all(|(known, ..)| *known != name) {
                    fields.push((name, line, value));
                }
            }
            Ok(())
        }
        Content::List(maps) => maps.into_iter().try_for_each(|map| merge(fields, map)),
        Content::Scalar(_) => Err(Unreadable { line: node.line, message: "`<<` needs a map to merge".to_owned() }),
    }
}

fn size(node: &Node) -> usize {
    match &node.content {
        Content::Scalar(_) => 1,
        Content::List(items) => 1 + items.iter().map(size).sum::<usize>(),
        Content::Map(fields) => 1 + fields.iter().map(|(_, _, node)| 1 + size(node)).sum::<usize>(),
    }
}

/// A key as JSON has it: text.
fn name(key: &Node) -> Option<String> {
    match &key.content {
        Content::Scalar(Value::String(text)) => Some(text.clone()),
        Content::Scalar(other) => Some(other.to_string()),
        Content::List(_) | Content::Map(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(text: &str) -> Value {
        Node::read(text, 1).unwrap().unwrap().value()
    }

    #[test]
    fn a_document_is_read_with_its_lines() {
        let text = "# who\nspec:\n  list:\n  - name: a\n  - {name: b,\n     more: [1, 2]}\nlast: |\n  x\n  y\n";
        let node = Node::read(text, 11).unwrap().unwrap();
        assert_eq!(
            node.value(),
            json!({"spec": {"list": [{"name": "a"}, {"name": "b", "more": [1, 2]}]}, "last": "x\ny\n"})
        );
        let lines = [
            ("", 12),
            ("spec", 12),
            ("spec.list", 13),
            ("spec.list[1].name", 15),
            ("spec.list[1].more", 16),
            ("spec.list[1].more[7]", 16),
            ("spec.absent.deeper", 12),
            ("last", 17),
        ];
        for (path, line) in lines {
            assert_eq!(node.line_of(path), line, "{path}");
        }
    }

    #[test]
    fn a_key_with_dots_is_found() {
        let node = Node::read("metadata:\n  annotations:\n    a: b\n    example.com/x.y: z\n", 1).unwrap().unwrap();
        assert_eq!(node.line_of("metadata.annotations.example.com/x.y"), 4);
        assert_eq!(node.line_of("metadata.annotations.example.com/z"), 2);
    }

    #[test]
    fn anchors_and_merges_are_followed() {
        let text = "base: &base {a: 1, b: 2}\nsame: *base\nmore:\n  <<: *base\n  b: 3\nboth: {<<: [{c: 4}, *base]}\n";
        let expected = json!({
            "base": {"a": 1, "b": 2}, "same": {"a": 1, "b": 2}, "more": {"b": 3, "a": 1}, "both": {"c": 4, "a": 1, "b": 2},
        });
        assert_eq!(read(text), expected);
    }

    #[test]
    fn what_cannot_be_read_says_on_which_line() {
        let cases = [
            ("a: [1,\nb: 2\n", "it is no YAML"),
            ("a: 1\nb: 2\na: 3\n", "the key `a` stands on line 1 already"),
            ("a: 1\n b: {\n", "it is no YAML"),
            ("? [1]\n: 2\n", "a key is a list or a map"),
            ("a: *nobody\n", "it is no YAML"),
            ("a: &a [*a]\n", "it is no YAML"),
            ("<<: 5\n", "`<<` needs a map"),
        ];
        for (text, part) in cases {
            let error = Node::read(text, 1).unwrap_err();
            assert!(error.message.contains(part) && error.line > 0, "{text}: {error:?}");
        }
        // Nine levels of nine aliases each would be four hundred million parts.
        let bomb = (1..=9).fold("a0: &a0 x\n".to_owned(), |text, level| {
            let aliases = vec![format!("*a{}", level - 1); 9].join(", ");
            format!("{text}a{level}: &a{level} [{aliases}]\n")
        });
        assert!(Node::read(&bomb, 1).unwrap_err().message.contains("more than 200000 parts"));
    }

    #[test]
    fn nothing_is_nothing() {
        for text in ["", "\n\n", "# only a comment\n", "---\n"] {
            assert_eq!(Node::read(text, 1), Ok(None), "{text:?}");
        }
    }
}
