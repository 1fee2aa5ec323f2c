//! What everybody holds, as small as it can be kept: a sweep reads it once, in the order in which it lies. To look it up
//! holder by holder takes three times as long, most of it for pages that are read again and again.

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::num::NonZeroU32;
use std::sync::Arc;

use certporter_model::certificate::{CertificateStatus, Standing};
use certporter_model::copy::CopyState;
use certporter_model::device::DeviceState;
use certporter_model::escrow::EscrowPolicy;
use certporter_model::feature::Feature;
use certporter_model::revocation::{Reason, Trigger};
use certporter_model::thumbprint::ContentDigest;
use certporter_model::{
    CaGenerationId, CertificateId, CopyId, DeviceId, EnrolmentId, EscrowedKeyId, ManagementCertificateId,
    ProfileId, Timestamp, UserId,
};
use rustc_hash::{FxHashMap, FxHashSet};
use tokio::sync::Mutex;
use tokio::task::JoinSet;
use uuid::Uuid;

use super::holdings::{can_hold, request, slot};
use crate::plan::actual::{Actual, Certificate, Copy, Request};
use crate::plan::{Departure, Holder, Place, Slot};
use crate::store::planning::sweeping::{self, Run, Runs, SweptCopy, Table};
use crate::store::planning::swept_people::{ManagementGeneration, SweptDevice};
use crate::store::planning::{PlanCertificate, PlanRequest};
use crate::store::{Conn, Db, StoreError};

/// What is looked up for certificates and copies.
#[derive(Debug)]
pub(super) struct Ground {
    requests: Vec<PlanRequest>,
    can_hold: BTreeSet<CaGenerationId>,
    cancelled: FxHashMap<CertificateId, Departure>,
    kept_keys: FxHashSet<EscrowedKeyId>,
    states: FxHashMap<DeviceId, DeviceState>,
    generations: FxHashMap<ManagementCertificateId, u32>,
}

impl Ground {
    /// Reads it: requests before certificates, so that none is missed on its way from one to the other.
    pub(super) async fn read(conn: &mut Conn) -> Result<Self, StoreError> {
        let requests = sweeping::requests(conn).await?;
        let cancelled = sweeping::cancelled(conn).await?.into_iter().filter_map(|it| {
            let (reason, trigger) = it.cancelled_reason.zip(it.cancelled_trigger)?;
            Some((it.certificate_id, Departure::new(reason, trigger)))
        });
        Ok(Self {
            requests,
            can_hold: can_hold(conn).await?,
            cancelled: cancelled.collect(),
            kept_keys: sweeping::kept_keys(conn).await?.into_iter().collect(),
            states: FxHashMap::default(),
            generations: FxHashMap::default(),
        })
    }

    /// Tells it about devices and their management certificates.
    pub(super) fn know(&mut self, devices: &[SweptDevice], generations: &[ManagementGeneration]) {
        self.states = devices.iter().map(|it| (it.id, it.state)).collect();
        self.generations = generations.iter().map(|it| (it.id, it.generation)).collect();
    }
}

/// What everybody holds.
#[derive(Debug, Default)]
pub(super) struct Held {
    requests: HashMap<Holder, Vec<(Slot, Request)>>,
    numbers: Numbers,
    /// By id.
    certificates: Vec<HeldCertificate>,
    /// Places of certificates, by whose they are.
    by_holder: Vec<u32>,
    /// Where in them a holder's begin; one more than there are numbers.
    starts: Vec<u32>,
    /// What few certificates have.
    rare: FxHashMap<CertificateId, Rare>,
    /// By certificate.
    copies: Vec<HeldCopy>,
}

#[derive(Debug)]
struct HeldCertificate {
    id: CertificateId,
    holder: Number,
    profile: Number,
    owner: Option<Number>,
    enrolment: Option<Number>,
    /// The place of its first copy.
    copies: u32,
    key: Option<EscrowedKeyId>,
    digest: ContentDigest,
    not_before: Timestamp,
    not_after: Timestamp,
    status: CertificateStatus,
    standing: Standing,
    issued_for: Trigger,
    escrow: EscrowPolicy,
    encryption: bool,
    can_hold: bool,
    /// Whether there is more.
    rare: bool,
}

#[derive(Debug, Clone, Copy, Default)]
struct Rare {
    reason: Option<Reason>,
    held_since: Option<Timestamp>,
    reissue_asked: bool,
    unwanted_since: Option<Departure>,
}

#[derive(Debug)]
struct HeldCopy {
    certificate: CertificateId,
    id: CopyId,
    device: Number,
    enrolment: Number,
    sealed_for: Option<u32>,
    feature: Feature,
    state: CopyState,
    device_state: DeviceState,
}

