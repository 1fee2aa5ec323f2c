//! A certificate came. It is always recorded; whether it is the one that was asked for is another question.

use std::time::Duration;

use certporter_model::certificate::{CertificateStatus, Standing};
use certporter_model::escrow::EscrowPolicy;
use certporter_model::key::KeyUsage;
use certporter_model::profile::{KeyScope, Profile};
use certporter_model::request::{RequestState, Step};
use certporter_model::revocation::{Reason, Trigger};
use certporter_model::subject_alternative_name::SanKind;
use certporter_model::{CaGenerationId, CertificateId, CopyId, EscrowedKeyId, RequestId, Timestamp};

use super::error::StepError;
use super::orders::ConnectorIdentity;
use super::revoke::{self, Why};
use super::work::{ReplanScope, Work};
use super::{Pipeline, fault, timeline};
use crate::pki::check::{self, Difference};
use crate::pki::{Asked, Certificate};
use crate::random::octets;
use crate::store::steps::certificates::{self, CertificateInWork, NewCertificate};
use crate::store::steps::copies;
use crate::store::steps::requests::{self, RequestInWork};
use crate::store::{
    AuditEvent, StoreError, Target, WriteTx, escrowed_keys, external_cas, jobs, profiles, search_key,
};
use crate::wire::connector::Lease;

/// How far before the request a certificate may begin that was signed for it.
const DATED_BACK: Duration = Duration::from_secs(86_400);

/// What becomes of a certificate that came.
enum Verdict {
    /// It is the one that the request asked for.
    Right,
    /// It is recorded already.
    Known,
    /// It is one too many, or nobody wants it any more: revoked for this.
    Surplus(Why),
    /// It differs from what was asked: revoked, and the request fails.
    Wrong(Vec<Difference>),
}

impl Pipeline {
    /// Records a certificate that a connector brought, whoever has the lease by now: none is ever lost. If it is what
    /// an unfinished request asked for, the request goes on with it; any other is revoked.
    pub(super) async fn record_issued(
        &self,
        connector: &ConnectorIdentity,
        lease: Lease,
        id: RequestId,
        (der, generation, duration_ms): (&[u8], CaGenerationId, u32),
    ) -> Result<(), StepError> {
        let certificate = Certificate::parse(der)?;
        let now = self.clock.now();
        let mut tx = self.db.write(&connector.permit()?).await?;
        let held = match jobs::complete(&mut tx, lease.job, lease.fence, now).await {
            Ok(()) => true,
            Err(StoreError::Stale { .. }) => false,
            Err(error) => return Err(error.into()),
        };
        let mut request = requests::lock(&mut tx, id).await?;
        let profile = self.profile(&mut tx, request.profile_id, request.profile_version).await?;
        let verdict = self.verdict(&mut tx, &request, &profile, (&certificate, generation), now).await?;
        let target = Target::one("request", id.as_uuid());
        let event = match verdict {
            Verdict::Known => AuditEvent::new(now, "certificate.known", target),
            Verdict::Right => {
                let brought = (&certificate, generation, duration_ms);
                self.take(&mut tx, &mut request, &profile, brought, now).await?;
                AuditEvent::new(now, "certificate.issued", target)
            }
            Verdict::Surplus(why) => {
                self.record_surplus(&mut tx, &mut request, &profile, (&certificate, generation), &why, now)
                    .await?;
                AuditEvent::new(now, "certificate.surplus", target)
            }
            Verdict::Wrong(differences) => {
                let why = Why::revoked(Reason::CessationOfOperation, Trigger::Surplus);
                self.record_surplus(&mut tx, &mut request, &profile, (&certificate, generation), &why, now)
                    .await?;
                let list: Vec<String> = differences.iter().map(ToString::to_string).collect();
                let cause =
                    format!("the CA's certificate is not what the profile asked. {}", list.join("; "));
                let remedy =
                    "Change the CA's template or the profile so that they agree, then retry the request.";
                if !request.state.is_final() {
                    self.fail_with(&mut tx, &mut request, &cause, remedy, now).await?;
                }
                AuditEvent::new(now, "certificate.wrong", target).with("differences", cause)
            }
        };
        Self::announce_request(&mut tx, &request);
        fault::point("before_issued_commit");
        let thumbprint = certificate.thumbprint().to_string();
        tx.commit(event.with("thumbprint", thumbprint).with("lease_held", held)).await?;
        fault::point("after_issued");
        self.queue.wake();
        if held { Ok(()) } else { Err(StepError::LeaseLost) }
    }

