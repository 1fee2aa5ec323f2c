//! What the helpdesk does, each on a page of its own under `/helpdesk/people/{id}` or `/helpdesk/devices/{id}`: what it
//! means, why it is done, and what will follow. Afterwards the person's or the device's page shows how far it is.

use axum::Form;
use axum::extract::Path;
use axum::response::{IntoResponse, Redirect, Response};
use certporter::service::{Operation, ServiceError};
use certporter_model::FieldErrors;
use certporter_model::revocation::Reason;
use http::StatusCode;

use super::acting::{self, Asking};
use super::subject::Subject;
use crate::pages::asked::{Asked, form_errors, id};
use crate::pages::consequences::Outcome;
use crate::ui::consequences::Shown;
use crate::ui::field::Typed;

/// What is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Act {
    /// A copy is sealed and offered once more.
    Deliver,
    /// A certificate is issued in another's place.
    Reissue,
    /// A certificate is revoked for good.
    Revoke,
    /// A request is tried again.
    Retry,
    /// A device is blocked for a while.
    BlockDevice,
    /// Its block is lifted.
    UnblockDevice,
    /// A device is declared lost.
    Lost,
    /// It is noted that a device was wiped.
    Wiped,
    /// A device is taken out of service.
    Retire,
    /// A person is blocked for a while.
    BlockPerson,
    /// Their block is lifted.
    UnblockPerson,
}

impl Act {
    const ALL: [Self; 11] = [
        Self::Deliver,
        Self::Reissue,
        Self::Revoke,
        Self::Retry,
        Self::BlockDevice,
        Self::UnblockDevice,
        Self::Lost,
        Self::Wiped,
        Self::Retire,
        Self::BlockPerson,
        Self::UnblockPerson,
    ];

    /// From its word in an address.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|act| act.word() == word)
    }

    /// Its word in an address.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Deliver => "deliver",
            Self::Reissue => "reissue",
            Self::Revoke => "revoke",
            Self::Retry => "retry",
            Self::BlockDevice => "block-device",
            Self::UnblockDevice => "unblock-device",
            Self::Lost => "lost",
            Self::Wiped => "wiped",
            Self::Retire => "retire",
            Self::BlockPerson => "block",
            Self::UnblockPerson => "unblock",
        }
    }

    /// Its address from somebody's page, for what it is done to.
    #[must_use]
    pub fn address(self, of: Subject, target: impl std::fmt::Display) -> String {
        format!("{of}/{}/{target}", self.word())
    }

    /// What the button says.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::Deliver => "Deliver again",
            Self::Reissue => "Reissue",
            Self::Revoke => "Revoke",
            Self::Retry => "Try again",
            Self::BlockDevice => "Block this device",
            Self::UnblockDevice | Self::UnblockPerson => "Lift the block",
            Self::Lost => "Declare it lost or stolen",
            Self::Wiped => "Note that it was wiped",
            Self::Retire => "Retire this device",
            Self::BlockPerson => "Block this person",
        }
    }

    /// Its icon.
    #[must_use]
    pub const fn icon(self) -> &'static str {
        match self {
            Self::Deliver => "send",
            Self::Reissue | Self::Retry => "rotate-cw",
            Self::Revoke => "ban",
            Self::BlockDevice | Self::BlockPerson => "circle-pause",
            Self::UnblockDevice | Self::UnblockPerson => "circle-check",
            Self::Lost => "circle-alert",
            Self::Wiped => "eraser",
            Self::Retire => "archive",
        }
    }

    /// What it means, for somebody who does it for the first time.
    #[must_use]
    pub const fn meaning(self) -> &'static str {
        match self {
            Self::Deliver => {
                "The same certificate is sealed for the device once more, and the device is told to fetch it. Nothing else \
                 changes."
            }
            Self::Reissue => {
                "A new key and a new certificate are made. The old certificate stays good until the device has \
                 confirmed the new one, and is then revoked as superseded."
            }
            Self::Revoke => {
                "The certificate is good for nothing from then on, and is removed from every device. This can\u{2019}t be \
                 undone."
            }
            Self::Retry => "The request goes to the connector once more, from where it stopped.",
            Self::BlockDevice => {
                "For a while, and reversible: what is on the device is removed from it and put on hold. A certificate \
                 whose CA knows no hold is revoked."
            }
            Self::UnblockDevice => {
                "The device gets back what it is assigned: what is on hold comes back, what was revoked is issued anew."
            }
            Self::Lost => {
                "Somebody else may have the device: its keys count as compromised and its certificates are revoked for \
                 good. What is on it is removed if it is ever reached."
            }
            Self::Wiped => {
                "It was erased, by its own management or by hand: nobody can say any more where its keys were before, so \
                 that its certificates are revoked as compromised. It can be enrolled anew."
            }
            Self::Retire => {
                "It is out of service: what is on it is removed from it, and its certificates are revoked for good. A new \
                 enrolment code brings it back."
            }
            Self::BlockPerson => {
                "For a while, and reversible: every certificate of this person goes on hold, and is removed from their \
                 devices."
            }
            Self::UnblockPerson => "Certificates come off hold, and are delivered again.",
        }
    }

    /// That it was done, and what to wait for.
    #[must_use]
    pub const fn done(self) -> &'static str {
        match self {
            Self::Deliver => {
                "It is being delivered again. It is done when the device says \u{201c}Installed\u{201d} below."
            }
            Self::Reissue => {
                "A new certificate is on its way. It is done when the device says \u{201c}Installed\u{201d} below."
            }
            Self::Revoke => "The certificate is being revoked. The timeline below tells how far that is.",
            Self::Retry => "The request is tried again. The timeline below tells how far it comes.",
            Self::BlockDevice => "The device is blocked. What is on it is being removed.",
            Self::UnblockDevice => "The block is lifted. The device gets back what it is assigned.",
            Self::Lost => "The device counts as lost. What it held is being revoked as compromised.",
            Self::Wiped => {
                "The device counts as wiped. What it held is being revoked; the timeline below tells how far that is."
            }
            Self::Retire => {
                "The device is retired. It is done when what was on it says \u{201c}Removed\u{201d} in the timeline below."
            }
            Self::BlockPerson => "The person is blocked. What they hold goes on hold.",
            Self::UnblockPerson => "The block is lifted. What the person is assigned comes back.",
        }
    }

    /// Whether it can\u{2019}t be undone.
    #[must_use]
    pub const fn is_final(self) -> bool {
        matches!(self, Self::Revoke | Self::Lost | Self::Wiped | Self::Retire)
    }

    /// The operation that it is.
    #[must_use]
    pub const fn operation(self) -> Operation {
        match self {
            Self::Deliver => Operation::CopiesDeliverAgain,
            Self::Reissue => Operation::CertificatesReissue,
            Self::Revoke => Operation::CertificatesRevoke,
            Self::Retry => Operation::RequestsRetry,
            Self::BlockDevice => Operation::DevicesBlock,
            Self::UnblockDevice => Operation::DevicesUnblock,
            Self::Lost => Operation::DevicesLost,
            Self::Wiped => Operation::DevicesWiped,
            Self::Retire => Operation::DevicesRetire,
            Self::BlockPerson => Operation::UsersBlock,
            Self::UnblockPerson => Operation::UsersUnblock,
        }
    }
}

