//! Tokens: who may do what, for how long, and how often a wrong one may be tried.

use std::time::Duration;

use certporter::service::accounts::{self, AccountDraft};
use certporter::service::action::ActionDraft;
use certporter::service::directory_draft::GrantDraft;
use certporter::service::tokens::{self, TokenDraft};
use certporter::service::{devices, members, users};
use certporter_model::access::Role;
use http::Method;
use serde_json::json;

use super::program::Program;
use crate::conformance::on_both_engines;
use crate::support::database::TestDatabase;

on_both_engines! {
    a_token_that_is_not_valid_is_refused,
    a_token_never_exceeds_its_maker,
    a_limited_helpdesk_sees_its_groups_alone,
    wrong_tokens_are_tried_only_so_often,
}

async fn a_token_that_is_not_valid_is_refused(database: TestDatabase) {
    let program = Program::new(database).await;
    let auditor = program.new_token(Role::Auditor).await;
    program.ask(Method::GET, "/users").token(None).send().await.problem(401, &[]);
    for wrong in ["cp_wrong", "", "x"] {
        let answered = program.ask(Method::GET, "/users").token(wrong.to_owned()).send().await;
        answered.problem(401, &[]);
        assert!(answered.headers.contains_key("www-authenticate"));
    }
    program.ask(Method::GET, "/users").token(auditor.clone()).send().await.ok();
    let refused = program.ask(Method::POST, "/users").token(auditor.clone()).json(&json!({"user_name": "a"}));
    let problem = refused.send().await.problem(403, &[]);
    assert!(problem["detail"].as_str().unwrap().contains("directory_write"), "{problem}");

    let list = program.get("/tokens").await.ok();
    let row = list["data"].as_array().unwrap().iter().find(|t| t["name"] == "auditor").unwrap();
    assert!(row["last_used_at"].is_string());
    assert!(row.get("token").is_none());
    let ended = program.ask(Method::DELETE, &format!("/tokens/{}", row["id"].as_str().unwrap()));
    ended.send().await.ok();
    program.ask(Method::GET, "/users").token(auditor).send().await.problem(401, &[]);

    program.clock.advance(Duration::from_secs(31 * 24 * 60 * 60));
    program.get("/users").await.problem(401, &[]);
}

async fn a_token_never_exceeds_its_maker(database: TestDatabase) {
    let program = Program::new(database).await;
    let administrator = program.administrator().await;
    let draft = |roles: Vec<Role>| TokenDraft { name: "ci".into(), roles, expires_in_days: 300 };
    let pki = program.new_token(Role::PkiOperator).await;
    let body = json!({"name": "x", "roles": ["administrator"], "expires_in_days": 1});
    program.ask(Method::POST, "/tokens").token(pki).json(&body).send().await.problem(403, &[]);
    // An auditor may nothing that an administrator may not.
    let less = tokens::create(&program.portal, &administrator, &draft(vec![Role::Auditor])).await.unwrap();
    program.ask(Method::GET, "/accounts").token(less.token).send().await.problem(403, &[]);
    for wrong in [
        json!({"name": "x", "roles": [], "expires_in_days": 1}),
        json!({"name": "x", "roles": ["user"], "expires_in_days": 1}),
    ] {
        program.post("/tokens", &wrong).await.problem(422, &["roles"]);
    }
    program
        .post("/tokens", &json!({"name": "x", "roles": ["administrator"], "expires_in_days": 400}))
        .await
        .problem(422, &["expires_in_days"]);

    let made =
        tokens::create(&program.portal, &administrator, &draft(vec![Role::Administrator])).await.unwrap();
    program.ask(Method::GET, "/accounts").token(made.token.clone()).send().await.ok();
    // A token that a token made ends with it at the latest.
    let body = json!({"name": "child", "roles": ["administrator"], "expires_in_days": 300});
    let child = program.post("/tokens", &body).await.ok();
    assert_eq!(child["expires_at"], "2026-01-31T00:00:00Z");

    // Its maker becomes a mere auditor: the token can no more than both.
    let maria =
        accounts::list(&program.portal, &administrator, &accounts::AccountsQuery::default()).await.unwrap();
    let maria = maria.data.into_iter().find(|account| account.name == "maria").unwrap();
    let demoted = |grants: Vec<Role>, disabled| AccountDraft {
        name: "maria".into(),
        display_name: None,
        user_id: None,
        grants: grants.into_iter().map(|role| GrantDraft { role, groups: None }).collect(),
        disabled,
    };
    let last =
        accounts::update(&program.portal, &administrator, maria.id, maria.version, &demoted(vec![], false))
            .await;
    assert!(last.unwrap_err().to_string().contains("last administrator"));
    let second = json!({"name": "omar", "grants": [{"role": "administrator"}]});
    program.post("/accounts", &second).await.ok();
    accounts::update(
        &program.portal,
        &administrator,
        maria.id,
        maria.version,
        &demoted(vec![Role::Auditor], false),
    )
    .await
    .unwrap();
    program.ask(Method::GET, "/accounts").token(made.token.clone()).send().await.problem(403, &[]);
    let path = format!("/accounts/{}", maria.id);
    let etag = program.get(&path).await.etag();
    let body = serde_json::to_value(demoted(vec![Role::Auditor], true)).unwrap();
    program.put(&path, &etag, &body).await.ok();
    program.ask(Method::GET, "/me").token(made.token).send().await.problem(401, &[]);
}

