//! The examples: each goes into any namespace, is settled by one apply, and makes sense to the rules of access.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

use std::{
    fs,
    path::{Path, PathBuf},
};

use jiff::Timestamp;
use kube::ResourceExt;
use roster::{
    access::{
        Email, PrincipalKind,
        delegation::{self, GrantRequest, Namespace},
        judge,
        publisher::{
            PublisherRole,
            delegation::{MemberRequest, PublisherDelegation, may_add},
        },
        validity::Term,
    },
    api::{ConfluentOrganization, ConfluentUser, Publisher, PublisherUser, RoleBinding, convert},
};
use serde::Deserialize;
use serde_json::Value;

use crate::cluster::{done, kubectl};

/// Any namespace but `default`.
const NAMESPACE: &str = "examples";

fn examples() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples");
    let mut folders: Vec<PathBuf> = fs::read_dir(root).unwrap().map(|entry| entry.unwrap().path()).collect();
    // `gitops` is about tools that no test has.
    folders.retain(|folder| folder.join("kustomization.yaml").exists());
    folders.sort();
    folders
}

/// Every object of a folder, by kustomize.
fn objects(folder: &Path) -> Vec<Value> {
    let text = done(&["kustomize", folder.to_str().unwrap()], "");
    serde_yaml::Deserializer::from_str(&text).map(|document| Value::deserialize(document).unwrap()).collect()
}

fn of_kind<T: serde::de::DeserializeOwned>(objects: &[Value], kind: &str) -> Vec<T> {
    let objects = objects.iter().filter(|object| object["kind"] == kind);
    objects.map(|object| serde_json::from_value(object.clone()).unwrap()).collect()
}

#[test]
fn each_goes_into_any_namespace_and_one_apply_settles_it() {
    done(&["create", "namespace", NAMESPACE], "");
    for folder in examples() {
        assert!(folder.join("README.md").exists(), "{}", folder.display());
        let path = folder.to_str().unwrap();
        let applied = done(&["apply", "-n", NAMESPACE, "-k", path], "");
        assert_eq!(applied.lines().count(), objects(&folder).len(), "{applied}");
        assert!(applied.lines().all(|line| line.ends_with(" created")), "{applied}");
        let again = done(&["apply", "-n", NAMESPACE, "-k", path], "");
        assert!(again.lines().all(|line| line.ends_with(" unchanged")), "{again}");
        for way in [&["diff"][..], &["diff", "--server-side", "--field-manager=ci"]] {
            let arguments = [way, &["-n", NAMESPACE, "-k", path]].concat();
            let diff = kubectl(&arguments, "");
            assert!(diff.status.success(), "{arguments:?}: {diff:?}");
        }
    }
    done(&["delete", "corg/example", "publ/contoso-data"], "");
    done(&["delete", "namespace", NAMESPACE, "--wait=false"], "");
}

#[test]
fn each_makes_sense_and_is_delegated() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/organization");
    let organizations: Vec<ConfluentOrganization> = of_kind(&objects(&root), "ConfluentOrganization");
    let [organization] = organizations.as_slice() else { panic!("one organization") };
    assert_eq!(convert::broken_delegations(&organization.spec), [""; 0]);
    let delegations = convert::delegations(&organization.spec);
    let namespace = Namespace { name: NAMESPACE.to_owned(), ..Namespace::default() };
    for folder in examples() {
        let objects = objects(&folder);
        let users: Vec<ConfluentUser> = of_kind(&objects, "ConfluentUser");
        for user in &users {
            let email = Email::parse(&user.spec.email).unwrap();
            delegation::may_invite(&delegations, &namespace, &email).unwrap();
        }
        for binding in of_kind::<RoleBinding>(&objects, "RoleBinding") {
            let name = binding.name_any();
            let email =
                |name: &str| users.iter().find(|user| user.name_any() == name).map(|user| user.spec.email.clone());
            let desired = convert::desired_binding(&binding.spec, &organization.spec, email).unwrap();
            let (role, scope) = (desired.role.as_str(), &desired.scope);
            judge::role_at(roster::access::Catalogue::embedded(), role, scope)
                .unwrap_or_else(|error| panic!("{name}: {error}"));
            let kind = match binding.spec.principal.user_ref {
                Some(_) => PrincipalKind::User,
                None => PrincipalKind::ServiceAccount,
            };
            let term = Term { begins: Timestamp::UNIX_EPOCH, ends: None };
            let request = GrantRequest { role, scope, kind: Some(kind), declared_here: false, term };
            delegation::may_grant(&delegations, &namespace, request).unwrap_or_else(|error| panic!("{name}: {error}"));
        }
    }
}

