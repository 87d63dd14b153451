//! Drift: what was as declared, and is not any more, by somebody else's doing. PURE.

use jiff::Timestamp;

use crate::access::{PrincipalId, listing::AuditRecord};

use super::Inventory;

/// What somebody did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// It was taken away.
    Removed,
    /// It was taken away and made again, under another id.
    Recreated,
    /// A contributor was made an owner.
    Promoted,
    /// An owner was made a contributor.
    Demoted,
}

/// One finding of drift.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Drift {
    /// What was done.
    pub change: Change,
    /// By whom and when, where an audit log tells.
    pub by: Option<(String, Timestamp)>,
}

impl Drift {
    /// Looks at one thing that was there as `before`; `now` is what stands for it, and `ids` are what an audit log may know
    /// the change by. What the operator did itself is no drift.
    pub fn found(
        before: &str,
        now: Option<&str>,
        ids: &[&str],
        inventory: &Inventory,
        own: Option<&PrincipalId>,
    ) -> Option<Self> {
        let change = match now {
            None => Change::Removed,
            Some(now) if now != before => Change::Recreated,
            Some(_) => return None,
        };
        let record = inventory.audited(ids);
        if record.is_some_and(|record| own == Some(&record.actor)) {
            return None;
        }
        Some(Self { change, by: record.map(|record| who_and_when(record, inventory)) })
    }

    /// In words, of what is named so.
    pub fn sentence(&self, what: &str) -> String {
        let done = match self.change {
            Change::Removed => "was taken away",
            Change::Recreated => "was taken away and made again",
            Change::Promoted => "was made an owner",
            Change::Demoted => "was made a contributor",
        };
        let by = self.by.as_ref().map(|(who, at)| format!(", by `{who}` at {at:.0}")).unwrap_or_default();
        format!("{what} {done} outside of its object{by}")
    }
}

/// A record in words: people by their e-mail.
pub fn who_and_when(record: &AuditRecord, inventory: &Inventory) -> (String, Timestamp) {
    let who = inventory.user(&record.actor).map_or_else(|| record.actor.to_string(), |user| user.email.to_string());
    (who, record.at)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{access::Listing, plan::tests::listing};

    #[test]
    fn drift_is_what_others_did_with_who_and_when_where_that_is_known() {
        let at = Timestamp::UNIX_EPOCH;
        let record = |actor: &str, subject: &str| AuditRecord {
            at,
            actor: PrincipalId::new(actor),
            subject: subject.to_owned(),
        };
        let audit = vec![record("sa-op", "rb-1"), record("u-mary", "rb-2"), record("portal", "rb-3")];
        let (inventory, own) = (Inventory::new(Listing { audit, ..listing() }), PrincipalId::new("sa-op"));
        let found = |before: &str, now: Option<&str>| Drift::found(before, now, &[before], &inventory, Some(&own));
        assert_eq!(found("rb-1", None), None, "our own doing");
        assert_eq!(found("rb-9", Some("rb-9")), None);
        assert_eq!(found("rb-9", None), Some(Drift { change: Change::Removed, by: None }));
        let mary = found("rb-2", Some("rb-7")).unwrap();
        assert_eq!((mary.change, &mary.by), (Change::Recreated, &Some(("mary@example.com".to_owned(), at))));
        assert_eq!(
            mary.sentence("It"),
            "It was taken away and made again outside of its object, by `mary@example.com` at 1970-01-01T00:00:00Z"
        );
        assert_eq!(found("rb-3", None).unwrap().by.unwrap().0, "portal");
    }
}
