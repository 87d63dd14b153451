//! A publisher's user, case by case.

mod guarded;
mod lapsed;
mod note;
mod property;
mod roll;
mod withdrawn;

use super::*;
use crate::{
    access::publisher::{
        AccountType, Member, MemberKey, MemberKind, Members, PublisherRole, ServicePrincipal,
        delegation::{MemberRule, PublisherDelegation},
    },
    plan::{
        Adoption, Decision, Reason,
        permit::MemberRemoval,
        publisher::{
            DesiredMember, MemberDeletion, MemberFacts, MemberGuardFacts, MemberObject, MemberProtection, MemberStep,
            MemberWritten, Other, Roll, decide, guard::pass,
        },
    },
};
use PublisherRole::{Contributor, Owner};

fn key(address: &str) -> MemberKey {
    MemberKey::Email(email(address))
}

fn operator() -> MemberKey {
    MemberKey::Application("app-op".to_owned())
}

/// Somebody who was added a day before any object.
fn member(address: &str, role: PublisherRole) -> Member {
    Member {
        key: key(address),
        kind: MemberKind::User,
        role: role.into(),
        account: Some(AccountType::Organization),
        friendly_name: None,
        invited: false,
        added_at: Some(before()),
        version: None,
    }
}

/// Somebody who was added after the object.
fn recent(address: &str, role: PublisherRole) -> Member {
    Member { added_at: Some(now()), ..member(address, role) }
}

fn application(id: &str, role: PublisherRole) -> Member {
    let kind = MemberKind::ServicePrincipal(ServicePrincipal {
        application: id.to_owned(),
        tenant: "tenant-1".to_owned(),
        object: format!("object-of-{id}"),
    });
    Member { key: MemberKey::Application(id.to_owned()), kind, account: None, ..member("a@example.com", role) }
}

/// Two owners, the operator, and whoever else.
fn roll(others: impl IntoIterator<Item = Member>) -> Roll {
    let mut all =
        vec![member("grace@example.com", Owner), member("linus@example.com", Owner), application("app-op", Owner)];
    all.extend(others);
    Roll::new(Members(all))
}

fn desired(address: &str, role: PublisherRole) -> DesiredMember {
    DesiredMember {
        key: key(address),
        kind: MemberKind::User,
        role,
        friendly_name: None,
        adoption: None,
        deletion: MemberDeletion::Delete,
        mailbox: None,
    }
}

fn spelled(adoption: Adoption, desired: DesiredMember) -> DesiredMember {
    DesiredMember { adoption: Some(adoption), ..desired }
}

fn everybody(domain: &str) -> PublisherDelegation {
    let rule = MemberRule {
        roles: PublisherRole::ALL.to_vec(),
        email_domains: vec![domain.to_owned()],
        tenants: vec!["*".to_owned()],
    };
    PublisherDelegation { name: "all".to_owned(), namespaces: Namespaces::All, rules: vec![rule] }
}

/// A publisher, and the operator's place in it.
struct Portal {
    roll: Roll,
    own: Option<MemberKey>,
    own_role: Option<PublisherRole>,
    delegations: Vec<PublisherDelegation>,
    namespace: Namespace,
}

impl Portal {
    fn of(roll: Roll) -> Self {
        Self {
            roll,
            own: Some(operator()),
            own_role: Some(Owner),
            delegations: vec![everybody("*")],
            namespace: Namespace { name: "team".to_owned(), ..Namespace::default() },
        }
    }

    fn facts(&self) -> MemberFacts<'_> {
        MemberFacts {
            roll: &self.roll,
            own: self.own.as_ref(),
            own_role: self.own_role,
            delegations: &self.delegations,
            namespace: &self.namespace,
            observing: false,
        }
    }

    /// What is decided about an object, live or being deleted, beside others.
    fn said(&self, deleting: bool, desired: &DesiredMember, others: &[(&str, DesiredMember)]) -> Decision<MemberStep> {
        let others = others.iter().map(|(name, desired)| Other {
            name: (*name).to_owned(),
            created: now(),
            namespace: &self.namespace,
            desired: desired.clone(),
            recorded: None,
            delegations_known: true,
        });
        let object = MemberObject::among(now(), deleting, None, desired, others, &self.facts());
        decide(&object, desired, &self.facts()).decision
    }

    /// What is decided about a live object while others answer for that role.
    fn beside(&self, elsewhere: PublisherRole, desired: &DesiredMember) -> Decision<MemberStep> {
        let among = MemberObject::among(now(), false, None, desired, [], &self.facts());
        decide(&MemberObject { elsewhere: Some(elsewhere), ..among }, desired, &self.facts()).decision
    }

    fn live(&self, desired: &DesiredMember) -> Decision<MemberStep> {
        self.said(false, desired, &[])
    }

    fn end(&self, desired: &DesiredMember) -> Decision<MemberStep> {
        self.said(true, desired, &[])
    }

    fn judged(&self, removal: MemberRemoval, minimum: usize) -> Result<(), Reason> {
        let protection = MemberProtection { minimum_owners: minimum, ..MemberProtection::default() };
        let (roll, own) = (&self.roll, self.own.as_ref());
        let facts = MemberGuardFacts { roll, own, protection: &protection, confirmed: "" };
        pass(removal, facts).map(|_| ()).map_err(|held| held.reason)
    }
}

