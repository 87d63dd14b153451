//! The same of a publisher's users.

use roster::simulator::world::publisher::{PublisherCommand, PublisherPrincipal, PublisherRole};

use super::*;
use crate::{stage::member_spec, way::PUBLISHER};

const MEMBERS: &str = "publisherusers";
const USERS: &str = "/api/publishers";

/// What Ada is on the publisher.
fn ada(stage: &Stage) -> Option<String> {
    let held = stage.held().into_iter().find(|it| it.starts_with(&address("ada")));
    held.and_then(|it| Some(it.split(' ').nth(1)?.to_owned()))
}

async fn delegate(stage: &Stage, roles: &[&str]) {
    let rules = json!([{"roles": roles, "emailDomains": ["*"], "tenants": ["*"]}]);
    let all = json!({"name": "all", "namespaces": {"names": [TEAM]}, "add": if roles.is_empty() { json!([]) } else { rules }});
    stage.edit("publishers", "p", json!({"spec": {"delegations": [all]}})).await;
}

async fn published(seed: u64) -> Stage {
    let stage = Stage::new(seed).await;
    stage.publisher().await;
    stage.ready("publishers", "p").await;
    stage
}

async fn declare(stage: &Stage, role: &str, metadata: Value, more: Value) {
    let (mut object, mut spec) = (json!({"name": "ada"}), member_spec("ada", role));
    for (whole, part) in [(&mut object, metadata), (&mut spec, more)] {
        whole.as_object_mut().unwrap().extend(part.as_object().unwrap().clone());
    }
    stage.create(MEMBERS, TEAM, json!({"metadata": object, "spec": spec})).await;
}

async fn wants(stage: &Stage, role: &str) {
    stage.edit(MEMBERS, "ada", json!({"spec": {"role": role}})).await;
}

/// Ada has a role, and her object does not say so yet, since nobody answers: a new one, or after an edit that makes her an owner.
async fn unanswered(seed: u64, edited: bool, more: Value) -> Stage {
    let stage = published(seed).await;
    if edited {
        declare(&stage, "Contributor", json!({}), more).await;
        stage.ready(MEMBERS, "ada").await;
        stage.simulator.inject(Fault::hang("PUT", USERS));
        wants(&stage, "Owner").await;
        stage.until("she is an owner", |stage| ada(stage).as_deref() == Some("owner")).await;
    } else {
        stage.simulator.inject(Fault::hang("PUT", USERS));
        declare(&stage, "Contributor", json!({}), more).await;
        stage.until("she is added", |stage| ada(stage).is_some()).await;
    }
    stage
}

/// Adds Ada as people do.
fn add(stage: &Stage) {
    let who = PublisherPrincipal::User { email: address("ada") };
    let (publisher, role) = (PUBLISHER.to_owned(), PublisherRole::Contributor);
    stage.portal(&Command::Publisher(PublisherCommand::AddUser { publisher, who, role, friendly_name: None }));
}

fn denied(stage: &Stage, says: &str) -> bool {
    let ready = condition(&stage.get(MEMBERS, "ada").unwrap(), "Ready");
    ready["reason"] == "DelegationDenied" && ready["message"].as_str().unwrap().contains(says)
}

/// What was written of Ada's object.
fn writes(stage: &Stage) -> Vec<(String, usize)> {
    let ours = stage.local_writes().into_iter().filter(|(what, _)| what.ends_with("publisherusers ada"));
    let status = stage.local_writes().into_iter().filter(|(what, _)| what.ends_with("publisherusers/status ada"));
    ours.chain(status).collect()
}

