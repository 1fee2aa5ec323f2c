//! Every page rendered from samples, with names that would break out if they were not escaped.

use std::time::Duration;

use axum::response::Response;
use certporter::service::certificates::CertificateChoices;
use certporter_model::certificate::{BulkKind, CertificateStatus, Standing};
use certporter_model::copy::CopyState;
use certporter_model::feature::Feature;
use certporter_model::request::Step;
use certporter_model::revocation::{Reason, Trigger};
use certporter_model::{CertificateId, DeviceId, FieldErrors, Timestamp};
use http::{Request, StatusCode, header};

use super::admin::certificates::detail::Done;
use super::admin::certificates::filter::Filter;
use super::admin::certificates::{bulk_page, detail as certificate, list as certificates};
use super::admin::devices::samples::{sample_device, sample_devices};
use super::admin::devices::{detail as device, list as devices};
use super::{problem, set_up, sign_in};
use crate::render::Renderer;
use crate::site::Site;
use crate::ui::field::Typed;
use crate::ui::layout::{Person, Task};
use crate::ui::timeline::Event;

mod directory;

pub(super) const HOSTILE: &str = "<script>alert(1)</script>\"'> Zoë, Ø. =+;\\ \u{202e}ميم";

pub(super) fn now() -> Timestamp {
    Timestamp::from_seconds(1_795_000_000)
}

pub(super) fn ago(seconds: u64) -> Timestamp {
    now().minus(Duration::from_secs(seconds))
}

pub(super) fn device_id() -> DeviceId {
    DeviceId::new(now(), [7; 10])
}

pub(super) fn certificate_id() -> CertificateId {
    CertificateId::new(now(), [8; 10])
}

fn event(seconds: u64, step: Step, took: u64) -> Event {
    Event {
        at: ago(seconds),
        step,
        about: Some("Wi-Fi and VPN".to_owned()),
        by: "connector built-in".to_owned(),
        took: Some(Duration::from_millis(took)),
        cause: (step == Step::InstallFailed).then(|| "The device's store is full.".to_owned()),
        remedy: (step == Step::InstallFailed).then(|| "Free some space on it, then retry.".to_owned()),
    }
}

pub(super) fn events() -> Vec<Event> {
    vec![
        event(2, Step::Installed, 310),
        event(30, Step::InstallFailed, 12),
        event(31, Step::Offered, 3),
        event(31, Step::Sealed, 5),
        event(32, Step::Escrowed, 2),
        event(32, Step::Issued, 41),
        event(33, Step::Submitted, 4),
        event(33, Step::KeyGenerated, 61),
        event(34, Step::Requested, 0),
    ]
}

pub(super) fn sample_certificates() -> certificates::List {
    let row = |subject: &str, status| certificates::Row {
        id: certificate_id(),
        subject: subject.to_owned(),
        serial: "4f1d09b7c2a64e0f9a3b5c7d8e9f0a1b".to_owned(),
        status,
        holder: HOSTILE.to_owned(),
        profile: Some("Wi-Fi and VPN".to_owned()),
        from: ago(86_400),
        until: now().plus(Duration::from_secs(86_400 * 90)),
    };
    let id = certporter_model::ProfileId::new(now(), [9; 10]);
    certificates::List {
        filter: Filter { q: HOSTILE.to_owned(), ..Filter::default() },
        order: "-issued",
        choices: CertificateChoices { profiles: vec![(id, HOSTILE.to_owned())], cas: Vec::new() },
        bulk: true,
        rows: vec![
            row("CN=Anna Åström,O=Example", CertificateStatus::Valid),
            row(HOSTILE, CertificateStatus::Revoked),
            row("CN=reception-tablet", CertificateStatus::Held),
        ],
        next: None,
    }
}

