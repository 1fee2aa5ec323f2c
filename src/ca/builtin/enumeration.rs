//! What the ledger has, page by page, and single certificates with how they stand.

use certporter_model::serial::SerialNumber;

use super::BuiltinCa;
use crate::ca::contract::{CaError, Listed, Listing, LookedUp};
use crate::pki::Certificate;
use crate::store::hand_out_signers;
use crate::store::issued_certificates::{self, PageEntry};

impl BuiltinCa {
    /// A page of what its issuing keys have signed for holders. What it signed for itself, as for its OCSP responder and
    /// for whoever signs configuration profiles, is no affair of anybody else's.
    pub(super) async fn page(&self, after: Option<&SerialNumber>, most: u32) -> Result<Listing, CaError> {
        let mut conn = self.0.db.read().await?;
        let mut entries: Vec<PageEntry> = Vec::new();
        for generation in self.generations().await?.iter().filter(|it| it.row.purpose == "issuing") {
            entries.extend(issued_certificates::page(&mut conn, generation.row.id, after, most).await?);
        }
        entries.sort_by(|a, b| a.serial.as_octets().cmp(b.serial.as_octets()));
        let more = entries.len() >= usize::try_from(most).unwrap_or(usize::MAX);
        entries.truncate(usize::try_from(most).unwrap_or(usize::MAX));
        let own: Vec<SerialNumber> = hand_out_signers::all(&mut conn)
            .await?
            .iter()
            .map(|signer| Ok(Certificate::parse(&signer.certificate_der)?.serial().clone()))
            .collect::<Result<_, CaError>>()?;
        entries.retain(|entry| !own.contains(&entry.serial));
        let certificates = entries.into_iter().map(|entry| Listed {
            serial: entry.serial,
            standing: Some(entry.revoked_at.zip(entry.reason)),
            not_after: Some(entry.not_after),
        });
        Ok(Listing { certificates: certificates.collect(), more })
    }

    /// One certificate of the ledger.
    pub(super) async fn by_serial(&self, serial: &SerialNumber) -> Result<Option<LookedUp>, CaError> {
        let mut conn = self.0.db.read().await?;
        for generation in self.generations().await?.iter() {
            let id = generation.row.id;
            let Some(entry) = issued_certificates::get(&mut conn, id, serial).await? else { continue };
            let standing = entry.revoked_at.zip(entry.reason);
            if let Some(der) = entry.der {
                let certificate = Certificate::parse(&der)?;
                return Ok(Some(LookedUp { certificate, generation: Some(id), standing }));
            }
        }
        Ok(None)
    }
}
