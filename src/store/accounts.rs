//! Accounts, what they may do, and the ways in which they sign in.

use certporter_model::Timestamp;
use certporter_model::access::{Grant, Role};
use certporter_model::ids::{AccountId, GroupId, SignInIdentityId, UserId};
use certporter_model::text::Name;

use super::dialect::{self, Searched};
use super::{Conn, Result, Sql, StoreError, WriteConn, WriteTx, fold, search_key, sql, table_row};

table_row! {
    /// Somebody who signs in.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct Account in "accounts" {
        /// Its id.
        pub id: AccountId,
        /// The name it signs in with.
        pub name: Name,
        /// What the person is called.
        pub display_name: Name,
        /// The user who holds the person's certificates.
        pub user_id: Option<UserId>,
        /// Since when it may not sign in.
        pub disabled_at: Option<Timestamp>,
        /// Counts its changes.
        pub version: i64,
        /// Its time zone, a name of the IANA database; UTC without one.
        pub time_zone: Option<String>,
        /// When it was made.
        pub created_at: Timestamp,
        /// When it last signed in.
        pub last_sign_in_at: Option<Timestamp>,
    }
}

table_row! {
    /// A role of an account, one row for each group that it is limited to.
    pub struct GrantRow in "account_grants" {
        /// Whose.
        pub account_id: AccountId,
        /// The role.
        pub role: Role,
        /// The group it is limited to.
        pub group_id: Option<GroupId>,
    }
}

table_row! {
    /// A way in.
    #[derive(Clone, PartialEq, Eq)]
    pub struct SignInIdentity in "sign_in_identities" {
        /// Its id.
        pub id: SignInIdentityId,
        /// Whose.
        pub account_id: AccountId,
        /// What its subject is called there; for passwords the account's id.
        pub subject: String,
        /// The password's hash, a PHC string.
        pub secret_hash: Option<String>,
    }
}

/// The method of sign-in by name and password.
pub const PASSWORD: &str = "password";

/// What is written of an account.
#[derive(Debug, Clone, Copy)]
pub struct AccountContent<'a> {
    /// The name it signs in with.
    pub name: &'a Name,
    /// What the person is called.
    pub display_name: &'a Name,
    /// The user who holds the person's certificates.
    pub user_id: Option<UserId>,
    /// Since when it may not sign in.
    pub disabled_at: Option<Timestamp>,
}

impl AccountContent<'_> {
    fn search_key(&self) -> String {
        search_key([Some(self.name.as_str()), Some(self.display_name.as_str())])
    }
}

