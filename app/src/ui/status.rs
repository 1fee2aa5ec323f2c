//! A state as a word with an icon: never colour alone.

use certporter::service::consequences::Effect;
use certporter_model::certificate::CertificateStatus;
use certporter_model::copy::CopyState;
use certporter_model::device::{DeviceState, UserState};
use certporter_model::request::{RequestState, Step};
use leptos::prelude::*;

use super::icon::Icon;
use super::words;

/// How a state looks: its tone is a class of the stylesheet.
#[derive(Clone, Copy)]
pub struct Status {
    word: &'static str,
    icon: &'static str,
    tone: &'static str,
}

impl Status {
    /// Of a tone, an icon and a word.
    #[must_use]
    pub const fn new(tone: &'static str, icon: &'static str, word: &'static str) -> Self {
        Self { word, icon, tone }
    }

    /// Expired: what a certificate is once its time is over, whatever else it was.
    pub const EXPIRED: Self = Self::new("over", "hourglass", "Expired");

    /// A group whose members a profile reaches.
    pub const INCLUDED: Self = Self::new("good", "circle-check", "Included");
    /// A group whose members a profile never reaches.
    pub const EXCLUDED: Self = Self::new("wary", "ban", "Excluded");

    /// A large plan that waits for somebody.
    pub const PLAN_WAITS: Self = Self::new("wary", "hourglass", "Waits for a decision");
    /// A large plan that somebody approved.
    pub const PLAN_APPROVED: Self = Self::new("good", "circle-check", "Approved");
    /// A large plan that somebody refused.
    pub const PLAN_REFUSED: Self = Self::new("over", "ban", "Refused");
    /// A large plan that a newer one has overtaken.
    pub const PLAN_OUTDATED: Self = Self::new("over", "history", "Outdated");

    /// A disagreement that somebody has to decide about.
    pub const UNDECIDED: Self = Self::new("wary", "triangle-alert", "Needs somebody");
    /// A disagreement about which the portal has done something.
    pub const BEING_MENDED: Self = Self::new("busy", "rotate-cw", "Being mended");
    /// A disagreement that somebody has put away.
    pub const DISMISSED: Self = Self::new("over", "archive", "Dismissed");
    /// A disagreement that is gone.
    pub const RESOLVED: Self = Self::new("good", "circle-check", "Resolved");

    /// Its word.
    #[must_use]
    pub const fn word(self) -> &'static str {
        self.word
    }

    /// Its icon.
    #[must_use]
    pub const fn icon(self) -> &'static str {
        self.icon
    }

    /// Its tone: `good`, `busy`, `wary`, `bad` or `over`.
    #[must_use]
    pub const fn tone(self) -> &'static str {
        self.tone
    }
}

impl From<DeviceState> for Status {
    fn from(state: DeviceState) -> Self {
        let word = words::device_state(state);
        match state {
            DeviceState::Registered => Self::new("busy", "circle-dashed", word),
            DeviceState::Enrolled => Self::new("good", "circle-check", word),
            DeviceState::Blocked => Self::new("wary", "circle-pause", word),
            DeviceState::Retired => Self::new("over", "archive", word),
            DeviceState::Lost => Self::new("bad", "circle-alert", word),
            DeviceState::Wiped => Self::new("over", "eraser", word),
            DeviceState::Deleted => Self::new("over", "trash-2", word),
        }
    }
}

impl From<UserState> for Status {
    fn from(state: UserState) -> Self {
        match state {
            UserState::Enabled => Self::new("good", "circle-check", "Enabled"),
            UserState::Blocked => Self::new("wary", "circle-pause", "Blocked"),
            UserState::Disabled => Self::new("over", "ban", "Disabled"),
            UserState::Deleted => Self::new("over", "trash-2", "Deleted"),
        }
    }
}

