//! A real mail server for one test.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use serde_json::Value;

/// The server; it ends with the test.
pub(crate) struct MailServer {
    child: Child,
    pub(crate) port: u16,
    file: PathBuf,
    how: How,
    folder: tempfile::TempDir,
}

/// How it is set up.
#[derive(Clone, Default)]
pub(crate) struct How {
    pub(crate) security: &'static str,
    pub(crate) password: &'static str,
}

/// A letter as it arrived.
pub(crate) struct Arrived {
    pub(crate) to: String,
    pub(crate) tls: bool,
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Drop for MailServer {
    fn drop(&mut self) {
        self.end();
    }
}

fn python() -> PathBuf {
    let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/tools/python/bin/python");
    if own.exists() {
        return own;
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut folders = std::env::split_paths(&path);
    let found = folders.find(|folder| folder.join("aiosmtpd").is_file());
    found.map_or_else(
        || panic!("aiosmtpd is missing: `cargo xtask test` installs it"),
        |folder| folder.join("python"),
    )
}

impl MailServer {
    pub(crate) fn start() -> Self {
        Self::with(How { security: "none", password: "" })
    }

    pub(crate) fn with(how: How) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("arrived");
        std::fs::write(&file, "").unwrap();
        if how.security != "none" {
            make_certificate(folder.path());
        }
        let (child, port) = run(&how, 0, &file, folder.path());
        Self { child, port, file, how, folder }
    }

    /// It goes away.
    pub(crate) fn end(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// It is back, where it was.
    pub(crate) fn again(&mut self) {
        let (child, port) = run(&self.how, self.port, &self.file, self.folder.path());
        assert_eq!(port, self.port);
        self.child = child;
    }

    /// The certificate that its own comes from.
    pub(crate) fn ca(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("certificate.pem")).unwrap()
    }

    /// What has arrived, the first letter first.
    pub(crate) fn arrived(&self) -> Vec<Arrived> {
        let text = std::fs::read_to_string(&self.file).unwrap();
        let each = text.lines().map(|line| {
            let letter: Value = serde_json::from_str(line).unwrap();
            let text = letter["text"].as_str().unwrap().replace("\r\n", "\n");
            let (head, body) = text.split_once("\n\n").unwrap();
            let to = letter["to"].as_array().unwrap();
            assert_eq!(to.len(), 1, "one letter goes to one address");
            Arrived {
                to: to[0].as_str().unwrap().to_owned(),
                tls: letter["tls"].as_bool().unwrap(),
                head: head.to_owned(),
                body: decoded(head, body),
            }
        });
        each.collect()
    }
}

/// A body as people read it: quoted-printable (RFC 2045, section 6.7) or base64 undone.
fn decoded(head: &str, body: &str) -> String {
    let head = head.to_ascii_lowercase();
    if head.contains("content-transfer-encoding: base64") {
        use base64::Engine as _;
        let plain: String = body.split_whitespace().collect();
        let octets = base64::engine::general_purpose::STANDARD.decode(plain).unwrap();
        return String::from_utf8(octets).unwrap().replace("\r\n", "\n");
    }
    if !head.contains("content-transfer-encoding: quoted-printable") {
        return body.to_owned();
    }
    let body = body.replace("=\n", "");
    let mut octets = Vec::new();
    let mut rest = body.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        if first == b'=' {
            octets.push(u8::from_str_radix(std::str::from_utf8(&after[..2]).unwrap(), 16).unwrap());
            rest = &after[2..];
        } else {
            octets.push(first);
            rest = after;
        }
    }
    String::from_utf8(octets).unwrap()
}

fn run(how: &How, port: u16, file: &Path, folder: &Path) -> (Child, u16) {
    let pem = folder.join("both.pem");
    let certificate = if how.security == "none" { String::new() } else { pem.display().to_string() };
    let mut child = Command::new(python())
        .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/notices/server.py"))
        .arg(file)
        .arg(port.to_string())
        .args([how.security, &certificate, how.password])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let port = line.trim().parse().unwrap_or_else(|_| panic!("the mail server did not start: {line:?}"));
    (child, port)
}

/// A certificate for 127.0.0.1 that is its own CA.
fn make_certificate(folder: &Path) {
    let made = Command::new("openssl")
        .args([
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:P-256",
            "-nodes",
            "-days",
            "2",
        ])
        .args(["-subj", "/CN=mail.example.org", "-addext", "subjectAltName=IP:127.0.0.1"])
        .args(["-keyout", "key.pem", "-out", "certificate.pem"])
        .current_dir(folder)
        .stderr(Stdio::null())
        .status()
        .unwrap();
    assert!(made.success());
    let read = |name: &str| std::fs::read_to_string(folder.join(name)).unwrap();
    std::fs::write(folder.join("both.pem"), format!("{}{}", read("key.pem"), read("certificate.pem")))
        .unwrap();
}
