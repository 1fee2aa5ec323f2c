//! Whose page of the helpdesk it is: a person's, or a device's by itself.

use std::fmt;

use certporter::service::ServiceError;
use certporter::service::helpdesk::grid::GridView;
use certporter::service::helpdesk::{self, DeviceOverview, PersonView};
use certporter_model::{DeviceId, ProfileId, UserId};

use crate::pages::asked::Asked;

/// Whose page it is. Shown as the page's address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Subject {
    /// A person with all that is theirs.
    Person(UserId),
    /// A device by itself.
    Device(DeviceId),
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Person(id) => write!(f, "/helpdesk/people/{id}"),
            Self::Device(id) => write!(f, "/helpdesk/devices/{id}"),
        }
    }
}

impl Subject {
    /// Where it is told why a device gets a profile's certificate, or not.
    #[must_use]
    pub fn cell(self, device: DeviceId, profile: ProfileId) -> String {
        match self {
            Self::Person(_) => format!("{self}/devices/{device}/profiles/{profile}"),
            Self::Device(_) => format!("{self}/profiles/{profile}"),
        }
    }

    /// What is there.
    ///
    /// # Errors
    /// When the caller may not see it, or there is none.
    pub(super) async fn read(self, asked: &Asked) -> Result<Held, ServiceError> {
        let (portal, caller) = (&asked.portal, &asked.caller);
        Ok(match self {
            Self::Person(id) => helpdesk::person(portal, caller, id).await?.into(),
            Self::Device(id) => helpdesk::device(portal, caller, id).await?.into(),
        })
    }
}

/// What can be acted on from a page.
#[derive(Debug, Clone)]
pub(super) struct Held {
    /// The person and their name; none where it is a device's page.
    pub person: Option<(UserId, String)>,
    /// What is on which device.
    pub grid: GridView,
}

impl From<PersonView> for Held {
    fn from(view: PersonView) -> Self {
        Self { person: Some((view.user.id, view.user.display_name)), grid: view.grid }
    }
}

impl From<DeviceOverview> for Held {
    fn from(view: DeviceOverview) -> Self {
        Self { person: None, grid: view.grid }
    }
}
