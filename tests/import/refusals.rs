//! Lists that cannot be understood: what is wrong and what to do is said.

use ampacity::import::{self, Options};

use crate::given::{EXPORT, NAMES, berlin, columns, sessions};

#[track_caller]
fn refused(text: &str, options: &Options, message: &str, help: &str) {
    let refusal = sessions(text, options).expect_err("a refusal");
    assert!(refusal.message.contains(message), "{message:?} is missing in {refusal:?}");
    assert!(refusal.help.contains(help), "{help:?} is missing in {refusal:?}");
}

/// One row under a header.
fn list(header: &str, row: &str) -> String {
    format!("{header}\n{row}\n")
}

#[test]
fn nothing_or_next_to_nothing() {
    refused("", &berlin(), "the list is empty", "a line per session");
    refused("start,end,kwh\n", &berlin(), "a header and no rows", "a line per session");
}

#[test]
fn columns_that_are_not_there() {
    let row = "2024-05-02T08:00,2024-05-02T12:00,6";
    let no_start = list("first,end,kwh", row);
    refused(
        &no_start,
        &berlin(),
        "when cars arrive",
        "--column arrival=NAME; its columns are `first`",
    );
    refused(&list("start,last,kwh", row), &berlin(), "when cars leave", "--column departure=NAME");
    refused(&list("start,end,much", row), &berlin(), "what cars take", "--column energy=NAME");
}

#[test]
fn roles_and_columns_that_are_misspelt() {
    refused(EXPORT, &columns(&[("arival", "t0")]), "the role `arival`", "did you mean `arrival`?");
    let misspelt = columns(&[("arrival", "Plug in tme")]);
    refused(EXPORT, &misspelt, "no column `Plug in tme`", "did you mean `Plug-in time`?");
    let wrong = columns(&[("arrival", "Operator")]);
    refused(EXPORT, &wrong, "`Operator` does not hold dates and times", "another one for arrival");
}

#[test]
fn dates_without_times_and_times_without_dates() {
    let dates = list("start date,end date,kwh", "2024-05-02,2024-05-03,6");
    refused(&dates, &berlin(), "`start date` has dates and no times", "--column arrival_time=NAME");
    let times = list("start time,end time,kwh", "08:00,12:00,6");
    refused(
        &times,
        &berlin(),
        "`start time` has times of day and no dates",
        "--column arrival=NAME",
    );
}

#[test]
fn times_without_a_zone() {
    let local = list("start,end,kwh", "2024-05-02T08:00,2024-05-02T12:00,6");
    refused(&local, &Options::default(), "no time zone", "--timezone Europe/Amsterdam");
}

#[test]
fn what_can_mean_two_things() {
    let dates = list("start,end,kwh", "03/04/2024 08:00,03/04/2024 12:00,6");
    refused(&dates, &berlin(), "dates are ambiguous", "--dates day-first or --dates month-first");
    let numbers = list("start,end,kwh", "2024-05-02T08:00,2024-05-02T12:00,\"6,125\"");
    refused(
        &numbers,
        &berlin(),
        "`6,125` may be about 6.125",
        "--decimal comma or --decimal point",
    );
    let energies = list("start,end,kwh in,kwh out", "2024-05-02T08:00,2024-05-02T12:00,6,7");
    refused(&energies, &berlin(), "`kwh in` and `kwh out` may both", "--column energy=\"kwh in\"");
    let stays = list("start,duration,kwh", "2024-05-02T08:00,90,6");
    refused(&stays, &berlin(), "unit of the durations in `duration`", "--column duration_min=");
}

#[test]
fn a_list_of_which_nothing_is_left_says_why() {
    let zero = list("start,end,kwh", "2024-05-02T08:00,2024-05-02T12:00,0");
    refused(&zero, &berlin(), "no session is left", "no energy was taken (first in line 2)");
    let later = Options { from: Some(jiff::civil::date(2025, 1, 1)), ..berlin() };
    refused(EXPORT, &later, "no session is left", "arrives outside the period");
}

#[test]
fn more_than_a_year_has_to_be_cut() {
    let years =
        "start,end,kwh\n2020-05-02T08:00,2020-05-02T12:00,6\n2024-05-02T08:00,2024-05-02T12:00,6\n";
    refused(
        years,
        &berlin(),
        "the sessions span 1462 days from 2020-05-02",
        "--from 2024-03-01 --days 31",
    );
}

#[test]
fn what_is_no_acn_data() {
    for (text, message) in [
        ("{\"items\": []}", "missing field `_items`"),
        ("[1, 2", "not ACN-Data"),
        ("start,end\n1,2\n", "no column `arrival_period`"),
        ("[1, 2]", "no session is left"),
    ] {
        let refusal = import::acn(text.as_bytes(), NAMES, &Options::default()).expect_err(text);
        assert!(refusal.message.contains(message), "{refusal:?}");
    }
}