    async fn verdict(
        &self,
        tx: &mut WriteTx,
        request: &RequestInWork,
        profile: &Profile,
        (certificate, generation): (&Certificate, CaGenerationId),
        now: Timestamp,
    ) -> Result<Verdict, StepError> {
        if certificates::by_thumbprint(tx, certificate.thumbprint()).await?.is_some() {
            return Ok(Verdict::Known);
        }
        let open = matches!(
            request.state,
            RequestState::KeyGenerated | RequestState::Submitted | RequestState::Pending
        );
        if !open {
            let why = match request.cancelled_trigger.filter(|_| request.state == RequestState::Cancelled) {
                Some(trigger) => {
                    let known = request.cancelled_reason.filter(|reason| *reason != Reason::CertificateHold);
                    Why::revoked(known.unwrap_or_else(|| revoke::reason_of(trigger)), trigger)
                }
                None => Why::revoked(Reason::Superseded, Trigger::Surplus),
            };
            return Ok(Verdict::Surplus(why));
        }
        let issuer = self.issuer(tx, generation).await?;
        let names = request.names()?;
        let names = names.ready().map_err(|error| StoreError::Other(error.to_string()))?.clone();
        let asked = Asked::of_profile(profile, names.subject, names.subject_alternative_names, names.sid);
        let hash = request.public_key_hash.unwrap_or_else(|| certificate.public_key_hash());
        // A CA that took days signed about when its certificate begins, not now. Many date it back a little.
        let earliest = request.created_at.minus(DATED_BACK);
        let at = if certificate.not_before() > earliest && certificate.not_before() < now {
            certificate.not_before()
        } else {
            now
        };
        let mut differences = check::differences(certificate, &asked, hash, &issuer.certificate, at)?;
        if issuer.ca != self.builtin.id()
            && let Some(wanted) = external_cas::of(tx, issuer.ca).await?
        {
            differences.extend(check::addresses(
                certificate,
                wanted.crl_url.as_deref(),
                wanted.ocsp_url.as_deref(),
            ));
        }
        Ok(if differences.is_empty() { Verdict::Right } else { Verdict::Wrong(differences) })
    }

    /// The certificate that was asked for becomes the holder's current one, and the one before its predecessor.
    async fn take(
        &self,
        tx: &mut WriteTx,
        request: &mut RequestInWork,
        profile: &Profile,
        (certificate, generation, duration_ms): (&Certificate, CaGenerationId, u32),
        now: Timestamp,
    ) -> Result<(), StepError> {
        let random = self.random.as_ref();
        self.make_room(tx, request, profile, now).await?;
        let id = CertificateId::new(now, octets(random));
        let new = new_certificate(id, request, profile, (certificate, generation), Standing::Current)?;
        certificates::insert(tx, &new, now).await?;
        if request.state == RequestState::KeyGenerated {
            request.go(RequestState::Submitted)?;
            timeline::of_request(Step::Submitted, request, None).write(tx, now, random);
        }
        request.go(RequestState::Issued)?;
        request.certificate_id = Some(id);
        request.ca_generation_id = Some(generation);
        request.poll_at = None;
        requests::save(tx, request, now).await?;
        let row = timeline::of_request(Step::Issued, request, Some(id)).took(duration_ms);
        row.detail(format!("serial number {}", certificate.serial())).write(tx, now, random);
        // A device's certificate goes to that device, once for each feature; where a user's goes, the plan knows.
        if let (KeyScope::Device, Some(device)) = (profile.key_scope(), request.device_id) {
            // Features can change while the CA signs: they are nothing that its certificate depends on.
            let head = profiles::get(tx, request.profile_id).await?;
            let in_force = self.profile(tx, request.profile_id, head.current_version).await?;
            for feature in in_force.features() {
                let place = (id, request.profile_id, device, *feature);
                copies::insert_pending(tx, CopyId::new(now, octets(random)), place, now).await?;
            }
        } else if let Some(user) = request.user_id {
            let scope = ReplanScope::User { id: user };
            Work::ReplanInTurn { scope }.enqueue(tx, now, random).await?;
        }
        Work::Deliver { request: request.id }.enqueue(tx, now, random).await?;
        Ok(())
    }

    /// The current certificate becomes the predecessor; one that was still that gives way.
    async fn make_room(
        &self,
        tx: &mut WriteTx,
        request: &RequestInWork,
        profile: &Profile,
        now: Timestamp,
    ) -> Result<(), StepError> {
        let holder = (request.holder_kind, request.holder_id);
        let mut both = certificates::lock_standing(tx, request.profile_id, holder).await?;
        // The predecessor goes first: there is one at most.
        both.sort_by_key(|it| it.standing == Standing::Current);
        for mut it in both {
            it.standing = if it.standing == Standing::Predecessor {
                let readable = keeps_history(profile.key_usage(), profile.escrow());
                if readable { Standing::History } else { Standing::Former }
            } else {
                let dead = it.status == CertificateStatus::Revoked || it.not_after <= now;
                if dead { Standing::Former } else { Standing::Predecessor }
            };
            certificates::save(tx, &it, now).await?;
        }
        Ok(())
    }

