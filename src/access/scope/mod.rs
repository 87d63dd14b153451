//! Where a role holds: a typed path below an organization. PURE.
//!
//! Text is parsed once, here; everything else compares typed paths. What does not round-trip is refused, not guessed.
//! `laws` holds the properties: round trip, canonical equality, containment as an order, and that no text panics.

mod cover;
mod crn;
mod key;
#[cfg(test)]
mod laws;

use std::fmt;

use serde::{Deserialize, Serialize};

pub use crn::{Crn, CrnError};
pub use key::Key;

/// How the last value of a scope is to be matched.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Pattern {
    /// Exactly the name.
    #[default]
    Literal,
    /// Every name that begins with it (`orders-*`).
    Prefixed,
    /// Every resource of the type (`*`).
    All,
}

/// One step of a path; for `Pattern::All` the last value is empty.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Step {
    /// What kind of thing it names.
    pub key: Key,
    /// The decoded name.
    pub value: String,
}

/// A place below an organization; no step at all is the organization itself.
///
/// Two scopes are equal when they are the same place: values are held decoded, and each place has one path. `kafka=`
/// below a cluster is a place of its own, since roles are bound to either and the vendor tells them apart.
// In files it is its relative CRN, so that no value can be read that could not have been built.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Scope {
    steps: Vec<Step>,
    pattern: Pattern,
}

/// Why steps do not make a scope.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ScopeError {
    /// The path has no such child there.
    #[error("`{child}` cannot stand below `{parent}`: {}", place_of(*.child))]
    Misplaced {
        /// The step that is in the wrong place.
        child: Key,
        /// What it was put below.
        parent: Key,
    },
    /// A name is empty, too long, or holds control characters.
    #[error("`{0}` needs a name of 1 to 255 characters without control characters")]
    BadName(Key),
    /// A literal name that ends in `*` cannot be told from a prefix on the wire.
    #[error("the name `{0}` ends in `*`: to match a prefix, say so with `patternType: Prefixed`")]
    StarInLiteral(String),
    /// Only resources can be matched by pattern, and only as the last step.
    #[error("`{0}` takes a name, not a pattern")]
    NoPattern(Key),
    /// A resource of Kafka is written below `kafka=`; as text it may not be left out.
    #[error("`{child}` stands below `kafka`: write `cloud-cluster={cluster}/kafka={cluster}/{child}=…`")]
    KafkaLeftOut {
        /// The resource.
        child: Key,
        /// The id under `cloud-cluster`.
        cluster: String,
    },
    /// `kafka=` repeats the id of the cluster it stands below.
    #[error("`kafka={kafka}` must repeat the id of `cloud-cluster={cluster}`")]
    KafkaDiffers {
        /// The id under `kafka`.
        kafka: String,
        /// The id under `cloud-cluster`.
        cluster: String,
    },
}

impl Scope {
    /// The organization itself.
    pub fn organization() -> Self {
        Self { steps: Vec::new(), pattern: Pattern::Literal }
    }

    /// An environment.
    pub fn environment(id: &str) -> Result<Self, ScopeError> {
        Self::organization().child(Key::Environment, id)
    }

    /// A Kafka cluster.
    pub fn cluster(environment: &str, id: &str) -> Result<Self, ScopeError> {
        Self::environment(environment)?.child(Key::CloudCluster, id)
    }

    /// The place that contains it; `None` for the organization.
    pub fn parent(&self) -> Option<Self> {
        let (_, above) = self.steps.split_last()?;
        Some(Self { steps: above.to_vec(), pattern: Pattern::Literal })
    }

    /// The scope one literal step further down.
    pub fn child(self, key: Key, name: &str) -> Result<Self, ScopeError> {
        self.child_matching(key, name, Pattern::Literal)
    }

    /// The scope one step further down, matched as told. The `kafka=` step that Kafka's resources need is put in.
    pub fn child_matching(mut self, key: Key, name: &str, pattern: Pattern) -> Result<Self, ScopeError> {
        if let Some(cluster) = self.kafka_missing(key) {
            let value = cluster.to_owned();
            self.steps.push(Step { key: Key::Kafka, value });
        }
        self.step(key, name, pattern)
    }

    /// The cluster whose `kafka=` is not yet there, and is needed above `key`.
    fn kafka_missing(&self, key: Key) -> Option<&str> {
        let cluster = self.steps.last().filter(|step| step.key == Key::CloudCluster)?;
        (key.parents() == [Key::Kafka]).then_some(cluster.value.as_str())
    }

