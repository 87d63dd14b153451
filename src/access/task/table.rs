//! The tasks as data. PURE.

use crate::access::{
    catalogue::{Operation, Resource},
    effective::Whose,
};

use super::{At, Note, Right, Task, With};

/// The rule of the catalogue that holds the prefix of the CLI's groups.
pub(super) const CLI_GROUP_PREFIX: &str = "cli-group-prefix";

const CONSUME: &[&str] = &["consume topic NAME", "consume topic", "consume messages topic NAME"];
const PRODUCE: &[&str] = &["produce topic NAME", "produce topic", "produce messages topic NAME"];
const RUN: &[&str] = &["run statement", "run Flink statement", "run Flink SQL statement", "run statement NAME"];
const RESULTS: &[&str] = &["read results", "see results", "read results statement", "read results statement NAME"];

const READ_TOPIC: Right = right(Operation::Read, Resource::Topic, At::Thing);
const READ_GROUP: Right = right(Operation::Read, Resource::Group, At::With);
const WRITE_TOPIC: Right = right(Operation::Write, Resource::Topic, At::Thing);
const RUN_STATEMENT: Right = right(Operation::Run, Resource::Statement, At::Place);
const READ_RESULTS: Right = owned(Operation::Read, Resource::ResultSet, Whose::Own);
const ASSIGN: Right = right(Operation::Assign, Resource::ServiceAccount, At::With);
const INVITE: Right = right(Operation::Invite, Resource::User, At::Organization);

const CONSUME_NEEDS_GROUP: Note = Note::Rule("consume-needs-group", 180);
const STATEMENTS_ARE_VISIBLE: Note = Note::Rule("statements-are-visible", 242);
const KEYS_STAY: Note = Note::Rule("keys-stay", 21);
const INVITATION: Note = Note::Ours(
    "an invitation gives no role: what the person may do comes from bindings of their own, and where single sign-on is on \
     from its default mapping as well",
);

