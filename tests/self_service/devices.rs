//! One's own devices and certificates, and nobody else's.

use certporter::service::self_service::certificates;
use certporter::service::self_service::devices::{self, NewDevice};
use certporter::service::{ServiceError, security_events};
use certporter_model::certificate::CertificateStatus;
use certporter_model::device::DeviceState;
use certporter_model::security_event::SecurityEventKind;
use serde_json::json;

use super::scene::Scene;
use crate::conformance::on_both_engines;
use crate::support::database::TestDatabase;

on_both_engines! {
    a_lost_device_is_blocked_at_once_and_found_again,
    a_block_of_the_helpdesk_s_is_not_one_s_own,
    what_is_gone_is_revoked_and_what_is_removed_too,
    reissuing_is_for_profiles_that_allow_it,
    another_person_s_things_can_t_be_reached,
    a_device_is_added_with_words_that_are_right,
}

async fn a_lost_device_is_blocked_at_once_and_found_again(database: TestDatabase) {
    let scene = Scene::new(database).await;
    let person = scene.person("maria.p", scene.maria).await;
    let (id, mut device) = scene.own_device(&person, "phone").await;
    assert_eq!(scene.holds(id, &mut device).await, ["S/MIME", "VPN"]);
    let view = devices::report_lost(scene.portal(), &person, id).await.unwrap();
    assert_eq!(view.device.state, DeviceState::Blocked);
    let events = security_events::list(scene.portal(), &person).await.unwrap();
    assert!(events.iter().any(|event| event.kind == SecurityEventKind::DeviceReportedLost), "{events:?}");
    assert!(scene.holds(id, &mut device).await.is_empty());
    assert!(device.held.is_empty(), "the device was told to remove everything");

    // Whoever found it might have the code that the helpdesk read out.
    let helper = scene.helper("desk").await;
    let finder = scene.with_code(&scene.code_by(&helper).await.code).await.unwrap();
    let refused = devices::found(scene.portal(), &finder, id).await;
    assert!(matches!(refused, Err(ServiceError::Conflict { .. })), "{refused:?}");
    assert!(devices::may_be_found(scene.portal(), &person, id).await.unwrap());
    let view = devices::found(scene.portal(), &person, id).await.unwrap();
    assert_eq!(view.device.state, DeviceState::Enrolled);
    assert_eq!(scene.holds(id, &mut device).await, ["S/MIME", "VPN"]);
    let again = devices::found(scene.portal(), &person, id).await;
    assert!(matches!(again, Err(ServiceError::Conflict { .. })), "{again:?}");
}

async fn a_block_of_the_helpdesk_s_is_not_one_s_own(database: TestDatabase) {
    let scene = Scene::new(database).await;
    let person = scene.person("maria.p", scene.maria).await;
    let (id, mut device) = scene.own_device(&person, "phone").await;
    scene.holds(id, &mut device).await;
    let block = format!("/devices/{id}/block");
    scene.program.post(&block, &json!({"explanation": "odd traffic"})).await.ok();
    assert!(!devices::may_be_found(scene.portal(), &person, id).await.unwrap());
    let refused = devices::found(scene.portal(), &person, id).await;
    assert!(matches!(refused, Err(ServiceError::Conflict { .. })), "{refused:?}");
    // Reporting it lost on top makes the block no less the helpdesk's.
    devices::report_lost(scene.portal(), &person, id).await.unwrap();
    assert!(devices::found(scene.portal(), &person, id).await.is_err());
    scene.program.post(&format!("/devices/{id}/unblock"), &json!({})).await.ok();

    // A report that the helpdesk takes over with a block of its own is not one's own any more.
    devices::report_lost(scene.portal(), &person, id).await.unwrap();
    assert!(devices::may_be_found(scene.portal(), &person, id).await.unwrap());
    scene.program.post(&block, &json!({"explanation": "keep it"})).await.ok();
    assert!(devices::found(scene.portal(), &person, id).await.is_err());
}

async fn what_is_gone_is_revoked_and_what_is_removed_too(database: TestDatabase) {
    let scene = Scene::new(database).await;
    let person = scene.person("maria.p", scene.maria).await;
    let (phone, mut device) = scene.own_device(&person, "phone").await;
    scene.holds(phone, &mut device).await;
    let before = certificates::list(scene.portal(), &person).await.unwrap();
    devices::report_lost(scene.portal(), &person, phone).await.unwrap();
    let view = devices::gone(scene.portal(), &person, phone).await.unwrap();
    assert_eq!(view.device.state, DeviceState::Lost);
    scene.works.work().await;
    for certificate in &before {
        let after = certificates::get(scene.portal(), &person, certificate.id).await.unwrap();
        assert_eq!(after.status, CertificateStatus::Revoked, "{after:?}");
    }
    let (laptop, mut device) = scene.own_device(&person, "laptop").await;
    assert_eq!(scene.holds(laptop, &mut device).await, ["S/MIME", "VPN"]);
    devices::remove(scene.portal(), &person, laptop).await.unwrap();
    let view = devices::get(scene.portal(), &person, laptop).await.unwrap();
    assert_eq!(view.device.state, DeviceState::Retired);
    // What never was set up just goes.
    let draft = NewDevice { name: "never".to_owned(), platform: "linux".to_owned() };
    let (id, _) = devices::add(scene.portal(), &person, &draft).await.unwrap();
    devices::remove(scene.portal(), &person, id).await.unwrap();
    let hidden = devices::get(scene.portal(), &person, id).await;
    assert!(matches!(hidden, Err(ServiceError::NotFound { .. })), "{hidden:?}");
}

