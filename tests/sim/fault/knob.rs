//! The knobs of the simulator, each with what else has to happen on its day for it to strike. That it struck is told by a simulator
//! beside, which is the same but for this knob: one of the two answers something, or refuses something, that the other does not.

use std::time::Duration;

use roster::{
    access::PrincipalId,
    simulator::{
        Knobs, Lag, RateLimit,
        world::{
            Actor, Command, DuplicateGrant,
            publisher::{PublisherCommand, PublisherPrincipal, PublisherRole},
        },
    },
};
use tokio::time::sleep;

use crate::{
    stage::{ORGANIZATION, Stage},
    way::PUBLISHER,
};

/// The operator's own service account.
const OPERATOR: &str = "sa-roster";
/// A simulator beside that is the same in all, and so never goes another way: what does is for its knob.
pub(super) const SAME: &str = "nothing";
/// More people than a page holds.
const CROWD: usize = 120;

/// One knob.
pub(super) struct Knob {
    pub(super) name: &'static str,
    pub(super) besides: Besides,
    turn: fn(&mut Knobs),
}

/// What else happens on a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Besides {
    Nothing,
    /// There are more people than one page holds.
    Crowd,
    /// Somebody who holds something leaves.
    Leaver,
    /// Somebody in the portal is first with a grant.
    Earlier,
    /// Nobody but the operator administers any more.
    NoAdministrator,
    /// Somebody takes the operator's rights away with the operator's own key, and gives them back.
    OwnRights,
    /// Nobody owns the publisher any more, and then those do who did.
    NoOwner,
}

/// Every knob; those that follow each other are turned on one day.
pub(super) fn all() -> Vec<Knob> {
    use Besides::{Crowd, Earlier, Leaver, NoAdministrator, NoOwner, Nothing, OwnRights};
    let knob = |name, besides, turn: fn(&mut Knobs)| Knob { name, besides, turn };
    let mut knobs = vec![
        knob("a limit that is told", Nothing, |knobs| knobs.rate_limit = limit(true, true)),
        knob("lists that lag", Nothing, |knobs| knobs.lag = Lag::Seconds(90)),
        knob("invited people are listed", Nothing, |knobs| knobs.rules.list_pending_users = true),
        // Fewer than a listing takes, and nothing that tells when.
        knob("a limit that nobody tells", Nothing, |knobs| knobs.rate_limit = limit(false, false)),
        knob("a second grant is the first", Earlier, |knobs| knobs.rules.duplicate_grant = DuplicateGrant::SameId201),
        knob("slow answers", Nothing, |knobs| knobs.latency_ms = 2_000),
        knob("lists that stand still", Nothing, |knobs| knobs.lag = Lag::Frozen),
        knob("pages of one user", Nothing, |knobs| knobs.publisher_page_size = Some(1)),
        knob("removals without a body", Nothing, |knobs| knobs.removal_without_body = true),
        knob("a second grant is another", Earlier, |knobs| knobs.rules.duplicate_grant = DuplicateGrant::NewId201),
        knob("a key may not read itself", Nothing, |knobs| knobs.rules.key_reads_itself = false),
        knob("what the gone held is listed", Leaver, |knobs| knobs.rules.orphans_linger = true),
        knob("a place is inside itself", Nothing, |knobs| knobs.rules.nested_includes_scope = true),
    ];
    knobs.extend([
        knob("the next page elsewhere", Crowd, |knobs| knobs.next_base = Some("https://elsewhere.example".to_owned())),
        knob("a limit of which the end is told", Nothing, |knobs| knobs.rate_limit = limit(true, false)),
        knob("the last administrator is not kept", NoAdministrator, |knobs| knobs.rules.guard_last_admin = false),
        knob("the own rights are not kept", OwnRights, |knobs| knobs.rules.guard_own_admin = false),
        knob("the last owner is not kept", NoOwner, |knobs| knobs.rules.publishers.guard_last_owner = false),
    ]);
    knobs
}

