//! Databases for tests: each its own, gone when the test ends, however it ends.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use certporter::store::{Db, Location};
use tempfile::TempDir;

/// A database with the schema of today. Dereferences to [`Db`].
pub(crate) struct TestDatabase {
    /// The database.
    pub(crate) db: Db,
    /// Where it is, for opening it again.
    pub(crate) location: Location,
    // Dropped in this order: the server before its folder.
    _server: Option<Server>,
    folder: TempDir,
}

impl std::ops::Deref for TestDatabase {
    type Target = Db;
    fn deref(&self) -> &Db {
        &self.db
    }
}

impl TestDatabase {
    /// A new SQLite file.
    pub(crate) async fn sqlite() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let location = Location::Sqlite(folder.path().join("certporter.db"));
        Self::open(location, None, folder).await
    }

    /// A PostgreSQL server of its own, on a socket in a temporary folder.
    pub(crate) async fn postgres() -> Self {
        let folder = tempfile::Builder::new().prefix("cp-pg-").tempdir().unwrap();
        let server = Server::start(folder.path());
        // The socket's folder is given as a percent-encoded host.
        let host = folder.path().to_str().unwrap().replace('/', "%2F");
        let location = Location::Postgres(format!("postgres://postgres@{host}/postgres"));
        Self::open(location, Some(server), folder).await
    }

    async fn open(location: Location, server: Option<Server>, folder: TempDir) -> Self {
        let db = Db::connect(&location).await.unwrap();
        db.migrate().await.unwrap();
        Self { db, location, _server: server, folder }
    }

    /// A folder that is gone with the database.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }
}

/// A running PostgreSQL server.
struct Server(Child);

impl Server {
    fn start(folder: &Path) -> Self {
        let bin = binaries();
        let data = folder.join("data");
        run(Command::new("cp").arg("-a").arg(template(&bin)).arg(&data));
        let root = is_root();
        if root {
            // The server refuses to run as root; its own user must reach the folder.
            run(Command::new("chown").arg("postgres:").arg(folder));
        }
        let mut command = if root {
            let mut command = Command::new("setpriv");
            command.args([
                "--reuid=postgres",
                "--regid=postgres",
                "--clear-groups",
                "--pdeathsig",
                "QUIT",
                "--",
            ]);
            command.arg(bin.join("postgres"));
            command
        } else {
            Command::new(bin.join("postgres"))
        };
        let settings = [
            "listen_addresses=",
            "fsync=off",
            "full_page_writes=off",
            "synchronous_commit=off",
            "shared_buffers=32MB",
            "max_connections=40",
            "autovacuum=off",
            "log_min_messages=log",
            "lc_messages=C",
        ];
        command.arg("-D").arg(&data).arg("-k").arg(folder);
        for setting in settings {
            command.arg("-c").arg(setting);
        }
        let mut child =
            command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        wait_until_ready(&mut child);
        Self(child)
    }
}

/// Reads what the server says until it says that it is ready.
fn wait_until_ready(child: &mut Child) {
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
    let mut said = String::new();
    for line in lines.by_ref() {
        let line = line.unwrap();
        if line.contains("ready to accept connections") {
            // Its log must have a reader, or it stands still once the pipe is full.
            std::thread::spawn(move || lines.for_each(drop));
            return;
        }
        said.push_str(&line);
        said.push('\n');
    }
    panic!("PostgreSQL did not start:\n{said}");
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = Command::new("kill").arg("-QUIT").arg(self.0.id().to_string()).status();
        let _ = self.0.wait();
    }
}

/// The newest server among Debian's folders, or the one on the path.
fn binaries() -> PathBuf {
    let mut versions: Vec<(u32, PathBuf)> = std::fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .filter_map(|entry| {
            let entry = entry.ok()?;
            Some((entry.file_name().to_str()?.parse().ok()?, entry.path().join("bin")))
        })
        .filter(|(_, bin)| bin.join("initdb").exists())
        .collect();
    versions.sort();
    versions.pop().map_or_else(
        || panic!("these tests need PostgreSQL's server: install the package postgresql"),
        |(_, bin)| bin,
    )
}

/// A data folder that was initialised once and is copied for each test.
fn template(bin: &Path) -> PathBuf {
    let version = bin.parent().and_then(Path::file_name).unwrap().to_str().unwrap().to_owned();
    let tmp = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let template = tmp.join(format!("postgresql-{version}"));
    let lock = std::fs::File::create(tmp.join("postgresql.lock")).unwrap();
    lock.lock().unwrap();
    if template.join("certporter-ready").exists() {
        return template;
    }
    let _ = std::fs::remove_dir_all(&template);
    // A user who may not enter the target folder can still enter this one.
    let folder = tempfile::Builder::new().prefix("cp-initdb-").tempdir().unwrap();
    let data = folder.path().join("data");
    let mut command = Command::new("setpriv");
    if is_root() {
        run(Command::new("chown").arg("postgres:").arg(folder.path()));
        command.args(["--reuid=postgres", "--regid=postgres", "--clear-groups", "--"]);
    } else {
        command.arg("--");
    }
    command.arg(bin.join("initdb")).args([
        "-U",
        "postgres",
        "-A",
        "trust",
        "-E",
        "UTF8",
        "--no-locale",
        "-N",
        "-D",
    ]);
    run(command.arg(&data));
    run(Command::new("cp").arg("-a").arg(&data).arg(&template));
    std::fs::write(template.join("certporter-ready"), "").unwrap();
    template
}

fn is_root() -> bool {
    std::fs::metadata("/proc/self").is_ok_and(|of| std::os::unix::fs::MetadataExt::uid(&of) == 0)
}

fn run(command: &mut Command) {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
}

impl TestDatabase {
    /// Runs SQL as somebody would who changes the database by hand.
    pub(crate) async fn by_hand(&self, sql: &str) {
        match &self.location {
            Location::Sqlite(_) => run(self.shell().arg("PRAGMA busy_timeout=5000").arg(sql)),
            Location::Postgres(_) => run(self.shell().args(["-c", sql])),
        }
    }

    /// What a query of one value answers to somebody who looks at the database by hand.
    pub(crate) fn asked_by_hand(&self, sql: &str) -> String {
        let mut shell = self.shell();
        if matches!(self.location, Location::Postgres(_)) {
            shell.args(["-t", "-A", "-c"]);
        }
        let output = shell.arg(sql).output().unwrap();
        assert!(output.status.success(), "{sql}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    /// Another process that speaks SQL to it: the engine's own shell.
    pub(crate) fn shell(&self) -> Command {
        match &self.location {
            Location::Sqlite(path) => {
                let mut command = Command::new("sqlite3");
                command.arg(path);
                command
            }
            Location::Postgres(_) => {
                let mut command = Command::new(binaries().join("psql"));
                command.args(["-U", "postgres", "-v", "ON_ERROR_STOP=1", "-h"]).arg(self.folder());
                command
            }
        }
    }
}

impl TestDatabase {
    /// Lets the file grow by so many pages at most: a small disk.
    pub(crate) async fn limit_pages(&self, more: i64) {
        let writer = self.db.sqlite_writer().expect("only SQLite has pages to limit");
        certporter::store::limit_pages(writer, more).await.unwrap();
    }
}
