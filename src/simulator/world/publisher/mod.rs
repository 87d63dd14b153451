//! The marketplace's publishers beside the organization: who may publish under which name, and the applications that ask
//! for them. PURE.
//!
//! There was never a public API for a publisher's users; the rules here are those of the retired portal's pages, and where
//! these are silent, a choice that [`PublisherRules`] names.

mod application;
mod command;
mod example;
mod noun;
mod refusal;
mod rule;
mod user;
mod view;

use std::collections::BTreeMap;

use jiff::Timestamp;

pub use command::PublisherCommand;
pub use example::{
    OPERATOR_APPLICATION, OPERATOR_OBJECT, OPERATOR_TENANT, example_publishers, operator_application, publisher,
};
pub use noun::{
    AccountType, Application, Publisher, PublisherPrincipal, PublisherRole, PublisherUser, Token, UserState,
};
pub use refusal::PublisherRefusal;
pub use rule::PublisherRules;
pub use view::PublisherView;

use super::{Actor, Answer, Refusal, World, identifier::Identifiers, standing::allow};

/// Sets the draws for publishers apart from those for the organization, so that neither moves the other's ids.
const APART: u64 = 0x7075_626c_6973_6865;

/// Everything about publishers in one world.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Marketplace {
    pub(super) publishers: BTreeMap<String, Publisher>,
    pub(super) applications: BTreeMap<String, Application>,
    /// What was issued and has not run out, by the token's text.
    tokens: BTreeMap<String, Token>,
    identifiers: Identifiers,
}

impl Marketplace {
    /// No publisher and no application.
    pub(super) fn empty(seed: u64) -> Self {
        Self {
            publishers: BTreeMap::new(),
            applications: BTreeMap::new(),
            tokens: BTreeMap::new(),
            identifiers: Identifiers::new(seed ^ APART),
        }
    }
}

impl World {
    pub(super) fn apply_to_publisher(
        &mut self,
        actor: &Actor,
        command: &PublisherCommand,
        at: Timestamp,
    ) -> Result<Answer, Refusal> {
        use PublisherCommand as C;
        if command.is_for_the_portal() {
            allow(*actor == Actor::Portal)?;
        }
        match command {
            C::Create { publisher, display_name, owner } => self.create_publisher(publisher, display_name, owner, at),
            C::Delete { publisher } => self.delete_publisher(publisher, at),
            C::AddUser { publisher, who, role, friendly_name } => {
                self.add_publisher_user(actor, publisher, who, *role, friendly_name.as_deref(), at)
            }
            C::ChangeUser { publisher, who, role, friendly_name, version } => {
                let wanted = (*role, friendly_name.as_deref());
                self.change_publisher_user(actor, publisher, who, wanted, version.as_deref(), at)
            }
            C::RemoveUser { publisher, user, version } => {
                self.remove_publisher_user(actor, publisher, user, version.as_deref(), at)
            }
            C::AcceptInvitation { publisher, email } => self.accept_publisher_invitation(publisher, email, at),
            C::RegisterApplication { display_name, application_id, tenant_id, object_id } => {
                self.register_application(display_name, [application_id, tenant_id, object_id], at)
            }
            C::RemoveApplication { application_id } => self.remove_application(application_id, at),
            C::IssueToken { application_id } => self.issue_token(actor, application_id, at),
        }
    }
}
