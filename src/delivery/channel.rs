//! What each road to a device can do. The roads themselves are words of the model.

pub use certporter_model::delivery::Channel;

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

/// What a channel can do.
#[must_use]
pub const fn capabilities(channel: Channel) -> ChannelCapabilities {
    match channel {
        Channel::Agent => {
            ChannelCapabilities { seals_to_device: true, confirms_installation: true, confirms_removal: true }
        }
        // Sealed where the device's own certificate is given; nothing is ever heard back: shown as handed out,
        // unconfirmed.
        Channel::AppleProfile => ChannelCapabilities {
            seals_to_device: true,
            confirms_installation: false,
            confirms_removal: false,
        },
        Channel::Export | Channel::Download => ChannelCapabilities {
            seals_to_device: false,
            confirms_installation: false,
            confirms_removal: false,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_can_confirm_says_so() {
        for channel in Channel::ALL {
            let can = capabilities(*channel);
            let agent = *channel == Channel::Agent;
            assert_eq!((can.confirms_installation, can.confirms_removal), (agent, agent), "{channel}");
        }
        assert!(!capabilities(Channel::Download).seals_to_device);
        assert!(capabilities(Channel::AppleProfile).seals_to_device);
    }
}
