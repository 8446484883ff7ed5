//! Boot, sessions, statuses, and answers that come late or twice.

use ampacity::charger::{Output, Status};
use ampacity::time::Span;
use ampacity::units::{DeciAmps, Watts};
use ampacity::vehicle::{Draw, Offer};
use serde_json::json;

use crate::bench::{Bench, START, ac22, three_phase};

#[test]
fn a_cold_boot_registers_reports_every_status_and_keeps_the_heartbeat() {
    let mut bench = Bench::cold(ampacity::charger::ChargerSpec { connectors: 2, ..ac22() });
    bench.script.boot_interval = 300;
    assert_eq!(bench.point.poll_timeout(), ampacity::charger::NEVER, "nothing to do offline");
    bench.link_up();
    let boot = bench.sent_of("BootNotification");
    assert_eq!(
        boot,
        [&json!({
            "chargePointVendor": "Ampacity",
            "chargePointModel": "ac22",
            "chargePointSerialNumber": "cp_1",
            "firmwareVersion": env!("CARGO_PKG_VERSION"),
        })]
    );
    for connector in 0..=2 {
        assert_eq!(bench.reported(connector), ["Available"]);
    }
    bench.forget();
    bench.run_s(900);
    let beats: Vec<i64> = bench.sent.iter().map(|sent| sent.at.since(START).whole_s()).collect();
    assert_eq!(beats, [300, 600, 900]);
    assert_eq!(bench.actions(), ["Heartbeat"; 3]);
}

#[test]
fn a_pending_station_stays_silent_and_asks_again_after_the_interval() {
    let mut bench = Bench::cold(ac22());
    bench.script.boot_status = "Pending";
    bench.script.boot_interval = 120;
    bench.link_up();
    bench.plug_in(1, "card");
    assert_eq!(bench.actions(), ["BootNotification"], "a session waits for the registration");
    bench.run_s(119);
    assert_eq!(bench.sent.len(), 1);
    bench.script.boot_status = "Accepted";
    bench.run_s(1);
    assert_eq!(bench.sent[1].at, START + Span::from_s(120));
    assert_eq!(bench.reported(1), ["Preparing", "Charging"]);
    assert_eq!(bench.point.transaction(1), Some(1));
}

#[test]
fn a_boot_without_an_answer_is_repeated() {
    let mut bench = Bench::cold(ac22());
    bench.script.silent.insert("BootNotification");
    bench.link_up();
    bench.run_s(200);
    let at: Vec<i64> = bench.sent.iter().map(|sent| sent.at.since(START).whole_s()).collect();
    assert_eq!(at, [0, 60, 120, 180], "30 s for the answer, 30 s of patience");
    assert_eq!(bench.point.counters().timed_out_calls, 3);
}

#[test]
fn a_reconnect_without_a_reboot_sends_only_what_changed() {
    let mut bench = Bench::ready(ac22());
    bench.link_down();
    bench.link_up();
    assert!(bench.sent.is_empty());
    bench.link_down();
    bench.plug_in(1, "card");
    bench.link_up();
    assert_eq!(
        bench.actions(),
        ["StatusNotification", "Authorize", "StartTransaction", "StatusNotification"]
    );
    assert_eq!(bench.reported(1), ["Preparing", "Charging"]);
}

#[test]
fn plug_in_with_a_card_starts_a_transaction_and_unplugging_ends_it() {
    let mut bench = Bench::ready(ac22());
    bench.plug_in(1, "card-of-a-long-name-indeed");
    let starts = bench.sent_of("StartTransaction");
    assert_eq!(
        starts,
        [&json!({
            "connectorId": 1,
            "idTag": "card-of-a-long-name-",
            "meterStart": 0,
            "timestamp": "2026-05-04T06:00:00Z",
        })]
    );
    assert_eq!(bench.reported(1), ["Preparing", "Charging"]);
    let offer =
        Offer::Ac { current: DeciAmps(320), phases: 3, voltage_v: 230, max_power: Watts(22_000) };
    assert_eq!(
        bench.events,
        [
            (START, Output::Offer { connector: 1, offer }),
            (START, Output::Started { connector: 1, transaction_id: 1 }),
        ]
    );
    bench.forget();
    bench.draw(1, three_phase(16));
    bench.run_s(30);
    bench.unplug(1);
    assert_eq!(
        bench.sent_of("StopTransaction"),
        [&json!({
            "meterStop": 92,
            "timestamp": "2026-05-04T06:00:30Z",
            "transactionId": 1,
            "reason": "EVDisconnected",
        })]
    );
    assert_eq!(bench.reported(1), ["Finishing", "Available"]);
    let end = START + Span::from_s(30);
    assert_eq!(
        bench.events,
        [
            (end, Output::Offer { connector: 1, offer: Offer::None }),
            (end, Output::Ended { connector: 1, charged: true }),
        ]
    );
}

#[test]
fn the_card_again_ends_locally_and_the_car_stays_until_unplugged() {
    let mut bench = Bench::charging(ac22());
    bench.stop(1);
    let stop = bench.sent_of("StopTransaction")[0].clone();
    assert_eq!((&stop["reason"], &stop["idTag"]), (&json!("Local"), &json!("card")));
    assert_eq!(bench.point.status(1), Some(Status::Finishing));
    bench.plug_in(1, "other");
    assert_eq!(bench.point.status(1), Some(Status::Finishing), "the place is taken");
    bench.unplug(1);
    assert_eq!(bench.reported(1), ["Finishing", "Available"]);
    assert_eq!(bench.sent_of("StopTransaction").len(), 1);
}

