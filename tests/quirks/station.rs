//! Each quirk at the station alone: what it says and what it offers.

use std::sync::Arc;

use ampacity::charger::{ChargePoint, ChargerSpec, Output, Quirk};
use ampacity::ids::ChargePointId;
use ampacity::scenario::catalogue;
use ampacity::time::{Span, Time};
use ampacity::vehicle::{Draw, Offer};
use serde_json::{Value, json};

const START: Time = Time::from_unix_s(1_777_874_400);

/// A station with quirks, and a central system that accepts everything.
struct Station {
    point: ChargePoint,
    now: Time,
    /// Texts of the station since the last look.
    said: Vec<String>,
    hung_up: bool,
    next_id: i64,
    refuses: &'static [&'static str],
}

impl Station {
    /// Booted, with a car that charges with 16 A on three phases as transaction 1.
    fn charging(quirks: &[&str]) -> Station {
        let mut station = Station::booted(quirks);
        station.plug_in();
        station
    }

    fn booted(quirks: &[&str]) -> Station {
        let mut station = Station::cold(quirks);
        station.point.link_up(START);
        station.carry();
        station
    }

    fn cold(quirks: &[&str]) -> Station {
        let spec = catalogue::charger("ac22", 230).expect("a model of the catalogue");
        let spec = Arc::new(ChargerSpec { allows_watts: true, ..spec });
        let quirks: Vec<Quirk> =
            quirks.iter().map(|text| Quirk::parse(text).expect("a quirk")).collect();
        let point = ChargePoint::new(ChargePointId::new("cp_1"), spec, START);
        Station {
            point: point.with_quirks(&quirks, START),
            now: START,
            said: Vec::new(),
            hung_up: false,
            next_id: 1,
            refuses: &[],
        }
    }

    fn plug_in(&mut self) {
        self.point.plug_in(self.now, 1, "card_1234");
        self.carry();
        let draw = Draw { power_mw: 11_040_000, current_ma: [16_000; 3] };
        self.point.set_draw(self.now, 1, draw, true, None);
        self.carry();
    }

    /// Answers everything the station asks, at once.
    fn carry(&mut self) {
        while let Some(output) = self.point.poll_output() {
            match output {
                Output::Send(text) => {
                    self.said.push(text.clone());
                    self.answer(&text);
                }
                Output::Disconnect => {
                    self.hung_up = true;
                    self.point.link_down(self.now);
                }
                _ => {}
            }
        }
    }

    fn answer(&mut self, text: &str) {
        let Ok(Value::Array(frame)) = serde_json::from_str(text) else { return };
        if frame[0] != 2 {
            return;
        }
        let now = self.now.to_ocpp();
        let action = frame[2].as_str().unwrap_or_default();
        let conf = match action {
            "BootNotification" => {
                json!({"status": "Accepted", "currentTime": now, "interval": 3600})
            }
            "Heartbeat" => json!({"currentTime": now}),
            "Authorize" => json!({"idTagInfo": {"status": "Accepted"}}),
            "StartTransaction" => {
                self.next_id += 1;
                json!({"idTagInfo": {"status": "Accepted"}, "transactionId": self.next_id - 1})
            }
            _ => json!({}),
        };
        let reply = match self.refuses.contains(&action) {
            true => json!([4, frame[1], "NotSupported", "", {}]),
            false => json!([3, frame[1], conf]),
        };
        self.point.handle_frame(self.now, &reply.to_string());
    }

    fn run_s(&mut self, seconds: i64) {
        let end = self.now + Span::from_s(seconds);
        while self.point.poll_timeout() <= end {
            self.now = self.now.max(self.point.poll_timeout());
            self.point.handle_timeout(self.now);
            self.carry();
        }
        self.now = end;
    }

    /// A CALL; its answer if it came at once: the payload, or the code of the CALLERROR.
    fn ask(&mut self, action: &str, payload: &Value) -> Option<Value> {
        self.said.clear();
        let call = json!([2, "q", action, payload]);
        self.point.handle_frame(self.now, &call.to_string());
        self.carry();
        self.said.iter().find_map(|text| answer_in(text))
    }

