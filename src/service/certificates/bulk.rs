//! Many certificates at once: what would be done, its beginning, and how far it is.

use std::collections::{BTreeMap, BTreeSet};

use certporter_model::access::{Caller, Visibility};
use certporter_model::certificate::BulkKind;
use certporter_model::revocation::Reason;
use certporter_model::text::Explanation;
use certporter_model::thumbprint::ContentDigest;
use certporter_model::{BulkActionId, CertificateId, DeviceId, ProfileId, Timestamp, UserId};
use sha2::{Digest, Sha256};

use super::bulk_view::{BulkDraft, BulkFailure, BulkPreview, BulkView, BulkWhich, ProfileCount};
use super::{names, reasons, summary};
use crate::pipeline::bulk;
use crate::pipeline::work::Work;
use crate::service::action::ActionDraft;
use crate::service::error::ServiceError;
use crate::service::operation::Operation;
use crate::service::portal::Portal;
use crate::store::bulk_actions::{self, BulkAction, Candidate};
use crate::store::{AuditEvent, Conn, Target, certificate_search, certificates};

/// The most certificates of one action.
pub const MOST: u32 = 10_000;
/// Certificates shown of a preview.
const SAMPLE: usize = 10;
/// Failures shown of an action.
const FAILURES: u32 = 100;

/// What would be done. Reason and explanation may still be missing: they change nothing about which certificates it is.
///
/// # Errors
/// When the caller may not, a field is wrong, or it is no certificate or too many.
pub async fn preview(
    portal: &Portal,
    caller: &Caller,
    draft: &BulkDraft,
) -> Result<BulkPreview, ServiceError> {
    let asked = Asked::check(caller, draft, draft.reason.is_some())?;
    let mut conn = portal.db().read().await?;
    let candidates = chosen(&mut conn, &draft.which, portal.now()).await?;
    let unfit = candidates.iter().filter(|candidate| asked.why_not(candidate).is_some()).count();
    let holders: BTreeSet<_> = candidates
        .iter()
        .map(|it| it.device_id.map(DeviceId::as_uuid).or(it.user_id.map(UserId::as_uuid)))
        .collect();
    let mut profiles: BTreeMap<ProfileId, usize> = BTreeMap::new();
    for candidate in &candidates {
        *profiles.entry(candidate.profile_id).or_default() += 1;
    }
    let ids: Vec<CertificateId> = candidates.iter().take(SAMPLE).map(|candidate| candidate.id).collect();
    let sample = certificates::by_ids(&mut conn, &ids).await?;
    let known = names(&mut conn, &sample).await?;
    let of_profiles = crate::service::names::Names::of(&mut conn, [], [], profiles.keys().copied()).await?;
    let mut profiles: Vec<ProfileCount> = profiles
        .into_iter()
        .map(|(id, count)| ProfileCount { profile: of_profiles.profile(id), count })
        .collect();
    profiles.sort_by_key(|of| std::cmp::Reverse(of.count));
    Ok(BulkPreview {
        total: candidates.len(),
        unfit,
        holders: holders.len(),
        profiles,
        sample: sample.iter().map(|row| summary(row, &known)).collect(),
        digest: asked.digest(&candidates),
    })
}

/// Begins it: from then on it goes on by itself, on any machine, and [`progress`] tells how far it is.
///
/// # Errors
/// As [`preview`]; a conflict when it would be other certificates now than those that were shown.
pub async fn begin(portal: &Portal, caller: &Caller, draft: &BulkDraft) -> Result<BulkView, ServiceError> {
    let asked = Asked::check(caller, draft, true)?;
    let permit = Operation::CertificatesBulk.organisation(caller)?;
    let now = portal.now();
    let mut tx = portal.db().write(&permit).await?;
    let candidates = chosen(&mut tx, &draft.which, now).await?;
    if draft.digest.is_some_and(|shown| shown != asked.digest(&candidates)) {
        return Err(ServiceError::conflict(
            "other certificates match now than those that were shown: look at them again",
        ));
    }
    let ids: Vec<CertificateId> = candidates.iter().map(|candidate| candidate.id).collect();
    let action = BulkAction {
        id: BulkActionId::new(now, portal.octets()),
        kind: draft.kind,
        reason: asked.reason,
        explanation: asked.explanation.map(|text| text.as_str().to_owned()),
        actor: caller.actor().clone(),
        total: i64::try_from(ids.len()).unwrap_or(i64::MAX),
        created_at: now,
        finished_at: None,
    };
    bulk_actions::insert(&mut tx, &action, &ids).await?;
    Work::Bulk { action: action.id }.enqueue(&mut tx, now, portal.random()).await?;
    let target = Target::one("bulk_action", action.id.as_uuid());
    let mut event = AuditEvent::new(now, Operation::CertificatesBulk.name(), target)
        .with("kind", draft.kind.as_str())
        .with("certificates", ids.len());
    if let BulkWhich::Query(query) = &draft.which {
        event = event.with("query", serde_json::to_value(query).unwrap_or_default());
    }
    if let Some(reason) = action.reason {
        event = event.with("reason", reason.as_str());
    }
    if let Some(explanation) = &action.explanation {
        event = event.with("explanation", explanation.as_str());
    }
    tx.commit(event).await?;
    progress(portal, caller, action.id).await
}

