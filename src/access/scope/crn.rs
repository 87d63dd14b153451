//! CRNs as text: parse, print, percent-encoding. PURE.
//!
//! The server returns percent-encoded values (seen: `:` as `%3A`) where it was sent plain ones, so two CRNs are compared
//! after decoding; see "CRN grammar for bindings" in the roles' facts.

use std::{
    fmt::{self, Write as _},
    str::FromStr,
};

use super::{Key, Pattern, Scope, ScopeError};

/// A scope with the organization it is in.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Crn {
    /// The organization's UUID, lower case.
    pub organization: String,
    /// The place below it.
    pub scope: Scope,
}

/// Why a text is not a CRN that we can stand for.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CrnError {
    /// It does not begin as every binding's CRN does.
    #[error("a CRN begins with `crn://confluent.cloud/organization=<id>`")]
    Prefix,
    /// A segment has no `=`.
    #[error("the segment `{0}` is not `key=value`")]
    Segment(String),
    /// A key that we do not know.
    #[error("the key `{0}` is not one that Roster knows")]
    Key(String),
    /// A value that is not valid percent-encoded UTF-8.
    #[error("the value `{0}` is not valid percent-encoding")]
    Encoding(String),
    /// The steps do not make a scope.
    #[error(transparent)]
    Scope(#[from] ScopeError),
}

const AUTHORITY: &str = "crn://confluent.cloud/";

impl FromStr for Crn {
    type Err = CrnError;

    fn from_str(text: &str) -> Result<Self, CrnError> {
        let path = text.strip_prefix(AUTHORITY).ok_or(CrnError::Prefix)?;
        let mut segments = path.split('/');
        let organization = segments
            .next()
            .and_then(|first| first.strip_prefix("organization="))
            .filter(|id| !id.is_empty())
            .ok_or(CrnError::Prefix)?;
        let organization = decode(organization)?.to_lowercase();
        Ok(Self { organization, scope: parse_segments(segments)? })
    }
}

impl FromStr for Scope {
    type Err = CrnError;

    /// Reads a relative CRN, as [`Scope`] prints it.
    fn from_str(text: &str) -> Result<Self, CrnError> {
        if text.is_empty() {
            return Ok(Self::organization());
        }
        parse_segments(text.split('/'))
    }
}

fn parse_segments<'a>(segments: impl Iterator<Item = &'a str>) -> Result<Scope, CrnError> {
    let mut scope = Scope::organization();
    for segment in segments {
        let (name, value) = segment.split_once('=').ok_or_else(|| CrnError::Segment(segment.to_owned()))?;
        let key = Key::parse(name).ok_or_else(|| CrnError::Key(name.to_owned()))?;
        // A `%2A` is a literal star; only a bare one is a pattern.
        let (raw, pattern) = match value.strip_suffix('*') {
            Some("") => ("", Pattern::All),
            Some(prefix) => (prefix, Pattern::Prefixed),
            None => (value, Pattern::Literal),
        };
        scope = scope.child_matching(key, &decode(raw)?, pattern)?;
    }
    Ok(scope)
}

impl fmt::Display for Crn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{AUTHORITY}organization={}", self.organization)?;
        if !self.scope.steps().is_empty() {
            write!(f, "/{}", self.scope)?;
        }
        Ok(())
    }
}

/// Writes the steps of a scope, joined by `/`.
pub(super) fn write_steps(scope: &Scope, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    for (index, step) in scope.steps().iter().enumerate() {
        if index > 0 {
            f.write_str("/")?;
        }
        write!(f, "{}={}", step.key, encode(&step.value))?;
    }
    if scope.pattern() != Pattern::Literal {
        f.write_str("*")?;
    }
    Ok(())
}

/// Encodes only what would change the meaning of the path; the server takes everything else as it is.
fn encode(value: &str) -> String {
    let mut text = String::with_capacity(value.len());
    for c in value.chars() {
        if matches!(c, '%' | '/' | '?' | '#' | '*') || c.is_whitespace() {
            let mut bytes = [0; 4];
            for byte in c.encode_utf8(&mut bytes).bytes() {
                text.push('%');
                let _ = write!(text, "{byte:02X}");
            }
        } else {
            text.push(c);
        }
    }
    text
}

