//! How the certificates of the fleet are: by profile, platform and group, each number as the list behind it counts.
//!
//! While counting is quick it is done for the page that shows it. Where it takes longer, what was counted last is shown
//! with its time, kept in the database for every process, and counted anew beside the page after a pause that grows
//! with how long it takes. Whoever sees a part of the organisation only has it counted for them.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use certporter_model::access::{Caller, Visibility};
use certporter_model::platform::Platform;
use certporter_model::{GroupId, ProfileId, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::clock::Stopwatch;
use crate::service::requests::RequestStage;
use crate::service::{Operation, Portal, ServiceError, counting, csv};
use crate::store::fleet::{self, FleetCount, RequestCount, Snapshot};
use crate::store::{AuditEvent, Conn, Db, StoreError, Target, profiles};

/// The name of the snapshot.
const SNAPSHOT: &str = "health";
/// The most groups that are shown.
const GROUPS: u32 = 100;

/// One process counts once at a time.
static COUNTING: AtomicBool = AtomicBool::new(false);

/// Certificates that are current and good, and requests in flight, counted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct HealthCounts {
    /// Certificates in all.
    pub certificates: u64,
    /// On their devices, as far as these can tell.
    pub installed: u64,
    /// On their way to a device.
    pub pending: u64,
    /// That a device could not install.
    pub failing: u64,
    /// On no device.
    pub nowhere: u64,
    /// That end within 30 days, whichever of these they are.
    pub expiring: u64,
    /// Requests on their way.
    pub requests_under_way: u64,
    /// Requests that failed or wait for a value.
    pub requests_troubled: u64,
}

impl HealthCounts {
    fn add(&mut self, row: &FleetCount) {
        self.certificates += row.total;
        self.installed += row.installed;
        self.pending += row.pending;
        self.failing += row.failing;
        self.nowhere += row.nowhere;
        self.expiring += row.expiring;
    }

    fn add_requests(&mut self, row: &RequestCount) {
        match RequestStage::of(row.state) {
            RequestStage::UnderWay => self.requests_under_way += row.total,
            RequestStage::Troubled => self.requests_troubled += row.total,
        }
    }
}

/// The counts of a profile.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ProfileHealth {
    /// Which one.
    pub profile: ProfileId,
    /// Its name.
    pub name: String,
    /// What was counted.
    pub counts: HealthCounts,
}

/// The counts of a platform. A certificate that is a user's on devices of two platforms counts for both.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PlatformHealth {
    /// Which one.
    pub platform: Platform,
    /// What was counted.
    pub counts: HealthCounts,
}

/// The counts of a group: of its users and devices, and those of groups within it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct GroupHealth {
    /// Which one.
    pub group: GroupId,
    /// Its name.
    pub name: String,
    /// What was counted.
    pub counts: HealthCounts,
}

/// How the certificates of the fleet are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct HealthView {
    /// All of them.
    pub total: HealthCounts,
    /// By profile, by name.
    pub profiles: Vec<ProfileHealth>,
    /// By platform.
    pub platforms: Vec<PlatformHealth>,
    /// By group that a profile is assigned to, by name: a hundred at most.
    pub groups: Vec<GroupHealth>,
    /// When it was counted.
    pub counted_at: Timestamp,
}

/// How the certificates are that the caller may see.
///
/// # Errors
/// When the caller may not.
pub async fn get(portal: &Portal, caller: &Caller) -> Result<HealthView, ServiceError> {
    let visibility = Operation::ReportsHealth.visibility(caller)?;
    read(portal, &visibility).await
}

/// The same as CSV (RFC 4180). It is noted in the audit trail.
///
/// # Errors
/// When the caller may not.
pub async fn export(portal: &Portal, caller: &Caller) -> Result<String, ServiceError> {
    let visibility = Operation::ReportsHealthExport.visibility(caller)?;
    let permit = Operation::ReportsHealthExport.own(caller)?;
    let view = read(portal, &visibility).await?;
    let event = AuditEvent::new(portal.now(), Operation::ReportsHealthExport.name(), Target::none("report"));
    portal.db().write(&permit).await?.commit(event).await?;
    Ok(written(&view))
}

async fn read(portal: &Portal, visibility: &Visibility) -> Result<HealthView, ServiceError> {
    let now = portal.now();
    if *visibility != Visibility::All {
        return Ok(count(&mut *portal.db().snapshot().await?, visibility, now).await?);
    }
    let known = fleet::snapshot(&mut *portal.db().read().await?, SNAPSHOT).await?;
    // Of another version of the program, perhaps: then it is counted anew.
    let known = known.and_then(|it| Some((serde_json::from_value::<HealthView>(it.body).ok()?, it.took_ms)));
    let took = Duration::from_millis;
    let slow = known.filter(|(view, ms)| counting::is_kept(view.total.certificates, took(*ms)));
    let Some((view, ms)) = slow else { return Ok(count_and_keep(portal.db(), false, now).await?) };
    let age = now.since(view.counted_at);
    if counting::is_stale(age, took(ms)) && !COUNTING.swap(true, Ordering::SeqCst) {
        let db = portal.db().clone();
        tokio::spawn(async move {
            if let Err(error) = count_and_keep(&db, true, now).await {
                tracing::warn!(%error, "the fleet can't be counted");
            }
            COUNTING.store(false, Ordering::SeqCst);
        });
    }
    Ok(view)
}

