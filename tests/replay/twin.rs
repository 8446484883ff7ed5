//! A site is simulated and its traffic recorded; from the frames alone, without the scenario and without what our
//! traces say beside them, its twin is inferred, run, and held against it.

use std::collections::BTreeMap;
use std::path::Path;

use ampacity::allocation::Strategy;
use ampacity::import::Names;
use ampacity::replay::twin::{Observer, Options, Poverty, Seen, Twin, Wished, observe, twin};
use ampacity::scenario::model::Scenario;
use ampacity::scenario::{Source, expand, load};
use ampacity::sim::record::RunRecord;
use ampacity::sim::tap::{self, Tap};
use ampacity::sim::world::World;
use ampacity::trace::read::Line;
use ampacity::trace::{Reader, Record, write_line};

const NAMES: Names<'_> = Names {
    list: "trace.jsonl",
    title: "Twin",
    scenario: "twin.toml",
    sessions: "twin-sessions.csv",
};

/// A scenario of the project.
pub(crate) fn shipped(name: &str) -> Scenario {
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
pub(crate) fn recorded(scenario: &Scenario, strategy: Strategy) -> (RunRecord, Seen) {
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

pub(crate) fn run(scenario: &Scenario, strategy: Strategy) -> RunRecord {
    let fleet = expand(scenario, scenario.seed);
    World::new(scenario, &fleet, strategy, scenario.seed, None).run()
}

/// The twin of what was seen, under a strategy that is known, and as a scenario that loads without a warning.
pub(crate) fn twin_of(seen: &Seen, strategy: Strategy) -> (Twin, Scenario) {
    let options = Options { strategy, ..Options::default() };
    let twin = twin(seen, NAMES, &options).expect("cars charge");
    let scenario = loaded("twin.toml", &twin.scenario, &twin.sessions_csv);
    assert_eq!(scenario.site.strategy, strategy);
    (twin, scenario)
}

/// How far a twin is from the truth.
#[derive(Debug)]
pub(crate) struct Distance {
    /// Sessions of the truth in which something was charged.
    pub(crate) sessions: usize,
    /// Sessions of the twin that are none of the truth's, or the other way.
    pub(crate) unmatched: usize,
    /// Differences of the energy per session, shares of the true energy, ascending.
    pub(crate) energy: Vec<f64>,
    /// Root of the mean square of the difference of the site's power, sampled every minute, over that of the true
    /// power.
    pub(crate) power_rms: f64,
}

impl Distance {
    pub(crate) fn between(truth: &RunRecord, twin: &RunRecord) -> Distance {
        let of_truth = energies(truth);
        let mut of_twin = energies(twin);
        let mut energy = Vec::new();
        let mut unmatched = 0;
        let mut worst = (0.0, String::new());
        for (place, wh) in &of_truth {
            let Some(at) = of_twin.iter().position(|(other, _)| other == place) else {
                unmatched += 1;
                continue;
            };
            let (_, other) = of_twin.swap_remove(at);
            let share = (other - wh).abs() / wh;
            if share > 0.005 {
                println!("  {place:?}: {wh:.3} kWh, twin {other:.3} kWh, {:.2} %", share * 100.0);
            }
            if share > worst.0 {
                worst = (share, format!("{place:?}"));
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

    pub(crate) fn median(&self) -> f64 {
        self.energy[self.energy.len() / 2]
    }

    pub(crate) fn worst(&self) -> f64 {
        *self.energy.last().expect("sessions")
    }

    pub(crate) fn within(&self, share: f64) -> usize {
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
pub(crate) fn outcome(run: &RunRecord) -> [f64; 3] {
    let delivered: f64 = run.sessions.iter().map(|it| it.delivered_kwh).sum();
    let wished: f64 = run.sessions.iter().map(|it| it.wish_kwh.min(it.feasible_kwh)).sum();
    [delivered, run.peak.kw(), delivered / wished]
}

/// Prints and judges one round trip.
fn round_trip(name: &str, strategy: Strategy, other: Strategy) {
    let truth = shipped(name);
    let (record, seen) = recorded(&truth, strategy);
    let (twin, scenario) = twin_of(&seen, strategy);
    let again = run(&scenario, strategy);
    let distance = Distance::between(&record, &again);
    println!(
        "{name} {strategy}: {} sessions, {} unmatched; energy per session: median {:.3} %, worst {:.2} %, within 2 %: \
         {} of {}; site power {:.2} % RMS",
        distance.sessions,
        distance.unmatched,
        distance.median() * 100.0,
        distance.worst() * 100.0,
        distance.within(0.02),
        distance.energy.len(),
        distance.power_rms * 100.0
    );
    let asked = [outcome(&run(&truth, other)), outcome(&run(&scenario, other))];
    println!("{name} {other}: truth {:.1?}, twin {:.1?} [kWh, kW, demand met]", asked[0], asked[1]);
    println!("{}", twin.summary);
    assert_eq!((distance.sessions, distance.unmatched), (twin.sessions.len(), 0));
    assert_eq!(distance.within(0.02), distance.sessions, "{distance:?}");
    assert!(distance.power_rms < 0.05, "{distance:?}");
    let [true_energy, ..] = asked[0];
    let [energy, ..] = asked[1];
    assert!((energy - true_energy).abs() < 0.02 * true_energy, "{asked:?}");
}
