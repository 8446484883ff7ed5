//! What lies on feeders and phases while a world runs: what cars truly draw, and what the central
//! system has to reckon with.

use crate::allocation::network::{Limits, Loads, Place};
use crate::csms::{Csms, SiteIx, Spot, Wire};
use crate::scenario::model::Scenario;
use crate::sim::balance::OverLimit;
use crate::sim::central::wiring;
use crate::sim::record::WireRecord;
use crate::time::Time;
use crate::units::Watts;
use crate::vehicle::Draw;

/// See the module. Powers are counted in milliwatts here, as the draw of cars is.
pub(super) struct Wires {
    limits: Limits,
    spots: Vec<Spot>,
    loads: Loads,
    /// By connector: where a car draws, and how much.
    drawn: Vec<Option<(Place, Watts)>>,
    gauges: Vec<Gauge>,
    /// Of what the central system reckons with, when it was looked at last.
    version: u64,
}

/// A limit and what was on it.
struct Gauge {
    name: String,
    bound: Watts,
    peak: Watts,
    drawn: OverLimit,
    committed: OverLimit,
}

impl Wires {
    /// The wires of a scenario, if it says anything of them.
    pub(super) fn new(
        scenario: &Scenario,
        csms: &Csms,
        site: SiteIx,
        bays: usize,
    ) -> Option<Box<Wires>> {
        let wiring = wiring(scenario)?;
        let (mut network, spots) =
            wiring.network(scenario.chargers.iter().map(|charger| &charger.id));
        for node in &mut network.nodes {
            let milli = |bound: Watts| Watts(bound.0 * 1000);
            node.power = node.power.map(milli);
            node.per_phase = node.per_phase.map(|phases| phases.map(milli));
            node.unbalance = node.unbalance.map(milli);
        }
        let limits = Limits::new(&network);
        let start = scenario.start;
        let gauges = csms.wires(site).map(|wire| Gauge {
            name: wire.name.to_owned(),
            bound: wire.bound,
            peak: Watts::ZERO,
            drawn: OverLimit::new(start, wire.bound.0 * 1000),
            committed: OverLimit::new(start, wire.bound.0 * 1000),
        });
        let (gauges, loads) = (gauges.collect(), limits.unloaded());
        let version = csms.wires_version(site);
        Some(Box::new(Wires { limits, spots, loads, drawn: vec![None; bays], gauges, version }))
    }

    /// A car draws something else from now on.
    pub(super) fn draws(&mut self, now: Time, point: usize, bay: usize, draw: Draw) {
        let phases = draw.current_ma.iter().filter(|current| **current > 0).count() as u8;
        let drawn = (draw.power_mw > 0)
            .then(|| (self.spots[point].place(Some(phases.max(1))), Watts(draw.power_mw)));
        let before = std::mem::replace(&mut self.drawn[bay], drawn);
        if before == drawn {
            return;
        }
        if let Some((place, power)) = before {
            self.loads.add(&self.limits, place, Watts(-power.0));
        }
        if let Some((place, power)) = drawn {
            self.loads.add(&self.limits, place, power);
        }
        for (limit, gauge) in self.gauges.iter_mut().enumerate() {
            let load = self.loads.on(limit);
            gauge.drawn.set_power(now, load.0);
            gauge.peak = gauge.peak.max(load);
        }
    }

    /// What may be in force, or what other loads leave, is perhaps something else from now on.
    pub(super) fn look(&mut self, now: Time, csms: &Csms, site: SiteIx) {
        let version = csms.wires_version(site);
        if std::mem::replace(&mut self.version, version) == version {
            return;
        }
        // The central system may be told of other wires than there are.
        let same = |(gauge, wire): &(&mut Gauge, Wire<'_>)| gauge.name == wire.name;
        for (gauge, wire) in self.gauges.iter_mut().zip(csms.wires(site)).filter(same) {
            if gauge.bound != wire.bound {
                gauge.bound = wire.bound;
                gauge.drawn.set_limit(now, wire.bound.0 * 1000);
                gauge.committed.set_limit(now, wire.bound.0 * 1000);
            }
            gauge.committed.set_power(now, wire.committed.0 * 1000);
        }
    }

    /// The run is over.
    pub(super) fn finish(&mut self, end: Time) -> Vec<WireRecord> {
        let finished = self.gauges.iter_mut().map(|gauge| {
            gauge.drawn.advance(end);
            gauge.committed.advance(end);
            WireRecord {
                name: gauge.name.clone(),
                limit: gauge.bound,
                peak: Watts(gauge.peak.0 / 1000),
                over_limit: gauge.drawn.excess(),
                committed_over_limit: gauge.committed.excess(),
            }
        });
        finished.collect()
    }
}
