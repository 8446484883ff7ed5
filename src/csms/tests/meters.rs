//! The truth about transactions and energy, however stations tell it.

use super::*;

/// How a station tells of the same hour: three phases at 16 A, 11 040 W, offered 22 kW.
struct Style {
    name: &'static str,
    /// Registers at the start and at the end, from the true ones in Wh.
    ends: fn(i64, i64) -> (i64, i64),
    /// The sampled values from the true register in Wh and whether something flows.
    values: fn(i64) -> String,
    /// What stands in the transaction field.
    id: fn(i64) -> String,
    /// A timestamp.
    stamp: fn(Time) -> String,
}

const PLAIN: Style = Style {
    name: "plain",
    ends: |start, end| (start, end),
    values: |register| values(&format!("\"{register}\""), "Wh", "\"11040\"", "W", &by_phase("L")),
    id: |id| format!("\"transactionId\":{id},"),
    stamp: |at| at.to_ocpp(),
};

/// The register when the car comes.
const REGISTER: i64 = 512_340;

fn values(register: &str, unit: &str, power: &str, power_unit: &str, currents: &str) -> String {
    format!(
        r#"{{"value":{register},"unit":"{unit}"}},{{"value":{power},"measurand":"Power.Active.Import","unit":"{power_unit}"}},{currents}"#
    )
}

