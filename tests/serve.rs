//! `ampacity serve` as its operators and its charge points meet it: one process, one port.

mod process;

use std::net::SocketAddr;
use std::process::Command;
use std::time::{Duration, Instant};

use ampacity::shell::clock::Clock;
use ampacity::time::{Span, Time};
use ampacity::trace::record::Direction;
use ampacity::trace::{Meta, Record};
use process::{Heard, Place, Rest, Server, Socket};
use serde_json::{Value, json};

const POINT: &str = "CP-1";
const SITE: &str = "/api/v1/smart-charging/sites/car-park";

/// A charge point that takes every limit, on one connection.
#[derive(Debug)]
struct Station {
    socket: Socket,
    calls: u32,
    /// Amperes and OCPP transactionId of the TxProfiles that came.
    limits: Vec<(f64, i64)>,
}

impl Station {
    async fn connect(address: SocketAddr, key: &str) -> Result<Station, u16> {
        let socket = Socket::connect(address, POINT, key).await?;
        Ok(Station { socket, calls: 0, limits: Vec::new() })
    }

    /// Asks, obeys meanwhile, and returns the answer.
    async fn ask(&mut self, action: &str, payload: Value) -> Value {
        self.calls += 1;
        let id = format!("s{}", self.calls);
        assert!(self.socket.ask(&id, action, &payload).await, "{action}: the connection is gone");
        loop {
            match self.socket.hear().await {
                Heard::Answer(answered, payload) if answered == id => return payload,
                Heard::Call(call, action, payload) => self.obey(&call, &action, &payload).await,
                other => panic!("{action}: {other:?}"),
            }
        }
    }

    /// Obeys until there is a TxProfile.
    async fn limit(&mut self) -> (f64, i64) {
        while self.limits.is_empty() {
            match self.socket.hear().await {
                Heard::Call(call, action, payload) => self.obey(&call, &action, &payload).await,
                other => panic!("a limit was expected: {other:?}"),
            }
        }
        self.limits.remove(0)
    }

    /// Obeys until the connection ends; the code of the close frame.
    async fn end(mut self) -> Option<u16> {
        loop {
            match self.socket.hear().await {
                Heard::End(code) => return code,
                Heard::Call(call, action, payload) => self.obey(&call, &action, &payload).await,
                Heard::Answer(..) => {}
            }
        }
    }

    async fn obey(&mut self, call: &str, action: &str, payload: &Value) {
        let profile = &payload["csChargingProfiles"];
        if let Some(id) = profile["transactionId"].as_i64() {
            let period = &profile["chargingSchedule"]["chargingSchedulePeriod"][0];
            self.limits.push((period["limit"].as_f64().expect("amperes"), id));
        }
        let answer = match action {
            "GetConfiguration" => json!({}),
            _ => json!({"status": "Accepted"}),
        };
        self.socket.answer(call, &answer).await;
    }

    async fn boot(&mut self) {
        let boot = json!({"chargePointVendor": "Acme", "chargePointModel": "ac22"});
        let answer = self.ask("BootNotification", boot).await;
        assert_eq!(answer["status"], "Accepted", "{answer}");
        self.status("Available").await;
    }

    async fn status(&mut self, status: &str) {
        let payload = json!({"connectorId": 1, "errorCode": "NoError", "status": status});
        self.ask("StatusNotification", payload).await;
    }

    /// A driver comes; returns the transaction id.
    async fn start(&mut self) -> i64 {
        let answer = self.ask("Authorize", json!({"idTag": "CARD"})).await;
        assert_eq!(answer["idTagInfo"]["status"], "Accepted", "{answer}");
        let payload =
            json!({"connectorId": 1, "idTag": "CARD", "meterStart": 1000, "timestamp": now()});
        let answer = self.ask("StartTransaction", payload).await;
        self.status("Charging").await;
        answer["transactionId"].as_i64().expect("an id")
    }

    async fn meter(&mut self, register_wh: i64, watts: i64) {
        let values = json!([
            {"value": register_wh.to_string()},
            {"value": watts.to_string(), "measurand": "Power.Active.Import", "unit": "W"},
        ]);
        let sample = json!({"timestamp": now(), "sampledValue": values});
        self.ask("MeterValues", json!({"connectorId": 1, "meterValue": [sample]})).await;
    }
}

