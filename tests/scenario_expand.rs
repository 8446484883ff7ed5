//! The fleet of a seed, and that no text whatever makes the loader panic.

#[path = "scenarios/read.rs"]
mod read;

use std::collections::BTreeMap;
use std::path::Path;

use ampacity::charger::CurrentKind;
use ampacity::scenario::model::{Fleet, PlannedSession};
use ampacity::scenario::{Scenario, Source, apply_override, expand, load};
use ampacity::time::{Span, Time};
use ampacity::units::Watts;
use proptest::prelude::*;

fn text_of(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios").join(name);
    std::fs::read_to_string(path).expect("a shipped scenario")
}

const SHIPPED: [&str; 8] = [
    "workplace.toml",
    "depot.toml",
    "highway.toml",
    "apartments.toml",
    "supermarket.toml",
    "solar.toml",
    "garage.toml",
    "old_chargers.toml",
];

fn scenario(name: &str, overrides: &[&str]) -> Scenario {
    read::scenario(&format!("scenarios/{name}"), overrides)
}

/// Everything of a fleet that a run can notice.
fn shown(fleet: &Fleet) -> String {
    format!("{} turned away\n{:#?}", fleet.turned_away, fleet.sessions)
}

#[test]
fn the_same_seed_draws_the_same_fleet_and_another_seed_another() {
    for name in SHIPPED {
        let scenario = scenario(name, &[]);
        assert_eq!(shown(&expand(&scenario, 1)), shown(&expand(&scenario, 1)), "{name}");
        assert_ne!(shown(&expand(&scenario, 1)), shown(&expand(&scenario, 2)), "{name}");
    }
}

#[test]
fn every_strategy_meets_the_same_cars() {
    let fleet = |overrides: &[&str]| shown(&expand(&scenario("workplace.toml", overrides), 7));
    let equal = fleet(&[]);
    for strategy in ["first_come_first_served", "priority", "max_throughput"] {
        let strategy = format!("site.strategy={strategy}");
        assert_eq!(fleet(&[&strategy, "site.max_power_kw=40", "chargers.0.priority=9"]), equal);
    }
    assert_ne!(fleet(&["chargers.0.count=19"]), equal, "but chargers do matter");
}

#[test]
fn one_more_car_leaves_the_needs_of_the_others_alone() {
    let needs = |count: &str| {
        let overrides = [count, "chargers.0.count=500"];
        let fleet = expand(&scenario("workplace.toml", &overrides), 7);
        let key = |s: &PlannedSession| (s.arrival, s.departure, s.wish_kwh.to_bits());
        fleet.sessions.iter().map(key).collect::<Vec<_>>()
    };
    let fewer = needs("arrivals.0.count=17");
    let more = needs("arrivals.0.count=18");
    let kept = fewer.iter().filter(|car| more.contains(car)).count();
    assert_eq!((kept, more.len()), (fewer.len(), fewer.len() + 1));
}

fn check_fleet(scenario: &Scenario, fleet: &Fleet) {
    let end = scenario.start + scenario.duration;
    let mut stays: BTreeMap<(usize, u32), Vec<(Time, Time)>> = BTreeMap::new();
    let mut before = (Time(0), 0);
    for session in &fleet.sessions {
        assert!((scenario.start..end).contains(&session.arrival));
        assert!(session.arrival < session.departure);
        assert!(session.departure <= session.announced_departure);
        assert_eq!(session.arrival.0 % 1_000_000, 0, "whole seconds");
        assert!(before <= (session.arrival, session.charger), "in order");
        before = (session.arrival, session.charger);
        let spec = &scenario.chargers[session.charger].spec;
        let car = &session.vehicle;
        match spec.kind {
            CurrentKind::Ac => assert!(car.ac_phases > 0),
            CurrentKind::Dc => assert!(car.dc_max_power > Watts::ZERO),
        }
        assert!((1..=spec.connectors).contains(&session.connector));
        let full = session.initial_kwh + session.wish_kwh * car.efficiency;
        assert!(session.initial_kwh >= 0.0 && session.wish_kwh > 0.0);
        assert!(full <= car.battery_kwh + 1e-9, "the battery takes the wish");
        assert!(session.id_tag.len() <= 20);
        let stay = (session.arrival, session.departure);
        stays.entry((session.charger, session.connector)).or_default().push(stay);
    }
    for stays in stays.values() {
        for pair in stays.windows(2) {
            assert!(pair[0].1 + Span::from_s(60) <= pair[1].0, "a minute between two cars");
        }
    }
    let tags: std::collections::BTreeSet<&str> =
        fleet.sessions.iter().map(|session| session.id_tag.as_str()).collect();
    assert_eq!(tags.len(), fleet.sessions.len());
}

#[test]
fn connectors_are_never_booked_twice_and_cars_fit_them() {
    for name in SHIPPED {
        let scenario = scenario(name, &[]);
        for seed in 0..20 {
            check_fleet(&scenario, &expand(&scenario, seed));
        }
    }
}

#[test]
fn a_full_car_park_turns_cars_away() {
    let scenario = scenario("workplace.toml", &["chargers.0.count=1", "chargers.1.count=1"]);
    let fleet = expand(&scenario, 7);
    check_fleet(&scenario, &fleet);
    assert!(fleet.turned_away > 10, "{}", fleet.turned_away);
    assert!(fleet.sessions.len() >= 2);
}

