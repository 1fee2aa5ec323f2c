//! What a portal publishes, as relying parties fetch it.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::installation::{DEADLINE, Installation, run};

impl Installation {
    /// The root's certificate as relying parties fetch it, in a PEM file.
    pub(super) async fn root_certificate(&self) -> PathBuf {
        let der = self.data().with_file_name("root.der");
        let pem = self.data().with_file_name("root.pem");
        self.fetch("root-1.crt", &der).await;
        run(
            "openssl",
            &["x509", "-inform", "DER", "-in", der.to_str().unwrap(), "-out", pem.to_str().unwrap()],
        );
        pem
    }

    /// The CRL in words, as soon as it has a serial number.
    pub(super) async fn crl_with(&self, serial: &str) -> String {
        let file = self.data().with_file_name("crl.der");
        let fetch = async {
            loop {
                let text = self.crl_in(&file).await;
                if text.contains(serial) {
                    return text;
                }
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        };
        tokio::time::timeout(DEADLINE, fetch).await.unwrap_or_else(|_| panic!("no CRL has {serial}"))
    }

    /// Waits until the CRL does not have a serial number any more.
    pub(super) async fn crl_without(&self, serial: &str) {
        let file = self.data().with_file_name("crl.der");
        let fetch = async {
            while self.crl_in(&file).await.contains(serial) {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        };
        tokio::time::timeout(DEADLINE, fetch).await.unwrap_or_else(|_| panic!("the CRL keeps {serial}"));
    }

    /// Since when the CRL that is out holds, as it says itself; such times compare as texts.
    pub(super) async fn crl_since(&self) -> String {
        let file = self.data().with_file_name("crl.der");
        self.fetch("issuing-1.crl", &file).await;
        let file = file.to_str().unwrap();
        let since = ["crl", "-inform", "DER", "-in", file, "-noout", "-lastupdate", "-dateopt", "iso_8601"];
        run("openssl", &since).trim().trim_start_matches("lastUpdate=").to_owned()
    }

    async fn crl_in(&self, file: &Path) -> String {
        self.fetch("issuing-1.crl", file).await;
        run("openssl", &["crl", "-inform", "DER", "-in", file.to_str().unwrap(), "-noout", "-text"])
    }
}
