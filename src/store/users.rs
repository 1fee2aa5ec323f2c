//! People who hold certificates.

use certporter_model::Timestamp;
use certporter_model::access::Visibility;
use certporter_model::assignment::Source;
use certporter_model::device::UserState;
use certporter_model::identity::{Email, Sid, Upn};
use certporter_model::ids::UserId;
use certporter_model::text::Name;

use super::dialect::{Searched, for_update, is_in_trigrams, push_indexed, push_search, push_words};
use super::near::near;
use super::visibility::Seen;
use super::{
    Conn, Engine, NEAR, Page, Result, Sql, WriteTx, by_id, fold, save, search_key, sql, table_row,
    trigrams::{self, Finds},
};

table_row! {
    /// A user.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct User in "users" {
        /// Its id.
        pub id: UserId,
        /// Where it came from.
        pub source: Source,
        /// What the source calls it. Unique within the source.
        pub external_id: Option<String>,
        /// The account name without a realm. Unique without regard to case and accents.
        pub user_name: Name,
        /// The UPN. Unique without regard to case.
        pub upn: Option<Upn>,
        /// The e-mail address.
        pub email: Option<Email>,
        /// The name as people say it.
        pub display_name: Name,
        /// The distinguished name in the directory.
        pub on_prem_dn: Option<String>,
        /// The sAMAccountName in the directory.
        pub sam_account_name: Option<String>,
        /// The SID in the directory.
        pub sid: Option<Sid>,
        /// Whether it holds certificates.
        pub state: UserState,
        /// Since when it is blocked.
        pub blocked_at: Option<Timestamp>,
        /// Counts changes; [`update`] refuses an older one.
        pub version: i64,
        /// Made then.
        pub created_at: Timestamp,
        /// Changed last then.
        pub updated_at: Timestamp,
        /// Deleted then.
        pub deleted_at: Option<Timestamp>,
        /// Pseudonymised then.
        pub erased_at: Option<Timestamp>,
    }
    derived {
        user_name_key: |user| fold(user.user_name.as_str()),
        upn_key: |user| user.upn.as_ref().map(|upn| fold(upn.as_str())),
        search_key: |user| search_key([
            Some(user.user_name.as_str()),
            Some(user.display_name.as_str()),
            user.upn.as_ref().map(Upn::as_str),
            user.email.as_ref().map(Email::as_str),
        ]),
    }
}

/// Which users.
#[derive(Debug, Clone, Default)]
pub struct UserFilter {
    /// Every word somewhere in the names or addresses.
    pub search: Option<String>,
    /// In this state. Without it, all but the deleted.
    pub state: Option<UserState>,
    /// Members of this group, directly.
    pub group: Option<certporter_model::ids::GroupId>,
    /// From this source.
    pub source: Option<Source>,
}

/// A new user.
///
/// # Errors
/// A conflict with `users__user_name_key`, `users__upn_key` or `users__source__external_id`.
pub async fn insert(tx: &mut WriteTx, user: &User) -> Result<()> {
    super::insert(tx, user).await
}

/// New users.
///
/// # Errors
/// As [`insert`].
pub async fn insert_all(tx: &mut WriteTx, users: &[User]) -> Result<()> {
    super::insert_all(tx, users).await
}

/// Changes a user.
///
/// # Errors
/// As [`insert`]; stale when somebody else changed it.
pub async fn update(tx: &mut WriteTx, user: &User) -> Result<()> {
    save(tx, user, "user").await
}

/// The user of that id, deleted ones included.
///
/// # Errors
/// When there is none.
pub async fn get(conn: &mut Conn, id: UserId) -> Result<User> {
    by_id(conn, &id, "user").await
}

/// The users of those ids; those that there aren't are left out.
///
/// # Errors
/// When the database refuses.
pub async fn by_ids(conn: &mut Conn, ids: &[UserId]) -> Result<Vec<User>> {
    let mut query = Sql::select::<User>();
    query.push(" WHERE id IN (").bind_list(ids).push(") ORDER BY id");
    query.all(conn).await
}

/// The living user of that user name.
///
/// # Errors
/// When the database refuses.
pub async fn by_user_name(conn: &mut Conn, name: &str) -> Result<Option<User>> {
    let mut query = Sql::select::<User>();
    query.push(" WHERE deleted_at IS NULL AND user_name_key = ").bind(&fold(name));
    query.optional(conn).await
}

/// Living users of those user names, folded; those that there aren't are left out.
///
/// # Errors
/// When the database refuses.
pub async fn by_user_names(conn: &mut Conn, keys: &[String]) -> Result<Vec<User>> {
    living_of(conn, "user_name_key", keys).await
}

/// Living users of those UPNs, folded; those that there aren't are left out.
///
/// # Errors
/// When the database refuses.
pub async fn by_upns(conn: &mut Conn, keys: &[String]) -> Result<Vec<User>> {
    living_of(conn, "upn_key", keys).await
}

/// Living users whom any source calls so; those that there aren't are left out.
///
/// # Errors
/// When the database refuses.
pub async fn by_external_ids(conn: &mut Conn, ids: &[String]) -> Result<Vec<User>> {
    living_of(conn, "external_id", ids).await
}

async fn living_of(conn: &mut Conn, column: &'static str, values: &[String]) -> Result<Vec<User>> {
    let mut found = Vec::new();
    for chunk in values.chunks(super::IN_A_LIST) {
        let mut query = Sql::select::<User>();
        query.push(" WHERE deleted_at IS NULL AND ").push(column).push(" IS NOT NULL AND ").push(column);
        query.push(" IN (").bind_list(chunk).push(")");
        found.extend(query.all::<User>(conn).await?);
    }
    Ok(found)
}

