//! Who is said to have issued and kept everything.

use std::time::Duration;

use certporter_model::distinguished_name::DistinguishedName;
use certporter_model::ids::{CaGenerationId, CaId, EnrolmentId, KraGenerationId};
use certporter_model::key::KeyAlgorithm;
use certporter_model::names::RenderedNames;
use certporter_model::profile::Profile;
use certporter_model::serial::SerialNumber;
use certporter_model::thumbprint::PublicKeyHash;
use certporter_model::{ParseError, Timestamp};

use super::{Fleet, GenerateError};
use crate::pki::issuance::{Issuance, Issuer, IssuerUrls, Validity};
use crate::pki::{Asked, Certificate, PkiError, PublicKey, specimen};
use crate::random::{Random, SeededRandom, octets};
use crate::store::WriteTx;
use crate::store::ca_generations::{self, Ca, CaGeneration};
use crate::store::kra_generations::{self, KraGeneration};

const DAY: Duration = Duration::from_secs(86_400);
/// Days for which an authority is good that is only said to be one.
const AUTHORITY_DAYS: u32 = 4_500;
/// Days for which a device's management certificate is good.
const MANAGEMENT_DAYS: u32 = 900;
/// Octets of a sealed key that is none: about as many as a real one has.
const FILLER: usize = 480;
/// What the made-up CA can: as much as the built-in one.
const CAPABILITIES: &str =
    r#"{"hold":true,"reasons":true,"find_by_key":true,"enumerate":true,"choose_serial":true}"#;

/// The issuing CA and the key recovery agent that everything is said to come from: those of the portal, if it has been
/// started; else some without keys.
pub(super) struct Authorities {
    pub(super) ca: CaId,
    pub(super) ca_generation: CaGenerationId,
    /// Whether the built-in CA's ledger must know the certificates, so that they can be revoked.
    pub(super) has_ledger: bool,
    pub(super) kra_generation: KraGenerationId,
    issuing: Certificate,
    devices: Certificate,
    urls: IssuerUrls,
}

/// A certificate as it is printed, and what rows repeat of it.
pub(super) struct Printed {
    pub(super) der: Vec<u8>,
    pub(super) tbs: Vec<u8>,
    pub(super) serial: SerialNumber,
    pub(super) public_key_hash: PublicKeyHash,
    pub(super) not_before: Timestamp,
    pub(super) not_after: Timestamp,
}

impl Authorities {
    pub(super) async fn find_or_make(
        tx: &mut WriteTx,
        fleet: &Fleet,
        random: &SeededRandom,
    ) -> Result<Self, GenerateError> {
        let at = fleet.at.minus(DAY * 900);
        let builtin =
            ca_generations::cas(tx).await?.into_iter().find(|ca| ca.kind == ca_generations::BUILTIN);
        let issuing = match &builtin {
            Some(ca) => {
                let all = ca_generations::generations(tx, ca.id).await?;
                all.into_iter().rfind(|generation| generation.purpose == "issuing").map(|it| (ca.id, it))
            }
            None => None,
        };
        let has_ledger = issuing.is_some();
        let (ca, generation) = match issuing {
            Some(found) => found,
            None => made_up_ca(tx, at, random).await?,
        };
        let storage = kra_generations::all(tx).await?.into_iter().rfind(|it| it.kind == "storage");
        let kra_generation = match storage {
            Some(generation) => generation.id,
            None => made_up_kra(tx, at, random).await?,
        };
        Ok(Self {
            ca,
            ca_generation: generation.id,
            has_ledger,
            kra_generation,
            issuing: Certificate::parse(&generation.certificate_der)?,
            devices: authority("Generated devices CA", at, random)?,
            urls: IssuerUrls {
                ca_issuers: Some("http://pki.example.org/issuing-1.crt".to_owned()),
                ocsp: Some("http://pki.example.org/ocsp".to_owned()),
                crl: Some("http://pki.example.org/issuing-1.crl".to_owned()),
            },
        })
    }

    /// A certificate as the profile asks.
    pub(super) fn certificate(
        &self,
        profile: &Profile,
        names: &RenderedNames,
        at: Timestamp,
        random: &dyn Random,
    ) -> Result<Printed, GenerateError> {
        let (subject, alternative) = (names.subject.clone(), names.subject_alternative_names.clone());
        let asked = Asked::of_profile(profile, subject, alternative, names.sid.clone());
        let key = specimen::public_key(profile.key_algorithm(), random)?;
        let issuance = Issuance::for_holder(&asked, key, at)?;
        Ok(print(issuance, Issuer::Ca(&self.issuing, &self.urls), random)?)
    }

