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
    /// What servers before this one said.
    before: String,
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
        Self { server, port, before: String::new() }
    }

    /// Whether the laptop gets in with its PFX.
    pub(super) async fn accepts(&mut self, scene: &Scene, held: &Held) -> bool {
        let (server, pfx) = (scene.file("server.pem"), held.file("certificate.pfx"));
        let password = scene.write("vpn-password", &held.password());
        let number = self.port.to_string();
        let network = ["--dev", "null", "--proto", "udp", "--remote", "127.0.0.1", &number, "--nobind"];
        let trust =
            ["--tls-client", "--verb", "3", "--ca", &server, "--pkcs12", &pfx, "--askpass", &password];
        let mut laptop = Party::start("openvpn", scene.folder(), &[&network[..], &trust[..]].concat());
        let accepted = tokio::select! {
            () = laptop.says(IN, 1) => true,
            () = self.server.says(REFUSED, 1) => false,
        };
        laptop.end().await;
        // A VPN between two is for one laptop: the next finds another, with the list as it is then.
        let before = self.words();
        *self = Self { before, ..Self::open(scene).await };
        accepted
    }

    /// What the servers said.
    pub(super) fn words(&self) -> String {
        self.before.clone() + &self.server.words()
    }
}