    fn set(&mut self, profile: &Value, connector: u32) -> Option<Value> {
        let payload = json!({"connectorId": connector, "csChargingProfiles": profile});
        self.ask("SetChargingProfile", &payload)
    }

    /// Sets the limit of the transaction; the status of the answer, a code, or "".
    fn limit(&mut self, amps: f64) -> String {
        let answer = self.set(&tx_profile(amps, "A"), 1);
        self.run_s(5);
        status(answer)
    }

    fn amps(&self) -> f64 {
        match self.point.offer(1) {
            Offer::Ac { current, .. } => current.amps(),
            _ => 0.0,
        }
    }

    /// Payloads of the station's CALLs of this action since the last look, as JSON.
    fn calls(&self, action: &str) -> Vec<Value> {
        let frames = self.said.iter().filter_map(|text| serde_json::from_str::<Value>(text).ok());
        frames.filter(|frame| frame[2] == action).map(|frame| frame[3].clone()).collect()
    }

    /// The values of a measurand in the next MeterValues: (value, unit, phase).
    fn metered(&mut self, measurand: &str) -> Vec<(String, String, String)> {
        self.said.clear();
        self.run_s(60);
        let payload = self.calls("MeterValues").swap_remove(0);
        let elements = payload["meterValue"].as_array().expect("meter values").iter();
        let samples = elements.flat_map(|element| element["sampledValue"].as_array());
        samples
            .flatten()
            .filter(|sample| sample["measurand"] == measurand)
            .map(|sample| {
                let text = |key: &str| match &sample[key] {
                    Value::String(text) => text.clone(),
                    other => other.to_string(),
                };
                (text("value"), text("unit"), text("phase"))
            })
            .collect()
    }
}

fn answer_in(text: &str) -> Option<Value> {
    let frame: Value = serde_json::from_str(text).ok()?;
    (frame[0] != 2).then(|| frame[2].clone())
}

fn status(answer: Option<Value>) -> String {
    match answer {
        None => String::new(),
        Some(Value::String(code)) => code,
        Some(payload) => payload["status"].as_str().unwrap_or_default().to_owned(),
    }
}

fn profile(purpose: &str, kind: &str, level: i64, limit: f64, unit: &str) -> Value {
    let mut schedule = json!({
        "chargingRateUnit": unit,
        "chargingSchedulePeriod": [{"startPeriod": 0, "limit": limit}],
    });
    if kind == "Absolute" {
        schedule["startSchedule"] = json!((START - Span::from_s(60)).to_ocpp());
    }
    json!({
        "chargingProfileId": 7, "stackLevel": level, "chargingProfilePurpose": purpose,
        "chargingProfileKind": kind, "chargingSchedule": schedule,
    })
}

fn tx_profile(limit: f64, unit: &str) -> Value {
    let mut profile = profile("TxProfile", "Absolute", 1, limit, unit);
    profile["transactionId"] = json!(1);
    profile
}

fn triple(value: &str, unit: &str, phase: &str) -> (String, String, String) {
    (value.to_owned(), unit.to_owned(), phase.to_owned())
}

#[test]
fn a_station_without_quirks_says_and_does_the_same_with_an_empty_list() {
    let mut station = Station::charging(&[]);
    assert_eq!(station.limit(10.0), "Accepted");
    assert_eq!(station.amps(), 10.0);
}

#[test]
fn a_unit_a_level_or_a_purpose_it_does_not_take_is_rejected() {
    let mut station = Station::charging(&["rejects_watts"]);
    assert_eq!(status(station.set(&tx_profile(6900.0, "W"), 1)), "Rejected");
    assert_eq!(station.limit(10.0), "Accepted");
    let mut station = Station::charging(&["rejects_amps"]);
    assert_eq!(station.limit(10.0), "Rejected");
    assert_eq!(status(station.set(&tx_profile(6900.0, "W"), 1)), "Accepted");
    let mut station = Station::charging(&["max_stack_level=0"]);
    assert_eq!(station.limit(10.0), "Rejected");
    let default = profile("TxDefaultProfile", "Absolute", 0, 10.0, "A");
    assert_eq!(status(station.set(&default, 0)), "Accepted");
    for (quirk, expected) in [
        ("rejects_purpose=TxDefaultProfile", "Rejected"),
        ("not_supported_purpose=TxDefaultProfile", "NotSupported"),
        ("ignores_purpose=TxDefaultProfile", "Accepted"),
        ("rejects_kind=Absolute", "Rejected"),
        ("silent_kind=Absolute", ""),
    ] {
        let mut station = Station::booted(&[quirk]);
        assert_eq!(status(station.set(&default, 0)), expected, "{quirk}");
        assert!(station.point.profiles().installed().is_empty(), "{quirk}");
    }
}

