//! Issuing CAs and connectors: how they are, and whether they work.
//!
//! - [`view`]: what is shown of them
//! - [`rotation`]: a new issuing key
//! - [`external`]: those that somebody adds
//! - [`preflight`]: a test certificate, all the way there and back
pub mod external;
pub mod preflight;
pub mod rotation;
mod view;

use std::time::Duration;

use certporter_model::access::Caller;
use certporter_model::text::Name;
use certporter_model::{CaGenerationId, CaId, Timestamp};

pub use self::view::{
    AuthoritiesView, AuthorityView, ConnectorView, CrlView, Download, FileKind, GenerationView,
};
use super::error::ServiceError;
use super::operation::Operation;
use super::portal::Portal;
use crate::ca::Capabilities;
use crate::ca::openbao::OpenBaoSettings;
use crate::pipeline::work::{Work, connector_pool};
use crate::pki::{self, pem};
use crate::store::ca_generations::{self, Ca, CaGeneration};
use crate::store::crls::{self, CrlInShort};
use crate::store::external_cas::{self, ExternalRow};
use crate::store::{AuditEvent, Conn, Target, authorities as store};

/// The kind of the CA that devices' management certificates come from: no profile can choose it.
pub(crate) const DEVICES: &str = "devices";
/// The CA that publishes its CRLs here.
pub(crate) const BUILTIN: &str = "builtin";
/// A connector that was not heard of for so long does not answer.
const SILENT: Duration = Duration::from_secs(90);
/// A CA's certificate that ends within this wants to be renewed.
const ENDS_SOON: Duration = Duration::from_secs(180 * 86_400);

/// Every issuing CA and connector.
///
/// # Errors
/// When the caller may not.
pub async fn list(portal: &Portal, caller: &Caller) -> Result<AuthoritiesView, ServiceError> {
    Operation::AuthoritiesList.organisation(caller)?;
    let now = portal.now();
    let mut conn = portal.db().read().await?;
    let mut authorities = Vec::new();
    for ca in ca_generations::cas(&mut conn).await? {
        authorities.push(authority(&mut conn, portal, ca, now).await?);
    }
    let waiting = store::waiting(&mut conn, now).await?;
    let connectors = store::connectors(&mut conn).await?.into_iter().map(|row| {
        let pool = connector_pool(&row.pool);
        let queue = waiting.iter().find(|waiting| waiting.pool == pool);
        ConnectorView {
            id: row.id,
            silent: row.last_contact_at.is_none_or(|at| now.since(at) > SILENT),
            name: row.name.to_string(),
            pool: row.pool.to_string(),
            state: row.state,
            software_version: row.software_version,
            last_contact_at: row.last_contact_at,
            waiting: queue.map_or(0, |queue| queue.count),
            waiting_since: queue.map(|queue| queue.since),
        }
    });
    Ok(AuthoritiesView { connectors: connectors.collect(), authorities })
}

async fn authority(
    conn: &mut Conn,
    portal: &Portal,
    ca: Ca,
    now: Timestamp,
) -> Result<AuthorityView, ServiceError> {
    let external = external_cas::of(conn, ca.id).await?;
    let mut generations = Vec::new();
    for row in ca_generations::generations(conn, ca.id).await? {
        generations.push(generation(conn, portal, (&ca, external.as_ref()), row, now).await?);
    }
    let external = external.map(external::shown);
    let can: Capabilities = serde_json::from_str(&ca.capabilities).unwrap_or_default();
    let ocsp = (ca.kind == BUILTIN).then(|| format!("{}/ocsp", portal.addresses().pki));
    Ok(AuthorityView {
        id: ca.id,
        name: ca.name,
        kind: ca.kind,
        hold: can.hold,
        reasons: can.reasons,
        publishes: can.publishes,
        ocsp,
        external,
        generations,
    })
}