/// Where something is kept, it is replaced also when counting has become quick: it would be shown for ever.
async fn count_and_keep(db: &Db, is_shown: bool, now: Timestamp) -> Result<HealthView, StoreError> {
    let watch = Stopwatch::start();
    let mut conn = db.snapshot().await?;
    let view = count(&mut conn, &Visibility::All, now).await?;
    drop(conn);
    let took = watch.elapsed();
    if is_shown || counting::is_kept(view.total.certificates, took) {
        let snapshot = Snapshot {
            name: SNAPSHOT.to_owned(),
            body: serde_json::to_value(&view).map_err(|error| StoreError::Other(error.to_string()))?,
            counted_at: now,
            took_ms: u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
        };
        let mut books = db.bookkeeping().await?;
        fleet::keep(&mut books, &snapshot).await?;
        books.commit().await?;
    }
    Ok(view)
}

async fn count(conn: &mut Conn, visibility: &Visibility, now: Timestamp) -> Result<HealthView, StoreError> {
    let certificates = fleet::certificates(conn, visibility, None, now).await?;
    let of_users = fleet::of_users_by_platform(conn, visibility, now).await?;
    let requests = fleet::requests(conn, visibility, None).await?;
    let mut total = HealthCounts::default();
    let mut by_profile: BTreeMap<ProfileId, HealthCounts> = BTreeMap::new();
    let mut by_platform: BTreeMap<Platform, HealthCounts> = BTreeMap::new();
    for row in &certificates {
        total.add(row);
        by_profile.entry(row.profile_id).or_default().add(row);
        if let Some(platform) = row.platform {
            by_platform.entry(platform).or_default().add(row);
        }
    }
    for row in &of_users {
        let counts = by_platform.entry(row.platform).or_default();
        counts.certificates += row.total;
        counts.installed += row.installed;
        counts.pending += row.pending;
        counts.failing += row.failing;
        counts.nowhere += row.nowhere;
        counts.expiring += row.expiring;
    }
    for row in &requests {
        total.add_requests(row);
        by_profile.entry(row.profile_id).or_default().add_requests(row);
        if let Some(platform) = row.platform {
            by_platform.entry(platform).or_default().add_requests(row);
        }
    }
    let mut profiles = Vec::new();
    for (profile, counts) in by_profile {
        let name = profiles::get(conn, profile).await?.name.to_string();
        profiles.push(ProfileHealth { profile, name, counts });
    }
    profiles.sort_by_key(|it| (it.name.to_lowercase(), it.profile));
    let mut groups = Vec::new();
    for group in fleet::assigned_groups(conn, visibility, GROUPS).await? {
        let mut counts = HealthCounts::default();
        for row in fleet::certificates(conn, visibility, Some(group.id), now).await? {
            counts.add(&row);
        }
        for row in fleet::requests(conn, visibility, Some(group.id)).await? {
            counts.add_requests(&row);
        }
        groups.push(GroupHealth { group: group.id, name: group.name.to_string(), counts });
    }
    let platforms = by_platform.into_iter().map(|(platform, counts)| PlatformHealth { platform, counts });
    Ok(HealthView { total, profiles, platforms: platforms.collect(), groups, counted_at: now })
}

fn written(view: &HealthView) -> String {
    let headings = [
        "by",
        "id",
        "name",
        "certificates",
        "installed",
        "pending",
        "failing",
        "on_no_device",
        "expiring",
        "requests_under_way",
        "requests_troubled",
        "counted_at",
    ];
    let row = |by: &str, id: String, name: &str, it: &HealthCounts| {
        let mut fields = vec![by.to_owned(), id, name.to_owned()];
        let numbers = [
            it.certificates,
            it.installed,
            it.pending,
            it.failing,
            it.nowhere,
            it.expiring,
            it.requests_under_way,
            it.requests_troubled,
        ];
        fields.extend(numbers.map(|number| number.to_string()));
        fields.push(view.counted_at.to_string());
        csv::line(&fields)
    };
    let mut text = csv::line(&headings.map(str::to_owned));
    text.push_str(&row("all", String::new(), "", &view.total));
    for it in &view.profiles {
        text.push_str(&row("profile", it.profile.to_string(), &it.name, &it.counts));
    }
    for it in &view.platforms {
        text.push_str(&row("platform", it.platform.to_string(), it.platform.as_str(), &it.counts));
    }
    for it in &view.groups {
        text.push_str(&row("group", it.group.to_string(), &it.name, &it.counts));
    }
    text
}
