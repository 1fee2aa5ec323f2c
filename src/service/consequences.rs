//! What would follow from an operation: shown before it is done, and held to when it is.
//!
//! A preview is the operation itself, on a database where nothing can be committed: it changes what it would change,
//! plans, and is rolled back. So there is no second description of what an operation does that could differ.

use std::time::Duration;

use certporter_model::revocation::Reason;
use certporter_model::thumbprint::ContentDigest;
use certporter_model::{CertificateId, Timestamp, UserId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::error::ServiceError;
use super::looks::{self, Counting};
use super::names::Names;
use super::portal::{Intent, Portal};
use super::reference::{DeviceReference, ProfileReference, UserReference};
use crate::pipeline::planner::{self, Preview, Whom};
use crate::plan::summary::{Summary, digest};
use crate::plan::{Action, Holder, Limits, Purpose, Slot};
use crate::store::certificates::Certificate;
use crate::store::copies::Copy;
use crate::store::{Conn, StoreError, certificates, copies, devices};

/// What would follow.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Consequences {
    /// In numbers.
    #[schema(value_type = Object)]
    pub summary: Summary,
    /// For how many devices and people something would be done.
    pub holders: usize,
    /// Some of it, what weighs most first.
    pub sample: Vec<Consequence>,
    /// What the operation carries when it is asked for, so that it is refused when the consequences have changed.
    pub digest: ContentDigest,
    /// How far the look at it is, while it goes on because many are concerned: nothing else is known yet then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub counting: Option<Counting>,
}

/// Nothing follows.
impl Default for Consequences {
    fn default() -> Self {
        Self {
            summary: Summary::default(),
            holders: 0,
            sample: Vec::new(),
            digest: digest([]),
            counting: None,
        }
    }
}

/// One consequence.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Consequence {
    /// What is done.
    pub effect: Effect,
    /// Of which profile.
    pub profile: ProfileReference,
    /// On which device; none for what is common to a person's devices.
    pub device: Option<DeviceReference>,
    /// Whose.
    pub user: Option<UserReference>,
    /// The certificate that goes or is replaced.
    pub certificate: Option<CertificateId>,
    /// Why it goes.
    pub reason: Option<Reason>,
}

/// What is done to a certificate, its copies or its key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Effect {
    /// Asked for where none was.
    Issued,
    /// Asked for in place of one that has to go or doesn't fit any more.
    Reissued,
    /// Asked for in place of one that nears its end.
    Renewed,
    /// Revoked for good.
    Revoked,
    /// Put on hold.
    Held,
    /// Taken off hold.
    Released,
    /// A request is given up.
    Cancelled,
    /// A request asks for something else.
    Amended,
    /// A certificate gives up its place without being revoked.
    Settled,
    /// A copy is delivered, or sealed again.
    Delivered,
    /// A copy is taken from its device.
    Removed,
    /// A key is destroyed.
    KeyDestroyed,
}

/// What would follow from an operation, which is given the portal that it is to be asked of:
/// `preview(&portal, async |portal| devices::retire(portal, &caller, id, &draft).await)`.
///
/// # Errors
/// Whatever the operation refuses for.
pub async fn preview<T>(
    portal: &Portal,
    operation: impl AsyncFnOnce(&Portal) -> Result<T, ServiceError>,
) -> Result<Consequences, ServiceError> {
    concluded(portal, operation(&portal.with_intent(Intent::Rehearse)).await, PATIENCE).await
}

/// A page waits so long for a look at many before it shows how far the look is.
pub const PATIENCE: Duration = Duration::from_millis(250);

/// What a rehearsal came to. Of a change that concerns many it is found out now, for as long as `patience`: see
/// [`Consequences::counting`].
///
/// # Errors
/// Whatever the operation refuses for.
pub async fn concluded<T>(
    portal: &Portal,
    rehearsed: Result<T, ServiceError>,
    patience: Duration,
) -> Result<Consequences, ServiceError> {
    match rehearsed {
        // It found nothing to do.
        Ok(_) => Ok(Consequences::default()),
        Err(ServiceError::Rehearsed(consequences)) => Ok(*consequences),
        Err(ServiceError::ToLookAt(what_if)) => looks::look(portal, *what_if, patience).await,
        Err(error) => Err(error),
    }
}

/// What would follow from the state of the transaction.
pub(super) async fn of(conn: &mut Conn, whom: &Whom, now: Timestamp) -> Result<Consequences, StoreError> {
    after(conn, whom, None, now).await
}

/// The same after what the operation itself has done to a certificate.
pub(super) async fn after(
    conn: &mut Conn,
    whom: &Whom,
    itself: Option<(Slot, Action)>,
    now: Timestamp,
) -> Result<Consequences, StoreError> {
    let mut preview = planner::preview(conn, whom, Limits::default(), now).await?;
    if let Some((slot, action)) = itself {
        preview.summary.add(&Summary::of([&action]));
        preview.holders = preview.holders.max(1);
        preview.sample.insert(0, (slot, action));
    }
    shown(conn, preview).await
}

