//! Something happens while a request is at the CA: nothing is delivered of it, and what still comes is recorded and revoked
//! as the event says. The CA is a real OpenBao; the line to it is held while it signs.

#[path = "../../../tests/openbao/server.rs"]
#[expect(dead_code, reason = "other tests need more of it")]
mod server;

use std::path::Path;

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

use super::installation::{DEADLINE, Installation, run};
use super::laptop::text;
use super::serials;
use super::staff::{self, Person, id};
use server::{Bao, POLICY};

/// So many requests are at the CA at the same time: the portal's connector works on a few more.
const WAVE: usize = 6;

/// A line to the CA that keeps its answers to signing requests back while it is told to.
struct Line {
    address: String,
    kept: watch::Receiver<usize>,
    holding: watch::Sender<bool>,
}

impl Line {
    async fn to(bao: &Bao) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let (keeps, kept) = watch::channel(0);
        let (holding, held) = watch::channel(false);
        let target = bao.address.replace("http://", "");
        tokio::spawn(async move {
            loop {
                let (near, _) = listener.accept().await.unwrap();
                let (keeps, held, target) = (keeps.clone(), held.clone(), target.clone());
                tokio::spawn(async move { exchange(near, &target, keeps, held).await });
            }
        });
        Self { address, kept, holding }
    }

    fn hold(&self) {
        self.holding.send(true).unwrap();
    }

    fn let_go(&self) {
        self.holding.send(false).unwrap();
    }

    /// Waits until it keeps so many answers: the CA has signed, and the portal does not know it.
    async fn keeps(&mut self, count: usize) {
        let all = self.kept.wait_for(|kept| *kept >= count);
        tokio::time::timeout(DEADLINE, all).await.expect("the requests don't come to the CA").unwrap();
    }
}

/// One connection: what comes from one side goes to the other.
async fn exchange(
    mut near: TcpStream,
    target: &str,
    keeps: watch::Sender<usize>,
    mut held: watch::Receiver<bool>,
) {
    let mut far = TcpStream::connect(target).await.unwrap();
    let (mut asked, mut answered) = (vec![0; 1 << 16], vec![0; 1 << 16]);
    let mut signing = false;
    loop {
        tokio::select! {
            read = near.read(&mut asked) => {
                let Ok(read @ 1..) = read else { return };
                // A request begins: its body may come by itself.
                if ["GET ", "POST ", "PUT ", "LIST "].iter().any(|word| asked[..read].starts_with(word.as_bytes())) {
                    signing = asked[..read].windows(9).any(|part| part == b"/pki/sign");
                }
                if far.write_all(&asked[..read]).await.is_err() {
                    return;
                }
            }
            read = far.read(&mut answered) => {
                let Ok(read @ 1..) = read else { return };
                if signing && *held.borrow() {
                    keeps.send_modify(|count| *count += 1);
                    held.wait_for(|held| !held).await.unwrap();
                    keeps.send_modify(|count| *count -= 1);
                }
                if near.write_all(&answered[..read]).await.is_err() {
                    return;
                }
            }
        }
    }
}

/// What happens while a request is at the CA.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Event {
    Retired,
    Blocked,
    BlockedForAMoment,
    Lost,
    Wiped,
    DeviceDeleted,
    UserBlocked,
    UserDisabled,
    LeftGroup,
    LeftForAMoment,
    Excluded,
    AssignmentRemoved,
    ProfileDeleted,
    ProfileEdited,
    AttributeChanged,
    HandedOver,
    EnrolledAgain,
    FeatureAdded,
}

use Event::*;

impl Event {
    const ALL: [Self; 18] = [
        Retired,
        Blocked,
        BlockedForAMoment,
        Lost,
        Wiped,
        DeviceDeleted,
        UserBlocked,
        UserDisabled,
        LeftGroup,
        LeftForAMoment,
        Excluded,
        AssignmentRemoved,
        ProfileDeleted,
        ProfileEdited,
        AttributeChanged,
        HandedOver,
        EnrolledAgain,
        FeatureAdded,
    ];

    /// For what reason and trigger the certificate is revoked that comes late; none where the request goes on.
    const fn revokes_for(self) -> Option<(&'static str, &'static str)> {
        Some(match self {
            Retired => ("cessation_of_operation", "device_retired"),
            // Nobody will ever use it: it is not held, but revoked.
            Blocked | BlockedForAMoment | UserBlocked => ("privilege_withdrawn", "blocked"),
            Lost => ("key_compromise", "device_lost"),
            Wiped => ("key_compromise", "device_wiped"),
            DeviceDeleted => ("cessation_of_operation", "device_deleted"),
            UserDisabled => ("affiliation_changed", "user_disabled"),
            LeftGroup | LeftForAMoment | Excluded => ("privilege_withdrawn", "left_group"),
            AssignmentRemoved => ("cessation_of_operation", "assignment_removed"),
            ProfileDeleted => ("cessation_of_operation", "profile_deleted"),
            ProfileEdited => ("superseded", "profile_edited"),
            AttributeChanged => ("superseded", "attribute_changed"),
            HandedOver => ("cessation_of_operation", "owner_changed"),
            EnrolledAgain => ("superseded", "enrolled_again"),
            FeatureAdded => return None,
        })
    }

