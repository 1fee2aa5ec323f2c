//! What is wrong with a database is said in words that help.

use certporter::store::{Db, Location, StoreError, users};

use crate::conformance::on_both_engines;
use crate::support::database::TestDatabase;
use crate::support::sample::{Sample, event, permit};

on_both_engines!(a_newer_database_is_refused, a_corrupt_value_names_its_column, migrating_again_is_harmless);

async fn migrating_again_is_harmless(db: TestDatabase) {
    db.migrate().await.unwrap();
    assert!(db.now().await.unwrap().as_millis() > 1_700_000_000_000);
}

async fn a_newer_database_is_refused(db: TestDatabase) {
    db.by_hand(
        "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time)
         VALUES (99, 'later', true, '', 0)",
    )
    .await;
    let error = db.migrate().await.unwrap_err();
    assert!(matches!(error, StoreError::NewerVersion { found: 99, .. }), "{error}");
    assert!(error.to_string().contains("newer program"));
}

async fn a_corrupt_value_names_its_column(db: TestDatabase) {
    let user = Sample::new().user("ann", "Ann");
    let mut tx = db.write(&permit()).await.unwrap();
    users::insert(&mut tx, &user).await.unwrap();
    tx.commit(event()).await.unwrap();
    db.by_hand("UPDATE users SET state = 'tired'").await;
    let error = users::get(&mut db.read().await.unwrap(), user.id).await.unwrap_err();
    let text = error.to_string();
    assert!(matches!(error, StoreError::Corrupt { table: "users", column: "state", .. }), "{text}");
    assert!(text.contains("users.state") && text.contains("is one of enabled"), "{text}");
}

async fn reason(location: Location) -> String {
    Db::connect(&location).await.unwrap_err().to_string()
}

#[tokio::test]
async fn a_file_that_cannot_be_opened_says_why() {
    let folder = tempfile::tempdir().unwrap();
    let missing = reason(Location::Sqlite(folder.path().join("none/certporter.db"))).await;
    assert!(missing.contains("does not exist; create it"), "{missing}");
    let is_folder = reason(Location::Sqlite(folder.path().to_owned())).await;
    assert!(is_folder.contains("it is a folder"), "{is_folder}");
    let text = folder.path().join("text");
    std::fs::write(&text, "this is a text and no database, whatever its name says".repeat(50)).unwrap();
    let no_database = reason(Location::Sqlite(text)).await;
    assert!(no_database.contains("not an SQLite database"), "{no_database}");
}

#[tokio::test]
async fn a_server_that_cannot_be_reached_says_so_without_the_password() {
    let text = reason(Location::parse("postgres://ann:secret@127.0.0.1:1/x")).await;
    assert!(text.contains("127.0.0.1:1") && text.contains("check"), "{text}");
    assert!(!text.contains("secret"), "{text}");
    assert!(!format!("{:?}", Location::parse("postgres://ann:secret@127.0.0.1:1/x")).contains("secret"));
}

#[tokio::test]
async fn a_new_file_is_its_owner_s_alone() {
    let db = TestDatabase::sqlite().await;
    let Location::Sqlite(path) = &db.location else { panic!("a file") };
    let mode = std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(path).unwrap().permissions());
    assert_eq!(mode & 0o777, 0o600);
}

#[tokio::test]
async fn a_full_disk_is_full_and_what_was_there_stays() {
    let db = TestDatabase::sqlite().await;
    let sample = Sample::new();
    db.limit_pages(40).await;
    let mut users_in = 0;
    let error = loop {
        let mut tx = db.write(&permit()).await.unwrap();
        let user = sample.user(&format!("user {users_in}"), &"long name ".repeat(19));
        let done = match users::insert(&mut tx, &user).await {
            Ok(()) => tx.commit(event()).await,
            Err(error) => Err(error),
        };
        match done {
            Ok(()) => users_in += 1,
            Err(error) => break error,
        }
        assert!(users_in < 100_000, "it never was full");
    };
    assert!(matches!(error, StoreError::Full), "{error}");
    assert!(error.to_string().contains("Free some space"));
    let mut read = db.read().await.unwrap();
    let all = certporter_model::access::Visibility::All;
    assert_eq!(users::count(&mut read, &all, &Default::default()).await.unwrap(), users_in);
}

#[tokio::test(flavor = "multi_thread")]
async fn processes_that_start_at_once_bring_the_schema_up_to_date_together() {
    let folder = tempfile::tempdir().unwrap();
    let location = Location::Sqlite(folder.path().join("certporter.db"));
    let mut starting = tokio::task::JoinSet::new();
    for _ in 0..4 {
        let db = Db::connect(&location).await.unwrap();
        starting.spawn(async move { db.migrate().await.map(|()| db) });
    }
    while let Some(started) = starting.join_next().await {
        let db = started.unwrap().unwrap();
        assert_eq!(db.version().await.unwrap(), Db::known_version());
    }
}
