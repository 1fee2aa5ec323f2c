//! The CA does not work: each cause is told with what to do about it, nothing is lost, and requests go on by
//! themselves when it is back.

use std::time::Duration;

use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use super::scene::{Scene, draft, id};
use super::server::{Bao, POLICY};

/// The request waits, and says why and what to do.
async fn waits(scene: &Scene, cause: &str, remedy: &str) {
    let request = scene.request().await;
    assert_eq!(request["state"], "key_generated", "{request}");
    assert!(request["cause"].as_str().unwrap_or_default().contains(cause), "{request}");
    assert!(request["remedy"].as_str().unwrap_or_default().contains(remedy), "{request}");
    let steps = scene.program.get(&format!("/requests/{}/timeline", id(&request))).await.ok();
    assert!(steps.to_string().contains(cause), "{steps}");
}

/// It is asked far more often than a request is tried, over days.
async fn for_long(scene: &Scene) {
    for _ in 0..30 {
        scene.program.clock.advance(Duration::from_secs(1800));
        scene.works.work().await;
    }
}

/// The CA is looked at, as it is now and then.
async fn look(scene: &Scene) -> serde_json::Value {
    scene.works.pipeline.look_after_external().await.unwrap();
    scene.program.get(&format!("/authorities/{}", id(&scene.ca))).await.ok()["external"].clone()
}

/// What the overview says of a kind.
async fn matters(scene: &Scene, kind: &str) -> Vec<serde_json::Value> {
    let overview = scene.program.get("/overview").await.ok();
    let all = overview["matters"].as_array().unwrap().iter().filter(|it| it["kind"] == kind);
    all.cloned().collect()
}

#[tokio::test]
async fn sealed_for_half_a_day() {
    let bao = Bao::start().await;
    bao.role("wifi", json!({})).await;
    let mut scene = Scene::new(bao, "wifi").await;
    scene.bao.seal().await;
    scene.works.work().await;
    waits(&scene, "is sealed", "Unseal it").await;
    for_long(&scene).await;
    waits(&scene, "is sealed", "Unseal it").await;
    let seen = look(&scene).await;
    assert!(seen["well"] == false && seen["findings"].to_string().contains("sealed"), "{seen}");
    let down = matters(&scene, "ca_down").await;
    assert!(down[0]["ca"] == "bao" && down[0]["findings"].to_string().contains("Unseal it"), "{down:?}");

    scene.bao.unseal().await;
    // As soon as it is seen to work, what waited goes on.
    assert_eq!(look(&scene).await["well"], true);
    assert!(matters(&scene, "ca_down").await.is_empty());
    scene.works.work().await;
    scene.sync().await;
    assert_eq!(scene.request().await["state"], "completed", "{}", scene.request().await);
    assert_eq!(scene.device.held.len(), 2);
    let certificates = scene.certificates().await;
    assert_eq!(certificates.len(), 1, "one certificate, however often it was asked for");
}

#[tokio::test]
async fn a_token_that_has_ended() {
    let bao = Bao::start().await;
    bao.role("wifi", json!({})).await;
    let mut scene = Scene::new(bao, "wifi").await;
    let token = scene.token.clone();
    scene.bao.revoke_token(&token).await;
    scene.works.work().await;
    waits(&scene, "does not take the token", "Make another token").await;
    for_long(&scene).await;
    assert_eq!(look(&scene).await["well"], false);
    let down = matters(&scene, "ca_down").await;
    assert!(down[0]["findings"].to_string().contains("Make another token"), "{down:?}");
    let all = scene.program.get("/audit-events?limit=200").await.ok().to_string();
    assert!(!all.contains(&token) && !scene.request().await.to_string().contains(&token));

    let another = scene.bao.token(POLICY, json!({})).await;
    let path = format!("/authorities/{}", id(&scene.ca));
    scene.program.put(&path, "\"1\"", &draft(&scene.bao, &another)).await.ok();
    scene.works.work().await;
    scene.sync().await;
    assert_eq!(scene.request().await["state"], "completed", "{}", scene.request().await);
}

#[tokio::test]
async fn a_role_that_is_missing() {
    let bao = Bao::start().await;
    let mut scene = Scene::new(bao, "wifi").await;
    scene.sync().await;
    let request = scene.request().await;
    assert_eq!(request["state"], "failed", "{request}");
    assert!(request["cause"].as_str().unwrap().contains("unknown role: wifi"), "{request}");
    assert!(request["remedy"].as_str().unwrap().contains("Make the role in OpenBao"), "{request}");
    let failed = matters(&scene, "requests_failed").await;
    assert!(failed[0].to_string().contains("unknown role: wifi"), "{failed:?}");
    assert!(failed[0]["remedy"].as_str().unwrap().contains("Make the role in OpenBao"), "{failed:?}");
    scene.bao.role("wifi", json!({})).await;
    scene.program.post(&format!("/requests/{}/retry", id(&request)), &json!({})).await.ok();
    scene.sync().await;
    assert_eq!(scene.request().await["state"], "completed");
}

