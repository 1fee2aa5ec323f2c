//! One-time links: to become the first administrator, or to sign in once. Of a link only the hash is kept.

use certporter_model::Timestamp;
use certporter_model::ids::AccountId;
use certporter_model::thumbprint::SecretHash;

use super::{Conn, Result, Sql, WriteTx, sql, table_row};

table_row! {
    /// A one-time link.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct SetupLink in "setup_links" {
        /// SHA-256 of its secret.
        pub token_hash: SecretHash,
        /// The account that it is for.
        pub account_id: Option<AccountId>,
        /// What it is for: "setup", "sign_in".
        pub purpose: String,
        /// When it was made.
        pub created_at: Timestamp,
        /// Until when it may be used.
        pub expires_at: Timestamp,
        /// When it was used.
        pub used_at: Option<Timestamp>,
    }
}

/// Makes a link.
///
/// # Errors
/// When the database refuses.
pub async fn insert(tx: &mut WriteTx, link: &SetupLink) -> Result<()> {
    sql!(
        "INSERT INTO setup_links (token_hash, account_id, purpose, created_at, expires_at)
         VALUES ($1, $2, $3, $4, $5)",
        link.token_hash,
        link.account_id,
        link.purpose,
        link.created_at,
        link.expires_at
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// Drops the links of a purpose that were not used: a new one takes their place.
///
/// # Errors
/// When the database refuses.
pub async fn drop_unused(tx: &mut WriteTx, purpose: &str) -> Result<()> {
    sql!("DELETE FROM setup_links WHERE purpose = $1 AND used_at IS NULL", purpose).execute(tx).await?;
    Ok(())
}

/// Drops the links of a purpose for an account that were not used.
///
/// # Errors
/// When the database refuses.
pub async fn drop_unused_of(tx: &mut WriteTx, purpose: &str, account: AccountId) -> Result<()> {
    sql!(
        "DELETE FROM setup_links WHERE purpose = $1 AND account_id = $2 AND used_at IS NULL",
        *purpose,
        account
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// The link of that hash and purpose that may still be used.
///
/// # Errors
/// When the database refuses.
pub async fn usable(
    conn: &mut Conn,
    token_hash: SecretHash,
    purpose: &str,
    now: Timestamp,
) -> Result<Option<SetupLink>> {
    let mut query = Sql::select::<SetupLink>();
    query.push(" WHERE token_hash = ").bind(&token_hash).push(" AND purpose = ").bind(purpose);
    query.push(" AND used_at IS NULL AND expires_at > ").bind(&now);
    query.optional(conn).await
}

/// Uses a link up; answers whether it could still be used.
///
/// # Errors
/// When the database refuses.
pub async fn use_up(tx: &mut WriteTx, token_hash: SecretHash, now: Timestamp) -> Result<bool> {
    let rows = sql!(
        "UPDATE setup_links SET used_at = $1 WHERE token_hash = $2 AND used_at IS NULL AND expires_at > $1",
        now,
        token_hash
    )
    .execute(tx)
    .await?;
    Ok(rows == 1)
}
