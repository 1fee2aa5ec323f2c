//! Who held what on a day as CSV (RFC 4180): all kinds of rows one after the other, in portions, so that a million of
//! them need no more memory than a hundred.

use certporter_model::access::{Caller, Visibility};
use certporter_model::{AssignmentId, CertificateId, DeviceId, MembershipId, Timestamp};
use futures::Stream;
use uuid::Uuid;

use super::held::{
    HeldQuery, assignment_place, certificate_place, membership_place, ownership_place, shown_assignments,
    shown_certificates, shown_devices, shown_memberships,
};
use super::held_view::{HeldAssignment, HeldCertificate, HeldDevice, HeldMembership};
use crate::service::{Operation, Portal, ServiceError, csv};
use crate::store::held::{self as store, About, Day};
use crate::store::{AuditEvent, SortKey, SortedPage, Target};

/// Rows of a portion.
const PORTION: u32 = 500;

const HEADINGS: [&str; 16] = [
    "kind",
    "user_name",
    "user",
    "device",
    "group",
    "profile",
    "feature",
    "mode",
    "serial_number",
    "subject",
    "from",
    "until",
    "revoked_at",
    "reason",
    "installed_at",
    "removed_at",
];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Certificates,
    Devices,
    Memberships,
    Assignments,
}

impl Kind {
    const fn next(self) -> Option<Self> {
        match self {
            Self::Certificates => Some(Self::Devices),
            Self::Devices => Some(Self::Memberships),
            Self::Memberships => Some(Self::Assignments),
            Self::Assignments => None,
        }
    }
}

enum Place {
    Headings,
    In(Kind, Option<(SortKey, Uuid)>),
    End,
}

/// An export in progress.
pub struct HeldExport {
    portal: Portal,
    visibility: Visibility,
    day: Day,
    about: About,
    place: Place,
}

impl HeldExport {
    /// Begins the export of all that the caller may see. It is noted in the audit trail before the first row leaves.
    ///
    /// # Errors
    /// When the caller may not, or the query is wrong.
    pub async fn begin(portal: &Portal, caller: &Caller, query: &HeldQuery) -> Result<Self, ServiceError> {
        let visibility = Operation::ReportsHeldExport.visibility(caller)?;
        let permit = Operation::ReportsHeldExport.own(caller)?;
        let now = portal.now();
        let (day, whom) = (query.on(now)?, query.whom()?);
        let about = About::of(&mut *portal.db().read().await?, whom, day).await?;
        let event = AuditEvent::new(now, Operation::ReportsHeldExport.name(), Target::none("report"))
            .with("query", serde_json::to_value(query).unwrap_or_default());
        portal.db().write(&permit).await?.commit(event).await?;
        Ok(Self { portal: portal.clone(), visibility, day, about, place: Place::Headings })
    }

    /// All portions, read as fast as they are taken.
    pub fn portions(self) -> impl Stream<Item = std::io::Result<String>> + Send {
        futures::stream::try_unfold(self, |mut export| async move {
            let portion = export.next().await.map_err(std::io::Error::other)?;
            Ok(portion.map(|portion| (portion, export)))
        })
    }

    async fn next(&mut self) -> Result<Option<String>, ServiceError> {
        let (kind, after) = match &self.place {
            Place::Headings => {
                self.place = Place::In(Kind::Certificates, None);
                return Ok(Some(csv::line(&HEADINGS.map(str::to_owned))));
            }
            Place::In(kind, after) => (*kind, after.clone()),
            Place::End => return Ok(None),
        };
        let (text, last) = self.portion(kind, after).await?;
        self.place = match (last, kind.next()) {
            (Some(last), _) => Place::In(kind, Some(last)),
            (None, Some(next)) => Place::In(next, None),
            (None, None) => Place::End,
        };
        Ok(Some(text))
    }

