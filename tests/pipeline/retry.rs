//! What failed for the same reason is counted together and tried again together, once each; and large plans that
//! overtake each other.

use std::sync::Arc;
use std::time::Duration;

use certporter::clock::Clock;
use certporter::config::{PublicAddresses, WebAddress};
use certporter::random::octets;
use certporter::service::overview::{self, Matter};
use certporter::service::portal::Parts;
use certporter::service::requests::{self, RequestsQuery, RetryAllDraft};
use certporter::service::{Portal, ServiceError};
use certporter::store::approvals::{self, Approval};
use certporter_model::access::{Caller, Grant, Role};
use certporter_model::request::RequestState;
use certporter_model::thumbprint::ContentDigest;
use certporter_model::{AccountId, ApprovalId};

use super::fixture::Installation;
use super::scripted::{Script, ScriptedCa};
use crate::conformance::on_both_engines;
use crate::support::database::TestDatabase;

on_both_engines! {
    all_of_a_cause_is_tried_again_once,
    a_newer_plan_outdates_the_one_that_waited,
    a_ca_that_does_not_answer_is_told_of,
}

const CAUSE: &str = "the template forbids it";

fn portal(it: &Installation) -> Portal {
    let address = |text: &str| WebAddress::parse(text).unwrap();
    Portal::new(Parts {
        db: it.db.db.clone(),
        clock: it.clock.clone(),
        random: it.random.clone(),
        addresses: PublicAddresses {
            portal: address("http://127.0.0.1:3000"),
            device: address("https://127.0.0.1:3443"),
            pki: address("http://127.0.0.1:3080"),
        },
    })
}

fn caller(it: &Installation, role: Role) -> Caller {
    let id = AccountId::new(it.clock.now(), octets(it.random.as_ref()));
    Caller::account(id, "somebody".into(), vec![Grant { role, groups: None }], None)
}

async fn all_of_a_cause_is_tried_again_once(db: TestDatabase) {
    let refusals = [Script::Refuse, Script::Refuse, Script::Refuse];
    let it = Installation::with_ca(db, |ca| Arc::new(ScriptedCa::new(ca, refusals))).await;
    let mut made = Vec::new();
    for _ in 0..2 {
        let device = it.enrol().await;
        made.push(it.request(&device, 1).await);
    }
    it.work().await;
    let (portal, admin) = (portal(&it), caller(&it, Role::Administrator));
    let found = requests::troubles(&portal, &admin).await.unwrap();
    assert_eq!(found.len(), 1);
    assert_eq!((found[0].cause.as_deref(), found[0].count, found[0].retrying), (Some(CAUSE), 2, false));
    let steps = requests::pipeline(&portal, &admin).await.unwrap();
    let failed = steps.iter().find(|step| step.state == RequestState::Failed).unwrap();
    assert_eq!((failed.count, failed.more), (2, false));
    let query = RequestsQuery { cause: Some(CAUSE.to_owned()), ..RequestsQuery::default() };
    assert_eq!(requests::list(&portal, &admin, &query).await.unwrap().data.len(), 2);

    let draft = RetryAllDraft { cause: CAUSE.to_owned() };
    let auditor = caller(&it, Role::Auditor);
    assert!(matches!(requests::retry_all(&portal, &auditor, &draft).await, Err(ServiceError::Forbidden(_))));
    let other = RetryAllDraft { cause: "something else".to_owned() };
    assert!(matches!(requests::retry_all(&portal, &admin, &other).await, Err(ServiceError::Conflict { .. })));
    it.clock.advance(Duration::from_secs(1));
    requests::retry_all(&portal, &admin, &draft).await.unwrap();
    assert!(requests::troubles(&portal, &admin).await.unwrap()[0].retrying);
    let far = requests::retries(&portal, &admin).await.unwrap();
    assert_eq!((far[0].total, far[0].done, far[0].failed, far[0].left), (2, 0, 0, 2));
    assert_eq!((far[0].cause.as_str(), far[0].by.as_str()), (CAUSE, "somebody"));
    it.clock.advance(Duration::from_secs(1));
    it.work().await;
    // The CA refuses once more: that one has failed again, and is not tried a third time.
    let mut states = Vec::new();
    for id in made {
        states.push(it.state(id).await.state);
    }
    states.sort();
    assert_eq!(states, [RequestState::Completed, RequestState::Failed]);
    let found = requests::troubles(&portal, &admin).await.unwrap();
    assert_eq!((found[0].count, found[0].retrying), (1, false));
    let far = requests::retries(&portal, &admin).await.unwrap();
    assert_eq!((far[0].total, far[0].done, far[0].failed, far[0].left), (2, 1, 1, 0));
    it.clock.advance(Duration::from_secs(2 * 86_400));
    assert!(requests::retries(&portal, &admin).await.unwrap().is_empty(), "of days ago nobody wants to know");
}

async fn a_newer_plan_outdates_the_one_that_waited(db: TestDatabase) {
    let it = Installation::new(db).await;
    for digest in [1_u8, 2, 2] {
        it.clock.advance(Duration::from_secs(1));
        it.change(async |tx, now, random| {
            let approval = Approval {
                id: ApprovalId::new(now, octets(random)),
                kind: "sweep".to_owned(),
                digest: ContentDigest::from_octets([digest; 32]),
                summary: serde_json::json!({}),
                state: "waiting".to_owned(),
                requested_by: "the sweep".to_owned(),
                requested_at: now,
                decided_by: None,
                decided_at: None,
                explanation: None,
            };
            approvals::wait(tx, &approval).await.unwrap();
        })
        .await;
    }
    let mut conn = it.db.read().await.unwrap();
    let plans = approvals::list(&mut conn, None, 10).await.unwrap();
    let told: Vec<_> = plans.iter().map(|plan| (plan.digest.as_octets()[0], plan.state.as_str())).collect();
    assert_eq!(told, [(2, "waiting"), (1, "outdated")]);
}

async fn a_ca_that_does_not_answer_is_told_of(db: TestDatabase) {
    let it = Installation::with_ca(db, |ca| Arc::new(ScriptedCa::new(ca, [Script::Fail]))).await;
    let device = it.enrol().await;
    it.request(&device, 1).await;
    let (portal, admin) = (portal(&it), caller(&it, Role::Administrator));
    it.work().await;
    let away = |matters: &[Matter]| {
        matters.iter().any(|matter| match matter {
            Matter::TriedAgain { cause, count: 1, .. } => cause.contains("the line is dead"),
            _ => false,
        })
    };
    assert!(away(&overview::get(&portal, &admin).await.unwrap().matters));
    it.clock.advance(Duration::from_secs(3600));
    it.work().await;
    assert!(!away(&overview::get(&portal, &admin).await.unwrap().matters), "it answers again");
}