#[test]
fn a_poisson_process_keeps_its_rate_and_its_hours() {
    let overrides = [
        "duration=60d",
        "chargers.0.count=400",
        "arrivals.1.per_hour=6",
        "arrivals.0.per_hour=0.001",
    ];
    let scenario = scenario("highway.toml", &overrides);
    let fleet = expand(&scenario, 3);
    let afternoon = |s: &&PlannedSession| {
        let local = (s.arrival.0 + scenario.utc_offset.0).rem_euclid(86_400_000_000);
        (13 * 3_600_000_000..19 * 3_600_000_000).contains(&local)
    };
    let cars = fleet.sessions.iter().filter(afternoon).count() as f64;
    let expected = 60.0 * 6.0 * 6.0;
    assert!((cars - expected).abs() < 4.0 * expected.sqrt(), "{cars} of {expected}");
    assert!(fleet.sessions.len() as f64 - cars < 10.0, "hardly anybody at other hours");
}

#[test]
fn weekdays_only_skips_the_weekend() {
    let overrides = ["duration=7d", "chargers.0.count=200"];
    let scenario = scenario("workplace.toml", &overrides);
    let fleet = expand(&scenario, 7);
    let mut per_day = [0; 7];
    for session in &fleet.sessions {
        per_day[(session.arrival.since(scenario.start).hours() / 24.0) as usize] += 1;
    }
    assert_eq!(per_day, [25, 25, 25, 25, 25, 0, 0], "19 people and 6 visitors a day from Monday");
}

#[test]
fn early_leavers_go_before_the_departure_they_announced() {
    let overrides = ["arrivals.0.early_leavers=1", "arrivals.1.early_leavers=0"];
    let scenario = scenario("workplace.toml", &overrides);
    for session in expand(&scenario, 7).sessions {
        let announced = session.announced_departure.since(session.arrival).s();
        let share = session.departure.since(session.arrival).s() / announced;
        let visitor = (share - 1.0).abs() < 1e-9;
        assert!(visitor || (0.29..0.9).contains(&share), "{share}");
    }
}

// ---- no text panics

/// Characters that mean something in a scenario, so that mutations hit more than comments.
const PIECES: [&str; 24] = [
    "",
    " ",
    "\n",
    "=",
    "[",
    "]",
    "[[",
    "]]",
    "{",
    "}",
    "\"",
    "'",
    ",",
    ".",
    "-",
    "0",
    "1e400",
    "99999999999999999999",
    "nan",
    "true",
    "ä",
    "\u{feff}",
    "\\",
    "\t",
];

/// A header, or a key with a value of some type.
const LINE: &str = concat!(
    r"\[site\]|\[\[(chargers|arrivals|vehicles|timeline|assert)\]\]|",
    r"(start|duration|name|model|count|kind|at|sessions|stay|energy_kwh|set|metric|min|ids|base|",
    r"max_power_kw|acceptance) = ",
    r#"("[^"\\]{0,30}"|-?[0-9]{1,25}|[0-9]\.[0-9]|true|\[1, 2\]|\{ table = \[\[0, 1\]\] \})"#,
);

fn survives(text: &str) {
    let csv = text.get(..text.len().min(300)).unwrap_or("arrival,departure,kwh\n");
    let source = Source::new("any.toml", text);
    match load(&source, &|_| Ok(csv.to_owned())) {
        Ok((scenario, warnings)) => {
            warnings.iter().for_each(|warning| drop(warning.render(true)));
            // A mutation may ask for very many cars; loading them is what is tested here.
            if scenario.duration < Span::from_s(3 * 86_400) {
                drop(expand(&scenario, 1));
            }
        }
        Err(problems) => problems.iter().for_each(|problem| drop(problem.render(false))),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(200) })]

    #[test]
    fn arbitrary_text_never_panics(text in "\\PC*") {
        survives(&text);
    }

    #[test]
    fn arbitrary_lines_of_keys_and_values_never_panic(
        lines in proptest::collection::vec(
            LINE,
            0..20,
        ),
    ) {
        survives(&lines.join("\n"));
    }

    #[test]
    fn mutated_scenarios_never_panic(
        file in 0_usize..4,
        edits in proptest::collection::vec((any::<prop::sample::Index>(), 0_usize..12, 0_usize..24), 1..6),
    ) {
        let mut text: Vec<char> = text_of(SHIPPED[file]).chars().collect();
        for (at, cut, piece) in edits {
            let from = at.index(text.len());
            let to = (from + cut).min(text.len());
            text.splice(from..to, PIECES[piece].chars());
        }
        survives(&text.into_iter().collect::<String>());
    }

    #[test]
    fn arbitrary_overrides_never_panic(
        path in "[a-z_]{0,8}(\\.(0|9|[a-z_]{1,8}|max_power_kw|set)){0,3}",
        value in "\\PC{0,12}",
        known in 0_usize..6,
    ) {
        let known = ["site.", "chargers.0.", "timeline.0.", "network.", "arrivals.1.", ""][known];
        let source = Source::new("a.toml", &text_of("workplace.toml"));
        if let Ok(source) = apply_override(&source, &format!("{known}{path}={value}")) {
            survives(source.text());
        }
    }

    #[test]
    fn arbitrary_session_files_never_panic(
        header in 0_usize..4,
        rows in "([0-9+hTZ:\\-\\.,\"\n a-c]|\\PC){0,200}",
    ) {
        let header = [
            "arrival,departure,kwh,charger\n",
            "arrival_min,departure_min,requested_kwh,station,capacity_kwh,init_kwh,max_kw\n",
            "arrival_period,departure_period,requested_kwh\n",
            "",
        ][header];
        let text = format!(
            "{}\n[[arrivals]]\nsessions = \"x.csv\"\nmap_stations = true\n",
            text_of("workplace.toml")
        );
        match load(&Source::new("a.toml", &text), &|_| Ok(format!("{header}{rows}"))) {
            Ok((scenario, _)) => drop(expand(&scenario, 1)),
            Err(problems) => problems.iter().for_each(|problem| drop(problem.render(false))),
        }
    }
}
