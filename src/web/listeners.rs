//! The listeners: bound first, so that a port in use is known before anything else happens.

use std::net::{SocketAddr, TcpListener};
use std::time::Duration;

use axum::Router;
use axum::extract::ConnectInfo;
use axum_server::Handle;

/// How long open requests may go on once the portal is asked to stop. Long polls end earlier by themselves.
pub const GRACE: Duration = Duration::from_secs(8);

/// A listener could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum ListenError {
    /// Somebody else listens there.
    #[error(
        "{address} ({flag}) is in use by another program: stop it, or choose another address with {flag}"
    )]
    InUse {
        /// The address that was asked for.
        address: SocketAddr,
        /// The flag that sets it.
        flag: &'static str,
    },
    /// Ports below 1024 need a privilege.
    #[error(
        "{address} ({flag}) may not be opened by this user: choose a port from 1024, or grant CAP_NET_BIND_SERVICE"
    )]
    Forbidden {
        /// The address that was asked for.
        address: SocketAddr,
        /// The flag that sets it.
        flag: &'static str,
    },
    /// Anything else, such as an address that this host doesn't have.
    #[error("{address} ({flag}) can't be opened: {error}")]
    Other {
        /// The address that was asked for.
        address: SocketAddr,
        /// The flag that sets it.
        flag: &'static str,
        /// What the operating system said.
        error: std::io::Error,
    },
}

/// Opens a listener; port 0 lets the system pick one, which `local_addr` then tells.
///
/// # Errors
/// When the address is in use, forbidden or not of this host; the error names the flag that sets it.
pub fn bind(address: SocketAddr, flag: &'static str) -> Result<TcpListener, ListenError> {
    let opened = TcpListener::bind(address).and_then(|listener| {
        listener.set_nonblocking(true)?;
        Ok(listener)
    });
    opened.map_err(|error| match error.kind() {
        std::io::ErrorKind::AddrInUse => ListenError::InUse { address, flag },
        std::io::ErrorKind::PermissionDenied => ListenError::Forbidden { address, flag },
        _ => ListenError::Other { address, flag, error },
    })
}

/// Serves a router without TLS until the handle says to stop.
///
/// # Errors
/// When the listener fails for good.
pub async fn serve_plain(
    listener: TcpListener,
    router: Router,
    handle: Handle<SocketAddr>,
) -> std::io::Result<()> {
    let service = router.into_make_service_with_connect_info::<SocketAddr>();
    axum_server::from_tcp(listener)?.handle(handle).serve(service).await
}

/// The network address of the other side, for rate limits and the audit trail.
#[must_use]
pub fn peer(connection: &ConnectInfo<SocketAddr>) -> String {
    connection.0.ip().to_canonical().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_in_use_is_named_with_its_flag() {
        let first = bind("127.0.0.1:0".parse().unwrap(), "--listen").unwrap();
        let error = bind(first.local_addr().unwrap(), "--pki-listen").unwrap_err();
        assert!(matches!(error, ListenError::InUse { .. }));
        assert!(error.to_string().contains("--pki-listen"));
    }
}
