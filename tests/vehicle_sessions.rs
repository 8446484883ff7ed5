//! Charging sessions of single cars, told from plug-in to the end.

use std::sync::Arc;

use ampacity::time::{Span, Time};
use ampacity::units::{DeciAmps, Watts};
use ampacity::vehicle::catalogue::by_name;
use ampacity::vehicle::{self, Acceptance, Draw, Offer, Vehicle, VehicleSpec};

const ARRIVAL: Time = Time::from_unix_s(1_777_875_600);

fn ac(amps: i64, phases: u8) -> Offer {
    let current = DeciAmps::from_amps(amps);
    Offer::Ac { current, phases, voltage_v: 230, max_power: Watts(22_080) }
}

fn dc(kw: f64) -> Offer {
    Offer::Dc { power: Watts::from_kw(kw) }
}

fn after(seconds: f64) -> Time {
    ARRIVAL + Span::from_s_f64(seconds)
}

fn model(name: &str) -> VehicleSpec {
    by_name(name).expect("a catalogue name")
}

/// An ideal three-phase 32 A car without reaction time and ramp, for stories about one trait.
fn plain() -> VehicleSpec {
    VehicleSpec {
        acceptance: Acceptance::Ideal,
        reaction: Span::ZERO,
        ramp_per_s: 0.0,
        min_current: DeciAmps::from_amps(6),
        ..model("hatch_3p22")
    }
}

fn plug_in(spec: VehicleSpec, initial_kwh: f64, wish_kwh: f64) -> Vehicle {
    Vehicle::new(Arc::new(spec), initial_kwh, wish_kwh, ARRIVAL)
}

/// Follows a car until nothing changes by itself: (instant, draw from there on).
fn trace(car: &mut Vehicle) -> Vec<(Time, Draw)> {
    let mut draws = vec![(ARRIVAL, car.draw())];
    while car.next_change() < Time::NEVER {
        let at = car.next_change();
        car.advance(at);
        draws.push((at, car.draw()));
        assert!(draws.len() < 1000, "a session has few events");
    }
    draws
}

fn l1_after(car: &mut Vehicle, seconds: f64) -> i64 {
    car.advance(after(seconds));
    car.draw().current_ma[0]
}

#[test]
fn from_twenty_percent_to_full_the_power_only_falls() {
    let spec = VehicleSpec { reaction: Span::ZERO, ramp_per_s: 0.0, ..model("hatch_3p22") };
    let mut car = plug_in(spec, 0.2 * 41.0, f64::INFINITY);
    car.set_offer(ARRIVAL, ac(32, 3));
    assert_eq!(car.draw().power_mw, 22_080_000, "full power from the start");

    let draws = trace(&mut car);
    assert!(draws.len() > 50, "the taper is fine-grained");
    assert!(draws.windows(2).all(|pair| pair[1].1.power_mw < pair[0].1.power_mw));
    let lowest = draws[draws.len() - 2].1;
    assert_eq!(lowest.current_ma, [4_000; 3], "8/64 of 32 A: the taper goes below the pilot's 6 A");

    let (end, last) = draws[draws.len() - 1];
    assert_eq!(last, Draw::default());
    assert_eq!(car.satisfied_at(), Some(end));
    assert!(!car.wants_power());
    assert!((car.soc_pct() - 100.0).abs() < 1e-6, "{}", car.soc_pct());
    assert!((car.metered_kwh() - 0.8 * 41.0 / 0.88).abs() < 1e-6);
}

