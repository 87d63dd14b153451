//! Advice about one person. PURE.

use crate::access::listing::AuthType;

use super::{Advice, Rule};

/// A declared person, and what is known of the others.
#[derive(Clone, Copy, Debug)]
pub struct Person<'a> {
    /// The address.
    pub email: &'a str,
    /// How the person is to sign in, where that is declared.
    pub auth_type: Option<AuthType>,
    /// The account is deleted with the object, whatever hangs on it.
    pub deleted_with_everything: bool,
    /// Somebody in the organization signs in through its identity provider.
    pub others_by_sso: bool,
}

/// What is worth knowing about a person.
pub fn person(person: Person<'_>) -> Vec<Advice> {
    [local_user(person), deletion(person)].into_iter().flatten().collect()
}

fn local_user(person: Person<'_>) -> Option<Advice> {
    let local = person.auth_type == Some(AuthType::Local) && person.others_by_sso;
    local.then(|| {
        let said = format!(
            "`{}` signs in with a password of the vendor's, and others through the identity provider: declare \
             `authType: SSO`",
            person.email
        );
        Advice::new(Rule::LocalUserInSsoOrganization, said)
    })
}

fn deletion(person: Person<'_>) -> Option<Advice> {
    person.deleted_with_everything.then(|| {
        let said = format!(
            "deleting this object deletes every API key and binding of `{}`, whoever made them: declare \
             `deletionPolicy: DeleteIfUnused` unless that is meant",
            person.email
        );
        Advice::new(Rule::DeletionTakesKeys, said)
    })
}
