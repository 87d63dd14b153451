//! The laws, as far as a run can break them.

mod declared;
mod hand;

use std::collections::{BTreeMap, BTreeSet};

use roster::simulator::{Lag, Paging};
use serde_json::Value;
use tokio::time::{Duration, Instant, sleep};

use crate::{
    crash::outcome::compare,
    memory::Trouble,
    stage::{Stage, condition},
    way::Change,
};

use super::{
    history::{Act, Theme},
    step::{Step, faults},
};
use declared::{Declared, declared_as, grant, member, person, recorded};
use hand::Hands;

/// How long a write that was right when it was decided may take to arrive.
const ON_ITS_WAY: Duration = Duration::from_secs(1);
/// How much longer where the vendor takes only so many requests: so long it waits for its turn.
const TURN: Duration = Duration::from_secs(2);
/// How long an operator that was cut off from its watches may take to see again.
const BLIND: Duration = Duration::from_mins(1);
/// The same where it only has to list anew.
const ANEW: Duration = Duration::from_secs(10);
/// How often it is waited for a run to come to rest, before what it does then is taken for what it does for ever.
const MOST_ROUNDS: usize = 8;
/// How long a vendor whose listings lag, or lie, may not show what people did.
const UNSEEN: Duration = Duration::from_mins(10);
/// The fewest administrators that the organization's object wants.
const MINIMUM: usize = 2;
/// How many removals the small budget has room for in an hour.
pub(super) const BUDGET: usize = 2;

/// Reasons for which what is declared need not be there, and is no failure.
const WITHOUT_GRANT: [&str; 4] = ["Suspended", "Observed", "Expired", "NotYetValid"];
/// Reasons for which it cannot be: somebody has to declare, confirm, delegate or make up their mind first.
const IMPOSSIBLE: [&str; 4] = ["PrincipalNotFound", "PrincipalChanged", "DelegationDenied", "ContradictingRoles"];
/// Reasons for which an object that is deleted may still be there.
const HELD: [&str; 6] = [
    "LastOrganizationAdmin",
    "LastOwner",
    "RemovalBudgetExceeded",
    "AccessRemains",
    "PrincipalChanged",
    "ConfirmationRequired",
];

/// What a run has seen.
pub(super) struct Laws {
    theme: Theme,
    declared: Declared,
    steps: Vec<String>,
    changes: Vec<Change>,
    /// Since when, and until when, the operator may not see what is declared.
    blind: Option<(Instant, Instant)>,
    /// A listing showed less than there is.
    lied: bool,
    /// How many removals people have said yes to.
    acknowledged: usize,
    removals: Vec<Instant>,
    /// When each removal was first tried: from then on the budget counts it, also where it was made later.
    tried: BTreeMap<String, Instant>,
    hands: Hands,
}

impl Laws {
    pub(super) fn new(theme: Theme, stage: &Stage) -> Self {
        stage.changes.take();
        let (declared, steps, changes, removals) = (Declared::default(), Vec::new(), Vec::new(), Vec::new());
        let (acknowledged, tried, hands) = (0, BTreeMap::new(), Hands::new(theme.wide.hand, stage));
        Self { theme, declared, steps, changes, blind: None, lied: false, acknowledged, removals, tried, hands }
    }

    /// Notes what is said yes to, before it is.
    pub(super) fn before(&mut self, act: &Act, stage: &Stage) {
        if matches!(act.step, Step::Acknowledge) {
            let held = stage.get("confluentorganizations", "o").unwrap_or_default();
            let total = held["status"]["heldRemovals"]["total"].as_u64().unwrap_or_default();
            self.acknowledged += usize::try_from(total).unwrap_or_default();
        }
        self.hands.before(stage);
    }

