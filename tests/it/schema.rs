//! The kinds as a real API server takes them: each refusal says what to do, and what is good is accepted.
//! The cases are data, in `schema/cases.yaml`.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

use std::sync::LazyLock;

use roster::cli::lint::schema::{Problem, judge};
use serde_json::{Value, json};

use crate::cluster::{done, kubectl, refused};

/// A good object of each kind; the cases change one thing in it.
const GOOD: &str = "
ConfluentUser:
  organizationRef: {name: example}
  email: ada@example.com
RoleBinding:
  organizationRef: {name: example}
  principal: {userRef: {name: ada}}
  role: CloudClusterAdmin
  scope: {environment: env-prod01, cluster: lkc-orders}
ConfluentOrganization:
  organizationId: 9bb441c4-edef-46ac-8a41-c49e44a3fd9a
  backend: {confluentCloud: {auth: {apiKey: {secretRef: {name: example-credentials}}}}}
PublisherUser:
  publisherRef: {name: contoso}
  email: ada@example.com
  role: Contributor
Publisher:
  publisherId: contoso
  backend:
    portal:
      endpoint: https://portal.example.com
      auth:
        clientSecret:
          secretRef: {name: contoso-credentials}
          tokenEndpoint: https://login.example.com/tenant/oauth2/v2.0/token
";
const KINDS: [&str; 5] = ["ConfluentUser", "RoleBinding", "ConfluentOrganization", "PublisherUser", "Publisher"];
const CREATE: [&str; 4] = ["create", "--dry-run=server", "-f", "-"];

/// A good object of the name, with a JSON merge patch in its spec.
fn object(kind: &str, name: &str, change: &Value) -> String {
    let specs: Value = serde_yaml::from_str(GOOD).unwrap();
    let mut spec = specs[kind].clone();
    merge(&mut spec, change);
    let api = "access.roster.dev/v1alpha1";
    json!({"apiVersion": api, "kind": kind, "metadata": {"name": name}, "spec": spec}).to_string()
}

/// RFC 7396: `null` takes a field out.
fn merge(target: &mut Value, change: &Value) {
    let Some(fields) = change.as_object() else {
        *target = change.clone();
        return;
    };
    if !target.is_object() {
        *target = json!({});
    }
    let map = target.as_object_mut().unwrap();
    for (name, value) in fields {
        if value.is_null() {
            map.remove(name);
        } else {
            merge(map.entry(name).or_insert(Value::Null), value);
        }
    }
}

/// The cases of a group: kind, change, and the sentence that is the answer.
fn cases(group: &str) -> Vec<(&'static str, Value, Option<String>)> {
    static ALL: LazyLock<Value> = LazyLock::new(|| {
        let text = include_str!("schema/cases.yaml").replace("AAA...", &"a".repeat(300));
        serde_yaml::from_str(&text).unwrap()
    });
    let one = |case: &Value| {
        let kind = KINDS.into_iter().find(|kind| !case[kind].is_null()).unwrap();
        (kind, case[kind].clone(), case["says"].as_str().map(str::to_owned))
    };
    ALL[group].as_array().unwrap().iter().map(one).collect()
}

#[test]
fn every_refusal_says_what_to_do() {
    let mut unexpected = Vec::new();
    for (kind, change, sentence) in cases("refused") {
        let text = object(kind, "case", &change);
        let output = kubectl(&CREATE, &text);
        let said = String::from_utf8(output.stderr).unwrap();
        let sentence = sentence.unwrap();
        unexpected.extend(judged_otherwise(&text, &said).map(|difference| format!("{kind} {change}\n{difference}")));
        if output.status.success() || !said.contains(&sentence) {
            unexpected.push(format!("{kind} {change}\n  expected: {sentence}\n  answered: {said}"));
        }
    }
    assert!(unexpected.is_empty(), "{}", unexpected.join("\n"));
}

/// Where `roster lint` says something else than the server: each of the server's causes is one problem, at the same
/// place, with the same words. Before a rule's own sentence the server puts what kind of value it was.
fn judged_otherwise(text: &str, said: &str) -> Option<String> {
    let judged = judge(&serde_json::from_str(text).unwrap());
    let answers = ["is invalid: ", "strict decoding error: "];
    let Some((_, body)) = answers.into_iter().find_map(|answer| said.trim().split_once(answer)) else {
        return Some(format!("  answered: {said}"));
    };
    let causes: Vec<&str> = match body.trim().strip_prefix("* ") {
        Some(list) => list.split("\n* ").collect(),
        None if said.contains("strict decoding error") => body.split(", ").collect(),
        None => vec![body],
    };
    let equal = |cause: &str, problem: &Problem| {
        let place = cause.starts_with(&format!("{}: ", problem.path))
            || cause.starts_with("<nil>: ")
            || said.contains("strict");
        place && cause.ends_with(&problem.message)
    };
    let told = causes.iter().all(|cause| judged.iter().any(|problem| equal(cause, problem)));
    (!told || causes.len() != judged.len()).then(|| format!("  answered: {causes:#?}\n  judged: {judged:#?}"))
}

