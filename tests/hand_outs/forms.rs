//! The other forms: a PFX, SyncML for Windows, snippets for Linux.

use certporter::service::hand_outs;
use certporter_model::delivery::{Channel, HandOutFormat};
use serde_json::{Value, json};

use super::apple::contains;
use super::scene::{Scene, network};
use crate::third_party::tools::{nss_database, run};

#[tokio::test]
async fn nss_imports_a_download_with_the_password_from_the_other_screen() {
    let scene = Scene::new().await;
    let mut old = network();
    // Outside an envelope the old cryptography is not used, whatever the profile says.
    old["pfx_format"] = json!("compat");
    scene.assign(&old).await;
    let thing = scene.device("other", Channel::Download).await;
    let made = scene.prepare(thing).await;
    let password = made.password.clone().unwrap();
    assert!(password.len() >= 20 && password.is_ascii(), "{password}");
    assert!(!made.link.contains(&password));
    let file = scene.fetch(&made).await.unwrap();
    assert_eq!((file.media_type, file.file_name.as_str()), ("application/x-pkcs12", "B-ro-WLAN-S-d.p12"));
    let pfx = scene.write("download.p12", &*file.octets);
    let database = nss_database(scene.folder(), "nss");
    run("pk12util", &["-i", &pfx, "-d", &database, "-W", &password]).well();
    let info =
        run("openssl", &["pkcs12", "-in", &pfx, "-passin", &format!("pass:{password}"), "-info", "-noout"]);
    info.says("PBES2").says("AES-256-CBC").well();
}

/// Prints the commands of a SyncML document in their order.
const READ: &str = r#"
import json, sys, xml.etree.ElementTree as tree
sync, meta = "{SYNCML:SYNCML1.2}", "{syncml:metinf}"
root = tree.parse(sys.argv[1]).getroot()
assert root.tag == sync + "SyncML", root.tag
body = root.find(sync + "SyncBody")
assert [child.tag for child in body] == [sync + "Atomic", sync + "Final"]
atomic = body.find(sync + "Atomic")
ids = [element.text for element in root.iter(sync + "CmdID")]
assert len(set(ids)) == len(ids), ids
commands = []
for command in atomic:
    if command.tag == sync + "CmdID": continue
    item = command.find(sync + "Item")
    commands.append([command.tag.removeprefix(sync), item.find(sync + "Target").find(sync + "LocURI").text,
                     item.find(sync + "Meta").find(meta + "Format").text, item.find(sync + "Data").text])
print(json.dumps(commands))
"#;

#[tokio::test]
async fn another_device_management_gets_the_nodes_in_the_order_that_windows_wants() {
    use base64::Engine as _;

    let scene = Scene::new().await;
    scene.assign(&network()).await;
    let laptop = scene.device("windows", Channel::Export).await;
    let made = scene.prepare(laptop).await;
    assert_eq!(made.format, HandOutFormat::Syncml);
    let password = made.password.clone().unwrap();
    let file = scene.fetch(&made).await.unwrap();
    assert!(!contains(&file.octets, password.as_bytes()), "the password is in the file");
    let path = scene.write("laptop.xml", &*file.octets);
    let commands: Value = serde_json::from_str(&run("python3", &["-c", READ, &path]).well()).unwrap();
    let commands: Vec<Vec<String>> = serde_json::from_value(commands).unwrap();
    assert!(commands.iter().all(|command| command[0] == "Add"), "{commands:?}");
    let nodes: Vec<&str> = commands.iter().map(|command| command[1].rsplit('/').next().unwrap()).collect();
    assert_eq!(
        nodes,
        [
            "KeyLocation",
            "PFXCertPassword",
            "PFXCertPasswordEncryptionType",
            "PFXKeyExportable",
            "PFXCertBlob"
        ]
    );
    let root = "./User/Vendor/MSFT/ClientCertificateInstall/PFXCertInstall/";
    assert!(commands.iter().all(|command| command[1].starts_with(root)), "{commands:?}");
    let formats: Vec<&str> = commands.iter().map(|command| command[2].as_str()).collect();
    assert_eq!(formats, ["int", "chr", "int", "bool", "chr"]);
    assert_eq!(commands[1][3], "PASSWORD-FROM-THE-OTHER-SCREEN");
    let pfx = base64::engine::general_purpose::STANDARD.decode(&commands[4][3]).unwrap();
    let pfx = scene.write("laptop.p12", pfx);
    let database = nss_database(scene.folder(), "nss");
    run("pk12util", &["-i", &pfx, "-d", &database, "-W", &password]).well();
}

