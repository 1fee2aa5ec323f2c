//! Copies on disk: installs, checks and removes them.

use std::fs;
use std::path::Path;

use certporter_model::thumbprint::ContentDigest;
use certporter_model::{CopyId, Timestamp};

use super::AgentError;
use super::folder::{Folder, make_directory, remove_directory, sync_directory, write_new};
use super::opening::OpenedCopy;
use super::state::{HeldCopy, State};
use crate::delivery::on_disk::{CERTIFICATE, CHAIN, KEY, PASSWORD, PFX, folder_name};
use crate::pki::digest;
use crate::wire::device::{CopyStatus, ReportedState};

const COPY: &str = "copy.json";

/// A copy to be installed: what the command says of it. Folder, digest and times are set by [`install`].
pub struct NewCopy<'c> {
    /// What it is.
    pub held: HeldCopy,
    /// What goes on disk.
    pub opened: &'c OpenedCopy,
}

/// Installs a copy: its folder appears, or replaces the one before, as a whole. The copy that it replaces is noted to
/// be reported as removed.
///
/// # Errors
/// When the files can't be written: nothing has changed then.
pub fn install(
    folder: &Folder,
    state: &mut State,
    copy: NewCopy<'_>,
    now: Timestamp,
) -> Result<(), AgentError> {
    let NewCopy { mut held, opened } = copy;
    held.folder = place(state, &held);
    held.pfx_digest = digest::content_digest(&opened.pfx);
    held.not_after = opened.not_after;
    held.installed_at = now;

    let parent = folder.certificates();
    make_directory(&parent)?;
    let new = parent.join(format!(".new-{}", held.copy));
    remove_directory(&new)?;
    make_directory(&new)?;
    let note = serde_json::to_vec_pretty(&held).map_err(|error| AgentError::Answer(error.to_string()))?;
    let files: [(&str, &[u8]); 6] = [
        (PFX, &opened.pfx),
        (PASSWORD, opened.password.as_bytes()),
        (KEY, opened.key_pem.as_bytes()),
        (CERTIFICATE, opened.certificate_pem.as_bytes()),
        (CHAIN, opened.chain_pem.as_bytes()),
        (COPY, &note),
    ];
    for (name, octets) in files {
        write_new(&new.join(name), octets)?;
    }
    sync_directory(&new)?;

    let place = parent.join(&held.folder);
    let old = parent.join(format!(".old-{}", held.copy));
    remove_directory(&old)?;
    if place.exists() {
        fs::rename(&place, &old).map_err(AgentError::file(&place))?;
    }
    fs::rename(&new, &place).map_err(AgentError::file(&place))?;
    sync_directory(&parent)?;
    remove_directory(&old)?;
    enter(state, held);
    Ok(())
}

/// Where a copy belongs: where the copy of the same profile and feature was, or else a name that no other has.
fn place(state: &State, new: &HeldCopy) -> String {
    let same_use = |held: &&HeldCopy| {
        held.copy == new.copy
            || (held.profile == new.profile
                && held.feature == new.feature
                && !held.decrypt_only
                && !new.decrypt_only)
    };
    if let Some(held) = state.copies.iter().find(same_use) {
        return held.folder.clone();
    }
    let distinct = new.decrypt_only.then(|| new.thumbprint.to_string().chars().take(12).collect::<String>());
    let name = folder_name(new.profile_name.as_str(), new.feature, distinct.as_deref());
    if state.copies.iter().all(|held| held.folder != name) {
        return name;
    }
    folder_name(new.profile_name.as_str(), new.feature, Some(&new.copy.to_string()))
}

/// Notes that a copy is in its folder, and that whichever was there before is gone.
fn enter(state: &mut State, held: HeldCopy) {
    let (gone, kept): (Vec<_>, Vec<_>) = std::mem::take(&mut state.copies)
        .into_iter()
        .partition(|earlier| earlier.folder == held.folder || earlier.copy == held.copy);
    state.copies = kept;
    for earlier in gone.into_iter().filter(|earlier| earlier.copy != held.copy) {
        state.note(status(&earlier, ReportedState::Removed));
    }
    state.copies.push(held);
}

/// Removes a copy. One that is not there is removed already.
///
/// # Errors
/// When the files can't be removed.
pub fn remove(folder: &Folder, state: &mut State, copy: CopyId) -> Result<(), AgentError> {
    let Some(held) = state.copy(copy).cloned() else { return Ok(()) };
    let parent = folder.certificates();
    let place = parent.join(&held.folder);
    // Out of sight in one step, so that nobody finds half of it.
    let old = parent.join(format!(".old-{copy}"));
    remove_directory(&old)?;
    if place.exists() {
        fs::rename(&place, &old).map_err(AgentError::file(&place))?;
        remove_directory(&old)?;
        sync_directory(&parent)?;
    }
    state.copies.retain(|other| other.copy != copy);
    Ok(())
}

/// Whether a copy is whole: every file is there, and the certificate and the PFX are those that were installed.
#[must_use]
pub fn is_whole(folder: &Folder, held: &HeldCopy) -> bool {
    let place = folder.certificates().join(&held.folder);
    let read = |name: &str| fs::read(place.join(name)).ok();
    let pfx = read(PFX).map(|octets| digest::content_digest(&octets));
    let certificate = read(CERTIFICATE)
        .and_then(|octets| crate::pki::pem::der_of(&["CERTIFICATE"], &octets).ok())
        .map(|der| digest::thumbprint(&der));
    let others = [PASSWORD, KEY, CHAIN].iter().all(|name| place.join(name).is_file());
    pfx == Some(held.pfx_digest) && certificate == Some(held.thumbprint) && others
}

/// After a crash: removes what was half made, and enters a copy whose folder stands but which the state does not
/// know.
///
/// # Errors
/// When the folder can't be read or changed.
pub fn recover(folder: &Folder, state: &mut State) -> Result<(), AgentError> {
    let parent = folder.certificates();
    make_directory(&parent)?;
    for entry in fs::read_dir(&parent).map_err(AgentError::file(&parent))?.flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        if name.starts_with(".new-") || name.starts_with(".old-") {
            remove_directory(&entry.path())?;
        } else if let Some(held) = read_note(&entry.path())
            && held.folder == name
            && state.copy(held.copy).is_none()
        {
            enter(state, held);
        }
    }
    Ok(())
}

fn read_note(place: &Path) -> Option<HeldCopy> {
    serde_json::from_slice(&fs::read(place.join(COPY)).ok()?).ok()
}

/// A word about a copy.
#[must_use]
pub fn status(held: &HeldCopy, state: ReportedState) -> CopyStatus {
    CopyStatus { copy: held.copy, thumbprint: held.thumbprint, state, cause: None }
}

/// An empty digest, for a copy that is not installed yet.
pub(super) const NOT_YET: ContentDigest = ContentDigest::from_octets([0; 32]);

#[cfg(test)]
#[path = "copies_tests.rs"]
mod tests;
