//! The overview of a fleet: each number is how many the list holds to which it leads.

use std::collections::BTreeSet;
use std::time::Duration;

use certporter::generate::{Fleet, generate};
use certporter::service::{ServiceError, overview};
use certporter::store::approvals::{self, Approval};
use certporter::store::copies;
use certporter::store::notices::{self, Notice};
use certporter::store::requests::{self, Request};
use certporter_model::access::{Caller, Grant, Role};
use certporter_model::copy::CopyState;
use certporter_model::notice::{NoticeKind, NoticeState};
use certporter_model::request::RequestState;
use certporter_model::thumbprint::ContentDigest;
use certporter_model::{AccountId, ApprovalId, DeviceId, GroupId, NoticeId, RequestId, Timestamp};
use serde_json::{Value, json};

use super::{get, listed};
use crate::conformance::on_both_engines;
use crate::rest::program::{NOW, Program};
use crate::support::database::TestDatabase;
use crate::support::sample::{Sample, event, permit};

const DAY: Duration = Duration::from_secs(86_400);

on_both_engines! {
    each_number_leads_to_as_many,
    whoever_sees_a_part_is_told_no_numbers_of_the_whole,
}

/// The list that a matter leads to; none when it leads to no list.
fn list_of(matter: &Value) -> Option<String> {
    let cause = || matter["cause"].as_str().unwrap().replace(' ', "%20");
    Some(match matter["kind"].as_str().unwrap() {
        "requests_failed" => format!("/requests?state=failed&cause={}", cause()),
        "requests_waiting" => format!("/requests?state=waiting&cause={}", cause()),
        "unrenewed" => "/certificates?state=overdue".to_owned(),
        "unconfirmed" => "/devices?copies=unconfirmed".to_owned(),
        "not_installed" => "/devices?copies=failed".to_owned(),
        "notices_failed" => format!("/notices?state=failed&since={}", matter["since"].as_str().unwrap()),
        "disagreements" => "/discrepancies?resolved=false&dismissed=false".to_owned(),
        // The plans of all times are one short list.
        "plans_waiting" => return None,
        "tried_again" | "jobs_given_up" | "mail_waits" | "crl_stale" | "ca_ends" | "ca_down"
        | "connector_silent" => return None,
        other => panic!("where does {other} lead?"),
    })
}

/// Every number of the overview beside the list that it stands for. Answers which matters there were.
async fn compare(program: &Program, token: Option<&str>) -> BTreeSet<String> {
    let seen = get(program, token, "/overview").await;
    for (status, count) in seen["counts"]["by_status"].as_object().unwrap() {
        let list = listed(program, token, &format!("/certificates?status={status}"), 200).await;
        assert_eq!(*count, list, "{status}: {seen}");
    }
    let days = seen["counts"]["days"].as_array().unwrap();
    let moment = |day: &Value| day["day"].as_str().unwrap().parse::<Timestamp>().unwrap();
    let (first, end) = (moment(&days[0]), moment(&days[29]).plus(DAY));
    for what in ["issued", "revoked"] {
        let within = async |from: Timestamp, before: Timestamp| {
            let path = format!("/certificates?{what}_from={from}&{what}_before={before}");
            listed(program, token, &path, 200).await
        };
        let mut sum = 0;
        for day in days {
            let count = day[what].as_u64().unwrap();
            assert_eq!(count, within(moment(day), moment(day).plus(DAY)).await, "{what}: {day}");
            sum += count;
        }
        assert_eq!(sum, within(first, end).await, "{what} in 30 days");
    }
    let matters = seen["matters"].as_array().unwrap();
    for matter in matters {
        if let Some(path) = list_of(matter) {
            assert_eq!(matter["count"], listed(program, token, &path, 200).await, "{path}: {matter}");
        }
        if matter["kind"] == "plans_waiting" {
            let plans = get(program, token, "/approvals").await;
            let waiting = plans.as_array().unwrap().iter().filter(|plan| plan["state"] == "waiting");
            assert_eq!(matter["count"], waiting.count(), "{matter}");
        }
    }
    matters.iter().map(|matter| matter["kind"].as_str().unwrap().to_owned()).collect()
}

/// The ids of the first rows of a list.
async fn ids(program: &Program, path: &str) -> Vec<String> {
    let page = program.get(path).await.ok();
    page["data"].as_array().unwrap().iter().map(|row| row["id"].as_str().unwrap().to_owned()).collect()
}

