//! Same scenario, same seed: the same run, whatever surrounds the process; and what a seed, a
//! strategy and a trace change.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;
use tempfile::TempDir;

/// Everything a run writes that must be the same bytes. The page names its pace and command line.
const EXACT: [&str; 11] = [
    "history.csv",
    "chargers.csv",
    "sessions.csv",
    "commands.csv",
    "junit.xml",
    "charts/site_power.svg",
    "charts/headroom.svg",
    "charts/chargers.svg",
    "charts/sessions.svg",
    "charts/setpoints.svg",
    "charts/energy.svg",
];

fn shipped() -> Vec<PathBuf> {
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

/// A finished run in a folder of its own.
struct Run {
    folder: TempDir,
}

impl Run {
    fn of(scenario: &Path, args: &[&str]) -> Run {
        Run::within(scenario, args, &[], Path::new("."))
    }

    fn within(scenario: &Path, args: &[&str], variables: &[(&str, &str)], at: &Path) -> Run {
        let folder = tempfile::tempdir().expect("a folder");
        let status = Command::new(env!("CARGO_BIN_EXE_ampacity"))
            .args(["run", "--quiet", "--out"])
            .args([folder.path(), scenario])
            .args(args)
            .envs(variables.iter().copied())
            .current_dir(at)
            .status()
            .expect("the program runs");
        assert!(matches!(status.code(), Some(0 | 1)), "{scenario:?} {args:?}: {status}");
        Run { folder }
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.folder.path().join(name)).expect(name)
    }

    fn summary(&self) -> Value {
        serde_json::from_str(&self.read("summary.json")).expect("JSON")
    }

    fn digest(&self) -> String {
        self.summary()["digest"].as_str().expect("a digest").to_owned()
    }

    /// The columns of sessions.csv that are settled before a run begins.
    fn arrivals(&self) -> Vec<Vec<String>> {
        let text = self.read("sessions.csv");
        let mut table = csv::Reader::from_reader(text.as_bytes());
        let headers = table.headers().expect("a header").clone();
        let columns: Vec<usize> =
            ["charge_point_id", "connector_id", "vehicle", "arrival", "wish_kwh", "feasible_kwh"]
                .iter()
                .map(|name| headers.iter().position(|it| it == *name).expect("a column"))
                .collect();
        table
            .records()
            .map(|row| row.expect("a row"))
            .map(|row| columns.iter().map(|column| row[*column].to_owned()).collect())
            .collect()
    }
}

#[test]
fn the_surroundings_of_the_process_change_no_byte() {
    let elsewhere = tempfile::tempdir().expect("a folder");
    for scenario in shipped() {
        let here = [("TZ", "UTC"), ("LANG", "C"), ("RAYON_NUM_THREADS", "1")];
        let there = [
            ("TZ", "Pacific/Kiritimati"),
            ("LANG", "tr_TR.UTF-8"),
            ("LC_ALL", "tr_TR.UTF-8"),
            ("RAYON_NUM_THREADS", "7"),
        ];
        let one = Run::within(&scenario, &[], &here, Path::new("."));
        let other = Run::within(&scenario, &["--trace"], &there, elsewhere.path());
        for name in EXACT {
            assert!(one.read(name) == other.read(name), "{scenario:?}: {name} differs");
        }
        let (mut one, mut other) = (one.summary(), other.summary());
        for summary in [&mut one, &mut other] {
            let pace = summary.as_object_mut().expect("an object").remove("performance");
            assert!(pace.is_some_and(|it| it["events"].as_u64() > Some(0)));
        }
        assert_eq!(one, other, "{scenario:?}: digest and figures, with a trace and without");
    }
}

#[test]
fn another_seed_is_another_day() {
    for scenario in shipped() {
        let (one, other) = (Run::of(&scenario, &[]), Run::of(&scenario, &["--seed", "4711"]));
        assert_ne!(one.digest(), other.digest(), "{scenario:?}");
        assert_ne!(one.arrivals(), other.arrivals(), "{scenario:?}");
    }
}

#[test]
fn every_strategy_meets_the_same_cars() {
    for scenario in shipped() {
        let strategies = ["equal", "first_come_first_served", "priority", "max_throughput"];
        let runs = strategies.map(|strategy| Run::of(&scenario, &["--strategy", strategy]));
        let arrivals = runs[0].arrivals();
        assert!(arrivals.len() > 10, "{scenario:?}: {} sessions", arrivals.len());
        for (run, strategy) in runs.iter().zip(strategies).skip(1) {
            assert_eq!(run.arrivals(), arrivals, "{scenario:?}: {strategy}");
        }
        assert_ne!(
            runs[0].digest(),
            runs[1].digest(),
            "{scenario:?}: they are different strategies"
        );
    }
}
