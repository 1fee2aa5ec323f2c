//! What is done to a user, each on a page of its own: what it does, why, and what would follow.

use axum::Form;
use axum::extract::Path;
use axum::response::{IntoResponse, Redirect, Response};
use certporter::service::action::ActionDraft;
use certporter::service::users::{self, UserView};
use certporter::service::{Portal, ServiceError};
use certporter_model::access::Caller;
use certporter_model::device::UserState;
use certporter_model::{FieldErrors, UserId};
use http::StatusCode;
use leptos::prelude::*;
use serde::{Deserialize, Serialize};

use crate::pages::asked::{Asked, form_errors, id, present};
use crate::pages::consequences::{Outcome, fields_of, preview_or_do};
use crate::ui::consequences::{Preview, Shown};
use crate::ui::field::{Buttons, Hidden, LongField, Typed};
use crate::ui::layout::{Heading, Page, Task};
use crate::ui::notice::FormErrors;

/// What can be done to a user.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// For a while: everything goes on hold.
    Block,
    /// The block is lifted.
    Unblock,
    /// Everything is revoked.
    Disable,
    /// The user may hold certificates again.
    Enable,
    /// For good.
    Delete,
}

impl Action {
    /// Those that are possible in a state.
    #[must_use]
    pub const fn of(state: UserState) -> &'static [Self] {
        match state {
            UserState::Enabled => &[Self::Block, Self::Disable, Self::Delete],
            UserState::Blocked => &[Self::Unblock, Self::Disable, Self::Delete],
            UserState::Disabled => &[Self::Enable, Self::Delete],
            UserState::Deleted => &[],
        }
    }

    fn from_path(text: &str) -> Option<Self> {
        let all = [Self::Block, Self::Unblock, Self::Disable, Self::Enable, Self::Delete];
        all.into_iter().find(|action| action.path() == text)
    }

    /// Its word in an address.
    #[must_use]
    pub const fn path(self) -> &'static str {
        match self {
            Self::Block => "block",
            Self::Unblock => "unblock",
            Self::Disable => "disable",
            Self::Enable => "enable",
            Self::Delete => "delete",
        }
    }

    /// What it is called.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Block => "Block",
            Self::Unblock => "Unblock",
            Self::Disable => "Disable",
            Self::Enable => "Enable",
            Self::Delete => "Delete",
        }
    }

    const fn lead(self) -> &'static str {
        match self {
            Self::Block => {
                "For a while: certificates go on hold, copies are removed from devices. It can be lifted again."
            }
            Self::Unblock => "Certificates come off hold, and copies are delivered again.",
            Self::Disable => {
                "Everything the user holds is revoked. Enabled again, they get new certificates."
            }
            Self::Enable => "The user may hold certificates again: new ones are issued.",
            Self::Delete => {
                "Everything the user holds is revoked, memberships end, devices become nobody's. This can't be undone."
            }
        }
    }

    async fn carry_out(
        self,
        portal: &Portal,
        caller: &Caller,
        user: UserId,
        version: i64,
        draft: &ActionDraft,
    ) -> Result<(), ServiceError> {
        match self {
            Self::Block => users::block(portal, caller, user, draft).await.map(|_| ()),
            Self::Unblock => users::unblock(portal, caller, user, draft).await.map(|_| ()),
            Self::Disable => users::disable(portal, caller, user, draft).await.map(|_| ()),
            Self::Enable => users::enable(portal, caller, user, draft).await.map(|_| ()),
            Self::Delete => users::delete(portal, caller, user, version, draft).await,
        }
    }
}

/// The form.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct ActionForm {
    /// Why, in words.
    pub explanation: String,
    /// The version that was read.
    pub version: i64,
    /// What was shown.
    pub digest: String,
}

/// What the page shows.
#[derive(Debug, Clone)]
pub struct Asking {
    /// What is to be done.
    pub action: Action,
    /// To whom.
    pub user: UserId,
    /// What they are called.
    pub name: String,
    /// What was typed.
    pub typed: Typed<ActionForm>,
    /// What would follow, in the second step.
    pub shown: Option<Shown>,
}

/// Asks why.
pub async fn get(asked: Asked, Path((text, action)): Path<(String, String)>) -> Response {
    let read = async {
        let (action, user) = read(&asked, &text, &action).await?;
        let values = ActionForm { version: user.version, ..ActionForm::default() };
        let typed = Typed { values, errors: FieldErrors::new() };
        Ok(Asking { action, user: user.id, name: user.display_name, typed, shown: None })
    };
    let read = read.await;
    asked.answer(read, page).await
}

async fn read(asked: &Asked, text: &str, action: &str) -> Result<(Action, UserView), ServiceError> {
    let action = Action::from_path(action).ok_or(ServiceError::NotFound { what: "page" })?;
    Ok((action, users::get(&asked.portal, &asked.caller, id(text, "user")?).await?))
}

/// Shows what would follow, then does it.
pub async fn post(
    asked: Asked,
    Path((text, action)): Path<(String, String)>,
    Form(form): Form<ActionForm>,
) -> Response {
    let (action, user) = match read(&asked, &text, &action).await {
        Ok(found) => found,
        Err(error) => return asked.refuse(error).await,
    };
    let draft = ActionDraft { explanation: present(&form.explanation) };
    let operation = |portal: Portal| {
        let (caller, draft) = (&asked.caller, &draft);
        async move { action.carry_out(&portal, caller, user.id, form.version, draft).await }
    };
    let outcome = preview_or_do(&asked, &form.digest, operation).await;
    let (shown, errors) = match outcome {
        Ok(Outcome::Done(())) if action == Action::Delete => {
            return Redirect::to("/users?deleted=true").into_response();
        }
        Ok(Outcome::Done(())) => {
            return Redirect::to(&format!("/users/{}?saved={}", user.id, action.path())).into_response();
        }
        Ok(Outcome::Show(shown)) => (Some(shown), FieldErrors::new()),
        Err(error) => match form_errors(error) {
            Ok(errors) => (None, errors),
            Err(error) => return asked.refuse(error).await,
        },
    };
    let status = if shown.is_some() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    let values = ActionForm { version: user.version, ..form };
    let typed = Typed { values, errors };
    let asking = Asking { action, user: user.id, name: user.display_name, typed, shown };
    asked.renderer.page(status, move || page(asking.clone())).await
}

/// The page.
pub fn page(asking: Asking) -> AnyView {
    let Asking { action, user, name, typed, shown } = asking;
    let title = format!("{} {name}", action.word());
    let address = format!("/users/{user}/{}", action.path());
    let back = format!("/users/{user}");
    view! {
        <Page title=title.clone() task=Some(Task::Users)>
            <Heading title=title.clone() lead=action.lead() within=("/users", "Users")/>
            {match shown {
                Some(shown) => {
                    view! {
                        <Preview
                            shown
                            action=address
                            fields=fields_of(&typed.values)
                            submit=title
                            back
                            destructive=action == Action::Delete
                        />
                    }
                        .into_any()
                }
                None => {
                    view! {
                        <form class="form" method="post" action=address>
                            <FormErrors errors=typed.errors.clone()/>
                            <Hidden name="version" value=typed.values.version.to_string()/>
                            <LongField
                                name="explanation"
                                label="Why"
                                value=typed.values.explanation
                                errors=typed.errors
                                hint="Kept in the audit trail."
                                optional=true
                            />
                            <Buttons submit="Show what will follow" back/>
                        </form>
                    }
                        .into_any()
                }
            }}
        </Page>
    }
    .into_any()
}
