//! Every figure of `summary.json`, computed; names, units and meanings stand in
//! [`scenario::metrics`](crate::scenario::metrics).
//!
//! The catalogue is the contract: scenario assertions, comparisons and the HTML page all use these
//! names. A figure without a basis (a percentage of nothing) is `None`, written as `null`; an
//! assertion on it fails, because a run in which nothing happened has proved nothing.

use crate::report::brackets::Brackets;
use crate::report::compliance::Compliance;
use crate::report::fairness::{Service, jain, nearest_rank};
use crate::report::oscillation::Oscillation;
use crate::scenario::metrics::{METRICS, Metric};
use crate::scenario::model::{Scenario, Window};
use crate::sim::record::{Excess, RunRecord, WireRecord};
use crate::time::{Span, Time};

/// A figure's name and meaning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Info {
    /// Key in `summary.json`; the unit is its last word.
    pub name: &'static str,
    /// Unit for people; empty for counts and indices.
    pub unit: &'static str,
    /// True when the figure counts things and is written as an integer.
    pub count: bool,
    /// One sentence.
    pub meaning: &'static str,
}

/// A figure's value: a count, a number, or nothing to base it on.
trait Figure {
    const COUNT: bool;
    fn value(self) -> Option<f64>;
}

impl Figure for u64 {
    const COUNT: bool = true;
    fn value(self) -> Option<f64> {
        Some(self as f64)
    }
}

impl Figure for f64 {
    const COUNT: bool = false;
    fn value(self) -> Option<f64> {
        Some(self).filter(|value| value.is_finite())
    }
}

impl Figure for Option<f64> {
    const COUNT: bool = false;
    fn value(self) -> Option<f64> {
        self.filter(|value| value.is_finite())
    }
}

/// The entry of a metric in the table of names. A figure that the table does not know does not
/// compile, and neither does a table with a name that nobody computes (below).
const fn known(name: &str) -> Metric {
    let mut index = 0;
    while index < METRICS.len() {
        if same(METRICS[index].name.as_bytes(), name.as_bytes()) {
            return METRICS[index];
        }
        index += 1;
    }
    panic!("a figure that scenario::metrics::METRICS does not know")
}

const fn same(left: &[u8], right: &[u8]) -> bool {
    let mut index = 0;
    while index < left.len() && index < right.len() && left[index] == right[index] {
        index += 1;
    }
    index == left.len() && index == right.len()
}

const _: () = assert!(CATALOGUE.len() == METRICS.len(), "a metric that nobody computes");

