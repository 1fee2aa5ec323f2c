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
use certporter_model::names::{Names, RenderedNames};
use certporter_model::request::RequestState;
use certporter_model::revocation::Trigger;
use certporter_model::variable::Variable;

use super::authorities::{Authorities, filler};
use super::organisation::{Organisation, moment};
use super::rows::Rows;
use super::templates::Template;
use super::{Fleet, GenerateError};
use crate::pki::digest;
use crate::plan::directory::Values;
use crate::random::{Random, SeededRandom, below, octets};
use crate::store::certificates::Certificate;
use crate::store::copies::Copy;
use crate::store::devices::Device;
use crate::store::enrolments::EnrolmentRow;
use crate::store::escrowed_keys::EscrowedKey;
use crate::store::issued_certificates::LedgerEntry;
use crate::store::management_certificates::ManagementCertificateRow;
use crate::store::requests::Request;
use crate::store::users::User;

const DAY: Duration = Duration::from_secs(86_400);
/// Everything was asked for after the youngest device had enrolled, and before the present.
const ASKED: (u64, u64) = (190, 1);

/// A device with what it holds, and the certificates of its owner's that it is the first to have.
pub(super) struct Share {
    /// Its place among the organisation's devices.
    pub(super) device: usize,
    seed: u64,
    first_of_owner: Option<u64>,
}

/// What everything is drawn from. Each share is drawn for itself, so that several threads can.
pub(super) struct Holdings {
    pub(super) fleet: Fleet,
    pub(super) organisation: Organisation,
    pub(super) templates: Vec<Template>,
    pub(super) authorities: Authorities,
    /// Users' own certificates, which serve all of their devices.
    of_users: HashMap<(UserId, ProfileId), (CertificateId, Timestamp)>,
    pub(super) shares: Vec<Share>,
}

impl Holdings {
    pub(super) fn new(
        fleet: Fleet,
        random: &SeededRandom,
        organisation: Organisation,
        templates: Vec<Template>,
        authorities: Authorities,
    ) -> Self {
        let mut of_users = HashMap::new();
        let mut shares = Vec::with_capacity(organisation.devices.len());
        for (index, device) in organisation.devices.iter().enumerate() {
            let mut share = Share { device: index, seed: below(random, u64::MAX), first_of_owner: None };
            if let (DeviceState::Enrolled, Some(owner)) = (device.state, device.owner_id) {
                for template in templates.iter().filter(|template| template.is_of_user()) {
                    of_users.entry((owner, template.id)).or_insert_with(|| {
                        share.first_of_owner.get_or_insert_with(|| below(random, u64::MAX));
                        let at = moment(random, fleet.at, ASKED.0, ASKED.1);
                        (CertificateId::new(at, octets(random)), at)
                    });
                }
            }
            shares.push(share);
        }
        Self { fleet, organisation, templates, authorities, of_users, shares }
    }

    /// Draws what a device holds, and what its owner holds on it.
    pub(super) fn draw(&self, share: &Share) -> Result<Rows, GenerateError> {
        let mut rows = Rows::default();
        let device = &self.organisation.devices[share.device];
        if device.state != DeviceState::Enrolled {
            return Ok(rows);
        }
        let owner = device.owner_id.and_then(|owner| self.organisation.user(owner));
        if let (Some(seed), Some(owner)) = (share.first_of_owner, owner) {
            let random = SeededRandom::new(seed);
            for template in self.templates.iter().filter(|template| template.is_of_user()) {
                if let Some(&held) = self.of_users.get(&(owner.id, template.id)) {
                    self.certificate(&mut rows, &random, template, (Some(owner), None), held)?;
                }
            }
        }
        let random = SeededRandom::new(share.seed);
        let enrolment = self.enrol(&mut rows, &random, device)?;
        for template in &self.templates {
            let held = match (template.is_of_user(), owner) {
                (true, None) => continue,
                (true, Some(owner)) => match self.of_users.get(&(owner.id, template.id)) {
                    Some(&held) => held,
                    None => continue,
                },
                (false, None) if !template.names_device() => continue,
                (false, owner) => {
                    let at = moment(&random, self.fleet.at, ASKED.0, ASKED.1);
                    let held = (CertificateId::new(at, octets(&random)), at);
                    let of = (owner, Some((device, enrolment.0)));
                    self.certificate(&mut rows, &random, template, of, held)?;
                    held
                }
            };
            add_copies(&mut rows, &random, template, device, enrolment, held);
        }
        Ok(rows)
    }

