//! A test certificate, all the way to the CA and back.

use certporter::config::{PublicAddresses, WebAddress};
use certporter::service::authorities::preflight::{self, PreflightDraft, PreflightStage};
use certporter::service::portal::Parts;
use certporter::service::{Portal, ServiceError};
use certporter_model::AccountId;
use certporter_model::access::{Caller, Grant, Role};

use super::fixture::Installation;
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
