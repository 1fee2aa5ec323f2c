//! What cryptography alone costs on these cores: the limit that issuing can come near to.

use certporter_model::distinguished_name::DistinguishedName;
use certporter_model::key::{KeyAlgorithm, KeyUsage};
use certporter_model::oid::Oid;
use certporter_model::profile::{PfxFormat, StrongMapping};
use certporter_model::serial::SerialNumber;

use super::super::CommandError;
use super::figures::Case;
use crate::clock::{Clock as _, Stopwatch, SystemClock};
use crate::pki::issuance::{Issuance, Issuer, IssuerUrls, Validity};
use crate::pki::pkcs12::{self, Pfx};
use crate::pki::{Asked, Certificate, PkiError, PrivateKey, cms, csr, password};
use crate::random::{SystemRandom, octets};

/// Threads that compute: as many as there are processors.
pub(super) fn threads() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// Does something `n` times on all threads; answers how many a second.
pub(super) fn rate(n: usize, work: impl Fn() -> Result<(), PkiError> + Sync) -> Result<f64, PkiError> {
    let threads = threads();
    let watch = Stopwatch::start();
    let work = &work;
    let results: Vec<Result<(), PkiError>> = std::thread::scope(|scope| {
        let shares = (0..threads).map(|t| n / threads + usize::from(t < n % threads));
        let running: Vec<_> =
            shares.map(|share| scope.spawn(move || (0..share).try_for_each(|_| work()))).collect();
        running.into_iter().map(|thread| thread.join().unwrap_or(Err(PkiError::Stopped))).collect()
    });
    results.into_iter().collect::<Result<Vec<()>, _>>()?;
    Ok(a_second(n, &watch))
}

/// How many a second, since the stopwatch was started.
#[expect(clippy::cast_precision_loss, reason = "thousands at most")]
pub(super) fn a_second(n: usize, watch: &Stopwatch) -> f64 {
    n as f64 / watch.elapsed().as_secs_f64()
}

/// Key generation alone.
pub(super) fn keys(
    name: &'static str,
    algorithm: KeyAlgorithm,
    blocks: usize,
    n: usize,
) -> Result<Case, CommandError> {
    let rates = (0..blocks).map(|_| rate(n, || PrivateKey::generate(algorithm).map(|_| ())));
    Ok(Case::plain(name, "keys/s", &rates.collect::<Result<Vec<_>, _>>()?, n * blocks))
}

/// The operations of one issue, and nothing besides.
pub(super) fn loops(name: &'static str, blocks: usize, n: usize) -> Result<Case, CommandError> {
    let bench = RawLoop::new(KeyAlgorithm::EcP256)?;
    let rates = (0..blocks).map(|_| rate(n, || bench.once()));
    Ok(Case::plain(name, "PFX/s", &rates.collect::<Result<Vec<_>, _>>()?, n * blocks))
}

/// Everybody who takes part, each with a key.
pub(super) struct RawLoop {
    algorithm: KeyAlgorithm,
    asked: Asked,
    ca: (PrivateKey, Certificate),
    kra: (PrivateKey, Certificate),
    device: (PrivateKey, Certificate),
}

impl RawLoop {
    pub(super) fn new(algorithm: KeyAlgorithm) -> Result<Self, CommandError> {
        let authority = |name: &str| -> Result<(PrivateKey, Certificate), CommandError> {
            let key = PrivateKey::generate(KeyAlgorithm::EcP256)?;
            let validity = Validity::days(SystemClock.now(), 3650);
            let serial = SerialNumber::from_random(octets(&SystemRandom));
            let issuance = Issuance::authority(
                DistinguishedName::parse(&format!("CN={name}"))?,
                key.public_key().clone(),
                0,
                validity,
            );
            let certificate = issuance.prepare(&serial, Issuer::Itself)?.sign(&key)?;
            Ok((key, certificate))
        };
        let asked = Asked {
            subject: Some(DistinguishedName::parse("CN=bench,O=Example")?),
            alternative_names: Vec::new(),
            key_usage: KeyUsage { digital_signature: true, ..KeyUsage::default() },
            extended_key_usages: vec![Oid::parse(Oid::CLIENT_AUTH)?],
            validity_days: 365,
            sid: None,
            strong_mapping: StrongMapping::None,
        };
        Ok(Self {
            algorithm,
            asked,
            ca: authority("CA")?,
            kra: authority("KRA")?,
            device: authority("device")?,
        })
    }

    /// Key generation, CSR, signature, verification, three CMS (to the KRA's transport key, to its storage key, to the
    /// device), one PKCS#12; and the client that opens it.
    pub(super) fn once(&self) -> Result<(), PkiError> {
        let key = PrivateKey::generate(self.algorithm)?;
        let request = csr::create(&key, self.asked.subject.as_ref())?;
        let serial = SerialNumber::from_random(octets(&SystemRandom));
        let issuance = Issuance::for_holder(&self.asked, request.public_key().clone(), SystemClock.now())?;
        let urls = IssuerUrls::default();
        let certificate = issuance.prepare(&serial, Issuer::Ca(&self.ca.1, &urls))?.sign(&self.ca.0)?;
        if !certificate.is_signed_by(&self.ca.1) {
            return Err(PkiError::Signature("certificate"));
        }
        let octets = key.to_pkcs8()?;
        let transport = cms::seal(&self.kra.1, &octets)?;
        let opened = cms::open(&self.kra.1, &self.kra.0, &transport)?;
        cms::seal(&self.kra.1, &opened)?;
        let pfx = Pfx { key, certificate, chain: vec![self.ca.1.clone()] };
        let password = password::generate(&SystemRandom);
        let file = pkcs12::build(&pfx, PfxFormat::Modern, &password, "bench")?;
        let envelope = cms::seal(&self.device.1, &file)?;
        let arrived = cms::open(&self.device.1, &self.device.0, &envelope)?;
        pkcs12::open(&arrived, &password).map(|_| ())
    }
}