/// NetworkManager's own library reads a connection and says what it understood. What it names when it is loaded is the
/// daemon's to give; that the files are not on this machine is all that it may miss.
const READ_CONNECTION: &str = r#"
import sys, gi
gi.require_version("NM", "1.0")
from gi.repository import GLib, NM
keys, missed = GLib.KeyFile(), []
keys.load_from_file(sys.argv[1], GLib.KeyFileFlags.NONE)
def hear(file, connection, kind, data, *more):
    message, severity = data.warn_get()
    if "does not exist" not in message: missed.append(message)
    return True
connection = NM.keyfile_read(keys, "/etc/NetworkManager/system-connections", NM.KeyfileHandlerFlags.NONE, hear)
assert not missed, missed
connection.get_setting_connection().props.uuid = NM.utils_uuid_generate()
connection.normalize({})
assert connection.verify()
eap = connection.get_setting_802_1x()
print(bytes(connection.get_setting_wireless().get_ssid().get_data()).decode())
print(connection.get_setting_wireless_security().get_key_mgmt())
print(*[eap.get_eap_method(place) for place in range(eap.get_num_eap_methods())])
print(eap.get_domain_match())
print(eap.get_client_cert_path(), eap.get_private_key_path(), eap.get_ca_cert_path(), sep="\n")
"#;

#[tokio::test]
async fn a_linux_laptop_with_the_agent_gets_snippets_with_the_agent_s_paths() {
    let scene = Scene::new().await;
    scene.assign(&network()).await;
    let laptop = scene.register("linux").await;
    let mut enrolled = scene.works.enrol(&scene.program, &laptop.to_string()).await;
    scene.works.sync(&scene.program, &mut enrolled).await;
    let found = hand_outs::snippets(&scene.portal, &scene.person(), laptop).await.unwrap();
    let text = |program: &str| {
        let all = found.iter().flat_map(|copy| &copy.snippets);
        let of = all.into_iter().find(|snippet| snippet.program == program);
        of.unwrap_or_else(|| panic!("nothing for {program} in {found:?}")).text.clone()
    };
    let folder = "/var/lib/certporter/certificates/Büro-WLAN-Süd-wifi";

    let supplicant = text("wpa_supplicant");
    assert!(supplicant.contains(&format!("private_key=\"{folder}/key.pem\"")), "{supplicant}");
    // The quotation mark in the name would end the value.
    assert!(supplicant.contains(&format!("ssid={}", hex::encode("<WLAN> & \"Süd\""))), "{supplicant}");
    let path = scene.write("wpa_supplicant.conf", &supplicant);
    // Nobody answers, and that is all that is wrong: what is not understood is named by line.
    let said =
        run("eapol_test", &["-c", &path, "-a", "127.0.0.1", "-p", "9", "-s", "x", "-t", "1", "-r", "0"]).text;
    assert!(!said.contains("Line ") && !said.contains("Failed to read or parse"), "{said}");

    let path = scene.write("wifi.nmconnection", text("NetworkManager"));
    let said = run("/usr/bin/python3", &["-c", READ_CONNECTION, &path]).well();
    let said: Vec<&str> = said.lines().collect();
    let read = ["<WLAN> & \"Süd\"", "wpa-eap", "tls", "radius.example.org"];
    let files = ["cert.pem", "key.pem", "chain.pem"].map(|name| format!("{folder}/{name}"));
    let expected: Vec<&str> = read.into_iter().chain(files.iter().map(String::as_str)).collect();
    assert_eq!(said, expected);

    let swan = text("strongSwan");
    for part in [
        "remote_addrs = vpn.example.org",
        "id = \"gateway@example.org\"",
        "id = \"maria@example.org\"",
        "-vpn/cert.pem\"",
    ] {
        assert!(swan.contains(part), "{part} is not in {swan}");
    }
    assert_eq!(swan.matches('{').count(), swan.matches('}').count(), "{swan}");

    let mail = text("Thunderbird");
    assert!(mail.contains("pk12util -d") && mail.contains("-email/certificate.pfx.password"), "{mail}");
    let script = scene.write("thunderbird.sh", &mail);
    run("bash", &["-n", &script]).well();
}
