//! Profile versions, which never change once they are written.

use certporter_model::ProfileId;
use certporter_model::profile::Profile;

use crate::store::{Conn, Result, StoreError, sql};

/// The profile in that version.
///
/// # Errors
/// [`StoreError::NotFound`] when there is none, [`StoreError::Corrupt`] when it can't be read.
pub async fn version(conn: &mut Conn, profile: ProfileId, version: i64) -> Result<Profile> {
    let query =
        sql!("SELECT body FROM profile_versions WHERE profile_id = $1 AND version = $2", profile, version);
    let body: Option<String> = query.optional_scalar(conn).await?;
    let body = body.ok_or(StoreError::NotFound { what: "profile version" })?;
    serde_json::from_str(&body).map_err(|error| StoreError::Corrupt {
        table: "profile_versions",
        column: "body",
        reason: error.to_string(),
    })
}
