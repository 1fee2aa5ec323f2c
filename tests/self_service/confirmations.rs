//! Keys that wait: a device or session that staff opened gets none that is retained until the person confirms it, or a
//! second person approves.

use certporter::service::action::ActionDraft;
use certporter::service::confirmations::{self, ConfirmationKind};
use certporter::service::device_protocol::ProtocolError;
use certporter::service::{ServiceError, security_events};
use certporter_model::access::Caller;
use certporter_model::security_event::SecurityEventKind;
use certporter_model::{ConfirmationId, Timestamp};
use serde_json::json;

use super::scene::{PASSWORD, Scene, secret};
use crate::conformance::on_both_engines;
use crate::support::database::TestDatabase;

on_both_engines! {
    a_device_that_staff_set_up_waits_until_its_person_s_password_confirms_it,
    another_device_of_the_person_s_confirms,
    a_second_person_approves_and_not_the_first,
    what_a_session_by_code_sets_up_waits_too,
    a_device_that_is_handed_over_waits_for_its_new_person,
}

async fn told(scene: &Scene, caller: &Caller, kind: SecurityEventKind) -> bool {
    let events = security_events::list(scene.portal(), caller).await.unwrap();
    events.iter().any(|event| event.kind == kind && event.new)
}

async fn a_device_that_staff_set_up_waits_until_its_person_s_password_confirms_it(database: TestDatabase) {
    let scene = Scene::new(database).await;
    let (helper, person) = (scene.helper("desk").await, scene.person("maria.p", scene.maria).await);
    let (own, mut laptop) = scene.own_device(&person, "own").await;
    assert_eq!(scene.holds(own, &mut laptop).await, ["S/MIME", "VPN"]);
    let (id, mut device) = scene.staff_s_device(&helper, "set up by staff").await;
    assert_eq!(scene.holds(id, &mut device).await, ["VPN"], "what is its own comes, what is retained waits");

    let view = scene.program.get(&format!("/devices/{id}")).await.ok();
    let unconfirmed = &view["enrolment"]["unconfirmed"];
    assert_eq!(unconfirmed["staff"], "desk", "{view}");
    for text in ["cause", "remedy"] {
        assert!(unconfirmed[text].as_str().is_some_and(|text| text.ends_with('.')), "{view}");
    }
    assert!(told(&scene, &person, SecurityEventKind::DeviceEnrolled).await);
    let waiting = confirmations::own(scene.portal(), &person).await.unwrap();
    let [one] = &waiting[..] else { panic!("{waiting:?}") };
    assert_eq!((one.kind, one.device.as_ref().map(|it| it.id)), (ConfirmationKind::Device, Some(id)));

    let wrong = confirmations::confirm(scene.portal(), &person, one.id, secret("wrong horse battery")).await;
    assert!(
        matches!(&wrong, Err(ServiceError::Invalid(e)) if e.as_slice()[0].field == "password"),
        "{wrong:?}"
    );
    let stranger = scene.person("omar.p", scene.omar).await;
    let hidden = confirmations::confirm(scene.portal(), &stranger, one.id, secret(PASSWORD)).await;
    assert!(matches!(hidden, Err(ServiceError::NotFound { .. })), "{hidden:?}");
    assert_eq!(scene.holds(id, &mut device).await, ["VPN"]);

    confirmations::confirm(scene.portal(), &person, one.id, secret(PASSWORD)).await.unwrap();
    assert_eq!(scene.holds(id, &mut device).await, ["S/MIME", "VPN"]);
    assert!(told(&scene, &person, SecurityEventKind::ConfirmedByPassword).await);
    let view = scene.program.get(&format!("/devices/{id}")).await.ok();
    assert!(view["enrolment"]["unconfirmed"].is_null(), "{view}");
    let again = confirmations::confirm(scene.portal(), &person, one.id, secret(PASSWORD)).await;
    assert!(matches!(again, Err(ServiceError::NotFound { .. })), "{again:?}");
}

async fn another_device_of_the_person_s_confirms(database: TestDatabase) {
    let scene = Scene::new(database).await;
    let (helper, person) = (scene.helper("desk").await, scene.person("maria.p", scene.maria).await);
    let stranger = scene.person("omar.p", scene.omar).await;
    let (_, laptop) = scene.own_device(&person, "own").await;
    let (_, theirs) = scene.own_device(&stranger, "a stranger's").await;
    let (id, mut device) = scene.staff_s_device(&helper, "set up by staff").await;
    let awaited = scene.works.awaited(&laptop).await.unwrap().awaited;
    let [one] = &awaited[..] else { panic!("{awaited:?}") };
    assert_eq!((one.device.as_deref(), one.staff.as_deref()), (Some("set up by staff"), Some("desk")));

    assert!(scene.works.awaited(&theirs).await.unwrap().awaited.is_empty());
    let refused = scene.works.confirm(&theirs, one.id).await;
    assert!(matches!(refused, Err(ProtocolError::NothingAwaited)), "{refused:?}");
    let itself = scene.works.confirm(&device, one.id).await;
    assert!(matches!(itself, Err(ProtocolError::Unconfirmed)), "{itself:?}");
    let nothing = ConfirmationId::new(Timestamp::from_seconds(1), [0; 10]);
    let refused = scene.works.confirm(&laptop, nothing).await;
    assert!(matches!(refused, Err(ProtocolError::NothingAwaited)), "{refused:?}");

    scene.works.confirm(&laptop, one.id).await.unwrap();
    assert_eq!(scene.holds(id, &mut device).await, ["S/MIME", "VPN"]);
    assert!(told(&scene, &person, SecurityEventKind::ConfirmedByDevice).await);
}

