//! What the dialect answers when nothing is made to go wrong.

use super::*;

#[tokio::test]
async fn a_key_is_asked_for_and_every_answer_names_itself() {
    let bench = Bench::new();
    let wrong = Bench {
        simulator: bench.simulator.clone(),
        credential: Credential { key: bench.credential.key.clone(), secret: "wrong".to_owned() },
    };
    let reply = wrong.get("/iam/v2/users").await;
    assert_eq!((reply.status, &reply.body["errors"][0]["status"]), (401, &json!("401")));
    assert!(reply.header("www-authenticate").starts_with("Basic error=\"invalid_key\""));
    for reply in [reply, bench.get("/iam/v2/users").await, bench.get("/nowhere").await] {
        assert_eq!(reply.header(HEADER), env!("CARGO_PKG_VERSION"));
        assert_eq!(reply.header("x-request-id").len(), 32);
    }
    assert_eq!(bench.get("/nowhere").await.status, 404);
}

#[tokio::test]
async fn a_person_is_invited_given_a_role_and_deleted() {
    let bench = Bench::new();
    let reply = bench.post("/iam/v2/invitations", json!({"email": "bob@partner.example", "unheard": 1})).await;
    assert_eq!((reply.status, &reply.body["status"]), (201, &json!("INVITE_STATUS_SENT")));
    assert_eq!(reply.body["metadata"]["created_at"], json!("2026-03-02T09:00:00Z"));
    assert_eq!(reply.body["expires_at"], json!("2026-03-09T09:00:00Z"));
    assert_eq!(reply.body["creator"]["id"], json!("sa-roster"));
    assert_eq!(reply.body.get("accepted_at"), None);
    let (invitation, user) = (reply.body["id"].as_str().unwrap(), reply.body["user"]["id"].as_str().unwrap());
    assert_eq!(reply.header("location"), format!("http://simulator.test/iam/v2/invitations/{invitation}"));

    assert_eq!(bench.get(&format!("/iam/v2/users/{user}")).await.status, 404);
    assert_eq!(bench.grant(&format!("User:{user}"), "MetricsViewer", "").await.status, 201);
    let filter = format!("/iam/v2/invitations?email=bob%40partner.example&status=INVITE_STATUS_SENT&user={user}");
    assert_eq!(bench.get(&filter).await.ids(), [invitation]);
    let accept = json!({"acceptInvitation": {"email": "bob@partner.example", "fullName": "Bob"}});
    assert_eq!(bench.post("/simulator/portal", accept).await.status, 200);
    assert!(bench.get(&filter).await.ids().is_empty());

    let path = format!("/iam/v2/users/{user}");
    let renamed = bench.send(Method::PATCH, &path, Some(json!({"full_name": "Robert"}))).await;
    assert_eq!((renamed.status, &renamed.body["full_name"]), (200, &json!("Robert")));
    let again = bench.post("/iam/v2/invitations", json!({"email": "Bob@Partner.example"})).await;
    assert_eq!(
        (again.status, &again.body["errors"][0]["detail"]),
        (409, &json!("This user already exists within the Organization"))
    );
    let withdrawn = bench.delete(&format!("/iam/v2/invitations/{invitation}")).await;
    assert_eq!(
        (withdrawn.status, &withdrawn.body["errors"][0]["detail"]),
        (400, &json!("Bad Request. The invitation was already accepted"))
    );
    assert_eq!(bench.delete(&path).await.status, 204);
    assert_eq!(bench.get(&path).await.status, 404);
    assert_eq!(bench.get(&bindings(&format!("&principal=User:{user}"))).await.body["data"], json!([]));
}

#[tokio::test]
async fn a_binding_is_as_it_was_recorded() {
    let bench = Bench::new();
    let place = "/environment=env-prod01/schema-registry=lsrc-1/subject=:.ctx:orders-value";
    let made = bench.grant("User:sa-ordetl", "DeveloperRead", place).await;
    assert_eq!(made.status, 201);
    let id = made.body["id"].as_str().unwrap();
    let expected = json!({
        "kind": "RoleBinding", "id": id, "principal": "User:sa-ordetl", "role_name": "DeveloperRead",
        "crn_pattern": crn("/environment=env-prod01/schema-registry=lsrc-1/subject=%3A.ctx%3Aorders-value"),
        "metadata": {
            "self": format!("http://simulator.test/iam/v2/role-bindings/{id}"), "created_at": "2026-03-02T09:00:00Z",
            "resource_name": crn(&format!("/rolebinding={id}")),
        },
    });
    assert_eq!(made.body, expected);
    let path = format!("/iam/v2/role-bindings/{id}");
    assert_eq!(bench.get(&path).await.body, expected);

    let again = bench.grant("User:sa-ordetl", "DeveloperRead", place).await;
    assert_eq!((again.status, &again.body["errors"][0]["code"]), (409, &json!("resource_already_exists")));
    assert_eq!(again.header("location"), path);

    let removed = bench.delete(&path).await;
    assert_eq!((removed.status, removed.body), (200, expected));
    let gone = json!({
        "error_code": 40301,
        "message": "Either unauthorized to access role binding or role binding does not exist",
    });
    for reply in [bench.get(&path).await, bench.delete(&path).await] {
        assert_eq!((reply.status, &reply.body), (403, &gone));
    }
    bench.simulator.update(|knobs| knobs.removal_without_body = true).unwrap();
    let made = bench.grant("User:sa-ordetl", "DeveloperRead", place).await;
    let removed = bench.delete(&format!("/iam/v2/role-bindings/{}", made.body["id"].as_str().unwrap())).await;
    assert_eq!((removed.status, removed.body), (204, Value::Null));
}

