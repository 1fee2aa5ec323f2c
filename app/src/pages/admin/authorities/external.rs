//! What is set for a CA that is not ours: `/authorities/new`, `/authorities/{id}/edit`, and its switch.

use axum::Form;
use axum::extract::Path;
use axum::response::{IntoResponse, Redirect, Response};
use certporter::service::ServiceError;
use certporter::service::authorities::AuthorityView;
use certporter::service::authorities::external::{self, ExternalDraft, ExternalView};
use certporter_model::{CaId, FieldErrors};
use leptos::prelude::*;
use serde::{Deserialize, Serialize};

use crate::pages::admin::users::changed::{Again, Changed, ChangedSince, There};
use crate::pages::asked::{Asked, id};
use crate::ui::field::{Hidden, LongField, TextField, Typed};
use crate::ui::layout::{Heading, Page, Task};
use crate::ui::notice::FormErrors;

/// The form. The token is never given back.
#[derive(Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct ExternalForm {
    /// What profiles call it.
    pub name: String,
    /// Where it is.
    pub address: String,
    /// The path of its PKI secrets engine.
    pub mount: String,
    /// The issuer there.
    pub issuer: String,
    /// What its TLS certificate must come from.
    pub tls_ca: String,
    /// The token.
    pub token: String,
    /// The CRL that certificates have to name.
    pub crl_url: String,
    /// The OCSP responder that certificates have to name.
    pub ocsp_url: String,
    /// The version that was read.
    pub version: i64,
}

impl std::fmt::Debug for ExternalForm {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ExternalForm").field("name", &self.name).finish_non_exhaustive()
    }
}

impl ExternalForm {
    fn draft(&self) -> ExternalDraft {
        ExternalDraft {
            name: self.name.clone(),
            address: self.address.clone(),
            mount: self.mount.clone(),
            issuer: self.issuer.clone(),
            // Browsers send lines as networks have them.
            tls_ca: self.tls_ca.replace("\r\n", "\n"),
            token: self.token.clone(),
            crl_url: self.crl_url.clone(),
            ocsp_url: self.ocsp_url.clone(),
        }
    }

    fn fields(&self) -> Vec<(String, String)> {
        let fields = [
            ("Address", &self.address),
            ("Mount", &self.mount),
            ("Issuer", &self.issuer),
            ("CA of its TLS certificate", &self.tls_ca),
            ("CRL", &self.crl_url),
            ("OCSP responder", &self.ocsp_url),
        ];
        fields.into_iter().map(|(name, value)| (name.to_owned(), value.replace("\r\n", "\n"))).collect()
    }

    fn of(name: String, it: ExternalView) -> Self {
        Self {
            name,
            address: it.address,
            mount: it.mount,
            issuer: it.issuer,
            tls_ca: it.tls_ca,
            token: String::new(),
            crl_url: it.crl_url.unwrap_or_default(),
            ocsp_url: it.ocsp_url.unwrap_or_default(),
            version: it.version,
        }
    }
}

/// What the page shows.
#[derive(Debug, Clone)]
pub struct Editing {
    /// The CA; none for a new one.
    pub ca: Option<(CaId, String)>,
    /// What was typed, and what is wrong with it.
    pub typed: Typed<ExternalForm>,
    /// What somebody else saved since the form was opened.
    pub changed: Option<Changed>,
}

/// An empty form.
pub async fn new(asked: Asked) -> Response {
    let allowed = external::may_create(&asked.caller);
    let values = ExternalForm { mount: "pki".to_owned(), ..ExternalForm::default() };
    let typed = Typed { values, errors: FieldErrors::new() };
    asked.answer(allowed.map(|()| Editing { ca: None, typed, changed: None }), page).await
}

/// Adds the CA, and offers to try it out.
pub async fn create(asked: Asked, Form(form): Form<ExternalForm>) -> Response {
    match external::create(&asked.portal, &asked.caller, &form.draft()).await {
        Ok(ca) => Redirect::to(&format!("/authorities?saved=new#ca-{}", ca.id)).into_response(),
        Err(error) => wrong(&asked, None, form, error).await,
    }
}

async fn read(asked: &Asked, id: CaId) -> Result<(AuthorityView, ExternalView), ServiceError> {
    let ca = external::get(&asked.portal, &asked.caller, id).await?;
    let missing = || ServiceError::conflict("this CA is the portal's own: it has no settings to change");
    let it = ca.external.clone().ok_or_else(missing)?;
    Ok((ca, it))
}

/// The form with what is set.
pub async fn edit(asked: Asked, Path(text): Path<String>) -> Response {
    let found = async {
        external::may_create(&asked.caller)?;
        let (ca, it) = read(&asked, id(&text, "issuing CA")?).await?;
        let head = Some((ca.id, ca.name.clone()));
        let typed = Typed { values: ExternalForm::of(ca.name, it), errors: FieldErrors::new() };
        Ok(Editing { ca: head, typed, changed: None })
    };
    let found = found.await;
    asked.answer(found, page).await
}

/// Saves what was typed, after the CA has answered with it. Nothing follows for any certificate.
pub async fn update(asked: Asked, Path(text): Path<String>, Form(form): Form<ExternalForm>) -> Response {
    let ca: CaId = match id(&text, "issuing CA") {
        Ok(ca) => ca,
        Err(error) => return asked.refuse(error).await,
    };
    match external::update(&asked.portal, &asked.caller, ca, form.version, &form.draft()).await {
        Ok(ca) => Redirect::to(&format!("/authorities?saved=edit#ca-{}", ca.id)).into_response(),
        Err(error) => wrong(&asked, Some(ca), form, error).await,
    }
}

