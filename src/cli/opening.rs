//! What every command on the host opens: the data folder, the database, the master key.

use std::os::unix::fs::DirBuilderExt;
use std::path::PathBuf;

use certporter_model::FieldErrors;

use super::master_key::{self, MasterKeyError};
use crate::config::{Database, Settings};
use crate::pki::secret_box::MasterKey;
use crate::random::Random;
use crate::store::{Db, Location, StoreError};

/// Why the installation could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpeningError {
    /// Settings are wrong.
    #[error("settings are wrong: {0}")]
    Settings(#[from] FieldErrors),
    /// The data folder can't be made or used.
    #[error("the data folder {path}: {error}")]
    Folder {
        /// The folder.
        path: PathBuf,
        /// What the operating system said.
        error: std::io::Error,
    },
    /// The database can't be opened or brought up to date.
    #[error(transparent)]
    Database(#[from] StoreError),
    /// The master key can't be had.
    #[error(transparent)]
    MasterKey(#[from] MasterKeyError),
}

/// Where the settings say the database is.
#[must_use]
pub fn location(settings: &Settings) -> Location {
    match &settings.database {
        Database::Sqlite(path) => Location::Sqlite(path.clone()),
        Database::Postgres(url) => Location::Postgres(url.expose().to_owned()),
    }
}

/// Opens the database and brings it up to date; makes the data folder where it is missing.
///
/// # Errors
/// When the folder or the database can't be used.
pub async fn database(settings: &Settings) -> Result<Db, OpeningError> {
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(&settings.data)
        .map_err(|error| OpeningError::Folder { path: settings.data.clone(), error })?;
    let db = Db::connect(&location(settings)).await?;
    db.migrate().await?;
    Ok(db)
}

/// Finds the master key, or makes one where nothing is sealed yet.
///
/// # Errors
/// When it is missing, wrong, or can be read by others.
pub fn master_key(settings: &Settings, sealed: bool, random: &dyn Random) -> Result<MasterKey, OpeningError> {
    let (key, origin) = master_key::find(&settings.master_key_file, !sealed, random)?;
    tracing::info!(fingerprint = key.fingerprint(), %origin, "master key");
    Ok(key)
}
