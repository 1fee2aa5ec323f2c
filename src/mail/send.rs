//! One letter to one address: plain text in UTF-8.

use std::time::{Duration, UNIX_EPOCH};

use certporter_model::identity::Email;
use certporter_model::notice::MailSecurity;
use certporter_model::{NoticeId, Timestamp};
use lettre::message::Mailbox;
use lettre::message::header::{ContentType, Header, HeaderName, HeaderValue};
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, CertificateStore, Tls, TlsParameters};
use lettre::{Address, AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor};

use super::fault::MailFault;
use super::password::SmtpPassword;
use super::settings::MailSettings;

/// How long a server may take until it is connected.
const PATIENCE: Duration = Duration::from_secs(20);
/// How long it may take for the whole conversation: one that falls silent keeps no letter waiting for ever.
const LONGEST: Duration = Duration::from_secs(60);

/// A letter to one address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Letter {
    /// The notice that it brings: the same one has the same Message-ID however often it is tried.
    pub id: NoticeId,
    /// To whom.
    pub to: Email,
    /// Its subject, one line.
    pub subject: String,
    /// Its text.
    pub body: String,
    /// When it was written.
    pub at: Timestamp,
}

/// `Auto-Submitted: auto-generated` (RFC 3834, section 5): no holiday reply comes back.
#[derive(Debug, Clone)]
struct AutoSubmitted;

impl Header for AutoSubmitted {
    fn name() -> HeaderName {
        HeaderName::new_from_ascii_str("Auto-Submitted")
    }

    fn parse(_: &str) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        Ok(Self)
    }

    fn display(&self) -> HeaderValue {
        HeaderValue::new(Self::name(), "auto-generated".to_owned())
    }
}

/// Sends a letter, and returns when the server has taken it.
///
/// # Errors
/// When the server is away or refuses it; nothing was taken then.
pub async fn send(
    settings: &MailSettings,
    password: Option<&SmtpPassword>,
    letter: &Letter,
) -> Result<(), MailFault> {
    let message = message(settings, letter)?;
    let transport = transport(settings, password)?;
    match tokio::time::timeout(LONGEST, transport.send(message)).await {
        Ok(sent) => sent.map(|_| ()).map_err(|error| MailFault::of(&error, settings)),
        Err(_) => Err(MailFault::silent(settings)),
    }
}

fn message(settings: &MailSettings, letter: &Letter) -> Result<Message, MailFault> {
    let address: Address =
        letter.to.as_str().parse().map_err(|error| {
            MailFault::unwritten(format!("{} is no address for mail: {error}", letter.to))
        })?;
    let at = UNIX_EPOCH + Duration::from_millis(u64::try_from(letter.at.as_millis()).unwrap_or(0));
    let domain = settings.sender().email.domain();
    Message::builder()
        .from(settings.sender().clone())
        .to(Mailbox::new(None, address))
        .subject(one_line(&letter.subject))
        .date(at)
        .message_id(Some(format!("<{}@{domain}>", letter.id)))
        .header(AutoSubmitted)
        .header(ContentType::TEXT_PLAIN)
        .body(letter.body.clone())
        .map_err(|error| MailFault::unwritten(format!("the letter can't be written: {error}")))
}

/// A header ends where its line ends: nothing in a subject begins another.
fn one_line(subject: &str) -> String {
    subject.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

fn transport(
    settings: &MailSettings,
    password: Option<&SmtpPassword>,
) -> Result<AsyncSmtpTransport<Tokio1Executor>, MailFault> {
    let tls = match settings.security() {
        MailSecurity::None => Tls::None,
        MailSecurity::StartTls => Tls::Required(parameters(settings)?),
        MailSecurity::Tls => Tls::Wrapper(parameters(settings)?),
    };
    let mut builder = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(settings.host())
        .port(settings.port())
        .tls(tls)
        .timeout(Some(PATIENCE));
    if let Some(user) = settings.user() {
        let secret = password.map(SmtpPassword::expose).unwrap_or_default();
        builder = builder.credentials(Credentials::new(user.to_owned(), secret.to_owned()));
    }
    Ok(builder.build())
}

fn parameters(settings: &MailSettings) -> Result<TlsParameters, MailFault> {
    let fault = |error: lettre::transport::smtp::Error| MailFault::of(&error, settings);
    let mut builder = TlsParameters::builder(settings.host().to_owned());
    if !settings.trust().is_empty() {
        // Only what comes from these is believed.
        builder = builder.certificate_store(CertificateStore::None);
    }
    for certificate in settings.trust() {
        let root = Certificate::from_der(certificate.as_der().to_vec()).map_err(fault)?;
        builder = builder.add_root_certificate(root);
    }
    builder.build().map_err(fault)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mail::settings::MailDraft;

    #[test]
    fn a_subject_begins_no_other_header() {
        let draft =
            MailDraft { host: "localhost".into(), sender: "pki@example.org".into(), ..MailDraft::default() };
        let letter = Letter {
            id: NoticeId::new(Timestamp::from_millis(1), [1; 10]),
            to: "anna@example.org".parse().unwrap(),
            subject: "Hello\r\nBcc: eve@example.org".into(),
            body: "Grüße\r\n.\r\nBcc: eve@example.org\r\n".into(),
            at: Timestamp::from_seconds(1_767_225_600),
        };
        let message = message(&MailSettings::parse(&draft).unwrap(), &letter).unwrap();
        let recipients: Vec<String> = message.envelope().to().iter().map(ToString::to_string).collect();
        assert_eq!(recipients, ["anna@example.org"]);
        let text = String::from_utf8(message.formatted()).unwrap();
        let (head, _) = text.split_once("\r\n\r\n").unwrap();
        assert!(!head.lines().any(|line| line.to_ascii_lowercase().starts_with("bcc")), "{head}");
        assert!(head.contains("Date: Thu, 01 Jan 2026 00:00:00"), "{head}");
        assert!(head.contains("Auto-Submitted: auto-generated"), "{head}");
    }
}
