//! Making a file and its link.

use std::time::Duration;

use certporter_model::access::Caller;
use certporter_model::copy::CopyState;
use certporter_model::delivery::HandOutFormat;
use certporter_model::escrow::{EscrowPolicy, EscrowState};
use certporter_model::ids::DeviceId;
use certporter_model::security_event::SecurityEventKind;
use certporter_model::{HandOutId, Timestamp, UserId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use zeroize::Zeroizing;

use super::contents::{self, Ingredients};
use super::{HandOutDraft, desk, draft, view};
use crate::pipeline::work::{ReplanScope, Work};
use crate::pki::Certificate;
use crate::service::error::ServiceError;
use crate::service::operation::Operation;
use crate::service::portal::{Intent, Portal};
use crate::service::security_events::{self, Happened};
use crate::service::{devices, secret};
use crate::store::copies::Copy;
use crate::store::devices::Device;
use crate::store::enrolments::Road;
use crate::store::escrowed_keys::EscrowedKey;
use crate::store::hand_outs::HandOut;
use crate::store::{
    AuditEvent, Conn, Target, certificates, copies, device_contacts, enrolments, escrowed_keys, hand_outs,
    profiles,
};

/// How long a link may be used.
const LIFE: Duration = Duration::from_secs(60 * 60);

/// A file that waits behind a link. Link and password are answered this once and kept nowhere.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
pub struct HandOutMade {
    /// Its id.
    pub id: HandOutId,
    /// Where the file is fetched, once, by a POST without a body. The address holds a secret, but not the password.
    pub link: String,
    /// What opens the file; absent when it is sealed to the device, which needs none.
    pub password: Option<String>,
    /// Until when the link can be used.
    pub expires_at: Timestamp,
    /// What the file is called.
    pub file_name: String,
    /// In which form it is.
    pub format: HandOutFormat,
    /// What was left out of it, and why.
    pub left_out: Vec<String>,
}

impl std::fmt::Debug for HandOutMade {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("HandOutMade")
            .field("id", &self.id)
            .field("format", &self.format)
            .finish_non_exhaustive()
    }
}

