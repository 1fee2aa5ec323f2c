//! Enrolling: a one-time code and a CSR become a management certificate.

use std::time::Duration;

use certporter_model::access::Caller;
use certporter_model::device::{DeviceState, EnrolmentState};
use certporter_model::security_event::SecurityEventKind;
use certporter_model::{DeviceId, EnrolmentCodeId, EnrolmentId, ManagementCertificateId, Timestamp, UserId};

use super::contact::renew_at;
use super::{DeviceProtocol, ProtocolError};
use crate::pki::Csr;
use crate::random::octets;
use crate::service::security_events::{self, Happened};
use crate::store::devices::Device;
use crate::store::enrolment_codes::EnrolmentCodeRow;
use crate::store::enrolments::{EnrolmentRow, Staff};
use crate::store::management_certificates::{self, ManagementCertificateRow};
use crate::store::{
    AuditEvent, StoreError, Target, WriteTx, devices, enrolment_codes, enrolments, rate_limits,
};
use crate::wire::device::{
    DeviceFacts, EnrolAnswer, EnrolRequest, ManagementCertificate, TrustAnchors, VERSION,
};
use crate::wire::octets::CertificateOctets;

/// Codes that could not be used from one address, within the window, before it has to wait.
const MOST_REFUSALS: u32 = 20;

/// How often an enrolment is tried again when another change came in between.
const ATTEMPTS: u32 = 3;

/// The window.
const WINDOW: Duration = Duration::from_secs(600);

impl DeviceProtocol {
    /// The CA by which the device listener is known.
    ///
    /// # Errors
    /// When its certificate is too large for a message.
    pub fn trust_anchors(&self) -> Result<TrustAnchors, ProtocolError> {
        Ok(TrustAnchors {
            version: VERSION,
            certificates: vec![wire_octets(self.ca.certificate().as_der())?],
        })
    }

    /// Enrols a device: uses the code, ends an earlier enrolment of the same device, issues the management certificate,
    /// and plans what the device gets; all or nothing. The same code with the same key gets the same answer again.
    ///
    /// # Errors
    /// When the code can't be used (which of the reasons is not said), the CSR can't be accepted, or there were too many
    /// attempts from this address.
    pub async fn enrol(&self, address: &str, request: &EnrolRequest) -> Result<EnrolAnswer, ProtocolError> {
        let limit = format!("enrol:{address}");
        self.check_limit(&limit).await?;
        let csr = Csr::parse(request.csr.as_slice()).map_err(ProtocolError::CsrRefused)?;
        let mut answer = self.use_code(address, request, &csr).await;
        // Another planner came in between: the same again, on the state that it has left.
        for _ in 0..ATTEMPTS {
            match &answer {
                Err(ProtocolError::Store(StoreError::Serialization | StoreError::Conflict { .. })) => {
                    answer = self.use_code(address, request, &csr).await;
                }
                _ => break,
            }
        }
        match answer {
            Err(ProtocolError::CodeRefused) => {
                let mut tx = self.db.bookkeeping().await?;
                rate_limits::count_up(&mut tx, &limit, window(self.clock.now())).await?;
                tx.commit().await?;
                Err(ProtocolError::CodeRefused)
            }
            other => other,
        }
    }

    async fn check_limit(&self, limit: &str) -> Result<(), ProtocolError> {
        let mut conn = self.db.read().await?;
        let now = self.clock.now();
        let window = window(now);
        if rate_limits::count(&mut conn, limit, window).await? >= MOST_REFUSALS {
            let left = window.plus(WINDOW).since(now).as_secs();
            return Err(ProtocolError::TooManyAttempts(left.max(1)));
        }
        Ok(())
    }

    async fn use_code(
        &self,
        address: &str,
        request: &EnrolRequest,
        csr: &Csr,
    ) -> Result<EnrolAnswer, ProtocolError> {
        let now = self.clock.now();
        let mut tx = self.db.write(&Self::permit(&Caller::anonymous().at(address))?).await?;
        let code = enrolment_codes::by_hash_for_update(&mut tx, &request.code.hash())
            .await?
            .ok_or(ProtocolError::CodeRefused)?;
        if code.used_at.is_some() {
            let same = code.used_public_key_hash == Some(csr.public_key_hash());
            let enrolment = code.enrolment_id.filter(|_| same).ok_or(ProtocolError::CodeRefused)?;
            return self.answer_again(&mut tx, enrolment).await;
        }
        if now >= code.expires_at {
            return Err(ProtocolError::CodeRefused);
        }
        devices::lock(&mut tx, &[code.device_id]).await?;
        let mut device = devices::get(&mut tx, code.device_id).await?;
        // A block is lifted by those who may, not by enrolling again.
        device.state = match device.state {
            DeviceState::Blocked => return Err(ProtocolError::CodeRefused),
            state => state.to(DeviceState::Enrolled).map_err(|_| ProtocolError::CodeRefused)?,
        };
        device.state_changed_at = now;
        let again = enrolments::end(&mut tx, device.id, now).await?;
        let enrolment = EnrolmentRow {
            id: EnrolmentId::new(now, octets(&*self.random)),
            device_id: device.id,
            state: EnrolmentState::Active,
            public_key_hash: csr.public_key_hash(),
            staff_issued_code: code.staff_issued,
            confirmed_at: None,
            started_at: now,
            ended_at: None,
        };
        enrolments::insert(&mut tx, &enrolment).await?;
        if code.staff_issued {
            self.enrolled_by_staff(&mut tx, &code, &enrolment, device.owner_id).await?;
        }
        let key = csr.public_key_hash();
        enrolment_codes::mark_used(&mut tx, code.id, &key, enrolment.id, now).await?;
        learn(&mut device, &request.facts);
        device.last_contact_at = Some(now);
        device.updated_at = now;
        devices::update(&mut tx, &device).await?;
        let row = self.issue(&mut tx, (device.id, enrolment.id), csr).await?;
        self.plan_now(&mut tx, device.id, device.owner_id).await?;
        let event = event(now, &row, code.id, again, request);
        tx.commit(event).await?;
        self.enrol_answer(&row)
    }

