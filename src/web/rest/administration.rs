//! `/api/v1/settings/holds`, `/api/v1/audit-events`, `/api/v1/approvals`, `/api/v1/tokens`, `/api/v1/accounts`, `/api/v1/me`

use axum::Json as Answered;
use axum::extract::State;
use axum::response::IntoResponse;
use certporter_model::{AccountId, ApiTokenId, ApprovalId};
use http::StatusCode;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::acting::Acting;
use super::answer::{Answer, created, done, tagged};
use super::authenticate::Asking;
use super::body::{Id, Json, Query};
use super::precondition::IfMatch;
use crate::service::Portal;
use crate::service::accounts::{self, AccountDraft, AccountView, AccountsQuery, PasswordDraft};
use crate::service::approvals::{self, ApprovalView, DecisionDraft};
use crate::service::audit::{self, AuditQuery, AuditView};
use crate::service::holds::{self, HoldsDraft, HoldsView};
use crate::service::page::Page;
use crate::service::sign_in::{self, OwnView};
use crate::service::tokens::{self, NewToken, TokenDraft, TokenView, TokensQuery};

pub(super) fn routes() -> OpenApiRouter<Portal> {
    OpenApiRouter::new()
        .routes(routes!(me))
        .routes(routes!(holds, update_holds))
        .routes(routes!(audit_events))
        .routes(routes!(approvals_list))
        .routes(routes!(approval))
        .routes(routes!(decide))
        .routes(routes!(tokens_list, create_token))
        .routes(routes!(revoke_token))
        .routes(routes!(accounts_list, create_account))
        .routes(routes!(account, update_account, delete_account))
        .routes(routes!(set_password))
}

/// Say who is asking, and what they may do.
#[utoipa::path(get, path = "/me", operation_id = "own.get", tag = "me",
    responses((status = 200, description = "The caller", body = OwnView)))]
async fn me(Asking(caller): Asking) -> Answer<Answered<OwnView>> {
    Ok(Answered(sign_in::own(&caller)?))
}

/// Read how long certificates may be on hold before they are revoked.
#[utoipa::path(get, path = "/settings/holds", operation_id = "holds.get", tag = "settings",
    responses((status = 200, description = "What is set", body = HoldsView)))]
async fn holds(State(portal): State<Portal>, Asking(caller): Asking) -> Answer {
    let view = holds::get(&portal, &caller).await?;
    Ok(tagged(view.version, view))
}

/// Set how long certificates may be on hold before they are revoked. What has been on hold for longer is revoked soon;
/// very many at a time wait for an approval.
#[utoipa::path(put, path = "/settings/holds", operation_id = "holds.update", tag = "settings",
    request_body = HoldsDraft,
    params(("If-Match" = String, Header, description = "The ETag of what was read; \"0\" before the first time")),
    responses((status = 200, description = "What is set", body = HoldsView)))]
async fn update_holds(
    Acting(portal): Acting,
    Asking(caller): Asking,
    IfMatch(read): IfMatch,
    Json(draft): Json<HoldsDraft>,
) -> Answer {
    let view = holds::update(&portal, &caller, read, draft).await?;
    Ok(tagged(view.version, view))
}

/// Read the audit trail, newest first.
#[utoipa::path(get, path = "/audit-events", operation_id = "audit_events.list", tag = "audit", params(AuditQuery),
    responses((status = 200, description = "A page of events", body = Page<AuditView>)))]
async fn audit_events(
    State(portal): State<Portal>,
    Asking(caller): Asking,
    Query(query): Query<AuditQuery>,
) -> Answer<Answered<Page<AuditView>>> {
    Ok(Answered(audit::list(&portal, &caller, &query).await?))
}

/// List the plans that wait for a decision, and those that were decided on.
#[utoipa::path(get, path = "/approvals", operation_id = "approvals.list", tag = "approvals",
    responses((status = 200, description = "The plans", body = Vec<ApprovalView>)))]
async fn approvals_list(
    State(portal): State<Portal>,
    Asking(caller): Asking,
) -> Answer<Answered<Vec<ApprovalView>>> {
    Ok(Answered(approvals::list(&portal, &caller).await?))
}

/// Read one plan that waits or was decided on.
#[utoipa::path(get, path = "/approvals/{id}", operation_id = "approvals.get", tag = "approvals",
    params(("id" = ApprovalId, Path, description = "The plan")),
    responses((status = 200, description = "The plan", body = ApprovalView)))]
async fn approval(
    State(portal): State<Portal>,
    Asking(caller): Asking,
    Id(id): Id<ApprovalId>,
) -> Answer<Answered<ApprovalView>> {
    Ok(Answered(approvals::get(&portal, &caller, id).await?))
}

/// Approve or refuse a plan that waits.
#[utoipa::path(post, path = "/approvals/{id}/decide", operation_id = "approvals.decide", tag = "approvals",
    request_body = DecisionDraft, params(("id" = ApprovalId, Path, description = "The plan")),
    responses((status = 200, description = "The plan", body = ApprovalView)))]
