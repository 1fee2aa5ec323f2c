//! Shows what an agent holds, by the system's own openssl: each PFX opened, each chain verified.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::command;
use crate::failure::{Failure, Outcome};
use crate::stamp::files;

/// Opens every PFX of an agent and verifies its chain up to the published root.
pub(crate) fn show(agent: &Path, published: &Path) -> Outcome {
    let certificates = agent.join("certificates");
    let mut found: Vec<PathBuf> = files(&certificates)?;
    found.retain(|file| file.file_name().is_some_and(|name| name == "certificate.pfx"));
    if found.is_empty() {
        return Err(Failure::new(format!("the agent holds no PFX in {}", certificates.display())));
    }
    let root = root(published, agent)?;
    for pfx in found {
        let folder = pfx.parent().unwrap_or(&certificates);
        println!("\n{}", pfx.display());
        open(&pfx)?;
        verify(folder, &root)?;
    }
    Ok(())
}

fn openssl(arguments: &[&str]) -> Command {
    let mut openssl = Command::new("openssl");
    openssl.args(arguments);
    openssl
}

/// Shows whose certificate is in a PFX, and that its key belongs to it.
fn open(pfx: &Path) -> Outcome {
    let password = format!("file:{}.password", pfx.display());
    let opened = |what: &[&str]| {
        let mut pkcs12 = openssl(&["pkcs12", "-passin", &password, "-in"]);
        pkcs12.arg(pfx).args(what);
        command::output(&mut pkcs12)
            .ok_or_else(|| Failure::new(format!("openssl pkcs12 can't open {}", pfx.display())))
    };
    println!("  openssl pkcs12: opened");
    let certificate = opened(&["-nokeys", "-clcerts"])?;
    let key = opened(&["-nocerts", "-nodes"])?;
    let public = |text: &str, arguments: &[&str]| filter(&mut openssl(arguments), text);
    let facts = public(&certificate, &["x509", "-noout", "-subject", "-serial", "-enddate"])?;
    for line in facts.lines() {
        println!("  {line}");
    }
    let of_certificate = public(&certificate, &["x509", "-noout", "-pubkey"])?;
    let of_key = public(&key, &["pkey", "-pubout"])?;
    if of_certificate != of_key {
        return Err(Failure::new(format!("{}: the key is not the certificate's", pfx.display())));
    }
    println!("  its key belongs to its certificate");
    Ok(())
}

fn verify(folder: &Path, root: &Path) -> Outcome {
    let mut verify = openssl(&["verify", "-CAfile"]);
    verify.arg(root).arg("-untrusted").arg(folder.join("chain.pem")).arg(folder.join("cert.pem"));
    let said = command::output(&mut verify)
        .ok_or_else(|| Failure::new(format!("the chain in {} does not verify", folder.display())))?;
    println!("  openssl verify: {}", said.rsplit(": ").next().unwrap_or_default());
    Ok(())
}

/// The published root, as PEM beside the agent's files.
fn root(published: &Path, agent: &Path) -> Outcome<PathBuf> {
    let named = |file: &PathBuf| {
        let name = file.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        name.starts_with("root-") && name.ends_with(".crt")
    };
    let source = files(published)?
        .into_iter()
        .find(named)
        .ok_or_else(|| Failure::new(format!("no root certificate in {}", published.display())))?;
    let target = agent.join("root.pem");
    let mut convert = openssl(&["x509", "-inform", "DER", "-in"]);
    convert.arg(&source).arg("-out").arg(&target);
    command::output(&mut convert)
        .map(|_| target)
        .ok_or_else(|| Failure::new(format!("openssl can't read {}", source.display())))
}

/// What a program makes of a text.
fn filter(program: &mut Command, text: &str) -> Outcome<String> {
    use std::io::Write as _;
    use std::process::Stdio;
    let failed = |why: String| Failure::new(format!("openssl: {why}"));
    let mut child = program
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .map_err(|error| failed(error.to_string()))?;
    if let Some(mut input) = child.stdin.take() {
        input.write_all(text.as_bytes()).map_err(|error| failed(error.to_string()))?;
    }
    let output = child.wait_with_output().map_err(|error| failed(error.to_string()))?;
    if !output.status.success() {
        return Err(failed(output.status.to_string()));
    }
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}
