//! Invitations that wait, and that lapse.

use roster::simulator::world::Command;
use serde_json::json;

use super::{Told, environment, event, everything};
use crate::stage::{Stage, condition, message};

/// Eight days: the vendor's invitations hold seven.
const LAPSED: Command = Command::AdvanceClock { seconds: 8 * 24 * 3_600 };
const GRANT: &str = "eve@partner.example Operator environment env-prod01";

/// Somebody whom no single sign-on lets in at once, with a role.
fn invite(stage: &Stage, attempts: u32) {
    let more = json!({"invitation": {"maxAttempts": attempts}});
    let eve = json!({"userRef": {"name": "eve"}});
    stage.apply(&[
        stage.user("eve", "eve@partner.example", more),
        stage.binding("eve-operates", eve, "Operator", environment("env-prod01"), json!({})),
    ]);
    stage.settled("cuser", "eve", "True", "InvitationPending");
    stage.settled("arb", "eve-operates", "True", "InvitationPending");
}

fn attempts(stage: &Stage) -> serde_json::Value {
    stage.get("cuser", "eve").unwrap()["status"]["invitation"]["attempts"].clone()
}

#[test]
fn a_pending_person_has_the_role_at_once_and_the_access_on_acceptance() {
    let stage = Stage::new("pending");
    invite(&stage, 3);
    assert!(stage.remote().contains(&GRANT.to_owned()));
    let binding = stage.settled("arb", "eve-operates", "True", "InvitationPending");
    let granted = condition(&binding, "Granted");
    assert_eq!((&granted["status"], &granted["reason"]), (&json!("False"), &json!("InvitationPending")));
    assert!(message(&binding).contains("takes effect once the person accepts the invitation"), "{}", message(&binding));
    let eve = stage.settled("cuser", "eve", "True", "InvitationPending");
    assert_eq!(condition(&eve, "InvitationAccepted")["status"], "False");
    assert!(message(&eve).contains("is invited and has not accepted yet; the invitation holds until"));
    event(&stage, "cuser", "eve", "Invited");
    event(&stage, "arb", "eve-operates", "Granted");

    let (email, full_name) = ("eve@partner.example".to_owned(), "Eve".to_owned());
    stage.portal(&Command::AcceptInvitation { email, full_name });
    stage.relist();
    let binding = stage.settled("arb", "eve-operates", "True", "InSync");
    assert_eq!(condition(&binding, "Granted")["status"], "True");
    let eve = stage.settled("cuser", "eve", "True", "InSync");
    assert_eq!(condition(&eve, "InvitationAccepted")["status"], "True");
    assert_eq!(stage.remote_writes().len(), 2, "{:?}", stage.remote_writes());
}

#[test]
fn a_lapsed_invitation_is_told_and_sent_again_when_more_are_allowed() {
    let stage = Stage::new("lapsed");
    invite(&stage, 1);
    stage.portal(&LAPSED);
    let before = everything(&stage);
    stage.relist();
    let words = [
        "`eve@partner.example` let 1 of 1 invitations lapse",
        "ask the person, then raise `spec.invitation.maxAttempts`",
    ];
    let eve = Told::held("cuser", "eve", "InvitationExpired", &words).by(&stage);
    assert_eq!(condition(&eve, "InvitationAccepted")["reason"], "InvitationExpired");
    assert_eq!(condition(&eve, "Stalled")["status"], "True");
    let words = ["the invitation of `eve@partner.example` lapsed"];
    let binding = Told::invalid("arb", "eve-operates", "PrincipalNotFound", &words).by(&stage);
    assert_eq!(condition(&binding, "Granted")["status"], "False", "nobody has used it yet");
    assert_eq!(everything(&stage), before);

    invite(&stage, 2);
    assert_eq!(attempts(&stage), 2);
    let (email, full_name) = ("eve@partner.example".to_owned(), "Eve".to_owned());
    stage.portal(&Command::AcceptInvitation { email, full_name });
    stage.relist();
    stage.settled("cuser", "eve", "True", "InSync");
    let binding = stage.settled("arb", "eve-operates", "True", "InSync");
    let user = stage.get("cuser", "eve").unwrap()["status"]["userId"].clone();
    assert_eq!(binding["status"]["grant"]["principalId"], user, "the new id is followed");
    let held = stage.remote().iter().filter(|it| it.contains(" Operator ")).count();
    assert_eq!(held, 1, "{:?}", stage.remote());
}

#[test]
fn a_second_invitation_is_sent_by_itself_and_no_third() {
    let stage = Stage::new("lapsed-twice");
    invite(&stage, 2);
    for sent in 1..=2 {
        assert_eq!(attempts(&stage), sent);
        stage.portal(&LAPSED);
        stage.relist();
        if sent == 1 {
            crate::stage::eventually("it is sent again", &mut || attempts(&stage) == 2, &mut String::new);
            stage.settled("arb", "eve-operates", "True", "InvitationPending");
        }
    }
    Told::held("cuser", "eve", "InvitationExpired", &["let 2 of 2 invitations lapse"]).by(&stage);
    let posts = stage.remote_writes().iter().filter(|it| it.starts_with("POST /iam/v2/invitations")).count();
    assert_eq!(posts, 2);
    // Whoever lapsed for good is still taken out with the object.
    stage.delete("arb", "eve-operates");
    stage.gone("arb", "eve-operates");
    stage.delete("cuser", "eve");
    stage.gone("cuser", "eve");
    assert!(!stage.is_member("eve@partner.example"), "{:?}", everything(&stage));
}
