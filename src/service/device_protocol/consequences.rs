//! What follows from what a device does: asked for in the same transaction, drawn by the plan.

use certporter_model::{DeviceId, UserId};

use super::{DeviceProtocol, ProtocolError};
use crate::pipeline::planner::{self, Whom};
use crate::pipeline::work::{ReplanScope, Work};
use crate::plan::Limits;
use crate::store::{Announcement, WriteTx};

impl DeviceProtocol {
    /// Makes and carries out the plan for a device and its owner now: somebody waits beside the device, or
    /// it is given up.
    pub(super) async fn plan_now(
        &self,
        tx: &mut WriteTx,
        device: DeviceId,
        owner: Option<UserId>,
    ) -> Result<(), ProtocolError> {
        let (now, whom) = (self.clock.now(), Whom::device(device));
        planner::replan(tx, &whom, Limits::default(), now, &*self.random).await?;
        let announcement =
            Announcement { device_id: Some(device), user_id: owner, ..Announcement::new("device") };
        tx.announce(announcement);
        Ok(())
    }

    /// Has the plan made for a device, and for its owner, whose certificates go to all of their devices.
    pub(super) async fn plan_device(
        &self,
        tx: &mut WriteTx,
        device: DeviceId,
        owner: Option<UserId>,
    ) -> Result<(), ProtocolError> {
        let now = self.clock.now();
        let device_scope = ReplanScope::Device { id: device };
        for scope in [Some(device_scope), owner.map(|id| ReplanScope::User { id })].into_iter().flatten() {
            Work::ReplanInTurn { scope }.enqueue(tx, now, &*self.random).await?;
        }
        let announcement =
            Announcement { device_id: Some(device), user_id: owner, ..Announcement::new("device") };
        tx.announce(announcement);
        Ok(())
    }
}
