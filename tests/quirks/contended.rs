//! Each quirk of the table on the contended site, under two strategies.

use ampacity::allocation::Strategy;
use ampacity::charger::quirks::{Entry, QUIRKS};
use ampacity::scenario::model::Scenario;
use ampacity::sim::record::{Excess, RunRecord};

use crate::site::{self, LIMIT_KW};

/// What a charger can take at most, kW.
const RATED_KW: f64 = 22.0;

/// Quirks of chargers that accept a limit and draw more: nothing but the meter can tell, which
/// takes two of its samples each time that the charger is not expected to.
const DEFIANT: [&str; 4] = [
    "ignores_zero",
    "unlimited_after_zero",
    "accepts_without_effect",
    "min_effective_current_a=20",
];
/// Quirks that are worse together.
const TOGETHER: [&str; 5] = [
    "accepts_without_effect+meters_only=register",
    "accepts_without_effect+meters_only=currents",
    "rejects_purpose=TxProfile+callerror=ClearChargingProfile",
    "callerror=SetChargingProfile+callerror_code=InternalError",
    "meter_kwh_as_wh+fractional_meter_stop",
];
/// What may pass before it is known, s.
const FOUND_OUT_S: f64 = 300.0;

/// How one charger with a quirk went.
struct Outcome {
    quirk: String,
    strategy: Strategy,
    over: Excess,
    /// Most the charger drew beyond what was reserved for it, kW, as the report names it.
    beyond_kw: f64,
    /// What the central system found wrong with it.
    reported: Option<String>,
    own_kwh: f64,
    others_kwh: f64,
    /// What the others get at least: as if the charger always took all it can.
    least_kwh: f64,
}

/// Every quirk as one can give it: each of its names, and numbers that matter.
fn all() -> Vec<String> {
    let numbers = |name: &str, numbers: &[i64]| -> Vec<String> {
        numbers.iter().map(|number| format!("{name}={number}")).collect()
    };
    let examples = |entry: &Entry| match entry.name {
        name @ "clock_offset_s" => numbers(name, &[3600, -3600]),
        name @ "max_stack_level" => numbers(name, &[0, 7]),
        name @ "min_effective_current_a" => numbers(name, &[9, 20]),
        name @ "limit_step_a" => numbers(name, &[1, 4]),
        name @ "apply_delay_s" => numbers(name, &[20]),
        name @ "meter_max_values" => numbers(name, &[4]),
        name => entry.parameter.examples(name),
    };
    let single = QUIRKS.iter().flat_map(examples);
    single.chain(TOGETHER.iter().map(|&quirks| quirks.to_owned())).collect()
}

fn energy(record: &RunRecord, of: impl Fn(&str) -> bool) -> f64 {
    let counts = |charger: usize| of(record.chargers[charger].as_str());
    record.sessions.iter().filter(|s| counts(s.charger)).map(|s| s.delivered_kwh).sum()
}

fn run(quirk: &str, strategy: Strategy, least_kwh: f64) -> Outcome {
    let quirks: Vec<&str> = quirk.split('+').collect();
    let scenario = site::with(&quirks, "");
    let record = site::run(&scenario, strategy);
    let named = site::named(&scenario, &record);
    assert!(named.iter().all(|(id, _)| id == "odd"), "{quirk}: {named:?}");
    Outcome {
        quirk: quirk.to_owned(),
        strategy,
        over: record.over_limit,
        reported: site::reported(&scenario, &record),
        beyond_kw: named.iter().map(|(_, kw)| *kw).fold(0.0, f64::max),
        own_kwh: energy(&record, |id| id == "odd"),
        others_kwh: energy(&record, |id| id != "odd"),
        least_kwh,
    }
}

/// The sound chargers alone, with what is left of the limit when the odd one takes all it can.
fn alone() -> Scenario {
    site::scenario(LIMIT_KW - RATED_KW, "", "", "")
}

fn outcomes() -> Vec<Outcome> {
    let mut outcomes = Vec::new();
    for strategy in [Strategy::Equal, Strategy::Priority] {
        let least_kwh = energy(&site::run(&alone(), strategy), |_| true);
        outcomes.extend(all().iter().map(|quirk| run(quirk, strategy, least_kwh)));
    }
    outcomes
}

fn print(outcomes: &[Outcome]) {
    println!(
        "{:<44}{:<10}{:>8}{:>10}{:>9}{:>9}{:>11}{:>10}  reported",
        "quirk", "strategy", "over s", "most kW", "beyond", "own kWh", "others kWh", "at least"
    );
    for o in outcomes {
        println!(
            "{:<44}{:<10}{:>8.1}{:>10.2}{:>9.2}{:>9.1}{:>11.1}{:>10.1}  {}",
            o.quirk,
            o.strategy.to_string(),
            o.over.seconds,
            o.over.max_kw,
            o.beyond_kw,
            o.own_kwh,
            o.others_kwh,
            o.least_kwh,
            o.reported.as_deref().unwrap_or_default()
        );
    }
}

impl Outcome {
    /// What is not as it must be.
    fn complaint(&self) -> Option<&'static str> {
        let defiant = DEFIANT.iter().any(|defiant| self.quirk.split('+').any(|q| q == *defiant));
        if self.over.seconds > if defiant { FOUND_OUT_S } else { 0.0 } {
            Some("the site was over its limit")
        } else if self.over.seconds > 0.0 && (self.beyond_kw == 0.0 || self.reported.is_none()) {
            Some("the report does not name the charger and its excess")
        } else if !defiant && self.beyond_kw > 0.0 {
            Some("it drew more than was reserved for it")
        } else if self.others_kwh < 0.98 * self.least_kwh {
            Some("others were stalled")
        } else if self.own_kwh < 5.0 {
            Some("its own car got nothing")
        } else {
            None
        }
    }
}

#[test]
fn the_limit_holds_or_the_charger_is_named_and_nobody_else_is_stalled() {
    let outcomes = outcomes();
    print(&outcomes);
    let complaints: Vec<String> = outcomes
        .iter()
        .filter_map(|o| Some(format!("{} under {}: {}", o.quirk, o.strategy, o.complaint()?)))
        .collect();
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
    let reported = |quirk: &str| {
        let of = |o: &&Outcome| o.quirk == quirk;
        outcomes.iter().find(of).and_then(|o| o.reported.as_deref())
    };
    assert_eq!(reported("callerror=SetChargingProfile"), Some("uncontrollable"));
    assert_eq!(reported("never_replies=SetChargingProfile"), Some("uncontrollable"));
    assert_eq!(reported("accepts_without_effect"), Some("not_compliant"));
    assert_eq!(reported("stuck_after_zero"), Some("stuck"));
    assert_eq!(reported("meter_kwh"), None);
}
