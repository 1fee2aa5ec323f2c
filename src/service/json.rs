//! JSON that people send or bring, with errors that name the field.

use certporter_model::FieldErrors;
use serde::de::DeserializeOwned;

/// Why a text is not the JSON that it should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum JsonFault {
    /// It is no JSON at all: says where.
    Syntax(String),
    /// Fields are unknown, missing or of another type: each by its path.
    Fields(FieldErrors),
}

/// Parses a JSON object; an empty text counts as `{}`.
///
/// # Errors
/// When it is no JSON, or a field is unknown, missing or wrong.
pub fn parse<T: DeserializeOwned>(octets: &[u8]) -> Result<T, JsonFault> {
    let octets = if octets.is_empty() { b"{}" } else { octets };
    // An array would be taken for the fields in their order.
    if octets.iter().find(|octet| !octet.is_ascii_whitespace()) == Some(&b'[') {
        let message = "is a JSON object with named fields, not an array";
        return Err(JsonFault::Fields(FieldErrors::one("body", message)));
    }
    let mut reader = serde_json::Deserializer::from_slice(octets);
    let value = serde_path_to_error::deserialize(&mut reader).map_err(|error| {
        let path = error.path().to_string();
        let inner = error.into_inner();
        match inner.classify() {
            serde_json::error::Category::Data => JsonFault::Fields(data_error(&path, &inner)),
            _ => JsonFault::Syntax(inner.to_string()),
        }
    })?;
    reader.end().map_err(|error| JsonFault::Syntax(error.to_string()))?;
    Ok(value)
}

/// A value in the wrong place: the field is the path; for a field that is unknown or missing, its name.
fn data_error(path: &str, error: &serde_json::Error) -> FieldErrors {
    let text = error.to_string();
    let message = text.split(" at line ").next().unwrap_or(&text);
    let quoted = |start: &str| {
        let rest = message.strip_prefix(start)?;
        rest.split('`').next().map(str::to_owned)
    };
    let base = if path == "." || path == "?" { "" } else { path };
    let below = |name: String| {
        // An unknown field is already the last part of the path; a missing one is not.
        if base.is_empty() {
            name
        } else if base == name || base.ends_with(&format!(".{name}")) {
            base.to_owned()
        } else {
            format!("{base}.{name}")
        }
    };
    if let Some(name) = quoted("unknown field `") {
        let expected = message.split_once(", ").map_or("", |(_, rest)| rest);
        return FieldErrors::one(below(name), format!("there is no such field; {expected}"));
    }
    if let Some(name) = quoted("missing field `") {
        return FieldErrors::one(below(name), "is missing");
    }
    FieldErrors::one(if base.is_empty() { "body" } else { base }, message)
}