#[test]
fn a_two_stage_session_takes_as_long_as_the_closed_form_says() {
    let acceptance = Acceptance::TwoStage { transition_soc: 0.8, end_share: 0.2 };
    let mut car = plug_in(VehicleSpec { acceptance, ..plain() }, 0.0, f64::INFINITY);
    car.set_offer(ARRIVAL, ac(32, 3));
    trace(&mut car);

    const LN_5: f64 = 1.609_437_912_434_1;
    let hours_per_capacity = 41.0 / (22.08 * 0.88);
    let expected = hours_per_capacity * (0.8 + 0.2 / (1.0 - 0.2) * LN_5);
    let taken = car.satisfied_at().unwrap().since(ARRIVAL).hours();
    assert!((taken / expected - 1.0).abs() < 2e-4, "{taken} h, closed form {expected} h");
}

#[test]
fn the_car_stops_within_a_milliwatt_hour_of_its_wish() {
    let mut car = plug_in(plain(), 5.0, 7.3);
    car.set_offer(ARRIVAL, ac(16, 3));
    let end = car.next_change();
    car.advance(Time(end.0 - 1));
    assert!(car.draw().power_mw > 0 && car.wants_power() && car.metered_kwh() < 7.3);
    car.advance(end);
    assert_eq!((car.draw(), car.next_change()), (Draw::default(), Time::NEVER));
    assert_eq!(car.satisfied_at(), Some(end));
    assert!(car.metered_kwh() >= 7.3 && car.metered_kwh() < 7.3 + 1e-6);

    car.set_offer(end + Span::from_s(60), ac(32, 3));
    assert_eq!((car.draw(), car.next_change()), (Draw::default(), Time::NEVER), "it stays content");
    assert_eq!(car.accepts(), Watts::ZERO);
}

#[test]
fn a_full_battery_or_an_empty_wish_wants_nothing() {
    for (initial, wish) in [(41.0, 10.0), (20.0, 0.0)] {
        let mut car = plug_in(plain(), initial, wish);
        assert_eq!(car.satisfied_at(), Some(ARRIVAL));
        car.set_offer(ARRIVAL, ac(32, 3));
        assert_eq!((car.draw(), car.next_change()), (Draw::default(), Time::NEVER));
    }
}

#[test]
fn the_ramp_is_a_staircase_of_one_second() {
    let mut car = plug_in(VehicleSpec { ramp_per_s: 4.0, ..plain() }, 5.0, 20.0);
    car.set_offer(ARRIVAL, ac(20, 3));
    let seconds = [0.0, 0.999_999, 1.0, 2.0, 3.0, 4.0, 60.0];
    let amps = seconds.map(|second| l1_after(&mut car, second));
    assert_eq!(amps, [6_000, 6_000, 10_000, 14_000, 18_000, 20_000, 20_000]);

    car.set_offer(after(60.0), ac(10, 3));
    assert_eq!(car.draw().current_ma[0], 10_000, "falling needs no ramp");
    car.set_offer(after(61.0), ac(32, 3));
    let amps = [61.0, 62.0, 63.0].map(|second| l1_after(&mut car, second));
    assert_eq!(amps, [14_000, 18_000, 22_000]);
    car.set_offer(after(63.5), ac(24, 3));
    assert_eq!(l1_after(&mut car, 63.5), 22_000);
    assert_eq!(l1_after(&mut car, 64.0), 24_000, "a lowered goal keeps the rhythm");
}

#[test]
fn a_dc_ramp_climbs_in_kilowatts() {
    let spec = VehicleSpec { reaction: Span::from_s(1), ..model("ultra_dc") };
    let mut car = plug_in(spec, 30.0, 40.0);
    car.set_offer(ARRIVAL, dc(60.0));
    let kw = [0.9, 1.0, 2.0, 3.0].map(|second| {
        car.advance(after(second));
        car.draw().power_mw / 1_000_000
    });
    assert_eq!(kw, [0, 25, 50, 60]);
}

