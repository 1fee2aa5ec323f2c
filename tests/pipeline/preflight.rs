//! A test certificate, all the way to the CA and back.

use std::sync::Arc;

use certporter::config::{PublicAddresses, WebAddress};
use certporter::service::authorities::preflight::{
    self, PreflightDraft, PreflightStage, PreflightStep, PreflightView,
};
use certporter::service::portal::Parts;
use certporter::service::{Portal, ServiceError};
use certporter::store::ca_generations;
use certporter_model::AccountId;
use certporter_model::access::{Caller, Grant, Role};
use certporter_model::serial::SerialNumber;

use super::fixture::Installation;
use super::scripted::{Script, ScriptedCa};
use crate::support::database::TestDatabase;

fn portal(installation: &Installation) -> Portal {
    let address = |text: &str| WebAddress::parse(text).unwrap();
    Portal::new(Parts {
        db: installation.pipeline.db.clone(),
        clock: installation.clock.clone(),
        random: installation.random.clone(),
        addresses: PublicAddresses {
            portal: address("https://portal.example.org"),
            device: address("https://devices.example.org"),
            pki: address("http://pki.example.org"),
        },
    })
}

fn somebody(role: Role) -> Caller {
    let id = AccountId::from_uuid(uuid::Uuid::from_u128(1));
    Caller::account(id, "maria".to_owned(), vec![Grant { role, groups: None }], None)
}

#[tokio::test]
async fn a_preflight_is_issued_checked_revoked_and_published() {
    let installation = Installation::new(TestDatabase::sqlite().await).await;
    let portal = portal(&installation);
    let operator = somebody(Role::PkiOperator);
    let possible = preflight::possible(&portal, &operator).await.unwrap();
    assert_eq!(possible.cas, ["builtin"]);
    let draft =
        PreflightDraft { ca: "builtin".to_owned(), pool: possible.pools[0].clone(), template: String::new() };
    let made = preflight::create(&portal, &operator, &draft).await.unwrap();
    assert_eq!((made.state.as_str(), made.steps.len()), ("waiting", 0));
    installation.work().await;
    let done = preflight::get(&portal, &operator, made.id).await.unwrap();
    assert!(done.passed(), "{done:?}");
    let stages: Vec<PreflightStage> = done.steps.iter().map(|step| step.stage).collect();
    assert_eq!(
        stages,
        [
            PreflightStage::Claimed,
            PreflightStage::KeyGenerated,
            PreflightStage::Issued,
            PreflightStage::Checked,
            PreflightStage::Revoked,
            PreflightStage::InCrl
        ]
    );
    assert!(done.steps.iter().all(|step| step.ok), "{done:?}");
    assert!(preflight::create(&portal, &somebody(Role::Auditor), &draft).await.is_err());
    assert!(preflight::get(&portal, &somebody(Role::Auditor), made.id).await.is_ok());
}

#[tokio::test]
async fn what_can_t_be_tried_is_named_with_what_can() {
    let installation = Installation::new(TestDatabase::sqlite().await).await;
    let portal = portal(&installation);
    let draft =
        PreflightDraft { ca: "devices".to_owned(), pool: "nowhere".to_owned(), template: "x".repeat(201) };
    let refused = preflight::create(&portal, &somebody(Role::Administrator), &draft).await.unwrap_err();
    let ServiceError::Invalid(errors) = refused else { panic!("{refused}") };
    assert!(errors.of("ca").next().unwrap().contains("builtin"));
    assert!(errors.of("pool").next().unwrap().contains("no connector serves this pool"));
    assert!(errors.of("template").next().unwrap().contains("200"));
}

/// A preflight at a CA that does as the scripts say, and the installation that it went through.
async fn tried(scripts: impl IntoIterator<Item = Script>) -> (Installation, PreflightView) {
    let db = TestDatabase::sqlite().await;
    let installation = Installation::with_ca(db, |ca| Arc::new(ScriptedCa::new(ca, scripts))).await;
    let portal = portal(&installation);
    let operator = somebody(Role::PkiOperator);
    let draft =
        PreflightDraft { ca: "builtin".to_owned(), pool: "default".to_owned(), template: String::new() };
    let made = preflight::create(&portal, &operator, &draft).await.unwrap();
    installation.work().await;
    let done = preflight::get(&portal, &operator, made.id).await.unwrap();
    assert_eq!(done.state, "failed", "{done:?}");
    (installation, done)
}

/// The step that failed, and all of those that were taken.
fn failed(done: &PreflightView) -> (&PreflightStep, Vec<PreflightStage>) {
    let failed = done.steps.iter().find(|step| !step.ok).unwrap();
    (failed, done.steps.iter().map(|step| step.stage).collect())
}

/// The test certificate is revoked at the CA.
async fn is_revoked(installation: &Installation, done: &PreflightView) -> bool {
    let serial = SerialNumber::parse(done.serial.as_deref().unwrap()).unwrap();
    let mut conn = installation.db.read().await.unwrap();
    let ca = ca_generations::ca_named(&mut conn, "builtin").await.unwrap();
    let generation = ca_generations::generations(&mut conn, ca.id).await.unwrap()[0].id;
    drop(conn);
    let (standing, _) = installation.builtin.standing(generation, &serial).await.unwrap();
    standing.is_some()
}

#[tokio::test]
async fn a_ca_that_refuses_is_named_with_its_cause() {
    let (_, done) = tried([Script::Refuse]).await;
    let (step, stages) = failed(&done);
    assert_eq!(step.stage, PreflightStage::Issued);
    assert!(step.cause.as_deref().unwrap().contains("the template forbids it"), "{step:?}");
    assert!(step.remedy.is_some());
    assert_eq!(stages, [PreflightStage::Claimed, PreflightStage::KeyGenerated, PreflightStage::Issued]);
    assert_eq!(done.serial, None, "there is nothing to revoke");
}

#[tokio::test]
async fn a_ca_that_can_t_be_reached_is_named() {
    let (_, done) = tried([Script::Fail]).await;
    let (step, stages) = failed(&done);
    assert_eq!(step.stage, PreflightStage::Issued);
    assert!(step.cause.as_deref().unwrap().contains("the line is dead"), "{step:?}");
    assert_eq!(stages.len(), 3);
    assert_eq!(done.serial, None);
}

#[tokio::test]
async fn a_certificate_that_is_not_as_asked_names_the_field_and_is_revoked() {
    let (installation, done) = tried([Script::AddUsage]).await;
    let (step, stages) = failed(&done);
    assert_eq!(step.stage, PreflightStage::Checked);
    assert!(step.cause.as_deref().unwrap().contains("extended_key_usages"), "{step:?}");
    assert_eq!(*stages.last().unwrap(), PreflightStage::Revoked);
    assert!(is_revoked(&installation, &done).await);
}

#[tokio::test]
async fn a_certificate_whose_answer_was_lost_is_found_and_revoked() {
    let (installation, done) = tried([Script::SignAndFail]).await;
    let (step, stages) = failed(&done);
    assert_eq!(step.stage, PreflightStage::Issued);
    assert_eq!(*stages.last().unwrap(), PreflightStage::Revoked);
    assert!(is_revoked(&installation, &done).await);
}
