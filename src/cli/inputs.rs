//! `inputs.json`: everything a run depends on, so that it can be repeated from its folder alone.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context, bail};
use serde::{Deserialize, Serialize};

use super::scenario::{self, Material};
use crate::allocation::Strategy;
use crate::report::summary;
use crate::scenario::Diagnostic;
use crate::scenario::model::Scenario;
use crate::scenario::{Source, load};
use crate::shell::journal::Entry;

/// The file's name.
const NAME: &str = "inputs.json";
/// Identifies the layout.
const SCHEMA: &str = "ampacity-inputs/1";
/// What is larger is none of ours: the tables of a scenario stand in it.
const LARGEST: u64 = 1 << 30;

/// What a run was made from.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Inputs {
    schema: String,
    /// Program that ran it.
    pub(super) ampacity_version: String,
    /// The scenario's path as the user gave it, for messages.
    name: String,
    /// Its text with all overrides.
    scenario: String,
    /// The texts of the files it names.
    files: BTreeMap<String, String>,
    /// Strategy at the start.
    pub(super) strategy: Strategy,
    /// Seed of the run.
    pub(super) seed: u64,
    /// What was asked of a live run, or repeated from its journal.
    pub(super) journal: Vec<Entry>,
}

/// What the summary of a run says of it.
#[derive(Debug, Deserialize)]
pub(super) struct Outcome {
    /// Hash of the scenario and of every file it names.
    pub(super) scenario_sha256: String,
    /// Virtual seconds that were run.
    pub(super) virtual_s: f64,
    /// Hash over all events.
    pub(super) digest: String,
    /// False: it was interrupted.
    pub(super) complete: bool,
}

impl Inputs {
    pub(super) fn new(
        name: &Path,
        material: Material,
        strategy: Strategy,
        seed: u64,
        journal: Vec<Entry>,
    ) -> Inputs {
        Inputs {
            schema: SCHEMA.to_owned(),
            ampacity_version: env!("CARGO_PKG_VERSION").to_owned(),
            name: name.display().to_string(),
            scenario: material.text,
            files: material.files,
            strategy,
            seed,
            journal,
        }
    }

    /// Writes them beside the results.
    ///
    /// # Errors
    /// When the file cannot be written; the text names it.
    pub(super) fn write(&self, folder: &Path) -> anyhow::Result<()> {
        let path = folder.join(NAME);
        let cannot = || format!("cannot write {}", path.display());
        let mut text = serde_json::to_string_pretty(self).with_context(cannot)?;
        text.push('\n');
        fs::write(&path, text).with_context(cannot)
    }

    /// The scenario, or its problems when this version of the program sees any.
    pub(super) fn scenario(&self) -> Result<Scenario, Vec<Diagnostic>> {
        let file = |name: &str| {
            self.files.get(name).cloned().ok_or_else(|| format!("{NAME} does not hold it"))
        };
        load(&Source::new(&self.name, &self.scenario), &file).map(|(scenario, _)| scenario)
    }
}

/// What the run in a folder was made from, and what it came to.
///
/// # Errors
/// When the folder holds no run, or none that can be repeated.
pub(super) fn read(folder: &Path) -> anyhow::Result<(Inputs, Outcome)> {
    let shown = folder.display();
    let Ok(summary) = scenario::bytes(&folder.join("summary.json"), LARGEST) else {
        bail!(
            "{shown} holds no run: there is no summary.json in it; name a folder that `ampacity \
             run` has written"
        );
    };
    let kind = summary::SCHEMA;
    let outcome: Outcome = serde_json::from_slice(&summary)
        .with_context(|| format!("{shown} holds no run: its summary.json is no {kind}"))?;
    let Ok(inputs) = scenario::bytes(&folder.join(NAME), LARGEST) else {
        bail!("the run in {shown} left no {NAME}, so it cannot be repeated; run it again");
    };
    let inputs: Inputs = serde_json::from_slice(&inputs)
        .with_context(|| format!("cannot read {}", folder.join(NAME).display()))?;
    if inputs.schema != SCHEMA {
        bail!("{shown}: {NAME} is {:?}; this version reads {SCHEMA:?}", inputs.schema);
    }
    Ok((inputs, outcome))
}
