//! Mail: signed and encrypted with the delivered keys, by OpenSSL and by NSS, each read by the other.

use certporter::pki::pkcs12::{self, Pfx};
use certporter::pki::{Asked, PrivateKey, password};
use certporter::random::SystemRandom;
use certporter_model::key::{KeyAlgorithm, KeyUsage};
use certporter_model::oid::Oid;
use certporter_model::profile::{PfxFormat, StrongMapping};
use certporter_model::subject_alternative_name::{SanKind, SubjectAlternativeName};

use super::tools::{nss_database, run};
use super::{World, person};

const NAME: &str = "Mail of Maria";
const MESSAGE: &str = "Grüße aus dem Büro\r\n";

/// What the key of a mail certificate is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mail {
    Signing,
    Encryption,
    Dual,
}

impl Mail {
    pub(super) const ALL: [Self; 3] = [Self::Signing, Self::Encryption, Self::Dual];

    const fn signs(self) -> bool {
        matches!(self, Self::Signing | Self::Dual)
    }

    const fn encrypts(self) -> bool {
        matches!(self, Self::Encryption | Self::Dual)
    }
}

/// What a profile for mail asks for.
pub(super) fn mail(key: &PrivateKey, what: Mail) -> Asked {
    let rsa = key.algorithm().is_rsa();
    Asked {
        alternative_names: vec![
            SubjectAlternativeName::new(SanKind::Email, "maria.ortiz@example.org").unwrap(),
        ],
        key_usage: KeyUsage {
            digital_signature: what.signs(),
            key_encipherment: what.encrypts() && rsa,
            key_agreement: what.encrypts() && !rsa,
            ..KeyUsage::default()
        },
        extended_key_usages: vec![Oid::parse(Oid::EMAIL_PROTECTION).unwrap()],
        sid: None,
        strong_mapping: StrongMapping::None,
        ..person(key)
    }
}

/// A key and its certificate as files of OpenSSL and as NSS's database, out of the same PFX.
struct Mailbox {
    world: World,
    certificate: String,
    key: String,
    root: String,
    nss: String,
    message: String,
}

impl Mailbox {
    async fn new(algorithm: KeyAlgorithm, what: Mail) -> Self {
        let world = World::new(KeyAlgorithm::EcP256).await;
        let key = PrivateKey::generate(algorithm).unwrap();
        let issued = world.issue(&key, mail(&key, what)).await;
        let chain = world.chain(&issued).await;
        let root = world.write("root.pem", chain[1].to_pem());
        let pfx = Pfx { key, certificate: issued.certificate, chain };
        let secret = password::generate(&SystemRandom).to_string();
        let octets = pkcs12::build(&pfx, PfxFormat::Modern, &secret, NAME).unwrap();
        let (pfx, secret) = (world.write("mail.pfx", octets), world.write("password", secret));
        let password = format!("file:{secret}");
        let open = |name: &str, more: &[&str]| {
            let first = ["pkcs12", "-in", &pfx, "-passin", &password, "-nodes"];
            world.write(name, run("openssl", &[&first, more].concat()).well())
        };
        let (certificate, key) = (open("mail.pem", &["-nokeys"]), open("mail.key", &["-nocerts"]));
        let nss = nss_database(world.folder(), "nss");
        run("pk12util", &["-i", &pfx, "-d", &nss, "-w", &secret]).well();
        run("certutil", &["-A", "-d", &nss, "-n", "root", "-t", ",C,", "-i", &root]).well();
        let message = world.write("message", MESSAGE);
        Self { certificate, key, root, nss, message, world }
    }

    fn file(&self, name: &str) -> String {
        self.world.folder().join(name).to_str().unwrap().to_owned()
    }

    fn openssl(&self, arguments: &[&str]) -> super::tools::Said {
        run("openssl", &[&["cms", "-binary"], arguments].concat())
    }
}

