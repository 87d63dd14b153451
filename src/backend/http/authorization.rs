//! How a client proves who it is, one attempt at a time: with a key that it has, or with a token that it gets. IO only
//! where a token has to be got.

use std::fmt;

use ::http::HeaderValue;

use super::{
    credential::{Credential, Eraser},
    token::{ClientCredentials, TokenSource},
};
use crate::backend::{BackendError, ErrorKind};

/// What a client authenticates with. Made from a [`Credential`] or a [`TokenSource`].
#[derive(Clone)]
pub struct Authorization(Way);

#[derive(Clone)]
enum Way {
    Key(Credential),
    Token(TokenSource),
    /// The body of the call holds it: the call for a token itself.
    Body(ClientCredentials),
}

/// What one attempt is made with.
pub(super) struct Authorized {
    /// The value of `Authorization`, marked so that it prints as `Sensitive`.
    pub(super) header: Option<HeaderValue>,
    /// Takes what is secret about it out of a text.
    pub(super) eraser: Eraser,
}

impl Authorization {
    pub(super) fn in_body(credentials: ClientCredentials) -> Self {
        Self(Way::Body(credentials))
    }

    /// The id of the key or of the client, which is no secret.
    pub(super) fn id(&self) -> &str {
        match &self.0 {
            Way::Key(credential) => credential.key_id(),
            Way::Token(source) => source.credentials().client_id(),
            Way::Body(credentials) => credentials.client_id(),
        }
    }

    /// For the next attempt at that operation. An error of getting a token is told under its own operation's name.
    pub(super) async fn authorize(&self, operation: &'static str) -> Result<Authorized, BackendError> {
        match &self.0 {
            Way::Key(credential) => {
                let refuse = || BackendError::new(ErrorKind::Invalid, operation, "the credential cannot be sent");
                let header = Some(credential.authorization().ok_or_else(refuse)?);
                Ok(Authorized { header, eraser: credential.eraser() })
            }
            Way::Token(source) => source.authorize().await,
            Way::Body(credentials) => Ok(Authorized { header: None, eraser: credentials.eraser() }),
        }
    }

    /// Takes note that the server refused what an attempt was made with, and says whether another can be had.
    pub(super) fn discard(&self, refused: &Authorized) -> bool {
        match (&self.0, &refused.header) {
            (Way::Token(source), Some(header)) => {
                source.discard(header);
                true
            }
            (Way::Key(_) | Way::Token(_) | Way::Body(_), _) => false,
        }
    }
}

impl From<Credential> for Authorization {
    fn from(credential: Credential) -> Self {
        Self(Way::Key(credential))
    }
}

impl From<TokenSource> for Authorization {
    fn from(source: TokenSource) -> Self {
        Self(Way::Token(source))
    }
}

impl fmt::Debug for Authorization {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Authorization([redacted])")
    }
}
