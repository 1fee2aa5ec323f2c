//! Fetching a file by its one-time link.

use certporter_model::access::Caller;
use certporter_model::certificate::{CertificateStatus, Standing};
use certporter_model::copy::CopyState;
use certporter_model::delivery::HandOutFormat;
use certporter_model::request::Step;
use certporter_model::{Timestamp, UserId};
use zeroize::Zeroizing;

use super::{contents, desk};
use crate::kra::SealedFile;
use crate::pipeline::timeline;
use crate::pipeline::work::{ReplanScope, Work};
use crate::service::error::ServiceError;
use crate::service::operation::Operation;
use crate::service::portal::Portal;
use crate::service::rate_limit::HAND_OUTS_BY_ADDRESS;
use crate::service::secret;
use crate::store::hand_outs::{self, HandOut};
use crate::store::steps::{certificates, copies};
use crate::store::{Announcement, AuditEvent, Conn, Target, WriteTx, device_contacts, devices, enrolments};

const NONE: ServiceError = ServiceError::NotFound { what: "link that can still be used" };

/// What a link is to: told to whoever has it, before they use it up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkView {
    /// What the file is called.
    pub file_name: String,
    /// In which form it is.
    pub format: HandOutFormat,
    /// Until when the link can be used.
    pub expires_at: Timestamp,
}

/// A file that was fetched. Zeroed when it is dropped.
pub struct HandOutFile {
    /// What it is called.
    pub file_name: String,
    /// What it is.
    pub media_type: &'static str,
    /// Its octets.
    pub octets: Zeroizing<Vec<u8>>,
}

impl std::fmt::Debug for HandOutFile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("HandOutFile").field("file_name", &self.file_name).finish_non_exhaustive()
    }
}

/// Says what a link is to. The link stays usable: programs that look at every address they see use none up.
///
/// # Errors
/// [`ServiceError::NotFound`] when it is wrong, used, withdrawn or expired; [`ServiceError::TooMany`] after too many of
/// those.
pub async fn look_at(portal: &Portal, caller: &Caller, token: &str) -> Result<LinkView, ServiceError> {
    Operation::HandOutsFetch.own(caller)?;
    let found = found(portal, caller, token).await?;
    Ok(LinkView { file_name: found.file_name, format: found.format, expires_at: found.expires_at })
}

/// Uses a link up and answers with its file. The copies are then handed out, and what follows from that is planned.
///
/// # Errors
/// As [`look_at`]; also when the device or the certificate is of no use any more.
pub async fn fetch(portal: &Portal, caller: &Caller, token: &str) -> Result<HandOutFile, ServiceError> {
    let permit = Operation::HandOutsFetch.own(caller)?;
    let hand_out = found(portal, caller, token).await?;
    let desk = desk(portal)?;
    let sealed = hand_out.sealed.clone().ok_or(NONE)?;
    let sealed = SealedFile { generation: hand_out.kra_generation_id, octets: sealed };
    let octets = desk.kra.kept(&sealed).await?;
    let now = portal.now();
    let mut tx = portal.db().write(&permit).await?;
    devices::lock(&mut tx, &[hand_out.device_id]).await?;
    let owner = still_wanted(&mut tx, &hand_out).await?;
    if !hand_outs::use_up(&mut tx, hand_out.id, caller.address(), now).await? {
        return Err(NONE);
    }
    hand_over(portal, &mut tx, &hand_out, now).await?;
    device_contacts::returned(&mut tx, hand_out.device_id, now).await?;
    // What follows: the predecessor gives way, the key is destroyed.
    let device = ReplanScope::Device { id: hand_out.device_id };
    let scopes = [Some(device), owner.map(|id| ReplanScope::User { id })];
    for scope in scopes.into_iter().flatten() {
        Work::Replan { scope }.enqueue(&mut tx, now, portal.random()).await?;
    }
    let target = Target::one("device", hand_out.device_id.as_uuid());
    let event = AuditEvent::new(now, Operation::HandOutsFetch.name(), target)
        .with("hand_out", hand_out.id.to_string())
        .with("certificate", hand_out.certificate_id.to_string())
        .with("made_by", hand_out.created_by.as_str());
    tx.commit(event).await?;
    Ok(HandOutFile {
        media_type: contents::media_type(hand_out.format),
        file_name: hand_out.file_name,
        octets,
    })
}

async fn found(portal: &Portal, caller: &Caller, token: &str) -> Result<HandOut, ServiceError> {
    let from = caller.address().unwrap_or("unknown");
    HAND_OUTS_BY_ADDRESS.check(portal, from).await?;
    let mut conn = portal.db().read().await?;
    let found = hand_outs::usable(&mut conn, secret::kept(token), portal.now()).await?;
    drop(conn);
    match found {
        Some(found) => Ok(found),
        None => {
            HAND_OUTS_BY_ADDRESS.take(portal, from).await?;
            Err(NONE)
        }
    }
}

/// Whether the device may still have it: whatever happened since the file was made, a revoked certificate is not handed
/// out. Answers with the device's owner.
async fn still_wanted(conn: &mut Conn, hand_out: &HandOut) -> Result<Option<UserId>, ServiceError> {
    let device = devices::get(conn, hand_out.device_id).await?;
    let road = enrolments::road(conn, device.id).await?;
    let certificate = certificates::get(conn, hand_out.certificate_id).await?;
    let usable = certificate.status == CertificateStatus::Valid
        && !matches!(certificate.standing, Standing::Former | Standing::Surplus);
    if !device.state.is_served() || road.is_none_or(|road| road.id != hand_out.enrolment_id) || !usable {
        return Err(ServiceError::conflict(
            "the certificate is of no use for this device any more, and is not handed out",
        ));
    }
    Ok(device.owner_id)
}

async fn hand_over(
    portal: &Portal,
    tx: &mut WriteTx,
    hand_out: &HandOut,
    now: Timestamp,
) -> Result<(), ServiceError> {
    let certificate = certificates::lock(tx, hand_out.certificate_id).await?;
    let mut found = copies::of_certificate(tx, hand_out.certificate_id).await?;
    found.retain(|copy| {
        copy.device_id == hand_out.device_id
            && matches!(copy.state, CopyState::Pending | CopyState::HandedOut)
    });
    if found.is_empty() {
        return Err(ServiceError::conflict("nothing waits for this device any more"));
    }
    for copy in found {
        let mut copy = copies::lock(tx, copy.id).await?;
        // One whose key is kept may be handed out again.
        if copy.state != CopyState::HandedOut {
            copy.go(CopyState::HandedOut)?;
        }
        copy.offered_at = Some(now);
        copies::save(tx, &copy, now).await?;
        let row = timeline::of_copy(Step::HandedOut, &copy, &certificate);
        row.detail(copy.feature.as_str()).write(tx, now, portal.random());
        tx.announce(Announcement {
            copy_id: Some(copy.id),
            device_id: Some(copy.device_id),
            user_id: certificate.user_id,
            certificate_id: Some(certificate.id),
            request_id: certificate.request_id,
            ..Announcement::new("copy")
        });
    }
    Ok(())
}
