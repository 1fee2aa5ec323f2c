//! Shards of the CRL: each certificate is in the full list and in its own shard's, for as long as it lives.

use std::collections::{BTreeMap, BTreeSet};

use super::*;

const URL: &str = "http://pki.example.org";

impl World {
    /// The same database, opened with so many shards.
    async fn sharded(database: TestDatabase, shards: u32) -> Self {
        let mut world = Self::new(database).await;
        world.reopen(shards, URL).await;
        world
    }

    /// As after a restart with other settings.
    async fn reopen(&mut self, shards: u32, url: &str) {
        let settings =
            BuiltinSettings { crl_shards: shards, pki_url: url.to_owned(), ..settings(&self.database) };
        self.ca = open_with(&self.database, &self.master, &self.clock, settings).await.unwrap();
    }

    /// The published list of that name, which the file says too.
    async fn list(&self, name: &str) -> Crl {
        let file = self.ca.published(name).await.unwrap().unwrap_or_else(|| panic!("there is no {name}"));
        let written = std::fs::read(self.database.folder().join("pki").join(name)).unwrap();
        assert_eq!(file.octets, written, "{name}");
        let list = Crl::parse(&file.octets).unwrap();
        assert!(list.is_signed_by(&self.ca.issuing_certificate().unwrap()));
        list
    }

    async fn numbers(&self) -> BTreeMap<String, u64> {
        let lists = self.ca.lists().await.unwrap().into_iter();
        lists.filter(|list| list.name.starts_with("issuing")).map(|list| (list.name, list.number)).collect()
    }

    /// Certificates until each shard has two at least, by the name of the list that they name.
    async fn sign_into_all(&self, shards: usize) -> BTreeMap<String, Vec<Issued>> {
        let mut by_list: BTreeMap<String, Vec<Issued>> = BTreeMap::new();
        let key = key();
        for number in 0..200 {
            let issued = self.sign(&request(&format!("{}-{number}", self.clock.now()), &key)).await;
            by_list.entry(list_of(&issued)).or_default().push(issued);
            if by_list.len() == shards && by_list.values().all(|all| all.len() > 1) {
                return by_list;
            }
        }
        panic!("200 certificates are not in all shards: {:?}", by_list.keys());
    }
}

/// The list that a certificate names.
fn list_of(issued: &Issued) -> String {
    let [url] = issued.certificate.crl_urls() else { panic!("{:?}", issued.certificate.crl_urls()) };
    url.rsplit_once('/').unwrap().1.to_owned()
}

on_both_engines! {
    a_certificate_is_in_the_full_list_and_in_its_own_shard_alone,
    other_settings_leave_certificates_in_their_shards,
    a_shard_whose_list_was_not_finished_loses_nothing,
    several_processes_give_each_number_once,
    how_fresh_the_lists_are_is_said_by_the_first_to_end,
}

async fn how_fresh_the_lists_are_is_said_by_the_first_to_end(database: TestDatabase) {
    use certporter::store::crls;
    let world = World::sharded(database, 2).await;
    world.ca.publish().await.unwrap();
    let first_to_end = async || {
        let mut conn = world.database.read().await.unwrap();
        let all = crls::freshness(&mut conn, world.clock.now()).await.unwrap();
        let issuing: Vec<_> = all.iter().filter(|list| list.purpose == "issuing").collect();
        assert_eq!(issuing.len(), 1, "{all:?}");
        issuing[0].next_update
    };
    assert_eq!(first_to_end().await, NOW.plus(3 * HOUR));
    let soon = NOW.plus(2 * HOUR);
    let sooner = format!("UPDATE crls SET next_update = {} WHERE shard = 2", soon.as_millis());
    world.database.by_hand(&sooner).await;
    assert_eq!(first_to_end().await, soon);
    // One that another has taken the place of does not count.
    world.clock.advance(HOUR);
    world.ca.publish().await.unwrap();
    assert_eq!(first_to_end().await, NOW.plus(4 * HOUR));
}

