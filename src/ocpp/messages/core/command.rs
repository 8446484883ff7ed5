//! What the central system asks of a charge point in the Core profile.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use crate::ocpp::messages::charging_profile::ChargingProfile;
use crate::ocpp::text;
use crate::ocpp::types::{
    AvailabilityStatus, AvailabilityType, ClearCacheStatus, ConfigurationStatus,
    DataTransferStatus, RemoteStartStopStatus, ResetStatus, ResetType, UnlockStatus,
};

/// ChangeAvailability.req (OCPP 1.6 §6.7).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ChangeAvailabilityRequest {
    /// Connector, 0 for the station as a whole.
    pub connector_id: u32,
    /// The availability wanted (`type` on the wire).
    #[serde(rename = "type")]
    pub kind: AvailabilityType,
}

/// ChangeAvailability.conf (OCPP 1.6 §6.8).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ChangeAvailabilityResponse {
    /// The answer.
    pub status: AvailabilityStatus,
}

/// ChangeConfiguration.req (OCPP 1.6 §6.9).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ChangeConfigurationRequest<'a> {
    /// At most 50 characters; compared without case.
    #[serde(borrow)]
    pub key: Cow<'a, str>,
    /// At most 500 characters.
    #[serde(borrow)]
    pub value: Cow<'a, str>,
}

/// ChangeConfiguration.conf (OCPP 1.6 §6.10).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ChangeConfigurationResponse {
    /// The answer.
    pub status: ConfigurationStatus,
}

/// ClearCache.req (OCPP 1.6 §6.11).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClearCacheRequest {}

/// ClearCache.conf (OCPP 1.6 §6.12).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ClearCacheResponse {
    /// The answer.
    pub status: ClearCacheStatus,
}

/// DataTransfer.req (OCPP 1.6 §6.15), in either direction.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DataTransferRequest<'a> {
    /// At most 255 characters.
    #[serde(borrow)]
    pub vendor_id: Cow<'a, str>,
    /// At most 50 characters.
    #[serde(
        borrow,
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "text::optional"
    )]
    pub message_id: Option<Cow<'a, str>>,
    /// Whatever the vendor agreed on.
    #[serde(
        borrow,
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "text::optional"
    )]
    pub data: Option<Cow<'a, str>>,
}

/// DataTransfer.conf (OCPP 1.6 §6.16).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DataTransferResponse<'a> {
    /// The answer.
    pub status: DataTransferStatus,
    /// Whatever the vendor agreed on.
    #[serde(
        borrow,
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "text::optional"
    )]
    pub data: Option<Cow<'a, str>>,
}

/// GetConfiguration.req (OCPP 1.6 §6.23).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct GetConfigurationRequest<'a> {
    /// Keys asked for, each at most 50 characters; all when absent or empty.
    #[serde(
        borrow,
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "text::optional_list"
    )]
    pub key: Option<Vec<Cow<'a, str>>>,
}

/// GetConfiguration.conf (OCPP 1.6 §6.24).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct GetConfigurationResponse<'a> {
    /// The known keys.
    #[serde(
        borrow,
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "text::optional_objects"
    )]
    pub configuration_key: Option<Vec<KeyValue<'a>>>,
    /// The keys asked for that the station does not know.
    #[serde(
        borrow,
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "text::optional_list"
    )]
    pub unknown_key: Option<Vec<Cow<'a, str>>>,
}

/// A configuration key and its value (OCPP 1.6 §7).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct KeyValue<'a> {
    /// At most 50 characters.
    #[serde(borrow)]
    pub key: Cow<'a, str>,
    /// False: ChangeConfiguration may set it.
    pub readonly: bool,
    /// At most 500 characters; absent: not set or not readable.
    #[serde(
        borrow,
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "text::optional"
    )]
    pub value: Option<Cow<'a, str>>,
}

/// RemoteStartTransaction.req (OCPP 1.6 §6.33).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RemoteStartTransactionRequest<'a> {
    /// 1-based; the station chooses when absent.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "text::present")]
    pub connector_id: Option<u32>,
    /// At most 20 characters; compared without case.
    #[serde(borrow)]
    pub id_tag: Cow<'a, str>,
    /// A TxProfile without transaction id (errata 3.41, 3.42).
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "text::optional_object"
    )]
    pub charging_profile: Option<ChargingProfile>,
}

/// RemoteStartTransaction.conf (OCPP 1.6 §6.34).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RemoteStartTransactionResponse {
    /// `Accepted` promises an attempt, not a transaction.
    pub status: RemoteStartStopStatus,
}

/// RemoteStopTransaction.req (OCPP 1.6 §6.35).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RemoteStopTransactionRequest {
    /// The transaction to stop.
    pub transaction_id: i64,
}

/// RemoteStopTransaction.conf (OCPP 1.6 §6.36).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RemoteStopTransactionResponse {
    /// The answer.
    pub status: RemoteStartStopStatus,
}

/// Reset.req (OCPP 1.6 §6.39).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ResetRequest {
    /// Hard or soft (`type` on the wire).
    #[serde(rename = "type")]
    pub kind: ResetType,
}

/// Reset.conf (OCPP 1.6 §6.40).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ResetResponse {
    /// The answer.
    pub status: ResetStatus,
}

/// UnlockConnector.req (OCPP 1.6 §6.53).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct UnlockConnectorRequest {
    /// Connector, 1-based.
    pub connector_id: u32,
}

/// UnlockConnector.conf (OCPP 1.6 §6.54).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct UnlockConnectorResponse {
    /// `NotSupported` also for an unknown connector (errata 3.85).
    pub status: UnlockStatus,
}