impl From<CopyState> for Status {
    fn from(state: CopyState) -> Self {
        match state {
            CopyState::Pending => Self::new("busy", "loader", "Being prepared"),
            CopyState::Offered => Self::new("busy", "send", "Offered"),
            CopyState::Installed => Self::new("good", "circle-check", "Installed"),
            CopyState::HandedOut => Self::new("wary", "circle-help", "Handed out, unconfirmed"),
            CopyState::Failed => Self::new("bad", "circle-x", "Not installed"),
            CopyState::Missing => Self::new("wary", "triangle-alert", "Gone from the device"),
            CopyState::Removing => Self::new("busy", "undo-2", "Being removed"),
            CopyState::Removed => Self::new("over", "trash-2", "Removed"),
        }
    }
}

impl From<CertificateStatus> for Status {
    fn from(status: CertificateStatus) -> Self {
        match status {
            CertificateStatus::Valid => Self::new("good", "circle-check", "Valid"),
            CertificateStatus::Held => Self::new("wary", "circle-pause", "On hold"),
            CertificateStatus::Revoked => Self::new("bad", "ban", "Revoked"),
        }
    }
}

impl From<RequestState> for Status {
    fn from(state: RequestState) -> Self {
        let (tone, icon) = match state {
            RequestState::Requested => ("busy", "clock"),
            RequestState::Waiting => ("wary", "hourglass"),
            RequestState::Claimed => ("busy", "loader"),
            RequestState::KeyGenerated => ("busy", "key-round"),
            RequestState::Submitted => ("busy", "send"),
            RequestState::Pending => ("busy", "hourglass"),
            RequestState::Issued => ("busy", "file-badge"),
            RequestState::Escrowed => ("busy", "lock"),
            RequestState::Completed => ("good", "circle-check"),
            RequestState::Failed => ("bad", "circle-x"),
            RequestState::Cancelled => ("over", "ban"),
        };
        Self::new(tone, icon, words::request_state(state))
    }
}

impl From<Effect> for Status {
    fn from(effect: Effect) -> Self {
        let (tone, icon) = match effect {
            Effect::Issued => ("good", "file-badge"),
            Effect::Reissued | Effect::Renewed => ("busy", "rotate-cw"),
            Effect::Revoked => ("bad", "ban"),
            Effect::Held => ("wary", "circle-pause"),
            Effect::Released => ("good", "circle-check"),
            Effect::Cancelled => ("over", "circle-x"),
            Effect::Amended => ("busy", "undo-2"),
            Effect::Settled => ("over", "archive"),
            Effect::Delivered => ("busy", "send"),
            Effect::Removed => ("wary", "trash-2"),
            Effect::KeyDestroyed => ("over", "key-round"),
        };
        Self::new(tone, icon, words::effect(effect))
    }
}

impl From<Step> for Status {
    fn from(step: Step) -> Self {
        let (tone, icon) = match step {
            Step::Requested | Step::Claimed => ("over", "clock"),
            Step::KeyGenerated => ("over", "key-round"),
            Step::Submitted | Step::Sealed | Step::Offered => ("over", "send"),
            Step::Pending => ("busy", "hourglass"),
            Step::Issued => ("good", "file-badge"),
            Step::Escrowed => ("over", "lock"),
            Step::Installed | Step::Released => ("good", "circle-check"),
            Step::HandedOut => ("wary", "circle-help"),
            Step::InstallFailed | Step::Failed => ("bad", "circle-x"),
            Step::RemovalOffered => ("busy", "undo-2"),
            Step::Removed | Step::KeyDestroyed => ("over", "trash-2"),
            Step::Missing => ("wary", "triangle-alert"),
            Step::Cancelled | Step::RevocationRequested => ("over", "ban"),
            Step::RevokedAtCa | Step::InCrl => ("bad", "ban"),
            Step::Held => ("wary", "circle-pause"),
        };
        Self::new(tone, icon, words::step(step))
    }
}

/// A state: its icon and its word.
#[component]
pub fn State(
    /// The state, or how it looks.
    #[prop(into)]
    of: Status,
) -> AnyView {
    view! {
        <span class=format!("status {}", of.tone)>
            <Icon name=of.icon/>
            {of.word}
        </span>
    }
    .into_any()
}