#[tokio::test]
async fn refusals_come_in_the_envelopes_that_were_seen() {
    let bench = Bench::new();
    let unknown = bench.grant("User:sa-ordetl", "Sorcerer", "").await;
    assert_eq!(unknown.status, 400);
    let expected =
        json!({"status_code": 400, "message": "Invalid role name : Sorcerer", "type": "INVALID REQUEST DATA"});
    assert_eq!(unknown.body, expected);
    let misplaced = bench.grant("User:sa-ordetl", "OrganizationAdmin", "/environment=env-prod01").await;
    let message = "Role OrganizationAdmin must be bound at scope organization, but was bound at environment";
    assert_eq!((misplaced.status, misplaced.body), (400, json!({"error_code": 40002, "message": message})));
    let nobody = bench.grant("User:u-nobody", "MetricsViewer", "").await;
    assert_eq!((nobody.status, &nobody.body["errors"][0]["detail"]), (403, &json!("Forbidden Access")));
    assert_eq!(nobody.body["errors"][0]["id"], json!(nobody.header("x-request-id")));
    let without = bench.post("/iam/v2/role-bindings", json!({"principal": "User:u-1"})).await;
    assert_eq!((without.status, &without.body["errors"][0]["source"]["pointer"]), (400, &json!("/role_name")));
    let unread = bench.send(Method::POST, "/iam/v2/role-bindings", None).await;
    assert_eq!((unread.status, &unread.body["errors"][0]["code"]), (400, &json!("invalid_request_body")));
    let unfiltered = bench.get("/iam/v2/role-bindings").await;
    assert_eq!(unfiltered.body["errors"][0]["source"]["parameter"], json!("crn_pattern"));
    let taken = bench.post("/iam/v2/service-accounts", json!({"display_name": "orders-etl"})).await;
    assert_eq!((taken.status, &taken.body["errors"][0]["detail"]), (409, &json!("Service name is already in use")));
    let absent = bench.get("/iam/v2/service-accounts/sa-absent").await;
    assert_eq!((absent.status, &absent.body["errors"][0]["code"]), (404, &json!("service_account_not_found")));
    for path in ["/iam/v2/api-keys/ABSENT", "/cmk/v2/clusters/lkc-absent?environment=env-prod01"] {
        let absent = bench.get(path).await;
        assert_eq!((absent.status, &absent.body["errors"][0]["code"]), (403, &json!("forbidden_access")), "{path}");
    }
}

#[tokio::test]
async fn administration_is_guarded() {
    let bench = Bench::new();
    let own = bench.get(&bindings("&principal=User:sa-roster")).await;
    let reply = bench.delete(&format!("/iam/v2/role-bindings/{}", own.ids()[0])).await;
    assert_eq!((reply.status, &reply.body["errors"][0]["code"]), (403, &json!("user_unauthorized")));
    assert_eq!(bench.delete("/iam/v2/users/u-linus1").await.status, 204);
    let last = bench.get(&bindings("&role_name=OrganizationAdmin")).await;
    let last = last.body["data"].as_array().unwrap().iter().find(|b| b["principal"] != "User:sa-roster").unwrap();
    let reply = bench.delete(&format!("/iam/v2/role-bindings/{}", last["id"].as_str().unwrap())).await;
    assert_eq!(reply.status, 403);
    let user = last["principal"].as_str().unwrap().strip_prefix("User:").unwrap();
    assert_eq!(bench.delete(&format!("/iam/v2/users/{user}")).await.status, 403);
}

#[tokio::test]
async fn lists_are_paged_and_unknown_parameters_mean_nothing() {
    let bench = Bench::new();
    for number in 0..12 {
        bench.post("/iam/v2/invitations", json!({"email": format!("p{number}@example.com")})).await;
    }
    assert_eq!(bench.get("/iam/v2/users?email=mary%40example.com").await.ids().len(), 10);
    let mut target = "/iam/v2/users?page_size=4".to_owned();
    let mut seen = Vec::new();
    for left in [true, true, true, false] {
        let page = bench.get(&target).await;
        seen.extend(page.ids().iter().map(ToString::to_string));
        let next = page.body["metadata"]["next"].as_str().unwrap();
        assert_eq!(!next.is_empty(), left);
        target = next.trim_start_matches("http://simulator.test").to_owned();
    }
    seen.dedup();
    assert_eq!(seen.len(), 15);

    let nested = format!("/iam/v2/role-bindings?crn_pattern={}&page_size=2", crn(""));
    bench.simulator.update(|knobs| knobs.next_base = Some("https://elsewhere.test/api".to_owned())).unwrap();
    let page = bench.get(&nested).await;
    let next = page.body["metadata"]["next"].as_str().unwrap();
    let (_, rest) = next.split_once("https://elsewhere.test/api").unwrap();
    let last = bench.get(rest).await;
    assert_eq!((last.ids().len(), &last.body["metadata"]), (1, &json!({})));
}

