//! What follows from what a device does: the plan draws it, in the same transaction.

use certporter_model::DeviceId;

use super::{DeviceProtocol, ProtocolError};
use crate::store::WriteTx;

impl DeviceProtocol {
    /// Plans for one device.
    #[expect(clippy::unused_async, clippy::unused_self, reason = "the planner joins here")]
    pub(super) async fn plan_device(
        &self,
        _tx: &mut WriteTx,
        _device: DeviceId,
    ) -> Result<(), ProtocolError> {
        Ok(())
    }
}
