//! What follows from a change: the plan, made again for whom the change touches, in the same transaction.

use certporter_model::assignment::MemberKind;
use certporter_model::{DeviceId, GroupId, ProfileId, Timestamp, UserId};

use super::consequences;
use super::error::ServiceError;
use super::looks;
use super::portal::{Intent, Portal};
use crate::pipeline::planner::{self, WhatIf, Whom};
use crate::plan::{Action, Limits, Slot};
use crate::store::memberships::{self, Member};
use crate::store::{Result, StoreError, WriteTx};

/// Whom a change touches.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Touched {
    pub(super) users: Vec<UserId>,
    pub(super) devices: Vec<DeviceId>,
    pub(super) profiles: Vec<ProfileId>,
    /// Whether the change is one of what is the same for many, and of nobody by themselves, but for the groups that
    /// nobody is in any more.
    structure: bool,
    left: Vec<GroupId>,
}

impl Touched {
    pub(super) fn user(id: UserId) -> Self {
        Self { users: vec![id], ..Self::default() }
    }

    pub(super) fn device(id: DeviceId) -> Self {
        Self { devices: vec![id], ..Self::default() }
    }

    pub(super) fn profile(id: ProfileId) -> Self {
        Self { profiles: vec![id], structure: true, ..Self::default() }
    }

    pub(super) fn and_user(mut self, id: Option<UserId>) -> Self {
        self.users.extend(id);
        self
    }

    /// These, and those of another change in the same transaction.
    pub(super) fn add(&mut self, other: Self) {
        self.structure &= other.structure;
        self.left.extend(other.left);
        self.users.extend(other.users);
        self.devices.extend(other.devices);
        self.profiles.extend(other.profiles);
    }

    /// For whom to plan.
    pub(super) fn whom(&self) -> Whom {
        Whom {
            users: self.users.clone(),
            devices: self.devices.clone(),
            profiles: self.profiles.clone(),
            ..Whom::default()
        }
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
            MemberKind::Group => {
                // Whom a group is within is the same for all of its members.
                Self { structure: true, ..Self::group(tx, GroupId::from_uuid(member.id)).await? }
            }
        })
    }

    /// Everybody who is in a group now, since it goes.
    pub(super) async fn everybody_in(tx: &mut WriteTx, id: GroupId) -> Result<Self> {
        Ok(Self { structure: true, left: vec![id], ..Self::group(tx, id).await? })
    }
}

/// Draws the consequences for whom the change touches, in the transaction of the change: both happen or neither. For
/// very many people jobs are made instead, in the same transaction.
///
/// # Errors
/// [`ServiceError::Rehearsed`], [`ServiceError::ToLookAt`] or [`ServiceError::ConsequencesChanged`], as the portal's intent asks; the transaction
/// is then to be dropped.
pub(super) async fn replan(
    portal: &Portal,
    tx: &mut WriteTx,
    touched: &Touched,
    now: Timestamp,
) -> Result<(), ServiceError> {
    replan_after(portal, tx, touched, None, now).await
}

/// The same after the operation itself has done something to a certificate: that is shown among the consequences, for
/// whoever looks before does not tell the two apart.
///
/// # Errors
/// As [`replan`].
pub(super) async fn replan_after(
    portal: &Portal,
    tx: &mut WriteTx,
    touched: &Touched,
    itself: Option<(Slot, Action)>,
    now: Timestamp,
) -> Result<(), ServiceError> {
    let mut whom = touched.whom();
    match portal.intent() {
        Intent::Do => {}
        Intent::Rehearse if touched.structure => {
            let what_if = WhatIf::read(tx, &whom, &touched.left).await?;
            return Err(ServiceError::ToLookAt(Box::new(what_if)));
        }
        Intent::Rehearse => {
            return Err(ServiceError::Rehearsed(Box::new(
                consequences::after(tx, &whom, itself, now).await?,
            )));
        }
        Intent::DoIf(shown) => {
            let mut many = None;
            if touched.structure {
                let concerned = WhatIf::read(tx, &whom, &touched.left).await?.concerning(tx).await?;
                whom = concerned.whom();
                many = concerned.are_many().then(|| looks::to_be_looked_at(&concerned));
            }
            let consequences = match many {
                Some(consequences) => consequences,
                None => consequences::after(tx, &whom, itself, now).await?,
            };
            if consequences.digest != shown {
                return Err(ServiceError::ConsequencesChanged(Box::new(consequences)));
            }
        }
    }
    match planner::replan(tx, &whom, Limits::default(), now, portal.random()).await {
        Ok(_) => Ok(()),
        // Another planner came in between: no fault of what was asked, which may be asked again.
        Err(StoreError::Conflict { .. }) => Err(StoreError::Serialization.into()),
        Err(error) => Err(error.into()),
    }
}
