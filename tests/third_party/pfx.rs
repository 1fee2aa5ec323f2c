//! The same issued key as modern and as compat PFX.

use certporter::pki::pkcs12::{self, Pfx};
use certporter::pki::{Certificate, PrivateKey, password};
use certporter::random::SystemRandom;
use certporter_model::key::KeyAlgorithm;
use certporter_model::profile::PfxFormat;

use super::tools::{nss_database, run};
use super::{World, person};

/// What is not ASCII in it must survive as well.
const FRIENDLY_NAME: &str = "Wi-Fi für Jürgen";

struct Case {
    world: World,
    pfx: Pfx,
    path: String,
    password: String,
    password_file: String,
}

async fn each(check: impl Fn(&Case)) {
    for algorithm in [KeyAlgorithm::EcP256, KeyAlgorithm::EcP384, KeyAlgorithm::Rsa2048] {
        let world = World::new(KeyAlgorithm::EcP256).await;
        let key = PrivateKey::generate(algorithm).unwrap();
        let issued = world.issue(&key, person(&key)).await;
        let chain = world.chain(&issued).await;
        let pfx = Pfx { key, certificate: issued.certificate, chain };
        let password = password::generate(&SystemRandom).to_string();
        let password_file = world.write("password", &password);
        let mut case = Case { world, pfx, path: String::new(), password, password_file };
        for format in [PfxFormat::Modern, PfxFormat::Compat] {
            let octets = pkcs12::build(&case.pfx, format, &case.password, FRIENDLY_NAME).unwrap();
            case.path = case.world.write(&format!("{format}.pfx"), &octets);
            check(&case);
        }
    }
}

/// The certificates in a text of PEM blocks, sorted so that only what there is counts.
fn certificates(text: &str) -> Vec<Vec<u8>> {
    let mut ders: Vec<_> =
        Certificate::parse_pem(text).unwrap().iter().map(|c| c.as_der().to_vec()).collect();
    ders.sort();
    ders
}

fn expected(case: &Case) -> Vec<Vec<u8>> {
    let all = std::iter::once(&case.pfx.certificate).chain(&case.pfx.chain);
    let mut ders: Vec<_> = all.map(|c| c.as_der().to_vec()).collect();
    ders.sort();
    ders
}

#[tokio::test]
async fn openssl_opens_both_formats() {
    each(|case| {
        let password = format!("file:{}", case.password_file);
        let open = |more: &[&str]| {
            let first = ["pkcs12", "-in", &case.path, "-passin", &password, "-nodes"];
            run("openssl", &[&first, more].concat()).well()
        };
        let text = open(&[]);
        assert_eq!(certificates(&text), expected(case));
        let key = open(&["-nocerts"]);
        let key = case.world.write("openssl-key.pem", key);
        let public = run("openssl", &["pkey", "-in", &key, "-pubout", "-outform", "DER"]);
        assert!(public.well);
        assert_eq!(public.octets, case.pfx.key.public_key_der());
        // Leaf first; key and leaf share the localKeyID, and both have the name.
        let leaf = open(&["-nokeys", "-clcerts"]);
        assert_eq!(certificates(&leaf), [case.pfx.certificate.as_der().to_vec()]);
        assert_eq!(text.matches("localKeyID").count(), 2, "{text}");
        assert_eq!(text.matches("friendlyName").count(), 2, "{text}");
        run("openssl", &["pkcs12", "-in", &case.path, "-passin", "pass:wrong", "-noout"])
            .refused("invalid password");
    })
    .await;
}

#[tokio::test]
async fn nss_imports_both_formats() {
    each(|case| {
        let name = format!("nss-{}", case.path.rsplit('/').next().unwrap());
        let database = nss_database(case.world.folder(), &name);
        run("pk12util", &["-i", &case.path, "-d", &database, "-w", &case.password_file]).well();
        let leaf = run("certutil", &["-L", "-d", &database, "-n", FRIENDLY_NAME, "-a"]).well();
        assert_eq!(certificates(&leaf), [case.pfx.certificate.as_der().to_vec()]);
        let keys = run("certutil", &["-K", "-d", &database]).well();
        assert!(keys.contains(FRIENDLY_NAME), "{keys}");
        let wrong = case.world.write("wrong", "wrong");
        assert!(!run("pk12util", &["-l", &case.path, "-d", &database, "-w", &wrong]).well);
    })
    .await;
}

#[tokio::test]
async fn gnutls_reads_both_formats() {
    each(|case| {
        let password = format!("--password={}", case.password);
        let arguments = ["--p12-info", "--inder", "--infile", &case.path, &password];
        let text = run("certtool", &arguments).well();
        assert_eq!(certificates(&text), expected(case));
        let start = text.find("-----BEGIN PRIVATE KEY").or(text.find("-----BEGIN ENCRYPTED PRIVATE KEY"));
        assert!(start.is_some(), "{text}");
        let arguments = ["--p12-info", "--inder", "--infile", &case.path, "--password=wrong"];
        run("certtool", &arguments).refused("message authentication code verification failed");
    })
    .await;
}

#[tokio::test]
async fn java_reads_both_formats() {
    each(|case| {
        let store = [
            "-J-Duser.language=en",
            "-storetype",
            "PKCS12",
            "-keystore",
            &case.path,
            "-storepass:file",
            &case.password_file,
        ];
        let list = run("keytool", &[&["-list", "-v"], &store[..]].concat()).well();
        assert!(list.contains("PrivateKeyEntry"), "{list}");
        assert!(list.contains("Certificate chain length: 3"), "{list}");
        let alias = list.lines().find_map(|line| line.strip_prefix("Alias name: ")).unwrap();
        assert_eq!(alias, FRIENDLY_NAME.to_lowercase());
        // The key opens too: it goes into another store under another password.
        let other = case.world.folder().join("java.p12");
        let _not_there = std::fs::remove_file(&other);
        let arguments = [
            "-importkeystore",
            "-srckeystore",
            &case.path,
            "-srcstoretype",
            "PKCS12",
            "-srcstorepass:file",
            &case.password_file,
            "-destkeystore",
            other.to_str().unwrap(),
            "-deststoretype",
            "PKCS12",
            "-deststorepass",
            "another password",
            "-noprompt",
        ];
        run("keytool", &arguments).well();
        let copied = pkcs12::open(&std::fs::read(&other).unwrap(), "another password").unwrap();
        assert_eq!(copied.key.public_key_hash(), case.pfx.key.public_key_hash());
        assert_eq!(copied.certificate, case.pfx.certificate);
    })
    .await;
}

#[tokio::test]
async fn python_reads_both_formats() {
    const PROGRAM: &str = "
import hashlib, sys
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, pkcs12
store = pkcs12.load_pkcs12(open(sys.argv[1], 'rb').read(), open(sys.argv[2], 'rb').read())
public = store.key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
print(hashlib.sha256(public).hexdigest())
print(hashlib.sha256(store.cert.certificate.public_bytes(Encoding.DER)).hexdigest())
print(store.cert.friendly_name.decode())
print(len(store.additional_certs))
";
    each(|case| {
        let program = case.world.write("read.py", PROGRAM);
        let text = run("python3", &[&program, &case.path, &case.password_file]).well();
        let lines: Vec<&str> = text.lines().collect();
        let (key, certificate) = (case.pfx.key.public_key_hash(), case.pfx.certificate.thumbprint());
        assert_eq!(lines, [&key.to_string(), &certificate.to_string(), FRIENDLY_NAME, "2"]);
    })
    .await;
}
