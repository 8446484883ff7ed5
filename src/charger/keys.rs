//! Configuration keys (OCPP 1.6 §9): their values, access and checks.
//!
//! Keys whose behaviour the simulated station has fixed are read-only and tell the truth about
//! it; a writable key has an effect.

use std::ops::RangeInclusive;

use crate::charger::ChargerSpec;
use crate::charger::local_list::{LIST_MAX_CARDS, SEND_MAX_CARDS};
use crate::charger::measurand::{self, Measurand};
use crate::charger::security::{CHAIN_MAX_CHARS, STORE_MAX_CERTIFICATES};
use crate::ocpp::types::ConfigurationStatus;
use crate::time::Span;

/// Longest value of a key (§7.2).
pub const VALUE_MAX_CHARS: usize = 500;
/// Most keys a GetConfiguration may ask for.
pub const GET_MAX_KEYS: usize = 50;
/// Most periods of one schedule.
pub const SCHEDULE_MAX_PERIODS: usize = 48;
/// Most profiles a station keeps.
pub const MAX_PROFILES: usize = 32;
/// A password: at least 16 characters, at most 20 bytes in hexadecimal.
const SECRET_CHARS: RangeInclusive<usize> = 16..=40;
/// Most energy that `MaxEnergyOnInvalidId` can grant, Wh.
const INVALID_ENERGY_MAX_WH: i64 = 1_000_000;
/// `SupportedFeatureProfiles`.
const PROFILES: &str =
    "Core,FirmwareManagement,LocalAuthListManagement,Reservation,SmartCharging,RemoteTrigger";
/// 31 days: the longest interval a key may hold.
const INTERVAL_MAX_S: i64 = 2_678_400;

/// A key the station knows; its place in the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "each is the key of this name in OCPP 1.6 §9 or the whitepaper")]
pub enum KeyId {
    AdditionalRootCertificateCheck,
    AllowOfflineTxForUnknownId,
    AuthorizationCacheEnabled,
    AuthorizationKey,
    AuthorizeRemoteTxRequests,
    CertificateSignedMaxChainSize,
    CertificateStoreMaxLength,
    ChargeProfileMaxStackLevel,
    ChargingScheduleAllowedChargingRateUnit,
    ChargingScheduleMaxPeriods,
    ClockAlignedDataInterval,
    ConnectionTimeOut,
    ConnectorPhaseRotation,
    ConnectorSwitch3to1PhaseSupported,
    CpoName,
    GetConfigurationMaxKeys,
    HeartbeatInterval,
    LocalAuthListEnabled,
    LocalAuthListMaxLength,
    LocalAuthorizeOffline,
    LocalPreAuthorize,
    MaxChargingProfilesInstalled,
    MaxEnergyOnInvalidId,
    MessageTimeout,
    MeterValueSampleInterval,
    MeterValuesAlignedData,
    MeterValuesSampledData,
    NumberOfConnectors,
    ReserveConnectorZeroSupported,
    ResetRetries,
    SecurityProfile,
    SendLocalListMaxLength,
    StopTransactionOnEVSideDisconnect,
    StopTransactionOnInvalidId,
    StopTxnAlignedData,
    StopTxnSampledData,
    SupportedFeatureProfiles,
    TransactionMessageAttempts,
    TransactionMessageRetryInterval,
    UnlockConnectorOnEVSideDisconnect,
    WebSocketPingInterval,
}

/// Who may change a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// The station decides.
    ReadOnly,
    /// ChangeConfiguration acts at once.
    ReadWrite,
    /// As `ReadWrite`, and the value is a secret.
    WriteOnly,
    /// ChangeConfiguration acts after the next reboot.
    AfterReboot,
}

/// A value with its range.
#[derive(Clone, Debug, PartialEq)]
enum Value {
    Bool(bool),
    Int {
        value: i64,
        min: i64,
        max: i64,
    },
    Measurands(Vec<Measurand>),
    Text(String),
    /// A password.
    Secret(String),
}

