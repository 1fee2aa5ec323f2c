//! What relying parties fetch and ask: how long a CRL takes, and how many OCSP answers there are a second.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use certporter_model::ids::CaGenerationId;
use certporter_model::key::{KeyAlgorithm, KeyUsage};
use certporter_model::oid::Oid;
use certporter_model::profile::StrongMapping;
use certporter_model::revocation::Reason;
use certporter_model::serial::SerialNumber;
use certporter_model::thumbprint::PublicKeyHash;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use super::super::CommandError;
use super::figures::{Case, forget_peak, peak_megabytes};
use super::folder;
use super::installation::permit;
use super::raw::{a_second, rate, threads};
use crate::ca::{BuiltinCa, BuiltinSettings, IssuingCa as _, SignOutcome, SignRequest};
use crate::clock::{Clock as _, Stopwatch, SystemClock};
use crate::config::{PublicAddresses, WebAddress};
use crate::pki::crl::CrlBuilder;
use crate::pki::key::Signer as _;
use crate::pki::ocsp::CertId;
use crate::pki::secret_box::MasterKey;
use crate::pki::{Asked, PrivateKey, csr};
use crate::random::{SystemRandom, octets};
use crate::service::Portal;
use crate::service::portal::Parts;
use crate::store::issued_certificates::{self, LedgerEntry};
use crate::store::{AuditEvent, Db, Location, Target, crls};
use crate::web::publishing;

/// Entries that are written in one transaction.
const PORTION: u32 = 10_000;
/// Certificates that are asked about in turn.
const ASKED: usize = 500;
/// Connections that ask at the same time.
const CLIENTS: usize = 64;

/// A CA of its own in a folder of its own.
struct Bench {
    db: Db,
    ca: BuiltinCa,
    master: MasterKey,
    folder: TempDir,
}

async fn open(db: &Db, master: &MasterKey, folder: &Path) -> Result<BuiltinCa, CommandError> {
    let settings = BuiltinSettings {
        organisation: "Bench".to_owned(),
        key: KeyAlgorithm::EcP256,
        pki_url: "http://127.0.0.1".to_owned(),
        publish_dir: folder.join("published"),
        crl_interval: Duration::from_secs(3600),
        crl_lifetime: Duration::from_secs(3 * 3600),
        crl_shards: 1,
    };
    let random = Arc::new(SystemRandom);
    Ok(BuiltinCa::open(db.clone(), master, Arc::new(SystemClock), random, settings).await?)
}

impl Bench {
    async fn new() -> Result<Self, CommandError> {
        let folder = folder("ca")?;
        let db = Db::connect(&Location::Sqlite(folder.path().join("ca.sqlite"))).await?;
        db.migrate().await?;
        let master = MasterKey::generate(&SystemRandom);
        let ca = open(&db, &master, folder.path()).await?;
        Ok(Self { db, ca, master, folder })
    }

    async fn end(self) -> Result<(), CommandError> {
        self.db.close().await;
        Ok(self.folder.close()?)
    }

    async fn sign(&self, number: usize) -> Result<(CaGenerationId, SerialNumber), CommandError> {
        let key = PrivateKey::generate(KeyAlgorithm::EcP256)?;
        let asked = Asked {
            subject: Some(certporter_model::distinguished_name::DistinguishedName::parse("CN=bench")?),
            alternative_names: Vec::new(),
            key_usage: KeyUsage { digital_signature: true, ..KeyUsage::default() },
            extended_key_usages: vec![Oid::parse(Oid::CLIENT_AUTH)?],
            validity_days: 365,
            sid: None,
            strong_mapping: StrongMapping::None,
        };
        let csr = csr::create(&key, None)?;
        let request =
            SignRequest { reference: format!("bench-{number}"), csr, asked, template: String::new() };
        match self.ca.sign(&request).await? {
            SignOutcome::Issued(issued) => Ok((issued.generation, issued.certificate.serial().clone())),
            other => Err(format!("the CA does not sign: {other:?}").into()),
        }
    }

