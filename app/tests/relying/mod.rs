//! Real relying parties take what the portal issues, from the files that the agent wrote, and refuse it once it is
//! revoked and they have fetched the CRL again; and they go on from the published files while the portal is down.

mod party;
mod scene;
mod snippets;
mod vpn;
mod web;
mod wifi;

use scene::Scene;
use vpn::Vpn;
use web::Web;
use wifi::Wifi;

#[tokio::test]
async fn a_wifi_takes_a_laptop_until_its_certificate_is_revoked() {
    let mut scene = Scene::new("wifi").await;
    let mut wifi = Wifi::open(&scene).await;
    assert!(wifi.accepts(&scene, &scene.maria).await, "{}", wifi.words());
    assert!(wifi.accepts(&scene, &scene.noah).await, "{}", wifi.words());

    let clicked = scene.revoke(&scene.maria).await;
    scene.until_refused("hostapd", clicked, async || wifi.accepts(&scene, &scene.maria).await).await;
    wifi.says("certificate revoked").await;
    assert!(wifi.accepts(&scene, &scene.noah).await, "{}", wifi.words());

    scene.portal.stop().await;
    scene.copy_the_files();
    drop(wifi);
    let mut wifi = Wifi::open(&scene).await;
    assert!(wifi.accepts(&scene, &scene.noah).await, "{}", wifi.words());
    assert!(!wifi.accepts(&scene, &scene.maria).await, "{}", wifi.words());
}

#[tokio::test]
async fn a_mail_server_takes_a_laptop_until_its_certificate_is_revoked() {
    let mut scene = Scene::new("wifi").await;
    let mut web = Web::open(&scene).await;
    assert!(web.accepts(&scene, &scene.maria).await, "{}", web.words());
    assert!(web.accepts(&scene, &scene.noah).await, "{}", web.words());

    let clicked = scene.revoke(&scene.maria).await;
    let asked = async || {
        web.read_again().await;
        web.accepts(&scene, &scene.maria).await
    };
    scene.until_refused("nginx", clicked, asked).await;
    assert!(web.accepts(&scene, &scene.noah).await, "{}", web.words());

    scene.portal.stop().await;
    scene.copy_the_files();
    web.read_again().await;
    assert!(web.accepts(&scene, &scene.noah).await, "{}", web.words());
    assert!(!web.accepts(&scene, &scene.maria).await, "{}", web.words());
}

#[tokio::test]
async fn a_vpn_takes_a_laptop_until_its_certificate_is_revoked() {
    let mut scene = Scene::new("vpn").await;
    let mut vpn = Vpn::open(&scene).await;
    assert!(vpn.accepts(&scene, &scene.maria).await, "{}", vpn.words());
    assert!(vpn.accepts(&scene, &scene.noah).await, "{}", vpn.words());

    let clicked = scene.revoke(&scene.maria).await;
    scene.until_refused("openvpn", clicked, async || vpn.accepts(&scene, &scene.maria).await).await;
    assert!(vpn.accepts(&scene, &scene.noah).await, "{}", vpn.words());

    scene.portal.stop().await;
    scene.copy_the_files();
    drop(vpn);
    let mut vpn = Vpn::open(&scene).await;
    assert!(vpn.accepts(&scene, &scene.noah).await, "{}", vpn.words());
    assert!(!vpn.accepts(&scene, &scene.maria).await, "{}", vpn.words());
}

#[tokio::test]
async fn openssl_asks_by_ocsp_and_goes_on_with_the_answer_that_it_has() {
    let mut scene = Scene::new("vpn").await;
    let kept = scene.file("kept.der");
    for held in [&scene.maria, &scene.noah] {
        let (well, said) = scene.ocsp(held, &["-no_nonce", "-respout", &kept]).await;
        assert!(well && said.contains("Response verify OK") && said.contains(": good"), "{said}");
    }
    let clicked = scene.revoke(&scene.maria).await;
    let asked = async || !scene.ocsp(&scene.maria, &[]).await.1.contains(": revoked");
    scene.until_refused("openssl ocsp", clicked, asked).await;
    let (_, said) = scene.ocsp(&scene.maria, &[]).await;
    assert!(said.contains("Response verify OK") && said.contains("Reason: keyCompromise"), "{said}");

    // Each can take the list instead, and has the same from it.
    let serial = scene.serial(&scene.maria);
    let listed = async || !scene.list_has(&serial);
    scene.until_refused("the CRL", clicked, listed).await;
    assert!(!scene.list_has(&scene.serial(&scene.noah)));

    // With nobody to ask, an answer that is still good is enough.
    scene.portal.stop().await;
    let (well, said) = scene.ocsp(&scene.noah, &[]).await;
    assert!(!well, "{said}");
    let (chain, leaf, cas) =
        (scene.noah.file("chain.pem"), scene.noah.file("cert.pem"), scene.file("cas.pem"));
    let kept = ["ocsp", "-issuer", &chain, "-cert", &leaf, "-respin", &kept, "-no_nonce", "-CAfile", &cas];
    let (well, said) = party::client("openssl", &kept).await;
    assert!(well && said.contains("Response verify OK") && said.contains(": good"), "{said}");
}
