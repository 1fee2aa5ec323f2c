//! What is in the folder, for people and for programs.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use certporter_model::feature::Feature;
use certporter_model::thumbprint::Thumbprint;
use certporter_model::{CopyId, DeviceId, Timestamp};
use serde::Serialize;

use super::AgentError;
use super::copies;
use super::folder::Folder;
use super::state::State;

/// What is in an agent's folder.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Status {
    /// The device listener's address.
    pub server: String,
    /// The device's id at the portal.
    pub device: DeviceId,
    /// Since when it is enrolled.
    pub enrolled_at: Timestamp,
    /// When the portal was last reached.
    pub last_contact: Option<Timestamp>,
    /// The management certificate expires then.
    pub management_not_after: Timestamp,
    /// The copies that should be here.
    pub copies: Vec<CopyOnDevice>,
}

/// A copy that should be in the folder.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CopyOnDevice {
    /// The copy.
    pub copy: CopyId,
    /// The name of its profile.
    pub profile: String,
    /// What it is for.
    pub feature: Feature,
    /// SHA-256 of its certificate.
    pub thumbprint: Thumbprint,
    /// The certificate expires then.
    pub not_after: Timestamp,
    /// Whether every file is there and unchanged.
    pub whole: bool,
    /// Where it is.
    pub path: PathBuf,
}

/// Looks at a folder, changing nothing and asking nobody.
///
/// # Errors
/// When the folder is not enrolled or can't be read.
pub fn of(directory: &Path) -> Result<Status, AgentError> {
    let folder = Folder::at(directory);
    let state = State::load(&folder)?;
    let copies = state
        .copies
        .iter()
        .map(|held| CopyOnDevice {
            copy: held.copy,
            profile: held.profile_name.to_string(),
            feature: held.feature,
            thumbprint: held.thumbprint,
            not_after: held.not_after,
            whole: copies::is_whole(&folder, held),
            path: folder.certificates().join(&held.folder),
        })
        .collect();
    Ok(Status {
        server: state.server,
        device: state.device,
        enrolled_at: state.enrolled_at,
        last_contact: state.last_contact,
        management_not_after: state.not_after,
        copies,
    })
}

impl Status {
    /// As text for people.
    #[must_use]
    pub fn to_text(&self) -> String {
        let mut text = String::new();
        let contact = self.last_contact.map_or_else(|| "never".to_owned(), |at| at.to_string());
        // Writing to a String can't fail.
        let _ = writeln!(text, "device        {}", self.device);
        let _ = writeln!(text, "server        {}", self.server);
        let _ = writeln!(text, "enrolled      {}", self.enrolled_at);
        let _ = writeln!(text, "last contact  {contact}");
        let _ = writeln!(text, "management    certificate valid until {}", self.management_not_after);
        if self.copies.is_empty() {
            let _ = writeln!(text, "copies        none");
        }
        for copy in &self.copies {
            let whole = if copy.whole { "installed" } else { "missing or changed" };
            let _ = writeln!(text, "\n{} for {}: {whole}", copy.profile, copy.feature);
            let _ = writeln!(text, "  valid until {}", copy.not_after);
            let _ = writeln!(text, "  thumbprint  {}", copy.thumbprint);
            let _ = writeln!(text, "  in          {}", copy.path.display());
        }
        text
    }
}
