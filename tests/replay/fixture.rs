//! A small site and its trace, replays of it, and other traces made from it.

use std::collections::BTreeMap;

use ampacity::allocation::Strategy;
use ampacity::csms::Setup;
use ampacity::replay::central::{Heard, replay};
use ampacity::replay::difference::{Comparison, Rules, Side, compare};
use ampacity::replay::recording::recorded;
use ampacity::replay::script::Script;
use ampacity::replay::story::Story;
use ampacity::scenario::model::Scenario;
use ampacity::scenario::{Source, expand, load};
use serde_json::{Value, json};

/// Three charge points that share what two of them need, for two hours; tables may follow.
pub(crate) const SITE: &str = r#"
name = "Yard"
start = "2026-05-04T06:00:00[Europe/Amsterdam]"
duration = "2h"
seed = 1

[site]
max_power_kw = 24
reserve_kw = 2
strategy = "equal"
min_charge_rate_kw = 3.7

[[chargers]]
count = 3
id = "yard_"
model = "ac22"

[[vehicles]]
model = "sedan_3p11"
share = 2

[[vehicles]]
model = "city_1p"

[[arrivals]]
kind = "daily_peak"
count = 4
at = "06:30"
spread = "20m"
stay = "1h"
stay_spread = "20m"
energy_kwh = 10
energy_spread_kwh = 3
"#;

/// A scenario from its text.
pub(crate) fn scenario(text: &str) -> Scenario {
    match load(&Source::new("yard.toml", text), &|name| Err(format!("there is no {name}"))) {
        Ok((scenario, _)) => scenario,
        Err(errors) => panic!("{errors:#?}"),
    }
}

/// The trace of a run.
pub(crate) fn trace_of(scenario: &Scenario, strategy: Strategy, seed: u64) -> Vec<u8> {
    let fleet = expand(scenario, seed);
    recorded(scenario, &fleet, strategy, seed).1
}

/// A recording, and what it is replayed against.
pub(crate) struct Recording {
    pub(crate) script: Script,
    pub(crate) setup: Setup,
    pub(crate) text: String,
}

impl Recording {
    pub(crate) fn of(trace: Vec<u8>) -> Recording {
        let script = Script::read(&*trace).expect("memory can be read");
        let setup = script.setup.clone().expect("traces of ours say what the site is");
        Recording { script, setup, text: String::from_utf8(trace).expect("text") }
    }

    pub(crate) fn replayed(&self) -> Heard {
        replay(&self.script, &self.setup, None)
    }

    /// What differs when it is heard by a central system that is set up otherwise.
    pub(crate) fn against(&self, setup: &Setup) -> Comparison {
        let heard = replay(&self.script, setup, None);
        told(&self.script, &heard.trace, &Rules::default())
    }

    /// What differs between a golden file and a replay of the recording as it is.
    pub(crate) fn against_golden(&self, golden: &str, rules: &Rules) -> Comparison {
        let golden = Script::read(golden.as_bytes()).expect("memory can be read");
        assert_eq!(golden.broken, [], "what is planted is a record");
        told(&golden, &self.replayed().trace, rules)
    }
}

fn told(before: &Script, now: &[u8], rules: &Rules) -> Comparison {
    let now = Script::read(now).expect("memory can be read");
    compare(&Story::of(before), &Story::of(&now), Side::Central, rules)
}

/// A line of a trace, to be changed: what it says, and its frame. Both are kept alike.
pub(crate) struct Line {
    pub(crate) record: Value,
    pub(crate) frame: Value,
    /// Of an answer: what it answers.
    pub(crate) asked: Option<String>,
}

impl Line {
    /// The action of the call, or of the call that is answered.
    pub(crate) fn action(&self) -> &str {
        self.asked.as_deref().or_else(|| self.frame[2].as_str()).unwrap_or_default()
    }

    pub(crate) fn is_from_point(&self) -> bool {
        self.record["direction"] == "cp-to-csms"
    }

    pub(crate) fn is_call(&self) -> bool {
        self.frame[0] == 2
    }

    /// The body of the frame.
    pub(crate) fn body(&mut self) -> &mut Value {
        let place = if self.frame[0] == 2 { 3 } else { 2 };
        &mut self.frame[place]
    }

    /// Moves it in time.
    pub(crate) fn later(&mut self, seconds: i64) {
        let at: jiff::Timestamp =
            self.record["timestamp"].as_str().expect("a stamp").parse().expect("RFC 3339");
        self.record["timestamp"] =
            json!((at + jiff::SignedDuration::from_secs(seconds)).to_string());
    }
}

/// The lines of a trace.
pub(crate) fn lines(text: &str) -> Vec<Line> {
    let mut open: BTreeMap<(String, bool, String), String> = BTreeMap::new();
    let mut lines = Vec::new();
    for text in text.lines() {
        let record: Value = serde_json::from_str(text).expect("a record");
        let frame: Value =
            serde_json::from_str(record["raw"].as_str().expect("a frame")).expect("JSON");
        let point = record["chargePointId"].as_str().unwrap_or_default().to_owned();
        let id = frame[1].as_str().unwrap_or_default().to_owned();
        let from_point = record["direction"] == "cp-to-csms";
        let asked = if frame[0] == 2 {
            let action = frame[2].as_str().unwrap_or_default().to_owned();
            open.insert((point, from_point, id), action);
            None
        } else {
            open.remove(&(point, !from_point, id))
        };
        lines.push(Line { record, frame, asked });
    }
    lines
}

/// The text of lines; the record says what the frame does.
pub(crate) fn text(lines: Vec<Line>) -> String {
    let mut text = String::new();
    for mut line in lines {
        line.record["raw"] = json!(line.frame.to_string());
        let fields = line.record.as_object_mut().expect("an object");
        match line.frame[0].as_i64() {
            Some(2) => {
                fields.insert("action".to_owned(), line.frame[2].clone());
                fields.insert("payload".to_owned(), line.frame[3].clone());
            }
            Some(3) => {
                fields.insert("payload".to_owned(), line.frame[2].clone());
            }
            _ => {
                fields.remove("payload");
                fields.insert("messageType".to_owned(), json!("CALLERROR"));
                let error = json!({
                    "code": line.frame[2], "description": line.frame[3], "details": line.frame[4],
                });
                fields.insert("error".to_owned(), error);
            }
        }
        text.push_str(&line.record.to_string());
        text.push('\n');
    }
    text
}