async fn a_certificate_is_in_the_full_list_and_in_its_own_shard_alone(database: TestDatabase) {
    let world = World::sharded(database, 3).await;
    world.ca.publish().await.unwrap();
    let names = ["issuing-1", "issuing-1-1", "issuing-1-2", "issuing-1-3"];
    assert_eq!(world.numbers().await.keys().map(String::as_str).collect::<Vec<_>>(), names);
    let by_list = world.sign_into_all(3).await;
    assert_eq!(by_list.keys().collect::<Vec<_>>(), ["issuing-1-1.crl", "issuing-1-2.crl", "issuing-1-3.crl"]);
    for absent in
        ["issuing-1-4.crl", "issuing-1-0.crl", "issuing-1-01.crl", "issuing-1-1.crt", "root-1-1.crl"]
    {
        assert_eq!(world.ca.published(absent).await.unwrap(), None, "{absent}");
    }
    let before = world.numbers().await;
    world.clock.advance(Duration::from_secs(60));
    let second = &by_list["issuing-1-2.crl"];
    world.revoke(&second[0], RevocationKind::Revoke, Reason::KeyCompromise).await;
    world.revoke(&second[1], RevocationKind::Hold, Reason::CertificateHold).await;
    let serial = second[0].certificate.serial();
    let (_, in_crl) = world.ca.standing(second[0].generation, serial).await.unwrap();
    assert_eq!(in_crl, None);
    world.ca.publish().await.unwrap();
    let after = world.numbers().await;
    let made: Vec<&str> = names.into_iter().filter(|name| after[*name] != before[*name]).collect();
    assert_eq!(made, ["issuing-1", "issuing-1-2"], "the other shards are left as they are");
    let (_, in_crl) = world.ca.standing(second[0].generation, serial).await.unwrap();
    assert_eq!(in_crl, Some(after["issuing-1-2"]));
    for name in names {
        let list = world.list(&format!("{name}.crl")).await;
        let expected = usize::from(["issuing-1", "issuing-1-2"].contains(&name)) * 2;
        assert_eq!(list.len(), expected, "{name}");
        assert_eq!(list.entry(serial).is_some(), expected > 0, "{name}");
    }
    // Released, and another of another shard: amended lists are as those from everything.
    world.clock.advance(Duration::from_secs(60));
    world.revoke(&second[1], RevocationKind::Release, Reason::CertificateHold).await;
    let third = &by_list["issuing-1-3.crl"];
    world.revoke(&third[0], RevocationKind::Revoke, Reason::Superseded).await;
    world.ca.publish().await.unwrap();
    let serials = |of: &[&Issued]| -> BTreeSet<SerialNumber> {
        of.iter().map(|issued| issued.certificate.serial().clone()).collect()
    };
    let expected = [
        ("issuing-1", serials(&[&second[0], &third[0]])),
        ("issuing-1-1", serials(&[])),
        ("issuing-1-2", serials(&[&second[0]])),
        ("issuing-1-3", serials(&[&third[0]])),
    ];
    for from_everything in [false, true] {
        if from_everything {
            world.clock.advance(HOUR);
            world.ca.publish().await.unwrap();
        }
        for (name, serials) in &expected {
            let list = world.list(&format!("{name}.crl")).await;
            assert_eq!(list.len(), serials.len(), "{name}");
            assert!(serials.iter().all(|serial| list.entry(serial).is_some()), "{name}");
        }
    }
}