async fn a_limited_helpdesk_sees_its_groups_alone(database: TestDatabase) {
    let program = Program::new(database).await;
    let mut ids = Vec::new();
    for name in ["here", "there"] {
        let user = program.post("/users", &json!({"user_name": name})).await.ok()["id"].clone();
        let group = program.post("/groups", &json!({"name": name})).await.ok()["id"].clone();
        let members = format!("/groups/{}/members", group.as_str().unwrap());
        program.post(&members, &json!({"kind": "user", "id": user})).await.ok();
        let body = json!({"name": name, "platform": "linux", "owner": user});
        let device = program.post("/devices", &body).await.ok()["id"].clone();
        ids.push((
            user.as_str().unwrap().to_owned(),
            group.as_str().unwrap().to_owned(),
            device.as_str().unwrap().to_owned(),
        ));
    }
    let ((_, here, my_device), (their_user, there, their_device)) = (ids[0].clone(), ids[1].clone());
    let account = json!({"name": "desk", "grants": [{"role": "helpdesk", "groups": [here]}]});
    let account = program.post("/accounts", &account).await.ok();
    let id = account["id"].as_str().unwrap().parse().unwrap();
    let desk = certporter::service::sign_in::caller_of(&program.portal, id).await.unwrap().unwrap();

    let portal = &program.portal;
    let page = devices::list(portal, &desk, &devices::DevicesQuery::default()).await.unwrap();
    let seen: Vec<String> = page.data.iter().map(|device| device.id.to_string()).collect();
    assert_eq!(seen, std::slice::from_ref(&my_device));
    let draft = certporter::service::action::ActionDraft::default();
    devices::lost(portal, &desk, my_device.parse().unwrap(), &draft).await.unwrap();
    let hidden = [
        devices::get(portal, &desk, their_device.parse().unwrap()).await.map(|_| ()),
        devices::lost(portal, &desk, their_device.parse().unwrap(), &draft).await.map(|_| ()),
        users::get(portal, &desk, their_user.parse().unwrap()).await.map(|_| ()),
        members::list(portal, &desk, there.parse().unwrap(), &members::MembersQuery::default())
            .await
            .map(|_| ()),
    ];
    for answered in hidden {
        let error = answered.unwrap_err();
        assert!(matches!(error, certporter::service::ServiceError::NotFound { .. }), "{error:?}");
    }
    let beyond = devices::delete(portal, &desk, my_device.parse().unwrap(), &ActionDraft::default())
        .await
        .unwrap_err();
    assert!(matches!(beyond, certporter::service::ServiceError::Forbidden(_)), "{beyond:?}");
}

async fn wrong_tokens_are_tried_only_so_often(database: TestDatabase) {
    let program = Program::new(database).await;
    let mut last = 0;
    for _ in 0..60 {
        let answered = program.ask(Method::GET, "/users").token("cp_guess".to_owned()).send().await;
        last = answered.status.as_u16();
        if last == 429 {
            assert!(answered.headers.contains_key("retry-after"));
            break;
        }
    }
    assert_eq!(last, 429);
    program.clock.advance(Duration::from_secs(5 * 60));
    program.get("/users").await.ok();
}
