//! Frames of a real station, as a central system logged them. The environment variable
//! `AMPACITY_DATA` names the folder of the data.

use std::collections::BTreeMap;

use ampacity::ocpp::{Action, Frame};

use crate::typed::{Side, echo};

#[test]
fn the_frames_of_a_real_station_are_read() {
    let Some(folder) = std::env::var_os("AMPACITY_DATA") else {
        println!("skipped: AMPACITY_DATA does not name the folder of the test data");
        return;
    };
    let file = std::path::Path::new(&folder).join("captures/home_assistant_ocpp.log");
    let log = std::fs::read_to_string(&file).unwrap_or_else(|e| panic!("{file:?}: {e}"));
    let mut calls = BTreeMap::new();
    let (mut read, mut deviations) = (0, BTreeMap::new());
    for line in log.lines() {
        let Some(start) = line.find(['[']).and_then(|_| line.find(" [2,").or(line.find(" [3,")))
        else {
            continue;
        };
        let text = &line[start + 1..];
        let (action, side, payload) = match Frame::parse(text) {
            Ok(Frame::Call(call)) => {
                let action = Action::from_name(&call.action).expect("a known action");
                calls.insert(call.id.into_owned(), action);
                (action, Side::Request, call.payload)
            }
            Ok(Frame::Result(result)) => match calls.get(&*result.id) {
                Some(action) => (*action, Side::Response, result.payload),
                None => continue,
            },
            other => panic!("{text}: {other:?}"),
        };
        let echo = echo(action, side, payload).unwrap_or_else(|e| panic!("{text}: {e}"));
        for deviation in echo.deviations {
            *deviations.entry(format!("{action}: {deviation}")).or_insert(0) += 1;
        }
        read += 1;
    }
    println!("{read} payloads, deviations {deviations:#?}");
    assert!(read > 100, "{read} payloads were read");
}
