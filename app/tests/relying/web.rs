//! A server that wants client certificates, as a mail server does: nginx with `ssl_crl`.

use super::party::{DEADLINE, Party, free_port};
use super::scene::{Held, Scene};

/// The server.
pub(super) struct Web {
    server: Party,
    port: u16,
}

impl Web {
    /// Opens it.
    pub(super) async fn open(scene: &Scene) -> Self {
        let port = free_port();
        let file = |name: &str| scene.file(name);
        let temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];
        let temporary: String =
            temporary.iter().map(|kind| format!("{kind}_temp_path {};\n", file(kind))).collect();
        let settings = scene.write(
            "nginx.conf",
            &format!(
                "daemon off;\nworker_processes 1;\npid {};\nerror_log stderr notice;\nevents {{}}\n\
                 http {{\naccess_log off;\n{temporary}\
                 server {{\nlisten 127.0.0.1:{port} ssl;\n\
                 ssl_certificate {};\nssl_certificate_key {};\n\
                 ssl_client_certificate {};\nssl_crl {};\nssl_verify_client on;\nssl_verify_depth 2;\n\
                 location / {{ return 200 \"mail for $ssl_client_s_dn\"; }}\n}}\n}}\n",
                file("nginx.pid"),
                file("server.pem"),
                file("server.key"),
                file("cas.pem"),
                file("crls.pem"),
            ),
        );
        let mut server = Party::start("nginx", scene.folder(), &["-c", &settings, "-e", "stderr"]);
        server.says("start worker process ", 1).await;
        Self { server, port }
    }

    /// Lets it read the CRLs again, which it does by new processes.
    pub(super) async fn read_again(&mut self) {
        let ended = self.server.has_said("exited with code 0");
        self.server.read_again();
        self.server.says("exited with code 0", ended + 1).await;
    }

    /// Whether the laptop gets its mail with its PFX.
    pub(super) async fn accepts(&self, scene: &Scene, held: &Held) -> bool {
        let pfx = std::fs::read(held.file("certificate.pfx")).unwrap();
        let identity = reqwest::Identity::from_pkcs12_der(&pfx, &held.password()).unwrap();
        let server = std::fs::read(scene.file("server.pem")).unwrap();
        let server = reqwest::Certificate::from_pem(&server).unwrap();
        let client = reqwest::Client::builder().add_root_certificate(server).identity(identity);
        let client = client.timeout(DEADLINE).build().unwrap();
        let answer = client.get(format!("https://localhost:{}/", self.port)).send().await.unwrap();
        let (status, said) = (answer.status(), answer.text().await.unwrap());
        assert!(status.is_success() || said.contains("The SSL certificate error"), "{status}: {said}");
        assert_eq!(status.is_success(), said.starts_with("mail for"), "{status}: {said}");
        status.is_success()
    }

    /// What the server said.
    pub(super) fn words(&self) -> String {
        self.server.words()
    }
}
