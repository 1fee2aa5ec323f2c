//! What every route of the pages works with: who asks, and how to answer.

use std::convert::Infallible;
use std::str::FromStr;

use axum::extract::{FromRef, FromRequestParts};
use axum::response::{IntoResponse, Redirect, Response};
use certporter::service::{Operation, Portal, ServiceError, sign_in, sign_in_codes};
use certporter::web::state::AppState;
use certporter_model::access::{Actor, Caller, Role};
use certporter_model::{FieldErrors, ParseError};
use http::StatusCode;
use http::request::Parts;
use leptos::prelude::AnyView;

use super::{escaped, problem};
use crate::render::Renderer;
use crate::site::Site;
use crate::ui::field::Typed;
use crate::ui::layout::{Person, Task};
use crate::ui::words::sentence;

/// The state of the pages' routes.
#[derive(Clone, FromRef)]
pub struct PagesState {
    /// The backend.
    pub app: AppState,
    /// The assets.
    pub site: Site,
}

/// A request for a page: who asks, of which portal, and how to answer.
pub struct Asked {
    /// The portal's operations.
    pub portal: Portal,
    /// Who asks; nobody known if they are not signed in.
    pub caller: Caller,
    /// How to answer.
    pub renderer: Renderer,
}

impl FromRequestParts<PagesState> for Asked {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, state: &PagesState) -> Result<Self, Infallible> {
        let caller = parts.extensions.get::<Caller>().cloned().unwrap_or_else(Caller::anonymous);
        let person = match caller.actor() {
            Actor::Anonymous => None,
            actor => Some(Person { name: actor.to_string(), tasks: tasks(&caller) }),
        };
        let portal = state.app.portal.clone();
        let renderer = Renderer::new(state.site.clone(), portal.now(), parts, person);
        Ok(Self { portal, caller, renderer })
    }
}

/// The parts of the portal in which the caller may see something.
fn tasks(caller: &Caller) -> Vec<Task> {
    if matches!(caller.actor(), Actor::Person { .. }) {
        return vec![Task::Own];
    }
    // Whoever is of the helpdesk alone begins there.
    let overview = (!is_helpdesk_alone(caller)).then_some((Task::Overview, None));
    let helpdesk = Operation::UsersDiagnosis.thinkable(caller).is_ok();
    let helpdesk = helpdesk.then_some((Task::Helpdesk, Some(Operation::UsersLookUp)));
    let seen = [
        (Task::Profiles, Some(Operation::ProfilesList)),
        (Task::Groups, Some(Operation::GroupsList)),
        (Task::Devices, Some(Operation::DevicesList)),
        (Task::Users, Some(Operation::UsersList)),
        (Task::Certificates, Some(Operation::CertificatesList)),
        (Task::Requests, Some(Operation::RequestsList)),
        (Task::Authorities, Some(Operation::AuditList)),
        (Task::Reports, Some(Operation::ReportsHealth)),
        (Task::Audit, Some(Operation::AuditList)),
        (Task::Settings, None),
    ];
    let may = |operation: &Option<Operation>| operation.is_none_or(|it| it.thinkable(caller).is_ok());
    let own = caller.user().map(|_| Task::Own);
    let seen = overview.into_iter().chain(helpdesk).chain(seen);
    seen.filter(|(_, operation)| may(operation)).map(|(task, _)| task).chain(own).collect()
}

/// Whether the caller runs nothing of the portal, and is here to help people.
#[must_use]
pub fn is_helpdesk_alone(caller: &Caller) -> bool {
    let runs = [Role::Administrator, Role::PkiOperator, Role::Auditor];
    caller.has_role(Role::Helpdesk) && !runs.into_iter().any(|role| caller.has_role(role))
}

impl Asked {
    /// Whether the caller could do this for somebody: what they can't do at all is not offered.
    #[must_use]
    pub fn may(&self, operation: Operation) -> bool {
        operation.thinkable(&self.caller).is_ok()
    }

    /// The caller as they are now: for answers that take long.
    ///
    /// # Errors
    /// When their account is gone or disabled.
    pub async fn still_signed_in(&self) -> Result<Caller, ServiceError> {
        let caller = match (self.caller.actor(), self.caller.staff_code()) {
            (Actor::Account { id, .. }, _) => sign_in::caller_of(&self.portal, *id).await?,
            (_, Some(code)) => sign_in_codes::caller_of(&self.portal, code.id).await?,
            _ => None,
        };
        caller.ok_or(ServiceError::Unauthenticated)
    }

