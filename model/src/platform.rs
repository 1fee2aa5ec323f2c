//! Operating systems of devices.

use crate::macros::words;

words! {
    /// A device's operating system.
    pub enum Platform("platform") {
        /// Linux with the certporter agent.
        Linux = "linux",
        /// Windows.
        Windows = "windows",
        /// macOS.
        Macos = "macos",
        /// iOS and iPadOS.
        Ios = "ios",
        /// Android.
        Android = "android",
        /// Anything else that can open a PFX.
        Other = "other",
    }
}
