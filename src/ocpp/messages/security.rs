//! The security extension: certificates, logs, signed firmware, security events.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use crate::ocpp::text;
use crate::ocpp::types::{
    CertificateSignedStatus, CertificateUse, DeleteCertificateStatus, ExtendedMessageTrigger,
    GetInstalledCertificateStatus, HashAlgorithm, InstallCertificateStatus, LogStatus, LogType,
    SignCertificateStatus, SignedFirmwareStatus, Timestamp, TriggerMessageStatus,
    UpdateFirmwareStatus, UploadLogStatus,
};

/// CertificateSigned.req (security whitepaper, edition 3).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CertificateSignedRequest<'a> {
    /// PEM, the leaf first; at most 10,000 characters.
    #[serde(borrow)]
    pub certificate_chain: Cow<'a, str>,
}

/// CertificateSigned.conf.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CertificateSignedResponse {
    /// The answer.
    pub status: CertificateSignedStatus,
}

/// DeleteCertificate.req (security whitepaper, edition 3).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DeleteCertificateRequest<'a> {
    /// The certificate to delete.
    #[serde(borrow, deserialize_with = "text::object")]
    pub certificate_hash_data: CertificateHashData<'a>,
}

/// DeleteCertificate.conf.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DeleteCertificateResponse {
    /// The answer.
    pub status: DeleteCertificateStatus,
}

/// What identifies an installed certificate, as in OCSP.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CertificateHashData<'a> {
    /// Of both hashes.
    pub hash_algorithm: HashAlgorithm,
    /// Of the issuer's distinguished name in DER; hexadecimal, at most 128 characters.
    #[serde(borrow)]
    pub issuer_name_hash: Cow<'a, str>,
    /// Of the issuer's public key; hexadecimal, at most 128 characters.
    #[serde(borrow)]
    pub issuer_key_hash: Cow<'a, str>,
    /// Hexadecimal without leading zeros, at most 40 characters.
    #[serde(borrow)]
    pub serial_number: Cow<'a, str>,
}

/// ExtendedTriggerMessage.req (security whitepaper, edition 3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ExtendedTriggerMessageRequest {
    /// The message wanted; the answer comes first.
    pub requested_message: ExtendedMessageTrigger,
    /// Connector the message is about, 1-based; all when absent.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "text::present")]
    pub connector_id: Option<u32>,
}

/// ExtendedTriggerMessage.conf.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ExtendedTriggerMessageResponse {
    /// The answer.
    pub status: TriggerMessageStatus,
}

/// GetInstalledCertificateIds.req (security whitepaper, edition 3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct GetInstalledCertificateIdsRequest {
    /// Certificates of this use.
    pub certificate_type: CertificateUse,
}

/// GetInstalledCertificateIds.conf.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct GetInstalledCertificateIdsResponse<'a> {
    /// At least one, when accepted.
    #[serde(
        borrow,
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "text::optional_objects"
    )]
    pub certificate_hash_data: Option<Vec<CertificateHashData<'a>>>,
    /// `NotFound`: none is installed.
    pub status: GetInstalledCertificateStatus,
}

/// GetLog.req (security whitepaper, edition 3).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct GetLogRequest<'a> {
    /// Where to, and what of it.
    #[serde(borrow, deserialize_with = "text::object")]
    pub log: LogParameters<'a>,
    /// Which log.
    pub log_type: LogType,
    /// Stands in every LogStatusNotification about it.
    pub request_id: i64,
    /// Attempts after the first; the station decides when absent.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "text::present")]
    pub retries: Option<i64>,
    /// Seconds between attempts; the station decides when absent.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "text::present")]
    pub retry_interval: Option<i64>,
}

/// The part of a log that is wanted, and where.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct LogParameters<'a> {
    /// URL of the folder to upload to; at most 512 characters.
    #[serde(borrow)]
    pub remote_location: Cow<'a, str>,
    /// Oldest entry wanted.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "text::present")]
    pub oldest_timestamp: Option<Timestamp>,
    /// Latest entry wanted.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "text::present")]
    pub latest_timestamp: Option<Timestamp>,
}

