//! `/devices/new` and `/devices/{id}/edit`: what is known of a device, as a form.

use std::collections::BTreeMap;

use axum::Form;
use axum::extract::{Path, Query};
use axum::response::{IntoResponse, Redirect, Response};
use certporter::service::audit::{self, AuditQuery};
use certporter::service::devices::{self, DeviceView};
use certporter::service::directory_draft::DeviceDraft;
use certporter::service::users::{self, UsersQuery};
use certporter::service::{Operation, Portal, ServiceError};
use certporter_model::{DeviceId, FieldErrors, UserId};
use http::StatusCode;

use super::edit_view::{self, Difference};
use crate::pages::asked::{Asked, form_errors, id, present};
use crate::pages::consequences::{Outcome, do_or_preview, fields_of};
use crate::ui::field::Typed;

/// What the form holds.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(default)]
pub struct DeviceForm {
    /// Its name.
    pub name: String,
    /// Its operating system's word.
    pub platform: String,
    /// Whose it is: a user name, principal name or e-mail address. Only when it is registered.
    pub owner: String,
    /// The maker's serial number.
    pub serial_number: String,
    /// International mobile equipment identity.
    pub imei: String,
    /// Mobile equipment identifier.
    pub meid: String,
    /// Address of the Wi-Fi interface.
    pub wifi_mac: String,
    /// Fully qualified domain name.
    pub fqdn: String,
    /// What the device is called where the data comes from.
    pub external_id: String,
    /// Further values, a line each: `name = value`.
    pub attributes: String,
    /// The version that the form was opened with.
    pub version: i64,
    /// Under what what follows was shown.
    pub digest: String,
}

impl From<&DeviceView> for DeviceForm {
    fn from(view: &DeviceView) -> Self {
        let text = |value: &Option<String>| value.clone().unwrap_or_default();
        let attributes = view.attributes.iter().map(|(name, value)| format!("{name} = {value}"));
        Self {
            name: view.device.name.clone(),
            platform: view.device.platform.as_str().to_owned(),
            owner: String::new(),
            serial_number: text(&view.device.serial_number),
            imei: text(&view.imei),
            meid: text(&view.meid),
            wifi_mac: text(&view.wifi_mac),
            fqdn: text(&view.fqdn),
            external_id: text(&view.external_id),
            attributes: attributes.collect::<Vec<_>>().join("\n"),
            version: view.device.version,
            digest: String::new(),
        }
    }
}

impl DeviceForm {
    fn draft(&self, owner: Option<UserId>) -> Result<DeviceDraft, FieldErrors> {
        let mut errors = FieldErrors::new();
        let wrong = |_| "choose the operating system: profiles go by it";
        let platform = errors.take("platform", self.platform.parse().map_err(wrong));
        let attributes = errors.take("attributes", attributes(&self.attributes));
        match (platform, attributes) {
            (Some(platform), Some(attributes)) => Ok(DeviceDraft {
                name: self.name.clone(),
                platform,
                owner,
                serial_number: present(&self.serial_number),
                imei: present(&self.imei),
                meid: present(&self.meid),
                wifi_mac: present(&self.wifi_mac),
                fqdn: present(&self.fqdn),
                external_id: present(&self.external_id),
                attributes,
            }),
            _ => Err(errors),
        }
    }
}

/// Lines of `name = value`; empty ones don't count.
fn attributes(text: &str) -> Result<BTreeMap<String, String>, String> {
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    lines
        .map(|line| {
            let (name, value) = line
                .split_once('=')
                .ok_or_else(|| format!("write a line for each, as name = value; this is none: {line}"))?;
            Ok((name.trim().to_owned(), value.trim().to_owned()))
        })
        .collect()
}

/// What the address of a new device says.
#[derive(Debug, Default, serde::Deserialize)]
#[serde(default)]
pub struct For {
    owner: String,
}

/// An empty form.
pub async fn new(asked: Asked, Query(wanted): Query<For>) -> Response {
    if let Err(error) = Operation::DevicesCreate.thinkable(&asked.caller) {
        return asked.refuse(error).await;
    }
    let values = DeviceForm { owner: wanted.owner, ..DeviceForm::default() };
    show_new(&asked, StatusCode::OK, Typed { values, errors: FieldErrors::new() }).await
}

