//! The overview: what needs a hand, and the state of things.
//!
//! - [`counts`]: certificates by status and day
mod counts;

use std::time::Duration;

use certporter_model::Timestamp;
use certporter_model::access::Caller;
use certporter_model::job::JobState;
use certporter_model::request::RequestState;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

pub use self::counts::{CertificateCounts, DAYS, DayCount, Kept};
use super::authorities;
use super::devices::trouble::CONFIRMATION_GRACE;
use super::error::ServiceError;
use super::operation::Operation;
use super::portal::Portal;
use crate::store::certificates::RENEWAL_GRACE;
use crate::store::{Conn, notices};
use crate::store::{discrepancies, overview as store};

/// More than this is not counted.
pub const BOUND: u64 = 1000;
/// The most causes that are told apart.
const CAUSES: u32 = 5;
/// Notices that failed before are not told any more.
const NOTICES_SINCE: Duration = Duration::from_secs(7 * 86_400);

/// Something that needs a hand.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Matter {
    /// Requests failed for the same cause.
    RequestsFailed {
        /// The cause.
        cause: String,
        /// What to do about it.
        remedy: Option<String>,
        /// How many.
        count: u64,
    },
    /// Work fails and is tried again by itself, as when a CA does not answer.
    TriedAgain {
        /// Why it fails.
        cause: String,
        /// What to do about it.
        remedy: Option<String>,
        /// How much of it.
        count: u64,
    },
    /// Requests wait for a value of a user or device.
    RequestsWaiting {
        /// What is missing.
        cause: String,
        /// How many.
        count: u64,
    },
    /// Certificates should have been renewed and were not.
    Unrenewed {
        /// How many; more than [`BOUND`] are not counted.
        count: u64,
    },
    /// Devices were offered a copy days ago and never confirmed it.
    Unconfirmed {
        /// How many devices; more than [`BOUND`] are not counted.
        count: u64,
    },
    /// Devices could not install a copy.
    NotInstalled {
        /// How many devices; more than [`BOUND`] are not counted.
        count: u64,
    },
    /// Plans that wait for approval.
    PlansWaiting {
        /// How many.
        count: u64,
    },
    /// Jobs that were given up.
    JobsGivenUp {
        /// How many; more than [`BOUND`] are not counted.
        count: u64,
    },
    /// The mail server takes nothing: notices wait.
    MailWaits {
        /// How many wait; more than [`BOUND`] are not counted.
        count: u64,
        /// Why.
        cause: String,
    },
    /// Notices could not be sent within the last week.
    NoticesFailed {
        /// How many; more than [`BOUND`] are not counted.
        count: u64,
        /// Those that were written since then.
        since: Timestamp,
    },
    /// A CRL is about to run out, or has.
    CrlStale {
        /// Whose it is.
        ca: String,
        /// Until when relying parties go on with it.
        next_update: Timestamp,
    },
    /// A CA's certificate ends soon, or has ended.
    CaEnds {
        /// Which CA.
        ca: String,
        /// When it ends.
        at: Timestamp,
    },
    /// The portal and its CAs or devices disagree.
    Disagreements {
        /// About how much.
        count: u64,
        /// About how much of it somebody has to decide; the rest is being mended.
        undecided: u64,
    },
    /// A CA that was added does not work.
    CaDown {
        /// Which CA.
        ca: String,
        /// What was found, and what to do about it.
        findings: Vec<String>,
        /// When it was looked at.
        at: Option<Timestamp>,
    },
    /// A connector was not heard of for a while.
    ConnectorSilent {
        /// Which one.
        name: String,
        /// When it was last heard of.
        last: Option<Timestamp>,
        /// How many jobs wait for its pool.
        waiting: u64,
    },
}

/// The first steps of a new installation, and which of them are done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct FirstSteps {
    /// A profile was authored.
    pub profile: bool,
    /// A group was made.
    pub group: bool,
    /// A profile was assigned to a group.
    pub assignment: bool,
    /// A device is enrolled.
    pub device: bool,
}

/// What the overview shows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct OverviewView {
    /// What needs a hand, the gravest first.
    pub matters: Vec<Matter>,
    /// Certificates counted.
    pub counts: CertificateCounts,
    /// What to do first, until there is a certificate.
    pub first_steps: Option<FirstSteps>,
}

