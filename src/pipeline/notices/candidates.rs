//! What there is to tell, each matter in a line.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use certporter_model::Timestamp;
use certporter_model::ids::{CertificateId, DeviceId, ProfileId, UserId};
use certporter_model::notice::NoticeKind;
use certporter_model::revocation::Reason;
use certporter_model::security_event::SecurityEventKind;

use crate::store::certificates::RENEWAL_GRACE;
use crate::store::notice_candidates::{self as store, ToldCertificate, ToldRequest};
use crate::store::{Conn, Result, crls, devices, profiles};

/// Certificates that end later are not told of yet.
const SOON: Duration = Duration::from_secs(30 * 86_400);
/// The most that is looked at where what there is counts, however old.
const STANDING: u32 = 10_000;
/// The most that is looked at of what has happened since the last look.
const HAPPENED: u32 = 200_000;
/// How many of what is there make an example.
const EXAMPLE: u32 = 3;

/// Something to tell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Matter {
    /// Names it: the same matter has the same key.
    pub key: String,
    /// Whom it is about.
    pub user: Option<UserId>,
    /// What happened.
    pub line: String,
}

/// What is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// What is so now, and what happened since that moment.
    Since(Timestamp),
    /// Anything of the kind that there ever was, for an example.
    Any,
}

/// What there is to tell of a kind.
///
/// # Errors
/// When the database refuses.
pub async fn gather(
    conn: &mut Conn,
    kind: NoticeKind,
    since: Timestamp,
    now: Timestamp,
) -> Result<Vec<Matter>> {
    found(conn, kind, Source::Since(since), now).await
}

/// Something real of a kind, if there ever was any: what a preview shows.
///
/// # Errors
/// When the database refuses.
pub async fn example(conn: &mut Conn, kind: NoticeKind, now: Timestamp) -> Result<Vec<Matter>> {
    let mut matters = found(conn, kind, Source::Any, now).await?;
    if !kind.is_for_operators() {
        let user = matters.first().and_then(|matter| matter.user);
        matters.retain(|matter| matter.user == user);
    }
    matters.truncate(usize::try_from(EXAMPLE).unwrap_or(usize::MAX));
    Ok(matters)
}