async fn wrong(asked: &Asked, ca: Option<CaId>, form: ExternalForm, error: ServiceError) -> Response {
    let again = async {
        let Some(id) = ca else { return Ok((None, Again::wrong(error)?)) };
        let (now, it) = read(asked, id).await?;
        let head = Some((id, now.name.clone()));
        let there = There::one("ca", &id, it.version);
        let values = (ExternalForm::of(now.name, it).fields(), form.fields());
        Ok((head, Again::of(asked, error, there, values).await?))
    };
    match again.await {
        Ok((ca, Again { status, changed, errors })) => {
            let version = changed.as_ref().map_or(form.version, |changed| changed.version);
            let name = ca.as_ref().map_or(form.name.clone(), |(_, name): &(CaId, String)| name.clone());
            let values = ExternalForm { version, name, token: String::new(), ..form };
            let editing = Editing { ca, typed: Typed { values, errors }, changed };
            asked.renderer.page(status, move || page(editing.clone())).await
        }
        Err(error) => asked.refuse(error).await,
    }
}

/// The version that was seen.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(default)]
pub struct Seen {
    version: i64,
}

/// Switches it on.
pub async fn enable(asked: Asked, Path(text): Path<String>, Form(seen): Form<Seen>) -> Response {
    let done = async {
        external::enable(&asked.portal, &asked.caller, id(&text, "issuing CA")?, seen.version).await
    };
    switched(&asked, done.await, "on").await
}

/// Switches it off.
pub async fn disable(asked: Asked, Path(text): Path<String>, Form(seen): Form<Seen>) -> Response {
    let done = async {
        external::disable(&asked.portal, &asked.caller, id(&text, "issuing CA")?, seen.version).await
    };
    switched(&asked, done.await, "off").await
}

async fn switched(asked: &Asked, done: Result<AuthorityView, ServiceError>, how: &str) -> Response {
    match done {
        Ok(ca) => Redirect::to(&format!("/authorities?saved={how}#ca-{}", ca.id)).into_response(),
        Err(error) => asked.refuse(error).await,
    }
}

/// The page.
pub fn page(editing: Editing) -> AnyView {
    let Typed { values: form, errors } = editing.typed;
    let (title, action, submit) = match &editing.ca {
        None => (
            "Add an issuing CA".to_owned(),
            "/authorities/new".to_owned(),
            "Ask it for its chain, and add it",
        ),
        Some((id, name)) => {
            (format!("Edit {name}"), format!("/authorities/{id}/edit"), "Ask it for its chain, and save")
        }
    };
    let new = editing.ca.is_none();
    let version = form.version;
    let named = new.then(|| {
        view! {
            <TextField
                name="name"
                label="Name"
                value=form.name.clone()
                errors=errors.clone()
                hint="What profiles call it. It stays as it is."
                first=true
            />
        }
    });
    let fields = fields(form, errors.clone(), new);
    view! {
        <Page title=title.clone() task=Some(Task::Authorities)>
            <Heading
                title
                lead="An OpenBao or Vault server whose PKI secrets engine signs certificates. It knows no hold and no reasons: blocking revokes there."
                within=("/authorities", "CAs and connectors")
            />
            {editing.changed.map(|changed| view! { <ChangedSince changed/> })}
            <form class="form" method="post" action=action>
                <FormErrors errors/>
                {(!new).then(|| view! { <Hidden name="version" value=version.to_string()/> })}
                {named}
                {fields}
                <div class="buttons">
                    <button class="btn btn-primary" type="submit">
                        {submit}
                    </button>
                    <a class="btn btn-ghost" href="/authorities">
                        "Cancel"
                    </a>
                </div>
            </form>
        </Page>
    }
    .into_any()
}

fn fields(form: ExternalForm, errors: FieldErrors, new: bool) -> AnyView {
    let token_hint = if new {
        "It rests sealed and is renewed by itself. Its policy permits to sign and revoke, to list MOUNT/certs/detailed, and to read MOUNT/cert/* and MOUNT/roles/*."
    } else {
        "Empty: the one before is kept. It has to be given again when the address changes."
    };
    view! {
        <TextField
            name="address"
            label="Address"
            value=form.address
            errors=errors.clone()
            hint="Such as https://bao.example.org:8200."
            exact=true
        />
        <TextField
            name="mount"
            label="Mount"
            value=form.mount
            errors=errors.clone()
            hint="The path of the PKI secrets engine, such as pki or pki/users. A profile\u{2019}s template names a role of it; without a template, sign-verbatim is asked."
            exact=true
        />
        <TextField
            name="issuer"
            label="Issuer"
            value=form.issuer
            errors=errors.clone()
            hint="The issuer\u{2019}s name or id there. Empty: the mount\u{2019}s default."
            optional=true
            exact=true
        />
        <TextField
            name="token"
            label="Token"
            kind="password"
            errors=errors.clone()
            hint=token_hint
            autocomplete="new-password"
            optional=!new
            exact=true
        />
        <LongField
            name="tls_ca"
            label="CA of its TLS certificate"
            value=form.tls_ca
            errors=errors.clone()
            hint="PEM. Only a server whose certificate comes from this CA is believed. Empty: those that this machine trusts."
            rows=4
            optional=true
            exact=true
        />
        <TextField
            name="crl_url"
            label="CRL that certificates have to name"
            value=form.crl_url
            errors=errors.clone()
            hint="A certificate without this address is refused and revoked: relying parties would never see that it was revoked."
            optional=true
            exact=true
        />
        <TextField
            name="ocsp_url"
            label="OCSP responder that certificates have to name"
            value=form.ocsp_url
            errors
            hint="The same for OCSP."
            optional=true
            exact=true
        />
    }
    .into_any()
}
