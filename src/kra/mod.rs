//! The key recovery agent (KRA): private keys in escrow. Never hands out plaintext.
//!
//! A key goes its way sealed: on the connector that generated it to the KRA's **transport** certificate, whose public
//! half is all that a connector needs ([`TransportKey::seal`]); once the certificate is issued, into **storage**
//! ([`Kra::store`]); and out of it only inside an envelope for a device's management certificate ([`Kra::reseal`]), or,
//! for a device without one, inside a PFX under a random password ([`Kra::pfx`]), or not at all ([`Kra::destroy`]). Storage and transport keys have generations: the newest seals, all open.
mod generation;
mod hand_out;
mod transport;

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use certporter_model::Timestamp;
use certporter_model::escrow::{EscrowPolicy, EscrowState};
use certporter_model::feature::Feature;
use certporter_model::ids::{EscrowedKeyId, KraGenerationId, RequestId};
use certporter_model::profile::PfxFormat;
use certporter_model::revocation::Trigger;
use certporter_model::thumbprint::PublicKeyHash;

use crate::clock::Clock;
use crate::delivery::envelope::{self, Contents};
use crate::pki::pkcs12::{self, Pfx};
use crate::pki::secret_box::MasterKey;
use crate::pki::{Asked, Certificate, Csr, PkiError, PrivateKey, cms, csr, password};
use crate::random::{Random, octets};
use crate::store::escrowed_keys::{self, EscrowedKey};
use crate::store::kra_generations;
use crate::store::{AuditEvent, Db, StoreError, Target, WriteTx};

use generation::{Generation, GenerationKind};
pub use hand_out::{PfxOrder, SealedFile};
pub use transport::{SealedKey, TransportKey};

/// Why a key could not be kept or given on.
#[derive(Debug, thiserror::Error)]
pub enum KraError {
    /// The key is gone for good: a new one has to be issued.
    #[error("the private key was destroyed, as its profile says: the certificate has to be reissued")]
    Destroyed,
    /// The KRA's own key is not there.
    #[error(
        "the KRA has no key of the generation {0}: restore the row from a backup, or reissue the certificate"
    )]
    NoGeneration(KraGenerationId),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Cryptography failed.
    #[error(transparent)]
    Pki(#[from] PkiError),
}

/// What goes into an envelope beside the key, and for whom.
#[derive(Debug, Clone)]
pub struct ResealOrder {
    /// The device's management certificate.
    pub recipient: Certificate,
    /// The certificate of the escrowed key.
    pub certificate: Certificate,
    /// The certificates above it, the issuer's first.
    pub chain: Vec<Certificate>,
    /// The PFX's cryptography.
    pub format: PfxFormat,
    /// What a certificate store shall show.
    pub friendly_name: String,
    /// What the copy is for.
    pub feature: Feature,
}

/// The key recovery agent, its keys opened. Cheap to clone.
#[derive(Clone)]
pub struct Kra {
    db: Db,
    master: Arc<MasterKey>,
    random: Arc<dyn Random>,
    /// The newest of each kind last; more when another process has rotated.
    generations: Arc<RwLock<HashMap<KraGenerationId, Arc<Generation>>>>,
}

impl Kra {
    /// Opens it; makes its first keys at the first start.
    ///
    /// # Errors
    /// When the database fails, or the master key is another than the one its keys are sealed with.
    pub async fn open(
        db: Db,
        master: Arc<MasterKey>,
        clock: &dyn Clock,
        random: Arc<dyn Random>,
    ) -> Result<Self, KraError> {
        let kra = Self { db, master, random, generations: Arc::default() };
        kra.reload().await?;
        for kind in [GenerationKind::Transport, GenerationKind::Storage] {
            if kra.newest(kind).is_none() {
                match kra.rotate_kind(kind, clock.now()).await {
                    // Another process was first.
                    Ok(()) | Err(KraError::Store(StoreError::Conflict { .. })) => {}
                    Err(error) => return Err(error),
                }
            }
        }
        kra.reload().await?;
        Ok(kra)
    }

