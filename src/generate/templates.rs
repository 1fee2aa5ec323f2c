//! Profiles, assigned to everybody.

use std::time::Duration;

use certporter_model::assignment::AssignmentMode;
use certporter_model::ids::{AssignmentId, GroupId, ProfileId};
use certporter_model::profile::{KeyScope, Profile, ProfileDraft, SubjectType};
use serde_json::json;

use super::{Fleet, GenerateError};
use crate::plan::digest::TemplateDigest;
use crate::random::{SeededRandom, octets};
use crate::store::assignments::Assignment;
use crate::store::profiles::{ProfileHead, ProfileVersion};
use crate::store::{Result, WriteTx, insert_all};

/// A profile and what is computed from it once.
pub(super) struct Template {
    pub(super) id: ProfileId,
    pub(super) profile: Profile,
    pub(super) digest: TemplateDigest,
}

impl Template {
    /// Whether one key serves all of a user's devices.
    pub(super) fn is_of_user(&self) -> bool {
        self.profile.key_scope() == KeyScope::User
    }

    /// Whether a device without an owner can have it.
    pub(super) fn names_device(&self) -> bool {
        self.profile.subject_type() == SubjectType::Device
    }
}

fn draft(number: u32) -> serde_json::Value {
    let platforms = json!(["windows", "linux", "macos", "ios", "android", "other"]);
    let series = if number < 3 { String::new() } else { format!(" {}", number / 3 + 1) };
    match number % 3 {
        0 => json!({
            "name": format!("Wi-Fi and VPN{series}"), "platforms": platforms, "subject_type": "user",
            "key_scope": "device", "subject": "CN={{UserName}},OU={{DeviceName}},O=Example",
            "subject_alternative_names": [{"kind": "upn", "value": "{{UserPrincipalName}}"}],
            "key_algorithm": "ec-p256", "key_usage": {"digital_signature": true},
            "extended_key_usages": ["1.3.6.1.5.5.7.3.2"], "validity_days": 365,
            "renewal_threshold_percent": 20, "features": ["vpn", "wifi"], "escrow": "none"
        }),
        1 => json!({
            "name": format!("S/MIME{series}"), "platforms": platforms, "subject_type": "user",
            "key_scope": "user", "subject": "CN={{DisplayName}},O=Example",
            "subject_alternative_names": [{"kind": "email", "value": "{{EmailAddress}}"}],
            "key_algorithm": "rsa-2048", "key_usage": {"digital_signature": true, "key_encipherment": true},
            "extended_key_usages": ["1.3.6.1.5.5.7.3.4"], "validity_days": 730,
            "renewal_threshold_percent": 20, "features": ["email"], "escrow": "retained"
        }),
        _ => json!({
            "name": format!("Device{series}"), "platforms": platforms, "subject_type": "device",
            "key_scope": "device", "subject": "CN={{DeviceName}},serialNumber={{SerialNumber}},O=Example",
            "key_algorithm": "ec-p256", "key_usage": {"digital_signature": true},
            "extended_key_usages": ["1.3.6.1.5.5.7.3.2"], "validity_days": 365,
            "renewal_threshold_percent": 20, "features": ["general"], "escrow": "until_delivered"
        }),
    }
}

pub(super) fn draw(fleet: &Fleet, random: &SeededRandom) -> Result<Vec<Template>, GenerateError> {
    let mut templates = Vec::new();
    for number in 0..fleet.profiles {
        let draft: ProfileDraft = serde_json::from_value(draft(number)).map_err(|error| {
            certporter_model::ParseError::new("profile", format!("is a draft in JSON: {error}"))
        })?;
        let profile = Profile::parse(draft)?;
        let digest = TemplateDigest::of(&profile);
        templates.push(Template { id: ProfileId::new(since(fleet), octets(random)), profile, digest });
    }
    Ok(templates)
}

pub(super) fn since(fleet: &Fleet) -> certporter_model::Timestamp {
    fleet.at.minus(Duration::from_secs(395 * 86_400))
}

pub(super) async fn insert(
    tx: &mut WriteTx,
    templates: &[Template],
    everybody: GroupId,
    fleet: &Fleet,
    random: &SeededRandom,
) -> Result<()> {
    let at = since(fleet);
    let heads = templates.iter().map(|template| ProfileHead {
        id: template.id,
        name: template.profile.name().clone(),
        current_version: 1,
        version: 1,
        created_at: at,
        updated_at: at,
        deleted_at: None,
    });
    insert_all(tx, &heads.collect::<Vec<_>>()).await?;
    let versions = templates.iter().map(|template| ProfileVersion {
        profile_id: template.id,
        version: 1,
        body: template.profile.clone(),
        on_edit: "now".to_owned(),
        on_attribute_change: "now".to_owned(),
        created_by: "generate".to_owned(),
        created_at: at,
    });
    insert_all(tx, &versions.collect::<Vec<_>>()).await?;
    let assignments = templates.iter().map(|template| Assignment {
        id: AssignmentId::new(at, octets(random)),
        profile_id: template.id,
        group_id: everybody,
        mode: AssignmentMode::Include,
        valid_from: at,
        valid_until: None,
    });
    insert_all(tx, &assignments.collect::<Vec<_>>()).await
}
