//! These pages rendered from samples, with names that would break out if they were not escaped.

use certporter::service::hand_outs::{
    CopySnippets, HandOutMade, HandOutView, HandOutsView, LinkView, Snippet, WaitingCertificate,
};
use certporter::service::reference::{CertificateReference, DeviceReference, ProfileReference};
use certporter_model::copy::CopyState;
use certporter_model::delivery::{Channel, HandOutFormat, HandOutState};
use certporter_model::device::DeviceState;
use certporter_model::feature::Feature;
use certporter_model::{FieldErrors, HandOutId, ProfileId};
use http::StatusCode;

use super::side::Side;
use super::{link, list, made, snippets};
use crate::pages::samples::{HOSTILE, ago, certificate_id, device_id, now, renderer, text};
use crate::ui::field::Typed;

fn profile() -> ProfileReference {
    ProfileReference { id: ProfileId::new(now(), [6; 10]), name: HOSTILE.to_owned() }
}

fn waiting(state: CopyState, obstacle: Option<&str>) -> WaitingCertificate {
    WaitingCertificate {
        certificate: CertificateReference {
            id: certificate_id(),
            serial: "4f1d09b7".parse().unwrap(),
            not_after: now(),
        },
        profile: profile(),
        features: vec![Feature::Wifi, Feature::Vpn],
        state,
        available: obstacle.is_none(),
        obstacle: obstacle.map(str::to_owned),
        retained: true,
        left_out: vec![HOSTILE.to_owned()],
    }
}

fn view(channel: Option<Channel>) -> HandOutsView {
    let made = |state, fetched: bool| HandOutView {
        id: HandOutId::new(now(), [9; 10]),
        certificate: certificate_id(),
        file_name: "Wi-Fi.mobileconfig".to_owned(),
        format: HandOutFormat::Mobileconfig,
        state,
        created_by: HOSTILE.to_owned(),
        created_at: ago(60),
        expires_at: now(),
        fetched_at: fetched.then(|| ago(5)),
        fetched_from: fetched.then(|| "192.0.2.7".to_owned()),
    };
    HandOutsView {
        device: DeviceReference { id: device_id(), name: HOSTILE.to_owned() },
        state: DeviceState::Enrolled,
        channel,
        certificates: vec![
            waiting(CopyState::Pending, None),
            waiting(CopyState::HandedOut, Some("it was handed out")),
        ],
        hand_outs: vec![made(HandOutState::Open, false), made(HandOutState::Fetched, true)],
    }
}

fn secret(password: Option<&str>) -> HandOutMade {
    HandOutMade {
        id: HandOutId::new(now(), [9; 10]),
        link: "https://portal.example/hand-out/SECRET".to_owned(),
        password: password.map(str::to_owned),
        expires_at: now(),
        file_name: "Wi-Fi.mobileconfig".to_owned(),
        format: HandOutFormat::Mobileconfig,
        left_out: vec![HOSTILE.to_owned()],
    }
}

#[tokio::test]
async fn what_people_type_never_becomes_markup() {
    let (_folder, renderer) = renderer(Some(HOSTILE));
    let ok = StatusCode::OK;
    let here = || "/devices/1".to_owned();
    let found = || {
        vec![CopySnippets {
            profile: profile(),
            feature: Feature::Wifi,
            snippets: vec![Snippet {
                program: "wpa_supplicant".to_owned(),
                place: HOSTILE.to_owned(),
                text: format!("</code></pre>{HOSTILE}"),
            }],
            left_out: vec![HOSTILE.to_owned()],
        }]
    };
    let wrong = || Typed {
        values: list::HandOutForm {
            certificate: certificate_id().to_string(),
            recipient_certificate: format!("</textarea>{HOSTILE}"),
            ..list::HandOutForm::default()
        },
        errors: FieldErrors::one("recipient_certificate", HOSTILE),
    };
    let mut pages = Vec::new();
    for side in [Side::Own, Side::Staff] {
        for channel in [None, Some(Channel::Agent), Some(Channel::AppleProfile), Some(Channel::Download)] {
            pages.push(text(renderer.page(ok, move || list::page(side, view(channel), wrong())).await).await);
        }
        pages.push(
            text(renderer.page(ok, move || made::page(side, here(), secret(Some("abcde-fghjk")))).await)
                .await,
        );
        pages.push(text(renderer.page(ok, move || snippets::page(side, found())).await).await);
    }
    for page in &pages {
        assert!(!page.contains("<script>"), "{page}");
        assert!(page.contains("Zoë"), "the sample is not on the page: {page}");
        assert_eq!(page.matches("<h1").count(), 1, "{page}");
        assert!(!page.contains("style=\""), "the policy forbids inline styles: {page}");
    }
    assert!(pages[2].contains("Handed out, unconfirmed"), "{}", pages[2]);
    assert!(pages[4].contains("abcde-fghjk"), "{}", pages[4]);
}

#[tokio::test]
async fn a_sealed_profile_needs_no_password_and_the_link_s_page_has_none() {
    let (_folder, renderer) = renderer(None);
    let ok = StatusCode::OK;
    let here = || "/devices/1".to_owned();
    let page = text(renderer.page(ok, move || made::page(Side::Own, here(), secret(None))).await).await;
    assert!(page.contains("sealed to the device"), "{page}");
    let found =
        || LinkView { file_name: "Wi-Fi.p12".to_owned(), format: HandOutFormat::Pfx, expires_at: now() };
    let page = text(renderer.page(ok, move || link::page("TOKEN".to_owned(), found())).await).await;
    assert!(page.contains("action=\"/hand-out/TOKEN\"") && page.contains("method=\"post\""), "{page}");
}
