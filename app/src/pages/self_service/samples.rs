//! The pages of one's own rendered from samples, with names that would break out if they were not escaped.

use certporter::service::confirmations::{ConfirmationKind, ConfirmationView};
use certporter::service::devices::DeviceView;
use certporter::service::security_events::SecurityEventView;
use certporter::service::self_service::certificates::{OwnCertificate, OwnCopy};
use certporter_model::certificate::{CertificateStatus, Standing};
use certporter_model::copy::CopyState;
use certporter_model::feature::Feature;
use certporter_model::security_event::SecurityEventKind;
use certporter_model::{ConfirmationId, FieldErrors};
use http::StatusCode;

use super::{act, add, certificates, code, confirm, device, events, sign_in_code, start};
use crate::pages::samples::{HOSTILE, ago, certificate_id, device_id, now, renderer, text};
use crate::ui::field::Typed;

fn sample_device(state: &str) -> DeviceView {
    serde_json::from_value(serde_json::json!({
        "id": device_id(), "name": HOSTILE, "platform": "ios", "state": state, "owner": null,
        "serial_number": null, "last_contact_at": ago(60), "created_at": ago(900), "version": 1, "imei": null,
        "meid": null, "wifi_mac": null, "fqdn": null, "external_id": null, "state_changed_at": ago(60),
        "enrolment": {
            "id": device_id(), "started_at": ago(60), "management_certificate_not_after": null,
            "management_certificate_renews_at": null,
            "unconfirmed": {"staff": HOSTILE, "cause": "c", "remedy": "r"},
        },
        "copies": [], "attributes": {},
    }))
    .unwrap()
}

fn sample_certificate() -> OwnCertificate {
    let device = serde_json::from_value(serde_json::json!({"id": device_id(), "name": HOSTILE})).unwrap();
    OwnCertificate {
        id: certificate_id(),
        profile: serde_json::from_value(serde_json::json!({"id": device_id(), "name": HOSTILE})).unwrap(),
        features: vec![Feature::Wifi, Feature::Email],
        status: CertificateStatus::Valid,
        standing: Standing::Current,
        not_after: now().plus(std::time::Duration::from_secs(86_400 * 90)),
        renew_at: now().plus(std::time::Duration::from_secs(86_400 * 60)),
        places: vec![OwnCopy {
            device,
            feature: Feature::Wifi,
            state: CopyState::Failed,
            cause: Some(HOSTILE.to_owned()),
            remedy: Some("Free some space.".to_owned()),
        }],
        reissuable: true,
    }
}

fn sample_waiting() -> ConfirmationView {
    ConfirmationView {
        id: ConfirmationId::new(now(), [3; 10]),
        kind: ConfirmationKind::Device,
        device: serde_json::from_value(serde_json::json!({"id": device_id(), "name": HOSTILE})).unwrap(),
        since: ago(60),
        staff: Some(HOSTILE.to_owned()),
        approvable: false,
    }
}

fn sample_event() -> SecurityEventView {
    SecurityEventView {
        kind: SecurityEventKind::DeviceEnrolled,
        actor: HOSTILE.to_owned(),
        device: Some(HOSTILE.to_owned()),
        at: ago(60),
        new: true,
    }
}

fn sample_start() -> start::Start {
    start::Start {
        name: HOSTILE.to_owned(),
        ends_at: Some(now()),
        news: vec![sample_event()],
        may_acknowledge: true,
        waiting: vec![sample_waiting()],
        devices: ["registered", "enrolled", "blocked", "retired"].map(sample_device).to_vec(),
        certificates: vec![sample_certificate()],
        done: String::new(),
    }
}

fn sample_own(state: &str) -> device::Own {
    device::Own {
        device: sample_device(state),
        certificates: vec![sample_certificate()],
        waiting: Some(sample_waiting().id),
        may_be_found: true,
        done: "lost".to_owned(),
    }
}

fn sample_code() -> certporter::service::devices::EnrolmentCodeView {
    serde_json::from_value(serde_json::json!({
        "id": device_id(), "code": "abcd-efgh", "expires_at": now(), "server": "https://host:3443",
    }))
    .unwrap()
}

#[tokio::test]
async fn the_pages_of_one_s_own_are_whole_and_hold_no_markup_of_others() {
    let (_folder, renderer) = renderer(Some(HOSTILE));
    let ok = StatusCode::OK;
    let mut form = Typed::<add::AddForm>::default();
    form.values.name = HOSTILE.to_owned();
    let mut typed = Typed::<sign_in_code::CodeForm>::default();
    typed.values.name = HOSTILE.to_owned();
    typed.errors = FieldErrors::one("code", "wrong");
    let pages = [
        renderer.page(ok, || start::page(sample_start())).await,
        renderer.page(ok, || device::page(sample_own("enrolled"))).await,
        renderer.page(ok, || device::page(sample_own("blocked"))).await,
        renderer.page(ok, || device::page(sample_own("lost"))).await,
        renderer.page(ok, || act::page(act::Act::Lost, sample_device("enrolled"), FieldErrors::new())).await,
        renderer.page(ok, move || add::page(form.clone())).await,
        renderer.page(ok, || code::page(sample_device("registered"), sample_code())).await,
        renderer.page(ok, || certificates::list_page(vec![sample_certificate()])).await,
        renderer.page(ok, || certificates::page(sample_certificate(), false)).await,
        renderer.page(ok, || confirm::page(sample_waiting(), FieldErrors::new())).await,
        renderer.page(ok, || events::page(vec![sample_event()], true)).await,
        renderer.page(ok, move || sign_in_code::page(typed.clone())).await,
    ];
    for page in pages {
        let page = text(page).await;
        assert!(page.starts_with("<!DOCTYPE html>"), "{page}");
        assert_eq!(page.matches("<h1").count(), 1, "{page}");
        assert!(!page.contains("<script>") && page.contains("Zoë"), "{page}");
        assert!(!page.contains("style=\"") && !page.contains(".wasm"), "{page}");
    }
}
