//! What files may hold: their kinds, their columns, and a sample of each.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::super::error::ServiceError;
use super::table::Table;

/// What a file brings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ImportKind {
    /// People.
    Users,
    /// Devices.
    Devices,
    /// Who is in which group.
    Memberships,
}

/// A column of a kind of file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Column {
    /// Its name in the first line.
    pub name: &'static str,
    /// Whether a file must have it.
    pub required: bool,
    /// What it holds.
    pub about: &'static str,
}

const fn column(name: &'static str, about: &'static str) -> Column {
    Column { name, required: false, about }
}

const fn required(name: &'static str, about: &'static str) -> Column {
    Column { name, required: true, about }
}

const USERS: &[Column] = &[
    required("user_name", "The name they sign in to the organisation with: who is known by it is updated"),
    column("display_name", "What they are called; the user name when empty"),
    column("email", "E-mail address"),
    column("upn", "User principal name, name@realm"),
    column("on_prem_dn", "Distinguished name in the directory"),
    column("sam_account_name", "SAM account name"),
    column("sid", "Security identifier"),
    column("external_id", "What the user is called where the data comes from"),
];

const DEVICES: &[Column] = &[
    required("name", "Its name"),
    required("platform", "linux, windows, macos, ios, android or other"),
    column("owner", "User name or user principal name; empty for a shared device"),
    column("serial_number", "The maker\u{2019}s serial number: the device that has it is updated"),
    column("imei", "International mobile equipment identity"),
    column("meid", "Mobile equipment identifier"),
    column("wifi_mac", "Address of the Wi-Fi interface"),
    column("fqdn", "Fully qualified domain name"),
    column(
        "external_id",
        "What the device is called where the data comes from: goes before the serial number",
    ),
];

const MEMBERSHIPS: &[Column] = &[
    required("group", "The group\u{2019}s name; it must exist"),
    required("member", "User name or user principal name, device name or serial number, or group name"),
    column("kind", "user, device or group; user when empty"),
    column("action", "add or remove; add when empty"),
];

/// What begins the name of a column for a custom attribute.
pub const ATTRIBUTE: &str = "attribute.";

impl ImportKind {
    /// Every kind.
    pub const ALL: &'static [Self] = &[Self::Users, Self::Devices, Self::Memberships];

    /// Its word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Users => "users",
            Self::Devices => "devices",
            Self::Memberships => "memberships",
        }
    }

    /// The kind of that word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|kind| kind.as_str() == word)
    }

    /// Its columns, custom attributes aside.
    #[must_use]
    pub const fn columns(self) -> &'static [Column] {
        match self {
            Self::Users => USERS,
            Self::Devices => DEVICES,
            Self::Memberships => MEMBERSHIPS,
        }
    }

    /// Whether it may have columns for custom attributes.
    #[must_use]
    pub const fn has_attributes(self) -> bool {
        !matches!(self, Self::Memberships)
    }

    /// A file that is right.
    #[must_use]
    pub const fn sample(self) -> &'static str {
        match self {
            Self::Users => {
                "user_name,display_name,email,upn,attribute.cost-centre\r\n\
                 anna,\"\u{c5}str\u{f6}m, Anna\",anna@example.org,anna@example.org,4711\r\n\
                 jose,Jos\u{e9} N\u{fa}\u{f1}ez,jose@example.org,jose@example.org,\r\n"
            }
            Self::Devices => {
                "name,platform,owner,serial_number,wifi_mac\r\n\
                 anna-laptop,linux,anna,PF3K9Q2X,02:00:5e:10:00:01\r\n\
                 reception-tablet,ios,,DMQXK1ABCD,\r\n"
            }
            Self::Memberships => {
                "group,kind,member,action\r\n\
                 Sales,user,anna,add\r\n\
                 Sales,device,reception-tablet,add\r\n\
                 Contractors,user,jose,remove\r\n"
            }
        }
    }

    /// The kind of a file: by the columns that only this kind must have.
    pub(super) fn of(table: &Table) -> Result<Self, ServiceError> {
        let has_all = |kind: &Self| {
            let mut required = kind.columns().iter().filter(|column| column.required);
            required.all(|column| table.column(column.name).is_some())
        };
        let kind = Self::ALL.iter().copied().find(has_all).ok_or_else(|| {
            ServiceError::field(
                "file",
                "the first line names the columns: users have user_name; devices have name and platform; \
                 memberships have group and member",
            )
        })?;
        let known = |name: &str| {
            let attribute = kind.has_attributes()
                && name.strip_prefix(ATTRIBUTE).is_some_and(|attribute| !attribute.is_empty());
            attribute || kind.columns().iter().any(|column| column.name == name)
        };
        if let Some(name) = table.columns.iter().find(|name| !known(name)) {
            let names: Vec<&str> = kind.columns().iter().map(|column| column.name).collect();
            let further = if kind.has_attributes() { ", attribute.NAME" } else { "" };
            return Err(ServiceError::field(
                "file",
                format!(
                    "there is no column {}: {} have {}{further}",
                    name.chars().take(60).collect::<String>(),
                    kind.as_str(),
                    names.join(", ")
                ),
            ));
        }
        Ok(kind)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_sample_is_of_its_kind() {
        for kind in ImportKind::ALL {
            let table = Table::read(kind.sample().as_bytes()).unwrap();
            assert_eq!(ImportKind::of(&table).unwrap(), *kind);
            assert!(table.rows.iter().all(|row| row.cells.len() == table.columns.len()), "{kind:?}");
        }
    }

    #[test]
    fn a_column_that_is_none_is_named() {
        let table = Table::read(b"user_name,colour\na,red\n").unwrap();
        let refused = ImportKind::of(&table).unwrap_err().to_string();
        assert!(refused.contains("no column colour") && refused.contains("display_name"), "{refused}");
    }
}
