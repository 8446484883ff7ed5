//! A site is simulated and its traffic recorded; from the frames alone, without the scenario and without what our
//! traces say beside them, its twin is inferred, run, and held against it.

use std::collections::BTreeMap;
use std::path::Path;

use ampacity::allocation::Strategy;
use ampacity::import::Names;
use ampacity::ocpp::Timestamp;
use ampacity::replay::twin::{Observer, Options, Poverty, Seen, Twin, Wished, observe, twin};
use ampacity::scenario::model::Scenario;
use ampacity::scenario::{Source, expand, load};
use ampacity::sim::record::RunRecord;
use ampacity::sim::tap::{self, Tap};
use ampacity::sim::world::World;
use ampacity::time::{Span, Time};
use ampacity::trace::read::Line;
use ampacity::trace::{Reader, Record, write_line};

const NAMES: Names<'_> = Names {
    list: "trace.jsonl",
    title: "Twin",
    scenario: "twin.toml",
    sessions: "twin-sessions.csv",
};

/// A scenario of the project.
fn shipped(name: &str) -> Scenario {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios").join(name);
    let text = std::fs::read_to_string(path).expect("a scenario of the project");
    loaded(name, &text, "")
}

fn loaded(name: &str, text: &str, sessions: &str) -> Scenario {
    match load(&Source::new(name, text), &|_| Ok(sessions.to_owned())) {
        Ok((scenario, warnings)) => {
            assert!(warnings.is_empty(), "{warnings:?}\n{text}");
            scenario
        }
        Err(errors) => panic!("{errors:?}\n{text}\n{sessions}"),
    }
}

/// Runs a scenario, and what its frames show.
fn recorded(scenario: &Scenario, strategy: Strategy) -> (RunRecord, Seen) {
    let fleet = expand(scenario, scenario.seed);
    let mut observer = Observer::default();
    let mut number = 0;
    let mut text = String::new();
    let tap: Tap<'_> = Box::new(|told: tap::Seen<'_>| {
        let tap::Seen::Frame(frame) = told else { return };
        text.clear();
        let point = scenario.chargers[frame.point].id.as_str();
        assert!(write_line(&mut text, frame.at, point, frame.from_point, frame.text));
        number += 1;
        observer.take(&Line { number, record: Record::parse(text.trim_end()) });
    });
    let record = World::new(scenario, &fleet, strategy, scenario.seed, Some(tap)).run();
    (record, observer.finish())
}

fn run(scenario: &Scenario, strategy: Strategy) -> RunRecord {
    let fleet = expand(scenario, scenario.seed);
    World::new(scenario, &fleet, strategy, scenario.seed, None).run()
}

/// The twin of what was seen, under a strategy that is known, and as a scenario that loads without a warning.
fn twin_of(seen: &Seen, strategy: Strategy) -> (Twin, Scenario) {
    let options = Options { strategy, ..Options::default() };
    let twin = twin(seen, NAMES, &options).expect("cars charge");
    let scenario = loaded("twin.toml", &twin.scenario, &twin.sessions_csv);
    assert_eq!(scenario.site.strategy, strategy);
    (twin, scenario)
}

/// How far a twin is from the truth.
#[derive(Debug)]
struct Distance {
    /// Sessions of the truth in which something was charged.
    sessions: usize,
    /// Sessions of the twin that are none of the truth's, or the other way.
    unmatched: usize,
    /// Differences of the energy per session, shares of the true energy, ascending.
    energy: Vec<f64>,
    /// Root of the mean square of the difference of the site's power, sampled every minute, over that of the true
    /// power.
    power_rms: f64,
}

impl Distance {
    fn between(truth: &RunRecord, twin: &RunRecord) -> Distance {
        let of_truth = energies(truth);
        let mut of_twin = energies(twin);
        let mut energy = Vec::new();
        let mut unmatched = 0;
        for (place, wh) in &of_truth {
            let at = of_twin.iter().position(|(other, _)| other == place);
            let Some(at) = at else {
                unmatched += 1;
                continue;
            };
            let (_, other) = of_twin.swap_remove(at);
            let share = (other - wh).abs() / wh;
            if share > 0.02 {
                println!("{place:?}: {wh:.3} kWh, twin {other:.3} kWh");
            }
            energy.push(share);
        }
        energy.sort_by(f64::total_cmp);
        let power = |run: &RunRecord| -> BTreeMap<i64, f64> {
            run.samples.iter().map(|it| (it.at.unix_s() / 60, it.draw.kw())).collect()
        };
        let (true_power, twin_power) = (power(truth), power(twin));
        let (mut apart, mut all) = (0.0, 0.0);
        for (minute, kw) in &true_power {
            apart += (kw - twin_power.get(minute).copied().unwrap_or(0.0)).powi(2);
            all += kw.powi(2);
        }
        Distance {
            sessions: of_truth.len(),
            unmatched: unmatched + of_twin.len(),
            energy,
            power_rms: (apart / all).sqrt(),
        }
    }

