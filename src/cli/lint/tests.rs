//! Each rule of advice on its own examples, each refusal with the line of its field, and what output programs read.

use std::{fmt::Write as _, fs, path::PathBuf};

use serde_json::Value;

use super::{declared::Declared, finding::Id, *};
use crate::access::advice::{Rule, Seen};

/// Manifests in a file of a folder of their own, judged.
fn lint(text: &str) -> Judged {
    lint_in(text, Some("default"))
}

fn lint_in(text: &str, namespace: Option<&str>) -> Judged {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("access.yaml");
    fs::write(&path, text).unwrap();
    let manifests = Manifests::read(&[path], namespace).unwrap();
    judged(&manifests, Catalogue::embedded(), None, None)
}

fn ids(judged: &Judged) -> Vec<&'static str> {
    judged.findings.iter().map(|finding| finding.id.as_str()).collect()
}

/// `line rule`, in order.
fn told(judged: &Judged) -> Vec<String> {
    judged.findings.iter().map(|it| format!("{} {}", it.place.line, it.id.as_str())).collect()
}

#[test]
fn each_rule_speaks_up_about_its_bad_example_and_not_about_its_good_one() {
    for rule in Rule::ALL.iter().filter(|rule| rule.text().seen == Seen::Manifests) {
        let text = rule.text();
        for (example, expected) in [(&text.bad, true), (&text.good, false)] {
            let judged = lint(&whole(example));
            let errors: Vec<&Finding> = judged.findings.iter().filter(|it| it.severity == Severity::Error).collect();
            // A bad example may declare more than its organization's delegations admit: it has none.
            let denied = |it: &&&Finding| it.id == Id::Reason(crate::plan::Reason::DelegationDenied);
            assert!(errors.iter().all(|it| expected && denied(&it)), "{rule}: {errors:#?}");
            assert_eq!(ids(&judged).contains(&rule.as_str()), expected, "{rule}: {:#?}", judged.findings);
        }
    }
}

const USER: &str = "
kind: ConfluentUser
metadata: {name: ada}
spec: {email: ada@example.com}
";

#[test]
fn a_refusal_names_the_reason_and_the_line_of_the_field() {
    let binding = |role: &str, scope: &str| {
        format!(
            "kind: RoleBinding\nmetadata:\n  name: x\nspec:\n  principal: {{email: ada@example.com}}\n  role: {role}\n  scope: {scope}\n"
        )
    };
    let cases = [
        (binding("DeveloperReed", "{organization: {}}"), "8 RoleUnknown"),
        (binding("DeveloperRead", "{organization: {}}"), "9 RoleNotAllowedAtScope"),
        (binding("UsmAgent", "{environment: env-1}"), "7 RoleNotForPrincipal"),
        (binding("Operator", "{environment: env-1, cluster: 5}"), "9 Schema"),
        (binding("Operator", "{environmnt: env-1}"), "9 Schema"),
        (binding("Operator", "{crn: 'crn://confluent.cloud/organization=o/environmnt=1'}"), "5 InvalidSpec"),
        (format!("{USER}---{}", USER.trim_end()), "8 DuplicateName"),
        ("kind: PublisherUser\nmetadata: {name: a}\nspec: {email: a@example.com, role: Owner}\n---\nkind: PublisherUser\nmetadata: {name: b}\nspec: {email: a@example.com, role: Contributor}\n".to_owned(), "4 ContradictingRoles"),
    ];
    for (text, expected) in cases {
        let told = told(&lint(&whole(&text)));
        assert!(told.contains(&expected.to_owned()), "{expected} is not in {told:?} of\n{text}");
    }
}

const DELEGATED: &str = "
apiVersion: access.roster.dev/v1alpha1
kind: ConfluentOrganization
metadata: {name: example}
spec:
  organizationId: 9bb441c4-edef-46ac-8a41-c49e44a3fd9a
  backend: {confluentCloud: {auth: {apiKey: {secretRef: {name: example-credentials}}}}}
  delegations:
  - name: orders
    namespaces: {NAMESPACES}
    invite: {emailDomains: [example.com]}
    grant:
    - {roles: [Operator], within: [{environment: env-1}], principals: {kinds: [User]}}
