//! The audit log and the outbox: what the organization writes down and whom it tells. PURE.

use std::collections::VecDeque;

use jiff::Timestamp;

use super::{Actor, AuditEntry, Binding, Membership, Notification, World};
use crate::access::PrincipalId;

/// How many entries are kept of each; the oldest go first.
const KEPT: usize = 10_000;

impl World {
    /// The audit log, oldest first.
    pub fn audit(&self) -> impl ExactSizeIterator<Item = &AuditEntry> {
        self.audit.iter()
    }

    /// The e-mails sent, oldest first.
    pub fn outbox(&self) -> impl ExactSizeIterator<Item = &Notification> {
        self.outbox.iter()
    }

    pub(super) fn record(&mut self, actor: &Actor, method: &str, resource: impl Into<String>, at: Timestamp) {
        let entry =
            AuditEntry { at, actor: actor.name().to_owned(), method: method.to_owned(), resource: resource.into() };
        push(&mut self.audit, entry);
    }

    pub(super) fn send(&mut self, to: &str, subject: String, at: Timestamp) {
        push(&mut self.outbox, Notification { at, to: to.to_owned(), subject });
    }

    /// Writes down a new `OrganizationAdmin` and tells every user who is one.
    pub(super) fn announce_administrator(&mut self, actor: &Actor, binding: &Binding, at: Timestamp) {
        self.record(actor, "BindRoleForPrincipal", binding.crn.clone(), at);
        let subject = format!("{} was granted the OrganizationAdmin role", self.name_of(&binding.principal));
        let addresses: Vec<String> = self.administrators().iter().map(|user| user.email.clone()).collect();
        for address in addresses {
            self.send(&address, subject.clone(), at);
        }
    }

    /// A principal for people: the address or the display name, and the id.
    fn name_of(&self, principal: &PrincipalId) -> String {
        let id = principal.as_str();
        let user = self.users.get(id).filter(|user| user.membership == Membership::Member || !user.email.is_empty());
        let name = user.map(|user| &user.email).or_else(|| self.service_accounts.get(id).map(|sa| &sa.display_name));
        name.map_or_else(|| id.to_owned(), |name| format!("{name} ({id})"))
    }
}

fn push<T>(queue: &mut VecDeque<T>, item: T) {
    if queue.len() == KEPT {
        queue.pop_front();
    }
    queue.push_back(item);
}
