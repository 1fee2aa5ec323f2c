//! Where the portal, its CAs and its devices disagree: comparisons, what they found, and what to do about it.

use certporter_model::access::Caller;
use certporter_model::reconciliation::{DiscrepancyKind, Mending};
use certporter_model::serial::SerialNumber;
use certporter_model::text::Explanation;
use certporter_model::{CaId, CertificateId, DiscrepancyId, ReconciliationId, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::error::{ServiceError, parsed};
use super::names::Names;
use super::operation::Operation;
use super::page::{Page, PageQuery};
use super::portal::Portal;
use super::reference::DeviceReference;
use crate::pipeline::reconciliation::{self as steps, Place, Unreachable};
use crate::pipeline::work::Work;
use crate::store::discrepancies::{self, Discrepancy, DiscrepancyFilter};
use crate::store::reconciliations::{self as store, Reconciliation};
use crate::store::{Announcement, AuditEvent, Conn, Target};

/// Comparisons that are listed.
const LISTED: u32 = 20;

/// What somebody wants compared.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ReconciliationDraft {
    /// Whether revocations made at a CA are taken over however many they are. Without it, very many at once wait for
    /// somebody to say so: each brings a new certificate, and they may be a mistake there.
    pub take_over_all: bool,
}

/// How far a comparison is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ReconciliationPhase {
    /// CAs are asked what they have.
    Comparing,
    /// What is known of devices is looked through.
    Devices,
    /// What is safe to be done is done.
    Mending,
    /// It has ended.
    Ended,
}

/// A CA that could not be compared with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct UnreachableCa {
    /// What profiles call it.
    pub ca: String,
    /// What is wrong.
    pub cause: String,
    /// What to do about it.
    pub remedy: String,
}

/// A comparison of the portal with its CAs and devices.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ReconciliationView {
    /// Its id.
    pub id: ReconciliationId,
    /// How far it is.
    pub phase: ReconciliationPhase,
    /// Who asked for it, or the portal itself.
    pub requested_by: String,
    /// Whether revocations made at a CA are taken over however many they are.
    pub take_over_all: bool,
    /// Certificates of CAs that were compared so far.
    pub compared: u64,
    /// Discrepancies about which something was done.
    pub mended: u64,
    /// Certificates of CAs that are not on record here, and were too many to be looked at one by one.
    pub not_looked_at: u64,
    /// CAs that could not be compared with.
    pub unreachable: Vec<UnreachableCa>,
    /// Begun then.
    pub started_at: Timestamp,
    /// Ended then.
    pub finished_at: Option<Timestamp>,
}

/// A CA, by name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CaReference {
    /// Which one.
    pub id: CaId,
    /// What profiles call it.
    pub name: String,
}

/// Something on which the portal and a CA, or the portal and a device, disagree.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DiscrepancyView {
    /// Its id.
    pub id: DiscrepancyId,
    /// What it is about.
    pub kind: DiscrepancyKind,
    /// The CA, if it is with one.
    pub ca: Option<CaReference>,
    /// The certificate's serial number, if it is with a CA.
    pub serial: Option<SerialNumber>,
    /// The certificate, if it is on record here.
    pub certificate_id: Option<CertificateId>,
    /// The device, if it is about one.
    pub device: Option<DeviceReference>,
    /// What was found, in a sentence.
    pub detail: String,
    /// What the portal did about it by itself.
    pub mending: Mending,
    /// What to do about it, or what happens by itself.
    pub remedy: String,
    /// Found then.
    pub found_at: Timestamp,
    /// Seen last then.
    pub seen_at: Timestamp,
    /// Gone since then.
    pub resolved_at: Option<Timestamp>,
    /// Who has put it away, if somebody has. It is listed again when it changes.
    pub dismissal: Option<DismissalView>,
}

/// That somebody has put a discrepancy away.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DismissalView {
    /// When.
    pub at: Timestamp,
    /// Who.
    pub by: String,
    /// Why.
    pub explanation: String,
}

