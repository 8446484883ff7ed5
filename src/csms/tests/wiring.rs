//! Feeders, phases, unbalance, shared maximums: what may be drawn through every wire fits it.

use proptest::prelude::*;

use super::stories::{Act, Counted, acts, go_through};
use super::*;
use crate::allocation::network::PhaseRotation;
use crate::csms::wiring::{Connection, Feeder, Wiring};

impl Bench {
    /// The site gets these wires; `cp_0`, `cp_1`, .. are connected as listed.
    pub(super) fn wire(&mut self, wiring: Wiring, connections: &[Connection]) {
        let named = (0..).zip(connections).map(|(number, connection)| {
            (ChargePointId::new(&format!("cp_{number}")), connection.clone())
        });
        let wiring = Wiring { connections: named.collect(), ..wiring };
        let old = self.csms.config(self.site).clone();
        let config = SiteConfig { wiring: Some(Box::new(wiring)), ..old };
        let site = SiteId::new("site_1");
        self.apply(&Input::Configure { site, config }).expect("a good configuration");
    }

    /// A car on the first phase alone draws so much.
    fn meter_one_phase(&mut self, point: usize, transaction: i64, amps: i64) {
        let request = format!(
            r#"{{"connectorId":1,"transactionId":{transaction},"meterValue":[{{"timestamp":"{}","sampledValue":[{{"value":"{}","measurand":"Power.Active.Import","unit":"W"}},{{"value":"{amps}","measurand":"Current.Import","phase":"L1","unit":"A"}},{{"value":"0","measurand":"Current.Import","phase":"L2","unit":"A"}},{{"value":"0","measurand":"Current.Import","phase":"L3","unit":"A"}}]}}]}}"#,
            self.now,
            amps * 230,
        );
        self.call(point, "MeterValues", &request);
    }

    fn overloaded(&self) -> Vec<String> {
        let wires = self.csms.wires(self.site);
        let over = wires.filter(|wire| wire.committed > wire.bound);
        over.map(|wire| format!("{wire:?}")).collect()
    }
}

fn fed_from(feeder: &str, rotation: PhaseRotation) -> Connection {
    Connection { feeder: Some(feeder.to_owned()), rotation, shared_max: None }
}

fn feeder(name: &str, amps: i64) -> Feeder {
    Feeder {
        name: name.to_owned(),
        fed_from: None,
        max_power: None,
        max_current: Some(DeciAmps::from_amps(amps)),
        unbalance: None,
    }
}

#[test]
fn a_feeder_is_shared_by_those_behind_it_and_limits_nobody_else() {
    let mut bench = Bench::new(4);
    let west = Wiring { feeders: vec![feeder("west", 32)], ..Wiring::default() };
    let behind = fed_from("west", PhaseRotation::Rst);
    bench.wire(west, &[behind.clone(), behind]);
    (0..4).for_each(|point| bench.boot(point));
    for point in 0..4 {
        bench.charge(point);
        bench.wait(60);
        assert_eq!(bench.overloaded(), [""; 0]);
    }
    assert_eq!(bench.allocated_kw(), [11.04, 11.04, 22.0, 22.0], "16 A each, and all they can");
}

#[test]
fn three_cars_of_one_phase_find_a_phase_each_where_the_electrician_has_turned_them() {
    use PhaseRotation::{Rst, Str, Trs};
    let kw = |rotations: [PhaseRotation; 3]| {
        let mut bench = Bench::new(3);
        let wiring = Wiring { feeders: vec![feeder("west", 32)], ..Wiring::default() };
        bench.wire(wiring, &rotations.map(|rotation| fed_from("west", rotation)));
        (0..3).for_each(|point| bench.boot(point));
        let transactions = [0, 1, 2].map(|point| bench.charge(point));
        for _ in 0..8 {
            bench.wait(60);
            for (point, transaction) in transactions.into_iter().enumerate() {
                let told = bench.csms.points[point].connectors[0].active.as_ref().unwrap();
                let amps = told.entry.confirmed().0 / 10;
                bench.meter_one_phase(point, transaction, amps);
            }
            assert_eq!(bench.overloaded(), [""; 0]);
        }
        bench.allocated_kw()
    };
    assert_eq!(kw([Rst, Str, Trs]), [7.36; 3], "32 A each");
    assert_eq!(kw([Rst, Rst, Rst]), [3.68, 3.68, 0.0], "16 A at least, 32 A together");
}

#[test]
fn a_car_counts_as_unbalanced_until_it_has_shown_three_phases() {
    let mut bench = Bench::new(1);
    let unbalance = Some(DeciAmps::from_amps(20));
    bench.wire(Wiring { unbalance, ..Wiring::default() }, &[]);
    bench.boot(0);
    let transaction = bench.charge(0);
    bench.wait(60);
    assert_eq!(bench.allocated_kw(), [13.8], "20 A: it may be a car of one phase");
    bench.meter(0, transaction, 20);
    bench.wait(120);
    assert_eq!(bench.allocated_kw(), [22.0]);
}

#[test]
fn what_falls_back_fits_every_wire() {
    let mut bench = Bench::new(4);
    let west = Wiring { feeders: vec![feeder("west", 16)], ..Wiring::default() };
    let behind = fed_from("west", PhaseRotation::Rst);
    bench.wire(west, &[behind.clone(), behind.clone(), behind]);
    let kw = [0, 1, 2, 3].map(|point| bench.csms.fallback(PointIx(point)).kw());
    assert_eq!(kw, [4.14, 4.14, 0.0, 4.14], "16 A carry 6 A twice");
}

#[test]
fn other_loads_take_their_part_of_each_phase() {
    let mut bench = Bench::new(1);
    let max_current = Some(DeciAmps::from_amps(32));
    bench.wire(Wiring { max_current, ..Wiring::default() }, &[]);
    let bounds: Vec<f64> = bench.csms.wires(bench.site).map(|wire| wire.bound.kw()).collect();
    assert_eq!(bounds, [4.026; 3], "7.36 kW less a third of the reserve of 10 kW");
}

fn wired(chargers: usize) -> Bench {
    let mut bench = Bench::with(chargers, 60_000, Rule::Equal);
    let wiring = Wiring {
        max_current: Some(DeciAmps::from_amps(80)),
        feeders: vec![
            feeder("west", 50),
            Feeder { fed_from: Some("west".to_owned()), ..feeder("corner", 20) },
        ],
        ..Wiring::default()
    };
    let shared = Connection { shared_max: Some(Watts(9_000)), ..Connection::default() };
    let connections = [
        fed_from("west", PhaseRotation::Rst),
        fed_from("corner", PhaseRotation::Str),
        fed_from("corner", PhaseRotation::Trs),
        shared,
    ];
    bench.wire(wiring, &connections);
    bench
}

proptest! {
    #![proptest_config(cases(200))]

    /// The invariant of the house on every wire (see `reservations_never_exceed_the_limit`).
    #[test]
    fn what_may_be_drawn_through_a_wire_never_exceeds_it(acts in acts()) {
        let mut bench = wired(6);
        (0..6).for_each(|point| bench.boot(point));
        let mut counted = Counted::default();
        go_through(&mut bench, acts, |bench: &Bench, act: &Act| {
            let wires = bench.csms.wires(bench.site).map(|wire| (wire.committed, wire.bound));
            prop_assert!(counted.is_within(act, wires), "{act:?}: {:?}", bench.overloaded());
            Ok(())
        })?;
    }
}
