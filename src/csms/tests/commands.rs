//! Commands of operators.

use super::*;
use crate::csms::event::Outcome;

pub(super) fn command(id: &str, action: &str, payload: &str) -> Input {
    Input::Command {
        point: ChargePointId::new("cp_0"),
        command: id.to_owned(),
        action: action.to_owned(),
        payload: payload.to_owned(),
    }
}

pub(super) fn ended(bench: &Bench, id: &str) -> Option<(Outcome, String)> {
    bench.events.iter().find_map(|event| match event {
        Event::CommandEnded { command, outcome, answer, .. } if command == id => {
            Some((*outcome, answer.clone()))
        }
        _ => None,
    })
}

pub(super) fn conflict(result: Result<(), Refusal>) -> String {
    match result {
        Err(Refusal::Conflict(text)) => text,
        other => panic!("a conflict was expected, not {other:?}"),
    }
}

#[test]
fn a_command_waits_for_its_turn_and_ends_with_its_answer() {
    let mut bench = Bench::new(1);
    let reset = r#"{ "type": "Soft" }"#;
    assert!(conflict(bench.apply(&command("c0", "Reset", reset))).contains("not connected"));
    bench.boot(0);
    bench.apply(&command("c1", "Reset", reset)).unwrap();
    bench.apply(&command("c2", "GetConfiguration", "{}")).unwrap();
    let (id, action, payload) = bench.received(0).unwrap();
    assert_eq!((action.as_str(), payload.as_str()), ("Reset", r#"{"type":"Soft"}"#));
    assert_eq!(bench.received(0), None, "one CALL at a time");
    bench.frame(0, &format!(r#"[3,"{id}",{{"status":"Rejected"}}]"#));
    assert_eq!(ended(&bench, "c1"), Some((Outcome::Rejected, r#"{"status":"Rejected"}"#.into())));
    let (id, ..) = bench.received(0).unwrap();
    bench.frame(0, &format!(r#"[3,"{id}",{{"unknownKey":["a"]}}]"#));
    assert_eq!(ended(&bench, "c2").map(|end| end.0), Some(Outcome::Accepted));
    bench.apply(&command("c3", "ClearCache", "{}")).unwrap();
    let (id, ..) = bench.received(0).unwrap();
    bench.frame(0, &format!(r#"[4,"{id}","NotSupported","",{{}}]"#));
    assert_eq!(ended(&bench, "c3"), Some((Outcome::Error, "NotSupported".into())));
    bench.apply(&command("c4", "ClearCache", "{}")).unwrap();
    bench.wait_silently(bench.now + Span::from_s(31), false);
    assert_eq!(ended(&bench, "c4"), Some((Outcome::TimedOut, String::new())));
}

#[test]
fn the_queue_is_bounded_and_a_lost_connection_empties_it() {
    let mut bench = Bench::new(1);
    bench.boot(0);
    for number in 0..17 {
        bench.apply(&command(&format!("c{number}"), "ClearCache", "{}")).unwrap();
    }
    assert!(conflict(bench.apply(&command("x", "ClearCache", "{}"))).contains("too many"));
    bench.apply(&Input::LinkDown { point: ChargePointId::new("cp_0") }).unwrap();
    assert_eq!(ended(&bench, "c0"), Some((Outcome::TimedOut, String::new())), "it was sent");
    for number in 1..17 {
        let end = ended(&bench, &format!("c{number}"));
        assert_eq!(end, Some((Outcome::Error, "ConnectionLost".into())));
    }
}

#[test]
fn a_remote_start_passes_the_gate_like_a_card() {
    let mut bench = Bench::with(5, 98_000, Rule::Equal);
    (0..5).rev().for_each(|point| bench.boot(point));
    (1..5).for_each(|point| {
        bench.charge(point);
        bench.wait(60);
    });
    let full = bench.csms.reserved(bench.site);
    bench.apply(&command("c1", "RemoteStartTransaction", r#"{"idTag":"OP"}"#)).unwrap();
    let (id, action, payload) = bench.received(0).unwrap();
    assert_eq!(action, "SetChargingProfile", "no room for 6 A: the bound is lowered first");
    assert!(payload.contains("\"limit\":0"), "{payload}");
    bench.frame(0, &format!(r#"[3,"{id}",{{"status":"Accepted"}}]"#));
    let (id, action, payload) = bench.received(0).unwrap();
    assert_eq!(
        (action.as_str(), payload.as_str()),
        ("RemoteStartTransaction", r#"{"idTag":"OP"}"#)
    );
    assert_eq!(bench.csms.reserved(bench.site), full);
    bench.frame(0, &format!(r#"[3,"{id}",{{"status":"Accepted"}}]"#));
    assert_eq!(ended(&bench, "c1").map(|end| end.0), Some(Outcome::Accepted));
}

#[test]
fn a_refused_remote_start_gives_its_room_back() {
    let mut bench = Bench::new(1);
    bench.boot(0);
    for (status, left) in [("Rejected", Watts::ZERO), ("Accepted", Watts(4_140))] {
        bench.apply(&command(status, "RemoteStartTransaction", r#"{"idTag":"OP"}"#)).unwrap();
        assert_eq!(bench.csms.reserved(bench.site), Watts(4_140));
        let (id, ..) = bench.received(0).unwrap();
        bench.frame(0, &format!(r#"[3,"{id}",{{"status":"{status}"}}]"#));
        assert_eq!(bench.csms.reserved(bench.site), left);
    }
    bench.call(0, "Authorize", r#"{"idTag":"OP"}"#);
    assert_eq!(bench.csms.reserved(bench.site), Watts(4_140), "the same start");
}

#[test]
fn a_remote_start_that_finds_no_room_ends_without_having_been_sent() {
    let mut bench = Bench::new(1);
    bench.csms.link_up(bench.now, PointIx(0));
    bench.call(0, "BootNotification", r#"{"chargePointVendor":"A","chargePointModel":"B"}"#);
    bench.inbox[0].clear();
    bench.apply(&command("c1", "RemoteStartTransaction", r#"{"idTag":"OP"}"#)).unwrap();
    bench.wait_silently(bench.now + Span::from_s(11), false);
    assert_eq!(ended(&bench, "c1"), Some((Outcome::Error, "NoRoomForAStart".into())));
    assert_eq!(bench.received(0), None);
}

const CLEAR: &str = r#"{"chargingProfilePurpose":"TxProfile"}"#;

#[test]
fn limits_cleared_by_hand_are_reserved_in_full_and_set_anew() {
    let mut bench = Bench::new(1);
    bench.boot(0);
    let patch = ConfigPatch { max_power: Some(Watts(33_000)), ..ConfigPatch::default() };
    bench.csms.configure(bench.now, bench.site, &patch);
    bench.charge(0);
    bench.wait(60);
    let patch = ConfigPatch { reserve: Some(Watts(23_000)), ..ConfigPatch::default() };
    bench.csms.configure(bench.now, bench.site, &patch);
    bench.wait(60);
    assert_eq!(bench.allocated_kw(), [9.66]);
    let text = conflict(bench.apply(&command("c1", "ClearChargingProfile", CLEAR)));
    assert!(text.contains("12.34 kW more") && text.contains("only 0.34 kW"), "{text}");
    assert_eq!(bench.csms.reserved(bench.site), Watts(9_660), "nothing has changed");
    let patch = ConfigPatch { reserve: Some(Watts(11_000)), ..ConfigPatch::default() };
    bench.csms.configure(bench.now, bench.site, &patch);
    bench.apply(&command("c2", "ClearChargingProfile", CLEAR)).unwrap();
    assert_eq!(bench.csms.reserved(bench.site), Watts(22_000), "anything may be in force");
    let told = bench.events.iter().rev().find_map(|event| match event {
        Event::BoundChanged { connector: 1, bound, .. } => Some(*bound),
        _ => None,
    });
    assert_eq!(told, Some(Setpoint(320)), "and a restart would know");
    let (id, action, _) = bench.received(0).unwrap();
    assert_eq!(action, "ClearChargingProfile");
    bench.frame(0, &format!(r#"[3,"{id}",{{"status":"Accepted"}}]"#));
    let sent = bench.sent_profiles().len();
    bench.wait(60);
    let again: Vec<u32> = bench.sent_profiles()[sent - 1..].iter().map(|p| p.connector).collect();
    assert!(again.contains(&0) && again.contains(&1), "both limits anew: {again:?}");
    assert_eq!(bench.allocated_kw(), [21.39], "31 A of 22 kW");
}

#[test]
fn a_command_by_hand_that_is_never_sent_gives_its_room_back() {
    let mut bench = Bench::new(1);
    bench.boot(0);
    bench.charge(0);
    bench.apply(&command("c1", "ClearCache", "{}")).unwrap();
    bench.apply(&command("c2", "ClearChargingProfile", "{}")).unwrap();
    bench.apply(&Input::LinkDown { point: ChargePointId::new("cp_0") }).unwrap();
    assert_eq!(ended(&bench, "c2"), Some((Outcome::Error, "ConnectionLost".into())));
    assert_eq!(bench.csms.points[0].by_hand, 0);
}

const START: &str = r#"{"idTag":"OP","chargingProfile":{"chargingProfileId":7,"stackLevel":8,
    "chargingProfilePurpose":"TxProfile","chargingProfileKind":"Relative","chargingSchedule":{
    "chargingRateUnit":"A","chargingSchedulePeriod":[{"startPeriod":0,"limit":32}]}}}"#;

#[test]
fn a_remote_start_with_a_profile_needs_room_for_all_of_it_until_ours_is_accepted() {
    let mut bench = Bench::with(1, 31_000, Rule::Equal);
    bench.boot(0);
    let text = conflict(bench.apply(&command("c1", "RemoteStartTransaction", START)));
    assert!(text.contains("22 kW more") && text.contains("only 21 kW"), "{text}");
    assert_eq!(bench.csms.reserved(bench.site), Watts::ZERO, "nothing has changed");
    let patch = ConfigPatch { max_power: Some(Watts(35_000)), ..ConfigPatch::default() };
    bench.csms.configure(bench.now, bench.site, &patch);
    bench.apply(&command("c2", "RemoteStartTransaction", START)).unwrap();
    assert_eq!(bench.csms.reserved(bench.site), Watts(22_000));
    let told = |bench: &Bench| {
        bench.events.iter().rev().find_map(|event| match event {
            Event::BoundChanged { connector: 1, bound, .. } => Some(*bound),
            _ => None,
        })
    };
    assert_eq!(told(&bench), Some(Setpoint(320)), "a restart would know");
    bench.obey();
    assert_eq!(ended(&bench, "c2").map(|end| end.0), Some(Outcome::Accepted));
    // It charges by the operator's profile before its start is told.
    let charging = r#"{"connectorId":1,"errorCode":"NoError","status":"Charging"}"#;
    bench.call(0, "StatusNotification", charging);
    bench.wait(5);
    assert_eq!(bench.csms.reserved(bench.site), Watts(22_000), "our default does not bound it");
    let start =
        format!(r#"{{"connectorId":1,"idTag":"op","meterStart":0,"timestamp":"{}"}}"#, bench.now);
    bench.call(0, "StartTransaction", &start);
    assert_eq!(bench.csms.reserved(bench.site), Watts(22_000));
    let patch = ConfigPatch { reserve: Some(Watts(25_000)), ..ConfigPatch::default() };
    bench.csms.configure(bench.now, bench.site, &patch);
    bench.wait(60);
    assert_eq!(bench.csms.reserved(bench.site), Watts(9_660), "ours outranks it");
}

#[test]
fn a_start_with_a_profile_that_is_told_before_its_status_is_reserved_in_full() {
    let mut bench = Bench::new(1);
    bench.boot(0);
    bench.apply(&command("c1", "RemoteStartTransaction", START)).unwrap();
    bench.obey();
    bench.wait(20);
    assert_eq!(bench.csms.reserved(bench.site), Watts(22_000));
    bench.start_of(0, "OP");
    assert_eq!(bench.csms.reserved(bench.site), Watts(22_000), "it may draw that by now");
    let patch = ConfigPatch { reserve: Some(Watts(90_000)), ..ConfigPatch::default() };
    bench.csms.configure(bench.now, bench.site, &patch);
    bench.wait(60);
    assert_eq!(bench.csms.reserved(bench.site), Watts(9_660));
    assert_eq!(bench.csms.points[0].start_slots.len(), 0);
}

#[test]
fn a_start_with_a_profile_is_known_to_the_next_process_and_its_refusal_frees_the_room() {
    let mut bench = Bench::new(1);
    bench.boot(0);
    bench.apply(&command("c1", "RemoteStartTransaction", START)).unwrap();
    bench.restart();
    bench.boot(0);
    assert_eq!(bench.csms.reserved(bench.site), Watts(4_140), "it may have started before it came");
    let idle = r#"{"connectorId":1,"errorCode":"NoError","status":"Available"}"#;
    bench.call(0, "StatusNotification", idle);
    assert_eq!(bench.csms.reserved(bench.site), Watts::ZERO, "a boot ends starts");
    bench.apply(&command("c2", "RemoteStartTransaction", START)).unwrap();
    bench.restart();
    bench.csms.link_up(bench.now, PointIx(0));
    bench.wait(30);
    assert_eq!(bench.csms.reserved(bench.site), Watts(22_000), "it may start all the same");
    bench.wait(300);
    assert_eq!(bench.csms.reserved(bench.site), Watts(22_000), "it is asked first");
    bench.wait(60);
    assert_eq!(bench.csms.reserved(bench.site), Watts::ZERO);
    bench.apply(&command("c3", "RemoteStartTransaction", START)).unwrap();
    let (id, ..) = bench.received(0).unwrap();
    bench.frame(0, &format!(r#"[3,"{id}",{{"status":"Rejected"}}]"#));
    assert_eq!(bench.csms.reserved(bench.site), Watts::ZERO);
}

#[test]
fn a_stop_is_sent_only_for_a_transaction_that_may_run_there() {
    let mut bench = Bench::new(2);
    (0..2).for_each(|point| bench.boot(point));
    let here = bench.charge(0);
    let there = bench.charge(1);
    let stop = |id: i64| format!(r#"{{"transactionId":{id}}}"#);
    let send = |bench: &mut Bench, id: i64| match bench.apply(&command(
        "c",
        "RemoteStopTransaction",
        &stop(id),
    )) {
        Ok(()) => String::new(),
        Err(Refusal::Invalid { field, problem }) => format!("{field}: {problem}"),
        Err(other) => panic!("{other}"),
    };
    assert_eq!(send(&mut bench, here), "");
    assert_eq!(send(&mut bench, -1), "", "one whose start never arrived");
    let field = "/payload/transactionId: a transaction";
    assert_eq!(send(&mut bench, there), format!("{field} of another charge point"));
    bench.obey();
    bench.stop(0, here);
    assert_eq!(send(&mut bench, here), format!("{field} that has ended"));
}