/// Why a discrepancy is put away.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DismissalDraft {
    /// Why nothing is to be done about it, in words: 1 to 500 characters. Kept in the audit trail.
    pub explanation: String,
}

/// Which discrepancies.
#[derive(Debug, Clone, Default, Serialize, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct DiscrepanciesQuery {
    /// Only of this kind.
    pub kind: Option<DiscrepancyKind>,
    /// Only with this CA.
    pub ca: Option<CaId>,
    /// True: only those that are gone. False: only those that are open.
    pub resolved: Option<bool>,
    /// True: only those that somebody has put away. False: only the others.
    pub dismissed: Option<bool>,
    /// Where to start, as the page before said in `next`.
    pub cursor: Option<String>,
    /// Entries on the page, 1 to 200; 50 when absent.
    pub limit: Option<u32>,
}

/// Has the portal compared with its CAs and devices. One comparison goes on at a time: asked again, it is that one.
///
/// # Errors
/// When the caller may not.
pub async fn start(
    portal: &Portal,
    caller: &Caller,
    draft: ReconciliationDraft,
) -> Result<ReconciliationView, ServiceError> {
    let permit = Operation::ReconciliationsStart.organisation(caller)?;
    let now = portal.now();
    let mut tx = portal.db().write(&permit).await?;
    let run = match store::running(&mut tx).await? {
        Some(mut run) => {
            if draft.take_over_all {
                store::take_over_all(&mut tx, run.id, now).await?;
                run.take_over_all = true;
            }
            run
        }
        None => {
            let first = steps::cas(&mut tx).await?.first().map(|(id, _)| *id);
            let first = first.ok_or(ServiceError::NotFound { what: "issuing CA" })?;
            let id = ReconciliationId::new(now, portal.octets());
            let run = steps::begun(id, permit.actor().to_string(), draft.take_over_all, first, now);
            store::insert(&mut tx, &run).await?;
            run
        }
    };
    Work::Reconcile.enqueue(&mut tx, now, portal.random()).await?;
    let target = Target::one("reconciliation", run.id.as_uuid());
    let event = AuditEvent::new(now, Operation::ReconciliationsStart.name(), target);
    tx.commit(event.with("take_over_all", draft.take_over_all)).await?;
    Ok(shown(run))
}

/// The last comparisons, the newest first.
///
/// # Errors
/// When the caller may not.
pub async fn list(portal: &Portal, caller: &Caller) -> Result<Vec<ReconciliationView>, ServiceError> {
    Operation::ReconciliationsList.organisation(caller)?;
    let mut conn = portal.db().read().await?;
    Ok(store::latest(&mut conn, LISTED).await?.into_iter().map(shown).collect())
}

/// One comparison.
///
/// # Errors
/// When the caller may not, or there is none.
pub async fn get(
    portal: &Portal,
    caller: &Caller,
    id: ReconciliationId,
) -> Result<ReconciliationView, ServiceError> {
    Operation::ReconciliationsGet.organisation(caller)?;
    let mut conn = portal.db().read().await?;
    Ok(shown(store::get(&mut conn, id).await?))
}

/// Discrepancies, the newest first.
///
/// # Errors
/// When the caller may not, or the query is wrong.
pub async fn discrepancies(
    portal: &Portal,
    caller: &Caller,
    query: &DiscrepanciesQuery,
) -> Result<Page<DiscrepancyView>, ServiceError> {
    Operation::DiscrepanciesList.organisation(caller)?;
    let bounds = PageQuery { cursor: query.cursor.clone(), limit: query.limit }.bounds()?;
    let filter = DiscrepancyFilter {
        kind: query.kind,
        ca: query.ca,
        resolved: query.resolved,
        dismissed: query.dismissed,
    };
    let mut conn = portal.db().read().await?;
    let wanted = bounds.newest(DiscrepancyId::from_uuid);
    let rows = discrepancies::list(&mut conn, &filter, wanted).await?;
    let page = bounds.page(rows, |row| row.id.as_uuid());
    let referred = Referred::of(&mut conn, &page.data).await?;
    Ok(page.map(|row| referred.view(row)))
}

