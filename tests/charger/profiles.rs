//! From charging profiles to the pilot.

use ampacity::charger::{ChargerSpec, Output, Status};
use ampacity::time::Span;
use ampacity::units::Watts;
use ampacity::vehicle::{Draw, Offer};
use serde_json::{Value, json};

use crate::bench::{Bench, START, ac22, dc50, three_phase};

/// A profile of one period without end.
pub(crate) fn profile(id: i32, purpose: &str, unit: &str, limit: f64) -> Value {
    json!({
        "chargingProfileId": id,
        "stackLevel": 0,
        "chargingProfilePurpose": purpose,
        "chargingProfileKind": "Absolute",
        "chargingSchedule": {
            "startSchedule": "2026-05-04T05:59:00Z",
            "chargingRateUnit": unit,
            "chargingSchedulePeriod": [{"startPeriod": 0, "limit": limit}],
        },
    })
}

/// A TxProfile of this transaction.
pub(crate) fn tx_profile(transaction: i64, limit: f64) -> Value {
    let mut profile = profile(10, "TxProfile", "A", limit);
    profile["transactionId"] = json!(transaction);
    profile
}

pub(crate) fn set(bench: &mut Bench, connector: u32, profile: &Value) -> String {
    let request = json!({"connectorId": connector, "csChargingProfiles": profile});
    bench.status_of("SetChargingProfile", &request)
}

#[test]
fn a_start_is_bound_by_tx_default_until_its_tx_profile_raises_it() {
    let mut bench = Bench::ready(ac22());
    assert_eq!(set(&mut bench, 0, &profile(1, "TxDefaultProfile", "A", 6.0)), "Accepted");
    bench.plug_in(1, "card");
    assert_eq!(bench.amps(1), 6.0);
    assert_eq!(set(&mut bench, 1, &tx_profile(1, 20.5)), "Accepted");
    assert_eq!(bench.amps(1), 6.0, "the pilot takes its time");
    bench.run(Span::from_ms(999));
    assert_eq!(bench.amps(1), 6.0);
    bench.run(Span::from_ms(1));
    assert_eq!(bench.amps(1), 20.5);
    bench.unplug(1);
    bench.plug_in(1, "card");
    assert_eq!(bench.amps(1), 6.0, "the TxProfile went with its transaction");
    assert_eq!(bench.point.profiles().installed().len(), 1);
}

#[test]
fn below_six_amperes_the_station_suspends_and_the_transaction_stays() {
    let mut bench = Bench::charging(ac22());
    for limit in [0.0, 5.0, 5.9] {
        assert_eq!(set(&mut bench, 1, &tx_profile(1, limit)), "Accepted");
        bench.run_s(1);
        assert_eq!(bench.point.offer(1), Offer::None, "{limit}");
        assert_eq!(bench.point.status(1), Some(Status::SuspendedEvse));
        assert_eq!(bench.point.transaction(1), Some(1));
        bench.set_draw(1, Draw::default(), false, None);
        assert_eq!(bench.point.status(1), Some(Status::SuspendedEvse), "errata 3.64");
        assert_eq!(set(&mut bench, 1, &tx_profile(1, 6.0)), "Accepted");
        bench.run_s(1);
        assert_eq!(bench.point.status(1), Some(Status::SuspendedEv), "offered, not taken");
        bench.draw(1, three_phase(6));
    }
    assert_eq!(
        bench.reported(1),
        ["SuspendedEVSE", "SuspendedEV", "Charging"].repeat(3),
        "each change is reported once"
    );
}

#[test]
fn a_limit_changes_by_itself_when_its_schedule_says_so() {
    let mut bench = Bench::charging(ac22());
    let mut timed = tx_profile(1, 0.0);
    timed["chargingSchedule"] = json!({
        "startSchedule": "2026-05-04T06:00:00Z",
        "duration": 90,
        "chargingRateUnit": "A",
        "chargingSchedulePeriod": [
            {"startPeriod": 0, "limit": 16},
            {"startPeriod": 30, "limit": 0},
            {"startPeriod": 60, "limit": 10},
        ],
    });
    assert_eq!(set(&mut bench, 0, &profile(1, "TxDefaultProfile", "A", 7.0)), "Accepted");
    assert_eq!(set(&mut bench, 1, &timed), "Accepted");
    bench.forget();
    bench.run_s(120);
    let offers: Vec<_> = bench
        .events
        .iter()
        .map(|(at, event)| match event {
            Output::Offer { offer: Offer::Ac { current, .. }, .. } => {
                (at.since(START).whole_s(), current.0)
            }
            _ => (at.since(START).whole_s(), 0),
        })
        .collect();
    assert_eq!(offers, [(1, 160), (30, 0), (60, 100), (90, 70)]);
}

#[test]
fn hardware_and_rated_power_bound_every_limit() {
    let mut bench = Bench::charging(ac22());
    assert_eq!(set(&mut bench, 1, &tx_profile(1, 80.0)), "Accepted");
    bench.run_s(1);
    assert_eq!(bench.amps(1), 32.0);
    let mut watts = tx_profile(1, 11_000.0);
    watts["chargingSchedule"]["chargingRateUnit"] = json!("W");
    assert_eq!(set(&mut bench, 1, &watts), "Accepted");
    bench.run_s(1);
    assert_eq!(bench.amps(1), 15.9, "11 kW / 690 V, rounded down");
}