async fn generation(
    conn: &mut Conn,
    portal: &Portal,
    (ca, external): (&Ca, Option<&ExternalRow>),
    row: CaGeneration,
    now: Timestamp,
) -> Result<GenerationView, ServiceError> {
    let certificate = pki::Certificate::parse(&row.certificate_der)
        .map_err(|error| ServiceError::internal("a CA's certificate can't be read", &error))?;
    let lists = crls::latest_in_short(conn, row.id).await?;
    // A third of its time is left: the next one is overdue.
    let overdue = |list: &CrlInShort| {
        let third = list.next_update.since(list.this_update) / 3;
        list.next_update.minus(third) <= now
    };
    let crl = lists.iter().find(|list| list.shard == crls::FULL).map(|full| CrlView {
        number: full.number,
        this_update: full.this_update,
        next_update: lists.iter().map(|list| list.next_update).min().unwrap_or(full.next_update),
        // Nobody needs a list any more of a CA whose certificate has ended.
        stale: row.not_after > now && lists.iter().any(overdue),
    });
    let published = |ending: &str| {
        let address = format!("{}/{}-{}.{ending}", portal.addresses().pki, row.purpose, row.generation);
        (ca.kind == BUILTIN).then_some(address)
    };
    let there = external.and_then(|row| {
        let draft = serde_json::from_value(row.settings.clone()).ok()?;
        OpenBaoSettings::parse(&draft).ok().map(|settings| settings.crl_address())
    });
    Ok(GenerationView {
        id: row.id,
        purpose: row.purpose.clone(),
        number: row.generation,
        parent: row.parent_id,
        subject: certificate.subject_text(),
        issuer: certificate.issuer_text(),
        serial: certificate.serial().clone(),
        key: certificate.key_algorithm(),
        thumbprint: row.thumbprint,
        not_before: row.not_before,
        not_after: row.not_after,
        ends_soon: row.state == "active" && row.not_after <= now.plus(ENDS_SOON),
        state: row.state.clone(),
        certificate_address: published("crt"),
        crl_address: crl.as_ref().and_then(|_| published("crl").or(there)),
        crl,
    })
}

/// Has a CA's CRLs made and published now, whether they are due or not.
///
/// # Errors
/// When the caller may not, there is no such CA, or it publishes by itself.
pub async fn publish(portal: &Portal, caller: &Caller, id: CaId) -> Result<(), ServiceError> {
    let permit = Operation::AuthoritiesPublish.organisation(caller)?;
    let now = portal.now();
    let mut tx = portal.db().write(&permit).await?;
    let ca = find(&mut tx, id).await?;
    if ca.kind != BUILTIN {
        return Err(ServiceError::conflict("this CA publishes its CRLs by its own schedule"));
    }
    for generation in ca_generations::generations(&mut tx, id).await? {
        crls::outdate(&mut tx, generation.id, now).await?;
    }
    Work::PublishCrl { ca: id }.enqueue(&mut tx, now, portal.random()).await?;
    let event = AuditEvent::new(now, Operation::AuthoritiesPublish.name(), Target::one("ca", id.as_uuid()));
    Ok(tx.commit(event.with("name", ca.name.as_str())).await?)
}

/// The certificate of a CA, alone or with its chain, or its CRL.
///
/// # Errors
/// When the caller may not, or there is none.
pub async fn download(
    portal: &Portal,
    caller: &Caller,
    id: CaGenerationId,
    kind: FileKind,
) -> Result<Download, ServiceError> {
    Operation::AuthoritiesList.organisation(caller)?;
    let mut conn = portal.db().read().await?;
    let row = ca_generations::generation(&mut conn, id).await?;
    let slug = format!("{}-{}", row.purpose, row.generation);
    let file = |ending, media_type, octets| Download { name: format!("{slug}.{ending}"), media_type, octets };
    Ok(match kind {
        FileKind::Der => file("crt", "application/pkix-cert", row.certificate_der),
        FileKind::Pem => {
            let mut chain = vec![row.certificate_der];
            let mut next = row.parent_id;
            while let Some(parent) = next {
                let above = ca_generations::generation(&mut conn, parent).await?;
                next = above.parent_id;
                chain.push(above.certificate_der);
            }
            let text = pem::certificates(chain.iter().map(Vec::as_slice));
            file("pem", "application/pem-certificate-chain", text.into_bytes())
        }
        FileKind::Crl => {
            let crl = crls::latest(&mut conn, id, 0).await?.ok_or(ServiceError::NotFound { what: "CRL" })?;
            file("crl", "application/pkix-crl", crl.der)
        }
    })
}

async fn find(conn: &mut Conn, id: CaId) -> Result<Ca, ServiceError> {
    let all = ca_generations::cas(conn).await?;
    all.into_iter().find(|ca| ca.id == id).ok_or(ServiceError::NotFound { what: "issuing CA" })
}

/// The pools that some connector serves.
async fn pools(conn: &mut Conn) -> Result<Vec<Name>, ServiceError> {
    let mut pools: Vec<Name> = store::connectors(conn).await?.into_iter().map(|row| row.pool).collect();
    pools.sort();
    pools.dedup();
    Ok(pools)
}