#[test]
fn a_changed_offer_shows_after_the_reaction_time() {
    let spec = VehicleSpec { reaction: Span::from_s(3), ..plain() };
    let mut car = plug_in(spec, 5.0, 20.0);
    car.set_offer(ARRIVAL, ac(16, 3));
    assert_eq!(car.next_change(), after(3.0));
    assert_eq!(l1_after(&mut car, 2.999_999), 0);
    assert_eq!(l1_after(&mut car, 3.0), 16_000);

    car.set_offer(after(10.0), ac(10, 3));
    car.set_offer(after(12.0), ac(8, 3));
    assert_eq!(l1_after(&mut car, 12.999_999), 16_000);
    assert_eq!(l1_after(&mut car, 13.0), 8_000, "the second decrease did not postpone the first");

    car.set_offer(after(20.0), ac(16, 3));
    car.set_offer(after(21.0), ac(16, 3));
    assert_eq!(l1_after(&mut car, 23.0), 16_000, "a repeated offer is no change");
}

#[test]
fn an_opened_contactor_stops_the_draw_at_the_same_instant() {
    let spec = VehicleSpec { reaction: Span::from_s(5), ramp_per_s: 2.0, ..plain() };
    let mut car = plug_in(spec, 5.0, 20.0);
    car.set_offer(ARRIVAL, ac(16, 3));
    assert_eq!(l1_after(&mut car, 60.0), 16_000);
    let metered = car.metered_mw_us();

    car.set_offer(after(60.0), Offer::None);
    assert_eq!((car.draw(), car.next_change()), (Draw::default(), Time::NEVER));
    car.advance(after(600.0));
    assert_eq!(car.metered_mw_us(), metered);
    assert!(car.wants_power());

    car.set_offer(after(600.0), ac(16, 3));
    assert_eq!(l1_after(&mut car, 604.9), 0);
    assert_eq!(l1_after(&mut car, 605.0), 6_000, "it starts again from the smallest current");
}

#[test]
fn a_one_phase_car_draws_on_l1_of_a_three_phase_evse() {
    let mut car = plug_in(model("city_1p"), 10.0, 20.0);
    car.set_offer(ARRIVAL, ac(32, 3));
    car.advance(after(60.0));
    assert_eq!(car.draw(), Draw { power_mw: 7_360_000, current_ma: [32_000, 0, 0] });
    assert_eq!(car.accepts(), Watts(7_360));

    let mut car = plug_in(model("suv_2p"), 10.0, 20.0);
    car.set_offer(ARRIVAL, ac(32, 3));
    car.advance(after(60.0));
    assert_eq!(car.draw(), Draw { power_mw: 7_360_000, current_ma: [16_000, 16_000, 0] });
}

#[test]
fn the_smallest_of_all_limits_counts() {
    let mut car = plug_in(plain(), 5.0, 20.0);
    let current = DeciAmps::from_amps(32);
    let max_power = Watts(11_000);
    car.set_offer(ARRIVAL, Offer::Ac { current, phases: 3, voltage_v: 230, max_power });
    assert_eq!(car.draw().current_ma, [15_942; 3], "rated power of the EVSE");
    car.set_offer(ARRIVAL, Offer::Ac { current, phases: 1, voltage_v: 208, max_power });
    assert_eq!(car.draw().power_mw, 32 * 208 * 1000, "one phase at 208 V");
    car.set_offer(ARRIVAL, ac(63, 3));
    assert_eq!(car.draw().current_ma, [32_000; 3], "the car itself");
}

#[test]
fn below_its_smallest_current_the_car_pauses() {
    let spec = VehicleSpec { min_current: DeciAmps::from_amps(8), ..plain() };
    let mut car = plug_in(spec, 5.0, 20.0);
    car.set_offer(ARRIVAL, ac(16, 3));
    assert!(car.draw().power_mw > 0);
    car.set_offer(after(10.0), ac(7, 3));
    assert_eq!((car.draw(), car.next_change()), (Draw::default(), Time::NEVER));
    assert!(car.wants_power());
    car.set_offer(after(20.0), ac(8, 3));
    assert_eq!(car.draw().current_ma, [8_000; 3]);
}

