//! The world under test: one organization, told what to do, and looked at.

mod access;
mod life;
mod property;
mod publisher;

use jiff::{SignedDuration, Timestamp};

use super::*;

/// The example, with a clock that the test moves.
struct Bench {
    world: World,
    now: Timestamp,
}

impl Bench {
    fn new() -> Self {
        let now = "2026-03-02T09:00:00Z".parse().unwrap();
        let (founding, commands) = example(7, now);
        let mut world = World::founded(&founding);
        for command in commands {
            world.apply(&Actor::Portal, &command, now).unwrap_or_else(|refusal| panic!("{command:?}: {refusal}"));
        }
        Self { world, now }
    }

    fn with(rules: impl FnOnce(&mut Rules)) -> Self {
        let mut bench = Self::new();
        let mut changed = bench.world.rules().clone();
        rules(&mut changed);
        bench.portal(&Command::SetRules { rules: changed }).unwrap();
        bench
    }

    fn portal(&mut self, command: &Command) -> Result<Answer, Refusal> {
        self.world.apply(&Actor::Portal, command, self.now)
    }

    fn act(&mut self, who: &str, command: &Command) -> Result<Answer, Refusal> {
        self.world.apply(&principal(who), command, self.now)
    }

    fn days(&mut self, days: i64) {
        self.now += SignedDuration::from_hours(24 * days);
    }

    fn invite(&mut self, email: &str) -> Result<Invitation, Refusal> {
        let command = Command::InviteUser { email: email.to_owned(), auth_type: None };
        let Answer::Invitation(invitation) = self.act("sa-roster", &command)? else { panic!("not an invitation") };
        Ok(invitation)
    }

    fn grant(&mut self, who: &str, holder: &str, role: &str, place: &str) -> Result<Binding, Refusal> {
        let Answer::Binding(binding) = self.act(who, &grant(holder, role, place))? else { panic!("not a binding") };
        Ok(binding)
    }

    fn revoke(&mut self, who: &str, binding: &str) -> Result<Answer, Refusal> {
        self.act(who, &Command::Revoke { binding: binding.to_owned() })
    }

    fn user(&self, email: &str) -> &User {
        self.world.users.values().find(|user| user.email == email).unwrap()
    }

    /// The bindings that match, as `role@place of holder`, in order.
    fn listed(&self, who: &str, pattern: &str) -> Result<Vec<String>, Refusal> {
        let pattern = format!("crn://confluent.cloud/organization={ORGANIZATION}{pattern}");
        let filter = BindingFilter { crn_pattern: &pattern, principal: None, role: None };
        let actor = principal(who);
        let page = self.world.view(&actor, self.now).bindings(filter, Slice::all())?;
        let text = |b: &&Binding| format!("{}@{} of {}", b.role, b.scope.as_ref().unwrap(), b.principal);
        let mut list: Vec<String> = page.items.iter().map(text).collect();
        list.sort();
        Ok(list)
    }
}

fn principal(id: &str) -> Actor {
    Actor::Principal(PrincipalId::new(id))
}

fn grant(holder: &str, role: &str, place: &str) -> Command {
    Command::Grant {
        principal: format!("User:{holder}"),
        role: role.to_owned(),
        crn: format!("crn://confluent.cloud/organization={ORGANIZATION}{place}"),
    }
}
