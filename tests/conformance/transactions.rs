//! Transactions: what is committed comes with its audit event, what is not is gone; two writers don't mix.

use certporter::store::audit_events::{self, AuditFilter};
use certporter::store::{Announcement, AuditEvent, Location, StoreError, Target, outbox, requests, users};
use certporter_model::Timestamp;

use crate::conformance::on_both_engines;
use crate::support::database::TestDatabase;
use crate::support::sample::{Sample, THEN, event, permit};

on_both_engines!(
    a_change_has_its_event,
    without_commit_nothing_stays,
    announcements_come_in_the_order_of_commits,
    a_snapshot_stays_as_it_was,
    two_writers_cannot_both_ask,
    an_older_version_is_stale,
    those_who_wait_in_line_stand_for_themselves,
    who_stops_waiting_holds_nobody_up,
    what_failed_half_way_is_never_committed,
    those_about_much_stand_for_themselves,
);

async fn a_change_has_its_event(db: TestDatabase) {
    let event = event().with("b", 1).with("a", "x");
    db.write(&permit()).await.unwrap().commit(event).await.unwrap();
    let filter = AuditFilter::default();
    let entries = audit_events::list(&mut db.read().await.unwrap(), &filter, None, 10).await.unwrap();
    assert_eq!(entries.len(), 1);
    assert!(entries[0].is_intact());
    assert_eq!(
        String::from_utf8(entries[0].canonical.clone()).unwrap(),
        r#"{"action":"test.done","actor":{"kind":"system","name":"test"},"address":null,"at":"2027-01-15T08:00:00Z","details":{"a":"x","b":1},"permission":"system_work","target_id":null,"target_kind":"test","v":1}"#
    );
    let error = db.write(&permit()).await.unwrap().commit_all(Vec::new()).await.unwrap_err();
    assert!(error.to_string().contains("audit event"), "{error}");
}

async fn without_commit_nothing_stays(db: TestDatabase) {
    let sample = Sample::new();
    let user = sample.user("ann", "Ann");
    let mut tx = db.write(&permit()).await.unwrap();
    users::insert(&mut tx, &user).await.unwrap();
    tx.announce(Announcement::new("user"));
    assert!(users::get(&mut tx, user.id).await.is_ok());
    drop(tx);
    let mut read = db.read().await.unwrap();
    assert!(matches!(users::get(&mut read, user.id).await, Err(StoreError::NotFound { what: "user" })));
    assert_eq!(audit_events::count(&mut read).await.unwrap(), 0);
    assert_eq!(outbox::newest(&mut read).await.unwrap(), 0);
}

async fn announcements_come_in_the_order_of_commits(db: TestDatabase) {
    for kind in ["one", "two"] {
        let mut tx = db.write(&permit()).await.unwrap();
        tx.announce(Announcement::new(kind));
        tx.announce(Announcement::new(kind));
        tx.commit(event()).await.unwrap();
    }
    let mut read = db.read().await.unwrap();
    let heard = outbox::after(&mut read, 0, 10).await.unwrap();
    assert_eq!(heard.iter().map(|e| e.kind.as_str()).collect::<Vec<_>>(), ["one", "two"]);
    let rest = outbox::after(&mut read, heard[0].seq, 10).await.unwrap();
    assert_eq!(rest.len(), 1);
    drop(read);
    let mut tx = db.bookkeeping().await.unwrap();
    assert_eq!(outbox::drop_before(&mut tx, Timestamp::MAX).await.unwrap(), 2);
    tx.commit().await.unwrap();
}

async fn a_snapshot_stays_as_it_was(db: TestDatabase) {
    let mut snapshot = db.snapshot().await.unwrap();
    assert_eq!(audit_events::count(&mut snapshot).await.unwrap(), 0);
    db.write(&permit()).await.unwrap().commit(event()).await.unwrap();
    assert_eq!(audit_events::count(&mut snapshot).await.unwrap(), 0);
    assert_eq!(audit_events::count(&mut db.read().await.unwrap()).await.unwrap(), 1);
}

