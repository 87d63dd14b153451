//! Added, seen, changed, taken over, removed.

use super::*;
use crate::{refusals::event, stage::condition};

const ADA: &str = "ada@example.com";

/// Microsoft's page from its first step to its last.
#[test]
fn a_user_is_added_seen_made_an_owner_and_removed() {
    let fair = Fair::open("publisher-onboarding");
    let stage = &fair.stage;
    stage.apply(&[fair.user("ada", ADA, "Contributor", json!({}))]);
    let ada = stage.settled("pubuser", "ada", "True", "InSync");
    assert_eq!(fair.role_of(ADA).unwrap(), "contributor active");
    assert_eq!(condition(&ada, "Granted")["status"], "True");
    let status = &ada["status"];
    assert_eq!(
        (&status["role"], &status["accountType"], &status["state"]),
        (&json!("Contributor"), &json!("Organization"), &json!("Active"))
    );
    // What an owner sees and a contributor does not.
    assert_eq!(status["hidden"], json!(["Payout", "Customer"]));
    assert_eq!(advice(&ada), ["MailboxNotAttested"]);
    assert!(event(stage, "pubuser", "ada", "MailboxNotAttested").contains("mailbox: Monitored"));
    assert!(event(stage, "publ", &stage.name, "NoGroup").contains("people leave"));
    let table = stage.theatre.done(&["get", "pubuser", "-n", &stage.name], "");
    for word in [ADA, "Contributor", "True", "InSync"] {
        assert!(table.contains(word), "{table}");
    }

    stage.apply(&[fair.user("ada", ADA, "Owner", json!({"mailbox": "Monitored"}))]);
    let ada = stage.settled("pubuser", "ada", "True", "InSync");
    assert_eq!(fair.role_of(ADA).unwrap(), "owner active");
    assert_eq!(ada["status"]["sees"].as_array().unwrap().len(), 6);
    assert_eq!((advice(&ada), ada["status"].get("hidden")), (Vec::new(), None));
    stage.apply(&[fair.user("ada", ADA, "Contributor", json!({}))]);
    stage.settled("pubuser", "ada", "True", "InSync");
    assert_eq!(fair.role_of(ADA).unwrap(), "contributor active");
    // One write for each change of the role: there was no moment without one.
    let ours = |status: &str| format!("PUT {ADA} {status}");
    assert_eq!(fair.writes(), [ours("201"), ours("200"), ours("200")]);

    stage.delete("pubuser", "ada");
    stage.gone("pubuser", "ada");
    assert_eq!(fair.role_of(ADA), None);
    assert_eq!(fair.writes().len(), 4);
    assert!(fair.role_of("grace@example.com").is_some());
}

#[test]
fn people_of_both_kinds_of_account_groups_and_applications_are_added_and_others_say_why_not() {
    let fair = Fair::open("publisher-kinds");
    let stage = &fair.stage;
    let alone = stage.settled("publ", &stage.name, "True", "InSync");
    assert!(advice(&alone).contains(&"NoGroup".to_owned()), "{alone}");
    let application = json!({"applicationId": "0b7e6d1c-52f4-4f0a-9f38-6a1d2c3b4e5f",
        "tenantId": "72f0c1de-4a52-4b9f-9d4e-0f3c5a6b7d81", "objectId": "9c2f4a6e-8b1d-4e37-a5c0-d7f6e8b9a0c1",
        "friendlyName": "Offer pipeline"});
    stage.apply(&[
        fair.user("work", ADA, "Contributor", json!({})),
        fair.user("own", "ada@outlook.com", "Contributor", json!({})),
        fair.user("team", "team@example.com", "Owner", json!({"type": "Group", "mailbox": "Monitored"})),
        fair.object("pipeline", json!({"servicePrincipal": application, "role": "Contributor"})),
        fair.user("neither", "ada@gmail.com", "Contributor", json!({})),
    ]);
    for name in ["work", "team", "pipeline"] {
        stage.settled("pubuser", name, "True", "InSync");
    }
    assert_eq!(fair.role_of("team@example.com").unwrap(), "owner active");
    assert_eq!(fair.role_of("0b7e6d1c-52f4-4f0a-9f38-6a1d2c3b4e5f").unwrap(), "contributor active");
    Told::held("pubuser", "neither", "BackendRefused", &["ada@gmail.com", "Microsoft account"]).by(stage);
    assert_eq!(fair.role_of("ada@gmail.com"), None);

    // A Microsoft account is there once its person comes in.
    let invited = stage.settled("pubuser", "own", "True", "InvitationPending");
    let granted = condition(&invited, "Granted");
    assert_eq!((&granted["status"], &granted["reason"]), (&json!("False"), &json!("InvitationPending")));
    assert_eq!(advice(&invited), ["PersonalMailDomain", "MailboxNotAttested"]);
    let email = "ada@outlook.com".to_owned();
    fair.portal(PublisherCommand::AcceptInvitation { publisher: stage.name.clone(), email });
    fair.relist();
    let there = stage.settled("pubuser", "own", "True", "InSync");
    assert_eq!(there["status"]["accountType"], "Microsoft");
    // The publisher was in sync before as well: what its status says of its users comes a moment after these.
    let publisher = || stage.settled("publ", &stage.name, "True", "InSync");
    let with_group = || advice(&publisher()).is_empty() && publisher()["status"]["counts"]["owners"] == 3;
    eventually("the publisher has a group", &mut || with_group(), &mut || publisher().to_string());

    // Deleted, those who never got there leave nothing behind and are not looked for.
    stage.theatre.done(&["delete", "pubuser", "--all", "-n", &stage.name], "");
    assert_eq!(fair.remote().len(), 2, "{:?}", fair.remote());
}