async fn show_new(asked: &Asked, status: StatusCode, typed: Typed<DeviceForm>) -> Response {
    asked.renderer.page(status, move || edit_view::new(typed.clone())).await
}

/// Registers the device.
pub async fn register(asked: Asked, Form(form): Form<DeviceForm>) -> Response {
    let made = async {
        let owner = owner(&asked, &form.owner).await;
        // Whatever is wrong is said at once, the owner among the rest.
        let rest = form.draft(None).and_then(|draft| draft.parse().map(|_| ()));
        let owner = match (owner, rest) {
            (Ok(owner), _) => owner,
            (Err(ServiceError::Invalid(mut errors)), Err(rest)) => {
                rest.as_slice().iter().for_each(|error| errors.add(error.field.clone(), &error.message));
                return Err(errors.into());
            }
            (Err(error), _) => return Err(error),
        };
        devices::create(&asked.portal, &asked.caller, &form.draft(owner)?).await
    };
    match made.await.map_err(|error| form_errors(error).map(on_the_form)) {
        Ok(view) => Redirect::to(&format!("/devices/{}?done=register", view.device.id)).into_response(),
        Err(Ok(errors)) => {
            show_new(&asked, StatusCode::UNPROCESSABLE_ENTITY, Typed { values: form, errors }).await
        }
        Err(Err(error)) => asked.refuse(error).await,
    }
}

/// The errors of single further values belong to the one field that holds all of them.
fn on_the_form(errors: FieldErrors) -> FieldErrors {
    let mut on_form = FieldErrors::new();
    for error in errors.as_slice() {
        match error.field.strip_prefix("attributes.") {
            Some(name) => on_form.add("attributes", format!("{name}: {}", error.message)),
            None => on_form.add(error.field.clone(), &error.message),
        }
    }
    on_form
}

/// The person who is called exactly that.
async fn owner(asked: &Asked, text: &str) -> Result<Option<UserId>, ServiceError> {
    let Some(wanted) = present(text) else { return Ok(None) };
    let wanted = wanted.trim();
    let query = UsersQuery { q: Some(wanted.to_owned()), limit: Some(50), ..UsersQuery::default() };
    let found = users::list(&asked.portal, &asked.caller, &query).await?.data;
    let is = |text: &str| text.to_lowercase() == wanted.to_lowercase();
    let named = found.iter().find(|user| {
        is(&user.user_name) || user.upn.as_deref().is_some_and(is) || user.email.as_deref().is_some_and(is)
    });
    match (named, found.as_slice()) {
        (Some(user), _) => Ok(Some(user.id)),
        (None, []) => {
            Err(ServiceError::field("owner", "nobody is called that: leave it empty for a shared device"))
        }
        (None, near) => {
            let names =
                near.iter().take(3).map(|user| user.user_name.as_str()).collect::<Vec<_>>().join(", ");
            Err(ServiceError::field("owner", format!("write the whole user name; such as {names}")))
        }
    }
}

/// The form with what is known.
pub async fn get(asked: Asked, Path(text): Path<String>) -> Response {
    let found = async {
        Operation::DevicesUpdate.thinkable(&asked.caller)?;
        let id: DeviceId = id(&text, "device")?;
        devices::get(&asked.portal, &asked.caller, id).await
    };
    let found = found.await;
    let view = |view: DeviceView| {
        let typed = Typed { values: DeviceForm::from(&view), errors: FieldErrors::new() };
        edit_view::edit(view, typed, None)
    };
    asked.answer(found, view).await
}

