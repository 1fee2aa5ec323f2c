//! What HTTP servers answer to those who ask them: read within a bound, and why none came.

/// The most characters that are told of why no answer came.
const TOLD: usize = 400;

/// Why the body of an answer was not read.
#[derive(Debug)]
pub enum Unread {
    /// It is longer than was to be read.
    TooLong,
    /// The connection broke.
    Broken(reqwest::Error),
}

/// The body of an answer, of so many octets at the most.
///
/// # Errors
/// When it is longer, or does not come whole.
pub async fn read(mut response: reqwest::Response, most: usize) -> Result<Vec<u8>, Unread> {
    let mut octets = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(Unread::Broken)? {
        if octets.len() + chunk.len() > most {
            return Err(Unread::TooLong);
        }
        octets.extend_from_slice(&chunk);
    }
    Ok(octets)
}

/// The whole chain of causes, without the address, which says nothing new.
#[must_use]
pub fn reasons(error: reqwest::Error) -> String {
    let error = error.without_url();
    let mut text = error.to_string();
    let mut cause: Option<&dyn std::error::Error> = std::error::Error::source(&error);
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text.chars().take(TOLD).collect()
}
