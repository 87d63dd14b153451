//! Steps in words, what the roll shows of them, and what is advised.

use super::*;
use crate::{
    access::publisher::{AccountType, NewMember},
    plan::publisher::{Mailbox, MemberWritten, advice, publisher_advice},
};

#[test]
fn steps_read_as_sentences_and_events() {
    let ada = || recent("ada@example.com", Contributor);
    let new = NewMember { key: key("ada@example.com"), kind: MemberKind::User, role: Contributor, friendly_name: None };
    let cases = [
        (MemberStep::Add(new), "Added", "added `ada@example.com` as Contributor"),
        (MemberStep::Promote(ada()), "Promoted", "made `ada@example.com` an owner"),
        (MemberStep::Remove(MemberRemoval::Ownership(ada())), "Demoted", "made `ada@example.com` a contributor"),
        (MemberStep::Remove(MemberRemoval::Member(ada())), "Removed", "removed `ada@example.com` from the publisher"),
    ];
    for (step, event, done) in cases {
        assert_eq!((step.event(), step.done().as_str(), step.key()), (event, done, &key("ada@example.com")));
    }
}

#[test]
fn our_own_writes_overlay_a_listing_that_lags() {
    let ada = "ada@example.com";
    let removed = |was: Member, left| MemberWritten::Removed { removal: MemberRemoval::Member(was), left };
    let demoted = || MemberWritten::Removed {
        removal: MemberRemoval::Ownership(member(ada, Owner)),
        left: Some(member(ada, Contributor)),
    };
    let cases = [
        (MemberWritten::Added(recent(ada, Owner)), None, false),
        (MemberWritten::Added(recent(ada, Owner)), Some(recent(ada, Contributor)), true),
        // An entry of before, which was removed in between.
        (MemberWritten::Added(recent(ada, Owner)), Some(member(ada, Owner)), false),
        (MemberWritten::Promoted(member(ada, Owner)), Some(member(ada, Contributor)), false),
        (MemberWritten::Promoted(member(ada, Owner)), Some(member(ada, Owner)), true),
        (demoted(), Some(member(ada, Owner)), false),
        (demoted(), Some(member(ada, Contributor)), true),
        (removed(member(ada, Owner), None), Some(member(ada, Owner)), false),
        (removed(member(ada, Owner), None), None, true),
        // Somebody added the user again.
        (removed(member(ada, Owner), None), Some(recent(ada, Owner)), true),
    ];
    for (written, listed, shown) in cases {
        let mut listing = roll(listed.clone());
        assert_eq!(listing.shows(&written), shown, "{written:?} over {listed:?}");
        listing.apply(&written);
        assert!(listing.shows(&written), "{written:?} shows once it is applied");
    }
    // Removed and added again, over a listing of before both.
    let mut listing = roll([member(ada, Owner)]);
    let writes = [removed(member(ada, Owner), None), MemberWritten::Added(recent(ada, Contributor))];
    for written in &writes {
        if !listing.shows(written) {
            listing.apply(written);
        }
    }
    assert_eq!(listing.member(&key(ada)), Some(&recent(ada, Contributor)));
}

#[test]
fn a_roll_counts_who_is_there() {
    let group = Member { kind: MemberKind::Group, ..member("offers@example.com", Contributor) };
    let invited = Member { invited: true, ..member("eve@example.com", Owner) };
    let full = roll([group, invited]);
    let counts = full.counts();
    let all = (counts.owners, counts.contributors, counts.groups, counts.applications, counts.invited);
    assert_eq!(all, (3, 1, 1, 1, 1));
    assert!(full.has_group() && !roll([]).has_group());
}

#[test]
fn advice_names_its_rule_and_what_to_do() {
    let rules = |desired: &DesiredMember, member: Option<&Member>| -> Vec<&str> {
        advice(desired, member, &roll([])).into_iter().map(|advice| advice.rule.as_str()).collect()
    };
    let read = |desired| DesiredMember { mailbox: Some(Mailbox::Monitored), ..desired };
    assert_eq!(rules(&desired("a@example.com", Owner), None), ["MailboxNotAttested"]);
    assert_eq!(rules(&read(desired("a@example.com", Owner)), None), [""; 0]);
    assert_eq!(rules(&read(desired("a@outlook.com", Owner)), None), ["PersonalMailDomain"]);
    let group = DesiredMember { kind: MemberKind::Group, ..read(desired("offers@outlook.com", Owner)) };
    assert_eq!(rules(&group, None), [""; 0]);
    let odd = Member { account: Some(AccountType::Other("passkey".to_owned())), ..member("a@example.com", Owner) };
    assert_eq!(rules(&read(desired("a@example.com", Owner)), Some(&odd)), ["UnknownAccountType"]);
    // An application reads no mail.
    let app = application("app-1", Owner);
    let declared = DesiredMember { key: app.key.clone(), kind: app.kind.clone(), ..desired("a@example.com", Owner) };
    assert_eq!(rules(&declared, Some(&app)), [""; 0]);
}

#[test]
fn a_publisher_is_advised_of_groups_and_second_owners() {
    let group = Member { kind: MemberKind::Group, ..member("offers@example.com", Owner) };
    let alone = Roll::new(Members(vec![member("grace@example.com", Owner)]));
    let rules =
        |roll: &Roll| -> Vec<&str> { publisher_advice(roll).into_iter().map(|advice| advice.rule.as_str()).collect() };
    assert_eq!(rules(&alone), ["NoGroup", "FewOwners"]);
    assert_eq!(rules(&roll([])), ["NoGroup"]);
    assert_eq!(rules(&roll([group])), [""; 0]);
}
