//! What must hold after every event.

use certporter::plan::actual::{Certificate, Copy};
use certporter::plan::{Place, Slot};
use certporter_model::certificate::{CertificateStatus, Standing};
use certporter_model::copy::CopyState;
use certporter_model::escrow::EscrowPolicy;
use certporter_model::request::RequestState;

use super::reference::{Answer, may_live, places};
use super::world::World;

pub(super) fn check(world: &World) {
    for (slot, holding) in &world.actual.holdings {
        let answer = may_live(world, *slot);
        let unrevoked = |c: &&Certificate| c.status != CertificateStatus::Revoked;
        let of =
            |standing| holding.certificates.iter().filter(unrevoked).filter(move |c| c.standing == standing);
        assert!(of(Standing::Current).count() <= 1, "two current certificates in {slot:?}");
        assert!(of(Standing::Predecessor).count() <= 1, "two predecessors in {slot:?}");
        let in_flight: Vec<_> = holding.requests.iter().filter(|r| r.state.is_in_flight()).collect();
        assert!(in_flight.len() <= 1, "two requests in flight in {slot:?}: {in_flight:?}");
        assert!(answer == Answer::Yes || in_flight.is_empty(), "{slot:?} asks for what nobody shall have");
        for certificate in &holding.certificates {
            alive(world, *slot, certificate, answer);
            copies(world, *slot, certificate);
            key(world, *slot, certificate);
        }
        for request in holding.requests.iter().filter(|r| r.state == RequestState::Cancelled) {
            let shared = holding.certificates.iter().any(|c| c.key.is_some() && c.key == request.key);
            assert!(request.key.is_none() || shared, "the key of a cancelled request is still there");
        }
    }
    nothing_is_missing(world);
}

/// Nothing is alive that is not desired, nor on hold without a block.
fn alive(world: &World, slot: Slot, certificate: &Certificate, answer: Answer) {
    if !certificate.is_alive(world.now) {
        return;
    }
    let expected = match answer {
        Answer::Yes => CertificateStatus::Valid,
        Answer::Blocked => CertificateStatus::Held,
        Answer::No => panic!("{certificate:#?} is alive in {slot:?}"),
    };
    assert_eq!(certificate.status, expected, "{slot:?}");
    assert!(!certificate.is_exposed(), "a lost device has the key of {certificate:#?}");
    if let certporter::plan::Holder::Device(device) = slot.holder {
        let device = &world.directory.devices[&device];
        assert!(certificate.owner.is_none() || certificate.owner == device.owner);
        assert_eq!(certificate.enrolment, device.enrolment);
    }
}

/// Copies are only where they should be, and nothing revoked is in use.
fn copies(world: &World, slot: Slot, certificate: &Certificate) {
    let places = places(world, slot, false);
    for copy in certificate.copies.iter().filter(|copy| !copy.is_going()) {
        assert!(places.contains(&(copy.place.device, copy.place.enrolment)), "{copy:?} of {certificate:#?}");
        let features = world.directory.profiles[&slot.profile].profile.features();
        assert!(features.contains(&copy.place.feature));
        let revoked = certificate.status == CertificateStatus::Revoked;
        assert!(!revoked || certificate.standing == Standing::History, "{copy:?} of {certificate:#?}");
        assert!(!certificate.is_exposed());
    }
}

/// A key is gone as soon as its policy says, and not before.
fn key(world: &World, slot: Slot, certificate: &Certificate) {
    let reads = certificate.encryption && certificate.escrow == EscrowPolicy::Retained;
    let in_place = matches!(certificate.standing, Standing::Current | Standing::Predecessor)
        && certificate.status != CertificateStatus::Revoked;
    let unfinished = || {
        let features = world.directory.profiles[&slot.profile].profile.features();
        places(world, slot, true).into_iter().any(|(device, enrolment)| {
            let generation = world.directory.devices[&device].management_generation;
            features.iter().any(|feature| {
                let place = Place { device, enrolment, feature: *feature };
                let here: Vec<&Copy> = certificate.copies.iter().filter(|c| c.place == place).collect();
                let sealed = |c: &&Copy| match c.state {
                    CopyState::Installed | CopyState::HandedOut => true,
                    CopyState::Offered | CopyState::Failed => {
                        certificate.escrow == EscrowPolicy::None && c.sealed_for == Some(generation)
                    }
                    _ => false,
                };
                !here.iter().any(sealed)
            })
        })
    };
    let shared = |key| {
        let holding = &world.actual.holdings[&slot];
        holding.requests.iter().any(|r| r.state.is_in_flight() && r.key == Some(key))
            || holding.certificates.iter().any(|c| {
                let in_place = matches!(c.standing, Standing::Current | Standing::Predecessor);
                c.id != certificate.id && c.key == Some(key) && in_place
            })
    };
    if let Some(key) = certificate.key {
        let may_stay = match certificate.escrow {
            EscrowPolicy::Retained => (reads && certificate.standing != Standing::Surplus) || in_place,
            EscrowPolicy::None | EscrowPolicy::UntilDelivered => {
                in_place && certificate.standing == Standing::Current && unfinished()
            }
        };
        assert!(may_stay || shared(key), "the key of {certificate:#?} is still there");
    } else if reads && certificate.standing != Standing::Surplus {
        panic!("the key of {certificate:#?} was destroyed, and what was encrypted to it is lost");
    }
}

