//! What a charge point tells about itself: boot, heartbeat, status, authorisation.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use crate::ocpp::text;
use crate::ocpp::types::{
    ChargePointErrorCode, ChargePointStatus, IdTagInfo, RegistrationStatus, Timestamp,
};

/// Authorize.req (OCPP 1.6 §6.1).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AuthorizeRequest<'a> {
    /// At most 20 characters; compared without case.
    #[serde(borrow)]
    pub id_tag: Cow<'a, str>,
}

/// Authorize.conf (OCPP 1.6 §6.2).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AuthorizeResponse<'a> {
    /// The verdict.
    #[serde(borrow, deserialize_with = "text::object")]
    pub id_tag_info: IdTagInfo<'a>,
}

/// BootNotification.req (OCPP 1.6 §6.3).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct BootNotificationRequest<'a> {
    /// At most 20 characters.
    #[serde(borrow)]
    pub charge_point_vendor: Cow<'a, str>,
    /// At most 20 characters.
    #[serde(borrow)]
    pub charge_point_model: Cow<'a, str>,
    /// At most 25 characters.
    #[serde(
        borrow,
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "text::optional"
    )]
    pub charge_point_serial_number: Option<Cow<'a, str>>,
    /// At most 25 characters; deprecated in favour of `charge_point_serial_number`.
    #[serde(
        borrow,
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "text::optional"
    )]
    pub charge_box_serial_number: Option<Cow<'a, str>>,
    /// At most 50 characters.
    #[serde(
        borrow,
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "text::optional"
    )]
    pub firmware_version: Option<Cow<'a, str>>,
    /// Of the SIM card, at most 20 characters.
    #[serde(
        borrow,
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "text::optional"
    )]
    pub iccid: Option<Cow<'a, str>>,
    /// Of the SIM card, at most 20 characters.
    #[serde(
        borrow,
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "text::optional"
    )]
    pub imsi: Option<Cow<'a, str>>,
    /// At most 25 characters.
    #[serde(
        borrow,
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "text::optional"
    )]
    pub meter_type: Option<Cow<'a, str>>,
    /// At most 25 characters.
    #[serde(
        borrow,
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "text::optional"
    )]
    pub meter_serial_number: Option<Cow<'a, str>>,
}

/// BootNotification.conf (OCPP 1.6 §6.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct BootNotificationResponse {
    /// Whether the station may send more.
    pub status: RegistrationStatus,
    /// The station sets its clock to it.
    pub current_time: Timestamp,
    /// Seconds: between heartbeats when accepted, else before the next attempt; 0 leaves the choice
    /// to the station.
    pub interval: i64,
}

/// Heartbeat.req (OCPP 1.6 §6.29).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HeartbeatRequest {}

/// Heartbeat.conf (OCPP 1.6 §6.30).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct HeartbeatResponse {
    /// The station sets its clock to it.
    pub current_time: Timestamp,
}

/// StatusNotification.req (OCPP 1.6 §6.47).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct StatusNotificationRequest<'a> {
    /// Connector, 0 for the station as a whole.
    pub connector_id: u32,
    /// `NoError` when all is well.
    pub error_code: ChargePointErrorCode,
    /// At most 50 characters.
    #[serde(
        borrow,
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "text::optional"
    )]
    pub info: Option<Cow<'a, str>>,
    /// The new status.
    pub status: ChargePointStatus,
    /// When the status changed; absent: on arrival.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "text::present")]
    pub timestamp: Option<Timestamp>,
    /// At most 255 characters.
    #[serde(
        borrow,
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "text::optional"
    )]
    pub vendor_id: Option<Cow<'a, str>>,
    /// At most 50 characters.
    #[serde(
        borrow,
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "text::optional"
    )]
    pub vendor_error_code: Option<Cow<'a, str>>,
}

/// StatusNotification.conf (OCPP 1.6 §6.48).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StatusNotificationResponse {}
