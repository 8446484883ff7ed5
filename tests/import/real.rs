//! Lists of two real sites, which are not part of the project (AMPACITY_DATA).

use std::path::Path;

use ampacity::import::{self, Names, Options};
use ampacity::scenario::expand;
use ampacity::scenario::quantity::parse_zone;

use crate::given::{NAMES, loaded};

/// The bytes of a list; without the data it says so, and there are none.
fn list(name: &str) -> Option<Vec<u8>> {
    let Some(data) = std::env::var_os("AMPACITY_DATA") else {
        println!("skipped: AMPACITY_DATA names no folder with the recorded sessions");
        return None;
    };
    Some(std::fs::read(Path::new(&data).join(name)).expect("the list"))
}

fn options(zone: &str) -> Options {
    let zone = (zone.to_owned(), parse_zone(zone).expect("a zone"));
    Options { zone: Some(zone), ..Options::default() }
}

#[test]
fn a_year_of_public_charging_is_imported_with_its_dates_put_right() {
    let Some(bytes) = list("perth_kinross_2016-09_2017-08.csv") else { return };
    let names = Names { list: "perth_kinross.csv", ..NAMES };
    let imported = import::sessions(&bytes, names, &options("Europe/London")).expect("a list");
    println!("{}", imported.summary);
    let scenario = loaded(&imported);
    assert_eq!(scenario.chargers.len(), 33);
    assert_eq!(scenario.start.to_ocpp(), "2016-08-31T23:00:00Z");
    assert_eq!(scenario.duration.hours(), 365.0 * 24.0);
    let models = |name| scenario.chargers.iter().filter(|it| it.spec.model == name).count();
    assert_eq!((models("ac7"), models("ac22"), models("dc50")), (5, 13, 15));
    let fleet = expand(&scenario, scenario.seed);
    assert_eq!((fleet.sessions.len(), fleet.turned_away), (13_100, 0));
}

#[test]
fn a_month_at_a_workplace_is_imported_with_its_batteries() {
    let Some(bytes) = list("acnsim_events_caltech_2019-03_5min.csv") else { return };
    let imported = import::acn(&bytes, NAMES, &options("America/Los_Angeles")).expect("events");
    println!("{}", imported.summary);
    let scenario = loaded(&imported);
    assert_eq!((scenario.chargers.len(), scenario.vehicles.len()), (47, 0));
    assert!(scenario.chargers.iter().all(|charger| charger.spec.model == "ac7"));
    assert_eq!(scenario.start.to_ocpp(), "2019-03-01T08:00:00Z");
    let fleet = expand(&scenario, scenario.seed);
    assert_eq!((fleet.sessions.len(), fleet.turned_away), (954, 0));
}
