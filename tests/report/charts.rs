//! Charts are well-formed, deterministic, small, and drawn even when there is nothing to show.

use ampacity::report::charts::{Chart, all};
use ampacity::report::{Report, html};
use ampacity::sim::record::RunRecord;
use ampacity::units::Watts;

use crate::synthetic::{Size, run};
use crate::{fixture, xml};

fn day() -> Size {
    Size { chargers: 20, hours: 14, cars_per_day: 42, max_power: Watts(100_000) }
}

fn files(report: &Report<'_>) -> Vec<String> {
    all(report).iter().map(Chart::to_file).collect()
}

#[test]
fn charts_are_well_formed_and_the_same_every_time() {
    let (scenario, record) = run(&day());
    let report = Report::new(&scenario, &record, "");
    let first = files(&report);
    assert_eq!(first.len(), 6);
    for chart in &first {
        xml::check(chart);
        assert!(!chart.contains("NaN") && !chart.contains("inf\""), "a number went wrong");
    }
    assert_eq!(first, files(&Report::new(&scenario, &record, "")));
}

#[test]
fn charts_of_an_empty_run_have_a_frame() {
    let mut scenario = fixture::scenario();
    for record in [
        RunRecord::default(),
        RunRecord {
            from: scenario.start,
            to: scenario.start + scenario.duration,
            ..RunRecord::default()
        },
    ] {
        let report = Report::new(&scenario, &record, "");
        for chart in files(&report) {
            xml::check(&chart);
            assert!(chart.contains("class=\"title\""));
        }
        assert!(html::render(&report, &all(&report)).contains("No car came."));
    }
    scenario.chargers.clear();
    files(&Report::new(&scenario, &RunRecord::default(), ""));
}

#[test]
fn names_from_outside_are_escaped() {
    let (scenario, mut record) = (fixture::scenario(), fixture::record());
    record.chargers[0] = "<CP>&\"'".into();
    record.marks[0].1 = "reason </svg><script>".to_owned();
    for chart in files(&Report::new(&scenario, &record, "")) {
        xml::check(&chart);
        assert!(!chart.contains("<script"));
    }
}

#[test]
fn a_month_of_54_chargers_stays_small() {
    let (scenario, record) =
        run(&Size { chargers: 54, hours: 31 * 24, cars_per_day: 110, max_power: Watts(220_000) });
    let report = Report::new(&scenario, &record, "");
    let charts = all(&report);
    for chart in &charts {
        xml::check(&chart.to_file());
        assert!(chart.to_file().len() < 1_000_000, "{}", chart.slug);
    }
    assert!(html::render(&report, &charts).len() < 5_000_000);
}
