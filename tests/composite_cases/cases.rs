//! The case file: composite schedules, what a store accepts and clears, and profile lives.

use std::collections::BTreeSet;

use ampacity::ocpp::profile::{
    ClearFilter, Composite, Maximum, ProfileStore, Query, RateUnit, Reading, Refusal,
    SchedulePeriod, SetOutcome, Supply, Tenths, Transaction,
};
use ampacity::time::Time;
use ampacity::units::DeciAmps;
use serde_json::{Value, json};

use super::parse::{
    case_file, install, instant, list, number, profile, purpose, store, tenths, text, transactions,
    unit,
};

/// What is chosen where the case file says implementations differ; the table of the module
/// `ocpp::profile` says why.
const CHOICES: &[(&str, &str)] = &[
    ("gap_shown_as_station_default", "marked unlimited, with the hardware maximum as limit"),
    ("txdefault_without_transaction", "counted, relative schedules start with the query"),
    ("connector0_sum", "min(ChargePointMax, sum of connectors, installation)"),
    ("unit_conversion", "nominal voltage x numberPhases, 3 when absent"),
    ("conversion_rounding", "exact until the wire, then down to a tenth"),
    ("phase_merge_min", "the smaller numberPhases, also for conversion"),
    ("phase_merge_max_in_sum", "the larger numberPhases"),
    ("recurrence_before_startSchedule", "applies; Reading::recurs_before_start"),
    ("txprofile_gap_falls_back_to_txdefault", "falls back at that instant"),
    (OWN_DEFAULT, "the connector's own prevails (§3.13.1); Reading::one_default_stack"),
    ("min_charging_rate", "ignored"),
    ("connector_share_of_max", "the whole of ChargePointMax; share divides it"),
    ("subsecond_floor", "floored to whole seconds"),
    ("boundary_inclusive", "validTo is exclusive"),
];

/// The one point on which the file takes the other choice: its only case of it lets a
/// TxDefaultProfile on connector 0 win over the connector's own by its level.
const OWN_DEFAULT: &str = "txdefault_scope";

fn answer(case: &Value, reading: Reading) -> (Vec<SchedulePeriod>, i64) {
    let (station, query) = (&case["station"], &case["query"]);
    let from = instant(text(query, "start"));
    let mut store = store(station);
    install(&mut store, list(case, "profiles"), from);
    let unit = unit(text(query, "unit"));
    let maximum = match unit {
        RateUnit::A => tenths(&station["default_limit_A"]),
        RateUnit::W => tenths(&station["default_limit_W"]),
    };
    let supply = Supply {
        default_phases: number(station, "default_phases") as u8,
        ..Supply::stated(number(station, "voltage"))
    };
    let transactions = transactions(case);
    let composite = Composite { store: &store, transactions: &transactions, supply, reading };
    let duration_s = number(query, "duration");
    let periods = composite.schedule(&Query {
        connector: number(query, "connectorId") as u32,
        from,
        duration_s,
        unit,
        maximum: Maximum { connector: maximum, station: maximum },
    });
    (periods, duration_s)
}

/// The file's comparison: starts exact, limits within 0.01 before rounding or equal after
/// rounding down, phases only where stated.
fn agrees(expected: &Value, got: &SchedulePeriod) -> bool {
    let limit = expected["limit"].as_f64().expect("a limit");
    let exact = got.limit.num as f64 / got.limit.den as f64 / 10.0;
    let phases = expected["numberPhases"].as_u64();
    number(expected, "startPeriod") == got.start_s
        && ((limit - exact).abs() <= 0.01 || tenths(&expected["limit"]) == got.limit.floor())
        && phases.is_none_or(|phases| got.phases == Some(phases as u8))
        && expected["unlimited"].as_bool().unwrap_or(false) == got.unlimited
}

fn passes(case: &Value, reading: Reading) -> Result<(), String> {
    let (got, duration_s) = answer(case, reading);
    assert!(got.windows(2).all(|pair| pair[0].start_s < pair[1].start_s), "ascending");
    assert!(got.iter().all(|period| (0..duration_s).contains(&period.start_s)), "in the window");
    let expected = list(&case["expect"], "periods");
    let same = got.len() == expected.len()
        && expected.iter().zip(&got).all(|(expected, got)| agrees(expected, got));
    if same { Ok(()) } else { Err(format!("{}: expected {expected:?}, got {got:#?}", case["id"])) }
}

