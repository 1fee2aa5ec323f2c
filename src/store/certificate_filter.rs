//! Which certificates: what lists, searches and counts are limited by.

use certporter_model::Timestamp;
use certporter_model::certificate::{CertificateStatus, Standing};
use certporter_model::ids::{CaId, CertificateId, DeviceId, GroupId, ProfileId, UserId};
use certporter_model::platform::Platform;
use certporter_model::revocation::Reason;

use super::certificate_search::SortedBy;
use super::visibility::{Seen, push_in_any};
use super::{Engine, Sql, fleet};

/// Which certificates.
#[derive(Debug, Clone, Default)]
pub struct CertificateFilter {
    /// Every word somewhere in the subject, alternative names, serial number or thumbprints. Colons in a number don't
    /// matter.
    pub search: Option<String>,
    /// Good, held or revoked.
    pub status: Option<CertificateStatus>,
    /// With this standing.
    pub standing: Option<Standing>,
    /// Of this profile.
    pub profile: Option<ProfileId>,
    /// Of this user.
    pub user: Option<UserId>,
    /// Of this device, or with a copy on it.
    pub device: Option<DeviceId>,
    /// In this state at that moment.
    pub state: Option<(CertificateState, Timestamp)>,
    /// Held or revoked for this reason.
    pub reason: Option<Reason>,
    /// From this CA.
    pub ca: Option<CaId>,
    /// Issued then or later.
    pub issued_from: Option<Timestamp>,
    /// Issued before then.
    pub issued_before: Option<Timestamp>,
    /// Revoked for good at the request of somebody, which was first made then or later.
    pub revoked_from: Option<Timestamp>,
    /// The same, before then.
    pub revoked_before: Option<Timestamp>,
    /// That expire then or later.
    pub expires_from: Option<Timestamp>,
    /// That expire before then.
    pub expires_before: Option<Timestamp>,
    /// Whose copies are so.
    pub delivery: Option<Delivery>,
    /// For a device of this platform; in user scope, on one.
    pub platform: Option<Platform>,
    /// Whose user or device is in this group, or in one within it.
    pub group: Option<GroupId>,
}

/// How far the copies of a certificate are: one of these, the last that fits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Delivery {
    /// On no device, and on its way to none.
    Nowhere,
    /// On its devices, as far as these can tell.
    Installed,
    /// On its way to a device.
    Pending,
    /// A device could not install it.
    Failing,
}

/// How a certificate stands at a moment, as people ask for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CertificateState {
    /// Good.
    Valid,
    /// Good, and over before 30 days have passed.
    Expiring,
    /// Good, current, and due to be renewed for longer than [`RENEWAL_GRACE`].
    Overdue,
    /// On hold.
    Held,
    /// Revoked.
    Revoked,
    /// Over, without having been revoked.
    Expired,
}

/// How long a renewal may be due before somebody should look.
pub const RENEWAL_GRACE: std::time::Duration = std::time::Duration::from_secs(86_400);

/// What counts as soon.
const SOON: std::time::Duration = std::time::Duration::from_secs(30 * 86_400);

impl CertificateFilter {
    /// Whether it leaves anything out, words apart.
    pub(super) fn leaves_out(&self) -> bool {
        let Self {
            search: _,
            status,
            standing,
            profile,
            user,
            device,
            state,
            reason,
            ca,
            expires_from,
            expires_before,
            issued_from,
            issued_before,
            revoked_from,
            revoked_before,
            delivery,
            platform,
            group,
        } = self;
        status.is_some()
            || standing.is_some()
            || profile.is_some()
            || user.is_some()
            || device.is_some()
            || state.is_some()
            || reason.is_some()
            || ca.is_some()
            || delivery.is_some()
            || platform.is_some()
            || group.is_some()
            || [expires_from, expires_before, issued_from, issued_before, revoked_from, revoked_before]
                .into_iter()
                .any(Option::is_some)
    }

    /// Whether it is about those issued in a span of time.
    pub(super) fn is_of_a_span(&self) -> bool {
        self.issued_from.is_some() || self.issued_before.is_some()
    }

    /// Whether it asks for nothing else, words apart.
    pub(super) fn is_of_a_span_alone(&self) -> bool {
        let rest = Self { issued_from: None, issued_before: None, ..self.clone() };
        self.is_of_a_span() && !rest.leaves_out()
    }

