//! Enumerations of the FirmwareManagement, LocalAuthListManagement and Reservation profiles.

use std::fmt;

use serde::de::{self, Deserialize, Deserializer, Visitor};
use serde::{Serialize, Serializer};

wire_enum! {
    /// How a diagnostics upload stands; `Idle` only in answer to a trigger.
    DiagnosticsStatus {
        Idle = "Idle",
        Uploaded = "Uploaded",
        UploadFailed = "UploadFailed",
        Uploading = "Uploading",
    }
}

wire_enum! {
    /// How a firmware update stands; `Idle` only in answer to a trigger.
    FirmwareStatus {
        Downloaded = "Downloaded",
        DownloadFailed = "DownloadFailed",
        Downloading = "Downloading",
        Idle = "Idle",
        InstallationFailed = "InstallationFailed",
        Installing = "Installing",
        Installed = "Installed",
    }
}

wire_enum! {
    /// Whether a local list is sent whole or as changes.
    UpdateType {
        Differential = "Differential",
        Full = "Full",
    }
}

wire_enum! {
    /// Answer to SendLocalList.
    UpdateStatus {
        Accepted = "Accepted",
        Failed = "Failed",
        NotSupported = "NotSupported",
        VersionMismatch = "VersionMismatch",
    }
}

wire_enum! {
    /// Answer to ReserveNow.
    ReservationStatus {
        Accepted = "Accepted",
        Faulted = "Faulted",
        Occupied = "Occupied",
        Rejected = "Rejected",
        Unavailable = "Unavailable",
    }
}

wire_enum! {
    /// Answer to CancelReservation; `Rejected`: no such reservation.
    CancelReservationStatus {
        Accepted = "Accepted",
        Rejected = "Rejected",
    }
}
