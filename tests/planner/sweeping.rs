//! A sweep reads everything in the order in which it lies, packed: it finds what the plan of each by themselves finds.

use certporter::generate::{Fleet, generate};
use certporter::pipeline::planner::{Whom, preview, sweep};
use certporter::plan::{Holder, Limits};
use certporter::random::SeededRandom;
use certporter::store::planning::swept_people;
use certporter_model::revocation::Reason;

use super::fixture::permit;
use crate::conformance::on_both_engines;
use crate::support::database::TestDatabase;
use crate::support::sample::THEN;

on_both_engines! {
    a_sweep_finds_what_the_plan_of_each_finds,
}

/// Some of a table's rows, others each time, in an order of no meaning.
fn some(table: &str, from: u32) -> String {
    let order = if table == "certificates" { "thumbprint" } else { "id" };
    format!("id IN (SELECT id FROM {table} ORDER BY {order} LIMIT 20 OFFSET {from})")
}

/// Something of everything that a sweep has to see.
async fn disturb(db: &TestDatabase) {
    let (now, day) = (THEN.as_millis(), 86_400_000);
    let of_certificates = [
        format!("status = 'held', reason = 'certificate_hold', held_at = {}", now - day),
        format!("status = 'held', reason = 'certificate_hold', held_at = {}", now - 400 * day),
        format!("reissue_asked_at = {}", now - 1),
        "status = 'revoked', standing = 'former', reason = 'superseded'".to_owned(),
        "status = 'revoked', standing = 'history', reason = 'key_compromise'".to_owned(),
        format!("not_after = {}", now + day),
        format!("not_after = {}", now - day),
        "content_digest = thumbprint".to_owned(),
        "standing = 'predecessor'".to_owned(),
    ];
    for (set, from) in of_certificates.iter().zip((0..).step_by(20)) {
        db.by_hand(&format!("UPDATE certificates SET {set} WHERE {}", some("certificates", from))).await;
    }
    let late = "id IN (SELECT request_id FROM certificates ORDER BY thumbprint LIMIT 20 OFFSET 300)";
    let cancelled =
        "state = 'cancelled', cancelled_reason = 'privilege_withdrawn', cancelled_trigger = 'left_group'";
    for (table, set, whose) in [
        ("requests", cancelled, late.to_owned()),
        ("copies", "state = 'removed'", some("copies", 0)),
        ("copies", "state = 'failed'", some("copies", 40)),
        ("copies", "management_certificate_id = NULL", some("copies", 80)),
        ("escrowed_keys", "state = 'destroyed'", some("escrowed_keys", 0)),
        ("devices", "state = 'lost'", some("devices", 0)),
        ("devices", "state = 'blocked'", some("devices", 40)),
        ("devices", "owner_id = NULL", some("devices", 80)),
        ("users", "state = 'disabled'", some("users", 0)),
        ("users", "user_name = '-5:' || user_name || ' ;\u{fc}:'", some("users", 40)),
        ("devices", "name = '-', serial_number = '1:-;'", some("devices", 120)),
        ("devices", "last_contact_at = NULL, imei = ''", some("devices", 140)),
        ("enrolments", "staff_issued_code = (1 = 1)", some("enrolments", 0)),
        ("management_certificates", "generation = generation + 1", some("management_certificates", 0)),
    ] {
        db.by_hand(&format!("UPDATE {table} SET {set} WHERE {whose}")).await;
    }
    for by_hand in [
        // Devices that were somebody's, and one that has enrolled again and again, the others never.
        format!(
            "UPDATE device_owners SET valid_until = {} WHERE valid_until IS NULL AND device_id IN
                 (SELECT id FROM devices WHERE {})",
            now - day,
            some("devices", 80)
        ),
        format!(
            "UPDATE enrolments SET state = 'ended', device_id = (SELECT id FROM devices ORDER BY id LIMIT 1) WHERE {}",
            some("enrolments", 160)
        ),
        format!("UPDATE memberships SET valid_until = {} WHERE {}", now - day, some("memberships", 60)),
        format!(
            "INSERT INTO custom_attributes (id, owner_kind, owner_id, name, value, updated_at)
                 SELECT id, 'user', id, 'cost-centre', '12:-;', 0 FROM users WHERE {}",
            some("users", 0)
        ),
    ] {
        db.by_hand(&by_hand).await;
    }
}

async fn a_sweep_finds_what_the_plan_of_each_finds(db: TestDatabase) {
    generate(&db, &Fleet { profiles: 6, ..Fleet::new(5, THEN, 700) }).await.unwrap();
    disturb(&db).await;
    let mut conn = db.snapshot().await.unwrap();
    let users = swept_people::users(&mut conn).await.unwrap();
    let devices = swept_people::devices(&mut conn).await.unwrap();
    let devices = devices.into_iter().map(|it| Holder::Device(it.id));
    let exactly = devices.chain(users.into_iter().map(Holder::User)).collect();
    let whom = Whom { exactly, ..Whom::default() };
    let each = preview(&mut conn, &whom, Limits::default(), THEN).await.unwrap();
    drop(conn);
    let random = SeededRandom::new(1);
    let swept = sweep::sweep(&db, &permit(), "sweep", Limits::default(), THEN, &random).await.unwrap();
    assert_eq!((&swept.summary, swept.holders), (&each.summary, each.holders));
    // Each of what was disturbed is among it.
    let found = &swept.summary;
    for reason in [Reason::KeyCompromise, Reason::AffiliationChanged, Reason::CessationOfOperation] {
        assert!(found.revoked.contains_key(&reason), "nothing for {reason}: {found:?}");
    }
    let counts = [
        ("reissued", found.reissued),
        ("renewed", found.renewed),
        ("released", found.released),
        ("removed", found.removed),
        ("held", found.held),
        ("settled", found.settled),
    ];
    for (what, count) in counts {
        assert!(count > 0, "no {what}: {found:?}");
    }
}
