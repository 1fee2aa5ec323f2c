//! A Wi-Fi network with EAP-TLS: hostapd as its RADIUS server, and eapol_test as the laptop that wants in.

use super::party::{Party, client, free_udp_port};
use super::scene::{Held, Scene};

const SECRET: &str = "between access point and server";

/// The network.
pub(super) struct Wifi {
    server: Party,
    port: u16,
    /// What servers before this one said.
    before: String,
}

impl Wifi {
    /// Opens it. It can't be told on which address to listen: its list of clients has this machine alone.
    pub(super) async fn open(scene: &Scene) -> Self {
        let port = free_udp_port();
        let clients = scene.write("radius-clients", &format!("127.0.0.1/32 {SECRET}\n"));
        let users = scene.write("eap-users", "* TLS\n");
        let (cas, certificate, key) =
            (scene.file("cas-and-crls.pem"), scene.file("server.pem"), scene.file("server.key"));
        // The whole chain is checked against the CRLs.
        let settings = scene.write(
            "hostapd.conf",
            &format!(
                "driver=none\nradius_server_clients={clients}\nradius_server_auth_port={port}\n\
                 eap_server=1\neap_user_file={users}\nca_cert={cas}\ncheck_crl=2\n\
                 server_cert={certificate}\nprivate_key={key}\n"
            ),
        );
        let mut server = Party::start("hostapd", scene.folder(), &[&settings]);
        server.says("AP-ENABLED", 1).await;
        Self { server, port, before: String::new() }
    }

    /// Whether the laptop gets in with its PFX.
    pub(super) async fn accepts(&mut self, scene: &Scene, held: &Held) -> bool {
        // It is started anew with the CRLs that were fetched last: told to read them again by itself, it sometimes
        // refuses somebody in that very moment.
        let before = self.words();
        *self = Self { before, ..Self::open(scene).await };
        let (pfx, password, server) =
            (held.file("certificate.pfx"), hex::encode(held.password()), scene.file("server.pem"));
        let settings = scene.write(
            "eapol.conf",
            &format!(
                "network={{\n key_mgmt=IEEE8021X\n eap=TLS\n identity=\"laptop\"\n ca_cert=\"{server}\"\n \
                 private_key=\"{pfx}\"\n private_key_passwd={password}\n}}\n"
            ),
        );
        self.accepts_settings(&settings).await
    }

    /// Whether a laptop with this file of settings gets in.
    pub(super) async fn accepts_settings(&self, settings: &str) -> bool {
        let port = self.port.to_string();
        let asked = ["-c", settings, "-a", "127.0.0.1", "-p", &port, "-s", SECRET, "-t", "10", "-r", "0"];
        let (well, said) = client("eapol_test", &asked).await;
        // Without an answer it would have failed as well, for another reason.
        assert!(well || said.contains("CTRL-EVENT-EAP-FAILURE"), "{said}");
        well
    }

    /// Waits until the server has said these words: the laptop may hear of it before we do.
    pub(super) async fn says(&mut self, words: &str) {
        self.server.says(words, 1).await;
    }

    /// What the server said.
    pub(super) fn words(&self) -> String {
        self.before.clone() + &self.server.words()
    }
}
