//! Blocking a person with very many certificates while others get theirs: from the request until the last serial number is
//! in the CRL and OCSP answers with it.
//!
//! Beside it, in the same run, what no portal can do without: as many rows as certificates, written in one transaction to
//! a database of the same kind, and a CRL of all that is revoked by then, put together, signed and written to the disk.

use std::collections::HashSet;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use certporter_model::Timestamp;
use certporter_model::access::{Caller, Grant, Role};
use certporter_model::ids::{AccountId, CaGenerationId, TimelineEventId, UserId};
use certporter_model::job::{JobKind, JobState};
use certporter_model::key::KeyAlgorithm;
use certporter_model::request::Step;
use certporter_model::revocation::Reason;
use certporter_model::serial::SerialNumber;

use super::super::CommandError;
use super::figures::Case;
use super::installation::{Installation, permit};
use super::{issue, publishing};
use crate::clock::{Clock as _, Stopwatch, SystemClock};
use crate::config::{PublicAddresses, WebAddress};
use crate::generate::{Fleet, generate};
use crate::pipeline::work::{PORTAL, connector_pool};
use crate::pki::PrivateKey;
use crate::pki::crl::CrlBuilder;
use crate::pki::key::Signer as _;
use crate::pki::ocsp::CertId;
use crate::random::{SystemRandom, octets};
use crate::service::action::ActionDraft;
use crate::service::live::Change;
use crate::service::portal::Parts;
use crate::service::{Portal, users};
use crate::store::certificates::{self, CertificateFilter};
use crate::store::steps::events::{self, About, StepEvent};
use crate::store::users::{UserFilter, list as list_users};
use crate::store::{AuditEvent, Db, Location, Page, Target, jobs, revocations};

/// How much of each.
#[derive(Debug, Clone, Copy)]
pub(super) struct Crowd {
    /// Certificates of a person, at least.
    pub(super) certificates: u32,
    /// Certificates that are revoked before.
    pub(super) revoked: u32,
    /// Persons who are blocked, one after the other.
    pub(super) persons: usize,
}

/// A device of the fleet holds more than so many certificates on average.
const OF_A_DEVICE: u32 = 6;
/// Requests for certificates that come in each second meanwhile.
const REQUESTS_A_SECOND: usize = 50;
/// So long they go on coming at most.
const REQUESTS_FOR: usize = 40;
/// They come in so many portions a second.
const PORTIONS: usize = 10;
/// How often it is looked whether there is another CRL.
const LOOK: Duration = Duration::from_millis(10);
/// How long anything may take before something is wrong.
const PATIENCE: Duration = Duration::from_secs(300);
/// So many of the certificates are asked about by OCSP.
const ASKED: usize = 100;

/// Blocks one person after the other. The seconds are from the request until relying parties see all of it.
pub(super) async fn run(name: &'static str, crowd: Crowd) -> Result<Case, CommandError> {
    let mut at = Installation::idle(name, KeyAlgorithm::EcP256).await?;
    let lists = at.pipeline.builtin.publish().await?;
    let generation = lists.iter().find(|list| list.name.starts_with("issuing"));
    let generation = generation.ok_or("the built-in CA has no list of its issuing key")?.generation;
    let mut revoked = Vec::with_capacity(usize::try_from(crowd.revoked)?);
    publishing::fill(&at.db, generation, crowd.revoked, |serial| revoked.push(serial.clone())).await?;
    let count = u32::try_from(crowd.persons)?;
    let devices = count * crowd.certificates.div_ceil(OF_A_DEVICE);
    let fleet = Fleet { users: count, profiles: 10, ..Fleet::new(1, SystemClock.now(), devices) };
    generate(&at.db, &fleet).await?;
    at.work().await?;
    let portal = portal(&at)?;
    let wakes = wake(&portal, &at);
    at_rest(&at).await?;
    // After the sweep at the start, which would have asked for all of theirs at once.
    let waiting = at.enrol(REQUESTS_A_SECOND * REQUESTS_FOR).await?;
    let scratch = Scratch::new(at.folder()).await?;
    let persons = persons(&at.db).await?;
    let done = std::cell::Cell::new(false);
    let measure = async {
        let (mut seconds, mut limits, mut n) = (Vec::new(), Vec::new(), 0);
        for person in persons {
            let serials = serials_of(&at.db, person).await?;
            n += serials.len();
            limits.push(scratch.limit(&revoked, serials.len()).await?);
            let since = SystemClock.now();
            seconds.push(block(&at, &portal, person, generation, serials).await?);
            noted(&at.db, person, since).await?;
            devices_told(&at.db).await?;
        }
        done.set(true);
        Ok::<_, CommandError>(Case::against(name, "s", &seconds, &limits, n))
    };
    let load = async {
        let each = REQUESTS_A_SECOND / PORTIONS;
        for some in waiting.chunks(each) {
            if done.get() {
                return Ok(());
            }
            issue::plan(&at, some).await?;
            tokio::time::sleep(Duration::from_secs(1) / u32::try_from(PORTIONS)?).await;
        }
        Ok::<_, CommandError>(())
    };
    let (case, loaded) = tokio::join!(measure, load);
    loaded?;
    let case = case?;
    wakes.abort();
    scratch.end().await;
    at.end().await?;
    Ok(case)
}

