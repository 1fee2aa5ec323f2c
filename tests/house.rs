//! The house keeps its shape: who may import whom, who alone may use a library, how long a file may be.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Each room of `src`, and the rooms that it may use. Every room may use `clock` and `random`.
const MAY_USE: &[(&str, &[&str])] = &[
    ("clock", &[]),
    ("random", &[]),
    ("answers", &[]),
    ("config", &[]),
    ("plan", &[]),
    ("pki", &[]),
    ("wire", &[]),
    ("store", &["config"]),
    ("ca", &["pki", "store", "config", "answers"]),
    ("kra", &["pki", "store", "delivery"]),
    ("delivery", &["pki", "wire"]),
    ("mail", &["pki"]),
    ("pipeline", &["mail", "ca", "kra", "delivery", "plan", "pki", "store", "wire", "config"]),
    ("service", &["mail", "pipeline", "plan", "kra", "ca", "delivery", "pki", "store", "wire", "config"]),
    ("web", &["service", "wire", "config", "pki", "pipeline", "ca"]),
    ("connector", &["pipeline", "ca", "kra", "pki", "wire", "delivery"]),
    ("agent", &["wire", "pki", "delivery", "answers"]),
    ("generate", &["store", "plan", "pki"]),
    (
        "cli",
        &[
            "mail",
            "web",
            "connector",
            "agent",
            "service",
            "pipeline",
            "ca",
            "kra",
            "plan",
            "pki",
            "store",
            "wire",
            "config",
            "generate",
            "delivery",
        ],
    ),
];

/// A library, and the room that alone may name it.
const AT_HOME: &[(&str, &str)] = &[
    ("openssl", "pki"),
    ("x509_cert", "pki"),
    ("sqlx", "store"),
    ("argon2", "service"),
    ("getrandom", "random"),
    ("tower_sessions", "web"),
    ("lettre", "mail"),
];

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn rust_files(folder: &Path, found: &mut Vec<PathBuf>) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    for path in entries.map(|entry| entry.unwrap().path()) {
        if path.is_dir() {
            rust_files(&path, found);
        } else if path.extension().is_some_and(|e| e == "rs") {
            found.push(path);
        }
    }
}

/// The files of `src` by room, without their comments.
fn rooms() -> BTreeMap<String, Vec<(String, String)>> {
    let source = root().join("src");
    let mut files = Vec::new();
    rust_files(&source, &mut files);
    let mut rooms: BTreeMap<String, Vec<(String, String)>> = BTreeMap::new();
    for file in files {
        let inside = file.strip_prefix(&source).unwrap().to_string_lossy().replace('\\', "/");
        let room = inside.split(['/', '.']).next().unwrap().to_owned();
        let text = std::fs::read_to_string(&file).unwrap();
        let code: Vec<&str> = text.lines().filter(|line| !line.trim_start().starts_with("//")).collect();
        if room != "lib" {
            rooms.entry(room).or_default().push((inside, code.join("\n")));
        }
    }
    rooms
}

/// The names that follow `prefix` in a text, as far as they are identifiers.
fn names_after<'a>(text: &'a str, prefix: &str) -> Vec<&'a str> {
    text.match_indices(prefix)
        .filter(|(at, _)| !text[..*at].ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == '$'))
        .map(|(at, _)| {
            let rest = &text[at + prefix.len()..];
            &rest[..rest.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(rest.len())]
        })
        .filter(|name| !name.is_empty())
        .collect()
}

#[test]
fn rooms_use_only_the_rooms_below_them() {
    let mut wrong = Vec::new();
    let rooms = rooms();
    let known: Vec<&str> = MAY_USE.iter().map(|(room, _)| *room).collect();
    for (room, files) in &rooms {
        let Some((_, allowed)) = MAY_USE.iter().find(|(name, _)| name == room) else {
            wrong.push(format!("the room {room} is not in this test's list"));
            continue;
        };
        for (file, code) in files {
            for used in names_after(code, "crate::") {
                let free = used == room || used == "clock" || used == "random" || !known.contains(&used);
                if !free && !allowed.contains(&used) {
                    wrong.push(format!("{file} uses {used}, which stands above or beside it"));
                }
            }
        }
    }
    wrong.sort();
    wrong.dedup();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn libraries_stay_in_their_room() {
    let mut wrong = Vec::new();
    for (room, files) in rooms() {
        for (library, home) in AT_HOME {
            if room == *home {
                continue;
            }
            for (file, code) in &files {
                if !names_after(code, &format!("{library}::")).is_empty()
                    || code.contains(&format!("use {library};"))
                {
                    wrong.push(format!("{file} names {library}, whose only room is {home}"));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_backend_knows_nothing_of_pages() {
    for (file, code) in rooms().into_values().flatten() {
        assert!(!code.contains("leptos"), "{file} names leptos");
    }
}

/// The document of the REST API knows a schema by its type's bare name: of two with one name, the last wins.
#[test]
fn schemas_have_names_of_their_own() {
    let mut files = Vec::new();
    for folder in ["src", "model/src"] {
        rust_files(&root().join(folder), &mut files);
    }
    let mut homes: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for file in &files {
        let code = std::fs::read_to_string(file).unwrap();
        for part in code.split("ToSchema)]").skip(1) {
            let declaration = part.lines().find(|line| line.starts_with("pub")).unwrap_or_default();
            let after = ["struct ", "enum "].iter().find_map(|word| declaration.split_once(word));
            let Some((_, after)) = after else { continue };
            let name: String = after.chars().take_while(|c| c.is_alphanumeric()).collect();
            homes.entry(name).or_default().push(file.display().to_string());
        }
    }
    assert!(homes.len() > 50, "only {} schemas were found", homes.len());
    homes.retain(|_, files| files.len() > 1);
    assert!(homes.is_empty(), "one name for several schemas: {homes:#?}");
}

#[test]
fn files_hold_one_thing() {
    let mut files = Vec::new();
    for folder in ["src", "model/src", "app/src", "app/tests", "tests", "xtask/src"] {
        rust_files(&root().join(folder), &mut files);
    }
    let long: Vec<String> = files
        .iter()
        .map(|file| (file, std::fs::read_to_string(file).unwrap().lines().count()))
        .filter(|(_, lines)| *lines > 450)
        .map(|(file, lines)| format!("{} has {lines} lines", file.display()))
        .collect();
    assert!(long.is_empty(), "split what holds two things:\n{}", long.join("\n"));
}

#[test]
fn both_engines_have_the_same_migrations() {
    let names = |engine: &str| {
        let mut names: Vec<String> = std::fs::read_dir(root().join("migrations").join(engine))
            .unwrap()
            .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
            .filter(|name| name.ends_with(".sql"))
            .collect();
        names.sort();
        names
    };
    assert_eq!(names("sqlite"), names("postgres"));
}
