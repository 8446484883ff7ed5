//! CALLs of the central system other than profiles.

use ampacity::charger::{ChargerSpec, Output, Status};
use serde_json::json;

use crate::bench::{Bench, START, ac22};
use crate::profiles::tx_profile;

fn change(bench: &mut Bench, key: &str, value: &str) -> String {
    bench.status_of("ChangeConfiguration", &json!({"key": key, "value": value}))
}

#[test]
fn each_outcome_of_a_configuration_change() {
    let mut bench = Bench::ready(ac22());
    assert_eq!(change(&mut bench, "HeartbeatInterval", "10"), "Accepted");
    assert_eq!(change(&mut bench, "HeartbeatInterval", "soon"), "Rejected");
    assert_eq!(change(&mut bench, "NumberOfConnectors", "4"), "Rejected");
    assert_eq!(change(&mut bench, "ConnectorPhaseRotation", "1.RST"), "RebootRequired");
    assert_eq!(change(&mut bench, "BlinkRepeat", "4"), "NotSupported");
    bench.run_s(25);
    assert_eq!(bench.actions(), ["Heartbeat", "Heartbeat"], "the new interval acts at once");
}

#[test]
fn keys_are_listed_with_access_and_unknown_ones_named() {
    let mut bench = Bench::ready(ac22());
    let request = json!({"key": ["numberofconnectors", "HeartbeatInterval", "Nonsense"]});
    assert_eq!(
        bench.call("GetConfiguration", &request),
        json!({
            "configurationKey": [
                {"key": "NumberOfConnectors", "readonly": true, "value": "1"},
                {"key": "HeartbeatInterval", "readonly": false, "value": "3600"},
            ],
            "unknownKey": ["Nonsense"],
        })
    );
    let many: Vec<String> = (0..51).map(|n| format!("k{n}")).collect();
    let code = bench.call("GetConfiguration", &json!({"key": many}));
    assert_eq!(code, "OccurenceConstraintViolation");
}

#[test]
fn a_remote_start_with_a_profile_is_limited_from_the_first_moment() {
    let mut bench = Bench::ready(ac22());
    bench.script.authorize = "Invalid";
    bench.plug_in(1, "card");
    bench.forget();
    let mut profile = tx_profile(0, 13.0);
    profile.as_object_mut().unwrap().remove("transactionId");
    let start = json!({"idTag": "remote", "connectorId": 1, "chargingProfile": profile});
    assert_eq!(bench.status_of("RemoteStartTransaction", &start), "Accepted");
    assert_eq!(bench.actions()[0], "StartTransaction", "nobody asks for authorisation");
    assert_eq!(bench.amps(1), 13.0);
    let offers = bench.events.iter().filter(|(_, e)| matches!(e, Output::Offer { .. })).count();
    assert_eq!(offers, 1, "never more than the profile");
    assert_eq!(bench.point.profiles().installed()[0].profile.transaction_id, Some(1));
    assert_eq!(bench.status_of("RemoteStartTransaction", &start), "Rejected", "busy");
}

#[test]
fn a_remote_start_waits_for_the_car_for_a_while() {
    let mut bench = Bench::ready(ChargerSpec { connectors: 2, ..ac22() });
    assert_eq!(change(&mut bench, "AuthorizeRemoteTxRequests", "true"), "Accepted");
    let start = json!({"idTag": "remote"});
    assert_eq!(bench.status_of("RemoteStartTransaction", &start), "Accepted");
    assert_eq!(bench.point.status(1), Some(Status::Preparing));
    bench.run_s(60);
    assert_eq!(bench.point.status(1), Some(Status::Available), "ConnectionTimeOut");
    assert_eq!(bench.status_of("RemoteStartTransaction", &start), "Accepted");
    bench.plug_in(1, "somebody");
    assert_eq!(bench.sent_of("Authorize"), [&json!({"idTag": "remote"})]);
    assert_eq!(bench.sent_of("StartTransaction")[0]["idTag"], "remote");
    let wrong = json!({"idTag": "remote", "connectorId": 9});
    assert_eq!(bench.status_of("RemoteStartTransaction", &wrong), "Rejected");
}