    /// Revokes one more.
    async fn revoke_one(&self, generation: CaGenerationId) -> Result<(), CommandError> {
        fill(&self.db, generation, 1, |_| ()).await
    }
}

/// So many revoked certificates in the ledger; `each` is told their serial numbers.
pub(super) async fn fill(
    db: &Db,
    generation: CaGenerationId,
    count: u32,
    mut each: impl FnMut(&SerialNumber),
) -> Result<(), CommandError> {
    let now = SystemClock.now();
    let mut left = count;
    while left > 0 {
        let mut tx = db.write(&permit()?).await?;
        let change = crls::changed(&mut tx, generation, crls::FULL, now).await?;
        let mut portion = Vec::with_capacity(usize::try_from(left.min(PORTION))?);
        for _ in 0..left.min(PORTION) {
            let serial = SerialNumber::from_random(octets(&SystemRandom));
            let entry = LedgerEntry {
                ca_generation_id: generation,
                serial: serial.clone(),
                public_key_hash: PublicKeyHash::from_octets(octets(&SystemRandom)),
                request_reference: None,
                // As large as what is really there.
                intent: vec![0; 450],
                der: Some(vec![0; 550]),
                shard: 0,
                not_after: now.plus(Duration::from_secs(300 * 86_400)),
                created_at: now,
                issued_at: None,
                revoked_at: None,
                reason: None,
                held: false,
                changed_at: None,
            };
            issued_certificates::insert(&mut tx, &entry).await?;
            each(&serial);
            portion.push(serial);
        }
        let standing = Some((now, Reason::Superseded));
        issued_certificates::set_standings(&mut tx, generation, &portion, standing, change).await?;
        tx.commit(AuditEvent::new(now, "bench.fill", Target::none("bench"))).await?;
        left = left.saturating_sub(PORTION);
    }
    Ok(())
}

