//! Fields of the Core profile.

use super::Kind::{
    Bool, Enum, List, LooseEnum, LooseList, Object, Occurred, Prose, Register, Text, Time,
};
use super::smart_charging::CHARGING_PROFILE;
use super::{ACCEPTED_OR_REJECTED, ANY, CONNECTOR, COUNT, Field, Pair, may, must};
use crate::ocpp::types as t;

pub(super) const ID_TAG_INFO: &[Field] = &[
    may("expiryDate", Time),
    may("parentIdTag", Text(20)),
    must("status", Enum(t::AuthorizationStatus::NAMES)),
];

const SAMPLED_VALUE: &[Field] = &[
    must("value", Text(usize::MAX)),
    may("context", LooseEnum(t::ReadingContext::NAMES, None)),
    may("format", LooseEnum(t::ValueFormat::NAMES, None)),
    // Without its measurand, phase or unit a value would be taken for something else.
    may("measurand", Enum(t::Measurand::NAMES)),
    may("phase", Enum(t::Phase::NAMES)),
    may("location", LooseEnum(t::Location::NAMES, None)),
    may("unit", Enum(t::UnitOfMeasure::NAMES)),
];

const METER_VALUE: &[Field] =
    &[must("timestamp", Occurred), must("sampledValue", LooseList(&Object(SAMPLED_VALUE), 1))];

const KEY_VALUE: &[Field] =
    &[must("key", Text(50)), must("readonly", Bool), may("value", Text(500))];

pub(super) const AUTHORIZE: Pair =
    (&[must("idTag", Text(20))], &[must("idTagInfo", Object(ID_TAG_INFO))]);

pub(super) const BOOT_NOTIFICATION: Pair = (
    &[
        must("chargePointVendor", Prose(20)),
        must("chargePointModel", Prose(20)),
        may("chargePointSerialNumber", Text(25)),
        may("chargeBoxSerialNumber", Text(25)),
        may("firmwareVersion", Prose(50)),
        may("iccid", Text(20)),
        may("imsi", Text(20)),
        may("meterType", Prose(25)),
        may("meterSerialNumber", Text(25)),
    ],
    &[
        must("status", Enum(t::RegistrationStatus::NAMES)),
        must("currentTime", Time),
        must("interval", COUNT),
    ],
);

pub(super) const HEARTBEAT: Pair = (&[], &[must("currentTime", Time)]);

pub(super) const METER_VALUES: Pair = (
    &[
        must("connectorId", CONNECTOR),
        may("transactionId", ANY),
        must("meterValue", LooseList(&Object(METER_VALUE), 1)),
    ],
    &[],
);

pub(super) const START_TRANSACTION: Pair = (
    &[
        must("connectorId", CONNECTOR),
        must("idTag", Text(20)),
        must("meterStart", Register),
        may("reservationId", ANY),
        must("timestamp", Occurred),
    ],
    &[must("idTagInfo", Object(ID_TAG_INFO)), must("transactionId", ANY)],
);

pub(super) const STATUS_NOTIFICATION: Pair = (
    &[
        must("connectorId", CONNECTOR),
        must("errorCode", LooseEnum(t::ChargePointErrorCode::NAMES, Some("OtherError"))),
        may("info", Prose(50)),
        must("status", Enum(t::ChargePointStatus::NAMES)),
        may("timestamp", Occurred),
        may("vendorId", Prose(255)),
        may("vendorErrorCode", Prose(50)),
    ],
    &[],
);

pub(super) const STOP_TRANSACTION: Pair = (
    &[
        may("idTag", Text(20)),
        must("meterStop", Register),
        must("timestamp", Occurred),
        must("transactionId", ANY),
        may("reason", LooseEnum(t::StopReason::NAMES, Some("Other"))),
        may("transactionData", LooseList(&Object(METER_VALUE), 0)),
    ],
    &[may("idTagInfo", Object(ID_TAG_INFO))],
);

pub(super) const DATA_TRANSFER: Pair = (
    &[must("vendorId", Text(255)), may("messageId", Text(50)), may("data", Text(usize::MAX))],
    &[must("status", Enum(t::DataTransferStatus::NAMES)), may("data", Text(usize::MAX))],
);

pub(super) const CHANGE_AVAILABILITY: Pair = (
    &[must("connectorId", CONNECTOR), must("type", Enum(t::AvailabilityType::NAMES))],
    &[must("status", Enum(t::AvailabilityStatus::NAMES))],
);

pub(super) const CHANGE_CONFIGURATION: Pair = (
    &[must("key", Text(50)), must("value", Text(500))],
    &[must("status", Enum(t::ConfigurationStatus::NAMES))],
);

pub(super) const CLEAR_CACHE: Pair = (&[], &[must("status", Enum(t::ClearCacheStatus::NAMES))]);

pub(super) const GET_CONFIGURATION: Pair = (
    &[may("key", List(&Text(50), 0))],
    &[
        may("configurationKey", LooseList(&Object(KEY_VALUE), 0)),
        may("unknownKey", List(&Text(50), 0)),
    ],
);

pub(super) const REMOTE_START_TRANSACTION: Pair = (
    &[
        may("connectorId", CONNECTOR),
        must("idTag", Text(20)),
        may("chargingProfile", Object(CHARGING_PROFILE)),
    ],
    &[must("status", Enum(t::RemoteStartStopStatus::NAMES))],
);

pub(super) const REMOTE_STOP_TRANSACTION: Pair =
    (&[must("transactionId", ANY)], &[must("status", Enum(t::RemoteStartStopStatus::NAMES))]);

pub(super) const RESET: Pair =
    (&[must("type", Enum(t::ResetType::NAMES))], &[must("status", ACCEPTED_OR_REJECTED)]);

pub(super) const UNLOCK_CONNECTOR: Pair =
    (&[must("connectorId", CONNECTOR)], &[must("status", Enum(t::UnlockStatus::NAMES))]);
