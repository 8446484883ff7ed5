//! Fields of the FirmwareManagement profile.

use super::Kind::{Enum, Text, Time};
use super::{COUNT, Pair, may, must};
use crate::ocpp::types as t;

pub(super) const DIAGNOSTICS_STATUS_NOTIFICATION: Pair =
    (&[must("status", Enum(t::DiagnosticsStatus::NAMES))], &[]);

pub(super) const FIRMWARE_STATUS_NOTIFICATION: Pair =
    (&[must("status", Enum(t::FirmwareStatus::NAMES))], &[]);

pub(super) const GET_DIAGNOSTICS: Pair = (
    &[
        must("location", Text(usize::MAX)),
        may("retries", COUNT),
        may("retryInterval", COUNT),
        may("startTime", Time),
        may("stopTime", Time),
    ],
    &[may("fileName", Text(255))],
);

pub(super) const UPDATE_FIRMWARE: Pair = (
    &[
        must("location", Text(usize::MAX)),
        may("retries", COUNT),
        must("retrieveDate", Time),
        may("retryInterval", COUNT),
    ],
    &[],
);
