//! What follows from a change: the plan, made again for whom the change touches, in the same transaction.

use certporter_model::assignment::MemberKind;
use certporter_model::{DeviceId, GroupId, ProfileId, Timestamp, UserId};

use super::error::ServiceError;
use super::portal::Portal;
use crate::pipeline::work::{ReplanScope, Work};
use crate::store::memberships::{self, Member};
use crate::store::{Result, WriteTx};

/// Whom a change touches.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Touched {
    pub(super) users: Vec<UserId>,
    pub(super) devices: Vec<DeviceId>,
    pub(super) profiles: Vec<ProfileId>,
}

impl Touched {
    pub(super) fn user(id: UserId) -> Self {
        Self { users: vec![id], ..Self::default() }
    }

    pub(super) fn device(id: DeviceId) -> Self {
        Self { devices: vec![id], ..Self::default() }
    }

    pub(super) fn profile(id: ProfileId) -> Self {
        Self { profiles: vec![id], ..Self::default() }
    }

    pub(super) fn and_user(mut self, id: Option<UserId>) -> Self {
        self.users.extend(id);
        self
    }

    /// Everybody who is in a group now, directly or through other groups.
    pub(super) async fn group(tx: &mut WriteTx, id: GroupId) -> Result<Self> {
        let mut touched = Self::default();
        for member in memberships::members_within(tx, &[id]).await? {
            match member.kind {
                MemberKind::User => touched.users.push(UserId::from_uuid(member.id)),
                MemberKind::Device => touched.devices.push(DeviceId::from_uuid(member.id)),
                MemberKind::Group => {}
            }
        }
        Ok(touched)
    }

    /// A member that joins or leaves: itself, or everybody in it.
    pub(super) async fn member(tx: &mut WriteTx, member: Member) -> Result<Self> {
        Ok(match member.kind {
            MemberKind::User => Self::user(UserId::from_uuid(member.id)),
            MemberKind::Device => Self::device(DeviceId::from_uuid(member.id)),
            MemberKind::Group => Self::group(tx, GroupId::from_uuid(member.id)).await?,
        })
    }
}

/// People and devices that one job plans for.
const CHUNK: usize = 200;

/// Asks for a plan for whom the change touches, in the transaction of the change: both happen or neither.
pub(super) async fn replan(
    portal: &Portal,
    tx: &mut WriteTx,
    touched: &Touched,
    now: Timestamp,
) -> Result<(), ServiceError> {
    for &id in &touched.profiles {
        enqueue(portal, tx, ReplanScope::Profile { id }, now).await?;
    }
    let scopes: Vec<ReplanScope> = if touched.users.len() + touched.devices.len() <= 4 {
        let users = touched.users.iter().map(|&id| ReplanScope::User { id });
        users.chain(touched.devices.iter().map(|&id| ReplanScope::Device { id })).collect()
    } else {
        let users = touched.users.chunks(CHUNK).map(|users| (users.to_vec(), Vec::new()));
        let devices = touched.devices.chunks(CHUNK).map(|devices| (Vec::new(), devices.to_vec()));
        users.chain(devices).map(|(users, devices)| ReplanScope::Some { users, devices }).collect()
    };
    for scope in scopes {
        enqueue(portal, tx, scope, now).await?;
    }
    Ok(())
}

async fn enqueue(portal: &Portal, tx: &mut WriteTx, scope: ReplanScope, now: Timestamp) -> Result<()> {
    Work::Replan { scope }.enqueue(tx, now, portal.random()).await
}
