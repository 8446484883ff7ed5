//! An earlier comparison as a baseline: what its `comparison.json` says of each run.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::report::compare::json::SCHEMA;

/// The runs of an earlier comparison.
#[derive(Clone, Debug, PartialEq)]
pub struct Earlier {
    /// Program that made it.
    pub ampacity_version: String,
    /// Hash of its scenario and of every file that names.
    pub scenario_sha256: String,
    /// By strategy and seed: the metrics.
    runs: BTreeMap<(String, u64), BTreeMap<String, Option<f64>>>,
}

/// What of the file counts here.
#[derive(Deserialize)]
struct Document {
    schema: String,
    ampacity_version: String,
    scenario_sha256: String,
    runs: Vec<Run>,
}

#[derive(Deserialize)]
struct Run {
    strategy: String,
    seed: u64,
    metrics: BTreeMap<String, Option<f64>>,
}

impl Earlier {
    /// Reads `comparison.json`.
    ///
    /// # Errors
    /// When it is no comparison, or one of another layout.
    pub fn read(text: &[u8]) -> Result<Earlier, String> {
        let read: Document =
            serde_json::from_slice(text).map_err(|error| format!("it is no {SCHEMA}: {error}"))?;
        if read.schema != SCHEMA {
            return Err(format!("it is {:?}; this version reads {SCHEMA:?}", read.schema));
        }
        let Document { ampacity_version, scenario_sha256, runs, .. } = read;
        let by_seed = runs.into_iter().map(|run| ((run.strategy, run.seed), run.metrics));
        Ok(Earlier { ampacity_version, scenario_sha256, runs: by_seed.collect() })
    }

    /// A metric of the run of a strategy with a seed.
    #[must_use]
    pub fn value(&self, strategy: &str, seed: u64, metric: &str) -> Option<f64> {
        self.runs.get(&(strategy.to_owned(), seed))?.get(metric).copied().flatten()
    }

    /// Whether it ran this strategy with this seed.
    #[must_use]
    pub fn ran(&self, strategy: &str, seed: u64) -> bool {
        self.runs.contains_key(&(strategy.to_owned(), seed))
    }
}
