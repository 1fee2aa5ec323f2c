//! Many certificates at once: begun by somebody, done by the pipeline, one audit event each.

use certporter::clock::Clock as _;
use certporter::config::{PublicAddresses, WebAddress};
use certporter::generate::{Fleet, generate};
use certporter::pipeline::workers::run_once;
use certporter::service::certificates::{
    self, BulkDraft, BulkView, BulkWhich, CertificateState, CertificatesQuery,
};
use certporter::service::portal::{Parts, Portal};
use certporter::service::{ServiceError, accounts, setup, sign_in};
use certporter::store::{AuditEvent, Target, audit_events, profiles};
use certporter_model::access::Caller;
use certporter_model::certificate::{BulkKind, CertificateStatus};
use certporter_model::revocation::Reason;
use zeroize::Zeroizing;

use super::fixture::{Installation, permit};
use crate::conformance::on_both_engines;
use crate::support::database::TestDatabase;

on_both_engines!(
    everything_that_matches_is_revoked_and_what_cannot_be_is_told,
    what_somebody_may_not_do_any_more_is_not_done,
);

fn portal(it: &Installation) -> Portal {
    let address = |text: &str| WebAddress::parse(text).unwrap();
    Portal::new(Parts {
        db: it.db.db.clone(),
        clock: it.clock.clone(),
        random: it.random.clone(),
        addresses: PublicAddresses {
            portal: address("http://127.0.0.1:3000"),
            device: address("https://127.0.0.1:3443"),
            pki: address("http://127.0.0.1:3080"),
        },
    })
}

/// One whose own profile doesn't bear the name of a fleet's.
async fn installation(db: TestDatabase) -> Installation {
    let it = Installation::new(db).await;
    let mut tx = it.db.write(&permit()).await.unwrap();
    let mut profile = profiles::get(&mut tx, it.profile).await.unwrap();
    profile.name = "Of the installation".parse().unwrap();
    profiles::update(&mut tx, &profile).await.unwrap();
    tx.commit(AuditEvent::new(it.clock.now(), "test", Target::none("profile"))).await.unwrap();
    it
}

async fn administrator(portal: &Portal) -> Caller {
    let password = || Zeroizing::new("correct horse battery".to_owned());
    setup::administrator_on_host(portal, "maria", password()).await.unwrap();
    let signed = sign_in::sign_in(portal, &Caller::anonymous(), "Maria", password()).await.unwrap();
    sign_in::caller_of(portal, signed.account).await.unwrap().unwrap()
}

fn draft(query: CertificatesQuery) -> BulkDraft {
    BulkDraft {
        kind: BulkKind::Revoke,
        which: BulkWhich::Query(Box::new(query)),
        reason: Some(Reason::CessationOfOperation),
        explanation: Some("The office closes.".to_owned()),
        digest: None,
    }
}

/// Lets the portal's workers work until the action has ended.
async fn ended(it: &Installation, portal: &Portal, caller: &Caller, begun: &BulkView) -> BulkView {
    let source = it.pipeline.portal_source("test".to_owned());
    for _ in 0..200 {
        let view = certificates::progress(portal, caller, begun.id).await.unwrap();
        if view.finished_at.is_some() {
            return view;
        }
        assert!(run_once(&source, 4).await.unwrap() > 0, "nothing is due, and it is not done: {view:?}");
    }
    panic!("it does not end");
}

async fn everything_that_matches_is_revoked_and_what_cannot_be_is_told(db: TestDatabase) {
    let it = installation(db).await;
    generate(&it.db, &Fleet::new(4, it.clock.now(), 30)).await.unwrap();
    let portal = portal(&it);
    let caller = administrator(&portal).await;
    let everything = CertificatesQuery::default();
    let preview = certificates::preview_bulk(&portal, &caller, &draft(everything.clone())).await.unwrap();
    assert!(preview.total > 30 && preview.sample.len() == 10 && preview.holders > 10, "{preview:?}");
    assert_eq!(preview.profiles.iter().map(|of| of.count).sum::<usize>(), preview.total);

    // One of them is revoked in between, for a graver reason: it is told of, the others are done.
    let valid = |row: &&certificates::CertificateSummary| row.status == CertificateStatus::Valid;
    let one = preview.sample.iter().find(valid).unwrap().id;
    let graver = certificates::RevocationDraft {
        reason: Reason::KeyCompromise,
        explanation: "Lost on a train.".to_owned(),
    };
    certificates::revoke(&portal, &caller, one, &graver).await.unwrap();
    let shown = BulkDraft { digest: Some(preview.digest), ..draft(everything) };
    let begun = certificates::begin(&portal, &caller, &shown).await.unwrap();
    assert_eq!((begun.total, begun.done), (preview.total as u64, 0));
    let view = ended(&it, &portal, &caller, &begun).await;
    let unfit = view.failures.iter().map(|failure| failure.certificate).collect::<Vec<_>>();
    assert!(unfit.contains(&one), "{view:?}");
    assert_eq!(view.done + view.failed, view.total);
    assert_eq!(view.failed as usize, preview.unfit + 1);
    assert!(view.failures[0].cause.contains("revoked already"), "{view:?}");

    let query = CertificatesQuery { state: Some(CertificateState::Valid), ..CertificatesQuery::default() };
    assert!(certificates::list(&portal, &caller, &query).await.unwrap().data.is_empty());
    let another = preview.sample.iter().filter(valid).find(|row| row.id != one);
    let read = certificates::get(&portal, &caller, another.unwrap().id).await.unwrap();
    assert_eq!(read.revocations[0].actor, "maria");
    assert_eq!(read.revocations[0].explanation.as_deref(), Some("The office closes."));
    let mut conn = it.db.read().await.unwrap();
    let filter =
        audit_events::AuditFilter { action: Some("certificates.revoke".into()), ..Default::default() };
    let events = audit_events::list(&mut conn, &filter, None, 1000).await.unwrap();
    assert_eq!(events.len() as u64, view.done + 1, "one event for each");

    let refused = certificates::begin(&portal, &caller, &draft(query)).await;
    assert!(matches!(refused, Err(ServiceError::Invalid(_))), "nothing matches any more: {refused:?}");
}

async fn what_somebody_may_not_do_any_more_is_not_done(db: TestDatabase) {
    let it = installation(db).await;
    generate(&it.db, &Fleet::new(4, it.clock.now(), 5)).await.unwrap();
    let portal = portal(&it);
    let caller = administrator(&portal).await;
    let password = Zeroizing::new("correct horse battery".to_owned());
    setup::administrator_on_host(&portal, "omar", password.clone()).await.unwrap();
    let signed = sign_in::sign_in(&portal, &Caller::anonymous(), "omar", password).await.unwrap();
    let omar = sign_in::caller_of(&portal, signed.account).await.unwrap().unwrap();
    let begun = certificates::begin(&portal, &omar, &draft(CertificatesQuery::default())).await.unwrap();
    let account = accounts::get(&portal, &caller, signed.account).await.unwrap();
    accounts::delete(&portal, &caller, signed.account, account.version).await.unwrap();
    let view = ended(&it, &portal, &caller, &begun).await;
    assert_eq!((view.done, view.failed), (0, view.total));
    assert!(view.failures[0].cause.contains("may not"), "{view:?}");
}