#[test]
fn users_who_were_there_before_are_taken_over_only_as_the_object_says() {
    let mary = PublisherCommand::AddUser {
        publisher: "publisher-adoption".to_owned(),
        who: PublisherPrincipal::User { email: "mary@example.com".to_owned() },
        role: PublisherRole::Contributor,
        friendly_name: None,
    };
    let fair = Fair::since_yesterday("publisher-adoption", &[mary]);
    let stage = &fair.stage;
    stage.apply(&[fair.publisher(|_| {})]);
    stage.apply(&[
        fair.user("mary", "mary@example.com", "Contributor", json!({})),
        fair.user("grace", "grace@example.com", "Owner", json!({})),
    ]);
    stage.settled("pubuser", "mary", "True", "InSync");
    Told::invalid("pubuser", "grace", "AdoptionRequired", &["grace@example.com", "adoption: Adopt"]).by(stage);
    stage.apply(&[fair.user("grace", "grace@example.com", "Owner", json!({"adoption": "Adopt"}))]);
    stage.settled("pubuser", "grace", "True", "InSync");
    // To make somebody an owner who was a contributor before is to take an owner's power over.
    stage.apply(&[fair.user("mary", "mary@example.com", "Owner", json!({}))]);
    Told::invalid("pubuser", "mary", "AdoptionRequired", &["was Contributor"]).by(stage);
    stage.apply(&[fair.user("mary", "mary@example.com", "Contributor", json!({"adoption": "Refuse"}))]);
    Told::invalid("pubuser", "mary", "AdoptionRequired", &["mary@example.com"]).by(stage);
    stage.delete("pubuser", "mary");
    stage.gone("pubuser", "mary");
    assert_eq!(fair.writes(), Vec::<String>::new());
    assert_eq!(fair.role_of("mary@example.com").unwrap(), "contributor active");
}

#[test]
fn two_objects_share_a_user_or_contradict_and_the_last_removes_it() {
    let fair = Fair::open("publisher-shared");
    let stage = &fair.stage;
    stage.apply(&[fair.user("one", ADA, "Contributor", json!({})), fair.user("two", ADA, "Contributor", json!({}))]);
    for name in ["one", "two"] {
        stage.settled("pubuser", name, "True", "Shared");
    }
    stage.apply(&[fair.user("two", ADA, "Owner", json!({}))]);
    for name in ["one", "two"] {
        Told::invalid("pubuser", name, "ContradictingRoles", &[ADA, "Contributor", "Owner"]).by(stage);
    }
    assert_eq!(fair.role_of(ADA).unwrap(), "contributor active");
    stage.delete("pubuser", "two");
    stage.gone("pubuser", "two");
    stage.settled("pubuser", "one", "True", "InSync");
    // Both may have asked at once; the portal added one.
    let added: Vec<String> = fair.writes().into_iter().filter(|it| !it.ends_with(" 409")).collect();
    assert_eq!(added, [format!("PUT {ADA} 201")]);
    stage.delete("pubuser", "one");
    stage.gone("pubuser", "one");
    assert_eq!(fair.role_of(ADA), None);
}

