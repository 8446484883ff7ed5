//! A trace with secrets wherever they can stand, redacted: none is left in the bytes, and everything else is as it
//! was.

use std::collections::BTreeMap;

use ampacity::time::Span;
use ampacity::trace::Inspection;
use ampacity::trace::redact::check::{Canaries, Checker};
use ampacity::trace::redact::{Key, Kind, Options, Redactor, Secrets};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::tape::{Tape, inspected, kinds_and_lines};

const KEY: &[u8] = b"a key of the tests, of no use to anybody";

/// One of each kind that is planted.
const CANARIES: [(&str, &str); 24] = [
    ("charge point", "CANARY CP/01"),
    ("idTag", "CANARYTAG01"),
    ("parentIdTag", "CANARYPAR01"),
    ("transaction", "1907331177"),
    ("reservation", "1805552211"),
    ("serial of the charge point", "CANARYSER-CP-1"),
    ("serial of the box", "CANARYSER-CB-1"),
    ("serial of the meter", "CANARYSER-M-1"),
    ("ICCID", "8931440300000000701"),
    ("IMSI", "204046789012345"),
    ("IPv4", "100.72.33.44"),
    ("IPv6", "2a02:8100:abcd::17"),
    ("MAC", "3C:5A:B4:11:22:33"),
    ("host", "canary-host.example"),
    ("user of a URL", "canaryuser"),
    ("password of a URL", "c4nary-p4ss"),
    ("e-mail", "canary.person@example.org"),
    ("AuthorizationKey", "63616e6172796b657931323334"),
    ("certificate", "MIICanaryCertificate0123456789abcdefMIICanaryCertificate0123456789"),
    ("free text", "Kanarienvogel \"am\" Lader"),
    ("error code of a vendor", "CANARYVEC7"),
    ("VIN", "WVWZZZ1KZCN123456"),
    ("contract", "DE8AAC1A2B3C4D"),
    ("position", "52.370216"),
];

fn canary(name: &str) -> &'static str {
    CANARIES.iter().find(|(known, _)| *known == name).expect("a canary").1
}

