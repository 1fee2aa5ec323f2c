//! TLS of the device listener: hands the client certificate on to whoever answers.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::Extension;
use axum::middleware::AddExtension;
use axum_server::Handle;
use axum_server::accept::Accept;
use axum_server::tls_openssl::{OpenSSLAcceptor, OpenSSLConfig};
use certporter_model::Timestamp;
use certporter_model::thumbprint::Thumbprint;
use futures::future::BoxFuture;
use tokio::net::TcpStream;
use tokio_openssl::SslStream;
use tower::Layer as _;

use crate::clock::Clock;
use crate::pki::certificate::Certificate;
use crate::pki::digest;
use crate::pki::error::PkiError;
use crate::pki::tls::{ServerIdentity, device_acceptor, peer_certificate};

/// How often it is looked whether the listener's own certificate is due: it costs nothing, and devices wait for one that
/// is valid.
const LOOKED_EVERY: Duration = Duration::from_secs(10);

/// A certificate that was made so much later than now was made by a clock that was ahead; what is less, it is dated back by.
const AHEAD: Duration = Duration::from_secs(300);

/// What the other side of a connection showed: the SHA-256 of its certificate. That the certificate comes from the device
/// CA and that the other side has its key was checked by the handshake; whether it still counts is looked up at every
/// request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Peer(pub Option<Thumbprint>);

/// Accepts TLS and puts a [`Peer`] into every request's extensions.
#[derive(Clone)]
struct DeviceAcceptor(OpenSSLAcceptor);

impl<S: Send + 'static> Accept<TcpStream, S> for DeviceAcceptor {
    type Stream = SslStream<TcpStream>;
    type Service = AddExtension<S, Peer>;
    type Future = BoxFuture<'static, io::Result<(Self::Stream, Self::Service)>>;

    fn accept(&self, stream: TcpStream, service: S) -> Self::Future {
        // Answers are small and somebody waits for each.
        let accepted = stream.set_nodelay(true).map(|()| self.0.accept(stream, service));
        Box::pin(async move {
            let (stream, service) = accepted?.await?;
            let peer = Peer(peer_certificate(stream.ssl()).map(|der| digest::thumbprint(&der)));
            Ok((stream, Extension(peer).layer(service)))
        })
    }
}

/// Who the device listener is, and whose certificates it knows. Cheap to clone; a clone is the same listener's.
#[derive(Clone)]
pub struct DeviceTls(OpenSSLConfig);

impl DeviceTls {
    /// From the listener's own key and certificate, and the CAs whose client certificates are let in.
    ///
    /// # Errors
    /// When the key is not the certificate's.
    pub fn new(identity: &ServerIdentity, device_cas: &[Certificate]) -> Result<Self, PkiError> {
        Ok(Self(OpenSSLConfig::from_acceptor(Arc::new(device_acceptor(identity, device_cas)?))))
    }

    /// Goes on with another key and certificate; connections that are open stay.
    ///
    /// # Errors
    /// When the key is not the certificate's.
    pub fn replace(&self, identity: &ServerIdentity, device_cas: &[Certificate]) -> Result<(), PkiError> {
        self.0.reload_from_acceptor(Arc::new(device_acceptor(identity, device_cas)?));
        Ok(())
    }
}

/// Makes the listener's own certificate anew well before it ends, for as long as the process runs: now and then it is
/// looked whether `made_at` is long enough ago, so that a machine that slept, or whose clock was moved, does not matter.
/// When one can't be made, the one before stays, and it is tried again.
pub async fn keep_fresh(
    tls: &DeviceTls,
    clock: &dyn Clock,
    lasts: Duration,
    device_cas: &[Certificate],
    make: impl Fn(Timestamp) -> Result<ServerIdentity, PkiError>,
) {
    let mut made_at = clock.now();
    loop {
        tokio::time::sleep(LOOKED_EVERY).await;
        let now = clock.now();
        // One that was made by a clock that was ahead is not valid yet.
        let from_the_future = made_at.since(now) > AHEAD;
        if now.since(made_at) < lasts && !from_the_future {
            continue;
        }
        match make(now).and_then(|identity| tls.replace(&identity, device_cas)) {
            Ok(()) => {
                made_at = now;
                tracing::info!("the device listener goes on with a new certificate");
            }
            Err(error) => tracing::error!(%error, "the device listener's certificate could not be renewed"),
        }
    }
}

/// Serves a router to devices until the handle says to stop.
///
/// # Errors
/// When the listener fails for good.
pub async fn serve_devices(
    listener: std::net::TcpListener,
    tls: &DeviceTls,
    router: Router,
    handle: Handle<SocketAddr>,
) -> io::Result<()> {
    let acceptor = DeviceAcceptor(OpenSSLAcceptor::new(tls.0.clone()));
    let service = router.into_make_service_with_connect_info::<SocketAddr>();
    axum_server::from_tcp(listener)?.acceptor(acceptor).handle(handle).serve(service).await
}
