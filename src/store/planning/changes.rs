//! What a plan changes in the tables.

use certporter_model::assignment::HolderKind;
use certporter_model::copy::CopyState;
use certporter_model::feature::Feature;
use certporter_model::names::Names;
use certporter_model::request::RequestState;
use certporter_model::revocation::Trigger;
use certporter_model::thumbprint::ContentDigest;
use certporter_model::{
    CertificateId, CopyId, DeviceId, EnrolmentId, EscrowedKeyId, ProfileId, RequestId, Timestamp, UserId,
};
use uuid::Uuid;

use crate::store::steps::copies::note_on_device;
use crate::store::{IN_A_LIST, Result, Sql, StoreError, WriteTx, sql};

/// A request that is to be.
#[derive(Debug, Clone)]
pub struct NewRequest {
    /// Its id.
    pub id: RequestId,
    /// Of which profile.
    pub profile: ProfileId,
    /// In which version.
    pub version: i64,
    /// For whom.
    pub holder: (HolderKind, Uuid),
    /// The user, or the device's owner.
    pub user: Option<UserId>,
    /// The device, in device scope.
    pub device: Option<DeviceId>,
    /// Its enrolment, in device scope.
    pub enrolment: Option<EnrolmentId>,
    /// Requested, or waiting for values.
    pub state: RequestState,
    /// The names, or what is missing.
    pub names: Names,
    /// What the certificate depends on.
    pub digest: ContentDigest,
    /// What set it off.
    pub trigger: Trigger,
    /// The certificate that it takes the place of.
    pub supersedes: Option<CertificateId>,
    /// The key that is kept.
    pub kept_key: Option<EscrowedKeyId>,
    /// What it waits for, in a sentence.
    pub cause: Option<String>,
    /// What to do about it.
    pub remedy: Option<String>,
}

/// Rows of one statement.
const ROWS: usize = 50;

/// Records requests.
///
/// # Errors
/// A conflict with `requests__profile_id__holder_kind__holder_id` when another planner was faster.
pub async fn insert_requests(tx: &mut WriteTx, all: &[NewRequest], now: Timestamp) -> Result<()> {
    for chunk in all.chunks(ROWS) {
        let mut query = Sql::new(
            "INSERT INTO requests (id, profile_id, profile_version, holder_kind, holder_id, user_id, device_id,
                    enrolment_id, state, names, content_digest, trigger_kind, supersedes_id, kept_key_id, attempt,
                    cause, remedy, version, created_at, updated_at) VALUES ",
        )
        .in_order(tx.engine());
        for (index, new) in chunk.iter().enumerate() {
            query.push(if index == 0 { "(" } else { ", (" });
            query.bind(&new.id).push(", ").bind(&new.profile).push(", ").bind(&new.version).push(", ");
            query.bind(&new.holder.0).push(", ").bind(&new.holder.1).push(", ").bind(&new.user).push(", ");
            query.bind(&new.device).push(", ").bind(&new.enrolment).push(", ").bind(&new.state).push(", ");
            query.bind(&new.names).push(", ").bind(&new.digest).push(", ").bind(&new.trigger).push(", ");
            query.bind(&new.supersedes).push(", ").bind(&new.kept_key).push(", 0, ").bind(&new.cause);
            query.push(", ").bind(&new.remedy).push(", 1, ").bind(&now).push(", ").bind(&now).push(")");
        }
        query.execute(tx).await?;
    }
    Ok(())
}

/// What a request asks for from now on.
#[derive(Debug, Clone)]
pub struct Amendment {
    /// The profile's version.
    pub version: i64,
    /// Requested, or waiting for values.
    pub state: RequestState,
    /// The names, or what is missing.
    pub names: Names,
    /// What the certificate depends on.
    pub digest: ContentDigest,
    /// What it waits for, in a sentence.
    pub cause: Option<String>,
    /// What to do about it.
    pub remedy: Option<String>,
}

