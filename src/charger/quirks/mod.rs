//! What real charge points do instead of what the standard says: named quirks, and faults that come
//! and go.
//!
//! A station without them carries an empty `Option` and does nothing of this. With them, four
//! places of the station ask here: where a CALL of the central system comes in, where a text goes
//! out, where the profiles become an offer, and where timers run. Everything else about the station
//! stays as it is, so that a quirk is a distortion of a sound station and not a second one.
//!
//! | file | subject |
//! |---|---|
//! | `table` | every quirk: name, parameter, what it does |
//! | `entry` | a row of that table, read from text; contradictions |
//! | `knobs` | what the quirks of one station add up to |
//! | `inbound` | CALLs refused, not answered, answered late, accepted without effect |
//! | `outbound`, `samples` | the station's own texts: times, ids, registers, phases |
//! | `effect` | from what was allowed to what is offered |
//! | `habits` | what the station does by itself: repeated starts, old messages, lost connections |

mod effect;
mod entry;
mod habits;
mod inbound;
mod knobs;
mod outbound;
mod samples;
mod table;

use std::collections::VecDeque;

pub use entry::{Argument, Entry, Misfit, Parameter, Quirk, conflict, markdown, names};
pub use table::QUIRKS;

use crate::charger::ChargerSpec;
use crate::charger::keys::Keys;
use crate::charger::point::ChargePoint;
use crate::ocpp::profile::{ProfileStore, StationLimits};
use crate::time::{Span, Time};
use crate::vehicle::Draw;
use knobs::Knobs;

/// What can go wrong with a charge point for a while.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fault {
    /// Accepts limits and offers the hardware maximum.
    IgnoreLimits,
    /// Answers every SetChargingProfile with Rejected.
    RejectProfiles,
    /// Tells half of the power and of the currents; the register is right.
    MeterLies,
    /// Its clock is this far behind, and the central system's time does not correct it.
    ClockSkew(Span),
}

/// What is peculiar about the way a station opens its connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Handshake {
    /// It asks for the subprotocol of OCPP 1.6J.
    pub subprotocol: bool,
    /// Its URL has a slash too many before the identity.
    pub double_slash: bool,
}

/// The quirks and faults of one station and what it remembers because of them.
#[derive(Clone, Debug)]
pub(super) struct Oddity {
    knobs: Knobs,
    /// Differs between sets of quirks; 0: no quirks.
    kind: u32,
    faults: Faults,
    spots: Vec<Spot>,
    /// Answers that are ready and not sent yet.
    late_answers: VecDeque<(Time, String)>,
    /// The instant of the last timer run: when what goes out now is sent.
    now: Time,
    /// SetChargingProfiles that have come in, from a number of its own on.
    asked: u64,
    /// CALLERRORs on this connection.
    errors: u32,
    /// When to meter connectors without a transaction, and when to tell the firmware's status.
    idle_at: Time,
    firmware_at: Time,
    /// The central system has accepted the station once since it was made.
    known: bool,
    /// The transaction ids told last, the newest first.
    told: [Option<i64>; 2],
    /// The first instant that was told: where a clock that counts from 1970 began.
    epoch: Option<Time>,
}

/// Faults that are on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Faults {
    ignore_limits: bool,
    reject_profiles: bool,
    meter_lies: bool,
    clock_skew: bool,
}

/// What is remembered of one connector.
#[derive(Clone, Debug, Default)]
struct Spot {
    /// Current was offered in this transaction.
    had_current: bool,
    /// The last offer was a pause that followed current.
    paused: bool,
    /// The full current is offered until more profiles than this were accepted.
    resumed_at: Option<u64>,
    /// Register at the begin of the last session.
    base_wh: i64,
    /// The last StartTransaction.
    start: String,
    /// The last status told.
    told_status: String,
    /// A status was held back and is to be told now.
    status_at: Option<Time>,
    /// What its samples saw, as far back as its meter lags.
    seen: VecDeque<(Time, Draw)>,
}

