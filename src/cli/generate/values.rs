//! The values of the chart as a table, from the file that declares them and the comments above its keys. PURE.
//!
//! The file keeps to a plain form: two spaces a level, a default on the line of its key, a comment above each key that has one.

use std::fmt::Write;

/// A line of the file that does not keep to the form.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum Undescribed {
    /// A key without a comment.
    #[error("line {0}: `{1}` has no comment above it that says what it is")]
    Key(usize, String),
    /// Something else than a comment or a key.
    #[error("line {0} is neither a comment nor `key: default`")]
    Line(usize),
}

/// One row a key that has a default.
pub(super) fn table(values: &str) -> Result<String, Undescribed> {
    let mut rows = String::from("| Value | Default | Meaning |\n|---|---|---|\n");
    let mut path: Vec<&str> = Vec::new();
    let mut comment: Vec<&str> = Vec::new();
    for (number, line) in values.lines().enumerate().map(|(index, line)| (index + 1, line)) {
        let text = line.trim();
        if text.is_empty() {
            comment.clear();
            continue;
        }
        if let Some(said) = text.strip_prefix('#') {
            comment.push(said.trim());
            continue;
        }
        let (key, default) =
            text.split_once(':').filter(|_| !text.starts_with('-')).ok_or(Undescribed::Line(number))?;
        path.truncate((line.len() - line.trim_start().len()) / 2);
        path.push(key);
        let said = std::mem::take(&mut comment).join(" ");
        let default = default.trim();
        if default.is_empty() {
            continue;
        }
        if said.is_empty() {
            return Err(Undescribed::Key(number, path.join(".")));
        }
        // Writing to a text does not fail.
        let _ = writeln!(rows, "| `{}` | `{default}` | {} |", path.join("."), said.replace('|', "\\|"));
    }
    Ok(rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_with_a_default_is_a_row_and_its_comment_the_meaning() {
        let values = "# About the file.\n\n# How many.\nreplicas: 1\n\nimage:\n  # Where\n  # from.\n  tag: \"\"\n  deep:\n    # a|b\n    set: {a: 1}\n# Last.\nlast: []\n";
        let expected = "| Value | Default | Meaning |\n|---|---|---|\n| `replicas` | `1` | How many. |\n\
            | `image.tag` | `\"\"` | Where from. |\n| `image.deep.set` | `{a: 1}` | a\\|b |\n| `last` | `[]` | Last. |\n";
        assert_eq!(table(values).unwrap(), expected);
    }

    #[test]
    fn what_is_not_described_is_an_error() {
        let cases = [
            ("# Of another key.\n\na:\n  b: 1\n", "line 4: `a.b` has no comment above it that says what it is"),
            ("# A list.\na:\n- b: 1\n", "line 3 is neither a comment nor `key: default`"),
        ];
        for (values, said) in cases {
            assert_eq!(table(values).unwrap_err().to_string(), said);
        }
    }
}
