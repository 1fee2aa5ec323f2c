//! What the agent remembers: `state.json`.

use certporter_model::feature::Feature;
use certporter_model::text::Name;
use certporter_model::thumbprint::{ContentDigest, Thumbprint};
use certporter_model::{CopyId, DeviceId, ProfileId, Timestamp};
use serde::{Deserialize, Serialize};

use super::AgentError;
use super::folder::Folder;
use crate::wire::device::CopyStatus;

const FILE: &str = "state.json";

/// What the agent remembers of its enrolment and its copies.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct State {
    /// The version of this file.
    pub version: u16,
    /// The device listener's address.
    pub server: String,
    /// The device's id at the portal.
    pub device: DeviceId,
    /// Since when it is enrolled.
    pub enrolled_at: Timestamp,
    /// The management certificate is renewed from then on.
    pub renew_at: Timestamp,
    /// The management certificate expires then.
    pub not_after: Timestamp,
    /// When the portal was last reached.
    #[serde(default)]
    pub last_contact: Option<Timestamp>,
    /// The copies that should be here.
    #[serde(default)]
    pub copies: Vec<HeldCopy>,
    /// What is still to be told to the portal.
    #[serde(default)]
    pub to_report: Vec<CopyStatus>,
}

/// A copy that should be on the device. Also in its own folder, as `copy.json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeldCopy {
    /// The copy.
    pub copy: CopyId,
    /// Its profile.
    pub profile: ProfileId,
    /// The profile's name.
    pub profile_name: Name,
    /// What it is for.
    pub feature: Feature,
    /// Whether it serves only to read old mail.
    #[serde(default)]
    pub decrypt_only: bool,
    /// SHA-256 of its certificate.
    pub thumbprint: Thumbprint,
    /// The name of its folder.
    pub folder: String,
    /// SHA-256 of the PFX file, by which a change is noticed.
    pub pfx_digest: ContentDigest,
    /// The certificate expires then.
    pub not_after: Timestamp,
    /// Installed then.
    pub installed_at: Timestamp,
}

impl State {
    /// Reads it.
    ///
    /// # Errors
    /// When the folder holds no enrolment, or the file is damaged.
    pub fn load(folder: &Folder) -> Result<Self, AgentError> {
        let octets = folder.read(FILE)?.ok_or_else(|| AgentError::NotEnrolled(folder.root().to_owned()))?;
        serde_json::from_slice(&octets)
            .map_err(|error| AgentError::Damaged { path: folder.path(FILE), why: error.to_string() })
    }

    /// Whether the folder holds an enrolment.
    ///
    /// # Errors
    /// When that can't be found out.
    pub fn exists(folder: &Folder) -> Result<bool, AgentError> {
        Ok(folder.read(FILE)?.is_some())
    }

    /// Writes it.
    ///
    /// # Errors
    /// When it can't be written.
    pub fn save(&self, folder: &Folder) -> Result<(), AgentError> {
        let octets =
            serde_json::to_vec_pretty(self).map_err(|error| AgentError::Answer(error.to_string()))?;
        folder.write(FILE, &octets)
    }

    /// Forgets the enrolment.
    ///
    /// # Errors
    /// When the file can't be removed.
    pub fn remove(folder: &Folder) -> Result<(), AgentError> {
        folder.remove(FILE)
    }

    /// The copy of that id.
    #[must_use]
    pub fn copy(&self, copy: CopyId) -> Option<&HeldCopy> {
        self.copies.iter().find(|held| held.copy == copy)
    }

    /// Notes something to be told: the last word on a copy counts.
    pub fn note(&mut self, status: CopyStatus) {
        self.to_report.retain(|earlier| earlier.copy != status.copy);
        self.to_report.push(status);
    }
}
