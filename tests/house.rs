//! The rules of the house, kept by walking the tree: who may import whom, what the core never
//! names, how long a file may be.

use std::fs;
use std::path::{Path, PathBuf};

/// Rooms from the top of the house to its foundation; a room imports only rooms after it.
const ROOMS: [&str; 20] = [
    "cli",
    "sweep",
    "report",
    "api",
    "shell",
    "store",
    "replay",
    "trace",
    "sim",
    "import",
    "scenario",
    "csms",
    "charger",
    "vehicle",
    "allocation",
    "ocpp",
    "ids",
    "time",
    "units",
    "few",
];

/// Rooms without I/O, clocks and chance.
const CORE: [&str; 11] = [
    "import",
    "scenario",
    "csms",
    "charger",
    "vehicle",
    "allocation",
    "ocpp",
    "ids",
    "time",
    "units",
    "few",
];

/// What the core never names, and why.
const FORBIDDEN: [(&str, &str); 11] = [
    ("tokio", "the core is sans-IO"),
    ("axum", "the core is sans-IO"),
    ("std::net", "the core opens no socket"),
    ("std::fs", "the core opens no file"),
    ("std::env", "the core depends on its arguments alone"),
    ("Instant::now", "the core reads no clock"),
    ("SystemTime", "the core reads no clock"),
    ("HashMap", "hash order differs between runs"),
    ("HashSet", "hash order differs between runs"),
    ("rand::rng(", "chance comes from named seeded streams"),
    ("println!", "the core prints nothing"),
];

const LONGEST_FILE: usize = 600;

struct Source {
    path: PathBuf,
    room: String,
    text: String,
}

fn sources(folder: &Path) -> Vec<Source> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|ending| ending == "rs") {
                found.push(path);
            }
        }
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    found
        .into_iter()
        .map(|path| {
            let inside = path.strip_prefix(&root).unwrap_or(&path).to_path_buf();
            let first = inside.components().next().unwrap().as_os_str().to_string_lossy();
            let room = first.trim_end_matches(".rs").to_owned();
            Source { text: fs::read_to_string(&path).unwrap(), path: inside, room }
        })
        .collect()
}

fn house() -> Vec<Source> {
    sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"))
}

/// The lines of a file that are code of the program: no comments, nothing from the first
/// `#[cfg(test)]` on that is followed by an inline module.
fn code(source: &Source) -> impl Iterator<Item = (usize, &str)> {
    let is_test = source.path.file_name().is_some_and(|name| name == "tests.rs")
        || source.path.components().any(|part| part.as_os_str() == "tests");
    let end = source.text.find("#[cfg(test)]\nmod tests {").unwrap_or(source.text.len());
    let text = if is_test { "" } else { &source.text[..end] };
    text.lines()
        .enumerate()
        .map(|(number, line)| (number + 1, line))
        .filter(|(_, line)| !line.trim_start().starts_with("//"))
}

#[test]
fn every_room_is_on_the_map() {
    for source in house() {
        let known = ROOMS.contains(&source.room.as_str())
            || ["lib", "main"].contains(&source.room.as_str());
        assert!(known, "{} belongs to no room of the map in tests/house.rs", source.path.display());
    }
}

#[test]
fn a_room_imports_only_rooms_below_it() {
    let mut wrong = Vec::new();
    for source in house() {
        let Some(floor) = ROOMS.iter().position(|room| *room == source.room) else { continue };
        for (number, line) in code(&source) {
            for (above, room) in ROOMS.iter().enumerate().take(floor) {
                if line.contains(&format!("crate::{room}::"))
                    || line.contains(&format!("crate::{room};"))
                {
                    let place = format!("{}:{number}", source.path.display());
                    wrong.push(format!(
                        "{place}: {} imports {room} ({above} < {floor})",
                        source.room
                    ));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "rooms import upwards:\n{}", wrong.join("\n"));
}

#[test]
fn the_core_does_no_io_and_draws_no_chance() {
    let mut wrong = Vec::new();
    for source in house().iter().filter(|source| CORE.contains(&source.room.as_str())) {
        for (number, line) in code(source) {
            for (word, reason) in FORBIDDEN {
                if line.contains(word) {
                    wrong.push(format!("{}:{number}: {word}: {reason}", source.path.display()));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "the core is not pure:\n{}", wrong.join("\n"));
}

#[test]
fn no_file_is_too_long_and_nothing_is_left_undone() {
    let mut wrong = Vec::new();
    let mut all = house();
    all.extend(sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests")));
    for source in &all {
        let lines = source.text.lines().count();
        if lines > LONGEST_FILE {
            wrong.push(format!("{}: {lines} lines", source.path.display()));
        }
        for word in [
            concat!("todo", "!("),
            concat!("unimplemented", "!("),
            concat!("#[", "ignore"),
            concat!("dbg", "!("),
        ] {
            if source.text.contains(word) {
                wrong.push(format!("{}: {word}", source.path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
