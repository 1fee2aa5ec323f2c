//! Where things are.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

/// How the executable is compiled: `[profile]` of Cargo.toml.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Profile {
    /// To work with.
    Dev,
    /// To install.
    Release,
    /// To measure: as a release, but built sooner.
    Measure,
}

impl Profile {
    /// Its name, for cargo.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Dev => "dev",
            Self::Release => "release",
            Self::Measure => "measure",
        }
    }

    fn folder(self) -> &'static str {
        if self == Self::Dev { "debug" } else { self.name() }
    }
}

/// The checkout and the folder that cargo builds into.
pub(crate) struct Workspace {
    root: PathBuf,
    target: PathBuf,
}

impl Workspace {
    /// The checkout that cargo runs this program for; the target folder as `CARGO_TARGET_DIR` says. Where it was
    /// compiled says less: checkouts that share a target folder share the compiled program.
    pub(crate) fn find() -> Self {
        let own = std::env::var_os("CARGO_MANIFEST_DIR")
            .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")), PathBuf::from);
        let root = own.parent().map_or_else(PathBuf::new, Path::to_path_buf);
        let target = std::env::var_os("CARGO_TARGET_DIR")
            .filter(|dir| !dir.is_empty())
            .map_or_else(|| root.join("target"), |dir| root.join(dir));
        Self { root, target }
    }

    /// A path in the checkout.
    pub(crate) fn path(&self, relative: &str) -> PathBuf {
        self.root.join(relative)
    }

    /// A path in the target folder.
    pub(crate) fn target(&self, relative: &str) -> PathBuf {
        self.target.join(relative)
    }

    /// What the portal serves to browsers beside its pages.
    pub(crate) fn site(&self) -> PathBuf {
        self.target("site")
    }

    /// `cargo`, in the checkout, building into the target folder.
    pub(crate) fn cargo(&self) -> Command {
        self.prepared(Command::new(Self::cargos_program()))
    }

    /// The same, but for everything else first.
    pub(crate) fn patient_cargo(&self) -> Command {
        let mut nice = Command::new("nice");
        nice.args(["-n", "19"]).arg(Self::cargos_program());
        self.prepared(nice)
    }

    fn cargos_program() -> OsString {
        std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into())
    }

    fn prepared(&self, mut cargo: Command) -> Command {
        cargo.current_dir(&self.root).env("CARGO_TARGET_DIR", &self.target);
        // What cargo told this program about itself would make its own children build anew.
        for name in ["CARGO_MANIFEST_DIR", "CARGO_MANIFEST_PATH", "CARGO_PKG_NAME", "CARGO_PKG_VERSION"] {
            cargo.env_remove(name);
        }
        cargo
    }

    /// The executable of a profile's build.
    pub(crate) fn executable(&self, profile: Profile) -> PathBuf {
        self.target(profile.folder()).join("certporter")
    }
}
