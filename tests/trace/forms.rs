//! Every form of log is read as what was said; broken and hostile files are told, and break nothing.

use std::io::{Cursor, Write};
use std::path::PathBuf;

use ampacity::ocpp::action::{Action, Direction as Caller};
use ampacity::time::Time;
use ampacity::trace::open::open;
use ampacity::trace::record::Direction;
use ampacity::trace::{Form, Opened, Options};
use flate2::Compression;
use flate2::write::GzEncoder;
use proptest::prelude::*;
use serde_json::{Value, json};

/// A frame that went over a link.
#[derive(Clone, Debug)]
struct Said {
    at: Time,
    point: String,
    from_point: bool,
    text: String,
}

/// What is read of a frame: instant, charge point, whether it is from it, text.
type Seen = (i64, String, bool, String);

/// Frames that may be said: a call by whoever may make it, and an answer to it or none.
fn conversation() -> impl Strategy<Value = Vec<Said>> {
    let exchange = (
        prop::sample::select(Action::ALL),
        any::<bool>(),
        any::<String>(),
        prop::collection::btree_map(any::<String>(), any::<String>(), 0..3),
        0..4_u8,
        0..100_000_i64,
        prop::sample::select(vec!["CP_1", "cp-2", "Z*9"]),
        any::<bool>(),
    );
    prop::collection::vec(exchange, 1..8).prop_map(|exchanges| {
        let mut at = Time::from_civil(2026, 5, 4, 6, 0, 0).expect("a date").0;
        let mut all = Vec::new();
        for (action, either, id, payload, answer, wait_ms, point, blanks) in exchanges {
            let from_point = match action.direction() {
                Caller::FromChargePoint => true,
                Caller::FromCentralSystem => false,
                Caller::Both => either,
            };
            // Ids are unique, or an answer would belong to another call.
            let id = format!("{}-{id}", all.len());
            let frame = |value: Value| {
                if blanks { value.to_string().replacen(',', " , ", 1) } else { value.to_string() }
            };
            let mut say = |from_point, text| {
                at += wait_ms * 1000;
                all.push(Said { at: Time(at), point: point.to_owned(), from_point, text });
            };
            say(from_point, frame(json!([2, id, action.name(), payload])));
            match answer {
                0 => {}
                1 => say(!from_point, frame(json!([4, id, "GenericError", "", payload]))),
                _ => say(!from_point, frame(json!([3, id, payload]))),
            }
        }
        all
    })
}

/// The lines of a log of this form, as its program writes them.
fn logged(form: Form, said: &[Said]) -> String {
    let mut text = String::new();
    for frame in said {
        let Said { point, from_point, text: raw, .. } = frame;
        let utc = jiff::Timestamp::from_microsecond(frame.at.0).expect("a date");
        let at = |layout: &str| utc.strftime(layout).to_string();
        let word = |received: &'static str, sent| if *from_point { received } else { sent };
        text.push_str(&match form {
            Form::Steve => format!(
                "[INFO ] {} de.rwth.idsg.steve.ocpp.ws.WebSocketLogger (qtp1-36) - [chargeBoxId={point}, \
                 sessionId=3df7f3bc-e076-d275-090f-f2a6eb9d02ac] {} {raw}\n[DEBUG] something else\n",
                at("%Y-%m-%d %H:%M:%S,%3f"),
                word("Received:", "Sending:")
            ),
            Form::Evcc => format!(
                "evcc  | [ocpp  ] TRACE {} {} {point}: {raw}\n",
                at("%Y/%m/%d %H:%M:%S"),
                word("recv", "send")
            ),
            Form::HomeAssistant => format!(
                "\u{1b}[32m{} INFO (MainThread) [ocpp] {point}: {} {raw}\u{1b}[0m\r\n",
                at("%Y-%m-%d %H:%M:%S.%3f"),
                word("receive message", "send")
            ),
            Form::MobilityHouse => format!(
                "{} INFO:ocpp:{point}: {} {raw}\n",
                at("%Y-%m-%dT%H:%M:%S.%3fZ"),
                word("receive message", "send")
            ),
            Form::MicroOcpp => format!("[MO] {} {raw}\n\n", word("Send:", "Recv:")),
            Form::Plain => format!("{} {} {raw} cp={point}\n", frame.at.0 / 1000, word("<-", "->")),
            Form::Trace | Form::Har => unreachable!("no log"),
        });
    }
    text
}

