//! What somebody has looked at and put away is listed no more, until they want it back or it changes.

use certporter::wire::device::ReportedState;
use certporter_model::CopyId;
use certporter_model::access::Role;
use certporter_model::thumbprint::Thumbprint;
use serde_json::{Value, json};

use super::devices::thumbprint;
use super::{Scene, compare, id, only, open};
use crate::conformance::on_both_engines;
use crate::support::database::TestDatabase;

on_both_engines! {
    a_dismissed_disagreement_is_listed_again_only_on_request,
    a_dismissed_disagreement_comes_back_when_it_changes,
    a_dismissal_is_refused_with_the_reason,
}

impl Scene {
    /// The device reports another certificate in the place of its own; the copy that it is about.
    async fn reports(&self, other: u8) -> CopyId {
        let copy = *self.device.held.iter().next().unwrap();
        let other = Thumbprint::from_octets([other; 32]);
        let statuses = self.statuses(other, ReportedState::Installed, &[copy]);
        self.works.report(&self.device, statuses).await;
        copy
    }

    async fn dismiss(&self, it: &Value) -> Value {
        let why = json!({"explanation": "an old test laptop"});
        self.program.post(&format!("/discrepancies/{}/dismiss", id(it)), &why).await.ok()
    }

    async fn listed(&self, query: &str) -> Vec<String> {
        let page = self.program.get(&format!("/discrepancies?{query}")).await.ok();
        page["data"].as_array().unwrap().iter().map(id).collect()
    }

    /// How many the overview counts.
    async fn counted(&self) -> Value {
        let overview = self.program.get("/overview").await.ok();
        let matters = overview["matters"].as_array().unwrap().clone();
        let matter = matters.into_iter().find(|matter| matter["kind"] == "disagreements");
        matter.map_or(json!(0), |matter| matter["count"].clone())
    }
}

async fn a_dismissed_disagreement_is_listed_again_only_on_request(database: TestDatabase) {
    let scene = Scene::new(database).await;
    scene.reports(0xab).await;
    let told = only(&scene.program, "another_thumbprint", "none").await;
    assert!(told["dismissal"].is_null(), "{told}");
    assert_eq!(scene.counted().await, 1);
    let dismissed = scene.dismiss(&told).await;
    assert_eq!(dismissed["dismissal"]["explanation"], "an old test laptop", "{dismissed}");
    assert!(dismissed["resolved_at"].is_null(), "they disagree as before: {dismissed}");
    assert_eq!(scene.listed("resolved=false&dismissed=false").await, [] as [String; 0]);
    assert_eq!(scene.listed("dismissed=true").await, [id(&told)]);
    assert_eq!(scene.counted().await, 0);
    let audit = scene.program.get("/audit-events?action=discrepancies.dismiss").await.ok();
    assert!(audit["data"][0].to_string().contains("an old test laptop"), "{audit}");
    // Seen again as it was, it stays away.
    compare(&scene.program, &scene.works).await;
    scene.reports(0xab).await;
    assert_eq!(scene.listed("dismissed=true").await, [id(&told)]);
    let again = scene.program.post(&format!("/discrepancies/{}/restore", id(&told)), &json!({})).await.ok();
    assert!(again["dismissal"].is_null(), "{again}");
    assert_eq!(scene.listed("resolved=false&dismissed=false").await, [id(&told)]);
    assert_eq!(scene.counted().await, 1);
}

async fn a_dismissed_disagreement_comes_back_when_it_changes(database: TestDatabase) {
    let scene = Scene::new(database).await;
    let copy = scene.reports(0xab).await;
    let told = only(&scene.program, "another_thumbprint", "none").await;
    scene.dismiss(&told).await;
    scene.reports(0xcd).await;
    let changed = only(&scene.program, "another_thumbprint", "none").await;
    assert_eq!(changed["id"], told["id"]);
    assert!(changed["dismissal"].is_null(), "{changed}");
    // Put away again, then gone, and then there once more: that is another one.
    scene.dismiss(&changed).await;
    let right = thumbprint(&scene.certificate(&id(&scene.certificates().await[0])).await);
    let statuses = scene.statuses(right, ReportedState::Installed, &[copy]);
    scene.works.report(&scene.device, statuses).await;
    assert_eq!(open(&scene.program).await, Vec::<Value>::new());
    scene.reports(0xcd).await;
    let new = only(&scene.program, "another_thumbprint", "none").await;
    assert!(new["id"] != told["id"] && new["dismissal"].is_null(), "{new}");
}

async fn a_dismissal_is_refused_with_the_reason(database: TestDatabase) {
    let scene = Scene::new(database).await;
    let copy = scene.reports(0xab).await;
    let told = only(&scene.program, "another_thumbprint", "none").await;
    let (dismiss, restore) =
        (format!("/discrepancies/{}/dismiss", id(&told)), format!("/discrepancies/{}/restore", id(&told)));
    let why = json!({"explanation": "it is known"});
    scene.program.post(&dismiss, &json!({"explanation": "  "})).await.problem(422, &["explanation"]);
    scene.program.post(&dismiss, &json!({})).await.problem(422, &["explanation"]);
    scene.program.post(&restore, &json!({})).await.problem(409, &[]);
    let auditor = scene.program.new_token(Role::Auditor).await;
    for path in [&dismiss, &restore] {
        let asked = scene.program.ask(http::Method::POST, path).token(auditor.clone());
        asked.json(&why).send().await.problem(403, &[]);
    }
    let nothing = "/discrepancies/0198c2f0-7d1e-7cc3-98c4-dc0c0c07398f/dismiss";
    scene.program.post(nothing, &why).await.problem(404, &[]);
    scene.program.post(&dismiss, &why).await.ok();
    scene.program.post(&dismiss, &why).await.problem(409, &[]);
    let right = thumbprint(&scene.certificate(&id(&scene.certificates().await[0])).await);
    let statuses = scene.statuses(right, ReportedState::Installed, &[copy]);
    scene.works.report(&scene.device, statuses).await;
    for path in [&dismiss, &restore] {
        scene.program.post(path, &why).await.problem(409, &[]);
    }
}
