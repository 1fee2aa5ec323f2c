//! Where mail goes out: the server, the sender, and the addresses of those who operate the portal.

use certporter_model::identity::Email;
use certporter_model::notice::MailSecurity;
use certporter_model::{FieldErrors, ParseError};
use lettre::message::Mailbox;
use serde::{Deserialize, Serialize};

use crate::pki::Certificate;

/// The most addresses of operators.
pub const OPERATORS_MAX: usize = 20;
/// The most characters of a user name.
const USER_MAX: usize = 256;

/// What somebody writes about the mail server; also how it rests. The password is no part of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct MailDraft {
    /// The server's name or address.
    pub host: String,
    /// Its port.
    pub port: u32,
    /// How the connection is protected: none, starttls or tls.
    pub security: String,
    /// With which name the portal signs in; empty: it doesn't.
    pub user: String,
    /// From whom mail comes: an address, or `Name <address>`.
    pub sender: String,
    /// Certificates of the CAs that the server's TLS certificate must come from, PEM; those of the system when empty.
    pub tls_ca: String,
    /// The operators' addresses.
    pub operators: Vec<String>,
}

impl Default for MailDraft {
    fn default() -> Self {
        Self {
            host: String::new(),
            port: 587,
            security: MailSecurity::StartTls.as_str().to_owned(),
            user: String::new(),
            sender: String::new(),
            tls_ca: String::new(),
            operators: Vec::new(),
        }
    }
}

/// The same, found right.
#[derive(Debug, Clone)]
pub struct MailSettings {
    host: String,
    port: u16,
    security: MailSecurity,
    user: Option<String>,
    sender: Mailbox,
    trust: Vec<Certificate>,
    operators: Vec<Email>,
}

impl MailSettings {
    /// Reads them.
    ///
    /// # Errors
    /// Every field that is wrong.
    pub fn parse(draft: &MailDraft) -> Result<Self, FieldErrors> {
        let mut errors = FieldErrors::new();
        let host = errors.take("host", host(draft.host.trim()));
        let port = errors.take("port", port(draft.port));
        let security = errors.take("security", draft.security.parse::<MailSecurity>());
        let user = errors.take("user", user(draft.user.trim()));
        let sender = errors.take("sender", sender(draft.sender.trim()));
        let trust = errors.take("tls_ca", trust(draft.tls_ca.trim(), security));
        let operators = operators(&draft.operators, &mut errors);
        if let (Some(MailSecurity::None), Some(Some(_)), Some(host)) = (security, &user, &host)
            && !is_loopback(host)
        {
            let message =
                "its password would go over the network unprotected: choose STARTTLS or TLS, or no user";
            errors.add("user", message);
        }
        let (Some(host), Some(port), Some(security), Some(user), Some(sender), Some(trust), true) =
            (host, port, security, user, sender, trust, errors.is_empty())
        else {
            return Err(errors);
        };
        Ok(Self { host, port, security, user, sender, trust, operators })
    }

    /// The server's name or address.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The server's port.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// How the connection is protected.
    #[must_use]
    pub fn security(&self) -> MailSecurity {
        self.security
    }

    /// With which name the portal signs in.
    #[must_use]
    pub fn user(&self) -> Option<&str> {
        self.user.as_deref()
    }

    /// The operators' addresses, each once.
    #[must_use]
    pub fn operators(&self) -> &[Email] {
        &self.operators
    }

    pub(super) fn sender(&self) -> &Mailbox {
        &self.sender
    }

    pub(super) fn trust(&self) -> &[Certificate] {
        &self.trust
    }
}

fn host(text: &str) -> Result<String, ParseError> {
    let label = |label: &str| {
        !label.is_empty()
            && label.len() <= 63
            && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
    };
    let named = text.len() <= 253 && text.split('.').all(label);
    if named || text.parse::<std::net::IpAddr>().is_ok() {
        return Ok(text.to_owned());
    }
    Err(ParseError::new("host", "is the mail server's name or IP address, such as mail.example.org"))
}

fn port(number: u32) -> Result<u16, ParseError> {
    let known = u16::try_from(number).ok().filter(|port| *port > 0);
    known.ok_or_else(|| ParseError::new("port", "is 1 to 65535: 587 with STARTTLS, 465 with TLS, as a rule"))
}