/// A HAR document of the same, one entry for each charge point.
fn har(said: &[Said]) -> String {
    let entry = |point: &str| {
        let of_point = said.iter().filter(|frame| frame.point == point);
        let message = |frame: &Said| {
            let kind = if frame.from_point { "send" } else { "receive" };
            let seconds = frame.at.0 as f64 / 1e6;
            json!({ "type": kind, "time": seconds, "opcode": 1, "data": frame.text })
        };
        let messages: Vec<Value> = of_point.map(message).collect();
        let url = format!("ws://host/ocpp/{}", point.replace('*', "%2A"));
        json!({ "_webSocketMessages": messages, "request": { "url": url } })
    };
    let entries: Vec<Value> = ["CP_1", "Z*9", "cp-2"].into_iter().map(entry).collect();
    json!({ "log": { "version": "1.2", "entries": entries } }).to_string()
}

fn opened(bytes: impl Into<Vec<u8>>, options: &Options) -> Opened {
    Opened::new(Cursor::new(bytes.into()), "named", options).expect("memory can be read")
}

/// What a file holds, and as a trace; what is broken, by line.
fn read(mut opened: Opened) -> (Vec<Seen>, String, Vec<(u64, String)>) {
    let (mut seen, mut trace, mut broken) = (Vec::new(), String::new(), Vec::new());
    while let Some(line) = opened.next_line().expect("memory can be read") {
        match line.record {
            Err(fault) => broken.push((line.number, fault.to_string())),
            Ok(record) => {
                record.push_line(&mut trace);
                seen.push((
                    record.timestamp.at().0,
                    record.charge_point_id.unwrap_or_default().into_owned(),
                    record.direction == Direction::FromPoint,
                    record.raw.unwrap_or_default().into_owned(),
                ));
            }
        }
    }
    (seen, trace, broken)
}

