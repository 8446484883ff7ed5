//! Random inputs in random order: nothing panics, nothing exceeds a limit, the meter only rises.

use ampacity::charger::{ChargerSpec, CurrentKind};
use ampacity::ocpp::profile::{Composite, Reading, Supply, Transaction};
use ampacity::time::{Span, Time};
use ampacity::units::{DeciAmps, PILOT_MINIMUM};
use ampacity::vehicle::{Draw, Offer};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::bench::{Bench, START, ac22, dc50};

#[derive(Clone, Debug)]
enum Input {
    LinkUp,
    LinkDown,
    PlugIn(u32, String),
    Present(u32, String),
    LosePower(i64),
    Reboot,
    Stop(u32),
    Unplug(u32),
    Draw(u32, i64, bool, Option<f64>),
    Wait(i64),
    Text(String),
    Call(&'static str, Value),
    Silence(&'static str),
    Refuse(&'static str),
    Heal,
    Verdicts(&'static str, &'static str),
}

const OWN: [&str; 10] = [
    "Authorize",
    "BootNotification",
    "DiagnosticsStatusNotification",
    "FirmwareStatusNotification",
    "Heartbeat",
    "MeterValues",
    "SecurityEventNotification",
    "StartTransaction",
    "StatusNotification",
    "StopTransaction",
];

fn period() -> impl Strategy<Value = Value> {
    (0..5_i64, 0..400_i64, 0..4_u8).prop_map(|(step, tenths, phases)| {
        let mut period = json!({"startPeriod": step * 50, "limit": tenths as f64 / 10.0});
        if phases > 0 {
            period["numberPhases"] = json!(phases);
        }
        period
    })
}

fn profile() -> impl Strategy<Value = Value> {
    let purposes = &["ChargePointMaxProfile", "TxDefaultProfile", "TxProfile"][..];
    let kinds = &["Absolute", "Relative", "Recurring"][..];
    (
        (0..4_i32, 0..3_i32, prop::sample::select(purposes), prop::sample::select(kinds)),
        prop::option::of(1..4_i64),
        prop::option::of(0..300_i64),
        prop::bool::ANY,
        prop::collection::vec(period(), 1..4),
    )
        .prop_map(|((id, level, purpose, kind), transaction, duration, watts, periods)| {
            let mut periods = periods;
            periods.sort_by_key(|period| period["startPeriod"].as_i64());
            periods.dedup_by_key(|period| period["startPeriod"].as_i64());
            periods[0]["startPeriod"] = json!(0);
            if watts {
                for period in &mut periods {
                    period["limit"] = json!(period["limit"].as_f64().unwrap_or(0.0) * 500.0);
                }
            }
            let mut profile = json!({
                "chargingProfileId": id,
                "stackLevel": level,
                "chargingProfilePurpose": purpose,
                "chargingProfileKind": kind,
                "chargingSchedule": {
                    "startSchedule": "2026-05-04T06:00:10Z",
                    "chargingRateUnit": if watts { "W" } else { "A" },
                    "chargingSchedulePeriod": periods,
                },
            });
            if kind == "Recurring" {
                profile["recurrencyKind"] = json!("Daily");
            }
            if let Some(transaction) = transaction {
                profile["transactionId"] = json!(transaction);
            }
            if let Some(duration) = duration {
                profile["chargingSchedule"]["duration"] = json!(duration);
            }
            profile
        })
}

fn call() -> impl Strategy<Value = Input> {
    let connector = 0..4_u32;
    let cards = prop::sample::select(&["a", "remote", "somebody"][..]);
    let availability = prop::sample::select(&["Operative", "Inoperative"][..]);
    let messages = ["BootNotification", "Heartbeat", "MeterValues", "StatusNotification"];
    let keys = [
        ("AllowOfflineTxForUnknownId", "true"),
        ("AuthorizationCacheEnabled", "true"),
        ("AuthorizationKey", "0123456789abcdef"),
        ("LocalPreAuthorize", "true"),
        ("MaxEnergyOnInvalidId", "100"),
        ("AuthorizeRemoteTxRequests", "true"),
        ("ClockAlignedDataInterval", "45"),
        ("HeartbeatInterval", "20"),
        ("MessageTimeout", "40"),
        ("MeterValueSampleInterval", "7"),
        ("MeterValuesSampledData", "SoC"),
        ("StopTransactionOnInvalidId", "false"),
        ("StopTxnSampledData", "Voltage,SoC"),
        ("TransactionMessageRetryInterval", "0"),
    ];
    prop_oneof![
        6 => (connector.clone(), profile()).prop_map(|(connector, profile)| Input::Call(
            "SetChargingProfile",
            json!({"connectorId": connector, "csChargingProfiles": profile}),
        )),
        1 => connector.clone().prop_map(|connector| Input::Call(
            "ClearChargingProfile",
            json!({"connectorId": connector}),
        )),
        1 => (connector.clone(), 0..500_i64).prop_map(|(connector, duration)| Input::Call(
            "GetCompositeSchedule",
            json!({"connectorId": connector, "duration": duration}),
        )),
        2 => (prop::option::of(connector.clone()), prop::option::of(profile())).prop_map(
            |(connector, profile)| {
                let mut start = json!({"idTag": "remote with a tag that is too long"});
                if let Some(connector) = connector {
                    start["connectorId"] = json!(connector);
                }
                if let Some(mut profile) = profile {
                    profile["chargingProfilePurpose"] = json!("TxProfile");
                    profile.as_object_mut().unwrap().remove("transactionId");
                    start["chargingProfile"] = profile;
                }
                Input::Call("RemoteStartTransaction", start)
            }
        ),
        1 => (-1..4_i64).prop_map(|id| Input::Call(
            "RemoteStopTransaction",
            json!({"transactionId": id}),
        )),
        1 => (connector.clone(), availability).prop_map(|(connector, kind)| Input::Call(
            "ChangeAvailability",
            json!({"connectorId": connector, "type": kind}),
        )),
        1 => connector.clone().prop_map(|connector| Input::Call(
            "UnlockConnector",
            json!({"connectorId": connector}),
        )),
        1 => prop::sample::select(&["Soft", "Hard"][..])
            .prop_map(|kind| Input::Call("Reset", json!({"type": kind}))),
        2 => prop::sample::select(keys.to_vec()).prop_map(|(key, value)| Input::Call(
            "ChangeConfiguration",
            json!({"key": key, "value": value}),
        )),
        2 => (prop::sample::select(messages.to_vec()), prop::option::of(connector)).prop_map(
            |(message, connector)| {
                let mut request = json!({"requestedMessage": message});
                if let Some(connector) = connector {
                    request["connectorId"] = json!(connector);
                }
                Input::Call("TriggerMessage", request)
            }
        ),
        1 => Just(Input::Call("GetConfiguration", json!({"key": ["x".repeat(60)]}))),
        2 => (connector_or_station(), 0..3_i64, cards, 0..400_i64).prop_map(
            |(connector, id, card, in_s)| {
                let until = START + Span::from_s(in_s);
                Input::Call("ReserveNow", json!({"connectorId": connector, "reservationId": id,
                    "idTag": card, "parentIdTag": "group", "expiryDate": until.to_ocpp()}))
            }
        ),
        1 => (0..3_i64).prop_map(|id| Input::Call(
            "CancelReservation",
            json!({"reservationId": id}),
        )),
        1 => prop::sample::select(&["http://host/fw.bin", "nowhere"][..]).prop_map(|location| {
            let at = "2026-05-04T06:00:20Z";
            Input::Call("UpdateFirmware", json!({"location": location, "retrieveDate": at}))
        }),
        1 => Just(Input::Call("GetDiagnostics", json!({"location": "ftp://host", "retries": 1}))),
        1 => Just(Input::Call("SendLocalList", json!({"listVersion": 1, "updateType": "Full",
            "localAuthorizationList": [{"idTag": "a", "idTagInfo": {"status": "Accepted"}}]}))),
    ]
}

fn connector_or_station() -> impl Strategy<Value = u32> {
    prop_oneof![1 => Just(0_u32), 3 => 1..4_u32]
}

/// Texts: valid frames with a piece cut out or replaced, answers to guessed ids, anything.
fn text() -> impl Strategy<Value = Input> {
    let frame = call().prop_map(|input| match input {
        Input::Call(action, payload) => json!([2, "id", action, payload]).to_string(),
        _ => String::new(),
    });
    let cut = (frame, any::<prop::sample::Index>(), 0..6_usize, "[\\[\\]{}\",:0-9a-z\\-é]{0,3}");
    let mutated = cut.prop_map(|(text, at, length, patch)| {
        let characters: Vec<char> = text.chars().collect();
        let from = at.index(characters.len().max(1)).min(characters.len());
        let to = (from + length).min(characters.len());
        let (head, tail) = (&characters[..from], &characters[to..]);
        head.iter().copied().chain(patch.chars()).chain(tail.iter().copied()).collect()
    });
    let payloads = [
        json!({"idTagInfo": {"status": "Accepted"}, "transactionId": i64::MAX}),
        json!({"idTagInfo": {"status": "Invalid"}, "transactionId": -1}),
        json!({"status": "Pending", "currentTime": "2026-05-04T06:00:00Z", "interval": 5}),
        json!({"status": "Accepted", "currentTime": "x", "interval": i64::MAX}),
        json!(null),
        json!([]),
    ];
    let answer = (1..60_u32, prop::sample::select(payloads.to_vec()))
        .prop_map(|(id, payload)| json!([3, format!("{id:x}"), payload]).to_string());
    let error = (1..60_u32)
        .prop_map(|id| json!([4, format!("{id:x}"), "GenericError", "", {}]).to_string());
    prop_oneof![mutated, answer, error, ".{0,40}"].prop_map(Input::Text)
}

fn input() -> impl Strategy<Value = Input> {
    let connector = 0..4_u32;
    let tag = "[a-z\"é]{0,30}";
    let verdict = prop::sample::select(&["Accepted", "Accepted", "Invalid"][..]);
    let own = prop::sample::select(&OWN[..]);
    prop_oneof![
        2 => Just(Input::LinkUp),
        1 => Just(Input::LinkDown),
        6 => (connector.clone(), tag).prop_map(|(connector, tag)| Input::PlugIn(connector, tag)),
        2 => connector.clone().prop_map(Input::Stop),
        2 => (connector.clone(), "[a-b]").prop_map(|(c, tag)| Input::Present(c, tag)),
        1 => (0..100_i64).prop_map(Input::LosePower),
        1 => Just(Input::Reboot),
        3 => connector.clone().prop_map(Input::Unplug),
        5 => (connector, -1000..30_000_000_i64, any::<bool>(), prop::option::of(any::<f64>()))
            .prop_map(|(connector, mw, wants, soc)| Input::Draw(connector, mw, wants, soc)),
        8 => (0..200_000_000_i64).prop_map(Input::Wait),
        5 => text(),
        10 => call(),
        1 => own.clone().prop_map(Input::Silence),
        1 => own.prop_map(Input::Refuse),
        2 => Just(Input::Heal),
        1 => (verdict.clone(), verdict).prop_map(|(card, start)| Input::Verdicts(card, start)),
    ]
}

fn spec() -> impl Strategy<Value = ChargerSpec> {
    let phases = prop::sample::select(&[1_u8, 3][..]);
    (1..4_u32, prop::bool::ANY, phases, 0..3_000_i64).prop_map(|(connectors, dc, phases, delay)| {
        let apply_delay = Span::from_ms(delay);
        if dc {
            ChargerSpec { connectors, apply_delay, ..dc50() }
        } else {
            ChargerSpec { connectors, phases, apply_delay, ..ac22() }
        }
    })
}

fn feed(bench: &mut Bench, input: Input) {
    match input {
        Input::LinkUp => bench.link_up(),
        Input::LinkDown => bench.link_down(),
        Input::PlugIn(connector, tag) => bench.plug_in(connector, &tag),
        Input::Stop(connector) => bench.stop(connector),
        Input::Present(connector, tag) => bench.present(connector, &tag),
        Input::LosePower(seconds) => bench.lose_power(seconds),
        Input::Reboot => bench.reboot(),
        Input::Unplug(connector) => bench.unplug(connector),
        Input::Draw(connector, power_mw, wants, soc) => {
            let draw = Draw { power_mw, current_ma: [power_mw / 690; 3] };
            bench.set_draw(connector, draw, wants, soc);
        }
        Input::Wait(micros) => bench.run(Span(micros)),
        Input::Text(text) => bench.deliver(&text),
        Input::Call(action, payload) => drop(bench.call(action, &payload)),
        Input::Silence(action) => drop(bench.script.silent.insert(action)),
        Input::Refuse(action) => drop(bench.script.refuses.insert(action)),
        Input::Heal => {
            bench.script.silent.clear();
            bench.script.refuses.clear();
        }
        Input::Verdicts(card, start) => {
            bench.script.authorize = card;
            bench.script.start_status = start;
        }
    }
}

/// Tracks from outside since when each profile-made limit may be expected on the pilot.
struct Limits {
    changed: Time,
    starts: Vec<(u32, Time)>,
}

impl Limits {
    /// Offers against the composite of the installed profiles, evaluated anew.
    fn check(&mut self, bench: &Bench, spec: &ChargerSpec) {
        let transactions = self.transactions(bench, spec);
        let composite = Composite {
            store: bench.point.profiles(),
            transactions: &transactions,
            supply: Supply::fixed(spec.voltage_v, spec.phases),
            reading: Reading::default(),
        };
        // An offline start has no id yet that a profile could be checked against.
        let offline = (1..=spec.connectors).any(|connector| {
            bench.point.offer(connector) != Offer::None
                && bench.point.transaction(connector).is_none()
        });
        let settled = !offline && bench.now.since(self.changed) > spec.apply_delay;
        let mut sum = DeciAmps::ZERO;
        for connector in 1..=spec.connectors {
            match bench.point.offer(connector) {
                Offer::None => {}
                Offer::Ac { current, phases, max_power, .. } => {
                    assert!(spec.kind == CurrentKind::Ac && phases == spec.phases);
                    assert!((PILOT_MINIMUM..=spec.max_current).contains(&current));
                    assert_eq!(max_power, spec.max_power);
                    let limit = composite.limit(connector, bench.now).current;
                    assert!(!settled || limit.is_none_or(|limit| current <= limit));
                    sum += current;
                }
                Offer::Dc { power } => {
                    assert!(spec.kind == CurrentKind::Dc && power <= spec.max_power);
                    let limit = composite.power_limit(connector, bench.now).power;
                    assert!(!settled || limit.is_none_or(|limit| power <= limit));
                }
            }
        }
        let station = composite.station_limit(bench.now).current;
        assert!(!settled || station.is_none_or(|station| sum <= station));
    }

    fn transactions(&mut self, bench: &Bench, spec: &ChargerSpec) -> Vec<Transaction> {
        for sent in &bench.sent {
            if sent.action == "StartTransaction" {
                let text = sent.payload["timestamp"].as_str().unwrap();
                let connector = sent.payload["connectorId"].as_u64().unwrap() as u32;
                self.starts.retain(|(known, _)| *known != connector);
                self.starts.push((connector, Time::parse_ocpp_exact(text).unwrap()));
            }
        }
        (1..=spec.connectors)
            .filter_map(|connector| {
                let id = bench.point.transaction(connector)?;
                let start = self.starts.iter().find(|(known, _)| *known == connector)?.1;
                Some(Transaction { connector, id: Some(id), start })
            })
            .collect()
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_happens_limits_hold_and_the_meter_rises(
        spec in spec(),
        inputs in prop::collection::vec(input(), 1..60),
    ) {
        let mut bench = Bench::cold(spec.clone());
        bench.link_up();
        let mut limits = Limits { changed: bench.now, starts: Vec::new() };
        let mut energy = vec![0_i128; spec.connectors as usize];
        for input in inputs {
            if matches!(input, Input::Call(..) | Input::Text(_)) {
                limits.changed = bench.now;
            }
            feed(&mut bench, input);
            limits.check(&bench, &spec);
            for connector in 1..=spec.connectors {
                let metered = bench.point.energy_mw_us(connector, bench.now);
                let before = std::mem::replace(&mut energy[connector as usize - 1], metered);
                prop_assert!(metered >= before);
            }
        }
    }

    #[test]
    fn no_text_makes_it_panic(texts in prop::collection::vec(text(), 1..40)) {
        let mut bench = Bench::charging(ac22());
        for input in texts {
            feed(&mut bench, input);
        }
    }
}
