//! Reads the case file; its profiles by hand, so that nothing of the wire form is presumed.

use ampacity::ocpp::profile::{
    Kind, Period, Profile, ProfileStore, Purpose, RateUnit, Recurrency, Schedule, StationLimits,
    Tenths, Transaction,
};
use ampacity::time::Time;
use serde_json::Value;

/// The case file, or `None` (said aloud) when its folder is not given.
pub(crate) fn case_file() -> Option<Value> {
    let Some(folder) = std::env::var_os("AMPACITY_DATA") else {
        println!("skipped: AMPACITY_DATA does not name the data folder");
        return None;
    };
    let path = std::path::Path::new(&folder).join("composite_cases.json");
    let text = std::fs::read_to_string(&path).expect("AMPACITY_DATA holds composite_cases.json");
    Some(serde_json::from_str(&text).expect("the case file is JSON"))
}

pub(crate) fn list<'a>(value: &'a Value, key: &str) -> &'a [Value] {
    value[key].as_array().map_or(&[], Vec::as_slice)
}

pub(crate) fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().unwrap_or_else(|| panic!("{key} is text in {value}"))
}

pub(crate) fn number(value: &Value, key: &str) -> i64 {
    value[key].as_i64().unwrap_or_else(|| panic!("{key} is a whole number in {value}"))
}

/// An ISO 8601 instant: optional fraction (dropped), then `Z` or an offset.
pub(crate) fn instant(text: &str) -> Time {
    let base = Time::parse_ocpp_exact(&format!("{}Z", &text[..19])).expect("a date and a time");
    let zone = text[19..].trim_start_matches(|c: char| c == '.' || c.is_ascii_digit());
    let offset_s = match zone {
        "Z" => 0,
        _ => {
            let (hours, minutes) = zone[1..].split_once(':').expect("an offset as +02:00");
            let whole = |part: &str| part.parse::<i64>().expect("digits");
            let sign = if zone.starts_with('-') { -1 } else { 1 };
            sign * (whole(hours) * 3600 + whole(minutes) * 60)
        }
    };
    Time::from_unix_s(base.unix_s() - offset_s)
}

fn optional_instant(value: &Value, key: &str) -> Option<Time> {
    value[key].as_str().map(instant)
}

/// A decimal number in tenths, rounded down; the slack covers what binary fractions lack.
pub(crate) fn tenths(value: &Value) -> Tenths {
    Tenths((value.as_f64().expect("a number") * 10.0 + 1e-6).floor() as i64)
}

pub(crate) fn unit(text: &str) -> RateUnit {
    match text {
        "A" => RateUnit::A,
        "W" => RateUnit::W,
        other => panic!("unit {other}"),
    }
}

pub(crate) fn purpose(text: &str) -> Purpose {
    match text {
        "ChargePointMaxProfile" => Purpose::ChargePointMaxProfile,
        "TxDefaultProfile" => Purpose::TxDefaultProfile,
        "TxProfile" => Purpose::TxProfile,
        other => panic!("purpose {other}"),
    }
}

pub(crate) fn profile(value: &Value) -> Profile {
    let schedule = &value["chargingSchedule"];
    let period = |period: &Value| Period {
        start_s: number(period, "startPeriod"),
        limit: tenths(&period["limit"]),
        phases: period["numberPhases"].as_u64().map(|phases| phases as u8),
    };
    Profile {
        id: number(value, "chargingProfileId") as i32,
        transaction_id: value["transactionId"].as_i64(),
        stack_level: number(value, "stackLevel") as i32,
        purpose: purpose(text(value, "chargingProfilePurpose")),
        kind: match text(value, "chargingProfileKind") {
            "Absolute" => Kind::Absolute,
            "Recurring" => Kind::Recurring,
            "Relative" => Kind::Relative,
            other => panic!("kind {other}"),
        },
        recurrency: value["recurrencyKind"].as_str().map(|text| match text {
            "Daily" => Recurrency::Daily,
            "Weekly" => Recurrency::Weekly,
            other => panic!("recurrency {other}"),
        }),
        valid_from: optional_instant(value, "validFrom"),
        valid_to: optional_instant(value, "validTo"),
        schedule: Schedule {
            duration_s: schedule["duration"].as_i64(),
            start: optional_instant(schedule, "startSchedule"),
            unit: unit(text(schedule, "chargingRateUnit")),
            periods: list(schedule, "chargingSchedulePeriod").iter().map(period).collect(),
            min_rate: schedule.get("minChargingRate").map(tenths),
        },
    }
}

pub(crate) fn transactions(case: &Value) -> Vec<Transaction> {
    let transaction = |value: &Value| Transaction {
        connector: number(value, "connectorId") as u32,
        id: Some(number(value, "transactionId")),
        start: instant(text(value, "start")),
    };
    list(case, "transactions").iter().map(transaction).collect()
}

/// An empty store for the station of a case; keys the case leaves out are generous.
pub(crate) fn store(station: &Value) -> ProfileStore {
    let key = |name: &str, otherwise: i64| station[name].as_i64().unwrap_or(otherwise);
    let units = station["ChargingScheduleAllowedChargingRateUnit"].as_str();
    let allows = |unit: &str| units.is_none_or(|units| units.contains(unit));
    ProfileStore::new(StationLimits {
        connectors: number(station, "connectors") as u32,
        max_stack_level: key("ChargeProfileMaxStackLevel", 100) as i32,
        max_periods: key("ChargingScheduleMaxPeriods", 100) as usize,
        max_installed: key("MaxChargingProfilesInstalled", 100) as usize,
        allow_amps: allows("Current"),
        allow_watts: allows("Power"),
        smart_charging: station["SupportedFeatureProfiles"]
            .as_str()
            .is_none_or(|profiles| profiles.contains("SmartCharging")),
    })
}

/// Installs a list of `{connectorId, profile}` unchecked, in order.
pub(crate) fn install(store: &mut ProfileStore, profiles: &[Value], at: Time) {
    for entry in profiles {
        store.install(number(entry, "connectorId") as u32, profile(&entry["profile"]), at);
    }
}