/// How far it is.
///
/// # Errors
/// When the caller may not, or there is none.
pub async fn progress(portal: &Portal, caller: &Caller, id: BulkActionId) -> Result<BulkView, ServiceError> {
    Operation::CertificatesBulk.organisation(caller)?;
    let mut conn = portal.db().read().await?;
    let action = bulk_actions::get(&mut conn, id).await?;
    let progress = bulk_actions::progress(&mut conn, id).await?;
    let failures = bulk_actions::failures(&mut conn, id, FAILURES).await?;
    Ok(BulkView {
        id,
        kind: action.kind,
        reason: action.reason,
        explanation: action.explanation,
        actor: action.actor.to_string(),
        total: u64::try_from(action.total).unwrap_or(0),
        done: progress.done,
        failed: progress.failed,
        failures: failures
            .into_iter()
            .map(|it| BulkFailure { certificate: it.certificate, subject: it.subject, cause: it.cause })
            .collect(),
        created_at: action.created_at,
        finished_at: action.finished_at,
    })
}

/// What is asked for, checked.
struct Asked {
    kind: BulkKind,
    reason: Option<Reason>,
    explanation: Option<Explanation>,
}

impl Asked {
    /// `whole`: everything that it takes to do it must be there.
    fn check(caller: &Caller, draft: &BulkDraft, whole: bool) -> Result<Self, ServiceError> {
        Operation::CertificatesBulk.organisation(caller)?;
        let explanation = ActionDraft { explanation: draft.explanation.clone() }.parse()?;
        let reason = match draft.kind {
            BulkKind::Reissue => {
                Operation::CertificatesReissue.organisation(caller)?;
                if draft.reason.is_some() {
                    let message = "is for revocations: what is reissued is superseded";
                    return Err(ServiceError::field("reason", message));
                }
                None
            }
            BulkKind::Revoke if !whole => None,
            BulkKind::Revoke => {
                let allowed = reasons(caller);
                let Some(reason) = draft.reason.filter(|reason| allowed.contains(reason)) else {
                    let words: Vec<&str> = allowed.iter().map(|reason| reason.as_str()).collect();
                    let message = format!("is one of {}", words.join(", "));
                    return Err(ServiceError::field("reason", message));
                };
                if explanation.is_none() {
                    return Err(ServiceError::field("explanation", "say why: it is kept in the audit trail"));
                }
                Some(reason)
            }
        };
        Ok(Self { kind: draft.kind, reason, explanation })
    }

    fn why_not(&self, candidate: &Candidate) -> Option<&'static str> {
        match self.kind {
            BulkKind::Revoke => {
                let reason = self.reason.unwrap_or(Reason::Unspecified);
                bulk::why_not_revoked(candidate.status, candidate.reason, reason)
            }
            BulkKind::Reissue => bulk::why_not_reissued(candidate.status, candidate.standing),
        }
    }

    fn digest(&self, candidates: &[Candidate]) -> ContentDigest {
        let mut digest = Sha256::new();
        digest.update(self.kind.as_str());
        for candidate in candidates {
            digest.update(candidate.id.as_uuid().as_bytes());
        }
        ContentDigest::from_octets(digest.finalize().into())
    }
}

async fn chosen(conn: &mut Conn, which: &BulkWhich, now: Timestamp) -> Result<Vec<Candidate>, ServiceError> {
    let most = usize::try_from(MOST).unwrap_or(usize::MAX);
    let too_many =
        || ServiceError::field("which", format!("at most {MOST} certificates at once: narrow the filter"));
    let ids = match which {
        BulkWhich::Certificates(ids) => {
            let ids: BTreeSet<CertificateId> = ids.iter().copied().collect();
            ids.into_iter().rev().take(most + 1).collect()
        }
        BulkWhich::Query(query) => {
            certificate_search::ids(conn, &Visibility::All, &query.filter(now), MOST + 1).await?
        }
    };
    if ids.len() > most {
        return Err(too_many());
    }
    let found = bulk_actions::candidates(conn, &ids).await?;
    if found.is_empty() {
        return Err(ServiceError::field("which", "choose at least one certificate"));
    }
    if found.len() < ids.len() {
        return Err(ServiceError::NotFound { what: "certificate" });
    }
    Ok(found)
}