/// The same of a publisher's users; its second delegation is narrower: it lets nobody be an owner.
#[test]
fn each_user_of_a_publisher_makes_sense_and_is_delegated() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/publisher");
    let publishers: Vec<Publisher> = of_kind(&objects(&root), "Publisher");
    let [publisher] = publishers.as_slice() else { panic!("one publisher") };
    assert_eq!(convert::broken_publisher_delegations(&publisher.spec), [""; 0]);
    let delegations = convert::publisher_delegations(&publisher.spec);
    let [everybody, narrow] = delegations.as_slice() else { panic!("two delegations") };
    let users: Vec<PublisherUser> = of_kind(&objects(&root.with_file_name("publisher-onboarding")), "PublisherUser");
    assert_eq!(users.len(), 4);
    for user in users {
        let desired = convert::desired_member(&user.spec, publisher.spec.deletion_policy).unwrap();
        let request = MemberRequest { key: &desired.key, kind: &desired.kind, role: desired.role };
        let may = |delegation: &PublisherDelegation, namespace: &str| {
            let namespace = Namespace { name: namespace.to_owned(), ..Namespace::default() };
            may_add(std::slice::from_ref(delegation), &namespace, request).is_ok()
        };
        assert!(may(everybody, NAMESPACE), "{}", user.name_any());
        let person = desired.role == PublisherRole::Contributor && user.spec.email.is_some();
        assert_eq!(may(narrow, "offers"), person, "{}", user.name_any());
        assert!(!may(narrow, NAMESPACE));
    }
}

/// The second delegation shows a narrower one: it must be one.
#[test]
fn the_narrower_delegation_is_narrower() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/organization");
    let organizations: Vec<ConfluentOrganization> = of_kind(&objects(&root), "ConfluentOrganization");
    let delegations = convert::delegations(&organizations[0].spec);
    let [_, narrow] = delegations.as_slice() else { panic!("two delegations") };
    let scope = |folder: &str| {
        let objects = objects(&root.with_file_name(folder));
        let bindings: Vec<RoleBinding> = of_kind(&objects, "RoleBinding");
        let spec = bindings[0].spec.clone();
        (spec.role, convert::scope(&spec.scope, &organizations[0].spec.organization_id).unwrap())
    };
    let cases =
        [("topic-developer", "orders", true), ("topic-developer", "payments", false), ("assigner", "orders", false)];
    for (folder, namespace, may) in cases {
        let (role, scope) = scope(folder);
        let term = Term { begins: Timestamp::UNIX_EPOCH, ends: None };
        let kind = Some(PrincipalKind::User);
        let request = GrantRequest { role: &role, scope: &scope, kind, declared_here: true, term };
        let namespace = Namespace { name: namespace.to_owned(), ..Namespace::default() };
        let answer = delegation::may_grant(std::slice::from_ref(narrow), &namespace, request);
        assert_eq!(answer.is_ok(), may, "{folder}: {answer:?}");
    }
}

/// The kinds as the README shows them.
#[test]
fn the_api_server_takes_what_the_readme_shows() {
    let readme = include_str!("../../README.md");
    let (_, rest) = readme.split_once("```yaml\n").unwrap();
    let (shown, _) = rest.split_once("```").unwrap();
    let mut kinds = Vec::new();
    for document in serde_yaml::Deserializer::from_str(shown) {
        let mut object = Value::deserialize(document).unwrap();
        object["apiVersion"] = "access.roster.dev/v1alpha1".into();
        kinds.push(object["kind"].as_str().unwrap().to_owned());
        // The examples use the same names at the same time.
        object["metadata"]["name"] = "shown-in-the-readme".into();
        done(&["create", "--dry-run=server", "-f", "-"], &object.to_string());
    }
    assert_eq!(kinds, ["ConfluentUser", "RoleBinding", "ConfluentOrganization", "PublisherUser"]);
}
