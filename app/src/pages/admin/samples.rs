//! The pages of the portal itself rendered from samples, with names that would break out if they were not escaped.

use certporter::service::accounts::AccountView;
use certporter::service::audit::AuditView;
use certporter::service::authorities::preflight::{PreflightStage, PreflightStep, PreflightView};
use certporter::service::authorities::{AuthoritiesView, ConnectorView};
use certporter::service::overview::{CertificateCounts, DayCount, FirstSteps, Matter, OverviewView};
use certporter::service::own_account::{OwnAccount, SessionView};
use certporter::service::page::Page;
use certporter::service::reconciliation::{
    CaReference, DiscrepancyView, DismissalView, ReconciliationPhase, ReconciliationView, UnreachableCa,
};
use certporter::service::search::{Found, Hit, Kind, Results};
use certporter_model::access::{Grant, Permission, Role};
use certporter_model::certificate::CertificateStatus;
use certporter_model::reconciliation::{DiscrepancyKind, Mending};
use certporter_model::thumbprint::{ContentDigest, SecretHash};
use certporter_model::{
    AccountId, AuditEventId, CaId, ConnectorId, DiscrepancyId, FieldErrors, PreflightId, ReconciliationId,
};
use http::StatusCode;

use super::{audit, authorities, overview, search, settings};
use crate::pages::samples::{HOSTILE, ago, now, renderer, text};
use crate::ui::field::Typed;

fn account() -> AccountView {
    AccountView {
        id: AccountId::new(now(), [1; 10]),
        name: HOSTILE.to_owned(),
        display_name: HOSTILE.to_owned(),
        user_id: None,
        grants: vec![Grant { role: Role::Auditor, groups: None }],
        disabled_at: None,
        created_at: ago(9_000),
        last_sign_in_at: Some(ago(20)),
        version: 1,
    }
}

fn session() -> SessionView {
    SessionView {
        id: SecretHash::from_octets([3; 32]),
        address: Some("192.0.2.1".to_owned()),
        agent: Some(HOSTILE.to_owned()),
        created_at: ago(500),
        last_seen_at: ago(2),
    }
}

fn account_form() -> Typed<settings::account_form::AccountForm> {
    let values = settings::account_form::AccountForm {
        name: HOSTILE.to_owned(),
        groups: format!("</textarea>{HOSTILE}"),
        ..settings::account_form::AccountForm::default()
    };
    Typed { values, errors: FieldErrors::one("groups", format!("there is no group {HOSTILE}")) }
}

fn seen(matters: Vec<Matter>, first_steps: Option<FirstSteps>) -> OverviewView {
    let day = DayCount { day: now(), issued: 1_200, revoked: 3 };
    OverviewView {
        matters,
        counts: CertificateCounts {
            by_status: [(CertificateStatus::Valid, 1_234_567)].into(),
            days: vec![day; 30],
            counted_at: ago(30),
        },
        first_steps,
    }
}

fn event() -> AuditView {
    AuditView {
        id: AuditEventId::new(now(), [1; 10]),
        at: ago(5),
        actor_kind: "account".to_owned(),
        actor_id: None,
        actor_name: HOSTILE.to_owned(),
        permission: Permission::DeviceBlock,
        address: Some("192.0.2.1".to_owned()),
        action: "devices.block".to_owned(),
        target_kind: "device".to_owned(),
        target_id: Some(AccountId::new(now(), [2; 10]).as_uuid()),
        details: serde_json::json!({"name": HOSTILE, "explanation": HOSTILE}),
        digest: ContentDigest::from_octets([7; 32]),
        intact: true,
    }
}

