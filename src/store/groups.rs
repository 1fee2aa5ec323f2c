//! Groups of users, devices and groups.

use certporter_model::Timestamp;
use certporter_model::assignment::Source;
use certporter_model::ids::GroupId;
use certporter_model::text::Name;

use super::dialect::{Searched, push_search};
use super::{Conn, Page, Result, Sql, WriteTx, by_id, fold, save, search_key, table_row};

table_row! {
    /// A group.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct Group in "groups" {
        /// Its id.
        pub id: GroupId,
        /// Where it came from.
        pub source: Source,
        /// What the source calls it. Unique within the source.
        pub external_id: Option<String>,
        /// Its name. Unique without regard to case and accents.
        pub name: Name,
        /// A note.
        pub description: String,
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
        name_key: |group| fold(group.name.as_str()),
        search_key: |group| search_key([Some(group.name.as_str()), Some(group.description.as_str())]),
    }
}

/// A new group.
///
/// # Errors
/// A conflict with `groups__name_key` or `groups__source__external_id`.
pub async fn insert(tx: &mut WriteTx, group: &Group) -> Result<()> {
    super::insert(tx, group).await
}

/// Changes a group.
///
/// # Errors
/// As [`insert`]; stale when somebody else changed it.
pub async fn update(tx: &mut WriteTx, group: &Group) -> Result<()> {
    save(tx, group, "group").await
}

/// The group of that id, deleted ones included.
///
/// # Errors
/// When there is none.
pub async fn get(conn: &mut Conn, id: GroupId) -> Result<Group> {
    by_id(conn, &id, "group").await
}

/// The groups of those ids; those that there aren't are left out.
///
/// # Errors
/// When the database refuses.
pub async fn by_ids(conn: &mut Conn, ids: &[GroupId]) -> Result<Vec<Group>> {
    let mut query = Sql::select::<Group>();
    query.push(" WHERE id IN (").bind_list(ids).push(") ORDER BY id");
    query.all(conn).await
}

/// The living group of that name.
///
/// # Errors
/// When the database refuses.
pub async fn by_name(conn: &mut Conn, name: &str) -> Result<Option<Group>> {
    let mut query = Sql::select::<Group>();
    query.push(" WHERE deleted_at IS NULL AND name_key = ").bind(&fold(name));
    query.optional(conn).await
}

/// The living groups of those names, folded; those that there aren't are left out.
///
/// # Errors
/// When the database refuses.
pub async fn by_names(conn: &mut Conn, keys: &[String]) -> Result<Vec<Group>> {
    let mut found = Vec::new();
    for chunk in keys.chunks(super::IN_A_LIST) {
        let mut query = Sql::select::<Group>();
        query.push(" WHERE deleted_at IS NULL AND name_key IN (").bind_list(chunk).push(")");
        found.extend(query.all::<Group>(conn).await?);
    }
    Ok(found)
}

/// Living groups, those whose name or note has every word of `search`.
///
/// # Errors
/// When the database refuses.
pub async fn list(conn: &mut Conn, search: Option<&str>, page: Page<GroupId>) -> Result<Vec<Group>> {
    let mut query = Sql::select::<Group>();
    query.push(" WHERE deleted_at IS NULL");
    if let Some(words) = search {
        push_search(&mut query, conn.engine(), Searched::Groups, words);
    }
    page.push_cursor(&mut query, "groups.id");
    page.push_order(&mut query, "groups.id");
    query.all(conn).await
}

/// How many of them there are.
///
/// # Errors
/// When the database refuses.
pub async fn count(conn: &mut Conn, search: Option<&str>) -> Result<u64> {
    let mut query = Sql::new("SELECT count(*) FROM groups WHERE deleted_at IS NULL");
    if let Some(words) = search {
        push_search(&mut query, conn.engine(), Searched::Groups, words);
    }
    query.scalar(conn).await
}

/// These groups and every group within them, however deep: whose members are members of one of these.
///
/// # Errors
/// When the database refuses.
pub async fn within(conn: &mut Conn, groups: &[GroupId]) -> Result<Vec<GroupId>> {
    // UNION drops what was found before, so that a circle of groups ends.
    let mut query = Sql::new("WITH RECURSIVE nested (id) AS (SELECT id FROM groups WHERE id IN (");
    query.bind_list(groups);
    query.push(
        ") UNION SELECT m.member_id FROM memberships m JOIN nested n ON m.group_id = n.id
           WHERE m.member_kind = 'group' AND m.valid_until IS NULL)
         SELECT id FROM nested ORDER BY id",
    );
    query.scalars(conn).await
}

/// These groups and every group that they are in, however deep.
///
/// # Errors
/// When the database refuses.
pub async fn around(conn: &mut Conn, groups: &[GroupId]) -> Result<Vec<GroupId>> {
    let mut query = Sql::new("WITH RECURSIVE outer_groups (id) AS (SELECT id FROM groups WHERE id IN (");
    query.bind_list(groups);
    query.push(
        ") UNION SELECT m.group_id FROM memberships m JOIN outer_groups n ON m.member_id = n.id
           WHERE m.member_kind = 'group' AND m.valid_until IS NULL)
         SELECT id FROM outer_groups ORDER BY id",
    );
    query.scalars(conn).await
}