#[test]
fn limits_of_zero_or_with_fractions_meet_what_the_station_makes_of_them() {
    let mut station = Station::charging(&["rejects_zero"]);
    assert_eq!(station.limit(0.0), "Rejected");
    assert_eq!(station.limit(6.0), "Accepted");
    let mut station = Station::charging(&["ignores_zero"]);
    assert_eq!((station.limit(12.0), station.amps()), ("Accepted".to_owned(), 12.0));
    assert_eq!((station.limit(0.0), station.amps()), ("Accepted".to_owned(), 12.0));
    let mut station = Station::charging(&["rejects_fractions"]);
    assert_eq!((station.limit(9.5), station.limit(9.0)), ("Rejected".into(), "Accepted".into()));
    let mut station = Station::charging(&["limit_step_a=4"]);
    station.limit(11.9);
    assert_eq!(station.amps(), 8.0);
    let mut station = Station::charging(&["min_effective_current_a=9"]);
    station.limit(6.0);
    assert_eq!(station.amps(), 9.0);
    station.limit(0.0);
    assert_eq!(station.amps(), 0.0);
}

#[test]
fn a_pause_has_consequences() {
    let mut stuck = Station::charging(&["stuck_after_zero"]);
    stuck.limit(0.0);
    stuck.limit(16.0);
    assert_eq!(stuck.amps(), 0.0);
    stuck.point.unplug(stuck.now, 1);
    stuck.carry();
    stuck.plug_in();
    assert_eq!(stuck.amps(), 32.0, "the next transaction is as good as new");
    let mut wild = Station::charging(&["unlimited_after_zero"]);
    wild.limit(0.0);
    wild.limit(8.0);
    assert_eq!(wild.amps(), 32.0);
    wild.limit(8.0);
    assert_eq!(wild.amps(), 8.0, "the next limit counts");
}

#[test]
fn accepted_is_not_obeyed_or_not_yet() {
    let mut deaf = Station::charging(&["accepts_without_effect"]);
    assert_eq!((deaf.limit(8.0), deaf.amps()), ("Accepted".to_owned(), 32.0));
    let mut slow = Station::charging(&["apply_delay_s=20"]);
    slow.limit(8.0);
    assert_eq!(slow.amps(), 32.0);
    slow.run_s(16);
    assert_eq!(slow.amps(), 8.0);
    let mut lasting = Station::charging(&["ignores_duration"]);
    let mut brief = tx_profile(8.0, "A");
    brief["chargingSchedule"]["duration"] = json!(120);
    assert_eq!(status(lasting.set(&brief, 1)), "Accepted");
    lasting.run_s(600);
    assert_eq!(lasting.amps(), 8.0);
    let mut early = Station::booted(&["rejects_outside_transaction"]);
    let default = profile("TxDefaultProfile", "Absolute", 0, 10.0, "A");
    assert_eq!(status(early.set(&default, 0)), "Rejected");
    early.plug_in();
    assert_eq!(status(early.set(&default, 0)), "Accepted");
}

