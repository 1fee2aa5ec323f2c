//! Where mail goes out.

use certporter_model::access::Caller;
use certporter_model::identity::Email;
use certporter_model::notice::MailSecurity;
use certporter_model::{NoticeId, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::mail::{self, Letter, MailDraft, MailFault, MailSettings, PasswordSafe, SmtpPassword};
use crate::pipeline::notices::{MAIL, Resting};
use crate::pipeline::work::Work;
use crate::service::portal::Intent;
use crate::service::{Operation, Portal, ServiceError};
use crate::store::{AuditEvent, Target, notices, settings};

/// What somebody writes about the mail server. It has no `Debug` of the password.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct MailSettingsDraft {
    /// The server's name or address.
    pub host: String,
    /// Its port: 587 with STARTTLS, 465 with TLS, as a rule.
    pub port: u32,
    /// How the connection is protected: none, starttls or tls.
    pub security: String,
    /// With which name the portal signs in; empty: it doesn't.
    pub user: String,
    /// The password for it. Empty on a change: as before.
    #[schema(write_only)]
    pub password: String,
    /// From whom mail comes: an address, or `Name <address>`.
    pub sender: String,
    /// Certificates of the CAs that the server's TLS certificate must come from, PEM; empty: the system's.
    pub tls_ca: String,
    /// The operators' addresses.
    pub operators: Vec<String>,
}

impl Default for MailSettingsDraft {
    fn default() -> Self {
        let MailDraft { host, port, security, user, sender, tls_ca, operators } = MailDraft::default();
        Self { host, port, security, user, password: String::new(), sender, tls_ca, operators }
    }
}

impl std::fmt::Debug for MailSettingsDraft {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("MailSettingsDraft")
            .field("host", &self.host)
            .field("port", &self.port)
            .field("sender", &self.sender)
            .finish_non_exhaustive()
    }
}

/// How mail is set up. The password is never told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct MailSettingsView {
    /// Whether mail is set up at all.
    pub set_up: bool,
    /// The server's name or address.
    pub host: String,
    /// Its port.
    pub port: u32,
    /// How the connection is protected.
    pub security: MailSecurity,
    /// With which name the portal signs in.
    pub user: String,
    /// Whether there is a password.
    pub has_password: bool,
    /// From whom mail comes.
    pub sender: String,
    /// Certificates of the CAs that the server's TLS certificate must come from, PEM.
    pub tls_ca: String,
    /// The operators' addresses.
    pub operators: Vec<String>,
    /// Counts the changes: the entity tag. 0 before the first.
    pub version: i64,
}

/// To whom a test message goes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MailTestDraft {
    /// The address.
    pub to: String,
}

/// What became of a test message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct MailTestView {
    /// Whether the mail server has taken it.
    pub taken: bool,
    /// Why not.
    pub cause: Option<String>,
    /// What to do about it.
    pub remedy: Option<String>,
}

/// How mail is set up.
///
/// # Errors
/// When the caller may not.
pub async fn get(portal: &Portal, caller: &Caller) -> Result<MailSettingsView, ServiceError> {
    Operation::MailGet.organisation(caller)?;
    Ok(view(Resting::read(&mut *portal.db().read().await?).await?))
}

/// Sets mail up. What waits is tried at once.
///
/// # Errors
/// When the caller may not, a field is wrong, or it was changed since it was read.
pub async fn update(
    portal: &Portal,
    caller: &Caller,
    version: i64,
    draft: &MailSettingsDraft,
) -> Result<MailSettingsView, ServiceError> {
    let permit = Operation::MailUpdate.organisation(caller)?;
    let written = written(draft);
    let parsed = MailSettings::parse(&written);
    let mut errors = parsed.as_ref().err().cloned().unwrap_or_default();
    let typed = match draft.password.as_str() {
        "" => Some(None),
        text => errors.take("password", SmtpPassword::parse(text)).map(Some),
    };
    let now = portal.now();
    let mut tx = portal.db().write(&permit).await?;
    let before = Resting::read(&mut tx).await?;
    if before.as_ref().map_or(0, |(_, version)| *version) != version {
        return Err(ServiceError::Stale { what: "settings for mail" });
    }
    let before = before.map(|(resting, _)| resting).unwrap_or_default();
    let wanted = !written.user.is_empty();
    if wanted && draft.password.is_empty() {
        // The old password must not go to a server that somebody has just typed.
        let same = (&before.draft.host, before.draft.port, &before.draft.user)
            == (&written.host, written.port, &written.user);
        let same = same && before.draft.security == written.security && before.draft.tls_ca == written.tls_ca;
        if before.sealed_password.is_none() {
            errors.add("password", "is needed when there is a user");
        } else if !same {
            let message = "has to be given again when the server, the user or the protection changes";
            errors.add("password", message);
        }
    }
    let Some(typed) = typed.filter(|_| errors.is_empty()) else { return Err(errors.into()) };
    let renewed = typed.is_some();
    let sealed_password = match typed {
        _ if !wanted => None,
        Some(password) => Some(
            safe(portal)?
                .seal(&password)
                .map_err(|error| ServiceError::internal("sealing a password", &error))?,
        ),
        None => before.sealed_password,
    };
    let event = AuditEvent::new(now, Operation::MailUpdate.name(), Target::none("mail"))
        .with("host", written.host.as_str())
        .with("port", written.port)
        .with("security", written.security.as_str())
        .with("sender", written.sender.as_str())
        .with("password_changed", renewed);
    let resting = serde_json::to_value(Resting { draft: written, sealed_password })
        .map_err(|error| ServiceError::internal("writing down the settings for mail", &error))?;
    settings::set(&mut tx, MAIL, &resting, now).await?;
    notices::hasten(&mut tx, now).await?;
    Work::SendNotices.enqueue(&mut tx, now, portal.random()).await?;
    tx.commit(event).await?;
    get(portal, caller).await
}

