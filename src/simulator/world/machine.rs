//! Service accounts, API keys, and the principals that this machine knows by id alone. PURE.

use jiff::Timestamp;

use super::{
    Actor, Answer, ApiKey, KeyResource, KeySecret, Kind, Membership, Refusal, ServiceAccount, World,
    standing::{Standing, allow},
};
use crate::access::{
    Key, PrincipalId, PrincipalKind, Scope,
    catalogue::{ACCOUNT_ADMIN, ORGANIZATION_ADMIN},
};

/// Who may make and delete service accounts.
const MANAGE: [&str; 2] = [ORGANIZATION_ADMIN, ACCOUNT_ADMIN];
/// Roles with which a principal manages the cluster keys that are its own.
const OWN_KEYS: [&str; 4] = ["CloudClusterAdmin", "EnvironmentAdmin", "Operator", "ResourceOwner"];
/// The role that manages the cluster keys of service accounts, and none of its own.
pub(super) const KEY_ADMIN: &str = "ResourceKeyAdmin";

impl World {
    pub(super) fn create_service_account(
        &mut self,
        actor: &Actor,
        display_name: &str,
        description: &str,
        id: Option<&str>,
        at: Timestamp,
    ) -> Result<Answer, Refusal> {
        let standing = self.standing(actor);
        allow(standing.is_portal() || standing.holds(&MANAGE))?;
        check_name(display_name)?;
        self.refuse_name(display_name, None)?;
        self.refuse_taken_id(id)?;
        if self.service_accounts.len() >= self.rules.quotas.service_accounts {
            return Err(Refusal::QuotaExceeded("service_accounts_per_org"));
        }
        let accounts = &self.service_accounts;
        let drawn = || self.identifiers.lower("sa-", |id| accounts.contains_key(id));
        let account = ServiceAccount {
            id: id.map_or_else(drawn, str::to_owned),
            display_name: display_name.to_owned(),
            description: description.to_owned(),
            created_at: at,
            updated_at: at,
        };
        self.service_accounts.insert(account.id.clone(), account.clone());
        self.record(actor, "CreateServiceAccount", account.id.clone(), at);
        Ok(Answer::ServiceAccount(account))
    }

    pub(super) fn update_service_account(
        &mut self,
        actor: &Actor,
        id: &str,
        display_name: Option<&str>,
        description: Option<&str>,
        at: Timestamp,
    ) -> Result<Answer, Refusal> {
        let standing = self.standing(actor);
        let owns = account_scope(id).is_some_and(|scope| standing.holds_over(&["ResourceOwner"], &scope));
        allow(standing.is_portal() || standing.holds(&MANAGE) || owns)?;
        if !self.service_accounts.contains_key(id) {
            return Err(Refusal::NotFound(Kind::ServiceAccount));
        }
        if let Some(name) = display_name {
            check_name(name)?;
            self.refuse_name(name, Some(id))?;
        }
        let account = self.service_accounts.get_mut(id).ok_or(Refusal::NotFound(Kind::ServiceAccount))?;
        if let Some(name) = display_name {
            name.clone_into(&mut account.display_name);
        }
        if let Some(text) = description {
            text.clone_into(&mut account.description);
        }
        account.updated_at = at;
        let account = account.clone();
        self.record(actor, "UpdateServiceAccount", id, at);
        Ok(Answer::ServiceAccount(account))
    }

    pub(super) fn delete_service_account(&mut self, actor: &Actor, id: &str, at: Timestamp) -> Result<Answer, Refusal> {
        let standing = self.standing(actor);
        allow(standing.is_portal() || standing.holds(&MANAGE))?;
        if !self.service_accounts.contains_key(id) {
            return Err(Refusal::NotFound(Kind::ServiceAccount));
        }
        let principal = PrincipalId::new(id);
        self.guard_administrators(actor, |binding| binding.principal == principal)?;
        self.service_accounts.remove(id);
        self.remove_principal(actor, &principal, at);
        self.record(actor, "DeleteServiceAccount", id, at);
        Ok(Answer::Done)
    }

    pub(super) fn create_api_key(
        &mut self,
        actor: &Actor,
        owner: &PrincipalId,
        resource: &KeyResource,
        (display_name, description): (&str, &str),
        at: Timestamp,
    ) -> Result<Answer, Refusal> {
        allow(self.standing(actor).manages_keys_of(owner, resource))?;
        let member = self.users.get(owner.as_str()).is_some_and(|user| user.membership == Membership::Member);
        allow(member || self.service_accounts.contains_key(owner.as_str()))?;
        if let KeyResource::Cluster { environment, id } = resource {
            let there = self.clusters.get(id).is_some_and(|cluster| cluster.environment == *environment);
            allow(there)?;
        }
        let keys = &self.api_keys;
        let key = ApiKey {
            id: self.identifiers.upper("", 16, |id| keys.contains_key(id)),
            secret: KeySecret::new(self.identifiers.secret()),
            owner: owner.clone(),
            resource: resource.clone(),
            display_name: display_name.to_owned(),
            description: description.to_owned(),
            created_at: at,
        };
        self.api_keys.insert(key.id.clone(), key.clone());
        self.record(actor, "CreateAPIKey", key.id.clone(), at);
        Ok(Answer::ApiKey(key))
    }

