//! A scenario after loading: every default filled in, every unit converted, nothing left to check.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

use crate::allocation::Strategy;
use crate::charger::{ChargerSpec, Quirk};
pub use crate::csms::config::Control;
use crate::csms::{Calendar, Connection, Wiring};
use crate::ids::ChargePointId;
use crate::time::{Span, Time};
use crate::units::Watts;
use crate::vehicle::VehicleSpec;

/// A validated scenario.
#[derive(Clone, Debug)]
pub struct Scenario {
    /// Title, for people.
    pub name: String,
    /// Short name for paths: the file's stem.
    pub slug: String,
    /// First instant.
    pub start: Time,
    /// Offset of local time from UTC at the start, for axes and `at = "12:00"`.
    pub utc_offset: Span,
    /// The zone of its local times.
    pub zone: TimeZone,
    /// Length.
    pub duration: Span,
    /// Default seed.
    pub seed: u64,
    /// The site and its allocator.
    pub site: Site,
    /// One entry per charge point, in order.
    pub chargers: Vec<Charger>,
    /// The vehicle mix.
    pub vehicles: Vec<VehicleMix>,
    /// Where cars come from.
    pub arrivals: Vec<Arrivals>,
    /// The links between chargers and central system.
    pub network: Network,
    /// What happens at set instants, in ascending order of the first time.
    pub timeline: Vec<TimelineEntry>,
    /// What a run must fulfil.
    pub asserts: Vec<Assertion>,
    /// SHA-256 of the file and of every file it names, hex.
    pub sha256: String,
    /// Interval of `history.csv` rows.
    pub sample_interval: Span,
}

impl Scenario {
    /// The parts of a run that its assertions are about, ascending, each once.
    #[must_use]
    pub fn windows(&self) -> Vec<Window> {
        let mut windows: Vec<Window> = self.asserts.iter().filter_map(|it| it.window).collect();
        windows.sort_unstable();
        windows.dedup();
        windows
    }
}

/// The site: the REST config's names plus what the simulation needs.
#[derive(Clone, Debug, PartialEq)]
pub struct Site {
    /// Grid connection.
    pub max_power: Watts,
    /// Kept for other loads.
    pub reserve: Watts,
    /// Strategy.
    pub strategy: Strategy,
    /// Smallest useful rate.
    pub min_charge_rate: Watts,
    /// Nominal phase voltage.
    pub voltage_v: i64,
    /// Other loads behind the same grid connection.
    pub base_load: Option<BaseLoad>,
    /// Photovoltaics behind the same meter as the other loads.
    pub pv: Option<Pv>,
    /// Windows of the day with limits of their own.
    pub calendar: Option<Calendar>,
    /// Feeders and phases; without its charge points.
    pub wiring: Wiring,
    /// What the central system learns of departures and wishes.
    pub deadlines: Deadlines,
    /// Damping and safety parameters of the control loop.
    pub control: Control,
}

/// Other loads behind the same grid connection, and the meter that tells them.
#[derive(Clone, Debug, PartialEq)]
pub struct BaseLoad {
    /// What they take from an instant on, ascending; negative where they feed in.
    pub steps: Vec<(Time, Watts)>,
    /// What counts while no reading of the meter holds.
    pub worst: Watts,
    /// The meter tells every so often.
    pub meter_every: Span,
    /// How long a reading holds.
    pub valid_for: Span,
    /// When the meter tells nothing.
    pub silent: Vec<Range<Time>>,
}

/// Photovoltaics: modules that lie flat under a clear sky with some clouds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pv {
    /// Power under 1000 W/m2.
    pub peak: Watts,
    /// Degrees, north positive.
    pub latitude: f64,
    /// Degrees, east positive.
    pub longitude: f64,
    /// Share of the time under clouds, 0..1.
    pub clouds: f64,
}

/// Where the central system knows from when cars leave and what they need until then.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Deadlines {
    /// Drivers tell when they will leave indeed.
    Truth,
    /// Drivers tell what they plan; some leave earlier.
    #[default]
    UserInput,
    /// Drivers tell nothing; every car is taken to stay for `Control::assumed_stay`.
    Estimate,
    /// It does not know.
    None,
}

impl Deadlines {
    /// Every source.
    pub const ALL: [Deadlines; 4] =
        [Deadlines::Truth, Deadlines::UserInput, Deadlines::Estimate, Deadlines::None];

    /// As a scenario writes it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Deadlines::Truth => "truth",
            Deadlines::UserInput => "user_input",
            Deadlines::Estimate => "estimate",
            Deadlines::None => "none",
        }
    }
}

