//! The model's words as people read them.

use certporter::service::certificates::{CertificateDelivery, CertificateState};
use certporter::service::consequences::Effect;
use certporter_model::device::DeviceState;
use certporter_model::feature::Feature;
use certporter_model::platform::Platform;
use certporter_model::reconciliation::{DiscrepancyKind, Mending};
use certporter_model::request::{RequestState, Step};
use certporter_model::revocation::{Reason, Trigger};

/// An operating system.
#[must_use]
pub const fn platform(platform: Platform) -> &'static str {
    match platform {
        Platform::Linux => "Linux",
        Platform::Windows => "Windows",
        Platform::Macos => "macOS",
        Platform::Ios => "iOS, iPadOS",
        Platform::Android => "Android",
        Platform::Other => "Other",
    }
}

/// A device's state, as in a filter.
#[must_use]
pub const fn device_state(state: DeviceState) -> &'static str {
    match state {
        DeviceState::Registered => "Registered",
        DeviceState::Enrolled => "Enrolled",
        DeviceState::Blocked => "Blocked",
        DeviceState::Retired => "Retired",
        DeviceState::Lost => "Lost",
        DeviceState::Wiped => "Wiped",
        DeviceState::Deleted => "Deleted",
    }
}

/// What a certificate is used for.
#[must_use]
pub const fn feature(feature: Feature) -> &'static str {
    match feature {
        Feature::Vpn => "VPN",
        Feature::Wifi => "Wi-Fi",
        Feature::Email => "E-mail",
        Feature::General => "General",
    }
}

/// How a certificate stands, as in a filter.
#[must_use]
pub const fn certificate_state(state: CertificateState) -> &'static str {
    match state {
        CertificateState::Valid => "Valid",
        CertificateState::Expiring => "Expires within 30 days",
        CertificateState::Overdue => "Should have been renewed",
        CertificateState::Held => "On hold",
        CertificateState::Revoked => "Revoked",
        CertificateState::Expired => "Expired",
    }
}

/// How far the copies of a certificate are, as in a filter.
#[must_use]
pub const fn delivery(delivery: CertificateDelivery) -> &'static str {
    match delivery {
        CertificateDelivery::Installed => "Installed",
        CertificateDelivery::Pending => "On its way",
        CertificateDelivery::Failing => "Could not be installed",
        CertificateDelivery::Nowhere => "On no device",
    }
}

/// A reason for a revocation, as somebody chooses it.
#[must_use]
pub const fn reason(reason: Reason) -> &'static str {
    match reason {
        Reason::Unspecified => "No particular reason",
        Reason::KeyCompromise => "The key or the device may be in other hands",
        Reason::AffiliationChanged => "The person left the organisation",
        Reason::Superseded => "A newer certificate takes its place",
        Reason::CessationOfOperation => "No longer needed",
        Reason::CertificateHold => "On hold: may come back",
        Reason::PrivilegeWithdrawn => "The holder may no longer have it",
    }
}

/// What set a revocation off.
#[must_use]
pub const fn trigger(trigger: Trigger) -> &'static str {
    match trigger {
        Trigger::Targeted => "Newly assigned",
        Trigger::DeviceRetired => "The device was retired",
        Trigger::Blocked => "The device or user was blocked",
        Trigger::Unblocked => "The block was lifted",
        Trigger::HoldExpired => "The block lasted longer than a hold may",
        Trigger::DeviceLost => "The device was lost",
        Trigger::DeviceWiped => "The device was wiped",
        Trigger::DeviceDeleted => "The device was deleted",
        Trigger::UserDisabled => "The user was disabled or deleted",
        Trigger::LeftGroup => "The holder left a group or was excluded",
        Trigger::AssignmentRemoved => "The assignment was removed",
        Trigger::ProfileDeleted => "The profile was deleted",
        Trigger::ProfileEdited => "The profile was edited",
        Trigger::AttributeChanged => "An attribute in the name changed",
        Trigger::Renewal => "Renewal",
        Trigger::Succeeded => "Its successor was confirmed",
        Trigger::CopyLost => "The copy was gone from the device",
        Trigger::FeatureAdded => "A feature was added to the profile",
        Trigger::OwnerChanged => "The device went to another person",
        Trigger::EnrolledAgain => "The same hardware enrolled again",
        Trigger::Asked => "Somebody asked for it",
        Trigger::Surplus => "One too many, or not what was asked for",
        Trigger::RevokedAtCa => "Revoked at the CA itself",
    }
}

/// What would be done.
#[must_use]
pub const fn effect(effect: Effect) -> &'static str {
    match effect {
        Effect::Issued => "Issued",
        Effect::Reissued => "Reissued",
        Effect::Renewed => "Renewed",
        Effect::Revoked => "Revoked",
        Effect::Held => "Put on hold",
        Effect::Released => "Taken off hold",
        Effect::Cancelled => "Cancelled",
        Effect::Amended => "Asked for anew",
        Effect::Settled => "No longer in use",
        Effect::Delivered => "Delivered",
        Effect::Removed => "Removed",
        Effect::KeyDestroyed => "Key destroyed",
    }
}

