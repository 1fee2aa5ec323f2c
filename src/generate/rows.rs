//! Rows that were drawn, until they are written together.

use crate::store::certificates::{self, Certificate};
use crate::store::copies::Copy;
use crate::store::enrolments::EnrolmentRow;
use crate::store::escrowed_keys::EscrowedKey;
use crate::store::issued_certificates::LedgerEntry;
use crate::store::management_certificates::ManagementCertificateRow;
use crate::store::requests::Request;
use crate::store::steps::copies;
use crate::store::{Result, WriteTx, insert_all};

/// Of every table that holdings go into.
#[derive(Default)]
pub(super) struct Rows {
    pub(super) enrolments: Vec<EnrolmentRow>,
    pub(super) management: Vec<ManagementCertificateRow>,
    pub(super) requests: Vec<Request>,
    pub(super) keys: Vec<EscrowedKey>,
    pub(super) certificates: Vec<Certificate>,
    pub(super) ledger: Vec<LedgerEntry>,
    pub(super) copies: Vec<Copy>,
}

impl Rows {
    /// Takes others in.
    pub(super) fn append(&mut self, mut other: Self) {
        self.enrolments.append(&mut other.enrolments);
        self.management.append(&mut other.management);
        self.requests.append(&mut other.requests);
        self.keys.append(&mut other.keys);
        self.certificates.append(&mut other.certificates);
        self.ledger.append(&mut other.ledger);
        self.copies.append(&mut other.copies);
    }

    /// Writes them.
    pub(super) async fn insert(&self, tx: &mut WriteTx) -> Result<()> {
        insert_all(tx, &self.enrolments).await?;
        insert_all(tx, &self.management).await?;
        insert_all(tx, &self.requests).await?;
        insert_all(tx, &self.keys).await?;
        insert_all(tx, &self.ledger).await?;
        certificates::insert_all(tx, &self.certificates).await?;
        insert_all(tx, &self.copies).await?;
        let all: Vec<_> = self.certificates.iter().map(|it| it.id).collect();
        copies::note_on_device(tx, &all).await
    }
}
