//! MeterValues: when, and exactly what.

use ampacity::charger::meter::MW_US_PER_WH;
use ampacity::ocpp::messages::MeterValuesRequest;
use ampacity::time::Span;
use ampacity::vehicle::Draw;
use serde_json::{Value, json};

use crate::bench::{Bench, START, ac22, dc50, three_phase};

fn values(payload: &Value) -> Vec<(String, String)> {
    let samples = payload["meterValue"][0]["sampledValue"].as_array().unwrap();
    let name = |sample: &Value| {
        let phase = sample["phase"].as_str().unwrap_or_default();
        format!("{}{phase}", sample["measurand"].as_str().unwrap())
    };
    samples.iter().map(|s| (name(s), s["value"].as_str().unwrap().to_owned())).collect()
}

fn set_key(bench: &mut Bench, key: &str, value: &str) {
    let request = json!({"key": key, "value": value});
    assert_eq!(bench.status_of("ChangeConfiguration", &request), "Accepted");
}

#[test]
fn a_sample_every_minute_from_the_start_of_the_transaction() {
    let mut bench = Bench::ready(ac22());
    bench.run_s(17);
    bench.plug_in(1, "card");
    bench.draw(1, three_phase(16));
    bench.forget();
    bench.run_s(185);
    let at: Vec<_> = bench.sent.iter().map(|sent| sent.at.since(START).whole_s()).collect();
    assert_eq!(at, [77, 137, 197]);
    let first = bench.sent[0].payload.clone();
    assert_eq!(first["transactionId"], 1);
    assert_eq!(first["meterValue"][0]["timestamp"], "2026-05-04T06:01:17Z");
    assert_eq!(first["meterValue"][0]["sampledValue"][0]["context"], "Sample.Periodic");
    let text = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    assert_eq!(
        values(&first),
        [
            text("Energy.Active.Import.Register", "184"),
            text("Power.Active.Import", "11040.0"),
            text("Current.ImportL1", "16.00"),
            text("Current.ImportL2", "16.00"),
            text("Current.ImportL3", "16.00"),
            text("Current.Offered", "32.0"),
        ]
    );
    let text = first.to_string();
    let typed: MeterValuesRequest<'_> = serde_json::from_str(&text).unwrap();
    assert_eq!(serde_json::to_value(typed).unwrap(), first);
}

#[test]
fn the_register_is_exact_over_changes_of_power() {
    // 690 W a step: 10 A for 100 s, 20 A for 50 s, nothing for 30 s, 7 A for 20 s.
    let mut bench = Bench::charging(ac22());
    bench.run_s(100);
    bench.draw(1, three_phase(20));
    bench.run_s(50);
    bench.draw(1, Draw::default());
    bench.run_s(30);
    bench.draw(1, three_phase(7));
    bench.run_s(20);
    let watt_seconds: i128 = 690 * (10 * 100 + 20 * 50 + 7 * 20);
    assert_eq!(bench.point.energy_mw_us(1, bench.now), watt_seconds * MW_US_PER_WH / 3600);
    assert_eq!(bench.point.register_wh(1, bench.now), 410, "1 476 600 Ws are 410.16 Wh");
    let registers: Vec<_> =
        bench.sent_of("MeterValues").iter().map(|p| values(p)[0].1.clone()).collect();
    assert_eq!(registers, ["115", "268", "383"], "after 60, 120 and 180 s");
}

#[test]
fn the_register_goes_on_over_sessions_and_ends_with_the_plug() {
    let mut bench = Bench::charging(ac22());
    bench.run_s(3600);
    bench.stop(1);
    assert_eq!(bench.sent_of("StopTransaction")[0]["meterStop"], 6900);
    bench.run_s(36);
    bench.unplug(1);
    assert_eq!(bench.point.draw(1), Draw::default(), "no plug, no draw");
    bench.run_s(3600);
    bench.draw(1, three_phase(10));
    bench.forget();
    bench.plug_in(1, "card");
    assert_eq!(bench.sent_of("StartTransaction")[0]["meterStart"], 6969);
}

