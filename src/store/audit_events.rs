//! The audit trail: what was done, by whom, with which permission.

use std::time::Duration;

use certporter_model::Timestamp;
use certporter_model::access::{Actor, Permission, Permit};
use certporter_model::ids::AuditEventId;
use certporter_model::thumbprint::ContentDigest;
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::{Batch, Conn, Result, Sql, sql, table_row};

/// What an audit event is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// The kind of thing, in the words of the tables: "device", "certificate".
    pub kind: &'static str,
    /// Which one; `None` when it is about no single one.
    pub id: Option<Uuid>,
}

impl Target {
    /// One thing.
    #[must_use]
    pub const fn one(kind: &'static str, id: Uuid) -> Self {
        Self { kind, id: Some(id) }
    }

    /// No single one.
    #[must_use]
    pub const fn none(kind: &'static str) -> Self {
        Self { kind, id: None }
    }
}

/// What is written with a change. Who did it and with which permission comes from the transaction's permit.
#[derive(Debug, Clone, PartialEq)]
pub struct AuditEvent {
    pub(super) at: Timestamp,
    action: &'static str,
    target: Target,
    details: Map<String, Value>,
}

impl AuditEvent {
    /// What happens to up to so many in a transaction has an event for each; more are named together, as many in each.
    pub const ONE_BY_ONE: usize = 100;

    /// `action` is a verb of the service, such as "device.block".
    #[must_use]
    pub fn new(at: Timestamp, action: &'static str, target: Target) -> Self {
        Self { at, action, target, details: Map::new() }
    }

    /// A detail: an id, a name, a number, a reason. Never a secret.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.details.insert(name.to_owned(), value.into());
        self
    }
}

/// The octets that are digested: JSON without spaces, members sorted by name (as RFC 8785 sorts ASCII names).
fn canonical(permit: &Permit, event: &AuditEvent) -> Vec<u8> {
    let mut json = Map::new();
    json.insert("v".into(), 1.into());
    json.insert("at".into(), event.at.to_string().into());
    json.insert("actor".into(), serde_json::to_value(permit.actor()).unwrap_or_default());
    json.insert("permission".into(), permit.permission().as_str().into());
    json.insert("address".into(), permit.address().into());
    json.insert("action".into(), event.action.into());
    json.insert("target_kind".into(), event.target.kind.into());
    json.insert("target_id".into(), event.target.id.map(|id| id.to_string()).into());
    json.insert("details".into(), Value::Object(event.details.clone()));
    sorted(Value::Object(json)).to_string().into_bytes()
}

/// With the members of every object in order, whatever order the map keeps.
fn sorted(value: Value) -> Value {
    match value {
        Value::Object(members) => {
            let mut members: Vec<(String, Value)> = members.into_iter().collect();
            members.sort_by(|a, b| a.0.cmp(&b.0));
            Value::Object(members.into_iter().map(|(name, member)| (name, sorted(member))).collect())
        }
        Value::Array(members) => Value::Array(members.into_iter().map(sorted).collect()),
        other => other,
    }
}

fn actor_columns(actor: &Actor) -> (&'static str, Option<Uuid>, String) {
    let (kind, id) = match actor {
        Actor::System { .. } => ("system", None),
        Actor::Anonymous => ("anonymous", None),
        Actor::Account { id, .. } => ("account", Some(id.as_uuid())),
        Actor::Person { id, .. } => ("user", Some(id.as_uuid())),
        Actor::Token { id, .. } => ("token", Some(id.as_uuid())),
        Actor::Device { id } => ("device", Some(id.as_uuid())),
        Actor::Connector { id, .. } => ("connector", Some(id.as_uuid())),
    };
    (kind, id, actor.to_string())
}

/// Rows of one statement.
const ROWS: usize = 200;

pub(super) fn write_all(batch: &mut Batch, permit: &Permit, events: &[AuditEvent]) {
    let (actor_kind, actor_id, actor_name) = actor_columns(permit.actor());
    for (number, chunk) in events.chunks(ROWS).enumerate() {
        let sql = batch.next(
            "INSERT INTO audit_events (id, at, actor_kind, actor_id, actor_name, permission, address, action,
             target_kind, target_id, canonical, digest) VALUES ",
        );
        for (index, event) in chunk.iter().enumerate() {
            let canonical = canonical(permit, event);
            let digest: [u8; 32] = Sha256::digest(&canonical).into();
            sql.push(if index == 0 { "(" } else { ", (" })
                .bind(&event_id(event.at, digest, number * ROWS + index))
                .push(", ")
                .bind(&event.at)
                .push(", ")
                .bind(actor_kind)
                .push(", ")
                .bind(&actor_id)
                .push(", ")
                .bind(&actor_name)
                .push(", ")
                .bind(&permit.permission())
                .push(", ")
                .bind(&permit.address())
                .push(", ")
                .bind(event.action)
                .push(", ")
                .bind(event.target.kind)
                .push(", ")
                .bind(&event.target.id)
                .push(", ")
                .bind(&canonical)
                .push(", ")
                .bind(&ContentDigest::from_octets(digest))
                .push(")");
        }
    }
}

