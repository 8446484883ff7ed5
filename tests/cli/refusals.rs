//! Wrong usage and wrong files: the exit code, the place and the remedy.

use crate::support::{Place, TINY};

#[test]
fn wrong_usage_is_exit_2_and_says_what_is_right() {
    let place = Place::new();
    let cases: [(&[&str], &[&str]); 9] = [
        (&["run"], &["<SCENARIO>", "Usage: ampacity run"]),
        (&["rnu", "tiny.toml"], &["'rnu'", "Usage: ampacity"]),
        (&["run", "tiny.toml", "--strategi", "equal"], &["'--strategy'"]),
        (
            &["run", "tiny.toml", "--strategy", "eqal"],
            &["'equal'", "first_come_first_served", "priority", "max_throughput"],
        ),
        (&["run", "tiny.toml", "--seed", "x"], &["whole number from 0 to 9007199254740991"]),
        (&["run", "tiny.toml", "--seed", "-1"], &["whole number from 0 to 9007199254740991"]),
        (&["run", "tiny.toml", "--out", ""], &["--out <DIR>"]),
        (&["--color", "sometimes", "schema"], &["auto, always, never"]),
        (&["check"], &["<SCENARIO>"]),
    ];
    for (args, words) in cases {
        place.ampacity(args).failed(2, words);
    }
}

#[test]
fn a_wrong_override_is_shown_where_it_is_wrong() {
    let place = Place::new();
    let run = |assignment: &str| place.ampacity(&["run", "tiny.toml", "--set", assignment]);
    run("site.max_powr_kw=80").failed(2, &["--set:1:1: error", "did you mean `max_power_kw`?"]);
    run("site.max_power_kw=abc").failed(2, &["--set:1:19: error", "must be a number"]);
    run("site.max_power_kw").failed(2, &["--set:1:1: error", "needs `=`", "path=value"]);
    run("site.strategy=eqal").failed(2, &["--set:1:15: error", "did you mean `equal`?"]);
    run("chargers.9.count=1").failed(2, &["--set:1:1: error"]);
    let both = ["run", "tiny.toml", "--set", "no_equals", "--set", "chargers.9.count=1"];
    place.ampacity(&both).failed(2, &["no_equals", "chargers.9.count"]);
    assert!(!place.path("reports").exists(), "nothing ran");
}

#[test]
fn all_problems_are_shown_with_their_place() {
    let place = Place::new();
    let text = TINY.replace("max_power_kw = 20", "max_powr_kw = 20").replace("\"ac22\"", "\"ac2\"");
    place.write("a.toml", text.replace("over_limit_s", "over_limit"));
    let words = ["a.toml:7:1: error", "a.toml:12:9: error", "a.toml:24:10: error", "did you mean"];
    place.ampacity(&["run", "a.toml"]).failed(2, &words);
    place.ampacity(&["check", "a.toml"]).failed(2, &words).failed(2, &["a.toml: invalid"]);
}

#[test]
fn check_goes_on_after_a_bad_file_and_the_worst_decides() {
    let place = Place::new();
    place.write("bad.toml", TINY.replace("count = 2", "count = 0"));
    let good = "tiny.toml: ok: Tiny, 2 charge points, 2 h\n";
    let done = place.ampacity(&["check", "tiny.toml", "bad.toml", "tiny.toml"]);
    assert_eq!((done.code, done.stdout), (2, good.repeat(2)));
    assert!(done.stderr.contains("bad.toml:11:9: error"), "{}", done.stderr);
    let done = place.ampacity(&["check", "none.toml", "bad.toml", "tiny.toml"]);
    assert_eq!((done.code, done.stdout.as_str()), (3, good));
    assert!(done.stderr.contains("none.toml") && done.stderr.contains("bad.toml:11:9: error"));
    let done = place.ampacity(&["check", "tiny.toml"]);
    done.succeeded();
    assert_eq!(done.stdout, good);
}

