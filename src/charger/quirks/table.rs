//! Every quirk a simulated station can have.

use crate::charger::measurand::Measurand;
use crate::charger::quirks::entry::{Entry, ac, flag, grouped, id, one_of, style, whole};
use crate::charger::quirks::knobs::{
    CompositeStyle, EnergyStyle, PhaseStyle, Refused, StampStyle, TagStyle,
};
use crate::ocpp::error::ErrorCode;
use crate::ocpp::types::ReadingContext;
use crate::time::Span;
use crate::units::DeciAmps;

const ASKED: &[&str] = &[
    "SetChargingProfile",
    "ClearChargingProfile",
    "GetCompositeSchedule",
    "GetConfiguration",
    "ChangeConfiguration",
    "TriggerMessage",
    "RemoteStartTransaction",
    "RemoteStopTransaction",
];
const PURPOSES: &[&str] = &["ChargePointMaxProfile", "TxDefaultProfile", "TxProfile"];
const KINDS: &[&str] = &["Absolute", "Relative", "Recurring"];
const TRIGGERS: &[&str] = &["BootNotification", "Heartbeat", "MeterValues", "StatusNotification"];
const BROKEN: &[&str] = &["Heartbeat", "MeterValues", "StatusNotification"];
const PHASES: &[&str] = &["L1", "L1-N", "N", "none"];
const STAMPS: &[&str] =
    &["no_zone", "short_offset", "fraction", "since_boot", "zero", "local_as_utc"];
const TAGS: &[&str] = &["long", "suffix", "colons"];
const CONTEXTS: &[&str] = &["Interruption.Begin", "Other", "Sample.Clock", "Transaction.Begin"];
const METERED: &[&str] = &["register", "currents", "power"];
const CODES: &[&str] = &[
    "NotImplemented",
    "InternalError",
    "ProtocolError",
    "SecurityError",
    "FormationViolation",
    "PropertyConstraintViolation",
    "OccurenceConstraintViolation",
    "TypeConstraintViolation",
    "GenericError",
];
const DAY_S: i64 = 86_400;