/// Makes an account.
///
/// # Errors
/// [`StoreError::Conflict`] when the name is taken.
pub async fn insert(
    tx: &mut WriteTx,
    id: AccountId,
    content: &AccountContent<'_>,
    now: Timestamp,
) -> Result<()> {
    sql!(
        "INSERT INTO accounts (id, name, name_key, display_name, user_id, disabled_at, search_key, version,
         created_at, updated_at) VALUES ($1, $2, $3, $4, $5, $6, $7, 1, $8, $8)",
        id,
        content.name,
        fold(content.name.as_str()),
        content.display_name,
        content.user_id,
        content.disabled_at,
        content.search_key(),
        now
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// Changes an account that is still at `version`.
///
/// # Errors
/// [`StoreError::Stale`] when it is not, [`StoreError::Conflict`] when the name is taken.
pub async fn update(
    tx: &mut WriteTx,
    id: AccountId,
    version: i64,
    content: &AccountContent<'_>,
    now: Timestamp,
) -> Result<()> {
    let changed = sql!(
        "UPDATE accounts SET name = $1, name_key = $2, display_name = $3, user_id = $4, disabled_at = $5,
         search_key = $6, version = version + 1, updated_at = $7
         WHERE id = $8 AND version = $9 AND deleted_at IS NULL",
        content.name,
        fold(content.name.as_str()),
        content.display_name,
        content.user_id,
        content.disabled_at,
        content.search_key(),
        now,
        id,
        version
    )
    .execute(tx)
    .await?;
    if changed == 0 { Err(StoreError::Stale { what: "account" }) } else { Ok(()) }
}

/// Deletes an account: the row stays as a tombstone, its ways in and roles go.
///
/// # Errors
/// [`StoreError::Stale`] when it is not at `version` any more.
pub async fn delete(tx: &mut WriteTx, id: AccountId, version: i64, now: Timestamp) -> Result<()> {
    let changed = sql!(
        "UPDATE accounts SET deleted_at = $1, updated_at = $1, version = version + 1
         WHERE id = $2 AND version = $3 AND deleted_at IS NULL",
        now,
        id,
        version
    )
    .execute(tx)
    .await?;
    if changed == 0 {
        return Err(StoreError::Stale { what: "account" });
    }
    sql!("DELETE FROM account_grants WHERE account_id = $1", id).execute(tx).await?;
    sql!("DELETE FROM sign_in_identities WHERE account_id = $1", id).execute(tx).await?;
    sql!("DELETE FROM sessions WHERE account_id = $1", id).execute(tx).await?;
    Ok(())
}

/// An account that is not deleted.
///
/// # Errors
/// [`StoreError::NotFound`] when there is none.
pub async fn get(conn: &mut Conn, id: AccountId) -> Result<Account> {
    let mut query = Sql::select::<Account>();
    query.push(" WHERE id = ").bind(&id).push(" AND deleted_at IS NULL");
    query.one(conn, "account").await
}

/// The account of that name, without regard to case and accents.
///
/// # Errors
/// When the database refuses.
pub async fn by_name(conn: &mut Conn, name: &str) -> Result<Option<Account>> {
    let mut query = Sql::select::<Account>();
    query.push(" WHERE name_key = ").bind(&fold(name)).push(" AND deleted_at IS NULL");
    query.optional(conn).await
}

/// The accounts that are linked to a user and may sign in, the first one first.
///
/// # Errors
/// When the database refuses.
pub async fn of_user(conn: &mut Conn, user: UserId) -> Result<Vec<Account>> {
    let mut query = Sql::select::<Account>();
    query.push(" WHERE user_id = ").bind(&user).push(" AND deleted_at IS NULL AND disabled_at IS NULL");
    query.push(" ORDER BY id LIMIT 10");
    query.all(conn).await
}

/// Accounts in the order of their ids.
///
/// # Errors
/// When the database refuses.
pub async fn list(
    conn: &mut Conn,
    search: Option<&str>,
    after: Option<AccountId>,
    limit: u32,
) -> Result<Vec<Account>> {
    let mut query = Sql::select::<Account>();
    query.push(" WHERE deleted_at IS NULL");
    if let Some(after) = &after {
        query.push(" AND id > ").bind(after);
    }
    if let Some(search) = search {
        dialect::push_search(&mut query, conn.engine(), Searched::Accounts, search);
    }
    query.push(" ORDER BY id LIMIT ").bind(&limit);
    query.all(conn).await
}

/// The roles of an account, and how far each reaches.
///
/// # Errors
/// When the database refuses.
pub async fn grants(conn: &mut Conn, id: AccountId) -> Result<Vec<Grant>> {
    let mut query = Sql::select::<GrantRow>();
    query.push(" WHERE account_id = ").bind(&id).push(" ORDER BY role, group_id");
    let mut grants: Vec<Grant> = Vec::new();
    for row in query.all::<GrantRow>(conn).await? {
        match grants.iter_mut().find(|grant| grant.role == row.role) {
            Some(Grant { groups: Some(groups), .. }) if row.group_id.is_some() => groups.extend(row.group_id),
            // Without a limit once is without a limit.
            Some(grant) => grant.groups = None,
            None => grants.push(Grant { role: row.role, groups: row.group_id.map(|group| vec![group]) }),
        }
    }
    Ok(grants)
}

/// Puts the roles of an account to these.
///
/// # Errors
/// [`StoreError::Reference`] when a group does not exist.
pub async fn set_grants(tx: &mut WriteTx, id: AccountId, grants: &[Grant], now: Timestamp) -> Result<()> {
    sql!("DELETE FROM account_grants WHERE account_id = $1", id).execute(tx).await?;
    for grant in grants {
        let groups: Vec<Option<GroupId>> = grant
            .groups
            .as_ref()
            .map_or_else(|| vec![None], |groups| groups.iter().copied().map(Some).collect());
        for group in groups {
            sql!(
                "INSERT INTO account_grants (account_id, role, group_id, created_at) VALUES ($1, $2, $3, $4)",
                id,
                grant.role,
                group,
                now
            )
            .execute(tx)
            .await?;
        }
    }
    Ok(())
}

/// How many accounts other than `except` are administrators and may sign in.
///
/// # Errors
/// When the database refuses.
pub async fn administrators(conn: &mut Conn, except: Option<AccountId>) -> Result<u64> {
    let mut query = Sql::new(
        "SELECT count(DISTINCT accounts.id) FROM accounts
         JOIN account_grants ON account_grants.account_id = accounts.id
         WHERE account_grants.role = 'administrator' AND accounts.disabled_at IS NULL
         AND accounts.deleted_at IS NULL",
    );
    if let Some(except) = &except {
        query.push(" AND accounts.id <> ").bind(except);
    }
    query.scalar(conn).await
}

/// The way in by password of an account, if it has one.
///
/// # Errors
/// When the database refuses.
pub async fn password(conn: &mut Conn, id: AccountId) -> Result<Option<SignInIdentity>> {
    let mut query = Sql::select::<SignInIdentity>();
    query.push(" WHERE account_id = ").bind(&id).push(" AND method = ").bind(PASSWORD);
    query.optional(conn).await
}

/// Gives an account a password, in place of the one it had.
///
/// # Errors
/// When the database refuses.
pub async fn set_password(
    tx: &mut WriteTx,
    identity: SignInIdentityId,
    account: AccountId,
    secret_hash: &str,
    now: Timestamp,
) -> Result<()> {
    sql!("DELETE FROM sign_in_identities WHERE account_id = $1 AND method = $2", account, PASSWORD)
        .execute(tx)
        .await?;
    sql!(
        "INSERT INTO sign_in_identities (id, account_id, method, subject, secret_hash, created_at, updated_at)
         VALUES ($1, $2, $3, $4, $5, $6, $6)",
        identity,
        account,
        PASSWORD,
        // The account's id and not its name: a name may change and be given to another.
        account.to_string(),
        secret_hash,
        now
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// Sets an account's time zone. No change of what others see of it, so its version stays.
///
/// # Errors
/// When the database refuses.
pub async fn set_time_zone(
    tx: &mut WriteTx,
    id: AccountId,
    time_zone: Option<&str>,
    now: Timestamp,
) -> Result<()> {
    sql!("UPDATE accounts SET time_zone = $1, updated_at = $2 WHERE id = $3", time_zone, now, id)
        .change(tx, "account")
        .await
}

/// Notes that an account has signed in.
///
/// # Errors
/// When the database refuses.
pub async fn signed_in(conn: &mut WriteConn, id: AccountId, now: Timestamp) -> Result<()> {
    sql!("UPDATE accounts SET last_sign_in_at = $1 WHERE id = $2", now, id).execute(conn).await?;
    sql!(
        "UPDATE sign_in_identities SET last_used_at = $1 WHERE account_id = $2 AND method = $3",
        now,
        id,
        PASSWORD
    )
    .execute(conn)
    .await?;
    Ok(())
}
