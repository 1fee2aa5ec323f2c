//! The internal CA: management certificates of devices and connectors, and the device listener's own certificate.
//! Nobody but the device listener and the agents trust it.

use std::sync::Arc;
use std::time::Duration;

use certporter_model::Timestamp;
use certporter_model::distinguished_name::{AttributeType, DistinguishedName};
use certporter_model::ids::{CaId, EnrolmentId};
use certporter_model::key::KeyAlgorithm;
use certporter_model::serial::SerialNumber;

use super::CaError;
use super::generation::{Generation, NewGeneration, permit};
use crate::clock::Clock;
use crate::pki::issuance::{Issuance, Issuer, IssuerUrls, Validity};
use crate::pki::secret_box::MasterKey;
use crate::pki::tls::ServerIdentity;
use crate::pki::{Certificate, PkiError, PrivateKey, PublicKey};
use crate::random::{Random, octets};
use crate::store::ca_generations::{self, Ca};
use crate::store::{AuditEvent, Db, StoreError, Target};

/// What the internal CA is called among the CAs.
pub const NAME: &str = "devices";
/// How long a management certificate is good, in days; it renews at two thirds.
pub const MANAGEMENT_DAYS: u32 = 365;
/// How long the CA's own certificate is good, in days.
const CA_DAYS: u32 = 20 * 365;
/// How long the device listener's certificate is good, in days; a new one is made at every start.
const SERVER_DAYS: u32 = 397;
/// When the device listener's certificate is made anew while the process runs: at two thirds of its life.
pub const SERVER_RENEWAL: Duration = Duration::from_secs(397 * 86_400 * 2 / 3);

/// The internal CA, its key opened.
#[derive(Clone)]
pub struct DeviceCa {
    generation: Arc<Generation>,
    random: Arc<dyn Random>,
}

impl DeviceCa {
    /// Opens it; makes it at the first start.
    ///
    /// # Errors
    /// When the database fails, or the master key is another than the one its key is sealed with.
    pub async fn open(
        db: &Db,
        master: &MasterKey,
        clock: &dyn Clock,
        random: Arc<dyn Random>,
    ) -> Result<Self, CaError> {
        if load(db).await?.is_none() {
            match create(db, master, clock.now(), random.as_ref()).await {
                // Another process was first.
                Ok(()) | Err(CaError::Store(StoreError::Conflict { .. })) => {}
                Err(error) => return Err(error),
            }
        }
        let row = load(db).await?.ok_or_else(|| CaError::Unknown("its own device CA".to_owned()))?;
        Ok(Self { generation: Arc::new(Generation::open(row, master)?), random })
    }

    /// Its certificate: what an agent pins, and what client certificates must come from.
    #[must_use]
    pub fn certificate(&self) -> &Certificate {
        &self.generation.certificate
    }

    /// A management certificate for an enrolment. Only signs: whoever asks records it.
    ///
    /// # Errors
    /// When cryptography fails, or the CA itself ends before the certificate would.
    pub fn issue_management(
        &self,
        enrolment: EnrolmentId,
        public_key: PublicKey,
        now: Timestamp,
    ) -> Result<Certificate, PkiError> {
        let subject = named(&enrolment.to_string())?;
        let validity = Validity::days(now, MANAGEMENT_DAYS);
        self.issue(Issuance::management(subject, public_key, validity))
    }

    /// Key and certificate of the device listener for some hosts (names or addresses).
    ///
    /// # Errors
    /// When there is no host, or one is no name.
    pub fn server_identity(&self, hosts: &[String], now: Timestamp) -> Result<ServerIdentity, PkiError> {
        let key = PrivateKey::generate(KeyAlgorithm::EcP256)?;
        let validity = Validity::days(now, SERVER_DAYS);
        let certificate = self.issue(Issuance::tls_server(key.public_key().clone(), hosts, validity)?)?;
        Ok(ServerIdentity { key, certificate, chain: vec![self.certificate().clone()] })
    }

    fn issue(&self, issuance: Issuance) -> Result<Certificate, PkiError> {
        let serial = SerialNumber::from_random(octets(self.random.as_ref()));
        let urls = IssuerUrls::default();
        issuance.prepare(&serial, Issuer::Ca(self.certificate(), &urls))?.sign(&self.generation.key)
    }
}

impl std::fmt::Debug for DeviceCa {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("DeviceCa")
            .field("thumbprint", &self.certificate().thumbprint())
            .finish_non_exhaustive()
    }
}

fn named(common_name: &str) -> Result<DistinguishedName, PkiError> {
    let rdns = vec![vec![(AttributeType::CommonName, common_name.to_owned())]];
    DistinguishedName::new(rdns)
        .map_err(|error| PkiError::Unfit { field: "subject", message: error.to_string() })
}

async fn load(db: &Db) -> Result<Option<ca_generations::CaGeneration>, StoreError> {
    let mut conn = db.read().await?;
    let Some(ca) = ca_generations::cas(&mut conn).await?.into_iter().find(|ca| ca.name == NAME) else {
        return Ok(None);
    };
    let generations = ca_generations::generations(&mut conn, ca.id).await?;
    Ok(generations.into_iter().rfind(|row| row.state == "active"))
}

async fn create(db: &Db, master: &MasterKey, now: Timestamp, random: &dyn Random) -> Result<(), CaError> {
    let id = CaId::new(now, octets(random));
    let key = PrivateKey::generate(KeyAlgorithm::EcP256)?;
    let validity = Validity::days(now, CA_DAYS);
    let issuance = Issuance::authority(named("certporter device CA")?, key.public_key().clone(), 0, validity);
    let new = NewGeneration { ca_id: id, purpose: "device", number: 1, parent: None };
    let generation = Generation::create(&new, key, issuance, None, (master, random, now))?;
    let mut tx = db.write(&permit("device CA")?).await?;
    let ca = Ca {
        id,
        name: NAME.to_owned(),
        kind: "devices".to_owned(),
        capabilities: "{}".to_owned(),
        sealed_config: None,
        created_at: now,
    };
    ca_generations::insert_ca(&mut tx, &ca).await?;
    ca_generations::insert_generation(&mut tx, &generation.row).await?;
    let event = AuditEvent::new(now, "ca.create", Target::one("ca", id.as_uuid()))
        .with("name", NAME)
        .with("thumbprint", generation.certificate.thumbprint().to_string());
    Ok(tx.commit(event).await?)
}