#[test]
fn every_hard_composite_case_passes_and_every_soft_one_as_documented() {
    let Some(file) = case_file() else { return };
    let (soft, hard): (Vec<&Value>, Vec<&Value>) =
        list(&file, "composite_cases").iter().partition(|case| !list(case, "ambiguity").is_empty());
    assert_eq!((hard.len(), soft.len()), (40, 29));
    for case in &hard {
        if let Err(difference) = passes(case, Reading::default()) {
            panic!("{difference}");
        }
    }
    let mut of_the_other_choice = Vec::new();
    for case in &soft {
        let Err(difference) = passes(case, Reading::default()) else { continue };
        let tags: Vec<&str> = list(case, "ambiguity").iter().filter_map(Value::as_str).collect();
        assert!(tags.contains(&OWN_DEFAULT), "{tags:?}: {difference}");
        of_the_other_choice.push(text(case, "id"));
    }
    assert_eq!(of_the_other_choice, ["everest-relative2"]);
    println!("{} hard cases and {} of {} soft ones", hard.len(), soft.len() - 1, soft.len());
}

/// The case says itself what the choice here gives: "connector-specific profiles shadow".
#[test]
fn the_case_of_the_other_choice_has_the_answer_of_this_one() {
    let Some(file) = case_file() else { return };
    let cases = list(&file, "composite_cases");
    let case = cases.iter().find(|case| case["id"] == "everest-relative2").expect("the case");
    let (periods, _) = answer(case, Reading::default());
    let shown: Vec<_> = periods.iter().map(|it| (it.start_s, it.limit.floor())).collect();
    assert_eq!(shown, [(0, Tenths(160)), (100, Tenths(200))]);
}

#[test]
fn with_one_stack_of_defaults_every_composite_case_passes() {
    let Some(file) = case_file() else { return };
    let libocpp = Reading { one_default_stack: true, ..Reading::default() };
    for case in list(&file, "composite_cases") {
        if let Err(difference) = passes(case, libocpp) {
            panic!("{difference}");
        }
    }
}

#[test]
fn every_ambiguity_has_a_choice() {
    let Some(file) = case_file() else { return };
    let tags: BTreeSet<&str> =
        file["ambiguity_tags"].as_object().expect("tags").keys().map(String::as_str).collect();
    let chosen: BTreeSet<&str> = CHOICES.iter().map(|(tag, _)| *tag).collect();
    assert_eq!(tags, chosen);
}

/// Requests whose answer the text leaves open.
const OPEN: &[&str] = &["set-max-relative", "set-tx-without-id", "set-two-decimals"];

#[test]
fn every_set_case_has_the_answer_of_the_text() {
    let Some(file) = case_file() else { return };
    let out_of_range = SetOutcome::Error(Refusal::PropertyConstraintViolation);
    let expected = |id: &str| match id {
        "set-tx-wrong-id" | "set-unit-not-allowed" | "set-recurring-no-start" => {
            SetOutcome::Rejected
        }
        // The central system must name the transaction (§5.16); elsewhere it is accepted.
        "set-tx-without-id" => SetOutcome::Rejected,
        "set-unknown-connector" => out_of_range,
        "set-no-periods" => SetOutcome::Error(Refusal::OccurenceConstraintViolation),
        "set-not-supported" => SetOutcome::Error(Refusal::NotSupported),
        _ => SetOutcome::Accepted,
    };
    let cases = list(&file, "set_profile_cases");
    assert_eq!(cases.len(), 18);
    for case in cases {
        let (id, request) = (text(case, "id"), &case["request"]);
        let mut store = store(&case["station"]);
        install(&mut store, list(case, "installed"), Time::from_unix_s(0));
        let before = store.clone();
        let connector = number(request, "connectorId") as u32;
        let new = profile(&request["csChargingProfiles"]);
        let outcome = store.set(connector, new.clone(), &transactions(case), NOW);
        assert_eq!(outcome, expected(id), "{id}");
        let accepted = outcome == SetOutcome::Accepted;
        match text(&case["expected"], "spec") {
            _ if OPEN.contains(&id) => (),
            spec => assert_eq!(spec.starts_with("Accepted"), accepted, "{id}: {spec}"),
        }
        if accepted {
            assert_eq!(store.get(new.id).map(|i| &i.profile), Some(&new), "{id}");
        } else {
            assert_eq!(store, before, "{id}");
        }
        let count = match id {
            "set-same-level" => 1,
            "set-same-level-other-purpose" => 2,
            "set-max-count-replace" => 3,
            _ => continue,
        };
        assert_eq!(store.installed().len(), count, "{id}");
    }
}

const NOW: Time = Time::from_unix_s(1_714_953_600);

#[test]
fn every_clear_case_removes_what_it_should() {
    let Some(file) = case_file() else { return };
    let cases = list(&file, "clear_profile_cases");
    assert_eq!(cases.len(), 8);
    for case in cases {
        let request = &case["request"];
        let mut store = store(&case["station"]);
        install(&mut store, list(case, "installed"), NOW);
        let found = store.clear(&ClearFilter {
            id: request["id"].as_i64().map(|id| id as i32),
            connector: request["connectorId"].as_u64().map(|id| id as u32),
            purpose: request["chargingProfilePurpose"].as_str().map(purpose),
            stack_level: request["stackLevel"].as_i64().map(|level| level as i32),
        });
        let status = if found { "Accepted" } else { "Unknown" };
        assert_eq!(status, text(&case["expected"], "status"), "{}", case["id"]);
        assert_eq!(ids(&store), case["expected"]["remaining_ids"], "{}", case["id"]);
    }
}