    /// Notes who stands behind an enrolment, and tells whose device it is.
    async fn enrolled_by_staff(
        &self,
        tx: &mut WriteTx,
        code: &EnrolmentCodeRow,
        enrolment: &EnrolmentRow,
        owner: Option<UserId>,
    ) -> Result<(), ProtocolError> {
        let staff_account_id = enrolment_codes::issuer(tx, code.id).await?;
        let staff = Staff { staff_account_id, staff_name: Some(code.issued_by.clone()) };
        enrolments::set_staff(tx, enrolment.id, &staff).await?;
        if let Some(user) = owner {
            let (kind, by) = (SecurityEventKind::DeviceEnrolled, Some(code.issued_by.as_str()));
            let happened = Happened { user, kind, device: Some(code.device_id), by };
            security_events::tell(tx, &*self.random, enrolment.started_at, happened).await?;
        }
        Ok(())
    }

    async fn answer_again(
        &self,
        tx: &mut WriteTx,
        enrolment: EnrolmentId,
    ) -> Result<EnrolAnswer, ProtocolError> {
        let current = enrolments::get(tx, enrolment).await?;
        if current.state != EnrolmentState::Active {
            return Err(ProtocolError::CodeRefused);
        }
        let row = management_certificates::newest(tx, enrolment).await?;
        if row.public_key_hash != current.public_key_hash {
            return Err(ProtocolError::CodeRefused);
        }
        self.enrol_answer(&row)
    }

    /// Issues the next management certificate of a device.
    pub(super) async fn issue(
        &self,
        tx: &mut WriteTx,
        (device, enrolment): (DeviceId, EnrolmentId),
        csr: &Csr,
    ) -> Result<ManagementCertificateRow, ProtocolError> {
        let now = self.clock.now();
        let certificate = self.ca.issue_management(enrolment, csr.public_key().clone(), now)?;
        let row = ManagementCertificateRow {
            id: ManagementCertificateId::new(now, octets(&*self.random)),
            enrolment_id: enrolment,
            device_id: device,
            generation: management_certificates::next_generation(tx, device).await?,
            thumbprint: certificate.thumbprint(),
            serial: certificate.serial().clone(),
            der: certificate.as_der().to_vec(),
            public_key_hash: csr.public_key_hash(),
            not_before: certificate.not_before(),
            not_after: certificate.not_after(),
            created_at: now,
            superseded_at: None,
        };
        management_certificates::insert(tx, &row).await?;
        Ok(row)
    }

    /// A management certificate as a device gets it.
    pub(super) fn wire_certificate(
        &self,
        row: &ManagementCertificateRow,
    ) -> Result<ManagementCertificate, ProtocolError> {
        Ok(ManagementCertificate {
            certificate: wire_octets(&row.der)?,
            chain: vec![wire_octets(self.ca.certificate().as_der())?],
            not_after: row.not_after,
            renew_at: renew_at(row.not_before, row.not_after),
        })
    }

    fn enrol_answer(&self, row: &ManagementCertificateRow) -> Result<EnrolAnswer, ProtocolError> {
        let management = self.wire_certificate(row)?;
        Ok(EnrolAnswer { version: VERSION, device: row.device_id, management, next_poll_seconds: 0 })
    }
}

/// When the window began that a moment is in.
fn window(now: Timestamp) -> Timestamp {
    let span = i64::try_from(WINDOW.as_secs()).unwrap_or(1);
    Timestamp::from_seconds(now.as_seconds() / span * span)
}

/// Keeps what a device says of itself where nothing was known: what an administrator has written stays.
fn learn(device: &mut Device, facts: &DeviceFacts) {
    device.serial_number = device.serial_number.take().or_else(|| facts.serial_number.clone());
    device.imei = device.imei.take().or_else(|| facts.imei.clone());
    device.meid = device.meid.take().or_else(|| facts.meid.clone());
    device.wifi_mac = device.wifi_mac.take().or_else(|| facts.wifi_mac.clone());
    device.fqdn = device.fqdn.take().or_else(|| facts.fqdn.clone());
}

fn wire_octets(der: &[u8]) -> Result<CertificateOctets, ProtocolError> {
    CertificateOctets::new(der.to_vec()).map_err(|error| ProtocolError::Internal(error.to_string()))
}

fn event(
    now: Timestamp,
    row: &ManagementCertificateRow,
    code: EnrolmentCodeId,
    again: bool,
    request: &EnrolRequest,
) -> AuditEvent {
    let facts = serde_json::to_value(&request.facts).unwrap_or_default();
    AuditEvent::new(now, "device.enrol", Target::one("device", row.device_id.as_uuid()))
        .with("code", code.to_string())
        .with("enrolment", row.enrolment_id.to_string())
        .with("generation", row.generation)
        .with("thumbprint", row.thumbprint.to_string())
        .with("enrolled_again", again)
        .with("facts", facts)
}
