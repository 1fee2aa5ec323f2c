//! Copies: certificates on devices. The pipeline's own changes stand in [`super::steps`].

use certporter_model::Timestamp;
use certporter_model::copy::CopyState;
use certporter_model::feature::Feature;
use certporter_model::ids::{
    CertificateId, CopyId, DeviceId, EnrolmentId, EnvelopeId, ManagementCertificateId, ProfileId,
};

use super::{Conn, Result, Sql, WriteTx, by_id, save, table_row};

table_row! {
    /// A copy.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct Copy in "copies" {
        /// Its id.
        pub id: CopyId,
        /// Of which certificate.
        pub certificate_id: CertificateId,
        /// On which device.
        pub device_id: DeviceId,
        /// Under which enrolment of it.
        pub enrolment_id: EnrolmentId,
        /// Of which profile.
        pub profile_id: ProfileId,
        /// For what.
        pub feature: Feature,
        /// "use", or "decrypt": only to read what was encrypted to it.
        pub purpose: String,
        /// Where it is.
        pub state: CopyState,
        /// By which channel it goes: "agent", "download".
        pub channel: String,
        /// The management certificate that its envelope is sealed for.
        pub management_certificate_id: Option<ManagementCertificateId>,
        /// What was sealed.
        pub envelope_id: Option<EnvelopeId>,
        /// Offered then.
        pub offered_at: Option<Timestamp>,
        /// Confirmed to be installed then.
        pub installed_at: Option<Timestamp>,
        /// The device was told then to remove it.
        pub removal_offered_at: Option<Timestamp>,
        /// Confirmed to be gone then.
        pub removed_at: Option<Timestamp>,
        /// Why it failed.
        pub cause: Option<String>,
        /// What to do about it.
        pub remedy: Option<String>,
        /// Counts changes; [`update`] refuses an older one.
        pub version: i64,
        /// Made then.
        pub created_at: Timestamp,
        /// Changed last then.
        pub updated_at: Timestamp,
    }
}

/// A new copy.
///
/// # Errors
/// A conflict with `copies__certificate_id__enrolment_id__feature`.
pub async fn insert(tx: &mut WriteTx, copy: &Copy) -> Result<()> {
    super::insert(tx, copy).await
}

/// New copies.
///
/// # Errors
/// As [`insert`].
pub async fn insert_all(tx: &mut WriteTx, copies: &[Copy]) -> Result<()> {
    super::insert_all(tx, copies).await
}

/// Changes a copy.
///
/// # Errors
/// Stale when somebody else changed it.
pub async fn update(tx: &mut WriteTx, copy: &Copy) -> Result<()> {
    save(tx, copy, "copy").await
}

/// The copy of that id.
///
/// # Errors
/// When there is none.
pub async fn get(conn: &mut Conn, id: CopyId) -> Result<Copy> {
    by_id(conn, &id, "copy").await
}

/// The copies of those ids.
///
/// # Errors
/// When the database refuses.
pub async fn by_ids(conn: &mut Conn, ids: &[CopyId]) -> Result<Vec<Copy>> {
    let mut query = Sql::select::<Copy>();
    query.push(" WHERE id IN (").bind_list(ids).push(") ORDER BY id");
    query.all(conn).await
}

/// The copies on a device, those that are gone included.
///
/// # Errors
/// When the database refuses.
pub async fn of_device(conn: &mut Conn, device: DeviceId) -> Result<Vec<Copy>> {
    let mut query = Sql::select::<Copy>();
    query.push(" WHERE device_id = ").bind(&device).push(" ORDER BY id");
    query.all(conn).await
}

/// The copies of these certificates, those that are gone included.
///
/// # Errors
/// When the database refuses.
pub async fn of_certificates(conn: &mut Conn, certificates: &[CertificateId]) -> Result<Vec<Copy>> {
    let mut query = Sql::select::<Copy>();
    query.push(" WHERE certificate_id IN (").bind_list(certificates).push(") ORDER BY id");
    query.all(conn).await
}
