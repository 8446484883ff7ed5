//! What a failing power or a crash leaves, and what the station makes of it when it is back.

use ampacity::charger::{Output, Status};
use ampacity::time::Span;
use serde_json::json;

use crate::bench::{Bench, START, ac22, three_phase};

#[test]
fn a_transaction_ends_with_the_power_and_is_told_after_the_boot() {
    let mut bench = Bench::charging(ac22());
    bench.run_s(90);
    bench.forget();
    bench.lose_power(600);
    assert_eq!(bench.amps(1), 0.0);
    assert!(bench.events.contains(&(bench.now, Output::Ended { connector: 1, charged: true })));
    bench.draw(1, three_phase(0));
    bench.run_s(599);
    assert!(bench.sent.is_empty(), "dead");
    assert!(bench.call("ClearCache", &json!({})).is_null(), "and deaf");
    bench.run_s(1);
    assert_eq!(bench.actions()[0], "BootNotification");
    let stop = bench.sent_of("StopTransaction")[0];
    assert_eq!(stop["reason"], "PowerLoss");
    assert_eq!(stop["timestamp"], "2026-05-04T06:01:30Z", "when the energy ended");
    assert_eq!((&stop["transactionId"], &stop["meterStop"]), (&json!(1), &json!(172)));
    assert_eq!(bench.reported(1), ["Finishing"], "the car is still there");
    assert_eq!(bench.point.profiles().installed().len(), 0);
}

#[test]
fn a_crash_ends_a_transaction_with_reason_reboot() {
    let mut bench = Bench::charging(ac22());
    bench.run_s(30);
    bench.reboot();
    bench.run_s(15);
    assert_eq!(bench.sent_of("StopTransaction")[0]["reason"], "Reboot");
    assert_eq!(bench.sent_of("BootNotification").len(), 1);
    bench.unplug(1);
    bench.plug_in(1, "next");
    assert_eq!(bench.point.transaction(1), Some(2));
}

#[test]
fn what_was_queued_survives_the_power_in_its_order() {
    let mut bench = Bench::charging(ac22());
    bench.set_key("AllowOfflineTxForUnknownId", "true");
    bench.link_down();
    bench.run_s(60);
    bench.unplug(1);
    bench.plug_in(1, "second");
    bench.run_s(60);
    bench.lose_power(100);
    bench.run_s(200);
    bench.script.next_transaction = 7;
    bench.forget();
    bench.link_up();
    let told: Vec<_> = bench
        .sent
        .iter()
        .filter(|sent| sent.action.ends_with("Transaction") || sent.action == "MeterValues")
        .map(|sent| (sent.action.as_str(), sent.payload["transactionId"].as_i64()))
        .collect();
    assert_eq!(
        told,
        [
            ("MeterValues", Some(1)),
            ("StopTransaction", Some(1)),
            ("StartTransaction", None),
            ("MeterValues", Some(7)),
            ("StopTransaction", Some(7)),
        ]
    );
    let reasons: Vec<_> =
        bench.sent_of("StopTransaction").iter().map(|stop| stop["reason"].clone()).collect();
    assert_eq!(reasons, ["EVDisconnected", "PowerLoss"]);
    assert_eq!(bench.point.undelivered(), 0);
}

#[test]
fn a_start_in_flight_when_the_power_fails_gets_its_stop() {
    let mut bench = Bench::ready(ac22());
    bench.script.silent.insert("StartTransaction");
    bench.plug_in(1, "card");
    bench.script.silent.clear();
    bench.lose_power(10);
    bench.run_s(30);
    let starts = bench.sent_of("StartTransaction");
    assert_eq!(starts.len(), 2);
    assert_eq!(starts[0], starts[1], "a recognisable duplicate");
    assert_eq!(bench.sent_of("StopTransaction")[0]["transactionId"], 1);
}

#[test]
fn a_station_that_was_accepted_once_serves_known_cards_after_a_boot_without_a_link() {
    let mut bench = Bench::ready(ac22());
    let list = json!({"listVersion": 1, "updateType": "Full", "localAuthorizationList": [
        {"idTag": "friend", "idTagInfo": {"status": "Accepted"}}]});
    assert_eq!(bench.status_of("SendLocalList", &list), "Accepted");
    bench.link_down();
    bench.lose_power(60);
    bench.run_s(100);
    bench.plug_in(1, "friend");
    assert_eq!(bench.amps(1), 32.0);
    bench.forget();
    bench.link_up();
    assert_eq!(bench.actions()[0], "BootNotification");
    assert_eq!(bench.sent_of("StartTransaction")[0]["timestamp"], "2026-05-04T06:01:40Z");
    assert_eq!(bench.point.transaction(1), Some(1));
    let mut fresh = Bench::cold(ac22());
    fresh.plug_in(1, "friend");
    assert_eq!(fresh.amps(1), 0.0, "a station fresh from the factory serves nobody");
}

#[test]
fn sessions_that_had_not_begun_are_lost_with_the_power() {
    let mut bench = Bench::ready(ac22());
    bench.script.silent.insert("Authorize");
    bench.plug_in(1, "card");
    bench.lose_power(10);
    assert!(bench.events.contains(&(START, Output::Ended { connector: 1, charged: false })));
    bench.run(Span::from_s(60));
    assert_eq!(bench.point.status(1), Some(Status::Preparing));
    assert!(bench.sent_of("StartTransaction").is_empty());
}
