//! What is wrong now with what a person holds, in plain words: what it is, the likely cause, and the next step.
//!
//! A pure function from [`Facts`] to [`Finding`]s. It says only what somebody can act on; what goes on by itself and is
//! on its way is a note. A matter is told once: what follows from it is not told again.
//!
//! - [`facts`]: what is looked at
//! - `person`, `device`, `held`: what is found out about each
//! - `words`: spans of time and features as people say them
#[cfg(test)]
mod by_itself;
mod device;
pub mod facts;
mod held;
mod person;
#[cfg(test)]
mod tests;
mod words;

use std::time::Duration;

use certporter_model::feature::Feature;
use certporter_model::{CertificateId, CopyId, DeviceId, ProfileId, RequestId, Timestamp, UserId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

pub use facts::Facts;

/// What is under way for less than this is on its way, and nothing is the matter with it.
pub const UNDER_WAY: Duration = Duration::from_secs(15 * 60);
/// A device that was not heard of for so long is asked after. Agents are in contact all the time while they run.
pub const UNHEARD: Duration = Duration::from_secs(7 * 86_400);
/// A certificate that ends within this time should have been renewed.
pub const ENDS_SOON: Duration = Duration::from_secs(14 * 86_400);
/// A CA that decides by hand may take so long before somebody asks there.
pub const CA_DECIDES: Duration = Duration::from_secs(3 * 86_400);

/// How grave a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Something does not work, or will not until somebody acts.
    Problem,
    /// It works, or may work; somebody should look.
    Warning,
    /// Good to know: it is meant so, or goes on by itself.
    Note,
}

/// Something that was found out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Finding {
    /// How grave it is.
    pub severity: Severity,
    /// The device that it is about; none when it is about the person or all devices.
    pub device: Option<DeviceId>,
    /// The profile that it is about.
    pub profile: Option<ProfileId>,
    /// What the certificate is for.
    pub feature: Option<Feature>,
    /// What is the matter, in a sentence.
    pub sentence: String,
    /// The likely cause, in a sentence.
    pub cause: String,
    /// What to do next, in a sentence.
    pub next_step: String,
    /// The same for programs, where the portal can do it.
    pub action: Option<NextAction>,
}

/// A next step that the portal can do. Whether the caller may is asked when it is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum NextAction {
    /// Have a copy delivered again.
    DeliverAgain {
        /// The copy.
        copy: CopyId,
    },
    /// Have a certificate reissued.
    Reissue {
        /// The certificate.
        certificate: CertificateId,
    },
    /// Have a request tried again.
    RetryRequest {
        /// The request.
        request: RequestId,
    },
    /// Make a new enrolment code.
    EnrolmentCode {
        /// The device.
        device: DeviceId,
    },
    /// Lift the block of a person.
    UnblockUser {
        /// The person.
        user: UserId,
    },
    /// Lift the block of a device.
    UnblockDevice {
        /// The device.
        device: DeviceId,
    },
    /// Register a device for a person.
    RegisterDevice {
        /// The person.
        user: UserId,
    },
    /// Give a person the value that is missing.
    EditUser {
        /// The person.
        user: UserId,
    },
    /// Give a device the value that is missing.
    EditDevice {
        /// The device.
        device: DeviceId,
    },
}

/// What is wrong, the gravest first; among the same, the person before the devices, in their order.
#[must_use]
pub fn diagnose(facts: &Facts, now: Timestamp) -> Vec<Finding> {
    let mut found = person::look(facts);
    if person::holds_anything(facts) {
        for device in &facts.devices {
            found.extend(device::look(facts, device, now));
        }
        found.extend(held::shared_requests(facts, now));
    }
    found.sort_by_key(|finding| finding.severity);
    found
}

impl Finding {
    fn new(
        severity: Severity,
        sentence: String,
        cause: impl Into<String>,
        next_step: impl Into<String>,
    ) -> Self {
        Self {
            severity,
            device: None,
            profile: None,
            feature: None,
            sentence,
            cause: cause.into(),
            next_step: next_step.into(),
            action: None,
        }
    }

    fn on(mut self, device: DeviceId) -> Self {
        self.device = Some(device);
        self
    }

    fn of(mut self, profile: ProfileId, feature: impl Into<Option<Feature>>) -> Self {
        self.profile = Some(profile);
        self.feature = feature.into();
        self
    }

    fn by(mut self, action: impl Into<Option<NextAction>>) -> Self {
        self.action = action.into();
        self
    }
}
