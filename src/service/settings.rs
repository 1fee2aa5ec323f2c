//! How the portal is set up: facts that are changed where it is started, not here.

use certporter_model::Timestamp;
use certporter_model::access::Caller;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::error::ServiceError;
use super::operation::Operation;
use super::portal::Portal;
use crate::store::{Db, Engine};

/// How the portal is set up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SettingsView {
    /// Where people and REST clients reach it.
    pub portal_address: String,
    /// Where devices reach it.
    pub device_address: String,
    /// Where relying parties fetch; frozen into certificates.
    pub pki_address: String,
    /// The database engine.
    pub database: String,
    /// The version of the database's tables, and the one that this program knows.
    pub schema: (i64, i64),
    /// The program's version.
    pub version: String,
    /// The portal's clock.
    pub now: Timestamp,
    /// The database's clock.
    pub database_now: Timestamp,
}

/// How the portal is set up.
///
/// # Errors
/// When the caller may not.
pub async fn get(portal: &Portal, caller: &Caller) -> Result<SettingsView, ServiceError> {
    Operation::SettingsGet.organisation(caller)?;
    let addresses = portal.addresses();
    Ok(SettingsView {
        portal_address: addresses.portal.to_string(),
        device_address: addresses.device.to_string(),
        pki_address: addresses.pki.to_string(),
        database: match portal.db().engine() {
            Engine::Sqlite => "SQLite, within the program".to_owned(),
            Engine::Postgres => "PostgreSQL".to_owned(),
        },
        schema: (portal.db().version().await?, Db::known_version()),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        now: portal.now(),
        database_now: portal.db().now().await?,
    })
}
