//! The address of an API: read once, and the only place requests go to. PURE.

use std::{borrow::Cow, fmt};

use reqwest::Url;

/// Where an API is: `http` or `https`, a host, and perhaps a path that everything stands below.
#[derive(Clone, PartialEq, Eq)]
pub struct Endpoint {
    base: Url,
}

/// Why a text is not an endpoint. No message repeats the text, which may hold a password.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EndpointError {
    /// Not a URL at all.
    #[error("the endpoint is not a URL ({0}): write it as `https://api.confluent.cloud`")]
    NotUrl(String),
    /// Another scheme.
    #[error("the endpoint begins with `{0}://`: use `https://`")]
    Scheme(String),
    /// A user name or password in it.
    #[error("the endpoint holds a user name or password: put credentials in the Secret that `secretRef` names")]
    UserInfo,
    /// A query or fragment.
    #[error("the endpoint holds a `?` or `#`: end it after the host or path")]
    Query,
}

impl Endpoint {
    /// Reads and checks an address.
    pub fn parse(text: &str) -> Result<Self, EndpointError> {
        let mut base = Url::parse(text.trim()).map_err(|error| EndpointError::NotUrl(error.to_string()))?;
        if !matches!(base.scheme(), "https" | "http") {
            return Err(EndpointError::Scheme(base.scheme().to_owned()));
        }
        if !base.username().is_empty() || base.password().is_some() {
            return Err(EndpointError::UserInfo);
        }
        if base.query().is_some() || base.fragment().is_some() {
            return Err(EndpointError::Query);
        }
        let path = base.path().trim_end_matches('/').to_owned();
        base.set_path(&path);
        Ok(Self { base })
    }

    /// Whether the way there is encrypted.
    pub fn is_https(&self) -> bool {
        self.base.scheme() == "https"
    }

    /// Whether it is this machine: `localhost`, or a loopback address.
    pub fn is_loopback(&self) -> bool {
        let host = self.host();
        let bare = host.trim_start_matches('[').trim_end_matches(']');
        host == "localhost" || bare.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
    }

    /// The host, for messages and for the controller's rules on plain `http`.
    pub fn host(&self) -> &str {
        self.base.host_str().unwrap_or_default()
    }

    /// Scheme, host and port.
    pub(super) fn origin(&self) -> String {
        self.base.origin().ascii_serialization()
    }

    /// The address of one path below. `{…}` segments of the template are replaced by the arguments, in order, each
    /// percent-encoded; `None` where an argument could leave its segment (empty, `.`, `..`) or is missing.
    pub(super) fn at(
        &self,
        template: &str,
        arguments: &[String],
        query: &[(Cow<'static, str>, String)],
    ) -> Option<Url> {
        let mut url = self.base.clone();
        let mut arguments = arguments.iter();
        {
            let mut path = url.path_segments_mut().ok()?;
            path.pop_if_empty();
            for segment in template.split('/').filter(|segment| !segment.is_empty()) {
                if segment.starts_with('{') {
                    let argument = arguments.next()?;
                    if matches!(argument.as_str(), "" | "." | "..") {
                        return None;
                    }
                    path.push(argument);
                } else {
                    path.push(segment);
                }
            }
        }
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        Some(url)
    }

    /// The address of one path below, to compare with.
    pub(in crate::backend) fn below(&self, template: &str, arguments: &[String]) -> Option<Url> {
        self.at(template, arguments, &[])
    }

    /// Reads a URL that the server gave, relative ones against this address.
    pub(in crate::backend) fn resolve(&self, text: &str) -> Option<Url> {
        self.base.join(text).ok()
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.base.as_str().trim_end_matches('/'))
    }
}

impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Endpoint({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_a_plain_address_is_refused_without_repeating_it() {
        let cases = [
            ("https://api.confluent.cloud", None),
            (" https://api.confluent.cloud/ ", None),
            ("http://[::1]:8080/confluent/", None),
            ("api.confluent.cloud", Some("is not a URL")),
            ("ftp://api.confluent.cloud", Some("begins with `ftp://`")),
            ("https://key:hunter2@api.confluent.cloud", Some("user name or password")),
            ("https://key@api.confluent.cloud", Some("user name or password")),
            ("https://api.confluent.cloud?x=hunter2", Some("`?` or `#`")),
            ("https://api.confluent.cloud#x", Some("`?` or `#`")),
            ("https://", Some("is not a URL")),
        ];
        for (text, refusal) in cases {
            match (Endpoint::parse(text), refusal) {
                (Ok(_), None) => {}
                (Err(error), Some(part)) => {
                    assert!(error.to_string().contains(part), "{text}: {error}");
                    assert!(!error.to_string().contains("hunter2"), "{error}");
                }
                (result, _) => panic!("{text}: {result:?}"),
            }
        }
    }

    #[test]
    fn loopback_is_known() {
        let cases = [
            ("http://localhost:1", true),
            ("http://127.0.0.9", true),
            ("http://[::1]:1", true),
            ("http://localhost.example.com", false),
            ("http://10.0.0.1", false),
        ];
        for (text, expected) in cases {
            assert_eq!(Endpoint::parse(text).unwrap().is_loopback(), expected, "{text}");
        }
    }

    #[test]
    fn arguments_stay_in_their_segment() {
        let endpoint = Endpoint::parse("http://localhost:1/base/").unwrap();
        let at = |argument: &str| endpoint.at("/iam/v2/users/{id}", &[argument.to_owned()], &[]).map(String::from);
        assert_eq!(at("u-1").as_deref(), Some("http://localhost:1/base/iam/v2/users/u-1"));
        assert_eq!(at("a/b?c#d%e").as_deref(), Some("http://localhost:1/base/iam/v2/users/a%2Fb%3Fc%23d%25e"));
        for escape in ["", ".", ".."] {
            assert_eq!(at(escape), None, "{escape:?}");
        }
        assert_eq!(endpoint.at("/iam/v2/users/{id}", &[], &[]), None);
    }

    #[test]
    fn a_query_is_encoded() {
        let endpoint = Endpoint::parse("http://localhost:1").unwrap();
        let url = endpoint.at("/x", &[], &[("crn".into(), "a=b/*&c d%3A".to_owned())]).unwrap();
        assert_eq!(url.query(), Some("crn=a%3Db%2F*%26c+d%253A"));
    }
}
