//! Plans that are too large to be carried out without somebody's word.

use certporter_model::thumbprint::ContentDigest;
use certporter_model::{ApprovalId, Timestamp};

use crate::store::{Conn, Result, Sql, WriteTx, sql, table_row};

table_row! {
    /// A plan that waits, or did.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct Approval in "approvals" {
        /// Its id.
        pub id: ApprovalId,
        /// What made the plan: "sweep", "import", "sync".
        pub kind: String,
        /// The consequences' digest.
        pub digest: ContentDigest,
        /// The consequences in numbers, as JSON.
        pub summary: String,
        /// "waiting", "approved", "refused".
        pub state: String,
        /// Who would have carried it out.
        pub requested_by: String,
        /// When.
        pub requested_at: Timestamp,
        /// Who decided.
        pub decided_by: Option<String>,
        /// When.
        pub decided_at: Option<Timestamp>,
        /// Why.
        pub explanation: Option<String>,
    }
}

/// Asks for an approval. The same plan is asked for only once.
///
/// # Errors
/// When the database refuses.
pub async fn ask(tx: &mut WriteTx, approval: &Approval) -> Result<()> {
    sql!(
        "INSERT INTO approvals (id, kind, digest, summary, state, requested_by, requested_at)
         VALUES ($1, $2, $3, $4, 'waiting', $5, $6)
         ON CONFLICT (kind, digest) WHERE state = 'waiting' DO NOTHING",
        approval.id,
        approval.kind,
        approval.digest,
        approval.summary,
        approval.requested_by,
        approval.requested_at
    )
    .execute(tx)
    .await?;
    Ok(())
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

/// Decides about a plan that waits.
///
/// # Errors
/// When no such plan waits.
pub async fn decide(
    tx: &mut WriteTx,
    id: ApprovalId,
    approve: bool,
    explanation: Option<&str>,
    now: Timestamp,
) -> Result<()> {
    let state = if approve { "approved" } else { "refused" };
    let by = tx.permit().actor().to_string();
    sql!(
        "UPDATE approvals SET state = $2, decided_by = $3, decided_at = $4, explanation = $5
         WHERE id = $1 AND state = 'waiting'",
        id,
        state,
        by,
        now,
        explanation
    )
    .change(tx, "plan that waits for approval")
    .await
}

/// Plans that wait, the oldest first.
///
/// # Errors
/// When the database refuses.
pub async fn waiting(conn: &mut Conn) -> Result<Vec<Approval>> {
    let mut query = Sql::select::<Approval>();
    query.push(" WHERE state = 'waiting' ORDER BY id");
    query.all(conn).await
}