    /// Notes what a step changed of what is declared.
    pub(super) fn played(&mut self, act: &Act, stage: &Stage) {
        self.steps.push(format!("{:?} {:?}", stage.simulator.now(), act.step));
        let now = Instant::now();
        self.lied |= match act.step {
            Step::Fail(which) => [" as none", " on a page"].iter().any(|end| faults()[which].0.ends_with(end)),
            // What is hidden while a list is read is told of at no other place.
            Step::Pages(_, paging) => paging == Paging::ByCount,
            _ => false,
        };
        if let Step::Trouble(trouble) = act.step {
            // Until watches tell again, which is another step; what is only too old to go on with is listed anew a moment later.
            let until = match trouble {
                it if it.lasts() => now + Duration::from_hours(1),
                Trouble::Gone => now + ANEW,
                _ => now + BLIND,
            };
            let before = self.blind.filter(|blind| now < blind.1);
            self.blind = Some(before.map_or((now, until), |blind| (blind.0, blind.1.max(until))));
        }
        if let (Step::Tell, Some(blind)) = (&act.step, &mut self.blind) {
            blind.1 = now + BLIND;
        }
        self.hands.played(&act.step, stage);
        self.declared.look(stage);
    }

    /// What holds after each step.
    pub(super) fn safe(&mut self, stage: &Stage) {
        for change in stage.changes.take() {
            let broken = self.broken(&change).or_else(|| self.broken_beside(&change));
            self.hands.changed(&change);
            self.changes.push(change);
            if let Some(law) = broken {
                self.fail(stage, &law);
            }
        }
    }

    /// How late a write may be.
    fn slack(&self, at: Instant) -> Duration {
        let blind = self.blind.filter(|(since, until)| *since <= at && at < *until);
        let turn = if self.theme.slow { TURN } else { Duration::ZERO };
        ON_ITS_WAY + turn + blind.map_or(Duration::ZERO, |(since, _)| at - since)
    }

    /// How long before an account is removed somebody may have granted it something that is not seen; no longer than the look at it
    /// before, where listings show what is there.
    fn unseen(&self, change: &Change) -> Duration {
        let account = ["/iam/v2/users/", "/iam/v2/invitations/"].iter().any(|it| change.request.contains(it));
        let lag = if self.theme.slow || self.lied { UNSEEN } else { Duration::ZERO };
        if account { self.slack(change.at) + lag } else { Duration::ZERO }
    }

    /// Whether something was declared, also where it could not be: it may have been granted right before its delegation was seen
    /// to be withdrawn. Of a publisher's user in whichever role, since there is one of each.
    fn was_declared(&self, what: &str) -> bool {
        let what = &declared_as(what);
        let ever = |what: &str| self.declared.granted.ever(what) || self.declared.kept.ever(what);
        let who = what.split(' ').next().unwrap_or_default();
        let member = |role: &str| ever(&format!("{who} {role} {}", crate::way::PUBLISHER));
        let of_publisher = what.ends_with(crate::way::PUBLISHER);
        ever(what) || (of_publisher && ["owner", "contributor"].into_iter().any(member))
    }

