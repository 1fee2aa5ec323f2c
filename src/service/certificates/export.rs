//! Everything that matches, as CSV (RFC 4180): in portions, so that a million rows need no more memory than a hundred.

use certporter_model::access::{Caller, Visibility};
use certporter_model::subject_alternative_name::SubjectAlternativeName;
use certporter_model::{CertificateId, Timestamp};
use futures::Stream;

use super::list::CertificatesQuery;
use super::names;
use crate::service::csv;
use crate::service::error::ServiceError;
use crate::service::names::Names;
use crate::service::operation::Operation;
use crate::service::portal::Portal;
use crate::store::certificate_search;
use crate::store::certificates::{Certificate, CertificateFilter};
use crate::store::{AuditEvent, SortedPage, Target};

/// Rows of a portion.
const PORTION: u32 = 500;

const HEADINGS: [&str; 15] = [
    "id",
    "serial_number",
    "subject",
    "alternative_names",
    "profile",
    "user_name",
    "user",
    "device",
    "status",
    "reason",
    "valid_from",
    "valid_until",
    "recorded_at",
    "sha256_thumbprint",
    "sha1_thumbprint",
];

/// An export in progress.
pub struct Export {
    portal: Portal,
    visibility: Visibility,
    query: CertificatesQuery,
    filter: CertificateFilter,
    place: Place,
}

enum Place {
    Headings,
    After(Option<(crate::store::SortKey, CertificateId)>),
    End,
}

/// Begins the export of all certificates of a query that the caller may see. What is exported is noted in the audit
/// trail before the first row leaves.
///
/// # Errors
/// When the caller may not.
pub async fn export(
    portal: &Portal,
    caller: &Caller,
    query: &CertificatesQuery,
) -> Result<Export, ServiceError> {
    let visibility = Operation::CertificatesExport.visibility(caller)?;
    let permit = Operation::CertificatesExport.own(caller)?;
    let now = portal.now();
    let event = AuditEvent::new(now, Operation::CertificatesExport.name(), Target::none("certificates"))
        .with("query", serde_json::to_value(query).unwrap_or_default());
    portal.db().write(&permit).await?.commit(event).await?;
    let query = CertificatesQuery { cursor: None, limit: None, ..query.clone() };
    let filter = query.filter(now);
    Ok(Export { portal: portal.clone(), visibility, query, filter, place: Place::Headings })
}

impl Export {
    /// The next portion; none at the end.
    ///
    /// # Errors
    /// When the database refuses. What was given out before is right, but not all of it.
    async fn next(&mut self) -> Result<Option<String>, ServiceError> {
        let after = match &self.place {
            Place::Headings => {
                self.place = Place::After(None);
                return Ok(Some(csv::line(&HEADINGS.map(str::to_owned))));
            }
            Place::After(after) => after.clone(),
            Place::End => return Ok(None),
        };
        let order = self.query.order();
        let page = SortedPage { after, limit: PORTION, descending: order.is_descending() };
        let mut conn = self.portal.db().read().await?;
        let (by, filter) = (order.by(), &self.filter);
        let rows = certificate_search::find(&mut conn, &self.visibility, filter, by, &page).await?;
        let full = rows.len() >= usize::try_from(PORTION).unwrap_or(usize::MAX);
        self.place = match rows.last().filter(|_| full) {
            Some(last) => Place::After(Some((by.key_of(last), last.id))),
            None => Place::End,
        };
        let names = names(&mut conn, &rows).await?;
        Ok(Some(rows.iter().map(|row| csv::line(&fields(row, &names))).collect()))
    }
}

impl Export {
    /// All portions, read as fast as they are taken.
    pub fn portions(self) -> impl Stream<Item = std::io::Result<String>> + Send {
        futures::stream::try_unfold(self, |mut export| async move {
            let portion = export.next().await.map_err(std::io::Error::other)?;
            Ok(portion.map(|portion| (portion, export)))
        })
    }
}

fn fields(row: &Certificate, names: &Names) -> [String; 15] {
    let user = names.user(row.user_id);
    let alternative: Vec<&str> = row.sans.iter().map(SubjectAlternativeName::value).collect();
    let time = |at: Timestamp| at.to_string();
    [
        row.id.to_string(),
        row.serial.to_string(),
        row.subject.clone(),
        alternative.join(" "),
        names.profile(row.profile_id).name,
        user.as_ref().map(|user| user.user_name.clone()).unwrap_or_default(),
        user.map(|user| user.display_name).unwrap_or_default(),
        names.device(row.device_id).map(|device| device.name).unwrap_or_default(),
        row.status.as_str().to_owned(),
        row.reason.map(|reason| reason.as_str().to_owned()).unwrap_or_default(),
        time(row.not_before),
        time(row.not_after),
        time(row.created_at),
        row.thumbprint.to_string(),
        row.sha1_thumbprint.to_string(),
    ]
}
