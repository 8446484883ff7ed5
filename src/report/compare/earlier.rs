//! An earlier comparison as a baseline: what its `comparison.json` says of each run.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::report::compare::json::SCHEMA;

/// The runs of an earlier comparison.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Earlier {
    schema: String,
    /// Program that made it.
    pub ampacity_version: String,
    /// Hash of its scenario and of every file that names.
    pub scenario_sha256: String,
    runs: Vec<EarlierRun>,
}

#[derive(Clone, Debug, PartialEq, Deserialize)]
struct EarlierRun {
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
        let earlier: Earlier =
            serde_json::from_slice(text).map_err(|error| format!("it is no {SCHEMA}: {error}"))?;
        if earlier.schema != SCHEMA {
            return Err(format!("it is {:?}; this version reads {SCHEMA:?}", earlier.schema));
        }
        Ok(earlier)
    }

    /// A metric of the run of a strategy with a seed.
    #[must_use]
    pub fn value(&self, strategy: &str, seed: u64, metric: &str) -> Option<f64> {
        let of_run = |run: &&EarlierRun| run.strategy == strategy && run.seed == seed;
        self.runs.iter().find(of_run)?.metrics.get(metric).copied().flatten()
    }

    /// Whether it ran this strategy with this seed.
    #[must_use]
    pub fn ran(&self, strategy: &str, seed: u64) -> bool {
        self.runs.iter().any(|run| run.strategy == strategy && run.seed == seed)
    }
}