/// Stands for an id that many have.
type Number = NonZeroU32;

/// Numbers of ids.
#[derive(Debug, Default)]
struct Numbers {
    of: FxHashMap<Uuid, Number>,
    ids: Vec<Uuid>,
}

impl Numbers {
    fn give(&mut self, id: Uuid) -> Number {
        *self.of.entry(id).or_insert_with(|| {
            self.ids.push(id);
            // There is no memory for as many ids as have no number.
            u32::try_from(self.ids.len()).ok().and_then(Number::new).unwrap_or(Number::MAX)
        })
    }

    fn id(&self, number: Number) -> Uuid {
        self.ids.get(number.get() as usize - 1).copied().unwrap_or_default()
    }
}

impl Held {
    /// Reads it, after what is looked up for it.
    pub(super) async fn read(db: &Db, mut ground: Ground) -> Result<Self, StoreError> {
        let mut held = Self::default();
        for it in std::mem::take(&mut ground.requests) {
            let slot = slot(it.holder_kind, it.holder_id, it.profile_id);
            held.requests.entry(slot.holder).or_default().push((slot, request(&it)));
        }
        let ground = Arc::new(ground);
        let mut conn = db.snapshot_of_much().await?;
        let Runs { runs, certificates, copies } = sweeping::runs(&mut conn).await?;
        drop(conn);
        // Without it they grow all the same, and leave holes.
        held.certificates.try_reserve_exact(certificates).ok();
        held.copies.try_reserve_exact(copies).ok();
        let runs = Arc::new(Mutex::new(runs));
        let all = Arc::new(Mutex::new(held));
        let mut running = JoinSet::new();
        for _ in 0..super::chunks::at_once() {
            running.spawn(read_runs(db.clone(), Arc::clone(&runs), Arc::clone(&ground), Arc::clone(&all)));
        }
        while let Some(ended) = running.join_next().await {
            ended.map_err(|error| StoreError::Other(error.to_string()))??;
        }
        let mut held = std::mem::take(&mut *all.lock().await);
        let sorted = tokio::task::spawn_blocking(move || {
            held.sort();
            held
        });
        sorted.await.map_err(|error| StoreError::Other(error.to_string()))
    }

    /// Puts certificates, their copies and their holders in order, and says where each one's begin.
    fn sort(&mut self) {
        let (certificates, copies) = (&mut self.certificates, &mut self.copies);
        std::thread::scope(|scope| {
            scope.spawn(|| copies.sort_unstable_by_key(|it| (it.certificate, it.id)));
            certificates.sort_unstable_by_key(|it| it.id);
        });
        let mut first = 0;
        for it in certificates {
            let before = copies[first..].iter().take_while(|copy| copy.certificate < it.id).count();
            first += before;
            it.copies = place_of(first);
        }
        self.sort_by_holder();
    }

    /// Says which certificates each holder has: counted first, so that each goes to its place.
    fn sort_by_holder(&mut self) {
        let mut ends = vec![0_u32; self.numbers.ids.len() + 1];
        for it in &self.certificates {
            ends[it.holder.get() as usize - 1] += 1;
        }
        let mut before = 0;
        for end in &mut ends {
            before += *end;
            *end = before;
        }
        self.by_holder = vec![0; self.certificates.len()];
        // From the last to the first, so that what were ends become starts.
        for (place, it) in self.certificates.iter().enumerate().rev() {
            let end = &mut ends[it.holder.get() as usize - 1];
            *end -= 1;
            self.by_holder[*end as usize] = place_of(place);
        }
        self.starts = ends;
    }

    /// The places of a holder's certificates.
    fn places(&self, holder: Number) -> &[u32] {
        let number = holder.get() as usize;
        let bounds = self.starts.get(number - 1).zip(self.starts.get(number));
        bounds.and_then(|(start, end)| self.by_holder.get(*start as usize..*end as usize)).unwrap_or_default()
    }

    fn add_certificate(&mut self, ground: &Ground, it: &PlanCertificate) {
        let rare = Rare {
            reason: it.reason,
            held_since: it.held_at,
            reissue_asked: it.reissue_asked_at.is_some(),
            unwanted_since: ground.cancelled.get(&it.id).copied(),
        };
        let is_rare = rare.reason.is_some()
            || rare.held_since.is_some()
            || rare.reissue_asked
            || rare.unwanted_since.is_some();
        if is_rare {
            self.rare.insert(it.id, rare);
        }
        let holder = Holder::new(it.holder_kind, it.holder_id);
        self.certificates.push(HeldCertificate {
            copies: 0,
            holder: self.numbers.give(it.holder_id),
            profile: self.numbers.give(it.profile_id.as_uuid()),
            owner: it.user_id.map(|id| self.numbers.give(id.as_uuid())),
            enrolment: it
                .enrolment_id
                .filter(|_| matches!(holder, Holder::Device(_)))
                .map(|id| self.numbers.give(id.as_uuid())),
            id: it.id,
            key: it.key_id.filter(|key| ground.kept_keys.contains(key)),
            digest: it.content_digest,
            not_before: it.not_before,
            not_after: it.not_after,
            status: it.status,
            standing: it.standing,
            issued_for: it.trigger_kind,
            escrow: it.escrow,
            encryption: it.encryption,
            can_hold: ground.can_hold.contains(&it.ca_generation_id),
            rare: is_rare,
        });
    }