#[derive(Clone, Debug)]
struct Key {
    id: KeyId,
    name: &'static str,
    access: Access,
    value: Value,
    after_reboot: Option<String>,
}

/// All keys of one station.
#[derive(Clone, Debug)]
pub struct Keys {
    keys: Vec<Key>,
    routine: Routine,
}

/// What every sample of a station asks for, kept beside the table: looking it up there would touch
/// memory all over the table once a minute, when it has long left the cache.
#[derive(Clone, Copy, Debug)]
struct Routine {
    message_timeout: Span,
    sample_interval: Span,
    sampled: [Measurand; measurand::SUPPORTED.len()],
    sampled_count: usize,
}

impl Keys {
    /// The keys of a station as it leaves the factory.
    #[must_use]
    pub fn new(spec: &ChargerSpec) -> Keys {
        let mut keys = core_keys(spec);
        keys.extend(smart_charging_keys(spec));
        keys.extend(authorization_keys());
        keys.extend(security_keys());
        keys.sort_by_key(|key| key.id as usize);
        debug_assert!(keys.iter().enumerate().all(|(place, key)| key.id as usize == place));
        let routine = Routine::read(&keys);
        Keys { keys, routine }
    }

    /// Sets a key by its wire name; names compare without case (CiString, §7.1).
    pub fn change(&mut self, name: &str, text: &str) -> ConfigurationStatus {
        let Some(key) = self.keys.iter_mut().find(|key| key.name.eq_ignore_ascii_case(name)) else {
            return ConfigurationStatus::NotSupported;
        };
        let parsed = parse(&key.value, text);
        match (key.access, parsed) {
            (Access::ReadOnly, _) | (_, None) => ConfigurationStatus::Rejected,
            (Access::ReadWrite | Access::WriteOnly, Some(value)) => {
                key.value = value;
                self.routine = Routine::read(&self.keys);
                ConfigurationStatus::Accepted
            }
            (Access::AfterReboot, Some(_)) => {
                key.after_reboot = Some(text.to_owned());
                ConfigurationStatus::RebootRequired
            }
        }
    }

    /// What waited for a reboot comes into force.
    pub fn reboot(&mut self) {
        for key in &mut self.keys {
            if let Some(value) = key.after_reboot.take().and_then(|t| parse(&key.value, &t)) {
                key.value = value;
            }
        }
        self.routine = Routine::read(&self.keys);
    }

    /// Every key in alphabetical order: wire name, access, value as text; a secret shows none.
    pub fn list(&self) -> impl Iterator<Item = (&'static str, Access, Option<String>)> + '_ {
        self.keys.iter().map(|key| (key.name, key.access, print(&key.value)))
    }

    /// One key by its wire name, without case; see [`Keys::list`].
    #[must_use]
    pub fn find(&self, name: &str) -> Option<(&'static str, Access, Option<String>)> {
        let key = self.keys.iter().find(|key| key.name.eq_ignore_ascii_case(name))?;
        Some((key.name, key.access, print(&key.value)))
    }

    /// Whether this is the key's name on the wire.
    #[must_use]
    pub fn is(&self, id: KeyId, name: &str) -> bool {
        self.keys[id as usize].name.eq_ignore_ascii_case(name)
    }

    /// A key that is a text or a secret; empty when it is of another type.
    #[must_use]
    pub fn text(&self, id: KeyId) -> &str {
        match &self.keys[id as usize].value {
            Value::Text(text) | Value::Secret(text) => text,
            _ => "",
        }
    }

    /// A key that is true or false; false when it is of another type.
    #[must_use]
    pub fn flag(&self, id: KeyId) -> bool {
        matches!(self.keys[id as usize].value, Value::Bool(true))
    }

    /// A key that is a number; 0 when it is of another type.
    #[must_use]
    pub fn int(&self, id: KeyId) -> i64 {
        self.keys[id as usize].int()
    }

    /// A key that counts seconds.
    #[must_use]
    pub fn span(&self, id: KeyId) -> Span {
        Span::from_s(self.int(id))
    }

    /// A key that lists measurands; empty when it is of another type.
    #[must_use]
    pub fn measurands(&self, id: KeyId) -> &[Measurand] {
        self.keys[id as usize].measurands()
    }

    /// `MessageTimeout`.
    #[must_use]
    pub fn message_timeout(&self) -> Span {
        self.routine.message_timeout
    }

    /// `MeterValueSampleInterval`.
    #[must_use]
    pub fn sample_interval(&self) -> Span {
        self.routine.sample_interval
    }

    /// `MeterValuesSampledData`.
    #[must_use]
    pub fn sampled_data(&self) -> &[Measurand] {
        &self.routine.sampled[..self.routine.sampled_count]
    }

    /// The heartbeat interval the central system gave in BootNotification.conf, seconds; 0 leaves
    /// it as it is (§6.4: the station decides), longer than 31 days counts as 31 days.
    pub fn set_heartbeat_s(&mut self, interval_s: i64) {
        if interval_s > 0 {
            let interval_s = interval_s.min(INTERVAL_MAX_S);
            self.keys[KeyId::HeartbeatInterval as usize].value = int(interval_s, 1, INTERVAL_MAX_S);
        }
    }
}

impl Key {
    fn int(&self) -> i64 {
        match self.value {
            Value::Int { value, .. } => value,
            _ => 0,
        }
    }

