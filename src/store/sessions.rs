//! Sessions of people who are signed in, or about to. Of a session's id only the hash is kept.

use certporter_model::Timestamp;
use certporter_model::ids::AccountId;
use certporter_model::thumbprint::SecretHash;

use super::{Conn, Result, Sql, WriteConn, WriteTx, sql, table_row};

table_row! {
    /// A session.
    #[derive(Clone, PartialEq, Eq)]
    pub struct Session in "sessions" {
        /// SHA-256 of its id.
        pub id_hash: SecretHash,
        /// Who is signed in.
        pub account_id: Option<AccountId>,
        /// What the session remembers, as JSON.
        pub data: String,
        /// The network address it was last used from.
        pub address: Option<String>,
        /// The browser that last used it.
        pub agent: Option<String>,
        /// When it began.
        pub created_at: Timestamp,
        /// When it was last used.
        pub last_seen_at: Timestamp,
        /// When it ends by itself.
        pub expires_at: Timestamp,
    }
}

/// Makes a session, or gives it new content. A session that was there keeps when it began.
///
/// # Errors
/// When the database refuses.
pub async fn save(conn: &mut WriteConn, session: &Session) -> Result<()> {
    sql!(
        "INSERT INTO sessions (id_hash, account_id, data, address, agent, created_at, last_seen_at, expires_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
         ON CONFLICT (id_hash) DO UPDATE SET account_id = excluded.account_id, data = excluded.data,
         address = excluded.address, agent = excluded.agent, last_seen_at = excluded.last_seen_at,
         expires_at = excluded.expires_at",
        session.id_hash,
        session.account_id,
        session.data,
        session.address,
        session.agent,
        session.created_at,
        session.last_seen_at,
        session.expires_at
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// The session of that hash, if it has not ended.
///
/// # Errors
/// When the database refuses.
pub async fn get(conn: &mut Conn, id_hash: SecretHash, now: Timestamp) -> Result<Option<Session>> {
    let mut query = Sql::select::<Session>();
    query.push(" WHERE id_hash = ").bind(&id_hash).push(" AND expires_at > ").bind(&now);
    query.optional(conn).await
}

/// The sessions of an account that have not ended, the last used first.
///
/// # Errors
/// When the database refuses.
pub async fn of_account(conn: &mut Conn, account: AccountId, now: Timestamp) -> Result<Vec<Session>> {
    let mut query = Sql::select::<Session>();
    query.push(" WHERE account_id = ").bind(&account).push(" AND expires_at > ").bind(&now);
    query.push(" ORDER BY last_seen_at DESC LIMIT 100");
    query.all(conn).await
}

/// Ends a session.
///
/// # Errors
/// When the database refuses.
pub async fn end(conn: &mut WriteConn, id_hash: SecretHash) -> Result<()> {
    sql!("DELETE FROM sessions WHERE id_hash = $1", id_hash).execute(conn).await?;
    Ok(())
}

/// Ends every session of an account but one; answers how many.
///
/// # Errors
/// When the database refuses.
pub async fn end_others(tx: &mut WriteTx, account: AccountId, but: Option<SecretHash>) -> Result<u64> {
    let mut query = Sql::new("DELETE FROM sessions WHERE account_id = ");
    query.bind(&account);
    if let Some(but) = &but {
        query.push(" AND id_hash <> ").bind(but);
    }
    query.execute(tx).await
}

/// Notes that a session is in use, and puts its end off.
///
/// # Errors
/// When the database refuses.
pub async fn touch(
    conn: &mut WriteConn,
    id_hash: SecretHash,
    address: Option<&str>,
    now: Timestamp,
    expires_at: Timestamp,
) -> Result<()> {
    sql!(
        "UPDATE sessions SET last_seen_at = $1, expires_at = $2, address = $3 WHERE id_hash = $4",
        now,
        expires_at,
        address,
        id_hash
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Drops the sessions that have ended; answers how many.
///
/// # Errors
/// When the database refuses.
pub async fn drop_expired(conn: &mut WriteConn, now: Timestamp) -> Result<u64> {
    sql!("DELETE FROM sessions WHERE expires_at <= $1", now).execute(conn).await
}
