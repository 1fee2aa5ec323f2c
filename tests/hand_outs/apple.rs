//! Apple's configuration profile, read by others: OpenSSL verifies and decrypts it, Python reads the property list, NSS
//! imports the identities.

use certporter::service::hand_outs;
use certporter_model::delivery::Channel;
use serde_json::{Value, json};

use super::scene::{AWKWARD, Scene, mail, network};
use crate::third_party::tools::{nss_database, run};

/// Prints a property list as JSON, octets in Base64; checks that every UUID is unique and every one that is referred to
/// is there.
const READ: &str = r#"
import base64, json, plistlib, re, sys
def plain(value):
    if isinstance(value, bytes): return base64.b64encode(value).decode()
    if isinstance(value, dict): return {key: plain(inner) for key, inner in value.items()}
    if isinstance(value, list): return [plain(inner) for inner in value]
    return value
found = plistlib.load(open(sys.argv[1], "rb"))
payloads = found if isinstance(found, list) else found.get("PayloadContent", [])
own = [payload["PayloadUUID"] for payload in payloads] + ([] if isinstance(found, list) else [found["PayloadUUID"]])
assert len(set(own)) == len(own), own
assert all(re.fullmatch(r"[0-9A-F]{8}(-[0-9A-F]{4}){3}-[0-9A-F]{12}", uuid) for uuid in own), own
def referred(value):
    for key, inner in value.items() if isinstance(value, dict) else []:
        if key.endswith("UUID") and key != "PayloadUUID":
            yield from (inner if isinstance(inner, list) else [inner])
        yield from referred(inner)
for payload in payloads:
    for uuid in referred(payload): assert uuid in own, (uuid, own)
print(json.dumps(plain(found)))
"#;

fn read(path: &str) -> Value {
    serde_json::from_str(&run("python3", &["-c", READ, path]).well()).unwrap()
}

/// The payload of a type; of several the first.
fn payload<'p>(payloads: &'p Value, kind: &str) -> &'p Value {
    let found = payloads.as_array().unwrap().iter().find(|payload| payload["PayloadType"] == kind);
    found.unwrap_or_else(|| panic!("no {kind} in {payloads}"))
}

fn of_type<'p>(payloads: &'p Value, kind: &str) -> Vec<&'p Value> {
    payloads.as_array().unwrap().iter().filter(|payload| payload["PayloadType"] == kind).collect()
}

/// The contents of a signed file, once OpenSSL has verified the signature up to the root.
async fn verified(scene: &Scene, name: &str, file: &[u8]) -> String {
    let (signed, root) = (scene.write(name, file), scene.root().await);
    let plain = scene.folder().join(format!("{name}.plist")).to_str().unwrap().to_owned();
    let said = run(
        "openssl",
        &["cms", "-verify", "-inform", "DER", "-in", &signed, "-CAfile", &root, "-out", &plain],
    );
    said.says("verification successful").well();
    plain
}

/// NSS imports every identity with the password; as many as there are.
fn imported(scene: &Scene, payloads: &Value, password: &str) -> usize {
    use base64_of_test::decode;
    let identities = of_type(payloads, "com.apple.security.pkcs12");
    for (index, identity) in identities.iter().enumerate() {
        let file = scene
            .write(&format!("identity-{index}.p12"), decode(identity["PayloadContent"].as_str().unwrap()));
        let database = nss_database(scene.folder(), &format!("nss-{index}"));
        run("pk12util", &["-i", &file, "-d", &database, "-W", password]).well();
        run("certutil", &["-L", "-d", &database]).says("u,u,u").well();
        // Apple takes a single certificate in a PKCS#12 payload.
        let listed =
            run("openssl", &["pkcs12", "-in", &file, "-passin", &format!("pass:{password}"), "-nokeys"])
                .well();
        assert_eq!(listed.matches("BEGIN CERTIFICATE").count(), 1, "{listed}");
        run("pk12util", &["-l", &file, "-W", "wrong"]).refused("");
    }
    identities.len()
}

mod base64_of_test {
    use base64::Engine as _;

    pub(super) fn decode(text: &str) -> Vec<u8> {
        base64::engine::general_purpose::STANDARD.decode(text).unwrap()
    }
}

