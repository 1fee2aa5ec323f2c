//! What somebody else saved while a form was open: both versions, so that nothing is overwritten unseen.

use certporter::service::ServiceError;
use certporter::service::audit::{self, AuditQuery, AuditView};
use certporter_model::{FieldErrors, Timestamp};
use http::StatusCode;
use leptos::prelude::*;

use crate::pages::asked::{Asked, form_errors};
use crate::ui::notice::{Notice, Tone};
use crate::ui::table::Table;
use crate::ui::time::Moment;

/// What is there now, beside what was typed.
#[derive(Debug, Clone)]
pub struct Changed {
    /// Who changed it, and when, where the caller may know.
    pub by: Option<(String, Timestamp)>,
    /// The version that is there now.
    pub version: i64,
    /// Fields that differ: name, what is there now, what was typed.
    pub differences: Vec<(String, String, String)>,
}

/// What a form's fields hold, by their names.
type Values = Vec<(String, String)>;

/// Something that is there, as the audit trail knows it.
#[derive(Debug, Clone)]
pub struct There<'t> {
    kind: &'t str,
    id: Option<String>,
    named: Option<(&'t str, &'t str)>,
    version: i64,
}

impl<'t> There<'t> {
    /// One of a kind, in its present version.
    #[must_use]
    pub fn one(kind: &'t str, id: &impl ToString, version: i64) -> Self {
        Self { kind, id: Some(id.to_string()), named: None, version }
    }

    /// What there is only once.
    #[must_use]
    pub fn only(kind: &'t str, version: i64) -> Self {
        Self { kind, id: None, named: None, version }
    }

    /// What events about it tell apart by this detail.
    #[must_use]
    pub fn named(self, detail: &'t str, value: &'t str) -> Self {
        Self { named: Some((detail, value)), ..self }
    }
}

/// How a form is shown again that was not saved.
#[derive(Debug, Clone)]
pub struct Again {
    /// The answer's status.
    pub status: StatusCode,
    /// What somebody else saved since the form was opened, if that is why.
    pub changed: Option<Changed>,
    /// What is wrong with what was typed, otherwise.
    pub errors: FieldErrors,
}

impl Again {
    /// A form whose values are wrong.
    ///
    /// # Errors
    /// What a form can't show.
    pub fn wrong(error: ServiceError) -> Result<Self, ServiceError> {
        Ok(Self { status: StatusCode::UNPROCESSABLE_ENTITY, changed: None, errors: form_errors(error)? })
    }

    /// The form of something that is there: what it holds now, and what was typed, both by the names of their fields.
    ///
    /// # Errors
    /// What a form can't show.
    pub async fn of(
        asked: &Asked,
        error: ServiceError,
        there: There<'_>,
        (now, typed): (Values, Values),
    ) -> Result<Self, ServiceError> {
        if !matches!(error, ServiceError::Stale { .. }) {
            return Self::wrong(error);
        }
        let changed = Some(since(asked, there, &now, &typed).await);
        Ok(Self { status: StatusCode::CONFLICT, changed, errors: FieldErrors::new() })
    }
}

/// Compares what is there now with what was typed, both by the names of their fields.
async fn since(asked: &Asked, there: There<'_>, now: &Values, typed: &Values) -> Changed {
    let There { kind, id, named, version } = there;
    let query = AuditQuery { target_kind: Some(kind.to_owned()), target_id: id, ..AuditQuery::default() };
    // Whoever may not read the audit trail sees the versions all the same.
    let events = audit::list(&asked.portal, &asked.caller, &query).await.map(|page| page.data);
    let about = |event: &AuditView| named.is_none_or(|(detail, value)| event.details[detail] == value);
    let last = events.unwrap_or_default().into_iter().find(about);
    let by = last.map(|event| (event.actor_name, event.at));
    Changed { by, version, differences: differences(now, typed) }
}

fn differences(now: &[(String, String)], typed: &[(String, String)]) -> Vec<(String, String, String)> {
    let value = |of: &[(String, String)], name: &str| {
        of.iter().find(|(key, _)| key == name).map(|(_, value)| value.clone()).unwrap_or_default()
    };
    let mut names: Vec<&String> = now.iter().chain(typed).map(|(name, _)| name).collect();
    let mut seen = std::collections::BTreeSet::new();
    names.retain(|name| seen.insert(*name));
    let each = names.into_iter().map(|name| (name.clone(), value(now, name), value(typed, name)));
    each.filter(|(_, now, typed)| now != typed).collect()
}

/// Says so above the form.
#[component]
pub fn ChangedSince(
    /// What differs.
    changed: Changed,
) -> AnyView {
    let shown = |text: String| if text.is_empty() { "(empty)".to_owned() } else { text };
    view! {
        <Notice tone=Tone::Wary>
            <p>
                {match changed.by {
                    Some((name, at)) => {
                        view! {
                            "Changed by "
                            <strong>{name}</strong>
                            " "
                            <Moment at/>
                            ", since you opened it."
                        }
                            .into_any()
                    }
                    None => view! { "Changed by somebody else since you opened it." }.into_any(),
                }}
                " Nothing was saved. Your values are still in the form: save again to put them in place of what is there now."
            </p>
        </Notice>
        {if changed.differences.is_empty() {
            view! { <p class="quiet">"What you typed is what is there now."</p> }.into_any()
        } else {
            view! {
                <Table label="Both versions" columns=&["Field", "There now", "Yours"]>
                    {changed
                        .differences
                        .into_iter()
                        .map(|(name, now, typed)| {
                            view! {
                                <tr>
                                    <td class="name">{name}</td>
                                    <td data-label="There now:">{shown(now)}</td>
                                    <td data-label="Yours:">{shown(typed)}</td>
                                </tr>
                            }
                        })
                        .collect_view()}
                </Table>
            }
                .into_any()
        }}
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_differs_is_told_with_both_versions() {
        let of = |pairs: &[(&str, &str)]| {
            pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect::<Vec<_>>()
        };
        let now = of(&[("Name", "Anna"), ("E-mail", "anna@example.org")]);
        let typed = of(&[("Name", "Anna"), ("E-mail", "a@example.org"), ("Attribute room", "7")]);
        let expected = [("E-mail", "anna@example.org", "a@example.org"), ("Attribute room", "", "7")];
        let told = differences(&now, &typed);
        assert_eq!(told, expected.map(|(a, b, c)| (a.to_owned(), b.to_owned(), c.to_owned())));
    }
}
