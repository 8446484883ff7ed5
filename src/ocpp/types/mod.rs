//! Enumerations and small shared types of OCPP 1.6 (§7), spelled as on the wire.

use std::borrow::Cow;
use std::fmt;

use serde::de::{self, Deserialize, Deserializer, Visitor};
use serde::{Serialize, Serializer};

use super::text;
pub use super::timestamp::Timestamp;
pub use management::*;
pub use security::*;

macro_rules! wire_enum {
    ($(#[$doc:meta])* $name:ident { $($(#[$attr:meta])* $variant:ident = $text:literal,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name {
            $($(#[$attr])* #[doc = concat!("`", $text, "`")] $variant,)*
        }

        impl $name {
            /// Every value.
            pub const ALL: &[$name] = &[$($name::$variant),*];
            /// The wire texts, in the order of [`Self::ALL`].
            pub const NAMES: &[&str] = &[$($text),*];

            /// The value as written on the wire.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self {
                    $($name::$variant => $text,)*
                }
            }

            /// The value of exactly this text.
            #[must_use]
            pub fn from_wire(text: &str) -> Option<$name> {
                match text {
                    $($text => Some($name::$variant),)*
                    _ => None,
                }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, sink: S) -> Result<S::Ok, S::Error> {
                sink.serialize_str(self.as_str())
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(source: D) -> Result<$name, D::Error> {
                struct Text;
                impl Visitor<'_> for Text {
                    type Value = $name;
                    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                        f.write_str(concat!("a value of ", stringify!($name)))
                    }
                    fn visit_str<E: de::Error>(self, text: &str) -> Result<$name, E> {
                        $name::from_wire(text)
                            .ok_or_else(|| E::invalid_value(de::Unexpected::Str(text), &self))
                    }
                }
                source.deserialize_str(Text)
            }
        }
    };
}

mod management;
mod security;

wire_enum! {
    /// State of a connector; connector 0 is only Available, Unavailable or Faulted.
    ChargePointStatus {
        Available = "Available",
        Preparing = "Preparing",
        Charging = "Charging",
        SuspendedEvse = "SuspendedEVSE",
        SuspendedEv = "SuspendedEV",
        Finishing = "Finishing",
        Reserved = "Reserved",
        Unavailable = "Unavailable",
        Faulted = "Faulted",
    }
}

wire_enum! {
    /// Error a StatusNotification reports.
    ChargePointErrorCode {
        ConnectorLockFailure = "ConnectorLockFailure",
        EvCommunicationError = "EVCommunicationError",
        GroundFailure = "GroundFailure",
        HighTemperature = "HighTemperature",
        InternalError = "InternalError",
        LocalListConflict = "LocalListConflict",
        NoError = "NoError",
        OtherError = "OtherError",
        OverCurrentFailure = "OverCurrentFailure",
        PowerMeterFailure = "PowerMeterFailure",
        PowerSwitchFailure = "PowerSwitchFailure",
        ReaderFailure = "ReaderFailure",
        ResetFailure = "ResetFailure",
        UnderVoltage = "UnderVoltage",
        OverVoltage = "OverVoltage",
        WeakSignal = "WeakSignal",
    }
}

wire_enum! {
    /// Why a transaction ended; `Local` when absent.
    StopReason {
        EmergencyStop = "EmergencyStop",
        EvDisconnected = "EVDisconnected",
        HardReset = "HardReset",
        Local = "Local",
        Other = "Other",
        PowerLoss = "PowerLoss",
        Reboot = "Reboot",
        Remote = "Remote",
        SoftReset = "SoftReset",
        UnlockCommand = "UnlockCommand",
        DeAuthorized = "DeAuthorized",
    }
}

wire_enum! {
    /// Verdict on an idTag.
    AuthorizationStatus {
        Accepted = "Accepted",
        Blocked = "Blocked",
        Expired = "Expired",
        Invalid = "Invalid",
        ConcurrentTx = "ConcurrentTx",
    }
}

wire_enum! {
    /// Answer to a BootNotification.
    RegistrationStatus {
        Accepted = "Accepted",
        Pending = "Pending",
        Rejected = "Rejected",
    }
}

