//! `ampacity schema`.

use clap::ValueEnum;

use super::Exit;
use super::output::data;
use crate::report::{inspection, replay, schemas};
use crate::{scenario, sweep};

/// What has a schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Document {
    /// Scenario files, for editors.
    Scenario,
    /// summary.json of a run.
    Summary,
    /// comparison.json.
    Comparison,
    /// What sweep --json prints.
    Sweep,
    /// What inspect --json prints.
    Inspection,
    /// replay.json, and what replay --json prints.
    Replay,
}

/// Arguments of `schema`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Of what.
    #[arg(value_name = "DOCUMENT", value_enum, default_value_t = Document::Scenario)]
    document: Document,
}

/// Prints the JSON Schema of a document.
pub(super) fn schema(args: &Args) -> anyhow::Result<Exit> {
    let schema = match args.document {
        Document::Scenario => scenario::schema(),
        Document::Summary => schemas::summary(),
        Document::Comparison => schemas::comparison(),
        Document::Sweep => sweep::json::schema(),
        Document::Inspection => inspection::json::schema(),
        Document::Replay => replay::json::schema(),
    };
    let text = serde_json::to_string_pretty(&schema)?;
    data(&format!("{text}\n"))?;
    Ok(Exit::Passed)
}