#[tokio::test]
async fn a_profile_has_the_set_up_of_every_feature_and_no_password() {
    let scene = Scene::new().await;
    scene.assign(&network()).await;
    let phone = scene.device("ios", Channel::AppleProfile).await;
    let made = scene.prepare(phone).await;
    assert!(made.left_out.is_empty(), "{:?}", made.left_out);
    let password = made.password.clone().unwrap();
    let file = scene.fetch(&made).await.unwrap();
    assert_eq!(file.media_type, "application/x-apple-aspen-config");
    assert!(!contains(&file.octets, password.as_bytes()), "the password is in the file");

    let profile = read(&verified(&scene, "phone.mobileconfig", &file.octets).await);
    assert_eq!(profile["PayloadType"], "Configuration");
    assert_eq!(profile["PayloadDisplayName"], AWKWARD);
    let payloads = &profile["PayloadContent"];
    assert!(!profile.to_string().contains("\"Password\""), "{profile}");
    assert_eq!(imported(&scene, payloads, &password), 3);
    assert_eq!(of_type(payloads, "com.apple.security.root").len(), 1);
    assert_eq!(of_type(payloads, "com.apple.security.pkcs1").len(), 1);

    let wifi = payload(payloads, "com.apple.wifi.managed");
    assert_eq!(wifi["SSID_STR"], "<WLAN> & \"Süd\"");
    assert_eq!((&wifi["HIDDEN_NETWORK"], &wifi["EncryptionType"]), (&json!(true), &json!("WPA2")));
    let eap = &wifi["EAPClientConfiguration"];
    assert_eq!(eap["AcceptEAPTypes"], json!([13]));
    assert_eq!(eap["TLSTrustedServerNames"], json!(["radius.example.org"]));
    let root = payload(payloads, "com.apple.security.root");
    assert_eq!(eap["PayloadCertificateAnchorUUID"], json!([root["PayloadUUID"]]));
    let vpn = payload(payloads, "com.apple.vpn.managed");
    assert_eq!(vpn["VPNType"], "IKEv2");
    let ike = &vpn["IKEv2"];
    assert_eq!(
        (&ike["RemoteAddress"], &ike["RemoteIdentifier"]),
        (&json!("vpn.example.org"), &json!("gateway@example.org"))
    );
    assert_eq!(
        (&ike["LocalIdentifier"], &ike["AuthenticationMethod"]),
        (&json!("maria@example.org"), &json!("Certificate"))
    );
    let mail = payload(payloads, "com.apple.mail.managed");
    assert_eq!(
        (&mail["EmailAddress"], &mail["EmailAccountName"]),
        (&json!("maria@example.org"), &json!("Maria & Söhne"))
    );
    assert_eq!(
        (&mail["IncomingMailServerHostName"], &mail["OutgoingMailServerHostName"]),
        (&json!("imap.example.org"), &json!("smtp.example.org"))
    );
    // Each feature has an identity of its own.
    let mut used = vec![
        &wifi["PayloadCertificateUUID"],
        &ike["PayloadCertificateUUID"],
        &mail["SMIMESigningCertificateUUID"],
    ];
    let identities = of_type(payloads, "com.apple.security.pkcs12");
    assert!(
        used.iter().all(|uuid| identities.iter().any(|identity| identity["PayloadUUID"] == **uuid)),
        "{payloads}"
    );
    used.dedup();
    assert_eq!(used.len(), 3);
}

#[tokio::test]
async fn a_device_with_an_identity_gets_a_profile_that_it_alone_opens() {
    let scene = Scene::new().await;
    scene.assign(&network()).await;
    let phone = scene.device("ios", Channel::AppleProfile).await;
    for (name, algorithm) in
        [("rsa", vec!["rsa:2048"]), ("ec", vec!["ec", "-pkeyopt", "ec_paramgen_curve:P-256"])]
    {
        let key = scene.folder().join(format!("{name}.key")).to_str().unwrap().to_owned();
        let certificate = scene.folder().join(format!("{name}.pem")).to_str().unwrap().to_owned();
        let usage = if name == "rsa" { "keyEncipherment" } else { "keyAgreement" };
        let usage = format!("keyUsage=digitalSignature,{usage}");
        let new = ["req", "-x509", "-nodes", "-days", "900", "-subj", "/CN=phone", "-newkey"];
        let files = [
            "-keyout",
            &key,
            "-out",
            &certificate,
            "-addext",
            "basicConstraints=CA:FALSE",
            "-addext",
            &usage,
        ];
        run("openssl", &[&new[..], &algorithm[..], &files[..]].concat()).well();
        let mut draft = scene.draft(phone).await;
        draft.recipient_certificate = Some(std::fs::read_to_string(&certificate).unwrap());
        let made = hand_outs::prepare(&scene.portal, &scene.person(), phone, &draft).await.unwrap();
        assert_eq!(made.password, None);
        // It is not used up: the next is sealed for another key.
        let file = if name == "ec" {
            scene.fetch(&made).await.unwrap().octets
        } else {
            opened_without_fetching(&scene, &made).await
        };
        let outer = read(&verified(&scene, &format!("{name}.mobileconfig"), &file).await);
        assert_eq!(outer["IsEncrypted"], true);
        assert!(outer.get("PayloadContent").is_none(), "{outer}");
        let sealed = base64_of_test::decode(outer["EncryptedPayloadContent"].as_str().unwrap());
        let sealed = scene.write(&format!("{name}.cms"), sealed);
        let plain = scene.folder().join(format!("{name}.payloads")).to_str().unwrap().to_owned();
        let decrypt =
            ["cms", "-decrypt", "-inform", "DER", "-in", &sealed, "-inkey", &key, "-recip", &certificate];
        run("openssl", &[&decrypt[..], &["-out", &plain]].concat()).well();
        let payloads = read(&plain);
        let identity = payload(&payloads, "com.apple.security.pkcs12");
        let password = identity["Password"].as_str().unwrap().to_owned();
        assert!(password.len() >= 24, "{password}");
        if name == "ec" {
            assert_eq!(imported(&scene, &payloads, &password), 3);
        }
    }
}

