//! The pages of requests rendered from samples, with names that would break out if they were not escaped.

use certporter::plan::summary::Summary;
use certporter::service::requests::{RetryView, StepCount, TroubleView};
use certporter_model::request::RequestState;
use certporter_model::revocation::{Reason, Trigger};
use certporter_model::{ApprovalId, FieldErrors};
use http::StatusCode;

use super::approvals::{self, Plan};
use super::{decide, detail, list, route, troubles};
use crate::pages::admin::devices::samples::{profile_id, request_id, shown, user_id};
use crate::pages::samples::{HOSTILE, ago, device_id, events, now, renderer, text};
use crate::ui::field::Typed;

fn requests() -> list::List {
    let row = |state| list::Row {
        id: request_id(),
        profile: (profile_id(), HOSTILE.to_owned()),
        user: Some((user_id(), HOSTILE.to_owned())),
        device: Some((device_id(), HOSTILE.to_owned())),
        state,
        cause: Some(HOSTILE.to_owned()),
        made: ago(50),
        changed: ago(5),
    };
    list::List {
        filter: list::Filter { cause: HOSTILE.to_owned(), after: "c".to_owned(), ..list::Filter::default() },
        steps: vec![
            StepCount { state: RequestState::Requested, count: 0, more: false },
            StepCount { state: RequestState::Failed, count: 1_000, more: true },
        ],
        waiting: 2,
        rows: RequestState::ALL.iter().map(|&state| row(state)).collect(),
        next: Some("cursor&=".to_owned()),
    }
}

fn request(state: RequestState) -> detail::Request {
    detail::Request {
        id: request_id(),
        profile: (profile_id(), HOSTILE.to_owned(), 3),
        user: Some((user_id(), HOSTILE.to_owned())),
        device: None,
        state,
        trigger: Trigger::Targeted,
        certificate: None,
        connector: Some(HOSTILE.to_owned()),
        attempt: 2,
        retry_at: Some(now()),
        cause: Some(HOSTILE.to_owned()),
        remedy: Some(HOSTILE.to_owned()),
        made: ago(50),
        finished: None,
        events: events(),
        may_act: true,
    }
}

fn plan(state: &str) -> Plan {
    let summary = Summary { revoked: [(Reason::PrivilegeWithdrawn, 312)].into(), ..Summary::default() };
    Plan {
        id: ApprovalId::new(now(), [3; 10]),
        origin: "The regular sweep".to_owned(),
        state: state.to_owned(),
        summary,
        sample: shown(312).consequences.sample,
        by: HOSTILE.to_owned(),
        at: ago(500),
        decided: Some((HOSTILE.to_owned(), ago(3))),
        explanation: Some(HOSTILE.to_owned()),
    }
}

fn trouble(count: u64, retrying: bool) -> TroubleView {
    TroubleView {
        state: RequestState::Waiting,
        cause: Some(HOSTILE.to_owned()),
        remedy: Some(HOSTILE.to_owned()),
        count,
        since: ago(900),
        latest: ago(2),
        retrying,
    }
}

#[tokio::test]
async fn what_people_type_never_becomes_markup() {
    let (_folder, renderer) = renderer(Some(HOSTILE));
    let ok = StatusCode::OK;
    let retry = RetryView {
        cause: HOSTILE.to_owned(),
        by: HOSTILE.to_owned(),
        at: ago(5),
        total: 1_200,
        done: 900,
        failed: 100,
        left: 200,
    };
    let troubles = vec![trouble(12, false), trouble(1, true)];
    let found = troubles::Troubles { troubles, retries: vec![retry], may_retry: true };
    let cancelling = Typed {
        values: route::CancelForm { explanation: format!("</textarea>{HOSTILE}") },
        errors: FieldErrors::one("explanation", "say why"),
    };
    let pages = vec![
        text(renderer.page(ok, || list::page(requests())).await).await,
        text(renderer.page(ok, || detail::page(request(RequestState::Waiting), "retry")).await).await,
        text(
            renderer
                .page(ok, move || route::cancelling(request(RequestState::Failed), cancelling.clone()))
                .await,
        )
        .await,
        text(renderer.page(ok, move || troubles::page(found.clone(), true)).await).await,
        text(renderer.page(ok, || approvals::page(vec![plan("waiting"), plan("outdated")])).await).await,
        text(renderer.page(ok, || decide::page(plan("waiting"), Typed::default())).await).await,
    ];
    for page in &pages {
        assert!(!page.contains("<script>"), "{page}");
        assert!(page.contains("Zoë"), "the sample is not on the page: {page}");
        assert_eq!(page.matches("<h1").count(), 1, "{page}");
    }
    assert!(pages[0].contains("1,000+"), "{}", pages[0]);
    assert!(pages[3].contains("Try all 12 again") && pages[3].contains("Being tried again"), "{}", pages[3]);
    assert!(pages[4].contains("312 certificates revoked"), "{}", pages[4]);
    assert!(pages[5].contains("Approve this plan and revoke 312 certificates"), "{}", pages[5]);
}
