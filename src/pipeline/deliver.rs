//! From an issued certificate to copies that devices can fetch: the key goes into escrow, and a PFX is sealed for each
//! device's management certificate.

use certporter_model::certificate::{CertificateStatus, Standing};
use certporter_model::copy::CopyState;
use certporter_model::escrow::{EscrowPolicy, EscrowState};
use certporter_model::profile::Profile;
use certporter_model::request::{RequestState, Step};
use certporter_model::revocation::{Reason, Trigger};
use certporter_model::{CertificateId, EnvelopeId, RequestId, Timestamp};

use super::error::{StepError, kra_error};
use super::queue::Outcome;
use super::{Pipeline, fault, reports, timeline};
use crate::kra::ResealOrder;
use crate::pki::{Certificate, digest};
use crate::random::octets;
use crate::store::escrowed_keys::EscrowedKey;
use crate::store::steps::certificates::{self, CertificateInWork};
use crate::store::steps::copies::{self, CopyInWork, NewEnvelope, Recipient};
use crate::store::steps::requests;
use crate::store::{AuditEvent, Target, WriteTx, escrowed_keys, jobs};
use crate::wire::connector::Lease;

/// A copy with the envelope that was sealed for it.
struct Sealed {
    copy: CopyInWork,
    recipient: Recipient,
    cms: Vec<u8>,
}

/// Whether a copy may go to its device: for use only while the certificate is good; to read old mail also after it was
/// revoked, unless its key may be in other hands.
fn may_be_delivered(certificate: &CertificateInWork, copy: &CopyInWork) -> bool {
    let compromised = certificate.reason.is_some_and(Reason::is_compromise);
    match (certificate.standing, certificate.status) {
        (Standing::Surplus, _) | (_, CertificateStatus::Held) => false,
        (_, CertificateStatus::Valid) => true,
        (Standing::History, CertificateStatus::Revoked) => copy.purpose == "decrypt" && !compromised,
        (_, CertificateStatus::Revoked) => false,
    }
}

impl Pipeline {
    /// The last step of a request: escrow, as its policy says, and the first copies.
    pub(super) async fn deliver(&self, lease: Lease, id: RequestId) -> Result<Outcome, StepError> {
        let mut conn = self.db.read().await?;
        let request = requests::get(&mut conn, id).await?;
        if !matches!(request.state, RequestState::Issued | RequestState::Escrowed) {
            return Ok(Outcome::Done);
        }
        let (Some(certificate), Some(key)) = (request.certificate_id, request.escrowed_key_id) else {
            return Ok(Outcome::Done);
        };
        let certificate = certificates::get(&mut conn, certificate).await?;
        let profile = self.profile(&mut conn, request.profile_id, request.profile_version).await?;
        let key = escrowed_keys::get(&mut conn, key).await?;
        drop(conn);
        let sealed = self.seal_copies(&certificate, &profile, &key).await?;
        let kept = key.policy != EscrowPolicy::None && key.state != EscrowState::Destroyed;
        let for_storage = if kept && request.state == RequestState::Issued {
            self.kra.for_storage(&key).await.map_err(kra_error)?
        } else {
            None
        };
        fault::point("after_seal");

        let now = self.clock.now();
        let random = self.random.as_ref();
        let mut tx = self.db.write(&Self::permit()?).await?;
        let mut request = requests::lock(&mut tx, id).await?;
        if request.state == RequestState::Issued {
            request.go(RequestState::Escrowed)?;
            if kept {
                if let Some(sealed) = &for_storage {
                    self.kra.store(&mut tx, key.id, sealed, now).await.map_err(kra_error)?;
                }
                let row = timeline::of_request(Step::Escrowed, &request, None);
                row.detail(key.policy.as_str()).write(&mut tx, now, random);
            }
        }
        let left = self.offer(&mut tx, &certificate, sealed, now).await?;
        if request.state == RequestState::Escrowed {
            request.go(RequestState::Completed)?;
        }
        requests::save(&mut tx, &request, now).await?;
        if key.policy == EscrowPolicy::None && left == 0 && key.state != EscrowState::Destroyed {
            // Every copy is sealed: nothing needs the key any more.
            escrowed_keys::destroy(&mut tx, key.id, Some(Trigger::Targeted), now).await?;
            timeline::of_request(Step::KeyDestroyed, &request, None).write(&mut tx, now, random);
        }
        Self::announce_request(&mut tx, &request);
        jobs::complete(&mut tx, lease.job, lease.fence, now).await?;
        fault::point("before_offer_commit");
        tx.commit(AuditEvent::new(now, "request.deliver", Target::one("request", id.as_uuid()))).await?;
        fault::point("after_offer");
        Ok(Outcome::Finished)
    }