/// All quirks, by subject: limits, the current that follows, answers, the connection, meter values,
/// time, transactions, statuses.
pub const QUIRKS: &[Entry] = &[
    flag("rejects_amps", "unit", "announces both units and rejects limits in amperes", |k| {
        k.rejects_amps = true;
    }),
    flag("rejects_watts", "unit", "announces both units and rejects limits in watts", |k| {
        k.rejects_watts = true;
    }),
    whole(
        "max_stack_level",
        (0, 100),
        "rejects stack levels above this, whatever it announces",
        |k, n| {
            k.max_stack_level = Some(n as i32);
        },
    ),
    one_of(
        "rejects_purpose",
        PURPOSES,
        "purpose",
        "rejects profiles of this purpose",
        |k, name| {
            k.purposes.push((name, Refused::Rejected));
        },
    ),
    one_of(
        "not_supported_purpose",
        PURPOSES,
        "purpose",
        "answers profiles of this purpose with NotSupported",
        |k, name| {
            k.purposes.push((name, Refused::NotSupported));
        },
    ),
    one_of(
        "ignores_purpose",
        PURPOSES,
        "purpose",
        "accepts profiles of this purpose without effect",
        |k, name| {
            k.purposes.push((name, Refused::Ignored));
        },
    ),
    one_of("rejects_kind", KINDS, "kind", "rejects profiles of this kind", |k, name| {
        k.kinds.push((name, Refused::Rejected));
    }),
    one_of("silent_kind", KINDS, "kind", "never answers profiles of this kind", |k, name| {
        k.kinds.push((name, Refused::Silence));
    }),
    flag(
        "rejects_outside_transaction",
        "",
        "rejects every profile while no transaction runs",
        |k| {
            k.rejects_outside_transaction = true;
        },
    ),
    flag("rejects_zero", "zero", "rejects limits below 6 A, 0 among them", |k| {
        k.rejects_zero = true;
    }),
    flag(
        "ignores_zero",
        "zero",
        "accepts a limit of 0 without effect: the limit before stays",
        |k| {
            k.ignores_zero = true;
        },
    ),
    flag("stuck_after_zero", "zero", "offers nothing more in a transaction that was paused", |k| {
        k.stuck_after_zero = true;
    }),
    flag(
        "unlimited_after_zero",
        "zero",
        "resumes from a pause with the full current, until the next limit",
        |k| {
            k.unlimited_after_zero = true;
        },
    ),
    whole(
        "rejects_one_in",
        (2, 100_000),
        "rejects one limit in so many, whatever it asks",
        |k, n| {
            k.rejects_one_in = Some(n.unsigned_abs());
        },
    ),
    flag("accepts_without_effect", "effect", "accepts every profile without effect", |k| {
        k.accepts_without_effect = true;
    }),
    flag("ignores_duration", "", "obeys a schedule beyond its duration", |k| {
        k.ignores_duration = true;
    }),
    flag("rejects_fractions", "step", "rejects limits that are not whole", |k| {
        k.rejects_fractions = true;
    }),
    ac(grouped(
        "step",
        whole("limit_step_a", (1, 16), "rounds limits down to steps of so many amperes", |k, n| {
            k.limit_step = Some(DeciAmps::from_amps(n));
        }),
    )),
    ac(whole(
        "min_effective_current_a",
        (7, 32),
        "offers at least so many amperes when it offers any",
        |k, n| {
            k.min_effective = Some(DeciAmps::from_amps(n));
        },
    )),
    whole("apply_delay_s", (0, 600), "obeys a limit so many seconds after accepting it", |k, n| {
        k.apply_delay = Some(Span::from_s(n));
    }),
    one_of("never_replies", ASKED, "answer", "never answers this CALL", |k, name| {
        k.never_replies.push(name);
    }),
    one_of(
        "callerror",
        ASKED,
        "answer",
        "answers this CALL with a CALLERROR, NotSupported unless callerror_code says another",
        |k, name| {
            k.callerrors.push(name);
        },
    ),
    style(
        "callerror_code",
        CODES,
        "tells this code with the CALLERRORs of callerror",
        |k, name| {
            k.callerror_code = Some(ErrorCode::from_wire(name));
        },
    ),
    whole("reply_delay_s", (1, 120), "answers every CALL so many seconds late", |k, n| {
        k.reply_delay = Some(Span::from_s(n));
    }),
    one_of(
        "rejects_trigger",
        TRIGGERS,
        "trigger",
        "rejects a TriggerMessage for this message",
        |k, name| {
            k.rejects_triggers.push(name);
        },
    ),
    flag("rejects_measurands", "measurands", "rejects changes of the lists of measurands", |k| {
        k.rejects_measurands = true;
    }),
    grouped(
        "measurands",
        whole(
            "reboots_on_measurands",
            (1, 20),
            "reboots when told to meter more measurands than this",
            |k, n| {
                k.reboots_on_measurands = Some(n as usize);
            },
        ),
    ),
    flag("rejects_composite", "composite", "rejects every GetCompositeSchedule", |k| {
        k.composite = Some(CompositeStyle::Rejected);
    }),
    flag(
        "bare_composite",
        "composite",
        "answers GetCompositeSchedule without scheduleStart and duration",
        |k| {
            k.composite = Some(CompositeStyle::Bare);
        },
    ),
    flag("announces_unit_as_letter", "", "announces its units as \"A\" and \"W\"", |k| {
        k.unit_as_letter = true;
    }),
    flag("blanks_in_lists", "", "writes lists in its configuration with blanks", |k| {
        k.blanks_in_lists = true;
    }),
    flag(
        "numbers_in_configuration",
        "",
        "writes numbers in its configuration without quotes",
        |k| {
            k.numbers_in_configuration = true;
        },
    ),
    whole(
        "disconnects_after_errors",
        (1, 100),
        "tells its firmware's status every minute, and disconnects after so many CALLERRORs",
        |k, n| {
            k.disconnects_after_errors = Some(n as u32);
        },
    ),
    flag(
        "disconnects_when_asked_early",
        "",
        "disconnects on a CALL before its BootNotification is accepted",
        |k| {
            k.disconnects_when_asked_early = true;
        },
    ),
    flag("no_subprotocol", "", "asks for no subprotocol of WebSocket (under `fleet`)", |k| {
        k.no_subprotocol = true;
    }),
    flag("double_slash_path", "", "writes a slash too many in its URL (under `fleet`)", |k| {
        k.double_slash_path = true;
    }),
    one_of("broken_json", BROKEN, "json", "sends this CALL with a comma too many", |k, name| {
        k.broken_json.push(name);
    }),
    flag(
        "vendor_data_before_status",
        "",
        "sends a DataTransfer before every StatusNotification",
        |k| {
            k.vendor_data_before_status = true;
        },
    ),
    flag("no_current_offered", "", "does not tell what it offers", |k| {
        k.no_current_offered = true;
    }),
    style("meters_only", METERED, "tells nothing else of its meter", |k, name| {
        k.meters_only = Some(match name {
            "register" => Measurand::EnergyActiveImportRegister,
            "currents" => Measurand::CurrentImport,
            _ => Measurand::PowerActiveImport,
        });
    }),
    flag("meter_kwh", "energy", "meters in kWh and kW", |k| {
        k.energy = Some(EnergyStyle::Kilo);
    }),
    flag("meter_kwh_as_wh", "energy", "meters in kWh and labels them Wh", |k| {
        k.energy = Some(EnergyStyle::KwhAsWh);
    }),
    flag("meter_wh_as_kwh", "energy", "meters in Wh and labels them kWh", |k| {
        k.energy = Some(EnergyStyle::WhAsKwh);
    }),
    flag("meter_numbers", "", "writes metered values without quotes", |k| {
        k.meter_numbers = true;
    }),
    flag("meter_per_session", "", "its register begins at 0 with every session", |k| {
        k.meter_per_session = true;
    }),
    flag("fractional_meter_stop", "", "tells meterStop with a fraction", |k| {
        k.fractional_meter_stop = true;
    }),
    whole("meter_max_values", (1, 30), "drops metered values beyond so many", |k, n| {
        k.meter_max_values = Some(n as usize);
    }),
    whole(
        "meter_lag_s",
        (1, 600),
        "shows the power and the currents of its last sample at least so many seconds ago",
        |k, n| {
            k.meter_lag = Some(Span::from_s(n));
        },
    ),
    style("meter_context", CONTEXTS, "tells this context with every value", |k, name| {
        k.meter_context = ReadingContext::from_wire(name);
    }),
    flag("one_value_per_sample", "", "sends every metered value as a meterValue of its own", |k| {
        k.one_value_per_sample = true;
    }),
    flag("power_tenfold_low", "power", "tells a tenth of the power", |k| {
        k.power_tenths = Some(1);
    }),
    flag("power_tenfold_high", "power", "tells ten times the power", |k| {
        k.power_tenths = Some(100);
    }),
    flag("zero_voltage", "", "meters a voltage of 0", |k| {
        k.zero_voltage = true;
    }),
    ac(grouped(
        "phases",
        style(
            "phase_style",
            PHASES,
            "tells currents of the first phase alone, of L1-N.., one of N, or one without phase",
            |k, name| {
                k.phases = Some(phases(name));
            },
        ),
    )),
    id("meters_when_idle", "meters outside transactions too, with this transaction id", |k, id| {
        k.meters_when_idle = Some(id);
    }),
    id("tx_id_echo", "tells this transaction id in MeterValues", |k, id| {
        k.meter_id = Some(id);
    }),
    whole(
        "clock_offset_s",
        (-30 * DAY_S, 30 * DAY_S),
        "its clock is wrong by so much and is not set",
        |k, n| {
            k.clock_offset = Some(Span::from_s(n));
        },
    ),
    style(
        "timestamp_style",
        STAMPS,
        "writes instants without zone, as +02, with a fraction, since its boot, as zeros, or local time as Z",
        |k, name| {
            k.stamps = Some(stamps(name));
        },
    ),
    flag("duplicate_start", "", "sends every StartTransaction twice", |k| {
        k.duplicate_start = true;
    }),
    flag(
        "start_again_after_reconnect",
        "",
        "repeats the StartTransaction of a running transaction after every reconnection",
        |k| {
            k.start_again_after_reconnect = true;
        },
    ),
    flag(
        "old_messages_on_connect",
        "",
        "begins with start and stop of a transaction hours ago, its own identity as idTag",
        |k| {
            k.old_messages_on_connect = true;
        },
    ),
    flag(
        "stop_without_start",
        "",
        "begins with the stop of a transaction that was never told",
        |k| {
            k.stop_without_start = true;
        },
    ),
    id("stop_id_echo", "tells this transaction id in StopTransaction", |k, id| {
        k.stop_id = Some(id);
    }),
    flag("stop_reason_remote", "", "gives Remote as the reason of every stop", |k| {
        k.stop_reason_remote = true;
    }),
    style(
        "id_tag_style",
        TAGS,
        "tells idTags of 28 characters, with a suffix, or as bytes between colons",
        |k, name| {
            k.tags = Some(tags(name));
        },
    ),
    flag("stays_finishing", "", "stays Finishing when the car has left", |k| {
        k.stays_finishing = true;
    }),
    flag("no_suspended_ev", "", "stays Charging when the car takes nothing", |k| {
        k.no_suspended_ev = true;
    }),
    whole(
        "late_status_s",
        (1, 600),
        "stays SuspendedEVSE for so long when current is offered again",
        |k, n| {
            k.late_status = Some(Span::from_s(n));
        },
    ),
];

fn phases(name: &str) -> PhaseStyle {
    match name {
        "L1" => PhaseStyle::First,
        "L1-N" => PhaseStyle::ToNeutral,
        "N" => PhaseStyle::Neutral,
        _ => PhaseStyle::Absent,
    }
}

fn stamps(name: &str) -> StampStyle {
    match name {
        "no_zone" => StampStyle::NoZone,
        "short_offset" => StampStyle::ShortOffset,
        "fraction" => StampStyle::Fraction,
        "since_boot" => StampStyle::SinceBoot,
        "zero" => StampStyle::Zero,
        _ => StampStyle::LocalAsUtc,
    }
}

fn tags(name: &str) -> TagStyle {
    match name {
        "long" => TagStyle::Long,
        "suffix" => TagStyle::Suffix,
        _ => TagStyle::Colons,
    }
}
