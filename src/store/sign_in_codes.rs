//! One-time codes that staff reads out, and the sessions that they open. Of a code only its hash is here.

use certporter_model::Timestamp;
use certporter_model::ids::{AccountId, SignInCodeId, UserId};

use super::{Bookkeeping, Conn, Result, Sql, WriteTx, sql, table_row};

table_row! {
    /// A code.
    #[derive(Clone, PartialEq, Eq)]
    pub struct SignInCode in "sign_in_codes" {
        /// Its id.
        pub id: SignInCodeId,
        /// Who signs in with it.
        pub user_id: UserId,
        /// Its Argon2id hash, a PHC string.
        pub code_hash: String,
        /// Who issued it, by name.
        pub issued_by: String,
        /// The account that issued it; none for a program without one.
        pub issuer_account_id: Option<AccountId>,
        /// When it was issued.
        pub created_at: Timestamp,
        /// Until when it can be used.
        pub expires_at: Timestamp,
        /// When it was used.
        pub used_at: Option<Timestamp>,
        /// When the session that it opened ends, at the latest.
        pub session_ends_at: Option<Timestamp>,
        /// When that session was confirmed to be the person's.
        pub confirmed_at: Option<Timestamp>,
    }
}

/// Without the hash.
impl std::fmt::Debug for SignInCode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SignInCode").field("id", &self.id).finish_non_exhaustive()
    }
}

/// Keeps a code.
///
/// # Errors
/// When the database refuses.
pub async fn insert(tx: &mut WriteTx, code: &SignInCode) -> Result<()> {
    super::insert(tx, code).await
}

/// The code of that id.
///
/// # Errors
/// When there is none.
pub async fn get(conn: &mut Conn, id: SignInCodeId) -> Result<SignInCode> {
    super::by_id(conn, &id, "sign-in code").await
}

/// The code with which a person can sign in now.
///
/// # Errors
/// When the database refuses.
pub async fn usable(conn: &mut Conn, user: UserId, now: Timestamp) -> Result<Option<SignInCode>> {
    let mut query = Sql::select::<SignInCode>();
    query.push(" WHERE user_id = ").bind(&user).push(" AND used_at IS NULL AND expires_at > ").bind(&now);
    query.push(" ORDER BY id DESC LIMIT 1");
    query.optional(conn).await
}

/// Sessions of a person that are open and wait to be confirmed, the first one first.
///
/// # Errors
/// When the database refuses.
pub async fn awaiting(conn: &mut Conn, user: UserId, now: Timestamp) -> Result<Vec<SignInCode>> {
    let mut query = Sql::select::<SignInCode>();
    query.push(" WHERE user_id = ").bind(&user).push(" AND confirmed_at IS NULL AND session_ends_at > ");
    query.bind(&now).push(" ORDER BY id");
    query.all(conn).await
}

/// Uses a code up and opens its session; answers whether it could still be used.
///
/// # Errors
/// When the database refuses.
pub async fn use_up(
    tx: &mut WriteTx,
    id: SignInCodeId,
    now: Timestamp,
    session_ends_at: Timestamp,
) -> Result<bool> {
    let rows = sql!(
        "UPDATE sign_in_codes SET used_at = $1, session_ends_at = $2
         WHERE id = $3 AND used_at IS NULL AND expires_at > $1",
        now,
        session_ends_at,
        id
    )
    .execute(tx)
    .await?;
    Ok(rows == 1)
}

/// Notes that the session of a code is the person's; answers whether it was open and not confirmed before.
///
/// # Errors
/// When the database refuses.
pub async fn confirm(tx: &mut WriteTx, id: SignInCodeId, now: Timestamp) -> Result<bool> {
    let rows = sql!(
        "UPDATE sign_in_codes SET confirmed_at = $1
         WHERE id = $2 AND confirmed_at IS NULL AND session_ends_at > $1",
        now,
        id
    )
    .execute(tx)
    .await?;
    Ok(rows == 1)
}

/// Ends a person's codes that were not used: a new one takes their place, or they are not wanted. Answers how many.
///
/// # Errors
/// When the database refuses.
pub async fn expire_unused(tx: &mut WriteTx, user: UserId, now: Timestamp) -> Result<u64> {
    sql!(
        "UPDATE sign_in_codes SET expires_at = $1 WHERE user_id = $2 AND used_at IS NULL AND expires_at > $1",
        now,
        user
    )
    .execute(tx)
    .await
}

/// Ends a person's sessions that codes opened, all of them or one; answers how many.
///
/// # Errors
/// When the database refuses.
pub async fn end_sessions(
    tx: &mut WriteTx,
    user: UserId,
    one: Option<SignInCodeId>,
    now: Timestamp,
) -> Result<u64> {
    let mut query = Sql::new("UPDATE sign_in_codes SET session_ends_at = ");
    query.bind(&now).push(" WHERE user_id = ").bind(&user).push(" AND session_ends_at > ").bind(&now);
    if let Some(one) = &one {
        query.push(" AND id = ").bind(one);
    }
    query.execute(tx).await
}

/// Forgets the codes that could last be used before that moment, and whose sessions ended before it; answers how many.
///
/// # Errors
/// When the database refuses.
pub async fn drop_before(books: &mut Bookkeeping, before: Timestamp) -> Result<u64> {
    sql!(
        "DELETE FROM sign_in_codes WHERE expires_at < $1 AND (session_ends_at IS NULL OR session_ends_at < $1)",
        before
    )
    .execute(books)
    .await
}