#[test]
fn answers_come_late_wrong_or_not_at_all() {
    let keys = json!({"key": ["ChargingScheduleAllowedChargingRateUnit", "HeartbeatInterval"]});
    let mut station = Station::booted(&["never_replies=GetConfiguration"]);
    assert_eq!(station.ask("GetConfiguration", &keys), None);
    let mut station = Station::booted(&["callerror=GetConfiguration"]);
    assert_eq!(station.ask("GetConfiguration", &keys), Some(json!("NotSupported")));
    let mut station = Station::booted(&["reply_delay_s=10"]);
    assert_eq!(station.ask("GetConfiguration", &keys), None);
    station.run_s(9);
    assert!(station.said.iter().all(|text| answer_in(text).is_none()));
    station.run_s(1);
    assert!(station.said.iter().any(|text| answer_in(text).is_some()));
    let mut station = Station::booted(&[
        "announces_unit_as_letter",
        "blanks_in_lists",
        "numbers_in_configuration",
    ]);
    let answer = station.ask("GetConfiguration", &keys).expect("an answer");
    let values: Vec<&Value> = answer["configurationKey"]
        .as_array()
        .map(|keys| keys.iter().map(|key| &key["value"]).collect())
        .unwrap_or_default();
    assert_eq!(values, [&json!("A, W"), &json!(3600)]);
    let trigger = json!({"requestedMessage": "MeterValues"});
    let mut station = Station::booted(&["rejects_trigger=MeterValues"]);
    assert_eq!(status(station.ask("TriggerMessage", &trigger)), "Rejected");
    let composite = json!({"connectorId": 1, "duration": 60});
    let mut station = Station::booted(&["rejects_composite"]);
    assert_eq!(status(station.ask("GetCompositeSchedule", &composite)), "Rejected");
    let mut station = Station::booted(&["bare_composite"]);
    let answer = station.ask("GetCompositeSchedule", &composite).expect("an answer");
    assert!(answer["scheduleStart"].is_null() && answer["chargingSchedule"]["duration"].is_null());
}

#[test]
fn a_list_of_measurands_is_refused_or_reboots_the_station() {
    let value = "Voltage,SoC,Power.Active.Import";
    let change = json!({"key": "MeterValuesSampledData", "value": value});
    let mut station = Station::booted(&["rejects_measurands"]);
    assert_eq!(status(station.ask("ChangeConfiguration", &change)), "Rejected");
    let mut station = Station::booted(&["reboots_on_measurands=2"]);
    assert_eq!(status(station.ask("ChangeConfiguration", &change)), "Accepted");
    station.run_s(30);
    assert_eq!(station.calls("BootNotification").len(), 1);
}

#[test]
fn one_limit_in_so_many_is_refused_whatever_it_asks() {
    let mut station = Station::charging(&["rejects_one_in=3"]);
    let told: Vec<(String, f64)> =
        (0..9).map(|n| (station.limit(f64::from(10 + n)), station.amps())).collect();
    let refused: Vec<usize> = (0..9).filter(|n| told[*n].0 == "Rejected").collect();
    assert_eq!(refused.len(), 3, "{told:?}");
    assert!(refused.windows(2).all(|pair| pair[1] - pair[0] == 3), "{told:?}");
    for n in 1..9 {
        let before = told[n - 1].1;
        let expected = if refused.contains(&n) { before } else { 10.0 + n as f64 };
        assert_eq!(told[n].1, expected, "what is refused has no effect: {told:?}");
    }
}

#[test]
fn a_meter_that_lags_shows_an_earlier_draw_and_the_right_register() {
    let mut station = Station::charging(&["meter_lag_s=90"]);
    let power = "Power.Active.Import";
    assert_eq!(station.metered(power), [triple("0.0", "W", "null")]);
    assert_eq!(station.metered(power), [triple("0.0", "W", "null")]);
    let draw = Draw { power_mw: 6_900_000, current_ma: [10_000; 3] };
    station.point.set_draw(station.now, 1, draw, true, None);
    assert_eq!(station.metered(power), [triple("11040.0", "W", "null")], "two samples ago");
    assert_eq!(station.metered(power), [triple("11040.0", "W", "null")]);
    assert_eq!(station.metered(power), [triple("6900.0", "W", "null")]);
    let register = station.metered("Energy.Active.Import.Register");
    assert_eq!(register, [triple("828", "Wh", "null")], "two minutes of 11 kW, four of 6.9 kW");
}