    fn measurands(&self) -> &[Measurand] {
        match &self.value {
            Value::Measurands(list) => list,
            _ => &[],
        }
    }
}

impl Routine {
    fn read(keys: &[Key]) -> Routine {
        let span = |id: KeyId| Span::from_s(keys[id as usize].int());
        let list = keys[KeyId::MeterValuesSampledData as usize].measurands();
        let mut sampled = measurand::SUPPORTED;
        // No longer than the supported ones, because a list names each once.
        sampled[..list.len()].copy_from_slice(list);
        Routine {
            message_timeout: span(KeyId::MessageTimeout),
            sample_interval: span(KeyId::MeterValueSampleInterval),
            sampled,
            sampled_count: list.len(),
        }
    }
}

fn int(value: i64, min: i64, max: i64) -> Value {
    Value::Int { value, min, max }
}

fn interval(span: Span, min: i64) -> Value {
    int(span.whole_s(), min, INTERVAL_MAX_S)
}

fn text(value: &str) -> Value {
    Value::Text(value.to_owned())
}

/// Reads `input` as a value of the same type and range as `current`.
fn parse(current: &Value, input: &str) -> Option<Value> {
    if input.chars().count() > VALUE_MAX_CHARS {
        return None;
    }
    match current {
        Value::Bool(_) if input.eq_ignore_ascii_case("true") => Some(Value::Bool(true)),
        Value::Bool(_) if input.eq_ignore_ascii_case("false") => Some(Value::Bool(false)),
        Value::Bool(_) => None,
        Value::Int { min, max, .. } => {
            let value = input.trim().parse().ok()?;
            (*min..=*max).contains(&value).then(|| int(value, *min, *max))
        }
        Value::Measurands(_) => measurand::parse_list(input).map(Value::Measurands),
        Value::Text(_) => Some(text(input)),
        Value::Secret(_) => {
            let printable = input.bytes().all(|byte| byte.is_ascii_graphic());
            let fits = SECRET_CHARS.contains(&input.len()) && printable;
            fits.then(|| Value::Secret(input.to_owned()))
        }
    }
}

fn print(value: &Value) -> Option<String> {
    Some(match value {
        Value::Bool(value) => value.to_string(),
        Value::Int { value, .. } => value.to_string(),
        Value::Measurands(list) => measurand::join(list),
        Value::Text(value) => value.clone(),
        Value::Secret(_) => return None,
    })
}

macro_rules! keys {
    ($($id:ident $access:ident $value:expr;)*) => {
        vec![$(Key {
            id: KeyId::$id,
            name: stringify!($id),
            access: Access::$access,
            value: $value,
            after_reboot: None,
        }),*]
    };
}

fn core_keys(spec: &ChargerSpec) -> Vec<Key> {
    let sampled = measurand::defaults(spec.kind);
    keys! {
        ClockAlignedDataInterval ReadWrite interval(spec.clock_aligned_interval, 0);
        ConnectionTimeOut ReadWrite int(60, 1, INTERVAL_MAX_S);
        ConnectorPhaseRotation AfterReboot text("NotApplicable");
        GetConfigurationMaxKeys ReadOnly int(GET_MAX_KEYS as i64, 0, i64::MAX);
        HeartbeatInterval ReadWrite int(300, 1, INTERVAL_MAX_S);
        MessageTimeout ReadWrite int(30, 1, 3600);
        MeterValueSampleInterval ReadWrite interval(spec.meter_interval, 0);
        MeterValuesAlignedData ReadWrite Value::Measurands(sampled.clone());
        MeterValuesSampledData ReadWrite Value::Measurands(sampled);
        NumberOfConnectors ReadOnly int(i64::from(spec.connectors), 1, i64::MAX);
        ResetRetries ReadOnly int(0, 0, 0);
        StopTransactionOnEVSideDisconnect ReadOnly Value::Bool(true);
        StopTxnAlignedData ReadOnly Value::Measurands(Vec::new());
        StopTxnSampledData ReadWrite Value::Measurands(Vec::new());
        SupportedFeatureProfiles ReadOnly text(PROFILES);
        TransactionMessageAttempts ReadWrite int(3, 1, 1000);
        TransactionMessageRetryInterval ReadWrite int(60, 0, 86_400);
        UnlockConnectorOnEVSideDisconnect ReadOnly Value::Bool(true);
        WebSocketPingInterval ReadOnly int(0, 0, 0);
    }
}

/// Who may charge, and how long.
fn authorization_keys() -> Vec<Key> {
    keys! {
        AllowOfflineTxForUnknownId ReadWrite Value::Bool(false);
        AuthorizationCacheEnabled ReadWrite Value::Bool(false);
        AuthorizeRemoteTxRequests ReadWrite Value::Bool(false);
        LocalAuthListEnabled ReadWrite Value::Bool(true);
        LocalAuthListMaxLength ReadOnly int(LIST_MAX_CARDS as i64, 0, i64::MAX);
        LocalAuthorizeOffline ReadWrite Value::Bool(true);
        LocalPreAuthorize ReadWrite Value::Bool(false);
        MaxEnergyOnInvalidId ReadWrite int(0, 0, INVALID_ENERGY_MAX_WH);
        ReserveConnectorZeroSupported ReadOnly Value::Bool(true);
        SendLocalListMaxLength ReadOnly int(SEND_MAX_CARDS as i64, 0, i64::MAX);
        StopTransactionOnInvalidId ReadWrite Value::Bool(true);
    }
}

/// Security whitepaper, edition 3.
fn security_keys() -> Vec<Key> {
    keys! {
        AdditionalRootCertificateCheck ReadOnly Value::Bool(false);
        AuthorizationKey WriteOnly Value::Secret(String::new());
        CertificateSignedMaxChainSize ReadOnly int(CHAIN_MAX_CHARS as i64, 0, i64::MAX);
        CertificateStoreMaxLength ReadOnly int(STORE_MAX_CERTIFICATES as i64, 0, i64::MAX);
        CpoName ReadWrite text("");
        SecurityProfile ReadWrite int(0, 0, 3);
    }
}

fn smart_charging_keys(spec: &ChargerSpec) -> Vec<Key> {
    let units = match (spec.allows_amps, spec.allows_watts) {
        (true, true) => "Current,Power",
        (false, true) => "Power",
        (true | false, false) => "Current",
    };
    keys! {
        ChargeProfileMaxStackLevel ReadOnly int(i64::from(spec.max_stack_level), 0, i64::MAX);
        ChargingScheduleAllowedChargingRateUnit ReadOnly text(units);
        ChargingScheduleMaxPeriods ReadOnly int(SCHEDULE_MAX_PERIODS as i64, 1, i64::MAX);
        ConnectorSwitch3to1PhaseSupported ReadOnly Value::Bool(false);
        MaxChargingProfilesInstalled ReadOnly int(MAX_PROFILES as i64, 1, i64::MAX);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::charger::tests::ac22;

    fn value(keys: &Keys, name: &str) -> String {
        keys.find(name).and_then(|(_, _, value)| value).unwrap_or_default()
    }

    #[test]
    fn the_list_is_complete_and_alphabetical() {
        let keys = Keys::new(&ac22());
        let names: Vec<_> = keys.list().map(|(name, _, _)| name).collect();
        assert_eq!(names.len(), 41);
        assert!(names.is_sorted());
        assert_eq!(value(&keys, "NumberOfConnectors"), "1");
        assert_eq!(value(&keys, "ChargingScheduleAllowedChargingRateUnit"), "Current,Power");
        assert_eq!(value(&keys, "MeterValueSampleInterval"), "60");
    }

    #[test]
    fn each_outcome_of_a_change() {
        let mut keys = Keys::new(&ac22());
        assert_eq!(keys.change("heartbeatinterval", "17"), ConfigurationStatus::Accepted);
        assert_eq!(keys.int(KeyId::HeartbeatInterval), 17);
        for bad in ["0", "-1", "abc", "", "99999999999999999999", "1.5"] {
            assert_eq!(
                keys.change("HeartbeatInterval", bad),
                ConfigurationStatus::Rejected,
                "{bad}"
            );
        }
        assert_eq!(keys.int(KeyId::HeartbeatInterval), 17, "a refused value changes nothing");
        assert_eq!(keys.change("NumberOfConnectors", "2"), ConfigurationStatus::Rejected);
        assert_eq!(keys.change("LightIntensity", "50"), ConfigurationStatus::NotSupported);
        assert_eq!(
            keys.change("StopTransactionOnInvalidId", "maybe"),
            ConfigurationStatus::Rejected
        );
        assert_eq!(
            keys.change("StopTransactionOnInvalidId", "FALSE"),
            ConfigurationStatus::Accepted
        );
        assert!(!keys.flag(KeyId::StopTransactionOnInvalidId));
    }

    #[test]
    fn a_password_is_written_and_never_read() {
        let mut keys = Keys::new(&ac22());
        let long = "x".repeat(41);
        for bad in ["", "too short", "sixteen and a \u{e4}", "with blanks inside", &long] {
            assert_eq!(
                keys.change("AuthorizationKey", bad),
                ConfigurationStatus::Rejected,
                "{bad}"
            );
        }
        assert_eq!(
            keys.change("AuthorizationKey", "0123456789abcdef"),
            ConfigurationStatus::Accepted
        );
        assert_eq!(keys.text(KeyId::AuthorizationKey), "0123456789abcdef");
        let entry = keys.find("authorizationkey");
        assert_eq!(entry, Some(("AuthorizationKey", Access::WriteOnly, None)));
    }

    #[test]
    fn some_changes_wait_for_a_reboot() {
        let mut keys = Keys::new(&ac22());
        assert_eq!(
            keys.change("ConnectorPhaseRotation", "0.RST"),
            ConfigurationStatus::RebootRequired
        );
        assert_eq!(value(&keys, "ConnectorPhaseRotation"), "NotApplicable");
        keys.reboot();
        assert_eq!(value(&keys, "ConnectorPhaseRotation"), "0.RST");
        assert_eq!(
            keys.change("ConnectorPhaseRotation", &"x".repeat(501)),
            ConfigurationStatus::Rejected
        );
    }

    #[test]
    fn an_unsupported_measurand_changes_nothing() {
        let mut keys = Keys::new(&ac22());
        let before = value(&keys, "MeterValuesSampledData");
        assert_eq!(
            keys.change("MeterValuesSampledData", "SoC,Frequency"),
            ConfigurationStatus::Rejected
        );
        assert_eq!(value(&keys, "MeterValuesSampledData"), before);
        assert_eq!(keys.change("MeterValuesSampledData", "SoC"), ConfigurationStatus::Accepted);
        assert_eq!(keys.sampled_data(), [Measurand::SoC]);
    }
}
