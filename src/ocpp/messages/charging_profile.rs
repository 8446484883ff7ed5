//! Charging profiles on the wire (OCPP 1.6 §7.8, §7.13, §7.14) and their conversion.
//!
//! Limits are exact tenths. A limit is written with one decimal at most and read rounded *down* to
//! tenths, because a limit rounded up could break the limit of the site.

use std::fmt;

use serde::de::{self, Deserializer, Visitor};
use serde::{Deserialize, Serialize, Serializer};

use crate::ocpp::profile::{
    Kind, Period, Profile, Purpose, RateUnit, Recurrency, Schedule, Tenths,
};
use crate::ocpp::text;
use crate::ocpp::types::Timestamp;

/// A charging profile (OCPP 1.6 §7.8).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ChargingProfile {
    /// Unique within the charge point.
    pub charging_profile_id: i32,
    /// Of a TxProfile outside RemoteStartTransaction.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "text::present")]
    pub transaction_id: Option<i64>,
    /// 0 or more; higher prevails.
    pub stack_level: i32,
    /// What the profile limits.
    pub charging_profile_purpose: Purpose,
    /// What its schedule is relative to.
    pub charging_profile_kind: Kind,
    /// Of a recurring profile.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "text::present")]
    pub recurrency_kind: Option<Recurrency>,
    /// No effect before.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "text::present")]
    pub valid_from: Option<Timestamp>,
    /// No effect from here on.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "text::present")]
    pub valid_to: Option<Timestamp>,
    /// The limits.
    #[serde(deserialize_with = "text::object")]
    pub charging_schedule: ChargingSchedule,
}

/// A charging schedule (OCPP 1.6 §7.13).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ChargingSchedule {
    /// Seconds; the last period goes on for ever when absent.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "text::present")]
    pub duration: Option<i64>,
    /// Base of an absolute or recurring schedule.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "text::present")]
    pub start_schedule: Option<Timestamp>,
    /// Unit of every limit.
    pub charging_rate_unit: RateUnit,
    /// At least one.
    #[serde(deserialize_with = "text::objects")]
    pub charging_schedule_period: Vec<ChargingSchedulePeriod>,
    /// Smallest rate worth charging at.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        serialize_with = "write_optional_limit",
        deserialize_with = "read_optional_limit"
    )]
    pub min_charging_rate: Option<Tenths>,
}

/// One period of a schedule (OCPP 1.6 §7.14).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ChargingSchedulePeriod {
    /// Seconds from the start of the schedule.
    pub start_period: i64,
    /// Limit in tenths of the schedule's unit.
    #[serde(serialize_with = "write_limit", deserialize_with = "read_limit")]
    pub limit: Tenths,
    /// Phases the limit is meant for; 3 when absent.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "text::present")]
    pub number_phases: Option<u8>,
}

impl From<&Profile> for ChargingProfile {
    fn from(profile: &Profile) -> ChargingProfile {
        ChargingProfile {
            charging_profile_id: profile.id,
            transaction_id: profile.transaction_id,
            stack_level: profile.stack_level,
            charging_profile_purpose: profile.purpose,
            charging_profile_kind: profile.kind,
            recurrency_kind: profile.recurrency,
            valid_from: profile.valid_from.map(Timestamp),
            valid_to: profile.valid_to.map(Timestamp),
            charging_schedule: ChargingSchedule::from(&profile.schedule),
        }
    }
}

impl From<&ChargingProfile> for Profile {
    fn from(wire: &ChargingProfile) -> Profile {
        Profile {
            id: wire.charging_profile_id,
            transaction_id: wire.transaction_id,
            stack_level: wire.stack_level,
            purpose: wire.charging_profile_purpose,
            kind: wire.charging_profile_kind,
            recurrency: wire.recurrency_kind,
            valid_from: wire.valid_from.map(|at| at.0),
            valid_to: wire.valid_to.map(|at| at.0),
            schedule: Schedule::from(&wire.charging_schedule),
        }
    }
}

impl From<&Schedule> for ChargingSchedule {
    fn from(schedule: &Schedule) -> ChargingSchedule {
        ChargingSchedule {
            duration: schedule.duration_s,
            start_schedule: schedule.start.map(Timestamp),
            charging_rate_unit: schedule.unit,
            charging_schedule_period: schedule
                .periods
                .iter()
                .map(|period| ChargingSchedulePeriod {
                    start_period: period.start_s,
                    limit: period.limit,
                    number_phases: period.phases,
                })
                .collect(),
            min_charging_rate: schedule.min_rate,
        }
    }
}

