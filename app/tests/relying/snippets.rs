//! The settings that the portal offers for a laptop, as they are, in the hands of the program that they are for.

use serde_json::json;

use super::scene::Scene;
use super::wifi::Wifi;

#[tokio::test]
async fn the_snippet_for_wpa_supplicant_lets_a_laptop_in() {
    let mut scene = Scene::new("wifi").await;
    let held = scene.portal.get(&format!("/certificates/{}", scene.maria.id)).await;
    let (profile, device) = (&held["profile"]["id"], &held["copies"][0]["device"]["id"]);
    let path = format!("/profiles/{}", profile.as_str().unwrap());
    let mut draft = scene.portal.get(&path).await["profile"].clone();
    draft["feature_settings"] = json!({
        "wifi": {"ssid": "Example", "server_names": ["localhost"]},
        "server_cas": server_ca(&scene),
    });
    scene.portal.put(&path, &json!({"profile": draft, "on_edit": "now"})).await;
    // A change of these settings reissues nothing: the laptop holds what it held.
    let after = scene.portal.get(&format!("/certificates/{}", scene.maria.id)).await;
    assert_eq!((&after["status"], &after["standing"]), (&json!("valid"), &json!("current")), "{after}");

    let found = scene.portal.get(&format!("/devices/{}/snippets", device.as_str().unwrap())).await;
    let all = found.as_array().unwrap().iter().flat_map(|copy| copy["snippets"].as_array().unwrap());
    let text = |program: &str| {
        let of = all.clone().find(|snippet| snippet["program"] == program);
        of.unwrap_or_else(|| panic!("{found}"))["text"].as_str().unwrap().to_owned()
    };
    // The test's agent has its folder elsewhere, and the CAs are where the test put them.
    let agent = scene.maria.folder.parent().unwrap().parent().unwrap().to_str().unwrap().to_owned();
    let cas = scene.write("servers.pem", &text("The CAs of the servers"));
    let here = |text: String| {
        text.replace("/var/lib/certporter", &agent).replace("/etc/ssl/certporter-servers.pem", &cas)
    };
    let settings = scene.write("wpa_supplicant.conf", &here(text("wpa_supplicant")));
    let wifi = Wifi::open(&scene).await;
    assert!(wifi.accepts_settings(&settings).await, "{}", wifi.words());

    // With another name the laptop refuses the server.
    let other =
        here(text("wpa_supplicant")).replace("domain_match=\"localhost\"", "domain_match=\"other.example\"");
    assert!(other.contains("other.example"), "{other}");
    let other = scene.write("other.conf", &other);
    assert!(!wifi.accepts_settings(&other).await, "{}", wifi.words());
    scene.portal.stop().await;
}

/// The server's certificate signs itself: it is its own CA.
fn server_ca(scene: &Scene) -> String {
    std::fs::read_to_string(scene.file("server.pem")).unwrap()
}
