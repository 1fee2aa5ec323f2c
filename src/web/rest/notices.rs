//! `/api/v1/mail`, `/api/v1/notices`, `/api/v1/notice-templates`

use axum::Json as Answered;
use axum::extract::State;
use certporter_model::NoticeId;
use certporter_model::notice::NoticeKind;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::acting::Acting;
use super::answer::{Answer, tagged};
use super::authenticate::Asking;
use super::body::{Id, Json, Query};
use super::precondition::IfMatch;
use crate::service::Portal;
use crate::service::notices::mail::{self, MailSettingsDraft, MailSettingsView, MailTestDraft, MailTestView};
use crate::service::notices::templates::{self, NoticePreview, NoticeTemplateDraft, NoticeTemplateView};
use crate::service::notices::{self, NoticeView, NoticesQuery};
use crate::service::page::Page;

pub(super) fn routes() -> OpenApiRouter<Portal> {
    OpenApiRouter::new()
        .routes(routes!(mail_settings, update_mail))
        .routes(routes!(test_mail))
        .routes(routes!(list))
        .routes(routes!(get))
        .routes(routes!(retry))
        .routes(routes!(template_list))
        .routes(routes!(template, update_template))
        .routes(routes!(preview))
}

/// Read how mail is set up. The password is never told.
#[utoipa::path(get, path = "/mail", operation_id = "mail.get", tag = "notices",
    responses((status = 200, description = "The settings", body = MailSettingsView)))]
async fn mail_settings(State(portal): State<Portal>, Asking(caller): Asking) -> Answer {
    let view = mail::get(&portal, &caller).await?;
    Ok(tagged(view.version, view))
}

/// Set mail up. Without a password, the one before is kept. Letters that wait are tried at once.
#[utoipa::path(put, path = "/mail", operation_id = "mail.update", tag = "notices", request_body = MailSettingsDraft,
    params(("If-Match" = String, Header, description = "The ETag of what was read; \"0\" before the first time")),
    responses((status = 200, description = "The settings", body = MailSettingsView)))]
async fn update_mail(
    Acting(portal): Acting,
    Asking(caller): Asking,
    IfMatch(read): IfMatch,
    Json(draft): Json<MailSettingsDraft>,
) -> Answer {
    let view = mail::update(&portal, &caller, read, &draft).await?;
    Ok(tagged(view.version, view))
}

/// Send a test message with the settings that are saved, and say what became of it.
#[utoipa::path(post, path = "/mail/test", operation_id = "mail.test", tag = "notices", request_body = MailTestDraft,
    responses((status = 200, description = "What became of it", body = MailTestView)))]
async fn test_mail(
    Acting(portal): Acting,
    Asking(caller): Asking,
    Json(draft): Json<MailTestDraft>,
) -> Answer<Answered<MailTestView>> {
    Ok(Answered(mail::test(&portal, &caller, &draft).await?))
}

/// List the letters that were written, the newest first.
#[utoipa::path(get, path = "/notices", operation_id = "notices.list", tag = "notices", params(NoticesQuery),
    responses((status = 200, description = "A page of letters", body = Page<NoticeView>)))]
async fn list(
    State(portal): State<Portal>,
    Asking(caller): Asking,
    Query(query): Query<NoticesQuery>,
) -> Answer<Answered<Page<NoticeView>>> {
    Ok(Answered(notices::list(&portal, &caller, &query).await?))
}

/// Read one letter, and how far it is.
#[utoipa::path(get, path = "/notices/{id}", operation_id = "notices.get", tag = "notices",
    params(("id" = NoticeId, Path, description = "The letter")),
    responses((status = 200, description = "The letter", body = NoticeView)))]
async fn get(
    State(portal): State<Portal>,
    Asking(caller): Asking,
    Id(id): Id<NoticeId>,
) -> Answer<Answered<NoticeView>> {
    Ok(Answered(notices::get(&portal, &caller, id).await?))
}

/// Have a letter that failed, or waits, sent again: to the address that the person has now.
#[utoipa::path(post, path = "/notices/{id}/retry", operation_id = "notices.retry", tag = "notices",
    params(("id" = NoticeId, Path, description = "The letter")),
    responses((status = 200, description = "The letter", body = NoticeView)))]
async fn retry(
    Acting(portal): Acting,
    Asking(caller): Asking,
    Id(id): Id<NoticeId>,
) -> Answer<Answered<NoticeView>> {
    Ok(Answered(notices::retry(&portal, &caller, id).await?))
}

/// List the kinds of notices: whether they are sent, and what they say.
#[utoipa::path(get, path = "/notice-templates", operation_id = "notice_templates.list", tag = "notices",
    responses((status = 200, description = "The kinds", body = Vec<NoticeTemplateView>)))]
async fn template_list(
    State(portal): State<Portal>,
    Asking(caller): Asking,
) -> Answer<Answered<Vec<NoticeTemplateView>>> {
    Ok(Answered(templates::list(&portal, &caller).await?))
}

/// Read what notices of a kind say.
#[utoipa::path(get, path = "/notice-templates/{id}", operation_id = "notice_templates.get", tag = "notices",
    params(("id" = NoticeKind, Path, description = "The kind")),
    responses((status = 200, description = "The text", body = NoticeTemplateView)))]
async fn template(State(portal): State<Portal>, Asking(caller): Asking, Id(kind): Id<NoticeKind>) -> Answer {
    let view = templates::get(&portal, &caller, kind).await?;
    Ok(tagged(view.version, view))
}

/// Save what notices of a kind say, and switch them on or off. An unknown variable is named.
#[utoipa::path(put, path = "/notice-templates/{id}", operation_id = "notice_templates.update", tag = "notices",
    request_body = NoticeTemplateDraft,
    params(("id" = NoticeKind, Path, description = "The kind"),
        ("If-Match" = String, Header, description = "The ETag of what was read; \"0\" before the first time")),
    responses((status = 200, description = "The text", body = NoticeTemplateView)))]
async fn update_template(
    Acting(portal): Acting,
    Asking(caller): Asking,
    Id(kind): Id<NoticeKind>,
    IfMatch(read): IfMatch,
    Json(draft): Json<NoticeTemplateDraft>,
) -> Answer {
    let view = templates::update(&portal, &caller, kind, read, &draft).await?;
    Ok(tagged(view.version, view))
}

/// Say how a notice would look with this text, by a real example where there is one. Nothing is saved or sent.
#[utoipa::path(post, path = "/notice-templates/{id}/preview", operation_id = "notice_templates.preview", tag = "notices",
    request_body = NoticeTemplateDraft, params(("id" = NoticeKind, Path, description = "The kind")),
    responses((status = 200, description = "The notice", body = NoticePreview)))]
async fn preview(
    Acting(portal): Acting,
    Asking(caller): Asking,
    Id(kind): Id<NoticeKind>,
    Json(draft): Json<NoticeTemplateDraft>,
) -> Answer<Answered<NoticePreview>> {
    Ok(Answered(templates::preview(&portal, &caller, kind, &draft).await?))
}
