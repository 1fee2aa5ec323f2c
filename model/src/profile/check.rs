//! What must hold between a draft's fields.

use super::draft::{KeyScope, ProfileDraft, StrongMapping, SubjectType};
use crate::distinguished_name::DnPattern;
use crate::error::FieldErrors;
use crate::escrow::EscrowPolicy;
use crate::oid::Oid;
use crate::subject_alternative_name::SanPattern;
use crate::variable::Variable;

pub(super) fn sorted<T: Ord>(mut values: Vec<T>) -> Vec<T> {
    values.sort();
    values.dedup();
    values
}

pub(super) fn check_numbers(draft: &ProfileDraft, errors: &mut FieldErrors) {
    if !(1..=3650).contains(&draft.validity_days) {
        errors.add("validity_days", "validity is 1 to 3650 days");
    }
    if !(1..=99).contains(&draft.renewal_threshold_percent) {
        errors.add("renewal_threshold_percent", "the renewal threshold is 1 to 99 percent of the validity");
    }
    if draft.platforms.is_empty() {
        errors.add("platforms", "at least one platform is chosen");
    }
    if draft.features.is_empty() {
        errors.add("features", "at least one feature is chosen");
    }
    let template = draft.template.chars();
    if template.clone().count() > 200 || template.clone().any(char::is_control) {
        errors.add("template", "the template's name has at most 200 characters and no control characters");
    }
}

pub(super) fn check_usage(draft: &ProfileDraft, usages: &[Oid], errors: &mut FieldErrors) {
    if draft.key_usage.is_empty() {
        errors.add("key_usage", "at least one key usage is set");
    }
    if draft.key_algorithm.is_rsa() && draft.key_usage.key_agreement {
        errors.add("key_usage", "key agreement needs an elliptic-curve key (RFC 8017 defines none for RSA)");
    }
    if !draft.key_algorithm.is_rsa()
        && (draft.key_usage.key_encipherment || draft.key_usage.data_encipherment)
    {
        errors.add(
            "key_usage",
            "an elliptic-curve key can't encipher; set key agreement instead (RFC 5480, section 3)",
        );
    }
    if draft.extended_key_usages.is_empty() {
        errors.add("extended_key_usages", "at least one extended key usage is given");
    }
    if usages.iter().any(|oid| oid.as_str() == Oid::SERVER_AUTH) {
        errors.add(
            "extended_key_usages",
            "server authentication has no place in a person's or device's certificate",
        );
    }
}

pub(super) fn check_scope(
    draft: &ProfileDraft,
    subject: Option<&DnPattern>,
    names: &[SanPattern],
    errors: &mut FieldErrors,
) {
    let mut of_device = subject.map(DnPattern::variables).unwrap_or_default();
    of_device.extend(names.iter().flat_map(|san| san.pattern().variables().cloned()));
    if draft.key_scope == KeyScope::User {
        if draft.escrow != EscrowPolicy::Retained {
            errors.add(
                "escrow",
                "a key for all of a user's devices must be retained, or later devices can't get it",
            );
        }
        if draft.subject_type == SubjectType::Device {
            errors.add("subject_type", "a key for all of a user's devices names the user");
        }
        if let Some(variable) = of_device.iter().find(|v| v.is_of_device()) {
            let message =
                format!("{variable} differs by device, but one certificate serves all of a user's devices");
            errors.add("subject", message);
        }
    }
    if draft.subject_type == SubjectType::Device {
        if let Some(variable) =
            of_device.iter().find(|v| !v.is_of_device() && !matches!(v, Variable::Custom(_)))
        {
            errors.add("subject", format!("{variable} is the user's, but the certificate names the device"));
        }
        if draft.strong_mapping != StrongMapping::None {
            errors.add(
                "strong_mapping",
                "strong mapping carries the user's SID: the subject type must be user",
            );
        }
    }
    if draft.keep_key_on_renewal && draft.escrow != EscrowPolicy::Retained {
        errors.add("keep_key_on_renewal", "keeping the key on renewal needs retained escrow");
    }
    if draft.deliver_history && (draft.key_scope != KeyScope::User || !draft.key_usage.is_encryption()) {
        errors.add("deliver_history", "history is for encryption keys of user scope");
    }
}
