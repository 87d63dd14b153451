//! The writes.

use super::*;
use crate::{access::publisher::ServicePrincipal, plan::permit::MemberRemoval};

fn member(role: impl Into<HeldRole>, version: Option<&str>) -> Member {
    Member {
        key: bob(),
        kind: MemberKind::User,
        role: role.into(),
        account: Some(AccountType::Microsoft),
        friendly_name: Some("Bob".to_owned()),
        invited: false,
        added_at: None,
        version: version.map(ToOwned::to_owned),
    }
}

fn contributor() -> Member {
    member(PublisherRole::Contributor, Some("\"1\""))
}

fn owner() -> Member {
    member(PublisherRole::Owner, Some("\"1\""))
}

fn refusals() -> [(Outcome, ErrorKind); 12] {
    use ErrorKind::{Ambiguous, Conflict, CredentialsRejected, Forbidden, Invalid, NotFound, Throttled, Unavailable};
    [
        (answer(400, data!("error_invalid_email")), Invalid),
        (answer(401, data!("error_unauthorized")), CredentialsRejected),
        (answer(403, data!("error_forbidden")), Forbidden),
        (answer(404, data!("error_publisher_not_found")), NotFound),
        (answer(404, "<html>"), Ambiguous),
        (answer(409, data!("error_user_already_exists")), Conflict),
        (answer(409, data!("error_last_owner")), Invalid),
        (answer(429, data!("error_too_many_requests")), Throttled),
        (answer(503, ""), Ambiguous),
        (Outcome::Broken, Ambiguous),
        (Outcome::Silence, Ambiguous),
        (Outcome::Unsent, Unavailable),
    ]
}

fn bodies(record: &Record) -> Vec<String> {
    record.lock().unwrap().iter().map(|seen| seen.body.clone()).collect()
}

