//! `compare`: the same arrivals for each strategy, honest differences, a gate for CI.

use serde_json::Value;

use crate::support::{Done, Place, TINY};

/// The tiny site with more cars than power.
fn crowded() -> String {
    TINY.replace("max_power_kw = 20", "max_power_kw = 12")
        .replace("per_hour = 3", "per_hour = 8")
        .replace("duration = \"2h\"", "duration = \"4h\"")
}

fn place() -> Place {
    let place = Place::new();
    place.write("crowded.toml", crowded());
    place
}

fn compare(place: &Place, more: &[&str]) -> Done {
    place.ampacity(&[&["compare", "crowded.toml"], more].concat())
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).expect("JSON")
}

#[test]
fn every_strategy_meets_the_same_cars_and_runs_as_it_does_alone() {
    let place = place();
    let done = compare(&place, &["--seeds", "3", "--json", "--out", "c"]);
    done.succeeded();
    assert_eq!(done.stdout, place.read("c/comparison.json"));
    let comparison = json(&done.stdout);
    assert_eq!(comparison["seeds"], serde_json::json!([3, 4, 5]));
    let runs = comparison["runs"].as_array().expect("runs");
    assert_eq!(runs.len(), 12);
    for run in runs {
        let (strategy, seed) = (run["strategy"].as_str().expect("a name"), &run["seed"]);
        let same = |other: &&Value| other["seed"] == *seed;
        let wished: Vec<&Value> = runs
            .iter()
            .filter(same)
            .map(|other| &other["metrics"]["uncontrolled_demand_met_pct"])
            .collect();
        assert!(wished.windows(2).all(|pair| pair[0] == pair[1]), "{wished:?}");
        let seed = seed.to_string();
        let args = ["run", "crowded.toml", "--strategy", strategy, "--seed", &seed, "--json"];
        assert_eq!(json(&place.ampacity(&args).stdout)["digest"], run["digest"]);
    }
    let summary = json(&place.read("c/priority/summary.json"));
    assert_eq!((&summary["strategy"], &summary["seed"]), (&"priority".into(), &3.into()));
    for file in [
        "comparison.csv",
        "comparison.md",
        "report.html",
        "charts/tradeoff.svg",
        "charts/tradeoff.csv",
        "equal/report.html",
        "equal/inputs.json",
    ] {
        assert!(place.path("c").join(file).is_file(), "{file}");
    }
    assert_eq!(place.read("c/comparison.csv").lines().count(), 1 + 12 * metrics(&comparison).len());
}

fn metrics(comparison: &Value) -> &serde_json::Map<String, Value> {
    comparison["metrics"].as_object().expect("metrics")
}

#[test]
fn the_page_of_a_comparison_is_the_same_however_many_workers_made_it() {
    let place = place();
    let out = |jobs: &str| {
        compare(&place, &["--seeds", "2", "--jobs", jobs, "--out", "c", "-q"]).succeeded();
        let page = place.read("c/report.html");
        let wall_clock = |line: &str| line.contains("Wall-clock time") || line.contains("ampacity");
        let page: Vec<String> =
            page.lines().filter(|line| !wall_clock(line)).map(str::to_owned).collect();
        let mut files: Vec<String> = std::fs::read_dir(place.path("c/charts"))
            .expect("charts")
            .map(|entry| entry.expect("a file").file_name().to_string_lossy().into_owned())
            .collect();
        files.sort();
        let texts: Vec<String> =
            files.iter().map(|name| place.read(&format!("c/charts/{name}"))).collect();
        for link in place.read("c/report.html").split("href=\"").skip(1) {
            let file = link.split('"').next().unwrap_or_default().replace("&#x2f;", "/");
            assert!(place.path("c").join(&file).is_file(), "{file}");
        }
        (page, files, texts)
    };
    let (one, three) = (out("1"), out("3"));
    assert_eq!(one.1.iter().filter(|name| name.ends_with(".svg")).count(), 9, "{:?}", one.1);
    assert_eq!(one, three);
}

#[test]
fn the_table_marks_the_best_and_says_what_does_not_differ() {
    let place = place();
    let done = compare(&place, &["--seeds", "4"]);
    done.succeeded();
    let row = |name: &str| {
        let mut lines = done.stdout.lines();
        lines.find(|line| line.trim_start().starts_with(name)).unwrap_or_default().to_owned()
    };
    assert!(row("demand met, %").contains('*'), "{}", done.stdout);
    assert!(!row("draw over limit, s").contains('*'), "all the same");
    for words in [
        "Difference to equal",
        "seeds 3 to 6",
        "known afterwards",
        "In 4 runs each no strategy exceeded",
    ] {
        assert!(done.stdout.contains(words), "{words}: {}", done.stdout);
    }
    assert!(done.stdout.ends_with("results: reports/compare-crowded\n"), "{}", done.stdout);
    let alone = compare(&place, &["--seeds", "1", "--strategies", "equal,round_robin"]);
    assert!(alone.stdout.contains("One seed tells little"), "{}", alone.stdout);
}