#[tokio::test]
async fn the_organization_its_places_and_keys_are_told() {
    let bench = Bench::new();
    let organizations = bench.get("/org/v2/organizations").await;
    assert_eq!(organizations.ids(), [ORGANIZATION]);
    assert_eq!(organizations.body["data"][0]["display_name"], json!("Example Trading"));
    assert_eq!(bench.get(&format!("/org/v2/organizations/{ORGANIZATION}")).await.status, 200);
    assert_eq!(bench.get("/org/v2/environments").await.ids(), ["env-dev001", "env-prod01"]);
    let clusters = bench.get("/cmk/v2/clusters?environment=env-prod01").await;
    assert_eq!(clusters.ids(), ["lkc-orders", "lkc-paymnt"]);
    assert_eq!(clusters.body["data"][1]["spec"]["config"]["kind"], json!("Dedicated"));
    assert_eq!(bench.get("/cmk/v2/clusters").await.status, 400);
    let key = bench.get(&format!("/iam/v2/api-keys/{}", bench.credential.key)).await;
    assert_eq!(key.body["spec"]["owner"]["id"], json!("sa-roster"));
    assert_eq!(key.body["spec"]["resource"]["id"], json!("cloud"));
    assert_eq!(key.body["spec"].get("secret"), None);

    let new = json!({"spec": {"owner": {"id": "sa-ordetl"}, "resource": {"id": "lkc-orders"}}});
    let made = bench.post("/iam/v2/api-keys", new).await;
    assert_eq!((made.status, made.body["spec"]["secret"].as_str().unwrap().len()), (202, 64));
    assert_eq!(made.body["spec"]["resource"]["environment"], json!("env-prod01"));
    let named = bench.get("/iam/v2/service-accounts?display_name=orders-etl").await;
    assert_eq!(named.ids(), ["sa-ordetl"]);
    let environment = bench.post("/org/v2/environments", json!({"display_name": "staging"})).await;
    let id = environment.body["id"].as_str().unwrap();
    let cluster = json!({"spec": {
        "display_name": "c", "config": {"kind": "Freight"}, "environment": {"id": id},
    }});
    assert_eq!(bench.post("/cmk/v2/clusters", cluster).await.status, 202);
    assert_eq!(bench.delete(&format!("/org/v2/environments/{id}")).await.status, 204);
    assert_eq!(bench.get(&format!("/org/v2/environments/{id}")).await.status, 404);
}

#[tokio::test]
async fn an_actor_has_its_own_roles_and_loses_its_key_with_its_account() {
    let bench = Bench::new();
    let mary = bench.as_principal("u-mary01");
    assert_eq!(mary.get("/iam/v2/users").await.status, 403);
    assert_eq!(mary.get("/iam/v2/users/u-mary01").await.status, 200);
    assert_eq!(mary.get(&bindings("")).await.status, 403);
    assert_eq!(mary.get("/org/v2/environments").await.ids(), ["env-prod01"]);
    assert_eq!(bench.delete("/iam/v2/users/u-mary01").await.status, 204);
    assert_eq!(mary.get("/org/v2/environments").await.status, 401);
    let actors: Vec<_> = bench.simulator.requests().into_iter().map(|record| record.actor).collect();
    assert_eq!(actors[0].as_deref(), Some("u-mary01"));
    assert_eq!(actors.last().unwrap(), &None);
}

#[tokio::test]
async fn the_controls_show_everything_but_secrets_and_take_commands() {
    let bench = Bench::new();
    let state = bench.get("/simulator/state").await;
    assert_eq!(state.body["users"].as_array().unwrap().len(), 3);
    assert!(!state.body.to_string().contains(&bench.credential.secret));
    let refused = bench.post("/simulator/portal", json!({"deleteUser": {"user": "u-nobody"}})).await;
    assert_eq!((refused.status, &refused.body["error"]), (409, &json!("User Not Found")));
    let unread = bench.post("/simulator/portal", json!({"sudo": {}})).await;
    assert_eq!(unread.status, 400);
    let advanced = bench.post("/simulator/portal", json!({"advanceClock": {"seconds": 60}})).await;
    assert_eq!(advanced.status, 200);
    assert_eq!(bench.get("/simulator/state").await.body["now"], json!("2026-03-02T09:01:00Z"));
    let made = bench.post("/simulator/portal", json!({"createApiKey": {"owner": "u-linus1", "resource": "cloud"}}));
    assert_eq!(made.await.body["secret"].as_str().unwrap().len(), 64);
    assert!(bench.simulator.requests().is_empty());
}

fn bindings(filters: &str) -> String {
    format!("/iam/v2/role-bindings?crn_pattern={}{filters}", crn(""))
}