    fn add_copy(&mut self, ground: &Ground, it: &SweptCopy) {
        // A device that has come since will be looked at by itself.
        let Some(device_state) = ground.states.get(&it.device_id).copied() else { return };
        self.copies.push(HeldCopy {
            certificate: it.certificate_id,
            id: it.id,
            device: self.numbers.give(it.device_id.as_uuid()),
            enrolment: self.numbers.give(it.enrolment_id.as_uuid()),
            sealed_for: it.management_certificate_id.and_then(|id| ground.generations.get(&id).copied()),
            feature: it.feature,
            state: it.state,
            device_state,
        });
    }

    /// What these holders hold.
    pub(super) fn by(&self, holders: &BTreeSet<Holder>) -> Actual {
        let mut actual = Actual::default();
        for &holder in holders {
            for (slot, request) in self.requests.get(&holder).into_iter().flatten() {
                actual.holdings.entry(*slot).or_default().requests.push(request.clone());
            }
            let Some(number) = self.numbers.of.get(&holder.as_uuid()).copied() else { continue };
            for it in self.places(number).iter().filter_map(|place| self.certificates.get(*place as usize)) {
                let profile = ProfileId::from_uuid(self.numbers.id(it.profile));
                let holding = actual.holdings.entry(Slot { holder, profile }).or_default();
                holding.certificates.push(self.certificate(it));
            }
        }
        actual
    }

    fn certificate(&self, it: &HeldCertificate) -> Certificate {
        let rare = if it.rare { self.rare.get(&it.id).copied().unwrap_or_default() } else { Rare::default() };
        let copies = self.copies.iter().skip(it.copies as usize).take_while(|copy| copy.certificate == it.id);
        Certificate {
            id: it.id,
            status: it.status,
            standing: it.standing,
            digest: it.digest,
            not_before: it.not_before,
            not_after: it.not_after,
            owner: it.owner.map(|number| UserId::from_uuid(self.numbers.id(number))),
            enrolment: it.enrolment.map(|number| EnrolmentId::from_uuid(self.numbers.id(number))),
            issued_for: it.issued_for,
            encryption: it.encryption,
            escrow: it.escrow,
            key: it.key,
            held_since: rare.held_since,
            reissue_asked: rare.reissue_asked,
            can_hold: it.can_hold,
            reason: rare.reason,
            unwanted_since: rare.unwanted_since,
            copies: copies.map(|copy| self.copy(copy)).collect(),
        }
    }

    fn copy(&self, it: &HeldCopy) -> Copy {
        let place = Place {
            device: DeviceId::from_uuid(self.numbers.id(it.device)),
            enrolment: EnrolmentId::from_uuid(self.numbers.id(it.enrolment)),
            feature: it.feature,
        };
        let sealed_for = it.sealed_for.map(i64::from);
        Copy { id: it.id, place, state: it.state, sealed_for, device: it.device_state }
    }
}

/// No more than there is memory for.
fn place_of(place: usize) -> u32 {
    u32::try_from(place).unwrap_or(u32::MAX)
}

/// Reads run after run until none is left.
async fn read_runs(
    db: Db,
    runs: Arc<Mutex<VecDeque<Run>>>,
    ground: Arc<Ground>,
    all: Arc<Mutex<Held>>,
) -> Result<(), StoreError> {
    loop {
        let Some(mut run) = runs.lock().await.pop_front() else { return Ok(()) };
        let mut conn = db.snapshot_of_much().await?;
        while let Some(part) = run.next_part() {
            match run.table {
                Table::Certificates => {
                    let found = sweeping::certificates(&mut conn, part).await?;
                    let mut all = all.lock().await;
                    found.iter().for_each(|it| all.add_certificate(&ground, it));
                }
                Table::Copies => {
                    let found = sweeping::copies(&mut conn, part).await?;
                    let mut all = all.lock().await;
                    found.iter().for_each(|it| all.add_copy(&ground, it));
                }
            }
        }
    }
}