/// The living user whom the source calls so.
///
/// # Errors
/// When the database refuses.
pub async fn by_external_id(conn: &mut Conn, source: Source, external_id: &str) -> Result<Option<User>> {
    let mut query = Sql::select::<User>();
    query.push(" WHERE deleted_at IS NULL AND source = ").bind(&source);
    query.push(" AND external_id = ").bind(external_id);
    query.optional(conn).await
}

/// Users that the caller may see.
///
/// # Errors
/// When the database refuses.
pub async fn list(
    conn: &mut Conn,
    visibility: &Visibility,
    filter: &UserFilter,
    page: Page<UserId>,
) -> Result<Vec<User>> {
    let seen = Seen::by(conn, visibility).await?;
    let mut index = None;
    let words = filter.search.as_deref().map(search_key::words).unwrap_or_default();
    if !words.is_empty() {
        // What many are called is found among the first of the list; what few are, by the index.
        let long = words.iter().all(|word| is_in_trigrams(word));
        if conn.engine() == Engine::Sqlite && long {
            index = trigrams::wanted(conn, Searched::Users, &words).await?;
        }
        let few = match &index {
            Some(wanted) => trigrams::finds(conn, Searched::Users, wanted).await? < Finds::Many,
            None if long => trigrams::finds_words(conn, Searched::Users, &words).await? < Finds::Many,
            None => false,
        };
        if !few {
            let first = first_with(conn.engine(), &seen, filter, &words, page);
            let found = first.all::<User>(conn).await?;
            if found.len() >= usize::try_from(page.limit).unwrap_or(usize::MAX) {
                return Ok(found);
            }
        }
        if conn.engine() == Engine::Sqlite && !long {
            match trigrams::wanted(conn, Searched::Users, &words).await? {
                Some(wanted) => index = Some(wanted),
                None => return Ok(Vec::new()),
            }
        }
    }
    let mut query = Sql::select::<User>();
    match index {
        Some(wanted) => {
            push_state(&mut query, filter);
            push_conditions(&mut query, &seen, filter);
            query.push(" AND ");
            push_indexed(&mut query, Searched::Users, &wanted);
        }
        None => push_filter(&mut query, conn, &seen, filter),
    }
    page.push_cursor(&mut query, "users.id");
    page.push_order(&mut query, "users.id");
    query.all(conn).await
}

/// Those of the first of the list that pass the filter and have the words.
fn first_with(engine: Engine, seen: &Seen, filter: &UserFilter, words: &[String], page: Page<UserId>) -> Sql {
    let mut query = near::<User>(engine, |query| {
        push_state(query, filter);
        page.push_cursor(query, "users.id");
        Page { limit: 3 * NEAR, ..page }.push_order(query, "users.id");
    });
    push_conditions(&mut query, seen, filter);
    push_words(&mut query, Searched::Users, words);
    page.push_order(&mut query, "users.id");
    query
}

/// How many of them there are.
///
/// # Errors
/// When the database refuses.
pub async fn count(conn: &mut Conn, visibility: &Visibility, filter: &UserFilter) -> Result<u64> {
    let seen = Seen::by(conn, visibility).await?;
    let mut query = Sql::new("SELECT count(*) FROM users");
    push_filter(&mut query, conn, &seen, filter);
    query.scalar(conn).await
}

fn push_filter(query: &mut Sql, conn: &Conn, seen: &Seen, filter: &UserFilter) {
    push_state(query, filter);
    push_conditions(query, seen, filter);
    if let Some(words) = &filter.search {
        push_search(query, conn.engine(), Searched::Users, words);
    }
}

fn push_state(query: &mut Sql, filter: &UserFilter) {
    match &filter.state {
        Some(state) => query.push(" WHERE users.state = ").bind(state),
        None => query.push(" WHERE users.deleted_at IS NULL"),
    };
}

fn push_conditions(query: &mut Sql, seen: &Seen, filter: &UserFilter) {
    if let Some(source) = &filter.source {
        query.push(" AND users.source = ").bind(source);
    }
    if let Some(group) = &filter.group {
        query.push(" AND users.id IN (SELECT member_id FROM memberships WHERE valid_until IS NULL");
        query.push(" AND member_kind = 'user' AND group_id = ").bind(group).push(")");
    }
    seen.push(query, Some("users.id"), None);
}

/// Locks the rows until the transaction ends: whoever plans for these users goes first or waits. Sorted by id, so
/// that two planners can't wait for each other.
///
/// # Errors
/// When the database refuses.
pub async fn lock(tx: &mut WriteTx, ids: &[UserId]) -> Result<()> {
    let mut query = Sql::new("SELECT id FROM users WHERE id IN (").in_order(tx.engine());
    query.bind_list(ids).push(") ORDER BY id").push(for_update(tx.engine()));
    query.scalars::<UserId>(tx).await.map(|_| ())
}

/// Every living user, by state: for numbers on an overview.
///
/// # Errors
/// When the database refuses.
pub async fn exists(conn: &mut Conn) -> Result<bool> {
    Ok(sql!("SELECT count(*) FROM (SELECT 1 FROM users WHERE deleted_at IS NULL LIMIT 1) AS one")
        .scalar::<i64>(conn)
        .await?
        > 0)
}