async fn a_second_person_approves_and_not_the_first(database: TestDatabase) {
    let scene = Scene::new(database).await;
    let (first, second) = (scene.helper("first").await, scene.helper("second").await);
    let person = scene.person("maria.p", scene.maria).await;
    let (id, mut device) = scene.staff_s_device(&first, "set up by staff").await;
    let draft = ActionDraft { explanation: Some("saw her".to_owned()) };
    let seen = confirmations::of_user(scene.portal(), &first, scene.maria).await.unwrap();
    assert!(!seen[0].approvable);
    let refused = confirmations::approve(scene.portal(), &first, scene.maria, seen[0].id, &draft).await;
    assert!(matches!(refused, Err(ServiceError::Conflict { .. })), "{refused:?}");
    let refused = confirmations::approve(scene.portal(), &person, scene.maria, seen[0].id, &draft).await;
    assert!(matches!(refused, Err(ServiceError::Forbidden(_))), "{refused:?}");
    let elsewhere = confirmations::approve(scene.portal(), &second, scene.omar, seen[0].id, &draft).await;
    assert!(matches!(elsewhere, Err(ServiceError::NotFound { .. })), "{elsewhere:?}");
    // A token that was made on the host is nobody's: no second person.
    let path = format!("/users/{}/confirmations", scene.maria);
    let listed = scene.program.get(&path).await.ok();
    assert_eq!(listed[0]["approvable"], false, "{listed}");
    let path = format!("{path}/{}/approve", seen[0].id);
    scene.program.post(&path, &json!({})).await.problem(409, &[]);
    assert_eq!(scene.holds(id, &mut device).await, ["VPN"]);

    confirmations::approve(scene.portal(), &second, scene.maria, seen[0].id, &draft).await.unwrap();
    assert_eq!(scene.holds(id, &mut device).await, ["S/MIME", "VPN"]);
    assert!(told(&scene, &person, SecurityEventKind::ApprovedBySecondPerson).await);
    let trail = scene.program.get("/audit-events?action=confirmations.approve").await.ok();
    assert!(trail.to_string().contains("saw her"), "{trail}");
}

async fn what_a_session_by_code_sets_up_waits_too(database: TestDatabase) {
    let scene = Scene::new(database).await;
    let (first, second) = (scene.helper("first").await, scene.helper("second").await);
    let caller = scene.with_code(&scene.code_by(&first).await.code).await.unwrap();
    let (id, mut device) = scene.own_device(&caller, "by code").await;
    assert_eq!(scene.holds(id, &mut device).await, ["VPN"]);
    let seen = confirmations::of_user(scene.portal(), &first, scene.maria).await.unwrap();
    assert_eq!(seen.len(), 2, "the session and the device: {seen:?}");
    // Whoever issued the code for the session stands behind the device too.
    assert!(seen.iter().all(|it| !it.approvable), "{seen:?}");
    // Without a password of their own there is no confirming by password.
    let device_s = seen.iter().find(|it| it.kind == ConfirmationKind::Device).unwrap().id;
    let refused = confirmations::confirm(scene.portal(), &caller, device_s, secret(PASSWORD)).await;
    assert!(matches!(refused, Err(ServiceError::Conflict { .. })), "{refused:?}");

    let session = seen.iter().find(|it| it.kind == ConfirmationKind::Session).unwrap().id;
    let draft = ActionDraft::default();
    confirmations::approve(scene.portal(), &second, scene.maria, session, &draft).await.unwrap();
    let id_of = caller.staff_code().unwrap().id;
    let caller = certporter::service::sign_in_codes::caller_of(scene.portal(), id_of).await.unwrap().unwrap();
    assert!(caller.may_have_retained_keys());
    // What was set up before still waits: it was set up by somebody unknown then.
    assert_eq!(scene.holds(id, &mut device).await, ["VPN"]);
    let (later, mut device) = scene.own_device(&caller, "after it").await;
    assert_eq!(scene.holds(later, &mut device).await, ["S/MIME", "VPN"]);

    // With an account, its password confirms even in a session by code.
    scene.person("maria.p", scene.maria).await;
    confirmations::confirm(scene.portal(), &caller, device_s, secret(PASSWORD)).await.unwrap();
    assert!(confirmations::own(scene.portal(), &caller).await.unwrap().is_empty());
}

async fn a_device_that_is_handed_over_waits_for_its_new_person(database: TestDatabase) {
    let scene = Scene::new(database).await;
    let (stranger, person) =
        (scene.person("omar.p", scene.omar).await, scene.person("maria.p", scene.maria).await);
    let (own, mut laptop) = scene.own_device(&person, "own").await;
    assert_eq!(scene.holds(own, &mut laptop).await, ["S/MIME", "VPN"]);
    let (id, mut device) = scene.own_device(&stranger, "omar's").await;
    assert_eq!(scene.holds(id, &mut device).await, ["S/MIME", "VPN"]);
    // A code that Omar made before, and uses after.
    let code = certporter::service::self_service::devices::code(scene.portal(), &stranger, id).await.unwrap();
    let body = json!({"owner": scene.maria, "explanation": "swapped"});
    scene.program.post(&format!("/devices/{id}/hand-over"), &body).await.ok();
    assert_eq!(scene.holds(id, &mut device).await, ["VPN"], "Maria's mail is not Omar's to read");
    assert!(told(&scene, &person, SecurityEventKind::DeviceHandedOver).await);
    let mut again = scene.works.enrol_with(&code.code).await;
    assert_eq!(scene.holds(id, &mut again).await, ["VPN"]);
    let waiting = confirmations::own(scene.portal(), &person).await.unwrap();
    confirmations::confirm(scene.portal(), &person, waiting[0].id, secret(PASSWORD)).await.unwrap();
    assert_eq!(scene.holds(id, &mut again).await, ["S/MIME", "VPN"]);
}
