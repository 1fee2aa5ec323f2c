//! Issuing CAs that somebody has added: opened with the credential that rests sealed, and opened anew when their
//! settings change. An administrator adds one while the portal runs; no restart is needed.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use certporter_model::ids::CaId;

use super::contract::{CaError, IssuingCa};
use super::openbao::settings::OpenBaoDraft;
use super::openbao::{self, KnownIssuer, OpenBao, OpenBaoSettings, Token};
use crate::clock::Clock;
use crate::pki::Certificate;
use crate::pki::secret_box::MasterKey;
use crate::random::Random;
use crate::store::ca_generations::{self, Ca};
use crate::store::external_cas::{self, ExternalRow};
use crate::store::{Conn, Db, StoreError};

/// The purpose of the generations that issue.
pub const ISSUING: &str = "issuing";

/// The CAs that were added. Cheap to clone.
#[derive(Clone)]
pub struct ExternalCas(Arc<Inner>);

struct Inner {
    db: Db,
    master: Arc<MasterKey>,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
    /// Opened with this version of their settings.
    opened: Mutex<HashMap<CaId, (i64, OpenBao)>>,
}

/// One of them, opened.
#[derive(Clone)]
pub struct ExternalCa {
    /// Its id.
    pub id: CaId,
    /// Whether certificates are asked of it. Revocations go to it in any case.
    pub enabled: bool,
    /// How it is asked.
    pub ca: Arc<dyn IssuingCa>,
}

impl ExternalCas {
    /// Those of this database.
    #[must_use]
    pub fn new(db: Db, master: Arc<MasterKey>, clock: Arc<dyn Clock>, random: Arc<dyn Random>) -> Self {
        Self(Arc::new(Inner { db, master, clock, random, opened: Mutex::default() }))
    }

    /// The one that profiles call so; none when no such CA was added.
    ///
    /// # Errors
    /// When the database fails, or its credential can't be opened.
    pub async fn named(&self, name: &str) -> Result<Option<ExternalCa>, CaError> {
        let mut conn = self.0.db.read().await?;
        let cas = ca_generations::cas(&mut conn).await?;
        match cas.into_iter().find(|ca| ca.name == name) {
            Some(ca) => self.open(&mut conn, ca).await,
            None => Ok(None),
        }
    }

    /// The one of that id; none when no such CA was added.
    ///
    /// # Errors
    /// As [`named`](Self::named).
    pub async fn of(&self, id: CaId) -> Result<Option<ExternalCa>, CaError> {
        let mut conn = self.0.db.read().await?;
        let cas = ca_generations::cas(&mut conn).await?;
        match cas.into_iter().find(|ca| ca.id == id) {
            Some(ca) => self.open(&mut conn, ca).await,
            None => Ok(None),
        }
    }

    /// All of them.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn ids(&self) -> Result<Vec<CaId>, CaError> {
        let mut conn = self.0.db.read().await?;
        Ok(external_cas::all(&mut conn).await?.into_iter().map(|row| row.id).collect())
    }

    async fn open(&self, conn: &mut Conn, ca: Ca) -> Result<Option<ExternalCa>, CaError> {
        let Some(row) = external_cas::of(conn, ca.id).await? else { return Ok(None) };
        let enabled = row.enabled;
        let known = self.opened().get(&ca.id).filter(|(version, _)| *version == row.version).cloned();
        let opened = match known {
            Some((_, opened)) => opened,
            None => {
                let version = row.version;
                let opened = self.newly(conn, &ca, row).await?;
                self.opened().insert(ca.id, (version, opened.clone()));
                opened
            }
        };
        Ok(Some(ExternalCa { id: ca.id, enabled, ca: Arc::new(opened) }))
    }

    fn opened(&self) -> std::sync::MutexGuard<'_, HashMap<CaId, (i64, OpenBao)>> {
        self.0.opened.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn newly(&self, conn: &mut Conn, ca: &Ca, row: ExternalRow) -> Result<OpenBao, CaError> {
        let corrupt = |column, reason: String| StoreError::Corrupt { table: "external_cas", column, reason };
        if ca.kind != openbao::KIND {
            return Err(corrupt("settings", format!("are of a CA of the unknown kind {}", ca.kind)).into());
        }
        let draft: OpenBaoDraft =
            serde_json::from_value(row.settings).map_err(|error| corrupt("settings", error.to_string()))?;
        let settings =
            OpenBaoSettings::parse(&draft).map_err(|errors| corrupt("settings", errors.to_string()))?;
        let token = self.credential(ca)?;
        let mut issuers = Vec::new();
        for generation in ca_generations::generations(conn, ca.id).await? {
            if generation.purpose != ISSUING {
                continue;
            }
            let (id, mut chain) = (generation.id, vec![Certificate::parse(&generation.certificate_der)?]);
            let mut next = generation.parent_id;
            while let Some(above) = next {
                let above = ca_generations::generation(conn, above).await?;
                chain.push(Certificate::parse(&above.certificate_der)?);
                next = above.parent_id;
            }
            issuers.push(KnownIssuer { id, chain });
        }
        OpenBao::new(settings, token, Arc::clone(&self.0.clock), issuers)
    }

    /// The credential that rests for a CA.
    ///
    /// # Errors
    /// When there is none, or it was sealed with another master key.
    pub fn credential(&self, ca: &Ca) -> Result<Token, CaError> {
        let sealed =
            ca.sealed_config.as_deref().ok_or_else(|| CaError::Unknown("its credential".to_owned()))?;
        let octets = self.0.master.open(&context(ca.id), sealed)?;
        let text = std::str::from_utf8(&octets).unwrap_or_default();
        Token::parse(text).map_err(|_| CaError::Unknown("its credential".to_owned()))
    }

    /// Seals a credential for a CA.
    ///
    /// # Errors
    /// When OpenSSL fails.
    pub fn seal(&self, id: CaId, token: &Token) -> Result<Vec<u8>, CaError> {
        Ok(self.0.master.seal(self.0.random.as_ref(), &context(id), token.expose().as_bytes())?)
    }

    /// Asks for the issuer's certificate and those above it, with settings that are not saved yet.
    ///
    /// # Errors
    /// When it can't be reached, doesn't let us in, or has no such mount or issuer.
    pub async fn issuer_chain(
        &self,
        settings: OpenBaoSettings,
        token: Token,
    ) -> Result<Vec<Certificate>, CaError> {
        let bao = OpenBao::new(settings, token, Arc::clone(&self.0.clock), Vec::new())?;
        // The certificate is public: whether the token is taken has to be asked as well.
        bao.is_let_in().await?;
        bao.issuer_chain().await
    }
}

fn context(id: CaId) -> String {
    format!("cas/{id}")
}

impl std::fmt::Debug for ExternalCas {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ExternalCas").finish_non_exhaustive()
    }
}