---
apiVersion: access.roster.dev/v1alpha1
kind: ConfluentUser
metadata: {name: ada}
spec: {organizationRef: {name: example}, email: ada@EMAIL}
---
apiVersion: access.roster.dev/v1alpha1
kind: RoleBinding
metadata: {name: ada}
spec:
  organizationRef: {name: example}
  principal: {userRef: {name: ada}}
  role: Operator
  scope: {environment: ENVIRONMENT}
";

/// Namespaces and domain of the delegation's text, the environment of the grant, more manifests, the namespace that is given, and
/// what is told.
type Delegated<'a> = (&'a str, &'a str, &'a str, &'a str, Option<&'a str>, &'a [&'a str]);

#[test]
fn delegations_are_judged_where_the_files_tell_enough() {
    let label = "---\napiVersion: v1\nkind: Namespace\nmetadata: {name: orders, labels: {team: TEAM}}\n";
    let cases: [Delegated<'_>; 6] = [
        ("names: [orders]", "example.com", "env-1", "", Some("orders"), &[]),
        (
            "names: [orders]",
            "example.org",
            "env-2",
            "",
            Some("orders"),
            &["18 DelegationDenied", "27 DelegationDenied"],
        ),
        ("names: [sales]", "example.com", "env-1", "", Some("orders"), &["18 DelegationDenied", "22 DelegationDenied"]),
        // Nobody says which namespace it is, or what labels that has.
        ("names: [sales]", "example.com", "env-1", "", None, &[]),
        ("matchLabels: {team: a}", "example.com", "env-1", "", Some("orders"), &[]),
        (
            "matchLabels: {team: a}",
            "example.com",
            "env-2",
            label,
            Some("orders"),
            &["18 DelegationDenied", "22 DelegationDenied"],
        ),
    ];
    for (namespaces, email, environment, more, namespace, expected) in cases {
        let text = DELEGATED.replace("NAMESPACES", namespaces).replace("EMAIL", email);
        let text = text.replace("ENVIRONMENT", environment) + &more.replace("TEAM", "b");
        let mut told = told(&lint_in(&text, namespace));
        told.retain(|it| it.contains("Delegation"));
        assert_eq!(told, expected, "{namespaces} {email} {environment} {namespace:?}");
    }
}

#[test]
fn a_snapshot_tells_places_and_who_may_grant() {
    let text = "kind: RoleBinding\nmetadata: {name: x}\nspec:\n  principal: {email: ada@example.com}\n  role: Operator\n  scope: {environment: ENV, cluster: CLUSTER}\n";
    let snapshot = "version: 1\norganizationId: o\ndisplayName: O\npeople: []\nserviceAccounts: []\n\
                    clusters: [{environment: env-1, id: lkc-1, displayName: x}]\n\
                    bindings: [{principal: u-1, role: EnvironmentAdmin, crn: 'crn://confluent.cloud/organization=o/environment=env-1'}, {principal: u-2, role: AccountAdmin, crn: 'crn://confluent.cloud/organization=o'}]\n";
    let folder = tempfile::tempdir().unwrap();
    let (file, manifest) = (folder.path().join("snapshot.yaml"), folder.path().join("a.yaml"));
    fs::write(&file, snapshot).unwrap();
    let listing = snapshot::Snapshot::open(&file).unwrap().listing();
    let cases = [
        ("env-1", "lkc-1", Some("u-1"), None),
        ("env-1", "lkc-1", Some("u-2"), Some("GranterNotAllowed")),
        ("env-1", "lkc-9", None, Some("ScopeNotFound")),
        ("env-9", "lkc-1", None, Some("ScopeNotFound")),
    ];
    for (environment, cluster, granter, expected) in cases {
        fs::write(&manifest, whole(&text.replace("ENV", environment).replace("CLUSTER", cluster))).unwrap();
        let manifests = Manifests::read(std::slice::from_ref(&manifest), None).unwrap();
        let judged = judged(&manifests, Catalogue::embedded(), Some(&listing), granter);
        let errors = judged.findings.iter().find(|it| it.severity == Severity::Error).map(|it| it.id.as_str());
        assert_eq!(errors, expected, "{environment} {cluster} {granter:?}");
    }
}

