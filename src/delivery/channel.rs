//! The ways to a device, and what each can do.

/// A way to a device.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Channel {
    /// certporter's own agent, over the device API.
    Agent,
    /// A file that somebody downloads.
    Download,
}

/// What a channel can do: what it can't, the portal must not claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChannelCapabilities {
    /// Copies are sealed to a key that only the device has.
    pub seals_to_device: bool,
    /// The device says whether the installation succeeded.
    pub confirms_installation: bool,
    /// Copies can be removed, and the device says that they are gone.
    pub confirms_removal: bool,
}

impl Channel {
    /// Every channel.
    pub const ALL: [Self; 2] = [Self::Agent, Self::Download];

    /// The word that stands for it in the database.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Agent => "agent",
            Self::Download => "download",
        }
    }

    /// The channel of a word.
    #[must_use]
    pub fn of_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|channel| channel.as_str() == word)
    }

    /// What it can do.
    #[must_use]
    pub const fn capabilities(self) -> ChannelCapabilities {
        match self {
            Self::Agent => ChannelCapabilities {
                seals_to_device: true,
                confirms_installation: true,
                confirms_removal: true,
            },
            // Shown as handed out, unconfirmed.
            Self::Download => ChannelCapabilities {
                seals_to_device: false,
                confirms_installation: false,
                confirms_removal: false,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_can_confirm_says_so() {
        assert!(Channel::Agent.capabilities().confirms_installation);
        assert!(!Channel::Download.capabilities().confirms_removal);
        for channel in Channel::ALL {
            assert_eq!(Channel::of_word(channel.as_str()), Some(channel));
        }
    }
}