async fn reissuing_is_for_profiles_that_allow_it(database: TestDatabase) {
    let scene = Scene::new(database).await;
    let person = scene.person("maria.p", scene.maria).await;
    let (id, mut device) = scene.own_device(&person, "laptop").await;
    scene.holds(id, &mut device).await;
    let own = certificates::list(scene.portal(), &person).await.unwrap();
    let of = |name: &str| own.iter().find(|it| it.profile.name == name).unwrap().clone();
    let (smime, vpn) = (of("S/MIME"), of("VPN"));
    assert!(smime.reissuable && !vpn.reissuable);
    let refused = certificates::reissue(scene.portal(), &person, vpn.id).await;
    assert!(matches!(refused, Err(ServiceError::Conflict { .. })), "{refused:?}");
    certificates::reissue(scene.portal(), &person, smime.id).await.unwrap();
    scene.holds(id, &mut device).await;
    let after = certificates::list(scene.portal(), &person).await.unwrap();
    let now = after.iter().find(|it| it.profile.name == "S/MIME").unwrap();
    assert_ne!(now.id, smime.id, "there is a new one");
}

async fn another_person_s_things_can_t_be_reached(database: TestDatabase) {
    let scene = Scene::new(database).await;
    let (person, stranger) =
        (scene.person("maria.p", scene.maria).await, scene.person("omar.p", scene.omar).await);
    let (id, mut device) = scene.own_device(&person, "laptop").await;
    scene.holds(id, &mut device).await;
    let own = certificates::list(scene.portal(), &person).await.unwrap();
    let helper = scene.helper("desk").await;
    // A code opens Maria's things, and Omar's to nobody else.
    let by_code = scene.with_code(&scene.code_by(&helper).await.code).await.unwrap();
    devices::get(scene.portal(), &by_code, id).await.unwrap();
    let (theirs, _) = scene.own_device(&stranger, "omar's").await;
    for (caller, id) in [(&stranger, id), (&by_code, theirs)] {
        let answers = [
            devices::get(scene.portal(), caller, id).await.map(|_| ()),
            devices::report_lost(scene.portal(), caller, id).await.map(|_| ()),
            devices::gone(scene.portal(), caller, id).await.map(|_| ()),
            devices::found(scene.portal(), caller, id).await.map(|_| ()),
            devices::remove(scene.portal(), caller, id).await,
            devices::code(scene.portal(), caller, id).await.map(|_| ()),
        ];
        for answer in answers {
            assert!(matches!(answer, Err(ServiceError::NotFound { .. })), "{answer:?}");
        }
    }
    for certificate in own {
        let hidden = certificates::get(scene.portal(), &stranger, certificate.id).await;
        assert!(matches!(hidden, Err(ServiceError::NotFound { .. })), "{hidden:?}");
        let hidden = certificates::reissue(scene.portal(), &stranger, certificate.id).await;
        assert!(matches!(hidden, Err(ServiceError::NotFound { .. })), "{hidden:?}");
    }
    assert_eq!(devices::list(scene.portal(), &stranger).await.unwrap().len(), 1);
    // A program never is a person: there is no token with the role user.
    let token = json!({"name": "x", "roles": ["user"], "expires_in_days": 1});
    scene.program.post("/tokens", &token).await.problem(422, &["roles"]);
}

async fn a_device_is_added_with_words_that_are_right(database: TestDatabase) {
    let scene = Scene::new(database).await;
    let person = scene.person("maria.p", scene.maria).await;
    let draft = NewDevice { name: "  ".to_owned(), platform: "amiga".to_owned() };
    match devices::add(scene.portal(), &person, &draft).await {
        Err(ServiceError::Invalid(errors)) => {
            let fields: Vec<&str> = errors.as_slice().iter().map(|error| error.field.as_str()).collect();
            assert_eq!(fields, ["name", "platform"]);
        }
        other => panic!("{other:?}"),
    }
    assert!(devices::list(scene.portal(), &person).await.unwrap().is_empty(), "nothing half-made stays");
    let draft = NewDevice { name: "x".to_owned(), platform: "ios".to_owned() };
    let mut last = Ok(());
    for _ in 0..21 {
        last = devices::add(scene.portal(), &person, &draft).await.map(|_| ());
    }
    assert!(matches!(last, Err(ServiceError::TooMany { .. })), "{last:?}");
}
