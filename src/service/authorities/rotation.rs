//! A new issuing key for the built-in CA.
//!
//! It is made by a job, since RSA keys take a while and a page should not wait. Nothing changes for certificates that
//! were issued before: the key before goes on signing their CRL and OCSP answers.

use certporter_model::access::Caller;
use certporter_model::job::JobKind;
use certporter_model::{CaId, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::super::error::ServiceError;
use super::super::operation::Operation;
use super::super::portal::Portal;
use super::{BUILTIN, find};
use crate::pipeline::work::Work;
use crate::pki;
use crate::store::ca_generations::{self, Ca, CaGeneration};
use crate::store::{AuditEvent, Conn, Target, authorities as store, jobs};

/// Certificates are counted up to so many.
pub const COUNTED: u64 = 1_000;

/// What a rotation would mean.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RotationView {
    /// The CA.
    pub id: CaId,
    /// What profiles call it.
    pub name: String,
    /// The number of the generation that issues now.
    pub generation: u32,
    /// The subject of its certificate.
    pub subject: String,
    /// Until when its certificate, and so any that it signed, is good at the most.
    pub not_after: Timestamp,
    /// How many certificates of it are good or on hold, counted up to [`COUNTED`].
    pub alive: u64,
    /// Whether the next one is being made already.
    pub under_way: bool,
}

/// What is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RotationDraft {
    /// The number of the generation that issues now, as it was read: it is the one that the new key takes the place of.
    pub generation: u32,
}

/// What a rotation would mean: to be shown before it is asked for.
///
/// # Errors
/// When the caller may not, there is no such CA, or its key is not made here.
pub async fn rotation(portal: &Portal, caller: &Caller, id: CaId) -> Result<RotationView, ServiceError> {
    Operation::AuthoritiesRotate.organisation(caller)?;
    let mut conn = portal.db().read().await?;
    let (ca, issuing) = issuing(&mut conn, id).await?;
    let certificate = pki::Certificate::parse(&issuing.certificate_der)
        .map_err(|error| ServiceError::internal("a CA's certificate can't be read", &error))?;
    let work = Work::RotateCa { ca: id, from: issuing.generation };
    Ok(RotationView {
        id,
        name: ca.name,
        generation: issuing.generation,
        subject: certificate.subject_text(),
        not_after: issuing.not_after,
        alive: store::alive_of(&mut conn, issuing.id, portal.now(), COUNTED).await?,
        under_way: jobs::is_open(&mut conn, JobKind::PublishCrl, &work.dedup_key()).await?,
    })
}

/// Has a new issuing key made. What was issued before stays good.
///
/// # Errors
/// When the caller may not, there is no such CA, or its key is not made here; [`ServiceError::Conflict`] when
/// another generation issues by now.
pub async fn rotate(
    portal: &Portal,
    caller: &Caller,
    id: CaId,
    draft: RotationDraft,
) -> Result<(), ServiceError> {
    let permit = Operation::AuthoritiesRotate.organisation(caller)?;
    let now = portal.now();
    let mut tx = portal.db().write(&permit).await?;
    let (ca, issuing) = issuing(&mut tx, id).await?;
    if issuing.generation != draft.generation {
        return Err(ServiceError::conflict(format!(
            "another key issues by now: that of generation {}; look at it before asking for the next",
            issuing.generation
        )));
    }
    Work::RotateCa { ca: id, from: draft.generation }.enqueue(&mut tx, now, portal.random()).await?;
    let event = AuditEvent::new(now, Operation::AuthoritiesRotate.name(), Target::one("ca", id.as_uuid()))
        .with("name", ca.name.as_str())
        .with("after", draft.generation);
    Ok(tx.commit(event).await?)
}

/// The CA and its generation that issues.
async fn issuing(conn: &mut Conn, id: CaId) -> Result<(Ca, CaGeneration), ServiceError> {
    let ca = find(conn, id).await?;
    if ca.kind != BUILTIN {
        return Err(ServiceError::conflict("this CA's key is not made here: rotate it where it is"));
    }
    let mut all = ca_generations::generations(conn, id).await?;
    all.retain(|it| it.purpose == "issuing" && it.state == "active");
    let newest = all.into_iter().max_by_key(|it| it.generation);
    Ok((ca, newest.ok_or(ServiceError::NotFound { what: "issuing CA" })?))
}