#[test]
fn a_direct_current_station_obeys_watts() {
    let mut bench = Bench::charging(dc50());
    assert_eq!(bench.point.offer(1), Offer::Dc { power: Watts(50_000) });
    let mut watts = tx_profile(1, 12_345.6);
    watts["chargingSchedule"]["chargingRateUnit"] = json!("W");
    assert_eq!(set(&mut bench, 1, &watts), "Accepted");
    bench.run_s(1);
    assert_eq!(bench.point.offer(1), Offer::Dc { power: Watts(12_345) });
    assert_eq!(set(&mut bench, 1, &tx_profile(1, 16.0)), "Accepted");
    bench.run_s(1);
    assert_eq!(bench.point.offer(1), Offer::Dc { power: Watts(11_040) });
    assert_eq!(set(&mut bench, 1, &tx_profile(1, 0.0)), "Accepted");
    bench.run_s(1);
    assert_eq!(bench.point.offer(1), Offer::None);
    assert_eq!(bench.point.status(1), Some(Status::SuspendedEvse));
}

#[test]
fn two_connectors_share_the_maximum_of_the_station() {
    let mut bench = Bench::ready(ChargerSpec { connectors: 2, ..ac22() });
    assert_eq!(set(&mut bench, 0, &profile(1, "ChargePointMaxProfile", "A", 32.0)), "Accepted");
    bench.plug_in(1, "one");
    assert_eq!(bench.amps(1), 32.0);
    bench.plug_in(2, "two");
    assert_eq!((bench.amps(1), bench.amps(2)), (16.0, 16.0));
    assert_eq!(set(&mut bench, 1, &tx_profile(1, 10.0)), "Accepted");
    bench.run_s(1);
    assert_eq!((bench.amps(1), bench.amps(2)), (10.0, 22.0));
    bench.unplug(2);
    assert_eq!((bench.amps(1), bench.amps(2)), (10.0, 0.0));
}

#[test]
fn profiles_that_do_not_fit_are_refused_and_change_nothing() {
    let mut bench = Bench::charging(ac22());
    assert_eq!(set(&mut bench, 1, &tx_profile(2, 6.0)), "Rejected", "another transaction");
    assert_eq!(set(&mut bench, 1, &profile(1, "ChargePointMaxProfile", "A", 6.0)), "Rejected");
    let mut high = tx_profile(1, 6.0);
    high["stackLevel"] = json!(9);
    assert_eq!(set(&mut bench, 1, &high), "Rejected", "ChargeProfileMaxStackLevel is 8");
    for (connector, wrong) in [(7, tx_profile(1, 6.0)), (1, tx_profile(1, -1.0))] {
        let request = json!({"connectorId": connector, "csChargingProfiles": wrong});
        let code = bench.call("SetChargingProfile", &request);
        assert_eq!(code, "PropertyConstraintViolation");
    }
    bench.run_s(5);
    assert_eq!(bench.amps(1), 32.0);
}

#[test]
fn a_cleared_profile_lifts_its_limit() {
    let mut bench = Bench::charging(ac22());
    assert_eq!(set(&mut bench, 1, &tx_profile(1, 8.0)), "Accepted");
    bench.run_s(1);
    let filter = json!({"chargingProfilePurpose": "TxProfile"});
    assert_eq!(bench.status_of("ClearChargingProfile", &filter), "Accepted");
    bench.run_s(1);
    assert_eq!(bench.amps(1), 32.0);
    assert_eq!(bench.status_of("ClearChargingProfile", &filter), "Unknown");
}

#[test]
fn the_composite_schedule_shows_what_is_planned() {
    let mut bench = Bench::charging(ac22());
    let mut timed = tx_profile(1, 16.5);
    timed["chargingSchedule"]["duration"] = json!(100);
    assert_eq!(set(&mut bench, 1, &timed), "Accepted");
    let query = json!({"connectorId": 1, "duration": 60});
    assert_eq!(
        bench.call("GetCompositeSchedule", &query),
        json!({
            "status": "Accepted",
            "connectorId": 1,
            "scheduleStart": "2026-05-04T06:00:00Z",
            "chargingSchedule": {
                "duration": 60,
                "chargingRateUnit": "A",
                "chargingSchedulePeriod": [
                    {"startPeriod": 0, "limit": 16.5},
                    {"startPeriod": 40, "limit": 32},
                ],
            },
        })
    );
    let query = json!({"connectorId": 0, "duration": 10, "chargingRateUnit": "W"});
    let total = bench.call("GetCompositeSchedule", &query);
    assert_eq!(total["chargingSchedule"]["chargingSchedulePeriod"][0]["limit"], 11_385);
    let unknown = json!({"connectorId": 2, "duration": 10});
    assert_eq!(bench.status_of("GetCompositeSchedule", &unknown), "Rejected");
    let forever = json!({"connectorId": 1, "duration": i64::from(i32::MAX)});
    let week = bench.call("GetCompositeSchedule", &forever);
    assert_eq!(week["chargingSchedule"]["duration"], 604_800);
    let unit = json!({"connectorId": 1, "duration": 10, "chargingRateUnit": "VA"});
    assert_eq!(bench.call("GetCompositeSchedule", &unit), "PropertyConstraintViolation");
}

#[test]
fn current_offered_confirms_the_limit() {
    let mut bench = Bench::charging(ac22());
    assert_eq!(set(&mut bench, 1, &tx_profile(1, 9.3)), "Accepted");
    bench.run_s(60);
    let samples = &bench.sent_of("MeterValues")[0]["meterValue"][0]["sampledValue"];
    assert_eq!(samples[5]["measurand"], "Current.Offered");
    assert_eq!(samples[5]["value"], "9.3");
}
