//! The 39 actions of OCPP 1.6: 28 of the specification and 11 of the security whitepaper.

use std::fmt;

/// Who may call an action.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Direction {
    /// The charge point calls, the central system answers.
    FromChargePoint,
    /// The central system calls, the charge point answers.
    FromCentralSystem,
    /// Either side may call (DataTransfer).
    Both,
}

/// A feature profile as `SupportedFeatureProfiles` names it (OCPP 1.6 §9.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FeatureProfile {
    /// Required of every station.
    Core,
    /// Diagnostics and firmware updates.
    FirmwareManagement,
    /// The local authorisation list.
    LocalAuthListManagement,
    /// Reservations.
    Reservation,
    /// Charging profiles.
    SmartCharging,
    /// TriggerMessage.
    RemoteTrigger,
    /// The security extension (whitepaper, edition 3); it has no name in the configuration key.
    Security,
}

impl FeatureProfile {
    /// The name used by the configuration key; stations also write it with blanks.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            FeatureProfile::Core => "Core",
            FeatureProfile::FirmwareManagement => "FirmwareManagement",
            FeatureProfile::LocalAuthListManagement => "LocalAuthListManagement",
            FeatureProfile::Reservation => "Reservation",
            FeatureProfile::SmartCharging => "SmartCharging",
            FeatureProfile::RemoteTrigger => "RemoteTrigger",
            FeatureProfile::Security => "Security",
        }
    }
}

macro_rules! actions {
    ($($name:ident, $direction:ident, $profile:ident;)*) => {
        /// An action of OCPP 1.6, named as on the wire.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Action {
            $(#[doc = concat!("`", stringify!($name), "`")] $name,)*
        }

        impl Action {
            /// All 39, by feature profile.
            pub const ALL: &[Action] = &[$(Action::$name),*];

            /// The action as written on the wire.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    $(Action::$name => stringify!($name),)*
                }
            }

            /// The action of this exact name; `None` asks for CALLERROR `NotImplemented`.
            #[must_use]
            pub fn from_name(name: &str) -> Option<Action> {
                match name {
                    $(stringify!($name) => Some(Action::$name),)*
                    _ => None,
                }
            }

            /// Who may call it.
            #[must_use]
            pub const fn direction(self) -> Direction {
                match self {
                    $(Action::$name => Direction::$direction,)*
                }
            }

            /// The feature profile it belongs to.
            #[must_use]
            pub const fn feature_profile(self) -> FeatureProfile {
                match self {
                    $(Action::$name => FeatureProfile::$profile,)*
                }
            }
        }
    };
}

actions! {
    Authorize, FromChargePoint, Core;
    BootNotification, FromChargePoint, Core;
    Heartbeat, FromChargePoint, Core;
    MeterValues, FromChargePoint, Core;
    StartTransaction, FromChargePoint, Core;
    StatusNotification, FromChargePoint, Core;
    StopTransaction, FromChargePoint, Core;
    DataTransfer, Both, Core;
    ChangeAvailability, FromCentralSystem, Core;
    ChangeConfiguration, FromCentralSystem, Core;
    ClearCache, FromCentralSystem, Core;
    GetConfiguration, FromCentralSystem, Core;
    RemoteStartTransaction, FromCentralSystem, Core;
    RemoteStopTransaction, FromCentralSystem, Core;
    Reset, FromCentralSystem, Core;
    UnlockConnector, FromCentralSystem, Core;
    DiagnosticsStatusNotification, FromChargePoint, FirmwareManagement;
    FirmwareStatusNotification, FromChargePoint, FirmwareManagement;
    GetDiagnostics, FromCentralSystem, FirmwareManagement;
    UpdateFirmware, FromCentralSystem, FirmwareManagement;
    GetLocalListVersion, FromCentralSystem, LocalAuthListManagement;
    SendLocalList, FromCentralSystem, LocalAuthListManagement;
    CancelReservation, FromCentralSystem, Reservation;
    ReserveNow, FromCentralSystem, Reservation;
    ClearChargingProfile, FromCentralSystem, SmartCharging;
    GetCompositeSchedule, FromCentralSystem, SmartCharging;
    SetChargingProfile, FromCentralSystem, SmartCharging;
    TriggerMessage, FromCentralSystem, RemoteTrigger;
    LogStatusNotification, FromChargePoint, Security;
    SecurityEventNotification, FromChargePoint, Security;
    SignCertificate, FromChargePoint, Security;
    SignedFirmwareStatusNotification, FromChargePoint, Security;
    CertificateSigned, FromCentralSystem, Security;
    DeleteCertificate, FromCentralSystem, Security;
    ExtendedTriggerMessage, FromCentralSystem, Security;
    GetInstalledCertificateIds, FromCentralSystem, Security;
    GetLog, FromCentralSystem, Security;
    InstallCertificate, FromCentralSystem, Security;
    SignedUpdateFirmware, FromCentralSystem, Security;
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count(direction: Direction, security: bool) -> usize {
        Action::ALL
            .iter()
            .filter(|action| action.direction() == direction)
            .filter(|action| (action.feature_profile() == FeatureProfile::Security) == security)
            .count()
    }

    #[test]
    fn the_specification_has_28_actions_and_the_whitepaper_adds_11() {
        assert_eq!(count(Direction::FromChargePoint, false), 9);
        assert_eq!(count(Direction::FromCentralSystem, false), 18);
        assert_eq!(count(Direction::Both, false), 1);
        assert_eq!(count(Direction::FromChargePoint, true), 4);
        assert_eq!(count(Direction::FromCentralSystem, true), 7);
    }

    #[test]
    fn names_read_back_and_only_exactly() {
        for &action in Action::ALL {
            assert_eq!(Action::from_name(action.name()), Some(action));
        }
        assert_eq!(Action::from_name("heartbeat"), None);
    }
}