/// Its steps in words.
fn steps(decision: &Decision<MemberStep>) -> Vec<String> {
    decision.steps.iter().map(ToString::to_string).collect()
}

#[test]
fn a_live_object_is_followed_by_role_age_and_adoption() {
    use Adoption::{Adopt, Refuse};
    let ada = "ada@example.com";
    let (make_owner, make_contributor) = ("make `ada@example.com` an owner", "make `ada@example.com` a contributor");
    // What the portal holds, the role declared, the adoption spelled; the reason, the step, whether it is the object's.
    let cases = [
        (None, Contributor, None, Reason::Progressing, "add `ada@example.com` as Contributor", true),
        (None, Owner, Some(Refuse), Reason::Progressing, "add `ada@example.com` as Owner", true),
        // Added since the object was made: the object's, whatever it says of adoption.
        (Some(recent(ada, Contributor)), Contributor, Some(Refuse), Reason::InSync, "", true),
        (Some(recent(ada, Owner)), Owner, None, Reason::InSync, "", true),
        (Some(recent(ada, Contributor)), Owner, None, Reason::Progressing, make_owner, true),
        (Some(recent(ada, Owner)), Contributor, None, Reason::Progressing, make_contributor, true),
        // There before: contributors by default, owners as spelled, and never against what is spelled.
        (Some(member(ada, Contributor)), Contributor, None, Reason::InSync, "", true),
        (Some(member(ada, Contributor)), Contributor, Some(Refuse), Reason::AdoptionRequired, "", false),
        (Some(member(ada, Owner)), Owner, None, Reason::AdoptionRequired, "", false),
        (Some(member(ada, Owner)), Owner, Some(Refuse), Reason::AdoptionRequired, "", false),
        (Some(member(ada, Owner)), Owner, Some(Adopt), Reason::InSync, "", true),
        // There before in the other role.
        (Some(member(ada, Owner)), Contributor, None, Reason::AdoptionRequired, "", false),
        (Some(member(ada, Owner)), Contributor, Some(Refuse), Reason::AdoptionRequired, "", false),
        (Some(member(ada, Owner)), Contributor, Some(Adopt), Reason::Progressing, make_contributor, true),
        // Once it is an owner, nobody can tell any more that it was none.
        (Some(member(ada, Contributor)), Owner, None, Reason::AdoptionRequired, "", false),
        (Some(member(ada, Contributor)), Owner, Some(Adopt), Reason::Progressing, make_owner, true),
        // A portal that does not say when is taken to mean before.
        (Some(Member { added_at: None, ..member(ada, Owner) }), Owner, None, Reason::AdoptionRequired, "", false),
    ];
    for (held, role, adoption, reason, step, owns) in cases {
        let what = format!("{held:?} as {role}, {adoption:?}");
        let portal = Portal::of(roll(held));
        let decision = portal.live(&DesiredMember { adoption, ..desired(ada, role) });
        assert_eq!((decision.ready.reason, decision.owns), (reason, owns), "{what}: {}", decision.ready.message);
        assert_eq!(steps(&decision).join(", "), step, "{what}");
    }
}

#[test]
fn what_another_object_answers_for_needs_no_adoption_and_what_is_more_than_that_does() {
    let ada = "ada@example.com";
    let portal = Portal::of(roll([member(ada, Owner)]));
    let as_owner = desired(ada, Owner);
    let decision = portal.beside(Owner, &as_owner);
    assert_eq!((decision.ready.reason, decision.owns), (Reason::InSync, true), "{}", decision.ready.message);
    let refusing = spelled(Adoption::Refuse, as_owner.clone());
    assert_eq!(portal.beside(Owner, &refusing).ready.reason, Reason::AdoptionRequired, "it says so");
    // Somebody made them more than the other object did, or this one would.
    assert_eq!(portal.beside(Contributor, &as_owner).ready.reason, Reason::AdoptionRequired);
    let contributor = Portal::of(roll([member(ada, Contributor)]));
    assert_eq!(contributor.beside(Contributor, &as_owner).ready.reason, Reason::AdoptionRequired);
}

