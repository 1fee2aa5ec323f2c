//! A form with a file, as browsers send it (RFC 7578): texts only, in one piece, within the limit of every body.

use std::collections::BTreeMap;

use axum::body::Bytes;
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::response::Response;
use certporter::service::ServiceError;
use http::header;

use super::asked::{Asked, PagesState};

/// What was sent, by the names of the fields. A file is its text.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Upload(BTreeMap<String, String>);

impl Upload {
    /// The value of a field; empty when there is none.
    #[must_use]
    pub fn one(&self, name: &str) -> &str {
        self.0.get(name).map_or("", String::as_str)
    }
}

impl FromRequest<PagesState> for Upload {
    type Rejection = Response;

    async fn from_request(request: Request, state: &PagesState) -> Result<Self, Response> {
        let (mut parts, body) = request.into_parts();
        let Ok(asked) = <Asked as FromRequestParts<PagesState>>::from_request_parts(&mut parts, state).await;
        let boundary = parts
            .headers
            .get(header::CONTENT_TYPE)
            .and_then(|value| value.to_str().ok())
            .and_then(boundary)
            .map(str::to_owned);
        let octets = match Bytes::from_request(Request::from_parts(parts, body), state).await {
            Ok(octets) => octets,
            Err(error) => return Err(asked.refuse(ServiceError::field("", error.body_text())).await),
        };
        let sent =
            boundary.ok_or("the form was not sent as one with a file").and_then(|it| read(&it, &octets));
        match sent {
            Ok(fields) => Ok(Self(fields)),
            Err(wrong) => Err(asked.refuse(ServiceError::field("", wrong)).await),
        }
    }
}

/// The boundary of `multipart/form-data; boundary=..`.
fn boundary(content_type: &str) -> Option<&str> {
    let mut parts = content_type.split(';').map(str::trim);
    parts.next().filter(|kind| kind.eq_ignore_ascii_case("multipart/form-data"))?;
    let boundary = parts.find_map(|part| part.strip_prefix("boundary="))?.trim_matches('"');
    (!boundary.is_empty() && boundary.len() <= 70).then_some(boundary)
}

const BROKEN: &str = "the form came in pieces that don't fit together: send it again";

fn read(boundary: &str, octets: &[u8]) -> Result<BTreeMap<String, String>, &'static str> {
    let text = std::str::from_utf8(octets).map_err(|_| "the file is no text in UTF-8: save it as UTF-8")?;
    let mut fields = BTreeMap::new();
    let delimiter = format!("--{boundary}");
    let between = format!("\r\n{delimiter}");
    let mut rest = text.strip_prefix(delimiter.as_str()).ok_or(BROKEN)?;
    while !rest.starts_with("--") {
        let part = rest.strip_prefix("\r\n").ok_or(BROKEN)?;
        let (part, after) = part.split_once(between.as_str()).ok_or(BROKEN)?;
        let (head, value) = part.split_once("\r\n\r\n").ok_or(BROKEN)?;
        let name = head.lines().find_map(field_name).ok_or(BROKEN)?;
        // What editors on Windows put before a text.
        let value = value.strip_prefix('\u{feff}').unwrap_or(value);
        fields.entry(name).or_insert_with(|| value.to_owned());
        rest = after;
    }
    Ok(fields)
}

/// The field's name in `Content-Disposition: form-data; name="json"; filename="a.json"`.
fn field_name(line: &str) -> Option<String> {
    let (header, value) = line.split_once(':')?;
    if !header.eq_ignore_ascii_case("content-disposition") {
        return None;
    }
    let name = value.split(';').map(str::trim).find_map(|part| part.strip_prefix("name=\""))?;
    Some(name.strip_suffix('"')?.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_and_a_field_are_read_as_browsers_send_them() {
        let sent = "--x7\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a; name=b.json\"\r\n\
                    Content-Type: application/json\r\n\r\n\u{feff}{\"a\": 1}\r\n--\r\n\r\n--x7\r\n\
                    Content-Disposition: form-data; name=\"json\"\r\n\r\n\r\n--x7--\r\n";
        let fields = read("x7", sent.as_bytes()).unwrap();
        assert_eq!(fields["file"], "{\"a\": 1}\r\n--\r\n");
        assert_eq!(fields["json"], "");
    }

    #[test]
    fn what_is_no_such_form_is_refused() {
        assert_eq!(boundary("multipart/form-data; boundary=\"a b\""), Some("a b"));
        assert_eq!(boundary("text/plain; boundary=a"), None);
        for sent in ["", "--x7", "--x7\r\nContent", "--x7\r\nA: b\r\n\r\nc\r\n--x7--", "x7--"] {
            assert!(read("x7", sent.as_bytes()).is_err(), "{sent:?}");
        }
        assert!(
            read("x7", b"--x7\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n\xff\r\n--x7--").is_err()
        );
    }
}