    /// A device's certificate towards the portal.
    pub(super) fn management(
        &self,
        enrolment: EnrolmentId,
        at: Timestamp,
        random: &dyn Random,
    ) -> Result<Printed, GenerateError> {
        let subject = named(&enrolment.to_string())?;
        let key = specimen::public_key(KeyAlgorithm::EcP256, random)?;
        let issuance = Issuance::management(subject, key, Validity::days(at, MANAGEMENT_DAYS));
        Ok(print(issuance, Issuer::Ca(&self.devices, &IssuerUrls::default()), random)?)
    }
}

async fn made_up_ca(
    tx: &mut WriteTx,
    at: Timestamp,
    random: &SeededRandom,
) -> Result<(CaId, CaGeneration), GenerateError> {
    let ca = Ca {
        id: CaId::new(at, octets(random)),
        name: "generated".to_owned(),
        kind: "generated".to_owned(),
        capabilities: CAPABILITIES.to_owned(),
        sealed_config: None,
        created_at: at,
    };
    ca_generations::insert_ca(tx, &ca).await?;
    let certificate = authority("Generated issuing CA", at, random)?;
    let generation = CaGeneration {
        id: CaGenerationId::new(at, octets(random)),
        ca_id: ca.id,
        generation: 1,
        purpose: "issuing".to_owned(),
        parent_id: None,
        certificate_der: certificate.as_der().to_vec(),
        thumbprint: certificate.thumbprint(),
        public_key_hash: certificate.public_key_hash(),
        sealed_key: None,
        not_before: certificate.not_before(),
        not_after: certificate.not_after(),
        state: "retired".to_owned(),
        created_at: at,
    };
    ca_generations::insert_generation(tx, &generation).await?;
    Ok((ca.id, generation))
}

async fn made_up_kra(
    tx: &mut WriteTx,
    at: Timestamp,
    random: &SeededRandom,
) -> Result<KraGenerationId, GenerateError> {
    let key = specimen::public_key(KeyAlgorithm::EcP256, random)?;
    let validity = Validity::days(at, AUTHORITY_DAYS);
    let issuance = Issuance::key_recovery(named("Generated KRA storage")?, key, validity);
    let certificate = Certificate::parse(&print(issuance, Issuer::Itself, random)?.der)?;
    let generation = KraGeneration {
        id: KraGenerationId::new(at, octets(random)),
        kind: "storage".to_owned(),
        generation: 1,
        certificate_der: certificate.as_der().to_vec(),
        thumbprint: certificate.thumbprint(),
        sealed_key: None,
        not_before: certificate.not_before(),
        not_after: certificate.not_after(),
        state: "retired".to_owned(),
        created_at: at,
    };
    kra_generations::insert(tx, &generation).await?;
    Ok(generation.id)
}

fn authority(name: &str, at: Timestamp, random: &dyn Random) -> Result<Certificate, GenerateError> {
    let key = specimen::public_key(KeyAlgorithm::EcP256, random)?;
    let issuance = Issuance::authority(named(name)?, key, 0, Validity::days(at, AUTHORITY_DAYS));
    Ok(Certificate::parse(&print(issuance, Issuer::Itself, random)?.der)?)
}

fn named(name: &str) -> Result<DistinguishedName, ParseError> {
    DistinguishedName::parse(&format!("CN={name},O=Example"))
}

fn print(issuance: Issuance, issuer: Issuer<'_>, random: &dyn Random) -> Result<Printed, PkiError> {
    let serial = SerialNumber::from_random(octets(random));
    let validity = issuance.validity();
    let public_key_hash = PublicKey::hash(issuance.public_key());
    let prepared = issuance.prepare(&serial, issuer)?;
    Ok(Printed {
        der: specimen::sign(&prepared, random)?,
        tbs: prepared.tbs().to_vec(),
        serial,
        public_key_hash,
        not_before: validity.not_before(),
        not_after: validity.not_after(),
    })
}

/// Octets that stand for a sealed key.
pub(super) fn filler(random: &dyn Random) -> Vec<u8> {
    let mut octets = vec![0; FILLER];
    random.fill(&mut octets);
    octets
}
