//! What no run of decisions and guarded removals does, whatever is declared and done by hand.

use proptest::prelude::*;

use super::*;
use crate::plan::publisher::{MemberDecision, guard::effective_owners};

/// One thing that happens to an object, or to the portal by somebody's hand.
#[derive(Clone, Debug)]
enum Event {
    /// The object is looked at, and its steps are made as far as the guards let them.
    Look { object: usize },
    /// The object is declared, edited, or declared again after it was deleted.
    Declare { object: usize, role: PublisherRole, adoption: Option<Adoption>, retain: bool },
    /// The object is deleted.
    Delete { object: usize },
    /// Somebody is added, or their role is changed, in the portal.
    ByHand { person: usize, role: PublisherRole, invited: bool },
    /// The publisher's keeper delegates these roles and no other.
    Delegate { roles: Vec<PublisherRole> },
}

fn role() -> impl Strategy<Value = PublisherRole> {
    prop_oneof![Just(Contributor), Just(Owner)]
}

fn event() -> impl Strategy<Value = Event> {
    let adoption = prop_oneof![Just(None), Just(Some(Adoption::Adopt)), Just(Some(Adoption::Refuse))];
    prop_oneof![
        4 => (0_usize..6).prop_map(|object| Event::Look { object }),
        2 => (0_usize..6, role(), adoption, any::<bool>())
            .prop_map(|(object, role, adoption, retain)| Event::Declare { object, role, adoption, retain }),
        1 => (0_usize..6).prop_map(|object| Event::Delete { object }),
        1 => (0_usize..3, role(), any::<bool>())
            .prop_map(|(person, role, invited)| Event::ByHand { person, role, invited }),
        1 => prop::collection::vec(role(), 0..3).prop_map(|roles| Event::Delegate { roles }),
    ]
}

/// Objects 0 to 5 declare the persons 0 to 2, two of them each.
fn person(object: usize) -> String {
    format!("p{}@example.com", object % 3)
}

struct Declared {
    created: Timestamp,
    deleting: bool,
    desired: DesiredMember,
    recorded: Option<PublisherRole>,
}

/// A portal with objects beside it, under a clock that goes on by an hour with each event.
struct Run {
    portal: Portal,
    protection: MemberProtection,
    objects: Vec<Option<Declared>>,
    at: Timestamp,
}

impl Run {
    fn owners(&self) -> usize {
        let facts = MemberGuardFacts {
            roll: &self.portal.roll,
            own: self.portal.own.as_ref(),
            protection: &self.protection,
            confirmed: "",
        };
        effective_owners(facts).count()
    }

    fn decided(&self, index: usize) -> Option<(MemberDecision, MemberKey)> {
        let mine = self.objects[index].as_ref()?;
        let others = self.objects.iter().enumerate().filter(|(other, _)| *other != index);
        let others = others.filter_map(|(other, declared)| Some((other, declared.as_ref().filter(|it| !it.deleting)?)));
        let others = others.map(|(other, declared)| Other {
            name: format!("team/{other}"),
            created: declared.created,
            namespace: &self.portal.namespace,
            desired: declared.desired.clone(),
            recorded: declared.recorded,
            delegations_known: true,
        });
        let facts = self.portal.facts();
        let among = MemberObject::among(mine.created, mine.deleting, None, &mine.desired, others, &facts);
        let object = MemberObject { recorded: mine.recorded, delegations_known: true, ..among };
        Some((decide(&object, &mine.desired, &facts), mine.desired.key.clone()))
    }

    /// Makes the steps of a decision; what is removed comes back.
    fn make(&mut self, decision: &Decision<MemberStep>) -> Vec<Member> {
        let mut removed = Vec::new();
        for step in &decision.steps {
            let written = match step {
                MemberStep::Add(new) => MemberWritten::Added(Member {
                    key: new.key.clone(),
                    added_at: Some(self.at),
                    ..member("a@example.com", new.role)
                }),
                MemberStep::Promote(was) => MemberWritten::Promoted(Member { role: Owner.into(), ..was.clone() }),
                MemberStep::Remove(removal) => {
                    let facts = MemberGuardFacts {
                        roll: &self.portal.roll,
                        own: self.portal.own.as_ref(),
                        protection: &self.protection,
                        confirmed: "",
                    };
                    let Ok(permit) = pass(removal.clone(), facts) else { break };
                    let was = permit.removal().member().clone();
                    let left = matches!(permit.removal(), MemberRemoval::Ownership(_))
                        .then(|| Member { role: Contributor.into(), ..was.clone() });
                    removed.push(was);
                    MemberWritten::Removed { removal: permit.removal().clone(), left }
                }
            };
            self.portal.roll.apply(&written);
        }
        removed
    }

