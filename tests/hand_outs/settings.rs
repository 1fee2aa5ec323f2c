//! What the features' set-up needs, in profiles; and bad input.

use certporter::service::{ServiceError, hand_outs};
use certporter_model::delivery::{Channel, HandOutFormat};
use serde_json::json;

use super::scene::{Scene, id, network};
use crate::third_party::tools::run;

#[tokio::test]
async fn settings_are_checked_kept_and_reissue_nothing() {
    let scene = Scene::new().await;
    let made = scene.program.post("/profiles", &network()).await;
    let etag = made.etag();
    let profile = id(&made.json());
    let mut expected = network()["feature_settings"].clone();
    // What is left empty follows from the rest.
    expected["email"]["address"] = json!("{{EmailAddress}}");
    assert_eq!(made.json()["profile"]["feature_settings"], expected);
    let group = json!({"group_id": scene.group, "mode": "include"});
    scene.program.post(&format!("/profiles/{profile}/assignments"), &group).await.ok();
    let thing = scene.device("other", Channel::Download).await;
    let certificate = scene.waiting(thing).await.certificate.id;

    let mut edited = network();
    edited["feature_settings"]["wifi"]["ssid"] = json!("Another");
    let body = json!({"profile": edited, "on_edit": "now"});
    scene.program.put(&format!("/profiles/{profile}"), &etag, &body).await.ok();
    scene.works.work().await;
    assert_eq!(scene.waiting(thing).await.certificate.id, certificate);
    let requests = scene.program.get(&format!("/requests?device={thing}")).await.ok();
    assert_eq!(requests["data"].as_array().unwrap().len(), 1, "{requests}");
}

#[tokio::test]
async fn what_is_wrong_with_a_setting_is_said() {
    let scene = Scene::new().await;
    for (path, value) in [
        ("wifi.ssid", json!("x".repeat(33))),
        ("wifi.ssid", json!("ü".repeat(17))),
        ("wifi.ssid", json!("")),
        ("wifi.server_names[0]", json!(["bücher.example"])),
        ("vpn.server", json!("https://vpn.example.org")),
        ("vpn.remote_id", json!("CN=gateway")),
        ("email.incoming_server", json!("a b")),
        ("email.address", json!("{{Nobody}}")),
        ("server_cas", json!("-----BEGIN PRIVATE KEY-----\nMAA=\n-----END PRIVATE KEY-----")),
        ("server_cas", json!("-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----")),
    ] {
        let mut wrong = network();
        let mut place = &mut wrong["feature_settings"];
        for part in path.split('[').next().unwrap().split('.') {
            place = &mut place[part];
        }
        *place = value;
        let field = format!("feature_settings.{path}");
        scene.program.post("/profiles", &wrong).await.problem(422, &[&field]);
    }
    // A server's own certificate is no CA's.
    let (key, leaf) = (scene.write("leaf.key", ""), scene.write("leaf.pem", ""));
    let new = [
        "req",
        "-x509",
        "-nodes",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:P-256",
        "-subj",
        "/CN=radius",
    ];
    let files = ["-keyout", &key, "-out", &leaf, "-addext", "basicConstraints=critical,CA:FALSE"];
    run("openssl", &[&new[..], &files[..]].concat()).well();
    let mut wrong = network();
    wrong["feature_settings"]["server_cas"] = json!(std::fs::read_to_string(&leaf).unwrap());
    let problem =
        scene.program.post("/profiles", &wrong).await.problem(422, &["feature_settings.server_cas"]);
    assert!(problem.to_string().contains("radius"), "{problem}");
    let mut unknown = network();
    unknown["feature_settings"]["wifi"]["psk"] = json!("secret");
    assert_eq!(scene.program.post("/profiles", &unknown).await.status.as_u16(), 422);
}

#[tokio::test]
async fn a_recipient_that_is_none_is_said() {
    let scene = Scene::new().await;
    scene.assign(&network()).await;
    let phone = scene.device("ios", Channel::AppleProfile).await;
    let root = std::fs::read_to_string(scene.root().await).unwrap();
    for (recipient, format, word) in [
        ("no certificate".to_owned(), None, "not one certificate in PEM"),
        (format!("{root}{root}"), None, "not one certificate in PEM"),
        (root.clone(), None, "a CA's certificate"),
        ("x".repeat(20_000), None, "at most 16384"),
        (root, Some(HandOutFormat::Pfx), "only a configuration profile"),
    ] {
        let draft = hand_outs::HandOutDraft {
            format,
            recipient_certificate: Some(recipient),
            ..scene.draft(phone).await
        };
        let answer = hand_outs::prepare(&scene.portal, &scene.person(), phone, &draft).await;
        let Err(ServiceError::Invalid(errors)) = answer else { panic!("{answer:?}") };
        let said = errors.of("recipient_certificate").next().unwrap().to_owned();
        assert!(said.contains(word), "{said}");
    }
}

#[tokio::test]
async fn programs_ask_the_same_over_rest() {
    let scene = Scene::new().await;
    scene.assign(&network()).await;
    let thing = scene.register("other").await;
    let channel = format!("/devices/{thing}/channel");
    let ask = |body| scene.program.ask(http::Method::PUT, &channel).json(&body).send();
    ask(json!({"channel": "agent"})).await.problem(422, &["channel"]);
    assert!(
        ask(json!({"channel": "pigeon"})).await.problem(422, &["channel"]).to_string().contains("download")
    );
    let chosen = ask(json!({"channel": "download"})).await.ok();
    assert_eq!(chosen["channel"], "download");
    scene.works.work().await;
    let hand_outs = format!("/devices/{thing}/hand-outs");
    let listed = scene.program.get(&hand_outs).await.ok();
    assert_eq!(listed["certificates"][0]["state"], "pending", "{listed}");
    let none = json!({"certificate": "0198c2f0-7d1e-7cc3-98c4-dc0c0c07398f"});
    scene.program.post(&hand_outs, &none).await.problem(404, &[]);
    let device = scene.program.get(&format!("/devices/{thing}")).await.ok();
    assert_eq!(device["state"], "enrolled");
    let timeline = scene.program.get(&format!("/devices/{thing}/snippets")).await.ok();
    assert_eq!(timeline, json!([]));
}
