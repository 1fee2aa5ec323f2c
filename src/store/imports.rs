//! Imports of files, and the files for as long as they may still be carried out.

use certporter_model::Timestamp;
use certporter_model::access::Actor;
use certporter_model::ids::ImportId;
use certporter_model::thumbprint::ContentDigest;

use super::{Conn, Page, Result, Sql, WriteTx, by_id, save, sql, table_row};

table_row! {
    /// An import.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct Import in "imports" {
        /// Its id.
        pub id: ImportId,
        /// What the file brings: "users", "devices", "memberships".
        pub kind: String,
        /// What the file was called.
        pub file_name: String,
        /// "checking", "checked", "waiting", "starting", "importing", "stopped", "done", "discarded".
        pub state: String,
        /// Rows of the file.
        pub row_count: u32,
        /// Errors in it.
        pub wrong_count: u32,
        /// What is done to how many, as JSON.
        pub counts: serde_json::Value,
        /// The first of the errors, as JSON.
        pub errors: serde_json::Value,
        /// What would follow, as JSON.
        pub consequences: serde_json::Value,
        /// Who brought it.
        pub made_by: String,
        /// Counts changes; [`update`] refuses an older one.
        pub version: i64,
        /// Checked then.
        pub created_at: Timestamp,
        /// Changed last then.
        pub updated_at: Timestamp,
        /// Carried out or discarded then.
        pub finished_at: Option<Timestamp>,
        /// In whose name it is checked or carried out by itself.
        pub asked_by: Option<Actor>,
        /// The consequences that they saw.
        pub shown: Option<ContentDigest>,
        /// Rows that change something.
        pub to_do: u32,
        /// How many of these are written.
        pub done: u32,
    }
}

table_row! {
    /// What was in a file.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct File in "import_files" {
        /// Of which import.
        pub import_id: ImportId,
        /// What is in it.
        pub content: String,
    }
}

/// A new import with its file.
///
/// # Errors
/// When the database refuses.
pub async fn insert(tx: &mut WriteTx, import: &Import, content: String) -> Result<()> {
    super::insert(tx, import).await?;
    super::insert(tx, &File { import_id: import.id, content }).await
}

/// Changes an import.
///
/// # Errors
/// Stale when somebody else changed it.
pub async fn update(tx: &mut WriteTx, import: &Import) -> Result<()> {
    save(tx, import, "import").await
}

/// The import of that id.
///
/// # Errors
/// When there is none.
pub async fn get(conn: &mut Conn, id: ImportId) -> Result<Import> {
    by_id(conn, &id, "import").await
}

/// What is in the file, unless it is gone already.
///
/// # Errors
/// When the database refuses.
pub async fn file(conn: &mut Conn, id: ImportId) -> Result<Option<String>> {
    sql!("SELECT content FROM import_files WHERE import_id = $1", id).optional_scalar(conn).await
}

/// Imports.
///
/// # Errors
/// When the database refuses.
pub async fn list(conn: &mut Conn, page: Page<ImportId>) -> Result<Vec<Import>> {
    let mut query = Sql::select::<Import>();
    query.push(" WHERE 1 = 1");
    page.push_cursor(&mut query, "imports.id");
    page.push_order(&mut query, "imports.id");
    query.all(conn).await
}

/// Forgets what is in the file.
///
/// # Errors
/// When the database refuses.
pub async fn forget(tx: &mut WriteTx, id: ImportId) -> Result<()> {
    sql!("DELETE FROM import_files WHERE import_id = $1", id).execute(tx).await.map(|_| ())
}

/// Forgets the files of imports that nobody has gone on with since `before`, and discards those.
///
/// # Errors
/// When the database refuses.
pub async fn forget_old(tx: &mut WriteTx, before: Timestamp, now: Timestamp) -> Result<()> {
    sql!(
        "UPDATE imports SET state = 'discarded', finished_at = $2, updated_at = $2, version = version + 1
         WHERE state IN ('checked', 'waiting', 'stopped') AND updated_at < $1",
        before,
        now
    )
    .execute(tx)
    .await?;
    sql!("DELETE FROM import_files WHERE import_id IN (SELECT id FROM imports WHERE state = 'discarded')")
        .execute(tx)
        .await
        .map(|_| ())
}