#[test]
fn a_file_that_cannot_be_read_is_exit_3_and_the_likely_one_is_named() {
    let place = Place::new();
    let hint = ["cannot read the scenario tinny.toml", "no such file", "did you mean tiny.toml?"];
    place.ampacity(&["run", "tinny.toml"]).failed(3, &hint);
    place.ampacity(&["run", "tiny"]).failed(3, &["did you mean tiny.toml?"]);
    let done = place.ampacity(&["run", "elsewhere/other.toml"]);
    done.failed(3, &["elsewhere/other.toml", "no such file"]);
    assert!(!done.stderr.contains("did you mean"), "{}", done.stderr);
    place.ampacity(&["run", "."]).failed(3, &["it is a folder", "./tiny.toml"]);
}

#[test]
fn a_folder_that_cannot_be_written_is_exit_3_before_anything_runs() {
    let place = Place::new();
    place.write("taken", "a file");
    for out in ["taken", "taken/below"] {
        let words = [out, "taken is a file", "choose another --out"];
        place.ampacity(&["run", "tiny.toml", "--out", out]).failed(3, &words);
    }
    assert_eq!(place.read("taken"), "a file");
}

#[test]
fn files_that_are_no_scenario_get_a_place_and_a_remedy() {
    let place = Place::new();
    place.write("empty.toml", "");
    place.ampacity(&["run", "empty.toml"]).failed(2, &["empty.toml:1:1: error", "help: add"]);
    place.write("program", b"\x7fELF\x02\x01\0\0\xff\xfe\0");
    let words = ["program:1:9: error", "not UTF-8", "binary file"];
    place.ampacity(&["run", "program"]).failed(2, &words);
    let utf_16: Vec<u8> = TINY.encode_utf16().flat_map(u16::to_le_bytes).collect();
    place.write("utf16.toml", [b"\xff\xfe", utf_16.as_slice()].concat());
    place.ampacity(&["run", "utf16.toml"]).failed(2, &["utf16.toml:1:1: error", "UTF-16"]);
    place.write("latin1.toml", TINY.replace("Tiny", "Caf?").replace('?', "\u{1}").into_bytes());
    place.ampacity(&["run", "latin1.toml"]).failed(2, &["latin1.toml:1:"]);
}

/// Five megabytes of what is no TOML took a minute, and as much in one line all memory.
#[test]
fn junk_of_five_megabytes_is_refused_with_few_words() {
    let place = Place::new();
    place.write("lines.toml", "GFKGPqbBvoyZxRlWrTM87fc8/6feAKyQVTrDHUtArM9t\n".repeat(110_000));
    place.write("line.toml", "GFKGPqbBvoyZxRlWrTM87fc8/6feAKyQVTrDHUtArM9t".repeat(110_000));
    place.write("keys.toml", (0..30_000).map(|n| format!("key_{n} = 1\n")).collect::<String>());
    for name in ["lines.toml", "line.toml", "keys.toml"] {
        let done = place.ampacity(&["check", name]);
        done.failed(2, &[&format!("{name}:1:"), "help: "]);
        assert!(done.stderr.len() < 200_000, "{name}: {} bytes", done.stderr.len());
    }
    place.write("huge.toml", vec![b'#'; (16 << 20) + 1]);
    place.ampacity(&["check", "huge.toml"]).failed(3, &["huge.toml", "larger than 16 MiB"]);
}

#[test]
fn a_table_that_cannot_be_read_is_shown_where_it_is_named() {
    let place = Place::new();
    let (head, _) = TINY.split_once("[[arrivals]]").expect("arrivals");
    place.write("a.toml", format!("{head}[[arrivals]]\nsessions = \"s.csv\"\n"));
    place.ampacity(&["check", "a.toml"]).failed(2, &["a.toml:18:12: error", "s.csv"]);
    place.write("s.csv", b"arrival,departure\nx,\xff\n");
    place.ampacity(&["check", "a.toml"]).failed(2, &["a.toml:18:12: error", "line 2", "UTF-8"]);
}
