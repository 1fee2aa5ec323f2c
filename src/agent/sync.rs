//! Fetches commands, carries them out, reports.

use std::path::Path;
use std::time::Duration;

use certporter_model::text::Explanation;

use super::client::DeviceClient;
use super::copies::{self, NOT_YET, NewCopy};
use super::enrolment::client;
use super::folder::Folder;
use super::identity::ManagementIdentity;
use super::renewal::renew_if_due;
use super::state::{HeldCopy, State};
use super::{AgentError, Surroundings, opening};
use crate::clock::Stopwatch;
use crate::random;
use crate::wire::device::{
    Command, CommandKind, Commands, CopyStatus, LONGEST_WAIT, PollQuery, Report, ReportedState, Revision,
    VERSION, problem,
};

/// The longest pause between two attempts.
const LONGEST_PAUSE: Duration = Duration::from_secs(300);

/// The most statuses in one report.
const REPORT_SIZE: usize = 200;

/// How long a sync goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Until {
    /// For ever.
    Ended,
    /// Until nothing more is to come; an error when that takes longer.
    Settled {
        /// The most seconds.
        within: u64,
    },
}

/// What a sync did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Outcome {
    /// Copies installed.
    pub installed: u32,
    /// Copies that could not be installed.
    pub failed: u32,
    /// Copies removed.
    pub removed: u32,
    /// Copies found to be missing.
    pub missing: u32,
}

/// Brings the folder to what the portal wants.
///
/// # Errors
/// When the folder is not enrolled, or the portal does not know the device any more. A portal that can't be reached is
/// an error only when the sync shall end.
pub async fn sync(
    directory: &Path,
    until: Until,
    surroundings: &Surroundings,
) -> Result<Outcome, AgentError> {
    let folder = Folder::at(directory);
    let state = State::load(&folder)?;
    let _lock = folder.lock()?;
    let identity = ManagementIdentity::load(&folder)?;
    let mut run = Sync {
        client: client(&folder, &state, &identity)?,
        previous: ManagementIdentity::load_previous(&folder)?,
        folder,
        state,
        identity,
        surroundings: surroundings.clone(),
        outcome: Outcome::default(),
        introduced: false,
        expecting: false,
        removals_only: false,
    };
    copies::recover(&run.folder, &mut run.state)?;
    run.go_on(until).await?;
    Ok(run.outcome)
}

struct Sync {
    folder: Folder,
    state: State,
    client: DeviceClient,
    identity: ManagementIdentity,
    previous: Option<ManagementIdentity>,
    surroundings: Surroundings,
    outcome: Outcome,
    /// Whether the portal was told what is here.
    introduced: bool,
    /// Whether the portal said that something is being made for this device.
    expecting: bool,
    /// Whether the portal has nothing but removals for this device: then its management certificate isn't renewed.
    removals_only: bool,
}