/// The id's random part is taken from the digest and the place in its batch: what was done names the event.
fn event_id(at: Timestamp, digest: [u8; 32], place: usize) -> AuditEventId {
    let mut random = [0; 10];
    random[..8].copy_from_slice(&digest[..8]);
    random[8..].copy_from_slice(&u16::try_from(place % 65_536).unwrap_or(0).to_be_bytes());
    AuditEventId::new(at, random)
}

table_row! {
    /// An event of the audit trail.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct AuditEntry in "audit_events" {
        /// Its place in the trail.
        pub seq: i64,
        /// Its id.
        pub id: AuditEventId,
        /// When.
        pub at: Timestamp,
        /// "account", "user", "token", "device", "connector", "system", "anonymous".
        pub actor_kind: String,
        /// Which account, user, token, device or connector.
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
        pub target_id: Option<Uuid>,
        /// The octets that were digested: JSON with everything, details included.
        pub canonical: Vec<u8>,
        /// SHA-256 of them.
        pub digest: ContentDigest,
    }
}

impl AuditEntry {
    /// Whether the octets are still those that were digested.
    #[must_use]
    pub fn is_intact(&self) -> bool {
        Sha256::digest(&self.canonical)[..] == self.digest.as_octets()[..]
    }
}

/// Which events of the trail.
#[derive(Debug, Clone, Default)]
pub struct AuditFilter {
    /// About this kind of thing.
    pub target_kind: Option<String>,
    /// About this one.
    pub target_id: Option<Uuid>,
    /// By this account, token, device or connector.
    pub actor_id: Option<Uuid>,
    /// This action.
    pub action: Option<String>,
    /// From this network address.
    pub address: Option<String>,
    /// Not before.
    pub from: Option<Timestamp>,
    /// Before.
    pub until: Option<Timestamp>,
}

/// By how much the clocks of several portals may differ.
const CLOCKS_DIFFER: Duration = Duration::from_secs(120);

/// The event of that id.
///
/// # Errors
/// When there is none.
pub async fn get(conn: &mut Conn, id: AuditEventId) -> Result<AuditEntry> {
    let mut query = Sql::select::<AuditEntry>();
    query.push(" WHERE id = ").bind(&id);
    query.one(conn, "audit event").await
}

/// Events, the newest first, below the place `before`.
///
/// # Errors
/// When the database refuses or a row is corrupt.
pub async fn list(
    conn: &mut Conn,
    filter: &AuditFilter,
    before: Option<i64>,
    limit: u32,
) -> Result<Vec<AuditEntry>> {
    let mut query = Sql::select::<AuditEntry>();
    query.push(" WHERE seq < ").bind(&before.unwrap_or(i64::MAX));
    if let Some(kind) = &filter.target_kind {
        query.push(" AND target_kind = ").bind(kind);
    }
    if let Some(id) = &filter.target_id {
        query.push(" AND target_id = ").bind(id);
    }
    if let Some(id) = &filter.actor_id {
        query.push(" AND actor_id = ").bind(id);
    }
    if let Some(action) = &filter.action {
        query.push(" AND action = ").bind(action);
    }
    if let Some(address) = &filter.address {
        query.push(" AND address = ").bind(address);
    }
    // Times are found by the trail's order: places and times go together but for the moments by which clocks differ.
    if let Some(from) = &filter.from {
        query.push(" AND at >= ").bind(from);
        query.push(" AND seq >= COALESCE((SELECT seq FROM audit_events WHERE at >= ");
        query.bind(&from.minus(CLOCKS_DIFFER)).push(" ORDER BY at LIMIT 1), 0)");
    }
    if let Some(until) = &filter.until {
        query.push(" AND at < ").bind(until);
        query.push(" AND seq <= COALESCE((SELECT seq FROM audit_events WHERE at < ");
        query.bind(&until.plus(CLOCKS_DIFFER)).push(" ORDER BY at DESC LIMIT 1), 0)");
    }
    query.push(" ORDER BY seq DESC LIMIT ").bind(&limit);
    query.all(conn).await
}

/// How many events there are.
///
/// # Errors
/// When the database refuses.
pub async fn count(conn: &mut Conn) -> Result<u64> {
    sql!("SELECT count(*) FROM audit_events").scalar(conn).await
}
