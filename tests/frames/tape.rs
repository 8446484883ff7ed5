//! What both sides of a link said in a test, as lines of JSON in the shape of a trace. When the
//! environment variable `AMPACITY_FRAMES` names a folder, `tests/interop/validate_frames.py` checks
//! there what our side sent, by the official schemas; what the test itself sent may be wrong on
//! purpose, and is kept because answers are read by the action they answer.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

use serde_json::{Value, json};

/// The side of a link that is ours, by the direction of what it sends.
pub(crate) const CHARGE_POINT: &str = "cp-to-csms";
/// See [`CHARGE_POINT`].
pub(crate) const CENTRAL_SYSTEM: &str = "csms-to-cp";

static LINKS: AtomicU64 = AtomicU64::new(0);

/// A recorder of one link; without the variable it records nothing.
#[derive(Debug)]
pub(crate) struct Tape {
    file: Option<File>,
    link: String,
    ours: &'static str,
}

impl Tape {
    /// A link of which `ours` is the side under test.
    pub(crate) fn new(ours: &'static str) -> Tape {
        let file = std::env::var_os("AMPACITY_FRAMES").map(|folder| {
            let path = Path::new(&folder).join(format!("{}.jsonl", std::process::id()));
            let opened = OpenOptions::new().create(true).append(true).open(&path);
            opened.unwrap_or_else(|error| panic!("AMPACITY_FRAMES: {}: {error}", path.display()))
        });
        let number = LINKS.fetch_add(1, Ordering::Relaxed);
        Tape { file, link: format!("{}-{number}", std::process::id()), ours }
    }

    /// Our side sent this.
    pub(crate) fn sent(&mut self, text: &str) {
        self.record(text, true);
    }

    /// The test sent this.
    pub(crate) fn received(&mut self, text: &str) {
        self.record(text, false);
    }

    fn record(&mut self, text: &str, is_ours: bool) {
        let Some(file) = &mut self.file else { return };
        let frame = match serde_json::from_str::<Value>(text) {
            Ok(frame) => frame,
            Err(error) if is_ours => panic!("we sent what is no JSON: {error}: {text}"),
            // A call cut off or garbled within its payload is answered all the same.
            Err(_) => Value::Array(beginning(text)),
        };
        let other = if self.ours == CHARGE_POINT { CENTRAL_SYSTEM } else { CHARGE_POINT };
        let mut record = json!({
            "chargePointId": self.link,
            "direction": if is_ours { self.ours } else { other },
            "messageId": frame[1],
            "checked": is_ours,
        });
        match frame[0].as_u64() {
            Some(2) => {
                record["messageType"] = json!("CALL");
                record["action"] = frame[2].clone();
                record["payload"] = frame[3].clone();
            }
            Some(3) => {
                record["messageType"] = json!("CALLRESULT");
                record["payload"] = frame[2].clone();
            }
            _ => {
                record["messageType"] = json!("CALLERROR");
                record["error"] = json!({"code": frame[2], "description": frame[3]});
            }
        }
        // One write, so that tests in other threads do not come between.
        let line = format!("{record}\n");
        file.write_all(line.as_bytes()).expect("AMPACITY_FRAMES takes what is recorded");
    }
}

/// The elements of a JSON list up to the first that cannot be read.
fn beginning(text: &str) -> Vec<Value> {
    let mut elements = Vec::new();
    let mut rest = text.trim_start().strip_prefix('[');
    while let Some(list) = rest {
        let mut source = serde_json::Deserializer::from_str(list).into_iter::<Value>();
        let Some(Ok(element)) = source.next() else { break };
        elements.push(element);
        rest = list[source.byte_offset()..].trim_start().strip_prefix(',');
    }
    elements
}
