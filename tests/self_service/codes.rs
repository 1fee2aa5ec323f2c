//! One-time codes: wrong, ended, used, tried too often; for whom they are, and what they open.

use std::time::Duration;

use certporter::service::action::ActionDraft;
use certporter::service::self_service::devices;
use certporter::service::{
    Operation, ServiceError, own_account, security_events, sign_in, sign_in_codes, tokens, users,
};
use certporter_model::access::{Caller, Role};
use certporter_model::security_event::SecurityEventKind;
use http::Method;
use serde_json::json;

use super::scene::{PASSWORD, Scene, secret};
use crate::conformance::on_both_engines;
use crate::support::database::TestDatabase;

on_both_engines! {
    a_code_signs_in_once_and_the_person_is_told,
    a_code_that_is_wrong_or_has_ended_opens_nothing,
    a_code_is_tried_only_so_often,
    somebody_disabled_gets_no_code_and_their_session_ends,
    a_code_is_issued_by_those_who_may_and_for_those_they_see,
    a_session_by_code_is_the_person_s_and_nothing_more,
}

fn is_wrong(answer: Result<Caller, ServiceError>) {
    match answer {
        Err(ServiceError::Invalid(errors)) => assert_eq!(errors.as_slice()[0].field, "code", "{errors}"),
        other => panic!("{other:?}"),
    }
}

async fn a_code_signs_in_once_and_the_person_is_told(database: TestDatabase) {
    let scene = Scene::new(database).await;
    let helper = scene.helper("desk").await;
    let first = scene.code_by(&helper).await;
    assert_eq!(first.code.len(), 9, "two groups of four: {}", first.code.len());
    assert!(!format!("{first:?}").contains(&first.code), "a code stands in no log");
    let second = scene.code_by(&helper).await;
    is_wrong(scene.with_code(&first.code).await);

    // However it is typed.
    let typed = second.code.to_lowercase().replace('-', " ");
    let caller = scene.with_code(&typed).await.unwrap();
    assert_eq!(caller.user(), Some(scene.maria));
    is_wrong(scene.with_code(&second.code).await);

    let told = security_events::list(scene.portal(), &caller).await.unwrap();
    let kinds: Vec<_> = told.iter().map(|event| (event.kind, event.actor.as_str())).collect();
    assert!(kinds.contains(&(SecurityEventKind::SignInCodeIssued, "desk")), "{kinds:?}");
    assert!(kinds.iter().any(|(kind, _)| *kind == SecurityEventKind::SignedInWithCode), "{kinds:?}");
    // Whoever came with the code can't make it look as if the person had seen it.
    let refused = security_events::acknowledge(scene.portal(), &caller, scene.portal().now()).await;
    assert!(matches!(refused, Err(ServiceError::Conflict { .. })), "{refused:?}");
    let person = scene.person("maria.p", scene.maria).await;
    // That staff made an account of hers, and a password for it, is told too.
    let told = security_events::list(scene.portal(), &person).await.unwrap();
    let made = told.iter().filter(|event| event.kind == SecurityEventKind::AccountChangedByStaff);
    assert_eq!(made.count(), 2, "{told:?}");
    security_events::acknowledge(scene.portal(), &person, scene.portal().now()).await.unwrap();
    let told = security_events::list(scene.portal(), &person).await.unwrap();
    assert!(told.iter().all(|event| !event.new), "{told:?}");
}

async fn a_code_that_is_wrong_or_has_ended_opens_nothing(database: TestDatabase) {
    let scene = Scene::new(database).await;
    let helper = scene.helper("desk").await;
    is_wrong(scene.with_code("2222-2222").await);
    let made = scene.code_by(&helper).await;
    for wrong in ["", "2222-2222", &made.code[..8], &"K".repeat(100_000)] {
        is_wrong(scene.with_code(wrong).await);
    }
    // Nor is it good for somebody else, or for nobody.
    for name in ["omar", "nobody", "", &"x".repeat(100_000)] {
        let anonymous = Caller::anonymous();
        let answer = sign_in_codes::sign_in(scene.portal(), &anonymous, name, secret(&made.code)).await;
        assert!(matches!(answer, Err(ServiceError::Invalid(_))), "{name:.9}: {answer:?}");
    }
    scene.program.clock.advance(sign_in_codes::LIFE);
    is_wrong(scene.with_code(&made.code).await);

    // Its session ends by itself, however busy it is.
    let made = scene.code_by(&helper).await;
    let caller = scene.with_code(&made.code).await.unwrap();
    let id = caller.staff_code().unwrap().id;
    scene.program.clock.advance(sign_in_codes::SESSION - Duration::from_secs(1));
    assert!(sign_in_codes::caller_of(scene.portal(), id).await.unwrap().is_some());
    scene.program.clock.advance(Duration::from_secs(1));
    assert!(sign_in_codes::caller_of(scene.portal(), id).await.unwrap().is_none());
}