/// The portal as its pages and its REST API see it.
fn portal(at: &Installation) -> Result<Portal, CommandError> {
    let addresses = PublicAddresses {
        portal: WebAddress::parse("http://127.0.0.1:3000")?,
        device: WebAddress::parse("https://127.0.0.1:3443")?,
        pki: WebAddress::parse("http://127.0.0.1:3080")?,
    };
    let (clock, random) = (Arc::new(SystemClock), Arc::new(SystemRandom));
    Ok(Portal::new(Parts { db: at.db.clone(), clock, random, addresses }))
}

/// Workers hear of changes as they do in a portal that serves.
fn wake(portal: &Portal, at: &Installation) -> tokio::task::JoinHandle<()> {
    let (portal, pipeline) = (portal.clone(), Arc::clone(&at.pipeline));
    tokio::spawn(async move {
        portal.live().follow(portal.db(), |_: &Change| pipeline.queue.wake()).await;
    })
}

/// Returns when nothing is due any more.
async fn at_rest(at: &Installation) -> Result<(), CommandError> {
    let pool = certporter_model::text::Name::parse("default")?;
    let pools = [PORTAL.to_owned(), connector_pool(&pool)];
    let (watch, mut quiet) = (Stopwatch::start(), 0);
    while quiet < 3 {
        tokio::time::sleep(LOOK * 10).await;
        quiet = if at.pipeline.queue.is_due(&pools).await? { 0 } else { quiet + 1 };
        if watch.elapsed() > PATIENCE {
            return Err("the portal does not come to rest".into());
        }
    }
    Ok(())
}

/// Returns when the portal has noted of all that was blocked that the CRL has it.
async fn noted(db: &Db, person: UserId, since: Timestamp) -> Result<(), CommandError> {
    let watch = Stopwatch::start();
    loop {
        let counted = revocations::count_of_user(&mut *db.read().await?, person, since).await?;
        if counted.asked > 0 && counted.in_crl == counted.asked {
            return Ok(());
        }
        if watch.elapsed() > PATIENCE {
            return Err(format!("the portal has not noted that the CRL has all: {counted:?}").into());
        }
        tokio::time::sleep(LOOK * 10).await;
    }
}

/// Returns when nothing is planned any more: what was blocked is taken from the devices after relying parties know of it,
/// and that belongs to no other person's block.
async fn devices_told(db: &Db) -> Result<(), CommandError> {
    let watch = Stopwatch::start();
    loop {
        let mut conn = db.read().await?;
        let mut planning = false;
        for state in [JobState::Ready, JobState::Leased] {
            let open = jobs::list(&mut conn, state, None, 10_000).await?;
            planning |= open.iter().any(|job| job.kind == JobKind::Replan);
        }
        if !planning {
            return Ok(());
        }
        if watch.elapsed() > PATIENCE {
            return Err("the portal does not come to tell devices".into());
        }
        drop(conn);
        tokio::time::sleep(LOOK * 10).await;
    }
}

async fn persons(db: &Db) -> Result<Vec<UserId>, CommandError> {
    let mut conn = db.read().await?;
    let all = certporter_model::access::Visibility::All;
    let found = list_users(&mut conn, &all, &UserFilter::default(), Page::first(100)).await?;
    Ok(found.into_iter().map(|user| user.id).collect())
}

/// The serial numbers of all that somebody holds.
async fn serials_of(db: &Db, user: UserId) -> Result<HashSet<SerialNumber>, CommandError> {
    let mut conn = db.read().await?;
    let all = certporter_model::access::Visibility::All;
    let filter = CertificateFilter { user: Some(user), ..CertificateFilter::default() };
    let (mut serials, mut page) = (HashSet::new(), Page::first(1_000));
    loop {
        let found = certificates::list(&mut conn, &all, &filter, page).await?;
        let Some(last) = found.last() else { return Ok(serials) };
        page.after = Some(last.id);
        serials.extend(found.into_iter().map(|certificate| certificate.serial));
    }
}