    /// The scope one step further down, exactly as it is written.
    fn step(mut self, key: Key, name: &str, pattern: Pattern) -> Result<Self, ScopeError> {
        if self.pattern != Pattern::Literal {
            return Err(ScopeError::NoPattern(self.kind()));
        }
        if let Some(cluster) = self.kafka_missing(key) {
            return Err(ScopeError::KafkaLeftOut { child: key, cluster: cluster.to_owned() });
        }
        if !key.parents().contains(&self.kind()) {
            return Err(ScopeError::Misplaced { child: key, parent: self.kind() });
        }
        check_name(key, name, pattern)?;
        if key == Key::Kafka
            && let Some(cluster) = self.steps.last()
            && cluster.value != name
        {
            return Err(ScopeError::KafkaDiffers { kafka: name.to_owned(), cluster: cluster.value.clone() });
        }
        self.steps.push(Step { key, value: name.to_owned() });
        self.pattern = pattern;
        Ok(self)
    }

    /// What kind of place this is: the key of its last step.
    pub fn kind(&self) -> Key {
        self.steps.last().map_or(Key::Organization, |step| step.key)
    }

    /// The steps below the organization.
    pub fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// How the last step is matched.
    pub fn pattern(&self) -> Pattern {
        self.pattern
    }

    /// The name under a key, where the path has it.
    pub fn value(&self, key: Key) -> Option<&str> {
        self.steps.iter().find(|step| step.key == key).map(|step| step.value.as_str())
    }

    /// A few words for people, for example ``topic `orders-*` in lkc-1``.
    pub fn describe(&self) -> String {
        let Some(last) = self.steps.last() else {
            return "the organization".to_owned();
        };
        let name = match self.pattern {
            Pattern::Literal => last.value.clone(),
            Pattern::Prefixed => format!("{}*", last.value),
            Pattern::All => "*".to_owned(),
        };
        let within = self.steps.iter().rev().skip(1).find(|step| step.key != Key::Kafka);
        match within {
            Some(parent) => format!("{} {name} in {}", last.key.noun(), parent.value),
            None => format!("{} {name}", last.key.noun()),
        }
    }
}

/// Where a key stands, for a sentence.
fn place_of(key: Key) -> String {
    let parents: Vec<String> = key.parents().iter().map(|parent| format!("`{parent}`")).collect();
    match parents.as_slice() {
        [] => "everything else stands below it".to_owned(),
        _ => format!("it stands below {}", parents.join(" or ")),
    }
}

fn check_name(key: Key, name: &str, pattern: Pattern) -> Result<(), ScopeError> {
    if pattern != Pattern::Literal && !key.is_resource() {
        return Err(ScopeError::NoPattern(key));
    }
    let length = name.chars().count();
    let empty_is_right = pattern == Pattern::All;
    if empty_is_right != name.is_empty() || length > 255 || name.contains(char::is_control) {
        return Err(ScopeError::BadName(key));
    }
    if name.ends_with('*') {
        return Err(ScopeError::StarInLiteral(name.to_owned()));
    }
    Ok(())
}

impl fmt::Display for Scope {
    /// The relative CRN, for example `environment=env-1/cloud-cluster=lkc-1`; empty for the organization.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        crn::write_steps(self, f)
    }
}

impl From<Scope> for String {
    fn from(scope: Scope) -> Self {
        scope.to_string()
    }
}

impl TryFrom<String> for Scope {
    type Error = CrnError;

    fn try_from(text: String) -> Result<Self, CrnError> {
        text.parse()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn topic(name: &str, pattern: Pattern) -> Scope {
        Scope::cluster("env-1", "lkc-1").unwrap().child_matching(Key::Topic, name, pattern).unwrap()
    }

    #[test]
    fn kafka_resources_get_their_kafka_step() {
        assert_eq!(
            topic("orders", Pattern::Prefixed).to_string(),
            "environment=env-1/cloud-cluster=lkc-1/kafka=lkc-1/topic=orders*"
        );
        assert_eq!(topic("orders", Pattern::Literal).describe(), "topic orders in lkc-1");
    }

    #[test]
    fn steps_that_make_no_sense_are_refused() {
        let cluster = Scope::cluster("env-1", "lkc-1").unwrap();
        let cases = [
            (
                Scope::organization().child(Key::Topic, "a"),
                "`topic` cannot stand below `organization`: it stands below `kafka`",
            ),
            (cluster.clone().child(Key::Topic, "a*"), "ends in `*`"),
            (cluster.clone().child(Key::Topic, ""), "needs a name"),
            (cluster.clone().child(Key::Kafka, "lkc-2"), "must repeat the id"),
            (Scope::organization().child_matching(Key::Environment, "env", Pattern::Prefixed), "takes a name"),
        ];
        for (result, part) in cases {
            let error = result.unwrap_err().to_string();
            assert!(error.contains(part), "{error}");
        }
    }
}
