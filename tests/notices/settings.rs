//! Setting mail up: what is wrong is named, the password is never told, and a test message arrives.

use http::Method;
use serde_json::json;

use super::scene::{Scene, set_up};
use super::server::{How, MailServer};
use crate::rest::program::Program;
use crate::support::database::TestDatabase;

#[tokio::test]
async fn a_test_message_arrives_and_what_stands_against_it_is_told() {
    let program = Program::new(TestDatabase::sqlite().await).await;
    let mut server = MailServer::start();
    let to = json!({"to": "ops@example.org"});
    program.post("/mail/test", &to).await.problem(409, &[]);
    set_up(&program, &server, json!({})).await.ok();
    assert_eq!(program.post("/mail/test", &to).await.ok()["taken"], true);
    let arrived = server.arrived();
    let [letter] = &arrived[..] else { panic!("{} letters", arrived.len()) };
    assert_eq!((letter.to.as_str(), letter.tls), ("ops@example.org", false));
    assert!(letter.head.contains("From: Certificates <pki@example.org>"), "{}", letter.head);
    assert!(letter.body.contains("http://127.0.0.1:3000"), "{}", letter.body);
    program.post("/mail/test", &json!({"to": "ops"})).await.problem(422, &["to"]);
    let refused = program.post("/mail/test", &json!({"to": "nobody@example.org"})).await.ok();
    assert_eq!(refused["taken"], false);
    assert!(refused["cause"].as_str().unwrap().contains("no such mailbox"), "{refused}");
    // A preview sends nothing.
    program.post("/mail/test?preview=true", &to).await.ok();
    assert_eq!(server.arrived().len(), 1);
    server.end();
    let away = program.post("/mail/test", &to).await.ok();
    assert!(away["cause"].as_str().unwrap().contains("can't be reached"), "{away}");
}

#[tokio::test]
async fn the_password_goes_over_tls_alone_and_is_told_nobody() {
    for security in ["starttls", "tls"] {
        let program = Program::new(TestDatabase::sqlite().await).await;
        let server = MailServer::with(How { security, password: "sesame-of-this-test" });
        let to = json!({"to": "ops@example.org"});
        // Its certificate comes from no CA that this machine trusts.
        let signed = json!({"security": security, "user": "portal", "password": "sesame-of-this-test"});
        set_up(&program, &server, signed).await.ok();
        let strange = program.post("/mail/test", &to).await.ok();
        assert!(strange["cause"].as_str().unwrap().contains("TLS"), "{strange}");
        let trusted = json!({"security": security, "user": "portal", "tls_ca": server.ca()});
        set_up(&program, &server, trusted.clone()).await.problem(422, &["password"]);
        let mut with = trusted.clone();
        with["password"] = json!("wrong-of-this-test");
        set_up(&program, &server, with.clone()).await.ok();
        let wrong = program.post("/mail/test", &to).await.ok();
        assert!(wrong["cause"].as_str().unwrap().contains("does not let the portal in"), "{wrong}");
        with["password"] = json!("sesame-of-this-test");
        set_up(&program, &server, with).await.ok();
        // Without a password, the one before is kept.
        set_up(&program, &server, trusted).await.ok();
        assert_eq!(program.post("/mail/test", &to).await.ok()["taken"], true);
        assert!(server.arrived()[0].tls);
        let told = [
            program.get("/mail").await.ok().to_string(),
            program.get("/audit-events").await.ok().to_string(),
            wrong.to_string(),
        ];
        for text in &told {
            assert!(!text.contains("of-this-test"), "{text}");
        }
        let file = std::fs::read(program.database.folder().join("certporter.db")).unwrap();
        let log = std::fs::read(program.database.folder().join("certporter.db-wal")).unwrap_or_default();
        for octets in [file, log] {
            let found = octets.windows(18).any(|part| part == b"sesame-of-this-tes");
            assert!(!found, "the password rests in the clear");
        }
    }
}

#[tokio::test]
async fn what_is_wrong_is_named_and_nothing_is_saved() {
    let program = Program::new(TestDatabase::sqlite().await).await;
    let server = MailServer::start();
    for (changed, fields) in [
        (json!({"host": "mail example"}), &["host"][..]),
        (json!({"port": 0}), &["port"]),
        (json!({"security": "ssl"}), &["security"]),
        (json!({"sender": "pki"}), &["sender"]),
        (json!({"sender": "a@example.org\r\nBcc: b@example.org"}), &["sender"]),
        (json!({"operators": ["ops"]}), &["operators"]),
        (json!({"tls_ca": "x", "security": "tls"}), &["tls_ca"]),
        (json!({"host": "mail.example.org", "user": "portal", "password": "x"}), &["user"]),
        (json!({"user": "portal"}), &["password"]),
    ] {
        set_up(&program, &server, changed.clone()).await.problem(422, fields);
    }
    let view = program.get("/mail").await.ok();
    assert_eq!((&view["set_up"], &view["version"]), (&json!(false), &json!(0)));
    set_up(&program, &server, json!({})).await.ok();
    let stale = program.ask(Method::PUT, "/mail").header("if-match", "\"0\"");
    stale.json(&json!({"host": "x", "sender": "a@example.org"})).send().await.problem(412, &[]);
    // The password before does not go to a server that somebody has just typed.
    set_up(&program, &server, json!({"user": "portal", "password": "x"})).await.ok();
    set_up(&program, &server, json!({"user": "portal", "host": "localhost"}))
        .await
        .problem(422, &["password"]);
}

#[tokio::test]
async fn a_text_is_checked_when_it_is_saved_and_shown_by_a_real_example() {
    let scene = Scene::new(TestDatabase::sqlite().await, 1).await;
    let program = &scene.program;
    let kinds = program.get("/notice-templates").await.ok();
    assert!(kinds.as_array().unwrap().iter().all(|kind| kind["enabled"] == false), "{kinds}");
    let put =
        |body| program.ask(Method::PUT, "/notice-templates/expiring").header("if-match", "\"0\"").json(body);
    let unknown = json!({"enabled": true, "subject": "Hello {{UserName}}", "body": "x"});
    let problem = put(&unknown).send().await.problem(422, &["subject"]);
    let message = problem["errors"][0]["message"].as_str().unwrap();
    assert!(message.contains("{{UserName}}") && message.contains("{{Count}}"), "{message}");
    program.get("/notice-templates/unheard").await.problem(422, &["id"]);
    let text = json!({"subject": "About {{Count}}", "body": "Look: {{Link}}\n{{List}}"});
    let shown = program.post("/notice-templates/expiring/preview", &text).await.ok();
    assert_eq!((&shown["subject"], &shown["real"]), (&json!("About 1"), &json!(true)), "{shown}");
    assert!(shown["body"].as_str().unwrap().contains("on Laptop 0: CN=maria"), "{shown}");
    let person = program.post("/notice-templates/replacement/preview", &json!({})).await.ok();
    assert!(person["body"].as_str().unwrap().starts_with("Hello María Ortiz,"), "{person}");
    // Nothing was ever recorded of this kind: what is shown says so.
    let none = program.post("/notice-templates/sign_in_code/preview", &json!({})).await.ok();
    assert_eq!(none["real"], false);
    assert_eq!(program.get("/notice-templates/expiring").await.ok()["version"], 0, "a preview saves nothing");
}
