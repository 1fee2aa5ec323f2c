//! The proof of a revocation: who wanted it and why, how far it is, and from when on no relying party may accept the
//! certificate any more, computed from what was published.

use std::time::Duration;

use certporter_model::access::Caller;
use certporter_model::certificate::{CertificateStatus, RevocationKind};
use certporter_model::copy::CopyState;
use certporter_model::feature::Feature;
use certporter_model::thumbprint::Thumbprint;
use certporter_model::{CertificateId, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::certificates::{self, CertificateView, RevocationView};
use super::error::ServiceError;
use super::operation::Operation;
use super::portal::Portal;
use super::reference::{CertificateReference, DeviceReference};
use crate::store::revocations::{self, Revocation};

/// By how much the clock of a relying party may be behind. Certificates and CRLs are backdated for the same.
pub const SKEW: Duration = crate::pki::issuance::BACKDATE;

/// The proof of a revocation or hold: what was asked, what has been done about it, and what may still be believed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RevocationProof {
    /// Which certificate.
    pub certificate: CertificateReference,
    /// Its subject (RFC 4514).
    pub subject: String,
    /// Its issuer (RFC 4514).
    pub issuer: String,
    /// SHA-256 of it.
    pub thumbprint: Thumbprint,
    /// Whether it is good now.
    pub status: CertificateStatus,
    /// The last that was asked, and when each part of it was done.
    pub revocation: RevocationView,
    /// What was asked before, newest first.
    pub earlier: Vec<RevocationView>,
    /// What is not done yet; empty when all is.
    pub open: Vec<OpenStep>,
    /// The CRL's part.
    pub crl: Option<CrlEvidence>,
    /// OCSP's part.
    pub ocsp: Option<OcspEvidence>,
    /// What the devices have reported.
    pub devices: Vec<RemovalEvidence>,
    /// No relying party may accept the certificate after this: then every CRL and OCSP answer without the revocation
    /// has run out, for clocks that are behind too. Absent while that can't be known: until the CRL has it, when its
    /// CA publishes by itself, and when it was released.
    pub refused_after: Option<Timestamp>,
    /// By how many seconds the clocks of relying parties may be behind; it is in `refused_after`.
    pub clock_skew_seconds: u64,
    /// When this was put together.
    pub as_of: Timestamp,
}

/// A part of a revocation that is not done yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum OpenStep {
    /// The CA does not have it.
    AtCa,
    /// No published CRL has it.
    InCrl,
    /// A device has not reported its copy gone.
    Removed,
}

/// What the CRL says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CrlEvidence {
    /// Where relying parties fetch it, as the certificate says (RFC 5280, section 4.2.1.13).
    pub urls: Vec<String>,
    /// The number of the CRL that has it.
    pub number: Option<i64>,
    /// When that was published.
    pub published_at: Option<Timestamp>,
    /// The latest nextUpdate of all CRLs without it (RFC 5280, section 5.1.2.5).
    pub good_without_until: Option<Timestamp>,
}

/// What OCSP answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct OcspEvidence {
    /// Where relying parties ask, as the certificate says (RFC 5280, section 4.2.2.1).
    pub urls: Vec<String>,
    /// Since when the answers have it.
    pub answered_since: Option<Timestamp>,
    /// The latest nextUpdate of the answers without it (RFC 6960, section 4.2.2.1).
    pub good_without_until: Option<Timestamp>,
}

/// A copy that had to go.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RemovalEvidence {
    /// From which device.
    pub device: DeviceReference,
    /// What it was used for.
    pub feature: Feature,
    /// Where it is.
    pub state: CopyState,
    /// When the device reported it gone.
    pub removed_at: Option<Timestamp>,
}

/// The proof of a certificate's revocation.
///
/// # Errors
/// When the caller may not, there is no such certificate, or it was never revoked or held.
pub async fn get(
    portal: &Portal,
    caller: &Caller,
    id: CertificateId,
) -> Result<RevocationProof, ServiceError> {
    let certificate = certificates::get_for(portal, caller, Operation::CertificatesRevocation, id).await?;
    let mut conn = portal.db().read().await?;
    let mut rows = revocations::of_certificate(&mut conn, id).await?;
    drop(conn);
    rows.reverse();
    proof(certificate, &rows, portal.now()).ok_or(ServiceError::NotFound { what: "revocation" })
}

