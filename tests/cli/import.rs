//! `ampacity import`: which files appear, what is printed, and what is never overwritten.

use crate::support::Place;

const LIST: &str = "station,start,end,kwh\n\
                    A,2024-05-02T08:00,2024-05-02T12:00,11.5\n\
                    B,2024-05-02T09:00,2024-05-02T17:00,22\n\
                    B,2024-05-02T18:00,2024-05-02T17:00,22\n";

const IMPORT: [&str; 7] =
    ["import", "sessions", "list.csv", "--timezone", "Europe/Berlin", "--out", "mine/site.toml"];

#[test]
fn a_list_becomes_a_scenario_that_check_and_run_take_as_it_is() {
    let place = Place::new();
    place.write("list.csv", LIST);
    let done = place.ampacity(&IMPORT);
    done.succeeded();
    for words in [
        "2 of 3 sessions",
        "leaves before it comes (first in line 4)",
        "ampacity run mine/site.toml",
    ] {
        assert!(done.stdout.contains(words), "{words:?} is missing in\n{}", done.stdout);
    }
    assert_eq!(place.files("mine"), ["site-sessions.csv", "site.toml"]);
    place.ampacity(&["check", "mine/site.toml"]).succeeded();
    place.ampacity(&["run", "mine/site.toml", "--out", "r", "--quiet"]).succeeded();
}

#[test]
fn what_was_edited_is_not_overwritten_unless_asked_for() {
    let place = Place::new();
    place.write("list.csv", LIST);
    place.write("mine/site-sessions.csv", "mine");
    place.ampacity(&IMPORT).failed(2, &["mine/site-sessions.csv is there already", "--force"]);
    assert_eq!(place.files("mine"), ["site-sessions.csv"]);
    let forced: Vec<&str> = IMPORT.into_iter().chain(["--force"]).collect();
    place.ampacity(&forced).succeeded();
    assert_ne!(place.read("mine/site-sessions.csv"), "mine");
}

#[test]
fn a_refused_list_leaves_no_files_and_says_what_to_do() {
    let place = Place::new();
    place.write("list.csv", LIST);
    let no_zone = ["import", "sessions", "list.csv", "--out", "site.toml"];
    place.ampacity(&no_zone).failed(2, &["list.csv: the times", "= help: ", "--timezone"]);
    assert_eq!(place.files(""), ["list.csv", "tiny.toml"]);
    let mut lost = IMPORT;
    lost[2] = "lost.csv";
    place.ampacity(&lost).failed(3, &["cannot read the list lost.csv"]);
    let mut misspelt = IMPORT;
    misspelt[4] = "Europe/Berlni";
    place.ampacity(&misspelt).failed(2, &["did you mean `Europe/Berlin`?"]);
    let epoch = ["import", "acn", "list.csv", "--out", "x.toml", "--epoch", "then"];
    place.ampacity(&epoch).failed(2, &["--epoch: not a date-time"]);
}
