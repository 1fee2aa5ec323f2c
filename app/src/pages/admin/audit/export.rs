//! `/audit/export.csv`: what matches the filter as a file (RFC 4180), sent as it is read.

use std::io;

use axum::body::Body;
use axum::extract::Query;
use axum::response::{IntoResponse, Response};
use certporter::service::audit::{self, AuditQuery, AuditView};
use futures::{StreamExt as _, stream};
use http::{HeaderValue, header};

use super::list::Filter;
use crate::pages::asked::Asked;

/// Events that are read at a time.
const CHUNK: u32 = 200;

const HEADER: &str = "at,actor_kind,actor_id,actor,permission,address,action,target_kind,target_id,details,event_id,sha256\r\n";

/// Where the reading is.
enum Place {
    Begin(AuditQuery),
    Next(AuditQuery),
    End,
}

/// Sends it.
pub async fn get(asked: Asked, Query(filter): Query<Filter>) -> Response {
    let query = AuditQuery { cursor: None, limit: Some(CHUNK), ..filter.query() };
    if let Err(error) = audit::export(&asked.portal, &asked.caller, &query).await {
        return asked.refuse(error).await;
    }
    let rows = stream::unfold((asked, Place::Begin(query)), |(asked, place)| async move {
        let (query, mut text) = match place {
            Place::Begin(query) => (query, HEADER.to_owned()),
            Place::Next(query) => (query, String::new()),
            Place::End => return None,
        };
        match audit::list(&asked.portal, &asked.caller, &query).await {
            Ok(page) => {
                page.data.iter().for_each(|event| line(&mut text, event));
                let place = match page.next {
                    Some(next) => Place::Next(AuditQuery { cursor: Some(next), ..query }),
                    None => Place::End,
                };
                Some((Ok(text), (asked, place)))
            }
            // The file breaks off, so that nobody takes a part for the whole.
            Err(error) => Some((Err(io::Error::other(error.to_string())), (asked, Place::End))),
        }
    });
    // Compression asks once more after the end.
    let mut response = Body::from_stream(rows.fuse()).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/csv; charset=utf-8; header=present"));
    headers
        .insert(header::CONTENT_DISPOSITION, HeaderValue::from_static("attachment; filename=\"audit.csv\""));
    response
}

fn line(text: &mut String, event: &AuditView) {
    let cells = [
        event.at.to_string(),
        event.actor_kind.clone(),
        event.actor_id.map(|id| id.to_string()).unwrap_or_default(),
        event.actor_name.clone(),
        event.permission.as_str().to_owned(),
        event.address.clone().unwrap_or_default(),
        event.action.clone(),
        event.target_kind.clone(),
        event.target_id.map(|id| id.to_string()).unwrap_or_default(),
        event.details.to_string(),
        event.id.to_string(),
        event.digest.to_string(),
    ];
    text.push_str(&cells.iter().map(|text| cell(text)).collect::<Vec<_>>().join(","));
    text.push_str("\r\n");
}

/// A cell: in quotes where it must be, and never a formula to a spreadsheet.
fn cell(text: &str) -> String {
    let formula = text.starts_with(['=', '+', '-', '@', '\t', '\r']);
    let text = if formula { format!("'{text}") } else { text.to_owned() };
    if text.contains(['"', ',', '\r', '\n']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text }
}

#[cfg(test)]
mod tests {
    use super::cell;

    #[test]
    fn a_cell_stays_a_cell() {
        for (text, written) in [
            ("plain", "plain"),
            ("a,b", "\"a,b\""),
            ("say \"hi\"\n", "\"say \"\"hi\"\"\n\""),
            ("=1+1", "'=1+1"),
            ("@SUM(A1), x", "\"'@SUM(A1), x\""),
        ] {
            assert_eq!(cell(text), written);
        }
    }
}