/// None when there is nothing to prove.
fn proof(view: CertificateView, rows: &[Revocation], now: Timestamp) -> Option<RevocationProof> {
    let latest = rows.first()?;
    let mut shown = view.revocations.clone();
    if shown.is_empty() {
        return None;
    }
    let revocation = shown.remove(0);
    let released = latest.kind == RevocationKind::Release;
    let by_ocsp = !view.ocsp_urls.is_empty();
    let by_crl = !view.crl_urls.is_empty();
    let open = [
        (latest.at_ca_at, OpenStep::AtCa),
        (latest.in_crl_at, OpenStep::InCrl),
        (latest.removed_at, OpenStep::Removed),
    ];
    let open = open.into_iter().filter(|(done, _)| done.is_none()).map(|(_, step)| step);
    // A graver reason, or a revocation after a hold, changes nothing about who may accept it.
    let standing = rows.iter().take_while(|row| row.kind != RevocationKind::Release);
    let until = standing.filter_map(|row| good_without_until(row, by_crl, by_ocsp)).min();
    let not_after = view.certificate.not_after;
    Some(RevocationProof {
        certificate: CertificateReference {
            id: view.certificate.id,
            serial: view.certificate.serial.clone(),
            not_after,
        },
        subject: view.certificate.subject,
        issuer: view.issuer,
        thumbprint: view.thumbprint,
        status: view.certificate.status,
        open: open.collect(),
        crl: by_crl.then_some(CrlEvidence {
            urls: view.crl_urls,
            number: latest.crl_number,
            published_at: latest.in_crl_at,
            good_without_until: latest.crl_until,
        }),
        ocsp: by_ocsp.then(|| OcspEvidence {
            urls: view.ocsp_urls,
            // The responder answers by what the CA has.
            answered_since: latest.ocsp_until.and(latest.at_ca_at),
            good_without_until: latest.ocsp_until,
        }),
        devices: view
            .copies
            .into_iter()
            .map(|copy| RemovalEvidence {
                device: copy.device,
                feature: copy.feature,
                state: copy.state,
                removed_at: copy.removed_at,
            })
            .collect(),
        // Once it has expired nobody may accept it anyway.
        refused_after: until.filter(|_| !released).map(|until| until.min(not_after).plus(SKEW)),
        clock_skew_seconds: SKEW.as_secs(),
        as_of: now,
        revocation,
        earlier: shown,
    })
}

/// Until when something published before this revocation still says that the certificate is good: none while that is
/// not known of every source that the certificate names, or when it names none.
fn good_without_until(row: &Revocation, by_crl: bool, by_ocsp: bool) -> Option<Timestamp> {
    let crl = if by_crl { Some(row.crl_until?) } else { None };
    let ocsp = if by_ocsp { Some(row.ocsp_until?) } else { None };
    crl.max(ocsp)
}

#[cfg(test)]
mod tests {
    use certporter_model::access::Actor;
    use certporter_model::revocation::{Reason, Trigger};
    use certporter_model::{RevocationId, Timestamp};

    use super::*;

    fn row(crl_until: Option<i64>, ocsp_until: Option<i64>) -> Revocation {
        let at = Timestamp::from_seconds(1000);
        Revocation {
            id: RevocationId::new(at, [0; 10]),
            certificate_id: CertificateId::new(at, [1; 10]),
            kind: RevocationKind::Revoke,
            reason: Reason::KeyCompromise,
            trigger_kind: Trigger::Asked,
            actor: Actor::Anonymous,
            explanation: None,
            requested_at: at,
            at_ca_at: None,
            crl_number: None,
            in_crl_at: None,
            crl_until: crl_until.map(Timestamp::from_seconds),
            ocsp_until: ocsp_until.map(Timestamp::from_seconds),
            removed_at: None,
            finished_at: None,
        }
    }

    #[test]
    fn it_is_known_when_each_source_is() {
        let until = |crl, ocsp, by_crl, by_ocsp| good_without_until(&row(crl, ocsp), by_crl, by_ocsp);
        let at = |seconds| Some(Timestamp::from_seconds(seconds));
        assert_eq!(until(Some(20), Some(10), true, true), at(20));
        assert_eq!(until(Some(20), Some(30), true, true), at(30));
        assert_eq!(until(None, Some(30), true, true), None);
        assert_eq!(until(Some(20), None, true, true), None);
        assert_eq!(until(Some(20), None, true, false), at(20));
        assert_eq!(until(None, Some(30), false, true), at(30));
        assert_eq!(until(None, None, false, false), None);
    }
}
