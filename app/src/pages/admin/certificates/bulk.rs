//! `/certificates/bulk`: many certificates at once. First what would be done and to which, with a reason; then how far
//! it is, on a page of its own that can be left and come back to.

use std::convert::Infallible;
use std::time::Duration;

use axum::extract::Path;
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Redirect, Response};
use certporter::service::ServiceError;
use certporter::service::certificates::{self, BulkDraft, BulkPreview, BulkView, BulkWhich};
use certporter_model::access::Caller;
use certporter_model::certificate::BulkKind;
use certporter_model::revocation::Reason;
use certporter_model::{BulkActionId, FieldErrors};
use futures::stream;
use http::StatusCode;

use super::bulk_page::{self, Asking, Progress};
use super::filter::Filter;
use crate::pages::asked::{Asked, form_errors, id};
use crate::pages::form::Sent;
use crate::ui::field::Typed;
use crate::ui::words::sentence;

/// How often a page that is looked at is told how far it is.
const INTERVAL: Duration = Duration::from_millis(700);

/// Nothing is chosen yet: the list is where that is done.
pub async fn get() -> Response {
    Redirect::to("/certificates").into_response()
}

/// Shows what would be done, or begins it.
pub async fn post(asked: Asked, sent: Sent) -> Response {
    let draft = match draft(&asked.caller, &sent) {
        Ok(draft) => draft,
        Err(error) => return asked.refuse(error).await,
    };
    if draft.digest.is_none() {
        return show(&asked, &sent, &draft, StatusCode::OK, FieldErrors::new()).await;
    }
    let begun = match whole(&draft) {
        Ok(()) => certificates::begin(&asked.portal, &asked.caller, &draft).await,
        Err(error) => Err(error),
    };
    match begun.map_err(form_errors) {
        Ok(begun) => Redirect::to(&format!("/certificates/bulk/{}", begun.id)).into_response(),
        Err(Ok(errors)) => show(&asked, &sent, &draft, StatusCode::UNPROCESSABLE_ENTITY, errors).await,
        Err(Err(error)) => asked.refuse(error).await,
    }
}

/// What a person is told in better words than a program.
fn whole(draft: &BulkDraft) -> Result<(), ServiceError> {
    let mut errors = FieldErrors::new();
    if draft.kind == BulkKind::Revoke {
        if draft.reason.is_none() {
            errors.add("reason", "choose the reason: relying parties act by it");
        }
        if draft.explanation.as_deref().is_none_or(|text| text.trim().is_empty()) {
            errors.add("explanation", "say why: it is kept in the audit trail");
        }
    }
    if errors.is_empty() { Ok(()) } else { Err(errors.into()) }
}

fn draft(caller: &Caller, sent: &Sent) -> Result<BulkDraft, ServiceError> {
    let kind: BulkKind = sent.one("kind").parse().map_err(|error| ServiceError::field("", error))?;
    let which = if sent.has("all") {
        BulkWhich::Query(Box::new(filter(sent).query()?))
    } else {
        let ids: Result<Vec<_>, _> = sent.all("id").map(|text| id(text, "certificate")).collect();
        BulkWhich::Certificates(ids?)
    };
    let may = |reason: &Reason| caller.grants().iter().any(|grant| reason.allowed_to(grant.role));
    let reason = (kind == BulkKind::Revoke).then(|| sent.one("reason").parse().ok()).flatten();
    let digest = match sent.one("digest") {
        "" => None,
        text => Some(text.parse().map_err(|_| {
            ServiceError::field("", "the form was not sent whole: choose the certificates again")
        })?),
    };
    let explanation = Some(sent.one("explanation").to_owned()).filter(|text| !text.is_empty());
    Ok(BulkDraft { kind, which, reason: reason.filter(may), explanation, digest })
}

fn filter(sent: &Sent) -> Filter {
    // The form asks for a reason of its own.
    Filter::of(|name| sent.one(if name == "reason" { "only_reason" } else { name }).to_owned())
}

async fn show(
    asked: &Asked,
    sent: &Sent,
    draft: &BulkDraft,
    status: StatusCode,
    errors: FieldErrors,
) -> Response {
    let unsaid = BulkDraft { reason: None, explanation: None, ..draft.clone() };
    let preview = match certificates::preview_bulk(&asked.portal, &asked.caller, &unsaid).await {
        Ok(preview) => preview,
        Err(error) => return refuse(asked, error).await,
    };
    let asking = asking(&asked.caller, sent, draft, preview, errors);
    asked.renderer.page(status, move || bulk_page::ask(asking.clone())).await
}

/// That nothing was chosen is no fault of the program's: the way back is shown.
async fn refuse(asked: &Asked, error: ServiceError) -> Response {
    match form_errors(error) {
        Ok(errors) => {
            let told = errors.as_slice().iter().map(|error| sentence(&error.message)).collect::<Vec<_>>();
            let view = move || bulk_page::nothing(told.join(" "));
            asked.renderer.page(StatusCode::UNPROCESSABLE_ENTITY, view).await
        }
        Err(error) => asked.refuse(error).await,
    }
}

fn asking(
    caller: &Caller,
    sent: &Sent,
    draft: &BulkDraft,
    preview: BulkPreview,
    errors: FieldErrors,
) -> Asking {
    let typed = ["reason", "explanation", "digest"];
    let hidden = sent.pairs().iter().filter(|(name, _)| !typed.contains(&name.as_str())).cloned().collect();
    let may = |reason: &&Reason| caller.grants().iter().any(|grant| reason.allowed_to(grant.role));
    let values = (sent.one("reason").to_owned(), sent.one("explanation").to_owned());
    Asking {
        kind: draft.kind,
        preview,
        hidden,
        reasons: Reason::ALL.iter().filter(may).copied().collect(),
        typed: Typed { values, errors },
        back: filter(sent).page(""),
    }
}

/// Shows how far it is.
pub async fn progress(asked: Asked, Path(text): Path<String>) -> Response {
    let shown = async {
        let id = id(&text, "bulk action")?;
        certificates::progress(&asked.portal, &asked.caller, id).await
    };
    let shown = shown.await.map(Progress::from);
    asked.answer(shown, bulk_page::progress).await
}

/// Sends the moving part of that page while it moves.
pub async fn events(asked: Asked, Path(text): Path<String>) -> Response {
    let id: BulkActionId = match id(&text, "bulk action") {
        Ok(id) => id,
        Err(error) => return asked.refuse(error).await,
    };
    if let Err(error) = certificates::progress(&asked.portal, &asked.caller, id).await {
        return asked.refuse(error).await;
    }
    let stream = stream::unfold((asked, None::<BulkView>), move |(asked, mut last)| async move {
        loop {
            // At its end it stays as it is: ending the stream would only have the browser ask again.
            if last.as_ref().is_some_and(|view| view.finished_at.is_some()) {
                std::future::pending::<()>().await;
            }
            if last.is_some() {
                tokio::time::sleep(INTERVAL).await;
            }
            let caller = asked.still_signed_in().await.ok()?;
            let view = certificates::progress(&asked.portal, &caller, id).await.ok()?;
            if last.as_ref() != Some(&view) {
                let shown = Progress::from(view.clone());
                let part = asked.renderer.at(asked.portal.now()).part(|| bulk_page::part(shown));
                last = Some(view);
                return Some((Ok::<_, Infallible>(Event::default().data(part)), (asked, last)));
            }
        }
    });
    Sse::new(stream).keep_alive(KeepAlive::default()).into_response()
}
