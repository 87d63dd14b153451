//! The kinds of place a CRN can name, and which may stand below which. PURE.
//!
//! Source: the vendor's table "Confluent Resource Names" in its API reference (organization, environment, user, service
//! account, topic, group, network, Schema Registry, subject, connector, provider integration), the documentation of its
//! Terraform provider's `confluent_role_binding` (transactional id, key encryption key, compute pool) and the examples of
//! its command line (ksqlDB by display name, `kafka=` as the cluster as a resource). Pipelines and cluster links have no
//! published segment, and so none here.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The key of one CRN segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Key {
    /// `organization=<uuid>`
    Organization,
    /// `environment=env-…`
    Environment,
    /// `cloud-cluster=lkc-…`
    CloudCluster,
    /// `kafka=lkc-…`, the same id again
    Kafka,
    /// `topic=…`
    Topic,
    /// `group=…`, a consumer group
    Group,
    /// `transactional-id=…`
    TransactionalId,
    /// `connector=…`, below the cluster and not below `kafka=`
    Connector,
    /// `ksql=…`, by display name
    Ksql,
    /// `schema-registry=lsrc-…`, below the environment
    SchemaRegistry,
    /// `subject=…`
    Subject,
    /// `kek=…`, a key encryption key
    Kek,
    /// `flink-region=<cloud>.<region>`
    FlinkRegion,
    /// `compute-pool=lfcp-…`
    ComputePool,
    /// `service-account=sa-…`
    ServiceAccount,
    /// `identity-provider=op-…`
    IdentityProvider,
    /// `identity-pool=pool-…`
    IdentityPool,
    /// `group-mapping=group-…`
    GroupMapping,
    /// `user=u-…`
    User,
    /// `provider-integration=cspi-…`
    ProviderIntegration,
    /// `network=n-…`
    Network,
    /// `usm-kafka-cluster=usmkc-…`, a registered cluster of one's own; known from the command line's source alone
    UsmKafkaCluster,
    /// `usm-connect-cluster=usmcc-…`, likewise
    UsmConnectCluster,
}

/// Key, its name on the wire, its noun for people, what it may stand below, and whether a role can be bound to it as a
/// resource (with a pattern).
const TABLE: [(Key, &str, &str, &[Key], bool); 23] = [
    (Key::Organization, "organization", "organization", &[], false),
    (Key::Environment, "environment", "environment", &[Key::Organization], false),
    (Key::CloudCluster, "cloud-cluster", "cluster", &[Key::Environment], false),
    (Key::Kafka, "kafka", "Kafka cluster", &[Key::CloudCluster], false),
    (Key::Topic, "topic", "topic", &[Key::Kafka], true),
    (Key::Group, "group", "group", &[Key::Kafka], true),
    (Key::TransactionalId, "transactional-id", "transactional id", &[Key::Kafka], true),
    (Key::Connector, "connector", "connector", &[Key::CloudCluster], true),
    (Key::Ksql, "ksql", "ksqlDB cluster", &[Key::CloudCluster], true),
    (Key::SchemaRegistry, "schema-registry", "Schema Registry", &[Key::Environment], false),
    (Key::Subject, "subject", "subject", &[Key::SchemaRegistry], true),
    (Key::Kek, "kek", "key encryption key", &[Key::SchemaRegistry], true),
    (Key::FlinkRegion, "flink-region", "Flink region", &[Key::Environment], false),
    (Key::ComputePool, "compute-pool", "compute pool", &[Key::FlinkRegion], true),
    (Key::ServiceAccount, "service-account", "service account", &[Key::Organization], true),
    (Key::IdentityProvider, "identity-provider", "identity provider", &[Key::Organization], false),
    (Key::IdentityPool, "identity-pool", "identity pool", &[Key::IdentityProvider], true),
    (Key::GroupMapping, "group-mapping", "group mapping", &[Key::Organization], true),
    (Key::User, "user", "user", &[Key::Organization], true),
    (Key::ProviderIntegration, "provider-integration", "provider integration", &[Key::Environment], true),
    (Key::Network, "network", "network", &[Key::Environment], false),
    (Key::UsmKafkaCluster, "usm-kafka-cluster", "registered Kafka cluster", &[Key::Environment], false),
    (Key::UsmConnectCluster, "usm-connect-cluster", "registered Connect cluster", &[Key::Environment], false),
];

/// What people write, and what they mean by it: abbreviations, and the words of the vendor's command line.
const ALIASES: [(&str, Key); 5] = [
    ("env", Key::Environment),
    ("cluster", Key::CloudCluster),
    ("consumergroup", Key::Group),
    ("ksqlcluster", Key::Ksql),
    ("ksqldb", Key::Ksql),
];

impl Key {
    /// Every key.
    pub fn all() -> impl Iterator<Item = Self> {
        TABLE.iter().map(|row| row.0)
    }

    /// The key of a segment, where it is one that we know.
    pub fn parse(text: &str) -> Option<Self> {
        TABLE.iter().find(|row| row.1 == text).map(|row| row.0)
    }

    /// The key that a wrong word was meant to be, where it differs in case, in `-` or `_`, or is a usual other name.
    pub fn nearest(text: &str) -> Option<Self> {
        let plain = |word: &str| word.replace(['-', '_'], "").to_ascii_lowercase();
        let wanted = plain(text);
        let same = TABLE.iter().find(|row| plain(row.1) == wanted).map(|row| row.0);
        same.or_else(|| ALIASES.iter().find(|alias| alias.0 == wanted).map(|alias| alias.1))
    }

    /// The word on the wire.
    pub fn as_str(self) -> &'static str {
        self.row().1
    }

    /// The word for people.
    pub fn noun(self) -> &'static str {
        self.row().2
    }

    /// What it may stand below.
    pub fn parents(self) -> &'static [Self] {
        self.row().3
    }

    /// Whether it is a resource, which may be matched by prefix or all of its type.
    pub fn is_resource(self) -> bool {
        self.row().4
    }

    /// Whether roles on it need a cluster that is more than Basic: the resources of Kafka, and connectors.
    pub fn needs_granular_cluster(self) -> bool {
        matches!(self, Self::Topic | Self::Group | Self::TransactionalId | Self::Connector)
    }

    fn row(self) -> &'static (Self, &'static str, &'static str, &'static [Self], bool) {
        // The table is in the order of the enum, which a test holds; the discriminant is its index.
        &TABLE[self as usize]
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_in_the_order_of_the_enum() {
        for (index, row) in TABLE.iter().enumerate() {
            assert_eq!(row.0 as usize, index);
            assert_eq!(Key::parse(row.1), Some(row.0));
        }
    }
}
