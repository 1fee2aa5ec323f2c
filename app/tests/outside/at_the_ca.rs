//! Something happens while a request is at the CA: nothing is delivered, and what still comes is recorded and revoked. The
//! CA is a real OpenBao; the line to it is held while it signs.

#[path = "../../../tests/openbao/server.rs"]
#[expect(dead_code, reason = "other tests need more of it")]
mod server;

use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

use super::installation::Installation;
use super::laptop::text;
use super::{files, named};
use server::{Bao, POLICY};

/// A line to the CA that keeps its answers to signing requests back until it is told to let them go. Answers its address,
/// how many answers it keeps, and how to let them go.
async fn line(bao: &Bao) -> (String, watch::Receiver<u32>, watch::Sender<bool>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let (keeps, kept) = watch::channel(0);
    let (let_go, going) = watch::channel(false);
    let target = bao.address.replace("http://", "");
    tokio::spawn(async move {
        loop {
            let (near, _) = listener.accept().await.unwrap();
            let (keeps, going, target) = (keeps.clone(), going.clone(), target.clone());
            tokio::spawn(async move { exchange(near, &target, keeps, going).await });
        }
    });
    (address, kept, let_go)
}

/// One connection: what comes from one side goes to the other.
async fn exchange(
    near: TcpStream,
    target: &str,
    keeps: watch::Sender<u32>,
    mut going: watch::Receiver<bool>,
) {
    let mut far = TcpStream::connect(target).await.unwrap();
    let mut near = near;
    let (mut asked, mut answered) = (vec![0; 1 << 16], vec![0; 1 << 16]);
    let mut signing = false;
    loop {
        tokio::select! {
            read = near.read(&mut asked) => {
                let Ok(read @ 1..) = read else { return };
                signing |= asked[..read].windows(9).any(|part| part == b"/pki/sign");
                if far.write_all(&asked[..read]).await.is_err() {
                    return;
                }
            }
            read = far.read(&mut answered) => {
                let Ok(read @ 1..) = read else { return };
                if signing {
                    keeps.send_modify(|count| *count += 1);
                    going.wait_for(|going| *going).await.unwrap();
                }
                if near.write_all(&answered[..read]).await.is_err() {
                    return;
                }
            }
        }
    }
}

#[tokio::test]
async fn a_device_is_lost_while_its_request_is_at_the_ca() {
    let bao = Bao::start().await;
    bao.role("wifi", json!({})).await;
    let (address, mut kept, let_go) = line(&bao).await;
    let portal = Installation::start().await;
    let token = bao.token(POLICY, json!({})).await;
    let draft = json!({"name": "bao", "address": address, "mount": "pki", "token": token});
    portal.post("/authorities", &draft).await;
    let device = portal.laptop_with(json!({"ca": "bao", "template": "wifi"})).await;
    let agent = portal.enrol_without_sync(&device, "agent").await;
    kept.wait_for(|count| *count > 0).await.unwrap();

    // OpenBao has signed, and the portal does not know it yet.
    portal.post(&format!("/devices/{device}/lost"), &json!({})).await;
    let requests = portal.get(&format!("/requests?device={device}")).await;
    assert_eq!(text(&requests["data"][0]["state"]), "cancelled", "{requests}");
    let_go.send(true).unwrap();
    let certificates = format!("/certificates?device={device}");
    portal
        .until("the late certificate is recorded", async || {
            !portal.get(&certificates).await["data"].as_array().unwrap().is_empty()
        })
        .await;
    let late = portal.get(&certificates).await["data"][0].clone();
    assert_eq!(late["status"], "revoked", "{late}");
    let serial = text(&late["serial"]).to_lowercase();
    let mut revoked = false;
    portal
        .until("it is revoked at the CA", async || {
            revoked = bao.serials("certs/revoked").await.contains(&serial);
            revoked
        })
        .await;
    let whole = portal.get(&format!("/certificates/{}", text(&late["id"]))).await;
    let told = &whole["revocations"][0];
    assert_eq!((text(&told["reason"]), text(&told["trigger"])), ("key_compromise", "device_lost"), "{whole}");
    assert_eq!(whole["copies"], json!([]), "nothing was delivered: {whole}");
    portal.agent(&["sync", "--once", "--dir", agent.to_str().unwrap()]);
    assert_eq!(named(&files(&agent.join("certificates")), "cert.pem").len(), 0);
}