fn now() -> String {
    Clock::real().now().to_ocpp()
}

fn config() -> Value {
    json!({
        "max_power_kw": 20, "reserve_kw": 2, "min_charge_rate_kw": 3.7, "strategy": "equal",
    })
}

/// A site with one charge point; returns the charge point's key.
async fn commission(rest: &Rest) -> String {
    let site = json!({"site_id": "car-park", "name": "Car park"});
    rest.expect(201, "POST", "/api/v1/sites", Some(&site)).await;
    let point = json!({"charge_point_id": POINT, "model": "ac22"});
    rest.expect(201, "POST", "/api/v1/charge-points", Some(&point)).await;
    let refusal = rest.expect(409, "PUT", &format!("{SITE}/config"), Some(&config())).await;
    let detail = refusal["detail"].as_str().unwrap_or_default();
    assert!(detail.contains("no charge point of site car-park"), "{refusal}");
    let link = format!("/api/v1/charge-points/{POINT}/site");
    rest.expect(200, "PUT", &link, Some(&json!({"site_id": "car-park"}))).await;
    let path = format!("/api/v1/charge-points/{POINT}/credentials");
    let made = rest.expect(201, "POST", &path, None).await;
    made["authorization_key"].as_str().expect("a key").to_owned()
}

/// Asks it to end, as Ctrl-C does, and waits until it has.
fn interrupt(server: Server) -> (Option<i32>, String) {
    let pid = server.child.id().to_string();
    let done = Command::new("sh").args(["-c", &format!("kill -INT {pid}")]).status();
    assert!(done.expect("a shell").success());
    let begun = Instant::now();
    let (code, log) = server.wait();
    assert!(begun.elapsed() < Duration::from_secs(10), "it took {:?}", begun.elapsed());
    (code, log)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_charge_point_is_commissioned_charges_and_outlives_a_restart() {
    let place = Place::new();
    let key = place.admin_key();
    let server = place.serve_with(&[], &["--listen", "127.0.0.1:0", "--trace", "day.jsonl"]);
    let rest = Rest { address: server.address(), key: key.clone() };
    let secret = commission(&rest).await;
    let refused = Station::connect(rest.address, "a wrong key").await;
    assert_eq!(refused.err(), Some(401));

    let mut station = Station::connect(rest.address, &secret).await.expect("a connection");
    station.boot().await;
    rest.expect(200, "PUT", &format!("{SITE}/config"), Some(&config())).await;
    let id = station.start().await;
    let (amps, transaction) = station.limit().await;
    assert_eq!(transaction, id);
    assert!((6.0..=26.0).contains(&amps), "{amps} A of 18 kW");
    station.meter(1250, 4000).await;
    station.ask("FirmwareStatusNotification", json!({"status": "Installed"})).await;

    let allocation = rest.get(&format!("{SITE}/allocation")).await;
    let charger = &allocation["chargers"][0];
    let allocated = charger["allocated_kw"].as_f64().expect("kW");
    assert!((allocated - amps * 0.69).abs() < 0.01, "{allocation} after {amps} A");
    assert_eq!((&charger["actual_draw_kw"], &allocation["available_kw"]), (&json!(4), &json!(18)));
    let session = charger["session_id"].as_str().expect("a session").to_owned();
    let history = history(&rest).await;
    assert!(history["snapshots"][0]["active_sessions"] == 1, "{history}");

    let ended = tokio::task::spawn_blocking(|| interrupt(server));
    let closed = station.end().await;
    let (code, log) = ended.await.expect("no panic");
    assert_eq!((code, closed), (Some(0), Some(1001)), "{log}");
    assert!(log.contains("stopped") && !log.contains('\u{1b}'), "{log}");
    let path = place.folder.path().join("day.jsonl");
    recorded(&std::fs::read_to_string(path).expect("a trace"), &secret);
    let again = place.ampacity(&[], &["replay", "day.jsonl"]);
    assert_eq!(again.code, Some(0), "{}{}", again.stdout, again.stderr);

    continued(&place, &key, &secret, id, amps, &session).await;
}

/// The trace has what the central system was set up with, what entered besides frames, and the frames in their order.
fn recorded(trace: &str, secret: &str) {
    let records: Vec<Record<'_>> =
        trace.lines().map(|line| Record::parse(line).expect("a record")).collect();
    let first = Meta::of(records[0].meta.map(|it| it.get()));
    assert_eq!(first.central.expect("a setup").points, []);
    let names: Vec<String> = first
        .before
        .iter()
        .map(|it| serde_json::to_value(&it.input).expect("JSON")["input"].to_string())
        .collect();
    assert_eq!(names, ["add_site", "add_point", "link", "link_up"].map(|it| format!("{it:?}")));
    let said = |action: &str, direction| {
        let by =
            |it: &&Record<'_>| it.action.as_deref() == Some(action) && it.direction == direction;
        records.iter().filter(by).count()
    };
    assert_eq!(said("BootNotification", Direction::FromPoint), 1);
    assert_eq!(said("StartTransaction", Direction::FromPoint), 1);
    assert!(said("SetChargingProfile", Direction::ToPoint) >= 1);
    assert!(records.is_sorted_by_key(|it| it.timestamp.at()));
    assert!(!trace.contains(secret), "no credentials");
}

/// Another process goes on with the same session, under the same ids.
async fn continued(place: &Place, key: &str, secret: &str, id: i64, amps: f64, session: &str) {
    let server = place.serve();
    let rest = Rest { address: server.address(), key: key.to_owned() };
    let path = format!("/api/v1/sessions/{session}");
    let found = rest.get(&path).await;
    assert_eq!((&found["state"], &found["transaction_id"]), (&json!("running"), &json!(id)));
    let mut station = Station::connect(rest.address, secret).await.expect("its old key");
    station.status("Charging").await;
    let (again, transaction) = station.limit().await;
    assert_eq!(transaction, id);
    assert!(again <= amps, "{again} A after {amps} A were accepted");
    let stop = json!({"transactionId": id, "meterStop": 3500, "timestamp": now()});
    station.ask("StopTransaction", stop).await;
    let ended = rest.get(&path).await;
    assert_eq!((&ended["state"], &ended["energy_kwh"]), (&json!("ended"), &json!(2.5)));
    station.status("Available").await;
    assert!(station.start().await > id, "an id is never given twice");
    let config = rest.get(&format!("{SITE}/config")).await;
    assert_eq!(config["max_power_kw"], json!(20));
    let known = rest.get(&format!("/api/v1/charge-points/{POINT}/maintenance")).await;
    assert_eq!(known["firmware"]["status"], "Installed", "{known}");
    let told = rest.get(&format!("/api/v1/charge-points/{POINT}/notices")).await;
    assert_eq!(told["notices"][0]["payload"]["status"], "Installed", "{told}");
    drop(station);
    let (code, log) = tokio::task::spawn_blocking(|| interrupt(server)).await.expect("no panic");
    assert_eq!(code, Some(0), "{log}");
}

/// The last minute, as soon as it shows a session.
async fn history(rest: &Rest) -> Value {
    let begun = Instant::now();
    loop {
        let to = Time::parse_ocpp_exact(&now()).expect("an instant") + Span::from_s(2);
        let (from, to) = ((to - Span::from_s(60)).to_ocpp(), to.to_ocpp());
        let path = format!("{SITE}/allocation/history?from={from}&to={to}&interval=1m");
        let history = rest.get(&path).await;
        let shown = &history["snapshots"][0]["active_sessions"];
        if shown == 1 || begun.elapsed() > Duration::from_secs(20) {
            return history;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

#[tokio::test]
async fn keys_are_made_listed_and_withdrawn() {
    let place = Place::new();
    let made = place.ampacity(&[], &["key", "create", "the wall display", "--scope", "read"]);
    let key = made.stdout.trim().to_owned();
    assert!(made.code == Some(0) && key.starts_with("amp_"), "{}", made.stderr);
    let listed = place.ampacity(&[], &["key", "list"]).stdout;
    assert!(listed.contains("the wall display") && listed.contains("valid"), "{listed}");
    assert!(!listed.contains(&key), "only its hash is kept: {listed}");
    let id = listed.split_whitespace().next().expect("an id").to_owned();
    {
        let server = place.serve();
        let rest = Rest { address: server.address(), key: key.clone() };
        rest.get("/api/v1/sites").await;
        let site = json!({"name": "Not with this key"});
        rest.expect(403, "POST", "/api/v1/sites", Some(&site)).await;
    }
    let revoked = place.ampacity(&[], &["key", "revoke", &id]);
    assert_eq!(revoked.code, Some(0), "{}", revoked.stderr);
    assert!(place.ampacity(&[], &["key", "list"]).stdout.contains("withdrawn"));
    let unknown = place.ampacity(&[], &["key", "revoke", "key_none"]);
    assert_eq!(unknown.code, Some(3));
    assert!(unknown.stderr.contains("key list"), "{}", unknown.stderr);
    let server = place.serve();
    let rest = Rest { address: server.address(), key };
    rest.expect(401, "GET", "/api/v1/sites", None).await;
    drop(server);
}

#[test]
fn a_second_process_on_the_same_folder_is_told_so() {
    let place = Place::new();
    let first = place.serve();
    first.address();
    for args in [&["serve", "--listen", "127.0.0.1:0"][..], &["key", "list"]] {
        let second = place.ampacity(&[], args);
        assert_eq!(second.code, Some(3), "{args:?}: {}", second.stderr);
        assert!(second.stderr.contains("in use by another process"), "{}", second.stderr);
    }
}

#[test]
fn an_interruption_as_early_as_possible_ends_it_in_order() {
    let place = Place::new();
    for _ in 0..5 {
        let server = place.serve();
        server.address();
        let (code, log) = interrupt(server);
        assert_eq!(code, Some(0), "{log}");
    }
}

#[test]
fn what_is_wrong_in_the_configuration_is_named_and_nothing_is_touched() {
    let place = Place::new();
    let at = |name: &str| place.folder.path().join(name);
    let run = |text: &str, variables: &[(&str, &str)], args: &[&str]| {
        std::fs::write(at("ampacity.toml"), text).expect("a file");
        let done = place.ampacity(variables, &[&["serve"], args].concat());
        assert_eq!(done.code, Some(2), "{}", done.stderr);
        assert!(!at("ampacity-data").exists(), "{}", done.stderr);
        done.stderr
    };
    let key = run("[ocpp]\nheartbeat = 3\n", &[], &[]);
    assert!(key.contains("line 2") && key.contains("heartbeat_s"), "{key}");
    let value = run("[history]\n\nretention_days = \"long\"\n", &[], &[]);
    assert!(value.contains("line 3") && value.contains("retention_days"), "{value}");
    let variable = run("", &[("AMPACITY_SERVE_OCPP_HEARTBEAT", "60")], &[]);
    assert!(variable.contains("AMPACITY_SERVE_OCPP_HEARTBEAT_S"), "{variable}");
    let open = run("listen = \"0.0.0.0:0\"\n[security]\nprofile = 0\n", &[], &[]);
    assert!(open.contains("loopback"), "{open}");
    let open = run("[security]\nprofile = 0\n", &[], &["--listen", "0.0.0.0:0"]);
    assert!(open.contains("loopback"), "also when the command line says so: {open}");
}

#[test]
fn the_printed_configuration_loads_and_the_environment_goes_before_it() {
    let place = Place::new();
    let at = |name: &str| place.folder.path().join(name);
    let printed = place.ampacity(&[], &["serve", "--print-config"]);
    assert_eq!((printed.code, printed.stderr.as_str()), (Some(0), ""));
    let told = printed.stdout.replace("#data = ", "data = ").replace("#heartbeat_s", "heartbeat_s");
    assert_ne!(told, printed.stdout);
    std::fs::write(at("printed.toml"), &told).expect("a file");
    let variables = [("AMPACITY_SERVE_DATA", "elsewhere"), ("AMPACITY_SERVE_LOG_FORMAT", "json")];
    let args = ["--config", "printed.toml", "--listen", "127.0.0.1:0"];
    let server = place.serve_with(&variables, &args);
    let begun = Instant::now();
    while !server.log().contains("\"serving\"") {
        assert!(begun.elapsed() < Duration::from_secs(60), "{}", server.log());
        std::thread::sleep(Duration::from_millis(10));
    }
    assert!(at("elsewhere/ampacity.db").exists());
    assert!(!at("ampacity-data").exists());
    let (code, log) = interrupt(server);
    assert_eq!(code, Some(0), "{log}");
    for line in log.lines() {
        serde_json::from_str::<Value>(line)
            .unwrap_or_else(|error| panic!("{error}: no JSON: {line}"));
    }
}