impl From<&ChargingSchedule> for Schedule {
    fn from(wire: &ChargingSchedule) -> Schedule {
        Schedule {
            duration_s: wire.duration,
            start: wire.start_schedule.map(|at| at.0),
            unit: wire.charging_rate_unit,
            periods: wire
                .charging_schedule_period
                .iter()
                .map(|period| Period {
                    start_s: period.start_period,
                    limit: period.limit,
                    phases: period.number_phases,
                })
                .collect(),
            min_rate: wire.min_charging_rate,
        }
    }
}

impl From<Profile> for ChargingProfile {
    fn from(profile: Profile) -> ChargingProfile {
        ChargingProfile::from(&profile)
    }
}

impl From<ChargingProfile> for Profile {
    fn from(wire: ChargingProfile) -> Profile {
        Profile::from(&wire)
    }
}

/// Limits beyond this magnitude are not limits; it also keeps tenths exact in a double.
const LARGEST_LIMIT: f64 = 1e12;

/// Tenths of a limit, rounded down; the guard keeps 0.3, which a double holds as a little less
/// than three tenths, from becoming 0.2.
pub(crate) fn tenths(limit: f64) -> Option<Tenths> {
    (limit.abs() <= LARGEST_LIMIT).then(|| Tenths((limit * 10.0 + 1e-6).floor() as i64))
}

/// Whether a number has one decimal at most; the noise of a widened `f32` does not pass.
pub(crate) fn is_tenth(limit: f64) -> bool {
    let tenths = limit * 10.0;
    (tenths - tenths.round()).abs() <= 1e-9 * tenths.abs().max(1.0)
}

fn write_limit<S: Serializer>(limit: &Tenths, sink: S) -> Result<S::Ok, S::Error> {
    if limit.0 % 10 == 0 {
        sink.serialize_i64(limit.0 / 10)
    } else {
        sink.serialize_f64(limit.0 as f64 / 10.0)
    }
}

fn read_limit<'de, D: Deserializer<'de>>(source: D) -> Result<Tenths, D::Error> {
    struct Number;
    impl Visitor<'_> for Number {
        type Value = Tenths;
        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a limit")
        }
        fn visit_u64<E: de::Error>(self, limit: u64) -> Result<Tenths, E> {
            self.visit_f64(limit as f64)
        }
        fn visit_i64<E: de::Error>(self, limit: i64) -> Result<Tenths, E> {
            self.visit_f64(limit as f64)
        }
        fn visit_f64<E: de::Error>(self, limit: f64) -> Result<Tenths, E> {
            tenths(limit).ok_or_else(|| E::invalid_value(de::Unexpected::Float(limit), &self))
        }
    }
    source.deserialize_f64(Number)
}

fn write_optional_limit<S: Serializer>(limit: &Option<Tenths>, sink: S) -> Result<S::Ok, S::Error> {
    match limit {
        Some(limit) => write_limit(limit, sink),
        None => sink.serialize_none(),
    }
}

fn read_optional_limit<'de, D: Deserializer<'de>>(source: D) -> Result<Option<Tenths>, D::Error> {
    read_limit(source).map(Some)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn period(tenths: i64) -> ChargingSchedulePeriod {
        ChargingSchedulePeriod { start_period: 0, limit: Tenths(tenths), number_phases: None }
    }

    #[test]
    fn limits_are_written_with_one_decimal_at_most() {
        for (tenths, text) in [(160, "16"), (163, "16.3"), (3, "0.3"), (0, "0"), (-5, "-0.5")] {
            let json = serde_json::to_string(&period(tenths)).unwrap();
            assert_eq!(json, format!(r#"{{"startPeriod":0,"limit":{text}}}"#));
        }
    }

    #[test]
    fn every_tenth_up_to_a_megawatt_reads_back() {
        for tenths in (0..10_000_000).step_by(7).chain(0..20_000) {
            assert_eq!(super::tenths(tenths as f64 / 10.0), Some(Tenths(tenths)));
        }
    }

    #[test]
    fn finer_limits_are_rounded_down() {
        for (text, tenths) in [
            ("16.39", 163),
            ("16.399999", 163),
            ("6.0", 60),
            ("-0.01", -1),
            ("0.7", 7),
            ("1e1", 100),
        ] {
            let json = format!(r#"{{"startPeriod":0,"limit":{text}}}"#);
            let read: ChargingSchedulePeriod = serde_json::from_str(&json).unwrap();
            assert_eq!(read.limit, Tenths(tenths), "{text}");
        }
        let json = r#"{"startPeriod":0,"limit":1e300}"#;
        assert!(serde_json::from_str::<ChargingSchedulePeriod>(json).is_err());
    }
}
