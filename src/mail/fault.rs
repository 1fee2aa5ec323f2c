//! Why a letter was not taken, and what to do about it.

use std::error::Error;

use lettre::transport::smtp;

use super::settings::MailSettings;

/// The most characters that are told of what a server said.
const TOLD: usize = 300;

/// Why a letter was not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MailFault {
    /// No letter gets through at the moment: the server is away, or does not let the portal in.
    #[error("{cause}")]
    Server {
        /// Why.
        cause: String,
        /// What to do about it.
        remedy: String,
    },
    /// The server does not take this letter now, perhaps later.
    #[error("{cause}")]
    Later {
        /// Why.
        cause: String,
    },
    /// The server will never take this letter, or it can't be written.
    #[error("{cause}")]
    Refused {
        /// Why.
        cause: String,
        /// What to do about it.
        remedy: String,
    },
}

impl MailFault {
    /// What an error of the connection or an answer of the server means.
    pub(super) fn of(error: &smtp::Error, settings: &MailSettings) -> Self {
        let server = format!("the mail server {}:{}", settings.host(), settings.port());
        let said = told(error);
        let code = error.status().map(u16::from);
        match code {
            // RFC 4954, section 6: signing in.
            Some(432 | 454 | 530 | 534 | 535 | 538) => Self::Server {
                cause: format!("{server} does not let the portal in: {said}"),
                remedy: "Check the user and the password in the settings for mail.".to_owned(),
            },
            // RFC 5321, section 3.8: it closes down.
            Some(421) => Self::Server {
                cause: format!("{server} is closing down: {said}"),
                remedy: "Mail waits, and goes out by itself when it is back.".to_owned(),
            },
            Some(400..=499) => Self::Later { cause: format!("{server} does not take it now: {said}") },
            Some(_) => Self::Refused {
                cause: format!("{server} refuses it: {said}"),
                remedy: "Check the recipient's address and the sender's; then have it sent again.".to_owned(),
            },
            // A handshake that fails is told as one of the connection.
            None if error.is_tls() || said.contains("SSL") || said.contains("certificate") => Self::Server {
                cause: format!("the TLS connection to {server} fails: {said}"),
                remedy: "Check the protection of the connection, the server's name and the CA of its TLS \
                         certificate in the settings for mail."
                    .to_owned(),
            },
            None => Self::Server {
                cause: format!("{server} can't be reached: {said}"),
                remedy: "Check its name, its port and that it runs. Mail waits, and goes out by itself when it is \
                         back."
                    .to_owned(),
            },
        }
    }

    /// The server said nothing for too long.
    pub(super) fn silent(settings: &MailSettings) -> Self {
        Self::Server {
            cause: format!("the mail server {}:{} stopped answering", settings.host(), settings.port()),
            remedy: "Look at its log. Mail waits, and is tried again by itself.".to_owned(),
        }
    }

    /// A letter that can't be written.
    pub(super) fn unwritten(cause: String) -> Self {
        Self::Refused { cause, remedy: "Correct the address, then have it sent again.".to_owned() }
    }
}

/// An error with what led to it, bounded and on one line.
fn told(error: &smtp::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        let inner_text = inner.to_string();
        if !text.contains(&inner_text) {
            text.push_str(": ");
            text.push_str(&inner_text);
        }
        cause = inner.source();
    }
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(TOLD).collect()
}
