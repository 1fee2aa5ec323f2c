//! Requests as the pipeline works on them: read under a lock, changed by parsed transitions, saved as a whole.

use certporter_model::assignment::HolderKind;
use certporter_model::names::Names;
use certporter_model::request::RequestState;
use certporter_model::revocation::{Reason, Trigger};
use certporter_model::thumbprint::{ContentDigest, PublicKeyHash};
use certporter_model::{
    CaGenerationId, CaId, CertificateId, DeviceId, EscrowedKeyId, ProfileId, RequestId, Timestamp, UserId,
};
use uuid::Uuid;

use crate::store::{Conn, Result, Sql, StoreError, WriteTx, dialect, sql, table_row};

table_row! {
    /// A request in work.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct RequestInWork in "requests" {
        /// Its id.
        pub id: RequestId,
        /// Of which profile.
        pub profile_id: ProfileId,
        /// In which version.
        pub profile_version: i64,
        /// Whether for a user or a device.
        pub holder_kind: HolderKind,
        /// For which.
        pub holder_id: Uuid,
        /// The user whose it is, if any.
        pub user_id: Option<UserId>,
        /// The device that it is for, in device scope.
        pub device_id: Option<DeviceId>,
        /// How far it is.
        pub state: RequestState,
        /// The names as JSON: see [`names`](Self::names).
        pub names: String,
        /// What the certificate depends on.
        pub content_digest: ContentDigest,
        /// What set it off.
        pub trigger_kind: Trigger,
        /// The certificate that it takes the place of.
        pub supersedes_id: Option<CertificateId>,
        /// The intent: SHA-256 of the public key.
        pub public_key_hash: Option<PublicKeyHash>,
        /// The intent: the CSR.
        pub csr: Option<Vec<u8>>,
        /// The CA that was asked.
        pub ca_id: Option<CaId>,
        /// Its generation that issued.
        pub ca_generation_id: Option<CaGenerationId>,
        /// The CA's name for a request that it has not decided yet.
        pub ca_reference: Option<String>,
        /// When to ask the CA again.
        pub poll_at: Option<Timestamp>,
        /// What it brought.
        pub certificate_id: Option<CertificateId>,
        /// The intent: the sealed key.
        pub escrowed_key_id: Option<EscrowedKeyId>,
        /// The connector that took it last.
        pub connector: Option<String>,
        /// Why it failed or waits.
        pub cause: Option<String>,
        /// What to do about it.
        pub remedy: Option<String>,
        /// The key that is to be kept on renewal.
        pub kept_key_id: Option<EscrowedKeyId>,
        /// For what reason a certificate that still comes is revoked.
        pub cancelled_reason: Option<Reason>,
        /// What cancelled it.
        pub cancelled_trigger: Option<Trigger>,
        /// Counts the changes.
        pub version: i64,
        /// When it was made.
        pub created_at: Timestamp,
    }
}

impl RequestInWork {
    /// The names, or what they wait for.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] when they can't be read.
    pub fn names(&self) -> Result<Names> {
        serde_json::from_str(&self.names).map_err(|error| StoreError::Corrupt {
            table: "requests",
            column: "names",
            reason: error.to_string(),
        })
    }

    /// Goes on to `next`; what was the matter before is forgotten.
    ///
    /// # Errors
    /// When that state can't follow.
    pub fn go(&mut self, next: RequestState) -> Result<()> {
        self.state = self.state.to(next).map_err(|error| StoreError::Other(error.to_string()))?;
        self.cause = None;
        self.remedy = None;
        Ok(())
    }
}

/// A request, as it stands.
///
/// # Errors
/// [`StoreError::NotFound`] when there is none.
pub async fn get(conn: &mut Conn, id: RequestId) -> Result<RequestInWork> {
    let mut query = Sql::select::<RequestInWork>();
    query.push(" WHERE id = ").bind(&id);
    query.one(conn, "request").await
}

/// A request, locked until the transaction ends.
///
/// # Errors
/// [`StoreError::NotFound`] when there is none.
pub async fn lock(tx: &mut WriteTx, id: RequestId) -> Result<RequestInWork> {
    let mut query = Sql::select::<RequestInWork>();
    query.push(" WHERE id = ").bind(&id).push(dialect::for_update(tx.engine()));
    query.one(tx, "request").await
}

/// Saves the changes of a request that was locked.
///
/// # Errors
/// [`StoreError::Stale`] when somebody changed it in between.
pub async fn save(tx: &mut WriteTx, request: &RequestInWork, now: Timestamp) -> Result<()> {
    let finished = request.state.is_final().then_some(now);
    let saved = sql!(
        "UPDATE requests SET state = $3, public_key_hash = $4, csr = $5, ca_id = $6, ca_generation_id = $7,
                ca_reference = $8, poll_at = $9, certificate_id = $10, escrowed_key_id = $11, connector = $12,
                cause = $13, remedy = $14, cancelled_trigger = $15, updated_at = $16, finished_at = $17,
                cancelled_reason = $18,
                version = version + 1
         WHERE id = $1 AND version = $2",
        request.id,
        request.version,
        request.state,
        request.public_key_hash,
        request.csr,
        request.ca_id,
        request.ca_generation_id,
        request.ca_reference,
        request.poll_at,
        request.certificate_id,
        request.escrowed_key_id,
        request.connector,
        request.cause,
        request.remedy,
        request.cancelled_trigger,
        now,
        finished,
        request.cancelled_reason
    );
    if saved.execute(tx).await? == 1 { Ok(()) } else { Err(StoreError::Stale { what: "request" }) }
}
