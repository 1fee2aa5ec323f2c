//! A profile field by field in words, and how two versions differ.

use certporter_model::profile::ProfileDraft;
use leptos::prelude::*;
use serde_json::Value;

use super::words;
use crate::ui::table::Table;

/// A field in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// Its name in JSON.
    pub field: &'static str,
    /// What it is called.
    pub label: &'static str,
    /// Its value, in lines.
    pub values: Vec<String>,
}

/// A field that differs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// What it is called.
    pub label: &'static str,
    /// What it was.
    pub old: Vec<String>,
    /// What it is.
    pub new: Vec<String>,
}

/// Every field, in the editor's order.
#[must_use]
pub fn lines(draft: &ProfileDraft) -> Vec<Line> {
    let one = |text: &str| if text.is_empty() { Vec::new() } else { vec![text.to_owned()] };
    let sans = draft
        .subject_alternative_names
        .iter()
        .map(|san| format!("{}: {}", words::san_kind(san.kind), san.value));
    let platforms = draft.platforms.iter().map(|it| crate::ui::words::platform(*it).to_owned());
    let features = draft.features.iter().map(|it| crate::ui::words::feature(*it).to_owned());
    let line = |field, label, values| Line { field, label, values };
    vec![
        line("name", "Name", one(&draft.name)),
        line("description", "Description", one(&draft.description)),
        line("subject_type", "The certificate names", one(words::subject_type(draft.subject_type))),
        line("key_scope", "Key scope", one(words::key_scope(draft.key_scope))),
        line("subject", "Subject", one(&draft.subject)),
        line("subject_alternative_names", "Subject alternative names", sans.collect()),
        line("strong_mapping", "SID for strong mapping", one(words::strong_mapping(draft.strong_mapping))),
        line("key_algorithm", "Key algorithm", one(words::key_algorithm(draft.key_algorithm))),
        line("key_usage", "Key usage", words::key_usage(draft.key_usage)),
        line(
            "extended_key_usages",
            "Extended key usage",
            draft.extended_key_usages.iter().map(|oid| words::usage(oid)).collect(),
        ),
        line("validity_days", "Validity", one(&format!("{} days", draft.validity_days))),
        line(
            "renewal_threshold_percent",
            "Renewal threshold",
            one(&format!("{} % of the validity left", draft.renewal_threshold_percent)),
        ),
        line("keep_key_on_renewal", "Renewal keeps the key", one(words::yes(draft.keep_key_on_renewal))),
        line("platforms", "Platforms", platforms.collect()),
        line("features", "Features", features.collect()),
        line("feature_settings", "Set-up on devices", super::set_up_form::lines(&draft.feature_settings)),
        line("pfx_format", "PFX format", one(words::pfx_format(draft.pfx_format))),
        line("escrow", "Escrow", one(words::escrow(draft.escrow))),
        line("deliver_history", "Earlier keys for new devices", one(words::yes(draft.deliver_history))),
        line("ca", "Issuing CA", one(&draft.ca)),
        line("template", "Template", one(&draft.template)),
        line("connector_pool", "Connector pool", one(&draft.connector_pool)),
        line("user_may_reissue", "Users may reissue", one(words::yes(draft.user_may_reissue))),
    ]
}

/// Where two versions differ.
#[must_use]
pub fn differences(old: &ProfileDraft, new: &ProfileDraft) -> Vec<Difference> {
    lines(old)
        .into_iter()
        .zip(lines(new))
        .filter(|(old, new)| old.values != new.values)
        .map(|(old, new)| Difference { label: new.label, old: old.values, new: new.values })
        .collect()
}

/// Both changes of a profile: each field as whoever changed it left it, and as `mine` where both did.
#[must_use]
pub fn merged(base: &ProfileDraft, theirs: &ProfileDraft, mine: &ProfileDraft) -> Option<ProfileDraft> {
    let object = |draft: &ProfileDraft| match serde_json::to_value(draft) {
        Ok(Value::Object(fields)) => Some(fields),
        _ => None,
    };
    let (base, theirs, mut mine) = (object(base)?, object(theirs)?, object(mine)?);
    for (field, value) in &mut mine {
        if base.get(field) == Some(&*value)
            && let Some(changed) = theirs.get(field)
        {
            *value = changed.clone();
        }
    }
    serde_json::from_value(Value::Object(mine)).ok()
}

/// The differences as a table.
#[component]
pub fn Differences(
    /// What it shows, for those who hear it.
    label: &'static str,
    /// Where two versions differ.
    of: Vec<Difference>,
) -> AnyView {
    view! {
        <Table label columns=&["Field", "Before", "After"]>
            {of
                .into_iter()
                .map(|one| {
                    view! {
                        <tr>
                            <td class="name">{one.label}</td>
                            <td data-label="Before:">{texts(one.old)}</td>
                            <td data-label="After:">{texts(one.new)}</td>
                        </tr>
                    }
                })
                .collect_view()}
        </Table>
    }
    .into_any()
}

/// Values one under another; none is said.
pub fn texts(values: Vec<String>) -> AnyView {
    if values.is_empty() {
        return view! { <span class="quiet">"none"</span> }.into_any();
    }
    values.into_iter().map(|value| view! { <div>{value}</div> }).collect_view().into_any()
}

#[cfg(test)]
mod tests {
    use super::super::presets::named;
    use super::*;

    fn draft() -> ProfileDraft {
        named("network").unwrap().draft()
    }

    #[test]
    fn every_field_of_a_profile_is_compared() {
        let Value::Object(fields) = serde_json::to_value(draft()).unwrap() else { panic!("no object") };
        let lines = lines(&draft());
        for field in fields.keys() {
            assert!(lines.iter().any(|line| line.field == field), "{field} is not compared");
        }
        assert_eq!(differences(&draft(), &draft()), []);
        let shorter = ProfileDraft { validity_days: 90, ..draft() };
        let expected =
            Difference { label: "Validity", old: vec!["365 days".into()], new: vec!["90 days".into()] };
        assert_eq!(differences(&draft(), &shorter), [expected]);
    }

    #[test]
    fn both_changes_are_kept_and_mine_where_both_changed_the_same() {
        let theirs = ProfileDraft { validity_days: 90, ca: "theirs".to_owned(), ..draft() };
        let mine = ProfileDraft { name: "Mine".to_owned(), ca: "mine".to_owned(), ..draft() };
        let both = merged(&draft(), &theirs, &mine).unwrap();
        assert_eq!((both.validity_days, both.name.as_str(), both.ca.as_str()), (90, "Mine", "mine"));
    }
}
