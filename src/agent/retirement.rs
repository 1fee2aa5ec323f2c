//! The device gives up.

use std::path::Path;
use std::time::Duration;

use super::AgentError;
use super::client::DeviceClient;
use super::copies;
use super::enrolment::{ANCHOR, client};
use super::folder::Folder;
use super::identity::ManagementIdentity;
use super::state::State;
use crate::clock::Stopwatch;
use crate::wire::device::{CommandKind, CopyStatus, LONGEST_WAIT, PollQuery, Report, ReportedState, VERSION};

/// How long the portal may take to say what shall be removed.
const PATIENCE: Duration = Duration::from_secs(20);

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
    if !alone {
        await_removals(&client, &folder, &mut state).await?;
    }
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

/// Waits until the portal asks for the removal of what is here, and confirms it: so it knows what it was that went. What
/// it does not ask for in time goes all the same.
async fn await_removals(client: &DeviceClient, folder: &Folder, state: &mut State) -> Result<(), AgentError> {
    let watch = Stopwatch::start();
    let mut after = None;
    while !state.copies.is_empty() && watch.elapsed() < PATIENCE {
        let left = PATIENCE.saturating_sub(watch.elapsed()).as_secs().max(1);
        let query = PollQuery { after, wait: u16::try_from(left).unwrap_or(LONGEST_WAIT) };
        let answer = client.commands(&query).await?;
        after = Some(answer.revision);
        let mut statuses = Vec::new();
        for command in answer.commands {
            if let CommandKind::Remove { copy, thumbprint } = command.kind {
                copies::remove(folder, state, copy)?;
                let removed = ReportedState::Removed;
                statuses.push(CopyStatus { copy, thumbprint, state: removed, cause: None });
            }
        }
        if !statuses.is_empty() {
            state.save(folder)?;
            client.report(&Report { version: VERSION, complete: false, statuses }).await?;
        }
    }
    Ok(())
}
