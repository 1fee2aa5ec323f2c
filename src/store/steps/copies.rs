//! Copies on devices and their envelopes, as the pipeline works on them.

use certporter_model::copy::CopyState;
use certporter_model::feature::Feature;
use certporter_model::thumbprint::{ContentDigest, Thumbprint};
use certporter_model::{
    CertificateId, CopyId, DeviceId, EnvelopeId, ManagementCertificateId, ProfileId, Timestamp,
};

use crate::store::{Conn, IN_A_LIST, Result, Sql, StoreError, WriteTx, dialect, sql, table_row};

table_row! {
    /// A copy in work.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct CopyInWork in "copies" {
        /// Its id.
        pub id: CopyId,
        /// Of which certificate.
        pub certificate_id: CertificateId,
        /// On which device.
        pub device_id: DeviceId,
        /// Of which profile.
        pub profile_id: ProfileId,
        /// For what.
        pub feature: Feature,
        /// "use", or "decrypt" where it only reads what was encrypted to it.
        pub purpose: String,
        /// Where it is.
        pub state: CopyState,
        /// The management certificate that its envelope is sealed for.
        pub management_certificate_id: Option<ManagementCertificateId>,
        /// Its envelope.
        pub envelope_id: Option<EnvelopeId>,
        /// When it was offered.
        pub offered_at: Option<Timestamp>,
        /// When the device confirmed it.
        pub installed_at: Option<Timestamp>,
        /// When the device was told to remove it.
        pub removal_offered_at: Option<Timestamp>,
        /// When the device confirmed that it is gone.
        pub removed_at: Option<Timestamp>,
        /// Why it failed.
        pub cause: Option<String>,
        /// What to do about it.
        pub remedy: Option<String>,
        /// Counts the changes.
        pub version: i64,
    }
}

impl CopyInWork {
    /// Goes on to `next`; what was the matter before is forgotten.
    ///
    /// # Errors
    /// When that state can't follow.
    pub fn go(&mut self, next: CopyState) -> Result<()> {
        self.state = self.state.to(next).map_err(|error| StoreError::Other(error.to_string()))?;
        self.cause = None;
        self.remedy = None;
        Ok(())
    }
}

/// A copy that is to be sealed. There may be one already, or the device is not enrolled: then
/// nothing changes.
///
/// # Errors
/// When the database refuses.
pub async fn insert_pending(
    tx: &mut WriteTx,
    id: CopyId,
    place: (CertificateId, ProfileId, DeviceId, Feature),
    now: Timestamp,
) -> Result<()> {
    let (certificate, profile, device, feature) = place;
    sql!(
        "INSERT INTO copies (id, certificate_id, device_id, enrolment_id, profile_id, feature, purpose, state, channel,
                             version, created_at, updated_at)
         SELECT $1, $2, $3, id, $4, $5, 'use', 'pending', channel, 1, $6, $6
         FROM enrolments WHERE device_id = $3 AND state = 'active'
         ON CONFLICT (certificate_id, enrolment_id, feature) DO NOTHING",
        id,
        certificate,
        device,
        profile,
        feature,
        now
    )
    .execute(tx)
    .await?;
    note_on_device(tx, &[certificate]).await
}

/// Notes of certificates whether they are on a device now, or on their way to one. They are locked, or nobody else knows
/// them yet: what another transaction does with their copies must not come in between.
///
/// # Errors
/// When the database refuses.
pub async fn note_on_device(tx: &mut WriteTx, certificates: &[CertificateId]) -> Result<()> {
    for chunk in certificates.chunks(IN_A_LIST) {
        let mut query =
            Sql::new("UPDATE certificates SET on_device = NOT on_device WHERE id IN (").in_order(tx.engine());
        query.bind_list(chunk).push(
            ") AND on_device <> EXISTS (SELECT 1 FROM copies WHERE copies.certificate_id = certificates.id
                                        AND copies.state NOT IN ('removing', 'removed'))",
        );
        query.execute(tx).await?;
    }
    Ok(())
}

/// Every copy of a certificate.
///
/// # Errors
/// When the database refuses.
pub async fn of_certificate(conn: &mut Conn, certificate: CertificateId) -> Result<Vec<CopyInWork>> {
    let mut query = Sql::select::<CopyInWork>();
    query.push(" WHERE certificate_id = ").bind(&certificate).push(" ORDER BY id");
    query.all(conn).await
}

/// The certificates of copies, in the order of their ids; of copies that are not there, nothing.
///
/// # Errors
/// When the database refuses.
pub async fn certificates_of(conn: &mut Conn, ids: &[CopyId]) -> Result<Vec<CertificateId>> {
    let mut found = Vec::with_capacity(ids.len());
    for chunk in ids.chunks(IN_A_LIST) {
        let mut query = Sql::new("SELECT certificate_id FROM copies WHERE id IN (").in_order(conn.engine());
        query.bind_list(chunk).push(")");
        found.extend(query.scalars::<CertificateId>(conn).await?);
    }
    found.sort_unstable();
    found.dedup();
    Ok(found)
}