async fn block(
    at: &Installation,
    portal: &Portal,
    person: UserId,
    generation: CaGenerationId,
    serials: HashSet<SerialNumber>,
) -> Result<f64, CommandError> {
    let id = AccountId::new(SystemClock.now(), octets(&SystemRandom));
    let everything = vec![Grant { role: Role::Administrator, groups: None }];
    let caller = Caller::account(id, "bench".to_owned(), everything, None);
    let issuer = at.pipeline.builtin.issuing_certificate()?;
    let asked: Vec<SerialNumber> = serials.iter().take(ASKED).cloned().collect();
    let serials = Arc::new(serials);
    let watch = Stopwatch::start();
    users::block(portal, &caller, person, &ActionDraft::default()).await?;
    let mut seen = 0;
    loop {
        if watch.elapsed() > PATIENCE {
            return Err("the CRL does not get all that was blocked".into());
        }
        let lists = at.pipeline.builtin.lists().await?;
        let list = lists.into_iter().find(|list| list.generation == generation && list.number > seen);
        let Some(list) = list else {
            tokio::time::sleep(LOOK).await;
            continue;
        };
        seen = list.number;
        if has_all(at, &list.name, Arc::clone(&serials)).await? {
            break;
        }
    }
    for serial in &asked {
        let answer = at.pipeline.builtin.ocsp(&CertId::request(&issuer, serial, false)?).await?;
        if !says_revoked(&answer.octets) {
            return Err(format!("OCSP does not answer that {serial} is on hold").into());
        }
    }
    Ok(watch.elapsed().as_secs_f64())
}

/// Whether a published list has all of them.
async fn has_all(
    at: &Installation,
    list: &str,
    serials: Arc<HashSet<SerialNumber>>,
) -> Result<bool, CommandError> {
    let file = at.pipeline.builtin.published(&format!("{list}.crl")).await?.ok_or("the CRL is not there")?;
    let counted = tokio::task::spawn_blocking(move || {
        let now = SystemClock.now();
        let wanted: HashSet<&[u8]> = serials.iter().map(SerialNumber::as_octets).collect();
        let mut found = 0;
        CrlBuilder::new(1, now, now).take_over(&file.octets, |serial, _| {
            found += usize::from(wanted.contains(serial));
            false
        })?;
        Ok::<_, crate::pki::PkiError>(found == wanted.len())
    });
    Ok(counted.await??)
}

/// certStatus revoked with the reason certificateHold (RFC 6960, section 4.2.1): its last octets are those of the reason.
fn says_revoked(response: &[u8]) -> bool {
    let hold = [0xa0, 0x03, 0x0a, 0x01, Reason::CertificateHold.code()];
    response.windows(hold.len()).any(|window| window == hold)
}

/// A database of the same kind, for rows alone, and a key.
struct Scratch {
    db: Db,
    key: PrivateKey,
    issuer: crate::pki::Certificate,
    list: std::path::PathBuf,
}

impl Scratch {
    async fn new(folder: &Path) -> Result<Self, CommandError> {
        let db = Db::connect(&Location::Sqlite(folder.join("scratch.sqlite"))).await?;
        db.migrate().await?;
        let key = PrivateKey::generate(KeyAlgorithm::EcP256)?;
        let name = certporter_model::distinguished_name::DistinguishedName::parse("CN=bench")?;
        let validity = crate::pki::issuance::Validity::days(SystemClock.now(), 30);
        let issuance = crate::pki::issuance::Issuance::authority(name, key.public_key().clone(), 0, validity);
        let serial = SerialNumber::from_random(octets(&SystemRandom));
        let issuer = issuance.prepare(&serial, crate::pki::issuance::Issuer::Itself)?.sign(&key)?;
        Ok(Self { db, key, issuer, list: folder.join("scratch.crl") })
    }

    /// Rows of the timeline in one transaction, and a CRL of what is revoked and as many more.
    async fn limit(&self, revoked: &[SerialNumber], rows: usize) -> Result<f64, CommandError> {
        let watch = Stopwatch::start();
        let now = SystemClock.now();
        let mut tx = self.db.write(&permit()?).await?;
        for _ in 0..rows {
            let event = StepEvent {
                id: TimelineEventId::new(now, octets(&SystemRandom)),
                at: now,
                step: Step::Held,
                about: About::default(),
                duration_ms: None,
                cause: None,
                remedy: None,
                detail: None,
            };
            events::add(&mut tx, event);
        }
        tx.commit(AuditEvent::new(now, "bench.rows", Target::none("bench"))).await?;
        let mut builder = CrlBuilder::new(1, now, now);
        for serial in revoked.iter().chain(revoked.iter().cycle().take(rows)) {
            builder.revoke(serial, now, Reason::CertificateHold);
        }
        let unsigned = builder.unsigned(&self.issuer, &self.key)?;
        std::hint::black_box(self.key.sign(&unsigned)?);
        let mut file = std::fs::File::create(&self.list)?;
        std::io::Write::write_all(&mut file, &unsigned)?;
        file.sync_all()?;
        Ok(watch.elapsed().as_secs_f64())
    }

    async fn end(self) {
        self.db.close().await;
    }
}
