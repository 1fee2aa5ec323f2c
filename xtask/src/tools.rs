//! Programs that certporter's build and tests need and don't bring along: what is missing, why it is needed, how
//! it gets here, and what to do where it can't.

use std::process::Command;

use crate::command;
use crate::failure::{Failure, Outcome};
use crate::progress::Step;

/// A program or file of the operating system.
pub(crate) struct Tool {
    /// Any of these being there is enough: a program's name, or an absolute path. `*` stands for one folder.
    present: &'static [&'static str],
    /// Debian's and Ubuntu's packages that bring it.
    packages: &'static [&'static str],
    why: &'static str,
}

/// What every build needs.
pub(crate) const BUILD: &[Tool] = &[
    Tool { present: &["cc"], packages: &["build-essential"], why: "a C compiler, for OpenSSL and SQLite" },
    Tool { present: &["perl"], packages: &["perl"], why: "OpenSSL's build is configured by it" },
    Tool { present: &["make"], packages: &["make"], why: "OpenSSL's build runs by it" },
    Tool { present: &["pkg-config"], packages: &["pkg-config"], why: "finding system libraries" },
    Tool {
        present: &["node"],
        packages: &["nodejs"],
        why: "the stylesheet and wasm-opt, at build time only",
    },
    Tool { present: &["npm"], packages: &["npm"], why: "fetches the stylesheet's compiler and wasm-opt" },
    Tool { present: &["openssl"], packages: &["openssl"], why: "opens what the demo and the tests make" },
];

/// Debian's Rust that carries the standard library's source, where rustup can't bring the WASM target.
pub(crate) const WASM: &[Tool] = &[Tool {
    present: &["/usr/lib/rustlib/src/rust/library/std"],
    packages: &["rustc-web", "rust-web-src"],
    why: "compiling the browser's part: rustup could not bring the target wasm32-unknown-unknown",
}];

/// A linker for WASM, where rustup's toolchain has none.
pub(crate) const WASM_LINKER: &[Tool] =
    &[Tool { present: &["wasm-ld"], packages: &["lld"], why: "linking the browser's part" }];

/// What the tests need beside.
pub(crate) const TEST: &[Tool] = &[
    Tool {
        present: &["/usr/lib/postgresql/*/bin/initdb"],
        packages: &["postgresql"],
        why: "the tests of the store run on PostgreSQL too",
    },
    Tool { present: &["sqlite3"], packages: &["sqlite3"], why: "some tests change a database by hand" },
    Tool { present: &["chromium"], packages: &["chromium"], why: "the browser's tests" },
    Tool { present: &["certutil"], packages: &["libnss3-tools"], why: "NSS reads what certporter issues" },
    Tool { present: &["certtool"], packages: &["gnutls-bin"], why: "GnuTLS reads what certporter issues" },
    Tool {
        present: &["keytool"],
        packages: &["default-jre-headless"],
        why: "Java reads what certporter issues",
    },
    Tool {
        present: &["hostapd", "/usr/sbin/hostapd"],
        packages: &["hostapd"],
        why: "a Wi-Fi network's RADIUS server takes what certporter issues, and refuses what it revokes",
    },
    Tool { present: &["eapol_test"], packages: &["eapoltest"], why: "a Wi-Fi client, for the RADIUS server" },
    Tool {
        present: &["/usr/lib/*/girepository-1.0/NM-1.0.typelib"],
        packages: &["gir1.2-nm-1.0"],
        why: "NetworkManager's library, without its daemon, reads the settings that the portal offers",
    },
    Tool {
        present: &["/usr/lib/python3/dist-packages/gi/__init__.py"],
        packages: &["python3-gi"],
        why: "the way to that library",
    },
    Tool {
        present: &["nginx", "/usr/sbin/nginx"],
        packages: &["nginx"],
        why: "a web server takes client certificates, and refuses what certporter revokes",
    },
    Tool {
        present: &["openvpn", "/usr/sbin/openvpn"],
        packages: &["openvpn"],
        why: "a VPN takes client certificates, and refuses what certporter revokes",
    },
    Tool {
        present: &["/usr/lib/*/faketime/libfaketime.so.1"],
        packages: &["faketime"],
        why: "some tests move a portal's clock: blocks that outlast their time, renewals",
    },
    Tool {
        present: &["/usr/lib/python3*/venv/__init__.py"],
        packages: &["python3", "python3-venv"],
        why: "pkilint and Python's cryptography read what certporter issues",
    },
    Tool {
        present: &["/usr/lib/python3*/ensurepip/__init__.py"],
        packages: &["python3-venv"],
        why: "pkilint and Python's cryptography read what certporter issues",
    },
];

