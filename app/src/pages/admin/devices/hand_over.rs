//! `/devices/{id}/hand-over`: to whom a device goes: searched for, chosen, and shown what follows.

use axum::Form;
use axum::extract::{Path, Query};
use axum::response::{IntoResponse, Redirect, Response};
use certporter::service::devices::{self, DeviceView, HandOverDraft};
use certporter::service::users::{self, UserView, UsersQuery};
use certporter::service::{Portal, ServiceError};
use certporter_model::{DeviceId, FieldErrors, UserId};
use http::StatusCode;
use leptos::prelude::*;

use crate::pages::asked::{Asked, form_errors, id, present};
use crate::pages::consequences::{Outcome, preview_or_do};
use crate::ui::consequences::{Preview, Shown};
use crate::ui::field::{LongField, Typed};
use crate::ui::layout::{Heading, Page, Task};
use crate::ui::notice::FormErrors;
use crate::ui::table::{Empty, Table};

/// The word for nobody: the device becomes a shared one.
const NOBODY: &str = "nobody";
/// People that a search shows.
const FOUND: u32 = 20;

/// What the address says.
#[derive(Debug, Clone, Default, serde::Deserialize)]
#[serde(default)]
pub struct Wanted {
    /// Whom to search for.
    pub q: String,
    /// The chosen person's id, or `nobody`.
    pub to: String,
}

/// What the form holds.
#[derive(Debug, Clone, Default, serde::Deserialize)]
#[serde(default)]
pub struct HandOverForm {
    /// The new owner's id, or `nobody`.
    pub to: String,
    /// Why.
    pub explanation: String,
    /// Under what what follows was shown.
    pub digest: String,
}

/// To whom the device shall go.
#[derive(Debug, Clone)]
pub enum Heir {
    /// This person.
    Person(Box<UserView>),
    /// Nobody: several people share it.
    Nobody,
}

impl Heir {
    fn name(&self) -> String {
        match self {
            Self::Person(user) => user.display_name.clone(),
            Self::Nobody => "nobody".to_owned(),
        }
    }

    fn word(&self) -> String {
        match self {
            Self::Person(user) => user.id.to_string(),
            Self::Nobody => NOBODY.to_owned(),
        }
    }

    fn owner(&self) -> Option<UserId> {
        match self {
            Self::Person(user) => Some(user.id),
            Self::Nobody => None,
        }
    }

    async fn read(asked: &Asked, word: &str) -> Result<Self, ServiceError> {
        if word == NOBODY {
            return Ok(Self::Nobody);
        }
        let user = users::get(&asked.portal, &asked.caller, id(word, "user")?).await?;
        Ok(Self::Person(Box::new(user)))
    }
}

/// The search, or what follows once somebody is chosen.
pub async fn get(asked: Asked, Path(text): Path<String>, Query(wanted): Query<Wanted>) -> Response {
    let id = match id::<DeviceId>(&text, "device") {
        Ok(id) => id,
        Err(error) => return asked.refuse(error).await,
    };
    if !wanted.to.is_empty() {
        let form = HandOverForm { to: wanted.to, ..HandOverForm::default() };
        let typed = Typed { values: form, errors: FieldErrors::new() };
        return show(&asked, id, StatusCode::OK, typed, None).await;
    }
    let found = async {
        let device = devices::get(&asked.portal, &asked.caller, id).await?;
        let people = match present(&wanted.q) {
            Some(q) => {
                let query = UsersQuery { q: Some(q), limit: Some(FOUND), ..UsersQuery::default() };
                Some(users::list(&asked.portal, &asked.caller, &query).await?.data)
            }
            None => None,
        };
        Ok((device, wanted.q, people))
    };
    let found = found.await;
    asked.answer(found, |(device, q, people)| search_page(device, q, people)).await
}

/// Does it, if what follows is what was shown.
pub async fn post(asked: Asked, Path(text): Path<String>, Form(form): Form<HandOverForm>) -> Response {
    let id = match id::<DeviceId>(&text, "device") {
        Ok(id) => id,
        Err(error) => return asked.refuse(error).await,
    };
    let done = async {
        if form.explanation.trim().is_empty() {
            return Err(ServiceError::field("explanation", "say why: it is kept in the audit trail"));
        }
        let heir = Heir::read(&asked, &form.to).await?;
        let explanation = Some(form.explanation.clone());
        handed_over(&asked, id, &HandOverDraft { owner: heir.owner(), explanation }, &form.digest).await
    };
    match done.await.map_err(form_errors) {
        Ok(Outcome::Done(_)) => Redirect::to(&format!("/devices/{id}?done=hand-over")).into_response(),
        Ok(Outcome::Show(shown)) => {
            let typed = Typed { values: form, errors: FieldErrors::new() };
            show(&asked, id, StatusCode::OK, typed, Some(shown)).await
        }
        Err(Ok(errors)) => {
            let typed = Typed { values: form, errors };
            show(&asked, id, StatusCode::UNPROCESSABLE_ENTITY, typed, None).await
        }
        Err(Err(error)) => asked.refuse(error).await,
    }
}

