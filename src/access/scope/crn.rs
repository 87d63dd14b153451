//! CRNs as text: parse, print, percent-encoding. PURE.
//!
//! Source: the vendor's table "Confluent Resource Names" in its API reference, and the examples of its command line and
//! Terraform provider. The server returns percent-encoded values (seen: `:` as `%3A`) where it was sent plain ones, so two
//! CRNs are compared after decoding, as the provider does. The authority is always `confluent.cloud`: keys' own names
//! carry another, and no role is bound to one.

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

/// Why a text is not a CRN that we can stand for, with the part that is wrong.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CrnError {
    /// It does not begin as every binding's CRN does.
    #[error("a CRN begins with `crn://confluent.cloud/organization=<id>`, not with `{0}`")]
    Prefix(String),
    /// The organization has an id that no organization has.
    #[error("`organization={0}` is not an organization's id: it holds letters, digits and `-` alone")]
    Organization(String),
    /// A whole CRN stands where a place below an organization is expected.
    #[error("`{0}` is a whole CRN: write what follows the organization, for example `environment=env-1`")]
    NotRelative(String),
    /// A whole CRN names another organization than the one it is to lie in.
    #[error("the CRN is of the organization `{found}`, and this is `{expected}`")]
    OtherOrganization {
        /// The one that the text names.
        found: String,
        /// The one that it should name.
        expected: String,
    },
    /// A segment has no `=`.
    #[error("the segment `{0}` is not `key=value`")]
    Segment(String),
    /// Nothing stands between two `/`, or after the last.
    #[error("an empty segment is not `key=value`: write one `/` between two, and none at the end")]
    EmptySegment,
    /// A key that we do not know.
    #[error("the key `{key}` is not one that Roster knows{}", .near.map(|near| format!(": write `{near}`")).unwrap_or_default())]
    Key {
        /// What stands there.
        key: String,
        /// What was perhaps meant.
        near: Option<Key>,
    },
    /// A value that is not valid percent-encoded UTF-8.
    #[error("the value `{0}` is not valid percent-encoding: write a `%` in a name as `%25`")]
    Encoding(String),
    /// The steps do not make a scope.
    #[error(transparent)]
    Scope(#[from] ScopeError),
}

const SCHEME: &str = "crn://";
const AUTHORITY: &str = "crn://confluent.cloud/";

impl Crn {
    /// Reads a place in an organization: a whole CRN, which must be of that organization, or a relative one.
    pub fn within(organization: &str, text: &str) -> Result<Self, CrnError> {
        if !text.starts_with(SCHEME) {
            return Ok(Self { organization: organization.to_owned(), scope: text.parse()? });
        }
        let crn: Self = text.parse()?;
        if crn.organization == organization {
            return Ok(crn);
        }
        Err(CrnError::OtherOrganization { found: crn.organization, expected: organization.to_owned() })
    }
}

impl FromStr for Crn {
    type Err = CrnError;

    fn from_str(text: &str) -> Result<Self, CrnError> {
        let path = text.strip_prefix(AUTHORITY).ok_or_else(|| CrnError::Prefix(beginning(text)))?;
        let mut segments = path.split('/');
        let first = segments.next().unwrap_or_default();
        let organization = first
            .strip_prefix("organization=")
            .filter(|id| !id.is_empty())
            .ok_or_else(|| CrnError::Prefix(format!("{AUTHORITY}{first}")))?;
        Ok(Self { organization: organization_id(organization)?, scope: parse_segments(segments)? })
    }
}

/// What a text that is no CRN begins with: its scheme and authority, or its first segment.
fn beginning(text: &str) -> String {
    let (scheme, rest) = text.strip_prefix(SCHEME).map_or(("", text), |rest| (SCHEME, rest));
    let first: String = rest.split('/').next().unwrap_or_default().chars().take(64).collect();
    format!("{scheme}{first}")
}

/// Ids are opaque, but what needs encoding is none; UUIDs are compared without regard to case.
fn organization_id(text: &str) -> Result<String, CrnError> {
    let id = decode(text)?;
    if id.chars().all(|c| c.is_ascii_alphanumeric() || c == '-') {
        return Ok(id.to_ascii_lowercase());
    }
    Err(CrnError::Organization(text.to_owned()))
}

impl FromStr for Scope {
    type Err = CrnError;

    /// Reads a relative CRN, as [`Scope`] prints it.
    fn from_str(text: &str) -> Result<Self, CrnError> {
        if text.is_empty() {
            return Ok(Self::organization());
        }
        if text.starts_with(SCHEME) {
            return Err(CrnError::NotRelative(beginning(text)));
        }
        parse_segments(text.split('/'))
    }
}

