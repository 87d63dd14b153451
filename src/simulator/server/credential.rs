//! What a client needs to be let in: the operator's key for the organization, and its application's secret for publishers. IO.

use std::fmt;

use super::{ActError, Simulator};
use crate::simulator::world::{
    OPERATOR,
    publisher::{operator_application, publisher},
};

/// An API key and its secret. `Debug` does not show the secret.
#[derive(Clone, PartialEq, Eq)]
pub struct Credential {
    /// The key.
    pub key: String,
    /// The secret.
    pub secret: String,
}

/// How an application proves to a directory who it is. `Debug` does not show the secret.
#[derive(Clone, PartialEq, Eq)]
pub struct ApplicationCredential {
    /// The directory: the first segment of the token endpoint's path.
    pub tenant: String,
    /// The application's id, called `client_id` there.
    pub client_id: String,
    /// The secret, called `client_secret` there.
    pub client_secret: String,
}

impl Simulator {
    /// The Cloud key of the operator's service account, while it has one.
    pub fn operator_key(&self) -> Option<Credential> {
        let state = self.lock();
        let key = state.world.cloud_key_of(OPERATOR)?;
        Some(Credential { key: key.id.clone(), secret: key.secret.reveal().to_owned() })
    }

    /// The secret of the application that the operator acts as, while it is registered.
    pub fn operator_application(&self) -> Option<ApplicationCredential> {
        let state = self.lock();
        let application = state.world.application_named(OPERATOR)?;
        Some(ApplicationCredential {
            tenant: application.tenant_id.clone(),
            client_id: application.application_id.clone(),
            client_secret: application.secret.reveal().to_owned(),
        })
    }

    /// Adds a publisher with two owners, that person and the operator's application, which is registered where it is not.
    pub fn add_publisher(&self, id: &str, display_name: &str, owner: &str) -> Result<(), ActError> {
        if self.operator_application().is_none() {
            self.portal(&operator_application())?;
        }
        for command in publisher(id, display_name, owner) {
            self.portal(&command)?;
        }
        Ok(())
    }
}

impl fmt::Debug for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credential").field("key", &self.key).finish_non_exhaustive()
    }
}

impl fmt::Debug for ApplicationCredential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ApplicationCredential")
            .field("tenant", &self.tenant)
            .field("client_id", &self.client_id)
            .finish_non_exhaustive()
    }
}
