//! A change in two steps: first what would follow is shown, then it is done if that is still so.
//!
//! The form of a change goes to its own address. Without a digest nothing is done and the answer is a page with
//! [`crate::ui::consequences::Preview`], whose form goes to the same address with the same values and the digest.
//!
//! ```text
//! let operation = |portal: Portal| async move { devices::block(&portal, &asked.caller, id, &draft).await };
//! match preview_or_do(&asked, &form.digest, operation).await {
//!     Ok(Outcome::Done(device)) => Redirect::to(..).into_response(),
//!     Ok(Outcome::Show(shown)) => asked.renderer.page(StatusCode::OK, move || page(shown.clone(), ..)).await,
//!     Err(error) => ..
//! }
//! ```

use certporter::service::consequences::{Consequences, PATIENCE, concluded};
use certporter::service::portal::Intent;
use certporter::service::{Portal, ServiceError};
use certporter_model::FieldErrors;
use certporter_model::thumbprint::ContentDigest;
use serde::Serialize;
use serde_json::Value;

use super::asked::Asked;
use crate::ui::consequences::Shown;

/// What became of a change.
#[derive(Debug)]
#[allow(clippy::large_enum_variant, reason = "one is made for a form that is sent, and taken apart at once")]
pub enum Outcome<T> {
    /// It was done.
    Done(T),
    /// Nothing was done: this is what would follow.
    Show(Shown),
}

/// Finds out what would follow when `digest` is empty; else does it, if what follows is what was shown under that
/// digest. The operation is given the portal that it is to be asked of.
///
/// # Errors
/// Whatever the operation refuses for; a digest that is none.
pub async fn preview_or_do<T, F>(
    asked: &Asked,
    digest: &str,
    operation: impl FnOnce(Portal) -> F,
) -> Result<Outcome<T>, ServiceError>
where
    F: Future<Output = Result<T, ServiceError>> + Send,
{
    let Some(shown) = digest_of(digest)? else {
        let outcome = operation(asked.portal.with_intent(Intent::Rehearse)).await;
        return rehearsed(asked, outcome).await;
    };
    held_to(operation(asked.portal.with_intent(Intent::DoIf(shown))).await)
}

/// As [`preview_or_do`], but what has no consequences is done at once: for edits that seldom have any.
///
/// # Errors
/// As [`preview_or_do`].
pub async fn do_or_preview<T, F>(
    asked: &Asked,
    digest: &str,
    operation: impl Fn(Portal) -> F,
) -> Result<Outcome<T>, ServiceError>
where
    F: Future<Output = Result<T, ServiceError>> + Send,
{
    let shown = digest_of(digest)?;
    let expected = shown.unwrap_or_else(|| Consequences::default().digest);
    let outcome = held_to(operation(asked.portal.with_intent(Intent::DoIf(expected))).await)?;
    Ok(match outcome {
        Outcome::Show(first) if shown.is_none() && first.consequences.counting.is_some() => {
            rehearsed(asked, operation(asked.portal.with_intent(Intent::Rehearse)).await).await?
        }
        Outcome::Show(first) if shown.is_none() => Outcome::Show(Shown { changed: false, ..first }),
        other => other,
    })
}

fn digest_of(text: &str) -> Result<Option<ContentDigest>, ServiceError> {
    if text.trim().is_empty() {
        return Ok(None);
    }
    let wrong = |_| FieldErrors::one("", "the form was not sent whole: open the page again");
    Ok(Some(text.parse().map_err(wrong)?))
}

async fn rehearsed<T, U>(
    asked: &Asked,
    outcome: Result<T, ServiceError>,
) -> Result<Outcome<U>, ServiceError> {
    let consequences = concluded(&asked.portal, outcome, PATIENCE).await?;
    Ok(Outcome::Show(Shown { consequences, changed: false }))
}

fn held_to<T>(outcome: Result<T, ServiceError>) -> Result<Outcome<T>, ServiceError> {
    match outcome {
        Ok(done) => Ok(Outcome::Done(done)),
        Err(ServiceError::ConsequencesChanged(consequences)) => {
            Ok(Outcome::Show(Shown { consequences: *consequences, changed: true }))
        }
        Err(error) => Err(error),
    }
}

/// What a form holds as hidden fields of the next step: everything but its digest.
#[must_use]
pub fn fields_of(form: &impl Serialize) -> Vec<(String, String)> {
    let Ok(Value::Object(values)) = serde_json::to_value(form) else { return Vec::new() };
    let fields = values.into_iter().filter(|(name, _)| name != "digest");
    fields
        .flat_map(|(name, value)| {
            let values = if let Value::Array(values) = value { values } else { vec![value] };
            values.into_iter().filter_map(text).map(move |text| (name.clone(), text)).collect::<Vec<_>>()
        })
        .collect()
}

fn text(value: Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text),
        Value::Bool(_) | Value::Number(_) => Some(value.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Serialize)]
    struct Form {
        explanation: String,
        features: Vec<String>,
        version: i64,
        owner: Option<String>,
        digest: String,
    }

    #[test]
    fn the_next_step_carries_what_was_typed() {
        let form = Form {
            explanation: "stolen \"yesterday\"".to_owned(),
            features: vec!["vpn".to_owned(), "wifi".to_owned()],
            version: 3,
            owner: None,
            digest: "00".to_owned(),
        };
        let mut fields = fields_of(&form);
        fields.sort();
        let expected = [
            ("explanation", "stolen \"yesterday\""),
            ("features", "vpn"),
            ("features", "wifi"),
            ("version", "3"),
        ];
        assert_eq!(fields, expected.map(|(name, value)| (name.to_owned(), value.to_owned())));
    }

    #[test]
    fn a_digest_that_is_none_is_refused() {
        assert!(matches!(digest_of(""), Ok(None)));
        assert!(digest_of("nonsense").is_err());
    }
}