macro_rules! metrics {
    ($($name:ident: $kind:ty;)*) => {
        /// All metrics of one run; what each means stands in [`METRICS`].
        #[derive(Clone, Debug, Default, PartialEq)]
        pub struct Metrics {
            $(#[doc = concat!("See `", stringify!($name), "` in [`METRICS`].")] pub $name: $kind,)*
        }

        /// All metrics, in the order of `summary.json`.
        pub const CATALOGUE: &[Info] = &[
            $(Info {
                name: known(stringify!($name)).name,
                unit: known(stringify!($name)).unit,
                count: <$kind as Figure>::COUNT,
                meaning: known(stringify!($name)).meaning,
            },)*
        ];

        impl Metrics {
            /// Values in the order of [`CATALOGUE`].
            #[must_use]
            pub fn values(&self) -> Vec<Option<f64>> {
                vec![$(Figure::value(self.$name),)*]
            }
        }
    };
}

metrics! {
    sessions: u64;
    turned_away: u64;
    energy_requested_kwh: f64;
    energy_delivered_kwh: f64;
    demand_met_pct: Option<f64>;
    demand_met_of_feasible_pct: Option<f64>;
    optimal_demand_met_pct: Option<f64>;
    uncontrolled_demand_met_pct: Option<f64>;
    uncontrolled_over_limit_kwh: f64;
    uncontrolled_over_limit_max_kw: f64;
    sessions_fully_served_pct: Option<f64>;
    sessions_without_power: u64;
    unmet_kwh_p95: Option<f64>;
    satisfaction_min_pct: Option<f64>;
    peak_kw: f64;
    limit_kw: f64;
    load_factor: Option<f64>;
    utilisation_pct: Option<f64>;
    over_limit_s: f64;
    over_limit_kwh: f64;
    over_limit_max_kw: f64;
    committed_over_limit_s: f64;
    committed_over_limit_kwh: f64;
    committed_over_limit_max_kw: f64;
    wires_over_limit_s: f64;
    wires_over_limit_max_kw: f64;
    wires_committed_over_limit_s: f64;
    over_soft_limit_s: f64;
    over_soft_limit_kwh: f64;
    time_within_reserve_pct: Option<f64>;
    time_over_connection_pct: Option<f64>;
    setpoint_changes_per_h: Option<f64>;
    reversals_per_h: Option<f64>;
    reversal_ratio_pct: Option<f64>;
    total_variation_kw_per_h: Option<f64>;
    wasted_movement_kw_per_h: Option<f64>;
    setpoint_tick_std_kw: Option<f64>;
    endogenous_changes: u64;
    pauses_per_session: Option<f64>;
    longest_pause_s: f64;
    shortest_on_s: Option<f64>;
    ripple_kw: Option<f64>;
    limit_cycles: u64;
    jain_satisfaction: Option<f64>;
    time_to_first_power_s_p95: Option<f64>;
    command_latency_ms_p95: Option<f64>;
    set_charging_profile_calls: u64;
    set_charging_profile_per_charger_per_h: Option<f64>;
    profile_writes_per_day_max: u64;
    commands_rejected: u64;
    commands_timed_out: u64;
    commands_failed: u64;
    energy_balance_error: f64;
    draw_uncovered_kw: f64;
}

impl Metrics {
    /// Computes everything.
    #[must_use]
    pub fn of(scenario: &Scenario, record: &RunRecord) -> Metrics {
        Metrics::from_parts(
            scenario,
            record,
            &Service::of(record),
            &Oscillation::of(scenario, record),
            &Compliance::of(scenario, record),
        )
    }

    /// The same from parts that were computed before.
    #[must_use]
    pub fn from_parts(
        scenario: &Scenario,
        record: &RunRecord,
        service: &Service,
        oscillation: &Oscillation,
        compliance: &Compliance,
    ) -> Metrics {
        let worst =
            |of: &dyn Fn(&WireRecord) -> f64| record.wires.iter().map(of).fold(0.0, f64::max);
        let mut metrics = Metrics {
            turned_away: u64::from(record.turned_away),
            peak_kw: record.peak.kw(),
            wires_over_limit_s: worst(&|wire| wire.over_limit.seconds),
            wires_over_limit_max_kw: worst(&|wire| wire.over_limit.max_kw),
            wires_committed_over_limit_s: worst(&|wire| wire.committed_over_limit.seconds),
            energy_balance_error: record.energy.relative_error(),
            draw_uncovered_kw: record.uncovered_max_kw.max(0.0),
            ..Metrics::default()
        };
        let (over, soft) = (&record.over_limit, &record.over_soft_limit);
        metrics.add_excess(over, &record.committed_over_limit, soft);
        metrics.add_service(service);
        metrics.add_brackets(&Brackets::of(record));
        metrics.add_site(record, compliance);
        metrics.add_oscillation(record, oscillation);
        metrics.add_commands(scenario, record);
        metrics
    }

    /// Those of a part of a run that [`OF_WINDOWS`](crate::scenario::metrics::OF_WINDOWS) lists; the
    /// others mean nothing.
    #[must_use]
    pub fn of_window(scenario: &Scenario, record: &RunRecord, window: Window) -> Metrics {
        let within = RunRecord {
            from: window.from,
            to: window.to,
            chargers: record.chargers.clone(),
            sessions: record
                .sessions
                .iter()
                .filter(|it| window.holds(it.arrival))
                .cloned()
                .collect(),
            commands: record.commands.iter().filter(|it| window.holds(it.at)).cloned().collect(),
            ..RunRecord::default()
        };
        let mut metrics = Metrics::default();
        metrics.add_service(&Service::of(&within));
        metrics.add_commands(scenario, &within);
        if let Some(part) = record.parts.iter().find(|part| part.window == window) {
            metrics.energy_delivered_kwh = part.energy_kwh;
            metrics.peak_kw = part.peak.kw();
            metrics.add_excess(&part.over_limit, &part.committed_over_limit, &part.over_soft_limit);
        }
        metrics
    }

    fn add_excess(&mut self, over: &Excess, committed: &Excess, soft: &Excess) {
        self.over_limit_s = over.seconds;
        self.over_limit_kwh = over.kwh;
        self.over_limit_max_kw = over.max_kw;
        self.committed_over_limit_s = committed.seconds;
        self.committed_over_limit_kwh = committed.kwh;
        self.committed_over_limit_max_kw = committed.max_kw;
        self.over_soft_limit_s = soft.seconds;
        self.over_soft_limit_kwh = soft.kwh;
    }

    /// The value of a metric by its name; `None` when the name is unknown.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<Option<f64>> {
        let index = CATALOGUE.iter().position(|info| info.name == name)?;
        self.values().get(index).copied()
    }

    fn add_brackets(&mut self, brackets: &Brackets) {
        let wished = self.energy_requested_kwh;
        self.optimal_demand_met_pct = ratio(100.0 * brackets.optimal_kwh, wished);
        self.uncontrolled_demand_met_pct = ratio(100.0 * brackets.uncontrolled_kwh, wished);
        self.uncontrolled_over_limit_kwh = brackets.over_limit_kwh;
        self.uncontrolled_over_limit_max_kw = brackets.over_limit_max.kw();
    }

    fn add_service(&mut self, service: &Service) {
        let count = service.unmet_kwh.len() as u64;
        self.sessions = count;
        self.energy_requested_kwh = service.requested_kwh;
        self.energy_delivered_kwh = service.delivered_kwh;
        self.demand_met_pct = ratio(100.0 * service.delivered_kwh, service.requested_kwh);
        self.demand_met_of_feasible_pct =
            ratio(100.0 * service.delivered_kwh, service.feasible_kwh);
        self.sessions_fully_served_pct = ratio(100.0 * service.fully_served as f64, count as f64);
        self.sessions_without_power = service.without_power;
        self.unmet_kwh_p95 = nearest_rank(&service.unmet_kwh, 95);
        self.satisfaction_min_pct = nearest_rank(&service.satisfaction, 0).map(|s| 100.0 * s);
        self.jain_satisfaction = jain(&service.satisfaction);
        self.time_to_first_power_s_p95 = nearest_rank(&service.wait_s, 95);
    }

    fn add_site(&mut self, record: &RunRecord, compliance: &Compliance) {
        let hours = record.to.since(record.from).hours();
        let mean_kw = ratio(record.energy.grid_kwh, hours).unwrap_or(0.0);
        self.limit_kw = compliance.limit_kw;
        self.load_factor = ratio(mean_kw, record.peak.kw());
        self.utilisation_pct = ratio(100.0 * record.energy.grid_kwh, compliance.allowed_kwh);
        self.time_within_reserve_pct = compliance.within_reserve.map(|share| 100.0 * share);
        self.time_over_connection_pct = compliance.over_connection.map(|share| 100.0 * share);
        self.ripple_kw = compliance.ripple_kw;
        self.limit_cycles = compliance.limit_cycles;
    }

    fn add_oscillation(&mut self, record: &RunRecord, oscillation: &Oscillation) {
        let wanted_h = oscillation.wanted_h();
        let sum = |f: fn(&crate::report::oscillation::Movement) -> f64| {
            oscillation.sessions.iter().map(f).sum::<f64>()
        };
        let variation = sum(|m| m.variation_kw);
        self.setpoint_changes_per_h = ratio(oscillation.changes() as f64, wanted_h);
        self.reversals_per_h = ratio(oscillation.reversals() as f64, wanted_h);
        self.reversal_ratio_pct = oscillation.reversal_ratio().map(|share| 100.0 * share);
        self.total_variation_kw_per_h = ratio(variation, wanted_h);
        self.wasted_movement_kw_per_h = ratio(variation - sum(|m| m.net_kw), wanted_h);
        self.setpoint_tick_std_kw = oscillation.tick_std_kw();
        self.endogenous_changes = oscillation.endogenous.len() as u64;
        let with_transaction = record.sessions.iter().filter(|s| !s.limits.is_empty()).count();
        self.pauses_per_session = ratio(sum(|m| f64::from(m.pauses)), with_transaction as f64);
        self.longest_pause_s =
            oscillation.sessions.iter().map(|m| m.longest_pause_s).fold(0.0, f64::max);
        self.shortest_on_s =
            oscillation.sessions.iter().filter_map(|m| m.shortest_on_s).min_by(f64::total_cmp);
    }

    fn add_commands(&mut self, scenario: &Scenario, record: &RunRecord) {
        let count = |status: &[&str]| {
            record.commands.iter().filter(|c| status.contains(&c.status)).count() as u64
        };
        let latencies: Vec<f64> = record
            .commands
            .iter()
            .filter_map(|c| c.answered.map(|answered| answered.since(c.at).s() * 1000.0))
            .collect();
        let calls = record.commands.len() as u64;
        let charger_hours = scenario.chargers.len() as f64 * record.to.since(record.from).hours();
        self.command_latency_ms_p95 = nearest_rank(&latencies, 95);
        self.set_charging_profile_calls = calls;
        self.set_charging_profile_per_charger_per_h = ratio(calls as f64, charger_hours);
        self.profile_writes_per_day_max = most_in_a_day(record);
        self.commands_rejected = count(&["rejected"]);
        self.commands_timed_out = count(&["timed_out"]);
        self.commands_failed = count(&["error"]);
    }
}

