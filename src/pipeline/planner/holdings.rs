//! What these holders hold.

use std::collections::{BTreeMap, BTreeSet};

use certporter_model::assignment::HolderKind;
use certporter_model::{CaGenerationId, CertificateId};
use serde::Deserialize;

use super::whom::split;
use crate::plan::actual::{Actual, Certificate, Copy, Request};
use crate::plan::{Departure, Holder, Place, Slot};
use crate::store::planning::{self as reading, Holders, PlanCertificate, PlanCopy, PlanRequest};
use crate::store::{Conn, StoreError, ca_generations};

/// Reads it.
pub(super) async fn of(conn: &mut Conn, holders: &BTreeSet<Holder>) -> Result<Actual, StoreError> {
    let (users, devices) = split(holders);
    let of = Holders::Some { devices, users };
    let can_hold = can_hold(conn).await?;
    let certificates = reading::certificates(conn, &of).await?;
    let ids: Vec<CertificateId> = certificates.iter().map(|it| it.id).collect();
    let mut copies: BTreeMap<CertificateId, Vec<Copy>> = BTreeMap::new();
    for it in reading::copies(conn, Some(&ids)).await? {
        copies.entry(it.certificate_id).or_default().push(copy(&it));
    }
    let mut actual = Actual::default();
    for it in certificates {
        let slot = slot(it.holder_kind, it.holder_id, it.profile_id);
        let holding = actual.holdings.entry(slot).or_default();
        let copies = copies.remove(&it.id).unwrap_or_default();
        holding.certificates.push(certificate(&it, can_hold.contains(&it.ca_generation_id), copies));
    }
    for it in reading::requests(conn, &of).await? {
        let slot = slot(it.holder_kind, it.holder_id, it.profile_id);
        actual.holdings.entry(slot).or_default().requests.push(request(&it));
    }
    Ok(actual)
}

/// The generations of CAs that can put certificates on hold.
pub(super) async fn can_hold(conn: &mut Conn) -> Result<BTreeSet<CaGenerationId>, StoreError> {
    let mut found = BTreeSet::new();
    for ca in ca_generations::cas(conn).await? {
        let capabilities: Capabilities = serde_json::from_str(&ca.capabilities).map_err(|error| {
            StoreError::Corrupt { table: "cas", column: "capabilities", reason: error.to_string() }
        })?;
        if capabilities.hold {
            let generations = ca_generations::generations(conn, ca.id).await?;
            found.extend(generations.into_iter().map(|generation| generation.id));
        }
    }
    Ok(found)
}

pub(super) fn slot(kind: HolderKind, id: uuid::Uuid, profile: certporter_model::ProfileId) -> Slot {
    Slot { holder: Holder::new(kind, id), profile }
}

/// The part of a CA's capabilities that the plan asks for.
#[derive(Deserialize)]
struct Capabilities {
    #[serde(default)]
    hold: bool,
}

fn certificate(it: &PlanCertificate, can_hold: bool, copies: Vec<Copy>) -> Certificate {
    let of_user = it.holder_kind == HolderKind::User;
    Certificate {
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
        reissue_asked: it.reissue_asked_at.is_some(),
        can_hold,
        reason: it.reason,
        unwanted_since: it.cancelled_reason.zip(it.cancelled_trigger).map(|(r, t)| Departure::new(r, t)),
        copies,
    }
}

fn copy(it: &PlanCopy) -> Copy {
    Copy {
        id: it.id,
        place: Place { device: it.device_id, enrolment: it.enrolment_id, feature: it.feature },
        state: it.state,
        sealed_for: it.sealed_for,
        device: it.device_state,
    }
}

pub(super) fn request(it: &PlanRequest) -> Request {
    Request {
        id: it.id,
        state: it.state,
        digest: it.content_digest,
        owner: it.user_id,
        enrolment: it.enrolment_id,
        key: it.key_id,
    }
}
