//! Charts and page of a comparison: well-formed, the same every time, drawn even of nothing, safe
//! against names from outside, small.

use ampacity::allocation::Strategy;
use ampacity::report::Report;
use ampacity::report::charts::Chart;
use ampacity::report::compare::charts::{Figure, all};
use ampacity::report::compare::portrait::{Columns, Portrait};
use ampacity::report::compare::{Baseline, Comparison, Run, html};
use ampacity::scenario::model::Scenario;
use ampacity::sim::record::RunRecord;
use ampacity::units::Watts;

use crate::synthetic::{Size, run};
use crate::{fixture, xml};

/// A comparison of strategies over the same run, for each of them less well served than for the one
/// before; two seeds each.
fn compared<'a>(
    scenario: &'a Scenario,
    record: &RunRecord,
    strategies: &[Strategy],
) -> (Comparison<'a>, Vec<Portrait>) {
    let (mut runs, mut portraits) = (Vec::new(), Vec::new());
    for (place, strategy) in strategies.iter().enumerate() {
        let record = worse(record, place, *strategy);
        let report = Report::new(scenario, &record, "");
        portraits.push(Portrait::of(&report));
        let first = Run::of(&report);
        let mut second = Run { seed: first.seed + 1, ..first.clone() };
        second.metrics.demand_met_pct = second.metrics.demand_met_pct.map(|met| met - 3.0);
        runs.push(vec![first, second]);
    }
    let comparison = Comparison {
        scenario,
        strategies: strategies.to_vec(),
        runs,
        baseline: Baseline::Strategy(0),
        command_line: "ampacity compare 'a <b>.toml'".to_owned(),
        wall_s: 0.0,
    };
    (comparison, portraits)
}

/// The run, the worse served the higher `place` is.
fn worse(record: &RunRecord, place: usize, strategy: Strategy) -> RunRecord {
    let mut record = RunRecord { strategy, ..record.clone() };
    for session in record.sessions.iter_mut().skip(place).step_by(3) {
        session.delivered_kwh *= 1.0 - 0.1 * place as f64;
    }
    for sample in &mut record.samples {
        sample.draw = Watts(sample.draw.0 * (20 - place as i64) / 20);
    }
    record
}

fn day() -> (Scenario, RunRecord) {
    run(&Size { chargers: 20, hours: 14, cars_per_day: 42, max_power: Watts(100_000) })
}

fn svgs(figures: &[Figure]) -> Vec<String> {
    figures.iter().map(|figure| figure.chart.to_file()).collect()
}

#[test]
fn charts_are_well_formed_and_the_same_every_time() {
    let (scenario, record) = day();
    let (comparison, portraits) = compared(&scenario, &record, &Strategy::ALL);
    let figures = all(&comparison, &portraits);
    assert_eq!(figures.len(), 9);
    for Figure { chart, tables } in &figures {
        let svg = chart.to_file();
        xml::check(&svg);
        assert!(
            !svg.contains("NaN") && !svg.contains("inf"),
            "{}: a number went wrong",
            chart.slug
        );
        assert!(!chart.caption.is_empty() && !tables.is_empty(), "{}", chart.slug);
        for strategy in Strategy::ALL {
            let drawn =
                [format!("s-{strategy}\""), format!("f-{strategy} "), format!("f-{strategy}\"")];
            assert!(drawn.iter().any(|class| svg.contains(class)), "{}: no {strategy}", chart.slug);
        }
    }
    let page = html::render(&comparison, &[], &figures);
    let (again, portraits) = compared(&scenario, &record, &Strategy::ALL);
    let figures_again = all(&again, &portraits);
    assert_eq!(svgs(&figures), svgs(&figures_again));
    assert_eq!(page, html::render(&again, &[], &figures_again));
}

#[test]
fn every_table_is_named_by_its_chart_and_keeps_its_columns() {
    let (scenario, record) = day();
    let strategies = [Strategy::Equal, Strategy::Priority];
    let (comparison, portraits) = compared(&scenario, &record, &strategies);
    let figures = all(&comparison, &portraits);
    let named: Vec<String> = figures
        .iter()
        .flat_map(|figure| &figure.tables)
        .map(|(name, text)| {
            let mut lines = text.lines();
            let head = lines.next().expect("names of columns");
            let columns = head.split(',').count();
            assert!(lines.clone().count() > 1, "{name} is empty");
            assert!(lines.all(|line| line.split(',').count() == columns), "{name}");
            format!("{name}: {head}")
        })
        .collect();
    for Figure { chart, tables } in &figures {
        let files: Vec<String> = tables.iter().map(|(name, _)| format!("charts/{name}")).collect();
        assert_eq!(chart.data, files);
    }
    insta::assert_snapshot!("comparison_tables", named.join("\n"));
}