#[test]
fn what_a_write_leaves_is_settled_by_the_next_look() {
    let ada = "ada@example.com";
    for (held, role) in [(Owner, Contributor), (Contributor, Owner)] {
        let wanted = spelled(Adoption::Adopt, desired(ada, role));
        let mut portal = Portal::of(roll([member(ada, held)]));
        let decision = portal.live(&wanted);
        let after = Member { role: role.into(), ..member(ada, held) };
        let written = match decision.steps.as_slice() {
            [MemberStep::Promote(_)] => MemberWritten::Promoted(after),
            [MemberStep::Remove(removal)] => MemberWritten::Removed { removal: removal.clone(), left: Some(after) },
            other => panic!("{other:?}"),
        };
        portal.roll.apply(&written);
        assert_eq!(portal.live(&wanted).ready.reason, Reason::InSync);
    }
}

#[test]
fn an_object_that_is_not_permitted_says_nothing_of_the_portal() {
    let mut portal = Portal::of(roll([member("ada@example.com", Contributor)]));
    portal.delegations = vec![everybody("elsewhere.com")];
    let decision = portal.live(&desired("ada@example.com", Contributor));
    assert_eq!((decision.ready.reason, decision.owns), (Reason::DelegationDenied, false));
    assert!(decision.special.is_none() && decision.steps.is_empty());
    assert_eq!(
        decision.ready.message,
        "`ada@example.com`: the delegation `all` may not add people or groups of `example.com` as Contributor; whoever \
         keeps the publisher can add it to `spec.delegations`"
    );
    assert!(portal.end(&desired("ada@example.com", Contributor)).released);
}

#[test]
fn granted_tells_whether_the_declared_access_is_there() {
    let ada = "ada@example.com";
    let invited = |role| Member { invited: true, ..recent(ada, role) };
    let cases = [
        (None, Owner, false, Reason::Progressing),
        (Some(recent(ada, Contributor)), Owner, false, Reason::Progressing),
        (Some(recent(ada, Owner)), Contributor, true, Reason::InSync),
        (Some(invited(Owner)), Owner, false, Reason::InvitationPending),
        (Some(recent(ada, Owner)), Owner, true, Reason::InSync),
    ];
    for (held, role, holds, reason) in cases {
        let special = Portal::of(roll(held)).live(&desired(ada, role)).special.unwrap();
        assert_eq!((special.holds, special.finding.reason), (Some(holds), reason), "{}", special.finding.message);
    }
    // Nobody waits on an inbox: the object is as declared.
    assert_eq!(Portal::of(roll([invited(Owner)])).live(&desired(ada, Owner)).ready.reason, Reason::InvitationPending);
}

#[test]
fn what_is_there_as_something_else_is_left_alone() {
    let group = Member { kind: MemberKind::Group, ..recent("ada@example.com", Contributor) };
    let portal = Portal::of(roll([group, application("app-1", Contributor)]));
    let decision = portal.live(&spelled(Adoption::Adopt, desired("ada@example.com", Contributor)));
    assert_eq!((decision.ready.reason, decision.owns), (Reason::MemberMismatch, false));
    assert!(decision.ready.message.contains("holds `ada@example.com` as a group"), "{}", decision.ready.message);
    assert!(portal.end(&desired("ada@example.com", Contributor)).released);
    let other_tenant = MemberKind::ServicePrincipal(ServicePrincipal {
        application: "app-1".to_owned(),
        tenant: "tenant-2".to_owned(),
        object: "object-of-app-1".to_owned(),
    });
    let key = MemberKey::Application("app-1".to_owned());
    let declared = DesiredMember { key, kind: other_tenant, ..desired("a@example.com", Contributor) };
    let decision = portal.live(&declared);
    assert_eq!((decision.ready.reason, decision.steps.len()), (Reason::MemberMismatch, 0));
}

