//! Certificates as files, for devices that can't run the agent: the same pages for the person and for staff.
//!
//! - [`side`]: for whom a page is; [`list`]: what waits and what was handed out
//! - [`made`]: the password, shown this once, and the link
//! - [`link`]: `/hand-out/{token}`, where the file is fetched, on whatever device
//! - [`snippets`]: ready-made settings for a Linux device
pub mod link;
pub mod list;
pub mod made;
pub mod side;
pub mod snippets;

#[cfg(test)]
mod samples;

use axum::Router;
use axum::extract::Path;
use axum::response::{IntoResponse as _, Redirect, Response};
use axum::routing::get;
use certporter::service::ServiceError;
use certporter::service::hand_outs::{self, ChannelDraft, HandOutDraft};
use certporter_model::DeviceId;
use certporter_model::delivery::Channel;
use http::StatusCode;

use self::list::HandOutForm;
use self::side::Side;
use super::asked::{Asked, PagesState, form_errors, id, present, word};
use super::form::Sent;
use crate::ui::field::Typed;

/// The routes of the person's and of staff's pages, and of the link.
pub fn routes() -> Router<PagesState> {
    let staff = |asked: Asked, path: Path<String>| show(Side::Staff, asked, path);
    let own = |asked: Asked, path: Path<String>| show(Side::Own, asked, path);
    let staff_does = |asked: Asked, path: Path<String>, sent: Sent| act(Side::Staff, asked, path, sent);
    let own_does = |asked: Asked, path: Path<String>, sent: Sent| act(Side::Own, asked, path, sent);
    let staff_snippets = |asked: Asked, path: Path<String>| snippets::get(Side::Staff, asked, path);
    let own_snippets = |asked: Asked, path: Path<String>| snippets::get(Side::Own, asked, path);
    Router::new()
        .route("/devices/{id}/hand-outs", get(staff).post(staff_does))
        .route("/devices/{id}/snippets", get(staff_snippets))
        .route("/me/devices/{id}/hand-outs", get(own).post(own_does))
        .route("/me/devices/{id}/snippets", get(own_snippets))
        .route("/hand-out/{token}", get(link::get).post(link::post))
}

/// Shows what waits and what was handed out.
async fn show(side: Side, asked: Asked, Path(text): Path<String>) -> Response {
    let read = async {
        let caller = side.caller(&asked)?;
        let view = hand_outs::list(&asked.portal, &caller, id::<DeviceId>(&text, "device")?).await?;
        Ok((side, view))
    };
    let read = read.await;
    asked.answer(read, |(side, view)| list::page(side, view, Typed::default())).await
}

/// Chooses a channel, makes a file, or withdraws links: as the button says.
async fn act(side: Side, asked: Asked, Path(text): Path<String>, sent: Sent) -> Response {
    let done = async {
        let caller = side.caller(&asked)?;
        let id: DeviceId = id(&text, "device")?;
        match sent.one("do") {
            "choose" => {
                let channel: Option<Channel> = word(sent.one("channel")).map_err(|_| {
                    ServiceError::field("channel", "choose how the device gets its certificates")
                })?;
                let Some(channel) = channel else {
                    return Err(ServiceError::field(
                        "channel",
                        "choose how the device gets its certificates",
                    ));
                };
                hand_outs::choose(&asked.portal, &caller, id, ChannelDraft { channel }).await?;
                Ok(None)
            }
            "withdraw" => {
                hand_outs::withdraw(&asked.portal, &caller, id).await?;
                Ok(None)
            }
            _ => {
                let draft = HandOutDraft {
                    certificate: sent
                        .one("certificate")
                        .parse()
                        .map_err(|error| ServiceError::field("certificate", error))?,
                    format: word(sent.one("format"))?,
                    recipient_certificate: present(sent.one("recipient_certificate")),
                };
                hand_outs::prepare(&asked.portal, &caller, id, &draft).await.map(Some)
            }
        }
    };
    match done.await {
        Ok(Some(made)) => {
            let here = side.device(&text);
            asked.answer(Ok((side, here, made)), |(side, here, made)| made::page(side, here, made)).await
        }
        Ok(None) => Redirect::to(&format!("{}/hand-outs", side.device(&text))).into_response(),
        Err(error) => match form_errors(error) {
            Ok(errors) => {
                let one = |name: &str| sent.one(name).to_owned();
                let values = HandOutForm {
                    channel: one("channel"),
                    certificate: one("certificate"),
                    format: one("format"),
                    recipient_certificate: one("recipient_certificate"),
                };
                again(side, &asked, &text, Typed { values, errors }).await
            }
            Err(error) => asked.refuse(error).await,
        },
    }
}

/// The page again, with what was wrong.
async fn again(side: Side, asked: &Asked, text: &str, typed: Typed<HandOutForm>) -> Response {
    let read = async {
        let caller = side.caller(asked)?;
        hand_outs::list(&asked.portal, &caller, id::<DeviceId>(text, "device")?).await
    };
    match read.await {
        Ok(view) => {
            let shown = move || list::page(side, view.clone(), typed.clone());
            asked.renderer.page(StatusCode::UNPROCESSABLE_ENTITY, shown).await
        }
        Err(error) => asked.refuse(error).await,
    }
}