pub(super) async fn shown(conn: &mut Conn, preview: Preview) -> Result<Consequences, StoreError> {
    let machines = preview.sample.iter().filter_map(|(slot, _)| match slot.holder {
        Holder::Device(id) => Some(id),
        Holder::User(_) => None,
    });
    let machines: Vec<_> = machines.collect();
    let owners = devices::by_ids(conn, &machines).await?;
    let owner = |id| owners.iter().find(|device| device.id == id).and_then(|device| device.owner_id);
    // A certificate that goes is the person's whose it is, whoever its device belongs to now.
    let held = held_by(conn, &preview.sample).await?;
    let whose = |slot: &Slot, action: &Action| match slot.holder {
        Holder::Device(id) => held.of(action).unwrap_or_else(|| owner(id)),
        Holder::User(id) => Some(id),
    };
    let people = preview.sample.iter().filter_map(|(slot, action)| whose(slot, action));
    let profiles = preview.sample.iter().map(|(slot, _)| slot.profile);
    let names = Names::of(conn, people, machines.iter().copied(), profiles).await?;
    let one = |(slot, action): &(Slot, Action)| {
        let device = match slot.holder {
            Holder::Device(id) => names.device(Some(id)),
            Holder::User(_) => None,
        };
        let user = names.user(whose(slot, action));
        let (effect, certificate, reason) = told(action);
        Consequence { effect, profile: names.profile(slot.profile), device, user, certificate, reason }
    };
    Ok(Consequences {
        sample: preview.sample.iter().map(one).collect(),
        summary: preview.summary,
        holders: preview.holders,
        digest: preview.digest,
        counting: None,
    })
}

/// Whose the certificates of a sample are: of those that are there already.
struct Held {
    certificates: Vec<Certificate>,
    copies: Vec<Copy>,
}

impl Held {
    /// Whose the certificate is that something is done to; none when it is none that is there, and within that none
    /// when it is nobody's but a device's.
    fn of(&self, action: &Action) -> Option<Option<UserId>> {
        let id = match action {
            Action::Remove { copy } => self.copies.iter().find(|it| it.id == *copy)?.certificate_id,
            Action::Revoke { certificate, .. }
            | Action::Hold { certificate }
            | Action::Release { certificate }
            | Action::Settle { certificate, .. }
            | Action::Deliver { certificate, .. } => *certificate,
            _ => return None,
        };
        self.certificates.iter().find(|it| it.id == id).map(|it| it.user_id)
    }
}

async fn held_by(conn: &mut Conn, sample: &[(Slot, Action)]) -> Result<Held, StoreError> {
    let removed = sample.iter().filter_map(|(_, action)| match action {
        Action::Remove { copy } => Some(*copy),
        _ => None,
    });
    let copies = copies::by_ids(conn, &removed.collect::<Vec<_>>()).await?;
    let touched = sample.iter().filter_map(|(_, action)| match action {
        Action::Revoke { certificate, .. }
        | Action::Hold { certificate }
        | Action::Release { certificate }
        | Action::Settle { certificate, .. }
        | Action::Deliver { certificate, .. } => Some(*certificate),
        _ => None,
    });
    let ids: Vec<_> = touched.chain(copies.iter().map(|copy| copy.certificate_id)).collect();
    Ok(Held { certificates: certificates::by_ids(conn, &ids).await?, copies })
}

fn told(action: &Action) -> (Effect, Option<CertificateId>, Option<Reason>) {
    use certporter_model::revocation::Trigger;
    match action {
        Action::Cancel { .. } => (Effect::Cancelled, None, None),
        Action::Revoke { certificate, departure, .. } => {
            (Effect::Revoked, Some(*certificate), Some(departure.reason))
        }
        Action::Hold { certificate } => (Effect::Held, Some(*certificate), None),
        Action::Release { certificate } => (Effect::Released, Some(*certificate), None),
        Action::Settle { certificate, .. } => (Effect::Settled, Some(*certificate), None),
        Action::Amend { .. } => (Effect::Amended, None, None),
        Action::Issue { trigger: Trigger::Targeted, .. } => (Effect::Issued, None, None),
        Action::Issue { .. } => (Effect::Reissued, None, None),
        Action::Renew { certificate, .. } => (Effect::Renewed, Some(*certificate), None),
        Action::Deliver { certificate, purpose: Purpose::Use | Purpose::Decrypt, .. } => {
            (Effect::Delivered, Some(*certificate), None)
        }
        Action::Reseal { .. } => (Effect::Delivered, None, None),
        Action::Remove { .. } => (Effect::Removed, None, None),
        Action::DestroyKey { .. } => (Effect::KeyDestroyed, None, None),
    }
}