pub(super) fn sample_certificate(status: CertificateStatus) -> certificate::Certificate {
    certificate::Certificate {
        id: certificate_id(),
        subject: format!("CN={HOSTILE}"),
        status,
        standing: Standing::Current,
        holder: ("anna-laptop".to_owned(), Some(format!("/devices/{}", device_id()))),
        profile: Some("Wi-Fi and VPN".to_owned()),
        from: ago(86_400),
        until: now().plus(Duration::from_secs(86_400 * 364)),
        renewal: now().plus(Duration::from_secs(86_400 * 300)),
        facts: vec![
            ("Serial number", vec!["4f1d09b7c2a64e0f9a3b5c7d8e9f0a1b".to_owned()]),
            ("Subject alternative names", vec!["UPN anna@example.org".to_owned(), HOSTILE.to_owned()]),
            ("Thumbprint (SHA-256)", vec!["ab".repeat(32)]),
        ],
        copies: vec![certificate::Copy {
            device: device_id(),
            name: "anna-laptop".to_owned(),
            feature: Feature::Wifi,
            state: CopyState::Installed,
        }],
        revocation: (status == CertificateStatus::Revoked).then(|| certificate::Revocation {
            reason: Reason::KeyCompromise,
            trigger: Trigger::Asked,
            by: "admin".to_owned(),
            explanation: Some(HOSTILE.to_owned()),
            at: ago(20),
            at_ca: Some(ago(19)),
            crl_number: None,
            in_crl: None,
            ocsp: true,
            removed: None,
            on_devices: 1,
        }),
        chain: vec![(HOSTILE.to_owned(), "cd".repeat(32), now().plus(Duration::from_secs(86_400 * 3_000)))],
        reissue: status == CertificateStatus::Valid,
        events: events(),
        reasons: vec![Reason::KeyCompromise, Reason::CessationOfOperation],
    }
}

fn person(name: &str) -> Person {
    Person { name: name.to_owned(), tasks: vec![Task::Devices, Task::Certificates] }
}

fn sample_bulk() -> bulk_page::Asking {
    let preview = serde_json::from_value(serde_json::json!({
        "total": 3, "unfit": 1, "holders": 2, "digest": "ab".repeat(32),
        "profiles": [{"profile": {"id": certificate_id(), "name": HOSTILE}, "count": 3}],
        "sample": [{
            "id": certificate_id(), "serial": "4f1d09b7", "subject": HOSTILE,
            "profile": {"id": certificate_id(), "name": HOSTILE},
            "user": {"id": certificate_id(), "user_name": HOSTILE, "display_name": HOSTILE},
            "device": null, "status": "valid", "standing": "current", "reason": null, "not_before": ago(9),
            "not_after": now(), "created_at": ago(9), "version": 1,
        }],
    }));
    bulk_page::Asking {
        kind: BulkKind::Revoke,
        preview: preview.unwrap(),
        hidden: vec![("q".to_owned(), HOSTILE.to_owned())],
        reasons: vec![Reason::KeyCompromise],
        typed: Typed {
            values: (String::new(), HOSTILE.to_owned()),
            errors: FieldErrors::one("reason", "choose"),
        },
        back: "/certificates".to_owned(),
    }
}

fn sample_progress() -> bulk_page::Progress {
    let view: certporter::service::certificates::BulkView = serde_json::from_value(serde_json::json!({
        "id": certificate_id(), "kind": "revoke", "reason": "key_compromise", "explanation": HOSTILE,
        "actor": HOSTILE, "total": 9, "done": 3, "failed": 1, "created_at": ago(3), "finished_at": null,
        "failures": [{"certificate": certificate_id(), "subject": HOSTILE, "cause": HOSTILE}],
    }))
    .unwrap();
    view.into()
}

pub(super) fn renderer(account: Option<&str>) -> (tempfile::TempDir, Renderer) {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("pkg")).unwrap();
    std::fs::write(folder.path().join("manifest.json"), r#"{"css": "certporter.0a.css"}"#).unwrap();
    std::fs::write(folder.path().join("hash.txt"), "js: 0b\nwasm: 0c\n").unwrap();
    let request =
        Request::builder().uri("/devices?q=a").header(header::COOKIE, "a=b; theme=dark").body(()).unwrap();
    let site = Site::load(folder.path()).unwrap();
    let renderer = Renderer::new(site, now(), &request.into_parts().0, account.map(person));
    (folder, renderer)
}

pub(super) async fn text(response: Response) -> String {
    let octets = axum::body::to_bytes(response.into_body(), 1 << 20).await.unwrap();
    String::from_utf8(octets.to_vec()).unwrap()
}

