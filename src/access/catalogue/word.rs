//! The words of the catalogue: kinds of things, what is done to them, how far it reaches, how sure we are. PURE.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::access::{Key, Scope};

/// What somebody does to a thing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Operation {
    /// See that it is there, and its metadata; list it.
    Describe,
    /// Read what is in it.
    Read,
    /// Write into it.
    Write,
    /// Make it.
    Create,
    /// Change it or its configuration.
    Alter,
    /// Delete, terminate or disable it.
    Delete,
    /// Invite a person.
    Invite,
    /// Let work run as it.
    Assign,
    /// Run it.
    Run,
    /// Stop it.
    Stop,
    /// Ask a model for a prediction.
    Invoke,
    /// Pause it.
    Pause,
    /// Resume it.
    Resume,
    /// Restart it.
    Restart,
    /// See who has access to it.
    DescribeAccess,
    /// Grant and revoke access to it.
    AlterAccess,
}

impl Operation {
    /// Every operation, by name.
    pub const ALL: [Self; 16] = [
        Self::Describe,
        Self::Read,
        Self::Write,
        Self::Create,
        Self::Alter,
        Self::Delete,
        Self::Invite,
        Self::Assign,
        Self::Run,
        Self::Stop,
        Self::Invoke,
        Self::Pause,
        Self::Resume,
        Self::Restart,
        Self::DescribeAccess,
        Self::AlterAccess,
    ];

    /// Whether it is about who has access, which every kind of thing knows and "all" does not include.
    pub fn is_access(self) -> bool {
        matches!(self, Self::DescribeAccess | Self::AlterAccess)
    }
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self:?}")
    }
}

macro_rules! resources {
    ($($(#[doc = $doc:literal])+ $name:ident = $word:literal: [$($operation:ident),+];)+) => {
        /// A kind of thing that roles are about.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        pub enum Resource { $($(#[doc = $doc])+ #[serde(rename = $word)] $name,)+ }

        impl Resource {
            /// Every kind of thing.
            pub const ALL: &'static [Self] = &[$(Self::$name,)+];

            /// Its name in the catalogue's file; for what a CRN can name, the CRN's word.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$name => $word,)+ }
            }

            /// What can be done to it, save seeing and changing who has access.
            pub fn operations(self) -> &'static [Operation] {
                match self { $(Self::$name => &[$(Operation::$operation),+],)+ }
            }
        }
    };
}

resources! {
    /// The organization itself.
    Organization = "organization": [Describe, Alter];
    /// An environment.
    Environment = "environment": [Describe, Create, Alter, Delete];
    /// A Kafka cluster.
    Cluster = "cluster": [Describe, Create, Alter, Delete];
    /// A topic; reading and writing are about its messages.
    Topic = "topic": [Describe, Read, Write, Create, Alter, Delete];
    /// A consumer group.
    Group = "group": [Describe, Read, Create, Alter, Delete];
    /// A transactional id.
    TransactionalId = "transactional-id": [Describe, Read, Write, Create, Alter, Delete];
    /// The consumers and producers of a cluster, as they are shown.
    Client = "client": [Describe];
    /// An access control list of a cluster.
    Acl = "acl": [Describe, Create, Alter, Delete];
    /// A managed connector.
    Connector = "connector": [Describe, Create, Alter, Delete, Pause, Resume, Restart];
    /// A pipeline of Stream Designer.
    Pipeline = "pipeline": [Describe, Read, Write, Create, Alter, Delete];
    /// A ksqlDB cluster.
    Ksql = "ksql": [Describe, Create, Alter, Delete];
    /// Streams, tables and queries in a ksqlDB cluster.
    KsqlObject = "ksql-object": [Describe, Read, Write, Create, Alter, Delete];
    /// A Schema Registry; made and deleted is enabled and disabled.
    SchemaRegistry = "schema-registry": [Describe, Create, Alter, Delete];
    /// A schema subject.
    Subject = "subject": [Describe, Read, Write, Create, Alter, Delete];
    /// Compatibility levels of a Schema Registry.
    Compatibility = "compatibility": [Read, Write];
    /// A key encryption key.
    Kek = "kek": [Describe, Read, Write, Create, Alter, Delete];
    /// The stream catalogue: its metadata and its search.
    Catalog = "catalog": [Read];
    /// Tags of the stream catalogue.
    CatalogTag = "catalog-tag": [Read, Write, Create, Alter, Delete];
    /// Business metadata of the stream catalogue.
    BusinessMetadata = "business-metadata": [Read, Write, Create, Alter, Delete];
    /// Views of the lineage of streams.
    Lineage = "lineage": [Read];
    /// A compute pool of Flink.
    ComputePool = "compute-pool": [Describe, Create, Alter, Delete];
    /// A Flink statement.
    Statement = "statement": [Describe, Run, Stop, Delete];
    /// The results of a Flink statement.
    ResultSet = "result-set": [Read];
    /// A Flink workspace.
    Workspace = "workspace": [Describe, Create, Alter, Delete];
    /// A Flink artifact.
    Artifact = "artifact": [Describe, Create, Alter, Delete];
    /// A function of Flink that a user wrote.
    Function = "function": [Describe, Create, Delete];
    /// A connection of Flink to the outside.
    FlinkConnection = "flink-connection": [Describe, Create, Alter, Delete];
    /// A model for inference in Flink.
    Model = "model": [Describe, Create, Delete, Invoke];
    /// A person's account.
    User = "user": [Describe, Create, Alter, Delete, Invite];
    /// A service account.
    ServiceAccount = "service-account": [Describe, Create, Alter, Delete, Assign];
    /// An identity provider.
    IdentityProvider = "identity-provider": [Describe, Create, Alter, Delete];
    /// An identity pool.
    IdentityPool = "identity-pool": [Describe, Create, Alter, Delete];
    /// A group mapping of single sign-on.
    GroupMapping = "group-mapping": [Describe, Create, Alter, Delete];
    /// A provider integration.
    ProviderIntegration = "provider-integration": [Describe, Create, Alter, Delete, Assign];
    /// An API key for a Kafka cluster, a Schema Registry, a Flink region or a ksqlDB cluster.
    ResourceKey = "resource-key": [Describe, Create, Alter, Delete];
    /// A Cloud API key.
    CloudKey = "cloud-key": [Describe, Create, Alter, Delete];
    /// An encryption key that the customer brings.
    ByokKey = "byok-key": [Describe, Create, Delete];
    /// Networks and network connections.
    Network = "network": [Describe, Create, Alter, Delete];
    /// Metrics.
    Metrics = "metrics": [Read];
    /// Audit logs.
    AuditLog = "audit-log": [Read, Alter];
    /// Billing and payments.
    Billing = "billing": [Describe, Alter];
    /// The costs, as the API reports them.
    Cost = "cost": [Read];
    /// The plan of support.
    SupportPlan = "support-plan": [Describe, Alter];
}