#[tokio::test(start_paused = true)]
async fn somebody_is_added_only_where_nobody_is() {
    let new =
        || NewMember { key: bob(), kind: MemberKind::Group, role: PublisherRole::Contributor, friendly_name: None };
    let (portal, record) = saying(vec![tagged(201, "\"1\"", data!("user_contributor")), tagged(304, "\"1\"", "")]);
    let added = portal.add(new()).await.unwrap();
    assert_eq!((&added.key, added.version.as_deref()), (&bob(), Some("\"1\"")));
    assert_eq!(portal.find(bob()).await.unwrap(), Some(added), "what was written is known");
    assert_eq!(lines(&record)[0], format!("PUT {BOB_PATH}"));
    assert_eq!(
        (sent(&record, "if-none-match"), sent(&record, "if-match")[0].as_str()),
        (vec!["*".into(), "\"1\"".into()], "-")
    );
    assert_eq!(bodies(&record)[0], r#"{"email":"bob@outlook.com","type":"group","role":"contributor"}"#);

    let unusable = [
        (tagged(201, "\"1\"", data!("user_owner")), ErrorKind::Ambiguous),
        (tagged(201, "\"1\"", data!("user_application")), ErrorKind::Ambiguous),
        (answer(201, "<html>"), ErrorKind::Ambiguous),
        (answer(412, data!("error_precondition_failed")), ErrorKind::Conflict),
    ];
    for (outcome, kind) in refusals().into_iter().chain(unusable) {
        let (portal, record) = saying(vec![outcome]);
        let error = portal.add(new()).await.unwrap_err();
        assert_eq!((error.kind, error.operation), (kind, "add a publisher user"), "{error}");
        // A refused token is renewed once; nothing else is tried again.
        let attempts = if kind == ErrorKind::CredentialsRejected { 2 } else { 1 };
        assert_eq!(record.lock().unwrap().len(), attempts, "{error}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_application_is_added_by_its_id() {
    let principal = ServicePrincipal {
        application: APPLICATION.to_owned(),
        tenant: "7e0d0f1c-53b2-4a8a-b54b-0d3c7f4e7a11".to_owned(),
        object: "5c9b0c36-02f7-4c34-9f8e-2b8b4c3a3c22".to_owned(),
    };
    let new = |kind| NewMember {
        key: MemberKey::Application(APPLICATION.to_owned()),
        kind,
        role: PublisherRole::Contributor,
        friendly_name: Some("release".to_owned()),
    };
    let (portal, record) = saying(vec![answer(201, data!("user_application"))]);
    let added = portal.add(new(MemberKind::ServicePrincipal(principal.clone()))).await.unwrap();
    assert_eq!((added.kind, added.version), (MemberKind::ServicePrincipal(principal), None));
    assert_eq!(lines(&record), [format!("PUT {USERS_PATH}/{APPLICATION}")]);
    let body: serde_json::Value = serde_json::from_str(&bodies(&record)[0]).unwrap();
    let mut expected: serde_json::Value = serde_json::from_str(data!("user_application")).unwrap();
    expected.as_object_mut().unwrap().remove("state");
    assert_eq!(body, expected);

    for kind in [MemberKind::User, MemberKind::Other("robot".to_owned())] {
        let error = portal.add(new(kind)).await.unwrap_err();
        assert_eq!((error.kind, record.lock().unwrap().len()), (ErrorKind::Invalid, 1), "{error}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_contributor_is_made_an_owner_in_one_write() {
    let done = || tagged(200, "\"2\"", data!("user_owner"));
    let read = |tag| tagged(200, tag, data!("user_contributor"));
    let changed = || answer(412, data!("error_precondition_failed"));
    let gone = || answer(404, data!("error_user_not_found"));
    let listed = || member(PublisherRole::Contributor, None);
    // What is promoted, what the portal says, what was sent, and the version or the failure at the end.
    let cases = [
        (contributor(), vec![done()], vec!["PUT \"1\""], Ok("\"2\"")),
        (listed(), vec![read("\"7\""), done()], vec!["GET", "PUT \"7\""], Ok("\"2\"")),
        (contributor(), vec![changed(), read("\"8\""), done()], vec!["PUT \"1\"", "GET", "PUT \"8\""], Ok("\"2\"")),
        (owner(), vec![], vec![], Ok("\"1\"")),
        (listed(), vec![done()], vec!["GET"], Ok("\"2\"")),
        (contributor(), vec![changed(), done()], vec!["PUT \"1\"", "GET"], Ok("\"2\"")),
        (contributor(), vec![gone()], vec!["PUT \"1\""], Err(ErrorKind::Conflict)),
        (contributor(), vec![changed(), gone()], vec!["PUT \"1\"", "GET"], Err(ErrorKind::Conflict)),
        (listed(), vec![gone()], vec!["GET"], Err(ErrorKind::Conflict)),
        (member(HeldRole::Other("auditor".to_owned()), Some("\"1\"")), vec![], vec![], Err(ErrorKind::Conflict)),
        (member(PublisherRole::Contributor, Some("*")), vec![], vec![], Err(ErrorKind::Invalid)),
        (contributor(), vec![changed(), answer(403, "")], vec!["PUT \"1\"", "GET"], Err(ErrorKind::Forbidden)),
    ];
    for (member, outcomes, expected, end) in cases {
        let (portal, record) = saying(outcomes);
        let result = portal.promote(member).await;
        let said: Vec<String> = record
            .lock()
            .unwrap()
            .iter()
            .map(|seen| match seen.headers.get("if-match") {
                Some(tag) => format!("{} {}", seen.method, tag.to_str().unwrap()),
                None => seen.method.to_string(),
            })
            .collect();
        assert_eq!(said, expected, "{result:?}");
        let end_found = result.as_ref().map(|it| it.version.as_deref().unwrap()).map_err(|error| error.kind);
        assert_eq!(end_found, end, "{result:?}");
        assert!(result.is_err() || result.is_ok_and(|member| member.role == PublisherRole::Owner));
    }
    for (outcome, kind) in refusals() {
        let error = saying(vec![outcome]).0.promote(contributor()).await.unwrap_err();
        assert_eq!(error.kind, kind, "{error}");
    }
    let (portal, record) = saying(vec![tagged(200, "\"2\"", data!("user_contributor"))]);
    assert_eq!(portal.promote(contributor()).await.unwrap_err().kind, ErrorKind::Ambiguous, "the answer is no owner");
    let body = r#"{"email":"bob@outlook.com","type":"user","role":"owner","friendlyName":"Bob"}"#;
    assert_eq!(bodies(&record), [body]);
}

#[tokio::test(start_paused = true)]
async fn a_user_that_never_holds_still_is_left_to_somebody_else() {
    let (portal, record) = portal(|number, seen| {
        if seen.method == "GET" {
            tagged(200, &format!("\"{number}\""), data!("user_contributor"))
        } else {
            answer(412, "")
        }
    });
    assert_eq!(portal.promote(contributor()).await.unwrap_err().kind, ErrorKind::Conflict);
    let methods: Vec<_> = record.lock().unwrap().iter().map(|seen| seen.method.to_string()).collect();
    assert_eq!(methods, ["PUT", "GET", "PUT", "GET", "PUT", "GET", "PUT"]);
}

/// A permit is made by the guards alone, so these begin one step behind it.
#[tokio::test(start_paused = true)]
async fn each_removal_is_one_request_upon_the_version_that_was_judged() {
    let (user, ownership) = (MemberRemoval::Member(contributor()), MemberRemoval::Ownership(owner()));
    let demoted = tagged(200, "\"2\"", data!("user_contributor"));
    let unusable = answer(200, "<html>");
    let more =
        [(answer(412, data!("error_precondition_failed")), ErrorKind::Conflict), (unusable, ErrorKind::Ambiguous)];
    for (removal, method, done) in [(&user, "DELETE", answer(204, "")), (&ownership, "PUT", demoted)] {
        for outcome in [done, answer(404, data!("error_user_not_found"))] {
            let gone = matches!(&outcome, Outcome::Answer(404, ..)) || method == "DELETE";
            let (portal, record) = saying(vec![outcome]);
            let left = portal.remove(Permit::of(removal)).await.unwrap();
            let left = left.map(|member| (member.role, member.version));
            let contributor = (PublisherRole::Contributor.into(), Some("\"2\"".to_owned()));
            assert_eq!(left, (!gone).then_some(contributor));
            assert_eq!(lines(&record), [format!("{method} {BOB_PATH}")]);
            assert_eq!(sent(&record, "if-match"), ["\"1\""]);
        }
        for (outcome, kind) in refusals().into_iter().chain(more.clone()) {
            let (portal, record) = saying(vec![outcome]);
            let error = portal.remove(Permit::of(removal)).await.unwrap_err();
            assert_eq!(error.kind, kind, "{removal:?} {error}");
            let attempts = if kind == ErrorKind::CredentialsRejected { 2 } else { 1 };
            assert_eq!(record.lock().unwrap().len(), attempts, "{removal:?} {error}");
        }
    }
    let body = r#"{"email":"bob@outlook.com","type":"user","role":"contributor","friendlyName":"Bob"}"#;
    let (portal, record) = saying(vec![answer(409, data!("error_last_owner"))]);
    let error = portal.remove(Permit::of(&ownership)).await.unwrap_err();
    assert_eq!(error.public, "the request was refused (409): A publisher keeps one owner at least");
    assert_eq!(bodies(&record), [body]);
}

#[tokio::test(start_paused = true)]
async fn what_was_not_judged_or_is_not_understood_is_not_removed() {
    let robot = Member { kind: MemberKind::Other("robot".to_owned()), ..owner() };
    let members = [
        member(PublisherRole::Owner, None),
        member(PublisherRole::Owner, Some("*")),
        member(PublisherRole::Owner, Some("a\nb")),
        member(HeldRole::Other("auditor".to_owned()), Some("\"1\"")),
        robot,
    ];
    for member in members {
        for removal in [MemberRemoval::Member(member.clone()), MemberRemoval::Ownership(member)] {
            let (portal, record) = saying(vec![answer(204, "")]);
            let error = portal.remove(Permit::of(&removal)).await.unwrap_err();
            assert_eq!((error.kind, record.lock().unwrap().len()), (ErrorKind::Invalid, 0), "{error}");
        }
    }
}