    /// How many copies the device has afterwards, of another certificate if this one was revoked.
    const fn copies(self) -> usize {
        match self {
            BlockedForAMoment | LeftForAMoment | ProfileEdited | AttributeChanged | HandedOver
            | EnrolledAgain => 2,
            FeatureAdded => 3,
            _ => 0,
        }
    }
}

/// An event and to whom it happens.
struct Case {
    event: Event,
    person: Person,
    /// Who gets the device when it is handed over.
    heir: Option<String>,
    assignment: String,
    request: String,
}

impl Case {
    /// Everything but the assignment, which brings the request to the CA.
    async fn prepare(portal: &Installation, event: Event) -> Self {
        let name = format!("{event:?}");
        let person = Person::new(portal, &name, json!({"ca": "bao", "template": "wifi"})).await;
        let mut heir = None;
        if event == HandedOver {
            let user = staff::user(portal, "heir").await;
            let member = json!({"kind": "user", "id": user});
            portal.post(&format!("/groups/{}/members", person.group), &member).await;
            heir = Some(user);
        }
        Self { event, person, heir, assignment: String::new(), request: String::new() }
    }

    async fn happens(&mut self, portal: &Installation) {
        let Person { user, group, profile, device, agent } = &mut self.person;
        let of_device = |word: &str| format!("/devices/{device}/{word}");
        let members = format!("/groups/{group}/members");
        let none = json!({});
        match self.event {
            Retired => drop(portal.post(&of_device("retire"), &none).await),
            Blocked => drop(portal.post(&of_device("block"), &none).await),
            BlockedForAMoment => {
                portal.post(&of_device("block"), &none).await;
                portal.post(&of_device("unblock"), &none).await;
            }
            Lost => drop(portal.post(&of_device("lost"), &none).await),
            Wiped => drop(portal.post(&of_device("wiped"), &none).await),
            DeviceDeleted => portal.delete(&format!("/devices/{device}")).await,
            UserBlocked => drop(portal.post(&format!("/users/{user}/block"), &none).await),
            UserDisabled => drop(portal.post(&format!("/users/{user}/disable"), &none).await),
            LeftGroup | LeftForAMoment => {
                let all = portal.get(&members).await;
                portal.delete(&format!("{members}/{}", text(&all["data"][0]["id"]))).await;
                if self.event == LeftForAMoment {
                    portal.post(&members, &json!({"kind": "user", "id": user})).await;
                }
            }
            Excluded => {
                let without = id(&portal.post("/groups", &json!({"name": "Without"})).await);
                let member = json!({"kind": "device", "id": device});
                portal.post(&format!("/groups/{without}/members"), &member).await;
                let exclusion = json!({"group_id": without, "mode": "exclude"});
                portal.post(&format!("/profiles/{profile}/assignments"), &exclusion).await;
            }
            AssignmentRemoved => {
                portal.delete(&format!("/profiles/{profile}/assignments/{}", self.assignment)).await;
            }
            ProfileDeleted => portal.delete(&format!("/profiles/{profile}")).await,
            ProfileEdited => staff::edit(portal, profile, "now", json!({"validity_days": 300})).await,
            FeatureAdded => {
                let features = json!({"features": ["wifi", "vpn", "general"]});
                staff::edit(portal, profile, "now", features).await;
            }
            AttributeChanged => {
                let body = json!({"user_name": "another", "display_name": "Another", "email": "another@example.org"});
                portal.put(&format!("/users/{user}"), &body).await;
            }
            HandedOver => {
                portal.post(&of_device("hand-over"), &json!({ "owner": self.heir })).await;
            }
            EnrolledAgain => *agent = portal.enrol_without_sync(device, "enrolled again").await,
        }
    }

