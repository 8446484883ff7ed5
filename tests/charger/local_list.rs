//! The local authorization list: versions, whole lists, changes, limits.

use serde_json::{Value, json};

use crate::bench::{Bench, ac22};

fn send(bench: &mut Bench, kind: &str, version: i64, list: &Value) -> String {
    let request =
        json!({"listVersion": version, "updateType": kind, "localAuthorizationList": list});
    bench.status_of("SendLocalList", &request)
}

fn version(bench: &mut Bench) -> Value {
    bench.call("GetLocalListVersion", &json!({}))["listVersion"].clone()
}

fn card(tag: &str) -> Value {
    json!({"idTag": tag, "idTagInfo": {"status": "Accepted"}})
}

/// Whether the station starts for the card without a link.
fn knows(bench: &mut Bench, tag: &str) -> bool {
    bench.link_down();
    bench.plug_in(1, tag);
    let starts = bench.amps(1) > 0.0;
    bench.unplug(1);
    bench.link_up();
    starts
}

#[test]
fn a_whole_list_replaces_the_one_before() {
    let mut bench = Bench::ready(ac22());
    assert_eq!(version(&mut bench), 0, "empty");
    assert_eq!(send(&mut bench, "Full", 7, &json!([card("a"), card("b")])), "Accepted");
    assert_eq!(version(&mut bench), 7);
    assert_eq!(send(&mut bench, "Full", 3, &json!([card("c")])), "Accepted", "any version");
    assert_eq!(version(&mut bench), 3);
    assert!(knows(&mut bench, "c") && !knows(&mut bench, "a"));
    let nothing = json!({"listVersion": 9, "updateType": "Full"});
    assert_eq!(bench.status_of("SendLocalList", &nothing), "Accepted");
    assert_eq!(version(&mut bench), 0, "no list means: forget all");
    assert!(!knows(&mut bench, "c"));
}

#[test]
fn changes_build_on_an_older_version() {
    let mut bench = Bench::ready(ac22());
    assert_eq!(send(&mut bench, "Full", 5, &json!([card("a"), card("b")])), "Accepted");
    for stale in [4, 5] {
        let changes = json!([{"idTag": "a"}]);
        assert_eq!(send(&mut bench, "Differential", stale, &changes), "VersionMismatch");
    }
    assert!(knows(&mut bench, "a"), "a refused change changes nothing");
    let changes = json!([{"idTag": "A"}, card("c"), {"idTag": "never heard of"},
        {"idTag": "b", "idTagInfo": {"status": "Blocked"}}]);
    assert_eq!(send(&mut bench, "Differential", 8, &changes), "Accepted");
    assert_eq!(version(&mut bench), 8);
    assert!(knows(&mut bench, "c") && !knows(&mut bench, "a") && !knows(&mut bench, "b"));
    assert_eq!(send(&mut bench, "Differential", 9, &json!([])), "Accepted");
    assert_eq!(version(&mut bench), 9);
}

#[test]
fn what_cannot_be_taken_as_a_whole_is_not_taken_at_all() {
    let mut bench = Bench::ready(ac22());
    assert_eq!(send(&mut bench, "Full", 2, &json!([card("a")])), "Accepted");
    let many: Vec<Value> = (0..201).map(|n| card(&format!("n{n}"))).collect();
    for bad in [json!([card("b"), {"idTag": "c"}]), json!([card("b"), card("B")]), json!(many)] {
        assert_eq!(send(&mut bench, "Full", 3, &bad), "Failed");
    }
    assert_eq!(send(&mut bench, "Full", -1, &json!([card("b")])), "Failed");
    assert_eq!(version(&mut bench), 2);
    assert!(knows(&mut bench, "a") && !knows(&mut bench, "b"));
}

#[test]
fn a_list_grows_to_its_maximum() {
    let mut bench = Bench::ready(ac22());
    for batch in 0..5 {
        let cards: Vec<Value> = (0..200).map(|n| card(&format!("{batch}-{n}"))).collect();
        assert_eq!(send(&mut bench, "Differential", batch + 1, &json!(cards)), "Accepted");
    }
    assert_eq!(send(&mut bench, "Differential", 6, &json!([card("one more")])), "Failed");
    let exchange = json!([{"idTag": "0-0"}, card("one more")]);
    assert_eq!(send(&mut bench, "Differential", 6, &exchange), "Accepted");
}

#[test]
fn a_station_told_to_have_no_list_says_so() {
    let mut bench = Bench::ready(ac22());
    bench.set_key("LocalAuthListEnabled", "false");
    assert_eq!(send(&mut bench, "Full", 1, &json!([card("a")])), "NotSupported");
    assert_eq!(version(&mut bench), -1);
}

#[test]
fn a_list_survives_a_reboot() {
    let mut bench = Bench::ready(ac22());
    assert_eq!(send(&mut bench, "Full", 4, &json!([card("a")])), "Accepted");
    bench.call("Reset", &json!({"type": "Hard"}));
    bench.run_s(60);
    assert_eq!(version(&mut bench), 4);
    assert!(knows(&mut bench, "a"));
}
