//! An e-mail address as the key of a person. PURE.
//!
//! Declared addresses are lower case; remote ones are compared without regard to case.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A lower-case e-mail address of at most 254 characters.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Email(String);

/// Why a text is not an e-mail address that a manifest may name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EmailError {
    /// There is no single `@` between two non-empty parts.
    #[error("`{0}` is not an e-mail address: write it as `name@example.com`")]
    Malformed(String),
    /// The address holds capitals; the corrected value is in the text.
    #[error("`{given}` must be lower case: use `{corrected}`")]
    NotLowerCase {
        /// What was written.
        given: String,
        /// What to write.
        corrected: String,
    },
    /// More than 254 characters (RFC 5321's limit on a path).
    #[error("an e-mail address has at most 254 characters; this one has {0}")]
    TooLong(usize),
}

impl Email {
    /// Longest address, in characters (RFC 5321, 4.5.3.1.3, less the angle brackets).
    pub const MAX: usize = 254;

    /// Reads a declared address: well-formed and already lower case.
    pub fn parse(text: &str) -> Result<Self, EmailError> {
        if text.chars().count() > Self::MAX {
            return Err(EmailError::TooLong(text.chars().count()));
        }
        if !well_formed(text) {
            return Err(EmailError::Malformed(text.to_owned()));
        }
        let corrected = text.to_lowercase();
        if corrected != text {
            return Err(EmailError::NotLowerCase { given: text.to_owned(), corrected });
        }
        Ok(Self(corrected))
    }

    /// Takes an address as a vendor reports it: folded to lower case, never refused, since what exists exists.
    pub fn from_remote(text: &str) -> Self {
        Self(text.trim().to_lowercase())
    }

    /// The part after the `@`.
    pub fn domain(&self) -> &str {
        self.0.rsplit_once('@').map_or("", |(_, domain)| domain)
    }

    /// The address as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// One `@`, something without blanks on both sides, and a domain with a dot inside.
fn well_formed(text: &str) -> bool {
    let Some((local, domain)) = text.split_once('@') else {
        return false;
    };
    let clean =
        |part: &str| !part.is_empty() && !part.contains(|c: char| c.is_whitespace() || c.is_control() || c == '@');
    clean(local) && clean(domain) && domain.contains('.') && domain.split('.').all(|label| !label.is_empty())
}

impl fmt::Display for Email {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn declared_addresses_are_checked_and_corrected() {
        let cases = [
            ("ada@example.com", None),
            ("a.b+c@sub.example.com", None),
            ("Ada@Example.com", Some("must be lower case: use `ada@example.com`")),
            ("ada", Some("is not an e-mail address")),
            ("ada@example", Some("is not an e-mail address")),
            ("ada@@example.com", Some("is not an e-mail address")),
            ("ada b@example.com", Some("is not an e-mail address")),
            ("@example.com", Some("is not an e-mail address")),
            ("ada@.com", Some("is not an e-mail address")),
        ];
        for (text, refusal) in cases {
            match (Email::parse(text), refusal) {
                (Ok(email), None) => assert_eq!(email.as_str(), text),
                (Err(error), Some(part)) => assert!(error.to_string().contains(part), "{text}: {error}"),
                (result, _) => panic!("{text}: {result:?}"),
            }
        }
        let long = format!("{}@example.com", "a".repeat(250));
        assert!(matches!(Email::parse(&long), Err(EmailError::TooLong(262))));
    }

    #[test]
    fn remote_addresses_are_folded_and_never_refused() {
        assert_eq!(Email::from_remote(" Ada@Example.COM "), Email::parse("ada@example.com").unwrap());
        assert_eq!(Email::from_remote("odd").domain(), "");
    }
}