/// Installs what is missing.
///
/// # Errors
/// When something is missing and can't be installed here: the text says exactly what to install.
pub(crate) fn need(tools: &[Tool]) -> Outcome {
    let missing: Vec<&Tool> = tools.iter().filter(|tool| !tool.is_there()).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let mut packages: Vec<&str> = missing.iter().flat_map(|tool| tool.packages).copied().collect();
    packages.sort_unstable();
    packages.dedup();
    for tool in &missing {
        eprintln!("  {} is missing: {}", tool.packages.join(" and "), tool.why);
    }
    let by_hand = |why: &str| {
        Failure::new(format!(
            "{why}. Install by hand, then run this again:\n  sudo apt-get install {}",
            packages.join(" ")
        ))
    };
    if !command::exists("apt-get") {
        return Err(by_hand("this system has no apt-get (the packages' names are Debian's)"));
    }
    let apt =
        privileged_apt_get().ok_or_else(|| by_hand("installing needs root, and sudo asks for a password"))?;
    let step = Step::begin(format!("installing {}", packages.join(", ")));
    // An old list of packages names files that are gone: renew it, and go on if only that fails.
    if let Err(failure) = command::run(&step, apt().arg("update")) {
        step.say(&failure.to_string());
    }
    command::run(&step, apt().args(["install", "-y", "--no-install-recommends"]).args(&packages))
        .map_err(|failure| by_hand(&failure.to_string()))?;
    step.done("installed");
    match tools.iter().find(|tool| !tool.is_there()) {
        Some(tool) => {
            Err(by_hand(&format!("{} is installed but still not to be found", tool.packages.join(" "))))
        }
        None => Ok(()),
    }
}

impl Tool {
    fn is_there(&self) -> bool {
        self.present.iter().any(|wanted| match wanted.strip_prefix('/') {
            Some(path) => matches_on_disk(std::path::Path::new("/"), path),
            None => command::exists(wanted),
        })
    }
}

/// Whether a path exists whose folders may hold one `*` each.
fn matches_on_disk(base: &std::path::Path, rest: &str) -> bool {
    let (head, tail) = rest.split_once('/').map_or((rest, None), |(head, tail)| (head, Some(tail)));
    let deeper = |dir: &std::path::Path| tail.is_none_or(|tail| matches_on_disk(dir, tail));
    match head.split_once('*') {
        None => base.join(head).exists() && deeper(&base.join(head)),
        Some((prefix, suffix)) => std::fs::read_dir(base).into_iter().flatten().flatten().any(|entry| {
            let name = entry.file_name();
            let name = name.to_string_lossy();
            name.starts_with(prefix) && name.ends_with(suffix) && deeper(&entry.path())
        }),
    }
}

/// A way to run apt-get as root without asking anybody.
fn privileged_apt_get() -> Option<fn() -> Command> {
    fn prepared(mut command: Command) -> Command {
        command.env("DEBIAN_FRONTEND", "noninteractive");
        command
    }
    if command::output(Command::new("id").arg("-u")).as_deref() == Some("0") {
        return Some(|| prepared(Command::new("apt-get")));
    }
    command::output(Command::new("sudo").args(["-n", "true"]))?;
    Some(|| {
        let mut sudo = prepared(Command::new("sudo"));
        sudo.args(["-n", "DEBIAN_FRONTEND=noninteractive", "apt-get"]);
        sudo
    })
}
