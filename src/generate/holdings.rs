//! What the devices and users hold: just what the plan would give them.

use std::collections::HashMap;
use std::time::Duration;

use certporter_model::Timestamp;
use certporter_model::assignment::HolderKind;
use certporter_model::certificate::{CertificateStatus, Standing};
use certporter_model::copy::CopyState;
use certporter_model::device::{DeviceState, EnrolmentState};
use certporter_model::escrow::{EscrowPolicy, EscrowState};
use certporter_model::ids::*;
use certporter_model::names::Names;
use certporter_model::request::RequestState;
use certporter_model::revocation::Trigger;
use certporter_model::serial::SerialNumber;
use certporter_model::thumbprint::{PublicKeyHash, Sha1Thumbprint, Thumbprint};
use certporter_model::variable::Variable;
use sha2::{Digest, Sha256};

use super::authorities::{Authorities, filler};
use super::organisation::moment;
use super::templates::Template;
use super::{Fleet, GenerateError};
use crate::plan::directory::Values;
use crate::random::{SeededRandom, octets};
use crate::store::certificates::Certificate;
use crate::store::copies::Copy;
use crate::store::devices::Device;
use crate::store::enrolments::EnrolmentRow;
use crate::store::escrowed_keys::EscrowedKey;
use crate::store::issued_certificates::LedgerEntry;
use crate::store::management_certificates::ManagementCertificateRow;
use crate::store::requests::Request;
use crate::store::users::User;
use crate::store::{WriteTx, insert_all};

const DAY: Duration = Duration::from_secs(86_400);
/// Everything was asked for after the youngest device had enrolled, and before the present.
const ASKED: (u64, u64) = (190, 1);

/// Rows that are drawn for some devices, then written together.
pub(super) struct Holdings<'g> {
    fleet: &'g Fleet,
    random: &'g SeededRandom,
    authorities: Authorities,
    templates: &'g [Template],
    /// Users' own certificates, which serve all of their devices.
    of_users: HashMap<(UserId, ProfileId), (CertificateId, Timestamp)>,
    enrolments: Vec<EnrolmentRow>,
    management: Vec<ManagementCertificateRow>,
    requests: Vec<Request>,
    keys: Vec<EscrowedKey>,
    certificates: Vec<Certificate>,
    ledger: Vec<LedgerEntry>,
    copies: Vec<Copy>,
}

impl<'g> Holdings<'g> {
    pub(super) fn new(
        fleet: &'g Fleet,
        random: &'g SeededRandom,
        authorities: Authorities,
        templates: &'g [Template],
    ) -> Self {
        Self {
            fleet,
            random,
            authorities,
            templates,
            of_users: HashMap::new(),
            enrolments: Vec::new(),
            management: Vec::new(),
            requests: Vec::new(),
            keys: Vec::new(),
            certificates: Vec::new(),
            ledger: Vec::new(),
            copies: Vec::new(),
        }
    }

    /// Draws what a device holds, and what its owner holds on it.
    pub(super) fn add(&mut self, device: &Device, owner: Option<&User>) -> Result<(), GenerateError> {
        if device.state != DeviceState::Enrolled {
            return Ok(());
        }
        let enrolment = self.enrol(device);
        let templates = self.templates;
        for template in templates {
            let held = match (template.is_of_user(), owner) {
                (true, None) => continue,
                (true, Some(owner)) => match self.of_users.get(&(owner.id, template.id)) {
                    Some(held) => *held,
                    None => {
                        let held = self.certificate(template, Some(owner), None)?;
                        self.of_users.insert((owner.id, template.id), held);
                        held
                    }
                },
                (false, None) if !template.names_device() => continue,
                (false, owner) => self.certificate(template, owner, Some((device, enrolment.0)))?,
            };
            self.add_copies(template, device, enrolment, held);
        }
        Ok(())
    }