#[tokio::test]
async fn a_revocation_waits_for_it_too() {
    let bao = Bao::start().await;
    bao.role("wifi", json!({})).await;
    let mut scene = Scene::new(bao, "wifi").await;
    scene.sync().await;
    let path = format!("/certificates/{}", id(&scene.certificates().await[0]));
    scene.bao.seal().await;
    let body = json!({"reason": "key_compromise", "explanation": "lost"});
    scene.program.post(&format!("{path}/revoke"), &body).await.ok();
    for_long(&scene).await;
    let seen = scene.program.get(&path).await.ok();
    assert!(seen["revocations"][0]["at_ca_at"].is_null(), "{seen}");
    let steps = scene.program.get(&format!("{path}/timeline")).await.ok().to_string();
    assert!(steps.contains("is sealed") && steps.contains("Unseal it"), "{steps}");
    look(&scene).await;
    scene.bao.unseal().await;
    look(&scene).await;
    scene.works.work().await;
    let seen = scene.program.get(&path).await.ok();
    assert!(
        seen["revocations"][0]["at_ca_at"].is_string() && seen["revocations"][0]["in_crl_at"].is_string(),
        "{seen}"
    );
}

/// What stands between the portal and the CA.
#[derive(Clone, Copy, PartialEq)]
enum Line {
    /// Answers itself, and not as OpenBao does.
    Garbage,
    /// Hands the request on, and cuts the line before the answer.
    Cut,
    /// Hands everything on.
    Good,
}

/// A line to the CA whose mood can be changed.
async fn line(bao: &Bao) -> (String, tokio::sync::watch::Sender<Line>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let (sender, mood) = tokio::sync::watch::channel(Line::Good);
    let target = bao.address.replace("http://", "");
    tokio::spawn(async move {
        loop {
            let (mut near, _) = listener.accept().await.unwrap();
            let (mood, target) = (*mood.borrow(), target.clone());
            tokio::spawn(async move {
                let mut request = vec![0; 1 << 16];
                let read = near.read(&mut request).await.unwrap_or(0);
                if mood == Line::Garbage {
                    let _ = near
                        .write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 6\r\nconnection: close\r\n\r\n<html>")
                        .await;
                    return;
                }
                let text = String::from_utf8_lossy(&request[..read]).into_owned();
                let signs = text.starts_with("POST") && text.contains("/sign");
                let mut far = tokio::net::TcpStream::connect(target).await.unwrap();
                // One request a connection, so that each is looked at.
                let head = text.find("\r\n").unwrap_or(0);
                far.write_all(&request[..head]).await.unwrap();
                far.write_all(b"\r\nconnection: close").await.unwrap();
                far.write_all(&request[head..read]).await.unwrap();
                let wanted = length(&text);
                let mut sent = read;
                while sent < wanted {
                    let more = near.read(&mut request).await.unwrap_or(0);
                    if more == 0 {
                        break;
                    }
                    far.write_all(&request[..more]).await.unwrap();
                    sent += more;
                }
                let mut answer = Vec::new();
                far.read_to_end(&mut answer).await.unwrap();
                if mood == Line::Cut && signs {
                    return;
                }
                let _ = near.write_all(&answer).await;
            });
        }
    });
    (address, sender)
}

/// How many octets a request has in all.
fn length(text: &str) -> usize {
    let head = text.find("\r\n\r\n").map_or(text.len(), |at| at + 4);
    let body = text.lines().find_map(|line| {
        line.to_lowercase().strip_prefix("content-length: ").and_then(|it| it.trim().parse::<usize>().ok())
    });
    head + body.unwrap_or(0)
}

#[tokio::test]
async fn a_line_that_answers_nonsense_or_breaks_after_the_signature() {
    let bao = Bao::start().await;
    bao.role("wifi", json!({})).await;
    let (address, mood) = line(&bao).await;
    let mut scene = Scene::new(bao, "wifi").await;
    let mut settings = draft(&scene.bao, &scene.token);
    settings["address"] = json!(address);
    let path = format!("/authorities/{}", id(&scene.ca));
    scene.program.put(&path, "\"1\"", &settings).await.ok();

    mood.send(Line::Garbage).unwrap();
    scene.works.work().await;
    waits(&scene, "does not answer as OpenBao does", "no proxy stands in between").await;
    mood.send(Line::Cut).unwrap();
    let before = scene.bao.serials("certs").await.len();
    scene.program.clock.advance(Duration::from_secs(3));
    scene.works.work().await;
    waits(&scene, "broke", "looked for first").await;
    assert_eq!(
        scene.bao.serials("certs").await.len(),
        before + 1,
        "it was issued, and the portal does not know"
    );

    mood.send(Line::Good).unwrap();
    scene.program.clock.advance(Duration::from_secs(60));
    scene.works.work().await;
    scene.sync().await;
    assert_eq!(scene.request().await["state"], "completed", "{}", scene.request().await);
    assert_eq!(
        scene.bao.serials("certs").await.len(),
        before + 1,
        "it was found, and no second one was asked for"
    );
    assert_eq!(scene.bao.serials("certs/revoked").await.len(), 0);
}

#[tokio::test]
async fn gone_and_its_settings_with_it() {
    let bao = Bao::start().await;
    bao.role("wifi", json!({})).await;
    let scene = Scene::new(bao, "wifi").await;
    let Scene { bao, program, works, device, laptop, ca, token } = scene;
    let address = bao.address.clone();
    drop(bao);
    works.work().await;
    let another = Bao::start().await;
    another.role("wifi", json!({})).await;
    let mut scene = Scene { bao: another, program, works, device, laptop, ca, token };
    waits(&scene, &format!("OpenBao at {address} can't be reached"), "go on by themselves").await;
    // It comes back elsewhere, restored from nothing: with another root, another token.
    let token = scene.bao.token(POLICY, json!({})).await;
    let path = format!("/authorities/{}", id(&scene.ca));
    scene.program.put(&path, "\"1\"", &draft(&scene.bao, &token)).await.ok();
    scene.works.work().await;
    scene.sync().await;
    assert_eq!(scene.request().await["state"], "completed", "{}", scene.request().await);
}