#[test]
fn the_status_follows_the_car() {
    let mut bench = Bench::charging(ac22());
    bench.set_draw(1, Draw::default(), false, None);
    assert_eq!(bench.point.status(1), Some(Status::SuspendedEv), "the car is full");
    bench.set_draw(1, Draw::default(), true, None);
    assert_eq!(bench.point.status(1), Some(Status::Charging), "it asks again");
    bench.set_draw(1, three_phase(6), false, None);
    assert_eq!(bench.point.status(1), Some(Status::Charging), "balancing draws power");
    assert_eq!(bench.reported(1), ["SuspendedEV", "Charging"]);
}

#[test]
fn a_refused_card_charges_nothing() {
    let mut bench = Bench::ready(ac22());
    bench.script.authorize = "Blocked";
    bench.plug_in(1, "card");
    assert_eq!(bench.events, [(START, Output::Ended { connector: 1, charged: false })]);
    bench.unplug(1);
    assert_eq!(bench.actions(), ["StatusNotification", "Authorize", "StatusNotification"]);
    assert_eq!(bench.reported(1), ["Preparing", "Available"]);
}

#[test]
fn a_card_nobody_answers_is_shown_three_times() {
    let mut bench = Bench::ready(ac22());
    bench.script.silent.insert("Authorize");
    bench.plug_in(1, "card");
    bench.run_s(89);
    assert!(bench.events.is_empty());
    bench.run_s(1);
    assert_eq!(bench.sent_of("Authorize").len(), 3);
    assert_eq!(bench.events.len(), 1);
}

#[test]
fn a_card_refused_at_the_start_is_stopped_or_left_without_energy() {
    let mut bench = Bench::ready(ac22());
    bench.script.start_status = "ConcurrentTx";
    bench.plug_in(1, "card");
    let stop = bench.sent_of("StopTransaction")[0].clone();
    assert_eq!((&stop["reason"], &stop["transactionId"]), (&json!("DeAuthorized"), &json!(1)));
    assert_eq!(bench.events, [(START, Output::Ended { connector: 1, charged: false })]);
    bench.unplug(1);
    bench.forget();

    let key = json!({"key": "StopTransactionOnInvalidId", "value": "false"});
    assert_eq!(bench.status_of("ChangeConfiguration", &key), "Accepted");
    bench.plug_in(1, "card");
    assert_eq!(bench.point.transaction(1), Some(2));
    assert_eq!(bench.point.offer(1), Offer::None);
    assert_eq!(bench.point.status(1), Some(Status::SuspendedEvse));
    assert!(bench.sent_of("StopTransaction").is_empty());
}

#[test]
fn unplugging_before_the_start_is_answered_still_stops_the_right_transaction() {
    let mut bench = Bench::ready(ac22());
    bench.script.silent.insert("StartTransaction");
    bench.plug_in(1, "card");
    let start = bench.sent.last().unwrap().clone();
    bench.run_s(5);
    bench.unplug(1);
    assert!(bench.sent_of("StopTransaction").is_empty(), "one CALL at a time");
    bench.run_s(5);
    let conf = json!([3, start.id, {"idTagInfo": {"status": "Accepted"}, "transactionId": 77}]);
    bench.deliver(&conf.to_string());
    let stop = bench.sent_of("StopTransaction")[0].clone();
    assert_eq!(stop["transactionId"], 77);
    assert_eq!(stop["timestamp"], "2026-05-04T06:00:05Z");
    let ended = Output::Ended { connector: 1, charged: false };
    assert_eq!(bench.events, [(START + Span::from_s(5), ended)]);
}

#[test]
fn late_repeated_and_unasked_answers_change_nothing_and_are_counted() {
    let mut bench = Bench::ready(ac22());
    bench.script.silent.insert("Authorize");
    bench.plug_in(1, "card");
    let first = bench.sent.last().unwrap().id.clone();
    bench.run_s(30);
    let second = bench.sent.last().unwrap().id.clone();
    assert_ne!(first, second, "message ids are not reused");
    let accept = |id: &str| json!([3, id, {"idTagInfo": {"status": "Accepted"}}]).to_string();
    bench.deliver(&accept(&first));
    assert_eq!(bench.point.transaction(1), None, "too late");
    bench.deliver(&accept("ffff"));
    bench.deliver(&accept("0"));
    bench.deliver(&accept(&second));
    assert_eq!(bench.point.transaction(1), Some(1));
    bench.deliver(&accept(&second));
    bench.deliver(&json!([4, second, "GenericError", "", {}]).to_string());
    assert_eq!(bench.sent_of("StartTransaction").len(), 1);
    let counters = bench.point.counters();
    assert_eq!((counters.late_answers, counters.unasked_answers), (3, 2));
}

#[test]
fn calls_are_answered_while_an_own_call_is_outstanding() {
    let mut bench = Bench::ready(ac22());
    bench.script.silent.insert("Authorize");
    bench.plug_in(1, "card");
    let all = bench.call("GetConfiguration", &json!({}));
    assert_eq!(all["configurationKey"].as_array().map(Vec::len), Some(41));
    assert!(bench.point.awaits_answer());
}

#[test]
fn an_unreadable_answer_counts_as_a_refusal() {
    let mut bench = Bench::ready(ac22());
    bench.script.silent.insert("StartTransaction");
    bench.plug_in(1, "card");
    let id = bench.sent.last().unwrap().id.clone();
    bench.deliver(&json!([3, id, {"transactionId": "x"}]).to_string());
    assert_eq!(bench.point.counters().unreadable_answers, 1);
    bench.script.silent.clear();
    bench.run_s(60);
    assert_eq!(bench.point.transaction(1), Some(1), "repeated after the retry interval");
}
