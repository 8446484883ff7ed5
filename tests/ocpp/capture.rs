//! Frames of a real station, as a central system logged them. The environment variable
//! `AMPACITY_DATA` names the folder of the data.

use std::collections::BTreeMap;

use ampacity::charger::CurrentKind;
use ampacity::csms::event::Output;
use ampacity::csms::{Control, Csms, Hardware, Options, PointIx, SiteConfig};
use ampacity::ocpp::{Action, Direction, Frame, Timestamp};
use ampacity::time::Time;
use ampacity::units::{DeciAmps, Watts};

use crate::typed::{Side, echo};

/// The log is in Central European Time, as its first frames show.
const AHEAD_OF_UTC_S: i64 = 3600;

/// A line of the capture.
struct Line {
    /// When it was logged.
    at: Time,
    text: String,
}

/// The frames of the capture, in order: whatever follows a level, a name and `send` or `receive`.
fn frames() -> Option<Vec<Line>> {
    let Some(folder) = std::env::var_os("AMPACITY_DATA") else {
        println!("skipped: AMPACITY_DATA does not name the folder of the test data");
        return None;
    };
    let file = std::path::Path::new(&folder).join("captures/home_assistant_ocpp.log");
    let log = std::fs::read_to_string(&file).unwrap_or_else(|e| panic!("{file:?}: {e}"));
    let frame = |line: &str| {
        let start = ["[2,", "[3,", "[4,"].iter().filter_map(|kind| line.find(kind)).min();
        let start = start.unwrap_or_else(|| panic!("a line without a frame: {line}"));
        let local = Time::parse_ocpp_exact(&format!("{}Z", line[..19].replace(' ', "T")));
        let at = Time::from_unix_s(local.expect("a date and a time").unix_s() - AHEAD_OF_UTC_S);
        Line { at, text: line[start..].to_owned() }
    };
    Some(log.lines().map(frame).collect())
}

#[test]
fn every_frame_of_a_real_station_is_read() {
    let Some(frames) = frames() else { return };
    let mut calls = BTreeMap::new();
    let (mut read, mut deviations) = (0, BTreeMap::new());
    for Line { at, text } in &frames {
        for trouble in troubles(*at, text) {
            *deviations.entry(trouble).or_insert(0) += 1;
        }
        let (action, side, payload) = match Frame::parse(text) {
            Ok(Frame::Call(call)) => {
                let action = Action::from_name(&call.action).expect("a known action");
                calls.insert(call.id.into_owned(), action);
                (action, Side::Request, call.payload)
            }
            Ok(Frame::Result(result)) => {
                let action = calls.get(&*result.id).expect("an answer to a call of the capture");
                (*action, Side::Response, result.payload)
            }
            other => panic!("{text}: {other:?}"),
        };
        let echo = echo(action, side, payload).unwrap_or_else(|e| panic!("{text}: {e}"));
        for deviation in echo.deviations {
            *deviations.entry(format!("{action}: {deviation}")).or_insert(0) += 1;
        }
        read += 1;
    }
    println!("{read} of {} frames read, deviations {deviations:#?}", frames.len());
    assert_eq!(read, 126);
    // It keeps to the schemas; what is wrong is what it says.
    let known = ["blanks in a feature profile: Local Auth List Management", "clock 3600 s ahead"];
    assert!(known.iter().all(|known| deviations.contains_key(*known)), "{deviations:?}");
}

/// What the schemas do not find: a clock that shows local time as UTC, names with blanks.
fn troubles(at: Time, text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for (start, name) in text.match_indices("\"timestamp\":\"") {
        let stamp = Timestamp::parse(text[start + name.len()..].split('"').next().unwrap_or(""));
        let ahead = stamp.expect("a timestamp").0.since(at).whole_s();
        if ahead > 60 {
            // Whole half hours, as time zones have them.
            found.push(format!("clock {} s ahead", (ahead + 900) / 1800 * 1800));
        }
    }
    if let Some((_, value)) = text.split_once("\"SupportedFeatureProfiles\",") {
        let names = value.split("\"value\":\"").nth(1).and_then(|value| value.split('"').next());
        let odd = names.unwrap_or("").split(',').filter(|name| name.contains(' '));
        found.extend(odd.map(|name| format!("blanks in a feature profile: {name}")));
    }
    found
}

/// The station of the capture speaks to the central system: every message gets a CALLRESULT.
#[test]
fn the_central_system_takes_every_message_of_a_real_station() {
    let Some(frames) = frames() else { return };
    let mut csms = Csms::new(Options::default());
    let config = SiteConfig {
        max_power: Watts(22_000),
        reserve: Watts::ZERO,
        strategy: ampacity::allocation::Strategy::Equal,
        min_charge_rate: Watts(1_380),
        priorities: BTreeMap::new(),
        worst_load: None,
        wiring: None,
        calendar: None,
    };
    let site = csms.add_site("site_1".into(), config, Control::default());
    let hardware = Hardware {
        kind: CurrentKind::Ac,
        phases: 3,
        max_current: DeciAmps(320),
        max_power: Watts(22_000),
        voltage_v: 230,
    };
    let point = csms.add_point("CP-HA-1".into(), site, hardware, 1);
    csms.link_up(frames[0].at, point);
    let mut answered = BTreeMap::new();
    for Line { at, text } in &frames {
        let Ok(Frame::Call(call)) = Frame::parse(text) else { continue };
        let action = Action::from_name(&call.action).expect("a known action");
        if action.direction() == Direction::FromCentralSystem {
            continue;
        }
        csms.handle_frame(*at, point, text);
        let answer = answer_to(&mut csms, point, &call.id);
        assert!(answer.starts_with("[3,"), "{text}: {answer}");
        *answered.entry(action).or_insert(0) += 1;
    }
    println!("answered: {answered:?}");
    assert_eq!(answered[&Action::StopTransaction], 2);
}

/// The answer among what the central system sends; its own calls are left open.
fn answer_to(csms: &mut Csms, point: PointIx, id: &str) -> String {
    let mut answer = String::new();
    while let Some(output) = csms.poll_output() {
        if let Output::Send { point: to, text } = output
            && to == point
            && matches!(Frame::parse(&text), Ok(Frame::Result(_) | Frame::Error(_)))
        {
            assert!(text.contains(id), "{text}");
            answer = text;
        }
    }
    answer
}
