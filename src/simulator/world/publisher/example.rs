//! Publishers to try things on, beside the example's organization. PURE.

use super::{
    command::PublisherCommand as C,
    noun::{PublisherPrincipal, PublisherRole},
};
use crate::simulator::world::{Command, OPERATOR};

/// The directory that knows the operator's application.
pub const OPERATOR_TENANT: &str = "72f0c1de-4a52-4b9f-9d4e-0f3c5a6b7d81";
/// The application that the operator acts as.
pub const OPERATOR_APPLICATION: &str = "5d1f6c0a-93b7-4c58-8e0d-2b7a41c9e6f3";
/// The operator's application in its directory.
pub const OPERATOR_OBJECT: &str = "e0b5a9d4-7c16-4f2e-b3a8-91d6c2f4a075";

/// The operator's application, one publisher that it owns, one that it contributes to and one that it has no role on.
pub fn example_publishers() -> Vec<Command> {
    let mut commands = vec![operator_application()];
    commands.extend(publisher("contoso-data", "Contoso Data", "grace@example.com"));
    let group = PublisherPrincipal::Group { email: "publishing@example.com".to_owned() };
    let mary = PublisherPrincipal::User { email: "mary@example.com".to_owned() };
    commands.extend([
        add("contoso-data", group, PublisherRole::Owner, Some("Publishing team")),
        add("contoso-data", mary, PublisherRole::Contributor, None),
        create("contoso-labs", "Contoso Labs", "linus@example.com"),
        add("contoso-labs", operator(), PublisherRole::Contributor, Some(OPERATOR)),
        create("fabrikam", "Fabrikam", "olga@fabrikam.example"),
    ]);
    commands
}

/// The registration of the application that the operator acts as. It comes before the operator's first token.
pub fn operator_application() -> Command {
    Command::Publisher(C::RegisterApplication {
        display_name: OPERATOR.to_owned(),
        application_id: OPERATOR_APPLICATION.to_owned(),
        tenant_id: OPERATOR_TENANT.to_owned(),
        object_id: OPERATOR_OBJECT.to_owned(),
    })
}

/// A publisher with two owners: that person, and the operator's application.
pub fn publisher(id: &str, display_name: &str, owner: &str) -> Vec<Command> {
    vec![create(id, display_name, owner), add(id, operator(), PublisherRole::Owner, Some(OPERATOR))]
}

fn operator() -> PublisherPrincipal {
    PublisherPrincipal::ServicePrincipal {
        application_id: OPERATOR_APPLICATION.to_owned(),
        tenant_id: OPERATOR_TENANT.to_owned(),
        object_id: OPERATOR_OBJECT.to_owned(),
    }
}

fn create(id: &str, display_name: &str, owner: &str) -> Command {
    let (publisher, display_name, owner) = (id.to_owned(), display_name.to_owned(), owner.to_owned());
    Command::Publisher(C::Create { publisher, display_name, owner })
}

fn add(publisher: &str, who: PublisherPrincipal, role: PublisherRole, friendly_name: Option<&str>) -> Command {
    let (publisher, friendly_name) = (publisher.to_owned(), friendly_name.map(str::to_owned));
    Command::Publisher(C::AddUser { publisher, who, role, friendly_name })
}