    pub(super) fn plant_api_key(
        &mut self,
        service_account: &str,
        id: &str,
        secret: &KeySecret,
        at: Timestamp,
    ) -> Result<Answer, Refusal> {
        let account = self.service_accounts.get(service_account).ok_or(Refusal::NotFound(Kind::ServiceAccount))?;
        let owner = PrincipalId::new(&account.id);
        let key = ApiKey {
            id: id.to_owned(),
            secret: secret.clone(),
            owner: owner.clone(),
            resource: KeyResource::Cloud,
            display_name: account.display_name.clone(),
            description: String::new(),
            created_at: at,
        };
        let goes = |key: &ApiKey| key.owner == owner && key.resource == KeyResource::Cloud;
        if self.api_keys.get(id).is_some_and(|there| !goes(there)) {
            return Err(Refusal::IdTaken(id.to_owned()));
        }
        self.api_keys.retain(|_, key| !goes(key));
        self.api_keys.insert(key.id.clone(), key.clone());
        self.record(&Actor::Portal, "CreateAPIKey", id, at);
        Ok(Answer::ApiKey(key))
    }

    pub(super) fn delete_api_key(&mut self, actor: &Actor, id: &str, at: Timestamp) -> Result<Answer, Refusal> {
        let standing = self.standing(actor);
        let key = self.api_keys.get(id).ok_or(Refusal::Forbidden)?;
        allow(standing.is(&key.owner) || standing.manages_keys_of(&key.owner, &key.resource))?;
        self.api_keys.remove(id);
        self.record(actor, "DeleteAPIKey", id, at);
        Ok(Answer::Done)
    }

    pub(super) fn add_other(&mut self, principal: &PrincipalId, at: Timestamp) -> Result<Answer, Refusal> {
        match principal.kind() {
            Some(PrincipalKind::IdentityPool | PrincipalKind::GroupMapping) => {}
            Some(PrincipalKind::User | PrincipalKind::ServiceAccount) | None => {
                return Err(Refusal::Invalid(format!("`{principal}` is no identity pool and no group mapping")));
            }
        }
        if !self.others.insert(principal.clone()) {
            return Err(Refusal::IdTaken(principal.to_string()));
        }
        self.record(&Actor::Portal, "CreatePrincipal", principal.as_str(), at);
        Ok(Answer::Done)
    }

    pub(super) fn delete_other(&mut self, principal: &PrincipalId, at: Timestamp) -> Result<Answer, Refusal> {
        if !self.others.remove(principal) {
            return Err(Refusal::NotFound(Kind::Principal));
        }
        self.remove_principal(&Actor::Portal, principal, at);
        self.record(&Actor::Portal, "DeletePrincipal", principal.as_str(), at);
        Ok(Answer::Done)
    }

    /// The owner of a Cloud key, when the secret is right. A key of one cluster opens nothing here.
    pub fn authenticate(&self, key: &str, secret: &str) -> Option<PrincipalId> {
        let key = self.api_keys.get(key).filter(|key| key.resource == KeyResource::Cloud)?;
        (key.secret.reveal() == secret).then(|| key.owner.clone())
    }

    /// The oldest Cloud key of the service account with that display name.
    pub fn cloud_key_of(&self, display_name: &str) -> Option<&ApiKey> {
        let account = self.service_accounts.values().find(|account| account.display_name == display_name)?;
        let keys = self.api_keys.values().filter(|key| key.owner.as_str() == account.id);
        keys.filter(|key| key.resource == KeyResource::Cloud).min_by_key(|key| key.created_at)
    }

    /// Keys and bindings go with their owner.
    pub(super) fn remove_principal(&mut self, actor: &Actor, principal: &PrincipalId, at: Timestamp) {
        self.api_keys.retain(|_, key| key.owner != *principal);
        if self.rules.orphans_linger {
            return;
        }
        let held = self.held.remove(principal).unwrap_or_default();
        for held in &held {
            self.bindings.remove(&held.id);
        }
        if !held.is_empty() {
            self.record(actor, "UnBindAllRolesForPrincipal", principal.as_str(), at);
        }
    }

    fn refuse_name(&self, name: &str, except: Option<&str>) -> Result<(), Refusal> {
        let taken = self.service_accounts.values().any(|it| it.display_name == name && Some(it.id.as_str()) != except);
        if taken { Err(Refusal::NameTaken) } else { Ok(()) }
    }
}

impl Standing<'_> {
    /// Whether the actor may make and delete a key with that owner for that resource.
    fn manages_keys_of(&self, owner: &PrincipalId, resource: &KeyResource) -> bool {
        if self.administers() {
            return true;
        }
        if *resource == KeyResource::Cloud {
            return false;
        }
        if self.is(owner) {
            return self.holds(&OWN_KEYS);
        }
        self.holds(&[KEY_ADMIN]) && owner.kind() == Some(PrincipalKind::ServiceAccount)
    }
}

/// The place that a role on one service account is bound to.
pub(super) fn account_scope(id: &str) -> Option<Scope> {
    Scope::organization().child(Key::ServiceAccount, id).ok()
}

fn check_name(name: &str) -> Result<(), Refusal> {
    if name.is_empty() || name.chars().count() > 64 {
        return Err(Refusal::Invalid("display_name must have 1 to 64 characters".to_owned()));
    }
    Ok(())
}
