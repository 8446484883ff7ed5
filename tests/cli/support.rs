//! A folder of its own for every test, and the program in it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{self, Stdio};
use std::time::Duration;

use assert_cmd::Command;
use tempfile::TempDir;

/// The program under test.
pub(crate) const PROGRAM: &str = env!("CARGO_BIN_EXE_ampacity");

/// Two chargers, two hours, some cars, one assertion that holds.
pub(crate) const TINY: &str = r#"name = "Tiny"
start = "2026-05-04T08:00:00[Europe/Amsterdam]"
duration = "2h"
seed = 3

[site]
max_power_kw = 20
reserve_kw = 2

[[chargers]]
count = 2
model = "ac22"

[[vehicles]]
model = "sedan_3p11"

[[arrivals]]
kind = "poisson"
per_hour = 3
stay = "1h"
energy_kwh = 8

[[assert]]
metric = "over_limit_s"
max = 0
"#;

/// An empty folder with the tiny scenario in it.
pub(crate) struct Place {
    folder: TempDir,
}

/// How a command ended and what it printed.
pub(crate) struct Done {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Place {
    pub(crate) fn new() -> Place {
        let place = Place { folder: tempfile::tempdir().expect("a folder") };
        place.write("tiny.toml", TINY);
        place
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, bytes: impl AsRef<[u8]>) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        fs::write(path, bytes).expect("a file");
    }

    pub(crate) fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    /// The tiny scenario with a part of its text replaced.
    pub(crate) fn tiny_with(&self, name: &str, old: &str, new: &str) {
        assert!(TINY.contains(old), "{old}");
        self.write(name, TINY.replace(old, new));
    }

    /// Runs the program here and waits for its end.
    pub(crate) fn ampacity(&self, args: &[&str]) -> Done {
        self.ampacity_with(&[], args)
    }

    /// The same with variables of the environment.
    pub(crate) fn ampacity_with(&self, variables: &[(&str, &str)], args: &[&str]) -> Done {
        let mut command = Command::new(PROGRAM);
        command.current_dir(&self.folder).args(args).timeout(Duration::from_secs(120));
        for name in ["NO_COLOR", "COLUMNS", "GITHUB_ACTIONS", "GITHUB_STEP_SUMMARY"] {
            command.env_remove(name);
        }
        command.envs(variables.iter().copied());
        let output = command.output().expect("the program runs");
        Done {
            code: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8(output.stdout).expect("UTF-8"),
            stderr: String::from_utf8(output.stderr).expect("UTF-8"),
        }
    }

    /// The program with its standard streams in the test's hand.
    pub(crate) fn spawn(&self, args: &[&str]) -> process::Command {
        let mut command = process::Command::new(PROGRAM);
        command.current_dir(&self.folder).args(args).env_remove("NO_COLOR");
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// Interrupts a command as Ctrl-C does, once it has come so far; its code and what it printed.
    #[cfg(unix)]
    pub(crate) fn interrupted(mut command: process::Command, so_far: impl Fn() -> bool) -> Done {
        let mut child = command.spawn().expect("the program");
        while !so_far() {
            assert_eq!(child.try_wait().expect("its state"), None, "it has not ended yet");
            std::thread::sleep(Duration::from_millis(5));
        }
        let kill = process::Command::new("kill").args(["-INT", &child.id().to_string()]).status();
        assert!(kill.expect("kill").success());
        let output = child.wait_with_output().expect("its end");
        Done {
            code: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8(output.stdout).expect("UTF-8"),
            stderr: String::from_utf8(output.stderr).expect("UTF-8"),
        }
    }

    /// Every file below a folder, as sorted paths relative to it.
    pub(crate) fn files(&self, folder: &str) -> Vec<String> {
        let root = self.path(folder);
        let mut found = Vec::new();
        let mut folders = vec![root.clone()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(&folder).expect("a folder") {
                let path = entry.expect("an entry").path();
                if path.is_dir() {
                    folders.push(path);
                } else {
                    let inside = path.strip_prefix(&root).expect("below the folder");
                    found.push(inside.to_string_lossy().replace('\\', "/"));
                }
            }
        }
        found.sort();
        found
    }
}

impl Done {
    /// A command that succeeds has nothing to say on standard error.
    #[track_caller]
    pub(crate) fn succeeded(&self) -> &Done {
        assert_eq!((self.code, self.stderr.as_str()), (0, ""), "{}", self.stdout);
        self
    }

    /// A command that fails has no data, and says on standard error each of `words`.
    #[track_caller]
    pub(crate) fn failed(&self, code: i32, words: &[&str]) -> &Done {
        assert_eq!(self.code, code, "{}", self.stderr);
        assert_eq!(self.stdout, "", "no data on failure");
        for word in words {
            assert!(self.stderr.contains(word), "{word:?} is missing in:\n{}", self.stderr);
        }
        assert!(!self.stderr.contains("panicked"), "{}", self.stderr);
        self
    }
}

/// The scenarios that come with the program.
pub(crate) fn shipped() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios");
    let mut paths: Vec<PathBuf> = fs::read_dir(folder)
        .expect("the folder of scenarios")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|ending| ending == "toml"))
        .collect();
    paths.sort();
    assert!(!paths.is_empty());
    paths
}