/// What the form holds.
#[derive(Debug, Clone, Default, serde::Serialize, serde::Deserialize)]
#[serde(default)]
pub struct ActForm {
    /// Why, in somebody's own words.
    pub explanation: String,
    /// The reason of a revocation.
    pub reason: String,
    /// Under what what follows was shown.
    pub digest: String,
}

/// The id in the address, what is done, and to what.
pub type Parts = (String, String, String);

/// Shows what would follow, from a person's page.
pub async fn get(asked: Asked, Path(parts): Path<Parts>) -> Response {
    ask(&asked, person(&parts), &parts).await
}

/// Shows what would follow, from a device's page.
pub async fn get_of_device(asked: Asked, Path(parts): Path<Parts>) -> Response {
    ask(&asked, device(&parts), &parts).await
}

/// Does it from a person's page, if what follows is what was shown.
pub async fn post(asked: Asked, Path(parts): Path<Parts>, Form(form): Form<ActForm>) -> Response {
    carry_out(&asked, person(&parts), &parts, form).await
}

/// Does it from a device's page, if what follows is what was shown.
pub async fn post_of_device(asked: Asked, Path(parts): Path<Parts>, Form(form): Form<ActForm>) -> Response {
    carry_out(&asked, device(&parts), &parts, form).await
}

fn person((text, ..): &Parts) -> Result<Subject, ServiceError> {
    Ok(Subject::Person(id(text, "user")?))
}

fn device((text, ..): &Parts) -> Result<Subject, ServiceError> {
    Ok(Subject::Device(id(text, "device")?))
}

fn named(of: Result<Subject, ServiceError>, word: &str) -> Result<(Subject, Act), ServiceError> {
    Ok((of?, Act::from_word(word).ok_or(ServiceError::NotFound { what: "page" })?))
}

async fn ask(asked: &Asked, of: Result<Subject, ServiceError>, (_, word, target): &Parts) -> Response {
    match named(of, word) {
        Ok((of, act)) => show(asked, (of, act, target), StatusCode::OK, Typed::default(), None).await,
        Err(error) => asked.refuse(error).await,
    }
}

async fn carry_out(
    asked: &Asked,
    of: Result<Subject, ServiceError>,
    (_, word, target): &Parts,
    form: ActForm,
) -> Response {
    let (of, act) = match named(of, word) {
        Ok(named) => named,
        Err(error) => return asked.refuse(error).await,
    };
    let asks = (of, act, target.as_str());
    let done = async {
        let mut errors = FieldErrors::new();
        if form.explanation.trim().is_empty() {
            errors.add("explanation", "say why: it is kept in the audit trail");
        }
        if act == Act::Revoke && form.reason.parse::<Reason>().is_err() {
            errors.add("reason", "choose the reason: relying parties act by it");
        }
        if !errors.is_empty() {
            return Err(errors.into());
        }
        acting::carry_out(asked, asks, &form).await
    };
    match done.await.map_err(form_errors) {
        Ok(Outcome::Done(())) => Redirect::to(&format!("{of}?done={}", act.word())).into_response(),
        Ok(Outcome::Show(shown)) => {
            let typed = Typed { values: form, errors: FieldErrors::new() };
            show(asked, asks, StatusCode::OK, typed, Some(shown)).await
        }
        Err(Ok(errors)) => {
            let typed = Typed { values: form, errors };
            show(asked, asks, StatusCode::UNPROCESSABLE_ENTITY, typed, None).await
        }
        Err(Err(error)) => asked.refuse(error).await,
    }
}

async fn show(
    asked: &Asked,
    asks: (Subject, Act, &str),
    status: StatusCode,
    typed: Typed<ActForm>,
    shown: Option<Shown>,
) -> Response {
    match acting::read(asked, asks, shown).await {
        Ok(read) => {
            let asking = Asking { typed, ..read };
            asked.renderer.page(status, move || acting::page(asking.clone())).await
        }
        Err(error) => asked.refuse(error).await,
    }
}
