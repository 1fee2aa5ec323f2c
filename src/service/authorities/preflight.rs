//! Preflights: a test certificate is really issued, checked and revoked.

use certporter_model::access::Caller;
use certporter_model::text::Name;
use certporter_model::{FieldErrors, PreflightId, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{DEVICES, pools};
use crate::pipeline::preflight::{state, steps_of};
use crate::pipeline::work::Work;
use crate::service::{Operation, Portal, ServiceError};
use crate::store::preflights::{self, Preflight};
use crate::store::{AuditEvent, Conn, Target, ca_generations};
pub use crate::wire::connector::{PreflightStage, PreflightStep};

/// The most characters of a template's name.
const TEMPLATE_MAX: usize = 200;
/// Preflights that are listed.
const LISTED: u32 = 20;

/// What somebody wants to try out.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PreflightDraft {
    /// The issuing CA, by name.
    pub ca: String,
    /// The pool of connectors.
    pub pool: String,
    /// The CA's template; its default when absent.
    #[serde(default)]
    pub template: String,
}

/// How a preflight goes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PreflightView {
    /// Its id.
    pub id: PreflightId,
    /// The issuing CA.
    pub ca: String,
    /// The pool of connectors.
    pub pool: String,
    /// The CA's template.
    pub template: String,
    /// waiting, running, publishing, passed or failed.
    pub state: String,
    /// The connector that took it.
    pub connector: Option<String>,
    /// The test certificate's serial number.
    pub serial: Option<String>,
    /// The steps so far, in order.
    pub steps: Vec<PreflightStep>,
    /// Who asked for it.
    pub requested_by: String,
    /// When.
    pub created_at: Timestamp,
    /// When it ended.
    pub finished_at: Option<Timestamp>,
}

impl PreflightView {
    /// Whether it has ended and every step went well.
    #[must_use]
    pub fn passed(&self) -> bool {
        self.state == state::PASSED
    }
}

/// What can be tried out.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Possible {
    /// The names of the issuing CAs.
    pub cas: Vec<String>,
    /// The pools that some connector serves.
    pub pools: Vec<String>,
}

/// Starts one.
///
/// # Errors
/// When the caller may not, or there is no such CA or pool.
pub async fn create(
    portal: &Portal,
    caller: &Caller,
    draft: &PreflightDraft,
) -> Result<PreflightView, ServiceError> {
    let permit = Operation::PreflightsCreate.organisation(caller)?;
    let now = portal.now();
    let mut tx = portal.db().write(&permit).await?;
    let (ca, pool) = parse(&mut tx, draft).await?;
    let row = Preflight {
        id: PreflightId::new(now, portal.octets()),
        pool,
        ca,
        template: draft.template.trim().to_owned(),
        state: state::WAITING.to_owned(),
        steps: serde_json::Value::Array(Vec::new()),
        connector: None,
        ca_generation_id: None,
        serial: None,
        requested_by: permit.actor().to_string(),
        created_at: now,
        updated_at: now,
        finished_at: None,
    };
    preflights::insert(&mut tx, &row).await?;
    let work = Work::Preflight { preflight: row.id, pool: row.pool.clone() };
    work.enqueue(&mut tx, now, portal.random()).await?;
    let event =
        AuditEvent::new(now, Operation::PreflightsCreate.name(), Target::one("preflight", row.id.as_uuid()))
            .with("ca", row.ca.as_str())
            .with("pool", row.pool.as_str())
            .with("template", row.template.as_str());
    tx.commit(event).await?;
    Ok(view(row))
}

/// How one goes.
///
/// # Errors
/// When the caller may not, or there is none.
pub async fn get(portal: &Portal, caller: &Caller, id: PreflightId) -> Result<PreflightView, ServiceError> {
    Operation::PreflightsGet.organisation(caller)?;
    let mut conn = portal.db().read().await?;
    Ok(view(preflights::get(&mut conn, id).await?))
}

/// The last ones, the newest first.
///
/// # Errors
/// When the caller may not.
pub async fn latest(portal: &Portal, caller: &Caller) -> Result<Vec<PreflightView>, ServiceError> {
    Operation::PreflightsGet.organisation(caller)?;
    let mut conn = portal.db().read().await?;
    Ok(preflights::latest(&mut conn, LISTED).await?.into_iter().map(view).collect())
}

/// What can be tried out.
///
/// # Errors
/// When the caller may not.
pub async fn possible(portal: &Portal, caller: &Caller) -> Result<Possible, ServiceError> {
    Operation::PreflightsCreate.organisation(caller)?;
    let mut conn = portal.db().read().await?;
    Ok(Possible { cas: cas(&mut conn).await?, pools: pool_names(&mut conn).await? })
}

async fn parse(conn: &mut Conn, draft: &PreflightDraft) -> Result<(Name, Name), ServiceError> {
    let mut errors = FieldErrors::new();
    let ca = errors.take("ca", Name::parse(&draft.ca));
    let pool = errors.take("pool", Name::parse(&draft.pool));
    if draft.template.chars().count() > TEMPLATE_MAX || draft.template.chars().any(char::is_control) {
        errors.add("template", format!("a template's name has at most {TEMPLATE_MAX} printable characters"));
    }
    let (known, served) = (cas(conn).await?, pool_names(conn).await?);
    if ca.as_ref().is_some_and(|ca| !known.iter().any(|known| known == ca.as_str())) {
        errors.add("ca", format!("there is no such issuing CA: there are {}", known.join(", ")));
    }
    if pool.as_ref().is_some_and(|pool| !served.iter().any(|served| served == pool.as_str())) {
        errors.add("pool", format!("no connector serves this pool: they serve {}", served.join(", ")));
    }
    match (ca, pool) {
        (Some(ca), Some(pool)) if errors.is_empty() => Ok((ca, pool)),
        _ => Err(errors.into()),
    }
}

async fn cas(conn: &mut Conn) -> Result<Vec<String>, ServiceError> {
    let all = ca_generations::cas(conn).await?;
    Ok(all.into_iter().filter(|ca| ca.kind != DEVICES).map(|ca| ca.name).collect())
}

async fn pool_names(conn: &mut Conn) -> Result<Vec<String>, ServiceError> {
    Ok(pools(conn).await?.into_iter().map(|pool| pool.to_string()).collect())
}

fn view(row: Preflight) -> PreflightView {
    PreflightView {
        id: row.id,
        ca: row.ca.to_string(),
        pool: row.pool.to_string(),
        template: row.template,
        state: row.state,
        connector: row.connector,
        serial: row.serial.map(|serial| serial.to_string()),
        steps: steps_of(&row.steps),
        requested_by: row.requested_by,
        created_at: row.created_at,
        finished_at: row.finished_at,
    }
}
