//! Hand-outs: certificates with their keys as files, for devices that can't run the agent.
//!
//! A device is enrolled over a channel without the agent ([`choose`]). The plan issues for it as for any other, and the
//! copies wait with the KRA. Somebody makes a hand-out ([`prepare`]): the password is shown to them once, and the file
//! waits, sealed to the KRA, behind a one-time link. Whoever has the link fetches the file ([`link`]): the copies are
//! then handed out, unconfirmed, and the key is destroyed as its policy says. Password and file are never in one answer.
mod choose;
mod contents;
mod draft;
mod link;
mod prepare;
mod snippets;
mod view;

use certporter_model::DeviceId;
use certporter_model::access::Caller;

pub use crate::delivery::linux::Snippet;
pub use choose::{ChannelDraft, choose};
pub use draft::HandOutDraft;
pub use link::{HandOutFile, LinkView, fetch, look_at};
pub use prepare::{HandOutMade, prepare};
pub use snippets::{CopySnippets, snippets};
pub use view::{HandOutView, HandOutsView, WaitingCertificate};

use super::devices;
use super::error::ServiceError;
use super::operation::Operation;
use super::portal::Portal;
use crate::ca::{BuiltinCa, CaError};
use crate::kra::{Kra, KraError};
use crate::pki::PkiError;
use crate::store::{AuditEvent, Target, hand_outs as store};

/// What hand-outs are made with: the keys of the KRA, and who signs configuration profiles.
#[derive(Debug, Clone)]
pub struct HandOutDesk {
    /// The key recovery agent.
    pub kra: Kra,
    /// The built-in CA, which certifies the signer.
    pub builtin: BuiltinCa,
}

/// What waits to be handed out for a device, and what was.
///
/// # Errors
/// When the caller may not, or there is no such device.
pub async fn list(portal: &Portal, caller: &Caller, id: DeviceId) -> Result<HandOutsView, ServiceError> {
    let mut conn = portal.db().read().await?;
    let (device, _) = devices::find(&mut conn, caller, Operation::HandOutsList, id).await?;
    view::shown(&mut conn, &device, portal.now()).await
}

/// Withdraws every link of a device that was not used yet.
///
/// # Errors
/// When the caller may not, or there is no such device.
pub async fn withdraw(portal: &Portal, caller: &Caller, id: DeviceId) -> Result<HandOutsView, ServiceError> {
    let (_, mut tx, device) = devices::open(portal, caller, Operation::HandOutsWithdraw, id).await?;
    let now = portal.now();
    let count = store::withdraw(&mut tx, id, None, now).await?;
    let event = AuditEvent::new(now, Operation::HandOutsWithdraw.name(), Target::one("device", id.as_uuid()));
    tx.commit(event.with("name", device.name.as_str()).with("links", count)).await?;
    let mut conn = portal.db().read().await?;
    view::shown(&mut conn, &device, now).await
}

/// The desk; a process without the master key has none.
fn desk(portal: &Portal) -> Result<&HandOutDesk, ServiceError> {
    portal.hand_outs().ok_or_else(|| ServiceError::Unavailable {
        detail: "this process has no master key, and can't open keys: ask the portal itself".to_owned(),
        retry_after: 60,
    })
}

impl From<KraError> for ServiceError {
    fn from(error: KraError) -> Self {
        match error {
            KraError::Destroyed => Self::conflict(&error),
            KraError::Store(error) => error.into(),
            other => Self::internal("opening a key in escrow", &other),
        }
    }
}

fn of_ca(error: CaError) -> ServiceError {
    match error {
        CaError::Store(error) => error.into(),
        other => ServiceError::internal("signing a configuration profile", &other),
    }
}

fn of_pki(error: PkiError) -> ServiceError {
    match error {
        PkiError::Unfit { field, message } => ServiceError::conflict(format!("{field}: {message}")),
        other => ServiceError::internal("making a file to hand out", &other),
    }
}