/// Saves it: at once when nothing follows, else after what follows was shown.
pub async fn post(asked: Asked, Path(text): Path<String>, Form(form): Form<DeviceForm>) -> Response {
    let id: DeviceId = match id(&text, "device") {
        Ok(id) => id,
        Err(error) => return asked.refuse(error).await,
    };
    let saved = async {
        let (draft, caller, version) = (&form.draft(None)?, &asked.caller, form.version);
        let ask = |portal: Portal| async move { devices::update(&portal, caller, id, version, draft).await };
        do_or_preview(&asked, &form.digest, ask).await
    };
    match saved.await {
        Ok(Outcome::Done(_)) => Redirect::to(&format!("/devices/{id}?done=edit")).into_response(),
        Ok(Outcome::Show(shown)) => {
            let fields = fields_of(&form);
            let name = form.name;
            let view = move || edit_view::preview(id, name.clone(), fields.clone(), shown.clone());
            asked.renderer.page(StatusCode::OK, view).await
        }
        Err(ServiceError::Stale { .. }) => changed_meanwhile(&asked, id, form).await,
        Err(error) => match form_errors(error).map(on_the_form) {
            Ok(errors) => show(&asked, id, Typed { values: form, errors }).await,
            Err(error) => asked.refuse(error).await,
        },
    }
}

async fn show(asked: &Asked, id: DeviceId, typed: Typed<DeviceForm>) -> Response {
    match devices::get(&asked.portal, &asked.caller, id).await {
        Ok(device) => {
            let view = move || edit_view::edit(device.clone(), typed.clone(), None);
            asked.renderer.page(StatusCode::UNPROCESSABLE_ENTITY, view).await
        }
        Err(error) => asked.refuse(error).await,
    }
}

/// Somebody else was faster: both versions are shown, and what was typed stays in the form.
async fn changed_meanwhile(asked: &Asked, id: DeviceId, form: DeviceForm) -> Response {
    let device = match devices::get(&asked.portal, &asked.caller, id).await {
        Ok(device) => device,
        Err(error) => return asked.refuse(error).await,
    };
    let now = DeviceForm::from(&device);
    let differences = differences(&now, &form);
    let by = changed_by(asked, id).await;
    let values = DeviceForm { version: now.version, digest: String::new(), ..form };
    let typed = Typed { values, errors: FieldErrors::new() };
    let view =
        move || edit_view::edit(device.clone(), typed.clone(), Some((by.clone(), differences.clone())));
    asked.renderer.page(StatusCode::CONFLICT, view).await
}

/// Who changed the device last, where the caller may know.
async fn changed_by(asked: &Asked, id: DeviceId) -> Option<String> {
    let query = AuditQuery {
        target_kind: Some("device".to_owned()),
        target_id: Some(id.to_string()),
        limit: Some(1),
        ..AuditQuery::default()
    };
    let trail = audit::list(&asked.portal, &asked.caller, &query).await.ok()?;
    trail.data.into_iter().next().map(|event| event.actor_name)
}

/// Where the two differ, by the form's labels.
fn differences(now: &DeviceForm, typed: &DeviceForm) -> Vec<Difference> {
    let fields = [
        ("Name", &now.name, &typed.name),
        ("Platform", &now.platform, &typed.platform),
        ("Serial number", &now.serial_number, &typed.serial_number),
        ("IMEI", &now.imei, &typed.imei),
        ("MEID", &now.meid, &typed.meid),
        ("Wi-Fi address", &now.wifi_mac, &typed.wifi_mac),
        ("Domain name", &now.fqdn, &typed.fqdn),
        ("External id", &now.external_id, &typed.external_id),
        ("Further values", &now.attributes, &typed.attributes),
    ];
    fields
        .into_iter()
        .filter(|(_, now, typed)| now.trim() != typed.trim().replace("\r\n", "\n"))
        .map(|(name, now, typed)| Difference { name, now: now.clone(), typed: typed.clone() })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn further_values_are_lines() {
        let read = attributes("CostCentre = 42 = x\r\n\r\n Room=B 12 ").unwrap();
        assert_eq!(
            read.into_iter().collect::<Vec<_>>(),
            [("CostCentre".to_owned(), "42 = x".to_owned()), ("Room".to_owned(), "B 12".to_owned())]
        );
        assert!(attributes("no equals sign").unwrap_err().contains("name = value"));
    }

    #[test]
    fn only_what_differs_is_shown() {
        let now = DeviceForm { name: "a".into(), attributes: "x = 1\ny = 2".into(), ..DeviceForm::default() };
        let typed =
            DeviceForm { name: "b".into(), attributes: "x = 1\r\ny = 2".into(), ..DeviceForm::default() };
        assert_eq!(differences(&now, &typed).iter().map(|one| one.name).collect::<Vec<_>>(), ["Name"]);
    }
}
