//! `/certificates/{id}`: shown, revoked by its own form, downloaded without its key.

use axum::Form;
use axum::extract::{Path, Query};
use axum::response::{IntoResponse, Redirect, Response};
use certporter::service::ServiceError;
use certporter::service::certificates::{self, PublicForm, RevocationDraft};
use certporter_model::access::Caller;
use certporter_model::revocation::Reason;
use certporter_model::{CertificateId, FieldErrors};
use http::{HeaderValue, StatusCode, header};

use super::detail::{self, RevokeForm};
use super::read;
use crate::pages::asked::{Asked, form_errors, id};
use crate::ui::field::Typed;

/// What the address says beside the id.
#[derive(Default, serde::Deserialize)]
#[serde(default)]
pub struct Shown {
    /// Whether it comes from a form that was just sent.
    revoked: bool,
}

/// Shows the certificate.
pub async fn get(asked: Asked, Path(text): Path<String>, Query(shown): Query<Shown>) -> Response {
    match id(&text, "certificate") {
        Ok(id) => show(&asked, id, StatusCode::OK, Typed::default(), shown.revoked).await,
        Err(error) => asked.refuse(error).await,
    }
}

async fn show(
    asked: &Asked,
    id: CertificateId,
    status: StatusCode,
    typed: Typed<RevokeForm>,
    done: bool,
) -> Response {
    match read::read(&asked.portal, &asked.caller, id).await {
        Ok(shown) => {
            let view = move || detail::page(shown.clone(), typed.clone(), done);
            asked.renderer.page(status, view).await
        }
        Err(error) => asked.refuse(error).await,
    }
}

/// Revokes it, and shows it anew.
pub async fn post(asked: Asked, Path(text): Path<String>, Form(form): Form<RevokeForm>) -> Response {
    let id: CertificateId = match id(&text, "certificate") {
        Ok(id) => id,
        Err(error) => return asked.refuse(error).await,
    };
    let revoked = async {
        let draft = draft(&asked.caller, &form)?;
        certificates::revoke(&asked.portal, &asked.caller, id, &draft).await
    };
    match revoked.await.map_err(form_errors) {
        Ok(_) => Redirect::to(&format!("/certificates/{id}?revoked=true")).into_response(),
        Err(Ok(errors)) => {
            let typed = Typed { values: form, errors };
            show(&asked, id, StatusCode::UNPROCESSABLE_ENTITY, typed, false).await
        }
        Err(Err(error)) => asked.refuse(error).await,
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
    let part = async {
        let id = id(&text, "certificate")?;
        certificates::download(&asked.portal, &asked.caller, id, PublicForm::Pem).await
    };
    match part.await {
        Ok(part) => {
            let mut response = part.octets.into_response();
            let headers = response.headers_mut();
            headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(part.media_type));
            let name = format!("attachment; filename=\"{}\"", part.file_name);
            if let Ok(name) = HeaderValue::from_str(&name) {
                headers.insert(header::CONTENT_DISPOSITION, name);
            }
            response
        }
        Err(error) => asked.refuse(error).await,
    }
}
