//! A sweep in parts: on several machines, put together, and the files of `docs/cluster` that do so.

use std::fs;
use std::path::Path;

use rusqlite::Connection;
use serde_json::Value;

use crate::support::{Done, PROGRAM, Place};

const SWEEP: [&str; 9] = [
    "sweep",
    "tiny.toml",
    "--grid",
    "site.max_power_kw=8..12:2",
    "--strategies",
    "equal,priority",
    "--seeds",
    "3",
    "-q",
];

fn sweep(place: &Place, more: &[&str]) -> Done {
    place.ampacity(&[&SWEEP[..], more].concat())
}

/// Makes all parts in the folder.
fn in_parts(place: &Place, of: usize, out: &str) {
    for number in (1..=of).rev() {
        sweep(place, &["--shard", &format!("{number}/{of}"), "--out", out]).succeeded();
    }
}

fn store(place: &Place, name: &str) -> Connection {
    Connection::open(place.path(name)).expect("a store")
}

/// Everything in a store: its plan and its rows.
fn content(place: &Place, name: &str) -> Vec<Vec<rusqlite::types::Value>> {
    let store = store(place, name);
    let mut all = Vec::new();
    for asked in
        ["SELECT * FROM sweep", "SELECT * FROM runs ORDER BY row", "SELECT sql FROM sqlite_schema"]
    {
        let mut statement = store.prepare(asked).expect("a question");
        let columns = statement.column_count();
        let rows = statement.query_map([], |row| (0..columns).map(|at| row.get(at)).collect());
        all.extend(rows.expect("rows").map(|row| row.expect("a row")));
    }
    all
}

#[test]
fn parts_put_together_are_what_a_single_machine_makes() {
    let place = Place::new();
    sweep(&place, &["--out", "single"]).succeeded();
    in_parts(&place, 4, "parts");
    assert!(place.files("parts").iter().all(|name| name.starts_with("shard-")));
    place.ampacity(&["sweep", "merge", "parts", "-q"]).succeeded();
    assert_eq!(place.read("parts/sweep.csv"), place.read("single/sweep.csv"));
    assert_eq!(content(&place, "parts/sweep.sqlite"), content(&place, "single/sweep.sqlite"));
    // Again, and from folders by name in any order.
    place.ampacity(&["sweep", "merge", "parts", "-q"]).succeeded();
    let parts = [3, 1, 4, 2].map(|number| format!("parts/shard-{number}-of-4"));
    let named: Vec<&str> = parts.iter().map(String::as_str).collect();
    let done = place.ampacity(&[&["sweep", "merge", "--out", "named"], &named[..]].concat());
    done.succeeded();
    assert!(done.stdout.contains("demand_met_pct") && done.stdout.ends_with("results: named\n"));
    assert_eq!(place.read("named/sweep.csv"), place.read("single/sweep.csv"));
}

#[test]
fn missing_rows_are_told_by_part_and_nothing_is_written() {
    let place = Place::new();
    in_parts(&place, 3, "parts");
    let lost = store(&place, "parts/shard-2-of-3/sweep.sqlite")
        .execute("DELETE FROM runs WHERE row > 9", []);
    assert_eq!(lost, Ok(3));
    fs::remove_dir_all(place.path("parts/shard-3-of-3")).expect("a folder");
    let merge = ["sweep", "merge", "parts"];
    let told = "9 of 18 rows are missing: 3 of the 6 of part 2/3, 6 of the 6 of part 3/3; run those parts again";
    place.ampacity(&merge).failed(1, &[told]);
    let written = |name: &String| name != "sweep.lock" && !name.contains('/');
    assert!(!place.files("parts").iter().any(written));
    for part in ["2/3", "3/3"] {
        sweep(&place, &["--shard", part, "--out", "parts"]).succeeded();
    }
    place.ampacity(&[&merge[..], &["-q"]].concat()).succeeded();
}

#[test]
fn rows_that_are_there_twice_are_dropped_when_they_are_equal_and_refused_when_not() {
    let place = Place::new();
    in_parts(&place, 3, "parts");
    sweep(&place, &["--out", "single"]).succeeded();
    let merge = ["sweep", "merge", "parts", "single", "--out", "all"];
    let done = place.ampacity(&merge);
    assert_eq!(done.code, 0, "{}", done.stderr);
    assert_eq!(
        done.stderr,
        "ampacity: 18 rows were there more than once, equal each time; each is kept once\n"
    );
    assert_eq!(place.read("all/sweep.csv"), place.read("single/sweep.csv"));
    let changed = "UPDATE runs SET peak_kw = peak_kw + 1 WHERE row = 4";
    assert_eq!(store(&place, "single/sweep.sqlite").execute(changed, []), Ok(1));
    let told = "row 4 is in parts/shard-2-of-3 and in single with different results";
    place.ampacity(&merge).failed(2, &[told]);
    assert_eq!(
        fs::read_dir(place.path("all")).expect("a folder").count(),
        3,
        "what was there stays"
    );
}

