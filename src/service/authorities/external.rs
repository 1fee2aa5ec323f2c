//! Issuing CAs that somebody adds: their settings are tried before they are saved, so that what is saved works.

use certporter_model::access::{Caller, Permit};
use certporter_model::text::Name;
use certporter_model::{CaGenerationId, CaId, FieldErrors, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{AuthorityView, authority, find};
use crate::ca::external::ISSUING;
use crate::ca::openbao::settings::OpenBaoDraft;
use crate::ca::openbao::{CAPABILITIES, KIND, OpenBaoSettings, Token};
use crate::ca::{CaError, ExternalCas};
use crate::config::WebAddress;
use crate::pipeline::work::Work;
use crate::pki::Certificate;
use crate::service::{Operation, Portal, ServiceError};
use crate::store::ca_generations::{self, Ca, CaGeneration};
use crate::store::external_cas::{self, ExternalRow};
use crate::store::{AuditEvent, Bookkeeping, Target, WriteTx, outages};

/// What somebody writes about a CA that is not ours. It has no `Debug` of the token.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ExternalDraft {
    /// What profiles call it. It stays as it is once the CA is added.
    pub name: String,
    /// Where it is: `https://HOST[:PORT]`.
    pub address: String,
    /// The path of its PKI secrets engine.
    pub mount: String,
    /// The issuer's name or id there; the mount's default when empty.
    pub issuer: String,
    /// Certificates that its TLS certificate must come from, PEM; the system's when empty.
    pub tls_ca: String,
    /// The token with which it is asked. Empty on a change: as before.
    #[schema(write_only)]
    pub token: String,
    /// The address of the CRL that its certificates have to name; none when empty.
    pub crl_url: String,
    /// The address of the OCSP responder that its certificates have to name; none when empty.
    pub ocsp_url: String,
}

impl std::fmt::Debug for ExternalDraft {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ExternalDraft")
            .field("name", &self.name)
            .field("address", &self.address)
            .field("mount", &self.mount)
            .finish_non_exhaustive()
    }
}

/// A CA that was added, as it is set up and as it was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ExternalView {
    /// Where it is.
    pub address: String,
    /// The path of its PKI secrets engine.
    pub mount: String,
    /// The issuer's name or id there.
    pub issuer: String,
    /// Certificates that its TLS certificate must come from, PEM; empty: the system's.
    pub tls_ca: String,
    /// The address of the CRL that its certificates have to name.
    pub crl_url: Option<String>,
    /// The address of the OCSP responder that its certificates have to name.
    pub ocsp_url: Option<String>,
    /// Whether certificates are asked of it. Revocations go to it in any case.
    pub enabled: bool,
    /// Counts the changes.
    pub version: i64,
    /// Whether it worked when it was last looked at; unknown before the first time.
    pub well: Option<bool>,
    /// When that was.
    pub checked_at: Option<Timestamp>,
    /// What was found, and what to do about it, in sentences.
    pub findings: Vec<String>,
    /// When the token ends.
    pub credential_ends_at: Option<Timestamp>,
}

/// How a row is shown.
pub(super) fn shown(row: ExternalRow) -> ExternalView {
    let draft: OpenBaoDraft = serde_json::from_value(row.settings).unwrap_or_default();
    ExternalView {
        address: draft.address,
        mount: draft.mount,
        issuer: draft.issuer,
        tls_ca: draft.tls_ca,
        crl_url: row.crl_url,
        ocsp_url: row.ocsp_url,
        enabled: row.enabled,
        version: row.version,
        well: row.well,
        checked_at: row.checked_at,
        findings: serde_json::from_value(row.findings).unwrap_or_default(),
        credential_ends_at: row.credential_ends_at,
    }
}

/// What was written, found right.
struct Parsed {
    draft: OpenBaoDraft,
    settings: OpenBaoSettings,
    crl_url: Option<String>,
    ocsp_url: Option<String>,
}

