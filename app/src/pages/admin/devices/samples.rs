//! The pages of devices rendered from samples, with names that would break out if they were not escaped.

use std::time::Duration;

use certporter::service::consequences::{Consequence, Consequences, Effect};
use certporter::service::devices::{DeviceSummary, DeviceView};
use certporter::service::reference::{DeviceReference, ProfileReference, UserReference};
use certporter_model::copy::CopyState;
use certporter_model::device::DeviceState;
use certporter_model::feature::Feature;
use certporter_model::platform::Platform;
use certporter_model::request::RequestState;
use certporter_model::revocation::Reason;
use certporter_model::{FieldErrors, ProfileId, RequestId, UserId};
use http::StatusCode;

use super::action::{self, Action, ActionForm};
use super::copies::Copy;
use super::edit::DeviceForm;
use super::{code, detail, edit_view, hand_over, list};
use crate::pages::samples::{HOSTILE, ago, certificate_id, device_id, events, now, renderer, text};
use crate::ui::consequences::Shown;
use crate::ui::field::Typed;

pub(in crate::pages) fn profile_id() -> ProfileId {
    ProfileId::new(now(), [6; 10])
}

pub(in crate::pages) fn user_id() -> UserId {
    UserId::new(now(), [5; 10])
}

pub(in crate::pages) fn request_id() -> RequestId {
    RequestId::new(now(), [4; 10])
}

pub(in crate::pages) fn sample_devices() -> list::List {
    let row = |name: &str, state, owner: Option<&str>, platform| list::Row {
        id: device_id(),
        name: name.to_owned(),
        platform,
        state,
        owner: owner.map(|owner| (user_id(), owner.to_owned())),
        serial_number: Some("C02XK1ZDJGH5".to_owned()),
        seen: Some(ago(130)),
    };
    list::List {
        filter: list::Filter { q: HOSTILE.to_owned(), ..list::Filter::default() },
        groups: vec![("1".to_owned(), HOSTILE.to_owned())],
        owner: Some(HOSTILE.to_owned()),
        may_register: true,
        rows: vec![
            row("anna-laptop", DeviceState::Enrolled, Some("Anna Åström"), Platform::Linux),
            row(HOSTILE, DeviceState::Blocked, Some(HOSTILE), Platform::Android),
            row("reception-tablet", DeviceState::Lost, None, Platform::Ios),
            row("josé-macbook", DeviceState::Retired, Some("José Núñez"), Platform::Macos),
            row("陈-workstation", DeviceState::Registered, Some("陈 伟"), Platform::Windows),
        ],
        next: Some("cursor&=".to_owned()),
    }
}

pub(in crate::pages) fn sample_device() -> detail::Device {
    let copy = |profile: &str, feature, state, cause: Option<&str>| Copy {
        profile: (profile_id(), profile.to_owned()),
        feature,
        state,
        since: ago(600),
        certificate: (certificate_id(), "4f1d09b7c2a64e0f9a3b5c7d".to_owned()),
        until: now().plus(Duration::from_secs(86_400 * 364)),
        cause: cause.map(str::to_owned),
        remedy: cause.map(|_| HOSTILE.to_owned()),
    };
    detail::Device {
        id: device_id(),
        name: "anna-laptop".to_owned(),
        platform: Platform::Linux,
        state: DeviceState::Enrolled,
        since: ago(4_000),
        owner: Some((user_id(), HOSTILE.to_owned())),
        seen: Some(ago(3)),
        enrolled: Some(ago(4_000)),
        managed_until: Some(now().plus(Duration::from_secs(86_400 * 300))),
        renews: Some(now().plus(Duration::from_secs(86_400 * 200))),
        registered: ago(9_000),
        facts: vec![("Serial number", HOSTILE.to_owned()), ("Model", "ThinkPad T14".to_owned())],
        attributes: vec![(HOSTILE.to_owned(), HOSTILE.to_owned())],
        copies: vec![
            copy("Wi-Fi and VPN", Feature::Wifi, CopyState::Installed, None),
            copy("Wi-Fi and VPN", Feature::Vpn, CopyState::Offered, None),
            copy(HOSTILE, Feature::Email, CopyState::Failed, Some("The device's store is full.")),
            copy("S/MIME", Feature::Email, CopyState::Removed, None),
        ],
        unconfirmed: Some((HOSTILE.to_owned(), "Ask her.".to_owned())),
        requests: vec![detail::Request {
            id: request_id(),
            profile: HOSTILE.to_owned(),
            state: RequestState::Waiting,
            cause: Some("The user has no e-mail address.".to_owned()),
            remedy: Some("Give one, and it goes on.".to_owned()),
        }],
        reach: Some(Vec::new()),
        events: events(),
        earlier: Some("cursor&=".to_owned()),
    }
}