#[test]
fn a_direct_current_station_tells_the_power_it_offers_and_the_state_of_charge() {
    let mut bench = Bench::ready(dc50());
    bench.plug_in(1, "card");
    let draw = Draw { power_mw: 48_123_456, current_ma: [69_744; 3] };
    bench.set_draw(1, draw, true, Some(45.67));
    bench.forget();
    bench.run_s(60);
    let values = values(&bench.sent[0].payload);
    let shown: Vec<_> = values.iter().map(|(_, value)| value.as_str()).collect();
    assert_eq!(shown, ["802", "48123.5", "69.74", "69.74", "69.74", "50000.0", "45.7"]);
    let soc = &bench.sent[0].payload["meterValue"][0]["sampledValue"][6];
    assert_eq!((&soc["location"], &soc["unit"]), (&json!("EV"), &json!("Percent")));
}

#[test]
fn clock_aligned_values_come_at_multiples_since_midnight_also_without_a_transaction() {
    let mut bench = Bench::ready(ac22());
    bench.run_s(100);
    set_key(&mut bench, "ClockAlignedDataInterval", "25000");
    set_key(&mut bench, "MeterValuesAlignedData", "Energy.Active.Import.Register");
    bench.forget();
    bench.run_s(100_000);
    let at: Vec<_> = bench
        .sent
        .iter()
        .filter(|sent| sent.action == "MeterValues")
        .map(|sent| sent.at.since(START).whole_s() + 6 * 3600)
        .collect();
    assert_eq!(at, [25_000, 50_000, 75_000, 86_400, 111_400], "anew every midnight");
    let payload = bench.sent_of("MeterValues")[0];
    assert!(payload.get("transactionId").is_none());
    assert_eq!(payload["meterValue"][0]["sampledValue"][0]["context"], "Sample.Clock");
}

#[test]
fn a_changed_interval_counts_from_the_start_of_the_transaction() {
    let mut bench = Bench::charging(ac22());
    bench.run_s(50);
    set_key(&mut bench, "MeterValueSampleInterval", "20");
    bench.forget();
    bench.run_s(30);
    let at: Vec<_> = bench.sent.iter().map(|sent| sent.at.since(START).whole_s()).collect();
    assert_eq!(at, [60, 80]);
    set_key(&mut bench, "MeterValueSampleInterval", "0");
    bench.forget();
    bench.run_s(500);
    assert!(bench.sent.is_empty(), "0 switches sampling off");
}

#[test]
fn nothing_is_sampled_when_nothing_is_configured() {
    let mut bench = Bench::charging(ac22());
    set_key(&mut bench, "MeterValuesSampledData", "SoC");
    bench.run_s(300);
    assert!(bench.sent.is_empty(), "this car does not tell its state of charge");
    let trigger = json!({"requestedMessage": "MeterValues"});
    assert_eq!(bench.status_of("TriggerMessage", &trigger), "Rejected");
}

#[test]
fn a_stop_carries_the_readings_of_both_ends_when_configured() {
    let mut bench = Bench::ready(ac22());
    set_key(&mut bench, "StopTxnSampledData", "Energy.Active.Import.Register");
    bench.plug_in(1, "card");
    bench.draw(1, three_phase(10));
    bench.run_s(3600);
    bench.stop(1);
    let stop = bench.sent_of("StopTransaction")[0];
    let ends: Vec<_> = stop["transactionData"]
        .as_array()
        .unwrap()
        .iter()
        .map(|element| &element["sampledValue"][0])
        .map(|sample| (sample["context"].as_str().unwrap(), sample["value"].as_str().unwrap()))
        .collect();
    assert_eq!(ends, [("Transaction.Begin", "0"), ("Transaction.End", "6900")]);
}

#[test]
fn calling_late_leaves_samples_out_instead_of_repeating_them() {
    let mut bench = Bench::charging(ac22());
    bench.now = START + Span::from_s(86_400 * 365);
    bench.point.handle_timeout(bench.now);
    bench.drain();
    assert_eq!(bench.sent_of("MeterValues").len(), 1);
    assert!(bench.point.poll_timeout() > bench.now);
}