    fn happens(&mut self, event: &Event) {
        match event {
            Event::Declare { object, role, adoption, retain } => {
                let deletion = if *retain { MemberDeletion::Retain } else { MemberDeletion::Delete };
                let desired = DesiredMember { adoption: *adoption, deletion, ..desired(&person(*object), *role) };
                match &mut self.objects[*object] {
                    Some(declared) if declared.deleting => {}
                    Some(declared) => declared.desired = desired,
                    empty @ None => {
                        *empty = Some(Declared { created: self.at, deleting: false, desired, recorded: None });
                    }
                }
            }
            Event::Delete { object } => {
                if let Some(declared) = &mut self.objects[*object] {
                    declared.deleting = true;
                }
            }
            Event::ByHand { person, role, invited } => {
                let address = format!("p{person}@example.com");
                let known = self.portal.roll.member(&key(&address)).cloned();
                let fresh = Member { invited: *invited, added_at: Some(self.at), ..member(&address, *role) };
                let now = known.map_or(fresh, |known| Member { role: (*role).into(), ..known });
                self.portal.roll.apply(&MemberWritten::Added(now));
            }
            Event::Delegate { roles } => self.portal.delegations[0].rules[0].roles.clone_from(roles),
            Event::Look { .. } => {}
        }
    }
}

proptest! {
    /// No run of decisions and guarded removals leaves fewer owners than the minimum, takes away whom no object
    /// declares or answers for, or takes from somebody who was there before an ownership that the object does not spell.
    #[test]
    fn no_run_takes_away_what_it_may_not(minimum in 0_usize..3, events in prop::collection::vec(event(), 0..60)) {
        let mut run = Run {
            portal: Portal::of(roll([])),
            protection: MemberProtection { minimum_owners: minimum, ..MemberProtection::default() },
            objects: (0..6).map(|_| None).collect(),
            at: now(),
        };
        for event in events {
            run.at += SignedDuration::from_hours(1);
            run.happens(&event);
            let Event::Look { object } = event else { continue };
            let Some((MemberDecision { decision, record }, declared)) = run.decided(object) else { continue };
            let before = run.owners();
            let removed = run.make(&decision);
            prop_assert!(run.owners() >= minimum.max(1).min(before));
            let mine = run.objects[object].as_ref();
            for was in removed {
                prop_assert_eq!(&was.key, &declared);
                let mine = mine.ok_or_else(|| TestCaseError::fail("nothing declares what was removed"))?;
                // What an object answered for is withdrawn whatever it says of itself since.
                let answered = mine.recorded.is_some_and(|role| was.role.known().is_some_and(|held| held <= role));
                let ours = answered || was.added_at.is_some_and(|at| at >= mine.created);
                prop_assert!(ours || mine.desired.adoption != Some(Adoption::Refuse));
                prop_assert!(ours || was.role == Contributor || mine.desired.adoption == Some(Adoption::Adopt));
            }
            for untouched in [operator(), key("grace@example.com"), key("linus@example.com")] {
                prop_assert_eq!(run.portal.roll.member(&untouched).map(|member| member.role.clone()), Some(Owner.into()));
            }
            if decision.released {
                run.objects[object] = None;
            } else if let Some(mine) = &mut run.objects[object] {
                mine.recorded = record;
            }
        }
    }

    /// Left alone, objects that do not contradict each other come to rest, and then nothing is written any more.
    #[test]
    fn what_is_declared_comes_to_rest(roles in prop::collection::vec(role(), 3), events in prop::collection::vec(event(), 0..30)) {
        let mut run = Run {
            portal: Portal::of(roll([])),
            protection: MemberProtection::default(),
            objects: (0..6).map(|_| None).collect(),
            at: now(),
        };
        for event in events {
            run.at += SignedDuration::from_hours(1);
            run.happens(&event);
        }
        run.happens(&Event::Delegate { roles: PublisherRole::ALL.to_vec() });
        for object in 0..6 {
            let adopt = Some(Adoption::Adopt);
            let desired = DesiredMember { adoption: adopt, ..desired(&person(object), roles[object % 3]) };
            run.objects[object] = Some(Declared { created: run.at, deleting: false, desired, recorded: None });
        }
        for pass in 0..2 {
            for object in 0..6 {
                let decided = run.decided(object);
                let (MemberDecision { decision, .. }, _) = decided.ok_or_else(|| TestCaseError::fail("it is declared"))?;
                prop_assert!(pass == 0 || decision.steps.is_empty(), "{:?}", decision.steps);
                run.make(&decision);
            }
        }
        for (object, role) in roles.into_iter().enumerate() {
            let held = run.portal.roll.member(&key(&person(object)));
            prop_assert_eq!(held.map(|member| member.role.clone()), Some(role.into()));
        }
    }
}
