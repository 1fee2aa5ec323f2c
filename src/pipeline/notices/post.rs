//! The settings for mail as they rest, and what opens the password.

use serde::{Deserialize, Serialize};

use crate::mail::{MailDraft, MailSettings, PasswordSafe, SmtpPassword};
use crate::store::{Conn, StoreError, settings};

/// The name of the setting.
pub const MAIL: &str = "mail";

/// What the workers need to write and send letters. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Post {
    /// Opens the mail server's password.
    pub safe: PasswordSafe,
    /// The portal's address, for links.
    pub portal: String,
}

/// The settings as they rest.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Resting {
    /// What somebody wrote.
    pub draft: MailDraft,
    /// The mail server's password, sealed, in hexadecimal digits.
    pub sealed_password: Option<String>,
}

impl Resting {
    /// Reads them, with their version; none when nobody has set mail up.
    ///
    /// # Errors
    /// When the database refuses, or the setting is damaged.
    pub async fn read(conn: &mut Conn) -> Result<Option<(Self, i64)>, StoreError> {
        let Some(setting) = settings::get(conn, MAIL).await? else { return Ok(None) };
        let resting = serde_json::from_value(setting.value).map_err(|error| corrupt(&error))?;
        Ok(Some((resting, setting.version)))
    }

    /// The settings, and the password if one is needed.
    ///
    /// # Errors
    /// When they are damaged, or the password was sealed with another master key.
    pub fn open(&self, safe: &PasswordSafe) -> Result<(MailSettings, Option<SmtpPassword>), StoreError> {
        let settings = MailSettings::parse(&self.draft).map_err(|error| corrupt(&error))?;
        let sealed = self.sealed_password.as_deref().filter(|_| settings.user().is_some());
        let password = sealed.map(|sealed| safe.open(sealed)).transpose().map_err(|error| corrupt(&error))?;
        Ok((settings, password))
    }
}

fn corrupt(error: &dyn std::fmt::Display) -> StoreError {
    StoreError::Corrupt { table: "settings", column: "value", reason: error.to_string() }
}
