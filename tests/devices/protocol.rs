//! Commands, reports, and who may do what.

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
use certporter_model::feature::Feature;
use certporter_model::key::KeyAlgorithm;

use super::portal::{Offered, Portal};

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

#[tokio::test]
async fn a_waiting_device_gets_its_copy_at_once_and_a_removal_too() {
    let portal = Portal::start().await;
    let mut device = portal.enrolled().await;
    let id = device.id();
    assert!(device.round(Duration::ZERO).await.unwrap());
    let profile = portal.profile("Wi-Fi").await;
    let (offered, round) = tokio::join!(
        portal.offer(id, profile, Feature::Wifi),
        tokio::time::timeout(SOON, device.round(SOON))
    );
    round.expect("the poll was not woken").unwrap();
    assert_eq!(portal.copy_state(offered.copy).await, "installed");
    assert!(device.held().contains_key(&offered.copy));
    assert!(device.round(Duration::ZERO).await.unwrap());
    let ((), round) = tokio::join!(
        portal.put_copy(id, offered.copy, "removing"),
        tokio::time::timeout(SOON, device.round(SOON))
    );
    round.expect("the poll was not woken").unwrap();
    assert_eq!(portal.copy_state(offered.copy).await, "removed");
    assert!(device.held().is_empty());
}

#[tokio::test]
async fn duplicates_are_harmless_and_late_reports_change_nothing() {
    let portal = Portal::start().await;
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
    assert_eq!(portal.copy_state(offered.copy).await, "missing");
}

#[tokio::test]
async fn another_s_copy_can_t_be_reported_and_the_attempt_is_audited() {
    let portal = Portal::start().await;
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
    assert_eq!(portal.copy_state(theirs.copy).await, "offered");
    assert_eq!(portal.copy_state(mine.copy).await, "offered");
}

#[tokio::test]
async fn a_blocked_device_gets_removals_and_nothing_else() {
    let portal = Portal::start().await;
    let device = portal.enrolled().await;
    let (one, two) = (portal.profile("One").await, portal.profile("Two").await);
    let going = portal.offer(device.id(), one, Feature::Wifi).await;
    let offered = portal.offer(device.id(), two, Feature::Vpn).await;
    portal.put_copy(device.id(), going.copy, "removing").await;
    for state in ["blocked", "lost", "retired", "deleted"] {
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
    assert_eq!(portal.copy_state(going.copy).await, "removed");
}

#[tokio::test]
async fn a_block_reaches_a_poll_that_waits() {
    let portal = Portal::start().await;
    let device = portal.enrolled().await;
    let profile = portal.profile("One").await;
    let copy = portal.offer(device.id(), profile, Feature::Wifi).await;
    device.client().report(&report(copy, ReportedState::Installed)).await.unwrap();
    let now = device.client().commands(&PollQuery::default()).await.unwrap();
    let waiting = PollQuery { after: Some(now.revision), wait: 20 };
    let block = async {
        portal.put_device(device.id(), "blocked").await;
        portal.put_copy(device.id(), copy.copy, "removing").await;
    };
    let ((), answer) = tokio::join!(block, tokio::time::timeout(SOON, device.client().commands(&waiting)));
    let list = answer.expect("the poll was not woken").unwrap().commands;
    assert!(list.iter().all(|command| matches!(command.kind, CommandKind::Remove { .. })), "{list:?}");
}

#[tokio::test]
async fn nobody_without_a_certificate_that_counts_is_served() {
    let portal = Portal::start().await;
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

#[tokio::test]
async fn renewal_works_within_the_grace_period_and_the_old_certificate_ends_with_the_new_one_s_use() {
    let portal = Portal::start().await;
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

#[tokio::test]
async fn a_device_that_was_away_beyond_the_grace_period_gets_removals_only() {
    let portal = Portal::start().await;
    let device = portal.enrolled().await;
    portal.clock.advance(YEAR + Duration::from_secs(31 * 86_400));
    assert!(commands(&device).await.unwrap().is_empty());
    let (_, csr) = new_csr();
    let renewal = device.client().renew(&RenewRequest { version: VERSION, csr }).await;
    assert!(renewal.unwrap_err().is_problem(problem::REMOVALS_ONLY));
}

#[tokio::test]
async fn messages_that_are_none_are_refused_with_what_is_wrong() {
    let portal = Portal::start().await;
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

#[tokio::test]
async fn polls_end_when_the_portal_does() {
    let portal = Portal::start().await;
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
