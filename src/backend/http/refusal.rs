//! From an answer that is no success to the kind of error it is, and to words that are fit for a status. PURE.
//!
//! The vendor has four error envelopes on one API (facts, 1.3): `errors[]`, `error_code` with `message`, `error` with
//! `message` inside, and a bare `message`.

use ::http::{HeaderMap, StatusCode, header};
use serde_json::Value;

use super::{credential::Eraser, retry::Rate};
use crate::backend::ErrorKind;

/// The longest piece of the vendor's text that is passed on, in characters.
const LONGEST: usize = 300;

/// What an answer without success means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Refusal {
    pub(super) kind: ErrorKind,
    pub(super) public: String,
    /// The first word to branch on that the body gives, in lower case; empty where it gives none.
    pub(super) code: String,
    /// The same read may succeed in a moment.
    pub(super) transient: bool,
}

/// Judges a status outside 200 to 299.
pub(super) fn judge(read: bool, status: StatusCode, headers: &HeaderMap, body: &[u8], eraser: &Eraser) -> Refusal {
    let words = Words::read(body);
    let told = eraser.erase_from(&words.text.as_deref().map(tidy).unwrap_or_default());
    let kind = kind(read, status, &words, body);
    let transient =
        status == 429 || status == 408 || (status.is_server_error() && status != StatusCode::NOT_IMPLEMENTED);
    let to = headers.get(header::LOCATION).and_then(|value| value.to_str().ok());
    let to = to.map(|text| location(&eraser.erase_from(text))).unwrap_or_default();
    let sentence = sentence(kind, status, &to, read);
    let public = if told.is_empty() { sentence } else { format!("{sentence}: {}", shorten(&told, LONGEST)) };
    Refusal { kind, public, code: words.codes.into_iter().next().unwrap_or_default(), transient }
}

fn kind(read: bool, status: StatusCode, words: &Words, body: &[u8]) -> ErrorKind {
    let doubt = if read { ErrorKind::Unavailable } else { ErrorKind::Ambiguous };
    match status.as_u16() {
        401 => ErrorKind::CredentialsRejected,
        403 if says(body, "invalid api key") => ErrorKind::CredentialsRejected,
        403 => ErrorKind::Forbidden,
        // How an issuer of tokens says it (RFC 6749, 5.2), under either status.
        400 if words.has_code(&["invalid_client", "unauthorized_client"]) => ErrorKind::CredentialsRejected,
        // "Not there" must be the API's own word: a gateway that does not know the path says 404 too.
        404 if words.envelope => ErrorKind::NotFound,
        404 if read => ErrorKind::Malformed,
        404 => ErrorKind::Ambiguous,
        // A rule of the portal's, and no matter of what is there already: reading again changes nothing.
        409 if words.has_code(&["lastowner"]) => ErrorKind::Invalid,
        409 | 412 => ErrorKind::Conflict,
        402 => ErrorKind::QuotaExceeded,
        400 | 422 if words.speak_of_a_limit() => ErrorKind::QuotaExceeded,
        429 => ErrorKind::Throttled,
        // These send the very same request elsewhere: it was not executed. 302 and 303 may follow a done write.
        301 | 307 | 308 | 407 => ErrorKind::Unavailable,
        100..=399 | 408 | 500.. => doubt,
        _ => ErrorKind::Invalid,
    }
}

fn sentence(kind: ErrorKind, status: StatusCode, to: &str, read: bool) -> String {
    let code = status.as_u16();
    if status.is_redirection() {
        return format!("the endpoint redirects{to} ({code}), which is not followed: set `endpoint` to the API itself");
    }
    match kind {
        ErrorKind::CredentialsRejected => format!("the credential was refused ({code})"),
        ErrorKind::Forbidden => format!("not allowed, or not there ({code})"),
        ErrorKind::NotFound => format!("not there ({code})"),
        ErrorKind::Conflict if code == 412 => format!("it changed since it was read ({code})"),
        ErrorKind::Conflict => format!("already there, or in conflict ({code})"),
        ErrorKind::Invalid => format!("the request was refused ({code})"),
        ErrorKind::QuotaExceeded => format!("a limit of the organization is reached ({code})"),
        ErrorKind::Throttled => format!("the server asks for fewer requests ({code})"),
        ErrorKind::Unavailable if code == 407 => format!("a proxy on the way wants a login ({code})"),
        ErrorKind::Unavailable => format!("the server failed ({code})"),
        ErrorKind::Malformed | ErrorKind::Ambiguous if code == 404 => {
            format!("the answer ({code}) is not one of the API: check `endpoint`")
        }
        ErrorKind::Malformed => format!("the answer ({code}) cannot be read"),
        ErrorKind::Ambiguous if read => format!("the server failed ({code})"),
        ErrorKind::Ambiguous => format!("the server failed ({code}), so it is not known whether this was done"),
    }
}