fn preflight() -> PreflightView {
    let step = |stage, ok: bool| PreflightStep {
        stage,
        ok,
        duration_ms: 61,
        detail: ok.then(|| HOSTILE.to_owned()),
        cause: (!ok).then(|| HOSTILE.to_owned()),
        remedy: (!ok).then(|| "Change the template.".to_owned()),
    };
    PreflightView {
        id: PreflightId::new(now(), [1; 10]),
        ca: "builtin".to_owned(),
        pool: "default".to_owned(),
        template: HOSTILE.to_owned(),
        state: "failed".to_owned(),
        connector: Some(HOSTILE.to_owned()),
        serial: None,
        steps: vec![step(PreflightStage::Claimed, true), step(PreflightStage::Issued, false)],
        requested_by: HOSTILE.to_owned(),
        created_at: ago(40),
        finished_at: Some(ago(39)),
    }
}

fn connector() -> ConnectorView {
    ConnectorView {
        id: ConnectorId::new(now(), [1; 10]),
        name: HOSTILE.to_owned(),
        pool: "default".to_owned(),
        state: "active".to_owned(),
        software_version: Some("0.1.0".to_owned()),
        last_contact_at: Some(ago(900)),
        silent: true,
        waiting: 12,
        waiting_since: Some(ago(800)),
    }
}

fn discrepancy() -> DiscrepancyView {
    DiscrepancyView {
        id: DiscrepancyId::new(now(), [1; 10]),
        kind: DiscrepancyKind::UnknownHere,
        ca: Some(CaReference { id: CaId::new(now(), [1; 10]), name: HOSTILE.to_owned() }),
        serial: None,
        certificate_id: None,
        device: None,
        detail: format!("the CA has issued a certificate that is not on record here: CN={HOSTILE}"),
        mending: Mending::None,
        remedy: "Find out who asked the CA for it.".to_owned(),
        found_at: ago(60),
        seen_at: ago(2),
        resolved_at: None,
        dismissal: None,
    }
}

fn disagreed(dismissed: bool) -> authorities::discrepancy::One {
    let dismissal = dismissed.then(|| DismissalView {
        at: ago(3),
        by: HOSTILE.to_owned(),
        explanation: HOSTILE.to_owned(),
    });
    authorities::discrepancy::One {
        it: DiscrepancyView { dismissal, ..discrepancy() },
        operates: true,
        typed: Typed::default(),
    }
}

fn disagreements() -> authorities::reconciliation::List {
    let unreachable =
        UnreachableCa { ca: HOSTILE.to_owned(), cause: HOSTILE.to_owned(), remedy: "Unseal it.".to_owned() };
    authorities::reconciliation::List {
        filter: authorities::reconciliation::Filter::default(),
        last: Some(ReconciliationView {
            id: ReconciliationId::new(now(), [1; 10]),
            phase: ReconciliationPhase::Ended,
            requested_by: HOSTILE.to_owned(),
            take_over_all: false,
            compared: 1_234_567,
            mended: 1,
            not_looked_at: 4_000,
            unreachable: vec![unreachable],
            started_at: ago(60),
            finished_at: Some(ago(50)),
        }),
        rows: Page { data: vec![discrepancy()], next: Some("cursor&=".to_owned()) },
        waits: true,
        operates: true,
    }
}

fn found() -> search::Shown {
    let id = AccountId::new(now(), [2; 10]).as_uuid();
    let hit =
        Hit { kind: Kind::Device, id, name: HOSTILE.to_owned(), about: HOSTILE.to_owned(), exact: false };
    let found = vec![Found { kind: Kind::Device, hits: vec![hit], more: true }];
    search::Shown { q: HOSTILE.to_owned(), results: Results { found, ..Results::default() } }
}

