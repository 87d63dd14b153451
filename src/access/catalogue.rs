//! The predefined roles as data: where each may be bound, which are administrative, what they may do to accounts, and
//! who may grant them. PURE.
//!
//! Source: the vendor's page on predefined roles (19 roles), with the scopes that its other documents give. The page may
//! change at any time: a role that is missing here is reported and kept where it exists, and refused where declared.

use super::{Key, Scope};

/// An operation on the accounts of an organization.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AccountOperation {
    /// Invite a person.
    InviteUser,
    /// Delete a person's account, or deactivate an invited one.
    DeleteUser,
    /// Change a person's account, such as the full name.
    AlterUser,
}

/// One predefined role.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Role {
    /// The name on the wire.
    pub name: &'static str,
    /// The kinds of place it may be bound to.
    pub at: &'static [Key],
    /// Whether losing or gaining it is a matter of who administers.
    pub administrative: bool,
    /// What it may do to accounts.
    pub accounts: &'static [AccountOperation],
    /// Which roles may grant it, each within its own scope.
    pub granted_by: &'static [&'static str],
    /// One sentence for people.
    pub summary: &'static str,
}

/// The role that administers an organization.
pub const ORGANIZATION_ADMIN: &str = "OrganizationAdmin";
/// The role that manages accounts and, by itself, no roles.
pub const ACCOUNT_ADMIN: &str = "AccountAdmin";
const ENVIRONMENT_ADMIN: &str = "EnvironmentAdmin";
const CLUSTER_ADMIN: &str = "CloudClusterAdmin";
const RESOURCE_OWNER: &str = "ResourceOwner";

const BY_ORG: &[&str] = &[ORGANIZATION_ADMIN];
const BY_ENV: &[&str] = &[ORGANIZATION_ADMIN, ENVIRONMENT_ADMIN];
const BY_CLUSTER: &[&str] = &[ORGANIZATION_ADMIN, ENVIRONMENT_ADMIN, CLUSTER_ADMIN];
const BY_OWNER: &[&str] = &[ORGANIZATION_ADMIN, ENVIRONMENT_ADMIN, CLUSTER_ADMIN, RESOURCE_OWNER];

use AccountOperation::{AlterUser, DeleteUser, InviteUser};
use Key::{
    CloudCluster, ComputePool, Connector, Environment, Group, GroupMapping, IdentityPool, Kafka, Kek, Ksql,
    Organization, ProviderIntegration, ServiceAccount, Subject, Topic, TransactionalId,
};

const fn plain(
    name: &'static str,
    at: &'static [Key],
    granted_by: &'static [&'static str],
    summary: &'static str,
) -> Role {
    Role { name, at, administrative: false, accounts: &[], granted_by, summary }
}

/// The roles, by name.
#[rustfmt::skip]
pub static ROLES: [Role; 19] = [
    Role { name: ACCOUNT_ADMIN, at: &[Organization], administrative: true, accounts: &[InviteUser, DeleteUser, AlterUser], granted_by: BY_ORG,
        summary: "manages people, service accounts, identity pools and group mappings; by itself it sees and changes no roles" },
    plain("Assigner", &[ServiceAccount, ProviderIntegration], &[ORGANIZATION_ADMIN, RESOURCE_OWNER],
        "lets the holder run work, such as a Flink statement, as that service account"),
    plain("BillingAdmin", &[Organization], BY_ORG, "sees and changes billing; no access to data"),
    Role { name: CLUSTER_ADMIN, at: &[CloudCluster], administrative: true, accounts: &[InviteUser], granted_by: BY_CLUSTER,
        summary: "manages one cluster, its access and its resources; no networking, no schemas" },
    plain("DataDiscovery", &[Organization, Environment], BY_ENV, "finds data by catalogue and lineage; reads no messages"),
    plain("DataSteward", &[Environment], BY_ENV, "manages schemas, tags and business metadata of an environment; may delete subjects"),
    plain("DeveloperManage", &[Topic, Group, TransactionalId, Kafka], BY_OWNER, "creates and deletes the resource; no configuration, no access"),
    plain("DeveloperRead", &[Topic, Group, TransactionalId, Subject, Connector, Kek], BY_OWNER, "reads the resource; to consume, on the topic and on a group"),
    plain("DeveloperWrite", &[Topic, TransactionalId, Subject, Connector], BY_OWNER, "writes to the resource"),
    Role { name: ENVIRONMENT_ADMIN, at: &[Environment], administrative: true, accounts: &[InviteUser], granted_by: BY_ENV,
        summary: "manages everything in one environment, access included" },
    plain("FlinkAdmin", &[Environment], BY_ENV, "manages compute pools and statements of an environment"),
    plain("FlinkDeveloper", &[Organization, Environment, ComputePool], BY_ENV, "runs Flink statements; manages no compute pools"),
    plain("KsqlAdmin", &[Ksql], BY_CLUSTER, "full access to one ksqlDB cluster; none to Kafka"),
    plain("MetricsViewer", &[Organization, Environment, CloudCluster], BY_CLUSTER, "reads metrics; meant for service accounts"),
    plain("NetworkAdmin", &[Organization], BY_ORG, "manages networks of all environments; no data"),
    plain("Operator", &[Organization, Environment, CloudCluster], BY_CLUSTER, "describes resources and sees metrics; reads no messages"),
    Role { name: ORGANIZATION_ADMIN, at: &[Organization], administrative: true, accounts: &[InviteUser, DeleteUser, AlterUser], granted_by: BY_ORG,
        summary: "manages everything in the organization" },
    plain("ResourceKeyAdmin", &[Organization], BY_ORG, "manages resource API keys of service accounts; never its own"),
    plain(RESOURCE_OWNER, &[Topic, Group, TransactionalId, Connector, Subject, Kek, ServiceAccount, IdentityPool, GroupMapping, ProviderIntegration], BY_OWNER,
        "full access to the resource, its configuration and its role bindings; no ACLs"),
];