async fn decide(
    Acting(portal): Acting,
    Asking(caller): Asking,
    Id(id): Id<ApprovalId>,
    Json(draft): Json<DecisionDraft>,
) -> Answer<Answered<ApprovalView>> {
    Ok(Answered(approvals::decide(&portal, &caller, id, &draft).await?))
}

/// List API tokens, ended ones included.
#[utoipa::path(get, path = "/tokens", operation_id = "tokens.list", tag = "tokens", params(TokensQuery),
    responses((status = 200, description = "A page of tokens", body = Page<TokenView>)))]
async fn tokens_list(
    State(portal): State<Portal>,
    Asking(caller): Asking,
    Query(query): Query<TokensQuery>,
) -> Answer<Answered<Page<TokenView>>> {
    Ok(Answered(tokens::list(&portal, &caller, &query).await?))
}

/// Create an API token. It is answered this once.
#[utoipa::path(post, path = "/tokens", operation_id = "tokens.create", tag = "tokens", request_body = TokenDraft,
    responses((status = 201, description = "The new token", body = NewToken)))]
async fn create_token(
    Acting(portal): Acting,
    Asking(caller): Asking,
    Json(draft): Json<TokenDraft>,
) -> Answer {
    let token = tokens::create(&portal, &caller, &draft).await?;
    Ok((StatusCode::CREATED, Answered(token)).into_response())
}

/// End an API token at once.
#[utoipa::path(delete, path = "/tokens/{id}", operation_id = "tokens.revoke", tag = "tokens",
    params(("id" = ApiTokenId, Path, description = "The token")),
    responses((status = 204, description = "Ended")))]
async fn revoke_token(Acting(portal): Acting, Asking(caller): Asking, Id(id): Id<ApiTokenId>) -> Answer {
    tokens::revoke(&portal, &caller, id).await?;
    Ok(done())
}

/// List accounts.
#[utoipa::path(get, path = "/accounts", operation_id = "accounts.list", tag = "accounts", params(AccountsQuery),
    responses((status = 200, description = "A page of accounts", body = Page<AccountView>)))]
async fn accounts_list(
    State(portal): State<Portal>,
    Asking(caller): Asking,
    Query(query): Query<AccountsQuery>,
) -> Answer<Answered<Page<AccountView>>> {
    Ok(Answered(accounts::list(&portal, &caller, &query).await?))
}

/// Create an account. It can't sign in until it has a password.
#[utoipa::path(post, path = "/accounts", operation_id = "accounts.create", tag = "accounts", request_body = AccountDraft,
    responses((status = 201, description = "The new account", body = AccountView)))]
async fn create_account(
    Acting(portal): Acting,
    Asking(caller): Asking,
    Json(draft): Json<AccountDraft>,
) -> Answer {
    let account = accounts::create(&portal, &caller, &draft).await?;
    Ok(created(&format!("/api/v1/accounts/{}", account.id), account.version, account))
}

/// Read one account.
#[utoipa::path(get, path = "/accounts/{id}", operation_id = "accounts.get", tag = "accounts",
    params(("id" = AccountId, Path, description = "The account")),
    responses((status = 200, description = "The account", body = AccountView)))]
async fn account(State(portal): State<Portal>, Asking(caller): Asking, Id(id): Id<AccountId>) -> Answer {
    let account = accounts::get(&portal, &caller, id).await?;
    Ok(tagged(account.version, account))
}

/// Change an account's name, roles or link, or disable it.
#[utoipa::path(put, path = "/accounts/{id}", operation_id = "accounts.update", tag = "accounts", request_body = AccountDraft,
    params(("id" = AccountId, Path, description = "The account"),
        ("If-Match" = String, Header, description = "The ETag of what was read")),
    responses((status = 200, description = "The account", body = AccountView)))]
async fn update_account(
    Acting(portal): Acting,
    Asking(caller): Asking,
    Id(id): Id<AccountId>,
    IfMatch(version): IfMatch,
    Json(draft): Json<AccountDraft>,
) -> Answer {
    let account = accounts::update(&portal, &caller, id, version, &draft).await?;
    Ok(tagged(account.version, account))
}

/// Delete an account. Its sessions and tokens end.
#[utoipa::path(delete, path = "/accounts/{id}", operation_id = "accounts.delete", tag = "accounts",
    params(("id" = AccountId, Path, description = "The account"),
        ("If-Match" = String, Header, description = "The ETag of what was read")),
    responses((status = 204, description = "Deleted")))]
async fn delete_account(
    Acting(portal): Acting,
    Asking(caller): Asking,
    Id(id): Id<AccountId>,
    IfMatch(version): IfMatch,
) -> Answer {
    accounts::delete(&portal, &caller, id, version).await?;
    Ok(done())
}

/// Set an account's password. All of its sessions end.
#[utoipa::path(put, path = "/accounts/{id}/password", operation_id = "accounts.set_password", tag = "accounts",
    request_body = PasswordDraft, params(("id" = AccountId, Path, description = "The account")),
    responses((status = 204, description = "Set")))]
async fn set_password(
    Acting(portal): Acting,
    Asking(caller): Asking,
    Id(id): Id<AccountId>,
    Json(draft): Json<PasswordDraft>,
) -> Answer {
    accounts::set_password(&portal, &caller, id, draft).await?;
    Ok(done())
}