/// Every task. Where the same words ask for several, `with` tells them apart.
pub const TASKS: [Task; 16] = [
    Task {
        id: "consume",
        does: "read a topic in a consumer group",
        phrases: CONSUME,
        with: Some(With::Group),
        how: "in the consumer group `NAME`",
        thing: Resource::Topic,
        rights: &[READ_TOPIC, READ_GROUP],
        notes: &[],
    },
    Task {
        id: "consume-with-cli",
        does: "read a topic with the vendor's CLI, in a group of its choice",
        phrases: CONSUME,
        with: Some(With::Cli),
        how: "with the vendor's CLI",
        thing: Resource::Topic,
        rights: &[READ_TOPIC, READ_GROUP],
        notes: &[Note::Rule(CLI_GROUP_PREFIX, 181)],
    },
    Task {
        id: "consume-by-hand",
        does: "read a topic without a group, partitions assigned by hand",
        phrases: &["consume topic NAME", "consume topic", "consume messages topic NAME", "consume topic NAME by hand"],
        with: None,
        how: "without a consumer group",
        thing: Resource::Topic,
        rights: &[READ_TOPIC],
        notes: &[
            CONSUME_NEEDS_GROUP,
            Note::Ours("ask for a group with `--consumer-group NAME`, and for the vendor's CLI with `--with-cli`"),
        ],
    },
    Task {
        id: "produce",
        does: "write to a topic",
        phrases: PRODUCE,
        with: None,
        how: "",
        thing: Resource::Topic,
        rights: &[WRITE_TOPIC],
        notes: &[Note::Ours("this is without transactions: ask for these with `--transactional-id NAME`")],
    },
    Task {
        id: "produce-with-transactions",
        does: "write to a topic in transactions",
        phrases: PRODUCE,
        with: Some(With::TransactionalId),
        how: "in transactions of `NAME`",
        thing: Resource::Topic,
        rights: &[WRITE_TOPIC, right(Operation::Write, Resource::TransactionalId, At::With)],
        notes: &[Note::Ours(
            "a program that also commits what it consumed needs to consume as well: ask with `consume` and its group",
        )],
    },
    Task {
        id: "create-connector",
        does: "make a managed connector",
        phrases: &["create connector NAME", "create connector", "make connector NAME", "make connector"],
        with: None,
        how: "",
        thing: Resource::Connector,
        rights: &[right(Operation::Create, Resource::Connector, At::Thing)],
        notes: &[Note::Ours(
            "what the account needs that the connector runs as, the vendor's page does not say: ask about that account's topics, \
             with `consume` for a sink and `produce` for a source",
        )],
    },
    Task {
        id: "run-statement",
        does: "run a Flink statement under one's own name",
        phrases: RUN,
        with: None,
        how: "as themselves",
        thing: Resource::Statement,
        rights: &[RUN_STATEMENT],
        notes: &[
            Note::Ours(
                "what the statement reads and writes takes rights of its own: ask with `read topic`, `write topic`",
            ),
            STATEMENTS_ARE_VISIBLE,
        ],
    },
    Task {
        id: "run-statement-as",
        does: "run a Flink statement as a service account",
        phrases: RUN,
        with: Some(With::ServiceAccount),
        how: "as the service account `NAME`",
        thing: Resource::Statement,
        rights: &[RUN_STATEMENT, ASSIGN],
        notes: &[
            Note::Ours("what the statement reads and writes takes rights of the account: ask about the account, too"),
            STATEMENTS_ARE_VISIBLE,
        ],
    },
    Task {
        id: "read-results",
        does: "read the results of a Flink statement of one's own",
        phrases: RESULTS,
        with: None,
        how: "of a statement that they ran as themselves",
        thing: Resource::Statement,
        rights: &[READ_RESULTS],
        notes: &[Note::Ours("ask for one that ran as a service account with `--as-service-account NAME`")],
    },
    Task {
        id: "read-results-as",
        does: "read the results of one that ran as a service account",
        phrases: RESULTS,
        with: Some(With::ServiceAccount),
        how: "of a statement that ran as the service account `NAME`",
        thing: Resource::Statement,
        // The result counts as theirs where they may assign the account, so this takes both.
        rights: &[READ_RESULTS, ASSIGN],
        notes: &[],
    },
    Task {
        id: "read-messages",
        does: "look at a topic's messages in the console",
        phrases: &[
            "read messages topic NAME",
            "read messages topic NAME console",
            "read messages topic",
            "see messages topic NAME console",
            "see messages topic NAME",
            "view messages topic NAME console",
            "view messages topic NAME",
        ],
        with: None,
        how: "",
        thing: Resource::Topic,
        rights: &[READ_TOPIC],
        notes: &[Note::Rule("messages-in-console", 7)],
    },
    Task {
        id: "manage-own-keys",
        does: "make, change and delete API keys of one's own",
        phrases: &["manage own keys", "manage keys", "manage own API keys", "manage API keys"],
        with: None,
        how: "",
        thing: Resource::ResourceKey,
        rights: &[
            owned(Operation::Create, Resource::ResourceKey, Whose::Own),
            owned(Operation::Alter, Resource::ResourceKey, Whose::Own),
            owned(Operation::Delete, Resource::ResourceKey, Whose::Own),
        ],
        notes: &[
            Note::Ours(
                "keys of others and Cloud keys are other rights: ask with `manage others' keys`, `manage Cloud keys`",
            ),
            KEYS_STAY,
        ],
    },
    Task {
        id: "manage-others-keys",
        does: "make, change and delete API keys of other principals",
        phrases: &["manage others' keys", "manage others' API keys", "manage other keys"],
        with: None,
        how: "",
        thing: Resource::ResourceKey,
        rights: &[
            owned(Operation::Create, Resource::ResourceKey, Whose::Others),
            owned(Operation::Alter, Resource::ResourceKey, Whose::Others),
            owned(Operation::Delete, Resource::ResourceKey, Whose::Others),
        ],
        notes: &[
            Note::Ours(
                "ResourceKeyAdmin gives it for keys of service accounts; of other people's the vendor's page says nothing",
            ),
            KEYS_STAY,
        ],
    },
    Task {
        id: "manage-cloud-keys",
        does: "make, change and delete Cloud API keys",
        phrases: &["manage Cloud keys", "manage Cloud API keys"],
        with: None,
        how: "",
        thing: Resource::CloudKey,
        rights: &[
            right(Operation::Create, Resource::CloudKey, At::Organization),
            right(Operation::Alter, Resource::CloudKey, At::Organization),
            right(Operation::Delete, Resource::CloudKey, At::Organization),
        ],
        notes: &[Note::Rule("cloud-keys", 375), KEYS_STAY],
    },
    Task {
        id: "invite-person",
        does: "invite a person to the organization",
        phrases: &[
            "invite person",
            "invite people",
            "invite users",
            "invite person NAME",
            "invite user NAME",
            "invite NAME",
        ],
        with: None,
        how: "",
        thing: Resource::User,
        rights: &[INVITE],
        notes: &[INVITATION],
    },
    Task {
        id: "provision-person",
        does: "invite, make service accounts, and give both access",
        phrases: &[
            "provision person",
            "provision people",
            "provision users",
            "provision person NAME",
            "provision NAME",
        ],
        with: None,
        how: "",
        thing: Resource::User,
        rights: &[
            INVITE,
            right(Operation::Create, Resource::ServiceAccount, At::Organization),
            Right { operation: Operation::AlterAccess, resource: None, at: At::Place, whose: Whose::Anybodys },
        ],
        notes: &[Note::Rule("account-administrator", 57), Note::Rule("service-account-creation", 116)],
    },
];

const fn right(operation: Operation, resource: Resource, at: At) -> Right {
    Right { operation, resource: Some(resource), at, whose: Whose::Anybodys }
}

/// A right on what somebody owns in the place that was named.
const fn owned(operation: Operation, resource: Resource, whose: Whose) -> Right {
    Right { operation, resource: Some(resource), at: At::Place, whose }
}