fn parse(draft: &ExternalDraft, errors: &mut FieldErrors) -> Option<Parsed> {
    let written = OpenBaoDraft {
        address: draft.address.trim().to_owned(),
        mount: draft.mount.trim().to_owned(),
        issuer: draft.issuer.trim().to_owned(),
        tls_ca: draft.tls_ca.trim().to_owned(),
    };
    let settings = match OpenBaoSettings::parse(&written) {
        Ok(settings) => Some(settings),
        Err(wrong) => {
            wrong.as_slice().iter().for_each(|error| errors.add(error.field.clone(), &error.message));
            None
        }
    };
    let mut url = |field: &'static str, text: &str| match text.trim() {
        "" => Some(None),
        text => match WebAddress::parse(text) {
            Ok(_) => Some(Some(text.to_owned())),
            Err(why) => {
                errors.add(field, why);
                None
            }
        },
    };
    let (crl_url, ocsp_url) = (url("crl_url", &draft.crl_url), url("ocsp_url", &draft.ocsp_url));
    Some(Parsed { draft: written, settings: settings?, crl_url: crl_url?, ocsp_url: ocsp_url? })
}

/// Whether the caller may add CAs: asked before somebody fills a form in.
///
/// # Errors
/// When they may not.
pub fn may_create(caller: &Caller) -> Result<(), ServiceError> {
    Operation::AuthoritiesCreate.organisation(caller).map(|_| ())
}

/// One issuing CA.
///
/// # Errors
/// When the caller may not, or there is none.
pub async fn get(portal: &Portal, caller: &Caller, id: CaId) -> Result<AuthorityView, ServiceError> {
    Operation::AuthoritiesGet.organisation(caller)?;
    view_of(portal, id).await
}

async fn view_of(portal: &Portal, id: CaId) -> Result<AuthorityView, ServiceError> {
    let mut conn = portal.db().read().await?;
    let ca = find(&mut conn, id).await?;
    authority(&mut conn, portal, ca, portal.now()).await
}

/// Adds a CA, after it was asked for its chain with these settings.
///
/// # Errors
/// When the caller may not, a field is wrong, or the CA does not answer as it should: names the field.
pub async fn create(
    portal: &Portal,
    caller: &Caller,
    draft: &ExternalDraft,
) -> Result<AuthorityView, ServiceError> {
    let permit = Operation::AuthoritiesCreate.organisation(caller)?;
    let mut errors = FieldErrors::new();
    let name = errors.take("name", Name::parse(draft.name.trim()));
    let token = errors.take("token", Token::parse(&draft.token));
    let parsed = parse(draft, &mut errors);
    let (Some(name), Some(token), Some(parsed)) = (name, token, parsed) else { return Err(errors.into()) };
    let external = opener(portal)?;
    let chain = tried(external, &parsed, token.clone()).await?;
    let now = portal.now();
    let id = CaId::new(now, portal.octets());
    let ca = Ca {
        id,
        name: name.to_string(),
        kind: KIND.to_owned(),
        capabilities: serde_json::to_string(&CAPABILITIES)
            .map_err(|error| ServiceError::internal("writing down what a CA can", &error))?,
        sealed_config: Some(sealed(external, id, &token)?),
        created_at: now,
    };
    let row = ExternalRow {
        id,
        settings: settings(&parsed)?,
        crl_url: parsed.crl_url,
        ocsp_url: parsed.ocsp_url,
        enabled: true,
        version: 1,
        updated_at: now,
        well: Some(true),
        checked_at: Some(now),
        findings: serde_json::json!([]),
        credential_ends_at: None,
    };
    let mut tx = portal.db().write(&permit).await?;
    ca_generations::insert_ca(&mut tx, &ca).await?;
    external_cas::insert(&mut tx, &row).await?;
    record_chain(&mut tx, portal, id, &chain, now).await?;
    Work::PublishCrl { ca: id }.enqueue(&mut tx, now, portal.random()).await?;
    tx.commit(event(now, Operation::AuthoritiesCreate, id, &ca.name).with("address", parsed.draft.address))
        .await?;
    view_of(portal, id).await
}