/// A copy, locked until the transaction ends.
///
/// # Errors
/// [`StoreError::NotFound`] when there is none.
pub async fn lock(tx: &mut WriteTx, id: CopyId) -> Result<CopyInWork> {
    let mut query = Sql::select::<CopyInWork>();
    query.push(" WHERE id = ").bind(&id).push(dialect::for_update(tx.engine()));
    query.one(tx, "copy").await
}

/// Copies, locked until the transaction ends, in the order of their ids; those that are not there are left out.
///
/// # Errors
/// When the database refuses.
pub async fn lock_all(tx: &mut WriteTx, ids: &[CopyId]) -> Result<Vec<CopyInWork>> {
    let mut ids = ids.to_vec();
    ids.sort_unstable();
    let mut found = Vec::with_capacity(ids.len());
    for chunk in ids.chunks(IN_A_LIST) {
        let engine = tx.engine();
        let mut query = Sql::select::<CopyInWork>().in_order(engine);
        query.push(" WHERE id IN (").bind_list(chunk).push(") ORDER BY id").push(dialect::for_update(engine));
        found.extend(query.all::<CopyInWork>(tx).await?);
    }
    Ok(found)
}

/// Saves a copy that was locked.
///
/// # Errors
/// [`StoreError::Stale`] when somebody changed it in between.
pub async fn save(tx: &mut WriteTx, copy: &CopyInWork, now: Timestamp) -> Result<()> {
    let saved = sql!(
        "UPDATE copies SET state = $3, management_certificate_id = $4, envelope_id = $5, offered_at = $6,
                installed_at = $7, removal_offered_at = $8, removed_at = $9, cause = $10, remedy = $11,
                updated_at = $12, version = version + 1
         WHERE id = $1 AND version = $2",
        copy.id,
        copy.version,
        copy.state,
        copy.management_certificate_id,
        copy.envelope_id,
        copy.offered_at,
        copy.installed_at,
        copy.removal_offered_at,
        copy.removed_at,
        copy.cause,
        copy.remedy,
        now
    );
    if saved.execute(tx).await? == 1 { Ok(()) } else { Err(StoreError::Stale { what: "copy" }) }
}

/// A sealed PFX.
#[derive(Debug)]
pub struct NewEnvelope {
    /// Its id.
    pub id: EnvelopeId,
    /// For which copy.
    pub copy: CopyId,
    /// For which management certificate.
    pub management_certificate: ManagementCertificateId,
    /// CMS.
    pub cms: Vec<u8>,
    /// SHA-256 of that.
    pub digest: ContentDigest,
}

/// Stores the envelope of a copy that has none: see [`discard_envelopes`].
///
/// # Errors
/// When the database refuses.
pub async fn insert_envelope(tx: &mut WriteTx, envelope: &NewEnvelope, now: Timestamp) -> Result<()> {
    sql!(
        "INSERT INTO envelopes (id, copy_id, management_certificate_id, cms, digest, created_at)
         VALUES ($1, $2, $3, $4, $5, $6)",
        envelope.id,
        envelope.copy,
        envelope.management_certificate,
        envelope.cms,
        envelope.digest,
        now
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// Throws a copy's envelopes away: it is installed, or not wanted any more.
///
/// # Errors
/// When the database refuses.
pub async fn discard_envelopes(tx: &mut WriteTx, copy: CopyId) -> Result<()> {
    sql!("DELETE FROM envelopes WHERE copy_id = $1", copy).execute(tx).await?;
    Ok(())
}

table_row! {
    /// The certificate by which a device authenticates, and to which envelopes for it are sealed.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct Recipient in "management_certificates" {
        /// Its id.
        pub id: ManagementCertificateId,
        /// SHA-256 of it.
        pub thumbprint: Thumbprint,
        /// Itself.
        pub der: Vec<u8>,
    }
}

/// The newest management certificate of the device's present enrolment; none when the device is not enrolled.
///
/// # Errors
/// When the database refuses.
pub async fn recipient(conn: &mut Conn, device: DeviceId) -> Result<Option<Recipient>> {
    let mut query = Sql::select::<Recipient>();
    query.push(
        " JOIN enrolments ON enrolments.id = management_certificates.enrolment_id
          WHERE enrolments.state = 'active' AND management_certificates.device_id = ",
    );
    query.bind(&device).push(" ORDER BY management_certificates.generation DESC LIMIT 1");
    query.optional(conn).await
}