#[test]
fn a_mean_and_its_difference_are_those_of_the_runs() {
    let place = place();
    let args = ["--seeds", "4", "--strategies", "equal,first_come_first_served", "--json"];
    let comparison = json(&compare(&place, &args).stdout);
    let of = |strategy: &str| -> Vec<f64> {
        let runs = comparison["runs"].as_array().expect("runs").iter();
        let of_strategy = runs.filter(|run| run["strategy"] == strategy);
        of_strategy
            .map(|run| run["metrics"]["jain_satisfaction"].as_f64().expect("a value"))
            .collect()
    };
    let (equal, first) = (of("equal"), of("first_come_first_served"));
    let differences: Vec<f64> =
        equal.iter().zip(&first).map(|(equal, first)| first - equal).collect();
    let mean = differences.iter().sum::<f64>() / 4.0;
    let squares: f64 = differences.iter().map(|each| (each - mean).powi(2)).sum();
    // Student's t with three degrees of freedom.
    let half = 3.182 * (squares / 3.0 / 4.0).sqrt();
    let row = &comparison["metrics"]["jain_satisfaction"];
    let told = &row["difference"]["first_come_first_served"];
    let close = |told: &Value, value: f64| (told.as_f64().expect("a value") - value).abs() < 1e-5;
    assert!(close(&told["mean"], mean) && close(&told["interval"][1], mean + half), "{told}");
    assert!(close(&row["mean"]["equal"], equal.iter().sum::<f64>() / 4.0));
    assert_eq!(told["significant"], mean.abs() > half);
    assert_eq!(row["difference"].get("equal"), None, "it is the baseline");
}

const TWO: [&str; 4] = ["--seeds", "8", "--strategies", "equal,round_robin"];

/// What the same command says against `before`, with a change of the scenario.
fn gated(place: &Place, text: &str, more: &[&str]) -> (i32, Vec<String>) {
    place.write("crowded.toml", text);
    let gate = ["--baseline", "before", "--max-regression", "1", "--out", "now", "--json"];
    let done = compare(place, &[&TWO, &gate[..], more].concat());
    let regressions = json(&done.stdout)["regressions"].as_array().expect("a list").clone();
    let name = |it: &Value| format!("{} {}", it["strategy"], it["metric"]).replace('"', "");
    (done.code, regressions.iter().map(name).collect())
}

#[test]
fn planted_regressions_are_caught_and_what_is_unchanged_raises_no_alarm() {
    let place = place();
    compare(&place, &[&TWO[..], &["--out", "before"]].concat()).succeeded();
    for _ in 0..20 {
        assert_eq!(gated(&place, &crowded(), &[]), (0, vec![]));
        let rows = json(&place.read("now/comparison.json"))["metrics"].clone();
        for (metric, row) in rows.as_object().expect("metrics") {
            let told = row["difference"].as_object().expect("by strategy");
            assert!(told.values().all(|it| it["significant"] == false), "{metric}: {row}");
        }
    }
    let worse = crowded().replace("reserve_kw = 2", "reserve_kw = 2.4");
    let (code, found) = gated(&place, &worse, &[]);
    assert_eq!(code, 1);
    assert!(found.contains(&"equal demand_met_pct".to_owned()), "a step of 3 A less: {found:?}");
    let storm = "\n[site.control]\ncoalesce = \"0s\"\nacceptance_window = \"0s\"\nrotation = \"0s\"\nmin_on = \"0s\"\n\
                 min_off = \"0s\"\nraise_dead_band_a = 0\nmin_raise_interval = \"0s\"\n\n[[chargers]]";
    let timeline = "\n[[timeline]]\nat = \"+1m\"\nevery = \"20s\"\nrebalance = \"storm\"\n";
    let oscillates = crowded().replacen("\n[[chargers]]", storm, 1) + timeline;
    let (code, found) = gated(&place, &oscillates, &[]);
    assert_eq!(code, 1);
    assert!(found.iter().any(|it| it.ends_with("reversals_per_h")), "{found:?}");
    // Everybody keeps what it has for ten seconds after the limit has fallen by a kilowatt.
    let overrun = "\n[[timeline]]\nat = \"+90m\"\nfault = \"ignore_limits\"\nchargers = [\"*\"]\nfor = \"10s\"\n\
                   \n[[timeline]]\nat = \"+90m\"\nset = { max_power_kw = 11 }\n";
    let (code, found) = gated(&place, &(crowded() + overrun), &["--gate", "over_limit_kwh"]);
    assert_eq!((code, found.is_empty()), (1, false));
}

