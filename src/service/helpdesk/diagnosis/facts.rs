//! What a diagnosis is made from: a person, their devices, and what is on them and on its way.

use certporter_model::certificate::CertificateStatus;
use certporter_model::copy::CopyState;
use certporter_model::device::{DeviceState, UserState};
use certporter_model::feature::Feature;
use certporter_model::platform::Platform;
use certporter_model::request::RequestState;
use certporter_model::{CertificateId, CopyId, DeviceId, ProfileId, RequestId, Timestamp, UserId};

/// Everything that a diagnosis looks at: a person with their devices, or a device by itself.
#[derive(Debug, Clone)]
pub struct Facts {
    /// The person; none where a device is looked at by itself.
    pub person: Option<PersonFacts>,
    /// Their devices that are not deleted.
    pub devices: Vec<DeviceFacts>,
    /// What profiles have to do with them: one for each profile and device, or one for all devices.
    pub profiles: Vec<ProfileFacts>,
    /// Requests that are not done.
    pub requests: Vec<RequestFacts>,
}

/// A person.
#[derive(Debug, Clone)]
pub struct PersonFacts {
    /// Who.
    pub id: UserId,
    /// What they are called.
    pub name: String,
    /// Whether they hold certificates.
    pub state: UserState,
}

/// A device of theirs.
#[derive(Debug, Clone)]
pub struct DeviceFacts {
    /// Which one.
    pub id: DeviceId,
    /// Its name.
    pub name: String,
    /// Its operating system.
    pub platform: Platform,
    /// Whether it is nobody's.
    pub shared: bool,
    /// Where it is in its life.
    pub state: DeviceState,
    /// Since when.
    pub since: Timestamp,
    /// When its present enrolment began.
    pub enrolled_at: Option<Timestamp>,
    /// When it was last in contact.
    pub last_contact_at: Option<Timestamp>,
    /// When its management certificate is renewed by itself, and until when it is good.
    pub management: Option<(Timestamp, Timestamp)>,
    /// Copies that it has or is to have; those that are gone are left out.
    pub copies: Vec<CopyFacts>,
}

impl DeviceFacts {
    /// Who is asked to do something with it.
    pub(super) const fn whom(&self) -> &'static str {
        if self.shared { "whoever uses it" } else { "the person" }
    }
}

/// A certificate on a device for a feature.
#[derive(Debug, Clone)]
pub struct CopyFacts {
    /// Which one.
    pub id: CopyId,
    /// Its profile and that profile's name.
    pub profile: (ProfileId, String),
    /// What it is for.
    pub feature: Feature,
    /// How far it is.
    pub state: CopyState,
    /// Since when.
    pub since: Timestamp,
    /// When the device could first fetch it.
    pub offered_at: Option<Timestamp>,
    /// What went wrong, and what to do about it.
    pub trouble: Option<(String, Option<String>)>,
    /// The certificate.
    pub certificate: CertificateFacts,
}

/// A certificate.
#[derive(Debug, Clone)]
pub struct CertificateFacts {
    /// Which one.
    pub id: CertificateId,
    /// Good, held or revoked.
    pub status: CertificateStatus,
    /// Whether it is the one in use, and none of those before it.
    pub is_current: bool,
    /// When its renewal is due.
    pub renew_at: Timestamp,
    /// Until when it is good.
    pub not_after: Timestamp,
    /// Whether its key is kept, so that it can be delivered again.
    pub key_kept: bool,
}

/// A request that is not done.
#[derive(Debug, Clone)]
pub struct RequestFacts {
    /// Which one.
    pub id: RequestId,
    /// Its profile and that profile's name.
    pub profile: (ProfileId, String),
    /// The device that it is for; none where all devices share the certificate.
    pub device: Option<DeviceId>,
    /// How far it is.
    pub state: RequestState,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it last changed.
    pub since: Timestamp,
    /// What went wrong or what it waits for, and what to do about it.
    pub trouble: Option<(String, Option<String>)>,
    /// When it is tried again by itself.
    pub retry_at: Option<Timestamp>,
}

/// What a profile has to do with a device of theirs.
#[derive(Debug, Clone)]
pub struct ProfileFacts {
    /// The profile and its name.
    pub profile: (ProfileId, String),
    /// What its certificates are for.
    pub features: Vec<Feature>,
    /// The device; none where the same holds for all of them, or there is none.
    pub device: Option<DeviceId>,
    /// What follows from groups, platform, states and values.
    pub standing: Standing,
}

/// Whether a device is to have a profile's certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// It is.
    Wanted,
    /// It is, but for a value that is missing or doesn't fit: which, and whether it is the device's.
    Lacks {
        /// The missing values, as a pattern names them, or what doesn't fit.
        what: Vec<String>,
        /// Whether they are values of the device.
        of_device: bool,
    },
    /// On hold: the person or the device is blocked.
    Held,
    /// Barred by these groups.
    Excluded(Vec<String>),
    /// Brought by a group, but not for this platform.
    OtherPlatform,
    /// Brought by a group, but it names a person, and the device is nobody's.
    NamesAPerson,
    /// Brought by a group, but the person has not confirmed the device.
    Unconfirmed,
    /// Not for another reason, which its device or person tells.
    Not,
}
