//! A device that lives in memory: its own key, the real protocol, every PFX really opened; nothing on disk. For
//! measurements, demonstrations and tests.

use std::collections::BTreeMap;
use std::time::Duration;

use certporter_model::CopyId;
use certporter_model::DeviceId;
use certporter_model::key::KeyAlgorithm;
use certporter_model::text::Explanation;

use super::client::{DeviceClient, ServerAddress};
use super::identity::ManagementIdentity;
use super::opening::{self, OpenedCopy};
use super::{AgentError, enrolment};
use crate::clock::Stopwatch;
use crate::pki::key::PrivateKey;
use crate::wire::device::{
    CommandKind, Commands, CopyStatus, DeviceFacts, EnrolmentCode, LONGEST_WAIT, PollQuery, Report,
    ReportedState, Revision, VERSION,
};

/// A simulated device that is enrolled.
pub struct SimulatedDevice {
    device: DeviceId,
    client: DeviceClient,
    identity: ManagementIdentity,
    revision: Option<Revision>,
    /// Whether the portal said that something is being made for this device.
    expecting: bool,
    held: BTreeMap<CopyId, OpenedCopy>,
}

impl SimulatedDevice {
    /// Makes a key and enrols it.
    ///
    /// # Errors
    /// When the portal refuses or can't be reached.
    pub async fn enrol(
        server: &ServerAddress,
        anchor: &[u8],
        code: EnrolmentCode,
        facts: DeviceFacts,
    ) -> Result<Self, AgentError> {
        let key = PrivateKey::generate(KeyAlgorithm::EcP256)?;
        let answer = enrolment::request(server, anchor, code, facts, &key).await?;
        let identity = ManagementIdentity::new(key, &answer.management)?;
        let client = DeviceClient::trusting(server, anchor, Some(&identity))?;
        Ok(Self {
            device: answer.device,
            client,
            identity,
            revision: None,
            expecting: false,
            held: BTreeMap::new(),
        })
    }

    /// Its id at the portal.
    #[must_use]
    pub fn id(&self) -> DeviceId {
        self.device
    }

    /// Its connection, to say what a well-behaved device would not.
    #[must_use]
    pub fn client(&self) -> &DeviceClient {
        &self.client
    }

    /// Its management key and certificate.
    #[must_use]
    pub fn identity(&self) -> &ManagementIdentity {
        &self.identity
    }

    /// What it holds, opened.
    #[must_use]
    pub fn held(&self) -> &BTreeMap<CopyId, OpenedCopy> {
        &self.held
    }

    /// Asks once, does what it is told, reports. True when nothing more is to come for now.
    ///
    /// # Errors
    /// When the portal refuses or can't be reached.
    pub async fn round(&mut self, wait: Duration) -> Result<bool, AgentError> {
        let wait = u16::try_from(wait.as_secs()).unwrap_or(LONGEST_WAIT).min(LONGEST_WAIT);
        let query = PollQuery { after: self.revision.clone(), wait };
        let Commands { revision, commands, more, in_preparation, .. } = self.client.commands(&query).await?;
        self.revision = Some(revision);
        self.expecting = in_preparation;
        let statuses: Vec<CopyStatus> =
            commands.iter().filter_map(|command| self.carry_out(&command.kind)).collect();
        let idle = statuses.is_empty();
        if !idle {
            self.client.report(&Report { version: VERSION, complete: false, statuses }).await?;
        }
        Ok(idle && !more && !in_preparation)
    }

    /// Goes on until nothing more is to come.
    ///
    /// # Errors
    /// When the portal refuses or can't be reached, or it takes longer than `within`.
    pub async fn settle(&mut self, within: Duration) -> Result<(), AgentError> {
        let watch = Stopwatch::start();
        loop {
            let left = within.saturating_sub(watch.elapsed());
            if left.is_zero() {
                return Err(AgentError::Unfinished(within.as_secs()));
            }
            let wait = if self.expecting { left.max(Duration::from_secs(1)) } else { Duration::ZERO };
            if self.round(wait).await? {
                return Ok(());
            }
        }
    }

    fn carry_out(&mut self, command: &CommandKind) -> Option<CopyStatus> {
        match command {
            CommandKind::Install { copy, thumbprint, feature, envelope, .. } => {
                let opened = opening::open(envelope.as_slice(), &[&self.identity], *thumbprint, *feature);
                let (state, cause) = match opened {
                    Ok(opened) => {
                        self.held.insert(*copy, opened);
                        (ReportedState::Installed, None)
                    }
                    Err(error) => (ReportedState::Failed, Explanation::parse(&error.to_string()).ok()),
                };
                Some(CopyStatus { copy: *copy, thumbprint: *thumbprint, state, cause })
            }
            CommandKind::Remove { copy, thumbprint } => {
                self.held.remove(copy);
                let state = ReportedState::Removed;
                Some(CopyStatus { copy: *copy, thumbprint: *thumbprint, state, cause: None })
            }
            CommandKind::RenewManagement | CommandKind::Unknown => None,
        }
    }
}
