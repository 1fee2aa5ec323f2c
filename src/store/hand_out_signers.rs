//! Who signs configuration profiles: key and certificate, the private key sealed with the master key.

use certporter_model::Timestamp;
use certporter_model::ids::CaGenerationId;

use super::{Conn, Result, Sql, WriteTx, table_row};

table_row! {
    /// A signer.
    #[derive(Clone, PartialEq, Eq)]
    pub struct HandOutSignerRow in "hand_out_signers" {
        /// Counts from 1; the highest signs.
        pub number: i64,
        /// The generation of the built-in CA that certified it.
        pub ca_generation_id: CaGenerationId,
        /// The certificate.
        pub certificate_der: Vec<u8>,
        /// The private key.
        pub sealed_key: Vec<u8>,
        /// The beginning of the certificate's validity.
        pub not_before: Timestamp,
        /// The end of it.
        pub not_after: Timestamp,
        /// When it was made.
        pub created_at: Timestamp,
    }
}

/// Without the sealed key.
impl std::fmt::Debug for HandOutSignerRow {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("HandOutSignerRow").field("number", &self.number).finish_non_exhaustive()
    }
}

/// The one that was made last.
///
/// # Errors
/// When the database refuses.
pub async fn newest(conn: &mut Conn) -> Result<Option<HandOutSignerRow>> {
    let mut query = Sql::select::<HandOutSignerRow>();
    query.push(" ORDER BY number DESC LIMIT 1");
    query.optional(conn).await
}

/// All of them, those whose certificates ended too: one more in some years.
///
/// # Errors
/// When the database refuses.
pub async fn all(conn: &mut Conn) -> Result<Vec<HandOutSignerRow>> {
    let mut query = Sql::select::<HandOutSignerRow>();
    query.push(" ORDER BY number");
    query.all(conn).await
}

/// Keeps a new one.
///
/// # Errors
/// Conflict when another process has made that number.
pub async fn insert(tx: &mut WriteTx, row: &HandOutSignerRow) -> Result<()> {
    super::insert(tx, row).await
}