    fn broken(&mut self, change: &Change) -> Option<String> {
        let (before, after) = (&change.before, &change.after);
        let tried = *self.tried.entry(change.request.clone()).or_insert(change.at);
        if after.administrators < before.administrators && after.administrators < MINIMUM {
            return Some(format!("law 1: {} administrators are left", after.administrators));
        }
        if after.owners < before.owners && after.owners == 0 {
            return Some("law 1: no owner is left".to_owned());
        }
        let slack = self.slack(change.at);
        let set = |held: &[String]| held.iter().cloned().collect::<BTreeSet<String>>();
        let (had, has) = (set(&before.held), set(&after.held));
        let came: Vec<&String> = has.difference(&had).chain(after.people.difference(&before.people)).collect();
        let went: Vec<&String> = had.difference(&has).chain(before.people.difference(&after.people)).collect();
        let ours = |what: &str| !what.ends_with(crate::way::PUBLISHER);
        if came.iter().chain(&went).any(|it| ours(it)) && self.declared.observed.holds("observed", change.at, slack) {
            return Some("law 2: something was changed that is only observed".to_owned());
        }
        if came.iter().any(|it| ours(it)) && self.declared.withdrawn.holds("withdrawn", change.at, slack) {
            return Some("law 2: something was granted whose delegation is withdrawn".to_owned());
        }
        if let Some(what) = came.iter().find(|it| !self.declared.granted.held(&declared_as(it), change.at, slack)) {
            return Some(format!("law 2: nobody declares what was granted: {what}"));
        }
        let unseen = self.unseen(change);
        let right =
            |it: &str| self.was_declared(it) || self.hands.may_go(it) || self.hands.is_new(it, change.at, unseen);
        if let Some(what) = went.iter().find(|it| !right(it)) {
            return Some(format!("law 2: what was removed was never declared: {what}"));
        }
        if let Some(what) = went.iter().find(|it| self.declared.kept.holds(it, change.at, slack)) {
            return Some(format!("law 2: what was removed is declared: {what}"));
        }
        // Where listings lag or lie, a successor cannot know what its predecessor made, and is told so; and nobody knows what people
        // have just made by hand.
        let knows = !self.theme.slow && !self.lied && !self.hands.any();
        let carried_out = matches!(change.status, 200..300) || (change.status == 409 && knows);
        if change.request.starts_with("POST /iam/") && carried_out && came.is_empty() {
            return Some("law 3: what was to be created was there".to_owned());
        }
        if self.theme.budget && went.iter().any(|it| ours(it)) {
            self.removals.retain(|at| change.at - *at < Duration::from_hours(1));
            self.removals.push(tried);
            if self.removals.len() > BUDGET + self.acknowledged {
                return Some(format!("the budget: {} removals within an hour", self.removals.len()));
            }
        }
        None
    }

    /// What holds in the themes of their own.
    fn broken_beside(&self, change: &Change) -> Option<String> {
        let (at, slack) = (change.at, self.slack(change.at));
        let (had, has) = (&change.before.held, &change.after.held);
        let came: Vec<&String> = has.iter().filter(|it| !had.contains(it)).collect();
        let went: Vec<&String> = had.iter().filter(|it| !has.contains(it)).collect();
        let publisher = crate::way::PUBLISHER;
        if came.iter().any(|it| it.ends_with(publisher)) && self.declared.withdrawn.holds(publisher, at, slack) {
            return Some("law 2: somebody was added whose delegation is withdrawn".to_owned());
        }
        let ours = came.iter().chain(&went).any(|it| !it.ends_with(publisher));
        if ours && self.declared.bare.holds("bare", at, slack) {
            return Some("law 2: something was changed without a key".to_owned());
        }
        let unconfirmed = |what: &str| {
            what.ends_with(" OrganizationAdmin the organization")
                && !self.declared.confirmed.held(&declared_as(what), at, slack)
        };
        if let Some(what) = went.iter().find(|it| self.theme.wide.confirm && unconfirmed(it)) {
            return Some(format!("law 2: nobody confirmed that this may go: {what}"));
        }
        let taken = self.hands.taken(&went, at, self.unseen(change), &self.declared)?;
        Some(format!("law 2: what somebody granted by hand was removed: {taken}"))
    }

