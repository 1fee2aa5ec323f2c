//! Transactions: what is committed comes with its audit event, what is not is gone.

use certporter::store::{AuditEvent, StoreError, Target, audit_events};
use certporter_model::Timestamp;
use certporter_model::access::{Caller, Permission, Permit, Scope};

use crate::conformance::on_both_engines;
use crate::support::database::TestDatabase;

on_both_engines!(
    a_change_has_its_event,
    without_commit_nothing_stays,
    a_newer_database_is_refused,
    migrating_again_is_harmless
);

fn permit() -> Permit {
    Caller::system("test").permitted(Permission::SystemWork, &Scope::Organisation).unwrap()
}

fn event() -> AuditEvent {
    AuditEvent::new(Timestamp::from_millis(1_800_000_000_123), "test.done", Target::none("test"))
        .with("b", 1)
        .with("a", "x")
}

async fn a_change_has_its_event(db: TestDatabase) {
    db.write(&permit()).await.unwrap().commit(event()).await.unwrap();
    let entries =
        audit_events::list(&mut db.read().await.unwrap(), &Default::default(), None, 10).await.unwrap();
    assert_eq!(entries.len(), 1);
    assert!(entries[0].is_intact());
    let json = String::from_utf8(entries[0].canonical.clone()).unwrap();
    assert_eq!(
        json,
        r#"{"action":"test.done","actor":{"kind":"system","name":"test"},"address":null,"at":"2027-01-15T08:00:00.123Z","details":{"a":"x","b":1},"permission":"system_work","target_id":null,"target_kind":"test","v":1}"#
    );
    let error = db.write(&permit()).await.unwrap().commit_all(Vec::new()).await.unwrap_err();
    assert!(error.to_string().contains("audit event"));
}

async fn without_commit_nothing_stays(db: TestDatabase) {
    drop(db.write(&permit()).await.unwrap());
    db.write(&permit()).await.unwrap().rollback().await.unwrap();
    assert_eq!(audit_events::count(&mut db.read().await.unwrap()).await.unwrap(), 0);
}

async fn migrating_again_is_harmless(db: TestDatabase) {
    db.migrate().await.unwrap();
    assert!(db.now().await.unwrap() > Timestamp::from_millis(1_700_000_000_000));
}

async fn a_newer_database_is_refused(db: TestDatabase) {
    db.by_hand("INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) VALUES (99, 'later', true, '', 0)").await;
    let error = db.migrate().await.unwrap_err();
    assert!(matches!(error, StoreError::NewerVersion { found: 99, .. }), "{error}");
    assert!(error.to_string().contains("newer program"));
}