    /// Whether the first of it in this order are soon found: an index has them so, they are few, or nearly all pass.
    pub(super) fn is_in_order(&self, by: SortedBy) -> bool {
        let bounded = self.expires_from.is_some() || self.expires_before.is_some();
        let by_expiry = match self.state {
            Some((CertificateState::Expiring | CertificateState::Expired, _)) => true,
            Some((
                CertificateState::Valid
                | CertificateState::Overdue
                | CertificateState::Held
                | CertificateState::Revoked,
                _,
            ))
            | None => bounded,
        };
        let by_issue = self.reason.is_some() || self.is_of_a_span();
        let revoked = self.revoked_from.is_some() || self.revoked_before.is_some();
        let few = matches!(self.delivery, Some(Delivery::Pending | Delivery::Failing | Delivery::Nowhere))
            || matches!(self.state, Some((CertificateState::Overdue, _)));
        let scattered =
            few || revoked || by_issue && by != SortedBy::Issue || by_expiry && by != SortedBy::Expiry;
        self.user.is_some() || self.device.is_some() || !scattered
    }
}

/// Which indexes may be used: SQLite uses none for a column with a sign before it, PostgreSQL none for a sum.
pub(super) struct Indexes<'i> {
    /// The column of expiry; not in another order, where all that it leaves would have to be sorted.
    pub(super) expiry: &'static str,
    /// The column of the profile; not where the state leaves less.
    pub(super) profile: &'static str,
    /// The columns of the time of issue and of the id that tells it, unless the index of the one is to be used alone; not
    /// where very many were issued then and the list is in another order.
    pub(super) issued: (&'static str, Option<&'static str>),
    /// How those of the group are found.
    pub(super) group: InGroup<'i>,
    /// Whether so few devices have the platform that their certificates are listed rather than asked for row by row.
    pub(super) small_platform: bool,
}

/// How the certificates of a group are found.
#[derive(Debug, Clone, Copy, Default)]
pub(super) enum InGroup<'i> {
    /// Everybody in it is found once, for all certificates.
    #[default]
    Gathered,
    /// What everybody in it holds is listed: it is small.
    Listed,
    /// Of each certificate it is asked whether whose it is belongs to it or to one within it, which are these: for a list
    /// that is gone through.
    RowByRow(&'i [GroupId]),
}

impl Indexes<'_> {
    /// All of them.
    pub(super) fn of(engine: Engine) -> Self {
        Self {
            expiry: "certificates.not_after",
            profile: "certificates.profile_id",
            issued: match engine {
                Engine::Sqlite => ("certificates.created_at", Some("certificates.id")),
                // It takes the two for independent of each other, and so for far fewer than there are.
                Engine::Postgres => ("certificates.created_at + 0", Some("certificates.id")),
            },
            group: InGroup::Gathered,
            small_platform: false,
        }
    }
}

/// The least id of a certificate that was made then: ids begin with their time, so that a list in their order goes
/// through no others (RFC 9562, section 5.7).
pub(super) fn first_made_at(at: Timestamp) -> CertificateId {
    CertificateId::new(at, [0; 10])
}

/// Everything of the filter but the search, as ` AND ..`, by these indexes.
pub(super) fn push_conditions_by(query: &mut Sql, seen: &Seen, filter: &CertificateFilter, by: &Indexes<'_>) {
    let expiry = by.expiry;
    if let Some(status) = &filter.status {
        query.push(" AND certificates.status = ").bind(status);
        if *status != CertificateStatus::Valid {
            query.push(NOT_VALID);
        }
    }
    if let Some(standing) = &filter.standing {
        query.push(" AND certificates.standing = ").bind(standing);
    }
    if let Some(profile) = &filter.profile {
        query.push(" AND ").push(by.profile).push(" = ").bind(profile);
    }
    if let Some(user) = &filter.user {
        query.push(" AND certificates.user_id = ").bind(user);
    }
    if let Some(device) = &filter.device {
        query.push(" AND (certificates.device_id = ").bind(device);
        query.push(" OR certificates.id IN (SELECT certificate_id FROM copies WHERE device_id = ");
        query.bind(device).push("))");
    }
    if let Some(before) = &filter.expires_before {
        query.push(" AND ").push(expiry).push(" < ").bind(before);
    }
    if let Some((state, now)) = &filter.state {
        push_state(query, *state, *now, expiry);
    }
    if let Some(reason) = &filter.reason {
        query.push(" AND certificates.reason = ").bind(reason);
    }
    if let Some(ca) = &filter.ca {
        query.push(" AND certificates.ca_generation_id IN (SELECT id FROM ca_generations WHERE ca_id = ");
        query.bind(ca).push(")");
    }
    if let Some(from) = &filter.expires_from {
        query.push(" AND ").push(expiry).push(" >= ").bind(from);
    }
    if let Some(from) = &filter.issued_from {
        query.push(" AND ").push(by.issued.0).push(" >= ").bind(from);
        if let Some(id) = by.issued.1 {
            query.push(" AND ").push(id).push(" >= ").bind(&first_made_at(*from));
        }
    }
    if let Some(before) = &filter.issued_before {
        query.push(" AND ").push(by.issued.0).push(" < ").bind(before);
        if let Some(id) = by.issued.1 {
            query.push(" AND ").push(id).push(" < ").bind(&first_made_at(*before));
        }
    }
    if filter.revoked_from.is_some() || filter.revoked_before.is_some() {
        query.push(" AND certificates.id IN (SELECT certificate_id FROM revocations r WHERE kind = 'revoke'");
        if let Some(from) = &filter.revoked_from {
            query.push(" AND requested_at >= ").bind(from);
            // One that was asked for again counts when it was asked for first.
            query.push(
                " AND NOT EXISTS (SELECT 1 FROM revocations e WHERE e.certificate_id = r.certificate_id",
            );
            query.push(" AND e.kind = 'revoke' AND e.requested_at < ").bind(from).push(")");
        }
        if let Some(before) = &filter.revoked_before {
            query.push(" AND requested_at < ").bind(before);
        }
        query.push(")");
    }
    if let Some(delivery) = filter.delivery {
        push_delivery(query, delivery);
    }
    if let Some(platform) = filter.platform {
        push_platform(query, platform, by.small_platform);
    }
    if let Some(group) = filter.group {
        let (user, device) = ("certificates.user_id", "certificates.device_id");
        match by.group {
            InGroup::Gathered => fleet::push_of_members(query, user, device, group),
            InGroup::Listed => fleet::push_in_group(query, "certificates.id", "certificates", group),
            InGroup::RowByRow(within) => {
                query.push(" AND ");
                push_in_any(query, within, Some(user), Some(device));
            }
        }
    }
    seen.push(query, Some("certificates.user_id"), Some("certificates.device_id"));
}