#[test]
fn a_table_holds_what_its_chart_draws() {
    let (scenario, record) = day();
    let strategies = [Strategy::Equal, Strategy::RoundRobin];
    let (comparison, portraits) = compared(&scenario, &record, &strategies);
    let figures = all(&comparison, &portraits);
    let table = |name: &str| {
        let tables = figures.iter().flat_map(|figure| &figure.tables);
        tables.clone().find(|table| table.0 == name).expect("a table").1.clone()
    };
    let met = comparison.runs[1][1].metrics.demand_met_pct.expect("a value");
    let row = table("tradeoff.csv").lines().last().expect("a row").to_owned();
    assert!(row.starts_with(&format!("round_robin,8,{met:.3},")), "{row}");
    let wait = table("waiting.csv");
    let last = wait.lines().rfind(|line| line.starts_with("equal,")).expect("a row");
    let (with, without) = (portraits[0].wait_s.len() as f64, portraits[0].without_power as f64);
    assert!(last.ends_with(&format!("{:.3}", 100.0 * with / (with + without))), "{last}");
    let peak = record.samples.iter().map(|sample| sample.draw).max().expect("samples");
    let of_equal: Vec<String> = table("site_power.csv")
        .lines()
        .filter(|line| line.starts_with("run,equal,"))
        .map(str::to_owned)
        .collect();
    let highest = of_equal
        .iter()
        .map(|line| line.split(',').nth(4).and_then(|kw| kw.parse::<f64>().ok()).expect("a peak"))
        .fold(0.0, f64::max);
    assert_eq!(format!("{highest:.3}"), format!("{:.3}", peak.kw()));
}

#[test]
fn a_comparison_of_nothing_has_framed_charts_and_a_page() {
    let mut scenario = fixture::scenario();
    let nothing = RunRecord { from: scenario.start, to: scenario.start, ..RunRecord::default() };
    let whole = RunRecord { to: scenario.start + scenario.duration, ..nothing.clone() };
    for record in [RunRecord::default(), nothing, whole] {
        let (comparison, portraits) =
            compared(&scenario, &record, &[Strategy::Equal, Strategy::Priority]);
        for portraits in [&portraits[..], &[]] {
            let figures = all(&comparison, portraits);
            for svg in svgs(&figures) {
                xml::check(&svg);
                assert!(svg.contains("class=\"title\"") && !svg.contains("NaN"));
            }
            assert!(svgs(&figures).concat().contains("no session had power"));
            let page = html::render(&comparison, &[], &figures);
            assert!(page.contains("No significant difference in anything."), "{page}");
        }
    }
    scenario.chargers.clear();
    let (comparison, portraits) = compared(&scenario, &RunRecord::default(), &[Strategy::Equal]);
    let page = html::render(&comparison, &[], &all(&comparison, &portraits));
    assert!(page.contains("There is nothing to compare with."));
}

#[test]
fn names_from_outside_are_escaped() {
    let (mut scenario, mut record) = (fixture::scenario(), fixture::record());
    record.chargers[0] = "<CP>&\"',".into();
    record.marks[0].1 = "reason </svg><script>".to_owned();
    scenario.name = "Mine <script>alert(1)</script>".to_owned();
    let (comparison, portraits) =
        compared(&scenario, &record, &[Strategy::Equal, Strategy::Priority]);
    let figures = all(&comparison, &portraits);
    for svg in svgs(&figures) {
        xml::check(&svg);
        assert!(!svg.contains("<script"));
    }
    let page = html::render(&comparison, &[], &figures);
    assert!(
        !page.contains("<script") && page.contains("a &lt;b&gt;.toml"),
        "the command is escaped"
    );
    let heat = &figures.last().expect("the heat map").tables[0].1;
    assert!(heat.contains("equal,\"<CP>&\"\"',\","), "{heat}");
}

#[test]
fn the_page_says_what_a_person_asks_first_and_loads_nothing() {
    let (scenario, record) = day();
    let strategies = [Strategy::Equal, Strategy::FirstComeFirstServed];
    let (comparison, portraits) = compared(&scenario, &record, &strategies);
    let figures = all(&comparison, &portraits);
    let page = html::render(&comparison, &[], &figures);
    for words in [
        "Synthetic, 20 chargers",
        "COMPARED",
        "href=\"first_come_first_served/report.html\"",
        "Difference to equal",
        "<b class=\"warning\">worse</b> demand met, %: -",
        "No significant difference: ",
        "ampacity compare ",
        "SHA-256 of the scenario",
        "7, 8",
        env!("CARGO_PKG_VERSION"),
        "href=\"charts/site_power.csv\"",
    ] {
        assert!(page.replace("&#x2f;", "/").contains(words), "{words}: {page}");
    }
    assert_eq!(page.matches("<svg ").count(), 9 + 2, "charts, and a key for each strategy");
    for forbidden in ["<script", "<link", "<img", "src=", "@import", "url("] {
        assert!(!page.contains(forbidden), "{forbidden}");
    }
    let addresses = page.split("http").skip(1);
    assert!(addresses.clone().count() > 0);
    for address in addresses {
        let known = address.starts_with("-equiv") || address.starts_with("://www.w3.org/2000/svg");
        assert!(known, "http{address:.40}");
    }
}

#[test]
fn two_months_of_eight_strategies_stay_small_and_fold_onto_a_week() {
    let (scenario, record) =
        run(&Size { chargers: 33, hours: 60 * 24, cars_per_day: 80, max_power: Watts(60_000) });
    let (comparison, portraits) = compared(&scenario, &record, &Strategy::ALL);
    assert!(portraits.iter().all(|portrait| portrait.heat.columns == Columns::Week));
    let figures = all(&comparison, &portraits);
    for Figure { chart, tables } in &figures {
        xml::check(&chart.to_file());
        assert!(chart.to_file().len() < 1_000_000, "{}", chart.slug);
        assert!(tables.iter().all(|table| table.1.len() < 5_000_000), "{}", chart.slug);
    }
    let power = figures.iter().map(|figure| &figure.chart).find(|chart| chart.slug == "site_power");
    assert!(power.map(Chart::to_inline).expect("it").contains("where strategies differ most"));
    assert!(html::render(&comparison, &[], &figures).len() < 5_000_000);
}