fn decode(text: &str) -> Result<String, CrnError> {
    let broken = || CrnError::Encoding(text.to_owned());
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let mut digit = || rest.next().and_then(|d| char::from(d).to_digit(16)).ok_or_else(broken);
        let (high, low) = (digit()?, digit()?);
        bytes.push(u8::try_from(high * 16 + low).map_err(|_| broken())?);
    }
    String::from_utf8(bytes).map_err(|_| broken())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const ORG: &str = "crn://confluent.cloud/organization=9bb441c4-edef-46ac-8a41-c49e44a3fd9a";

    #[test]
    fn every_documented_form_is_read_and_printed_back() {
        let forms = [
            "",
            "/environment=env-1",
            "/environment=env-1/cloud-cluster=lkc-1",
            "/environment=env-1/cloud-cluster=lkc-1/kafka=lkc-1",
            "/environment=env-1/cloud-cluster=lkc-1/kafka=lkc-1/topic=orders",
            "/environment=env-1/cloud-cluster=lkc-1/kafka=lkc-1/topic=orders-*",
            "/environment=env-1/cloud-cluster=lkc-1/kafka=lkc-1/topic=*",
            "/environment=env-1/cloud-cluster=lkc-1/kafka=lkc-1/group=g",
            "/environment=env-1/cloud-cluster=lkc-1/kafka=lkc-1/transactional-id=t",
            "/environment=env-1/cloud-cluster=lkc-1/connector=sink",
            "/environment=env-1/cloud-cluster=lkc-1/ksql=my-ksql",
            "/environment=env-1/schema-registry=lsrc-1/subject=:.ctx:orders-value",
            "/environment=env-1/schema-registry=lsrc-1/kek=k",
            "/environment=env-1/flink-region=aws.us-east-1/compute-pool=lfcp-1",
            "/service-account=sa-1",
            "/service-account=*",
            "/identity-provider=op-1/identity-pool=pool-1",
            "/group-mapping=group-1",
        ];
        for form in forms {
            let text = format!("{ORG}{form}");
            let crn: Crn = text.parse().unwrap();
            assert_eq!(crn.to_string(), text);
        }
    }

    #[test]
    fn encoded_and_plain_values_are_the_same_scope() {
        let plain: Crn = format!("{ORG}/environment=env-1/schema-registry=lsrc-1/subject=:.a:b").parse().unwrap();
        let encoded: Crn = format!("{ORG}/environment=env-1/schema-registry=lsrc-1/subject=%3A.a%3Ab").parse().unwrap();
        assert_eq!(plain, encoded);
    }

    #[test]
    fn what_cannot_be_stood_for_is_refused() {
        let cases = [
            ("crn://elsewhere/organization=o", "begins with"),
            ("crn://confluent.cloud/organization=", "begins with"),
            ("crn://confluent.cloud/organization=o/environment", "is not `key=value`"),
            ("crn://confluent.cloud/organization=o/planet=mars", "not one that Roster knows"),
            ("crn://confluent.cloud/organization=o/environment=%zz", "percent-encoding"),
            ("crn://confluent.cloud/organization=o/environment=env-1/topic=a", "cannot stand below"),
            ("crn://confluent.cloud/organization=o/environment=env-*", "takes a name"),
            ("crn://confluent.cloud/organization=o/environment=e/cloud-cluster=a/kafka=b/topic=t", "must repeat"),
            ("crn://confluent.cloud/organization=o/environment=e//cloud-cluster=a", "is not `key=value`"),
        ];
        for (text, part) in cases {
            let error = text.parse::<Crn>().unwrap_err().to_string();
            assert!(error.contains(part), "{text}: {error}");
        }
    }

    proptest! {
        #[test]
        fn any_name_survives_the_round_trip(name in "[^\\p{Cc}*]{1,40}", prefixed: bool) {
            let pattern = if prefixed { Pattern::Prefixed } else { Pattern::Literal };
            let scope = Scope::cluster("env-1", "lkc-1").unwrap().child_matching(Key::Topic, &name, pattern).unwrap();
            let crn = Crn { organization: "o".to_owned(), scope };
            prop_assert_eq!(crn.to_string().parse::<Crn>().unwrap(), crn);
        }

        #[test]
        fn no_text_makes_the_parser_panic(text in ".{0,80}") {
            let _ = text.parse::<Crn>();
            let _ = text.parse::<Scope>();
        }
    }
}
