//! What holds for every car under every sequence of offers.

use std::sync::Arc;

use ampacity::time::{Span, Time};
use ampacity::units::{DeciAmps, Watts};
use ampacity::vehicle::{Acceptance, Draw, Offer, Vehicle, VehicleSpec};
use proptest::prelude::*;

const ARRIVAL: Time = Time::from_unix_s(1_777_875_600);

/// Offers with the span to wait before each.
type Offers = Vec<(Span, Offer)>;

#[derive(Clone, Debug)]
struct Visit {
    spec: Arc<VehicleSpec>,
    initial_kwh: f64,
    wish_kwh: f64,
    offers: Offers,
    end: Time,
}

impl Visit {
    fn car(&self) -> Vehicle {
        Vehicle::new(Arc::clone(&self.spec), self.initial_kwh, self.wish_kwh, ARRIVAL)
    }

    /// The offers with their instants.
    fn timed(&self) -> Vec<(Time, Offer)> {
        let mut now = ARRIVAL;
        self.offers
            .iter()
            .map(|(gap, offer)| {
                now += *gap;
                (now, *offer)
            })
            .collect()
    }

    /// Plays the visit event by event, as the kernel does, and shows every stretch of constant
    /// draw: (from, to, draw).
    fn stretches(&self) -> (Vehicle, Vec<(Time, Time, Draw)>) {
        let mut car = self.car();
        let mut stretches = Vec::new();
        let mut now = ARRIVAL;
        let mut run_to = |car: &mut Vehicle, until: Time| {
            loop {
                let to = car.next_change().min(until);
                assert!(car.next_change() > now, "the next change lies ahead");
                stretches.push((now, to, car.draw()));
                now = to;
                if car.next_change() > until {
                    break;
                }
                car.advance(to);
            }
        };
        for (at, offer) in self.timed() {
            run_to(&mut car, at);
            car.set_offer(at, offer);
        }
        run_to(&mut car, self.end);
        car.advance(self.end);
        (car, stretches)
    }
}

fn any_acceptance() -> impl Strategy<Value = Acceptance> {
    let table =
        prop::collection::vec((0.0..=1.0_f64, 0.0..=1.0_f64), 1..6).prop_map(|mut points| {
            points.sort_by(|a, b| a.0.total_cmp(&b.0));
            Acceptance::Table(points)
        });
    prop_oneof![
        Just(Acceptance::Ideal),
        (0.0..1.0_f64, 0.0..=1.0_f64).prop_map(|(transition_soc, end_share)| {
            Acceptance::TwoStage { transition_soc, end_share }
        }),
        table,
    ]
}

fn any_spec() -> impl Strategy<Value = VehicleSpec> {
    let reaction = prop_oneof![Just(0), 0..6_000_000_i64];
    let ramp = prop_oneof![Just(0.0), 0.5..30.0_f64];
    (
        (0.5..120.0_f64, 0..=3_u8, 60..640_i64, 1_000..25_000_i64, 0..300_000_i64),
        (60..110_i64, any_acceptance(), 0.5..=1.0_f64, reaction, ramp),
    )
        .prop_map(
            |((kwh, phases, amps, ac_w, dc_w), (min, curve, efficiency, delay, ramp))| {
                VehicleSpec {
                    name: "any".to_owned(),
                    battery_kwh: kwh,
                    ac_phases: phases,
                    ac_max_current: DeciAmps(amps),
                    ac_max_power: Watts(ac_w),
                    dc_max_power: Watts(dc_w),
                    min_current: DeciAmps(min),
                    acceptance: curve,
                    efficiency,
                    reaction: Span(delay),
                    ramp_per_s: ramp,
                    fall_time_constant: Span::ZERO,
                    swing: 0.0,
                }
            },
        )
}

/// Offers of an EVSE of this nominal voltage.
fn any_ac_offer(voltage_v: i64) -> impl Strategy<Value = Offer> {
    (60..400_i64, 1..=3_u8, 2_000..23_000_i64).prop_map(move |(current, phases, watts)| Offer::Ac {
        current: DeciAmps(current),
        phases,
        voltage_v,
        max_power: Watts(watts),
    })
}

fn any_dc_offer() -> impl Strategy<Value = Offer> {
    (0..300_000_i64).prop_map(|watts| Offer::Dc { power: Watts(watts) })
}

/// Gaps from the same instant over fractions of the reaction time to an hour.
fn any_gap() -> impl Strategy<Value = Span> {
    prop_oneof![Just(0), 1..3_000_000_i64, 1..30_000_000_i64, 1..3_600_000_000_i64].prop_map(Span)
}