#[test]
fn a_cut_phase_is_dark_at_once_and_an_added_one_starts_softly() {
    let spec = VehicleSpec { reaction: Span::from_s(2), ramp_per_s: 2.0, ..plain() };
    let mut car = plug_in(spec, 5.0, 20.0);
    car.set_offer(ARRIVAL, ac(16, 3));
    car.advance(after(60.0));
    car.set_offer(after(60.0), ac(16, 1));
    assert_eq!(car.draw().current_ma, [16_000, 0, 0]);
    car.set_offer(after(70.0), ac(16, 3));
    car.advance(after(72.0));
    assert_eq!(car.draw().current_ma, [6_000; 3]);
    car.advance(after(73.0));
    assert_eq!(car.draw().current_ma, [8_000; 3]);
}

#[test]
fn a_dc_session_follows_its_table() {
    let spec = VehicleSpec { reaction: Span::ZERO, ramp_per_s: 0.0, ..model("ultra_dc") };
    let mut car = plug_in(spec, 0.05 * 77.0, f64::INFINITY);
    car.set_offer(ARRIVAL, dc(300.0));
    let mut peak = 0.0_f64;
    let mut at_ninety = None;
    while car.wants_power() {
        let now = car.next_change();
        car.advance(now);
        peak = peak.max(car.draw().power_mw as f64 / 1e6);
        if car.soc_pct() >= 90.0 && at_ninety.is_none() {
            at_ninety = Some((car.draw().power_mw as f64 / 1e6, now.since(ARRIVAL).s() / 60.0));
        }
    }
    assert_eq!(peak, 250.0);
    let (kw, taken) = at_ninety.unwrap();
    assert!((kw - 0.15 * 250.0).abs() <= 250.0 / 64.0, "{kw} kW at 90 %");
    assert!((18.0..35.0).contains(&taken), "{taken} min from 5 to 90 %");
    assert!((car.soc_pct() - 100.0).abs() < 1e-6);
}

#[test]
fn dc_currents_are_the_equivalent_on_three_phases() {
    let mut car = plug_in(model("truck_dc"), 100.0, 200.0);
    car.set_offer(ARRIVAL, dc(69.0));
    car.advance(after(60.0));
    assert_eq!(car.draw(), Draw { power_mw: 69_000_000, current_ma: [100_000; 3] });
    assert_eq!(car.accepts(), Watts(350_000));
}

#[test]
fn a_car_ignores_a_kind_of_current_it_has_no_inlet_for() {
    let mut truck = plug_in(model("truck_dc"), 100.0, 200.0);
    truck.set_offer(ARRIVAL, ac(32, 3));
    let mut hybrid = plug_in(model("plugin_hybrid"), 1.0, 8.0);
    hybrid.set_offer(ARRIVAL, dc(50.0));
    for car in [&mut truck, &mut hybrid] {
        car.advance(after(600.0));
        assert_eq!((car.draw(), car.next_change()), (Draw::default(), Time::NEVER));
        assert_eq!(car.accepts(), Watts::ZERO);
        assert!(car.wants_power());
    }
}

#[test]
fn feasible_energy_is_bounded_by_stay_wish_and_battery() {
    let spec = Arc::new(plain());
    let hour = Span::from_s(3600);
    let feasible = |initial, wish, stay| vehicle::feasible(&spec, initial, wish, stay, ac(16, 3)).0;
    assert!((feasible(5.0, 100.0, hour) - 11.04).abs() < 1e-9, "stay");
    assert!((feasible(5.0, 8.0, hour) - 8.0).abs() < 1e-6, "wish");
    assert!((feasible(41.0 - 0.88, 8.0, hour) - 1.0).abs() < 1e-6, "battery");
    assert_eq!(vehicle::feasible(&spec, 5.0, 8.0, hour, Offer::None), (0.0, Watts::ZERO));
    let (_, most) = vehicle::feasible(&spec, 5.0, 8.0, hour, ac(16, 3));
    assert_eq!(most, Watts(11_040), "the most it draws, too");

    let slow = Arc::new(VehicleSpec { reaction: Span::from_s(5), ..plain() });
    let late = vehicle::feasible(&slow, 5.0, 100.0, hour, ac(16, 3)).0;
    assert!((late - 11.04 * 3595.0 / 3600.0).abs() < 1e-9, "the reaction time costs energy");
}

