//! How far it is with what was tried again together. The audit trail says what was asked for; the requests themselves
//! say what has become of it, so that any machine can tell at any time.

use std::time::Duration;

use certporter_model::Timestamp;
use certporter_model::access::Caller;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::service::error::ServiceError;
use crate::service::operation::Operation;
use crate::service::portal::Portal;
use crate::store::audit_events::{self, AuditFilter};
use crate::store::trouble;

/// What was asked for longer ago is not shown.
const SHOWN_FOR: Duration = Duration::from_secs(86_400);
/// So many are shown.
const SHOWN: u32 = 5;

/// Requests that were tried again together, and what has become of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RetryView {
    /// Why they had failed or waited.
    pub cause: String,
    /// Who had them tried again.
    pub by: String,
    /// When.
    pub at: Timestamp,
    /// How many there were, up to 10,000.
    pub total: u64,
    /// How many are on their way again.
    pub done: u64,
    /// How many failed or wait again for the same reason.
    pub failed: u64,
    /// How many have not had their turn yet.
    pub left: u64,
}

/// What was tried again within the last day, the last first.
///
/// # Errors
/// When the caller may not see it for the whole organisation.
pub async fn retries(portal: &Portal, caller: &Caller) -> Result<Vec<RetryView>, ServiceError> {
    Operation::RequestsTroubles.organisation(caller)?;
    let filter = AuditFilter {
        action: Some(Operation::RequestsRetryAll.name().to_owned()),
        from: Some(portal.now().minus(SHOWN_FOR)),
        ..AuditFilter::default()
    };
    let mut conn = portal.db().read().await?;
    let mut views: Vec<RetryView> = Vec::new();
    for event in audit_events::list(&mut conn, &filter, None, SHOWN).await? {
        let whole: serde_json::Value = serde_json::from_slice(&event.canonical).unwrap_or_default();
        let details = &whole["details"];
        let (Some(cause), Some(total)) = (details["cause"].as_str(), details["requests"].as_u64()) else {
            continue;
        };
        // Of what was tried again more than once, only the last time can be told.
        if views.iter().any(|view| view.cause == cause) {
            continue;
        }
        let left = trouble::unchanged(&mut conn, cause, event.at, total).await?.min(total);
        let failed = trouble::changed(&mut conn, cause, event.at, total).await?.min(total - left);
        views.push(RetryView {
            cause: cause.to_owned(),
            by: event.actor_name,
            at: event.at,
            total,
            done: total - left - failed,
            failed,
            left,
        });
    }
    Ok(views)
}
