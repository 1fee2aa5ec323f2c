//! A form with a file in it, as browsers send it (RFC 7578).

use axum::extract::Request;
use http::header;

/// A part of the form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// The field's name.
    pub name: String,
    /// What the file is called; empty for a field that is no file.
    pub file_name: String,
    /// What is in it.
    pub content: Vec<u8>,
}

/// Why a form could not be read, and what would be right.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Unreadable(&'static str);

/// Reads a form of at most so many octets.
///
/// # Errors
/// When it is no such form, too long, or ends too soon.
pub async fn read(request: Request, most: usize) -> Result<Vec<Part>, Unreadable> {
    let kind = request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let boundary =
        kind.and_then(boundary).ok_or(Unreadable("the form was not sent with its file: send it again"))?;
    let octets = axum::body::to_bytes(request.into_body(), most)
        .await
        .map_err(|_| Unreadable("the file is too large, or came in part only: split it, or send it again"))?;
    parts(&boundary, &octets).ok_or(Unreadable("the form came in part only: send it again"))
}

/// What separates the parts.
fn boundary(kind: &str) -> Option<String> {
    let (essence, parameters) = kind.split_once(';')?;
    if !essence.trim().eq_ignore_ascii_case("multipart/form-data") {
        return None;
    }
    let value = parameters.split(';').find_map(|it| it.trim().strip_prefix("boundary="))?;
    let value = value.trim_matches('"');
    (1..=70).contains(&value.len()).then(|| value.to_owned())
}

fn parts(boundary: &str, octets: &[u8]) -> Option<Vec<Part>> {
    let delimiter = format!("--{boundary}");
    let mut rest = octets.get(find(octets, delimiter.as_bytes())? + delimiter.len()..)?;
    let between = format!("\r\n{delimiter}");
    let mut found = Vec::new();
    // After the last part the delimiter is followed by two hyphens.
    while !rest.starts_with(b"--") {
        let end = find(rest, between.as_bytes())?;
        found.push(part(rest.get(..end)?.strip_prefix(b"\r\n")?)?);
        rest = rest.get(end + between.len()..)?;
    }
    Some(found)
}

fn part(octets: &[u8]) -> Option<Part> {
    let (head, content) = match find(octets, b"\r\n\r\n") {
        Some(end) => (octets.get(..end)?, octets.get(end + 4..)?),
        None => return None,
    };
    let head = String::from_utf8_lossy(head);
    let line = head.lines().find(|line| line.to_ascii_lowercase().starts_with("content-disposition:"))?;
    let parameter = |name: &str| {
        let start = line.find(&format!("; {name}=\""))? + name.len() + 4;
        let rest = line.get(start..)?;
        Some(rest.get(..rest.find('"')?)?.to_owned())
    };
    Some(Part {
        name: parameter("name")?,
        file_name: parameter("filename").unwrap_or_default(),
        content: content.to_vec(),
    })
}

fn find(octets: &[u8], what: &[u8]) -> Option<usize> {
    octets.windows(what.len()).position(|window| window == what)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_and_files_come_out_as_they_went_in() {
        let body = b"--x1\r\nContent-Disposition: form-data; name=\"text\"\r\n\r\na;b\r\n--x1\r\n\
            Content-Disposition: form-data; name=\"file\"; filename=\"people.csv\"\r\nContent-Type: text/csv\r\n\r\n\
            \xff\r\n--x\r\n\r\n--x1--\r\n";
        let found = parts("x1", body).unwrap();
        assert_eq!((found[0].name.as_str(), found[0].content.as_slice()), ("text", b"a;b".as_slice()));
        assert_eq!(
            (found[1].file_name.as_str(), found[1].content.as_slice()),
            ("people.csv", b"\xff\r\n--x\r\n".as_slice())
        );
        assert_eq!(found.len(), 2);
    }

    #[test]
    fn a_form_that_ends_too_soon_is_none() {
        let whole = "--x\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1\r\n--x--";
        assert!(parts("x", whole.as_bytes()).is_some());
        for end in 0..whole.len() - 1 {
            assert_eq!(parts("x", &whole.as_bytes()[..end]), None, "{end}");
        }
        assert_eq!(boundary("multipart/form-data; boundary=\"a b\"").as_deref(), Some("a b"));
        assert_eq!(boundary("application/x-www-form-urlencoded"), None);
    }
}
