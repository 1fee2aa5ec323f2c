//! Commands, reports, and who may do what.

use std::sync::Arc;
use std::time::Duration;

use certporter::agent::AgentError;
use certporter::agent::client::DeviceClient;
use certporter::agent::identity::ManagementIdentity;
use certporter::agent::simulated::SimulatedDevice;
use certporter::clock::Clock as _;
use certporter::pki::csr;
use certporter::pki::key::PrivateKey;
use certporter::wire::device::{
    CommandKind, CopyStatus, CsrOctets, PollQuery, RenewRequest, Report, ReportedState, VERSION, problem,
};
use certporter_model::copy::CopyState;
use certporter_model::device::DeviceState;
use certporter_model::feature::Feature;
use certporter_model::key::KeyAlgorithm;

use super::portal::{Offered, Portal};
use crate::conformance::on_both_engines;
use crate::support::database::TestDatabase;

on_both_engines! {
    a_waiting_device_gets_its_copy_at_once_and_a_removal_too,
    duplicates_are_harmless_and_late_reports_change_nothing,
    another_s_copy_can_t_be_reported_and_the_attempt_is_audited,
    a_blocked_device_gets_removals_and_nothing_else,
    a_block_reaches_a_poll_that_waits,
    nobody_without_a_certificate_that_counts_is_served,
    renewal_works_within_the_grace_period_and_the_old_certificate_ends_with_the_new_one_s_use,
    a_device_that_was_away_beyond_the_grace_period_gets_removals_only,
    messages_that_are_none_are_refused_with_what_is_wrong,
    polls_end_when_the_portal_does,
    a_device_that_was_away_for_long_is_planned_for_at_its_mere_contact,
    the_listener_goes_on_with_another_certificate_while_devices_are_connected,
}

const SOON: Duration = Duration::from_secs(20);
const YEAR: Duration = Duration::from_secs(365 * 86_400);

fn report(offered: Offered, state: ReportedState) -> Report {
    let status = CopyStatus { copy: offered.copy, thumbprint: offered.thumbprint, state, cause: None };
    Report { version: VERSION, complete: false, statuses: vec![status] }
}

fn new_csr() -> (PrivateKey, CsrOctets) {
    let key = PrivateKey::generate(KeyAlgorithm::EcP256).unwrap();
    let octets = CsrOctets::new(csr::create(&key, None).unwrap().as_der().to_vec()).unwrap();
    (key, octets)
}

async fn commands(device: &SimulatedDevice) -> Result<Vec<CommandKind>, AgentError> {
    let answer = device.client().commands(&PollQuery::default()).await?;
    Ok(answer.commands.into_iter().map(|command| command.kind).collect())
}

async fn a_waiting_device_gets_its_copy_at_once_and_a_removal_too(db: TestDatabase) {
    let portal = Portal::start(db).await;
    let mut device = portal.enrolled().await;
    let id = device.id();
    assert!(device.round(Duration::ZERO).await.unwrap());
    let profile = portal.profile("Wi-Fi").await;
    let (offered, round) = tokio::join!(
        portal.offer(id, profile, Feature::Wifi),
        // It may first hear that something is being made for it.
        tokio::time::timeout(SOON, async {
            while device.held().is_empty() {
                device.round(SOON).await.unwrap();
            }
        })
    );
    round.expect("the poll was not woken");
    assert_eq!(portal.copy_state(offered.copy).await, CopyState::Installed);
    assert!(device.held().contains_key(&offered.copy));
    assert!(device.round(Duration::ZERO).await.unwrap());
    let ((), round) = tokio::join!(
        portal.put_copy(id, offered.copy, CopyState::Removing),
        tokio::time::timeout(SOON, device.round(SOON))
    );
    round.expect("the poll was not woken").unwrap();
    assert_eq!(portal.copy_state(offered.copy).await, CopyState::Removed);
    assert!(device.held().is_empty());
}

async fn duplicates_are_harmless_and_late_reports_change_nothing(db: TestDatabase) {
    let portal = Portal::start(db).await;
    let device = portal.enrolled().await;
    let profile = portal.profile("VPN").await;
    let offered = portal.offer(device.id(), profile, Feature::Vpn).await;
    let installed = report(offered, ReportedState::Installed);
    assert_eq!(device.client().report(&installed).await.unwrap().changed, 1);
    assert_eq!(device.client().report(&installed).await.unwrap().changed, 0);
    let mut late = report(offered, ReportedState::Missing);
    late.statuses[0].thumbprint = certporter_model::thumbprint::Thumbprint::from_octets([1; 32]);
    assert_eq!(device.client().report(&late).await.unwrap().changed, 0);
    let nothing_here = Report { version: VERSION, complete: true, statuses: Vec::new() };
    assert_eq!(device.client().report(&nothing_here).await.unwrap().changed, 1);
    assert_eq!(portal.copy_state(offered.copy).await, CopyState::Missing);
}