#[test]
fn what_the_portal_did_meanwhile_is_seen_and_mended() {
    let fair = Fair::open_with("publisher-drift", |it| it["spec"]["resyncInterval"] = json!("10s"));
    let stage = &fair.stage;
    let lists = || stage.requests().iter().filter(|it| it.path.ends_with("/users")).count();
    // A listing shows what was written: until one does, it lags for all that anybody knows.
    let known = || {
        let next = lists() + 2;
        eventually("two listings", &mut || lists() >= next, &mut String::new);
    };
    let told = |name: &str, changes: &[&str]| {
        let history = || stage.get("pubuser", name).unwrap()["status"]["drift"].as_array().cloned().unwrap_or_default();
        let is = || history().iter().map(|it| it["change"].clone()).collect::<Vec<_>>() == changes;
        eventually(&format!("{name}: {changes:?}"), &mut || is(), &mut || format!("{:?}", history()));
        assert!(history().iter().all(|it| it["seen"].is_string() && it["by"].is_null() && it["at"].is_null()));
    };
    stage.apply(&[
        fair.user("ada", ADA, "Contributor", json!({})),
        fair.user("hedy", "hedy@example.com", "Owner", json!({})),
    ]);
    for name in ["ada", "hedy"] {
        stage.settled("pubuser", name, "True", "InSync");
    }
    known();
    let publisher = stage.name.clone();
    fair.portal(PublisherCommand::RemoveUser { publisher: publisher.clone(), user: ADA.to_owned(), version: None });
    fair.change_by_hand("hedy@example.com", PublisherRole::Contributor);
    told("ada", &["Removed"]);
    told("hedy", &["Demoted"]);
    let words = format!("`{ADA}` was taken away outside of its object");
    assert_eq!(event(stage, "pubuser", "ada", "DriftDetected"), words);
    let words = "`hedy@example.com` was made a contributor outside of its object";
    assert_eq!(event(stage, "pubuser", "hedy", "DriftDetected"), words);
    eventually(
        "both are as declared",
        &mut || {
            let remote = fair.remote();
            remote.contains_key(ADA) && remote["hedy@example.com"] == "owner active"
        },
        &mut || format!("{:?}", fair.remote()),
    );
    for name in ["ada", "hedy"] {
        stage.settled("pubuser", name, "True", "InSync");
    }
    known();
    fair.change_by_hand(ADA, PublisherRole::Owner);
    told("ada", &["Promoted", "Removed"]);
    stage.settled("pubuser", "ada", "True", "InSync");
    assert_eq!(fair.role_of(ADA).unwrap(), "contributor active");
    // What the object asks for is no drift, also where a version changed under the operator's hands.
    fair.change_by_hand("hedy@example.com", PublisherRole::Contributor);
    stage.apply(&[fair.user("hedy", "hedy@example.com", "Contributor", json!({}))]);
    stage.settled("pubuser", "hedy", "True", "InSync");
    assert_eq!(fair.role_of("hedy@example.com").unwrap(), "contributor active");
    told("ada", &["Promoted", "Removed"]);
}

#[test]
fn a_batch_is_one_write_a_user_and_then_nothing_is_written() {
    let fair = Fair::open_with("publisher-counts", |it| it["spec"]["resyncInterval"] = json!("10s"));
    let stage = &fair.stage;
    let name = |number: usize| format!("user-{number}");
    let users: Vec<Value> = (0..20)
        .map(|it| {
            fair.user(&name(it), &format!("{}@example.com", name(it)), "Contributor", json!({"mailbox": "Monitored"}))
        })
        .collect();
    stage.apply(&users);
    for number in 0..20 {
        stage.settled("pubuser", &name(number), "True", "InSync");
    }
    assert_eq!(fair.writes().len(), 20, "{:?}", fair.writes());
    let kubernetes = || stage.theatre.writes_to_our_kinds(&stage.name);
    let before = kubernetes();
    assert!(before.len() <= 40, "{before:?}");
    let lists = || stage.requests().iter().filter(|it| it.path.ends_with("/users")).count();
    let listed = lists();
    eventually("it is listed twice more", &mut || lists() >= listed + 2, &mut String::new);
    assert_eq!(kubernetes(), before);
    assert_eq!(fair.writes().len(), 20);
    let own = |it: &roster::simulator::RequestRecord| it.method == "GET" && it.path.contains("/users/");
    assert_eq!(stage.requests().iter().filter(|it| own(it)).count(), 0, "nobody is read one by one");
}