#[test]
fn objects_share_a_user_or_contradict_each_other() {
    let ada = "ada@example.com";
    let other = |role| [("team/other", desired(ada, role))];
    let mut portal = Portal::of(roll([recent(ada, Contributor)]));
    let shared = portal.said(false, &desired(ada, Contributor), &other(Contributor));
    assert_eq!(shared.ready.reason, Reason::Shared);
    assert!(portal.said(true, &desired(ada, Contributor), &other(Contributor)).released);
    let torn = portal.said(false, &desired(ada, Owner), &other(Contributor));
    assert_eq!((torn.ready.reason, torn.steps.len(), torn.owns), (Reason::ContradictingRoles, 0, true));
    assert_eq!(
        torn.ready.message,
        "this object declares `ada@example.com` as Owner, and `team/other` as Contributor: make both say the same, or \
         delete one; until then nothing is changed"
    );
    // Before anybody is there as well, and on what the user is.
    let group = [("team/other", DesiredMember { kind: MemberKind::Group, ..desired(ada, Owner) })];
    let torn = Portal::of(roll([])).said(false, &desired(ada, Owner), &group);
    assert_eq!((torn.ready.reason, torn.steps.len(), torn.owns), (Reason::ContradictingRoles, 0, false));
    assert!(torn.ready.message.contains("as a person, and `team/other` as a group"), "{}", torn.ready.message);
    // Whoever still declares the user keeps it, and then has it the other way.
    assert!(portal.said(true, &desired(ada, Contributor), &other(Owner)).released);
    // Another key, and another object that no delegation permits, are nobody's business.
    let elsewhere = [("other/eve", desired("eve@example.com", Owner))];
    assert_eq!(portal.said(false, &desired(ada, Contributor), &elsewhere).ready.reason, Reason::InSync);
    portal.delegations[0].rules[0].roles = vec![Contributor];
    assert_eq!(portal.said(false, &desired(ada, Contributor), &other(Owner)).ready.reason, Reason::InSync);
    assert_eq!(steps(&portal.said(true, &desired(ada, Contributor), &other(Owner))).len(), 1);
}

#[test]
fn a_deleted_object_takes_along_what_it_stood_for() {
    let ada = "ada@example.com";
    let gone = "remove `ada@example.com` from the publisher";
    let retain = DesiredMember { deletion: MemberDeletion::Retain, ..desired(ada, Contributor) };
    let cases = [
        (None, desired(ada, Contributor), ""),
        (Some(recent(ada, Contributor)), desired(ada, Contributor), gone),
        (Some(member(ada, Contributor)), desired(ada, Contributor), gone),
        (Some(recent(ada, Owner)), desired(ada, Contributor), gone),
        (Some(recent(ada, Contributor)), retain, ""),
        (Some(member(ada, Contributor)), spelled(Adoption::Refuse, desired(ada, Contributor)), ""),
        (Some(member(ada, Owner)), desired(ada, Owner), ""),
        (Some(member(ada, Owner)), desired(ada, Contributor), ""),
        (Some(member(ada, Owner)), spelled(Adoption::Adopt, desired(ada, Owner)), gone),
    ];
    for (held, desired, step) in cases {
        let decision = Portal::of(roll(held.clone())).end(&desired);
        assert_eq!(steps(&decision).join(", "), step, "{held:?}: {desired:?}");
        assert_eq!(decision.released, step.is_empty(), "{held:?}: {desired:?}");
    }
}

#[test]
fn the_operators_own_entry_is_never_taken_away() {
    let portal = Portal::of(roll([]));
    let own = application("app-op", Owner);
    let declared = |role| DesiredMember {
        key: own.key.clone(),
        kind: own.kind.clone(),
        ..spelled(Adoption::Adopt, desired("a@example.com", role))
    };
    assert_eq!(portal.live(&declared(Owner)).ready.reason, Reason::InSync);
    for decision in [portal.live(&declared(Contributor)), portal.end(&declared(Owner))] {
        assert_eq!((decision.ready.reason, decision.steps.len()), (Reason::OwnPublisherRole, 0));
        assert!(decision.owns && !decision.released);
    }
    let retain = DesiredMember { deletion: MemberDeletion::Retain, ..declared(Owner) };
    assert!(portal.end(&retain).released);
    for removal in [MemberRemoval::Member(own.clone()), MemberRemoval::Ownership(own.clone())] {
        assert_eq!(portal.judged(removal, 1), Err(Reason::OwnPublisherRole));
    }
}

#[test]
fn a_contributor_tries_and_the_portal_speaks() {
    let mut portal = Portal::of(roll([]));
    portal.own_role = Some(Contributor);
    let decision = portal.live(&desired("ada@example.com", Contributor));
    assert_eq!(steps(&decision), ["add `ada@example.com` as Contributor"]);
    assert!(decision.ready.message.ends_with("whom the portal may not let do so"), "{}", decision.ready.message);
}