fn push_delivery(query: &mut Sql, delivery: Delivery) {
    query.push(match delivery {
        Delivery::Failing => {
            " AND certificates.id IN (SELECT certificate_id FROM copies WHERE state = 'failed')"
        }
        Delivery::Pending => {
            " AND certificates.id IN (SELECT certificate_id FROM copies WHERE state IN ('pending', 'offered', 'missing'))
              AND NOT EXISTS (SELECT 1 FROM copies f WHERE f.certificate_id = certificates.id AND f.state = 'failed')"
        }
        Delivery::Installed => {
            " AND certificates.on_device
              AND NOT EXISTS (SELECT 1 FROM copies f WHERE f.certificate_id = certificates.id
                              AND f.state IN ('failed', 'pending', 'offered', 'missing'))"
        }
        Delivery::Nowhere => " AND NOT certificates.on_device",
    });
}

fn push_platform(query: &mut Sql, platform: Platform, small: bool) {
    if small {
        query.push(
            " AND certificates.id IN (SELECT it.id FROM devices d JOIN certificates it ON it.device_id = d.id
              WHERE d.platform = ",
        );
        query.bind(&platform);
        query.push(
            " UNION SELECT k.certificate_id FROM devices d JOIN copies k ON k.device_id = d.id
              JOIN certificates it ON it.id = k.certificate_id
              WHERE it.device_id IS NULL AND k.state <> 'removed' AND d.platform = ",
        );
        query.bind(&platform).push(")");
        return;
    }
    query.push(" AND (EXISTS (SELECT 1 FROM devices d WHERE d.id = certificates.device_id AND d.platform = ");
    query.bind(&platform);
    query.push(
        ") OR certificates.device_id IS NULL AND EXISTS (SELECT 1 FROM copies k JOIN devices d ON d.id = k.device_id
           WHERE k.certificate_id = certificates.id AND k.state <> 'removed' AND d.platform = ",
    );
    query.bind(&platform).push("))");
}

/// SQLite uses the indexes of those that are not good when it is told that these are meant.
const NOT_VALID: &str = " AND certificates.status <> 'valid'";

fn push_state(query: &mut Sql, state: CertificateState, now: Timestamp, expiry: &'static str) {
    match state {
        CertificateState::Valid => {
            query.push(" AND certificates.status = 'valid' AND ").push(expiry).push(" > ").bind(&now);
        }
        CertificateState::Expiring => {
            query.push(" AND certificates.status = 'valid' AND ").push(expiry).push(" > ").bind(&now);
            query.push(" AND ").push(expiry).push(" <= ").bind(&now.plus(SOON));
        }
        CertificateState::Overdue => {
            query.push(" AND certificates.standing = 'current' AND certificates.status = 'valid'");
            query.push(" AND certificates.renew_at < ").bind(&now.minus(RENEWAL_GRACE));
            query.push(" AND ").push(expiry).push(" > ").bind(&now);
        }
        CertificateState::Held => {
            query.push(" AND certificates.status = 'held'").push(NOT_VALID);
        }
        CertificateState::Revoked => {
            query.push(" AND certificates.status = 'revoked'").push(NOT_VALID);
        }
        CertificateState::Expired => {
            query.push(" AND certificates.status <> 'revoked' AND ").push(expiry).push(" <= ").bind(&now);
        }
    }
}