/// What would be done, after how much of it: "37 certificates will be revoked".
#[must_use]
pub const fn effect_to_come(effect: Effect) -> &'static str {
    match effect {
        Effect::Issued => "will be issued",
        Effect::Reissued => "will be reissued",
        Effect::Renewed => "will be renewed",
        Effect::Revoked => "will be revoked",
        Effect::Held => "will be put on hold",
        Effect::Released => "will be taken off hold",
        Effect::Cancelled => "under way will be cancelled",
        Effect::Amended => "under way will ask for something else",
        Effect::Settled => "will make way without being revoked",
        Effect::Delivered => "will be delivered",
        Effect::Removed => "will be removed",
        Effect::KeyDestroyed => "will be destroyed",
    }
}

/// How far a request is.
#[must_use]
pub const fn request_state(state: RequestState) -> &'static str {
    match state {
        RequestState::Requested => "Requested",
        RequestState::Waiting => "Waits for a value",
        RequestState::Claimed => "In work",
        RequestState::KeyGenerated => "Key generated",
        RequestState::Submitted => "At the CA",
        RequestState::Pending => "The CA decides later",
        RequestState::Issued => "Issued",
        RequestState::Escrowed => "In escrow",
        RequestState::Completed => "Completed",
        RequestState::Failed => "Failed",
        RequestState::Cancelled => "Cancelled",
    }
}

/// A step of a timeline.
#[must_use]
pub const fn step(step: Step) -> &'static str {
    match step {
        Step::Requested => "Requested",
        Step::Claimed => "Taken by a connector",
        Step::KeyGenerated => "Key generated",
        Step::Submitted => "Submitted to the CA",
        Step::Pending => "The CA has not decided yet",
        Step::Issued => "Issued and checked",
        Step::Escrowed => "Key sealed in escrow",
        Step::Sealed => "Sealed for the device",
        Step::Offered => "Offered to the device",
        Step::Installed => "Installed",
        Step::HandedOut => "Handed out, unconfirmed",
        Step::InstallFailed => "Not installed",
        Step::RemovalOffered => "Removal asked of the device",
        Step::Removed => "Removed",
        Step::Missing => "Gone from the device",
        Step::Failed => "Failed",
        Step::Cancelled => "Cancelled",
        Step::RevocationRequested => "Revocation asked for",
        Step::RevokedAtCa => "Revoked at the CA",
        Step::InCrl => "In the published CRL",
        Step::Held => "On hold",
        Step::Released => "Off hold",
        Step::KeyDestroyed => "Escrowed key destroyed",
    }
}

/// What the portal and a CA or device disagree about.
#[must_use]
pub const fn discrepancy(kind: DiscrepancyKind) -> &'static str {
    match kind {
        DiscrepancyKind::UnknownHere => "At the CA, not on record here",
        DiscrepancyKind::Stray => "Another certificate for a key of ours",
        DiscrepancyKind::UnknownThere => "On record here, unknown to the CA",
        DiscrepancyKind::RevokedHereOnly => "Revoked here, good at the CA",
        DiscrepancyKind::RevokedThereOnly => "Revoked at the CA, not here",
        DiscrepancyKind::HeldDifferently => "On hold on one side only",
        DiscrepancyKind::StillReported => "Still on the device",
        DiscrepancyKind::ReportedAgain => "Back on the device",
        DiscrepancyKind::AnotherThumbprint => "Another certificate on the device",
    }
}

/// What the portal did about it.
#[must_use]
pub const fn mending(mending: Mending) -> &'static str {
    match mending {
        Mending::None => "Nothing by itself",
        Mending::OrderedAgain => "The CA was told again",
        Mending::TakenOver => "What was done at the CA counts here too",
        Mending::RecordedAndRevoked => "It was recorded and revoked",
        Mending::RemovalAskedAgain => "The device was asked again to remove it",
    }
}

/// What a timeline says beside a step, in the words of this page: features, triggers and reasons have words of their own.
#[must_use]
pub fn detail(text: &str) -> String {
    let word = |word: &str| {
        let known = word
            .parse::<Feature>()
            .map(feature)
            .or_else(|_| word.parse::<Trigger>().map(trigger))
            .or_else(|_| word.parse::<Reason>().map(reason));
        known.map_or_else(|_| word.replace('_', " "), str::to_owned)
    };
    text.split(", ").map(word).collect::<Vec<_>>().join(", ")
}

/// Who did something: a device is named by the page that it is on.
#[must_use]
pub fn actor(text: &str) -> String {
    if text.starts_with("device ") { "the device".to_owned() } else { text.to_owned() }
}

/// Messages begin in small letters, since they usually follow something; a page shows them as sentences.
#[must_use]
pub fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().map(|first| first.to_uppercase().collect::<String>()).unwrap_or_default();
    let end = if text.ends_with(['.', '!', '?']) { "" } else { "." };
    format!("{first}{}{end}", letters.as_str())
}