/// Sends a test message with what is saved, and says what became of it.
///
/// # Errors
/// When the caller may not, the address is wrong, or mail is not set up.
pub async fn test(
    portal: &Portal,
    caller: &Caller,
    draft: &MailTestDraft,
) -> Result<MailTestView, ServiceError> {
    let permit = Operation::MailTest.organisation(caller)?;
    let to = Email::parse(draft.to.trim()).map_err(|error| ServiceError::field("to", error))?;
    let missing = || ServiceError::conflict("mail is not set up yet: save the server and the sender first");
    let (resting, _) = Resting::read(&mut *portal.db().read().await?).await?.ok_or_else(missing)?;
    if portal.intent() == Intent::Rehearse {
        return Err(ServiceError::Rehearsed(Box::default()));
    }
    let now = portal.now();
    let (settings, password) = resting.open(safe(portal)?)?;
    let event =
        AuditEvent::new(now, Operation::MailTest.name(), Target::none("mail")).with("to", to.as_str());
    portal.db().write(&permit).await?.commit(event).await?;
    let letter = letter(portal, to, now);
    Ok(match mail::send(&settings, password.as_ref(), &letter).await {
        Ok(()) => MailTestView { taken: true, cause: None, remedy: None },
        Err(MailFault::Later { cause }) => MailTestView {
            taken: false,
            cause: Some(cause),
            remedy: Some("Try again in some minutes.".to_owned()),
        },
        Err(MailFault::Server { cause, remedy } | MailFault::Refused { cause, remedy }) => {
            MailTestView { taken: false, cause: Some(cause), remedy: Some(remedy) }
        }
    })
}

fn letter(portal: &Portal, to: Email, now: Timestamp) -> Letter {
    let address = portal.addresses().portal.to_string();
    Letter {
        id: NoticeId::new(now, portal.octets()),
        to,
        subject: "A test message of certporter".to_owned(),
        body: format!("Mail of the portal at {address} arrives here.\n"),
        at: now,
    }
}

fn safe(portal: &Portal) -> Result<&PasswordSafe, ServiceError> {
    let missing = || ServiceError::conflict("this process has no master key: ask the portal itself");
    portal.mail().ok_or_else(missing)
}

fn written(draft: &MailSettingsDraft) -> MailDraft {
    MailDraft {
        host: draft.host.trim().to_owned(),
        port: draft.port,
        security: draft.security.trim().to_owned(),
        user: draft.user.trim().to_owned(),
        sender: draft.sender.trim().to_owned(),
        tls_ca: draft.tls_ca.trim().to_owned(),
        operators: draft
            .operators
            .iter()
            .map(|address| address.trim().to_owned())
            .filter(|address| !address.is_empty())
            .collect(),
    }
}

fn view(resting: Option<(Resting, i64)>) -> MailSettingsView {
    let set_up = resting.is_some();
    let (Resting { draft, sealed_password }, version) = resting.unwrap_or_default();
    MailSettingsView {
        set_up,
        host: draft.host,
        port: draft.port,
        security: draft.security.parse().unwrap_or(MailSecurity::StartTls),
        user: draft.user,
        has_password: sealed_password.is_some(),
        sender: draft.sender,
        tls_ca: draft.tls_ca,
        operators: draft.operators,
        version,
    }
}