    /// Answers with a page, or with what the service said instead.
    pub async fn answer<T, V>(&self, data: Result<T, ServiceError>, view: fn(T) -> V) -> Response
    where
        T: Clone + Send + Sync + 'static,
        V: leptos::IntoView + 'static,
    {
        match data {
            Ok(data) => self.renderer.page(StatusCode::OK, move || view(data.clone())).await,
            Err(error) => self.refuse(error).await,
        }
    }

    /// Answers with the form again, with what was typed and why it was not taken; or with why nothing was done, where the
    /// form can't show that.
    pub async fn again<T>(&self, values: T, error: ServiceError, page: fn(Typed<T>) -> AnyView) -> Response
    where
        T: Clone + Send + Sync + 'static,
    {
        match form_errors(error) {
            Ok(errors) => {
                let typed = Typed { values, errors };
                let view = move || page(typed.clone());
                self.renderer.page(StatusCode::UNPROCESSABLE_ENTITY, view).await
            }
            Err(error) => self.refuse(error).await,
        }
    }

    /// Answers with why something was not done: by a page, or by asking to sign in first.
    pub async fn refuse(&self, error: ServiceError) -> Response {
        let (status, title) = match &error {
            ServiceError::Unauthenticated => {
                let next = escaped(self.renderer.address());
                return Redirect::to(&format!("/sign-in?next={next}")).into_response();
            }
            ServiceError::Invalid(_) => (StatusCode::UNPROCESSABLE_ENTITY, "This can't be done"),
            ServiceError::Forbidden(_) => (StatusCode::FORBIDDEN, "Not allowed"),
            ServiceError::NotFound { .. } => (StatusCode::NOT_FOUND, "Not found"),
            ServiceError::Conflict { .. }
            | ServiceError::Stale { .. }
            | ServiceError::ConsequencesChanged(_) => (StatusCode::CONFLICT, "This doesn't go together"),
            ServiceError::TooMany { .. } => (StatusCode::TOO_MANY_REQUESTS, "Too many tries"),
            ServiceError::Unavailable { .. } => (StatusCode::SERVICE_UNAVAILABLE, "Not now"),
            _ => (StatusCode::INTERNAL_SERVER_ERROR, "Something failed"),
        };
        let detail = sentence(&error.to_string());
        self.renderer.page(status, move || problem::page(title, detail.clone())).await
    }
}

/// The errors of a form: those of its fields, or what stands against it as a whole. Anything that the form can't show
/// is given back.
///
/// # Errors
/// What is answered by a page of its own.
pub fn form_errors(error: ServiceError) -> Result<FieldErrors, ServiceError> {
    match error {
        ServiceError::Invalid(errors) => Ok(errors),
        ServiceError::Conflict { .. }
        | ServiceError::Stale { .. }
        | ServiceError::ConsequencesChanged(_)
        | ServiceError::TooMany { .. }
        | ServiceError::Unavailable { .. } => Ok(FieldErrors::one("", sentence(&error.to_string()))),
        other => Err(other),
    }
}

/// A value of an address or form; an empty one is none.
#[must_use]
pub fn present(text: &str) -> Option<String> {
    (!text.trim().is_empty()).then(|| text.to_owned())
}

/// A word of the model out of an address; an empty one is none.
///
/// # Errors
/// When it is no such word: the answer names those there are.
pub fn word<T: FromStr<Err = ParseError>>(text: &str) -> Result<Option<T>, ServiceError> {
    present(text)
        .map(|text| text.parse())
        .transpose()
        .map_err(|error: ParseError| ServiceError::field("", error))
}

/// An id out of a path. What is no id is not there.
///
/// # Errors
/// When it is none.
pub fn id<T: FromStr<Err = ParseError>>(text: &str, what: &'static str) -> Result<T, ServiceError> {
    text.parse().map_err(|_| ServiceError::NotFound { what })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_form_can_show_it_shows() {
        let conflict = ServiceError::conflict("it is revoked already");
        let shown = form_errors(conflict).unwrap();
        assert_eq!(shown.of("").collect::<Vec<_>>(), ["It is revoked already."]);
        assert!(form_errors(ServiceError::Unauthenticated).is_err());
    }
}