#[test]
fn advice_is_suppressed_with_a_reason_and_nothing_else_is() {
    let object = |annotation: &str, role: &str| {
        let annotation = annotation.replace('\n', "\\n");
        whole(&format!(
            "kind: RoleBinding\nmetadata:\n  name: x\n  annotations: {{access.roster.dev/suppress: \"{annotation}\"}}\n\
             spec: {{principal: {{email: ada@example.com}}, role: {role}, scope: {{environment: env-1}}}}\n"
        ))
    };
    let cases: [(&str, &str, &[&str]); 6] = [
        ("", "MetricsViewer", &["6 MetricsViewerForPerson"]),
        ("MetricsViewerForPerson: she builds the exporter", "MetricsViewer", &[]),
        (
            "MetricsViewerForPerson:  \\nWideOwner: x",
            "MetricsViewer",
            &["5 Suppression", "5 UnusedSuppression", "6 MetricsViewerForPerson"],
        ),
        ("MetricsViewerForPersons: x", "MetricsViewer", &["5 Suppression", "6 MetricsViewerForPerson"]),
        ("RoleUnknown: we know better", "Nonsense", &["5 Suppression", "6 RoleUnknown"]),
        ("WideOwner: x", "Nonsense", &["6 RoleUnknown"]),
    ];
    for (annotation, role, expected) in cases {
        assert_eq!(told(&lint(&object(annotation, role))), expected, "{annotation}");
    }
}

#[test]
fn advice_fits_whom_and_what_it_is_about() {
    let binding = |name: &str, principal: &str, role: &str, scope: &str| {
        format!(
            "kind: RoleBinding\nmetadata: {{name: {name}}}\nspec: {{principal: {{{principal}}}, role: {role}, scope: {{{scope}}}}}\n"
        )
    };
    let (ada, app) = ("email: ada@example.com", "serviceAccount: {displayName: app}");
    let cluster = "environment: env-1, cluster: lkc-1";
    let resource = |resource: &str| format!("{cluster}, resource: {{{resource}}}");
    let topic = resource("type: Topic, name: orders");
    let group = resource("type: Group, patternType: All");
    let admin = |role: &str, scope: &str| {
        binding("one", ada, "EnvironmentAdmin", "environment: env-1") + "---\n" + &binding("two", ada, role, scope)
    };
    let person =
        |more: &str| format!("kind: ConfluentUser\nmetadata: {{name: ada}}\nspec: {{email: ada@example.com{more}}}\n");
    // Manifests, the rule, and a part of what it says; none where it says nothing.
    let cases = [
        (
            binding("a", ada, "DeveloperRead", &topic),
            Rule::ConsumeWithoutGroup,
            Some("unless only the console is used"),
        ),
        (
            binding("a", app, "DeveloperRead", &topic),
            Rule::ConsumeWithoutGroup,
            Some("unless it assigns its partitions"),
        ),
        (binding("a", ada, "DeveloperRead", &group), Rule::ClientsByChance, Some("may read groups and no topic")),
        (binding("a", ada, "DeveloperManage", &group), Rule::ClientsByChance, None),
        (binding("a", ada, "ResourceOwner", &group), Rule::ClientsByChance, None),
        (binding("a", ada, "ResourceOwner", &group), Rule::WideOwner, Some("those of tomorrow among them")),
        (admin("CloudClusterAdmin", cluster), Rule::ContainedBinding, Some("adds nothing")),
        (admin("Operator", cluster), Rule::ContainedBinding, Some("adds nothing")),
        (admin("Operator", "environment: env-1"), Rule::ContainedBinding, Some("adds nothing")),
        (admin("DataSteward", "environment: env-1"), Rule::ContainedBinding, Some("adds nothing")),
        // It shows topics of every environment.
        (admin("DataDiscovery", "environment: env-1"), Rule::ContainedBinding, None),
        (admin("Operator", "organization: {}"), Rule::ContainedBinding, None),
        (
            person(", authType: SSO"),
            Rule::PersonWithoutRole,
            Some("unless the default mapping `all-sso-users` gives one"),
        ),
        (person(", authType: Local"), Rule::PersonWithoutRole, Some("nor the command line")),
    ];
    for (text, rule, expected) in cases {
        let judged = lint(&whole(&text));
        let said = judged.findings.iter().find(|it| it.id == Id::Rule(rule)).map(|it| it.message.as_str());
        assert_eq!(said.is_some(), expected.is_some(), "{rule}: {said:?}\n{text}");
        assert!(said.unwrap_or_default().contains(expected.unwrap_or_default()), "{rule}: {said:?}");
    }
}

