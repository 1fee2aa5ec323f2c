//! The issuing CAs that a profile can name.

use certporter_model::Timestamp;
use certporter_model::access::Caller;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::ca::device_ca;
use crate::service::error::ServiceError;
use crate::service::operation::Operation;
use crate::service::portal::Portal;
use crate::store::{Conn, ca_generations, external_cas};

const DAY: u64 = 24 * 60 * 60;

/// An issuing CA.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct IssuingCa {
    /// What profiles call it.
    pub name: String,
    /// Which kind of CA it is.
    pub kind: String,
    /// Whole days until its own certificate ends; unknown for one whose certificate isn't here.
    pub days_left: Option<u32>,
}

/// The issuing CAs, by name.
///
/// # Errors
/// When the caller may not.
pub async fn issuing_cas(portal: &Portal, caller: &Caller) -> Result<Vec<IssuingCa>, ServiceError> {
    Operation::ProfilesIssuingCas.visibility(caller)?;
    let mut conn = portal.db().read().await?;
    issuing_cas_of(&mut conn, portal.now()).await
}

/// All of them but the internal one of devices.
pub(super) async fn issuing_cas_of(conn: &mut Conn, now: Timestamp) -> Result<Vec<IssuingCa>, ServiceError> {
    let mut found = Vec::new();
    for ca in ca_generations::cas(conn).await? {
        if ca.kind == device_ca::NAME {
            continue;
        }
        // One that is switched off can't be chosen.
        if external_cas::of(conn, ca.id).await?.is_some_and(|row| !row.enabled) {
            continue;
        }
        let generations = ca_generations::generations(conn, ca.id).await?;
        let issuing = generations.iter().filter(|row| row.purpose == "issuing" && row.state == "active");
        let last = issuing.map(|row| row.not_after).max();
        let days = last.map(|last| u32::try_from(last.since(now).as_secs() / DAY).unwrap_or(u32::MAX));
        found.push(IssuingCa { name: ca.name, kind: ca.kind, days_left: days });
    }
    Ok(found)
}
