//! The SmartCharging profile: set, clear and ask for charging schedules.

use serde::{Deserialize, Serialize};

use super::charging_profile::{ChargingProfile, ChargingSchedule};
use crate::ocpp::profile::{Purpose, RateUnit};
use crate::ocpp::text;
use crate::ocpp::types::{
    ChargingProfileStatus, ClearChargingProfileStatus, GetCompositeScheduleStatus, Timestamp,
};

/// SetChargingProfile.req (OCPP 1.6 §6.43).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SetChargingProfileRequest {
    /// Connector, 0 for the station as a whole.
    pub connector_id: u32,
    /// The profile to install.
    #[serde(deserialize_with = "text::object")]
    pub cs_charging_profiles: ChargingProfile,
}

/// SetChargingProfile.conf (OCPP 1.6 §6.44).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SetChargingProfileResponse {
    /// The answer.
    pub status: ChargingProfileStatus,
}

/// ClearChargingProfile.req (OCPP 1.6 §6.13): with an id only that profile, else all that match
/// every given field.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ClearChargingProfileRequest {
    /// `chargingProfileId`.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "text::present")]
    pub id: Option<i32>,
    /// Profiles installed on this connector; 0 for the station.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "text::present")]
    pub connector_id: Option<u32>,
    /// Profiles of this purpose.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "text::present")]
    pub charging_profile_purpose: Option<Purpose>,
    /// Profiles of this stack level.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "text::present")]
    pub stack_level: Option<i32>,
}

/// ClearChargingProfile.conf (OCPP 1.6 §6.14).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ClearChargingProfileResponse {
    /// The answer.
    pub status: ClearChargingProfileStatus,
}

/// GetCompositeSchedule.req (OCPP 1.6 §6.21).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct GetCompositeScheduleRequest {
    /// Connector, 0 for the total the station takes from the grid.
    pub connector_id: u32,
    /// Seconds from now.
    pub duration: i64,
    /// Unit of the answer.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "text::present")]
    pub charging_rate_unit: Option<RateUnit>,
}

/// GetCompositeSchedule.conf (OCPP 1.6 §6.22).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct GetCompositeScheduleResponse {
    /// The answer; the rest is absent when rejected.
    pub status: GetCompositeScheduleStatus,
    /// Connector the schedule is for.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "text::present")]
    pub connector_id: Option<u32>,
    /// Base of the periods.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "text::present")]
    pub schedule_start: Option<Timestamp>,
    /// Planned limits; without `start_schedule` (errata 3.57).
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "text::optional_object"
    )]
    pub charging_schedule: Option<ChargingSchedule>,
}
