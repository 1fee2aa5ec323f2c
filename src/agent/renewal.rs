//! Renewing the management certificate.

use super::enrolment::{client, signing_request};
use super::folder::Folder;
use super::identity::{ManagementIdentity, next_key};
use super::state::State;
use super::{AgentError, Surroundings};
use crate::wire::device::{RenewRequest, VERSION};

/// Renews the management certificate with a new key if it is time, or if the portal wants it.
///
/// The new key is kept before it is used, and the new certificate replaces the old one in a single step: after a crash
/// the device has one that works.
///
/// # Errors
/// When the portal refuses or can't be reached, or the files can't be written.
pub async fn renew_if_due(
    folder: &Folder,
    state: &mut State,
    identity: ManagementIdentity,
    wanted: bool,
    surroundings: &Surroundings,
) -> Result<ManagementIdentity, AgentError> {
    if !wanted && surroundings.clock.now() < state.renew_at {
        return Ok(identity);
    }
    let mut key = next_key(folder)?;
    if key.public_key_hash() == identity.key().public_key_hash() {
        // Left over from a renewal that had all but finished.
        folder.remove("management.next.pem")?;
        key = next_key(folder)?;
    }
    let request = RenewRequest { version: VERSION, csr: signing_request(&key)? };
    let answer = client(folder, state, &identity)?.renew(&request).await?;
    let renewed = ManagementIdentity::new(key, &answer)?;
    renewed.install(folder)?;
    state.renew_at = answer.renew_at;
    state.not_after = answer.not_after;
    state.save(folder)?;
    tracing::info!(not_after = %answer.not_after, "the management certificate is renewed");
    Ok(renewed)
}
