//! A running simulator under test, without its dialect.

use std::fs;

use super::*;
use crate::{
    access::PrincipalId,
    simulator::world::{DuplicateGrant, PublisherCommand},
};

fn clock() -> Clock {
    let now = "2026-03-02T09:00:00Z".parse().unwrap();
    Arc::new(move || now)
}

fn grant(holder: &str) -> Command {
    Command::Grant {
        principal: format!("User:{holder}"),
        role: "MetricsViewer".to_owned(),
        crn: format!("crn://confluent.cloud/organization={}", crate::simulator::world::ORGANIZATION),
    }
}

#[test]
fn a_restart_is_the_same_world_with_the_same_key_and_rules() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("world.db");
    let (key, world) = {
        let simulator = Simulator::open(Some(&path), 7, clock()).unwrap();
        let operator = Actor::Principal(PrincipalId::new("sa-roster"));
        simulator.act(&operator, &grant("sa-ordetl")).unwrap();
        assert!(simulator.act(&operator, &grant("sa-ordetl")).is_err());
        simulator.rules(|rules| rules.duplicate_grant = DuplicateGrant::SameId201).unwrap();
        simulator.portal(&Command::AdvanceClock { seconds: 3600 }).unwrap();
        (simulator.operator_key().unwrap(), simulator.inspect(|world, _| world.clone()))
    };
    let again = Simulator::open(Some(&path), 8, clock()).unwrap();
    assert_eq!(again.operator_key().unwrap(), key);
    again.inspect(|replayed, _| assert_eq!(*replayed, world));
    assert_eq!(again.knobs().rules.duplicate_grant, DuplicateGrant::SameId201);
    assert_eq!(again.now(), "2026-03-02T10:00:00Z".parse().unwrap());
}

#[test]
fn a_journal_that_this_version_would_not_accept_is_refused_and_left_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("world.db");
    let (founding, _) = example(7, (clock())());
    let command = Command::DeleteUser { user: "u-nobody".to_owned() };
    let entry = Entry { actor: Actor::Portal, command, at: (clock())() };
    drop(Journal::create(&path, &founding, &[entry]).unwrap());
    let bytes = fs::read(&path).unwrap();
    let refusal = Simulator::open(Some(&path), 7, clock()).unwrap_err().to_string();
    assert!(refusal.contains("is damaged (command 1: User Not Found)"), "{refusal}");
    assert_eq!(fs::read(&path).unwrap(), bytes);
}

#[test]
fn nothing_is_answered_once_the_journal_failed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("world.db");
    let simulator = Simulator::open(Some(&path), 7, clock()).unwrap();
    let before = simulator.inspect(|world, _| world.contents((clock())()).bindings.len());
    simulator.lock().journal.as_ref().unwrap().spoil();
    assert!(matches!(simulator.portal(&grant("sa-ordetl")), Err(ActError::Journal(_))));
    assert!(matches!(simulator.portal(&grant("u-mary01")), Err(ActError::Journal(_))));
    assert!(simulator.broken().is_some());
    drop(simulator);
    let again = Simulator::open(Some(&path), 7, clock()).unwrap();
    assert_eq!(again.inspect(|world, _| world.contents((clock())()).bindings.len()), before);
    again.portal(&grant("sa-ordetl")).unwrap();
}

#[test]
fn the_example_is_accepted_whole() {
    let (founding, mut commands) = example(7, (clock())());
    commands.extend(example_publishers());
    let ((_, populated), entries) = populate(7, (clock())());
    assert_eq!(populated, founding);
    assert_eq!(entries.into_iter().map(|entry| entry.command).collect::<Vec<_>>(), commands);
}

#[test]
fn who_looks_may_ask_the_simulator_meanwhile() {
    let simulator = Simulator::example(7, clock());
    simulator.inspect(|world, _| {
        simulator.portal(&grant("sa-ordetl")).unwrap();
        let later = simulator.inspect(|world, _| world.audit().len());
        assert_eq!(later, world.audit().len() + 1);
    });
}

#[test]
fn publishers_users_and_tokens_are_there_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("world.db");
    let issue = |simulator: &Simulator| {
        let application_id = simulator.operator_application().unwrap().client_id;
        let command = Command::Publisher(PublisherCommand::IssueToken { application_id });
        let Answer::Token(token) = simulator.portal(&command).unwrap() else { panic!("not a token") };
        token.text
    };
    let (credential, token, world) = {
        let simulator = Simulator::open(Some(&path), 7, clock()).unwrap();
        simulator.add_publisher("adventure-works", "Adventure Works", "amy@example.com").unwrap();
        let token = issue(&simulator);
        (simulator.operator_application().unwrap(), token, simulator.inspect(|world, _| world.clone()))
    };
    let bytes = fs::read(&path).unwrap();
    for secret in [&credential.client_secret, &token] {
        assert!(!bytes.windows(secret.len()).any(|window| window == secret.as_bytes()));
    }
    let again = Simulator::open(Some(&path), 7, clock()).unwrap();
    assert_eq!(again.operator_application().unwrap(), credential);
    again.inspect(|replayed, at| {
        assert_eq!(*replayed, world);
        assert_eq!(replayed.bearer(&token, at), Some(Actor::Application(credential.client_id.clone())));
    });
}

#[test]
fn a_journal_from_before_there_were_publishers_opens_without_any() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("world.db");
    let at = (clock())();
    let (founding, commands) = example(7, at);
    // The rules of that time said nothing of publishers.
    let mut founded = serde_json::to_value(&founding).unwrap();
    founded["rules"].as_object_mut().unwrap().remove("publishers").unwrap();
    let founding: Founding = serde_json::from_value(founded).unwrap();
    let entries: Vec<Entry> = commands.into_iter().map(|command| Entry { actor: Actor::Portal, command, at }).collect();
    drop(Journal::create(&path, &founding, &entries).unwrap());
    let simulator = Simulator::open(Some(&path), 7, clock()).unwrap();
    assert_eq!(simulator.operator_application(), None);
    assert!(simulator.inspect(|world, at| world.contents(at).publishers.is_empty()));
    simulator.add_publisher("adventure-works", "Adventure Works", "amy@example.com").unwrap();
    assert!(simulator.operator_application().is_some());
}