async fn a_code_is_tried_only_so_often(database: TestDatabase) {
    let scene = Scene::new(database).await;
    let helper = scene.helper("desk").await;
    let made = scene.code_by(&helper).await;
    for _ in 0..5 {
        is_wrong(scene.with_code("2222-2222").await);
    }
    let refused = scene.with_code(&made.code).await;
    assert!(matches!(refused, Err(ServiceError::TooMany { .. })), "even the right one: {refused:?}");
    // The helpdesk helps: another code may be tried.
    let made = scene.code_by(&helper).await;
    scene.with_code(&made.code).await.unwrap();
    // And codes are not made without end either.
    let (mut last, draft) = (Ok(()), ActionDraft::default());
    for _ in 0..12 {
        let made = sign_in_codes::issue(scene.portal(), &helper, scene.maria, &draft);
        last = made.await.map(|_| ());
    }
    assert!(matches!(last, Err(ServiceError::TooMany { .. })), "{last:?}");
}

async fn somebody_disabled_gets_no_code_and_their_session_ends(database: TestDatabase) {
    let scene = Scene::new(database).await;
    let (helper, administrator) = (scene.helper("desk").await, scene.program.administrator().await);
    let draft = ActionDraft::default();
    let caller = scene.with_code(&scene.code_by(&helper).await.code).await.unwrap();
    let made = scene.code_by(&helper).await;
    users::disable(scene.portal(), &administrator, scene.maria, &draft).await.unwrap();
    let id = caller.staff_code().unwrap().id;
    assert!(sign_in_codes::caller_of(scene.portal(), id).await.unwrap().is_none());
    is_wrong(scene.with_code(&made.code).await);
    let refused = sign_in_codes::issue(scene.portal(), &helper, scene.maria, &draft).await;
    assert!(matches!(refused, Err(ServiceError::Conflict { .. })), "{refused:?}");
}

async fn a_code_is_issued_by_those_who_may_and_for_those_they_see(database: TestDatabase) {
    let scene = Scene::new(database).await;
    let (limited, draft) = (scene.limited().await, ActionDraft::default());
    scene.code_by(&limited).await;
    let refused = sign_in_codes::issue(scene.portal(), &limited, scene.omar, &draft).await;
    assert!(matches!(refused, Err(ServiceError::NotFound { .. })), "a person of another group: {refused:?}");
    let person = scene.person("maria.p", scene.maria).await;
    let refused = sign_in_codes::issue(scene.portal(), &person, scene.maria, &draft).await;
    assert!(matches!(refused, Err(ServiceError::Forbidden(_))), "{refused:?}");

    // By REST the same.
    let path = format!("/users/{}/sign-in-codes", scene.omar);
    let made = scene.program.post(&path, &json!({"explanation": "called back"})).await.ok();
    assert_eq!(made["user_name"], "omar");
    assert!(made["address"].as_str().unwrap().ends_with("/sign-in/code"), "{made}");
    let auditor = scene.program.new_token(Role::Auditor).await;
    let asked = scene.program.ask(Method::POST, &path).token(auditor).json(&json!({}));
    asked.send().await.problem(403, &[]);
    scene.program.post(&path, &json!({"explanation": "x".repeat(501)})).await.problem(422, &["explanation"]);
    let trail = scene.program.get("/audit-events?action=sign_in_codes.issue").await.ok();
    let text = trail.to_string();
    assert!(text.contains("called back") && !text.contains(made["code"].as_str().unwrap()), "{text}");
}

async fn a_session_by_code_is_the_person_s_and_nothing_more(database: TestDatabase) {
    let scene = Scene::new(database).await;
    let (helper, administrator) = (scene.helper("desk").await, scene.program.administrator().await);
    let caller = scene.with_code(&scene.code_by(&helper).await.code).await.unwrap();
    assert!(!caller.may_have_retained_keys());
    for operation in [Operation::UsersList, Operation::DevicesBlock, Operation::TokensCreate] {
        assert!(operation.thinkable(&caller).is_err(), "{}", operation.name());
    }
    let refused = own_account::set_own_password(
        scene.portal(),
        &caller,
        secret(PASSWORD),
        secret("another one entirely"),
        None,
    );
    assert!(matches!(refused.await, Err(ServiceError::Conflict { .. })));
    let others = users::list(scene.portal(), &caller, &users::UsersQuery::default()).await;
    assert!(matches!(others, Err(ServiceError::Forbidden(_))), "{others:?}");
    let draft = tokens::TokenDraft { name: "t".into(), roles: vec![Role::User], expires_in_days: 1 };
    assert!(tokens::create(scene.portal(), &caller, &draft).await.is_err());

    // An administrator's own code opens no administration.
    let linked = scene.person("maria.p", scene.maria).await;
    assert!(devices::list(scene.portal(), &linked).await.unwrap().is_empty());
    let refused = devices::list(scene.portal(), &administrator).await;
    assert!(matches!(refused, Err(ServiceError::Conflict { .. })), "linked to nobody: {refused:?}");

    // Signing out ends it; so does its person, who did not ask for it.
    sign_in::signed_out(scene.portal(), &caller).await.unwrap();
    let id = caller.staff_code().unwrap().id;
    assert!(sign_in_codes::caller_of(scene.portal(), id).await.unwrap().is_none());
    let other = scene.with_code(&scene.code_by(&helper).await.code).await.unwrap();
    assert_eq!(sign_in_codes::end_own(scene.portal(), &linked).await.unwrap(), 1);
    let id = other.staff_code().unwrap().id;
    assert!(sign_in_codes::caller_of(scene.portal(), id).await.unwrap().is_none());
}
