//! The person says on this device that another device of theirs, or a session, is theirs.

use std::path::Path;

use certporter_model::ConfirmationId;

use super::AgentError;
use super::enrolment::client;
use super::folder::Folder;
use super::identity::ManagementIdentity;
use super::state::State;
use crate::wire::device::AwaitedConfirmation;

/// What of the person's waits to be confirmed.
///
/// # Errors
/// When the folder is not enrolled, the portal can't be reached, or this device waits itself.
pub async fn awaited(directory: &Path) -> Result<Vec<AwaitedConfirmation>, AgentError> {
    let folder = Folder::at(directory);
    let state = State::load(&folder)?;
    let client = client(&folder, &state, &ManagementIdentity::load(&folder)?)?;
    Ok(client.confirmations().await?.awaited)
}

/// Confirms that it is the person's.
///
/// # Errors
/// As [`awaited`]; when nothing of that id waits.
pub async fn confirm(directory: &Path, id: ConfirmationId) -> Result<(), AgentError> {
    let folder = Folder::at(directory);
    let state = State::load(&folder)?;
    let client = client(&folder, &state, &ManagementIdentity::load(&folder)?)?;
    client.confirm(id).await
}
