//! What has changed is found: single fields of what the central system said, and other behaviour.

use ampacity::allocation::Strategy;
use ampacity::csms::Setup;
use ampacity::ocpp::types::AuthorizationStatus;
use ampacity::replay::difference::{Comparison, Rules};
use ampacity::time::Span;
use ampacity::units::Watts;
use serde_json::{Value, json};

use crate::fixture::{Line, Recording, SITE, lines, scenario, text, trace_of};

fn recording() -> Recording {
    Recording::of(trace_of(&scenario(SITE), Strategy::Equal, 1))
}

/// A change of a body: the action, whether it is in an answer, and what it does.
type Field = (&'static str, &'static str, bool, fn(&mut Value));

/// Where a charging profile stands.
fn profile(body: &mut Value) -> &mut Value {
    &mut body["csChargingProfiles"]
}

fn period(body: &mut Value) -> &mut Value {
    &mut body["csChargingProfiles"]["chargingSchedule"]["chargingSchedulePeriod"][0]
}

const FIELDS: [Field; 30] = [
    ("interval of a boot", "BootNotification", true, |b| b["interval"] = json!(901)),
    ("status of a boot", "BootNotification", true, |b| b["status"] = json!("Pending")),
    ("time of a boot", "BootNotification", true, |b| {
        b["currentTime"] = json!("2026-05-04T04:10:00Z");
    }),
    ("time of a heartbeat", "Heartbeat", true, |b| {
        b["currentTime"] = json!("2026-05-04T01:00:00Z");
    }),
    ("verdict on a card", "Authorize", true, |b| b["idTagInfo"]["status"] = json!("Blocked")),
    ("parent of a card", "Authorize", true, |b| b["idTagInfo"]["parentIdTag"] = json!("P")),
    ("verdict at a start", "StartTransaction", true, |b| {
        b["idTagInfo"]["status"] = json!("Invalid");
    }),
    ("expiry at a start", "StartTransaction", true, |b| {
        b["idTagInfo"]["expiryDate"] = json!("2026-05-05T00:00:00Z");
    }),
    ("verdict missing at a start", "StartTransaction", true, |b| b["idTagInfo"] = Value::Null),
    ("number missing at a start", "StartTransaction", true, |b| b["transactionId"] = Value::Null),
    ("something said to a status", "StatusNotification", true, |b| b["status"] = json!("Accepted")),
    ("something said to values", "MeterValues", true, |b| b["ok"] = json!(true)),
    ("something said at a stop", "StopTransaction", true, |b| {
        b["idTagInfo"] = json!({"status": "Expired"});
    }),
    ("an ampere less", "SetChargingProfile", false, |b| {
        let limit = period(b)["limit"].as_f64().expect("a limit");
        period(b)["limit"] = json!(limit + 1.0);
    }),
    ("a tenth of an ampere", "SetChargingProfile", false, |b| {
        let limit = period(b)["limit"].as_f64().expect("a limit");
        period(b)["limit"] = json!(limit + 0.1);
    }),
    ("watts for amperes", "SetChargingProfile", false, |b| {
        profile(b)["chargingSchedule"]["chargingRateUnit"] = json!("W");
    }),
    ("a stack level", "SetChargingProfile", false, |b| profile(b)["stackLevel"] = json!(1)),
    ("a purpose", "SetChargingProfile", false, |b| {
        profile(b)["chargingProfilePurpose"] = json!("ChargePointMaxProfile");
    }),
    ("a kind", "SetChargingProfile", false, |b| {
        profile(b)["chargingProfileKind"] = json!("Relative");
    }),
    ("an id of a profile", "SetChargingProfile", false, |b| {
        profile(b)["chargingProfileId"] = json!(9);
    }),
    ("phases", "SetChargingProfile", false, |b| period(b)["numberPhases"] = json!(1)),
    ("a start of a period", "SetChargingProfile", false, |b| period(b)["startPeriod"] = json!(60)),
    ("a second period", "SetChargingProfile", false, |b| {
        let periods = &mut profile(b)["chargingSchedule"]["chargingSchedulePeriod"];
        let more = json!({"startPeriod": 600, "limit": 6});
        periods.as_array_mut().expect("periods").push(more);
    }),
    ("a start of a schedule", "SetChargingProfile", false, |b| {
        profile(b)["chargingSchedule"]["startSchedule"] = json!("2026-05-04T05:00:00Z");
    }),
    ("a duration", "SetChargingProfile", false, |b| {
        profile(b)["chargingSchedule"]["duration"] = json!(77);
    }),
    ("an end of validity", "SetChargingProfile", false, |b| {
        profile(b)["validTo"] = json!("2026-05-04T08:00:00Z");
    }),
    ("a connector", "SetChargingProfile", false, |b| b["connectorId"] = json!(2)),
    ("what a schedule is asked for", "GetCompositeSchedule", false, |b| b["duration"] = json!(61)),
    ("a message that is triggered", "TriggerMessage", false, |b| {
        b["requestedMessage"] = json!("Heartbeat");
    }),
    ("a key that is asked for", "GetConfiguration", false, |b| {
        b["key"] = json!(["ConnectorPhaseRotation"]);
    }),
];

