//! Users and devices with all that a plan looks at of them.

use certporter_model::assignment::{HolderKind, MemberKind};
use certporter_model::ids::{DeviceId, UserId};
use uuid::Uuid;

use super::{Holders, PlanDevice, PlanMembership, PlanUser, attributes, devices, memberships, users};
use crate::store::{Conn, Result};

/// Some users and devices.
#[derive(Debug, Default)]
pub struct People {
    /// Users.
    pub users: Vec<PlanUser>,
    /// Devices.
    pub devices: Vec<PlanDevice>,
    /// Memberships of all of them, ended ones included.
    pub memberships: Vec<PlanMembership>,
    /// Custom attributes of all of them.
    pub attributes: Vec<PlanAttribute>,
}

/// A custom attribute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlanAttribute {
    /// Whose.
    pub owner_id: Uuid,
    /// Its name.
    pub name: String,
    /// Its value.
    pub value: String,
}

impl People {
    /// These users.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn add_users(&mut self, conn: &mut Conn, ids: Vec<UserId>) -> Result<()> {
        let of = Holders::Some { devices: Vec::new(), users: ids };
        self.users.extend(users(conn, &of).await?);
        self.add_belongings(conn, MemberKind::User, HolderKind::User, &of).await
    }

    /// These devices.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn add_devices(&mut self, conn: &mut Conn, ids: Vec<DeviceId>) -> Result<()> {
        let of = Holders::Some { devices: ids, users: Vec::new() };
        self.devices.extend(devices(conn, &of).await?);
        self.add_belongings(conn, MemberKind::Device, HolderKind::Device, &of).await
    }

    async fn add_belongings(
        &mut self,
        conn: &mut Conn,
        member: MemberKind,
        holder: HolderKind,
        of: &Holders,
    ) -> Result<()> {
        self.memberships.extend(memberships(conn, member, of).await?);
        let attributes = attributes(conn, holder, of).await?.into_iter();
        let plain = |it: crate::store::custom_attributes::CustomAttribute| PlanAttribute {
            owner_id: it.owner_id,
            name: it.name,
            value: it.value,
        };
        self.attributes.extend(attributes.map(plain));
        Ok(())
    }
}
