//! Fields of the security extension (whitepaper, edition 3).

use super::Kind::{Enum, List, Object, Occurred, Prose, Text, Time};
use super::{ACCEPTED_OR_REJECTED, ANY, CONNECTOR, COUNT, Field, Kind, Pair, may, must};
use crate::ocpp::types as t;

const CERTIFICATE_USE: Kind = Enum(t::CertificateUse::NAMES);

const CERTIFICATE_HASH_DATA: &[Field] = &[
    must("hashAlgorithm", Enum(t::HashAlgorithm::NAMES)),
    must("issuerNameHash", Text(128)),
    must("issuerKeyHash", Text(128)),
    must("serialNumber", Text(40)),
];

pub(super) const LOG_STATUS_NOTIFICATION: Pair =
    (&[must("status", Enum(t::UploadLogStatus::NAMES)), may("requestId", ANY)], &[]);

pub(super) const SECURITY_EVENT_NOTIFICATION: Pair =
    (&[must("type", Text(50)), must("timestamp", Occurred), may("techInfo", Prose(255))], &[]);

pub(super) const SIGN_CERTIFICATE: Pair =
    (&[must("csr", Text(5500))], &[must("status", ACCEPTED_OR_REJECTED)]);

pub(super) const SIGNED_FIRMWARE_STATUS_NOTIFICATION: Pair =
    (&[must("status", Enum(t::SignedFirmwareStatus::NAMES)), may("requestId", ANY)], &[]);

pub(super) const CERTIFICATE_SIGNED: Pair =
    (&[must("certificateChain", Text(10_000))], &[must("status", ACCEPTED_OR_REJECTED)]);

pub(super) const DELETE_CERTIFICATE: Pair = (
    &[must("certificateHashData", Object(CERTIFICATE_HASH_DATA))],
    &[must("status", Enum(t::DeleteCertificateStatus::NAMES))],
);

pub(super) const EXTENDED_TRIGGER_MESSAGE: Pair = (
    &[
        must("requestedMessage", Enum(t::ExtendedMessageTrigger::NAMES)),
        may("connectorId", CONNECTOR),
    ],
    &[must("status", Enum(t::TriggerMessageStatus::NAMES))],
);

pub(super) const GET_INSTALLED_CERTIFICATE_IDS: Pair = (
    &[must("certificateType", CERTIFICATE_USE)],
    &[
        may("certificateHashData", List(&Object(CERTIFICATE_HASH_DATA), 1)),
        must("status", Enum(t::GetInstalledCertificateStatus::NAMES)),
    ],
);

const LOG_PARAMETERS: &[Field] = &[
    must("remoteLocation", Text(512)),
    may("oldestTimestamp", Time),
    may("latestTimestamp", Time),
];

pub(super) const GET_LOG: Pair = (
    &[
        must("log", Object(LOG_PARAMETERS)),
        must("logType", Enum(t::LogType::NAMES)),
        must("requestId", ANY),
        may("retries", COUNT),
        may("retryInterval", COUNT),
    ],
    &[must("status", Enum(t::LogStatus::NAMES)), may("filename", Text(255))],
);

pub(super) const INSTALL_CERTIFICATE: Pair = (
    &[must("certificateType", CERTIFICATE_USE), must("certificate", Text(5500))],
    &[must("status", Enum(t::InstallCertificateStatus::NAMES))],
);

const FIRMWARE: &[Field] = &[
    must("location", Text(512)),
    must("retrieveDateTime", Time),
    may("installDateTime", Time),
    must("signingCertificate", Text(5500)),
    must("signature", Text(800)),
];

pub(super) const SIGNED_UPDATE_FIRMWARE: Pair = (
    &[
        may("retries", COUNT),
        may("retryInterval", COUNT),
        must("requestId", ANY),
        must("firmware", Object(FIRMWARE)),
    ],
    &[must("status", Enum(t::UpdateFirmwareStatus::NAMES))],
);
