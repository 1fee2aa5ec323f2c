//! One timeline of a person, or of a device by itself: what people did in the portal, what connectors, CAs and devices
//! did, joined.

use std::collections::HashMap;

use certporter_model::access::{Actor, Caller};
use certporter_model::request::Step;
use certporter_model::{CertificateId, DeviceId, RequestId, Timestamp, UserId};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use crate::service::error::ServiceError;
use crate::service::names::Names;
use crate::service::operation::Operation;
use crate::service::page::{Page, PageQuery, two_places};
use crate::service::portal::Portal;
use crate::service::reference::{DeviceReference, ProfileReference};
use crate::service::{devices, users};
use crate::store::audit_events::AuditEntry;
use crate::store::history::Whose;
use crate::store::timeline::TimelineEvent;
use crate::store::{Conn, device_owners, history};

/// Which part of a person's or a device's timeline.
#[derive(Debug, Clone, Default, Serialize, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct HistoryQuery {
    /// Only what happened on this device of theirs, or to it. Of a device's own timeline it is that device.
    pub device: Option<DeviceId>,
    /// Where to start, as the page before said in `next`.
    pub cursor: Option<String>,
    /// Entries on the page, 1 to 200; 50 when absent.
    pub limit: Option<u32>,
}

/// Where something happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum HistorySource {
    /// In the portal: by somebody, or by itself.
    Portal,
    /// At a connector.
    Connector,
    /// At the CA, or in what it publishes.
    Ca,
    /// On the device.
    Device,
}

/// Something that happened to a person, their devices or what they hold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct HistoryEntry {
    /// Its id.
    #[schema(value_type = String, format = "uuid")]
    pub id: Uuid,
    /// When.
    pub at: Timestamp,
    /// Where.
    pub source: HistorySource,
    /// The step that a request, a certificate or a copy took; none for what somebody did.
    pub step: Option<Step>,
    /// What somebody did, as the audit trail calls it, such as `devices.block`; none for a step.
    pub action: Option<String>,
    /// By whom, in words.
    pub actor: String,
    /// On which device, or to which.
    pub device: Option<DeviceReference>,
    /// Of which profile.
    pub profile: Option<ProfileReference>,
    /// Of which request.
    pub request_id: Option<RequestId>,
    /// Of which certificate.
    pub certificate_id: Option<CertificateId>,
    /// How long it took, in milliseconds.
    pub duration_ms: Option<i64>,
    /// Whether it went well.
    pub ok: bool,
    /// What went wrong.
    pub cause: Option<String>,
    /// What to do about it.
    pub remedy: Option<String>,
    /// Anything more: a feature, or why somebody did it in their own words.
    pub detail: Option<String>,
}

/// What happened to a person and what is theirs, newest first.
///
/// # Errors
/// When the caller may not, there is none, or the query is wrong.
pub async fn history(
    portal: &Portal,
    caller: &Caller,
    id: UserId,
    query: &HistoryQuery,
) -> Result<Page<HistoryEntry>, ServiceError> {
    let mut conn = portal.db().snapshot().await?;
    users::find(&mut conn, caller, Operation::UsersHistory, id).await?;
    read(&mut conn, Whose::Person(id, query.device), query).await
}

/// What happened to a device and what is on it, newest first: since it was given to its person, or to nobody. What was
/// before is the person's before.
///
/// # Errors
/// When the caller may not, there is none, the query is wrong, or it names another device.
pub async fn of_device(
    portal: &Portal,
    caller: &Caller,
    id: DeviceId,
    query: &HistoryQuery,
) -> Result<Page<HistoryEntry>, ServiceError> {
    let mut conn = portal.db().snapshot().await?;
    let (device, _) = devices::find(&mut conn, caller, Operation::DevicesHistory, id).await?;
    if query.device.is_some_and(|device| device != id) {
        return Err(ServiceError::field("device", "device is the one whose history it is, or is left out"));
    }
    let ownerships = device_owners::of_device(&mut conn, id).await?;
    // Open where it is somebody's, else the last one's end.
    let given = ownerships.last().map(|it| it.valid_until.unwrap_or(it.valid_from));
    let since = given.unwrap_or(device.created_at);
    read(&mut conn, Whose::Device(id, since), query).await
}

