//! What somebody does to many certificates at once: one after the other, each in a transaction of its own with its own
//! audit event, in the name of whoever asked. What was done stays done when a process dies; another goes on.

use certporter_model::access::{Actor, Caller, Grant, Permission, Permit, Scope};
use certporter_model::certificate::{BulkKind, CertificateStatus, Standing};
use certporter_model::revocation::{Reason, Trigger};
use certporter_model::{BulkActionId, CertificateId};

use super::Pipeline;
use super::error::StepError;
use super::planner::{self, Whom};
use super::queue::Outcome;
use super::revoke::{self, Why};
use crate::plan::Limits;
use crate::store::bulk_actions::{self, BulkAction, Target};
use crate::store::steps::certificates;
use crate::store::{self, AuditEvent, Conn, StoreError, WriteTx, accounts, api_tokens, jobs};
use crate::wire::connector::Lease;

/// How many certificates have their turn before other work has its own.
const PORTION: usize = 100;

/// What is written into the audit trail for an action as a whole, and for what failed.
pub const AUDITED: &str = "certificates.bulk";

/// Why a certificate can't be revoked for a reason, if it can't.
#[must_use]
pub fn why_not_revoked(
    status: CertificateStatus,
    known: Option<Reason>,
    asked: Reason,
) -> Option<&'static str> {
    let graver = known.is_none_or(|known| known.graver(asked) != known);
    (status == CertificateStatus::Revoked && !graver)
        .then_some("the certificate is revoked already, and for no lesser reason")
}

/// Why a certificate can't be reissued, if it can't.
#[must_use]
pub fn why_not_reissued(status: CertificateStatus, standing: Standing) -> Option<&'static str> {
    (standing != Standing::Current || status != CertificateStatus::Valid)
        .then_some("only a valid certificate that is in use can be reissued")
}

impl Pipeline {
    /// Does a part of the action, or ends it when all have had their turn.
    pub(super) async fn bulk(&self, lease: Lease, id: BulkActionId) -> Result<Outcome, StepError> {
        let mut conn = self.db.read().await?;
        let action = bulk_actions::get(&mut conn, id).await?;
        let caller = asker(&mut conn, &action.actor).await?;
        drop(conn);
        let wanted = match action.kind {
            BulkKind::Revoke => Permission::CertificateRevoke,
            BulkKind::Reissue => Permission::CertificateReissue,
        };
        let permit = caller.and_then(|caller| caller.permitted(wanted, &Scope::Organisation).ok());
        let mut after = 0;
        for _ in 0..PORTION {
            match self.next_of(&action, permit.as_ref(), after).await? {
                Some(place) => after = place,
                None => return self.end_of(lease, &action).await,
            }
        }
        Ok(Outcome::Later(self.clock.now()))
    }

    /// Does it to the next one; answers its place, or none if there is no other.
    async fn next_of(
        &self,
        action: &BulkAction,
        permit: Option<&Permit>,
        after: i64,
    ) -> Result<Option<i64>, StepError> {
        let (own, now) = (Self::permit()?, self.clock.now());
        let mut tx = self.db.write(permit.unwrap_or(&own)).await?;
        let Some(target) = bulk_actions::next(&mut tx, action.id, after).await? else {
            return Ok(None);
        };
        let done = match permit {
            None => Ok(Some("whoever asked for it may not do it any more".to_owned())),
            Some(_) => self.do_to(&mut tx, action, target.certificate).await,
        };
        let cause = match done {
            Ok(cause) => cause,
            Err(error) if error.may_be_retried() => return Err(error.into()),
            Err(error) => {
                // The transaction may be spoilt: what was begun in it is given up.
                tx.rollback().await?;
                tx = self.db.write(permit.unwrap_or(&own)).await?;
                Some(error.to_string())
            }
        };
        bulk_actions::settle(&mut tx, action.id, target.place, cause.as_deref()).await?;
        tx.commit(event(action, target, cause, now)).await?;
        Ok(Some(target.place))
    }

