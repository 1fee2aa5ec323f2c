//! What the editor's form holds, as it was typed: from a profile, and to one.

use std::str::FromStr;

use certporter::service::profiles::Follow;
use certporter_model::key::KeyUsage;
use certporter_model::profile::ProfileDraft;
use certporter_model::subject_alternative_name::{SanKind, SanText};
use certporter_model::{FieldErrors, ParseError};

use super::set_up_form::{self, SetUpForm};
use super::words::{USAGES, bits};
use crate::pages::form::Sent;

/// A row of the alternative names.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SanRow {
    /// The kind's word.
    pub kind: String,
    /// The pattern.
    pub value: String,
}

/// The values as they were typed. The names of the fields are those of a profile in JSON.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[allow(missing_docs, reason = "the fields are those of a profile")]
pub struct EditorForm {
    pub name: String,
    pub description: String,
    pub platforms: Vec<String>,
    pub subject_type: String,
    pub key_scope: String,
    pub subject: String,
    pub sans: Vec<SanRow>,
    pub key_algorithm: String,
    pub key_usage: Vec<String>,
    pub usages: Vec<String>,
    pub further_usages: String,
    pub validity_days: String,
    pub renewal_threshold_percent: String,
    pub features: Vec<String>,
    pub set_up: SetUpForm,
    pub escrow: String,
    pub pfx_format: String,
    pub ca: String,
    pub template: String,
    pub connector_pool: String,
    pub user_may_reissue: bool,
    pub strong_mapping: String,
    pub keep_key_on_renewal: bool,
    pub deliver_history: bool,
    pub on_attribute_change: String,
}

/// The profile that was typed, as far as it can be read.
#[derive(Debug, Clone)]
pub struct Read {
    /// The profile. Where a value can't be read, something stands in for it, and it is among the errors.
    pub draft: ProfileDraft,
    /// When certificates follow a changed attribute of their holder.
    pub on_attribute_change: Follow,
    /// What can't be read.
    pub errors: FieldErrors,
    /// The row of the form that each alternative name stands in.
    rows: Vec<usize>,
    /// As many usages were chosen by name; the others were typed.
    named_usages: usize,
}

impl Read {
    /// Errors of the profile under the names that their fields have in the form, those of the form first.
    #[must_use]
    pub fn placed(&self, of_profile: &FieldErrors) -> FieldErrors {
        let mut errors = self.errors.clone();
        for error in of_profile.as_slice() {
            let field = error.field.strip_prefix("profile.").unwrap_or(&error.field);
            if let Some(index) = index(field, "subject_alternative_names") {
                let row = self.rows.get(index).copied().unwrap_or(index);
                errors.add(format!("subject_alternative_names[{row}]"), &error.message);
            } else if let Some(index) = index(field, "extended_key_usages") {
                let typed = index.checked_sub(self.named_usages);
                let oid = self.draft.extended_key_usages.get(index).map_or("", String::as_str);
                match typed {
                    Some(_) => {
                        errors.add("further_usages", format!("\u{201c}{oid}\u{201d}: {}", error.message));
                    }
                    None => errors.add("extended_key_usages", &error.message),
                }
            } else if let Some(field) = set_up_form::several(field) {
                errors.add(field, &error.message);
            } else if errors.of(field).next().is_none() {
                errors.add(field, &error.message);
            }
        }
        errors
    }
}

/// The index of `name[3]`.
fn index(field: &str, name: &str) -> Option<usize> {
    field.strip_prefix(name)?.strip_prefix('[')?.strip_suffix(']')?.parse().ok()
}