/// Changes a CA's settings, after it was asked for its chain with the new ones. What waits for it is tried at once.
///
/// # Errors
/// As [`create`]; also when it has changed since it was read, or is none that was added.
pub async fn update(
    portal: &Portal,
    caller: &Caller,
    id: CaId,
    version: i64,
    draft: &ExternalDraft,
) -> Result<AuthorityView, ServiceError> {
    let permit = Operation::AuthoritiesUpdate.organisation(caller)?;
    let (ca, before) = added(portal, id).await?;
    let mut errors = FieldErrors::new();
    if !draft.name.trim().is_empty() && draft.name.trim() != ca.name {
        errors.add("name", "stays as it is: profiles call the CA by it");
    }
    let token = match draft.token.trim() {
        "" => Some(None),
        text => errors.take("token", Token::parse(text)).map(Some),
    };
    let parsed = parse(draft, &mut errors);
    let (Some(token), Some(parsed), true) = (token, parsed, errors.is_empty()) else {
        return Err(errors.into());
    };
    let external = opener(portal)?;
    let tried_with = match &token {
        Some(token) => token.clone(),
        None if before.settings.get("address") == settings(&parsed)?.get("address") => external
            .credential(&ca)
            .map_err(|error| ServiceError::internal("opening a credential", &error))?,
        // The old token must not go to a place that somebody has just typed.
        None => {
            let message = "has to be given again when the address changes";
            return Err(ServiceError::field("token", message));
        }
    };
    let chain = tried(external, &parsed, tried_with).await?;
    let now = portal.now();
    let row = ExternalRow {
        settings: settings(&parsed)?,
        crl_url: parsed.crl_url,
        ocsp_url: parsed.ocsp_url,
        version,
        updated_at: now,
        well: Some(true),
        checked_at: Some(now),
        findings: serde_json::json!([]),
        credential_ends_at: None,
        ..before
    };
    let mut tx = portal.db().write(&permit).await?;
    external_cas::save(&mut tx, &row).await?;
    let renewed = token.is_some();
    if let Some(token) = token {
        external_cas::set_credential(&mut tx, id, sealed(external, id, &token)?, now).await?;
    }
    record_chain(&mut tx, portal, id, &chain, now).await?;
    Work::PublishCrl { ca: id }.enqueue(&mut tx, now, portal.random()).await?;
    let event = event(now, Operation::AuthoritiesUpdate, id, &ca.name).with("token_changed", renewed);
    tx.commit(event.with("address", parsed.draft.address)).await?;
    hasten(portal, now).await?;
    view_of(portal, id).await
}

/// Switches a CA on: certificates are asked of it again, those that waited first.
///
/// # Errors
/// When the caller may not, it has changed since it was read, or is none that was added.
pub async fn enable(
    portal: &Portal,
    caller: &Caller,
    id: CaId,
    version: i64,
) -> Result<AuthorityView, ServiceError> {
    let permit = Operation::AuthoritiesEnable.organisation(caller)?;
    switch(portal, &permit, id, (version, true), Operation::AuthoritiesEnable).await?;
    hasten(portal, portal.now()).await?;
    view_of(portal, id).await
}

/// Switches a CA off: no certificate is asked of it, requests wait. Revocations still go to it.
///
/// # Errors
/// As [`enable`].
pub async fn disable(
    portal: &Portal,
    caller: &Caller,
    id: CaId,
    version: i64,
) -> Result<AuthorityView, ServiceError> {
    let permit = Operation::AuthoritiesDisable.organisation(caller)?;
    switch(portal, &permit, id, (version, false), Operation::AuthoritiesDisable).await?;
    view_of(portal, id).await
}

async fn switch(
    portal: &Portal,
    permit: &Permit,
    id: CaId,
    (version, enabled): (i64, bool),
    operation: Operation,
) -> Result<(), ServiceError> {
    let now = portal.now();
    let (ca, before) = added(portal, id).await?;
    let mut tx = portal.db().write(permit).await?;
    external_cas::save(&mut tx, &ExternalRow { enabled, version, updated_at: now, ..before }).await?;
    Ok(tx.commit(event(now, operation, id, &ca.name)).await?)
}

/// A CA that somebody has added.
async fn added(portal: &Portal, id: CaId) -> Result<(Ca, ExternalRow), ServiceError> {
    let mut conn = portal.db().read().await?;
    let ca = find(&mut conn, id).await?;
    match external_cas::of(&mut conn, id).await? {
        Some(row) => Ok((ca, row)),
        None => Err(ServiceError::conflict("this CA is the portal's own: it has no settings to change")),
    }
}