    /// The lines of a portion, and the place of its last row if another portion may follow.
    async fn portion(
        &self,
        kind: Kind,
        after: Option<(SortKey, Uuid)>,
    ) -> Result<(String, Option<(SortKey, Uuid)>), ServiceError> {
        let mut conn = self.portal.db().read().await?;
        let (visibility, about) = (&self.visibility, &self.about);
        Ok(match kind {
            Kind::Certificates => {
                let page = page(after, CertificateId::from_uuid);
                let rows = store::certificates(&mut conn, visibility, about, &page).await?;
                let last = last(&rows, certificate_place);
                let shown = shown_certificates(&mut conn, rows, self.day).await?;
                (shown.iter().map(of_certificate).collect(), last)
            }
            Kind::Devices => {
                let page = page(after, DeviceId::from_uuid);
                let rows = store::ownerships(&mut conn, visibility, about, &page).await?;
                let last = last(&rows, ownership_place);
                (shown_devices(&mut conn, rows).await?.iter().map(of_device).collect(), last)
            }
            Kind::Memberships => {
                let page = page(after, MembershipId::from_uuid);
                let rows = store::memberships(&mut conn, visibility, about, &page).await?;
                let last = last(&rows, membership_place);
                (shown_memberships(&mut conn, rows).await?.iter().map(of_membership).collect(), last)
            }
            Kind::Assignments => {
                let page = page(after, AssignmentId::from_uuid);
                let rows = store::assignments(&mut conn, visibility, about, &page).await?;
                let last = last(&rows, assignment_place);
                (shown_assignments(&mut conn, rows).await?.iter().map(of_assignment).collect(), last)
            }
        })
    }
}

fn page<I>(after: Option<(SortKey, Uuid)>, id: impl Fn(Uuid) -> I) -> SortedPage<I> {
    SortedPage { after: after.map(|(key, last)| (key, id(last))), limit: PORTION, descending: true }
}

fn last<T>(rows: &[T], place: impl Fn(&T) -> (SortKey, Uuid)) -> Option<(SortKey, Uuid)> {
    let full = rows.len() >= usize::try_from(PORTION).unwrap_or(usize::MAX);
    rows.last().filter(|_| full).map(place)
}

fn time(at: Option<Timestamp>) -> String {
    at.map(|at| at.to_string()).unwrap_or_default()
}

/// A line for each copy; for a certificate without one, a line all the same.
fn of_certificate(it: &HeldCertificate) -> String {
    let line = |copy: Option<&super::held_view::HeldCopy>| {
        let on = copy.map(|copy| &copy.device).or(it.device.as_ref());
        csv::line(&[
            if copy.is_some() { "copy" } else { "certificate" }.to_owned(),
            it.user.as_ref().map(|user| user.user_name.clone()).unwrap_or_default(),
            it.user.as_ref().map(|user| user.display_name.clone()).unwrap_or_default(),
            on.map(|device| device.name.clone()).unwrap_or_default(),
            String::new(),
            it.profile.name.clone(),
            copy.map(|copy| copy.feature.as_str().to_owned()).unwrap_or_default(),
            String::new(),
            it.serial.to_string(),
            it.subject.clone(),
            it.valid_from.to_string(),
            it.valid_until.to_string(),
            time(it.revoked_at),
            it.reason.map(|reason| reason.as_str().to_owned()).unwrap_or_default(),
            time(copy.and_then(|copy| copy.installed_at)),
            time(copy.and_then(|copy| copy.removed_at)),
        ])
    };
    if it.copies.is_empty() { line(None) } else { it.copies.iter().map(|copy| line(Some(copy))).collect() }
}

/// A line of which most fields are empty.
fn plain(fields: &[String; 8], from: Timestamp, until: Option<Timestamp>) -> String {
    let mut all = fields.to_vec();
    all.extend([String::new(), String::new(), from.to_string(), time(until)]);
    all.extend([const { String::new() }; 4]);
    csv::line(&all)
}

fn of_device(it: &HeldDevice) -> String {
    let empty = String::new;
    let (user_name, name) = (it.user.user_name.clone(), it.user.display_name.clone());
    let fields =
        ["device".to_owned(), user_name, name, it.device.name.clone(), empty(), empty(), empty(), empty()];
    plain(&fields, it.valid_from, it.valid_until)
}

fn of_membership(it: &HeldMembership) -> String {
    let empty = String::new;
    let user = it.user.as_ref();
    let fields = [
        "membership".to_owned(),
        user.map(|user| user.user_name.clone()).unwrap_or_default(),
        user.map(|user| user.display_name.clone())
            .or_else(|| it.inner.as_ref().map(|group| format!("group {}", group.name)))
            .unwrap_or_default(),
        it.device.as_ref().map(|device| device.name.clone()).unwrap_or_default(),
        it.group.name.clone(),
        empty(),
        empty(),
        empty(),
    ];
    plain(&fields, it.valid_from, it.valid_until)
}

fn of_assignment(it: &HeldAssignment) -> String {
    let empty = String::new;
    let fields = [
        "assignment".to_owned(),
        empty(),
        empty(),
        empty(),
        it.group.name.clone(),
        it.profile.name.clone(),
        empty(),
        it.mode.as_str().to_owned(),
    ];
    plain(&fields, it.valid_from, it.valid_until)
}