wire_enum! {
    /// What a sampled value measures; `Energy.Active.Import.Register` when absent.
    Measurand {
        EnergyActiveExportRegister = "Energy.Active.Export.Register",
        EnergyActiveImportRegister = "Energy.Active.Import.Register",
        EnergyReactiveExportRegister = "Energy.Reactive.Export.Register",
        EnergyReactiveImportRegister = "Energy.Reactive.Import.Register",
        EnergyActiveExportInterval = "Energy.Active.Export.Interval",
        EnergyActiveImportInterval = "Energy.Active.Import.Interval",
        EnergyReactiveExportInterval = "Energy.Reactive.Export.Interval",
        EnergyReactiveImportInterval = "Energy.Reactive.Import.Interval",
        PowerActiveExport = "Power.Active.Export",
        PowerActiveImport = "Power.Active.Import",
        PowerOffered = "Power.Offered",
        PowerReactiveExport = "Power.Reactive.Export",
        PowerReactiveImport = "Power.Reactive.Import",
        PowerFactor = "Power.Factor",
        CurrentImport = "Current.Import",
        CurrentExport = "Current.Export",
        CurrentOffered = "Current.Offered",
        Voltage = "Voltage",
        Frequency = "Frequency",
        Temperature = "Temperature",
        SoC = "SoC",
        Rpm = "RPM",
    }
}

wire_enum! {
    /// Why a value was sampled; `Sample.Periodic` when absent.
    ReadingContext {
        InterruptionBegin = "Interruption.Begin",
        InterruptionEnd = "Interruption.End",
        Other = "Other",
        SampleClock = "Sample.Clock",
        SamplePeriodic = "Sample.Periodic",
        TransactionBegin = "Transaction.Begin",
        TransactionEnd = "Transaction.End",
        Trigger = "Trigger",
    }
}

wire_enum! {
    /// Conductors a value belongs to; absent: the overall value.
    Phase {
        L1 = "L1",
        L2 = "L2",
        L3 = "L3",
        N = "N",
        L1N = "L1-N",
        L2N = "L2-N",
        L3N = "L3-N",
        L1L2 = "L1-L2",
        L2L3 = "L2-L3",
        L3L1 = "L3-L1",
    }
}

wire_enum! {
    /// Where a value was measured; `Outlet` when absent.
    Location {
        Body = "Body",
        Cable = "Cable",
        Ev = "EV",
        Inlet = "Inlet",
        Outlet = "Outlet",
    }
}

wire_enum! {
    /// Unit of a sampled value; `Wh` when absent and the measurand is an energy.
    /// `Celcius` is the misspelling of the first schemas, which has to be accepted (errata OCPP-J 2.1);
    /// `Hertz` has no place in the specification and is only read.
    UnitOfMeasure {
        Wh = "Wh",
        KWh = "kWh",
        Varh = "varh",
        Kvarh = "kvarh",
        W = "W",
        KW = "kW",
        VA = "VA",
        KVA = "kVA",
        Var = "var",
        Kvar = "kvar",
        A = "A",
        V = "V",
        K = "K",
        Celcius = "Celcius",
        Celsius = "Celsius",
        Fahrenheit = "Fahrenheit",
        Percent = "Percent",
        Hertz = "Hertz",
    }
}

wire_enum! {
    /// Form of a sampled value; `Raw` when absent.
    ValueFormat {
        Raw = "Raw",
        SignedData = "SignedData",
    }
}

wire_enum! {
    /// Availability a ChangeAvailability asks for.
    AvailabilityType {
        Inoperative = "Inoperative",
        Operative = "Operative",
    }
}

wire_enum! {
    /// Answer to ChangeAvailability; `Scheduled` while a transaction runs.
    AvailabilityStatus {
        Accepted = "Accepted",
        Rejected = "Rejected",
        Scheduled = "Scheduled",
    }
}

wire_enum! {
    /// Answer to ChangeConfiguration.
    ConfigurationStatus {
        Accepted = "Accepted",
        Rejected = "Rejected",
        RebootRequired = "RebootRequired",
        NotSupported = "NotSupported",
    }
}

wire_enum! {
    /// Answer to ClearCache.
    ClearCacheStatus {
        Accepted = "Accepted",
        Rejected = "Rejected",
    }
}

wire_enum! {
    /// Answer to ClearChargingProfile; `Unknown`: nothing matched.
    ClearChargingProfileStatus {
        Accepted = "Accepted",
        Unknown = "Unknown",
    }
}

wire_enum! {
    /// Answer to SetChargingProfile.
    ChargingProfileStatus {
        Accepted = "Accepted",
        Rejected = "Rejected",
        NotSupported = "NotSupported",
    }
}