/// The scheme and host of a `Location`, without the path, which could hold anything.
fn location(text: &str) -> String {
    match reqwest::Url::parse(text) {
        Ok(url) => format!(" to `{}://{}`", url.scheme(), url.host_str().unwrap_or_default()),
        Err(_) => String::new(),
    }
}

/// What an error body says.
struct Words {
    /// The body is one of the API's: a JSON object with a member that its errors have.
    envelope: bool,
    text: Option<String>,
    codes: Vec<String>,
}

impl Words {
    fn read(body: &[u8]) -> Self {
        let mut words = Self { envelope: false, text: None, codes: Vec::new() };
        let Ok(Value::Object(object)) = serde_json::from_slice::<Value>(body) else {
            return words;
        };
        let entries = match (object.get("errors"), object.get("error")) {
            (Some(Value::Array(errors)), _) => errors.iter().take(3).collect(),
            (_, Some(error @ Value::Object(_))) => vec![error],
            _ => Vec::new(),
        };
        let mut texts: Vec<&str> = Vec::new();
        for entry in entries {
            let member = |name: &str| entry.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
            texts.extend(member("detail").or(member("message")).or(member("title")).or(member("code")));
            words.codes.extend(member("code").map(str::to_lowercase));
        }
        // Of RFC 6749: a word under `error`. Microsoft's description goes on with ids and the time, which would make every
        // refusal another text.
        words.codes.extend(object.get("error").and_then(Value::as_str).map(str::to_lowercase));
        if texts.is_empty() {
            let names = ["message", "error_description", "error"];
            texts.extend(names.iter().find_map(|name| object.get(*name)?.as_str()).filter(|text| !text.is_empty()));
        }
        let known = ["errors", "error", "error_code", "status_code", "message"];
        words.envelope = known.iter().any(|name| object.contains_key(*name));
        let texts: Vec<&str> = texts.iter().map(|text| text.split("Trace ID:").next().unwrap_or(text)).collect();
        words.text = (!texts.is_empty()).then(|| texts.join("; "));
        words
    }

    fn has_code(&self, any: &[&str]) -> bool {
        self.codes.iter().any(|code| any.contains(&code.as_str()))
    }

    /// Quotas answer 402 by contract and 400 in places, so the words decide; a name that merely holds `limit` does not.
    fn speak_of_a_limit(&self) -> bool {
        let text = self.text.as_deref().unwrap_or_default().to_lowercase();
        let has = |part: &str| text.contains(part);
        self.codes.iter().any(|code| code.contains("quota") || code.contains("limit_exceeded"))
            || has("quota")
            || has("maximum number")
            || (has("limit") && (has("reach") || has("exceed")))
    }
}

/// Whether a body has those words, whatever its form.
fn says(body: &[u8], lower_case: &str) -> bool {
    String::from_utf8_lossy(body).to_lowercase().contains(lower_case)
}