fn ids(store: &ProfileStore) -> Value {
    let ids: BTreeSet<i32> = store.installed().iter().map(|i| i.profile.id).collect();
    json!(ids)
}

/// What is left of a life: the ids installed, and the limit of connector 1 in tenths of an ampere.
struct Outcome {
    ids: Value,
    limit: Option<Tenths>,
}

const RUNNING: Transaction = Transaction { connector: 1, id: Some(7), start: NOW };

fn simple(id: i32, purpose: &str, amps: i64, transaction: Option<i64>) -> Value {
    json!({
        "chargingProfileId": id, "stackLevel": 0, "chargingProfilePurpose": purpose,
        "chargingProfileKind": "Relative", "transactionId": transaction,
        "chargingSchedule": {
            "chargingRateUnit": "A",
            "chargingSchedulePeriod": [{"startPeriod": 0, "limit": amps}],
        },
    })
}

/// Lives a lifecycle case: the file tells the steps in words, here they are calls. Losing the
/// connection is no call: the store does not know of connections.
fn live(id: &str) -> Outcome {
    let mut store = store(&json!({"connectors": 1}));
    let set = |store: &mut ProfileStore, connector: u32, value: &Value, running: &[Transaction]| {
        let outcome = store.set(connector, profile(value), running, NOW);
        assert_eq!(outcome, SetOutcome::Accepted);
    };
    let clear = |store: &mut ProfileStore, filter: ClearFilter| assert!(store.clear(&filter));
    let mut running = vec![RUNNING];
    match id {
        "persist-reboot" => {
            set(&mut store, 0, &simple(1, "ChargePointMaxProfile", 10, None), &[]);
            store.after_reboot(&[]);
        }
        "cleared-stays-cleared" => {
            set(&mut store, 0, &simple(1, "ChargePointMaxProfile", 10, None), &[]);
            set(&mut store, 0, &simple(2, "ChargePointMaxProfile", 20, None), &[]);
            clear(&mut store, ClearFilter { id: Some(2), ..ClearFilter::default() });
            store.after_reboot(&[]);
        }
        "txprofile-removed-at-end" => {
            set(&mut store, 1, &simple(1, "TxProfile", 10, Some(7)), &running);
            assert!(store.transaction_ended(1));
        }
        "txprofile-offline-kept" => {
            set(&mut store, 1, &simple(1, "TxProfile", 10, Some(7)), &running);
        }
        "offline-default" => {
            set(&mut store, 0, &simple(1, "ChargePointMaxProfile", 20, None), &[]);
            set(&mut store, 0, &simple(2, "TxDefaultProfile", 16, None), &[]);
            running[0].id = None;
        }
        "default-removed-during-tx" => {
            set(&mut store, 0, &simple(1, "TxDefaultProfile", 10, None), &[]);
            let purpose = Some(purpose("TxDefaultProfile"));
            clear(&mut store, ClearFilter { purpose, ..ClearFilter::default() });
        }
        "remote-start-profile" => {
            let pending = profile(&simple(1, "TxProfile", 20, None));
            assert_eq!(store.set_pending(1, pending), SetOutcome::Accepted);
            assert!(store.bind_pending(1, Some(123), NOW));
            assert_eq!(store.get(1).and_then(|i| i.profile.transaction_id), Some(123));
            running[0].id = Some(123);
        }
        "remote-start-bad-purpose" => {
            let wrong = profile(&simple(1, "TxDefaultProfile", 20, None));
            assert_eq!(store.set_pending(1, wrong), SetOutcome::Rejected);
            assert!(!store.bind_pending(1, Some(123), NOW));
        }
        other => panic!("a life without steps: {other}"),
    }
    let (supply, reading) = (Supply::stated(230), Reading::default());
    let composite = Composite { store: &store, transactions: &running, supply, reading };
    let limit = composite.limit(1, NOW).current.map(|DeciAmps(tenths)| Tenths(tenths));
    Outcome { ids: ids(&store), limit }
}

#[test]
fn every_life_ends_as_told() {
    let Some(file) = case_file() else { return };
    let cases = list(&file, "lifecycle_cases");
    assert_eq!(cases.len(), 8);
    for case in cases {
        let (id, expected) = (text(case, "id"), &case["expected"]);
        let outcome = live(id);
        if let Some(ids) = expected.get("remaining_ids") {
            assert_eq!(&outcome.ids, ids, "{id}");
        }
        if let Some(limit) = expected.get("effective_limit_A") {
            let limit = (!limit.is_null()).then(|| tenths(limit));
            assert_eq!(outcome.limit, limit, "{id}");
        }
    }
}