async fn found(conn: &mut Conn, kind: NoticeKind, source: Source, now: Timestamp) -> Result<Vec<Matter>> {
    let any = source == Source::Any;
    let (since, most) = match source {
        Source::Since(since) => (since, HAPPENED),
        Source::Any => (Timestamp::default(), EXAMPLE),
    };
    match kind {
        NoticeKind::Expiring => {
            let bounds = (now.minus(RENEWAL_GRACE), now.plus(SOON));
            let mut rows = store::unrenewed(conn, bounds, now, STANDING).await?;
            if any && rows.is_empty() {
                rows = store::newest(conn, most).await?;
            }
            let names = Names::of(conn, &rows, &[]).await?;
            Ok(rows
                .iter()
                .map(|row| Matter {
                    key: row.id.to_string(),
                    user: row.user_id,
                    line: format!("{}, ends {}", names.certificate(row), moment(row.not_after)),
                })
                .collect())
        }
        NoticeKind::RequestsFailing => {
            let mut rows = store::failed(conn, STANDING).await?;
            if any && rows.is_empty() {
                rows = store::newest_requests(conn, most).await?;
            }
            Ok(rows.iter().map(failure).collect())
        }
        NoticeKind::CrlTrouble => running_out(conn, any, now).await,
        NoticeKind::Replacement => {
            let mut replaced = store::replaced(conn, since, most).await?;
            if any && replaced.is_empty() {
                replaced = store::newest(conn, most).await?;
            }
            let names = Names::of(conn, &replaced, &[]).await?;
            Ok(replaced
                .iter()
                .map(|row| Matter {
                    key: row.id.to_string(),
                    user: row.user_id,
                    line: format!("{}, valid until {}", names.certificate(row), moment(row.not_after)),
                })
                .collect())
        }
        NoticeKind::Revoked => {
            let rows = store::revoked(conn, since, most).await?;
            let ids: Vec<CertificateId> = rows.iter().map(|row| row.certificate_id).collect();
            let certificates = store::certificates(conn, &ids).await?;
            let names = Names::of(conn, &certificates, &[]).await?;
            let certificates = by_id(certificates);
            let told = rows.iter().filter_map(|row| {
                let certificate = certificates.get(&row.certificate_id)?;
                let line = format!(
                    "{}, on {}: {}",
                    names.certificate(certificate),
                    moment(row.requested_at),
                    reason(row.reason)
                );
                Some(Matter { key: row.id.to_string(), user: Some(certificate.user_id?), line })
            });
            Ok(told.collect())
        }
        NoticeKind::KeyHandedOut => {
            let rows = store::handed_out(conn, since, most).await?;
            let ids: Vec<CertificateId> = rows.iter().map(|row| row.certificate_id).collect();
            let certificates = store::certificates(conn, &ids).await?;
            let names = Names::of(conn, &certificates, &[]).await?;
            let certificates = by_id(certificates);
            let told = rows.iter().filter_map(|row| {
                let certificate = certificates.get(&row.certificate_id)?;
                let (by, at) = (one_line(&row.created_by), moment(row.created_at));
                let line = format!("{}, by {by}, on {at}", names.certificate(certificate));
                Some(Matter { key: row.id.to_string(), user: Some(certificate.user_id?), line })
            });
            Ok(told.collect())
        }
        NoticeKind::KeyRecovered | NoticeKind::SignInCode | NoticeKind::EnrolledByStaff => {
            let rows = store::security(conn, events(kind), since, most).await?;
            let on: Vec<DeviceId> = rows.iter().filter_map(|row| row.device_id).collect();
            let names = Names::of(conn, &[], &on).await?;
            Ok(rows
                .iter()
                .map(|row| {
                    let device = row.device_id.and_then(|id| names.devices.get(&id));
                    let on = device.map(|name| format!(" ({name})")).unwrap_or_default();
                    Matter {
                        key: row.id.to_string(),
                        user: Some(row.user_id),
                        line: format!("{}{on}, by {}, on {}", event(row.kind), row.actor, moment(row.at)),
                    }
                })
                .collect())
        }
    }
}

fn by_id(rows: Vec<ToldCertificate>) -> BTreeMap<CertificateId, ToldCertificate> {
    rows.into_iter().map(|row| (row.id, row)).collect()
}

/// Requests that failed for the same cause read alike, and are counted rather than listed.
fn failure(row: &ToldRequest) -> Matter {
    let cause = row.cause.as_deref().unwrap_or("no cause was noted");
    let remedy = row.remedy.as_deref().map(|remedy| format!(" {remedy}")).unwrap_or_default();
    // Failing again for another cause is another matter.
    let short: String = cause.chars().take(120).collect();
    let line = one_line(&format!("{}.{remedy}", cause.trim_end_matches('.')));
    Matter { key: format!("{} {short}", row.id), user: row.user_id, line }
}

async fn running_out(conn: &mut Conn, any: bool, now: Timestamp) -> Result<Vec<Matter>> {
    let mut matters = Vec::new();
    for crl in crls::freshness(conn, now).await? {
        // A third of its time is left: the next one is overdue.
        let third = crl.next_update.since(crl.this_update) / 3;
        if crl.next_update.minus(third) > now && !any {
            continue;
        }
        let name = format!("{} {} {}", crl.ca, crl.purpose, crl.generation);
        let verb = if crl.next_update <= now { "ran out" } else { "runs out" };
        matters.push(Matter {
            key: format!("{name} {}", crl.next_update.as_millis()),
            user: None,
            line: one_line(&format!("the CRL of {name} {verb} {}", moment(crl.next_update))),
        });
    }
    Ok(matters)
}