#[tokio::test]
async fn openssl_and_nss_sign_and_each_takes_the_other_s() {
    for algorithm in [KeyAlgorithm::EcP256, KeyAlgorithm::Rsa2048] {
        for what in [Mail::Signing, Mail::Dual] {
            let own = Mailbox::new(algorithm, what).await;
            let (signer, signed) = (&own.certificate, own.file("openssl.p7m"));
            let sign = ["-sign", "-nodetach", "-signer", signer, "-inkey", &own.key];
            let files = ["-in", &own.message, "-outform", "DER", "-out", &signed];
            own.openssl(&[&sign[..], &files[..]].concat()).well();
            let said = run("cmsutil", &["-D", "-d", &own.nss, "-i", &signed, "-h", "0"]);
            said.says("GoodSignature").says("Grüße aus dem Büro").well();

            let signed = own.file("nss.p7m");
            // Without a word of the certificate to encrypt to, which an RSA key that only signs is not.
            let sign = [
                "-S",
                "-d",
                &own.nss,
                "-N",
                NAME,
                "-Y",
                "NONE",
                "-G",
                "-H",
                "SHA256",
                "-i",
                &own.message,
                "-o",
                &signed,
            ];
            run("cmsutil", &sign).well();
            let verify = ["-verify", "-inform", "DER", "-in", &signed, "-CAfile", &own.root];
            let purpose = ["-purpose", "smimesign"];
            let said = own.openssl(&[&verify[..], &purpose[..]].concat());
            said.says("verification successful").says(MESSAGE).well();

            // A changed letter is noticed by both.
            let mut octets = std::fs::read(&signed).unwrap();
            let at = octets.windows(5).position(|five| five == "aus d".as_bytes()).unwrap();
            octets[at] = b'b';
            let changed = own.world.write("changed.p7m", octets);
            let verify = ["-verify", "-inform", "DER", "-in", &changed, "-CAfile", &own.root];
            own.openssl(&verify).refused("failure");
            let said = run("cmsutil", &["-D", "-d", &own.nss, "-i", &changed, "-h", "0"]);
            assert!(!said.text.contains("GoodSignature"), "{}", said.text);
        }
    }
}

#[tokio::test]
async fn openssl_and_nss_encrypt_and_each_reads_the_other_s() {
    for algorithm in [KeyAlgorithm::EcP256, KeyAlgorithm::Rsa2048] {
        for what in [Mail::Encryption, Mail::Dual] {
            let own = Mailbox::new(algorithm, what).await;
            let encrypted = own.file("openssl.p7m");
            let encrypt = ["-encrypt", "-aes-256-cbc", "-in", &own.message, "-outform", "DER"];
            own.openssl(&[&encrypt[..], &["-out", &encrypted, &own.certificate]].concat()).well();
            let decrypt = |file: &str| {
                let files = ["-in", file, "-recip", &own.certificate, "-inkey", &own.key];
                own.openssl(&[&["-decrypt", "-inform", "DER"], &files[..]].concat()).well()
            };
            assert_eq!(decrypt(&encrypted), MESSAGE);
            if !algorithm.is_rsa() {
                // NSS up to 3.87 knows no key agreement in CMS.
                continue;
            }
            assert_eq!(run("cmsutil", &["-D", "-d", &own.nss, "-i", &encrypted]).well(), MESSAGE);
            let encrypted = own.file("nss.p7m");
            run("cmsutil", &["-E", "-d", &own.nss, "-r", NAME, "-i", &own.message, "-o", &encrypted]).well();
            assert_eq!(decrypt(&encrypted), MESSAGE);
        }
    }
}

#[tokio::test]
async fn a_certificate_that_is_not_for_mail_signs_none() {
    let world = World::new(KeyAlgorithm::EcP256).await;
    let key = PrivateKey::generate(KeyAlgorithm::EcP256).unwrap();
    let issued = world.issue(&key, person(&key)).await;
    let chain = world.chain(&issued).await;
    let root = world.write("root.pem", chain[1].to_pem());
    let issuing = world.write("issuing.pem", chain[0].to_pem());
    let leaf = world.write("leaf.pem", issued.certificate.to_pem());
    let verify = ["verify", "-purpose", "smimesign", "-CAfile", &root, "-untrusted", &issuing, &leaf];
    run("openssl", &verify).refused("certificate purpose");
}