fn user(text: &str) -> Result<Option<String>, ParseError> {
    if text.chars().count() > USER_MAX || text.chars().any(char::is_control) {
        return Err(ParseError::new("user", "is up to 256 characters without line breaks"));
    }
    Ok((!text.is_empty()).then(|| text.to_owned()))
}

fn sender(text: &str) -> Result<Mailbox, ParseError> {
    let wrong = || {
        ParseError::new(
            "sender",
            "is an address such as pki@example.org, or a name with one such as Certificates <pki@example.org>",
        )
    };
    if text.is_empty() || text.chars().count() > 320 || text.chars().any(char::is_control) {
        return Err(wrong());
    }
    text.parse().map_err(|_| wrong())
}

fn trust(pem: &str, security: Option<MailSecurity>) -> Result<Vec<Certificate>, String> {
    if pem.is_empty() {
        return Ok(Vec::new());
    }
    if security == Some(MailSecurity::None) {
        return Err("is of no use without STARTTLS or TLS: leave it empty".to_owned());
    }
    Certificate::parse_pem(pem).map_err(|error| error.to_string())
}

fn operators(texts: &[String], errors: &mut FieldErrors) -> Vec<Email> {
    let texts: Vec<&str> = texts.iter().map(|text| text.trim()).filter(|text| !text.is_empty()).collect();
    if texts.len() > OPERATORS_MAX {
        errors.add("operators", format!("there are at most {OPERATORS_MAX} addresses: use a mailing list"));
    }
    let mut known: Vec<Email> = Vec::new();
    for text in texts {
        match Email::parse(text) {
            Ok(email) if !known.contains(&email) => known.push(email),
            Ok(_) => {}
            // The text is not told by the type; here the one who typed it has to find it among several.
            Err(error) => errors.add("operators", format!("{}: {error}", shown(text))),
        }
    }
    known
}

/// A typed text as a message can hold it.
fn shown(text: &str) -> String {
    let plain: String = text.chars().filter(|c| !c.is_control()).take(80).collect();
    format!("\u{201c}{plain}\u{201d}")
}

fn is_loopback(host: &str) -> bool {
    host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn draft() -> MailDraft {
        MailDraft {
            host: "mail.example.org".into(),
            sender: "Certificates <pki@example.org>".into(),
            operators: vec!["ops@example.org".into(), " ops@example.org ".into()],
            ..MailDraft::default()
        }
    }

    fn wrong(change: impl Fn(&mut MailDraft)) -> Vec<String> {
        let mut draft = draft();
        change(&mut draft);
        let errors = MailSettings::parse(&draft).unwrap_err();
        errors.as_slice().iter().map(|error| error.field.clone()).collect()
    }

    #[test]
    fn what_is_right_is_read() {
        let read = MailSettings::parse(&draft()).unwrap();
        assert_eq!((read.port(), read.security(), read.operators().len()), (587, MailSecurity::StartTls, 1));
        assert_eq!(read.user(), None);
    }

    #[test]
    fn what_is_wrong_is_named() {
        assert_eq!(wrong(|it| it.host = "mail example".into()), ["host"]);
        assert_eq!(wrong(|it| it.port = 0), ["port"]);
        assert_eq!(wrong(|it| it.port = 70_000), ["port"]);
        assert_eq!(wrong(|it| it.security = "ssl".into()), ["security"]);
        assert_eq!(wrong(|it| it.sender = "a@b\r\nBcc: x@example.org".into()), ["sender"]);
        assert_eq!(wrong(|it| it.tls_ca = "none".into()), ["tls_ca"]);
        assert_eq!(wrong(|it| it.operators = vec!["ops".into()]), ["operators"]);
    }

    #[test]
    fn no_password_goes_unprotected_over_a_network() {
        let open = |it: &mut MailDraft| {
            it.security = "none".into();
            it.user = "portal".into();
        };
        assert_eq!(wrong(open), ["user"]);
        let mut own = draft();
        open(&mut own);
        own.host = "127.0.0.1".into();
        assert!(MailSettings::parse(&own).is_ok());
    }
}
