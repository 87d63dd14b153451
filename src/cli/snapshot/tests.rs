//! A snapshot is written and read again.

use super::*;
use crate::access::Scope;

#[test]
fn what_is_written_is_read_again_and_says_the_same() {
    let crn = "crn://confluent.cloud/organization=9bb441c4-edef-46ac-8a41-c49e44a3fd9a/environment=env-1";
    let binding = Binding {
        id: "rb-1".to_owned(),
        principal: PrincipalId::new("u-1"),
        role: "Operator".to_owned(),
        crn: crn.to_owned(),
        scope: None,
        created_at: None,
    };
    let cluster = Cluster {
        id: "lkc-1".to_owned(),
        environment: "env-1".to_owned(),
        display_name: "orders".to_owned(),
        kind: ClusterKind::Basic,
    };
    let invitation = Invitation {
        id: "i-1".to_owned(),
        email: Email::from_remote("ada@example.com"),
        status: InvitationStatus::Pending,
        user: Some(PrincipalId::new("u-1")),
        created_at: None,
        expires_at: None,
    };
    let (bindings, clusters, invitations) = (vec![binding], vec![cluster], vec![invitation.clone()]);
    let listing = Listing { invitations, bindings, clusters, ..Listing::default() };
    let snapshot = Snapshot::of("9bb441c4", "Example", listing);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("snapshot.yaml");
    fs::write(&path, snapshot.text().unwrap()).unwrap();
    let again = Snapshot::open(&path).unwrap();
    assert_eq!(again, snapshot);
    let listing = again.listing();
    assert_eq!(listing.bindings[0].scope, Scope::environment("env-1").ok());
    assert_eq!(listing.clusters[0].kind, ClusterKind::Basic);
    assert_eq!(listing.environments.len(), 1);
    assert_eq!(listing.invitations, [Invitation { id: "0".to_owned(), ..invitation }]);
    // A file from before invitations were saved.
    let text = again.text().unwrap();
    let (before, after) = text.split_once("invitations:").unwrap();
    let after = &after[after.find("serviceAccounts").unwrap()..];
    fs::write(&path, format!("{before}{after}")).unwrap();
    assert_eq!(Snapshot::open(&path).unwrap(), Snapshot { invitations: Vec::new(), ..again });
    for (text, part) in [("version: 2\n", "is no snapshot"), ("bindings: [{secret: 1}]\n", "is no snapshot")] {
        fs::write(&path, text).unwrap();
        assert!(Snapshot::open(&path).unwrap_err().to_string().contains(part));
    }
}