/// The role of that name, where the catalogue knows it. Names are compared exactly, as the vendor does.
pub fn role(name: &str) -> Option<&'static Role> {
    ROLES.iter().find(|role| role.name == name)
}

/// Whether a role is administrative; a role that nobody knows is taken for one, so that doubt never adopts.
pub fn is_administrative(name: &str) -> bool {
    role(name).is_none_or(|role| role.administrative)
}

/// The known names that are nearest to a wrong one, at most three, the nearest first.
pub fn nearest(name: &str) -> Vec<&'static str> {
    let wanted = name.to_lowercase();
    let mut ranked: Vec<(usize, &'static str)> =
        ROLES.iter().map(|role| (distance(&wanted, &role.name.to_lowercase()), role.name)).collect();
    ranked.sort_unstable();
    let bound = (wanted.chars().count() / 2).max(3);
    ranked.into_iter().filter(|(distance, _)| *distance <= bound).take(3).map(|(_, name)| name).collect()
}

/// Whether somebody who holds `held` (role and scope) may grant `wanted` at `scope`.
pub fn may_grant<'a>(held: impl IntoIterator<Item = (&'a str, &'a Scope)>, wanted: &Role, scope: &Scope) -> bool {
    held.into_iter().any(|(name, within)| wanted.granted_by.contains(&name) && within.covers(scope))
}

/// Whether somebody who holds these roles may do that to accounts.
pub fn may_operate<'a>(held: impl IntoIterator<Item = &'a str>, operation: AccountOperation) -> bool {
    held.into_iter().filter_map(role).any(|role| role.accounts.contains(&operation))
}

/// Levenshtein distance: edits of one character.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, left) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, right) in b.iter().enumerate() {
            let replaced = diagonal + usize::from(left != *right);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_roles_are_the_nineteen_of_the_page_in_order() {
        assert!(ROLES.windows(2).all(|pair| pair[0].name < pair[1].name));
        let administrative: Vec<_> = ROLES.iter().filter(|role| role.administrative).map(|role| role.name).collect();
        assert_eq!(administrative, ["AccountAdmin", "CloudClusterAdmin", "EnvironmentAdmin", "OrganizationAdmin"]);
        assert!(is_administrative("SomethingNew"));
    }

    #[test]
    fn a_wrong_name_finds_its_neighbours() {
        assert_eq!(nearest("DeveloperReed")[0], "DeveloperRead");
        assert_eq!(nearest("organizationadmin")[0], "OrganizationAdmin");
        assert_eq!(nearest("ClusterAdmin")[0], "CloudClusterAdmin");
        assert!(nearest("zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz").is_empty());
    }

    #[test]
    fn granting_follows_role_and_containment() {
        let environment = Scope::environment("env-1").unwrap();
        let cluster = Scope::cluster("env-1", "lkc-1").unwrap();
        let organization = Scope::organization();
        let cases = [
            ("OrganizationAdmin", &organization, "OrganizationAdmin", &organization, true),
            ("EnvironmentAdmin", &environment, "CloudClusterAdmin", &cluster, true),
            ("CloudClusterAdmin", &cluster, "EnvironmentAdmin", &environment, false),
            ("AccountAdmin", &organization, "Operator", &organization, false),
        ];
        for (held, within, wanted, scope, expected) in cases {
            let granted = may_grant([(held, within)], role(wanted).unwrap(), scope);
            assert_eq!(granted, expected, "{held} grants {wanted}");
        }
    }

    #[test]
    fn inviting_and_deleting_are_judged_apart() {
        assert!(may_operate(["EnvironmentAdmin"], AccountOperation::InviteUser));
        assert!(!may_operate(["EnvironmentAdmin"], AccountOperation::DeleteUser));
        assert!(may_operate(["AccountAdmin"], AccountOperation::DeleteUser));
        assert!(!may_operate(["Operator", "Unheard"], AccountOperation::InviteUser));
    }
}
