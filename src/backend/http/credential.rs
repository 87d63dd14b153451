//! What we authenticate with, in a type that does not print it, and the eraser that keeps it out of every text. PURE.

use std::fmt;

use ::http::HeaderValue;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use secrecy::{ExposeSecret, SecretString};

/// Shorter texts are not erased: they would be found in the middle of any sentence, and no key is that short.
const SHORTEST: usize = 6;

/// An API key and its secret. `Debug` shows neither the secret nor the header.
#[derive(Clone)]
pub struct Credential {
    key: String,
    secret: SecretString,
}

/// Why a credential cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CredentialError {
    /// Nothing there, or only blanks.
    #[error("the credential's `{0}` is empty")]
    Empty(&'static str),
    /// Control characters, or a colon in the key, which would end it early.
    #[error("the credential's `{0}` holds a character that cannot be sent")]
    Character(&'static str),
}

impl Credential {
    /// A key with its secret. Blanks around them are dropped: `kubectl create secret --from-file` keeps the line break.
    pub fn api_key(key: &str, secret: &SecretString) -> Result<Self, CredentialError> {
        let (key, secret) = (sendable("key", key)?, sendable("secret", secret.expose_secret())?);
        if key.contains(':') {
            return Err(CredentialError::Character("key"));
        }
        Ok(Self { key: key.to_owned(), secret: secret.to_owned().into() })
    }

    /// The key's own id, which is no secret: the vendor lists it.
    pub fn key_id(&self) -> &str {
        &self.key
    }

    /// The value of `Authorization`, marked so that it prints as `Sensitive`. The one place that takes the secret out.
    pub(super) fn authorization(&self) -> Option<HeaderValue> {
        let mut value = HeaderValue::from_str(&format!("Basic {}", self.encoded())).ok()?;
        value.set_sensitive(true);
        Some(value)
    }

    /// What to take out of every text: the key, the secret and the header's value.
    pub(super) fn eraser(&self) -> Eraser {
        Eraser(vec![self.encoded().into(), self.secret.clone(), self.key.clone().into()])
    }

    fn encoded(&self) -> String {
        STANDARD.encode(format!("{}:{}", self.key, self.secret.expose_secret()))
    }
}

/// A text of a credential without the blanks around it, or why it cannot be sent.
pub(super) fn sendable<'a>(name: &'static str, text: &'a str) -> Result<&'a str, CredentialError> {
    match text.trim() {
        "" => Err(CredentialError::Empty(name)),
        text if text.contains(char::is_control) => Err(CredentialError::Character(name)),
        text => Ok(text),
    }
}

/// Takes secrets out of texts.
pub(super) struct Eraser(pub(super) Vec<SecretString>);

impl Eraser {
    /// The text, with what is secret in it replaced.
    pub(super) fn erase_from(&self, text: &str) -> String {
        let parts = self.0.iter().map(ExposeSecret::expose_secret).filter(|part| part.len() >= SHORTEST);
        parts.fold(text.to_owned(), |clean, part| clean.replace(part, "[redacted]"))
    }
}

impl fmt::Debug for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Credential([redacted])")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_prints_a_credential() {
        let credential = Credential::api_key("KEYKEYKEY", &"canary-secret".into()).unwrap();
        let header = credential.authorization().unwrap();
        let text = format!("{credential:?} {header:?}");
        assert!(!text.contains("canary") && !text.contains("KEYKEY") && !text.contains("Basic "), "{text}");
        let told = format!("bad KEYKEYKEY / canary-secret / {}", header.to_str().unwrap());
        assert_eq!(credential.eraser().erase_from(&told), "bad [redacted] / [redacted] / Basic [redacted]");
    }

    #[test]
    fn line_breaks_around_a_credential_are_dropped_and_others_refused() {
        let cases = [
            ("K1", "s1\n", None),
            (" ", "s1", Some(CredentialError::Empty("key"))),
            ("K1", "\n", Some(CredentialError::Empty("secret"))),
            ("K:1", "s1", Some(CredentialError::Character("key"))),
            ("K1", "s\n1", Some(CredentialError::Character("secret"))),
        ];
        for (key, secret, refusal) in cases {
            let result = Credential::api_key(key, &secret.into());
            assert_eq!(result.as_ref().err(), refusal.as_ref(), "{key:?} {secret:?}");
            if let Ok(credential) = result {
                assert_eq!(credential.authorization().unwrap(), "Basic SzE6czE=");
            }
        }
    }
}