fn current(phase: &str) -> String {
    let phase = if phase.is_empty() { String::new() } else { format!(r#","phase":"{phase}""#) };
    format!(r#"{{"value":"16.0","measurand":"Current.Import","unit":"A"{phase}}}"#)
}

fn by_phase(kind: &str) -> String {
    let name = |n| if kind == "L-N" { format!("L{n}-N") } else { format!("L{n}") };
    (1..=3).map(|n| current(&name(n))).collect::<Vec<_>>().join(",")
}

fn plain_with(register: &str, unit: &str) -> String {
    values(register, unit, "\"11040\"", "W", &by_phase("L"))
}

fn kilo(register: i64) -> String {
    format!("\"{}.{:03}\"", register / 1000, register % 1000)
}

/// Everything that stations make of it (ocpp.md, Q12 to Q15, Q23).
fn styles() -> Vec<Style> {
    let session_only = |register: i64| plain_with(&format!("\"{}\"", register - REGISTER), "Wh");
    vec![
        PLAIN,
        Style {
            name: "phases against neutral",
            values: |r| values(&format!("\"{r}\""), "Wh", "\"11040\"", "W", &by_phase("L-N")),
            ..PLAIN
        },
        Style {
            name: "numbers for texts",
            values: |r| values(&r.to_string(), "Wh", "11040", "W", &by_phase("L")),
            ..PLAIN
        },
        Style {
            name: "kilo units",
            values: |r| values(&kilo(r), "kWh", "\"11,04\"", "kW", &by_phase("L")),
            ..PLAIN
        },
        Style { name: "kWh under the name of Wh", values: |r| plain_with(&kilo(r), "Wh"), ..PLAIN },
        Style {
            name: "Wh under the name of kWh",
            values: |r| plain_with(&format!("\"{r}\""), "kWh"),
            ..PLAIN
        },
        Style {
            name: "a current without phase",
            values: |r| values(&format!("\"{r}\""), "Wh", "\"11040\"", "W", &current("")),
            ..PLAIN
        },
        Style {
            name: "the neutral conductor alone",
            values: |r| values(&format!("\"{r}\""), "Wh", "\"11040\"", "W", &current("N")),
            ..PLAIN
        },
        Style {
            name: "a list of currents that was cut off",
            values: |r| {
                let two = format!("{},{}", current("L1"), current("L2"));
                values(&format!("\"{r}\""), "Wh", "\"11040\"", "W", &two)
            },
            ..PLAIN
        },
        Style {
            name: "no power, but voltages",
            values: |r| {
                let voltage = r#"{"value":"230","measurand":"Voltage","unit":"V"}"#;
                format!(r#"{{"value":"{r}"}},{voltage},{}"#, by_phase("L"))
            },
            ..PLAIN
        },
        Style {
            name: "a power ten times too low",
            values: |r| values(&format!("\"{r}\""), "Wh", "\"1104\"", "W", &by_phase("L")),
            ..PLAIN
        },
        Style {
            name: "a power ten times too high",
            values: |r| values(&format!("\"{r}\""), "Wh", "\"110400\"", "W", &by_phase("L")),
            ..PLAIN
        },
        Style { name: "a register of the session", values: session_only, ..PLAIN },
        Style {
            name: "a register of the session from start to end",
            ends: |start, end| (0, end - start),
            values: session_only,
            ..PLAIN
        },
        Style {
            name: "an end of the session alone",
            ends: |start, end| (start, end - start),
            ..PLAIN
        },
        Style { name: "transaction 0", id: |_| "\"transactionId\":0,".to_owned(), ..PLAIN },
        Style { name: "transaction -1", id: |_| "\"transactionId\":-1,".to_owned(), ..PLAIN },
        Style {
            name: "a transaction beyond 32 bits",
            id: |_| "\"transactionId\":9223372036854766666,".to_owned(),
            ..PLAIN
        },
        Style { name: "no transaction", id: |_| String::new(), ..PLAIN },
        Style { name: "no zone", stamp: |at| at.to_ocpp().replace('Z', ""), ..PLAIN },
        Style { name: "never set", stamp: |_| "1970-01-01T00:00:07Z".to_owned(), ..PLAIN },
        Style { name: "nothing", stamp: |_| "0000-00-00T00:00:00Z".to_owned(), ..PLAIN },
        Style {
            name: "local time called UTC",
            stamp: |at| (at + Span::from_s(7_200)).to_ocpp(),
            ..PLAIN
        },
        Style { name: "hours behind", stamp: |at| (at - Span::from_s(10_800)).to_ocpp(), ..PLAIN },
    ]
}

/// Energy of the session, phases and current that were learned.
fn tell(style: &Style, one_each: bool) -> (i64, Option<u8>, Option<Setpoint>) {
    let mut bench = Bench::new(1);
    bench.boot(0);
    bench.wait(700);
    bench.present_card(0);
    bench.obey();
    bench.inbox[0].clear();
    let (start, end) = (style.ends)(REGISTER, REGISTER + 11_040);
    let request = format!(
        r#"{{"connectorId":1,"idTag":"TAG1","meterStart":{start},"timestamp":"{}"}}"#,
        (style.stamp)(bench.now)
    );
    let id = transaction_id(&bench.call(0, "StartTransaction", &request));
    let charging = r#"{"connectorId":1,"errorCode":"NoError","status":"Charging"}"#;
    bench.call(0, "StatusNotification", charging);
    for minute in 0..=60 {
        let register = REGISTER + 184 * minute;
        let (stamp, values) = ((style.stamp)(bench.now), (style.values)(register));
        let meter_value =
            |values: &str| format!(r#"{{"timestamp":"{stamp}","sampledValue":[{values}]}}"#);
        let list = if one_each {
            let single = values.replace("},{", "}|{");
            single.split('|').map(meter_value).collect::<Vec<_>>().join(",")
        } else {
            meter_value(&values)
        };
        let request = format!(r#"{{"connectorId":1,{}"meterValue":[{list}]}}"#, (style.id)(id));
        assert!(bench.call(0, "MeterValues", &request).ends_with(",{}]"), "{request}");
        if minute < 60 {
            bench.wait(60);
        }
    }
    let point = &bench.csms.points[0];
    let acceptance = &point.connectors[0].active.as_ref().unwrap().acceptance;
    let learned = (acceptance.phases(), acceptance.worth_offering(&point.hardware));
    assert_eq!(point.connectors[0].measured_w, 11_040, "{}", style.name);
    assert_eq!(point.connectors[0].distrust, None, "{}", style.name);
    let stop = format!(
        r#"{{"transactionId":{id},"meterStop":{end},"timestamp":"{}"}}"#,
        (style.stamp)(bench.now)
    );
    bench.call(0, "StopTransaction", &stop);
    (energy_of(&bench, id), learned.0, learned.1)
}

fn energy_of(bench: &Bench, id: i64) -> i64 {
    let ended = bench.events.iter().filter_map(|event| match event {
        Event::SessionEnded { transaction_id, energy_wh, .. } if *transaction_id == id => {
            Some(*energy_wh)
        }
        _ => None,
    });
    let energies: Vec<i64> = ended.collect();
    assert_eq!(energies.len(), 1, "it ends once");
    energies[0]
}

#[test]
fn the_same_session_told_in_any_style_is_the_same_session() {
    for style in styles() {
        for one_each in [false, true] {
            let told = tell(&style, one_each);
            assert_eq!(told, (11_040, Some(3), Some(Setpoint(180))), "{}, {one_each}", style.name);
        }
    }
}

#[test]
fn a_start_told_twice_by_a_station_without_clock_is_one_transaction() {
    let mut bench = Bench::new(1);
    bench.boot(0);
    let request =
        r#"{"connectorId":1,"idTag":"T","meterStart":0,"timestamp":"1970-01-01T00:00:09Z"}"#;
    let first = transaction_id(&bench.call(0, "StartTransaction", request));
    bench.wait(60);
    assert_eq!(transaction_id(&bench.call(0, "StartTransaction", request)), first);
    bench.stop(0, first);
    bench.wait(60);
    let next = transaction_id(&bench.call(0, "StartTransaction", request));
    assert_ne!(next, first, "a register of the session begins at nothing each time");
}

#[test]
fn a_burst_of_yesterday_is_kept_with_its_time_and_its_energy_and_gets_no_limit() {
    let mut bench = Bench::new(2);
    (0..2).for_each(|point| bench.boot(point));
    bench.charge(1);
    bench.wait(60);
    let (now, began) = (bench.now, bench.now - Span::from_s(36_000));
    let sent = bench.sent_profiles().len();
    bench.now = began;
    let start =
        format!(r#"{{"connectorId":1,"idTag":"TAG1","meterStart":1000,"timestamp":"{began}"}}"#);
    let mut frames = vec![("MeterValues", bench.meter_text(1, 16))];
    bench.now = began + Span::from_s(600);
    frames.push(("MeterValues", bench.meter_text(1, 16)));
    bench.now = now;
    let id = transaction_id(&bench.call(0, "StartTransaction", &start));
    assert_eq!(bench.csms.transaction(id).unwrap().started_at, began);
    for (action, payload) in frames {
        bench.call(
            0,
            action,
            &payload.replace("\"transactionId\":1,", &format!("\"transactionId\":{id},")),
        );
        bench.obey();
    }
    let stop = format!(
        r#"{{"transactionId":{id},"meterStop":8000,"timestamp":"{}"}}"#,
        began + Span::from_s(3_600)
    );
    bench.call(0, "StopTransaction", &stop);
    bench.wait(120);
    assert_eq!(energy_of(&bench, id), 7_000);
    let told = bench.sent_profiles()[sent..].iter().filter(|sent| sent.point == PointIx(0)).count();
    assert_eq!(told, 0, "nobody is there any more");
    assert_eq!(bench.allocated_kw(), [0.0, 22.0]);
}

#[test]
fn a_stop_without_a_start_is_acknowledged_and_recorded_once() {
    let mut bench = Bench::new(1);
    bench.boot(0);
    let value = |at: Time, register: i64, context: &str| {
        format!(
            r#"{{"timestamp":"{at}","sampledValue":[{{"value":"{register}","context":"{context}"}}]}}"#
        )
    };
    let stop = format!(
        r#"{{"transactionId":-1,"idTag":"T","meterStop":9000,"timestamp":"{}","transactionData":[{},{}]}}"#,
        bench.now,
        value(bench.now - Span::from_s(3_600), 2_000, "Transaction.Begin"),
        value(bench.now, 9_000, "Transaction.End")
    );
    for _ in 0..3 {
        assert!(bench.call(0, "StopTransaction", &stop).starts_with("[3,"));
        bench.wait(30);
    }
    let found: Vec<(i64, i64)> = bench
        .events
        .iter()
        .filter_map(|event| match event {
            Event::SessionFound { transaction_id, energy_wh, .. } => {
                Some((*transaction_id, *energy_wh))
            }
            _ => None,
        })
        .collect();
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].1, 7_000);
    let kept = bench.csms.transaction(found[0].0).unwrap();
    assert_eq!((kept.id_tag.as_str(), kept.meter_start_wh, kept.ended), ("T", 2_000, true));
    bench.stop(0, 9_223_372_036_854_766_666);
    assert_eq!(bench.csms.deviations()["StopTransaction of an unknown transaction"], 4);
}

#[test]
fn meter_values_outside_a_transaction_belong_to_none() {
    let mut bench = Bench::new(1);
    bench.boot(0);
    let stale = bench.meter_text(77, 10);
    bench.call(0, "MeterValues", &stale);
    assert_eq!(bench.csms.allocation(bench.site).chargers[0].actual_draw, Watts(6_900));
    let id = bench.charge(0);
    assert_eq!(bench.csms.sessions(None)[0].energy_wh, 0);
    bench.stop(0, id);
    assert_eq!(energy_of(&bench, id), 4_000);
    let late = bench.meter_text(id, 0);
    bench.call(0, "MeterValues", &late);
    assert_eq!(energy_of(&bench, id), 4_000, "after the end");
}

#[test]
fn a_factor_in_a_meter_is_known_from_the_first_sample_of_its_next_session() {
    let mut bench = Bench::new(1);
    bench.boot(0);
    for session in 0..2 {
        let id = bench.charge(0);
        for minute in 0..6 {
            let register = 1_000 + session * 10_000 + minute * 184;
            let text = values(&format!("\"{register}\""), "Wh", "\"1104\"", "W", "");
            let text = format!(
                r#"{{"connectorId":1,"transactionId":{id},"meterValue":[{{"timestamp":"{}","sampledValue":[{}]}}]}}"#,
                bench.now,
                text.trim_end_matches(',')
            );
            bench.call(0, "MeterValues", &text);
            if session == 1 || minute == 5 {
                assert_eq!(bench.csms.points[0].connectors[0].measured_w, 11_040, "{minute}");
            }
            bench.wait(60);
        }
        bench.stop(0, id);
        bench.status(0, "Available");
    }
}