#[test]
fn what_is_good_is_accepted() {
    for (kind, change, _) in cases("accepted") {
        let text = object(kind, "case", &change);
        done(&CREATE, &text);
        assert_eq!(judge(&serde_json::from_str(&text).unwrap()), [], "{text}");
    }
}

/// Shapes that no case says a sentence about: what counts is that both say the same.
#[test]
fn strange_shapes_are_judged_as_the_server_does() {
    let cases = cases("strange");
    let differences: Vec<String> = cases
        .iter()
        .filter_map(|(kind, change, _)| {
            let text = object(kind, "case", change);
            let said = String::from_utf8(kubectl(&CREATE, &text).stderr).unwrap();
            judged_otherwise(&text, &said).map(|difference| format!("{kind} {change}\n{difference}"))
        })
        .collect();
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}

/// The same without a server: each case of the file has its verdict and its sentence.
#[test]
fn the_cases_are_judged_alike_offline() {
    for (kind, change, sentence) in cases("refused") {
        let judged = judge(&serde_json::from_str(&object(kind, "case", &change)).unwrap());
        let said: Vec<String> = judged.iter().map(ToString::to_string).collect();
        let sentence = sentence.unwrap();
        assert!(said.iter().any(|said| said.contains(&sentence)), "{kind} {change}: {said:#?}");
    }
}

#[test]
fn an_application_may_not_become_another() {
    let namespace = Namespace::of("schema-application");
    let of = |id: &str| {
        let id = format!("{id}bb441c4-edef-46ac-8a41-c49e44a3fd9a");
        let change = json!({"email": null, "servicePrincipal": {"applicationId": id, "tenantId": id, "objectId": id}});
        object("PublisherUser", "schema-application", &change)
    };
    namespace.done(&["create", "-f", "-"], &of("9"));
    let replace = ["-n", "schema-application", "replace", "--dry-run=server", "-f", "-"];
    done(&replace, &of("9"));
    let said = refused(&replace, &of("8"));
    let sentence =
        "`servicePrincipal` may not be changed: delete this object and create another for the other application";
    assert!(said.contains(sentence), "{said}");
}

/// A template that leaves a value empty means that the field is absent.
#[test]
fn an_empty_value_is_an_absent_field() {
    let text = object("RoleBinding", "case", &json!({}));
    let with_nulls = text.replacen("\"userRef\"", "\"email\":null,\"serviceAccount\":null,\"userRef\"", 1);
    let with_nulls = with_nulls.replacen("\"role\"", "\"adoption\":null,\"deletionPolicy\":null,\"role\"", 1);
    assert_eq!(with_nulls.matches("null").count(), 4);
    done(&CREATE, &with_nulls);
    assert_eq!(judge(&serde_json::from_str(&with_nulls).unwrap()), []);
}

#[test]
fn identity_may_not_be_changed_and_everything_else_may() {
    let namespace = Namespace::of("schema-edited");
    for kind in KINDS {
        namespace.done(&["create", "-f", "-"], &object(kind, "schema-edited", &json!({})));
    }
    for (kind, change, sentence) in cases("edited") {
        let edit = ["-n", "schema-edited", "replace", "--dry-run=server", "-f", "-"];
        let text = object(kind, "schema-edited", &change);
        match sentence {
            None => _ = done(&edit, &text),
            Some(sentence) => {
                let said = refused(&edit, &text);
                assert!(said.contains(&sentence), "{kind} {change}: {said}");
            }
        }
    }
}

