//! Advice: what is worth knowing about access and holds nothing up. PURE.
//!
//! Each rule has a name, a severity, a sentence, a reason and a source, as data in `rules.yaml`, with manifests that it speaks
//! up about and others that it does not. What it looks at are the functions beside this file, which `roster lint` and the
//! operator share.

mod grant;
mod organization;
mod person;
mod suppression;

#[cfg(test)]
mod tests;

use std::{fmt, sync::LazyLock};

use serde::Deserialize;

pub use grant::{Granted, MOST_COMPARED, Rest, grant};
pub use organization::{Counted, organization};
pub use person::{Person, person};
pub use suppression::{Wrong, left, suppressed};

/// Most administrators of an organization before advice says that they are many.
pub const MANY_ADMINS: usize = 5;

/// One piece of advice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Advice {
    /// The rule that it comes from.
    pub rule: Rule,
    /// What was seen, and what to do.
    pub message: String,
}

impl Advice {
    /// What a rule has to say here.
    pub fn new(rule: Rule, message: impl Into<String>) -> Self {
        Self { rule, message: message.into() }
    }
}

macro_rules! rules {
    ($($(#[doc = $doc:literal])+ $name:ident;)+) => {
        /// A rule; `rules.yaml` says more of each.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Rule { $($(#[doc = $doc])+ $name,)+ }

        impl Rule {
            /// Every rule, in the order of the documentation.
            pub const ALL: &'static [Self] = &[$(Self::$name,)+];

            /// Its name.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$name => stringify!($name),)+ }
            }
        }
    };
}

rules! {
    /// A person with `MetricsViewer`.
    MetricsViewerForPerson;
    /// A topic without a group.
    ConsumeWithoutGroup;
    /// A person without any role.
    PersonWithoutRole;
    /// Groups alone, to see who consumes.
    ClientsByChance;
    /// `ResourceKeyAdmin`, which makes no keys for its holder.
    KeysForOthersOnly;
    /// A binding that adds nothing to another.
    ContainedBinding;
    /// One grant, several objects.
    SharedGrant;
    /// A role that no source verifies.
    UnverifiedRole;
    /// Keys for ksqlDB that outlive an administrator's binding.
    KsqlKeysSurvive;
    /// Keys that outlive any binding.
    KeysOutliveBinding;
    /// `KsqlAdmin` that reaches no topic.
    KsqlAdminWithoutKafka;
    /// A binding that goes with its ksqlDB cluster.
    BindingGoesWithKsql;
    /// Flink statements that others read.
    StatementsAreVisible;
    /// Assigner on every service account.
    AssignerOnAll;
    /// `ResourceOwner` of what others name.
    WideOwner;
    /// `DataSteward`, who deletes subjects.
    StewardDeletesSubjects;
    /// Somebody becomes `OrganizationAdmin`.
    NewOrganizationAdmin;
    /// Fewer than two administrators.
    SingleOrganizationAdmin;
    /// More administrators than [`MANY_ADMINS`].
    ManyOrganizationAdmins;
    /// A deletion that takes keys along.
    DeletionTakesKeys;
    /// A password where others have single sign-on.
    LocalUserInSsoOrganization;
    /// One person, several objects.
    SharedPerson;
    /// A publisher without a group.
    NoGroup;
    /// A publisher with fewer than two owners.
    FewOwners;
    /// A personal mailbox.
    PersonalMailDomain;
    /// A mailbox that nobody is said to read.
    MailboxNotAttested;
    /// An account of an unsupported kind.
    UnknownAccountType;
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// How much advice matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// It is right, and worth knowing.
    Note,
    /// It is likely not what is wanted.
    Warning,
}

/// Where a rule is from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Document {
    /// The vendor's page on predefined roles.
    Roles,
    /// Microsoft's page on the users of the Cloud Partner Portal.
    Publisher,
    /// Other documents of the vendors'.
    Facts,
    /// Ourselves.
    Roster,
}

/// A document, and its line where it has lines that are known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Source {
    /// Which.
    pub document: Document,
    /// From 1.
    #[serde(default)]
    pub line: Option<usize>,
}

/// What can show that a rule applies.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
pub enum Seen {
    /// Manifests, and what the backend holds.
    #[default]
    Manifests,
    /// Only what the backend holds.
    Status,
}

/// What is told of a rule.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Text {
    /// Its name.
    pub rule: String,
    /// How much it matters.
    pub severity: Severity,
    /// One sentence.
    pub says: String,
    /// What happens otherwise.
    pub why: String,
    /// Where it is from.
    pub source: Source,
    /// What can show it.
    #[serde(default)]
    pub seen: Seen,
    /// Manifests that it speaks up about; empty where no manifest can show it.
    #[serde(default)]
    pub bad: String,
    /// Manifests of the same intent that it does not speak up about.
    #[serde(default)]
    pub good: String,
}

static TEXTS: LazyLock<Result<Vec<Text>, serde_yaml::Error>> =
    LazyLock::new(|| serde_yaml::from_str(include_str!("rules.yaml")));
static UNTOLD: LazyLock<Text> = LazyLock::new(|| Text {
    rule: String::new(),
    severity: Severity::Warning,
    says: String::new(),
    why: String::new(),
    source: Source { document: Document::Roster, line: None },
    seen: Seen::Status,
    bad: String::new(),
    good: String::new(),
});

/// Why the program cannot tell of its rules, if it cannot: then it does not start, as advice without words would be none.
pub fn untold() -> Option<String> {
    let texts = match TEXTS.as_ref() {
        Ok(texts) => texts,
        Err(error) => return Some(error.to_string()),
    };
    let missing = Rule::ALL.iter().find(|rule| texts.iter().all(|text| text.rule != rule.as_str()));
    missing.map(|rule| format!("nothing is told of `{rule}`"))
}

impl Rule {
    /// What is told of it; [`untold`] is asked at the start, and a test sees to it that every rule is told of.
    pub fn text(self) -> &'static Text {
        let told = TEXTS.as_ref().ok().and_then(|texts| texts.iter().find(|text| text.rule == self.as_str()));
        told.unwrap_or(&UNTOLD)
    }

    /// The rule of that name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|rule| rule.as_str() == name)
    }

    /// The names that are nearest to a wrong one.
    pub fn nearest(name: &str) -> Vec<&'static str> {
        super::catalogue::nearest_names(name, Self::ALL.iter().map(|rule| rule.as_str()))
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Note => "note",
            Self::Warning => "warning",
        })
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.document {
            Document::Roles => "the vendor's page on predefined roles",
            Document::Publisher => "Microsoft's page on the users of the Cloud Partner Portal",
            Document::Facts => "other documents of the vendor's",
            Document::Roster => "Roster's own judgement",
        })?;
        self.line.map_or(Ok(()), |line| write!(f, ", line {line}"))
    }
}
