//! The names of what is referred to, looked up once for a whole page.

use std::collections::HashMap;

use certporter_model::{DeviceId, ProfileId, UserId};

use super::reference::{DeviceReference, ProfileReference, UserReference};
use crate::store::{Conn, Result, devices, profiles, users};

/// Names by id.
#[derive(Debug, Default)]
pub(super) struct Names {
    users: HashMap<UserId, UserReference>,
    devices: HashMap<DeviceId, DeviceReference>,
    profiles: HashMap<ProfileId, ProfileReference>,
}

impl Names {
    /// Looks them up.
    pub(super) async fn of(
        conn: &mut Conn,
        user_ids: impl IntoIterator<Item = UserId>,
        device_ids: impl IntoIterator<Item = DeviceId>,
        profile_ids: impl IntoIterator<Item = ProfileId>,
    ) -> Result<Self> {
        let mut names = Self::default();
        let ids = distinct(user_ids);
        if !ids.is_empty() {
            for user in users::by_ids(conn, &ids).await? {
                let reference = UserReference {
                    id: user.id,
                    user_name: user.user_name.into(),
                    display_name: user.display_name.into(),
                };
                names.users.insert(user.id, reference);
            }
        }
        let ids = distinct(device_ids);
        if !ids.is_empty() {
            for device in devices::by_ids(conn, &ids).await? {
                names.devices.insert(device.id, DeviceReference { id: device.id, name: device.name.into() });
            }
        }
        let ids = distinct(profile_ids);
        if !ids.is_empty() {
            for profile in profiles::by_ids(conn, &ids).await? {
                let reference = ProfileReference { id: profile.id, name: profile.name.into() };
                names.profiles.insert(profile.id, reference);
            }
        }
        Ok(names)
    }

    pub(super) fn user(&self, id: Option<UserId>) -> Option<UserReference> {
        self.users.get(&id?).cloned()
    }

    pub(super) fn device(&self, id: Option<DeviceId>) -> Option<DeviceReference> {
        self.devices.get(&id?).cloned()
    }

    pub(super) fn the_device(&self, id: DeviceId) -> DeviceReference {
        self.device(Some(id)).unwrap_or(DeviceReference { id, name: String::new() })
    }

    pub(super) fn profile(&self, id: ProfileId) -> ProfileReference {
        self.profiles.get(&id).cloned().unwrap_or(ProfileReference { id, name: String::new() })
    }
}

fn distinct<T: Ord>(ids: impl IntoIterator<Item = T>) -> Vec<T> {
    let mut ids: Vec<T> = ids.into_iter().collect();
    ids.sort();
    ids.dedup();
    ids
}
