//! What is over is forgotten after a time: sign-in codes, and what people were told.

use std::time::Duration;

use certporter::service::security_events;
use certporter_model::Timestamp;

use super::scene::Scene;
use crate::conformance::on_both_engines;
use crate::support::database::TestDatabase;

on_both_engines! {
    codes_and_what_was_told_are_forgotten_after_their_time,
}

const DAY: Duration = Duration::from_secs(86_400);

/// Lets the portal do what comes round by the clock, so many days later.
async fn days_later(scene: &Scene, days: u32) {
    scene.works.pipeline.schedule_upkeep().await.unwrap();
    scene.program.clock.advance(DAY * days);
    scene.works.work().await;
}

fn codes(scene: &Scene) -> u32 {
    let count = scene.program.database.asked_by_hand("SELECT COUNT(*) FROM sign_in_codes");
    count.trim().parse().unwrap()
}

async fn codes_and_what_was_told_are_forgotten_after_their_time(database: TestDatabase) {
    let scene = Scene::new(database).await;
    let helper = scene.helper("desk").await;
    let person = scene.person("maria.p", scene.maria).await;
    let told = async || security_events::list(scene.portal(), &person).await.unwrap();
    // One is used, one never is.
    let caller = scene.with_code(&scene.code_by(&helper).await.code).await.unwrap();
    let seen: Timestamp = scene.portal().now();
    security_events::acknowledge(scene.portal(), &person, seen).await.unwrap();
    scene.program.clock.advance(DAY);
    scene.code_by(&helper).await;
    assert_eq!(codes(&scene), 2);
    let (all, new) = (told().await.len(), told().await.iter().filter(|event| event.new).count());
    assert_eq!(new, 1, "the second code alone is news");

    days_later(&scene, 28).await;
    assert_eq!(codes(&scene), 2, "a month is not over");
    days_later(&scene, 3).await;
    assert_eq!(codes(&scene), 0);
    // The session that it opened is long over, and nothing stumbles over that.
    let id = caller.staff_code().unwrap().id;
    let gone = certporter::service::sign_in_codes::caller_of(scene.portal(), id).await.unwrap();
    assert!(gone.is_none());

    days_later(&scene, 360).await;
    assert_eq!(told().await.len(), all, "400 days are not over");
    days_later(&scene, 12).await;
    let left = told().await;
    assert!(left.len() == 1 && left[0].new, "what was never seen waits: {left:?}");
    days_later(&scene, 600).await;
    assert_eq!(told().await.len(), 1);
    days_later(&scene, 120).await;
    assert!(told().await.is_empty());
}
