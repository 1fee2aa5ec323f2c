//! API tokens. Of a token only the hash is kept.

use certporter_model::Timestamp;
use certporter_model::access::Role;
use certporter_model::ids::{AccountId, ApiTokenId};
use certporter_model::text::Name;
use certporter_model::thumbprint::SecretHash;

use super::column::Json;
use super::{Conn, Result, Sql, WriteConn, WriteTx, sql, table_row};

table_row! {
    /// A token with which a program uses the REST API.
    pub struct ApiTokenRow in "api_tokens" {
        /// Its id.
        pub id: ApiTokenId,
        /// What it is called.
        pub name: Name,
        /// Who made it; nobody for one that was made on the host.
        pub account_id: Option<AccountId>,
        /// SHA-256 of the token.
        pub token_hash: SecretHash,
        /// What it may do, as far as its maker still may.
        pub roles: Json<Vec<Role>>,
        /// When it was made.
        pub created_at: Timestamp,
        /// When it ends.
        pub expires_at: Timestamp,
        /// When it was last used, to the minute.
        pub last_used_at: Option<Timestamp>,
        /// When it was ended early.
        pub revoked_at: Option<Timestamp>,
    }
}

/// A token with which a program uses the REST API.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiToken {
    /// Its id.
    pub id: ApiTokenId,
    /// What it is called.
    pub name: Name,
    /// Who made it; nobody for one that was made on the host.
    pub account_id: Option<AccountId>,
    /// What it may do, as far as its maker still may.
    pub roles: Vec<Role>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it ends.
    pub expires_at: Timestamp,
    /// When it was last used, to the minute.
    pub last_used_at: Option<Timestamp>,
    /// When it was ended early.
    pub revoked_at: Option<Timestamp>,
}

impl From<ApiTokenRow> for ApiToken {
    fn from(row: ApiTokenRow) -> Self {
        Self {
            id: row.id,
            name: row.name,
            account_id: row.account_id,
            roles: row.roles.0,
            created_at: row.created_at,
            expires_at: row.expires_at,
            last_used_at: row.last_used_at,
            revoked_at: row.revoked_at,
        }
    }
}

/// Makes a token.
///
/// # Errors
/// When the database refuses.
pub async fn insert(tx: &mut WriteTx, token: &ApiToken, token_hash: SecretHash) -> Result<()> {
    sql!(
        "INSERT INTO api_tokens (id, name, account_id, token_hash, roles, created_at, expires_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
        token.id,
        token.name,
        token.account_id,
        token_hash,
        Json(token.roles.clone()),
        token.created_at,
        token.expires_at
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// The token of that hash, ended ones included.
///
/// # Errors
/// When the database refuses.
pub async fn by_hash(conn: &mut Conn, token_hash: SecretHash) -> Result<Option<ApiToken>> {
    let mut query = Sql::select::<ApiTokenRow>();
    query.push(" WHERE token_hash = ").bind(&token_hash);
    Ok(query.optional::<ApiTokenRow>(conn).await?.map(Into::into))
}

/// A token by its id, ended ones included.
///
/// # Errors
/// When there is none.
pub async fn get(conn: &mut Conn, id: ApiTokenId) -> Result<ApiToken> {
    let mut query = Sql::select::<ApiTokenRow>();
    query.push(" WHERE id = ").bind(&id);
    Ok(query.one::<ApiTokenRow>(conn, "token").await?.into())
}

/// Tokens in the order of their ids, ended ones included.
///
/// # Errors
/// When the database refuses.
pub async fn list(conn: &mut Conn, after: Option<ApiTokenId>, limit: u32) -> Result<Vec<ApiToken>> {
    let mut query = Sql::select::<ApiTokenRow>();
    if let Some(after) = &after {
        query.push(" WHERE id > ").bind(after);
    }
    query.push(" ORDER BY id LIMIT ").bind(&limit);
    Ok(query.all::<ApiTokenRow>(conn).await?.into_iter().map(Into::into).collect())
}

/// Ends a token. One that has ended already stays as it is.
///
/// # Errors
/// When the database refuses.
pub async fn revoke(tx: &mut WriteTx, id: ApiTokenId, now: Timestamp) -> Result<()> {
    sql!("UPDATE api_tokens SET revoked_at = $1 WHERE id = $2 AND revoked_at IS NULL", now, id)
        .execute(tx)
        .await?;
    Ok(())
}

/// Notes that a token was used.
///
/// # Errors
/// When the database refuses.
pub async fn used(conn: &mut WriteConn, id: ApiTokenId, now: Timestamp) -> Result<()> {
    sql!("UPDATE api_tokens SET last_used_at = $1 WHERE id = $2", now, id).execute(conn).await?;
    Ok(())
}