/// A CRL from everything that is revoked, and one after a single revocation; each beside the list put together and
/// signed in memory. And how much memory was in use at most.
pub(super) async fn crl(
    names: [&'static str; 3],
    entries: u32,
    blocks: usize,
) -> Result<Vec<Case>, CommandError> {
    let bench = Bench::new().await?;
    let (generation, _) = bench.sign(0).await?;
    fill(&bench.db, generation, entries, |_| ()).await?;
    let n = usize::try_from(entries)?;
    let issuer = bench.ca.issuing_certificate()?.clone();
    let key = PrivateKey::generate(KeyAlgorithm::EcP256)?;
    let raw = || -> Result<f64, CommandError> {
        let watch = Stopwatch::start();
        let now = SystemClock.now();
        let mut builder = CrlBuilder::new(1, now, now);
        for number in 0..entries {
            // As long as those of the CA.
            let mut octets = [0x5a; 16];
            octets[..4].copy_from_slice(&number.to_be_bytes());
            builder.revoke(&SerialNumber::from_random(octets), now, Reason::Superseded);
        }
        // Only the signature's cost counts, not whose it is.
        std::hint::black_box(key.sign(&builder.unsigned(&issuer, &key)?)?);
        Ok(watch.elapsed().as_secs_f64())
    };
    let limits = (0..blocks).map(|_| raw()).collect::<Result<Vec<_>, _>>()?;
    // So that all of them are in a list already, as they have come one by one.
    bench.ca.publish().await?;
    bench.revoke_one(generation).await?;
    // Another process has made no list yet, and reads everything.
    let other = open(&bench.db, &bench.master, bench.folder.path()).await?;
    forget_peak();
    let watch = Stopwatch::start();
    other.publish().await?;
    let whole = watch.elapsed().as_secs_f64();
    let mut after_one = Vec::with_capacity(blocks);
    for _ in 0..blocks {
        bench.revoke_one(generation).await?;
        let watch = Stopwatch::start();
        other.publish().await?;
        after_one.push(watch.elapsed().as_secs_f64());
    }
    let peak = peak_megabytes();
    bench.end().await?;
    let [name, one, memory] = names;
    Ok(vec![
        Case::against(name, "s", &[whole], &limits[..1], n),
        Case::against(one, "s", &after_one, &limits, n),
        Case::against(memory, "MB", &[peak], &[300.0], n),
    ])
}

/// OCSP over HTTP with a P-256 signer, nothing signed before it is asked; beside signatures alone.
pub(super) async fn ocsp(name: &'static str, blocks: usize, n: usize) -> Result<Case, CommandError> {
    let bench = Bench::new().await?;
    let mut requests = Vec::with_capacity(ASKED);
    let issuer = bench.ca.issuing_certificate()?.clone();
    for number in 0..ASKED {
        let (_, serial) = bench.sign(number).await?;
        requests.push(CertId::request(&issuer, &serial, false)?);
    }
    let requests = Arc::new(requests);
    let addresses = PublicAddresses {
        portal: WebAddress::parse("http://127.0.0.1:3000")?,
        device: WebAddress::parse("https://127.0.0.1:3443")?,
        pki: WebAddress::parse("http://127.0.0.1:3080")?,
    };
    let (clock, random) = (Arc::new(SystemClock), Arc::new(SystemRandom));
    let portal = Portal::new(Parts { db: bench.db.clone(), clock, random, addresses });
    let router: Router = publishing::routes(portal, bench.ca.clone());
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let server = tokio::spawn(async move { axum::serve(listener, router).await });
    let key = PrivateKey::generate(KeyAlgorithm::EcP256)?;
    let message = [0_u8; 256];
    let (mut rates, mut limits) = (Vec::with_capacity(blocks), Vec::with_capacity(blocks));
    for block in 0..=blocks {
        let limit = rate(n, || key.sign(&message).map(|_| ()))?;
        let watch = Stopwatch::start();
        let clients =
            (0..CLIENTS).map(|client| tokio::spawn(ask(address, Arc::clone(&requests), client, n / CLIENTS)));
        for client in futures::future::join_all(clients).await {
            client??;
        }
        // The first block only warms up.
        if block > 0 {
            limits.push(limit);
            rates.push(a_second(n / CLIENTS * CLIENTS, &watch));
        }
    }
    server.abort();
    bench.end().await?;
    tracing::info!(threads = threads(), "client and server share the processors");
    Ok(Case::against(name, "answers/s", &rates, &limits, n * blocks))
}

/// Asks one after the other on one connection.
async fn ask(
    address: std::net::SocketAddr,
    requests: Arc<Vec<Vec<u8>>>,
    from: usize,
    count: usize,
) -> std::io::Result<()> {
    let mut stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    let mut buffer = vec![0; 4096];
    for request in requests.iter().cycle().skip(from * 31).take(count) {
        let head = format!(
            "POST /ocsp HTTP/1.1\r\nhost: bench\r\ncontent-type: application/ocsp-request\r\n\
             content-length: {}\r\n\r\n",
            request.len()
        );
        stream.write_all(&[head.as_bytes(), request].concat()).await?;
        let mut filled = 0;
        while !is_whole(&buffer[..filled])? {
            match stream.read(&mut buffer[filled..]).await? {
                0 => return Err(std::io::ErrorKind::UnexpectedEof.into()),
                more => filled += more,
            }
        }
    }
    Ok(())
}

/// Whether a response has come as a whole; an error when it is none that counts.
fn is_whole(response: &[u8]) -> std::io::Result<bool> {
    let Some(end) = response.windows(4).position(|four| four == b"\r\n\r\n") else { return Ok(false) };
    // As our own server writes it. The client's work counts as much as the server's, so it does little.
    let head = std::str::from_utf8(&response[..end]).unwrap_or_default();
    let length = head.split("\r\ncontent-length: ").nth(1);
    let length: Option<usize> = length.and_then(|rest| rest.lines().next()?.parse().ok());
    match length {
        // An error has five octets.
        Some(length) if head.starts_with("HTTP/1.1 200") && length > 5 => {
            Ok(response.len() >= end + 4 + length)
        }
        _ => Err(std::io::Error::other(format!("no OCSP answer: {head}"))),
    }
}
