//! CALLs of the Core profile about the station itself: keys, availability, reset.

use std::borrow::Cow;

use crate::charger::keys::{Access, GET_MAX_KEYS, KeyId};
use crate::charger::point::ChargePoint;
use crate::charger::serve::{Answer, cut, fault, json};
use crate::charger::status::Status;
use crate::ocpp::error::ErrorCode;
use crate::ocpp::messages::{
    ChangeAvailabilityRequest, ChangeAvailabilityResponse, ChangeConfigurationRequest,
    ChangeConfigurationResponse, DataTransferRequest, DataTransferResponse,
    GetConfigurationRequest, GetConfigurationResponse, KeyValue, ResetRequest, ResetResponse,
    UnlockConnectorRequest, UnlockConnectorResponse,
};
use crate::ocpp::types::{
    AvailabilityStatus, AvailabilityType, ConfigurationStatus, DataTransferStatus, ResetStatus,
    StopReason, UnlockStatus,
};
use crate::time::Time;

/// Most characters of a key's name (§7.2).
const KEY_MAX_CHARS: usize = 50;

impl ChargePoint {
    /// §5.2. Scheduled while a session is in the way, also one that only prepares: from Preparing
    /// no transition leads to Unavailable.
    pub(super) fn change_availability(
        &mut self,
        now: Time,
        request: &ChangeAvailabilityRequest,
    ) -> Answer {
        let affected = match (request.connector_id, self.index(request.connector_id)) {
            (0, _) => 0..self.connectors.len(),
            (_, Some(c)) => c..c + 1,
            (_, None) => return Err(fault(ErrorCode::PropertyConstraintViolation, "connectorId")),
        };
        let mut scheduled = false;
        match request.kind {
            AvailabilityType::Operative => {
                self.station_operative |= request.connector_id == 0;
                for c in affected {
                    self.make_operative(now, c);
                }
                if self.station_operative {
                    self.set_station_status(now, Status::Available);
                }
            }
            AvailabilityType::Inoperative => {
                self.station_operative &= request.connector_id != 0;
                for c in affected.clone() {
                    self.connectors[c].closing = self.connectors[c].operative;
                }
                for c in affected {
                    self.settle_availability(now, c);
                    scheduled |= self.connectors[c].closing;
                }
            }
        }
        let status = match scheduled {
            true => AvailabilityStatus::Scheduled,
            false => AvailabilityStatus::Accepted,
        };
        Ok(json(&ChangeAvailabilityResponse { status }))
    }

    fn make_operative(&mut self, now: Time, c: usize) {
        let connector = &mut self.connectors[c];
        connector.closing = false;
        if !connector.operative {
            connector.operative = true;
            let next = connector.unused_status();
            if !self.is_withheld() {
                self.set_status(now, c, next);
            }
        }
    }

    /// §5.3.
    pub(super) fn change_configuration(
        &mut self,
        now: Time,
        request: &ChangeConfigurationRequest<'_>,
    ) -> Answer {
        let heartbeat = self.keys.span(KeyId::HeartbeatInterval);
        let profile = self.keys.is(KeyId::SecurityProfile, &request.key);
        let status = match profile && self.refuses_profile(&request.value) {
            true => ConfigurationStatus::Rejected,
            false => self.keys.change(&request.key, &request.value),
        };
        if status == ConfigurationStatus::Accepted {
            if self.keys.span(KeyId::HeartbeatInterval) != heartbeat {
                self.heartbeat_at = now + self.keys.span(KeyId::HeartbeatInterval);
            }
            self.reschedule_samples(now);
            self.schedule_clock_sample(now);
            self.note_reconfiguration(now, &request.key);
        }
        Ok(json(&ChangeConfigurationResponse { status }))
    }

    /// §5.8. Without a list of keys: all.
    pub(super) fn get_configuration(&self, request: &GetConfigurationRequest<'_>) -> Answer {
        let wanted = request.key.as_deref().unwrap_or_default();
        if wanted.len() > GET_MAX_KEYS {
            return Err(fault(ErrorCode::OccurenceConstraintViolation, "GetConfigurationMaxKeys"));
        }
        let entry = |(name, access, value): (&'static str, Access, Option<String>)| KeyValue {
            key: name.into(),
            readonly: access == Access::ReadOnly,
            value: value.map(Into::into),
        };
        let known: Vec<KeyValue<'_>> = if wanted.is_empty() {
            self.keys.list().map(entry).collect()
        } else {
            wanted.iter().filter_map(|name| self.keys.find(name)).map(entry).collect()
        };
        let unknown: Vec<Cow<'_, str>> = wanted
            .iter()
            .filter(|name| self.keys.find(name).is_none())
            .map(|name| cut(name, KEY_MAX_CHARS).into())
            .collect();
        Ok(json(&GetConfigurationResponse {
            configuration_key: (!known.is_empty()).then_some(known),
            unknown_key: (!unknown.is_empty()).then_some(unknown),
        }))
    }

    /// §5.6: no vendor extension is known.
    pub(super) fn data_transfer(&self, _request: &DataTransferRequest<'_>) -> Answer {
        let status = DataTransferStatus::UnknownVendorId;
        Ok(json(&DataTransferResponse { status, data: None }))
    }

    /// §5.14.
    pub(super) fn serve_reset(&mut self, now: Time, request: &ResetRequest) -> Answer {
        self.reset(now, request.kind);
        Ok(json(&ResetResponse { status: ResetStatus::Accepted }))
    }

    /// §5.18: ends the session and lets go of the cable, whether a car is there or not.
    pub(super) fn unlock(&mut self, now: Time, request: &UnlockConnectorRequest) -> Answer {
        let status = match self.index(request.connector_id) {
            Some(c) => {
                self.end_session(now, c, StopReason::UnlockCommand);
                UnlockStatus::Unlocked
            }
            None => UnlockStatus::NotSupported,
        };
        Ok(json(&UnlockConnectorResponse { status }))
    }
}