#[tokio::test]
async fn what_people_type_never_becomes_markup() {
    let (_folder, renderer) = renderer(Some(HOSTILE));
    let ok = StatusCode::OK;
    let matters = vec![
        Matter::RequestsFailed { cause: HOSTILE.to_owned(), remedy: Some(HOSTILE.to_owned()), count: 1_001 },
        Matter::ConnectorSilent { name: HOSTILE.to_owned(), last: Some(ago(900)), waiting: 3 },
        Matter::CrlStale { ca: "builtin issuing 1".to_owned(), next_update: ago(60) },
    ];
    let well = seen(matters, None);
    let authorities = authorities::list::Shown {
        seen: AuthoritiesView { authorities: Vec::new(), connectors: vec![connector()] },
        preflights: vec![preflight()],
        operates: true,
        publishing: true,
        rotating: true,
        saved: String::new(),
    };
    let shown = settings::account::Shown {
        account: account(),
        sessions: vec![session()],
        typed: account_form(),
        now: Some(settings::account_form::AccountForm {
            name: HOSTILE.to_owned(),
            ..settings::account_form::AccountForm::default()
        }),
        saved: true,
    };
    let own = settings::own::Own {
        account: OwnAccount {
            name: HOSTILE.to_owned(),
            display_name: HOSTILE.to_owned(),
            grants: Vec::new(),
            time_zone: None,
            last_sign_in_at: None,
        },
        sessions: vec![session()],
        session: None,
        saved: String::new(),
        errors: FieldErrors::one("password", "too short"),
    };
    let accounts = settings::accounts::List {
        filter: settings::accounts::Filter { q: HOSTILE.to_owned(), after: "c".to_owned() },
        accounts: Page { data: vec![account()], next: Some("cursor&=".to_owned()) },
    };
    let trail = audit::list::List {
        filter: audit::list::Filter { who: HOSTILE.to_owned(), ..audit::list::Filter::default() },
        events: Page { data: vec![event()], next: Some("cursor&=".to_owned()) },
        errors: FieldErrors::one("who", HOSTILE),
    };
    let pages = [
        text(renderer.page(ok, move || overview::page(well.clone())).await).await,
        text(renderer.page(ok, move || authorities::list::page(authorities.clone())).await).await,
        text(renderer.page(ok, || authorities::preflight::page(preflight())).await).await,
        text(renderer.page(ok, move || settings::account::page(shown.clone())).await).await,
        text(renderer.page(ok, || settings::account_form::page(account_form())).await).await,
        text(renderer.page(ok, move || settings::own::page(own.clone())).await).await,
        text(renderer.page(ok, move || settings::accounts::page(accounts.clone())).await).await,
        text(renderer.page(ok, move || audit::list::page(trail.clone())).await).await,
        text(renderer.page(ok, || audit::detail::page(event())).await).await,
        text(renderer.page(ok, || search::page(found())).await).await,
        text(renderer.page(ok, || authorities::reconciliation::page(disagreements())).await).await,
        text(renderer.page(ok, || authorities::discrepancy::page(disagreed(false))).await).await,
        text(renderer.page(ok, || authorities::discrepancy::page(disagreed(true))).await).await,
    ];
    for page in &pages {
        assert!(!page.contains("<script>"), "{page}");
        assert!(page.contains("Zoë"), "the sample is not on the page: {page}");
        assert_eq!(page.matches("<h1").count(), 1, "{page}");
        assert!(!page.contains("style=\""), "the policy forbids inline styles: {page}");
    }
    assert!(pages[0].contains("More than 1,000 requests failed"), "{}", pages[0]);
    assert!(pages[0].contains("1,234,567") && pages[0].contains("<svg"), "{}", pages[0]);
    assert!(pages[2].contains("This step failed: Issued by the CA"), "{}", pages[2]);
    assert!(pages[3].contains("&lt;/textarea>"), "{}", pages[3]);
}

#[tokio::test]
async fn a_new_installation_is_shown_the_next_step() {
    let (_folder, renderer) = renderer(Some("admin"));
    let steps = FirstSteps { profile: true, group: false, assignment: false, device: false };
    let begun = seen(Vec::new(), Some(steps));
    let page = text(renderer.page(StatusCode::OK, move || overview::page(begun.clone())).await).await;
    let next = page.split("<li class=\"next\"").nth(1).unwrap();
    assert!(next.find("Make a group").unwrap() < next.find("</li>").unwrap(), "{page}");
    assert!(!page.contains("All is well"), "{page}");
    let well = seen(Vec::new(), None);
    let page = text(renderer.page(StatusCode::OK, move || overview::page(well.clone())).await).await;
    assert!(page.contains("All is well"), "{page}");
}
