//! The product as its users meet it: the executable, the REST API, a real agent, OpenSSL.

mod at_the_ca;
mod changes;
mod confirmation;
mod fleet;
mod history;
mod installation;
mod laptop;
mod lifecycle;
mod limited;
mod person;
mod published;
mod races;
mod staff;
mod time;

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use serde_json::json;

pub(crate) use installation::{Installation, run};

use installation::certporter;

/// Every file below a folder, the folder's own included.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).into_iter().flatten() {
        let path = entry.unwrap().path();
        if path.is_dir() { found.extend(files(&path)) } else { found.push(path) }
    }
    found
}

fn named<'f>(files: &'f [PathBuf], name: &str) -> Vec<&'f PathBuf> {
    files.iter().filter(|file| file.file_name().is_some_and(|n| n == name)).collect()
}

/// The serial numbers of the certificates that are on a device, one for each copy.
fn serials(agent: &Path) -> Vec<String> {
    let held = files(&agent.join("certificates"));
    let serial = |file: &&PathBuf| {
        let said = run("openssl", &["x509", "-in", file.to_str().unwrap(), "-noout", "-serial"]);
        said.trim().trim_start_matches("serial=").to_owned()
    };
    named(&held, "cert.pem").iter().map(serial).collect()
}

#[tokio::test]
async fn a_device_gets_its_pfx_and_loses_it_again() {
    let portal = Installation::start().await;
    let device = portal.laptop_with_wifi_and_vpn().await;
    let agent = portal.enrol(&device).await;

    // The device holds a copy for each feature, readable by nobody else, and OpenSSL opens each.
    let held = files(&agent.join("certificates"));
    let pfx = named(&held, "certificate.pfx");
    assert_eq!(pfx.len(), 2, "{held:?}");
    for file in &held {
        assert_eq!(
            std::fs::metadata(file).unwrap().permissions().mode() & 0o777,
            0o600,
            "{}",
            file.display()
        );
    }
    for file in &pfx {
        let password = format!("file:{}.password", file.display());
        let opened =
            run("openssl", &["pkcs12", "-in", file.to_str().unwrap(), "-passin", &password, "-nodes"]);
        assert!(opened.contains("BEGIN PRIVATE KEY") && opened.contains("BEGIN CERTIFICATE"));
    }
    let leaf = pfx[0].with_file_name("cert.pem");
    let chain = pfx[0].with_file_name("chain.pem");
    let root = portal.root_certificate().await;
    let (leaf, chain, root) = (leaf.to_str().unwrap(), chain.to_str().unwrap(), root.to_str().unwrap());
    run("openssl", &["verify", "-CAfile", root, "-untrusted", chain, leaf]);

    // The portal knows that they are installed, and which certificate it is.
    let certificates = portal.get(&format!("/certificates?device={device}")).await;
    let certificate = &certificates["data"][0];
    let serial = certificate["serial"].as_str().unwrap().to_uppercase();
    assert!(run("openssl", &["x509", "-in", leaf, "-noout", "-serial"]).contains(&serial), "{certificate}");
    let id = certificate["id"].as_str().unwrap();
    let whole = portal.get(&format!("/certificates/{id}")).await;
    let states: Vec<&str> =
        whole["copies"].as_array().unwrap().iter().map(|c| c["state"].as_str().unwrap()).collect();
    assert_eq!(states, ["installed", "installed"], "{whole}");

    // Lost: the next contact takes everything away, and the CRL says why.
    portal.post(&format!("/devices/{device}/lost"), &json!({"explanation": "left in a train"})).await;
    run(certporter(), &["agent", "sync", "--once", "--dir", agent.to_str().unwrap()]);
    assert_eq!(named(&files(&agent.join("certificates")), "certificate.pfx").len(), 0);
    let crl = portal.crl_with(&serial).await;
    assert!(crl.contains("Key Compromise"), "{crl}");
    let after = portal.get(&format!("/certificates/{id}")).await;
    assert_eq!(after["status"], "revoked", "{after}");

    // What an alarm would look at: the list is fresh, and nothing was given up.
    let metrics = portal.metrics().await;
    let value = |name: &str| -> f64 {
        let line = metrics.lines().find(|line| line.starts_with(name));
        line.and_then(|line| line.rsplit(' ').next()?.parse().ok())
            .unwrap_or_else(|| panic!("{name}: {metrics}"))
    };
    let (age, left) = (
        value(r#"certporter_crl_age_seconds{ca="builtin",key="issuing-1"}"#),
        value(r#"certporter_crl_left_seconds{ca="builtin",key="issuing-1"}"#),
    );
    assert!(age < 60.0 && left > 3600.0, "{age} {left}");
    assert!(value(r#"certporter_queue_jobs{pool="portal",state="ready"}"#) >= 1.0, "{metrics}");
    assert!(!metrics.contains(r#"state="dead""#), "{metrics}");
}

#[tokio::test]
async fn an_rsa_ca_issues_what_openssl_verifies() {
    let portal = Installation::start_with(&["--ca-key", "rsa-3072"]).await;
    let device = portal.laptop_with_wifi_and_vpn().await;
    let agent = portal.enrol(&device).await;
    let held = files(&agent.join("certificates"));
    let [first, _] = named(&held, "certificate.pfx")[..] else { panic!("{held:?}") };
    let (leaf, chain) = (first.with_file_name("cert.pem"), first.with_file_name("chain.pem"));
    let root = portal.root_certificate().await;
    let (leaf, chain, root) = (leaf.to_str().unwrap(), chain.to_str().unwrap(), root.to_str().unwrap());
    run("openssl", &["verify", "-x509_strict", "-CAfile", root, "-untrusted", chain, leaf]);
    let of = |file: &str| run("openssl", &["x509", "-in", file, "-noout", "-text"]);
    for issuer in [chain, root] {
        assert!(of(issuer).contains("Public-Key: (3072 bit)"), "{issuer}");
    }
    let leaf = of(leaf);
    assert!(leaf.contains("Signature Algorithm: sha256WithRSAEncryption"), "{leaf}");
    assert!(leaf.contains("id-ecPublicKey"), "the profile's own key algorithm stays: {leaf}");
    // Its CRL and the certificate in it are signed by it too.
    let certificates = portal.get(&format!("/certificates?device={device}")).await;
    let serial = certificates["data"][0]["serial"].as_str().unwrap().to_uppercase();
    portal.post(&format!("/devices/{device}/lost"), &json!({})).await;
    let crl = portal.crl_with(&serial).await;
    assert!(crl.contains("sha256WithRSAEncryption"), "{crl}");
}

#[tokio::test]
async fn a_database_of_a_newer_program_or_none_at_all_is_refused_and_left_alone() {
    let mut portal = Installation::start().await;
    portal.stop().await;
    let data = portal.data().to_str().unwrap().to_owned();
    let file = portal.data().join("certporter.sqlite");
    let ports = ["--listen", "127.0.0.1:0", "--device-listen", "127.0.0.1:0", "--pki-listen", "127.0.0.1:0"];
    let serve: Vec<&str> = ["serve", "--data", &data].into_iter().chain(ports).collect();
    let later = "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time)
                 VALUES (9999, 'later', 1, '', 0)";
    run("sqlite3", &[file.to_str().unwrap(), later]);
    let said = portal.fails(&serve);
    assert!(said.contains("newer program") && said.contains("9999"), "{said}");
    std::fs::write(&file, "no database at all, whatever its name says".repeat(100)).unwrap();
    let said = portal.fails(&serve);
    assert!(said.contains("not an SQLite database"), "{said}");
    assert!(std::fs::read_to_string(&file).unwrap().starts_with("no database at all"), "it was overwritten");
}

#[tokio::test]
async fn the_rest_api_is_as_its_document_says() {
    let portal = Installation::start().await;
    // Something of each kind, so that there is more to answer than that there is nothing.
    let device = portal.laptop_with_wifi_and_vpn().await;
    portal.enrol(&device).await;
    let (document, token) = portal.api();
    let authorisation = format!("Authorization: Bearer {token}");
    let checks = "not_a_server_error,status_code_conformance,content_type_conformance,\
                  response_headers_conformance,response_schema_conformance";
    run(
        "schemathesis",
        &[
            "run",
            &document,
            "--header",
            &authorisation,
            "--checks",
            checks,
            "--phases",
            "coverage,fuzzing",
            "--max-examples",
            "3",
            "--seed",
            "1",
            "--no-shrink",
            "--suppress-health-check",
            "all",
            "--max-time",
            "45",
            "--request-timeout",
            "20",
            "--warnings",
            "off",
            "--no-color",
        ],
    );
}

#[tokio::test]
async fn a_second_portal_on_the_same_port_says_which_flag_to_change() {
    let portal = Installation::start().await;
    let other = tempfile::tempdir().unwrap();
    let said =
        portal.fails(&["serve", "--data", other.path().to_str().unwrap(), "--listen", portal.listen()]);
    assert!(said.contains("--listen") && said.contains("in use"), "{said}");
    assert!(files(other.path()).is_empty(), "nothing is made when a port is in use");
}

#[tokio::test]
async fn a_wrong_or_missing_master_key_is_named() {
    let mut portal = Installation::start().await;
    portal.stop().await;
    let data = portal.data().to_str().unwrap().to_owned();
    let serve = [
        "serve",
        "--data",
        &data,
        "--listen",
        "127.0.0.1:0",
        "--device-listen",
        "127.0.0.1:0",
        "--pki-listen",
        "127.0.0.1:0",
    ];
    let key = portal.data().join("master.key");
    let right = std::fs::read_to_string(&key).unwrap();

    std::fs::write(&key, "ab".repeat(32)).unwrap();
    let said = portal.fails(&serve);
    assert!(said.contains("master key") && said.contains("give the one it was sealed with"), "{said}");
    std::fs::write(&key, &right).unwrap();
    std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o644)).unwrap();
    let said = portal.fails(&serve);
    assert!(said.contains("chmod 600") && !said.contains(right.trim()), "{said}");
    std::fs::remove_file(&key).unwrap();
    let said = portal.fails(&serve);
    assert!(said.contains("the master key is missing") && !key.exists(), "{said}");
}

#[tokio::test]
async fn settings_that_are_wrong_are_all_named() {
    let portal = Installation::start().await;
    let said = portal.fails(&[
        "serve",
        "--listen",
        "nowhere",
        "--pki-url",
        "https://pki.example.org",
        "--ca-key",
        "rsa-1024",
    ]);
    for setting in ["listen", "pki_url", "ca_key"] {
        assert!(said.contains(setting), "{setting}: {said}");
    }
}

#[tokio::test]
async fn doctor_finds_nothing_broken_beside_a_running_portal() {
    let portal = Installation::start().await;
    let said = run(certporter(), &portal.on_its_addresses("doctor"));
    assert!(
        said.contains("master key") && said.contains("built-in CA") && !said.contains("BROKEN"),
        "{said}"
    );
}