#[test]
fn a_suppression_of_what_is_counted_elsewhere_is_left_alone() {
    let publisher = Rule::FewOwners.text().bad.split("---").next().unwrap().to_owned();
    let suppressing = publisher.replace(
        "{name: contoso-data}",
        "{name: contoso-data, annotations: {access.roster.dev/suppress: \"FewOwners: kept elsewhere\"}}",
    );
    let owner = |name: &str| {
        format!(
            "---\nkind: PublisherUser\nmetadata: {{name: {name}}}\nspec: {{email: {name}@example.com, role: Owner, mailbox: Monitored}}\n"
        )
    };
    let unused = |text: &str| ids(&lint(&whole(text))).contains(&"UnusedSuppression");
    assert!(!unused(&suppressing));
    assert!(!unused(&format!("{suppressing}{}", owner("ada"))));
    assert!(unused(&format!("{suppressing}{}{}", owner("ada"), owner("bob"))));
}

#[test]
fn what_is_declared_is_a_listing_of_one_organization() {
    let of = |text: &str, organization: Option<&str>| {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("access.yaml");
        fs::write(&path, whole(text)).unwrap();
        let manifests = Manifests::read(&[path], None).unwrap();
        declared(&manifests, Catalogue::embedded(), organization).map_err(|error| error.to_string())
    };
    let binding = |principal: &str, role: &str| {
        format!(
            "kind: RoleBinding\nmetadata: {{name: {}-{role}}}\nspec: {{principal: {principal}, role: {role}, scope: {{environment: env-1, \
             cluster: lkc-1}}}}\n",
            principal.len()
        )
        .replace("-Operat", "-operat")
    };
    let bindings = [
        binding("{userRef: {name: ada}}", "Operator"),
        binding("{serviceAccount: {displayName: etl}}", "Operator"),
        binding("{id: u-1}", "Operator"),
        binding("{userRef: {name: nobody-is-called-so}}", "Operator"),
        binding("{email: bob@example.com}", "Operatr"),
    ];
    let text = format!("{}---\n{}", USER.trim_start(), bindings.join("---\n"));
    let Declared { listing, left_out } = of(&text, None).unwrap();
    let holders: Vec<&str> = listing.bindings.iter().map(|it| it.principal.as_str()).collect();
    assert_eq!((holders.as_slice(), left_out), (["u-ada@example.com", "sa-?etl", "u-1"].as_slice(), 1));
    assert_eq!((listing.users.len(), listing.service_accounts.len(), listing.clusters.len()), (1, 1, 1));
    // An id that manifests tell is an account's; one that we made up is nobody's.
    assert!(listing.service_accounts.iter().all(|it| is_made_up(&it.id)));
    let assigner = "kind: RoleBinding\nmetadata: {name: a}\nspec: {principal: {id: sa-9}, role: Assigner, scope: {organization: {}, \
                    resource: {type: ServiceAccount, name: sa-1}}}\n";
    let listing = of(assigner, None).unwrap().listing;
    let ids: Vec<&str> = listing.service_accounts.iter().map(|it| it.id.as_str()).collect();
    assert_eq!(ids, ["sa-9", "sa-1"]);
    assert!(of("kind: Nothing\n", None).unwrap_err().contains("declare no person"));
    assert!(of(&text, Some("other")).unwrap_err().contains("are about `example`, and not about `other`"));
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("access.yaml");
    fs::write(&path, format!("{}---\napiVersion: access.roster.dev/v1alpha1\nkind: ConfluentUser\nmetadata: {{name: z}}\nspec: {{organizationRef: {{name: other}}, email: z@example.com}}\n", whole(&text))).unwrap();
    let manifests = Manifests::read(&[path], None).unwrap();
    let several = declared(&manifests, Catalogue::embedded(), None).map_err(|error| error.to_string());
    assert!(several.unwrap_err().contains("`example`, `other`: name one with `--organization`"));
}

