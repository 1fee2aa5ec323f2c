//! What certporter makes, in the hands of others: OpenSSL, NSS, GnuTLS, Java, Python and pkilint read the same key and
//! certificate as it does, and see a revocation when it does.

mod certificate;
mod pfx;
mod revocation;
mod smime;
pub(crate) mod tools;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use certporter::ca::{
    BuiltinCa, BuiltinSettings, Issued, IssuingCa, RevocationOrder, SignOutcome, SignRequest,
};
use certporter::clock::{Clock, SystemClock};
use certporter::pki::crl::Crl;
use certporter::pki::secret_box::MasterKey;
use certporter::pki::{Asked, Certificate, PrivateKey, csr, pem};
use certporter::random::SystemRandom;
use certporter::store::Db;
use certporter_model::certificate::RevocationKind;
use certporter_model::distinguished_name::DistinguishedName;
use certporter_model::identity::Sid;
use certporter_model::key::{KeyAlgorithm, KeyUsage};
use certporter_model::oid::Oid;
use certporter_model::profile::StrongMapping;
use certporter_model::revocation::Reason;
use certporter_model::subject_alternative_name::{SanKind, SubjectAlternativeName};

use crate::support::database::TestDatabase;

/// A real CA with a folder for the tools' files.
struct World {
    database: TestDatabase,
    ca: BuiltinCa,
}

impl World {
    async fn new(ca_key: KeyAlgorithm) -> Self {
        Self::sharded(ca_key, 1).await
    }

    /// With so many shards of the CRL.
    async fn sharded(ca_key: KeyAlgorithm, crl_shards: u32) -> Self {
        let database = TestDatabase::sqlite().await;
        let settings = BuiltinSettings {
            organisation: "Beispiel & Söhne".to_owned(),
            key: ca_key,
            pki_url: "http://pki.example.org".to_owned(),
            publish_dir: database.folder().join("pki"),
            crl_interval: Duration::from_secs(3600),
            crl_lifetime: Duration::from_secs(3 * 3600),
            crl_shards,
        };
        let master = MasterKey::generate(&SystemRandom);
        let ca = BuiltinCa::open(
            Db::clone(&database),
            &master,
            Arc::new(SystemClock),
            Arc::new(SystemRandom),
            settings,
        );
        let ca = ca.await.unwrap();
        Self { database, ca }
    }

    fn folder(&self) -> &Path {
        self.database.folder()
    }

    async fn issue(&self, key: &PrivateKey, asked: Asked) -> Issued {
        self.issue_as(&key.public_key_hash().to_string(), key, asked).await
    }

    /// The same for a request of that name.
    async fn issue_as(&self, reference: &str, key: &PrivateKey, asked: Asked) -> Issued {
        let csr = csr::create(key, None).unwrap();
        let reference = reference.to_owned();
        let request = SignRequest { reference, csr, asked, template: String::new() };
        match self.ca.sign(&request).await.unwrap() {
            SignOutcome::Issued(issued) => *issued,
            other => panic!("{other:?}"),
        }
    }

    /// The certificates above a certificate, the issuer's first.
    async fn chain(&self, issued: &Issued) -> Vec<Certificate> {
        self.ca.chain(issued.generation).await.unwrap()
    }

    async fn revoke(&self, issued: &Issued, reason: Reason) {
        let order = RevocationOrder {
            generation: issued.generation,
            serial: issued.certificate.serial().clone(),
            kind: RevocationKind::Revoke,
            reason,
            at: SystemClock.now(),
        };
        self.ca.revoke(&[order]).await.unwrap();
        self.ca.publish().await.unwrap();
    }

    /// Writes a text or DER file and gives its path.
    fn write(&self, name: &str, octets: impl AsRef<[u8]>) -> String {
        let path = self.folder().join(name);
        std::fs::write(&path, octets).unwrap();
        path.to_str().unwrap().to_owned()
    }

    /// A published CRL, as DER.
    async fn crl(&self, name: &str) -> Vec<u8> {
        let file = self.ca.published(name).await.unwrap().unwrap();
        Crl::parse(&file.octets).unwrap();
        file.octets
    }

    /// Published CRLs in one PEM file.
    async fn crls_pem(&self, file: &str) -> String {
        let (root, issuing) = (self.crl("root-1.crl").await, self.crl("issuing-1.crl").await);
        self.write(file, [pem::encode("X509 CRL", &issuing), pem::encode("X509 CRL", &root)].concat())
    }
}

/// A person's certificate for VPN and Wi-Fi, with everything in it that a profile can ask for.
fn person(key: &PrivateKey) -> Asked {
    let name = |kind, value| SubjectAlternativeName::new(kind, value).unwrap();
    Asked {
        subject: Some(
            DistinguishedName::parse("CN=Jürgen Größe\\, jr.,OU=Vertrieb,O=Beispiel,C=DE").unwrap(),
        ),
        alternative_names: vec![
            name(SanKind::Upn, "jürgen@beispiel.example"),
            name(SanKind::Email, "juergen@example.org"),
        ],
        key_usage: KeyUsage {
            digital_signature: true,
            key_encipherment: key.algorithm().is_rsa(),
            ..KeyUsage::default()
        },
        extended_key_usages: vec![Oid::parse(Oid::CLIENT_AUTH).unwrap()],
        validity_days: 365,
        sid: Some(Sid::parse("S-1-5-21-1004336348-1177238915-682003330-512").unwrap()),
        strong_mapping: StrongMapping::Extension,
    }
}

fn chain_pem(chain: &[Certificate]) -> String {
    pem::certificates(chain.iter().map(Certificate::as_der))
}
