//! `/certificates/{id}`: shown, revoked by its own form, downloaded without its key.

use axum::Form;
use axum::extract::{Path, Query as Queried};
use axum::response::{IntoResponse, Redirect, Response};
use certporter::service::action::ActionDraft;
use certporter::service::certificates::{self, PublicForm, RevocationDraft};
use certporter::service::{Operation, Portal, ServiceError, revocation_proof};
use certporter_model::access::Caller;
use certporter_model::revocation::Reason;
use certporter_model::{CertificateId, FieldErrors};
use http::{StatusCode, header};

use super::detail::{self, Certificate, Change, Done, Kind, RevokeForm};
use super::read;
use crate::pages::asked::{Asked, form_errors, id};
use crate::pages::consequences::{Outcome, fields_of, preview_or_do};
use crate::ui::consequences::Shown;
use crate::ui::field::Typed;

/// What the address says beside the id.
#[derive(Default, serde::Deserialize)]
#[serde(default)]
pub struct Query {
    /// Whether it comes from a form that was just sent.
    revoked: bool,
    /// The same, for a reissue.
    reissued: bool,
}

/// Shows the certificate.
pub async fn get(asked: Asked, Path(text): Path<String>, Queried(query): Queried<Query>) -> Response {
    let done = match (query.revoked, query.reissued) {
        (true, _) => Done::Revoked,
        (_, true) => Done::Reissued,
        _ => Done::Nothing,
    };
    match id(&text, "certificate") {
        Ok(id) => show(&asked, id, StatusCode::OK, Typed::default(), done).await,
        Err(error) => asked.refuse(error).await,
    }
}

async fn shown(asked: &Asked, id: CertificateId) -> Result<Certificate, ServiceError> {
    let shown = read::read(&asked.portal, &asked.caller, id).await?;
    let reissue = shown.reissue && asked.may(Operation::CertificatesReissue);
    Ok(Certificate { reissue, ..shown })
}

async fn show(
    asked: &Asked,
    id: CertificateId,
    status: StatusCode,
    typed: Typed<RevokeForm>,
    done: Done,
) -> Response {
    match shown(asked, id).await {
        Ok(shown) => {
            let view = move || detail::page(shown.clone(), typed.clone(), done);
            asked.renderer.page(status, view).await
        }
        Err(error) => asked.refuse(error).await,
    }
}

async fn preview(asked: &Asked, id: CertificateId, consequences: Shown, change: Change) -> Response {
    match shown(asked, id).await {
        Ok(certificate) => {
            let view = move || detail::preview(certificate.clone(), consequences.clone(), change.clone());
            asked.renderer.page(StatusCode::OK, view).await
        }
        Err(error) => asked.refuse(error).await,
    }
}

/// Shows what would follow from revoking it, or does so.
pub async fn post(asked: Asked, Path(text): Path<String>, Form(form): Form<RevokeForm>) -> Response {
    let id: CertificateId = match id(&text, "certificate") {
        Ok(id) => id,
        Err(error) => return asked.refuse(error).await,
    };
    let outcome = match draft(&asked.caller, &form) {
        Ok(draft) => {
            let caller = asked.caller.clone();
            let fields = fields_of(&form);
            let change = Change { kind: Kind::Revoke(draft.reason), fields };
            let operation =
                |portal: Portal| async move { certificates::revoke(&portal, &caller, id, &draft).await };
            preview_or_do(&asked, &form.digest, operation).await.map(|outcome| (outcome, change))
        }
        Err(error) => Err(error),
    };
    match outcome.map_err(form_errors) {
        Ok((Outcome::Done(_), _)) => {
            Redirect::to(&format!("/certificates/{id}?revoked=true")).into_response()
        }
        Ok((Outcome::Show(consequences), change)) => preview(&asked, id, consequences, change).await,
        Err(Ok(errors)) => {
            let typed = Typed { values: form, errors };
            show(&asked, id, StatusCode::UNPROCESSABLE_ENTITY, typed, Done::Nothing).await
        }
        Err(Err(error)) => asked.refuse(error).await,
    }
}