async fn another_s_copy_can_t_be_reported_and_the_attempt_is_audited(db: TestDatabase) {
    let portal = Portal::start(db).await;
    let (device, other) = (portal.enrolled().await, portal.enrolled().await);
    let profile = portal.profile("VPN").await;
    let theirs = portal.offer(other.id(), profile, Feature::Vpn).await;
    let mine = portal.offer(device.id(), profile, Feature::Wifi).await;
    let mut both = report(mine, ReportedState::Installed);
    both.statuses.extend(report(theirs, ReportedState::Installed).statuses);
    let error = device.client().report(&both).await.unwrap_err();
    let AgentError::Refused { problem, .. } = error else { panic!("{error}") };
    assert!(problem.is(problem::COPY_UNKNOWN), "{problem:?}");
    assert_eq!(problem.errors[0].field, "statuses[1].copy");
    assert_eq!(portal.audited("device.report_refused").await, 1);
    assert_eq!(portal.copy_state(theirs.copy).await, CopyState::Offered);
    assert_eq!(portal.copy_state(mine.copy).await, CopyState::Offered);
}

async fn a_blocked_device_gets_removals_and_nothing_else(db: TestDatabase) {
    let portal = Portal::start(db).await;
    let device = portal.enrolled().await;
    let (one, two) = (portal.profile("One").await, portal.profile("Two").await);
    let going = portal.offer(device.id(), one, Feature::Wifi).await;
    let offered = portal.offer(device.id(), two, Feature::Vpn).await;
    portal.put_copy(device.id(), going.copy, CopyState::Removing).await;
    use DeviceState::{Blocked, Deleted, Lost, Retired, Wiped};
    for state in [Blocked, Lost, Wiped, Retired, Deleted] {
        portal.put_device(device.id(), state).await;
        let list = commands(&device).await.unwrap();
        assert!(
            matches!(list[..], [CommandKind::Remove { copy, .. }] if copy == going.copy),
            "{state}: {list:?}"
        );
    }
    let installed = report(offered, ReportedState::Installed);
    assert!(device.client().report(&installed).await.unwrap_err().is_problem(problem::REMOVALS_ONLY));
    let (_, csr) = new_csr();
    let renewal = device.client().renew(&RenewRequest { version: VERSION, csr }).await;
    assert!(renewal.unwrap_err().is_problem(problem::REMOVALS_ONLY));
    let removed = report(going, ReportedState::Removed);
    assert_eq!(device.client().report(&removed).await.unwrap().changed, 1);
    assert_eq!(portal.copy_state(going.copy).await, CopyState::Removed);
}

async fn a_block_reaches_a_poll_that_waits(db: TestDatabase) {
    let portal = Portal::start(db).await;
    let device = portal.enrolled().await;
    let profile = portal.profile("One").await;
    let copy = portal.offer(device.id(), profile, Feature::Wifi).await;
    device.client().report(&report(copy, ReportedState::Installed)).await.unwrap();
    let now = device.client().commands(&PollQuery::default()).await.unwrap();
    let waiting = PollQuery { after: Some(now.revision), wait: 20 };
    let block = async {
        portal.put_device(device.id(), DeviceState::Blocked).await;
        portal.put_copy(device.id(), copy.copy, CopyState::Removing).await;
    };
    let ((), answer) = tokio::join!(block, tokio::time::timeout(SOON, device.client().commands(&waiting)));
    let list = answer.expect("the poll was not woken").unwrap().commands;
    assert!(list.iter().all(|command| matches!(command.kind, CommandKind::Remove { .. })), "{list:?}");
}

async fn nobody_without_a_certificate_that_counts_is_served(db: TestDatabase) {
    let portal = Portal::start(db).await;
    let stranger = DeviceClient::trusting(&portal.server, portal.anchor(), None).unwrap();
    let error = stranger.commands(&PollQuery::default()).await.unwrap_err();
    assert!(error.is_problem(problem::CERTIFICATE_UNKNOWN), "{error}");

    // Signed by the right CA, but recorded nowhere.
    let key = PrivateKey::generate(KeyAlgorithm::EcP256).unwrap();
    let any = "0198c2f0-7d1e-7cc3-98c4-dc0c0c07398f".parse().unwrap();
    let now = portal.clock.now();
    let certificate = portal.ca.issue_management(any, key.public_key().clone(), now).unwrap();
    let identity = ManagementIdentity::from_parts(key, certificate, Vec::new()).unwrap();
    let unknown = DeviceClient::trusting(&portal.server, portal.anchor(), Some(&identity)).unwrap();
    let error = unknown.commands(&PollQuery::default()).await.unwrap_err();
    assert!(error.is_problem(problem::CERTIFICATE_UNKNOWN), "{error}");
}

