//! The scenarios in `scenarios/`: they load without a warning, and draw the cars of their story.

use std::path::{Path, PathBuf};

use ampacity::scenario::model::{Arrivals, TimelineAction};
use ampacity::scenario::{Scenario, Source, expand, load};
use ampacity::units::Watts;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios")
}

fn shipped(name: &str) -> Scenario {
    let path = folder().join(format!("{name}.toml"));
    let text = std::fs::read_to_string(&path).expect("a shipped scenario");
    let files = |name: &str| {
        std::fs::read_to_string(folder().join(name)).map_err(|error| error.to_string())
    };
    match load(&Source::new(&format!("{name}.toml"), &text), &files) {
        Ok((scenario, warnings)) => {
            let shown: Vec<String> = warnings.iter().map(ToString::to_string).collect();
            assert!(shown.is_empty(), "{}", shown.join("\n"));
            scenario
        }
        Err(problems) => {
            let shown: Vec<String> = problems.iter().map(ToString::to_string).collect();
            panic!("{}", shown.join("\n"));
        }
    }
}

#[test]
fn every_shipped_scenario_loads_without_a_warning_and_has_asserts_and_cars() {
    let mut names = Vec::new();
    for entry in std::fs::read_dir(folder()).expect("the folder of scenarios") {
        let path = entry.expect("an entry").path();
        if path.extension().is_some_and(|extension| extension == "toml") {
            names.push(path.file_stem().and_then(|stem| stem.to_str()).unwrap_or("").to_owned());
        }
    }
    for expected in
        ["workplace", "depot", "highway", "apartments", "supermarket", "solar", "old_chargers"]
    {
        assert!(names.iter().any(|name| name == expected), "{expected} is missing");
    }
    for name in &names {
        let scenario = shipped(name);
        assert!(scenario.asserts.len() >= 5, "{name}");
        assert_eq!(&scenario.slug, name);
        assert!(expand(&scenario, scenario.seed).sessions.len() >= 10, "{name}");
    }
}

#[test]
fn the_workplace_is_the_one_of_the_issue() {
    let scenario = shipped("workplace");
    assert_eq!(scenario.chargers.len(), 20);
    assert_eq!(scenario.site.max_power - scenario.site.reserve, Watts(90_000));
    assert_eq!(scenario.start.to_ocpp(), "2026-05-04T04:00:00Z");
    let fleet = expand(&scenario, scenario.seed);
    let offered: Watts =
        fleet.sessions.iter().map(|s| s.vehicle.ac_max_power.min(Watts(22_000))).sum();
    assert!(offered > Watts(180_000), "the morning wants twice the connection: {offered}");
}

#[test]
fn the_depot_loses_power_at_one_and_has_it_back_in_the_morning() {
    let scenario = shipped("depot");
    let limits: Vec<(String, Option<Watts>)> = scenario
        .timeline
        .iter()
        .map(|entry| match &entry.action {
            TimelineAction::Config { max_power, .. } => (entry.at.to_ocpp(), *max_power),
            _ => (entry.at.to_ocpp(), None),
        })
        .collect();
    assert_eq!(
        limits,
        [
            ("2026-11-13T00:00:00Z".to_owned(), Some(Watts(80_000))),
            ("2026-11-13T03:30:00Z".to_owned(), Some(Watts(120_000))),
        ]
    );
    let heavy = scenario.chargers.iter().filter(|charger| charger.priority == 4).count();
    assert_eq!((scenario.chargers.len(), heavy), (24, 8));
}

#[test]
fn the_flats_want_more_minimum_rates_than_fit() {
    let scenario = shipped("apartments");
    let fleet = expand(&scenario, scenario.seed);
    let evening = scenario.start.0 + 10 * 3_600_000_000;
    let plugged =
        fleet.sessions.iter().filter(|s| s.arrival.0 <= evening && s.departure.0 > evening).count()
            as i64;
    let minimum = scenario.site.min_charge_rate.0 * plugged;
    assert!(minimum > 2 * scenario.site.max_power.0, "{plugged} cars at ten in the evening");
}

#[test]
fn the_motorway_serves_both_kinds_of_current() {
    let scenario = shipped("highway");
    assert!(matches!(scenario.arrivals[0], Arrivals::Poisson(_)));
    let fleet = expand(&scenario, scenario.seed);
    let at = |from: usize, to: usize| {
        fleet.sessions.iter().filter(|s| (from..to).contains(&s.charger)).count()
    };
    assert!(at(0, 4) > 10 && at(4, 8) > 10 && at(8, 12) > 5, "every kind of charger is used");
}