#[test]
fn a_remote_stop_needs_the_right_transaction() {
    let mut bench = Bench::charging(ac22());
    let stop = |id: i64| json!({"transactionId": id});
    assert_eq!(bench.status_of("RemoteStopTransaction", &stop(2)), "Rejected");
    assert_eq!(bench.status_of("RemoteStopTransaction", &stop(1)), "Accepted");
    assert_eq!(bench.sent_of("StopTransaction")[0]["reason"], "Remote");
    assert_eq!(bench.kinds, [3, 3, 2, 2], "the answer goes before the messages");
    assert_eq!(bench.events.last(), Some(&(START, Output::Ended { connector: 1, charged: true })));
}

#[test]
fn availability_changes_at_once_or_after_the_transaction() {
    let mut bench = Bench::ready(ChargerSpec { connectors: 2, ..ac22() });
    bench.plug_in(1, "card");
    let all = |kind: &str| json!({"connectorId": 0, "type": kind});
    assert_eq!(bench.status_of("ChangeAvailability", &all("Inoperative")), "Scheduled");
    assert_eq!(bench.point.status(0), Some(Status::Available));
    assert_eq!(bench.point.status(1), Some(Status::Charging));
    assert_eq!(bench.point.status(2), Some(Status::Unavailable));
    bench.plug_in(2, "card");
    assert!(bench.events.contains(&(START, Output::Ended { connector: 2, charged: false })));
    bench.stop(1);
    assert_eq!(bench.point.status(1), Some(Status::Unavailable));
    assert_eq!(bench.reported(0), ["Unavailable"]);
    bench.unplug(1);
    assert_eq!(bench.status_of("ChangeAvailability", &all("Operative")), "Accepted");
    assert_eq!(bench.point.status(0), Some(Status::Available));
    assert_eq!(bench.point.status(1), Some(Status::Available));
    assert_eq!(bench.point.status(2), Some(Status::Preparing), "a car is plugged in");
    let unknown = json!({"connectorId": 3, "type": "Operative"});
    assert_eq!(bench.call("ChangeAvailability", &unknown), "PropertyConstraintViolation");
}

#[test]
fn unlocking_ends_the_session() {
    let mut bench = Bench::charging(ac22());
    let unlock = |connector: u32| json!({"connectorId": connector});
    assert_eq!(bench.status_of("UnlockConnector", &unlock(2)), "NotSupported");
    assert_eq!(bench.status_of("UnlockConnector", &unlock(1)), "Unlocked");
    assert_eq!(bench.sent_of("StopTransaction")[0]["reason"], "UnlockCommand");
}

#[test]
fn triggered_messages_follow_their_answer() {
    let mut bench = Bench::charging(ac22());
    for (message, sent) in [
        ("BootNotification", vec!["BootNotification"]),
        ("Heartbeat", vec!["Heartbeat"]),
        ("MeterValues", vec!["MeterValues"]),
        ("StatusNotification", vec!["StatusNotification"; 2]),
        ("DiagnosticsStatusNotification", vec!["DiagnosticsStatusNotification"]),
        ("FirmwareStatusNotification", vec!["FirmwareStatusNotification"]),
    ] {
        bench.forget();
        let request = json!({"requestedMessage": message});
        assert_eq!(bench.status_of("TriggerMessage", &request), "Accepted");
        assert_eq!(bench.actions(), sent);
        assert_eq!(bench.kinds[0], 3, "the answer goes first");
    }
    let request = json!({"requestedMessage": "MeterValues", "connectorId": 1});
    bench.forget();
    assert_eq!(bench.status_of("TriggerMessage", &request), "Accepted");
    let payload = bench.sent_of("MeterValues")[0];
    assert_eq!(payload["transactionId"], 1);
    assert_eq!(payload["meterValue"][0]["sampledValue"][0]["context"], "Trigger");
    let request = json!({"requestedMessage": "StatusNotification", "connectorId": 2});
    assert_eq!(bench.status_of("TriggerMessage", &request), "Rejected");
}

#[test]
fn small_departures_from_the_specification_are_read_and_counted() {
    let mut bench = Bench::charging(ac22());
    assert_eq!(bench.ask("ClearCache", "null")["status"], "Rejected");
    let stop = json!({"transactionId": "1", "comment": "please"});
    assert_eq!(bench.status_of("RemoteStopTransaction", &stop), "Accepted");
    assert_eq!(bench.point.counters().deviations, 3);
}