#[test]
fn a_station_hangs_up_on_errors_and_on_early_questions() {
    let mut station = Station::booted(&["disconnects_after_errors=4"]);
    station.refuses = &["FirmwareStatusNotification"];
    station.run_s(230);
    assert!(!station.hung_up);
    station.run_s(30);
    assert!(station.hung_up);
    let mut station = Station::cold(&["disconnects_when_asked_early"]);
    station.point.link_up(START);
    assert_eq!(station.ask("GetConfiguration", &json!({})), None);
    assert!(station.hung_up);
}

#[test]
fn meters_speak_in_their_own_units_and_phases() {
    let power = "Power.Active.Import";
    let energy = "Energy.Active.Import.Register";
    let current = "Current.Import";
    let sound = Station::charging(&[]).metered(current);
    assert_eq!(sound.len(), 3);
    let mut kilo = Station::charging(&["meter_kwh"]);
    assert_eq!(kilo.metered(power), [triple("11.040", "kW", "null")]);
    assert_eq!(kilo.metered(energy), [triple("0.368", "kWh", "null")]);
    let mut short = Station::charging(&["meter_kwh_as_wh"]);
    assert_eq!(short.metered(energy), [triple("0.184", "Wh", "null")]);
    let mut long = Station::charging(&["meter_wh_as_kwh"]);
    assert_eq!(long.metered(energy), [triple("184", "kWh", "null")]);
    let mut low = Station::charging(&["power_tenfold_low"]);
    assert_eq!(low.metered(power), [triple("1104.0", "W", "null")]);
    for (style, expected) in [
        ("L1", vec![triple("16.00", "A", "L1")]),
        ("N", vec![triple("16.00", "A", "N")]),
        ("none", vec![triple("16.00", "A", "null")]),
        ("L1-N", ["L1-N", "L2-N", "L3-N"].map(|phase| triple("16.00", "A", phase)).to_vec()),
    ] {
        let mut station = Station::charging(&[&format!("phase_style={style}")]);
        assert_eq!(station.metered(current), expected, "{style}");
    }
    let mut silent = Station::charging(&["no_current_offered", "meter_max_values=3"]);
    assert!(silent.metered("Current.Offered").is_empty());
    assert_eq!(silent.metered(current), [triple("16.00", "A", "L1")]);
    let mut blind = Station::charging(&["zero_voltage"]);
    assert_eq!(blind.metered("Voltage").len(), 3);
    let mut plain = Station::charging(&["meter_numbers", "one_value_per_sample"]);
    assert_eq!(plain.metered(power), [triple("11040.0", "W", "null")]);
    let payload = plain.calls("MeterValues").swap_remove(0);
    assert_eq!(payload["meterValue"].as_array().map(Vec::len), Some(6));
    assert!(payload["meterValue"][0]["sampledValue"][0]["value"].is_number());
}

#[test]
fn registers_restart_and_transactions_are_misnamed() {
    let mut station = Station::charging(&["meter_per_session", "tx_id_echo=0", "stop_id_echo=-1"]);
    station.run_s(600);
    station.point.unplug(station.now, 1);
    station.carry();
    assert!(station.calls("MeterValues").iter().all(|payload| payload["transactionId"] == 0));
    assert_eq!(station.calls("StopTransaction")[0]["transactionId"], -1);
    station.said.clear();
    station.plug_in();
    assert_eq!(station.calls("StartTransaction")[0]["meterStart"], 0);
    let mut station = Station::charging(&["meters_when_idle=stale", "fractional_meter_stop"]);
    station.run_s(60);
    station.point.unplug(station.now, 1);
    station.carry();
    assert_eq!(station.calls("StopTransaction")[0]["meterStop"], 184.5);
    station.said.clear();
    station.run_s(60);
    assert_eq!(station.calls("MeterValues")[0]["transactionId"], 1);
}

