//! An error with its causes, as one line. Pure.

use std::error::Error;

/// The error and its causes from the outside in, joined by colons. A cause that the part before it already contains is left out: many
/// libraries print their causes themselves.
pub fn chain(error: &dyn Error) -> String {
    let mut above = error.to_string();
    let mut line = above.clone();
    let causes = std::iter::successors(error.source(), |&cause| cause.source());
    for cause in causes.map(ToString::to_string) {
        if !above.contains(&cause) {
            line.push_str(": ");
            line.push_str(&cause);
            above = cause;
        }
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("{text}")]
    struct Link {
        text: &'static str,
        source: Option<Box<Link>>,
    }

    #[test]
    fn each_cause_is_said_once() {
        let cases: [(&[&str], &str); 6] = [
            (&["read the file"], "read the file"),
            (&["read the file", "no such file"], "read the file: no such file"),
            (&["read the file: no such file", "no such file"], "read the file: no such file"),
            (&["sync", "send: reset by peer", "reset by peer"], "sync: send: reset by peer"),
            (&["sync: send: reset", "send: reset", "reset", "code 104"], "sync: send: reset: code 104"),
            (&["sync", "", "reset"], "sync: reset"),
        ];
        for (texts, expected) in cases {
            let link = |source, text: &&'static str| Some(Box::new(Link { text, source }));
            let error = texts.iter().rev().fold(None, link).unwrap();
            assert_eq!(chain(&*error), expected);
        }
    }
}