    /// Revokes or reissues one; answers why not, if it can't be.
    async fn do_to(
        &self,
        tx: &mut WriteTx,
        action: &BulkAction,
        id: CertificateId,
    ) -> Result<Option<String>, StoreError> {
        let (now, random) = (self.clock.now(), self.random.as_ref());
        let mut certificate = certificates::lock(tx, id).await?;
        match action.kind {
            BulkKind::Revoke => {
                let reason = action.reason.unwrap_or(Reason::Unspecified);
                if let Some(why_not) = why_not_revoked(certificate.status, certificate.reason, reason) {
                    return Ok(Some(why_not.to_owned()));
                }
                let explanation = action.explanation.clone();
                let why = Why { explanation, ..Why::revoked(reason, Trigger::Asked) };
                revoke::ask(tx, &mut certificate, &why, now, random).await?;
            }
            BulkKind::Reissue => {
                if let Some(why_not) = why_not_reissued(certificate.status, certificate.standing) {
                    return Ok(Some(why_not.to_owned()));
                }
                certificates::ask_reissue(tx, id, now).await?;
            }
        }
        let whom = Whom {
            users: certificate.user_id.into_iter().collect(),
            devices: certificate.device_id.into_iter().collect(),
            ..Whom::default()
        };
        match planner::replan(tx, &whom, Limits::default(), now, random).await {
            Ok(_) => Ok(None),
            // Another planner came in between: it is tried again from the start.
            Err(StoreError::Conflict { .. }) => Err(StoreError::Serialization),
            Err(error) => Err(error),
        }
    }

    async fn end_of(&self, lease: Lease, action: &BulkAction) -> Result<Outcome, StepError> {
        let now = self.clock.now();
        let mut tx = self.db.write(&Self::permit()?).await?;
        let progress = bulk_actions::progress(&mut tx, action.id).await?;
        bulk_actions::finish(&mut tx, action.id, now).await?;
        jobs::complete(&mut tx, lease.job, lease.fence, now).await?;
        let target = store::Target::one("bulk_action", action.id.as_uuid());
        let event =
            AuditEvent::new(now, AUDITED, target).with("done", progress.done).with("failed", progress.failed);
        tx.commit(event).await?;
        Ok(Outcome::Finished)
    }
}

fn event(
    action: &BulkAction,
    target: Target,
    cause: Option<String>,
    now: certporter_model::Timestamp,
) -> AuditEvent {
    let name = match (action.kind, &cause) {
        (_, Some(_)) => AUDITED,
        (BulkKind::Revoke, None) => "certificates.revoke",
        (BulkKind::Reissue, None) => "certificates.reissue",
    };
    let mut event =
        AuditEvent::new(now, name, store::Target::one("certificate", target.certificate.as_uuid()))
            .with("bulk_action", action.id.to_string());
    if let Some(reason) = action.reason {
        event = event.with("reason", reason.as_str());
    }
    if let Some(explanation) = &action.explanation {
        event = event.with("explanation", explanation.as_str());
    }
    match cause {
        Some(cause) => event.with("cause", cause),
        None => event,
    }
}

/// Whoever asked, with what they may do now; none when they are gone or disabled.
pub(crate) async fn asker(conn: &mut Conn, actor: &Actor) -> Result<Option<Caller>, StoreError> {
    match actor {
        Actor::Account { id, .. } => {
            let Some((name, grants)) = account(conn, *id).await? else { return Ok(None) };
            Ok(Some(Caller::account(*id, name, grants, None)))
        }
        Actor::Token { id, name, .. } => {
            let token = match api_tokens::get(conn, *id).await {
                Ok(token) if token.revoked_at.is_none() => token,
                Ok(_) | Err(StoreError::NotFound { .. }) => return Ok(None),
                Err(error) => return Err(error),
            };
            let grants = match token.account_id {
                None => token.roles.iter().map(|&role| Grant { role, groups: None }).collect(),
                Some(maker) => {
                    let Some((_, mut grants)) = account(conn, maker).await? else { return Ok(None) };
                    grants.retain(|grant| token.roles.contains(&grant.role));
                    grants
                }
            };
            Ok(Some(Caller::token(*id, name.clone(), token.account_id, grants)))
        }
        _ => Ok(None),
    }
}

async fn account(
    conn: &mut Conn,
    id: certporter_model::AccountId,
) -> Result<Option<(String, Vec<Grant>)>, StoreError> {
    match accounts::get(conn, id).await {
        Ok(account) if account.disabled_at.is_none() => {
            Ok(Some((account.name.as_str().to_owned(), accounts::grants(conn, id).await?)))
        }
        Ok(_) | Err(StoreError::NotFound { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_revoked_already_is_revoked_again_only_for_a_graver_reason() {
        let revoked = CertificateStatus::Revoked;
        assert!(
            why_not_revoked(CertificateStatus::Held, Some(Reason::CertificateHold), Reason::Superseded)
                .is_none()
        );
        assert!(why_not_revoked(revoked, Some(Reason::Superseded), Reason::KeyCompromise).is_none());
        assert!(why_not_revoked(revoked, Some(Reason::KeyCompromise), Reason::Superseded).is_some());
        assert!(why_not_reissued(CertificateStatus::Valid, Standing::Current).is_none());
        assert!(why_not_reissued(CertificateStatus::Valid, Standing::History).is_some());
        assert!(why_not_reissued(revoked, Standing::Current).is_some());
    }
}
