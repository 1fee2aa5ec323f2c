//! Carries a plan out within a transaction.

use std::collections::{BTreeMap, HashMap, HashSet};

use certporter_model::certificate::Standing;
use certporter_model::copy::CopyState;
use certporter_model::names::Names;
use certporter_model::request::{RequestState, Step};
use certporter_model::revocation::Trigger;
use certporter_model::{
    CertificateId, CopyId, DeviceId, EscrowedKeyId, ProfileId, RequestId, TimelineEventId, Timestamp, UserId,
};

use crate::pipeline::change;
use crate::pipeline::revoke::{self, Why};
use crate::pipeline::work::Work;
use crate::plan::{Action, Asked, Directory, Holder, Place, Purpose, Slot};
use crate::random::{Random, octets};
use crate::store::certificates::settle_all;
use crate::store::planning::changes::{self, Amendment, NewCopy, NewRequest};
use crate::store::steps::certificates::{self, CertificateInWork};
use crate::store::steps::copies::{self, CopyInWork};
use crate::store::steps::events::{self, About, StepEvent};
use crate::store::steps::requests;
use crate::store::{Announcement, StoreError, WriteTx, escrowed_keys};

/// A plan that is carried out.
struct Carrying<'a> {
    directory: &'a Directory,
    now: Timestamp,
    random: &'a dyn Random,
    /// Requests that are to be, and their jobs: written together.
    asked: Vec<NewRequest>,
    work: Vec<Work>,
    /// What is revoked, held and released, and the places that certificates get by it or else: written together.
    standing: Vec<(CertificateId, Why)>,
    places: BTreeMap<CertificateId, Standing>,
    /// Copies that go: written together.
    removed: Vec<CopyId>,
}

/// Carries out all of it, in order.
pub(super) async fn all(
    tx: &mut WriteTx,
    directory: &Directory,
    actions: &[Action],
    now: Timestamp,
    random: &dyn Random,
) -> Result<(), StoreError> {
    let mut carrying = Carrying {
        directory,
        now,
        random,
        asked: Vec::new(),
        work: Vec::new(),
        standing: Vec::new(),
        places: BTreeMap::new(),
        removed: Vec::new(),
    };
    for action in actions {
        carrying.one(tx, action).await?;
    }
    let locked = revoke::ask_for_all(tx, &carrying.standing, now, random).await?;
    carrying.settle(tx).await?;
    carrying.remove(tx, locked).await?;
    // After what makes room for them.
    changes::insert_requests(tx, &carrying.asked, now).await?;
    Work::enqueue_all(&carrying.work, tx, now, random).await
}