fn parse_segments<'a>(segments: impl Iterator<Item = &'a str>) -> Result<Scope, CrnError> {
    let mut scope = Scope::organization();
    for segment in segments {
        if segment.is_empty() {
            return Err(CrnError::EmptySegment);
        }
        let (name, value) = segment.split_once('=').ok_or_else(|| CrnError::Segment(segment.to_owned()))?;
        let key = Key::parse(name).ok_or_else(|| CrnError::Key { key: name.to_owned(), near: Key::nearest(name) })?;
        // A `%2A` is a literal star; only a bare one is a pattern, and only as the last character.
        let (raw, pattern) = match value.strip_suffix('*') {
            Some("") => ("", Pattern::All),
            Some(prefix) => (prefix, Pattern::Prefixed),
            None => (value, Pattern::Literal),
        };
        scope = scope.step(key, &decode(raw)?, pattern)?;
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
            "/identity-provider=op-1",
            "/group-mapping=group-1",
            "/user=u-1",
            "/environment=env-1/schema-registry=lsrc-1",
            "/environment=env-1/flink-region=aws.us-east-1",
            "/environment=env-1/provider-integration=cspi-1",
            "/environment=env-1/network=n-1",
            "/environment=env-1/usm-kafka-cluster=usmkc-1",
            "/environment=env-1/usm-connect-cluster=usmcc-1",
            "/environment=env-1/cloud-cluster=lkc-1/connector=*",
            "/environment=env-1/cloud-cluster=lkc-1/ksql=sales%20team",
        ];
        for form in forms {
            let text = format!("{ORG}{form}");
            let crn: Crn = text.parse().unwrap();
            assert_eq!(crn.to_string(), text);
            let relative = form.strip_prefix('/').unwrap_or(form);
            assert_eq!(relative.parse::<Scope>().unwrap(), crn.scope);
            assert_eq!(crn.scope.to_string(), relative);
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
            ("crn://api.confluent.cloud/organization=o", "not with `crn://api.confluent.cloud`"),
            ("lkc-1", "not with `lkc-1`"),
            ("crn://confluent.cloud/environment=env-1", "not with `crn://confluent.cloud/environment=env-1`"),
            ("crn://confluent.cloud/organization=*", "`organization=*` is not an organization's id"),
            ("crn://confluent.cloud/organization=a%2Fb", "`organization=a%2Fb` is not an organization's id"),
            ("crn://confluent.cloud/organization=o/", "an empty segment"),
            ("crn://confluent.cloud/organization=o/organization=o", "`organization` cannot stand below `organization`"),
            (
                "crn://confluent.cloud/organization=o/Environment=e",
                "`Environment` is not one that Roster knows: write `environment`",
            ),
            ("crn://confluent.cloud/organization=o/environment=e/cluster=l", "write `cloud-cluster`"),
            ("crn://confluent.cloud/organization=o/ServiceAccount=sa-1", "write `service-account`"),
            (
                "crn://confluent.cloud/organization=o/environment=e/cloud-cluster=a/topic=t",
                "write `cloud-cluster=a/kafka=a/topic=…`",
            ),
            (
                "crn://confluent.cloud/organization=o/environment=e/cloud-cluster=a/kafka=a/connector=c",
                "`connector` cannot stand below `kafka`: it stands below `cloud-cluster`",
            ),
            (
                "crn://confluent.cloud/organization=o/environment=e/cloud-cluster=a/schema-registry=l",
                "it stands below `environment`",
            ),
            ("crn://confluent.cloud/organization=o/service-account=sa*/user=u", "`service-account` takes a name"),
            ("crn://confluent.cloud/organization=o/service-account=sa%2A", "the name `sa*` ends in `*`"),
            ("crn://confluent.cloud/organization=o/service-account=sa**", "the name `sa*` ends in `*`"),
            ("crn://confluent.cloud/organization=o/service-account=", "`service-account` needs a name"),
            ("crn://confluent.cloud/organization=o/service-account=a%0Ab", "without control characters"),
            ("crn://confluent.cloud/organization=o/service-account=%FF", "`%FF` is not valid percent-encoding"),
            ("crn://confluent.cloud/organization=o/service-account=50%", "write a `%` in a name as `%25`"),
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

    #[test]
    fn a_place_is_read_whole_or_relative() {
        let read = |text: &str| Crn::within("o", text).map(|crn| crn.to_string()).map_err(|error| error.to_string());
        let environment = "crn://confluent.cloud/organization=o/environment=env-1";
        assert_eq!(read(environment).unwrap(), environment);
        assert_eq!(read("environment=env-1").unwrap(), environment);
        assert_eq!(read("").unwrap(), "crn://confluent.cloud/organization=o");
        let other = read("crn://confluent.cloud/organization=p").unwrap_err();
        assert_eq!(other, "the CRN is of the organization `p`, and this is `o`");
        let relative = environment.parse::<Scope>().unwrap_err().to_string();
        assert!(relative.contains("`crn://confluent.cloud` is a whole CRN"), "{relative}");
    }
}