fn opener(portal: &Portal) -> Result<&ExternalCas, ServiceError> {
    let missing = || ServiceError::conflict("this process has no master key: ask the portal itself");
    portal.external().ok_or_else(missing)
}

fn sealed(external: &ExternalCas, id: CaId, token: &Token) -> Result<Vec<u8>, ServiceError> {
    external.seal(id, token).map_err(|error| ServiceError::internal("sealing a credential", &error))
}

fn settings(parsed: &Parsed) -> Result<serde_json::Value, ServiceError> {
    serde_json::to_value(&parsed.draft)
        .map_err(|error| ServiceError::internal("writing down a CA's settings", &error))
}

/// The chain that the CA gives out with these settings; what stands against it names the field.
async fn tried(
    external: &ExternalCas,
    parsed: &Parsed,
    token: Token,
) -> Result<Vec<Certificate>, ServiceError> {
    external.issuer_chain(parsed.settings.clone(), token).await.map_err(|error| {
        let field = match &error {
            CaError::Outage { cause, .. } if cause.contains("does not take the token") => "token",
            CaError::Outage { cause, .. } if cause.contains("policy") => "token",
            CaError::Outage { cause, .. } if cause.contains("has nothing at") => "mount",
            CaError::Refused { cause, .. } if cause.contains("TLS") => "tls_ca",
            CaError::Refused { .. } => "issuer",
            _ => "address",
        };
        match error {
            CaError::Outage { cause, remedy } | CaError::Refused { cause, remedy } => {
                let remedy = remedy.replace(" Requests go on by themselves then.", "");
                let remedy = remedy.replace(" Requests go on by themselves when it is back.", "");
                ServiceError::field(field, format!("does not work: {cause}. {remedy}"))
            }
            error => ServiceError::field(field, format!("does not work: {error}")),
        }
    })
}

/// Records the certificates of a chain that are not on record yet, the root first.
async fn record_chain(
    tx: &mut WriteTx,
    portal: &Portal,
    ca: CaId,
    chain: &[Certificate],
    now: Timestamp,
) -> Result<(), ServiceError> {
    let mut parent = None;
    for (index, certificate) in chain.iter().enumerate().rev() {
        let issuer = index == 0;
        if let Some((id, of)) = external_cas::generation_of(tx, certificate.thumbprint()).await? {
            if issuer && of != ca {
                let message =
                    "issues with a certificate that another CA here has already: one mount is one CA";
                return Err(ServiceError::field("mount", message));
            }
            parent = Some(id);
            continue;
        }
        let purpose = match (issuer, certificate.is_signed_by(certificate)) {
            (true, _) => ISSUING,
            (false, true) => "root",
            (false, false) => "intermediate",
        };
        let known = ca_generations::generations(tx, ca).await?;
        let last = known.iter().filter(|it| it.purpose == purpose).map(|it| it.generation).max();
        let row = CaGeneration {
            id: CaGenerationId::new(now, portal.octets()),
            ca_id: ca,
            generation: last.unwrap_or(0) + 1,
            purpose: purpose.to_owned(),
            parent_id: parent,
            certificate_der: certificate.as_der().to_vec(),
            thumbprint: certificate.thumbprint(),
            public_key_hash: certificate.public_key_hash(),
            sealed_key: None,
            not_before: certificate.not_before(),
            not_after: certificate.not_after(),
            state: "active".to_owned(),
            created_at: now,
        };
        ca_generations::insert_generation(tx, &row).await?;
        parent = Some(row.id);
    }
    Ok(())
}

/// What waited for a CA is tried at once.
async fn hasten(portal: &Portal, now: Timestamp) -> Result<(), ServiceError> {
    let mut books: Bookkeeping = portal.db().bookkeeping().await?;
    outages::hasten(&mut books, now).await?;
    Ok(books.commit().await?)
}

fn event(now: Timestamp, operation: Operation, id: CaId, name: &str) -> AuditEvent {
    AuditEvent::new(now, operation.name(), Target::one("ca", id.as_uuid())).with("name", name)
}
