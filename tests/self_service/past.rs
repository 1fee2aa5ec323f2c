//! What happens in a person's name stands in the one timeline that the helpdesk has of them.

use certporter::service::confirmations;
use certporter::service::helpdesk::history::{self, HistoryEntry, HistoryQuery, HistorySource};
use certporter_model::access::Caller;

use super::scene::{PASSWORD, Scene, secret};
use crate::conformance::on_both_engines;
use crate::support::database::TestDatabase;

on_both_engines! {
    codes_and_confirmations_stand_in_the_timeline,
}

async fn past(scene: &Scene, staff: &Caller, query: HistoryQuery) -> Vec<HistoryEntry> {
    let query = HistoryQuery { limit: Some(200), ..query };
    history::history(scene.portal(), staff, scene.maria, &query).await.unwrap().data
}

/// The newest of that name.
fn of<'p>(past: &'p [HistoryEntry], action: &str) -> &'p HistoryEntry {
    let found = past.iter().find(|it| it.action.as_deref() == Some(action));
    found.unwrap_or_else(|| panic!("no {action} in {past:#?}"))
}

async fn codes_and_confirmations_stand_in_the_timeline(database: TestDatabase) {
    let scene = Scene::new(database).await;
    let helper = scene.helper("desk").await;
    let person = scene.person("maria.p", scene.maria).await;
    let (_, laptop) = scene.own_device(&person, "laptop").await;
    let made = scene.code_by(&helper).await;
    scene.with_code("2222-2222").await.unwrap_err();
    let caller = scene.with_code(&made.code).await.unwrap();
    let (phone, _) = scene.own_device(&caller, "phone").await;
    let waiting = confirmations::own(scene.portal(), &person).await.unwrap();
    let of_phone = waiting.iter().find(|it| it.device.is_some()).unwrap().id;
    let of_session = waiting.iter().find(|it| it.device.is_none()).unwrap().id;
    confirmations::confirm(scene.portal(), &person, of_phone, secret("not this one")).await.unwrap_err();
    confirmations::confirm(scene.portal(), &person, of_phone, secret(PASSWORD)).await.unwrap();
    scene.works.confirm(&laptop, of_session).await.unwrap();

    let all = past(&scene, &helper, HistoryQuery::default()).await;
    let told = |action: &str| {
        let it = of(&all, action);
        (it.actor.as_str(), it.ok, it.source)
    };
    let portal = HistorySource::Portal;
    assert_eq!(told("sign_in_codes.issue"), ("desk", true, portal));
    assert_eq!(told("own.sign_in_with_code_refused"), ("somebody without a good code", false, portal));
    assert_eq!(told("own.sign_in_with_code"), ("somebody with the code", true, portal));
    assert_eq!(told("own.devices.add"), ("maria (with a code)", true, portal));
    assert_eq!(told("device.enrol"), ("device that enrolled", true, HistorySource::Device));
    assert_eq!(told("own.confirmation_refused"), ("maria.p", false, portal));
    assert_eq!(told("own.confirmations.confirm"), ("maria.p", true, portal));
    let by_device = of(&all, "device.confirm");
    assert_eq!((by_device.ok, by_device.source), (true, HistorySource::Device));
    // How she gets in: the account that was made for her, not what others do with theirs.
    assert!(of(&all, "accounts.set_password").ok);
    assert!(!all.iter().any(|it| it.action.as_deref() == Some("own.sign_in")), "{all:#?}");

    // Of one device alone it is what was done with that.
    let query = HistoryQuery { device: Some(phone), ..HistoryQuery::default() };
    let one = past(&scene, &helper, query).await;
    of(&one, "own.devices.add");
    of(&one, "own.confirmations.confirm");
    for of_the_person in ["own.sign_in_with_code", "accounts.set_password", "device.confirm"] {
        assert!(
            !one.iter().any(|it| it.action.as_deref() == Some(of_the_person)),
            "{of_the_person}: {one:#?}"
        );
    }
    // Nothing of it is in somebody else's.
    let query = HistoryQuery { limit: Some(200), ..HistoryQuery::default() };
    let omar = history::history(scene.portal(), &helper, scene.omar, &query).await.unwrap().data;
    assert!(
        !omar.iter().any(|it| it.action.as_deref().is_some_and(|it| it.contains("sign_in"))),
        "{omar:#?}"
    );
}