fn any_offers() -> impl Strategy<Value = Offers> {
    prop_oneof![Just(230), Just(208)].prop_flat_map(|volts| {
        let ac = prop_oneof![1 => Just(Offer::None), 6 => any_ac_offer(volts)].boxed();
        let dc = prop_oneof![1 => Just(Offer::None), 6 => any_dc_offer()].boxed();
        let any = prop_oneof![Just(Offer::None), any_ac_offer(volts), any_dc_offer()].boxed();
        prop_oneof![3 => Just(ac), 2 => Just(dc), 1 => Just(any)]
            .prop_flat_map(|offer| prop::collection::vec((any_gap(), offer), 1..25))
    })
}

fn any_visit() -> impl Strategy<Value = Visit> {
    let wish = prop_oneof![Just(f64::INFINITY), 0.0..60.0_f64, 0.0..1.0_f64];
    (any_spec(), 0.0..=1.0_f64, wish, any_offers(), 0..20_000_000_000_i64).prop_map(
        |(spec, soc, wish_kwh, offers, rest)| {
            let given = offers.iter().map(|(gap, _)| gap.0).sum::<i64>();
            Visit {
                initial_kwh: soc * spec.battery_kwh,
                spec: Arc::new(spec),
                wish_kwh,
                offers,
                end: ARRIVAL + Span(given + rest),
            }
        },
    )
}