async fn renewal_works_within_the_grace_period_and_the_old_certificate_ends_with_the_new_one_s_use(
    db: TestDatabase,
) {
    let portal = Portal::start(db).await;
    let present = portal.clock.now();
    // Enrolled long ago: the certificate is expired by every clock, the handshake's included.
    portal.clock.set(present.minus(YEAR + Duration::from_secs(86_400)));
    let device = portal.enrolled().await;
    portal.clock.set(present);
    let error = commands(&device).await.unwrap_err();
    assert!(error.is_problem(problem::RENEW_FIRST), "{error}");
    let (key, csr) = new_csr();
    let request = RenewRequest { version: VERSION, csr };
    let answer = device.client().renew(&request).await.unwrap();
    assert_eq!(device.client().renew(&request).await.unwrap(), answer, "the same CSR again");
    let identity = ManagementIdentity::new(key, &answer).unwrap();
    let renewed = DeviceClient::trusting(&portal.server, portal.anchor(), Some(&identity)).unwrap();
    renewed.commands(&PollQuery::default()).await.unwrap();
    let error = device.client().renew(&request).await.unwrap_err();
    assert!(error.is_problem(problem::CERTIFICATE_UNKNOWN), "{error}");
}

async fn a_device_that_was_away_beyond_the_grace_period_gets_removals_only(db: TestDatabase) {
    let portal = Portal::start(db).await;
    let device = portal.enrolled().await;
    portal.clock.advance(YEAR + Duration::from_secs(31 * 86_400));
    assert!(commands(&device).await.unwrap().is_empty());
    let (_, csr) = new_csr();
    let renewal = device.client().renew(&RenewRequest { version: VERSION, csr }).await;
    assert!(renewal.unwrap_err().is_problem(problem::REMOVALS_ONLY));
}

async fn messages_that_are_none_are_refused_with_what_is_wrong(db: TestDatabase) {
    let portal = Portal::start(db).await;
    let http = reqwest::Client::builder()
        .tls_certs_only([reqwest::Certificate::from_der(portal.anchor()).unwrap()])
        .no_proxy()
        .build()
        .unwrap();
    let post =
        |body: Vec<u8>| http.post(format!("{}/device/v1/enrol", portal.server.as_str())).body(body).send();
    let answer = post(b"{\"version\":1".to_vec()).await.unwrap();
    assert_eq!(answer.status(), 400);
    assert_eq!(answer.headers()["content-type"], "application/problem+json");
    assert!(answer.text().await.unwrap().contains("/problems/message-malformed"));
    assert_eq!(post(vec![b' '; 70_000]).await.unwrap().status(), 413);
    let nowhere = http.get(format!("{}/admin", portal.server.as_str())).send().await.unwrap();
    assert_eq!(nowhere.status(), 404);
}

async fn polls_end_when_the_portal_does(db: TestDatabase) {
    let portal = Portal::start(db).await;
    let device = portal.enrolled().await;
    let now = loop {
        let now = device.client().commands(&PollQuery::default()).await.unwrap();
        let after = device.client().commands(&PollQuery::default()).await.unwrap();
        if now.revision == after.revision {
            break now;
        }
    };
    let waiting = PollQuery { after: Some(now.revision), wait: 20 };
    let close = async { portal.protocol.wakes().close() };
    let ((), answer) =
        tokio::join!(close, tokio::time::timeout(SOON / 2, device.client().commands(&waiting)));
    answer.expect("the poll was not ended").unwrap();
}

async fn a_device_that_was_away_for_long_is_planned_for_at_its_mere_contact(db: TestDatabase) {
    let portal = Portal::start(db).await;
    let device = portal.enrolled().await;
    let before = portal.planned(device.id());
    for days in [1, 29] {
        portal.clock.advance(Duration::from_secs(days * 86_400));
        commands(&device).await.unwrap();
    }
    assert_eq!((portal.planned(device.id()), portal.audited("device.return").await), (before, 0));
    portal.clock.advance(Duration::from_secs(31 * 86_400));
    for _ in 0..2 {
        commands(&device).await.unwrap();
    }
    assert_eq!((portal.planned(device.id()), portal.audited("device.return").await), (before + 1, 1));
    // Nothing is planned for one that gets removals only, however long it was away.
    portal.put_device(device.id(), DeviceState::Blocked).await;
    portal.clock.advance(Duration::from_secs(31 * 86_400));
    commands(&device).await.unwrap();
    assert_eq!(portal.audited("device.return").await, 1);
}

/// The serial number of the certificate that the listener shows.
fn shown(portal: &Portal) -> String {
    let address = portal.server.as_str().trim_start_matches("https://");
    let script =
        format!("openssl s_client -connect {address} </dev/null 2>/dev/null | openssl x509 -noout -serial");
    let output = std::process::Command::new("sh").args(["-c", &script]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

async fn the_listener_goes_on_with_another_certificate_while_devices_are_connected(db: TestDatabase) {
    let portal = Arc::new(Portal::start(db).await);
    let device = portal.enrolled().await;
    let shown = async || {
        let portal = Arc::clone(&portal);
        tokio::task::spawn_blocking(move || shown(&portal)).await.unwrap()
    };
    let before = shown().await;
    let identity = portal.ca.server_identity(&["127.0.0.1".to_owned()], portal.clock.now()).unwrap();
    portal.tls.replace(&identity, &[portal.ca.certificate().clone()]).unwrap();
    commands(&device).await.unwrap();
    assert_ne!(shown().await, before);
    // A new connection trusts it as the old one did.
    portal.enrolled().await;
}
