//! Words for what users are and where their data comes from.

use certporter_model::assignment::Source;
use certporter_model::device::UserState;

/// Whether a user holds certificates.
#[must_use]
pub const fn state(state: UserState) -> &'static str {
    match state {
        UserState::Enabled => "Enabled",
        UserState::Blocked => "Blocked",
        UserState::Disabled => "Disabled",
        UserState::Deleted => "Deleted",
    }
}

/// Where something comes from.
#[must_use]
pub const fn source(source: Source) -> &'static str {
    match source {
        Source::Local => "Made here",
        Source::Import => "Imported",
        Source::Directory => "Directory",
    }
}
