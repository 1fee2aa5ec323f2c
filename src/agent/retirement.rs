//! The device gives up.

use std::path::Path;

use super::AgentError;
use super::copies;
use super::enrolment::{ANCHOR, client};
use super::folder::Folder;
use super::identity::ManagementIdentity;
use super::state::State;
use crate::wire::device::{Report, ReportedState, VERSION};

/// Retires the device: tells the portal, which revokes what the device holds; then removes every copy, says so, and
/// forgets the enrolment. With `alone`, the portal need not be reached: what it holds of the device stays open there.
///
/// # Errors
/// When the folder is not enrolled, or the portal can't be reached; running it again goes on where it stopped.
pub async fn retire(directory: &Path, alone: bool) -> Result<(), AgentError> {
    let folder = Folder::at(directory);
    let mut state = State::load(&folder)?;
    let _lock = folder.lock()?;
    let identity = ManagementIdentity::load(&folder)?;
    let client = client(&folder, &state, &identity)?;
    let told = client.retire().await;
    match told {
        Err(error) if !alone => return Err(error),
        Err(error) => tracing::warn!(%error, "the portal does not know that this device is retired"),
        Ok(()) => {}
    }
    copies::recover(&folder, &mut state)?;
    for held in state.copies.clone() {
        copies::remove(&folder, &mut state, held.copy)?;
        state.note(copies::status(&held, ReportedState::Removed));
        state.save(&folder)?;
    }
    for statuses in state.to_report.chunks(200) {
        let report = Report { version: VERSION, complete: false, statuses: statuses.to_vec() };
        match client.report(&report).await {
            Err(error) if !alone => return Err(error),
            _ => {}
        }
    }
    ManagementIdentity::remove(&folder)?;
    folder.remove(ANCHOR)?;
    State::remove(&folder)
}