#[expect(clippy::unnecessary_wraps, reason = "it is what the knob is set to")]
fn limit(headers: bool, retry_after: bool) -> Option<RateLimit> {
    Some(RateLimit { limit: 6, window: 10, retry_after, headers })
}

/// Turns a day's knobs, with a simulator beside for each that has all others turned alike; then what else there is from the
/// morning on.
pub(super) fn turn(stage: &Stage, knobs: &[&Knob]) {
    if knobs.is_empty() {
        return;
    }
    let (same, all) = (stage.simulator.fork(), |all: &mut Knobs| knobs.iter().for_each(|it| (it.turn)(all)));
    same.update(all).unwrap();
    stage.shadows.add(SAME, same);
    for knob in knobs {
        let beside = stage.simulator.fork();
        let others = |all: &mut Knobs| knobs.iter().filter(|it| it.name != knob.name).for_each(|it| (it.turn)(all));
        beside.update(others).unwrap();
        stage.shadows.add(knob.name, beside);
    }
    stage.simulator.update(all).unwrap();
    for knob in knobs {
        knob.besides.in_the_morning(stage);
    }
}

/// Somebody gives a role in the portal.
pub(super) fn grant(stage: &Stage, principal: &str, role: &str, place: &str) {
    let crn = format!("crn://confluent.cloud/organization={ORGANIZATION}{place}");
    stage.portal(&Command::Grant { principal: format!("User:{principal}"), role: role.to_owned(), crn });
}

/// Takes a role away.
fn revoke(stage: &Stage, actor: &Actor, principal: &str, role: &str) {
    let binding = stage.simulator.inspect(|world, at| {
        let mut bindings = world.contents(at).bindings.into_iter();
        bindings.find(|it| it.principal.as_str() == principal && it.role == role).map(|it| it.id.clone())
    });
    stage.act(actor, &Command::Revoke { binding: binding.unwrap() });
}

impl Besides {
    fn in_the_morning(self, stage: &Stage) {
        match self {
            Self::Crowd => {
                for number in 0..CROWD {
                    let email = format!("person-{number}@example.com");
                    stage.portal(&Command::JoinUser { email, full_name: String::new(), id: None });
                }
            }
            Self::Leaver => stage.portal(&Command::DeleteUser { user: "u-mary01".to_owned() }),
            Self::NoAdministrator => {
                for email in ["linus@example.com", "grace@example.com"] {
                    revoke(stage, &Actor::Portal, &stage.id_of(email).unwrap(), "OrganizationAdmin");
                }
            }
            _ => {}
        }
    }

    /// When all is made and nothing is to go yet.
    pub(super) async fn at_noon(self, stage: &Stage) {
        match self {
            Self::OwnRights => {
                let own = Actor::Principal(PrincipalId::new(OPERATOR));
                revoke(stage, &own, OPERATOR, "OrganizationAdmin");
                sleep(Duration::from_mins(12)).await;
                grant(stage, OPERATOR, "OrganizationAdmin", "");
            }
            Self::NoOwner => {
                let owners = owners(stage);
                let act = |command| stage.portal(&Command::Publisher(command));
                let publisher = || PUBLISHER.to_owned();
                for who in &owners {
                    let (publisher, user, version) = (publisher(), who.key(), None);
                    act(PublisherCommand::RemoveUser { publisher, user, version });
                }
                sleep(Duration::from_mins(12)).await;
                for who in owners {
                    let (publisher, role, friendly_name) = (publisher(), PublisherRole::Owner, None);
                    act(PublisherCommand::AddUser { publisher, who, role, friendly_name });
                }
            }
            _ => {}
        }
    }
}

/// Who owns the publisher.
fn owners(stage: &Stage) -> Vec<PublisherPrincipal> {
    stage.simulator.inspect(|world, at| {
        let contents = world.contents(at);
        let users = contents.publishers.iter().filter(|it| it.publisher.id == PUBLISHER).flat_map(|it| &it.users);
        users.filter(|it| it.role == PublisherRole::Owner).map(|it| it.who.clone()).collect()
    })
}
