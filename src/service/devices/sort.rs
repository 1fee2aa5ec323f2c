//! The orders that a list of devices can be in.

use certporter_model::ParseError;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::store::devices::DeviceOrder;

/// An order: a word, and with a hyphen before it the other way round.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub enum DeviceSort {
    /// By name.
    #[serde(rename = "name")]
    Name,
    /// By name, from the end of the alphabet.
    #[serde(rename = "-name")]
    NameDescending,
    /// By last contact: those first that were not heard of for longest.
    #[serde(rename = "contact")]
    Contact,
    /// By last contact: those first that were heard of last.
    #[serde(rename = "-contact")]
    ContactDescending,
}

impl DeviceSort {
    const ALL: [Self; 4] = [Self::Name, Self::NameDescending, Self::Contact, Self::ContactDescending];

    /// Its word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::NameDescending => "-name",
            Self::Contact => "contact",
            Self::ContactDescending => "-contact",
        }
    }

    /// By what, and whether the greatest comes first.
    pub(super) const fn order(self) -> (DeviceOrder, bool) {
        match self {
            Self::Name => (DeviceOrder::Name, false),
            Self::NameDescending => (DeviceOrder::Name, true),
            Self::Contact => (DeviceOrder::LastContact, false),
            Self::ContactDescending => (DeviceOrder::LastContact, true),
        }
    }
}

impl std::str::FromStr for DeviceSort {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let wrong = || ParseError::new("order of devices", "is name, -name, contact or -contact");
        Self::ALL.into_iter().find(|sort| sort.as_str() == text).ok_or_else(wrong)
    }
}