#[test]
fn clocks_and_instants_are_wrong_in_many_ways() {
    for (quirk, expected) in [
        ("timestamp_style=no_zone", "2026-05-04T06:00:00"),
        ("timestamp_style=short_offset", "2026-05-04T08:00:00+02"),
        ("timestamp_style=fraction", "2026-05-04T06:00:00.123456Z"),
        ("timestamp_style=since_boot", "1970-01-01T00:00:00Z"),
        ("timestamp_style=zero", "0000-00-00T00:00:00Z"),
        ("timestamp_style=local_as_utc", "2026-05-04T08:00:00Z"),
        ("clock_offset_s=-3600", "2026-05-04T05:00:00Z"),
    ] {
        let station = Station::charging(&[quirk]);
        assert_eq!(station.calls("StartTransaction")[0]["timestamp"], expected, "{quirk}");
    }
    let mut late = Station::charging(&["clock_offset_s=-3600"]);
    late.limit(8.0);
    assert_eq!(late.amps(), 32.0, "by its clock the schedule has not begun");
}

#[test]
fn transactions_are_told_twice_late_or_without_a_beginning() {
    let station = Station::charging(&["duplicate_start"]);
    let starts = station.calls("StartTransaction");
    assert_eq!((starts.len(), &starts[0]), (2, &starts[1]));
    let mut station = Station::charging(&["start_again_after_reconnect"]);
    let first = station.calls("StartTransaction").swap_remove(0);
    station.point.link_down(station.now);
    station.run_s(120);
    station.said.clear();
    station.point.link_up(station.now);
    station.carry();
    assert_eq!(station.calls("StartTransaction"), [first]);
    let station = Station::booted(&["old_messages_on_connect", "stop_without_start"]);
    let (starts, stops) = (station.calls("StartTransaction"), station.calls("StopTransaction"));
    assert_eq!(starts[0]["timestamp"], "2026-05-04T03:00:00Z");
    assert_eq!((stops.len(), &stops[0]["transactionId"]), (2, &json!(1)));
    assert_eq!(stops[1]["transactionId"], 9_876_543);
}

#[test]
fn cards_statuses_and_reasons_have_a_style_too() {
    for (quirk, expected) in [
        ("id_tag_style=long", "card_12340000000000000000000"),
        ("id_tag_style=suffix", "card_1234_1001"),
        ("id_tag_style=colons", "61:72:64:5F:31:32:33:34"),
    ] {
        let station = Station::charging(&[quirk]);
        assert_eq!(station.calls("Authorize")[0]["idTag"], expected);
        assert_eq!(station.calls("StartTransaction")[0]["idTag"], expected);
    }
    let mut station = Station::charging(&["stays_finishing", "stop_reason_remote"]);
    station.said.clear();
    station.point.unplug(station.now, 1);
    station.carry();
    assert_eq!(station.calls("StopTransaction")[0]["reason"], "Remote");
    let told = station.calls("StatusNotification");
    assert!(told.iter().all(|payload| payload["status"] == "Finishing"), "{told:?}");
    let mut station = Station::charging(&["no_suspended_ev"]);
    station.said.clear();
    station.point.set_draw(station.now, 1, Draw::default(), false, None);
    station.carry();
    assert_eq!(station.calls("StatusNotification")[0]["status"], "Charging");
    let mut station = Station::charging(&["late_status_s=120"]);
    station.limit(0.0);
    station.said.clear();
    station.limit(16.0);
    let statuses = |station: &Station| -> Vec<String> {
        let told = station.calls("StatusNotification");
        told.iter().map(|payload| payload["status"].as_str().unwrap_or("").to_owned()).collect()
    };
    assert_eq!(statuses(&station), ["SuspendedEVSE"]);
    station.run_s(120);
    assert_eq!(statuses(&station), ["SuspendedEVSE", "Charging"]);
}

#[test]
fn what_it_sends_is_not_always_json_nor_asked_for() {
    let station = Station::charging(&["broken_json=StatusNotification"]);
    let broken: Vec<&String> =
        station.said.iter().filter(|text| text.contains("StatusNotification")).collect();
    assert!(!broken.is_empty());
    for text in broken {
        assert!(text.ends_with(",}]") && serde_json::from_str::<Value>(text).is_err());
    }
    let station = Station::charging(&["vendor_data_before_status"]);
    assert_eq!(station.calls("DataTransfer").len(), station.calls("StatusNotification").len());
}
