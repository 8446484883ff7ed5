//! `summary.json`: verdict, digest and every metric, for programs.

use std::collections::BTreeMap;

use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};

use crate::report::assertions::{Outcome, round6};
use crate::report::metrics::{CATALOGUE, Metrics};
use crate::report::{Report, Verdict, compliance, strategy_name};
use crate::sim::record::WireRecord;

/// Identifies the layout; the number rises when a key changes its meaning or goes away.
pub const SCHEMA: &str = "ampacity-summary/1";

/// The file's text. Keys come in a fixed order; `performance` alone depends on the machine.
#[must_use]
pub fn render(report: &Report<'_>) -> String {
    let summary = Summary {
        schema: SCHEMA,
        ampacity_version: env!("CARGO_PKG_VERSION"),
        scenario: &report.scenario.name,
        scenario_sha256: &report.scenario.sha256,
        strategy: strategy_name(report.record.strategy),
        seed: report.record.seed,
        virtual_s: round6(report.virtual_s()),
        digest: &report.record.digest,
        complete: report.verdict() != Verdict::Incomplete,
        passed: report.verdict() == Verdict::Passed,
        assertions: &report.outcomes,
        performance: Performance {
            wall_s: round6(report.record.wall_s),
            speedup: report.speedup().map(|x| (x * 10.0).round() / 10.0),
            events: report.record.events,
            ocpp_frames: report.record.frames,
        },
        metrics: Figures(&report.metrics),
        beyond_reservation_kw: compliance::beyond_reservation(report.record)
            .into_iter()
            .map(|(charger, excess)| (charger.as_str(), excess.kw()))
            .collect(),
        wires: report.record.wires.iter().map(Wire::new).collect(),
        reported: compliance::reported(report.record)
            .into_iter()
            .map(|(charger, trouble)| (charger.as_str(), trouble.name()))
            .collect(),
        deviations: report.record.deviations.iter().map(|(k, n)| (k.as_str(), *n)).collect(),
    };
    let mut text = serde_json::to_string_pretty(&summary).unwrap_or_default();
    text.push('\n');
    text
}

#[derive(Serialize)]
struct Summary<'a> {
    schema: &'static str,
    ampacity_version: &'static str,
    scenario: &'a str,
    scenario_sha256: &'a str,
    strategy: String,
    seed: u64,
    virtual_s: f64,
    digest: &'a str,
    complete: bool,
    passed: bool,
    assertions: &'a [Outcome],
    performance: Performance,
    metrics: Figures<'a>,
    /// By charger; left out when none drew more than was reserved for it.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    beyond_reservation_kw: BTreeMap<&'a str, f64>,
    /// Limits of feeders and phases, where any are limited.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    wires: Vec<Wire<'a>>,
    /// What the central system found wrong, by charger; left out when it found nothing.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    reported: BTreeMap<&'a str, &'static str>,
    deviations: BTreeMap<&'a str, u64>,
}

/// A limit of the site's wires.
#[derive(Serialize)]
struct Wire<'a> {
    name: &'a str,
    limit_kw: f64,
    peak_kw: f64,
    over_limit_s: f64,
    committed_over_limit_s: f64,
}

impl<'a> Wire<'a> {
    fn new(record: &'a WireRecord) -> Wire<'a> {
        Wire {
            name: &record.name,
            limit_kw: record.limit.kw(),
            peak_kw: record.peak.kw(),
            over_limit_s: round6(record.over_limit.seconds),
            committed_over_limit_s: round6(record.committed_over_limit.seconds),
        }
    }
}

#[derive(Serialize)]
struct Performance {
    wall_s: f64,
    speedup: Option<f64>,
    events: u64,
    ocpp_frames: u64,
}

/// Writes the metrics in the order of the catalogue, counts as integers.
pub(super) struct Figures<'a>(pub(super) &'a Metrics);

impl Serialize for Figures<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(CATALOGUE.len()))?;
        for (info, value) in CATALOGUE.iter().zip(self.0.values()) {
            match value {
                Some(value) if info.count => map.serialize_entry(info.name, &(value as u64))?,
                value => map.serialize_entry(info.name, &value.map(round6))?,
            }
        }
        map.end()
    }
}
