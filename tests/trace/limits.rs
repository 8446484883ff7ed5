//! Limits that were accepted and are not kept, and draws that nobody allowed.

use ampacity::trace::inspection::{Inspector, Options};
use ampacity::units::Watts;

use crate::tape::{Tape, inspected, inspected_by, kinds_and_lines};

/// A TxProfile of transaction 7 for as long as it runs.
fn tx(limit: &str, unit: &str) -> String {
    profile("TxProfile", r#""transactionId":7,"chargingProfileKind":"Relative","#, limit, unit, "")
}

fn profile(purpose: &str, kind: &str, limit: &str, unit: &str, schedule: &str) -> String {
    format!(
        r#"{{"chargingProfileId":1,"stackLevel":0,"chargingProfilePurpose":"{purpose}",{kind}"chargingSchedule":{{{schedule}"chargingRateUnit":"{unit}","chargingSchedulePeriod":[{{"startPeriod":0,"limit":{limit}}}]}}}}"#
    )
}

/// So many values a minute apart.
fn minutes(tape: Tape, values: usize, one: impl Fn(Tape) -> Tape) -> Tape {
    (0..values).fold(tape, |tape, _| one(tape.wait_s(58)))
}

/// What is found besides the end that does not come.
fn found(tape: &Tape) -> Vec<(&'static str, u64)> {
    let all = tape.found().into_iter();
    all.filter(|(kind, _)| *kind != "transaction_never_stopped").collect()
}

#[test]
fn a_charge_point_that_accepts_a_limit_and_draws_on_is_found_once() {
    let tape = Tape::charging().sets(1, &tx("16", "A"));
    let tape = minutes(tape, 4, |tape| tape.amps(&[32.0, 31.8, 31.9]));
    assert_eq!(found(&tape), [("limit_exceeded", 9)]);
    let words = &tape.words()[0];
    let expected =
        "transaction 7 draws 32 A a phase where 16 A are allowed since 2026-05-04T09:01:04Z";
    assert_eq!(words, expected);
    // It obeys, and then it does not again.
    let tape = minutes(tape, 2, |tape| tape.amps(&[16.2, 16.0, 16.3]));
    let tape = minutes(tape, 3, |tape| tape.amps(&[20.0, 20.0, 20.0]));
    assert_eq!(found(&tape), [("limit_exceeded", 9), ("limit_exceeded", 21)]);
}

#[test]
fn who_follows_within_half_a_minute_and_by_half_an_ampere_keeps_the_limit() {
    let tape = Tape::charging().sets(1, &tx("16", "A"));
    let tape = minutes(tape, 3, |tape| tape.amps(&[16.5, 16.4, 16.0]));
    // The central system lowers it every minute; the charge point is always one behind.
    let tape = ["14", "12", "10", "8"].iter().fold(tape, |tape, limit| {
        tape.wait_s(40).sets(1, &tx(limit, "A")).wait_s(20).amps(&[14.0 + 2.0, 14.0, 14.0])
    });
    assert_eq!(found(&tape), [("limit_exceeded", 23)], "16 A are too many twice");
    let tape = Tape::charging().sets(1, &tx("16", "A"));
    let tape = ["14", "12", "10", "8"].iter().zip([16.0, 14.0, 12.0, 10.0]).fold(
        minutes(tape, 1, |tape| tape.amps(&[16.0, 16.0, 16.0])),
        |tape, (limit, draws)| {
            tape.wait_s(40).sets(1, &tx(limit, "A")).wait_s(20).amps(&[draws, draws, draws])
        },
    );
    assert_eq!(found(&tape), []);
}

#[test]
fn what_was_rejected_or_cleared_limits_nothing() {
    let request = format!(r#"{{"connectorId":1,"csChargingProfiles":{}}}"#, tx("16", "A"));
    let tape =
        Tape::charging().central_asks("SetChargingProfile", &request, r#"{"status":"Rejected"}"#);
    let tape = minutes(tape, 3, |tape| tape.amps(&[32.0, 32.0, 32.0]));
    assert_eq!(found(&tape), []);
    let tape = Tape::charging().sets(1, &tx("16", "A")).central_asks(
        "ClearChargingProfile",
        r#"{"id":1}"#,
        r#"{"status":"Accepted"}"#,
    );
    let tape = minutes(tape, 3, |tape| tape.amps(&[32.0, 32.0, 32.0]));
    assert_eq!(found(&tape), []);
}

#[test]
fn a_profile_limits_its_own_transaction_while_it_lasts() {
    // Of another transaction.
    let other = tx("6", "A").replace(":7,", ":8,");
    let tape = minutes(Tape::charging().sets(1, &other), 3, |tape| tape.amps(&[16.0, 16.0, 16.0]));
    assert_eq!(found(&tape), []);
    // Two minutes long.
    let short =
        tx("6", "A").replace("\"chargingRateUnit\"", "\"duration\":120,\"chargingRateUnit\"");
    let tape = Tape::charging().wait_s(115).sets(1, &short);
    let tape = minutes(tape, 3, |tape| tape.amps(&[16.0, 16.0, 16.0]));
    assert_eq!(found(&tape), []);
    // The default does not count beside the transaction's own, nor on another connector.
    let kind = r#""chargingProfileKind":"Relative","#;
    let default = profile("TxDefaultProfile", kind, "6", "A", "").replace("Id\":1", "Id\":2");
    let tape = Tape::charging().sets(0, &default).sets(1, &tx("16", "A"));
    let tape = minutes(tape, 3, |tape| tape.amps(&[16.0, 16.0, 16.0]));
    assert_eq!(found(&tape), []);
    let tape =
        minutes(Tape::charging().sets(0, &default), 3, |tape| tape.amps(&[16.0, 16.0, 16.0]));
    assert_eq!(found(&tape), [("limit_exceeded", 9)]);
}

#[test]
fn schedules_are_read_by_the_central_systems_clock() {
    // 06:00 to 09:00 UTC, every day: 6 A. It is nine, and the minutes after count.
    let recurring = r#""chargingProfileKind":"Recurring","recurrencyKind":"Daily","#;
    let until_nine = r#""duration":10800,"startSchedule":"2026-05-01T06:00:00Z","#;
    let night = profile("ChargePointMaxProfile", recurring, "6", "A", until_nine);
    let tape = minutes(Tape::charging().sets(0, &night), 3, |tape| tape.amps(&[16.0, 16.0, 16.0]));
    assert_eq!(found(&tape), []);
    let from_nine = until_nine.replace("06:00", "09:00");
    let day = profile("ChargePointMaxProfile", recurring, "6", "A", &from_nine);
    let tape = minutes(Tape::charging().sets(0, &day), 3, |tape| tape.amps(&[16.0, 16.0, 16.0]));
    assert_eq!(found(&tape), [("limit_exceeded", 9)]);
    // A recording in local time, two hours ahead: at eleven it is nine.
    let local = |start: &str| {
        let schedule = until_nine.replace("06:00", start);
        let profile = profile("ChargePointMaxProfile", recurring, "6", "A", &schedule);
        let tape = minutes(Tape::charging().sets(0, &profile), 3, |tape| tape.amps(&[16.0; 3]));
        let (nine, eleven) = (r#""timestamp":"2026-05-04T09:"#, r#""timestamp":"2026-05-04T11:"#);
        let all = kinds_and_lines(&inspected(&tape.text.replace(nine, eleven))).into_iter();
        all.filter(|(kind, _)| *kind == "limit_exceeded").count()
    };
    assert_eq!((local("09:00"), local("10:00")), (1, 0));
}

#[test]
fn limits_in_watts_are_held_against_the_power() {
    let kept = minutes(Tape::charging().sets(1, &tx("11000", "W")), 3, |tape| {
        // 16 A at 240 V: the voltage is not the charge point's.
        tape.watts("11520", None)
    });
    assert_eq!(found(&kept), []);
    let tape =
        minutes(Tape::charging().sets(1, &tx("11000", "W")), 3, |tape| tape.watts("14000", None));
    assert_eq!(found(&tape), [("limit_exceeded", 9)]);
    assert!(tape.words()[0].contains("draws 14000 W where 11000 W are allowed"));
    let paused = minutes(Tape::charging().sets(1, &tx("0", "W")), 3, |tape| tape.watts("40", None));
    assert_eq!(found(&paused), []);
}

#[test]
fn without_power_the_register_tells_what_was_drawn() {
    let meter = |tape: Tape, step: i64| {
        (1..=4)
            .fold(tape, |tape, number| tape.wait_s(298).meter(&(1000 + number * step).to_string()))
    };
    // A kilowatt-hour in five minutes is 12 kW.
    let tape = meter(Tape::charging().sets(1, &tx("16", "A")), 1003);
    assert_eq!(found(&tape), []);
    let tape = meter(Tape::charging().sets(1, &tx("10", "A")), 1003);
    assert_eq!(found(&tape), [("limit_exceeded", 11)]);
    assert!(tape.words()[0].contains("12036 W on average"), "{:?}", tape.words());
}

#[test]
fn the_profile_of_a_remote_start_counts_from_the_start_on() {
    let request = format!(
        r#"{{"connectorId":1,"idTag":"T","chargingProfile":{}}}"#,
        tx("10", "A").replace(r#""transactionId":7,"#, "")
    );
    let start = |tape: Tape| {
        let request = format!(
            r#"{{"connectorId":1,"idTag":"T","meterStart":0,"timestamp":"{}"}}"#,
            tape.now()
        );
        let answer = r#"{"transactionId":7,"idTagInfo":{"status":"Accepted"}}"#;
        tape.point_asks("StartTransaction", &request, answer)
    };
    for request in [&request, &request.replace(r#""connectorId":1,"#, "")] {
        let asked = Tape::booted().central_asks(
            "RemoteStartTransaction",
            request,
            r#"{"status":"Accepted"}"#,
        );
        let tape = minutes(start(asked), 3, |tape| tape.amps(&[16.0, 16.0, 16.0]));
        assert_eq!(found(&tape), [("limit_exceeded", 9)], "{request}");
    }
}

#[test]
fn a_draw_without_a_transaction_is_found_where_the_connector_was_free() {
    let power = r#"{"value":"7.4","measurand":"Power.Active.Import","unit":"kW"}"#;
    let stray = |tape: Tape| minutes(tape, 3, |tape| tape.values(1, None, power));
    let tape = stray(Tape::booted().status("Available", "NoError"));
    assert_eq!(found(&tape), [("draw_above_limit", 7)]);
    // The trace may have begun within a transaction.
    assert_eq!(found(&stray(Tape::booted())), []);
    assert_eq!(found(&stray(Tape::new().status("Available", "NoError"))), []);
    // A little is a car that keeps warm, and what follows a transaction is its end.
    let little = power.replace("7.4", "0.2");
    let tape = Tape::booted().status("Available", "NoError");
    let tape = minutes(tape, 3, |tape| tape.values(1, None, &little));
    assert_eq!(found(&tape), []);
    let tape = Tape::charging().wait_s(60).stop(1000, "Local").values(1, None, power);
    assert_eq!(found(&tape.wait_s(30).values(1, None, power)), []);
}

#[test]
fn connectors_together_keep_the_maximum_of_their_charge_point() {
    let kind = r#""chargingProfileKind":"Absolute","#;
    let most = profile("ChargePointMaxProfile", kind, "11000", "W", "");
    let two = |second: &str| {
        let start = |tape: Tape| {
            let request = format!(
                r#"{{"connectorId":2,"idTag":"U","meterStart":0,"timestamp":"{}"}}"#,
                tape.now()
            );
            let answer = r#"{"transactionId":8,"idTagInfo":{"status":"Accepted"}}"#;
            tape.point_asks("StartTransaction", &request, answer)
        };
        let power = format!(r#"{{"value":"{second}","measurand":"Power.Active.Import"}}"#);
        minutes(start(Tape::charging().sets(0, &most)), 3, move |tape| {
            tape.watts("7000", None).values(2, Some(8), &power)
        })
    };
    assert_eq!(found(&two("4000")), []);
    let tape = two("7000");
    assert_eq!(found(&tape), [("draw_above_limit", 13)]);
    assert!(tape.words()[0].starts_with("the connectors together draw 14000 W where 11000 W"));
}

#[test]
fn all_charge_points_together_keep_the_limit_of_a_site_that_is_given() {
    let start = |tape: Tape| {
        let request = format!(
            r#"{{"connectorId":1,"idTag":"T","meterStart":0,"timestamp":"{}"}}"#,
            tape.now()
        );
        let answer = r#"{"transactionId":7,"idTagInfo":{"status":"Accepted"}}"#;
        tape.point_asks("StartTransaction", &request, answer)
    };
    let tape = start(start(Tape::booted()).of("cp_2"));
    let tape = minutes(tape, 3, |tape| {
        tape.of("cp_1").watts("11000", None).of("cp_2").watts("11000", None)
    });
    let with = |kw: Option<f64>| {
        let options = Options { site_limit: kw.map(Watts::from_kw) };
        let inspection = inspected_by(Inspector::new(options), &tape.text);
        let all = kinds_and_lines(&inspection).into_iter();
        all.filter(|(kind, _)| *kind == "draw_above_limit").collect::<Vec<_>>()
    };
    assert_eq!(with(None), []);
    assert_eq!(with(Some(22.0)), []);
    assert_eq!(with(Some(20.0)), [("draw_above_limit", 11)]);
}