async fn read(
    conn: &mut Conn,
    whose: Whose,
    query: &HistoryQuery,
) -> Result<Page<HistoryEntry>, ServiceError> {
    let asked = PageQuery { cursor: query.cursor.clone(), limit: query.limit };
    let ([before_step, before_act], limit) = asked.two_sequences()?;
    let steps = history::steps(conn, whose, before_step, limit + 1).await?;
    let theirs = history::theirs(conn, whose).await?;
    let acts = history::done(conn, &theirs, before_act, limit + 1).await?;
    let wanted = usize::try_from(limit).unwrap_or(usize::MAX);
    let more = steps.len() + acts.len() > wanted;
    let rows = joined(steps, acts, wanted);
    let place = |before, of: fn(&Row) -> Option<i64>| rows.iter().rev().find_map(of).or(before);
    let next = more.then(|| two_places([place(before_step, Row::step), place(before_act, Row::act)]));
    Ok(Page { data: shown(conn, rows).await?, next })
}

/// A row of one of the two.
#[derive(Debug)]
enum Row {
    Step(TimelineEvent),
    Act(AuditEntry),
}

impl Row {
    const fn step(&self) -> Option<i64> {
        match self {
            Self::Step(row) => Some(row.seq),
            Self::Act(_) => None,
        }
    }

    const fn act(&self) -> Option<i64> {
        match self {
            Self::Step(_) => None,
            Self::Act(row) => Some(row.seq),
        }
    }
}

/// The newest of both, each in its own order: what was done comes after the steps that followed from it at once, since
/// the newest is first.
fn joined(steps: Vec<TimelineEvent>, acts: Vec<AuditEntry>, limit: usize) -> Vec<Row> {
    let (mut steps, mut acts) = (steps.into_iter().peekable(), acts.into_iter().peekable());
    let mut rows = Vec::new();
    while rows.len() < limit {
        let next = match (steps.peek(), acts.peek()) {
            (Some(step), Some(act)) if act.at > step.at => acts.next().map(Row::Act),
            (Some(_), _) => steps.next().map(Row::Step),
            (None, _) => acts.next().map(Row::Act),
        };
        let Some(row) = next else { break };
        rows.push(row);
    }
    rows
}

async fn shown(conn: &mut Conn, rows: Vec<Row>) -> Result<Vec<HistoryEntry>, ServiceError> {
    let (mut requests, mut certificates, mut devices) = (Vec::new(), Vec::new(), Vec::new());
    for row in &rows {
        match row {
            Row::Step(row) => {
                requests.extend(row.request_id);
                certificates.extend(row.certificate_id);
                devices.extend(row.device_id);
            }
            Row::Act(row) => match (row.target_kind.as_str(), row.target_id) {
                ("device", Some(id)) => devices.push(DeviceId::from_uuid(id)),
                ("certificate", Some(id)) => certificates.push(CertificateId::from_uuid(id)),
                ("request", Some(id)) => requests.push(RequestId::from_uuid(id)),
                _ => {}
            },
        }
    }
    let of = history::profiles_of(conn, &requests, &certificates).await?;
    let profiles: HashMap<Uuid, _> = of.into_iter().map(|it| (it.id, it.profile_id)).collect();
    let names = Names::of(conn, [], devices, profiles.values().copied()).await?;
    let profile = |request: Option<RequestId>, certificate: Option<CertificateId>| {
        let ids = [request.map(RequestId::as_uuid), certificate.map(CertificateId::as_uuid)];
        let id = ids.into_iter().flatten().find_map(|id| profiles.get(&id).copied())?;
        Some(names.profile(id))
    };
    let entry = |row: Row| match row {
        Row::Step(row) => HistoryEntry {
            id: row.id.as_uuid(),
            at: row.at,
            source: source_of(row.step, &row.actor),
            step: Some(row.step),
            action: None,
            device: names.device(row.device_id),
            profile: profile(row.request_id, row.certificate_id),
            actor: actor_of(row.actor, None),
            request_id: row.request_id,
            certificate_id: row.certificate_id,
            duration_ms: row.duration_ms,
            ok: row.ok,
            cause: row.cause,
            remedy: row.remedy,
            detail: row.detail,
        },
        Row::Act(row) => act(row, &names, profile),
    };
    Ok(rows.into_iter().map(entry).collect())
}

fn act(
    row: AuditEntry,
    names: &Names,
    profile: impl Fn(Option<RequestId>, Option<CertificateId>) -> Option<ProfileReference>,
) -> HistoryEntry {
    let of = |kind: &str| row.target_id.filter(|_| row.target_kind == kind);
    let certificate_id = of("certificate").map(CertificateId::from_uuid);
    let request_id = of("request").map(RequestId::from_uuid);
    let canonical: serde_json::Value = serde_json::from_slice(&row.canonical).unwrap_or_default();
    // A device that enrols is nobody yet.
    let by_device = row.actor_kind == "device" || row.action == "device.enrol";
    let said = canonical.pointer("/details/explanation").and_then(serde_json::Value::as_str);
    HistoryEntry {
        id: row.id.as_uuid(),
        at: row.at,
        source: if by_device { HistorySource::Device } else { HistorySource::Portal },
        step: None,
        device: names.device(of("device").map(DeviceId::from_uuid)),
        profile: profile(request_id, certificate_id),
        actor: actor_of(row.actor_name, Some(&row.action)),
        request_id,
        certificate_id,
        duration_ms: None,
        ok: !is_refused(&row.action),
        cause: None,
        remedy: None,
        detail: said.map(str::to_owned),
        action: Some(row.action),
    }
}