    /// Records a certificate that is not to be used, and has it revoked.
    async fn record_surplus(
        &self,
        tx: &mut WriteTx,
        request: &mut RequestInWork,
        profile: &Profile,
        (certificate, generation): (&Certificate, CaGenerationId),
        why: &Why,
        now: Timestamp,
    ) -> Result<(), StepError> {
        let random = self.random.as_ref();
        let id = CertificateId::new(now, octets(random));
        let mut new = new_certificate(id, request, profile, (certificate, generation), Standing::Surplus)?;
        if request.certificate_id.is_some() {
            // The key belongs to the request's own certificate.
            new.work.escrowed_key_id = None;
        }
        certificates::insert(tx, &new, now).await?;
        let row = timeline::of_request(Step::Issued, request, Some(id));
        row.detail("not to be used: it is revoked").write(tx, now, random);
        revoke::ask_for(tx, id, why, now, random).await?;
        if request.certificate_id.is_none() {
            // Nothing will ever need the key. The next attempt, if there is one, makes another.
            if let Some(key) = self.own_key(tx, request).await? {
                escrowed_keys::destroy(tx, key, Some(why.trigger), now).await?;
                let row = timeline::of_request(Step::KeyDestroyed, request, Some(id));
                row.write(tx, now, random);
            }
            request.escrowed_key_id = None;
            request.public_key_hash = None;
            request.csr = None;
            request.ca_reference = None;
            if request.state == RequestState::Cancelled {
                request.certificate_id = Some(id);
            }
            requests::save(tx, request, now).await?;
            request.version += 1;
        }
        Ok(())
    }
}

impl Pipeline {
    /// Records a certificate that was found at the CA beside the request that it is of, which has ended, and has it
    /// revoked. None when it is on record.
    pub(super) async fn record_found(
        &self,
        tx: &mut WriteTx,
        request: RequestId,
        (certificate, generation): (&Certificate, CaGenerationId),
        now: Timestamp,
    ) -> Result<Option<CertificateId>, StepError> {
        if certificates::by_thumbprint(tx, certificate.thumbprint()).await?.is_some() {
            return Ok(None);
        }
        let mut request = requests::lock(tx, request).await?;
        let profile = self.profile(tx, request.profile_id, request.profile_version).await?;
        let why = Why::revoked(Reason::Superseded, Trigger::Surplus);
        let brought = (certificate, generation);
        self.record_surplus(tx, &mut request, &profile, brought, &why, now).await?;
        Self::announce_request(tx, &request);
        Ok(certificates::by_thumbprint(tx, certificate.thumbprint()).await?.map(|it| it.id))
    }

    /// The key that was generated for the request; one that was kept on renewal belongs to others too.
    async fn own_key(
        &self,
        tx: &mut WriteTx,
        request: &RequestInWork,
    ) -> Result<Option<EscrowedKeyId>, StepError> {
        let Some(key) = request.escrowed_key_id else { return Ok(None) };
        let key = escrowed_keys::get(tx, key).await?;
        Ok((key.request_id == request.id).then_some(key.id))
    }
}

fn keeps_history(usage: KeyUsage, escrow: EscrowPolicy) -> bool {
    usage.is_encryption() && escrow == EscrowPolicy::Retained
}

/// When a certificate is to be renewed: when so many percent of its life are left.
#[must_use]
pub fn renew_at(not_before: Timestamp, not_after: Timestamp, threshold_percent: u8) -> Timestamp {
    let life = not_after.since(not_before);
    not_after.minus(life * u32::from(threshold_percent) / 100)
}

fn new_certificate(
    id: CertificateId,
    request: &RequestInWork,
    profile: &Profile,
    (certificate, generation): (&Certificate, CaGenerationId),
    standing: Standing,
) -> Result<NewCertificate, StepError> {
    let names = certificate.alternative_names();
    let sans = serde_json::to_string(names).map_err(|error| StoreError::Other(error.to_string()))?;
    let upn = names.iter().find(|name| name.kind() == SanKind::Upn).map(|name| name.value().to_owned());
    let subject = certificate.subject_text();
    let serial = certificate.serial().clone();
    // Thumbprints are found by their beginning, in indexes of their own: here they would only be dear.
    let mut searched = vec![subject.clone(), serial.to_string()];
    searched.extend(names.iter().map(|name| name.value().to_owned()));
    let work = CertificateInWork {
        id,
        request_id: Some(request.id),
        profile_id: request.profile_id,
        profile_version: request.profile_version,
        holder_kind: request.holder_kind,
        holder_id: request.holder_id,
        user_id: request.user_id,
        device_id: request.device_id,
        ca_generation_id: generation,
        serial,
        thumbprint: certificate.thumbprint(),
        public_key_hash: certificate.public_key_hash(),
        not_after: certificate.not_after(),
        status: CertificateStatus::Valid,
        standing,
        reason: None,
        escrowed_key_id: request.escrowed_key_id,
        version: 1,
    };
    Ok(NewCertificate {
        der: certificate.as_der().to_vec(),
        sha1_thumbprint: certificate.sha1_thumbprint(),
        subject,
        upn,
        sans,
        not_before: certificate.not_before(),
        renew_at: renew_at(
            certificate.not_before(),
            certificate.not_after(),
            profile.renewal_threshold_percent(),
        ),
        content_digest: request.content_digest,
        escrow: profile.escrow(),
        encryption: profile.key_usage().is_encryption(),
        search_key: search_key(searched.iter().map(|part| Some(part.as_str()))),
        work,
    })
}