    /// The answer comes: what the device has after it, and the serial number of what was revoked.
    async fn ends(&self, portal: &Installation, bao: &Bao) -> Option<String> {
        let event = self.event;
        let agent = &self.person.agent;
        let path = format!("/requests/{}", self.request);
        let mut request = Value::Null;
        portal
            .until(&format!("{event:?}: the answer is recorded"), async || {
                request = portal.get(&path).await;
                request["certificate_id"].is_string()
            })
            .await;
        portal
            .until(&format!("{event:?}: the device has {} copies", event.copies()), async || {
                portal.agent(&["sync", "--once", "--dir", agent.to_str().unwrap()]);
                serials(agent).len() == event.copies()
            })
            .await;
        let path = format!("/certificates/{}", text(&request["certificate_id"]));
        let mut whole = portal.get(&path).await;
        let serial = text(&whole["serial"]).to_lowercase();
        let held = serials(agent).iter().any(|held| held.to_lowercase() == serial);
        let Some(departure) = event.revokes_for() else {
            assert!(held && whole["status"] == "valid", "{event:?}: {whole}");
            return None;
        };
        assert!(!held, "{event:?}: it was delivered");
        assert_eq!(
            (text(&request["state"]), &whole["copies"]),
            ("cancelled", &json!([])),
            "{event:?}: {whole}"
        );
        assert_eq!(whole["status"], "revoked", "{event:?}: {whole}");
        let told = &whole["revocations"][0];
        assert_eq!((text(&told["reason"]), text(&told["trigger"])), departure, "{event:?}: {whole}");
        portal
            .until(&format!("{event:?}: it is revoked at the CA"), async || {
                whole = portal.get(&path).await;
                whole["revocations"][0]["at_ca_at"].is_string()
            })
            .await;
        assert!(bao.serials("certs/revoked").await.contains(&serial), "{event:?}: {serial}");
        Some(serial)
    }
}

/// OpenBao's CRL in words.
async fn crl(bao: &Bao, file: &Path) -> String {
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let answer = client.get(format!("{}/v1/pki/crl", bao.address)).send().await.unwrap();
    std::fs::write(file, answer.bytes().await.unwrap()).unwrap();
    run("openssl", &["crl", "-inform", "DER", "-in", file.to_str().unwrap(), "-noout", "-text"])
}

/// A block of what is from a CA that knows no hold: revoked, as the preview says, and another comes when it is lifted.
async fn is_blocked_without_hold(portal: &Installation, person: &Person) {
    let device = &person.device;
    let agent = person.agent.to_str().unwrap();
    let before = serials(&person.agent);
    let shown = portal.post(&format!("/devices/{device}/block?preview=true"), &json!({})).await;
    let summary = &shown["summary"];
    assert_eq!(
        (&summary["revoked"], &summary["held"]),
        (&json!({"privilege_withdrawn": 1}), &json!(0)),
        "{shown}"
    );
    portal.post(&format!("/devices/{device}/block"), &json!({})).await;
    portal.agent(&["sync", "--once", "--dir", agent]);
    assert_eq!(serials(&person.agent), [""; 0]);
    let all = portal.get(&format!("/certificates?device={device}&status=revoked")).await;
    let path = format!("/certificates/{}", text(&all["data"][0]["id"]));
    let mut whole = Value::Null;
    portal
        .until("it is revoked at the CA", async || {
            whole = portal.get(&path).await;
            whole["revocations"][0]["at_ca_at"].is_string()
        })
        .await;
    let told = &whole["revocations"][0];
    assert_eq!(
        (text(&told["reason"]), text(&told["trigger"])),
        ("privilege_withdrawn", "blocked"),
        "{whole}"
    );
    portal.post(&format!("/devices/{device}/unblock"), &json!({})).await;
    portal.agent(&["sync", "--once", "--dir", agent]);
    let now = serials(&person.agent);
    assert!(now.len() == before.len() && now[0] != before[0], "{before:?} {now:?}");
}

// The line goes on while an agent is waited for.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_comes_from_the_ca_after_an_event_is_revoked_and_never_delivered() {
    let bao = Bao::start().await;
    bao.role("wifi", json!({})).await;
    let mut line = Line::to(&bao).await;
    let portal = Installation::start_with(&["--key-threads", "2"]).await;
    let token = bao.token(POLICY, json!({})).await;
    let draft = json!({"name": "bao", "address": line.address, "mount": "pki", "token": token});
    portal.post("/authorities", &draft).await;
    let mut revoked = Vec::new();
    for wave in Event::ALL.chunks(WAVE) {
        let mut cases = Vec::new();
        for event in wave {
            cases.push(Case::prepare(&portal, *event).await);
        }
        line.hold();
        for case in &mut cases {
            case.assignment = case.person.assign(&portal).await;
            let requests = portal.get(&format!("/requests?device={}", case.person.device)).await;
            case.request = id(&requests["data"][0]);
        }
        line.keeps(cases.len()).await;
        // OpenBao has signed, and the portal does not know it yet.
        for case in &mut cases {
            case.happens(&portal).await;
            let request = portal.get(&format!("/requests/{}", case.request)).await;
            let cancelled = request["state"] == "cancelled";
            assert_eq!(cancelled, case.event.revokes_for().is_some(), "{:?}: {request}", case.event);
        }
        line.let_go();
        for case in &cases {
            revoked.extend(case.ends(&portal, &bao).await);
            if case.event == FeatureAdded {
                is_blocked_without_hold(&portal, &case.person).await;
            }
        }
    }
    assert_eq!(revoked.len(), Event::ALL.len() - 1);
    let crl = crl(&bao, &portal.data().join("bao.crl")).await.to_lowercase();
    for serial in revoked {
        assert!(crl.contains(&serial), "{serial}: {crl}");
    }
}
