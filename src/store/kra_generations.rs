//! Keys of the key recovery agent (KRA), by kind and generation.

use certporter_model::Timestamp;
use certporter_model::ids::KraGenerationId;
use certporter_model::thumbprint::Thumbprint;

use super::{Conn, Result, Sql, WriteTx, sql, table_row};

table_row! {
    /// One key and certificate of the KRA. The private key rests sealed with the master key.
    #[derive(Clone, PartialEq, Eq)]
    pub struct KraGeneration in "kra_generations" {
        /// Its id.
        pub id: KraGenerationId,
        /// "transport" or "storage".
        pub kind: String,
        /// Counts from 1 for a kind; the highest active one seals.
        pub generation: u32,
        /// The certificate.
        pub certificate_der: Vec<u8>,
        /// SHA-256 of the certificate.
        pub thumbprint: Thumbprint,
        /// The private key; none once it is destroyed.
        pub sealed_key: Option<Vec<u8>>,
        /// The beginning of the certificate's validity.
        pub not_before: Timestamp,
        /// The end of it: it seals no more after that, and opens as ever.
        pub not_after: Timestamp,
        /// "active" seals and opens; "retired" only opens.
        pub state: String,
        /// When it was made.
        pub created_at: Timestamp,
    }
}

/// Without the sealed key.
impl std::fmt::Debug for KraGeneration {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("KraGeneration")
            .field("id", &self.id)
            .field("kind", &self.kind)
            .field("generation", &self.generation)
            .finish_non_exhaustive()
    }
}

/// Every generation, the oldest first.
///
/// # Errors
/// When the database fails.
pub async fn all(conn: &mut Conn) -> Result<Vec<KraGeneration>> {
    let mut query = Sql::select::<KraGeneration>();
    query.push(" ORDER BY kind, generation");
    query.all(conn).await
}

/// Makes a generation; those of its kind before it retire.
///
/// # Errors
/// Conflict when there is one of that kind and number.
pub async fn insert(tx: &mut WriteTx, it: &KraGeneration) -> Result<()> {
    sql!(
        "UPDATE kra_generations SET state = 'retired' WHERE kind = $1 AND generation < $2",
        it.kind,
        it.generation
    )
    .execute(tx)
    .await?;
    sql!(
        "INSERT INTO kra_generations (id, kind, generation, certificate_der, thumbprint, sealed_key, not_before,
         not_after, state, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        it.id,
        it.kind,
        it.generation,
        it.certificate_der,
        it.thumbprint,
        it.sealed_key,
        it.not_before,
        it.not_after,
        it.state,
        it.created_at
    )
    .execute(tx)
    .await?;
    Ok(())
}