    /// New transport and storage keys. The ones before them open as ever, and seal no more.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn rotate(&self, now: Timestamp) -> Result<(), KraError> {
        self.rotate_kind(GenerationKind::Transport, now).await?;
        self.rotate_kind(GenerationKind::Storage, now).await
    }

    /// What a connector seals new keys to: the public half alone.
    ///
    /// # Errors
    /// When there is none, which the first start prevents.
    pub fn transport_key(&self) -> Result<TransportKey, KraError> {
        let newest = self.newest(GenerationKind::Transport).ok_or_else(no_key)?;
        Ok(TransportKey::new(newest.row.id, newest.certificate.clone()))
    }

    /// Records a key that was sealed to a transport key, before its CSR leaves.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn escrow(
        &self,
        tx: &mut WriteTx,
        request_id: RequestId,
        public_key_hash: PublicKeyHash,
        sealed: SealedKey,
        policy: EscrowPolicy,
        now: Timestamp,
    ) -> Result<EscrowedKeyId, KraError> {
        let id = EscrowedKeyId::new(now, octets(self.random.as_ref()));
        let key = EscrowedKey {
            id,
            request_id,
            public_key_hash,
            kra_generation_id: sealed.generation,
            sealed: Some(sealed.octets),
            state: EscrowState::Transport,
            policy,
            created_at: now,
            stored_at: None,
            destroyed_at: None,
            destroyed_trigger: None,
        };
        escrowed_keys::insert(tx, &key).await?;
        Ok(id)
    }

    /// Seals a key anew, to the storage key: what [`store`](Self::store) then records. Apart from it, so that no
    /// transaction is open meanwhile. One that is in storage already needs nothing.
    ///
    /// # Errors
    /// When the key is destroyed, or can't be opened.
    pub async fn for_storage(&self, escrowed: &EscrowedKey) -> Result<Option<SealedKey>, KraError> {
        match escrowed.state {
            EscrowState::Destroyed => return Err(KraError::Destroyed),
            EscrowState::Stored => return Ok(None),
            EscrowState::Transport => {}
        }
        let key = self.unseal(escrowed).await?;
        let storage = self.newest(GenerationKind::Storage).ok_or_else(no_key)?;
        let octets = cms::seal(&storage.certificate, &key.to_pkcs8()?)?;
        Ok(Some(SealedKey { generation: storage.row.id, octets }))
    }

    /// Puts a key into storage, sealed to the storage key. One that has come there meanwhile stays as it is.
    ///
    /// # Errors
    /// [`KraError::Destroyed`] when the key was destroyed meanwhile; when the database refuses.
    pub async fn store(
        &self,
        tx: &mut WriteTx,
        id: EscrowedKeyId,
        sealed: &SealedKey,
        now: Timestamp,
    ) -> Result<(), KraError> {
        let state = escrowed_keys::stored(tx, id, sealed.generation, &sealed.octets, now).await?;
        if state == EscrowState::Destroyed { Err(KraError::Destroyed) } else { Ok(()) }
    }

    /// Seals a key with its certificate for one device: a PFX with a random password inside an envelope that only the
    /// device's management key opens. Every call makes another password.
    ///
    /// # Errors
    /// When the key is destroyed, can't be opened, or is not the certificate's.
    pub async fn reseal(&self, escrowed: &EscrowedKey, order: &ResealOrder) -> Result<Vec<u8>, KraError> {
        let key = self.unseal(escrowed).await?;
        let pfx = Pfx { key, certificate: order.certificate.clone(), chain: order.chain.clone() };
        let password = password::generate(self.random.as_ref());
        let contents = Contents {
            pfx: pkcs12::build(&pfx, order.format, &password, &order.friendly_name)?,
            password,
            friendly_name: order.friendly_name.clone(),
            feature: order.feature,
            thumbprint: order.certificate.thumbprint(),
        };
        Ok(envelope::seal(&order.recipient, &contents)?)
    }

    /// A CSR for a key in escrow, for a renewal that keeps the key; says what the certificate shall say.
    ///
    /// # Errors
    /// When the key is destroyed, or can't be opened.
    pub async fn csr(&self, escrowed: &EscrowedKey, asked: Option<&Asked>) -> Result<Csr, KraError> {
        let key = self.unseal(escrowed).await?;
        Ok(match asked {
            Some(asked) => csr::create_asking(&key, asked)?,
            None => csr::create(&key, None)?,
        })
    }

    /// Destroys a key, wherever it is: its octets are overwritten and removed, and why stays on record. A second time
    /// changes nothing.
    ///
    /// # Errors
    /// When there is no such key, or the database refuses.
    pub async fn destroy(
        &self,
        tx: &mut WriteTx,
        id: EscrowedKeyId,
        trigger: Option<Trigger>,
        now: Timestamp,
    ) -> Result<(), KraError> {
        Ok(escrowed_keys::destroy(tx, id, trigger, now).await?)
    }

    async fn unseal(&self, escrowed: &EscrowedKey) -> Result<PrivateKey, KraError> {
        let sealed = escrowed.sealed.as_deref().ok_or(KraError::Destroyed)?;
        let generation = self.generation(escrowed.kra_generation_id).await?;
        let key = PrivateKey::from_pkcs8(&cms::open(&generation.certificate, &generation.key, sealed)?)?;
        if key.public_key_hash() != escrowed.public_key_hash {
            return Err(PkiError::Damaged(format!("escrowed_keys/{}", escrowed.id)).into());
        }
        Ok(key)
    }

    async fn generation(&self, id: KraGenerationId) -> Result<Arc<Generation>, KraError> {
        if let Some(found) = self.known(id) {
            return Ok(found);
        }
        // Another process may have rotated.
        self.reload().await?;
        self.known(id).ok_or(KraError::NoGeneration(id))
    }

    fn known(&self, id: KraGenerationId) -> Option<Arc<Generation>> {
        self.generations.read().unwrap_or_else(PoisonError::into_inner).get(&id).cloned()
    }

    fn newest(&self, kind: GenerationKind) -> Option<Arc<Generation>> {
        let known = self.generations.read().unwrap_or_else(PoisonError::into_inner);
        let of_kind = known.values().filter(|g| g.row.kind == kind.as_str());
        of_kind.max_by_key(|g| g.row.generation).cloned()
    }

    async fn reload(&self) -> Result<(), KraError> {
        let mut conn = self.db.read().await?;
        let rows = kra_generations::all(&mut conn).await?;
        drop(conn);
        for row in rows {
            if row.sealed_key.is_some() && self.known(row.id).is_none() {
                let generation = Arc::new(Generation::open(row, &self.master)?);
                let mut known = self.generations.write().unwrap_or_else(PoisonError::into_inner);
                known.insert(generation.row.id, generation);
            }
        }
        Ok(())
    }

    async fn rotate_kind(&self, kind: GenerationKind, now: Timestamp) -> Result<(), KraError> {
        let number = self.newest(kind).map_or(1, |newest| newest.row.generation + 1);
        let generation = Generation::create(kind, number, &self.master, self.random.as_ref(), now)?;
        let mut tx = self.db.write(&generation::permit()?).await?;
        kra_generations::insert(&mut tx, &generation.row).await?;
        let target = Target::one("kra_generation", generation.row.id.as_uuid());
        let event = AuditEvent::new(now, "kra.rotate", target)
            .with("kind", kind.as_str())
            .with("generation", number)
            .with("thumbprint", generation.certificate.thumbprint().to_string());
        tx.commit(event).await?;
        self.reload().await
    }
}

fn no_key() -> KraError {
    KraError::Store(StoreError::NotFound { what: "key of the KRA" })
}

impl std::fmt::Debug for Kra {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Kra").finish_non_exhaustive()
    }
}