wire_enum! {
    /// Answer to DataTransfer.
    DataTransferStatus {
        Accepted = "Accepted",
        Rejected = "Rejected",
        UnknownMessageId = "UnknownMessageId",
        UnknownVendorId = "UnknownVendorId",
    }
}

wire_enum! {
    /// Answer to GetCompositeSchedule.
    GetCompositeScheduleStatus {
        Accepted = "Accepted",
        Rejected = "Rejected",
    }
}

wire_enum! {
    /// Message a TriggerMessage asks for.
    MessageTrigger {
        BootNotification = "BootNotification",
        DiagnosticsStatusNotification = "DiagnosticsStatusNotification",
        FirmwareStatusNotification = "FirmwareStatusNotification",
        Heartbeat = "Heartbeat",
        MeterValues = "MeterValues",
        StatusNotification = "StatusNotification",
    }
}

wire_enum! {
    /// Answer to TriggerMessage.
    TriggerMessageStatus {
        Accepted = "Accepted",
        Rejected = "Rejected",
        NotImplemented = "NotImplemented",
    }
}

wire_enum! {
    /// Answer to RemoteStartTransaction and RemoteStopTransaction.
    RemoteStartStopStatus {
        Accepted = "Accepted",
        Rejected = "Rejected",
    }
}

wire_enum! {
    /// Kind of reset.
    ResetType {
        Hard = "Hard",
        Soft = "Soft",
    }
}

wire_enum! {
    /// Answer to Reset.
    ResetStatus {
        Accepted = "Accepted",
        Rejected = "Rejected",
    }
}

wire_enum! {
    /// Answer to UnlockConnector.
    UnlockStatus {
        Unlocked = "Unlocked",
        UnlockFailed = "UnlockFailed",
        NotSupported = "NotSupported",
    }
}

/// What the central system says about an idTag.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, serde::Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct IdTagInfo<'a> {
    /// The verdict.
    pub status: AuthorizationStatus,
    /// When the verdict expires; for ever when absent.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "text::present")]
    pub expiry_date: Option<Timestamp>,
    /// Group of the idTag, at most 20 characters.
    #[serde(
        borrow,
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "text::optional"
    )]
    pub parent_id_tag: Option<Cow<'a, str>>,
}

impl IdTagInfo<'_> {
    /// A bare verdict.
    #[must_use]
    pub const fn status(status: AuthorizationStatus) -> IdTagInfo<'static> {
        IdTagInfo { status, expiry_date: None, parent_id_tag: None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tricky_spellings_are_the_ones_of_the_specification() {
        for (ours, wire) in [
            (ChargePointStatus::SuspendedEvse.as_str(), "SuspendedEVSE"),
            (ChargePointStatus::SuspendedEv.as_str(), "SuspendedEV"),
            (ChargePointErrorCode::EvCommunicationError.as_str(), "EVCommunicationError"),
            (StopReason::DeAuthorized.as_str(), "DeAuthorized"),
            (AuthorizationStatus::ConcurrentTx.as_str(), "ConcurrentTx"),
            (Measurand::EnergyActiveImportRegister.as_str(), "Energy.Active.Import.Register"),
            (Measurand::SoC.as_str(), "SoC"),
            (ReadingContext::InterruptionBegin.as_str(), "Interruption.Begin"),
            (Phase::L3L1.as_str(), "L3-L1"),
            (UnitOfMeasure::Kvarh.as_str(), "kvarh"),
            (UnitOfMeasure::Celcius.as_str(), "Celcius"),
            (UnlockStatus::UnlockFailed.as_str(), "UnlockFailed"),
        ] {
            assert_eq!(ours, wire);
        }
        assert_eq!(Measurand::ALL.len(), 22);
        assert_eq!(StopReason::ALL.len(), 11);
        assert_eq!(ChargePointErrorCode::ALL.len(), 16);
    }

    #[test]
    fn every_value_reads_back_and_only_exactly() {
        for &unit in UnitOfMeasure::ALL {
            assert_eq!(UnitOfMeasure::from_wire(unit.as_str()), Some(unit));
            let json = serde_json::to_string(&unit).unwrap();
            assert_eq!(serde_json::from_str::<UnitOfMeasure>(&json).unwrap(), unit);
        }
        assert!(serde_json::from_str::<UnitOfMeasure>("\"KWH\"").is_err());
    }
}