async fn every_page(renderer: &Renderer) -> Vec<String> {
    let ok = StatusCode::OK;
    let mut typed = Typed::<certificate::RevokeForm>::default();
    typed.values.explanation = format!("</textarea>{HOSTILE} &lt;");
    typed.errors = FieldErrors::one("reason", "choose one");
    let revoked =
        || certificate::page(sample_certificate(CertificateStatus::Revoked), Typed::default(), Done::Revoked);
    let mut signing_in = Typed::<sign_in::SignInForm>::default();
    signing_in.values.name = HOSTILE.to_owned();
    let mut pages = vec![
        text(renderer.page(ok, || devices::page(sample_devices())).await).await,
        text(renderer.page(ok, || device::page(sample_device(), device::Offered::default(), "")).await).await,
        text(renderer.page(ok, || certificates::page(sample_certificates())).await).await,
        text(
            renderer
                .page(ok, move || {
                    certificate::page(
                        sample_certificate(CertificateStatus::Valid),
                        typed.clone(),
                        Done::Nothing,
                    )
                })
                .await,
        )
        .await,
        text(renderer.page(ok, revoked).await).await,
        text(renderer.page(ok, || bulk_page::ask(sample_bulk())).await).await,
        text(renderer.page(ok, || bulk_page::progress(sample_progress())).await).await,
        text(renderer.page(ok, move || sign_in::page(signing_in.clone())).await).await,
        text(renderer.page(ok, || set_up::page("/setup?code=a".to_owned(), Typed::default())).await).await,
        text(renderer.page(ok, || problem::page("Not found", HOSTILE.to_owned())).await).await,
    ];
    pages.extend(directory::pages(renderer).await);
    pages
}

#[tokio::test]
async fn what_people_type_never_becomes_markup() {
    let (_folder, renderer) = renderer(Some(HOSTILE));
    for page in every_page(&renderer).await {
        assert!(!page.contains("<script>"), "{page}");
        assert!(
            page.contains("Zoë") || page.contains("first administrator"),
            "the sample is not on the page: {page}"
        );
    }
    let typed = every_page(&renderer).await.swap_remove(3);
    assert!(typed.contains("&lt;/textarea>&lt;script>") && typed.contains("&amp;lt;</textarea>"), "{typed}");
    let part = renderer.part(|| device::part(sample_device()));
    assert!(!part.contains("<script>") && part.contains("Waits for a value"), "{part}");
}

#[tokio::test]
async fn every_page_is_one_document_with_one_heading_in_the_chosen_colours() {
    let (_folder, renderer) = renderer(Some("admin"));
    for page in every_page(&renderer).await {
        assert!(page.starts_with("<!DOCTYPE html>"), "{page}");
        assert_eq!(page.matches("<h1").count(), 1, "{page}");
        assert!(page.contains("data-theme=\"dark\""), "{page}");
        assert!(!page.contains("style=\""), "the policy forbids inline styles: {page}");
    }
}

#[tokio::test]
async fn only_a_page_with_an_island_loads_wasm() {
    let (_folder, renderer) = renderer(Some("admin"));
    let list = text(renderer.page(StatusCode::OK, || devices::page(sample_devices())).await).await;
    assert!(!list.contains(".wasm"), "{list}");
    let one = text(
        renderer.page(StatusCode::OK, || device::page(sample_device(), device::Offered::default(), "")).await,
    )
    .await;
    assert!(one.contains("/pkg/certporter.0c.wasm") && one.contains("<leptos-island"), "{one}");
}

#[tokio::test]
async fn a_page_may_run_only_its_own_scripts() {
    let (_folder, renderer) = renderer(Some("admin"));
    let response = renderer
        .page(StatusCode::UNPROCESSABLE_ENTITY, || {
            device::page(sample_device(), device::Offered::default(), "")
        })
        .await;
    assert_eq!(response.status(), StatusCode::UNPROCESSABLE_ENTITY);
    let policy = response.headers()[header::CONTENT_SECURITY_POLICY].to_str().unwrap().to_owned();
    let nonce = policy.split("'nonce-").nth(1).and_then(|rest| rest.split('\'').next()).unwrap().to_owned();
    assert!(!policy.contains("unsafe-inline"), "{policy}");
    let page = text(response).await;
    for script in page.split("<script").skip(1) {
        let tag = script.split('>').next().unwrap();
        assert!(tag.contains(&format!("nonce=\"{nonce}\"")), "{script}");
    }
}
