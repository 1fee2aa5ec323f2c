//! How the tools are run.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// What a tool said and whether it was content.
pub(crate) struct Said {
    pub(crate) well: bool,
    pub(crate) text: String,
    pub(crate) octets: Vec<u8>,
    what: String,
}

impl Said {
    /// It was content; what it said.
    #[track_caller]
    pub(crate) fn well(self) -> String {
        assert!(self.well, "{} failed:\n{}", self.what, self.text);
        self.text
    }

    /// It was not content, and said so in these words.
    #[track_caller]
    pub(crate) fn refused(self, word: &str) {
        assert!(!self.well, "{} should have failed:\n{}", self.what, self.text);
        self.says(word);
    }

    /// It says this, in whatever case.
    #[track_caller]
    pub(crate) fn says(self, word: &str) -> Self {
        let found = self.text.to_lowercase().contains(&word.to_lowercase());
        assert!(found, "{} does not say {word:?}:\n{}", self.what, self.text);
        self
    }
}

/// Where a tool is: among those that `cargo xtask test` installs for Python, or on the path.
fn find(name: &str) -> PathBuf {
    let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/tools/python/bin").join(name);
    if own.exists() {
        return own;
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&path).map(|folder| folder.join(name)).find(|file| file.is_file());
    found.unwrap_or_else(|| panic!("{name} is missing: `cargo xtask test` installs it"))
}

/// Runs a tool. Its words are not to depend on the language of the machine.
pub(crate) fn run(name: &str, arguments: &[&str]) -> Said {
    let what = format!("{name} {}", arguments.join(" "));
    let output =
        Command::new(find(name)).args(arguments).env("LC_ALL", "C.UTF-8").stdin(Stdio::null()).output();
    let Output { status, stdout, stderr } = output.unwrap_or_else(|why| panic!("{what}: {why}"));
    let text = format!("{}{}", String::from_utf8_lossy(&stdout), String::from_utf8_lossy(&stderr));
    Said { well: status.success(), text, octets: stdout, what }
}

/// An empty NSS database in a new folder; its name as NSS wants it.
pub(crate) fn nss_database(folder: &Path, name: &str) -> String {
    let folder = folder.join(name);
    std::fs::create_dir(&folder).unwrap();
    let database = format!("sql:{}", folder.display());
    run("certutil", &["-N", "-d", &database, "--empty-password"]).well();
    database
}
