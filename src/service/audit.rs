//! The audit trail, to read.

use certporter_model::access::{Caller, Permission};
use certporter_model::thumbprint::ContentDigest;
use certporter_model::{AuditEventId, FieldErrors, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::error::ServiceError;
use super::operation::Operation;
use super::page::{Page, PageQuery, sequence_page};
use super::portal::Portal;
use crate::store::audit_events::{self, AuditEntry, AuditFilter};
use crate::store::{AuditEvent, Conn, Target, accounts};

/// Which events.
#[derive(Debug, Clone, Default, Serialize, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct AuditQuery {
    /// About this kind of thing, such as "device".
    pub target_kind: Option<String>,
    /// About this thing.
    pub target_id: Option<String>,
    /// By this account, token, device or connector.
    pub actor_id: Option<String>,
    /// By the account of this name, or by whatever has this id.
    pub who: Option<String>,
    /// From this network address.
    pub address: Option<String>,
    /// Only this action, such as "devices.block".
    pub action: Option<String>,
    /// Not before, RFC 3339.
    pub from: Option<String>,
    /// Before, RFC 3339.
    pub until: Option<String>,
    /// Where to start, as the page before said in `next`.
    pub cursor: Option<String>,
    /// Entries on the page, 1 to 200; 50 when absent.
    pub limit: Option<u32>,
}

/// An event of the audit trail.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct AuditView {
    /// Its id.
    pub id: AuditEventId,
    /// When.
    pub at: Timestamp,
    /// account, token, device, connector, system or anonymous.
    pub actor_kind: String,
    /// Which one.
    #[schema(value_type = Option<String>, format = "uuid")]
    pub actor_id: Option<Uuid>,
    /// What it was called then.
    pub actor_name: String,
    /// By which permission.
    pub permission: Permission,
    /// From which network address.
    pub address: Option<String>,
    /// What was done.
    pub action: String,
    /// To which kind of thing.
    pub target_kind: String,
    /// To which.
    #[schema(value_type = Option<String>, format = "uuid")]
    pub target_id: Option<Uuid>,
    /// Further facts.
    #[schema(value_type = Object)]
    pub details: serde_json::Value,
    /// SHA-256 of the event's canonical octets.
    pub digest: ContentDigest,
    /// Whether the octets are still those that were digested.
    pub intact: bool,
}

/// Events, the newest first.
///
/// # Errors
/// When the caller may not, or the query is wrong.
pub async fn list(
    portal: &Portal,
    caller: &Caller,
    query: &AuditQuery,
) -> Result<Page<AuditView>, ServiceError> {
    Operation::AuditList.organisation(caller)?;
    let (before, limit) = PageQuery { cursor: query.cursor.clone(), limit: query.limit }.sequence()?;
    let mut conn = portal.db().read().await?;
    let filter = filter(&mut conn, query).await?;
    let rows = audit_events::list(&mut conn, &filter, before, limit + 1).await?;
    Ok(sequence_page(limit, rows, |row| row.seq).map(view))
}

/// One event.
///
/// # Errors
/// When the caller may not, or there is none.
pub async fn get(portal: &Portal, caller: &Caller, id: AuditEventId) -> Result<AuditView, ServiceError> {
    Operation::AuditList.organisation(caller)?;
    let mut conn = portal.db().read().await?;
    Ok(view(audit_events::get(&mut conn, id).await?))
}

/// Notes that somebody takes a part of the trail away as a file: what follows are the pages of [`list`].
///
/// # Errors
/// When the caller may not, or the query is wrong.
pub async fn export(portal: &Portal, caller: &Caller, query: &AuditQuery) -> Result<(), ServiceError> {
    let permit = Operation::AuditExport.organisation(caller)?;
    let now = portal.now();
    let mut tx = portal.db().write(&permit).await?;
    filter(&mut tx, query).await?;
    let event = AuditEvent::new(now, Operation::AuditExport.name(), Target::none("audit_event"));
    Ok(tx.commit(event.with("filter", serde_json::to_value(query).unwrap_or_default())).await?)
}

async fn filter(conn: &mut Conn, query: &AuditQuery) -> Result<AuditFilter, ServiceError> {
    let mut errors = FieldErrors::new();
    let mut filter = AuditFilter {
        target_kind: text(query.target_kind.as_deref()),
        target_id: uuid(&mut errors, "target_id", query.target_id.as_deref()),
        actor_id: uuid(&mut errors, "actor_id", query.actor_id.as_deref()),
        action: text(query.action.as_deref()),
        address: text(query.address.as_deref()),
        from: moment(&mut errors, "from", query.from.as_deref()),
        until: moment(&mut errors, "until", query.until.as_deref()),
    };
    if let Some(who) = text(query.who.as_deref()) {
        filter.actor_id = match Uuid::try_parse(&who) {
            Ok(id) => Some(id),
            Err(_) => accounts::by_name(conn, &who).await?.map(|account| account.id.as_uuid()),
        };
        if filter.actor_id.is_none() {
            errors.add("who", "there is no account of this name: give the name it signs in with, or an id");
        }
    }
    if errors.is_empty() { Ok(filter) } else { Err(errors.into()) }
}

fn text(text: Option<&str>) -> Option<String> {
    text.map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned)
}

fn uuid(errors: &mut FieldErrors, field: &str, text: Option<&str>) -> Option<Uuid> {
    let text = text.filter(|text| !text.is_empty())?;
    errors.take(
        field,
        Uuid::try_parse(text).map_err(|_| "is a UUID such as 0198c2f0-7d1e-7cc3-98c4-dc0c0c07398f"),
    )
}

fn moment(errors: &mut FieldErrors, field: &str, text: Option<&str>) -> Option<Timestamp> {
    let text = text.filter(|text| !text.is_empty())?;
    errors.take(field, text.parse::<Timestamp>())
}

fn view(row: AuditEntry) -> AuditView {
    let intact = row.is_intact();
    let canonical: serde_json::Value = serde_json::from_slice(&row.canonical).unwrap_or_default();
    AuditView {
        id: row.id,
        at: row.at,
        actor_kind: row.actor_kind,
        actor_id: row.actor_id,
        actor_name: row.actor_name,
        permission: row.permission,
        address: row.address,
        action: row.action,
        target_kind: row.target_kind,
        target_id: row.target_id,
        details: canonical.get("details").cloned().unwrap_or_default(),
        digest: row.digest,
        intact,
    }
}