#[test]
fn every_output_tells_the_same_findings() {
    let judged = lint(&whole(
        "kind: RoleBinding\nmetadata: {name: x}\nspec: {principal: {email: ada@example.com}, role: MetricsViewer, scope: {organization: {}}}\n---\nkind: ConfluentUser\n",
    ));
    let all = judged.findings.len();
    assert!(all > 2);
    let printed = |output| report::print(&judged, output).unwrap();
    let json = |output| serde_json::from_str::<Value>(&printed(output)).unwrap();
    assert_eq!(json(Output::Json)["findings"].as_array().unwrap().len(), all);
    assert_eq!(json(Output::Gitlab).as_array().unwrap().len(), all);
    let sarif = json(Output::Sarif);
    let run = &sarif["runs"][0];
    assert_eq!(run["results"].as_array().unwrap().len(), all);
    let rules: Vec<&Value> = run["tool"]["driver"]["rules"].as_array().unwrap().iter().map(|it| &it["id"]).collect();
    assert!(run["results"].as_array().unwrap().iter().all(|it| rules.contains(&&it["ruleId"])));
    assert!(
        run["results"]
            .as_array()
            .unwrap()
            .iter()
            .all(|it| ["error", "warning", "note"].contains(&it["level"].as_str().unwrap()))
    );
    let annotations = printed(Output::Github);
    assert_eq!(annotations.lines().filter(|line| line.starts_with("::")).count(), all);
    let text = printed(Output::Text);
    assert_eq!(text.lines().count(), all + 1);
    assert!(
        text.contains(
            "access.yaml:4: warning[MetricsViewerForPerson] RoleBinding default/x: `ada@example.com` is a person"
        ),
        "{text}"
    );
    assert!(text.ends_with("2 objects in 1 file: 3 errors, 1 warning, 0 notes\n"), "{text}");
}

#[test]
fn the_examples_of_this_project_are_in_order() {
    let examples = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("examples");
    let manifests = Manifests::read(&[examples], Some("examples")).unwrap();
    let judged = judged(&manifests, Catalogue::embedded(), None, None);
    let grave: Vec<&Finding> = judged.findings.iter().filter(|it| it.severity > Severity::Note).collect();
    assert!(grave.is_empty(), "{grave:#?}");
    assert!(judged.objects > 15);
}

/// What every example would say, and so none says.
const ORGANIZATION: &str = "organizationRef: {name: example}";
const PUBLISHER: &str = "publisherRef: {name: contoso-data}";

/// Manifests of an example with what they leave out because it is the same in all of them.
fn whole(example: &str) -> String {
    let one = |document: &str| {
        let document = document.trim_matches('\n');
        let reference = match document.lines().find_map(|line| line.strip_prefix("kind: ")) {
            Some("ConfluentUser" | "RoleBinding") => Some(ORGANIZATION),
            Some("PublisherUser") => Some(PUBLISHER),
            _ => None,
        };
        let mut text = format!("apiVersion: {}/v1alpha1\n", crate::api::GROUP);
        for line in document.lines() {
            match (reference, line.strip_prefix("spec: {"), line) {
                (Some(reference), Some(rest), _) => _ = writeln!(text, "spec: {{{reference}, {rest}"),
                (Some(reference), None, "spec:") => _ = writeln!(text, "spec:\n  {reference}"),
                _ => _ = writeln!(text, "{line}"),
            }
        }
        text
    };
    example.split("---\n").map(one).collect::<Vec<_>>().join("---\n")
}