    /// Seals and offers the pending copies of a certificate that was delivered before: a device that came later, a
    /// copy that went missing, a management certificate that was renewed.
    pub(super) async fn seal_pending(&self, lease: Lease, id: CertificateId) -> Result<Outcome, StepError> {
        let mut conn = self.db.read().await?;
        let certificate = certificates::get(&mut conn, id).await?;
        let profile = self.profile(&mut conn, certificate.profile_id, certificate.profile_version).await?;
        let key = match certificate.escrowed_key_id {
            Some(key) => escrowed_keys::get(&mut conn, key).await?,
            None => return Ok(Outcome::Done),
        };
        drop(conn);
        let sealed = self.seal_copies(&certificate, &profile, &key).await?;
        fault::point("after_seal");
        let now = self.clock.now();
        let mut tx = self.db.write(&Self::permit()?).await?;
        self.offer(&mut tx, &certificate, sealed, now).await?;
        jobs::complete(&mut tx, lease.job, lease.fence, now).await?;
        fault::point("before_offer_commit");
        tx.commit(AuditEvent::new(now, "certificate.seal", Target::one("certificate", id.as_uuid()))).await?;
        fault::point("after_offer");
        Ok(Outcome::Finished)
    }

    /// Seals every pending copy whose device has a management certificate.
    async fn seal_copies(
        &self,
        certificate: &CertificateInWork,
        profile: &Profile,
        key: &EscrowedKey,
    ) -> Result<Vec<Sealed>, StepError> {
        if key.sealed.is_none() {
            return Ok(Vec::new());
        }
        let mut conn = self.db.read().await?;
        let pending = copies::of_certificate(&mut conn, certificate.id).await?;
        let mut places = Vec::new();
        let due = |copy: &CopyInWork| copy.state == CopyState::Pending && may_be_delivered(certificate, copy);
        for copy in pending.into_iter().filter(due) {
            if let Some(recipient) = copies::recipient(&mut conn, copy.device_id).await? {
                places.push((copy, recipient));
            }
        }
        let chain = if places.is_empty() {
            Vec::new()
        } else {
            self.chain(&mut conn, certificate.ca_generation_id).await?
        };
        let leaf = Certificate::parse(&certificates::der(&mut conn, certificate.id).await?)?;
        drop(conn);
        let mut sealed = Vec::with_capacity(places.len());
        for (copy, recipient) in places {
            let order = ResealOrder {
                recipient: Certificate::parse(&recipient.der)?,
                certificate: leaf.clone(),
                chain: chain.clone(),
                format: profile.pfx_format(),
                friendly_name: profile.name().to_string(),
                feature: copy.feature,
            };
            let cms = self.kra.reseal(key, &order).await.map_err(kra_error)?;
            sealed.push(Sealed { copy, recipient, cms });
        }
        Ok(sealed)
    }

    /// Stores the envelopes and tells the devices. Answers how many pending copies are left without one.
    async fn offer(
        &self,
        tx: &mut WriteTx,
        certificate: &CertificateInWork,
        sealed: Vec<Sealed>,
        now: Timestamp,
    ) -> Result<usize, StepError> {
        let random = self.random.as_ref();
        // Whatever happened to the certificate since it was read: a revoked one is not delivered for use.
        let standing = certificates::lock(tx, certificate.id).await?;
        for Sealed { copy, recipient, cms } in sealed {
            let mut copy = copies::lock(tx, copy.id).await?;
            if copy.state != CopyState::Pending || !may_be_delivered(&standing, &copy) {
                continue;
            }
            let envelope = NewEnvelope {
                id: EnvelopeId::new(now, octets(random)),
                copy: copy.id,
                management_certificate: recipient.id,
                digest: digest::content_digest(&cms),
                cms,
            };
            if copy.management_certificate_id.is_some() {
                // It was sealed before.
                copies::discard_envelopes(tx, copy.id).await?;
            }
            copies::insert_envelope(tx, &envelope, now).await?;
            copy.go(CopyState::Offered)?;
            copy.envelope_id = Some(envelope.id);
            copy.management_certificate_id = Some(recipient.id);
            copy.offered_at = Some(now);
            copies::save(tx, &copy, now).await?;
            for step in [Step::Sealed, Step::Offered] {
                let row = timeline::of_copy(step, &copy, certificate);
                row.detail(copy.feature.as_str()).write(tx, now, random);
            }
            reports::announce(tx, &copy, certificate);
        }
        let all = copies::of_certificate(tx, certificate.id).await?;
        Ok(all.iter().filter(|copy| copy.state == CopyState::Pending).count())
    }
}