/// The most an offer lets this car draw: per phase in mA, and in mW.
fn envelope(spec: &VehicleSpec, offer: Offer) -> ([i64; 3], i64) {
    match offer {
        Offer::None => ([0; 3], 0),
        Offer::Ac { current, phases, voltage_v, max_power } => {
            let used = phases.min(spec.ac_phases);
            let mut ma = [0; 3];
            ma[..usize::from(used)].fill(current.min(spec.ac_max_current).0 * 100);
            let by_current = ma[0] * voltage_v * i64::from(used);
            (ma, by_current.min(max_power.0 * 1000).min(spec.ac_max_power.0 * 1000))
        }
        Offer::Dc { power } => {
            let mw = power.min(spec.dc_max_power).0 * 1000;
            ([mw / 690; 3], mw)
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 600, failure_persistence: None, ..Default::default() })]

    #[test]
    fn the_draw_stays_within_the_offers_of_the_last_reaction_time(visit in any_visit()) {
        let (_, stretches) = visit.stretches();
        let mut offers = vec![(Time(i64::MIN), Offer::None)];
        offers.extend(visit.timed());
        for (from, to, draw) in stretches.into_iter().filter(|(from, to, _)| from < to) {
            // The draw at the end of the stretch has had the most time to react.
            let last = Time(to.0 - 1);
            let (mut ma, mut mw) = ([0; 3], 0);
            for (index, (at, offer)) in offers.iter().enumerate() {
                let until = offers.get(index + 1).map_or(Time::NEVER, |next| next.0);
                let in_window = *at <= from && until > last - visit.spec.reaction;
                if in_window && until > *at {
                    let (phase_ma, power_mw) = envelope(&visit.spec, *offer);
                    ma = std::array::from_fn(|phase| phase_ma[phase].max(ma[phase]));
                    mw = mw.max(power_mw);
                }
            }
            for (phase, allowed) in ma.iter().enumerate() {
                prop_assert!(draw.current_ma[phase] <= *allowed, "{draw:?} over {ma:?} at {from}");
            }
            prop_assert!(draw.power_mw <= mw, "{draw:?} over {mw} mW at {from}");
        }
    }

    #[test]
    fn an_outside_meter_counts_the_same_energy_to_the_last_bit(visit in any_visit()) {
        let (car, stretches) = visit.stretches();
        let outside: i128 = stretches
            .iter()
            .map(|(from, to, draw)| i128::from(draw.power_mw) * i128::from(to.since(*from).0))
            .sum();
        prop_assert_eq!(car.metered_mw_us(), outside);
    }

    #[test]
    fn meter_battery_and_losses_balance(visit in any_visit()) {
        let (car, _) = visit.stretches();
        let grid = car.metered_kwh();
        let error = (grid - car.gained_kwh() - car.losses_kwh()).abs();
        prop_assert!(error <= 1e-12 * grid, "off by {} kWh of {}", error, grid);
        prop_assert!(car.gained_kwh() >= 0.0 && car.losses_kwh() >= 0.0);
        prop_assert!(car.battery_kwh() <= visit.spec.battery_kwh + 1e-6);
        prop_assert!(grid <= visit.wish_kwh + 1e-6);
        prop_assert!(car.wants_power() || car.draw() == Draw::default());
    }

    #[test]
    fn events_are_finite_in_number(visit in any_visit()) {
        let (_, stretches) = visit.stretches();
        let curve = 64 * 7;
        let offers = 4 * visit.offers.len() + 4;
        let ramp = if visit.spec.ramp_per_s > 0.0 {
            visit.end.since(ARRIVAL).whole_s() as usize
        } else {
            0
        };
        prop_assert!(stretches.len() <= curve + offers + ramp, "{} stretches", stretches.len());
    }

    #[test]
    fn the_way_to_an_instant_leaves_no_trace(
        visit in any_visit(),
        stops in prop::collection::vec(0.0..1.0_f64, 0..40),
        fall in 0..20_000_000_i64,
        swing in prop_oneof![Just(0.0), 0.0..3.0_f64],
    ) {
        let spec = VehicleSpec {
            fall_time_constant: Span(fall),
            swing,
            ..(*visit.spec).clone()
        };
        let visit = Visit { spec: Arc::new(spec), ..visit };
        let length = visit.end.since(ARRIVAL).0 as f64;
        let mut stops: Vec<_> =
            stops.iter().map(|share| ARRIVAL + Span((share * length) as i64)).collect();
        stops.sort();
        let (mut direct, mut detour) = (visit.car(), visit.car());
        let mut stops = stops.into_iter().peekable();
        for (at, offer) in visit.timed() {
            while let Some(stop) = stops.next_if(|stop| *stop <= at) {
                detour.advance(stop);
            }
            direct.set_offer(at, offer);
            detour.advance(at);
            detour.set_offer(at, offer);
            prop_assert_eq!(&direct, &detour);
        }
        stops.for_each(|stop| detour.advance(stop));
        direct.advance(visit.end);
        detour.advance(visit.end);
        let (stepwise, _) = visit.stretches();
        prop_assert_eq!(&direct, &detour);
        prop_assert_eq!(&direct, &stepwise);
        prop_assert_eq!(direct.battery_kwh().to_bits(), detour.battery_kwh().to_bits());
        prop_assert_eq!(direct.losses_kwh().to_bits(), detour.losses_kwh().to_bits());
    }

    #[test]
    fn a_ramp_climbs_at_most_one_step_a_second(
        visit in any_visit(),
        ramp_per_s in 0.5..30.0_f64,
    ) {
        let spec = VehicleSpec { ramp_per_s, ..(*visit.spec).clone() };
        let offers: Offers = visit
            .offers
            .iter()
            .filter(|(_, offer)| !matches!(offer, Offer::Dc { .. }))
            .copied()
            .collect();
        let visit = Visit { spec: Arc::new(spec), offers, ..visit };
        let (_, stretches) = visit.stretches();
        let rise = (visit.spec.ramp_per_s * 1000.0).round() as i64;
        let mut last_rise = None;
        for pair in stretches.windows(2) {
            let (before, after) = (pair[0].2.current_ma[0], pair[1].2.current_ma[0]);
            if after <= before {
                continue;
            }
            let most = if before == 0 { rise.max(visit.spec.min_current.0 * 100) } else { rise };
            prop_assert!(after - before <= most, "{} mA after {} mA", after, before);
            let at = pair[1].0;
            if let Some(last) = last_rise.replace(at) {
                prop_assert!(at.since(last) >= Span::from_s(1), "two rises within a second");
            }
        }
    }

    #[test]
    fn what_it_accepts_is_what_it_draws_from_a_generous_evse(visit in any_visit()) {
        let spec = VehicleSpec { reaction: Span::ZERO, ramp_per_s: 0.0, ..(*visit.spec).clone() };
        let visit = Visit { spec: Arc::new(spec), ..visit };
        let mut car = visit.car();
        let (amps, watts) = (DeciAmps(10_000), Watts(10_000_000));
        for (at, offer) in visit.timed() {
            let generous = match offer {
                Offer::None => Offer::None,
                Offer::Ac { phases, voltage_v, .. } => {
                    Offer::Ac { current: amps, phases, voltage_v, max_power: watts }
                }
                Offer::Dc { .. } => Offer::Dc { power: watts },
            };
            car.set_offer(at, generous);
            if generous != Offer::None {
                prop_assert_eq!(car.accepts(), Watts(car.draw().power_mw / 1000));
            }
        }
    }
}
