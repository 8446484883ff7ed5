//! Values that do not fit each other by a power of ten.

use crate::tape::Tape;

/// A transaction of twenty minutes: power in W as it is told, and the register, Wh, from 1000 on.
fn charged(power: &str, register: impl Fn(i64) -> String) -> Tape {
    (1..=20).fold(Tape::charging(), |tape, minute| {
        tape.wait_s(58).watts(power, Some(&register(minute)))
    })
}

fn slips(tape: &Tape) -> Vec<(&'static str, u64)> {
    tape.found().into_iter().filter(|(kind, _)| *kind == "unit_slip").collect()
}

#[test]
fn a_register_that_counts_what_the_power_makes_is_right() {
    // 11 kW are 183 Wh a minute.
    assert_eq!(slips(&charged("11000", |minute| (1000 + minute * 183).to_string())), []);
    // Seen at instants, power may be twice what it is on average; and a register may count in whole kWh.
    assert_eq!(slips(&charged("22000", |minute| (1000 + minute * 183).to_string())), []);
    assert_eq!(slips(&charged("11000", |minute| (minute * 183 / 1000 * 1000).to_string())), []);
    assert_eq!(slips(&charged("11000", |_| "1000".to_owned())), []);
}

#[test]
fn a_power_in_kw_under_the_name_of_w_is_found_once() {
    let tape = charged("11", |minute| (1000 + minute * 183).to_string());
    assert_eq!(slips(&tape).len(), 1);
    assert!(tape.words().iter().any(|it| it.ends_with("1000 times")), "{:?}", tape.words());
    let tape = charged("1100", |minute| (1000 + minute * 183).to_string());
    assert_eq!(slips(&tape).len(), 1);
    assert!(tape.words().iter().any(|it| it.ends_with("10 times")), "{:?}", tape.words());
}

#[test]
fn a_register_in_kwh_under_the_name_of_wh_is_found_once() {
    let kwh = |minute| format!("{:.3}", 3051.0 + f64::from(minute as i32) * 0.183);
    let tape = charged("11000", kwh);
    assert_eq!(slips(&tape).len(), 1, "{:?}", tape.words());
    assert!(tape.words().iter().any(|it| it.ends_with("1/1000")), "{:?}", tape.words());
}

#[test]
fn a_register_that_changes_its_unit_jumps() {
    let start = r#"{"connectorId":1,"idTag":"T","meterStart":3051113}"#;
    let answer = r#"{"transactionId":7,"idTagInfo":{"status":"Accepted"}}"#;
    let begun = || Tape::booted().point_asks("StartTransaction", start, answer).wait_s(60);
    assert_eq!(slips(&begun().meter("3051.2").stop(3_051_400, "Local")), [("unit_slip", 5)]);
    assert_eq!(slips(&begun().meter("3051213").stop(3051, "Local")), [("unit_slip", 7)]);
    // A register of each session is another matter, and so is a meter that was changed.
    assert_eq!(slips(&begun().meter("110").stop(4000, "Local")), []);
    assert_eq!(slips(&begun().meter("3").meter("5").stop(30, "Local")), []);
}

#[test]
fn power_and_current_belong_together() {
    let sample = |power: &str, amps: &str, phase: &str| {
        let value = |value: &str, measurand: &str, unit: &str| {
            format!(r#"{{"value":"{value}","measurand":"{measurand}","unit":"{unit}"}}"#)
        };
        let current = value(amps, "Current.Import", "A").replace('}', phase);
        format!("{},{current}", value(power, "Power.Active.Import", "W"))
    };
    let told = |power: &str, amps: &str, phase: &str| {
        let values = sample(power, amps, phase);
        let tape =
            (0..4).fold(Tape::charging(), |tape, _| tape.wait_s(58).values(1, Some(7), &values));
        slips(&tape)
    };
    let (of_one, of_all) = (r#","phase":"L1"}"#, "}");
    assert_eq!(told("3680", "16", of_one), []);
    assert_eq!(told("11040", "16", of_all), []);
    // A battery of 800 V.
    assert_eq!(told("80000", "100", of_all), []);
    assert_eq!(told("3680", "16000", of_one), [("unit_slip", 9)]);
    assert_eq!(told("3.68", "16", of_one), [("unit_slip", 9)]);
    assert_eq!(told("368", "16", of_one), [("unit_slip", 9)]);
    assert_eq!(told("11040", "16000", of_all), [("unit_slip", 9)]);
    // A car that waits has a current that does no work.
    assert_eq!(told("30", "1.2", of_one), []);
}
