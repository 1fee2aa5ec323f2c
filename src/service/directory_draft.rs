//! What people write about users, groups and devices, and how it is parsed.

use std::collections::BTreeMap;

use certporter_model::access::Role;
use certporter_model::hardware::{Fqdn, HardwareSerial, Imei, MacAddress, Meid};
use certporter_model::identity::{Email, Sid, Upn};
use certporter_model::platform::Platform;
use certporter_model::text::Name;
use certporter_model::{FieldErrors, GroupId, ParseError, UserId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What is written about a user. Empty texts count as absent.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UserDraft {
    /// The name they sign in to the organisation with; unique.
    pub user_name: String,
    /// What they are called; the user name when absent.
    #[serde(default)]
    pub display_name: Option<String>,
    /// User principal name, `name@realm`; unique.
    #[serde(default)]
    pub upn: Option<String>,
    /// E-mail address.
    #[serde(default)]
    pub email: Option<String>,
    /// Distinguished name in the directory, RFC 4514.
    #[serde(default)]
    pub on_prem_dn: Option<String>,
    /// SAM account name in the directory.
    #[serde(default)]
    pub sam_account_name: Option<String>,
    /// Security identifier in the directory.
    #[serde(default)]
    pub sid: Option<String>,
    /// What the user is called where the data comes from.
    #[serde(default)]
    pub external_id: Option<String>,
    /// Further values for variables, by name.
    #[serde(default)]
    pub attributes: BTreeMap<String, String>,
}

/// A user as parsed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParsedUser {
    /// Name for signing in.
    pub user_name: Name,
    /// What they are called.
    pub display_name: Name,
    /// User principal name.
    pub upn: Option<Upn>,
    /// E-mail address.
    pub email: Option<Email>,
    /// Distinguished name in the directory.
    pub on_prem_dn: Option<String>,
    /// SAM account name.
    pub sam_account_name: Option<String>,
    /// Security identifier.
    pub sid: Option<Sid>,
    /// Name at the source.
    pub external_id: Option<String>,
    /// Custom attributes.
    pub attributes: BTreeMap<String, String>,
}

impl UserDraft {
    /// Parses every field.
    ///
    /// # Errors
    /// Names every field that is wrong.
    pub fn parse(&self) -> Result<ParsedUser, FieldErrors> {
        let mut errors = FieldErrors::new();
        let user_name = errors.take("user_name", Name::parse(&self.user_name));
        let shown = present(self.display_name.as_deref()).unwrap_or(&self.user_name);
        let display_name = errors.take("display_name", Name::parse(shown));
        let upn = optional(&mut errors, "upn", self.upn.as_deref(), Upn::parse);
        let email = optional(&mut errors, "email", self.email.as_deref(), Email::parse);
        let sid = optional(&mut errors, "sid", self.sid.as_deref(), Sid::parse);
        let on_prem_dn = optional(&mut errors, "on_prem_dn", self.on_prem_dn.as_deref(), line::<1024>);
        let sam = optional(&mut errors, "sam_account_name", self.sam_account_name.as_deref(), line::<256>);
        let external_id = optional(&mut errors, "external_id", self.external_id.as_deref(), line::<256>);
        check_attributes(&mut errors, &self.attributes);
        match (user_name, display_name) {
            (Some(user_name), Some(display_name)) if errors.is_empty() => Ok(ParsedUser {
                user_name,
                display_name,
                upn,
                email,
                on_prem_dn,
                sam_account_name: sam,
                sid,
                external_id,
                attributes: self.attributes.clone(),
            }),
            _ => Err(errors),
        }
    }
}

/// What is written about a group.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct GroupDraft {
    /// Its name; unique.
    pub name: String,
    /// What it is for.
    #[serde(default)]
    pub description: String,
    /// What the group is called where the data comes from.
    #[serde(default)]
    pub external_id: Option<String>,
}

/// A group as parsed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParsedGroup {
    /// Its name.
    pub name: Name,
    /// What it is for.
    pub description: String,
    /// Name at the source.
    pub external_id: Option<String>,
}

impl GroupDraft {
    /// Parses every field.
    ///
    /// # Errors
    /// Names every field that is wrong.
    pub fn parse(&self) -> Result<ParsedGroup, FieldErrors> {
        let mut errors = FieldErrors::new();
        let name = errors.take("name", Name::parse(&self.name));
        if self.description.chars().count() > 2000 {
            errors.add("description", "description has at most 2000 characters");
        }
        let external_id = optional(&mut errors, "external_id", self.external_id.as_deref(), line::<256>);
        match name {
            Some(name) if errors.is_empty() => {
                Ok(ParsedGroup { name, description: self.description.clone(), external_id })
            }
            _ => Err(errors),
        }
    }
}

/// What is written about a device. Empty texts count as absent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DeviceDraft {
    /// Its name.
    pub name: String,
    /// Its operating system.
    pub platform: Platform,
    /// Whose it is; nobody's when absent: a shared device.
    #[serde(default)]
    pub owner: Option<UserId>,
    /// The maker's serial number.
    #[serde(default)]
    pub serial_number: Option<String>,
    /// International mobile equipment identity.
    #[serde(default)]
    pub imei: Option<String>,
    /// Mobile equipment identifier.
    #[serde(default)]
    pub meid: Option<String>,
    /// Address of the Wi-Fi interface.
    #[serde(default)]
    pub wifi_mac: Option<String>,
    /// Fully qualified domain name.
    #[serde(default)]
    pub fqdn: Option<String>,
    /// What the device is called where the data comes from.
    #[serde(default)]
    pub external_id: Option<String>,
    /// Further values for variables, by name.
    #[serde(default)]
    pub attributes: BTreeMap<String, String>,
}