    fn enrol(&mut self, device: &Device) -> (EnrolmentId, ManagementCertificateId) {
        let at = device.created_at.plus(Duration::from_secs(600));
        let public_key_hash = PublicKeyHash::from_octets(octets(self.random));
        let enrolment = EnrolmentRow {
            id: EnrolmentId::new(at, octets(self.random)),
            device_id: device.id,
            state: EnrolmentState::Active,
            public_key_hash,
            staff_issued_code: false,
            confirmed_at: None,
            started_at: at,
            ended_at: None,
        };
        let der = filler(self.random);
        let certificate = ManagementCertificateRow {
            id: ManagementCertificateId::new(at, octets(self.random)),
            enrolment_id: enrolment.id,
            device_id: device.id,
            generation: 1,
            thumbprint: Thumbprint::from_octets(Sha256::digest(&der).into()),
            serial: SerialNumber::from_random(octets(self.random)),
            der,
            public_key_hash,
            not_before: at,
            not_after: self.fleet.at.plus(DAY * 365),
            created_at: at,
            superseded_at: None,
        };
        let ids = (enrolment.id, certificate.id);
        self.enrolments.push(enrolment);
        self.management.push(certificate);
        ids
    }

    /// A certificate with the request that brought it.
    fn certificate(
        &mut self,
        template: &Template,
        user: Option<&User>,
        device: Option<(&Device, EnrolmentId)>,
    ) -> Result<(CertificateId, Timestamp), GenerateError> {
        let random = self.random;
        let at = moment(random, self.fleet.at, ASKED.0, ASKED.1);
        let of_user = user.map(user_values);
        let of_device = device.map(|(device, _)| device_values(device));
        let rendered = Names::render(&template.profile, &|variable: &Variable| {
            let value = of_user.as_ref().and_then(|values| values.get(variable));
            value.or_else(|| of_device.as_ref()?.get(variable)).map(String::as_str)
        });
        let digest = template.digest.with(&rendered);
        let names = rendered.ready()?.clone();
        let (holder_kind, holder_id) = match (device, user) {
            (Some((device, _)), _) => (HolderKind::Device, device.id.as_uuid()),
            (None, Some(user)) => (HolderKind::User, user.id.as_uuid()),
            (None, None) => return Err(certporter_model::ParseError::new("holder", "is somebody").into()),
        };
        let (request_id, certificate_id) =
            (RequestId::new(at, octets(random)), CertificateId::new(at, octets(random)));
        let public_key_hash = PublicKeyHash::from_octets(octets(random));
        let key_id = (template.profile.escrow() == EscrowPolicy::Retained)
            .then(|| EscrowedKeyId::new(at, octets(random)));
        let der = filler(random);
        let subject = names.subject.to_string();
        let not_after = at.plus(DAY * template.profile.validity_days());
        let left = u32::from(template.profile.renewal_threshold_percent());
        let serial = SerialNumber::from_random(octets(random));
        if let Some(id) = key_id {
            self.keys.push(EscrowedKey {
                id,
                request_id,
                public_key_hash,
                kra_generation_id: self.authorities.kra_generation,
                sealed: Some(filler(random)),
                state: EscrowState::Stored,
                policy: EscrowPolicy::Retained,
                created_at: at,
                stored_at: Some(at),
                destroyed_at: None,
                destroyed_trigger: None,
            });
        }
        if self.authorities.has_ledger {
            self.ledger.push(LedgerEntry {
                ca_generation_id: self.authorities.ca_generation,
                serial: serial.clone(),
                public_key_hash,
                request_reference: Some(request_id.to_string()),
                intent: der.clone(),
                der: Some(der.clone()),
                shard: 0,
                not_after,
                created_at: at,
                issued_at: Some(at),
                revoked_at: None,
                reason: None,
                held: false,
                crl_number: None,
            });
        }
        self.certificates.push(Certificate {
            id: certificate_id,
            request_id: Some(request_id),
            profile_id: template.id,
            profile_version: 1,
            holder_kind,
            holder_id,
            user_id: user.map(|user| user.id),
            device_id: device.map(|(device, _)| device.id),
            enrolment_id: device.map(|(_, enrolment)| enrolment),
            trigger_kind: Trigger::Targeted,
            escrow: template.profile.escrow(),
            encryption: template.profile.key_usage().is_encryption(),
            ca_generation_id: self.authorities.ca_generation,
            serial,
            thumbprint: Thumbprint::from_octets(Sha256::digest(&der).into()),
            sha1_thumbprint: Sha1Thumbprint::from_octets(octets(random)),
            subject,
            upn: user.and_then(|user| user.upn.as_ref()).map(ToString::to_string),
            sans: names.subject_alternative_names,
            der,
            public_key_hash,
            not_before: at,
            not_after,
            renew_at: not_after.minus(DAY * template.profile.validity_days() * left / 100),
            status: CertificateStatus::Valid,
            standing: Standing::Current,
            held_at: None,
            revoked_at: None,
            reason: None,
            content_digest: digest,
            escrowed_key_id: key_id,
            version: 1,
            created_at: at,
            updated_at: at,
        });
        self.requests.push(Request {
            id: request_id,
            profile_id: template.id,
            profile_version: 1,
            holder_kind,
            holder_id,
            user_id: user.map(|user| user.id),
            device_id: device.map(|(device, _)| device.id),
            enrolment_id: device.map(|(_, enrolment)| enrolment),
            state: RequestState::Completed,
            names: rendered,
            content_digest: digest,
            trigger_kind: Trigger::Targeted,
            supersedes_id: None,
            kept_key_id: None,
            public_key_hash: Some(public_key_hash),
            csr: None,
            ca_id: Some(self.authorities.ca),
            ca_generation_id: Some(self.authorities.ca_generation),
            ca_reference: None,
            poll_at: None,
            certificate_id: Some(certificate_id),
            escrowed_key_id: key_id,
            connector: None,
            attempt: 1,
            retry_at: None,
            cause: None,
            remedy: None,
            cancelled_reason: None,
            cancelled_trigger: None,
            version: 1,
            created_at: at,
            updated_at: at,
            finished_at: Some(at),
        });
        Ok((certificate_id, at))
    }