async fn two_writers_cannot_both_ask(db: TestDatabase) {
    let sample = Sample::new();
    let user = sample.user("ann", "Ann");
    let device = sample.device("laptop", Some(user.id));
    let (head, version) = sample.profile("Wi-Fi");
    let mut tx = db.write(&permit()).await.unwrap();
    users::insert(&mut tx, &user).await.unwrap();
    certporter::store::devices::insert(&mut tx, &device).await.unwrap();
    certporter::store::profiles::insert(&mut tx, &head, &version).await.unwrap();
    tx.commit(event()).await.unwrap();

    let ask = async || {
        let mut tx = db.write(&permit()).await?;
        requests::insert(&mut tx, &sample.request(head.id, &device)).await?;
        tx.commit(AuditEvent::new(THEN, "request.ask", Target::none("request"))).await
    };
    let (one, other) = tokio::join!(ask(), ask());
    let errors: Vec<StoreError> = [one, other].into_iter().filter_map(Result::err).collect();
    assert_eq!(errors.len(), 1, "{errors:?}");
    assert!(errors[0].is_conflict("requests__profile_id__holder_kind__holder_id"), "{errors:?}");
    let mut read = db.read().await.unwrap();
    let kind = certporter_model::assignment::HolderKind::Device;
    let asked = requests::in_flight_of(&mut read, kind, &[device.id.as_uuid()]).await.unwrap();
    assert_eq!(asked.len(), 1);
}

async fn an_older_version_is_stale(db: TestDatabase) {
    let mut user = Sample::new().user("ann", "Ann");
    let mut tx = db.write(&permit()).await.unwrap();
    users::insert(&mut tx, &user).await.unwrap();
    users::update(&mut tx, &user).await.unwrap();
    let error = users::update(&mut tx, &user).await.unwrap_err();
    assert!(matches!(error, StoreError::Stale { what: "user" }), "{error}");
    user.version = 2;
    users::update(&mut tx, &user).await.unwrap();
    assert_eq!(users::get(&mut tx, user.id).await.unwrap().version, 3);
}

/// Transactions that wait for each other may share a commit: what one gives up or breaks is not the others' business.
async fn those_who_wait_in_line_stand_for_themselves(db: TestDatabase) {
    let sample = Sample::new();
    let known = sample.user("known", "Known");
    let mut first = db.write(&permit()).await.unwrap();
    users::insert(&mut first, &known).await.unwrap();
    let mut running = tokio::task::JoinSet::new();
    for number in 0..12 {
        let (db, mut user) = (db.db.clone(), sample.user(&format!("user{number}"), "Somebody"));
        let taken = known.id;
        running.spawn(async move {
            let mut tx = db.write(&permit()).await.unwrap();
            users::insert(&mut tx, &user).await.unwrap();
            match number {
                // Dropped without a word.
                3 => return (number, false),
                // Broken, then given up.
                5 => {
                    user.id = taken;
                    assert!(users::insert(&mut tx, &user).await.is_err());
                    tx.rollback().await.unwrap();
                    return (number, false);
                }
                _ => tx.commit(event()).await.unwrap(),
            }
            // What was committed is there for everybody, at once.
            assert!(users::get(&mut db.read().await.unwrap(), user.id).await.is_ok());
            (number, true)
        });
    }
    while running.len() < 12 {
        tokio::task::yield_now().await;
    }
    first.commit(event()).await.unwrap();
    let mut committed = 1;
    while let Some(ended) = running.join_next().await {
        let (number, done) = ended.unwrap();
        assert_eq!(done, number != 3 && number != 5);
        committed += u64::from(done);
    }
    let mut read = db.read().await.unwrap();
    let all = certporter_model::access::Visibility::All;
    assert_eq!(users::count(&mut read, &all, &Default::default()).await.unwrap(), committed);
}