fn view() -> DeviceView {
    let owner =
        UserReference { id: user_id(), user_name: HOSTILE.to_owned(), display_name: HOSTILE.to_owned() };
    DeviceView {
        device: DeviceSummary {
            id: device_id(),
            name: HOSTILE.to_owned(),
            platform: Platform::Linux,
            state: DeviceState::Enrolled,
            owner: Some(owner),
            serial_number: None,
            last_contact_at: None,
            created_at: ago(9),
            version: 3,
        },
        imei: None,
        meid: None,
        wifi_mac: None,
        fqdn: None,
        external_id: Some(HOSTILE.to_owned()),
        state_changed_at: ago(9),
        enrolment: None,
        copies: Vec::new(),
        attributes: [("CostCentre".to_owned(), HOSTILE.to_owned())].into(),
    }
}

pub(in crate::pages) fn shown(revoked: usize) -> Shown {
    let mut consequences = Consequences::default();
    consequences.summary.revoked.insert(Reason::KeyCompromise, revoked);
    consequences.summary.removed = 2;
    consequences.holders = 1;
    consequences.sample = vec![Consequence {
        effect: Effect::Revoked,
        profile: ProfileReference { id: profile_id(), name: HOSTILE.to_owned() },
        device: Some(DeviceReference { id: device_id(), name: HOSTILE.to_owned() }),
        user: None,
        certificate: Some(certificate_id()),
        reason: Some(Reason::KeyCompromise),
    }];
    Shown { consequences, changed: true }
}

fn typed_form() -> Typed<DeviceForm> {
    let values = DeviceForm { attributes: format!("</textarea>{HOSTILE}"), ..DeviceForm::from(&view()) };
    Typed { values, errors: FieldErrors::one("imei", "has 15 digits") }
}

#[tokio::test]
async fn what_people_type_never_becomes_markup() {
    let (_folder, renderer) = renderer(Some(HOSTILE));
    let ok = StatusCode::OK;
    let all = detail::Offered { code: true, edit: true, hand_over: true, actions: Action::ALL.to_vec() };
    let reason = || Typed {
        values: ActionForm { explanation: format!("</textarea>{HOSTILE}"), digest: String::new() },
        errors: FieldErrors::one("explanation", HOSTILE),
    };
    let difference =
        edit_view::Difference { name: "Name", now: HOSTILE.to_owned(), typed: HOSTILE.to_owned() };
    let made = code::Code {
        device: device_id(),
        name: HOSTILE.to_owned(),
        platform: Platform::Linux,
        server: "https://devices.example:8443".to_owned(),
        code: "ABCDE-FGHJK".to_owned(),
        until: now(),
    };
    let fields = vec![("name".to_owned(), HOSTILE.to_owned())];
    let pages = vec![
        text(renderer.page(ok, || list::page(sample_devices())).await).await,
        text(renderer.page(ok, move || detail::page(sample_device(), all.clone(), "block")).await).await,
        text(renderer.page(ok, move || action::page(Action::Lost, view(), reason(), shown(3))).await).await,
        text(renderer.page(ok, || edit_view::new(typed_form())).await).await,
        text(
            renderer
                .page(ok, move || {
                    edit_view::edit(
                        view(),
                        typed_form(),
                        Some((Some(HOSTILE.to_owned()), vec![difference.clone()])),
                    )
                })
                .await,
        )
        .await,
        text(
            renderer
                .page(ok, move || {
                    edit_view::preview(device_id(), HOSTILE.to_owned(), fields.clone(), shown(1))
                })
                .await,
        )
        .await,
        text(renderer.page(ok, move || code::page(made.clone())).await).await,
        text(renderer.page(ok, || code::offer(view())).await).await,
        text(
            renderer.page(ok, || hand_over::search_page(view(), HOSTILE.to_owned(), Some(Vec::new()))).await,
        )
        .await,
        text(
            renderer
                .page(ok, || hand_over::page(view(), hand_over::Heir::Nobody, Typed::default(), shown(0)))
                .await,
        )
        .await,
    ];
    for page in &pages {
        assert!(!page.contains("<script>"), "{page}");
        assert!(page.contains("Zoë"), "the sample is not on the page: {page}");
        assert_eq!(page.matches("<h1").count(), 1, "{page}");
        assert!(!page.contains("style=\""), "the policy forbids inline styles: {page}");
    }
    assert!(pages[2].contains("Declare it lost or stolen and revoke 3 certificates"), "{}", pages[2]);
    assert!(pages[2].contains("has changed since it was shown"), "{}", pages[2]);
    assert!(
        pages[6].contains("certporter agent enrol --server https://devices.example:8443"),
        "{}",
        pages[6]
    );
}
