//! A VPN: openvpn on both ends. Without a network device, which needs an administrator's rights: whether a laptop is
//! let in is decided before there is anything to route.

use super::party::{Party, free_udp_port};
use super::scene::{Held, Scene};

/// Said by the laptop when it is let in.
const IN: &str = "Peer Connection Initiated";
/// Said by the server when it does not let a laptop in.
const REFUSED: &str = "VERIFY ERROR: depth=0, error=certificate revoked";
/// Said by the server when it is open, and has read its files.
const OPEN: &str = "link local (bound)";

/// The VPN.
pub(super) struct Vpn {
    server: Party,
    port: u16,
}

impl Vpn {
    /// Opens it.
    pub(super) async fn open(scene: &Scene) -> Self {
        let port = free_udp_port();
        let number = port.to_string();
        let (cas, crls) = (scene.file("cas.pem"), scene.file("crls.pem"));
        let (certificate, key) = (scene.file("server.pem"), scene.file("server.key"));
        let network = ["--dev", "null", "--proto", "udp", "--local", "127.0.0.1", "--lport", &number];
        let float = ["--float", "--tls-server", "--dh", "none", "--verb", "4"];
        let trust = ["--ca", &cas, "--cert", &certificate, "--key", &key, "--crl-verify", &crls];
        let server = [&network[..], &float[..], &trust[..]].concat();
        let mut server = Party::start("openvpn", scene.folder(), &server);
        server.says(OPEN, 1).await;
        Self { server, port }
    }

    /// Whether the laptop gets in with its PFX.
    pub(super) async fn accepts(&mut self, scene: &Scene, held: &Held) -> bool {
        let (refused, opened) = (self.server.has_said(REFUSED), self.server.has_said(OPEN));
        let (server, pfx) = (scene.file("server.pem"), held.file("certificate.pfx"));
        let password = scene.write("vpn-password", &held.password());
        let number = self.port.to_string();
        let network = ["--dev", "null", "--proto", "udp", "--remote", "127.0.0.1", &number, "--nobind"];
        let session = ["--tls-client", "--explicit-exit-notify", "1", "--verb", "3"];
        let trust = ["--ca", &server, "--pkcs12", &pfx, "--askpass", &password];
        let asked = [&network[..], &session[..], &trust[..]].concat();
        let mut laptop = Party::start("openvpn", scene.folder(), &asked);
        let accepted = tokio::select! {
            () = laptop.says(IN, 1) => true,
            () = self.server.says(REFUSED, refused + 1) => false,
        };
        // A VPN between two is open for the next when the one before has gone.
        laptop.end().await;
        self.server.says(OPEN, opened + 1).await;
        accepted
    }

    /// What the server said.
    pub(super) fn words(&self) -> String {
        self.server.words()
    }
}