/// One line: control characters and those that turn the direction of writing become blanks, runs of blanks become one.
fn tidy(text: &str) -> String {
    let turns = |c: char| matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let plain: String = text.chars().map(|c| if c.is_control() || turns(c) { ' ' } else { c }).collect();
    plain.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// At most that many characters, cut at the end.
fn shorten(text: &str, longest: usize) -> String {
    if text.chars().count() <= longest {
        return text.trim_end_matches('.').to_owned();
    }
    let mut short: String = text.chars().take(longest - 1).collect();
    short.push('…');
    short
}

/// The server's request id where it is one, erased and bounded; else ours.
pub(super) fn request_id(headers: &HeaderMap, ours: &str, eraser: &Eraser) -> String {
    let theirs = headers.get("x-request-id").and_then(|value| value.to_str().ok()).map(tidy).unwrap_or_default();
    if theirs.is_empty() { ours.to_owned() } else { shorten(&eraser.erase_from(&theirs), 128) }
}

/// How long the server wants to be left alone.
pub(super) fn wait(status: StatusCode, rate: &Rate) -> Option<std::time::Duration> {
    rate.retry_after.or_else(|| rate.reset.filter(|_| status == StatusCode::TOO_MANY_REQUESTS))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backend::Credential;

    fn judged(read: bool, status: u16, body: &str) -> Refusal {
        let credential = Credential::api_key("KEYKEYKEY", &"canary-secret".into()).unwrap();
        judge(read, StatusCode::from_u16(status).unwrap(), &HeaderMap::new(), body.as_bytes(), &credential.eraser())
    }

    #[test]
    fn every_envelope_gives_its_kind_and_words() {
        use ErrorKind::{
            Ambiguous, Conflict, CredentialsRejected, Forbidden, Invalid, Malformed, NotFound, QuotaExceeded,
            Throttled, Unavailable,
        };
        let failure =
            r#"{"errors":[{"id":"d2","status":"404","code":"user_not_found","detail":"User Not Found","source":{}}]}"#;
        let mds = r#"{"error_code":40301,"message":"Either unauthorized to access role binding or role binding does not exist"}"#;
        let flat = r#"{"status":400,"error":{"code":"invalid","message":"Bad thing"},"requestId":"r"}"#;
        let invalid_key = r#"{"error":{"message":"Forbidden: invalid API key"}}"#;
        let role = r#"{"status_code":400,"message":"Invalid role name : X","type":"INVALID REQUEST DATA"}"#;
        let quota = r#"{"errors":[{"status":"402","detail":"Group mapping reached limit 12"}]}"#;
        let client = r#"{"error":"invalid_client","error_description":"AADSTS7000215: Invalid secret. Trace ID: 1f"}"#;
        let owner = r#"{"error":{"code":"LastOwner","message":"One owner stays."}}"#;
        let named = r#"{"message":"Invalid name: limit-orders"}"#;
        let cases = [
            (401, "", CredentialsRejected, "refused (401)"),
            (403, mds, Forbidden, "role binding does not exist"),
            (403, invalid_key, CredentialsRejected, "invalid API key"),
            (403, "<html>Forbidden</html>", Forbidden, "not allowed, or not there (403)"),
            (404, failure, NotFound, "User Not Found"),
            (404, "404 page not found", Malformed, "check `endpoint`"),
            (404, "", Malformed, "check `endpoint`"),
            (409, r#"{"message":"in use"}"#, Conflict, "in use"),
            (409, owner, Invalid, "refused (409): One owner stays"),
            (412, "", Conflict, "changed since it was read (412)"),
            (400, client, CredentialsRejected, "(400): AADSTS7000215: Invalid secret"),
            (400, r#"{"error":"unauthorized_client"}"#, CredentialsRejected, "refused (400): unauthorized_client"),
            (400, r#"{"error":"invalid_scope"}"#, Invalid, "invalid_scope"),
            (402, quota, QuotaExceeded, "reached limit 12"),
            (400, quota, QuotaExceeded, "reached limit 12"),
            (400, r#"{"errors":[{"code":"QUOTA_EXCEEDED"}]}"#, QuotaExceeded, "QUOTA_EXCEEDED"),
            (400, named, Invalid, "limit-orders"),
            (400, flat, Invalid, "Bad thing"),
            (400, role, Invalid, "Invalid role name : X"),
            (422, r#"{"error":"nope"}"#, Invalid, "nope"),
            (418, "[]", Invalid, "refused (418)"),
            (429, "", Throttled, "fewer requests (429)"),
            (503, "<html>", Unavailable, "failed (503)"),
            (307, "", Unavailable, "not followed"),
        ];
        for (status, body, kind, part) in cases {
            let refusal = judged(true, status, body);
            assert_eq!(refusal.kind, kind, "{status} {body}");
            assert!(refusal.public.contains(part), "{status}: {}", refusal.public);
            assert_eq!(refusal.transient, matches!(status, 429 | 503), "{status}");
        }
        for (status, kind) in
            [(500, Ambiguous), (504, Ambiguous), (408, Ambiguous), (303, Ambiguous), (307, Unavailable)]
        {
            assert_eq!(judged(false, status, "").kind, kind, "{status}");
        }
        assert_eq!(judged(false, 404, "").kind, Ambiguous);
        assert_eq!(judged(false, 404, failure).kind, NotFound);
    }

    #[test]
    fn the_vendors_words_are_one_short_line_without_the_credential() {
        let text = format!("a\\nb\\u0007c \\u202e canary-secret KEYKEYKEY {}", "x".repeat(1000));
        let public = judged(true, 400, &format!(r#"{{"message":"{text}"}}"#)).public;
        assert!(public.starts_with("the request was refused (400): a b c [redacted] [redacted] xxx"), "{public}");
        assert!(public.ends_with('…') && public.chars().count() < 340, "{public}");
        assert_eq!(judged(true, 400, r#"{"message":"Bad."}"#).public, "the request was refused (400): Bad");
    }

    #[test]
    fn a_redirect_names_the_host_alone() {
        let credential = Credential::api_key("KEYKEYKEY", &"canary-secret".into()).unwrap();
        let mut headers = HeaderMap::new();
        headers.insert(header::LOCATION, "https://elsewhere.example/x?token=t".parse().unwrap());
        let refusal = judge(true, StatusCode::FOUND, &headers, b"", &credential.eraser());
        assert!(refusal.public.contains("redirects to `https://elsewhere.example` (302)"), "{}", refusal.public);
    }
}