/// Most commands that one charger got within 24 hours.
fn most_in_a_day(record: &RunRecord) -> u64 {
    let mut sent: Vec<Vec<Time>> = vec![Vec::new(); record.chargers.len()];
    for command in &record.commands {
        sent[command.charger].push(command.at);
    }
    let most = |sent: &Vec<Time>| {
        let mut first = 0;
        let within = sent.iter().enumerate().map(|(last, at)| {
            while at.since(sent[first]) >= Span::from_s(86_400) {
                first += 1;
            }
            last - first + 1
        });
        within.max().unwrap_or(0)
    };
    sent.iter().map(most).max().unwrap_or(0) as u64
}

fn ratio(part: f64, whole: f64) -> Option<f64> {
    (whole > 0.0).then(|| part / whole)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_unique_and_ends_in_its_unit() {
        let mut names: Vec<&str> = CATALOGUE.iter().map(|info| info.name).collect();
        let suffixes = [("kWh", "_kwh"), ("kW", "_kw"), ("%", "_pct"), ("s", "_s"), ("ms", "_ms")];
        for info in CATALOGUE {
            let stem = info.name.strip_suffix("_p95").unwrap_or(info.name);
            if let Some((_, suffix)) = suffixes.iter().find(|(unit, _)| *unit == info.unit) {
                assert!(stem.ends_with(suffix), "{} in {}", info.name, info.unit);
            }
        }
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), CATALOGUE.len());
    }

    #[test]
    fn a_figure_is_found_by_its_name() {
        let metrics = Metrics { peak_kw: 89.5, ..Metrics::default() };
        assert_eq!(metrics.get("peak_kw"), Some(Some(89.5)));
        assert_eq!(metrics.get("load_factor"), Some(None), "known, but without a basis");
        assert_eq!(metrics.get("peak_KW"), None);
    }
}
