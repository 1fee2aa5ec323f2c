//! Issuing CAs and their generations: one key and certificate each.

use certporter_model::Timestamp;
use certporter_model::ids::{CaGenerationId, CaId};
use certporter_model::thumbprint::{PublicKeyHash, Thumbprint};

use super::{Conn, Result, Sql, WriteTx, dialect, sql, table_row};

/// The kind of the portal's own CA.
pub const BUILTIN: &str = "builtin";

table_row! {
    /// An issuing CA, whatever its generations.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct Ca in "cas" {
        /// Its id.
        pub id: CaId,
        /// What profiles call it.
        pub name: String,
        /// Which kind of CA: "builtin", "devices", and external ones.
        pub kind: String,
        /// What it can, as JSON.
        pub capabilities: String,
        /// Address and credentials of an external CA, sealed with the master key.
        pub sealed_config: Option<Vec<u8>>,
        /// When it was made.
        pub created_at: Timestamp,
    }
}

table_row! {
    /// One key and certificate of a CA. The private key rests sealed with the master key.
    #[derive(Clone, PartialEq, Eq)]
    pub struct CaGeneration in "ca_generations" {
        /// Its id.
        pub id: CaGenerationId,
        /// Whose it is.
        pub ca_id: CaId,
        /// Counts from 1 for a CA and purpose.
        pub generation: u32,
        /// "root", "issuing" or "device".
        pub purpose: String,
        /// The generation that signed its certificate; none for a root.
        pub parent_id: Option<CaGenerationId>,
        /// The certificate.
        pub certificate_der: Vec<u8>,
        /// SHA-256 of the certificate.
        pub thumbprint: Thumbprint,
        /// SHA-256 of its public key.
        pub public_key_hash: PublicKeyHash,
        /// The private key; none for an external CA.
        pub sealed_key: Option<Vec<u8>>,
        /// The beginning of the certificate's validity.
        pub not_before: Timestamp,
        /// The end of it.
        pub not_after: Timestamp,
        /// "active" issues; "retired" only signs CRLs.
        pub state: String,
        /// When it was made.
        pub created_at: Timestamp,
    }
}

/// Without the sealed key.
impl std::fmt::Debug for CaGeneration {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CaGeneration")
            .field("id", &self.id)
            .field("purpose", &self.purpose)
            .field("generation", &self.generation)
            .finish_non_exhaustive()
    }
}

/// Every CA that is not deleted, by name.
///
/// # Errors
/// When the database fails.
pub async fn cas(conn: &mut Conn) -> Result<Vec<Ca>> {
    let mut query = Sql::select::<Ca>();
    query.push(" WHERE deleted_at IS NULL ORDER BY name");
    query.all(conn).await
}

/// The CA of a name.
///
/// # Errors
/// When there is none.
pub async fn ca_named(conn: &mut Conn, name: &str) -> Result<Ca> {
    let mut query = Sql::select::<Ca>();
    query.push(" WHERE deleted_at IS NULL AND name = ").bind(name);
    query.one(conn, "issuing CA").await
}

/// Makes a CA.
///
/// # Errors
/// Conflict when the name is taken.
pub async fn insert_ca(tx: &mut WriteTx, ca: &Ca) -> Result<()> {
    sql!(
        "INSERT INTO cas (id, name, kind, capabilities, sealed_config, version, created_at, updated_at)
         VALUES ($1, $2, $3, $4, $5, 1, $6, $6)",
        ca.id,
        ca.name,
        ca.kind,
        ca.capabilities,
        ca.sealed_config,
        ca.created_at
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// Makes a generation.
///
/// # Errors
/// Conflict when the CA has one of that purpose and number.
pub async fn insert_generation(tx: &mut WriteTx, it: &CaGeneration) -> Result<()> {
    sql!(
        "INSERT INTO ca_generations (id, ca_id, generation, purpose, parent_id, certificate_der, thumbprint,
         public_key_hash, sealed_key, not_before, not_after, state, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)",
        it.id,
        it.ca_id,
        it.generation,
        it.purpose,
        it.parent_id,
        it.certificate_der,
        it.thumbprint,
        it.public_key_hash,
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

/// A generation issues no more; its CRL and OCSP answers go on. Answers whether it issued until now.
///
/// # Errors
/// When the database fails.
pub async fn retire(tx: &mut WriteTx, id: CaGenerationId) -> Result<bool> {
    let query = sql!("UPDATE ca_generations SET state = 'retired' WHERE id = $1 AND state = 'active'", id);
    Ok(query.execute(tx).await? == 1)
}

/// Whether a generation issues. None retires it until the transaction ends.
///
/// # Errors
/// When the database fails.
pub async fn issues(tx: &mut WriteTx, id: CaGenerationId) -> Result<bool> {
    let mut query = Sql::new("SELECT state FROM ca_generations WHERE id = ");
    query.bind(&id).push(dialect::for_share(tx.engine()));
    Ok(query.optional_scalar::<String>(tx).await?.as_deref() == Some("active"))
}

/// Every generation of a CA, the oldest first.
///
/// # Errors
/// When the database fails.
pub async fn generations(conn: &mut Conn, ca_id: CaId) -> Result<Vec<CaGeneration>> {
    let mut query = Sql::select::<CaGeneration>();
    query.push(" WHERE ca_id = ").bind(&ca_id).push(" ORDER BY purpose, generation");
    query.all(conn).await
}

/// A generation.
///
/// # Errors
/// When there is none.
pub async fn generation(conn: &mut Conn, id: CaGenerationId) -> Result<CaGeneration> {
    let mut query = Sql::select::<CaGeneration>();
    query.push(" WHERE id = ").bind(&id);
    query.one(conn, "CA generation").await
}
