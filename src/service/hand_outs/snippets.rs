//! Snippets for a device that runs the agent on Linux.

use certporter_model::DeviceId;
use certporter_model::access::Caller;
use certporter_model::certificate::{CertificateStatus, Standing};
use certporter_model::feature::Feature;
use certporter_model::platform::Platform;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::contents;
use crate::delivery::linux::{self, Held, Snippet};
use crate::pki::Certificate;
use crate::service::devices;
use crate::service::error::ServiceError;
use crate::service::names::Names;
use crate::service::operation::Operation;
use crate::service::portal::Portal;
use crate::service::reference::ProfileReference;
use crate::store::{certificates, copies, profiles};

/// What uses a copy can be set up with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CopySnippets {
    /// The profile.
    pub profile: ProfileReference,
    /// What the copy is for.
    pub feature: Feature,
    /// The snippets.
    pub snippets: Vec<Snippet>,
    /// What the profile doesn't say, so that there is none.
    pub left_out: Vec<String>,
}

/// Ready-made settings for what uses the certificates on a Linux device, with the paths that the agent writes.
///
/// # Errors
/// When the caller may not, or there is no such device.
pub async fn snippets(
    portal: &Portal,
    caller: &Caller,
    id: DeviceId,
) -> Result<Vec<CopySnippets>, ServiceError> {
    let mut conn = portal.db().read().await?;
    let (device, _) = devices::find(&mut conn, caller, Operation::DevicesSnippets, id).await?;
    if device.platform != Platform::Linux {
        return Ok(Vec::new());
    }
    let rows = copies::of_device(&mut conn, id).await?;
    let names = Names::of(&mut conn, [], [], rows.iter().map(|row| row.profile_id)).await?;
    let mut found = Vec::new();
    for row in rows.into_iter().filter(|row| row.state.may_be_on_device() && row.purpose == "use") {
        let certificate = certificates::get(&mut conn, row.certificate_id).await?;
        if certificate.status != CertificateStatus::Valid || certificate.standing != Standing::Current {
            continue;
        }
        let profile = profiles::get(&mut conn, row.profile_id).await?;
        let body = profiles::version(&mut conn, profile.id, profile.current_version).await?.body;
        let user = certificate.user_id.or(device.owner_id);
        let (_, address) = contents::person(&mut conn, &body, user, id).await?;
        let parsed = Certificate::parse(&certificate.der).map_err(super::of_pki)?;
        let snippets = linux::snippets(&Held {
            profile: body.name().as_str(),
            feature: row.feature,
            certificate: &parsed,
            settings: body.feature_settings(),
            mail_address: address.as_deref(),
        });
        let missing = body.feature_settings().missing(&[row.feature]);
        found.push(CopySnippets {
            profile: names.profile(row.profile_id),
            feature: row.feature,
            // Mail has a snippet without settings too.
            left_out: missing
                .into_iter()
                .filter(|_| snippets.is_empty())
                .map(|it| it.sentence.replace("payload", "snippet"))
                .collect(),
            snippets,
        });
    }
    Ok(found)
}
