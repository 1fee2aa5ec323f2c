//! Certificate profiles and their versions.

use certporter_model::Timestamp;
use certporter_model::access::Visibility;
use certporter_model::ids::ProfileId;
use certporter_model::profile::Profile;
use certporter_model::text::Name;

use super::dialect::{Searched, for_update, push_search};
use super::visibility::Seen;
use super::{Conn, Page, Result, Sql, WriteTx, by_id, fold, save, search_key, table_row};

table_row! {
    /// A profile, in all its versions.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct ProfileHead in "profiles" {
        /// Its id.
        pub id: ProfileId,
        /// Its name in the current version. Unique without regard to case and accents.
        pub name: Name,
        /// The number of the current version.
        pub current_version: i64,
        /// Counts changes; [`update`] refuses an older one.
        pub version: i64,
        /// Made then.
        pub created_at: Timestamp,
        /// Changed last then.
        pub updated_at: Timestamp,
        /// Deleted then.
        pub deleted_at: Option<Timestamp>,
    }
    derived {
        name_key: |profile| fold(profile.name.as_str()),
        search_key: |profile| search_key([Some(profile.name.as_str())]),
    }
}

table_row! {
    /// A version of a profile. Never changed once written.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct ProfileVersion in "profile_versions" {
        /// The profile.
        pub profile_id: ProfileId,
        /// The version's number, from 1.
        pub version: i64,
        /// The profile.
        pub body: Profile,
        /// When certificates of earlier versions follow: "now", "at_renewal".
        pub on_edit: String,
        /// When certificates follow a changed attribute: "now", "at_renewal".
        pub on_attribute_change: String,
        /// Who wrote it.
        pub created_by: String,
        /// When.
        pub created_at: Timestamp,
    }
}

table_row! {
    /// Whom a profile reaches.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub struct ReachRow in "reach" {
        /// The profile.
        pub id: ProfileId,
        /// Groups that it is assigned to.
        pub included: u32,
        /// Groups that are excluded.
        pub excluded: u32,
        /// Certificates in use; one more than [`COUNTED`] for more.
        pub certificates: u32,
    }
}

/// As many certificates of a profile are counted: a count of millions would take longer than anybody waits.
pub const COUNTED: u32 = 1_000;

/// A new profile with its first version.
///
/// # Errors
/// A conflict with `profiles__name_key`.
pub async fn insert(tx: &mut WriteTx, head: &ProfileHead, version: &ProfileVersion) -> Result<()> {
    super::insert(tx, head).await?;
    super::insert(tx, version).await
}

/// A new version; `head` names it as the current one.
///
/// # Errors
/// A conflict with `profiles__name_key`; stale when somebody else changed the profile.
pub async fn insert_version(tx: &mut WriteTx, head: &ProfileHead, version: &ProfileVersion) -> Result<()> {
    update(tx, head).await?;
    super::insert(tx, version).await
}

/// Changes a profile's head: its name with a new version, or its deletion.
///
/// # Errors
/// A conflict with `profiles__name_key`; stale when somebody else changed it.
pub async fn update(tx: &mut WriteTx, head: &ProfileHead) -> Result<()> {
    save(tx, head, "profile").await
}

/// The profile of that id, deleted ones included.
///
/// # Errors
/// When there is none.
pub async fn get(conn: &mut Conn, id: ProfileId) -> Result<ProfileHead> {
    by_id(conn, &id, "profile").await
}

/// The living profile of that name.
///
/// # Errors
/// When the database refuses.
pub async fn by_name(conn: &mut Conn, name: &str) -> Result<Option<ProfileHead>> {
    let mut query = Sql::select::<ProfileHead>();
    query.push(" WHERE deleted_at IS NULL AND name_key = ").bind(&fold(name));
    query.optional(conn).await
}

/// A version of a profile.
///
/// # Errors
/// When there is none.
pub async fn version(conn: &mut Conn, id: ProfileId, version: i64) -> Result<ProfileVersion> {
    let mut query = Sql::select::<ProfileVersion>();
    query.push(" WHERE profile_id = ").bind(&id).push(" AND version = ").bind(&version);
    query.one(conn, "version of the profile").await
}

/// The versions of a profile, the newest first.
///
/// # Errors
/// When the database refuses.
pub async fn versions(conn: &mut Conn, id: ProfileId) -> Result<Vec<ProfileVersion>> {
    versions_before(conn, id, i64::MAX, u32::MAX).await
}

