//! What happens is told once, to whom it concerns, however long the mail server is away.

use std::time::Duration;

use http::Method;
use serde_json::json;

use super::scene::{Scene, id, set_up};
use super::server::MailServer;
use crate::support::database::TestDatabase;

async fn revoking_is_told(database: TestDatabase) {
    let scene = Scene::new(database, 3).await;
    let server = MailServer::start();
    set_up(&scene.program, &server, json!({})).await.ok();
    let certificates = scene.certificates().await;
    assert_eq!(certificates.len(), 3);
    let revoke = async |place: usize| {
        let path = format!("/certificates/{}/revoke", id(&certificates[place]));
        let body = json!({"reason": "key_compromise", "explanation": "found on the internet"});
        scene.program.post(&path, &body).await.ok();
    };
    // Off by default, and what happened before it was switched on is not told.
    revoke(0).await;
    scene.notices().await;
    scene.switch_on("revoked").await;
    scene.notices().await;
    assert!(scene.letters("").await.is_empty());
    // Two at once are one letter.
    revoke(1).await;
    revoke(2).await;
    scene.notices().await;
    let letters = scene.letters("").await;
    let [letter] = &letters[..] else { panic!("{letters:?}") };
    assert_eq!((&letter["state"], &letter["matters"]), (&json!("sent"), &json!(2)), "{letter}");
    assert_eq!(letter["user"]["user_name"], "maria");
    let arrived = server.arrived();
    assert_eq!(arrived.len(), 1);
    assert_eq!(arrived[0].to, "maria@example.org");
    assert!(arrived[0].head.contains("Auto-Submitted: auto-generated"), "{}", arrived[0].head);
    assert!(arrived[0].body.starts_with("Hello María Ortiz,"), "{}", arrived[0].body);
    assert!(arrived[0].body.contains("2 certificates of yours"), "{}", arrived[0].body);
    // However often it is looked.
    scene.notices().await;
    scene.notices().await;
    assert_eq!(server.arrived().len(), 1);
}

#[tokio::test]
async fn revoking_is_told_once_on_sqlite() {
    revoking_is_told(TestDatabase::sqlite().await).await;
}

#[tokio::test]
async fn revoking_is_told_once_on_postgres() {
    revoking_is_told(TestDatabase::postgres().await).await;
}

#[tokio::test]
async fn mail_waits_while_its_server_is_away_and_the_overview_says_so() {
    let scene = Scene::new(TestDatabase::sqlite().await, 1).await;
    let mut server = MailServer::start();
    set_up(&scene.program, &server, json!({})).await.ok();
    scene.switch_on("revoked").await;
    server.end();
    let path = format!("/certificates/{}/revoke", id(&scene.certificates().await[0]));
    scene
        .program
        .post(&path, &json!({"reason": "cessation_of_operation", "explanation": "not needed"}))
        .await
        .ok();
    scene.notices().await;
    let waiting = scene.letters("?state=waiting").await;
    assert_eq!(waiting.len(), 1);
    assert!(waiting[0]["cause"].as_str().unwrap().contains("can't be reached"), "{}", waiting[0]);
    let overview = scene.program.get("/overview").await.ok();
    let matters = overview["matters"].as_array().unwrap();
    let matter = matters.iter().find(|matter| matter["kind"] == "mail_waits");
    assert_eq!(matter.unwrap_or_else(|| panic!("{overview}"))["count"], 1);
    assert!(!matters.iter().any(|matter| matter["kind"] == "tried_again"), "told once: {overview}");
    server.again();
    // The longest pause is less than this.
    scene.program.clock.advance(Duration::from_secs(30 * 60));
    scene.works.work().await;
    assert_eq!(scene.letters("?state=waiting").await.len(), 0);
    assert_eq!(server.arrived().len(), 1);
    let overview = scene.program.get("/overview").await.ok();
    let matters = overview["matters"].as_array().unwrap();
    assert!(!matters.iter().any(|matter| matter["kind"] == "mail_waits"), "{overview}");
}