async fn handed_over(
    asked: &Asked,
    id: DeviceId,
    draft: &HandOverDraft,
    digest: &str,
) -> Result<Outcome<DeviceView>, ServiceError> {
    let caller = &asked.caller;
    let ask = |portal: Portal| async move { devices::hand_over(&portal, caller, id, draft).await };
    preview_or_do(asked, digest, ask).await
}

async fn show(
    asked: &Asked,
    id: DeviceId,
    status: StatusCode,
    typed: Typed<HandOverForm>,
    shown: Option<Shown>,
) -> Response {
    let found = async {
        let device = devices::get(&asked.portal, &asked.caller, id).await?;
        let heir = Heir::read(asked, &typed.values.to).await?;
        if let Some(shown) = shown {
            return Ok((device, heir, shown));
        }
        let draft = HandOverDraft { owner: heir.owner(), explanation: None };
        match handed_over(asked, id, &draft, "").await? {
            Outcome::Show(shown) => Ok((device, heir, shown)),
            Outcome::Done(_) => Ok((device, heir, Shown::default())),
        }
    };
    match found.await {
        Ok((device, heir, shown)) => {
            let view = move || page(device.clone(), heir.clone(), typed.clone(), shown.clone());
            asked.renderer.page(status, view).await
        }
        Err(error) => asked.refuse(error).await,
    }
}

/// The page on which somebody is searched for.
pub fn search_page(view: DeviceView, q: String, people: Option<Vec<UserView>>) -> AnyView {
    let device = view.device;
    let here = format!("/devices/{}/hand-over", device.id);
    let title = format!("Hand over: {}", device.name);
    let shared = device.owner.is_none();
    let lead = match &device.owner {
        Some(owner) => format!(
            "The device is {}\u{2019}s. Who is to have it? What follows is shown before anything is done.",
            owner.display_name
        ),
        None => "The device is shared. Who is to have it? What follows is shown before anything is done."
            .to_owned(),
    };
    view! {
        <Page title=title.clone() task=Some(Task::Devices)>
            <Heading title lead within=("/devices", "Devices")/>
            <form class="filters" method="get" action=here.clone() role="search">
                <label class="wide">
                    "Name, user name or e-mail address"
                    <input class="input" type="search" name="q" value=q autofocus/>
                </label>
                <button class="btn btn-primary" type="submit">
                    "Search"
                </button>
                {(!shared)
                    .then(|| {
                        view! {
                            <a class="btn" href=format!("{here}?to={NOBODY}")>
                                "Make it a shared device"
                            </a>
                        }
                    })}
            </form>
            {people.map(|people| found(people, &here))}
        </Page>
    }
    .into_any()
}

fn found(people: Vec<UserView>, here: &str) -> AnyView {
    if people.is_empty() {
        return view! {
            <Empty title="Nobody is called that">
                <p>"Try a part of the name, or the e-mail address."</p>
            </Empty>
        }
        .into_any();
    }
    let here = here.to_owned();
    let rows = people.into_iter().map(move |user| {
        let address = format!("{here}?to={}", user.id);
        let choose = format!("Hand over to {}", user.display_name);
        view! {
            <tr>
                <td class="name">{user.display_name}</td>
                <td>{user.user_name}</td>
                <td>{user.email}</td>
                <td>
                    <a href=address>{choose}</a>
                </td>
            </tr>
        }
    });
    let rows = rows.collect_view();
    view! {
        <Table label="People" columns=&["Name", "User name", "E-mail address", ""]>
            {rows}
        </Table>
    }
    .into_any()
}

/// The page that shows what follows once somebody is chosen.
pub fn page(view: DeviceView, heir: Heir, typed: Typed<HandOverForm>, shown: Shown) -> AnyView {
    let device = view.device;
    let here = format!("/devices/{}", device.id);
    let title = format!("Hand {} over to {}", device.name, heir.name());
    let lead = match &device.owner {
        Some(owner) => format!(
            "What {} has on it is removed and revoked; what the new owner is assigned is issued.",
            owner.display_name
        ),
        None => "The device is shared now; what the new owner is assigned is issued.".to_owned(),
    };
    let submit = match &heir {
        Heir::Person(user) => format!("Hand over to {}", user.display_name),
        Heir::Nobody => "Make it a shared device".to_owned(),
    };
    view! {
        <Page title=title.clone() task=Some(Task::Devices)>
            <Heading title lead within=("/devices", "Devices")/>
            <FormErrors errors=typed.errors.clone()/>
            <Preview
                shown
                action=format!("{here}/hand-over")
                fields=vec![("to".to_owned(), heir.word())]
                submit
                back=here
            >
                <LongField
                    name="explanation"
                    label="Why"
                    hint="For the audit trail: who asked, and what happened."
                    value=typed.values.explanation
                    errors=typed.errors
                />
            </Preview>
        </Page>
    }
    .into_any()
}