impl From<&Sent> for EditorForm {
    fn from(sent: &Sent) -> Self {
        let one = |name: &str| sent.one(name).to_owned();
        let all = |name: &str| sent.all(name).map(str::to_owned).collect();
        let rows = sent.all("san_kind").zip(sent.all("san_value"));
        Self {
            name: one("name"),
            description: one("description").replace("\r\n", "\n"),
            platforms: all("platforms"),
            subject_type: one("subject_type"),
            key_scope: one("key_scope"),
            subject: one("subject"),
            sans: rows
                .map(|(kind, value)| SanRow { kind: kind.to_owned(), value: value.to_owned() })
                .collect(),
            key_algorithm: one("key_algorithm"),
            key_usage: all("key_usage"),
            usages: all("extended_key_usages"),
            further_usages: one("further_usages"),
            validity_days: one("validity_days"),
            renewal_threshold_percent: one("renewal_threshold_percent"),
            features: all("features"),
            set_up: SetUpForm::from(sent),
            escrow: one("escrow"),
            pfx_format: one("pfx_format"),
            ca: one("ca"),
            template: one("template"),
            connector_pool: one("connector_pool"),
            user_may_reissue: sent.has("user_may_reissue"),
            strong_mapping: one("strong_mapping"),
            keep_key_on_renewal: sent.has("keep_key_on_renewal"),
            deliver_history: sent.has("deliver_history"),
            on_attribute_change: one("on_attribute_change"),
        }
    }
}

impl EditorForm {
    /// The form of a profile.
    #[must_use]
    pub fn of(draft: ProfileDraft, on_attribute_change: &str) -> Self {
        let named = |oid: &String| USAGES.iter().any(|(known, ..)| known == oid);
        let (usages, further): (Vec<String>, Vec<String>) =
            draft.extended_key_usages.into_iter().partition(named);
        let words = |it: Vec<&'static str>| it.into_iter().map(str::to_owned).collect();
        let set = bits(draft.key_usage).into_iter().filter(|(_, set)| *set).map(|(name, _)| name);
        let row = |san: SanText| SanRow { kind: san.kind.as_str().to_owned(), value: san.value };
        Self {
            name: draft.name,
            description: draft.description,
            platforms: words(draft.platforms.iter().map(|it| it.as_str()).collect()),
            subject_type: draft.subject_type.to_string(),
            key_scope: draft.key_scope.to_string(),
            subject: draft.subject,
            sans: draft.subject_alternative_names.into_iter().map(row).collect(),
            key_algorithm: draft.key_algorithm.to_string(),
            key_usage: words(set.collect()),
            usages,
            further_usages: further.join(" "),
            validity_days: draft.validity_days.to_string(),
            renewal_threshold_percent: draft.renewal_threshold_percent.to_string(),
            features: words(draft.features.iter().map(|it| it.as_str()).collect()),
            set_up: SetUpForm::of(draft.feature_settings),
            escrow: draft.escrow.to_string(),
            pfx_format: draft.pfx_format.to_string(),
            ca: draft.ca,
            template: draft.template,
            connector_pool: draft.connector_pool,
            user_may_reissue: draft.user_may_reissue,
            strong_mapping: draft.strong_mapping.to_string(),
            keep_key_on_renewal: draft.keep_key_on_renewal,
            deliver_history: draft.deliver_history,
            on_attribute_change: on_attribute_change.to_owned(),
        }
    }

