use std::os::unix::fs::PermissionsExt as _;

use certporter_model::feature::Feature;
use certporter_model::text::Name;
use certporter_model::thumbprint::Thumbprint;
use certporter_model::{DeviceId, ProfileId};
use zeroize::Zeroizing;

use super::*;
use crate::pki::pem;

fn state() -> State {
    State {
        version: 1,
        server: "https://host".into(),
        device: DeviceId::new(Timestamp::from_millis(1), [1; 10]),
        enrolled_at: Timestamp::default(),
        renew_at: Timestamp::MAX,
        not_after: Timestamp::MAX,
        last_contact: None,
        copies: Vec::new(),
        to_report: Vec::new(),
    }
}

fn held(copy: u8, profile: u8, name: &str, thumbprint: Thumbprint) -> HeldCopy {
    HeldCopy {
        copy: CopyId::new(Timestamp::from_millis(1), [copy; 10]),
        profile: ProfileId::new(Timestamp::from_millis(1), [profile; 10]),
        profile_name: Name::parse(name).unwrap(),
        feature: Feature::Wifi,
        decrypt_only: false,
        thumbprint,
        folder: String::new(),
        pfx_digest: NOT_YET,
        not_after: Timestamp::default(),
        installed_at: Timestamp::default(),
    }
}

/// Files as if opened; what is in them does not matter to the folder.
fn opened(content: u8) -> (OpenedCopy, Thumbprint) {
    let der = vec![content; 40];
    let copy = OpenedCopy {
        pfx: Zeroizing::new(vec![content; 100]),
        password: Zeroizing::new("password".into()),
        key_pem: Zeroizing::new("key".into()),
        certificate_pem: pem::encode("CERTIFICATE", &der),
        chain_pem: String::new(),
        not_after: Timestamp::MAX,
    };
    (copy, digest::thumbprint(&der))
}

fn put(folder: &Folder, state: &mut State, copy: u8, profile: u8, name: &str) -> HeldCopy {
    let (opened, thumbprint) = opened(copy);
    let held = held(copy, profile, name, thumbprint);
    let id = held.copy;
    install(folder, state, NewCopy { held, opened: &opened }, Timestamp::from_millis(5)).unwrap();
    state.copy(id).unwrap().clone()
}

#[test]
fn a_copy_is_whole_until_somebody_touches_it() {
    let directory = tempfile::tempdir().unwrap();
    let folder = Folder::create(directory.path()).unwrap();
    let mut state = state();
    let held = put(&folder, &mut state, 1, 1, "Office Wi-Fi");
    assert_eq!(held.folder, "Office-Wi-Fi-wifi");
    assert!(is_whole(&folder, &held));
    let place = folder.certificates().join(&held.folder);
    for name in [PFX, PASSWORD, KEY, CERTIFICATE, CHAIN] {
        let mode = fs::metadata(place.join(name)).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, 0o600, "{name}");
    }
    fs::remove_file(place.join(KEY)).unwrap();
    assert!(!is_whole(&folder, &held));
    let held = put(&folder, &mut state, 1, 1, "Office Wi-Fi");
    assert!(is_whole(&folder, &held));
    fs::write(place.join(PFX), b"something else").unwrap();
    assert!(!is_whole(&folder, &held));
}

#[test]
fn a_renewed_copy_takes_the_folder_and_the_old_one_can_be_removed_without_harm() {
    let directory = tempfile::tempdir().unwrap();
    let folder = Folder::create(directory.path()).unwrap();
    let mut state = state();
    let old = put(&folder, &mut state, 1, 1, "Wi-Fi");
    let new = put(&folder, &mut state, 2, 1, "Wi-Fi renamed");
    assert_eq!(new.folder, old.folder);
    assert_eq!(state.to_report, vec![status(&old, ReportedState::Removed)]);
    remove(&folder, &mut state, old.copy).unwrap();
    assert!(is_whole(&folder, &new));
    remove(&folder, &mut state, new.copy).unwrap();
    remove(&folder, &mut state, new.copy).unwrap();
    assert_eq!(fs::read_dir(folder.certificates()).unwrap().count(), 0);
}

#[test]
fn profiles_whose_names_come_to_the_same_stay_apart() {
    let directory = tempfile::tempdir().unwrap();
    let folder = Folder::create(directory.path()).unwrap();
    let mut state = state();
    let one = put(&folder, &mut state, 1, 1, "../VPN?");
    let two = put(&folder, &mut state, 2, 2, "VPN");
    assert_eq!(one.folder, "VPN-wifi");
    assert_ne!(one.folder, two.folder);
    assert!(is_whole(&folder, &one) && is_whole(&folder, &two));
}

#[test]
fn a_crash_between_the_folder_and_the_state_is_mended() {
    let directory = tempfile::tempdir().unwrap();
    let folder = Folder::create(directory.path()).unwrap();
    let mut state = state();
    let old = put(&folder, &mut state, 1, 1, "Wi-Fi");
    let before = state.clone();
    let new = put(&folder, &mut state, 2, 1, "Wi-Fi");
    fs::create_dir(folder.certificates().join(".new-half")).unwrap();

    let mut state = before;
    recover(&folder, &mut state).unwrap();
    assert_eq!(state.copies, vec![new]);
    assert_eq!(state.to_report, vec![status(&old, ReportedState::Removed)]);
    assert!(!folder.certificates().join(".new-half").exists());
}
