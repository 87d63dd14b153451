//! Advice about an organization as a whole. PURE.

use super::{Advice, MANY_ADMINS, Rule};

/// Who was counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Counted {
    /// Those whom manifests declare; there may be others, so none at all says nothing.
    Declared,
    /// Those who are effective now.
    Effective,
}

/// What is worth knowing about an organization with so many administrators.
pub fn organization(admins: usize, counted: Counted) -> Option<Advice> {
    let subject = match counted {
        Counted::Declared if admins == 0 => return None,
        Counted::Declared => "the manifests declare",
        Counted::Effective => "the organization has",
    };
    let many = if admins == 1 { "one OrganizationAdmin".to_owned() } else { format!("{admins} OrganizationAdmins") };
    if admins < 2 {
        let said = format!("{subject} {many}: make another person OrganizationAdmin");
        return Some(Advice::new(Rule::SingleOrganizationAdmin, said));
    }
    (admins > MANY_ADMINS).then(|| {
        let said =
            format!("{subject} {many}, each of whom may do everything: give a narrower role to those who need no more");
        Advice::new(Rule::ManyOrganizationAdmins, said)
    })
}