/// GetLog.conf.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct GetLogResponse<'a> {
    /// The answer.
    pub status: LogStatus,
    /// At most 255 characters; absent when there is nothing to upload.
    #[serde(
        borrow,
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "text::optional"
    )]
    pub filename: Option<Cow<'a, str>>,
}

/// InstallCertificate.req (security whitepaper, edition 3).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct InstallCertificateRequest<'a> {
    /// What it is for.
    pub certificate_type: CertificateUse,
    /// PEM; at most 5500 characters.
    #[serde(borrow)]
    pub certificate: Cow<'a, str>,
}

/// InstallCertificate.conf.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct InstallCertificateResponse {
    /// The answer.
    pub status: InstallCertificateStatus,
}

/// LogStatusNotification.req (security whitepaper, edition 3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct LogStatusNotificationRequest {
    /// How the upload stands.
    pub status: UploadLogStatus,
    /// Of the GetLog; absent when idle.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "text::present")]
    pub request_id: Option<i64>,
}

/// LogStatusNotification.conf.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LogStatusNotificationResponse {}

/// SecurityEventNotification.req (security whitepaper, edition 3).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SecurityEventNotificationRequest<'a> {
    /// Name of the event (`type` on the wire); at most 50 characters.
    #[serde(rename = "type", borrow)]
    pub kind: Cow<'a, str>,
    /// When it happened.
    pub timestamp: Timestamp,
    /// At most 255 characters.
    #[serde(
        borrow,
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "text::optional"
    )]
    pub tech_info: Option<Cow<'a, str>>,
}

/// SecurityEventNotification.conf.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SecurityEventNotificationResponse {}

/// SignCertificate.req (security whitepaper, edition 3).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SignCertificateRequest<'a> {
    /// PKCS#10 request as PEM; at most 5500 characters.
    #[serde(borrow)]
    pub csr: Cow<'a, str>,
}

/// SignCertificate.conf.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SignCertificateResponse {
    /// Whether the request will be processed.
    pub status: SignCertificateStatus,
}

/// SignedFirmwareStatusNotification.req (security whitepaper, edition 3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SignedFirmwareStatusNotificationRequest {
    /// How the update stands.
    pub status: SignedFirmwareStatus,
    /// Of the SignedUpdateFirmware; absent when idle.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "text::present")]
    pub request_id: Option<i64>,
}

/// SignedFirmwareStatusNotification.conf.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SignedFirmwareStatusNotificationResponse {}

/// SignedUpdateFirmware.req (security whitepaper, edition 3).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SignedUpdateFirmwareRequest<'a> {
    /// Attempts after the first; the station decides when absent.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "text::present")]
    pub retries: Option<i64>,
    /// Seconds between attempts; the station decides when absent.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "text::present")]
    pub retry_interval: Option<i64>,
    /// Stands in every SignedFirmwareStatusNotification about it.
    pub request_id: i64,
    /// The firmware.
    #[serde(borrow, deserialize_with = "text::object")]
    pub firmware: Firmware<'a>,
}

/// A signed firmware and when to take it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Firmware<'a> {
    /// URL; at most 512 characters.
    #[serde(borrow)]
    pub location: Cow<'a, str>,
    /// Not downloaded before.
    pub retrieve_date_time: Timestamp,
    /// Not installed before.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "text::present")]
    pub install_date_time: Option<Timestamp>,
    /// PEM; at most 5500 characters.
    #[serde(borrow)]
    pub signing_certificate: Cow<'a, str>,
    /// Base64; at most 800 characters.
    #[serde(borrow)]
    pub signature: Cow<'a, str>,
}

/// SignedUpdateFirmware.conf.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SignedUpdateFirmwareResponse {
    /// The answer.
    pub status: UpdateFirmwareStatus,
}
