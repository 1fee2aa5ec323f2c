//! One-time enrolment codes. Only their hashes are here.

use certporter_model::thumbprint::{PublicKeyHash, SecretHash};
use certporter_model::{AccountId, DeviceId, EnrolmentCodeId, EnrolmentId, Timestamp};

use super::{Conn, Result, Sql, WriteTx, dialect, sql, table_row};

table_row! {
    /// An enrolment code.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct EnrolmentCodeRow in "enrolment_codes" {
        /// Its id.
        pub id: EnrolmentCodeId,
        /// The device that it enrols.
        pub device_id: DeviceId,
        /// Who issued it, by name.
        pub issued_by: String,
        /// Whether staff issued it, and not the person whose device it is.
        pub staff_issued: bool,
        /// When it was issued.
        pub created_at: Timestamp,
        /// Until when it can be used.
        pub expires_at: Timestamp,
        /// When it was used.
        pub used_at: Option<Timestamp>,
        /// The key that used it: the same key gets the same answer again.
        pub used_public_key_hash: Option<PublicKeyHash>,
        /// The enrolment that came of it.
        pub enrolment_id: Option<EnrolmentId>,
    }
}

/// A code to be kept.
#[derive(Debug, Clone)]
pub struct NewEnrolmentCode {
    /// Its id.
    pub id: EnrolmentCodeId,
    /// The code's hash.
    pub code_hash: SecretHash,
    /// The device that it enrols.
    pub device_id: DeviceId,
    /// Who issues it, by name.
    pub issued_by: String,
    /// Whether staff issues it, and not the person whose device it is.
    pub staff_issued: bool,
    /// Now.
    pub created_at: Timestamp,
    /// Until when it can be used.
    pub expires_at: Timestamp,
}

/// Keeps a code.
///
/// # Errors
/// When the database refuses.
pub async fn insert(tx: &mut WriteTx, code: &NewEnrolmentCode) -> Result<()> {
    sql!(
        "INSERT INTO enrolment_codes
             (id, code_hash, device_id, issued_by, staff_issued, created_at, expires_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
        code.id,
        code.code_hash,
        code.device_id,
        code.issued_by,
        code.staff_issued,
        code.created_at,
        code.expires_at
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// Notes which account of staff stands behind a code.
///
/// # Errors
/// When there is no such code, or the database refuses.
pub async fn set_issuer(tx: &mut WriteTx, id: EnrolmentCodeId, account: Option<AccountId>) -> Result<()> {
    sql!("UPDATE enrolment_codes SET issuer_account_id = $1 WHERE id = $2", account, id)
        .change(tx, "enrolment code")
        .await
}

/// Has the codes of a device that were not used count as staff's: the device became somebody else's since.
///
/// # Errors
/// When the database refuses.
pub async fn become_staff_s(tx: &mut WriteTx, device: DeviceId, account: Option<AccountId>) -> Result<u64> {
    sql!(
        "UPDATE enrolment_codes SET staff_issued = $1, issuer_account_id = $2
         WHERE device_id = $3 AND used_at IS NULL",
        true,
        account,
        device
    )
    .execute(tx)
    .await
}

/// The account of staff that stands behind a code; none for a program without one.
///
/// # Errors
/// When the database refuses.
pub async fn issuer(conn: &mut Conn, id: EnrolmentCodeId) -> Result<Option<AccountId>> {
    sql!("SELECT issuer_account_id FROM enrolment_codes WHERE id = $1", id).scalar(conn).await
}

/// The code with that hash, locked until the transaction ends: it can be used only once.
///
/// # Errors
/// When the database refuses.
pub async fn by_hash_for_update(tx: &mut WriteTx, hash: &SecretHash) -> Result<Option<EnrolmentCodeRow>> {
    let mut sql = Sql::select::<EnrolmentCodeRow>();
    sql.push(" WHERE code_hash = ").bind(hash).push(dialect::for_update(tx.engine()));
    sql.optional(tx).await
}

/// Codes of a device that can still be used.
///
/// # Errors
/// When the database refuses.
pub async fn usable(conn: &mut Conn, device: DeviceId, now: Timestamp) -> Result<Vec<EnrolmentCodeRow>> {
    let mut sql = Sql::select::<EnrolmentCodeRow>();
    sql.push(" WHERE device_id = ").bind(&device).push(" AND used_at IS NULL AND expires_at > ").bind(&now);
    sql.push(" ORDER BY id");
    sql.all(conn).await
}

/// Notes that a key has used a code.
///
/// # Errors
/// When it was used already, or the database refuses.
pub async fn mark_used(
    tx: &mut WriteTx,
    id: EnrolmentCodeId,
    key: &PublicKeyHash,
    enrolment: EnrolmentId,
    now: Timestamp,
) -> Result<()> {
    sql!(
        "UPDATE enrolment_codes SET used_at = $1, used_public_key_hash = $2, enrolment_id = $3
         WHERE id = $4 AND used_at IS NULL",
        now,
        key,
        enrolment,
        id
    )
    .change(tx, "unused enrolment code")
    .await
}

/// Ends every code of a device that could still be used: a new one replaces them.
///
/// # Errors
/// When the database refuses.
pub async fn expire_unused(tx: &mut WriteTx, device: DeviceId, now: Timestamp) -> Result<u64> {
    sql!(
        "UPDATE enrolment_codes SET expires_at = $1
         WHERE device_id = $2 AND used_at IS NULL AND expires_at > $1",
        now,
        device
    )
    .execute(tx)
    .await
}
