//! With devices: what they report is not what they were told.

use std::time::Duration;

use certporter::wire::device::{CopyStatus, ReportedState};
use certporter_model::CopyId;
use certporter_model::thumbprint::Thumbprint;
use serde_json::{Value, json};

use super::{Scene, compare, id, only, open};
use crate::conformance::on_both_engines;
use crate::support::database::TestDatabase;

on_both_engines! {
    a_copy_that_was_removed_and_is_reported_again_is_removed_again,
    a_copy_that_stays_though_it_was_to_be_removed_is_told,
    a_copy_with_another_certificate_is_told,
}

impl Scene {
    pub(super) fn statuses(
        &self,
        thumbprint: Thumbprint,
        state: ReportedState,
        copies: &[CopyId],
    ) -> Vec<CopyStatus> {
        copies.iter().map(|copy| CopyStatus { copy: *copy, thumbprint, state, cause: None }).collect()
    }

    /// Revokes the laptop's certificate for good; the plan wants no other, since the person has left.
    async fn leave(&self) -> Value {
        let certificate = self.certificate(&id(&self.certificates().await[0])).await;
        self.program.post(&format!("/users/{}/disable", self.maria), &json!({})).await.ok();
        self.works.work().await;
        certificate
    }
}

pub(super) fn thumbprint(certificate: &Value) -> Thumbprint {
    certificate["thumbprint"].as_str().unwrap().parse().unwrap()
}

async fn a_copy_that_was_removed_and_is_reported_again_is_removed_again(database: TestDatabase) {
    let mut scene = Scene::new(database).await;
    let copies: Vec<CopyId> = scene.device.held.iter().copied().collect();
    let certificate = scene.leave().await;
    scene.sync().await;
    let path = id(&certificate);
    assert!(scene.certificate(&path).await["revocations"][0]["finished_at"].is_string());
    // Its folder is put back from a backup.
    let back = scene.statuses(thumbprint(&certificate), ReportedState::Installed, &copies[..1]);
    scene.works.report(&scene.device, back).await;
    let told = only(&scene.program, "reported_again", "removal_asked_again").await;
    assert_eq!((&told["certificate_id"], &told["device"]["name"]), (&certificate["id"], &json!("Laptop")));
    let shown = scene.certificate(&path).await;
    assert!(shown["revocations"][0]["finished_at"].is_null(), "it is not gone: {shown}");
    compare(&scene.program, &scene.works).await;
    only(&scene.program, "reported_again", "removal_asked_again").await;
    scene.sync().await;
    assert_eq!(open(&scene.program).await, Vec::<Value>::new());
    assert!(scene.certificate(&path).await["revocations"][0]["finished_at"].is_string());
}

async fn a_copy_that_stays_though_it_was_to_be_removed_is_told(database: TestDatabase) {
    let mut scene = Scene::new(database).await;
    let copies: Vec<CopyId> = scene.device.held.iter().copied().collect();
    let certificate = scene.leave().await;
    let there = || scene.statuses(thumbprint(&certificate), ReportedState::Installed, &copies);
    // It has not been told yet.
    scene.works.report(&scene.device, there()).await;
    assert_eq!(open(&scene.program).await, Vec::<Value>::new());
    scene.program.clock.advance(Duration::from_secs(120));
    scene.works.poll(&scene.device).await;
    scene.works.report(&scene.device, there()).await;
    let told = open(&scene.program).await;
    assert_eq!(told.len(), 2, "{told:?}");
    assert!(told.iter().all(|it| it["kind"] == "still_reported"), "{told:?}");
    scene.sync().await;
    assert_eq!(open(&scene.program).await, Vec::<Value>::new());
}

async fn a_copy_with_another_certificate_is_told(database: TestDatabase) {
    let scene = Scene::new(database).await;
    let copies: Vec<CopyId> = scene.device.held.iter().copied().collect();
    let other = Thumbprint::from_octets([0xab; 32]);
    let right = thumbprint(&scene.certificate(&id(&scene.certificates().await[0])).await);
    let report = |thumbprint| scene.statuses(thumbprint, ReportedState::Installed, &copies[..1]);
    scene.works.report(&scene.device, report(other)).await;
    let told = only(&scene.program, "another_thumbprint", "none").await;
    let detail = told["detail"].as_str().unwrap();
    assert!(detail.contains(&"ab".repeat(32)) && detail.contains(&right.to_string()), "{detail}");
    scene.works.report(&scene.device, report(right)).await;
    assert_eq!(open(&scene.program).await, Vec::<Value>::new());
}