impl Carrying<'_> {
    async fn one(&mut self, tx: &mut WriteTx, action: &Action) -> Result<(), StoreError> {
        match action {
            Action::Cancel { request, departure } => {
                let why = (departure.reason, departure.trigger);
                change::cancel(tx, *request, why, self.now, self.random).await.map(|_| ())
            }
            Action::Revoke { certificate, departure, standing } => {
                let why = Why::revoked(departure.reason, departure.trigger);
                self.standing.push((*certificate, why));
                self.places.insert(*certificate, *standing);
                Ok(())
            }
            Action::Hold { certificate } => {
                self.standing.push((*certificate, Why::held(Trigger::Blocked)));
                Ok(())
            }
            Action::Release { certificate } => {
                self.standing.push((*certificate, Why::released(Trigger::Unblocked)));
                Ok(())
            }
            Action::Settle { certificate, standing } => {
                self.places.insert(*certificate, *standing);
                Ok(())
            }
            Action::Amend { request, asked } => self.amend(tx, *request, asked).await,
            Action::Issue { slot, trigger, asked } => {
                self.ask(tx, *slot, asked, *trigger, (None, None));
                Ok(())
            }
            Action::Renew { slot, certificate, key, asked } => {
                self.ask(tx, *slot, asked, Trigger::Renewal, (Some(*certificate), *key));
                Ok(())
            }
            Action::Deliver { certificate, place, purpose, .. } => {
                self.deliver(tx, *certificate, *place, *purpose).await
            }
            Action::Reseal { copy } => {
                let of = copies::certificates_of(tx, &[*copy]).await?;
                let [of] = of[..] else { return Err(StoreError::NotFound { what: "copy" }) };
                certificates::lock(tx, of).await?;
                changes::move_copy(tx, (*copy, of), CopyState::Pending, self.now).await?;
                self.seal(tx, of).await
            }
            Action::Remove { copy } => {
                self.removed.push(*copy);
                Ok(())
            }
            Action::DestroyKey { key } => self.destroy(tx, *key).await,
        }
    }

    fn ask(
        &mut self,
        tx: &mut WriteTx,
        slot: Slot,
        asked: &Asked,
        trigger: Trigger,
        (supersedes, kept_key): (Option<CertificateId>, Option<EscrowedKeyId>),
    ) {
        let id = RequestId::new(self.now, octets(self.random));
        let device = match slot.holder {
            Holder::Device(id) => self.directory.devices.get(&id).map(|device| (id, device)),
            Holder::User(_) => None,
        };
        let user = match slot.holder {
            Holder::User(id) => Some(id),
            Holder::Device(_) => device.and_then(|(_, device)| device.owner),
        };
        let (state, cause, remedy) = standing_of(&asked.names);
        let new = NewRequest {
            id,
            profile: slot.profile,
            version: asked.version,
            holder: (slot.holder.kind(), slot.holder.as_uuid()),
            user,
            device: device.map(|(id, _)| id),
            enrolment: device.and_then(|(_, device)| device.enrolment),
            state,
            names: asked.names.clone(),
            digest: asked.digest,
            trigger,
            supersedes,
            kept_key,
            cause,
            remedy,
        };
        self.asked.push(new);
        self.work.extend(self.work_on(id, slot.profile, state));
        let about = About {
            request: Some(id),
            certificate: None,
            copy: None,
            device: device.map(|(id, _)| id),
            user,
        };
        self.row(tx, Step::Requested, about, Some(trigger.to_string()));
    }

    async fn amend(&self, tx: &mut WriteTx, request: RequestId, asked: &Asked) -> Result<(), StoreError> {
        let profile = requests::get(tx, request).await?.profile_id;
        let (state, cause, remedy) = standing_of(&asked.names);
        let amendment = Amendment {
            version: asked.version,
            state,
            names: asked.names.clone(),
            digest: asked.digest,
            cause,
            remedy,
        };
        changes::amend_request(tx, request, &amendment, self.now).await?;
        if let Some(work) = self.work_on(request, profile, state) {
            work.enqueue(tx, self.now, self.random).await?;
        }
        self.of_request(tx, request, Step::Requested, Some("asks for what is right now".to_owned())).await
    }

    /// What a connector does about the request, unless it waits for values.
    fn work_on(&self, request: RequestId, profile: ProfileId, state: RequestState) -> Option<Work> {
        let entry = self.directory.profiles.get(&profile).filter(|_| state == RequestState::Requested)?;
        Some(Work::Request { request, pool: entry.profile.connector_pool().clone() })
    }

    async fn deliver(
        &self,
        tx: &mut WriteTx,
        certificate: CertificateId,
        place: Place,
        purpose: Purpose,
    ) -> Result<(), StoreError> {
        let of = certificates::lock(tx, certificate).await?;
        let new = NewCopy {
            id: CopyId::new(self.now, octets(self.random)),
            certificate,
            profile: of.profile_id,
            device: place.device,
            enrolment: place.enrolment,
            feature: place.feature,
            purpose: match purpose {
                Purpose::Use => "use",
                Purpose::Decrypt => "decrypt",
            },
        };
        changes::deliver_copy(tx, &new, self.now).await?;
        self.seal(tx, certificate).await
    }

    async fn seal(&self, tx: &mut WriteTx, certificate: CertificateId) -> Result<(), StoreError> {
        Work::Seal { certificate }.enqueue(tx, self.now, self.random).await
    }

    /// Gives certificates their places. Whoever gives a place up goes before whoever gets it.
    async fn settle(&mut self, tx: &mut WriteTx) -> Result<(), StoreError> {
        use Standing::{Current, Former, History, Predecessor, Surplus};
        for standing in [Former, History, Surplus, Predecessor, Current] {
            let of = self.places.iter().filter(|(_, it)| **it == standing);
            let ids: Vec<CertificateId> = of.map(|(id, _)| *id).collect();
            settle_all(tx, &ids, standing, self.now).await?;
        }
        Ok(())
    }

    /// Tells devices to remove copies; those that were never sealed are gone at once.
    async fn remove(&mut self, tx: &mut WriteTx, locked: Vec<CertificateInWork>) -> Result<(), StoreError> {
        // Certificates before their copies, as everywhere: so nobody waits for each other.
        let concerned = copies::certificates_of(tx, &self.removed).await?;
        let known: HashSet<CertificateId> = locked.iter().map(|it| it.id).collect();
        let others: Vec<CertificateId> = concerned.iter().filter(|id| !known.contains(id)).copied().collect();
        let mut of = locked;
        of.extend(certificates::lock_all(tx, &others).await?);
        let copies = copies::lock_all(tx, &self.removed).await?;
        if copies.len() != self.removed.len() {
            return Err(StoreError::NotFound { what: "copy" });
        }
        let of: HashMap<CertificateId, &CertificateInWork> = of.iter().map(|it| (it.id, it)).collect();
        let never =
            |copy: &CopyInWork| copy.state == CopyState::Pending && copy.management_certificate_id.is_none();
        let (gone, told): (Vec<_>, Vec<_>) = copies.iter().partition(|copy| never(copy));
        for (copies, state, step) in
            [(gone, CopyState::Removed, Step::Removed), (told, CopyState::Removing, Step::RemovalOffered)]
        {
            let ids: Vec<CopyId> = copies.iter().map(|copy| copy.id).collect();
            changes::move_copies(tx, &ids, state, self.now).await?;
            for copy in copies {
                let of = of.get(&copy.certificate_id);
                let about = About {
                    request: of.and_then(|it| it.request_id),
                    certificate: Some(copy.certificate_id),
                    copy: Some(copy.id),
                    device: Some(copy.device_id),
                    user: of.and_then(|it| it.user_id),
                };
                self.row(tx, step, about, None);
            }
        }
        copies::note_on_device(tx, &concerned).await
    }

    async fn destroy(&self, tx: &mut WriteTx, key: EscrowedKeyId) -> Result<(), StoreError> {
        let request = escrowed_keys::get(tx, key).await?.request_id;
        escrowed_keys::destroy(tx, key, None, self.now).await?;
        self.of_request(tx, request, Step::KeyDestroyed, None).await
    }

    async fn of_request(
        &self,
        tx: &mut WriteTx,
        request: RequestId,
        step: Step,
        detail: Option<String>,
    ) -> Result<(), StoreError> {
        let of = requests::get(tx, request).await?;
        let about = About {
            request: Some(request),
            certificate: of.certificate_id,
            copy: None,
            device: of.device_id,
            user: of.user_id,
        };
        self.row(tx, step, about, detail);
        Ok(())
    }

    /// A row of the timeline, and word to whoever shows it or waits for it.
    fn row(&self, tx: &mut WriteTx, step: Step, about: About, detail: Option<String>) {
        let event = StepEvent {
            id: TimelineEventId::new(self.now, octets(self.random)),
            at: self.now,
            step,
            about,
            duration_ms: None,
            cause: None,
            remedy: None,
            detail,
        };
        events::add(tx, event);
        let kind = if about.copy.is_some() { "copy" } else { "request" };
        announce(tx, kind, about.device, about.user, about);
    }
}

fn announce(tx: &mut WriteTx, kind: &str, device: Option<DeviceId>, user: Option<UserId>, about: About) {
    tx.announce(Announcement {
        device_id: device,
        user_id: user,
        request_id: about.request,
        certificate_id: about.certificate,
        copy_id: about.copy,
        ..Announcement::new(kind)
    });
}

/// A request whose names can't be rendered waits, and says for what.
fn standing_of(names: &Names) -> (RequestState, Option<String>, Option<String>) {
    match names.ready() {
        Ok(_) => (RequestState::Requested, None, None),
        Err(error) => {
            let remedy =
                "Give the user or device the value that is named; the request then goes on by itself.";
            (RequestState::Waiting, Some(format!("the {error}")), Some(remedy.to_owned()))
        }
    }
}
