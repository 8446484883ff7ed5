//! What charge points can give, by their name or by what cars took there.

use crate::charger::{ChargerSpec, CurrentKind};
use crate::scenario::catalogue;
use crate::time::Span;
use crate::units::NOMINAL_VOLTAGE_V;
use crate::vehicle::{VehicleSpec, catalogue::by_name};

/// The models of the catalogue that imported charge points can have, by power.
const LADDER: [&str; 10] =
    ["ac3_7", "ac7", "ac11", "ac22", "dc25", "dc50", "dc75", "dc150", "dc300", "dc400"];

/// Cars from weak to strong on AC.
const CARS: [&str; 4] = ["micro_1p", "city_1p", "compact_3p11", "van_3p22"];

/// A charge point gives at most this share of its power over a whole stay: a car begins late, and
/// ramps up.
const USABLE: f64 = 0.97;

/// A mean power above the rating by up to this is an inexact clock.
const SLACK: f64 = 1.05;
/// Above this it is another charge point than its name says.
const CONTRADICTS: f64 = 1.15;
/// Of a rating as names round it the model may have this share.
const ROUNDED: f64 = 0.95;

/// The weakest DC model of the ladder.
const WEAKEST_DC_KW: f64 = 25.0;

/// How the power of a charge point was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// By the model or the rated power that the list tells.
    Told,
    /// By the mean power of its sessions.
    Measured,
    /// The sessions took more than the list tells.
    Contradicted,
}

/// The model for a charge point of this rating, and of sessions of this mean power, kW.
pub(super) fn charger(rated_kw: Option<f64>, mean_kw: f64) -> (ChargerSpec, Found) {
    let measured = || at_least(mean_kw / SLACK);
    match rated_kw.map(|kw| at_least(kw * ROUNDED)) {
        Some(spec) if mean_kw > kw(&spec) * CONTRADICTS => (measured(), Found::Contradicted),
        Some(spec) => (spec, Found::Told),
        None => (measured(), Found::Measured),
    }
}

/// The smallest model of the ladder with this power, or the largest.
fn at_least(wanted_kw: f64) -> ChargerSpec {
    let mut ladder = LADDER.iter().filter_map(|name| catalogue::charger(name, NOMINAL_VOLTAGE_V));
    let largest = ladder.clone().next_back();
    // The ladder is never empty: its names are those of the catalogue.
    ladder.find(|spec| kw(spec) >= wanted_kw).or(largest).expect("a model of the catalogue")
}

/// The model for cars of which the list tells the largest power, kW: they charge on one phase, or
/// with DC.
pub(super) fn charger_of_batteries(largest_kw: f64) -> ChargerSpec {
    let one_phase = at_least(largest_kw);
    if one_phase.phases == 1 { one_phase } else { at_least(largest_kw.max(WEAKEST_DC_KW)) }
}

/// What a connector really gives: its rated power, on AC no more than its current carries, kW.
pub(super) fn given_kw(spec: &ChargerSpec) -> f64 {
    let carried = spec.max_current.to_power(NOMINAL_VOLTAGE_V, spec.phases);
    match spec.kind {
        CurrentKind::Ac => carried.kw().min(kw(spec)),
        CurrentKind::Dc => kw(spec),
    }
}

/// Rated power of a connector, kW.
pub(super) fn kw(spec: &ChargerSpec) -> f64 {
    spec.max_power.kw()
}

/// The rating that the name of a model tells, kW.
pub(super) fn rating(model: &str) -> Option<f64> {
    let text = model.to_lowercase();
    for (at, _) in text.match_indices("kw") {
        let before = text[..at].trim_end().replace(',', ".");
        let digits = before.bytes().rev().take_while(|b| b.is_ascii_digit() || *b == b'.').count();
        let number = before[before.len() - digits..].parse::<f64>();
        if let Some(kw) = number.ok().filter(|kw| (1.0..=1000.0).contains(kw)) {
            return Some(kw);
        }
    }
    let has = |word: &str| text.contains(word);
    if has("ultra") {
        Some(150.0)
    } else if has("semi") && has("rapid") {
        Some(22.0)
    } else if ["rapid", "dcfc", "dc fast", "quick"].iter().any(|word| has(word)) {
        Some(50.0)
    } else if has("fast") {
        Some(22.0)
    } else if has("level 2") || has("level2") {
        Some(7.4)
    } else if has("level 1") || has("level1") || has("slow") {
        Some(3.7)
    } else {
        None
    }
}

/// The most that a stay at a charge point can bring, kWh.
pub(super) fn possible_kwh(power_kw: f64, stay: Span) -> f64 {
    power_kw * stay.hours() * USABLE
}

/// What this car draws at most there, kW.
fn drawn_kw(car: &VehicleSpec, spec: &ChargerSpec) -> f64 {
    if spec.kind == CurrentKind::Dc {
        return kw(spec);
    }
    let current = car.ac_max_current.min(spec.max_current);
    let power = current.to_power(NOMINAL_VOLTAGE_V, car.ac_phases.min(spec.phases));
    power.kw().min(kw(spec))
}

/// The weakest car that can take the energy of every stay, each as (charge point, stay, kWh).
pub(super) fn car<'a>(
    stays: &(impl Iterator<Item = (&'a ChargerSpec, Span, f64)> + Clone),
) -> VehicleSpec {
    let mut cars = CARS.iter().filter_map(|name| by_name(name));
    let strongest = cars.clone().next_back();
    let serves = |car: &VehicleSpec| {
        let mut stays = stays.clone();
        // Energies are kept to a watt-hour.
        stays.all(|(spec, stay, kwh)| kwh <= possible_kwh(drawn_kw(car, spec), stay) + 0.002)
    };
    cars.find(serves).or(strongest).expect("a car of the catalogue")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_tell_ratings_and_ratings_find_models() {
        for (name, model) in [
            ("APT 22kW Dual Outlet", "ac22"),
            ("Siemens 7 kW Dual Outlet", "ac7"),
            ("APT Triple Rapid Charger", "dc50"),
            ("Siemens Semi-Rapid", "ac22"),
            ("HPC 150 kW", "dc150"),
            ("11,0 kW Wallbox", "ac11"),
            ("Level 2", "ac7"),
        ] {
            let (spec, found) = charger(rating(name), 1.0);
            assert_eq!((spec.model.as_str(), found), (model, Found::Told), "{name}");
        }
        assert_eq!(rating("Wallbox"), None);
    }

    #[test]
    fn sessions_tell_the_power_where_no_name_does_and_contradict_a_wrong_one() {
        let model = |rated, mean| {
            let (spec, found) = charger(rated, mean);
            (spec.model, found)
        };
        assert_eq!(model(None, 3.2), ("ac3_7".to_owned(), Found::Measured));
        assert_eq!(model(None, 22.8), ("ac22".to_owned(), Found::Measured));
        assert_eq!(model(None, 5000.0), ("dc400".to_owned(), Found::Measured));
        assert_eq!(model(Some(7.0), 21.0), ("ac22".to_owned(), Found::Contradicted));
    }
}