async fn who_stops_waiting_holds_nobody_up(db: TestDatabase) {
    let sample = Sample::new();
    let open = db.write(&permit()).await.unwrap();
    // Waits for its turn, and is given up before it comes.
    let other = db.db.clone();
    let waiting = tokio::spawn(async move { drop(other.write(&permit()).await) });
    tokio::task::yield_now().await;
    waiting.abort();
    let _aborted = waiting.await;
    open.commit(event()).await.unwrap();
    // Committed by a task that is given up at once: it is there whole or not at all, and the next one has its turn.
    let (ann, bob) = (sample.user("ann", "Ann"), sample.user("bob", "Bob"));
    let mut tx = db.write(&permit()).await.unwrap();
    users::insert(&mut tx, &ann).await.unwrap();
    let committing = tokio::spawn(tx.commit(event()));
    tokio::task::yield_now().await;
    committing.abort();
    let _aborted = committing.await;
    let mut tx = db.write(&permit()).await.unwrap();
    users::insert(&mut tx, &bob).await.unwrap();
    tx.commit(event()).await.unwrap();
    assert!(users::get(&mut db.read().await.unwrap(), bob.id).await.is_ok());
}

async fn what_failed_half_way_is_never_committed(db: TestDatabase) {
    let sample = Sample::new();
    let people: Vec<_> = (0..5).map(|n| sample.user(&format!("user{n}"), "Somebody")).collect();
    let mut tx = db.write(&permit()).await.unwrap();
    users::insert(&mut tx, &people[3]).await.unwrap();
    tx.commit(event()).await.unwrap();
    // The first three of the statement are new, the fourth is there.
    let mut tx = db.write(&permit()).await.unwrap();
    assert!(users::insert_all(&mut tx, &people).await.is_err());
    let ends = tx.commit(event()).await;
    assert!(ends.is_err(), "who goes on after an error is refused");
    let mut read = db.read().await.unwrap();
    let all = certporter_model::access::Visibility::All;
    assert_eq!(users::count(&mut read, &all, &Default::default()).await.unwrap(), 1);
    assert_eq!(audit_events::count(&mut read).await.unwrap(), 1);
    drop(read);
    // The next one has its turn.
    let mut tx = db.write(&permit()).await.unwrap();
    users::insert_all(&mut tx, &people[..3]).await.unwrap();
    tx.commit(event()).await.unwrap();
    let mut read = db.read().await.unwrap();
    assert_eq!(users::count(&mut read, &all, &Default::default()).await.unwrap(), 4);
}

/// One that is about very much does not join those before it, and those after it may join it.
async fn those_about_much_stand_for_themselves(db: TestDatabase) {
    let sample = Sample::new();
    let first = db.write(&permit()).await.unwrap();
    let mut running = tokio::task::JoinSet::new();
    for number in 0..9_u32 {
        let (db, user) = (db.db.clone(), sample.user(&format!("user{number}"), "Somebody"));
        running.spawn(async move {
            let about = if number % 3 == 1 { 10_000 } else { 1 };
            let mut tx = db.write_about(about, &permit()).await.unwrap();
            users::insert(&mut tx, &user).await.unwrap();
            if number == 4 || number == 5 {
                tx.rollback().await.unwrap();
                return 0;
            }
            tx.commit(event()).await.unwrap();
            assert!(users::get(&mut db.read().await.unwrap(), user.id).await.is_ok());
            1
        });
    }
    while running.len() < 9 {
        tokio::task::yield_now().await;
    }
    first.commit(event()).await.unwrap();
    let mut committed = 0;
    while let Some(ended) = running.join_next().await {
        committed += ended.unwrap();
    }
    assert_eq!(committed, 7);
    let mut read = db.read().await.unwrap();
    let all = certporter_model::access::Visibility::All;
    assert_eq!(users::count(&mut read, &all, &Default::default()).await.unwrap(), 7);
}

/// What is committed goes into SQLite's file by itself, without anybody who closes it or writes more.
#[tokio::test]
async fn the_log_goes_back_into_the_file() {
    let db = TestDatabase::sqlite().await;
    let Location::Sqlite(file) = &db.location else { panic!("not a file") };
    let length = || std::fs::metadata(file).unwrap().len();
    let before = length();
    let sample = Sample::new();
    let people: Vec<_> = (0..1_000).map(|n| sample.user(&format!("user{n}"), "Somebody")).collect();
    let mut tx = db.write(&permit()).await.unwrap();
    users::insert_all(&mut tx, &people).await.unwrap();
    tx.commit(event()).await.unwrap();
    let grown = async {
        while length() < before + 100_000 {
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(20), grown).await.expect("the file grows");
}
