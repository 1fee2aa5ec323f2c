//! What is written about a group: `/groups/new` and `/groups/{id}/edit`.

use axum::Form;
use axum::extract::Path;
use axum::response::{IntoResponse, Redirect, Response};
use certporter::service::ServiceError;
use certporter::service::directory_draft::GroupDraft;
use certporter::service::groups::{self, GroupView};
use certporter_model::{FieldErrors, GroupId};
use leptos::prelude::*;
use serde::{Deserialize, Serialize};

use crate::pages::admin::users::changed::{Again, Changed, ChangedSince, There};
use crate::pages::asked::{Asked, id, present};
use crate::ui::field::{Buttons, Hidden, LongField, TextField, Typed};
use crate::ui::layout::{Heading, Page, Task};
use crate::ui::notice::FormErrors;

/// The form.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct GroupForm {
    /// Its name.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// What it is called where the data comes from.
    pub external_id: String,
    /// The version that was read.
    pub version: i64,
}

impl GroupForm {
    fn draft(&self) -> GroupDraft {
        GroupDraft {
            name: self.name.clone(),
            description: self.description.clone(),
            external_id: present(&self.external_id),
        }
    }

    fn fields(&self) -> Vec<(String, String)> {
        let fields =
            [("Name", &self.name), ("Description", &self.description), ("External id", &self.external_id)];
        fields.into_iter().map(|(name, value)| (name.to_owned(), value.clone())).collect()
    }
}

impl From<GroupView> for GroupForm {
    fn from(group: GroupView) -> Self {
        Self {
            name: group.name,
            description: group.description,
            external_id: group.external_id.unwrap_or_default(),
            version: group.version,
        }
    }
}

/// What the page shows.
#[derive(Debug, Clone)]
pub struct Editing {
    /// The group; none for a new one.
    pub group: Option<(GroupId, String)>,
    /// What was typed, and what is wrong with it.
    pub typed: Typed<GroupForm>,
    /// What somebody else saved since the form was opened.
    pub changed: Option<Changed>,
}

/// An empty form.
pub async fn new(asked: Asked) -> Response {
    let allowed = groups::may_create(&asked.caller);
    asked
        .answer(allowed.map(|()| Editing { group: None, typed: Typed::default(), changed: None }), page)
        .await
}

/// Creates the group.
pub async fn create(asked: Asked, Form(form): Form<GroupForm>) -> Response {
    match groups::create(&asked.portal, &asked.caller, &form.draft()).await {
        Ok(group) => Redirect::to(&format!("/groups/{}?saved=new", group.id)).into_response(),
        Err(error) => wrong(&asked, None, form, error).await,
    }
}

/// The form with what is known.
pub async fn edit(asked: Asked, Path(text): Path<String>) -> Response {
    let read = async {
        let group = groups::get(&asked.portal, &asked.caller, id(&text, "group")?).await?;
        let head = Some((group.id, group.name.clone()));
        let typed = Typed { values: GroupForm::from(group), errors: FieldErrors::new() };
        Ok(Editing { group: head, typed, changed: None })
    };
    let read = read.await;
    asked.answer(read, page).await
}

/// Saves what was typed. A name has no consequences for any certificate.
pub async fn update(asked: Asked, Path(text): Path<String>, Form(form): Form<GroupForm>) -> Response {
    let group: GroupId = match id(&text, "group") {
        Ok(group) => group,
        Err(error) => return asked.refuse(error).await,
    };
    match groups::update(&asked.portal, &asked.caller, group, form.version, &form.draft()).await {
        Ok(group) => Redirect::to(&format!("/groups/{}?saved=edit", group.id)).into_response(),
        Err(error) => wrong(&asked, Some(group), form, error).await,
    }
}

async fn wrong(asked: &Asked, group: Option<GroupId>, form: GroupForm, error: ServiceError) -> Response {
    let again = async {
        let Some(id) = group else { return Ok((None, Again::wrong(error)?)) };
        let now = groups::get(&asked.portal, &asked.caller, id).await?;
        let head = Some((id, now.name.clone()));
        let there = There::one("group", &id, now.version);
        let fields = (GroupForm::from(now).fields(), form.fields());
        Ok((head, Again::of(asked, error, there, fields).await?))
    };
    match again.await {
        Ok((group, Again { status, changed, errors })) => {
            let version = changed.as_ref().map_or(form.version, |changed| changed.version);
            let typed = Typed { values: GroupForm { version, ..form }, errors };
            let editing = Editing { group, typed, changed };
            asked.renderer.page(status, move || page(editing.clone())).await
        }
        Err(error) => asked.refuse(error).await,
    }
}

/// The page.
pub fn page(editing: Editing) -> AnyView {
    let Typed { values: form, errors } = editing.typed;
    let (title, action, back, submit) = match &editing.group {
        None => ("New group".to_owned(), "/groups/new".to_owned(), "/groups".to_owned(), "Create the group"),
        Some((id, name)) => {
            (format!("Edit {name}"), format!("/groups/{id}/edit"), format!("/groups/{id}"), "Save")
        }
    };
    view! {
        <Page title=title.clone() task=Some(Task::Groups)>
            <Heading title lead="Members and profiles are added on the group's own page." within=("/groups", "Groups")/>
            {editing.changed.map(|changed| view! { <ChangedSince changed/> })}
            <form class="form" method="post" action=action>
                <FormErrors errors=errors.clone()/>
                {editing.group.is_some().then(|| view! { <Hidden name="version" value=form.version.to_string()/> })}
                <TextField
                    name="name"
                    label="Name"
                    value=form.name
                    errors=errors.clone()
                    hint="Unique, without regard to case and accents."
                    first=true
                />
                <LongField
                    name="description"
                    label="Description"
                    value=form.description
                    errors=errors.clone()
                    hint="What it is for."
                    optional=true
                />
                <TextField
                    name="external_id"
                    label="External id"
                    value=form.external_id
                    errors
                    hint="What the group is called where the data comes from."
                    optional=true
                    exact=true
                />
                <Buttons submit back/>
            </form>
        </Page>
    }
    .into_any()
}
