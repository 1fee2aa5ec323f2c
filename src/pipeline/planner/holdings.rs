//! What these holders hold.

use std::collections::{BTreeMap, BTreeSet};

use certporter_model::CertificateId;
use certporter_model::assignment::HolderKind;
use serde::Deserialize;

use super::whom::by_kind;
use crate::plan::actual::{Actual, Certificate, Copy, Request};
use crate::plan::{Departure, Holder, Place, Slot};
use crate::store::planning::holdings::{self as reading, HeldCertificate, HeldCopy, HeldRequest};
use crate::store::{Conn, StoreError};

/// Reads it.
pub(super) async fn of(conn: &mut Conn, holders: &BTreeSet<Holder>) -> Result<Actual, StoreError> {
    let mut actual = Actual::default();
    for (kind, ids) in by_kind(holders) {
        for chunk in ids.chunks(1000) {
            let mut copies: BTreeMap<CertificateId, Vec<Copy>> = BTreeMap::new();
            for it in reading::copies(conn, kind, chunk).await? {
                copies.entry(it.certificate_id).or_default().push(copy(&it));
            }
            for it in reading::certificates(conn, kind, chunk).await? {
                let slot = slot(it.holder_kind, it.holder_id, it.profile_id);
                let copies = copies.remove(&it.id).unwrap_or_default();
                actual.holdings.entry(slot).or_default().certificates.push(certificate(it, copies)?);
            }
            for it in reading::requests(conn, kind, chunk).await? {
                let slot = slot(it.holder_kind, it.holder_id, it.profile_id);
                actual.holdings.entry(slot).or_default().requests.push(request(&it));
            }
        }
    }
    Ok(actual)
}

fn slot(kind: HolderKind, id: uuid::Uuid, profile: certporter_model::ProfileId) -> Slot {
    Slot { holder: Holder::new(kind, id), profile }
}

/// The part of a CA's capabilities that the plan asks for.
#[derive(Deserialize)]
struct Capabilities {
    #[serde(default)]
    hold: bool,
}

fn certificate(it: HeldCertificate, copies: Vec<Copy>) -> Result<Certificate, StoreError> {
    let capabilities: Capabilities = serde_json::from_str(&it.capabilities).map_err(|error| {
        StoreError::Corrupt { table: "cas", column: "capabilities", reason: error.to_string() }
    })?;
    let of_user = it.holder_kind == HolderKind::User;
    Ok(Certificate {
        id: it.id,
        status: it.status,
        standing: it.standing,
        digest: it.content_digest,
        not_before: it.not_before,
        not_after: it.not_after,
        owner: it.user_id,
        enrolment: it.enrolment_id.filter(|_| !of_user),
        issued_for: it.trigger_kind,
        encryption: it.encryption,
        escrow: it.escrow,
        key: it.key_id,
        held_since: it.held_at,
        can_hold: capabilities.hold,
        reason: it.reason,
        unwanted_since: it.cancelled_reason.zip(it.cancelled_trigger).map(|(r, t)| Departure::new(r, t)),
        copies,
    })
}

fn copy(it: &HeldCopy) -> Copy {
    Copy {
        id: it.id,
        place: Place { device: it.device_id, enrolment: it.enrolment_id, feature: it.feature },
        state: it.state,
        sealed_for: it.generation,
        device: it.device_state,
    }
}

fn request(it: &HeldRequest) -> Request {
    Request {
        id: it.id,
        state: it.state,
        digest: it.content_digest,
        owner: it.user_id,
        enrolment: it.enrolment_id,
        key: it.key_id,
    }
}