/// Whoever shall have something has it, or it is on its way.
fn nothing_is_missing(world: &World) {
    for (profile, entry) in &world.directory.profiles {
        for (id, device) in &world.directory.devices {
            let holder = match entry.profile.key_scope() {
                certporter_model::profile::KeyScope::Device => certporter::plan::Holder::Device(*id),
                certporter_model::profile::KeyScope::User => match device.owner {
                    Some(user) => certporter::plan::Holder::User(user),
                    None => continue,
                },
            };
            let slot = Slot { holder, profile: *profile };
            if may_live(world, slot) != Answer::Yes {
                continue;
            }
            for (device, enrolment) in places(world, slot, false).into_iter().filter(|(d, _)| d == id) {
                for feature in entry.profile.features() {
                    let place = Place { device, enrolment, feature: *feature };
                    let holding = world.actual.holdings.get(&slot);
                    assert!(
                        provided(world, slot, place),
                        "{place:?} of {slot:?} is forgotten: {holding:#?} at {}",
                        world.now
                    );
                }
            }
        }
    }
}

fn provided(world: &World, slot: Slot, place: Place) -> bool {
    let Some(holding) = world.actual.holdings.get(&slot) else { return false };
    if holding.requests.iter().any(|request| request.state.is_in_flight()) {
        return true;
    }
    let in_use = |c: &&Certificate| c.standing == Standing::Current && c.status != CertificateStatus::Revoked;
    holding.certificates.iter().filter(in_use).any(|certificate| {
        // Also on hold: what has expired in the meantime is not released.
        let expired = world.now >= certificate.not_after;
        // Told to remove it a moment ago: it comes again when the device has said so. Expired: at its next contact.
        let valid = certificate.status == CertificateStatus::Valid;
        expired
            || valid && certificate.copies.iter().any(|c| c.place == place && c.state != CopyState::Removed)
    })
}

/// When everybody has done what is theirs: every copy that shall be there is installed, and no more is going on.
pub(super) fn check_at_rest(world: &World) {
    for (slot, holding) in &world.actual.holdings {
        let waiting = holding.requests.iter().any(|request| request.state == RequestState::Waiting);
        for certificate in &holding.certificates {
            let alive = certificate.status == CertificateStatus::Valid
                && certificate.is_alive(world.now)
                && certificate.standing == Standing::Predecessor;
            assert!(
                !alive || waiting || unreachable(world, *slot),
                "{certificate:#?} still waits in {slot:?}"
            );
        }
        if waiting || may_live(world, *slot) != Answer::Yes {
            continue;
        }
        for (device, enrolment) in places(world, *slot, false) {
            for feature in world.directory.profiles[&slot.profile].profile.features() {
                let place = Place { device, enrolment, feature: *feature };
                let current = holding
                    .certificates
                    .iter()
                    .find(|c| c.standing == Standing::Current && c.status == CertificateStatus::Valid);
                let copies = &current.unwrap_or_else(|| panic!("nothing in {slot:?}: {holding:#?}")).copies;
                let installed = copies.iter().any(|c| c.place == place && c.state == CopyState::Installed);
                assert!(installed, "{place:?} in {slot:?}: {holding:#?}");
            }
        }
    }
}

fn unreachable(world: &World, slot: Slot) -> bool {
    let copies = world.actual.holdings[&slot].certificates.iter().flat_map(|c| &c.copies);
    copies.filter(|c| !c.is_going()).any(|c| c.device.exposes_keys())
}