    fn within(&self, share: f64) -> usize {
        self.energy.iter().filter(|it| **it <= share).count()
    }
}

/// Energy of the sessions that got any, kWh, by charger and number of the visit there.
fn energies(run: &RunRecord) -> Vec<((String, usize), f64)> {
    let mut visits: BTreeMap<&str, usize> = BTreeMap::new();
    let mut all = Vec::new();
    for session in run.sessions.iter().filter(|it| it.delivered_kwh >= 0.02) {
        let charger = run.chargers[session.charger].as_str();
        let number = visits.entry(charger).and_modify(|it| *it += 1).or_insert(1);
        all.push(((charger.to_owned(), *number), session.delivered_kwh));
    }
    all
}

/// Energy, peak and share of the demand that was met: kWh, kW, 0..=1.
fn outcome(run: &RunRecord) -> [f64; 3] {
    let delivered: f64 = run.sessions.iter().map(|it| it.delivered_kwh).sum();
    let wished: f64 = run.sessions.iter().map(|it| it.wish_kwh.min(it.feasible_kwh)).sum();
    [delivered, run.peak.kw(), delivered / wished]
}

/// Prints and judges one round trip; the truth under another strategy is asked for afterwards, and so is the twin.
fn round_trip(name: &str, strategy: Strategy, other: Strategy) {
    let truth = shipped(name);
    let (record, seen) = recorded(&truth, strategy);
    let (twin, scenario) = twin_of(&seen, strategy);
    let distance = Distance::between(&record, &run(&scenario, strategy));
    println!(
        "{name}, {strategy}: {} sessions, {} unmatched; energy per session: median {:.3} %, worst {:.2} %, within \
         2 %: {} of {}; site power {:.2} % RMS",
        distance.sessions,
        distance.unmatched,
        distance.energy[distance.energy.len() / 2] * 100.0,
        distance.energy[distance.energy.len() - 1] * 100.0,
        distance.within(0.02),
        distance.energy.len(),
        distance.power_rms * 100.0
    );
    let [asked, answered] = [&truth, &scenario].map(|it| outcome(&run(it, other)));
    println!(
        "{name}, {other}: truth {asked:.2?}, twin {answered:.2?} (kWh, kW, share of the demand)"
    );
    assert_eq!((distance.sessions, distance.unmatched), (twin.sessions.len(), 0), "{distance:?}");
    assert_eq!(distance.within(0.02), distance.sessions, "{distance:?}");
    assert!(distance.power_rms < 0.05, "{distance:?}");
    let near = |one: f64, two: f64, share: f64| (one - two).abs() <= share * one;
    assert!(near(asked[0], answered[0], 0.03), "energy: {asked:?} {answered:?}");
    assert!(near(asked[1], answered[1], 0.03), "peak: {asked:?} {answered:?}");
    assert!(near(asked[2], answered[2], 0.10), "demand met: {asked:?} {answered:?}");
}

#[test]
fn the_twin_of_a_workplace_does_what_the_workplace_did() {
    round_trip("workplace.toml", Strategy::Equal, Strategy::FirstComeFirstServed);
}

#[test]
fn the_twin_of_a_depot_knows_of_the_hours_with_less_power() {
    round_trip("depot.toml", Strategy::Equal, Strategy::FirstComeFirstServed);
}

/// Frames of a wallbox, as (seconds after nine o'clock, from it, frame).
fn told(frames: &[(i64, bool, &str)]) -> Seen {
    let nine = Time::from_civil(2026, 5, 4, 9, 0, 0).expect("a date");
    let mut text = String::new();
    for (s, from_point, frame) in frames {
        assert!(
            write_line(&mut text, nine + Span::from_s(*s), "wall", *from_point, frame),
            "{frame}"
        );
    }
    observe(&mut Reader::new(text.as_bytes())).expect("bytes can be read")
}

const START: &str = r#"[2,"5","StartTransaction",{"connectorId":1,"idTag":"Ann","meterStart":1000,"timestamp":"2026-05-04T09:01:00Z"}]"#;
const STARTED: &str = r#"[3,"5",{"transactionId":7,"idTagInfo":{"status":"Accepted"}}]"#;

fn meter(minute: u32, register_wh: u32, watts: u32) -> String {
    format!(
        r#"[2,"m{minute}","MeterValues",{{"connectorId":1,"transactionId":7,"meterValue":[{{"timestamp":"2026-05-04T09:{minute:02}:00Z","sampledValue":[{{"value":"{register_wh}"}},{{"value":"{watts}","measurand":"Power.Active.Import","unit":"W"}},{{"value":"16.0","measurand":"Current.Import","phase":"L1","unit":"A"}}]}}]}}]"#
    )
}

