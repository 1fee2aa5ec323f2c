//! Profiles as they are shown, and what people write of them.

use certporter_model::profile::ProfileDraft;
use certporter_model::{ProfileId, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::store::profiles::{self, ProfileVersion, ReachRow};

/// When certificates follow a change.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Follow {
    /// At once: they are reissued.
    #[default]
    Now,
    /// When they are renewed.
    AtRenewal,
}

impl Follow {
    /// Its word in the database and in JSON.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Now => "now",
            Self::AtRenewal => "at_renewal",
        }
    }
}

/// A new profile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewProfile {
    /// The profile as it shall be.
    pub profile: ProfileDraft,
    /// When certificates follow a changed attribute of their holder.
    pub on_attribute_change: Follow,
}

impl From<ProfileDraft> for NewProfile {
    fn from(profile: ProfileDraft) -> Self {
        Self { profile, on_attribute_change: Follow::Now }
    }
}

/// A new version of a profile.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ProfileEdit {
    /// The profile as it shall be.
    pub profile: ProfileDraft,
    /// When certificates of earlier versions follow.
    #[serde(default)]
    pub on_edit: Follow,
    /// When certificates follow a changed attribute of their holder.
    #[serde(default)]
    pub on_attribute_change: Follow,
}

/// A profile in a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ProfileSummary {
    /// Its id.
    pub id: ProfileId,
    /// Its name.
    pub name: String,
    /// The number of its current version.
    pub current_version: i64,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
    /// Counts its changes: the entity tag.
    pub version: i64,
    /// Whom it reaches.
    pub reach: Reach,
}

/// Whom a profile reaches.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Reach {
    /// Groups that it is assigned to.
    pub included_groups: u32,
    /// Groups that are excluded from it.
    pub excluded_groups: u32,
    /// Certificates of it in use, counted up to 1,000.
    pub certificates: u32,
    /// Whether there are more than were counted.
    pub more_certificates: bool,
}

impl From<ReachRow> for Reach {
    fn from(row: ReachRow) -> Self {
        Self {
            included_groups: row.included,
            excluded_groups: row.excluded,
            certificates: row.certificates.min(profiles::COUNTED),
            more_certificates: row.certificates > profiles::COUNTED,
        }
    }
}

/// A profile in its current version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ProfileView {
    /// Its id.
    pub id: ProfileId,
    /// The number of its current version.
    pub current_version: i64,
    /// The profile.
    pub profile: ProfileDraft,
    /// When certificates of earlier versions follow.
    pub on_edit: String,
    /// When certificates follow a changed attribute of their holder.
    pub on_attribute_change: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
    /// Counts its changes: the entity tag.
    pub version: i64,
    /// Whom it reaches.
    pub reach: Reach,
}

/// A version of a profile.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ProfileVersionView {
    /// Its number, from 1.
    pub version: i64,
    /// The profile as it was.
    pub profile: ProfileDraft,
    /// When certificates of earlier versions followed.
    pub on_edit: String,
    /// When certificates followed a changed attribute of their holder.
    pub on_attribute_change: String,
    /// Who wrote it.
    pub created_by: String,
    /// When.
    pub created_at: Timestamp,
}

impl From<ProfileVersion> for ProfileVersionView {
    fn from(row: ProfileVersion) -> Self {
        Self {
            version: row.version,
            profile: row.body.into(),
            on_edit: row.on_edit,
            on_attribute_change: row.on_attribute_change,
            created_by: row.created_by,
            created_at: row.created_at,
        }
    }
}
