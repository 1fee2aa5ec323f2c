//! The pages of reports and notices rendered from samples, with names that would break out if they were not escaped.

use certporter::service::notices::NoticeView;
use certporter::service::notices::mail::MailTestView;
use certporter::service::notices::templates::{NoticePreview, NoticeTemplateView, NoticeVariable};
use certporter::service::page::Page;
use certporter::service::reference::{DeviceReference, ProfileReference, UserReference};
use certporter::service::reports::health::{GroupHealth, HealthCounts, HealthView, ProfileHealth};
use certporter::service::reports::held::{HeldCertificate, HeldCopy};
use certporter_model::feature::Feature;
use certporter_model::notice::{NoticeKind, NoticeState};
use certporter_model::serial::SerialNumber;
use certporter_model::{CertificateId, DeviceId, FieldErrors, GroupId, NoticeId, ProfileId, UserId};
use http::StatusCode;

use super::{health, held};
use crate::pages::admin::settings::{letters, mail, notices};
use crate::pages::admin::users::changed::Changed;
use crate::pages::samples::{HOSTILE, ago, now, renderer, text};
use crate::ui::field::Typed;

fn counts() -> HealthCounts {
    HealthCounts { certificates: 1_234_567, installed: 1_234_000, failing: 7, ..HealthCounts::default() }
}

fn fleet() -> HealthView {
    let profile = ProfileId::new(now(), [1; 10]);
    HealthView {
        total: counts(),
        profiles: vec![ProfileHealth { profile, name: HOSTILE.to_owned(), counts: counts() }],
        platforms: Vec::new(),
        groups: vec![GroupHealth {
            group: GroupId::new(now(), [2; 10]),
            name: HOSTILE.to_owned(),
            counts: counts(),
        }],
        counted_at: ago(120),
    }
}

fn rows() -> held::Shown {
    let device = DeviceReference { id: DeviceId::new(now(), [3; 10]), name: HOSTILE.to_owned() };
    let certificate = HeldCertificate {
        id: CertificateId::new(now(), [4; 10]),
        serial: SerialNumber::parse("4f1d09b7c2a64e0f").unwrap(),
        subject: HOSTILE.to_owned(),
        profile: ProfileReference { id: ProfileId::new(now(), [1; 10]), name: HOSTILE.to_owned() },
        user: Some(UserReference {
            id: UserId::new(now(), [5; 10]),
            user_name: HOSTILE.to_owned(),
            display_name: HOSTILE.to_owned(),
        }),
        device: Some(device.clone()),
        valid_from: ago(9_000),
        valid_until: now(),
        revoked_at: Some(ago(5)),
        reason: None,
        copies: vec![HeldCopy {
            device,
            feature: Feature::Vpn,
            installed_at: Some(ago(50)),
            removed_at: None,
        }],
    };
    held::Shown {
        filter: held::Filter { day: HOSTILE.to_owned(), user: HOSTILE.to_owned(), ..held::Filter::default() },
        whom: Some(("person", HOSTILE.to_owned(), "/users/x".to_owned())),
        rows: Some(held::Rows::Certificates(Page { data: vec![certificate], next: Some("c&=".to_owned()) })),
        errors: FieldErrors::one("day", HOSTILE),
    }
}

fn letter() -> NoticeView {
    NoticeView {
        id: NoticeId::new(now(), [6; 10]),
        kind: NoticeKind::Revoked,
        user: None,
        recipient: HOSTILE.to_owned(),
        subject: HOSTILE.to_owned(),
        body: format!("Hello\n</pre>{HOSTILE}"),
        matters: 1,
        state: NoticeState::Failed,
        attempt: 2,
        next_try_at: None,
        cause: Some(HOSTILE.to_owned()),
        remedy: Some(HOSTILE.to_owned()),
        created_at: ago(9),
        updated_at: ago(8),
        sent_at: None,
    }
}

/// What somebody else saved in the meantime.
fn changed() -> Changed {
    let differs = ("Subject".to_owned(), HOSTILE.to_owned(), HOSTILE.to_owned());
    Changed { by: Some((HOSTILE.to_owned(), ago(3))), version: 4, differences: vec![differs] }
}

fn editing() -> notices::Editing {
    let view = NoticeTemplateView {
        kind: NoticeKind::Revoked,
        for_operators: false,
        enabled: true,
        subject: HOSTILE.to_owned(),
        body: HOSTILE.to_owned(),
        standard: false,
        variables: vec![NoticeVariable { name: "List".to_owned(), about: HOSTILE.to_owned() }],
        updated_at: None,
        version: 4,
    };
    let values = notices::TemplateForm {
        subject: HOSTILE.to_owned(),
        body: format!("</textarea>{HOSTILE}"),
        ..notices::TemplateForm::default()
    };
    let typed = Typed { values, errors: FieldErrors::one("subject", HOSTILE) };
    let preview = NoticePreview { subject: HOSTILE.to_owned(), body: format!("</pre>{HOSTILE}"), real: true };
    notices::Editing { view, typed, preview: Some(preview), changed: Some(changed()), saved: false }
}

fn server() -> mail::Shown {
    let values = mail::MailForm {
        host: HOSTILE.to_owned(),
        operators: format!("</textarea>{HOSTILE}"),
        ..mail::MailForm::default()
    };
    mail::Shown {
        set_up: true,
        typed: Typed { values, errors: FieldErrors::one("host", HOSTILE) },
        changed: Some(changed()),
        saved: false,
        to: Typed { values: HOSTILE.to_owned(), errors: FieldErrors::new() },
        tested: Some(MailTestView { taken: false, cause: Some(HOSTILE.to_owned()), remedy: None }),
    }
}

#[tokio::test]
async fn what_people_type_never_becomes_markup() {
    let (_folder, renderer) = renderer(Some(HOSTILE));
    let ok = StatusCode::OK;
    let list = letters::List {
        filter: letters::Filter::default(),
        letters: Page { data: vec![letter()], next: None },
    };
    let pages = [
        text(renderer.page(ok, || health::page(fleet())).await).await,
        text(renderer.page(ok, || held::page(rows())).await).await,
        text(renderer.page(ok, move || letters::list_page(list.clone())).await).await,
        text(renderer.page(ok, || letters::letter_page(letter())).await).await,
        text(renderer.page(ok, || mail::page(server())).await).await,
        text(renderer.page(ok, || notices::edit_page(editing())).await).await,
    ];
    for page in &pages {
        assert!(!page.contains("<script>"), "{page}");
        assert!(page.contains("Zoë"), "the sample is not on the page: {page}");
        assert_eq!(page.matches("<h1").count(), 1, "{page}");
        assert!(!page.contains("style=\""), "the policy forbids inline styles: {page}");
    }
    let profile = ProfileId::new(now(), [1; 10]);
    let failing =
        format!("/certificates?standing=current&amp;state=valid&amp;delivery=failing&amp;profile={profile}");
    assert!(pages[0].contains("1,234,567") && pages[0].contains(&failing), "{}", pages[0]);
    assert!(pages[3].contains("&lt;/pre&gt;"), "{}", pages[3]);
    for page in &pages[4..] {
        assert!(page.contains("&lt;/textarea>"), "{page}");
        assert!(page.contains("since you opened it"), "{page}");
    }
}
