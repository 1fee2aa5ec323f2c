//! How the root and the issuing CA come to be.

use certporter_model::Timestamp;
use certporter_model::distinguished_name::{AttributeType, DistinguishedName};
use certporter_model::ids::CaId;
use certporter_model::key::KeyAlgorithm;

use super::{BuiltinSettings, CAPABILITIES, NAME, urls};
use crate::ca::contract::CaError;
use crate::ca::generation::{Generation, NewGeneration, permit};
use crate::clock::Clock;
use crate::pki::issuance::{Issuance, Validity};
use crate::pki::secret_box::MasterKey;
use crate::pki::{PkiError, PrivateKey};
use crate::random::{Random, octets};
use crate::store::ca_generations::{self, Ca, CaGeneration};
use crate::store::crls::FULL;
use crate::store::{AuditEvent, Db, StoreError, Target};

/// Purpose of the root's generations.
pub(super) const ROOT: &str = "root";
/// Purpose of the issuing CA's generations.
pub(super) const ISSUING: &str = "issuing";

const ROOT_DAYS: u32 = 20 * 365;
/// How long an issuing certificate is good, in days.
pub(super) const ISSUING_DAYS: u32 = 10 * 365;

/// The CA's row and its generations, made if there are none.
pub(super) async fn load_or_create(
    db: &Db,
    master: &MasterKey,
    clock: &dyn Clock,
    random: &dyn Random,
    settings: &BuiltinSettings,
) -> Result<(Ca, Vec<CaGeneration>), CaError> {
    if let Some(found) = load(db).await? {
        return Ok(found);
    }
    match create(db, master, clock.now(), random, settings).await {
        // Another process was first.
        Ok(()) | Err(CaError::Store(StoreError::Conflict { .. })) => {}
        Err(error) => return Err(error),
    }
    load(db).await?.ok_or_else(|| CaError::Unknown("itself".to_owned()))
}

async fn load(db: &Db) -> Result<Option<(Ca, Vec<CaGeneration>)>, StoreError> {
    let mut conn = db.read().await?;
    let Some(ca) = ca_generations::cas(&mut conn).await?.into_iter().find(|ca| ca.name == NAME) else {
        return Ok(None);
    };
    let rows = ca_generations::generations(&mut conn, ca.id).await?;
    Ok(Some((ca, rows)))
}

async fn create(
    db: &Db,
    master: &MasterKey,
    now: Timestamp,
    random: &dyn Random,
    settings: &BuiltinSettings,
) -> Result<(), CaError> {
    let ca_id = CaId::new(now, octets(random));
    let root_algorithm = match settings.key {
        KeyAlgorithm::EcP256 => KeyAlgorithm::EcP384,
        other => other,
    };
    // RSA keys take a while: not on the executor.
    let issuing_algorithm = settings.key;
    let keys = tokio::task::spawn_blocking(move || -> Result<_, PkiError> {
        Ok((PrivateKey::generate(root_algorithm)?, PrivateKey::generate(issuing_algorithm)?))
    });
    let (root_key, issuing_key) = keys.await.map_err(|error| CaError::Interrupted(error.to_string()))??;
    let context = (master, random, now);

    let name = named(&settings.organisation, "Root CA G1")?;
    let issuance =
        Issuance::authority(name, root_key.public_key().clone(), 1, Validity::days(now, ROOT_DAYS));
    let new = NewGeneration { ca_id, purpose: ROOT, number: 1, parent: None };
    let root = Generation::create(&new, root_key, issuance, None, context)?;

    let name = named(&settings.organisation, "Issuing CA G1")?;
    let validity = Validity::days(now, ISSUING_DAYS);
    let issuance = Issuance::authority(name, issuing_key.public_key().clone(), 0, validity);
    let new = NewGeneration { ca_id, purpose: ISSUING, number: 1, parent: Some(root.row.id) };
    let root_urls = urls(&settings.pki_url, &root.slug(), FULL);
    let issuing = Generation::create(&new, issuing_key, issuance, Some((&root, &root_urls)), context)?;

    let mut tx = db.write(&permit("built-in CA")?).await?;
    let ca = Ca {
        id: ca_id,
        name: NAME.to_owned(),
        kind: ca_generations::BUILTIN.to_owned(),
        capabilities: serde_json::to_string(&CAPABILITIES)
            .map_err(|error| CaError::Interrupted(error.to_string()))?,
        sealed_config: None,
        created_at: now,
    };
    ca_generations::insert_ca(&mut tx, &ca).await?;
    ca_generations::insert_generation(&mut tx, &root.row).await?;
    ca_generations::insert_generation(&mut tx, &issuing.row).await?;
    let event = AuditEvent::new(now, "ca.create", Target::one("ca", ca_id.as_uuid()))
        .with("name", NAME)
        .with("root", root.certificate.thumbprint().to_string())
        .with("issuing", issuing.certificate.thumbprint().to_string());
    Ok(tx.commit(event).await?)
}

/// `what` of an organisation, as far as there is room.
pub(super) fn named(organisation: &str, what: &str) -> Result<DistinguishedName, PkiError> {
    // A common name has room for 64 characters (RFC 5280, appendix A.1).
    let short: String = organisation.chars().take(64 - 1 - what.len()).collect();
    let parts =
        [(AttributeType::CommonName, format!("{short} {what}")), (AttributeType::Organization, short)];
    DistinguishedName::new(parts.into_iter().map(|part| vec![part]).collect())
        .map_err(|error| PkiError::Unfit { field: "organisation", message: error.to_string() })
}