#[test]
fn the_kinds_have_names_of_their_own() {
    let namespace = Namespace::of("schema-names");
    for kind in KINDS {
        namespace.done(&["create", "-f", "-"], &object(kind, "schema-names", &json!({})));
    }
    let user = "confluentuser.access.roster.dev/schema-names";
    let binding = "rolebinding.access.roster.dev/schema-names";
    let organization = "confluentorganization.access.roster.dev/schema-names";
    let member = "publisheruser.access.roster.dev/schema-names";
    let publisher = "publisher.access.roster.dev/schema-names";
    let cases: [(&[&str], &[&str]); 13] = [
        (&["accessrolebindings"], &[binding]),
        (&["accessrolebinding"], &[binding]),
        (&["arb"], &[binding]),
        (&["cuser"], &[user]),
        (&["pubuser"], &[member]),
        (&["publ"], &[publisher]),
        (&["access"], &[organization, user, publisher, member, binding]),
        (&["cuser", "--field-selector=spec.email=ada@example.com"], &[user]),
        (&["cuser", "--field-selector=spec.organizationRef.name=other"], &[]),
        (&["arb", "--field-selector=spec.role=CloudClusterAdmin"], &[binding]),
        (&["pubuser", "--field-selector=spec.email=ada@example.com,spec.role=Contributor"], &[member]),
        (&["pubuser", "--field-selector=spec.role=Owner"], &[]),
        (&["pubuser", "--field-selector=spec.publisherRef.name=contoso"], &[member]),
    ];
    for (arguments, expected) in cases {
        let said = namespace.done(&[&["get", "-o", "name"], arguments].concat(), "");
        // Organizations and publishers of other tests have no namespace to be left out by.
        let mut mine: Vec<&str> = said.lines().filter(|line| line.ends_with("/schema-names")).collect();
        mine.sort_unstable();
        assert_eq!(mine, expected, "{arguments:?}");
    }

    // A bare `rolebindings` is still Kubernetes' own, although our kind is called `RoleBinding`.
    namespace.done(&["create", "rolebinding", "builtin", "--clusterrole=view", "--user=ada"], "");
    for word in ["rolebindings", "rolebinding"] {
        assert_eq!(namespace.done(&["get", word, "-o", "name"], ""), "rolebinding.rbac.authorization.k8s.io/builtin");
    }
    // Before the operator has looked, nothing that waits may take the object for settled.
    for resource in ["cuser", "arb", "corg", "pubuser", "publ"] {
        let unseen = ["get", resource, "schema-names", "-o", "jsonpath={.status}"];
        assert_eq!(namespace.done(&unseen, ""), r#"{"observedGeneration":-1}"#);
    }
}

#[test]
fn the_kinds_explain_themselves() {
    let cases = [
        ("cuser", "DESCRIPTION: One person of a Confluent organization, keyed by e-mail"),
        ("cuser.spec.email", "The person's e-mail, in lower case."),
        ("arb.spec", "Where the role holds."),
        ("arb.spec.scope.resource.patternType", "`Prefixed` every name that begins with it"),
        ("corg.spec.delegations", "nobody may declare anything"),
        ("arb.status.conditions.reason", "the README lists every reason"),
        ("pubuser", "DESCRIPTION: One person, group or service principal as owner or contributor"),
        ("pubuser.spec.type", "`Group` a security group or a shared alias, which outlives any one person."),
        ("publ.spec.delegations.add", "nobody when empty"),
    ];
    for (path, sentence) in cases {
        let text = done(&["explain", path], "");
        // kubectl wraps its lines.
        let flat = text.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(flat.contains(sentence), "{path}: {text}");
    }
}

/// A namespace of a test, and an organization and a publisher of the same name; all go with the test.
struct Namespace(&'static str);

impl Namespace {
    fn of(name: &'static str) -> Self {
        done(&["create", "namespace", name], "");
        Self(name)
    }

    fn done(&self, arguments: &[&str], input: &str) -> String {
        done(&[&["-n", self.0], arguments].concat(), input)
    }
}

impl Drop for Namespace {
    fn drop(&mut self) {
        let _ = kubectl(&["delete", "corg,publ", self.0, "--ignore-not-found"], "");
        let _ = kubectl(&["delete", "namespace", self.0, "--wait=false"], "");
    }
}

/// It has the form of a time, so that the rule breaks instead of failing; either refuses the object.
#[test]
fn a_day_that_is_in_no_calendar_is_refused() {
    for day in ["2026-02-30", "2027-02-29", "2026-04-31"] {
        let change = json!({"validity": {"notAfter": format!("{day}T18:00:00Z")}});
        let text = object("RoleBinding", "case", &change);
        let said = refused(&CREATE, &text);
        assert!(said.contains("`notAfter` must be a time with its zone"), "{said}");
        assert_ne!(judge(&serde_json::from_str(&text).unwrap()), [], "{text}");
    }
}
