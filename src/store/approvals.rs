//! Large plans that wait for an administrator.

use certporter_model::Timestamp;
use certporter_model::ids::ApprovalId;
use certporter_model::thumbprint::ContentDigest;
use serde_json::Value;

use super::{Conn, Result, Sql, WriteTx, by_id, sql, table_row};

table_row! {
    /// A plan that waits, or was decided on.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct Approval in "approvals" {
        /// Its id.
        pub id: ApprovalId,
        /// What it is: "sweep", "import".
        pub kind: String,
        /// Digest of the plan.
        pub digest: ContentDigest,
        /// The plan in numbers, for people.
        pub summary: Value,
        /// "waiting", "approved", "refused", "outdated".
        pub state: String,
        /// Who or what made it.
        pub requested_by: String,
        /// When.
        pub requested_at: Timestamp,
        /// Who decided.
        pub decided_by: Option<String>,
        /// When.
        pub decided_at: Option<Timestamp>,
        /// What they said about it.
        pub explanation: Option<String>,
    }
}

/// Lets a plan wait; the same plan waits only once, and one of the same kind that waited before and says something
/// else is outdated by it.
///
/// # Errors
/// When the database refuses.
pub async fn wait(tx: &mut WriteTx, approval: &Approval) -> Result<()> {
    sql!(
        "UPDATE approvals SET state = 'outdated', decided_by = $3, decided_at = $4
         WHERE kind = $1 AND state = 'waiting' AND digest <> $2",
        approval.kind,
        approval.digest,
        approval.requested_by,
        approval.requested_at
    )
    .execute(tx)
    .await?;
    super::insert_if_absent(tx, approval).await.map(|_| ())
}

/// Whether exactly this plan was approved after `since`.
///
/// # Errors
/// When the database refuses.
pub async fn is_approved(
    conn: &mut Conn,
    kind: &str,
    digest: ContentDigest,
    since: Timestamp,
) -> Result<bool> {
    let count: i64 = sql!(
        "SELECT count(*) FROM approvals
         WHERE kind = $1 AND digest = $2 AND state = 'approved' AND decided_at >= $3",
        kind,
        digest,
        since
    )
    .scalar(conn)
    .await?;
    Ok(count > 0)
}

/// The approval of that id.
///
/// # Errors
/// When there is none.
pub async fn get(conn: &mut Conn, id: ApprovalId) -> Result<Approval> {
    by_id(conn, &id, "plan that waits").await
}

/// The newest one of a kind that is not outdated.
///
/// # Errors
/// When the database refuses.
pub async fn newest_of(conn: &mut Conn, kind: &str) -> Result<Option<Approval>> {
    let mut query = Sql::select::<Approval>();
    query.push(" WHERE state <> 'outdated' AND kind = ").bind(kind).push(" ORDER BY id DESC LIMIT 1");
    query.optional(conn).await
}

/// Those in that state, the newest first.
///
/// # Errors
/// When the database refuses.
pub async fn list(conn: &mut Conn, state: Option<&str>, limit: u32) -> Result<Vec<Approval>> {
    let mut query = Sql::select::<Approval>();
    query.push(" WHERE 1 = 1");
    if let Some(state) = state {
        query.push(" AND state = ").bind(state);
    }
    query.push(" ORDER BY id DESC LIMIT ").bind(&limit);
    query.all(conn).await
}

/// A plan is outdated, whether it waits or was decided on: it is not to be carried out any more. Who decided stays.
///
/// # Errors
/// When there is none.
pub async fn outdate(tx: &mut WriteTx, id: ApprovalId, now: Timestamp) -> Result<()> {
    let by = tx.permit().actor().to_string();
    sql!(
        "UPDATE approvals SET state = 'outdated', decided_by = COALESCE(decided_by, $2),
                              decided_at = COALESCE(decided_at, $3) WHERE id = $1",
        id,
        by,
        now
    )
    .change(tx, "plan")
    .await
}

/// What was decided about a plan.
#[derive(Debug, Clone)]
pub struct Decided<'d> {
    /// "approved", "refused", "outdated".
    pub state: &'d str,
    /// Who.
    pub by: &'d str,
    /// What they said about it.
    pub explanation: Option<&'d str>,
}

/// Decides on a plan that waits.
///
/// # Errors
/// When it does not wait any more.
pub async fn decide(tx: &mut WriteTx, id: ApprovalId, decided: &Decided<'_>, now: Timestamp) -> Result<()> {
    sql!(
        "UPDATE approvals SET state = $2, decided_by = $3, decided_at = $4, explanation = $5
         WHERE id = $1 AND state = 'waiting'",
        id,
        decided.state,
        decided.by,
        now,
        decided.explanation
    )
    .change(tx, "plan that waits")
    .await
}