impl Oddity {
    fn new(knobs: Knobs, kind: u32, connectors: u32, now: Time) -> Oddity {
        Oddity {
            knobs,
            kind,
            faults: Faults::default(),
            spots: vec![Spot::default(); connectors as usize],
            late_answers: VecDeque::new(),
            now,
            asked: 0,
            errors: 0,
            idle_at: Time::NEVER,
            firmware_at: Time::NEVER,
            known: false,
            told: [None; 2],
            epoch: None,
        }
    }
}

impl ChargePoint {
    /// The same station with these quirks; to be called before anything else happens to it.
    #[must_use]
    pub fn with_quirks(mut self, quirks: &[Quirk], now: Time) -> ChargePoint {
        if quirks.is_empty() {
            return self;
        }
        let knobs = Knobs::of(quirks);
        let mut spec = ChargerSpec::clone(&self.spec);
        spec.apply_delay = knobs.apply_delay.unwrap_or(spec.apply_delay);
        let mut limits = StationLimits { ..*self.store.limits() };
        limits.max_stack_level = knobs.max_stack_level.unwrap_or(limits.max_stack_level);
        if knobs.rejects_amps || knobs.rejects_watts {
            // It announces both units, whatever it takes.
            (spec.allows_amps, spec.allows_watts) = (true, true);
            (limits.allow_amps, limits.allow_watts) = (!knobs.rejects_amps, !knobs.rejects_watts);
            self.keys = Keys::new(&spec);
        }
        self.store = ProfileStore::new(limits);
        self.clock_offset = knobs.clock_offset.unwrap_or(self.clock_offset);
        let mut oddity = Oddity::new(knobs, kind_of(quirks), spec.connectors, now);
        // Stations of a kind do not refuse all at once.
        oddity.asked = u64::from(folded(self.id().as_str()));
        self.oddity = Some(Box::new(oddity));
        self.spec = spec.into();
        self.schedule_clock_sample(now);
        self
    }

    /// A fault begins. One that is on already stays on.
    pub fn begin_fault(&mut self, now: Time, fault: Fault) {
        let connectors = self.spec.connectors;
        let new = || Box::new(Oddity::new(Knobs::default(), 0, connectors, now));
        let faults = &mut self.oddity.get_or_insert_with(new).faults;
        match fault {
            Fault::IgnoreLimits => faults.ignore_limits = true,
            Fault::RejectProfiles => faults.reject_profiles = true,
            Fault::MeterLies => faults.meter_lies = true,
            Fault::ClockSkew(_) if faults.clock_skew => {}
            Fault::ClockSkew(behind) => {
                faults.clock_skew = true;
                self.shift_clock(now, Span(-behind.0));
            }
        }
        self.update_offers(now);
        self.handle_timeout(now);
    }

    /// A fault is over. A wrong clock is right again when the central system next tells the time.
    pub fn end_fault(&mut self, now: Time, fault: Fault) {
        let Some(oddity) = &mut self.oddity else { return };
        match fault {
            Fault::IgnoreLimits => oddity.faults.ignore_limits = false,
            Fault::RejectProfiles => oddity.faults.reject_profiles = false,
            Fault::MeterLies => oddity.faults.meter_lies = false,
            Fault::ClockSkew(_) => oddity.faults.clock_skew = false,
        }
        self.update_offers(now);
        self.handle_timeout(now);
    }

    /// How the station opens its connection.
    #[must_use]
    pub fn handshake(&self) -> Handshake {
        let knobs = self.oddity.as_ref().map(|oddity| &oddity.knobs);
        Handshake {
            subprotocol: knobs.is_none_or(|knobs| !knobs.no_subprotocol),
            double_slash: knobs.is_some_and(|knobs| knobs.double_slash_path),
        }
    }

    /// The central system's time is not taken over.
    pub(super) fn keeps_its_clock(&self) -> bool {
        self.oddity
            .as_ref()
            .is_some_and(|oddity| oddity.knobs.clock_offset.is_some() || oddity.faults.clock_skew)
    }
}

/// A number that tells sets of quirks apart (FNV-1a); never 0.
fn kind_of(quirks: &[Quirk]) -> u32 {
    let texts = quirks.iter().map(ToString::to_string).collect::<Vec<_>>().join(",");
    folded(&texts).max(1)
}

fn folded(text: &str) -> u32 {
    let fold = |hash: u32, byte: u8| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193);
    text.bytes().fold(0x811c_9dc5, fold)
}
