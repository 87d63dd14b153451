//! Advice: what is worth knowing about a publisher's users and holds nothing up. PURE.
//!
//! Microsoft's page asks for two things that no API can prove: a group or alias among the users, against the day when a
//! person leaves, and addresses that somebody reads.

use crate::access::{
    Advice,
    advice::Rule,
    publisher::{AccountType, Member, MemberKey, MemberKind},
};

use super::{DesiredMember, Mailbox, Roll};

/// Domains whose mailboxes belong to persons and not to an organization: those of Microsoft accounts, and other well-known
/// ones.
const PERSONAL: [&str; 22] = [
    "aol.com",
    "fastmail.com",
    "gmail.com",
    "gmx.com",
    "gmx.de",
    "gmx.net",
    "googlemail.com",
    "hotmail.co.uk",
    "hotmail.com",
    "hotmail.de",
    "hotmail.fr",
    "icloud.com",
    "live.co.uk",
    "live.com",
    "mail.com",
    "mail.ru",
    "me.com",
    "msn.com",
    "outlook.com",
    "proton.me",
    "protonmail.com",
    "yahoo.com",
];

/// What is worth knowing about one declared user.
pub fn advice(desired: &DesiredMember, member: Option<&Member>, roll: &Roll) -> Vec<Advice> {
    [personal_domain(desired, roll), mailbox(desired), account_type(member)].into_iter().flatten().collect()
}

/// What is worth knowing about all users of a publisher.
pub fn publisher_advice(roll: &Roll) -> Vec<Advice> {
    let no_group = (!roll.has_group()).then(|| Advice {
        rule: Rule::NoGroup,
        message: "no group or alias is among the publisher's users, and people leave: add one with `type: Group`"
            .to_owned(),
    });
    let owners = roll.counts().owners;
    let few_owners = (owners < 2).then(|| Advice {
        rule: Rule::FewOwners,
        message: format!(
            "the publisher has {}, and Microsoft advises two: add one with `role: Owner`",
            if owners == 1 { "one owner".to_owned() } else { format!("{owners} owners") }
        ),
    });
    [no_group, few_owners].into_iter().flatten().collect()
}

fn personal_domain(desired: &DesiredMember, roll: &Roll) -> Option<Advice> {
    let MemberKey::Email(email) = &desired.key else { return None };
    if desired.kind != MemberKind::User || !PERSONAL.contains(&email.domain()) {
        return None;
    }
    let instead = if roll.has_group() { "a work address" } else { "a work address, and a group of the team as well" };
    Some(Advice {
        rule: Rule::PersonalMailDomain,
        message: format!(
            "`{email}` is a personal mailbox, which its person keeps on leaving the organization: declare {instead}"
        ),
    })
}

fn mailbox(desired: &DesiredMember) -> Option<Advice> {
    let MemberKey::Email(email) = &desired.key else { return None };
    let message = match desired.mailbox {
        Some(Mailbox::Monitored) => return None,
        Some(Mailbox::Unmonitored) => {
            format!("nobody reads the mail of `{email}`, to which Microsoft writes: have somebody read it")
        }
        None => format!(
            "nobody says that the mail of `{email}` is read, to which Microsoft writes: set `mailbox: Monitored` once it is"
        ),
    };
    Some(Advice { rule: Rule::MailboxNotAttested, message })
}

fn account_type(member: Option<&Member>) -> Option<Advice> {
    let Member { key, account: Some(AccountType::Other(word)), .. } = member? else { return None };
    Some(Advice {
        rule: Rule::UnknownAccountType,
        message: format!(
            "`{key}` signs in with `{word}`, which is neither a Microsoft account nor an organization ID: check the \
             address; the access is kept"
        ),
    })
}