    fn enrol(
        &self,
        rows: &mut Rows,
        random: &dyn Random,
        device: &Device,
    ) -> Result<(EnrolmentId, ManagementCertificateId), GenerateError> {
        let at = device.created_at.plus(Duration::from_secs(600));
        let enrolment = EnrolmentId::new(at, octets(random));
        let printed = self.authorities.management(enrolment, at, random)?;
        let public_key_hash = printed.public_key_hash;
        rows.enrolments.push(EnrolmentRow {
            id: enrolment,
            device_id: device.id,
            state: EnrolmentState::Active,
            public_key_hash,
            staff_issued_code: false,
            confirmed_at: None,
            started_at: at,
            ended_at: None,
        });
        let certificate = ManagementCertificateRow {
            id: ManagementCertificateId::new(at, octets(random)),
            enrolment_id: enrolment,
            device_id: device.id,
            generation: 1,
            thumbprint: digest::thumbprint(&printed.der),
            serial: printed.serial,
            der: printed.der,
            public_key_hash,
            not_before: printed.not_before,
            not_after: printed.not_after,
            created_at: at,
            superseded_at: None,
        };
        let ids = (enrolment, certificate.id);
        rows.management.push(certificate);
        Ok(ids)
    }

    /// A certificate with the request that brought it.
    fn certificate(
        &self,
        rows: &mut Rows,
        random: &dyn Random,
        template: &Template,
        (user, device): (Option<&User>, Option<(&Device, EnrolmentId)>),
        (certificate_id, at): (CertificateId, Timestamp),
    ) -> Result<(), GenerateError> {
        let (rendered, names) = names_of(template, user, device.map(|(device, _)| device))?;
        let content_digest = template.digest.with(&rendered);
        let (holder_kind, holder_id) = match (device, user) {
            (Some((device, _)), _) => (HolderKind::Device, device.id.as_uuid()),
            (None, Some(user)) => (HolderKind::User, user.id.as_uuid()),
            (None, None) => return Err(certporter_model::ParseError::new("holder", "is somebody").into()),
        };
        let request_id = RequestId::new(at, octets(random));
        let printed = self.authorities.certificate(&template.profile, &names, at, random)?;
        let public_key_hash = printed.public_key_hash;
        let key_id = (template.profile.escrow() == EscrowPolicy::Retained)
            .then(|| EscrowedKeyId::new(at, octets(random)));
        let left = u32::from(template.profile.renewal_threshold_percent());
        if let Some(id) = key_id {
            rows.keys.push(EscrowedKey {
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
            rows.ledger.push(LedgerEntry {
                ca_generation_id: self.authorities.ca_generation,
                serial: printed.serial.clone(),
                public_key_hash,
                request_reference: Some(request_id.to_string()),
                intent: printed.tbs,
                der: Some(printed.der.clone()),
                shard: 0,
                not_after: printed.not_after,
                created_at: at,
                issued_at: Some(at),
                revoked_at: None,
                reason: None,
                held: false,
                changed_at: None,
            });
        }
        rows.certificates.push(Certificate {
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
            serial: printed.serial,
            thumbprint: digest::thumbprint(&printed.der),
            sha1_thumbprint: digest::sha1_thumbprint(&printed.der),
            subject: names.subject.to_string(),
            upn: user.and_then(|user| user.upn.as_ref()).map(ToString::to_string),
            sans: names.subject_alternative_names,
            der: printed.der,
            public_key_hash,
            not_before: printed.not_before,
            not_after: printed.not_after,
            renew_at: printed.not_after.minus(DAY * template.profile.validity_days() * left / 100),
            status: CertificateStatus::Valid,
            standing: Standing::Current,
            held_at: None,
            revoked_at: None,
            reason: None,
            content_digest,
            escrowed_key_id: key_id,
            version: 1,
            created_at: at,
            updated_at: at,
        });
        rows.requests.push(Request {
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
            content_digest,
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
        Ok(())
    }
}

fn add_copies(
    rows: &mut Rows,
    random: &dyn Random,
    template: &Template,
    device: &Device,
    (enrolment, management): (EnrolmentId, ManagementCertificateId),
    (certificate_id, at): (CertificateId, Timestamp),
) {
    for &feature in template.profile.features() {
        rows.copies.push(Copy {
            id: CopyId::new(at, octets(random)),
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

/// A template's names for a holder: as the request keeps them, and rendered.
fn names_of(
    template: &Template,
    user: Option<&User>,
    device: Option<&Device>,
) -> Result<(Names, RenderedNames), GenerateError> {
    let of_user = user.map(user_values);
    let of_device = device.map(device_values);
    let names = Names::render(&template.profile, &|variable: &Variable| {
        let value = of_user.as_ref().and_then(|values| values.get(variable));
        value.or_else(|| of_device.as_ref()?.get(variable)).map(String::as_str)
    });
    let rendered = names.ready()?.clone();
    Ok((names, rendered))
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
