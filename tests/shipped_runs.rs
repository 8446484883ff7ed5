//! The scenarios in `scenarios/`, run: what must hold under every strategy, the figures of the
//! API's example through the whole loop, and the reference runs of `reports/reference/`.
//!
//! When a change of the program moves figures on purpose, `AMPACITY_UPDATE_REFERENCES=1 cargo test
//! --test shipped_runs` writes the references anew; the diff belongs to the change.

use std::path::{Path, PathBuf};

use ampacity::allocation::Strategy;
use ampacity::report::{Report, Verdict, charts, summary};
use ampacity::scenario::model::{Deadlines, Scenario};
use ampacity::scenario::{Source, expand, load};
use ampacity::sim::record::{CommandRecord, ENERGY_TOLERANCE, RunRecord, SessionRecord};
use ampacity::sim::world::World;
use ampacity::time::Span;
use ampacity::units::Watts;

/// Those of the guide.
const STRATEGIES: [Strategy; 4] =
    [Strategy::Equal, Strategy::FirstComeFirstServed, Strategy::Priority, Strategy::MaxThroughput];

/// Those with a reference run.
const SHIPPED: [&str; 8] = [
    "workplace",
    "depot",
    "highway",
    "apartments",
    "supermarket",
    "solar",
    "garage",
    "old_chargers",
];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(name: &str, text: &str, files: &dyn Fn(&str) -> Result<String, String>) -> Scenario {
    match load(&Source::new(name, text), files) {
        Ok((scenario, _)) => scenario,
        Err(problems) => {
            let shown: Vec<String> = problems.iter().map(ToString::to_string).collect();
            panic!("{}", shown.join("\n"))
        }
    }
}

fn shipped(name: &str) -> Scenario {
    let folder = root().join("scenarios");
    let text = std::fs::read_to_string(folder.join(format!("{name}.toml"))).expect("a scenario");
    read(&format!("{name}.toml"), &text, &|file| {
        std::fs::read_to_string(folder.join(file)).map_err(|error| error.to_string())
    })
}

fn run(scenario: &Scenario, strategy: Strategy, seed: u64) -> RunRecord {
    World::new(scenario, &expand(scenario, seed), strategy, seed, None).run()
}

/// Accepted, still open at the end, or refused because the car left while it was on its way.
fn is_sound(record: &RunRecord, command: &CommandRecord) -> bool {
    let crossed = |session: &SessionRecord| {
        session.charger == command.charger
            && session
                .departure
                .is_some_and(|left| left <= command.at && command.at.since(left) < Span::from_s(1))
    };
    match command.status {
        "accepted" | "open" => true,
        "rejected" => record.sessions.iter().any(crossed),
        _ => false,
    }
}

/// What every run of a sound program keeps, whatever the scenario asserts.
fn must_be_sound(report: &Report<'_>, name: &str) {
    must_hold(report, name);
    let m = &report.metrics;
    assert_eq!(m.endogenous_changes, 0, "{name}: {:?}", report.oscillation.endogenous);
    let best = m.optimal_demand_met_pct.expect("demand");
    let met = m.demand_met_pct.expect("demand");
    assert!(met <= best + 0.01, "{name}: {met} % of at most {best} %");
    assert!(m.uncontrolled_demand_met_pct >= Some(best - 0.01), "{name}");
    let lost = report.record.commands.iter().find(|command| !is_sound(report.record, command));
    assert!(lost.is_none(), "{name}: {lost:?}");
}

/// What a run keeps also where chargers refuse commands.
fn must_hold(report: &Report<'_>, name: &str) {
    let m = &report.metrics;
    assert!(report.record.energy.grid_kwh > 100.0, "{name}: nothing happened");
    assert!(m.energy_balance_error <= ENERGY_TOLERANCE, "{name}: {}", m.energy_balance_error);
    assert_eq!(m.draw_uncovered_kw, 0.0, "{name}: a draw the ledger did not cover");
    let failed: Vec<String> = report
        .outcomes
        .iter()
        .filter(|outcome| outcome.fails_run())
        .map(|outcome| format!("{}: {}", outcome.condition(), outcome.found()))
        .collect();
    assert_eq!(report.verdict(), Verdict::Passed, "{name}: {failed:?}");
}

