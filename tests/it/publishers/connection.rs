//! Whether the operator sees the publisher, and with which credential.

use roster::simulator::world::publisher::OPERATOR_OBJECT;

use super::*;
use crate::stage::condition;

fn operator(fair: &Fair) -> PublisherPrincipal {
    let own = fair.stage.simulator.operator_application().unwrap();
    let (application_id, tenant_id, object_id) = (own.client_id, own.tenant, OPERATOR_OBJECT.to_owned());
    PublisherPrincipal::ServicePrincipal { application_id, tenant_id, object_id }
}

#[test]
fn a_publisher_without_a_role_is_not_visible_and_those_with_one_are_named() {
    let fair = Fair::closed("publisher-visible");
    let stage = &fair.stage;
    let (publisher, owner) = ("fabrikam".to_owned(), "olga@fabrikam.example".to_owned());
    fair.portal(PublisherCommand::Create { publisher, display_name: "Fabrikam".to_owned(), owner });
    stage.apply(&[fair.publisher(|it| it["spec"]["publisherId"] = json!("fabrikam"))]);
    stage.apply(&[fair.user("ada", "ada@example.com", "Contributor", json!({}))]);
    let words = ["no role on the publisher `fabrikam`", "`publisher-visible`", "spec.publisherId"];
    let told = Told::invalid("publ", &stage.name, "PublisherNotVisible", &words).by(stage);
    assert_eq!(condition(&told, "CredentialsValid")["status"], "True");
    assert_eq!(condition(&told, "PermissionsSufficient")["status"], "False");
    Told::held("pubuser", "ada", "PublisherNotVisible", &["the publisher `publisher-visible` is not connected"])
        .by(stage);
    assert_eq!(fair.writes(), Vec::<String>::new());
    // An owner adds the operator, and it goes on by itself.
    let (publisher, who, role) = ("fabrikam".to_owned(), operator(&fair), PublisherRole::Owner);
    fair.portal(PublisherCommand::AddUser { publisher, who, role, friendly_name: None });
    stage.settled("publ", &stage.name, "True", "InSync");
    stage.settled("pubuser", "ada", "True", "InSync");
}

#[test]
fn a_contributor_that_may_not_change_users_says_so() {
    let fair = Fair::open_with("publisher-contributor", |it| it["spec"]["resyncInterval"] = json!("10s"));
    let stage = &fair.stage;
    let (publisher, who, role) = (stage.name.clone(), operator(&fair), PublisherRole::Contributor);
    fair.portal(PublisherCommand::ChangeUser { publisher, who, role, friendly_name: None, version: None });
    stage.apply(&[fair.user("ada", "ada@example.com", "Contributor", json!({}))]);
    let words = ["may not change this publisher's users", "make it an owner in the portal"];
    Told::invalid("pubuser", "ada", "MissingOwner", &words).by(stage);
    // The next listing shows it, without another connection.
    let told = || condition(&stage.get("publ", &stage.name).unwrap(), "PermissionsSufficient");
    eventually("the publisher says so", &mut || told()["reason"] == "MissingOwner", &mut || told().to_string());
    assert_eq!(told()["status"], "Unknown");
    assert_eq!(stage.get("publ", &stage.name).unwrap()["status"]["identity"]["role"], "Contributor");
    stage.simulator.rules(|rules| rules.publishers.contributors_may_manage_users = true).unwrap();
    stage.apply(&[fair.user("ada", "ada@example.com", "Contributor", json!({"mailbox": "Monitored"}))]);
    stage.settled("pubuser", "ada", "True", "InSync");
}

#[test]
fn an_identity_that_loses_its_role_says_so_takes_nothing_away_and_goes_on_with_it() {
    let fair = Fair::open_with("publisher-lost", |it| it["spec"]["resyncInterval"] = json!("10s"));
    let stage = &fair.stage;
    stage.apply(&[fair.user("ada", "ada@example.com", "Contributor", json!({}))]);
    stage.settled("pubuser", "ada", "True", "InSync");
    let (publisher, who) = (stage.name.clone(), operator(&fair));
    let user = who.key();
    fair.portal(PublisherCommand::RemoveUser { publisher: publisher.clone(), user, version: None });
    Told::held("publ", &stage.name, "RolesUnreadable", &["has no role on it any more", "as an owner"]).by(stage);
    stage.delete("pubuser", "ada");
    stage.apply(&[fair.user("hedy", "hedy@example.com", "Contributor", json!({}))]);
    stage.settled("pubuser", "hedy", "False", "MissingOwner");
    assert!(fair.role_of("ada@example.com").is_some());
    let role = PublisherRole::Owner;
    fair.portal(PublisherCommand::AddUser { publisher, who, role, friendly_name: None });
    stage.settled("publ", &stage.name, "True", "InSync");
    stage.gone("pubuser", "ada");
    stage.settled("pubuser", "hedy", "True", "InSync");
}