#[tokio::test(start_paused = true)]
async fn what_was_made_of_a_user_and_not_recorded_goes_with_its_delegation() {
    // Whether an edit asked for it; what its author declares meanwhile, and what stays delegated; whether the object is deleted.
    let cases = [
        (true, None, &[][..], false),
        (true, None, &[][..], true),
        (true, None, &["Contributor"][..], false),
        (true, None, &["Contributor"][..], true),
        (false, Some("Owner"), &["Contributor"][..], true),
        (false, Some("Contributor"), &["Contributor"][..], true),
    ];
    for (seed, (edited, declares, roles, deleted)) in cases.into_iter().enumerate() {
        // What a delegation no longer admits is not for the object to keep.
        let more = if edited { json!({"deletionPolicy": "Retain"}) } else { json!({}) };
        let mut stage = unanswered(60 + seed as u64, edited, more).await;
        stage.crash().await;
        delegate(&stage, roles).await;
        if let Some(role) = declares {
            wants(&stage, role).await;
        }
        if deleted {
            stage.delete(MEMBERS, "ada").await;
        }
        stage.start();
        if deleted {
            stage.gone(MEMBERS, "ada").await;
        } else {
            stage.until("it is denied", |stage| denied(stage, "may not add")).await;
            stage.until("she is removed", |stage| ada(stage).is_none()).await;
        }
        assert_eq!(ada(&stage), None, "case {seed}: {}", stage.tell());
        assert_eq!(stage.remote_writes()[&format!("PUT {USERS}/{PUBLISHER}")], 1 + usize::from(edited), "case {seed}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_note_of_a_user_that_proves_nothing_is_told_and_answered_for_once_it_is_delegated_again() {
    for deleted in [false, true] {
        let mut stage = unanswered(70, false, json!({})).await;
        stage.crash().await;
        delegate(&stage, &[]).await;
        stage.start();
        stage.until("it says so", |stage| denied(stage, "a note alone proves nothing")).await;
        sleep(Duration::from_mins(30)).await;
        let object = stage.get(MEMBERS, "ada").unwrap();
        assert_eq!(ada(&stage).as_deref(), Some("contributor"), "nothing is removed on doubt");
        let status = &object["status"];
        assert_eq!((&status["granting"], &status["grantedRole"]), (&Value::Null, &Value::Null), "{object:#}");
        delegate(&stage, &["*"]).await;
        if deleted {
            stage.delete(MEMBERS, "ada").await;
            stage.gone(MEMBERS, "ada").await;
        } else {
            stage.ready(MEMBERS, "ada").await;
            delegate(&stage, &[]).await;
        }
        stage.until("she is removed", |stage| ada(stage).is_none()).await;
        assert_eq!(stage.remote_writes()[&format!("PUT {USERS}/{PUBLISHER}")], 1);
    }
}

#[tokio::test(start_paused = true)]
async fn a_note_that_somebody_else_wrote_ends_no_user_whom_the_object_could_not_have_been_given() {
    // What is noted and what is delegated; whether she was there before the object; whether she stays.
    let cases = [
        ("Contributor", &[][..], false, true),
        ("Contributor", &["Contributor"][..], true, true),
        ("Contributor", &["Contributor"][..], false, false),
        ("anything", &["Contributor"][..], false, true),
    ];
    for (seed, (note, roles, earlier, stays)) in cases.into_iter().enumerate() {
        let mut stage = published(80 + seed as u64).await;
        stage.crash().await;
        if earlier {
            add(&stage);
            sleep(Duration::from_hours(1)).await;
        }
        delegate(&stage, roles).await;
        let metadata = json!({"annotations": {GRANTING: note}, "finalizers": [FINALIZER]});
        // What it declares is not delegated, so that nothing but the note speaks for it.
        declare(&stage, "Owner", metadata, json!({})).await;
        if !earlier {
            add(&stage);
        }
        stage.start();
        stage.delete(MEMBERS, "ada").await;
        stage.gone(MEMBERS, "ada").await;
        assert_eq!(ada(&stage).is_some(), stays, "case {seed}: {}", stage.tell());
    }
}

#[tokio::test(start_paused = true)]
async fn a_user_costs_no_write_more_when_new_and_one_when_made_an_owner() {
    let stage = published(90).await;
    declare(&stage, "Contributor", json!({}), json!({})).await;
    let object = stage.ready(MEMBERS, "ada").await;
    assert_eq!(object["metadata"]["annotations"][GRANTING], "Contributor");
    let (finalizer, status) = ("patch publisherusers ada".to_owned(), "patch publisherusers/status ada".to_owned());
    assert_eq!(writes(&stage), [(finalizer.clone(), 1), (status.clone(), 1)]);
    wants(&stage, "Owner").await;
    let object = stage.ready(MEMBERS, "ada").await;
    assert_eq!(writes(&stage), [(finalizer.clone(), 1), (status.clone(), 3)]);
    assert_eq!((&object["status"]["granting"], &object["status"]["grantedRole"]), (&Value::Null, &json!("Owner")));
    // Nothing is set out to be given by what takes away.
    wants(&stage, "Contributor").await;
    stage.ready(MEMBERS, "ada").await;
    assert_eq!(writes(&stage), [(finalizer, 1), (status, 4)]);
}

#[tokio::test(start_paused = true)]
async fn a_user_who_is_gone_leaves_no_note_behind_and_nothing_is_written_for_ever() {
    // Whether somebody else declares the annotation too.
    for theirs in [false, true] {
        let mut stage = published(91).await;
        declare(&stage, "Contributor", json!({}), json!({})).await;
        let note = stage.ready(MEMBERS, "ada").await["metadata"]["annotations"][GRANTING].clone();
        if theirs {
            for value in [Value::Null, note] {
                stage.edit(MEMBERS, "ada", json!({"metadata": {"annotations": {GRANTING: value}}})).await;
            }
        }
        delegate(&stage, &[]).await;
        stage.until("she is removed", |stage| ada(stage).is_none()).await;
        sleep(Duration::from_mins(15)).await;
        let object = stage.get(MEMBERS, "ada").unwrap();
        assert_eq!(object["metadata"]["annotations"][GRANTING].is_null(), !theirs, "{object:#}");
        let before = writes(&stage);
        add(&stage);
        stage.crash().await;
        stage.start();
        sleep(Duration::from_mins(15)).await;
        assert_eq!(writes(&stage), before, "nothing is left to say");
        stage.delete(MEMBERS, "ada").await;
        stage.gone(MEMBERS, "ada").await;
        assert!(ada(&stage).is_some(), "whom somebody added by hand afterwards is not the object's");
    }
}
