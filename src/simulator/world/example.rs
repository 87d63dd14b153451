//! A small organization to try things on, with ids that examples can name. PURE.

use jiff::Timestamp;

use super::{ClusterType, Command, Founding, KeyResource, Rules};
use crate::access::PrincipalId;

/// The organization's id.
pub const ORGANIZATION: &str = "9bb441c4-edef-46ac-8a41-c49e44a3fd9a";
/// The display name of the service account that the operator acts as.
pub const OPERATOR: &str = "roster-operator";

/// How "Example Trading" begins, and what the portal does to it then.
///
/// Two administrators, the operator's service account with a Cloud key, a service account of a team, two environments,
/// a cluster of each kind that matters, and a member with a role that no manifest declares.
pub fn example(seed: u64, at: Timestamp) -> (Founding, Vec<Command>) {
    let founding = Founding {
        organization: Some(ORGANIZATION.to_owned()),
        display_name: "Example Trading".to_owned(),
        founder: "grace@example.com".to_owned(),
        seed,
        at,
        rules: Rules { sso_domains: vec!["example.com".to_owned()], ..Rules::default() },
    };
    let mut commands = vec![
        environment("production", "env-prod01"),
        environment("development", "env-dev001"),
        cluster("env-prod01", "orders", ClusterType::Standard, "lkc-orders"),
        cluster("env-prod01", "payments", ClusterType::Dedicated, "lkc-paymnt"),
        cluster("env-dev001", "scratch", ClusterType::Basic, "lkc-scratc"),
        service_account(OPERATOR, "Acts for the Roster operator", "sa-roster"),
        service_account("orders-etl", "Loads orders into the warehouse", "sa-ordetl"),
        person("linus@example.com", "Linus Example", "u-linus1"),
        person("mary@example.com", "Mary Example", "u-mary01"),
    ];
    commands.extend([
        grant("u-linus1", "OrganizationAdmin", ""),
        grant("sa-roster", "OrganizationAdmin", ""),
        grant("u-mary01", "MetricsViewer", "/environment=env-prod01"),
        Command::CreateApiKey {
            owner: PrincipalId::new("sa-roster"),
            resource: KeyResource::Cloud,
            display_name: OPERATOR.to_owned(),
            description: "The key that the operator uses".to_owned(),
        },
    ]);
    (founding, commands)
}

fn environment(name: &str, id: &str) -> Command {
    Command::CreateEnvironment { display_name: name.to_owned(), id: Some(id.to_owned()) }
}

fn cluster(environment: &str, name: &str, kind: ClusterType, id: &str) -> Command {
    let (environment, display_name) = (environment.to_owned(), name.to_owned());
    Command::CreateCluster { environment, display_name, kind, id: Some(id.to_owned()) }
}

fn service_account(name: &str, description: &str, id: &str) -> Command {
    let (display_name, description) = (name.to_owned(), description.to_owned());
    Command::CreateServiceAccount { display_name, description, id: Some(id.to_owned()) }
}

fn person(email: &str, full_name: &str, id: &str) -> Command {
    Command::JoinUser { email: email.to_owned(), full_name: full_name.to_owned(), id: Some(id.to_owned()) }
}

fn grant(principal: &str, role: &str, place: &str) -> Command {
    Command::Grant {
        principal: format!("User:{principal}"),
        role: role.to_owned(),
        crn: format!("crn://confluent.cloud/organization={ORGANIZATION}{place}"),
    }
}
