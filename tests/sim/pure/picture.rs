//! What a complete listing shows of a world, without the wire between.

use jiff::Timestamp;
use roster::{
    access::{
        Crn, Email, Listing, PrincipalId,
        listing::{Binding, Environment, Invitation, InvitationStatus, ServiceAccount, User},
    },
    simulator::world::{self, Membership, World},
};

/// The listing at that moment.
pub(super) fn of(world: &World, at: Timestamp) -> Listing {
    let contents = world.contents(at);
    let members = contents.users.iter().filter(|user| user.membership == Membership::Member);
    Listing {
        users: members
            .map(|user| User {
                id: PrincipalId::new(&user.id),
                email: Email::parse(&user.email).unwrap(),
                full_name: user.full_name.clone(),
                auth_type: None,
                created_at: Some(user.created_at),
            })
            .collect(),
        invitations: contents
            .invitations
            .iter()
            .map(|it| Invitation {
                id: it.invitation.id.clone(),
                email: Email::parse(&it.invitation.email).unwrap(),
                status: status(it.status),
                user: Some(PrincipalId::new(&it.invitation.user)),
                created_at: Some(it.invitation.created_at),
                expires_at: Some(it.invitation.expires_at),
            })
            .collect(),
        service_accounts: contents
            .service_accounts
            .iter()
            .map(|it| ServiceAccount { id: PrincipalId::new(&it.id), display_name: it.display_name.clone() })
            .collect(),
        bindings: contents
            .bindings
            .iter()
            .map(|it| Binding {
                id: it.id.clone(),
                principal: it.principal.clone(),
                role: it.role.clone(),
                crn: it.crn.clone(),
                scope: it.crn.parse::<Crn>().ok().map(|crn| crn.scope),
                created_at: Some(it.created_at),
            })
            .collect(),
        environments: contents
            .environments
            .iter()
            .map(|it| Environment { id: it.id.clone(), display_name: it.display_name.clone() })
            .collect(),
        api_keys: Some(Vec::new()),
        ..Listing::default()
    }
}

fn status(status: world::InvitationStatus) -> InvitationStatus {
    match status {
        world::InvitationStatus::Sent => InvitationStatus::Pending,
        world::InvitationStatus::Accepted => InvitationStatus::Accepted,
        world::InvitationStatus::Expired => InvitationStatus::Expired,
        world::InvitationStatus::Deactivated => InvitationStatus::Inactive,
    }
}
