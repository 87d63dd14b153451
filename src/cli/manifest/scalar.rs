//! What a plain word of YAML means to `kubectl`. No IO.
//!
//! Source: `resolve.go` of `sigs.k8s.io/yaml/goyaml.v2`, which has YAML 1.1: words for truth values, octal numbers that begin
//! with `0`, `_` between digits. Timestamps reach the API server as the text they were.

use serde_json::{Number, Value};

const TRUE: [&str; 11] = ["y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON"];
const FALSE: [&str; 11] = ["n", "N", "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF"];
const NULL: [&str; 5] = ["", "~", "null", "Null", "NULL"];

/// The value of a scalar: plain ones are looked at, quoted and block ones are text, and a tag decides.
pub(super) fn value(text: &str, plain: bool, tag: Option<&str>) -> Value {
    match tag {
        Some("str" | "binary" | "timestamp") => Value::String(text.to_owned()),
        Some("bool" | "int" | "float" | "null") => resolved(text),
        Some(_) | None if !plain => Value::String(text.to_owned()),
        Some(_) | None => resolved(text),
    }
}

fn resolved(text: &str) -> Value {
    if TRUE.contains(&text) {
        return Value::Bool(true);
    }
    if FALSE.contains(&text) {
        return Value::Bool(false);
    }
    if NULL.contains(&text) {
        return Value::Null;
    }
    number(text).map_or_else(|| Value::String(text.to_owned()), Value::Number)
}

fn number(text: &str) -> Option<Number> {
    let (sign, digits) = match text.strip_prefix(['-', '+']) {
        Some(rest) => (if text.starts_with('-') { "-" } else { "" }, rest),
        None => ("", text),
    };
    if !digits.starts_with(|c: char| c.is_ascii_digit() || c == '.') {
        return None;
    }
    let digits = digits.replace('_', "");
    let radix = [("0x", 16), ("0X", 16), ("0b", 2), ("0B", 2), ("0o", 8)];
    let based = radix.into_iter().find_map(|(prefix, radix)| digits.strip_prefix(prefix).map(|rest| (rest, radix)));
    if let Some((rest, radix)) = based {
        return whole(sign, rest, radix);
    }
    let decimal = digits.bytes().all(|b| b.is_ascii_digit());
    if decimal && digits.len() > 1 && digits.starts_with('0') {
        // An octal number; one with an 8 or a 9 is a float to go-yaml, which JSON writes without the zeros.
        return whole(sign, &digits, 8).or_else(|| whole(sign, &digits, 10));
    }
    if decimal {
        return whole(sign, &digits, 10).or_else(|| float(sign, &digits));
    }
    let float_like = digits.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'.' | b'e' | b'E' | b'+' | b'-'));
    if float_like { float(sign, &digits) } else { None }
}

fn whole(sign: &str, digits: &str, radix: u32) -> Option<Number> {
    if digits.is_empty() || digits.starts_with(['+', '-']) {
        return None;
    }
    let text = format!("{sign}{digits}");
    i64::from_str_radix(&text, radix)
        .map(Number::from)
        .ok()
        .or_else(|| u64::from_str_radix(&text, radix).ok().map(Number::from))
}

fn float(sign: &str, digits: &str) -> Option<Number> {
    let number: f64 = format!("{sign}{digits}").parse().ok()?;
    Number::from_f64(number)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn plain_words_mean_what_they_mean_to_kubectl() {
        let cases = [
            (json!(true), ["on", "y", "Yes"]),
            (json!(false), ["off", "N", "FALSE"]),
            (Value::Null, ["", "~", "Null"]),
            (json!(8), ["010", "0o10", "0b1000"]),
            (json!(-255), ["-0xff", "-255", "-2_55"]),
            (json!(1.5), ["1.5", "+1.5", "15e-1"]),
            (json!(89), ["89", "089", "+89"]),
        ];
        for (expected, texts) in cases {
            for text in texts {
                assert_eq!(value(text, true, None), expected, "{text}");
            }
        }
        for text in ["1.2.3", "2026-11-25", "10m", "oN", "0x", ".", "-", "+", "1e", "..", "12:30", "env-1", "0o8"] {
            assert_eq!(value(text, true, None), json!(text), "{text}");
        }
        assert_eq!(value("18446744073709551615", true, None), json!(u64::MAX));
    }

    #[test]
    fn quotes_and_tags_decide() {
        assert_eq!(value("on", false, None), json!("on"));
        assert_eq!(value("5", true, Some("str")), json!("5"));
        assert_eq!(value("5", false, Some("int")), json!(5));
        assert_eq!(value("5", false, Some("unheard-of")), json!("5"));
    }
}
