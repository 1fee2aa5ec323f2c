//! The built-in CA: a root and an issuing CA, made at the first start, their keys sealed with the master key.
//!
//! - [`first_start`]: how they come to be; [`rotation`]: a new issuing key
//! - [`ledger`]: signing, in the order serial, intended certificate, audit, signature, storage; [`revoking`]
//! - [`enumeration`]: all that it has
//! - [`crl`]: CRLs and their numbers; [`shards`]: of which certificates name one each
//! - [`ocsp`]: answers about single certificates, with [`look_ups`] in the ledger for many at once
//! - [`hand_out_signer`]: who signs configuration profiles
//! - [`publication`]: what relying parties fetch, over HTTP and as files
mod crl;
mod enumeration;
mod first_start;
mod hand_out_signer;
mod ledger;
mod look_ups;
mod ocsp;
mod publication;
mod revoking;
mod rotation;
mod shards;

use std::collections::{HashMap, HashSet};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, RwLock};
use std::time::{Duration, SystemTime};

use certporter_model::Timestamp;
use certporter_model::ids::{CaGenerationId, CaId};
use certporter_model::key::KeyAlgorithm;
use certporter_model::serial::SerialNumber;
use futures::future::{BoxFuture, FutureExt};

use super::contract::{
    CaError, Capabilities, Health, Issued, IssuingCa, Listing, LookedUp, RevocationOrder, SignOutcome,
    SignRequest, Standing,
};
use super::generation::Generation;
use crate::clock::Clock;
use crate::pki::issuance::IssuerUrls;
use crate::pki::secret_box::MasterKey;
use crate::pki::{Certificate, Csr};
use crate::random::Random;
use crate::store::Db;
use crate::store::crls::FULL;

pub use crl::PublishedList;
pub use hand_out_signer::HandOutSigner;
pub use ocsp::{ANSWER_LIFE as OCSP_ANSWER_LIFE, OcspAnswer};
pub use publication::PublishedFile;

/// What profiles call it.
pub const NAME: &str = "builtin";

/// What it can.
const CAPABILITIES: Capabilities = Capabilities {
    hold: true,
    reasons: true,
    find_by_key: true,
    enumerate: true,
    choose_serial: false,
    remembers_requests: true,
    publishes: true,
};

/// How the built-in CA is set up.
#[derive(Debug, Clone)]
pub struct BuiltinSettings {
    /// The organisation in the CA certificates' names; used when one is made: at the first start and at rotations.
    pub organisation: String,
    /// The algorithm of keys that are made: of the issuing CA, and of the root too unless it is P-256, which gets
    /// P-384.
    pub key: KeyAlgorithm,
    /// Where relying parties fetch, without a slash at its end: `http://pki.example.org`. Frozen into certificates.
    pub pki_url: String,
    /// Where the files are written for any static server.
    pub publish_dir: PathBuf,
    /// How often a CRL is made when nothing changes.
    pub crl_interval: Duration,
    /// How long relying parties may go on with a CRL, from when it was made to its nextUpdate.
    pub crl_lifetime: Duration,
    /// Into how many shards of the CRL the certificates go that are issued from now on; 1 is the full CRL alone.
    /// Certificates stay in the shard that they name.
    pub crl_shards: u32,
}

/// The built-in CA, its keys opened. Cheap to clone.
#[derive(Clone)]
pub struct BuiltinCa(Arc<Inner>);

struct Inner {
    db: Db,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
    settings: BuiltinSettings,
    ca_id: CaId,
    master: MasterKey,
    generations: rotation::Generations,
    signers: ocsp::Signers,
    look_ups: look_ups::LookUps,
    hand_out_signer: RwLock<Option<Arc<HandOutSigner>>>,
    /// When this process last put a list together from all that is revoked, by generation and shard.
    whole_lists: Mutex<HashMap<(CaGenerationId, u32), Timestamp>>,
    /// Shards whose address for new certificates is on record.
    named_shards: Mutex<HashSet<(CaGenerationId, u32)>>,
    /// What this process has written into the publishing folder, by the file's name: which number a list had, and when.
    written: Mutex<HashMap<String, (u64, SystemTime)>>,
}

impl BuiltinCa {
    /// Opens it; makes it at the first start.
    ///
    /// # Errors
    /// When the database fails, or the master key is another than the one its keys are sealed with.
    pub async fn open(
        db: Db,
        master: &MasterKey,
        clock: Arc<dyn Clock>,
        random: Arc<dyn Random>,
        settings: BuiltinSettings,
    ) -> Result<Self, CaError> {
        let (ca, rows) = first_start::load_or_create(&db, master, &*clock, &*random, &settings).await?;
        let generations = rotation::Generations::open(rows, master)?;
        Ok(Self(Arc::new(Inner {
            db,
            clock,
            random,
            settings,
            ca_id: ca.id,
            master: master.clone(),
            generations,
            signers: ocsp::Signers::default(),
            look_ups: look_ups::LookUps::default(),
            hand_out_signer: RwLock::default(),
            whole_lists: Mutex::default(),
            named_shards: Mutex::default(),
            written: Mutex::default(),
        })))
    }

    /// Its id among the CAs.
    #[must_use]
    pub fn id(&self) -> CaId {
        self.0.ca_id
    }

    /// The certificate of the generation that issues now.
    ///
    /// # Errors
    /// When there is none, which the first start prevents.
    pub fn issuing_certificate(&self) -> Result<Certificate, CaError> {
        Ok(self.issuing()?.certificate.clone())
    }