/// What needs a hand, and the state of things.
///
/// # Errors
/// When the caller may not see certificates of the whole organisation.
pub async fn get(portal: &Portal, caller: &Caller) -> Result<OverviewView, ServiceError> {
    Operation::OverviewGet.organisation(caller)?;
    let now = portal.now();
    let mut matters = Vec::new();
    if Operation::AuthoritiesList.organisation(caller).is_ok() {
        matters.extend(of_authorities(portal, caller).await?);
    }
    let mut conn = portal.db().read().await?;
    if Operation::DiscrepanciesList.organisation(caller).is_ok() {
        let bound = u32::try_from(BOUND + 1).unwrap_or(u32::MAX);
        let (count, undecided) = discrepancies::open(&mut conn, bound).await?;
        push(&mut matters, count, |count| Matter::Disagreements { count, undecided });
    }
    if Operation::ApprovalsList.organisation(caller).is_ok() {
        let count = store::waiting_plans(&mut conn).await?;
        push(&mut matters, count, |count| Matter::PlansWaiting { count });
    }
    if Operation::RequestsList.organisation(caller).is_ok() {
        of_requests(&mut conn, &mut matters).await?;
    }
    let overdue = store::overdue(&mut conn, now.minus(RENEWAL_GRACE), now).await?;
    push(&mut matters, overdue, |count| Matter::Unrenewed { count });
    if Operation::DevicesList.organisation(caller).is_ok() {
        let failed = store::not_installed(&mut conn).await?;
        push(&mut matters, failed, |count| Matter::NotInstalled { count });
        let unconfirmed = store::unconfirmed(&mut conn, now.minus(CONFIRMATION_GRACE)).await?;
        push(&mut matters, unconfirmed, |count| Matter::Unconfirmed { count });
    }
    if Operation::NoticesList.organisation(caller).is_ok() {
        of_notices(&mut conn, now, &mut matters).await?;
    }
    let begun = store::begun(&mut conn).await?;
    drop(conn);
    let first_steps = (!begun.certificate).then_some(FirstSteps {
        profile: begun.profile,
        group: begun.group,
        assignment: begun.assignment,
        device: begun.device,
    });
    Ok(OverviewView { matters, counts: portal.counts().counts(portal).await?, first_steps })
}

fn push(matters: &mut Vec<Matter>, count: u64, matter: impl FnOnce(u64) -> Matter) {
    if count > 0 {
        matters.push(matter(count));
    }
}

async fn of_notices(conn: &mut Conn, now: Timestamp, matters: &mut Vec<Matter>) -> Result<(), ServiceError> {
    let since = now.minus(NOTICES_SINCE);
    let (waiting, failed, cause) = notices::troubled(conn, since, store::BOUND).await?;
    let cause = cause.unwrap_or_else(|| "no cause was noted".to_owned());
    push(matters, waiting, |count| Matter::MailWaits { count, cause });
    push(matters, failed, |count| Matter::NoticesFailed { count, since });
    Ok(())
}

async fn of_requests(conn: &mut Conn, matters: &mut Vec<Matter>) -> Result<(), ServiceError> {
    let unknown = || "No cause was noted".to_owned();
    for cause in store::causes(conn, RequestState::Failed, CAUSES).await? {
        matters.push(Matter::RequestsFailed {
            cause: cause.cause.unwrap_or_else(unknown),
            remedy: cause.remedy,
            count: cause.count,
        });
    }
    for cause in store::tried_again(conn, CAUSES).await? {
        matters.push(Matter::TriedAgain {
            cause: cause.cause.unwrap_or_else(unknown),
            remedy: cause.remedy,
            count: cause.count,
        });
    }
    for cause in store::causes(conn, RequestState::Waiting, CAUSES).await? {
        let what = cause.cause.unwrap_or_else(unknown);
        matters.push(Matter::RequestsWaiting { cause: what, count: cause.count });
    }
    let given_up = store::jobs_in(conn, JobState::Dead).await?;
    push(matters, given_up, |count| Matter::JobsGivenUp { count });
    Ok(())
}

async fn of_authorities(portal: &Portal, caller: &Caller) -> Result<Vec<Matter>, ServiceError> {
    let seen = authorities::list(portal, caller).await?;
    let mut matters = Vec::new();
    for ca in &seen.authorities {
        // One that was switched off is asked nothing new: nobody waits for it.
        if let Some(it) = ca.external.as_ref().filter(|it| it.enabled && it.well == Some(false)) {
            let (findings, at) = (it.findings.clone(), it.checked_at);
            matters.push(Matter::CaDown { ca: ca.name.clone(), findings, at });
        }
        for generation in &ca.generations {
            let name = format!("{} {} {}", ca.name, generation.purpose, generation.number);
            if generation.ends_soon {
                matters.push(Matter::CaEnds { ca: name.clone(), at: generation.not_after });
            }
            if let Some(crl) = generation.crl.as_ref().filter(|crl| crl.stale) {
                matters.push(Matter::CrlStale { ca: name, next_update: crl.next_update });
            }
        }
    }
    for connector in seen.connectors.into_iter().filter(|connector| connector.silent) {
        matters.push(Matter::ConnectorSilent {
            name: connector.name,
            last: connector.last_contact_at,
            waiting: connector.waiting,
        });
    }
    Ok(matters)
}