/// Its versions below a number, the newest first.
///
/// # Errors
/// When the database refuses.
pub async fn versions_before(
    conn: &mut Conn,
    id: ProfileId,
    before: i64,
    limit: u32,
) -> Result<Vec<ProfileVersion>> {
    let mut query = Sql::select::<ProfileVersion>();
    query.push(" WHERE profile_id = ").bind(&id).push(" AND version < ").bind(&before);
    query.push(" ORDER BY version DESC LIMIT ").bind(&limit);
    query.all(conn).await
}

/// The current versions of all profiles, of deleted ones too: for the plan.
///
/// # Errors
/// When the database refuses.
pub async fn current_versions(conn: &mut Conn) -> Result<Vec<ProfileVersion>> {
    let mut query = Sql::select::<ProfileVersion>();
    query.push(
        " JOIN profiles ON profiles.id = profile_versions.profile_id
              AND profiles.current_version = profile_versions.version
          ORDER BY profile_versions.profile_id",
    );
    query.all(conn).await
}

/// The same of these profiles.
///
/// # Errors
/// When the database refuses.
pub async fn current_versions_of(conn: &mut Conn, ids: &[ProfileId]) -> Result<Vec<ProfileVersion>> {
    let mut query = Sql::select::<ProfileVersion>();
    query.push(
        " JOIN profiles ON profiles.id = profile_versions.profile_id
              AND profiles.current_version = profile_versions.version
          WHERE profile_versions.profile_id IN (",
    );
    query.bind_list(ids).push(")");
    query.all(conn).await
}

/// The profiles of those ids; those that there aren't are left out.
///
/// # Errors
/// When the database refuses.
pub async fn by_ids(conn: &mut Conn, ids: &[ProfileId]) -> Result<Vec<ProfileHead>> {
    let mut query = Sql::select::<ProfileHead>();
    query.push(" WHERE id IN (").bind_list(ids).push(")");
    query.all(conn).await
}

/// Every profile, deleted ones too: for the plan.
///
/// # Errors
/// When the database refuses.
pub async fn all(conn: &mut Conn) -> Result<Vec<ProfileHead>> {
    let mut query = Sql::select::<ProfileHead>();
    query.push(" ORDER BY id");
    query.all(conn).await
}

/// Living profiles, those whose name has every word of `search`.
///
/// # Errors
/// When the database refuses.
pub async fn list(conn: &mut Conn, search: Option<&str>, page: Page<ProfileId>) -> Result<Vec<ProfileHead>> {
    let mut query = Sql::select::<ProfileHead>();
    query.push(" WHERE deleted_at IS NULL");
    if let Some(words) = search {
        push_search(&mut query, conn.engine(), Searched::Profiles, words);
    }
    page.push_cursor(&mut query, "profiles.id");
    page.push_order(&mut query, "profiles.id");
    query.all(conn).await
}

/// Whom these profiles reach.
///
/// # Errors
/// When the database refuses.
pub async fn reach(conn: &mut Conn, visibility: &Visibility, ids: &[ProfileId]) -> Result<Vec<ReachRow>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let seen = Seen::by(conn, visibility).await?;
    let mut query = Sql::new(
        "SELECT p.id,
            (SELECT count(*) FROM assignments a
             WHERE a.profile_id = p.id AND a.mode = 'include' AND a.valid_until IS NULL) AS included,
            (SELECT count(*) FROM assignments a
             WHERE a.profile_id = p.id AND a.mode = 'exclude' AND a.valid_until IS NULL) AS excluded,
            (SELECT count(*) FROM (SELECT 1 FROM certificates c
             WHERE c.profile_id = p.id AND c.standing = 'current' AND c.standing IN ('current', 'predecessor')",
    );
    seen.push(&mut query, Some("c.user_id"), Some("c.device_id"));
    query
        .push(" LIMIT ")
        .bind(&i64::from(COUNTED + 1))
        .push(") AS counted) AS certificates FROM profiles p WHERE p.id IN (");
    query.bind_list(ids).push(")");
    query.all(conn).await
}

/// Locks the rows until the transaction ends, sorted by id.
///
/// # Errors
/// When the database refuses.
pub async fn lock(tx: &mut WriteTx, ids: &[ProfileId]) -> Result<()> {
    let mut query = Sql::new("SELECT id FROM profiles WHERE id IN (");
    query.bind_list(ids).push(") ORDER BY id").push(for_update(tx.engine()));
    query.scalars::<ProfileId>(tx).await.map(|_| ())
}
