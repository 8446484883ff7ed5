//! Limits as charging profiles, in the manner that a charge point takes.

use crate::charger::CurrentKind;
use crate::csms::config::Setpoint;
use crate::csms::lease::Term;
use crate::csms::manner::{Manner, Scope};
use crate::csms::point::Point;
use crate::ocpp::profile::{Kind, Period, Profile, Purpose, RateUnit, Schedule, Tenths};
use crate::time::{Span, Time};
use crate::units::Watts;

/// Profile ids: one for the default limit, then one per connector and purpose, so that each
/// replaces itself and nothing else.
const DEFAULT_PROFILE_ID: i32 = 1;
const STATION_PROFILE_ID: i32 = 2;
const TX_PROFILE_ID: i32 = 100;
const CONNECTOR_PROFILE_ID: i32 = 200;
/// Absolute schedules begin a little in the past, so that a clock behind ours has begun them too.
const SCHEDULE_LEAD: Span = Span::from_s(60);

/// The `chargingProfileId` of a session's limit on a connector (index).
pub(super) fn session_profile_id(connector: usize, scope: Scope) -> i32 {
    let number = connector as i32 + 1;
    match scope {
        Scope::Transaction => TX_PROFILE_ID + number,
        Scope::Connector => CONNECTOR_PROFILE_ID + number,
        Scope::Station => STATION_PROFILE_ID,
    }
}

impl Point {
    /// The limit of a session, and the connector id that it is sent to.
    pub(super) fn session_profile(
        &self,
        (index, manner, term): (usize, Manner, Option<Term>),
        transaction_id: i64,
        limit: Setpoint,
        now: Time,
    ) -> (u32, Profile) {
        let scope = manner.scope;
        let mut profile = Profile {
            id: session_profile_id(index, scope),
            transaction_id: (scope == Scope::Transaction).then_some(transaction_id),
            stack_level: manner.stack_level(self.capabilities.max_stack_level),
            purpose: scope.purpose(),
            ..self.profile(manner, limit, now)
        };
        if let (Some(term), Some(start)) = (term, profile.schedule.start) {
            profile.schedule.duration_s = Some(term.duration_s(start));
        }
        (if scope == Scope::Station { 0 } else { index as u32 + 1 }, profile)
    }

    /// The bound of a start on a connector (index) where a limit of before cannot be cleared: in
    /// its place, and the form of it.
    pub(super) fn left_profile(
        &self,
        index: usize,
        limit: Setpoint,
        now: Time,
    ) -> (Manner, Profile) {
        let manner = Manner { scope: Scope::Connector, ..self.manner };
        let (_, profile) = self.session_profile((index, manner, None), 0, limit, now);
        (manner, profile)
    }

    /// The bound of a start, on level 0 of the whole charge point.
    pub(super) fn start_profile(&self, limit: Setpoint, now: Time) -> Profile {
        Profile { id: DEFAULT_PROFILE_ID, ..self.profile(self.default_limit.manner, limit, now) }
    }

    /// A limit as it is told: DC limits are powers, AC limits currents; in the other unit, the limit
    /// is converted at the nominal voltage on all phases, rounded down.
    pub(super) fn told(&self, manner: Manner, limit: Setpoint) -> (Tenths, RateUnit) {
        let hardware = &self.hardware;
        let unit = manner.unit(self.capabilities.unit);
        let exact = match (hardware.kind, unit) {
            (CurrentKind::Ac, RateUnit::A) => limit.0,
            (CurrentKind::Ac, RateUnit::W) => {
                limit.0 * hardware.voltage_v * i64::from(hardware.phases)
            }
            (CurrentKind::Dc, RateUnit::W) => limit.0 * 10,
            (CurrentKind::Dc, RateUnit::A) => {
                Watts(limit.0).to_current(hardware.voltage_v, hardware.phases).0
            }
        };
        (Tenths(if manner.whole_amps { exact / 10 * 10 } else { exact }), unit)
    }

    /// A TxDefaultProfile on level 0 with one period without an end.
    fn profile(&self, manner: Manner, limit: Setpoint, now: Time) -> Profile {
        let hardware = &self.hardware;
        let (limit, unit) = self.told(manner, limit);
        // Watts are divided by the number of phases, and by three where none is given (errata 3.68).
        let in_watts = hardware.kind == CurrentKind::Ac && unit == RateUnit::W;
        let phases = in_watts.then_some(hardware.phases);
        let kind = manner.kind();
        Profile {
            id: 0,
            transaction_id: None,
            stack_level: 0,
            purpose: Purpose::TxDefaultProfile,
            kind,
            recurrency: None,
            valid_from: None,
            valid_to: None,
            schedule: Schedule {
                duration_s: None,
                start: (kind == Kind::Absolute).then(|| now - SCHEDULE_LEAD - self.clock.lead()),
                unit,
                periods: vec![Period { start_s: 0, limit, phases }],
                min_rate: None,
            },
        }
    }
}
