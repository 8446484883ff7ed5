//! The central system that a scenario describes.

use crate::allocation::Strategy;
use crate::charger::ChargerSpec;
use crate::csms::{self, Csms, Hardware, SiteConfig, SiteIx, Wiring};
use crate::ids::SiteId;
use crate::scenario::model::Scenario;

/// The central system of a scenario: one site, all charge points commissioned.
pub(super) fn central(scenario: &Scenario, strategy: Strategy) -> (Csms, SiteIx) {
    let mut csms = Csms::new(csms::Options::default());
    let priorities =
        scenario.chargers.iter().map(|charger| (charger.id.clone(), charger.priority)).collect();
    let config = SiteConfig {
        max_power: scenario.site.max_power,
        reserve: scenario.site.reserve,
        strategy,
        min_charge_rate: scenario.site.min_charge_rate,
        priorities,
        worst_load: scenario.site.base_load.as_ref().map(|load| load.worst),
        wiring: wiring(scenario),
        calendar: scenario.site.calendar.clone().map(Box::new),
    };
    let id = SiteId::new(&crate::ids::make("site", scenario.start, 1));
    let site = csms.add_site(id, config, scenario.site.control.clone());
    csms.describe_site(site, &scenario.name, scenario.start);
    let points = scenario
        .chargers
        .iter()
        .map(|charger| (charger.id.clone(), hardware(&charger.spec), charger.spec.connectors));
    csms.add_points(site, points);
    (csms, site)
}

/// What feeders and phases carry, where anything is said of it.
pub(super) fn wiring(scenario: &Scenario) -> Option<Box<Wiring>> {
    let connections = scenario.chargers.iter().filter(|charger| !charger.connection.is_default());
    let connections =
        connections.map(|charger| (charger.id.clone(), charger.connection.clone())).collect();
    let wiring = Wiring { connections, ..scenario.site.wiring.clone() };
    (!wiring.is_empty()).then(|| Box::new(wiring))
}

fn hardware(spec: &ChargerSpec) -> Hardware {
    Hardware {
        kind: spec.kind,
        phases: spec.phases,
        max_current: spec.max_current,
        max_power: spec.max_power,
        voltage_v: spec.voltage_v,
    }
}