    fn issuing(&self) -> Result<Arc<Generation>, CaError> {
        let found = self.0.generations.all().iter().rfind(|g| g.issues()).cloned();
        found.ok_or_else(|| CaError::Unknown("an active issuing generation of its own".to_owned()))
    }

    /// A generation, whichever process made it.
    async fn generation(&self, id: CaGenerationId) -> Result<Arc<Generation>, CaError> {
        let known = |all: &[Arc<Generation>]| all.iter().find(|g| g.row.id == id).cloned();
        if let Some(found) = known(&self.0.generations.all()) {
            return Ok(found);
        }
        let found = known(&self.read_generations().await?);
        found.ok_or_else(|| CaError::Unknown(format!("its generation {id}")))
    }

    async fn chain_of(&self, id: CaGenerationId) -> Result<Vec<Certificate>, CaError> {
        let mut chain = Vec::new();
        let mut next = Some(id);
        while let Some(id) = next {
            let generation = self.generation(id).await?;
            chain.push(generation.certificate.clone());
            next = generation.row.parent_id;
        }
        Ok(chain)
    }
}

/// Where relying parties find what they need of a CA whose files are called `slug`, and the shard of its CRL.
fn urls(pki_url: &str, slug: &str, shard: u32) -> IssuerUrls {
    IssuerUrls {
        ca_issuers: Some(format!("{pki_url}/{slug}.crt")),
        ocsp: Some(format!("{pki_url}/ocsp")),
        crl: Some(format!("{pki_url}/{}.crl", list_name(slug, shard))),
    }
}

/// What a list's file is called, without an ending: `issuing-1` is the full CRL, `issuing-1-3` its third shard.
fn list_name(slug: &str, shard: u32) -> String {
    if shard == FULL { slug.to_owned() } else { format!("{slug}-{shard}") }
}

impl IssuingCa for BuiltinCa {
    fn capabilities(&self) -> Capabilities {
        CAPABILITIES
    }

    fn sign<'a>(&'a self, request: &'a SignRequest) -> BoxFuture<'a, Result<SignOutcome, CaError>> {
        self.sign_request(request).boxed()
    }

    fn poll<'a>(&'a self, reference: &'a str) -> BoxFuture<'a, Result<SignOutcome, CaError>> {
        self.answer_again(reference).boxed()
    }

    fn revoke<'a>(&'a self, orders: &'a [RevocationOrder]) -> BoxFuture<'a, Result<Vec<Standing>, CaError>> {
        let each = self.bring_into_standing(orders);
        async move { each.await.into_iter().collect() }.boxed()
    }

    fn takes_many(&self) -> bool {
        true
    }

    fn revoke_each<'a>(
        &'a self,
        orders: &'a [RevocationOrder],
    ) -> BoxFuture<'a, Vec<Result<Standing, CaError>>> {
        self.bring_into_standing(orders).boxed()
    }

    fn find_by_key<'a>(&'a self, csr: &'a Csr) -> BoxFuture<'a, Result<Vec<Issued>, CaError>> {
        self.issued_for_key(csr.public_key_hash()).boxed()
    }

    fn chain(&self, generation: CaGenerationId) -> BoxFuture<'_, Result<Vec<Certificate>, CaError>> {
        self.chain_of(generation).boxed()
    }

    fn enumerate<'a>(
        &'a self,
        after: Option<&'a SerialNumber>,
        most: u32,
    ) -> BoxFuture<'a, Result<Listing, CaError>> {
        self.page(after, most).boxed()
    }

    fn look_up<'a>(&'a self, serial: &'a SerialNumber) -> BoxFuture<'a, Result<Option<LookedUp>, CaError>> {
        self.by_serial(serial).boxed()
    }

    fn health(&self) -> BoxFuture<'_, Health> {
        self.examine().boxed()
    }
}

impl BuiltinCa {
    /// How a certificate stands in the ledger, and the newest CRL that has it so, if one has.
    ///
    /// # Errors
    /// When the database fails, or it is not in the ledger.
    pub async fn standing(
        &self,
        generation: CaGenerationId,
        serial: &SerialNumber,
    ) -> Result<(Standing, Option<u64>), CaError> {
        self.ledger_standing(generation, serial).await
    }

    async fn examine(&self) -> Health {
        let mut findings = Vec::new();
        let mut well = true;
        let now = self.0.clock.now();
        match self.issuing() {
            Err(error) => {
                well = false;
                findings.push(error.to_string());
            }
            Ok(generation) => {
                let left = generation.certificate.not_after().since(now);
                if left.is_zero() {
                    well = false;
                    findings.push("the issuing CA's certificate has expired: renew the CA".to_owned());
                } else if left < Duration::from_secs(365 * 86_400) {
                    let days = left.as_secs() / 86_400;
                    findings.push(format!("the issuing CA's certificate ends in {days} days: renew the CA"));
                }
            }
        }
        match self.lists().await {
            Err(error) => {
                well = false;
                findings.push(error.to_string());
            }
            Ok(lists) => {
                for list in lists.iter().filter(|list| list.next_update <= now) {
                    let name = &list.name;
                    findings.push(format!(
                        "the CRL {name} is out of date since {}: see whether the publishing job runs",
                        list.next_update
                    ));
                }
            }
        }
        if let Some(finding) = self.folder_finding().await {
            well = false;
            findings.push(finding);
        }
        Health { well, findings, credential_ends_at: None }
    }
}

impl std::fmt::Debug for BuiltinCa {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("BuiltinCa").field("id", &self.0.ca_id).finish_non_exhaustive()
    }
}