/// By whom. Who is not signed in is known by what they have: a device its enrolment code, somebody their sign-in code.
fn actor_of(actor: String, action: Option<&str>) -> String {
    if actor != Actor::Anonymous.to_string() {
        return actor;
    }
    match action {
        Some("own.sign_in_with_code") => "somebody with the code",
        Some("own.sign_in_with_code_refused") => "somebody without a good code",
        Some("hand_outs.fetch") => "somebody with the link",
        Some("invitation.redeem") => "somebody with the invitation",
        _ => "device that enrolled",
    }
    .to_owned()
}

/// Whether somebody was turned away.
fn is_refused(action: &str) -> bool {
    action.ends_with("_refused")
}

/// Where a step is taken.
fn source_of(step: Step, actor: &str) -> HistorySource {
    match step {
        Step::Installed | Step::InstallFailed | Step::Removed | Step::Missing => HistorySource::Device,
        Step::Pending | Step::Issued | Step::RevokedAtCa | Step::InCrl | Step::Held | Step::Released => {
            HistorySource::Ca
        }
        Step::Claimed | Step::KeyGenerated | Step::Submitted => HistorySource::Connector,
        // Who failed tells where.
        _ if actor.starts_with("connector ") => HistorySource::Connector,
        _ if actor.starts_with("device ") => HistorySource::Device,
        _ => HistorySource::Portal,
    }
}

#[cfg(test)]
mod tests {
    use certporter_model::TimelineEventId;
    use certporter_model::access::Permission;
    use certporter_model::thumbprint::ContentDigest;

    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_seconds(second)
    }

    fn step(seq: i64, second: i64) -> TimelineEvent {
        TimelineEvent {
            seq,
            id: TimelineEventId::new(at(second), [1; 10]),
            at: at(second),
            step: Step::Issued,
            request_id: None,
            certificate_id: None,
            copy_id: None,
            device_id: None,
            user_id: None,
            actor: "connector one".into(),
            duration_ms: None,
            ok: true,
            cause: None,
            remedy: None,
            detail: None,
        }
    }

    fn act(seq: i64, second: i64) -> AuditEntry {
        AuditEntry {
            seq,
            id: certporter_model::AuditEventId::new(at(second), [2; 10]),
            at: at(second),
            actor_kind: "account".into(),
            actor_id: None,
            actor_name: "desk".into(),
            permission: Permission::DeviceBlock,
            address: None,
            action: "devices.block".into(),
            target_kind: "device".into(),
            target_id: None,
            canonical: Vec::new(),
            digest: ContentDigest::from_octets([0; 32]),
        }
    }

    #[test]
    fn both_are_joined_by_time_and_each_keeps_its_order() {
        // At the same moment the step is newer: it followed from what was done.
        let rows = joined(vec![step(9, 30), step(8, 20), step(3, 5)], vec![act(40, 20), act(12, 10)], 4);
        let places: Vec<_> = rows.iter().map(|row| (row.step(), row.act())).collect();
        assert_eq!(places, [(Some(9), None), (Some(8), None), (None, Some(40)), (None, Some(12))]);
        assert!(joined(Vec::new(), Vec::new(), 4).is_empty());
    }

    #[test]
    fn who_is_not_signed_in_is_known_by_what_they_have() {
        let nobody = || Actor::Anonymous.to_string();
        assert_eq!(actor_of(nobody(), Some("device.enrol")), "device that enrolled");
        assert_eq!(actor_of(nobody(), Some("own.sign_in_with_code")), "somebody with the code");
        assert_eq!(actor_of("maria".into(), Some("own.sign_in_with_code")), "maria");
        assert!(is_refused("own.confirmation_refused") && !is_refused("hand_outs.fetch"));
    }

    #[test]
    fn a_step_is_told_from_where_it_was_taken() {
        assert_eq!(source_of(Step::Installed, "device 1"), HistorySource::Device);
        assert_eq!(source_of(Step::Failed, "connector one"), HistorySource::Connector);
        assert_eq!(source_of(Step::Failed, "system (pipeline)"), HistorySource::Portal);
        assert_eq!(source_of(Step::InCrl, "system (publishing)"), HistorySource::Ca);
    }
}