#[tokio::test]
async fn a_letter_that_can_t_be_brought_says_why_and_goes_out_when_that_is_mended() {
    let scene = Scene::new(TestDatabase::sqlite().await, 2).await;
    let server = MailServer::start();
    set_up(&scene.program, &server, json!({})).await.ok();
    scene.switch_on("revoked").await;
    let user = format!("/users/{}", scene.maria);
    let address = async |email: serde_json::Value| {
        let read = scene.program.get(&user).await.etag();
        let body = json!({
            "user_name": "maria", "display_name": "María Ortiz", "email": email, "upn": "maria@example.org",
            "sid": "S-1-5-21-1004336348-1177238915-682003330-512",
        });
        scene.program.ask(Method::PUT, &user).header("if-match", read).json(&body).send().await.ok();
    };
    let certificates = scene.certificates().await;
    let revoke = async |place: usize| {
        let path = format!("/certificates/{}/revoke", id(&certificates[place]));
        scene
            .program
            .post(&path, &json!({"reason": "cessation_of_operation", "explanation": "not needed"}))
            .await
            .ok();
        scene.notices().await;
    };
    address(json!("nobody@example.org")).await;
    revoke(0).await;
    let failed = scene.letters("?state=failed").await;
    assert_eq!(failed.len(), 1);
    assert!(failed[0]["cause"].as_str().unwrap().contains("no such mailbox"), "{}", failed[0]);
    assert!(failed[0]["remedy"].as_str().is_some_and(|remedy| !remedy.is_empty()));
    let retry = format!("/notices/{}/retry", id(&failed[0]));
    address(json!(null)).await;
    scene.program.post(&retry, &json!({})).await.problem(409, &[]);
    revoke(1).await;
    let failed = scene.letters("?state=failed").await;
    assert_eq!(failed.len(), 2);
    assert!(failed[0]["cause"].as_str().unwrap().contains("no e-mail address"), "{}", failed[0]);
    address(json!("maria@example.org")).await;
    scene.program.post(&retry, &json!({})).await.ok();
    scene.works.work().await;
    assert_eq!(server.arrived().len(), 1);
    assert_eq!(server.arrived()[0].to, "maria@example.org");
    let sent = scene.letters("?state=sent").await;
    assert_eq!(sent.len(), 1);
    scene.program.post(&retry, &json!({})).await.problem(409, &[]);
}

#[tokio::test]
async fn many_certificates_that_end_are_one_letter_to_each_operator() {
    let mut scene = Scene::new(TestDatabase::sqlite().await, 3).await;
    let server = MailServer::start();
    let operators = json!({"operators": ["ops@example.org", "pki@example.org"]});
    set_up(&scene.program, &server, operators).await.ok();
    scene.switch_on("expiring").await;
    scene.notices().await;
    assert!(scene.letters("").await.is_empty(), "nothing ends soon");
    // The devices are not heard of for most of the certificates' life: these are renewed at their next contact only.
    let ends = scene.certificates().await[0]["not_after"].as_str().unwrap().to_owned();
    let ends: certporter_model::Timestamp = ends.parse().unwrap();
    let span = ends.minus(Duration::from_secs(5 * 86_400)).since(scene.program.portal.now());
    scene.program.clock.advance(span);
    scene.program.authenticate_anew().await;
    scene.works.work().await;
    scene.notices().await;
    let arrived = server.arrived();
    let mut to: Vec<&str> = arrived.iter().map(|letter| letter.to.as_str()).collect();
    to.sort_unstable();
    assert_eq!(to, ["ops@example.org", "pki@example.org"]);
    assert!(arrived[0].head.contains("3 certificates end soon"), "{}", arrived[0].head);
    assert_eq!(arrived[0].body.matches("on Laptop").count(), 3, "{}", arrived[0].body);
    scene.program.clock.advance(Duration::from_secs(2 * 86_400));
    scene.notices().await;
    assert_eq!(server.arrived().len(), 2, "told once");
}
