//! The rules as data; that each speaks up about its bad example and not about its good one is tested where manifests are
//! read, in `cli::lint`.

use std::collections::BTreeSet;

use super::*;

#[test]
fn every_rule_is_told_of_and_nothing_else() {
    assert_eq!(untold(), None, "the program starts");
    let texts = TEXTS.as_ref().unwrap();
    let told: Vec<&str> = texts.iter().map(|text| text.rule.as_str()).collect();
    let rules: Vec<&str> = Rule::ALL.iter().map(|rule| rule.as_str()).collect();
    assert_eq!(told, rules);
    for rule in Rule::ALL {
        let text = rule.text();
        assert!(!text.says.is_empty() && !text.why.is_empty(), "{rule}");
        let examples = !text.bad.is_empty() && !text.good.is_empty();
        assert_eq!(examples, text.seen == Seen::Manifests, "{rule}");
        let lines = matches!(text.source.document, Document::Roles | Document::Publisher);
        assert_eq!(lines, text.source.line.is_some(), "{rule}");
        assert_eq!(Rule::parse(rule.as_str()), Some(*rule));
    }
    assert_eq!(Rule::nearest("NoGroups").first(), Some(&"NoGroup"));
}

#[test]
fn the_line_of_a_rule_is_one_that_is_known() {
    #[derive(Deserialize)]
    struct Page {
        cited: Vec<Line>,
    }
    #[derive(Deserialize)]
    struct Line {
        line: usize,
    }
    let page: Page = serde_yaml::from_str(include_str!("../../../tests/data/roles/page.yaml")).unwrap();
    let cited: BTreeSet<usize> = page.cited.iter().map(|it| it.line).collect();
    for rule in Rule::ALL {
        let source = rule.text().source;
        if source.document == Document::Roles {
            assert!(source.line.is_some_and(|line| cited.contains(&line)), "{rule}: {source}");
        }
    }
}

#[test]
fn administrators_are_counted() {
    let told = |admins, counted| organization(admins, counted).map(|it| (it.rule, it.message));
    let single =
        |said: &str| Some((Rule::SingleOrganizationAdmin, format!("{said}: make another person OrganizationAdmin")));
    assert_eq!(told(0, Counted::Effective), single("the organization has 0 OrganizationAdmins"));
    assert_eq!(told(0, Counted::Declared), None);
    assert_eq!(told(1, Counted::Declared), single("the manifests declare one OrganizationAdmin"));
    assert_eq!((told(2, Counted::Effective), told(MANY_ADMINS, Counted::Effective)), (None, None));
    assert!(matches!(told(MANY_ADMINS + 1, Counted::Effective), Some((Rule::ManyOrganizationAdmins, _))));
}
