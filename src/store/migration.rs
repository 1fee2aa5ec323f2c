//! The schema's history, the same versions and names for both engines.

use sqlx::migrate::{Migrate, MigrateError, Migration, MigrationType, Migrator};
use sqlx::{Connection as _, SqlSafeStr};

use super::{Result, StoreError};

macro_rules! migrations {
    ($($version:literal $name:literal),+ $(,)?) => {
        const SQLITE: &[(i64, &str, &str)] = &[$((
            $version, $name, include_str!(concat!("../../migrations/sqlite/", $name, ".sql")),
        )),+];
        const POSTGRES: &[(i64, &str, &str)] = &[$((
            $version, $name, include_str!(concat!("../../migrations/postgres/", $name, ".sql")),
        )),+];
    };
}

migrations! {
    1 "0001_directory",
    2 "0002_access",
    3 "0003_profiles",
    4 "0004_devices",
    5 "0005_pki",
    6 "0006_certificates",
    7 "0007_pipeline",
    8 "0008_audit",
    9 "0009_search",
    10 "0010_certificate_lists",
    11 "0011_imports",
    12 "0012_overview",
    13 "0013_reissue",
    14 "0014_device_lists",
    15 "0015_long_lists",
    16 "0016_external_authorities",
    17 "0017_revocation_proof",
    18 "0018_crl_shards",
    19 "0019_reconciliation",
    20 "0020_helpdesk",
    21 "0021_self_service",
    22 "0022_hand_outs",
    23 "0023_notices",
    24 "0024_dismissals",
    25 "0025_long_searches",
    26 "0026_wide_lists",
    27 "0027_on_device",
    28 "0028_helpdesk_box",
    29 "0029_issued_spans",
    30 "0030_plans_for_everybody",
}

fn migrator(history: &[(i64, &'static str, &'static str)]) -> Migrator {
    let migrations = history
        .iter()
        .map(|&(version, name, text)| {
            Migration::new(version, name.into(), MigrationType::Simple, text.into_sql_str(), false)
        })
        .collect();
    Migrator::with_migrations(migrations)
}

/// The newest version that this program knows.
pub(crate) fn known() -> i64 {
    SQLITE.iter().map(|&(version, ..)| version).max().unwrap_or(0)
}

pub(crate) async fn run_sqlite(conn: &mut sqlx::SqliteConnection) -> Result<()> {
    // The lock before the look: two processes that start at once do it one after the other.
    let mut tx = conn.begin_with("BEGIN IMMEDIATE").await?;
    run(migrator(SQLITE), &mut *tx).await?;
    Ok(tx.commit().await?)
}

pub(crate) async fn run_postgres(conn: &mut sqlx::PgConnection) -> Result<()> {
    run(migrator(POSTGRES), conn).await
}

async fn run<C: Migrate>(migrator: Migrator, conn: &mut C) -> Result<()> {
    migrator.run_direct(None, conn, false).await.map_err(|error| match error {
        // It has one that we don't know: a newer program was here.
        MigrateError::VersionMissing(found) => StoreError::NewerVersion { found, known: known() },
        MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _) => {
            match StoreError::from(error) {
                StoreError::Other(text) => StoreError::Migration(text),
                clear => clear,
            }
        }
        other => StoreError::Migration(other.to_string()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_engines_have_every_file_of_their_folder() {
        for (engine, history) in [("sqlite", SQLITE), ("postgres", POSTGRES)] {
            let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations").join(engine);
            let mut files: Vec<String> = std::fs::read_dir(folder)
                .unwrap()
                .map(|file| file.unwrap().file_name().into_string().unwrap())
                .collect();
            files.sort();
            let known: Vec<String> = history.iter().map(|(_, name, _)| format!("{name}.sql")).collect();
            assert_eq!(files, known);
        }
    }
}