async fn other_settings_leave_certificates_in_their_shards(database: TestDatabase) {
    let mut world = World::new(database).await;
    let whole = world.sign(&request("whole", &key())).await;
    assert_eq!(list_of(&whole), "issuing-1.crl");
    world.reopen(2, URL).await;
    let by_list = world.sign_into_all(2).await;
    world.reopen(1, URL).await;
    let again = world.sign(&request("again", &key())).await;
    assert_eq!(list_of(&again), "issuing-1.crl");
    // The same request gets the same certificate, shard and all.
    let shard = &by_list["issuing-1-2.crl"][0];
    world.revoke(shard, RevocationKind::Revoke, Reason::KeyCompromise).await;
    world.revoke(&whole, RevocationKind::Revoke, Reason::KeyCompromise).await;
    world.ca.publish().await.unwrap();
    let serial = shard.certificate.serial();
    assert!(world.list("issuing-1-2.crl").await.entry(serial).is_some(), "it is still made");
    assert_eq!(world.list("issuing-1-2.crl").await.len(), 1, "what names the full list is in no shard");
    assert_eq!(world.list("issuing-1.crl").await.len(), 2);
    let before = world.numbers().await;
    world.clock.advance(HOUR);
    world.ca.publish().await.unwrap();
    assert!(world.numbers().await.iter().all(|(name, number)| *number > before[name]), "at the interval");

    // Another address from now on: the shard's list is for certificates with either.
    world.reopen(2, "http://crl.example.net").await;
    world.ca.publish().await.unwrap();
    let octets = world.ca.published("issuing-1-2.crl").await.unwrap().unwrap().octets;
    for url in ["http://pki.example.org/issuing-1-2.crl", "http://crl.example.net/issuing-1-2.crl"] {
        assert!(octets.windows(url.len()).any(|window| window == url.as_bytes()), "{url}");
    }
    let full = world.ca.published("issuing-1.crl").await.unwrap().unwrap().octets;
    assert!(!full.windows(11).any(|window| window == b"example.net"), "the full list names no address");
}

async fn a_shard_whose_list_was_not_finished_loses_nothing(database: TestDatabase) {
    let world = World::sharded(database, 2).await;
    let by_list = world.sign_into_all(2).await;
    world.ca.publish().await.unwrap();
    let lost = &by_list["issuing-1-1.crl"][0];
    world.revoke(lost, RevocationKind::Revoke, Reason::KeyCompromise).await;
    // A process takes the shard's number and dies.
    let permit = certporter_model::access::Caller::system("test")
        .permitted(
            certporter_model::access::Permission::SystemWork,
            &certporter_model::access::Scope::Organisation,
        )
        .unwrap();
    let number = world.numbers().await["issuing-1-1"];
    let mut tx = world.database.write(&permit).await.unwrap();
    crls::take_number(&mut tx, lost.generation, 1, number).await.unwrap().unwrap();
    tx.commit(AuditEvent::new(world.clock.now(), "test.crash", Target::none("test"))).await.unwrap();
    world.ca.publish().await.unwrap();
    assert_eq!(world.numbers().await["issuing-1-1"], number + 2);
    assert!(world.list("issuing-1-1.crl").await.entry(lost.certificate.serial()).is_some());
    // A file that was lost, or half written by somebody else, is there again with the next list.
    let file = world.database.folder().join("pki/issuing-1-1.crl");
    std::fs::remove_file(&file).unwrap();
    world.ca.publish().await.unwrap();
    assert!(file.exists());
}

async fn several_processes_give_each_number_once(database: TestDatabase) {
    let mut world = World::sharded(database, 2).await;
    let one = world.ca.clone();
    world.reopen(2, URL).await;
    futures::future::join_all([&one, &world.ca].map(|ca| async { ca.publish().await.unwrap() })).await;
    let by_list = world.sign_into_all(2).await;
    for (round, issued) in by_list.values().flatten().take(4).enumerate() {
        world.clock.advance(Duration::from_secs(5));
        world.revoke(issued, RevocationKind::Revoke, Reason::Superseded).await;
        futures::future::join_all([&one, &world.ca].map(|ca| async { ca.publish().await.unwrap() })).await;
        // Whoever came second may have found nothing to do while the first was still at it.
        world.ca.publish().await.unwrap();
        assert_eq!(world.list("issuing-1.crl").await.len(), round + 1);
        let own = world.list(&list_of(issued)).await;
        assert!(own.entry(issued.certificate.serial()).is_some());
    }
}