#[test]
fn every_model_of_the_catalogue_fills_up_in_plausible_time() {
    for spec in vehicle::catalogue::catalogue() {
        let name = spec.name.clone();
        let (offer, maximum) = if spec.ac_phases > 0 {
            (ac(32, 3), spec.ac_max_power)
        } else {
            (dc(400.0), spec.dc_max_power)
        };
        let ideal_h = 0.9 * spec.battery_kwh / spec.efficiency / maximum.kw();
        let mut car = plug_in(spec.clone(), 0.1 * spec.battery_kwh, f64::INFINITY);
        car.set_offer(ARRIVAL, offer);
        let events = trace(&mut car).len();
        let hours = car.satisfied_at().unwrap().since(ARRIVAL).hours();
        assert!(hours > ideal_h * 0.99 && hours < ideal_h * 1.5, "{name}: {hours} h, {ideal_h} h");
        assert!(events < 100, "{name}: {events} events");
    }
}

#[test]
fn a_slow_car_falls_by_its_time_constant_and_an_opened_contactor_cuts_it() {
    let spec = VehicleSpec { fall_time_constant: Span::from_s(10), ..plain() };
    let mut car = plug_in(spec, 5.0, f64::INFINITY);
    car.set_offer(ARRIVAL, ac(32, 3));
    assert_eq!(l1_after(&mut car, 0.0), 32_000, "it rises at once");
    car.set_offer(after(60.0), ac(12, 3));
    // Every second e^(-1/10) of the distance is left; the first step comes at once.
    let above = |steps: i32| 20_000.0 * (-0.1 * f64::from(steps)).exp();
    for second in 0..40 {
        let draw = l1_after(&mut car, 60.5 + f64::from(second)) as f64;
        assert!((draw - 12_000.0 - above(second + 1)).abs() < 40.0, "{second} s: {draw}");
    }
    assert_eq!(l1_after(&mut car, 60.0 + 60.0), 12_000, "near is there");
    car.set_offer(after(130.0), ac(32, 3));
    car.set_offer(after(140.0), ac(12, 3));
    car.set_offer(after(141.0), Offer::None);
    assert_eq!(l1_after(&mut car, 141.0), 0);
}

#[test]
fn a_draw_that_swings_stays_around_what_is_accepted_and_below_what_is_offered() {
    let spec = VehicleSpec { ac_max_current: DeciAmps::from_amps(10), swing: 1.5, ..plain() };
    let mut car = plug_in(spec, 5.0, f64::INFINITY);
    car.set_offer(ARRIVAL, ac(32, 3));
    let seen: Vec<i64> =
        (0..7).map(|turn| l1_after(&mut car, 10.0 * f64::from(turn) + 5.0)).collect();
    assert_eq!(seen.iter().sum::<i64>(), 70_000, "ten amperes in the mean: {seen:?}");
    assert_eq!((seen.iter().min(), seen.iter().max()), (Some(&8_500), Some(&11_500)));
    car.set_offer(after(70.0), ac(10, 3));
    let seen: Vec<i64> =
        (7..14).map(|turn| l1_after(&mut car, 10.0 * f64::from(turn) + 5.0)).collect();
    assert_eq!(seen.iter().max(), Some(&10_000), "{seen:?}");
    car.set_offer(after(140.0), ac(8, 3));
    assert!((14..21).all(|turn| l1_after(&mut car, 10.0 * f64::from(turn) + 5.0) == 8_000));
}