/// Makes a file of a certificate that waits for a device, and a link to it. An earlier link to the same certificate
/// stops working.
///
/// # Errors
/// When the caller may not, nothing waits, the key is gone or not theirs to have, or a field is wrong.
pub async fn prepare(
    portal: &Portal,
    caller: &Caller,
    id: DeviceId,
    draft: &HandOutDraft,
) -> Result<HandOutMade, ServiceError> {
    Operation::HandOutsPrepare.thinkable(caller)?;
    let now = portal.now();
    let mut conn = portal.db().read().await?;
    let (device, _) = devices::find(&mut conn, caller, Operation::HandOutsPrepare, id).await?;
    let Some(road) = enrolments::road(&mut conn, id).await?.filter(|road| road.channel.is_handed_out())
    else {
        return Err(ServiceError::conflict(
            "files are handed out for devices that are enrolled without the agent: choose a channel first",
        ));
    };
    let format = draft.format.or(road.channel.format()).unwrap_or(HandOutFormat::Pfx);
    let recipient = draft::recipient(draft, format, now)?;
    let waiting = waiting(&mut conn, &device, road, draft, now).await?;
    if let Err(obstacle) = waiting.obstacle(&device, now) {
        drop(conn);
        if waiting.certificate.renew_at <= now {
            contact(portal, caller, id).await?;
        }
        return Err(obstacle);
    }
    may_have(&mut conn, caller, &device, road, &waiting.key).await?;
    let profile = profiles::get(&mut conn, waiting.certificate.profile_id).await?;
    let body = profiles::version(&mut conn, profile.id, profile.current_version).await?.body;
    let user = waiting.certificate.user_id.or(device.owner_id);
    let (person, mail_address) = contents::person(&mut conn, &body, user, id).await?;
    let of = Ingredients {
        device: id,
        profile_id: profile.id,
        certificate: Certificate::parse(&waiting.certificate.der).map_err(super::of_pki)?,
        chain: contents::chain(&mut conn, waiting.certificate.ca_generation_id).await?,
        features: waiting.copies.iter().map(|copy| copy.feature).collect(),
        key: waiting.key.clone(),
        profile: body,
        person,
        mail_address,
    };
    drop(conn);
    if portal.intent() == Intent::Rehearse {
        return Err(ServiceError::Rehearsed(Box::default()));
    }
    let desk = desk(portal)?;
    let made = contents::make(portal, desk, &of, format, recipient.as_ref()).await?;
    let sealed = desk.kra.keep(&made.file)?;
    let token = secret::generate(portal, "");
    let hand_out = HandOut {
        id: HandOutId::new(now, portal.octets()),
        device_id: id,
        enrolment_id: road.id,
        certificate_id: waiting.certificate.id,
        format,
        file_name: contents::file_name(&of.profile, format),
        token_hash: secret::kept(&token),
        kra_generation_id: sealed.generation,
        sealed: Some(sealed.octets),
        created_by: caller.actor().to_string(),
        created_at: now,
        expires_at: now.plus(LIFE),
        fetched_at: None,
        fetched_from: None,
        withdrawn_at: None,
    };
    keep(portal, caller, &hand_out, user, recipient.as_ref()).await?;
    let missing = of.profile.feature_settings().missing(&of.features);
    let mut left_out: Vec<String> = match format {
        HandOutFormat::Mobileconfig => missing.into_iter().map(|it| it.sentence.to_owned()).collect(),
        HandOutFormat::Pfx | HandOutFormat::Syncml => Vec::new(),
    };
    let wants_address =
        format == HandOutFormat::Mobileconfig && of.profile.feature_settings().email.is_some();
    if wants_address && of.mail_address.is_none() {
        left_out.push("the person's mail address is not known, so the mail payload names none".to_owned());
    }
    Ok(HandOutMade {
        id: hand_out.id,
        link: format!("{}/hand-out/{}", portal.addresses().portal, token.as_str()),
        password: made.password.map(|password| String::clone(&password)),
        expires_at: hand_out.expires_at,
        file_name: hand_out.file_name,
        format,
        left_out,
    })
}

/// A certificate with its copies that wait for a device, and its key.
struct Waiting {
    certificate: certificates::Certificate,
    copies: Vec<Copy>,
    key: EscrowedKey,
}

impl Waiting {
    fn obstacle(&self, device: &Device, now: Timestamp) -> Result<(), ServiceError> {
        let in_escrow = self.key.state != EscrowState::Destroyed;
        let handed_out = self.copies.iter().all(|copy| copy.state == CopyState::HandedOut);
        let found = view::obstacle(&self.certificate, device, in_escrow, handed_out, now);
        found.map_or(Ok(()), |why| Err(ServiceError::conflict(why)))
    }
}

async fn waiting(
    conn: &mut Conn,
    device: &Device,
    road: Road,
    draft: &HandOutDraft,
    now: Timestamp,
) -> Result<Waiting, ServiceError> {
    const NONE: ServiceError = ServiceError::NotFound { what: "certificate that waits for this device" };
    let mut found = copies::of_device(conn, device.id).await?;
    found.retain(|copy| {
        copy.certificate_id == draft.certificate
            && copy.enrolment_id == road.id
            && matches!(copy.state, CopyState::Pending | CopyState::HandedOut)
    });
    if found.is_empty() {
        return Err(NONE);
    }
    let certificate = certificates::get(conn, draft.certificate).await?;
    let Some(key) = certificate.escrowed_key_id else {
        let why = view::obstacle(&certificate, device, false, false, now).unwrap_or_default();
        return Err(ServiceError::conflict(why));
    };
    let key = escrowed_keys::get(conn, key).await?;
    Ok(Waiting { certificate, copies: found, key })
}