/// One discrepancy.
///
/// # Errors
/// When the caller may not, or there is none.
pub async fn discrepancy(
    portal: &Portal,
    caller: &Caller,
    id: DiscrepancyId,
) -> Result<DiscrepancyView, ServiceError> {
    Operation::DiscrepanciesGet.organisation(caller)?;
    seen(portal, id).await
}

async fn seen(portal: &Portal, id: DiscrepancyId) -> Result<DiscrepancyView, ServiceError> {
    let mut conn = portal.db().read().await?;
    let row = discrepancies::get(&mut conn, id).await?;
    let referred = Referred::of(&mut conn, std::slice::from_ref(&row)).await?;
    Ok(referred.view(row))
}

/// Puts a discrepancy away that somebody has looked at: it is not listed among those that are open, and counts no more on
/// the overview. Nothing else changes: it is compared on, what the portal does by itself it does, and when the two sides
/// disagree in another way it is listed again.
///
/// # Errors
/// When the caller may not, there is none, no reason is given, or it is gone or put away already.
pub async fn dismiss(
    portal: &Portal,
    caller: &Caller,
    id: DiscrepancyId,
    draft: &DismissalDraft,
) -> Result<DiscrepancyView, ServiceError> {
    let permit = Operation::DiscrepanciesDismiss.organisation(caller)?;
    let explanation = parsed("explanation", Explanation::parse(&draft.explanation))?;
    let now = portal.now();
    let mut tx = portal.db().write(&permit).await?;
    let row = discrepancies::get(&mut tx, id).await?;
    if row.resolved_at.is_some() {
        return Err(ServiceError::conflict("the two sides agree by now: there is nothing to dismiss"));
    }
    if row.dismissed_at.is_some() {
        return Err(ServiceError::conflict("it is dismissed already"));
    }
    let by = permit.actor().to_string();
    discrepancies::dismiss(&mut tx, id, (&by, explanation.as_str()), now).await?;
    tx.announce(Announcement::new("reconciliation"));
    let event = changed(Operation::DiscrepanciesDismiss, &row, now);
    tx.commit(event.with("explanation", explanation.as_str())).await?;
    seen(portal, id).await
}

/// Lists a discrepancy again that was put away.
///
/// # Errors
/// When the caller may not, there is none, or it is not put away, or gone.
pub async fn restore(
    portal: &Portal,
    caller: &Caller,
    id: DiscrepancyId,
) -> Result<DiscrepancyView, ServiceError> {
    let permit = Operation::DiscrepanciesRestore.organisation(caller)?;
    let mut tx = portal.db().write(&permit).await?;
    let row = discrepancies::get(&mut tx, id).await?;
    if row.resolved_at.is_some() {
        return Err(ServiceError::conflict("the two sides agree by now: there is nothing to list again"));
    }
    if row.dismissed_at.is_none() {
        return Err(ServiceError::conflict("it is listed already"));
    }
    discrepancies::restore(&mut tx, id).await?;
    tx.announce(Announcement::new("reconciliation"));
    tx.commit(changed(Operation::DiscrepanciesRestore, &row, portal.now())).await?;
    seen(portal, id).await
}

fn changed(operation: Operation, row: &Discrepancy, now: Timestamp) -> AuditEvent {
    let event = AuditEvent::new(now, operation.name(), Target::one("discrepancy", row.id.as_uuid()));
    event.with("kind", row.kind.as_str()).with("detail", row.detail.as_str())
}

/// What rows refer to, by name.
struct Referred {
    cas: Vec<(CaId, String)>,
    names: Names,
}

impl Referred {
    async fn of(conn: &mut Conn, rows: &[Discrepancy]) -> Result<Self, ServiceError> {
        let devices: Vec<_> = rows.iter().filter_map(|row| row.device_id).collect();
        Ok(Self { cas: steps::cas(conn).await?, names: Names::of(conn, [], devices, []).await? })
    }

