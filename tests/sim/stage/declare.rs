//! What is declared besides a person and a binding, and what people do who do not mind that it is impossible.

use serde_json::{Value, json};

use crate::way::PUBLISHER;

use super::{SYSTEM, Stage, TEAM, address, place};

impl Stage {
    /// A publisher with an owner of its own and the operator as another, connected under the name `p`.
    pub(crate) async fn publisher(&self) {
        self.simulator.add_publisher(PUBLISHER, "Contoso", "grace@example.com").unwrap();
        let credential = self.simulator.operator_application().unwrap();
        let data = json!({"key": credential.client_id, "secret": credential.client_secret});
        self.create("secrets", SYSTEM, json!({"metadata": {"name": "p"}, "stringData": data})).await;
        let url = "https://portal.example";
        let token = format!("{url}/{}/oauth2/v2.0/token", credential.tenant);
        let auth = json!({"clientSecret": {"secretRef": {"name": "p"}, "tokenEndpoint": token}});
        let delegation = json!({"name": "all", "namespaces": {"names": [TEAM]},
            "add": [{"roles": ["*"], "emailDomains": ["*"], "tenants": ["*"]}]});
        let spec = json!({"publisherId": PUBLISHER, "resyncInterval": "1m", "delegations": [delegation],
            "backend": {"portal": {"endpoint": url, "auth": auth}}});
        self.create("publishers", "", json!({"metadata": {"name": "p"}, "spec": spec})).await;
    }

    /// Makes an object of the team, where nothing stands against it.
    pub(crate) async fn perhaps_create(&self, plural: &str, name: &str, spec: Value) {
        let (path, version, kind) = place(plural, TEAM);
        let object = json!({"apiVersion": version, "kind": kind, "metadata": {"name": name}, "spec": spec});
        self.perhaps("POST", &path, &object).await;
    }

    /// Edits an object, where it is there.
    pub(crate) async fn perhaps_edit(&self, plural: &str, name: &str, patch: Value) {
        self.perhaps("PATCH", &format!("{}/{name}", place(plural, TEAM).0), &patch).await;
    }

    /// Deletes an object, where it is there.
    pub(crate) async fn perhaps_delete(&self, plural: &str, name: &str) {
        self.perhaps("DELETE", &format!("{}/{name}", place(plural, TEAM).0), &json!({})).await;
    }

    /// What is not there, there already or on its way out stands against much; all else is a mistake of the test.
    async fn perhaps(&self, method: &str, path: &str, body: &Value) {
        match self.send(method, path, body).await {
            Ok(_) => {}
            Err(kube::Error::Api(refusal)) if matches!(refusal.code, 403 | 404 | 409) => {}
            Err(error) => panic!("{method} {path} {body}: {error}"),
        }
    }
}

/// What is declared of a person.
pub(crate) fn user_spec(name: &str) -> Value {
    json!({"organizationRef": {"name": "o"}, "email": address(name)})
}

/// What is declared of a declared person's binding.
pub(crate) fn binding_spec(user: &str, role: &str) -> Value {
    let scope = match role {
        "OrganizationAdmin" => json!({"organization": {}}),
        _ => json!({"environment": "env-prod01"}),
    };
    json!({"organizationRef": {"name": "o"}, "principal": {"userRef": {"name": user}}, "role": role, "scope": scope})
}

/// What is declared of a publisher's user.
pub(crate) fn member_spec(name: &str, role: &str) -> Value {
    json!({"publisherRef": {"name": "p"}, "email": address(name), "role": role, "mailbox": "Monitored"})
}