/// Everything that is planted, in frames.
fn planted() -> String {
    let tag = canary("idTag");
    let info = json!({"status": "Accepted", "parentIdTag": canary("parentIdTag")});
    let (transaction, reservation): (i64, i64) = (1_907_331_177, 1_805_552_211);
    let url = format!(
        "ftp://{}:{}@{}:2121/upload/CANARY%20CP%2F01/{tag}.log?mail={}",
        canary("user of a URL"),
        canary("password of a URL"),
        canary("host"),
        canary("e-mail")
    );
    let pem = format!(
        "-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n",
        canary("certificate")
    );
    let prose = format!(
        "{}: {} of {} at [{}] and {} ({}), password={}",
        canary("free text"),
        tag.to_lowercase(),
        canary("charge point"),
        canary("IPv6"),
        canary("IPv4"),
        canary("e-mail"),
        canary("password of a URL"),
    );
    let foreign = json!({
        "card": tag, "vin": canary("VIN"), "contract_id": canary("contract"), "note": prose,
        "lat": 52.370216, "lon": "4.895168", "tx": transaction, "mac": canary("MAC"),
        "at": canary("position").to_owned() + ",4.895168",
    });
    let ask = |tape: Tape, from_point: bool, action: &str, request: Value, answer: Value| {
        let (request, answer) = (request.to_string(), answer.to_string());
        match from_point {
            true => tape.point_asks(action, &request, &answer),
            false => tape.central_asks(action, &request, &answer),
        }
    };
    let exchanges = [
        (
            true,
            "BootNotification",
            json!({
                "chargePointVendor": "V", "chargePointModel": "M", "firmwareVersion": "1.2.3.4",
                "chargePointSerialNumber": canary("serial of the charge point"),
                "chargeBoxSerialNumber": canary("serial of the box"),
                "meterSerialNumber": canary("serial of the meter"),
                "iccid": canary("ICCID"), "imsi": canary("IMSI"),
            }),
            json!({"currentTime": "2026-05-04T09:00:00Z", "interval": 300, "status": "Accepted"}),
        ),
        (true, "Authorize", json!({"idTag": tag}), json!({"idTagInfo": info})),
        (
            true,
            "StartTransaction",
            json!({
                "connectorId": 1, "idTag": tag.to_lowercase(), "meterStart": 0,
                "reservationId": reservation, "timestamp": "2026-05-04T09:00:04.250+02:00",
            }),
            json!({"transactionId": transaction, "idTagInfo": info}),
        ),
        (
            false,
            "SetChargingProfile",
            json!({"connectorId": 1, "csChargingProfiles": {
                "chargingProfileId": 1, "transactionId": transaction, "stackLevel": 0,
            }}),
            json!({"status": "Accepted"}),
        ),
        (
            true,
            "StatusNotification",
            json!({
                "connectorId": 1, "status": "Charging", "errorCode": "NoError", "info": prose,
                "vendorErrorCode": canary("error code of a vendor"),
            }),
            json!({}),
        ),
        (
            false,
            "GetDiagnostics",
            json!({"location": url}),
            json!({"fileName": format!("{tag}.zip")}),
        ),
        (
            false,
            "ChangeConfiguration",
            json!({
                "key": "AuthorizationKey", "value": canary("AuthorizationKey"),
            }),
            json!({"status": "Accepted"}),
        ),
        (
            false,
            "GetConfiguration",
            json!({"key": []}),
            json!({"configurationKey": [
                {"key": "HeartbeatInterval", "readonly": false, "value": "300"},
                {"key": "BackendURL", "readonly": false, "value": url},
                {"key": "LanIpAddress", "readonly": false, "value": canary("IPv4")},
                {"key": "WifiPassword", "readonly": false, "value": canary("password of a URL")},
                {"key": "ContactNote", "readonly": false, "value": prose},
            ]}),
        ),
        (
            false,
            "SendLocalList",
            json!({"listVersion": 1, "updateType": "Full",
                "localAuthorizationList": [{"idTag": tag, "idTagInfo": info}],
            }),
            json!({"status": "Accepted"}),
        ),
        (
            false,
            "ReserveNow",
            json!({"connectorId": 2, "idTag": tag, "reservationId": reservation,
            "expiryDate": "2026-05-04T10:00:00Z"}),
            json!({"status": "Accepted"}),
        ),
        (
            false,
            "CertificateSigned",
            json!({"certificateChain": pem}),
            json!({"status": "Accepted"}),
        ),
        (
            true,
            "DataTransfer",
            json!({"vendorId": "V", "messageId": "Car", "data": foreign.to_string()}),
            json!({"status": "Accepted", "data": prose}),
        ),
        (
            true,
            "StopTransaction",
            json!({
                "transactionId": transaction, "idTag": tag, "meterStop": 1000, "reason": "Local",
                "timestamp": "2026-05-04T09:30:00Z",
            }),
            json!({"idTagInfo": info}),
        ),
    ];
    let mut tape = Tape::new().of(canary("charge point"));
    for (from_point, action, request, answer) in exchanges {
        tape = ask(tape, from_point, action, request, answer);
    }
    // A message id with a tag in it, and a refusal in prose.
    tape = tape.frame(false, &format!(r#"[2,"{tag}-1","Reset",{{"type":"Soft"}}]"#));
    let error = json!([4, format!("{tag}-1"), "GenericError", prose, foreign]);
    with_meta(&tape.frame(true, &error.to_string()).text, &prose)
}

/// The same with `meta` in every record.
fn with_meta(text: &str, prose: &str) -> String {
    let point = canary("charge point");
    let meta = json!({
        "before": [{"at": 1_777_885_200_000_000_i64, "input": {"input": "link_up", "point": point}}],
        "central": {"cards": {canary("idTag"): "Accepted"}, "priorities": {point: 2}},
        "source": prose,
    });
    let lines = text.lines().map(|line| {
        let bare = line.strip_suffix('}').expect("an object");
        format!("{bare},\"meta\":{meta}}}\n")
    });
    lines.collect()
}

fn redacted(text: &str, options: Options) -> String {
    let mut secrets = Secrets::new(options);
    text.lines().for_each(|line| secrets.take(line));
    let key = Key::new(KEY).expect("a key");
    written(text, &mut Redactor::knowing(key, secrets).expect("few secrets"))
}

fn written(text: &str, redactor: &mut Redactor) -> String {
    let mut out = String::new();
    for line in text.lines() {
        redactor.line(line, &mut out).expect("a record");
    }
    out
}

fn canaries() -> Canaries {
    let list: Vec<&str> = CANARIES.iter().map(|(_, text)| *text).collect();
    Canaries::new(&list.join("\n")).expect("a list")
}

/// Names of the canaries that are in the bytes.
fn left(text: &str) -> Vec<&'static str> {
    let seen = canaries().seen(text.as_bytes()).expect("memory can be read");
    let by_name: BTreeMap<usize, &str> =
        seen.iter().map(|it| (it.canary, CANARIES[it.canary].0)).collect();
    by_name.into_values().collect()
}

/// What an inspection says, without names and words.
fn bones(inspection: &Inspection) -> String {
    let actions: Vec<_> = inspection.actions.iter().collect();
    let points: Vec<u64> = inspection.points.iter().map(|(_, records)| *records).collect();
    format!(
        "{} {} {} {} {points:?} {actions:?} {:?} {} {}",
        inspection.records,
        inspection.calls,
        inspection.results,
        inspection.errors,
        kinds_and_lines(inspection),
        inspection.orphans,
        inspection.unanswered.count
    )
}

fn remaining(text: &str) -> Vec<(Kind, String)> {
    let mut checker = Checker::default();
    let lines = text.lines().flat_map(|line| checker.line(line).expect("a record"));
    lines.map(|it| (it.kind, it.place)).collect()
}

#[test]
fn no_canary_of_any_kind_is_left_and_every_reference_is() {
    let before = planted();
    assert_eq!(left(&before).len(), CANARIES.len(), "all are planted");
    let after = redacted(&before, Options::default());
    assert_eq!(left(&after), [""; 0], "{after}");
    assert_eq!(remaining(&after), []);
    assert_eq!(bones(&inspected(&after)), bones(&inspected(&before)));

    let records: Vec<Value> =
        after.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let call = |action: &str| {
        let found = records.iter().position(|it| it["action"] == action);
        let at = found.unwrap_or_else(|| panic!("{action}"));
        (&records[at]["payload"], &records[at + 1]["payload"])
    };
    let (authorize, _) = call("Authorize");
    let (start, started) = call("StartTransaction");
    let (stop, _) = call("StopTransaction");
    let (profile, _) = call("SetChargingProfile");
    assert_eq!(authorize["idTag"], start["idTag"], "in any case");
    assert_eq!(start["idTag"], stop["idTag"]);
    assert_eq!(started["transactionId"], stop["transactionId"]);
    assert_eq!(stop["transactionId"], profile["csChargingProfiles"]["transactionId"]);
    assert_eq!(start["reservationId"], call("ReserveNow").0["reservationId"]);
    let list = &call("SendLocalList").0["localAuthorizationList"][0];
    assert_eq!(list["idTag"], stop["idTag"]);
    assert!(i32::try_from(stop["transactionId"].as_i64().expect("a number")).is_ok());
    assert!(stop["idTag"].as_str().expect("a text").len() <= 20);
    let configuration = &call("GetConfiguration").1["configurationKey"];
    assert_eq!(configuration[0]["value"], "300");
    assert_eq!(call("BootNotification").0["firmwareVersion"], "1.2.3.4", "no address");
    for record in &records {
        let raw: Value = serde_json::from_str(record["raw"].as_str().expect("raw")).expect("JSON");
        assert_eq!(raw[1], record["messageId"]);
        let payload = record.get("payload").cloned();
        assert_eq!(raw.get(3).or(raw.get(2)).cloned(), payload.or(raw.get(3).cloned()));
        let meta = &record["meta"];
        assert_eq!(meta["before"][0]["input"]["point"], record["chargePointId"]);
        assert_eq!(meta["central"]["cards"][stop["idTag"].as_str().expect("a text")], "Accepted");
        assert!(
            meta["central"]["priorities"][record["chargePointId"].as_str().expect("a text")] == 2
        );
    }
}

#[test]
fn read_once_as_it_is_recorded_nothing_is_left_either() {
    let before = planted();
    let mut redactor = Redactor::at_once(Key::new(KEY).expect("a key"));
    let after = written(&before, &mut redactor);
    assert_eq!(left(&after), [""; 0], "{after}");
    assert_eq!(bones(&inspected(&after)), bones(&inspected(&before)));
}

#[test]
fn who_is_the_same_is_the_same_in_every_file_under_one_key() {
    let tag = canary("idTag");
    let other = Tape::booted().point_asks(
        "Authorize",
        &format!(r#"{{"idTag":"{tag}"}}"#),
        r#"{"idTagInfo":{"status":"Accepted"}}"#,
    );
    let pseudonym = |text: &str| {
        let text = redacted(text, Options::default());
        let (_, rest) = text.split_once(r#""idTag":""#).expect("a tag");
        rest.split('"').next().expect("its end").to_owned()
    };
    assert_eq!(pseudonym(&other.text), pseudonym(&planted()));
    assert_eq!(redacted(&planted(), Options::default()), redacted(&planted(), Options::default()));
}

#[test]
fn a_check_finds_each_canary_that_is_left_in() {
    let before = planted();
    let after = redacted(&before, Options::default());
    let lines = || before.lines().zip(after.lines());
    let mut by_shape = 0;
    for (name, canary) in CANARIES {
        // Back in the first place where it stood, outside the raw frame.
        let (number, line) = lines()
            .enumerate()
            .find_map(|(number, (old, new))| {
                let old: Value = serde_json::from_str(old).expect("JSON");
                let mut new: Value = serde_json::from_str(new).expect("JSON");
                put_back(&old, &mut new, canary).then(|| (number, new.to_string()))
            })
            .unwrap_or_else(|| panic!("{name} stands nowhere"));
        let text: Vec<&str> = after
            .lines()
            .enumerate()
            .map(|(at, other)| if at == number { &*line } else { other })
            .collect();
        let text = text.join("\n");
        assert!(left(&text).contains(&name), "{name} in\n{line}");
        let found = remaining(&text);
        assert_eq!(found.is_empty(), ["transaction", "reservation"].contains(&name), "{name}");
        by_shape += usize::from(!found.is_empty());
    }
    assert_eq!(by_shape, CANARIES.len() - 2, "numbers look like their pseudonyms");
}

/// Puts the first value that holds the canary back in its place.
fn put_back(old: &Value, new: &mut Value, canary: &str) -> bool {
    match (old, new) {
        (Value::Object(old), Value::Object(new)) => old
            .iter()
            .filter(|(name, _)| *name != "raw" && *name != "meta")
            .any(|(name, old)| new.get_mut(name).is_some_and(|new| put_back(old, new, canary))),
        (Value::Array(old), Value::Array(new)) => {
            old.iter().zip(new).any(|(old, new)| put_back(old, new, canary))
        }
        (old @ (Value::String(_) | Value::Number(_)), new) => {
            let holds = old.to_string().contains(canary.split('"').next().expect("a part"));
            if holds {
                *new = old.clone();
            }
            holds
        }
        _ => false,
    }
}

#[test]
fn kept_text_is_kept_but_for_its_secrets() {
    let before = planted();
    let options = Options { keep_text: true, ..Options::default() };
    let after = redacted(&before, options);
    // What nobody names elsewhere and has no shape is the user's own decision.
    assert_eq!(left(&after), ["free text", "error code of a vendor"], "{after}");
    assert_eq!(bones(&inspected(&after)), bones(&inspected(&before)));
}

#[test]
fn times_move_and_everything_between_them_stays() {
    let before = planted();
    let shift = Span::from_s(-35 * 86_400);
    let after = redacted(&before, Options { shift, ..Options::default() });
    assert_eq!(bones(&inspected(&after)), bones(&inspected(&before)));
    assert!(after.contains(r#""timestamp":"2026-03-30T09:00:04.250+02:00""#), "{after}");
    assert!(after.contains(r#"\"expiryDate\":\"2026-03-30T10:00:00Z\""#), "in raw too");
    assert!(after.contains(&format!(r#""at":{}"#, 1_777_885_200_000_000 + shift.0)));
    assert!(!after.contains("2026-05-04"));
}

#[test]
fn a_broken_raw_frame_is_left_out_and_what_is_no_secret_keeps_its_bytes() {
    let line = concat!(
        r#"{ "schemaVersion":"1.1","timestamp":"2026-05-04T09:00:00.000Z" , "transport":"json","#,
        r#""direction":"cp-to-csms","messageType":"CALL","action":"Heartbeat","raw" : "[2,\"1\",\"Hea","#,
        r#""payload":{ "n": 1.50e0,"text":"\u0041\/" },"own":null }"#
    );
    let mut redactor = Redactor::at_once(Key::new(KEY).expect("a key"));
    let after = written(line, &mut redactor);
    assert_eq!(redactor.tally().raw_dropped, 1);
    let (head, tail) = line.split_once(r#","raw" :"#).expect("a raw frame");
    let (_, tail) = tail.split_once("\\\"Hea\"").expect("its end");
    let expected = format!("{head}{tail}\n");
    let (same, _) = expected.split_once(r#""\u0041"#).expect("a text");
    assert!(after.starts_with(same), "{after}");
    assert!(after.ends_with(" },\"own\":null }\n"), "{after}");
    assert!(redactor.line("pasted", &mut String::new()).is_err());
}

#[test]
fn the_corpus_tells_the_same_when_it_is_redacted_and_nothing_remains_in_it() {
    let Some(data) = std::env::var_os("AMPACITY_DATA") else {
        println!("skipped: AMPACITY_DATA does not name the data folder");
        return;
    };
    let folder = std::path::PathBuf::from(data).join("open_ocpp_trace/fixtures");
    let mut seen = 0;
    for entry in std::fs::read_dir(folder).expect("the corpus") {
        let path = entry.expect("an entry").path().join("trace.jsonl");
        let Ok(before) = std::fs::read_to_string(&path) else { continue };
        let after = redacted(&before, Options::default());
        assert_eq!(bones(&inspected(&after)), bones(&inspected(&before)), "{}", path.display());
        assert_eq!(remaining(&after), [], "{}", path.display());
        seen += 1;
    }
    assert_eq!(seen, 16);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]
    /// Whatever a tag is and however its line is escaped: it is gone, and raw says what the fields say.
    #[test]
    fn any_tag_is_replaced_in_fields_and_raw_alike(tag in "[^\\p{Cc}]{6,20}", text in any::<String>()) {
        let request = json!({"idTag": tag, "idTokenInfo": text, "n": [1, null, {"deep": text}]});
        let answer = json!({"idTagInfo": {"status": "Accepted", "parentIdTag": tag}});
        let tape = Tape::new().point_asks("Authorize", &request.to_string(), &answer.to_string());
        let after = redacted(&tape.text, Options::default());
        let lines: Vec<Value> = after.lines().map(|it| serde_json::from_str(it).unwrap()).collect();
        let raw = |at: usize| -> Value { serde_json::from_str(lines[at]["raw"].as_str().unwrap()).unwrap() };
        prop_assert_eq!(&raw(0)[3], &lines[0]["payload"]);
        prop_assert_eq!(&raw(1)[2], &lines[1]["payload"]);
        prop_assert_eq!(&lines[0]["payload"]["idTag"], &lines[1]["payload"]["idTagInfo"]["parentIdTag"]);
        let made = lines[0]["payload"]["idTag"].as_str().unwrap();
        prop_assert!(made.starts_with("TAG-") && made.len() <= 20);
    }
}