    fn add_copies(
        &mut self,
        template: &Template,
        device: &Device,
        (enrolment, management): (EnrolmentId, ManagementCertificateId),
        (certificate_id, at): (CertificateId, Timestamp),
    ) {
        for &feature in template.profile.features() {
            self.copies.push(Copy {
                id: CopyId::new(at, octets(self.random)),
                certificate_id,
                device_id: device.id,
                enrolment_id: enrolment,
                profile_id: template.id,
                feature,
                purpose: "use".to_owned(),
                state: CopyState::Installed,
                channel: "agent".to_owned(),
                management_certificate_id: Some(management),
                envelope_id: None,
                offered_at: Some(at),
                installed_at: Some(at),
                removal_offered_at: None,
                removed_at: None,
                cause: None,
                remedy: None,
                version: 1,
                created_at: at,
                updated_at: at,
            });
        }
    }

    /// Writes what was drawn; answers how many certificates and copies.
    pub(super) async fn insert(&mut self, tx: &mut WriteTx) -> crate::store::Result<(usize, usize)> {
        insert_all(tx, &std::mem::take(&mut self.enrolments)).await?;
        insert_all(tx, &std::mem::take(&mut self.management)).await?;
        insert_all(tx, &std::mem::take(&mut self.requests)).await?;
        insert_all(tx, &std::mem::take(&mut self.keys)).await?;
        insert_all(tx, &std::mem::take(&mut self.ledger)).await?;
        let (certificates, copies) =
            (std::mem::take(&mut self.certificates), std::mem::take(&mut self.copies));
        insert_all(tx, &certificates).await?;
        insert_all(tx, &copies).await?;
        Ok((certificates.len(), copies.len()))
    }
}

/// Values of the variables that the profiles use.
fn user_values(user: &User) -> Values {
    let mut values = Values::new();
    values.insert(Variable::UserName, user.user_name.to_string());
    values.insert(Variable::DisplayName, user.display_name.to_string());
    if let Some(upn) = &user.upn {
        values.insert(Variable::UserPrincipalName, upn.to_string());
    }
    if let Some(email) = &user.email {
        values.insert(Variable::EmailAddress, email.to_string());
    }
    values
}

fn device_values(device: &Device) -> Values {
    let mut values = Values::new();
    values.insert(Variable::DeviceName, device.name.to_string());
    if let Some(serial) = &device.serial_number {
        values.insert(Variable::SerialNumber, serial.to_string());
    }
    values
}