    /// What holds once nothing is declared, broken or done by hand any more.
    pub(super) async fn quiet(&mut self, stage: &mut Stage, patient: bool) {
        let well = |knobs: &mut roster::simulator::Knobs| {
            knobs.faults.clear();
            (knobs.lag, knobs.rate_limit, knobs.paging) = (Lag::None, None, Paging::ById);
        };
        stage.simulator.update(well).unwrap();
        stage.memory.mend();
        super::step::wide::end(self.theme.wide, stage).await;
        self.declared.look(stage);
        // A clock that was set back comes by the times of all that happened once more.
        let again = if self.theme.clock { 75 } else { 5 };
        sleep(Duration::from_mins(if patient { 120 } else { again })).await;
        // One thing leads to another, each at a listing, until nothing changes for three of them; and what a budget holds may go
        // an hour after what went before.
        // By a clock that was set back, the hour is two.
        let window = if self.theme.clock { 150 } else { 90 };
        let mut known = writes(stage);
        for _ in 0..MOST_ROUNDS {
            let holds = stage.memory.all().iter().any(|it| !it["status"]["heldRemovals"].is_null() || sees_nobody(it));
            sleep(Duration::from_mins(if holds { window } else { 35 })).await;
            let now = writes(stage);
            if std::mem::replace(&mut known, now.clone()) == now {
                break;
            }
        }
        self.safe(stage);
        // A restart counts what was given back, and so holds more, until the window is over.
        if self.theme.budget {
            stage.crash().await;
            stage.free().await;
            stage.start();
            sleep(Duration::from_mins(90)).await;
        }
        let (remote, local) = writes(stage);
        let known = stage.memory.changes().len();
        // Longer than from one listing to the next.
        let still = Duration::from_mins(if patient { 30 } else { 15 });
        sleep(still).await;
        stage.crash().await;
        stage.free().await;
        stage.start();
        sleep(still).await;
        let mut more: Vec<String> = Vec::new();
        for (now, before) in [(stage.remote_writes(), remote), (stage.local_writes(), local)] {
            more.extend(now.into_iter().filter(|it| before.get(&it.0) != Some(&it.1)).map(|(what, _)| what));
        }
        // What nobody declares is held only once this process has seen it for as long as the organization says.
        more.retain(|it| {
            !(self.theme.budget && self.hands.removes() && it.ends_with("confluentorganizations/status o"))
        });
        if !more.is_empty() {
            let said = sayings(&stage.memory.changes(), known);
            self.fail(stage, &format!("law 5: something is still written: {more:#?}\n{}", said.join("\n")));
        }
        self.settled(stage);
    }

    /// What objects and vendors say in the end.
    fn settled(&self, stage: &Stage) {
        let held = stage.held();
        let mut known = BTreeSet::new();
        for object in stage.memory.all() {
            let Some(what) = grant(&object).or_else(|| person(&object)).or_else(|| member(&object)) else { continue };
            let ready = condition(&object, "Ready");
            // Who is not declared may be any day, and who is to be let declare it too.
            let mut waits = ready["reason"] == "PrincipalNotFound";
            // A person goes after their bindings, also after one that a guard holds, which says so.
            waits |= person(&object).is_some_and(|who| stage.memory.all().iter().any(|it| is_held_of(it, &who)));
            let reconciling = condition(&object, "Reconciling")["status"] == "True" && !waits;
            let going = !object["metadata"]["deletionTimestamp"].is_null();
            if reconciling || (going && ready["status"] == "True") {
                self.fail(stage, &format!("law 5: {what} never comes to an end: {ready}"));
            }
            let current = object["status"]["observedGeneration"] == object["metadata"]["generation"];
            let paused = WITHOUT_GRANT.iter().any(|it| ready["reason"] == *it);
            let is_grant = object["kind"] != "ConfluentUser" && ready["status"] == "True" && !paused;
            let (reason, there) = (ready["reason"].as_str().unwrap_or_default(), Self::is_there(stage, &what, &held));
            // What ended by its time or its delegation, and left something behind that a guard holds.
            let ends = ready["message"].as_str().is_some_and(|message| message.contains("its removal is held"));
            if !going && !paused && !ends && !IMPOSSIBLE.contains(&reason) && !there {
                self.fail(stage, &format!("law 5: {what} is declared and not there: {ready}"));
            }
            if going && !HELD.contains(&reason) && !waits {
                self.fail(stage, &format!("law 5: {what} is deleted, and nobody says what holds it: {ready}"));
            }
            if !going && is_grant && !(current && held.contains(&what)) {
                self.fail(stage, &format!("law 5: {what} is told to be as declared: {ready}"));
            }
            if object["kind"] == "PublisherUser" {
                known.extend(["owner", "contributor"].map(|role| {
                    format!("{} {role} {}", object["spec"]["email"].as_str().unwrap(), crate::way::PUBLISHER)
                }));
            }
            known.insert(what);
            known.extend(recorded(&object));
        }
        let (told, idle) = self.hands.told(&held, stage);
        if let Some(what) = idle {
            self.fail(
                stage,
                &format!("law 5: nobody declares it, and it is neither removed nor kept for a reason: {what}"),
            );
        }
        let untold = |it: &String| !known.contains(it) && self.hands.is_to_be_told(it) && !told.contains(it);
        if let Some(what) = held.iter().find(|it| it.contains("@partner.example") && untold(it)) {
            self.fail(stage, &format!("law 5: nobody declares it, and nobody tells of it: {what}"));
        }
        known.extend(told);
        // What is only observed is let go unrevoked.
        let stays = |it: &str| known.contains(it) || self.hands.is_by_hand(it);
        let unknown = |it: &str| it.contains("@partner.example") && !stays(it);
        let left = held.iter().find(|it| unknown(&declared_as(it)));
        if let Some(left) = left.filter(|_| !self.theme.pause) {
            let said = sayings(&stage.memory.changes(), 0);
            self.fail(stage, &format!("law 6: nothing stands for what is left: {left}\n{}", said.join("\n")));
        }
    }