impl Sync {
    async fn go_on(&mut self, until: Until) -> Result<(), AgentError> {
        let watch = Stopwatch::start();
        let mut revision = None;
        let mut failures = 0;
        loop {
            let left = match until {
                Until::Ended => None,
                Until::Settled { within } => {
                    let left = Duration::from_secs(within).saturating_sub(watch.elapsed());
                    if left.is_zero() {
                        return Err(AgentError::Unfinished(within));
                    }
                    Some(left)
                }
            };
            match self.round(&mut revision, left).await {
                Ok(settled) => {
                    failures = 0;
                    if settled && left.is_some() {
                        return Ok(());
                    }
                }
                Err(error) if error.may_pass() => {
                    let pause = self.pause(failures, &error);
                    if left.is_some_and(|left| left < pause) {
                        return Err(error);
                    }
                    tracing::warn!(%error, "trying again in {} s", pause.as_secs());
                    failures += 1;
                    tokio::time::sleep(pause).await;
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// Renews if due, says what is here, asks, does, reports. True when nothing more is to come.
    async fn round(
        &mut self,
        revision: &mut Option<Revision>,
        left: Option<Duration>,
    ) -> Result<bool, AgentError> {
        if self.surroundings.clock.now() >= self.state.renew_at {
            self.renew(false).await?;
        }
        if !self.introduced {
            self.introduce().await?;
            self.introduced = true;
        }
        // Whoever wants to end when all is done waits only while something is being made for this device.
        let wait = match left {
            None => u64::from(LONGEST_WAIT),
            Some(left) if self.expecting => left.as_secs().max(1),
            Some(_) => 0,
        };
        let wait = u16::try_from(wait).unwrap_or(LONGEST_WAIT).min(LONGEST_WAIT);
        let query = PollQuery { after: revision.clone(), wait };
        let commands = match self.client.commands(&query).await {
            Err(error) if error.is_problem(problem::RENEW_FIRST) => {
                self.renew(true).await?;
                return Ok(false);
            }
            other => other?,
        };
        self.state.last_contact = Some(self.surroundings.clock.now());
        *revision = Some(commands.revision.clone());
        self.carry_out(commands, revision).await
    }

    async fn carry_out(
        &mut self,
        commands: Commands,
        revision: &mut Option<Revision>,
    ) -> Result<bool, AgentError> {
        let settled = !commands.more && !commands.in_preparation;
        self.expecting = commands.in_preparation;
        let mut idle = true;
        let mut renewal_wanted = false;
        for command in commands.commands {
            match &command.kind {
                CommandKind::RenewManagement => renewal_wanted = true,
                CommandKind::Unknown => {
                    tracing::info!(
                        command = command.id,
                        "a command that this version does not know is left alone"
                    );
                    continue;
                }
                CommandKind::Install { .. } | CommandKind::Remove { .. } => {
                    let status = self.carry_out_one(&command);
                    self.state.note(status);
                }
            }
            idle = false;
        }
        self.state.save(&self.folder)?;
        self.report().await?;
        if renewal_wanted {
            self.renew(true).await?;
            *revision = None;
        }
        Ok(settled && idle)
    }

    /// Does an installation or a removal. What goes wrong goes into the report.
    fn carry_out_one(&mut self, command: &Command) -> CopyStatus {
        let (copy, thumbprint, done) = match &command.kind {
            CommandKind::Remove { copy, thumbprint } => {
                let done = copies::remove(&self.folder, &mut self.state, *copy);
                (*copy, *thumbprint, done.map(|()| ReportedState::Removed))
            }
            CommandKind::Install { copy, thumbprint, .. } => {
                let done = self.install(&command.kind);
                (*copy, *thumbprint, done.map(|()| ReportedState::Installed))
            }
            _ => unreachable!("only installations and removals come here"),
        };
        match done {
            Ok(state) => {
                match state {
                    ReportedState::Installed => self.outcome.installed += 1,
                    _ => self.outcome.removed += 1,
                }
                tracing::info!(%copy, ?state, "done");
                CopyStatus { copy, thumbprint, state, cause: None }
            }
            Err(error) => {
                tracing::warn!(%copy, %error, "failed");
                self.outcome.failed += 1;
                CopyStatus { copy, thumbprint, state: ReportedState::Failed, cause: cause(&error) }
            }
        }
    }

    fn install(&mut self, command: &CommandKind) -> Result<(), AgentError> {
        let CommandKind::Install {
            copy,
            profile,
            profile_name,
            feature,
            thumbprint,
            decrypt_only,
            envelope,
            ..
        } = command
        else {
            return Ok(());
        };
        if let Some(held) = self.state.copy(*copy)
            && held.thumbprint == *thumbprint
            && copies::is_whole(&self.folder, held)
        {
            return Ok(());
        }
        let identities: Vec<_> = std::iter::once(&self.identity).chain(&self.previous).collect();
        let opened = opening::open(envelope.as_slice(), &identities, *thumbprint, *feature)?;
        let held = HeldCopy {
            copy: *copy,
            profile: *profile,
            profile_name: profile_name.clone(),
            feature: *feature,
            decrypt_only: *decrypt_only,
            thumbprint: *thumbprint,
            folder: String::new(),
            pfx_digest: NOT_YET,
            not_after: opened.not_after,
            installed_at: self.surroundings.clock.now(),
        };
        let now = self.surroundings.clock.now();
        copies::install(&self.folder, &mut self.state, NewCopy { held, opened: &opened }, now)
    }

    /// Says what is here and what is gone.
    async fn introduce(&mut self) -> Result<(), AgentError> {
        let mut statuses = Vec::new();
        for held in &self.state.copies {
            let whole = copies::is_whole(&self.folder, held);
            if !whole {
                self.outcome.missing += 1;
            }
            let state = if whole { ReportedState::Installed } else { ReportedState::Missing };
            statuses.push(copies::status(held, state));
        }
        statuses.extend(self.state.to_report.iter().cloned());
        if statuses.len() > REPORT_SIZE {
            // Too many for one: nothing can be told from what is not named.
            statuses.into_iter().for_each(|status| self.state.note(status));
            return self.report().await;
        }
        self.client.report(&Report { version: VERSION, complete: true, statuses }).await?;
        self.state.to_report.clear();
        self.state.save(&self.folder)
    }

    async fn report(&mut self) -> Result<(), AgentError> {
        while !self.state.to_report.is_empty() {
            let size = self.state.to_report.len().min(REPORT_SIZE);
            let statuses = self.state.to_report[..size].to_vec();
            self.client.report(&Report { version: VERSION, complete: false, statuses }).await?;
            self.state.to_report.drain(..size);
            self.state.save(&self.folder)?;
        }
        Ok(())
    }

    /// Renews the management certificate if it is due or wanted. A device that is blocked, lost or was away for too long
    /// is not renewed: it goes on with the certificate that it has, since what it holds is still to be removed.
    async fn renew(&mut self, wanted: bool) -> Result<(), AgentError> {
        if self.removals_only && !wanted {
            return Ok(());
        }
        let identity = ManagementIdentity::load(&self.folder)?;
        let renewed = renew_if_due(&self.folder, &mut self.state, identity, wanted, &self.surroundings).await;
        self.removals_only = matches!(&renewed, Err(error) if error.is_problem(problem::REMOVALS_ONLY));
        self.identity = match renewed {
            Err(error) if self.removals_only => {
                tracing::warn!(%error, "the management certificate is not renewed");
                return Ok(());
            }
            renewed => renewed?,
        };
        self.previous = ManagementIdentity::load_previous(&self.folder)?;
        self.client = client(&self.folder, &self.state, &self.identity)?;
        Ok(())
    }

    /// Doubles with every failure, and is spread so that a fleet does not come back all at once.
    fn pause(&self, failures: u32, error: &AgentError) -> Duration {
        if let AgentError::Refused { retry_after: Some(pause), .. } = error {
            return (*pause).min(LONGEST_PAUSE);
        }
        let longest = Duration::from_secs(1 << failures.min(9)).min(LONGEST_PAUSE);
        let millis = u64::try_from(longest.as_millis()).unwrap_or(u64::MAX);
        Duration::from_millis(millis / 2 + random::below(&*self.surroundings.random, millis / 2 + 1))
    }
}

/// An error as a report carries it.
fn cause(error: &AgentError) -> Option<Explanation> {
    let text: String = error.to_string().chars().filter(|c| !c.is_control()).take(500).collect();
    Explanation::parse(&text).ok()
}