#[test]
fn what_does_not_belong_together_is_refused() {
    let place = Place::new();
    in_parts(&place, 2, "parts");
    let other = ["--set", "site.reserve_kw=1", "--shard", "2/2", "--out", "others"];
    sweep(&place, &other).succeeded();
    let merge = |args: &[&str], told: &[&str]| {
        place.ampacity(&[&["sweep", "merge"], args].concat()).failed(2, told);
    };
    let both = ["parts/shard-1-of-2", "others/shard-2-of-2", "--out", "all"];
    merge(&both, &["are not parts of the same sweep", "another state of the scenario"]);
    merge(&["parts", "parts/shard-1-of-2"], &["parts/shard-1-of-2 is named twice"]);
    merge(&["nowhere"], &["cannot read the folder nowhere"]);
    merge(&["."], &["there is no sweep in ."]);
    merge(&["others/shard-2-of-2", "--out", "others/shard-2-of-2"], &["would replace", "--out"]);
    let alone =
        ["sweep", "tiny.toml", "--grid", "site.reserve_kw=0", "--seeds", "1", "-q", "--out", "all"];
    place.ampacity(&alone).succeeded();
    merge(&["parts", "--out", "all"], &["all holds results of another grid"]);
    let held = fs::File::open(place.path("parts/shard-1-of-2/sweep.lock")).expect("a lock");
    held.lock().expect("a lock");
    let busy = ["sweep", "merge", "parts"];
    place.ampacity(&busy).failed(3, &["parts/shard-1-of-2: another process is at work"]);
}

#[test]
fn the_part_is_what_a_slurm_array_or_a_kubernetes_job_says() {
    let place = Place::new();
    let args: Vec<&str> = SWEEP.iter().copied().filter(|word| *word != "-q").collect();
    let with = |variables: &[(&str, &str)], more: &[&str]| {
        place.ampacity_with(variables, &[&args[..], &["--out", "s", "--json"], more].concat())
    };
    let slurm = [
        ("SLURM_ARRAY_TASK_ID", "5"),
        ("SLURM_ARRAY_TASK_MIN", "1"),
        ("SLURM_ARRAY_TASK_STEP", "2"),
        ("SLURM_ARRAY_TASK_COUNT", "3"),
    ];
    let told = |done: &Done| {
        assert_eq!(done.code, 0, "{}", done.stderr);
        let document: Value = serde_json::from_str(&done.stdout).expect("JSON");
        let shard = &document["shard"];
        (
            format!("{}/{}", shard["number"], shard["of"]),
            document["runs"].as_u64(),
            done.stderr.clone(),
        )
    };
    let note = "ampacity: part 3/3, as the Slurm array says; --shard K/N overrides it\n".to_owned();
    assert_eq!(told(&with(&slurm, &[])), ("3/3".to_owned(), Some(6), note));
    assert!(place.path("s/shard-3-of-3/sweep.csv").is_file());
    let kubernetes = [("JOB_COMPLETION_INDEX", "0"), ("AMPACITY_SHARDS", "9")];
    let note =
        "ampacity: part 1/9, as the Kubernetes job says; --shard K/N overrides it\n".to_owned();
    assert_eq!(told(&with(&kubernetes, &[])), ("1/9".to_owned(), Some(2), note));
    let whole = with(&slurm, &["--shard", "1/1"]);
    assert_eq!(told(&whole), ("1/1".to_owned(), Some(18), String::new()));
    let lost = place.ampacity_with(&kubernetes[..1], &[&args[..], &["--out", "none"]].concat());
    lost.failed(2, &["JOB_COMPLETION_INDEX is 0", "AMPACITY_SHARDS", "--shard"]);
    assert!(!place.path("none").exists());
}

fn cluster(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/cluster").join(name);
    fs::read_to_string(path).expect("a file of docs/cluster")
}

fn workplace() -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios/workplace.toml");
    path.to_str().expect("UTF-8").to_owned()
}

#[cfg(unix)]
#[test]
fn the_slurm_script_runs_the_part_of_its_task() {
    let place = Place::new();
    place.write("slurm.sh", cluster("slurm.sh"));
    let scenario = workplace();
    // Of 720 rows one.
    let variables = [
        ("SLURM_ARRAY_TASK_ID", "719"),
        ("SLURM_ARRAY_TASK_MIN", "0"),
        ("SLURM_ARRAY_TASK_STEP", "1"),
        ("SLURM_ARRAY_TASK_COUNT", "720"),
        ("AMPACITY", PROGRAM),
        ("SCENARIO", &scenario),
        ("OUT", "results"),
    ];
    let output = std::process::Command::new("sh")
        .arg("slurm.sh")
        .current_dir(place.path(""))
        .envs(variables)
        .output()
        .expect("sh");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let table = place.read("results/shard-720-of-720/sweep.csv");
    assert_eq!(table.lines().count(), 2);
    assert!(table.lines().nth(1).is_some_and(|row| row.starts_with("719,")), "{table}");
}

#[test]
fn the_kubernetes_manifest_runs_the_part_of_its_index() {
    let manifest = cluster("kubernetes.yaml");
    let value = |key: &str| {
        let line = manifest.lines().map(str::trim).find_map(|line| line.strip_prefix(key));
        line.and_then(|rest| rest.split('#').next()).expect(key).trim().to_owned()
    };
    assert_eq!(value("command:"), "[\"ampacity\"]");
    assert_eq!(value("completionMode:"), "Indexed");
    let shards = manifest.split_once("- name: AMPACITY_SHARDS").expect("the variable").1;
    let told = format!("value: \"{}\"", value("completions:"));
    assert!(shards.trim_start().starts_with(&told), "completions and AMPACITY_SHARDS differ");
    let args: Vec<String> = serde_json::from_str(&value("args:")).expect("a list of words");
    let place = Place::new();
    let scenario = workplace();
    let words: Vec<&str> = args
        .iter()
        .map(|word| match word.as_str() {
            "/scenario/scenario.toml" => &scenario,
            "/results/sweep" => "results",
            other => other,
        })
        .collect();
    let variables = [("JOB_COMPLETION_INDEX", "0"), ("AMPACITY_SHARDS", "720")];
    place.ampacity_with(&variables, &words).succeeded();
    assert_eq!(place.read("results/shard-1-of-720/sweep.csv").lines().count(), 2);
}
