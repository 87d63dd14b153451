//! Advice that is suppressed, with a reason: what stands in an annotation. PURE.
//!
//! One line for each rule: its name, a colon, and why it does not hold there.

use super::{Advice, Rule};

/// Why a line suppresses nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Wrong {
    /// No rule is called so.
    #[error("names `{name}`, which is no rule of advice{}", nearest(.name))]
    Unknown {
        /// As it was written.
        name: String,
    },
    /// It does not say why.
    #[error("gives no reason for `{0}`: write `{0}: why it does not hold here`")]
    NoReason(Rule),
}

fn nearest(name: &str) -> String {
    let names: Vec<String> = Rule::nearest(name).iter().map(|name| format!("`{name}`")).collect();
    if names.is_empty() { String::new() } else { format!("; the nearest are {}", names.join(", ")) }
}

/// What each line suppresses.
pub fn suppressed(text: &str) -> Vec<Result<Rule, Wrong>> {
    let one = |line: &str| {
        let (name, reason) = line.split_once(':').unwrap_or((line, ""));
        let rule = Rule::parse(name.trim()).ok_or_else(|| Wrong::Unknown { name: name.trim().to_owned() })?;
        if reason.trim().is_empty() { Err(Wrong::NoReason(rule)) } else { Ok(rule) }
    };
    text.lines().map(str::trim).filter(|line| !line.is_empty()).map(one).collect()
}

/// The advice that is left where that text suppresses some of it.
pub fn left(advice: Vec<Advice>, text: Option<&str>) -> Vec<Advice> {
    let silent: Vec<Rule> = text.map(suppressed).into_iter().flatten().filter_map(Result::ok).collect();
    advice.into_iter().filter(|advice| !silent.contains(&advice.rule)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_needs_a_rule_and_a_reason() {
        let told = suppressed("NoGroup: we are two\n\n  FewOwners :  x \nNoGroups: x\nWideOwner\nWideOwner:\n");
        let told: Vec<String> =
            told.into_iter().map(|it| it.map_or_else(|wrong| wrong.to_string(), |rule| rule.to_string())).collect();
        let no_reason = "gives no reason for `WideOwner`: write `WideOwner: why it does not hold here`";
        assert_eq!(told[..2], ["NoGroup", "FewOwners"]);
        assert!(
            told[2].starts_with("names `NoGroups`, which is no rule of advice; the nearest are `NoGroup`"),
            "{told:?}"
        );
        assert_eq!(told[3..], [no_reason, no_reason]);
        let advice = || vec![Advice::new(Rule::NoGroup, "x"), Advice::new(Rule::WideOwner, "y")];
        assert_eq!(left(advice(), Some("NoGroup: x\nWideOwner:")), [Advice::new(Rule::WideOwner, "y")]);
        assert_eq!(left(advice(), None), advice());
    }
}