    fn view(&self, row: Discrepancy) -> DiscrepancyView {
        let ca = row.ca_id.map(|id| {
            let name = self.cas.iter().find(|(known, _)| *known == id).map(|(_, name)| name.clone());
            CaReference { id, name: name.unwrap_or_default() }
        });
        DiscrepancyView {
            id: row.id,
            kind: row.kind,
            ca,
            serial: row.serial,
            certificate_id: row.certificate_id,
            device: row.device_id.map(|id| self.names.the_device(id)),
            detail: row.detail,
            mending: row.mending,
            remedy: remedy(row.kind, row.mending).to_owned(),
            found_at: row.found_at,
            seen_at: row.seen_at,
            resolved_at: row.resolved_at,
            dismissal: row.dismissed_at.map(|at| DismissalView {
                at,
                by: row.dismissed_by.unwrap_or_default(),
                explanation: row.dismissed_because.unwrap_or_default(),
            }),
        }
    }
}

/// What to do about a discrepancy, or what happens by itself.
const fn remedy(kind: DiscrepancyKind, mending: Mending) -> &'static str {
    use DiscrepancyKind as K;
    match (kind, mending) {
        (_, Mending::OrderedAgain) => {
            "The CA was told again. The next comparison sees whether it has followed; if it has not, see the \
             certificate's timeline for what the CA answers."
        }
        (_, Mending::TakenOver) => {
            "It counts as revoked here too: copies are removed, and the plan brings another certificate where one is \
             wanted."
        }
        (_, Mending::RecordedAndRevoked) => {
            "It was recorded with its request and is being revoked. Find out who asked the CA for it."
        }
        (K::StillReported | K::ReportedAgain, _) => {
            "The device is asked again at every contact. If it stays so, look whether its disk is full or write-protected, \
             or its folder was restored from a backup."
        }
        (K::UnknownHere, _) => {
            "Find out who asked the CA for it. If nobody should have it, revoke it at the CA; if other programs issue from \
             this mount, give the portal a mount of its own."
        }
        (K::Stray, _) => "It is recorded and revoked by itself as soon as its request has ended.",
        (K::UnknownThere, _) => {
            "See whether the CA was restored from a backup, or its role has no_store set: it can't revoke what it does not \
             know. Reissue the certificate, so that the device gets one that the CA knows."
        }
        (K::RevokedHereOnly, _) => "The CA is told again by itself.",
        (K::RevokedThereOnly, _) => {
            "Very many were revoked at the CA at once: see whether that was meant. If it was, start a comparison that takes \
             over all of them; else have the CA's operator put it right."
        }
        (K::HeldDifferently, _) => {
            "Somebody has changed it at the CA. Block and unblock the device or person here, or have the CA's operator \
             release it."
        }
        (K::AnotherThumbprint, _) => {
            "The device has another certificate in the place of ours: its folder was changed or restored. Reissue the \
             certificate, or remove the copy's folder on the device and let it sync."
        }
    }
}

fn shown(row: Reconciliation) -> ReconciliationView {
    let place: Option<Place> = serde_json::from_value(row.place).ok();
    let (phase, mended) = match place {
        Some(Place::Ca { .. }) | None => (ReconciliationPhase::Comparing, 0),
        Some(Place::Devices { .. }) => (ReconciliationPhase::Devices, 0),
        Some(Place::Mending { mended, .. }) => (ReconciliationPhase::Mending, mended),
        Some(Place::Ended { mended }) => (ReconciliationPhase::Ended, mended),
    };
    let unreachable: Vec<Unreachable> = serde_json::from_value(row.unreachable).unwrap_or_default();
    let unreachable =
        unreachable.into_iter().map(|it| UnreachableCa { ca: it.ca, cause: it.cause, remedy: it.remedy });
    ReconciliationView {
        id: row.id,
        phase: if row.running { phase } else { ReconciliationPhase::Ended },
        requested_by: row.requested_by,
        take_over_all: row.take_over_all,
        compared: row.compared,
        mended,
        not_looked_at: row.not_looked_at,
        unreachable: unreachable.collect(),
        started_at: row.started_at,
        finished_at: row.finished_at,
    }
}
