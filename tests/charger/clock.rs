//! The station's own clock and who sets it (§4.2, §4.6).

use ampacity::time::{Span, Time};
use serde_json::{Value, json};

use crate::bench::{Bench, START, ac22, three_phase};

/// Half a year, which is more than any schedule here lasts.
const HALF_A_YEAR: Span = Span::from_s(182 * 86_400);

/// A station whose central system lives half a year later.
fn in_another_time() -> Bench {
    let mut bench = Bench::cold(ac22());
    bench.script.ahead = HALF_A_YEAR;
    bench.link_up();
    bench
}

fn stamps(bench: &Bench, action: &str) -> Vec<Time> {
    let stamp = |payload: &Value| Time::parse_ocpp_exact(payload["timestamp"].as_str()?);
    bench.sent_of(action).into_iter().filter_map(stamp).collect()
}

/// A profile as allocators send it: absolute, begun a minute ago, with an end.
fn absolute(start: Time, amps: i64) -> Value {
    json!({"connectorId": 1, "csChargingProfiles": {
        "chargingProfileId": 1, "transactionId": 1, "stackLevel": 0,
        "chargingProfilePurpose": "TxProfile", "chargingProfileKind": "Absolute",
        "chargingSchedule": {
            "startSchedule": start.to_ocpp(), "duration": 600, "chargingRateUnit": "A",
            "chargingSchedulePeriod": [{"startPeriod": 0, "limit": amps}]}}})
}

#[test]
fn a_station_takes_the_time_from_the_answer_to_its_boot_notification() {
    let mut bench = in_another_time();
    bench.plug_in(1, "card");
    bench.draw(1, three_phase(16));
    bench.run_s(60);
    bench.unplug(1);
    let there = START + HALF_A_YEAR;
    assert_eq!(stamps(&bench, "StatusNotification").first(), Some(&there));
    assert_eq!(stamps(&bench, "StartTransaction"), [there]);
    assert_eq!(stamps(&bench, "StopTransaction"), [there + Span::from_s(60)]);
    let meter = bench.sent_of("MeterValues")[0]["meterValue"][0]["timestamp"].clone();
    assert_eq!(meter, json!((there + Span::from_s(60)).to_ocpp()));
    let stop = bench.sent_of("StopTransaction")[0].to_string();
    assert!(!stop.contains("2026-05"), "transactionData, too, is of another time: {stop}");
}

#[test]
fn schedules_are_read_by_the_clock_of_the_station() {
    let mut bench = in_another_time();
    bench.plug_in(1, "card");
    let there = bench.now + HALF_A_YEAR;
    let profile = absolute(there - Span::from_s(60), 10);
    assert_eq!(bench.status_of("SetChargingProfile", &profile), "Accepted");
    bench.run_s(2);
    assert!((bench.amps(1) - 10.0).abs() < 0.01, "it has begun");
    let asked = json!({"connectorId": 1, "duration": 900, "chargingRateUnit": "A"});
    let composite = bench.call("GetCompositeSchedule", &asked);
    assert_eq!(composite["scheduleStart"], json!((there + Span::from_s(2)).to_ocpp()));
    bench.run_s(536);
    assert!((bench.amps(1) - 10.0).abs() < 0.01, "its ten minutes are not quite over");
    bench.run_s(4);
    assert!((bench.amps(1) - 32.0).abs() < 0.01, "now they are");
}

#[test]
fn a_clock_that_is_a_little_wrong_is_left_alone() {
    let mut bench = Bench::cold(ac22());
    bench.script.ahead = Span::from_s(10);
    bench.link_up();
    assert_eq!(bench.point.clock(bench.now), bench.now);
    bench.script.ahead = Span::from_s(11);
    bench.run_s(3600);
    assert_eq!(bench.point.clock(bench.now), bench.now + Span::from_s(11), "by a heartbeat");
}

#[test]
fn a_central_system_without_a_clock_does_not_take_the_stations() {
    let mut bench = Bench::cold(ac22());
    bench.script.ahead = START.since(Time::from_unix_s(60)) * -1;
    bench.link_up();
    assert_eq!(bench.point.clock(bench.now), bench.now, "1970 is no time");
}

#[test]
fn what_runs_when_the_clock_is_set_stays_as_old_as_it_was() {
    let mut bench = Bench::ready(ac22());
    bench.plug_in(1, "card");
    let relative = json!({"connectorId": 1, "csChargingProfiles": {
        "chargingProfileId": 1, "transactionId": 1, "stackLevel": 0,
        "chargingProfilePurpose": "TxProfile", "chargingProfileKind": "Relative",
        "chargingSchedule": {"chargingRateUnit": "A", "chargingSchedulePeriod": [
            {"startPeriod": 0, "limit": 8}, {"startPeriod": 7200, "limit": 20}]}}});
    assert_eq!(bench.status_of("SetChargingProfile", &relative), "Accepted");
    bench.script.ahead = HALF_A_YEAR;
    bench.run_s(7198);
    assert_eq!(bench.point.clock(bench.now), bench.now + HALF_A_YEAR);
    assert!((bench.amps(1) - 8.0).abs() < 0.01, "two hours are not over");
    bench.run_s(4);
    assert!((bench.amps(1) - 20.0).abs() < 0.01);
    let dated = absolute(bench.now - Span::from_s(60), 10);
    assert_eq!(bench.status_of("SetChargingProfile", &dated), "Accepted");
    bench.run_s(2);
    assert!((bench.amps(1) - 32.0).abs() < 0.01, "what was meant for last May is long over");
}