fn sorted(mut seen: Vec<Seen>) -> Vec<Seen> {
    seen.sort();
    seen
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn what_is_logged_in_any_form_is_read_as_it_was_said_and_comes_back_from_a_trace(
        said in conversation(),
    ) {
        for form in [Form::Steve, Form::Evcc, Form::HomeAssistant, Form::MobilityHouse, Form::MicroOcpp, Form::Plain, Form::Har] {
            let text = if form == Form::Har { har(&said) } else { logged(form, &said) };
            let source = opened(text.clone(), &Options::default());
            prop_assert_eq!(source.form(), form, "{}", text);
            let (seen, trace, broken) = read(source);
            prop_assert_eq!(broken, vec![], "{}", text);
            let expected: Vec<Seen> = said.iter().map(|frame| {
                let at = if form == Form::Evcc { frame.at.0 / 1_000_000 * 1_000_000 } else { frame.at.0 };
                (at, frame.point.clone(), frame.from_point, frame.text.clone())
            }).collect();
            if form == Form::MicroOcpp {
                // Nothing tells whose it is, and when it was.
                let untold = |all: &[Seen]| all.iter().map(|it| (it.2, it.3.clone())).collect::<Vec<_>>();
                prop_assert_eq!(untold(&seen), untold(&expected));
                prop_assert!(seen.is_sorted_by_key(|it| it.0));
                prop_assert_eq!(trace.matches(r#""meta":{"timestamp":"inferred"}"#).count(), said.len());
            } else if form == Form::Har {
                // Of two sockets at the same instant any may be first.
                prop_assert!(seen.is_sorted_by_key(|it| it.0));
                prop_assert_eq!(sorted(seen.clone()), sorted(expected));
            } else {
                prop_assert_eq!(&seen, &expected, "{}", text);
            }
            let again = opened(trace.clone(), &Options::default());
            prop_assert_eq!(again.form(), Form::Trace);
            let (from_trace, same, broken) = read(again);
            prop_assert_eq!(from_trace, seen);
            prop_assert_eq!(same, trace);
            prop_assert_eq!(broken, vec![]);
        }
    }

    #[test]
    fn a_packed_log_that_is_cut_off_gives_what_stands_before_and_says_so(
        said in conversation(), cut in 0.3..0.99_f64, zstandard: bool,
    ) {
        let text = logged(Form::Steve, &said).repeat(20);
        let packed = if zstandard {
            ruzstd::encoding::compress_to_vec(text.as_bytes(), ruzstd::encoding::CompressionLevel::Fastest)
        } else {
            let mut packer = GzEncoder::new(Vec::new(), Compression::default());
            packer.write_all(text.as_bytes()).expect("memory takes it");
            packer.finish().expect("memory takes it")
        };
        let options = Options { form: Some(Form::Steve), ..Options::default() };
        let (whole, _, broken) = read(opened(packed.clone(), &options));
        prop_assert_eq!((whole.len(), broken), (said.len() * 20, vec![]));
        let part = &packed[..(packed.len() as f64 * cut) as usize];
        let (seen, _, broken) = read(opened(part, &options));
        prop_assert!(whole.starts_with(&seen));
        prop_assert_eq!(broken.len(), 1);
        prop_assert!(broken[0].1.starts_with("the packed file is cut off or damaged here"), "{:?}", broken);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn no_bytes_break_a_reader_of_any_form(bytes in soup(), packing in 0..3_u8) {
        let bytes = match packing {
            0 => bytes,
            1 => [&[0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3][..], &bytes].concat(),
            _ => [&[0x28, 0xb5, 0x2f, 0xfd][..], &bytes].concat(),
        };
        let forms = Form::ALL.map(Some).into_iter().chain([None]);
        for form in forms {
            let (seen, trace, broken) = read(opened(bytes.clone(), &Options { form, ..Options::default() }));
            prop_assert_eq!(trace.lines().count(), seen.len());
            // Every line and every frame is told at most once.
            let most = bytes.iter().filter(|byte| matches!(byte, b'\n' | b'[')).count() + 2;
            prop_assert!(packing > 0 || seen.len() + broken.len() <= most);
        }
    }
}

/// Bytes, and pieces of what readers look for.
fn soup() -> impl Strategy<Value = Vec<u8>> {
    let pieces: Vec<&[u8]> = vec![
        b"[2,\"",
        b"[3 , \"1\",{}]",
        b"[4,\"",
        b"\"Heartbeat\",{}]",
        b"[MO] Send: ",
        b"\x1b[3",
        b"\\",
        b"\"",
        b"\n",
        b"[chargeBoxId=",
        b", sessionId=x] Received: ",
        b"[ocpp  ] TRACE recv X: ",
        b"2026-05-04 06:00:00,",
        b"\r\n",
        b"(MainThread) [ocpp] \xc3\xa4: receive message ",
        b"1777896000123 ",
        b"{\"log\":{\"entries\":[",
        b"99:99:99.",
        b"{\"_webSocketMessages\":[{\"data\":\"[2,",
        b"{\"schemaVersion\":\"1.1\"",
        b"cp=\"",
        b": ",
        b"\xff",
        b"]}",
        b"2026-10-25T02:30:00+99:99 ",
        b"\xef\xbb\xbf",
        b"[[[",
        b"{\"a\":",
    ];
    let piece = prop_oneof![
        4 => prop::sample::select(pieces).prop_map(<[u8]>::to_vec),
        1 => prop::collection::vec(any::<u8>(), 0..6),
    ];
    prop::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
}

#[test]
fn a_log_of_a_charge_point_is_read_from_its_side() {
    let text = "2026-05-04 06:00:00,5 INFO:ocpp:A: receive message [3,\"0\",{}]\n\
        2026-05-04 06:00:01 INFO:ocpp:A: send [2,\"1\",\"BootNotification\",{}]\n\
        2026-05-04 06:00:02 INFO:ocpp:A: receive message [3,\"1\",{}]\n";
    let (seen, _, broken) = read(opened(text, &Options::default()));
    let directions: Vec<bool> = seen.iter().map(|it| it.2).collect();
    // Also what came before the call that shows it.
    assert_eq!((directions, broken), (vec![false, true, false], vec![]));
}

#[test]
fn what_a_log_does_not_say_is_given_by_whoever_reads_it() {
    let text = "2026-05-04 08:00:00 [2,\"1\",\"Heartbeat\",{}]\n";
    let options = Options {
        zone: jiff::tz::TimeZone::get("Europe/Amsterdam").ok(),
        charge_point: Some("lot_7".to_owned()),
        form: None,
    };
    let (seen, _, _) = read(opened(text, &options));
    let six = Time::from_civil(2026, 5, 4, 6, 0, 0).expect("a date");
    assert_eq!((seen[0].0, seen[0].1.as_str()), (six.0, "lot_7"));
    let source = opened(text, &Options::default());
    let (seen, _, _) = read(source);
    assert_eq!((seen[0].0, seen[0].1.as_str()), (six.0 + 7_200_000_000, "named"));
}

#[test]
fn the_capture_of_a_wallbox_at_home_assistant_has_126_frames() {
    let Some(data) = std::env::var_os("AMPACITY_DATA") else {
        println!("skipped: AMPACITY_DATA does not name the data folder");
        return;
    };
    let path = PathBuf::from(data).join("captures/home_assistant_ocpp.log");
    let mut source = open(&path, &Options::default()).expect("the capture");
    assert_eq!(source.form(), Form::HomeAssistant);
    let (mut frames, mut from_point) = (0, 0);
    while let Some(line) = source.next_line().expect("the capture") {
        let record = line.record.unwrap_or_else(|fault| panic!("line {}: {fault}", line.number));
        assert_eq!(record.charge_point_id.as_deref(), Some("CP-HA-1"));
        frames += 1;
        from_point += u32::from(record.direction == Direction::FromPoint);
    }
    let told = source.told();
    assert_eq!((frames, told.passed_over, told.inferred), (126, 0, 0));
    assert!(told.taken_as_utc);
    println!("{from_point} of {frames} frames are from the charge point");
    assert!((1..frames).contains(&from_point));
}
