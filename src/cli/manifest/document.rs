//! A file as its documents: where each begins, so that one that cannot be read does not hide the others. No IO.

/// One document of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Document<'t> {
    pub(super) text: &'t str,
    /// The line of the file on which it begins, from 1.
    pub(super) first_line: usize,
}

/// The documents of a file. A line that begins with `---` ends one, wherever it stands: YAML gives that mark precedence even
/// inside a block of text. Without such a line the whole file is one, JSON among them.
pub(super) fn split(text: &str) -> Vec<Document<'_>> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut documents = Vec::new();
    let (mut start, mut first_line) = (0, 1);
    let mut offset = 0;
    for (index, line) in text.split_inclusive('\n').enumerate() {
        if is_mark(line) && offset > start {
            documents.push(Document { text: &text[start..offset], first_line });
            (start, first_line) = (offset, index + 1);
        }
        offset += line.len();
    }
    documents.push(Document { text: &text[start..], first_line });
    documents
}

fn is_mark(line: &str) -> bool {
    line.strip_prefix("---").is_some_and(|rest| rest.is_empty() || rest.starts_with([' ', '\t', '\r', '\n']))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_is_split_where_yaml_splits_it() {
        let told = |text| split(text).into_iter().map(|it| (it.first_line, it.text)).collect::<Vec<_>>();
        assert_eq!(told("a: 1\n"), [(1, "a: 1\n")]);
        assert_eq!(
            told("---\na: 1\n--- # next\nb: 2\n---"),
            [(1, "---\na: 1\n"), (3, "--- # next\nb: 2\n"), (5, "---")]
        );
        assert_eq!(told("a: |\n  ---\n----\n"), [(1, "a: |\n  ---\n----\n")]);
        assert_eq!(told("\u{feff}a: 1\r\n---\r\nb: 2"), [(1, "a: 1\r\n"), (2, "---\r\nb: 2")]);
        assert_eq!(split(&"---\nx: 1\n".repeat(1_000)).len(), 1_000);
    }
}