/// The file behind a link, by the KRA, so that the link stays.
async fn opened_without_fetching(
    scene: &Scene,
    made: &certporter::service::hand_outs::HandOutMade,
) -> zeroize::Zeroizing<Vec<u8>> {
    let mut conn = scene.program.database.read().await.unwrap();
    let device = scene.program.get("/devices").await.ok()["data"][0]["id"].as_str().unwrap().parse().unwrap();
    let rows = certporter::store::hand_outs::of_device(&mut conn, device).await.unwrap();
    let row = rows.into_iter().find(|row| row.id == made.id).unwrap();
    let file = certporter::kra::SealedFile { generation: row.kra_generation_id, octets: row.sealed.unwrap() };
    scene.portal.hand_outs().unwrap().kra.kept(&file).await.unwrap()
}

#[tokio::test]
async fn what_a_profile_doesn_t_name_is_left_out_and_said() {
    let scene = Scene::new().await;
    let mut bare = network();
    bare["feature_settings"] = json!({"vpn": {"server": "vpn.example.org"}});
    scene.assign(&bare).await;
    let phone = scene.device("ios", Channel::AppleProfile).await;
    assert!(scene.waiting(phone).await.left_out.iter().any(|text| text.contains("no SSID")));
    let made = scene.prepare(phone).await;
    assert_eq!(made.left_out.len(), 2, "{:?}", made.left_out);
    let file = scene.fetch(&made).await.unwrap();
    let profile = read(&verified(&scene, "bare.mobileconfig", &file.octets).await);
    let payloads = &profile["PayloadContent"];
    assert!(of_type(payloads, "com.apple.wifi.managed").is_empty());
    assert_eq!(of_type(payloads, "com.apple.vpn.managed").len(), 1);
    // The identities are there all the same: people can choose them by hand.
    assert_eq!(imported(&scene, payloads, &made.password.clone().unwrap()), 3);
}

#[tokio::test]
async fn a_certificate_that_decrypts_is_named_for_it() {
    let scene = Scene::new().await;
    let mut mail = mail();
    mail["feature_settings"] = json!({"email": {"incoming_server": "imap.example.org"}});
    scene.assign(&mail).await;
    let phone = scene.device("ios", Channel::AppleProfile).await;
    let made = scene.prepare(phone).await;
    let file = scene.fetch(&made).await.unwrap();
    let profile = read(&verified(&scene, "mail.mobileconfig", &file.octets).await);
    let mail = payload(&profile["PayloadContent"], "com.apple.mail.managed");
    assert_eq!(mail["SMIMEEncryptionCertificateUUID"], mail["SMIMESigningCertificateUUID"]);
    assert_eq!(mail["SMIMESigningEnabled"], true);
    // A second profile for the same device takes the place of the first: the same identifier, and the same signer.
    let again = scene.prepare(phone).await;
    let again = scene.fetch(&again).await.unwrap();
    let second = read(&verified(&scene, "again.mobileconfig", &again.octets).await);
    assert_eq!(second["PayloadIdentifier"], profile["PayloadIdentifier"]);
    assert_ne!(second["PayloadUUID"], profile["PayloadUUID"]);
}

pub(super) fn contains(octets: &[u8], part: &[u8]) -> bool {
    octets.windows(part.len()).any(|window| window == part)
}
