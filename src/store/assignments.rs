//! Which groups a profile reaches and reached.

use certporter_model::Timestamp;
use certporter_model::assignment::AssignmentMode;
use certporter_model::ids::{AssignmentId, GroupId, ProfileId};

use super::{Conn, Result, Sql, WriteTx, by_id, sql, table_row};

table_row! {
    /// An assignment and when it held.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct Assignment in "assignments" {
        /// Its id.
        pub id: AssignmentId,
        /// The profile.
        pub profile_id: ProfileId,
        /// The group.
        pub group_id: GroupId,
        /// Whether it brings or bars.
        pub mode: AssignmentMode,
        /// Since then.
        pub valid_from: Timestamp,
        /// Until then; open while none.
        pub valid_until: Option<Timestamp>,
    }
}

/// A new assignment.
///
/// # Errors
/// A conflict with `assignments__profile_id__group_id` when one is open already.
pub async fn insert(tx: &mut WriteTx, assignment: &Assignment) -> Result<()> {
    super::insert(tx, assignment).await
}

/// Ends an assignment.
///
/// # Errors
/// When it is not open.
pub async fn end(tx: &mut WriteTx, id: AssignmentId, now: Timestamp) -> Result<()> {
    sql!("UPDATE assignments SET valid_until = $1 WHERE id = $2 AND valid_until IS NULL", now, id)
        .change(tx, "assignment")
        .await
}

/// Ends every assignment to a group: it was deleted.
///
/// # Errors
/// When the database refuses.
pub async fn end_all_to(tx: &mut WriteTx, group: GroupId, now: Timestamp) -> Result<u64> {
    sql!("UPDATE assignments SET valid_until = $1 WHERE group_id = $2 AND valid_until IS NULL", now, group)
        .execute(tx)
        .await
}

/// Ends every assignment of a profile: it was deleted.
///
/// # Errors
/// When the database refuses.
pub async fn end_all_of(tx: &mut WriteTx, profile: ProfileId, now: Timestamp) -> Result<u64> {
    sql!(
        "UPDATE assignments SET valid_until = $1 WHERE profile_id = $2 AND valid_until IS NULL",
        now,
        profile
    )
    .execute(tx)
    .await
}

/// The assignment of that id, ended ones included.
///
/// # Errors
/// When there is none.
pub async fn get(conn: &mut Conn, id: AssignmentId) -> Result<Assignment> {
    by_id(conn, &id, "assignment").await
}

/// Open assignments, of a profile or to a group or all.
///
/// # Errors
/// When the database refuses.
pub async fn list(
    conn: &mut Conn,
    profile: Option<ProfileId>,
    group: Option<GroupId>,
) -> Result<Vec<Assignment>> {
    let mut query = Sql::select::<Assignment>();
    query.push(" WHERE valid_until IS NULL");
    if let Some(profile) = profile {
        query.push(" AND profile_id = ").bind(&profile);
    }
    if let Some(group) = group {
        query.push(" AND group_id = ").bind(&group);
    }
    query.push(" ORDER BY id");
    query.all(conn).await
}

/// Every assignment, ended ones included: for the plan.
///
/// # Errors
/// When the database refuses.
pub async fn all(conn: &mut Conn) -> Result<Vec<Assignment>> {
    let mut query = Sql::select::<Assignment>();
    query.push(" ORDER BY id");
    query.all(conn).await
}