/// Lets a request that nobody works on yet ask for something else.
///
/// # Errors
/// When it is not so any more.
pub async fn amend_request(
    tx: &mut WriteTx,
    id: RequestId,
    amendment: &Amendment,
    now: Timestamp,
) -> Result<()> {
    sql!(
        "UPDATE requests SET profile_version = $2, state = $3, names = $4, content_digest = $5, cause = $6,
                remedy = $7, updated_at = $8, version = version + 1
         WHERE id = $1 AND state IN ('requested', 'waiting')",
        id,
        amendment.version,
        amendment.state,
        amendment.names,
        amendment.digest,
        amendment.cause,
        amendment.remedy,
        now
    )
    .change(tx, "request that nobody works on")
    .await
}

/// A copy that is to be sealed.
#[derive(Debug, Clone)]
pub struct NewCopy {
    /// Its id.
    pub id: CopyId,
    /// Of which certificate.
    pub certificate: CertificateId,
    /// Of which profile.
    pub profile: ProfileId,
    /// On which device.
    pub device: DeviceId,
    /// Under which enrolment.
    pub enrolment: EnrolmentId,
    /// For what.
    pub feature: Feature,
    /// "use" or "decrypt".
    pub purpose: &'static str,
}

/// Records a copy that is to be sealed; one that was there is to be sealed again, and has no envelope any more.
///
/// # Errors
/// When the database refuses.
pub async fn deliver_copy(tx: &mut WriteTx, new: &NewCopy, now: Timestamp) -> Result<()> {
    sql!(
        "DELETE FROM envelopes WHERE copy_id IN
             (SELECT id FROM copies WHERE certificate_id = $1 AND enrolment_id = $2 AND feature = $3)",
        new.certificate,
        new.enrolment,
        new.feature
    )
    .execute(tx)
    .await?;
    sql!(
        "INSERT INTO copies (id, certificate_id, device_id, enrolment_id, profile_id, feature, purpose, state, channel,
                version, created_at, updated_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, 'pending', (SELECT channel FROM enrolments WHERE id = $4), 1, $8, $8)
         ON CONFLICT (certificate_id, enrolment_id, feature) DO UPDATE SET state = 'pending', purpose = $7,
                management_certificate_id = NULL, envelope_id = NULL, offered_at = NULL, installed_at = NULL,
                removal_offered_at = NULL, removed_at = NULL, cause = NULL, remedy = NULL, updated_at = $8,
                version = copies.version + 1",
        new.id,
        new.certificate,
        new.device,
        new.enrolment,
        new.profile,
        new.feature,
        new.purpose,
        now
    )
    .execute(tx)
    .await?;
    note_on_device(tx, &[new.certificate]).await
}

/// Gives a copy another state: pending again, removing, or removed. Its envelopes are worth nothing any more. Its
/// certificate is locked.
///
/// # Errors
/// When there is no such copy.
pub async fn move_copy(
    tx: &mut WriteTx,
    (id, of): (CopyId, CertificateId),
    state: CopyState,
    now: Timestamp,
) -> Result<()> {
    move_copies(tx, &[id], state, now).await?;
    note_on_device(tx, &[of]).await
}

/// The same for several, but for what is noted of their certificates.
///
/// # Errors
/// When one of them is not there.
pub async fn move_copies(tx: &mut WriteTx, ids: &[CopyId], state: CopyState, now: Timestamp) -> Result<()> {
    let (removing, removed) = match state {
        CopyState::Removing => (Some(now), None),
        CopyState::Removed => (None, Some(now)),
        _ => (None, None),
    };
    for chunk in ids.chunks(IN_A_LIST) {
        let engine = tx.engine();
        let mut query = Sql::new("DELETE FROM envelopes WHERE copy_id IN (").in_order(engine);
        query.bind_list(chunk).push(")");
        query.execute(tx).await?;
        let mut query = Sql::new("UPDATE copies SET state = ").in_order(engine);
        query.bind(&state).push(", envelope_id = NULL, removal_offered_at = ").bind(&removing);
        query.push(", removed_at = ").bind(&removed).push(", cause = NULL, remedy = NULL, updated_at = ");
        query.bind(&now).push(", version = version + 1 WHERE id IN (").bind_list(chunk).push(")");
        if query.execute(tx).await? != chunk.len() as u64 {
            return Err(StoreError::NotFound { what: "copy" });
        }
    }
    Ok(())
}