/// Whether the caller may have the key: one that is kept for good goes to the person alone.
async fn may_have(
    conn: &mut Conn,
    caller: &Caller,
    device: &Device,
    road: Road,
    key: &EscrowedKey,
) -> Result<(), ServiceError> {
    if key.policy != EscrowPolicy::Retained {
        return Ok(());
    }
    let own = caller.user().is_some() && caller.user() == device.owner_id;
    if !own {
        return Err(ServiceError::conflict(
            "this key is kept in escrow: its file is given to the person themselves, or by an approved recovery",
        ));
    }
    if !caller.may_have_retained_keys() {
        return Err(ServiceError::conflict(
            "you came with a code from staff, and this key is kept in escrow: confirm first that it is you",
        ));
    }
    let enrolment = enrolments::get(conn, road.id).await?;
    if enrolment.staff_issued_code && enrolment.confirmed_at.is_none() {
        return Err(ServiceError::conflict(
            "staff enrolled this device, and this key is kept in escrow: confirm the device first",
        ));
    }
    Ok(())
}

/// Keeps the hand-out in place of an earlier one, if the device may still have it. The person whose certificate it is
/// hears of it when somebody else may be the one who has their key now.
async fn keep(
    portal: &Portal,
    caller: &Caller,
    hand_out: &HandOut,
    user: Option<UserId>,
    recipient: Option<&Certificate>,
) -> Result<(), ServiceError> {
    let now = hand_out.created_at;
    let (_, mut tx, device) =
        devices::open(portal, caller, Operation::HandOutsPrepare, hand_out.device_id).await?;
    let road = enrolments::road(&mut tx, device.id).await?;
    if !device.state.is_served() || road.is_none_or(|road| road.id != hand_out.enrolment_id) {
        return Err(ServiceError::Stale { what: "device" });
    }
    hand_outs::withdraw(&mut tx, device.id, Some(hand_out.certificate_id), now).await?;
    hand_outs::insert(&mut tx, hand_out).await?;
    device_contacts::returned(&mut tx, device.id, now).await?;
    let themselves = caller.user().is_some() && caller.user() == user && caller.may_have_retained_keys();
    if let Some(user) = user.filter(|_| !themselves) {
        let kind = SecurityEventKind::KeyLeftEscrow;
        let happened = Happened { user, kind, device: Some(device.id), by: None };
        security_events::tell(&mut tx, portal.random(), now, happened).await?;
    }
    let target = Target::one("device", device.id.as_uuid());
    let event = AuditEvent::new(now, Operation::HandOutsPrepare.name(), target)
        .with("name", device.name.as_str())
        .with("hand_out", hand_out.id.to_string())
        .with("certificate", hand_out.certificate_id.to_string())
        .with("format", hand_out.format.as_str())
        .with("sealed_to", recipient.map(|it| it.thumbprint().to_string()));
    Ok(tx.commit(event).await?)
}

/// Somebody asks for the device: what was not renewed while nobody did is renewed now.
async fn contact(portal: &Portal, caller: &Caller, id: DeviceId) -> Result<(), ServiceError> {
    if portal.intent() == Intent::Rehearse {
        return Ok(());
    }
    let now = portal.now();
    let (_, mut tx, device) = devices::open(portal, caller, Operation::HandOutsPrepare, id).await?;
    device_contacts::returned(&mut tx, id, now).await?;
    let scopes = [Some(ReplanScope::Device { id }), device.owner_id.map(|id| ReplanScope::User { id })];
    for scope in scopes.into_iter().flatten() {
        Work::Replan { scope }.enqueue(&mut tx, now, portal.random()).await?;
    }
    let event = AuditEvent::new(now, Operation::HandOutsPrepare.name(), Target::one("device", id.as_uuid()));
    Ok(tx.commit(event.with("asked_for", "a renewal")).await?)
}

/// A password that is dropped is zeroed.
impl Drop for HandOutMade {
    fn drop(&mut self) {
        if let Some(password) = self.password.take() {
            drop(Zeroizing::new(password));
        }
    }
}