    /// Whether what is declared is there: a grant, or a person, who may be asked and not have answered.
    fn is_there(stage: &Stage, what: &str, held: &[String]) -> bool {
        held.contains(&what.to_owned()) || (!what.contains(' ') && stage.id_of(what).is_some())
    }

    fn fail(&self, stage: &Stage, law: &str) -> ! {
        let changes: Vec<String> = self.changes.iter().map(|it| format!("{} {}", it.status, it.request)).collect();
        panic!("{law}\nsteps: {:#?}\nchanges: {changes:#?}\n{}", self.steps, stage.tell());
    }
}

/// Whether a removal is held because nobody was seen who administers, as where a look at them was answered with none. While listings
/// show no news, it is tried again within an hour.
fn sees_nobody(object: &Value) -> bool {
    condition(object, "Ready")["message"].as_str().is_some_and(|it| it.contains("cannot see who is OrganizationAdmin"))
}

/// Whether it is a binding of that person which is to go and is held, and says so.
fn is_held_of(object: &Value, who: &str) -> bool {
    let going = !object["metadata"]["deletionTimestamp"].is_null();
    let mut own = grant(object).into_iter().chain(recorded(object));
    going && own.any(|it| it.split(' ').next() == Some(who)) && condition(object, "Stalled")["status"] == "True"
}

/// What was written so far, to vendors and to our kinds.
fn writes(stage: &Stage) -> (BTreeMap<String, usize>, BTreeMap<String, usize>) {
    (stage.remote_writes(), stage.local_writes())
}

/// What objects came to say after so many changes, each as what it says otherwise than before.
fn sayings(changes: &[Value], known: usize) -> Vec<String> {
    let mut told = Vec::new();
    let mut before: BTreeMap<String, &Value> = BTreeMap::new();
    for (number, change) in
        changes.iter().enumerate().filter(|(_, it)| it["apiVersion"] == "access.roster.dev/v1alpha1")
    {
        let name = format!("{} {}", change["kind"], change["metadata"]["name"]);
        let last = before.insert(name.clone(), change).unwrap_or(&Value::Null);
        if number >= known {
            let mut news = Vec::new();
            compare("", &change["status"], &last["status"], &mut news);
            told.push(format!("{name}:\n{}", news.join("\n")));
        }
    }
    told
}