/// A device as parsed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParsedDevice {
    /// Its name.
    pub name: Name,
    /// Its operating system.
    pub platform: Platform,
    /// Whose it is.
    pub owner: Option<UserId>,
    /// The maker's serial number.
    pub serial_number: Option<HardwareSerial>,
    /// International mobile equipment identity.
    pub imei: Option<Imei>,
    /// Mobile equipment identifier.
    pub meid: Option<Meid>,
    /// Address of the Wi-Fi interface.
    pub wifi_mac: Option<MacAddress>,
    /// Fully qualified domain name.
    pub fqdn: Option<Fqdn>,
    /// Name at the source.
    pub external_id: Option<String>,
    /// Custom attributes.
    pub attributes: BTreeMap<String, String>,
}

impl DeviceDraft {
    /// Parses every field.
    ///
    /// # Errors
    /// Names every field that is wrong.
    pub fn parse(&self) -> Result<ParsedDevice, FieldErrors> {
        let mut errors = FieldErrors::new();
        let name = errors.take("name", Name::parse(&self.name));
        let serial =
            optional(&mut errors, "serial_number", self.serial_number.as_deref(), HardwareSerial::parse);
        let imei = optional(&mut errors, "imei", self.imei.as_deref(), Imei::parse);
        let meid = optional(&mut errors, "meid", self.meid.as_deref(), Meid::parse);
        let wifi_mac = optional(&mut errors, "wifi_mac", self.wifi_mac.as_deref(), MacAddress::parse);
        let fqdn = optional(&mut errors, "fqdn", self.fqdn.as_deref(), Fqdn::parse);
        let external_id = optional(&mut errors, "external_id", self.external_id.as_deref(), line::<256>);
        check_attributes(&mut errors, &self.attributes);
        match name {
            Some(name) if errors.is_empty() => Ok(ParsedDevice {
                name,
                platform: self.platform,
                owner: self.owner,
                serial_number: serial,
                imei,
                meid,
                wifi_mac,
                fqdn,
                external_id,
                attributes: self.attributes.clone(),
            }),
            _ => Err(errors),
        }
    }
}

/// A role that an account gets, and how far it reaches.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct GrantDraft {
    /// The role.
    pub role: Role,
    /// The groups it is limited to; everybody when absent. Only the helpdesk's can be limited.
    #[serde(default)]
    pub groups: Option<Vec<GroupId>>,
}

/// Whether a text that may be absent is there at all: an empty one is not.
pub(super) fn present(text: Option<&str>) -> Option<&str> {
    text.filter(|text| !text.is_empty())
}

fn optional<T>(
    errors: &mut FieldErrors,
    field: &str,
    text: Option<&str>,
    parse: impl Fn(&str) -> Result<T, ParseError>,
) -> Option<T> {
    present(text).and_then(|text| errors.take(field, parse(text)))
}

/// A text of one line of at most `MAX` characters.
fn line<const MAX: usize>(text: &str) -> Result<String, ParseError> {
    if text.chars().count() > MAX || text.chars().any(char::is_control) {
        return Err(ParseError::new(
            "text",
            format!("has at most {MAX} characters and no control characters"),
        ));
    }
    Ok(text.to_owned())
}

/// The most custom attributes of one user or device.
const ATTRIBUTES: usize = 50;

fn check_attributes(errors: &mut FieldErrors, attributes: &BTreeMap<String, String>) {
    if attributes.len() > ATTRIBUTES {
        errors.add("attributes", format!("there are at most {ATTRIBUTES} attributes"));
    }
    for (name, value) in attributes {
        let name_ok = (1..=64).contains(&name.len())
            && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-'));
        if !name_ok {
            errors.add("attributes", "an attribute's name has 1 to 64 ASCII letters, digits, _ or -");
        }
        if let Err(error) = line::<1024>(value) {
            errors.add(format!("attributes.{name}"), error);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_wrong_field_of_a_user_is_named_at_once() {
        let draft = UserDraft {
            user_name: " ".into(),
            upn: Some("nobody".into()),
            email: Some("ä@example.org".into()),
            sid: Some("S-1".into()),
            attributes: [("cost centre".to_owned(), "1".to_owned())].into(),
            ..UserDraft::default()
        };
        let errors = draft.parse().unwrap_err();
        let fields: Vec<&str> = errors.as_slice().iter().map(|e| e.field.as_str()).collect();
        assert_eq!(fields, ["user_name", "display_name", "upn", "email", "sid", "attributes"]);
    }

    #[test]
    fn an_empty_text_is_an_absent_one() {
        let draft = UserDraft { user_name: "maria".into(), upn: Some(String::new()), ..UserDraft::default() };
        let user = draft.parse().unwrap();
        assert_eq!(user.upn, None);
        assert_eq!(user.display_name.as_str(), "maria");
    }
}