/// What goes wrong in a fleet, written down as it would be.
async fn trouble(program: &Program) {
    let revoked = ids(program, "/certificates?status=valid&limit=3").await;
    for id in &revoked {
        let body = json!({"reason": "cessation_of_operation", "explanation": "not needed any more"});
        program.post(&format!("/certificates/{id}/revoke"), &body).await.ok();
    }
    let devices = ids(program, "/devices?state=enrolled&limit=50").await;
    program.post(&format!("/devices/{}/block", devices[0]), &json!({})).await.ok();
    let done = ids(program, "/requests?state=completed&limit=200").await;
    let sample = Sample::new();
    let mut tx = program.database.write(&permit()).await.unwrap();
    let mut with_copies = Vec::new();
    for id in &devices[1..] {
        let of = copies::of_device(&mut tx, id.parse::<DeviceId>().unwrap()).await.unwrap();
        if of.len() > 1 {
            with_copies.push(of);
        }
    }
    // Several copies of one device, and what was offered only now.
    for (of, (count, state, ago)) in with_copies.into_iter().zip([
        (2, CopyState::Failed, DAY),
        (1, CopyState::Failed, DAY),
        (2, CopyState::Offered, DAY * 5),
        (1, CopyState::Offered, DAY / 24),
    ]) {
        for mut copy in of.into_iter().take(count) {
            (copy.state, copy.offered_at) = (state, Some(NOW.minus(ago)));
            copies::update(&mut tx, &copy).await.unwrap();
        }
    }
    // The same cause with several remedies, and several causes.
    // Not of those that were just revoked: something new is on its way for these.
    for (place, id) in done.iter().rev().enumerate() {
        let (state, cause, remedy) = match place {
            0..5 => (RequestState::Failed, "the CA refuses", "Look at its template."),
            5..8 => (RequestState::Failed, "the CA refuses", "Look at its role."),
            8..10 => (RequestState::Failed, "the profile is gone", "Make it anew."),
            10..14 => (RequestState::Waiting, "no mail address", "Enter one."),
            _ => continue,
        };
        let before = requests::get(&mut tx, id.parse().unwrap()).await.unwrap();
        let request = Request {
            id: RequestId::new(NOW, sample.octets()),
            state,
            cause: Some(cause.to_owned()),
            remedy: Some(remedy.to_owned()),
            certificate_id: None,
            escrowed_key_id: None,
            finished_at: None,
            ..before
        };
        requests::insert(&mut tx, &request).await.unwrap();
    }
    // Of last month, and of this week.
    let letters = [20, 3, 2].map(|days: u32| failed_letter(&sample, NOW.minus(DAY * days)));
    notices::insert_all(&mut tx, &letters).await.unwrap();
    let plan = Approval {
        id: ApprovalId::new(NOW, sample.octets()),
        kind: "sweep".to_owned(),
        digest: ContentDigest::from_octets([7; 32]),
        summary: json!({}),
        state: "waiting".to_owned(),
        requested_by: "system".to_owned(),
        requested_at: NOW,
        decided_by: None,
        decided_at: None,
        explanation: None,
    };
    approvals::wait(&mut tx, &plan).await.unwrap();
    tx.commit(event()).await.unwrap();
}

fn failed_letter(sample: &Sample, at: Timestamp) -> Notice {
    Notice {
        id: NoticeId::new(at, sample.octets()),
        kind: NoticeKind::CrlTrouble,
        user_id: None,
        recipient: "ops@example.org".to_owned(),
        subject: "A CRL runs out".to_owned(),
        body: "Soon.".to_owned(),
        matters: 1,
        state: NoticeState::Failed,
        attempt: 1,
        not_before: at,
        cause: Some("no such mailbox".to_owned()),
        remedy: Some("Correct the address.".to_owned()),
        version: 1,
        created_at: at,
        updated_at: at,
        sent_at: None,
    }
}

async fn each_number_leads_to_as_many(database: TestDatabase) {
    let mut program = Program::new(database).await;
    generate(&program.database, &Fleet::new(5, NOW, 400)).await.unwrap();
    trouble(&program).await;
    let auditor = program.new_token(Role::Auditor).await;
    let told = compare(&program, None).await;
    let expected = [
        "not_installed",
        "notices_failed",
        "plans_waiting",
        "requests_failed",
        "requests_waiting",
        "unconfirmed",
    ];
    for kind in expected {
        assert!(told.contains(kind), "{kind}: {told:?}");
    }
    compare(&program, Some(&auditor)).await;
    // Nobody renews anything for months.
    program.clock.advance(DAY * 120);
    program.authenticate_anew().await;
    assert!(compare(&program, None).await.contains("unrenewed"));
    let auditor = program.new_token(Role::Auditor).await;
    assert!(compare(&program, Some(&auditor)).await.contains("unrenewed"));
}

async fn whoever_sees_a_part_is_told_no_numbers_of_the_whole(database: TestDatabase) {
    let program = Program::new(database).await;
    generate(&program.database, &Fleet::new(5, NOW, 50)).await.unwrap();
    let group: GroupId = ids(&program, "/groups?limit=1").await[0].parse().unwrap();
    let grants = vec![Grant { role: Role::Helpdesk, groups: Some(vec![group]) }];
    let desk = Caller::account(AccountId::new(NOW, [9; 10]), "desk".into(), grants, None);
    let seen = overview::get(&program.portal, &desk).await;
    assert!(matches!(seen, Err(ServiceError::Forbidden(_))), "{seen:?}");
}
