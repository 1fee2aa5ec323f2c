//! Hand-outs: files with a certificate and its key that wait to be fetched by a one-time link. Of a link only the hash
//! is kept; the file rests sealed to the KRA, and is gone once it is fetched or its time is over.

use certporter_model::Timestamp;
use certporter_model::delivery::{HandOutFormat, HandOutState};
use certporter_model::ids::{CertificateId, DeviceId, EnrolmentId, HandOutId, KraGenerationId};
use certporter_model::thumbprint::SecretHash;

use super::{Bookkeeping, Conn, Result, Sql, WriteConn, WriteTx, dialect, sql, table_row};

table_row! {
    /// A hand-out.
    #[derive(Clone, PartialEq, Eq)]
    pub struct HandOut in "hand_outs" {
        /// Its id.
        pub id: HandOutId,
        /// For which device.
        pub device_id: DeviceId,
        /// Under which enrolment of it.
        pub enrolment_id: EnrolmentId,
        /// Which certificate.
        pub certificate_id: CertificateId,
        /// In which form.
        pub format: HandOutFormat,
        /// What the file is called.
        pub file_name: String,
        /// SHA-256 of the link's secret.
        pub token_hash: SecretHash,
        /// The KRA's key that the file is sealed to.
        pub kra_generation_id: KraGenerationId,
        /// The file in its CMS envelope; none once it is fetched or over.
        pub sealed: Option<Vec<u8>>,
        /// Who made it, by name.
        pub created_by: String,
        /// When it was made.
        pub created_at: Timestamp,
        /// Until when its link may be used.
        pub expires_at: Timestamp,
        /// When its file was fetched.
        pub fetched_at: Option<Timestamp>,
        /// From which network address.
        pub fetched_from: Option<String>,
        /// When it was withdrawn, or another took its place.
        pub withdrawn_at: Option<Timestamp>,
    }
}

/// Without hash and file.
impl std::fmt::Debug for HandOut {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("HandOut")
            .field("id", &self.id)
            .field("device_id", &self.device_id)
            .finish_non_exhaustive()
    }
}

impl HandOut {
    /// Where it is.
    #[must_use]
    pub fn state(&self, now: Timestamp) -> HandOutState {
        if self.fetched_at.is_some() {
            HandOutState::Fetched
        } else if self.withdrawn_at.is_some() {
            HandOutState::Withdrawn
        } else if self.expires_at <= now {
            HandOutState::Expired
        } else {
            HandOutState::Open
        }
    }
}

/// Keeps a new one.
///
/// # Errors
/// When the database refuses.
pub async fn insert(tx: &mut WriteTx, hand_out: &HandOut) -> Result<()> {
    super::insert(tx, hand_out).await
}

/// Those of a device, the newest first.
///
/// # Errors
/// When the database refuses.
pub async fn of_device(conn: &mut Conn, device: DeviceId) -> Result<Vec<HandOut>> {
    let mut query = Sql::select::<HandOut>();
    query.push(" WHERE device_id = ").bind(&device).push(" ORDER BY id DESC LIMIT 100");
    query.all(conn).await
}

/// The one whose link that is, if it can still be used.
///
/// # Errors
/// When the database refuses.
pub async fn usable(conn: &mut Conn, token_hash: SecretHash, now: Timestamp) -> Result<Option<HandOut>> {
    let mut query = Sql::select::<HandOut>();
    query.push(" WHERE fetched_at IS NULL AND withdrawn_at IS NULL AND sealed IS NOT NULL AND expires_at > ");
    query.bind(&now).push(" AND token_hash = ").bind(&token_hash);
    query.optional(conn).await
}

/// Uses the link up; answers whether it could still be used. The file goes with it: it is overwritten, then removed.
///
/// # Errors
/// When the database refuses.
pub async fn use_up(tx: &mut WriteTx, id: HandOutId, from: Option<&str>, now: Timestamp) -> Result<bool> {
    let from = from.map(str::to_owned);
    let used = sql!(
        "UPDATE hand_outs SET fetched_at = $2, fetched_from = $3
         WHERE id = $1 AND fetched_at IS NULL AND withdrawn_at IS NULL AND expires_at > $2",
        id,
        now,
        from
    );
    if used.execute(tx).await? == 0 {
        return Ok(false);
    }
    forget_file(tx, id).await?;
    Ok(true)
}

/// Withdraws what a device can still fetch: of this certificate, or all.
///
/// # Errors
/// When the database refuses.
pub async fn withdraw(
    tx: &mut WriteTx,
    device: DeviceId,
    certificate: Option<CertificateId>,
    now: Timestamp,
) -> Result<u64> {
    let open = of_device(tx, device).await?.into_iter().filter(|it| it.state(now) == HandOutState::Open);
    let mut count = 0;
    for hand_out in open.filter(|it| certificate.is_none_or(|id| it.certificate_id == id)) {
        sql!("UPDATE hand_outs SET withdrawn_at = $2 WHERE id = $1", hand_out.id, now).execute(tx).await?;
        forget_file(tx, hand_out.id).await?;
        count += 1;
    }
    Ok(count)
}

/// Removes the files whose time is over; answers how many those were.
///
/// # Errors
/// When the database refuses.
pub async fn forget_expired(books: &mut Bookkeeping, now: Timestamp) -> Result<u64> {
    let mut query = Sql::select::<HandOut>();
    query.push(" WHERE sealed IS NOT NULL AND expires_at <= ").bind(&now).push(" ORDER BY id LIMIT 200");
    let over: Vec<HandOut> = query.all(books).await?;
    for hand_out in &over {
        forget_file(books, hand_out.id).await?;
    }
    Ok(over.len() as u64)
}

/// First the octets are overwritten, then they are gone.
async fn forget_file(tx: &mut WriteConn, id: HandOutId) -> Result<()> {
    let nothing = dialect::zeros_as_long_as_sealed(tx.engine());
    let mut overwrite = Sql::new("UPDATE hand_outs SET sealed = ");
    overwrite.push(nothing).push(" WHERE sealed IS NOT NULL AND id = ").bind(&id);
    overwrite.execute(tx).await?;
    sql!("UPDATE hand_outs SET sealed = NULL WHERE id = $1", id).execute(tx).await?;
    Ok(())
}