#[test]
fn without_a_secret_or_with_a_wrong_one_objects_wait_and_those_that_were_fine_stay_so() {
    let fair = Fair::open("publisher-secret");
    let stage = &fair.stage;
    stage.apply(&[fair.user("ada", "ada@example.com", "Contributor", json!({}))]);
    stage.settled("pubuser", "ada", "True", "InSync");
    let own = stage.simulator.operator_application().unwrap();
    stage.put_secret_named(&fair.secret(), &own.client_id, "not-the-secret");
    let rejected = Told::held("publ", &stage.name, "CredentialsRejected", &["client secret"]).by(stage);
    assert_eq!(condition(&rejected, "CredentialsValid")["status"], "False");
    assert!(!rejected.to_string().contains("not-the-secret"));
    stage.apply(&[fair.user("hedy", "hedy@example.com", "Contributor", json!({}))]);
    Told::held("pubuser", "hedy", "CredentialsRejected", &["the publisher `publisher-secret` is not connected"])
        .by(stage);
    assert_eq!(condition(&stage.get("pubuser", "ada").unwrap(), "Ready")["reason"], "InSync");

    stage.theatre.done(&["delete", "secret", &fair.secret(), "-n", "roster-system"], "");
    Told::held("publ", &stage.name, "CredentialsMissing", &["does not exist", "`key` and `secret`"]).by(stage);
    stage.delete("pubuser", "ada");
    let held = stage.settled("pubuser", "ada", "False", "CredentialsMissing");
    let uid = held["metadata"]["uid"].as_str().unwrap();
    let release = format!("access.roster.dev/release={uid}");
    stage.theatre.done(&["annotate", "pubuser", "ada", "-n", &stage.name, &release], "");
    stage.gone("pubuser", "ada");
    assert!(fair.role_of("ada@example.com").is_some(), "let go, not removed");
    fair.set_credential("");
    stage.settled("publ", &stage.name, "True", "InSync");
    stage.settled("pubuser", "hedy", "True", "InSync");
}

#[test]
fn everything_is_pruned_at_once_and_the_publisher_goes_last() {
    let fair = Fair::open("publisher-pruned");
    let stage = &fair.stage;
    let users =
        ["ada", "hedy", "linus"].map(|it| fair.user(it, &format!("{it}@example.com"), "Contributor", json!({})));
    stage.apply(&users);
    for name in ["ada", "hedy", "linus"] {
        stage.settled("pubuser", name, "True", "InSync");
    }
    stage.delete("publ", &stage.name);
    Told::held("publ", &stage.name, "DependentsExist", &["3 objects refer to this publisher"]).by(stage);
    stage.theatre.done(&["delete", "namespace", &stage.name, "--wait=false"], "");
    stage.gone("publ", &stage.name);
    assert_eq!(fair.remote().len(), 2, "{:?}", fair.remote());
}

#[test]
fn one_of_two_objects_has_the_publisher() {
    let fair = Fair::open("publisher-twins");
    let stage = &fair.stage;
    stage.apply(&[fair.publisher(|it| it["metadata"]["name"] = json!("publisher-twins-second"))]);
    // Which one is older is not told where both were made within a second.
    let names = ["publisher-twins", "publisher-twins-second"];
    let reason = |name: &str| condition(&stage.get("publ", name).unwrap(), "Ready")["reason"].clone();
    let mut twins = (names[0], names[1]);
    eventually(
        "one has it and the other says so",
        &mut || {
            twins = if reason(names[0]) == "DuplicatePublisher" { (names[1], names[0]) } else { (names[0], names[1]) };
            reason(twins.0) == "InSync" && reason(twins.1) == "DuplicatePublisher"
        },
        &mut || format!("{:?}", names.map(reason)),
    );
    let older = format!("`{}` is older", twins.0);
    Told::invalid("publ", twins.1, "DuplicatePublisher", &[&older, "delete this object"]).by(stage);
    stage.delete("publ", twins.1);
    stage.gone("publ", twins.1);
    stage.settled("publ", twins.0, "True", "InSync");
}
