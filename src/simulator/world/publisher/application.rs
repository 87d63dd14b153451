//! Applications and their tokens, as a directory keeps them. PURE.

use jiff::{SignedDuration, Timestamp};

use super::{
    noun::{Application, Token},
    refusal::PublisherRefusal as No,
    user::uuid,
};
use crate::simulator::world::{Actor, Answer, KeySecret, Refusal, World, standing::allow};

impl World {
    pub(super) fn register_application(
        &mut self,
        display_name: &str,
        [application, tenant, object]: [&str; 3],
        at: Timestamp,
    ) -> Result<Answer, Refusal> {
        let application_id = uuid("applicationId", application)?;
        let (tenant_id, object_id) = (uuid("tenantId", tenant)?, uuid("objectId", object)?);
        if self.marketplace.applications.contains_key(&application_id) {
            return Err(Refusal::IdTaken(application_id));
        }
        let secret = KeySecret::new(self.marketplace.identifiers.secret());
        let application =
            Application { application_id, tenant_id, object_id, display_name: display_name.to_owned(), secret };
        let id = application.application_id.clone();
        self.record(&Actor::Portal, "RegisterApplication", id.clone(), at);
        self.marketplace.applications.insert(id, application.clone());
        Ok(Answer::Application(application))
    }

    pub(super) fn remove_application(&mut self, id: &str, at: Timestamp) -> Result<Answer, Refusal> {
        let id = id.to_lowercase();
        self.marketplace.applications.remove(&id).ok_or_else(|| No::UnknownApplication(id.clone()))?;
        self.marketplace.tokens.retain(|_, token| token.application_id != id);
        self.record(&Actor::Portal, "RemoveApplication", id, at);
        Ok(Answer::Done)
    }

    pub(super) fn issue_token(&mut self, actor: &Actor, id: &str, at: Timestamp) -> Result<Answer, Refusal> {
        let id = id.to_lowercase();
        allow(*actor == Actor::Portal || *actor == Actor::Application(id.clone()))?;
        if !self.marketplace.applications.contains_key(&id) {
            return Err(No::UnknownApplication(id).into());
        }
        let lifetime = self.rules.publishers.token_lifetime;
        let expires_at = at.checked_add(SignedDuration::from_secs(i64::from(lifetime))).unwrap_or(Timestamp::MAX);
        let text = self.marketplace.identifiers.token();
        let token = Token { text, application_id: id, lifetime, expires_at };
        self.marketplace.tokens.retain(|_, earlier| earlier.expires_at > at);
        self.marketplace.tokens.insert(token.text.clone(), token.clone());
        Ok(Answer::Token(token))
    }

    /// Whether a directory has that id.
    pub fn knows_tenant(&self, tenant: &str) -> bool {
        self.marketplace.applications.values().any(|it| it.tenant_id.eq_ignore_ascii_case(tenant))
    }

    /// The application that a directory knows by that id.
    pub fn application(&self, tenant: &str, id: &str) -> Option<&Application> {
        let application = self.marketplace.applications.get(&id.to_lowercase());
        application.filter(|it| it.tenant_id.eq_ignore_ascii_case(tenant))
    }

    /// The application with that display name.
    pub fn application_named(&self, display_name: &str) -> Option<&Application> {
        self.marketplace.applications.values().find(|it| it.display_name == display_name)
    }

    /// The application whose token this is, while it has not run out.
    pub fn bearer(&self, token: &str, at: Timestamp) -> Option<Actor> {
        let token = self.marketplace.tokens.get(token).filter(|token| at < token.expires_at)?;
        Some(Actor::Application(token.application_id.clone()))
    }
}