/// Runs a sound scenario with its own seed under every strategy.
fn under_every_strategy(name: &str, look: impl Fn(&Report<'_>, &str)) {
    run_all(name, |report, name| {
        must_be_sound(report, name);
        look(report, name);
    });
}

fn run_all(name: &str, look: impl Fn(&Report<'_>, &str)) {
    let mut scenario = shipped(name);
    for strategy in Strategy::ALL {
        if !STRATEGIES.contains(&strategy) {
            // The stories are of the guide's strategies; who is overtaken by an earlier departure,
            // or whose turn at full power ends, pauses more often.
            scenario.asserts.retain(|assertion| assertion.metric != "pauses_per_session");
        }
        let record = run(&scenario, strategy, scenario.seed);
        let report = Report::new(&scenario, &record, "");
        let name = format!("{name} under {strategy}");
        look(&report, &name);
    }
}

fn must_never_be_over(report: &Report<'_>, name: &str) {
    assert_eq!(report.metrics.over_limit_s, 0.0, "{name}: draw over the limit");
    assert_eq!(report.metrics.committed_over_limit_s, 0.0, "{name}: reserved over the limit");
}

#[test]
fn the_workplace_keeps_its_limit_under_every_strategy() {
    under_every_strategy("workplace", must_never_be_over);
}

#[test]
fn the_flats_keep_their_limit_under_every_strategy() {
    under_every_strategy("apartments", must_never_be_over);
}

#[test]
fn the_motorway_keeps_its_limit_under_every_strategy() {
    under_every_strategy("highway", must_never_be_over);
}

#[test]
fn the_supermarket_gives_way_to_its_building_under_every_strategy() {
    under_every_strategy("supermarket", |report, name| {
        let m = &report.metrics;
        let rises = report.record.limits.windows(2).filter(|pair| pair[1].2 < pair[0].2).count();
        assert_eq!(rises, 3, "{name}: so often the building takes more than before");
        // The meter tells within 10 s, a car follows within 5 s.
        assert!(m.over_limit_s <= 16.0 * rises as f64, "{name}: {} s over", m.over_limit_s);
    });
}

#[test]
fn the_garage_keeps_every_feeder_and_phase_under_every_strategy() {
    under_every_strategy("garage", |report, name| {
        must_never_be_over(report, name);
        let m = &report.metrics;
        assert_eq!(m.wires_over_limit_s, 0.0, "{name}: draw over the limit of a wire");
        let full = report.record.wires.iter().filter(|wire| wire.peak.0 * 20 >= wire.limit.0 * 19);
        assert!(full.count() > 0, "{name}: no wire was ever nearly full");
        assert_eq!(report.record.wires.len(), 3 + 3 + 3 + 3 + 4 + 2, "{name}");
    });
}

#[test]
fn the_office_under_the_sun_keeps_its_evening_limit_and_takes_little_beyond_its_roof() {
    under_every_strategy("solar", |report, name| {
        must_hold(report, name);
        let m = &report.metrics;
        let (record, soft_h) = (report.record, 16.0);
        let moves = record.limits.windows(2).filter(|pair| pair[0].1 != pair[1].1).count();
        assert_eq!(moves, 4, "{name}: two evenings");
        assert!(m.over_soft_limit_s < soft_h * 3600.0, "{name}: {} s", m.over_soft_limit_s);
        let beyond = m.over_soft_limit_kwh / m.energy_delivered_kwh;
        assert!(
            beyond < 0.25,
            "{name}: {beyond} of the energy from the grid for cars that can wait"
        );
        let urgent = record.commands.iter().filter(|command| command.reason == "cannot_wait");
        assert!(urgent.count() > 0, "{name}: nobody was in a hurry");
    });
}

#[test]
fn old_chargers_keep_the_limit_under_every_strategy_and_are_understood_in_time() {
    run_all("old_chargers", |report, name| {
        must_hold(report, name);
        assert_eq!(report.metrics.over_limit_s, 0.0, "{name}: draw over the limit");
        // Every kind that refuses is found out on its first charger, and the second begins there.
        let refused = |charger: &str| {
            let of = |command: &&CommandRecord| {
                let id = report.record.chargers[command.charger].as_str();
                id == charger && command.status == "rejected"
            };
            report.record.commands.iter().filter(of).count()
        };
        for kind in ["watts", "level"] {
            let both = [1, 2].map(|number| refused(&format!("{kind}_00{number}")));
            assert!(both.iter().sum::<usize>() > 0, "{name}: {kind} refused nothing");
            assert!(both.iter().all(|refused| *refused <= 6), "{name}: {kind} {both:?}");
        }
    });
}

#[test]
fn the_depot_is_over_its_limit_only_while_the_step_at_one_is_obeyed() {
    under_every_strategy("depot", |report, name| {
        let m = &report.metrics;
        assert!(m.over_limit_s > 0.0, "{name}: no van can know of the step before it is told");
        assert!(m.over_limit_s <= 6.0, "{name}: {} s over", m.over_limit_s);
        let step = report.record.limits[1].0;
        for sample in &report.record.samples {
            let since = sample.at.since(step);
            if (Span::ZERO..=Span::from_s(60)).contains(&since) {
                continue;
            }
            let limits = report.record.limits.iter().rev();
            let limit = limits.clone().find(|limit| limit.0 <= sample.at).expect("a limit").2;
            assert!(sample.committed <= limit, "{name} at {}", sample.at.to_ocpp());
        }
    });
}

/// The strategies must tell each other apart, or the scenarios are no stories.
#[test]
fn the_morning_at_the_workplace_is_shared_as_each_strategy_says() {
    let scenario = shipped("workplace");
    let records = STRATEGIES.map(|strategy| run(&scenario, strategy, scenario.seed));
    let reports = records.each_ref().map(|record| Report::new(&scenario, record, ""));
    let [equal, first, priority, _] = &reports;
    let fairness = |report: &Report<'_>| report.metrics.jain_satisfaction.unwrap_or(0.0);
    let wait = |report: &Report<'_>| report.metrics.time_to_first_power_s_p95.unwrap_or(0.0);
    assert!(fairness(equal) > fairness(first) + 0.05, "everybody gets a share");
    assert!(wait(equal) < 60.0 && wait(first) > 3600.0, "first come, first served queues");
    assert!(first.metrics.setpoint_changes_per_h < equal.metrics.setpoint_changes_per_h);
    let charged_h = |report: &Report<'_>| -> f64 {
        let sessions = report.record.sessions.iter();
        sessions
            .filter(|session| scenario.chargers[session.charger].priority > 1)
            .flat_map(|session| &session.charging)
            .map(|(from, to)| to.since(*from).hours())
            .sum()
    };
    assert!(charged_h(priority) < 0.8 * charged_h(equal), "weight makes full sooner");
}

#[test]
fn on_a_tight_morning_known_departures_serve_more_and_unknown_ones_come_by_arrival() {
    let mut scenario = shipped("workplace");
    scenario.site.max_power = Watts::from_kw(70.0);
    let mut met = |strategy, deadlines| {
        scenario.site.deadlines = deadlines;
        let record = run(&scenario, strategy, scenario.seed);
        let metrics = Report::new(&scenario, &record, "").metrics;
        (metrics.demand_met_pct.expect("demand"), record.digest)
    };
    let (by_arrival, arrivals) = met(Strategy::FirstComeFirstServed, Deadlines::UserInput);
    let (by_deadline, _) = met(Strategy::EarliestDeadlineFirst, Deadlines::Truth);
    assert!(by_deadline > by_arrival + 2.0, "{by_deadline} against {by_arrival}");
    for deadlines in [Deadlines::Estimate, Deadlines::None] {
        let (_, digest) = met(Strategy::EarliestDeadlineFirst, deadlines);
        assert_eq!(digest, arrivals, "{deadlines:?}: who comes first is taken to leave first");
    }
    let (known, _) = met(Strategy::LeastLaxityFirst, Deadlines::Truth);
    let (unknown, _) = met(Strategy::LeastLaxityFirst, Deadlines::None);
    assert!(known > unknown + 2.0, "{known} against {unknown}");
}

#[test]
fn turns_pass_on_in_the_flats_and_nobody_is_switched_more_often_than_contactors_like() {
    let scenario = shipped("apartments");
    let record = run(&scenario, Strategy::Equal, scenario.seed);
    let metrics = Report::new(&scenario, &record, "").metrics;
    assert!(record.rotations.len() > 10, "turns pass on during the night");
    assert!(metrics.pauses_per_session.is_some_and(|pauses| pauses > 1.0));
    assert!(metrics.shortest_on_s.is_some_and(|on| on >= 240.0), "{:?}", metrics.shortest_on_s);
    assert_eq!(metrics.sessions_without_power, 0, "everybody gets a turn");
    let first = run(&scenario, Strategy::FirstComeFirstServed, scenario.seed);
    let first = Report::new(&scenario, &first, "").metrics;
    assert!(first.sessions_without_power > 0 && first.pauses_per_session == Some(0.0));
}

#[test]
fn learning_what_cars_accept_serves_the_motorway_better() {
    let mut scenario = shipped("highway");
    let seed = scenario.seed;
    let met = |scenario: &Scenario| {
        let record = run(scenario, Strategy::MaxThroughput, seed);
        Report::new(scenario, &record, "").metrics.demand_met_of_feasible_pct.expect("demand")
    };
    let learning = met(&scenario);
    scenario.site.control.learn_acceptance = false;
    let blind = met(&scenario);
    assert!(learning > blind + 2.0, "{learning} against {blind}");
}

/// The numbers of the REST API's example: 100 kW, 10 of them reserved, three sessions at 22 kW.
#[test]
fn three_cars_at_22_kw_on_90_kw_leave_24_idle() {
    let text = r#"
        name = "The example"
        start = "2026-05-04T08:00:00Z"
        duration = "1h"
        [site]
        max_power_kw = 100
        reserve_kw = 10
        min_charge_rate_kw = 3.7
        [[chargers]]
        ids = ["cp_1", "cp_2", "cp_3", "cp_4"]
        model = "ac22"
        [[vehicles]]
        model = "van_3p22"
        [[arrivals]]
        sessions = "three.csv"
    "#;
    let rows = "arrival,departure,kwh,charger\n\
                2026-05-04T08:01:00Z,2026-05-04T08:59:00Z,15,cp_1\n\
                2026-05-04T08:02:00Z,2026-05-04T08:59:00Z,15,cp_2\n\
                2026-05-04T08:03:00Z,2026-05-04T08:59:00Z,15,cp_3\n";
    let scenario = read("example.toml", text, &|_| Ok(rows.to_owned()));
    let fleet = expand(&scenario, scenario.seed);
    for strategy in STRATEGIES {
        let mut world = World::new(&scenario, &fleet, strategy, scenario.seed, None);
        let instant = scenario.start + Span::from_s(10 * 60);
        while world.next_at().is_some_and(|at| at <= instant) {
            world.step();
        }
        let view = world.csms().allocation(world.site());
        let kw = |watts: Watts| (watts.kw() * 10.0).round() / 10.0;
        assert_eq!(
            [view.total_capacity, view.reserved, view.available, view.allocated, view.idle].map(kw),
            [100.0, 10.0, 90.0, 66.0, 24.0],
            "{strategy}"
        );
        assert_eq!(view.chargers.len(), 4);
        for charger in &view.chargers[..3] {
            assert_eq!(kw(charger.allocated), 22.0, "{strategy}");
            assert!(charger.session_id.is_some());
        }
        let free = &view.chargers[3];
        assert_eq!((kw(free.allocated), kw(free.actual_draw)), (0.0, 0.0));
        assert!(free.session_id.is_none());
    }
}

/// The part of `summary.json` that is the same on every machine and in every version.
fn reference(report: &Report<'_>) -> String {
    let full: Vec<String> = summary::render(report).lines().map(str::to_owned).collect();
    let mut kept = String::new();
    let mut inside = false;
    for line in full {
        inside |= line.starts_with("  \"performance\"");
        if !inside && !line.starts_with("  \"ampacity_version\"") {
            kept.push_str(&line);
            kept.push('\n');
        }
        inside &= !line.starts_with("  }");
    }
    kept
}

/// Compares with a file under `reports/reference/`, or writes it when asked to.
fn must_equal_reference(name: &str, fresh: &str) {
    let path: PathBuf = root().join("reports/reference").join(name);
    if std::env::var_os("AMPACITY_UPDATE_REFERENCES").is_some() {
        std::fs::write(&path, fresh).expect("the reference can be written");
        return;
    }
    let kept = std::fs::read_to_string(&path).unwrap_or_default();
    let differing = kept.lines().zip(fresh.lines()).find(|(kept, fresh)| kept != fresh);
    assert!(
        kept == fresh,
        "{name} differs from the run, first here: {differing:?}\n\
         If that is intended: AMPACITY_UPDATE_REFERENCES=1 cargo test --test shipped_runs"
    );
}

#[test]
fn runs_repeat_the_references_byte_for_byte() {
    for name in SHIPPED {
        let scenario = shipped(name);
        let record = run(&scenario, scenario.site.strategy, scenario.seed);
        let report = Report::new(&scenario, &record, "");
        must_equal_reference(&format!("{name}.json"), &reference(&report));
        if name == "workplace" {
            let all = charts::all(&report);
            let chart = all.iter().find(|chart| chart.slug == "site_power").expect("the chart");
            must_equal_reference("workplace-site-power.svg", &chart.to_file());
        }
    }
}