/// What the form for a reissue holds.
#[derive(Debug, Clone, Default, serde::Serialize, serde::Deserialize)]
#[serde(default)]
pub struct ReissueForm {
    /// Why, in somebody's own words.
    why: String,
    /// What was shown of the consequences; empty in the first step.
    digest: String,
}

/// Shows what would follow from reissuing it, or does so.
pub async fn reissue(asked: Asked, Path(text): Path<String>, Form(form): Form<ReissueForm>) -> Response {
    let id: CertificateId = match id(&text, "certificate") {
        Ok(id) => id,
        Err(error) => return asked.refuse(error).await,
    };
    let draft = ActionDraft { explanation: Some(form.why.clone()) };
    let caller = asked.caller.clone();
    let operation = |portal: Portal| async move { certificates::reissue(&portal, &caller, id, &draft).await };
    match preview_or_do(&asked, &form.digest, operation).await.map_err(form_errors) {
        Ok(Outcome::Done(_)) => Redirect::to(&format!("/certificates/{id}?reissued=true")).into_response(),
        Ok(Outcome::Show(consequences)) => {
            let change = Change { kind: Kind::Reissue, fields: fields_of(&form) };
            preview(&asked, id, consequences, change).await
        }
        Err(Ok(errors)) => {
            let mut named = FieldErrors::new();
            for error in errors.as_slice() {
                let field = if error.field == "explanation" { "why" } else { error.field.as_str() };
                named.add(field, &error.message);
            }
            let typed = Typed { values: RevokeForm::default(), errors: named };
            show(&asked, id, StatusCode::UNPROCESSABLE_ENTITY, typed, Done::Nothing).await
        }
        Err(Err(error)) => asked.refuse(error).await,
    }
}

/// The proof of its revocation, to keep.
pub async fn proof(asked: Asked, Path(text): Path<String>) -> Response {
    let proof = match id(&text, "certificate") {
        Ok(id) => revocation_proof::get(&asked.portal, &asked.caller, id).await,
        Err(error) => Err(error),
    };
    match proof {
        Ok(proof) => {
            let name = format!("attachment; filename=\"revocation-{}.json\"", proof.certificate.serial);
            ([(header::CONTENT_DISPOSITION, name)], axum::Json(proof)).into_response()
        }
        Err(error) => asked.refuse(error).await,
    }
}

fn draft(caller: &Caller, form: &RevokeForm) -> Result<RevocationDraft, ServiceError> {
    let chosen = form.reason.parse::<Reason>().ok();
    let may = |reason: &Reason| caller.grants().iter().any(|grant| reason.allowed_to(grant.role));
    match chosen.filter(may) {
        Some(reason) => Ok(RevocationDraft { reason, explanation: form.explanation.clone() }),
        None => Err(FieldErrors::one("reason", "choose the reason: relying parties act by it").into()),
    }
}

/// The certificate as PEM; never its key.
pub async fn download(asked: Asked, Path(text): Path<String>) -> Response {
    part(&asked, &text, PublicForm::Pem).await
}

/// The certificate as DER.
pub async fn der(asked: Asked, Path(text): Path<String>) -> Response {
    part(&asked, &text, PublicForm::Der).await
}

/// The certificate and its issuers as PEM.
pub async fn chain(asked: Asked, Path(text): Path<String>) -> Response {
    part(&asked, &text, PublicForm::Chain).await
}

async fn part(asked: &Asked, text: &str, form: PublicForm) -> Response {
    let part = async {
        let id = id(text, "certificate")?;
        certificates::download(&asked.portal, &asked.caller, id, form).await
    };
    match part.await {
        Ok(part) => {
            let name = format!("attachment; filename=\"{}\"", part.file_name);
            let headers =
                [(header::CONTENT_TYPE, part.media_type.to_owned()), (header::CONTENT_DISPOSITION, name)];
            (headers, part.octets).into_response()
        }
        Err(error) => asked.refuse(error).await,
    }
}