#[test]
fn a_card_before_the_start_is_the_arrival_and_a_stop_the_departure_when_nothing_else_tells() {
    let meter = meter(31, 2840, 3680);
    let seen = told(&[
        (20, true, r#"[2,"4","Authorize",{"idTag":"ann"}]"#),
        (60, true, START),
        (60, false, STARTED),
        (1860, true, &meter),
        (
            3660,
            true,
            r#"[2,"6","StopTransaction",{"meterStop":4680,"timestamp":"2026-05-04T10:01:00Z","transactionId":7,"reason":"Local"}]"#,
        ),
        (7200, true, r#"[2,"8","Heartbeat",{}]"#),
    ]);
    let (twin, scenario) = twin_of(&seen, Strategy::Equal);
    let [session] = &twin.sessions[..] else { panic!("{:?}", twin.sessions) };
    let nine = Time::from_civil(2026, 5, 4, 9, 0, 0).expect("a date");
    assert_eq!(session.arrival, nine + Span::from_s(20));
    assert_eq!(session.departure, nine + Span::from_s(3660));
    assert_eq!(session.delivered_mwh, 3_680_000);
    assert_eq!(seen.points[0].hardware.max_power.0, 3_700, "one phase of 16 A");
    assert!(
        session.wished != Wished::Told && session.wish_mwh > session.delivered_mwh,
        "{session:?}"
    );
    assert!(twin.summary.contains("by the card") && twin.summary.contains("by StopTransaction"));
    let run = run(&scenario, Strategy::Equal);
    assert!((run.sessions[0].delivered_kwh - 3.68).abs() < 0.1, "{:?}", run.sessions);
}

#[test]
fn a_car_that_takes_no_more_although_it_may_has_told_its_wish() {
    let meters = [meter(31, 2840, 3680), meter(40, 3000, 0), meter(50, 3000, 0)];
    let seen = told(&[
        (
            0,
            true,
            r#"[2,"3","StatusNotification",{"connectorId":1,"errorCode":"NoError","status":"Preparing"}]"#,
        ),
        (60, true, START),
        (60, false, STARTED),
        (1860, true, &meters[0]),
        (2400, true, &meters[1]),
        (3000, true, &meters[2]),
        (
            3300,
            true,
            r#"[2,"6","StopTransaction",{"meterStop":3000,"timestamp":"2026-05-04T09:55:00Z","transactionId":7,"reason":"EVDisconnected"}]"#,
        ),
    ]);
    let (twin, _) = twin_of(&seen, Strategy::Equal);
    let session = &twin.sessions[0];
    assert_eq!((session.wished, session.wish_mwh), (Wished::Told, 2_000_000));
}

#[test]
fn a_trace_without_energy_says_what_is_missing() {
    let preparing = r#"[2,"3","StatusNotification",{"connectorId":1,"errorCode":"NoError","status":"Preparing"}]"#;
    let seen = told(&[(0, true, preparing), (900, true, r#"[2,"4","Heartbeat",{}]"#)]);
    let poverty = twin(&seen, NAMES, &Options::default()).map(|_| ()).unwrap_err();
    assert_eq!(poverty, Poverty::NoSession(1));
    assert!(poverty.to_string().contains("1 stays without energy"), "{poverty}");
    assert_eq!(seen.points.len(), 1);
    let nothing = twin(&told(&[]), NAMES, &Options::default()).map(|_| ()).unwrap_err();
    assert_eq!(nothing, Poverty::NoRecord);
}

/// The capture as a trace; its times are local.
fn captured() -> Option<String> {
    let Some(data) = std::env::var_os("AMPACITY_DATA") else {
        println!("skipped: AMPACITY_DATA does not name the data folder");
        return None;
    };
    let path = Path::new(&data).join("captures/home_assistant_ocpp.log");
    let log = std::fs::read_to_string(path).expect("the capture");
    let mut trace = String::new();
    for line in log.lines() {
        let Some((head, frame)) =
            line.split_once(": ").and_then(|(head, rest)| Some((head, &rest[rest.find('[')?..])))
        else {
            continue;
        };
        let time = format!("{}T{}Z", &head[..10], &head[11..23]);
        let Some(Timestamp(at)) = Timestamp::parse(&time) else { continue };
        write_line(&mut trace, at, "CP-HA-1", line.contains("receive message"), frame);
    }
    Some(trace)
}

#[test]
fn the_capture_of_a_wallbox_becomes_a_scenario_that_runs_under_every_strategy() {
    let Some(trace) = captured() else { return };
    let seen = observe(&mut Reader::new(trace.as_bytes())).expect("bytes can be read");
    let point = &seen.points[0];
    assert_eq!((point.connectors, point.hardware.phases), (1, 3));
    assert_eq!(point.heartbeat, Some(Span::from_s(3600)));
    let (twin, scenario) = twin_of(&seen, Strategy::Equal);
    println!("{}", twin.summary);
    let [session] = &twin.sessions[..] else { panic!("{:?}", twin.sessions) };
    assert_eq!(session.delivered_mwh, 248_000, "3051361 Wh less 3051113 Wh");
    for strategy in Strategy::ALL {
        let run = run(&scenario, strategy);
        assert!(run.sessions[0].delivered_kwh > 0.1, "{strategy}: {:?}", run.sessions);
    }
}
