//! Fields of the SmartCharging and RemoteTrigger profiles.

use super::Kind::{Enum, Integer, Limit, List, Object, Time};
use super::{ANY, CONNECTOR, COUNT, Field, Kind, Pair, may, must};
use crate::ocpp::types as t;

const PURPOSE: Kind = Enum(&["ChargePointMaxProfile", "TxDefaultProfile", "TxProfile"]);
const UNIT: Kind = Enum(&["A", "W"]);
const SMALL: Kind = Integer(i32::MIN as i64, i32::MAX as i64);
const STACK_LEVEL: Kind = Integer(0, i32::MAX as i64);

const fn schedule(periods: &'static Kind) -> [Field; 5] {
    [
        may("duration", COUNT),
        may("startSchedule", Time),
        must("chargingRateUnit", UNIT),
        must("chargingSchedulePeriod", List(periods, 1)),
        may("minChargingRate", Limit(0.0)),
    ]
}

const fn period(lowest: f64) -> [Field; 3] {
    [must("startPeriod", COUNT), must("limit", Limit(lowest)), may("numberPhases", Integer(1, 3))]
}

pub(super) const CHARGING_PROFILE: &[Field] = &[
    must("chargingProfileId", SMALL),
    may("transactionId", ANY),
    must("stackLevel", STACK_LEVEL),
    must("chargingProfilePurpose", PURPOSE),
    must("chargingProfileKind", Enum(&["Absolute", "Recurring", "Relative"])),
    may("recurrencyKind", Enum(&["Daily", "Weekly"])),
    may("validFrom", Time),
    may("validTo", Time),
    must("chargingSchedule", Object(&schedule(&Object(&period(0.0))))),
];

/// Stations answer a negative limit where nothing limits them.
const COMPOSITE: &[Field] = &schedule(&Object(&period(f64::NEG_INFINITY)));

pub(super) const SET_CHARGING_PROFILE: Pair = (
    &[must("connectorId", CONNECTOR), must("csChargingProfiles", Object(CHARGING_PROFILE))],
    &[must("status", Enum(t::ChargingProfileStatus::NAMES))],
);

pub(super) const CLEAR_CHARGING_PROFILE: Pair = (
    &[
        may("id", SMALL),
        may("connectorId", CONNECTOR),
        may("chargingProfilePurpose", PURPOSE),
        may("stackLevel", STACK_LEVEL),
    ],
    &[must("status", Enum(t::ClearChargingProfileStatus::NAMES))],
);

pub(super) const GET_COMPOSITE_SCHEDULE: Pair = (
    &[must("connectorId", CONNECTOR), must("duration", COUNT), may("chargingRateUnit", UNIT)],
    &[
        must("status", Enum(t::GetCompositeScheduleStatus::NAMES)),
        may("connectorId", CONNECTOR),
        may("scheduleStart", Time),
        may("chargingSchedule", Object(COMPOSITE)),
    ],
);

pub(super) const TRIGGER_MESSAGE: Pair = (
    &[must("requestedMessage", Enum(t::MessageTrigger::NAMES)), may("connectorId", CONNECTOR)],
    &[must("status", Enum(t::TriggerMessageStatus::NAMES))],
);