/// What of a person's security events a kind of notice tells.
const fn events(kind: NoticeKind) -> &'static [SecurityEventKind] {
    use SecurityEventKind as E;
    match kind {
        NoticeKind::KeyRecovered => &[E::KeyLeftEscrow],
        NoticeKind::SignInCode => &[
            E::SignInCodeIssued,
            E::SignedInWithCode,
            E::AccountChangedByStaff,
            E::ConfirmedByPassword,
            E::ConfirmedByDevice,
            E::ApprovedBySecondPerson,
        ],
        _ => &[E::EnrolmentCodeIssued, E::DeviceEnrolled, E::DeviceHandedOver, E::DeviceReportedLost],
    }
}

const fn event(kind: SecurityEventKind) -> &'static str {
    use SecurityEventKind as E;
    match kind {
        E::SignInCodeIssued => "a one-time code to sign in as you was issued",
        E::SignedInWithCode => "somebody signed in as you with a one-time code",
        E::AccountChangedByStaff => {
            "staff set the password of your account, made an invitation for it, or linked it to you"
        }
        E::EnrolmentCodeIssued => "an enrolment code for a device of yours was issued",
        E::DeviceEnrolled => "a device was enrolled for you with a code from staff",
        E::DeviceHandedOver => "a device became yours",
        E::DeviceReportedLost => "a device of yours was reported as lost",
        E::ConfirmedByPassword | E::ConfirmedByDevice => "a sign-in or device of yours was confirmed",
        E::ApprovedBySecondPerson => "a sign-in or device of yours was approved by a second member of staff",
        E::KeyLeftEscrow => "a private key of yours left escrow",
    }
}

const fn reason(reason: Reason) -> &'static str {
    match reason {
        Reason::Unspecified => "no reason was given",
        Reason::KeyCompromise => "its key, or the device with it, may be in other hands",
        Reason::AffiliationChanged => "the person has left",
        Reason::Superseded => "another took its place",
        Reason::CessationOfOperation => "it is not needed any more",
        Reason::CertificateHold => "it is on hold",
        Reason::PrivilegeWithdrawn => "it is not permitted any more",
    }
}

/// A moment as a letter has it: `2026-11-22 09:30 UTC`.
fn moment(at: Timestamp) -> String {
    let text = at.to_string();
    let day = text.get(..10).unwrap_or_default();
    format!("{day} {} UTC", text.get(11..16).unwrap_or_default())
}

fn one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

/// What profiles and devices are called.
#[derive(Debug, Default)]
struct Names {
    profiles: BTreeMap<ProfileId, String>,
    devices: BTreeMap<DeviceId, String>,
}

/// Ids looked up in one statement.
const LOOKED_UP: usize = 500;

impl Names {
    async fn of(conn: &mut Conn, certificates: &[ToldCertificate], more: &[DeviceId]) -> Result<Self> {
        let mut names = Self::default();
        let wanted: BTreeSet<ProfileId> = certificates.iter().map(|it| it.profile_id).collect();
        for id in wanted {
            names.profiles.insert(id, profiles::get(conn, id).await?.name.to_string());
        }
        let on: BTreeSet<DeviceId> =
            certificates.iter().filter_map(|it| it.device_id).chain(more.iter().copied()).collect();
        let on: Vec<DeviceId> = on.into_iter().collect();
        for chunk in on.chunks(LOOKED_UP) {
            for device in devices::by_ids(conn, chunk).await? {
                names.devices.insert(device.id, device.name.to_string());
            }
        }
        Ok(names)
    }

    fn certificate(&self, row: &ToldCertificate) -> String {
        let profile = self.profiles.get(&row.profile_id).map_or("certificate", String::as_str);
        let subject =
            if row.subject.is_empty() { format!("serial {}", row.serial) } else { row.subject.clone() };
        let device = row.device_id.and_then(|id| self.devices.get(&id));
        let on = device.map(|name| format!(" on {name}")).unwrap_or_default();
        one_line(&format!("{profile}{on}: {subject}"))
    }
}
