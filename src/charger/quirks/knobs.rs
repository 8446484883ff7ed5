//! What the quirks of one station add up to.

use crate::charger::measurand::Measurand;
use crate::charger::quirks::Quirk;
use crate::ocpp::error::ErrorCode;
use crate::ocpp::types::ReadingContext;
use crate::time::Span;
use crate::units::DeciAmps;

/// How a charging profile of some purpose or kind is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refused {
    /// Status Rejected.
    Rejected,
    /// Status NotSupported.
    NotSupported,
    /// No answer at all.
    Silence,
    /// Status Accepted, and nothing is installed.
    Ignored,
}

/// How GetCompositeSchedule is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum CompositeStyle {
    Rejected,
    /// Without scheduleStart and duration.
    Bare,
}

/// How energies are told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum EnergyStyle {
    /// kWh and kW, labelled so.
    Kilo,
    /// The number of kilowatt-hours, labelled Wh.
    KwhAsWh,
    /// The number of watt-hours, labelled kWh.
    WhAsKwh,
}

/// Which phase stands at a current.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PhaseStyle {
    /// The first phase alone.
    First,
    /// `L1-N` instead of `L1`.
    ToNeutral,
    /// One current, of phase `N`.
    Neutral,
    /// One current without phase.
    Absent,
}

/// How an instant is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum StampStyle {
    /// `2026-05-04T06:00:00`.
    NoZone,
    /// `2026-05-04T08:00:00+02`.
    ShortOffset,
    /// `2026-05-04T06:00:00.123456Z`.
    Fraction,
    /// `1970-01-01T00:03:20Z`.
    SinceBoot,
    /// `0000-00-00T00:00:00Z`.
    Zero,
    /// Two hours ahead, marked `Z`.
    LocalAsUtc,
}

/// A transaction id other than the right one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum WrongId {
    Fixed(i64),
    /// That of the transaction before.
    Stale,
}

/// What an idTag is made into.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TagStyle {
    /// 28 characters.
    Long,
    /// The card, a low line and a serial number.
    Suffix,
    /// Pairs of hexadecimal digits between colons.
    Colons,
}

/// See the module; the fields are the quirks of the table.
#[derive(Clone, Debug, Default)]
pub(super) struct Knobs {
    pub(super) rejects_amps: bool,
    pub(super) rejects_watts: bool,
    pub(super) max_stack_level: Option<i32>,
    pub(super) purposes: Vec<(&'static str, Refused)>,
    pub(super) kinds: Vec<(&'static str, Refused)>,
    pub(super) rejects_one_in: Option<u64>,
    pub(super) rejects_zero: bool,
    pub(super) rejects_fractions: bool,
    pub(super) rejects_outside_transaction: bool,
    pub(super) ignores_zero: bool,
    pub(super) ignores_duration: bool,
    pub(super) accepts_without_effect: bool,

    pub(super) limit_step: Option<DeciAmps>,
    pub(super) min_effective: Option<DeciAmps>,
    pub(super) apply_delay: Option<Span>,
    pub(super) stuck_after_zero: bool,
    pub(super) unlimited_after_zero: bool,

    pub(super) never_replies: Vec<&'static str>,
    pub(super) callerrors: Vec<&'static str>,
    pub(super) callerror_code: Option<ErrorCode>,
    pub(super) reply_delay: Option<Span>,
    pub(super) rejects_triggers: Vec<&'static str>,
    pub(super) rejects_measurands: bool,
    pub(super) reboots_on_measurands: Option<usize>,
    pub(super) composite: Option<CompositeStyle>,
    pub(super) unit_as_letter: bool,
    pub(super) blanks_in_lists: bool,
    pub(super) numbers_in_configuration: bool,

    pub(super) disconnects_after_errors: Option<u32>,
    pub(super) disconnects_when_asked_early: bool,
    pub(super) no_subprotocol: bool,
    pub(super) double_slash_path: bool,
    pub(super) broken_json: Vec<&'static str>,
    pub(super) vendor_data_before_status: bool,

    pub(super) energy: Option<EnergyStyle>,
    pub(super) meter_numbers: bool,
    pub(super) meter_per_session: bool,
    pub(super) fractional_meter_stop: bool,
    pub(super) meters_only: Option<Measurand>,
    pub(super) meter_max_values: Option<usize>,
    pub(super) meter_lag: Option<Span>,
    pub(super) meter_context: Option<ReadingContext>,
    pub(super) one_value_per_sample: bool,
    /// Power is multiplied by this and divided by ten.
    pub(super) power_tenths: Option<i64>,
    pub(super) zero_voltage: bool,
    pub(super) phases: Option<PhaseStyle>,
    pub(super) no_current_offered: bool,
    pub(super) meters_when_idle: Option<WrongId>,
    pub(super) meter_id: Option<WrongId>,

    pub(super) clock_offset: Option<Span>,
    pub(super) stamps: Option<StampStyle>,

    pub(super) duplicate_start: bool,
    pub(super) start_again_after_reconnect: bool,
    pub(super) old_messages_on_connect: bool,
    pub(super) stop_without_start: bool,
    pub(super) stop_id: Option<WrongId>,
    pub(super) stop_reason_remote: bool,
    pub(super) tags: Option<TagStyle>,

    pub(super) stays_finishing: bool,
    pub(super) no_suspended_ev: bool,
    pub(super) late_status: Option<Span>,
}

impl Knobs {
    pub(super) fn of(quirks: &[Quirk]) -> Knobs {
        let mut knobs = Knobs::default();
        for quirk in quirks {
            quirk.apply(&mut knobs);
        }
        knobs
    }
}
