//! CRLs that are made from the one before: as if everything had been read.

use super::*;

const MINUTE: Duration = Duration::from_secs(60);

/// Another process has read nothing yet: its list is made from everything.
async fn read_whole(world: &World) -> Crl {
    let other = open(&world.database, &world.master, &world.clock).await.unwrap();
    world.clock.advance(HOUR);
    other.publish().await.unwrap();
    world.crl().await
}

async fn next(world: &World) -> Crl {
    world.clock.advance(MINUTE);
    world.ca.publish().await.unwrap();
    world.crl().await
}

#[tokio::test]
async fn a_list_from_the_one_before_is_as_one_from_everything() {
    use RevocationKind::{Hold, Release, Revoke};
    let world = World::new(TestDatabase::sqlite().await).await;
    let mut issued = Vec::new();
    for number in 0..6 {
        issued.push(world.sign(&request(&number.to_string(), &key())).await);
    }
    let hold = Reason::CertificateHold;
    world.revoke(&issued[0], Revoke, Reason::Superseded).await;
    world.revoke(&issued[1], Hold, hold).await;
    world.revoke(&issued[2], Hold, hold).await;
    world.revoke(&issued[3], Hold, hold).await;
    assert_eq!(next(&world).await.len(), 4);
    // A graver reason, a release, a revocation after a hold, a hold that ends and comes back, and a new one.
    world.revoke(&issued[0], Revoke, Reason::KeyCompromise).await;
    world.revoke(&issued[1], Release, hold).await;
    world.revoke(&issued[2], Revoke, Reason::CessationOfOperation).await;
    world.revoke(&issued[3], Release, hold).await;
    assert_eq!(next(&world).await.len(), 2);
    world.revoke(&issued[3], Hold, hold).await;
    world.revoke(&issued[4], Revoke, Reason::Unspecified).await;
    let amended = next(&world).await;
    let whole = read_whole(&world).await;
    assert!(whole.number() > amended.number());
    let entries = |crl: &Crl| issued.iter().map(|it| crl.entry(it.certificate.serial())).collect::<Vec<_>>();
    assert_eq!(entries(&amended), entries(&whole));
    let reasons: Vec<_> = entries(&whole).into_iter().map(|entry| entry.map(|it| it.reason)).collect();
    let expected = [
        Some(Reason::KeyCompromise),
        None,
        Some(Reason::CessationOfOperation),
        Some(hold),
        Some(Reason::Unspecified),
        None,
    ];
    assert_eq!((reasons, amended.len(), whole.len()), (expected.to_vec(), 4, 4));
}

/// A process that dies after it has taken a number leaves a gap, and what was meant for that list is in the next.
#[tokio::test]
async fn a_number_without_a_list_loses_nothing() {
    let world = World::new(TestDatabase::sqlite().await).await;
    let lost = world.sign(&request("1", &key())).await;
    let before = next(&world).await;
    world.revoke(&lost, RevocationKind::Revoke, Reason::KeyCompromise).await;
    let permit = certporter_model::access::Caller::system("test")
        .permitted(
            certporter_model::access::Permission::SystemWork,
            &certporter_model::access::Scope::Organisation,
        )
        .unwrap();
    let number = before.number().unwrap();
    let mut tx = world.database.write(&permit).await.unwrap();
    crls::take_number(&mut tx, lost.generation, 0, number).await.unwrap().unwrap();
    let event = AuditEvent::new(world.clock.now(), "test.crash", Target::none("test"));
    tx.commit(event).await.unwrap();
    let after = next(&world).await;
    assert_eq!(after.number(), Some(number + 2));
    let entry = after.entry(lost.certificate.serial()).unwrap();
    assert_eq!(entry.reason, Reason::KeyCompromise);
    assert_eq!(after.len(), 1);
}

#[tokio::test]
async fn a_folder_that_can_not_be_written_is_named_and_nothing_is_lost() {
    let world = World::new(TestDatabase::sqlite().await).await;
    let bad = world.sign(&request("1", &key())).await;
    next(&world).await;
    // A file where the folder should be: even root can't write into it.
    let folder = world.database.folder().join("pki");
    std::fs::remove_dir_all(&folder).unwrap();
    std::fs::write(&folder, "no folder").unwrap();
    world.revoke(&bad, RevocationKind::Revoke, Reason::KeyCompromise).await;
    world.clock.advance(MINUTE);
    let error = world.ca.publish().await.unwrap_err();
    let told = error.to_string();
    assert!(told.contains("publishing folder") && told.contains(folder.to_str().unwrap()), "{told}");
    assert!(error.is_transient(), "it is tried again");
    let health = world.ca.health().await;
    let found = health
        .findings
        .iter()
        .any(|it| it.contains("--publish-dir") && it.contains(folder.to_str().unwrap()));
    assert!(!health.well && found, "{health:?}");
    // Whoever fetches it over HTTP has it all the same.
    let file = world.ca.published("issuing-1.crl").await.unwrap().unwrap();
    assert!(Crl::parse(&file.octets).unwrap().entry(bad.certificate.serial()).is_some());
    std::fs::remove_file(&folder).unwrap();
    world.ca.publish().await.unwrap();
    assert!(world.crl().await.entry(bad.certificate.serial()).is_some());
    assert!(world.ca.health().await.well);
}
