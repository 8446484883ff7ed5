//! CALLs of the SmartCharging profile.

use crate::charger::point::ChargePoint;
use crate::charger::serve::{Answer, fault, json};
use crate::ocpp::error::ErrorCode;
use crate::ocpp::messages::{
    ChargingSchedule, ChargingSchedulePeriod, ClearChargingProfileRequest,
    ClearChargingProfileResponse, GetCompositeScheduleRequest, GetCompositeScheduleResponse,
    SetChargingProfileRequest, SetChargingProfileResponse,
};
use crate::ocpp::profile::{ClearFilter, Maximum, Query, RateUnit, Refusal, SetOutcome, Tenths};
use crate::ocpp::schema::Fault;
use crate::ocpp::timestamp::Timestamp;
use crate::ocpp::types::{
    ChargingProfileStatus, ClearChargingProfileStatus, GetCompositeScheduleStatus,
};
use crate::time::Time;

/// A composite schedule is made for a week at most, and answered with the duration it has.
const COMPOSITE_MAX_S: i64 = 604_800;

/// The CALLERROR a refused profile earns.
pub(super) fn refusal(why: Refusal) -> Fault {
    match why {
        Refusal::NotSupported => fault(ErrorCode::NotSupported, "smart charging"),
        Refusal::PropertyConstraintViolation => {
            fault(ErrorCode::PropertyConstraintViolation, "connector or value out of range")
        }
        Refusal::OccurenceConstraintViolation => {
            fault(ErrorCode::OccurenceConstraintViolation, "chargingSchedulePeriod")
        }
    }
}

impl ChargePoint {
    /// §5.16.
    pub(super) fn set_profile(&mut self, now: Time, request: &SetChargingProfileRequest) -> Answer {
        let profile = (&request.cs_charging_profiles).into();
        let at = self.clock(now);
        let outcome = self.store.set(request.connector_id, profile, &self.transactions, at);
        match outcome {
            SetOutcome::Accepted => self.counters.profiles_accepted += 1,
            _ => self.counters.profiles_refused += 1,
        }
        let status = match outcome {
            SetOutcome::Accepted => {
                self.profiles_changed(now);
                ChargingProfileStatus::Accepted
            }
            SetOutcome::Rejected => ChargingProfileStatus::Rejected,
            SetOutcome::NotSupported => ChargingProfileStatus::NotSupported,
            SetOutcome::Error(why) => return Err(refusal(why)),
        };
        Ok(json(&SetChargingProfileResponse { status }))
    }

    /// §5.5.
    pub(super) fn clear_profiles(
        &mut self,
        now: Time,
        request: &ClearChargingProfileRequest,
    ) -> Answer {
        let filter = ClearFilter {
            id: request.id,
            connector: request.connector_id,
            purpose: request.charging_profile_purpose,
            stack_level: request.stack_level,
        };
        let status = if self.store.clear(&filter) {
            self.profiles_changed(now);
            ClearChargingProfileStatus::Accepted
        } else {
            ClearChargingProfileStatus::Unknown
        };
        Ok(json(&ClearChargingProfileResponse { status }))
    }

    /// The pilot follows after the station's own delay.
    fn profiles_changed(&mut self, now: Time) {
        self.apply_at = self.apply_at.min(now + self.spec.apply_delay);
    }

    /// §5.7. Limits are rounded down to a tenth of the unit; the hardware maximum stands where no
    /// profile limits. Without a unit the answer is in the first the station allows.
    pub(super) fn composite_schedule(
        &self,
        now: Time,
        request: &GetCompositeScheduleRequest,
    ) -> Answer {
        let connector = request.connector_id;
        if connector > self.spec.connectors || request.duration < 0 {
            let status = GetCompositeScheduleStatus::Rejected;
            return Ok(json(&GetCompositeScheduleResponse {
                status,
                connector_id: None,
                schedule_start: None,
                charging_schedule: None,
            }));
        }
        let own = if self.spec.allows_amps { RateUnit::A } else { RateUnit::W };
        let unit = request.charging_rate_unit.unwrap_or(own);
        let duration_s = request.duration.clamp(0, COMPOSITE_MAX_S);
        let periods = self.composite().schedule(&Query {
            connector,
            from: self.clock(now),
            duration_s,
            unit,
            maximum: self.maximum(unit),
        });
        let periods: Vec<_> = periods
            .iter()
            .map(|period| ChargingSchedulePeriod {
                start_period: period.start_s,
                limit: period.limit.floor(),
                number_phases: period.phases,
            })
            .collect();
        let schedule = ChargingSchedule {
            duration: Some(duration_s),
            start_schedule: None,
            charging_rate_unit: unit,
            charging_schedule_period: periods,
            min_charging_rate: None,
        };
        let empty = schedule.charging_schedule_period.is_empty();
        Ok(json(&GetCompositeScheduleResponse {
            status: GetCompositeScheduleStatus::Accepted,
            connector_id: Some(connector),
            schedule_start: Some(Timestamp(self.clock(now))),
            charging_schedule: (!empty).then_some(schedule),
        }))
    }

    fn maximum(&self, unit: RateUnit) -> Maximum {
        let connector = match unit {
            RateUnit::A => self.spec.max_current.0,
            RateUnit::W => self.spec.max_power.0 * 10,
        };
        let station = connector * i64::from(self.spec.connectors);
        Maximum { connector: Tenths(connector), station: Tenths(station) }
    }
}