    /// Reads the profile.
    #[must_use]
    pub fn read(&self) -> Read {
        let mut errors = FieldErrors::new();
        let mut rows = Vec::new();
        let mut sans = Vec::new();
        for (row, san) in self.sans.iter().enumerate().filter(|(_, san)| !san.value.trim().is_empty()) {
            let field = format!("subject_alternative_names[{row}]");
            let kind = word(&mut errors, &field, &san.kind, SanKind::Email);
            rows.push(row);
            sans.push(SanText { kind, value: san.value.clone() });
        }
        let further =
            self.further_usages.split([',', ';', ' ', '\n', '\r', '\t']).filter(|oid| !oid.is_empty());
        let has = |bit: &str| self.key_usage.iter().any(|set| set == bit);
        let draft = ProfileDraft {
            name: self.name.clone(),
            description: self.description.clone(),
            platforms: words(&mut errors, "platforms", &self.platforms),
            subject_type: word(
                &mut errors,
                "subject_type",
                &self.subject_type,
                certporter_model::profile::SubjectType::User,
            ),
            key_scope: word(
                &mut errors,
                "key_scope",
                &self.key_scope,
                certporter_model::profile::KeyScope::Device,
            ),
            subject: self.subject.clone(),
            subject_alternative_names: sans,
            key_algorithm: word(
                &mut errors,
                "key_algorithm",
                &self.key_algorithm,
                certporter_model::key::KeyAlgorithm::EcP256,
            ),
            key_usage: KeyUsage {
                digital_signature: has("digital_signature"),
                content_commitment: has("content_commitment"),
                key_encipherment: has("key_encipherment"),
                data_encipherment: has("data_encipherment"),
                key_agreement: has("key_agreement"),
            },
            extended_key_usages: self.usages.iter().cloned().chain(further.map(str::to_owned)).collect(),
            validity_days: number(
                &mut errors,
                "validity_days",
                &self.validity_days,
                365,
                "validity is a whole number of days, 1 to 3650",
            ),
            renewal_threshold_percent: number(
                &mut errors,
                "renewal_threshold_percent",
                &self.renewal_threshold_percent,
                20,
                "the renewal threshold is a whole number, 1 to 99",
            ),
            features: words(&mut errors, "features", &self.features),
            feature_settings: self.set_up.read(),
            escrow: word(
                &mut errors,
                "escrow",
                &self.escrow,
                certporter_model::escrow::EscrowPolicy::UntilDelivered,
            ),
            pfx_format: word(
                &mut errors,
                "pfx_format",
                &self.pfx_format,
                certporter_model::profile::PfxFormat::Modern,
            ),
            ca: self.ca.clone(),
            template: self.template.clone(),
            connector_pool: self.connector_pool.clone(),
            user_may_reissue: self.user_may_reissue,
            strong_mapping: word(
                &mut errors,
                "strong_mapping",
                &self.strong_mapping,
                certporter_model::profile::StrongMapping::None,
            ),
            keep_key_on_renewal: self.keep_key_on_renewal,
            deliver_history: self.deliver_history,
        };
        let on_attribute_change = follow(&self.on_attribute_change).unwrap_or_default();
        Read { draft, on_attribute_change, errors, rows, named_usages: self.usages.len() }
    }
}

/// When certificates follow, out of a form.
pub fn follow(word: &str) -> Option<Follow> {
    [Follow::Now, Follow::AtRenewal].into_iter().find(|follow| follow.as_str() == word)
}

fn word<T: FromStr<Err = ParseError>>(errors: &mut FieldErrors, field: &str, text: &str, otherwise: T) -> T {
    errors.take(field, text.parse::<T>()).unwrap_or(otherwise)
}

fn words<T: FromStr<Err = ParseError>>(errors: &mut FieldErrors, field: &str, texts: &[String]) -> Vec<T> {
    texts.iter().filter_map(|text| errors.take(field, text.parse::<T>())).collect()
}

fn number<T: FromStr>(errors: &mut FieldErrors, field: &str, text: &str, otherwise: T, right: &str) -> T {
    errors.take(field, text.trim().parse::<T>().map_err(|_| right.to_owned())).unwrap_or(otherwise)
}

#[cfg(test)]
mod tests {
    use certporter_model::profile::Profile;

    use super::super::presets::PRESETS;
    use super::*;

    #[test]
    fn a_profile_survives_the_form() {
        for preset in PRESETS {
            let mut draft = preset.draft();
            draft.extended_key_usages.push("1.2.3.4".to_owned());
            let form = EditorForm::of(draft.clone(), "at_renewal");
            let read = form.read();
            assert_eq!(read.draft, draft);
            assert_eq!(read.on_attribute_change, Follow::AtRenewal);
            assert!(read.errors.is_empty(), "{}", read.errors);
        }
    }

    #[test]
    fn what_is_wrong_is_said_where_it_was_typed() {
        let mut form = EditorForm::of(PRESETS[0].draft(), "now");
        form.sans.insert(0, SanRow::default());
        form.sans[1].value = "{{UserPrincipalName".to_owned();
        form.further_usages = "1.2.3, server".to_owned();
        form.validity_days = "a year".to_owned();
        form.key_scope = "planet".to_owned();
        let read = form.read();
        let errors = read.placed(&Profile::parse(read.draft.clone()).unwrap_err());
        let fields: Vec<&str> = errors.as_slice().iter().map(|error| error.field.as_str()).collect();
        assert_eq!(fields, ["key_scope", "validity_days", "subject_alternative_names[1]", "further_usages"]);
        assert!(errors.of("further_usages").next().is_some_and(|message| message.contains("server")));
    }
}
