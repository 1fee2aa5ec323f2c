//! Everything that matches, as CSV (RFC 4180): in portions, so that a million rows need no more memory than a hundred.

use certporter_model::access::{Caller, Visibility};
use certporter_model::subject_alternative_name::SubjectAlternativeName;
use certporter_model::{CertificateId, Timestamp};
use futures::Stream;

use super::list::CertificatesQuery;
use super::names;
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
                return Ok(Some(line(HEADINGS.map(str::to_owned))));
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
        Ok(Some(rows.iter().map(|row| line(fields(row, &names))).collect()))
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

fn line<const N: usize>(fields: [String; N]) -> String {
    let mut line = fields.map(|field| escaped(&field)).join(",");
    line.push_str("\r\n");
    line
}

/// A field as RFC 4180, section 2, has it. Spreadsheets take a field that begins with one of `= + - @` for a formula,
/// and one with an apostrophe before it for a text. A serial number that they would take for a number, and round, is
/// given one too.
fn escaped(field: &str) -> String {
    let formula = field.starts_with(['=', '+', '-', '@', '\t', '\r', '\n']);
    let rounded = field.len() > 11 && field.parse::<f64>().is_ok();
    let text = if formula || rounded { format!("'{field}") } else { field.to_owned() };
    if text.contains(['"', ',', '\r', '\n']) || formula {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_is_quoted_where_it_must_be() {
        for (field, written) in [
            ("anna", "anna"),
            ("CN=Anna,O=X", "\"CN=Anna,O=X\""),
            ("a \"b\"", "\"a \"\"b\"\"\""),
            ("two\r\nlines", "\"two\r\nlines\""),
            ("", ""),
        ] {
            assert_eq!(escaped(field), written);
        }
    }

    #[test]
    fn no_field_is_a_formula() {
        for field in ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "=HYPERLINK(\"http://x\",\"y\")"] {
            let written = escaped(field);
            assert!(written.starts_with("\"'"), "{written}");
        }
        for serial in ["12345678901234567890", "4012345678e1234567890123"] {
            assert_eq!(escaped(serial), format!("'{serial}"));
        }
    }

    #[test]
    fn a_line_ends_as_the_standard_says() {
        assert_eq!(line(["a".to_owned(), "b,c".to_owned()]), "a,\"b,c\"\r\n");
    }
}
