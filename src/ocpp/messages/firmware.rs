//! The FirmwareManagement profile: diagnostics and firmware updates.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use crate::ocpp::text;
use crate::ocpp::types::{DiagnosticsStatus, FirmwareStatus, Timestamp};

/// GetDiagnostics.req (OCPP 1.6 §6.25).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct GetDiagnosticsRequest<'a> {
    /// URL of the folder to upload to.
    #[serde(borrow)]
    pub location: Cow<'a, str>,
    /// Attempts after the first; the station decides when absent.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "text::present")]
    pub retries: Option<i64>,
    /// Seconds between attempts; the station decides when absent.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "text::present")]
    pub retry_interval: Option<i64>,
    /// Oldest entry wanted.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "text::present")]
    pub start_time: Option<Timestamp>,
    /// Latest entry wanted.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "text::present")]
    pub stop_time: Option<Timestamp>,
}

/// GetDiagnostics.conf (OCPP 1.6 §6.26).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct GetDiagnosticsResponse<'a> {
    /// At most 255 characters; absent when there is nothing to upload.
    #[serde(
        borrow,
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "text::optional"
    )]
    pub file_name: Option<Cow<'a, str>>,
}

/// DiagnosticsStatusNotification.req (OCPP 1.6 §6.17).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DiagnosticsStatusNotificationRequest {
    /// How the upload stands.
    pub status: DiagnosticsStatus,
}

/// DiagnosticsStatusNotification.conf (OCPP 1.6 §6.18).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DiagnosticsStatusNotificationResponse {}

/// UpdateFirmware.req (OCPP 1.6 §6.55).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct UpdateFirmwareRequest<'a> {
    /// URL of the firmware.
    #[serde(borrow)]
    pub location: Cow<'a, str>,
    /// Attempts after the first; the station decides when absent.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "text::present")]
    pub retries: Option<i64>,
    /// Not downloaded before.
    pub retrieve_date: Timestamp,
    /// Seconds between attempts; the station decides when absent.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "text::present")]
    pub retry_interval: Option<i64>,
}

/// UpdateFirmware.conf (OCPP 1.6 §6.56).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UpdateFirmwareResponse {}

/// FirmwareStatusNotification.req (OCPP 1.6 §6.19).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct FirmwareStatusNotificationRequest {
    /// How the update stands.
    pub status: FirmwareStatus,
}

/// FirmwareStatusNotification.conf (OCPP 1.6 §6.20).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FirmwareStatusNotificationResponse {}