/// Which line of several is changed: one in the middle.
fn planted(text_of: &str, action: &str, in_answer: bool) -> (Vec<Line>, usize) {
    let lines = lines(text_of);
    let is = |line: &Line| {
        line.action() == action && !line.is_from_point() && line.is_call() != in_answer
    };
    let all: Vec<usize> = (0..lines.len()).filter(|n| is(&lines[*n])).collect();
    assert!(!all.is_empty(), "the recording has a {action}");
    let middle = all[all.len() / 2];
    (lines, middle)
}

fn is_found(name: &str, comparison: &Comparison, point: &str) {
    let first = comparison.first().unwrap_or_else(|| panic!("{name}: not found"));
    assert_eq!(first.point.as_deref(), Some(point), "{name}: {first:?}");
}

#[test]
fn every_single_field_of_what_the_central_system_says_is_found_where_it_was_planted() {
    let recording = recording();
    for (name, action, in_answer, change) in FIELDS {
        let (mut lines, place) = planted(&recording.text, action, in_answer);
        change(lines[place].body());
        let point = lines[place].record["chargePointId"].as_str().expect("a name").to_owned();
        let comparison = recording.against_golden(&text(lines), &Rules::default());
        is_found(name, &comparison, &point);
        assert!(comparison.on(ampacity::replay::difference::Level::Protocol) > 0, "{name}");
    }
}

/// A change of the lines of a trace, at a SetChargingProfile in this place.
type Doing = (&'static str, fn(&mut Vec<Line>, usize));

/// The answer to the call in a place.
fn answer(lines: &[Line], place: usize) -> usize {
    let (point, id) = (lines[place].record["chargePointId"].clone(), lines[place].frame[1].clone());
    let is = |line: &Line| {
        !line.is_call() && line.record["chargePointId"] == point && line.frame[1] == id
    };
    place + 1 + lines[place + 1..].iter().position(is).expect("it is answered")
}

const DOINGS: [Doing; 6] = [
    ("a call that was left out", |lines, place| {
        let answer = answer(lines, place);
        lines.remove(answer);
        lines.remove(place);
    }),
    ("a call that was made twice", |lines, place| {
        let answer = answer(lines, place);
        let mut twice = [(place, 1), (answer, 2)].map(|(at, seconds)| {
            let mut line = Line {
                record: lines[at].record.clone(),
                frame: lines[at].frame.clone(),
                asked: lines[at].asked.clone(),
            };
            line.frame[1] = json!("twice");
            line.record["messageId"] = json!("twice");
            line.later(seconds);
            line
        });
        twice[0].record["meta"] = Value::Null;
        lines.splice(answer + 1..answer + 1, twice);
    }),
    ("a call that came five seconds later", |lines, place| {
        let answer = answer(lines, place);
        lines[place].later(5);
        lines[answer].later(5);
    }),
    ("an error instead of an answer", |lines, place| {
        let place = some_answer(lines, place);
        let id = lines[place].frame[1].clone();
        lines[place].frame = json!([4, id, "InternalError", "", {}]);
    }),
    ("an answer that came five seconds later", |lines, place| {
        let place = some_answer(lines, place);
        lines[place].later(5);
    }),
    ("no answer", |lines, place| {
        let place = some_answer(lines, place);
        lines.remove(place);
    }),
];

/// The first answer of the central system after a place.
fn some_answer(lines: &[Line], place: usize) -> usize {
    let is = |line: &Line| !line.is_call() && !line.is_from_point();
    place + lines[place..].iter().position(is).expect("it answers")
}

#[test]
fn calls_and_answers_that_are_left_out_added_or_late_are_found() {
    let recording = recording();
    for (name, change) in DOINGS {
        let (mut lines, place) = planted(&recording.text, "SetChargingProfile", false);
        change(&mut lines, place);
        let comparison = recording.against_golden(&text(lines), &Rules::default());
        assert!(!comparison.differences.is_empty(), "{name}: not found");
    }
}

/// Another set-up of the central system: what a change of its code would do.
type Behaviour = (&'static str, fn(&mut Setup));

const BEHAVIOURS: [Behaviour; 12] = [
    ("another strategy", |it| it.sites[0].config.strategy = Strategy::FirstComeFirstServed),
    ("a kilowatt less", |it| it.sites[0].config.max_power = Watts(23_000)),
    ("a kilowatt more kept", |it| it.sites[0].config.reserve = Watts(3_000)),
    ("another minimum", |it| it.sites[0].config.min_charge_rate = Watts(6_000)),
    ("another heartbeat", |it| it.heartbeat = Span::from_s(600)),
    ("cards that are refused", |it| it.unknown_card = AuthorizationStatus::Invalid),
    ("limits without an end", |it| it.sites[0].control.lease = None),
    ("decisions that wait", |it| it.sites[0].control.coalesce = Span::from_s(9)),
    ("raises that wait", |it| it.sites[0].control.min_raise_interval = Span::from_s(300)),
    ("cars that are not learned", |it| it.sites[0].control.learn_acceptance = false),
    ("starts with more current", |it| it.sites[0].control.start_current_a = 8),
    ("a larger dead band", |it| it.sites[0].control.raise_dead_band = Watts(2_000)),
];

#[test]
fn a_central_system_that_behaves_otherwise_is_found() {
    let recording = recording();
    for (name, change) in BEHAVIOURS {
        let mut setup = recording.setup.clone();
        change(&mut setup);
        let comparison = recording.against(&setup);
        assert!(!comparison.differences.is_empty(), "{name}: not found");
    }
}
