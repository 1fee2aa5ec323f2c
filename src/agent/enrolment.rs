//! Enrolling a device.

use std::path::Path;

use certporter_model::DeviceId;

use super::client::{DeviceClient, ServerAddress};
use super::folder::Folder;
use super::identity::{ManagementIdentity, next_key};
use super::state::State;
use super::{AgentError, Surroundings, trust};
use crate::pki::key::PrivateKey;
use crate::pki::{csr, pem};
use crate::wire::device::{CsrOctets, DeviceFacts, EnrolAnswer, EnrolRequest, EnrolmentCode, VERSION};

/// The file with the one CA that the agent trusts.
pub(super) const ANCHOR: &str = "ca.pem";

/// Enrols this device: finds the server's CA by the code, makes a key, and keeps what the portal gives.
///
/// After a crash the same command again ends in the same enrolment: the key was kept before it was used.
///
/// # Errors
/// When the folder is enrolled already, the server is not the code's, or the portal refuses.
pub async fn enrol(
    directory: &Path,
    server: &ServerAddress,
    code: EnrolmentCode,
    facts: DeviceFacts,
    surroundings: &Surroundings,
) -> Result<DeviceId, AgentError> {
    let folder = Folder::create(directory)?;
    let _lock = folder.lock()?;
    if State::exists(&folder)? {
        return Err(AgentError::AlreadyEnrolled(directory.to_owned()));
    }
    let anchor = trust::anchor(server, &code).await?;
    let key = next_key(&folder)?;
    let answer = request(server, &anchor, code, facts, &key).await?;
    folder.write(ANCHOR, pem::encode("CERTIFICATE", &anchor).as_bytes())?;
    ManagementIdentity::new(key, &answer.management)?.install(&folder)?;
    let now = surroundings.clock.now();
    State {
        version: 1,
        server: server.as_str().to_owned(),
        device: answer.device,
        enrolled_at: now,
        renew_at: answer.management.renew_at,
        not_after: answer.management.not_after,
        last_contact: Some(now),
        copies: Vec::new(),
        to_report: Vec::new(),
    }
    .save(&folder)?;
    Ok(answer.device)
}

/// Asks the portal to enrol a key.
///
/// # Errors
/// When the portal refuses or can't be reached.
pub async fn request(
    server: &ServerAddress,
    anchor: &[u8],
    code: EnrolmentCode,
    facts: DeviceFacts,
    key: &PrivateKey,
) -> Result<EnrolAnswer, AgentError> {
    let csr = signing_request(key)?;
    let client = DeviceClient::trusting(server, anchor, None)?;
    client.enrol(&EnrolRequest { version: VERSION, code, csr, facts }).await
}

/// A CSR for the device's key. Its name does not matter: the portal chooses it.
pub(super) fn signing_request(key: &PrivateKey) -> Result<CsrOctets, AgentError> {
    let der = csr::create(key, None)?.as_der().to_vec();
    CsrOctets::new(der).map_err(|error| AgentError::Answer(error.to_string()))
}

/// The client of an enrolled folder.
pub(super) fn client(
    folder: &Folder,
    state: &State,
    identity: &ManagementIdentity,
) -> Result<DeviceClient, AgentError> {
    let damaged = |why: &str| AgentError::Damaged { path: folder.path(ANCHOR), why: why.to_owned() };
    let octets = folder.read(ANCHOR)?.ok_or_else(|| damaged("it is gone"))?;
    let anchor = pem::der_of(&["CERTIFICATE"], &octets)?;
    DeviceClient::trusting(&ServerAddress::parse(&state.server)?, &anchor, Some(identity))
}
