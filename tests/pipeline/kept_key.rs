//! A renewal that keeps its key.

use std::time::Duration;

use certporter_model::RequestId;
use certporter_model::request::{RequestState, Step};

use super::fixture::{EnrolledDevice, Installation, profile};
use crate::conformance::on_both_engines;
use crate::support::database::TestDatabase;

on_both_engines! {
    a_kept_key_is_certified_again,
    a_key_that_is_gone_gives_way_to_another,
    a_request_whose_key_cannot_be_opened_says_why_and_keeps_nobody_waiting,
}

impl Installation {
    /// Asks for another certificate for the only key that there is.
    async fn request_keeping(&self, device: &EnrolledDevice) -> RequestId {
        self.clock.advance(Duration::from_secs(60));
        let id = self.request(device, 2).await;
        assert_eq!(self.db.asked_by_hand("SELECT count(*) FROM escrowed_keys").trim(), "1");
        let keep =
            "UPDATE requests SET kept_key_id = (SELECT id FROM escrowed_keys) WHERE state = 'requested'";
        self.db.by_hand(keep).await;
        id
    }

    async fn first(&self) -> (EnrolledDevice, RequestId) {
        self.save_profile(2, profile("retained")).await;
        let device = self.enrol().await;
        let first = self.request(&device, 2).await;
        self.work().await;
        (device, first)
    }
}

async fn a_kept_key_is_certified_again(db: TestDatabase) {
    let it = Installation::new(db).await;
    let (device, first) = it.first().await;
    let second = it.request_keeping(&device).await;
    it.work().await;
    let (first, second) = (it.state(first).await, it.state(second).await);
    assert_eq!(second.public_key_hash, first.public_key_hash);
    assert_eq!(second.escrowed_key_id, first.escrowed_key_id);
    assert!(second.certificate_id.is_some() && second.certificate_id != first.certificate_id);
    assert_eq!(it.steps(second.id).await[..3], [Step::Claimed, Step::KeyGenerated, Step::Submitted]);
}

async fn a_key_that_is_gone_gives_way_to_another(db: TestDatabase) {
    let it = Installation::new(db).await;
    let (device, first) = it.first().await;
    let second = it.request_keeping(&device).await;
    it.db.by_hand("UPDATE escrowed_keys SET sealed = NULL, state = 'destroyed'").await;
    it.work().await;
    let (first, second) = (it.state(first).await, it.state(second).await);
    assert!(second.certificate_id.is_some());
    assert_ne!(second.public_key_hash, first.public_key_hash);
}

async fn a_request_whose_key_cannot_be_opened_says_why_and_keeps_nobody_waiting(db: TestDatabase) {
    let it = Installation::new(db).await;
    let (device, _) = it.first().await;
    let second = it.request_keeping(&device).await;
    // Another key than the one that is sealed.
    it.db.by_hand("UPDATE escrowed_keys SET sealed = public_key_hash").await;
    let other = it.enrol().await;
    let third = it.request(&other, 2).await;
    it.work().await;
    assert!(it.state(third).await.certificate_id.is_some(), "the others go on");
    let second = it.state(second).await;
    assert_eq!(second.state, RequestState::Claimed);
    assert!(second.certificate_id.is_none() && second.cause.is_some(), "{second:?}");
}
