//! What happens to transactions while the link is down or the central system fails.

use ampacity::charger::Status;
use ampacity::time::Span;
use serde_json::json;

use crate::bench::{Bench, START, ac22, three_phase};

#[test]
fn what_happened_offline_is_delivered_in_order_afterwards() {
    let mut bench = Bench::charging(ac22());
    bench.run_s(30);
    bench.link_down();
    bench.run_s(150);
    bench.unplug(1);
    assert_eq!(bench.point.undelivered(), 4, "three samples and the stop");
    bench.run_s(600);
    bench.link_up();
    let transactional: Vec<_> = bench
        .sent
        .iter()
        .filter(|sent| sent.action != "StatusNotification")
        .map(|sent| (sent.action.as_str(), sent.payload["transactionId"].as_i64()))
        .collect();
    assert_eq!(
        transactional,
        [
            ("MeterValues", Some(1)),
            ("MeterValues", Some(1)),
            ("MeterValues", Some(1)),
            ("StopTransaction", Some(1)),
        ]
    );
    let stop = bench.sent_of("StopTransaction")[0];
    assert_eq!(stop["timestamp"], "2026-05-04T06:03:00Z", "when it happened, not when sent");
    assert_eq!(bench.point.undelivered(), 0);
    assert_eq!(bench.reported(1), ["Available"], "the statuses in between are history");
}

#[test]
fn a_message_whose_answer_was_lost_with_the_link_keeps_its_place() {
    let mut bench = Bench::charging(ac22());
    bench.script.silent.insert("MeterValues");
    bench.run_s(60);
    bench.unplug(1);
    bench.link_down();
    bench.script.silent.clear();
    bench.forget();
    bench.link_up();
    let actions = bench.actions();
    assert_eq!(actions, ["MeterValues", "StopTransaction", "StatusNotification"]);
}

#[test]
fn a_start_whose_answer_was_lost_with_the_link_is_sent_again() {
    let mut bench = Bench::ready(ac22());
    bench.script.silent.insert("StartTransaction");
    bench.plug_in(1, "card");
    let first = bench.sent_of("StartTransaction")[0].clone();
    bench.link_down();
    bench.run_s(100);
    assert_eq!(bench.amps(1), 0.0, "no answer, no current");
    bench.script.silent.clear();
    bench.link_up();
    assert_eq!(bench.sent_of("StartTransaction"), [&first, &first], "a recognisable duplicate");
    assert_eq!(bench.amps(1), 32.0);
}

#[test]
fn a_card_offline_waits_unless_unknown_ids_are_allowed() {
    let mut bench = Bench::ready(ac22());
    bench.link_down();
    bench.plug_in(1, "card");
    assert_eq!(bench.point.status(1), Some(Status::Preparing));
    assert_eq!(bench.amps(1), 0.0);
    bench.unplug(1);
    bench.link_up();
    assert!(bench.sent.is_empty(), "nobody noticed: {:?}", bench.sent);

    let key = json!({"key": "AllowOfflineTxForUnknownId", "value": "true"});
    assert_eq!(bench.status_of("ChangeConfiguration", &key), "Accepted");
    bench.link_down();
    bench.plug_in(1, "card");
    assert_eq!(bench.amps(1), 32.0, "no profile is installed");
    bench.draw(1, three_phase(10));
    bench.run_s(90);
    bench.unplug(1);
    bench.plug_in(1, "card2");
    bench.run_s(70);
    bench.script.next_transaction = 40;
    bench.link_up();
    let ids: Vec<_> = bench
        .sent
        .iter()
        .filter(|sent| sent.action != "StatusNotification")
        .map(|sent| (sent.action.as_str(), sent.payload["transactionId"].as_i64()))
        .collect();
    assert_eq!(
        ids,
        [
            ("StartTransaction", None),
            ("MeterValues", Some(40)),
            ("StopTransaction", Some(40)),
            ("StartTransaction", None),
            ("MeterValues", Some(41)),
        ]
    );
    assert_eq!(bench.point.transaction(1), Some(41));
}

#[test]
fn refused_transaction_messages_are_repeated_with_growing_patience() {
    let mut bench = Bench::charging(ac22());
    bench.script.refuses.insert("StopTransaction");
    bench.stop(1);
    bench.run_s(1000);
    let at: Vec<i64> = bench
        .sent
        .iter()
        .filter(|sent| sent.action == "StopTransaction")
        .map(|sent| sent.at.since(START).whole_s())
        .collect();
    assert_eq!(at, [0, 60, 180], "60 s after the first attempt, 120 s after the second");
    assert_eq!(bench.point.counters().discarded_calls, 1);
    assert_eq!(bench.point.undelivered(), 0);
}

#[test]
fn other_messages_overtake_one_that_waits_and_order_among_its_kind_is_kept() {
    let mut bench = Bench::charging(ac22());
    bench.script.refuses.insert("StopTransaction");
    bench.stop(1);
    bench.script.refuses.clear();
    bench.unplug(1);
    bench.plug_in(1, "next");
    assert_eq!(bench.reported(1), ["Finishing", "Available", "Preparing"]);
    assert!(bench.sent_of("StartTransaction").is_empty(), "its turn comes after the stop");
    bench.forget();
    bench.run_s(60);
    assert_eq!(bench.actions(), ["StopTransaction", "StartTransaction", "StatusNotification"]);
}

#[test]
fn a_start_that_cannot_be_delivered_goes_on_as_minus_one() {
    let mut bench = Bench::ready(ac22());
    bench.script.refuses.insert("StartTransaction");
    bench.plug_in(1, "card");
    bench.run_s(180);
    assert_eq!(bench.point.transaction(1), Some(-1), "errata 3.18");
    bench.unplug(1);
    assert_eq!(bench.sent_of("StopTransaction")[0]["transactionId"], -1);
}

#[test]
fn a_reset_ends_the_transaction_and_boots_again() {
    for (kind, reason, silence_s) in [("Soft", "SoftReset", 20), ("Hard", "HardReset", 16)] {
        let mut bench = Bench::charging(ac22());
        assert_eq!(bench.status_of("Reset", &json!({"type": kind})), "Accepted");
        assert_eq!(bench.sent_of("StopTransaction")[0]["reason"], reason);
        assert_eq!(bench.kinds[0], 3, "the answer goes first");
        bench.forget();
        bench.run_s(silence_s - 1);
        assert!(bench.call("Reset", &json!({"type": kind})).is_null(), "deaf while rebooting");
        bench.run_s(1);
        assert_eq!(
            bench.actions(),
            ["BootNotification", "StatusNotification", "StatusNotification"]
        );
        assert_eq!(bench.reported(1), ["Finishing"], "the car is still there");
    }
}

#[test]
fn stops_survive_a_reset_without_a_link() {
    let mut bench = Bench::charging(ac22());
    bench.script.silent.insert("StopTransaction");
    bench.call("Reset", &json!({"type": "Hard"}));
    bench.script.silent.clear();
    bench.forget();
    bench.link_down();
    bench.run_s(100);
    bench.link_up();
    assert_eq!(bench.actions()[0], "BootNotification");
    assert_eq!(bench.sent_of("StopTransaction").len(), 1);
    assert_eq!(bench.now, START + Span::from_s(100));
}

#[test]
fn a_lost_status_is_reported_again() {
    let mut bench = Bench::ready(ac22());
    bench.script.silent.insert("StatusNotification");
    bench.script.authorize = "Invalid";
    bench.plug_in(1, "card");
    bench.script.silent.clear();
    bench.run_s(30);
    assert_eq!(bench.reported(1), ["Preparing", "Preparing"]);
}