/// One charge point.
#[derive(Clone, Debug, PartialEq)]
pub struct Charger {
    /// OCPP identity.
    pub id: ChargePointId,
    /// What it is.
    pub spec: Arc<ChargerSpec>,
    /// Weight under `priority` and `proportional_fair`, 1..=1000.
    pub priority: u32,
    /// What it does other than the standard says; its model's first.
    pub quirks: Vec<Quirk>,
    /// Where it hangs in the site's wires.
    pub connection: Connection,
}

/// One kind of vehicle and its share of the mix.
#[derive(Clone, Debug, PartialEq)]
pub struct VehicleMix {
    /// The model.
    pub spec: Arc<VehicleSpec>,
    /// Relative share, > 0.
    pub share: f64,
}

/// A source of cars.
#[derive(Clone, Debug, PartialEq)]
pub enum Arrivals {
    /// `count` cars a day around peaks.
    DailyPeak(DailyPeak),
    /// A Poisson process.
    Poisson(Poisson),
    /// Listed sessions.
    Sessions(Vec<ListedSession>),
}

/// Cars that come around a time of day, every day of the run.
#[derive(Clone, Debug, PartialEq)]
pub struct DailyPeak {
    /// Cars a day.
    pub count: u32,
    /// Local time of day of the peak.
    pub at: Span,
    /// Standard deviation.
    pub spread: Span,
    /// Stay and energy.
    pub needs: Needs,
    /// Only weekdays (Monday to Friday, local time).
    pub weekdays_only: bool,
}

/// Cars that come independently of each other.
#[derive(Clone, Debug, PartialEq)]
pub struct Poisson {
    /// Mean cars per hour.
    pub per_hour: f64,
    /// Local time of day it begins; whole day when equal to `to`.
    pub from: Span,
    /// Local time of day it ends.
    pub to: Span,
    /// Stay and energy.
    pub needs: Needs,
}

/// How long cars stay and what they want.
#[derive(Clone, Debug, PartialEq)]
pub struct Needs {
    /// Mean stay.
    pub stay: Span,
    /// Standard deviation of the stay.
    pub stay_spread: Span,
    /// Mean energy, at the meter.
    pub energy_kwh: f64,
    /// Standard deviation of the energy.
    pub energy_spread_kwh: f64,
    /// Share of drivers that leave before their planned departure, 0..1.
    pub early_leavers: f64,
}

/// One session of a file.
#[derive(Clone, Debug, PartialEq)]
pub struct ListedSession {
    /// Plug-in.
    pub arrival: Time,
    /// Unplug.
    pub departure: Time,
    /// Wish at the meter.
    pub energy_kwh: f64,
    /// Index into [`Scenario::chargers`], or any free one.
    pub charger: Option<usize>,
    /// Battery of this car, when the file says: (capacity, initial, maximum kW).
    pub battery: Option<ListedBattery>,
    /// The car, when the file names one of the mix; then it says nothing of a battery.
    pub vehicle: Option<ListedVehicle>,
}

/// A car of the mix that a session file names.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ListedVehicle {
    /// Index into [`Scenario::vehicles`].
    pub index: usize,
    /// In its battery at plug-in, kWh; drawn unless the file says.
    pub initial_kwh: Option<f64>,
}

/// Battery columns of a session file.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ListedBattery {
    /// Usable energy.
    pub capacity_kwh: f64,
    /// At plug-in.
    pub initial_kwh: f64,
    /// AC maximum at the meter.
    pub max_kw: f64,
}

/// The links.
#[derive(Clone, Debug, PartialEq)]
pub struct Network {
    /// One way.
    pub latency: Span,
    /// Added, uniform 0..=jitter.
    pub jitter: Span,
    /// Share of frames that vanish, 0..1.
    pub loss: f64,
}

/// What happens at an instant, or again and again from then on.
#[derive(Clone, Debug, PartialEq)]
pub struct TimelineEntry {
    /// When, the first time.
    pub at: Time,
    /// How often again; in a [`Fleet`] nothing repeats any more.
    pub repeats: Option<Repeats>,
    /// What.
    pub action: TimelineAction,
}

/// How something is repeated: after gaps that the seed draws evenly between two lengths.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Repeats {
    /// Shortest gap, > 0.
    pub every: Span,
    /// Longest gap, >= `every`.
    pub to: Span,
    /// Not from this instant on.
    pub until: Time,
}

