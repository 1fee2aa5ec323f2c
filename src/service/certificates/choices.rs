//! What a list of certificates can be filtered by.

use certporter_model::access::Caller;
use certporter_model::{CaId, ProfileId};

use crate::service::error::ServiceError;
use crate::service::operation::Operation;
use crate::service::portal::Portal;
use crate::store::{Page, ca_generations, profiles};

/// The most profiles to choose from.
const PROFILES: u32 = 200;

/// Names of what there is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CertificateChoices {
    /// Profiles.
    pub profiles: Vec<(ProfileId, String)>,
    /// Issuing CAs.
    pub cas: Vec<(CaId, String)>,
}

/// Profiles and CAs by name, for whoever may see lists of certificates.
///
/// # Errors
/// When the caller may not.
pub async fn choices(portal: &Portal, caller: &Caller) -> Result<CertificateChoices, ServiceError> {
    Operation::CertificatesList.visibility(caller)?;
    let mut conn = portal.db().read().await?;
    let profiles = profiles::list(&mut conn, None, Page::first(PROFILES)).await?;
    let mut profiles: Vec<_> =
        profiles.into_iter().map(|profile| (profile.id, profile.name.as_str().to_owned())).collect();
    profiles.sort_by_key(|(_, name)| name.to_lowercase());
    let cas = ca_generations::cas(&mut conn).await?;
    Ok(CertificateChoices { profiles, cas: cas.into_iter().map(|ca| (ca.id, ca.name)).collect() })
}