#[test]
fn what_another_comparison_has_left_in_the_folder_does_not_stay() {
    let place = place();
    let into = |strategies: &str| {
        let args = ["--seeds", "1", "--strategies", strategies, "--out", "c", "-q"];
        compare(&place, &args).succeeded();
    };
    into("equal,priority");
    place.write("c/round_robin/notes.txt", "mine");
    into("equal");
    assert!(!place.path("c/priority").exists());
    assert!(place.path("c/equal/summary.json").exists());
    assert!(place.path("c/round_robin/notes.txt").exists(), "that is no run");
}

#[cfg(unix)]
#[test]
fn ctrl_c_leaves_the_seeds_that_every_strategy_has_run() {
    let place = place();
    let args = ["compare", "tiny.toml", "--strategies", "equal,priority", "--seeds", "10000"];
    let mut command = place.spawn(&args);
    command.args(["--out", "c"]);
    let done = |strategy: &str| place.path("c").join(strategy).join("inputs.json").exists();
    let Done { code, stderr, .. } =
        Place::interrupted(command, || done("equal") && done("priority"));
    assert_eq!(code, 130, "{stderr}");
    assert!(stderr.contains("of 10000 seeds"), "{stderr}");
    let comparison = json(&place.read("c/comparison.json"));
    let seeds = comparison["seeds"].as_array().expect("seeds").len();
    assert!((1..10_000).contains(&seeds), "{seeds}");
    let runs = comparison["runs"].as_array().expect("runs");
    assert_eq!(runs.len(), 2 * seeds);
    assert!(runs.iter().all(|run| run["complete"] == true));
}

#[test]
fn what_cannot_be_compared_is_refused_before_anything_runs() {
    let place = place();
    place.write("other.json", "{\"schema\": \"ampacity-summary/1\"}");
    compare(&place, &["--seeds", "2", "--strategies", "equal", "--out", "c", "-q"]).succeeded();
    let cases: [(&[&str], &[&str]); 8] = [
        (
            &["--baseline", "fair"],
            &["neither a strategy nor an earlier comparison", "max_throughput"],
        ),
        (&["--baseline", "round_robin"], &["none of the strategies compared", "--strategies"]),
        (&["--baseline", "other.json"], &["cannot compare with other.json"]),
        (&["--baseline", "c"], &["no run of first_come_first_served", "--strategies"]),
        (
            &["--baseline", "c", "--strategies", "equal", "--out", "c"],
            &["would replace the baseline"],
        ),
        (&["--strategies", "equal,equal"], &["equal twice"]),
        (&["--max-regression", "-1"], &["--max-regression"]),
        (&["--max-regression", "1", "--gate", "sessions"], &["--gate", "demand_met_pct"]),
    ];
    for (args, words) in cases {
        compare(&place, args).failed(2, words);
    }
    assert!(!place.path("reports").exists());
}

#[test]
fn assertions_that_do_not_hold_are_named_with_strategy_and_seed() {
    let place = place();
    place.write("crowded.toml", crowded().replace("over_limit_s\"\nmax = 0", "peak_kw\"\nmax = 1"));
    let done = compare(&place, &["--seeds", "2", "--strategies", "equal"]);
    assert_eq!((done.code, done.stderr.as_str()), (1, ""));
    assert!(done.stdout.contains("equal, seed 4: expected peak_kw ≤ 1"), "{}", done.stdout);
}

#[test]
fn several_scenarios_have_a_folder_each_and_nothing_to_run_is_exit_5() {
    let place = place();
    let both = ["compare", "tiny.toml", "crowded.toml", "--seeds", "1", "--out", "all", "-q"];
    place.ampacity(&both).succeeded();
    assert!(place.path("all/tiny/comparison.md").is_file());
    assert!(place.path("all/crowded/equal/summary.json").is_file());
    place.ampacity(&["compare", "tiny.toml", "tiny.toml", "-q"]).failed(2, &["two scenarios"]);
    let empty = TINY.replace("per_hour = 3", "per_hour = 3\nfrom = \"20:00\"\nto = \"21:00\"");
    place.write("crowded.toml", empty);
    compare(&place, &["--seeds", "1", "-q"]).failed(5, &["no car plugged in"]);
}