impl Resource {
    /// Whether that can be done to a thing of this kind.
    pub fn knows(self, operation: Operation) -> bool {
        operation.is_access() || self.operations().contains(&operation)
    }

    /// Whether things of this kind can be at a place: bound to a topic, what a role gives on groups comes to nothing.
    pub fn can_be_at(self, place: &Scope) -> bool {
        let kind = place.kind();
        let named = Key::parse(self.as_str()).filter(|key| key.is_resource());
        !kind.is_resource() || named.is_none_or(|key| key == kind)
    }

    /// The kind of thing that a CRN ending in this key names.
    pub fn of(key: Key) -> Option<Self> {
        let cluster = matches!(key, Key::CloudCluster | Key::Kafka);
        let word = if cluster { Self::Cluster.as_str() } else { key.as_str() };
        Self::ALL.iter().copied().find(|resource| resource.as_str() == word)
    }
}

impl fmt::Display for Resource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// How far what a binding gives reaches from the place of the binding.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Reach {
    /// The place and all below it.
    #[default]
    Within,
    /// The whole organization.
    Organization,
    /// The places that contain it.
    Above,
    /// Within, and only what the holder owns, or runs as itself or as an account that it is Assigner of.
    Own,
    /// As `Own`, and in the cluster or Schema Registry that holds the place as well.
    OwnAbove,
    /// Within, and only what other principals own.
    Others,
}

/// How sure a statement is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Sure {
    /// The source says it.
    #[default]
    Stated,
    /// It follows from what the source says about something else.
    Inferred,
    /// Nobody could check it.
    Unverified,
}

/// What a role is for; the categories are ours, since the page's are lost.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Category {
    /// Managing a place with all that is in it.
    Administration,
    /// People and service accounts.
    Accounts,
    /// Programs and those who write them.
    Applications,
    /// Schemas and the catalogue of data.
    Governance,
    /// Flink.
    Flink,
    /// ksqlDB.
    Ksql,
    /// Watching, and keys.
    Operations,
    /// Networks.
    Network,
    /// Billing.
    Billing,
    /// Whatever an administrator added without saying.
    #[default]
    Other,
}

/// The types of Kafka clusters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum ClusterType {
    /// The least one.
    Basic,
    /// Standard.
    Standard,
    /// Enterprise.
    Enterprise,
    /// Dedicated.
    Dedicated,
    /// Freight.
    Freight,
}

impl fmt::Display for ClusterType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self:?}")
    }
}

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

impl From<AccountOperation> for Operation {
    fn from(operation: AccountOperation) -> Self {
        match operation {
            AccountOperation::InviteUser => Self::Invite,
            AccountOperation::DeleteUser => Self::Delete,
            AccountOperation::AlterUser => Self::Alter,
        }
    }
}