/// A timeline action.
#[derive(Clone, Debug, PartialEq)]
pub enum TimelineAction {
    /// Changes the site's config as PUT config would; absent fields stay.
    Config {
        /// Grid connection.
        max_power: Option<Watts>,
        /// Reserve.
        reserve: Option<Watts>,
        /// Strategy.
        strategy: Option<Strategy>,
        /// Minimum rate.
        min_charge_rate: Option<Watts>,
        /// Weights, 1..=1000, of those named.
        priorities: BTreeMap<ChargePointId, u32>,
        /// Every other weight is drawn anew by the seed; in a [`Fleet`] they are all named.
        shuffle_priorities: bool,
    },
    /// POST rebalance.
    Rebalance {
        /// For the record.
        reason: String,
    },
    /// Something goes wrong at charge points.
    Fault {
        /// What.
        fault: Fault,
        /// Where.
        on: Targets,
        /// How long; `None`: until a recovery. Of a reboot, the time without power.
        lasts: Option<Span>,
    },
    /// Faults are over.
    Recover {
        /// Which; `None`: all.
        fault: Option<Fault>,
        /// Where.
        on: Targets,
    },
}

/// Whom an entry of the timeline concerns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Targets {
    /// Every charge point.
    All,
    /// Indices into [`Scenario::chargers`], ascending.
    Listed(Vec<usize>),
    /// So many, drawn by the seed of the run.
    Drawn(usize),
}

/// What can go wrong with a charge point.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The connection is lost with what is on its way; the station goes on by itself.
    Offline,
    /// The power is lost: every session ends, the connection is lost, the station boots again.
    Reboot,
    /// The connection stays open and carries nothing, in either direction.
    Mute,
    /// Limits are accepted and the hardware maximum is offered.
    IgnoreLimits,
    /// Every SetChargingProfile is rejected.
    RejectProfiles,
    /// The meter tells half of the power and of the currents.
    MeterLies,
    /// The clock is set back by so much and is not corrected.
    ClockSkew(Span),
}

impl Fault {
    /// Every kind, clocks set back by nothing.
    pub const ALL: [Fault; 7] = [
        Fault::Offline,
        Fault::Reboot,
        Fault::Mute,
        Fault::IgnoreLimits,
        Fault::RejectProfiles,
        Fault::MeterLies,
        Fault::ClockSkew(Span::ZERO),
    ];

    /// As a scenario writes it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Fault::Offline => "offline",
            Fault::Reboot => "reboot",
            Fault::Mute => "mute",
            Fault::IgnoreLimits => "ignore_limits",
            Fault::RejectProfiles => "reject_profiles",
            Fault::MeterLies => "meter_lies",
            Fault::ClockSkew(_) => "clock_skew",
        }
    }
}

/// A condition on a metric of `summary.json`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Assertion {
    /// The line of the file that it begins on.
    pub line: usize,
    /// Metric name.
    pub metric: String,
    /// At least.
    pub min: Option<f64>,
    /// At most.
    pub max: Option<f64>,
    /// Where the bounds come from an earlier run.
    pub baseline: Option<Reference>,
    /// The part of the run it is about; `None`: all of it.
    pub window: Option<Window>,
    /// A failed `error` makes exit code 1, a failed `warning` does not.
    pub severity: Severity,
}

/// What an earlier run had.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Reference {
    /// Its summary.json, as the scenario names it.
    pub file: String,
    /// What stands there.
    pub value: f64,
    /// How far from it is tolerated, percent of it.
    pub within_pct: f64,
}

/// A part of a run, without its last instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Window {
    /// First instant.
    pub from: Time,
    /// The end.
    pub to: Time,
}

impl Window {
    /// Whether an instant lies in it.
    #[must_use]
    pub fn holds(self, at: Time) -> bool {
        self.from <= at && at < self.to
    }
}

/// Weight of a failed assertion.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Fails the run.
    #[default]
    Error,
    /// Is shown only.
    Warning,
}

/// Everything a seed decides, before the run: every strategy meets the same cars.
#[derive(Clone, Debug)]
pub struct Fleet {
    /// Ascending by arrival, then charger.
    pub sessions: Vec<PlannedSession>,
    /// Cars that found no free charger and drove on.
    pub turned_away: u32,
    /// What happens at set instants, every repetition by itself, in ascending order.
    pub timeline: Vec<TimelineEntry>,
    /// What photovoltaics give from an instant on, ascending; nothing before the first.
    pub pv: Vec<(Time, Watts)>,
}

/// One visit of one car.
#[derive(Clone, Debug)]
pub struct PlannedSession {
    /// Plug-in.
    pub arrival: Time,
    /// Unplug; early leavers already considered.
    pub departure: Time,
    /// Departure the driver announced; differs for early leavers.
    pub announced_departure: Time,
    /// Index into [`Scenario::chargers`].
    pub charger: usize,
    /// 1-based.
    pub connector: u32,
    /// The car.
    pub vehicle: Arc<VehicleSpec>,
    /// Battery at plug-in, kWh.
    pub initial_kwh: f64,
    /// Wish at the meter.
    pub wish_kwh: f64,
    /// At most 20 characters.
    pub id_tag: String,
}
